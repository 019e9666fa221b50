"""CLIENT, and what a server tells of itself."""

from __future__ import annotations

import pytest

from miniredis.dispatch.pause import FOR_FAILOVER
from miniredis.testing.memory import MemoryServer


def test_a_client_has_a_name_a_number_and_a_library() -> None:
    client = MemoryServer().connect()
    assert client.call(b"CLIENT", b"GETNAME") == b"$-1\r\n"
    assert client.call(b"CLIENT", b"SETNAME", b"me") == b"+OK\r\n"
    assert client.call(b"CLIENT", b"SETINFO", b"LIB-NAME", b"lib") == b"+OK\r\n"
    assert client.call(b"CLIENT", b"SETINFO", b"LIB-VER", b"1") == b"+OK\r\n"
    assert client.call(b"CLIENT", b"ID") == b":1\r\n"
    assert b"name=me " in client.call(b"CLIENT", b"INFO")
    assert b"lib-name=lib lib-ver=1" in client.call(b"CLIENT", b"LIST", b"ID", b"1")


def test_the_last_command_is_shown_though_it_did_not_run() -> None:
    server = MemoryServer()
    client, other = server.connect(), server.connect()
    shown = b"CLIENT", b"LIST", b"ID", b"2"
    other.call(b"GET")
    assert b" cmd=get " in client.call(*shown)
    other.call(b"MULTI")
    other.call(b"SET", b"k", b"v")
    assert b" cmd=set " in client.call(*shown)
    other.call(b"NOSUCH")
    assert b" cmd=NULL " in client.call(*shown)
    other.call(b"DISCARD")
    client.call(b"CLIENT", b"PAUSE", b"100")
    other.call(b"INCR", b"n")
    assert b" cmd=incr " in client.call(*shown)


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (b"SETNAME a\x01b", b"Client names cannot contain spaces"),
        (b"SETINFO x y", b"Unrecognized option 'x'"),
        (b"LIST ID x", b"Invalid client ID"),
        (b"LIST TYPE x", b"Unknown client type 'x'"),
        (b"LIST ADDR", b"syntax error"),
        (b"KILL 1.2.3.4:5", b"No such client"),
        (b"KILL ID x", b"client-id should be greater than 0"),
        (b"KILL MAXAGE x", b"maxage is not an integer"),
        (b"REPLY x", b"syntax error"),
        (b"PAUSE x", b"timeout is not an integer"),
        (b"PAUSE -1", b"timeout is negative"),
        (b"PAUSE 1 x", b"CLIENT PAUSE mode must be WRITE or ALL"),
        (b"UNBLOCK x", b"value is not an integer"),
        (b"UNBLOCK 1 x", b"CLIENT UNBLOCK reason"),
        (b"NO-EVICT x", b"syntax error"),
    ],
)
def test_wrong_words_get_redis_errors(words: bytes, error: bytes) -> None:
    client = MemoryServer().connect()
    assert client.call(b"CLIENT", *words.split(b" ")).startswith(b"-ERR " + error)


@pytest.mark.parametrize(
    "words",
    [b"ID 2", b"TYPE NORMAL", b"ADDR 127.0.0.1:50000", b"LADDR 127.0.0.1:6379", b"USER default", b"NAME x", b"DB 0",
     b"MAXAGE 2", b"IDLE 2", b"LIB-NAME x", b"LIB-VER x", b"IP 127.0.0.1", b"FLAGS N"],
)  # fmt: skip
def test_a_client_is_killed_by_any_of_its_properties(words: bytes) -> None:
    server = MemoryServer()
    killer, victim = server.connect(), server.connect()
    victim.call(b"CLIENT", b"SETNAME", b"x")
    victim.call(b"CLIENT", b"SETINFO", b"LIB-NAME", b"x")
    victim.call(b"CLIENT", b"SETINFO", b"LIB-VER", b"x")
    server.advance(2)
    assert killer.call(b"CLIENT", b"KILL", *words.split()) == b":1\r\n"
    assert victim.is_closed


@pytest.mark.parametrize(
    "words",
    [b"NOT-ID 1 3", b"NOT-TYPE PUBSUB", b"NOT-ADDR 1.2.3.4:5", b"NOT-NAME keep", b"NOT-DB 1", b"NOT-LIB-NAME keep",
     b"NOT-FLAGS P", b"NOT-IP 1.2.3.4", b"NOT-CAPA r"],
)  # fmt: skip
def test_or_by_what_it_has_not(words: bytes) -> None:
    server = MemoryServer()
    killer, victim, kept = server.connect(), server.connect(), server.connect()
    kept.call(b"CLIENT", b"SETNAME", b"keep")
    kept.call(b"CLIENT", b"SETINFO", b"LIB-NAME", b"keep")
    kept.call(b"CLIENT", b"CAPA", b"redirect")
    kept.call(b"SELECT", b"1")
    kept.call(b"SUBSCRIBE", b"a")
    killer.call(b"CLIENT", b"KILL", *words.split())
    assert victim.is_closed
    assert kept.is_closed == (words in (b"NOT-ADDR 1.2.3.4:5", b"NOT-IP 1.2.3.4"))


