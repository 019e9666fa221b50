"""redis.conf: lines, quotes, comments, include, and how an error is reported."""

from __future__ import annotations

import pytest

from miniredis.config.reader import ConfigError, expand_includes, read_lines


def no_files(pattern: bytes) -> list[tuple[str, bytes]]:
    raise FileNotFoundError(2, "No such file or directory")


def test_lines_are_read_without_comments_and_blanks() -> None:
    lines = read_lines(b"\n# comment\n  HZ\t10  \r\n   # another\nrequirepass \"a\\x41 #b\"\nsave '' \n", "x.conf")
    assert [(line.number, line.name, line.words) for line in lines] == [
        (3, "hz", [b"10"]),
        (5, "requirepass", [b"aA #b"]),
        (6, "save", [b""]),
    ]
    assert lines[0].text == b"HZ\t10"
    assert read_lines(b"\x00 what follows a NUL is not there") == []


def test_unbalanced_quotes_are_an_error() -> None:
    with pytest.raises(ConfigError) as wrong:
        read_lines(b"port 1\nhz 'x\n", "x.conf")
    assert wrong.value.report("7.2.4") == (
        "\n*** FATAL CONFIG FILE ERROR (Redis 7.2.4) ***\n"
        "Reading the configuration file x.conf, at line 2\n"
        ">>> 'hz 'x'\n"
        "Unbalanced quotes in configuration line\n"
    )


def test_an_error_without_a_line_and_one_of_the_command_line() -> None:
    assert ConfigError("", 0, b"", b"no").report("7") == "\n*** FATAL CONFIG FILE ERROR (Redis 7) ***\nno\n"
    report = ConfigError("", 2, b'hz "\xff"', b"no").report("7").splitlines()
    assert report[2:] == ["Reading the command line, at directive 2", ">>> 'hz \"\\xff\"'", "no"]


def test_included_lines_stand_where_include_stands() -> None:
    files = {b"conf.d/*.conf": [("conf.d/a.conf", b"hz 1\ninclude more\n"), ("conf.d/b.conf", b"hz 3\n")]}
    files[b"more"] = [("more", b"hz 2\n")]
    lines = expand_includes(read_lines(b"port 1\ninclude conf.d/*.conf\nport 2\n", "main"), lambda name: files[name])
    assert [(line.where, line.name, line.words[0], line.depth) for line in lines] == [
        ("main", "port", b"1", 0),
        ("main", "include", b"conf.d/*.conf", 0),
        ("conf.d/a.conf", "hz", b"1", 1),
        ("conf.d/a.conf", "include", b"more", 1),
        ("more", "hz", b"2", 2),
        ("conf.d/b.conf", "hz", b"3", 1),
        ("main", "port", b"2", 0),
    ]


def test_an_include_with_wrong_words_is_left_to_the_table() -> None:
    lines = read_lines(b"include a b\ninclude\n")
    assert expand_includes(lines, no_files) == lines


def test_a_missing_include_names_file_and_line() -> None:
    with pytest.raises(ConfigError) as wrong:
        expand_includes(read_lines(b"include /nonexist\n", "main"), no_files)
    assert wrong.value.number == 1
    assert wrong.value.reason == b"Fatal error, can't open config file '/nonexist': No such file or directory"


def test_a_file_that_includes_itself_ends() -> None:
    with pytest.raises(ConfigError, match="Too many levels of include"):
        expand_includes(read_lines(b"include me\n", "me"), lambda name: [("me", b"include me\n")])
