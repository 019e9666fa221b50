"""CLUSTER, as far as it changes who belongs to the cluster and in what role."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Final

from miniredis.cluster.access import cluster_of, node_argument, port_argument
from miniredis.cluster.node import MEET
from miniredis.commands.arguments import parse_int
from miniredis.commands.context import Context
from miniredis.commands.declaration import CommandGroup
from miniredis.resp.errors import error, subcommand_syntax_error, syntax_error
from miniredis.resp.replies import OK, Status

group = CommandGroup("cluster")
CHANGES: Final = "admin stale no_async_loading"


@group.command(
    "CLUSTER MEET",
    arity=-4,
    flags=CHANGES,
    since="3.0.0",
    summary="Lets this node and another become one cluster.",
    syntax="ip port [cluster-bus-port]",
)
def meet(ctx: Context, argv: list[bytes]) -> object:
    cluster = cluster_of(ctx)
    if len(argv) > 5:
        raise subcommand_syntax_error(argv[1], b"CLUSTER")
    port = port_argument(argv[3], b"TCP base port")
    bus_port = port_argument(argv[4], b"TCP bus port") if len(argv) == 5 else port + 10000
    try:
        address = ip_address(argv[2].decode("ascii", "replace"))
    except ValueError:
        raise error(b"Invalid node address specified: %s:%s" % (argv[2], argv[3])) from None
    if not 0 < port < 65536 or not 0 < bus_port < 65536:
        raise error(b"Invalid node address specified: %s:%s" % (argv[2], argv[3]))
    cluster.participant.membership.start_handshake(str(address).encode(), port, bus_port, MEET)
    return OK


@group.command(
    "CLUSTER FORGET",
    arity=3,
    flags=CHANGES,
    since="3.0.0",
    summary="Removes a node.",
    syntax="node-id",
)
def forget(ctx: Context, argv: list[bytes]) -> object:
    cluster = cluster_of(ctx)
    view = cluster.view
    if view.find(argv[2]) is None and view.is_blacklisted(argv[2]):
        return OK
    node = node_argument(cluster, argv[2])
    if node is view.myself:
        raise error(b"I tried hard but I can't forget myself...")
    if view.myself.primary is node:
        raise error(b"Can't forget my master!")
    view.blacklist[node.id] = view.world.now_ms() + view.world.settings.blacklist_ms
    view.remove(node)
    cluster.participant.settle()
    return OK


@group.command(
    "CLUSTER REPLICATE",
    arity=-3,
    flags=CHANGES,
    since="3.0.0",
    summary="Makes this node a replica of another, or (NO ONE) of nobody.",
    syntax="node-id | NO ONE",
)
def replicate(ctx: Context, argv: list[bytes]) -> object:
    cluster = cluster_of(ctx)
    view = cluster.view
    if len(argv) == 4:
        if argv[2].upper() != b"NO" or argv[3].upper() != b"ONE":
            raise syntax_error()
        if view.myself.is_replica:
            view.make_primary(view.myself)
            view.myself.shard_id = cluster.participant.membership.random_id()
            view.world.promote()
            _empty(ctx)
            cluster.participant.announce_to(view.peers())
            cluster.participant.settle()
        return OK
    if len(argv) > 4:
        raise subcommand_syntax_error(argv[1], b"CLUSTER")
    node = node_argument(cluster, argv[2])
    if node is view.myself:
        raise error(b"Can't replicate myself")
    if node.is_replica:
        raise error(b"I can only replicate a master, not a replica.")
    if view.myself.is_primary and (view.myself.slots or ctx.keyspace.total_keys()):
        raise error(b"To set a master the node must be empty and without assigned slots.")
    cluster.participant.follow(node)
    cluster.participant.settle()
    return OK


def _empty(ctx: Context) -> None:
    for database in ctx.keyspace.databases:
        keys = ctx.keyspace.flush(database.index)
        ctx.flushed(database.index, keys)
    ctx.replay_as([b"FLUSHALL"])


@group.command(
    "CLUSTER FAILOVER",
    arity=-2,
    flags=CHANGES,
    since="3.0.0",
    summary="Makes this replica the primary of its shard.",
    syntax="[FORCE | TAKEOVER]",
)
def failover(ctx: Context, argv: list[bytes]) -> object:
    cluster = cluster_of(ctx)
    view = cluster.view
    if len(argv) > 3:
        raise subcommand_syntax_error(argv[1], b"CLUSTER")
    way = argv[2].upper() if len(argv) == 3 else b""
    if way not in (b"", b"FORCE", b"TAKEOVER"):
        raise syntax_error()
    primary = view.myself.primary
    if view.myself.is_primary:
        raise error(b"You should send CLUSTER FAILOVER to a replica")
    if primary is None:
        raise error(b"I'm a replica but my master is unknown to me")
    if not way and (primary.has_failed or primary.link is None or not primary.link.is_up):
        raise error(b"Master is down or failed, please use CLUSTER FAILOVER FORCE")
    if way == b"TAKEOVER":
        cluster.engine.log("notice", "Taking over the primary (user request).")
        view.raise_own_epoch()
        cluster.participant.take_over()
        cluster.participant.settle()
    else:
        cluster.engine.log("notice", f"{'Forced' if way else 'Manual'} failover user request accepted.")
        cluster.participant.start_manual_failover(way == b"FORCE")
    return OK


@group.command(
    "CLUSTER RESET",
    arity=-2,
    flags="admin noscript stale",
    since="3.0.0",
    complexity="O(N) where N is the number of known nodes",
    summary="Forgets the cluster.",
    syntax="[HARD | SOFT]",
)
def reset(ctx: Context, argv: list[bytes]) -> object:
    cluster = cluster_of(ctx)
    if len(argv) > 3:
        raise subcommand_syntax_error(argv[1], b"CLUSTER")
    way = argv[2].upper() if len(argv) == 3 else b"SOFT"
    if way not in (b"SOFT", b"HARD"):
        raise syntax_error()
    if cluster.view.myself.is_primary and ctx.keyspace.total_keys():
        raise error(b"CLUSTER RESET can't be called with master nodes containing keys")
    was_replica = cluster.view.myself.is_replica
    cluster.participant.reset(way == b"HARD")
    if was_replica:
        _empty(ctx)
    return OK


@group.command(
    "CLUSTER BUMPEPOCH",
    arity=2,
    flags=CHANGES,
    since="3.0.0",
    summary="Takes a new config epoch.",
    tips="nondeterministic_output",
)
def bumpepoch(ctx: Context, argv: list[bytes]) -> object:
    cluster = cluster_of(ctx)
    word = b"BUMPED" if cluster.view.raise_own_epoch() else b"STILL"
    cluster.participant.settle()
    return Status(b"%s %d" % (word, cluster.view.myself.config_epoch))


@group.command(
    "CLUSTER SET-CONFIG-EPOCH",
    arity=3,
    flags=CHANGES,
    since="3.0.0",
    summary="Sets the config epoch of a new node.",
    syntax="config-epoch",
)
def set_config_epoch(ctx: Context, argv: list[bytes]) -> object:
    cluster = cluster_of(ctx)
    view = cluster.view
    epoch = parse_int(argv[2])
    if epoch < 0:
        raise error(b"Invalid config epoch specified: %d" % epoch)
    if len(view.nodes) > 1:
        raise error(b"The user can assign a config epoch only when the node does not know any other node.")
    if view.myself.config_epoch:
        raise error(b"Node config epoch is already non-zero")
    view.myself.config_epoch = epoch
    view.current_epoch = max(view.current_epoch, epoch)
    view.must_update = True
    view.save_later(sync=True)
    cluster.participant.settle()
    return OK


@group.command(
    "CLUSTER SAVECONFIG", arity=2, flags=CHANGES, since="3.0.0", summary="Writes the state of the cluster to disk."
)
def saveconfig(ctx: Context, argv: list[bytes]) -> object:
    cluster = cluster_of(ctx)
    if not cluster.participant.save_now():
        raise error(b"error saving the cluster node config: it could not be written")
    return OK
