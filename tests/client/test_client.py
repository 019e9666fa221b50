"""The client of one server, over a network in memory."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.defer import CancelledError, Deferred, gatherResults

from miniredis.client.errors import (
    AuthenticationError,
    ClientClosed,
    CommandError,
    ConnectionFailed,
    ConnectionLost,
    ExecAborted,
    Loading,
    ReplyTimeout,
    TooManyWaiting,
    UsageError,
    WatchError,
    WrongType,
)

from client.network import Network, ScriptedServer


@pytest.fixture
def network() -> Network:
    network = Network()
    network.serve()
    return network


def outcome(deferred: Deferred[Any]) -> list[Any]:
    found: list[Any] = []
    deferred.addBoth(found.append)
    return found


def test_a_call_returns_a_deferred_of_the_reply(network):
    client = network.client()
    assert network.wait(client.set("key", "value")) == b"OK"
    assert network.wait(client.get("key")) == b"value"
    assert network.wait(client.incr("n")) == 1
    assert network.wait(client.get("missing")) is None


def test_calls_may_be_awaited(network):
    client = network.client()

    async def work() -> Any:
        await client.hset("h", {"a": 1, "b": 2})
        return await client.hgetall("h")

    assert network.wait(work()) == {b"a": b"1", b"b": b"2"}


def test_replies_are_text_when_asked_for(network):
    client = network.client("redis://localhost?decode_responses=yes")
    network.wait(client.rpush("list", "ä", b"\xff"))
    items = network.wait(client.lrange("list", 0, -1))
    assert items == ["ä", "\udcff"]
    network.wait(client.rpush("list", items[1]))
    raw = network.client()
    assert network.wait(raw.lindex("list", 2)) == b"\xff"


def test_calls_of_one_turn_leave_in_one_write(network):
    client = network.client()
    network.wait(client.ping())
    wire = network.alive()[0]
    before = len(wire.writes)
    assert network.wait(gatherResults([client.incr("n") for _ in range(100)])) == list(range(1, 101))
    assert len(wire.writes) == before + 1


def test_resp2_is_spoken_when_the_server_knows_no_hello():
    def answer(words: list[bytes]) -> bytes:
        return b"-ERR unknown command 'HELLO'\r\n" if words[0] == b"HELLO" else b"+OK\r\n"

    network = Network()
    old = network.serve(server=ScriptedServer(answer))
    client = network.client("redis://:secret@localhost/4", client_name="me")
    assert network.wait(client.set("a", 1)) == b"OK"
    after_hello = old.calls[-4:]
    assert after_hello[0] == [b"AUTH", b"secret"]
    assert after_hello[1:3] == [[b"CLIENT", b"SETNAME", b"me"], [b"SELECT", b"4"]]


def test_resp2_when_wanted(network):
    client = network.client("redis://localhost?protocol=2")
    network.wait(client.hset("h", {"a": 1}))
    assert network.wait(client.execute("HGETALL", "h")) == [b"a", b"1"]
    assert network.wait(client.hgetall("h")) == {b"a": b"1"}


def test_database_and_name_are_set_on_each_connection(network):
    client = network.client("redis://localhost/3?client_name=worker")
    network.wait(client.set("a", 1))
    network.cut()
    assert network.wait(client.get("a"), 1) == b"1"
    assert network.wait(client.client_getname()) == b"worker"
    assert network.wait(network.client().get("a")) is None


def test_a_password_is_given_and_a_wrong_one_refused(network):
    network.wait(network.client().config_set({"requirepass": "secret"}))
    network.cut()
    assert network.wait(network.client("redis://:secret@localhost").ping()) == b"PONG"
    with pytest.raises(AuthenticationError):
        network.wait(network.client("redis://:wrong@localhost").ping())
    with pytest.raises(AuthenticationError):
        network.wait(network.client().get("a"))


def test_an_error_reply_is_an_exception_of_its_class(network):
    client = network.client()
    network.wait(client.set("text", "a"))
    with pytest.raises(WrongType, match="wrong kind"):
        network.wait(client.lpush("text", 1))
    with pytest.raises(CommandError) as caught:
        network.wait(client.execute("NOSUCH"))
    assert caught.value.code == "ERR"


def test_what_changes_the_shared_connection_is_refused(network):
    client = network.client()
    for words in (["SUBSCRIBE", "a"], ["multi"], ["CLIENT", "REPLY", "OFF"], ["SELECT", 1]):
        with pytest.raises(UsageError):
            network.wait(client.execute(*words))
    with pytest.raises(UsageError):
        network.wait(client.execute())
    with pytest.raises(UsageError):
        network.wait(client.set("a", True))


# Connections that come and go.


def test_calls_wait_for_a_connection(network):
    network.down.add(6379)
    client = network.client()
    found = outcome(client.ping())
    network.pump()
    network.down.clear()
    assert not found
    network.advance(1)
    assert found == [b"PONG"]


def test_waiting_ends_after_some_attempts(network):
    network.down.add(6379)
    client = network.client(attempts=3)
    with pytest.raises(ConnectionFailed, match="cannot connect"):
        network.wait(client.ping(), 10)
    assert network.attempts == 3
    network.down.clear()
    assert network.wait(client.ping(), 10) == b"PONG"


def test_pauses_between_attempts_grow_up_to_the_longest(network):
    network.down.add(6379)
    client = network.client(attempts=1000, first_pause=0.1, longest_pause=2.0)
    outcome(client.ping())
    network.advance(1)
    early = network.attempts
    assert 3 <= early <= 10
    network.advance(20)
    before = network.attempts
    network.advance(20)
    assert 10 <= network.attempts - before <= 20
    client.close()


def test_as_many_calls_wait_as_may(network):
    network.down.add(6379)
    client = network.client(most_waiting=2)
    found = [outcome(client.ping()) for _ in range(2)]
    with pytest.raises(TooManyWaiting):
        network.wait(client.ping())
    network.down.clear()
    network.advance(1)
    assert found == [[b"PONG"], [b"PONG"]]


def test_a_call_under_way_is_lost_with_its_connection_and_never_repeated(network):
    client = network.client()
    network.wait(client.ping())
    network.frozen.add(6379)
    found = outcome(client.incr("n"))
    network.pump()
    network.cut()
    assert found[0].check(ConnectionLost)
    network.frozen.clear()
    assert network.wait(client.get("n"), 1) == b"1"


def test_a_call_that_has_not_left_moves_to_the_next_connection(network):
    client = network.client()
    network.wait(client.ping())
    found = outcome(client.incr("n"))
    network.cut()
    network.advance(1)
    assert found == [1]


def test_a_call_is_repeated_when_that_was_allowed(network):
    client = network.client()
    network.wait(client.ping())
    network.frozen.add(6379)
    found = [outcome(client.execute("SET", "a", 1, retry=True)), outcome(client.get("a"))]
    network.pump()
    network.cut()
    network.frozen.clear()
    network.advance(1)
    assert found[0] == [b"OK"]
    assert found[1][0].check(ConnectionLost)


def test_reads_are_repeated_when_the_settings_say_so(network):
    client = network.client(retry_reads=True)
    network.wait(client.set("a", 1))
    network.frozen.add(6379)
    found = [outcome(client.get("a")), outcome(client.incr("a"))]
    network.pump()
    network.cut()
    network.frozen.clear()
    network.advance(1)
    assert found[0] == [b"2"]  # the INCR behind it had been done, though nobody knew
    assert found[1][0].check(ConnectionLost)


def test_repetition_ends(network):
    client = network.client(attempts=3)
    network.wait(client.ping())
    network.servers[6379] = ScriptedServer(lambda words: b"%0\r\n" if words[0] == b"HELLO" else b"")
    network.cut()
    found = outcome(client.execute("GET", "a", retry=True))
    for _ in range(4):
        network.advance(2)
        network.cut()
    assert found[0].check(ConnectionLost)


def test_no_reply_in_time_gives_the_connection_up(network):
    client = network.client(reply_timeout=2.0)
    network.wait(client.ping())
    network.frozen.add(6379)
    found = outcome(client.ping())
    network.advance(1.5)
    assert not found
    network.advance(1)
    assert found[0].check(ReplyTimeout)
    network.frozen.clear()
    assert network.wait(client.ping(), 1) == b"PONG"


def test_a_server_that_never_greets_is_given_up(network):
    network.frozen.add(6379)
    client = network.client(connect_timeout=1.0, attempts=2)
    with pytest.raises(ConnectionFailed):
        network.wait(client.ping(), 5)
    assert not network.alive()


def test_what_is_no_reply_ends_the_connection():
    network = Network()
    network.serve(server=ScriptedServer(lambda words: b"%0\r\n" if words[0] == b"HELLO" else b"HTTP/1.1\r\n"))
    client = network.client()
    with pytest.raises(ConnectionLost, match="no reply"):
        network.wait(client.ping())


def test_what_a_server_says_before_it_closes_is_told():
    network = Network()
    network.serve(server=ScriptedServer(lambda words: b"%0\r\n-ERR max number of clients reached\r\n"))
    client = network.client(attempts=1)
    with pytest.raises(ConnectionFailed, match="max number of clients"):
        network.wait(client.ping(), 1)


def test_a_server_that_loads_is_asked_again():
    answers = [b"-LOADING wait\r\n", b"-LOADING wait\r\n", b"$1\r\n1\r\n"]
    network = Network()
    network.serve(server=ScriptedServer(lambda words: b"%0\r\n" if words[0] == b"HELLO" else answers.pop(0)))
    client = network.client()
    assert network.wait(client.get("a"), 3) == b"1"
    answers += [b"-LOADING wait\r\n"] * 9
    with pytest.raises(Loading):
        network.wait(network.client(attempts=2).get("a"), 3)


def test_a_cancelled_call_leaves_the_others_their_replies(network):
    client = network.client()
    network.wait(client.ping())
    network.frozen.add(6379)
    first, second = client.incr("n"), client.incr("n")
    found = [outcome(first), outcome(second)]
    network.pump()
    first.cancel()
    network.frozen.clear()
    network.pump()
    assert found[0][0].check(CancelledError)
    assert found[1] == [2]


def test_a_call_that_is_cancelled_before_it_leaves_does_not_leave(network):
    client = network.client()
    network.wait(client.ping())
    client.incr("n").addErrback(lambda failure: failure.trap(CancelledError)).cancel()
    assert network.wait(client.incr("n")) == 1


def test_a_failed_dial_lets_the_next_in_line_try(network):
    network.down.add(6379)
    client = network.client(most_connections=1, attempts=1)
    found = [outcome(client.blpop("a", timeout=0)), outcome(client.blpop("b", timeout=0))]
    network.advance(1)
    assert [each[0].check(ConnectionFailed) for each in found] == [ConnectionFailed] * 2


def test_a_blocking_command_that_waits_for_its_turn_ends_with_the_client(network):
    client = network.client(most_connections=1)
    found = [outcome(client.blpop(key, timeout=0)) for key in ("a", "b")]
    network.pump()
    client.close()
    network.pump()
    assert found[0][0].check(ConnectionLost)
    assert found[1][0].check(ClientClosed)


def test_a_server_that_greets_and_hangs_up_is_not_run_after(network):
    network.serve(server=ScriptedServer(lambda words: b"%0\r\n" if words[0] == b"HELLO" else b""))
    client = network.client(attempts=4)
    found = outcome(client.execute("GET", "a", retry=True))
    for _ in range(200):
        network.pump()
        network.cut()
        network.clock.advance(0.01)
    assert found[0].check(ConnectionFailed, ConnectionLost)
    assert network.attempts <= 10


def test_a_listening_connection_is_kept_up_with_pauses(network):
    news = network.client(first_pause=0.5, longest_pause=1.0).subscriber()
    network.wait(news.subscribe("a"))
    network.down.add(6379)
    network.cut()
    before = network.attempts
    network.advance(20)
    assert 10 <= network.attempts - before <= 45
    news.close()
    network.advance(5)


def test_closing_ends_everything(network):
    async def work() -> None:
        async with network.client() as client:
            await client.ping()
            with pytest.raises(UsageError):
                await client.transact(None, attempts=0)
        with pytest.raises(ClientClosed):
            await client.ping()
        with pytest.raises(ClientClosed):
            await client.blpop("a", timeout=0)

    network.wait(work())
    assert not network.alive()
    network.down.add(6379)
    client = network.client()
    waiting = outcome(client.ping())
    network.pump()
    client.close()
    assert waiting[0].check(ClientClosed)
    network.advance(30)


def test_closing_while_it_connects(network):
    network.frozen.add(6379)
    client = network.client()
    waiting = outcome(client.ping())
    network.pump()
    client.close()
    network.pump()
    assert waiting[0].check(ClientClosed)
    assert not network.alive()


# Blocking commands.


def test_a_blocking_command_holds_nobody_up(network):
    client = network.client()
    popped = outcome(client.blpop("queue", timeout=0))
    network.pump()
    assert network.wait(client.ping()) == b"PONG"
    network.wait(client.rpush("queue", "job"))
    assert popped == [[b"queue", b"job"]]
    assert len(network.alive()) == 2
    assert network.wait(client.blpop("queue", timeout=0.1), 1) is None
    assert len(network.alive()) == 2  # the same connection again


def test_a_blocking_command_that_is_cancelled_takes_nothing(network):
    client = network.client()
    blocked = client.blpop("queue", timeout=0)
    found = outcome(blocked)
    network.pump()
    blocked.cancel()
    network.pump()
    assert found[0].check(CancelledError)
    network.wait(client.rpush("queue", "job"))
    assert network.wait(client.llen("queue")) == 1


def test_blocking_commands_wait_for_their_turn(network):
    client = network.client(most_connections=1)
    first = outcome(client.blpop("a", timeout=0))
    second = outcome(client.blpop("b", timeout=0))
    network.wait(client.rpush("b", 2))
    assert not second
    network.wait(client.rpush("a", 1))
    assert (first, second) == ([[b"a", b"1"]], [[b"b", b"2"]])


def test_a_blocking_command_dials_again_when_that_fails(network):
    network.down.add(6379)
    client = network.client()
    found = outcome(client.blpop("a", timeout=0))
    network.pump()
    network.down.clear()
    network.advance(1)
    network.wait(client.rpush("a", 1))
    assert found == [[b"a", b"1"]]
    network.down.add(6379)
    network.cut()
    with pytest.raises(ConnectionFailed):
        network.wait(client.blpop("a", timeout=0), 10)


def test_an_idle_connection_that_broke_is_not_used(network):
    client = network.client()
    network.wait(client.rpush("a", 1, 2))
    network.wait(client.blpop("a", timeout=0))
    network.cut()
    assert network.wait(client.blpop("a", timeout=0), 1) == [b"a", b"2"]


# Several commands as one.


def test_a_transaction_is_one_write(network):
    client = network.client()

    async def work() -> Any:
        async with client.transaction() as tx:
            tx.set("a", 1)
            later = tx.incr("a")
            assert len(tx) == 2
        return tx.results, await later

    assert network.wait(work()) == ([b"OK", 2], 2)
    wire = network.alive()[0]
    assert wire.writes[-1].startswith(b"*1\r\n$5\r\nMULTI") and wire.writes[-1].endswith(b"EXEC\r\n")


def test_a_transaction_with_a_refused_command_does_nothing(network):
    client = network.client()

    async def work() -> None:
        async with client.transaction() as tx:
            tx.set("a", 1)
            tx.execute("NOSUCH")

    with pytest.raises(ExecAborted, match="NOSUCH was refused"):
        network.wait(work())
    assert network.wait(client.get("a")) is None


def test_an_error_within_a_transaction_is_raised_or_a_result(network):
    client = network.client()

    async def work(raise_errors: bool) -> list[Any]:
        tx = client.transaction()
        tx.set("a", "text")
        tx.incr("a")
        found: list[Any] = await tx.execute_all(raise_errors=raise_errors)
        return found

    with pytest.raises(CommandError, match="not an integer"):
        network.wait(work(True))
    assert isinstance(network.wait(work(False))[1], CommandError)


def test_nothing_is_sent_when_the_body_fails(network):
    client = network.client()
    found: list[list[Any]] = []

    async def work() -> None:
        async with client.pipeline() as pipe:
            found.append(outcome(pipe.set("a", 1)))
            raise KeyError

    with pytest.raises(KeyError):
        network.wait(work())
    assert found[0][0].check(KeyError)
    assert network.wait(client.get("a")) is None


def test_a_pipeline_is_sent_once(network):
    client = network.client()
    pipe = client.pipeline()
    assert network.wait(pipe.execute_all()) == []
    pipe = client.pipeline()
    pipe.set("a", 1)
    pipe.get("a")
    assert network.wait(pipe.execute_all()) == [b"OK", b"1"]
    with pytest.raises(UsageError):
        pipe.get("a")
    for name in ("BLPOP", "SUBSCRIBE"):
        pipe = client.pipeline()
        pipe.execute(name, "a", 0)
        with pytest.raises(UsageError):
            network.wait(pipe.execute_all())


def test_watch_sees_what_others_did(network):
    client = network.client()

    async def work(interfere: bool) -> Any:
        async with client.watch("n") as tx:
            value = int(await tx.get("n") or 0)
            if interfere:
                await client.set("n", 10)
            tx.multi()
            tx.set("n", value + 1)
        return tx.results

    assert network.wait(work(False)) == [b"OK"]
    with pytest.raises(WatchError):
        network.wait(work(True))
    assert network.wait(client.get("n")) == b"10"
    assert network.wait(work(False)) == [b"OK"]
    assert len(network.alive()) == 2


def test_watch_is_let_go_when_the_body_fails(network):
    client = network.client()

    async def work() -> None:
        async with client.watch("n") as tx:
            tx.multi()
            tx.set("n", 1)
            raise KeyError

    with pytest.raises(KeyError):
        network.wait(work())
    assert network.wait(client.get("n")) is None
    tx = client.watch("n")
    with pytest.raises(UsageError):
        tx.get("n")


def test_watch_without_a_transaction_and_with_a_lost_connection(network):
    client = network.client()

    async def look() -> Any:
        async with client.watch("n") as tx:
            return await tx.get("n")

    assert network.wait(look()) is None

    async def broken() -> None:
        async with client.watch("n") as tx:
            network.cut()
            tx.multi()
            tx.set("n", 1)

    with pytest.raises(ConnectionLost):
        network.wait(broken(), 1)
    assert network.wait(client.get("n"), 1) is None

    async def refused() -> None:
        async with client.watch() as tx:
            await tx.get("n")

    with pytest.raises(CommandError):
        network.wait(refused(), 1)


def test_transact_repeats_what_others_spoilt(network):
    client = network.client()
    tries = 0

    async def work(tx: Any) -> None:
        nonlocal tries
        tries += 1
        value = int(await tx.get("n") or 0)
        if tries < 3:
            await client.incr("n")
        tx.multi()
        tx.set("n", value + 100)

    assert network.wait(client.transact(work, "n")) == [b"OK"]
    assert (tries, network.wait(client.get("n"))) == (3, b"102")
    tries = -5
    with pytest.raises(WatchError):
        network.wait(client.transact(work, "n", attempts=2))


# Scripts and scans.


def test_a_script_is_sent_by_its_sha(network):
    client = network.client()
    script = client.script("return {KEYS[1], ARGV[1]}")
    assert network.wait(script(["k"], ["a"])) == [b"k", b"a"]
    assert network.wait(script(["k"], ["b"])) == [b"k", b"b"]
    sent = b"".join(network.alive()[0].writes)
    assert sent.count(b"return {KEYS") == 1
    network.wait(client.script_flush())
    assert network.wait(script(["k"], ["c"])) == [b"k", b"c"]


def test_a_script_among_gathered_commands_is_sent_with_its_text(network):
    client = network.client()

    async def work() -> Any:
        async with client.transaction() as tx:
            tx.set("n", 1)
            later = tx.script("return redis.call('INCRBY', KEYS[1], ARGV[1])")(["n"], [4])
        return await later, tx.results

    assert network.wait(work()) == (5, [b"OK", 5])


@pytest.mark.parametrize("protocol", [2, 3])
def test_gathered_commands_have_the_types_of_their_methods(network, protocol):
    client = network.client(protocol=protocol)

    async def work() -> Any:
        async with client.pipeline() as pipe:
            pipe.zadd("z", [(1, "a")])
            later = pipe.zrange("z", 0, -1, withscores=True)
            pipe.execute("ZRANGE", "z", 0, -1)
        async with client.watch("z") as tx:
            at_once = await tx.zscore("z", "a")
            tx.multi()
            tx.zscore("z", "a")
        return await later, pipe.results, at_once, tx.results

    assert network.wait(work()) == ([(b"a", 1.0)], [1, [(b"a", 1.0)], [b"a"]], 1.0, [1.0])


def test_scans_go_through_everything(network):
    client = network.client()

    async def work() -> Any:
        for number in range(50):
            await client.set(f"key:{number}", 1)
        await client.hset("h", {"a": 1, "b": 2})
        await client.sadd("s", "x", "y")
        await client.zadd("z", [(1.5, "m")])
        keys = {key async for key in client.scan_iter("key:*", count=7, type="string")}
        fields = {pair async for pair in client.hscan_iter("h")}
        members = {member async for member in client.sscan_iter("s", "x*")}
        scores = [pair async for pair in client.zscan_iter("z", "m")]
        return len(keys), fields, members, scores

    assert network.wait(work()) == (50, {(b"a", b"1"), (b"b", b"2")}, {b"x"}, [(b"m", 1.5)])


def test_exclusive_connections(network):
    client = network.client()
    connection = network.wait(client.exclusive())
    client.release(connection)
    assert network.wait(client.exclusive()) is connection
    client.moved("it went away")
    network.pump()
    assert not network.alive()
