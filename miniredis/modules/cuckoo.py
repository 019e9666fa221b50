"""The commands of cuckoo filters (CF.*), which are a part of the module in bloom.py."""

from __future__ import annotations

from typing import Final

from miniredis.commands.key_specs import CHANGE_KEY, READ_KEY
from miniredis.formats.errors import FormatError
from miniredis.modules.api import NOTIFY_MODULE, CommandGroup, Context, read_value, write_value
from miniredis.modules.cuckoo_filter import MOST_BUCKET, MOST_EXPANSION, MOST_ITERATIONS, CuckooFilter
from miniredis.modules.filters import (
    dump_chunk,
    info_reply,
    item_exists,
    most_bytes,
    not_found,
    number_between,
    put_chunk,
    too_large,
    unpacked,
)
from miniredis.modules.items import ItemWriter
from miniredis.resp.errors import error, syntax_error, wrong_number_of_arguments
from miniredis.resp.replies import OK

cf = CommandGroup("module")

DEFAULT_CAPACITY: Final = 1024
DEFAULT_BUCKET: Final = 2
DEFAULT_ITERATIONS: Final = 20
MOST_CAPACITY: Final = 1 << 34


def _make(ctx: Context, key: bytes, capacity: int, bucket: int, iterations: int, expansion: int) -> CuckooFilter:
    if CuckooFilter.bytes_for(capacity, bucket) > most_bytes(ctx):
        raise too_large()
    found = CuckooFilter(capacity, bucket, iterations, expansion)
    ctx.db.put(key, found)
    return found


@cf.command(
    "CF.RESERVE",
    arity=-3,
    flags="write denyoom",
    keys=CHANGE_KEY,
    summary="Makes an empty cuckoo filter.",
    syntax="key capacity [BUCKETSIZE bucketsize] [MAXITERATIONS maxiterations] [EXPANSION expansion]",
    acl="cuckoo",
)
def cf_reserve(ctx: Context, argv: list[bytes]) -> object:
    capacity = number_between(argv[2], b"capacity", 1, MOST_CAPACITY)
    bucket, iterations, expansion = DEFAULT_BUCKET, DEFAULT_ITERATIONS, 1
    if len(argv) % 2 == 0:
        raise syntax_error()
    for at in range(3, len(argv), 2):
        word = argv[at].upper()
        if word == b"BUCKETSIZE":
            bucket = number_between(argv[at + 1], b"bucket size", 1, MOST_BUCKET)
        elif word == b"MAXITERATIONS":
            iterations = number_between(argv[at + 1], b"max iterations", 1, MOST_ITERATIONS)
        elif word == b"EXPANSION":
            expansion = number_between(argv[at + 1], b"expansion", 0, MOST_EXPANSION)
        else:
            raise syntax_error()
    if write_value(ctx, argv[1], CuckooFilter) is not None:
        raise item_exists()
    _make(ctx, argv[1], capacity, bucket, iterations, expansion)
    ctx.changed(NOTIFY_MODULE, b"cf.reserve", argv[1])
    return OK


def _insert(
    ctx: Context, key: bytes, items: list[bytes], only_new: bool, capacity: int = DEFAULT_CAPACITY, create: bool = True
) -> list[int]:
    """Of each item: 1 added, 0 there already, -1 no room."""
    found = write_value(ctx, key, CuckooFilter)
    is_new = found is None
    if found is None:
        if not create:
            raise not_found()
        found = _make(ctx, key, capacity, DEFAULT_BUCKET, DEFAULT_ITERATIONS, 1)
    limit = most_bytes(ctx)
    replies: list[int] = []
    for item in items:
        if only_new and found.has(item):
            replies.append(0)
        else:
            replies.append(1 if found.add(item, limit) else -1)
    added = [item for item, reply in zip(items, replies, strict=True) if reply > 0]
    if is_new or added:
        ctx.db.put(key, found)
        # Not as it came: what found no room must not be tried where there is another bound.
        if is_new:
            ctx.replay_as([b"CF.RESERVE", key, b"%d" % capacity])
        if added:
            ctx.replay_as([b"CF.INSERT", key, b"ITEMS", *added])
        ctx.changed(NOTIFY_MODULE, b"cf.add", key)
    return replies


