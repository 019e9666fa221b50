"""The line by which sentinels find each other: published every two seconds on each server they watch.

ip,port,run id,current epoch,primary's name,its ip,its port,its config epoch
"""

from __future__ import annotations

from typing import Final

from miniredis.resp.numbers import parse_int64

CHANNEL: Final = b"__sentinel__:hello"
#: Nothing that a sentinel says of itself is longer; what is, is no hello.
LONGEST: Final = 1024


class Hello:
    """What a sentinel says: who it is, and where it takes a primary to be."""

    def __init__(
        self,
        host: str,
        port: int,
        run_id: bytes,
        epoch: int,
        primary: str,
        primary_host: str,
        primary_port: int,
        config_epoch: int,
    ) -> None:
        self.host = host
        self.port = port
        self.run_id = run_id
        self.epoch = epoch
        self.primary = primary
        self.primary_host = primary_host
        self.primary_port = primary_port
        self.config_epoch = config_epoch

    def encode(self) -> bytes:
        parts = (
            self.host,
            str(self.port),
            self.run_id.decode("latin-1"),
            str(self.epoch),
            self.primary,
            self.primary_host,
            str(self.primary_port),
            str(self.config_epoch),
        )
        return ",".join(parts).encode("latin-1")


def parse_hello(line: bytes) -> Hello | None:
    """None for anything that no sentinel would say."""
    if len(line) > LONGEST:
        return None
    words = line.split(b",")
    if len(words) != 8:
        return None
    port, epoch, primary_port, config_epoch = (parse_int64(words[at]) for at in (1, 3, 6, 7))
    if port is None or epoch is None or primary_port is None or config_epoch is None:
        return None
    if not (0 < port <= 65535 and 0 < primary_port <= 65535 and epoch >= 0 and config_epoch >= 0):
        return None
    if not words[0] or not words[2] or not words[5]:
        return None
    return Hello(
        words[0].decode("latin-1"),
        port,
        words[2],
        epoch,
        words[4].decode("latin-1"),
        words[5].decode("latin-1"),
        primary_port,
        config_epoch,
    )
