"""A world in memory for sentinels: servers that replicate, a network under a seed, disks that remember.

Everything happens on one `Clock`.  Servers are as much of Redis as a sentinel sees: PING, INFO, PUBLISH, SLAVEOF.  A
sentinel can crash and start again from what it had saved.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from twisted.internet.task import Clock

from miniredis.resp.errors import ReplyError
from miniredis.resp.replies import Status
from miniredis.sentinel import watch
from miniredis.sentinel.hello import CHANNEL
from miniredis.sentinel.instances import Address, Instance, OnReply
from miniredis.sentinel.quorum import answer_question
from miniredis.sentinel.state import Sentinel
from miniredis.sentinel.state_lines import read_state, write_state

START_S = 1_700_000_000.0
#: Data servers listen on 6379, sentinels on 26379, each on an address of its own.
DATA_PORT, SENTINEL_PORT = 6379, 26379


class Host:
    """A machine of this world."""

    def __init__(self, world: World, address: str) -> None:
        self.world = world
        self.address = address
        self.is_up = True

    def answer(self, argv: list[bytes], connection: int) -> object:
        raise NotImplementedError


class DataServer(Host):
    """As much of a Redis as sentinels look at."""

    def __init__(self, world: World, address: str, primary: str = "") -> None:
        super().__init__(world, address)
        self.primary = primary
        self.run_id = b"%040x" % world.chance["ids"].getrandbits(160)
        self.offset = 100
        self.priority = 100
        self.subscribers: list[tuple[str, Callable[[bytes | None], None]]] = []
        self.queues: dict[int, list[list[bytes]]] = {}  # transactions, by connection
        self.reply: object = Status(b"PONG")  # to PING
        self.orders: list[tuple[float, str]] = []  # when it was told to follow whom
        self.link_is_up = True

    def answer(self, argv: list[bytes], connection: int) -> object:
        verb = argv[0].lower()
        if connection in self.queues and verb != b"exec":
            self.queues[connection].append(argv)
            return Status(b"QUEUED")
        if verb == b"ping":
            return self.reply
        if verb == b"info":
            return self.info()
        if verb == b"multi":
            self.queues[connection] = []
        elif verb == b"exec":
            return [self.answer(each, connection) for each in self.queues.pop(connection, [])]
        elif verb == b"slaveof":
            self.primary = "" if argv[1].lower() == b"no" else argv[1].decode()
            self.orders.append((self.world.clock.seconds(), self.primary))
        elif verb == b"publish":
            self.spread(argv[2])
            return 1
        return Status(b"OK")

    def spread(self, message: bytes, passed: tuple[str, ...] = ()) -> None:
        """Subscribers hear it here, and at the replicas; not for ever, should servers follow each other in a ring."""
        if self.address in passed:
            return
        passed = (*passed, self.address)
        for subscriber, heard in list(self.subscribers):
            self.world.carry(self.address, subscriber, partial(heard, message))
        for other in self.world.data():
            if other.primary == self.address:
                self.world.carry(self.address, other.address, partial(other.spread, message, passed))

    def info(self) -> bytes:
        lines = [b"run_id:" + self.run_id]
        if self.primary:
            lines += [
                b"role:slave",
                b"master_host:" + self.primary.encode(),
                b"master_port:%d" % DATA_PORT,
                b"master_link_status:" + (b"up" if self.link_is_up else b"down"),
                b"slave_repl_offset:%d" % self.offset,
                b"slave_priority:%d" % self.priority,
            ]
            if not self.link_is_up:
                lines.append(b"master_link_down_since_seconds:1")
        else:
            lines.append(b"role:master")
            followers = [each for each in self.world.data() if each.primary == self.address and each.is_up]
            for number, each in enumerate(followers):
                place = b"ip=%s,port=%d" % (each.address.encode(), DATA_PORT)
                lines.append(b"slave%d:%s,state=online,offset=1,lag=0" % (number, place))
        return b"\r\n".join(lines) + b"\r\n"


class SentinelHost(Host):
    """A sentinel's machine; its disk outlives its process."""

    def __init__(self, world: World, address: str, lines: list[list[bytes]]) -> None:
        super().__init__(world, address)
        self.disk = lines
        self.events: list[tuple[float, str, str]] = []
        self.saves = 0
        self.save_fails = False
        self.crashes = 0
        self.is_frozen = False  # stopped for a while: it neither ticks nor answers
        self.lives = 0
        self.sentinel = self._start()

    def _start(self) -> Sentinel:
        self.lives += 1
        sentinel = Sentinel(self, self.world.chance["sentinels"], SENTINEL_PORT)
        read_state(sentinel, self.disk, self.world.now_ms())
        self.save()
        self.world.clock.callLater(self.world.chance["sentinels"].uniform(0, 0.1), self._tick, self.lives)
        self.sentinel = sentinel
        self.save()
        return sentinel

    def _tick(self, life: int) -> None:
        if life != self.lives or not self.is_up:
            return
        self.world.clock.callLater(0.1, self._tick, life)
        if not self.is_frozen:
            watch.tick(self.sentinel, self.world.now_ms())

    def restart(self) -> None:
        """A process that ended without warning begins anew, with what its disk has."""
        for instance in self.sentinel.instances():
            self.sentinel.disconnect(instance.link)
        self.is_up = True
        self._start()

    def answer(self, argv: list[bytes], connection: int) -> object:
        now_ms = self.world.now_ms()
        verb = argv[0].lower()
        if verb == b"ping":
            return Status(b"PONG")
        if verb == b"publish":
            watch.take_hello(self.sentinel, argv[2], now_ms)
            return 1
        if verb == b"sentinel":
            answer = answer_question(self.sentinel, argv[2].decode(), int(argv[3]), int(argv[4]), argv[5], now_ms)
            if argv[5] != b"*":
                self.world.voted(self, answer[1], answer[2])
            return answer
        return Status(b"OK")

    def heard(self, name: str) -> list[str]:
        return [text for _, event, text in self.events if event == name]

    # -- Outside

    def connect(self, instance: Instance, opened: Callable[[str], None], lost: Callable[[], None]) -> SimulatedChannel:
        return SimulatedChannel(self.world, self, instance.address, opened, lost)

    def subscribe(
        self, instance: Instance, heard: Callable[[bytes | None], None], lost: Callable[[], None]
    ) -> SimulatedChannel:
        def subscribed(reached: str) -> None:
            server = self.world.hosts[reached]
            assert isinstance(server, DataServer)
            entry = (self.address, lambda message: heard(message) if not channel.is_closed else None)
            server.subscribers.append(entry)
            channel.on_end = lambda: server.subscribers.remove(entry) if entry in server.subscribers else None

        channel = SimulatedChannel(self.world, self, instance.address, subscribed, lost)
        return channel

    def event(self, level: str, name: str, text: str) -> None:
        self.events.append((self.world.clock.seconds(), name, text))
        self.world.on_event(self, name, text)

    def save(self) -> None:
        if self.save_fails:
            raise OSError(28, "No space left on device")
        if hasattr(self, "sentinel"):
            self.disk = write_state(self.sentinel)
            self.saves += 1

    def crash(self) -> None:
        self.crashes += 1


