"""The replication of one server: both sides of it, and the change from one role to the other.

As primary: primary.py and full_sync.py.  As replica: following.py.  Both at once: a replica that has replicas.
What is shared is the history (history.py): the ids, the offset, the backlog.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from miniredis.dispatch.executor import Engine
from miniredis.dispatch.gates import GATE_BUSY, GATE_REPLICA, GATE_STALE
from miniredis.dispatch.roles import ReplicaStatus, Replication
from miniredis.keyspace.database import EXPIRE_DELETE, EXPIRE_HIDE
from miniredis.replication.failover import Failover
from miniredis.replication.farewell import Farewell
from miniredis.replication.following import Following
from miniredis.replication.history import History
from miniredis.replication.info import backlog_memory_fields, replication_fields, sync_fields
from miniredis.replication.outside import Network, SnapshotSource, Storage
from miniredis.replication.primary import Primary
from miniredis.replication.waiting import Waits
from miniredis.resp.errors import ReplyError

UNBLOCKED: Final = b"UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)"
MARKS_KEPT: Final = 64


class ServerReplication(Replication):
    """What `engine.replication` is in a server that has sockets."""

    def __init__(self, engine: Engine, network: Network, snapshots: SnapshotSource, storage: Storage) -> None:
        super().__init__()
        self.engine: Engine = engine
        self.history: History = History(engine)
        self.primary: Primary = Primary(engine, self.history, snapshots)
        self.following: Following = Following(engine, self.history, network, storage)
        self.failover: Failover = Failover(engine, self.history, self.primary, self._hand_over, self.promote)
        self.waits: Waits = Waits(engine)
        self.farewell: Farewell = Farewell(engine, self.history, self.primary)
        #: (position in our log, offset in the stream) of what was applied: to tell what of it is on disk.
        self._marks: list[tuple[int, int]] = []
        self.primary.on_acknowledged = self._acknowledged
        self.primary.origin = self.snapshot_origin
        following = self.following
        following.on_link_changed = self._link_changed
        following.on_new_history = self._new_history
        following.on_renamed = self.primary.cut_all
        following.on_replaced = self._replaced
        following.durable_offset = self.durable_offset
        following.failover_refused = self.failover.refused
        engine.replication = self
        engine.info_sources[b"replication"] = [lambda: replication_fields(self)]
        engine.info_sources.setdefault(b"stats", []).append(lambda: sync_fields(self))
        engine.info_sources.setdefault(b"memory", []).append(lambda: backlog_memory_fields(self))
        config = engine.config
        config.follow(["replica-read-only", "replica-serve-stale-data"], self._choose_gates)
        config.follow(["repl-backlog-size"], self._resize)
        config.follow(["min-replicas-to-write", "min-replicas-max-lag"], self.primary.check_writes)

    def tick(self) -> None:
        """Ten times a second."""
        self.following.tick()
        self.primary.tick()
        self.failover.tick()
        self.farewell.tick()
        self._mark()
        self.waits.look_again()

    # -- roles

    def prepare(self) -> None:
        """Before anything is loaded: what the configuration says we are."""
        words = self.engine.config.words("replicaof")
        if words:
            self._become_replica(words[0].decode("utf-8", "replace"), int(words[1]))

    def begin(self) -> None:
        """All is loaded: go to the primary, if we have one."""
        if self.engine.is_replica:
            self.engine.keyspace.set_expire_policy(EXPIRE_HIDE)
            self.following.connect()

    def follow(self, host: str, port: int) -> None:
        was_primary = not self.engine.is_replica
        if was_primary and not self.failover.is_on():
            # What we wrote so far may be a part of the new primary's history: it can be asked.
            self.history.open_backlog()
        self._become_replica(host, port)
        self.primary.cut_all()
        for waiter in list(self.engine.waiting.waiters.values()):
            self.engine.release(waiter, ReplyError(UNBLOCKED))
        self.following.connect()
        for told in self.on_role_changed:
            told()

    def _become_replica(self, host: str, port: int) -> None:
        engine = self.engine
        engine.is_replica = True
        self.history.choose_source()
        engine.keyspace.set_expire_policy(EXPIRE_HIDE)
        engine.config.assign("replicaof", f"{host} {port}".encode())
        self.following.follow(host, port)
        self._choose_gates()
        self.primary.check_writes()

    def promote(self) -> None:
        engine = self.engine
        if not engine.is_replica:
            return
        history = self.history
        self.following.stop()
        if history.is_whole:
            history.part()
        else:
            history.begin_new()
            history.is_whole = True
        engine.is_replica = False
        engine.config.assign("replicaof", b"no one")
        history.choose_source()
        engine.keyspace.set_expire_policy(EXPIRE_DELETE)
        # Those who followed us along come again, and go on with our new id.
        self.primary.cut_all()
        self.primary.note_alone()
        self._choose_gates()
        self.primary.check_writes()
        engine.log("notice", f"Setting secondary replication ID to {history.second_id.decode()}, valid up to offset: "
                   f"{history.second_until + 1}. New replication ID is {history.id.decode()}")  # fmt: skip
        for told in self.on_role_changed:
            told()

    def _hand_over(self, host: str, port: int) -> None:
        """A failover: follow this replica of ours, and ask it to take over."""
        self.follow(host, port)
        self.following.asks_failover = True

    def stop(self) -> None:
        """The server stops: no link, nothing in the works."""
        self.following.drop()
        self.primary.full_syncs.stop()

    def _choose_gates(self) -> None:
        engine = self.engine
        config = engine.config
        gates = engine.gates & ~(GATE_REPLICA | GATE_STALE)
        if engine.is_replica:
            if config.flag("replica-read-only"):
                gates |= GATE_REPLICA
            if not self.following.is_up() and not config.flag("replica-serve-stale-data"):
                gates |= GATE_STALE
        engine.gates = gates

    def _link_changed(self) -> None:
        self._choose_gates()
        if self.following.is_up():
            self.failover.completed()
        for told in self.on_link_changed:
            told()

    def _new_history(self) -> None:
        """Our data goes: who follows us has to begin anew, too."""
        self.primary.cut_all()
        self.history.close_backlog()

    def _replaced(self, aux: dict[bytes, bytes], functions: list[bytes]) -> None:
        engine = self.engine
        self._marks = []
        engine.effects.clear()
        if engine.effects.listening:
            engine.effects.flushed.extend(range(len(engine.keyspace.databases)))
            engine.deliver_unasked(engine.own_session(self.primary.no_port))
        engine.effects.dirty += engine.keyspace.total_keys()
        self._replace_libraries(functions)
        for told in engine.on_data_replaced:
            told(functions)

    def _replace_libraries(self, functions: list[bytes]) -> None:
        libraries = self.engine.functions
        if libraries is None:
            if functions:
                self.engine.log("warning", f"{len(functions)} function libraries of the primary cannot be kept here")
            return
        libraries.flush_libraries()
        for code in functions:
            try:
                libraries.load_library(code, True)
            except ReplyError as problem:
                self.engine.log("warning", f"A function library of the primary: {problem.message.decode('latin-1')}")

    def _resize(self) -> None:
        if self.history.backlog is not None:
            self.history.backlog.resize(self.engine.config.int("repl-backlog-size"))

    # -- what is acknowledged and on disk

    def _acknowledged(self) -> None:
        if self.engine.gates & GATE_BUSY:
            return  # no change of role, and no waiter's turn, in the middle of a script: the next tick looks
        self.failover.tick()
        self.farewell.tick()
        self.waits.look_again()
        for told in self.on_acknowledged:
            told()

    def _mark(self) -> None:
        log = self.engine.log_buffer
        stream = self.following.stream
        if log is None or stream is None:
            return
        if not self._marks or self._marks[-1][1] != stream.applied:
            self._marks.append((log.appended, stream.applied))
            del self._marks[:-MARKS_KEPT]

    def durable_offset(self) -> int:
        """How far the stream is on our disk; -1 without a log."""
        log = self.engine.log_buffer
        if log is None:
            return -1
        self._mark()
        durable = log.durable()
        offset = 0
        for position, applied in self._marks:
            if position <= durable:
                offset = applied
        return offset

    # -- the interface

    def is_following(self) -> bool:
        return self.engine.is_replica

    def primary_address(self) -> tuple[str, int]:
        return self.following.host, self.following.port

    def is_link_up(self) -> bool:
        return self.following.is_up()

    def link_down_since_ms(self) -> int:
        if self.following.is_up():
            return -1
        return self._wall_ms(self.following.down_since_ms)

    def heard_ms(self) -> int:
        return self._wall_ms(self.following.heard_ms)

    def _wall_ms(self, monotonic_ms: int) -> int:
        if monotonic_ms == 0:
            return 0
        return self.engine.time.wall_ms() - (self.primary.now_ms() - monotonic_ms)

    def offset(self) -> int:
        return self.history.offset()

    def replication_id(self) -> bytes:
        return self.history.id

    def snapshot_origin(self) -> list[tuple[bytes, bytes]]:
        history = self.history
        if history.backlog is None or not history.is_whole or self.following.is_loading():
            return []
        if self.engine.is_replica:
            stream = self.following.stream
            db_index = stream.db_index() if stream is not None else self.following.db_index
        else:
            db_index = max(history.backlog.db_index(), 0)
        return [
            (b"repl-stream-db", b"%d" % db_index),
            (b"repl-id", history.id),
            (b"repl-offset", b"%d" % history.offset()),
        ]

    def take_origin(self, aux: dict[bytes, bytes]) -> None:
        replication_id = aux.get(b"repl-id", b"")
        offset = aux.get(b"repl-offset", b"")
        if len(replication_id) != 40 or not offset.isdigit():
            return
        self.history.restore(replication_id, int(offset), not self.engine.is_replica)
        self.history.open_backlog()
        db_index = aux.get(b"repl-stream-db", b"0")
        if db_index.isdigit():
            self.following.db_index = int(db_index)

    def replicas(self) -> list[ReplicaStatus]:
        return [
            ReplicaStatus(
                each.session.id,
                each.host(),
                each.announced_port,
                each.state,
                each.acked_offset,
                self._wall_ms(each.heard_ms),
            )
            for each in self.primary.followers
        ]

    def acknowledged_by(self, offset: int) -> int:
        return self.primary.acknowledged_by(offset)

    def request_acknowledgements(self) -> None:
        self.primary.request_acknowledgements()

    def begin_failover(self, host: str, port: int, is_forced: bool, timeout_ms: int) -> None:
        self.failover.begin(host, port, is_forced, timeout_ms)

    def abort_failover(self) -> bool:
        return self.failover.abort("Failover manually aborted")

    def failover_state(self) -> bytes:
        return self.failover.state

    def say_farewell(self, timeout_ms: int, done: Callable[[], None]) -> bool:
        return self.farewell.begin(timeout_ms, done)

    def end_farewell(self) -> bool:
        return self.farewell.end()

    def disconnect_replicas(self) -> None:
        self.primary.cut_all()
