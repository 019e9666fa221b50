"""Word to systemd, and the sockets it hands over."""

from __future__ import annotations

import importlib
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from twisted.internet.task import Clock

from miniredis.app.activation import handed_over, inherited_sockets
from miniredis.app.supervisor import Supervisor


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(5)
        yield listening


def heard(listener: socket.socket) -> list[bytes]:
    """All that has been said so far."""
    found = []
    listener.setblocking(False)
    while True:
        try:
            found.append(listener.recv(1000))
        except BlockingIOError:
            return found


def test_who_does_not_want_to_hear_is_told_nothing(listener: socket.socket) -> None:
    environment = {"NOTIFY_SOCKET": listener.getsockname(), "WATCHDOG_USEC": "1000000"}
    for directive, given in ((b"no", environment), (b"upstart", environment), (b"systemd", {})):
        silent = Supervisor(directive, Clock(), given)
        assert silent.name == "no"
        silent.starting()
        silent.ready()
        silent.stopping()
    assert heard(listener) == []


def test_a_socket_without_a_name_in_the_file_system_will_do() -> None:
    name = f"miniredis-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(f"\0{name}")
        Supervisor(b"auto", Clock(), {"NOTIFY_SOCKET": f"@{name}"}).ready()
        assert heard(listening) == [b"READY=1\nSTATUS=Ready to accept connections\n"]


def test_the_watchdog_is_fed_twice_in_its_time(listener: socket.socket) -> None:
    clock = Clock()
    environment = {"NOTIFY_SOCKET": listener.getsockname(), "WATCHDOG_USEC": "10000000"}
    supervisor = Supervisor(b"systemd", clock, environment)
    supervisor.starting()
    supervisor.starting()
    clock.pump([5, 5, 5])
    assert heard(listener).count(b"WATCHDOG=1\n") == 4
    supervisor.stopping()
    assert heard(listener) == [b"STOPPING=1\nSTATUS=Saving and stopping\n"]
    clock.pump([5, 5])
    assert heard(listener) == []


@pytest.mark.parametrize("environment", [{"WATCHDOG_USEC": "x"}, {"WATCHDOG_USEC": "5", "WATCHDOG_PID": "1"}, {}])
def test_another_process_s_watchdog_is_not_fed(listener: socket.socket, environment: dict[str, str]) -> None:
    supervisor = Supervisor(b"systemd", Clock(), {"NOTIFY_SOCKET": listener.getsockname(), **environment})
    supervisor.starting()
    assert heard(listener) == [b"STATUS=Loading the data\n"]


def test_a_supervisor_that_is_gone_does_not_matter(tmp_path: Path) -> None:
    Supervisor(b"auto", Clock(), {"NOTIFY_SOCKET": str(tmp_path / "gone")}).ready()


# -- sockets


def duplicates(*sockets: socket.socket) -> list[int]:
    return [os.dup(each.fileno()) for each in sockets]


def listening(family: int, address: str | tuple[str, int]) -> socket.socket:
    made = socket.socket(family)
    made.bind(address)
    made.listen()
    return made


def test_sockets_are_sorted_by_what_they_are_for(tmp_path: Path) -> None:
    made = [
        listening(socket.AF_INET, ("127.0.0.1", 0)),
        listening(socket.AF_UNIX, str(tmp_path / "socket")),
        listening(socket.AF_INET, ("127.0.0.1", 0)),
        listening(socket.AF_INET, ("127.0.0.1", 0)),
        socket.socket(),
        socket.socket(type=socket.SOCK_DGRAM),
    ]
    given = duplicates(*made)
    found = inherited_sockets(given, {"LISTEN_FDNAMES": "redis:redis:web:metrics:x:y"})
    assert found.has_clients()
    assert [each.getsockname() for each in found.tcp] == [made[0].getsockname()]
    assert [each.getsockname() for each in found.unix] == [made[1].getsockname()]
    assert found.http["web"][0].getsockname() == made[2].getsockname()
    assert found.http["metrics"][0].getsockname() == made[3].getsockname()
    assert not os.get_inheritable(found.tcp[0].fileno())
    for each in (*made, *found.tcp, *found.unix, *found.http["web"], *found.http["metrics"]):
        each.close()
    # Neither listens: nobody took them.
    os.close(given[4])
    os.close(given[5])


def test_a_socket_without_a_name_is_for_clients() -> None:
    with listening(socket.AF_INET, ("127.0.0.1", 0)) as made:
        found = inherited_sockets(duplicates(made), {})
        assert len(found.tcp) == 1
        found.tcp[0].close()


def test_nothing_is_handed_over_to_the_tests() -> None:
    assert handed_over() == []
    assert not inherited_sockets([]).has_clients()


@pytest.mark.parametrize("read_before", [False, True])
def test_who_reads_the_environment_first_does_not_matter(monkeypatch: pytest.MonkeyPatch, read_before: bool) -> None:
    monkeypatch.delitem(sys.modules, "twisted.internet.endpoints", raising=False)
    for name, value in (("PID", str(os.getpid())), ("FDS", "2"), ("FDNAMES", "redis:web")):
        monkeypatch.setenv(f"LISTEN_{name}", value)
    if read_before:
        importlib.import_module("twisted.internet.endpoints")
    assert handed_over() == [3, 4]


def test_what_is_no_socket_is_left(tmp_path: Path) -> None:
    with open(tmp_path / "file", "wb") as file:
        descriptor = os.dup(file.fileno())
    assert not inherited_sockets([descriptor]).has_clients()
    os.close(descriptor)
