"""CLUSTER, as far as it gives slots and takes them."""

from __future__ import annotations

from typing import Final

from miniredis.cluster.access import cluster_of, node_argument, slot_argument
from miniredis.cluster.cluster import Cluster
from miniredis.cluster.node import ClusterNode
from miniredis.commands.arguments import parse_int
from miniredis.commands.context import Context
from miniredis.commands.declaration import CommandGroup
from miniredis.resp.errors import error, subcommand_syntax_error, syntax_error, wrong_number_of_arguments
from miniredis.resp.replies import OK

group = CommandGroup("cluster")
CHANGES: Final = "admin stale no_async_loading"


def _check(cluster: Cluster, wanted: list[int], adding: bool) -> None:
    seen: set[int] = set()
    for slot in wanted:
        owner = cluster.view.owners[slot]
        if adding and owner is not None:
            raise error(b"Slot %d is already busy" % slot)
        if not adding and owner is None:
            raise error(b"Slot %d is already unassigned" % slot)
        if slot in seen:
            raise error(b"Slot %d specified multiple times" % slot)
        seen.add(slot)


def _change(cluster: Cluster, wanted: list[int], adding: bool) -> object:
    _check(cluster, wanted, adding)
    view = cluster.view
    for slot in wanted:
        if adding:
            view.coming.pop(slot, None)
            view.assign(slot, view.myself)
        else:
            view.unassign(slot)
    view.save_later()
    view.must_update = True
    cluster.participant.settle()
    return OK


def _ranges(argv: list[bytes]) -> list[int]:
    if len(argv) % 2:
        raise wrong_number_of_arguments(b"cluster|" + argv[1].lower())
    wanted: list[int] = []
    for low, high in zip(argv[2::2], argv[3::2], strict=True):
        first, last = slot_argument(low), slot_argument(high)
        if first > last:
            raise error(b"start slot number %d is greater than end slot number %d" % (first, last))
        wanted += range(first, last + 1)
    return wanted


@group.command(
    "CLUSTER ADDSLOTS",
    arity=-3,
    flags=CHANGES,
    since="3.0.0",
    complexity="O(N) where N is the number of slots",
    summary="Gives slots that nobody has to this node.",
    syntax="slot [slot ...]",
)
def addslots(ctx: Context, argv: list[bytes]) -> object:
    cluster = cluster_of(ctx)
    return _change(cluster, [slot_argument(word) for word in argv[2:]], True)


@group.command(
    "CLUSTER ADDSLOTSRANGE",
    arity=-4,
    flags=CHANGES,
    since="7.0.0",
    complexity="O(N) where N is the number of slots",
    summary="Gives ranges of slots that nobody has to this node.",
    syntax="start-slot end-slot [start-slot end-slot ...]",
)
def addslotsrange(ctx: Context, argv: list[bytes]) -> object:
    return _change(cluster_of(ctx), _ranges(argv), True)


@group.command(
    "CLUSTER DELSLOTS",
    arity=-3,
    flags=CHANGES,
    since="3.0.0",
    complexity="O(N) where N is the number of slots",
    summary="Forgets who has slots.",
    syntax="slot [slot ...]",
)
def delslots(ctx: Context, argv: list[bytes]) -> object:
    cluster = cluster_of(ctx)
    return _change(cluster, [slot_argument(word) for word in argv[2:]], False)


@group.command(
    "CLUSTER DELSLOTSRANGE",
    arity=-4,
    flags=CHANGES,
    since="7.0.0",
    complexity="O(N) where N is the number of slots",
    summary="Forgets who has ranges of slots.",
    syntax="start-slot end-slot [start-slot end-slot ...]",
)
def delslotsrange(ctx: Context, argv: list[bytes]) -> object:
    return _change(cluster_of(ctx), _ranges(argv), False)


@group.command(
    "CLUSTER FLUSHSLOTS",
    arity=2,
    flags=CHANGES,
    since="3.0.0",
    summary="Forgets all slots of this node.",
)
def flushslots(ctx: Context, argv: list[bytes]) -> object:
    cluster = cluster_of(ctx)
    if ctx.db.size() > 0:
        raise error(b"DB must be empty to perform CLUSTER FLUSHSLOTS.")
    for slot in list(cluster.view.myself.slots):
        cluster.view.unassign(slot)
    cluster.view.save_later()
    cluster.view.must_update = True
    cluster.participant.settle()
    return OK


