"""FAILOVER: a primary hands its role to a replica that has everything, and follows it.

NO_FAILOVER --begin: writes pause--> WAITING_FOR_SYNC --the target acknowledged all--> FAILOVER_IN_PROGRESS
     ^                                      |  timeout: given up, or (FORCE) gone on with          |
     +--------- aborted: writes go on ------+------------------------------------------------------+
                                                 PSYNC ... FAILOVER was accepted: we are its replica
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from miniredis.dispatch.executor import Engine
from miniredis.dispatch.pause import FOR_FAILOVER
from miniredis.dispatch.roles import FAILOVER_IN_PROGRESS, NO_FAILOVER, ONLINE, WAITING_FOR_SYNC
from miniredis.keyspace.database import EXPIRE_DELETE, EXPIRE_HIDE
from miniredis.replication.follower import Follower
from miniredis.replication.history import History
from miniredis.replication.primary import GETACK, Primary
from miniredis.resp.errors import error

#: Writes are paused without an end; the failover ends the pause.
PAUSE_MS: Final = 1 << 40


class Failover:
    """The failover of one server, while there is one."""

    def __init__(
        self,
        engine: Engine,
        history: History,
        primary: Primary,
        hand_over: Callable[[str, int], None],
        take_back: Callable[[], None],
    ) -> None:
        self.engine: Engine = engine
        self.history: History = history
        self.primary: Primary = primary
        #: Follow this server and ask it to take over; be a primary again.
        self.hand_over: Callable[[str, int], None] = hand_over
        self.take_back: Callable[[], None] = take_back
        self.state: bytes = NO_FAILOVER
        self._target: tuple[str, int] = ("", 0)
        self._is_forced: bool = False
        self._deadline_ms: int = -1
        self._wanted_offset: int = 0

    def is_on(self) -> bool:
        return self.state != NO_FAILOVER

    def begin(self, host: str, port: int, is_forced: bool, timeout_ms: int) -> None:
        if self.is_on():
            raise error(b"FAILOVER already in progress.")
        if self.engine.is_replica:
            raise error(b"FAILOVER is not valid when server is a replica.")
        if not self.primary.followers:
            raise error(b"FAILOVER requires connected replicas.")
        if is_forced and (timeout_ms == 0 or not host):
            raise error(b"FAILOVER with force option requires both a timeout and target HOST and IP.")
        if host:
            target = self._find(host, port)
            if target is None:
                raise error(b"FAILOVER target HOST and PORT is not a replica.")
            if target.state != ONLINE:
                raise error(b"FAILOVER target replica is not online.")
        self._target = (host, port)
        self._is_forced = is_forced
        now_ms = self.primary.now_ms()
        self._deadline_ms = now_ms + timeout_ms if timeout_ms > 0 else -1
        self.engine.log("notice", "FAILOVER requested.")
        self.state = WAITING_FOR_SYNC
        # Nothing may change any more: no writes, no expiry, no pings; one request to say how far everybody is.
        self.engine.pause.begin(PAUSE_MS, True, FOR_FAILOVER)
        self.engine.keyspace.set_expire_policy(EXPIRE_HIDE)
        # Twice: servers answer with how far they are before the request, so the second answer says that the first
        # request has arrived, and the second came with it.
        self.primary.request_acknowledgements()
        self.primary.request_acknowledgements()
        self._wanted_offset = self.history.offset() - len(GETACK)
        self.primary.is_paused = True

    def _find(self, host: str, port: int) -> Follower | None:
        for follower in self.primary.followers:
            if follower.host().decode("utf-8", "replace") == host and follower.announced_port == port:
                return follower
        return None

    def tick(self) -> None:
        """Ten times a second, and after acknowledgements."""
        if self.state != WAITING_FOR_SYNC:
            return
        host, port = self._target
        for follower in self.primary.followers:
            if host and follower is not self._find(host, port):
                continue
            if follower.state == ONLINE and follower.acked_offset >= self._wanted_offset:
                self.engine.log("notice", f"Failover target is {follower.name()}, it has everything.")
                self._hand_over(follower.host().decode("utf-8", "replace"), follower.announced_port)
                return
        if 0 <= self._deadline_ms <= self.primary.now_ms():
            if self._is_forced:
                self.engine.log("notice", f"Failover to {host}:{port} time out exceeded, failing over.")
                self._hand_over(host, port)
            else:
                self.abort("Replica never caught up before timeout")

    def _hand_over(self, host: str, port: int) -> None:
        self.state = FAILOVER_IN_PROGRESS
        self.hand_over(host, port)

    def refused(self) -> None:
        """The target does not take over."""
        if self.state == FAILOVER_IN_PROGRESS:
            self.abort("Failover target rejected psync request")

    def completed(self) -> None:
        """The target took over: we follow it."""
        if self.state == FAILOVER_IN_PROGRESS:
            self.engine.log("notice", "Failover was successful.")
            self._end()

    def abort(self, why: str) -> bool:
        """Stay what we are; False when there is no failover."""
        if not self.is_on():
            return False
        self.engine.log("notice", f"Aborting failover: {why}")
        was_handed_over = self.state == FAILOVER_IN_PROGRESS
        self.state = NO_FAILOVER
        if was_handed_over:
            self.take_back()
        self._end()
        return True

    def _end(self) -> None:
        self.state = NO_FAILOVER
        self._target = ("", 0)
        self._deadline_ms = -1
        self.primary.is_paused = False
        if not self.engine.is_replica:
            self.engine.keyspace.set_expire_policy(EXPIRE_DELETE)
        self.engine.pause.end(FOR_FAILOVER)
