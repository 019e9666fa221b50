"""What twistd calls for the word `miniredis`."""

from __future__ import annotations

from twisted.application.service import IService
from twisted.internet import reactor

from miniredis.app.options import Options
from miniredis.app.service import MiniRedisService

__all__ = ["Options", "makeService"]


def makeService(options: Options) -> IService:
    return MiniRedisService(options.config, reactor)
