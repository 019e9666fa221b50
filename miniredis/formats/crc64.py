"""Redis's CRC64 (Jones): polynomial ad93d23594c935a9, both directions reflected, no initial or final xor.

anycrc computes it at some GB/s; the table below serves where that package could not be built.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, cast

POLYNOMIAL: Final = 0xAD93D23594C935A9
REFLECTED_POLYNOMIAL: Final = 0x95AC9329AC4BC9B5

Crc64 = Callable[[bytes, int], int]


def _build_table() -> list[int]:
    table: list[int] = []
    for value in range(256):
        crc = value
        for _ in range(8):
            crc = (crc >> 1) ^ REFLECTED_POLYNOMIAL if crc & 1 else crc >> 1
        table.append(crc)
    return table


_TABLE: Final = _build_table()


def table_crc64(data: bytes, crc: int) -> int:
    """The checksum of what `crc` covers followed by `data`, a byte at a time."""
    table = _TABLE
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc


def find_implementation() -> Crc64:
    """The fast one, or the table."""
    try:
        from anycrc import CRC  # type: ignore[import-untyped, unused-ignore]
    except ImportError:
        return table_crc64
    return cast(Crc64, CRC(64, POLYNOMIAL, 0, True, True, 0).calc)


_implementation: Final = find_implementation()


def crc64(data: bytes, crc: int = 0) -> int:
    """The checksum of `data`, continuing from `crc`: 0 to 2**64 - 1."""
    return _implementation(data, crc)
