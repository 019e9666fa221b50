from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budget import examples

from commands.conftest import CommandClient, CommandServer
from commands.witness import Witness
from oracle.normalise import unordered


@pytest.fixture
def witness(server: CommandServer) -> Witness:
    return Witness(server)


def bulk(text: bytes) -> bytes:
    return b"$%d\r\n%s\r\n" % (len(text), text)


def array(*texts: bytes) -> bytes:
    return b"*%d\r\n" % len(texts) + b"".join(map(bulk, texts))


def members(client: CommandClient, key: str) -> list[bytes]:
    return sorted(client.run(f"SMEMBERS {key}").split(b"\r\n")[2::2])


def test_members_are_added_found_and_removed(client: CommandClient) -> None:
    assert client.run("SADD s a b a") == b":2\r\n"
    assert client.run("SADD s b c") == b":1\r\n"
    assert client.run("SISMEMBER s a") == b":1\r\n"
    assert client.run("SMISMEMBER s a x c") == b"*3\r\n:1\r\n:0\r\n:1\r\n"
    assert client.run("SCARD s") == b":3\r\n"
    assert client.resp3.run("SMEMBERS s").startswith(b"~3\r\n")
    assert client.resp3.run("SMEMBERS none") == b"~0\r\n"
    assert client.run("SREM s a b c x") == b":3\r\n"
    assert client.run("EXISTS s") == b":0\r\n"


def test_what_adding_and_removing_leave_behind(client: CommandClient, witness: Witness) -> None:
    client.run("SADD s a b")
    client.run("SADD s a b")
    client.run("SREM s x")
    client.run("SREM none x")
    client.run("SREM s a")
    client.run("SREM s b")
    assert witness.events() == ["sadd s", "srem s", "srem s", "del s"]
    assert witness.replayed() == ["SADD s a b", "SREM s a", "SREM s b"]


def test_what_moving_leaves_behind(client: CommandClient, witness: Witness) -> None:
    client.run("SADD a 1 2")
    client.run("SADD b 2")
    witness.events()
    witness.commands()
    assert client.run("SMOVE a b zz") == b":0\r\n"
    assert client.run("SMOVE none b 1") == b":0\r\n"
    assert client.run("SMOVE a a 1") == b":1\r\n"
    assert client.run("SMOVE a a zz") == b":0\r\n"
    assert client.run("SMOVE a b 1") == b":1\r\n"
    assert client.run("SMOVE a b 2") == b":1\r\n"
    assert client.run("SMOVE b new 2") == b":1\r\n"
    assert witness.events() == ["srem a", "sadd b", "srem a", "del a", "srem b", "sadd new"]
    assert witness.replayed() == ["SMOVE a b 1", "SMOVE a b 2", "SMOVE b new 2"]


def test_what_popping_leaves_behind(client: CommandClient, witness: Witness) -> None:
    client.run("SADD s a b c d e f g h i j")
    witness.events()
    witness.commands()
    popped = [client.run("SPOP s").split(b"\r\n")[1].decode()]
    assert witness.replayed() == [f"SREM s {popped[0]}"]
    two = client.run("SPOP s 2").split(b"\r\n")[2::2]
    assert witness.replayed() == ["SREM s " + b" ".join(two).decode()]
    six = client.run("SPOP s 6").split(b"\r\n")[2::2]
    assert witness.replayed() == ["SREM s " + b" ".join(six).decode()]
    assert client.run("SCARD s") == b":1\r\n"
    assert len(client.run("SPOP s 100").split(b"\r\n")) == 4
    assert witness.replayed() == ["DEL s"]
    assert client.run("SPOP s 0") == client.run("SPOP s 5") == b"*0\r\n"
    assert client.resp3.run("SPOP s 5") == b"~0\r\n"
    assert client.run("SPOP s") == b"$-1\r\n"
    assert witness.events() == ["spop s", "spop s", "spop s", "spop s", "del s"]
    client.run("SADD s x")
    client.run("SPOP s")
    assert witness.events() == ["sadd s", "spop s", "del s"]


def test_popping_many_is_replayed_in_batches(client: CommandClient, witness: Witness) -> None:
    client(b"SADD", b"s", *(b"m%d" % number for number in range(5000)))
    witness.commands()
    client.run("SPOP s 2500")
    commands = witness.commands()
    assert [len(argv) - 2 for argv in commands] == [1024, 1024, 452]
    assert len({member for argv in commands for member in argv[2:]}) == 2500
    assert client.run("SCARD s") == b":2500\r\n"


def test_what_storing_leaves_behind(client: CommandClient, witness: Witness) -> None:
    client.run("SADD a 1 2 3")
    client.run("SADD b 2 3 4")
    client.run("SET to x EX 100")
    witness.events()
    witness.commands()
    assert client.run("SINTERSTORE to a b") == b":2\r\n"
    assert client.run("TTL to") == b":-1\r\n"
    assert client.run("SUNIONSTORE to a b") == b":4\r\n"
    assert client.run("SDIFFSTORE to a b") == b":1\r\n"
    assert client.run("SDIFFSTORE to a a") == b":0\r\n"
    assert client.run("SDIFFSTORE to none a") == b":0\r\n"
    assert witness.events() == ["sinterstore to", "sunionstore to", "sdiffstore to", "del to"]
    assert witness.replayed() == ["SINTERSTORE to a b", "SUNIONSTORE to a b", "SDIFFSTORE to a b", "SDIFFSTORE to a a"]


