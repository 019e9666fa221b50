"""The pytest plugin, in runs of pytest of its own: alone, with pytest-xdist, with pytest-twisted."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent

PLAIN = """
import pytest

@pytest.mark.parametrize("number", range(4))
def test_each_has_a_server_of_its_own(miniredis, number):
    client = miniredis.client()
    assert client.incr("counter") == 1
    assert miniredis.mode == "thread"

@pytest.mark.miniredis("memory", maxmemory="5mb", decode_responses=True)
def test_the_marker_tells_how(miniredis):
    assert miniredis.mode == "memory"
    assert miniredis.client().config_get("maxmemory") == {"maxmemory": str(5 << 20)}

@pytest.fixture
def filled(miniredis):
    miniredis.db[0]["key"] = "value"
    return miniredis

def test_fixtures_build_on_it(filled):
    assert filled.client().get("key") == b"value"
    filled.client().expire("key", 10)
    filled.fast_forward(11)
    assert "key" not in filled.db[0]
"""

TWISTED = """
import pytest
import pytest_twisted

@pytest_twisted.inlineCallbacks
def test_deferred_clients(miniredis):
    assert miniredis.mode == "reactor"
    client = miniredis.client()
    yield client.set("key", "value")
    assert (yield client.get("key")) == b"value"
    assert miniredis.db[0]["key"] == b"value"
    yield client.expire("key", 60)
    yield miniredis.fast_forward(61)
    assert (yield client.get("key")) is None
    assert "EXPIRE" in miniredis.calls.names()

@pytest_twisted.inlineCallbacks
def test_waiting_ends_when_time_passes(miniredis):
    client = miniredis.client()
    waiting = client.blpop("queue", timeout=3600)
    yield client_is_waiting(miniredis)
    yield miniredis.fast_forward(3601)
    assert (yield waiting) is None

@pytest_twisted.inlineCallbacks
def test_faults(miniredis):
    client = miniredis.client()
    miniredis.faults.error("OOM no room", "get")
    with pytest.raises(Exception, match="OOM no room"):
        yield client.get("key")
    assert (yield client.get("key")) is None

@pytest.mark.miniredis("memory")
def test_blocking_clients_need_no_reactor(miniredis):
    assert miniredis.client().incr("n") == 1

@pytest.mark.miniredis("thread")
def test_blocking_clients_may_have_a_thread(miniredis):
    assert miniredis.client().incr("n") == 1

@pytest_twisted.inlineCallbacks
def client_is_waiting(server):
    from twisted.internet import reactor, task
    while not server.engine.waiting.waiters:
        yield task.deferLater(reactor, 0)
"""

TRIAL = """
from twisted.internet.defer import inlineCallbacks
from twisted.trial.unittest import TestCase
from miniredis.testing import MiniRedis

class WithTrial(TestCase):
    def setUp(self):
        self.server = MiniRedis().start()
        self.addCleanup(self.server.stop)

    @inlineCallbacks
    def test_expiry(self):
        assert self.server.mode == "reactor"
        client = self.server.client()
        yield client.set("key", "value", ex=60)
        yield self.server.fast_forward(61)
        assert (yield client.get("key")) is None
"""

Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a program on a file of tests; what it printed, if it succeeded."""

    def program(text: str, *words: str) -> str:
        path = tmp_path / "test_example.py"
        path.write_text(text)
        places = [str(ROOT), os.environ.get("PYTHONPATH", "")]
        done = subprocess.run(
            [sys.executable, "-m", *words, *([] if words[0].startswith("twisted") else [str(path)])],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(places), "PYTEST_ADDOPTS": ""},
            capture_output=True,
            text=True,
            timeout=100,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return program


def pytest_words(*plugins: str) -> list[str]:
    """Only the plugins that are named, so that nothing else of this environment matters."""
    options = [word for name in plugins for word in ("-p", name)]
    return ["pytest", "-q", "--disable-plugin-autoload", "-p", "miniredis.testing.plugin", *options]


def test_every_test_gets_a_server(run: Run):
    assert "6 passed" in run(PLAIN, *pytest_words(), "--strict-markers")


def test_workers_of_xdist_do_not_meet(run: Run):
    assert "6 passed" in run(PLAIN, *pytest_words("xdist"), "-n", "2")


def test_with_pytest_twisted_it_runs_under_its_reactor(run: Run):
    assert "5 passed" in run(TWISTED, *pytest_words("pytest_twisted"))


@pytest.mark.parametrize("kept_out", ["nothing_there", "pytest_twisted", "cacheprovider"])
def test_a_plugin_that_is_kept_out_is_not_taken_for_pytest_twisted(run: Run, kept_out: str):
    assert "6 passed" in run(PLAIN, *pytest_words(), "-p", f"no:{kept_out}")


def test_pytest_twisted_that_is_imported_and_no_plugin_starts_no_reactor(run: Run):
    assert "6 passed" in run("import pytest_twisted\n" + PLAIN, *pytest_words(), "-p", "no:cacheprovider")


def test_trial_runs_it_under_its_reactor(run: Run):
    assert "PASSED" in run(TRIAL, "twisted.trial", "test_example")


def test_the_plugin_loads_no_server_before_it_is_asked_for(run: Run):
    text = "import sys\ndef test_nothing():\n    assert 'miniredis.dispatch' not in sys.modules\n"
    assert "1 passed" in run(text, *pytest_words())


@pytest.mark.parametrize(
    ("name", "plugins", "passed"),
    [("blocking_clients", [], 5), ("in_memory", [], 3), ("with_pytest_twisted", ["pytest_twisted"], 2)],
)
def test_the_examples_pass(run: Run, name: str, plugins: list[str], passed: int):
    text = (ROOT / "examples" / "testing" / f"test_{name}.py").read_text()
    assert f"{passed} passed" in run(text, *pytest_words(*plugins), "--strict-markers")


def test_the_example_for_trial_passes(run: Run):
    assert "PASSED" in run(
        (ROOT / "examples" / "testing" / "test_with_trial.py").read_text(), "twisted.trial", "test_example"
    )
