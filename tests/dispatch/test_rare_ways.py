"""Ways through the engine that few commands take."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from miniredis.config.config import Config
from miniredis.datatypes.discarded import DISCARDED
from miniredis.datatypes.shards import new_shard
from miniredis.dispatch.freeing import PAUSE_SECONDS, Freeing
from miniredis.dispatch.gates import GATE_BUSY
from miniredis.dispatch.port import TimeSource
from miniredis.dispatch.rules import Rule
from miniredis.resp.errors import ReplyError
from miniredis.testing.memory import MemoryServer


def test_a_drawn_reply_reaches_a_client_that_leaves_no_trace():
    server = MemoryServer()
    client = server.connect()
    client.call(b"SADD", b"s", b"a", b"b")
    client.call(b"CLIENT", b"NO-TOUCH", b"ON")
    assert client.call(b"SRANDMEMBER", b"s", b"-300000").count(b"\r\n") == 1 + 2 * 300_000
    assert client.call(b"PING") == b"+PONG\r\n"


def test_what_a_script_asks_of_acl_is_not_logged():
    server = MemoryServer()
    client = server.connect()
    client.call(b"ACL", b"SETUSER", b"few", b"on", b"nopass", b"~*", b"+eval", b"+get")
    few = server.connect()
    few.call(b"AUTH", b"few", b"x")
    script = b"return {redis.acl_check_cmd('get', 'k') and 1 or 0, redis.acl_check_cmd('set', 'k', 'v') and 1 or 0}"
    assert few.call(b"EVAL", script, b"0") == b"*2\r\n:1\r\n:0\r\n"
    assert client.call(b"ACL", b"LOG") == b"*0\r\n"


def test_clients_within_their_limit_stay():
    server = MemoryServer()
    client = server.connect()
    assert client.call(b"CONFIG", b"SET", b"maxmemory-clients", b"100mb") == b"+OK\r\n"
    server.engine.client_limits.look_at_all()
    assert client.call(b"PING") == b"+PONG\r\n"


def test_the_table_of_a_value_is_described():
    config = Config()
    config.assign("enable-debug-command", b"yes")
    client = MemoryServer(config).connect()
    client.call(b"CONFIG", b"SET", b"hash-max-listpack-entries", b"1")
    client.call(b"HSET", b"h", b"a", b"1", b"b", b"2")
    assert b"number of elements: 2" in client.call(b"DEBUG", b"HTSTATS-KEY", b"h")


class Busy(Rule):
    """A script runs."""

    def apply(self, session: object, command: object, argv: list[bytes]) -> object:
        raise ReplyError(b"BUSY a script runs")


def test_only_a_stop_without_saving_ends_a_busy_script():
    server = MemoryServer()
    client = server.connect()
    server.engine.rules[GATE_BUSY] = Busy()
    server.engine.gates |= GATE_BUSY
    assert client.call(b"SHUTDOWN").startswith(b"-BUSY ")


def test_a_stop_can_wait_for_replicas():
    server = MemoryServer()
    client = server.connect()
    waiting: Deferred[object] = Deferred()
    server.engine.shutdown = lambda request: waiting
    assert client.call(b"SHUTDOWN", b"NOSAVE") == b""
    waiting.callback(ReplyError(b"ERR the stop was given up"))
    server.end_turn()
    assert client.received() == b"-ERR the stop was given up\r\n"


class TestFreeing:
    """Slices of time for what is gone."""

    def setup_method(self) -> None:
        self.clock = Clock()
        self.ticks = 0
        self.freeing = Freeing(TimeSource(lambda: 0, self.now_ns, self.clock.callLater, lambda seconds: None))
        while DISCARDED.free(1 << 30):
            pass

    def now_ns(self) -> int:
        self.ticks += 1_000_000
        return self.ticks

    def fill(self, tables: int) -> None:
        for _ in range(tables):
            DISCARDED.add([new_shard() for _ in range(100)], 100)

    def test_nothing_is_waited_for_where_nothing_is_to_be_freed(self) -> None:
        assert self.freeing.finish() is None

    def test_a_slice_ends_with_its_time_and_goes_on_later(self) -> None:
        self.fill(50)
        waiting = self.freeing.finish()
        assert waiting is not None
        done: list[object] = []
        waiting.addCallback(done.append)
        turns = 0
        while not done:
            self.clock.advance(PAUSE_SECONDS)
            turns += 1
        assert turns > 10
        assert DISCARDED.pending == 0

    def test_a_stop_ends_the_slices(self) -> None:
        self.fill(50)
        self.freeing.begin()
        self.freeing.stop()
        assert self.clock.getDelayedCalls() == []
        self.freeing.stop()


def test_of_many_silent_clients_a_round_looks_at_some_and_a_second_at_all():
    config = Config()
    config.assign("hz", b"5")
    server = MemoryServer(config)
    clients = [server.connect() for _ in range(2000)]
    limits = server.engine.client_limits
    assert clients[0].call(b"CONFIG", b"SET", b"timeout", b"10") == b"+OK\r\n"
    server.advance(11)
    left = []
    for _ in range(5):
        limits.look_at_all()
        server.run_woken()
        left.append(sum(not client.is_closed for client in clients))
    assert left == [1599, 1198, 797, 396, 0]


def test_a_client_that_left_between_two_rounds_is_not_looked_at():
    server = MemoryServer()
    clients = [server.connect() for _ in range(600)]
    limits = server.engine.client_limits
    assert clients[0].call(b"CONFIG", b"SET", b"timeout", b"10") == b"+OK\r\n"
    server.advance(11)
    said: list[str] = []
    server.engine.log = lambda level, text: said.append(text)
    limits.look_at_all()
    clients[0].disconnect()
    for _ in range(2):
        limits.look_at_all()
    assert said.count("Closing idle client") == 599


def test_rates_are_sampled_ten_times_a_second_however_often_there_is_time():
    server = MemoryServer()
    client = server.connect()
    for number in range(500):
        if number % 50 == 0:
            client.call(b"PING")
        server.engine.sample_rates()
        server.advance(0.002)
    assert 8 < server.engine.rates.commands.per_second() < 12
