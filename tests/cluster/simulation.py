"""A whole cluster in one process: real nodes, a simulated network, disk and clock; one seed decides everything.

Frames are delayed, lost, cut off in one direction or both; nodes crash, with what they had not synced torn away;
they stand still, and their clocks jump.  After every step the rules hold that a cluster lives by (`Rules`), and once
the faults are over all nodes agree within 30 virtual seconds.
"""

from __future__ import annotations

import heapq
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from miniredis.cluster.codec import Decoder, encode
from miniredis.cluster.messages import Message, Vote
from miniredis.cluster.node import FAIL, PFAIL, ClusterNode
from miniredis.cluster.nodes_file import load, own_id
from miniredis.cluster.participant import TICK_MS, Participant
from miniredis.cluster.ranges import Ranges
from miniredis.cluster.surroundings import Link, Settings, Surroundings
from miniredis.cluster.view import ClusterView
from miniredis.keyspace.slots import SLOTS

START_MS = 10_000_000
AGREE_MS = 30_000
PORT = 7000


class Events:
    """What happens when; nothing happens between."""

    def __init__(self) -> None:
        self.now_ms: float = START_MS
        self.done = 0
        self._queue: list[tuple[float, int, Callable[[], None]]] = []

    def later(self, delay_ms: float, call: Callable[[], None]) -> None:
        self.done += 1
        heapq.heappush(self._queue, (self.now_ms + delay_ms, self.done, call))

    def run_until(self, end_ms: float) -> None:
        queue = self._queue
        while queue and queue[0][0] <= end_ms:
            self.now_ms, _, call = heapq.heappop(queue)
            call()
        self.now_ms = end_ms


