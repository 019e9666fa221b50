"""Sessions over any Twisted transport: TLS, unix sockets, and reactors that have no epoll.

The protocol hands bytes to the engine and writes what comes of them; the transport's buffer is bounded by
pausing: while the peer does not read, nothing more is read from it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Final, cast
from typing import Protocol as Shape

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.interfaces import IAddress, IPushProducer, ITCPTransport
from twisted.internet.protocol import Factory, Protocol
from twisted.python.failure import Failure
from zope.interface import implementer

from miniredis.dispatch.executor import Engine
from miniredis.dispatch.port import Port
from miniredis.dispatch.session import Session
from miniredis.server.hub import HubReader
from miniredis.server.interfaces import IDirectSessions

COMMANDS_A_TURN: Final = 512
#: So many turns at most before the end, for what was received.
REST_TURNS: Final = 1000


class Transport(Shape):
    """What we use of a transport; Twisted's own interfaces do not tell a type checker."""

    def write(self, data: bytes) -> None: ...
    def loseConnection(self) -> None: ...
    def abortConnection(self) -> None: ...
    def registerProducer(self, producer: object, streaming: bool) -> None: ...
    def unregisterProducer(self) -> None: ...
    def getPeer(self) -> IAddress: ...
    def getHost(self) -> IAddress: ...


def address_text(address: IAddress | None) -> bytes:
    """As CLIENT LIST shows it: 127.0.0.1:50000, [::1]:50000, or the path of a unix socket with port 0."""
    if isinstance(address, IPv6Address):
        return f"[{address.host}]:{address.port}".encode()
    if isinstance(address, IPv4Address):
        return f"{address.host}:{address.port}".encode()
    if isinstance(address, UNIXAddress):
        return (address.name or b"") + b":0"
    return b"?:0"


@implementer(IPushProducer)
class ProtocolPort(Port):
    """The port of a session whose bytes go through a Twisted transport."""

    def __init__(self, protocol: SessionProtocol) -> None:
        super().__init__()
        self.protocol = protocol
        self.is_paused = False
        self.is_scheduled = False

    def wake(self) -> None:
        self.protocol.schedule()

    def close(self, abort: bool) -> None:
        if abort:
            self.protocol.abort()
        else:
            self.protocol.schedule()

    def let_go(self) -> None:
        self.protocol.send()
        self.protocol.schedule()

    def gather_packets(self) -> None:
        transport: Any = self.protocol.transport
        if ITCPTransport.providedBy(transport):
            transport.setTcpNoDelay(False)

    def unsent_bytes(self) -> int:
        return self.protocol.unsent_bytes()

    # -- the transport's side

    def pauseProducing(self) -> None:
        self.is_paused = True

    def resumeProducing(self) -> None:
        self.is_paused = False
        self.protocol.schedule()

    def stopProducing(self) -> None:
        self.is_paused = True


