"""CLIENT, LATENCY, MEMORY, SLOWLOG, COMMANDLOG and the statistics of INFO beside real servers."""

from __future__ import annotations

import re

import pytest

from oracle.comparison import Peer
from oracle.wire import Command, script


def test_what_commands_about_clients_refuse(oracle: Peer) -> None:
    words: list[str | Command] = [
        *script(
            """
            CLIENT LIST x|CLIENT LIST TYPE|CLIENT LIST TYPE foo|CLIENT LIST TYPE replica|CLIENT LIST ID|CLIENT LIST ID x
            CLIENT LIST ID 0|CLIENT LIST ID 99999 88888|CLIENT KILL|CLIENT KILL 1.1.1.1:1|CLIENT KILL ID|CLIENT KILL ID x
            CLIENT KILL ID 0|CLIENT KILL ID 999999|CLIENT KILL TYPE foo|CLIENT KILL USER nosuch|CLIENT KILL SKIPME maybe
            CLIENT KILL ADDR 1:1 SKIPME yes|CLIENT KILL FOO bar|CLIENT NO-EVICT maybe|CLIENT NO-EVICT on|CLIENT NO-EVICT off
            CLIENT UNBLOCK 99999|CLIENT UNBLOCK x|CLIENT UNBLOCK 99999 foo|CLIENT SETNAME ab|CLIENT GETNAME|CLIENT REPLY foo
            CLIENT PAUSE x|CLIENT PAUSE -1|CLIENT PAUSE 1 foo|CLIENT PAUSE 0 WRITE|CLIENT UNPAUSE|CLIENT NOSUCH|CLIENT
            """
        ),
        [b"CLIENT", b"SETNAME", b"a b"],
    ]
    oracle.compare(words)


def test_filters_of_clients(valkey_oracle: Peer) -> None:
    """By the clients each filter leaves; ours and theirs have other numbers."""
    words = script(
        """
        CLIENT LIST NOT-TYPE pubsub|CLIENT LIST NOT-USER default|CLIENT LIST NOT-FLAGS x|CLIENT LIST NOT-FLAGS N|CLIENT LIST FLAGS N
        CLIENT LIST NOT-MAXAGE 5|CLIENT LIST NOT-IDLE 5|CLIENT LIST NOT-SKIPME yes|CLIENT LIST FLAGS xyz|CLIENT LIST FLAGS ?
        CLIENT LIST CAPA x|CLIENT LIST NOT-CAPA r|CLIENT LIST CAPA r|CLIENT LIST DB x|CLIENT LIST DB 99|CLIENT LIST DB -1
        CLIENT LIST NOT-DB 0|CLIENT LIST DB 0|CLIENT LIST IDLE x|CLIENT LIST IDLE 0|CLIENT LIST MAXAGE -1|CLIENT LIST NAME me
        CLIENT LIST NOT-NAME me|CLIENT LIST NOT-NAME other|CLIENT LIST IP 127.0.0.1|CLIENT LIST NOT-IP 127.0.0.1|CLIENT LIST NOT-FOO x
        CLIENT LIST LIB-NAME x|CLIENT LIST NOT-LIB-NAME x|CLIENT LIST NOT-ID 999999|CLIENT LIST ID 999999|CLIENT LIST USER nosuch
        """
    )

    def left(reply: bytes) -> bytes:
        return b"%d" % len(re.findall(rb"name=me ", reply)) if reply[:1] == b"$" else reply

    valkey_oracle.compare(["CLIENT SETNAME me", *words], normalise={b"CLIENT": left})


