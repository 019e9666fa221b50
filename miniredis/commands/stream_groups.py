"""Streams: consumer groups, what is pending in them, and who takes it over."""

from __future__ import annotations

from typing import Final

from miniredis.commands.arguments import INT64_MAX, parse_int
from miniredis.commands.context import Context
from miniredis.commands.declaration import CommandGroup
from miniredis.commands.help import help_reply
from miniredis.commands.key_specs import DELETE_KEY, READ_KEY, UPDATE_KEY
from miniredis.commands.stream_arguments import (
    active_consumer,
    entry_reply,
    existing_group,
    parse_any_id,
    parse_end,
    parse_start,
    parse_strict_id,
    read_stream,
    replay_claim,
    replay_group_position,
    write_stream,
)
from miniredis.datatypes.stream_groups import UNKNOWN_READ, Consumer, Group, Pending
from miniredis.datatypes.stream_ids import MAX_ID, format_id, parse_id
from miniredis.datatypes.streams import EVERYTHING, StreamValue
from miniredis.keyspace.effects import NOTIFY_STREAM
from miniredis.resp.errors import ReplyError, error, printed, subcommand_syntax_error, syntax_error
from miniredis.resp.numbers import parse_int64
from miniredis.resp.replies import NULL_ARRAY, OK

group = CommandGroup("stream")

INSERT_GROUP: Final = "index:2>range:last0/step1/limit0[RW+insert]"
UPDATE_GROUP: Final = "index:2>range:last0/step1/limit0[RW+update]"
DELETE_GROUP: Final = "index:2>range:last0/step1/limit0[RW+delete]"
ATTEMPTS_FACTOR: Final = 10  # XAUTOCLAIM looks at so many entries for each that it may return
MAX_CLAIMED: Final = INT64_MAX // 16

group.container(
    "XGROUP", arity=-2, since="5.0.0", complexity="", summary="A container for commands about consumer groups."
)


def parse_group_options(argv: list[bytes], may_create: bool) -> tuple[bool, int]:
    """`[MKSTREAM] [ENTRIESREAD entries-read]`: whether to make the stream, and how much was read."""
    create = False
    entries_read = UNKNOWN_READ
    index = 5
    while index < len(argv):
        option = argv[index].lower()
        if may_create and option == b"mkstream":
            create = True
            index += 1
        elif option == b"entriesread" and index + 1 < len(argv):
            entries_read = parse_int(argv[index + 1])
            if entries_read < 0 and entries_read != UNKNOWN_READ:
                raise error(b"value for ENTRIESREAD must be positive or -1")
            index += 2
        else:
            raise subcommand_syntax_error(argv[1], b"XGROUP")
    return create, entries_read


def stream_of_group(ctx: Context, key: bytes) -> StreamValue:
    stream = write_stream(ctx, key)
    if stream is None:
        raise error(
            b"The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM"
            b" option to create an empty stream automatically."
        )
    return stream


def named_group(stream: StreamValue, argv: list[bytes]) -> Group:
    found = stream.groups.get(argv[3])
    if found is None:
        raise ReplyError(
            b"NOGROUP No such consumer group '" + printed(argv[3]) + b"' for key name '" + printed(argv[2]) + b"'"
        )
    return found


@group.command(
    "XGROUP CREATE",
    arity=-5,
    flags="write denyoom",
    keys=INSERT_GROUP,
    since="5.0.0",
    summary="Makes a consumer group that has read up to an ID.",
    syntax="key group <id | $> [MKSTREAM] [ENTRIESREAD entries-read]",
)
def xgroup_create(ctx: Context, argv: list[bytes]) -> object:
    create, entries_read = parse_group_options(argv, True)
    key = argv[2]
    stream = write_stream(ctx, key) if create else stream_of_group(ctx, key)
    newest = 0 if stream is None else stream.last_id
    last_id = newest if argv[4] == b"$" else parse_strict_id(argv[4])
    if stream is None:
        stream = StreamValue(ctx.keyspace.limits)
        ctx.db.put(key, stream)
        ctx.touch(key)
    if argv[3] in stream.groups:
        raise ReplyError(b"BUSYGROUP Consumer Group name already exists")
    stream.groups[argv[3]] = Group(last_id, entries_read)
    ctx.dirty(1)
    ctx.notify(NOTIFY_STREAM, b"xgroup-create", key)
    return OK


