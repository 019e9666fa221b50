"""The pytest plugin: the fixture `miniredis`, a server for one test.

    def test_something(miniredis):
        client = miniredis.client()

    @pytest.mark.miniredis(mode="memory", seed=7, maxmemory="1mb")
    def test_something_else(miniredis): ...

The marker takes what `MiniRedis` takes.  Without a mode it is "reactor" where pytest-twisted is in
use, else "thread".  Each process of pytest-xdist has servers of its own, on ports that the
system chooses.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from miniredis.testing.server import MiniRedis

MARKER = "miniredis(mode=None, *, seed=0, frozen=False, **directives): how to start the server; as MiniRedis()"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER)


@pytest.fixture
def miniredis(request: pytest.FixtureRequest) -> Iterator[MiniRedis]:
    """A Redis-compatible server inside this process, started for this test."""
    from miniredis.testing.server import MiniRedis

    marker = request.node.get_closest_marker("miniredis")
    positional = marker.args if marker is not None else ()
    options = dict(marker.kwargs) if marker is not None else {}
    if not positional and runs_reactor(request.config):
        options.setdefault("mode", "reactor")
    with MiniRedis(*positional, **options) as server:
        yield server


def runs_reactor(config: pytest.Config) -> bool:
    """Whether pytest-twisted is there, which starts the reactor only after the first test's fixtures are made."""
    plugin = sys.modules.get("pytest_twisted")
    # A plugin that `-p no:name` keeps out is registered as None, and so None may not be asked for.
    return plugin is not None and config.pluginmanager.is_registered(plugin)
