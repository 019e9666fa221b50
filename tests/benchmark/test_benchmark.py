"""Whole benchmarks against servers in memory, over real sockets; the reactor is turned by hand."""

from __future__ import annotations

import csv
import io
import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.epollreactor import EPollReactor
from twisted.internet.protocol import Factory, Protocol
from twisted.python.failure import Failure
from twisted.python.usage import UsageError

from miniredis.benchmark import main as main_module
from miniredis.benchmark.load import LoadFailed, Preparation, Shape
from miniredis.benchmark.main import Benchmark, BenchmarkOptions, main
from miniredis.benchmark.report import Series, as_plot, table_end
from miniredis.server.endpoint import HubEndpoint
from miniredis.server.protocol import SessionFactory
from miniredis.testing.memory import MemoryServer


class Bench:
    """A reactor, servers under it, and what a benchmark printed."""

    def __init__(self, folder: Path) -> None:
        self.reactor: Any = EPollReactor()
        self.folder = folder
        self.out = io.StringIO()
        self.progress = io.StringIO()
        self.servers: list[MemoryServer] = []
        self._ends: list[Any] = []

    def serve(self, password: str = "") -> int:
        """The port of a new server."""
        server = MemoryServer()
        if password:
            server.connect().call(b"CONFIG", b"SET", b"requirepass", password.encode())
        self.servers.append(server)
        factory = SessionFactory(server.engine, lambda call: self.reactor.callLater(0, call))
        return self.listen(factory)

    def listen(self, factory: Any) -> int:
        ports: list[Any] = []
        HubEndpoint(self.reactor, 0, "127.0.0.1").listen(factory).addCallback(ports.append)
        self._ends.append(ports[0].stopListening)
        if isinstance(factory, SessionFactory) and factory.hub is not None:
            self._ends.append(factory.hub.stop)
        return int(ports[0].getHost().port)

    def options(self, *words: object) -> BenchmarkOptions:
        options = BenchmarkOptions()
        options.parseOptions([str(word) for word in words])
        return options

    def run(self, *words: object) -> Benchmark:
        """Run to the end; LoadFailed is raised."""
        benchmark = Benchmark(self.reactor, self.options(*words), self.out, self.progress)
        self.wait(benchmark.run())
        return benchmark

    def wait(self, deferred: Any) -> object:
        done: list[Any] = []
        deferred.addBoth(done.append)
        for _ in range(200_000):
            if done:
                break
            self.reactor.iterate(0.001)
        if isinstance(done[0], Failure):
            done[0].raiseException()
        result: object = done[0]
        return result

    def calls(self, server: int, name: bytes) -> int:
        command = self.servers[server].engine.commands.find([name])
        return command.calls

    def close(self) -> None:
        for end in self._ends:
            end()
        for _ in range(5):
            self.reactor.iterate(0)
        self.reactor.disconnectAll()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.close()


def test_each_test_sends_as_many_requests_as_asked_for(bench: Bench) -> None:
    benchmark = bench.run("-p", bench.serve(), "-n", 500, "-c", 7, "-P", 3, "-t", "ping_mbulk,set,get", "-q")
    assert [series.ours[0].requests for series in benchmark.results] == [500, 500, 500]
    assert [bench.calls(0, name) for name in (b"ping", b"set", b"get")] == [500, 500, 500]
    assert bench.out.getvalue().splitlines()[0].split() == ["test", "requests/s", "p50", "ms", "p99", "ms", "max", "ms"]
    assert [line.split()[0] for line in bench.out.getvalue().splitlines()[1:]] == ["ping_mbulk", "set", "get"]
    assert bench.progress.getvalue() == ""


def test_what_a_test_needs_is_prepared(bench: Bench) -> None:
    bench.run("-p", bench.serve(), "-n", 20, "-c", 2, "-t", "lrange_100", "-q")
    assert bench.servers[0].connect().call(b"LLEN", b"mylist") == b":500\r\n"


def test_any_command_line_can_be_measured(bench: Bench) -> None:
    port = bench.serve()
    bench.run("-p", port, "-n", 30, "-c", 2, "-r", 1, "-d", 2, "-q", "HSET", "h:__rand_int__", "a b", "__data__")
    assert bench.servers[0].connect().call(b"HGET", b"h:000000000000", b"a b") == b"$2\r\nxx\r\n"


def test_a_duration_ends_a_test(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main_module, "PROGRESS_EVERY_S", 0.01)
    benchmark = bench.run("-p", bench.serve(), "--duration", 0.1, "-c", 2, "-t", "ping_mbulk")
    result = benchmark.results[0].ours[0]
    assert result.seconds >= 0.1
    assert result.requests == bench.calls(0, b"ping") > 0
    assert "ping_mbulk: " in bench.progress.getvalue()
    assert "requests/s" in bench.progress.getvalue()


def test_two_servers_are_loaded_in_turn_and_compared(bench: Bench) -> None:
    other = bench.serve()
    benchmark = bench.run(
        "-p", bench.serve(), "--compare", f"127.0.0.1:{other}", "-n", 200, "-c", 4, "-t", "ping_mbulk,set", "-q",
        "--rounds", 2, "--json", bench.folder / "out.json", "--plot", bench.folder / "out.svg",
    )  # fmt: skip
    assert bench.calls(0, b"ping") == bench.calls(1, b"ping") == 400
    assert [len(series.other) for series in benchmark.results] == [2, 2]
    assert all(series.ratio() > 0 for series in benchmark.results)
    assert "geometric mean " in bench.out.getvalue().splitlines()[-1]
    written = json.loads((bench.folder / "out.json").read_text())
    assert [row["test"] for row in written] == ["ping_mbulk", "set"]
    assert written[0]["requests"] == 400
    assert written[0]["ratio"] > 0 and written[0]["other_p99_ms"] > 0
    root = ElementTree.fromstring((bench.folder / "out.svg").read_text())
    assert "other server = 1" in (root[0].text or "")


