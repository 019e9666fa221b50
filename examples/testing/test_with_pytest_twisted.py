"""Deferred clients under the reactor of pytest-twisted, which is the server's reactor, too."""

import pytest
import pytest_twisted


@pytest_twisted.inlineCallbacks
def test_a_key_expires(miniredis):
    client = miniredis.client()
    yield client.set("session", "ann", ex=1800)
    yield miniredis.fast_forward(900)
    assert (yield client.get("session")) == b"ann"
    yield miniredis.fast_forward(900)
    assert (yield client.get("session")) is None


@pytest_twisted.inlineCallbacks
def test_an_error_is_a_failure(miniredis):
    client = miniredis.client()
    miniredis.faults.error("READONLY You can't write against a read only replica.", "SET")
    with pytest.raises(Exception, match="READONLY"):
        yield client.set("key", "value")
