"""Nobody waits for a greedy client for longer than a turn, and a turn ends: counted, not timed, so that it is sure."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from miniredis.commands.context import Context
from miniredis.resp.encoder import encode_command
from miniredis.server.hub_loop import HALF_TURN_NS, HELPINGS_A_TURN, Hub
from miniredis.server.session_loop import COMMANDS_AT_ONCE, SEND_BYTES, SessionConnection, add_client
from miniredis.testing.memory import MemoryServer

#: What a pair of sockets holds, at most.
SOCKET_BYTES = 1 << 20


class Crowd:
    """A hub with many clients; TIME takes 3 ms of the server's clock."""

    def __init__(self) -> None:
        self.memory = MemoryServer()
        self.scheduled = 0
        self.hub = Hub(self.memory.engine, self._schedule)
        self.served: list[bytes] = []
        self.sockets: list[socket.socket] = []
        command = self.memory.engine.commands.by_name[b"TIME"]
        command.run = self._take_time
        command.is_brief = False

    def _schedule(self) -> None:
        self.scheduled += 1

    def _take_time(self, ctx: Context, argv: list[bytes]) -> object:
        self.memory.clock.advance(0.003)
        self.served.append(ctx.client.name)
        return b"done"

    def connect(self, name: bytes = b"") -> tuple[socket.socket, SessionConnection]:
        ours, theirs = socket.socketpair()
        for each in (ours, theirs):
            each.setblocking(False)
        self.sockets.append(theirs)
        connection = add_client(self.hub, ours, b"127.0.0.1:50000", b"127.0.0.1:6379")
        assert connection.session is not None
        connection.session.name = name
        return theirs, connection

    def close(self) -> None:
        self.hub.close()
        for each in self.sockets:
            each.close()


@pytest.fixture
def crowd() -> Iterator[Crowd]:
    crowd = Crowd()
    yield crowd
    crowd.close()


def test_clients_that_ping_are_answered_in_every_turn_of_an_endless_pipeline(crowd: Crowd) -> None:
    greedy, connection = crowd.connect()
    pingers = [crowd.connect()[0] for _ in range(50)]
    for _ in range(20):
        try:
            while True:
                greedy.send(b"PING\r\n" * 10_000)
        except BlockingIOError:
            pass
        for pinger in pingers:
            pinger.send(b"PING\r\n")
        assert connection.session is not None
        before = connection.session.commands_run
        crowd.hub.run_turn()
        assert [pinger.recv(100) for pinger in pingers] == [b"+PONG\r\n"] * 50
        assert connection.session.commands_run - before <= COMMANDS_AT_ONCE * (HELPINGS_A_TURN + 1)
        assert crowd.scheduled > 0
        while True:
            try:
                greedy.recv(1 << 20)
            except BlockingIOError:
                break


def test_who_comes_while_a_greedy_client_is_served_waits_for_one_helping(crowd: Crowd) -> None:
    greedy, connection = crowd.connect(b"greedy")
    late, _ = crowd.connect(b"late")
    greedy.send(b"PING\r\n" * COMMANDS_AT_ONCE * 4)
    ping = crowd.memory.engine.commands.by_name[b"PING"]
    answer = ping.run
    run_before: list[int] = []

    def ask_meanwhile(ctx: Context, argv: list[bytes]) -> object:
        assert connection.session is not None
        if ctx.client.name == b"late":
            run_before.append(connection.session.commands_run)
        elif connection.session.commands_run == 1:
            late.send(b"PING\r\n")
        return answer(ctx, argv)

    ping.run = ask_meanwhile
    crowd.hub.run_turn()
    assert late.recv(100) == b"+PONG\r\n"
    assert run_before == [COMMANDS_AT_ONCE]
    assert connection.session is not None
    assert connection.session.commands_run == 4 * COMMANDS_AT_ONCE


def test_values_of_a_megabyte_leave_a_piece_in_each_turn(crowd: Crowd) -> None:
    crowd.memory.engine.keyspace.databases[0].put(b"big", b"x" * 8_000_000)
    greedy, connection = crowd.connect()
    pinger, _ = crowd.connect()
    greedy.send(b"GET big\r\n" * 20)
    received = 0
    while connection.session is not None and received < 16_000_000:
        pinger.send(b"PING\r\n")
        crowd.hub.run_turn()
        assert pinger.recv(100) == b"+PONG\r\n"
        in_turn = 0
        while True:
            try:
                in_turn += len(greedy.recv(1 << 20))
            except BlockingIOError:
                break
        # What the socket holds was sent in one turn; the first send of a reply may fill it once more.
        assert in_turn <= 2 * max(SEND_BYTES, SOCKET_BYTES)
        received += in_turn


def test_a_turn_that_has_had_its_time_leaves_the_rest_and_goes_round(crowd: Crowd) -> None:
    names = [b"%02d" % number for number in range(10)]
    clients = [crowd.connect(name)[0] for name in names]
    for client in clients:
        client.send(b"TIME\r\n")
    most = HALF_TURN_NS // 3_000_000 + 1
    while len(crowd.served) < 10:
        before = len(crowd.served)
        scheduled = crowd.scheduled
        crowd.hub.run_turn()
        assert 0 < len(crowd.served) - before <= most
        assert len(crowd.served) == 10 or crowd.scheduled > scheduled
    assert crowd.served == names


def test_slow_requests_of_one_client_give_way_to_others(crowd: Crowd) -> None:
    slow, connection = crowd.connect(b"slow")
    other, _ = crowd.connect(b"other")
    slow.send(b"TIME\r\n" * 50)
    crowd.hub.run_turn()
    assert crowd.served == [b"slow"]
    assert connection.has_more
    other.send(encode_command([b"PING"]))
    for _ in range(3):
        crowd.hub.run_turn()
    assert other.recv(100) == b"+PONG\r\n"
    assert len(crowd.served) <= 20
    for _ in range(60):
        crowd.hub.run_turn()
    assert len(crowd.served) == 50


def test_who_goes_away_before_its_turn_is_passed_over(crowd: Crowd) -> None:
    clients = [crowd.connect(b"%d" % number)[0] for number in range(8)]
    for client in clients:
        client.send(b"TIME\r\n")
    crowd.hub.run_turn()
    for client in clients:
        client.close()
    for _ in range(20):
        crowd.hub.run_turn()
    assert not crowd.hub.connections
    assert not crowd.memory.engine.sessions
