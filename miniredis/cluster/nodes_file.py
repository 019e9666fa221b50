"""nodes.conf: one line a node as CLUSTER NODES shows it, then the epochs.  Redis reads and writes the same."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from miniredis.cluster.messages import ClientAddress
from miniredis.cluster.node import FAIL, FLAG_NAMES, MYSELF, PFAIL, PRIMARY, REPLICA, ClusterNode
from miniredis.cluster.ranges import format_range, parse_range, parse_slot
from miniredis.cluster.view import ClusterView
from miniredis.resp.quoting import split_arguments

BITS = {name: bit for bit, name in FLAG_NAMES}
NOT_AN_ID: Final = "the name of a node has 40 digits"
_NODE_ID: Final = re.compile(rb"[0-9a-f]{40}\Z")


class BadNodesFile(Exception):
    """The file is not one of ours: the server must not start, since it would forget who it is."""


def address_text(node: ClusterNode, by_tls: bool, by_ipv6: bool) -> bytes:
    """As a client is told of it: by how it came, it will go on."""
    text = b"%s:%d@%d" % (node.client_ip(by_ipv6), node.client_port(by_tls), node.bus_port)
    return text + b"," + node.hostname if node.hostname else text


def address_in_file(node: ClusterNode) -> bytes:
    """With all that is known of it.  Redis 7.0 knows nothing of addresses for clients: they stand there when set."""
    client = node.client
    words = [b"%s:%d@%d,%s,nodename=%s" % (node.ip, node.port, node.bus_port, node.hostname, node.human_name)]
    words += [
        b"%s=%s" % (name, value)
        for name, value in ((b"client-ipv4", client.ipv4), (b"client-ipv6", client.ipv6))
        if value
    ]
    words += [
        b"%s=%d" % (name, port)
        for name, port in ((b"client-tcp-port", client.port), (b"client-tls-port", client.tls_port))
        if port
    ]
    return b",".join([*words, b"tls-port=%d" % node.tls_port, b"shard-id=" + node.shard_id])


def node_line(view: ClusterView, node: ClusterNode, wall_offset_ms: int, address: bytes) -> bytes:
    """`wall_offset_ms`: what makes Unix time of the node's clock."""
    words = [
        node.id,
        address,
        node.flag_names(),
        node.primary.id if node.primary is not None else b"-",
        b"%d" % (node.ping_sent_ms + wall_offset_ms if node.ping_sent_ms else 0),
        b"%d" % (node.pong_ms + wall_offset_ms if node.pong_ms else 0),
        b"%d" % node.head().config_epoch,
        view.link_state(node),
    ]
    words += [format_range(first, last) for first, last in node.ranges]
    if node is view.myself:
        words += [b"[%d->-%s]" % (slot, other.id) for slot, other in sorted(view.leaving.items())]
        words += [b"[%d-<-%s]" % (slot, other.id) for slot, other in sorted(view.coming.items())]
    return b" ".join(words)


def describe(
    view: ClusterView, nodes: Iterable[ClusterNode], wall_offset_ms: int, by_tls: bool, by_ipv6: bool
) -> list[bytes]:
    """The lines of CLUSTER NODES for a client."""
    return [node_line(view, node, wall_offset_ms, address_text(node, by_tls, by_ipv6)) for node in nodes]


def render(view: ClusterView, wall_offset_ms: int) -> bytes:
    """The file; nodes whose name is not known yet are left out."""
    lines = [
        node_line(view, node, wall_offset_ms, address_in_file(node))
        for node in view.nodes.values()
        if not node.is_in_handshake
    ]
    lines.append(b"vars currentEpoch %d lastVoteEpoch %d" % (view.current_epoch, view.last_vote_epoch))
    return b"\n".join(lines) + b"\n"


def own_id(text: bytes) -> bytes:
    """The name of the node whose file this is.  Raises `BadNodesFile`."""
    for line in text.split(b"\n"):
        words = split_arguments(line) or []
        if len(words) > 2 and b"myself" in words[2].split(b","):
            if not _NODE_ID.match(words[0]):
                raise BadNodesFile(NOT_AN_ID)
            return words[0]
    raise BadNodesFile("no line of the node itself")


