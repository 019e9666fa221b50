"""Where the engine of a test server runs: under a reactor, in the thread of the shared one, or under none.

A stage starts and stops the server, runs functions in a turn of its engine, and moves its time.  What the first kind
answers to `advance` is a Deferred, the others have moved when they return.
"""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable
from random import Random
from typing import Any

from twisted.internet.defer import Deferred

from miniredis.app.service import MiniRedisService
from miniredis.app.upkeep import Upkeep
from miniredis.config.config import Config
from miniredis.dispatch.executor import Engine
from miniredis.dispatch.port import Port
from miniredis.scripting.runner import ScriptRunner
from miniredis.server.listener import bind_tcp
from miniredis.testing.background import background
from miniredis.testing.clock import CALLS_AMONG_NODES, ClockReactor, MovableClock
from miniredis.testing.disk import FullDisk
from miniredis.testing.memory import MemoryServer

HOST = "127.0.0.1"
#: The bus of a cluster node listens 10000 above its port.
HIGHEST_NODE_PORT = 55535


class Stage:
    """The interface."""

    engine: Engine
    port = 0
    #: None where the server has no files.
    disk: FullDisk | None = None

    def start(self) -> None:
        raise NotImplementedError

    def stop(self) -> None:
        raise NotImplementedError

    def call(self, function: Callable[[], Any]) -> Any:
        """Run it in a turn of the engine."""
        raise NotImplementedError

    def advance(self, seconds: float) -> Deferred[None] | None:
        raise NotImplementedError

    def set_wall(self, unix_seconds: float) -> None:
        raise NotImplementedError


class ReactorStage(Stage):
    """Under the reactor that runs already; to be used in its thread only."""

    def __init__(self, config: Config, seed: int, frozen: bool, reactor: Any) -> None:
        self.config = config
        self.clock = MovableClock(reactor, frozen)
        self.reactor = ClockReactor(reactor, self.clock)
        self._seed = seed
        self._folder = ""
        #: A listening socket that is not the service's yet.
        self._opened: list[socket.socket] = []
        self._service: MiniRedisService | None = None

    def start(self) -> None:
        config = self.config
        if config.is_default("dir"):
            self._folder = tempfile.mkdtemp(prefix="miniredis-")
            config.assign("dir", os.fsencode(self._folder))
            if config.flag("cluster-enabled") and config.is_default("cluster-config-file"):
                config.assign("cluster-config-file", os.fsencode(os.path.join(self._folder, "nodes.conf")))
        try:
            self._start()
        except BaseException:
            self._end()
            raise

    def _start(self) -> None:
        config = self.config
        if config.is_default("port"):
            # Opened here, so that no other process can take a port between its choice and its use.
            self._opened.append(self._free_port())
            config.assign("port", b"%d" % self._opened[0].getsockname()[1])
        if config.is_default("bind"):
            config.assign("bind", HOST.encode())
        self.disk = FullDisk()
        service = MiniRedisService(config, self.reactor, self.clock.source(), Random(self._seed), self.disk)
        service.tunes_collector = False
        if config.sentinel or config.flag("cluster-enabled"):
            self.clock.calls_on_the_way = CALLS_AMONG_NODES
        self._service = service
        self.engine = service.engine
        self.clock.on_moment.append(self.engine.begin_turn)
        service.inherited.tcp += self._opened
        self._opened = []
        service.startService()
        self.port = config.int("port")

    def _free_port(self) -> socket.socket:
        """A listening socket on a port that the system chose."""
        backlog = self.config.int("tcp-backlog")
        listening = bind_tcp(HOST, 0, backlog)
        while self.config.flag("cluster-enabled") and listening.getsockname()[1] > HIGHEST_NODE_PORT:
            listening.close()
            listening = bind_tcp(HOST, 0, backlog)
        return listening

    def stop(self) -> None:
        self._end()

    def _end(self) -> None:
        for listening in self._opened:
            listening.close()
        service, self._service = self._service, None
        if service is not None and service.running:
            service.stopService()
        self.clock.stop()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    def call(self, function: Callable[[], Any]) -> Any:
        self.engine.begin_turn()
        return function()

    def advance(self, seconds: float) -> Deferred[None] | None:
        return self.clock.advance(seconds)

    def set_wall(self, unix_seconds: float) -> None:
        self.clock.set_wall(unix_seconds)


class ThreadStage(ReactorStage):
    """Under the shared reactor of the process; to be used from any thread but its own."""

    def __init__(self, config: Config, seed: int, frozen: bool) -> None:
        self._background = background()
        super().__init__(config, seed, frozen, self._background.reactor)

    def start(self) -> None:
        self._background.call(super().start)

    def stop(self) -> None:
        self._background.call(super().stop)

    def call(self, function: Callable[[], Any]) -> Any:
        call = super().call
        return self._background.call(lambda: call(function))

    def advance(self, seconds: float) -> None:
        runner = self.engine.scripting
        if isinstance(runner, ScriptRunner) and runner.run is not None:
            # The thread is busy with a script, which is to see that its time is over.
            self.clock.shift(seconds)
            return
        self._background.call(lambda: self.clock.advance(seconds))

    def set_wall(self, unix_seconds: float) -> None:
        self._background.call(lambda: self.clock.set_wall(unix_seconds))


class MemoryStage(Stage):
    """Under no reactor: time stands still until somebody moves it or waits."""

    def __init__(self, config: Config, seed: int) -> None:
        self.config = config
        self._seed = seed
        self.lock = threading.RLock()

    def start(self) -> None:
        self.server = MemoryServer(self.config, self._seed)
        self.engine = self.server.engine
        self._upkeep = Upkeep(self.engine, self.engine.own_session(Port()))

    def stop(self) -> None:
        with self.lock:
            for session in list(self.engine.sessions.values()):
                session.port.close(True)
                self.engine.disconnect(session)

    def call(self, function: Callable[[], Any]) -> Any:
        with self.lock:
            self.engine.begin_turn()
            result = function()
            self.server.run_woken()
            self.server.end_turn()
            return result

    def advance(self, seconds: float) -> None:
        """Keys whose time is over are removed when the way is done."""
        with self.lock:
            self.server.advance(seconds)
            self._upkeep.run()
            self.server.run_woken()

    def set_wall(self, unix_seconds: float) -> None:
        with self.lock:
            self.server.set_wall_ms(round(unix_seconds * 1000))
