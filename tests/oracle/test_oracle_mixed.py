"""Commands of all types at once, in transactions and scripts: replies and the digest of all data beside redis-server.

The test runs a fixed number of seeds; `make fuzz` gives MINIREDIS_MIXED_SECONDS and takes new ones.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from random import Random

import pytest

from budget import examples

from oracle.comparison import Peer
from oracle.grammar import GROUPS, LEFT_OUT, NORMALISERS, Words, is_newer, parse, text
from oracle.mixed import PRELUDE, called, sequence
from oracle.normalise import Normaliser, shape, unordered, unordered_pairs
from oracle.test_oracle_sequences import DEFAULT, LOW

SECONDS = float(os.environ.get("MINIREDIS_MIXED_SECONDS", "0"))
SEQUENCES = 12
LENGTH = 120
LAST: list[Words] = [[b"SELECT", b"1"], [b"KEYS", b"*"], [b"SELECT", b"0"], [b"KEYS", b"*"], [b"DEBUG", b"DIGEST"]]


def encoding(reply: bytes) -> bytes:
    """Of OBJECT ENCODING: since 7.2 there are listpacks for lists and sets, and SORT changes sorted sets in 7.0."""
    large = (b"$9\r\nquicklist\r\n", b"$9\r\nhashtable\r\n", b"$8\r\nskiplist\r\n")
    return b"$8\r\nlistpack\r\n" if reply in large else reply


#: What EXEC holds is compared reply by reply, with the same exceptions.
MIXED: dict[bytes, Normaliser] = {
    **NORMALISERS,
    b"KEYS": unordered,
    b"HGETALL": unordered_pairs,
    **dict.fromkeys(
        (b"GEOSEARCH", b"GEORADIUS", b"GEORADIUS_RO", b"GEORADIUSBYMEMBER", b"GEORADIUSBYMEMBER_RO"), unordered
    ),
    b"SORT_RO": shape,
    b"SORT": shape,  # redis-server compares texts up to their first zero byte
    b"DUMP": shape,
    b"OBJECT": encoding,
}


def compare(oracle: Peer, commands: list[Words], low: bool, resp: int) -> None:
    limits = [[b"CONFIG", b"SET", name, value] for name, value in (LOW if low else DEFAULT).items()]
    oracle.compare([*limits, *PRELUDE, *commands, *LAST], resp=resp, normalise=MIXED)


def shortened(oracle: Peer, commands: list[Words], low: bool, resp: int) -> str:
    """The report of a short sequence that still differs: blocks are left out while it does."""
    report = ""
    size = len(commands) // 2
    while size:
        at = 0
        while at < len(commands):
            fewer = commands[:at] + commands[at + size :]
            try:
                compare(oracle, fewer, low, resp)
                at += size
            except AssertionError as problem:
                commands, report = fewer, str(problem)
        size //= 2
    return report


#: Not in sequences: see grammar.LEFT_OUT; what changes how the connection is read, or the scripts all sequences share.
ELSEWHERE = {
    *LEFT_OUT,
    *(b"SUBSCRIBE UNSUBSCRIBE PSUBSCRIBE PUNSUBSCRIBE SSUBSCRIBE SUNSUBSCRIBE".split()),
    *(b"SCRIPT " + name for name in (b"FLUSH", b"KILL", b"DEBUG", b"HELP")),
    *(b"FUNCTION " + name for name in (b"FLUSH", b"KILL", b"DELETE", b"DUMP", b"RESTORE", b"STATS", b"HELP")),
    *(b"PUBSUB " + name for name in (b"NUMPAT", b"CHANNELS", b"SHARDCHANNELS", b"SHARDNUMSUB", b"HELP")),
}


def test_sequences_have_every_command_of_data_transactions_and_scripts(oracle: Peer) -> None:
    connection = oracle.theirs.connect()
    connection(b"HELLO", b"3")
    docs = parse(connection(b"COMMAND", b"DOCS"))
    connection.close()
    assert isinstance(docs, dict)
    wanted: set[bytes] = set()
    for name, tree in docs.items():
        if text(tree, b"group").decode() in (*GROUPS, "transactions", "scripting", "pubsub"):
            found = tree.get(b"subcommands") or {name: tree}
            wanted |= {full_name.upper().replace(b"|", b" ") for full_name in found}
    random = Random(7)
    sent: set[bytes] = set()
    for command in [*PRELUDE, *(each for _ in range(400) for each in sequence(random, LENGTH))]:
        for part in (command, called(command)):
            sent |= {b" ".join(part[:count]).upper() for count in (1, 2)}
    assert wanted - ELSEWHERE - sent == set()


@pytest.mark.timeout(7200)
def test_any_commands_in_any_order(oracle: Peer, count: Callable[[str, int], None]) -> None:
    random = Random(time.time_ns() if SECONDS else 7)
    deadline = time.monotonic() + SECONDS
    done = digests = 0
    try:
        while done < examples(SEQUENCES) if not SECONDS else time.monotonic() < deadline:
            low, resp = random.random() < 0.5, random.choice((2, 3))
            commands = [command for command in sequence(random, LENGTH) if not is_newer(called(command))]
            done += 1
            digests += 1 + commands.count([b"DEBUG", b"DIGEST"])
            try:
                compare(oracle, commands, low, resp)
            except AssertionError as problem:
                report = shortened(oracle, commands, low, resp) or str(problem)
                raise AssertionError(f"resp {resp}, low limits {low}: {report}") from problem
    finally:
        count("inputs", done)
        count("digests compared", digests)
        for backend in (oracle.ours, oracle.theirs):
            connection = backend.connect()
            for name, value in DEFAULT.items():
                connection(b"CONFIG", b"SET", name, value)
            connection.close()
