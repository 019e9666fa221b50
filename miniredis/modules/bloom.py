"""The module of Bloom filters (BF.*) and cuckoo filters (CF.*), with the commands and replies of RedisBloom.

What a filter is made of is our own: a dump of SCANDUMP, or RDB data, is understood by this server only.
"""

from __future__ import annotations

from typing import Final

from miniredis.commands.key_specs import CHANGE_KEY, READ_KEY
from miniredis.config.values import Integer, Text
from miniredis.formats.errors import FormatError
from miniredis.modules.api import (
    NOTIFY_MODULE,
    CommandGroup,
    Context,
    Directive,
    LoadRefused,
    Module,
    ModuleServer,
    read_value,
    write_value,
)
from miniredis.modules.bloom_filter import MOST_EXPANSION, TIGHTENING, BloomFilter, FilterFull, bytes_needed
from miniredis.modules.cuckoo import cf
from miniredis.modules.cuckoo_filter import CuckooFilter
from miniredis.modules.filters import (
    MAX_BYTES,
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
from miniredis.resp.errors import ReplyError, error, syntax_error, wrong_number_of_arguments
from miniredis.resp.numbers import parse_double
from miniredis.resp.replies import OK

bf = CommandGroup("module")

MOST_CAPACITY: Final = 1 << 30
DEFAULT_EXPANSION: Final = 2
INITIAL_CAPACITY: Final = Directive(
    "bf.initial-size", Integer(1, MOST_CAPACITY), "100", "Capacity of a Bloom filter that BF.ADD makes.", "own"
)
ERROR_RATE: Final = Directive("bf.error-rate", Text("rate"), "0.01", "Error rate of a filter that BF.ADD makes.", "own")


def _error_rate(text: bytes) -> float:
    rate = parse_double(text)
    if rate is None:
        raise error(b"bad error rate")
    if not 0 < rate < 1:
        raise error(b"(0 < error rate range < 1)")
    return rate


def _capacity(text: bytes) -> int:
    return number_between(text, b"capacity", 1, MOST_CAPACITY)


class _Form:
    """How a filter is to be made."""

    def __init__(self, ctx: Context) -> None:
        config = ctx.server.config
        self.rate = _error_rate(config.text(ERROR_RATE.name))
        self.capacity = config.int(INITIAL_CAPACITY.name)
        self.expansion = DEFAULT_EXPANSION
        self.expansion_given = False
        self.is_fixed = False
        self.may_create = True

    def take(self, argv: list[bytes], at: int) -> int:
        """One option at `at`; where the next one is, or -1 when it is none."""
        word = argv[at].upper()
        value = argv[at + 1] if at + 1 < len(argv) else None
        if word == b"NONSCALING":
            self.is_fixed = True
        elif word == b"NOCREATE":
            self.may_create = False
        elif value is None:
            return -1
        else:
            if word == b"EXPANSION":
                self.expansion = number_between(value, b"expansion", 0, MOST_EXPANSION)
                self.expansion_given = True
            elif word == b"CAPACITY":
                self.capacity = _capacity(value)
            elif word == b"ERROR":
                self.rate = _error_rate(value)
            else:
                return -1
            return at + 2
        return at + 1

    def make(self, ctx: Context, key: bytes) -> BloomFilter:
        """A new filter at `key`, replayed with all that it follows from."""
        if self.is_fixed:
            if self.expansion_given and self.expansion:
                raise error(b"Nonscaling filters cannot expand")
            self.expansion = 0
        rate = self.rate * TIGHTENING if self.expansion else self.rate
        if rate < 1e-18 or bytes_needed(self.capacity, rate) > most_bytes(ctx):
            raise too_large()
        found = BloomFilter(self.capacity, self.rate, self.expansion)
        ctx.db.put(key, found)
        ctx.replay_as(
            [b"BF.RESERVE", key, repr(self.rate).encode(), b"%d" % self.capacity, b"EXPANSION", b"%d" % self.expansion]
        )
        return found


@bf.command(
    "BF.RESERVE",
    arity=-4,
    flags="write denyoom",
    keys=CHANGE_KEY,
    summary="Makes an empty Bloom filter.",
    syntax="key error-rate capacity [EXPANSION expansion] [NONSCALING]",
    acl="bloom",
)
def bf_reserve(ctx: Context, argv: list[bytes]) -> object:
    form = _Form(ctx)
    form.rate = _error_rate(argv[2])
    form.capacity = _capacity(argv[3])
    at = 4
    while at < len(argv):
        if argv[at].upper() not in (b"EXPANSION", b"NONSCALING"):
            raise syntax_error()
        at = form.take(argv, at)
        if at < 0:
            raise syntax_error()
    if write_value(ctx, argv[1], BloomFilter) is not None:
        raise item_exists()
    form.make(ctx, argv[1])
    ctx.changed(NOTIFY_MODULE, b"bf.reserve", argv[1])
    return OK


def _refusal(full: FilterFull) -> ReplyError:
    return too_large() if full.at_bound else error(b"non scaling filter is full")


def _add(ctx: Context, key: bytes, items: list[bytes], form: _Form) -> list[object]:
    """Whether each item is new; the first that does not fit ends the list with an error."""
    found = write_value(ctx, key, BloomFilter)
    is_new = found is None
    if found is None:
        if not form.may_create:
            raise not_found()
        found = form.make(ctx, key)
    limit = most_bytes(ctx)
    replies: list[object] = []
    for item in items:
        try:
            replies.append(found.add(item, limit))
        except FilterFull as full:
            replies.append(_refusal(full))
            break
    added = [item for item, reply in zip(items, replies, strict=False) if reply is True]
    if is_new or added:
        ctx.db.put(key, found)
        # Not as it came: what was refused for its size must not be tried where there is another bound.
        if added:
            ctx.replay_as([b"BF.MADD", key, *added])
        ctx.changed(NOTIFY_MODULE, b"bf.add", key)
    return replies


@bf.command(
    "BF.ADD",
    arity=3,
    flags="write denyoom fast",
    keys=CHANGE_KEY,
    complexity="O(K) where K is the number of hash functions",
    summary="Adds an item to a Bloom filter.",
    syntax="key item",
    acl="bloom",
)
def bf_add(ctx: Context, argv: list[bytes]) -> object:
    reply = _add(ctx, argv[1], argv[2:], _Form(ctx))[0]
    if isinstance(reply, ReplyError):
        raise reply
    return reply


@bf.command(
    "BF.MADD",
    arity=-3,
    flags="write denyoom",
    keys=CHANGE_KEY,
    complexity="O(K*N) where K is the number of hash functions and N the number of items",
    summary="Adds items to a Bloom filter.",
    syntax="key item [item ...]",
    acl="bloom",
)
def bf_madd(ctx: Context, argv: list[bytes]) -> object:
    return _add(ctx, argv[1], argv[2:], _Form(ctx))


@bf.command(
    "BF.INSERT",
    arity=-4,
    flags="write denyoom",
    keys=CHANGE_KEY,
    complexity="O(K*N) where K is the number of hash functions and N the number of items",
    summary="Adds items to a Bloom filter, which may be made for them.",
    syntax="key [CAPACITY capacity] [ERROR error] [EXPANSION expansion] [NOCREATE] [NONSCALING] ITEMS item [item ...]",
    acl="bloom",
)
def bf_insert(ctx: Context, argv: list[bytes]) -> object:
    form = _Form(ctx)
    at = 2
    while at < len(argv) and argv[at].upper() != b"ITEMS":
        at = form.take(argv, at)
        if at < 0:
            raise error(b"unknown argument received")
    items = argv[at + 1 :]
    if not items:
        raise wrong_number_of_arguments(b"bf.insert")
    return _add(ctx, argv[1], items, form)


@bf.command(
    "BF.EXISTS",
    arity=3,
    flags="readonly fast",
    keys=READ_KEY,
    complexity="O(K) where K is the number of hash functions",
    summary="Tells whether an item may be in a Bloom filter.",
    syntax="key item",
    acl="bloom",
)
def bf_exists(ctx: Context, argv: list[bytes]) -> object:
    found = read_value(ctx, argv[1], BloomFilter)
    return found is not None and found.has(argv[2])


@bf.command(
    "BF.MEXISTS",
    arity=-3,
    flags="readonly",
    keys=READ_KEY,
    complexity="O(K*N) where K is the number of hash functions and N the number of items",
    summary="Tells which items may be in a Bloom filter.",
    syntax="key item [item ...]",
    acl="bloom",
)
def bf_mexists(ctx: Context, argv: list[bytes]) -> object:
    found = read_value(ctx, argv[1], BloomFilter)
    return [found is not None and found.has(item) for item in argv[2:]]


@bf.command(
    "BF.CARD",
    arity=2,
    flags="readonly fast",
    keys=READ_KEY,
    summary="Returns how many items were new to a Bloom filter.",
    syntax="key",
    acl="bloom",
)
def bf_card(ctx: Context, argv: list[bytes]) -> object:
    found = read_value(ctx, argv[1], BloomFilter)
    return 0 if found is None else found.count()


@bf.command(
    "BF.INFO",
    arity=-2,
    flags="readonly fast",
    keys=READ_KEY,
    summary="Describes a Bloom filter.",
    syntax="key [CAPACITY | SIZE | FILTERS | ITEMS | EXPANSION]",
    acl="bloom",
)
def bf_info(ctx: Context, argv: list[bytes]) -> object:
    if len(argv) > 3:
        raise wrong_number_of_arguments(b"bf.info")
    found = read_value(ctx, argv[1], BloomFilter)
    if found is None:
        raise not_found()
    fields: list[tuple[bytes, bytes, object]] = [
        (b"CAPACITY", b"Capacity", found.capacity()),
        (b"SIZE", b"Size", found.memory()),
        (b"FILTERS", b"Number of filters", len(found.layers)),
        (b"ITEMS", b"Number of items inserted", found.count()),
        (b"EXPANSION", b"Expansion rate", found.expansion or None),
    ]
    return info_reply(fields, argv[2:], ctx.resp)


@bf.command(
    "BF.SCANDUMP",
    arity=3,
    flags="readonly",
    keys=READ_KEY,
    complexity="O(N) where N is the size of a chunk",
    summary="Returns a Bloom filter bit by bit.",
    syntax="key iterator",
    acl="bloom",
)
def bf_scandump(ctx: Context, argv: list[bytes]) -> object:
    found = read_value(ctx, argv[1], BloomFilter)
    if found is None:
        raise not_found()
    head = ItemWriter()
    found.save_head(head)
    iterator = number_between(argv[2], b"iterator", 0, 1 << 62)
    return dump_chunk(head, [layer.bits for layer in found.layers], iterator)


@bf.command(
    "BF.LOADCHUNK",
    arity=4,
    flags="write denyoom",
    keys=CHANGE_KEY,
    complexity="O(N) where N is the size of the chunk",
    summary="Takes what BF.SCANDUMP returned.",
    syntax="key iterator data",
    acl="bloom",
)
def bf_loadchunk(ctx: Context, argv: list[bytes]) -> object:
    # The number is the one that came with the chunk: the place after it.
    iterator = number_between(argv[2], b"iterator", 1, 1 << 62)
    found = write_value(ctx, argv[1], BloomFilter)
    try:
        if iterator == 1:
            found = BloomFilter.load_head(unpacked(argv[3]), most_bytes(ctx))
        elif found is None:
            raise not_found()
        else:
            put_chunk([layer.bits for layer in found.layers], iterator - 1 - len(argv[3]), argv[3])
    except FormatError:
        raise error(b"received bad data") from None
    ctx.db.put(argv[1], found)
    ctx.changed(NOTIFY_MODULE, b"bf.loadchunk", argv[1])
    return OK


def _start(server: ModuleServer) -> None:
    try:
        _error_rate(server.engine.config.text(ERROR_RATE.name))
    except ReplyError as problem:
        raise LoadRefused("bf.error-rate is no number between 0 and 1") from problem


module = Module(
    "bf",
    1,
    groups=[bf, cf],
    types=[BloomFilter, CuckooFilter],
    categories=["bloom", "cuckoo"],
    directives=[MAX_BYTES, INITIAL_CAPACITY, ERROR_RATE],
    start=_start,
)
