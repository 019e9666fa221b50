"""Kinds of values: what they take, what they refuse and in which words (redis-server 7.0.15's)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniredis.config.structured import (
    Choices,
    Events,
    Hostname,
    IpAddress,
    OomScores,
    OutputLimits,
    Percentiles,
    ReplicaOf,
    SavePoints,
    ShownName,
    TitleTemplate,
    parse_events,
    render_events,
)
from miniredis.config.values import (
    INT_MAX,
    INT_MIN,
    LONG_MAX,
    ULONG_MAX,
    Choice,
    Flag,
    Integer,
    Kind,
    Lines,
    Memory,
    Octal,
    Refused,
    Text,
    Words,
    parse_memory,
)

SHUTDOWN = Choices([b"default", b"save", b"nosave", b"now", b"force"], {b"safe": b"safe"}, (b"save", b"nosave"))
NOT_MEMORY = b"argument must be a memory value"
NOT_INTEGER = b"argument couldn't be parsed into an integer"
BAD_SAVE = b"Invalid save parameters"
BAD_LIMIT = b"Error in hard, soft or soft_seconds setting in buffer limit configuration."
BAD_OOM = b"Invalid oom-score-adj-values, elements must be between -2000 and 2000."
BAD_TITLE = b"template format is invalid or contains unknown variables"
NO_LIMITS = ((0, 0, 0), (0, 0, 0), (0, 0, 0))


def value_of(kind: Kind, text: bytes) -> object:
    """As CONFIG SET takes a text."""
    words = (text.split(b" ") if text else []) if kind.several else [text]
    return kind.parse(words, kind.nothing())


@pytest.mark.parametrize(
    ("kind", "text", "shown"),
    [
        (Flag(), b"yes", b"yes"),
        (Flag(), b"YES", b"yes"),
        (Flag(), b"No", b"no"),
        (Integer(0, 10), b"7", b"7"),
        (Integer(-5, 10), b"-5", b"-5"),
        (Integer(0, 1000, clamp=(1, 500)), b"0", b"1"),
        (Integer(0, 1000, clamp=(1, 500)), b"501", b"500"),
        (Octal(), b"700", b"700"),
        (Octal(), b"0777", b"777"),
        (Memory(0, LONG_MAX), b"1", b"1"),
        (Memory(0, LONG_MAX), b"1b", b"1"),
        (Memory(0, LONG_MAX), b"1K", b"1000"),
        (Memory(0, LONG_MAX), b"1kb", b"1024"),
        (Memory(0, LONG_MAX), b"2m", b"2000000"),
        (Memory(0, LONG_MAX), b"2Mb", b"2097152"),
        (Memory(0, LONG_MAX), b"1g", b"1000000000"),
        (Memory(0, LONG_MAX), b"1gB", b"1073741824"),
        (Memory(0, LONG_MAX), b"", b"0"),
        (Memory(0, LONG_MAX), b"kb", b"0"),
        (Memory(0, LONG_MAX), b"01", b"1"),
        (Memory(0, ULONG_MAX), b"18446744073709551616", b"18446744073709551615"),
        (Memory(0, ULONG_MAX), b"9" * 5000, b"18446744073709551615"),
        (Memory(0, ULONG_MAX, percent=True), b"5%", b"5%"),
        (Memory(0, ULONG_MAX, percent=True), b"100%", b"100%"),
        (Memory(0, ULONG_MAX, percent=True), b"0%", b"0"),
        (Memory(0, ULONG_MAX, percent=True), b"1gb", b"1073741824"),
        (Memory(-1, LONG_MAX), b"-1", b"-1"),
        (Memory(-1, LONG_MAX), b"1k", b"1000"),
        (Choice([b"one", b"two"]), b"TWO", b"two"),
        (Choice([b"one", b"two"], {b"uno": b"one"}), b"uno", b"one"),
        (Text(), b"any thing", b"any thing"),
        (Words("address ..."), b"a b", b"a b"),
        (Words("address ..."), b"", b""),
        (SavePoints(), b"", b""),
        (SavePoints(), b"3600 1 60 1000", b"3600 1 60 1000"),
        (SavePoints(), b"3600 0", b"3600 0"),
        (SavePoints(), b"3600 ", b"3600 0"),
        (SavePoints(), b"+5 +1", b"5 1"),
        (SavePoints(), b"5 " + b"9" * 30, b"5 9223372036854775807"),
        (Events(), b"KEA", b"AKE"),
        (Events(), b"g$lshzxe", b"g$lshzxe"),
        (Events(), b"KEg$lshzxetdmn", b"AKEm"),
        (Events(), b"KEndtm", b"tdnKEm"),
        (Events(), b"KAnm", b"AKm"),
        (Events(), b"", b""),
        (OutputLimits(), b"normal 1 2 3", b"normal 1 2 3 slave 0 0 0 pubsub 0 0 0"),
        (OutputLimits(), b"REPLICA 1mb 1kb 3 pubsub 4 5 6", b"normal 0 0 0 slave 1048576 1024 3 pubsub 4 5 6"),
        (OutputLimits(), b"", b"normal 0 0 0 slave 0 0 0 pubsub 0 0 0"),
        (OomScores(), b"-2000 0 2000", b"-2000 0 2000"),
        (Percentiles(), b"50 99 99.9", b"50 99 99.9"),
        (Percentiles(), b"99.99 50.12345 1e1 0 100", b"99.99 50.12345 10 0 100"),
        (Percentiles(), b"", b""),
        (SHUTDOWN, b"default", b"default"),
        (SHUTDOWN, b"now FORCE nosave", b"nosave now force"),
        (SHUTDOWN, b"save save", b"save"),
        (SHUTDOWN, b"default now", b"now"),
        (SHUTDOWN, b"safe now", b"now safe"),
        (ReplicaOf("host port"), b"localhost 6379", b"localhost 6379"),
        (ReplicaOf("host port"), b"NO one", b""),
        (Hostname("name"), b"A-b.c", b"A-b.c"),
        (Hostname("name"), b"", b""),
        (Hostname("name"), b".-", b".-"),
        (Hostname("name"), b"x" * 255, b"x" * 255),
        (ShownName("name", b"no"), b"a-b./0:_`\xc3\xa4", b"a-b./0:_`\xc3\xa4"),
        (IpAddress(4), b"1.2.3.4", b"1.2.3.4"),
        (IpAddress(6), b"::1", b"::1"),
        (IpAddress(6), b"", b""),
        (TitleTemplate("template"), b"a{title} {port}", b"a{title} {port}"),
        (TitleTemplate("template"), b"a}b", b"a}b"),
        (TitleTemplate("template"), b"{{", b"{{"),
        (TitleTemplate("template"), b"{port}}", b"{port}}"),
        (TitleTemplate("template"), b"{listen-addr}", b"{listen-addr}"),
    ],
)
def test_a_value_is_taken_and_shown(kind: Kind, text: bytes, shown: bytes) -> None:
    assert kind.render(value_of(kind, text)) == shown


@pytest.mark.parametrize(
    ("kind", "text", "reason"),
    [
        (Flag(), b"1", b"argument must be 'yes' or 'no'"),
        (Flag(), b" yes", b"argument must be 'yes' or 'no'"),
        (Integer(0, 10), b"x", NOT_INTEGER),
        (Integer(0, 10), b"+5", NOT_INTEGER),
        (Integer(0, 10), b"05", NOT_INTEGER),
        (Integer(0, 10), b"", NOT_INTEGER),
        (Integer(0, 10), b"11", b"argument must be between 0 and 10 inclusive"),
        (Integer(INT_MIN, INT_MAX), b"-2147483649", b"argument must be between -2147483648 and 2147483647 inclusive"),
        (Octal(), b"9", b"argument couldn't be parsed as an octal number"),
        (Octal(), b"", b"argument couldn't be parsed as an octal number"),
        (Octal(), b"1000", b"argument must be between 0 and 777 inclusive"),
        (Memory(0, LONG_MAX), b"1t", NOT_MEMORY),
        (Memory(0, LONG_MAX), b"1.5mb", NOT_MEMORY),
        (Memory(0, LONG_MAX), b" 1", NOT_MEMORY),
        (Memory(0, LONG_MAX), b"-1", NOT_MEMORY),
        (Memory(0, LONG_MAX), b"5%", NOT_MEMORY),
        (Memory(1, LONG_MAX), b"0", b"argument must be between 1 and 9223372036854775807 inclusive"),
        (Memory(0, LONG_MAX), b"9" * 22, b"argument must be between 0 and 9223372036854775807 inclusive"),
        (Memory(-1, LONG_MAX), b"-2", b"argument must be between -1 and 9223372036854775807 inclusive"),
        (Memory(0, LONG_MAX, percent=True), b"101%", b"percentage argument must be less or equal to 100"),
        (Memory(0, LONG_MAX, percent=True), b"-5%", b"argument must be a memory or percent value"),
        (Memory(0, LONG_MAX, percent=True), b"%", b"argument must be a memory or percent value"),
        (Choice([b"one", b"two"]), b"three", b"argument(s) must be one of the following: one, two"),
        (Text(no_slash=b"no slash"), b"a/b", b"no slash"),
        (Text(needed=b"not empty"), b"", b"not empty"),
        (Words("address ...", 2, b"too many"), b"a b c", b"too many"),
        (SavePoints(), b"3600", BAD_SAVE),
        (SavePoints(), b"0 1", BAD_SAVE),
        (SavePoints(), b"1 -1", BAD_SAVE),
        (SavePoints(), b"a 1", BAD_SAVE),
        (SavePoints(), b"+ 1", BAD_SAVE),
        (SavePoints(), b"1.5 1", BAD_SAVE),
        (SavePoints(), b"3600  1", BAD_SAVE),
        (SavePoints(), b"1 " + b"9" * 20 + b"x", BAD_SAVE),
        (Events(), b"K E", b"Invalid event class character. Use 'Ag$lshzxeKEtmdn'."),
        (OutputLimits(), b"normal 1 2", b"Wrong number of arguments in buffer limit configuration."),
        (OutputLimits(), b"master 1 2 3", b"Invalid client class specified in buffer limit configuration."),
        (OutputLimits(), b"normal -1 2 3", BAD_LIMIT),
        (OutputLimits(), b"normal 1 2 -3", BAD_LIMIT),
        (OutputLimits(), b"normal 1 2 3x", BAD_LIMIT),
        (OutputLimits(), b"normal 1 2% 3", BAD_LIMIT),
        (OomScores(), b"1 2", b"wrong number of arguments"),
        (OomScores(), b"1 2 2001", BAD_OOM),
        (OomScores(), b"1 2 3x", BAD_OOM),
        (Percentiles(), b"a", b"Invalid latency-tracking-info-percentiles parameters"),
        (Percentiles(), b"50  60", b"Invalid latency-tracking-info-percentiles parameters"),
        (Percentiles(), b"100.1", b"latency-tracking-info-percentiles parameters should sit between [0.0,100.0]"),
        (SHUTDOWN, b"", b"argument(s) must be one of the following: default, save, nosave, now, force"),
        (SHUTDOWN, b"save nosave", b"shutdown options SAVE and NOSAVE can't be used simultaneously"),
        (ReplicaOf("host port"), b"a", b"wrong number of arguments"),
        (ReplicaOf("host port"), b"a b", b"Invalid master port"),
        (ReplicaOf("host port"), b"a 65536", b"Invalid master port"),
        (Hostname("name"), b"a_b", b"Hostnames may only contain alphanumeric characters, hyphens or dots"),
        (Hostname("name"), b"x" * 256, b"Hostnames must be less than 256 characters"),
        (ShownName("name", b"no", 3, b"too long"), b"a,b", b"no"),
        (ShownName("name", b"no", 3, b"too long"), b"a b", b"no"),
        (ShownName("name", b"no", 3, b"too long"), b"abcd", b"too long"),
        (IpAddress(4), b"01.2.3.4", b"Invalid IPv4 address"),
        (IpAddress(6), b"1.2.3.4", b"Invalid IPv6 address"),
        (IpAddress(6), b"fe80::1%lo", b"Invalid IPv6 address"),
        (TitleTemplate("template"), b"", BAD_TITLE),
        (TitleTemplate("template"), b" ", BAD_TITLE),
        (TitleTemplate("template"), b"{title}", BAD_TITLE),
        (TitleTemplate("template"), b"a{foo}", BAD_TITLE),
        (TitleTemplate("template"), b"a{", BAD_TITLE),
    ],
)
def test_a_value_is_refused(kind: Kind, text: bytes, reason: bytes) -> None:
    with pytest.raises(Refused) as refused:
        value_of(kind, text)
    assert refused.value.reason == reason


@pytest.mark.parametrize("kind", [Flag(), Integer(0, 1), Text(), Choice([b"a"]), Octal(), Events()])
def test_a_single_value_is_one_word(kind: Kind) -> None:
    for words in ([], [b"a", b"a"]):
        with pytest.raises(Refused, match="wrong number of arguments"):
            kind.parse(words, ())


@pytest.mark.parametrize(
    ("kind", "form"),
    [
        (Flag(), "yes|no"),
        (Integer(0, 5), "0..5"),
        (Integer(0, INT_MAX), "number>=0"),
        (Integer(INT_MIN, INT_MAX), "number"),
        (Integer(0, INT_MAX, clamp=(1, 500)), "1..500"),
        (Octal(), "octal"),
        (Memory(0, 5), "bytes"),
        (Memory(0, 5, percent=True), "bytes|percent"),
        (Choice([b"a", b"b"]), "a|b"),
        (Text("path"), "path"),
        (Words("address ..."), "address ..."),
        (Lines("name rule ...", 1), "name rule ..."),
        (Events(), "events"),
        (SavePoints(), "seconds changes ..."),
        (OutputLimits(), "class hard soft seconds ..."),
        (OomScores(), "number number number"),
        (Percentiles(), "percent ..."),
        (SHUTDOWN, "default|save|nosave|now|force ..."),
    ],
)
def test_a_kind_says_its_form(kind: Kind, form: str) -> None:
    assert kind.describe() == form


def test_save_points_add_up_until_an_empty_line() -> None:
    kind = SavePoints()
    first = kind.parse([b"1", b"2"], kind.nothing())
    assert kind.parse([b"3", b"4"], first) == ((1, 2), (3, 4))
    assert kind.parse([], first) == ()
    assert kind.lines(()) == [[b""]]


def test_buffer_limits_not_named_stay() -> None:
    kind = OutputLimits()
    assert kind.parse([b"slave", b"1", b"2", b"3"], ((9, 9, 9),) * 3) == ((9, 9, 9), (1, 2, 3), (9, 9, 9))


def test_buffer_limits_write_the_classes_that_differ() -> None:
    kind = OutputLimits()
    changed = ((0, 0, 0), (1, 2, 3), (0, 0, 0))
    assert kind.lines_beside(changed, NO_LIMITS, []) == [[b"replica", b"1", b"2", b"3"]]
    assert len(kind.lines_beside(NO_LIMITS, NO_LIMITS, [])) == 3


def test_lines_are_collected_whole() -> None:
    kind = Lines("command name", 2, 2)
    first = kind.parse([b"GET", b""], kind.nothing())
    both = kind.parse([b"SET", b"x"], first)
    assert kind.lines(both) == [[b"GET", b""], [b"SET", b"x"]]
    assert kind.render(both) == b"GET ; SET x"
    with pytest.raises(Refused, match="Bad directive or wrong number of arguments"):
        kind.parse([b"GET"], first)


def test_values_of_nothing_are_written_as_an_empty_word() -> None:
    assert Words("a").lines(()) == [[b""]]
    assert Percentiles().lines(()) == [[b""]]
    assert SHUTDOWN.lines(()) == [[b"default"]]
    assert OomScores().lines((1, 2, 3)) == [[b"1", b"2", b"3"]]
    assert ReplicaOf("host port").lines(()) == []
    assert ReplicaOf("host port").lines((b"a", b"1")) == [[b"a", b"1"]]
    assert Flag().lines(True) == [[b"yes"]]


@given(st.integers(0, ULONG_MAX))
def test_every_number_of_bytes_reads_back(number: int) -> None:
    assert parse_memory(b"%d" % number) == number


@given(st.text("g$lshzxetdmnKEA", max_size=16))
def test_events_read_back_but_for_the_unsaid_n(text: str) -> None:
    bits = parse_events(text.encode())
    assert bits is not None
    assert parse_events(render_events(bits)) in (bits, bits & ~16384)
