"""`MiniRedis()`: a server inside a test, with its time, its data and its faults in the test's hands.

    with MiniRedis() as server:
        client = server.client()
        client.set("greeting", "hello", ex=60)
        server.fast_forward(61)
        assert "greeting" not in server.db[0]

The three modes:

reactor   under the global reactor, which runs already (pytest-twisted, trial).  The client and
          `fast_forward()` answer with Deferreds.
thread    under one reactor in a thread, shared by all servers of the process.  For clients that block.
memory    under no reactor: `client()` and `connection_pool()` are redis-py's, without a socket between.

Without a mode it is "reactor" where the global reactor runs or trial does, else "thread".
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from types import TracebackType
from typing import Any

from twisted.internet.defer import Deferred

from miniredis.client import connect
from miniredis.config.config import Config
from miniredis.config.reader import Line
from miniredis.dispatch.executor import Engine
from miniredis.testing.calls import CallLog
from miniredis.testing.data import Database, Databases, Direct
from miniredis.testing.fault_commands import fault_group
from miniredis.testing.faults import FaultRule, Faults
from miniredis.testing.stages import HOST, MemoryStage, ReactorStage, Stage, ThreadStage

MODES = ("reactor", "thread", "memory")


class MiniRedis:
    """One server.  `directives` are those of redis.conf, with underscores: `MiniRedis(appendonly="yes")`.

    `seed`: the chances of the server (SPOP, RANDOMKEY, eviction, run id) are the same for the same seed.
    `frozen`: time moves only by `fast_forward`; in memory it always is so.
    `sentinel`: it is a sentinel, with these lines of sentinel.conf: `sentinel=["monitor main 127.0.0.1 7000 1"]`.
    `decode_responses`: `client()` and `db` give str instead of bytes.
    """

    def __init__(
        self,
        mode: str | None = None,
        *,
        seed: int = 0,
        frozen: bool = False,
        decode_responses: bool = False,
        sentinel: Sequence[str] = (),
        **directives: object,
    ) -> None:
        self.mode = running_mode() if mode is None else mode
        if self.mode not in MODES:
            raise ValueError(f"the mode is one of {', '.join(MODES)}, not {mode}")
        self._seed = seed
        self._frozen = frozen
        self._decodes = decode_responses
        self._sentinel = sentinel
        self._directives = directives
        self._stage: Stage | None = None
        self._clients: list[Any] = []

    # -- life

    def start(self) -> MiniRedis:
        """Serve.  Raises `ConfigError` or `ListenFailed`."""
        if self._stage is not None:
            return self
        stage = self._new_stage(configuration(self._directives, self._sentinel))
        stage.start()
        self._stage = stage
        stage.call(self._take_over)
        return self

    def _new_stage(self, config: Config) -> Stage:
        if self.mode == "memory":
            return MemoryStage(config, self._seed)
        if self.mode == "thread":
            return ThreadStage(config, self._seed, self._frozen)
        from twisted.internet import reactor

        return ReactorStage(config, self._seed, self._frozen, reactor)

    def _take_over(self) -> None:
        engine = self.engine
        engine.commands.add_module_command(fault_group.commands[0], b"testing")
        # It has been waiting for the stage: what these are asked runs in a turn of the engine.
        in_turn = self.call
        #: The commands that clients have run.
        self.calls = CallLog(engine, in_turn)
        #: What goes wrong on the wire.
        self.faults = Faults(FaultRule(engine), in_turn)
        #: The data: `db[0]["key"]`.
        self.db = Databases(Direct(engine), in_turn, self._decodes)

    def stop(self) -> None:
        """End the server and its clients; what it had on disk is gone, unless `dir` was given."""
        stage, self._stage = self._stage, None
        if stage is None:
            return
        for client in self._clients:
            client.close()
        self._clients = []
        stage.stop()

    def __enter__(self) -> MiniRedis:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def stage(self) -> Stage:
        if self._stage is None:
            raise RuntimeError("the server has not been started")
        return self._stage

    @property
    def engine(self) -> Engine:
        """The server itself; to be used within `call` only."""
        return self.stage.engine

    def call(self, function: Callable[[], Any]) -> Any:
        """Run a function in the server's thread, between two commands; its result."""
        return self.stage.call(function)

    # -- clients

    @property
    def host(self) -> str:
        return HOST

    @property
    def port(self) -> int:
        """The TCP port, chosen by the system; 0 in memory."""
        return self.stage.port

    @property
    def url(self) -> str:
        if self.mode == "memory":
            raise RuntimeError("a server in memory has no address: use client() or connection_pool()")
        return f"redis://{self.host}:{self.port}/0"

    def client(self, **options: Any) -> Any:
        """redis-py's `Redis`; under a reactor the client of `miniredis.client`.  It is closed with the server."""
        options.setdefault("decode_responses", self._decodes)
        if self.mode == "reactor":
            client: Any = connect(self.url, **options)
            self._clients.append(client)
            return client
        import redis

        if self.mode == "memory":
            client = redis.Redis(connection_pool=self.connection_pool(**options))
        else:
            client = redis.Redis(host=self.host, port=self.port, **options)
        self._clients.append(client)
        return client

    def connection_pool(self, **options: Any) -> Any:
        """A `ConnectionPool` of redis-py."""
        stage = self.stage
        options.setdefault("decode_responses", self._decodes)
        if isinstance(stage, MemoryStage):
            from miniredis.testing.sockets import memory_pool

            pool = memory_pool(stage, **options)
        else:
            import redis

            pool = redis.ConnectionPool(host=self.host, port=self.port, **options)
        self._clients.append(pool)
        return pool

    def disconnect_clients(self) -> None:
        """Cut every connection, as a network that fails does."""

        def cut() -> None:
            for session in list(self.engine.sessions.values()):
                session.closing = True
                session.port.close(True)

        self.call(cut)

    # -- time

    def fast_forward(self, seconds: float) -> Deferred[None] | None:
        """Let time pass: keys expire, waiting clients time out, timers of every kind do what is due.

        Under a reactor a Deferred that fires when all of it has happened.
        """
        return self.stage.advance(seconds)

    def set_time(self, when: datetime | float) -> None:
        """Step the server's wall clock (a datetime, or Unix time in seconds), as an administrator does.

        Expiry follows it, timers do not.
        """
        self.stage.set_wall(when.timestamp() if isinstance(when, datetime) else when)

    def time(self) -> float:
        """Unix time as the server sees it."""
        now_us: int = self.call(self.engine.time.wall_us)
        return now_us / 1e6

    # -- faults beside those of the wire

    @contextmanager
    def disk_full(self) -> Iterator[None]:
        """Within, nothing can be written to disk."""
        disk = self.stage.disk
        if disk is None:
            raise RuntimeError("a server in memory has no disk")
        disk.is_full = True
        try:
            yield
        finally:
            disk.is_full = False

    def failover(self, replica: MiniRedis) -> None:
        """Let a replica become the primary, and follow it."""
        replica.db[0].command("REPLICAOF", "NO", "ONE")
        self.db[0].command("REPLICAOF", replica.host, replica.port)

    def command(self, *words: object) -> Any:
        """Any command in database 0, by the server itself."""
        database: Database = self.db[0]
        return database.command(*words)


def running_mode() -> str:
    """Whether there is a reactor to run under, or trial, which starts it when a test returns a Deferred."""
    installed: Any = sys.modules.get("twisted.internet.reactor")
    if installed is None:
        return "thread"
    return "reactor" if installed.running or "twisted.trial.runner" in sys.modules else "thread"


def configuration(directives: dict[str, object], sentinel: Sequence[str] = ()) -> Config:
    """A test server's: nothing is saved unless asked for, and DEBUG is allowed."""
    config = Config(sentinel=bool(sentinel))
    lines = [Line("", 0, text.encode(), "sentinel", text.encode().split()) for text in sentinel]
    directives = {"save": "", "enable_debug_command": "yes", **directives}
    for name, value in directives.items():
        values = value if isinstance(value, list | tuple) else [value]
        words = [as_word(each) for each in values]
        lines.append(Line("", 0, b" ".join(words), name.replace("_", "-"), words))
    config.load(lines)
    return config


def as_word(value: object) -> bytes:
    if isinstance(value, bool):
        return b"yes" if value else b"no"
    return value if isinstance(value, bytes) else str(value).encode()
