"""The log: Redis's lines, logfmt and JSON, levels, rotation, and that nobody can write into it."""

from __future__ import annotations

import json
import os
import re
import syslog
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from twisted.logger import Logger, LogLevel
from twisted.python.failure import Failure

from miniredis.app.log import STANDARD_OUTPUT, LogFile, ServerLog
from miniredis.app.log_lines import timestamp
from miniredis.config.config import Config
from miniredis.config.reader import read_lines

MOMENT = 1_767_225_600.1239


class Written:
    """A log whose lines can be read, and a logger that writes to it."""

    def __init__(self, path: Path, text: str, role: str) -> None:
        self.path = path
        self.config = Config()
        self.config.load(read_lines(text.encode()))
        self.file = LogFile(str(path))
        self.log = ServerLog(self.config, self.file, lambda: role)
        self.logger = Logger(namespace="miniredis.test", observer=self.log)
        self.others = Logger(namespace="twisted.web", observer=self.log)

    def lines(self) -> list[str]:
        return self.path.read_text().splitlines()

    def says(self, level: str, text: str) -> None:
        self.logger.info("{text}", text=text, redis_level=level)


@pytest.fixture
def written(tmp_path: Path) -> Iterator[Callable[..., Written]]:
    opened: list[Written] = []

    def open_log(text: str = "", role: str = "M") -> Written:
        opened.append(Written(tmp_path / f"log{len(opened)}", text, role))
        return opened[-1]

    yield open_log
    for each in opened:
        each.log.close()


def test_a_line_looks_like_redis(written: Callable[..., Written]) -> None:
    log = written()
    log.says("notice", "Ready")
    assert re.fullmatch(
        rf"{os.getpid()}:M \d\d [A-Z][a-z]{{2}} \d{{4}} \d\d:\d\d:\d\d\.\d{{3}} \* Ready", log.lines()[0]
    )


@pytest.mark.parametrize(("level", "sign"), [("debug", "."), ("verbose", "-"), ("notice", "*"), ("warning", "#")])
def test_every_level_has_its_sign(written: Callable[..., Written], level: str, sign: str) -> None:
    log = written("loglevel debug\n", role="S")
    log.says(level, "text")
    assert re.search(rf":S .* {re.escape(sign)} text$", log.lines()[0])


@pytest.mark.parametrize(
    ("least", "shown"),
    [("debug", "dvnw"), ("verbose", "vnw"), ("notice", "nw"), ("warning", "w"), ("nothing", "")],
)
def test_less_important_lines_are_left_out(written: Callable[..., Written], least: str, shown: str) -> None:
    log = written(f"loglevel {least}\n")
    for level in ("debug", "verbose", "notice", "warning"):
        log.says(level, level[0])
    assert "".join(line[-1] for line in log.lines()) == shown


def test_the_level_can_be_changed_while_it_runs(written: Callable[..., Written]) -> None:
    log = written()
    log.says("debug", "before")
    log.config.set_many([(b"loglevel", b"debug"), (b"log-format", b"logfmt")])
    log.says("debug", "after")
    assert len(log.lines()) == 1
    assert log.lines()[0].endswith('level=debug message="after"')


def test_what_others_log_is_verbose_unless_it_is_a_warning(written: Callable[..., Written]) -> None:
    log = written()
    log.others.info("Starting factory")
    log.others.warn("careful")
    log.others.critical("broken")
    log.logger.info("ours")
    log.logger.debug("ours, in detail")
    assert [line.rsplit(" ", 2)[1] for line in log.lines()] == ["#", "#", "*"]


def test_what_a_user_sends_is_no_format_and_makes_no_lines(written: Callable[..., Written]) -> None:
    log = written()
    log.says("notice", "{log_namespace} {0} %s %n\n1:M 01 Jan 2026 00:00:00.000 * forged\r\x1b[31m\x00\u2028end")
    lines = log.lines()
    assert len(lines) == 2
    assert lines[0].endswith("* {log_namespace} {0} %s %n")
    assert all(line.startswith(f"{os.getpid()}:M ") for line in lines)
    assert lines[1].endswith("* 1:M 01 Jan 2026 00:00:00.000 * forged\\x0d\\x1b[31m\\x00\\x2028end")


def test_a_lone_surrogate_is_written_somehow(written: Callable[..., Written]) -> None:
    log = written()
    log.says("notice", "path \udcff")
    assert log.lines()[0].endswith("path \\udcff")


def test_a_failure_brings_its_traceback(written: Callable[..., Written]) -> None:
    log = written()
    try:
        raise ValueError("what went wrong")
    except ValueError:
        log.logger.failure("it failed")
    lines = log.lines()
    assert lines[0].endswith("# it failed")
    assert "what went wrong" in lines[-1]
    assert all(line.startswith(f"{os.getpid()}:M ") for line in lines)


