"""The side of a primary: who follows us, PSYNC, acknowledgements, pings, and who is too slow.

A replica of ours may be our own primary's view of a chain: all this holds for replicas that have replicas, too, but
for pings, which come down the stream.  No reactor: `tick` is called ten times a second, `pump` whenever it asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from miniredis.dispatch.executor import Engine
from miniredis.dispatch.port import DelayedCall, Port
from miniredis.dispatch.roles import ONLINE, WAIT_SNAPSHOT
from miniredis.dispatch.session import Session
from miniredis.dispatch.write_refusals import refuse_writes
from miniredis.formats.aof import encode_command
from miniredis.replication.follower import Follower
from miniredis.replication.full_sync import FullSyncs
from miniredis.replication.history import History
from miniredis.replication.outside import SnapshotSource
from miniredis.resp.errors import ReplyError

PING: Final = encode_command([b"PING"])
GETACK: Final = encode_command([b"REPLCONF", b"GETACK", b"*"])
BEHIND: Final = b"NOMASTERLINK Can't SYNC, this replica is behind the one that asks"
NO_REPLICAS: Final = b"NOREPLICAS Not enough good replicas to write."
#: How often those who fell behind, or get a snapshot, are looked at.
PUMP_S: Final = 0.005
#: What one of them gets at once.
PIECE_BYTES: Final = 1 << 20


class Primary:
    """The replicas of one server."""

    def __init__(self, engine: Engine, history: History, snapshots: SnapshotSource) -> None:
        self.engine: Engine = engine
        self.history: History = history
        history.on_behind = self.schedule
        self.followers: list[Follower] = []
        #: Clients that introduced themselves and did not ask for the stream yet, by client id.
        self.introduced: dict[int, Follower] = {}
        self.no_port: Port = Port()
        self.full_syncs: FullSyncs = FullSyncs(engine, history, snapshots, self)
        self.on_acknowledged: Callable[[], None] = _nothing
        #: Aux fields that say where our data belongs.
        self.origin: Callable[[], list[tuple[bytes, bytes]]] = list
        #: Whether writes are paused for a failover: then nothing of our own may go into the stream.
        self.is_paused: bool = False
        self._last_ping_ms: int = self.now_ms()
        self._alone_since_ms: int = self.now_ms()
        self._last_second_ms: int = 0
        self._pumping: DelayedCall | None = None

    def now_ms(self) -> int:
        """For durations; steps of the wall clock do not reach it."""
        return self.engine.time.monotonic_ns() // 1_000_000

    # -- arrival

    def introduce(self, session: Session) -> Follower:
        """What is known of a client as a replica."""
        for follower in self.followers:
            if follower.session is session:
                return follower
        introduced = self.introduced.get(session.id)
        if introduced is None:
            introduced = self.introduced[session.id] = Follower(session)
            session.on_closed.append(self.left)
        return introduced

    def find(self, session: Session) -> Follower | None:
        """The replica behind a session, if there is one."""
        for follower in self.followers:
            if follower.session is session:
                return follower
        return None

    def _enlist(self, follower: Follower) -> None:
        self.introduced.pop(follower.session.id, None)
        follower.enlist(self.now_ms())
        # It was an ordinary client until now.
        self.engine.counters.replication_bytes_out -= follower.session.bytes_out
        if self.engine.config.flag("repl-disable-tcp-nodelay"):
            follower.session.port.gather_packets()
        self.followers.append(follower)

    def synchronise(self, session: Session, replication_id: bytes, offset: int) -> None:
        """PSYNC: go on from `offset` if that is possible, else with everything.

        Raises `ReplyError` for who has more of our history than we have ourselves: a sibling that was hung below us
        while we lag.  Everything we could send would take writes back that it has acknowledged; soon we can go on.
        """
        follower = self.introduce(session)
        history = self.history
        if self.engine.is_replica and replication_id.lower() == history.id and offset > history.offset():
            self.engine.log(
                "notice",
                f"Replica {follower.name()} has more of our history ({offset}) than we have ({history.offset()}).",
            )
            raise ReplyError(BEHIND)
        if replication_id != b"?" and self._go_on(follower, replication_id, offset):
            return
        self.begin_full(follower)

    def begin_full(self, follower: Follower) -> None:
        """Send everything, then the stream."""
        self.full_syncs.check(follower)
        self.engine.counters.full_syncs += 1
        if not self.followers and self.history.backlog is None and not self.engine.is_replica:
            # Nobody noted what was written since: nobody may take it for the same history.
            self.history.begin_new()
        self.history.open_backlog()
        self._enlist(follower)
        self.full_syncs.add(follower)
        self.schedule()

    def _go_on(self, follower: Follower, replication_id: bytes, offset: int) -> bool:
        history = self.history
        log = self.engine.log
        name = follower.name()
        if not history.accepts(replication_id, offset):
            self.engine.counters.refused_partial_syncs += 1
            log(
                "notice",
                f"Partial resynchronization not accepted: replica {name} asked for {replication_id.decode('latin-1')} "
                f"at {offset + 1}, my replication IDs are {history.id.decode()} and {history.second_id.decode()}",
            )
            return False
        backlog = history.backlog
        if backlog is None or not backlog.holds(offset):
            self.engine.counters.refused_partial_syncs += 1
            log(
                "notice",
                f"Unable to partial resync with replica {name} for lack of backlog (it asked for {offset + 1}).",
            )
            return False
        self.engine.counters.partial_syncs += 1
        self._enlist(follower)
        follower.state = ONLINE
        follower.offset = offset
        follower.acked_offset = offset
        reply = b"+CONTINUE " + history.id if follower.knows_second_id else b"+CONTINUE"
        follower.session.push(reply + b"\r\n")
        backlog.add(follower)
        log(
            "notice",
            f"Partial resynchronization request from {name} accepted. Sending {backlog.end - offset} bytes of backlog "
            f"starting from offset {offset + 1}.",
        )
        self.check_writes()
        self.schedule()
        return True

    def left(self, session: Session) -> None:
        """A client is gone that was introduced."""
        self.introduced.pop(session.id, None)
        follower = self.find(session)
        if follower is None:
            return
        self.followers.remove(follower)
        backlog = self.history.backlog
        if backlog is not None:
            backlog.remove(follower)
            backlog.trim()
        self.full_syncs.remove(follower)
        if not self.followers:
            self._alone_since_ms = self.now_ms()
        self.engine.log("notice", f"Connection with replica {follower.name()} lost.")
        self.check_writes()

    def put_online(self, follower: Follower) -> None:
        """The snapshot is sent: the stream may flow, from where the snapshot was taken."""
        follower.state = ONLINE
        follower.heard_ms = self.now_ms()
        self.check_writes()
        self.schedule()

    def cut(self, follower: Follower) -> None:
        """End its connection; it may come again."""
        self.left(follower.session)
        follower.session.closing = True
        follower.session.port.close(True)

    def cut_all(self) -> None:
        """Let all come anew."""
        for follower in list(self.followers):
            self.cut(follower)

    def note_alone(self) -> None:
        """From now on the backlog counts as unused, until somebody comes."""
        self._alone_since_ms = self.now_ms()

    # -- acknowledgements

    def acknowledge(self, follower: Follower, offset: int, synced: int) -> None:
        now_ms = self.now_ms()
        follower.heard_ms = now_ms
        follower.has_acked = True
        follower.acked_offset = max(follower.acked_offset, offset)
        if synced >= 0:
            follower.synced_offset = max(follower.synced_offset, synced)
        if follower.awaits_ack and follower.state == ONLINE:
            follower.awaits_ack = False
            self.engine.log("notice", f"Synchronization with replica {follower.name()} succeeded")
            self.check_writes()
            self.schedule()
        self.on_acknowledged()

    def acknowledged_by(self, offset: int) -> int:
        return sum([follower.state == ONLINE and follower.acked_offset >= offset for follower in self.followers])

    def synced_by(self, offset: int) -> int:
        """How many have it on their disks."""
        return sum([follower.state == ONLINE and follower.synced_offset >= offset for follower in self.followers])

    def request_acknowledgements(self) -> None:
        if self.followers and not self.engine.is_replica:
            self.history.write(GETACK)

    # -- time

    def tick(self) -> None:
        """Ten times a second."""
        now_ms = self.now_ms()
        self._look_at_all(now_ms)
        if self.followers:
            self.full_syncs.tick()
            if not self.engine.is_replica and not self.is_paused:
                period_ms = self.engine.config.int("repl-ping-replica-period") * 1000
                if now_ms - self._last_ping_ms >= period_ms:
                    self._last_ping_ms = now_ms
                    self.history.write(PING)
        # Not once a second only: what is acknowledged beyond the bound on lag may be lost.
        self.check_writes()
        if now_ms - self._last_second_ms >= 1000:
            self._last_second_ms = now_ms
            self._each_second(now_ms)

    def _each_second(self, now_ms: int) -> None:
        for follower in self.followers:
            if follower.state == WAIT_SNAPSHOT:
                # It must not think that we are gone while we write a file.
                follower.session.push(b"\n")
        self._forget_unused_backlog(now_ms)

    def _look_at_all(self, now_ms: int) -> None:
        timeout_ms = self.engine.config.int("repl-timeout") * 1000
        for follower in list(self.followers):
            session = follower.session
            if session.bytes_in != follower.heard_bytes:
                follower.heard_bytes = session.bytes_in
                follower.heard_ms = now_ms
            unsent = session.port.unsent_bytes()
            backlog = self.history.backlog
            unread = 0 if backlog is None or follower not in backlog.readers else backlog.unread_bytes(follower)
            if self.engine.client_limits.output_exceeded(session, unsent + unread):
                self.cut(follower)
            elif follower.state == ONLINE:
                if not follower.is_plain and now_ms - follower.heard_ms > timeout_ms:
                    self.engine.log("warning", f"Disconnecting timedout replica (streaming sync): {follower.name()}")
                    self.cut(follower)
            elif follower.state != WAIT_SNAPSHOT:
                if unsent == 0:
                    follower.progress_ms = now_ms
                elif now_ms - follower.progress_ms > timeout_ms:
                    self.engine.log("warning", f"Disconnecting timedout replica (full sync): {follower.name()}")
                    self.cut(follower)

    def _forget_unused_backlog(self, now_ms: int) -> None:
        ttl_ms = self.engine.config.int("repl-backlog-ttl") * 1000
        if self.followers or self.history.backlog is None or self.engine.is_replica or ttl_ms == 0:
            return
        if now_ms - self._alone_since_ms > ttl_ms:
            self.history.begin_new()
            self.history.close_backlog()
            self.engine.log("notice", f"Replication backlog freed after {ttl_ms // 1000} seconds without replicas.")

    def good_followers(self) -> int:
        """Replicas in step whose last word is not older than min-replicas-max-lag."""
        now_ms = self.now_ms()
        lag_ms = self.engine.config.int("min-replicas-max-lag") * 1000
        return sum([each.state == ONLINE and now_ms - each.heard_ms <= lag_ms for each in self.followers])

    def check_writes(self) -> None:
        """min-replicas-to-write."""
        config = self.engine.config
        least = config.int("min-replicas-to-write")
        is_set = least > 0 and config.int("min-replicas-max-lag") > 0 and not self.engine.is_replica
        refuse_writes(self.engine, "replicas", NO_REPLICAS if is_set and self.good_followers() < least else b"")

    # -- those who cannot take what we have at once

    def schedule(self) -> None:
        """Look at them soon."""
        if self._pumping is None:
            self._pumping = self.engine.time.call_later(PUMP_S, self._pump)

    def _pump(self) -> None:
        self._pumping = None
        try:
            again = self.pump()
        except Exception as defect:
            self.engine.log_failure("feeding replicas failed", defect)
            again = bool(self.followers)
        if again:
            self.schedule()

    def pump(self) -> bool:
        """Give each what its peer takes; whether there is more to give."""
        again = self.full_syncs.pump()
        backlog = self.history.backlog
        if backlog is None:
            return again
        now_ms = self.now_ms()
        for follower in list(self.followers):
            if follower.in_step or not follower.is_streaming() or follower.wants_snapshot_only:
                continue
            again = True
            port = follower.session.port
            if port.unsent_bytes() == 0 and not follower.session.out:
                follower.progress_ms = now_ms
                backlog.fetch(follower, PIECE_BYTES)
                port.wake()
            elif self.engine.client_limits.output_exceeded(
                follower.session, port.unsent_bytes() + backlog.unread_bytes(follower)
            ):
                self.cut(follower)
        backlog.trim()
        return again


def _nothing() -> None:
    """Nobody waits for acknowledgements."""
