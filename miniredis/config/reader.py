"""redis.conf: text in, lines of words out.

A line is blank, a comment (its first byte that is no blank is a #) or a directive with its words, quoted as
inline commands are. There are no comments behind a directive and no lines that go on in the next one.
`include` is replaced by the lines of the files it names.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from miniredis.resp.quoting import quote, split_arguments

#: Gives the names and texts of the files an `include` pattern stands for; a pattern without wildcards whose
#: file cannot be read raises `OSError`.
FindFiles = Callable[[bytes], list[tuple[str, bytes]]]

#: A file that includes itself ends here instead of nowhere.
DEEPEST_INCLUDE: Final = 16

_BLANKS: Final = b" \t\r\n"


class ConfigError(Exception):
    """The start stops here: which file and line, what stands there, and why it is wrong.

    `where` is the name of a file, empty for the words of the command line; `number` counts from 1, 0 is for
    what no single line is to blame for.
    """

    def __init__(self, where: str, number: int, line: bytes, reason: bytes) -> None:
        super().__init__(reason.decode("utf-8", "replace"))
        self.where = where
        self.number = number
        self.line = line
        self.reason = reason

    def report(self, version: str) -> str:
        """What is written to standard error, in Redis's form."""
        lines = ["", f"*** FATAL CONFIG FILE ERROR (Redis {version}) ***"]
        if self.number:
            if self.where:
                lines.append(f"Reading the configuration file {self.where}, at line {self.number}")
            else:
                lines.append(f"Reading the command line, at directive {self.number}")
        if self.line:
            lines.append(f">>> '{self.line.decode('utf-8', 'backslashreplace')}'")
        lines.append(self.reason.decode("utf-8", "backslashreplace"))
        return "\n".join(lines) + "\n"


class Line:
    """A directive as it was given. `name` is in lower case; `depth` is 0 outside included files."""

    def __init__(self, where: str, number: int, text: bytes, name: str, words: list[bytes], depth: int = 0) -> None:
        self.where = where
        self.number = number
        self.text = text
        self.name = name
        self.words = words
        self.depth = depth

    def error(self, reason: bytes) -> ConfigError:
        """This line is wrong, for that reason."""
        return ConfigError(self.where, self.number, self.text, reason)


def name_of(word: bytes) -> str:
    """The name of a directive as it is looked up."""
    return word.decode("latin-1").lower()


def shown_words(words: list[bytes]) -> bytes:
    """Words as the line of a file that would give them."""
    return b" ".join([words[0], *(quote(word) for word in words[1:])])


def read_lines(text: bytes, where: str = "", depth: int = 0) -> list[Line]:
    """The directives in `text`, `include` being one of them."""
    lines: list[Line] = []
    for number, raw in enumerate(text.split(b"\n"), start=1):
        line = raw.strip(_BLANKS)
        if not line or line[0] == 0x23:
            continue
        words = split_arguments(line)
        if words is None:
            raise ConfigError(where, number, line, b"Unbalanced quotes in configuration line")
        if words:
            lines.append(Line(where, number, line, name_of(words[0]), words[1:], depth))
    return lines


def expand_includes(lines: list[Line], find_files: FindFiles) -> list[Line]:
    """`lines` with those of included files behind each `include`, which stays as a line of its own."""
    expanded: list[Line] = []
    for line in lines:
        expanded.append(line)
        if line.name != "include" or len(line.words) != 1:
            continue
        if line.depth >= DEEPEST_INCLUDE:
            raise line.error(b"Too many levels of include")
        try:
            files = find_files(line.words[0])
        except OSError as error:
            reason = (error.strerror or str(error)).encode()
            raise line.error(b"Fatal error, can't open config file '%s': %s" % (line.words[0], reason)) from error
        for name, text in files:
            expanded += expand_includes(read_lines(text, name, line.depth + 1), find_files)
    return expanded
