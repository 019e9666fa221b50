"""Servers for the tests of the test server: under the shared reactor, and in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from miniredis.testing import MiniRedis

Start = Callable[..., MiniRedis]


@pytest.fixture(params=["thread", "memory"])
def server(request: pytest.FixtureRequest) -> Iterator[MiniRedis]:
    """One server, in each of the modes for clients that block."""
    with MiniRedis(request.param) as started:
        yield started


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts servers in threads, and ends them."""
    started: list[MiniRedis] = []

    def one(mode: str = "thread", **options: object) -> MiniRedis:
        server = MiniRedis(mode, **options).start()  # type: ignore[arg-type]
        started.append(server)
        return server

    yield one
    for server in reversed(started):
        server.stop()
