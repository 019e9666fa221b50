"""hiredis's reader understands everything we send it."""

from __future__ import annotations

import socket

import hiredis

from oracle.servers import ServerProcess


def test_replies_of_every_kind(empty: ServerProcess) -> None:
    with socket.create_connection(("127.0.0.1", empty.port), 20) as connection:
        reader = hiredis.Reader()

        def ask(*words: str) -> object:
            connection.sendall(hiredis.pack_command(words))  # type: ignore[arg-type]  # its stub forgot the dots
            while (reply := reader.gets()) is False:
                reader.feed(connection.recv(65536))
            return reply

        assert ask("SET", "k", "v") == b"OK"
        assert ask("GET", "none") is None
        assert ask("INCR", "n") == 1
        assert isinstance(ask("NOSUCH"), hiredis.ReplyError)
        hello = ask("HELLO", "3")
        assert isinstance(hello, dict)
        assert hello[b"proto"] == 3
        assert ask("HSET", "h", "f", "v") == 1
        assert ask("HGETALL", "h") == {b"f": b"v"}
        assert ask("SADD", "s", "m") == 1
        assert ask("SMEMBERS", "s") in ({b"m"}, [b"m"])
        assert ask("ZADD", "z", "1.5", "m") == 1
        assert ask("ZSCORE", "z", "m") == 1.5
        assert ask("DEBUG", "PROTOCOL", "BIGNUM") is not None
        assert ask("DEBUG", "PROTOCOL", "TRUE") is True
        assert ask("DEBUG", "PROTOCOL", "VERBATIM") is not None
