"""Fixtures of the oracle tests: `oracle` (redis-server 7.0.15), `valkey_oracle` (Valkey 9.1), `ours`.

Use: `oracle.compare(["SET k v", [b"GET", b"k"]], resp=3)`; see comparison.py.  The real servers start once a session
and a comparison flushes them first.  The fixtures are session-scoped, so Hypothesis tests may take them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from oracle.comparison import Backend, Peer
from oracle.differences import REDIS, VALKEY
from oracle.ours import our_backend
from oracle.servers import ServerProcess, redis_server, valkey_server


def serve(name: str, server: ServerProcess) -> Iterator[Backend]:
    backend = Backend(name, server.connect)
    try:
        yield backend
    finally:
        backend.close()
        server.remove()


@pytest.fixture(scope="session")
def redis_backend() -> Iterator[Backend]:
    yield from serve(REDIS, redis_server())


@pytest.fixture(scope="session")
def valkey_backend() -> Iterator[Backend]:
    yield from serve(VALKEY, valkey_server())


@pytest.fixture(scope="session")
def ours() -> Iterator[Backend]:
    """Our server; `ours.connect()` gives a client."""
    backend = our_backend()
    yield backend
    backend.close()


@pytest.fixture(scope="session")
def oracle(redis_backend: Backend, ours: Backend, count: Callable[[str, int], None]) -> Peer:
    """redis-server 7.0.15 beside ours."""
    return Peer(REDIS, redis_backend, ours, lambda commands: count("oracle commands", commands))


@pytest.fixture(scope="session")
def valkey_oracle(valkey_backend: Backend, ours: Backend, count: Callable[[str, int], None]) -> Peer:
    """Valkey 9.1 beside ours, for what redis-server 7.0 does not have."""
    return Peer(VALKEY, valkey_backend, ours, lambda commands: count("oracle commands", commands))