@group.command(
    "XGROUP SETID",
    arity=-5,
    flags="write",
    keys=UPDATE_GROUP,
    since="5.0.0",
    summary="Sets up to which ID a consumer group has read.",
    syntax="key group <id | $> [ENTRIESREAD entries-read]",
)
def xgroup_setid(ctx: Context, argv: list[bytes]) -> object:
    _, entries_read = parse_group_options(argv, False)
    key = argv[2]
    stream = stream_of_group(ctx, key)
    found = named_group(stream, argv)
    found.last_id = stream.last_id if argv[4] == b"$" else parse_any_id(argv[4])
    found.entries_read = entries_read
    ctx.dirty(1)
    ctx.notify(NOTIFY_STREAM, b"xgroup-setid", key)
    return OK


@group.command(
    "XGROUP DESTROY",
    arity=4,
    flags="write",
    keys=DELETE_GROUP,
    since="5.0.0",
    complexity="O(N)",
    summary="Removes a consumer group.",
    syntax="key group",
)
def xgroup_destroy(ctx: Context, argv: list[bytes]) -> object:
    key = argv[2]
    stream = stream_of_group(ctx, key)
    if stream.groups.pop(argv[3], None) is None:
        return 0
    # A change of the key, so that consumers that wait hear of it.
    ctx.changed(NOTIFY_STREAM, b"xgroup-destroy", key)
    return 1


@group.command(
    "XGROUP CREATECONSUMER",
    arity=5,
    flags="write denyoom",
    keys=INSERT_GROUP,
    since="6.2.0",
    summary="Makes a consumer in a group.",
    syntax="key group consumer",
)
def xgroup_createconsumer(ctx: Context, argv: list[bytes]) -> object:
    key = argv[2]
    found = named_group(stream_of_group(ctx, key), argv)
    if argv[4] in found.consumers:
        return 0
    found.consumer(argv[4], ctx.now_ms)
    ctx.dirty(1)
    ctx.notify(NOTIFY_STREAM, b"xgroup-createconsumer", key)
    return 1


@group.command(
    "XGROUP DELCONSUMER",
    arity=5,
    flags="write",
    keys=DELETE_GROUP,
    since="5.0.0",
    summary="Removes a consumer from a group, with what is pending for it.",
    syntax="key group consumer",
)
def xgroup_delconsumer(ctx: Context, argv: list[bytes]) -> object:
    key = argv[2]
    pending = named_group(stream_of_group(ctx, key), argv).remove_consumer(argv[4])
    if pending < 0:
        return 0
    ctx.dirty(1)
    ctx.notify(NOTIFY_STREAM, b"xgroup-delconsumer", key)
    return pending


@group.command(
    "XGROUP HELP",
    arity=2,
    flags="loading stale",
    since="5.0.0",
    summary="Describes the subcommands of XGROUP.",
)
def xgroup_help(ctx: Context, argv: list[bytes]) -> object:
    return help_reply(
        "XGROUP",
        (
            ("CREATE <key> <groupname> <id|$> [option]", "Make a group. MKSTREAM makes the stream too if needed."),
            ("CREATECONSUMER <key> <groupname> <consumer>", "Make a consumer in the group."),
            ("DELCONSUMER <key> <groupname> <consumer>", "Remove a consumer from the group."),
            ("DESTROY <key> <groupname>", "Remove the group."),
            ("SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]", "Set up to which ID the group has read."),
        ),
    )


# -- pending entries


@group.command(
    "XACK",
    arity=-4,
    flags="write fast",
    keys=UPDATE_KEY,
    since="5.0.0",
    summary="Acknowledges entries, which are then no longer pending; how many there were.",
    syntax="key group id [id ...]",
)
def xack(ctx: Context, argv: list[bytes]) -> object:
    stream = write_stream(ctx, argv[1])
    found = None if stream is None else stream.groups.get(argv[2])
    if found is None:
        return 0
    ids = [parse_strict_id(argument) for argument in argv[3:]]
    acknowledged = 0
    for entry_id in ids:
        if found.acknowledge(entry_id):
            acknowledged += 1
    if acknowledged > 0:
        ctx.dirty(acknowledged)
    return acknowledged


