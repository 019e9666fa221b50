"""The data of a test server as Python values: `server.db[0]["key"]`.

Strings are bytes (str, if the server was made with decode_responses), lists are lists, hashes dicts, sets sets,
sorted sets `Scores`, streams lists of (id, fields).  What is read is a copy; what is written replaces the key, through
the commands that a client would use: waiting clients are served, watchers and caches are told, the log is written.
Access rights, pauses, faults and the like do not hold here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from typing import Any

from miniredis.dispatch.executor import Engine
from miniredis.dispatch.port import Port
from miniredis.resp.drawn import DrawnReply
from miniredis.resp.encoder import append_reply
from miniredis.resp.errors import ReplyError
from miniredis.resp.replies import MapReply, SetReply, Status, Verbatim
from miniredis.resp.reply_parser import ReplyParser

Text = str | bytes


class Scores(dict[Any, float]):
    """A sorted set: members in order with their scores.  As a value to write it makes a sorted set, not a hash."""


class CommandFailed(Exception):
    """A command of the test itself was refused."""


class Direct:
    """Runs commands within an engine, in the name of the server itself."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.session = engine.own_session(Port())
        self.session.context.resp = 3
        self.session.context.may_block = False

    def run(self, db_index: int, argv: list[bytes]) -> Any:
        """The reply as plain values; an error reply is raised as `CommandFailed`."""
        engine = self.engine
        session = self.session
        session.context.db = engine.keyspace.databases[db_index]
        try:
            reply = engine.call(session, engine.commands.find(argv), argv)
        except ReplyError as refusal:  # there is no such command
            reply = refusal
        out: list[bytes] = []
        if isinstance(reply, DrawnReply):
            while reply.append_piece(out):
                pass
        else:
            append_reply(out, reply, 3)
        parser = ReplyParser()
        parser.feed(b"".join(out))
        return plain(parser.next())


def plain(value: object) -> Any:
    """A parsed reply without the classes of the protocol."""
    if isinstance(value, ReplyError):
        raise CommandFailed(value.message.decode("utf-8", "replace"))
    if isinstance(value, MapReply):
        flat = [plain(item) for item in value.flat]
        return dict(zip(flat[::2], flat[1::2], strict=True))
    if isinstance(value, SetReply):
        return {plain(item) for item in value.members}
    if isinstance(value, Status | Verbatim):
        return value.text
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def to_bytes(value: object) -> bytes:
    """What a client library would send for it."""
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, int | float) and not isinstance(value, bool):
        return repr(value).encode()
    raise TypeError(f"a {type(value).__name__} cannot be stored: strings, bytes and numbers can")


