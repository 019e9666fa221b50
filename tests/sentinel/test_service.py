"""The sentinel in its process: its commands bytes in, bytes out; its links, ticks, scripts and file at the edge."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import DNSLookupError
from twisted.internet.testing import MemoryReactorClock, StringTransport

from miniredis.app.assembly import build_engine
from miniredis.config.config import Config
from miniredis.config.reader import ConfigError, read_lines
from miniredis.dispatch.port import Port, TimeSource
from miniredis.resp.encoder import encode_command
from miniredis.sentinel import watch
from miniredis.sentinel.scripts import LONGEST_QUEUE, MOST_RUNNING, MOST_TRIES, ScriptQueue
from miniredis.sentinel.service import WATCHDOG_S, SentinelEdge
from miniredis.sentinel.state_lines import write_state
from miniredis.sentinel.timing import Timing
from sentinel.test_watch import RUN_ID, hello

LINES = b"""
sentinel monitor m 10.0.0.1 6379 2
sentinel down-after-milliseconds m 1000
sentinel known-replica m 10.0.0.2 6379
sentinel known-sentinel m 10.0.1.2 26379 %s
""" % (b"a" * 40)


class Reactor(MemoryReactorClock):
    """Connections in memory, names from a table."""

    names: dict[str, str]

    def resolve(self, name: str, timeout: object = None) -> Deferred[str]:
        return succeed(self.names[name]) if name in self.names else fail(DNSLookupError(name))


class Client(Port):
    """One connection to the sentinel."""

    def __init__(self, edge: SentinelEdge) -> None:
        super().__init__()
        self.edge = edge
        self.session = edge.engine.connect(self)

    def __call__(self, text: str) -> bytes:
        engine = self.edge.engine
        engine.begin_turn()
        self.session.decoder.feed(encode_command(text.encode().split()))
        while engine.proceed(self.session, 10):
            pass
        return self.session.take_output()


def start(text: bytes = LINES, port: int = 26379) -> SentinelEdge:
    reactor: Any = Reactor()
    reactor.names = {"db.example": "10.0.0.9"}
    reactor.advance(1_700_000_000)
    config = Config(sentinel=True)
    config.load(read_lines(text))
    time = TimeSource(
        lambda: int(reactor.seconds() * 1_000_000),
        lambda: int(reactor.seconds() * 1e9),
        reactor.callLater,
        lambda seconds: None,
    )
    logged: list[str] = []
    engine = build_engine(config, time, Random(1), lambda level, line: logged.append(line))
    edge = SentinelEdge(engine, reactor)
    edge.logged = logged  # type: ignore[attr-defined]
    return edge


@pytest.fixture
def edge() -> SentinelEdge:
    return start()


@pytest.fixture
def client(edge: SentinelEdge) -> Client:
    return Client(edge)


def pairs(reply: bytes) -> dict[bytes, bytes]:
    """A flat array of bulk strings as a dict."""
    words = [line for line in reply.split(b"\r\n") if line and line[:1] not in b"$*"]
    return dict(zip(words[::2], words[1::2], strict=False))


# -- showing


def test_the_primary_is_shown_in_redis_fields(client):
    shown = client("SENTINEL PRIMARY m")
    for word in (b"name", b"ip", b"port", b"runid", b"flags", b"quorum", b"num-slaves", b"num-other-sentinels"):
        assert b"\r\n" + word + b"\r\n" in shown
    assert client("SENTINEL MASTERS").startswith(b"*1\r\n*40\r\n")
    assert client("SENTINEL PRIMARIES") == client("SENTINEL MASTERS")


def test_replicas_and_sentinels_are_shown(edge, client):
    assert b"10.0.0.2:6379" in client("SENTINEL REPLICAS m")
    assert client("SENTINEL SLAVES m") == client("SENTINEL REPLICAS m")
    shown = client("SENTINEL SENTINELS m")
    assert b"voted-leader\r\n$1\r\n?" in shown
    next(iter(edge.sentinel.primaries["m"].replicas.values())).is_announced = False
    assert client("SENTINEL REPLICAS m") == b"*0\r\n"


def test_what_is_rare_is_shown_only_when_it_holds(edge, client):
    primary = edge.sentinel.primaries["m"]
    assert b"s-down-time" not in client("SENTINEL PRIMARY m")
    primary.down_since_ms = primary.agreed_down_since_ms = edge.now_ms()
    primary.failover_state = "wait_start"
    primary.settings.notification_script = primary.settings.reconfiguration_script = b"/bin/true"
    shown = client("SENTINEL PRIMARY m")
    for word in (b"s-down-time", b"o-down-time", b"failover-state", b"notification-script", b"client-reconfig-script"):
        assert word in shown
    assert b"status=odown" in client("INFO sentinel")


@pytest.mark.parametrize(
    "command", ["MASTER", "REPLICAS", "SENTINELS", "CKQUORUM", "REMOVE", "FAILOVER", "SET x quorum 1; "]
)
def test_an_unknown_name_is_an_error(client, command):
    words = command.rstrip("; ") if "SET" in command else f"{command} x"
    assert client(f"SENTINEL {words}") == b"-ERR No such master with that name\r\n"


def test_addresses_by_name(edge, client):
    assert client("SENTINEL GET-MASTER-ADDR-BY-NAME m") == b"*2\r\n$8\r\n10.0.0.1\r\n$4\r\n6379\r\n"
    assert client("SENTINEL GET-PRIMARY-ADDR-BY-NAME x") == b"*-1\r\n"
    primary = edge.sentinel.primaries["m"]
    primary.promoted = next(iter(primary.replicas.values()))
    primary.failover_state = "reconf_slaves"
    assert b"10.0.0.2" in client("SENTINEL GET-PRIMARY-ADDR-BY-NAME m")


def test_the_state_written_in_a_failover_is_its_outcome(edge):
    primary = edge.sentinel.primaries["m"]
    primary.promoted = next(iter(primary.replicas.values()))
    primary.failover_state = "reconf_slaves"
    lines = write_state(edge.sentinel)
    assert [b"monitor", b"m", b"10.0.0.2", b"6379", b"2"] in lines
    assert [b"known-replica", b"m", b"10.0.0.1", b"6379"] in lines
    assert [b"known-replica", b"m", b"10.0.0.2", b"6379"] not in lines


def test_small_things(edge, client):
    assert client("SENTINEL MYID") == b"$40\r\n" + edge.sentinel.my_id + b"\r\n"
    assert client("SENTINEL HELP").startswith(b"*")
    assert client("SENTINEL PENDING-SCRIPTS") == b"*0\r\n"
    assert client("ROLE") == b"*2\r\n$8\r\nsentinel\r\n*1\r\n$1\r\nm\r\n"
    assert client("PING") == b"+PONG\r\n"
    assert client("GET a").startswith(b"-ERR unknown command")
    assert client("SENTINEL NOTHING").startswith(b"-ERR unknown subcommand")


def test_info(client):
    assert b"redis_mode:sentinel" in client("INFO")
    shown = client("INFO sentinel")
    assert b"master0:name=m,status=ok,address=10.0.0.1:6379,slaves=1,sentinels=2" in shown
    assert b"# Server" not in shown
    assert b"# CPU" in client("INFO everything")


def test_info_cache(edge, client):
    assert client("SENTINEL INFO-CACHE x") == b"*0\r\n"
    primary = edge.sentinel.primaries["m"]
    watch.take_information(edge.sentinel, primary, b"role:master\r\n", edge.now_ms())
    shown = client("SENTINEL INFO-CACHE m")
    assert b"role:master" in shown
    assert shown.endswith(b":0\r\n$-1\r\n")


def test_quorum(edge, client):
    assert client("SENTINEL CKQUORUM m").startswith(b"-NOQUORUM 1 usable Sentinels. Not enough available Sentinels to")
    edge.sentinel.remove_primary("m")
    client("SENTINEL MONITOR n 10.0.0.1 6379 1")
    assert client("SENTINEL CKQUORUM n").startswith(b"+OK 1 usable Sentinels.")


# -- changing


def test_monitor_and_remove(edge, client):
    assert client("SENTINEL MONITOR n 10.0.0.3 6379 1") == b"+OK\r\n"
    assert "+monitor master n 10.0.0.3 6379 quorum 1" in edge.logged
    assert client("SENTINEL REMOVE n") == b"+OK\r\n"
    assert [b"monitor", b"n", b"10.0.0.3", b"6379", b"1"] not in edge.engine.config.lines("sentinel")


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("n 10.0.0.3 6379 x", b"Invalid quorum"),
        ("n 10.0.0.3 x 1", b"Invalid port"),
        ("n 10.0.0.3 6379 0", b"Quorum must be 1 or greater."),
        ("m 10.0.0.3 6379 1", b"Duplicate master name."),
        ("n 10.0.0.3 0 1", b"Invalid port number."),
        ("n 10.0.0.3 65536 1", b"Invalid port number."),
        ("n db.example 6379 1", b"Invalid IP address or hostname specified"),
    ],
)
def test_what_cannot_be_monitored(client, words, text):
    assert client(f"SENTINEL MONITOR {words}") == b"-ERR " + text + b"\r\n"


def test_hostnames_are_looked_up_when_that_is_wanted(edge, client):
    assert client("SENTINEL CONFIG SET resolve-hostnames yes") == b"+OK\r\n"
    assert client("SENTINEL MONITOR n db.example 6379 1") == b"+OK\r\n"
    assert edge.sentinel.primaries["n"].address.ip == "10.0.0.9"
    assert b"Invalid IP address" in client("SENTINEL MONITOR o nowhere.example 6379 1")


def test_set_changes_options_and_keeps_them(edge, client):
    command = "SENTINEL SET m quorum 3 down-after-milliseconds 500 failover-timeout 9000 parallel-syncs 2"
    assert client(command + " auth-pass secret auth-user me master-reboot-down-after-period 7") == b"+OK\r\n"
    assert client("SENTINEL SET m rename-command CONFIG hidden") == b"+OK\r\n"
    kept = edge.engine.config.lines("sentinel")
    for line in (
        [b"monitor", b"m", b"10.0.0.1", b"6379", b"3"],
        [b"down-after-milliseconds", b"m", b"500"],
        [b"failover-timeout", b"m", b"9000"],
        [b"parallel-syncs", b"m", b"2"],
        [b"auth-pass", b"m", b"secret"],
        [b"auth-user", b"m", b"me"],
        [b"master-reboot-down-after-period", b"m", b"7"],
        [b"rename-command", b"m", b"config", b"hidden"],
    ):
        assert line in kept
    assert not any("secret" in line for line in edge.logged)
    client("SENTINEL SET m rename-command CONFIG config")
    assert not edge.sentinel.primaries["m"].settings.renamed


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("nonsense 1", b"Unknown option or number of arguments for SENTINEL SET 'nonsense'"),
        ("quorum 1 auth-pass", b"Unknown option or number of arguments for SENTINEL SET 'auth-pass'"),
        ("quorum 0", b"Invalid argument '0' for SENTINEL SET 'quorum'"),
        ("parallel-syncs x", b"Invalid argument 'x' for SENTINEL SET 'parallel-syncs'"),
        ("master-reboot-down-after-period -1", b"Invalid argument '-1'"),
        ("notification-script /bin/true", b"Reconfiguration of scripts path is denied"),
    ],
)
def test_what_cannot_be_set(client, words, text):
    assert client(f"SENTINEL SET m {words}").startswith(b"-ERR " + text)


def test_scripts_can_be_set_when_that_is_allowed():
    client = Client(start(LINES + b"sentinel deny-scripts-reconfig no\n"))
    assert client("SENTINEL SET m notification-script /bin/true client-reconfig-script /bin/true") == b"+OK\r\n"
    assert b"non existing or non executable" in client("SENTINEL SET m notification-script /none")
    lines = client.edge.engine.config.lines("sentinel")
    assert [b"deny-scripts-reconfig", b"no"] in lines
    assert [b"notification-script", b"m", b"/bin/true"] in lines


def test_options_of_the_sentinel(edge, client):
    assert client("SENTINEL CONFIG SET announce-ip 1.2.3.4 announce-port 99 sentinel-user u") == b"+OK\r\n"
    assert pairs(client("SENTINEL CONFIG GET announce-*"))[b"announce-port"] == b"99"
    assert pairs(client("SENTINEL CONFIG GET resolve-hostnames")) == {b"resolve-hostnames": b"no"}
    assert [b"announce-ip", b"1.2.3.4"] in edge.engine.config.lines("sentinel")
    assert client("SENTINEL CONFIG GET nonsense") == b"*0\r\n"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("SET foo bar", b"Invalid argument 'foo' to SENTINEL CONFIG SET"),
        ("SET announce-ip", b"Only SENTINEL CONFIG GET <option> / SET <option> <value> are supported."),
        ("SET announce-port 70000", b"Invalid value '70000' to SENTINEL CONFIG SET 'announce-port'"),
        ("SET announce-ip 1.1.1.1 resolve-hostnames maybe", b"Invalid value 'maybe' to SENTINEL CONFIG SET"),
        ("NAME x", b"Only SENTINEL CONFIG GET"),
    ],
)
def test_what_the_sentinel_refuses_to_be_set(edge, client, words, text):
    assert client(f"SENTINEL CONFIG {words}").startswith(b"-ERR " + text)
    assert edge.sentinel.announce_host == "", "all or nothing"


def test_debug_shows_and_changes_periods(edge, client):
    assert pairs(client("SENTINEL DEBUG"))[b"PING-PERIOD"] == b"1000"
    assert client("SENTINEL DEBUG ping-period 300 INFO-period 400") == b"+OK\r\n"
    assert (edge.sentinel.timing["ping-period"], edge.sentinel.timing["info-period"]) == (300, 400)
    assert client("SENTINEL DEBUG foo 1").startswith(b"-ERR Unknown option or number of arguments for SENTINEL DEBUG")
    assert client("SENTINEL DEBUG ping-period x").startswith(b"-ERR Invalid argument 'x' for SENTINEL DEBUG")
    assert client("SENTINEL DEBUG ping-period").startswith(b"-ERR Unknown option or number of arguments")


def test_reset(edge, client):
    assert client("SENTINEL RESET nothing*") == b":0\r\n"
    assert client("SENTINEL RESET M*") == b":1\r\n"
    primary = edge.sentinel.primaries["m"]
    assert not primary.replicas
    assert not primary.sentinels
    assert any(line.startswith("+reset-master") for line in edge.logged)


def test_failover_by_hand(edge, client):
    assert client("SENTINEL FAILOVER m").startswith(b"-NOGOODSLAVE")
    primary = edge.sentinel.primaries["m"]
    replica = next(iter(primary.replicas.values()))
    replica.link.commands = replica.link.subscription = Silent()
    replica.info_ms = edge.now_ms()
    assert client("SENTINEL FAILOVER m") == b"+OK\r\n"
    assert primary.is_forced
    assert client("SENTINEL FAILOVER m").startswith(b"-INPROG")


class Silent:
    """A connection that never answers."""

    def send(self, argv: list[bytes], on_reply: Callable[[object], None]) -> None:
        """Lost."""

    def local_host(self) -> str:
        return ""

    def close(self) -> None:
        """Nothing to close."""


def test_simulated_failures(edge, client):
    assert client("SENTINEL SIMULATE-FAILURE crash-after-election crash-after-promotion") == b"+OK\r\n"
    assert edge.sentinel.crash_after_election
    assert edge.sentinel.crash_after_promotion
    assert b"simulate_failure_flags:3" in client("INFO sentinel")
    assert client("SENTINEL SIMULATE-FAILURE foo").startswith(b"-ERR Unknown failure")
    assert b"crash-after-election" in client("SENTINEL SIMULATE-FAILURE help")


def test_questions_of_other_sentinels(client):
    assert client("SENTINEL IS-MASTER-DOWN-BY-ADDR 10.0.0.1 6379 0 *") == b"*3\r\n:0\r\n$1\r\n*\r\n:0\r\n"
    answer = client("SENTINEL IS-PRIMARY-DOWN-BY-ADDR 10.0.0.1 6379 4 " + "b" * 40)
    assert answer == b"*3\r\n:0\r\n$40\r\n" + b"b" * 40 + b"\r\n:4\r\n"
    assert client("SENTINEL IS-MASTER-DOWN-BY-ADDR 10.0.0.1 x 0 *").startswith(b"-ERR value is not an integer")
    assert client("SENTINEL IS-MASTER-DOWN-BY-ADDR 10.0.0.1 1 -1 *").startswith(b"-ERR value is not an integer")


def test_only_hellos_may_be_published(edge, client):
    assert client("PUBLISH a b").startswith(b"-ERR Only HELLO messages are accepted")
    assert client("PUBLISH __sentinel__:hello " + hello().decode()) == b":1\r\n"
    assert RUN_ID.decode() in edge.sentinel.primaries["m"].sentinels


def test_subscribers_hear_events(edge, client):
    client("SUBSCRIBE +set")
    Client(edge)("SENTINEL SET m quorum 1")
    assert b"master m 10.0.0.1 6379 quorum 1" in client.session.take_output()


# -- the file


def test_a_state_that_is_written_is_read_again(edge, client):
    client("SENTINEL CONFIG SET announce-ip 9.9.9.9")
    client("SENTINEL IS-MASTER-DOWN-BY-ADDR 10.0.0.1 6379 4 " + "b" * 40)
    lines = write_state(edge.sentinel)
    text = b"".join(b"sentinel " + b" ".join(words) + b"\n" for words in lines)
    assert write_state(start(text).sentinel) == lines


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"nonsense", b"Unrecognized sentinel configuration statement."),
        (b"monitor a 1.1.1.1", b"Unrecognized sentinel configuration statement."),
        (b"monitor a 1.1.1.1 6379 0", b"Quorum must be 1 or greater."),
        (b"monitor m 1.1.1.1 6379 1", b"Duplicate master name."),
        (b"monitor a 1.1.1.1 99999 1", b"Invalid port number."),
        (b"monitor a 1.1.1.1 x 1", b"Invalid port number."),
        (b"quorum x 1", b"Unrecognized sentinel configuration statement."),
        (b"down-after-milliseconds x 1", b"No such master with specified name."),
        (b"down-after-milliseconds m", b"Unrecognized sentinel configuration statement."),
        (b"down-after-milliseconds m x", b"Invalid value in a sentinel line."),
        (b"notification-script m /none", b"Notification script seems non existing or non executable"),
        (b"announce-port 1 2", b"Wrong number of arguments for sentinel global option."),
        (b"announce-port x", b"Invalid value in a sentinel line."),
        (b"myid short", b"Malformed Sentinel id in myid option."),
        (b"deny-scripts-reconfig maybe", b"Please specify yes or no for the deny-scripts-reconfig options."),
        (b"current-epoch -1", b"Invalid epoch."),
        (b"known-replica m 10.0.0.2 6379", b"Wrong hostname or port for replica."),
        (b"known-sentinel m 10.0.1.2 26379 " + b"a" * 40, b"Duplicate Sentinel."),
    ],
)
def test_wrong_lines_stop_the_start(line, reason):
    with pytest.raises(ConfigError) as caught:
        start(LINES + b"sentinel " + line + b"\n")
    assert caught.value.reason == reason


def test_epochs_are_remembered():
    text = LINES + b"sentinel config-epoch m 5\nsentinel leader-epoch m 4\nsentinel known-slave m 10.0.0.7 1\n"
    edge = start(text + b"sentinel known-sentinel m 10.0.1.7 26379\nsentinel current-epoch 3\n")
    assert (edge.sentinel.epoch, edge.sentinel.primaries["m"].leader_epoch) == (5, 4)
    assert len(edge.sentinel.primaries["m"].sentinels) == 1, "without a run id it has to be met again"


def test_a_file_that_cannot_be_written_is_told(edge, client):
    def refuse() -> None:
        raise OSError(28, "No space left on device")

    edge.engine.rewrite_config = refuse
    assert client("SENTINEL FLUSHCONFIG").startswith(b"-ERR Failed to save config file")
    assert any("No space left on device" in line for line in edge.logged)
    edge.start()
    assert any("not writable" in line for line in edge.logged)
    edge.engine.rewrite_config = None
    assert client("SENTINEL FLUSHCONFIG") == b"+OK\r\n"
    edge.stop()


# -- links


def connected(edge: SentinelEdge, at: int) -> Wire:
    """The reactor makes the connection asked for at this place."""
    reactor: Any = edge.reactor
    _, _, factory, _, _ = reactor.tcpClients[at]
    protocol = factory.buildProtocol(None)
    transport = Wire(protocol)
    protocol.makeConnection(transport)
    return transport


class Wire(StringTransport):
    """A transport that knows its options and its end."""

    def __init__(self, protocol: Any) -> None:
        super().__init__()
        self.far = protocol
        self.ended = False

    def setTcpNoDelay(self, enabled: bool) -> None:
        """As real ones have it."""

    def getPeer(self) -> Any:
        from twisted.internet.address import IPv4Address

        return IPv4Address("TCP", "10.0.0.1", 6379)

    def getHost(self) -> Any:
        from twisted.internet.address import IPv4Address

        return IPv4Address("TCP", "10.0.9.9", 50000)

    def abortConnection(self) -> None:
        self.ended = True

    def answer(self, data: bytes) -> None:
        self.far.dataReceived(data)


def test_links_say_who_they_are_and_ask(edge):
    edge.sentinel.primaries["m"].settings.password = b"secret"
    edge.start()
    wire = connected(edge, 0)
    sent = wire.value()
    assert sent.startswith(encode_command([b"AUTH", b"secret"]))
    assert encode_command([b"CLIENT", b"SETNAME", b"sentinel-" + edge.sentinel.my_id[:8] + b"-cmd"]) in sent
    assert sent.endswith(encode_command([b"PING"]) + encode_command([b"INFO"]))
    subscription = connected(edge, 1)
    assert subscription.value().endswith(encode_command([b"SUBSCRIBE", b"__sentinel__:hello"]))
    edge.stop()
    assert wire.ended
    assert subscription.ended


def test_answers_reach_who_asked_and_hellos_are_heard(edge):
    edge.start()
    commands, subscription = connected(edge, 0), connected(edge, 1)
    commands.answer(b"+OK\r\n+PONG\r\n")
    edge.reactor.advance(0.1)
    assert edge.sentinel.primaries["m"].link.unanswered_since_ms == 0
    line = hello()
    subscription.answer(b"+OK\r\n*3\r\n$9\r\nsubscribe\r\n$18\r\n__sentinel__:hello\r\n:1\r\n")
    subscription.answer(b"*3\r\n$7\r\nmessage\r\n$18\r\n__sentinel__:hello\r\n$%d\r\n%s\r\n" % (len(line), line))
    assert RUN_ID.decode() in edge.sentinel.primaries["m"].sentinels
    edge.stop()


def test_sentinels_are_greeted_with_their_own_credentials(edge):
    edge.sentinel.user, edge.sentinel.password = b"u", b"p"
    edge.start()
    reactor: Any = edge.reactor
    place = next(at for at, each in enumerate(reactor.tcpClients) if each[0] == "10.0.1.2")
    assert connected(edge, place).value().startswith(encode_command([b"AUTH", b"u", b"p"]))
    edge.stop()


def test_a_connection_that_fails_is_tried_again(edge):
    edge.start()
    reactor: Any = edge.reactor
    from twisted.internet.error import ConnectError
    from twisted.python.failure import Failure

    tries = len(reactor.tcpClients)
    reactor.tcpClients[0][2].clientConnectionFailed(None, Failure(ConnectError()))
    assert edge.sentinel.primaries["m"].link.commands is None
    reactor.pump([0.1] * 12)
    assert len(reactor.tcpClients) > tries
    edge.stop()


def test_nonsense_ends_the_connection_only(edge):
    edge.start()
    wire = connected(edge, 0)
    wire.answer(b"what is this\r\n")
    assert wire.ended
    wire.far.connectionLost()
    assert edge.sentinel.primaries["m"].link.commands is None
    edge.stop()


def test_a_defect_in_a_callback_ends_the_connection_only(edge):
    edge.start()
    wire = connected(edge, 0)

    def defect(reply: object) -> None:
        raise ZeroDivisionError

    edge.sentinel.primaries["m"].link.commands.send([b"PING"], defect)
    wire.answer(b"+OK\r\n+PONG\r\n$0\r\n\r\n+PONG\r\n")
    assert wire.ended
    assert any("ZeroDivisionError" in line for line in edge.logged)
    edge.stop()


def test_a_connection_that_comes_too_late_is_dropped(edge):
    edge.start()
    reactor: Any = edge.reactor
    channel = edge.sentinel.primaries["m"].link.commands
    assert channel.local_host() == ""
    edge.sentinel.disconnect(edge.sentinel.primaries["m"].link)
    assert connected(edge, 0).ended
    assert reactor.connectors[0].stoppedConnecting
    edge.stop()


def test_one_address_to_listen_on_is_where_connections_come_from():
    edge = start(LINES + b"bind 127.0.0.7\n")
    edge.start()
    reactor: Any = edge.reactor
    assert reactor.tcpClients[0][4] == ("127.0.0.7", 0)
    edge.stop()


# -- ticks


def test_a_tick_survives_its_own_exceptions(edge, monkeypatch):
    edge.start()
    monkeypatch.setattr(watch, "tick", broken)
    edge.reactor.advance(0.1)
    assert any("a tick of the sentinel failed" in line for line in edge.logged)
    monkeypatch.undo()
    before = edge.sentinel.ticked_ms
    edge.reactor.advance(0.1)
    assert edge.sentinel.ticked_ms > before
    monkeypatch.setattr(edge, "_run_scripts", broken)
    edge.reactor.advance(0.1)
    assert any("the sentinel's scripts failed" in line for line in edge.logged)
    edge.stop()


def broken(*words: object) -> None:
    raise ZeroDivisionError("on purpose")


def ticks_again(edge: SentinelEdge) -> bool:
    before = edge.sentinel.ticked_ms
    edge.reactor.pump([0.1] * int(WATCHDOG_S * 25))
    return edge.sentinel.ticked_ms > before


def test_a_loop_that_an_exception_stopped_is_started_anew(edge, monkeypatch):
    edge.start()
    monkeypatch.setattr(edge._loop, "f", broken)
    edge.reactor.advance(0.1)
    assert not edge._loop.running
    assert any("loop has stopped" in line for line in edge.logged)
    assert ticks_again(edge)
    edge.stop()


def test_a_loop_that_waits_for_a_deferred_is_started_anew(edge, monkeypatch):
    edge.start()
    monkeypatch.setattr(edge._loop, "f", Deferred)
    edge.reactor.advance(0.1)
    assert ticks_again(edge)
    assert any("started anew" in line for line in edge.logged)
    edge.stop()


def test_stop_ends_everything(edge):
    edge.start()
    edge.stop()
    assert edge.reactor.getDelayedCalls() == []
    edge.stop()


# -- scripts


def script(folder: Path, text: str) -> bytes:
    path = folder / "script"
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return os.fsencode(path)


def finish(edge: SentinelEdge) -> None:
    for process in list(edge._scripts.values()):
        process.wait(10)
    edge._run_scripts(edge.now_ms())


def test_a_script_is_run_with_its_arguments(edge, tmp_path):
    edge.sentinel.scripts.add([script(tmp_path, f'echo "$1 $2" > {tmp_path}/out\n'), b"+sdown", b"master m"])
    edge._run_scripts(edge.now_ms())
    finish(edge)
    assert (tmp_path / "out").read_text() == "+sdown master m\n"
    assert edge.sentinel.scripts.jobs == []


def test_a_script_that_fails_is_tried_again(edge, tmp_path, client):
    edge.sentinel.scripts.add([script(tmp_path, "exit 1\n")])
    edge._run_scripts(edge.now_ms())
    assert b"running" in client("SENTINEL PENDING-SCRIPTS")
    finish(edge)
    assert b"run-delay\r\n$5\r\n30000" in client("SENTINEL PENDING-SCRIPTS")


def test_a_script_that_does_not_exist_is_told(edge):
    edge.sentinel.scripts.add([b"/none/at/all"])
    edge._run_scripts(edge.now_ms())
    assert any("-script-error /none/at/all" in line for line in edge.logged)


def test_scripts_are_ended_with_the_server(edge, tmp_path):
    edge.sentinel.scripts.add([script(tmp_path, "exec sleep 60\n")])
    edge._run_scripts(edge.now_ms())
    (process,) = edge._scripts.values()
    edge.stop()
    assert process.wait(10) == -9


def test_a_script_that_takes_too_long_is_killed(edge, tmp_path):
    edge.sentinel.scripts.add([script(tmp_path, "exec sleep 60\n")])
    edge._run_scripts(edge.now_ms())
    edge._run_scripts(edge.now_ms() + 61_000)
    finish(edge)
    assert any("-script-timeout" in line for line in edge.logged)
    assert edge.sentinel.scripts.jobs == []


class TestQueue:
    """The queue by itself."""

    def setup_method(self) -> None:
        self.queue = ScriptQueue(Timing())
        self.told: list[str] = []

    def report(self, name: str, text: str) -> None:
        self.told.append(f"{name} {text}")

    def test_only_some_run_at_once(self) -> None:
        pids = iter(range(1, 1000))
        for _ in range(MOST_RUNNING + 5):
            self.queue.add([b"x"])
        self.queue.run_due(0, lambda argv: next(pids), self.report)
        assert self.queue.running() == MOST_RUNNING

    def test_the_oldest_makes_room(self) -> None:
        for number in range(LONGEST_QUEUE + 1):
            self.queue.add([b"%d" % number])
        assert len(self.queue.jobs) == LONGEST_QUEUE
        assert self.queue.jobs[0].argv == [b"1"]

    def test_delays_double_and_end(self) -> None:
        self.queue.add([b"x"])
        now_ms = 0
        delays = []
        for _ in range(MOST_TRIES):
            self.queue.run_due(now_ms, lambda argv: 7, self.report)
            self.queue.ended(7, 1, now_ms, self.report)
            if self.queue.jobs:
                delays.append(self.queue.jobs[0].due_ms - now_ms)
                now_ms = self.queue.jobs[0].due_ms
        assert delays[:3] == [30_000, 60_000, 120_000]
        assert self.queue.jobs == []
        assert self.told

    def test_a_start_that_fails_is_given_up_in_the_end(self) -> None:
        def refuse(argv: list[bytes]) -> int:
            raise OSError(11, "Resource temporarily unavailable")

        self.queue.add([b"x"])
        for now_ms in range(0, 10**9, 10**8):
            self.queue.run_due(now_ms, refuse, self.report)
        assert self.queue.jobs == []

    def test_other_failures_are_final(self) -> None:
        self.queue.add([b"x"])
        self.queue.run_due(0, lambda argv: 7, self.report)
        self.queue.ended(7, 3, 0, self.report)
        self.queue.ended(99, 0, 0, self.report)
        assert self.queue.jobs == []
        assert self.told == ["-script-error x 0 3"]
