"""Atomic slot migration: slots go to another node with all their keys at one moment.

      source: connecting --established--> copying --few are left--> paused --all are there--> handing over --> success
      target: established --keys come, seen by nobody else--> finished: a new epoch, the slots are its own

The source serves the slots to the end.  Keys to send stand in a queue, slot after slot, and every key that is
written meanwhile again; what is sent is the key as it is then.  With few left, or not more of those written meanwhile
than slot-migration-max-failover-repl-bytes allows, writes pause until the target has said that the slots are its own.
Whatever fails before that leaves everything as it was: the target drops what came.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from twisted.python.failure import Failure

from miniredis.cluster.moving import NotConnected, NotSent, Replies, Target, TargetLinks
from miniredis.cluster.node import ClusterNode
from miniredis.cluster.ranges import Ranges, format_range, ranges_of, slots_in
from miniredis.dispatch.session import Session
from miniredis.dispatch.sinks import EventSink
from miniredis.formats.dump import dump_value
from miniredis.keyspace.database import value_memory
from miniredis.keyspace.effects import Effects
from miniredis.keyspace.slots import key_slot
from miniredis.resp.errors import ReplyError, error
from miniredis.resp.numbers import parse_int64
from miniredis.resp.replies import MapReply

if TYPE_CHECKING:
    from miniredis.cluster.cluster import Cluster

#: Keys in one request.
BATCH: Final = 200
#: With so few keys to send writes are paused.
FEW: Final = 100
ANSWER_S: Final = 10.0
PAUSE_MS: Final = 10_000


class Migration:
    """What GETSLOTMIGRATIONS tells of one, on either side."""

    operation = b""

    def __init__(self, cluster: Cluster, name: bytes, source_id: bytes, target_id: bytes, ranges: Ranges) -> None:
        self.cluster = cluster
        self.name = name
        self.source_id = source_id
        self.target_id = target_id
        self.ranges = ranges
        self.slots = set(slots_in(ranges))
        self.state = b"connecting"
        self.message = b""
        self.is_over = False
        self.created_s = self.updated_s = self.acked_s = self._now_s()

    def _now_s(self) -> int:
        return self.cluster.engine.time.wall_ms() // 1000

    def enter(self, state: bytes, message: bytes = b"") -> None:
        self.state = state
        self.message = message
        self.updated_s = self._now_s()

    def describe(self) -> MapReply:
        ranges = b" ".join([format_range(first, last) for first, last in self.ranges])
        return MapReply(
            [
                b"name", self.name, b"operation", self.operation, b"slot_ranges", ranges,
                b"target_node", self.target_id, b"source_node", self.source_id, b"create_time", self.created_s,
                b"last_update_time", self.updated_s, b"last_ack_time", self.acked_s, b"state", self.state,
                b"message", self.message, b"cow_size", 0, b"remaining_repl_size", 0,
            ]
        )  # fmt: skip


class Import(Migration):
    """The target's side; it lasts as long as the connection of the source."""

    operation = b"IMPORT"

    def __init__(self, cluster: Cluster, name: bytes, source_id: bytes, ranges: Ranges, session: Session) -> None:
        super().__init__(cluster, name, source_id, cluster.view.myself.id, ranges)
        self.session = session
        self._began_bytes = session.bytes_in
        self.enter(b"receive-snapshot")

    def received_bytes(self) -> int:
        return self.session.bytes_in - self._began_bytes

    def finish(self) -> int:
        """The slots are ours, with the epoch that is returned."""
        view = self.cluster.view
        for slot in self.slots:
            view.assign(slot, view.myself)
        view.raise_own_epoch()
        view.save_later(sync=True)
        view.must_update = True
        self._end(b"success")
        self.cluster.participant.settle()
        self.cluster.participant.announce_to(view.peers())
        return view.myself.config_epoch

    def fail(self, message: bytes) -> None:
        if not self.is_over:
            self._end(b"failed", message)
            self.cluster.world.drop_keys(sorted(self.slots))

    def _end(self, state: bytes, message: bytes = b"") -> None:
        self.is_over = True
        self.enter(state, message)
        self.cluster.engine.counters.slot_import_bytes += self.received_bytes()
        self.cluster.world.importing -= self.slots
        self.cluster.world.routes_changed()