@group.command(
    "XPENDING",
    arity=-3,
    flags="readonly",
    keys=READ_KEY,
    since="5.0.0",
    complexity="O(N)",
    summary="Returns what is pending in a group: a survey, or entries one by one.",
    syntax="key group [[IDLE min-idle-time] start:string end:string count [consumer]]",
    tips="nondeterministic_output",
)
def xpending(ctx: Context, argv: list[bytes]) -> object:
    if len(argv) == 3:
        return survey(existing_group(read_stream(ctx, argv[1]), argv[1], argv[2]))
    if len(argv) < 6 or len(argv) > 9:
        raise syntax_error()
    first = 3
    min_idle_ms = 0
    if argv[3].lower() == b"idle":
        min_idle_ms = parse_int(argv[4])
        if len(argv) < 8:
            raise syntax_error()
        first = 5
    count = max(parse_int(argv[first + 2]), 0)
    start = parse_start(argv[first])
    end = parse_end(argv[first + 1])
    found = existing_group(read_stream(ctx, argv[1]), argv[1], argv[2])
    entries = found.pending
    if first + 3 < len(argv):
        consumer = found.consumers.get(argv[first + 3])
        if consumer is None:
            return []
        entries = consumer.pending
    now_ms = ctx.now_ms
    replies: list[object] = []
    for pending in entries.range(start, end, EVERYTHING if min_idle_ms > 0 else count):
        idle_ms = now_ms - pending.delivered_ms
        if min_idle_ms > 0 and idle_ms < min_idle_ms:
            continue
        if len(replies) >= count:
            break
        replies.append([format_id(pending.id), pending.consumer.name, max(idle_ms, 0), pending.deliveries])
    return replies


def survey(found: Group) -> list[object]:
    total = found.pending.size()
    if total == 0:
        return [0, None, None, NULL_ARRAY]
    consumers: list[object] = []
    for name in found.consumer_names():
        size = found.consumers[name].pending.size()
        if size > 0:
            consumers.append([name, b"%d" % size])
    return [total, format_id(found.pending.first_id()), format_id(found.pending.last_id()), consumers]


# -- claiming


class Claim:
    """The options of XCLAIM, after its IDs."""

    def __init__(self, ctx: Context, argv: list[bytes], first: int) -> None:
        self.force: bool = False
        self.just_id: bool = False
        self.deliveries: int = -1
        self.last_id: int = 0
        now_ms = ctx.now_ms
        delivered_ms = -1
        index = first
        while index < len(argv):
            option = argv[index].lower()
            more = len(argv) - 1 - index
            if option == b"force":
                self.force = True
                index += 1
            elif option == b"justid":
                self.just_id = True
                index += 1
            elif option == b"idle" and more > 0:
                delivered_ms = now_ms - parse_option(argv[index + 1], b"IDLE")
                index += 2
            elif option == b"time" and more > 0:
                delivered_ms = parse_option(argv[index + 1], b"TIME")
                index += 2
            elif option == b"retrycount" and more > 0:
                self.deliveries = parse_option(argv[index + 1], b"RETRYCOUNT")
                index += 2
            elif option == b"lastid" and more > 0:
                self.last_id = parse_strict_id(argv[index + 1])
                index += 2
            else:
                raise error(b"Unrecognized XCLAIM option '" + printed(argv[index]) + b"'")
        # A time that makes no sense is now.
        self.delivered_ms: int = delivered_ms if 0 <= delivered_ms <= now_ms else now_ms


def parse_option(argument: bytes, option: bytes) -> int:
    number = parse_int64(argument)
    if number is None:
        raise error(b"Invalid " + option + b" option argument for XCLAIM")
    return number


def parse_min_idle(argument: bytes, command: bytes) -> int:
    min_idle_ms = parse_int64(argument)
    if min_idle_ms is None:
        raise error(b"Invalid min-idle-time argument for " + command)
    return max(min_idle_ms, 0)


def drop_pending(ctx: Context, argv: list[bytes], found: Group, pending: Pending) -> None:
    """An entry that is gone is no longer pending."""
    ctx.dirty(1)
    found.acknowledge(pending.id)
    ctx.replay_as([b"XACK", argv[1], argv[2], format_id(pending.id)])


def take_over(
    ctx: Context, argv: list[bytes], found: Group, pending: Pending, consumer: Consumer, delivered_ms: int, times: int
) -> None:
    found.give(pending.id, consumer, delivered_ms, times)
    consumer.active_ms = ctx.now_ms
    ctx.dirty(1)
    replay_claim(ctx, argv[1], argv[2], found, consumer.name, pending.id, delivered_ms, times)


