"""The page's WebSocket: commands on lanes, events, samples, and what ends it."""

from __future__ import annotations

from typing import Any

import pytest
from wsproto.events import BytesMessage, Pong

from miniredis.commands.context import Context
from miniredis.resp.errors import ReplyError
from miniredis.web.conversation import BAD_MESSAGE, LOGGED_OUT, MOST_EVENTS
from web.consoles import ORIGIN, ConsoleUnderTest, WebSocket


@pytest.fixture
def console() -> ConsoleUnderTest:
    return ConsoleUnderTest(requirepass="secret")


@pytest.fixture
def page(console: ConsoleUnderTest) -> WebSocket:
    return console.open(console.cookie("secret"), Origin=ORIGIN)


def test_it_opens_for_who_is_logged_in(console: ConsoleUnderTest) -> None:
    assert console.open("").refusal.code == 401
    assert console.open("miniredis-8081=x").refusal.code == 401
    assert console.open(console.cookie("secret")).is_open


def test_commands_are_answered(page: WebSocket) -> None:
    assert page.call("SET", "k", "v") == {"ok": "OK"}
    assert page.call("GET", "k") == "v"
    assert page.call("LPUSH", "k", "v")["error"].startswith("WRONGTYPE")
    assert page.call("SET", {"b64": "//4="}, 12) == {"ok": "OK"}
    assert page.call("KEYS", "*") == ["k", {"b64": "//4="}]


def test_a_command_may_name_its_database(page: WebSocket) -> None:
    assert page.call("SET", "k", "v", db=2) == {"ok": "OK"}
    assert page.call("GET", "k", db=0) is None
    assert page.call("GET", "k", db=2) == "v"


def test_lanes_do_not_disturb_each_other(page: WebSocket) -> None:
    page.call("MULTI", lane="line")
    assert page.call("SET", "k", "v", lane="line") == {"ok": "QUEUED"}
    assert page.call("GET", "k") is None
    assert page.call("EXEC", lane="line") == [{"ok": "OK"}]
    assert page.call("GET", "k") == "v"


def test_the_server_sees_ordinary_clients(console: ConsoleUnderTest, page: WebSocket) -> None:
    page.call("PING")
    (session,) = console.server.engine.sessions.values()
    assert (session.name, session.user_name, session.port.peer) == (b"console", b"default", b"127.0.0.1:50001")
    page.lose()
    assert console.server.engine.sessions == {}


def test_replies_come_when_they_are_there(console: ConsoleUnderTest, page: WebSocket) -> None:
    page.send({"id": 1, "lane": "line", "argv": ["BLPOP", "list", "0"]})
    assert page.received() == []
    page.send({"id": 2, "lane": "page", "argv": ["RPUSH", "list", "v"]})
    console.advance(0.1)
    assert {message["id"]: message["reply"] for message in page.received()} == {1: ["list", "v"], 2: 1}


def test_messages_are_gathered(console: ConsoleUnderTest, page: WebSocket) -> None:
    assert page.call("PSUBSCRIBE", "news.*", lane="feed") == {"ok": "OK"}
    page.call("PUBLISH", "news.a", "one")
    page.call("PUBLISH", "news.a", "two")
    console.advance(0.2)
    (message,) = page.received()
    assert message["lane"] == "feed"
    assert [event["push"] for event in message["events"]] == [
        ["psubscribe", "news.*", 1],
        ["pmessage", "news.*", "news.a", "one"],
        ["pmessage", "news.*", "news.a", "two"],
    ]
    assert message["skipped"] == 0


def test_what_is_too_much_is_counted(console: ConsoleUnderTest, page: WebSocket) -> None:
    assert page.call("MONITOR", lane="feed") == {"ok": "OK"}
    client = console.server.connect()
    client.call(b"AUTH", b"secret")
    for _ in range(MOST_EVENTS + 50):
        client.call(b"PING")
    console.advance(0.2)
    events = skipped = 0
    for message in page.received():
        events += len(message["events"])
        skipped += message["skipped"]
    assert events <= 3 * MOST_EVENTS
    assert events + skipped >= MOST_EVENTS + 50


def test_a_page_that_does_not_read_gets_nothing_more(console: ConsoleUnderTest, page: WebSocket) -> None:
    page.call("SUBSCRIBE", "c", lane="feed")
    console.advance(0.2)
    page.received()
    conversation: Any = page.visit.transport.producer
    conversation.pauseProducing()
    console.server.engine.pubsub.publish(b"c", b"m")
    console.advance(0.2)
    assert page.received() == []
    assert "too much at once" in page.call("PING")["error"]
    conversation.resumeProducing()
    assert page.call("PING") == {"ok": "PONG"}
    conversation.stopProducing()
    assert "too much at once" in page.call("PING")["error"]


def test_samples_come_while_they_are_wanted(console: ConsoleUnderTest, page: WebSocket) -> None:
    assert not console.console.live.is_running()
    page.send({"watch": True})
    assert console.console.live.is_running()
    console.advance(1.05)
    (message,) = page.received()
    assert message["sample"]["keys"] == []
    page.send({"watch": False})
    assert not console.console.live.is_running()
    console.advance(3)
    assert page.received() == []


