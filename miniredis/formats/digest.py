"""The fingerprint of values that DEBUG DIGEST and DEBUG DIGEST-VALUE print, byte-equal to redis-server's.

A digest is 20 bytes, kept here as an integer.  `xor` adds something whose order does not matter, `mix` something
whose order does.
"""

from __future__ import annotations

from hashlib import sha1
from typing import Final

DIGEST_SIZE: Final = 20
EXPIRY_MARK: Final = b"!!expire!!"


def digest_xor(digest: int, data: bytes) -> int:
    return digest ^ int.from_bytes(sha1(data).digest(), "big")


def digest_mix(digest: int, data: bytes) -> int:
    mixed = digest ^ int.from_bytes(sha1(data).digest(), "big")
    return int.from_bytes(sha1(mixed.to_bytes(DIGEST_SIZE, "big")).digest(), "big")


def digest_mix_number(digest: int, number: int) -> int:
    """A 32-bit number in network order: a database, a type."""
    return digest_mix(digest, number.to_bytes(4, "big"))


def digest_text(digest: int) -> bytes:
    """40 hexadecimal digits."""
    return b"%040x" % digest