@pytest.mark.parametrize("words", [b"DB 16", b"NOT-DB x", b"MAXAGE 0", b"IDLE x", b"FLAGS z", b"CAPA x", b"NOT-IDLE 1"])
def test_filters_are_checked(words: bytes) -> None:
    client = MemoryServer().connect()
    assert client.call(b"CLIENT", b"LIST", *words.split()).startswith(b"-ERR ")


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (b"NOT-ID 1", 1),
        (b"NOT-NAME x", 1),
        (b"NOT-TYPE pubsub", 2),
        (b"NOT-FLAGS N", 0),
        (b"CAPA r", 0),
        (b"NOT-CAPA r", 2),
        (b"DB 15", 0),
        (b"ID 0 2", 1),
        (b"TYPE primary", 0),
    ],
)
def test_filters_can_be_turned_around(words: bytes, found: int) -> None:
    server = MemoryServer()
    client, other = server.connect(), server.connect()
    other.call(b"CLIENT", b"SETNAME", b"x")
    assert client.call(b"CLIENT", b"LIST", *words.split()).count(b" laddr=") == found


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (b"NOT-MAXAGE 5", b"syntax error"),
        (b"NOT-FOO 5", b"syntax error"),
        (b"FLAGS xyz", b"Unknown flags found in the provided filter: xyz"),
        (b"CAPA x", b"Unknown capa found in the provided filter: x"),
        (b"DB 16", b"DB number should be between 0 and 15"),
        (b"DB x", b"DB is not an integer or out of range"),
        (b"IDLE 0", b"idle should be greater than 0"),
        (b"USER nobody", b"No such user 'nobody'"),
        (b"ID x", b"Invalid client ID"),
    ],
)
def test_filters_that_are_none(words: bytes, problem: bytes) -> None:
    client = MemoryServer().connect()
    assert client.call(b"CLIENT", b"LIST", *words.split()) == b"-ERR " + problem + b"\r\n"


def test_unblock_ends_a_wait_by_timeout_or_by_error() -> None:
    server = MemoryServer()
    waiting, other = server.connect(), server.connect()
    waiting.call(b"BLPOP", b"l", b"0")
    assert other.call(b"CLIENT", b"UNBLOCK", b"1") == b":1\r\n"
    assert waiting.received() == b"*-1\r\n"
    waiting.call(b"BLPOP", b"l", b"0")
    assert other.call(b"CLIENT", b"UNBLOCK", b"1", b"ERROR") == b":1\r\n"
    assert waiting.received() == b"-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n"
    assert other.call(b"CLIENT", b"UNBLOCK", b"1") == b":0\r\n"


def test_a_pause_holds_writes_back_and_then_lets_them_go() -> None:
    server = MemoryServer()
    client, other = server.connect(), server.connect()
    client.call(b"CLIENT", b"PAUSE", b"1000", b"WRITE")
    assert other.call(b"SET", b"k", b"v") == b""
    assert client.call(b"GET", b"k") == b"$-1\r\n"
    server.advance(1.1)
    assert other.received() == b"+OK\r\n"


def test_a_pause_of_writes_after_one_of_everything_lets_reads_go_on() -> None:
    server = MemoryServer()
    client, other = server.connect(), server.connect()
    client.call(b"CLIENT", b"PAUSE", b"1000")
    assert other.call(b"GET", b"k") == b""
    client.call(b"CLIENT", b"PAUSE", b"1000", b"WRITE")
    server.run_woken()
    assert other.received() == b"$-1\r\n"


def test_nothing_expires_in_a_pause_but_what_is_over_is_not_seen() -> None:
    server = MemoryServer()
    client, other = server.connect(), server.connect()
    client.call(b"SET", b"k", b"v", b"PX", b"100")
    client.call(b"CLIENT", b"PAUSE", b"5000", b"WRITE")
    server.advance(1)
    assert other.call(b"GET", b"k") == b"$-1\r\n"
    server.engine.active_expiry.run(lambda: True)
    assert other.call(b"DBSIZE") == b":1\r\n"
    client.call(b"CLIENT", b"UNPAUSE")
    assert other.call(b"GET", b"k") == b"$-1\r\n"
    assert other.call(b"DBSIZE") == b":0\r\n"


