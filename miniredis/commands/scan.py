"""Walking through the keys: SCAN, KEYS, RANDOMKEY; and the options that SSCAN, HSCAN and ZSCAN share with SCAN."""

from __future__ import annotations

from miniredis.commands.arguments import parse_int
from miniredis.commands.context import Context
from miniredis.commands.declaration import CommandGroup
from miniredis.commands.lookup import type_name
from miniredis.resp.errors import invalid_cursor, syntax_error
from miniredis.resp.glob import Glob
from miniredis.resp.numbers import parse_uint64

group = CommandGroup("generic")


def parse_cursor(argument: bytes) -> int:
    """A cursor of 64 bits without a sign; as in C, `-1` wraps round to the largest one."""
    if argument[:1].isspace():
        raise invalid_cursor()
    negative = argument.startswith(b"-")
    cursor = parse_uint64(argument[1:] if negative and argument[1:].isdigit() else argument)
    if cursor is None:
        raise invalid_cursor()
    return -cursor & ((1 << 64) - 1) if negative else cursor


class ScanOptions:
    """COUNT and MATCH, and where they are allowed TYPE (of SCAN) and NOVALUES (of HSCAN)."""

    def __init__(self, argv: list[bytes], start: int, with_type: bool = False, with_novalues: bool = False) -> None:
        self.count = 10
        #: None: everything matches.
        self.pattern: Glob | None = None
        self.type = b""
        self.no_values = False
        at = start
        while at < len(argv):
            word = argv[at].upper()
            at += 1
            if word == b"NOVALUES" and with_novalues:
                self.no_values = True
                continue
            if at == len(argv):
                raise syntax_error()
            if word == b"COUNT":
                self.count = parse_int(argv[at])
                if self.count < 1:
                    raise syntax_error()
            elif word == b"MATCH":
                pattern = Glob(argv[at])
                self.pattern = None if pattern.matches_everything else pattern
            elif word == b"TYPE" and with_type:
                self.type = argv[at].lower()
            else:
                raise syntax_error()
            at += 1

    def matches(self, text: bytes) -> bool:
        return self.pattern is None or self.pattern.matches(text)


@group.command(
    "SCAN",
    arity=-2,
    flags="readonly",
    since="2.8.0",
    complexity="O(1) for each call, O(N) for a whole round, where N is the number of keys.",
    summary="Goes through the keys step by step.",
    syntax="cursor [MATCH pattern] [COUNT count] [TYPE type]",
    tips="nondeterministic_output request_policy:special response_policy:special",
)
def scan(ctx: Context, argv: list[bytes]) -> object:
    cursor = parse_cursor(argv[1])
    options = ScanOptions(argv, 2, with_type=True)
    db = ctx.db
    cursor, keys = db.table.scan(cursor, options.count)
    found: list[object] = []
    for key in keys:
        if not options.matches(key):
            continue
        value = db.peek(key)
        if value is not None and (not options.type or type_name(value) == options.type):
            found.append(key)
    return [b"%d" % cursor, found]


@group.command(
    "KEYS",
    arity=2,
    flags="readonly",
    complexity="O(N) where N is the number of keys.",
    summary="Returns all keys whose names match a pattern.",
    syntax="pattern",
    acl="dangerous",
    tips="request_policy:all_shards nondeterministic_output_order",
)
def keys_(ctx: Context, argv: list[bytes]) -> object:
    db = ctx.db
    pattern = Glob(argv[1])
    if pattern.matches_everything:
        names = db.table.keys()
    else:
        names = []
        for shard in db.table.shards():
            for key in shard:
                if pattern.matches(key):
                    names.append(key)
    if db.expires.size() > 0:
        return [key for key in names if db.peek(key) is not None]
    return names


@group.command(
    "RANDOMKEY",
    arity=1,
    flags="readonly",
    summary="Returns a key chosen at random.",
    tips="request_policy:all_shards response_policy:special nondeterministic_output",
)
def randomkey(ctx: Context, argv: list[bytes]) -> object:
    return ctx.db.random_key(ctx.keyspace.random)
