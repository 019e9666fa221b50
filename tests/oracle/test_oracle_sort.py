"""SORT: the same bytes to redis-server and to us."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from budget import examples

from oracle.comparison import Peer
from oracle.wire import script

ROWS = script(
    """
    RPUSH l 3 1 2 10|MSET w_1 30 w_2 20 w_3 10 w_10 5|HSET h_1 f 5 g a
    HSET h_2 f 4 g b|HSET h_3 f 3|SADD s c b a|ZADD z 1 c 2 b 3 a|RPUSH eq b a c|MSET p_a x p_b x p_c y|SET q_a 1
    SET str a|HSET hash a b|RPUSH words 3 1 2 10 x|MSET w_1_x 5 w_2_x 1|RPUSH numbers 1 1.0 1.5 -3 inf -inf 1e3 0x10
    """
)


def test_order(oracle: Peer) -> None:
    oracle.compare(
        [
            *ROWS,
            *script(
                """
                SORT l|SORT l ASC|SORT l DESC|SORT l ASC DESC|SORT l DESC ASC|SORT words|SORT words ALPHA
                SORT words ALPHA DESC|SORT numbers|SORT numbers DESC|SORT s|SORT s ALPHA|SORT s ALPHA DESC
                SORT z ALPHA|SORT none|SORT none ALPHA|SORT str|SORT hash|SORT str FOO|SORT l FOO|SORT
                sort l desc alpha|SORT_RO l|SORT_RO l DESC LIMIT 0 2|SORT_RO l STORE x
                """
            ),
        ]
    )


def test_odd_numbers(oracle: Peer) -> None:
    for text in (
        b" 1",
        b"1 ",
        b"",
        b" ",
        b"1\x00x",
        b"\x00",
        b"4.9e-324",
        b"1e400",
        b"nan",
        b"1_0",
        b"0x",
        b"1f",
        b"-0",
    ):
        oracle.compare([[b"RPUSH", b"l", text, b"0.5"], "SORT l", "SORT l DESC", "SORT l BY nosort"])


def test_limit(oracle: Peer) -> None:
    least, greatest = "-9223372036854775808", "9223372036854775807"
    limits = ["1 2", "-1 2", "1 -1", "10 2", "0 0", "x 2", "1 x", "1", "", "4 1", "3 1", "0 100"]
    limits += [f"{greatest} 2", f"2 {greatest}", f"{least} -1", f"{greatest} {greatest}", f"0 {least}"]
    commands = [
        f"SORT {key} {options} LIMIT {limit}"
        for limit in limits
        for key, options in (("l", ""), ("l", "DESC"), ("l", "BY nosort"), ("l", "BY nosort DESC"), ("z", "BY nosort"))
    ]
    commands += [f"SORT z BY nosort DESC LIMIT {limit}" for limit in limits]
    oracle.compare([*ROWS, *commands])


def test_by_and_get(oracle: Peer) -> None:
    oracle.compare(
        [
            *ROWS,
            *script(
                """
                SORT l BY nosort|SORT l BY nosort DESC|SORT l BY nosort GET # GET none_*|SORT l BY w_*
                SORT l BY w_* DESC|SORT l BY w_* GET # GET w_*|SORT l BY none_*|SORT l BY none_* DESC
                SORT l BY w_* ALPHA|SORT l BY none_* ALPHA|SORT l BY h_*->f|SORT l BY h_*->f GET h_*->g
                SORT l BY h_*->g ALPHA|SORT l BY h_*-> GET #|SORT l GET h_*|SORT l GET nostar|SORT l GET #x
                SORT l GET *|SORT l BY|SORT l GET|SORT eq BY none_* ALPHA|SORT eq BY none_* ALPHA DESC
                SORT eq BY none_*|SORT eq BY none_* DESC|SORT eq BY p_* ALPHA|SORT eq BY p_* ALPHA DESC
                SORT eq BY p_*|SORT eq BY q_* ALPHA|SORT eq BY q_* ALPHA DESC|SORT l BY w_*_x_*|SORT l BY w_*_x
                SORT l BY h_*->f->g|SORT l by w_* get # limit 0 1 asc alpha|SORT l GET h_*->nf|SORT l BY str_*
                SORT l BY l*|SORT z BY nosort|SORT z BY nosort DESC|SORT l GET str|SORT l GET st* GET *r
                SORT l BY w_*->f|SORT l BY # DESC|APPEND w_1 5|SORT l BY w_* GET w_*|SORT l BY *->f GET *
                SORT l BY #->f
                """
            ),
        ]
    )


def test_store(oracle: Peer) -> None:
    oracle.compare(
        [
            *ROWS,
            *script(
                """
                SORT l STORE d|LRANGE d 0 -1|SORT l STORE|SORT l GET none_* STORE d|LRANGE d 0 -1|SORT none STORE d
                EXISTS d|SORT none STORE d|SORT l LIMIT 0 0 STORE d|SORT s BY nosort STORE d|LRANGE d 0 -1
                SORT l STORE str|TYPE str|SORT l STORE l|LRANGE l 0 -1|SORT l GET h_*->f STORE d|LRANGE d 0 -1
                EXPIRE d 1000|SORT l STORE d|TTL d|SORT l STORE a STORE b|EXISTS a b|SORT words STORE d
                LRANGE d 0 -1|SORT s BY nosort DESC LIMIT 0 2 STORE d|LRANGE d 0 -1|SORT words ALPHA STORE d
                LRANGE d 0 -1|SORT hash STORE d|EXISTS d
                """
            ),
        ]
    )


ELEMENTS = st.lists(st.sampled_from([b"1", b"2", b"10", b"-3", b"2.5", b"a", b"b", b""]), min_size=1, max_size=8)
NUMBERS = st.integers(-2, 9).map(lambda number: b"%d" % number)
OPTIONS = st.lists(
    st.one_of(
        st.sampled_from([[b"ALPHA"], [b"ASC"], [b"DESC"], [b"BY", b"nosort"], [b"BY", b"w_*"], [b"BY", b"h_*->f"]]),
        st.sampled_from([[b"GET", b"#"], [b"GET", b"w_*"], [b"GET", b"h_*->f"], [b"STORE", b"d"]]),
        st.tuples(st.just(b"LIMIT"), NUMBERS, NUMBERS).map(list),
    ),
    max_size=5,
).map(lambda parts: [word for part in parts for word in part])


@settings(max_examples=examples(150))
@given(ELEMENTS, st.sampled_from([b"RPUSH", b"SADD"]), OPTIONS)
def test_any_options(oracle: Peer, members: list[bytes], push: bytes, options: list[bytes]) -> None:
    if push == b"SADD" and b"BY" in options:
        push = b"RPUSH"  # equal weights and "nosort" show the order of a set, which is nobody's business
    if {b"ALPHA", b"BY"} <= set(options):
        # Elements of the same textual weight come in any order from a server that sorts only the part asked for.
        while b"LIMIT" in options:
            at = options.index(b"LIMIT")
            options = options[:at] + options[at + 3 :]
    oracle.compare(
        [
            [push, b"k", *members],
            "MSET w_1 5 w_2 1 w_10 1 w_a 7",
            "HSET h_1 f 2",
            "HSET h_a f 1",
            [b"SORT", b"k", *options],
            "LRANGE d 0 -1",
        ]
    )
