"""The client of what sentinels watch, over a network in memory."""

from __future__ import annotations

from typing import Any

import pytest

from miniredis.client.errors import AddressError, ConnectionFailed
from miniredis.client.settings import Address
from miniredis.resp.encoder import append_reply
from miniredis.testing.memory import MemoryClient, MemoryServer

from client.network import Network, ScriptedPeer, ScriptedServer

ROLE = b"*1\r\n$4\r\nROLE\r\n"


class PrimaryClient(MemoryClient):
    """A server in memory has no replication to answer ROLE from."""

    def __init__(self, server: MemoryServer) -> None:
        super().__init__(server)
        self.role = b""

    def send(self, data: bytes) -> None:
        if ROLE in data:
            self.role = b"*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n"
            data = data.replace(ROLE, b"")
        super().send(data)

    def received(self) -> bytes:
        role, self.role = self.role, b""
        return super().received() + role


class PrimaryServer(MemoryServer):
    def connect(self) -> PrimaryClient:
        return PrimaryClient(self)


class Watchers:
    """Two sentinels, a primary and a replica."""

    def __init__(self) -> None:
        self.network = Network()
        self.primary = 7000
        self.replica_flags = b"slave"
        self.resp2 = False
        for port in (26379, 26380):
            self.network.serve(port, ScriptedServer(self.answer))
        self.servers = {port: self.network.serve(port, PrimaryServer()) for port in (7000, 7001)}

    def answer(self, words: list[bytes]) -> bytes:
        reply: object
        if words[0] == b"HELLO":
            return b"%0\r\n"
        if words[0] == b"SUBSCRIBE":
            return b">3\r\n$9\r\nsubscribe\r\n$14\r\n+switch-master\r\n:1\r\n"
        if words[2] != b"mine":
            reply = None
        elif words[1] == b"GET-MASTER-ADDR-BY-NAME":
            reply = [b"127.0.0.1", b"%d" % self.primary]
        elif words[1] == b"REPLICAS":
            reply = [
                [b"ip", b"127.0.0.1", b"port", b"7001", b"flags", self.replica_flags, b"master-link-status", b"ok"]
            ]
        else:
            reply = [[b"ip", b"127.0.0.1", b"port", b"26380", b"flags", b"sentinel"]]
        out: list[bytes] = []
        append_reply(out, reply, 3)
        return b"".join(out)

    def client(self, url: str = "redis+sentinel://127.0.0.1:26379/mine", **changes: Any) -> Any:
        return self.network.client(url, **changes)

    def fail_over(self, tell: bool) -> None:
        self.primary = 7001
        if tell:
            message = b"mine 127.0.0.1 7000 127.0.0.1 7001"
            out: list[bytes] = [b">3\r\n"]
            for word in (b"message", b"+switch-master", message):
                append_reply(out, word, 3)
            for wire in self.network.alive():
                if isinstance(wire.peer, ScriptedPeer) and any(b"SUBSCRIBE" in data for data in wire.writes):
                    wire.peer.out.append(b"".join(out))


@pytest.fixture
def watchers() -> Watchers:
    return Watchers()


def test_the_primary_is_where_the_sentinels_say(watchers):
    client = watchers.client()
    assert watchers.network.wait(client.set("a", 1)) == b"OK"
    assert watchers.servers[7000].connect().call(b"GET", b"a") == b"$1\r\n1\r\n"


def test_further_sentinels_are_learnt_of_and_take_over(watchers):
    client = watchers.client()
    watchers.network.wait(client.ping())
    assert Address("127.0.0.1", 26380) in client.sentinels.addresses()
    watchers.network.down.add(26379)
    watchers.network.cut()
    assert watchers.network.wait(client.ping(), 10) == b"PONG"
    assert client.sentinels.addresses()[0].port == 26380


def test_a_failover_is_followed_at_once(watchers):
    client = watchers.client()
    network = watchers.network
    network.wait(client.set("a", 1))
    news = client.subscriber()
    network.wait(news.subscribe("news"))
    watchers.fail_over(tell=True)
    network.advance(2)
    assert network.wait(client.set("b", 2), 5) == b"OK"
    assert watchers.servers[7001].connect().call(b"GET", b"b") == b"$1\r\n2\r\n"
    assert watchers.servers[7001].connect().call(b"PUBLISH", b"news", b"x") == b":1\r\n"


def test_a_failover_that_nobody_told_of_is_found_when_the_connection_goes(watchers):
    client = watchers.client()
    network = watchers.network
    network.wait(client.set("a", 1))
    watchers.fail_over(tell=False)
    network.down.add(7000)
    network.cut(7000)
    assert network.wait(client.set("b", 2), 5) == b"OK"
    assert network.alive(7001)


def test_a_server_that_is_no_primary_is_not_used(watchers):
    def demoted(words: list[bytes]) -> bytes:
        return b"%0\r\n" if words[0] == b"HELLO" else b"*5\r\n$5\r\nslave\r\n$1\r\nh\r\n:1\r\n$9\r\nconnected\r\n:0\r\n"

    watchers.network.serve(7000, ScriptedServer(demoted))
    client = watchers.client(failover_timeout=3.0)
    with pytest.raises(ConnectionFailed, match="is none"):
        watchers.network.wait(client.ping(), 60)


def test_replicas_may_be_read_from(watchers):
    client = watchers.client("redis+sentinel://127.0.0.1:26379/mine?role=replica")
    watchers.network.wait(client.ping())
    assert watchers.network.alive(7001)
    watchers.replica_flags = b"slave,s_down"
    watchers.network.cut(7001)
    watchers.network.wait(client.ping(), 5)
    assert watchers.network.alive(7000)
    with pytest.raises(AddressError):
        watchers.client(role="king")


def test_an_unknown_name_and_sentinels_that_are_gone(watchers):
    client = watchers.client("redis+sentinel://127.0.0.1:26379/other", failover_timeout=0.0)
    with pytest.raises(ConnectionFailed, match="does not know other"):
        watchers.network.wait(client.ping(), 20)
    watchers.network.down |= {26379, 26380}
    client = watchers.client(failover_timeout=0.0)
    with pytest.raises(ConnectionFailed, match="no sentinel"):
        watchers.network.wait(client.ping(), 20)


def test_closing_ends_everything(watchers):
    client = watchers.client()
    watchers.network.wait(client.ping())
    client.close()
    watchers.network.advance(20)
    assert not watchers.network.alive()
