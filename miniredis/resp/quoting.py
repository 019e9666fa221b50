"""placeholder replaced by merge"""

from __future__ import annotations


def split_arguments(line: bytes) -> list[bytes] | None:
    return line.split()
