"""The lines of the bus: every message there and back, and nothing strange gets in."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniredis.cluster.codec import MAX_LINE, PIECE, BadFrame, Decoder, encode, sender_of
from miniredis.cluster.messages import (
    MEET,
    NO_AGE,
    PING,
    ClientAddress,
    Fail,
    Gossip,
    Header,
    Message,
    Ping,
    Publish,
    StartFailover,
    Update,
    Vote,
    VoteRequest,
)
from miniredis.cluster.ranges import count_in, parse_range, parse_slot, ranges_of, slots_in

ID = b"a" * 40
OTHER = b"0123456789" * 4
HEADER = Header(
    ID, 17, 7000, 0, 17000, b"10.0.0.1", b"host-1.example", b"", OTHER, b"", 7, 5, 123456, ((0, 5460), (9000, 9000)),
    True,
)  # fmt: skip
GOSSIP = Gossip(OTHER, b"::1", 7001, 7002, 17001, 4, 250)

numbers = st.integers(0, (1 << 63) - 1)
ports = st.integers(0, 65535)
slot_sets = st.sets(st.integers(0, 16383), max_size=60).map(ranges_of)
headers = st.builds(
    Header,
    node_id=st.sampled_from([ID, OTHER]),
    flags=ports,
    port=ports,
    tls_port=ports,
    bus_port=ports,
    ip=st.sampled_from([b"", b"127.0.0.1", b"fe80::1%eth0"]),
    hostname=st.binary(max_size=60),
    human_name=st.binary(max_size=60),
    shard_id=st.sampled_from([ID, OTHER]),
    primary_id=st.sampled_from([b"", ID]),
    current_epoch=numbers,
    config_epoch=numbers,
    offset=numbers,
    slots=slot_sets,
    is_up=st.booleans(),
    is_paused=st.booleans(),
    is_forced=st.booleans(),
    client=st.builds(
        ClientAddress,
        ipv4=st.sampled_from([b"", b"1.2.3.4"]),
        ipv6=st.sampled_from([b"", b"::9"]),
        port=ports,
        tls_port=ports,
    ),
)
gossip = st.builds(
    Gossip,
    node_id=st.sampled_from([ID, OTHER]),
    ip=st.sampled_from([b"", b"127.0.0.1"]),
    port=ports,
    tls_port=ports,
    bus_port=ports,
    flags=ports,
    pong_age_ms=st.one_of(st.just(NO_AGE), st.integers(0, 1 << 40)),
)


def there_and_back(message: Message) -> Message | None:
    decoder = Decoder()
    decoded = None
    for line in encode(message):
        assert len(line) <= MAX_LINE
        assert b"\n" not in line
        assert sender_of(line) == message.header.node_id
        decoded = decoder.decode(line, True)
    return decoded


@given(headers, st.lists(gossip, max_size=5))
def test_pings_survive(header: Header, entries: list[Gossip]) -> None:
    message = Ping(header, MEET, entries)
    assert there_and_back(message) == message


@given(headers, numbers, slot_sets)
def test_updates_survive(header: Header, epoch: int, slots: tuple[tuple[int, int], ...]) -> None:
    message = Update(header, OTHER, epoch, slots)
    assert there_and_back(message) == message


@given(st.binary(max_size=50), st.binary(max_size=3 * PIECE), st.booleans())
def test_published_messages_survive_in_pieces(channel: bytes, payload: bytes, is_sharded: bool) -> None:
    message = Publish(HEADER, channel, payload, is_sharded)
    assert there_and_back(message) == message


@pytest.mark.parametrize("message", [Fail(HEADER, OTHER), VoteRequest(HEADER), Vote(HEADER), StartFailover(HEADER)])
def test_the_short_ones_survive(message: Message) -> None:
    assert there_and_back(message) == message


def test_scattered_slots_become_a_bitmap_of_bounded_length() -> None:
    scattered = ranges_of(range(0, 16384, 2))
    message = VoteRequest(replace(HEADER, slots=scattered))
    assert there_and_back(message) == message
    assert len(encode(message)[0]) < 3200
    both = Update(replace(HEADER, slots=scattered), OTHER, 9, ranges_of(range(1, 16384, 2)))
    assert there_and_back(both) == both


def test_gossip_that_does_not_fit_is_left_out() -> None:
    decoded = there_and_back(Ping(HEADER, PING, [GOSSIP] * 250))
    assert isinstance(decoded, Ping)
    assert 100 < len(decoded.gossip) < 250


def test_pieces_of_strangers_are_not_kept() -> None:
    decoder = Decoder()
    for line in encode(Publish(HEADER, b"c", b"x" * 100_000, False)):
        assert decoder.decode(line, False) is None
    assert decoder._held == 0


def line_of(message: Message) -> list[bytes]:
    return encode(message)[0].split(b" ")


def changed(message: Message, at: int, word: bytes) -> bytes:
    words = line_of(message)
    words[at] = word
    return b" ".join(words)


PING_MESSAGE = Ping(HEADER, PING, [GOSSIP])


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"M2 PING",
        b"M1 PING",
        changed(PING_MESSAGE, 1, b"SING"),
        changed(PING_MESSAGE, 2, b"a" * 39),
        changed(PING_MESSAGE, 2, b"G" * 40),
        changed(PING_MESSAGE, 3, b"-1"),
        changed(PING_MESSAGE, 4, b"65536"),
        changed(PING_MESSAGE, 7, b"10.0.0.1;x"),
        changed(PING_MESSAGE, 8, b"a b"[:1] + b"\x00x"),
        changed(PING_MESSAGE, 8, b"=!!!"),
        changed(PING_MESSAGE, 8, b"=" + b"QUFB" * 100),
        changed(PING_MESSAGE, 12, b"9223372036854775808"),
        changed(PING_MESSAGE, 12, b"9" * 20),
        changed(PING_MESSAGE, 15, b"16384"),
        changed(PING_MESSAGE, 15, b"5-3"),
        changed(PING_MESSAGE, 15, b"5,3"),
        changed(PING_MESSAGE, 15, b"5,6"),
        changed(PING_MESSAGE, 15, b"~QUFB"),
        changed(PING_MESSAGE, 16, b"8"),
        changed(PING_MESSAGE, 17, b"x"),
        changed(PING_MESSAGE, 17, b"1.2.3.4,-,65536,0"),
        changed(PING_MESSAGE, 17, b"1.2.3.4;x,-,1,0"),
        changed(PING_MESSAGE, 18, b"x"),
        b" ".join([*line_of(PING_MESSAGE), *line_of(PING_MESSAGE)[18:] * 256]),
        b" ".join([*line_of(Vote(HEADER)), b"more"]),
        changed(Publish(HEADER, b"c", b"m", False), 20, b"QUFB"),
        changed(Publish(HEADER, b"c", b"m", False), 20, b"OTkgQQ=="),
    ],
)
def test_what_no_node_writes_is_refused(line: bytes) -> None:
    with pytest.raises(BadFrame):
        Decoder().decode(line, True)


def test_a_message_without_an_end_is_refused_at_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("miniredis.cluster.codec.MOST_PUBLISHED", 2 * PIECE)
    decoder = Decoder()
    lines = encode(Publish(HEADER, b"c", b"x" * 5 * PIECE, False))
    with pytest.raises(BadFrame, match="too long"):
        for line in lines:
            decoder.decode(line, True)


def test_the_sender_of_nothing_is_nobody() -> None:
    assert sender_of(b"M1") == b""


@given(st.sets(st.integers(0, 16383), max_size=200))
def test_ranges_are_the_slots(slots: set[int]) -> None:
    ranges = ranges_of(slots)
    assert set(slots_in(ranges)) == slots
    assert count_in(ranges) == len(slots)


@pytest.mark.parametrize("text", [b"", b"x", b"16384", b"-1", b"000000", b"5-", b"9-8"])
def test_no_slots(text: bytes) -> None:
    with pytest.raises(ValueError, match="no "):
        parse_range(text)


def test_a_slot_alone_is_a_range() -> None:
    assert parse_range(b"7") == (7, 7)
    assert parse_slot(b"16383") == 16383
