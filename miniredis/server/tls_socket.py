"""A TLS connection in the shape of the socket below it, so that the hub's loop serves it like any other.

OpenSSL reads and writes the socket itself: no copy through buffers of ours, and one record a turn in each direction.
It never holds back a record that it has read, as long as we ask for a whole one: what is readable stays in the kernel,
which tells of it.

A record that the kernel did not take must be offered again as it was.  Whoever writes may cut its bytes differently
the next time, so the record is kept here; what of it goes beyond the bytes offered then is skipped when it comes.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

from OpenSSL import SSL

#: The most bytes of one record.
RECORD_BYTES: Final = 16384


class TlsSocket:
    """Of a connection whose handshake is done."""

    def __init__(self, sock: socket.socket, connection: Any) -> None:
        self._socket = sock
        self._connection = connection
        self._is_ended = False
        self._is_broken = False
        #: The record that must be offered again.
        self._retry: bytes | memoryview = b""
        #: Bytes that left with such a record before they were offered again.
        self._ahead = 0

    def fileno(self) -> int:
        return self._socket.fileno()

    def setsockopt(self, level: int, option: int, value: int) -> None:
        self._socket.setsockopt(level, option, value)

    def recv(self, most: int) -> bytes:
        """As a socket's: b"" at the end, BlockingIOError when there is nothing yet, OSError when it is broken."""
        if self._is_ended:
            return b""
        try:
            data: bytes = self._connection.recv(RECORD_BYTES)
        except SSL.Error as problem:
            self._meet(problem)
            return b""
        if len(data) < RECORD_BYTES:
            return data
        return self._receive_more(data, most)

    def _receive_more(self, first: bytes, most: int) -> bytes:
        """A full record is seldom the last one."""
        records = [first]
        size = len(first)
        while size + RECORD_BYTES <= most:
            try:
                data = self._connection.recv(RECORD_BYTES)
            except SSL.WantReadError:
                break
            except SSL.Error:
                # To be met after what came before it, so the kernel must tell of it again.
                self._is_ended = True
                with suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RD)
                break
            records.append(data)
            size += len(data)
            if len(data) < RECORD_BYTES:
                break
        return b"".join(records)

    def _meet(self, problem: Exception) -> None:
        """Returns at the end of the stream."""
        if isinstance(problem, SSL.WantReadError):
            raise BlockingIOError from None
        if isinstance(problem, SSL.ZeroReturnError):
            return
        # Among these: a peer that wants keys renewed and reads nothing, so that its answer cannot leave.
        self._is_broken = True
        raise ConnectionAbortedError("TLS has ended") from problem

    def send(self, data: bytes | memoryview) -> int:
        """How many bytes were taken; BlockingIOError if none."""
        size = len(data)
        sent = 0
        if self._ahead:
            sent = min(self._ahead, size)
            self._ahead -= sent
        if self._retry:
            if not self._write(self._retry):
                return self._taken(sent)
            length = len(self._retry)
            self._retry = b""
            offered = size - sent
            if length > offered:
                self._ahead = length - offered
                return size
            sent += length
        if sent == 0 and 0 < size <= RECORD_BYTES:
            return size if self._write(data) else self._taken(0)
        view = memoryview(data)
        while sent < size:
            record = view[sent : sent + RECORD_BYTES]
            if not self._write(record):
                return self._taken(sent)
            sent += len(record)
        return sent

    def sendmsg(self, pieces: Sequence[bytes | memoryview]) -> int:
        """Many pieces: small ones share a record."""
        total = 0
        small: list[bytes | memoryview] = []
        size = 0
        try:
            for piece in pieces:
                if small and size + len(piece) > RECORD_BYTES:
                    sent = self.send(b"".join(small))
                    total += sent
                    if sent < size:
                        return total
                    small, size = [], 0
                small.append(piece)
                size += len(piece)
            if small:
                total += self.send(b"".join(small) if len(small) > 1 else small[0])
        except BlockingIOError:
            if total == 0:
                raise
        return total

    def _write(self, record: bytes | memoryview) -> bool:
        """One record; False when the kernel has no room for it."""
        try:
            self._connection.send(record)
        except (SSL.WantWriteError, SSL.WantReadError):
            self._retry = record if isinstance(record, bytes) else bytes(record)
            return False
        except SSL.Error as problem:
            self._is_broken = True
            raise ConnectionAbortedError("TLS has ended") from problem
        return True

    def _taken(self, sent: int) -> int:
        if sent == 0:
            raise BlockingIOError
        return sent

    def close(self) -> None:
        """Say so to the other side, if that is possible at once."""
        if not self._is_broken and not self._retry:
            with suppress(SSL.Error):
                self._connection.shutdown()
        self._socket.close()
