"""maxmemory-clients: the clients that make the server hold most go first."""

from __future__ import annotations

from miniredis.config.config import Config
from miniredis.testing.memory import MemoryClient, MemoryServer


def server_with(limit: bytes) -> MemoryServer:
    config = Config()
    config.assign("maxmemory-clients", limit)
    return MemoryServer(config)


def hold(client: MemoryClient, size: int) -> None:
    """Send the beginning of a request."""
    client.send(b"*2\r\n$3\r\nGET\r\n$%d\r\n" % (2 * size) + b"x" * size)


def test_the_largest_goes_first_and_only_as_many_as_needed() -> None:
    server = server_with(b"200kb")
    small, middle, large = (server.connect() for _ in range(3))
    for client, size in ((small, 10_000), (middle, 90_000), (large, 150_000)):
        hold(client, size)
    server.engine.client_limits.look_at_all()
    server.run_woken()
    assert [client.is_closed for client in (small, middle, large)] == [False, False, True]
    assert b"evicted_clients:1\r\n" in server.connect().call(b"INFO", b"stats")
    assert any("Evicting client: id=3 " in text for _, text in server.logged)


def test_who_is_not_to_be_evicted_stays() -> None:
    server = server_with(b"100kb")
    kept, other = server.connect(), server.connect()
    kept.call(b"CLIENT", b"NO-EVICT", b"ON")
    hold(kept, 150_000)
    hold(other, 50_000)
    server.engine.client_limits.look_at_all()
    server.run_woken()
    assert [client.is_closed for client in (kept, other)] == [False, True]


def test_queued_commands_count_and_the_limit_can_be_a_share_of_maxmemory() -> None:
    config = Config()
    config.assign("maxmemory", b"1mb")
    config.assign("maxmemory-clients", b"5%")
    server = MemoryServer(config)
    client = server.connect()
    client.call(b"MULTI")
    client.call(b"ECHO", b"x" * 60_000)
    server.engine.client_limits.look_at_all()
    server.run_woken()
    assert client.is_closed


def test_without_a_limit_nobody_goes() -> None:
    server = server_with(b"0")
    client = server.connect()
    hold(client, 1_000_000)
    server.engine.client_limits.look_at_all()
    server.run_woken()
    assert not client.is_closed
