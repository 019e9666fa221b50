"""In-process server, controllable clock, fault injection, pytest plugin.

`MiniRedis` is imported when it is first asked for: pytest loads the plugin in this package in every run of every
project that has miniredis installed, and that must cost nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from miniredis.testing.data import Scores
    from miniredis.testing.server import MiniRedis

__all__ = ["MiniRedis", "Scores"]


def __getattr__(name: str) -> object:
    if name == "MiniRedis":
        from miniredis.testing.server import MiniRedis

        return MiniRedis
    if name == "Scores":
        from miniredis.testing.data import Scores

        return Scores
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
