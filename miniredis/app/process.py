"""A server that has a process to itself: its log, its signals, its pid file, word to whoever supervises it.

The order of the start: the log is open before anything is said; addresses are bound while the process may still
use low ports; signals are taken over before anybody hears that we are ready, and again once the reactor runs, since
it installs its own at that moment.
"""

from __future__ import annotations

import os
import signal
import socket
import stat
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from types import FrameType
from typing import Any, Final

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.logger import ILogObserver
from twisted.python.components import Componentized

from miniredis.app.activation import handed_over, inherited_sockets
from miniredis.app.log import LogFile, ServerLog
from miniredis.app.memory import Allocator, let_go_of_code
from miniredis.app.options import Start, fatal, find_files, read_file
from miniredis.app.service import ListenFailed, MiniRedisService
from miniredis.app.supervisor import Supervisor
from miniredis.config.reader import ConfigError
from miniredis.config.rewriter import rewrite
from miniredis.dispatch.gates import GATE_BUSY
from miniredis.dispatch.pause import FOR_SHUTDOWN
from miniredis.dispatch.shutdown import ShutdownRequest
from miniredis.resp.errors import ReplyError, error

#: A second signal of this kind ends the process at once.
STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
#: Longer than the end takes.
STOP_MS: Final = 1 << 40


