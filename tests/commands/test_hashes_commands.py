from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budget import examples
from miniredis.datatypes.hashes import HashValue
from miniredis.keyspace.database import EXPIRE_DELETE, EXPIRE_HIDE, EXPIRE_IGNORE
from miniredis.keyspace.expiry import ActiveExpiry
from miniredis.testing.memory import START_MS

from commands.conftest import CommandClient, CommandServer, ServerClock
from commands.witness import Witness


@pytest.fixture
def witness(server: CommandServer) -> Witness:
    return Witness(server)


def bulk(text: bytes) -> bytes:
    return b"$%d\r\n%s\r\n" % (len(text), text)


def array(*texts: bytes) -> bytes:
    return b"*%d\r\n" % len(texts) + b"".join(map(bulk, texts))


def test_fields_are_stored_and_read(client: CommandClient) -> None:
    assert client.run("HSET h a 1 b 2") == b":2\r\n"
    assert client.run("HSET h a 3 c 4") == b":1\r\n"
    assert client.run("HGET h a") == bulk(b"3")
    assert client.run("HMGET h a x c") == b"*3\r\n" + bulk(b"3") + b"$-1\r\n" + bulk(b"4")
    assert client.run("HGETALL h") == array(b"a", b"3", b"b", b"2", b"c", b"4")
    assert client.resp3.run("HGETALL h").startswith(b"%3\r\n")
    assert client.resp3.run("HGETALL none") == b"%0\r\n"
    assert client.run("HKEYS h") == array(b"a", b"b", b"c")
    assert client.run("HVALS h") == array(b"3", b"2", b"4")
    assert client.run("HKEYS none") == client.run("HVALS none") == b"*0\r\n"
    assert client.run("HEXISTS h a") == b":1\r\n"
    assert client.run("HEXISTS h x") == b":0\r\n"
    assert client.run("HSTRLEN h a") == b":1\r\n"
    assert client.run("HSTRLEN h x") == b":0\r\n"
    assert client.run("HDEL h a b c") == b":3\r\n"
    assert client.run("HDEL h a") == b":0\r\n"
    assert client.run("HLEN h") == b":0\r\n"


def test_what_setting_and_deleting_leave_behind(client: CommandClient, witness: Witness) -> None:
    client.run("HSET h a 1 b 2")
    client.run("HMSET h c 3")
    client.run("HSETNX h c 4")
    client.run("HSETNX h d 5")
    client.run("HDEL h zz")
    client.run("HDEL h a b")
    client.run("HDEL h c d")
    assert witness.events() == ["hset h", "hset h", "hset h", "hdel h", "hdel h", "del h"]
    assert witness.replayed() == ["HSET h a 1 b 2", "HMSET h c 3", "HSETNX h d 5", "HDEL h a b", "HDEL h c d"]
    assert set(witness.modified()) == {b"h"}


def test_the_dirty_count_counts_fields(server: CommandServer, client: CommandClient) -> None:
    client.run("HSET h a 1 b 2 c 3")
    assert server.engine.effects.dirty == 3
    client.run("HDEL h a b")
    assert server.engine.effects.dirty == 5


def test_increments_are_replayed_exactly(client: CommandClient, witness: Witness) -> None:
    client.run("HINCRBY h n 5")
    client.run("HINCRBYFLOAT h f 1.5")
    client.run("HPEXPIREAT h 99999999999999 FIELDS 2 n f")
    client.run("HINCRBY h n 1")
    client.run("HINCRBYFLOAT h f 1")
    assert witness.replayed() == [
        "HINCRBY h n 5",
        "HSET h f 1.5",
        "HPEXPIREAT h 99999999999999 FIELDS 2 n f",
        "HSETEX h PXAT 99999999999999 FIELDS 1 n 6",
        "HSETEX h PXAT 99999999999999 FIELDS 1 f 2.5",
    ]
    assert witness.events() == ["hincrby h", "hincrbyfloat h", "hexpire h", "hincrby h", "hincrbyfloat h"]


NUMFIELDS = "ERR numfields should be greater than 0 and match the provided number of fields"


