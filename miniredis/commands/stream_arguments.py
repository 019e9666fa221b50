"""What stream commands have in common: IDs and ranges as arguments, trimming options, entries as replies."""

from __future__ import annotations

from typing import Final

from miniredis.commands.arguments import parse_int
from miniredis.commands.context import Context
from miniredis.datatypes.limits import EncodingLimits
from miniredis.datatypes.stream_blocks import StreamEntry
from miniredis.datatypes.stream_groups import Consumer, Group
from miniredis.datatypes.stream_ids import MAX_ID, SEQ_MAX, format_id, parse_id
from miniredis.datatypes.streams import StreamValue
from miniredis.keyspace.effects import NOTIFY_STREAM
from miniredis.resp.errors import ReplyError, error, invalid_stream_id, printed, syntax_error, wrong_type


def read_stream(ctx: Context, key: bytes) -> StreamValue | None:
    """The stream at `key` for a command that only reads."""
    value = ctx.db.lookup(key)
    if value is None or isinstance(value, StreamValue):
        return value
    raise wrong_type()


def write_stream(ctx: Context, key: bytes) -> StreamValue | None:
    """The stream at `key` for a command that changes it."""
    value = ctx.db.lookup_write(key)
    if value is None or isinstance(value, StreamValue):
        return value
    raise wrong_type()


# -- IDs


def parse_strict_id(argument: bytes, missing_seq: int = 0) -> int:
    """`ms-seq` or `ms`."""
    entry_id = parse_id(argument, missing_seq)
    if entry_id < 0:
        raise invalid_stream_id()
    return entry_id


def parse_any_id(argument: bytes, missing_seq: int = 0) -> int:
    """The same, or `-` and `+` for the least and the greatest ID."""
    if argument == b"-":
        return 0
    if argument == b"+":
        return MAX_ID
    return parse_strict_id(argument, missing_seq)


def parse_start(argument: bytes) -> int:
    """The start of an interval, included; a bracket before an ID excludes it."""
    if len(argument) > 1 and argument[0] == 40:
        entry_id = parse_strict_id(argument[1:])
        if entry_id == MAX_ID:
            raise error(b"invalid start ID for the interval")
        return entry_id + 1
    return parse_any_id(argument)


def parse_end(argument: bytes) -> int:
    """The end of an interval, included."""
    if len(argument) > 1 and argument[0] == 40:
        entry_id = parse_strict_id(argument[1:], SEQ_MAX)
        if entry_id == 0:
            raise error(b"invalid end ID for the interval")
        return entry_id - 1
    return parse_any_id(argument, SEQ_MAX)


# -- trimming

TRIM_NOT: Final = 0
TRIM_LENGTH: Final = 1
TRIM_ID: Final = 2


