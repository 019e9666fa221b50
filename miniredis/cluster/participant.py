"""One node of a cluster: frames come in, time passes, frames go out.  No socket, file, clock or chance of its own.

`receive` and `tick` are all that drives it; each ends in `settle`, which saves and tells the server what changed.
The rules are Redis Cluster's; the machines that hold them stand beside this file.
"""

from __future__ import annotations

from miniredis.cluster import messages
from miniredis.cluster.elections import Election, Voter, take_over
from miniredis.cluster.failures import FailureDetector
from miniredis.cluster.manual_failover import ManualFailover
from miniredis.cluster.membership import Membership
from miniredis.cluster.messages import Fail, Header, Message, Ping, Publish, StartFailover, Update, Vote, VoteRequest
from miniredis.cluster.node import HANDSHAKE, MEET, MYSELF, NOADDR, NOFAILOVER, PRIMARY, REPLICA, ClusterNode
from miniredis.cluster.nodes_file import render
from miniredis.cluster.ranges import slots_in
from miniredis.cluster.replica_migration import new_primary
from miniredis.cluster.surroundings import Link, Surroundings
from miniredis.cluster.view import ClusterView

TICK_MS = 100
TICKS_A_SECOND = 10
#: Nodes looked at for the one whose pong is oldest.
PING_SAMPLE = 5
#: In larger clusters a suspicion waits for the next ping.
MOST_TOLD_AT_ONCE = 30


class Counters:
    """Messages by kind, for CLUSTER INFO."""

    def __init__(self) -> None:
        self.sent: dict[str, int] = {}
        self.received: dict[str, int] = {}


def kind_name(message: Message) -> str:
    """As CLUSTER INFO names it."""
    match message:
        case Ping(kind=kind):
            return ("ping", "pong", "meet")[kind]
        case Fail():
            return "fail"
        case Publish(is_sharded=is_sharded):
            return "publishshard" if is_sharded else "publish"
        case VoteRequest():
            return "auth-req"
        case Vote():
            return "auth-ack"
        case Update():
            return "update"
        case StartFailover():
            return "mfstart"


