"""Kinds of values with a grammar of their own: save points, buffer limits, keyspace events and the like."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from miniredis.config.values import (
    INT_MAX,
    LONG_MAX,
    Choice,
    Kind,
    OneWord,
    Refused,
    Text,
    Words,
    parse_memory,
    with_unit,
)
from miniredis.resp.numbers import parse_double

#: Letters of notify-keyspace-events and their bits, as Redis numbers them (in the order it shows them).
KEYSPACE: Final = 1
KEYEVENT: Final = 2
EVENT_BITS: Final = {
    b"g": 4,
    b"$": 8,
    b"l": 16,
    b"s": 32,
    b"h": 64,
    b"z": 128,
    b"x": 256,
    b"e": 512,
    b"t": 1024,
    b"d": 8192,
    b"n": 16384,
    b"K": KEYSPACE,
    b"E": KEYEVENT,
    b"m": 2048,
}
ALL_EVENTS: Final = 4 | 8 | 16 | 32 | 64 | 128 | 256 | 512 | 1024 | 8192  # "A": everything but key miss and new key

#: Classes of clients in client-output-buffer-limit, in the order in which their limits are kept and shown.
CLIENT_CLASSES: Final = (b"normal", b"slave", b"pubsub")
#: In a file, as Redis writes it.
CLASSES_IN_FILES: Final = (b"normal", b"replica", b"pubsub")


def parse_events(text: bytes) -> int | None:
    """The bits of a notify-keyspace-events text, None where a letter is unknown."""
    bits = 0
    for at in range(len(text)):
        letter = text[at : at + 1]
        if letter == b"A":
            bits |= ALL_EVENTS
        elif letter in EVENT_BITS:
            bits |= EVENT_BITS[letter]
        else:
            return None
    return bits


def render_events(bits: int) -> bytes:
    """The shortest text for `bits`; as in Redis, `n` goes unsaid after `A`."""
    shown = b""
    every = bits & ALL_EVENTS == ALL_EVENTS
    if every:
        shown = b"A"
    for letter, bit in EVENT_BITS.items():
        if bits & bit and not (every and (bit & ALL_EVENTS or letter == b"n")):
            shown += letter
    return shown


def _c_integer(word: bytes) -> int | None:
    """What C's strtoll makes of the whole of `word`: blanks and a sign before the digits, nothing at all is 0."""
    digits = word.lstrip(b" \t\n\v\f\r")
    negative = digits[:1] == b"-"
    if digits[:1] in (b"-", b"+"):
        digits = digits[1:]
        if not digits:
            return None
    if len(digits) > 19:
        digits = digits[:20] if digits.isdigit() else b"x"
    if digits and not digits.isdigit():
        return None
    number = min(int(digits or b"0"), LONG_MAX)
    return -number if negative else number


class Events(OneWord):
    """notify-keyspace-events: letters, kept as bits."""

    def parse_word(self, word: bytes) -> object:
        bits = parse_events(word)
        if bits is None:
            raise Refused(b"Invalid event class character. Use 'Ag$lshzxeKEtmdn'.")
        return bits

    def render(self, value: object) -> bytes:
        assert isinstance(value, int)
        return render_events(value)

    def describe(self) -> str:
        return "events"


class SavePoints(Kind):
    """save: pairs of seconds and changes; lines add up, an empty one forgets those before it."""

    several = True
    adds_up = True
    collects = True

    def parse(self, words: list[bytes], current: object) -> object:
        if len(words) % 2:
            raise Refused(b"Invalid save parameters")
        points: list[tuple[int, int]] = []
        for at in range(0, len(words), 2):
            seconds = _c_integer(words[at])
            changes = _c_integer(words[at + 1])
            if seconds is None or changes is None or seconds < 1 or changes < 0:
                raise Refused(b"Invalid save parameters")
            points.append((seconds, changes))
        assert isinstance(current, tuple)
        return (*current, *points) if points else ()

    def render(self, value: object) -> bytes:
        assert isinstance(value, tuple)
        return b" ".join(b"%d %d" % point for point in value)

    def lines(self, value: object) -> list[list[bytes]]:
        assert isinstance(value, tuple)
        return [[b"%d" % seconds, b"%d" % changes] for seconds, changes in value] or [[b""]]

    def describe(self) -> str:
        return "seconds changes ..."


