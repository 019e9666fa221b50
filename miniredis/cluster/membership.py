"""Who belongs to the cluster and where they are: meeting, gossip, addresses, roles as their nodes tell them.

      MEET received, or CLUSTER MEET            its PONG tells its name
    ---------------------------------> handshake ---------------------> member --CLUSTER FORGET--> blacklisted
                                           |                              ^
                                           +--no answer in time--> gone   +-- gossip of a known node names it

A node that is not known counts for nothing: its frames are answered, so that it can find out who we are, and
otherwise ignored, unless it says MEET.
"""

from __future__ import annotations

from miniredis.cluster.failures import FailureDetector
from miniredis.cluster.messages import NO_AGE, Gossip, Header
from miniredis.cluster.node import FAIL, HANDSHAKE, MEET, NOADDR, NOFAILOVER, PFAIL, PRIMARY, REPLICA, ClusterNode
from miniredis.cluster.surroundings import Link
from miniredis.cluster.view import ClusterView

#: A ping tells of at least so many other nodes.
LEAST_GOSSIP = 3
#: Nodes told of besides those that fail, whatever their number: a frame has a limit.
MOST_GOSSIP = 80
LEAST_HANDSHAKE_MS = 1000
#: A pong said to be from the future by more than this is not believed.
CLOCK_SLACK_MS = 500


