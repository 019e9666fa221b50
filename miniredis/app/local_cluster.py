"""`--cluster-local N` and miniredis-cluster: a whole cluster on this machine for trying it, ended with its parent.

Each node is a process of its own with a folder of its own: in `dir` where that was chosen, else in a temporary one
that is removed at the end.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.protocol import ProcessProtocol
from twisted.internet.task import deferLater
from twisted.logger import Logger, LogLevel
from twisted.python.failure import Failure

from miniredis.app.cluster_forming import ANSWER_S, Forming
from miniredis.app.log import ServerLog
from miniredis.app.options import Start, find_files
from miniredis.app.process import open_log_file
from miniredis.cluster.link import ReactorLinks
from miniredis.config.config import Config
from miniredis.config.rewriter import rewrite

FIRST_PORT: Final = 30001
LEAST_NODES: Final = 3
KILL_AFTER_S: Final = 10.0
START_TRIES: Final = 200
#: The log of a node, in its folder, and how much of it is shown when it ends.
LOG: Final = "log"
LAST_LINES: Final = 10
RUN_NODE: Final = "from miniredis.app.local_cluster import run_node; run_node()"


def run_node() -> None:
    """What a child runs: a server that does not outlive its parent."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
    from miniredis.app.main import server

    server()


def node_config(config: Config) -> bytes:
    """A configuration file with what the parent was told, for all nodes alike."""
    theirs = Config()
    for directive in config.directives():
        if directive.file_only or config.is_default(directive.name) or directive.name in (
            "cluster-local", "port", "dir", "daemonize", "pidfile", "port-file", "logfile", "supervised"
        ):  # fmt: skip
            continue
        theirs.assign(directive.name, config.render(directive.name))
    return rewrite(b"", theirs, find_files)


class Node(ProcessProtocol):
    """One child.  `ended` fires when it is gone."""

    def __init__(self, port: int, folder: str, on_end: Callable[[Node], None]) -> None:
        self.port = port
        self.folder = folder
        self.on_end = on_end
        self.ended: Deferred[None] = Deferred()
        self.is_gone = False

    def processEnded(self, reason: Failure) -> None:
        self.is_gone = True
        self.on_end(self)
        self.ended.callback(None)

    def last_words(self) -> list[str]:
        """The last lines of its log; none when it did not come so far as to write one."""
        try:
            with open(os.path.join(self.folder, LOG), errors="replace") as file:
                return [line.rstrip("\n") for line in deque(file, LAST_LINES)]
        except OSError:
            return []

    def end(self, with_signal: str) -> None:
        transport: Any = self.transport
        if not self.is_gone:
            with suppress(OSError):
                transport.signalProcess(with_signal)


class LocalCluster(Service):
    """The parent: starts the nodes, makes them a cluster, ends them."""

    def __init__(self, start: Start, reactor: Any) -> None:
        self.config = start.config
        self.reactor = reactor
        self.log = ServerLog(self.config, open_log_file(start.log_path), lambda: "M")
        self._log = Logger(namespace="miniredis")
        self.nodes: list[Node] = []
        self.on_ready: Deferred[None] = Deferred()
        self.is_formed = False
        #: It could not be made: the parent ends, and not with success.
        self.has_failed = False
        self._stopping = False
        self._temporary = ""

    def say(self, text: str, level: str = "notice") -> None:
        kind = LogLevel.warn if level == "warning" else LogLevel.info
        self._log.emit(kind, "{text}", text=text, redis_level=level)

    def ports(self) -> list[int]:
        first = FIRST_PORT if self.config.is_default("port") else self.config.int("port")
        return [first + number for number in range(max(self.config.int("cluster-local"), LEAST_NODES))]

    def startService(self) -> None:
        self.running = 1
        self.reactor.callWhenRunning(self._take_signals)
        folder = self.config.string("dir")
        # Options enter the folder of `dir`; the shell's word for where we were stays.
        if os.path.realpath(os.environ.get("PWD", folder)) == os.path.realpath(folder):
            folder = self._temporary = tempfile.mkdtemp(prefix="miniredis-cluster-")
        text = node_config(self.config)
        for port in self.ports():
            self._start_node(port, os.path.join(folder, str(port)), text)
        self.say(f"Starting {len(self.nodes)} nodes in {folder}")
        self._try_to_reach(START_TRIES)

    def _start_node(self, port: int, folder: str, text: bytes) -> None:
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, "node.conf")
        with open(path, "wb") as file:
            file.write(text)
        words = [path, "--port", str(port), "--cluster-enabled", "yes", "--dir", folder, "--logfile", LOG]
        node = Node(port, folder, self._node_ended)
        self.nodes.append(node)
        self.reactor.spawnProcess(
            node, sys.executable, [sys.executable, "-c", RUN_NODE, *words], env=os.environ, childFDs={0: 0, 1: 1, 2: 2}
        )

    def _take_signals(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.reactor.callFromThread(self.end))

    def end(self) -> None:
        if not self._stopping:
            self._stopping = True
            self.reactor.stop()

    def _try_to_reach(self, tries: int) -> None:
        """Until all nodes answer: they need a moment to start."""
        if self._stopping or not self.running:
            return
        links = ReactorLinks(self.reactor)
        forming = Forming(links, self.ports(), lambda seconds: deferLater(self.reactor, seconds, lambda: None))

        def failed(failure: Failure) -> None:
            if tries > 0:
                self.reactor.callLater(ANSWER_S / 100, self._try_to_reach, tries - 1)
            else:
                self._give_up(failure.getErrorMessage())

        forming.reach().addCallbacks(lambda _: self._form(forming), failed)

    def _form(self, forming: Forming) -> None:
        if not self._stopping:
            forming.run().addCallbacks(self._formed, lambda failure: self._give_up(failure.getErrorMessage()))

    def _formed(self, _: None) -> None:
        ports = self.ports()
        self.is_formed = True
        self.say(f"The cluster is ready: {len(ports)} nodes, ports {ports[0]} to {ports[-1]}. "
                 f"Try: redis-cli -c -p {ports[0]}")  # fmt: skip
        self.on_ready.callback(None)

    def _give_up(self, why: str) -> None:
        if not self._stopping:
            self.has_failed = True
            self.say(f"The cluster could not be made: {why}", "warning")
            self.end()

    def _node_ended(self, node: Node) -> None:
        """Say so, with the end of its log: a temporary folder is about to go."""
        if self._stopping or not self.running:
            return
        self.say(f"The node on port {node.port} has ended. The end of its log:", "warning")
        for line in node.last_words():
            self.say(f"  {line}", "warning")
        if not self.is_formed:
            self._give_up(f"the node on port {node.port} has ended")

    def stopService(self) -> Deferred[Any]:
        self.running = 0
        self._stopping = True
        for node in self.nodes:
            node.end("TERM")
        killing = self.reactor.callLater(KILL_AFTER_S, self._kill)

        def done(result: object) -> None:
            if killing.active():
                killing.cancel()
            if self._temporary:
                shutil.rmtree(self._temporary, ignore_errors=True)

        return DeferredList([node.ended for node in self.nodes]).addCallback(done)

    def _kill(self) -> None:
        for node in self.nodes:
            node.end("KILL")
