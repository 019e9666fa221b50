"""The hub's endpoint under a reactor: string form, ordinary protocols, fallback, and sessions beside them."""

from __future__ import annotations

import errno
import os
import select
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from twisted.internet.endpoints import serverFromString
from twisted.internet.epollreactor import EPollReactor
from twisted.internet.error import CannotListenError, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import (
    IConsumer,
    IHalfCloseableProtocol,
    IListeningPort,
    IPullProducer,
    IPushProducer,
    IReactorFDSet,
    IReactorTCP,
    IStreamServerEndpoint,
    ITCPTransport,
)
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.selectreactor import SelectReactor
from twisted.internet.testing import MemoryReactor
from twisted.protocols.basic import LineReceiver
from twisted.protocols.wire import Echo
from twisted.python.failure import Failure
from twisted.web.resource import Resource
from twisted.web.server import Request, Site
from zope.interface import implementer, implementer_only
from zope.interface.verify import verifyObject

from miniredis.server.endpoint import HubEndpoint, ordinary_endpoint
from miniredis.server.hub import HubReader, hub_of
from miniredis.server.interfaces import IDirectSessions
from miniredis.server.listener import SessionPort
from miniredis.server.protocol import SessionFactory
from miniredis.testing.memory import MemoryServer


class Edge:
    """A reactor turned by hand, and clients of what listens under it."""

    def __init__(self, reactor: Any) -> None:
        self.reactor = reactor
        self._sockets: list[socket.socket] = []
        self.ports: list[Any] = []

    def listen(self, factory: Any, interface: str = "127.0.0.1") -> Any:
        return self.listen_on(HubEndpoint(self.reactor, 0, interface), factory)

    def listen_on(self, endpoint: Any, factory: Any) -> Any:
        done: list[Any] = []
        endpoint.listen(factory).addBoth(done.append)
        if not isinstance(done[0], Failure):
            self.ports.append(done[0])
        return done[0]

    def connect(self, port: Any) -> socket.socket:
        host = port.getHost()
        client = socket.create_connection((host.host, host.port))
        client.setblocking(False)
        self._sockets.append(client)
        self.turn()
        return client

    def turn(self, count: int = 8) -> None:
        for _ in range(count):
            self.reactor.iterate(0)

    def read(self, client: socket.socket, wanted: int = 1) -> bytes:
        """At least `wanted` bytes, or all until the end."""
        found = bytearray()
        for _ in range(20_000):
            self.turn(1)
            try:
                data = client.recv(1 << 20)
            except BlockingIOError:
                if len(found) >= wanted:
                    return bytes(found)
                continue
            if not data:
                return bytes(found)
            found += data
        raise AssertionError(f"only {bytes(found)!r}")

    def close(self) -> None:
        for client in self._sockets:
            client.close()
        self.turn()
        for port in self.ports:
            port.stopListening()
        self.turn()
        self.reactor.disconnectAll()


@pytest.fixture(params=[EPollReactor, SelectReactor])
def edge(request: pytest.FixtureRequest) -> Iterator[Edge]:
    edge = Edge(request.param())
    yield edge
    edge.close()


class Recorder(Protocol):
    """Keeps what happens to it."""

    def __init__(self) -> None:
        self.received = bytearray()
        self.lost: list[type[BaseException]] = []
        self.out: Any = None

    def connectionMade(self) -> None:
        self.out = self.transport

    def dataReceived(self, data: bytes) -> None:
        self.received += data

    def connectionLost(self, reason: Failure | None = None) -> None:
        assert reason is not None
        self.lost.append(type(reason.value))  # type: ignore[arg-type]  # never a Failure without a value


@implementer(IHalfCloseableProtocol)
class HalfCloser(Recorder):
    def __init__(self) -> None:
        super().__init__()
        self.halves: list[str] = []

    def readConnectionLost(self) -> None:
        self.halves.append("read")

    def writeConnectionLost(self) -> None:
        self.halves.append("write")


