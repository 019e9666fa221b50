"""listen-endpoint and fast-endpoint: where clients may come from, and by which loop they are served."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.epollreactor import EPollReactor
from twisted.internet.error import CannotListenError

from miniredis.app.further_ports import EndpointFailed, FurtherPorts
from miniredis.app.service import ListenFailed, MiniRedisService
from miniredis.config.config import Config
from miniredis.server.busy import BusyTurns
from miniredis.server.protocol import SessionFactory
from miniredis.testing.memory import MemoryServer

Serve = Callable[..., MiniRedisService]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """`serve(port=b"0")` starts a server with these directives under a reactor that is turned by hand."""
    started: list[MiniRedisService] = []

    def start(**directives: bytes) -> MiniRedisService:
        config = Config()
        settings = {"dir": str(tmp_path).encode(), "bind": b"127.0.0.1", "save": b"", "port": b"0", **directives}
        for name, value in settings.items():
            config.assign(name.replace("_", "-"), value)
        service = MiniRedisService(config, EPollReactor())
        service.tunes_collector = False
        started.append(service)
        service.privilegedStartService()
        service.startService()
        return service

    yield start
    for service in started:
        if service.running:
            service.stopService()
        service.reactor.iterate(0)
        service.reactor.disconnectAll()


def ask(service: MiniRedisService, address: Any, *, words: bytes = b"PING", by: int = socket.AF_INET) -> bytes:
    """The first bytes of the answer."""
    with socket.socket(by) as client:
        client.connect(address)
        client.setblocking(False)
        client.sendall(words + b"\r\n")
        for _ in range(10_000):
            service.reactor.iterate(0.001)
            try:
                return client.recv(1 << 16)
            except BlockingIOError:
                continue
    raise AssertionError("no answer")


def taken_port() -> socket.socket:
    listening = socket.create_server(("127.0.0.1", 0))
    return listening


def port_of(service: MiniRedisService, number: int = 0) -> int:
    port: int = service._further.ports[number].getHost().port
    return port


def test_clients_are_served_at_every_endpoint_that_is_named(serve: Serve, tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    service = serve(
        listen_endpoint=f"tcp:0:interface=127.0.0.1 unix:{path} redis:0:interface=127.0.0.1".encode(), port=b"0"
    )
    assert ask(service, ("127.0.0.1", port_of(service))) == b"+PONG\r\n"
    assert ask(service, path, by=socket.AF_UNIX) == b"+PONG\r\n"
    assert ask(service, ("127.0.0.1", port_of(service, 2))) == b"+PONG\r\n"


def test_an_endpoint_that_cannot_be_had_stops_the_start(serve: Serve) -> None:
    with taken_port() as taken:
        wanted = f"tcp:0:interface=127.0.0.1 tcp:{taken.getsockname()[1]}:interface=127.0.0.1"
        with pytest.raises(ListenFailed, match="listen-endpoint tcp:.*Couldn't listen"):
            serve(listen_endpoint=wanted.encode())


@pytest.mark.parametrize("text", [b"nonsense:1", b"tcp", b"tcp:x"])
def test_an_endpoint_that_nobody_understands_stops_the_start(serve: Serve, text: bytes) -> None:
    with pytest.raises(ListenFailed, match="listen-endpoint"):
        serve(listen_endpoint=text)


def test_a_server_that_stops_closes_them(serve: Serve) -> None:
    service = serve(listen_endpoint=b"tcp:0:interface=127.0.0.1")
    address = ("127.0.0.1", port_of(service))
    service.stopService()
    service.reactor.iterate(0)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)


def test_without_the_fast_endpoint_twisted_serves(serve: Serve) -> None:
    service = serve(fast_endpoint=b"no", port=b"%d" % free())
    answer = ask(service, ("127.0.0.1", service.tcp_port()), words=b"INFO server")
    assert b"endpoint:reactor" in answer
    assert service._sessions.hub is None
    fast = serve(port=b"%d" % free())
    assert b"endpoint:hub" in ask(fast, ("127.0.0.1", fast.tcp_port()), words=b"INFO server")


def free() -> int:
    with taken_port() as taken:
        number: int = taken.getsockname()[1]
        return number


class LateEndpoint:
    """Listens, or fails, when it is told to."""

    def __init__(self) -> None:
        self.done: Deferred[Any] = Deferred()

    def listen(self, factory: object) -> Deferred[Any]:
        return self.done


class Listening:
    def __init__(self) -> None:
        self.is_stopped = False

    def stopListening(self) -> None:
        self.is_stopped = True


@pytest.fixture
def late(monkeypatch: pytest.MonkeyPatch) -> LateEndpoint:
    endpoint = LateEndpoint()
    monkeypatch.setattr("twisted.internet.endpoints.serverFromString", lambda reactor, text: endpoint)
    return endpoint


def further_ports(told: list[str]) -> FurtherPorts:
    engine = MemoryServer().engine
    return FurtherPorts(None, SessionFactory(engine, lambda call: None), BusyTurns(engine, None), told.append)


def test_an_endpoint_may_take_its_time(late: LateEndpoint) -> None:
    ports = further_ports([])
    ports.listen([b"slow"])
    listening = Listening()
    late.done.callback(listening)
    assert ports.ports == [listening]
    ports.stop()
    assert listening.is_stopped


def test_one_that_is_late_after_the_end_is_closed_at_once(late: LateEndpoint) -> None:
    ports = further_ports([])
    ports.listen([b"slow"])
    ports.stop()
    listening = Listening()
    late.done.callback(listening)
    assert listening.is_stopped
    assert ports.ports == []


def test_one_that_fails_late_ends_the_server(late: LateEndpoint) -> None:
    told: list[str] = []
    further_ports(told).listen([b"slow"])
    late.done.errback(CannotListenError("127.0.0.1", 1, OSError("taken")))
    assert len(told) == 1 and told[0].startswith("listen-endpoint slow: ")


def test_what_fails_after_the_end_harms_nobody(late: LateEndpoint) -> None:
    told: list[str] = []
    ports = further_ports(told)
    ports.listen([b"slow"])
    ports.stop()
    late.done.errback(EndpointFailed("gone"))
    assert told == []
