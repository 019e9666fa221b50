"""The executor where things go wrong, and the smaller commands about the server."""

from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred

from miniredis.app.assembly import build_engine
from miniredis.commands.context import Context
from miniredis.config.config import Config
from miniredis.config.reader import ConfigError, read_lines
from miniredis.dispatch.info import human
from miniredis.dispatch.rules import Rule
from miniredis.dispatch.shutdown import ShutdownRequest
from miniredis.testing.memory import MemoryClient, MemoryServer

from commands.recording import Record


def with_debug() -> MemoryServer:
    config = Config()
    config.assign("enable-debug-command", b"yes")
    return MemoryServer(config)


@pytest.fixture
def client() -> MemoryClient:
    return with_debug().connect()


def replace_code(server: MemoryServer, name: bytes, code: object) -> None:
    """Let a command of this server run something else."""
    server.engine.commands.by_name[name].run = code  # type: ignore[assignment]


@pytest.mark.interpreted
def test_a_defect_is_an_error_for_the_client_and_a_traceback_in_the_log() -> None:
    server = MemoryServer()
    client = server.connect()

    def broken(ctx: Context, argv: list[bytes]) -> object:
        raise ValueError("oh dear")

    replace_code(server, b"get", broken)
    assert client.call(b"get", b"k") == b"-ERR internal error\r\n"
    assert any("oh dear" in text for _, text in server.logged)
    assert server.engine.counters.unexpected_errors == 1
    assert client.call(b"PING") == b"+PONG\r\n"


@pytest.mark.interpreted
def test_a_log_that_takes_more_is_told_the_client_and_the_defect() -> None:
    server = MemoryServer()
    client = server.connect()
    events: list[tuple[str, str, int, BaseException | None]] = []
    server.engine.log_event = lambda *event: events.append(event)
    defect = ValueError("oh dear")

    def broken(ctx: Context, argv: list[bytes]) -> object:
        raise defect

    replace_code(server, b"get", broken)
    client.call(b"get", b"k")
    client.send(b"*1\r\n:5\r\n")
    assert events[0] == ("warning", "defect in command get", client.session.id, defect)
    assert events[1][0] == "verbose"
    assert events[1][2:] == (client.session.id, None)


@pytest.mark.interpreted
def test_a_reply_that_comes_later_may_be_an_error_or_a_defect_or_too_late() -> None:
    server = MemoryServer()
    later: list[Deferred[object]] = []

    def waits(ctx: Context, argv: list[bytes]) -> object:
        later.append(Deferred())
        return later[-1]

    replace_code(server, b"get", waits)
    client = server.connect()
    client.call(b"get", b"k")
    later[0].errback(ValueError("oh dear"))
    server.run_woken()
    assert client.received() == b"-ERR internal error\r\n"
    client.call(b"CLIENT", b"REPLY", b"SKIP")
    client.call(b"get", b"k")
    later[1].callback(b"v")
    server.run_woken()
    assert client.call(b"PING").endswith(b"+PONG\r\n")
    client.call(b"get", b"k")
    client.disconnect()
    later[2].callback(b"v")


@pytest.mark.interpreted
def test_a_defect_while_a_waiting_client_is_served_ends_its_waiting() -> None:
    server = MemoryServer()
    client, other = server.connect(), server.connect()

    def waits(ctx: Context, argv: list[bytes]) -> object:
        def serve(ctx: Context, key: bytes) -> object:
            raise ValueError("oh dear")

        return ctx.wait_for_keys([b"k"], 0, serve, None)

    replace_code(server, b"get", waits)
    client.call(b"get", b"k")
    other.call(b"SET", b"k", b"v")
    assert client.received() == b"-ERR internal error\r\n"


def test_a_client_that_leaves_while_it_waits_is_forgotten() -> None:
    server = MemoryServer()
    client, other = server.connect(), server.connect()
    client.call(b"WATCH", b"w")
    client.call(b"BLPOP", b"l", b"5")
    client.disconnect()
    assert server.engine.waiting.is_empty()
    assert server.engine.watching.is_empty()
    assert other.call(b"RPUSH", b"l", b"a") == b":1\r\n"
    server.advance(10)
    assert other.call(b"LLEN", b"l") == b":1\r\n"


