"""Connections of MIGRATE to other servers, kept for the next MIGRATE for some seconds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.protocol import ClientFactory, Protocol
from twisted.python.failure import Failure

from miniredis.cluster.moving import NotConnected, NotSent, Replies, Target, TargetLinks
from miniredis.resp.encoder import encode_command
from miniredis.resp.errors import ProtocolError
from miniredis.resp.reply_parser import NEEDS_MORE, ReplyParser

#: An unused connection is closed after so long.
KEPT_S: Final = 10.0
MOST_KEPT: Final = 64


class TargetProtocol(Protocol, Target):
    """One request of several commands at a time; silence for longer than its timeout ends the connection."""

    def __init__(self, links: ReactorLinks, address: tuple[bytes, int]) -> None:
        Target.__init__(self)
        self.links = links
        self.address = address
        self.is_open = True
        self._parser = ReplyParser()
        self._wanted = 0
        self._replies: list[object] = []
        self._deferred: Deferred[Replies] | None = None
        self._timeout_s = 0.0
        self._timer: Any = None

    def ask(self, commands: list[list[bytes]], timeout_s: float) -> Deferred[Replies]:
        deferred: Deferred[Replies] = Deferred()
        if not self.is_open:
            deferred.errback(NotSent())
            return deferred
        self._deferred = deferred
        self._wanted = len(commands)
        self._replies = []
        self._timeout_s = timeout_s
        self._expect(timeout_s)
        transport: Any = self.transport
        encoded = [encode_command(argv) for argv in commands]
        self.asked_bytes = sum(len(each) for each in encoded)
        transport.writeSequence(encoded)
        return deferred

    def keep(self) -> None:
        self._expect(KEPT_S)

    def _expect(self, seconds: float) -> None:
        self._cancel()
        self._timer = self.links.reactor.callLater(seconds, self.close)

    def _cancel(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None

    def dataReceived(self, data: bytes) -> None:
        self._parser.feed(data)
        try:
            while self._wanted > len(self._replies):
                reply = self._parser.next()
                if reply is NEEDS_MORE:
                    self._expect(self._timeout_s)
                    return
                self._replies.append(reply)
        except ProtocolError:
            self.close()
            return
        self._cancel()
        deferred, self._deferred = self._deferred, None
        if deferred is not None:
            deferred.callback(self._replies)

    def close(self) -> None:
        transport: Any = self.transport
        transport.abortConnection()

    def connectionLost(self, reason: Failure | None = None) -> None:
        self.is_open = False
        self._cancel()
        self.links.forget(self)
        deferred, self._deferred = self._deferred, None
        if deferred is not None:
            deferred.errback(NotSent())


class Dialing(ClientFactory):
    noisy = False

    def __init__(self, links: ReactorLinks, address: tuple[bytes, int], deferred: Deferred[Target]) -> None:
        self.links = links
        self.address = address
        self.deferred: Deferred[Target] | None = deferred

    def buildProtocol(self, addr: Any) -> Any:
        protocol = TargetProtocol(self.links, self.address)
        deferred, self.deferred = self.deferred, None
        # Once it is connected; Twisted makes the connection right after this.
        if deferred is not None:
            self.links.reactor.callLater(0, deferred.callback, protocol)
        return protocol

    def clientConnectionFailed(self, connector: Any, reason: Failure) -> None:
        deferred, self.deferred = self.deferred, None
        if deferred is not None:
            deferred.errback(NotConnected())


class ReactorLinks(TargetLinks):
    """The connections of one server."""

    def __init__(self, reactor: Any) -> None:
        self.reactor = reactor
        #: Puts TLS, or nothing, around a factory that connects to a host.
        self.wrap: Callable[[Any, str], Any] = _as_it_is
        self._kept: dict[tuple[bytes, int], TargetProtocol] = {}

    def connect(self, host: bytes, port: int, timeout_s: float) -> Deferred[Target]:
        deferred: Deferred[Target] = Deferred()
        kept = self._kept.pop((host, port), None)
        if kept is not None and kept.is_open:
            kept.is_reused = True
            deferred.callback(kept)
            return deferred
        name = host.decode("utf-8", "replace")
        factory = self.wrap(Dialing(self, (host, port), deferred), name)
        self.reactor.connectTCP(name, port, factory, timeout=timeout_s)
        return deferred

    def kept_count(self) -> int:
        return len(self._kept)

    def give_back(self, target: Target) -> None:
        assert isinstance(target, TargetProtocol)
        if not target.is_open:
            return
        if len(self._kept) >= MOST_KEPT or target.address in self._kept:
            target.close()
            return
        self._kept[target.address] = target
        target.keep()

    def forget(self, target: TargetProtocol) -> None:
        if self._kept.get(target.address) is target:
            del self._kept[target.address]

    def stop(self) -> None:
        for target in list(self._kept.values()):
            target.close()


def _as_it_is(factory: Any, host: str) -> Any:
    return factory