@pytest.mark.parametrize(
    ("command", "text"),
    [
        ("HINCRBY h n x", "ERR value is not an integer or out of range"),
        ("HINCRBY h text 1", "ERR hash value is not an integer"),
        ("HINCRBY h n 9223372036854775807", "ERR increment or decrement would overflow"),
        ("HINCRBY h minus -9223372036854775808", "ERR increment or decrement would overflow"),
        ("HINCRBYFLOAT h n x", "ERR value is not a valid float"),
        ("HINCRBYFLOAT h n nan", "ERR value is not a valid float"),
        ("HINCRBYFLOAT h n -inf", "ERR value is NaN or Infinity"),
        ("HINCRBYFLOAT h text 1", "ERR hash value is not a float"),
        ("HINCRBYFLOAT h huge 1e4932", "ERR increment would produce NaN or Infinity"),
        ("HSET h a", "ERR wrong number of arguments for 'hset' command"),
        ("HSET h a 1 b", "ERR wrong number of arguments for 'hset' command"),
        ("HRANDFIELD h x", "ERR value is not an integer or out of range"),
        ("HRANDFIELD h 1 foo", "ERR syntax error"),
        ("HRANDFIELD h 1 WITHVALUES foo", "ERR syntax error"),
        ("HRANDFIELD h 9223372036854775807 WITHVALUES", "ERR value is out of range"),
        ("HSCAN h x", "ERR invalid cursor"),
        ("HSCAN h 0 FOO", "ERR syntax error"),
        ("HSCAN h 0 COUNT 0", "ERR syntax error"),
        ("HSCAN h -x", "ERR invalid cursor"),
        ("HEXPIRE h 1 FOO BAR n", NUMFIELDS),
        ("HEXPIRE h 1 FIELDS 2 n", NUMFIELDS),
        ("HEXPIRE h 1 FIELDS x n", "ERR value is not an integer or out of range"),
        ("HEXPIRE h 1 FOO FIELDS 1 n", "ERR Unsupported option FOO"),
        ("HEXPIRE h 1 NX XX FIELDS 1 n", "ERR NX and XX, GT or LT options at the same time are not compatible"),
        ("HEXPIRE h 1 GT LT FIELDS 1 n", "ERR GT and LT options at the same time are not compatible"),
        ("HEXPIRE h -1 FIELDS 1 n", "ERR invalid expire time in 'hexpire' command"),
        ("HPEXPIRE h 9223372036854775807 FIELDS 1 n", "ERR invalid expire time in 'hpexpire' command"),
        ("HEXPIREAT h 9223372036854775807 FIELDS 1 n", "ERR invalid expire time in 'hexpireat' command"),
        ("HPEXPIREAT h x FIELDS 1 n", "ERR value is not an integer or out of range"),
        ("HTTL h FOO 1 n", "ERR syntax error"),
        ("HTTL h FIELDS 2 n", "ERR syntax error"),
        ("HPERSIST h FIELDS 2 n", NUMFIELDS),
        ("HGETDEL h FIELDS 0 n", NUMFIELDS),
        ("HGETEX h FOO FIELDS 1 n", "ERR syntax error"),
        ("HGETEX h EX 1 PX 1 FIELDS 1 n", "ERR syntax error"),
        ("HGETEX h EX FIELDS 1 n", "ERR syntax error"),
        ("HSETEX h PERSIST FIELDS 1 n 1", "ERR syntax error"),
        ("HSETEX h FNX FXX FIELDS 1 n 1", "ERR syntax error"),
        ("HSETEX h EX -1 FIELDS 1 n 1", "ERR invalid expire time in 'hsetex' command"),
    ],
)
def test_mistakes_are_refused_and_change_nothing(
    client: CommandClient, witness: Witness, command: str, text: str
) -> None:
    client.run("HSET h n 1 text abc minus -1 huge 1e4932")
    witness.commands()
    assert client.run(command) == b"-" + text.encode() + b"\r\n"
    assert witness.commands() == []


def test_a_value_of_another_type_is_refused(client: CommandClient) -> None:
    client.run("SET s x")
    for command in ("HGET s a", "HSET s a 1", "HEXPIRE s 1 FIELDS 1 a", "HTTL s FIELDS 1 a"):
        assert client.run(command).startswith(b"-WRONGTYPE")