def test_a_wait_that_is_over_is_not_ended_again() -> None:
    server = MemoryServer()
    client = server.connect()
    client.call(b"BLPOP", b"l", b"0")
    waiter = server.engine.waiting.waiters[1]
    server.engine.release(waiter, None)
    server.engine.release(waiter, None)
    server.run_woken()
    assert client.received() == b"$-1\r\n"


def test_a_held_command_may_go_on_to_wait_for_a_key() -> None:
    server = MemoryServer()
    client, other = server.connect(), server.connect()
    other.call(b"CLIENT", b"PAUSE", b"1000")
    assert client.call(b"BLPOP", b"l", b"0") == b""
    other.call(b"CLIENT", b"UNPAUSE")
    server.run_woken()
    assert client.received() == b""
    other.call(b"RPUSH", b"l", b"a")
    assert client.received() == b"*2\r\n$1\r\nl\r\n$1\r\na\r\n"


def test_a_pause_grows_longer_and_is_as_strict_as_the_last_and_spares_replicas() -> None:
    server = MemoryServer()
    client, other, gone = server.connect(), server.connect(), server.connect()
    replica = server.connect()
    replica.session.is_replica = True
    client.call(b"MULTI")
    client.call(b"SET", b"k", b"v")
    other.call(b"CLIENT", b"PAUSE", b"5000", b"WRITE")
    assert client.call(b"EXEC") == b""
    other.call(b"CLIENT", b"PAUSE", b"1000")
    assert gone.call(b"PING") == b""
    assert replica.call(b"PING") == b"+PONG\r\n"
    gone.disconnect()
    server.advance(4)
    assert client.received() == b""
    server.advance(1.1)
    assert client.received() == b"*1\r\n+OK\r\n"


def test_commands_are_renamed_or_taken_away() -> None:
    config = Config()
    config.load(read_lines(b'rename-command GET fetch\nrename-command FLUSHALL ""\n', "test.conf"))
    client = MemoryServer(config).connect()
    assert client.call(b"FETCH", b"k") == b"$-1\r\n"
    assert client.call(b"GET", b"k").startswith(b"-ERR unknown command")
    assert client.call(b"FLUSHALL").startswith(b"-ERR unknown command")


def test_a_command_that_is_not_there_cannot_be_renamed() -> None:
    config = Config()
    config.load(read_lines(b"rename-command NOPE x\n", "test.conf"))
    with pytest.raises(ConfigError) as caught:
        MemoryServer(config)
    assert caught.value.reason == b"No such command in rename-command"


def test_shutdown_passes_on_what_was_asked() -> None:
    server = MemoryServer()
    client = server.connect()
    assert client.call(b"SHUTDOWN") == b"-ERR Errors trying to SHUTDOWN. Check logs.\r\n"
    asked: list[object] = []
    server.engine.shutdown = asked.append
    assert client.call(b"SHUTDOWN", b"NOSAVE", b"NOW", b"FORCE") == b""
    request = asked[0]
    assert isinstance(request, ShutdownRequest)
    assert (request.save, request.now, request.force) == (False, True, True)
    assert client.call(b"SHUTDOWN", b"SAVE", b"NOSAVE") == b"-ERR syntax error\r\n"
    assert client.call(b"SHUTDOWN", b"ABORT", b"NOW") == b"-ERR syntax error\r\n"
    assert client.call(b"SHUTDOWN", b"ABORT") == b"-ERR No shutdown in progress.\r\n"
    server.engine.abort_shutdown = lambda: True
    assert client.call(b"SHUTDOWN", b"ABORT") == b"+OK\r\n"