@group.command(
    "CLUSTER FLUSHSLOT",
    arity=-3,
    flags="write admin no_async_loading",
    since="9.0.0",
    complexity="O(N) where N is the number of keys in the slot",
    summary="Deletes all keys of a slot.",
    syntax="slot [ASYNC | SYNC]",
    acl="keyspace",
)
def flushslot(ctx: Context, argv: list[bytes]) -> object:
    cluster = cluster_of(ctx)
    slot = slot_argument(argv[2])
    verb = b"DEL"
    if len(argv) == 4 and argv[3].upper() in (b"ASYNC", b"SYNC"):
        verb = b"UNLINK" if argv[3].upper() == b"ASYNC" else b"DEL"
    elif len(argv) != 3:
        raise syntax_error() if len(argv) == 4 else subcommand_syntax_error(argv[1], b"CLUSTER")
    ctx.replay_nothing()
    while cluster.world.remove_keys(slot, 1000, verb):
        pass
    return OK


# -- one slot's way from node to node


@group.command(
    "CLUSTER SETSLOT",
    arity=-4,
    flags=CHANGES,
    since="3.0.0",
    summary="Moves a slot, step by step.",
    syntax="slot (IMPORTING node-id | MIGRATING node-id | NODE node-id | STABLE) [TIMEOUT timeout]",
)
def setslot(ctx: Context, argv: list[bytes]) -> object:
    cluster = cluster_of(ctx)
    view = cluster.view
    if view.myself.is_replica:
        raise error(b"Please use SETSLOT only with masters.")
    slot = slot_argument(argv[2])
    words = argv[3:]
    if len(words) > 2 and words[-2].upper() == b"TIMEOUT":
        parse_int(words[-1])
        words = words[:-2]
    action = words[0].upper()
    if action == b"STABLE" and len(words) == 1:
        view.coming.pop(slot, None)
        view.leaving.pop(slot, None)
    elif action == b"MIGRATING" and len(words) == 2:
        if view.owners[slot] is not view.myself:
            raise error(b"I'm not the owner of hash slot %d" % slot)
        view.leaving[slot] = _partner(cluster, words[1])
    elif action == b"IMPORTING" and len(words) == 2:
        if view.owners[slot] is view.myself:
            raise error(b"I'm already the owner of hash slot %d" % slot)
        view.coming[slot] = _partner(cluster, words[1])
    elif action == b"NODE" and len(words) == 2:
        node = node_argument(cluster, words[1])
        if node.is_replica:
            raise error(b"Target node is not a master")
        hand_over(cluster, slot, node)
    else:
        raise error(b"Invalid CLUSTER SETSLOT action or number of arguments. Try CLUSTER HELP")
    view.routes_changed = view.must_update = True
    view.save_later()
    cluster.participant.settle()
    return OK


def _partner(cluster: Cluster, name: bytes) -> ClusterNode:
    node = cluster.view.find(name)
    if node is None:
        raise error(b"I don't know about node " + name)
    if node.is_replica:
        raise error(b"Target node is not a master")
    return node


def hand_over(cluster: Cluster, slot: int, node: ClusterNode) -> None:
    """Give a slot to a node; ours with a new epoch if it was moved here."""
    view = cluster.view
    myself = view.myself
    was_ours = view.owners[slot] is myself
    keys = cluster.world.keys_in(slot)
    if was_ours and node is not myself and keys:
        raise error(b"Can't assign hashslot %d to a different node while I still hold keys for this hash slot." % slot)
    if not keys:
        view.leaving.pop(slot, None)
    view.assign(slot, node)
    if was_ours and node is not myself and not myself.slots and cluster.world.settings.allow_migration:
        view.follow(node)
    if node is myself and slot in view.coming:
        del view.coming[slot]
        if view.raise_own_epoch():
            cluster.engine.log("notice", f"configEpoch set to {myself.config_epoch} after importing slot {slot}")
        cluster.participant.announce_to(view.peers())