def test_random_fields_come_with_their_values(client: CommandClient) -> None:
    client.run("HSET h a 1")
    assert client.run("HRANDFIELD h") == bulk(b"a")
    assert client.run("HRANDFIELD h 5 WITHVALUES") == array(b"a", b"1")
    assert client.resp3.run("HRANDFIELD h 5 WITHVALUES") == b"*1\r\n" + array(b"a", b"1")
    assert client.run("HRANDFIELD h -3") == array(b"a", b"a", b"a")
    assert client.run("HRANDFIELD h -2 WITHVALUES") == array(b"a", b"1", b"a", b"1")
    assert client.run("HRANDFIELD h -9223372036854775808").startswith(b"-ERR value is out of range, value must between")
    assert client.run("HRANDFIELD none") == b"$-1\r\n"
    assert client.resp3.run("HRANDFIELD none") == b"_\r\n"
    assert client.run("HRANDFIELD none 5") == b"*0\r\n"


def test_a_scan_of_a_large_hash_gives_every_field(client: CommandClient) -> None:
    fields = [b"f%d" % number for number in range(2000)]
    client(b"HSET", b"h", *(item for field in fields for item in (field, b"v")))
    found: list[bytes] = []
    cursor = b"0"
    while True:
        reply = client(b"HSCAN", b"h", cursor, b"COUNT", b"100", b"NOVALUES").split(b"\r\n")
        cursor = reply[2]
        found += reply[5::2]
        if cursor == b"0":
            break
    assert sorted(found) == sorted(fields)


def test_a_scan_gives_what_matches(client: CommandClient) -> None:
    client.run("HSET h aa 1 ab 2 b 3")
    assert client.run("HSCAN h 0 MATCH a*") == b"*2\r\n" + bulk(b"0") + array(b"aa", b"1", b"ab", b"2")
    assert client.run("HSCAN h 0 NOVALUES MATCH a*") == b"*2\r\n" + bulk(b"0") + array(b"aa", b"ab")
    assert client.run("HSCAN none 0") == b"*2\r\n" + bulk(b"0") + b"*0\r\n"


# Expiry of fields.


def test_a_field_expires(client: CommandClient, clock: ServerClock, witness: Witness) -> None:
    client.run("HSET h a 1 b 2")
    client.run("HPEXPIRE h 1500 FIELDS 1 a")
    assert client.run("HPTTL h FIELDS 2 a b") == b"*2\r\n:1500\r\n:-1\r\n"
    assert client.run("HTTL h FIELDS 1 a") == b"*1\r\n:2\r\n"
    clock.advance(1.499)
    assert client.run("HGET h a") == bulk(b"1")
    clock.advance(0.001)
    witness.events()
    witness.commands()
    assert client.run("HGET h a") == b"$-1\r\n"
    assert client.run("HLEN h") == b":1\r\n"
    assert witness.events() == ["hexpired h"]
    assert witness.replayed() == ["HDEL h a"]


def test_the_last_field_to_expire_takes_the_hash_along(
    server: CommandServer, client: CommandClient, clock: ServerClock, witness: Witness
) -> None:
    client.run("HSET h a 1 b 2")
    client.run("HPEXPIRE h 5 FIELDS 2 a b")
    clock.advance(1)
    witness.events()
    witness.commands()
    assert client.run("HSET h c 3") == b":1\r\n"
    assert client.run("HGETALL h") == array(b"c", b"3")
    assert witness.events() == ["hexpired h", "del h", "hset h"]
    assert witness.replayed() == ["HDEL h a b", "HSET h c 3"]
    assert server.engine.keyspace.databases[0].volatile_hashes.size() == 0
    assert server.engine.keyspace.statistics.expired_fields == 2


def test_all_fields_gone_read_as_no_hash(client: CommandClient, clock: ServerClock) -> None:
    client.run("HSET h a 1")
    client.run("HPEXPIRE h 5 FIELDS 1 a")
    clock.advance(1)
    assert client.run("HGETALL h") == b"*0\r\n"
    assert client.run("EXISTS h") == b":0\r\n"


