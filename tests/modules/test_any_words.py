"""Whatever words a command of a shipped module is given, it answers: no defect, no limit passed."""

from __future__ import annotations

from random import Random

import pytest

from miniredis.formats.crc64 import crc64
from miniredis.modules import bloom, json, ratelimit, timeseries
from miniredis.modules.api import Module
from modules.servers import serving

WORDS = [
    b"k", b"d", b"t", b"u", b"s", b"f", b"b", b"", b"0", b"1", b"-1", b"2", b"10", b"1000", b"0.5", b"1e308", b"-0.0",
    b"nan", b"inf", b"9223372036854775807", b"-9223372036854775808", b"18446744073709551616", b"x=1", b"x!=",
    b"x=(1,2)",
    b"$", b".", b"$.a", b".a", b"$..a", b"$.*", b"$..*", b"$[0]", b"$[-1]", b"$[?(@.a>0)]", b"$[0:1]", b"[", b"\xff",
    b"{}", b"[]", b'{"a":[1,{"a":2}]}', b'"text"', b"true", b"null", b"-", b"+", b"*", b"LATEST", b"COUNT", b"FILTER",
    b"AGGREGATION", b"avg", b"twa", b"std.s", b"EMPTY", b"ALIGN", b"LABELS", b"WITHLABELS",
    b"SELECTED_LABELS", b"GROUPBY",
    b"REDUCE", b"sum", b"RETENTION", b"DUPLICATE_POLICY", b"last", b"ON_DUPLICATE", b"TIMESTAMP",
    b"IGNORE", b"CHUNK_SIZE",
    b"FILTER_BY_TS", b"FILTER_BY_VALUE", b"BUCKETTIMESTAMP", b"NX", b"XX", b"FPHA", b"INDENT", b"SPACE", b"NEWLINE",
    b"ITEMS", b"NOCREATE", b"NONSCALING", b"CAPACITY", b"ERROR", b"EXPANSION", b"BUCKETSIZE", b"MAXITERATIONS",
]  # fmt: skip
SETTING_UP: tuple[tuple[bytes, ...], ...] = (
    (b"JSON.SET", b"d", b"$", b'{"a":[1,2.5,"x",{"a":true}],"b":{"a":null}}'),
    (b"TS.ADD", b"t", b"5", b"1", b"LABELS", b"x", b"1"),
    (b"TS.CREATE", b"u", b"LABELS", b"x", b"2"),
    (b"BF.ADD", b"b", b"1"),
    (b"CF.ADD", b"f", b"1"),
    (b"SET", b"s", b"1"),
)


@pytest.mark.parametrize("module", [bloom.module, json.module, ratelimit.module, timeseries.module])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_words_find_a_defect(module: Module, seed: int):
    server, client = serving(
        *[b"miniredis.modules." + name for name in (b"bloom", b"json", b"timeseries", b"ratelimit")]
    )
    client.call(b"CONFIG", b"SET", b"bf.max-filter-bytes", b"100000")
    random = Random(seed)
    commands = [command for group in module.groups for command in group.commands if command.code is not None]
    for round_ in range(600):
        if round_ % 20 == 0:
            client.call(b"FLUSHALL")
            client.call(b"HELLO", random.choice((b"2", b"3")))
            for words in SETTING_UP:
                assert not client.call(*words).startswith(b"-")
        command = random.choice(commands)
        name = command.full_name.upper().split(b"|")
        count = command.min_arguments - len(name) + random.choice((0, 0, 1, 2, 3, 5))
        count = min(count, command.max_arguments - len(name))
        argv = [*name, *[random.choice(WORDS) for _ in range(count)]]
        reply = client.call(*argv)
        assert reply and b"internal error" not in reply, (argv, server.logged[-1])


def test_no_damaged_payload_finds_a_defect():
    server, client = serving(
        *[b"miniredis.modules." + name for name in (b"bloom", b"json", b"timeseries", b"ratelimit")]
    )
    for words in SETTING_UP:
        client.call(*words)
    random = Random(7)
    restored = 0
    for key in (b"d", b"t", b"b", b"f"):
        payload = client.call(b"DUMP", key).split(b"\r\n", 1)[1][:-2]
        for _ in range(300):
            body = bytearray(payload[:-8])
            body[random.randrange(10, len(body) - 2)] = random.randrange(256)
            sealed = bytes(body) + crc64(bytes(body)).to_bytes(8, "little")
            reply = client.call(b"RESTORE", b"x", b"0", sealed, b"REPLACE")
            assert reply in (b"+OK\r\n", b"-ERR Bad data format\r\n"), server.logged[-1]
            if reply == b"+OK\r\n":
                restored += 1
                assert client.call(b"DEBUG", b"DIGEST-VALUE", b"x").startswith(b"*1")
                assert client.call(b"MEMORY", b"USAGE", b"x").startswith(b":")
    assert restored > 100
