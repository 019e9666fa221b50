"""The admin console: its pages, and who may see them.

    GET  /              always a page: the console for who is logged in, else the form
    POST /login         user and password, checked by the engine as AUTH checks them
    POST /logout
    GET  /static/NAME   the page's files, without a login, since they hold no data
    GET  /api/status    INFO as JSON
    POST /api/command   {"argv": [...], "db": 0}
    GET  /socket        the page's WebSocket

Everything else, and everything with data, answers 401 to who is not logged in.  Requests for a name that is not
ours, or from a page that is not ours, are refused before anything is looked at.  Where the default user needs no
password, who sits at this machine is logged in as that user; from elsewhere nobody gets in without a password.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any, Final

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress
from twisted.web.http import Request as HTTPRequest
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request
from twisted.web.websocket import WebSocketResource

from miniredis import __version__
from miniredis.dispatch.executor import Engine
from miniredis.server.protocol import SessionFactory
from miniredis.web.assets import Assets
from miniredis.web.conversation import Conversation
from miniredis.web.figures import EdgeFigures
from miniredis.web.lane import Lane
from miniredis.web.live import LiveFigures
from miniredis.web.logins import Login, Logins
from miniredis.web.origin import host_is_ours, is_at_this_machine, origin_is_ours
from miniredis.web.replies import argument, error_of
from miniredis.web.site import Page, answer

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
SECURITY_HEADERS: Final = {
    "content-security-policy": POLICY,
    # `no-referrer` would turn the Origin of our own form into "null".
    "referrer-policy": "same-origin",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
NO_PASSWORD_HERE: Final = (
    "The default user has no password: everybody on this machine can open this console. "
    "CONFIG SET requirepass gives it one."
)
NO_PASSWORD_THERE: Final = (
    "The default user has no password, so it can only be used on the machine of the server. From here, log in as a "
    "user that has one."
)


def _nothing() -> None:
    """Nobody asked."""


def address_of(address: IAddress | None) -> str:
    return str(address.host) if isinstance(address, IPv4Address | IPv6Address) else ""


class Console:
    """The console of one server."""

    def __init__(self, engine: Engine, reactor: Any, figures: EdgeFigures) -> None:
        self.engine = engine
        self.reactor = reactor
        self.logins = Logins(lambda: engine.time.monotonic_ns() / 1e9)
        self.factory = SessionFactory(engine, partial(reactor.callLater, 0))
        self.live = LiveFigures(engine, figures, reactor)
        self.assets = Assets()
        #: Browsers send cookies to every port of a host: two servers must not share a name.
        self.cookie = f"miniredis-{engine.config.int('web-port')}".encode()

    def root(self) -> Resource:
        """The tree of web-port."""
        root = Root(self)
        root.putChild(b"login", LoginPage(self))
        root.putChild(b"logout", LogoutPage(self))
        root.putChild(b"static", StaticFiles(self))
        root.putChild(b"socket", SocketPage(self))
        api = Nowhere(self)
        api.putChild(b"status", StatusPage(self))
        api.putChild(b"command", CommandPage(self))
        root.putChild(b"api", api)
        return root

    def close(self) -> None:
        """End all logins and their conversations."""
        self.logins.end_all()
        self.live.stop()

    # -- who asks

    def login_of(self, request: Request) -> Login | None:
        cookie = request.getCookie(self.cookie)
        return self.logins.find(cookie.decode("latin-1")) if cookie else None

    def has_no_password(self) -> bool:
        return not self.engine.has_default_password()

    def is_here(self, request: Request) -> bool:
        """Whether the person sits at the machine of the server."""
        names = [name.decode("latin-1").lower() for name, _ in request.requestHeaders.getAllRawHeaders()]
        return is_at_this_machine(address_of(request.getClientAddress()), header(request, "host"), names)

    def begin(self, request: Request, user: str, password: str | None) -> Login:
        """Log in, and let the browser remember it."""
        login = self.logins.begin(user, password)
        # Behind a proxy with TLS the browser says so in the origin of its form.
        is_secure = header(request, "origin").startswith("https://")
        request.addCookie(
            self.cookie, login.cookie.encode(), path=b"/", secure=is_secure, httpOnly=True, sameSite=b"strict"
        )
        return login

    def lane(self, request: Request, user: str, password: str | None, refused: Callable[[], None] = _nothing) -> Lane:
        """A connection for a single request."""
        return Lane(self.factory, addresses(request), user, password, lambda event: None, refused, _nothing)

    def lane_of(self, request: Request, login: Login) -> Lane:
        """The same for somebody who is logged in; a login that the engine refuses is over."""
        return self.lane(request, login.user, login.password, partial(self.logins.end, login))

    def try_login(self, request: Request, user: str, password: str) -> Deferred[object]:
        """Ask the engine; an error reply refuses."""
        lane = self.lane(request, user, password)

        def tried(reply: object) -> object:
            if error_of(reply) or self.is_here(request):
                return reply
            if not password or (user == "default" and self.has_no_password()):
                return {"error": NO_PASSWORD_THERE}
            # From elsewhere, a user whom any password suits has none.
            lane_with_wrong = self.lane(request, user, secrets.token_hex(16))
            return lane_with_wrong.log_in().addCallback(tried_wrong, reply, lane_with_wrong)

        def tried_wrong(reply: object, first: object, lane_with_wrong: Lane) -> object:
            lane_with_wrong.close()
            return first if error_of(reply) else {"error": NO_PASSWORD_THERE}

        def over(reply: object) -> object:
            lane.close()
            return reply

        return lane.log_in().addCallback(tried).addBoth(over)


def header(request: Request, name: str) -> str:
    return request.getHeader(name) or ""


def addresses(request: Request) -> tuple[IAddress, IAddress]:
    return request.getClientAddress(), request.getHost()


class ConsolePage(Page):
    """A page that only answers to whom it should."""

    isLeaf = True
    is_open = False  # to people who are not logged in

    def __init__(self, console: Console) -> None:
        super().__init__()
        self.console = console

    def render(self, request: Request) -> Any:
        for name, value in SECURITY_HEADERS.items():
            request.setHeader(name.encode(), value.encode())
        origins = [word.decode("utf-8", "replace") for word in self.console.engine.config.words("web-origins")]
        host = header(request, "host")
        if not host_is_ours(host, origins):
            return refuse(request, HTTPStatus.FORBIDDEN, "This console does not answer to that name; see web-origins.")
        if not origin_is_ours(header(request, "origin"), host, origins):
            return refuse(request, HTTPStatus.FORBIDDEN, "Another site may not use this console; see web-origins.")
        login = self.console.login_of(request)
        if login is None and not self.is_open:
            return refuse(request, HTTPStatus.UNAUTHORIZED, "Log in first.")
        method = request.method.decode("latin-1")
        if method in ("GET", "HEAD"):
            return self.get(request, login)
        if method == "POST":
            return self.post(request, login)
        return refuse(request, HTTPStatus.METHOD_NOT_ALLOWED, "This page takes no such request.")

    def get(self, request: Request, login: Login | None) -> Any:
        return refuse(request, HTTPStatus.METHOD_NOT_ALLOWED, "This page takes no such request.")

    def post(self, request: Request, login: Login | None) -> Any:
        return refuse(request, HTTPStatus.METHOD_NOT_ALLOWED, "This page takes no such request.")


class Nowhere(ConsolePage):
    """A path without a page: who is not logged in does not learn that."""

    isLeaf = False

    def getChild(self, path: bytes, request: Request) -> Resource:
        return Nowhere(self.console)

    def get(self, request: Request, login: Login | None) -> Any:
        return refuse(request, HTTPStatus.NOT_FOUND, "There is no such page.")


class Root(Nowhere):
    """The page itself."""

    is_open = True

    def getChild(self, path: bytes, request: Request) -> Resource:
        return self if path == b"" else super().getChild(path, request)

    def get(self, request: Request, login: Login | None) -> Any:
        console = self.console
        notice = ""
        if console.has_no_password():
            if console.is_here(request):
                notice = NO_PASSWORD_HERE
                login = login or console.begin(request, "default", None)
            else:
                notice = NO_PASSWORD_THERE
        if login is None:
            return login_page(console, request, HTTPStatus.OK, "", notice)
        values = {"user": login.user, "token": login.token, "notice": notice, "version": __version__}
        return answer_page(request, HTTPStatus.OK, console.assets.page("console.html", **values))


class LoginPage(ConsolePage):
    """Takes the form."""

    is_open = True

    def get(self, request: Request, login: Login | None) -> Any:
        return go_home(request)

    def post(self, request: Request, login: Login | None) -> Any:
        peer = address_of(request.getClientAddress())
        if self.console.logins.must_wait(peer):
            request.setHeader(b"retry-after", b"60")
            return login_page(self.console, request, HTTPStatus.TOO_MANY_REQUESTS, "Too many failures: wait a minute.")
        user = field(request, "user") or "default"
        password = field(request, "password")
        self.console.try_login(request, user, password).addCallback(self._tried, request, user, password).addErrback(
            broken, request, self.console.engine
        )
        return NOT_DONE_YET

    def _tried(self, reply: object, request: Request, user: str, password: str) -> None:
        console = self.console
        peer = address_of(request.getClientAddress())
        refusal = error_of(reply)
        if refusal:
            console.logins.note_failure(peer)
            console.engine.log("warning", f"Console: the login of {user!r} from {peer} was refused")
            text = refusal.removeprefix("WRONGPASS ").removeprefix("ERR ")
            body = login_page(console, request, HTTPStatus.UNAUTHORIZED, text)
        else:
            console.engine.log("notice", f"Console: {user!r} has logged in from {peer}")
            console.begin(request, user, password)
            body = go_home(request)
        finish(request, body)


class LogoutPage(ConsolePage):
    """Ends the login."""

    def post(self, request: Request, login: Login | None) -> Any:
        assert login is not None
        if not login.has_token(field(request, "token")):
            return refuse(request, HTTPStatus.FORBIDDEN, "That did not come from our page.")
        self.console.logins.end(login)
        return go_home(request)


class StaticFiles(ConsolePage):
    """Styles and scripts."""

    is_open = True

    def get(self, request: Request, login: Login | None) -> Any:
        asset = self.console.assets.find(b"/".join(request.postpath or []).decode("latin-1"))
        if asset is None:
            return refuse(request, HTTPStatus.NOT_FOUND, "There is no such file.")
        request.setHeader(b"cache-control", b"no-cache")
        if request.setETag(asset.etag.encode()):
            return b""
        return answer(request, HTTPStatus.OK, asset.content_type, asset.data)


class StatusPage(ConsolePage):
    """INFO as JSON: what the user may see of it."""

    def get(self, request: Request, login: Login | None) -> Any:
        assert login is not None
        lane = self.console.lane_of(request, login)
        lane.call([b"INFO"]).addCallback(self._answer, request, lane).addErrback(broken, request, self.console.engine)
        return NOT_DONE_YET

    def _answer(self, reply: object, request: Request, lane: Lane) -> None:
        lane.close()
        refusal = error_of(reply)
        if refusal:
            code = HTTPStatus.UNAUTHORIZED if refusal.startswith("NOAUTH") else HTTPStatus.FORBIDDEN
            finish(request, answer_json(request, code, {"error": refusal}))
            return
        text = reply["text"] if isinstance(reply, dict) else ""
        sections: dict[str, dict[str, str]] = {}
        for line in text.splitlines():
            if line.startswith("# "):
                section = sections.setdefault(line[2:].lower(), {})
            elif line:
                name, _, value = line.partition(":")
                section[name] = value
        finish(request, answer_json(request, HTTPStatus.OK, sections))


class CommandPage(ConsolePage):
    """One command for scripts: JSON in, JSON out, with the token of the login in the header x-token."""

    def post(self, request: Request, login: Login | None) -> Any:
        assert login is not None
        if not login.has_token(header(request, "x-token")):
            return refuse(request, HTTPStatus.FORBIDDEN, "The header x-token must hold the token of the login.")
        try:
            asked = json.loads(body_of(request))
            argv = [argument(word) for word in asked["argv"]]
            db = int(asked.get("db", 0))
            if not argv:
                raise ValueError("an empty command")
        except (ValueError, KeyError, TypeError, AttributeError) as problem:
            return refuse(request, HTTPStatus.BAD_REQUEST, f"That is no command: {problem}")
        lane = self.console.lane_of(request, login)

        def replied(reply: object) -> None:
            lane.close()
            finish(request, answer_json(request, HTTPStatus.OK, {"reply": reply}))

        request.notifyFinish().addErrback(lambda failure: lane.close())
        lane.call(argv, db).addCallback(replied).addErrback(broken, request, self.console.engine)
        return NOT_DONE_YET


class SocketPage(ConsolePage):
    """The WebSocket."""

    def get(self, request: Request, login: Login | None) -> Any:
        assert login is not None
        if header(request, "upgrade").lower() != "websocket":
            return refuse(request, HTTPStatus.UPGRADE_REQUIRED, "This is a WebSocket.")
        factory = _Conversations(self.console, login)
        return WebSocketResource(factory).render_GET(request)


class _Conversations:
    """Makes the conversation of one request."""

    def __init__(self, console: Console, login: Login) -> None:
        self._console = console
        self._login = login

    def buildProtocol(self, request: Request) -> Conversation:
        console = self._console
        end = partial(console.logins.end, self._login)
        return Conversation(self._login, console.factory, addresses(request), console.live, console.reactor, end)


# -- answers


def field(request: Request, name: str) -> str:
    """A field of a form."""
    values = request.args.get(name.encode()) if request.args else None
    return values[0].decode("utf-8", "replace") if values else ""


def body_of(request: Request) -> bytes:
    return b"" if request.content is None else bytes(request.content.read())


def refuse(request: Request, code: HTTPStatus, text: str) -> bytes:
    return answer(request, code, "text/plain; charset=utf-8", text.encode() + b"\n")


def answer_page(request: Request, code: HTTPStatus, page: bytes) -> bytes:
    return answer(request, code, "text/html; charset=utf-8", page)


def answer_json(request: Request, code: HTTPStatus, value: object) -> bytes:
    return answer(request, code, "application/json", json.dumps(value).encode())


def login_page(console: Console, request: Request, code: HTTPStatus, problem: str, notice: str = "") -> bytes:
    user = field(request, "user") or "default"
    page = console.assets.page("login.html", user=user, problem=problem, notice=notice, version=__version__)
    return answer_page(request, code, page)


def go_home(request: Request) -> bytes:
    request.setHeader(b"location", b"/")
    return answer(request, HTTPStatus.SEE_OTHER, "text/plain; charset=utf-8", b"")


def finish(request: HTTPRequest, body: bytes) -> None:
    """End a request that had to wait, unless its browser has gone."""
    if not request._disconnected:
        if request.method != b"HEAD":
            request.write(body)
        request.finish()


def broken(failure: Any, request: Request, engine: Engine) -> None:
    """A defect: the log has it, the browser only learns of it."""
    engine.log_failure("the console failed", failure.value)
    finish(request, refuse(request, HTTPStatus.INTERNAL_SERVER_ERROR, "That failed; the log has the reason."))