def test_config_rewrite_says_what_went_wrong() -> None:
    server = MemoryServer()
    client = server.connect()
    assert client.call(b"CONFIG", b"REWRITE") == b"-ERR The server is running without a config file\r\n"
    server.engine.rewrite_config = lambda: None
    assert client.call(b"CONFIG", b"REWRITE") == b"+OK\r\n"

    def no_space() -> None:
        raise OSError(28, "No space left on device")

    def bad_file() -> None:
        raise ConfigError("x.conf", 3, b"nope", b"Bad directive")

    server.engine.rewrite_config = no_space
    assert client.call(b"CONFIG", b"REWRITE") == b"-ERR Rewriting config file: No space left on device\r\n"
    server.engine.rewrite_config = bad_file
    assert client.call(b"CONFIG", b"REWRITE") == b"-ERR Rewriting config file: Bad directive\r\n"
    assert b"CONFIG" in client.call(b"CONFIG", b"HELP")


@pytest.mark.parametrize(
    ("words", "reply"),
    [
        (b"MEMORY USAGE none", b"$-1\r\n"),
        (b"MEMORY USAGE k SAMPLES 5", b":"),
        (b"MEMORY USAGE e", b":"),
        (b"MEMORY USAGE k SAMPLES -1", b"-ERR syntax error"),
        (b"MEMORY USAGE k NOPE 1", b"-ERR syntax error"),
        (b"MEMORY STATS", b"*"),
        (b"MEMORY DOCTOR", b"$"),
        (b"MEMORY MALLOC-STATS", b"$"),
        (b"MEMORY PURGE", b"+OK"),
        (b"DEBUG SDSLEN k", b"+key_sds_len:1"),
        (b"DEBUG SDSLEN none", b"-ERR no such key"),
        (b"DEBUG SDSLEN l", b"-ERR Not an sds"),
        (b"DEBUG OBJECT none", b"-ERR no such key"),
        (b"DEBUG OBJECT k", b"+Value at:"),
        (b"DEBUG POPULATE x", b"-ERR value is out of range, must be positive"),
        (b"DEBUG POPULATE 3 p 4", b"+OK"),
        (b"DEBUG HTSTATS 0", b"$"),
        (b"DEBUG HTSTATS 99", b"-ERR Out of range database"),
        (b"DEBUG LOG hi", b"+OK"),
        (b"DEBUG ERROR oops", b"-oops"),
        (b"DEBUG REPLICATE a b", b"+OK"),
        (b"DEBUG PAUSE-CRON 1", b"+OK"),
        (b"DEBUG SET-ACTIVE-EXPIRE 1", b"+OK"),
        (b"DEBUG SET-SKIP-CHECKSUM-VALIDATION 1", b"+OK"),
        (b"DEBUG NOPE", b"-ERR unknown subcommand or wrong number of arguments for 'NOPE'"),
        (b"DEBUG HELP", b"*"),
        (b"DEBUG PROTOCOL nope", b"-ERR Wrong protocol type name"),
        (b"DEBUG PROTOCOL push", b"-ERR RESP2 is not supported"),
        (b"DEBUG PROTOCOL bignum", b"$37\r\n"),
        (b"INFO nope", b"$0\r\n\r\n"),
        (b"INFO default", b"$"),
        (b"INFO server keyspace", b"$"),
    ],
)
def test_small_commands(client: MemoryClient, words: bytes, reply: bytes) -> None:
    client.call(b"SET", b"k", b"v")
    client.call(b"SET", b"e", b"v", b"EX", b"100")
    client.call(b"RPUSH", b"l", b"a")
    assert client.call(*words.split()).startswith(reply)


def test_the_doctor_knows_the_limit(client: MemoryClient) -> None:
    client.call(b"CONFIG", b"SET", b"maxmemory", b"1mb")
    assert b"The limit is 1048576 bytes" in client.call(b"MEMORY", b"DOCTOR")
    assert b"maxmemory:1048576" in client.call(b"INFO", b"memory")


def test_populate_keeps_what_is_there_and_fills_values(client: MemoryClient) -> None:
    client.call(b"SET", b"key:1", b"mine")
    client.call(b"DEBUG", b"POPULATE", b"3", b"key", b"10")
    assert client.call(b"GET", b"key:1") == b"$4\r\nmine\r\n"
    assert client.call(b"GET", b"key:2") == b"$10\r\nvalue:2\x00\x00\x00\r\n"


