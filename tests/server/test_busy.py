"""Turns in the middle of a command, over real sockets: what a busy script's clients and the others see."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trustme
from twisted.internet.epollreactor import EPollReactor
from twisted.internet.protocol import Factory
from twisted.internet.ssl import CertificateOptions, PrivateCertificate
from twisted.protocols.tls import TLSMemoryBIOFactory

from miniredis.commands.context import Context
from miniredis.commands.declaration import Command
from miniredis.dispatch.gates import GATE_BUSY
from miniredis.dispatch.log_buffer import LogBuffer
from miniredis.dispatch.rules import Rule
from miniredis.dispatch.session import Session
from miniredis.resp.errors import ReplyError
from miniredis.server.busy import BusyTurns
from miniredis.server.endpoint import HubEndpoint
from miniredis.server.protocol import SessionFactory
from miniredis.testing.memory import MemoryServer

BUSY = b"-BUSY a script runs\r\n"


class RefuseAll(Rule):
    def apply(self, session: Session, command: Command, argv: list[bytes]) -> object:
        raise ReplyError(b"BUSY a script runs")


class Edge:
    """All kinds of ports of one server under a reactor that is turned by hand.  TIME runs `steps` as a script would."""

    def __init__(self, folder: Path) -> None:
        self.reactor: Any = EPollReactor()
        self.memory = MemoryServer()
        self.engine = self.memory.engine
        self.busy = BusyTurns(self.engine, self.reactor)
        self.engine.while_busy = self.busy.run
        self.engine.rules[GATE_BUSY] = RefuseAll()
        self.factory = SessionFactory(self.engine, partial(self.reactor.callLater, 0))
        self.busy.factories.append(self.factory)
        self.listening: list[Any] = []
        HubEndpoint(self.reactor, 0, "127.0.0.1").listen(self.factory).addCallback(self.listening.append)
        self.path = str(folder / "socket")
        self.add_port(self.reactor.listenUNIX(self.path, self.factory))
        self.steps: list[Callable[[], object]] = []
        self.commands = self.engine.commands.by_name
        self.commands[b"TIME"].run = self._script
        self._sockets: list[socket.socket] = []

    def add_port(self, port: Any) -> Any:
        self.busy.ports.append(port)
        return port

    def _script(self, ctx: Context, argv: list[bytes]) -> object:
        self.engine.gates |= GATE_BUSY
        for step in self.steps:
            step()
        self.engine.gates &= ~GATE_BUSY
        return b"done"

    def poll(self, count: int = 8) -> None:
        """What the script's count hook does."""
        assert self.engine.while_busy is not None
        for _ in range(count):
            self.engine.while_busy()

    def tcp(self) -> socket.socket:
        return self._keep(socket.create_connection(("127.0.0.1", self.listening[0].getHost().port)))

    def unix(self) -> socket.socket:
        client = socket.socket(socket.AF_UNIX)
        client.connect(self.path)
        return self._keep(client)

    def _keep(self, client: socket.socket) -> socket.socket:
        self._sockets.append(client)
        client.setblocking(False)
        return client

    def turn(self, count: int = 8) -> None:
        for _ in range(count):
            self.reactor.iterate(0)

    def run_script(self, client: socket.socket, *steps: Callable[[], object]) -> None:
        self.steps = list(steps)
        client.send(b"TIME\r\n")
        self.turn()

    def close(self) -> None:
        for each in self._sockets:
            each.close()
        self.turn()
        self.listening[0].stopListening()
        assert self.factory.hub is not None
        self.factory.hub.stop()
        for port in self.busy.ports:
            port.stopListening()
        self.turn()


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[Edge]:
    edge = Edge(tmp_path)
    yield edge
    edge.close()


def received(client: socket.socket) -> bytes:
    try:
        return client.recv(1 << 16)
    except BlockingIOError:
        return b""


@pytest.fixture(params=["tcp", "unix"])
def other(request: pytest.FixtureRequest, edge: Edge) -> socket.socket:
    client: socket.socket = getattr(edge, request.param)()
    edge.turn()
    return client


@pytest.fixture(params=["tcp", "unix"])
def scripter(request: pytest.FixtureRequest, edge: Edge) -> socket.socket:
    client: socket.socket = getattr(edge, request.param)()
    edge.turn()
    return client


def test_others_are_told_busy_while_the_script_runs(edge: Edge, scripter: socket.socket, other: socket.socket) -> None:
    seen: list[bytes] = []
    edge.run_script(
        scripter,
        lambda: other.send(b"GET a\r\nCLIENT GETNAME\r\n"),
        edge.poll,
        lambda: seen.append(received(other)),
    )
    assert seen == [BUSY + b"$-1\r\n"]
    assert received(scripter) == b"$4\r\ndone\r\n"