class Made(Factory):
    """Makes protocols of one kind and remembers them."""

    noisy = False

    def __init__(self, kind: Any) -> None:
        self.kind = kind
        self.made: list[Any] = []

    def buildProtocol(self, addr: Any) -> Any:
        protocol = self.kind()
        protocol.factory = self
        self.made.append(protocol)
        return protocol


def test_it_is_a_stream_server_endpoint(edge: Edge) -> None:
    endpoint = HubEndpoint(edge.reactor, 0, "127.0.0.1")
    assert verifyObject(IStreamServerEndpoint, endpoint)
    assert verifyObject(IListeningPort, edge.listen_on(endpoint, Made(Recorder)))


def test_the_string_form_names_port_and_interface(edge: Edge) -> None:
    endpoint = serverFromString(edge.reactor, "redis:0:interface=127.0.0.1:backlog=16")
    port = edge.listen_on(endpoint, Made(Echo))
    assert isinstance(endpoint, HubEndpoint)
    client = edge.connect(port)
    client.send(b"over a string")
    assert edge.read(client, 13) == b"over a string"


def test_ipv6_is_an_interface_as_well(edge: Edge) -> None:
    port = edge.listen(Made(Echo), "::1")
    client = edge.connect(port)
    client.send(b"six")
    assert edge.read(client, 3) == b"six"


def test_an_address_in_use_is_an_error(edge: Edge) -> None:
    taken = edge.listen(Made(Echo)).getHost().port
    for factory in (Made(Echo), SessionFactory(MemoryServer().engine, lambda call: call())):
        failed = edge.listen_on(HubEndpoint(edge.reactor, taken, "127.0.0.1"), factory)
        assert isinstance(failed.value, CannotListenError)


def test_lines_are_received(edge: Edge) -> None:
    class Shout(LineReceiver):
        def lineReceived(self, line: bytes) -> None:
            self.sendLine(line.upper())

    client = edge.connect(edge.listen(Made(Shout)))
    client.send(b"one\r\ntwo\r\n")
    assert edge.read(client, 10) == b"ONE\r\nTWO\r\n"


