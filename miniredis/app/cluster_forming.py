"""Makes a cluster of nodes that run already, as redis-cli --cluster create does; over any connections."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from twisted.internet.defer import inlineCallbacks

from miniredis.cluster.moving import NotConnected, NotSent, Target, TargetLinks
from miniredis.keyspace.slots import SLOTS
from miniredis.resp.errors import ReplyError

ANSWER_S: Final = 10.0
LOOK_EVERY_S: Final = 0.2
MOST_LOOKS: Final = 300
#: With this many nodes and more, half of them are replicas.
WITH_REPLICAS: Final = 6

Wait = Callable[[float], Any]


class FormingFailed(Exception):
    """A node refused, or they did not agree in time."""


def count_primaries(nodes: int) -> int:
    return nodes if nodes < WITH_REPLICAS else nodes // 2


class Forming:
    """`ports` of this machine; `wait(seconds)` gives a Deferred."""

    def __init__(self, links: TargetLinks, ports: list[int], wait: Wait) -> None:
        self.links = links
        self.ports = ports
        self.wait = wait
        self._targets: list[Target] = []

    @inlineCallbacks
    def ask(self, number: int, *words: bytes) -> Any:
        """A command to a node; its reply.  Fails with `FormingFailed`."""
        try:
            replies = yield self._targets[number].ask([list(words)], ANSWER_S)
        except NotSent:
            raise FormingFailed(f"port {self.ports[number]}: the connection broke, or no answer came") from None
        if isinstance(replies[0], ReplyError):
            raise FormingFailed(f"port {self.ports[number]}: {replies[0].message.decode(errors='replace')}")
        return replies[0]

    @inlineCallbacks
    def reach(self) -> Any:
        """Connect to all nodes, and hear from each; fails when one is not there, or does not answer, yet."""
        try:
            for number, port in enumerate(self.ports):
                target = yield self.links.connect(b"127.0.0.1", port, ANSWER_S)
                self._targets.append(target)
                yield self.ask(number, b"CLUSTER", b"NODES")
        except NotConnected:
            self.close()
            raise FormingFailed(f"port {self.ports[len(self._targets)]}: nobody listens") from None
        except FormingFailed:
            self.close()
            raise

    @inlineCallbacks
    def run(self) -> Any:
        """Once they are reached: fires when the cluster serves.  Nodes that are one already are left as they are."""
        try:
            known = yield self.ask(0, b"CLUSTER", b"NODES")
            if known.count(b"\n") == 1:
                yield self._meet()
                yield self._follow()
            for number in range(len(self.ports)):
                yield self._until(number, b"INFO", b"cluster_state:ok", 1)
        finally:
            self.close()

    def close(self) -> None:
        for target in self._targets:
            target.close()

    @inlineCallbacks
    def _meet(self) -> Any:
        primaries = count_primaries(len(self.ports))
        share = SLOTS / primaries
        for number in range(len(self.ports)):
            yield self.ask(number, b"CLUSTER", b"SET-CONFIG-EPOCH", b"%d" % (number + 1))
            if number < primaries:
                first, last = round(number * share), round((number + 1) * share) - 1
                yield self.ask(number, b"CLUSTER", b"ADDSLOTSRANGE", b"%d" % first, b"%d" % last)
            if number > 0:
                yield self.ask(number, b"CLUSTER", b"MEET", b"127.0.0.1", b"%d" % self.ports[0])
        for number in range(len(self.ports)):
            yield self._until(number, b"NODES", b"master", len(self.ports))

    @inlineCallbacks
    def _follow(self) -> Any:
        primaries = count_primaries(len(self.ports))
        for number in range(primaries, len(self.ports)):
            primary = yield self.ask(number % primaries, b"CLUSTER", b"MYID")
            yield self._until(number, b"NODES", primary + b" ", 1)
            yield self.ask(number, b"CLUSTER", b"REPLICATE", primary)

    @inlineCallbacks
    def _until(self, number: int, what: bytes, text: bytes, count: int) -> Any:
        """Wait until a node's CLUSTER NODES or INFO holds `text` so often, and nobody is met any more."""
        for _ in range(MOST_LOOKS):
            reply = yield self.ask(number, b"CLUSTER", what)
            if reply.count(text) >= count and b"handshake" not in reply:
                return
            yield self.wait(LOOK_EVERY_S)
        raise FormingFailed(f"port {self.ports[number]} does not see the cluster")