def test_digests_tell_data_apart(client: MemoryClient) -> None:
    assert client.call(b"DEBUG", b"DIGEST") == b"+" + b"0" * 40 + b"\r\n"
    client.call(b"SET", b"k", b"v")
    first = client.call(b"DEBUG", b"DIGEST")
    client.call(b"EXPIRE", b"k", b"100")
    assert client.call(b"DEBUG", b"DIGEST") != first
    assert client.call(b"DEBUG", b"DIGEST-VALUE", b"k", b"none").endswith(b"+" + b"0" * 40 + b"\r\n")


def test_debug_is_for_those_it_was_allowed_to() -> None:
    server = MemoryServer()
    client = server.connect()
    assert client.call(b"DEBUG", b"DIGEST").startswith(b"-ERR DEBUG command not allowed")
    server.engine.config.assign("enable-debug-command", b"local")
    assert client.call(b"DEBUG", b"DIGEST").startswith(b"+")
    client.session.port.peer = b"10.0.0.1:5"
    assert client.call(b"DEBUG", b"DIGEST").startswith(b"-ERR DEBUG command not allowed")


@pytest.mark.parametrize(
    ("words", "reply"),
    [
        (b"COUNT", b":"),
        (b"LIST FILTERBY ACLCAT hyperloglog", b"*5\r\n"),
        (b"LIST FILTERBY PATTERN xr*", b"*"),
        (b"LIST FILTERBY MODULE none", b"*0\r\n"),
        (b"LIST FILTERBY NOPE x", b"-ERR syntax error"),
        (b"LIST NOPE", b"-ERR syntax error"),
        (b"LIST", b"*"),
        (b"INFO", b"*"),
        (b"INFO nope config|get config|nope get|x", b"*4\r\n$-1\r\n*10\r\n"),
        (b"DOCS nope", b"*0\r\n"),
        (b"DOCS quit slaveof getset", b"*"),
        (b"GETKEYS NOPE x", b"-ERR Invalid command specified"),
        (b"GETKEYS PING x", b"-ERR The command has no key arguments"),
        (b"GETKEYS EVAL x 0", b"*0\r\n"),
        (b"GETKEYS EVAL x 2 a", b"*0\r\n"),
        (b"GETKEYSANDFLAGS EVAL x -1 a", b"*0\r\n"),
        (b"GETKEYS GET a b", b"-ERR Invalid number of arguments specified for command"),
        (b"GETKEYS ZUNION 5 a", b"-ERR Invalid arguments specified for command"),
        (b"GETKEYSANDFLAGS LMOVE a b LEFT LEFT", b"*2\r\n*2\r\n$1\r\na\r\n*3\r\n+RW\r\n+access\r\n+delete\r\n"),
        (b"GETKEYSANDFLAGS ZUNION 5 a", b"-ERR Invalid arguments specified for command"),
        (b"GETKEYS SORT k STORE d", b"*2\r\n"),
        (b"GETKEYSANDFLAGS SORT k STORE d", b"*2\r\n"),
        (b"GETKEYS XREAD STREAMS a b 0 0", b"*2\r\n"),
    ],
)
def test_the_command_table_answers_questions(words: bytes, reply: bytes) -> None:
    assert MemoryServer().connect().call(b"COMMAND", *words.split()).startswith(reply)


def test_every_key_specification_is_shown() -> None:
    client = MemoryServer().connect()
    every = client.call(b"COMMAND")
    for word in (b"keyword", b"keynum", b"unknown", b"range"):
        assert word in every


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0B"), (1023, "1023B"), (1536, "1.50K"), (5 << 20, "5.00M"), (3 << 50, "3072.00T")]
)
def test_sizes_as_people_read_them(size: int, text: str) -> None:
    assert human(size) == text


