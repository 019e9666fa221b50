"""CLUSTER, as far as it tells: nodes, slots, shards, keys of slots, state."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from miniredis.cluster.access import cluster_of, node_argument, slot_argument
from miniredis.cluster.cluster import Cluster
from miniredis.cluster.figures import cluster_info_fields
from miniredis.cluster.host import came_by_ipv6, preferred_endpoint
from miniredis.cluster.node import FAIL, PFAIL, ClusterNode
from miniredis.cluster.nodes_file import describe
from miniredis.cluster.surroundings import Link
from miniredis.commands.arguments import parse_int
from miniredis.commands.context import Context
from miniredis.commands.declaration import CommandGroup
from miniredis.commands.help import help_reply
from miniredis.dispatch.access import engine_of, session_of
from miniredis.keyspace.slots import SLOTS, key_slot
from miniredis.resp.errors import error
from miniredis.resp.numbers import parse_int64
from miniredis.resp.replies import MapReply, Verbatim

group = CommandGroup("cluster")
group.container("CLUSTER", since="3.0.0", summary="Commands about the cluster this server is a node of.")

TELLS: Final = "loading stale"
HELP: Final = (
    ("COUNTKEYSINSLOT <slot>", "Return the number of keys in <slot>."),
    ("GETKEYSINSLOT <slot> <count>", "Return names of keys that this node holds in <slot>."),
    ("INFO", "Return the state of the cluster as this node sees it."),
    ("KEYSLOT <key>", "Return the slot of <key>."),
    ("MYID", "Return the name of this node."),
    ("MYSHARDID", "Return the name of its shard."),
    ("NODES", "Return what this node knows of all nodes, one line each:"),
    ("", "<id> <ip:port@bus-port[,hostname]> <flags> <primary> <ping> <pong> <epoch> <link> <slot> ..."),
    ("REPLICAS <node-id>", "Return the lines of the replicas of <node-id>."),
    ("SLOTS", "Return ranges of slots with the nodes that serve them."),
    ("SLOT-STATS", "Return statistics of the slots of this node."),
    ("SHARDS", "Return shards with their slots and nodes."),
    ("LINKS", "Return the connections between this node and the others."),
    ("COUNT-FAILURE-REPORTS <node-id>", "Return how many primaries report <node-id> failing."),
    ("ADDSLOTS <slot> [<slot> ...]", "Give slots that nobody has to this node."),
    ("ADDSLOTSRANGE <start slot> <end slot> [<start slot> <end slot> ...]", "The same for ranges."),
    ("DELSLOTS <slot> [<slot> ...]", "Forget who has these slots."),
    ("DELSLOTSRANGE <start slot> <end slot> [<start slot> <end slot> ...]", "The same for ranges."),
    ("FLUSHSLOTS", "Forget all slots of this node."),
    ("FLUSHSLOT <slot> [ASYNC|SYNC]", "Delete all keys of <slot>."),
    ("SETSLOT <slot> (IMPORTING <node-id>|MIGRATING <node-id>|STABLE|NODE <node-id>)", "Move a slot, step by step."),
    ("MIGRATESLOTS SLOTSRANGE <start> <end> [...] NODE <node-id> [...]", "Move slots with their keys at once."),
    ("GETSLOTMIGRATIONS", "Return slot migrations that go on or ended not long ago."),
    ("CANCELSLOTMIGRATIONS", "Give up all of them."),
    ("MEET <ip> <port> [<bus-port>]", "Let this node and another become one cluster."),
    ("FORGET <node-id>", "Remove a node."),
    ("REPLICATE <node-id>", "Make this node a replica of <node-id>."),
    ("FAILOVER [FORCE|TAKEOVER]", "Make this replica the primary of its shard."),
    ("BUMPEPOCH", "Take a new config epoch."),
    ("SET-CONFIG-EPOCH <epoch>", "Set the config epoch of a new node."),
    ("RESET [HARD|SOFT]", "Forget the cluster; HARD: and the name and epochs of this node."),
    ("SAVECONFIG", "Write the state of the cluster to disk."),
)


@group.command(
    "CLUSTER HELP", arity=2, flags=TELLS, since="5.0.0", summary="Lists the subcommands.", syntax="", group="cluster"
)
def cluster_help(ctx: Context, argv: list[bytes]) -> object:
    cluster_of(ctx)
    return help_reply("CLUSTER", HELP)


@group.command(
    "CLUSTER INFO",
    arity=2,
    flags=TELLS,
    since="3.0.0",
    summary="Tells the state of the cluster.",
    tips="nondeterministic_output",
)
def info(ctx: Context, argv: list[bytes]) -> object:
    cluster = cluster_of(ctx)
    lines = cluster_info_fields(cluster)
    return Verbatim(b"txt", "".join(f"{name}:{value}\r\n" for name, value in lines).encode())


@group.command(
    "CLUSTER NODES",
    arity=2,
    flags=TELLS,
    since="3.0.0",
    complexity="O(N) where N is the number of nodes",
    summary="Tells what this node knows of all nodes.",
    tips="nondeterministic_output",
)
def nodes(ctx: Context, argv: list[bytes]) -> object:
    view = cluster_of(ctx).view
    return Verbatim(b"txt", b"".join([line + b"\n" for line in _lines(ctx, view.nodes.values())]))


def _lines(ctx: Context, nodes: Iterable[ClusterNode]) -> list[bytes]:
    """Nodes as the client that asks is told of them."""
    cluster = cluster_of(ctx)
    session = session_of(ctx)
    return describe(cluster.view, nodes, cluster.world.wall_offset_ms(), session.port.is_tls, came_by_ipv6(session))


@group.command(
    "CLUSTER REPLICAS",
    arity=3,
    flags="admin stale",
    since="5.0.0",
    complexity="O(N) where N is the number of replicas",
    summary="Lists the replicas of a primary.",
    syntax="node-id",
    tips="nondeterministic_output",
)
def replicas(ctx: Context, argv: list[bytes]) -> object:
    cluster = cluster_of(ctx)
    node = node_argument(cluster, argv[2])
    if node.is_replica:
        raise error(b"The specified node is not a master")
    return _lines(ctx, node.replicas)


@group.command(
    "CLUSTER SLAVES",
    arity=3,
    flags="admin stale",
    since="3.0.0",
    complexity="O(N) where N is the number of replicas",
    summary="Lists the replicas of a primary.",
    syntax="node-id",
    tips="nondeterministic_output",
    deprecated="5.0.0, `CLUSTER REPLICAS`",
)
def slaves(ctx: Context, argv: list[bytes]) -> object:
    return replicas(ctx, argv)


@group.command("CLUSTER MYID", arity=2, flags=TELLS, since="3.0.0", summary="Tells the name of this node.")
def myid(ctx: Context, argv: list[bytes]) -> object:
    return cluster_of(ctx).view.myself.id


@group.command(
    "CLUSTER MYSHARDID",
    arity=2,
    flags=TELLS,
    since="7.2.0",
    summary="Tells the name of this node's shard.",
    tips="nondeterministic_output",
)
def myshardid(ctx: Context, argv: list[bytes]) -> object:
    return cluster_of(ctx).view.myself.shard_id


@group.command(
    "CLUSTER KEYSLOT",
    arity=3,
    flags="stale",
    since="3.0.0",
    complexity="O(N) where N is the number of bytes in the key",
    summary="Tells the slot of a key.",
    syntax="key",
)
def keyslot(ctx: Context, argv: list[bytes]) -> object:
    cluster_of(ctx)
    return key_slot(argv[2])


@group.command(
    "CLUSTER COUNTKEYSINSLOT",
    arity=3,
    flags="stale",
    since="3.0.0",
    summary="Counts the keys of a slot.",
    syntax="slot",
)
def countkeysinslot(ctx: Context, argv: list[bytes]) -> object:
    cluster = cluster_of(ctx)
    slot = parse_int(argv[2])
    if not 0 <= slot < SLOTS:
        raise error(b"Invalid slot")
    return cluster.world.keys_in(slot)


@group.command(
    "CLUSTER GETKEYSINSLOT",
    arity=4,
    flags="stale",
    since="3.0.0",
    complexity="O(N) where N is the number of requested keys",
    summary="Lists keys of a slot.",
    syntax="slot count",
    tips="nondeterministic_output",
)
def getkeysinslot(ctx: Context, argv: list[bytes]) -> object:
    cluster_of(ctx)
    slot = parse_int(argv[2])
    count = parse_int(argv[3])
    if not 0 <= slot < SLOTS or count < 0:
        raise error(b"Invalid slot or number of keys")
    assert ctx.db.slots is not None
    return ctx.db.slots.some(slot, count)


@group.command(
    "CLUSTER COUNT-FAILURE-REPORTS",
    arity=3,
    flags="admin stale",
    since="3.0.0",
    complexity="O(N) where N is the number of failure reports",
    summary="Counts who reports a node failing.",
    syntax="node-id",
    tips="nondeterministic_output",
)
def count_failure_reports(ctx: Context, argv: list[bytes]) -> object:
    cluster = cluster_of(ctx)
    return cluster.participant.failures.reports(node_argument(cluster, argv[2]))


# -- who serves what


def _names_besides(ctx: Context, node: ClusterNode) -> MapReply:
    """The names of a node that its endpoint is not."""
    kind = engine_of(ctx).config.text("cluster-preferred-endpoint-type")
    flat: list[object] = []
    if kind != b"ip":
        flat += [b"ip", node.client_ip(came_by_ipv6(session_of(ctx)))]
    if kind != b"hostname" and node.hostname:
        flat += [b"hostname", node.hostname]
    return MapReply(flat)


def _offset(cluster: Cluster, node: ClusterNode) -> int:
    return cluster.world.offset() if node is cluster.view.myself else node.offset


@group.command(
    "CLUSTER SLOTS",
    arity=2,
    flags=TELLS,
    since="3.0.0",
    complexity="O(N) where N is the number of nodes",
    summary="Tells which nodes serve which slots.",
    tips="nondeterministic_output",
    deprecated="7.0.0, CLUSTER SHARDS",
)
def slots(ctx: Context, argv: list[bytes]) -> object:
    cluster = cluster_of(ctx)
    session = session_of(ctx)
    engine = engine_of(ctx)

    def shown(node: ClusterNode) -> list[object]:
        port = node.client_port(session.port.is_tls)
        return [preferred_endpoint(engine, node, session), port, node.id, _names_besides(ctx, node)]

    rows: list[tuple[int, list[object]]] = []
    for node in cluster.view.nodes.values():
        if not node.ranges:
            continue
        able = [each for each in node.replicas if not each.has_failed and _offset(cluster, each) > 0]
        servers: list[object] = [shown(node), *[shown(replica) for replica in able]]
        rows += [(first, [first, last, *servers]) for first, last in node.ranges]
    return [row for _, row in sorted(rows, key=lambda each: each[0])]


@group.command(
    "CLUSTER SHARDS",
    arity=2,
    flags=TELLS,
    since="7.0.0",
    complexity="O(N) where N is the number of nodes",
    summary="Tells of each shard its slots and nodes.",
    tips="nondeterministic_output",
)
def shards(ctx: Context, argv: list[bytes]) -> object:
    cluster = cluster_of(ctx)
    reply: list[object] = []
    for head in cluster.view.nodes.values():
        if not head.is_primary or head.is_in_handshake:
            continue
        ranges: list[object] = [slot for each in head.ranges for slot in each]
        members: list[object] = [_shard_node(ctx, cluster, node) for node in (head, *head.replicas)]
        reply.append(MapReply([b"slots", ranges, b"nodes", members, b"id", head.shard_id]))
    return reply


def _shard_node(ctx: Context, cluster: Cluster, node: ClusterNode) -> MapReply:
    session = session_of(ctx)
    flat: list[object] = [b"id", node.id]
    if node.port:
        flat += [b"port", node.client_port(False)]
    if node.tls_port:
        flat += [b"tls-port", node.client_port(True)]
    flat += [b"ip", node.client_ip(came_by_ipv6(session))]
    flat += [b"endpoint", preferred_endpoint(engine_of(ctx), node, session)]
    if node.hostname:
        flat += [b"hostname", node.hostname]
    offset = _offset(cluster, node)
    if node.flags & (FAIL | PFAIL):
        health = b"fail"
    elif node.is_replica and offset == 0:
        health = b"loading"
    else:
        health = b"online"
    role = b"replica" if node.is_replica else b"master"
    return MapReply([*flat, b"role", role, b"replication-offset", offset, b"health", health])


@group.command(
    "CLUSTER LINKS",
    arity=2,
    flags="stale",
    since="7.0.0",
    complexity="O(N) where N is the number of nodes",
    summary="Tells of the connections between nodes.",
    tips="nondeterministic_output",
)
def links(ctx: Context, argv: list[bytes]) -> object:
    cluster = cluster_of(ctx)
    reply: list[object] = []
    offset_ms = cluster.world.wall_offset_ms()

    def show(direction: bytes, node: ClusterNode, link: Link) -> None:
        unsent = link.unsent_bytes()
        events = b"rw" if unsent else b"r"
        reply.append(
            MapReply(
                [
                    b"direction",
                    direction,
                    b"node",
                    node.id,
                    b"create-time",
                    link.created_ms + offset_ms,
                    b"events",
                    events,
                    b"send-buffer-allocated",
                    unsent,
                    b"send-buffer-used",
                    unsent,
                ]
            )  # fmt: skip
        )

    for node in cluster.view.peers():
        if node.link is not None and node.link.is_up:
            show(b"to", node, node.link)
        if node.inbound is not None:
            show(b"from", node, node.inbound)
    return reply


# -- statistics of slots


@group.command(
    "CLUSTER SLOT-STATS",
    arity=-4,
    flags=TELLS,
    since="8.0.0",
    complexity="O(N) where N is the number of slots of this node, O(N*log(N)) in an order",
    summary="Tells how much the slots of this node are used.",
    syntax="SLOTSRANGE start-slot end-slot | ORDERBY metric [LIMIT limit] [ASC | DESC]",
    tips="nondeterministic_output request_policy:all_shards",
)
def slot_stats(ctx: Context, argv: list[bytes]) -> object:
    cluster = cluster_of(ctx)
    kind = argv[2].upper()
    own = cluster.view.myself.head().slots
    if kind == b"SLOTSRANGE" and len(argv) == 5:
        first, last = slot_argument(argv[3]), slot_argument(argv[4])
        if first > last:
            raise error(b"Start slot number %d is greater than end slot number %d" % (first, last))
        return [_usage(cluster, slot) for slot in range(first, last + 1) if slot in own]
    if kind != b"ORDERBY":
        raise error(b"wrong number of arguments for 'cluster|slot-stats' command")
    metric = argv[3].lower()
    if metric not in cluster.usage.metrics():
        raise error(b"Unrecognized sort metric for ORDERBY.")
    limit, descending = _order(argv)
    value = cluster.usage.reader(metric)
    ranked = sorted(own, key=lambda slot: (-value(slot) if descending else value(slot), slot))
    return [_usage(cluster, slot) for slot in ranked[:limit]]


def _order(argv: list[bytes]) -> tuple[int, bool]:
    limit, descending = SLOTS, True
    given: set[str] = set()
    at = 4
    while at < len(argv):
        word = argv[at].upper()
        if word == b"LIMIT" and at + 1 < len(argv):
            at += 1
            kind = "limit"
            number = parse_int64(argv[at])
            if number is None or not 1 <= number <= SLOTS:
                raise error(b"Limit has to lie in between 1 and 16384 (maximum number of slots).")
            limit = number
        elif word in (b"ASC", b"DESC"):
            kind = "order"
            descending = word == b"DESC"
        else:
            raise error(b"syntax error")
        if kind in given:
            raise error(b"Multiple filters of the same type are disallowed.")
        given.add(kind)
        at += 1
    return limit, descending


def _usage(cluster: Cluster, slot: int) -> list[object]:
    flat: list[object] = []
    for metric in cluster.usage.metrics():
        flat += [metric, cluster.usage.value(metric, slot)]
    return [slot, MapReply(flat)]