def test_algebra(client: CommandClient) -> None:
    client.run("SADD a 1 2 x")
    client.run("SADD b 2 x y")
    assert unordered(client.run("SINTER a b")) == array(b"2", b"x")
    assert client.run("SINTER a none") == b"*0\r\n"
    assert unordered(client.run("SUNION a b none")) == array(b"1", b"2", b"x", b"y")
    assert client.run("SUNION none") == b"*0\r\n"
    assert client.run("SDIFF a b") == array(b"1")
    assert client.run("SDIFF none a") == b"*0\r\n"
    assert client.resp3.run("SDIFF a b") == b"~1\r\n" + bulk(b"1")
    assert client.run("SINTERCARD 2 a b") == b":2\r\n"
    assert client.run("SINTERCARD 2 a b LIMIT 1") == b":1\r\n"


@pytest.mark.parametrize(
    ("command", "text"),
    [
        ("SPOP s x", "ERR value is out of range, must be positive"),
        ("SPOP s -1", "ERR value is out of range, must be positive"),
        ("SPOP s 1 2", "ERR syntax error"),
        ("SRANDMEMBER s x", "ERR value is not an integer or out of range"),
        ("SRANDMEMBER s 1 2", "ERR syntax error"),
        ("SINTERCARD 0 s", "ERR numkeys should be greater than 0"),
        ("SINTERCARD x s", "ERR numkeys should be greater than 0"),
        ("SINTERCARD 2 s", "ERR Number of keys can't be greater than number of args"),
        ("SINTERCARD 1 s LIMIT", "ERR syntax error"),
        ("SINTERCARD 1 s FOO 1", "ERR syntax error"),
        ("SINTERCARD 1 s LIMIT -1", "ERR LIMIT can't be negative"),
        ("SSCAN s x", "ERR invalid cursor"),
        ("SSCAN s 0 NOVALUES", "ERR syntax error"),
    ],
)
def test_mistakes_are_refused(client: CommandClient, command: str, text: str) -> None:
    client.run("SADD s a")
    assert client.run(command) == b"-" + text.encode() + b"\r\n"


def test_a_value_of_another_type_is_refused(client: CommandClient) -> None:
    client.run("SET string x")
    client.run("SADD s a")
    for command in (
        "SADD string a", "SISMEMBER string a", "SINTER s string", "SINTER none string", "SMOVE string s a",
        "SMOVE s string a", "SUNIONSTORE to string",
    ):  # fmt: skip
        assert client.run(command).startswith(b"-WRONGTYPE")


def test_members_are_drawn(client: CommandClient) -> None:
    client.run("SADD s a b c")
    assert client.run("SRANDMEMBER s") in [bulk(b"a"), bulk(b"b"), bulk(b"c")]
    assert unordered(client.run("SRANDMEMBER s 5")) == array(b"a", b"b", b"c")
    assert client.resp3.run("SRANDMEMBER s 5").startswith(b"*3\r\n")
    assert client.run("SRANDMEMBER s -10").startswith(b"*10\r\n")
    assert client.run("SRANDMEMBER s -9223372036854775808").startswith(
        b"-ERR value is out of range, value must between"
    )
    assert client.run("SRANDMEMBER none") == b"$-1\r\n"
    assert client.run("SRANDMEMBER none 3") == b"*0\r\n"
    assert client.run("SCARD s") == b":3\r\n"


def test_every_member_is_popped_as_often_as_any_other(client: CommandClient) -> None:
    counts: dict[bytes, int] = {}
    for _ in range(600):
        client.run("SADD s a b c d e f")
        popped = client.run("SPOP s")
        counts[popped] = counts.get(popped, 0) + 1
    assert len(counts) == 6
    assert min(counts.values()) > 60


def test_a_scan_of_a_large_set_gives_every_member(client: CommandClient) -> None:
    names = [b"m%d" % number for number in range(2000)]
    client(b"SADD", b"s", *names)
    found: list[bytes] = []
    cursor = b"0"
    while True:
        reply = client(b"SSCAN", b"s", cursor, b"COUNT", b"100", b"MATCH", b"m*").split(b"\r\n")
        cursor = reply[2]
        found += reply[5::2]
        if cursor == b"0":
            break
    assert sorted(found) == sorted(names)
    assert client.run("SSCAN none 0") == b"*2\r\n" + bulk(b"0") + b"*0\r\n"


@settings(max_examples=examples(40))
@given(
    st.lists(
        st.one_of(
            st.builds(
                "{} {} {} {}".format,
                st.sampled_from(["SADD", "SREM"]),
                st.sampled_from("st"),
                st.sampled_from(["1", "2", "a", "b", "x" * 70]),
                st.sampled_from(["3", "4", "c"]),
            ),
            st.builds("SPOP {}{}".format, st.sampled_from("st"), st.sampled_from(["", " 1", " 2", " 4", " 100"])),
            st.builds("SMOVE s t {}".format, st.sampled_from(["1", "a", "c"])),
            st.builds("{} t s t".format, st.sampled_from(["SINTERSTORE", "SUNIONSTORE", "SDIFFSTORE"])),
        ),
        max_size=40,
    )
)
def test_what_is_replayed_gives_the_same_data(steps: list[str]) -> None:
    server = CommandServer()
    witness = Witness(server)
    client = server.client()
    for step in steps:
        client.run(step)
    replica = CommandServer(seed=99).client()
    for argv in witness.commands():
        assert not replica(*argv).startswith(b"-")
    for key in ("s", "t"):
        assert members(replica, key) == members(client, key)
