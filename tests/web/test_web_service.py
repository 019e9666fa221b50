"""The HTTP ports: which are opened, where, and what happens where they cannot be."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.error import CannotListenError
from twisted.internet.testing import MemoryReactorClock

from miniredis.config.config import Config
from miniredis.testing.memory import MemoryServer
from miniredis.web.figures import EdgeFigures
from miniredis.web.service import WebEdge

ROOT = Path(__file__).resolve().parent.parent.parent


class Reactor(MemoryReactorClock):
    """Remembers what listens; `taken`: addresses that cannot be had."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: set[str] = set()
        self.stopped = 0

    def listenTCP(self, port: int, factory: Any, backlog: int = 50, interface: str = "") -> Any:
        if interface in self.taken:
            raise CannotListenError(interface, port, OSError("taken"))
        listening = super().listenTCP(port, factory, backlog, interface)

        def stop() -> None:
            self.stopped += 1

        listening.stopListening = stop
        return listening

    def addresses(self) -> list[tuple[str, int]]:
        return [(interface, port) for port, _, _, interface in self.tcpServers]


Edge = Callable[..., tuple[WebEdge, Reactor, MemoryServer]]


@pytest.fixture
def edge() -> Edge:
    def make(**config: str) -> tuple[WebEdge, Reactor, MemoryServer]:
        settings = Config()
        for name, value in config.items():
            settings.assign(name.replace("_", "-"), value.encode())
        server = MemoryServer(settings)
        reactor = Reactor()
        return WebEdge(server.engine, reactor, EdgeFigures()), reactor, server

    return make


def test_nothing_listens_unless_it_is_asked_for(edge: Edge) -> None:
    web, reactor, _ = edge()
    web.listen()
    assert reactor.addresses() == []
    web.stop()


def test_ports_listen_at_loopback_by_default(edge: Edge) -> None:
    web, reactor, server = edge(metrics_port="9121", web_port="8081")
    web.listen()
    assert reactor.addresses() == [("127.0.0.1", 9121), ("127.0.0.1", 8081)]
    assert ("notice", "HTTP (web) at http://127.0.0.1:8081/") in server.logged
    web.stop()
    assert reactor.stopped == 2


def test_addresses_can_be_chosen(edge: Edge) -> None:
    web, reactor, server = edge(metrics_port="9121", metrics_bind="* -::1")
    reactor.taken.add("::1")
    web.listen()
    assert reactor.addresses() == [("0.0.0.0", 9121)]
    assert server.logged == [("notice", "HTTP (metrics) at http://0.0.0.0:9121/")]


def test_a_console_that_is_open_to_the_network_is_warned_of(edge: Edge) -> None:
    web, _, server = edge(web_port="8081", web_bind="0.0.0.0")
    web.listen()
    assert [level for level, text in server.logged if "unencrypted" in text] == ["warning"]


def test_an_address_that_cannot_be_had_is_told(edge: Edge) -> None:
    web, reactor, server = edge(web_port="8081", web_bind="::1")
    reactor.taken.add("::1")
    with pytest.raises(CannotListenError):
        web.listen()
    level, text = server.logged[0]
    assert level == "warning"
    assert text.startswith("Could not create the web listening socket ::1:8081")


def test_without_the_ports_nothing_of_http_is_even_imported() -> None:
    program = (
        "import sys, miniredis.app.service; "
        "print([name for name in sys.modules if name.split('.')[0] in ('prometheus_client', 'wsproto')"
        " or name.startswith('twisted.web.')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "[]\n"