def test_flags_tell_what_a_client_is_doing() -> None:
    server = MemoryServer()
    client, looker = server.connect(), server.connect()
    session = client.session

    def flags() -> bytes:
        line = looker.call(b"CLIENT", b"LIST", b"ID", b"1")
        return line.split(b"flags=")[1].split(b" ")[0]

    assert flags() == b"N"
    client.call(b"MULTI")
    assert flags() == b"x"
    client.call(b"DISCARD")
    client.call(b"CLIENT", b"NO-EVICT", b"ON")
    client.call(b"CLIENT", b"NO-TOUCH", b"ON")
    assert flags() == b"eT"
    client.call(b"CLIENT", b"NO-TOUCH", b"OFF")
    client.call(b"CLIENT", b"NO-EVICT", b"OFF")
    client.call(b"CLIENT", b"CAPA", b"redirect", b"other")
    client.call(b"MONITOR")
    client.call(b"MONITOR")
    assert flags() == b"O"
    session.is_replica = True
    assert flags() == b"OS"
    session.is_replica, session.is_primary = False, True
    assert flags() == b"OM"
    session.is_primary = False
    client.call(b"RESET")
    session.port.is_unix = True
    session.tracking_letters = b"t"
    client.call(b"SUBSCRIBE", b"c")
    session.closing = True
    assert flags() == b"PtcU"


def test_clients_are_chosen_by_type_and_by_what_they_are_not() -> None:
    server = MemoryServer()
    normal, listener, replica, primary = (server.connect() for _ in range(4))
    listener.call(b"SUBSCRIBE", b"c")
    replica.session.is_replica = True
    primary.session.is_primary = True
    for kind, number in ((b"normal", 1), (b"pubsub", 2), (b"replica", 3), (b"primary", 4)):
        assert b"id=%d " % number in normal.call(b"CLIENT", b"LIST", b"TYPE", kind)
    assert normal.call(b"CLIENT", b"LIST", b"ID", b"1", b"2", b"SKIPME", b"yes").count(b"id=") == 1
    assert normal.call(b"CLIENT", b"LIST", b"ID", b"1", b"CAPA", b"r") == b"$0\r\n\r\n"
    assert normal.call(b"CLIENT", b"KILL", b"SKIPME", b"maybe") == b"-ERR syntax error\r\n"
    assert normal.call(b"CLIENT", b"KILL", b"NOPE", b"x") == b"-ERR syntax error\r\n"
    assert normal.call(b"CLIENT", b"KILL", b"ID", b"1", b"SKIPME", b"no") == b":1\r\n"
    assert normal.is_closed


def test_a_client_is_killed_by_its_address_alone() -> None:
    server = MemoryServer()
    killer, victim = server.connect(), server.connect()
    killer.session.port.peer = b"127.0.0.1:1"
    assert killer.call(b"CLIENT", b"KILL", b"127.0.0.1:50000") == b"+OK\r\n"
    assert victim.is_closed


def test_import_source_is_refused_where_nothing_is_imported() -> None:
    client = MemoryServer().connect()
    assert client.call(b"CLIENT", b"IMPORT-SOURCE", b"OFF") == b"+OK\r\n"
    assert client.call(b"CLIENT", b"IMPORT-SOURCE", b"ON") == b"-ERR Server is not in import mode\r\n"


def test_reply_skip_does_not_undo_off() -> None:
    client = MemoryServer().connect()
    client.call(b"CLIENT", b"REPLY", b"OFF")
    client.call(b"CLIENT", b"REPLY", b"SKIP")
    assert client.call(b"PING") == b""
    assert client.call(b"CLIENT", b"PAUSE", b"1", b"ALL", b"x") == b""
    assert client.call(b"CLIENT", b"UNBLOCK", b"1", b"ERROR", b"x") == b""


def test_a_rule_lets_pass_by_saying_nothing() -> None:
    server = MemoryServer()
    client = server.connect()
    assert Rule().apply(client.session, server.engine.commands.by_name[b"get"], [b"GET"]) is None


def test_monitor_ends_with_reset_and_is_refused_in_transactions() -> None:
    server = MemoryServer()
    watcher, client = server.connect(), server.connect()
    watcher.call(b"MONITOR")
    watcher.call(b"RESET")
    client.call(b"PING")
    assert watcher.received() == b""
    client.call(b"MULTI")
    client.call(b"MONITOR")
    assert client.call(b"EXEC").startswith(b"*1\r\n-ERR MONITOR isn't allowed")


