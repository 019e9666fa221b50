"""Who may see what of the console: names, origins, logins, cookies, what is served to whom."""

from __future__ import annotations

import json

import pytest
from twisted.internet.defer import fail

from miniredis.commands.context import Context
from miniredis.resp.errors import ReplyError
from miniredis.web.logins import IDLE_S, MOST_LOGINS, Logins
from miniredis.web.site import MOST_BODY
from web.consoles import ORIGIN, ConsoleUnderTest, cookie_of
from web.scrape import Response, Visit


@pytest.fixture
def guarded() -> ConsoleUnderTest:
    """A console whose default user has a password."""
    return ConsoleUnderTest(requirepass="secret")


@pytest.fixture
def unguarded() -> ConsoleUnderTest:
    return ConsoleUnderTest()


# -- the page


def test_nobody_gets_the_form_and_everything_else_is_refused(guarded: ConsoleUnderTest) -> None:
    page = guarded.fetch("/")
    assert page.code == 200
    assert '<form method="post" action="/login">' in page.text
    assert "set-cookie" not in page.headers
    for path in ("/api/status", "/socket", "/api/elsewhere", "/elsewhere", "/api"):
        assert guarded.fetch(path).code == 401, path
    for path in ("/api/command", "/logout"):
        assert guarded.fetch(path, "POST").code == 401, path


def test_a_login_opens_the_page_and_the_data(guarded: ConsoleUnderTest) -> None:
    guarded.server.connect().call(b"AUTH", b"secret")
    answer = guarded.log_in("secret", origin=ORIGIN)
    assert (answer.code, answer.header("location")) == (303, "/")
    cookie = cookie_of(answer)
    page = guarded.fetch("/", cookie=cookie)
    assert page.code == 200
    assert 'id="nav"' in page.text
    assert "default · " in page.text
    status = json.loads(guarded.fetch("/api/status", cookie=cookie).text)
    assert status["server"]["redis_mode"] == "standalone"
    assert guarded.fetch("/elsewhere", cookie=cookie).code == 404


def test_the_cookie_is_for_this_site_only(guarded: ConsoleUnderTest) -> None:
    text = guarded.log_in("secret").header("set-cookie").lower()
    assert text.startswith("miniredis-8081=")
    assert {"httponly", "samesite=strict", "path=/"} <= {part.strip() for part in text.split(";")}


def test_a_wrong_password_says_so_and_is_logged_without_it(guarded: ConsoleUnderTest) -> None:
    answer = guarded.log_in("wrong<b>")
    assert answer.code == 401
    assert "invalid username-password pair" in answer.text
    assert "set-cookie" not in answer.headers
    logged = "".join(text for _, text in guarded.server.logged)
    assert "was refused" in logged
    assert "wrong" not in logged


def test_what_was_typed_is_shown_as_text(guarded: ConsoleUnderTest) -> None:
    answer = guarded.log_in("x", user='"><script>alert(1)</script>')
    assert "<script>alert" not in answer.text
    assert "&lt;script&gt;" in answer.text


def test_guessing_takes_time(guarded: ConsoleUnderTest) -> None:
    assert [guarded.log_in("wrong").code for _ in range(11)] == [401] * 10 + [429]
    assert guarded.log_in("secret").code == 429
    assert guarded.log_in("secret", peer="127.0.0.2").code == 303
    guarded.advance(61)
    assert guarded.log_in("secret").code == 303


def test_logging_out_ends_it(guarded: ConsoleUnderTest) -> None:
    cookie = guarded.cookie("secret")
    body = b"token=" + guarded.token(cookie).encode()
    form = "application/x-www-form-urlencoded"
    assert guarded.fetch("/logout", "POST", b"token=x", cookie=cookie, content_type=form).code == 403
    assert guarded.fetch("/api/status", cookie=cookie).code == 200
    assert guarded.fetch("/logout", "POST", body, cookie=cookie, content_type=form).code == 303
    assert guarded.fetch("/api/status", cookie=cookie).code == 401


def test_a_login_that_rests_is_over(guarded: ConsoleUnderTest) -> None:
    cookie = guarded.cookie("secret")
    guarded.server.clock.advance(IDLE_S - 1)
    assert guarded.fetch("/api/status", cookie=cookie).code == 200
    guarded.server.clock.advance(IDLE_S + 1)
    assert guarded.fetch("/api/status", cookie=cookie).code == 401


def test_a_new_password_ends_what_the_old_one_opened(guarded: ConsoleUnderTest) -> None:
    cookie = guarded.cookie("secret")
    client = guarded.server.connect()
    client.call(b"AUTH", b"secret")
    client.call(b"CONFIG", b"SET", b"requirepass", b"other")
    assert guarded.fetch("/api/status", cookie=cookie).code == 401
    assert '<form method="post" action="/login">' in guarded.fetch("/", cookie=cookie).text