class OutputLimits(Kind):
    """client-output-buffer-limit: hard bytes, soft bytes and soft seconds of each class; what is not named stays."""

    several = True
    collects = True

    def nothing(self) -> object:
        return ((0, 0, 0), (0, 0, 0), (0, 0, 0))

    def parse(self, words: list[bytes], current: object) -> object:
        if len(words) % 4:
            raise Refused(b"Wrong number of arguments in buffer limit configuration.")
        assert isinstance(current, tuple)
        limits: list[tuple[int, int, int]] = list(current)
        for at in range(0, len(words), 4):
            name = words[at].lower()
            if name == b"replica":
                name = b"slave"
            if name not in CLIENT_CLASSES:
                raise Refused(b"Invalid client class specified in buffer limit configuration.")
            hard = parse_memory(words[at + 1])
            soft = parse_memory(words[at + 2])
            seconds = _c_integer(words[at + 3])
            if hard is None or soft is None or seconds is None or seconds < 0:
                raise Refused(b"Error in hard, soft or soft_seconds setting in buffer limit configuration.")
            limits[CLIENT_CLASSES.index(name)] = (hard, soft, seconds)
        return tuple(limits)

    def render(self, value: object) -> bytes:
        assert isinstance(value, tuple)
        return b" ".join(b"%s %d %d %d" % (name, *value[at]) for at, name in enumerate(CLIENT_CLASSES))

    def lines(self, value: object) -> list[list[bytes]]:
        assert isinstance(value, tuple)
        return [
            [name, with_unit(hard), with_unit(soft), b"%d" % seconds]
            for name, (hard, soft, seconds) in zip(CLASSES_IN_FILES, value, strict=True)
        ]

    def lines_beside(self, value: object, default: object, standing: list[list[bytes]]) -> list[list[bytes]]:
        lines = {words[0]: words for words in self.lines(value)}
        named = [b"replica" if word.lower() == b"slave" else word.lower() for words in standing for word in words[::4]]
        changed = [words[0] for words in lines.values() if words not in self.lines(default)]
        # What stands in the file stays there, in its order, also where it says what would hold without it.
        return [lines[name] for name in dict.fromkeys([*named, *changed])] or list(lines.values())

    def describe(self) -> str:
        return "class hard soft seconds ..."


class OomScores(Kind):
    """oom-score-adj-values: one number each for the primary, replicas and background children."""

    several = True

    def parse(self, words: list[bytes], current: object) -> object:
        if len(words) != 3:
            raise Refused(b"wrong number of arguments")
        scores: list[int] = []
        for word in words:
            score = _c_integer(word)
            if score is None or not -2000 <= score <= 2000:
                raise Refused(b"Invalid oom-score-adj-values, elements must be between -2000 and 2000.")
            scores.append(score)
        return tuple(scores)

    def render(self, value: object) -> bytes:
        assert isinstance(value, tuple)
        return b" ".join(b"%d" % score for score in value)

    def lines(self, value: object) -> list[list[bytes]]:
        assert isinstance(value, tuple)
        return [[b"%d" % score for score in value]]

    def describe(self) -> str:
        return "number number number"


class Percentiles(Kind):
    """latency-tracking-info-percentiles: numbers from 0 to 100."""

    several = True

    def parse(self, words: list[bytes], current: object) -> object:
        shares: list[float] = []
        for word in words:
            share = parse_double(word)
            if share is None:
                raise Refused(b"Invalid latency-tracking-info-percentiles parameters")
            if not 0.0 <= share <= 100.0:
                raise Refused(b"latency-tracking-info-percentiles parameters should sit between [0.0,100.0]")
            shares.append(share)
        return tuple(shares)

    def render(self, value: object) -> bytes:
        return b" ".join(self.lines(value)[0])

    def lines(self, value: object) -> list[list[bytes]]:
        assert isinstance(value, tuple)
        # The shortest text that reads as the same number: 99.9 as it was given, not its nearest double.
        return [[repr(share).removesuffix(".0").encode() for share in value] or [b""]]

    def describe(self) -> str:
        return "percent ..."


