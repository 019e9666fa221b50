"""Counts what a run did (tests, Hypothesis examples, seeds, kills, inputs, skips) and prints it at the end.

A test adds to a counter with the `count` fixture: `count("seeds", 100)`.  `--no-skips` makes a skipped test fail the
run.  Counters of pytest-xdist's workers are added up.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from pkgutil import walk_packages
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.statistics import collector

settings.register_profile(
    "default", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
settings.register_profile("soak", parent=settings.get_profile("default"), derandomize=False, max_examples=5000)
settings.load_profile(os.environ.get("MINIREDIS_HYPOTHESIS", "default"))

#: The counters every tier prints, used or not, in this order; others follow.
ALWAYS = ("tests", "examples", "seeds", "kills", "inputs", "skips")
COUNTS = pytest.StashKey[Counter[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-skips", action="store_true", help="a skipped test fails the run")
    parser.addoption("--compiled", action="store_true", help="refuse to test anything but the compiled build")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "interpreted: does what only plain Python can, such as replacing a method")
    config.stash[COUNTS] = Counter()
    if config.getoption("--compiled"):
        place = find_spec("miniredis.datatypes.table")
        if place is None or place.origin is None or not place.origin.endswith((".so", ".pyd")):
            raise pytest.UsageError(f"--compiled, but the package is plain Python: {place}")


def pytest_sessionstart() -> None:
    """Hypothesis draws constants of the modules that are loaded: all are, so that each run draws the same.

    The tests of what is installed elsewhere have no package of ours to load."""
    package = find_spec("miniredis")
    if package is not None:
        for module in walk_packages(package.submodule_search_locations, "miniredis."):
            import_module(module.name)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--compiled"):
        left_out = [item for item in items if item.get_closest_marker("interpreted")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session")
def count(request: pytest.FixtureRequest) -> Callable[[str, int], None]:
    """`count(name, n)` adds n to a counter of the run."""
    counts = request.config.stash[COUNTS]

    def add(name: str, amount: int = 1) -> None:
        counts[name] += amount

    return add


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    counts = item.config.stash[COUNTS]

    def note(statistics: dict[str, Any]) -> None:
        for phase in ("reuse-phase", "generate-phase", "shrink-phase"):
            counts["examples"] += len(statistics.get(phase, {}).get("test-cases", ()))

    # Hypothesis's own plugin has set its collector around us (we are the innermost wrapper): both are told.
    before = collector.value

    def both(statistics: dict[str, Any]) -> None:
        note(statistics)
        if before is not None:
            before(statistics)

    with collector.with_value(both):  # type: ignore[arg-type]
        return (yield)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        counts = session.config.stash[COUNTS]
        output["counts"] = dict(counts)
        return
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and session.config.getoption("--no-skips") and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """A worker of pytest-xdist has ended."""
    counts: Counter[str] = node.config.stash[COUNTS]
    counts.update(getattr(node, "workeroutput", {}).get("counts", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    stats = terminalreporter.stats
    counts = config.stash[COUNTS]
    counts["tests"] = sum(len(stats.get(outcome, ())) for outcome in ("passed", "failed", "xfailed", "xpassed"))
    counts["skips"] = len(stats.get("skipped", ()))
    names = [*ALWAYS, *sorted(set(counts) - set(ALWAYS))]
    terminalreporter.write_line("counts: " + ", ".join(f"{name} {counts[name]:,}" for name in names))
    if counts["skips"] and config.getoption("--no-skips"):
        for report in stats["skipped"]:
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
            terminalreporter.write_line(f"skipped, and a skip fails this run: {report.nodeid} ({reason})", red=True)
