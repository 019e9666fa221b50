"""Streams: XREAD and XREADGROUP, which wait for entries.

A client of XREAD waits for IDs after those it names; one of a group for what its group was not given yet.  What a
group's consumer is given is replayed as XCLAIM, one entry at a time, and so is the group's position.
"""

from __future__ import annotations

from typing import Final

from miniredis.commands.arguments import parse_int
from miniredis.commands.context import NOT_READY, Context
from miniredis.commands.declaration import CommandGroup
from miniredis.commands.stream_arguments import (
    active_consumer,
    entry_replies,
    entry_reply,
    parse_strict_id,
    read_stream,
    replay_claim,
    replay_group_position,
)
from miniredis.datatypes.stream_groups import Consumer, Group
from miniredis.datatypes.stream_ids import MAX_ID, format_id
from miniredis.datatypes.streams import EVERYTHING, StreamValue
from miniredis.resp.errors import (
    ReplyError,
    error,
    printed,
    syntax_error,
    timeout_negative,
    timeout_not_an_integer,
)
from miniredis.resp.numbers import parse_int64
from miniredis.resp.replies import NULL_ARRAY, MapReply

group = CommandGroup("stream")

STREAM_KEYS_1: Final = "kw:STREAMS@1>range:last-1/step1/limit2[RO+access]"
STREAM_KEYS_4: Final = "kw:STREAMS@4>range:last-1/step1/limit2[RO+access]"
#: A client that waited without COUNT gets no more than this at once.
COUNT_AFTER_WAIT: Final = 1000
NEW: Final = MAX_ID  # the ID `>`


