"""Servers that replicate through delay, broken links, partitions, pauses, crashes, promotions; one seed decides all.

Each write appends the next number to a list and counts it.  So a server's data names the writes it consists of, and
what it may consist of is known: the writes that were made under the id of its history, in their order.

Checked after every step: a server's data is a prefix of its history and counts each write once; its offset within one
history never falls.  At the end all is healed, one server is the primary of all others, and DEBUG DIGEST is the same
everywhere.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from random import Random

from miniredis.datatypes.lists import ListValue
from replication.world import Node, World

FAULT_EVERY_S = 1.5
WRITE_EVERY_S = 0.05
MODES = ("disabled", "on-empty-db", "swapdb", "flush-before-load")


@dataclass(frozen=True)
class Outcome:
    trace: str
    writes: int
    full: int
    partial: int
    promotions: int
    steps: int


class Simulation(World):
    """`count` servers under `seed`."""

    def __init__(self, seed: int, count: int) -> None:
        super().__init__(seed, 0.02)
        self.seed = seed
        self.faults = Random(f"{seed} faults")
        self.writer = Random(f"{seed} writes")
        self.number = 0
        self.promotions = 0
        self.steps = 0
        self.full = 0
        self.partial = 0
        #: History id -> the writes made under it, those before it included.
        self.histories: dict[bytes, list[bytes]] = {}
        self.seen: dict[int, tuple[Node, bytes, int]] = {}
        self.files: dict[int, bytes] = {}
        self.servers = [self.begin(7001 + number) for number in range(count)]
        self.primary = self.servers[0]
        for server in self.servers[1:]:
            server.follow(self.primary)
        self.clock.callLater(WRITE_EVERY_S, self.write)
        self.clock.callLater(FAULT_EVERY_S, self.strike)

    def begin(self, port: int) -> Node:
        chance = self.faults
        return self.add(
            port,
            repl_diskless_sync=chance.choice(["yes", "no"]),
            repl_diskless_load=chance.choice(MODES),
            repl_backlog_size=chance.choice(["16kb", "1mb"]),
            repl_timeout="4",
            repl_ping_replica_period="1",
        ).start()

    # -- what clients do

    def write(self) -> None:
        self.clock.callLater(WRITE_EVERY_S, self.write)
        for server in self.servers:
            if server.is_up and not server.is_paused and not server.engine.is_replica:
                self.write_to(server)

    def write_to(self, server: Node) -> None:
        self.number += 1
        chance = self.writer
        server.write("SELECT", chance.randrange(2))
        server.write("SET", f"noise{chance.randrange(9)}", "x" * chance.randrange(400), "PX", chance.randrange(1, 2000))
        server.write("SPOP", "members")
        server.write("SADD", "members", self.number, chance.randrange(20))
        server.write("SELECT", 2)
        server.write("MULTI")
        server.write("RPUSH", "writes", self.number)
        server.write("INCR", "count")
        server.write("EXEC")

    # -- what is true

    def writes_in(self, server: Node) -> list[bytes]:
        database = server.engine.keyspace.databases[2]
        value = database.table.get(b"writes")
        return value.range(0, value.size() - 1) if isinstance(value, ListValue) else []

    def history_of(self, server: Node) -> list[bytes]:
        """Of its id; a new one begins with what the server has."""
        history = self.histories.get(server.replication.history.id)
        if history is None:
            history = self.histories[server.replication.history.id] = self.writes_in(server)
        return history

    def after_step(self) -> None:
        super().after_step()
        self.steps += 1
        whole = [server for server in self.servers if server.is_up and server.is_whole()]
        for server in whole:
            if not server.engine.is_replica:
                self.check_primary(server)
        for server in whole:
            self.check(server)

    def check_primary(self, server: Node) -> None:
        """It adds to its history, and takes nothing back."""
        history = self.history_of(server)
        writes = self.writes_in(server)
        assert writes[: len(history)] == history, f"seed {self.seed}: primary {server.number} lost writes"
        history += writes[len(history) :]

    def check(self, server: Node) -> None:
        where = f"seed {self.seed}, {self.clock.seconds():.3f} s, server {server.number}"
        history_id = server.replication.history.id
        offset = server.replication.offset()
        known = self.seen.get(server.number)
        if known is not None and known[0] is server and known[1] == history_id:
            assert offset >= known[2], f"{where}: the offset fell from {known[2]} to {offset}"
            if offset == known[2]:
                return
        self.seen[server.number] = (server, history_id, offset)
        writes = self.writes_in(server)
        history = self.history_of(server)
        assert writes == history[: len(writes)], f"{where}: not a prefix of history {history_id.decode()}"
        count = server.engine.keyspace.databases[2].table.get(b"count")
        assert count == (b"%d" % len(writes) if writes else None), f"{where}: {len(writes)} writes counted as {count!r}"

    # -- what goes wrong

    def strike(self) -> None:
        self.clock.callLater(FAULT_EVERY_S, self.strike)
        self.faults.choice(
            [
                self.part,
                self.heal,
                self.break_links,
                self.break_links,
                self.pause,
                self.restart,
                self.promote,
                self.hand_over,
                self.rehang,
                self.save,
            ]
        )()

    def living(self) -> list[Node]:
        return [server for server in self.servers if server.is_up]

    def part(self) -> None:
        numbers = [server.number for server in self.servers]
        side = set(self.faults.sample(numbers, self.faults.randrange(1, len(numbers))))
        self.cut = {(a, b) for a in numbers for b in numbers if (a in side) != (b in side)}

    def heal(self) -> None:
        self.cut = set()
        for server in self.servers:
            server.is_paused = False
            server.run_woken()

    def break_links(self) -> None:
        for connection in list(self.connections):
            if self.faults.random() < 0.7:
                connection.break_now()

    def pause(self) -> None:
        self.faults.choice(self.servers).is_paused = True

    def save(self) -> None:
        server = self.faults.choice(self.servers)
        if server.is_up and server.is_whole() and not server.is_paused:
            self.files[server.number] = server.save()

    def restart(self) -> None:
        """A crash; it comes back with its last file or with nothing, and follows unless it was the primary."""
        old = self.faults.choice(self.servers)
        old.crash()
        self.note(old)
        new = self.begin(old.number)
        self.servers[self.servers.index(old)] = new
        was_primary = old is self.primary
        file = self.files.get(old.number)
        if file is not None and self.faults.random() < 0.7:
            if not was_primary:
                # As from a configuration file: the role is known before the data is loaded.
                new.replication._become_replica("10.0.0.1", self.primary.number)
            new.load(file)
            if not was_primary:
                new.replication.begin()
        elif not was_primary:
            new.follow(self.primary)
        if was_primary:
            self.primary = new

    def note(self, server: Node) -> None:
        """Count what a server did, at its end."""
        self.full += server.engine.counters.full_syncs
        self.partial += server.engine.counters.partial_syncs

    def promote(self) -> None:
        """An operator makes another one the primary."""
        candidates = [server for server in self.living() if not server.is_paused and server.is_whole()]
        if candidates:
            self.make_primary(self.faults.choice(candidates))

    def make_primary(self, server: Node) -> None:
        for each in self.living():
            each.call("FAILOVER", "ABORT")
        server.call("REPLICAOF", "NO", "ONE")
        self.promotions += 1
        self.primary = server
        for other in self.living():
            if other is not server and not other.is_paused:
                other.follow(server)

    def hand_over(self) -> None:
        target = self.faults.choice(self.servers)
        if target is self.primary or self.primary.is_paused or not self.primary.is_up:
            return
        reply = self.primary.call("FAILOVER", "TO", "10.0.0.1", target.number, "TIMEOUT", 1000)
        if reply == b"+OK\r\n":
            self.promotions += 1
            self.primary = target

    def rehang(self) -> None:
        """A chain: one follows another replica."""
        above, below = self.faults.sample(self.servers, 2)
        if (
            below.is_paused
            or below.replication.failover.is_on()
            or below is self.primary
            or not below.engine.is_replica
        ):
            return
        if above.engine.is_replica and above.replication.primary_address()[1] == below.number:
            return  # a ring is nobody's wish
        below.follow(above)

    def finish(self) -> None:
        """Everything heals; in the end all hold the same."""
        self.faults = Random(0)
        self.strike = lambda: None  # type: ignore[method-assign]
        self.heal()
        self.run(3)
        self.heal()
        for server in self.servers:
            server.replication.failover.abort("the end")
        best = max((server for server in self.servers if server.is_whole()), key=lambda each: each.replication.offset())
        self.make_primary(best)
        self.write = lambda: None  # type: ignore[method-assign]
        self.run_until(lambda: all(server.is_in_step() for server in self.servers if server is not best), 60)
        self.run(3)  # keys that expire have done so
        self.run_until(lambda: len({server.replication.offset() for server in self.servers}) == 1)
        digests = {server.number: server.digest() for server in self.servers}
        assert len(set(digests.values())) == 1, f"seed {self.seed}: {digests}"
        for server in self.servers:
            self.note(server)
            backlog = server.replication.history.backlog
            assert backlog is not None
            backlog._check()
            assert not server.said("Traceback"), f"seed {self.seed}: {server.story()}"


def simulate(seed: int, seconds: float = 20.0, count: int = 3) -> Outcome:
    """One run; AssertionError, naming the seed, when something is not as it should be."""
    world = Simulation(seed, count)
    world.run(seconds)
    world.finish()
    return Outcome(world.trace.hexdigest(), world.number, world.full, world.partial, world.promotions, world.steps)


def main(first: int, last: int) -> None:
    """All seeds from `first` to before `last`; the first that fails ends it."""
    writes = full = partial = promotions = steps = 0
    for seed in range(first, last):
        outcome = simulate(seed)
        writes += outcome.writes
        full += outcome.full
        partial += outcome.partial
        promotions += outcome.promotions
        steps += outcome.steps
    print(
        f"{last - first} seeds: {writes} writes, {full} full and {partial} partial syncs, {promotions} promotions, "
        f"all true in {steps} steps"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
