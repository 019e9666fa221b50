"""miniredis-benchmark: words of the command line to runs, one after the other.

With --compare each round loads both servers in turn, so that what else the machine does harms both alike; only the
ratios are then worth quoting.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TextIO

from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.endpoints import TCP4ClientEndpoint, UNIXClientEndpoint
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.task import LoopingCall, react
from twisted.python.usage import Options, UsageError

from miniredis import __version__
from miniredis.benchmark.load import LoadFailed, Result, Run, Shape, prepare
from miniredis.benchmark.report import Series, as_csv, as_json, as_plot, table_end, table_head, table_line
from miniredis.benchmark.workloads import DEFAULT_TESTS, TESTS, Workload, named
from miniredis.resp.encoder import encode_command

PROGRESS_EVERY_S: Final = 0.25


def whole(text: str) -> int:
    """A number from 1 on."""
    number = int(text)
    if number < 1:
        raise ValueError("a number from 1 on is needed")
    return number


def seconds(text: str) -> float:
    number = float(text)
    if number < 0:
        raise ValueError("seconds are not negative")
    return number


class BenchmarkOptions(Options):
    """The command line."""

    synopsis = "Usage: miniredis-benchmark [options] [COMMAND ARGUMENTS...]"
    longdesc = (
        f"Tests: {', '.join(TESTS)}. In a command of your own __rand_int__ stands for a random number below the "
        "keyspace, __data__ for the value."
    )
    optParameters = [
        ["host", "h", "127.0.0.1", "server"],
        ["port", "p", 6379, "its port", whole],
        ["socket", "s", "", "unix socket, instead of host and port"],
        ["password", "a", "", "for AUTH"],
        ["user", None, "", "for AUTH"],
        ["db", None, 0, "database to SELECT", int],
        ["clients", "c", 50, "connections", whole],
        ["requests", "n", 100_000, "requests of each test", whole],
        ["duration", None, 0.0, "seconds of each test, instead of a number of requests", seconds],
        ["pipeline", "P", 1, "requests that each client has under way", whole],
        ["keyspace", "r", 100_000, "how many different keys", whole],
        ["size", "d", 3, "bytes of a value", int],
        ["tests", "t", DEFAULT_TESTS, "names, separated by commas"],
        ["rounds", None, 1, "repetitions; medians are shown", whole],
        ["compare", None, "", "HOST:PORT of another server to load in turn"],
        ["json", None, "", "write results to this file"],
        ["plot", None, "", "draw results into this file, as SVG"],
        ["seed", None, 0, "of the random keys", int],
    ]
    optFlags = [
        ["csv", None, "print csv instead of a table"],
        ["quiet", "q", "show no progress"],
        ["resp3", "3", "speak RESP3"],
    ]

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.line: tuple[str, ...] = ()

    def opt_version(self) -> None:
        """show the version and end"""
        print(f"miniredis-benchmark {__version__}")
        raise SystemExit(0)

    def parseArgs(self, *line: str) -> None:
        self.line = line

    def postOptions(self) -> None:
        if not self.line:
            for name in self.test_names():
                if name not in TESTS:
                    raise UsageError(f"there is no test {name!r}; there are: {', '.join(TESTS)}")
        if self["compare"]:
            host, colon, port = self["compare"].rpartition(":")
            if not colon or not host or not port.isdigit():
                raise UsageError("--compare takes HOST:PORT")

    def test_names(self) -> list[str]:
        return [name.strip().lower() for name in self["tests"].split(",") if name.strip()]

    def workloads(self) -> list[Workload]:
        if self.line:
            return [Workload(self.line[0].lower(), shlex.join(self.line), [], self["keyspace"], self["size"])]
        return [named(name, self["keyspace"], self["size"]) for name in self.test_names()]

    def shape(self) -> Shape:
        greeting = []
        if self["password"]:
            user = [self["user"].encode()] if self["user"] else []
            greeting.append(encode_command([b"AUTH", *user, self["password"].encode()]))
        if self["resp3"]:
            greeting.append(encode_command([b"HELLO", b"3"]))
        if self["db"]:
            greeting.append(encode_command([b"SELECT", b"%d" % self["db"]]))
        return Shape(self["clients"], self["pipeline"], self["requests"], self["duration"], greeting)

    def endpoint(self, reactor: Any) -> IStreamClientEndpoint:
        if self["socket"]:
            return UNIXClientEndpoint(reactor, self["socket"])
        return TCP4ClientEndpoint(reactor, self["host"], self["port"])

    def other_endpoint(self, reactor: Any) -> IStreamClientEndpoint | None:
        if not self["compare"]:
            return None
        host, _, port = self["compare"].rpartition(":")
        return TCP4ClientEndpoint(reactor, host.strip("[]"), int(port))


class Benchmark:
    """All tests in turn.  `out` gets the results, `progress` a line that is written over and over."""

    def __init__(self, reactor: Any, options: BenchmarkOptions, out: TextIO, progress: TextIO) -> None:
        self.reactor = reactor
        self.options = options
        self.out = out
        self.progress = progress
        self.results: list[Series] = []

    @inlineCallbacks
    def run(self) -> Any:
        """Fires when all is done and said; fails with LoadFailed."""
        options = self.options
        shape = options.shape()
        sides = [options.endpoint(self.reactor)]
        other = options.other_endpoint(self.reactor)
        if other is not None:
            sides.append(other)
        if not options["csv"]:
            print(table_head(other is not None), file=self.out, flush=True)
        for workload in options.workloads():
            series = Series(workload.name, replace(shape))
            for side in sides:
                yield prepare(side, workload, shape.greeting)
            for number in range(options["rounds"]):
                for side, results in zip(sides, (series.ours, series.other), strict=False):
                    result = yield self._load(side, workload, shape, options["seed"] + number)
                    results.append(result)
            self.results.append(series)
            if not options["csv"]:
                print(table_line(series), file=self.out, flush=True)
        self._finish()

    def _load(self, side: IStreamClientEndpoint, workload: Workload, shape: Shape, seed: int) -> Deferred[Result]:
        run = Run(self.reactor, side, workload, shape, seed)
        finished = run.start()
        if self.options["quiet"]:
            return finished
        loop = LoopingCall(self._show, run)
        loop.clock = self.reactor
        loop.start(PROGRESS_EVERY_S, now=False).addErrback(lambda failure: run.fail(LoadFailed(failure.value)))

        def ended(result: Any) -> Any:
            loop.stop()
            print("\r" + " " * 78 + "\r", end="", file=self.progress, flush=True)
            return result

        return finished.addBoth(ended)

    def _show(self, run: Run) -> None:
        text = (
            f"{run.workload.name}: {run.lately():.0f} requests/s, {run.overall():.0f} overall, "
            f"p50 {run.latencies.percentile_us(50) / 1000:.3f} ms"
        )
        print(f"\r{text[:78]:<78}", end="", file=self.progress, flush=True)

    def _finish(self) -> None:
        options = self.options
        if options["csv"]:
            print(as_csv(self.results), end="", file=self.out, flush=True)
        else:
            for line in table_end(self.results):
                print(line, file=self.out, flush=True)
        if options["json"]:
            Path(options["json"]).write_text(as_json(self.results))
        if options["plot"]:
            title = f"{options['clients']} clients, pipeline {options['pipeline']}"
            Path(options["plot"]).write_text(as_plot(self.results, title))


def main(words: Sequence[str] | None = None) -> None:
    """The console script."""
    options = BenchmarkOptions()
    try:
        options.parseOptions(sys.argv[1:] if words is None else list(words))  # type: ignore[no-untyped-call]
    except UsageError as problem:
        print(f"miniredis-benchmark: {problem}", file=sys.stderr)
        raise SystemExit(1) from None

    def go(reactor: Any) -> Deferred[None]:
        done: Deferred[None] = Benchmark(reactor, options, sys.stdout, sys.stderr).run()
        return done.addErrback(failed)

    def failed(failure: Any) -> None:
        failure.trap(LoadFailed)
        print(f"miniredis-benchmark: {failure.getErrorMessage()}", file=sys.stderr)
        raise SystemExit(1)

    react(go)