class ServerProcess(Service):
    """The service twistd runs, and miniredis-server too."""

    def __init__(self, start: Start, reactor: Any) -> None:
        self.start = start
        self.config = start.config
        self.reactor = reactor
        #: Called at SIGHUP: what reads its files again.
        self.on_reload: list[Callable[[], None]] = []
        self._stopping = False
        self._was_signalled = False
        #: Clients whose SHUTDOWN waits for replicas.
        self._waiting: list[Deferred[object]] = []
        self._choose_port()
        self.log = ServerLog(self.config, open_log_file(start.log_path), self._role)
        try:
            self.server = MiniRedisService(self.config, reactor)
        except ConfigError as problem:
            fatal(problem)
        self.on_reload.append(self.server.tls.reload)
        self.supervisor = Supervisor(self.config.text("supervised"), reactor)
        self.server.engine.platform.supervised = self.supervisor.name
        self.server.on_ready += [self.supervisor.ready, let_go_of_code]
        self.server.engine.shutdown = self._shut_down
        self.server.engine.abort_shutdown = self._go_on
        self.server.on_fatal = self._die
        if start.config_file:
            self.server.engine.config_file = start.config_file
            self.server.engine.rewrite_config = self._rewrite_config

    def _role(self) -> str:
        if self.config.sentinel:
            return "X"
        return "S" if self.server.engine.is_replica else "M"

    def _shut_down(self, request: object) -> object:
        """SHUTDOWN: end after the turn in which it was asked for, or (a Deferred) when replicas have caught up."""
        assert isinstance(request, ShutdownRequest)
        may_wait = not request.now and not self.server.engine.gates & GATE_BUSY
        if may_wait and self._waits_for_replicas(partial(self._stop_after_waiting, request)):
            waiting: Deferred[object] = Deferred()
            self._waiting.append(waiting)
            return waiting
        self._stop_now(request)
        return None

    def _waits_for_replicas(self, done: Callable[[], None]) -> bool:
        replication = self.server.engine.replication
        return replication is not None and replication.say_farewell(self.config.int("shutdown-timeout") * 1000, done)

    def _stop_after_waiting(self, request: ShutdownRequest) -> None:
        try:
            self._stop_now(request)
        except ReplyError:
            self._go_on()

    def _go_on(self) -> bool:
        """No stop after all; whether one was waited for."""
        replication = self.server.engine.replication
        was_waiting = replication is not None and replication.end_farewell()
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            each.callback(error(b"Errors trying to SHUTDOWN. Check logs."))
        return was_waiting

    def _stop_now(self, request: ShutdownRequest) -> None:
        if not self.server.prepare_stop(request.save) and not request.force:
            raise error(b"Errors trying to SHUTDOWN. Check logs.")
        self._end_commands()
        if self.server.engine.gates & GATE_BUSY:
            # Asked in the middle of a script that may never end: the reactor would not come to its turn.
            self._die("", 0)
        self.reactor.callLater(0, self.reactor.stop)

    def _end_commands(self) -> None:
        """Everything is on the disk: what would run from now on would be lost after its reply."""
        self._stopping = True
        self.server.engine.pause.begin(STOP_MS, False, FOR_SHUTDOWN)

    def _die(self, reason: str, status: int = 1) -> None:
        """The server cannot go on, and nothing is left to be written."""
        with suppress(OSError):
            pidfile = self.config.string("pidfile")
            if pidfile:
                os.unlink(pidfile)
        os._exit(status)

    def _rewrite_config(self) -> None:
        path = self.start.config_file
        text = rewrite(read_file(path), self.config, find_files)
        write_file(path, text)

    def _choose_port(self) -> None:
        """With port-file and no port asked for, any free one is taken."""
        if not self.config.text("port-file") or not (self.config.is_default("port") or self.config.int("port") == 0):
            return
        with socket.socket() as probe:
            probe.bind(("", 0))
            self.config.assign("port", b"%d" % probe.getsockname()[1])

    def setServiceParent(self, parent: Any) -> None:
        """Under twistd the parent is the application, which is asked for its log observer before anything starts."""
        if isinstance(parent, Componentized):
            parent.setComponent(ILogObserver, self.log)
        super().setServiceParent(parent)  # type: ignore[no-untyped-call]

    def privilegedStartService(self) -> None:
        for line in self.server.banner():
            self.server.log("notice", line)
        for line in self.start.warnings:
            self.server.log("warning", line)
        self.server.inherited = inherited_sockets(handed_over())
        try:
            self.server.privilegedStartService()
        except ListenFailed as problem:
            # The log has the reasons.
            raise SystemExit(1) from problem

    def startService(self) -> None:
        self.running = 1
        Allocator().keep_ready()
        # Before anybody can read that we are ready, and once more when the reactor has installed its own.
        self._take_signals()
        self.reactor.callWhenRunning(self._take_signals)
        self.supervisor.starting()
        self.server.startService()
        path = self.config.string("port-file")
        if path:
            write_file(path, b"%d\n" % (self.server.tcp_port() or self.server.tls_port()))

    def stopService(self) -> Deferred[None]:
        self.running = 0
        self._stopping = True
        self.supervisor.stopping()
        return self.server.stopService()

    # -- signals

    def _take_signals(self) -> None:
        for number in (*STOP_SIGNALS, signal.SIGHUP, signal.SIGUSR1):
            signal.signal(number, self._signalled)

    def _signalled(self, number: int, frame: FrameType | None) -> None:
        """Python calls this between two steps of whatever runs: only pass the word on, which wakes the reactor."""
        if number in STOP_SIGNALS and self._stopping:
            os._exit(1)
        self.reactor.callFromThread(self.heed_signal, number)

    def heed_signal(self, number: int) -> None:
        """What a signal asks for, in the reactor's own time."""
        if number == signal.SIGUSR1:
            self.log.reopen()
            self.server.log("notice", "The log file was opened anew.")
        elif number == signal.SIGHUP:
            self.server.log("notice", "Received SIGHUP, reading files again.")
            self.supervisor.reloading()
            self.log.reopen()
            for reload in self.on_reload:
                try:
                    reload()
                except Exception as problem:
                    # What was read before stays in use.
                    self.server.engine.log_failure("reading files again failed", problem)
            self.supervisor.ready()
        elif not self._stopping:
            self.server.log("warning", f"Received {signal.Signals(number).name} scheduling shutdown...")
            self.server.log("warning", "User requested shutdown...")
            words = self.config.words("shutdown-on-sigterm" if number == signal.SIGTERM else "shutdown-on-sigint")
            save = True if b"save" in words else False if b"nosave" in words else None
            is_forced = b"force" in words
            # A second signal waits for nobody.
            now = b"now" in words or self._was_signalled
            self._was_signalled = True
            if now or not self._waits_for_replicas(partial(self._stop_by_signal, save, is_forced)):
                self._stop_by_signal(save, is_forced)

    def _stop_by_signal(self, save: bool | None, is_forced: bool) -> None:
        self.server.answer_rest()
        if not self.server.prepare_stop(save) and not is_forced:
            self.server.log("warning", "Errors trying to shut down the server, check the logs.")
            self._was_signalled = False
            self._go_on()
            return
        self._end_commands()
        self.reactor.stop()


def open_log_file(path: str) -> LogFile:
    """The file of the log, or the end of the process."""
    try:
        return LogFile(path)
    except OSError as problem:
        fatal(ConfigError("", 0, b"", f"Can't open the log file: {problem.strerror}".encode()))


def write_file(path: str, data: bytes) -> None:
    """Put a file in place at once, with the permissions of the old one: a reader sees all of it or none.

    Raises `OSError`; then the old file is as it was.
    """
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        with open(temporary, "wb") as file:
            with suppress(OSError):
                os.fchmod(file.fileno(), stat.S_IMODE(os.stat(path).st_mode))
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError:
        with suppress(OSError):
            os.unlink(temporary)
        raise