class Trimming:
    """The options MAXLEN, MINID and LIMIT."""

    def __init__(self) -> None:
        self.strategy: int = TRIM_NOT
        self.approximate: bool = False
        self.border: int = 0  # a length or an ID
        self.limit: int = 0
        self.limit_given: bool = False

    def take(self, argv: list[bytes], index: int) -> int:
        """Read one of the options at `index`; the index after it, `index` itself when it is none of them."""
        more = len(argv) - 1 - index
        if more == 0:
            return index
        option = argv[index].lower()
        if option == b"limit":
            self.limit = parse_int(argv[index + 1])
            if self.limit < 0:
                raise error(b"The LIMIT argument must be >= 0.")
            self.limit_given = True
            return index + 2
        if option != b"maxlen" and option != b"minid":
            return index
        if self.strategy != TRIM_NOT:
            raise error(b"syntax error, MAXLEN and MINID options at the same time are not compatible")
        self.approximate = False
        index += 1
        if more >= 2 and argv[index] in (b"~", b"="):
            self.approximate = argv[index] == b"~"
            index += 1
        if option == b"maxlen":
            self.border = parse_int(argv[index])
            if self.border < 0:
                raise error(b"The MAXLEN argument must be >= 0.")
            self.strategy = TRIM_LENGTH
        else:
            self.border = parse_strict_id(argv[index])
            self.strategy = TRIM_ID
        return index + 1

    def finish(self, limits: EncodingLimits) -> None:
        """Check what was given together; approximate trimming is limited, unless it says how."""
        if self.limit > 0 and self.strategy == TRIM_NOT:
            raise error(b"syntax error, LIMIT cannot be used without specifying a trimming strategy")
        if self.limit_given:
            if not self.approximate:
                raise error(b"syntax error, LIMIT cannot be used without the special ~ option")
        elif self.approximate:
            entries = 100 * limits.stream_node_max_entries
            self.limit = min(entries if entries > 0 else 10_000, 1_000_000)

    def apply(self, stream: StreamValue) -> int:
        """Trim; how many entries went."""
        if self.strategy == TRIM_LENGTH:
            return stream.trim_to_length(self.border, self.approximate, self.limit)
        return stream.trim_to_id(self.border, self.approximate, self.limit)

    def replayed(self, stream: StreamValue) -> list[bytes]:
        """Options that trim exactly as far as the stream, just trimmed, was."""
        if self.strategy == TRIM_LENGTH:
            return [b"MAXLEN", b"=", b"%d" % (stream.size() if self.approximate else self.border)]
        if not self.approximate:
            return [b"MINID", b"=", format_id(self.border)]
        return [b"MINID", b"=", format_id(stream.first_id if stream.size() > 0 else MAX_ID)]


# -- groups


def no_group(key: bytes, name: bytes) -> ReplyError:
    return ReplyError(b"NOGROUP No such key '" + printed(key) + b"' or consumer group '" + printed(name) + b"'")


def existing_group(stream: StreamValue | None, key: bytes, name: bytes) -> Group:
    group = None if stream is None else stream.groups.get(name)
    if group is None:
        raise no_group(key, name)
    return group


def active_consumer(ctx: Context, key: bytes, group_name: bytes, group: Group, name: bytes) -> Consumer:
    """The consumer a command speaks for, made if there is none."""
    consumer = group.consumers.get(name)
    if consumer is None:
        consumer = group.consumer(name, ctx.now_ms)
        ctx.dirty(1)
        ctx.notify(NOTIFY_STREAM, b"xgroup-createconsumer", key)
        ctx.replay_as([b"XGROUP", b"CREATECONSUMER", key, group_name, name])
    consumer.seen_ms = ctx.now_ms
    return consumer


def replay_claim(
    ctx: Context, key: bytes, group_name: bytes, group: Group, consumer: bytes, entry_id: int, time_ms: int, times: int
) -> None:
    """Replay that a consumer was given an entry."""
    if not ctx.effects.replaying:
        return
    ctx.replay_as(
        [
            b"XCLAIM", key, group_name, consumer, b"0", format_id(entry_id), b"TIME", b"%d" % time_ms,
            b"RETRYCOUNT", b"%d" % times, b"FORCE", b"JUSTID", b"LASTID", format_id(group.last_id),
        ]
    )  # fmt: skip


def replay_group_position(ctx: Context, key: bytes, group_name: bytes, group: Group) -> None:
    """Replay how far a group has read."""
    ctx.replay_as(
        [
            b"XGROUP", b"SETID", key, group_name, format_id(group.last_id),
            b"ENTRIESREAD", b"%d" % group.entries_read,
        ]
    )  # fmt: skip


# -- replies


def entry_reply(entry: StreamEntry) -> list[object]:
    return [format_id(entry.id), entry.items]


def entry_replies(entries: list[StreamEntry]) -> list[object]:
    found: list[object] = []
    for entry in entries:
        found.append([format_id(entry.id), entry.items])
    return found


def parse_optional_count(argv: list[bytes], first: int) -> int:
    """`[COUNT count]` as the rest of the arguments: -1 when it is not there, else 0 or more."""
    count = -1
    index = first
    while index < len(argv):
        if argv[index].lower() != b"count" or index + 1 == len(argv):
            raise syntax_error()
        count = max(parse_int(argv[index + 1]), 0)
        index += 2
    return count
