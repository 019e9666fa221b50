"""A server for each test, for code that uses redis-py or any other blocking client.

Run with `pytest examples/testing/test_blocking_clients.py`; with `-n 4` if pytest-xdist is installed.
"""

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry


class LoginLimit:
    """The code under test: three attempts a minute."""

    def __init__(self, client):
        self.client = client

    def allows(self, user):
        key = f"attempts:{user}"
        attempts = self.client.incr(key)
        if attempts == 1:
            self.client.expire(key, 60)
        return attempts <= 3


@pytest.fixture
def limit(miniredis):
    return LoginLimit(miniredis.client())


def test_a_fourth_attempt_has_to_wait(miniredis, limit):
    assert [limit.allows("ann") for _ in range(4)] == [True, True, True, False]
    assert limit.allows("bob")
    miniredis.fast_forward(61)
    assert limit.allows("ann")


def test_attempts_are_counted_in_one_key(miniredis, limit):
    miniredis.db[0]["attempts:ann"] = 3
    assert not limit.allows("ann")
    assert miniredis.db[0]["attempts:ann"] == b"4"


def test_the_expiry_is_set_once(miniredis, limit):
    for _ in range(3):
        limit.allows("ann")
    assert [call.args for call in miniredis.calls.of("EXPIRE")] == [(b"attempts:ann", b"60")]


def test_what_happens_while_the_server_starts_up(miniredis):
    limit = LoginLimit(miniredis.client(retry=Retry(NoBackoff(), 0)))
    limit.allows("ann")
    miniredis.faults.error("LOADING the data is being loaded", "INCRBY", times=1)
    with pytest.raises(redis.BusyLoadingError):
        limit.allows("ann")
    assert limit.allows("ann")


@pytest.mark.miniredis(maxmemory="1mb", maxmemory_policy="noeviction")
def test_what_happens_when_memory_is_full(miniredis):
    client = miniredis.client()
    with pytest.raises(redis.OutOfMemoryError):
        for number in range(100):
            client.set(f"key:{number}", b"x" * 100_000)
