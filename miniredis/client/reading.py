"""Which node of a shard reads: its primary, a replica, any, or the one that answers soonest.

It keeps no time of its own: `now` is passed in, in seconds.  "nearest" goes by how long the last replies of each node
took (an average that forgets), and now and then tries another one, since nearness changes.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final

from miniredis.client.settings import Address

#: Seconds for which a replica that could not answer is not asked.
REST_S: Final = 1.0
#: How much the last reply counts in the average, and how often another node than the nearest is asked.
WEIGHT: Final = 0.2
EXPLORED: Final = 0.03


class Reading:
    """The choice of one client, with what it knows of the nodes."""

    def __init__(self, way: str) -> None:
        self.way = way
        #: Until when a node is not asked.
        self._resting: dict[Address, float] = {}
        #: Seconds that replies take.
        self._delays: dict[Address, float] = {}

    def choose(self, primary: Address, replicas: Sequence[Address], now: float) -> Address:
        """Who is asked; the primary where nobody else can be."""
        for rested in [each for each, until in self._resting.items() if until <= now]:
            del self._resting[rested]
        able = [each for each in replicas if each not in self._resting]
        if self.way == "primary" or not able:
            return primary
        if self.way == "replica":
            return random.choice(able)
        nodes = [primary, *able]
        if self.way == "any" or random.random() < EXPLORED:
            return random.choice(nodes)
        # Who has not been asked yet is tried first.
        return min(nodes, key=lambda each: self._delays.get(each, -1.0))

    def failed(self, node: Address, now: float) -> None:
        """It could not answer: let it rest."""
        self._resting[node] = now + REST_S

    def answered(self, node: Address, seconds: float) -> None:
        """A reply took so long."""
        before = self._delays.get(node, seconds)
        self._delays[node] = before + WEIGHT * (seconds - before)

    def keep(self, nodes: set[Address]) -> None:
        """Forget all other nodes."""
        self._delays = {each: delay for each, delay in self._delays.items() if each in nodes}
