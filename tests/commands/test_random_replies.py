"""HRANDFIELD, SRANDMEMBER and ZRANDMEMBER with more elements than there are."""

from __future__ import annotations

import pytest

from miniredis.testing.memory import MemoryClient, MemoryServer


@pytest.fixture
def client() -> MemoryClient:
    client = MemoryServer().connect()
    client.call(b"HSET", b"h", b"f", b"v", b"g", b"w")
    client.call(b"SADD", b"s", b"a", b"b")
    client.call(b"ZADD", b"z", b"1", b"a", b"2", b"b")
    return client


@pytest.mark.parametrize("resp", [b"2", b"3"])
@pytest.mark.parametrize(
    ("command", "flat", "paired"),
    [
        (b"HRANDFIELD h", 1, 2),
        (b"SRANDMEMBER s", 1, 0),
        (b"ZRANDMEMBER z", 1, 2),
    ],
)
def test_all_are_there_and_drawn_evenly(
    client: MemoryClient, resp: bytes, command: bytes, flat: int, paired: int
) -> None:
    client.call(b"HELLO", resp)
    received = client.call(*command.split(), b"-10000")
    assert received.startswith(b"*10000\r\n$1\r\n")
    assert received.count(b"$1\r\n") == 10_000
    assert 4500 < received.count(b"\r\na\r\n") + received.count(b"\r\nf\r\n") < 5500
    if paired:
        option = b"WITHVALUES" if command.startswith(b"H") else b"WITHSCORES"
        received = client.call(*command.split(), b"-10000", option)
        if resp == b"2":
            assert received.startswith(b"*20000\r\n$1\r\n")
            assert received.count(b"$1\r\n") == 20_000
        else:
            assert received.startswith(b"*10000\r\n*2\r\n$1\r\n")
            assert received.count(b"*2\r\n$1\r\n") == 10_000
        pair = {b"H2": b"f\r\n$1\r\nv\r\n", b"H3": b"f\r\n$1\r\nv\r\n"}
        pair |= {b"Z2": b"a\r\n$1\r\n1\r\n", b"Z3": b"a\r\n,1\r\n"}
        assert 4500 < received.count(pair[command[:1] + resp]) < 5500


def test_within_a_transaction_they_have_a_bound(client: MemoryClient) -> None:
    client.send(b"MULTI\r\nSRANDMEMBER s -20000\r\nSRANDMEMBER s -9223372036854775807\r\nEXEC\r\n")
    received = client.received()
    assert b"*2\r\n*20000\r\n$1\r\n" in received
    assert received.endswith(b"-ERR value is out of range, value must between -1048576 and 9223372036854775807\r\n")


def test_silence_makes_none(client: MemoryClient) -> None:
    client.send(b"CLIENT REPLY OFF\r\nSRANDMEMBER s -9223372036854775807\r\nCLIENT REPLY ON\r\n")
    assert client.received() == b"+OK\r\n"


def test_a_pause_holds_them_back(client: MemoryClient) -> None:
    server = client._server
    server.connect().call(b"CLIENT", b"PAUSE", b"100")
    client.send(b"SRANDMEMBER s -50000\r\nPING\r\n")
    assert client.received() == b""
    server.advance(0.2)
    received = client.received()
    assert received.startswith(b"*50000\r\n")
    assert received.endswith(b"+PONG\r\n")
    assert received.count(b"$1\r\n") == 50_000
