"""Configurations that others ship: ours starts with them as they are, and every value in them is what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from oracle.servers import ServerProcess, redis_server, valkey_server
from system.conftest import program

Start = Callable[..., ServerProcess]

#: Where a server of a test differs from one that the system starts: its place, and who watches it.
OF_THE_TEST = ["--supervised", "no", "--daemonize", "no", "--pidfile", "", "--logfile", ""]
#: Of this server alone, and what has no form that says "none".
OWN = {"dir", "port", "bind", "pidfile", "logfile", "replicaof", "slaveof"}
#: Taken by another name -> what we call it.
RENAMED = {"log-format": {"legacy": "text"}}
#: Of Redis 7.2 and of Valkey 8, and neither in Redis 7.0 nor in Valkey 9.1, with their defaults.
BETWEEN = """
set-max-listpack-entries 128
set-max-listpack-value 64
cluster-announce-human-nodename ""
locale-collate ""
io-threads-do-reads no
dynamic-hz yes
events-per-io-thread 2
"""


def settings(server: ServerProcess) -> dict[str, str]:
    """All that CONFIG GET tells."""
    client = server.connect()
    raw = client(b"CONFIG", b"GET", b"*")
    client.close()
    words = [line.decode() for line in raw.split(b"\r\n")[2::2]]  # each behind its length
    return dict(zip(words[::2], words[1::2], strict=True))


def as_file(values: dict[str, str]) -> str:
    several = {"client-output-buffer-limit", "oom-score-adj-values", "latency-tracking-info-percentiles"}
    lines = [f"{name} {value}" if name in several else f'{name} "{value}"' for name, value in values.items()]
    return "\n".join(lines) + "\n"


@pytest.fixture(params=[redis_server, valkey_server], ids=["redis", "valkey"])
def real(request: pytest.FixtureRequest) -> Iterator[ServerProcess]:
    server: ServerProcess = request.param()
    yield server
    server.remove()


def test_every_directive_of_a_real_server_with_its_default(real: ServerProcess, start: Start, tmp_path: Path) -> None:
    values = {name: value for name, value in settings(real).items() if name not in OWN}
    assert len(values) > 180
    config = tmp_path / "whole.conf"
    config.write_text(as_file(values))
    server = start(command=[program("miniredis-server"), str(config)])
    ours = settings(server)
    expected = {name: RENAMED.get(name, {}).get(value, value) for name, value in values.items()}
    assert {name: ours.get(name) for name in values} == expected


def test_directives_that_came_and_went_between_them(start: Start, tmp_path: Path) -> None:
    config = tmp_path / "redis.conf"
    config.write_text(BETWEEN)
    server = start(command=[program("miniredis-server"), str(config)])
    client = server.connect()
    for line in BETWEEN.strip().splitlines():
        name, value = line.split()
        shown = client(b"CONFIG", b"GET", name.encode())
        assert shown.split(b"\r\n")[2::2][:2] == [name.encode(), value.strip('"').encode()]


def test_the_file_that_debian_ships(start: Start) -> None:
    server = start(*OF_THE_TEST, command=[program("miniredis-server"), "/etc/redis/redis.conf"])
    ours = settings(server)
    assert ours["proc-title-template"] == "{title} {listen-addr} {server-mode}"
    assert ours["repl-diskless-sync-delay"] == "5"
    assert ours["client-output-buffer-limit"].startswith("normal 0 0 0")


def test_the_sentinel_file_that_debian_ships(tmp_path: Path) -> None:
    config = tmp_path / "sentinel.conf"  # it is written to
    config.write_text(Path("/etc/redis/sentinel.conf").read_text())
    words = ["--bind", "127.0.0.1", "--port", "{port}", "--dir", "{dir}", *OF_THE_TEST]
    sentinel = ServerProcess([program("miniredis-sentinel"), str(config), *words])
    try:
        sentinel.wait_ready()
        client = sentinel.connect()
        assert b"mymaster" in client(b"SENTINEL", b"MASTERS")
        assert "sentinel monitor mymaster 127.0.0.1 6379 2" in config.read_text()
    finally:
        sentinel.remove()