def test_csv_has_a_line_for_each_test(bench: Bench) -> None:
    bench.run("-p", bench.serve(), "-n", 50, "-c", 2, "-t", "set,get", "--csv", "-q")
    rows = list(csv.DictReader(io.StringIO(bench.out.getvalue())))
    assert [row["test"] for row in rows] == ["set", "get"]
    assert all(float(row["rps"]) > 0 and float(row["p99_ms"]) > 0 for row in rows)


def test_it_greets_with_password_protocol_and_database(bench: Bench) -> None:
    port = bench.serve("secret")
    bench.run("-p", port, "-a", "secret", "--db", 3, "-3", "-n", 40, "-c", 2, "-t", "set", "-q")
    client = bench.servers[0].connect()
    client.call(b"AUTH", b"secret")
    client.call(b"SELECT", b"3")
    assert client.call(b"DBSIZE") != b":0\r\n"
    bench.run("-p", port, "-a", "secret", "--user", "default", "-n", 4, "-c", 1, "-t", "lrange_100", "-q")


def test_a_wrong_password_ends_it(bench: Bench) -> None:
    with pytest.raises(LoadFailed, match="WRONGPASS|invalid"):
        bench.run("-p", bench.serve("secret"), "-a", "guess", "-n", 10, "-c", 1, "-t", "set", "-q")
    with pytest.raises(LoadFailed, match="WRONGPASS|invalid"):
        bench.run("-p", bench.serve("secret"), "-a", "guess", "-n", 10, "-c", 1, "-t", "lrange_100", "-q")


def test_error_replies_are_told(bench: Bench) -> None:
    port = bench.serve()
    bench.servers[0].connect().call(b"SET", b"mylist", b"no list")
    bench.run("-p", port, "-n", 20, "-c", 1, "-t", "lpush", "-q")
    assert "lpush: 20 error replies, the first: WRONGTYPE" in bench.out.getvalue()


def test_a_server_that_is_not_there_is_told(bench: Bench) -> None:
    for test in ("set", "lrange_100"):
        with pytest.raises(LoadFailed, match="cannot connect"):
            bench.run("-p", 1, "-n", 10, "-t", test, "-q")


class HangsUp(Protocol):
    def dataReceived(self, data: bytes) -> None:
        assert self.transport is not None
        self.transport.loseConnection()


class Babbles(Protocol):
    def dataReceived(self, data: bytes) -> None:
        assert self.transport is not None
        self.transport.write(b"what?\r\n")


@pytest.mark.parametrize(("kind", "says"), [(HangsUp, "was lost"), (Babbles, "no reply")])
def test_a_server_that_does_not_answer_is_told(bench: Bench, kind: Any, says: str) -> None:
    port = bench.listen(Factory.forProtocol(kind))
    with pytest.raises(LoadFailed, match=says):
        bench.run("-p", port, "-n", 10, "-c", 2, "-t", "set", "-q")


def test_a_preparation_that_is_cut_off_is_told(bench: Bench) -> None:
    port = bench.listen(Factory.forProtocol(HangsUp))
    with pytest.raises(LoadFailed, match="before the test"):
        bench.run("-p", port, "-n", 10, "-c", 2, "-t", "lrange_100", "-q")
    assert Preparation([]).left == 0


def test_a_unix_socket_will_do(bench: Bench, tmp_path: Path) -> None:
    server = MemoryServer()
    factory = SessionFactory(server.engine, lambda call: bench.reactor.callLater(0, call))
    path = str(tmp_path / "s")
    port = bench.reactor.listenUNIX(path, factory)
    bench.run("-s", path, "-n", 20, "-c", 2, "-t", "ping_mbulk", "-q")
    port.stopListening()


@pytest.mark.parametrize(
    "words", [["-t", "nonsense"], ["-c", "0"], ["--duration", "-1"], ["--compare", "here"], ["--nonsense"]]
)
def test_words_that_make_no_sense_are_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UsageError):
        BenchmarkOptions().parseOptions(words)
    with pytest.raises(SystemExit):
        main(words)
    assert capsys.readouterr().err.startswith("miniredis-benchmark: ")


def test_it_tells_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out.startswith("miniredis-benchmark ")


def test_the_script_ends_with_what_the_run_said(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def react(go: Any) -> None:
        bench.wait(go(bench.reactor))

    monkeypatch.setattr(main_module, "react", react)
    main(["-p", str(bench.serve()), "-n", "10", "-c", "1", "-t", "ping_mbulk", "-q"])
    assert "ping_mbulk" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["-p", "1", "-n", "10", "-c", "1", "-t", "ping_mbulk", "-q"])
    assert "cannot connect" in capsys.readouterr().err


def test_without_another_server_there_is_no_ratio(bench: Bench) -> None:
    benchmark = bench.run("-p", bench.serve(), "-n", 20, "-c", 1, "-t", "ping_mbulk", "-q")
    [series] = benchmark.results
    assert (series.ratio(), series.other_rps()) == (0.0, 0.0)
    assert table_end([series]) == []
    assert "1,000 requests/s" in as_plot([series], "title")
    assert Series("x", Shape()).errors() == []
    assert isinstance(bench.options().endpoint(bench.reactor), TCP4ClientEndpoint)