def test_who_leaves_ends_the_samples(console: ConsoleUnderTest, page: WebSocket) -> None:
    page.send({"watch": True})
    page.lose()
    assert not console.console.live.is_running()
    assert console.server.engine.sessions == {}


def test_who_may_not_read_info_sees_no_charts(console: ConsoleUnderTest, page: WebSocket) -> None:
    def refuse(ctx: Context, argv: list[bytes]) -> object:
        raise ReplyError(b"NOPERM no")

    console.server.engine.commands.by_name[b"info"].run = refuse
    page.send({"watch": True})
    console.advance(1.05)
    (message,) = page.received()
    assert message == {"refused": "NOPERM no"}


def test_a_user_who_may_no_longer_log_in_is_logged_out(console: ConsoleUnderTest, page: WebSocket) -> None:
    page.call("PING")
    client = console.server.connect()
    client.call(b"AUTH", b"secret")
    client.call(b"CONFIG", b"SET", b"requirepass", b"other")
    # As when a user is deleted, its connections are closed: the page finds out by itself.
    client.call(b"CLIENT", b"KILL", b"TYPE", b"normal", b"SKIPME", b"yes")
    console.advance(1)
    page.received()
    assert page.closed == LOGGED_OUT
    assert len(console.console.logins) == 0


def test_a_connection_that_was_killed_comes_back(console: ConsoleUnderTest, page: WebSocket) -> None:
    page.call("PING")
    client = console.server.connect()
    client.call(b"AUTH", b"secret")
    client.call(b"CLIENT", b"KILL", b"TYPE", b"normal", b"SKIPME", b"yes")
    console.advance(1)
    assert page.received() == []
    assert [session.name for session in console.server.engine.sessions.values()] == [b"", b"console"]
    client.call(b"CLIENT", b"KILL", b"TYPE", b"normal", b"SKIPME", b"yes")
    console.advance(0.1)
    page.lose()
    assert console.server.clock.getDelayedCalls() == []


def test_a_logout_ends_the_conversation(console: ConsoleUnderTest) -> None:
    cookie = console.cookie("secret")
    page = console.open(cookie)
    login = console.console.logins.find(cookie.partition("=")[2])
    assert login
    console.console.logins.end(login)
    page.received()
    assert page.closed == LOGGED_OUT
    assert login.password is None


def test_the_end_of_the_server_ends_everything(console: ConsoleUnderTest, page: WebSocket) -> None:
    page.send({"watch": True})
    console.console.close()
    page.received()
    assert page.closed == LOGGED_OUT
    assert not console.console.live.is_running()


@pytest.mark.parametrize(
    "text",
    [
        "no json",
        "[]",
        "1",
        "{}",
        '{"id": 1}',
        '{"id": 1, "lane": "x", "argv": ["PING"]}',
        '{"id": 1, "lane": "page", "argv": []}',
        '{"id": 1, "lane": "page", "argv": [null]}',
        '{"id": 1, "lane": "page", "argv": ["PING"], "db": "0"}',
        '{"id": "x", "lane": "page", "argv": ["PING"]}',
    ],
)
def test_what_is_no_message_ends_it(page: WebSocket, text: str) -> None:
    page.send_text(text)
    page.received()
    assert page.closed == BAD_MESSAGE


def test_bytes_are_no_message(page: WebSocket) -> None:
    page.send_event(BytesMessage(b"x"))
    page.received()
    assert page.closed == BAD_MESSAGE


def test_a_page_that_has_gone_silently_is_noticed(console: ConsoleUnderTest, page: WebSocket) -> None:
    console.advance(20.1)
    page.received()
    assert page.pings == 1
    page.send_event(Pong(b""))
    console.advance(20.1)
    page.received()
    assert (page.pings, page.closed) == (2, None)
    console.advance(20.1)
    page.received()
    assert page.closed == 1001


def test_a_lane_that_the_server_closed_opens_again(console: ConsoleUnderTest, page: WebSocket) -> None:
    assert page.call("QUIT", lane="line") == {"ok": "OK"}
    assert page.call("PING", lane="line") == {"ok": "PONG"}


def test_a_killed_lane_says_so(console: ConsoleUnderTest, page: WebSocket) -> None:
    page.send({"id": 1, "lane": "line", "argv": ["BLPOP", "list", "0"]})
    page.send({"id": 2, "lane": "page", "argv": ["CLIENT", "KILL", "TYPE", "normal"]})
    console.advance(0.1)
    replies = {message["id"]: message["reply"] for message in page.received()}
    assert replies[2] == 1
    assert "closed this connection" in replies[1]["error"]


def test_silence_cannot_be_asked_for(page: WebSocket) -> None:
    assert "needs an answer" in page.call("CLIENT", "REPLY", "OFF")["error"]


def test_a_huge_reply_is_not_shown(page: WebSocket) -> None:
    page.call("SETRANGE", "k", 3_000_000, "x")
    assert "larger than 2 MB" in page.call("GET", "k")["error"]
    assert page.call("STRLEN", "k") == 3_000_001
