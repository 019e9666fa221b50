"""The one list of known differences between us and the real servers, each with its reason.

The oracle tests read it: a reply that differs is accepted only when an entry here names the command, what the real
server says and what we say.  Each entry carries an example that `test_differences.py` runs, so an entry that no
longer holds fails.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

REDIS = "redis"  # Debian's redis-server 7.0.15
VALKEY = "valkey"  # Valkey 9.1


@dataclass(frozen=True)
class Difference:
    """`command`, `theirs` and `ours` are regular expressions that must match whole (bytes, dot matches all)."""

    server: str
    command: bytes  # the words joined by single blanks, any letter case
    theirs: bytes
    ours: bytes
    reason: str
    example: tuple[str, ...] = ()  # commands; the last one shows the difference

    def covers(self, server: str, command: Sequence[bytes], theirs: bytes, ours: bytes) -> bool:
        return (
            server == self.server
            and re.fullmatch(self.command, b" ".join(command), re.DOTALL | re.IGNORECASE) is not None
            and re.fullmatch(self.theirs, theirs, re.DOTALL) is not None
            and re.fullmatch(self.ours, ours, re.DOTALL) is not None
        )


DIFFERENCES: tuple[Difference, ...] = (
    Difference(
        REDIS,
        rb"OBJECT ENCODING [stu]",
        rb"\$9\r\nhashtable\r\n",
        rb"\$8\r\nlistpack\r\n",
        "Small sets of strings are listpacks since Redis 7.2, whose version we report, and in Valkey.",
        ("SADD s a b", "OBJECT ENCODING s"),
    ),
)


def known(server: str, command: Sequence[bytes], theirs: bytes, ours: bytes) -> Difference | None:
    """The entry that explains this pair of replies, if there is one."""
    for difference in DIFFERENCES:
        if difference.covers(server, command, theirs, ours):
            return difference
    return None
