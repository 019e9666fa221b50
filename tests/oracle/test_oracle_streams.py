"""Stream commands beside real servers."""

from __future__ import annotations

import re
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from budget import examples

from oracle.comparison import Peer
from oracle.wire import Command

IDS = [
    b"1-1", b"0-0", b"5", b"5-", b"-", b"+", b"-5", b"5-5-5", b"x", b"", b"007-1", b" 8-+1", b"11--01",
    b"18446744073709551615",
    b"18446744073709551616", b"5-*", b"*-5", b"5-**", b"(5", b"(5-3", b"((5", b"(", b"(-", b"(+", b"(0-0", b"$", b">",
    b"1-1\0x",
    b"18446744073709551615-18446744073709551615", b"(18446744073709551615-18446744073709551615", b"9" * 130,
]  # fmt: skip


def without_times(reply: bytes) -> bytes:
    """Times and idle times differ by milliseconds."""
    reply = re.sub(rb"(\*4\r\n(?:\$\d+\r\n[^\r]*\r\n){2}):\d+\r\n", rb"\1:idle\r\n", reply)
    reply = re.sub(rb"(\$4\r\nidle|\$8\r\ninactive)\r\n:\d+\r\n", rb"\1:idle\r\n", reply)
    return re.sub(rb":\d{13}\r\n", b":time\r\n", reply)


def as_before_7_2(reply: bytes) -> bytes:
    """Without what redis-server 7.0 does not say of a consumer: since when it got nothing."""
    reply = without_times(reply)
    if b"active" in reply:
        reply = re.sub(rb"\$11\r\nactive-time\r\n:[^\r]*\r\n|\$8\r\ninactive\r\n?:[^\r]*\r\n", b"", reply)
        name = rb"\r\n\$4\r\nname\r\n\$\d+\r\n[^\r]*\r\n\$"
        for longer, shorter, follows in (
            (rb"\*10", b"*8", rb"9\r\nseen"),
            (rb"%5", b"%4", rb"9\r\nseen"),
            (rb"\*8", b"*6", rb"7\r\npend"),
            (rb"%4", b"%3", rb"7\r\npend"),
        ):
            reply = re.sub(longer + b"(?=" + name + follows + b")", shorter, reply)
    return reply


TIMELESS = {b"XPENDING": without_times, b"XINFO": as_before_7_2}
TIMELESS_OF_VALKEY = {b"XPENDING": without_times, b"XINFO": without_times}


def without_ms(reply: bytes) -> bytes:
    return re.sub(rb"\$\d+\r\n\d{13}-", b"ms-", reply)


@pytest.mark.parametrize("entry_id", IDS)
def test_ids_of_any_form(oracle: Peer, entry_id: bytes) -> None:
    oracle.compare(
        [
            [b"XADD", b"k", entry_id, b"a", b"b"],
            "XLEN k",
            "XADD k 5-1 a b",
            "XADD k 5-3 a b",
            [b"XADD", b"k", entry_id, b"c", b"d"],
            [b"XRANGE", b"k", entry_id, b"+"],
            [b"XRANGE", b"k", b"-", entry_id],
            [b"XREVRANGE", b"k", entry_id, b"-"],
            [b"XREVRANGE", b"k", b"+", entry_id],
            [b"XDEL", b"k", entry_id],
            [b"XDEL", b"none", entry_id],
            [b"XTRIM", b"none", b"MINID", entry_id],
            [b"XREAD", b"STREAMS", b"none", entry_id] if entry_id != b"+" else b"PING".split(),
            [b"XGROUP", b"CREATE", b"k", b"g", entry_id],
            [b"XGROUP", b"CREATE", b"k", b"h", b"0"],
            [b"XGROUP", b"SETID", b"k", b"h", entry_id],
            [b"XACK", b"k", b"h", entry_id],
            [b"XPENDING", b"k", b"h", entry_id, b"+", b"5"],
            [b"XPENDING", b"k", b"h", b"-", entry_id, b"5"],
            [b"XCLAIM", b"k", b"h", b"c", b"0", b"5-1", entry_id],
            [b"XAUTOCLAIM", b"k", b"h", b"c", b"0", entry_id],
            [b"XSETID", b"k", entry_id],
            [b"XSETID", b"none", entry_id],
            [b"XREADGROUP", b"GROUP", b"h", b"c", b"STREAMS", b"k", entry_id],
            "XRANGE k - +",
        ]
    )


