"""Runs of brief commands share the time they took; counts are exact, and whatever may be slow is timed alone."""

from __future__ import annotations

import pytest

from miniredis.commands.context import Context
from miniredis.commands.declaration import Command
from miniredis.testing.memory import MemoryClient, MemoryServer


class Timed:
    """A server whose commands take a millisecond of its clock for each argument they are told to."""

    def __init__(self) -> None:
        self.server = MemoryServer()
        self.client: MemoryClient = self.server.connect()
        for name in (b"ECHO", b"LOLWUT"):
            command = self.command(name)
            command.run = self._take_time
        self.command(b"ECHO").is_brief = True
        self.command(b"LOLWUT").is_brief = False

    def _take_time(self, ctx: Context, argv: list[bytes]) -> object:
        self.server.clock.advance(int(argv[1]) / 1000)
        return b"done"

    def command(self, name: bytes) -> Command:
        return self.server.engine.commands.find([name])

    def run(self, *lines: str) -> None:
        """One pipeline."""
        self.client.send(b"".join(line.encode() + b"\r\n" for line in lines))

    def took_ms(self, name: bytes) -> tuple[int, float]:
        """Calls, and milliseconds in all."""
        command = self.command(name)
        return command.calls, command.nanoseconds / 1e6

    def slow(self) -> list[bytes]:
        """Replies of SLOWLOG, in pieces."""
        return self.client.call(b"SLOWLOG", b"GET", b"-1").split(b"\r\n")


@pytest.fixture
def timed() -> Timed:
    return Timed()


def test_a_run_shares_its_time_and_counts_each_call(timed: Timed) -> None:
    timed.run("ECHO 1", "ECHO 2", "ECHO 3")
    assert timed.took_ms(b"ECHO") == (3, 6)
    latencies = timed.command(b"ECHO").latencies
    assert latencies is not None
    assert [count for count in latencies if count] == [3]


def test_a_run_ends_with_another_command(timed: Timed) -> None:
    timed.run("ECHO 1", "ECHO 2", "LOLWUT 5", "LOLWUT 7", "ECHO 3")
    assert timed.took_ms(b"ECHO") == (3, 6)
    assert timed.took_ms(b"LOLWUT") == (2, 12)
    latencies = timed.command(b"LOLWUT").latencies
    assert latencies is not None
    assert sum(latencies) == 2
    assert sum(1 for count in latencies if count) == 2


def test_commands_within_a_transaction_count_for_themselves_and_for_it(timed: Timed) -> None:
    timed.run("MULTI", "ECHO 1", "ECHO 2", "LOLWUT 3", "EXEC")
    assert timed.took_ms(b"ECHO") == (2, 3)
    assert timed.took_ms(b"LOLWUT") == (1, 3)
    assert timed.took_ms(b"EXEC") == (1, 6)


def test_a_run_that_was_slow_is_noted_once(timed: Timed) -> None:
    timed.run("CONFIG SET slowlog-log-slower-than 10000", "SLOWLOG RESET")
    timed.run("ECHO 1", "ECHO 12", "ECHO 1")
    assert timed.slow().count(b"ECHO") == 1
    timed.run("SLOWLOG RESET", "ECHO 1", "ECHO 2")
    assert b"ECHO" not in timed.slow()


def test_with_a_low_bound_every_command_is_noted(timed: Timed) -> None:
    timed.run("CONFIG SET slowlog-log-slower-than 0", "SLOWLOG RESET")
    timed.run("ECHO 1", "ECHO 12", "ECHO 1")
    found = timed.slow()
    assert found.count(b"ECHO") == 3
    assert b":12000" in found


def test_requests_of_many_arguments_are_timed_alone(timed: Timed) -> None:
    timed.command(b"ECHO").max_arguments = 100
    timed.run("ECHO 1", "ECHO 4" + " x" * 20, "ECHO 1")
    latencies = timed.command(b"ECHO").latencies
    assert latencies is not None
    assert sorted(count for count in latencies if count) == [1, 2]


def test_without_tracking_there_is_no_histogram(timed: Timed) -> None:
    timed.run("CONFIG SET latency-tracking no")
    timed.run("ECHO 1")
    assert timed.took_ms(b"ECHO") == (1, 1)
    assert timed.command(b"ECHO").latencies is None