def test_what_hexpire_leaves_behind(client: CommandClient, witness: Witness) -> None:
    client.run("HSET h a 1 b 2 c 3")
    assert client.run("HEXPIRE h 100 FIELDS 3 a zz b") == b"*3\r\n:1\r\n:-2\r\n:1\r\n"
    assert client.run("HEXPIRE h 200 NX FIELDS 2 a c") == b"*2\r\n:0\r\n:1\r\n"
    assert client.run("HEXPIRE h 200 NX FIELDS 2 a c") == b"*2\r\n:0\r\n:0\r\n"
    assert client.run("HEXPIRE h 0 FIELDS 3 a a zz") == b"*3\r\n:2\r\n:-2\r\n:-2\r\n"
    assert client.run("HEXPIREAT h 1 FIELDS 2 b c") == b"*2\r\n:2\r\n:2\r\n"
    assert witness.events() == ["hset h", "hexpire h", "hexpire h", "hexpired h", "hexpired h", "del h"]
    assert witness.replayed() == [
        "HSET h a 1 b 2 c 3",
        f"HPEXPIREAT h {START_MS + 100_000} FIELDS 2 a b",
        f"HPEXPIREAT h {START_MS + 200_000} FIELDS 1 c",
        "HDEL h a",
        "HDEL h b c",
    ]


def test_what_hpersist_leaves_behind(client: CommandClient, witness: Witness) -> None:
    client.run("HSETEX h EX 100 FIELDS 1 a 1")
    client.run("HSET h b 1")
    witness.events()
    witness.commands()
    assert client.run("HPERSIST h FIELDS 3 a b zz") == b"*3\r\n:1\r\n:-1\r\n:-2\r\n"
    assert client.run("HPERSIST h FIELDS 1 a") == b"*1\r\n:-1\r\n"
    assert client.run("HPERSIST none FIELDS 1 a") == b"*1\r\n:-2\r\n"
    assert witness.events() == ["hpersist h"]
    assert witness.replayed() == ["HPERSIST h FIELDS 3 a b zz"]


def test_what_hgetex_leaves_behind(client: CommandClient, witness: Witness) -> None:
    client.run("HSET h a 1 b 2")
    witness.events()
    witness.commands()
    client.run("HGETEX h FIELDS 1 a")
    client.run("HGETEX none EX 5 FIELDS 1 a")
    client.run("HGETEX h EX 5 FIELDS 1 zz")
    client.run("HGETEX h EX 100 FIELDS 2 a zz")
    client.run("HGETEX h PERSIST FIELDS 2 a b")
    client.run("HGETEX h PERSIST FIELDS 2 a b")
    assert client.run("HGETEX h PXAT 1 FIELDS 3 a zz b") == b"*3\r\n" + bulk(b"1") + b"$-1\r\n" + bulk(b"2")
    assert witness.events() == ["hexpire h", "hpersist h", "hexpired h", "del h"]
    assert witness.replayed() == [
        f"HPEXPIREAT h {START_MS + 100_000} FIELDS 1 a",
        "HPERSIST h FIELDS 1 a",
        "HDEL h a b",
    ]


def test_what_hsetex_leaves_behind(client: CommandClient, witness: Witness) -> None:
    client.run("HSETEX h FIELDS 1 a 1")
    client.run("HSETEX h FNX EX 100 FIELDS 1 b 2")
    client.run("HSETEX h FNX EX 100 FIELDS 1 b 3")
    client.run("HSETEX h KEEPTTL FXX FIELDS 1 b 4")
    assert witness.events() == ["hset h", "hset h", "hexpire h", "hset h"]
    client.run("HSETEX h PXAT 1 FIELDS 2 b 5 zz 6")
    assert witness.events() == ["hset h", "hexpire h", "hexpired h"]
    client.run("HSETEX h PXAT 1 FIELDS 1 never 6")
    client.run("HSETEX new PXAT 1 FIELDS 1 never 6")
    assert witness.events() == [
        "hset h",
        "hexpire h",
        "hexpired h",
        "hset new",
        "hexpire new",
        "hexpired new",
        "del new",
    ]
    assert witness.replayed() == [
        "HSETEX h FIELDS 1 a 1",
        f"HSETEX h PXAT {START_MS + 100_000} FIELDS 1 b 2",
        "HSETEX h KEEPTTL FIELDS 1 b 4",
        "HDEL h b",
    ]
    assert client.run("HGETALL h") == array(b"a", b"1")