@pytest.mark.parametrize(
    "number", [b"x", b"", b"-1", b"0", b"1", b"9223372036854775807", b"9223372036854775808", b"1.5", b"01"]
)
def test_numbers_of_any_form(oracle: Peer, number: bytes) -> None:
    oracle.compare(
        [
            "XADD k 1-1 a b", "XADD k 2-1 a b", "XGROUP CREATE k g 0", "XREADGROUP GROUP g c STREAMS k >",
            [b"XRANGE", b"k", b"-", b"+", b"COUNT", number],
            [b"XREVRANGE", b"k", b"+", b"-", b"COUNT", number],
            [b"XRANGE", b"none", b"-", b"+", b"COUNT", number],
            [b"XREAD", b"COUNT", number, b"STREAMS", b"k", b"0"],
            [b"XREAD", b"BLOCK", number, b"STREAMS", b"k", b"0"],
            [b"XREADGROUP", b"GROUP", b"g", b"c", b"COUNT", number, b"STREAMS", b"k", b"0"],
            [b"XPENDING", b"k", b"g", b"-", b"+", number],
            [b"XPENDING", b"k", b"g", b"IDLE", number, b"-", b"+", b"0"],
            [b"XCLAIM", b"k", b"g", b"c", number, b"9-1"],
            [b"XCLAIM", b"k", b"g", b"c", b"0", b"9-1", b"IDLE", number],
            [b"XCLAIM", b"k", b"g", b"c", b"0", b"9-1", b"TIME", number],
            [b"XCLAIM", b"k", b"g", b"c", b"0", b"9-1", b"RETRYCOUNT", number],
            [b"XAUTOCLAIM", b"k", b"g", b"c", number, b"5"],
            [b"XAUTOCLAIM", b"k", b"g", b"c", b"0", b"5", b"COUNT", number if len(number) < 9 else b"77"],
            [b"XINFO", b"STREAM", b"k", b"FULL", b"COUNT", number],
            [b"XGROUP", b"CREATE", b"k", b"h", b"0", b"ENTRIESREAD", number],
            [b"XGROUP", b"SETID", b"k", b"g", b"0", b"ENTRIESREAD", number],
            [b"XSETID", b"k", b"3-1", b"ENTRIESADDED", number],
            [b"XTRIM", b"k", b"MAXLEN", b"~", b"5", b"LIMIT", number],
            [b"XTRIM", b"k", b"LIMIT", number],
            [b"XADD", b"k", b"LIMIT", number, b"*", b"a", b"b"] if number != b"0" else b"PING".split(),
            [b"XADD", b"k", b"MAXLEN", number, b"9-1", b"a", b"b"],
            [b"XTRIM", b"k", b"MAXLEN", number],
            "XRANGE k - +",
        ],
        normalise=TIMELESS,
    )  # fmt: skip


@pytest.mark.parametrize("resp", [2, 3])
def test_adding(oracle: Peer, resp: int) -> None:
    oracle.compare(
        [
            "XADD k 1-1 a b", "XADD k 1-1 a b", "XADD k 1-0 a b", "XADD k 0-5 a b", "XADD k 1-* a b",
            "XADD k 1-* c d e f",
            "XADD k 2 a b", "XADD k 1-* a b", "XADD k NOMKSTREAM 3-1 a b", "XADD none NOMKSTREAM 3-1 a b",
            "EXISTS none",
            "XADD k 4-1 a", "XADD k 4-1 a b c", "XADD k 4-1", "XADD k * a", "XADD k nomkstream maxlen = 3 5-1 a b",
            "XLEN k",
            "XADD k MAXLEN 2 MINID 5 6-1 a b", "XADD k MAXLEN ~ 2 LIMIT 5 6-1 a b", "XADD k MAXLEN 2 LIMIT 5 7-1 a b",
            "XADD k LIMIT 5 7-1 a b", "XADD k MINID = 6 8-1 a b", "XADD k MINID ~ 6 9-1 a b",
            "XADD k MAXLEN -1 10-1 a b",
            "XADD k MAXLEN ~ = 10-1 a b", "XADD k MAXLEN 0 11-1 a b", "XLEN k", "XADD k 11-2 a b",
            "XADD k 18446744073709551615-18446744073709551615 z z", "XADD k * a b", "XADD k 5-* a b", "XRANGE k - +",
            "XADD k MAXLEN", "XADD k MAXLEN 5 a b", "XADD k 0-* a b", "XADD new 0-* a b", "XADD new 0-* a b",
            "XLEN none",
        ],
        resp=resp,
    )  # fmt: skip


