"""DEBUG about lists: nodes, compression, the size from which an element stands alone."""

from __future__ import annotations

import re

from miniredis.config.config import Config

from commands.conftest import CommandClient, CommandServer

WORD = "word" * 12


def debugger() -> tuple[CommandServer, CommandClient]:
    config = Config()
    config.assign("enable-debug-command", b"yes")
    server = CommandServer(config)
    return server, server.client()


def test_the_nodes_of_a_quicklist() -> None:
    server, client = debugger()
    client.run("CONFIG SET list-max-listpack-size 2 list-compress-depth 1")
    client.run(f"RPUSH l {WORD} {WORD} {WORD} {WORD} {WORD} {WORD}")
    about = client.run("DEBUG OBJECT l")
    assert re.search(
        rb"encoding:quicklist serializedlength:\d+ lru:\d+ lru_seconds_idle:0 ql_nodes:3 ql_avg_node:2\.00"
        rb" ql_listpack_max:2 ql_compressed:1 ql_uncompressed_size:321\r\n$",
        about,
    )
    assert client.run("DEBUG QUICKLIST l 1") == b"+Quicklist structure printed on stdout\r\n"
    said = [text for _, text in server.logged]
    assert said[0] == "quicklist of 6 elements in 3 nodes"
    assert [text.split()[2] for text in said[1:]] == ["packed,", "compressed,", "packed,"]
    assert client.run("LRANGE l 2 3").count(WORD.encode()) == 2
    assert client.run("DEBUG LISTPACK l") == b"-ERR Not a listpack encoded object.\r\n"


def test_a_small_list_is_a_listpack() -> None:
    server, client = debugger()
    client.run("RPUSH l a b c")
    assert client.run("DEBUG LISTPACK l") == b"+Listpack structure printed on stdout\r\n"
    assert server.logged[-1][1].startswith("listpack of 3 entries")
    assert client.run("DEBUG QUICKLIST l") == b"-ERR Not a quicklist encoded object.\r\n"
    assert b"ql_nodes" not in client.run("DEBUG OBJECT l")
    assert client.run("DEBUG QUICKLIST none") == client.run("DEBUG LISTPACK none") == b"-ERR no such key\r\n"


def test_elements_from_a_size_on_stand_alone() -> None:
    _, client = debugger()
    wrong = b"-ERR argument must be a memory value bigger than 1 and smaller than 4gb\r\n"
    for size in ("x", "-1", "4gb"):
        assert client.run(f"DEBUG QUICKLIST-PACKED-THRESHOLD {size}") == wrong
    assert client.run("DEBUG QUICKLIST-PACKED-THRESHOLD 10b") == b"+OK\r\n"
    client.run("CONFIG SET list-max-listpack-size 3")
    client.run("RPUSH l a b c 0123456789 d 0123456789")
    assert b"ql_nodes:4" in client.run("DEBUG OBJECT l")
    assert client.run("LINDEX l 3") == b"$10\r\n0123456789\r\n"
    assert client.run("DEBUG QUICKLIST-PACKED-THRESHOLD 0") == b"+OK\r\n"
