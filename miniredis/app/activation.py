"""Sockets that systemd opened for us: a service that is started by its first connection, or may not bind itself.

They are the descriptors from 3 on, as many as LISTEN_FDS says, if LISTEN_PID is this process. Twisted takes both out
of the environment when its endpoints are imported, so that it is asked which they are. A name (FileDescriptorName= of
the socket unit; LISTEN_FDNAMES) tells what a socket is for: `web` and `metrics` are the HTTP ports, every
other one is for Redis clients. Sockets for clients take the place of `bind`, `port` and `unixsocket`.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

from twisted.python.systemd import ListenFDs

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


def handed_over() -> list[int]:
    """The descriptors that systemd gave to this process."""
    endpoints: Any = sys.modules.get("twisted.internet.endpoints")
    # Whoever reads the environment first has them; the module is large, and not imported only to ask.
    found = ListenFDs.fromEnvironment() if endpoints is None else endpoints._SystemdParser._sddaemon
    return list(found.inheritedDescriptors())


def inherited_sockets(descriptors: Sequence[int], environment: Mapping[str, str] = os.environ) -> Inherited:
    """These descriptors as sockets. One that is no listening stream socket is left alone."""
    found = Inherited()
    names = environment.get("LISTEN_FDNAMES", "").split(":")
    for place, descriptor in enumerate(descriptors):
        os.set_inheritable(descriptor, False)
        try:
            given = socket.socket(fileno=descriptor)
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