def test_the_client_of_the_script_is_not_served_before_its_end(
    edge: Edge, scripter: socket.socket, other: socket.socket
) -> None:
    seen: list[bytes] = []
    edge.run_script(
        scripter, lambda: scripter.send(b"GET a\r\nPING\r\n"), edge.poll, lambda: seen.append(received(scripter))
    )
    assert seen == [b""]
    assert received(scripter) == b"$4\r\ndone\r\n$-1\r\n+PONG\r\n"


def test_requests_behind_the_script_wait_for_it(edge: Edge, scripter: socket.socket) -> None:
    edge.steps = [edge.poll]
    scripter.send(b"PING\r\nTIME\r\nPING\r\n")
    edge.turn()
    assert received(scripter) == b"+PONG\r\n$4\r\ndone\r\n+PONG\r\n"


@pytest.mark.parametrize("kind", ["tcp", "unix"])
def test_who_connects_while_the_script_runs_is_answered(edge: Edge, scripter: socket.socket, kind: str) -> None:
    late: list[socket.socket] = []
    seen: list[bytes] = []
    edge.run_script(
        scripter,
        lambda: late.append(getattr(edge, kind)()),
        edge.poll,
        lambda: late[0].send(b"GET a\r\n"),
        edge.poll,
        lambda: seen.append(received(late[0])),
    )
    assert seen == [BUSY]
    late[0].send(b"PING\r\n")
    edge.turn()
    assert received(late[0]) == b"+PONG\r\n"


def test_a_command_of_another_client_ends_the_script(edge: Edge, scripter: socket.socket, other: socket.socket) -> None:
    killed: list[bool] = []

    def kill(ctx: Context, argv: list[bytes]) -> object:
        killed.append(True)
        return b"killed"

    edge.commands[b"RESET"].run = kill

    def poll_until_killed() -> None:
        for _ in range(100):
            if killed:
                break
            edge.poll(1)

    edge.run_script(scripter, lambda: other.send(b"RESET\r\n"), poll_until_killed)
    assert killed == [True]
    assert received(other) == b"$6\r\nkilled\r\n"
    assert received(scripter) == b"$4\r\ndone\r\n"


def test_clients_that_go_away_meanwhile_are_forgotten(
    edge: Edge, scripter: socket.socket, other: socket.socket
) -> None:
    edge.run_script(scripter, other.close, edge.poll, edge.poll)
    assert received(scripter) == b"$4\r\ndone\r\n"
    assert len(edge.engine.sessions) == 1


def test_the_client_of_the_script_may_go_away(edge: Edge, scripter: socket.socket, other: socket.socket) -> None:
    edge.run_script(scripter, scripter.close, edge.poll)
    edge.turn()
    assert len(edge.engine.sessions) == 1
    other.send(b"PING\r\n")
    edge.turn()
    assert received(other) == b"+PONG\r\n"


def test_messages_that_the_script_sends_reach_their_readers(
    edge: Edge, scripter: socket.socket, other: socket.socket
) -> None:
    other.send(b"SUBSCRIBE c\r\n")
    edge.turn()
    assert received(other).startswith(b"*3\r\n")
    seen: list[bytes] = []
    edge.run_script(
        scripter,
        lambda: edge.engine.pubsub.publish(b"c", b"now"),
        edge.poll,
        lambda: seen.append(received(other)),
    )
    assert seen == [b"*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$3\r\nnow\r\n"]


def test_time_stands_still_for_the_script_only(edge: Edge, scripter: socket.socket) -> None:
    times: list[int] = []
    clock = edge.engine.keyspace.clock

    def note() -> None:
        times.append(clock.now_ms)

    edge.run_script(scripter, note, lambda: edge.memory.clock.advance(5), edge.poll, note)
    assert times[0] == times[1]
    edge.turn()
    assert scripter.send(b"PING\r\n")
    edge.turn()
    assert clock.now_ms == times[0] + 5000


def test_a_long_pipeline_of_another_client_goes_on(edge: Edge, scripter: socket.socket, other: socket.socket) -> None:
    seen = bytearray()
    edge.run_script(
        scripter, lambda: other.send(b"PING\r\n" * 1500), lambda: edge.poll(12), lambda: seen.extend(received(other))
    )
    edge.turn()
    seen.extend(received(other))
    assert bytes(seen).count(b"-BUSY") == 1500