class Participant:
    def __init__(self, world: Surroundings, view: ClusterView) -> None:
        self.world = world
        self.view = view
        self.failures = FailureDetector(view)
        self.membership = Membership(view, self.failures)
        self.voter = Voter(view, self.save_now)
        self.election = Election(view)
        self.manual = ManualFailover(view)
        self.counters = Counters()
        self.takeovers = 0
        self._ticks = 0
        self.announce()

    @property
    def myself(self) -> ClusterNode:
        return self.view.myself

    def announce(self) -> None:
        """Take over how the settings want us to be known."""
        myself, settings = self.view.myself, self.world.settings
        if settings.ip:
            myself.ip = settings.ip
        myself.port, myself.tls_port, myself.bus_port = settings.port, settings.tls_port, settings.bus_port
        myself.hostname, myself.human_name, myself.client = settings.hostname, settings.human_name, settings.client
        myself.flags = myself.flags & ~NOFAILOVER | (NOFAILOVER if settings.no_failover else 0)
        self.view.routes_changed = True

    # -- sending

    def header(self) -> Header:
        view = self.view
        myself = view.myself
        head = myself.head()
        world = self.world
        if myself.is_primary:
            myself.offset = world.offset()
        return Header(
            myself.id, myself.flags, myself.port, myself.tls_port, myself.bus_port, world.settings.ip,
            myself.hostname, myself.human_name, myself.shard_id,
            myself.primary.id if myself.primary is not None else b"",
            view.current_epoch, head.config_epoch, world.offset(), head.ranges, view.is_up,
            myself.is_primary and self.manual.is_on(), client=world.settings.client,
        )  # fmt: skip

    def send(self, link: Link, message: Message) -> None:
        name = kind_name(message)
        self.counters.sent[name] = self.counters.sent.get(name, 0) + 1
        link.send(message)

    def ping(self, node: ClusterNode, kind: int = messages.PING) -> None:
        link = node.link
        if link is None or not link.is_up:
            return
        if kind != messages.PONG and node.ping_sent_ms == 0:
            node.ping_sent_ms = self.world.now_ms()
        self.send(link, Ping(self.header(), kind, self.membership.gossip_for(node)))

    def tell(self, node: ClusterNode, message: Message) -> bool:
        """By our link, or by the one it made to us; False if there is neither."""
        for link in (node.link, node.inbound):
            if link is not None and link.is_up:
                self.send(link, message)
                return True
        return False

    def broadcast(self, message: Message) -> None:
        for node in self.view.peers():
            if not node.is_in_handshake:
                self.tell(node, message)

    def announce_to(self, nodes: list[ClusterNode]) -> None:
        """Tell them at once how things are, unasked."""
        for node in nodes:
            if node is not self.view.myself and not node.is_in_handshake:
                self.ping(node, messages.PONG)

    def publish(self, channel: bytes, message: bytes, is_sharded: bool) -> None:
        """Carry what a client of ours published to the other nodes, a shard's to its own only."""
        if len(channel) + len(message) > messages.MOST_PUBLISHED:
            self.world.log("warning", "A published message is too long for the other nodes.")
            return
        head = self.myself.head()
        published = Publish(self.header(), channel, message, is_sharded)
        for node in self.view.peers():
            if is_sharded and node.head() is not head:
                continue
            if not node.is_in_handshake:
                self.tell(node, published)

    # -- links

    def link_up(self, link: Link) -> None:
        """We are connected to a node."""
        node = link.node
        if node is None or node.link is not link:
            link.close()
            return
        old_ping_ms = node.ping_sent_ms
        self.ping(node, messages.MEET if node.flags & MEET else messages.PING)
        if old_ping_ms:
            # A lost link is no excuse: the unanswered ping goes on counting.
            node.ping_sent_ms = old_ping_ms
        node.flags &= ~MEET

    def link_lost(self, link: Link) -> None:
        node = link.node
        if node is not None and node.link is link:
            node.link = None
            node.ping_sent_ms = node.ping_sent_ms or self.world.now_ms()
        elif link.sender is not None and link.sender.inbound is link:
            link.sender.inbound = None

    # -- receiving

    def receive(self, link: Link, message: Message) -> None:
        """A frame came.  What it says counts only if its sender is known, or asks to be."""
        view = self.view
        header = message.header
        name = kind_name(message)
        self.counters.received[name] = self.counters.received.get(name, 0) + 1
        sender = view.nodes.get(header.node_id)
        if sender is view.myself or (sender is not None and sender.is_in_handshake):
            sender = None
        if sender is not None:
            self._heard(sender, link, header)
        if isinstance(message, Ping):
            self._receive_ping(link, message, sender)
        elif sender is not None:
            self._receive_other(message, sender)
        self.settle()

    def _heard(self, sender: ClusterNode, link: Link, header: Header) -> None:
        view = self.view
        sender.heard_ms = self.world.now_ms()
        if link.node is None and link.sender is not sender:
            link.sender = sender
            sender.inbound = link
        view.current_epoch = max(view.current_epoch, header.current_epoch)
        if header.config_epoch > sender.config_epoch and not header.primary_id:
            sender.config_epoch = header.config_epoch
            view.save_later(sync=True)
        sender.offset = header.offset
        if header.is_paused and self.myself.primary is sender:
            self.manual.heard_offset(header.offset)

    def _receive_ping(self, link: Link, message: Ping, sender: ClusterNode | None) -> None:
        view = self.view
        header = message.header
        kind = message.kind
        if kind != messages.PONG:
            wants_ip = (kind == messages.MEET or not view.myself.ip) and not self.world.settings.ip
            if wants_ip and link.local_ip and view.myself.ip != link.local_ip:
                # Whoever reaches us knows our address better than we do.
                view.myself.ip = link.local_ip
                view.save_later()
                view.routes_changed = True
            if kind == messages.MEET and sender is None and header.node_id != view.myself.id:
                self.membership.was_met(header, link)
            self.send(link, Ping(self.header(), messages.PONG, self.membership.gossip_for(sender)))
        node = link.node
        if node is not None:
            if not self.membership.answered(link, node, sender, header):
                return
            if sender is None:
                sender = view.find(header.node_id)
                if sender is not node:
                    return
                self._heard(sender, link, header)
            if kind == messages.PONG:
                node.pong_ms = self.world.now_ms()
                node.ping_sent_ms = 0
                self.failures.answered(node)
        if sender is None:
            return
        if kind == messages.PING and node is None:
            self.membership.update_address(sender, header, link)
        self.membership.take_description(sender, header)
        self.membership.take_role(sender, header)
        self._take_slots(sender, header)
        if self.myself.is_primary and sender.is_primary and header.config_epoch == self.myself.config_epoch:
            self._settle_collision(sender)
        self.membership.take_gossip(message.gossip, sender)

    def _take_slots(self, sender: ClusterNode, header: Header) -> None:
        head = sender.head()
        if head is sender and sender.is_replica:
            return  # of a primary we do not know
        view = self.view
        if head.ranges == header.slots:
            if view.unclaimed and sender is head:
                view.unclaimed -= sender.slots
            return
        if sender.is_primary:
            view.take_claims(sender, header.config_epoch, header.slots)
        # Who claims what is another's with a later epoch is told.
        for slot in slots_in(header.slots):
            owner = view.owners[slot]
            if owner is None or owner is sender or owner.config_epoch <= header.config_epoch:
                continue
            self.tell(sender, Update(self.header(), owner.id, owner.config_epoch, owner.ranges))
            break

    def _settle_collision(self, sender: ClusterNode) -> None:
        """Two primaries have the same config epoch: the one with the smaller name takes a new one."""
        myself = self.myself
        if sender.id <= myself.id:
            return
        self.view.current_epoch += 1
        myself.config_epoch = self.view.current_epoch
        self.view.save_later(sync=True)
        self.world.log(
            "debug",
            f"configEpoch collision with node {sender.id.decode()}. Updating my configEpoch to {myself.config_epoch}",
        )

    def _receive_other(self, message: Message, sender: ClusterNode) -> None:
        view = self.view
        match message:
            case Fail(node_id=node_id):
                failing = view.find(node_id)
                if failing is not None and not failing.has_failed and failing is not view.myself:
                    self.world.log(
                        "notice", f"FAIL message received from {sender.id.decode()} about {node_id.decode()}"
                    )
                    self.failures.mark(failing)
            case Publish(channel=channel, message=payload, is_sharded=is_sharded):
                self.world.published(channel, payload, is_sharded)
            case VoteRequest():
                if self.voter.asked(sender, message.header):
                    self.tell(sender, Vote(self.header()))
            case Vote():
                self.election.voted(sender, message.header)
                self._stand()
            case Update(node_id=node_id, config_epoch=epoch, slots=slots):
                node = view.find(node_id)
                if node is None or node is view.myself or node.config_epoch >= epoch:
                    return
                view.make_primary(node)
                node.config_epoch = epoch
                view.take_claims(node, epoch, slots)
            case StartFailover():
                if self.manual.was_asked(sender):
                    # With word that we have paused, and how far we are.
                    self.ping(sender)

    # -- time

    def tick(self) -> None:
        """Ten times a second."""
        now_ms = self.world.now_ms()
        view = self.view
        settings = self.world.settings
        self._ticks += 1
        self.membership.end_old_handshakes(now_ms)
        peers = view.peers()
        for node in peers:
            if node.link is None and not node.flags & NOADDR and node.bus_port:
                node.link = self.world.connect(node)
                if node.link is None:
                    node.ping_sent_ms = node.ping_sent_ms or now_ms
        if self._ticks % TICKS_A_SECOND == 0:
            self._ping_oldest()
        half_ms = settings.node_timeout_ms // 2
        for node in peers:
            if node.flags & (NOADDR | HANDSHAKE):
                continue
            link = node.link
            if link is not None and link.is_up and node.ping_sent_ms == 0:
                wants_offset = self.myself.is_primary and self.manual.replica is node
                if now_ms - node.pong_ms > half_ms or wants_offset:
                    self.ping(node)
                    continue
            if link is not None and node.ping_sent_ms and now_ms - link.created_ms > settings.node_timeout_ms:
                unanswered_ms = now_ms - node.ping_sent_ms
                silent_ms = min(unanswered_ms, now_ms - node.heard_ms)
                if silent_ms > half_ms or unanswered_ms > settings.node_timeout_ms:
                    # The link itself may be what fails.
                    link.close()
                    node.link = None
            if node.ping_sent_ms:
                self.failures.look_at(node, now_ms)
        view.update_state()
        if self.myself.is_replica and self.myself.primary is not None:
            self.world.keep_following(self.myself.primary)
        self.manual.step()
        self._stand()
        if self.myself.is_replica and self._ticks % TICKS_A_SECOND == 0:
            target = new_primary(view, now_ms)
            if target is not None:
                self.follow(target)
        self.settle()

    def _ping_oldest(self) -> None:
        """One of a few nodes chosen by chance, so that each is heard of now and then however short the list is."""
        peers = [
            node for node in self.view.peers()
            if node.link is not None and node.link.is_up and node.ping_sent_ms == 0 and not node.is_in_handshake
        ]  # fmt: skip
        if not peers:
            return
        random = self.world.random
        sample = [peers[int(random.random() * len(peers))] for _ in range(min(PING_SAMPLE, len(peers)))]
        self.ping(min(sample, key=lambda node: node.pong_ms))

    def _stand(self) -> None:
        """As a replica: see whether to take over, and take the next step of it."""
        if self.myself.is_primary:
            return
        wanted = self.election.step(self.manual.is_on() and self.manual.may_start)
        if wanted == "announce":
            primary = self.myself.primary
            assert primary is not None
            self.announce_to(list(primary.replicas))
            if self.election.starts_ms <= self.world.now_ms():
                self._stand()
        elif wanted == "ask":
            if self.save_now():
                header = self.header()
                header.is_forced = self.manual.is_on()
                self.broadcast(VoteRequest(header))
        elif wanted == "won":
            self.take_over()

    def take_over(self) -> None:
        """Become primary of our primary's slots, and tell everybody."""
        take_over(self.view)
        self.takeovers += 1
        self.view.update_state()
        self.save_now()
        self.announce_to(self.view.peers())
        self.manual.reset()
        self.election.restart()

    # -- what follows

    def settle(self) -> None:
        """Tell others and the server what has changed, and save it."""
        view = self.view
        if self.failures.suspected:
            # The majority is asked at once for its opinion, by telling ours.
            self.failures.suspected = []
            primaries = view.primaries()
            if len(primaries) <= MOST_TOLD_AT_ONCE:
                self.announce_to(primaries)
        if self.failures.found_failing:
            failing, self.failures.found_failing = self.failures.found_failing, []
            for node in failing:
                self.broadcast(Fail(self.header(), node.id))
        if view.must_update:
            view.update_state()
        if view.is_dirty:
            self.save_now(view.must_sync)
        if view.routes_changed:
            view.routes_changed = False
            self.world.routes_changed()
        if self.manual.replica is not None and self.myself.is_replica:
            # It has taken over: the writes that waited are sent on to it.
            self.manual.reset()

    def save_now(self, sync: bool = True) -> bool:
        view = self.view
        if not self.world.save(render(view, self.world.wall_offset_ms()), sync):
            self.world.log("warning", "The cluster's state could not be saved.")
            return False
        view.is_dirty = view.must_sync = False
        return True

    # -- what commands ask for

    def follow(self, primary: ClusterNode) -> None:
        """Become a replica, and say so at once: who has not heard neither votes for us nor hands over to us."""
        self.view.follow(primary)
        self.view.save_later(sync=True)
        self.announce_to(self.view.peers())

    def start_manual_failover(self, is_forced: bool) -> None:
        """As a replica: CLUSTER FAILOVER and CLUSTER FAILOVER FORCE."""
        self.manual.begin(is_forced)
        self.election.restart()
        primary = self.myself.primary
        if is_forced:
            self._stand()
        elif primary is not None:
            self.tell(primary, StartFailover(self.header()))

    def reset(self, is_hard: bool) -> None:
        """CLUSTER RESET: forget the others; `is_hard`: and who we are."""
        view = self.view
        if view.myself.is_replica:
            view.make_primary(view.myself)
            self.world.promote()
        for slot in range(len(view.owners)):
            view.unassign(slot)
        view.leaving.clear()
        view.coming.clear()
        for node in view.peers():
            view.remove(node)
        self.manual.reset()
        self.election.restart()
        myself = view.myself
        if is_hard:
            view.current_epoch = view.last_vote_epoch = 0
            myself.config_epoch = 0
            view.rename(myself, self.membership.random_id())
            myself.shard_id = self.membership.random_id()
        myself.flags = myself.flags & ~REPLICA | MYSELF | PRIMARY
        view.save_later(sync=True)
        view.update_state()
        self.settle()
