"""URL forms, values, errors, endpoints."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import trustme
import txredisapi
from twisted.internet.endpoints import HostnameEndpoint, UNIXClientEndpoint
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock

from miniredis.client import connect
from miniredis.client.errors import (
    AddressError,
    Ask,
    CommandError,
    ConnectionLost,
    Moved,
    NoScript,
    ReplyTimeout,
    UsageError,
    exception_of,
)
from miniredis.client.link import Dialer, endpoint_of, fixed, tls_options
from miniredis.client.settings import Address, Settings, parse_url
from miniredis.client.values import encode, many, to_bytes, to_python
from miniredis.resp.errors import ReplyError
from miniredis.resp.replies import Attribute, BigNumber, MapReply, Push, SetReply, Status, Verbatim


@pytest.mark.parametrize(
    ("url", "kind", "addresses"),
    [
        ("redis://", "single", ["127.0.0.1:6379"]),
        ("redis://host", "single", ["host:6379"]),
        ("redis://[::1]:7000/", "single", ["::1:7000"]),
        ("redis://[::1]", "single", ["::1:6379"]),
        ("unix:///run/redis.sock?db=3", "single", ["/run/redis.sock"]),
        ("redis+sentinel://a,b:1/name", "sentinel", ["a:26379", "b:1"]),
        ("redis+cluster://a:1,b", "cluster", ["a:1", "b:6379"]),
        ("rediss+cluster://a", "cluster", ["a:6379"]),
    ],
)
def test_urls_say_where(url, kind, addresses):
    location = parse_url(url)
    assert (location.kind, [str(address) for address in location.addresses]) == (kind, addresses)
    assert all(address.tls == url.startswith("rediss") for address in location.addresses)


def test_urls_say_how():
    location = parse_url(
        "redis+sentinel://us%40er:p%3Aw@h/the%20name/7?decode_responses=1&reply_timeout=2.5&attempts=9"
    )
    settings = location.settings
    assert (settings.username, settings.password, settings.db, location.name) == ("us@er", "p:w", 7, "the name")
    assert (settings.decode_responses, settings.reply_timeout, settings.attempts) == (True, 2.5, 9)
    assert not parse_url("redis://h?decode_responses=no").settings.decode_responses


@pytest.mark.parametrize(
    "url",
    [
        "http://host",
        "redis+proxy://host",
        "redis://host:port",
        "redis://host:0",
        "redis://host:70000",
        "redis://a,b",
        "redis://[::1",
        "redis://[::1]x",
        "redis://h/0/1",
        "redis://h/zero",
        "redis://h?nosuch=1",
        "redis://h?protocol=4",
        "redis://h?attempts=many",
        "redis://h?decode_responses=maybe",
        "redis+sentinel://h",
        "redis+cluster://h/1",
        "unix://",
    ],
)
def test_what_is_no_address(url):
    with pytest.raises(AddressError):
        parse_url(url)


def test_an_unknown_setting_is_refused():
    with pytest.raises(AddressError):
        connect("redis://h", reactor=Clock(), nosuch=1)


def test_values_are_words():
    assert encode([to_bytes(v) for v in ("ä", 1, 1.5, bytearray(b"x"), memoryview(b"y"))]) == (
        b"*5\r\n$2\r\n\xc3\xa4\r\n$1\r\n1\r\n$3\r\n1.5\r\n$1\r\nx\r\n$1\r\ny\r\n"
    )
    assert many("text") == ["text"] and many(("a", "b")) == ["a", "b"]
    for wrong in (None, True, ["a"]):
        with pytest.raises(UsageError):
            to_bytes(wrong)  # type: ignore[arg-type]


def test_replies_are_python_values():
    reply = [
        Status(b"OK"), b"b", 1, 1.5, None, True, MapReply([b"a", 1]), SetReply([b"m"]), Verbatim(b"txt", b"t"),
        BigNumber(b"123456789012345678901"), Attribute([b"k", 1], b"v"), Push([b"p"]),
        MapReply([[b"list"], 1]), SetReply([[b"list"]]),
    ]  # fmt: skip
    assert to_python(reply, True) == [
        "OK", "b", 1, 1.5, None, True, {"a": 1}, {"m"}, "t", 123456789012345678901, "v", ["p"],
        [(["list"], 1)], [["list"]],
    ]  # fmt: skip
    assert to_python(b"x", False) == b"x"
    assert isinstance(to_python([ReplyError(b"ERR no")], False)[0], CommandError)


def test_errors_have_classes():
    moved = exception_of(ReplyError(b"MOVED 3999 127.0.0.1:6381"))
    assert isinstance(moved, Moved)
    assert (moved.slot, moved.host, moved.port, moved.code) == (3999, "127.0.0.1", 6381, "MOVED")
    assert isinstance(exception_of(ReplyError(b"ASK 1 ::1:7")), Ask)
    assert type(exception_of(ReplyError(b"MOVED nowhere"))) is CommandError
    assert isinstance(exception_of(ReplyError(b"NOSCRIPT no")), NoScript)


def test_programs_of_txredisapi_keep_their_except_clauses():
    assert issubclass(ConnectionLost, txredisapi.ConnectionError)
    assert issubclass(ReplyTimeout, txredisapi.TimeoutError)
    assert issubclass(NoScript, txredisapi.ScriptDoesNotExist)
    assert issubclass(CommandError, txredisapi.RedisError)


def test_endpoints_fit_their_addresses(tmp_path: Path):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    own = authority.issue_cert("client.example")
    own.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "own.pem"))
    ca, pem = str(tmp_path / "ca.pem"), str(tmp_path / "own.pem")
    reactor = MemoryReactorClock()
    make: Callable[[Address, Settings], object] = lambda address, settings: endpoint_of(reactor, address, settings)  # noqa: E731
    assert isinstance(make(Address("h"), Settings()), HostnameEndpoint)
    assert isinstance(make(Address(path="/s"), Settings()), UNIXClientEndpoint)
    for settings in (
        Settings(),
        Settings(ca_file=ca),
        Settings(verify=False),
        Settings(certificate_file=pem, ca_file=ca),
        Settings(certificate_file=pem, key_file=pem, verify=False),
    ):
        assert make(Address("h", tls=True), settings) is not None
        assert tls_options(Address("h"), settings) is not None
    assert Dialer(reactor, Settings(), fixed(Address())).with_prepared([[b"READONLY"]]).prepare == [[b"READONLY"]]


def test_connect_takes_the_running_reactor():
    from twisted.internet import reactor

    client = connect()
    assert client._dialer.reactor is reactor
    client.close()
