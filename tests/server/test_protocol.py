"""Sessions over an ordinary transport, which is a string here: what is read, written, held and cut off."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import pytest
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IAddress
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from miniredis.dispatch.log_buffer import LogBuffer
from miniredis.resp.encoder import encode_command
from miniredis.server.protocol import COMMANDS_A_TURN, SessionFactory, SessionProtocol, address_text
from miniredis.testing.memory import MemoryServer


class SlowTransport(StringTransport):
    """Keeps what is written in a buffer, as long as the peer does not read."""

    def __init__(self, reads: bool) -> None:
        super().__init__(IPv4Address("TCP", "127.0.0.1", 6379), IPv4Address("TCP", "127.0.0.1", 50000))
        self.reads = reads
        self.dataBuffer = b""
        self.aborting = False

    def abortConnection(self) -> None:
        self.aborting = True

    def write(self, data: bytes) -> None:
        super().write(data)
        if not self.reads:
            self.dataBuffer += data


class Wire:
    """One client; what is asked to be done at the next turn is done by `turn`."""

    def __init__(self) -> None:
        self.memory = MemoryServer()
        self.soon: deque[Callable[[], None]] = deque()
        self.factory = SessionFactory(self.memory.engine, self.soon.append)

    def connect(self, reads: bool = True) -> tuple[SessionProtocol, SlowTransport]:
        transport = SlowTransport(reads)
        protocol: SessionProtocol = self.factory.buildProtocol(None)
        protocol.makeConnection(transport)
        return protocol, transport

    def turn(self) -> None:
        while self.soon:
            self.soon.popleft()()


@pytest.fixture
def wire() -> Wire:
    return Wire()


def test_addresses_are_shown_as_client_list_does() -> None:
    texts: list[tuple[IAddress | None, bytes]] = [
        (IPv4Address("TCP", "127.0.0.1", 5), b"127.0.0.1:5"),
        (IPv6Address("TCP", "::1", 5), b"[::1]:5"),
        (UNIXAddress(b"/run/s"), b"/run/s:0"),
        (UNIXAddress(None), b":0"),
        (None, b"?:0"),
    ]
    for address, text in texts:
        assert address_text(address) == text


def test_requests_are_answered_at_once(wire: Wire) -> None:
    protocol, transport = wire.connect()
    protocol.dataReceived(b"PING\r\nGET a\r\n")
    assert transport.value() == b"+PONG\r\n$-1\r\n"
    assert protocol.port.peer == b"127.0.0.1:50000"


def test_a_long_pipeline_goes_on_in_further_turns(wire: Wire) -> None:
    protocol, transport = wire.connect()
    protocol.dataReceived(b"PING\r\n" * 1300)
    assert 0 < transport.value().count(b"PONG") < 1300
    wire.turn()
    assert transport.value() == b"+PONG\r\n" * 1300


def test_nothing_is_run_for_a_client_that_does_not_read(wire: Wire) -> None:
    protocol, transport = wire.connect()
    protocol.port.pauseProducing()
    protocol.dataReceived(b"PING\r\n")
    wire.turn()
    assert transport.value() == b""
    protocol.port.resumeProducing()
    wire.turn()
    assert transport.value() == b"+PONG\r\n"
    protocol.port.stopProducing()
    assert protocol.port.is_paused


def test_output_over_the_limit_cuts_the_client_off(wire: Wire) -> None:
    protocol, transport = wire.connect(reads=False)
    wire.memory.engine.client_limits.output[0] = (1000, 0, 0)
    wire.memory.engine.keyspace.databases[0].put(b"k", b"x" * 5000)
    protocol.dataReceived(b"GET k\r\n")
    assert transport.aborting
    assert protocol.port.unsent_bytes() > 5000


def test_a_request_over_the_limit_cuts_the_client_off(wire: Wire) -> None:
    protocol, transport = wire.connect()
    wire.memory.engine.client_limits.query_bytes = 1000
    protocol.dataReceived(b"*2\r\n$4\r\nECHO\r\n$5000\r\n" + b"x" * 2000)
    assert transport.aborting


def test_quit_closes_after_its_reply(wire: Wire) -> None:
    protocol, transport = wire.connect()
    protocol.dataReceived(b"QUIT\r\n")
    assert transport.value() == b"+OK\r\n"
    assert transport.disconnecting
    protocol.connectionLost(Failure(ConnectionDone()))
    assert not wire.memory.engine.sessions
    protocol.connectionLost(Failure(ConnectionDone()))
    protocol.abort()
    protocol.send()
    protocol.run()
    assert not transport.aborting


def test_a_client_can_be_killed(wire: Wire) -> None:
    victim, transport = wire.connect()
    killer, _ = wire.connect()
    assert victim.session is not None
    killer.dataReceived(encode_command([b"CLIENT", b"KILL", b"ID", b"%d" % victim.session.id]))
    wire.turn()
    assert transport.aborting or transport.disconnecting


def test_messages_reach_a_subscriber_in_the_next_turn(wire: Wire) -> None:
    subscriber, transport = wire.connect()
    publisher, _ = wire.connect()
    subscriber.dataReceived(b"SUBSCRIBE c\r\n")
    transport.clear()
    publisher.dataReceived(b"PUBLISH c hi\r\n")
    wire.turn()
    assert transport.value() == b"*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$2\r\nhi\r\n"


class SlowLog(LogBuffer):
    settled = 0

    def settle(self) -> None:
        self.settled += 1


def test_a_reply_waits_for_the_log_and_everything_behind_it_as_well(wire: Wire) -> None:
    engine = wire.memory.engine
    log = engine.log_buffer = SlowLog()
    engine.log_sinks.append(log)
    engine.refresh_listening()
    protocol, transport = wire.connect()
    protocol.dataReceived(b"SET k v\r\n")
    protocol.dataReceived(b"GET k\r\n")
    wire.turn()
    assert (transport.value(), log.settled) == (b"", 1)
    log.release(log.appended)
    wire.turn()
    assert transport.value() == b"+OK\r\n$1\r\nv\r\n"


def test_what_was_received_is_answered_before_the_end(wire: Wire) -> None:
    protocol, transport = wire.connect()
    protocol.dataReceived(b"INCR n\r\n" * 3 * COMMANDS_A_TURN)
    wire.factory.answer_rest()
    assert transport.value().endswith(b":%d\r\n" % (3 * COMMANDS_A_TURN))
