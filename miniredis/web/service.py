"""The HTTP ports of one server: the metrics' and the console's.  Without either nothing of HTTP is even imported."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

from miniredis.dispatch.executor import Engine
from miniredis.web.figures import EdgeFigures
from miniredis.web.origin import is_loopback


class WebEdge:
    """Listens on metrics-port and web-port."""

    def __init__(self, engine: Engine, reactor: Any, figures: EdgeFigures) -> None:
        self.engine = engine
        self.reactor = reactor
        self.figures = figures
        self._ports: list[Any] = []
        self._console: Any = None
        self._inherited: Mapping[str, Sequence[socket.socket]] = {}

    def listen(self, inherited: Mapping[str, Sequence[socket.socket]] = MappingProxyType({})) -> None:
        """Open the ports the configuration asks for, or serve `inherited` sockets. Raises `CannotListenError`."""
        config = self.engine.config
        self._inherited = inherited
        if config.int("metrics-port") or inherited.get("metrics"):
            from miniredis.web.exposition import metrics_root
            from miniredis.web.latencies import latency_text
            from miniredis.web.metrics import registry_of

            registry = registry_of(self.engine, self.figures)
            self._listen("metrics", metrics_root(registry, partial(latency_text, self.engine)))
        if config.int("web-port") or inherited.get("web"):
            from miniredis.web.console import Console

            self._console = Console(self.engine, self.reactor, self.figures)
            self._listen("web", self._console.root())

    def _listen(self, name: str, resource: Any) -> None:
        from miniredis.web.site import QuietSite

        config = self.engine.config
        port = config.int(f"{name}-port")
        given = self._inherited.get(name, ())
        for listening in given:
            site = QuietSite(resource, self.reactor)
            self._ports.append(self.reactor.adoptStreamPort(listening.fileno(), listening.family, site))
            self.engine.log("notice", f"HTTP ({name}) at a socket that was handed over")
        if given:
            return
        for word in config.words(f"{name}-bind"):
            host = word.decode()
            optional = host.startswith("-")
            host = {"*": "0.0.0.0", "::*": "::"}.get(host.removeprefix("-"), host.removeprefix("-"))
            try:
                self._ports.append(self.reactor.listenTCP(port, QuietSite(resource, self.reactor), interface=host))
            except Exception as problem:
                if optional:
                    continue
                self.engine.log("warning", f"Could not create the {name} listening socket {host}:{port}: {problem}")
                raise
            self.engine.log("notice", f"HTTP ({name}) at http://{f'[{host}]' if ':' in host else host}:{port}/")
            if name == "web" and not is_loopback(host):
                self.engine.log(
                    "warning", "The console is open to the network, unencrypted: put a proxy with TLS before it."
                )

    def stop(self) -> None:
        """Close the ports; conversations of the console end."""
        for port in self._ports:
            port.stopListening()
        self._ports = []
        if self._console is not None:
            self._console.close()
            self._console = None