class Export(Migration, EventSink):
    """The source's side."""

    operation = b"EXPORT"

    def __init__(self, cluster: Cluster, name: bytes, target: ClusterNode, ranges: Ranges, links: TargetLinks) -> None:
        Migration.__init__(self, cluster, name, cluster.view.myself.id, target.id, ranges)
        self.node = target
        self.links = links
        self.engine = cluster.engine
        self.target: Target | None = None
        self._pending: dict[tuple[int, bytes], None] = {}
        #: Slots whose keys have not been put into the queue yet.
        self._untouched: list[int] = []
        #: Once all slots are in the queue: keys that were in it then and have not been sent since.
        self._unsent: int = 0
        self._is_handing_over = False

    # -- what is to be sent

    def on_effects(self, effects: Effects, client_id: int) -> None:
        if effects.flushed or effects.swapped:
            self.fail(b"The database was flushed")
            return
        for event in effects.events:
            if event.modified and key_slot(event.key) in self.slots:
                self._pending[(event.db_index, event.key)] = None

    def _begin_to_gather(self) -> None:
        self._untouched = sorted(self.slots, reverse=True)
        self.engine.event_sinks.append(self)
        self.engine.refresh_listening()

    def _gather(self) -> None:
        """Enough keys for the next request: all of them at once could be millions.

        A slot at least, however many keys are written meanwhile: else writers could keep this from ever ending.
        """
        gathered = False
        while self._untouched and (len(self._pending) < BATCH or not gathered):
            slot = self._untouched.pop()
            for db_index, index in enumerate(self.cluster.world.indexes):
                for key in index.some(slot, index.count(slot)):
                    self._pending[(db_index, key)] = None
                    gathered = True
            if not self._untouched:
                self._unsent = len(self._pending)

    # -- the steps

    def begin(self) -> None:
        node = self.node
        # Links to other nodes are TLS where the bus is.
        port = node.port_by(self.engine.config.flag("tls-cluster"))
        connecting = self.links.connect(node.ip, port, ANSWER_S)
        connecting.addCallbacks(self._establish, self._broken)

    def _establish(self, target: Target) -> None:
        self.target = target
        config = self.engine.config
        commands: list[list[bytes]] = []
        password = config.text("masterauth")
        if password:
            user = config.text("masteruser")
            commands.append([b"AUTH", user, password] if user else [b"AUTH", password])
        ranges = [b"%d" % slot for each in self.ranges for slot in each]
        commands.append(
            [
                b"CLUSTER",
                b"SYNCSLOTS",
                b"ESTABLISH",
                b"SOURCE",
                self.source_id,
                b"NAME",
                self.name,
                b"SLOTSRANGE",
                *ranges,
            ]
        )
        self._ask(commands)

    def _ask(self, commands: list[list[bytes]]) -> None:
        assert self.target is not None
        answered = self.target.ask(commands, ANSWER_S)
        self.engine.counters.slot_export_bytes += self.target.asked_bytes
        answered.addCallbacks(self._answered, self._broken)

    def unanswered_bytes(self) -> int:
        """What was sent and may still wait for its way here."""
        return self.target.asked_bytes if self.target is not None else 0

    def _answered(self, replies: Replies) -> None:
        self.engine.begin_turn()
        self.acked_s = self._now_s()
        if self.is_over:
            return
        for reply in replies:
            if isinstance(reply, ReplyError):
                self.fail(b"The target refused: " + reply.message)
                return
        if self._is_handing_over:
            self._hand_over(replies[-1])
        elif self.state == b"connecting":
            self._begin_to_gather()
            self.enter(b"snapshotting")
            self._send_some()
        else:
            self._send_some()

    def _send_some(self) -> None:
        self._gather()
        if self.state == b"snapshotting" and self._is_nearly_done():
            # Who has waited already goes on when this is over.
            self.cluster.world.pause_writes(PAUSE_MS, is_migration=True)
            self.enter(b"failover-paused")
        if not self._pending:
            self._is_handing_over = True
            self.enter(b"failover-granted")
            self._ask([[b"CLUSTER", b"SYNCSLOTS", b"FINISH", self.name]])
            return
        batch = list(islice(self._pending, BATCH))
        commands: list[list[bytes]] = []
        selected = -1
        for db_index, key in batch:
            del self._pending[(db_index, key)]
            self._unsent -= 1
            if db_index != selected:
                selected = db_index
                commands.append([b"SELECT", b"%d" % db_index])
            commands += self._commands(db_index, key)
        self._ask(commands)

    def _is_nearly_done(self) -> bool:
        """Whether what is left to send is little enough for writes to wait until it is there."""
        if self._untouched:
            return False
        if len(self._pending) <= FEW:
            return True
        # Keys go in the order in which they came into the queue, so the first of all went out before any other again.
        if self._unsent > 0:
            return False
        most = self.engine.config.int("slot-migration-max-failover-repl-bytes")
        return most < 0 or self._pending_bytes(most) <= most

    def _pending_bytes(self, most: int) -> int:
        """About how much is left to send; it is not counted further than beyond `most`."""
        databases = self.engine.keyspace.databases
        total = 0
        for db_index, key in self._pending:
            value = databases[db_index].peek(key)
            total += len(key) + (value_memory(value) if value is not None else 0)
            if total > most:
                break
        return total

    def _commands(self, db_index: int, key: bytes) -> list[list[bytes]]:
        """What makes the target's key as ours is now."""
        db = self.engine.keyspace.databases[db_index]
        value = db.peek(key)
        if value is None:
            return [[b"ASKING"], [b"DEL", key]]
        expires_ms = db.expiry(key)
        payload = dump_value(self.engine.keyspace.values, value, self.engine.config.flag("rdbcompression"))
        ttl = [b"%d" % expires_ms] if expires_ms >= 0 else [b"0"]
        words = [b"RESTORE-ASKING", key, *ttl, payload, b"REPLACE"]
        return [[*words, b"ABSTTL"] if expires_ms >= 0 else words]

    def _hand_over(self, reply: object) -> None:
        """The target has the slots; so they are not ours from this moment."""
        view = self.cluster.view
        epoch = reply if isinstance(reply, int) else 0
        node = self.node
        node.config_epoch = max(node.config_epoch, epoch)
        view.current_epoch = max(view.current_epoch, epoch)
        mine = [slot for slot in self.slots if view.owners[slot] is view.myself]
        for slot in mine:
            view.assign(slot, node)
        view.save_later(sync=True)
        view.must_update = True
        if not view.myself.slots and self.cluster.world.settings.allow_migration:
            view.follow(node)
        self._end(b"success")
        self.cluster.participant.settle()
        self.cluster.world.resume_writes(is_migration=True)
        self.cluster.world.drop_keys(mine)
        assert self.target is not None
        self.target.db_index = -1
        self.target.close()

    # -- the ends

    def _broken(self, failure: Failure) -> None:
        failure.trap(NotConnected, NotSent)
        self.engine.begin_turn()
        self.fail(b"The connection to the target broke")

    def fail(self, message: bytes, state: bytes = b"failed") -> None:
        if self.is_over:
            return
        was_paused = self.state.startswith(b"failover")
        handing_over = self._is_handing_over
        self._end(state, message)
        if self.target is not None:
            self.target.close()
        if was_paused and not handing_over:
            self.cluster.world.resume_writes(is_migration=True)
        # Had the target been asked to take the slots, writes stay paused until it is known whether it has, or for
        # as long as the pause lasts.

    def _end(self, state: bytes, message: bytes = b"") -> None:
        self.is_over = True
        self.enter(state, message)
        if self in self.engine.event_sinks:
            self.engine.event_sinks.remove(self)
            self.engine.refresh_listening()


