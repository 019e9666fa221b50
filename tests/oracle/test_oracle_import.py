"""What Valkey's import-mode and rdb-version-check change, beside Valkey."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from miniredis.formats.crc64 import crc64

from oracle.comparison import Peer


@pytest.fixture
def importing(valkey_oracle: Peer) -> Iterator[Peer]:
    valkey_oracle.compare(["CONFIG SET import-mode yes"])
    yield valkey_oracle
    valkey_oracle.compare(["CONFIG SET import-mode no maxmemory 0 maxmemory-policy noeviction"])


def steps(text: str) -> list[tuple[int, str]]:
    """`0: A|B` on each line: commands of a client."""
    found: list[tuple[int, str]] = []
    for line in text.strip().splitlines():
        client, _, commands = line.strip().partition(": ")
        found += [(int(client), command) for command in commands.split("|")]
    return found


def test_who_imports_sees_what_is_over_and_nobody_else_does(importing: Peer) -> None:
    importing.compare_clients(
        steps(
            """
            0: CLIENT IMPORT-SOURCE ON|CLIENT IMPORT-SOURCE maybe
            1: SET k v|PEXPIREAT k 1|SET q 1 PXAT 1|HSET h f 1 g 2|HPEXPIREAT h 1 FIELDS 1 f|DBSIZE
            1: GET k|EXISTS k|PTTL k|TYPE k|KEYS k|STRLEN k|HGET h f|HGETALL h|HTTL h FIELDS 1 f|DBSIZE
            0: GET k|EXISTS k q|PTTL k|TYPE k|KEYS k|STRLEN k|HGET h f|HGETALL h|HTTL h FIELDS 1 f|PEXPIRETIME q
            0: SET p 1|PEXPIREAT p 1|GET p|INCR p|MULTI|GET p|PTTL p|EXEC|EVAL return(redis.call('get',KEYS[1])) 1 p
            1: GET p|MULTI|GET p|EXEC
            0: CLIENT IMPORT-SOURCE OFF|GET p|GET k|DBSIZE
            """
        )
    )


def test_a_write_of_others_begins_anew_where_a_key_is_over(importing: Peer) -> None:
    importing.compare_clients(
        steps(
            """
            0: CLIENT IMPORT-SOURCE ON|MSET a 1 b 1 c 1 d 1 e 1 f 1|PEXPIREAT a 1|PEXPIREAT b 1|PEXPIREAT c 1
            0: PEXPIREAT d 1|PEXPIREAT e 1|PEXPIREAT f 1|DBSIZE
            1: INCR a|PTTL a|APPEND b x|SET c 5 GET|PERSIST d|DEL e|SET f 2 NX|GET f|DBSIZE
            0: GET a|EXISTS d e|DBSIZE|RPUSH l 1|PEXPIREAT l 1
            1: RPUSH l 2|LRANGE l 0 -1|PTTL l
            """
        )
    )


def test_nothing_is_evicted_while_data_is_moved_in(importing: Peer) -> None:
    importing.compare(
        [
            "SET a 1",
            "CONFIG SET maxmemory-policy allkeys-lru maxmemory 1",
            "SET b 1",
            "GET a",
            "DBSIZE",
            "CONFIG SET maxmemory 0",
        ]
    )


def test_only_a_server_that_imports_has_import_sources(valkey_oracle: Peer) -> None:
    valkey_oracle.compare([f"CLIENT IMPORT-SOURCE {word}" for word in ("ON", "off", "maybe")])


def sealed(body: bytes, version: int) -> bytes:
    body += version.to_bytes(2, "little")
    return body + crc64(body).to_bytes(8, "little")


def test_payloads_of_newer_versions_are_tried_when_that_is_wanted(valkey_oracle: Peer) -> None:
    # 12 is left out: we read it, as Redis 7.4 writes it.
    payloads = [sealed(b"\0\1a", version) for version in (1, 11, 13, 50, 79, 80, 81, 200)]
    try:
        for mode in ("strict", "relaxed"):
            valkey_oracle.compare(
                [
                    f"CONFIG SET rdb-version-check {mode}",
                    *[[b"RESTORE", b"k%d" % at, b"0", payload] for at, payload in enumerate(payloads)],
                    [b"FUNCTION", b"RESTORE", sealed(b"", 81)],
                ]
            )
    finally:
        valkey_oracle.compare(["CONFIG SET rdb-version-check strict"])
