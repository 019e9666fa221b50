"""Where a command's keys are among its arguments: one notation, its parser, and the search.

Notation, one specification or several parted by "; ":

    index:1>range:last-1/step2/limit0[OW+update]        from argument 1 to the last, every second one
    index:2>keynum:idx0/first1/step1[RO+access]         argument 2 says how many follow
    kw:STREAMS@1>range:last-1/step1/limit2[RO+access]   after the word STREAMS, the first half of the rest
    unknown>unknown[RO+access]                          only the command's own code knows

The flags are those of COMMAND INFO: one of RO, RW, OW, RM, then access, update, insert, delete, not_key,
incomplete, variable_flags.
"""

from __future__ import annotations

from typing import Final

# The frequent ones.
READ_KEY: Final = "index:1>range:last0/step1/limit0[RO+access]"
TEST_KEY: Final = "index:1>range:last0/step1/limit0[RO]"
UPDATE_KEY: Final = "index:1>range:last0/step1/limit0[RW+update]"
CHANGE_KEY: Final = "index:1>range:last0/step1/limit0[RW+access+update]"
INSERT_KEY: Final = "index:1>range:last0/step1/limit0[RW+insert]"
DELETE_KEY: Final = "index:1>range:last0/step1/limit0[RW+delete]"
REMOVE_KEY: Final = "index:1>range:last0/step1/limit0[RM+delete]"
REMOVE_KEYS: Final = "index:1>range:last-1/step1/limit0[RM+delete]"
TAKE_KEY: Final = "index:1>range:last0/step1/limit0[RW+access+delete]"
OVERWRITE_KEY: Final = "index:1>range:last0/step1/limit0[OW+update]"
TEST_KEYS: Final = "index:1>range:last-1/step1/limit0[RO]"
OBJECT_KEY: Final = "index:2>range:last0/step1/limit0[RO]"
READ_KEYS: Final = "index:1>range:last-1/step1/limit0[RO+access]"

# What a command does with a key, as access rules divide it.
READ: Final = 1
WRITE: Final = 2

INDEX: Final = 0
KEYWORD: Final = 1
UNKNOWN: Final = 2
RANGE: Final = 0
KEYNUM: Final = 1


class KeySpec:
    """One specification: how its search begins, how its keys are found from there."""

    def __init__(self, notation: str) -> None:
        body, _, flags = notation.rstrip("]").partition("[")
        begin, _, find = body.partition(">")
        self.notation = notation
        self.flags: list[str] = flags.split("+")
        self.begin_kind = UNKNOWN
        self.find_kind = UNKNOWN
        self.index = 0
        self.keyword = b""
        self.last = 0
        self.step = 0
        self.limit = 0
        self.keynum_index = 0
        self.first = 0
        kind, _, rest = begin.partition(":")
        if kind == "index":
            self.begin_kind = INDEX
            self.index = int(rest)
        elif kind == "kw":
            self.begin_kind = KEYWORD
            word, _, start = rest.partition("@")
            self.keyword = word.encode()
            self.index = int(start)
        kind, _, rest = find.partition(":")
        if kind == "range":
            self.find_kind = RANGE
            last, step, limit = rest.split("/")
            self.last, self.step, self.limit = int(last[4:]), int(step[4:]), int(limit[5:])
        elif kind == "keynum":
            self.find_kind = KEYNUM
            keynum_index, first, step = rest.split("/")
            self.keynum_index, self.first, self.step = int(keynum_index[3:]), int(first[5:]), int(step[4:])

    def begin(self, argv: list[bytes]) -> int:
        """The argument at which the keys' part begins; 0 when it is not there."""
        if self.begin_kind == INDEX:
            return self.index
        if self.begin_kind == KEYWORD:
            count = len(argv)
            if self.index > 0:
                for position in range(self.index, count - 1):
                    if argv[position].upper() == self.keyword:
                        return position + 1
            else:
                for position in range(count + self.index, 0, -1):
                    if argv[position].upper() == self.keyword:
                        return position + 1
        return 0

    def positions(self, argv: list[bytes]) -> list[int] | None:
        """Indexes of the key arguments; None when this specification cannot tell, or argv contradicts it."""
        if self.begin_kind == UNKNOWN or self.find_kind == UNKNOWN:
            return None
        count = len(argv)
        first = self.begin(argv)
        if first == 0 or first >= count:
            return []
        if self.find_kind == RANGE:
            if self.last >= 0:
                last = first + self.last
            elif self.limit == 0:
                last = count + self.last
            else:
                last = first + (count - first) // self.limit + self.last
            if last >= count:
                return None
            return list(range(first, last + 1, self.step))
        at = first + self.keynum_index
        if at >= count or not argv[at].isdigit() or len(argv[at]) > 10:
            return None
        keys = int(argv[at])
        start = first + self.first
        end = start + (keys - 1) * self.step
        if keys == 0 or end >= count:
            return None
        return list(range(start, end + 1, self.step))


def access_of(flags: list[str]) -> int:
    """READ when it looks at the value, WRITE when it changes something, 0 when it only asks about the key."""
    access = READ if "access" in flags else 0
    if "insert" in flags or "update" in flags or "delete" in flags:
        access |= WRITE
    return access


def flags_by_options(full_name: bytes, argv: list[bytes]) -> list[str] | None:
    """What SET and BITFIELD really do with their key, which depends on their options; None for other commands."""
    if full_name == b"set":
        reads = any(argument.lower() in (b"get", b"ifeq") for argument in argv[3:])
        return ["RW", "access", "update"] if reads else ["OW", "update"]
    if full_name == b"bitfield":
        at = 2
        while at + 2 < len(argv) and argv[at].lower() == b"get":
            at += 3
        return ["RO", "access"] if at >= len(argv) else ["RW", "access", "update"]
    return None


def parse_key_specs(notation: str) -> list[KeySpec]:
    return [KeySpec(part) for part in notation.split("; ")] if notation else []