class SimulatedChannel:
    """A connection over the simulated network: opens after a round trip, breaks when packets stay away for long."""

    def __init__(
        self,
        world: World,
        owner: SentinelHost,
        address: Address,
        opened: Callable[[str], None],
        lost: Callable[[], None],
    ) -> None:
        self.world = world
        self.owner = owner
        self.peer = address.ip
        self.port = address.port
        self.lost = lost
        self.is_closed = False
        self.is_open = False
        self.is_dead = False
        self.on_end: Callable[[], None] = lambda: None
        self.waiting: list[tuple[list[bytes], OnReply]] = []
        self.due = 0.0
        host = world.hosts.get(self.peer)
        if host is None or not host.is_up:
            world.carry(owner.address, owner.address, self._refused)
        else:
            world.carry(owner.address, self.peer, lambda: self._reached(opened))

    def _reached(self, opened: Callable[[str], None]) -> None:
        self.world.carry(self.peer, self.owner.address, lambda: self._opened(opened))

    def _refused(self) -> None:
        if not self.is_closed:
            self.is_closed = True
            self.lost()

    def _opened(self, opened: Callable[[str], None]) -> None:
        if self.is_closed:
            return
        self.is_open = True
        opened(self.peer)
        waiting, self.waiting = self.waiting, []
        for argv, on_reply in waiting:
            self.send(argv, on_reply)

    def send(self, argv: list[bytes], on_reply: OnReply) -> None:
        if not self.is_open:
            self.waiting.append((argv, on_reply))
            return
        world, owner = self.world, self.owner
        self.is_dead = self.is_dead or {(owner.address, self.peer), (self.peer, owner.address)} & world.cut != set()
        if self.is_dead:
            return  # what comes after a gap is of no use, and nobody sends the gap again before we give up

        def arrive() -> None:
            host = world.hosts[self.peer]
            if isinstance(host, SentinelHost) and host.is_frozen:
                return
            reply = host.answer(argv, id(self))
            world.carry(self.peer, owner.address, lambda: None if self.is_closed else on_reply(reply))

        # In order: nothing overtakes what was sent before.
        self.due = world.carry(owner.address, self.peer, arrive, self.due)

    def local_host(self) -> str:
        return self.owner.address if self.is_open else ""

    def close(self) -> None:
        if not self.is_closed:
            self.is_closed = True
            self.on_end()

    def break_off(self) -> None:
        if not self.is_closed:
            self.is_closed = True
            self.on_end()
            self.lost()