def test_two_subscribers_of_one_protocol_share_an_encoding() -> None:
    server = MemoryServer()
    listeners = [server.connect() for _ in range(4)]
    for number, listener in enumerate(listeners):
        if number % 2:
            listener.call(b"HELLO", b"3")
        listener.call(b"SUBSCRIBE", b"c")
    carried: list[tuple[bytes, bytes, bool]] = []
    server.engine.pubsub.on_publish.append(
        lambda channel, message, sharded: carried.append((channel, message, sharded))
    )
    speaker = server.connect()
    assert speaker.call(b"PUBLISH", b"c", b"m") == b":4\r\n"
    assert speaker.call(b"SPUBLISH", b"c", b"m") == b":0\r\n"
    assert [listener.received()[:1] for listener in listeners] == [b"*", b">", b"*", b">"]
    assert carried == [(b"c", b"m", False), (b"c", b"m", True)]


def test_watching_a_key_twice_is_watching_it_once() -> None:
    server = MemoryServer()
    client, other = server.connect(), server.connect()
    client.call(b"WATCH", b"k", b"k")
    other.call(b"SET", b"k", b"v")
    client.call(b"WATCH", b"more")
    client.call(b"MULTI")
    assert client.call(b"EXEC") == b"*-1\r\n"


def test_an_engine_is_built_from_a_configuration() -> None:
    server = MemoryServer()
    engine = build_engine(Config(), server.engine.time, server.engine.random, server.engine.log)
    assert len(engine.keyspace.databases) == 16
    assert engine.role() == b"master"


def test_the_rest_of_what_a_client_can_ask() -> None:
    server = MemoryServer()
    client, other = server.connect(), server.connect()
    assert client.call(b"CLIENT", b"SETINFO", b"LIB-VER", b"a b").startswith(b"-ERR LIB-VER cannot contain spaces")
    other.call(b"BLPOP", b"l", b"0")
    assert b"flags=b " in client.call(b"CLIENT", b"LIST", b"ID", b"2")
    other.disconnect()
    watcher = server.connect()
    watcher.call(b"WATCH", b"k")
    client.call(b"SET", b"k", b"v")
    assert b"flags=d " in client.call(b"CLIENT", b"LIST", b"ID", b"3")
    watcher.call(b"PSUBSCRIBE", b"p*")
    watcher.call(b"SSUBSCRIBE", b"s")
    watcher.call(b"SUBSCRIBE", b"c")
    server.engine.pubsub._check()
    assert b"pubsub_clients:1" in client.call(b"INFO", b"clients")
    client.call(b"FLUSHALL", b"ASYNC")
    assert client.call(b"MEMORY", b"PURGE") == b"+OK\r\n"
    server.engine.info_sources[b"replication"] = [lambda: [("role", b"master")]]
    assert client.call(b"INFO", b"replication") == b"$28\r\n# Replication\r\nrole:master\r\n\r\n"
    assert b"# Commandstats" in client.call(b"INFO", b"all")
    assert b"# Commandstats" not in client.call(b"INFO")


def test_blocks_within_blocks_end_with_the_outermost() -> None:
    server = MemoryServer()
    engine = server.engine
    engine.effects.replaying = True
    engine.begin_block()
    engine.begin_block()
    engine.end_block()
    engine.end_block()
    assert server.connect().call(b"PING") == b"+PONG\r\n"


def test_a_block_of_one_command_is_logged_as_that_command() -> None:
    server = MemoryServer()
    record = Record(server)
    client = server.connect()
    client.call(b"MULTI")
    client.call(b"SET", b"k", b"v")
    client.call(b"EXEC")
    assert record.replayed() == ["SET k v"]


def test_an_empty_name_is_no_command_whatever_ran_before() -> None:
    client = MemoryServer().connect()
    unknown = b"-ERR unknown command '', with args beginning with: 'return 2' '0' \r\n"
    assert client.call(b"", b"return 2", b"0") == unknown
    assert client.call(b"EVAL", b"return 1", b"0") == b":1\r\n"
    assert client.call(b"", b"return 2", b"0") == unknown
    assert client.call(b"CONFIG", b"GET", b"port").startswith(b"*2")
    assert client.call(b"", b"return 2", b"0") == unknown
