"""What twistd calls for the word `miniredis`."""

from __future__ import annotations

from twisted.application.service import MultiService
from twisted.internet import reactor

from miniredis.app.options import Options
from miniredis.app.process import ServerProcess

__all__ = ["Options", "makeService"]


def makeService(options: Options) -> MultiService:
    assert options.start is not None
    return ServerProcess(options.start, reactor)
