"""MULTI, EXEC, WATCH: Redis's rules."""

from __future__ import annotations

from miniredis.testing.memory import MemoryServer


def test_queued_commands_run_together() -> None:
    client = MemoryServer().connect()
    assert client.call(b"MULTI") == b"+OK\r\n"
    assert client.call(b"SET", b"k", b"1") == b"+QUEUED\r\n"
    assert client.call(b"INCR", b"k") == b"+QUEUED\r\n"
    assert client.call(b"EXEC") == b"*2\r\n+OK\r\n:2\r\n"


def test_a_refused_command_spoils_the_transaction() -> None:
    client = MemoryServer().connect()
    client.call(b"MULTI")
    assert client.call(b"NOPE").startswith(b"-ERR unknown command")
    assert client.call(b"EXEC") == b"-EXECABORT Transaction discarded because of previous errors.\r\n"


def test_an_error_inside_harms_only_its_own_command() -> None:
    client = MemoryServer().connect()
    client.call(b"SET", b"k", b"text")
    client.call(b"MULTI")
    client.call(b"INCR", b"k")
    client.call(b"SET", b"k", b"1")
    assert client.call(b"EXEC") == b"*2\r\n-ERR value is not an integer or out of range\r\n+OK\r\n"


def test_what_is_out_of_place_is_refused() -> None:
    client = MemoryServer().connect()
    assert client.call(b"EXEC") == b"-ERR EXEC without MULTI\r\n"
    assert client.call(b"DISCARD") == b"-ERR DISCARD without MULTI\r\n"
    client.call(b"MULTI")
    assert client.call(b"MULTI") == b"-ERR MULTI calls can not be nested\r\n"
    assert client.call(b"WATCH", b"k") == b"-ERR WATCH inside MULTI is not allowed\r\n"
    assert client.call(b"DISCARD") == b"+OK\r\n"


def test_a_watched_key_that_changes_breaks_the_transaction() -> None:
    server = MemoryServer()
    client, other = server.connect(), server.connect()
    client.call(b"WATCH", b"k")
    other.call(b"SET", b"k", b"1")
    client.call(b"MULTI")
    client.call(b"GET", b"k")
    assert client.call(b"EXEC") == b"*-1\r\n"


def test_unwatch_forgets_the_change() -> None:
    server = MemoryServer()
    client, other = server.connect(), server.connect()
    client.call(b"WATCH", b"k")
    other.call(b"SET", b"k", b"1")
    client.call(b"UNWATCH")
    client.call(b"MULTI")
    assert client.call(b"EXEC") == b"*0\r\n"


def test_expiry_flush_and_swap_break_a_watch() -> None:
    for change in ([b"FLUSHALL"], [b"SWAPDB", b"0", b"1"], [b"DEL", b"k"]):
        server = MemoryServer()
        client, other = server.connect(), server.connect()
        client.call(b"SET", b"k", b"1")
        client.call(b"WATCH", b"k")
        other.call(*change)
        client.call(b"MULTI")
        assert client.call(b"EXEC") == b"*-1\r\n", change
    server = MemoryServer()
    client = server.connect()
    client.call(b"SET", b"k", b"1", b"PX", b"100")
    client.call(b"WATCH", b"k")
    server.advance(1)
    client.call(b"MULTI")
    assert client.call(b"EXEC") == b"*-1\r\n"


def test_a_blocking_command_in_a_transaction_does_not_wait() -> None:
    client = MemoryServer().connect()
    client.call(b"MULTI")
    client.call(b"BLPOP", b"l", b"0")
    assert client.call(b"EXEC") == b"*1\r\n*-1\r\n"


def test_waiting_clients_are_served_longest_first_and_one_element_each() -> None:
    server = MemoryServer()
    waiting = [server.connect() for _ in range(100)]
    for client in waiting:
        client.call(b"BLPOP", b"l", b"0")
    pusher = server.connect()
    pusher.call(b"RPUSH", b"l", b"a", b"b")
    assert waiting[0].received() == b"*2\r\n$1\r\nl\r\n$1\r\na\r\n"
    assert waiting[1].received() == b"*2\r\n$1\r\nl\r\n$1\r\nb\r\n"
    assert waiting[2].received() == b""
    server.engine.waiting._check()
