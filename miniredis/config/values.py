"""What a directive's value may be: reading it, checking it, showing it.

A kind turns words into a value and a value back into text. The texts of refusals are Redis's, since
clients and operators read them; redis-server 7.0.15 was asked for each. Values are immutable (bool, int,
bytes, tuples of them), so that a roll-back is a plain assignment.

The kinds with a grammar of their own (save points, buffer limits, ...) stand in `structured.py`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Final

from miniredis.resp.numbers import parse_int64

INT_MAX: Final = 2147483647
INT_MIN: Final = -2147483648
UINT_MAX: Final = 4294967295
LONG_MAX: Final = 9223372036854775807
ULONG_MAX: Final = 18446744073709551615

_UNITS: Final = {
    b"": 1,
    b"b": 1,
    b"k": 1000,
    b"kb": 1024,
    b"m": 1000 * 1000,
    b"mb": 1024 * 1024,
    b"g": 1000 * 1000 * 1000,
    b"gb": 1024 * 1024 * 1024,
}


class Refused(Exception):
    """A value that is not accepted; `reason` is the text Redis gives."""

    def __init__(self, reason: bytes) -> None:
        super().__init__(reason.decode("utf-8", "replace"))
        self.reason = reason


def parse_memory(text: bytes) -> int | None:
    """Bytes of `10`, `10k`, `10kb`, `1gb`, ...; None if it is no such text. Saturates at 2**64 - 1."""
    digits = len(text)
    for at, byte in enumerate(text):
        if not 0x30 <= byte <= 0x39:
            digits = at
            break
    unit = _UNITS.get(text[digits:].lower())
    if unit is None:
        return None
    # No digits at all are a zero, and more than 20 of them are beyond any limit: int() is never given more.
    number = text[:digits].lstrip(b"0")
    if len(number) > 20:
        return ULONG_MAX
    return min(int(number or b"0") * unit, ULONG_MAX)


def between(low: int, high: int) -> bytes:
    """The refusal of a number out of bounds."""
    return b"argument must be between %d and %d inclusive" % (low, high)


class Kind(ABC):
    """A kind of value.

    `several`: any number of words; in CONFIG SET, or as one quoted word, they are split at single spaces.
    `adds_up`: repeated lines of a file make one value, beginning with `nothing()`.
    `collects`: so they do, or each changes a part of the value; elsewhere the last line wins.
    """

    several: bool = False
    adds_up: bool = False
    collects: bool = False

    def nothing(self) -> object:
        """What the first line of a file adds to, or replaces a part of."""
        return ()

    @abstractmethod
    def parse(self, words: list[bytes], current: object) -> object:
        """The value of `words`. `current` is what holds now, for kinds of which a part can be given."""

    @abstractmethod
    def render(self, value: object) -> bytes:
        """As CONFIG GET shows it."""

    def lines(self, value: object) -> list[list[bytes]]:
        """The words of each line that sets this value from nothing in a file."""
        return [[self.render(value)]]

    def lines_beside(self, value: object, default: object, standing: list[list[bytes]]) -> list[list[bytes]]:
        """The same, setting out from `default`: what need not be said and does not stand there may be left out."""
        return self.lines(value)

    @abstractmethod
    def describe(self) -> str:
        """The form of a value, for --help and the reference."""


class OneWord(Kind):
    """A kind whose values are a single word."""

    def parse(self, words: list[bytes], current: object) -> object:
        if len(words) != 1:
            raise Refused(b"wrong number of arguments")
        return self.parse_word(words[0])

    @abstractmethod
    def parse_word(self, word: bytes) -> object:
        """The value of the word."""


class Flag(OneWord):
    """yes or no."""

    def parse_word(self, word: bytes) -> object:
        lowered = word.lower()
        if lowered == b"yes":
            return True
        if lowered == b"no":
            return False
        raise Refused(b"argument must be 'yes' or 'no'")

    def render(self, value: object) -> bytes:
        return b"yes" if value else b"no"

    def describe(self) -> str:
        return "yes|no"


class Integer(OneWord):
    """A whole number within bounds. Numbers outside `clamp` are accepted and moved to its nearest end."""

    def __init__(self, low: int, high: int, clamp: tuple[int, int] | None = None) -> None:
        self.low = low
        self.high = high
        self.clamp = clamp

    def parse_word(self, word: bytes) -> object:
        number = parse_int64(word)
        if number is None:
            raise Refused(b"argument couldn't be parsed into an integer")
        return self.bounded(number)

    def bounded(self, number: int) -> int:
        """`number` if it is within bounds, clamped."""
        if not self.low <= number <= self.high:
            raise Refused(between(self.low, self.high))
        if self.clamp is not None:
            return min(max(number, self.clamp[0]), self.clamp[1])
        return number

    def render(self, value: object) -> bytes:
        assert isinstance(value, int)
        return b"%d" % value

    def describe(self) -> str:
        low, high = self.clamp or (self.low, self.high)
        if high >= INT_MAX:
            return "number" if low <= INT_MIN else f"number>={low}"
        return f"{low}..{high}"


class Octal(OneWord):
    """File permissions: digits 0 to 7, at most 777."""

    def parse_word(self, word: bytes) -> object:
        if not word or len(word) > 22 or word.strip(b"01234567"):
            raise Refused(b"argument couldn't be parsed as an octal number")
        number = int(word, 8)
        if number > 0o777:
            raise Refused(b"argument must be between 0 and 777 inclusive")
        return number

    def render(self, value: object) -> bytes:
        assert isinstance(value, int)
        return b"%o" % value

    def describe(self) -> str:
        return "octal"


def with_unit(size: int) -> bytes:
    """A number of bytes as files tell it: by the largest unit that it is a multiple of."""
    for unit, bits in ((b"gb", 30), (b"mb", 20), (b"kb", 10)):
        if size > 0 and size % (1 << bits) == 0:
            return b"%d%b" % (size >> bits, unit)
    return b"%d" % size


class Memory(Integer):
    """A number of bytes with an optional unit. With `percent`, also a share of maxmemory, kept as a negative number.

    A lower bound under zero stands for a directive that knows such a number as a special value.
    """

    def __init__(self, low: int, high: int, percent: bool = False, clamp: tuple[int, int] | None = None) -> None:
        super().__init__(low, high, clamp)
        self.percent = percent

    def parse_word(self, word: bytes) -> object:
        if self.percent and len(word) > 1 and word.endswith(b"%"):
            share = parse_int64(word[:-1])
            if share is not None and share >= 0:
                if share > 100:
                    raise Refused(b"percentage argument must be less or equal to 100")
                return -share
        number = parse_int64(word) if self.low < 0 else None
        if number is None:
            number = parse_memory(word)
        if number is None:
            if self.percent:
                raise Refused(b"argument must be a memory or percent value")
            raise Refused(b"argument must be a memory value")
        return self.bounded(number)

    def render(self, value: object) -> bytes:
        assert isinstance(value, int)
        if self.percent and value < 0:
            return b"%d%%" % -value
        return b"%d" % value

    def lines(self, value: object) -> list[list[bytes]]:
        assert isinstance(value, int)
        return [[self.render(value) if value < 0 else with_unit(value)]]

    def describe(self) -> str:
        return "bytes|percent" if self.percent else "bytes"


class Choice(OneWord):
    """One of some names. `also` are names taken silently (another server's), each standing for one of ours."""

    def __init__(self, names: Sequence[bytes], also: dict[bytes, bytes] | None = None) -> None:
        self.names = list(names)
        self.also = also or {}

    def parse_word(self, word: bytes) -> object:
        lowered = word.lower()
        if lowered in self.names:
            return lowered
        if lowered in self.also:
            return self.also[lowered]
        raise Refused(self.refusal())

    def refusal(self) -> bytes:
        """The text that lists what would have been right."""
        return b"argument(s) must be one of the following: " + b", ".join(self.names)

    def render(self, value: object) -> bytes:
        assert isinstance(value, bytes)
        return value

    def describe(self) -> str:
        return "|".join(name.decode() for name in self.names)


class Text(OneWord):
    """Any text. With `no_slash` it must be a plain name of what it says, with `needed` not empty."""

    def __init__(self, form: str = "text", no_slash: bytes = b"", needed: bytes = b"") -> None:
        self.form = form
        self.no_slash = no_slash
        self.needed = needed

    def parse_word(self, word: bytes) -> object:
        if self.needed and not word:
            raise Refused(self.needed)
        if self.no_slash and b"/" in word:
            raise Refused(self.no_slash)
        return word

    def render(self, value: object) -> bytes:
        assert isinstance(value, bytes)
        return value

    def describe(self) -> str:
        return self.form


class Words(Kind):
    """Any number of words, at most `most`."""

    several = True

    def __init__(self, form: str, most: int = INT_MAX, too_many: bytes = b"") -> None:
        self.form = form
        self.most = most
        self.too_many = too_many

    def parse(self, words: list[bytes], current: object) -> object:
        if len(words) > self.most:
            raise Refused(self.too_many)
        return tuple(words)

    def render(self, value: object) -> bytes:
        assert isinstance(value, tuple)
        return b" ".join(value)

    def lines(self, value: object) -> list[list[bytes]]:
        assert isinstance(value, tuple)
        return [list(value) or [b""]]

    def describe(self) -> str:
        return self.form


class Lines(Kind):
    """Lines that only a configuration file or the command line can give, each kept with all its words."""

    several = True
    adds_up = True
    collects = True

    def __init__(self, form: str, fewest: int, most: int = INT_MAX) -> None:
        self.form = form
        self.fewest = fewest
        self.most = most

    def parse(self, words: list[bytes], current: object) -> object:
        if not self.fewest <= len(words) <= self.most:
            raise Refused(b"Bad directive or wrong number of arguments")
        assert isinstance(current, tuple)
        return (*current, tuple(words))

    def render(self, value: object) -> bytes:
        assert isinstance(value, tuple)
        return b"; ".join(b" ".join(words) for words in value)

    def lines(self, value: object) -> list[list[bytes]]:
        assert isinstance(value, tuple)
        return [list(words) for words in value]

    def describe(self) -> str:
        return self.form
