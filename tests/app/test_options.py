"""From words to a start: files, folders, answers, and what twistd's own options win over."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from twisted.python import usage

from miniredis.app.options import Options, find_files, start_or_exit


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Tests run in a folder of their own, and are back where they were afterwards."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refusal(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    with pytest.raises(SystemExit) as ended:
        start_or_exit(words, "miniredis-server")
    assert ended.value.code == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


def test_a_file_is_read_and_remembered(here: Path) -> None:
    (here / "redis.conf").write_text("hz 20\ninclude conf.d/*.conf\ninclude more.conf\n")
    (here / "conf.d").mkdir()
    (here / "conf.d" / "b.conf").write_text("timeout 2\n")
    (here / "conf.d" / "a.conf").write_text("timeout 1\n")
    (here / "more.conf").write_text("tcp-keepalive 7\n")
    start = start_or_exit(["redis.conf", "--port", "1"], "miniredis-server")
    assert start.config_file == str(here / "redis.conf")
    assert [start.config.int(name) for name in ("hz", "timeout", "tcp-keepalive", "port")] == [20, 2, 7, 1]
    assert start.config.string("dir") == str(here)
    assert find_files(b"nothing*") == []


def test_relative_paths_after_dir_start_from_it(here: Path) -> None:
    (here / "data" / "deeper").mkdir(parents=True)
    start = start_or_exit(["--dir", "data", "--dir", "deeper"], "miniredis-server")
    assert os.getcwd() == str(here / "data" / "deeper") == start.config.string("dir")


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"hz 33\n")))
    assert start_or_exit(["-"], "miniredis-server").config.int("hz") == 33


def test_help_and_version_are_answers(capsys: pytest.CaptureFixture[str]) -> None:
    for word, shown in (("--help", "Usage: miniredis-server"), ("--version", "miniredis server v=")):
        with pytest.raises(SystemExit) as ended:
            start_or_exit([word], "miniredis-server")
        assert ended.value.code == 0
        assert capsys.readouterr().out.startswith(shown)


def test_a_wrong_line_names_file_and_line(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    (here / "redis.conf").write_text("port 0\nhz many\n")
    assert refusal(capsys, "redis.conf") == (
        "\n*** FATAL CONFIG FILE ERROR (Redis 7.2.4) ***\n"
        f"Reading the configuration file {here}/redis.conf, at line 2\n"
        ">>> 'hz many'\n"
        "argument couldn't be parsed into an integer\n"
    )


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["missing.conf"], "Fatal error, can't open config file"),
        (["--include", "missing.conf"], "Fatal error, can't open config file 'missing.conf': No such file"),
        (["--dir", "missing"], "No such file or directory"),
        (["a.conf", "stray"], "'stray' is neither a directive nor part of one. Try miniredis-server --help"),
        (["--sentinel"], "Sentinel needs config file on disk to save state. Exiting..."),
        (["--test-memory", "100"], "--test-memory tests the machine"),
    ],
)
def test_a_start_that_cannot_be_says_why(capsys: pytest.CaptureFixture[str], words: list[str], reason: str) -> None:
    text = refusal(capsys, *words)
    assert "*** FATAL CONFIG FILE ERROR" in text
    assert reason in text


# twistd


def under_twistd(*words: str, **given: Any) -> Options:
    options = Options()
    parent = usage.Options()
    parent.update({"nodaemon": 1, "pidfile": "twistd.pid", "logfile": None} | given)
    options.parent = parent
    options.parseOptions(list(words))
    return options


def warnings_of(options: Options) -> list[str]:
    assert options.start is not None
    return options.start.warnings


def pidfile_of(options: Options) -> object:
    assert options.parent is not None
    return options.parent["pidfile"]


def log_path_of(options: Options) -> str:
    assert options.start is not None
    return options.start.log_path


def test_twistd_and_the_configuration_agree() -> None:
    options = under_twistd("--port", "7", "--save", "1", "2")
    assert options.config.int("port") == 7
    assert warnings_of(options) == []
    assert log_path_of(options) == ""


def test_without_words_the_command_line_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["twistd", "--hz", "7"])
    options = Options()
    options.parseOptions()
    assert options.config.int("hz") == 7


def test_twistd_decides_about_the_background() -> None:
    assert "daemonize yes has no effect" in warnings_of(under_twistd("--daemonize", "yes"))[0]
    assert "daemonize no has no effect" in warnings_of(under_twistd(nodaemon=0))[0]
    assert warnings_of(under_twistd("--daemonize", "yes", nodaemon=0)) == []


def test_a_pidfile_is_passed_on_unless_twistd_has_its_own(here: Path) -> None:
    (here / "data").mkdir()
    options = under_twistd("--dir", "data", "--pidfile", "redis.pid")
    assert pidfile_of(options) == str(here / "data" / "redis.pid")
    options = under_twistd("--pidfile", "redis.pid", pidfile="own.pid")
    assert pidfile_of(options) == str(here / "data" / "own.pid")
    assert warnings_of(options) == ["pidfile redis.pid has no effect: twistd was told to use own.pid."]
    assert pidfile_of(under_twistd("--pidfile", "redis.pid", pidfile="")) == ""


def test_paths_of_twistd_start_where_it_was_started(here: Path) -> None:
    (here / "data").mkdir()
    options = under_twistd("--dir", "data", logfile="log", pidfile="own.pid")
    assert pidfile_of(options) == str(here / "own.pid")
    assert log_path_of(options) == str(here / "log")


def test_twistds_logfile_wins(here: Path) -> None:
    options = under_twistd("--logfile", "redis.log", logfile="own.log")
    assert log_path_of(options) == str(here / "own.log")
    assert warnings_of(options) == ["logfile redis.log has no effect: twistd was told to use own.log."]
    options = under_twistd("--logfile", "redis.log", logfile="-")
    assert log_path_of(options) == ""
    assert len(warnings_of(options)) == 1
    assert warnings_of(under_twistd("--logfile", "own.log", logfile="own.log")) == []
    assert log_path_of(under_twistd("--logfile", "redis.log")) == "redis.log"