class Rules:
    """What must hold at every step, whatever happens.  `owners`: the node that claims slots by each config epoch."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.owners: dict[int, bytes] = {}
        self.epochs: dict[tuple[bytes, int], int] = {}
        self.config_epochs: dict[bytes, int] = {}
        self.votes: dict[tuple[bytes, int], bytes] = {}

    def broken(self, machine: Machine, what: str) -> AssertionError:
        return AssertionError(f"{self.name}, {machine.events.now_ms - START_MS:.0f} ms: node {machine.number} {what}")

    def look_at(self, machine: Machine) -> None:
        assert machine.participant is not None
        view = machine.participant.view
        myself = view.myself
        life = (myself.id, machine.lives)
        if view.current_epoch < self.epochs.get(life, 0):
            raise self.broken(machine, f"went back to epoch {view.current_epoch}")
        self.epochs[life] = view.current_epoch
        if myself.config_epoch < self.config_epochs.get(myself.id, 0):
            raise self.broken(machine, f"went back to config epoch {myself.config_epoch}")
        self.config_epochs[myself.id] = myself.config_epoch
        if myself.slots:
            owner = self.owners.setdefault(myself.config_epoch, myself.id)
            if owner != myself.id:
                raise self.broken(machine, f"claims slots with config epoch {myself.config_epoch} of another node")

    def voted(self, machine: Machine, candidate: bytes, epoch: int) -> None:
        first = self.votes.setdefault((machine.name, epoch), candidate)
        if first != candidate:
            raise self.broken(machine, f"votes twice in epoch {epoch}")
        if b"lastVoteEpoch %d\n" % epoch not in machine.synced:
            raise self.broken(machine, f"votes in epoch {epoch} before that is on disk")


class Network:
    """Who reaches whom, how fast, and how many frames are lost on the way."""

    def __init__(self, events: Events, chance: Random, codec_every: int) -> None:
        self.events = events
        self.chance = chance
        #: One of so many frames is written as a line and read again; 0: none.
        self.codec_every = codec_every
        self.loss = 0.0
        self.slowest_ms = 20.0
        self.cut: set[tuple[int, int]] = set()
        self.messages = 0
        #: Those that went through the codec, and their bytes.
        self.coded = 0
        self.bytes = 0
        self.trace = 0
        self.decoder = Decoder()

    def delay_ms(self) -> float:
        return 0.2 + self.chance.random() * self.slowest_ms

    def reaches(self, sender: int, receiver: int) -> bool:
        return not self.cut or (sender, receiver) not in self.cut


class SimulatedLink(Link):
    """One end; the other end is at `remote`."""

    def __init__(self, machine: Machine, remote: Machine, node: ClusterNode | None) -> None:
        super().__init__(node, machine.world.now_ms())
        self.machine = machine
        self.remote = remote
        self.twin: SimulatedLink | None = None
        self.life = machine.lives
        self.is_closed = False
        self.arrives_ms = 0.0
        self.peer_ip = remote.ip
        self.local_ip = machine.ip

    def send(self, message: Message) -> None:
        machine = self.machine
        network = machine.network
        network.messages += 1
        if type(message) is Vote:
            machine.rules.voted(machine, self.remote.name, message.header.current_epoch)
        now_ms = network.events.now_ms
        network.trace = zlib.crc32(
            b"%d %d %d %d" % (now_ms * 1000, machine.number, self.remote.number, message.header.current_epoch),
            network.trace,
        )
        if network.codec_every and network.messages % network.codec_every == 0:
            message = self._through_codec(message)
        if not network.reaches(machine.number, self.remote.number):
            return
        if network.loss and network.chance.random() < network.loss:
            return
        # In order, as TCP delivers.
        self.arrives_ms = max(self.arrives_ms, now_ms + network.delay_ms())
        twin = self.twin
        assert twin is not None
        network.events.later(self.arrives_ms - now_ms, lambda: twin.receive(message))

    def _through_codec(self, message: Message) -> Message:
        decoded: Message | None = None
        self.machine.network.coded += 1
        for line in encode(message):
            self.machine.network.bytes += len(line) + 1
            decoded = self.machine.network.decoder.decode(line, True)
        assert decoded == message
        return decoded

    def receive(self, message: Message) -> None:
        machine = self.machine
        if self.is_closed or machine.participant is None or machine.lives != self.life:
            return
        if machine.is_still:
            machine.waiting.append(lambda: self.receive(message))
            return
        machine.participant.receive(self, message)
        machine.rules.look_at(machine)

    def close(self) -> None:
        self.is_closed = True
        self.is_up = False
        twin = self.twin
        if twin is not None and not twin.is_closed:
            self.machine.events.later(self.machine.network.delay_ms(), twin.lost)

    def lost(self) -> None:
        machine = self.machine
        if self.is_closed or machine.lives != self.life:
            return
        if machine.network.reaches(self.remote.number, machine.number):
            self.is_closed = True
            self.is_up = False
            if machine.participant is not None:
                machine.participant.link_lost(self)


class World(Surroundings):
    """The surroundings of one node in one life of its machine."""

    def __init__(self, machine: Machine, random: Random, settings: Settings) -> None:
        super().__init__(random)
        self.machine = machine
        self.settings = settings
        self.is_writing = False

    def now_ms(self) -> int:
        return int(self.machine.events.now_ms + self.machine.jumped_ms)

    def wall_offset_ms(self) -> int:
        return self.machine.wall_ms

    def connect(self, node: ClusterNode) -> Link | None:
        remote = self.machine.at.get(node.bus_port)
        if remote is None:
            return None
        link = SimulatedLink(self.machine, remote, node)
        events = self.machine.events
        events.later(self.machine.network.delay_ms() * 2, lambda: self._connected(link))
        return link

    def _connected(self, link: SimulatedLink) -> None:
        machine, remote = self.machine, link.remote
        if link.is_closed or machine.participant is None or machine.lives != link.life:
            return
        network = machine.network
        both = network.reaches(machine.number, remote.number) and network.reaches(remote.number, machine.number)
        if remote.participant is None or not both:
            link.is_closed = True
            machine.participant.link_lost(link)
            return
        twin = SimulatedLink(remote, machine, None)
        link.twin, twin.twin = twin, link
        link.is_up = twin.is_up = True
        machine.participant.link_up(link)

    def save(self, text: bytes, sync: bool) -> bool:
        self.machine.written = text
        if sync:
            self.machine.synced = text
        return True

    # -- a replication that copies whatever its primary holds, as long as they reach each other

    def follow(self, node: ClusterNode) -> None:
        self.machine.follows = node.id

    def promote(self) -> None:
        self.machine.follows = b""

    def offset(self) -> int:
        machine = self.machine
        if machine.follows:
            primary = machine.named.get(machine.follows)
            network = machine.network
            if (
                primary is not None
                and primary.participant is not None
                and not primary.is_still
                and (network.reaches(primary.number, machine.number))
            ):
                machine.offset = max(machine.offset, primary.offset)
                machine.heard_ms = self.now_ms()
        elif machine.participant is not None and machine.participant.view.is_up:
            machine.offset = int(machine.events.now_ms)
        return machine.offset

    def data_age_ms(self) -> int:
        self.offset()
        return self.now_ms() - self.machine.heard_ms

    def drop_keys(self, slots: list[int]) -> None:
        raise AssertionError("there are no keys")


class Machine:
    """What outlives a crash: the disk, the address; and the node that runs on it, if it runs."""

    def __init__(self, number: int, events: Events, network: Network, rules: Rules, seed: str) -> None:
        self.number = number
        self.name = b"%040x" % (number + 1)
        self.ip = b"10.0.0.%d" % number
        self.bus_port = PORT + 10000 + number
        self.events = events
        self.network = network
        self.rules = rules
        self.random = Random(f"{seed} node {number}")
        self.at: dict[int, Machine] = {}
        self.named: dict[bytes, Machine] = {}
        self.lives = 0
        self.participant: Participant | None = None
        self.world: World
        self.written = b""
        self.synced = b""
        self.jumped_ms = 0
        self.wall_ms = 1_700_000_000_000
        self.is_still = False
        self.waiting: list[Callable[[], None]] = []
        self.follows = b""
        self.offset = 0
        self.heard_ms = START_MS

    def start(self, settings: Settings) -> None:
        self.lives += 1
        self.world = World(self, self.random, settings)
        view = ClusterView(self.world, own_id(self.synced))
        load(view, self.synced)
        self.written = self.synced
        self.heard_ms = self.world.now_ms()
        primary = view.myself.primary
        self.follows = primary.id if primary is not None else b""
        self.participant = Participant(self.world, view)
        self.participant.save_now()
        self._tick_later(self.lives)

    def _tick_later(self, life: int) -> None:
        def tick() -> None:
            if self.participant is None or self.lives != life:
                return
            if self.is_still:
                self.waiting.append(tick)
                return
            self.participant.tick()
            self.rules.look_at(self)
            self._tick_later(life)

        self.events.later(TICK_MS, tick)

    def crash(self) -> None:
        """What was not synced is gone, or is there after all; nobody gets a word but through broken links."""
        participant = self.participant
        if participant is None:
            return
        self.participant = None
        self.lives += 1
        self.waiting = []
        self.is_still = False
        if self.random.random() < 0.5:
            self.synced = self.written
        for node in participant.view.nodes.values():
            for link in (node.link, node.inbound):
                if isinstance(link, SimulatedLink):
                    link.close()

    def stand_still(self, for_ms: int) -> None:
        if self.participant is None or self.is_still:
            return
        self.is_still = True
        life = self.lives

        def go_on() -> None:
            if self.lives != life or not self.is_still:
                return
            self.is_still = False
            waiting, self.waiting = self.waiting, []
            # Timers first, as a reactor does.
            for call in reversed(waiting):
                self.events.later(0, call)

        self.events.later(for_ms, go_on)


class Faults:
    """Every few seconds something goes wrong, or right again."""

    def __init__(self, cluster: SimulatedCluster, chance: Random) -> None:
        self.cluster = cluster
        self.chance = chance
        self.is_over = False

    def strike(self) -> None:
        if self.is_over:
            return
        self.chance.choice(
            [self.partition, self.one_way, self.heal, self.lose, self.slow, self.crash, self.crash, self.restart,
             self.restart, self.stand_still, self.jump]
        )()  # fmt: skip
        self.cluster.events.later(self.chance.uniform(500, 4000), self.strike)

    def partition(self) -> None:
        numbers = range(len(self.cluster.machines))
        side = set(self.chance.sample(numbers, self.chance.randint(1, len(numbers) - 1)))
        self.cluster.network.cut = {(a, b) for a in numbers for b in numbers if (a in side) != (b in side)}

    def one_way(self) -> None:
        numbers = range(len(self.cluster.machines))
        deaf = self.chance.choice(numbers)
        self.cluster.network.cut = {(a, deaf) for a in numbers if a != deaf and self.chance.random() < 0.7}

    def heal(self) -> None:
        self.cluster.network.cut = set()
        self.cluster.network.loss = 0.0
        self.cluster.network.slowest_ms = 20.0

    def lose(self) -> None:
        self.cluster.network.loss = self.chance.choice([0.02, 0.1, 0.3])

    def slow(self) -> None:
        self.cluster.network.slowest_ms = self.chance.choice([20.0, 200.0, 1500.0])

    def crash(self) -> None:
        self.chance.choice(self.cluster.machines).crash()

    def restart(self) -> None:
        down = [machine for machine in self.cluster.machines if machine.participant is None]
        if down:
            self.cluster.start(self.chance.choice(down))

    def stand_still(self) -> None:
        self.chance.choice(self.cluster.machines).stand_still(self.chance.randint(100, 6000))

    def jump(self) -> None:
        machine = self.chance.choice(self.cluster.machines)
        machine.wall_ms += self.chance.randint(-100_000, 100_000)
        machine.jumped_ms += self.chance.choice([0, 300, 3000])  # the monotonic clock goes forward only


@dataclass(frozen=True)
class Outcome:
    nodes: int
    trace: int
    messages: int
    takeovers: int
    agreed_after_ms: float


class SimulatedCluster:
    """`count` nodes of which about every `shard_size`th is a primary, formed already."""

    def __init__(self, name: str, count: int, shard_size: int, timeout_ms: int, codec_every: int = 0) -> None:
        self.events = Events()
        self.rules = Rules(name)
        self.network = Network(self.events, Random(f"{name} network"), codec_every)
        self.timeout_ms = timeout_ms
        self.machines = [Machine(n, self.events, self.network, self.rules, name) for n in range(count)]
        self._write_disks(max(count // shard_size, min(3, count)))
        at = {machine.bus_port: machine for machine in self.machines}
        named = {machine.name: machine for machine in self.machines}
        for machine in self.machines:
            machine.at = at
            machine.named = named
        for machine in self.machines:
            self.start(machine)

    def settings(self, machine: Machine) -> Settings:
        return Settings(
            node_timeout_ms=self.timeout_ms, ip=machine.ip, port=PORT + machine.number, bus_port=machine.bus_port,
            validity_factor=0,
        )  # fmt: skip

    def start(self, machine: Machine) -> None:
        machine.start(self.settings(machine))

    def _write_disks(self, primaries: int) -> None:
        share = SLOTS / primaries
        lines: list[tuple[bytes, bytes]] = []
        for machine in self.machines:
            number = machine.number
            head = number % primaries
            if head == number:
                slots = b" %d-%d" % (round(number * share), round((number + 1) * share) - 1)
                role = b"master -"
            else:
                slots = b""
                role = b"slave %s" % self.machines[head].name
            lines.append(
                (b"%s %s:%d@%d " % (machine.name, machine.ip, PORT + number, machine.bus_port),
                 b"%s 0 0 %d connected%s" % (role, head + 1, slots))
            )  # fmt: skip
        for own in self.machines:
            text = b"".join(
                [
                    address + (b"myself," if number == own.number else b"") + rest + b"\n"
                    for number, (address, rest) in enumerate(lines)
                ]
            )
            own.synced = own.written = text + b"vars currentEpoch %d lastVoteEpoch 0\n" % primaries

    def run(self, for_ms: float) -> None:
        self.events.run_until(self.events.now_ms + for_ms)

    def picture(self, machine: Machine) -> object:
        """What a node believes, as far as all must believe the same; None while it is not content."""
        if machine.participant is None:
            return None
        view = machine.participant.view
        if not view.is_up or any(node.flags & (FAIL | PFAIL) for node in view.nodes.values()):
            return None
        nodes: list[tuple[bytes, Ranges, bytes, int]] = []
        for node in view.nodes.values():
            primary = node.primary.id if node.primary is not None else b""
            nodes.append((node.id, node.ranges, primary, node.config_epoch if node.is_primary else 0))
        return view.current_epoch, sorted(nodes)

    def agrees(self) -> bool:
        pictures = [self.picture(machine) for machine in self.machines]
        return pictures[0] is not None and all(picture == pictures[0] for picture in pictures)

    def heal(self) -> None:
        self.network.cut = set()
        self.network.loss = 0.0
        self.network.slowest_ms = 20.0
        for machine in self.machines:
            if machine.is_still:
                machine.crash()
            if machine.participant is None:
                self.start(machine)

    def time_to_agree(self) -> float:
        """Milliseconds until all believe the same; AssertionError after 30 seconds."""
        start_ms = self.events.now_ms
        while not self.agrees():
            if self.events.now_ms - start_ms > AGREE_MS:
                raise AssertionError(f"{self.rules.name}: no agreement after {AGREE_MS} ms\n{self.describe()}")
            self.run(250)
        return self.events.now_ms - start_ms

    def describe(self) -> str:
        lines: list[str] = []
        for machine in self.machines:
            if machine.participant is None:
                lines.append(f"{machine.number}: down")
                continue
            view = machine.participant.view
            lines.append(f"{machine.number}: up {view.is_up} epoch {view.current_epoch}")
            lines += [
                f"    {node.id.lstrip(b'0').decode()} {node.flag_names().decode()} "
                f"of {node.primary.id.lstrip(b'0').decode() if node.primary else '-'} epoch {node.config_epoch} "
                f"{node.ranges}"
                for node in view.nodes.values()
            ]
        return "\n".join(lines)

    def takeovers(self) -> int:
        return sum(machine.participant.takeovers for machine in self.machines if machine.participant is not None)


def run_seed(seed: int, faults_ms: float = 20_000) -> Outcome:
    """One cluster through a time of faults and the peace after it."""
    name = f"seed {seed}"
    chance = Random(f"{name} shape")
    count = 6 + int(25 * chance.random() ** 3)
    cluster = SimulatedCluster(
        name, count, chance.choice([2, 2, 3]), chance.choice([1500, 3000, 5000]), codec_every=int(seed % 10 == 0)
    )
    cluster.run(5000)
    faults = Faults(cluster, Random(f"{name} faults"))
    faults.strike()
    cluster.run(faults_ms)
    faults.is_over = True
    cluster.heal()
    agreed_ms = cluster.time_to_agree()
    for machine in cluster.machines:
        assert machine.participant is not None
        machine.participant.view._check()
    return Outcome(count, cluster.network.trace, cluster.network.messages, cluster.takeovers(), agreed_ms)