class Membership:
    def __init__(self, view: ClusterView, failures: FailureDetector) -> None:
        self.view = view
        self.failures = failures

    # -- meeting

    def random_id(self) -> bytes:
        return b"%040x" % self.view.world.random.getrandbits(160)

    def start_handshake(self, ip: bytes, port: int, bus_port: int, flags: int = 0) -> bool:
        """Begin to meet whoever is there; False if that has begun already."""
        view = self.view
        for node in view.nodes.values():
            if node.is_in_handshake and node.ip == ip and node.bus_port == bus_port:
                return False
        node = ClusterNode(self.random_id(), HANDSHAKE | PRIMARY | flags, view.world.now_ms())
        node.ip, node.port, node.bus_port = ip, port, bus_port
        view.add(node)
        return True

    def end_old_handshakes(self, now_ms: int) -> None:
        oldest_ms = now_ms - max(self.view.world.settings.node_timeout_ms, LEAST_HANDSHAKE_MS)
        for node in self.view.peers():
            if node.flags & HANDSHAKE and node.created_ms < oldest_ms:
                self.view.remove(node)

    def was_met(self, header: Header, link: Link) -> None:
        """A node we do not know says MEET."""
        node = ClusterNode(self.random_id(), HANDSHAKE | PRIMARY, self.view.world.now_ms())
        node.ip = header.ip or link.peer_ip
        node.port, node.tls_port, node.bus_port = header.port, header.tls_port, header.bus_port
        self.view.add(node)
        self.view.save_later()

    def answered(self, link: Link, node: ClusterNode, sender: ClusterNode | None, header: Header) -> bool:
        """A frame came back from whom we connected to; False if it is not whom we thought, and the link is closed."""
        view = self.view
        if node.is_in_handshake:
            if sender is not None:
                # We know it already, under its name.
                if self.update_address(sender, header, link):
                    view.save_later()
                view.remove(node)
                return False
            view.rename(node, header.node_id)
            node.flags = node.flags & ~(HANDSHAKE | MEET | PRIMARY | REPLICA) | header.flags & (PRIMARY | REPLICA)
            node.shard_id = header.shard_id
            node.port, node.tls_port = header.port, header.tls_port  # we were told one of them, and not which
            view.world.log("debug", f"Handshake with node {node.id.decode()} completed.")
            view.save_later()
            view.must_update = view.routes_changed = True
        elif node.id != header.node_id:
            view.world.log(
                "debug",
                f"PONG contains mismatching sender ID. About node {node.id.decode()} added "
                f"{view.world.now_ms() - node.created_ms} ms ago",
            )
            node.flags |= NOADDR
            node.ip, node.port, node.tls_port, node.bus_port = b"", 0, 0, 0
            link.close()
            node.link = None
            view.save_later()
            return False
        return True

    def update_address(self, node: ClusterNode, header: Header, link: Link) -> bool:
        """A known node speaks from elsewhere; whether its address changed."""
        if link is node.link:
            return False
        ip = header.ip or link.peer_ip
        if (ip, header.port, header.tls_port, header.bus_port) == (node.ip, node.port, node.tls_port, node.bus_port):
            return False
        node.ip = ip
        node.port, node.tls_port, node.bus_port = header.port, header.tls_port, header.bus_port
        if node.link is not None:
            node.link.close()
            node.link = None
        node.flags &= ~NOADDR
        view = self.view
        address = f"{ip.decode()}:{node.port_by(False)}"
        view.world.log("warning", f"Address updated for node {node.id.decode()}, now {address}")
        if view.myself.primary is node:
            view.world.follow(node)
        view.save_later()
        view.must_update = view.routes_changed = True
        return True

    def take_description(self, node: ClusterNode, header: Header) -> None:
        """Names and flags a node tells of itself."""
        told = header.hostname, header.human_name, header.shard_id, header.client
        if (node.hostname, node.human_name, node.shard_id, node.client) != told:
            node.hostname, node.human_name, node.shard_id, node.client = told
            self.view.save_later()
            self.view.routes_changed = True
        node.flags = node.flags & ~NOFAILOVER | header.flags & NOFAILOVER

    def take_role(self, node: ClusterNode, header: Header) -> None:
        """A node tells whether it is a primary, or whose replica."""
        view = self.view
        if not header.primary_id:
            view.make_primary(node)
            return
        primary = view.find(header.primary_id)
        if node.is_primary or (primary is not None and node.primary is not primary):
            view.make_replica(node, primary)

    # -- gossip

    def gossip_for(self, receiver: ClusterNode | None) -> list[Gossip]:
        """Some nodes, chosen by chance, and all that we do not reach."""
        view = self.view
        now_ms = view.world.now_ms()
        nodes = list(view.nodes.values())
        fresh = len(nodes) - 2
        wanted = max(len(nodes) * view.world.settings.gossip_percent // 100, LEAST_GOSSIP)
        wanted = max(min(wanted, fresh, MOST_GOSSIP), 0)
        random = view.world.random.random
        chosen: dict[bytes, Gossip] = {}
        tries = wanted * 3
        count = len(nodes)
        myself = view.myself
        while len(chosen) < wanted and tries > 0:
            tries -= 1
            node = nodes[int(random() * count)]
            if node is myself or node is receiver or node.id in chosen or node.flags & (PFAIL | HANDSHAKE | NOADDR):
                continue
            if node.link is None and not node.slots:
                continue
            chosen[node.id] = self._gossip(node, now_ms)
        for node in nodes:
            if node.flags & PFAIL and not node.flags & (HANDSHAKE | NOADDR) and len(chosen) < MOST_GOSSIP:
                chosen[node.id] = self._gossip(node, now_ms)
        return list(chosen.values())

    def _gossip(self, node: ClusterNode, now_ms: int) -> Gossip:
        age_ms = now_ms - node.pong_ms if node.pong_ms else NO_AGE
        return Gossip(node.id, node.ip, node.port, node.tls_port, node.bus_port, node.flags, age_ms)

    def take_gossip(self, entries: list[Gossip], sender: ClusterNode) -> None:
        """What a known node says of others."""
        view = self.view
        now_ms = view.world.now_ms()
        nodes = view.nodes
        for entry in entries:
            node = nodes.get(entry.node_id)
            failing = entry.flags & (PFAIL | FAIL)
            if node is None:
                if not entry.flags & NOADDR and not view.is_blacklisted(entry.node_id):
                    self._add(entry, now_ms)
                continue
            if node is view.myself:
                continue
            if failing or node.failure_reports:
                self.failures.reported(node, sender, failing != 0)
            if failing:
                continue
            if node.ping_sent_ms == 0 and entry.pong_age_ms >= 0 and not node.failure_reports:
                pong_ms = now_ms - entry.pong_age_ms
                if node.pong_ms < pong_ms <= now_ms + CLOCK_SLACK_MS:
                    node.pong_ms = pong_ms
            if (
                node.flags & (PFAIL | FAIL)
                and not entry.flags & NOADDR
                and ((node.ip, node.port, node.bus_port) != (entry.ip, entry.port, entry.bus_port))
            ):
                # Others reach it, at another address.
                if node.link is not None:
                    node.link.close()
                    node.link = None
                node.ip, node.port, node.tls_port = entry.ip, entry.port, entry.tls_port
                node.bus_port = entry.bus_port
                node.flags &= ~NOADDR
                view.routes_changed = True

    def _add(self, entry: Gossip, now_ms: int) -> None:
        node = ClusterNode(entry.node_id, entry.flags & (PRIMARY | REPLICA) or PRIMARY, now_ms)
        node.ip, node.port, node.tls_port, node.bus_port = entry.ip, entry.port, entry.tls_port, entry.bus_port
        self.view.add(node)
        self.view.save_later()
