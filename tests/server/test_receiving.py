"""Bytes received into a place, in C and in Python alike."""

from __future__ import annotations

import os
import socket
from types import ModuleType

import pytest

from miniredis.resp.decoder import ReceiveInto
from miniredis.server.receiving import receive_into, receive_into_in_python
from native_build import build_native


@pytest.fixture(scope="session")
def native(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    return build_native("bytework", tmp_path_factory.mktemp("native"))


@pytest.fixture(params=["C", "Python", "as it is built"])
def receive(request: pytest.FixtureRequest, native: ModuleType) -> ReceiveInto:
    forms: dict[str, ReceiveInto] = {"C": native.receive_into, "Python": receive_into_in_python}
    return forms.get(request.param, receive_into)


def new_room(receive: ReceiveInto, size: int) -> bytes | bytearray:
    """For the form in C bytes that nobody else knows."""
    return bytearray(size) if receive is receive_into_in_python else bytes(bytearray(size))


def test_bytes_come_into_their_place_and_two_beyond_are_dropped(receive: ReceiveInto) -> None:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with ours, theirs:
        room = new_room(receive, 10)
        assert receive(ours.fileno(), room, 0, 10, 2) == -1
        theirs.send(b"01234")
        assert receive(ours.fileno(), room, 0, 10, 2) == 5
        theirs.send(b"56789\r\nPING")
        assert receive(ours.fileno(), room, 5, 5, 2) == 7
        assert bytes(room) == b"0123456789"
        assert ours.recv(10) == b"PING"
        theirs.close()
        assert receive(ours.fileno(), room, 0, 10, 0) == 0
        closed = ours.detach()
        os.close(closed)
        with pytest.raises(OSError, match="Bad file descriptor"):
            receive(closed, room, 0, 10, 0)


@pytest.mark.parametrize(("at", "count", "beyond"), [(1, 4, 0), (-1, 1, 0), (0, 4, 3), (0, 4, -1)])
def test_there_is_no_place_outside_of_the_room(receive: ReceiveInto, at: int, count: int, beyond: int) -> None:
    with pytest.raises(ValueError, match=r"no such place|may be dropped"):
        receive(0, new_room(receive, 4), at, count, beyond)


def test_wrong_arguments_are_errors(native: ModuleType) -> None:
    for wrong in ((0, b"room", 0, 4), ("0", b"room", 0, 4, 0), (0, bytearray(4), 0, 4, 0)):
        with pytest.raises(TypeError):
            native.receive_into(*wrong)
