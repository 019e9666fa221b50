"""The words behind the command: redis-server's grammar."""

from __future__ import annotations

import pytest

from miniredis.config.arguments import Invocation, UsageError, help_text, parse_arguments
from miniredis.config.config import Config
from miniredis.config.reader import ConfigError


def given(*words: str) -> list[tuple[str, list[bytes]]]:
    return [(line.name, line.words) for line in parse_arguments(words).lines]


def configured(*words: str, text: bytes = b"", input_text: bytes = b"") -> Config:
    return parse_arguments(words).configuration(text, input_text, lambda pattern: [])


def test_no_words_mean_the_defaults() -> None:
    asked = parse_arguments([])
    assert (asked.wants, asked.file, asked.reads_input, asked.sentinel, asked.lines) == ("run", None, False, False, [])


def test_a_directive_takes_all_words_up_to_the_next() -> None:
    assert given("--save", "3600", "1", "--save", "", "--bind", "a", "-::1", "--PORT", "7") == [
        ("save", [b"3600", b"1"]),
        ("save", [b""]),
        ("bind", [b"a", b"-::1"]),
        ("port", [b"7"]),
    ]


def test_a_quoted_word_may_hold_several() -> None:
    assert configured("--save", "3600 1").save_points() == [(3600, 1)]
    assert given("--port 7", "--user alice on '>a b'", "--hz 5") == [
        ("port", [b"7"]),
        ("user", [b"alice", b"on", b">a b"]),
        ("hz", [b"5"]),
    ]


def test_repeated_directives_add_up_where_those_of_a_file_do() -> None:
    config = configured("--save", "60", "1", "--hz", "20", text=b"save 30 2\nhz 30\n")
    assert config.save_points() == [(30, 2), (60, 1)]
    assert config.int("hz") == 20
    assert configured("--save", "3600", "1", "--save", "").save_points() == []


def test_save_alone_is_never() -> None:
    assert given("--save", "--hz", "20") == [("save", [b""]), ("hz", [b"20"])]
    assert configured("--save").save_points() == []


def test_the_first_word_of_a_directive_may_look_like_another() -> None:
    assert given("--requirepass", "--secret", "--hz", "1") == [("requirepass", [b"--secret"]), ("hz", [b"1"])]
    assert given("--masterauth", "-") == [("masterauth", [b"-"])]
    assert configured("--requirepass", "a\nhz x").text("requirepass") == b"a\nhz x"


def test_a_file_stands_first() -> None:
    asked = parse_arguments(["/etc/redis.conf", "--port", "1"])
    assert asked.file == "/etc/redis.conf"
    assert asked.lines[0].name == "port"
    assert parse_arguments(["", "--port", "1"]).file is None


@pytest.mark.parametrize("words", [["-"], ["-", "--hz", "30"], ["--hz", "30", "-"], ["a.conf", "--hz", "30", "-"]])
def test_a_minus_reads_standard_input(words: list[str]) -> None:
    asked = parse_arguments(words)
    assert asked.reads_input
    config = asked.configuration(b"", b"maxclients 33\nhz 20\n", lambda pattern: [])
    assert config.int("maxclients") == 33
    assert config.int("hz") == (30 if len(words) > 1 else 20)


def test_standard_input_is_named_in_errors() -> None:
    with pytest.raises(ConfigError) as wrong:
        configured("-", input_text=b"hz x\n")
    assert wrong.value.where == "standard input"


def test_an_error_of_the_words_shows_the_directive() -> None:
    with pytest.raises(ConfigError) as wrong:
        configured("--port", "0", "--hz", "x")
    assert (wrong.value.number, wrong.value.line) == (2, b'hz "x"')


@pytest.mark.parametrize(
    "words",
    [
        ["a.conf", "stray"],
        ["a.conf", "stray", "--hz", "1"],
        ["-p", "0"],
        ["--"],
        ["--port", "0", "--"],
        ["-", "-", "-"],
    ],
)
def test_a_stray_word_is_an_error(words: list[str]) -> None:
    with pytest.raises(UsageError, match="neither a directive nor part of one"):
        parse_arguments(words)


def test_quotes_in_a_directive_must_balance() -> None:
    with pytest.raises(UsageError, match="unbalanced quotes"):
        parse_arguments(["--user 'alice"])


def test_there_are_no_abbreviations() -> None:
    for words in (["--po", "1"], ["--port=1"], ["--version", "--port", "1"], ["--port", "1", "--help"]):
        with pytest.raises(ConfigError, match="Bad directive or wrong number of arguments"):
            configured(*words)


def test_sentinel_takes_no_word() -> None:
    for words in (["s.conf", "--sentinel"], ["s.conf", "--sentinel", "--port", "1"]):
        asked = parse_arguments(words)
        assert asked.sentinel
        assert asked.configuration(b"sentinel myid x\n", b"", lambda pattern: []).sentinel
    assert parse_arguments(["s.conf"], sentinel=True).sentinel
    assert not parse_arguments(["s.conf"]).sentinel
    assert given("s.conf", "--sentinel", "resolve-hostnames", "yes") == [("sentinel", [b"resolve-hostnames", b"yes"])]


@pytest.mark.parametrize(
    ("word", "wants"), [("-h", "help"), ("--help", "help"), ("-v", "version"), ("--version", "version")]
)
def test_help_and_version_stand_alone(word: str, wants: str) -> None:
    assert parse_arguments([word]).wants == wants


def test_testing_memory_is_left_to_others() -> None:
    for word in ("--test-memory", "--check-system"):
        with pytest.raises(UsageError, match=f"{word} tests the machine"):
            parse_arguments([word, "100"])


def test_include_works_from_the_command_line() -> None:
    asked: Invocation = parse_arguments(["--include", "more.conf"])
    config = asked.configuration(b"", b"", lambda pattern: [("more.conf", b"hz 99\n")])
    assert config.int("hz") == 99


def test_help_shows_every_directive_that_works() -> None:
    text = help_text("twistd -n miniredis")
    assert text.startswith("Usage: twistd -n miniredis [/path/to/redis.conf]")
    assert "  --port 0..65535  [6379]\n" in text
    assert "  --user name rule ...\n" in text
    assert "--io-threads" not in text
    assert "--key-load-delay" not in text
    assert all(len(line) <= 140 for line in text.splitlines())