def test_adding_now(oracle: Peer) -> None:
    # Which of them fall into the same millisecond is chance.
    oracle.compare(
        ["XADD k * a b", "XADD k MAXLEN 5 * a b", "XADD k NOMKSTREAM * a b", "XLEN k"],
        normalise={b"XADD": lambda reply: re.sub(rb"-\d+\r\n$", b"-seq\r\n", without_ms(reply))},
    )


@pytest.mark.parametrize("resp", [2, 3])
def test_reading_and_deleting(oracle: Peer, resp: int) -> None:
    commands: list[str | Command] = [
        f"XADD k {ms}-{seq} n {ms * 10 + seq}" for ms in range(1, 9) for seq in range(1, 5)
    ]
    commands += [
        "XRANGE k - +", "XRANGE k 3 4", "XRANGE k (3-2 (4-1", "XRANGE k 3-2 + COUNT 3", "XREVRANGE k + - COUNT 2",
        "XREVRANGE k 4-2 2", "XREVRANGE k (4-2 (2-3", "XRANGE k 9 +", "XRANGE k - + COUNT 0", "XRANGE k - + COUNT -5",
        "XRANGE none - +", "XRANGE none - + COUNT 0", "XRANGE k - + COUNT", "XRANGE k - + LIMIT 5",
        "XRANGE k - + COUNT 1 COUNT 2", "XREAD STREAMS k 8-2", "XREAD COUNT 2 STREAMS k none k 1 0 7",
        "XREAD STREAMS k $",
        "XREAD STREAMS k 99", "XREAD STREAMS none 0", "XREAD STREAMS k", "XREAD STREAMS k none 0",
        "XREAD COUNT 1 STREAMS",
        "XREAD GROUP g c STREAMS k 0", "XREAD NOACK STREAMS k 0", "XREAD STREAMS k >", "XREAD BLOCK -1 STREAMS k 0",
        "XREAD BLOCK x STREAMS k 0", "XREAD BLOCK 9223372036854775807 STREAMS k 0", "XREAD BAD STREAMS k 0",
        "XREAD block 0 count 1 streams k 0", "XDEL k 1-1 1-2 1-1 99-1", "XDEL k 8-4", "XDEL none 1-1", "XDEL k 1-3 x",
        "XRANGE k - + COUNT 2", "XREVRANGE k + - COUNT 1", "XINFO STREAM k", "XTRIM k MAXLEN 20", "XTRIM k MINID 4-2",
        "XTRIM k MAXLEN ~ 1", "XTRIM k MAXLEN = 5", "XTRIM k MAXLEN", "XTRIM k", "XTRIM k BAD 5",
        "XTRIM k MINID ~ 9 LIMIT 1",
        "XTRIM k MAXLEN 5 LIMIT 5", "XTRIM k MAXLEN 5 MINID 5", "XTRIM none MAXLEN 5", "XTRIM k LIMIT 5",
        "XTRIM k LIMIT 0",
        "XRANGE k - +", "XINFO STREAM k", "XTRIM k MAXLEN 0", "XINFO STREAM k", "EXISTS k", "TYPE k",
        "XREAD STREAMS k 0",
    ]  # fmt: skip
    oracle.compare(commands, resp=resp, normalise=TIMELESS)


