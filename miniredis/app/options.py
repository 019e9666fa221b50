"""The words after `twistd -n miniredis`, and the reading of configuration files, for every entry point."""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from twisted.python import usage

from miniredis import REDIS_VERSION, __version__
from miniredis.config.arguments import Invocation, UsageError, help_text, parse_arguments
from miniredis.config.config import Config
from miniredis.config.reader import ConfigError


def find_files(pattern: bytes) -> list[tuple[str, bytes]]:
    """The files of an `include`. A pattern may match none; a plain name must be there. Raises `OSError`."""
    name = os.fsdecode(pattern)
    names = sorted(glob.glob(name)) if glob.has_magic(name) else [name]
    return [(each, read_file(each)) for each in names]


def read_file(path: str) -> bytes:
    """The bytes of a file. Raises `OSError`."""
    with open(path, "rb") as file:
        return file.read()


def enter_folder(path: bytes) -> None:
    """Make `path` the current folder. Raises `OSError`."""
    os.chdir(path)


class Start:
    """What a server is started with: its configuration, where that came from, what its log should begin with."""

    def __init__(self, config: Config, config_file: str, warnings: Sequence[str] = ()) -> None:
        self.config = config
        #: Absolute path, empty without a file.
        self.config_file = config_file
        self.warnings = list(warnings)
        #: Where the log goes; what twistd was told wins over `logfile`.
        self.log_path = config.string("logfile")


def read_start(asked: Invocation) -> Start:
    """Read the files an invocation names, and enter the folder of `dir`. Raises `ConfigError`."""
    path = os.path.abspath(asked.file) if asked.file else ""
    asked.file = path
    text = b""
    if path:
        try:
            text = read_file(path)
        except OSError as problem:
            raise ConfigError(
                "", 0, b"", f"Fatal error, can't open config file '{path}': {problem.strerror}".encode()
            ) from problem
    input_text = sys.stdin.buffer.read() if asked.reads_input else b""
    config = asked.configuration(text, input_text, find_files, enter_folder)
    config.assign("dir", os.fsencode(os.getcwd()))
    if config.sentinel and not path:
        raise ConfigError("", 0, b"", b"Sentinel needs config file on disk to save state. Exiting...")
    return Start(config, path)


def version_text() -> str:
    """The answer to --version."""
    return f"miniredis server v={__version__} redis_version={REDIS_VERSION} python={sys.version.split()[0]}"


def start_or_exit(words: Sequence[str], command: str, sentinel: bool = False) -> Start:
    """What `words` ask for: a start, or an answer and the end of the process."""
    try:
        asked = parse_arguments(words, sentinel)
        if asked.wants == "help":
            sys.stdout.write(help_text(command))
            raise SystemExit(0)
        if asked.wants == "version":
            sys.stdout.write(version_text() + "\n")
            raise SystemExit(0)
        return read_start(asked)
    except UsageError as problem:
        fatal(ConfigError("", 0, b"", f"{problem}. Try {command} --help".encode("utf-8", "surrogateescape")))
    except ConfigError as problem:
        fatal(problem)


def fatal(problem: ConfigError) -> NoReturn:
    """Say on standard error why there is no start, and end."""
    sys.stderr.write(problem.report(REDIS_VERSION))
    raise SystemExit(1)


class Options(usage.Options):
    """twistd's view of the words. Its own options stand before `miniredis` and win."""

    synopsis = "[/path/to/redis.conf] [--directive word ...] ... [-]"

    start: Start | None = None

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """Take redis-server's grammar instead of getopt's, which knows one word an option and abbreviations."""
        began = os.getcwd()
        start = start_or_exit(sys.argv[1:] if options is None else options, "twistd -n miniredis")
        self.start = start
        if self.parent is not None:
            self._heed_twistd(start, self.parent, began)

    def _heed_twistd(self, start: Start, twistd: usage.Options, began: str) -> None:
        """Where twistd has an option for the same thing, follow it and say so.

        `began`: the folder twistd was started in, from which its own paths start although `dir` leads elsewhere.
        """
        config = start.config
        if twistd.get("nodaemon") and config.flag("daemonize"):
            start.warnings.append("daemonize yes has no effect: twistd was told to stay in the foreground.")
        if not twistd.get("nodaemon") and not config.flag("daemonize"):
            start.warnings.append("daemonize no has no effect: twistd goes to the background without -n.")
        path = config.string("pidfile")
        given = twistd.get("pidfile") or ""
        if path and given == "twistd.pid":
            twistd["pidfile"] = os.path.abspath(path)
        elif given:
            twistd["pidfile"] = os.path.join(began, given)
            if path and os.path.abspath(path) != twistd["pidfile"]:
                start.warnings.append(f"pidfile {path} has no effect: twistd was told to use {given}.")
        given = twistd.get("logfile") or ""
        if given:
            path = "" if given == "-" else os.path.join(began, given)
            if start.log_path and os.path.abspath(start.log_path) != path:
                start.warnings.append(f"logfile {start.log_path} has no effect: twistd was told to use {given}.")
            start.log_path = path

    @property
    def config(self) -> Config:
        """The configuration, once parsed."""
        assert self.start is not None
        return self.start.config
