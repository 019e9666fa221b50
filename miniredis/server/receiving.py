"""Receiving into a place that is there already: in C where that was built, else in Python.

The twin in C stands in native/bytework.c; the tests hold the two against each other.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import Final

from miniredis.resp.decoder import ReceiveInto


def receive_into_in_python(fd: int, target: bytes | bytearray, at: int, count: int, beyond: int) -> int:
    """Receive `count` bytes into room that was made, and up to two `beyond` them that are dropped.

    How many came: 0 at the end of the stream, -1 where none are there now.  Raises OSError.
    """
    if not 0 <= at <= len(target) - count or not 0 <= beyond <= 2:
        raise ValueError("there is no such place")
    try:
        return os.readv(fd, [memoryview(target)[at : at + count], bytearray(beyond)])
    except BlockingIOError:
        return -1


def _load() -> object:
    try:
        return import_module("miniredis.resp._bytework")
    except ImportError:
        return None


receive_into: Final[ReceiveInto] = getattr(_load(), "receive_into", receive_into_in_python)