def test_who_may_not_read_info_is_told(guarded: ConsoleUnderTest) -> None:
    def refuse(ctx: Context, argv: list[bytes]) -> object:
        raise ReplyError(b"NOPERM no")

    cookie = guarded.cookie("secret")
    guarded.server.engine.commands.by_name[b"info"].run = refuse
    answer = guarded.fetch("/api/status", cookie=cookie)
    assert answer.code == 403
    assert json.loads(answer.text) == {"error": "NOPERM no"}


def test_the_number_of_logins_is_bounded() -> None:
    now_s = 0.0
    logins = Logins(lambda: now_s)
    first = logins.begin("default", None)
    for _ in range(MOST_LOGINS):
        now_s += 1
        logins.begin("default", None)
    assert len(logins) == MOST_LOGINS
    assert logins.find(first.cookie) is None


def test_failures_are_remembered_for_a_bounded_number_of_addresses() -> None:
    logins = Logins(lambda: 0.0)
    for number in range(3000):
        logins.note_failure(str(number))
    assert not logins.must_wait("0")
    assert len(logins._failures) <= 1024


# -- without a password


def test_who_sits_here_needs_no_password_when_there_is_none(unguarded: ConsoleUnderTest) -> None:
    assert unguarded.fetch("/api/status").code == 401
    page = unguarded.fetch("/")
    assert page.code == 200
    assert "The default user has no password" in page.text
    assert unguarded.fetch("/api/status", cookie=cookie_of(page)).code == 200


@pytest.mark.parametrize(
    ("peer", "headers"),
    [
        ("192.0.2.1", {}),
        ("127.0.0.1", {"host": "192.0.2.7:8081"}),
        ("127.0.0.1", {"x_forwarded_for": "192.0.2.1"}),
        ("127.0.0.1", {"via": "1.1 proxy"}),
    ],
)
def test_from_elsewhere_a_user_without_a_password_does_not_get_in(
    unguarded: ConsoleUnderTest, peer: str, headers: dict[str, str]
) -> None:
    page = unguarded.fetch("/", "GET", b"", peer, **headers)
    assert page.code == 200
    assert "can only be used on the machine of the server" in page.text
    assert "set-cookie" not in page.headers
    assert unguarded.log_in("", peer=peer, **headers).code == 401


def test_from_elsewhere_a_password_opens(guarded: ConsoleUnderTest) -> None:
    assert guarded.log_in("secret", peer="192.0.2.1", host="192.0.2.7:8081").code == 303
    assert guarded.log_in("wrong", peer="192.0.2.1", host="192.0.2.7:8081").code == 401


def test_a_user_whom_any_password_suits_does_not_get_in_from_elsewhere(guarded: ConsoleUnderTest) -> None:
    guarded.server.engine.config.assign("requirepass", b"")
    # The engine accepts anything now, as for a user with `nopass`.
    table = guarded.server.engine.commands
    hello = table.by_name[b"hello"]
    run = hello.run
    hello.run = lambda ctx, argv: run(ctx, [*argv[:2], *argv[5:]])
    answer = guarded.log_in("anything", peer="192.0.2.1", host="192.0.2.7:8081")
    assert answer.code == 401
    assert "can only be used on the machine" in answer.text


# -- names and origins


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8081", "127.0.0.1.evil.example", ""])
def test_names_that_are_not_ours_are_refused(guarded: ConsoleUnderTest, host: str) -> None:
    for path in ("/", "/static/app.css", "/api/status", "/socket"):
        assert guarded.fetch(path, host=host).code == 403


@pytest.mark.parametrize("host", ["localhost:8081", "127.0.0.1", "[::1]:8081", "192.0.2.7:80", "LOCALHOST"])
def test_addresses_and_localhost_are_ours(guarded: ConsoleUnderTest, host: str) -> None:
    assert guarded.fetch("/", host=host).code == 200


def test_further_origins_can_be_allowed() -> None:
    console = ConsoleUnderTest(requirepass="secret", web_origins="https://console.example")
    assert console.fetch("/", host="console.example").code == 200
    answer = console.log_in("secret", host="console.example", origin="https://console.example")
    assert answer.code == 303
    assert "secure" in answer.header("set-cookie").lower()
    assert console.fetch("/", host="other.example").code == 403


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1:8081", "http://127.0.0.1:8082"])
def test_pages_of_other_sites_are_refused(guarded: ConsoleUnderTest, origin: str) -> None:
    assert guarded.log_in("secret", origin=origin).code == 403
    cookie = guarded.cookie("secret")
    assert guarded.fetch("/api/status", cookie=cookie, origin=origin).code == 403
    assert guarded.open(cookie, Origin=origin).refusal.code == 403


def test_the_pages_trust_nothing_from_elsewhere(guarded: ConsoleUnderTest) -> None:
    page = guarded.fetch("/")
    policy = page.header("content-security-policy")
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert page.header("x-frame-options") == "DENY"
    assert page.header("cache-control") == "no-store"
    console = guarded.fetch("/", cookie=guarded.cookie("secret"))
    for text in (page.text, console.text):
        assert "http://" not in text
        assert "https://" not in text
        assert "style=" not in text
        assert "<script>" not in text