def _one(replies: list[int]) -> int:
    if replies[0] < 0:
        raise error(b"Filter is full")
    return replies[0]


@cf.command(
    "CF.ADD",
    arity=3,
    flags="write denyoom fast",
    keys=CHANGE_KEY,
    complexity="O(K) where K is the number of layers",
    summary="Adds an item to a cuckoo filter, again if it is there.",
    syntax="key item",
    acl="cuckoo",
)
def cf_add(ctx: Context, argv: list[bytes]) -> object:
    return bool(_one(_insert(ctx, argv[1], argv[2:], False)))


@cf.command(
    "CF.ADDNX",
    arity=3,
    flags="write denyoom fast",
    keys=CHANGE_KEY,
    complexity="O(K) where K is the number of layers",
    summary="Adds an item to a cuckoo filter unless it may be there.",
    syntax="key item",
    acl="cuckoo",
)
def cf_addnx(ctx: Context, argv: list[bytes]) -> object:
    return bool(_one(_insert(ctx, argv[1], argv[2:], True)))


def _insert_with_options(ctx: Context, argv: list[bytes], only_new: bool) -> object:
    capacity, create = DEFAULT_CAPACITY, True
    at = 2
    while at < len(argv) and argv[at].upper() != b"ITEMS":
        word = argv[at].upper()
        if word == b"NOCREATE":
            create = False
            at += 1
        elif word == b"CAPACITY" and at + 1 < len(argv):
            capacity = number_between(argv[at + 1], b"capacity", 1, MOST_CAPACITY)
            at += 2
        else:
            raise error(b"unknown argument received")
    items = argv[at + 1 :]
    if not items:
        raise wrong_number_of_arguments(argv[0].lower())
    replies = _insert(ctx, argv[1], items, only_new, capacity, create)
    # INSERTNX tells three cases apart, so it stays with numbers.
    if only_new or ctx.resp == 2 or -1 in replies:
        return list(replies)
    return [bool(reply) for reply in replies]


@cf.command(
    "CF.INSERT",
    arity=-4,
    flags="write denyoom",
    keys=CHANGE_KEY,
    complexity="O(N * K) where N is the number of items and K the number of layers",
    summary="Adds items to a cuckoo filter, which may be made for them.",
    syntax="key [CAPACITY capacity] [NOCREATE] ITEMS item [item ...]",
    acl="cuckoo",
)
def cf_insert(ctx: Context, argv: list[bytes]) -> object:
    return _insert_with_options(ctx, argv, False)


@cf.command(
    "CF.INSERTNX",
    arity=-4,
    flags="write denyoom",
    keys=CHANGE_KEY,
    complexity="O(N * K) where N is the number of items and K the number of layers",
    summary="Adds items that are not there to a cuckoo filter, which may be made for them.",
    syntax="key [CAPACITY capacity] [NOCREATE] ITEMS item [item ...]",
    acl="cuckoo",
)
def cf_insertnx(ctx: Context, argv: list[bytes]) -> object:
    return _insert_with_options(ctx, argv, True)


@cf.command(
    "CF.EXISTS",
    arity=3,
    flags="readonly fast",
    keys=READ_KEY,
    complexity="O(K) where K is the number of layers",
    summary="Tells whether an item may be in a cuckoo filter.",
    syntax="key item",
    acl="cuckoo",
)
def cf_exists(ctx: Context, argv: list[bytes]) -> object:
    found = read_value(ctx, argv[1], CuckooFilter)
    return found is not None and found.has(argv[2])