class Reading:
    """The arguments of XREAD or XREADGROUP, and how one key is read."""

    def __init__(self, argv: list[bytes], of_group: bool) -> None:
        self.count: int = 0
        self.timeout_ms: int = -1  # do not wait
        self.no_ack: bool = False
        self.group_name: bytes = b""
        self.consumer_name: bytes = b""
        self.keys: list[bytes] = []
        self.id_arguments: list[bytes] = []
        self.ids: list[int] = []
        self.of_group: bool = of_group
        self._parse(argv)

    def _parse(self, argv: list[bytes]) -> None:
        has_group = False
        index = 1
        last = len(argv) - 1
        while index <= last:
            option = argv[index].lower()
            more = last - index
            if option == b"block" and more > 0:
                self.timeout_ms = parse_milliseconds(argv[index + 1])
                index += 2
            elif option == b"count" and more > 0:
                self.count = max(parse_int(argv[index + 1]), 0)
                index += 2
            elif option == b"streams" and more > 0:
                if more % 2 == 1:
                    raise error(
                        b"Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified."
                    )
                self.keys = argv[index + 1 : index + 1 + more // 2]
                self.id_arguments = argv[index + 1 + more // 2 :]
                break
            elif option == b"group" and more >= 2:
                if not self.of_group:
                    raise error(b"The GROUP option is only supported by XREADGROUP. You called XREAD instead.")
                has_group = True
                self.group_name = argv[index + 1]
                self.consumer_name = argv[index + 2]
                index += 3
            elif option == b"noack":
                if not self.of_group:
                    raise error(b"The NOACK option is only supported by XREADGROUP. You called XREAD instead.")
                self.no_ack = True
                index += 1
            else:
                raise syntax_error()
        if not self.keys:
            raise syntax_error()
        if self.of_group and not has_group:
            raise error(b"Missing GROUP option for XREADGROUP")

    def resolve(self, ctx: Context) -> None:
        """Find the groups and what `$`, `+` and `>` mean."""
        for index in range(len(self.keys)):
            key = self.keys[index]
            argument = self.id_arguments[index]
            stream = read_stream(ctx, key)
            if self.of_group and (stream is None or self.group_name not in stream.groups):
                raise ReplyError(
                    b"NOGROUP No such key '" + printed(key) + b"' or consumer group '" + printed(self.group_name)
                    + b"' in XREADGROUP with GROUP option"
                )  # fmt: skip
            if argument == b"$":
                if self.of_group:
                    raise error(
                        b"The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this"
                        b" consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would"
                        b" just return an empty result set."
                    )
                self.ids.append(0 if stream is None else stream.last_id)
            elif argument == b"+":
                if self.of_group:
                    raise error(
                        b"The + ID is meaningless in the context of XREADGROUP: you want to read the history of this"
                        b" consumer by specifying a proper ID, or use the > ID to get new messages. The + ID would"
                        b" just return an empty result set."
                    )
                self.ids.append(0 if stream is None else max(stream.last_id - 1, 0))
            elif argument == b">":
                if not self.of_group:
                    raise error(
                        b"The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer>"
                        b" option."
                    )
                self.ids.append(NEW)
            else:
                self.ids.append(parse_strict_id(argument))

    def read_all(self, ctx: Context) -> object:
        """What can be given at once, or None."""
        found: list[object] = []
        for index in range(len(self.keys)):
            key = self.keys[index]
            stream = read_stream(ctx, key)
            if stream is None:
                continue
            if self.of_group:
                entries = self._read_for_group(ctx, key, stream, self.ids[index], self.count)
            else:
                entries = self._read_after(stream, self.ids[index], self.count)
            if entries is not None:
                found.append(key)
                found.append(entries)
        return keyed_reply(ctx, found) if found else None

    def _read_after(self, stream: StreamValue, after: int, count: int) -> list[object] | None:
        if after >= stream.last_id:
            return None
        entries = stream.range(after + 1, MAX_ID, count if count > 0 else EVERYTHING)
        return entry_replies(entries) if entries else None

    def _read_for_group(
        self, ctx: Context, key: bytes, stream: StreamValue, after: int, count: int
    ) -> list[object] | None:
        group = stream.groups[self.group_name]
        if after == NEW and (group.last_id >= stream.last_living_id()):
            return None
        consumer = active_consumer(ctx, key, self.group_name, group, self.consumer_name)
        ctx.dirty(1)
        if after != NEW:
            return self._history(ctx, stream, consumer, after, count)
        return self._give(ctx, key, stream, group, consumer, count)

    def _history(self, ctx: Context, stream: StreamValue, consumer: Consumer, after: int, count: int) -> list[object]:
        """What the consumer was given and has not acknowledged; entries that are gone have no fields."""
        found: list[object] = []
        for pending in consumer.pending.range(after + 1, MAX_ID, count if count > 0 else EVERYTHING):
            entry = stream.get(pending.id)
            if entry is None:
                found.append([format_id(pending.id), NULL_ARRAY])
            else:
                found.append(entry_reply(entry))
                pending.delivered_ms = ctx.now_ms
                pending.deliveries += 1
        return found

    def _give(
        self, ctx: Context, key: bytes, stream: StreamValue, group: Group, consumer: Consumer, count: int
    ) -> list[object]:
        """Give the consumer what the group was not given yet; there is something."""
        entries = stream.range(group.last_id + 1, MAX_ID, count if count > 0 else EVERYTHING)
        now_ms = ctx.now_ms
        for entry in entries:
            stream.advance(group, entry.id)
            if not self.no_ack:
                group.give(entry.id, consumer, now_ms, 1)
                consumer.active_ms = now_ms
                replay_claim(ctx, key, self.group_name, group, self.consumer_name, entry.id, now_ms, 1)
        # Claims say up to where the group has read, not how many entries that were: lag would be lost.
        replay_group_position(ctx, key, self.group_name, group)
        return entry_replies(entries)

    def serve(self, ctx: Context, key: bytes) -> object:
        """One of the keys changed while the client waits."""
        value = ctx.db.peek(key)
        count = self.count if self.count > 0 else COUNT_AFTER_WAIT
        if not self.of_group:
            if not isinstance(value, StreamValue):
                return NOT_READY
            entries = self._read_after(value, self.ids[self.keys.index(key)], count)
        else:
            if not isinstance(value, StreamValue):
                raise ReplyError(b"UNBLOCKED the stream key no longer exists")
            if self.group_name not in value.groups:
                raise ReplyError(b"NOGROUP the consumer group this client was blocked on no longer exists")
            ctx.replay_nothing()
            entries = self._read_for_group(ctx, key, value, NEW, count)
        return NOT_READY if entries is None else keyed_reply(ctx, [key, entries])


def keyed_reply(ctx: Context, flat: list[object]) -> object:
    """Keys and their entries: a map, in RESP2 an array of pairs."""
    if ctx.resp == 3:
        return MapReply(flat)
    pairs: list[object] = []
    for index in range(0, len(flat), 2):
        pairs.append([flat[index], flat[index + 1]])
    return pairs


def parse_milliseconds(argument: bytes) -> int:
    """The argument of BLOCK; 0: no end."""
    timeout_ms = parse_int64(argument)
    if timeout_ms is None:
        raise timeout_not_an_integer()
    if timeout_ms < 0:
        raise timeout_negative()
    return timeout_ms


def read_or_wait(ctx: Context, argv: list[bytes], of_group: bool) -> object:
    reading = Reading(argv, of_group)
    ctx.replay_nothing()
    reading.resolve(ctx)
    reply = reading.read_all(ctx)
    if reply is not None:
        return reply
    if reading.timeout_ms < 0:
        return NULL_ARRAY
    return ctx.wait_for_keys(reading.keys, reading.timeout_ms, reading.serve, NULL_ARRAY, of_group)


@group.command(
    "XREAD",
    arity=-4,
    flags="readonly blocking movablekeys",
    keys=STREAM_KEYS_1,
    since="5.0.0",
    complexity="",
    summary="Returns the entries after given IDs of several streams; may wait for some.",
    syntax="[COUNT count] [BLOCK milliseconds] <STREAMS key [key ...] id [id ...]>",
)
def xread(ctx: Context, argv: list[bytes]) -> object:
    return read_or_wait(ctx, argv, False)


@group.command(
    "XREADGROUP",
    arity=-7,
    flags="write blocking movablekeys",
    keys=STREAM_KEYS_4,
    since="5.0.0",
    complexity="",
    summary="Gives a consumer of a group new entries, or those it has not acknowledged; may wait for some.",
    syntax="<GROUP group consumer> [COUNT count] [BLOCK milliseconds] [NOACK] <STREAMS key [key ...] id [id ...]>",
)
def xreadgroup(ctx: Context, argv: list[bytes]) -> object:
    return read_or_wait(ctx, argv, True)