def test_the_last_entry(valkey_oracle: Peer) -> None:
    """`+` as an ID of XREAD came after redis-server 7.0."""
    valkey_oracle.compare(
        [
            "XADD k 1-1 a b", "XADD k 2-0 c d", "XREAD STREAMS k +", "XREAD COUNT 5 STREAMS k k + 0", "XDEL k 2-0",
            "XREAD STREAMS k +", "XREAD STREAMS none +", "XGROUP CREATE k g 0", "XREADGROUP GROUP g c STREAMS k +",
            "XDEL k 1-1", "XREAD STREAMS k +",
        ]
    )  # fmt: skip


@pytest.mark.parametrize("resp", [2, 3])
def test_groups(oracle: Peer, resp: int) -> None:
    oracle.compare(
        [
            "XGROUP CREATE k g $", "XGROUP CREATE k g $ MKSTREAM", "XGROUP CREATE k g $ MKSTREAM",
            "XGROUP CREATE k g 0",
            "XINFO STREAM k", "XGROUP CREATE k h 0 ENTRIESREAD 5 MKSTREAM", "XGROUP CREATE k i 0 ENTRIESREAD -2",
            "XGROUP CREATE k i 0 BAD", "XGROUP CREATE k i", "XGROUP CREATE k i x", "XGROUP SETID k g 0",
            "XGROUP SETID k none 0", "XGROUP SETID none g 0", "XGROUP SETID k g 0 MKSTREAM",
            "XGROUP SETID k g 0 ENTRIESREAD",
            "XGROUP SETID k g - ENTRIESREAD 3", "XGROUP SETID k g $", "XGROUP CREATECONSUMER k g c",
            "XGROUP CREATECONSUMER k g c", "XGROUP CREATECONSUMER k none c", "XGROUP CREATECONSUMER none g c",
            "XGROUP DELCONSUMER k g c", "XGROUP DELCONSUMER k g c", "XGROUP DELCONSUMER k none c", "XINFO GROUPS k",
            "XGROUP DESTROY k h", "XGROUP DESTROY k h", "XGROUP DESTROY none h", "XGROUP BAD k g", "XGROUP",
            "XGROUP CREATE k", "XINFO CONSUMERS k g", "XINFO CONSUMERS k none", "XINFO CONSUMERS none g",
            "XINFO GROUPS none",
            "XINFO STREAM none", "XINFO STREAM k BAD", "XINFO STREAM k FULL COUNT", "XINFO STREAM k FULL BAD 1",
            "XINFO BAD k",
            "XINFO STREAM", "XINFO GROUPS k x", "XINFO STREAM k FULL COUNT 1 2", "SET s v", "XINFO STREAM s",
        ],
        resp=resp,
        normalise=TIMELESS,
    )  # fmt: skip


