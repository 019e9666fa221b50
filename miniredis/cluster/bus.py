"""The bus under a reactor: each node keeps one connection to every other, its frames are lines.

What a peer sends is bounded before it is looked at: a line that is too long, malformed or not authentic ends its
link and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from secrets import token_bytes
from typing import Any, Final

from twisted.internet.protocol import ClientFactory, Factory
from twisted.protocols.basic import LineReceiver
from twisted.python.failure import Failure

from miniredis.cluster.codec import BadFrame, Decoder, encode, sender_of
from miniredis.cluster.messages import Message, Publish
from miniredis.cluster.node import ClusterNode
from miniredis.cluster.participant import Participant
from miniredis.cluster.seal import NONCE_BYTES, NotAuthentic, Seal
from miniredis.cluster.surroundings import Link

#: An incoming link that says nothing for so long is closed.
SILENT_S: Final = 60.0
#: Frames to a peer that does not read are kept up to this size unless the configuration says otherwise.
HARD_LIMIT_BYTES: Final = 256 * 1024 * 1024


class BusProtocol(LineReceiver):
    """One connection, whoever made it."""

    delimiter = b"\n"
    MAX_LENGTH = 16384

    def __init__(self, bus: Bus, link: BusLink) -> None:
        self.bus = bus
        self.link = link
        self.seal: Seal | None = None
        self.decoder = Decoder()
        self._is_dropped = False
        #: Bytes of lines that are not a whole message yet.
        self._received = 0

    def connectionMade(self) -> None:
        link = self.link
        transport: Any = self.transport
        transport.setTcpNoDelay(True)
        link.protocol = self
        link.peer_ip = transport.getPeer().host.encode()
        link.local_ip = transport.getHost().host.encode()
        self.bus.protocols.add(self)
        if link.is_closed:
            transport.abortConnection()
        elif self.bus.secret:
            self.seal = Seal(self.bus.secret, token_bytes(NONCE_BYTES), link.node is not None)
            self._send(self.seal.hello())
        else:
            self.bus.link_ready(link)

    def lineReceived(self, line: bytes) -> None:
        if self._is_dropped:
            return  # what stood behind a refused frame in the same piece
        try:
            if self.seal is not None:
                if not self.seal.is_ready:
                    self.seal.greeted(line)
                    self.bus.link_ready(self.link)
                    return
                line = self.seal.open(line)
            message = self.decoder.decode(line, self.bus.knows(sender_of(line)))
        except (BadFrame, NotAuthentic) as problem:
            self.bus.refused += 1
            self.bus.log("warning", f"A frame from {self.link.peer_ip.decode()} was refused: {problem}")
            self.drop()
            return
        self._received += len(line) + 1
        if message is not None:
            size, self._received = self._received, 0
            self.bus.received(self.link, message, size)

    def lineLengthExceeded(self, line: bytes) -> None:
        self.bus.refused += 1
        self.bus.log("warning", f"A frame from {self.link.peer_ip.decode()} was too long")
        self.drop()

    def drop(self) -> None:
        """End a link that is of no use."""
        self._is_dropped = True
        transport: Any = self.transport
        transport.abortConnection()

    def write(self, lines: list[bytes]) -> int:
        """How many bytes these lines became."""
        size = 0
        for line in lines:
            data = self.seal.close(line) if self.seal is not None else line
            size += len(data) + 1
            self._send(data)
        return size

    def _send(self, line: bytes) -> None:
        self.sendLine(line)  # type: ignore[no-untyped-call]

    def connectionLost(self, reason: Failure | None = None) -> None:
        self.bus.protocols.discard(self)
        self.link.protocol = None
        self.bus.link_gone(self.link)


class BusLink(Link):
    """A link over a BusProtocol, once it is there."""

    def __init__(self, bus: Bus, node: ClusterNode | None, created_ms: int) -> None:
        super().__init__(node, created_ms)
        self.bus = bus
        self.protocol: BusProtocol | None = None
        self.connector: Any = None
        self.is_closed = False

    def send(self, message: Message) -> None:
        protocol = self.protocol
        if protocol is None or self.is_closed:
            return
        size = protocol.write(self.bus.lines_of(message))
        self.bus.bytes_sent += size
        if isinstance(message, Publish):
            self.bus.pubsub_bytes_sent += size
        limit = self.bus.send_limit_bytes or HARD_LIMIT_BYTES
        if self.unsent_bytes() > limit:
            self.bus.limit_exceeded += 1
            protocol.drop()

    def close(self) -> None:
        self.is_closed = True
        self.is_up = False
        if self.protocol is not None:
            self.protocol.drop()
        elif self.connector is not None:
            self.connector.stopConnecting()

    def unsent_bytes(self) -> int:
        transport = self.protocol.transport if self.protocol is not None else None
        buffered = len(getattr(transport, "dataBuffer", b"")) - getattr(transport, "offset", 0)
        unsent: int = buffered + getattr(transport, "_tempDataLen", 0)
        return unsent


class Dialing(ClientFactory):
    noisy = False

    def __init__(self, bus: Bus, link: BusLink) -> None:
        self.bus = bus
        self.link = link

    def buildProtocol(self, addr: Any) -> Any:
        return BusProtocol(self.bus, self.link)

    def clientConnectionFailed(self, connector: Any, reason: Failure) -> None:
        self.link.connector = None
        self.bus.link_gone(self.link)


class Answering(Factory):
    noisy = False

    def __init__(self, bus: Bus) -> None:
        self.bus = bus

    def buildProtocol(self, addr: Any) -> Any:
        return BusProtocol(self.bus, BusLink(self.bus, None, self.bus.now_ms()))


class Bus:
    """All connections of one node.  `reactor` listens, connects and keeps time."""

    def __init__(self, reactor: Any, secret: bytes, now_ms: Callable[[], int], log: Callable[[str, str], None]) -> None:
        self.reactor = reactor
        self.secret = secret
        self.now_ms = now_ms
        self.log = log
        self.participant: Participant | None = None
        #: Called around whatever comes in, so that the server's clock is set first.
        self.begin_turn: Callable[[], None] = _nothing
        self.send_limit_bytes = 0
        self.source_address = ""
        #: Put TLS, or nothing, around what listens, and around what connects to an address.
        self.wrap_answering: Callable[[Any], Any] = _as_it_is
        self.wrap_dialing: Callable[[Any, str], Any] = _as_it_is
        self.protocols: set[BusProtocol] = set()
        self.refused = 0
        self.limit_exceeded = 0
        self.bytes_sent = 0
        self.bytes_received = 0
        self.pubsub_bytes_sent = 0
        self.pubsub_bytes_received = 0
        self._ports: list[Any] = []
        self._is_stopped = False
        self._encoded: Message | None = None
        self._lines: list[bytes] = []

    def listen(self, port: int, interface: str) -> None:
        """Raises Twisted's CannotListenError."""
        self._ports.append(self.reactor.listenTCP(port, self.wrap_answering(Answering(self)), interface=interface))

    def connect(self, node: ClusterNode, timeout_s: float) -> Link | None:
        link = BusLink(self, node, self.now_ms())
        bind = (self.source_address, 0) if self.source_address else None
        host = node.ip.decode()
        factory = self.wrap_dialing(Dialing(self, link), host)
        link.connector = self.reactor.connectTCP(host, node.bus_port, factory, timeout=timeout_s, bindAddress=bind)
        return link

    def stop(self) -> None:
        self._is_stopped = True
        for port in self._ports:
            port.stopListening()
        self._ports = []
        for protocol in list(self.protocols):
            protocol.link.close()

    def lines_of(self, message: Message) -> list[bytes]:
        """The same for every node that is told."""
        if message is not self._encoded:
            self._encoded = message
            self._lines = encode(message)
        return self._lines

    def knows(self, node_id: bytes) -> bool:
        participant = self.participant
        if participant is None:
            return False
        node = participant.view.find(node_id)
        return node is not None and not node.is_in_handshake

    # -- what happens

    def link_ready(self, link: BusLink) -> None:
        link.is_up = True
        if link.node is not None and self.participant is not None and not self._is_stopped:
            self.begin_turn()
            self.participant.link_up(link)

    def link_gone(self, link: BusLink) -> None:
        link.is_up = False
        if self.participant is not None and not link.is_closed and not self._is_stopped:
            self.begin_turn()
            self.participant.link_lost(link)

    def received(self, link: BusLink, message: Message, size: int) -> None:
        self.bytes_received += size
        if isinstance(message, Publish):
            self.pubsub_bytes_received += size
        if self.participant is not None and not self._is_stopped:
            self.begin_turn()
            self.participant.receive(link, message)


def _nothing() -> None:
    """Time needs no care."""


def _as_it_is(factory: Any, host: str = "") -> Any:
    return factory
