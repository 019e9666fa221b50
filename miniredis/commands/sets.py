"""Sets: members that are all different.  Commands about several sets at once stand in set_algebra.py."""

from __future__ import annotations

from typing import Final, cast

from miniredis.commands.arguments import INT64_MAX, INT64_MIN, parse_int
from miniredis.commands.context import Context
from miniredis.commands.declaration import CommandGroup
from miniredis.commands.key_specs import DELETE_KEY, INSERT_KEY, READ_KEY, TAKE_KEY, TEST_KEY
from miniredis.commands.random_replies import drawn_items, is_endless
from miniredis.commands.scanning import ScanOptions, parse_cursor, scan_reply
from miniredis.commands.set_lookup import read_set, shrink_set, store_set, write_set
from miniredis.datatypes.sets import SetValue
from miniredis.keyspace.effects import NOTIFY_SET
from miniredis.resp.errors import must_be_positive, out_of_range_between, syntax_error, wrong_type
from miniredis.resp.numbers import parse_int64
from miniredis.resp.replies import EMPTY_ARRAY, SetReply

group = CommandGroup("set")

#: Members of one SREM that replays a SPOP of many.
REPLAY_BATCH: Final = 1024
#: A SPOP that leaves fewer than a fifth of what it takes builds the set of those that stay anew, as Redis does.
KEEP_FACTOR: Final = 5


@group.command(
    "SADD",
    arity=-3,
    flags="write denyoom fast",
    keys=INSERT_KEY,
    complexity="O(1) for each member.",
    summary="Adds members to a set; counts those that are new.",
    syntax="key member [member ...]",
)
def sadd(ctx: Context, argv: list[bytes]) -> object:
    key = argv[1]
    count = len(argv)
    value = write_set(ctx, key)
    is_new = value is None
    if value is None:
        value = SetValue(ctx.keyspace.limits, argv[2], count - 2)
    else:
        value.expect(count - 2)
    added = 0
    index = 2
    while index < count:
        if value.add(argv[index]):
            added += 1
        index += 1
    store_set(ctx, key, value, is_new)
    if added > 0:
        ctx.changed(NOTIFY_SET, b"sadd", key)
        ctx.dirty(added - 1)
    return added


@group.command(
    "SREM",
    arity=-3,
    flags="write fast",
    keys=DELETE_KEY,
    complexity="O(N) where N is the number of members to remove.",
    summary="Removes members of a set, and the set with its last one.",
    syntax="key member [member ...]",
)
def srem(ctx: Context, argv: list[bytes]) -> object:
    key = argv[1]
    value = write_set(ctx, key)
    if value is None:
        return 0
    removed = 0
    for index in range(2, len(argv)):
        if value.remove(argv[index]):
            removed += 1
    if removed > 0:
        ctx.changed(NOTIFY_SET, b"srem", key)
        ctx.dirty(removed - 1)
        shrink_set(ctx, key, value)
    return removed


@group.command(
    "SMOVE",
    arity=4,
    flags="write fast",
    keys="index:1>range:last0/step1/limit0[RW+access+delete]; index:2>range:last0/step1/limit0[RW+insert]",
    summary="Moves a member from one set to another.",
    syntax="source destination member",
)
def smove(ctx: Context, argv: list[bytes]) -> object:
    source, destination, member = argv[1], argv[2], argv[3]
    giving = ctx.db.lookup_write(source)
    if giving is None:
        return 0
    if not isinstance(giving, SetValue):
        raise wrong_type()
    taking = write_set(ctx, destination)
    if giving is taking:
        return 1 if giving.contains(member) else 0
    if not giving.remove(member):
        return 0
    ctx.changed(NOTIFY_SET, b"srem", source)
    shrink_set(ctx, source, giving)
    is_new = taking is None
    if taking is None:
        taking = SetValue(ctx.keyspace.limits, member)
    added = taking.add(member)
    store_set(ctx, destination, taking, is_new)
    if added:
        ctx.changed(NOTIFY_SET, b"sadd", destination)
    return 1


@group.command(
    "SISMEMBER",
    arity=3,
    flags="readonly fast",
    keys=TEST_KEY,
    summary="Tells whether something is a member of a set.",
    syntax="key member",
)
def sismember(ctx: Context, argv: list[bytes]) -> object:
    value = read_set(ctx, argv[1])
    return 1 if value is not None and value.contains(argv[2]) else 0


@group.command(
    "SMISMEMBER",
    arity=-3,
    flags="readonly fast",
    keys=READ_KEY,
    since="6.2.0",
    complexity="O(N) where N is the number of members asked about.",
    summary="Tells of several things whether they are members of a set.",
    syntax="key member [member ...]",
)
def smismember(ctx: Context, argv: list[bytes]) -> object:
    value = read_set(ctx, argv[1])
    found: list[object] = []
    for index in range(2, len(argv)):
        found.append(1 if value is not None and value.contains(argv[index]) else 0)
    return found


