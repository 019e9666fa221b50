"""What the commands of Bloom and of cuckoo filters have in common: limits, refusals, dumps in chunks."""

from __future__ import annotations

from typing import Final

from miniredis.config.values import Integer
from miniredis.dispatch.access import session_of
from miniredis.dispatch.gates import GATE_PRIMARY_LINK
from miniredis.formats.errors import FormatError
from miniredis.formats.module_items import MODULE_END
from miniredis.formats.rdb_primitives import RdbSink, RdbSource
from miniredis.modules.api import Context, Directive
from miniredis.modules.items import Item, ItemReader, ItemWriter, read_item
from miniredis.resp.errors import ReplyError, error
from miniredis.resp.numbers import parse_int64
from miniredis.resp.replies import MapReply

#: What SCANDUMP gives at once.
CHUNK_BYTES: Final = 1 << 20
WITHOUT_LIMIT: Final = 1 << 40
MAX_BYTES: Final = Directive(
    "bf.max-filter-bytes",
    Integer(1024, 1 << 34),
    str(128 << 20),
    "The most memory, in bytes, that one Bloom or cuckoo filter may take.",
    "own",
)


def most_bytes(ctx: Context) -> int:
    """How large a filter may become; what the primary or the log has accepted is taken as it is."""
    if session_of(ctx).gates & GATE_PRIMARY_LINK:
        return WITHOUT_LIMIT
    return ctx.server.config.int(MAX_BYTES.name)


def item_exists() -> ReplyError:
    return error(b"item exists")


def not_found() -> ReplyError:
    return error(b"not found")


def too_large() -> ReplyError:
    return error(b"the filter would be larger than " + MAX_BYTES.name.encode() + b" allows")


def number_between(text: bytes, name: bytes, least: int, most: int) -> int:
    number = parse_int64(text)
    if number is None:
        raise error(b"bad " + name)
    if not least <= number <= most:
        raise error(b"%s: value must be an integer between %d and %d, inclusive." % (name, least, most))
    return number


def info_reply(fields: list[tuple[bytes, bytes, object]], asked: list[bytes], resp: int) -> object:
    """`fields`: (the word that asks for it, its title, its value)."""
    if not asked:
        flat: list[object] = []
        for _, title, value in fields:
            flat += [title, value]
        return MapReply(flat)
    for word, title, value in fields:
        if word and word == asked[0].upper():
            return MapReply([title, value]) if resp == 3 else [value]
    raise error(b"Invalid information value")


def packed(items: ItemWriter) -> bytes:
    """The head of a filter as the first chunk of a dump."""
    sink = RdbSink()
    items.write(sink)
    return sink.take()


def unpacked(data: bytes) -> ItemReader:
    """The same back.  FormatError where it is none."""
    source = RdbSource(data)
    source.finish()
    items: list[tuple[int, Item]] = []
    while True:
        kind, item = read_item(source)
        if kind == MODULE_END:
            return ItemReader(items)
        items.append((kind, item))


def chunk_at(parts: list[bytearray], position: int) -> bytes:
    """Up to a chunk of the bytes of all parts, as if they were one; never across the end of a part."""
    for part in parts:
        if position < len(part):
            return bytes(part[position : position + CHUNK_BYTES])
        position -= len(part)
    return b""


def put_chunk(parts: list[bytearray], position: int, data: bytes) -> None:
    """Write a chunk back.  FormatError where it does not lie within one part."""
    for part in parts:
        if position < len(part):
            if position + len(data) > len(part):
                break
            part[position : position + len(data)] = data
            return
        position -= len(part)
    raise FormatError("a chunk that lies outside of the filter")


def dump_chunk(head: ItemWriter, parts: list[bytearray], iterator: int) -> object:
    """SCANDUMP: 0 asks for the head, n for what follows the byte n - 1; the reply's number is to be asked next."""
    if iterator == 0:
        return [1, packed(head)]
    data = chunk_at(parts, iterator - 1)
    return [iterator + len(data) if data else 0, data]
