"""Talks TLS with txredisapi: `txredisapi_tls_session.py PORT FOLDER`, with the certificates of the folder."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import txredisapi
from twisted.internet import defer, ssl, task
from twisted.internet.endpoints import SSL4ClientEndpoint


async def session(reactor: Any, port: int, folder: Path) -> None:
    authority = ssl.Certificate.loadPEM((folder / "ca.crt").read_bytes())
    own = ssl.PrivateCertificate.loadPEM((folder / "client.crt").read_bytes() + (folder / "client.key").read_bytes())
    options = ssl.optionsForClientTLS("localhost", authority, own)
    factory = txredisapi.RedisFactory("tls", dbid=None, poolsize=1, isLazy=False, handler=txredisapi.ConnectionHandler)
    factory.continueTrying = False
    await SSL4ClientEndpoint(reactor, "127.0.0.1", port, options).connect(factory)
    connection = await factory.deferred
    assert await connection.set("k", "v") == "OK"
    assert await connection.get("k") == "v"
    long = "x" * 200_000
    assert await connection.set("long", long) == "OK"
    assert await connection.get("long") == long
    counts = await defer.gatherResults([connection.incr("n") for _ in range(50)])
    assert counts == list(range(1, 51))
    await connection.disconnect()


def main(reactor: Any) -> defer.Deferred[None]:
    done = defer.ensureDeferred(session(reactor, int(sys.argv[1]), Path(sys.argv[2])))
    return done.addCallback(lambda _: print("all well"))


task.react(main)
