"""Replies are counted however they are split; requests are what they say."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniredis.benchmark.replies import BadReply, ReplyCounter
from miniredis.benchmark.workloads import TESTS, Workload, named
from miniredis.resp.decoder import RequestDecoder
from miniredis.resp.encoder import append_reply
from miniredis.resp.replies import Attribute, BigNumber, Double, MapReply, Push, SetReply, Status, Verbatim

simple = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(1 << 63), (1 << 63) - 1),
    st.binary(max_size=20),
    st.just(Status(b"OK")),
    st.just(Double(b"1.5")),
    st.just(BigNumber(b"123")),
    st.just(Verbatim(b"txt", b"text")),
)
replies = st.recursive(
    simple,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(SetReply),
        st.lists(inner, max_size=4).map(Push),
        st.lists(st.tuples(inner, inner), max_size=3).map(lambda pairs: MapReply([x for pair in pairs for x in pair])),
        inner.map(lambda reply: Attribute([b"ttl", 1], reply)),
    ),
    max_leaves=12,
)


@given(sent=st.lists(replies, max_size=8), resp=st.sampled_from([2, 3]), step=st.integers(1, 40))
def test_replies_are_counted_however_they_are_split(sent: list[object], resp: int, step: int) -> None:
    out: list[bytes] = []
    for reply in sent:
        append_reply(out, reply, resp)
    stream = b"".join(out)
    counter = ReplyCounter()
    assert sum(counter.feed(stream[at : at + step]) for at in range(0, len(stream), step)) == len(sent)


def test_errors_are_counted_and_the_first_is_kept() -> None:
    counter = ReplyCounter()
    assert counter.feed(b"-ERR one\r\n+OK\r\n-ERR two\r\n") == 3
    assert (counter.errors, counter.first_error) == (2, b"ERR one")


@pytest.mark.parametrize("data", [b"HTTP/1.1 400\r\n", b"$x\r\n", b"*\r\n"])
def test_what_is_no_reply_is_refused(data: bytes) -> None:
    with pytest.raises(BadReply):
        ReplyCounter().feed(data)


def parsed(data: bytes) -> list[list[bytes]]:
    decoder = RequestDecoder()
    decoder.feed(data)
    found = []
    while (argv := decoder.next()) is not None:
        found.append(argv)
    assert decoder.is_idle()
    return found


def test_random_keys_are_drawn_anew_for_each_request() -> None:
    requests = parsed(named("set", 100, 5).requests(50, Random(1)))
    assert all(words[0] == b"SET" and words[2] == b"xxxxx" for words in requests)
    keys = {words[1] for words in requests}
    assert len(keys) > 20
    assert all(len(key) == 16 and int(key.removeprefix(b"key:")) < 100 for key in keys)


def test_a_test_without_random_words_repeats_itself() -> None:
    assert parsed(named("ping_mbulk", 1, 3).requests(3, Random(1))) == [[b"PING"]] * 3
    assert named("ping_inline", 1, 3).requests(2, Random(1)) == b"PING\r\nPING\r\n"


@pytest.mark.parametrize("name", TESTS)
def test_every_test_makes_whole_requests(name: str) -> None:
    workload = named(name, 10, 3)
    assert len(parsed(workload.requests(7, Random(2)))) == 7
    assert len(parsed(b"".join(workload.preparation()))) == len(TESTS[name][0])


def test_any_command_line_is_a_workload() -> None:
    workload = Workload("hset", "HSET h:__rand_int__ 'a field' __data__", [], 1, 4)
    assert parsed(workload.requests(1, Random(0))) == [[b"HSET", b"h:000000000000", b"a field", b"xxxx"]]