def load(view: ClusterView, text: bytes) -> None:
    """Fill a fresh view, made with the name from `own_id`.  Raises `BadNodesFile`."""
    primaries: list[tuple[ClusterNode, bytes]] = []
    moving: list[tuple[int, bytes, bytes]] = []
    seen: set[bytes] = set()
    seen_vars = False
    for number, line in enumerate(text.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            words = split_arguments(line)
            if words and words[0] == b"vars":
                _load_vars(view, words[1:])
                seen_vars = True
            else:
                _load_node(view, words or [], primaries, moving, seen)
        except (ValueError, IndexError, KeyError) as problem:
            raise BadNodesFile(f"line {number}: {problem}") from problem
    if not seen_vars:
        raise BadNodesFile("the end is missing")
    for node, primary_id in primaries:
        view.make_replica(node, _known(view, primary_id))
    for slot, arrow, other_id in moving:
        table = view.leaving if arrow == b">" else view.coming
        table[slot] = _known(view, other_id)
    view.current_epoch = view.highest_epoch()
    view.is_dirty = view.must_sync = False


def _known(view: ClusterView, node_id: bytes) -> ClusterNode:
    """A node that is named before its own line, or has none."""
    node = view.find(node_id)
    if node is None:
        if not _NODE_ID.match(node_id):
            raise BadNodesFile(NOT_AN_ID)
        node = ClusterNode(node_id, PRIMARY, view.world.now_ms())
        view.add(node)
    return node


def _load_vars(view: ClusterView, words: list[bytes]) -> None:
    for name, value in zip(words[::2], words[1::2], strict=True):
        if name == b"currentEpoch":
            view.current_epoch = int(value)
        elif name == b"lastVoteEpoch":
            view.last_vote_epoch = int(value)


def _load_node(
    view: ClusterView,
    words: list[bytes],
    primaries: list[tuple[ClusterNode, bytes]],
    moving: list[tuple[int, bytes, bytes]],
    seen: set[bytes],
) -> None:
    node_id, address, flags, primary_id, ping, pong, epoch = words[:7]
    if not _NODE_ID.match(node_id):
        raise ValueError(NOT_AN_ID)
    if node_id in seen:
        raise ValueError("a node twice")
    seen.add(node_id)
    bits = 0
    for name in flags.split(b","):
        bits |= BITS[name] if name != b"noflags" else 0
    if bits & MYSELF:
        if node_id != view.myself.id:
            raise ValueError("two nodes that are the node itself")
        node = view.myself
    else:
        node = _known(view, node_id)
        node.flags = bits
    node.flags |= PRIMARY if bits & (PRIMARY | REPLICA) == 0 else 0
    now_ms = view.world.now_ms()
    if bits & FAIL:
        node.fail_ms = now_ms
    if bits & PFAIL:
        node.flags &= ~PFAIL  # to be found out anew
    _load_address(node, address)
    node.config_epoch = int(epoch)
    if primary_id != b"-":
        primaries.append((node, primary_id))
    for word in words[8:]:
        if word.startswith(b"["):
            slot, _, rest = word[1:-1].partition(b"-")
            moving.append((parse_slot(slot), rest[:1], rest[2:]))
        else:
            first, last = parse_range(word)
            view.assign_range(first, last, node)
    del ping, pong


def _load_address(node: ClusterNode, text: bytes) -> None:
    """`ip:port@bus-port[,hostname[,name=value ...]]`."""
    address, *more = text.split(b",")
    host, _, ports = address.rpartition(b":")
    port, _, bus_port = ports.partition(b"@")
    node.ip = host
    node.port = int(port)
    node.bus_port = int(bus_port) if bus_port else node.port + 10000
    if more:
        node.hostname = more[0]
    client: dict[bytes, bytes] = {}
    for field in more[1:]:
        name, _, value = field.partition(b"=")
        if name == b"shard-id":
            node.shard_id = value
        elif name == b"nodename":
            node.human_name = value
        elif name == b"tls-port":
            node.tls_port = int(value)
        else:
            client[name] = value
    node.client = ClientAddress(
        client.get(b"client-ipv4", b""),
        client.get(b"client-ipv6", b""),
        int(client.get(b"client-tcp-port", b"0")),
        int(client.get(b"client-tls-port", b"0")),
    )