class SessionProtocol(Protocol):
    """One client over a Twisted transport."""

    factory: Any  # SessionFactory; Twisted declares it as a factory of anything
    out: Transport
    session: Session | None = None

    def __init__(self) -> None:
        self.port = ProtocolPort(self)

    def connectionMade(self) -> None:
        transport = self.out = cast(Transport, self.transport)
        self.port.peer = address_text(transport.getPeer())
        self.port.local = address_text(transport.getHost())
        self.port.is_unix = isinstance(transport.getHost(), UNIXAddress)
        host = transport.getPeer()
        refusal = self.factory.admit(getattr(host, "host", ""))
        if refusal:
            transport.write(refusal)
            transport.loseConnection()
            return
        transport.registerProducer(self.port, True)
        engine = self.factory.engine
        engine.begin_turn()
        self.session = engine.connect(self.port)
        self.factory.protocols.add(self)

    def dataReceived(self, data: bytes) -> None:
        session = self.session
        if session is None:  # it was refused
            return
        session.bytes_in += len(data)
        self.factory.engine.counters.reads += 1
        session.decoder.feed(data)
        self._run_turn()

    def connectionLost(self, reason: Failure | None = None) -> None:
        if self.session is not None:
            self.factory.engine.begin_turn()
            self.factory.engine.disconnect(self.session)
            self.session = None
            self.factory.protocols.discard(self)

    def _run_turn(self) -> None:
        engine = self.factory.engine
        engine.begin_turn()
        if self.factory.is_busy:  # within another's
            self.run()
            return
        began_ns = engine.timer.mark_ns
        self.run()
        engine.note_turn(began_ns)

    def run(self) -> None:
        """Run what has been received, write what came of it."""
        session = self.session
        if session is None or self.port.is_held:
            return
        self.port.is_running = True
        has_more = not self.port.is_paused and self.factory.engine.proceed(session, COMMANDS_A_TURN)
        self.port.is_running = False
        if has_more:
            self.schedule()
        elif not session.decoder.is_idle() and self.factory.engine.client_limits.query_exceeded(session):
            self.out.abortConnection()
            return
        log = self.factory.engine.log_buffer
        if log is not None and log.is_behind() and (session.out or session.closing) and not self.factory.is_busy:
            log.hold(self.port)
            log.settle()
            return
        self.send()

    def send(self) -> None:
        """Write what waits for the client."""
        session = self.session
        if session is None:
            return
        if session.out:
            self.factory.engine.counters.writes += 1
            self.out.write(session.take_output())
            unsent = self.unsent_bytes()
            if unsent > 0 and self.factory.engine.client_limits.output_exceeded(session, unsent):
                self.out.abortConnection()
                return
        if session.closing:
            # TLS would wait for more from a producer before it ends.
            self.out.unregisterProducer()
            self.out.loseConnection()

    def schedule(self) -> None:
        """Go on at the reactor's next turn."""
        if not self.port.is_scheduled:
            self.port.is_scheduled = True
            self.factory.run_soon(self)

    def run_scheduled(self) -> None:
        self.port.is_scheduled = False
        self._run_turn()

    def abort(self) -> None:
        if self.session is not None:
            self.out.abortConnection()

    def unsent_bytes(self) -> int:
        # Twisted keeps what has not been sent in a buffer and a list of later pieces.
        transport = self.transport
        buffered = len(getattr(transport, "dataBuffer", b"")) - getattr(transport, "offset", 0)
        return buffered + getattr(transport, "_tempDataLen", 0)


def _admit_all(host: str) -> bytes:
    return b""


@implementer(IDirectSessions)
class SessionFactory(Factory):
    """The clients of an engine: sessions in the hub, or a SessionProtocol for each connection of other transports.

    `call_soon` runs a callable at the next turn; `admission` is asked about each connection, with the address it
    comes from, empty for a unix socket.
    """

    noisy = False

    def __init__(
        self,
        engine: Engine,
        call_soon: Callable[[Callable[[], None]], object],
        admission: Callable[[str], bytes] = _admit_all,
    ) -> None:
        self.engine = engine
        self.call_soon = call_soon
        self.admission = admission
        self.hub: HubReader | None = None
        self.protocols: set[SessionProtocol] = set()
        #: A command that takes long lets others have a turn in its middle.
        self.is_busy = False
        self._scheduled: deque[SessionProtocol] = deque()
        self._is_called = False

    def keepalive_s(self) -> int:
        return self.engine.config.int("tcp-keepalive")

    def admit(self, host: str) -> bytes:
        return self.admission(host)

    def buildProtocol(self, addr: IAddress | None) -> Any:
        protocol = SessionProtocol()
        protocol.factory = self
        return protocol

    def run_soon(self, protocol: SessionProtocol) -> None:
        """Go on with it at the next turn."""
        self._scheduled.append(protocol)
        if not self._is_called:
            self._is_called = True
            self.call_soon(self._called)

    def _called(self) -> None:
        self._is_called = False
        self.run_scheduled()

    def answer_rest(self) -> None:
        """Answer what has been received: the server is about to stop."""
        if self.hub is not None:
            self.hub.hub.answer_rest()
        turns = 0
        while self._scheduled and turns < REST_TURNS:
            turns += 1
            self.run_scheduled()

    def run_scheduled(self) -> None:
        """Go on with those that are scheduled now, once each, but not with one in the middle of a command."""
        for _ in range(len(self._scheduled)):
            if not self._scheduled:  # a turn within this one took them
                return
            protocol = self._scheduled.popleft()
            if protocol.port.is_running:
                self.run_soon(protocol)
                continue
            try:
                protocol.run_scheduled()
            except Exception as defect:
                self.engine.log_failure("a defect ended a connection", defect)
                protocol.abort()