@pytest.mark.parametrize(("role", "name"), [("M", "primary"), ("S", "replica"), ("C", "child"), ("X", "sentinel")])
def test_logfmt_and_json_name_the_role(written: Callable[..., Written], role: str, name: str) -> None:
    log = written("log-format logfmt\n", role)
    log.says("notice", 'say "hi"\n')
    assert re.fullmatch(
        rf'pid=\d+ role={name} timestamp="[^"]+" level=notice message="say \\"hi\\"\\n"', log.lines()[0]
    )
    log = written("log-format json\nlog-timestamp-format milliseconds\n", role)
    log.logger.warn("{text}", text="x", client_id=7)
    shown = json.loads(log.lines()[0])
    assert shown["role"] == name
    assert shown["timestamp"].isdigit()
    assert (shown["level"], shown["message"], shown["client"], shown["namespace"]) == (
        "warning",
        "x",
        7,
        "miniredis.test",
    )


def test_failures_stand_in_logfmt_and_json(written: Callable[..., Written]) -> None:
    for form in ("logfmt", "json"):
        log = written(f"log-format {form}\n")
        log.logger.failure("it failed", Failure(ValueError("why")))
        assert len(log.lines()) == 1
        assert "failure" in log.lines()[0]
        assert "why" in log.lines()[0]


def test_an_event_that_cannot_be_shown_harms_nobody(written: Callable[..., Written]) -> None:
    class Hostile:
        def __str__(self) -> str:
            raise RuntimeError("no")

        __repr__ = __str__

        def getTraceback(self) -> str:
            raise RuntimeError("no")

    log = written()
    log.logger.info("{text}", text=Hostile())
    log.logger.info("with a failure", log_failure=Hostile())
    log.log({"redis_level": "notice", "log_time": "yesterday", "log_format": "x"})
    log.log({"log_level": "strange", "log_format": "a level of its own"})
    lines = log.lines()
    assert any("an event could not be logged: " in line for line in lines)
    assert any("a level of its own" in line for line in lines)


def test_a_level_of_a_stranger_is_a_notice(written: Callable[..., Written]) -> None:
    log = written()
    log.log({"log_level": LogLevel.error, "log_format": "error", "log_namespace": "x", "redis_level": "odd"})
    assert log.lines()[0].endswith("# error")


@pytest.mark.parametrize(
    ("form", "pattern"),
    [
        ("legacy", r"\d\d (Dec|Jan) 202[56] \d\d:\d\d:00\.123"),
        ("iso8601", r"202[56]-\d\d-\d\dT\d\d:\d\d:00\.123[+-]\d\d:\d\d"),
        ("milliseconds", "1767225600123"),
    ],
)
def test_the_time_is_written_as_asked(form: str, pattern: str) -> None:
    assert re.fullmatch(pattern, timestamp(MOMENT, form))


def test_a_rotated_file_is_opened_anew(written: Callable[..., Written], tmp_path: Path) -> None:
    log = written()
    log.says("notice", "old")
    moved = tmp_path / "log.1"
    log.path.rename(moved)
    log.says("notice", "still old")
    log.log.reopen()
    log.says("notice", "new")
    assert len(moved.read_text().splitlines()) == 2
    assert log.lines()[0].endswith("new")


def test_where_it_cannot_be_opened_anew_the_old_file_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    file = LogFile(str(folder / "log"))
    (folder / "log").rename(tmp_path / "moved")
    folder.rmdir()
    file.reopen()
    file.write(b"line\n")
    file.close()
    assert (tmp_path / "moved").read_bytes() == b"line\n"


def test_a_full_disk_loses_lines_only() -> None:
    file = LogFile("/dev/full")
    file.write(b"lost\n")
    file.close()
    file.write(b"after the end\n")
    assert not file.is_journal()


def test_a_file_that_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        LogFile(str(tmp_path / "missing" / "log"))


def test_without_a_file_it_is_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    file = LogFile()
    log = ServerLog(Config(), file, lambda: "M")
    Logger(namespace="miniredis", observer=log).info("to the terminal")
    log.reopen()
    os.write(STANDARD_OUTPUT, b"still open\n")
    log.close()
    out = capfd.readouterr().out.splitlines()
    assert out[0].endswith("* to the terminal")
    assert out[1] == "still open"


def test_the_journal_is_told_how_important_a_line_is(
    tmp_path: Path, written: Callable[..., Written], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log0"
    path.touch()
    status = path.stat()
    monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino}")
    log = written("loglevel debug\n")
    for level in ("debug", "verbose", "notice", "warning"):
        log.says(level, "one\ntwo")
    assert [line[:3] for line in log.lines()] == ["<7>", "<7>", "<6>", "<6>", "<5>", "<5>", "<4>", "<4>"]


def test_the_system_log_gets_lines_as_well(written: Callable[..., Written], monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[Any, ...]] = []
    monkeypatch.setattr(syslog, "openlog", lambda *words: sent.append(words))
    monkeypatch.setattr(syslog, "syslog", lambda *words: sent.append(words))
    log = written("syslog-enabled yes\nsyslog-ident me\nsyslog-facility local3\n")
    log.says("warning", "100% \0 sure\nsecond")
    assert sent == [
        ("me", syslog.LOG_PID | syslog.LOG_NDELAY, syslog.LOG_LOCAL3),
        (syslog.LOG_WARNING, "100% \\x00 sure"),
        (syslog.LOG_WARNING, "second"),
    ]