def test_a_client_whose_turn_was_already_planned_gets_it_in_the_middle(edge: Edge) -> None:
    first, scripter, last = edge.tcp(), edge.tcp(), edge.tcp()
    edge.turn()
    seen: list[bytes] = []
    edge.steps = [edge.poll, lambda: seen.append(received(first) + received(last))]
    for client in (first, scripter, last):
        client.send(b"GET a\r\n" * 3 if client is not scripter else b"TIME\r\n")
    edge.turn()
    answers = seen[0] + received(first) + received(last)
    assert answers.count(BUSY) + answers.count(b"$-1\r\n") == 6
    assert received(scripter) == b"$4\r\ndone\r\n"


class SlowLog(LogBuffer):
    """A log that is never safe until the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.settled = 0

    def settle(self) -> None:
        self.settled += 1


@pytest.mark.parametrize("kind", ["tcp", "unix"])
def test_output_that_the_log_holds_stays_held(edge: Edge, scripter: socket.socket, kind: str) -> None:
    log = edge.engine.log_buffer = SlowLog()
    edge.engine.log_sinks.append(log)
    edge.engine.refresh_listening()
    writer, late = getattr(edge, kind)(), getattr(edge, kind)()
    edge.turn()
    writer.send(b"SET k v\r\n")
    edge.turn()
    assert received(writer) == b""
    seen: list[bytes] = []
    edge.run_script(
        scripter,
        lambda: writer.send(b"GET k\r\n"),
        lambda: late.send(b"GET k\r\n"),
        edge.poll,
        lambda: seen.extend([received(writer), received(late)]),
    )
    # Whoever did not wait already is answered at once; the script would not end for the others' sake.
    assert seen == [b"", BUSY]
    log.release(log.appended)
    edge.turn()
    assert received(writer) == b"+OK\r\n$1\r\nv\r\n"
    assert received(scripter) == b"$4\r\ndone\r\n"


def test_turns_do_not_nest(edge: Edge, scripter: socket.socket, other: socket.socket) -> None:
    def poll(ctx: Context, argv: list[bytes]) -> object:
        edge.poll()
        return b"polled"

    edge.commands[b"RESET"].run = poll
    edge.run_script(scripter, lambda: other.send(b"RESET\r\n"), edge.poll)
    assert received(other) == b"$6\r\npolled\r\n"


def test_a_defect_ends_the_connection_that_met_it_and_no_other(
    edge: Edge, scripter: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = edge.unix()
    edge.turn()

    def fail() -> None:
        raise ZeroDivisionError

    def plan_failure() -> None:
        failing = next(each for each in edge.factory.protocols if not each.port.is_running)
        monkeypatch.setattr(failing, "run_scheduled", fail)
        failing.schedule()

    edge.run_script(scripter, plan_failure, edge.poll)
    edge.turn()
    assert received(scripter) == b"$4\r\ndone\r\n"
    assert other.recv(10) == b""


def test_clients_of_tls_are_served_too(edge: Edge, scripter: socket.socket) -> None:
    import ssl

    authority = trustme.CA()
    made = authority.issue_cert("localhost")
    key = made.private_key_pem.bytes()
    certificate = PrivateCertificate.loadPEM(key + made.cert_chain_pems[0].bytes())
    options: CertificateOptions = certificate.options()
    wrapped: Any = TLSMemoryBIOFactory(options, False, edge.factory, edge.busy)  # type: ignore[arg-type]
    assert isinstance(wrapped, Factory)
    port = edge.add_port(edge.reactor.listenTCP(0, wrapped, interface="127.0.0.1"))
    context = ssl.create_default_context()
    authority.configure_trust(context)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    client = edge._keep(socket.create_connection(("127.0.0.1", port.getHost().port)))

    def exchange(serve: Callable[[], object]) -> None:
        for _ in range(5):
            if outgoing.pending:
                client.send(outgoing.read())
            serve()
            data = received(client)
            if data:
                incoming.write(data)
            try:
                tls.do_handshake()
            except ssl.SSLWantReadError:
                continue

    exchange(edge.turn)
    seen: list[bytes] = []
    edge.run_script(
        scripter,
        lambda: tls.write(b"GET a\r\n"),
        lambda: exchange(edge.poll),
        lambda: seen.append(tls.read(100)),
    )
    assert seen == [BUSY]
    assert edge.busy.callLater(5, lambda: None).active()


def test_what_is_due_soon_happens_once(edge: Edge) -> None:
    done: list[int] = []
    call = edge.busy.callLater(0, done.append, 1)
    cancelled = edge.busy.callLater(0, done.append, 2)
    assert call.active() and cancelled.active()
    cancelled.cancel()
    edge.turn()
    assert done == [1]
    assert not call.active()
