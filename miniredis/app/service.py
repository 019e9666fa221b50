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
from random import Random, SystemRandom
from typing import TYPE_CHECKING, Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import CannotListenError
from twisted.internet.task import LoopingCall
from twisted.logger import Logger, LogLevel
from twisted.python.failure import Failure

from miniredis import REDIS_VERSION, __version__
from miniredis.app.acl_file import keep_users_in_file
from miniredis.app.activation import Inherited
from miniredis.app.assembly import build_engine
from miniredis.app.further_ports import EndpointFailed, FurtherPorts
from miniredis.app.memory import Allocator, MemoryReturn
from miniredis.app.platform import describe_platform, queued_reader
from miniredis.app.tls import TlsEdge, TlsFailed
from miniredis.app.upkeep import Upkeep
from miniredis.cluster.link import ReactorLinks
from miniredis.cluster.service import ClusterEdge, ClusterFailed
from miniredis.config.config import Config
from miniredis.config.values import Refused
from miniredis.dispatch.port import Port, TimeSource
from miniredis.persistence.child import Child, may_fork, start_silent_child
from miniredis.persistence.disk import Disk
from miniredis.persistence.service import PersistenceEdge
from miniredis.replication.service import ReplicationEdge
from miniredis.resp.encoder import encode_error
from miniredis.server.busy import BusyTurns
from miniredis.server.endpoint import HubEndpoint, has_hub, ordinary_endpoint
from miniredis.server.hub import HubReader
from miniredis.server.listener import SessionPort
from miniredis.server.protocol import SessionFactory
from miniredis.web.figures import EdgeFigures, StallWatch, TimedDisk
from miniredis.web.service import WebEdge

