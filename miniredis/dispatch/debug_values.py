"""What DEBUG tells of the inside of values, and reloading them all."""

from __future__ import annotations

from typing import Final

from miniredis.commands.context import Context
from miniredis.commands.objects import encoding_name
from miniredis.config.values import parse_memory
from miniredis.datatypes.lists import ListValue
from miniredis.dispatch.access import engine_of
from miniredis.formats.rdb_primitives import RdbSink
from miniredis.resp.errors import error, no_such_key
from miniredis.resp.replies import OK, Status

MAX_PACKED_THRESHOLD: Final = 1 << 32


def node_details(ctx: Context, value: object) -> bytes:
    """What DEBUG OBJECT adds for a list of several nodes."""
    if not isinstance(value, ListValue) or value.encoding() != b"quicklist":
        return b""
    nodes = [value.node(place) for place in range(value.block_count())]
    limits = ctx.keyspace.limits
    return b" ql_nodes:%d ql_avg_node:%.2f ql_listpack_max:%d ql_compressed:%d ql_uncompressed_size:%d" % (
        len(nodes),
        value.size() / max(len(nodes), 1),
        limits.list_max_listpack_size,
        limits.list_compress_depth > 0,
        sum([node.size for node in nodes]),
    )


def debug_listpack(ctx: Context, argv: list[bytes]) -> object:
    """Writes into the log, where Redis writes to its output."""
    value = ctx.db.peek(argv[2])
    if value is None:
        raise no_such_key()
    if encoding_name(value) != b"listpack":
        raise error(b"Not a listpack encoded object.")
    sink = RdbSink(compress=False)
    ctx.keyspace.values.codec(value).save(value, sink)
    engine_of(ctx).log("notice", f"DEBUG LISTPACK {argv[2]!r}: {len(sink.take())} bytes")
    return Status(b"Listpack structure printed on stdout")


def debug_quicklist(ctx: Context, argv: list[bytes]) -> object:
    value = ctx.db.peek(argv[2])
    if value is None:
        raise no_such_key()
    if not isinstance(value, ListValue) or value.encoding() != b"quicklist":
        raise error(b"Not a quicklist encoded object.")
    for place in range(value.block_count()):
        node = value.node(place)
        kind = "plain" if node.plain else "packed"
        text = f"node {place}: {kind}, {node.count} elements, {node.size} bytes, {node.stored} stored"
        engine_of(ctx).log("notice", f"DEBUG QUICKLIST {argv[2]!r} {text}")
    return Status(b"Quicklist structure printed on stdout")


def debug_packed_threshold(ctx: Context, argv: list[bytes]) -> object:
    size = parse_memory(argv[2])
    if size is None or not 0 <= size < MAX_PACKED_THRESHOLD:
        raise error(b"argument must be a memory value bigger than 1 and smaller than 4gb")
    ctx.keyspace.limits.quicklist_packed_threshold = size
    return OK