@pytest.mark.parametrize("resp", [2, 3])
def test_reading_for_a_group(oracle: Peer, resp: int) -> None:
    oracle.compare(
        [
            *[f"XADD k {ms}-1 f {ms}" for ms in range(1, 10)],
            "XGROUP CREATE k g 0", "XGROUP CREATE k h 5-1", "XREADGROUP GROUP g alice COUNT 2 STREAMS k >",
            "XREADGROUP GROUP g bob COUNT 3 STREAMS k >", "XREADGROUP GROUP h carol STREAMS k >",
            "XREADGROUP GROUP h carol STREAMS k >", "XREADGROUP GROUP g alice STREAMS k 0",
            "XREADGROUP GROUP g alice COUNT 1 STREAMS k 1-1", "XREADGROUP GROUP g nobody STREAMS k 0", "XPENDING k g",
            "XPENDING k g - + 10", "XPENDING k g - + 10 bob", "XPENDING k g - + 10 none", "XPENDING k g (1-1 (4-1 10",
            "XPENDING k g IDLE 100000 - + 10", "XPENDING k g IDLE 0 - + 2", "XPENDING k g IDLE 1", "XPENDING k g - +",
            "XPENDING k g IDLE 0 - + 1 bob", "XPENDING k none", "XPENDING none g", "XPENDING k g - + 10 bob x",
            "XINFO GROUPS k", "XINFO STREAM k FULL", "XACK k g 1-1 2-1 99-1 1-1", "XACK k none 1-1", "XACK none g 1-1",
            "XACK k g x", "XACK none g x", "XPENDING k g", "XDEL k 3-1", "XREADGROUP GROUP g bob STREAMS k 0",
            "XREADGROUP GROUP g bob NOACK STREAMS k >", "XPENDING k g", "XINFO GROUPS k",
            "XREADGROUP GROUP g bob STREAMS k $", "XREADGROUP GROUP g bob STREAMS none >",
            "XREADGROUP GROUP x bob STREAMS k >",
            "XREADGROUP COUNT 5 NOACK STREAMS k none > >", "XREADGROUP GROUP g bob STREAMS k",
            "XREADGROUP GROUP g bob COUNT 1",
            "XREADGROUP GROUP g bob COUNT 1 NOACK BAD", "XREADGROUP STREAMS k > GROUP g bob", "XGROUP SETID k g 0",
            "XREADGROUP GROUP g dave COUNT 4 STREAMS k >", "XPENDING k g - + 10", "XPENDING k g", "XINFO GROUPS k",
            "XGROUP DELCONSUMER k g dave", "XGROUP DELCONSUMER k g bob", "XPENDING k g", "XINFO STREAM k FULL COUNT 1",
            "XINFO STREAM k FULL COUNT 0", "XINFO STREAM k FULL COUNT -3", "XTRIM k MAXLEN 0",
            "XREADGROUP GROUP h carol STREAMS k 0", "XINFO STREAM k FULL", "XINFO GROUPS k",
        ],
        resp=resp,
        normalise=TIMELESS,
    )  # fmt: skip


@pytest.mark.parametrize("resp", [2, 3])
def test_claiming(oracle: Peer, resp: int) -> None:
    oracle.compare(
        [
            *[f"XADD k {ms}-1 f {ms}" for ms in range(1, 10)],
            "XGROUP CREATE k g 0", "XREADGROUP GROUP g alice COUNT 6 STREAMS k >", "XCLAIM k g bob 0 1-1 2-1",
            "XCLAIM k g bob 100000 3-1", "XCLAIM k g bob 0 3-1 JUSTID", "XCLAIM k g bob 0 8-1",
            "XCLAIM k g bob 0 8-1 FORCE",
            "XCLAIM k g bob 0 9-1 FORCE JUSTID", "XCLAIM k g bob 0 99-1 FORCE", "XCLAIM k g bob 0 1-1 RETRYCOUNT 7",
            "XCLAIM k g bob 0 1-1 IDLE 5000 JUSTID", "XPENDING k g IDLE 4000 - + 10",
            "XCLAIM k g carol 4000 1-1 2-1 TIME 1",
            "XCLAIM k g bob 0 2-1 LASTID 50-1", "XINFO GROUPS k", "XCLAIM k g bob 0 2-1 BAD", "XCLAIM k g bob 0",
            "XCLAIM k g bob x 1-1", "XCLAIM k none bob 0 1-1", "XCLAIM none g bob 0 1-1",
            "XCLAIM k g bob -5 4-1 justid",
            "XCLAIM k g bob 0 4-1 IDLE", "XCLAIM k g bob 0 LASTID 1-1", "XDEL k 5-1 6-1", "XCLAIM k g bob 0 5-1 6-1",
            "XPENDING k g - + 20", "XAUTOCLAIM k g dave 0 - COUNT 2", "XAUTOCLAIM k g dave 0 3-1 COUNT 1 JUSTID",
            "XDEL k 3-1", "XAUTOCLAIM k g dave 0 0", "XAUTOCLAIM k g dave 100000 0",
            "XAUTOCLAIM k g dave 0 (3-1 JUSTID",
            "XAUTOCLAIM k g dave 0 0 COUNT 0", "XAUTOCLAIM k g dave 0 0 COUNT", "XAUTOCLAIM k g dave 0 0 BAD",
            "XAUTOCLAIM none g dave 0 0", "XAUTOCLAIM k none dave 0 0", "XAUTOCLAIM k g dave x 0",
            "XPENDING k g - + 20",
            "XINFO STREAM k FULL", "XINFO GROUPS k",
        ],
        resp=resp,
        normalise=TIMELESS,
    )  # fmt: skip


