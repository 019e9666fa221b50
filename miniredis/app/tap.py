"""What twistd calls for the word `miniredis`."""

from __future__ import annotations

from twisted.application.service import Service

from miniredis.app.local_cluster import LocalCluster
from miniredis.app.options import Options
from miniredis.app.process import ServerProcess

__all__ = ["Options", "makeService"]


def makeService(options: Options) -> Service:
    """The server the options ask for; twistd has chosen its reactor by now."""
    from twisted.internet import reactor

    assert options.start is not None
    if options.start.config.int("cluster-local"):
        return LocalCluster(options.start, reactor)
    return ServerProcess(options.start, reactor)
