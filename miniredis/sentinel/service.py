"""The sentinel as part of a running server: ticks by LoopingCall, real connections, scripts, the file.

A LoopingCall stops for good at the first exception of what it calls, and waits for as long as a Deferred does not
fire.  What it calls here can do neither: a tick returns nothing and logs its exceptions; and a watchdog of its own,
driven by plain timers, starts the loop anew should it ever have stopped.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.python.failure import Failure

from miniredis.config.config import Config
from miniredis.dispatch.executor import Engine
from miniredis.resp.errors import ReplyError, error
from miniredis.resp.replies import OK
from miniredis.sentinel import watch
from miniredis.sentinel.instances import SENTINEL, Address, Channel, Instance
from miniredis.sentinel.link import SubscriptionChannel, TcpChannel, Wrap
from miniredis.sentinel.state import Sentinel
from miniredis.sentinel.state_lines import read_state, write_state
from miniredis.sentinel.timing import TICK_MS

#: The watchdog looks this often whether ticks come.
WATCHDOG_S = 1.0
#: Levels that are not worth a line of the log.
SILENT_LEVELS = ("debug",)


class SentinelEdge:
    """One sentinel in its process: what `Outside` asks for, made of Twisted and files."""

    def __init__(self, engine: Engine, reactor: Any) -> None:
        self.engine = engine
        self.reactor = reactor
        self.sentinel = Sentinel(self, engine.random, own_port(engine.config))
        #: Puts TLS, or nothing, around a link.
        self.wrap: Wrap = _as_it_is
        self._loop = self._new_loop()
        self._ticks = 0
        self._ticks_seen = -1
        self._watchdog: Any = None
        self._scripts: dict[int, subprocess.Popen[bytes]] = {}
        engine.sentinel = self
        engine.mode = b"sentinel"
        read_state(self.sentinel, engine.config.lines("sentinel"), self.now_ms())

    def now_ms(self) -> int:
        return self.engine.time.wall_ms()

    # -- start and stop

    def start(self) -> None:
        sentinel = self.sentinel
        if not self._save_first():
            self.engine.log("warning", "Sentinel config file is not writable: nothing would survive a restart.")
        self.engine.log("notice", f"Sentinel ID is {sentinel.my_id.decode()}")
        for primary in sentinel.primaries.values():
            sentinel.event("warning", "+monitor", primary, f"quorum {primary.settings.quorum}")
        self._begin()
        self._watchdog = self.reactor.callLater(WATCHDOG_S, self._watch_loop)

    def _save_first(self) -> bool:
        try:
            self.save()
        except OSError:
            return False
        return True

    def stop(self) -> None:
        if self._watchdog is not None and self._watchdog.active():
            self._watchdog.cancel()
        self._watchdog = None
        if self._loop.running:
            self._loop.stop()
        for instance in self.sentinel.instances():
            self.sentinel.disconnect(instance.link)
        for pid in list(self._scripts):
            self._kill(pid)

    def _new_loop(self) -> LoopingCall:
        loop = LoopingCall(self.tick)
        loop.clock = self.reactor
        return loop

    def _begin(self) -> None:
        self._loop.start(TICK_MS / 1000, now=True).addErrback(self._loop_failed)

    def _loop_failed(self, failure: Failure) -> None:
        self.engine.log_failure("the sentinel's loop has stopped", failure.value)

    def _watch_loop(self) -> None:
        """Whatever happened to the loop: ticks go on."""
        self._watchdog = self.reactor.callLater(WATCHDOG_S, self._watch_loop)
        if self._ticks == self._ticks_seen:
            self.engine.log("warning", "The sentinel's ticks have stopped; they are started anew.")
            if self._loop.running:
                self._loop.stop()
            self._loop = self._new_loop()
            self._begin()
        self._ticks_seen = self._ticks

    def tick(self) -> None:
        """One look at everything; never raises, and returns nothing that could be waited for."""
        self._ticks += 1
        self.engine.begin_turn()
        now_ms = self.now_ms()
        try:
            watch.tick(self.sentinel, now_ms)
        except Exception as defect:
            self.engine.log_failure("a tick of the sentinel failed", defect)
        try:
            self._run_scripts(now_ms)
        except Exception as defect:
            self.engine.log_failure("the sentinel's scripts failed", defect)

    # -- what the sentinel needs of the world

    def connect(self, instance: Instance, opened: Callable[[str], None], lost: Callable[[], None]) -> Channel:
        channel = TcpChannel(self._opening(instance, b"cmd"), opened, lost, self.engine.log_failure)
        self._connect(channel, instance)
        return channel

    def subscribe(self, instance: Instance, heard: Callable[[bytes | None], None], lost: Callable[[], None]) -> Channel:
        channel = SubscriptionChannel(self._opening(instance, b"pubsub"), heard, lost, self.engine.log_failure)
        self._connect(channel, instance)
        return channel

    def _connect(self, channel: TcpChannel, instance: Instance) -> None:
        words = self.engine.config.words("bind")
        # As Redis: with one address to listen on, that is also where connections come from.
        source = words[0].decode() if len(words) == 1 and words[0] not in (b"*", b"0.0.0.0", b"::") else ""
        address = instance.address
        channel.connect(self.reactor, address.host, address.port, source.removeprefix("-"), self.wrap)

    def _opening(self, instance: Instance, purpose: bytes) -> list[list[bytes]]:
        """What is said first: who we are."""
        sentinel, settings = self.sentinel, instance.settings
        user, password = settings.user, settings.password
        if instance.kind == SENTINEL:
            user, password = sentinel.user, sentinel.password or self.engine.config.text("requirepass")
        opening: list[list[bytes]] = []
        if password:
            opening.append([b"AUTH", user, password] if user else [b"AUTH", password])
        name = b"sentinel-" + sentinel.my_id[:8] + b"-" + purpose
        opening.append([settings.renamed.get(b"client", b"CLIENT"), b"SETNAME", name])
        return opening

    def event(self, level: str, name: str, text: str) -> None:
        if level not in SILENT_LEVELS:
            self.engine.log(level, f"{name} {text}".strip())
        if name:
            self.engine.pubsub.publish(name.encode(), text.encode("utf-8", "surrogateescape"))

    def save(self) -> None:
        config = self.engine.config
        config.assign_lines("sentinel", write_state(self.sentinel))
        if self.engine.rewrite_config is not None:
            self.engine.rewrite_config()
            self.engine.log("notice", "Sentinel new configuration saved on disk")

    def crash(self) -> None:
        self.engine.log("warning", "Sentinel CRASH because of SENTINEL simulate-failure")
        os._exit(99)

    # -- SENTINEL MONITOR

    def monitor(self, name: str, host: str, port: int, quorum: int) -> object:
        """OK, or a Deferred of it when the host has to be looked up first."""
        if isIPAddress(host) or isIPv6Address(host):
            return self._monitor(name, Address(host, port), quorum)
        if not self.sentinel.resolves_hostnames:
            raise error(b"Invalid IP address or hostname specified")
        resolving: Deferred[object] = self.reactor.resolve(host)
        resolving.addCallbacks(
            lambda ip: self._monitor(name, Address(host, port, str(ip)), quorum), _cannot_be_resolved
        )
        return resolving

    def _monitor(self, name: str, address: Address, quorum: int) -> object:
        sentinel = self.sentinel
        if not 0 < address.port <= 65535:
            raise error(b"Invalid port number.")
        if quorum <= 0:
            raise error(b"Quorum must be 1 or greater.")
        if name in sentinel.primaries:
            raise error(b"Duplicate master name.")
        primary = sentinel.add_primary(name, address, quorum, self.now_ms())
        sentinel.save()
        sentinel.event("warning", "+monitor", primary, f"quorum {quorum}")
        return OK

    # -- scripts

    def _run_scripts(self, now_ms: int) -> None:
        queue = self.sentinel.scripts
        for pid, process in list(self._scripts.items()):
            status = process.poll()
            if status is not None:
                del self._scripts[pid]
                queue.ended(pid, status if status >= 0 else None, now_ms, self._report_script)
        queue.end_overdue(now_ms, self._kill, self._report_script)
        queue.run_due(now_ms, self._start_script, self._report_script)

    def _start_script(self, argv: list[bytes]) -> int:
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, close_fds=True)
        self._scripts[process.pid] = process
        return process.pid

    def _kill(self, pid: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    def _report_script(self, name: str, text: str) -> None:
        self.event("warning", name, text)


def _cannot_be_resolved(failure: Failure) -> object:
    return ReplyError(b"ERR Invalid IP address or hostname specified")


def own_port(config: Config) -> int:
    """Where other sentinels reach us: by TLS if that is how we reach them."""
    return (config.flag("tls-replication") and config.int("tls-port")) or config.int("port")


def _as_it_is(factory: Any, host: str) -> Any:
    return factory