@dataclass
class World:
    """Hosts, the clock and the network between them."""

    seed: int = 0
    clock: Clock = field(default_factory=Clock)
    hosts: dict[str, Host] = field(default_factory=dict)
    cut: set[tuple[str, str]] = field(default_factory=set)
    loss: float = 0.0
    leaders: dict[int, str] = field(default_factory=dict)
    votes: dict[tuple[str, int], bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.clock.advance(START_S)
        self.chance = {name: random.Random(f"{self.seed} {name}") for name in ("network", "sentinels", "ids", "faults")}

    def now_ms(self) -> int:
        return int(self.clock.seconds() * 1000)

    def data(self) -> list[DataServer]:
        return [host for host in self.hosts.values() if isinstance(host, DataServer)]

    def sentinels(self) -> list[SentinelHost]:
        return [host for host in self.hosts.values() if isinstance(host, SentinelHost)]

    def add_data(self, address: str, primary: str = "") -> DataServer:
        server = DataServer(self, address, primary)
        self.hosts[address] = server
        return server

    def add_sentinel(self, address: str, primary: str, quorum: int = 2, *more: list[bytes]) -> SentinelHost:
        lines = [
            [b"monitor", b"m", primary.encode(), b"%d" % DATA_PORT, b"%d" % quorum],
            [b"down-after-milliseconds", b"m", b"1000"],
            [b"failover-timeout", b"m", b"10000"],
            *more,
        ]
        host = SentinelHost(self, address, lines)
        self.hosts[address] = host
        return host

    def carry(self, sender: str, receiver: str, deliver: Callable[[], None], after: float = 0.0) -> float:
        """Deliver a packet after a while, or never across a cut; when, so that the next is not sooner."""
        arrival = self.clock.seconds() + self.chance["network"].uniform(0.0002, 0.01)
        if self.chance["network"].random() < self.loss:
            arrival += self.chance["network"].uniform(0.2, 1)  # sent again
        arrival = max(arrival, after)
        if (sender, receiver) in self.cut:
            return arrival

        def arrive() -> None:
            host = self.hosts.get(receiver)
            if host is not None and host.is_up and (sender, receiver) not in self.cut:
                deliver()

        self.clock.callLater(max(arrival - self.clock.seconds(), 0), arrive)
        return arrival

    def isolate(self, *addresses: str) -> None:
        """Cut these off from all others."""
        for inside in addresses:
            for outside in self.hosts:
                if outside not in addresses:
                    self.cut |= {(inside, outside), (outside, inside)}

    def heal(self) -> None:
        self.cut = set()

    def run(self, seconds: float) -> None:
        """From event to event, never by a fixed step."""
        end = self.clock.seconds() + seconds
        while True:
            calls = self.clock.getDelayedCalls()
            soonest = min((call.getTime() for call in calls), default=end)
            if soonest > end:
                break
            self.clock.advance(max(0.0, soonest - self.clock.seconds()))
        self.clock.advance(max(0.0, end - self.clock.seconds()))

    def run_until(self, reached: Callable[[], bool], seconds: float) -> float:
        """How long it took; fails when it takes longer."""
        began = self.clock.seconds()
        while not reached():
            assert self.clock.seconds() - began < seconds, f"seed {self.seed}: not reached in {seconds} s"
            self.run(0.05)
        return self.clock.seconds() - began

    # -- invariants

    def voted(self, voter: SentinelHost, leader: object, epoch: object) -> None:
        """A vote left its sentinel: it must be the only one of its epoch, whatever crashed meanwhile."""
        assert isinstance(leader, bytes)
        assert isinstance(epoch, int)
        if leader == b"*":
            return
        first = self.votes.setdefault((voter.address, epoch), leader)
        assert first == leader, f"seed {self.seed}: {voter.address} voted twice in epoch {epoch}"

    def on_event(self, host: SentinelHost, name: str, text: str) -> None:
        if name == "+elected-leader":
            epoch = host.sentinel.primaries["m"].failover_epoch
            first = self.leaders.setdefault(epoch, host.address)
            assert first == host.address, f"seed {self.seed}: {first} and {host.address} both lead epoch {epoch}"


def small_world(seed: int = 0, sentinels: int = 3, replicas: int = 2, quorum: int = 2) -> World:
    """A primary 10.0.0.1, replicas after it, sentinels at 10.0.1.x, all acquainted."""
    world = World(seed)
    world.add_data("10.0.0.1")
    for number in range(replicas):
        world.add_data(f"10.0.0.{number + 2}", "10.0.0.1")
    for number in range(sentinels):
        world.add_sentinel(f"10.0.1.{number + 1}", "10.0.0.1", quorum)

    def acquainted() -> bool:
        return all(
            len(host.sentinel.primaries["m"].sentinels) == sentinels - 1
            and len(host.sentinel.primaries["m"].replicas) == replicas
            and all(
                each.is_connected and each.info_ms or each.kind == "sentinel"
                for each in host.sentinel.primaries["m"].members()
            )
            for host in world.sentinels()
        )

    world.run_until(acquainted, 10)
    return world


def primary_address(host: SentinelHost) -> str:
    return host.sentinel.primaries["m"].address.ip


__all__ = ["CHANNEL", "DataServer", "ReplyError", "SentinelHost", "World", "primary_address", "small_world"]
