"""MIGRATE: keys go to another server, then go here.

The server serves others meanwhile; the keys may be read but not written (dispatch/held_keys.py), so that what arrives
is what was sent and nothing is lost.  The local copies go only after the other side has said that it has them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from miniredis.commands.arguments import parse_int
from miniredis.commands.context import Context
from miniredis.commands.declaration import CommandGroup
from miniredis.dispatch.access import engine_of
from miniredis.dispatch.executor import Engine
from miniredis.dispatch.port import Port
from miniredis.formats.dump import dump_value
from miniredis.resp.errors import ReplyError, error, syntax_error
from miniredis.resp.replies import OK, Status

Replies = list[object]

group = CommandGroup("generic")

DEFAULT_TIMEOUT_MS = 1000


class NotConnected(Exception):
    """The other server does not answer at all."""


class NotSent(Exception):
    """The connection broke, or nothing came in time."""


class Target(ABC):
    """A connection to another server."""

    def __init__(self) -> None:
        #: The database that is selected there; -1: nothing has been said.
        self.db_index = -1
        #: It was used before, so that it may be dead without our knowing.
        self.is_reused = False
        self.credentials: list[bytes] = []
        #: The size of the last request.
        self.asked_bytes = 0

    @abstractmethod
    def ask(self, commands: list[list[bytes]], timeout_s: float) -> Deferred[Replies]:
        """One reply for each command; fails with `NotSent`."""

    @abstractmethod
    def close(self) -> None:
        """It is not needed any more."""


class TargetLinks(ABC):
    """Where connections come from."""

    @abstractmethod
    def connect(self, host: bytes, port: int, timeout_s: float) -> Deferred[Target]:
        """Fails with `NotConnected`."""

    @abstractmethod
    def give_back(self, target: Target) -> None:
        """It may be used again."""


class Request:
    """The arguments of MIGRATE."""

    def __init__(self, argv: list[bytes]) -> None:
        self.copies = False
        self.replaces = False
        self.credentials: list[bytes] = []
        self.keys = [argv[3]]
        at = 6
        while at < len(argv):
            word = argv[at].upper()
            left = len(argv) - at - 1
            if word == b"COPY":
                self.copies = True
            elif word == b"REPLACE":
                self.replaces = True
            elif word == b"AUTH" and left:
                self.credentials = argv[at + 1 : at + 2]
                at += 1
            elif word == b"AUTH2" and left >= 2:
                self.credentials = argv[at + 1 : at + 3]
                at += 2
            elif word == b"KEYS":
                if argv[3]:
                    raise error(b"When using MIGRATE KEYS option, the key argument must be set to the empty string")
                self.keys = argv[at + 1 :]
                break
            else:
                raise syntax_error()
            at += 1
        self.host = argv[1]
        timeout_ms = parse_int(argv[5])
        self.db_index = parse_int(argv[4])
        self.timeout_s = (timeout_ms if timeout_ms > 0 else DEFAULT_TIMEOUT_MS) / 1000
        port = parse_int(argv[2])
        self.port = port if 0 < port < 65536 else 0


def keys_of_migrate(argv: list[bytes]) -> list[int]:
    if len(argv) > 3 and argv[3]:
        return [3]
    at = 6
    while at < len(argv):
        word = argv[at].upper()
        if word == b"KEYS":
            return list(range(at + 1, len(argv)))
        at += {b"AUTH": 2, b"AUTH2": 3}.get(word, 1)
    return []


@group.command(
    "MIGRATE",
    arity=-6,
    flags="write movablekeys",
    keys="index:3>range:last0/step1/limit0[RW+access+delete]; "
    "kw:KEYS@-2>range:last-1/step1/limit0[RW+access+delete+incomplete]",
    since="2.6.0",
    complexity="DUMP and DEL here, RESTORE at the other server, and the way between for O(N) bytes.",
    summary="Moves keys to another server.",
    syntax='host port key | "" destination-db timeout [COPY] [REPLACE] [AUTH password | AUTH2 username password] '
    "[KEYS key [key ...]]",
    acl="dangerous",
    tips="nondeterministic_output",
    key_search=keys_of_migrate,
)
def migrate(ctx: Context, argv: list[bytes]) -> object:
    request = Request(argv)
    engine = engine_of(ctx)
    links = engine.migration_links
    found: list[bytes] = []
    for key in dict.fromkeys(request.keys):
        if ctx.db.lookup(key) is not None:
            found.append(key)
    ctx.replay_nothing()
    if not found:
        return Status(b"NOKEY")
    if not isinstance(links, TargetLinks):
        raise error(b"this server cannot connect to others")
    if not ctx.may_block:
        raise error(b"MIGRATE waits for another server: it cannot be part of a transaction or a script")
    return Move(engine, links, request, ctx.db.index, found).begin()


class Move:
    """One MIGRATE under way."""

    def __init__(self, engine: Engine, links: TargetLinks, request: Request, db_index: int, keys: list[bytes]) -> None:
        self.engine = engine
        self.links = links
        self.request = request
        self.db_index = db_index
        self.keys = keys
        self.reply: Deferred[object] = Deferred()
        self._prefix = 0  # commands before the first RESTORE
        self._sent: list[bytes] = []

    def begin(self) -> Deferred[object]:
        self.engine.held_keys.hold(self.db_index, self.keys)
        self._connect()
        return self.reply

    def _connect(self) -> None:
        request = self.request
        self.links.connect(request.host, request.port, request.timeout_s).addCallbacks(self._send, self._not_connected)

    def _not_connected(self, failure: Failure) -> None:
        failure.trap(NotConnected)
        self._end(ReplyError(b"IOERR error or timeout connecting to the client"))

    def _send(self, target: Target) -> None:
        request = self.request
        commands: list[list[bytes]] = []
        if request.credentials != target.credentials:
            commands.append([b"AUTH", *request.credentials])
        if request.db_index != target.db_index:
            commands.append([b"SELECT", b"%d" % request.db_index])
        self._prefix = len(commands)
        commands += self._restores()
        target.ask(commands, request.timeout_s).addCallbacks(
            self._answered, self._broken, callbackArgs=(target,), errbackArgs=(target,)
        )

    def _restores(self) -> list[list[bytes]]:
        """RESTORE of each key as it is now; what has gone meanwhile needs none."""
        engine = self.engine
        db = engine.keyspace.databases[self.db_index]
        verb = b"RESTORE-ASKING" if engine.cluster is not None else b"RESTORE"
        compressed = engine.config.flag("rdbcompression")
        now_ms = engine.keyspace.clock.now_ms
        commands: list[list[bytes]] = []
        sent: list[bytes] = []
        for key in self.keys:
            value = db.peek(key)
            if value is None:
                continue
            expires_ms = db.expiry(key)
            ttl_ms = max(expires_ms - now_ms, 1) if expires_ms >= 0 else 0
            payload = dump_value(engine.keyspace.values, value, compressed)
            words = [verb, key, b"%d" % ttl_ms, payload]
            commands.append([*words, b"REPLACE"] if self.request.replaces else words)
            sent.append(key)
        self._sent = sent
        return commands

    def _broken(self, failure: Failure, target: Target) -> None:
        failure.trap(NotSent)
        if target.is_reused:
            # It may have been dead for a while: once more, on a new one.
            self._connect()
            return
        self._end(ReplyError(b"IOERR error or timeout reading to target instance"))

    def _answered(self, replies: Replies, target: Target) -> None:
        problem: ReplyError | None = None
        for reply in replies[: self._prefix]:
            if isinstance(reply, ReplyError):
                problem = problem or reply
        moved: list[bytes] = []
        for key, reply in zip(self._sent, replies[self._prefix :], strict=True):
            if isinstance(reply, ReplyError):
                problem = problem or reply
            else:
                moved.append(key)
        if problem is None or not self._prefix:
            target.credentials = self.request.credentials
            target.db_index = self.request.db_index
            self.links.give_back(target)
        else:
            target.credentials = [b"unknown"]
        if moved and not self.request.copies:
            self._remove(moved)
        if problem is not None:
            self._end(ReplyError(b"ERR Target instance replied with error: " + problem.message))
        else:
            self._end(OK)

    def _remove(self, keys: list[bytes]) -> None:
        """As a client's DEL, for the log and the replicas."""
        engine = self.engine
        engine.begin_turn()
        session = engine.own_session(Port())
        session.context.db = engine.keyspace.databases[self.db_index]
        engine.call(session, engine.commands.commands[b"del"], [b"DEL", *keys])

    def _end(self, reply: object) -> None:
        self.engine.begin_turn()
        self.reply.callback(reply)
        self.engine.held_keys.release(self.db_index, self.keys)
