"""Sorted set commands in process: what is replayed, who waits how long, chance; replies are in the oracle tests."""

from __future__ import annotations

from collections import Counter

import pytest

from miniredis.dispatch.sinks import LogSink, Replay

from commands.conftest import CommandClient, CommandServer, ServerClock

NULL_ARRAY = b"*-1\r\n"


class ReplayLog(LogSink):
    """Keeps what would go to the append-only file."""

    def __init__(self) -> None:
        self.commands: list[bytes] = []

    def append(self, db_index: int, argv: list[bytes], raw: bytes | None) -> None:
        self.commands.append(b" ".join(argv))

    def append_block(self, commands: list[Replay]) -> None:
        self.commands.append(b"MULTI " + b" | ".join(b" ".join(each.argv) for each in commands))


@pytest.fixture
def log(server: CommandServer) -> ReplayLog:
    made = ReplayLog()
    server.engine.log_sinks.append(made)
    server.engine.refresh_listening()
    return made


def test_a_set_lives_as_long_as_it_has_members(client: CommandClient) -> None:
    assert client.run("ZADD z 1 a 2 b") == b":2\r\n"
    assert client.run("ZREM z a b c") == b":2\r\n"
    assert client.run("EXISTS z") == b":0\r\n"


def test_replies_by_protocol_version(client: CommandClient) -> None:
    client.run("ZADD z 1.5 a")
    assert client.run("ZRANGE z 0 -1 WITHSCORES") == b"*2\r\n$1\r\na\r\n$3\r\n1.5\r\n"
    assert client.resp3.run("ZRANGE z 0 -1 WITHSCORES") == b"*1\r\n*2\r\n$1\r\na\r\n,1.5\r\n"
    assert client.resp3.run("ZSCORE z a") == b",1.5\r\n"
    assert client.resp3.run("ZPOPMIN z") == b"*2\r\n$1\r\na\r\n,1.5\r\n"


def test_wrong_types_are_refused(client: CommandClient) -> None:
    client.run("SET s x")
    for command in ("ZADD s 1 a", "ZADD s NX 1 a", "ZRANGE s 0 -1", "ZPOPMIN s", "ZUNION 1 s", "BZPOPMIN s 0"):
        assert client.run(command).startswith(b"-WRONGTYPE"), command


def test_a_changed_set_keeps_its_expiry_and_a_stored_one_loses_it(client: CommandClient) -> None:
    client.run("ZADD z 1 a")
    client.run("EXPIRE z 100")
    client.run("ZADD z 2 b")
    assert client.run("TTL z") == b":100\r\n"
    client.run("ZUNIONSTORE z 1 z")
    assert client.run("TTL z") == b":-1\r\n"


def test_encodings_follow_the_limits(client: CommandClient) -> None:
    client.run("CONFIG SET zset-max-listpack-entries 3 zset-max-listpack-value 5")
    client.run("ZADD z 1 a 2 b 3 c")
    assert client.run("OBJECT ENCODING z") == b"$8\r\nlistpack\r\n"
    client.run("ZRANGESTORE stored z 0 -1")
    client.run("ZADD z 4 d")
    assert client.run("OBJECT ENCODING z") == b"$8\r\nskiplist\r\n"
    client.run("ZRANGESTORE large z 0 -1")
    client.run("ZADD long 1 sixsix")
    client.run("ZINTERSTORE union 1 z")
    encodings = [client.run(f"OBJECT ENCODING {key}")[4:12] for key in ("stored", "large", "long", "union")]
    assert encodings == [b"listpack", b"skiplist", b"skiplist", b"skiplist"]


def test_changes_are_replayed_as_they_came(client: CommandClient, log: ReplayLog) -> None:
    for command in ("ZADD z 1 a 2 b 3 c", "ZINCRBY z 2 a", "ZADD z NX 1 a", "ZREM z b", "ZREM z nobody", "ZPOPMIN z"):
        client.run(command)
    assert log.commands == [b"ZADD z 1 a 2 b 3 c", b"ZINCRBY z 2 a", b"ZREM z b", b"ZPOPMIN z"]


def test_a_pop_from_the_first_of_many_is_replayed_for_that_key(client: CommandClient, log: ReplayLog) -> None:
    client.run("ZADD z 1 a 2 b 3 c 4 d 5 e")
    client.run("ZMPOP 2 none z MIN COUNT 2")
    client.run("ZMPOP 2 none z MAX COUNT 200")
    client.run("ZADD z 1 a 2 b")
    client.run("BZPOPMIN none z 0")
    client.run("BZMPOP 0 2 none z MAX")
    assert log.commands[1:] == [b"ZPOPMIN z 2", b"ZPOPMAX z 3", b"ZADD z 1 a 2 b", b"ZPOPMIN z", b"ZPOPMAX z 1"]


def test_a_served_wait_is_replayed_after_what_served_it(
    client: CommandClient, server: CommandServer, log: ReplayLog
) -> None:
    waiting = server.client()
    assert waiting.run("BZPOPMAX z 0") == b""
    client.run("ZADD z 1 a 2 b")
    assert waiting.drain() == [b"*3\r\n$1\r\nz\r\n$1\r\nb\r\n$1\r\n2\r\n"]
    assert log.commands == [b"ZADD z 1 a 2 b", b"ZPOPMAX z"]


