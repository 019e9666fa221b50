"""Typed methods for commands (server), written by docs/client_commands.py.  Do not edit."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from miniredis.client import shapes
from miniredis.client.shapes import Caller, T
from miniredis.client.values import Value


class ServerMethods(Caller[T]):
    """Commands about server."""

    def bgrewriteaof(self) -> Deferred[T]:
        """BGREWRITEAOF

        Writes the append-only file anew, as short as it can be.  Since 1.0.0; O(1).
        """
        return self.execute("BGREWRITEAOF")

    def bgsave(self, *, schedule: bool = False, cancel: bool = False) -> Deferred[T]:
        """BGSAVE [SCHEDULE | CANCEL]

        Writes all keys to the RDB file, in a process of its own.  Since 1.0.0; O(1).
        """
        words: list[Any] = ["BGSAVE"]
        if schedule:
            words.append("SCHEDULE")
        if cancel:
            words.append("CANCEL")
        return self.execute(*words)

    def command(self) -> Deferred[list[Any]]:
        """COMMAND

        Describes all commands.  Since 2.8.13; O(N) where N is the total number of commands.
        """
        return self.execute("COMMAND")

    def dbsize(self) -> Deferred[int]:
        """DBSIZE

        Counts the keys of the database.  Since 1.0.0; O(1).
        """
        return self.execute("DBSIZE")

    def debug(self, subcommand: Value, *arguments: Value) -> Deferred[Any]:
        """DEBUG subcommand [argument ...]

        For tests of clients and of the server.  Since 1.0.0; Depends on subcommand.
        """
        return self.execute("DEBUG", subcommand, *arguments)

    def failover(
        self,
        *,
        to: Value | None = None,
        port: int | None = None,
        force: bool = False,
        abort: bool = False,
        timeout: int | None = None,
    ) -> Deferred[T]:
        """FAILOVER [TO host port [FORCE]] [ABORT] [TIMEOUT milliseconds]

        Hands the role of primary over to a replica.  Since 6.2.0; O(1).
        """
        words: list[Any] = ["FAILOVER"]
        if to is not None:
            words += ["TO", to]
        if port is not None:
            words += [port]
        if force:
            words.append("FORCE")
        if abort:
            words.append("ABORT")
        if timeout is not None:
            words += ["TIMEOUT", timeout]
        return self.execute(*words)

    def flushall(self, *, async_: bool = False, sync: bool = False) -> Deferred[T]:
        """FLUSHALL [ASYNC | SYNC]

        Removes all keys of all databases.  Since 1.0.0; O(N) where N is the total number of keys in all
        databases.
        """
        words: list[Any] = ["FLUSHALL"]
        if async_:
            words.append("ASYNC")
        if sync:
            words.append("SYNC")
        return self.execute(*words)

    def flushdb(self, *, async_: bool = False, sync: bool = False) -> Deferred[T]:
        """FLUSHDB [ASYNC | SYNC]

        Removes all keys of the database.  Since 1.0.0; O(N) where N is the number of keys in the database.
        """
        words: list[Any] = ["FLUSHDB"]
        if async_:
            words.append("ASYNC")
        if sync:
            words.append("SYNC")
        return self.execute(*words)

    def lastsave(self) -> Deferred[int]:
        """LASTSAVE

        Tells when the RDB file was last written.  Since 1.0.0; O(1).
        """
        return self.execute("LASTSAVE")

    def lolwut(
        self,
        *,
        version: int | None = None,
        columns: int | None = None,
        rows: int | None = None,
        turns: int | None = None,
    ) -> Deferred[T]:
        """LOLWUT [VERSION version] [columns [rows [turns]]]

        Draws something, and tells the version.  Since 5.0.0; O(1).
        """
        words: list[Any] = ["LOLWUT"]
        if version is not None:
            words += ["VERSION", version]
        if columns is not None:
            words += [columns]
        if rows is not None:
            words += [rows]
        if turns is not None:
            words += [turns]
        return self.execute(*words)

    def replicaof(self, host: Value | None = None, port: int | None = None, *, no_one: bool = False) -> Deferred[T]:
        """REPLICAOF <host port | NO ONE>

        Makes this server a replica of another, or with NO ONE a primary.  Since 5.0.0; O(1).
        """
        words: list[Any] = ["REPLICAOF"]
        if host is not None:
            words += [host]
        if port is not None:
            words += [port]
        if no_one:
            words += ["NO", "ONE"]
        return self.execute(*words)

    def restore_asking(
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
        """RESTORE-ASKING key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]

        What a cluster node sends to another to move a key; internal.  Since 3.0.0; As RESTORE.
        """
        words: list[Any] = ["RESTORE-ASKING"]
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

    def role(self) -> Deferred[list[Any]]:
        """ROLE

        Tells whether this is a primary or a replica, and how far each is.  Since 2.8.12; O(1).
        """
        return self.execute("ROLE")

    def save(self) -> Deferred[T]:
        """SAVE

        Writes all keys to the RDB file, and does nothing else meanwhile.  Since 1.0.0; O(N) where N is the
        total number of keys in all databases.
        """
        return self.execute("SAVE")

    def shutdown(
        self, *, nosave: bool = False, save: bool = False, now: bool = False, force: bool = False, abort: bool = False
    ) -> Deferred[T]:
        """SHUTDOWN [NOSAVE | SAVE] [NOW] [FORCE] [ABORT]

        Stops the server.  Since 1.0.0; O(N) when saving, where N is the total number of keys in all databases
        when saving data.
        """
        words: list[Any] = ["SHUTDOWN"]
        if nosave:
            words.append("NOSAVE")
        if save:
            words.append("SAVE")
        if now:
            words.append("NOW")
        if force:
            words.append("FORCE")
        if abort:
            words.append("ABORT")
        return self.execute(*words)

    def slaveof(self, host: Value | None = None, port: int | None = None, *, no_one: bool = False) -> Deferred[T]:
        """SLAVEOF <host port | NO ONE>

        Makes this server a replica of another, or with NO ONE a primary.  Since 1.0.0; O(1).  Deprecated:
        5.0.0, REPLICAOF.
        """
        words: list[Any] = ["SLAVEOF"]
        if host is not None:
            words += [host]
        if port is not None:
            words += [port]
        if no_one:
            words += ["NO", "ONE"]
        return self.execute(*words)

    def swapdb(self, index1: int, index2: int) -> Deferred[T]:
        """SWAPDB index1 index2

        Exchanges two databases.  Since 4.0.0; O(N) where N is the count of clients watching or blocking on
        keys from both databases.
        """
        return self.execute("SWAPDB", index1, index2)

    def time(self) -> Deferred[tuple[int, int]]:
        """TIME

        Tells the server's time: seconds and microseconds.  Since 2.6.0; O(1).
        """
        return self.execute_as(shapes.integer_pair, "TIME")
