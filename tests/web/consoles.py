"""A console over a server in memory, and browsers for it: HTTP requests, and a WebSocket spoken with wsproto."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlencode

from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, BytesMessage, CloseConnection, Ping, Pong, Request, TextMessage

from miniredis.config.config import Config
from miniredis.testing.memory import MemoryServer
from miniredis.web.console import Console
from miniredis.web.figures import EdgeFigures
from web.scrape import Response, Visit, fetch

ORIGIN = "http://127.0.0.1:8081"


class Reactor:
    """The part of a reactor that the console uses, over the server's clock."""

    def __init__(self, server: MemoryServer) -> None:
        self.callLater = server.clock.callLater
        self.seconds = server.clock.seconds


class ConsoleUnderTest:
    """`ConsoleUnderTest(requirepass="secret")`."""

    def __init__(self, **config: str) -> None:
        settings = Config()
        settings.assign("web-port", b"8081")
        for name, value in config.items():
            settings.assign(name.replace("_", "-"), value.encode())
        self.server = MemoryServer(settings)
        self.edge = EdgeFigures()
        self.console = Console(self.server.engine, Reactor(self.server), self.edge)
        self.root = self.console.root()

    def fetch(
        self, path: str, method: str = "GET", body: bytes = b"", peer: str = "127.0.0.1", **headers: str
    ) -> Response:
        return fetch(self.root, path, method, body, peer, **headers)

    def log_in(self, password: str, user: str = "default", peer: str = "127.0.0.1", **headers: str) -> Response:
        body = urlencode({"user": user, "password": password}).encode()
        headers["content_type"] = "application/x-www-form-urlencoded"
        return self.fetch("/login", "POST", body, peer, **headers)

    def cookie(self, password: str | None = None, user: str = "default") -> str:
        """The cookie of a browser that is logged in."""
        page = self.fetch("/") if password is None else self.log_in(password, user)
        return cookie_of(page)

    def token(self, cookie: str) -> str:
        found = re.search('name="token" value="([^"]+)"', self.fetch("/", cookie=cookie).text)
        assert found
        return found[1]

    def open(self, cookie: str, **headers: str) -> WebSocket:
        return WebSocket(self, cookie, **headers)

    def advance(self, seconds: float) -> None:
        """A second at a time, as a real clock would."""
        while seconds > 0:
            step = min(seconds, 0.1)
            self.server.clock.advance(step)
            seconds = round(seconds - step, 6)


def cookie_of(page: Response) -> str:
    return page.header("set-cookie").partition(";")[0]


class WebSocket:
    """The page's end of a WebSocket."""

    def __init__(self, under_test: ConsoleUnderTest, cookie: str, **headers: str) -> None:
        self.visit = Visit(under_test.root)
        self.wire = WSConnection(ConnectionType.CLIENT)
        extra = [("Cookie", cookie), *headers.items()]
        request = self.wire.send(
            Request(
                host="127.0.0.1:8081",
                target="/socket",
                extra_headers=[(name.encode(), value.encode()) for name, value in extra],
            )
        )
        self.visit.protocol.dataReceived(request)
        self.closed: int | None = None
        self.pings = 0
        self.number = 0
        answer = self.visit.received()
        self.is_open = answer.startswith(b"HTTP/1.1 101")
        if self.is_open:
            self.wire.receive_data(answer)
            assert [type(event) for event in self.wire.events()] == [AcceptConnection]
        else:
            self.refusal = Response(answer)

    def send(self, message: object) -> None:
        self.send_text(json.dumps(message))

    def send_text(self, text: str) -> None:
        self.visit.protocol.dataReceived(self.wire.send(TextMessage(text)))

    def send_event(self, event: BytesMessage | Pong) -> None:
        self.visit.protocol.dataReceived(self.wire.send(event))

    def received(self) -> list[Any]:
        """The messages that have come since the last call."""
        self.wire.receive_data(self.visit.received())
        found = []
        for event in self.wire.events():
            if isinstance(event, TextMessage):
                found.append(json.loads(event.data))
            elif isinstance(event, CloseConnection):
                self.closed = event.code
            elif isinstance(event, Ping):
                self.pings += 1
        return found

    def call(self, *argv: object, lane: str = "page", **more: object) -> Any:
        """The reply of a command."""
        self.number += 1
        self.send({"id": self.number, "lane": lane, "argv": list(argv), **more})
        (message,) = self.received()
        assert message["id"] == self.number
        return message["reply"]

    def lose(self) -> None:
        """The browser goes away."""
        self.visit.lose()