def test_logs_and_memory(oracle: Peer) -> None:
    oracle.compare(
        script(
            """
            LATENCY FOO|LATENCY RESET|LATENCY LATEST|LATENCY HISTORY foo|LATENCY GRAPH foo|LATENCY RESET foo
            LATENCY HISTOGRAM nosuch|LATENCY LATEST x|LATENCY|MEMORY USAGE|MEMORY USAGE nokey|SET k v|MEMORY USAGE k SAMPLES
            MEMORY USAGE k SAMPLES x|MEMORY USAGE k SAMPLES -1|MEMORY USAGE k FOO 1|MEMORY FOO|MEMORY|SLOWLOG RESET|SLOWLOG GET x
            SLOWLOG GET -2|SLOWLOG GET 1 2|SLOWLOG FOO|SLOWLOG LEN|SLOWLOG GET|SLOWLOG LEN x|OBJECT FREQ k|OBJECT IDLETIME k
            """
        )
    )
    oracle.compare(
        ["SET k v", "MEMORY STATS"], normalise={b"MEMORY": lambda reply: b"" if reply[:1] == b"*" else reply}
    )


def test_fields_of_memory_stats(oracle: Peer) -> None:
    names = []
    for backend in (oracle.theirs, oracle.ours):
        connection = backend.connect()
        connection.pipeline([[b"FLUSHALL"], [b"SET", b"k", b"v"]])
        names.append(re.findall(rb"\$\d+\r\n([a-z][^\r]*)\r\n", connection(b"MEMORY", b"STATS")))
        connection.close()
    assert names[0] == names[1]


def test_a_latency_spike(oracle: Peer) -> None:
    def without_times(reply: bytes) -> bytes:
        """Both slept as long as they were told, a few milliseconds more apart."""
        return re.sub(rb"\d+", b"0", reply)

    oracle.compare(
        script(
            """
            LATENCY RESET|CONFIG SET latency-monitor-threshold 20|DEBUG SLEEP 0.03|LATENCY LATEST|LATENCY HISTORY command
            LATENCY GRAPH command|LATENCY RESET command foo|LATENCY LATEST|CONFIG SET latency-monitor-threshold 0
            """
        ),
        normalise={b"LATENCY": without_times},
    )


def test_command_logs(valkey_oracle: Peer) -> None:
    def without_chance(reply: bytes) -> bytes:
        """Numbers of entries, times and addresses are left out; sizes and arguments stay."""
        return re.sub(rb":\d+\r\n:\d{10}\r\n|\$\d+\r\n127\.0\.0\.1:\d+\r\n", b"", reply)

    valkey_oracle.compare(
        script(
            """
            RPUSH l aaaaaaaaaa bbbbbbbbbbbbbb|SET k v|CONFIG SET commandlog-reply-larger-than 10 commandlog-request-larger-than 20
            COMMANDLOG RESET large-reply|COMMANDLOG RESET large-request|LRANGE l 0 -1|GET k|PING|ECHO 123456|ECHO 12345
            ECHO 12345678901234567890|COMMANDLOG GET -1 large-reply|COMMANDLOG LEN large-request|COMMANDLOG LEN foo
            COMMANDLOG GET x slow|COMMANDLOG GET -2 slow|COMMANDLOG GET 1 foo|COMMANDLOG FOO|COMMANDLOG GET 1
            CONFIG SET commandlog-reply-larger-than 1048576 commandlog-request-larger-than 1048576
            """
        ),
        normalise={b"COMMANDLOG": without_chance},
    )


@pytest.mark.parametrize("which", ["oracle", "valkey_oracle"])
def test_statistics_of_commands_and_errors(which: str, request: pytest.FixtureRequest) -> None:
    peer: Peer = request.getfixturevalue(which)
    found = []
    for backend in (peer.theirs, peer.ours):
        connection = backend.connect()
        connection.pipeline([[b"FLUSHALL"], [b"SET", b"k", b"v"], [b"CONFIG", b"RESETSTAT"]])
        for command in script(
            """
            GET k|GET|LPUSH k a|NOSUCH|MULTI|GET k|LPUSH k a|EXEC|MULTI|GET|EXEC|MULTI|EXEC x|CONFIG GET x|CONFIG NOSUCH
            AUTH a b c|AUTH a b|XADD s 0-0 a b|EVALUATE|OBJECT HELP|HGET k f|SUBSCRIBE c|GET k|UNSUBSCRIBE c|CLIENT KILL 1:1
            """
        ):
            connection(*command.encode().split())
        text = connection(b"INFO", b"commandstats", b"errorstats")
        stats = set(re.findall(rb"(cmdstat_\S+?):calls=(\d+),\S*?rejected_calls=(\d+),failed_calls=(\d+)", text))
        found.append((stats, sorted(re.findall(rb"(errorstat_\S+?):count=(\d+)", text))))
        latencies = connection(b"INFO", b"latencystats")
        assert re.search(rb"latency_percentiles_usec_get:p50=\d+\.\d{3},p99=\d+\.\d{3},p99.9=\d+\.\d{3}\r\n", latencies)
        connection.close()
    assert found[0] == found[1]