if TYPE_CHECKING:
    from miniredis.sentinel.service import SentinelEdge

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

    def __init__(
        self,
        config: Config,
        reactor: Any,
        source: TimeSource | None = None,
        random: Random | None = None,
        disk: Disk | None = None,
    ) -> None:
        """The last three are for tests: time that they move, chance that repeats itself, a disk that fails."""
        self.config = config
        self.reactor = reactor
        self._log = Logger(namespace="miniredis")
        source = source or TimeSource(wall_us, time.monotonic_ns, reactor.callLater, time.sleep)
        self.engine = build_engine(config, source, random or SystemRandom(), self.log)
        self.engine.log_event = self.log_event
        keep_users_in_file(self.engine.acl, config.string("aclfile"), len(config.lines("user")) > 0)
        self.engine.platform = describe_platform()
        self.upkeep = Upkeep(self.engine, self.engine.own_session(Port()))
        figures = EdgeFigures()
        self.persistence = PersistenceEdge(self.engine, reactor, disk or TimedDisk(figures.syncs))
        memory = MemoryReturn(Allocator(), self.engine.platform.rss_bytes, source.monotonic_ns, self._in_thread)
        self.engine.platform.give_back_memory = memory.purge
        self.upkeep.rounds.append(memory.look)
        self.upkeep.rounds.append(self.persistence.persistence.poll)
        self.replication = ReplicationEdge(self.engine, reactor, self._start_child, may_fork)
        self.upkeep.rounds.append(self.replication.tick)
        stalls = StallWatch(
            figures.stalls, time.monotonic_ns, lambda: 1_000_000_000 // config.int("hz"), queued_reader()
        )
        self.upkeep.rounds.append(stalls.look)
        self.engine.info_sources.setdefault(b"stats", []).append(stalls.fields)
        figures.batches = self._hub_batches
        self.web = WebEdge(self.engine, reactor, figures)
        self.sentinel: SentinelEdge | None = None
        if config.sentinel:
            # Imported here: a server that is no sentinel need not carry its code.
            from miniredis.sentinel.service import SentinelEdge

            self.sentinel = SentinelEdge(self.engine, reactor)
        #: Called when the server cannot go on: its data cannot be loaded, or not be kept as promised.
        self.on_fatal: Callable[[str], object] = self._stop_at_once
        self.engine.on_fatal = self._failed
        self.cluster: ClusterEdge | None = None
        migration_links = self.engine.migration_links = ReactorLinks(reactor)
        self.engine.platform.kept_links = migration_links.kept_count
        self._loop = LoopingCall(self.upkeep.run)
        self._loop.clock = reactor
        #: The process is the server's own, and its garbage collector set for it.
        self.tunes_collector = True
        self._is_listening = False
        self._busy = BusyTurns(self.engine, reactor)
        self.engine.while_busy = self._busy.run
        self._sessions = SessionFactory(self.engine, partial(reactor.callLater, 0), self._admit)
        self._busy.factories.append(self._sessions)
        self.tls = TlsEdge(self.engine, reactor, self._sessions, self._busy)
        self.upkeep.rounds.append(self.tls.tick)
        self.replication.network.wrap = self.tls.wrap_link
        migration_links.wrap = self.tls.wrap_bus_link
        if self.sentinel is not None:
            self.sentinel.wrap = self.tls.wrap_link
        self._tcp_ports: list[Any] = []
        self._unix_ports: list[Any] = []
        self._further = FurtherPorts(reactor, self._sessions, self._busy, self.engine.give_up)
        self._stopping: list[Callable[[], None]] = []
        self.on_stopped: Deferred[None] = Deferred()
        #: Sockets that a supervisor opened for us.
        self.inherited = Inherited()
        #: Called when the data is loaded and clients are served.
        self.on_ready: list[Callable[[], None]] = []
        for name, change in (
            ("port", self._port_changed),
            ("tls-port", self._tls_port_changed),
            ("bind", self._bind_changed),
            ("hz", self._hz_changed),
        ):
            config.on_change(name, change)

    def _in_thread(self, work: Callable[[], None]) -> None:
        self.reactor.callInThread(work)

    def log(self, level: str, text: str) -> None:
        self._log.emit(LEVELS[level], "{text}", text=text, redis_level=level)

    def log_event(self, level: str, text: str, client_id: int, defect: BaseException | None) -> None:
        """A line with what belongs to it, as values: the client it is about, the defect with its traceback."""
        about: dict[str, Any] = {"client_id": client_id} if client_id else {}
        if defect is not None:
            about["log_failure"] = Failure(defect)
        self._log.emit(LEVELS[level], "{text}", text=text, redis_level=level, **about)

    # -- start

    def privilegedStartService(self) -> None:
        """Bind while the process may still use low ports; a failure stops the start."""
        self._listen()

    def startService(self) -> None:
        self.running = 1
        if not self._is_listening:
            self._listen()
        self.log("notice", "Server initialized")
        self.engine.start_memory = self.engine.platform.rss_bytes()
        if self.tunes_collector:
            gc.collect()
            gc.freeze()
            gc.set_threshold(*GC_THRESHOLDS)
        self._loop.start(1 / self.config.int("hz"), now=False).addErrback(self._loop_failed)
        if self._sessions.hub is not None:
            self._sessions.hub.start()
        if self.sentinel is None:
            self.replication.prepare()
            self.persistence.start(self._ready, self._failed)
        else:
            self._ready()
            self.sentinel.start()

    def _ready(self) -> None:
        if not self.config.sentinel:
            self.replication.start()
        if self.tunes_collector:
            gc.freeze()
        if self.cluster is not None:
            self.cluster.start()
            self._stopping.append(self.cluster.stop)
        if self._tcp_ports:
            self.log("notice", "Ready to accept connections tcp")
        if self.tls.ports:
            self.log("notice", "Ready to accept connections tls")
        if self._unix_ports:
            self.log("notice", "Ready to accept connections unix")
        for call in self.on_ready:
            call()

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
        if self.config.sentinel:
            mode = "sentinel"
        form = "compiled" if self.engine.platform.is_compiled else "interpreted"
        return [
            f"miniredis {__version__} ({form}), compatible with Redis {REDIS_VERSION}",
            f"Running in {mode} mode",
            f"Port: {self.config.int('port') or self.config.int('tls-port')}",
            f"PID: {os.getpid()}",
        ]

    def _listen(self) -> None:
        config = self.config
        self._is_listening = True
        # Its connections are not run before the service is.
        if config.flag("fast-endpoint") and has_hub(self.reactor):
            self._sessions.hub = HubReader(self.engine, self.reactor)
            self.engine.platform.endpoint = "hub"
            self.engine.platform.multiplexing = "epoll"
        else:
            self.engine.platform.endpoint = "reactor"
            self.engine.platform.multiplexing = type(self.reactor).__name__
        if self.inherited.has_clients():
            self._adopt_inherited()
        else:
            port = config.int("port")
            if port != 0:
                self._listen_tcp(port)
            path = config.string("unixsocket")
            if path:
                self._listen_unix(path)
        self._begin_tls()
        try:
            self._further.listen(config.words("listen-endpoint"))
        except EndpointFailed as problem:
            self.log("warning", f"Could not listen on the endpoint {problem}")
            self._close_listeners()
            raise ListenFailed(f"listen-endpoint {problem}") from problem
        try:
            self.web.listen(self.inherited.http)
        except CannotListenError as problem:
            self._close_listeners()
            raise ListenFailed(str(problem)) from problem
        if config.flag("cluster-enabled"):
            self._join_cluster()

    def _begin_tls(self) -> None:
        try:
            self.tls.start()
        except TlsFailed as problem:
            self.log("warning", f"Failed to configure TLS: {problem}")
            self._close_listeners()
            raise ListenFailed("Failed to configure TLS. Check logs for more info.") from problem
        port = self.config.int("tls-port")
        if port != 0:
            self._listen_tls(port)

    def _join_cluster(self) -> None:
        self.cluster = ClusterEdge(self.engine, self.reactor, self._failed)
        self.cluster.bus.wrap_answering = self.tls.wrap_bus
        self.cluster.bus.wrap_dialing = self.tls.wrap_bus_link
        try:
            self.cluster.prepare(self.tcp_port())
        except ClusterFailed as problem:
            self.log("warning", str(problem))
            self._close_listeners()
            raise ListenFailed(str(problem)) from problem

    def _listen_tcp(self, port: int) -> None:
        def listen(host: str) -> None:
            backlog = self.config.int("tcp-backlog")
            kind = HubEndpoint if self._sessions.hub is not None else ordinary_endpoint
            listening = kind(self.reactor, port, host, backlog).listen(self._sessions)
            listening.addCallback(self._tcp_ports.append)
            failures: list[Failure] = []
            listening.addErrback(failures.append)
            for failure in failures:
                failure.raiseException()

        self._listen_everywhere("tcp", port, listen, self._close_tcp)
        if self._sessions.hub is None:
            self._busy.ports += self._tcp_ports

    def _listen_tls(self, port: int) -> None:
        def listen(host: str) -> None:
            self.tls.listen(port, host, self.config.int("tcp-backlog"))

        self._listen_everywhere("tls", port, listen, self.tls.close_ports)

    def _listen_everywhere(
        self, kind: str, port: int, listen: Callable[[str], None], close: Callable[[], None]
    ) -> None:
        """On each address of `bind`; `listen` raises CannotListenError, `close` takes all back.

        Raises `ListenFailed`, and the log has the reason.
        """
        bound = 0
        for word in self.config.words("bind"):
            text = word.decode()
            host = text.removeprefix("-")
            host = {"*": "0.0.0.0", "::*": "::"}.get(host, host)
            try:
                listen(host)
                bound += 1
            except CannotListenError as problem:
                if text.startswith("-"):
                    continue
                reason = getattr(problem.socketError, "strerror", None) or str(problem)
                self.log("warning", f"Could not create server TCP listening socket {host}:{port}: {reason}")
                self.log("warning", f"Failed listening on port {port} ({kind}), aborting.")
                close()
                raise ListenFailed(f"Failed listening on port {port} ({kind})") from problem
        if bound == 0:
            self.log("warning", f"Failed listening on port {port} ({kind}), aborting.")
            raise ListenFailed(f"Failed listening on port {port} ({kind})")

    def _port_changed(self) -> None:
        self._listen_anew(b"Unable to listen on this port. Check server logs.")

    def _tls_port_changed(self) -> None:
        self._listen_tls_anew(b"Unable to listen on this port. Check server logs.")

    def _bind_changed(self) -> None:
        self._listen_anew(b"Failed to bind to specified addresses.")
        self._listen_tls_anew(b"Failed to bind to specified addresses.")

    def _listen_anew(self, refusal: bytes) -> None:
        """Other addresses, from CONFIG SET.  When they cannot be had, the roll-back calls again, with the old ones."""
        if not self.running:
            return
        self._close_tcp()
        port = self.config.int("port")
        if port != 0:
            try:
                self._listen_tcp(port)
            except ListenFailed as problem:
                raise Refused(refusal) from problem

    def _listen_tls_anew(self, refusal: bytes) -> None:
        if not self.running:
            return
        self.tls.close_ports()
        port = self.config.int("tls-port")
        if port != 0:
            self.tls.changed()
            try:
                self._listen_tls(port)
            except ListenFailed as problem:
                raise Refused(refusal) from problem

    def _close_tcp(self) -> None:
        for port in self._tcp_ports:
            port.stopListening()
            if port in self._busy.ports:
                self._busy.ports.remove(port)
        self._tcp_ports = []

    def _hz_changed(self) -> None:
        self._loop.interval = 1 / self.config.int("hz")

    def _adopt_inherited(self) -> None:
        """Serve the sockets that were handed over instead of opening some."""
        sessions = self._sessions
        for listening in self.inherited.tcp:
            if sessions.hub is not None:
                port: Any = SessionPort(sessions.hub, sessions, 0, "", 0)
                port.adopt(listening)
            else:
                port = self.reactor.adoptStreamPort(listening.fileno(), listening.family, sessions)
                self._busy.ports.append(port)
            self._tcp_ports.append(port)
        for listening in self.inherited.unix:
            port = self.reactor.adoptStreamPort(listening.fileno(), socket.AF_UNIX, sessions)
            self._unix_ports.append(port)
            self._busy.ports.append(port)

    def _listen_unix(self, path: str) -> None:
        mode = self.config.int("unixsocketperm")
        if os.path.exists(path):
            os.unlink(path)
        # The socket must never be open to more than it should, not even for a moment.
        before = os.umask(0o777 & ~mode if mode else 0o077)
        try:
            listening = self.reactor.listenUNIX(path, self._sessions, mode=mode or 0o700, wantPID=False)
            self._unix_ports.append(listening)
            self._busy.ports.append(listening)
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

    def _admit(self, host: str) -> bytes:
        """What a new connection is refused with; empty lets it in."""
        engine = self.engine
        if len(engine.sessions) >= self.config.int("maxclients"):
            engine.counters.rejected_connections += 1
            return encode_error(TOO_MANY_CLIENTS)
        is_local = not host or host.startswith("127.") or host in ("::1", "::ffff:127.0.0.1")
        if not is_local and self.config.flag("protected-mode") and not engine.has_default_password():
            engine.counters.rejected_connections += 1
            return encode_error(PROTECTED)
        return b""

    def tcp_port(self) -> int:
        """The port in use, which the system chose when the configuration said so."""
        return int(self._tcp_ports[0].getHost().port) if self._tcp_ports else 0

    def tls_port(self) -> int:
        return int(self.tls.ports[0].getHost().port) if self.tls.ports else 0

    # -- stop

    def prepare_stop(self, save: bool | None) -> bool:
        """Write everything to disk; False if that failed, and then the server goes on."""
        return self.persistence.stop(save)

    def answer_rest(self) -> None:
        """Answer what was received so far, while what it writes can still be kept."""
        if not self.persistence.is_stopped:
            self._sessions.answer_rest()

    def stopService(self) -> Deferred[None]:
        self.running = 0
        self._close_listeners()
        self.answer_rest()
        if self._loop.running:
            self._loop.stop()
        for step in self._stopping:
            step()
        self.replication.stop()
        self.engine.freeing.stop()
        if self.sentinel is not None:
            self.sentinel.stop()
        self.prepare_stop(None)
        self._is_listening = False
        if self._sessions.hub is not None:
            self._sessions.hub.stop()
            self._sessions.hub = None
        self.log("warning", "miniredis is now ready to exit, bye bye...")
        return succeed(None)

    def _start_child(self, work: Callable[[], None], now_s: float, kept: int) -> Child:
        child = start_silent_child(work, now_s, kept)
        self.engine.counters.note_fork(child.fork_us)
        return child

    def _hub_batches(self) -> tuple[list[int], int]:
        """Turns of the hub by the number of their events, and the sum of these."""
        reader = self._sessions.hub
        return (reader.hub.batches, reader.hub.events) if reader is not None else ([], 0)

    def _close_listeners(self) -> None:
        self.web.stop()
        self.tls.stop()
        self._further.stop()
        for port in (*self._tcp_ports, *self._unix_ports):
            port.stopListening()
        self._tcp_ports = []
        self._unix_ports = []
        self._busy.ports = []