class Database(MutableMapping[Text, Any]):
    """One database of a running server.  `in_turn` runs a function where and when the engine may be used."""

    def __init__(self, direct: Direct, index: int, in_turn: Callable[[Callable[[], Any]], Any], decodes: bool) -> None:
        self.index = index
        self._direct = direct
        self._in_turn = in_turn
        self._decodes = decodes

    def __getitem__(self, key: Text) -> Any:
        found = self._in_turn(lambda: self._read(to_bytes(key)))
        if found is None:
            raise KeyError(key)
        return self._shown(found)

    def __setitem__(self, key: Text, value: Any) -> None:
        commands = writing(to_bytes(key), value)
        self._in_turn(lambda: self._run_all(commands))

    def __delitem__(self, key: Text) -> None:
        if not self.command(b"DEL", key):
            raise KeyError(key)

    def __contains__(self, key: object) -> bool:
        return bool(self.command(b"EXISTS", key))

    def __iter__(self) -> Iterator[Text]:
        return iter(sorted(self.command(b"KEYS", b"*")))

    def __len__(self) -> int:
        """Keys whose time is not over."""
        return len(self.command(b"KEYS", b"*"))

    def __repr__(self) -> str:
        return f"<database {self.index} with {len(self)} keys>"

    def clear(self) -> None:
        self.command(b"FLUSHDB")

    def type(self, key: Text) -> str:
        """string, list, hash, set, zset, stream or none."""
        found = self.command(b"TYPE", key)
        return found if isinstance(found, str) else str(found, "ascii")

    def ttl(self, key: Text) -> float | None:
        """Seconds until the key expires; None without an expiry.  Raises `KeyError`."""
        left_ms = int(self.command(b"PTTL", key))
        if left_ms == -2:
            raise KeyError(key)
        return None if left_ms == -1 else left_ms / 1000

    def expire(self, key: Text, seconds: float) -> None:
        """Let the key expire after so many seconds.  Raises `KeyError`."""
        if not self.command(b"PEXPIRE", key, round(seconds * 1000)):
            raise KeyError(key)

    def command(self, *words: object) -> Any:
        """Any command, in this database; an error reply is raised as `CommandFailed`."""
        argv = [to_bytes(word) for word in words]
        return self._shown(self._in_turn(lambda: self._direct.run(self.index, argv)))

    def _run_all(self, commands: list[list[bytes]]) -> None:
        """All of it happens together, as in a transaction."""
        engine = self._direct.engine
        engine.begin_block()
        try:
            for argv in commands:
                self._direct.run(self.index, argv)
        finally:
            engine.end_block()
            # There is no command around the block whose effects it would end.
            engine.effects.clear()

    def _read(self, key: bytes) -> Any:
        def run(*argv: bytes) -> Any:
            return self._direct.run(self.index, list(argv))

        kind = run(b"TYPE", key)
        if kind == b"string":
            return run(b"GET", key)
        if kind == b"list":
            return run(b"LRANGE", key, b"0", b"-1")
        if kind == b"hash":
            return run(b"HGETALL", key)
        if kind == b"set":
            return set(run(b"SMEMBERS", key))
        if kind == b"zset":
            return Scores(run(b"ZRANGE", key, b"0", b"-1", b"WITHSCORES"))
        if kind == b"stream":
            return [
                (entry_id, dict(zip(fields[::2], fields[1::2], strict=True)))
                for entry_id, fields in run(b"XRANGE", key, b"-", b"+")
            ]
        if kind == b"none":
            return None
        return run(b"DUMP", key)  # a type of a module

    def _shown(self, value: Any) -> Any:
        if not self._decodes:
            return value
        if isinstance(value, bytes):
            return value.decode("utf-8", "replace")
        if isinstance(value, Scores):
            return Scores({self._shown(member): score for member, score in value.items()})
        if isinstance(value, dict):
            return {self._shown(key): self._shown(item) for key, item in value.items()}
        if isinstance(value, list | set | tuple):
            return type(value)(self._shown(item) for item in value)
        return value


def writing(key: bytes, value: object) -> list[list[bytes]]:
    """The commands that make `key` hold a Python value."""
    if isinstance(value, str | bytes | bytearray | memoryview | int | float) and not isinstance(value, bool):
        return [[b"SET", key, to_bytes(value)]]
    commands = [[b"DEL", key]]
    words: list[bytes] = []
    if isinstance(value, Scores):
        for member, score in value.items():
            words += [to_bytes(score), to_bytes(member)]
        name = b"ZADD"
    elif isinstance(value, Mapping):
        for field, item in value.items():
            words += [to_bytes(field), to_bytes(item)]
        name = b"HSET"
    elif isinstance(value, set | frozenset):
        words = sorted(to_bytes(item) for item in value)
        name = b"SADD"
    elif isinstance(value, Iterable):
        words = [to_bytes(item) for item in value]
        name = b"RPUSH"
    else:
        raise TypeError(f"a {type(value).__name__} cannot be stored")
    if words:
        commands.append([name, key, *words])
    return commands


class Databases:
    """`server.db`: databases by their number."""

    def __init__(self, direct: Direct, in_turn: Callable[[Callable[[], Any]], Any], decodes: bool) -> None:
        self._direct = direct
        self._in_turn = in_turn
        self._decodes = decodes

    def __getitem__(self, index: int) -> Database:
        if not 0 <= index < len(self):
            raise IndexError(f"there are {len(self)} databases")
        return Database(self._direct, index, self._in_turn, self._decodes)

    def __len__(self) -> int:
        return len(self._direct.engine.keyspace.databases)

    def __iter__(self) -> Iterator[Database]:
        return (self[index] for index in range(len(self)))

    def clear(self) -> None:
        """Empty them all."""
        self[0].command(b"FLUSHALL")
