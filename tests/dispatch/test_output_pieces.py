"""Output in pieces: what is copied together and what leaves as it is."""

from __future__ import annotations

import pytest

from miniredis.dispatch.session import CHUNKS_JOINED, LARGE_CHUNK, Session
from miniredis.testing.memory import MemoryServer

LARGE = b"x" * LARGE_CHUNK


@pytest.fixture
def session() -> Session:
    return MemoryServer().connect().session


@pytest.mark.parametrize(
    ("chunks", "pieces"),
    [
        ([b"a"], [b"a"]),
        ([b"a", b"b"], [b"ab"]),
        ([b"a", LARGE, b"b", b"c"], [b"a", LARGE, b"bc"]),
        ([LARGE, LARGE], [LARGE, LARGE]),
        ([b"a"] * (CHUNKS_JOINED + 5), [b"a" * CHUNKS_JOINED, b"a" * 5]),
        ([LARGE] + [b"a"] * 100, [LARGE, b"a" * 100]),
    ],
)
def test_small_chunks_are_put_together_large_ones_are_not(
    session: Session, chunks: list[bytes], pieces: list[bytes]
) -> None:
    before = session.bytes_out
    session.out += chunks
    assert session.take_pieces() == pieces
    assert session.out == []
    assert session.bytes_out - before == sum(len(piece) for piece in pieces)


def test_a_large_value_is_the_very_object(session: Session) -> None:
    session.out += [b"$32768\r\n", LARGE, b"\r\n"]
    assert session.take_pieces()[1] is LARGE
