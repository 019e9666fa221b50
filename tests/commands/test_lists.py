"""List commands, bytes in and bytes out."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budget import examples
from miniredis.datatypes.lists import ListValue

from commands.conftest import CommandClient, CommandServer, ServerClock
from commands.recorded_replay import Recorder, replay


def test_elements_pushed_left_stand_first(client: CommandClient) -> None:
    assert client.run("LPUSH k a b") == b":2\r\n"
    assert client.run("RPUSH k c d") == b":4\r\n"
    assert client.run("LRANGE k 0 -1") == b"*4\r\n$1\r\nb\r\n$1\r\na\r\n$1\r\nc\r\n$1\r\nd\r\n"
    assert client.run("LPUSHX none a") == b":0\r\n"
    assert client.run("RPUSHX k e") == b":5\r\n"
    assert client.run("LLEN k") == b":5\r\n"
    assert client.run("LLEN none") == b":0\r\n"
    assert client.run("LINDEX k -1") == b"$1\r\ne\r\n"
    assert client.run("LINDEX none 0") == b"$-1\r\n"


def test_an_emptied_list_is_gone(client: CommandClient) -> None:
    client.run("RPUSH k a b c")
    assert client.run("LPOP k 2") == b"*2\r\n$1\r\na\r\n$1\r\nb\r\n"
    assert client.run("RPOP k") == b"$1\r\nc\r\n"
    assert client.run("EXISTS k") == b":0\r\n"
    assert client.run("RPOP k") == b"$-1\r\n"
    assert client.run("LPOP k 1") == b"*-1\r\n"
    assert client.resp3.run("LPOP k 1") == b"_\r\n"
    client.run("RPUSH k a")
    assert client.run("LPOP k 0") == b"*0\r\n"
    assert client.run("LPOP k 1 1") == b"-ERR wrong number of arguments for 'lpop' command\r\n"
    assert client.run("RPOP k 1 1") == b"-ERR wrong number of arguments for 'rpop' command\r\n"
    assert client.run("LPOP k -1") == b"-ERR value is out of range, must be positive\r\n"
    client.run("LTRIM k 1 0")
    assert client.run("EXISTS k") == b":0\r\n"


def test_positions(client: CommandClient) -> None:
    client.run("RPUSH k a b a c a")
    assert client.run("LPOS k a") == b":0\r\n"
    assert client.run("LPOS k a RANK -1") == b":4\r\n"
    assert client.run("LPOS k a COUNT 2 RANK 2 MAXLEN 4") == b"*1\r\n:2\r\n"
    assert client.run("LPOS k x") == b"$-1\r\n"
    assert client.run("LPOS none x COUNT 1") == b"*0\r\n"
    assert client.run("LPOS k a COUNT -1") == b"-ERR COUNT can't be negative\r\n"
    assert client.run("LPOS k a MAXLEN -1") == b"-ERR MAXLEN can't be negative\r\n"
    assert client.run("LPOS k a RANK") == b"-ERR syntax error\r\n"
    assert client.run("LPOS k a ROUND 1") == b"-ERR syntax error\r\n"
    assert b"RANK can't be zero" in client.run("LPOS k a RANK 0")
    assert b"value must between" in client.run("LPOS k a RANK -9223372036854775808")


def test_changes_in_place(client: CommandClient) -> None:
    client.run("RPUSH k a b a c a")
    assert client.run("LSET k 1 x") == b"+OK\r\n"
    assert client.run("LSET k 9 x") == b"-ERR index out of range\r\n"
    assert client.run("LSET none 0 x") == b"-ERR no such key\r\n"
    assert client.run("LINSERT k BEFORE x y") == b":6\r\n"
    assert client.run("LINSERT k AFTER nope y") == b":-1\r\n"
    assert client.run("LINSERT none AFTER a b") == b":0\r\n"
    assert client.run("LINSERT k BESIDE a b") == b"-ERR syntax error\r\n"
    assert client.run("LREM k -2 a") == b":2\r\n"
    assert client.run("LREM none 0 a") == b":0\r\n"
    assert client.run("LRANGE k 0 -1") == b"*4\r\n$1\r\na\r\n$1\r\ny\r\n$1\r\nx\r\n$1\r\nc\r\n"
    assert client.run("LTRIM k 0 9") == b"+OK\r\n"
    assert client.run("LTRIM none 0 9") == b"+OK\r\n"
    for element in "ayxc":
        assert client.run(f"LREM k 0 {element}") == b":1\r\n"
    assert client.run("EXISTS k") == b":0\r\n"


def test_moves(client: CommandClient) -> None:
    client.run("RPUSH k a b c")
    assert client.run("LMOVE k o LEFT RIGHT") == b"$1\r\na\r\n"
    assert client.run("RPOPLPUSH k o") == b"$1\r\nc\r\n"
    assert client.run("RPOPLPUSH k k") == b"$1\r\nb\r\n"
    assert client.run("LMOVE none o LEFT RIGHT") == b"$-1\r\n"
    assert client.run("LMOVE k o LEFT UP") == b"-ERR syntax error\r\n"
    assert client.run("LRANGE o 0 -1") == b"*2\r\n$1\r\nc\r\n$1\r\na\r\n"


def test_the_first_list_with_elements_is_popped(client: CommandClient) -> None:
    client.run("RPUSH k a b c")
    assert client.run("LMPOP 2 none k RIGHT COUNT 2") == b"*2\r\n$1\r\nk\r\n*2\r\n$1\r\nc\r\n$1\r\nb\r\n"
    assert client.run("BLMPOP 0 1 k LEFT") == b"*2\r\n$1\r\nk\r\n*1\r\n$1\r\na\r\n"
    assert client.run("LMPOP 1 k LEFT") == b"*-1\r\n"
    assert client.run("LMPOP 0 k LEFT") == b"-ERR numkeys should be greater than 0\r\n"
    assert client.run("LMPOP 2 k LEFT") == b"-ERR syntax error\r\n"
    assert client.run("LMPOP 1 k LEFT COUNT 0") == b"-ERR count should be greater than 0\r\n"
    assert client.run("LMPOP 1 k LEFT COUNT 1 COUNT 1") == b"-ERR syntax error\r\n"


def test_the_wrong_type(client: CommandClient) -> None:
    client.run("SET s v")
    for command in ("LPUSH s a", "LLEN s", "LPOP s", "LRANGE s 0 1", "BLPOP s 0", "BLMOVE s o LEFT LEFT 0"):
        assert client.run(command).startswith(b"-WRONGTYPE "), command


def test_clients_are_served_in_the_order_in_which_they_came(server: CommandServer, client: CommandClient) -> None:
    waiting = [server.client() for _ in range(4)]
    waiting[0].run("BLPOP k 0")
    waiting[1].run("BRPOP other k 0")
    waiting[2].run("BLMPOP 0 1 k LEFT COUNT 5")
    waiting[3].run("BLMOVE k o LEFT LEFT 0")
    assert client.run("RPUSH k a b c d") == b":4\r\n"
    assert [b"".join(each.drain()) for each in waiting] == [
        b"*2\r\n$1\r\nk\r\n$1\r\na\r\n",
        b"*2\r\n$1\r\nk\r\n$1\r\nd\r\n",
        b"*2\r\n$1\r\nk\r\n*2\r\n$1\r\nb\r\n$1\r\nc\r\n",
        b"",
    ]
    client.run("RPUSH k e")
    assert waiting[3].drain() == [b"$1\r\ne\r\n"]


@pytest.mark.parametrize(
    "command",
    ["BLPOP k 1.5", "BRPOP k j 1.5", "BLMPOP 1.5 1 k LEFT", "BLMOVE k o LEFT LEFT 1.5", "BRPOPLPUSH k o 1.5"],
)
def test_waiting_ends_to_the_millisecond(client: CommandClient, clock: ServerClock, command: str) -> None:
    assert client.run(command) == b""
    clock.advance(1.499)
    assert client.drain() == []
    clock.advance(0.001)
    assert client.drain() == [b"*-1\r\n"]


def test_a_key_of_another_type_serves_nobody(server: CommandServer, client: CommandClient) -> None:
    waiting = [server.client() for _ in range(3)]
    waiting[0].run("BLPOP k 0")
    waiting[1].run("BLMPOP 0 1 k LEFT")
    waiting[2].run("BLMOVE k o LEFT LEFT 0")
    client.run("SET k v")
    client.run("APPEND k w")
    assert [each.drain() for each in waiting] == [[], [], []]


def test_a_transaction_does_not_wait(client: CommandClient) -> None:
    for command in ("MULTI", "BLPOP k 0", "BLMOVE k o LEFT LEFT 0"):
        client.run(command)
    assert client.run("EXEC") == b"*2\r\n*-1\r\n$-1\r\n"


def test_what_is_replayed_does_not_wait_or_choose(server: CommandServer, client: CommandClient) -> None:
    recorder = Recorder(server)
    waiting = server.client()
    client.run("RPUSH k a b c d e f g")
    client.run("BLPOP none k 0")
    client.run("BRPOP k 0")
    client.run("LMPOP 2 none k RIGHT COUNT 2")
    client.run("BLMOVE k o LEFT RIGHT 0")
    client.run("BRPOPLPUSH k o 0")
    client.run("LPOP k")
    assert recorder.take() == [
        "RPUSH k a b c d e f g",
        "LPOP k",
        "RPOP k",
        "RPOP k 2",
        "LMOVE k o LEFT RIGHT",
        "RPOPLPUSH k o",
        "LPOP k",
    ]
    waiting.run("BLMPOP 0 1 k LEFT COUNT 9")
    client.run("LPUSH k x")
    waiting.run("BRPOP k 0")
    client.run("LPUSH k y")
    waiting.run("BRPOPLPUSH k o 0")
    client.run("LPUSH k z")
    assert recorder.take() == ["LPUSH k x", "LPOP k 1", "LPUSH k y", "RPOP k", "LPUSH k z", "RPOPLPUSH k o"]
    client.run("LTRIM o 0 -1")
    client.run("LREM o 0 nope")
    client.run("LPOP none")
    assert recorder.take() == []


def test_events(server: CommandServer, client: CommandClient) -> None:
    recorder = Recorder(server)
    client.run("RPUSH k a b c d")
    client.run("LPOP k 2")
    client.run("LSET k 0 x")
    client.run("LINSERT k BEFORE x y")
    client.run("LTRIM k 0 9")
    client.run("LREM k 0 y")
    client.run("LMOVE k o RIGHT LEFT")
    client.run("RPOPLPUSH k o")
    client.run("LTRIM o 5 6")
    assert recorder.take_events() == [
        "rpush k", "lpop k", "lset k", "linsert k", "ltrim k", "lrem k", "lpush o", "rpop k", "lpush o", "rpop k",
        "del k", "ltrim o", "del o",
    ]  # fmt: skip
    server.client().run("BLPOP k 0")
    client.run("LPUSH k a")
    assert recorder.take_events() == ["lpush k", "lpop k", "del k"]


def test_a_failed_move_of_a_waiting_client_takes_nothing(server: CommandServer, client: CommandClient) -> None:
    waiting = server.client()
    waiting.run("BLMOVE k o LEFT LEFT 0")
    client.run("SET o v")
    client.run("RPUSH k a")
    assert waiting.drain()[0].startswith(b"-WRONGTYPE ")
    assert client.run("LLEN k") == b":1\r\n"


ELEMENTS = st.sampled_from(["a", "b", "1", "xyz"])
KEYS = st.sampled_from(["k", "l"])
SIDES = st.sampled_from(["LEFT", "RIGHT"])
NUMBERS = st.integers(-6, 6)
COMMANDS = st.one_of(
    st.builds("{} {} {} {}".format, st.sampled_from(["LPUSH", "RPUSH"]), KEYS, ELEMENTS, ELEMENTS),
    st.builds("{} {} {}".format, st.sampled_from(["LPOP", "RPOP"]), KEYS, st.integers(0, 3)),
    st.builds("BLMPOP 0.1 2 l k {} COUNT {}".format, SIDES, st.integers(1, 3)),
    st.builds("{} {} {} 0.1".format, st.sampled_from(["BLPOP", "BRPOP"]), KEYS, KEYS),
    st.builds("BLMOVE {} {} {} {} 0.1".format, KEYS, KEYS, SIDES, SIDES),
    st.builds("LTRIM {} {} {}".format, KEYS, NUMBERS, NUMBERS),
    st.builds("LREM {} {} {}".format, KEYS, NUMBERS, ELEMENTS),
    st.builds("LSET {} {} {}".format, KEYS, NUMBERS, ELEMENTS),
    st.builds("LINSERT {} AFTER {} {}".format, KEYS, ELEMENTS, ELEMENTS),
)


@settings(max_examples=examples(50), deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), COMMANDS), max_size=40))
def test_a_replay_gives_the_same_lists(steps: list[tuple[int, str]]) -> None:
    """Three clients that may be waiting; what they leave is replayed elsewhere."""
    server = CommandServer()
    recorder = Recorder(server)
    clients = [server.client() for _ in range(3)]
    for number, command in steps:
        clients[number].run(command)
    server.advance(1)
    twin = replay(CommandServer(), recorder.replayed)
    reader = server.client()
    for key in ("k", "l"):
        assert twin.run(f"LRANGE {key} 0 -1") == reader.run(f"LRANGE {key} 0 -1")
        value = server.engine.keyspace.databases[0].peek(key.encode())
        assert value is None or isinstance(value, ListValue)
        if value is not None:
            value._check()


def test_a_long_list_is_read_from_the_middle(client: CommandClient) -> None:
    random = Random(3)
    for start in range(0, 20000, 1000):
        client(b"RPUSH", b"k", *[b"%d" % number for number in range(start, start + 1000)])
    for _ in range(50):
        index = random.randrange(19000)
        assert client.run(f"LINDEX k {index}") == b"$%d\r\n%d\r\n" % (len(str(index)), index)
        reply = client.run(f"LRANGE k {index} {index + 700}")
        assert reply.split(b"\r\n")[2::2] == [b"%d" % number for number in range(index, index + 701)]
    assert client.run("OBJECT ENCODING k") == b"$9\r\nquicklist\r\n"
