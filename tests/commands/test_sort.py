"""SORT: bytes in, bytes out."""

from __future__ import annotations

import pytest

from miniredis.commands.sort import group

from commands.conftest import CommandClient, CommandServer
from commands.recording import Record

SYNTAX_ERROR = b"-ERR syntax error\r\n"


def words(reply: bytes) -> list[str]:
    """The bulk strings of an array; None as `-`."""
    lines = reply.decode().replace("$-1\r\n", "$1\r\n-\r\n").split("\r\n")
    return lines[2::2]


@pytest.fixture
def rows(client: CommandClient) -> CommandClient:
    for command in (
        "RPUSH l 3 1 2 10", "MSET w_1 30 w_2 20 w_3 10 w_10 5", "HSET h_1 f 5", "HSET h_2 f 4", "SADD s c b a",
        "ZADD z 1 c 2 b 3 a", "RPUSH eq b a c", "MSET p_a x p_b x p_c y", "SET q_a 1", "SET str a",
    ):  # fmt: skip
        client.run(command)
    return client


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("SORT l", "1 2 3 10"),
        ("SORT l DESC", "10 3 2 1"),
        ("SORT l DESC ASC ALPHA", "1 10 2 3"),
        ("SORT l LIMIT 1 2", "2 3"),
        ("SORT l LIMIT -5 2", "1 2"),
        ("SORT l LIMIT 2 -1", "3 10"),
        ("SORT l LIMIT 9 9", ""),
        ("SORT s ALPHA DESC", "c b a"),
        ("SORT z ALPHA", "a b c"),
        ("SORT none", ""),
        ("SORT l BY nosort", "3 1 2 10"),
        ("SORT l BY nosort DESC LIMIT 1 2", "2 1"),
        ("SORT z BY nosort", "c b a"),
        ("SORT z BY nosort DESC LIMIT 0 2", "a b"),
        ("SORT z BY nosort LIMIT 5 2", ""),
        ("SORT l BY w_*", "10 3 2 1"),
        ("SORT l BY w_* BY nosort", "3 1 2 10"),
        ("SORT l BY h_*->f GET # GET h_*->f", "10 - 3 - 2 4 1 5"),
        ("SORT l BY h_*-> GET nostar LIMIT 0 1", "-"),
        ("SORT eq BY p_* ALPHA", "b a c"),
        ("SORT eq BY p_* ALPHA DESC", "c b a"),
        ("SORT eq BY q_* ALPHA", "b c a"),
        ("SORT eq BY none_* DESC", "c b a"),
        ("SORT_RO l LIMIT 0 1", "1"),
        ("SORT l GET w_* LIMIT 0 1", "30"),
        ("SORT l GET l* GET w_*->f LIMIT 0 1", "- -"),
    ],
)
def test_order(rows: CommandClient, command: str, expected: str) -> None:
    assert words(rows.run(command)) == expected.split()


def test_a_set_has_no_order_to_keep(rows: CommandClient) -> None:
    assert sorted(words(rows.run("SORT s BY nosort"))) == ["a", "b", "c"]
    assert len(words(rows.run("SORT s BY nosort LIMIT 0 2"))) == 2


@pytest.mark.parametrize("options", ["FOO", "LIMIT 1", "BY", "GET", "STORE"])
def test_options_that_make_no_sense(rows: CommandClient, options: str) -> None:
    assert rows.run(f"SORT l {options}") == SYNTAX_ERROR


def test_what_cannot_be_sorted(rows: CommandClient) -> None:
    not_a_number = b"-ERR One or more scores can't be converted into double\r\n"
    assert rows.run("SORT eq") == not_a_number
    assert rows.run("SORT l LIMIT x 1") == b"-ERR value is not an integer or out of range\r\n"
    assert rows.run("SORT str").startswith(b"-WRONGTYPE")
    assert rows.run("SORT_RO l STORE x") == SYNTAX_ERROR
    for text, fits in (
        (b" 5", True),
        (b"", True),
        (b"5\x00x", True),
        (b"\x00", True),
        (b"4.9e-324", False),
        (b" ", False),
    ):
        rows.run("DEL k")
        rows(b"RPUSH", b"k", text)
        assert (rows.run("SORT k") == not_a_number) is not fits


def test_storing(rows: CommandClient, record: Record) -> None:
    record.dirty()
    assert rows.run("SORT l GET w_* GET none_* STORE d") == b":8\r\n"
    assert record.events() == ["sortstore d"]
    assert record.replayed() == ["SORT l GET w_* GET none_* STORE d"]
    assert record.dirty() == 8
    assert words(rows.run("LRANGE d 0 3")) == ["30", "", "20", ""]
    assert rows.run("SORT none STORE d") == b":0\r\n"
    assert record.events() == ["del d"]
    assert rows.run("SORT none STORE d") == b":0\r\n"
    assert record.events() == []
    assert rows.run("SORT s BY nosort DESC STORE d") == b":3\r\n"
    assert words(rows.run("LRANGE d 0 -1")) == ["c", "b", "a"]


def test_an_order_that_may_differ_elsewhere_is_replayed_as_its_result(rows: CommandClient, record: Record) -> None:
    assert rows.run("SORT s BY q_* ALPHA DESC LIMIT 0 1 STORE d") == b":1\r\n"
    assert record.replayed() == ["MULTI", "DEL d", "RPUSH d a", "EXEC"]


def test_a_string_changed_in_place_can_be_a_weight(rows: CommandClient) -> None:
    rows.run("APPEND w_10 0")
    assert words(rows.run("SORT l BY w_* GET w_*")) == ["10", "20", "30", "50"]


def test_a_field_whose_time_is_over_is_not_there(rows: CommandClient, server: CommandServer) -> None:
    rows.run("HPEXPIRE h_1 10 FIELDS 1 f")
    rows.run("HSET h_1 g 1")
    server.advance(1)
    assert words(rows.run("SORT l GET h_*->f")) == ["-", "4", "-", "-"]


def test_a_cluster_looks_nothing_up(rows: CommandClient, server: CommandServer) -> None:
    server.engine.config.assign("cluster-enabled", b"yes")
    assert rows.run("SORT l BY w_*") == b"-ERR BY option of SORT denied in cluster mode.\r\n"
    assert rows.run("SORT l GET #") == b"-ERR GET option of SORT denied in cluster mode.\r\n"
    assert words(rows.run("SORT l BY nosort")) == ["3", "1", "2", "10"]


@pytest.mark.parametrize(
    ("command", "keys"),
    [
        ("SORT k", [1]),
        ("SORT k STORE d", [1, 3]),
        ("SORT k BY store GET store LIMIT store 1 STORE a store b", [1, 12]),
        ("SORT k STORE", [1]),
        ("SORT_RO k BY x", [1]),
    ],
)
def test_its_keys(command: str, keys: list[int]) -> None:
    argv = command.encode().split()
    declared = next(each for each in group.commands if each.name.upper() == argv[0])
    assert declared.key_positions(argv) == keys
