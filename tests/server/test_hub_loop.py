"""The hub over socket pairs: turns are run by hand, so that every step can be seen."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from miniredis.dispatch.log_buffer import LogBuffer
from miniredis.resp.encoder import encode_command
from miniredis.server.hub_loop import BROKEN, HELPINGS_A_TURN, READABLE, Hub
from miniredis.server.session_loop import COMMANDS_AT_ONCE, SessionConnection, add_client
from miniredis.testing.memory import MemoryServer


class Wire:
    """A hub, and clients at the other ends of socket pairs."""

    def __init__(self) -> None:
        self.memory = MemoryServer()
        self.engine = self.memory.engine
        self.scheduled = 0
        self.hub = Hub(self.engine, self._schedule)
        self._sockets: list[socket.socket] = []

    def _schedule(self) -> None:
        self.scheduled += 1

    def connect(self) -> tuple[socket.socket, SessionConnection]:
        ours, theirs = socket.socketpair()
        for each in (ours, theirs):
            each.setblocking(False)
        self._sockets.append(theirs)
        return theirs, add_client(self.hub, ours, b"127.0.0.1:50000", b"127.0.0.1:6379")

    def turns(self, count: int = 3) -> None:
        for _ in range(count):
            self.hub.run_turn()

    def read(self, client: socket.socket) -> bytes:
        """All that comes while turns go on."""
        found = bytearray()
        quiet = 0
        while quiet < 3:
            self.hub.run_turn()
            try:
                data = client.recv(1 << 20)
            except BlockingIOError:
                quiet += 1
                continue
            if not data:
                return bytes(found)
            quiet = 0
            found += data
        return bytes(found)

    def is_closed(self, client: socket.socket) -> bool:
        """Whether the server has ended the connection, whatever it had sent before."""
        while True:
            try:
                data = client.recv(1 << 20)
            except BlockingIOError:
                return False
            except ConnectionResetError:
                return True
            if not data:
                return True

    def close(self) -> None:
        self.hub.close()
        for each in self._sockets:
            each.close()


@pytest.fixture
def wire() -> Iterator[Wire]:
    wire = Wire()
    yield wire
    wire.close()


def test_a_request_is_answered_in_the_turn_in_which_it_came(wire: Wire) -> None:
    client, _ = wire.connect()
    client.send(b"PING\r\n*2\r\n$4\r\nECHO\r\n$2\r\nhi\r\n")
    wire.turns(1)
    assert client.recv(100) == b"+PONG\r\n$2\r\nhi\r\n"


def test_a_turn_without_anything_to_read_does_nothing(wire: Wire) -> None:
    _, connection = wire.connect()
    connection.receive()
    wire.turns()
    assert not connection.is_lost


def test_a_long_pipeline_is_run_over_several_turns(wire: Wire) -> None:
    client, connection = wire.connect()
    client.send(b"PING\r\n" * 1300)
    wire.hub.run_turn()
    assert connection.has_more
    assert wire.scheduled > 0
    assert wire.read(client) == b"+PONG\r\n" * 1300
    assert not connection.has_more


def test_a_client_that_does_not_read_gets_everything_in_order_when_it_does(wire: Wire) -> None:
    client, connection = wire.connect()
    value = bytes(range(256)) * 4096
    request = encode_command([b"SET", b"k", value])
    sent = 0
    while sent < len(request):
        sent += client.send(request[sent : sent + 100_000])
        wire.turns(1)
    assert wire.read(client) == b"+OK\r\n"
    client.send(b"GET k\r\nGET k\r\nGET k\r\n")
    wire.turns(1)
    assert connection.unsent_bytes() > 0
    client.send(b"PING\r\n")
    assert wire.read(client) == (b"$%d\r\n" % len(value) + value + b"\r\n") * 3 + b"+PONG\r\n"
    assert connection.unsent_bytes() == 0


def test_messages_for_a_slow_subscriber_wait_behind_each_other(wire: Wire) -> None:
    client, connection = wire.connect()
    client.send(b"SUBSCRIBE c\r\n")
    wire.turns(1)
    head = client.recv(100)
    speaker = wire.memory.connect()
    for number in range(40):
        speaker.call(b"PUBLISH", b"c", b"%02d" % number + b"x" * 50_000)
        wire.turns(1)
    assert connection.unsent_bytes() > 0
    received = wire.read(client)
    assert head.startswith(b"*3\r\n$9\r\nsubscribe")
    assert [received.index(b"%02dxx" % number) for number in range(40)] == sorted(
        received.index(b"%02dxx" % number) for number in range(40)
    )


def test_a_subscriber_over_its_hard_limit_is_cut_and_logged(wire: Wire) -> None:
    client, connection = wire.connect()
    speaker = wire.memory.connect()
    speaker.call(b"CONFIG", b"SET", b"client-output-buffer-limit", b"pubsub 1mb 0 0")
    client.send(b"SUBSCRIBE c\r\n")
    wire.turns(1)
    for _ in range(60):
        speaker.call(b"PUBLISH", b"c", b"x" * 50_000)
        wire.turns(1)
    assert connection.is_lost
    assert wire.engine.counters.output_limit_disconnections == 1
    assert any("output buffer limits" in text for _, text in wire.memory.logged)


def test_a_slow_subscriber_that_is_cut_harms_nobody(wire: Wire) -> None:
    slow, connection = wire.connect()
    quick, _ = wire.connect()
    speaker = wire.memory.connect()
    speaker.call(b"CONFIG", b"SET", b"client-output-buffer-limit", b"pubsub 1mb 0 0")
    for each in (slow, quick):
        each.send(b"SUBSCRIBE c\r\n")
    wire.turns(1)
    wire.read(quick)
    for number in range(100):
        message = b"%050000d" % number
        counts = speaker.call(b"PUBLISH", b"c", message)
        assert counts == (b":1\r\n" if connection.is_lost else b":2\r\n")
        assert wire.read(quick) == encode_command([b"message", b"c", message])
    assert connection.is_lost
    wire.engine.pubsub._check()
    assert wire.engine.pubsub.clients() == 1


def test_a_soft_limit_ends_a_client_after_its_seconds(wire: Wire) -> None:
    client, connection = wire.connect()
    wire.engine.client_limits.output[0] = (0, 1000, 2)
    wire.engine.keyspace.databases[0].put(b"k", b"x" * 3_000_000)
    client.send(b"GET k\r\n")
    wire.turns()
    assert connection.unsent_bytes() > 1000
    wire.memory.advance(1)
    wire.engine.client_limits.look_at_all()
    assert not connection.is_lost
    wire.memory.advance(2)
    wire.engine.client_limits.look_at_all()
    assert connection.is_lost


def test_an_unfinished_request_over_the_query_limit_ends_the_connection(wire: Wire) -> None:
    client, connection = wire.connect()
    wire.engine.client_limits.query_bytes = 1_000_000
    client.send(b"*2\r\n$4\r\nECHO\r\n$5000000\r\n")
    while not connection.is_lost:
        client.send(b"x" * 50_000)
        wire.turns(1)
    assert wire.engine.counters.query_limit_disconnections == 1
    assert wire.is_closed(client)


def test_a_silent_client_is_ended_by_timeout_but_not_a_subscriber(wire: Wire) -> None:
    silent, connection = wire.connect()
    listener, listening = wire.connect()
    listener.send(b"SUBSCRIBE c\r\n")
    wire.turns(1)
    wire.engine.client_limits.timeout_s = 10
    wire.memory.advance(11)
    wire.engine.client_limits.look_at_all()
    assert connection.is_lost
    assert not listening.is_lost
    assert wire.is_closed(silent)


def test_quit_closes_after_its_reply(wire: Wire) -> None:
    client, connection = wire.connect()
    client.send(b"QUIT\r\nPING\r\n")
    wire.turns()
    assert client.recv(100) == b"+OK\r\n"
    assert wire.is_closed(client)
    assert connection.is_lost


def test_quit_behind_a_reply_that_is_not_read_waits_for_the_reader(wire: Wire) -> None:
    client, connection = wire.connect()
    wire.engine.keyspace.databases[0].put(b"k", b"x" * 3_000_000)
    client.send(b"GET k\r\nQUIT\r\n")
    wire.turns()
    assert not connection.is_lost
    assert wire.read(client).endswith(b"x\r\n+OK\r\n")
    assert connection.is_lost


def test_a_client_that_goes_away_is_forgotten(wire: Wire) -> None:
    client, connection = wire.connect()
    client.close()
    wire.turns()
    assert connection.is_lost
    assert connection.fd not in wire.hub.connections
    assert not wire.engine.sessions


def test_a_client_that_goes_away_with_output_waiting_is_forgotten(wire: Wire) -> None:
    client, connection = wire.connect()
    wire.engine.keyspace.databases[0].put(b"k", b"x" * 3_000_000)
    client.send(b"GET k\r\n")
    wire.turns()
    client.close()
    wire.turns()
    assert connection.is_lost


def test_a_browser_is_shown_the_door(wire: Wire) -> None:
    client, connection = wire.connect()
    client.send(b"POST / HTTP/1.1\r\nHost: localhost\r\n")
    wire.turns()
    assert connection.is_lost
    assert any("SECURITY ATTACK" in text for _, text in wire.memory.logged)


def test_a_reply_that_comes_later_leaves_with_the_turn_that_made_it(wire: Wire) -> None:
    waiting, _ = wire.connect()
    pusher, _ = wire.connect()
    waiting.send(b"BLPOP l 0\r\nPING\r\n")
    wire.turns()
    pusher.send(b"RPUSH l a\r\n")
    wire.turns(2)
    assert waiting.recv(100) == b"*2\r\n$1\r\nl\r\n$1\r\na\r\n+PONG\r\n"


@pytest.mark.interpreted
@pytest.mark.parametrize("step", ["receive", "proceed"])
def test_a_defect_ends_the_connection_that_met_it_and_no_other(
    wire: Wire, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    broken, connection = wire.connect()
    whole, _ = wire.connect()

    def fail() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(connection, step, fail)
    if step == "receive":
        broken.send(b"PING\r\n")
    else:
        connection.wake()
    whole.send(b"PING\r\n")
    wire.turns()
    assert whole.recv(100) == b"+PONG\r\n"
    assert connection.is_lost
    assert wire.is_closed(broken)
    assert any("ended a connection" in text for _, text in wire.memory.logged)


def test_a_client_that_answers_at_once_is_served_before_the_reactor_comes_round(wire: Wire) -> None:
    client, _ = wire.connect()
    client.send(b"PING\r\n")
    wire.hub.run_turn()
    client.send(b"ECHO hi\r\n")
    wire.hub.linger()
    assert client.recv(100) == b"+PONG\r\n$2\r\nhi\r\n"
    wire.hub.run_turn()
    client.send(b"PING\r\n")
    wire.hub.linger()
    with pytest.raises(BlockingIOError):  # nothing came in the turn before, so nobody is waited for
        client.recv(100)


def test_clients_that_go_on_do_not_keep_the_reactor_for_long(wire: Wire) -> None:
    client, _ = wire.connect()
    command = wire.engine.commands.by_name[b"TIME"]

    def ask_again(ctx: object, argv: list[bytes]) -> bytes:
        wire.memory.clock.advance(0.001)
        client.send(b"TIME\r\n")
        return b"again"

    command.run = ask_again
    command.is_brief = False
    client.send(b"TIME\r\n")
    wire.hub.run_turn()
    wire.hub.linger()
    assert 2 <= command.calls <= 5


def test_nobody_is_waited_for_while_the_reactor_is_needed(wire: Wire) -> None:
    client, connection = wire.connect()
    client.send(b"PING\r\n" * COMMANDS_AT_ONCE * (HELPINGS_A_TURN + 2))
    wire.hub.run_turn()
    assert connection.has_more
    wire.hub.linger()
    assert connection.has_more
    wire.turns()
    log = wire.engine.log_buffer = SlowLog()
    wire.engine.log_sinks.append(log)
    wire.engine.refresh_listening()
    client.send(b"SET k v\r\n")
    wire.hub.run_turn()
    client.send(b"PING\r\n")
    wire.hub.linger()
    assert log.settled == 1
    wire.engine.log_buffer = None
    log.release(log.appended)


class SlowLog(LogBuffer):
    """A log that is not safe before the test says so."""

    settled = 0

    def settle(self) -> None:
        self.settled += 1

    def flush(self) -> bool:
        self.release(self.appended)
        return True


def test_who_went_away_while_the_log_held_its_output_takes_nobody_elses_descriptor(wire: Wire) -> None:
    log = wire.engine.log_buffer = SlowLog()
    wire.engine.log_sinks.append(log)
    wire.engine.refresh_listening()
    (writer, gone), (other, _) = wire.connect(), wire.connect()
    for each in (writer, other):
        each.send(b"SET k v\r\n")
    wire.turns()
    assert gone.is_held
    gone.lose()
    newcomer, heir = wire.connect()
    assert heir.fd == gone.fd
    log.release(log.appended)
    newcomer.send(b"PING\r\n")
    assert wire.read(newcomer) == b"+PONG\r\n"
    assert wire.read(other) == b"+OK\r\n"
    heir.lose()
    assert wire.hub.connections.get(gone.fd) is None


def test_who_comes_with_the_descriptor_of_one_that_broke_in_the_same_batch_stays(wire: Wire) -> None:
    (_, killer), (_, broken) = wire.connect(), wire.connect()
    newcomers: list[tuple[socket.socket, SessionConnection]] = []

    def replace() -> None:
        broken.lose()
        newcomers.append(wire.connect())

    killer.receive = replace  # type: ignore[method-assign]
    wire.hub.note_batch(2)
    wire.hub.handle_events([(killer.fd, READABLE), (broken.fd, BROKEN)])
    client, heir = newcomers[0]
    assert heir.fd == broken.fd
    client.send(b"PING\r\n")
    assert wire.read(client) == b"+PONG\r\n"
    # What breaks it itself is told in a later batch.
    client.close()
    wire.turns()
    assert heir.is_lost


def test_what_was_received_is_answered_before_the_end(wire: Wire) -> None:
    count = COMMANDS_AT_ONCE * HELPINGS_A_TURN * 2
    client, _ = wire.connect()
    client.send(b"INCR n\r\n" * count)
    wire.hub.answer_rest()
    wire.hub.close()
    assert client.recv(1 << 20).endswith(b":%d\r\n" % count)


def test_what_the_log_holds_is_flushed_and_answered_before_the_end(wire: Wire) -> None:
    log = wire.engine.log_buffer = SlowLog()
    wire.engine.log_sinks.append(log)
    wire.engine.refresh_listening()
    count = COMMANDS_AT_ONCE * HELPINGS_A_TURN * 2
    client, _ = wire.connect()
    client.send(b"INCR n\r\n" * count)
    wire.hub.answer_rest()
    wire.hub.close()
    assert client.recv(1 << 20).endswith(b":%d\r\n" % count)


def test_who_goes_on_asking_does_not_keep_the_end_away(wire: Wire) -> None:
    client, _ = wire.connect()
    command = wire.engine.commands.by_name[b"TIME"]

    def ask_again(ctx: object, argv: list[bytes]) -> bytes:
        wire.memory.clock.advance(0.1)
        client.send(b"TIME\r\n")
        return b"again"

    command.run = ask_again
    command.is_brief = False
    client.send(b"TIME\r\n")
    wire.hub.answer_rest()
    assert 5 <= command.calls <= 20


def test_closing_the_hub_closes_every_connection(wire: Wire) -> None:
    client, connection = wire.connect()
    wire.hub.close()
    assert wire.is_closed(client)
    assert connection.is_lost
    wire.hub = Hub(wire.engine, wire._schedule)


def test_a_reply_without_end_is_made_as_fast_as_it_is_read(wire: Wire) -> None:
    client, connection = wire.connect()
    other, _ = wire.connect()
    client.send(b"SADD s a b c\r\nSRANDMEMBER s -9223372036854775807\r\n")
    wire.turns(50)
    assert connection.unsent_size < 100_000
    assert client.recv(30) == b":3\r\n*9223372036854775807\r\n$1\r\n"
    for _ in range(20):
        client.recv(1 << 20)
        wire.turns(3)
    assert connection.unsent_size < 100_000
    other.send(b"PING\r\n")
    wire.turns()
    assert other.recv(100) == b"+PONG\r\n"
    client.close()
    wire.turns(5)
    assert connection.is_lost


def test_what_comes_behind_a_long_reply_waits_for_its_end(wire: Wire) -> None:
    client, _ = wire.connect()
    other, _ = wire.connect()
    client.send(b"HELLO 3\r\nSUBSCRIBE news\r\nZADD z 1 a\r\n")
    wire.read(client)
    client.send(b"ZRANDMEMBER z -100000 WITHSCORES\r\nPING\r\n")
    wire.turns(2)
    other.send(b"PUBLISH news hello\r\n")
    received = wire.read(client)
    assert received.startswith(b"*100000\r\n*2\r\n$1\r\na\r\n,1\r\n*2")
    assert received.count(b"*2\r\n$1\r\na\r\n,1\r\n") == 100_000
    assert received.endswith(b",1\r\n>3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$5\r\nhello\r\n+PONG\r\n")


def test_large_values_leave_whole_and_in_order(wire: Wire) -> None:
    client, _ = wire.connect()
    value = bytes(range(256)) * 4096
    wire.engine.keyspace.databases[0].set_key(b"k", value)
    client.send(encode_command([b"MGET", b"k", b"k", b"none", b"k"]) + b"PING\r\n")
    assert wire.read(client) == b"*4\r\n" + (b"$1048576\r\n" + value + b"\r\n") * 2 + b"$-1\r\n" + (
        b"$1048576\r\n" + value + b"\r\n+PONG\r\n"
    )


def test_pieces_that_the_peer_does_not_take_wait_their_turn(wire: Wire) -> None:
    client, connection = wire.connect()
    value = b"v" * 300_000
    wire.engine.keyspace.databases[0].set_key(b"k", value)
    client.send(encode_command([b"MGET", *[b"k"] * 100]))
    wire.turns(3)
    assert connection.unsent_size > 20_000_000
    assert wire.read(client) == b"*100\r\n" + (b"$300000\r\n" + value + b"\r\n") * 100
    assert connection.unsent_size == 0


def test_a_long_reply_is_cut_into_pieces(wire: Wire) -> None:
    client, _ = wire.connect()
    for start in range(0, 50_000, 1000):
        client.send(encode_command([b"RPUSH", b"l", *[b"%d" % number for number in range(start, start + 1000)]]))
        wire.read(client)
    client.send(b"LRANGE l 0 -1\r\n")
    received = wire.read(client)
    elements = received.split(b"\r\n")
    assert elements[0] == b"*50000"
    assert elements[2::2] == [b"%d" % number for number in range(50_000)]
