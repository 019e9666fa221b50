"""The server as a Twisted service: what is started, and the order in which it stops.

Stopping: no new connections, then what was received is answered, then persistence is closed, then the
connections.  Twisted stops child services all at once, so the order is kept here by hand.
"""

from __future__ import annotations

import gc
import os
import shutil
import socket
import time
from collections.abc import Callable
from functools import partial
from random import SystemRandom
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import LoopingCall
from twisted.logger import Logger, LogLevel

from miniredis import REDIS_VERSION, __version__
from miniredis.app.assembly import build_engine
from miniredis.app.platform import describe_platform
from miniredis.app.upkeep import Upkeep
from miniredis.config.config import Config
from miniredis.config.values import Refused
from miniredis.dispatch.port import Port, TimeSource
from miniredis.persistence.service import PersistenceEdge
from miniredis.resp.encoder import encode_error
from miniredis.server.hub import HubListener, HubReader, bind_tcp
from miniredis.server.protocol import SessionFactory

LEVELS = {
    "debug": LogLevel.debug,
    "verbose": LogLevel.info,
    "notice": LogLevel.info,
    "warning": LogLevel.warn,
}
#: What a hub of connections must not be slowed by: a full collection of a million objects takes 0.2 s.
GC_THRESHOLDS = (50_000, 20, 1000)
TOO_MANY_CLIENTS = b"ERR max number of clients reached"
PROTECTED = (
    b"DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the "
    b"default user. In this mode connections are only accepted from the loopback interface. Set a password, bind "
    b"to chosen addresses, or turn protected mode off with CONFIG SET protected-mode no from this machine."
)


class ListenFailed(Exception):
    """No address could be listened on."""


def wall_us() -> int:
    return time.time_ns() // 1000


