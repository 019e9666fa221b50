"""Streams: adding, reading by range, deleting and trimming entries."""

from __future__ import annotations

from miniredis.commands.arguments import parse_int
from miniredis.commands.context import Context
from miniredis.commands.declaration import CommandGroup
from miniredis.commands.key_specs import DELETE_KEY, READ_KEY, TEST_KEY, UPDATE_KEY
from miniredis.commands.stream_arguments import (
    TRIM_NOT,
    Trimming,
    entry_replies,
    parse_end,
    parse_optional_count,
    parse_start,
    parse_strict_id,
    read_stream,
    write_stream,
)
from miniredis.datatypes.stream_ids import MAX_ID, SEQ_BITS, format_id
from miniredis.datatypes.streams import EVERYTHING, StreamValue
from miniredis.keyspace.effects import NOTIFY_STREAM
from miniredis.resp.errors import error, no_such_key, syntax_error, wrong_number_of_arguments
from miniredis.resp.replies import EMPTY_ARRAY, NULL_ARRAY, OK

group = CommandGroup("stream")


class Addition:
    """The arguments of XADD up to its ID."""

    def __init__(self, ctx: Context, argv: list[bytes]) -> None:
        self.trimming: Trimming = Trimming()
        self.create: bool = True
        self.entry_id: int = -1  # none given
        self.seq_given: bool = True
        index = 2
        count = len(argv)
        while index < count and argv[index] != b"*":
            after = self.trimming.take(argv, index)
            if after > index:
                index = after
            elif argv[index].lower() == b"nomkstream":
                self.create = False
                index += 1
            else:
                self._parse_id(argv[index])
                break
        self.trimming.finish(ctx.keyspace.limits)
        self.first_field: int = index + 1

    def _parse_id(self, argument: bytes) -> None:
        if argument.endswith(b"-*"):
            self.seq_given = False
            argument = argument[:-2]
            if b"-" in argument:
                argument = b""
        self.entry_id = parse_strict_id(argument)


@group.command(
    "XADD",
    arity=-5,
    flags="write denyoom fast",
    keys=UPDATE_KEY,
    since="5.0.0",
    summary="Appends an entry to a stream, which is made if needed, and returns its ID.",
    syntax="key [NOMKSTREAM] [<MAXLEN | MINID> [= | ~] threshold:string [LIMIT count]] <* | id> "
    "field value [field value ...]",
    tips="nondeterministic_output",
)
def xadd(ctx: Context, argv: list[bytes]) -> object:
    addition = None if argv[2] == b"*" else Addition(ctx, argv)
    first_field = 3 if addition is None else addition.first_field
    fields = len(argv) - first_field
    if fields < 2 or fields % 2 == 1:
        raise wrong_number_of_arguments(b"xadd")
    if addition is not None and addition.entry_id == 0 and addition.seq_given:
        raise error(b"The ID specified in XADD must be greater than 0-0")
    key = argv[1]
    stream = write_stream(ctx, key)
    is_new = stream is None
    if stream is None:
        if addition is not None and not addition.create:
            return None
        stream = StreamValue(ctx.keyspace.limits)
    if stream.last_id == MAX_ID:
        raise error(b"The stream has exhausted the last possible ID, unable to add more items")
    if addition is None or addition.entry_id < 0:
        entry_id = stream.next_id(ctx.now_ms)
    elif addition.seq_given:
        entry_id = addition.entry_id
    else:
        entry_id = stream.next_id_at(addition.entry_id >> SEQ_BITS)
    if entry_id <= stream.last_id:
        raise error(b"The ID specified in XADD is equal or smaller than the target stream top item")
    stream.add(entry_id, argv[first_field:])
    if is_new:
        ctx.db.put(key, stream)
    ctx.changed(NOTIFY_STREAM, b"xadd", key)
    reply = format_id(entry_id)
    trims = addition is not None and addition.trimming.strategy != TRIM_NOT
    if trims and addition is not None and addition.trimming.apply(stream) > 0:
        ctx.notify(NOTIFY_STREAM, b"xtrim", key)
    if ctx.effects.replaying and (addition is None or addition.entry_id < 0 or not addition.seq_given or trims):
        options = addition.trimming.replayed(stream) if trims and addition is not None else []
        ctx.replay_as([b"XADD", key, *options, reply, *argv[first_field:]])
    return reply


