"""Network namespaces: each node has one of its own, joined by bridges; moving its cable makes a partition."""

from __future__ import annotations

import ctypes
import os
import subprocess
import threading

from oracle.wire import SocketConnection

CLONE_NEWNET = 0x40000000


def ip(*words: str, check: bool = True) -> None:
    subprocess.run(["ip", *words], check=check, capture_output=True)


class Networks:
    """`count` hosts 10.77.0.1 and up, all on one bridge; a second bridge is for those that are cut off."""

    def __init__(self, count: int) -> None:
        self.tag = f"m{os.getpid() % 10000}"
        self.count = count
        self.bridges = [f"{self.tag}b{side}" for side in range(2)]
        for bridge in self.bridges:
            ip("link", "add", bridge, "type", "bridge")
            ip("link", "set", bridge, "up")
        for number in range(1, count + 1):
            name = self.name(number)
            ip("netns", "add", name)
            ip("link", "add", self.cable(number), "type", "veth", "peer", "name", "eth0", "netns", name)
            ip("-n", name, "addr", "add", f"10.77.0.{number}/24", "dev", "eth0")
            ip("-n", name, "link", "set", "eth0", "up")
            ip("-n", name, "link", "set", "lo", "up")
            ip("link", "set", self.cable(number), "up")
            self.plug(number, 0)

    def name(self, number: int) -> str:
        return f"{self.tag}n{number}"

    def cable(self, number: int) -> str:
        return f"{self.tag}v{number}"

    def host(self, number: int) -> str:
        return f"10.77.0.{number}"

    def prefix(self, number: int) -> tuple[str, ...]:
        """Words before a command that shall run on this host."""
        return ("ip", "netns", "exec", self.name(number))

    def plug(self, number: int, side: int) -> None:
        ip("link", "set", self.cable(number), "master", self.bridges[side])

    def connect(self, number: int, host: str, port: int) -> SocketConnection:
        """A client that runs on host `number`: a socket stays in the network it was made in."""
        found: list[SocketConnection] = []

        def dial() -> None:
            with open(f"/run/netns/{self.name(number)}") as namespace:
                assert ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), CLONE_NEWNET) == 0
            found.append(SocketConnection((host, port)))

        thread = threading.Thread(target=dial)
        thread.start()
        thread.join()
        return found[0]

    def remove(self) -> None:
        for number in range(1, self.count + 1):
            ip("link", "del", self.cable(number), check=False)
            ip("netns", "del", self.name(number), check=False)
        for bridge in self.bridges:
            ip("link", "del", bridge, check=False)
