"""Sockets that systemd opened for us: a service that is started by its first connection, or may not bind itself.

They are the descriptors from 3 on, as many as LISTEN_FDS says, if LISTEN_PID is this process. A name
(FileDescriptorName= of the socket unit) tells what a socket is for: `web` and `metrics` are the HTTP ports, every
other one is for Redis clients. Sockets for clients take the place of `bind`, `port` and `unixsocket`.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from typing import Final

FIRST_DESCRIPTOR: Final = 3
HTTP_NAMES: Final = ("web", "metrics")


class Inherited:
    """Listening sockets by what they are for."""

    def __init__(self) -> None:
        self.tcp: list[socket.socket] = []
        self.unix: list[socket.socket] = []
        self.http: dict[str, list[socket.socket]] = {name: [] for name in HTTP_NAMES}

    def has_clients(self) -> bool:
        """Whether there is one for Redis clients."""
        return bool(self.tcp or self.unix)


def inherited_sockets(environment: Mapping[str, str] = os.environ, first: int = FIRST_DESCRIPTOR) -> Inherited:
    """What was handed over. A descriptor that is no listening stream socket is left alone."""
    found = Inherited()
    count = environment.get("LISTEN_FDS", "")
    if environment.get("LISTEN_PID") != str(os.getpid()) or not count.isdecimal():
        return found
    names = environment.get("LISTEN_FDNAMES", "").split(":")
    for place in range(int(count)):
        os.set_inheritable(first + place, False)
        try:
            given = socket.socket(fileno=first + place)
        except OSError:
            continue
        if given.type != socket.SOCK_STREAM or not given.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            given.detach()
            continue
        given.setblocking(False)
        name = names[place] if place < len(names) else ""
        if name in found.http:
            found.http[name].append(given)
        elif given.family == socket.AF_UNIX:
            found.unix.append(given)
        else:
            found.tcp.append(given)
    return found