class Migrations:
    """All that go on at this node, and the last that have ended."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.log: list[Migration] = []

    def add(self, migration: Migration) -> None:
        self.log.insert(0, migration)
        del self.log[max(self.cluster.engine.config.int("cluster-slot-migration-log-max-len"), 1) :]

    def exports(self) -> list[Export]:
        return [each for each in self.log if isinstance(each, Export) and not each.is_over]

    def imports(self) -> list[Import]:
        return [each for each in self.log if isinstance(each, Import) and not each.is_over]

    def begin_export(self, node: ClusterNode, slots: set[int]) -> None:
        links = self.cluster.engine.migration_links
        if not isinstance(links, TargetLinks):
            raise error(b"this server cannot connect to others")
        name = b"%040x" % self.cluster.world.random.getrandbits(160)
        export = Export(self.cluster, name, node, ranges_of(slots), links)
        self.add(export)
        export.begin()

    def cancel_all(self) -> int:
        exports = self.exports()
        for export in exports:
            export.fail(b"", b"cancelled")
        return len(exports)

    def establish(self, session: Session, source_id: bytes, name: bytes, slots: set[int]) -> None:
        """A source begins to send us slots."""
        view = self.cluster.view
        source = view.find(source_id)
        if view.myself.is_replica or source is None:
            raise error(b"Unknown source, or not a primary")
        if any(view.owners[slot] is not source for slot in slots):
            raise error(b"Slots are not served by the source")
        if slots & self.cluster.world.importing:
            raise error(b"Slots are being imported already")
        for slot in slots:
            while self.cluster.world.remove_keys(slot, BATCH):
                pass
        job = Import(self.cluster, name, source_id, ranges_of(slots), session)
        self.cluster.world.importing |= slots
        self.cluster.world.routes_changed()
        self.add(job)
        session.on_closed.append(lambda _: job.fail(b"The connection to the source broke"))

    def finish(self, session: Session, name: bytes) -> int:
        for job in self.log:
            if isinstance(job, Import) and job.name == name and job.session is session and not job.is_over:
                return job.finish()
        raise error(b"Unknown slot migration")


def parse_ranges(words: list[bytes]) -> set[int]:
    """Pairs of first and last slot.  Raises the error a client sees."""
    slots: set[int] = set()
    before = b""
    for low, high in zip(words[::2], words[1::2], strict=False):
        first, last = _slot(low), _slot(high)
        if first > last:
            raise error(b"Start slot number %d is greater than end slot number %d." % (first, last))
        these = set(range(first, last + 1))
        if slots & these:
            raise error(b"Slot range %d-%d overlaps with previous range %s." % (first, last, before))
        before = b"%d-%d" % (first, last)
        slots |= these
    return slots


def _slot(text: bytes) -> int:
    number = parse_int64(text)
    if number is None or not 0 <= number < 16384:
        raise error(b"Invalid or out of range slot")
    return number
