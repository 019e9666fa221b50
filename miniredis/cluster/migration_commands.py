"""CLUSTER MIGRATESLOTS and its kin."""

from __future__ import annotations

from typing import Final

from miniredis.cluster.access import cluster_of
from miniredis.cluster.cluster import Cluster
from miniredis.cluster.node import ClusterNode
from miniredis.cluster.slot_migration import parse_ranges
from miniredis.commands.context import Context
from miniredis.commands.declaration import CommandGroup
from miniredis.dispatch.access import session_of
from miniredis.resp.errors import error, syntax_error
from miniredis.resp.numbers import parse_int64
from miniredis.resp.replies import OK

group = CommandGroup("cluster")
CHANGES: Final = "admin stale no_async_loading"
ID_LENGTH: Final = 40


@group.command(
    "CLUSTER MIGRATESLOTS",
    arity=-4,
    flags=CHANGES,
    since="9.0.0",
    complexity="O(N) where N is the number of slots",
    summary="Begins to move slots with their keys to other nodes.",
    syntax="SLOTSRANGE start-slot end-slot [start-slot end-slot ...] NODE node-id [SLOTSRANGE ...]",
)
def migrateslots(ctx: Context, argv: list[bytes]) -> object:
    cluster = cluster_of(ctx)
    if cluster.view.myself.is_replica:
        raise error(b"Only primaries can migrate slots")
    wanted = _parse(cluster, argv)
    busy = {slot for export in cluster.migrations.exports() for slot in export.slots}
    for _, slots in wanted:
        if slots & busy:
            raise error(b"I am already migrating slot %d." % min(slots & busy))
    for node, slots in wanted:
        cluster.migrations.begin_export(node, slots)
    return OK


def _parse(cluster: Cluster, argv: list[bytes]) -> list[tuple[ClusterNode, set[int]]]:
    view = cluster.view
    wanted: list[tuple[ClusterNode, set[int]]] = []
    at = 2
    while at < len(argv):
        if argv[at].upper() != b"SLOTSRANGE":
            raise syntax_error()
        start = at = at + 1
        while at < len(argv) and parse_int64(argv[at]) is not None:
            at += 1
        if at == start:
            raise error(b"No slot ranges specified")
        if (at - start) % 2 or at + 1 >= len(argv) or argv[at].upper() != b"NODE":
            raise syntax_error()
        slots = parse_ranges(argv[start:at])
        wanted.append((_target(cluster, argv[at + 1]), slots))
        owners = {view.owners[slot] for slot in slots}
        if len(owners) > 1:
            raise error(b"Requested slots span multiple shards")
        if owners != {view.myself}:
            raise error(b"Slots are not served by this node.")
        at += 2
    seen: set[int] = set()
    for _, slots in wanted:
        if seen & slots:
            raise error(b"Slot ranges in migrations overlap")
        seen |= slots
    return wanted


def _target(cluster: Cluster, name: bytes) -> ClusterNode:
    if len(name) != ID_LENGTH:
        raise error(b"Invalid node name: " + name)
    node = cluster.view.find(name)
    if node is None:
        raise error(b"Unknown node name: " + name)
    if node is cluster.view.myself:
        raise error(b"Target node can not be this node.")
    if node.is_replica:
        raise error(b"Target node is not a primary")
    return node


@group.command(
    "CLUSTER GETSLOTMIGRATIONS",
    arity=2,
    flags=CHANGES,
    since="9.0.0",
    complexity="O(N) where N is the number of slot migrations",
    summary="Tells of slot migrations that go on, and of the last that ended.",
)
def getslotmigrations(ctx: Context, argv: list[bytes]) -> object:
    return [migration.describe() for migration in cluster_of(ctx).migrations.log]


@group.command(
    "CLUSTER CANCELSLOTMIGRATIONS",
    arity=2,
    flags=CHANGES,
    since="9.0.0",
    complexity="O(N) where N is the number of slot migrations",
    summary="Gives up all slot migrations from this node.",
)
def cancelslotmigrations(ctx: Context, argv: list[bytes]) -> object:
    if not cluster_of(ctx).migrations.cancel_all():
        raise error(b"No migrations ongoing")
    return OK


@group.command(
    "CLUSTER SYNCSLOTS",
    arity=-3,
    flags=CHANGES,
    since="9.0.0",
    complexity="Depends on the subcommand.",
    summary="What nodes say to each other while slots are moved; internal.",
    syntax="ESTABLISH SOURCE node-id NAME name SLOTSRANGE start-slot end-slot [start-slot end-slot ...] | FINISH name",
)
def syncslots(ctx: Context, argv: list[bytes]) -> object:
    cluster = cluster_of(ctx)
    session = session_of(ctx)
    words = argv[2:]
    kind = words[0].upper()
    if kind == b"ESTABLISH" and len(words) >= 8 and len(words) % 2 == 0:
        if [word.upper() for word in words[1:6:2]] != [b"SOURCE", b"NAME", b"SLOTSRANGE"]:
            raise syntax_error()
        cluster.migrations.establish(session, words[2], words[4], parse_ranges(words[6:]))
        return OK
    if kind == b"FINISH" and len(words) == 2:
        return cluster.migrations.finish(session, words[1])
    raise syntax_error()
