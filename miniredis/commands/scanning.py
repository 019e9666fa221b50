"""What SCAN, HSCAN, SSCAN and ZSCAN share: the cursor, the options, the shape of the reply."""

from __future__ import annotations

from typing import Final

from miniredis.commands.arguments import parse_int
from miniredis.resp.errors import invalid_cursor, syntax_error
from miniredis.resp.glob import Glob
from miniredis.resp.numbers import parse_uint64

DEFAULT_COUNT: Final = 10


class ScanOptions:
    """MATCH, COUNT and, where they are allowed, NOVALUES (of HSCAN), NOSCORES (of ZSCAN) and TYPE (of SCAN)."""

    def __init__(self, argv: list[bytes], start: int, allowed: bytes = b"") -> None:
        """Parse argv from `start`; `allowed` names the option beyond MATCH and COUNT."""
        self.count: int = DEFAULT_COUNT
        self.pattern: Glob | None = None
        self.no_values: bool = False
        self.type_name: bytes = b""
        at = start
        end = len(argv)
        while at < end:
            word = argv[at].upper()
            if word == b"COUNT" and at + 1 < end:
                self.count = parse_int(argv[at + 1])
                if self.count < 1:
                    raise syntax_error()
                at += 2
            elif word == b"MATCH" and at + 1 < end:
                pattern = Glob(argv[at + 1])
                self.pattern = None if pattern.matches_everything else pattern
                at += 2
            elif word == allowed and word in (b"NOVALUES", b"NOSCORES"):
                self.no_values = True
                at += 1
            elif word == allowed == b"TYPE" and at + 1 < end:
                self.type_name = argv[at + 1].lower()
                at += 2
            else:
                raise syntax_error()

    def matching(self, found: list[bytes]) -> list[bytes]:
        """Those that the pattern lets through."""
        pattern = self.pattern
        if pattern is None:
            return found
        return [each for each in found if pattern.matches(each)]


def parse_cursor(argument: bytes) -> int:
    """64 bits without a sign; as in C, `-1` wraps round to the largest one."""
    if argument[:1].isspace():
        raise invalid_cursor()
    if not argument:
        return 0
    negative = argument.startswith(b"-")
    cursor = parse_uint64(argument[1:] if negative and argument[1:].isdigit() else argument)
    if cursor is None:
        raise invalid_cursor()
    return -cursor & ((1 << 64) - 1) if negative else cursor


def scan_reply(cursor: int, items: list[object]) -> list[object]:
    """The next cursor as text, and the items."""
    return [b"%d" % cursor, items]