# -- files


def test_files_are_served_with_their_types(guarded: ConsoleUnderTest) -> None:
    style = guarded.fetch("/static/app.css")
    assert (style.code, style.header("content-type")) == (200, "text/css; charset=utf-8")
    assert guarded.fetch("/static/main.js").header("content-type") == "text/javascript; charset=utf-8"
    assert guarded.fetch("/static/icon.svg").header("content-type") == "image/svg+xml"
    again = guarded.fetch("/static/app.css", if_none_match=style.header("etag"))
    assert (again.code, again.body) == (304, b"")


@pytest.mark.parametrize("name", ["", "..", "console.html", "../console.py", "%2e%2e/console.py", "no.js", "a/app.css"])
def test_nothing_else_is(guarded: ConsoleUnderTest, name: str) -> None:
    assert guarded.fetch(f"/static/{name}").code in (401, 404)


# -- commands for scripts


def command(console: ConsoleUnderTest, cookie: str, body: object, **headers: str) -> Response:
    return console.fetch("/api/command", "POST", json.dumps(body).encode(), cookie=cookie, **headers)


def test_a_script_runs_commands(guarded: ConsoleUnderTest) -> None:
    cookie = guarded.cookie("secret")
    token = guarded.token(cookie)
    assert json.loads(command(guarded, cookie, {"argv": ["SET", "k", 5], "db": 3}, x_token=token).text) == {
        "reply": {"ok": "OK"}
    }
    assert json.loads(command(guarded, cookie, {"argv": ["GET", "k"], "db": 3}, x_token=token).text) == {"reply": "5"}
    assert json.loads(command(guarded, cookie, {"argv": ["GET", "k"]}, x_token=token).text) == {"reply": None}


def test_a_script_needs_the_token(guarded: ConsoleUnderTest) -> None:
    cookie = guarded.cookie("secret")
    assert command(guarded, cookie, {"argv": ["PING"]}).code == 403
    assert command(guarded, cookie, {"argv": ["PING"]}, x_token="é").code == 403


@pytest.mark.parametrize(
    "body", [{}, [], {"argv": []}, {"argv": [1.5]}, {"argv": [{"b64": "!"}]}, {"argv": "PING", "db": "x"}]
)
def test_what_is_no_command_is_refused(guarded: ConsoleUnderTest, body: object) -> None:
    cookie = guarded.cookie("secret")
    assert command(guarded, cookie, body, x_token=guarded.token(cookie)).code == 400


def test_a_command_may_wait_and_its_browser_may_go(guarded: ConsoleUnderTest) -> None:
    cookie = guarded.cookie("secret")
    visit = Visit(guarded.root)
    body = json.dumps({"argv": ["BLPOP", "list", "0"]}).encode()
    visit.send("POST", "/api/command", body, cookie=cookie, x_token=guarded.token(cookie))
    assert visit.received() == b""
    assert len(guarded.server.engine.sessions) == 1
    visit.lose()
    assert len(guarded.server.engine.sessions) == 0


def test_other_methods_are_refused(guarded: ConsoleUnderTest) -> None:
    cookie = guarded.cookie("secret")
    assert guarded.fetch("/", "DELETE", cookie=cookie).code == 405
    assert guarded.fetch("/", "POST", b"x", cookie=cookie).code == 405
    assert guarded.fetch("/logout", cookie=cookie).code == 405
    assert guarded.fetch("/login", cookie=cookie).code == 303
    assert guarded.fetch("/socket", cookie=cookie).code == 426


def test_a_head_has_no_body(guarded: ConsoleUnderTest) -> None:
    cookie = guarded.cookie("secret")
    for path in ("/", "/api/status", "/static/app.css"):
        answer = guarded.fetch(path, "HEAD", cookie=cookie)
        assert (answer.code, answer.body) == (200, b"")


def test_a_long_body_ends_the_connection(guarded: ConsoleUnderTest) -> None:
    visit = Visit(guarded.root)
    visit.send("POST", "/login", content_length=str(MOST_BODY + 1))
    assert visit.transport.disconnecting
    chunked = Visit(guarded.root)
    chunked.send("POST", "/login", transfer_encoding="chunked")
    for _ in range(20):
        if not chunked.transport.disconnecting:
            chunked.protocol.dataReceived(b"10000\r\n" + b"x" * 65536 + b"\r\n")
    assert chunked.transport.disconnecting


def test_a_defect_is_logged_and_not_shown(guarded: ConsoleUnderTest) -> None:
    cookie = guarded.cookie("secret")
    guarded.console.lane_of = lambda *words: _Broken()  # type: ignore[method-assign,assignment]
    answer = guarded.fetch("/api/status", cookie=cookie)
    assert answer.code == 500
    assert "inside" not in answer.text
    assert any("inside" in text for _, text in guarded.server.logged)


class _Broken:
    def call(self, argv: list[bytes]) -> object:
        return fail(RuntimeError("inside"))
