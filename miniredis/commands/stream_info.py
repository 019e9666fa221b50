"""Streams: what XINFO tells of a stream, its groups and their consumers."""

from __future__ import annotations

from typing import Final

from miniredis.commands.arguments import parse_int
from miniredis.commands.context import Context
from miniredis.commands.declaration import CommandGroup
from miniredis.commands.help import help_reply
from miniredis.commands.stream_arguments import entry_replies, entry_reply, read_stream
from miniredis.datatypes.stream_groups import UNKNOWN_READ, Consumer, Group
from miniredis.datatypes.stream_ids import MAX_ID, format_id
from miniredis.datatypes.streams import EVERYTHING, StreamValue
from miniredis.resp.errors import ReplyError, no_such_key, printed, subcommand_syntax_error
from miniredis.resp.replies import MapReply

group = CommandGroup("stream")

READ_SECOND: Final = "index:2>range:last0/step1/limit0[RO+access]"
FULL_COUNT: Final = 10  # entries and pending entries that XINFO STREAM FULL shows without COUNT

group.container(
    "XINFO", arity=-2, since="5.0.0", complexity="", summary="A container for commands that look into streams."
)


def existing_stream(ctx: Context, key: bytes) -> StreamValue:
    stream = read_stream(ctx, key)
    if stream is None:
        raise no_such_key()
    return stream


def counters(stream: StreamValue) -> list[object]:
    return [
        b"length", stream.size(),
        b"radix-tree-keys", stream.block_count(),
        b"radix-tree-nodes", stream.tree_nodes(),
        b"last-generated-id", format_id(stream.last_id),
        b"max-deleted-entry-id", format_id(stream.max_deleted_id),
        b"entries-added", stream.entries_added,
        b"recorded-first-entry-id", format_id(stream.first_id),
    ]  # fmt: skip


def read_so_far(found: Group) -> object:
    return None if found.entries_read == UNKNOWN_READ else found.entries_read


@group.command(
    "XINFO STREAM",
    arity=-3,
    flags="readonly",
    keys=READ_SECOND,
    since="5.0.0",
    summary="Returns what is known of a stream, with FULL also its entries and groups.",
    syntax="key [FULL [COUNT count]]",
)
def xinfo_stream(ctx: Context, argv: list[bytes]) -> object:
    stream = existing_stream(ctx, argv[2])
    if len(argv) == 3:
        first = stream.range(0, MAX_ID, 1)
        last = stream.reverse_range(0, MAX_ID, 1)
        return MapReply(
            [
                *counters(stream),
                b"groups", len(stream.groups),
                b"first-entry", entry_reply(first[0]) if first else None,
                b"last-entry", entry_reply(last[0]) if last else None,
            ]
        )  # fmt: skip
    is_full = argv[3].lower() == b"full"
    if not is_full or (len(argv) != 4 and (len(argv) != 6 or argv[4].lower() != b"count")):
        raise subcommand_syntax_error(argv[1], b"XINFO")
    count = FULL_COUNT
    if len(argv) == 6:
        count = parse_int(argv[5])
        if count < 0:
            count = FULL_COUNT
    shown = count if count > 0 else EVERYTHING
    groups: list[object] = [full_group(stream, name, shown) for name in sorted(stream.groups)]
    return MapReply([*counters(stream), b"entries", entry_replies(stream.range(0, MAX_ID, shown)), b"groups", groups])


def full_group(stream: StreamValue, name: bytes, shown: int) -> MapReply:
    found = stream.groups[name]
    pending: list[object] = []
    for entry in found.pending.range(0, MAX_ID, shown):
        pending.append([format_id(entry.id), entry.consumer.name, entry.delivered_ms, entry.deliveries])
    consumers: list[object] = [full_consumer(found.consumers[each], shown) for each in found.consumer_names()]
    return MapReply(
        [
            b"name", name,
            b"last-delivered-id", format_id(found.last_id),
            b"entries-read", read_so_far(found),
            b"lag", stream.lag(found),
            b"pel-count", found.pending.size(),
            b"pending", pending,
            b"consumers", consumers,
        ]
    )  # fmt: skip


def full_consumer(consumer: Consumer, shown: int) -> MapReply:
    pending: list[object] = []
    for entry in consumer.pending.range(0, MAX_ID, shown):
        pending.append([format_id(entry.id), entry.delivered_ms, entry.deliveries])
    return MapReply(
        [
            b"name", consumer.name,
            b"seen-time", consumer.seen_ms,
            b"active-time", consumer.active_ms,
            b"pel-count", consumer.pending.size(),
            b"pending", pending,
        ]
    )  # fmt: skip


@group.command(
    "XINFO GROUPS",
    arity=3,
    flags="readonly",
    keys=READ_SECOND,
    since="5.0.0",
    summary="Returns what is known of the consumer groups of a stream.",
    syntax="key",
)
def xinfo_groups(ctx: Context, argv: list[bytes]) -> object:
    stream = existing_stream(ctx, argv[2])
    replies: list[object] = []
    for name in sorted(stream.groups):
        found = stream.groups[name]
        replies.append(
            MapReply(
                [
                    b"name", name,
                    b"consumers", len(found.consumers),
                    b"pending", found.pending.size(),
                    b"last-delivered-id", format_id(found.last_id),
                    b"entries-read", read_so_far(found),
                    b"lag", stream.lag(found),
                ]
            )
        )  # fmt: skip
    return replies


@group.command(
    "XINFO CONSUMERS",
    arity=4,
    flags="readonly",
    keys=READ_SECOND,
    since="5.0.0",
    summary="Returns what is known of the consumers of a group.",
    syntax="key group",
    tips="nondeterministic_output",
)
def xinfo_consumers(ctx: Context, argv: list[bytes]) -> object:
    found = existing_stream(ctx, argv[2]).groups.get(argv[3])
    if found is None:
        raise ReplyError(
            b"NOGROUP No such consumer group '" + printed(argv[3]) + b"' for key name '" + printed(argv[2]) + b"'"
        )
    now_ms = ctx.now_ms
    replies: list[object] = []
    for name in found.consumer_names():
        consumer = found.consumers[name]
        replies.append(
            MapReply(
                [
                    b"name", name,
                    b"pending", consumer.pending.size(),
                    b"idle", max(now_ms - consumer.seen_ms, 0),
                    b"inactive", max(now_ms - consumer.active_ms, 0) if consumer.active_ms >= 0 else -1,
                ]
            )
        )  # fmt: skip
    return replies


@group.command(
    "XINFO HELP",
    arity=2,
    flags="loading stale",
    since="5.0.0",
    summary="Describes the subcommands of XINFO.",
)
def xinfo_help(ctx: Context, argv: list[bytes]) -> object:
    return help_reply(
        "XINFO",
        (
            ("CONSUMERS <key> <groupname>", "What is known of the consumers of a group."),
            ("GROUPS <key>", "What is known of the groups of a stream."),
            ("STREAM <key> [FULL [COUNT <count>]]", "What is known of a stream."),
        ),
    )
