"""Servers in memory that replicate over a network in memory: TCP with delay, loss of connections, partitions.

One Clock moves everything.  A connection keeps the order of its bytes and loses none until it breaks; a partition
holds them back.  A seed decides all delays, so that the same seed gives the same run.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable
from random import Random

from twisted.internet.task import Clock

from miniredis.config.config import Config
from miniredis.dispatch.executor import Engine
from miniredis.dispatch.gates import GATE_LOADING
from miniredis.dispatch.port import Port
from miniredis.keyspace.keyspace import Keyspace
from miniredis.keyspace.snapshot import LOADED, SnapshotLoader, SnapshotWriter
from miniredis.replication.outside import (
    FAILED,
    READY,
    RUNNING,
    Link,
    LinkUser,
    Network,
    Snapshot,
    SnapshotSource,
    SnapshotWish,
    Storage,
    Store,
)
from miniredis.replication.replication import ServerReplication
from miniredis.testing.memory import MemoryClient, MemoryServer

#: So much may be under way to a peer that does not read.
WINDOW = 4096
TICK_S = 0.1
#: How often a piece arrives in two, and how often what is left of it never arrives.
SPLIT = 0.3
BREAK = 0.02
RETRY_S = 0.05
CONNECT_TIMEOUT_S = 3.0


class World(Network):
    """The clock, the network, and whoever is reachable on it."""

    def __init__(self, seed: int = 0, slowest_s: float = 0.0) -> None:
        self.clock = Clock()
        self.chance = Random(f"{seed} network")
        self.slowest_s = slowest_s
        self.births = seed * 1_000_000
        self.nodes: dict[tuple[str, int], Node] = {}
        #: Pairs of ports between which nothing passes.
        self.cut: set[tuple[int, int]] = set()
        self.connections: list[Connection] = []
        self.trace = hashlib.sha256()

    def add(self, port: int, **options: str) -> Node:
        """A server at 10.0.0.1:port."""
        node = Node(self, port, options)
        self.nodes["10.0.0.1", port] = node
        return node

    def delay(self) -> float:
        return self.chance.uniform(0.0002, self.slowest_s) if self.slowest_s else 0.0

    def is_cut(self, first: int, second: int) -> bool:
        return (first, second) in self.cut or (second, first) in self.cut

    def run(self, seconds: float) -> None:
        """Let time pass, from event to event."""
        end = self.clock.seconds() + seconds
        while True:
            calls = self.clock.getDelayedCalls()
            soonest = min((call.getTime() for call in calls), default=end)
            if soonest > end:
                break
            self.clock.advance(max(0.0, soonest - self.clock.seconds()))
            self.after_step()
        self.clock.advance(end - self.clock.seconds())
        self.after_step()

    def after_step(self) -> None:
        for node in list(self.nodes.values()):
            node.run_woken()

    def run_until(self, condition: Callable[[], bool], seconds: float = 30.0) -> None:
        end = self.clock.seconds() + seconds
        while not condition():
            assert self.clock.seconds() < end, [node.story() for node in self.nodes.values()]
            self.run(0.01)

    def port_of(self, user: LinkUser) -> int:
        for node in self.nodes.values():
            if node.replication.following is user:
                return node.number
        return 0  # a node that crashed

    def connect(self, host: str, port: int, user: LinkUser, timeout_s: float) -> Link:
        connection = Connection(self, self.port_of(user), port, user)
        self.connections.append(connection)
        target = self.nodes.get((host, port))
        if connection.near == 0:
            connection.break_now()  # whoever asks has crashed, and does not know
        elif target is None or not target.is_up:
            self.clock.callLater(self.delay(), connection.fail, "Connection refused")
        else:
            self.clock.callLater(self.delay(), connection.open, target, self.clock.seconds() + CONNECT_TIMEOUT_S)
        return connection.link


class Connection:
    """A link of one server and a client of another; bytes under way in both directions."""

    def __init__(self, world: World, near: int, far: int, user: LinkUser) -> None:
        self.world = world
        self.near = near
        self.far = far
        self.user: LinkUser | None = user
        self.link = WorldLink(self)
        self.port: WorldPort | None = None
        self.to_far: deque[bytes] = deque()
        self.to_near: deque[bytes] = deque()
        self.is_pumping = [False, False]
        self.is_broken = False
        self.is_paused = False

    def fail(self, reason: str) -> None:
        user, self.user = self.user, None
        self.is_broken = True
        if self in self.world.connections:
            self.world.connections.remove(self)
        if user is not None:
            user.link_lost(reason)

    def open(self, target: Node, deadline: float) -> None:
        if self.is_broken:
            return
        if self.world.is_cut(self.near, self.far) or target.is_paused:
            if self.world.clock.seconds() > deadline:
                self.fail("timed out")
            else:
                self.world.clock.callLater(RETRY_S, self.open, target, deadline)
            return
        if not target.is_up:
            self.fail("Connection refused")
            return
        self.port = WorldPort(target, self)
        if self.user is not None:
            self.user.link_made()

    def carry(self, to_far: bool, data: bytes) -> None:
        if self.is_broken:
            return
        world = self.world
        world.trace.update(b"%.6f %d %d %s" % (world.clock.seconds(), self.near, self.far, data))
        (self.to_far if to_far else self.to_near).append(data)
        self.pump_later(to_far, world.delay())

    def pump_later(self, to_far: bool, delay: float) -> None:
        if not self.is_pumping[to_far]:
            self.is_pumping[to_far] = True
            self.world.clock.callLater(delay, self.pump, to_far)

    def pump(self, to_far: bool) -> None:
        self.is_pumping[to_far] = False
        if self.is_broken:
            return
        queue = self.to_far if to_far else self.to_near
        receiver = self.world.nodes.get(("10.0.0.1", self.far if to_far else self.near))
        if self.world.is_cut(self.near, self.far) or (receiver is not None and receiver.is_paused):
            self.pump_later(to_far, RETRY_S)
            return
        while queue and not self.is_broken:
            if not to_far and self.is_paused:
                return
            data = queue.popleft()
            is_cut_short = False
            if len(data) > 1 and self.world.slowest_s and self.world.chance.random() < SPLIT:
                # TCP keeps no boundaries: the rest comes later, or never.
                is_cut_short = True
                place = self.world.chance.randrange(1, len(data))
                queue.appendleft(data[place:])
                data = data[:place]
            if to_far:
                assert self.port is not None
                self.port.receive(data)
            elif self.user is not None:
                self.user.link_received(data)
            if is_cut_short:
                if self.world.chance.random() < BREAK:
                    self.break_now()
                else:
                    self.pump_later(to_far, self.world.delay())
                return
        if not to_far and self.port is not None and not self.is_broken:
            self.port.wake()

    def break_now(self, reason: str = "Connection reset by peer") -> None:
        """Both sides hear of it."""
        if self.is_broken:
            return
        self.is_broken = True
        if self in self.world.connections:
            self.world.connections.remove(self)
        self.world.clock.callLater(self.world.delay(), self.tell, reason)

    def tell(self, reason: str) -> None:
        user, self.user = self.user, None
        if user is not None:
            user.link_lost(reason)
        if self.port is not None:
            self.port.lost()


class WorldLink(Link):
    peer = b"10.0.0.1:1"
    local = b"10.0.0.1:2"

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def send(self, data: bytes) -> None:
        self.connection.carry(True, data)

    def close(self) -> None:
        self.connection.user = None
        self.connection.break_now()

    def pause(self) -> None:
        self.connection.is_paused = True

    def resume(self) -> None:
        self.connection.is_paused = False
        self.connection.pump_later(False, 0)


class WorldPort(MemoryClient):
    """The far end: a client of a server.  What was not delivered yet counts as unsent beyond a window."""

    def __init__(self, node: Node, connection: Connection) -> None:
        super().__init__(node)
        self.node = node
        self.connection = connection
        self.peer = b"10.0.0.1:%d" % (50000 + connection.near % 10000)

    def receive(self, data: bytes) -> None:
        if not self.is_closed:
            self.send(data)

    def proceed(self) -> None:
        if self.node.is_paused or not self.node.is_up:
            return
        if self.unsent_bytes() == 0 or self.session.closing:
            super().proceed()
        data = self.received()
        if data:
            self.connection.carry(False, data)

    def unsent_bytes(self) -> int:
        size = sum(len(piece) for piece in self.connection.to_near)
        return size if size > WINDOW else 0

    def disconnect(self) -> None:
        data = self.received()
        if data:
            self.connection.carry(False, data)
        super().disconnect()
        self.connection.break_now("Connection was closed cleanly.")

    def lost(self) -> None:
        if not self.is_closed:
            self.is_closed = True
            self.node.engine.begin_turn()
            self.node.engine.disconnect(self.session)


class Node(MemoryServer):
    """One server of a World."""

    def __init__(self, world: World, number: int, options: dict[str, str]) -> None:
        config = Config()
        defaults = {"port": str(number), "enable_debug_command": "yes", "repl_diskless_sync_delay": "0"}
        for name, value in {**defaults, **options}.items():
            config.assign(name.replace("_", "-"), value.encode())
        # A process that starts anew draws other ids than the one before.
        world.births += 1
        super().__init__(config, world.births)
        self.world = world
        self.number = number
        self.clock = world.clock
        self.is_up = True
        self.is_paused = False
        self.source = MemorySource(self.engine)
        self.storage = MemoryStorage()
        self.replication = ServerReplication(self.engine, world, self.source, self.storage)
        self.client = self.connect()
        #: Another one that writes, and may be held by a pause.
        self.writer = self.connect()
        self.engine.begin_turn()
        self.clock.callLater(TICK_S, self._tick)

    def start(self) -> Node:
        """As a process starts: with the role of its configuration."""
        self.replication.prepare()
        self.replication.begin()
        return self

    def _tick(self) -> None:
        if not self.is_up:
            return
        self.clock.callLater(TICK_S, self._tick)
        if self.is_paused:
            return
        self.engine.begin_turn()
        self.replication.tick()
        self.engine.active_expiry.run(lambda: True)
        self.engine.deliver_unasked(self.client.session)
        self.run_woken()

    def call(self, *words: object) -> bytes:
        """A command of a client on this machine."""
        if self.client.is_closed:
            self.client = self.connect()
        return self.client.call(*[word if isinstance(word, bytes) else str(word).encode() for word in words])

    def end_turn(self) -> None:
        """Nothing is put off that time alone would not bring: others stand on the same clock."""
        self.run_woken()

    def write(self, *words: object) -> None:
        """A command of a client that does not wait for its reply."""
        self.writer.call(*[word if isinstance(word, bytes) else str(word).encode() for word in words])

    def info(self, field: str, section: str = "replication") -> str:
        for line in self.call("INFO", section).decode().splitlines():
            name, _, value = line.partition(":")
            if name == field:
                return value
        return ""

    def follow(self, other: Node) -> None:
        assert self.call("REPLICAOF", "10.0.0.1", other.number).startswith(b"+OK")

    def is_in_step(self) -> bool:
        return self.replication.is_link_up()

    def digest(self) -> bytes:
        return self.call("DEBUG", "DIGEST")

    def save(self) -> bytes:
        """An RDB file as it would be on disk."""
        writer = SnapshotWriter(self.engine.keyspace)
        writer.begin(self.replication.snapshot_origin(), [])
        return b"".join(iter(writer.step, b""))

    def load(self, data: bytes) -> None:
        """Start from a file."""
        loader = SnapshotLoader(self.engine.keyspace, True)
        loader.reader.feed(data)
        loader.reader.finish()
        while loader.run() != LOADED:
            pass
        self.replication.take_origin(loader.aux)
        self.engine.effects.clear()

    def crash(self) -> None:
        """The process is gone, with all it knew."""
        self.is_up = False
        for connection in list(self.world.connections):
            if self.number in (connection.near, connection.far):
                connection.break_now()
        del self.world.nodes["10.0.0.1", self.number]

    def is_whole(self) -> bool:
        """Whether its data is a state of the history it says."""
        return self.replication.history.is_whole and not self.engine.gates & GATE_LOADING

    def story(self) -> str:
        return "\n".join(text for _, text in self.logged[-30:])

    def said(self, text: str) -> bool:
        return any(text in line for _, line in self.logged)


class MemorySource(SnapshotSource):
    """Snapshots taken at once; `takes` polls until they are ready; `fails` says how the next one ends."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.takes = 0
        self.fails = ""
        self.functions: list[bytes] = []
        self.begun: list[MemorySnapshot] = []

    def begin(self, wish: SnapshotWish) -> Snapshot:
        if self.fails == "at once":
            raise OSError(12, "Cannot allocate memory")
        keyspace = self.engine.keyspace if wish.has_keys else Keyspace(0, self.engine.random)
        writer = SnapshotWriter(keyspace, True, True, wish.version)
        writer.begin(wish.aux, self.functions if wish.has_functions else [])
        snapshot = MemorySnapshot(b"".join(iter(writer.step, b"")), wish.is_streamed, self.takes, self.fails)
        self.begun.append(snapshot)
        return snapshot


