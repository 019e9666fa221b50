"""A web application with a Redis of its own, in one process: `twistd -noy app.py`.

Every page counts its visitors; the counts are keys that redis-cli can read, and that a snapshot keeps.
"""

import os

from twisted.application.internet import StreamServerEndpointService
from twisted.application.service import Application
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import serverFromString
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Site

from miniredis.app.service import MiniRedisService
from miniredis.client import connect
from miniredis.config.arguments import parse_arguments

REDIS_PORT = os.environ.get("REDIS_PORT", "6379")
WEB_PORT = os.environ.get("WEB_PORT", "8080")


class Visits(Resource):
    isLeaf = True

    def __init__(self, client):
        Resource.__init__(self)
        self.client = client

    def render_GET(self, request):
        Deferred.fromCoroutine(self._answer(request)).addErrback(request.processingFailed)
        return NOT_DONE_YET

    async def _answer(self, request):
        visits = await self.client.incr(b"visits:" + request.path)
        request.setHeader("content-type", "text/plain")
        request.write(b"visits: %d\n" % visits)
        request.finish()


words = ["--port", REDIS_PORT, "--bind", "127.0.0.1", "--save", "3600 1", "--dbfilename", "visits.rdb"]
config = parse_arguments(words).configuration(b"", b"", lambda pattern: [])

application = Application("visits")
redis = MiniRedisService(config, reactor)
redis.tunes_collector = False  # the garbage collector is the application's
redis.setServiceParent(application)

client = connect(f"redis://127.0.0.1:{REDIS_PORT}")
web = serverFromString(reactor, f"tcp:{WEB_PORT}:interface=127.0.0.1")
StreamServerEndpointService(web, Site(Visits(client))).setServiceParent(application)
