"""Typed methods for commands (generic, transactions), written by docs/client_commands.py.  Do not edit."""

from __future__ import annotations

from typing import Any, overload

from twisted.internet.defer import Deferred

from miniredis.client import shapes
from miniredis.client.shapes import Caller, T
from miniredis.client.values import Value, Values, many


class KeysMethods(Caller[T]):
    """Commands about generic, transactions."""

    def copy(self, source: Value, destination: Value, *, db: int | None = None, replace: bool = False) -> Deferred[int]:
        """COPY source destination [DB destination-db] [REPLACE]

        Copies the value at a key to another key.  Since 6.2.0; O(N) where N is the number of elements.
        """
        words: list[Any] = ["COPY"]
        words += [source]
        words += [destination]
        if db is not None:
            words += ["DB", db]
        if replace:
            words.append("REPLACE")
        return self.execute(*words)

    def del_(self, *keys: Value) -> Deferred[int]:
        """DEL key [key ...]

        Deletes keys.  Since 1.0.0; O(N) where N is the number of keys; for a collection, of its elements.
        """
        return self.execute("DEL", *keys)

    def dump(self, key: Value) -> Deferred[T | None]:
        """DUMP key

        Returns the value at a key in a form that RESTORE takes.  Since 2.6.0; O(1) to access the key and
        O(N*M) to serialize it: N elements of average size M.
        """
        return self.execute("DUMP", key)

    def exists(self, *keys: Value) -> Deferred[int]:
        """EXISTS key [key ...]

        Counts how many of the keys exist.  Since 1.0.0; O(N) where N is the number of keys.
        """
        return self.execute("EXISTS", *keys)

    def expire(
        self, key: Value, seconds: int, *, nx: bool = False, xx: bool = False, gt: bool = False, lt: bool = False
    ) -> Deferred[int]:
        """EXPIRE key seconds [NX | XX | GT | LT]

        Lets a key expire in some seconds.  Since 1.0.0; O(1).
        """
        words: list[Any] = ["EXPIRE"]
        words += [key]
        words += [seconds]
        if nx:
            words.append("NX")
        if xx:
            words.append("XX")
        if gt:
            words.append("GT")
        if lt:
            words.append("LT")
        return self.execute(*words)

    def expireat(
        self,
        key: Value,
        unix_time_seconds: int,
        *,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> Deferred[int]:
        """EXPIREAT key unix-time-seconds [NX | XX | GT | LT]

        Lets a key expire at a Unix time in seconds.  Since 1.2.0; O(1).
        """
        words: list[Any] = ["EXPIREAT"]
        words += [key]
        words += [unix_time_seconds]
        if nx:
            words.append("NX")
        if xx:
            words.append("XX")
        if gt:
            words.append("GT")
        if lt:
            words.append("LT")
        return self.execute(*words)

    def expiretime(self, key: Value) -> Deferred[int]:
        """EXPIRETIME key

        Returns the Unix time in seconds at which a key expires.  Since 7.0.0; O(1).
        """
        return self.execute("EXPIRETIME", key)

    def keys(self, pattern: Value) -> Deferred[list[T]]:
        """KEYS pattern

        Returns all keys whose names match a pattern.  Since 1.0.0; O(N) where N is the number of keys.
        """
        return self.execute_as(shapes.listed, "KEYS", pattern)

    def migrate(
        self,
        host: Value,
        port: int,
        key: Value,
        destination_db: int,
        timeout: int,
        *,
        copy: bool = False,
        replace: bool = False,
        auth: Value | None = None,
        auth2: tuple[Value, Value] | None = None,
        keys: Values | None = None,
    ) -> Deferred[T]:
        """MIGRATE host port key | "" destination-db timeout [COPY] [REPLACE] [AUTH password | AUTH2 username
            password] [KEYS key [key ...]]

        Moves keys to another server.  Since 2.6.0; DUMP and DEL here, RESTORE at the other server, and the
        way between for O(N) bytes.
        """
        words: list[Any] = ["MIGRATE"]
        words += [host]
        words += [port]
        words += [key]
        words += [destination_db]
        words += [timeout]
        if copy:
            words.append("COPY")
        if replace:
            words.append("REPLACE")
        if auth is not None:
            words += ["AUTH", auth]
        if auth2 is not None:
            words += ["AUTH2", *auth2]
        if keys is not None:
            words += ["KEYS", *many(keys)]
        return self.execute(*words)

    def move(self, key: Value, db: int) -> Deferred[int]:
        """MOVE key db

        Moves a key to another database that does not have it.  Since 1.0.0; O(1).
        """
        return self.execute("MOVE", key, db)

    def object_encoding(self, key: Value) -> Deferred[T | None]:
        """OBJECT ENCODING key

        Returns how the value at a key is encoded.  Since 2.2.3; O(1).
        """
        return self.execute("OBJECT", "ENCODING", key)

    def object_freq(self, key: Value) -> Deferred[int | None]:
        """OBJECT FREQ key

        Returns how often the key was used, as a logarithmic count.  Since 4.0.0; O(1).
        """
        return self.execute("OBJECT", "FREQ", key)

    def object_help(self) -> Deferred[list[T]]:
        """OBJECT HELP

        Returns a text about the subcommands.  Since 6.2.0; O(1).
        """
        return self.execute_as(shapes.listed, "OBJECT", "HELP")

    def object_idletime(self, key: Value) -> Deferred[int | None]:
        """OBJECT IDLETIME key

        Returns the seconds since the key was last used.  Since 2.2.3; O(1).
        """
        return self.execute("OBJECT", "IDLETIME", key)

    def object_refcount(self, key: Value) -> Deferred[int | None]:
        """OBJECT REFCOUNT key

        Returns how many references to the value at a key there are.  Since 2.2.3; O(1).
        """
        return self.execute("OBJECT", "REFCOUNT", key)

    def persist(self, key: Value) -> Deferred[int]:
        """PERSIST key

        Takes the expiry from a key.  Since 2.2.0; O(1).
        """
        return self.execute("PERSIST", key)

    def pexpire(
        self, key: Value, milliseconds: int, *, nx: bool = False, xx: bool = False, gt: bool = False, lt: bool = False
    ) -> Deferred[int]:
        """PEXPIRE key milliseconds [NX | XX | GT | LT]

        Lets a key expire in some milliseconds.  Since 2.6.0; O(1).
        """
        words: list[Any] = ["PEXPIRE"]
        words += [key]
        words += [milliseconds]
        if nx:
            words.append("NX")
        if xx:
            words.append("XX")
        if gt:
            words.append("GT")
        if lt:
            words.append("LT")
        return self.execute(*words)

    def pexpireat(
        self,
        key: Value,
        unix_time_milliseconds: int,
        *,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> Deferred[int]:
        """PEXPIREAT key unix-time-milliseconds [NX | XX | GT | LT]

        Lets a key expire at a Unix time in milliseconds.  Since 2.6.0; O(1).
        """
        words: list[Any] = ["PEXPIREAT"]
        words += [key]
        words += [unix_time_milliseconds]
        if nx:
            words.append("NX")
        if xx:
            words.append("XX")
        if gt:
            words.append("GT")
        if lt:
            words.append("LT")
        return self.execute(*words)

    def pexpiretime(self, key: Value) -> Deferred[int]:
        """PEXPIRETIME key

        Returns the Unix time in milliseconds at which a key expires.  Since 7.0.0; O(1).
        """
        return self.execute("PEXPIRETIME", key)

    def pttl(self, key: Value) -> Deferred[int]:
        """PTTL key

        Returns how many milliseconds a key has left.  Since 2.6.0; O(1).
        """
        return self.execute("PTTL", key)

    def rename(self, key: Value, newkey: Value) -> Deferred[T]:
        """RENAME key newkey

        Gives a key another name, in place of what had that name.  Since 1.0.0; O(1).
        """
        return self.execute("RENAME", key, newkey)

    def renamenx(self, key: Value, newkey: Value) -> Deferred[int]:
        """RENAMENX key newkey

        Gives a key another name that nothing has yet.  Since 1.0.0; O(1).
        """
        return self.execute("RENAMENX", key, newkey)

    def restore(
        self,
        key: Value,
        ttl: int,
        serialized_value: Value,
        *,
        replace: bool = False,
        absttl: bool = False,
        idletime: int | None = None,
        freq: int | None = None,
    ) -> Deferred[T]:
        """RESTORE key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]

        Makes a key from what DUMP returned.  Since 2.6.0; O(1) to create the key and O(N*M) to rebuild the
        value; O(N*M*log(N)) for sorted sets.
        """
        words: list[Any] = ["RESTORE"]
        words += [key]
        words += [ttl]
        words += [serialized_value]
        if replace:
            words.append("REPLACE")
        if absttl:
            words.append("ABSTTL")
        if idletime is not None:
            words += ["IDLETIME", idletime]
        if freq is not None:
            words += ["FREQ", freq]
        return self.execute(*words)

    def scan(
        self, cursor: int, *, match: Value | None = None, count: int | None = None, type_: Value | None = None
    ) -> Deferred[tuple[int, list[T]]]:
        """SCAN cursor [MATCH pattern] [COUNT count] [TYPE type]

        Goes through the keys step by step.  Since 2.8.0; O(1) for each call, O(N) for a whole round, where N
        is the number of keys.
        """
        words: list[Any] = ["SCAN"]
        words += [cursor]
        if match is not None:
            words += ["MATCH", match]
        if count is not None:
            words += ["COUNT", count]
        if type_ is not None:
            words += ["TYPE", type_]
        return self.execute_as(shapes.page, *words)

    @overload
    def sort(
        self,
        key: Value,
        *,
        by: Value | None = None,
        limit: tuple[int, int] | None = None,
        patterns: Values | None = None,
        asc: bool = False,
        desc: bool = False,
        alpha: bool = False,
        store: Value,
    ) -> Deferred[int]: ...
    @overload
    def sort(
        self,
        key: Value,
        *,
        by: Value | None = None,
        limit: tuple[int, int] | None = None,
        patterns: Values | None = None,
        asc: bool = False,
        desc: bool = False,
        alpha: bool = False,
        store: None = None,
    ) -> Deferred[list[T | None]]: ...
    def sort(
        self,
        key: Value,
        *,
        by: Value | None = None,
        limit: tuple[int, int] | None = None,
        patterns: Values | None = None,
        asc: bool = False,
        desc: bool = False,
        alpha: bool = False,
        store: Value | None = None,
    ) -> Deferred[Any]:
        """SORT key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC | DESC] [ALPHA]
            [STORE destination]

        Sorts the elements of a list, set or sorted set; may store the result.  Since 1.0.0; O(N+M*log(M))
        where N is the number of elements and M the number of those in the reply.
        """
        words: list[Any] = ["SORT"]
        words += [key]
        if by is not None:
            words += ["BY", by]
        if limit is not None:
            words += ["LIMIT", *limit]
        if patterns is not None:
            for each in many(patterns):
                words += ["GET", each]
        if asc:
            words.append("ASC")
        if desc:
            words.append("DESC")
        if alpha:
            words.append("ALPHA")
        if store is not None:
            words += ["STORE", store]
        return self.execute(*words)

    def sort_ro(
        self,
        key: Value,
        *,
        by: Value | None = None,
        limit: tuple[int, int] | None = None,
        patterns: Values | None = None,
        asc: bool = False,
        desc: bool = False,
        alpha: bool = False,
    ) -> Deferred[list[T | None]]:
        """SORT_RO key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC | DESC] [ALPHA]

        Sorts the elements of a list, set or sorted set.  Since 7.0.0; O(N+M*log(M)) where N is the number of
        elements and M the number of those in the reply.
        """
        words: list[Any] = ["SORT_RO"]
        words += [key]
        if by is not None:
            words += ["BY", by]
        if limit is not None:
            words += ["LIMIT", *limit]
        if patterns is not None:
            for each in many(patterns):
                words += ["GET", each]
        if asc:
            words.append("ASC")
        if desc:
            words.append("DESC")
        if alpha:
            words.append("ALPHA")
        return self.execute(*words)

    def touch(self, *keys: Value) -> Deferred[int]:
        """TOUCH key [key ...]

        Counts how many of the keys exist, as a use of each.  Since 3.2.1; O(N) where N is the number of keys.
        """
        return self.execute("TOUCH", *keys)

    def ttl(self, key: Value) -> Deferred[int]:
        """TTL key

        Returns how many seconds a key has left.  Since 1.0.0; O(1).
        """
        return self.execute("TTL", key)

    def type_(self, key: Value) -> Deferred[T]:
        """TYPE key

        Returns the type of the value at a key.  Since 1.0.0; O(1).
        """
        return self.execute("TYPE", key)

    def unlink(self, *keys: Value) -> Deferred[int]:
        """UNLINK key [key ...]

        Deletes keys; the memory of large values is freed later.  Since 4.0.0; O(1) for each key.
        """
        return self.execute("UNLINK", *keys)

    def wait(self, numreplicas: int, timeout: int) -> Deferred[int]:
        """WAIT numreplicas timeout

        Waits until replicas have acknowledged what was written.  Since 3.0.0; O(1).
        """
        return self.execute("WAIT", numreplicas, timeout)

    def waitaof(self, numlocal: int, numreplicas: int, timeout: int) -> Deferred[list[int]]:
        """WAITAOF numlocal numreplicas timeout

        Waits until what was written is on our disk and on those of replicas.  Since 7.2.0; O(1).
        """
        return self.execute("WAITAOF", numlocal, numreplicas, timeout)