class MemorySnapshot(Snapshot):
    def __init__(self, data: bytes, is_streamed: bool, takes: int, fails: str) -> None:
        self.data = data
        self.is_streamed = is_streamed
        self.takes = takes
        self.fails = fails
        self.position = 0
        self.is_closed = False

    def poll(self) -> int:
        if self.fails:
            self.message = self.fails
            return FAILED
        if self.takes > 0:
            self.takes -= 1
            return RUNNING
        if self.is_streamed and self.position < len(self.data):
            return RUNNING
        self.size = len(self.data)
        return READY

    def read(self, offset: int, most: int) -> bytes:
        if self.fails == "unreadable":
            raise OSError(5, "Input/output error")
        if not self.is_streamed:
            return self.data[offset : offset + min(most, WINDOW)]
        if self.takes > 0:
            return b""
        piece = self.data[self.position : self.position + min(most, WINDOW)]
        self.position += len(piece)
        return piece

    def close(self) -> None:
        self.is_closed = True


class MemoryStore(Store):
    def __init__(self, storage: MemoryStorage) -> None:
        self.storage = storage
        self.data = bytearray()
        self.position = 0
        self.is_closed = False

    def write(self, data: bytes) -> None:
        if self.storage.is_full:
            raise OSError(28, "No space left on device")
        self.data += data

    def read(self, most: int) -> bytes:
        if self.storage.is_broken:
            raise OSError(5, "Input/output error")
        piece = bytes(self.data[self.position : self.position + most])
        self.position += len(piece)
        return piece

    def close(self) -> None:
        self.is_closed = True


class MemoryStorage(Storage):
    def __init__(self) -> None:
        self.is_full = False
        self.is_broken = False
        self.is_closed = False
        self.stores: list[MemoryStore] = []

    def open(self) -> Store:
        if self.is_closed:
            raise OSError(13, "Permission denied")
        store = MemoryStore(self)
        self.stores.append(store)
        return store


class SilentPort(Port):
    """A connection whose peer takes nothing while `unread` is not 0."""

    def __init__(self) -> None:
        super().__init__()
        self.unread = 0
        self.woken = 0

    def wake(self) -> None:
        self.woken += 1

    def unsent_bytes(self) -> int:
        return self.unread
