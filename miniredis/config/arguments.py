"""The words after `miniredis-server` or `twistd -n miniredis`: redis-server's grammar, one parser for both.

    [FILE] [--directive word ...] ... [-]

The first word is a configuration file unless it begins with a minus; a lone minus, first or last, stands for
standard input. A directive takes all words up to the next one, and the first word after it in any case, so
that a password may begin with two minus signs. A directive and its words may be one quoted word. There are no
abbreviations.
"""

from __future__ import annotations

from collections.abc import Sequence

from miniredis.config.config import Config, EnterFolder
from miniredis.config.directives import GROUPS
from miniredis.config.reader import FindFiles, Line, expand_includes, name_of, read_lines, shown_words
from miniredis.resp.quoting import split_arguments


class UsageError(Exception):
    """Words that mean nothing; the text says which."""


class Invocation:
    """What the words ask for. `wants` is "run", "help" or "version"; `file` is None without a configuration file."""

    def __init__(self) -> None:
        self.wants = "run"
        self.file: str | None = None
        self.reads_input = False
        self.sentinel = False
        self.lines: list[Line] = []

    def configuration(
        self, file_text: bytes, input_text: bytes, find_files: FindFiles, enter_folder: EnterFolder | None = None
    ) -> Config:
        """The configuration of the file, standard input and the words, in this order. Raises `ConfigError`.

        `enter_folder` is called with the value of each `dir` as it comes, and may raise `OSError`.
        """
        config = Config(self.sentinel)
        lines = read_lines(file_text, self.file or "")
        lines += read_lines(input_text, "standard input")
        config.load(expand_includes(lines + self.lines, find_files), enter_folder)
        return config


def parse_arguments(words: Sequence[str], sentinel: bool = False) -> Invocation:
    """What `words` (without the command itself) mean. Raises `UsageError`."""
    asked = Invocation()
    asked.sentinel = sentinel
    rest = [word.encode("utf-8", "surrogateescape") for word in words]
    if rest in ([b"-h"], [b"--help"]):
        asked.wants = "help"
        return asked
    if rest in ([b"-v"], [b"--version"]):
        asked.wants = "version"
        return asked
    if rest and rest[0] in (b"--test-memory", b"--check-system"):
        raise UsageError(
            f"{words[0]} tests the machine, which this server does not do; use redis-server's or memtester"
        )
    at = 0
    if rest and rest[0] == b"-":
        asked.reads_input = True
        at = 1
    elif rest and not rest[0].startswith(b"-"):
        asked.file = words[0] or None
        at = 1
    end = len(rest)
    if end - at > 0 and rest[-1] == b"-" and not _awaits_word(rest[at:-1]):
        asked.reads_input = True
        end -= 1
    _parse_directives(asked, rest[at:end])
    return asked


def _awaits_word(words: list[bytes]) -> bool:
    """Whether what follows `words` is the value of a directive rather than a word of its own."""
    return bool(words) and _is_directive(words[-1]) and words[-1].lower() != b"--sentinel"


def _is_directive(word: bytes) -> bool:
    return word.startswith(b"--") and len(word) > 2


def _parse_directives(asked: Invocation, words: list[bytes]) -> None:
    at = 0
    number = 0
    while at < len(words):
        if not _is_directive(words[at]):
            raise UsageError(
                f"'{words[at].decode('utf-8', 'backslashreplace')}' is neither a directive nor part of one"
            )
        given = split_arguments(words[at][2:])
        if not given:
            raise UsageError(f"unbalanced quotes in '{words[at].decode('utf-8', 'backslashreplace')}'")
        name = name_of(given[0])
        at += 1
        number += 1
        if name == "sentinel" and len(given) == 1 and (at == len(words) or _is_directive(words[at])):
            asked.sentinel = True
            continue
        # `--save` alone, or with another directive behind it, saves never. Elsewhere the next word belongs to
        # the directive whatever it looks like.
        if len(given) == 1 and at < len(words) and not (name == "save" and _is_directive(words[at])):
            given.append(words[at])
            at += 1
        while at < len(words) and not words[at].startswith(b"--"):
            given.append(words[at])
            at += 1
        if len(given) == 1 and name == "save":
            given.append(b"")
        asked.lines.append(Line("", number, shown_words(given), name, given[1:]))


def help_text(command: str = "miniredis-server") -> str:
    """The answer to --help: how it is called, and every directive that does something."""
    lines = [
        f"Usage: {command} [/path/to/redis.conf] [--directive word ...] ... [-]",
        f"       {command} -              read the configuration from standard input",
        f"       {command} -v | --version",
        f"       {command} -h | --help",
        f"       {command} /path/to/sentinel.conf --sentinel",
        "",
        "A directive takes all words up to the next one:",
        f"       {command} --port 7777 --save 3600 1 --replicaof 127.0.0.1 6379",
        "",
        "Directives, with their defaults (CONFIG GET shows more, the documentation tells all):",
    ]
    for group in GROUPS:
        shown = [directive for directive in group.directives if directive.used and not directive.hidden]
        if not shown:
            continue
        lines += ["", f"{group.title}:"]
        for directive in shown:
            default = "" if directive.file_only else directive.kind.render(directive.default).decode()
            lines.append(f"  --{directive.name} {directive.kind.describe()}" + (f"  [{default}]" if default else ""))
            lines.append(f"      {directive.summary}")
    return "\n".join(lines) + "\n"
