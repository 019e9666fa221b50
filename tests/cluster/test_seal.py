"""Signed frames: only a holder of the secret can write them, each counts once and in its place."""

from __future__ import annotations

import pytest

from miniredis.cluster.seal import NotAuthentic, Seal


def pair(secret: bytes = b"secret", other: bytes = b"secret") -> tuple[Seal, Seal]:
    caller, answerer = Seal(secret, b"1" * 16, True), Seal(other, b"2" * 16, False)
    caller.greeted(answerer.hello())
    answerer.greeted(caller.hello())
    return caller, answerer


def test_frames_arrive_in_both_directions() -> None:
    caller, answerer = pair()
    assert caller.is_ready
    for frame in (b"one", b"two with words", b""):
        assert answerer.open(caller.close(frame)) == frame
        assert caller.open(answerer.close(frame)) == frame


def test_another_secret_is_found_out() -> None:
    caller, answerer = pair(other=b"guess")
    with pytest.raises(NotAuthentic):
        answerer.open(caller.close(b"frame"))


def test_a_repeated_frame_is_refused() -> None:
    caller, answerer = pair()
    sealed = caller.close(b"frame")
    answerer.open(sealed)
    with pytest.raises(NotAuthentic, match="number"):
        answerer.open(sealed)


def test_a_frame_left_out_is_noticed() -> None:
    caller, answerer = pair()
    caller.close(b"one")
    with pytest.raises(NotAuthentic, match="number"):
        answerer.open(caller.close(b"two"))


def test_a_frame_does_not_count_on_another_link_nor_on_its_way_back() -> None:
    caller, answerer = pair()
    sealed = caller.close(b"frame")
    with pytest.raises(NotAuthentic):
        caller.open(sealed)
    other = Seal(b"secret", b"3" * 16, False)
    other.greeted(caller.hello())
    with pytest.raises(NotAuthentic):
        other.open(sealed)
    assert answerer.open(sealed) == b"frame"


@pytest.mark.parametrize("at", [0, 63, 64, 65, 67, 70])
def test_a_changed_byte_is_noticed(at: int) -> None:
    caller, answerer = pair()
    sealed = bytearray(caller.close(b"frame"))
    sealed[at] ^= 1
    with pytest.raises(NotAuthentic):
        answerer.open(bytes(sealed))


@pytest.mark.parametrize("line", [b"", b"HELLO 1 ", b"HELLO 1 " + b"x" * 32, b"HELLO 2 " + b"0" * 32, b"M1 PING"])
def test_who_does_not_greet_is_refused(line: bytes) -> None:
    with pytest.raises(NotAuthentic):
        Seal(b"secret", b"1" * 16, True).greeted(line)


def test_an_echo_is_no_greeting() -> None:
    seal = Seal(b"secret", b"1" * 16, True)
    with pytest.raises(NotAuthentic, match="our own"):
        seal.greeted(seal.hello())
