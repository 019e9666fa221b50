"""Walking through the keys: SCAN, KEYS, RANDOMKEY."""

from __future__ import annotations

from miniredis.commands.context import Context
from miniredis.commands.declaration import CommandGroup
from miniredis.commands.lookup import type_name
from miniredis.commands.scanning import ScanOptions, parse_cursor, scan_reply
from miniredis.resp.glob import Glob

group = CommandGroup("generic")


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
    options = ScanOptions(argv, 2, b"TYPE")
    db = ctx.db
    cursor, keys = db.table.scan(cursor, options.count)
    found: list[object] = []
    for key in options.matching(keys):
        value = db.peek(key)
        if value is not None and (not options.type_name or type_name(value) == options.type_name):
            found.append(key)
    return scan_reply(cursor, found)


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
