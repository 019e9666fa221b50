"""Commands about the conversation, bytes in and bytes out."""

from __future__ import annotations

from commands.conftest import CommandClient, CommandServer, ServerClock


def test_ping_answers_pong_or_what_it_was_given(client: CommandClient) -> None:
    assert client(b"PING") == b"+PONG\r\n"
    assert client(b"PING", b"hello") == b"$5\r\nhello\r\n"
    assert client(b"PING", b"a", b"b") == b"-ERR wrong number of arguments for 'ping' command\r\n"


def test_select_changes_the_database_of_this_client_only(client: CommandClient, server: CommandServer) -> None:
    assert client(b"SELECT", b"1") == b"+OK\r\n"
    assert client(b"SET", b"k", b"v") == b"+OK\r\n"
    assert server.client()(b"GET", b"k") == b"$-1\r\n"
    assert client(b"SELECT", b"16") == b"-ERR DB index is out of range\r\n"
    assert client(b"GET", b"k") == b"$1\r\nv\r\n"


def test_quit_answers_and_closes(client: CommandClient) -> None:
    client.send(b"QUIT\r\nPING\r\n")
    assert client.drain() == [b"+OK\r\n"]
    assert client.closed_by_server


def test_a_browser_is_hung_up_on(client: CommandClient, server: CommandServer) -> None:
    assert client(b"Host:", b"localhost") == b""
    assert client.closed_by_server
    assert "SECURITY ATTACK" in server.logged[0][1]


def test_keys_expire_as_time_passes(client: CommandClient, clock: ServerClock) -> None:
    client(b"SET", b"k", b"v", b"PX", b"1500")
    clock.advance(1.4)
    assert client(b"GET", b"k") == b"$1\r\nv\r\n"
    clock.advance(0.2)
    assert client.resp3(b"GET", b"k") == b"_\r\n"
