"""Deferred clients under the reactor of pytest-twisted, which is the server's reactor, too."""

import pytest
import pytest_twisted


@pytest_twisted.inlineCallbacks
def test_a_key_expires(miniredis):
    client = yield miniredis.client()
    yield client.set("session", "ann", expire=1800)
    yield miniredis.fast_forward(1799)
    assert (yield client.get("session")) == "ann"
    yield miniredis.fast_forward(1)
    assert (yield client.get("session")) is None
    yield client.disconnect()


@pytest_twisted.inlineCallbacks
def test_an_error_is_a_failure(miniredis):
    client = yield miniredis.client()
    miniredis.faults.error("READONLY You can't write against a read only replica.", "SET")
    with pytest.raises(Exception, match="READONLY"):
        yield client.set("key", "value")
    yield client.disconnect()