def test_geoadd_is_replayed_with_scores(client: CommandClient, log: ReplayLog) -> None:
    client.run("GEOADD g CH 13.361389 38.115556 Palermo")
    client.run("GEOADD g CH 13.361389 38.115556 Palermo")
    assert log.commands == [b"ZADD g CH 3479099956230698 Palermo"]


@pytest.mark.parametrize("command", ["BZPOPMIN none 1.5", "BZPOPMAX none 1.5", "BZMPOP 1.5 1 none MIN"])
def test_waiting_ends_to_the_millisecond(client: CommandClient, clock: ServerClock, command: str) -> None:
    assert client.run(command) == b""
    clock.advance(1.499)
    assert client.drain() == []
    clock.advance(0.001)
    assert client.drain() == [NULL_ARRAY]


def test_a_transaction_does_not_wait(client: CommandClient) -> None:
    client.run("MULTI")
    client.run("BZPOPMIN none 0")
    client.run("BZMPOP 0 1 none MAX")
    assert client.run("EXEC") == b"*2\r\n" + NULL_ARRAY * 2


def test_waiting_clients_ignore_other_types(client: CommandClient, server: CommandServer) -> None:
    waiting = server.client()
    assert waiting.run("BZPOPMIN z 0") == b""
    client.run("RPUSH z x")
    assert waiting.drain() == []
    client.run("DEL z")
    client.run("ZADD z 1 a")
    assert waiting.drain() == [b"*3\r\n$1\r\nz\r\n$1\r\na\r\n$1\r\n1\r\n"]


def test_waiting_clients_are_served_in_order_of_arrival(client: CommandClient, server: CommandServer) -> None:
    waiting = [server.client() for _ in range(3)]
    for each in waiting:
        assert each.run("BZMPOP 0 1 z MIN COUNT 2") == b""
    client.run("ZADD z 1 a 2 b 3 c")
    received = [each.drain() for each in waiting]
    assert received[0] == [b"*2\r\n$1\r\nz\r\n*2\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n*2\r\n$1\r\nb\r\n$1\r\n2\r\n"]
    assert received[1] == [b"*2\r\n$1\r\nz\r\n*1\r\n*2\r\n$1\r\nc\r\n$1\r\n3\r\n"]
    assert received[2] == []


@pytest.mark.parametrize("deed", ["RENAME source z", "COPY source z", "MULTI/ZADD z 7 g/EXEC", "ZDIFFSTORE z 1 source"])
def test_whatever_makes_the_key_serves(client: CommandClient, server: CommandServer, deed: str) -> None:
    client.run("ZADD source 7 g")
    waiting = server.client()
    assert waiting.run("BZPOPMIN z 0") == b""
    for command in deed.split("/"):
        client.run(command)
    assert waiting.drain() == [b"*3\r\n$1\r\nz\r\n$1\r\ng\r\n$1\r\n7\r\n"]


def members_of(reply: bytes) -> list[bytes]:
    return reply.split(b"\r\n")[2::2]


@pytest.mark.parametrize("size", [20, 400])
def test_random_members_are_uniform_and_different(client: CommandClient, size: int) -> None:
    client.run("ZADD z " + " ".join(f"{number} m{number}" for number in range(size)))
    seen: Counter[bytes] = Counter()
    rounds = 150 * size // 10
    for _ in range(rounds):
        chosen = members_of(client.run("ZRANDMEMBER z 10"))
        assert len(set(chosen)) == 10
        seen.update(chosen)
    expected = rounds * 10 / size
    assert len(seen) == size
    # Five standard deviations of a count that is nearly Poisson.
    assert all(abs(count - expected) < 5 * expected**0.5 for count in seen.values())


def test_random_members_may_repeat_with_a_negative_count(client: CommandClient) -> None:
    client.run("ZADD z 1 a 2 b")
    assert len(members_of(client.run("ZRANDMEMBER z -50"))) == 50
    reply = client.resp3.run("ZRANDMEMBER z -3 WITHSCORES")
    assert reply.startswith(b"*3\r\n*2\r\n$1\r\n")
    assert client.run("ZRANDMEMBER z") in (b"$1\r\na\r\n", b"$1\r\nb\r\n")


def test_scanning_a_large_set_returns_every_member_with_its_score(client: CommandClient) -> None:
    client.run("ZADD z " + " ".join(f"{number} m{number}" for number in range(1000)))
    cursor = b"0"
    found: dict[bytes, bytes] = {}
    while True:
        lines = client(b"ZSCAN", b"z", cursor, b"COUNT", b"50").split(b"\r\n")
        cursor = lines[2]
        found.update(zip(lines[5::4], lines[7::4], strict=False))
        if cursor == b"0":
            break
    assert found == {b"m%d" % number: b"%d" % number for number in range(1000)}


def test_changes_are_counted(client: CommandClient, server: CommandServer) -> None:
    client.run("ZADD z 1 a 2 b 3 c")
    assert server.engine.keyspace.effects.dirty == 3
    client.run("ZPOPMIN z 2")
    assert server.engine.keyspace.effects.dirty == 5
    client.run("ZREMRANGEBYRANK z 0 -1")
    assert server.engine.keyspace.effects.dirty == 6