def test_consumers(valkey_oracle: Peer) -> None:
    """Valkey's form, which says since when a consumer is inactive."""
    valkey_oracle.compare(
        [
            "XADD k 1-1 a b", "XADD k 2-1 a b", "XADD k 3-1 a b", "XGROUP CREATE k g 0",
            "XGROUP CREATECONSUMER k g idle",
            "XREADGROUP GROUP g reader COUNT 1 STREAMS k >", "XREADGROUP GROUP g empty STREAMS k 0",
            "XREADGROUP GROUP g noack COUNT 1 NOACK STREAMS k >", "XCLAIM k g claimer 0 1-1",
            "XCLAIM k g justid 0 1-1 JUSTID",
            "XAUTOCLAIM k g auto 0 0", "XINFO CONSUMERS k g", "XINFO STREAM k FULL",
            "XREADGROUP GROUP g late STREAMS k >",
            "XREADGROUP GROUP g auto STREAMS k 0", "XINFO CONSUMERS k g",
        ],
        normalise=TIMELESS_OF_VALKEY,
    )  # fmt: skip


def test_setting_the_last_id(oracle: Peer) -> None:
    oracle.compare(
        [
            "XSETID k 5-1", "XADD k 1-1 a b", "XADD k 5-1 a b", "XSETID k 4-1", "XSETID k 6-1",
            "XSETID k 6-1 ENTRIESADDED 1",
            "XSETID k 6-1 ENTRIESADDED 9 MAXDELETEDID 7-1", "XSETID k 6-1 ENTRIESADDED 9 MAXDELETEDID 2-1",
            "XINFO STREAM k",
            "XSETID k 6-1 BAD 5", "XSETID k 6-1 ENTRIESADDED", "XDEL k 5-1", "XSETID k 4-1", "XSETID k 5-1",
            "XINFO STREAM k",
        ]
    )  # fmt: skip


def test_the_wrong_type(oracle: Peer) -> None:
    oracle.compare(
        [
            "SET s v", "XADD s * a b", "XADD s 0-0 a b", "XADD s * a", "XLEN s", "XRANGE s - +", "XRANGE s x +",
            "XREVRANGE s + -",
            "XDEL s 1-1", "XDEL s x", "XTRIM s MAXLEN 1", "XTRIM s BAD 1", "XREAD STREAMS s 0", "XREAD STREAMS s x",
            "XREADGROUP GROUP g c STREAMS s >", "XGROUP CREATE s g 0", "XGROUP CREATE s g x", "XGROUP SETID s g 0",
            "XGROUP DESTROY s g", "XGROUP CREATECONSUMER s g c", "XGROUP DELCONSUMER s g c", "XACK s g 1-1",
            "XPENDING s g",
            "XCLAIM s g c 0 1-1", "XAUTOCLAIM s g c 0 0", "XSETID s 1-1", "XINFO STREAM s", "XINFO GROUPS s",
            "XINFO CONSUMERS s g", "RPUSH l a", "XADD l * a b",
        ]
    )  # fmt: skip


@pytest.mark.parametrize("resp", [2, 3])
def test_readers_wait_for_entries(oracle: Peer, resp: int) -> None:
    oracle.compare_clients(
        [
            (9, "XADD k 1-1 a b"), (1, "XREAD BLOCK 0 STREAMS k $"), (2, "XREAD BLOCK 0 COUNT 1 STREAMS k other $ 0"),
            (3, "XREAD BLOCK 0 STREAMS k 5"), (9, "XADD k 2-1 c d"), (9, "XADD k 5-1 e f"), (9, "XADD other 1-1 a b"),
            (1, "XREAD BLOCK 0 STREAMS new 0"), (9, "SET new v"), (9, "DEL new"), (9, "XADD new 0-1 a b"),
            (1, "XREAD BLOCK 0 STREAMS k $"), (9, "MULTI"), (9, "XADD k 6-1 m n"), (9, "XADD k 6-2 m n"), (9, "EXEC"),
            (1, "XREAD BLOCK 0 STREAMS moved 0"), (9, "RENAME k moved"), (1, "PING"),
        ],
        resp=resp,
    )  # fmt: skip


