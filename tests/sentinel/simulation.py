"""Sentinels under seeds: loss, delay, partitions, one-way cuts, crashes, stops; then peace, and all must agree.

The invariants that hold at every step are checked where things happen (world.py): at most one leader in an epoch, at
most one vote of a sentinel in an epoch, also across its restarts; here, that epochs never fall.
"""

from __future__ import annotations

import random

from sentinel.world import DataServer, SentinelHost, World, primary_address, small_world

FAULTS_S = 60.0
#: Longest of all after the faults: a failover that was just tried is repeated after twice its timeout, replicas that
#: follow somebody else are put right after one more.
PEACE_S = 120.0


class Faults:
    """Every few seconds something breaks, or is mended."""

    def __init__(self, world: World, chance: random.Random) -> None:
        self.world = world
        self.chance = chance
        self.is_over = False

    def strike(self) -> None:
        if self.is_over:
            return
        faults = [self.partition, self.one_way, self.heal, self.lose, self.crash, self.freeze, self.mend]
        self.chance.choice(faults)()
        self.world.clock.callLater(self.chance.uniform(0.5, 5), self.strike)

    def partition(self) -> None:
        names = sorted(self.world.hosts)
        side = set(self.chance.sample(names, self.chance.randint(1, len(names) - 1)))
        self.world.cut = {(a, b) for a in names for b in names if (a in side) != (b in side)}

    def one_way(self) -> None:
        names = sorted(self.world.hosts)
        self.world.cut |= {tuple(self.chance.sample(names, 2)) for _ in range(3)}  # type: ignore[misc]

    def heal(self) -> None:
        self.world.cut = set()

    def lose(self) -> None:
        self.world.loss = self.chance.choice([0, 0.02, 0.2])

    def crash(self) -> None:
        self.world.hosts[self.chance.choice(sorted(self.world.hosts))].is_up = False

    def freeze(self) -> None:
        host = self.chance.choice(self.world.sentinels())
        host.is_frozen = not host.is_frozen

    def mend(self) -> None:
        for host in self.world.hosts.values():
            if not host.is_up and self.chance.random() < 0.7:
                raise_up(host)

    def end(self) -> None:
        self.is_over = True
        self.world.cut = set()
        self.world.loss = 0
        for host in self.world.sentinels():
            host.is_frozen = False
        for each in list(self.world.hosts.values()):
            if not each.is_up:
                raise_up(each)


def raise_up(host: object) -> None:
    """Start again what has crashed: a sentinel from its disk, a server as it was."""
    if isinstance(host, SentinelHost):
        host.restart()
    elif isinstance(host, DataServer):
        host.is_up = True


def agreed(world: World) -> bool:
    """One primary in everybody's eyes, and every other server follows it."""
    places = {primary_address(host) for host in world.sentinels()}
    if len(places) != 1:
        return False
    (place,) = places
    return all(server.primary == ("" if server.address == place else place) for server in world.data())


def run(seed: int) -> World:
    """One life; AssertionError, naming the seed, when something is not as it must be."""
    chance = random.Random(f"{seed} shape")
    sentinels = chance.choice([3, 5])
    world = small_world(seed, sentinels, chance.choice([1, 2, 3]), chance.randint(1, sentinels // 2 + 1))
    faults = Faults(world, world.chance["faults"])
    faults.strike()
    epochs: dict[str, int] = {}
    for _ in range(int(FAULTS_S / 0.5)):
        world.run(0.5)
        for host in world.sentinels():
            epoch = host.sentinel.epoch
            assert epoch >= epochs.get(host.address, 0), f"seed {seed}: {host.address} went back to epoch {epoch}"
            epochs[host.address] = epoch
    faults.end()
    world.run_until(lambda: agreed(world), PEACE_S)
    return world
