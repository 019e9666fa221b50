"""The arguments of commands about single fields of a hash: `FIELDS numfields field...` and times."""

from __future__ import annotations

from typing import Final

from miniredis.commands.arguments import INT64_MAX, parse_int
from miniredis.commands.context import Context
from miniredis.resp.errors import ReplyError, invalid_expire, numfields_mismatch, syntax_error

FIELDS_SYNTAX: Final = "<FIELDS numfields field [field ...]>"

SECONDS: Final = 1000
MILLISECONDS: Final = 1


def absolute_ms(ctx: Context, argument: bytes, unit_ms: int, relative: bool, command: bytes) -> int:
    """A time as given by a client, in unix ms."""
    given = parse_int(argument)
    base_ms = ctx.now_ms if relative else 0
    if given < 0 or given * unit_ms > INT64_MAX - base_ms:
        raise invalid_expire(command)
    return given * unit_ms + base_ms


def find_fields(argv: list[bytes], start: int) -> int:
    """Where the word FIELDS stands, from `start` on; not as the last argument."""
    for index in range(start, len(argv) - 1):
        if argv[index].upper() == b"FIELDS":
            return index
    raise numfields_mismatch()


def check_count(argv: list[bytes], at: int, width: int, mismatch: ReplyError) -> None:
    """The number after FIELDS at `at` is that of the fields (or pairs) that follow."""
    given = parse_int(argv[at + 1])
    if given < 1 or given * width != len(argv) - at - 2:
        raise mismatch


def listed_fields(argv: list[bytes], mismatch: ReplyError) -> list[bytes]:
    """The fields of a command that takes only FIELDS, at argv[2]."""
    if argv[2].upper() != b"FIELDS":
        raise syntax_error()
    check_count(argv, 2, 1, mismatch)
    return argv[4:]
