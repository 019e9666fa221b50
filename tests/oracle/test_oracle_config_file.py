"""Configuration files and command lines beside redis-server: what stops the start, and what holds afterwards."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from miniredis.app.options import find_files
from miniredis.config.arguments import UsageError, parse_arguments
from miniredis.config.config import Config
from miniredis.config.reader import ConfigError

from oracle.servers import ServerProcess, die_with_parent


def our_config(words: list[str], text: str = "") -> Config:
    return parse_arguments(words).configuration(text.encode(), b"", find_files)


@pytest.mark.parametrize(
    "line",
    [
        "hz",
        "hz 1 2",
        "hz 05",
        "hz 1 # comment",
        "foo 1",
        "hz 'x",
        'hz "1"x',
        'requirepass "\\',
        "save 1",
        "save '' 1",
        "save 0 1",
        "appendonly",
        "appendonly perhaps",
        "include",
        "include a b",
        "user",
        "rename-command",
        "rename-command a",
        "loadmodule",
        "slaveof a",
        "slaveof a b",
        "slaveof a 99999",
        "slaveof no one x",
        "cluster-enabled yes\nreplicaof 127.0.0.1 6379",
        "sentinel monitor a b c d",
        "client-output-buffer-limit normal 0 0",
        "client-output-buffer-limit nobody 0 0 0",
        "notify-keyspace-events K E",
        "oom-score-adj-values 1 2",
        "shutdown-on-sigterm save nosave",
        "maxmemory 5%",
        "maxmemory 1 2",
        "maxmemory-clients 101%",
        "unixsocketperm 9",
        "unixsocketperm 1000",
        "appendfilename a/b",
        "appendfilename ''",
        "appenddirname a/b",
        "dbfilename a/b",
        "databases 0",
        "tcp-backlog x",
        "io-threads 0",
        "supervised x",
        "syslog-facility x",
        "loglevel loud",
        "latency-tracking-info-percentiles 101",
        "enable-debug-command perhaps",
        "proc-title-template {nothing}",
        "socket-mark-id -1",
    ],
)
def test_a_wrong_line_stops_both_with_the_same_words(tmp_path: Path, line: str) -> None:
    text = f"port 0\n# a comment\n{line}\n"
    path = tmp_path / "redis.conf"
    path.write_text(text)
    done = subprocess.run(
        ["redis-server", str(path)],
        capture_output=True,
        timeout=20,
        cwd=tmp_path,
        preexec_fn=die_with_parent,
    )
    theirs = (done.stderr + done.stdout).decode().strip().splitlines()
    theirs = theirs[next(number for number, each in enumerate(theirs) if "FATAL CONFIG" in each) + 1 :]
    with pytest.raises(ConfigError) as stopped:
        our_config([str(path)], text)
    ours = stopped.value.report("7.0.15").strip().splitlines()[1:]
    assert [each.replace(f" {path},", ",") for each in ours] == theirs


RIGHT = r"""
  HZ   20
save 3600 1
save '60 100'
bind 127.0.0.1 -::1
requirepass "a \x41'b"
client-output-buffer-limit replica 1mb 2mb 3
client-output-buffer-limit pubsub 4mb 5mb 6
slave-priority 50
notify-keyspace-events KEA
hash-max-ziplist-entries 7
lua-time-limit 99
maxmemory 100mb
maxmemory-clients 5%
unixsocketperm 755
shutdown-on-sigint now save
repl-backlog-size 3mb
latency-tracking-info-percentiles 50 99.5
loglevel "WARNING"
"""


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--save", "30", "5", "--hz", "50"],
        ["--save", ""],
        ["--save", "--hz", "7"],
        ["--save", "5 6 7 8", "--bind", "127.0.0.1"],
        ["--timeout 5", "--PROC-TITLE-TEMPLATE", "a b", "--oom-score-adj-values", "1", "2", "3"],
        ["--masterauth", "--secret", "--appendfilename", "x y"],
        ["--save", "5", "6", "--save", "", "--save", "7", "8"],
    ],
)
def test_the_same_file_and_words_mean_the_same(tmp_path: Path, words: list[str]) -> None:
    path = tmp_path / "redis.conf"
    path.write_text(RIGHT)
    config = our_config([str(path), *words], RIGHT)
    server = ServerProcess(["redis-server", str(path), *words, "--port", "{port}", "--bind", "127.0.0.1"])
    try:
        server.wait_ready()
        client = server.connect()
        client(b"AUTH", config.text("requirepass"))
        parts = client(b"CONFIG", b"GET", b"*").split(b"\r\n")
        client.close()
    finally:
        server.remove()
    # A password may hold line breaks, but none of these values does.
    theirs = dict(zip(parts[2::4], parts[4::4], strict=False))
    theirs = {name: value for name, value in theirs.items() if name.decode() not in ("port", "dir", "bind", "tls-port")}
    ours = dict(config.get([b"*"]))
    differing = {name: (value, ours[name]) for name, value in theirs.items() if ours[name] != value}
    assert differing == {b"syslog-ident": (b"redis", b"miniredis")}


def test_a_stray_word_is_an_error_here_even_where_redis_takes_it_for_a_directive(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        our_config([str(tmp_path / "redis.conf"), "hz", "1"])
