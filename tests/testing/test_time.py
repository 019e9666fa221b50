"""Time in the hands of a test."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import redis
from twisted.internet.task import Clock, LoopingCall

from miniredis.testing import MiniRedis
from miniredis.testing.clock import ClockReactor, MovableClock

Start = Callable[..., MiniRedis]


class ManualReactor(Clock):
    """A reactor that turns when it is told to."""

    def callFromThread(self, call: Callable[..., object], *args: Any) -> None:
        self.callLater(0, call, *args)

    def turn(self) -> None:
        while any(call.getTime() <= self.seconds() for call in self.getDelayedCalls()):
            self.advance(0)


@pytest.fixture
def reactor() -> ManualReactor:
    return ManualReactor()


@pytest.fixture
def clock(reactor: ManualReactor) -> MovableClock:
    return MovableClock(reactor, frozen=True)


def test_keys_expire_when_time_has_passed(server: MiniRedis):
    client = server.client()
    client.set("key", "v", ex=600)
    server.fast_forward(300)
    assert client.get("key") == b"v"
    server.fast_forward(300)
    assert client.get("key") is None


def test_keys_expire_without_being_asked_for(server: MiniRedis):
    server.client().set("key", "v", ex=60)
    server.fast_forward(61)
    assert server.call(lambda: server.engine.keyspace.databases[0].table.size()) == 0


def test_the_wall_clock_can_be_set(server: MiniRedis):
    server.set_time(datetime(2031, 5, 1, tzinfo=UTC))
    client = server.client()
    assert abs(client.time()[0] - datetime(2031, 5, 1, tzinfo=UTC).timestamp()) < 60
    client.set("key", "v", exat=2_000_000_000)
    server.set_time(2_000_000_001.0)
    assert client.get("key") is None
    assert abs(server.time() - 2_000_000_001) < 60


def test_time_can_stand_still(start: Start):
    server = start("thread", frozen=True)
    client = server.client()
    assert client.time() == client.time()
    client.set("key", "v", px=1)
    assert client.get("key") == b"v"
    server.fast_forward(0.001)
    assert client.get("key") is None
    before = client.time()
    client.execute_command("DEBUG", "SLEEP", "2")
    assert client.time()[0] - before[0] == 2


def test_a_waiting_client_times_out(start: Start):
    server = start("thread")
    client = server.client(socket_timeout=None)
    got: list[Any] = []
    waiting = threading.Thread(target=lambda: got.append(client.blpop("queue", timeout=3600)))
    waiting.start()
    while not server.call(lambda: server.engine.waiting.waiters):
        pass
    server.fast_forward(3601)
    waiting.join(10)
    assert got == [None]


def test_a_script_that_runs_for_too_long_is_seen_by_others(start: Start):
    server = start("thread")
    client = server.client(socket_timeout=None, retry=None)
    failed: list[str] = []

    def loop() -> None:
        try:
            client.eval("while true do end", 0)
        except redis.RedisError as problem:
            failed.append(str(problem))

    waiting = threading.Thread(target=loop)
    waiting.start()
    runner: Any = server.engine.scripting
    while runner.run is None:
        pass
    server.fast_forward(10)
    other = server.client(retry=None)
    with pytest.raises(redis.RedisError, match="BUSY"):
        while other.get("key") is None:
            pass
    other.script_kill()
    waiting.join(10)
    assert "killed" in failed[0]


def test_in_memory_waiting_makes_time_pass():
    with MiniRedis("memory") as server:
        client = server.client()
        before = server.time()
        assert client.blpop("queue", timeout=3600) is None
        assert server.time() - before == 3600


def test_in_memory_what_nothing_can_answer_times_out_at_once():
    with MiniRedis("memory") as server:
        with pytest.raises(redis.TimeoutError):
            server.client().blpop("queue", timeout=0)
        before = server.time()
        with pytest.raises(redis.TimeoutError):
            server.client(socket_timeout=2).blpop("queue", timeout=60)
        assert server.time() - before >= 2


def test_the_timers_of_a_cluster_move(start: Start):
    server = start("thread", frozen=True, cluster_enabled=True)
    client = server.client()
    client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
    server.fast_forward(1)
    assert b"cluster_state:fail" in client.execute_command("CLUSTER", "INFO", NEVER_DECODE=[])
    server.fast_forward(2)
    assert b"cluster_state:ok" in client.execute_command("CLUSTER", "INFO", NEVER_DECODE=[])


def test_the_timers_of_a_sentinel_move(start: Start):
    primary = start("thread")
    sentinel = start(
        "thread",
        frozen=True,
        sentinel=[f"monitor main 127.0.0.1 {primary.port} 2", "down-after-milliseconds main 30000"],
    )
    client = sentinel.client()

    def is_down() -> bool:
        return bool(client.sentinel_master("main")["is_sdown"])

    sentinel.fast_forward(60)
    assert not is_down()
    primary.stop()
    sentinel.fast_forward(20)
    assert not is_down()
    sentinel.fast_forward(20)
    assert is_down(), client.sentinel_master("main")


# -- the clock alone


def test_calls_on_the_way_see_their_own_time(reactor: ManualReactor, clock: MovableClock):
    began = clock.seconds()
    seen: list[float] = []
    for delay in (3.0, 1.0, 2.0, 9.0):
        clock.callLater(delay, lambda: seen.append(round(clock.seconds() - began, 3)))
    done: list[object] = []
    clock.advance(5).addCallback(done.append)
    reactor.turn()
    assert seen == [1.0, 2.0, 3.0]
    assert done == [None]
    assert round(clock.seconds() - began, 3) == 5.0
    assert len(clock.getDelayedCalls()) == 1


def test_a_long_way_ends_in_a_leap(reactor: ManualReactor, clock: MovableClock):
    calls: list[float] = []
    loop = LoopingCall(lambda: calls.append(clock.seconds()))
    loop.clock = clock
    loop.start(0.1, now=False)
    clock.advance(86400 * 365)
    reactor.turn()
    assert 1000 <= len(calls) <= 1002
    loop.stop()


@pytest.mark.parametrize("interval", [0.1, 1 / 3, 0.0007])
def test_periodic_work_is_done_once_a_period(reactor: ManualReactor, clock: MovableClock, interval: float):
    calls: list[float] = []
    loop = LoopingCall(lambda: calls.append(clock.seconds()))
    loop.clock = clock
    loop.start(interval, now=False)
    clock.advance(interval * 300.5)
    reactor.turn()
    assert len(calls) == 300
    loop.stop()


def test_a_call_that_fails_harms_no_other(reactor: ManualReactor, clock: MovableClock):
    made: list[str] = []
    clock.callLater(1, lambda: made.append("first"))
    clock.callLater(1.0, _fail)
    clock.callLater(1.1, lambda: made.append("last"))
    clock.advance(2)
    reactor.turn()
    assert made == ["first", "last"]


def _fail() -> None:
    raise ValueError("this call always fails")


def test_a_cancelled_call_is_not_made(reactor: ManualReactor, clock: MovableClock):
    made: list[str] = []
    second = clock.callLater(1, made.append, "second")
    clock.callLater(1, made.append, "third").reset(5)
    clock._calls.insert(0, clock._calls.pop())
    first = clock.callLater(0.999, second.cancel)
    assert first.active()
    clock.advance(2)
    reactor.turn()
    assert made == []
    clock.stop()
    assert clock.getDelayedCalls() == []


def test_time_that_goes_on_wakes_the_reactor(reactor: ManualReactor):
    clock = MovableClock(reactor)
    made: list[str] = []
    clock.callLater(30, made.append, "later")
    clock.callLater(10, made.append, "sooner")
    assert 9 < reactor.getDelayedCalls()[0].getTime() <= 10
    clock.shift(11)
    reactor.turn()
    assert made == ["sooner"]
    clock.stop()
    assert reactor.getDelayedCalls() == []


def test_time_does_not_go_back(clock: MovableClock):
    with pytest.raises(ValueError, match="forward"):
        clock.advance(-1)


def test_a_reactor_with_another_time_is_the_same_otherwise(reactor: ManualReactor, clock: MovableClock):
    both = ClockReactor(reactor, clock)
    assert both.seconds() == clock.seconds()
    assert both.turn == reactor.turn