@group.command(
    "XCLAIM",
    arity=-6,
    flags="write fast",
    keys=UPDATE_KEY,
    since="5.0.0",
    complexity="O(log N)",
    summary="Makes entries that are pending too long those of another consumer, and returns them.",
    syntax="key group consumer min-idle-time:string id [id ...] [IDLE ms] [TIME unix-time-milliseconds] "
    "[RETRYCOUNT count] [FORCE] [JUSTID] [LASTID lastid]",
    tips="nondeterministic_output",
)
def xclaim(ctx: Context, argv: list[bytes]) -> object:
    key = argv[1]
    stream = write_stream(ctx, key)
    found = existing_group(stream, key, argv[2])
    assert stream is not None
    min_idle_ms = parse_min_idle(argv[4], b"XCLAIM")
    ids: list[int] = []
    first_option = 5
    while first_option < len(argv):
        entry_id = parse_id(argv[first_option], 0)
        if entry_id < 0:
            break
        ids.append(entry_id)
        first_option += 1
    claim = Claim(ctx, argv, first_option)
    ctx.replay_nothing()
    moved = claim.last_id > found.last_id
    if moved:
        found.last_id = claim.last_id
    consumer: Consumer | None = None  # made when there is something for it
    replies: list[object] = []
    now_ms = ctx.now_ms
    for entry_id in ids:
        pending = found.pending.get(entry_id)
        entry = stream.get(entry_id)
        if entry is None:
            if pending is not None:
                drop_pending(ctx, argv, found, pending)
            continue
        if pending is None:
            if not claim.force:
                continue
        elif min_idle_ms > 0 and now_ms - pending.delivered_ms < min_idle_ms:
            continue
        if consumer is None:
            consumer = active_consumer(ctx, key, argv[2], found, argv[3])
        if pending is None:
            pending = found.give(entry_id, consumer, now_ms, 1)
        deliveries = claim.deliveries
        if deliveries < 0:
            deliveries = pending.deliveries + (0 if claim.just_id else 1)
        take_over(ctx, argv, found, pending, consumer, claim.delivered_ms, deliveries)
        moved = False  # the XCLAIM that is replayed says how far the group is
        replies.append(format_id(entry_id) if claim.just_id else entry_reply(entry))
    if moved:
        ctx.dirty(1)
        replay_group_position(ctx, key, argv[2], found)
    return replies


@group.command(
    "XAUTOCLAIM",
    arity=-6,
    flags="write fast",
    keys=DELETE_KEY,
    since="6.2.0",
    summary="Makes entries that are pending too long those of another consumer, as if found by a scan.",
    syntax="key group consumer min-idle-time:string start:string [COUNT count] [JUSTID]",
    tips="nondeterministic_output",
)
def xautoclaim(ctx: Context, argv: list[bytes]) -> object:
    key = argv[1]
    min_idle_ms = parse_min_idle(argv[4], b"XAUTOCLAIM")
    start = parse_start(argv[5])
    count = 100
    just_id = False
    index = 6
    while index < len(argv):
        option = argv[index].lower()
        if option == b"count" and index + 1 < len(argv):
            parsed = parse_int64(argv[index + 1])
            if parsed is None or parsed < 1 or parsed > MAX_CLAIMED:
                raise error(b"COUNT must be > 0")
            count = parsed
            index += 2
        elif option == b"justid":
            just_id = True
            index += 1
        else:
            raise syntax_error()
    stream = write_stream(ctx, key)
    found = existing_group(stream, key, argv[2])
    assert stream is not None
    ctx.replay_nothing()
    consumer: Consumer | None = None
    now_ms = ctx.now_ms
    claimed: list[object] = []
    deleted: list[object] = []
    left = count
    cursor = 0
    # One more than may be looked at: where the next call goes on.
    candidates = found.pending.range(start, MAX_ID, count * ATTEMPTS_FACTOR + 1)
    for place in range(len(candidates)):
        pending = candidates[place]
        if left == 0 or place == count * ATTEMPTS_FACTOR:
            cursor = pending.id
            break
        entry = stream.get(pending.id)
        if entry is None:
            drop_pending(ctx, argv, found, pending)
            deleted.append(format_id(pending.id))
            left -= 1
            continue
        if min_idle_ms > 0 and now_ms - pending.delivered_ms < min_idle_ms:
            continue
        if consumer is None:
            consumer = active_consumer(ctx, key, argv[2], found, argv[3])
        take_over(ctx, argv, found, pending, consumer, now_ms, pending.deliveries + (0 if just_id else 1))
        claimed.append(format_id(pending.id) if just_id else entry_reply(entry))
        left -= 1
    return [format_id(cursor), claimed, deleted]
