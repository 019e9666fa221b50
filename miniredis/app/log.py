"""The log: where lines go, which are written, and that writing them harms nothing.

An observer neither prints nor raises: what it wrote would come back as an event. Each line is written at once,
whole, past every buffer. A disk that is full loses lines, never the server.
"""

from __future__ import annotations

import os
import syslog
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from twisted.logger import ILogObserver, LogEvent
from zope.interface import implementer

from miniredis.app.log_lines import FORMATS, LEVELS, event_failure, event_text, redis_level, timestamp
from miniredis.config.config import Config

_PRIORITIES: Final = {
    "debug": syslog.LOG_DEBUG,
    "verbose": syslog.LOG_INFO,
    "notice": syslog.LOG_NOTICE,
    "warning": syslog.LOG_WARNING,
}
STANDARD_OUTPUT: Final = 1


class LogFile:
    """A file descriptor lines are appended to; of a path it can be opened anew."""

    def __init__(self, path: str = "") -> None:
        """Raises `OSError` where `path` cannot be opened; an empty one is standard output."""
        self.path = os.path.abspath(path) if path else ""
        self._descriptor = self._open()

    def _open(self) -> int:
        if not self.path:
            return STANDARD_OUTPUT
        return os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)

    def write(self, data: bytes) -> None:
        """Append all of `data` as far as the system takes it."""
        with suppress(OSError):
            while data:
                data = data[os.write(self._descriptor, data) :]

    def reopen(self) -> None:
        """Go on in a new file of that name, the old one having been moved away; where that fails, in the old one."""
        with suppress(OSError):
            descriptor = self._open()
            self.close()
            self._descriptor = descriptor

    def close(self) -> None:
        """Nothing is written any more."""
        if self.path and self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1

    def is_journal(self) -> bool:
        """Whether systemd's journal reads what is written: it says so in the environment."""
        try:
            status = os.fstat(self._descriptor)
        except OSError:
            return False
        return os.environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


@implementer(ILogObserver)
class ServerLog:
    """The observer of a server. `role` gives M, S or X, and C in a child that writes a snapshot."""

    def __init__(self, config: Config, file: LogFile, role: Callable[[], str]) -> None:
        self._config = config
        self._file = file
        self._role = role
        self._least = 0
        self._format = "text"
        self._timestamp_format = "legacy"
        self._to_syslog = config.flag("syslog-enabled")
        # The journal reads the importance of a line from its first bytes.
        self._to_journal = file.is_journal()
        if self._to_syslog:
            facility = getattr(syslog, "LOG_" + config.string("syslog-facility").upper())
            syslog.openlog(config.string("syslog-ident"), syslog.LOG_PID | syslog.LOG_NDELAY, facility)
        config.follow(["loglevel", "log-format", "log-timestamp-format"], self._read_config)

    def _read_config(self) -> None:
        self._least = LEVELS.index(self._config.string("loglevel"))
        self._format = self._config.string("log-format")
        self._timestamp_format = self._config.string("log-timestamp-format")

    def __call__(self, event: LogEvent) -> None:
        try:
            level = redis_level(event)
            if LEVELS.index(level) >= self._least:
                self._write(event, level)
        except Exception as problem:
            # Not logged: this is where logging ends. What is wrong with the event stands in the log itself.
            self._file.write(f"{os.getpid()}: an event could not be logged: {type(problem).__name__}\n".encode())

    def _write(self, event: LogEvent, level: str) -> None:
        shown_time = timestamp(event.get("log_time", time.time()), self._timestamp_format)
        text = FORMATS[self._format](event, level, os.getpid(), self._role(), shown_time)
        if self._to_journal:
            text = "".join(f"<{_PRIORITIES[level]}>{line}\n" for line in text.splitlines())
        self._file.write(text.encode("utf-8", "backslashreplace"))
        if self._to_syslog:
            for line in (event_text(event) + "\n" + event_failure(event)).split("\n"):
                if line:
                    syslog.syslog(_PRIORITIES[level], line.replace("\0", "\\x00"))

    def reopen(self) -> None:
        """Begin a new file, for log rotation."""
        self._file.reopen()

    def close(self) -> None:
        """Write nothing any more."""
        self._file.close()
