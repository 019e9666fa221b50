"""Stream commands, bytes in and bytes out."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budget import examples
from miniredis.datatypes.streams import StreamValue

from commands.conftest import CommandClient, CommandServer, ServerClock
from commands.recorded_replay import Recorder, replay

ENTRY_1 = b"*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n"
ENTRY_2 = b"*2\r\n$3\r\n2-1\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n"
INVALID = b"-ERR Invalid stream ID specified as stream command argument\r\n"


def fill(client: CommandClient, *commands: str) -> None:
    """Commands that must succeed."""
    for command in commands:
        assert not client.run(command).startswith(b"-"), command


def test_an_entry_gets_the_time_as_its_id(client: CommandClient, clock: ServerClock) -> None:
    ms = b"%d" % clock.now_ms
    assert client.run("XADD k * a b") == b"$15\r\n%b-0\r\n" % ms
    assert client.run("XADD k MAXLEN 5 * a b") == b"$15\r\n%b-1\r\n" % ms
    clock.advance(0.001)
    assert client.run("XADD k * a b") == b"$15\r\n%d-0\r\n" % (clock.now_ms)
    assert client.run("XLEN k") == b":3\r\n"
    assert client.run("XLEN none") == b":0\r\n"


def test_ids_only_grow(client: CommandClient) -> None:
    assert client.run("XADD k 5-1 a b") == b"$3\r\n5-1\r\n"
    smaller = b"-ERR The ID specified in XADD is equal or smaller than the target stream top item\r\n"
    assert client.run("XADD k 5-1 a b") == smaller
    assert client.run("XADD k 4-* a b") == smaller
    assert client.run("XADD k 5-* a b") == b"$3\r\n5-2\r\n"
    assert client.run("XADD k 6-* a b") == b"$3\r\n6-0\r\n"
    assert client.run("XADD k 5-5-* a b") == INVALID
    assert client.run("XADD k 0-0 a b") == b"-ERR The ID specified in XADD must be greater than 0-0\r\n"
    assert client.run("XADD none NOMKSTREAM 1-1 a b") == b"$-1\r\n"
    assert client.run("XADD none NOMKSTREAM nomkstream MAXLEN") == INVALID
    assert client.run("XADD none NOMKSTREAM MAXLEN 1 NOMKSTREAM").startswith(b"-ERR wrong number of arguments")
    assert client.run("XADD k 7-1 a") == b"-ERR wrong number of arguments for 'xadd' command\r\n"
    fill(client, "XADD k 18446744073709551615-18446744073709551615 a b")
    assert client.run("XADD k * a b").startswith(b"-ERR The stream has exhausted")


def test_trimming(client: CommandClient) -> None:
    fill(client, *[f"XADD k {number}-1 a b" for number in range(1, 11)])
    assert client.run("XTRIM k MAXLEN = 8") == b":2\r\n"
    assert client.run("XTRIM k MINID 5") == b":2\r\n"
    assert client.run("XTRIM k MAXLEN ~ 1 LIMIT 1") == b":0\r\n"
    assert client.run("XADD k MAXLEN ~ 1 11-1 a b") == b"$4\r\n11-1\r\n"
    assert client.run("XTRIM none MAXLEN 1") == b":0\r\n"
    assert client.run("XTRIM k MAXIMUM 1") == b"-ERR syntax error\r\n"
    assert client.run("XTRIM k MAXLEN -1") == b"-ERR The MAXLEN argument must be >= 0.\r\n"
    assert client.run("XTRIM k MAXLEN ~ 1 LIMIT -1") == b"-ERR The LIMIT argument must be >= 0.\r\n"
    assert b"without the special ~ option" in client.run("XTRIM k MAXLEN 1 LIMIT 1")
    assert b"without specifying a trimming strategy" in client.run("XTRIM k LIMIT 1")
    assert b"must be called with a trimming strategy" in client.run("XTRIM k LIMIT 0")
    assert b"at the same time are not compatible" in client.run("XTRIM k MAXLEN 1 MINID 1")
    assert client.run("XLEN k") == b":7\r\n"


def test_an_unlimited_node_still_limits_approximate_trimming(client: CommandClient) -> None:
    fill(client, "CONFIG SET stream-node-max-entries 0", "XADD k 1-1 a b", "XADD k 2-1 a b")
    assert client.run("XTRIM k MAXLEN ~ 0") == b":2\r\n"


def test_ranges(client: CommandClient) -> None:
    fill(client, "XADD k 1-1 a b", "XADD k 2-1 a b")
    assert client.run("XRANGE k - +") == b"*2\r\n" + ENTRY_1 + ENTRY_2
    assert client.run("XRANGE k (1-1 +") == b"*1\r\n" + ENTRY_2
    assert client.run("XREVRANGE k + - COUNT 1") == b"*1\r\n" + ENTRY_2
    assert client.run("XREVRANGE k (2-1 -") == b"*1\r\n" + ENTRY_1
    assert client.run("XRANGE k - + COUNT 0") == b"*-1\r\n"
    assert client.run("XREVRANGE k + - COUNT 0") == b"*-1\r\n"
    assert client.run("XRANGE none - +") == b"*0\r\n"
    assert client.run("XREVRANGE none + -") == b"*0\r\n"
    assert client.run("XRANGE k - + COUNT") == b"-ERR syntax error\r\n"
    assert client.run("XRANGE k - (0-0") == b"-ERR invalid end ID for the interval\r\n"
    top = "(18446744073709551615-18446744073709551615"
    assert client.run(f"XRANGE k {top} +") == b"-ERR invalid start ID for the interval\r\n"
    assert client.run("XRANGE k x +") == INVALID


def test_deleting(client: CommandClient) -> None:
    fill(client, "XADD k 1-1 a b", "XADD k 2-1 a b")
    assert client.run("XDEL k 1-1 1-1 9-9") == b":1\r\n"
    assert client.run("XDEL none 1-1") == b":0\r\n"
    assert client.run("XDEL k 2-1 x") == INVALID
    assert client.run("XRANGE k - +") == b"*1\r\n" + ENTRY_2


def test_setting_the_last_id(client: CommandClient) -> None:
    fill(client, "XADD k 5-1 a b")
    assert client.run("XSETID k 4-1").startswith(b"-ERR The ID specified in XSETID is smaller than the target")
    assert client.run("XSETID none 4-1") == b"-ERR no such key\r\n"
    assert client.run("XSETID k 6-1 ENTRIESADDED 9 MAXDELETEDID 3-1") == b"+OK\r\n"
    assert client.run("XSETID k 6-1 ENTRIESADDED 0").startswith(b"-ERR The entries_added specified")
    assert client.run("XSETID k 6-1 ENTRIESADDED -1") == b"-ERR entries_added must be positive\r\n"
    assert b"smaller than the provided" in client.run("XSETID k 6-1 MAXDELETEDID 7-1")
    assert client.run("XSETID k 6-1 MAXDELETEDID") == b"-ERR syntax error\r\n"
    assert client.run("XSETID k 6-1 OTHER 1") == b"-ERR syntax error\r\n"
    info = client.run("XINFO STREAM k")
    assert b"entries-added\r\n:9\r\n" in info and b"max-deleted-entry-id\r\n$3\r\n3-1\r\n" in info


def test_reading(client: CommandClient) -> None:
    fill(client, "XADD k 1-1 a b", "XADD k 2-1 a b")
    assert client.run("XREAD COUNT 1 STREAMS k none 0 0") == b"*1\r\n*2\r\n$1\r\nk\r\n*1\r\n" + ENTRY_1
    assert client.resp3.run("XREAD STREAMS k 1-1") == b"%1\r\n$1\r\nk\r\n*1\r\n" + ENTRY_2
    assert client.run("XREAD STREAMS k +") == b"*1\r\n*2\r\n$1\r\nk\r\n*1\r\n" + ENTRY_2
    assert client.run("XREAD STREAMS k $") == b"*-1\r\n"
    assert client.run("XREAD STREAMS none $") == client.run("XREAD STREAMS none +") == b"*-1\r\n"
    assert client.run("XREAD BLOCK -1 STREAMS k 0") == b"-ERR timeout is negative\r\n"
    assert client.run("XREAD BLOCK x STREAMS k 0") == b"-ERR timeout is not an integer or out of range\r\n"
    assert client.run("XREAD COUNT 1 STREAMS") == b"-ERR syntax error\r\n"
    assert client.run("XREAD COUNT 1 BLOCK 1") == b"-ERR syntax error\r\n"
    assert client.run("XREAD STREAMS k 0 0").startswith(b"-ERR Unbalanced")
    assert client.run("XREAD GROUP g c STREAMS k 0").startswith(b"-ERR The GROUP option is only")
    assert client.run("XREAD NOACK STREAMS k 0").startswith(b"-ERR The NOACK option is only")
    assert client.run("XREAD STREAMS k >").startswith(b"-ERR The > ID can be specified only")


def test_readers_wait(server: CommandServer, client: CommandClient, clock: ServerClock) -> None:
    fill(client, "XADD k 1-1 a b")
    waiting = [server.client() for _ in range(3)]
    waiting[0].run("XREAD BLOCK 0 STREAMS k $")
    waiting[1].run("XREAD BLOCK 1500 STREAMS other k $ 1-5")
    waiting[2].run("XREAD BLOCK 1500 COUNT 1 STREAMS other 0")
    fill(client, "SET other v", "DEL other", "XADD k 1-2 a b", "XADD k 2-1 a b")
    assert waiting[0].drain() == [b"*1\r\n*2\r\n$1\r\nk\r\n*1\r\n" + ENTRY_1.replace(b"1-1", b"1-2")]
    assert waiting[1].drain() == [b"*1\r\n*2\r\n$1\r\nk\r\n*1\r\n" + ENTRY_2]
    clock.advance(1.5)
    assert waiting[2].drain() == [b"*-1\r\n"]


def test_groups(client: CommandClient) -> None:
    assert client.run("XGROUP CREATE k g $").startswith(b"-ERR The XGROUP subcommand requires the key to exist")
    assert client.run("XGROUP CREATE k g $ MKSTREAM") == b"+OK\r\n"
    assert client.run("XGROUP CREATE k g 0") == b"-BUSYGROUP Consumer Group name already exists\r\n"
    assert client.run("XGROUP CREATE k h 0 ENTRIESREAD -2") == b"-ERR value for ENTRIESREAD must be positive or -1\r\n"
    assert client.run("XGROUP CREATE k h 0 OTHER").startswith(b"-ERR unknown subcommand or wrong number")
    assert client.run("XGROUP SETID k g 0 MKSTREAM").startswith(b"-ERR unknown subcommand or wrong number")
    assert client.run("XGROUP SETID k g 5-1 ENTRIESREAD 3") == b"+OK\r\n"
    assert client.run("XGROUP SETID k h 0") == b"-NOGROUP No such consumer group 'h' for key name 'k'\r\n"
    assert client.run("XGROUP CREATECONSUMER k g c") == b":1\r\n"
    assert client.run("XGROUP CREATECONSUMER k g c") == b":0\r\n"
    assert client.run("XGROUP DELCONSUMER k g c") == b":0\r\n"
    assert client.run("XGROUP DELCONSUMER k g c") == b":0\r\n"
    assert client.run("XGROUP DESTROY k g") == b":1\r\n"
    assert client.run("XGROUP DESTROY k g") == b":0\r\n"
    assert client.run("XGROUP HELP").startswith(b"*13\r\n+XGROUP <subcommand>")
    assert client.run("XINFO HELP").startswith(b"*9\r\n+XINFO <subcommand>")


def test_consumers_are_given_entries_once(client: CommandClient, clock: ServerClock) -> None:
    fill(client, "XADD k 1-1 a b", "XADD k 2-1 a b", "XGROUP CREATE k g 0")
    given = b"*1\r\n*2\r\n$1\r\nk\r\n*1\r\n"
    assert client.run("XREADGROUP GROUP g alice COUNT 1 STREAMS k >") == given + ENTRY_1
    assert client.run("XREADGROUP GROUP g bob STREAMS k >") == given + ENTRY_2
    assert client.run("XREADGROUP GROUP g bob STREAMS k >") == b"*-1\r\n"
    assert client.run("XREADGROUP GROUP g alice STREAMS k 0") == given + ENTRY_1
    clock.advance(2)
    assert client.run("XPENDING k g") == (
        b"*4\r\n:2\r\n$3\r\n1-1\r\n$3\r\n2-1\r\n*2\r\n*2\r\n$5\r\nalice\r\n$1\r\n1\r\n*2\r\n$3\r\nbob\r\n$1\r\n1\r\n"
    )
    assert client.run("XPENDING k g IDLE 2000 - + 1") == b"*1\r\n*4\r\n$3\r\n1-1\r\n$5\r\nalice\r\n:2000\r\n:2\r\n"
    assert client.run("XPENDING k g IDLE 2001 - + 9") == b"*0\r\n"
    assert client.run("XPENDING k g - + 9 bob") == b"*1\r\n*4\r\n$3\r\n2-1\r\n$3\r\nbob\r\n:2000\r\n:1\r\n"
    assert client.run("XPENDING k g - + 9 eve") == b"*0\r\n"
    assert client.run("XPENDING k g IDLE 1") == b"-ERR syntax error\r\n"
    assert client.run("XPENDING k g IDLE 1 - +") == b"-ERR syntax error\r\n"
    assert client.run("XPENDING k h") == b"-NOGROUP No such key 'k' or consumer group 'h'\r\n"
    assert client.run("XACK k g 1-1 9-9") == b":1\r\n"
    assert client.run("XACK k h 1-1") == client.run("XACK none g 1-1") == b":0\r\n"
    fill(client, "XDEL k 2-1")
    assert client.run("XREADGROUP GROUP g bob STREAMS k 0") == (
        b"*1\r\n*2\r\n$1\r\nk\r\n*1\r\n*2\r\n$3\r\n2-1\r\n*-1\r\n"
    )
    assert client.run("XGROUP DELCONSUMER k g bob") == b":1\r\n"
    assert client.run("XPENDING k g") == b"*4\r\n:0\r\n$-1\r\n$-1\r\n*-1\r\n"


def test_what_a_group_reader_may_not_say(client: CommandClient) -> None:
    fill(client, "XGROUP CREATE k g 0 MKSTREAM")
    assert b"Missing GROUP option" in client.run("XREADGROUP COUNT 1 NOACK BLOCK 1 STREAMS k >")
    assert b"The $ ID is meaningless" in client.run("XREADGROUP GROUP g c STREAMS k $")
    assert b"The + ID is meaningless" in client.run("XREADGROUP GROUP g c STREAMS k +")
    assert client.run("XREADGROUP GROUP h c STREAMS k >").startswith(b"-NOGROUP No such key 'k' or consumer group 'h'")


def test_claims(client: CommandClient, clock: ServerClock) -> None:
    fill(client, "XADD k 1-1 a b", "XADD k 2-1 a b", "XGROUP CREATE k g 0", "XREADGROUP GROUP g alice STREAMS k >")
    clock.advance(2)
    fill(client, "XADD k 3-1 a b")
    assert client.run("XCLAIM k g bob 0 3-1") == b"*0\r\n"
    assert client.run("XCLAIM k g bob 3000 1-1") == b"*0\r\n"
    assert client.run("XCLAIM k g bob 2000 1-1") == b"*1\r\n" + ENTRY_1
    assert client.run("XCLAIM k g bob 0 2-1 JUSTID IDLE 500 RETRYCOUNT 9") == b"*1\r\n$3\r\n2-1\r\n"
    assert client.run("XPENDING k g - + 9") == (
        b"*2\r\n*4\r\n$3\r\n1-1\r\n$3\r\nbob\r\n:0\r\n:2\r\n*4\r\n$3\r\n2-1\r\n$3\r\nbob\r\n:500\r\n:9\r\n"
    )
    assert client.run("XAUTOCLAIM k g carol 100 0") == b"*3\r\n$3\r\n0-0\r\n*1\r\n" + ENTRY_2 + b"*0\r\n"
    assert client.run("XAUTOCLAIM k g carol 0 0 COUNT 1 JUSTID") == b"*3\r\n$3\r\n2-1\r\n*1\r\n$3\r\n1-1\r\n*0\r\n"
    fill(client, "XACK k g 1-1", "XDEL k 2-1")
    assert client.run("XCLAIM k g bob 0 1-1") == b"*0\r\n"
    assert client.run("XCLAIM k g bob 0 1-1 FORCE TIME 1 LASTID 9-9") == b"*1\r\n" + ENTRY_1
    assert client.run("XAUTOCLAIM k g carol 0 0") == (b"*3\r\n$3\r\n0-0\r\n*1\r\n" + ENTRY_1 + b"*1\r\n$3\r\n2-1\r\n")
    assert client.run("XCLAIM k g bob 0 1-1 IDLE x") == b"-ERR Invalid IDLE option argument for XCLAIM\r\n"
    assert client.run("XCLAIM k g bob 0 1-1 ANY") == b"-ERR Unrecognized XCLAIM option 'ANY'\r\n"
    assert client.run("XCLAIM k g bob x 1-1") == b"-ERR Invalid min-idle-time argument for XCLAIM\r\n"
    assert client.run("XAUTOCLAIM k g bob 0 0 COUNT 0") == b"-ERR COUNT must be > 0\r\n"
    assert client.run("XAUTOCLAIM k g bob 0 0 ANY") == b"-ERR syntax error\r\n"
    assert client.run("XCLAIM none g bob 0 1-1") == b"-NOGROUP No such key 'none' or consumer group 'g'\r\n"


def test_a_scan_for_claims_looks_at_ten_entries_for_each_it_may_give(client: CommandClient, clock: ServerClock) -> None:
    fill(client, *[f"XADD k {number} a b" for number in range(1, 31)], "XGROUP CREATE k g 0")
    fill(client, "XREADGROUP GROUP g alice STREAMS k >")
    clock.advance(1)
    assert client.run("XAUTOCLAIM k g bob 5000 0 COUNT 2") == b"*3\r\n$4\r\n21-0\r\n*0\r\n*0\r\n"


def test_consumers_wait(server: CommandServer, client: CommandClient) -> None:
    fill(client, "XGROUP CREATE k g $ MKSTREAM")
    waiting = [server.client() for _ in range(3)]
    for number, each in enumerate(waiting):
        each.run(f"XREADGROUP GROUP g c{number} BLOCK 0 STREAMS k >")
    fill(client, "XADD k 1-1 a b")
    assert waiting[0].drain() == [b"*1\r\n*2\r\n$1\r\nk\r\n*1\r\n" + ENTRY_1]
    assert waiting[1].drain() == []
    fill(client, "XGROUP DESTROY k g")
    gone = b"-NOGROUP the consumer group this client was blocked on no longer exists\r\n"
    assert [waiting[1].drain(), waiting[2].drain()] == [[gone], [gone]]
    fill(client, "XGROUP CREATE k g $")
    waiting[0].run("XREADGROUP GROUP g c BLOCK 0 STREAMS k >")
    fill(client, "DEL k")
    assert waiting[0].drain() == [b"-UNBLOCKED the stream key no longer exists\r\n"]


def test_info(client: CommandClient) -> None:
    fill(client, "XADD k 1-1 a b", "XADD k 2-1 a b", "XGROUP CREATE k g 0", "XREADGROUP GROUP g c COUNT 1 STREAMS k >")
    info = client.resp3.run("XINFO STREAM k")
    assert info.startswith(b"%10\r\n$6\r\nlength\r\n:2\r\n")
    assert b"$11\r\nfirst-entry\r\n" + ENTRY_1 + b"$10\r\nlast-entry\r\n" + ENTRY_2 in info
    groups = client.resp3.run("XINFO GROUPS k")
    assert groups.startswith(b"*1\r\n%6\r\n$4\r\nname\r\n$1\r\ng\r\n$9\r\nconsumers\r\n:1\r\n$7\r\npending\r\n:1\r\n")
    assert groups.endswith(b"$12\r\nentries-read\r\n:1\r\n$3\r\nlag\r\n:1\r\n")
    assert client.resp3.run("XINFO CONSUMERS k g") == (
        b"*1\r\n%4\r\n$4\r\nname\r\n$1\r\nc\r\n$7\r\npending\r\n:1\r\n$4\r\nidle\r\n:0\r\n$8\r\ninactive\r\n:0\r\n"
    )
    full = client.run("XINFO STREAM k FULL COUNT 1")
    assert b"$7\r\nentries\r\n*1\r\n" + ENTRY_1 in full
    assert client.run("XINFO STREAM k FULL COUNT -1") == client.run("XINFO STREAM k FULL")
    assert client.run("XINFO STREAM k FULL COUNT") == client.run("XINFO STREAM k PART")
    assert client.run("XINFO STREAM none") == b"-ERR no such key\r\n"
    assert client.run("XINFO CONSUMERS k h") == b"-NOGROUP No such consumer group 'h' for key name 'k'\r\n"
    fill(client, "XTRIM k MAXLEN 0", "XGROUP CREATECONSUMER k g new")
    assert b"$11\r\nfirst-entry\r\n$-1\r\n" in client.run("XINFO STREAM k")
    assert client.run("XINFO CONSUMERS k g").endswith(b"$8\r\ninactive\r\n:-1\r\n")


def test_the_wrong_type(client: CommandClient) -> None:
    fill(client, "SET s v")
    for command in (
        "XADD s * a b",
        "XLEN s",
        "XREAD STREAMS s 0",
        "XACK s g 1",
        "XINFO STREAM s",
        "XGROUP CREATE s g 0",
    ):
        assert client.run(command).startswith(b"-WRONGTYPE "), command


def test_what_is_replayed_names_ids_and_trims_exactly(
    server: CommandServer, client: CommandClient, clock: ServerClock
) -> None:
    recorder = Recorder(server)
    ms = clock.now_ms
    client.run("XADD k * a b")
    client.run("XADD k NOMKSTREAM MAXLEN ~ 1 LIMIT 7 * a b")
    client.run(f"XADD k MINID ~ 5 {ms}-* a b")
    client.run("XADD k MAXLEN 2 * a b")
    client.run(f"XADD k {ms + 1}-1 a b")
    client.run("XTRIM k MAXLEN ~ 1")
    client.run("XTRIM k MAXLEN 2")
    client.run(f"XADD k MINID 5 {ms + 2}-1 a b")
    assert recorder.take() == [
        f"XADD k {ms}-0 a b",
        f"XADD k MAXLEN = 2 {ms}-1 a b",
        f"XADD k MINID = {ms}-0 {ms}-2 a b",
        f"XADD k MAXLEN = 2 {ms}-3 a b",
        f"XADD k {ms + 1}-1 a b",
        "XTRIM k MAXLEN 2",
        f"XADD k MINID = 5-0 {ms + 2}-1 a b",
    ]
    fill(client, "CONFIG SET stream-node-max-entries 1", "XADD t 1-1 a b", "XADD t 2-1 a b")
    recorder.take()
    client.run("XTRIM t MINID ~ 2")
    client.run("XTRIM t MINID ~ 9")
    assert recorder.take() == ["XTRIM t MINID = 2-1", "XTRIM t MINID = 18446744073709551615-18446744073709551615"]


def test_what_a_consumer_got_is_replayed_as_claims(
    server: CommandServer, client: CommandClient, clock: ServerClock
) -> None:
    fill(client, "XADD k 1-1 a b", "XADD k 2-1 a b", "XADD k 3-1 a b", "XGROUP CREATE k g 0")
    recorder = Recorder(server)
    ms = clock.now_ms
    client.run("XREADGROUP GROUP g alice COUNT 1 STREAMS k >")
    client.run("XREADGROUP GROUP g alice COUNT 1 NOACK STREAMS k >")
    client.run("XREADGROUP GROUP g alice STREAMS k 0")
    client.run("XREADGROUP GROUP g bob BLOCK 5 STREAMS k 0")
    assert recorder.take() == [
        "XGROUP CREATECONSUMER k g alice",
        f"XCLAIM k g alice 0 1-1 TIME {ms} RETRYCOUNT 1 FORCE JUSTID LASTID 1-1",
        "XGROUP SETID k g 1-1 ENTRIESREAD 1",
        "XGROUP SETID k g 2-1 ENTRIESREAD 2",
        "XGROUP CREATECONSUMER k g bob",
    ]
    client.run("XCLAIM k g bob 0 1-1 IDLE 5")
    client.run("XCLAIM k g bob 0 9-9 LASTID 3-1")
    client.run("XDEL k 1-1")
    client.run("XAUTOCLAIM k g bob 0 0")
    client.run("XCLAIM k g bob 0 1-1")
    client.run("XCLAIM k g bob 0 3-1 FORCE")
    client.run("XDEL k 3-1")
    client.run("XCLAIM k g bob 0 3-1")
    assert recorder.take() == [
        f"XCLAIM k g bob 0 1-1 TIME {ms - 5} RETRYCOUNT 3 FORCE JUSTID LASTID 2-1",
        "XGROUP SETID k g 3-1 ENTRIESREAD 2",
        "XDEL k 1-1",
        "XACK k g 1-1",
        f"XCLAIM k g bob 0 3-1 TIME {ms} RETRYCOUNT 2 FORCE JUSTID LASTID 3-1",
        "XDEL k 3-1",
        "XACK k g 3-1",
    ]


def test_events(server: CommandServer, client: CommandClient) -> None:
    recorder = Recorder(server)
    for command in (
        "XADD k 1-1 a b", "XADD k MAXLEN 1 2-1 a b", "XTRIM k MAXLEN 1", "XDEL k 2-1", "XDEL k 2-1", "XTRIM k MAXLEN 0",
        "XADD k 3-1 a b", "XTRIM k MAXLEN 0", "XSETID k 4-1", "XGROUP CREATE k g 0", "XGROUP SETID k g $",
        "XGROUP CREATECONSUMER k g c", "XGROUP DELCONSUMER k g c", "XADD k 5-1 a b", "XREADGROUP GROUP g d STREAMS k >",
        "XACK k g 5-1", "XGROUP DESTROY k g",
    ):  # fmt: skip
        client.run(command)
    assert recorder.take_events() == [
        "xadd k", "xadd k", "xtrim k", "xdel k", "xadd k", "xtrim k", "xsetid k", "xgroup-create k", "xgroup-setid k",
        "xgroup-createconsumer k", "xgroup-delconsumer k", "xadd k", "xgroup-createconsumer k", "xgroup-destroy k",
    ]  # fmt: skip


IDS = st.integers(1, 15)
NAMES = st.sampled_from(["alice", "bob"])
COUNTS = st.integers(1, 4)
COMMANDS = st.one_of(
    st.just("XADD k * a b"),
    st.builds("XADD k MAXLEN ~ {} * a b".format, COUNTS),
    st.builds("XADD k {}-* a b".format, IDS),
    st.builds("XADD k {}-1 c d".format, IDS),
    st.builds("XDEL k {}-1 {}-0".format, IDS, IDS),
    st.builds("XTRIM k {} {}".format, st.sampled_from(["MAXLEN ~", "MAXLEN", "MINID ~", "MINID"]), IDS),
    st.builds("XREADGROUP GROUP g {} COUNT {} STREAMS k >".format, NAMES, COUNTS),
    st.builds("XREADGROUP GROUP g {} COUNT {} NOACK STREAMS k >".format, NAMES, COUNTS),
    st.builds("XREADGROUP GROUP g {} BLOCK 100 STREAMS k >".format, NAMES),
    st.builds("XACK k g {}-0 {}-1".format, IDS, IDS),
    st.builds("XCLAIM k g {} 0 {}-0 {}-1 FORCE JUSTID".format, NAMES, IDS, IDS),
    st.builds("XAUTOCLAIM k g {} 0 {} COUNT {} JUSTID".format, NAMES, IDS, COUNTS),
    st.builds("XGROUP DELCONSUMER k g {}".format, NAMES),
    st.builds("XGROUP SETID k g {}".format, IDS),
)


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), COMMANDS), max_size=50))
def test_a_replay_gives_the_same_stream_and_groups(steps: list[tuple[int, str]]) -> None:
    server = CommandServer()
    recorder = Recorder(server)
    clients = [server.client() for _ in range(3)]
    clients[0].run("CONFIG SET stream-node-max-entries 3")
    clients[0].run("XGROUP CREATE k g 0 MKSTREAM")
    for number, command in steps:
        clients[number].run(command)
    server.advance(1)
    other = CommandServer()
    other.advance(1)
    other.client().run("CONFIG SET stream-node-max-entries 3")
    twin = replay(other, recorder.replayed)
    reader = server.client()
    for command in ("XRANGE k - +", "XPENDING k g - + 100", "XREVRANGE k + - COUNT 3"):
        assert twin.run(command) == reader.run(command)
    stream = server.engine.keyspace.databases[0].peek(b"k")
    copy = other.engine.keyspace.databases[0].peek(b"k")
    assert isinstance(stream, StreamValue) and isinstance(copy, StreamValue)
    stream._check()
    assert (stream.last_id, stream.max_deleted_id, stream.entries_added) == (
        copy.last_id,
        copy.max_deleted_id,
        copy.entries_added,
    )
    assert stream.groups[b"g"].last_id == copy.groups[b"g"].last_id
    assert set(stream.groups[b"g"].consumers) == set(copy.groups[b"g"].consumers)


def test_a_reader_gets_at_most_a_thousand_entries_after_waiting(server: CommandServer, client: CommandClient) -> None:
    waiting = server.client()
    waiting.run("XREAD BLOCK 0 STREAMS k 0")
    client.run("MULTI")
    for number in range(1, 1200):
        client.run(f"XADD k {number} a b")
    client.run("EXEC")
    assert waiting.drain()[0].startswith(b"*1\r\n*2\r\n$1\r\nk\r\n*1000\r\n")


@pytest.mark.parametrize("resp", [2, 3])
def test_a_transaction_does_not_wait(server: CommandServer, resp: int) -> None:
    client = server.client(resp)
    for command in ("MULTI", "XREAD BLOCK 0 STREAMS k $"):
        client.run(command)
    assert client.run("EXEC") == (b"*1\r\n*-1\r\n" if resp == 2 else b"*1\r\n_\r\n")