@cf.command(
    "CF.MEXISTS",
    arity=-3,
    flags="readonly",
    keys=READ_KEY,
    complexity="O(N * K) where N is the number of items and K the number of layers",
    summary="Tells which items may be in a cuckoo filter.",
    syntax="key item [item ...]",
    acl="cuckoo",
)
def cf_mexists(ctx: Context, argv: list[bytes]) -> object:
    found = read_value(ctx, argv[1], CuckooFilter)
    return [found is not None and found.has(item) for item in argv[2:]]


@cf.command(
    "CF.COUNT",
    arity=3,
    flags="readonly fast",
    keys=READ_KEY,
    complexity="O(K) where K is the number of layers",
    summary="Returns about how often an item is in a cuckoo filter.",
    syntax="key item",
    acl="cuckoo",
)
def cf_count(ctx: Context, argv: list[bytes]) -> object:
    found = read_value(ctx, argv[1], CuckooFilter)
    return 0 if found is None else found.count(argv[2])


@cf.command(
    "CF.DEL",
    arity=3,
    flags="write fast",
    keys=CHANGE_KEY,
    complexity="O(K) where K is the number of layers",
    summary="Removes an item once from a cuckoo filter.",
    syntax="key item",
    acl="cuckoo",
)
def cf_del(ctx: Context, argv: list[bytes]) -> object:
    found = write_value(ctx, argv[1], CuckooFilter)
    if found is None:
        raise error(b"Not found")
    removed = found.remove(argv[2])
    if removed:
        ctx.changed(NOTIFY_MODULE, b"cf.del", argv[1])
    return removed


@cf.command(
    "CF.INFO",
    arity=2,
    flags="readonly fast",
    keys=READ_KEY,
    summary="Describes a cuckoo filter.",
    syntax="key",
    acl="cuckoo",
)
def cf_info(ctx: Context, argv: list[bytes]) -> object:
    found = read_value(ctx, argv[1], CuckooFilter)
    if found is None:
        raise not_found()
    fields: list[tuple[bytes, bytes, object]] = [
        (b"", b"Size", found.memory()),
        (b"", b"Number of buckets", found.bucket_count()),
        (b"", b"Number of filters", len(found.layers)),
        (b"", b"Number of items inserted", found.items),
        (b"", b"Number of items deleted", found.deleted),
        (b"", b"Bucket size", found.bucket_size),
        (b"", b"Expansion rate", found.expansion),
        (b"", b"Max iterations", found.max_iterations),
    ]
    return info_reply(fields, [], ctx.resp)


@cf.command(
    "CF.SCANDUMP",
    arity=3,
    flags="readonly",
    keys=READ_KEY,
    complexity="O(N) where N is the size of a chunk",
    summary="Returns a cuckoo filter bit by bit.",
    syntax="key iterator",
    acl="cuckoo",
)
def cf_scandump(ctx: Context, argv: list[bytes]) -> object:
    found = read_value(ctx, argv[1], CuckooFilter)
    if found is None:
        raise not_found()
    head = ItemWriter()
    found.save_head(head)
    return dump_chunk(head, found.layers, number_between(argv[2], b"iterator", 0, 1 << 62))


@cf.command(
    "CF.LOADCHUNK",
    arity=4,
    flags="write denyoom",
    keys=CHANGE_KEY,
    complexity="O(N) where N is the size of the chunk",
    summary="Takes what CF.SCANDUMP returned.",
    syntax="key iterator data",
    acl="cuckoo",
)
def cf_loadchunk(ctx: Context, argv: list[bytes]) -> object:
    iterator = number_between(argv[2], b"iterator", 1, 1 << 62)
    found = write_value(ctx, argv[1], CuckooFilter)
    try:
        if iterator == 1:
            found = CuckooFilter.load_head(unpacked(argv[3]), most_bytes(ctx))
        elif found is None:
            raise not_found()
        else:
            put_chunk(found.layers, iterator - 1 - len(argv[3]), argv[3])
    except FormatError:
        raise error(b"received bad data") from None
    ctx.db.put(argv[1], found)
    ctx.changed(NOTIFY_MODULE, b"cf.loadchunk", argv[1])
    return OK
