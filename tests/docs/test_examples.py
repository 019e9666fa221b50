"""The programs in examples/ do what they say."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from docs.blocks import ROOT
from docs.session import Session
from miniredis.testing import MiniRedis

from oracle.servers import die_with_parent

EXAMPLES = ROOT / "examples"


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    running = Session(tmp_path / "page")
    yield running
    running.close()


@pytest.fixture
def server() -> Iterator[MiniRedis]:
    with MiniRedis("thread", decode_responses=True) as started:
        yield started


def run(*words: str, folder: Path = ROOT) -> str:
    done = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=100,
        preexec_fn=die_with_parent,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def pytest_words(folder: Path) -> list[str]:
    """A run of pytest with our plugin only, as where the package is installed and nothing else."""
    settings = ["-c", os.devnull, "-o", f"cache_dir={folder}"]
    return ["-m", "pytest", "-q", *settings, "--disable-plugin-autoload", "-p", "miniredis.testing.plugin"]


def test_every_example_is_tested() -> None:
    here = Path(__file__).read_text()
    assert [path.name for path in EXAMPLES.rglob("*.py") if path.name not in here] == []


def test_the_rate_limiter_lets_five_through(server: MiniRedis) -> None:
    program = EXAMPLES / "client" / "rate_limiter.py"
    assert run(str(program), server.url) == "5 of 8 calls were let through\n"
    assert server.command("TTL", "rate:{ann}") > 0


def test_the_job_queue_is_worked_off(server: MiniRedis) -> None:
    shown = run(str(EXAMPLES / "client" / "job_queue.py"), server.url).splitlines()
    assert sorted(line.split(": ")[1] for line in shown[:-1]) == [f"['page', '{number}']" for number in range(4)]
    assert shown[-1] == "0 jobs left"


def test_the_web_application_counts_in_its_own_server(session: Session) -> None:
    (session.folder / "app.py").write_text((EXAMPLES / "embed" / "app.py").read_text())
    redis_port, web_port = session.port_for("6379"), session.port_for("8081")
    session.start(f"REDIS_PORT={redis_port} WEB_PORT={web_port} twistd -noy app.py")
    pages = [urlopen(f"http://127.0.0.1:{web_port}/start", timeout=10).read() for _ in range(2)]
    assert pages == [b"visits: 1\n", b"visits: 2\n"]
    assert session.shown_by("redis-cli get visits:/start") == '"2"\n'


def test_the_module_keeps_histograms(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(EXAMPLES / "module")  # histogram.py
    with MiniRedis("memory", loadmodule="histogram") as started:
        client = started.client()
        assert client.execute_command("HIST.ADD", "times", *range(1, 101)) == 100
        assert client.execute_command("HIST.ADD", "times", 5000) == 101
        half = float(client.execute_command("HIST.PERCENTILE", "times", 50))
        assert 50 <= half <= 56
        assert client.copy("times", "copy")
        assert float(client.execute_command("HIST.PERCENTILE", "copy", 50)) == half
        assert client.execute_command("HIST.PERCENTILE", "nosuch", 50) is None
        with pytest.raises(Exception, match="a number of at least 1 is needed"):
            client.execute_command("HIST.ADD", "times", "x")


@pytest.mark.parametrize("name", ["test_blocking_clients.py", "test_in_memory.py"])
def test_tests_with_pytest(name: str, tmp_path: Path) -> None:
    assert " passed" in run(*pytest_words(tmp_path), str(EXAMPLES / "testing" / name))


def test_tests_with_pytest_twisted(tmp_path: Path) -> None:
    path = EXAMPLES / "testing" / "test_with_pytest_twisted.py"
    assert "2 passed" in run(*pytest_words(tmp_path), "-p", "pytest_twisted", str(path))


def test_tests_with_trial(tmp_path: Path) -> None:
    path = EXAMPLES / "testing" / "test_with_trial.py"
    assert "PASSED (successes=1)" in run("-m", "twisted.trial", str(path), folder=tmp_path)
