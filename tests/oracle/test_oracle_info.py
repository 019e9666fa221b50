"""INFO beside the real servers: the same fields in the same sections, and what they count is what happened."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import miniredis

from oracle.gaps import ABSENT_FIELDS, OWN_FIELDS
from oracle.servers import PLAIN_OPTIONS, ServerProcess, free_port, redis_server, valkey_server
from oracle.wire import Connection

Start = Callable[..., ServerProcess]
#: Fields that are named after a command, an error or a database.
OF_SINGLE_THINGS = re.compile(r"(cmdstat|errorstat|latency_percentiles_usec)_.*|db\d+")
STATES: dict[str, Callable[[], list[str]]] = {
    "plain": list,
    "log": lambda: ["--appendonly", "yes"],
    "cluster": lambda: ["--cluster-enabled", "yes", "--cluster-port", str(free_port())],
    "replica": lambda: ["--replicaof", "127.0.0.1", "1"],
}


def our_server(*options: str) -> ServerProcess:
    """A process of ours, which has all subsystems."""
    script = "from miniredis.app.main import server; server()"
    where = {**os.environ, "PYTHONPATH": str(Path(miniredis.__file__).parent.parent)}
    server = ServerProcess([sys.executable, "-c", script, *PLAIN_OPTIONS, *options], env=where)
    server.wait_ready()
    return server


@pytest.fixture
def start() -> Iterator[Start]:
    running: list[ServerProcess] = []

    def start_one(make: Start, *options: str) -> ServerProcess:
        running.append(make(*options))
        return running[-1]

    yield start_one
    for server in running:
        server.remove()


def fields_of(client: Connection, section: str = "everything") -> dict[str, dict[str, str]]:
    """Sections, each with its fields."""
    found: dict[str, dict[str, str]] = {}
    for line in client(b"INFO", section.encode()).decode().split("\r\n"):
        if line.startswith("# "):
            fields = found[line[2:]] = {}
        elif ":" in line:
            name, value = line.split(":", 1)
            fields[name] = value
    return found


def names_of(client: Connection) -> dict[str, set[str]]:
    return {
        section: {name for name in fields if not OF_SINGLE_THINGS.fullmatch(name)}
        for section, fields in fields_of(client).items()
    }


@pytest.mark.parametrize("state", STATES)
def test_the_fields_are_those_of_the_real_servers(start: Start, state: str) -> None:
    redis, valkey, ours = (
        names_of(start(make, *STATES[state]()).connect()) for make in (redis_server, valkey_server, our_server)
    )
    for section in redis.keys() | valkey.keys() | ours.keys():
        theirs = redis.get(section, set()) | valkey.get(section, set())
        there = ours.get(section, set())
        assert theirs - there <= ABSENT_FIELDS.keys(), (section, theirs - there)
        assert there - theirs <= set(OWN_FIELDS), (section, there - theirs)


def test_what_is_said_to_be_absent_is(start: Start) -> None:
    theirs = [names_of(start(make).connect()) for make in (redis_server, valkey_server)]
    found = {name for sections in theirs for fields in sections.values() for name in fields}
    ours = names_of(start(our_server).connect())
    there = {name for fields in ours.values() for name in fields}
    assert found >= ABSENT_FIELDS.keys()
    assert not there & ABSENT_FIELDS.keys()
    assert there >= set(OWN_FIELDS)


@pytest.mark.parametrize("words", ["", "default", "all", "everything", "tls clients", "scriptingengines"])
def test_sections_are_shown_when_valkey_shows_them(start: Start, words: str) -> None:
    shown = []
    for make in (valkey_server, our_server):
        client = start(make).connect()
        text = client(b"INFO", *words.encode().split()).decode()
        shown.append(re.findall(r"^# (.*)\r$", text, re.MULTILINE))
    assert shown[0] == shown[1]


BY_DEFAULT = """
ACL SETUSER alice on >secret ~a* &a* +get +publish +eval
AUTH alice wrong
HSET hash f v
HEXPIRE hash 1000 FIELDS 1 f
"""
BY_ALICE = """
AUTH alice secret
SET a 1
GET b
PUBLISH b 1
EVAL "return redis.pcall('get', 'b')" 0
"""


def run_lines(client: Connection, lines: str) -> None:
    for line in lines.strip().splitlines():
        client.send(line.encode() + b"\r\n")
        client.frames(1)


def test_what_happened_is_counted_as_valkey_counts_it(start: Start) -> None:
    counted = []
    for make in (valkey_server, our_server):
        server = start(make, "--unixsocket", "{dir}/server.sock", "--availability-zone", "attic")
        client = server.connect()
        run_lines(client, BY_DEFAULT)
        run_lines(server.connect(), BY_ALICE)
        client(b"CLIENT", b"PAUSE", b"100000", b"WRITE")
        before = fields_of(client)["Stats"]
        sections = fields_of(client)
        fields = {name: value for section in sections.values() for name, value in section.items()}
        listeners = [
            value.replace(str(server.port), "PORT").replace(str(server.folder), "DIR")
            for name, value in fields.items()
            if name.startswith("listener")
        ]
        assert 90_000 < int(fields["paused_timeout_milliseconds"]) <= 100_000
        counted.append(
            (
                [int(fields[name]) - int(before[name]) for name in ("total_reads_processed", "total_writes_processed")],
                listeners,
                [value for name, value in sorted(fields.items()) if name.startswith("acl_access_denied")],
                (fields["paused_reason"], fields["paused_actions"]),
                fields["availability_zone"],
                fields["db0"].replace("avg_ttl=", "").split(","),
            )
        )
    assert counted[0] == counted[1]


def test_a_fork_is_counted(start: Start) -> None:
    client = start(our_server).connect()
    before = fields_of(client)["Stats"]
    assert (before["total_forks"], before["latest_fork_usec"]) == ("0", "0")
    client(b"BGSAVE")
    after = fields_of(client)["Stats"]
    assert after["total_forks"] == "1"
    assert int(after["latest_fork_usec"]) > 0
    client(b"CONFIG", b"RESETSTAT")
    assert fields_of(client)["Stats"]["total_forks"] == "0"


def test_work_takes_time_that_is_told(start: Start) -> None:
    client = start(our_server).connect()
    client(b"DEBUG", b"SLEEP", b"0")
    client(b"EVAL", b"local n = 0 for i = 1, 2000000 do n = n + i end return n", b"0")
    sections = fields_of(client)
    stats = sections["Stats"]
    spent_us = int(sections["Commandstats"]["cmdstat_eval"].split("usec=")[1].split(",")[0])
    assert int(stats["eventloop_duration_sum"]) >= int(stats["eventloop_duration_cmd_sum"]) >= spent_us > 0
    assert int(stats["eventloop_cycles"]) >= 3
    assert float(sections["CPU"]["used_active_time_main_thread"]) * 1e6 >= spent_us


def test_replication_is_counted_on_both_sides(start: Start) -> None:
    primary = start(our_server, "--repl-diskless-sync-delay", "0")
    replica = start(our_server, "--replicaof", "127.0.0.1", str(primary.port))
    client = primary.connect()
    client(b"SET", b"k", b"x" * 100_000)
    assert client(b"WAIT", b"1", b"20000") == b":1\r\n"
    sent = int(fields_of(client)["Stats"]["total_net_repl_output_bytes"])
    received = int(fields_of(replica.connect())["Stats"]["total_net_repl_input_bytes"])
    assert sent >= received >= 100_000
    assert int(fields_of(client)["Stats"]["total_net_output_bytes"]) >= sent
    assert int(fields_of(replica.connect())["Stats"]["total_net_input_bytes"]) >= received
