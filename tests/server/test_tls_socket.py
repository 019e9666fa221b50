"""A TLS socket against an OpenSSL that refuses at any moment: what must be offered again is, and nothing twice."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from OpenSSL import SSL

from miniredis.server.tls_socket import RECORD_BYTES, TlsSocket


class StrictConnection:
    """Takes records as OpenSSL does: one refused must come again with the same bytes, and no fewer of them."""

    def __init__(self, refusals: list[bool]) -> None:
        self.refusals = refusals
        self.refused: bytes | None = None
        self.taken = bytearray()
        self.records: list[int] = []
        self.incoming: list[bytes | Exception] = []
        self.is_shut = False

    def send(self, record: bytes | memoryview) -> int:
        data = bytes(record)
        assert 0 < len(data) <= RECORD_BYTES
        if self.refused is not None:
            assert data[: len(self.refused)] == self.refused
            assert len(data) >= len(self.refused)
        if self.refusals and self.refusals.pop():
            self.refused = data
            raise SSL.WantWriteError
        self.refused = None
        self.taken += data
        self.records.append(len(data))
        return len(data)

    def recv(self, most: int) -> bytes:
        if not self.incoming:
            raise SSL.WantReadError
        item = self.incoming.pop(0)
        if isinstance(item, Exception):
            raise item
        return item

    def shutdown(self) -> bool:
        self.is_shut = True
        return False


class PlainSocket:
    def __init__(self) -> None:
        self.is_closed = False
        self.shut: list[int] = []

    def fileno(self) -> int:
        return 7

    def shutdown(self, how: int) -> None:
        self.shut.append(how)

    def close(self) -> None:
        self.is_closed = True


def pair(refusals: list[bool] | None = None) -> tuple[TlsSocket, StrictConnection, PlainSocket]:
    plain: Any = PlainSocket()
    connection = StrictConnection(refusals or [])
    return TlsSocket(plain, connection), connection, plain


@given(st.data())
def test_all_bytes_leave_in_order_however_they_are_cut(data: st.DataObject) -> None:
    refusals = data.draw(st.lists(st.booleans(), max_size=40))
    sock, connection, _ = pair(refusals)
    size = data.draw(st.integers(1, 70_000))
    whole = bytes(number * 7 % 251 for number in range(size))
    at = 0
    while at < size:
        try:
            if data.draw(st.booleans()):
                at += sock.send(whole[at : at + data.draw(st.integers(1, size))])
            else:
                cuts = data.draw(st.lists(st.integers(1, 20_000), min_size=1, max_size=6))
                pieces, begin = [], at
                for cut in cuts:
                    if begin < size:
                        pieces.append(whole[begin : begin + cut])
                        begin += cut
                at += sock.sendmsg(pieces)
        except BlockingIOError:
            continue
    assert connection.taken == whole


def test_small_pieces_share_a_record() -> None:
    sock, connection, _ = pair()
    assert sock.sendmsg([b"a" * 100] * 50) == 5000
    assert connection.records == [5000]
    assert sock.sendmsg([b"b" * 10_000, b"c" * 10_000, b"d"]) == 20_001
    assert connection.records[1:] == [10_000, 10_001]


def test_what_comes_in_full_records_is_read_on() -> None:
    sock, connection, _ = pair()
    connection.incoming = [b"a" * RECORD_BYTES, b"b" * RECORD_BYTES, b"c"]
    assert len(sock.recv(65536)) == 2 * RECORD_BYTES + 1
    connection.incoming = [b"a" * RECORD_BYTES]
    assert len(sock.recv(65536)) == RECORD_BYTES
    connection.incoming = [b"a" * RECORD_BYTES] * 5
    assert len(sock.recv(65536)) == 4 * RECORD_BYTES
    assert len(connection.incoming) == 1
    connection.incoming = [b"c"] * 2
    assert sock.recv(65536) == b"c"


def test_nothing_there_is_told_as_a_socket_tells() -> None:
    with pytest.raises(BlockingIOError):
        pair()[0].recv(10)


def test_the_end_after_full_records_is_met_after_them() -> None:
    sock, connection, plain = pair()
    connection.incoming = [b"a" * RECORD_BYTES, SSL.ZeroReturnError()]
    assert len(sock.recv(65536)) == RECORD_BYTES
    assert plain.shut == [socket.SHUT_RD]
    assert sock.recv(65536) == b""


def test_a_goodbye_is_the_end() -> None:
    sock, connection, plain = pair()
    connection.incoming = [SSL.ZeroReturnError()]
    assert sock.recv(10) == b""
    sock.close()
    assert connection.is_shut and plain.is_closed


@pytest.mark.parametrize("problem", [SSL.Error([("", "", "bad record mac")]), SSL.WantWriteError()])
def test_after_what_cannot_go_on_nothing_more_is_said(problem: Exception) -> None:
    sock, connection, plain = pair()
    connection.incoming = [problem]
    with pytest.raises(OSError):
        sock.recv(10)
    sock.close()
    assert plain.is_closed and not connection.is_shut


def test_a_connection_that_breaks_while_we_write() -> None:
    sock, connection, _ = pair()

    def fail(record: bytes) -> int:
        raise SSL.SysCallError(32, "EPIPE")

    connection.send = fail  # type: ignore[assignment, method-assign]
    with pytest.raises(ConnectionAbortedError):
        sock.send(b"x")


def test_its_descriptor_is_the_sockets() -> None:
    assert pair()[0].fileno() == 7
