"""Full syncs: one snapshot for all replicas that wait for the same, then its way to each of them.

    waiting --(delay over, or a file is wanted)--> job: snapshot of now, +FULLRESYNC id offset
    job, streamed:  each piece goes to all of its replicas when all have taken the last one; ends with a mark
    job, file:      when it is written each replica is sent $size and the bytes at its own pace; more may join before

What is written meanwhile stays in the backlog, where each of these replicas is a reader.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from miniredis.dispatch.executor import Engine
from miniredis.dispatch.roles import SEND_SNAPSHOT
from miniredis.formats.registry import FIELD_EXPIRY_RDB_VERSION, VALKEY_RDB_VERSION
from miniredis.keyspace.snapshot import snapshot_version
from miniredis.replication.follower import Follower
from miniredis.replication.history import History
from miniredis.replication.outside import FAILED, READY, Snapshot, SnapshotSource, SnapshotWish
from miniredis.resp.errors import ReplyError

if TYPE_CHECKING:
    from miniredis.replication.primary import Primary

#: What one replica gets of a snapshot at once.
PIECE_BYTES: Final = 1 << 20
RETRY_MS: Final = 1000
#: How long a replica that choked on new data is not tried again.
REFUSE_MS: Final = 60_000
#: The first Valkey that knows fields with an expiry.
VALKEY_WITH_FIELD_EXPIRY: Final = (9, 0, 0)
#: In a form that makes replicas try again later, not at once.
TOO_NEW: Final = (
    b"NOMASTERLINK Hashes here have fields with an expiry, which this replica could not load when it last tried. "
    b"Remove them, or use a replica that knows them."
)


class Group:
    """What replicas must have in common to share a snapshot."""

    def __init__(self, is_streamed: bool, version: int, has_keys: bool, has_functions: bool) -> None:
        self.is_streamed = is_streamed
        self.version = version
        self.has_keys = has_keys
        self.has_functions = has_functions

    def equals(self, other: Group) -> bool:
        return (
            self.is_streamed == other.is_streamed
            and self.version == other.version
            and self.has_keys == other.has_keys
            and self.has_functions == other.has_functions
        )


class Job:
    """A snapshot and the replicas that get it."""

    def __init__(self, group: Group, snapshot: Snapshot, offset: int, mark: bytes) -> None:
        self.group = group
        self.snapshot = snapshot
        #: The stream's offset when it was taken.
        self.offset = offset
        self.mark = mark
        self.followers: list[Follower] = []
        self.is_ready = False


class FullSyncs:
    """The full syncs of one server: at most one snapshot is being made at a time."""

    def __init__(self, engine: Engine, history: History, source: SnapshotSource, primary: Primary) -> None:
        self.engine: Engine = engine
        self.history: History = history
        self.source: SnapshotSource = source
        self.primary: Primary = primary
        self.waiting: list[Follower] = []
        self.jobs: list[Job] = []
        self._first_came_ms: int = 0
        self._next_try_ms: int = 0
        #: Replicas that broke off when they were sent what old servers cannot read: until when they are refused.
        self._choked: dict[tuple[bytes, int], int] = {}

    # -- coming and going

    def add(self, follower: Follower) -> None:
        """It waits for a snapshot."""
        if not self.waiting:
            self._first_came_ms = self.primary.now_ms()
        self.waiting.append(follower)
        group = self._group_of(follower)
        for job in self.jobs:
            if not group.is_streamed and job.group.equals(group) and not job.is_ready and self._may_join(job):
                self.waiting.remove(follower)
                self._join(job, follower)
                return
        if group.is_streamed:
            self.engine.log("notice", f"Delay next BGSAVE for diskless SYNC: replica {follower.name()} waits")
        self.tick()

    def check(self, follower: Follower) -> None:
        """Refuse a replica that broke off before, as long as the reason holds: it would cost a snapshot each time."""
        until_ms = self._choked.get((follower.host(), follower.announced_port), -1)
        if until_ms > self.primary.now_ms() and snapshot_version(self.engine.keyspace) == FIELD_EXPIRY_RDB_VERSION:
            raise ReplyError(TOO_NEW)

    def _may_join(self, job: Job) -> bool:
        backlog = self.history.backlog
        return backlog is not None and backlog.holds(job.offset)

    def remove(self, follower: Follower) -> None:
        """It is gone."""
        if follower in self.waiting:
            self.waiting.remove(follower)
        if follower.got_new_version and not follower.has_acked:
            self._choked[(follower.host(), follower.announced_port)] = self.primary.now_ms() + REFUSE_MS
            self.engine.log(
                "warning",
                f"Replica {follower.name()} broke off a full sync whose data has fields with an expiry (RDB version "
                f"{FIELD_EXPIRY_RDB_VERSION}): servers before Redis 7.4 and Valkey 9 cannot load it. It is refused for "
                f"{REFUSE_MS // 1000} seconds, or until no hash has such fields any more",
            )
        for job in list(self.jobs):
            if follower in job.followers:
                job.followers.remove(follower)
                if not job.followers:
                    self._end(job)

    def stop(self) -> None:
        """The server stops."""
        for job in list(self.jobs):
            self._end(job)

    def _end(self, job: Job) -> None:
        self.jobs.remove(job)
        job.snapshot.close()

    def _fail(self, job: Job, reason: str) -> None:
        self.engine.log("warning", f"Full sync failed: the snapshot could not be made: {reason}")
        followers = list(job.followers)
        self._next_try_ms = self.primary.now_ms() + RETRY_MS
        for follower in followers:
            follower.got_new_version = False
            self.primary.cut(follower)
        if job in self.jobs:
            self._end(job)

    # -- beginning

    def _group_of(self, follower: Follower) -> Group:
        version = VALKEY_RDB_VERSION if follower.version >= VALKEY_WITH_FIELD_EXPIRY else 0
        if snapshot_version(self.engine.keyspace) != FIELD_EXPIRY_RDB_VERSION:
            version = 0
        is_streamed = follower.takes_end_mark and self.engine.config.flag("repl-diskless-sync")
        has_functions = not follower.wants_nothing
        return Group(is_streamed, version, has_functions and not follower.wants_functions_only, has_functions)

    def _is_due(self, group: Group, count: int) -> bool:
        now_ms = self.primary.now_ms()
        if now_ms < self._next_try_ms:
            return False
        if not group.is_streamed:
            return True
        config = self.engine.config
        most = config.int("repl-diskless-sync-max-replicas")
        if 0 < most <= count:
            return True
        return now_ms - self._first_came_ms >= config.int("repl-diskless-sync-delay") * 1000

    def is_making(self) -> bool:
        """Whether a snapshot is being made."""
        return any(not job.is_ready for job in self.jobs)

    def tick(self) -> None:
        """Begin what is due."""
        if not self.waiting or self.is_making():
            return
        group = self._group_of(self.waiting[0])
        followers = [each for each in self.waiting if self._group_of(each).equals(group)]
        if self._is_due(group, len(followers)):
            self._begin(group, followers)

    def _begin(self, group: Group, followers: list[Follower]) -> None:
        engine = self.engine
        history = self.history
        # What ran in this turn and expired unasked belongs before the snapshot.
        backlog = history.open_backlog()
        if not engine.is_replica:
            backlog.forget_database()
        aux = self.primary.origin()
        wish = SnapshotWish(aux, group.version, group.is_streamed, group.has_keys, group.has_functions)
        try:
            snapshot = self.source.begin(wish)
        except OSError as problem:
            engine.log("warning", f"Full sync failed: can't make a snapshot: {problem.strerror or problem}")
            self._next_try_ms = self.primary.now_ms() + RETRY_MS
            return
        mark = b"%040x" % engine.random.getrandbits(160)
        job = Job(group, snapshot, backlog.end, mark)
        self.jobs.append(job)
        target = "replicas sockets" if group.is_streamed else "disk"
        engine.log("notice", f"Starting BGSAVE for SYNC with target: {target}")
        for follower in followers:
            self.waiting.remove(follower)
            self._join(job, follower)

    def _join(self, job: Job, follower: Follower) -> None:
        session = follower.session
        job.followers.append(follower)
        follower.offset = job.offset
        follower.sent = 0
        follower.got_new_version = (
            job.group.has_keys
            and job.group.version == 0
            and snapshot_version(self.engine.keyspace) == FIELD_EXPIRY_RDB_VERSION
        )
        backlog = self.history.backlog
        assert backlog is not None
        if not follower.wants_snapshot_only:
            backlog.add(follower)
        if not follower.is_plain:
            session.push(b"+FULLRESYNC %s %d\r\n" % (self.history.id, job.offset))
        if job.group.is_streamed:
            follower.state = SEND_SNAPSHOT
            session.push(b"$EOF:" + job.mark + b"\r\n")
        self.primary.schedule()

    # -- sending

    def pump(self) -> bool:
        """Move snapshots on; whether there is more to move."""
        for job in list(self.jobs):
            if job.group.is_streamed:
                self._pump_stream(job)
            else:
                self._pump_file(job)
        return len(self.jobs) > 0 or len(self.waiting) > 0

    def _pump_stream(self, job: Job) -> None:
        for follower in job.followers:
            if follower.session.out or follower.session.port.unsent_bytes() > 0:
                return  # the slowest decides: there is one copy only
        now_ms = self.primary.now_ms()
        piece = job.snapshot.read(0, PIECE_BYTES)
        if piece:
            for follower in job.followers:
                follower.progress_ms = now_ms
                follower.session.push(piece)
            return
        state = job.snapshot.poll()
        if state == FAILED:
            self._fail(job, job.snapshot.message)
        elif state == READY:
            for follower in job.followers:
                follower.session.push(job.mark)
                # What follows the mark must not come before the mark is understood.
                follower.awaits_ack = True
                self._sent(follower)
            job.followers = []
            self._end(job)

    def _pump_file(self, job: Job) -> None:
        if not job.is_ready:
            state = job.snapshot.poll()
            if state == FAILED:
                self._fail(job, job.snapshot.message)
                return
            if state != READY:
                return
            job.is_ready = True
            for follower in job.followers:
                follower.state = SEND_SNAPSHOT
                follower.session.push(b"$%d\r\n" % job.snapshot.size)
        now_ms = self.primary.now_ms()
        for follower in list(job.followers):
            session = follower.session
            if session.out or session.port.unsent_bytes() > 0:
                continue
            follower.progress_ms = now_ms
            try:
                piece = job.snapshot.read(follower.sent, PIECE_BYTES)
            except OSError as problem:
                self._fail(job, problem.strerror or str(problem))
                return
            follower.sent += len(piece)
            if piece:
                session.push(piece)
            if follower.sent >= job.snapshot.size:
                job.followers.remove(follower)
                self._sent(follower)
        if not job.followers and job in self.jobs:
            self._end(job)

    def _sent(self, follower: Follower) -> None:
        if follower.wants_snapshot_only:
            # It closes when it has read all; it must not wait for a stream.
            follower.is_plain = True
            follower.awaits_ack = False
        else:
            self.engine.log("notice", f"Snapshot sent to replica {follower.name()}")
        self.primary.put_online(follower)