@pytest.mark.parametrize("resp", [2, 3])
def test_consumers_wait_for_entries(oracle: Peer, resp: int) -> None:
    oracle.compare_clients(
        [
            (9, "XGROUP CREATE k g $ MKSTREAM"), (1, "XREADGROUP GROUP g alice BLOCK 0 STREAMS k >"),
            (2, "XREADGROUP GROUP g bob BLOCK 0 NOACK STREAMS k >"), (9, "XADD k 1-1 a b"), (9, "XADD k 1-2 a b"),
            (9, "XPENDING k g"), (1, "XREADGROUP GROUP g alice BLOCK 0 STREAMS k 0"),
            (1, "XREADGROUP GROUP g alice BLOCK 0 STREAMS k >"), (9, "MULTI"), (9, "XADD k 2-1 a b"), (9,
            "XADD k 2-2 a b"),
            (9, "EXEC"), (1, "XREADGROUP GROUP g alice BLOCK 0 STREAMS k >"), (9, "XGROUP DESTROY k g"), (1, "PING"),
            (9, "XGROUP CREATE k g $"), (1, "XREADGROUP GROUP g alice BLOCK 0 STREAMS k >"), (9, "DEL k"), (1, "PING"),
            (9, "XINFO GROUPS k"),
        ],
        resp=resp,
        normalise=TIMELESS,
    )  # fmt: skip


def test_the_stream_of_a_waiting_consumer_goes(oracle: Peer) -> None:
    setup = [(9, "XGROUP CREATE k g $ MKSTREAM"), (1, "XREADGROUP GROUP g alice BLOCK 0 STREAMS k >")]
    for ending in (
        [(9, "SET k v")],
        [(9, "RENAME k other")],
        [(9, "MULTI"), (9, "DEL k"), (9, "XGROUP CREATE k g $ MKSTREAM"), (9, "EXEC"), (9, "XADD k 1-1 a b")],
        [(9, "FLUSHALL")],
    ):
        oracle.compare_clients([*setup, *ending, (1, "PING")])


def test_nothing_waits_in_a_transaction(oracle: Peer) -> None:
    for resp in (2, 3):
        oracle.compare(
            ["XGROUP CREATE k g $ MKSTREAM", "MULTI", "XREAD BLOCK 0 STREAMS k $"]
            + ["XREADGROUP GROUP g c BLOCK 0 STREAMS k >", "EXEC"],
            resp=resp,
        )


def test_events(oracle: Peer) -> None:
    commands = [
        "XADD k 1-1 a b", "XADD k MAXLEN 1 2-1 a b", "XADD k MAXLEN 5 3-1 a b", "XTRIM k MAXLEN 1", "XDEL k 2-1",
        "XDEL k 3-1",
        "XTRIM k MAXLEN 0", "XADD k 4-1 a b", "XTRIM k MINID 9", "XSETID k 5-1", "XGROUP CREATE k g 0",
        "XGROUP SETID k g $",
        "XGROUP CREATE new g 0 MKSTREAM", "XGROUP CREATECONSUMER k g c", "XGROUP CREATECONSUMER k g c",
        "XGROUP DELCONSUMER k g c", "XGROUP DELCONSUMER k g c", "XADD k 6-1 a b", "XADD k 6-2 a b",
        "XREADGROUP GROUP g d COUNT 1 STREAMS k >", "XREADGROUP GROUP g e NOACK STREAMS k >",
        "XREADGROUP GROUP g f STREAMS k 0", "XCLAIM k g h 0 6-1", "XCLAIM k g i 0 9-9", "XAUTOCLAIM k g j 0 0",
        "XACK k g 6-1",
        "XGROUP DESTROY k g", "XGROUP DESTROY k g", "XREAD STREAMS k 0",
    ]  # fmt: skip
    steps: list[tuple[int, str | Command]] = [
        (1, "CONFIG SET notify-keyspace-events KEA"),
        (2, "PSUBSCRIBE __key*__:*"),
    ]
    steps += [(1, command) for command in commands]
    steps += [
        (3, "XREADGROUP GROUP g c BLOCK 0 STREAMS new >"),
        (4, "XREAD BLOCK 0 STREAMS new $"),
        (1, "XADD new 1-1 a b"),
    ]
    steps += [(1, [b"CONFIG", b"SET", b"notify-keyspace-events", b""])]
    oracle.compare_clients(steps)


