"""redis-benchmark's runs end without an error."""

from __future__ import annotations

import csv
import io
import subprocess

import pytest

from oracle.servers import ServerProcess

pytestmark = pytest.mark.usefixtures("empty")
DEFAULT_TESTS = [
    "PING_INLINE",
    "PING_MBULK",
    "SET",
    "GET",
    "INCR",
    "LPUSH",
    "RPUSH",
    "LPOP",
    "RPOP",
    "SADD",
    "HSET",
    "SPOP",
    "ZADD",
    "ZPOPMIN",
    "LPUSH (needed to benchmark LRANGE)",
    "LRANGE_100 (first 100 elements)",
    "LRANGE_300 (first 300 elements)",
    "LRANGE_500 (first 500 elements)",
    "LRANGE_600 (first 600 elements)",
    "MSET (10 keys)",
]


def benchmark(server: ServerProcess, *words: str) -> list[str]:
    command = ["redis-benchmark", "-p", str(server.port), "--csv", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "error" not in (done.stdout + done.stderr).lower(), done.stdout + done.stderr
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert all(float(row["rps"]) > 0 for row in rows)
    return [row["test"] for row in rows]


@pytest.mark.timeout(400)
def test_the_default_run(server: ServerProcess) -> None:
    assert benchmark(server, "-n", "20000") == DEFAULT_TESTS


def test_pipelined_with_random_keys(server: ServerProcess) -> None:
    assert benchmark(server, "-n", "20000", "-P", "16", "-r", "1000", "-q") == DEFAULT_TESTS


def test_resp3(server: ServerProcess) -> None:
    assert benchmark(server, "-3", "-n", "2000", "-t", "get,set,hset") == ["SET", "GET", "HSET"]


def test_several_threads(server: ServerProcess) -> None:
    assert benchmark(server, "--threads", "2", "-n", "20000", "-t", "get,set") == ["SET", "GET"]


def test_a_command_of_ones_own(server: ServerProcess) -> None:
    assert benchmark(server, "-n", "2000", "-r", "100", "zadd", "z", "__rand_int__", "m:__rand_int__")


def test_large_values(server: ServerProcess) -> None:
    assert benchmark(server, "-n", "500", "-d", "1000000", "-c", "5", "-t", "set,get") == ["SET", "GET"]


def test_many_clients(server: ServerProcess) -> None:
    assert benchmark(server, "-c", "1000", "-n", "20000", "-t", "ping_mbulk") == ["PING_MBULK"]
