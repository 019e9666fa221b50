"""What one would write first: a server of the protocol on Twisted's LineReceiver, a dict, and nothing else.

A peer for the tables; PING, SET, GET, DEL and INCR are all it knows.  `line_server.py PORT`.
"""

from __future__ import annotations

import sys
from typing import Any

from twisted.internet import reactor
from twisted.internet.protocol import Factory
from twisted.protocols.basic import LineReceiver

DATA: dict[bytes, bytes] = {}


class Peer(LineReceiver):
    """Frames line by line, arguments as raw data."""

    MAX_LENGTH = 1 << 20

    def __init__(self) -> None:
        self.argv: list[bytes] = []
        self.missing = 0
        self.length = 0
        self.gathered = b""

    def lineReceived(self, line: bytes) -> None:
        if line.startswith(b"*"):
            self.argv = []
            self.missing = int(line[1:])
        elif line.startswith(b"$"):
            self.length = int(line[1:]) + 2
            self.gathered = b""
            self.setRawMode()  # type: ignore[no-untyped-call]
        elif line:
            assert self.transport is not None
            self.transport.write(self.answer(line.split()))

    def rawDataReceived(self, data: bytes) -> None:
        self.gathered += data
        if len(self.gathered) < self.length:
            return
        rest = self.gathered[self.length :]
        self.argv.append(self.gathered[: self.length - 2])
        self.missing -= 1
        if self.missing == 0:
            assert self.transport is not None
            self.transport.write(self.answer(self.argv))
        self.setLineMode(rest)  # type: ignore[no-untyped-call]

    def answer(self, argv: list[bytes]) -> bytes:
        name = argv[0].upper()
        if name == b"SET":
            DATA[argv[1]] = argv[2]
            return b"+OK\r\n"
        if name == b"GET":
            value = DATA.get(argv[1])
            return b"$-1\r\n" if value is None else b"$%d\r\n%s\r\n" % (len(value), value)
        if name == b"INCR":
            DATA[argv[1]] = b"%d" % (int(DATA.get(argv[1], b"0")) + 1)
            return b":" + DATA[argv[1]] + b"\r\n"
        if name == b"DEL":
            return b":%d\r\n" % (DATA.pop(argv[1], None) is not None)
        return b"+PONG\r\n" if name == b"PING" else b"-ERR unknown command\r\n"


if __name__ == "__main__":
    edge: Any = reactor
    edge.listenTCP(int(sys.argv[1]), Factory.forProtocol(Peer), 511, "127.0.0.1")
    edge.run()
