"""The same with trial: `trial examples/testing/test_with_trial.py`."""

from twisted.internet.defer import inlineCallbacks
from twisted.trial.unittest import TestCase

from miniredis.testing import MiniRedis


class Sessions(TestCase):
    def setUp(self):
        self.server = MiniRedis("reactor").start()
        self.addCleanup(self.server.stop)

    @inlineCallbacks
    def test_a_key_expires(self):
        client = self.server.client()
        yield client.set("session", "ann", ex=1800)
        yield self.server.fast_forward(1800)
        self.assertIsNone((yield client.get("session")))
        self.assertNotIn("session", self.server.db[0])