MS = st.integers(0, 12)
ENTRY_IDS = st.tuples(MS, st.integers(0, 3)).map(lambda pair: b"%d-%d" % pair)
ANY_IDS = st.one_of(ENTRY_IDS, st.sampled_from([b"-", b"+", b"(3-1"]))
FIELDS = st.sampled_from([b"f", b"g", b"12"])
COUNTS = st.sampled_from([b"1", b"2", b"5"])
NAMES = st.sampled_from([b"alice", b"bob"])
COMMANDS = st.one_of(
    st.tuples(st.just(b"XADD"), st.just(b"k"), ENTRY_IDS, FIELDS, FIELDS),
    st.tuples(st.just(b"XADD"), st.just(b"k"), MS.map(lambda ms: b"%d-*" % ms), FIELDS, FIELDS),
    st.tuples(st.just(b"XADD"), st.just(b"k"), st.just(b"MAXLEN"), COUNTS, MS.map(lambda ms: b"%d-*" % ms), FIELDS,
    FIELDS),
    st.tuples(st.just(b"XDEL"), st.just(b"k"), ENTRY_IDS, ENTRY_IDS),
    st.tuples(st.just(b"XTRIM"), st.just(b"k"), st.just(b"MINID"), ENTRY_IDS),
    st.tuples(st.sampled_from([b"XRANGE", b"XREVRANGE"]), st.just(b"k"), ANY_IDS, ANY_IDS, st.just(b"COUNT"), COUNTS),
    st.tuples(
        st.just(b"XREADGROUP"), st.just(b"GROUP"), st.just(b"g"), NAMES, st.just(b"COUNT"), COUNTS, st.just(b"STREAMS"),
        st.just(b"k"), st.sampled_from([b">", b">", b"0"]),
    ),
    st.tuples(st.just(b"XACK"), st.just(b"k"), st.just(b"g"), ENTRY_IDS, ENTRY_IDS),
    st.tuples(st.just(b"XCLAIM"), st.just(b"k"), st.just(b"g"), NAMES, st.just(b"0"), ENTRY_IDS, st.just(b"FORCE")),
    st.tuples(st.just(b"XAUTOCLAIM"), st.just(b"k"), st.just(b"g"), NAMES, st.just(b"0"), ENTRY_IDS,
    st.just(b"COUNT"), COUNTS),
    st.tuples(st.just(b"XGROUP"), st.just(b"SETID"), st.just(b"k"), st.just(b"g"), ENTRY_IDS),
    st.just((b"XINFO", b"GROUPS", b"k")),
)  # fmt: skip


@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(COMMANDS, min_size=15, max_size=60))
def test_any_sequence_of_commands(oracle: Peer, commands: list[tuple[bytes, ...]]) -> None:
    sequence: list[str | Command] = [list(command) for command in commands]
    oracle.compare(
        ["XGROUP CREATE k g 0 MKSTREAM", *sequence, "XRANGE k - +", "XPENDING k g - + 100", "XINFO STREAM k"],
        normalise=TIMELESS,
    )


def test_long_streams_are_cut_into_the_same_nodes(oracle: Peer) -> None:
    """Approximate trimming shows where the nodes end."""
    random = Random(4)
    commands: list[str | Command] = []
    for number in range(1, 600):
        commands.append([b"XADD", b"k", b"%d-%d" % (number // 3 + 1, number), b"f", b"v" * random.randrange(150)])
        if number % 40 == 0:
            commands += [
                f"XTRIM k MAXLEN ~ {number // 3}",
                f"XDEL k {number // 4}-{number // 4 * 3}",
                "XINFO STREAM k",
            ]
        if number % 90 == 0:
            commands += [f"XTRIM k MINID ~ {number // 5}", "XTRIM k MAXLEN ~ 1 LIMIT 30", "XINFO STREAM k"]
    oracle.compare(commands)