def test_a_web_server_runs_on_it(edge: Edge) -> None:
    class Hello(Resource):
        isLeaf = True

        def render_GET(self, request: Request) -> bytes:
            return b"hello " + bytes(request.args[b"name"][0])

    site: Any = Site(Hello())
    client = edge.connect(edge.listen(site))
    client.send(b"GET /?name=hub HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    answer = edge.read(client, 1 << 30)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"hello hub")


def test_the_transport_is_what_the_interfaces_say(edge: Edge) -> None:
    factory = Made(Recorder)
    port = edge.listen(factory)
    client = edge.connect(port)
    out = factory.made[0].out
    for interface in (ITCPTransport, IConsumer, IPushProducer):
        assert interface.providedBy(out)
    assert (out.getPeer().host, out.getPeer().port) == client.getsockname()
    assert out.getHost() == port.getHost()
    out.setTcpNoDelay(True)
    out.setTcpKeepAlive(True)
    assert out.getTcpNoDelay() and out.getTcpKeepAlive()


def test_reading_stops_and_goes_on(edge: Edge) -> None:
    factory = Made(Recorder)
    client = edge.connect(edge.listen(factory))
    recorder = factory.made[0]
    recorder.out.pauseProducing()
    client.send(b"later")
    edge.turn()
    assert not recorder.received
    assert hub_of(edge.reactor).descriptors.getReaders() == edge.ports
    recorder.out.resumeProducing()
    edge.turn()
    assert recorder.received == b"later"


def test_a_reader_that_is_slow_makes_a_push_producer_pause(edge: Edge) -> None:
    factory = Made(Recorder)
    client = edge.connect(edge.listen(factory))
    calls: list[str] = []

    @implementer(IPushProducer)
    class Producer:
        def pauseProducing(self) -> None:
            calls.append("pause")

        def resumeProducing(self) -> None:
            calls.append("resume")

        def stopProducing(self) -> None:
            calls.append("stop")

    out = factory.made[0].out
    out.registerProducer(Producer(), True)
    out.write(b"x" * 8_000_000)
    edge.turn()
    assert calls == ["pause"]
    assert len(edge.read(client, 8_000_000)) == 8_000_000
    edge.turn()
    assert calls == ["pause", "resume"]
    client.close()
    edge.turn()
    assert calls[-1] == "stop"


def test_a_pull_producer_is_asked_again_and_again(edge: Edge) -> None:
    factory = Made(Recorder)
    client = edge.connect(edge.listen(factory))
    out = factory.made[0].out
    left = [b"c", b"b", b"a"]

    @implementer(IPullProducer)
    class Producer:
        def resumeProducing(self) -> None:
            if left:
                out.write(left.pop())
            else:
                out.unregisterProducer()
                out.loseConnection()

        def stopProducing(self) -> None:
            """The connection ends."""

    out.registerProducer(Producer(), False)
    assert edge.read(client, 1 << 30) == b"abc"


def test_either_half_of_a_connection_can_be_closed(edge: Edge) -> None:
    factory = Made(HalfCloser)
    client = edge.connect(edge.listen(factory))
    closer = factory.made[0]
    client.shutdown(socket.SHUT_WR)
    edge.turn()
    assert closer.halves == ["read"]
    closer.out.write(b"still")
    closer.out.loseWriteConnection()
    assert edge.read(client, 1 << 30) == b"still"
    edge.turn()
    assert closer.halves == ["read", "write"]
    client.close()
    closer.out.loseConnection()
    edge.turn()
    assert closer.lost == [ConnectionDone]


def test_what_was_written_leaves_before_the_end(edge: Edge) -> None:
    factory = Made(Recorder)
    client = edge.connect(edge.listen(factory))
    factory.made[0].out.write(b"x" * 3_000_000)
    factory.made[0].out.loseConnection()
    assert len(edge.read(client, 1 << 30)) == 3_000_000
    assert factory.made[0].lost == [ConnectionDone]


def test_a_reset_is_a_lost_connection(edge: Edge) -> None:
    factory = Made(Recorder)
    client = edge.connect(edge.listen(factory))
    factory.made[0].out.pauseProducing()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    client.close()
    factory.made[0].out.write(b"x" * 100)
    edge.turn()
    assert factory.made[0].lost == [ConnectionLost]


def test_a_reset_is_noticed_by_who_only_writes(edge: Edge) -> None:
    factory = Made(Recorder)
    client = edge.connect(edge.listen(factory))
    out = factory.made[0].out
    out.pauseProducing()
    out.write(b"x" * 8_000_000)
    edge.turn()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    client.close()
    edge.turn()
    assert factory.made[0].lost == [ConnectionLost]


def test_a_reset_is_noticed_by_who_reads(edge: Edge) -> None:
    factory = Made(Recorder)
    client = edge.connect(edge.listen(factory))
    watched = hub_of(edge.reactor).descriptors._watch(factory.made[0].out)
    watched.hang_up()
    assert factory.made[0].lost == [ConnectionDone]
    assert edge.read(client, 1 << 30) == b""


def test_a_protocol_that_fails_loses_its_connection_and_no_other(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    class Fails(Recorder):
        def dataReceived(self, data: bytes) -> None:
            raise ZeroDivisionError

    failing, sound = Made(Fails), Made(Echo)
    broken, whole = edge.connect(edge.listen(failing)), edge.connect(edge.listen(sound))
    broken.send(b"x")
    whole.send(b"y")
    assert edge.read(whole) == b"y"
    assert failing.made[0].lost == [ZeroDivisionError]


def test_the_reactor_watches_one_reader_and_nothing_once_all_is_closed(edge: Edge) -> None:
    before = set(edge.reactor.getReaders())
    factory = Made(Recorder)
    port = edge.listen(factory)
    clients = [edge.connect(port) for _ in range(5)]
    [reader] = set(edge.reactor.getReaders()) - before
    assert isinstance(reader, HubReader)
    assert len(reader.descriptors.getReaders()) == 6
    for client in clients:
        client.close()
    edge.turn()
    port.stopListening()
    edge.turn()
    assert set(edge.reactor.getReaders()) == before
    assert len(edge.reactor.getDelayedCalls()) == 0


def test_a_reactor_that_ends_closes_everything(edge: Edge) -> None:
    factory = Made(Recorder)
    edge.connect(edge.listen(factory))
    edge.ports.clear()
    for descriptor in edge.reactor.removeAll():
        descriptor.connectionLost(Failure(ConnectionLost()))
    assert factory.made[0].lost == [ConnectionLost]
    assert hub_of(edge.reactor).descriptors.getReaders() == []


def test_without_epoll_or_descriptors_twisted_listens_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    @implementer_only(IReactorTCP)
    class WithoutDescriptors(MemoryReactor):
        pass

    memory = WithoutDescriptors()
    HubEndpoint(memory, 6379, "127.0.0.1").listen(Made(Echo))
    HubEndpoint(memory, 6380, "::1").listen(Made(Echo))
    assert [(port, interface) for port, _, _, interface in memory.tcpServers] == [(6379, "127.0.0.1"), (6380, "::1")]
    monkeypatch.delattr(select, "epoll")
    edge = Edge(SelectReactor())
    port = edge.listen(Made(Echo))
    assert port in edge.reactor.getReaders()
    client = edge.connect(port)
    client.send(b"plain")
    assert edge.read(client, 5) == b"plain"
    edge.close()


def test_descriptors_stand_in_for_the_reactor(edge: Edge) -> None:
    descriptors = hub_of(edge.reactor).descriptors
    assert verifyObject(IReactorFDSet, descriptors)
    assert descriptors.seconds() == pytest.approx(edge.reactor.seconds(), abs=1)
    stranger: Any = object()
    descriptors.removeReader(stranger)
    descriptors.removeWriter(stranger)
    assert descriptors.getWriters() == []


# -- sessions


class Server:
    def __init__(self, edge: Edge) -> None:
        self.memory = MemoryServer()
        self.refusal = b""
        self.hosts: list[str] = []
        self.factory = SessionFactory(self.memory.engine, lambda call: edge.reactor.callLater(0, call), self._admit)
        self.edge = edge

    def _admit(self, host: str) -> bytes:
        self.hosts.append(host)
        return self.refusal


@pytest.fixture
def server(edge: Edge) -> Iterator[Server]:
    server = Server(edge)
    yield server
    if server.factory.hub is not None:
        server.factory.hub.stop()


def test_sessions_run_without_protocols(edge: Edge, server: Server) -> None:
    assert verifyObject(IDirectSessions, server.factory)
    port = edge.listen(server.factory)
    assert verifyObject(IListeningPort, port)
    client = edge.connect(port)
    client.send(b"PING\r\n")
    assert edge.read(client, 7) == b"+PONG\r\n"
    assert not server.factory.protocols
    assert len(server.memory.engine.sessions) == 1
    assert server.hosts == ["127.0.0.1"]
    assert port.logPrefix() == "sessions" and server.factory.hub is not None
    assert server.factory.hub.logPrefix() == "hub"


def test_sessions_come_over_ipv6_too(edge: Edge, server: Server) -> None:
    port = edge.listen(server.factory, "::1")
    client = edge.connect(port)
    client.send(b"CLIENT INFO\r\n")
    assert f"addr=[::1]:{client.getsockname()[1]} ".encode() in edge.read(client, 50)
    assert port.getHost().host == "::1"


def test_two_ports_of_one_engine_share_the_hub(edge: Edge, server: Server) -> None:
    ports = [edge.listen(server.factory), edge.listen(server.factory)]
    clients = [edge.connect(port) for port in ports]
    clients[0].send(b"SET k v\r\n")
    assert edge.read(clients[0], 5) == b"+OK\r\n"
    clients[1].send(b"GET k\r\n")
    assert edge.read(clients[1], 7) == b"$1\r\nv\r\n"


def test_a_refused_connection_is_told_why(edge: Edge, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.refusal = b"-ERR full\r\n"
    client = edge.connect(edge.listen(server.factory))
    assert edge.read(client, 1 << 30) == b"-ERR full\r\n"
    monkeypatch.delattr(select, "epoll")
    client = edge.connect(edge.listen(server.factory))
    client.send(b"PING\r\n")
    assert edge.read(client, 1 << 30) == b"-ERR full\r\n"
    assert not server.memory.engine.sessions


def test_out_of_descriptors_it_looks_away_for_a_moment(edge: Edge, server: Server) -> None:
    port: SessionPort = edge.listen(server.factory)
    real = port.socket
    assert real is not None and server.factory.hub is not None
    readers = server.factory.hub.descriptors

    class Full:
        def __init__(self, problem: int) -> None:
            self.problem = problem

        def accept(self) -> Any:
            raise OSError(self.problem, "no more")

        def __getattr__(self, name: str) -> Any:
            return getattr(real, name)

    refused: Any = Full(errno.ECONNABORTED)
    port.socket = refused
    port.doRead()
    assert readers.getReaders() == [port]
    refused.problem = errno.EMFILE
    port.doRead()
    assert readers.getReaders() == []
    port.socket = real
    [call] = [each for each in edge.reactor.getDelayedCalls() if each.func == port._go_on]
    call.reset(0)
    edge.turn()
    assert readers.getReaders() == [port]
    client = edge.connect(port)
    client.send(b"PING\r\n")
    assert edge.read(client, 7) == b"+PONG\r\n"


def test_a_client_that_went_away_before_it_was_accepted_is_nobody(edge: Edge, server: Server) -> None:
    port: SessionPort = edge.listen(server.factory)

    class Gone(socket.socket):
        def setsockopt(self, *words: Any) -> None:
            raise OSError(errno.EINVAL, "gone")

    gone = Gone()
    port._take(gone, ("127.0.0.1", 1))
    assert gone.fileno() == -1
    assert not server.memory.engine.sessions


def test_ports_and_sessions_end_with_the_reactor(edge: Edge, server: Server) -> None:
    port = edge.listen(server.factory)
    client = edge.connect(port)
    edge.ports.clear()
    for descriptor in edge.reactor.removeAll():
        descriptor.connectionLost(Failure(ConnectionLost()))
    assert port.fileno() == -1
    port.stopListening()
    assert not server.memory.engine.sessions
    client.setblocking(True)
    assert client.recv(1) == b""


@pytest.mark.parametrize("by_hub", [True, False])
def test_links_to_replicas_gather_packets_when_they_are_told_to(edge: Edge, by_hub: bool) -> None:
    memory = MemoryServer()
    factory = SessionFactory(memory.engine, lambda call: edge.reactor.callLater(0, call))
    kind = HubEndpoint if by_hub else ordinary_endpoint
    client = edge.connect(edge.listen_on(kind(edge.reactor, 0, "127.0.0.1", 5), factory))
    edge.turn()
    (session,) = memory.engine.sessions.values()
    with socket.socket(fileno=os.dup(session.port.fd if session.port.fd >= 0 else fd_of(session.port))) as ours:
        assert ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == by_hub
        session.port.gather_packets()
        assert ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 0
    assert client.fileno() >= 0


def fd_of(port: Any) -> int:
    number: int = port.protocol.transport.fileno()
    return number