def test_the_fields_of_client_list(valkey_oracle: Peer) -> None:
    lines = []
    for backend in (valkey_oracle.theirs, valkey_oracle.ours):
        connection = backend.connect()
        connection(b"CLIENT", b"SETNAME", b"somebody")
        fields = re.findall(rb"([a-z-]+)=(\S*)", connection(b"CLIENT", b"INFO"))
        steady = {
            b"name",
            b"flags",
            b"db",
            b"sub",
            b"psub",
            b"ssub",
            b"multi",
            b"watch",
            b"cmd",
            b"user",
            b"redir",
            b"resp",
        }
        lines.append([(name, value if name in steady else b"") for name, value in fields])
        connection.close()
    assert lines[0] == lines[1]


FLAGS: list[tuple[list[str], bytes]] = [
    ([], b"N"),
    (["MULTI"], b"x"),
    (["SUBSCRIBE a"], b"P"),
    (["CLIENT TRACKING ON"], b"t"),
    (["CLIENT TRACKING ON BCAST"], b"tB"),
    (["CLIENT NO-EVICT ON"], b"e"),
    (["MONITOR"], b"O"),
    (["WATCH k", "SET k v"], b"d"),
]


@pytest.mark.parametrize(("commands", "letters"), FLAGS, ids=[letters.decode() for _, letters in FLAGS])
def test_flags_of_a_client(oracle: Peer, commands: list[str], letters: bytes) -> None:
    for backend in (oracle.theirs, oracle.ours):
        client, other = backend.connect(), backend.connect()
        number = client(b"CLIENT", b"ID")[1:-2]
        for command in commands:
            client(*command.encode().split())
        line = other(b"CLIENT", b"LIST", b"ID", number)
        assert re.search(rb" flags=(\w+) ", line)[1] == letters  # type: ignore[index]
        client.close()
        other.close()
        backend.settle()


def test_a_client_that_does_not_touch(valkey_oracle: Peer) -> None:
    """Times of two seconds, so that the second in which a command runs does not matter."""

    def rounded(reply: bytes) -> bytes:
        return re.sub(rb":(\d+)", lambda found: b":%d" % ((int(found[1]) + 1) // 2), reply)

    commands = script(
        """
            CONFIG SET maxmemory-policy allkeys-lru|SET k v|DEBUG SLEEP 2|CLIENT NO-TOUCH ON|GET k|OBJECT IDLETIME k|STRLEN k
            MULTI|GET k|EXEC|OBJECT IDLETIME k|SET k w|OBJECT IDLETIME k|APPEND k x|OBJECT IDLETIME k|SET new v
            OBJECT IDLETIME new|TOUCH k|OBJECT IDLETIME k|DEBUG SLEEP 2|MULTI|GET k|TOUCH k|EXEC|OBJECT IDLETIME k|DEBUG SLEEP 2
            GET k|GET|NOSUCH|CLIENT NO-TOUCH maybe|OBJECT IDLETIME k|CLIENT NO-TOUCH OFF|GET k|OBJECT IDLETIME k
            CONFIG SET maxmemory-policy noeviction
        """
    )
    valkey_oracle.compare_clients([(0, command) for command in commands], normalise={b"OBJECT": rounded})
