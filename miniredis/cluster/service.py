"""Cluster mode under a reactor: the bus, the file, the ticks; started after the data is loaded."""

from __future__ import annotations

from random import SystemRandom
from typing import Any, Final

from twisted.internet.error import CannotListenError
from twisted.internet.task import LoopingCall

from miniredis.cluster.bus import Bus
from miniredis.cluster.cluster import Cluster
from miniredis.cluster.disk import NodesFile, NodesFileInUse
from miniredis.cluster.host import EngineWorld
from miniredis.cluster.node import ClusterNode
from miniredis.cluster.nodes_file import BadNodesFile
from miniredis.cluster.participant import TICK_MS
from miniredis.cluster.surroundings import Link
from miniredis.dispatch.executor import Engine

LEAST_CONNECT_S: Final = 0.5


class ClusterFailed(Exception):
    """The server must not start: it would not be the node it was, or nobody could reach it."""


class ClusterEdge:
    """The cluster side of one server.  `fatal` ends the server when it may not go on."""

    def __init__(self, engine: Engine, reactor: Any, fatal: Any) -> None:
        config = engine.config
        self.engine = engine
        self.reactor = reactor
        self._fatal = fatal
        self.file = NodesFile(config.string("cluster-config-file"))
        self.world = EngineWorld(engine, SystemRandom(), self._connect, self._save)
        self.bus = Bus(reactor, config.text("cluster-secret"), self.world.now_ms, engine.log)
        self.bus.begin_turn = engine.begin_turn
        self.cluster: Cluster | None = None
        self._ticks = LoopingCall(self._tick)
        self._ticks.clock = reactor

    def prepare(self, port: int) -> None:
        """Lock and read the file, listen on the bus.  Raises `ClusterFailed`."""
        try:
            self._prepare(port)
        except ClusterFailed:
            self.file.unlock()
            raise

    def _prepare(self, port: int) -> None:
        config = self.engine.config
        try:
            self.file.lock()
            text = self.file.read()
            self.cluster = Cluster(self.engine, self.world, text, port, config.int("tls-port"))
        except NodesFileInUse as problem:
            raise ClusterFailed(f"the cluster config file {problem} is already used by a different server") from problem
        except BadNodesFile as problem:
            raise ClusterFailed(f"Unrecoverable error: corrupted cluster config file: {problem}") from problem
        except OSError as problem:
            raise ClusterFailed(f"Can't open {self.file.path}: {problem.strerror}") from problem
        participant = self.cluster.participant
        self.cluster.bus_figures = [
            ("cluster_stats_bytes_sent", lambda: self.bus.bytes_sent),
            ("cluster_stats_bytes_received", lambda: self.bus.bytes_received),
            ("cluster_stats_pubsub_bytes_sent", lambda: self.bus.pubsub_bytes_sent),
            ("cluster_stats_pubsub_bytes_received", lambda: self.bus.pubsub_bytes_received),
            # No module can send by the bus.
            ("cluster_stats_module_bytes_sent", lambda: 0),
            ("cluster_stats_module_bytes_received", lambda: 0),
            ("total_cluster_links_buffer_limit_exceeded", lambda: self.bus.limit_exceeded),
        ]
        self._listen(config.int("cluster-port") or (port or config.int("tls-port")) + 10000)
        self.bus.participant = participant
        if not self.bus.secret and not config.flag("tls-cluster"):
            self.engine.log(
                "warning",
                "The bus of the cluster is neither signed nor encrypted: set cluster-secret, or let only the nodes "
                "reach its port.",
            )
        config.follow(["cluster-link-sendbuf-limit"], self._take_limit)

    def _take_limit(self) -> None:
        self.bus.send_limit_bytes = self.engine.config.int("cluster-link-sendbuf-limit")

    def _listen(self, port: int) -> None:
        if not 0 < port < 65536:
            raise ClusterFailed(
                "Cluster bus port number too high: the port for clients must be 55535 or less, or cluster-port be set."
            )
        bound = 0
        words = [word.decode() for word in self.engine.config.words("bind")] or ["*"]
        for word in words:
            host = word.removeprefix("-")
            try:
                self.bus.listen(port, {"*": "0.0.0.0", "::*": "::"}.get(host, host))
                bound += 1
            except CannotListenError as problem:
                if not word.startswith("-"):
                    raise ClusterFailed(
                        f"Failed listening on port {port} (cluster): {problem.socketError}"
                    ) from problem
        if bound == 0:
            raise ClusterFailed(f"Failed listening on port {port} (cluster)")
        source = words[0].removeprefix("-")
        if source not in ("*", "0.0.0.0", "::*", "::"):
            # So that others see us where our clients do.
            self.bus.source_address = source

    def start(self) -> None:
        """The data is loaded: take part."""
        assert self.cluster is not None
        self.cluster.begin()
        self._ticks.start(TICK_MS / 1000, now=True).addErrback(self._failed)

    def stop(self) -> None:
        if self._ticks.running:
            self._ticks.stop()
        self.bus.stop()
        if self.cluster is not None and self.cluster.view.is_dirty:
            self.cluster.participant.save_now()
        self.file.unlock()

    # -- what happens

    def _tick(self) -> None:
        assert self.cluster is not None
        try:
            self.engine.begin_turn()
            self.cluster.participant.tick()
            if not self.cluster.view.is_up:
                self.world.redirect_waiting()
        except Exception as defect:
            self.engine.counters.unexpected_errors += 1
            self.engine.log_failure("a tick of the cluster failed", defect)

    def _failed(self, failure: Any) -> None:
        self.engine.log("warning", f"the cluster's ticks have stopped: {failure.getTraceback()}")

    def _connect(self, node: ClusterNode) -> Link | None:
        timeout_s = max(self.world.settings.node_timeout_ms / 1000, LEAST_CONNECT_S)
        return self.bus.connect(node, timeout_s)

    def _save(self, text: bytes, sync: bool) -> bool:
        try:
            self.file.save(text, sync)
        except OSError as problem:
            self.engine.log("warning", f"Could not write {self.file.path}: {problem.strerror}")
            if self.engine.config.text("cluster-config-save-behavior") == b"sync":
                self._fatal("Fatal: can't update cluster config file.")
            return False
        return True