def test_nothing_is_evicted_in_a_pause() -> None:
    server = MemoryServer()
    client, other = server.connect(), server.connect()
    client.call(b"CONFIG", b"SET", b"maxmemory-policy", b"allkeys-lru")
    client.call(b"SET", b"k", b"v" * 1000)
    client.call(b"CLIENT", b"PAUSE", b"5000", b"WRITE")
    client.call(b"CONFIG", b"SET", b"maxmemory", b"1")
    assert other.call(b"EXISTS", b"k") == b":1\r\n"
    client.call(b"CLIENT", b"UNPAUSE")
    assert other.call(b"EXISTS", b"k") == b":0\r\n"


def test_unpause_ends_a_pause_of_everything() -> None:
    server = MemoryServer()
    client, other = server.connect(), server.connect()
    client.call(b"CLIENT", b"PAUSE", b"100000")
    assert other.call(b"PING") == b""
    assert client.call(b"CLIENT", b"UNPAUSE") == b"+OK\r\n"
    server.run_woken()
    assert other.received() == b"+PONG\r\n"


def test_unpause_lets_no_writes_into_a_failover() -> None:
    server = MemoryServer()
    client, other = server.connect(), server.connect()
    pause = server.engine.pause
    pause.begin(1 << 40, True, FOR_FAILOVER)
    client.call(b"CLIENT", b"PAUSE", b"100000")
    assert other.call(b"SET", b"k", b"v") == b""
    client.call(b"CLIENT", b"UNPAUSE")
    server.run_woken()
    assert other.received() == b""
    assert client.call(b"GET", b"k") == b"$-1\r\n"
    pause.end(FOR_FAILOVER)
    server.run_woken()
    assert other.received() == b"+OK\r\n"


def test_a_pause_outlasts_the_end_of_another() -> None:
    server = MemoryServer()
    client, other = server.connect(), server.connect()
    client.call(b"CLIENT", b"PAUSE", b"5000", b"WRITE")
    server.engine.pause.begin(1 << 40, True, FOR_FAILOVER)
    assert other.call(b"SET", b"k", b"v") == b""
    server.advance(2)
    server.engine.pause.end(FOR_FAILOVER)
    server.run_woken()
    assert other.received() == b""
    assert server.engine.pause.left_ms() == 3000
    server.advance(3.1)
    assert other.received() == b"+OK\r\n"


def test_what_waits_for_a_pause_keeps_its_order() -> None:
    server = MemoryServer()
    client, other, third = server.connect(), server.connect(), server.connect()
    client.call(b"CLIENT", b"PAUSE", b"1000", b"ALL")
    server.engine.pause.begin(5000, True, FOR_FAILOVER)
    other.call(b"APPEND", b"k", b"a")
    third.call(b"APPEND", b"k", b"b")
    server.advance(2)
    assert client.call(b"GET", b"k") == b"$-1\r\n"
    server.advance(4)
    assert client.call(b"GET", b"k") == b"$2\r\nab\r\n"
    assert (other.received(), third.received()) == (b":1\r\n", b":2\r\n")


def test_reply_off_and_skip_are_silent() -> None:
    client = MemoryServer().connect()
    assert client.call(b"CLIENT", b"REPLY", b"SKIP") == b""
    assert client.call(b"PING") == b""
    assert client.call(b"PING") == b"+PONG\r\n"
    assert client.call(b"CLIENT", b"REPLY", b"OFF") == b""
    assert client.call(b"PING") == b""
    assert client.call(b"CLIENT", b"REPLY", b"ON") == b"+OK\r\n"


@pytest.mark.parametrize("mode", [b"OFF", b"SKIP"])
def test_who_wants_no_replies_is_not_told_of_a_protocol_error(mode: bytes) -> None:
    client = MemoryServer().connect()
    client.call(b"CLIENT", b"REPLY", mode)
    client.send(b"*1\r\nx\r\n")
    assert client.received() == b""
    assert client.is_closed


def test_reset_is_skipped_as_any_command_and_ends_the_silence() -> None:
    client = MemoryServer().connect()
    client.call(b"CLIENT", b"REPLY", b"SKIP")
    assert client.call(b"RESET") == b""
    assert client.call(b"PING") == b"+PONG\r\n"
    client.call(b"CLIENT", b"REPLY", b"OFF")
    assert client.call(b"RESET") == b"+RESET\r\n"
    assert client.call(b"PING") == b"+PONG\r\n"


