"""No thread, no socket, no waiting: redis-py talks to a server that is a Python object.

Time stands still until somebody waits for something; then it passes at once.
"""

import pytest

pytestmark = pytest.mark.miniredis("memory", seed=1, decode_responses=True)


def test_an_hour_passes_in_no_time(miniredis):
    client = miniredis.client()
    before = miniredis.time()
    assert client.blpop("queue", timeout=3600) is None
    assert miniredis.time() - before == 3600


def test_values_are_plain_python(miniredis):
    miniredis.db[0]["user:1"] = {"name": "Ann", "age": 40}
    client = miniredis.client()
    client.hincrby("user:1", "age", 1)
    assert miniredis.db[0]["user:1"] == {"name": "Ann", "age": "41"}


def test_the_same_seed_draws_the_same_winner(miniredis):
    from miniredis.testing import MiniRedis

    miniredis.db[0]["tickets"] = {"a", "b", "c", "d"}
    drawn = miniredis.client().srandmember("tickets")
    with MiniRedis("memory", seed=1, decode_responses=True) as again:
        again.db[0]["tickets"] = {"a", "b", "c", "d"}
        assert again.client().srandmember("tickets") == drawn
