"""HTTP as this server speaks it: no banner of the library, no access log, no traceback for a stranger."""

from __future__ import annotations

from io import BytesIO
from typing import Any, Final

from twisted.logger import Logger
from twisted.web.resource import IResource, Resource
from twisted.web.server import Request, Site

_log = Logger(namespace="miniredis.web")
#: The longest body of a request; a connection that sends more is closed.
MOST_BODY: Final = 1024 * 1024
#: Seconds after which a connection that says nothing is closed.
IDLE_S: Final = 60


class BoundedRequest(Request):
    """A request whose body is kept in memory, since it is short."""

    def gotLength(self, length: int | None) -> None:
        self.content = BytesIO()
        if length is not None and length > MOST_BODY:
            self.loseConnection()  # type: ignore[no-untyped-call]

    def handleContentChunk(self, data: bytes) -> None:
        assert self.content is not None
        if self.content.tell() + len(data) > MOST_BODY:
            self.loseConnection()  # type: ignore[no-untyped-call]
            return
        self.content.write(data)


class QuietSite(Site):
    """A site whose requests are told at the level debug only, as values, never as a format."""

    noisy = False

    def __init__(self, resource: IResource, reactor: Any) -> None:
        super().__init__(resource, timeout=IDLE_S, reactor=reactor)  # type: ignore[no-untyped-call]
        self.displayTracebacks = False
        self.requestFactory = BoundedRequest

    def log(self, request: Request) -> None:  # type: ignore[override]  # there are no other requests
        _log.debug(
            "{peer} {method} {path} {code}",
            peer=str(request.getClientAddress()),
            method=request.method.decode("latin-1"),
            path=request.path.decode("latin-1"),
            code=request.code,
        )


def answer(request: Request, code: int, content_type: str, body: bytes) -> bytes:
    """Set what every answer has, and return its body (none for HEAD, which Twisted sees to)."""
    request.setResponseCode(code)
    request.setHeader(b"server", b"miniredis")
    request.setHeader(b"content-type", content_type.encode())
    request.setHeader(b"content-length", b"%d" % len(body))
    request.setHeader(b"x-content-type-options", b"nosniff")
    return body


class Page(Resource):
    """What answers at a path."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]


class Refusal(Page):
    """A page that says no."""

    isLeaf = True

    def __init__(self, code: int, text: str) -> None:
        super().__init__()
        self.code = code
        self.text = text

    def render(self, request: Request) -> bytes:
        return answer(request, self.code, "text/plain; charset=utf-8", self.text.encode() + b"\n")


class Tree(Page):
    """Pages by their path; what is not among them is not there."""

    def getChild(self, path: bytes, request: Request) -> Resource:
        return Refusal(404, "There is no such page.")
