"""What a replica says before the stream, and what its primary answers; lines in, requests out.

    PING                                  +PONG, or an error that only means: say who you are first
    AUTH, REPLCONF ... (those that apply, all at once)        one reply each; only that to AUTH decides
    PSYNC id offset [FAILOVER]            +FULLRESYNC id offset | +CONTINUE [id] | an error

Servers that know no PSYNC are asked with SYNC.
"""

from __future__ import annotations

from typing import Final

from miniredis.dispatch.port import Log
from miniredis.formats.aof import encode_command

# What `take` says.
WAIT: Final = 0  # `output` has to be sent, if there is any
FULL: Final = 1  # a snapshot follows: replication_id, offset
GO_ON: Final = 2  # the stream follows: replication_id, empty if it did not change
PLAIN: Final = 3  # `output` has to be sent, then a snapshot follows of which nothing is known
LATER: Final = 4  # it cannot be now: `problem`

NOT_YET: Final = (b"-NOMASTERLINK", b"-LOADING", b"-MASTERDOWN", b"-BUSY")
NEEDS_NAME: Final = (b"-NOAUTH", b"-NOPERM", b"-ERR operation not permitted")


class Handshake:
    """One conversation."""

    def __init__(self, log: Log) -> None:
        self.log: Log = log
        self.user: bytes = b""
        self.password: bytes = b""
        self.port: int = 0
        self.host: bytes = b""
        self.version: bytes = b""
        self.replication_id: bytes = b"?"
        self.offset: int = -1
        self.asks_failover: bool = False
        self.output: bytes = b""
        self.problem: str = ""
        #: Requests whose replies have to come yet, in order.
        self._expected: list[bytes] = []

    def begin(self) -> bytes:
        """The first thing to send."""
        self._expected = [b"PING"]
        return encode_command([b"PING"])

    def take(self, line: bytes) -> int:
        """A reply, without its end."""
        self.output = b""
        asked = self._expected.pop(0) if self._expected else b""
        text = line.decode("utf-8", "replace")
        if asked == b"PING":
            return self._take_pong(line, text)
        if asked == b"AUTH" and line.startswith(b"-"):
            self.problem = f"Unable to AUTH to MASTER: {text}"
            return LATER
        if asked == b"PSYNC":
            return self._take_answer(line, text)
        if line.startswith(b"-"):
            self.log("notice", f"(Non critical) Master does not understand REPLCONF {asked.decode()}: {text}")
        if not self._expected:
            return self._ask()
        return WAIT

    def _take_pong(self, line: bytes, text: str) -> int:
        if not line.startswith((b"+", *NEEDS_NAME)):
            self.problem = f"Error reply to PING from master: '{text}'"
            return LATER
        self.log("notice", "Master replied to PING, replication can continue...")
        requests: list[tuple[bytes, list[bytes]]] = []
        if self.password:
            words = [b"AUTH", self.user, self.password] if self.user else [b"AUTH", self.password]
            requests.append((b"AUTH", words))
        requests.append((b"listening-port", [b"REPLCONF", b"listening-port", b"%d" % self.port]))
        if self.host:
            requests.append((b"ip-address", [b"REPLCONF", b"ip-address", self.host]))
        requests.append((b"capa", [b"REPLCONF", b"capa", b"eof", b"capa", b"psync2"]))
        requests.append((b"version", [b"REPLCONF", b"version", self.version]))
        self._expected = [name for name, _ in requests]
        self.output = b"".join([encode_command(words) for _, words in requests])
        return WAIT

    def _ask(self) -> int:
        words = [b"PSYNC", self.replication_id, b"%d" % (self.offset + 1 if self.offset >= 0 else -1)]
        if self.asks_failover:
            words.append(b"FAILOVER")
        if self.replication_id == b"?":
            self.log("notice", "Partial resynchronization not possible (no cached master)")
        else:
            self.log(
                "notice",
                f"Trying a partial resynchronization (request {self.replication_id.decode()}:{self.offset + 1}).",
            )
        self._expected = [b"PSYNC"]
        self.output = encode_command(words)
        return WAIT

    def _take_answer(self, line: bytes, text: str) -> int:
        words = line.split()
        if line.startswith(b"+FULLRESYNC"):
            if len(words) != 3 or len(words[1]) != 40 or not words[2].isdigit():
                self.problem = f"Master replied with wrong +FULLRESYNC syntax: {text}"
                return LATER
            self.replication_id = words[1]
            self.offset = int(words[2])
            return FULL
        if line.startswith(b"+CONTINUE"):
            self.replication_id = words[1] if len(words) > 1 and len(words[1]) == 40 else b""
            return GO_ON
        if line.startswith(NOT_YET):
            self.problem = f"Master is currently unable to PSYNC but should be in the future: {text}"
            return LATER
        if self.asks_failover:
            self.problem = f"The failover target did not take over: {text}"
            return LATER
        self.log("warning", f"Unexpected reply to PSYNC from master: {text}. Retrying with SYNC...")
        self.output = encode_command([b"SYNC"])
        return PLAIN
