"""Cluster mode's rule: a command runs here only if the slot of its keys is ours, else its client is sent on.

What the cluster knows is written into `states`, a byte for each slot, whenever it changes; a command on one key of a
slot that is ours passes with one look at it, which the engine takes before it asks here.  Everything else is decided
in Redis's order: unserved slot, crossing slots, the cluster's state, slots on the move, reads from a replica, another
node.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import mypyc_attr

from miniredis.commands.declaration import ASKING, PUBSUB, WRITE, Command
from miniredis.dispatch.gates import GATE_MULTI, GATE_SLOT_READS
from miniredis.dispatch.rules import Rule
from miniredis.dispatch.session import Session
from miniredis.dispatch.state import ServerState
from miniredis.keyspace.slots import COMING, LEAVING, OURS, REPLICATED, SLOTS, UNSERVED, key_slot
from miniredis.resp.bytework import mark_of_key
from miniredis.resp.errors import ReplyError, error

NOT_SERVED: Final = b"CLUSTERDOWN Hash slot not served"
ONLY_READS: Final = b"CLUSTERDOWN The cluster is down and only accepts read commands"


@mypyc_attr(allow_interpreted_subclasses=True)
class Directory:
    """Where the nodes are, as a client should be told: b"host:port"."""

    def owner(self, slot: int, session: Session) -> bytes:
        raise AssertionError("only a node of a cluster knows others")

    def destination(self, slot: int, session: Session) -> bytes:
        """Of a slot that is leaving."""
        raise AssertionError("only a node of a cluster knows others")


def cross_slot() -> ReplyError:
    return ReplyError(b"CROSSSLOT Keys in request don't hash to the same slot")


def cluster_down() -> ReplyError:
    return ReplyError(b"CLUSTERDOWN The cluster is down")


class Routing(Rule):
    """The rule of one node."""

    def __init__(self, state: ServerState, directory: Directory) -> None:
        self.state = state
        self.directory = directory
        self.states = bytearray([UNSERVED]) * SLOTS
        #: The cluster serves requests, as far as we see.
        self.is_up = False
        self.reads_when_down = False
        self.pubsub_when_down = True

    def learn(self, states: bytearray, is_up: bool) -> None:
        """What the node sees of the cluster now."""
        self.states = states
        self.is_up = is_up
        self.state.served_slots = states if is_up else bytearray(SLOTS)

    def apply(self, session: Session, command: Command, argv: list[bytes]) -> object:
        if session.gates & GATE_SLOT_READS:
            asking = session.asking
            if asking and command.name != b"asking":
                session.asking = False
                if not session.reads_replica:
                    session.gates &= ~GATE_SLOT_READS
        else:
            asking = False
            # Scripts and clients with another gate come here first.
            if command.has_one_key and mark_of_key(self.state.served_slots, argv[1]) == OURS:
                return None
        if command.name == b"exec" and not command.container:
            self._admit_transaction(session, asking)
        elif (command.key_specs or command.key_search is not None) and not self._is_in_transaction(session):
            self._decide(session, command, argv, positions(command, argv), asking)
        return None

    def _is_in_transaction(self, session: Session) -> bool:
        """Whether EXEC runs a client's command, which was admitted with it.  A script has a session of its own."""
        return not session.context.may_block and self.state.sessions.get(session.id) is session

    def _admit_transaction(self, session: Session, asking: bool) -> None:
        """All that was queued is one request: one slot, one answer."""
        if not session.gates & GATE_MULTI or session.queue_is_bad:
            return
        keys: list[bytes] = []
        writes = False
        for queued in session.queued:
            writes = writes or queued.command.flags & WRITE != 0
            keys.extend([queued.argv[at] for at in positions(queued.command, queued.argv)])
        try:
            self._decide_keys(session, keys, asking, writes, False, False)
        except ReplyError:
            session.end_queue()
            self.state.watching.unwatch(session)
            self.state.refresh_listening()
            raise

    def same_slot(self, slot: int, command: Command, argv: list[bytes]) -> int:
        """The one slot of all keys of a script so far; -1: none yet."""
        for at in positions(command, argv):
            own = key_slot(argv[at])
            if slot not in (-1, own):
                raise error(b"Script attempted to access keys that do not hash to the same slot")
            slot = own
        return slot

    def _decide(self, session: Session, command: Command, argv: list[bytes], found: list[int], asking: bool) -> None:
        flags = command.flags
        self._decide_keys(
            session,
            [argv[at] for at in found],
            asking or flags & ASKING != 0,
            flags & WRITE != 0,
            flags & PUBSUB != 0,
            command.name == b"migrate",
        )

    def _decide_keys(
        self, session: Session, keys: list[bytes], asking: bool, writes: bool, pubsub: bool, migrates: bool
    ) -> None:
        """None of it raised: the keys may be used here."""
        if not keys:
            return
        first = keys[0]
        slot = key_slot(first)
        state = self.states[slot]
        if state == UNSERVED:
            raise ReplyError(NOT_SERVED)
        several = False
        for key in keys:
            if key_slot(key) != slot:
                raise cross_slot()
            several = several or key != first
        if not self.is_up:
            if pubsub:
                if not self.pubsub_when_down:
                    raise cluster_down()
            elif not self.reads_when_down:
                raise cluster_down()
            elif writes:
                raise ReplyError(ONLY_READS)
        if state == OURS:
            return
        moving = state in (LEAVING, COMING) and not pubsub
        if moving:
            if migrates:
                return
            db = session.context.keyspace.databases[0]
            missing = sum([1 for key in keys if not db.exists(key)])
            if state == LEAVING and missing:
                if missing < len(keys):
                    raise try_again()
                raise ReplyError(b"ASK %d %s" % (slot, self.directory.destination(slot, session)))
            if state == COMING and asking:
                if several and missing:
                    raise try_again()
                return
        if state == LEAVING:
            return
        if state == REPLICATED and (pubsub or (session.reads_replica and not writes)):
            return
        raise ReplyError(b"MOVED %d %s" % (slot, self.directory.owner(slot, session)))


def refusal_in_script(refusal: ReplyError) -> ReplyError:
    """A script cannot be sent on in its midst."""
    if refusal.message == ONLY_READS:
        return error(b"Script attempted to execute a write command while the cluster is down and readonly")
    if refusal.code() == b"CLUSTERDOWN" and refusal.message != NOT_SERVED:
        return error(b"Script attempted to execute a command while the cluster is down")
    return error(b"Script attempted to access a non local key in a cluster node")


def try_again() -> ReplyError:
    return ReplyError(b"TRYAGAIN Multiple keys request during rehashing of slot")


def positions(command: Command, argv: list[bytes]) -> list[int]:
    """Arguments that choose the node: keys, and what is declared like a key without being one (shard channels)."""
    if command.has_one_key:
        return [1]
    if command.name == b"clusterscan" and argv[1] == b"0":
        return []  # any node may begin
    found = command.key_positions(argv)
    for spec in command.key_specs:
        if "not_key" in spec.flags:
            more = spec.positions(argv)
            if more is not None:
                found = found + more
    return found


def read_from_replica(session: Session, allowed: bool) -> None:
    """READONLY and READWRITE."""
    session.reads_replica = allowed
    session.asking = False
    if allowed:
        session.gates |= GATE_SLOT_READS
    else:
        session.gates &= ~GATE_SLOT_READS


def ask_once(session: Session) -> None:
    """ASKING: the next command may use a slot that is coming here."""
    session.asking = True
    session.gates |= GATE_SLOT_READS
