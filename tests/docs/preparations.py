"""What a page takes as given: by its name, servers that run beside it, and what its fragments of Python find there."""

BESIDE = {
    "client.rst": ["miniredis-server --port 6379 --save ''", "miniredis-cluster 3 --port 7000"],
}
PREPARATIONS = {
    "client.rst": """
from miniredis.client import connect
from twisted.internet import reactor as _reactor

client = connect("redis://127.0.0.1:6379")
await client.set("balance", 100)
# News for the reader of the page, once it has subscribed.
async def _spread(news):
    from twisted.internet.task import deferLater
    while not await client.publish("weather", "enough"):
        await deferLater(_reactor, 0.01)
from twisted.internet.defer import Deferred
_spreading = Deferred.fromCoroutine(_spread(client))
""",
    "testing.rst": """
from miniredis.testing import MiniRedis

server = MiniRedis("thread").start()
replica = MiniRedis("thread", replicaof=[server.host, server.port]).start()
reactor.addSystemEventTrigger("before", "shutdown", replica.stop)
reactor.addSystemEventTrigger("before", "shutdown", server.stop)
""",
}
