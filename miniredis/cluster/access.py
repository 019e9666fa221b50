"""From the context of a command to the node behind it; the words its arguments are made of."""

from __future__ import annotations

from miniredis.cluster.cluster import Cluster
from miniredis.cluster.node import ClusterNode
from miniredis.cluster.ranges import parse_slot
from miniredis.commands.context import Context
from miniredis.dispatch.access import engine_of
from miniredis.resp.errors import ReplyError, error
from miniredis.resp.numbers import parse_int64


def cluster_of(ctx: Context) -> Cluster:
    """The node this server is; an error outside of cluster mode."""
    cluster = engine_of(ctx).cluster
    if not isinstance(cluster, Cluster):
        raise error(b"This instance has cluster support disabled")
    return cluster


def slot_argument(text: bytes) -> int:
    try:
        return parse_slot(text)
    except ValueError:
        raise error(b"Invalid or out of range slot") from None


def port_argument(text: bytes, what: bytes) -> int:
    number = parse_int64(text)
    if number is None:
        raise error(b"Invalid %s specified: %s" % (what, text))
    return number


def node_argument(cluster: Cluster, name: bytes) -> ClusterNode:
    node = cluster.view.find(name)
    if node is None:
        raise unknown_node(name)
    return node


def unknown_node(name: bytes) -> ReplyError:
    return error(b"Unknown node " + name)
