"""Frames that only a holder of the secret can have written, each once.

      both: HELLO and a nonce  -->  both: frames under a key made of the secret and the two nonces, numbered 1, 2, ...

The key differs for each link and each direction, so that a frame that was recorded is of no use on another link,
nor back to who wrote it; the number must be the next, so that none can be left out, repeated or moved.
"""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import Final

HELLO: Final = b"HELLO 1 "
NONCE_BYTES: Final = 16
MAC_DIGITS: Final = 64


class NotAuthentic(Exception):
    """The frame is to be thrown away, and the link with it."""


class Seal:
    """One end of one link.  `is_caller`: this end has connected."""

    def __init__(self, secret: bytes, nonce: bytes, is_caller: bool) -> None:
        self._secret = secret
        self._nonce = nonce
        self._is_caller = is_caller
        self._own_key = b""
        self._other_key = b""
        self._sent = 0
        self._received = 0

    @property
    def is_ready(self) -> bool:
        return bool(self._own_key)

    def hello(self) -> bytes:
        return HELLO + self._nonce.hex().encode()

    def greeted(self, line: bytes) -> None:
        """The other end's HELLO.  Raises `NotAuthentic`."""
        digits = line.removeprefix(HELLO)
        if not line.startswith(HELLO) or len(digits) != NONCE_BYTES * 2:
            raise NotAuthentic("no greeting")
        try:
            other = bytes.fromhex(digits.decode("ascii"))
        except ValueError as problem:
            raise NotAuthentic("no greeting") from problem
        if other == self._nonce:
            raise NotAuthentic("our own greeting")
        nonces = self._nonce + other if self._is_caller else other + self._nonce
        caller_key = hmac.digest(self._secret, b"caller" + nonces, "sha256")
        answerer_key = hmac.digest(self._secret, b"answerer" + nonces, "sha256")
        self._own_key, self._other_key = (caller_key, answerer_key) if self._is_caller else (answerer_key, caller_key)

    def close(self, body: bytes) -> bytes:
        """A frame as it is sent."""
        self._sent += 1
        numbered = b"%d %s" % (self._sent, body)
        return hmac.new(self._own_key, numbered, sha256).hexdigest().encode() + b" " + numbered

    def open(self, line: bytes) -> bytes:
        """The frame in it.  Raises `NotAuthentic`."""
        mac, numbered = line[:MAC_DIGITS], line[MAC_DIGITS + 1 :]
        expected = hmac.new(self._other_key, numbered, sha256).hexdigest().encode()
        if line[MAC_DIGITS : MAC_DIGITS + 1] != b" " or not hmac.compare_digest(mac, expected):
            raise NotAuthentic("wrong signature")
        number, _, body = numbered.partition(b" ")
        if number != b"%d" % (self._received + 1):
            raise NotAuthentic("wrong number")
        self._received += 1
        return body