@group.command(
    "SCARD",
    arity=2,
    flags="readonly fast",
    keys=TEST_KEY,
    summary="Returns the number of members of a set.",
    syntax="key",
)
def scard(ctx: Context, argv: list[bytes]) -> object:
    value = read_set(ctx, argv[1])
    return 0 if value is None else value.size()


@group.command(
    "SMEMBERS",
    arity=2,
    flags="readonly",
    keys=READ_KEY,
    complexity="O(N) where N is the size of the set.",
    summary="Returns all members of a set.",
    syntax="key",
    tips="nondeterministic_output_order",
)
def smembers(ctx: Context, argv: list[bytes]) -> object:
    value = read_set(ctx, argv[1])
    return SetReply([] if value is None else cast("list[object]", value.members()))


@group.command(
    "SPOP",
    arity=-2,
    flags="write fast",
    keys=TAKE_KEY,
    complexity="O(1) for one member, O(N) for N.",
    summary="Removes members of a set chosen by chance and returns them.",
    syntax="key [count]",
    tips="nondeterministic_output",
)
def spop(ctx: Context, argv: list[bytes]) -> object:
    if len(argv) > 2:
        return _pop_several(ctx, argv)
    key = argv[1]
    value = write_set(ctx, key)
    if value is None:
        return None
    member = value.random_member(ctx.keyspace.random)
    value.remove(member)
    ctx.changed(NOTIFY_SET, b"spop", key)
    if ctx.effects.replaying:
        ctx.replay_as([b"SREM", key, member])
    shrink_set(ctx, key, value)
    return member


def _pop_several(ctx: Context, argv: list[bytes]) -> object:
    if len(argv) > 3:
        raise syntax_error()
    key = argv[1]
    count = parse_int64(argv[2])
    if count is None or count < 0:
        raise must_be_positive()
    value = write_set(ctx, key)
    if value is None or count == 0:
        return SetReply([])
    size = value.size()
    if count >= size:
        popped = value.members()
        ctx.changed(NOTIFY_SET, b"spop", key)
        ctx.dirty(size - 1)
        ctx.replay_as([b"DEL", key])
        ctx.remove_empty(key)
        return SetReply(cast("list[object]", popped))
    random = ctx.keyspace.random
    if (size - count) * KEEP_FACTOR > count:
        popped = value.random_members(random, count)
        for member in popped:
            value.remove(member)
        store_set(ctx, key, value, False)
    else:
        kept = value.random_members(random, size - count)
        for member in kept:
            value.remove(member)
        popped = value.members()
        ctx.db.put(key, new_set(ctx, kept))
    ctx.changed(NOTIFY_SET, b"spop", key)
    ctx.dirty(count - 1)
    for start in range(0, count, REPLAY_BATCH):
        ctx.replay_as([b"SREM", key, *popped[start : start + REPLAY_BATCH]])
    return SetReply(cast("list[object]", popped))


def new_set(ctx: Context, members: list[bytes]) -> SetValue:
    """A set of these members, of which there is at least one, encoded as if they had been added one by one."""
    value = SetValue(ctx.keyspace.limits, members[0])
    for member in members:
        value.add(member)
    return value


@group.command(
    "SRANDMEMBER",
    arity=-2,
    flags="readonly",
    keys=READ_KEY,
    complexity="O(1) for one member, O(N) for N.",
    summary="Returns members of a set chosen by chance.",
    syntax="key [count]",
    tips="nondeterministic_output",
)
def srandmember(ctx: Context, argv: list[bytes]) -> object:
    random = ctx.keyspace.random
    if len(argv) == 2:
        value = read_set(ctx, argv[1])
        return None if value is None else value.random_member(random)
    if len(argv) > 3:
        raise syntax_error()
    count = parse_int(argv[2])
    if count == INT64_MIN:
        raise out_of_range_between(-INT64_MAX, INT64_MAX)
    value = read_set(ctx, argv[1])
    if value is None or count == 0:
        return EMPTY_ARRAY
    if count > 0:
        return value.random_members(random, count)
    if is_endless(ctx, -count, value.size()):
        return drawn_items(ctx, value.members(), -count)
    found: list[bytes] = []
    while count < 0:
        found.append(value.random_member(random))
        count += 1
    return found


@group.command(
    "SSCAN",
    arity=-3,
    flags="readonly",
    keys=READ_KEY,
    since="2.8.0",
    complexity="O(1) for every call; O(N) for a complete iteration.",
    summary="Iterates over the members of a set.",
    syntax="key cursor [MATCH pattern] [COUNT count]",
    tips="nondeterministic_output",
)
def sscan(ctx: Context, argv: list[bytes]) -> object:
    cursor = parse_cursor(argv[2])
    value = read_set(ctx, argv[1])
    if value is None:
        return scan_reply(0, [])
    options = ScanOptions(argv, 3)
    cursor, members = value.scan(cursor, options.count)
    return scan_reply(cursor, cast("list[object]", options.matching(members)))
