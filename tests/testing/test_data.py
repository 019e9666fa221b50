"""Direct access to the data of a test server."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from miniredis.dispatch.sinks import LogSink, Replay
from miniredis.testing import MiniRedis, Scores
from miniredis.testing.data import CommandFailed, Database, Direct
from miniredis.testing.memory import MemoryServer


@pytest.mark.parametrize(
    ("value", "kind", "read"),
    [
        ("text", "string", b"text"),
        (b"\x00\xff", "string", b"\x00\xff"),
        (17, "string", b"17"),
        (1.5, "string", b"1.5"),
        ([3, "b", b"c"], "list", [b"3", b"b", b"c"]),
        (("a",), "list", [b"a"]),
        ({"field": 1}, "hash", {b"field": b"1"}),
        ({"m", "n"}, "set", {b"m", b"n"}),
        (Scores(b=2, a=1.5), "zset", {b"a": 1.5, b"b": 2.0}),
    ],
)
def test_a_python_value_is_written_and_read(server: MiniRedis, value: Any, kind: str, read: Any):
    database = server.db[0]
    database["key"] = value
    assert server.client().type("key") == kind.encode()
    assert database.type("key") == kind
    assert database["key"] == read
    assert type(database["key"]) is type(read) or isinstance(database["key"], Scores)


def test_what_a_client_wrote_is_read(server: MiniRedis):
    client = server.client()
    client.rpush("list", *range(1000))
    client.zadd("scores", {"last": 9, "first": -1})
    client.xadd("stream", {"a": "1"}, id="5-1")
    assert server.db[0]["list"] == [b"%d" % number for number in range(1000)]
    assert list(server.db[0]["scores"].items()) == [(b"first", -1.0), (b"last", 9.0)]
    assert server.db[0]["stream"] == [(b"5-1", {b"a": b"1"})]


def test_a_database_is_a_mapping(server: MiniRedis):
    database = server.db[3]
    database.update({"b": "2", "a": "1"})
    assert list(database) == [b"a", b"b"]
    assert (len(database), "a" in database, "c" in database) == (2, True, False)
    del database["a"]
    assert database.get("a") is None
    with pytest.raises(KeyError):
        del database["a"]
    with pytest.raises(KeyError):
        database["a"]
    assert repr(database) == "<database 3 with 1 keys>"
    assert len(server.db[0]) == 0
    database.clear()
    assert len(database) == 0


def test_databases_are_counted_and_emptied(server: MiniRedis):
    assert len(server.db) == 16
    server.db[1]["k"] = "v"
    server.db[2]["k"] = "v"
    assert [database.index for database in server.db if len(database)] == [1, 2]
    server.db.clear()
    assert not any(len(database) for database in server.db)
    with pytest.raises(IndexError):
        server.db[16]


def test_an_empty_collection_is_no_key(server: MiniRedis):
    server.db[0]["key"] = [1]
    server.db[0]["key"] = []
    assert "key" not in server.db[0]


@pytest.mark.parametrize("value", [None, True, object(), [None]])
def test_what_no_client_could_send_is_refused(server: MiniRedis, value: object):
    with pytest.raises(TypeError, match="stored"):
        server.db[0]["key"] = value


def test_expiry_is_seen_and_set(server: MiniRedis):
    database = server.db[0]
    database["key"] = "v"
    assert database.ttl("key") is None
    database.expire("key", 600.5)
    left = database.ttl("key")
    assert left is not None and 500 < left <= 600.5
    with pytest.raises(KeyError):
        database.ttl("other")
    with pytest.raises(KeyError):
        database.expire("other", 1)


def test_text_comes_back_where_it_is_wanted():
    with MiniRedis("memory", decode_responses=True) as server:
        database = server.db[0]
        for value in ("text", ["a"], {"f": "v"}, {"m"}, Scores(m=1.0)):
            database["key"] = value
            assert database["key"] == value
        server.client().xadd("stream", {"a": "1"}, id="5-1")
        assert database["stream"] == [("5-1", {"a": "1"})]
        assert server.client().keys() == list(database) or set(server.client().keys()) == set(database)


def test_any_command_can_be_run(server: MiniRedis):
    assert server.command("INCRBY", "n", 5) == 5
    assert server.command("CONFIG", "GET", "maxmemory") == {b"maxmemory": b"0"}
    with pytest.raises(CommandFailed, match="WRONGTYPE"):
        server.command("LPUSH", "n", "x")
    with pytest.raises(CommandFailed, match="unknown command"):
        server.command("NOSUCH")


def test_a_write_is_told_like_that_of_a_client(server: MiniRedis):
    client = server.client()
    with client.pipeline() as pipe:
        pipe.watch("key")
        server.db[0]["key"] = "other"
        pipe.multi()
        pipe.set("key", "mine")
        with pytest.raises(Exception, match="Watched variable changed"):
            pipe.execute()
    assert server.db[0]["key"] == b"other"


def test_a_write_serves_a_client_that_waits(start: Any):
    server = start("thread")
    client = server.client(socket_timeout=None)
    got: list[Any] = []
    waiting = threading.Thread(target=lambda: got.append(client.blpop("queue", timeout=0)))
    waiting.start()
    while not server.call(lambda: server.engine.waiting.waiters):
        pass
    server.db[0]["queue"] = ["job"]
    waiting.join(10)
    assert got == [(b"queue", b"job")] or got == [[b"queue", b"job"]]


def test_many_threads_use_one_server(start: Any):
    server = start("thread")
    database = server.db[0]

    def work(number: int) -> None:
        for count in range(20):
            database[f"{number}:{count}"] = [number] * 3
            assert database[f"{number}:{count}"] == [b"%d" % number] * 3

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(database) == 80


def test_what_comes_after_a_value_is_logged() -> None:
    class Log(LogSink):
        def __init__(self) -> None:
            self.commands: list[list[bytes]] = []

        def append(self, db_index: int, argv: list[bytes], raw: bytes | None) -> None:
            self.commands.append(argv)

        def append_block(self, commands: list[Replay]) -> None:
            self.commands += [command.argv for command in commands]

    server = MemoryServer()
    log = Log()
    server.engine.log_sinks.append(log)
    server.engine.refresh_listening()
    database = Database(Direct(server.engine), 0, lambda work: work(), True)
    database["l"] = ["a"]
    server.connect().call(b"SET", b"after", b"1")
    database["s"] = "text"
    assert log.commands[-2:] == [[b"SET", b"after", b"1"], [b"SET", b"s", b"text"]]