class Choices(Choice):
    """Several of some names, `none` (the first of them) for the absence of any; `excluding` must not meet."""

    several = True

    def __init__(self, names: Sequence[bytes], also: dict[bytes, bytes], excluding: tuple[bytes, bytes]) -> None:
        super().__init__(names, also)
        self.excluding = excluding

    def parse(self, words: list[bytes], current: object) -> object:
        if not words:
            raise Refused(self.refusal())
        chosen = [self.parse_word(word) for word in words]
        if self.excluding[0] in chosen and self.excluding[1] in chosen:
            raise Refused(b"shutdown options SAVE and NOSAVE can't be used simultaneously")
        known = [*self.names[1:], *self.also]
        return tuple(name for name in known if name in chosen)

    def render(self, value: object) -> bytes:
        return b" ".join(self.lines(value)[0])

    def lines(self, value: object) -> list[list[bytes]]:
        assert isinstance(value, tuple)
        return [list(value) or [self.names[0]]]

    def describe(self) -> str:
        return "|".join(name.decode() for name in self.names) + " ..."


class ReplicaOf(Words):
    """replicaof: a host and a port, or `no one`. Kept as those two words, as nothing for `no one`."""

    def parse(self, words: list[bytes], current: object) -> object:
        if len(words) != 2:
            raise Refused(b"wrong number of arguments")
        if words[0].lower() == b"no" and words[1].lower() == b"one":
            return ()
        port = _c_integer(words[1])
        if port is None or not 0 <= port <= 65535:
            raise Refused(b"Invalid master port")
        return (words[0], b"%d" % port)

    def lines(self, value: object) -> list[list[bytes]]:
        assert isinstance(value, tuple)
        return [list(value)] if value else []


class Hostname(Text):
    """A host name that goes into cluster messages: letters, digits, hyphens and dots, under 256 of them."""

    def parse_word(self, word: bytes) -> object:
        if len(word) > 255:
            raise Refused(b"Hostnames must be less than 256 characters")
        plain = word.replace(b"-", b"").replace(b".", b"")
        if plain and not plain.isalnum():
            raise Refused(b"Hostnames may only contain alphanumeric characters, hyphens or dots")
        return word


class ShownName(Text):
    """A text that goes into lines of the cluster: no blanks, controls or punctuation but `- . / : _` and a backtick."""

    def __init__(self, form: str, refusal: bytes, most: int = INT_MAX, too_long: bytes = b"") -> None:
        super().__init__(form)
        self.refusal = refusal
        self.most = most
        self.too_long = too_long

    def parse_word(self, word: bytes) -> object:
        if len(word) > self.most:
            raise Refused(self.too_long)
        for byte in word:
            if byte <= 0x20 or byte == 0x7F or byte in b"!\"#$%&'()*+,;<=>?@[\\]^{|}~":
                raise Refused(self.refusal)
        return word


class IpAddress(Text):
    """An address of one family (4 or 6), or nothing."""

    def __init__(self, family: int) -> None:
        super().__init__("address")
        self.family = family

    def parse_word(self, word: bytes) -> object:
        if word and not self.valid(word.decode("latin-1")):
            raise Refused(b"Invalid IPv%d address" % self.family)
        return word

    def valid(self, text: str) -> bool:
        """Whether `text` is an address of the family, without a scope."""
        try:
            if self.family == 4:
                IPv4Address(text)
            else:
                IPv6Address(text)
        except ValueError:
            return False
        return "%" not in text


class TitleTemplate(Text):
    """proc-title-template: text with the variables of the process title in braces; `{{` is a brace."""

    #: Variables and whether they always stand for something: the result must not be empty.
    known: Final = {
        b"title": False,
        b"listen-addr": True,
        b"server-mode": False,
        b"port": True,
        b"tls-port": True,
        b"unixsocket": False,
        b"config-file": True,
    }

    def parse_word(self, word: bytes) -> object:
        shown = False
        at = 0
        while at < len(word):
            if word[at] != 0x7B or word[at + 1 : at + 2] == b"{":
                shown = shown or word[at] != 0x20
                at += 1 if word[at] != 0x7B else 2
                continue
            end = word.find(b"}", at)
            # Compiled, a slice that ends before it begins is an error: no slice before `end` is known to be good.
            name = word[at + 1 : end] if end > 0 else b""
            if name not in self.known:
                shown = False
                break
            shown = shown or self.known[name]
            at = end + 1
        if not shown:
            raise Refused(b"template format is invalid or contains unknown variables")
        return word