class MiniRedisService(Service):
    """One server: an engine, its listening sockets, its periodic work."""

    def __init__(self, config: Config, reactor: Any) -> None:
        self.config = config
        self.reactor = reactor
        self._log = Logger(namespace="miniredis")
        self.engine = build_engine(
            config, TimeSource(wall_us, time.monotonic_ns, reactor.callLater, time.sleep), SystemRandom(), self.log
        )
        self.engine.platform = describe_platform()
        self.upkeep = Upkeep(self.engine, self.engine.own_session(Port()))
        self.persistence = PersistenceEdge(self.engine, reactor)
        self.upkeep.rounds.append(self.persistence.persistence.poll)
        #: Called when the server cannot go on: its data cannot be loaded, or not be kept as promised.
        self.on_fatal: Callable[[str], object] = self._stop_at_once
        self._loop = LoopingCall(self.upkeep.run)
        self._loop.clock = reactor
        self._hub: HubReader | None = None
        self._listeners: list[HubListener] = []
        self._ports: list[Any] = []
        self._stopping: list[Callable[[], None]] = []
        self.on_stopped: Deferred[None] = Deferred()
        for name, change in (
            ("port", self._port_changed),
            ("bind", self._bind_changed),
            ("tcp-keepalive", self._keepalive_changed),
            ("hz", self._hz_changed),
        ):
            config.on_change(name, change)

    def log(self, level: str, text: str) -> None:
        self._log.emit(LEVELS[level], "{text}", text=text, redis_level=level)

    # -- start

    def privilegedStartService(self) -> None:
        """Bind while the process may still use low ports; a failure stops the start."""
        self._listen()

    def startService(self) -> None:
        self.running = 1
        if self._hub is None:
            self._listen()
        self.log("notice", "Server initialized")
        self.engine.start_memory = self.engine.platform.rss_bytes()
        gc.freeze()
        gc.set_threshold(*GC_THRESHOLDS)
        self._loop.start(1 / self.config.int("hz"), now=False).addErrback(self._loop_failed)
        assert self._hub is not None
        self._hub.start()
        for listener in self._listeners:
            listener.start()
        if not self.config.sentinel:
            self.persistence.start(self._ready, self._failed)
        else:
            self._ready()

    def _ready(self) -> None:
        gc.freeze()
        if self._listeners:
            self.log("notice", "Ready to accept connections tcp")
        if self._ports:
            self.log("notice", "Ready to accept connections unix")

    def _failed(self, reason: str) -> None:
        self.on_fatal(reason)

    def _stop_at_once(self, reason: str) -> None:
        """An embedded server: the process is not ours to end."""
        if self.running:
            self.stopService()

    def _loop_failed(self, failure: Any) -> None:
        self.log("warning", f"periodic work has stopped: {failure.getTraceback()}")

    def banner(self) -> list[str]:
        """The first lines of the log."""
        mode = "cluster" if self.config.flag("cluster-enabled") else "standalone"
        form = "compiled" if self.engine.platform.is_compiled else "interpreted"
        return [
            f"miniredis {__version__} ({form}), compatible with Redis {REDIS_VERSION}",
            f"Running in {mode} mode",
            f"Port: {self.config.int('port')}",
            f"PID: {os.getpid()}",
        ]

    def _listen(self) -> None:
        config = self.config
        self._hub = HubReader(self.engine, self.reactor)
        self.engine.platform.endpoint = "hub"
        self.engine.platform.multiplexing = "epoll"
        port = config.int("port")
        if port != 0:
            self._listen_tcp(port)
        path = config.string("unixsocket")
        if path:
            self._listen_unix(path)

    def _listen_tcp(self, port: int) -> None:
        config = self.config
        assert self._hub is not None
        bound = 0
        for word in config.words("bind"):
            text = word.decode()
            optional = text.startswith("-")
            host = text.removeprefix("-")
            host = {"*": "0.0.0.0", "::*": "::"}.get(host, host)
            try:
                listening = bind_tcp(host, port, config.int("tcp-backlog"))
            except OSError as problem:
                if optional:
                    continue
                self.log("warning", f"Could not create server TCP listening socket {host}:{port}: {problem.strerror}")
                self.log("warning", f"Failed listening on port {port} (tcp), aborting.")
                for listener in self._listeners:
                    listener.stop()
                self._listeners = []
                raise ListenFailed(f"Failed listening on port {port} (tcp)") from problem
            bound += 1
            self._listeners.append(HubListener(self._hub, listening, config.int("tcp-keepalive"), self._admit))
        if bound == 0:
            self.log("warning", f"Failed listening on port {port} (tcp), aborting.")
            raise ListenFailed(f"Failed listening on port {port} (tcp)")

    def _port_changed(self) -> None:
        self._listen_anew(b"Unable to listen on this port. Check server logs.")

    def _bind_changed(self) -> None:
        self._listen_anew(b"Failed to bind to specified addresses.")

    def _listen_anew(self, refusal: bytes) -> None:
        """Other addresses, from CONFIG SET.  When they cannot be had, the roll-back calls again, with the old ones."""
        if not self.running:
            return
        for listener in self._listeners:
            listener.stop()
        self._listeners = []
        port = self.config.int("port")
        if port != 0:
            try:
                self._listen_tcp(port)
            except ListenFailed as problem:
                raise Refused(refusal) from problem
        for listener in self._listeners:
            listener.start()

    def _keepalive_changed(self) -> None:
        for listener in self._listeners:
            listener.keepalive_s = self.config.int("tcp-keepalive")

    def _hz_changed(self) -> None:
        self._loop.interval = 1 / self.config.int("hz")

    def _listen_unix(self, path: str) -> None:
        mode = self.config.int("unixsocketperm")
        factory = SessionFactory(self.engine, partial(self.reactor.callLater, 0))
        if os.path.exists(path):
            os.unlink(path)
        # The socket must never be open to more than it should, not even for a moment.
        before = os.umask(0o777 & ~mode if mode else 0o077)
        try:
            self._ports.append(self.reactor.listenUNIX(path, factory, mode=mode or 0o700, wantPID=False))
            group = self.config.string("unixsocketgroup")
            if group:
                try:
                    shutil.chown(path, group=group)
                except (LookupError, OSError) as problem:
                    self._close_listeners()
                    self.log("warning", f"The unix socket cannot be given to the group {group}: {problem}")
                    raise ListenFailed(f"unixsocketgroup {group}") from problem
        finally:
            os.umask(before)

    def _admit(self, accepted: socket.socket) -> bytes:
        """What a new connection is refused with; empty lets it in."""
        engine = self.engine
        if len(engine.sessions) >= self.config.int("maxclients"):
            engine.counters.rejected_connections += 1
            return encode_error(TOO_MANY_CLIENTS)
        if self.config.flag("protected-mode") and not engine.has_default_password():
            host = accepted.getpeername()[0]
            if not (host.startswith("127.") or host in ("::1", "::ffff:127.0.0.1")):
                engine.counters.rejected_connections += 1
                return encode_error(PROTECTED)
        return b""

    def tcp_port(self) -> int:
        """The port in use, which the system chose when the configuration said so."""
        return self._listeners[0].port() if self._listeners else 0

    # -- stop

    def prepare_stop(self, save: bool | None) -> bool:
        """Write everything to disk; False if that failed, and then the server goes on."""
        return self.persistence.stop(save)

    def stopService(self) -> Deferred[None]:
        self.running = 0
        self._close_listeners()
        if self._loop.running:
            self._loop.stop()
        for step in self._stopping:
            step()
        self.engine.freeing.stop()
        self.prepare_stop(None)
        if self._hub is not None:
            self._hub.stop()
            self._hub = None
        self.log("warning", "miniredis is now ready to exit, bye bye...")
        return succeed(None)

    def _close_listeners(self) -> None:
        for listener in self._listeners:
            listener.stop()
        self._listeners = []
        for port in self._ports:
            port.stopListening()
        self._ports = []
