"""Replies of HRANDFIELD, SRANDMEMBER and ZRANDMEMBER with repetition: a negative count may be any number."""

from __future__ import annotations

from typing import Final

from miniredis.commands.context import Context
from miniredis.resp.drawn import DrawnReply
from miniredis.resp.encoder import encode_reply
from miniredis.resp.errors import out_of_range_between
from miniredis.resp.numbers import INT64_MAX

#: Up to so many elements are chosen at once, whatever the size of the collection.
DRAWN_WHOLE: Final = 4096
#: What a reply within another one (in a transaction, a script) may have: it is put together in memory.
DRAWN_WITHIN: Final = 1 << 20


def is_endless(ctx: Context, count: int, size: int) -> bool:
    """Whether `count` elements of a collection of `size` are too many to be chosen at once."""
    if count <= max(size, DRAWN_WHOLE):
        return False
    if ctx.may_block:
        return True
    if count > DRAWN_WITHIN:
        raise out_of_range_between(-DRAWN_WITHIN, INT64_MAX)
    return False


def drawn_items(ctx: Context, items: list[bytes], count: int) -> DrawnReply:
    """`count` times one of `items`."""
    choices = [encode_reply(item, ctx.resp) for item in items]
    return DrawnReply(b"*%d\r\n" % count, choices, count, ctx.keyspace.random)


def drawn_pairs(ctx: Context, pairs: list[object], count: int) -> DrawnReply:
    """`count` times a member of `pairs` with the value behind it: pairs in RESP3, one flat array in RESP2."""
    nested = ctx.resp == 3
    choices: list[bytes] = []
    for index in range(0, len(pairs), 2):
        pair = pairs[index : index + 2]
        choices.append(encode_reply(pair, 3) if nested else encode_reply(pair, 2)[len(b"*2\r\n") :])
    return DrawnReply(b"*%d\r\n" % (count if nested else count * 2), choices, count, ctx.keyspace.random)