def test_a_command_that_waited_is_not_answered_either() -> None:
    server = MemoryServer()
    client, other = server.connect(), server.connect()
    client.call(b"CLIENT", b"REPLY", b"SKIP")
    client.call(b"BLPOP", b"l", b"0")
    assert other.call(b"RPUSH", b"l", b"v") == b":1\r\n"
    assert client.received() == b""
    assert client.call(b"PING") == b"+PONG\r\n"
    client.call(b"CLIENT", b"REPLY", b"OFF")
    client.call(b"BLPOP", b"l", b"0")
    assert other.call(b"RPUSH", b"l", b"v") == b":1\r\n"
    assert client.received() == client.call(b"PING") == b""


def test_who_wants_no_replies_sees_no_commands() -> None:
    server = MemoryServer()
    watcher, client = server.connect(), server.connect()
    watcher.call(b"CLIENT", b"REPLY", b"OFF")
    watcher.call(b"MONITOR")
    client.call(b"SET", b"k", b"v")
    assert watcher.received() == b""
    assert watcher.call(b"CLIENT", b"REPLY", b"ON").endswith(b"+OK\r\n")
    client.call(b"GET", b"k")
    assert b'"GET" "k"' in watcher.received()


def test_monitor_shows_commands_but_no_passwords() -> None:
    server = MemoryServer()
    watcher, client = server.connect(), server.connect()
    watcher.call(b"MONITOR")
    client.call(b"SET", b"k", b'a"\n\xff')
    client.call(b"AUTH", b"secret")
    shown = watcher.received()
    assert b'"SET" "k" "a\\"\\n\\xff"' in shown
    assert b"secret" not in shown


def test_every_command_documents_itself_and_help_is_there() -> None:
    client = MemoryServer().connect()
    client.call(b"HELLO", b"3")
    assert client.call(b"COMMAND", b"DOCS").startswith(b"%")
    assert client.call(b"COMMAND", b"INFO", b"get", b"nope").startswith(b"*2\r\n*10\r\n")
    assert client.call(b"COMMAND", b"GETKEYS", b"MSET", b"a", b"1", b"b", b"2") == b"*2\r\n$1\r\na\r\n$1\r\nb\r\n"
    for container in (b"CLIENT", b"COMMAND", b"PUBSUB", b"SLOWLOG", b"COMMANDLOG", b"LATENCY", b"MEMORY", b"DEBUG"):
        assert b"Subcommands are" in client.call(container, b"HELP") or container == b"DEBUG"


def test_info_has_every_section() -> None:
    client = MemoryServer().connect()
    client.call(b"SET", b"k", b"v")
    client.call(b"NOPE")
    text = client.call(b"INFO", b"everything")
    for title in (b"Server", b"Clients", b"Memory", b"Persistence", b"Stats", b"Replication", b"CPU", b"Commandstats"):
        assert b"# " + title in text
    assert b"db0:keys=1,expires=0" in text
    assert b"errorstat_ERR:count=1" in text
    assert b"cmdstat_set:calls=1" in text


def test_idle_time_is_told_again_after_a_frequency_policy() -> None:
    client = MemoryServer().connect()
    client.call(b"SET", b"k", b"v")
    client.call(b"CONFIG", b"SET", b"maxmemory-policy", b"allkeys-lfu")
    assert client.call(b"OBJECT", b"IDLETIME", b"k").startswith(b"-ERR An LFU maxmemory policy is selected")
    client.call(b"CONFIG", b"SET", b"maxmemory-policy", b"noeviction")
    assert client.call(b"OBJECT", b"IDLETIME", b"k") == b":0\r\n"


def test_a_client_that_does_not_touch_leaves_no_trace() -> None:
    server = MemoryServer()
    quiet, other = server.connect(), server.connect()
    other.call(b"CONFIG", b"SET", b"maxmemory-policy", b"allkeys-lru")
    other.call(b"SET", b"k", b"v")
    quiet.call(b"CLIENT", b"NO-TOUCH", b"ON")
    server.advance(5)
    quiet.call(b"GET", b"k")
    quiet.call(b"GET")
    assert other.call(b"OBJECT", b"IDLETIME", b"k") == b":5\r\n"
    quiet.call(b"MULTI")
    quiet.call(b"GET", b"k")
    quiet.call(b"EXEC")
    assert other.call(b"OBJECT", b"IDLETIME", b"k") == b":5\r\n"
    quiet.call(b"RESET")
    assert quiet.session.gates == 0
    quiet.call(b"CLIENT", b"NO-TOUCH", b"ON")
    quiet.call(b"TOUCH", b"k")
    assert other.call(b"OBJECT", b"IDLETIME", b"k") == b":0\r\n"
    server.advance(5)
    other.call(b"GET", b"k")
    assert other.call(b"OBJECT", b"IDLETIME", b"k") == b":0\r\n"