@group.command(
    "XTRIM",
    arity=-4,
    flags="write",
    keys=DELETE_KEY,
    since="5.0.0",
    complexity="O(N)",
    summary="Deletes the oldest entries of a stream.",
    syntax="key <<MAXLEN | MINID> [= | ~] threshold:string [LIMIT count]>",
    tips="nondeterministic_output",
)
def xtrim(ctx: Context, argv: list[bytes]) -> object:
    trimming = Trimming()
    index = 2
    while index < len(argv):
        after = trimming.take(argv, index)
        if after == index:
            raise syntax_error()
        index = after
    if trimming.strategy == TRIM_NOT and trimming.limit == 0:
        raise error(b"syntax error, XTRIM must be called with a trimming strategy")
    trimming.finish(ctx.keyspace.limits)
    key = argv[1]
    stream = write_stream(ctx, key)
    if stream is None:
        return 0
    deleted = trimming.apply(stream)
    if deleted > 0:
        ctx.changed(NOTIFY_STREAM, b"xtrim", key)
        ctx.dirty(deleted - 1)
        if trimming.approximate:
            ctx.replay_as([b"XTRIM", key, *trimming.replayed(stream)])
    return deleted


@group.command(
    "XDEL",
    arity=-3,
    flags="write fast",
    keys=DELETE_KEY,
    since="5.0.0",
    summary="Deletes entries of a stream.",
    syntax="key id [id ...]",
)
def xdel(ctx: Context, argv: list[bytes]) -> object:
    key = argv[1]
    stream = write_stream(ctx, key)
    if stream is None:
        return 0
    ids = [parse_strict_id(argument) for argument in argv[2:]]
    deleted = 0
    for entry_id in ids:
        if stream.delete(entry_id):
            deleted += 1
    if deleted > 0:
        ctx.changed(NOTIFY_STREAM, b"xdel", key)
        ctx.dirty(deleted - 1)
    return deleted


@group.command(
    "XLEN",
    arity=2,
    flags="readonly fast",
    keys=TEST_KEY,
    since="5.0.0",
    summary="Returns the number of entries in a stream.",
    syntax="key",
)
def xlen(ctx: Context, argv: list[bytes]) -> object:
    stream = read_stream(ctx, argv[1])
    return 0 if stream is None else stream.size()


@group.command(
    "XRANGE",
    arity=-4,
    flags="readonly",
    keys=READ_KEY,
    since="5.0.0",
    complexity="O(N)",
    summary="Returns the entries with IDs in an interval.",
    syntax="key start:string end:string [COUNT count]",
)
def xrange(ctx: Context, argv: list[bytes]) -> object:
    start = parse_start(argv[2])
    end = parse_end(argv[3])
    count = parse_optional_count(argv, 4)
    stream = read_stream(ctx, argv[1])
    if stream is None:
        return EMPTY_ARRAY
    if count == 0:
        return NULL_ARRAY
    return entry_replies(stream.range(start, end, count if count > 0 else EVERYTHING))


@group.command(
    "XREVRANGE",
    arity=-4,
    flags="readonly",
    keys=READ_KEY,
    since="5.0.0",
    complexity="O(N)",
    summary="Returns the entries with IDs in an interval, the last first.",
    syntax="key end:string start:string [COUNT count]",
)
def xrevrange(ctx: Context, argv: list[bytes]) -> object:
    start = parse_start(argv[3])
    end = parse_end(argv[2])
    count = parse_optional_count(argv, 4)
    stream = read_stream(ctx, argv[1])
    if stream is None:
        return EMPTY_ARRAY
    if count == 0:
        return NULL_ARRAY
    return entry_replies(stream.reverse_range(start, end, count if count > 0 else EVERYTHING))


@group.command(
    "XSETID",
    arity=-3,
    flags="write denyoom fast",
    keys=UPDATE_KEY,
    since="5.0.0",
    summary="Sets the last ID of a stream; made for replication.",
    syntax="key last-id [ENTRIESADDED entries-added] [MAXDELETEDID max-deleted-id]",
)
def xsetid(ctx: Context, argv: list[bytes]) -> object:
    last_id = parse_strict_id(argv[2])
    entries_added = -1
    max_deleted_id = 0
    for index in range(3, len(argv), 2):
        option = argv[index].lower()
        if index + 1 == len(argv):
            raise syntax_error()
        if option == b"entriesadded":
            entries_added = parse_int(argv[index + 1])
            if entries_added < 0:
                raise error(b"entries_added must be positive")
        elif option == b"maxdeletedid":
            max_deleted_id = parse_strict_id(argv[index + 1])
            if last_id < max_deleted_id:
                raise error(b"The ID specified in XSETID is smaller than the provided max_deleted_entry_id")
        else:
            raise syntax_error()
    key = argv[1]
    stream = write_stream(ctx, key)
    if stream is None:
        raise no_such_key()
    if stream.size() > 0:
        if last_id < stream.last_living_id():
            raise error(b"The ID specified in XSETID is smaller than the target stream top item")
        if 0 <= entries_added < stream.size():
            raise error(b"The entries_added specified in XSETID is smaller than the target stream length")
    stream.last_id = last_id
    if entries_added >= 0:
        stream.entries_added = entries_added
    if max_deleted_id > 0:
        stream.max_deleted_id = max_deleted_id
    ctx.dirty(1)
    ctx.notify(NOTIFY_STREAM, b"xsetid", key)
    return OK
