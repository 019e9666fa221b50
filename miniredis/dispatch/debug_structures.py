"""DEBUG: how collections are stored.  What redis-server prints on its standard output goes into the log."""

from __future__ import annotations

from typing import Final

from miniredis.commands.context import Context
from miniredis.commands.objects import encoding_name
from miniredis.config.values import parse_memory
from miniredis.datatypes.lists import ListValue
from miniredis.datatypes.value import Value
from miniredis.dispatch.access import engine_of
from miniredis.resp.errors import error, no_such_key
from miniredis.resp.replies import OK, Status

MAX_THRESHOLD: Final = (1 << 32) - (1 << 20)  # a little under 4 GB


def quicklist_details(value: object) -> bytes:
    """What DEBUG OBJECT adds for a quicklist."""
    if not isinstance(value, ListValue) or value.encoding() != b"quicklist":
        return b""
    nodes = [value.node(place) for place in range(value.block_count())]
    return b" ql_nodes:%d ql_avg_node:%.2f ql_listpack_max:%d ql_compressed:%d ql_uncompressed_size:%d" % (
        len(nodes),
        value.size() / len(nodes),
        value.limits.list_max_listpack_size,
        value.limits.list_compress_depth > 0,
        sum([node.size for node in nodes]),
    )


def debug_listpack(ctx: Context, argv: list[bytes]) -> object:
    value = ctx.db.peek(argv[2])
    if value is None:
        raise no_such_key()
    if encoding_name(value) != b"listpack":
        raise error(b"Not a listpack encoded object.")
    assert isinstance(value, Value)
    engine_of(ctx).log("notice", f"listpack of {value.size()} entries in {value.memory()} bytes")
    return Status(b"Listpack structure printed on stdout")


def debug_quicklist(ctx: Context, argv: list[bytes]) -> object:
    value = ctx.db.peek(argv[2])
    if value is None:
        raise no_such_key()
    if not isinstance(value, ListValue) or value.encoding() != b"quicklist":
        raise error(b"Not a quicklist encoded object.")
    log = engine_of(ctx).log
    log("notice", f"quicklist of {value.size()} elements in {value.block_count()} nodes")
    for place in range(value.block_count()):
        node = value.node(place)
        container = "plain" if node.plain else "compressed" if node.compressed else "packed"
        log("notice", f"node {place}: {container}, {node.count} elements, {node.size} bytes, {node.stored} stored")
    return Status(b"Quicklist structure printed on stdout")


def debug_packed_threshold(ctx: Context, argv: list[bytes]) -> object:
    """From this size on an element stands in a node alone; 0: from what a node may hold."""
    size = parse_memory(argv[2])
    if size is None or not 0 <= size <= MAX_THRESHOLD:
        raise error(b"argument must be a memory value bigger than 1 and smaller than 4gb")
    ctx.keyspace.limits.quicklist_packed_threshold = size
    return OK
