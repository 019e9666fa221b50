"""Reads of INFO what a sentinel needs."""

from __future__ import annotations

from miniredis.resp.numbers import parse_int64
from miniredis.sentinel.instances import PRIMARY, REPLICA


class Information:
    """The replication fields of a server; defaults where it did not say."""

    def __init__(self) -> None:
        self.run_id = b""
        self.role = ""
        #: (host, port) of each replica, of a primary.
        self.replicas: list[tuple[str, int]] = []
        # Of a replica.
        self.primary_host = ""
        self.primary_port = 0
        self.primary_link_up = False
        self.primary_link_down_ms = 0
        self.priority = 100
        self.offset = 0
        self.is_announced = True


def read_information(text: bytes) -> Information:
    """Never fails: what is not understood is passed over."""
    found = Information()
    for line in text.split(b"\r\n"):
        name, colon, value = line.partition(b":")
        if not colon:
            continue
        if name == b"run_id":
            found.run_id = value[:40]
        elif name == b"role":
            found.role = PRIMARY if value == b"master" else REPLICA if value == b"slave" else ""
        elif name.startswith(b"slave") and name[5:].isdigit():
            _read_replica(found, value)
        elif name == b"master_host":
            found.primary_host = value.decode("latin-1")
        elif name == b"master_port":
            found.primary_port = _number(value)
        elif name == b"master_link_status":
            found.primary_link_up = value == b"up"
        elif name == b"master_link_down_since_seconds":
            found.primary_link_down_ms = _number(value) * 1000
        elif name == b"slave_priority":
            found.priority = _number(value)
        elif name == b"slave_repl_offset":
            found.offset = _number(value)
        elif name == b"replica_announced":
            found.is_announced = value != b"0"
    return found


def _number(value: bytes) -> int:
    return parse_int64(value) or 0


def _read_replica(found: Information, value: bytes) -> None:
    """ip=10.0.0.2,port=6379,state=online,...; before Redis 2.8: ip,port,state."""
    words = value.split(b",")
    fields = {name: text for name, _, text in (word.partition(b"=") for word in words)}
    host = fields.get(b"ip")
    port = fields.get(b"port")
    if host is None or port is None:
        if len(words) < 3 or b"=" in value:
            return
        host, port = words[0], words[1]
    number = _number(port)
    if host and 0 < number <= 65535:
        found.replicas.append((host.decode("latin-1"), number))