def test_what_hgetdel_leaves_behind(client: CommandClient, witness: Witness) -> None:
    client.run("HSET h a 1 b 2")
    client.run("HGETDEL h FIELDS 1 zz")
    client.run("HGETDEL none FIELDS 1 zz")
    assert client.run("HGETDEL h FIELDS 3 a a b") == b"*3\r\n" + bulk(b"1") + b"$-1\r\n" + bulk(b"2")
    assert witness.events() == ["hset h", "hdel h", "del h"]
    assert witness.replayed() == ["HSET h a 1 b 2", "HGETDEL h FIELDS 3 a a b"]


@pytest.mark.parametrize("copies", ["COPY h to", "RENAME h to"])
def test_expiries_go_along_with_the_hash(
    server: CommandServer, client: CommandClient, clock: ServerClock, copies: str
) -> None:
    client.run("HSETEX h EX 10 FIELDS 1 a 1")
    client.run("HSET h b 2")
    client.run(copies)
    assert client.run("HTTL to FIELDS 1 a") == b"*1\r\n:10\r\n"
    clock.advance(11)
    ActiveExpiry(server.engine.keyspace).run(lambda: True)
    assert client.run("HLEN to") == b":1\r\n"


def test_conditions_compare_with_the_time_there_is(client: CommandClient) -> None:
    client.run("HSET h a 1 b 2")
    assert client.run("HEXPIRE h 100 XX FIELDS 1 a") == b"*1\r\n:0\r\n"
    assert client.run("HEXPIRE h 100 GT FIELDS 1 a") == b"*1\r\n:0\r\n"
    assert client.run("HEXPIRE h 100 LT FIELDS 1 a") == b"*1\r\n:1\r\n"
    assert client.run("HEXPIRE h 200 LT FIELDS 1 a") == b"*1\r\n:0\r\n"
    assert client.run("HEXPIRE h 200 XX GT FIELDS 2 a b") == b"*2\r\n:1\r\n:0\r\n"
    assert client.run("HEXPIRE h 150 GT FIELDS 1 a") == b"*1\r\n:0\r\n"
    assert client.run("HEXPIRE none 150 FIELDS 2 a b") == b"*2\r\n:-2\r\n:-2\r\n"
    assert client.run("HEXPIRETIME h FIELDS 2 a b") == b"*2\r\n:%d\r\n:-1\r\n" % (START_MS // 1000 + 200)
    assert client.run("HPEXPIRETIME h FIELDS 1 a") == b"*1\r\n:%d\r\n" % (START_MS + 200_000)
    assert client.run("HPTTL none FIELDS 1 a") == b"*1\r\n:-2\r\n"


def test_conditions_of_hsetex(client: CommandClient) -> None:
    assert client.run("HSETEX h XX FIELDS 1 a 1") == b":0\r\n"
    assert client.run("HSETEX h FXX FIELDS 1 a 1") == b":0\r\n"
    assert client.run("HSETEX h NX FIELDS 1 a 1") == b":1\r\n"
    assert client.run("HSETEX h NX FIELDS 1 a 1") == b":0\r\n"
    assert client.run("HSETEX h FXX FIELDS 2 a 1 b 1") == b":0\r\n"
    assert client.run("HSETEX h FXX EXAT 99999999999 FIELDS 1 a 2") == b":1\r\n"
    assert client.run("HEXPIRETIME h FIELDS 1 a") == b"*1\r\n:99999999999\r\n"


# On replicas, and while a log is loaded.


def test_a_replica_hides_what_is_due_and_waits(
    server: CommandServer, client: CommandClient, clock: ServerClock, witness: Witness
) -> None:
    client.run("HSETEX h EX 10 FIELDS 2 a 1 b 2")
    client.run("HSETEX all EX 10 FIELDS 1 a 1")
    client.run("HSET h c 3")
    server.engine.keyspace.set_expire_policy(EXPIRE_HIDE)
    clock.advance(11)
    witness.commands()
    assert client.run("HGETALL h") == array(b"c", b"3")
    assert client.run("HLEN h") == b":1\r\n"
    assert client.run("HTTL h FIELDS 2 a c") == b"*2\r\n:-2\r\n:-1\r\n"
    assert client.run("HGETALL all") == b"*0\r\n"
    value = server.engine.keyspace.databases[0].table.get(b"h")
    assert isinstance(value, HashValue)
    assert value.stored_size() == 3
    assert witness.commands() == []
    # The primary's commands see every field ...
    server.engine.keyspace.set_expire_policy(EXPIRE_IGNORE)
    assert client.run("HINCRBY h a 1") == b":2\r\n"
    assert client.run("HPEXPIREAT h 5 FIELDS 1 c") == b"*1\r\n:1\r\n"
    assert client.run("HGETEX h PXAT 5 FIELDS 1 c") == b"*1\r\n" + bulk(b"3")
    assert client.run("HSETEX h PXAT 5 FIELDS 1 c 4") == b":1\r\n"
    assert client.run("HDEL h b") == b":1\r\n"
    # ... and once it is a primary itself, they go.
    server.engine.keyspace.set_expire_policy(EXPIRE_DELETE)
    assert client.run("HLEN h") == b":0\r\n"
    assert client.run("HLEN all") == b":0\r\n"
    assert client.run("DBSIZE") == b":0\r\n"


def test_a_client_that_writes_to_a_replica_does_not_revive_hidden_fields(
    server: CommandServer, client: CommandClient, clock: ServerClock
) -> None:
    client.run("HSETEX h EX 10 FIELDS 2 a 1 b 2")
    server.engine.keyspace.set_expire_policy(EXPIRE_HIDE)
    clock.advance(11)
    assert client.run("HSET h c 3") == b":1\r\n"
    assert client.run("HGETALL h") == array(b"c", b"3")


# Active expiry.


def test_active_expiry_deletes_fields_nobody_asks_for(
    server: CommandServer, client: CommandClient, clock: ServerClock, witness: Witness
) -> None:
    for number in range(50):
        client.run(f"HSETEX h{number} PX {100 + number} FIELDS 1 a 1")
        client.run(f"HSET h{number} b 2")
    database = server.engine.keyspace.databases[0]
    expiry = ActiveExpiry(server.engine.keyspace)
    clock.advance(0.099)
    expiry.run(lambda: True)
    assert database.volatile_hashes.size() == 50
    clock.advance(0.020)
    witness.events()
    expiry.run(lambda: True)
    assert database.volatile_hashes.size() == 30
    clock.advance(1)
    expiry.run(lambda: True)
    assert database.volatile_hashes.size() == 0
    assert client.run("HGETALL h7") == array(b"b", b"2")


def test_active_expiry_stops_when_its_time_is_over_and_goes_on_later(
    server: CommandServer, client: CommandClient, clock: ServerClock
) -> None:
    fields = [b"f%d" % number for number in range(1000)]
    for key in (b"h", b"i"):
        client(b"HSET", key, *(item for field in fields for item in (field, b"v")))
        client(b"HPEXPIRE", key, b"10", b"FIELDS", b"1000", *fields)
    clock.advance(1)
    value = server.engine.keyspace.databases[0].table.get(b"h")
    assert isinstance(value, HashValue)
    expiry = ActiveExpiry(server.engine.keyspace)
    expiry.run(lambda: False)
    assert 0 < value.size() < 1000
    expiry.run(lambda: True)
    assert client.run("DBSIZE") == b":0\r\n"
    assert server.engine.keyspace.statistics.expired_fields == 2000


def test_active_expiry_forgets_hashes_that_have_no_expiry_any_more(
    server: CommandServer, client: CommandClient, clock: ServerClock
) -> None:
    client.run("HSETEX persisted EX 10 FIELDS 1 a 1")
    client.run("HPERSIST persisted FIELDS 1 a")
    client.run("HSETEX string EX 10 FIELDS 1 a 1")
    client.run("SET string x")
    client.run("HSETEX kept EX 10 FIELDS 1 a 1")
    database = server.engine.keyspace.databases[0]
    ActiveExpiry(server.engine.keyspace).run(lambda: True)
    assert database.volatile_hashes.keys() == [b"kept"]


# Memory.


def test_the_memory_of_hashes_and_sets_is_counted(server: CommandServer, client: CommandClient) -> None:
    keyspace = server.engine.keyspace
    keyspace.count_memory(True)
    random = Random(1)
    for number in range(300):
        field = random.randrange(100)
        client.run(f"HSET h f{field} {'v' * random.randrange(50)}")
        client.run(f"HDEL h f{random.randrange(100)}")
        client.run(f"SADD s m{field} n{number}")
        client.run(f"SREM s m{random.randrange(100)}")
        client.run("SPOP s")
        if number % 100 == 99:
            assert keyspace.memory.used == sum(database.count_all() for database in keyspace.databases)
    client.run("DEL h s")
    assert keyspace.memory.used == 0


# What is replayed gives the same data.

FIELDS = st.sampled_from(["a", "b", "c", "d"])
NUMBERS = st.sampled_from(["1", "-2", "3.5", "x"])
SOME = st.lists(FIELDS, min_size=1, max_size=3)


def listed(command: str, fields: list[str]) -> str:
    return f"{command} FIELDS {len(fields)} {' '.join(fields)}"


WRITES = st.one_of(
    st.builds("HSET h {} {}".format, FIELDS, NUMBERS),
    st.builds("HSETNX h {} {}".format, FIELDS, NUMBERS),
    st.builds("HINCRBY h {} 3".format, FIELDS),
    st.builds("HINCRBYFLOAT h {} 0.5".format, FIELDS),
    st.builds("HDEL h {}".format, FIELDS),
    st.builds(
        listed, st.sampled_from(["HEXPIRE h 2", "HPEXPIRE h 1 GT", "HEXPIRE h 0 LT", "HPEXPIRE h 3000 NX"]), SOME
    ),
    st.builds(
        listed,
        st.sampled_from(["HPERSIST h", "HGETDEL h", "HGETEX h EX 1", "HGETEX h PERSIST", "HGETEX h PX 0", "HTTL h"]),
        SOME,
    ),
    st.builds(
        "HSETEX h {} {} FIELDS 1 {} {}".format,
        st.sampled_from(["", "NX", "FNX", "FXX"]),
        st.sampled_from(["", "EX 1", "PX 2500", "PX 0", "KEEPTTL"]),
        FIELDS,
        NUMBERS,
    ),
    st.sampled_from(["WAIT", "WAIT", "EXPIRE", "HGETALL h", "DEL h", "COPY h g", "RENAME g h"]),
)


@settings(max_examples=examples(60))
@given(st.lists(WRITES, max_size=40))
def test_what_is_replayed_gives_the_same_data(steps: list[str]) -> None:
    server = CommandServer()
    witness = Witness(server)
    client = server.client()
    replica = CommandServer()
    replica.engine.keyspace.set_expire_policy(EXPIRE_IGNORE)
    reader = replica.client()
    for step in steps:
        if step == "WAIT":
            server.advance(0.7)
        elif step == "EXPIRE":
            ActiveExpiry(server.engine.keyspace).run(lambda: True)
            server.engine.deliver_unasked(client.session)
        else:
            client.run(step)
    # Read everything once, so that what is due is gone on the primary and the replica was told.
    shown = [client.run(f"HGETALL {key}") for key in ("h", "g")]
    times = [client.run(f"HPEXPIRETIME {key} FIELDS 4 a b c d") for key in ("h", "g")]
    replica.advance(100)  # its clock is wrong: that must not matter
    for argv in witness.commands():
        assert not reader(*argv).startswith(b"-")
    assert [reader.run(f"HGETALL {key}") for key in ("h", "g")] == shown
    assert [reader.run(f"HPEXPIRETIME {key} FIELDS 4 a b c d") for key in ("h", "g")] == times
