"""AUTH and HELLO."""

from __future__ import annotations

import pytest

from miniredis.config.config import Config
from miniredis.testing.memory import MemoryServer


def guarded() -> MemoryServer:
    config = Config()
    config.assign("requirepass", b"secret")
    return MemoryServer(config)


def test_a_password_opens_the_server() -> None:
    client = guarded().connect()
    assert client.call(b"GET", b"k") == b"-NOAUTH Authentication required.\r\n"
    assert client.call(b"AUTH", b"wrong").startswith(b"-WRONGPASS ")
    assert client.call(b"AUTH", b"nobody", b"secret").startswith(b"-WRONGPASS ")
    assert client.call(b"AUTH", b"secret") == b"+OK\r\n"
    assert client.call(b"GET", b"k") == b"$-1\r\n"
    assert client.call(b"RESET") == b"+RESET\r\n"
    assert client.call(b"GET", b"k") == b"-NOAUTH Authentication required.\r\n"


def test_hello_may_bring_the_password_and_a_name() -> None:
    client = guarded().connect()
    assert client.call(b"HELLO", b"3").startswith(b"-NOAUTH HELLO must be called")
    assert client.call(b"HELLO", b"3", b"AUTH", b"default", b"secret", b"SETNAME", b"me").startswith(b"%7\r\n")
    assert client.call(b"CLIENT", b"GETNAME") == b"$2\r\nme\r\n"


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (b"HELLO x", b"-ERR Protocol version is not an integer or out of range\r\n"),
        (b"HELLO 4", b"-NOPROTO unsupported protocol version\r\n"),
        (b"HELLO 3 AUTH a", b"-ERR Syntax error in HELLO option 'AUTH'\r\n"),
        (b"HELLO 3 SETNAME a\tb", b"-ERR Client names cannot contain spaces"),
        (b"AUTH a b c", b"-ERR syntax error\r\n"),
        (b"AUTH a", b"-ERR AUTH <password> called without any password configured"),
    ],
)
def test_wrong_words(words: bytes, error: bytes) -> None:
    assert MemoryServer().connect().call(*words.split(b" ")).startswith(error)


def test_hello_without_words_only_describes() -> None:
    client = MemoryServer().connect()
    assert b"$5\r\nproto\r\n:2\r\n" in client.call(b"HELLO")


def test_a_stranger_may_not_send_much() -> None:
    client = guarded().connect()
    client.send(b"*11\r\n")
    assert client.received() == b"-ERR Protocol error: unauthenticated multibulk length\r\n"
    assert client.is_closed
