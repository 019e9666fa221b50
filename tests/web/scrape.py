"""A browser in memory: bytes to a site's protocol, the response parsed."""

from __future__ import annotations

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.web.resource import Resource

from miniredis.web.site import QuietSite


class Response:
    """One answer. Header names are in lower case; several of one name stand in a list."""

    def __init__(self, data: bytes) -> None:
        head, _, self.body = data.partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        self.code = int(status.split()[1])
        self.headers: dict[str, list[str]] = {}
        for line in lines:
            name, _, value = line.partition(": ")
            self.headers.setdefault(name.lower(), []).append(value)
        if self.header("transfer-encoding") == "chunked":
            self.body = unchunked(self.body)

    def header(self, name: str) -> str:
        return ", ".join(self.headers.get(name, []))

    @property
    def text(self) -> str:
        return self.body.decode()


def unchunked(data: bytes) -> bytes:
    body = b""
    while data:
        size, _, data = data.partition(b"\r\n")
        body += data[: int(size, 16)]
        data = data[int(size, 16) + 2 :]
    return body


class Visit:
    """One connection to a site."""

    def __init__(self, root: Resource, peer: str = "127.0.0.1") -> None:
        self.site = QuietSite(root, Clock())
        self.transport = StringTransport(
            peerAddress=IPv4Address("TCP", peer, 50001), hostAddress=IPv4Address("TCP", "127.0.0.1", 8081)
        )
        self.protocol = self.site.buildProtocol(self.transport.getPeer())
        self.protocol.makeConnection(self.transport)

    def send(self, method: str, path: str, body: bytes = b"", **headers: str) -> None:
        """Underscores in names of headers stand for hyphens."""
        words = {"host": "127.0.0.1:8081", **{name.replace("_", "-"): value for name, value in headers.items()}}
        if body:
            words["content-length"] = str(len(body))
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in words.items()), "", ""]
        self.protocol.dataReceived("\r\n".join(lines).encode() + body)

    def lose(self) -> None:
        """The browser goes away."""
        self.protocol.connectionLost(Failure(ConnectionDone()))

    def received(self) -> bytes:
        data = self.transport.value()
        self.transport.clear()
        return bytes(data)


def fetch(
    root: Resource, path: str, method: str = "GET", body: bytes = b"", peer: str = "127.0.0.1", **headers: str
) -> Response:
    """One request on a connection of its own."""
    visit = Visit(root, peer)
    visit.send(method, path, body, **headers)
    return Response(visit.received())
