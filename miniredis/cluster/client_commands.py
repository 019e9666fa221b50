"""What clients of a cluster say before a command: ASKING, READONLY, READWRITE; and CLUSTERSCAN."""

from __future__ import annotations

from miniredis.cluster.access import cluster_of
from miniredis.cluster.scanning import ClusterCursor, scan_slots
from miniredis.commands.context import Context
from miniredis.commands.declaration import CommandGroup
from miniredis.dispatch.access import session_of
from miniredis.dispatch.routing import ask_once, read_from_replica
from miniredis.resp.replies import OK

group = CommandGroup("cluster")


@group.command(
    "ASKING",
    arity=1,
    flags="fast",
    since="3.0.0",
    summary="Lets the next command use a slot that is being moved here.",
    acl="connection",
)
def asking(ctx: Context, argv: list[bytes]) -> object:
    cluster_of(ctx)
    ask_once(session_of(ctx))
    return OK


@group.command(
    "READONLY",
    arity=1,
    flags="loading stale fast",
    since="3.0.0",
    summary="Lets this connection read from a replica.",
    acl="connection",
)
def readonly(ctx: Context, argv: list[bytes]) -> object:
    cluster_of(ctx)
    read_from_replica(session_of(ctx), True)
    return OK


@group.command(
    "READWRITE",
    arity=1,
    flags="loading stale fast",
    since="3.0.0",
    summary="Takes READONLY back.",
    acl="connection",
)
def readwrite(ctx: Context, argv: list[bytes]) -> object:
    cluster_of(ctx)
    read_from_replica(session_of(ctx), False)
    return OK


@group.command(
    "CLUSTERSCAN",
    arity=-2,
    flags="readonly",
    keys="index:1>range:last0/step1/limit0[not_key]",
    since="9.1.0",
    complexity="O(1) for each call, O(N) for a whole round, where N is the number of keys.",
    summary="Goes through the keys of the whole cluster step by step.",
    syntax="cursor [MATCH pattern] [COUNT count] [TYPE type] [SLOT slot]",
    acl="keyspace",
    tips="nondeterministic_output request_policy:special response_policy:special",
)
def clusterscan(ctx: Context, argv: list[bytes]) -> object:
    cluster = cluster_of(ctx)
    return scan_slots(cluster, ctx, ClusterCursor(argv[1]), argv)
