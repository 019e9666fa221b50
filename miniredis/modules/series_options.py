"""The words of TS commands: options of a series, ranges with their aggregation, filters by label."""

from __future__ import annotations

from math import isnan
from typing import Final

from miniredis.config.values import Choice, Integer
from miniredis.modules.api import Context, Directive
from miniredis.modules.series import POLICIES, Series, is_aggregate, problem
from miniredis.resp.errors import ReplyError
from miniredis.resp.numbers import parse_double, parse_int64

LATEST_MS: Final = (1 << 63) - 1
MOST_LABELS: Final = 256

POLICY: Final = Directive(
    "timeseries.duplicate-policy",
    Choice(list(POLICIES)),
    "block",
    "What happens to a second sample of the same time, where a series does not say.",
    "own",
)
RETENTION: Final = Directive(
    "timeseries.retention-policy",
    Integer(0, LATEST_MS),
    "0",
    "Milliseconds for which a new series keeps its samples, where it does not say; 0: for ever.",
    "own",
)


def time_of(text: bytes, what: bytes = b"timestamp") -> int:
    time_ms = parse_int64(text)
    if time_ms is None or time_ms < 0:
        raise problem(b"invalid " + what)
    return time_ms


def number_of(text: bytes) -> float:
    value = parse_double(text)
    if value is None or isnan(value):
        raise problem(b"invalid value")
    return value


class SeriesOptions:
    """RETENTION, CHUNK_SIZE, LABELS and so on; None where nothing is said."""

    def __init__(self, words: list[bytes], more: tuple[bytes, ...] = ()) -> None:
        self.retention_ms: int | None = None
        self.chunk_bytes: int | None = None
        self.encoding: bytes | None = None
        self.policy: bytes | None = None
        self.on_duplicate: bytes | None = None
        self.ignore: tuple[int, float] | None = None
        self.labels: dict[bytes, bytes] | None = None
        self.time: bytes | None = None
        at = 0
        while at < len(words):
            word = words[at].upper()
            if word == b"LABELS":
                self._take_labels(words[at + 1 :])
                return
            left = words[at + 1 :]
            if not left:
                raise problem(b"wrong arguments")
            at += self._take(word, left, more)

    def _take_labels(self, words: list[bytes]) -> None:
        if len(words) % 2 or len(words) > 2 * MOST_LABELS:
            raise problem(b"Couldn't parse LABELS")
        self.labels = dict(zip(words[::2], words[1::2], strict=True))
        if any(not name for name in self.labels):
            raise problem(b"Couldn't parse LABELS")

    def _take(self, word: bytes, left: list[bytes], more: tuple[bytes, ...]) -> int:
        """One option; how many words it has."""
        value = left[0]
        if word == b"RETENTION":
            self.retention_ms = _count(value, b"RETENTION", 0)
        elif word == b"CHUNK_SIZE":
            self.chunk_bytes = _count(value, b"CHUNK_SIZE", 48)
            if self.chunk_bytes % 8 or self.chunk_bytes > 1 << 20:
                raise problem(b"CHUNK_SIZE value must be a multiple of 8 in the range [48 .. 1048576]")
        elif word == b"ENCODING" and value.lower() in (b"compressed", b"uncompressed"):
            self.encoding = value.lower()
        elif word == b"DUPLICATE_POLICY" and value.lower() in POLICIES:
            self.policy = value.lower()
        elif word == b"ON_DUPLICATE" and word in more and value.lower() in POLICIES:
            self.on_duplicate = value.lower()
        elif word == b"TIMESTAMP" and word in more:
            self.time = value
        elif word == b"IGNORE" and len(left) > 1:
            self.ignore = (_count(value, b"IGNORE", 0), number_of(left[1]))
            if self.ignore[1] < 0:
                raise problem(b"Couldn't parse IGNORE")
            return 3
        elif word in (b"ENCODING", b"DUPLICATE_POLICY", b"ON_DUPLICATE", b"IGNORE"):
            raise problem(b"Couldn't parse " + word)
        else:
            raise problem(b"unknown argument")
        return 2

    def apply(self, series: Series) -> None:
        if self.retention_ms is not None:
            series.retention_ms = self.retention_ms
        if self.chunk_bytes is not None:
            series.chunk_bytes = self.chunk_bytes
        if self.encoding is not None:
            series.encoding_name = self.encoding
        if self.policy is not None:
            series.policy = self.policy
        if self.ignore is not None:
            series.ignore_ms, series.ignore_difference = self.ignore
        if self.labels is not None:
            series.labels = self.labels

    def make(self, ctx: Context) -> Series:
        """A new series."""
        series = Series()
        series.retention_ms = ctx.server.config.int(RETENTION.name)
        self.apply(series)
        return series


def words_for(series: Series) -> list[bytes]:
    """The options that make such a series, whatever the server's defaults."""
    words = [b"RETENTION", b"%d" % series.retention_ms, b"CHUNK_SIZE", b"%d" % series.chunk_bytes]
    words += [b"ENCODING", series.encoding_name]
    if series.policy:
        words += [b"DUPLICATE_POLICY", series.policy]
    if series.ignore_ms or series.ignore_difference:
        words += [b"IGNORE", b"%d" % series.ignore_ms, repr(series.ignore_difference).encode()]
    words.append(b"LABELS")
    for name, value in series.labels.items():
        words += [name, value]
    return words


def _count(text: bytes, name: bytes, least: int) -> int:
    number = parse_int64(text)
    if number is None or number < least:
        raise problem(b"Couldn't parse " + name)
    return number


class Span:
    """FROM and TO, with all that TS.RANGE and its kin can be asked for."""

    def __init__(self, first: bytes, last: bytes) -> None:
        self.first_ms = 0 if first == b"-" else time_of(first, b"fromTimestamp")
        self.last_ms = LATEST_MS if last == b"+" else time_of(last, b"toTimestamp")
        self.latest = False
        self.times: set[int] | None = None
        self.bounds: tuple[float, float] | None = None
        self.most = -1
        self.align: bytes = b""
        self.aggregates: list[bytes] = []
        self.bucket_ms = 0
        self.shown_at = b"-"
        self.fills = False
        # Of the forms for several series.
        self.with_labels = False
        self.selected: list[bytes] | None = None
        self.filters: list[LabelFilter] = []
        self.group_by = b""
        self.reducer = b""

    def take(self, words: list[bytes], several: bool) -> None:
        at = 0
        while at < len(words):
            at = self._take(words, at, several)
        if self.align and not self.aggregates:
            raise problem(b"ALIGN parameter can only be used with AGGREGATION")

    def _take(self, words: list[bytes], at: int, several: bool) -> int:
        word = words[at].upper()
        left = words[at + 1 :]
        if word == b"LATEST":
            self.latest = True
        elif word == b"FILTER_BY_TS":
            count = _run_of_numbers(left)
            if not count:
                raise problem(b"FILTER_BY_TS one or more arguments are missing")
            self.times = {time_of(text) for text in left[:count]}
            return at + 1 + count
        elif word == b"FILTER_BY_VALUE" and len(left) > 1:
            self.bounds = (number_of(left[0]), number_of(left[1]))
            return at + 3
        elif word == b"COUNT" and left:
            self.most = _count(left[0], b"COUNT", 0)
            return at + 2
        elif word == b"ALIGN" and left:
            self.align = left[0].lower()
            return at + 2
        elif word == b"AGGREGATION" and len(left) > 1:
            self.aggregates = left[0].lower().split(b",")
            if not all(is_aggregate(name) for name in self.aggregates):
                raise problem(b"Unknown aggregation type")
            self.bucket_ms = _count(left[1], b"AGGREGATION", 1)
            return at + 3
        elif word == b"BUCKETTIMESTAMP" and left and self.aggregates:
            places = {b"-": b"-", b"low": b"-", b"+": b"+", b"high": b"+", b"~": b"~", b"mid": b"~"}
            if left[0].lower() not in places:
                raise problem(b"unknown BUCKETTIMESTAMP parameter")
            self.shown_at = places[left[0].lower()]
            return at + 2
        elif word == b"EMPTY" and self.aggregates:
            self.fills = True
        elif several:
            return self._take_for_several(word, left, at)
        else:
            raise problem(b"wrong arguments")
        return at + 1

    def _take_for_several(self, word: bytes, left: list[bytes], at: int) -> int:
        if word == b"WITHLABELS":
            self.with_labels = True
            return at + 1
        if word == b"SELECTED_LABELS":
            count = _until_keyword(left)
            self.selected = left[:count]
            if not count:
                raise problem(b"SELECTED_LABELS should have at least 1 parameter")
            return at + 1 + count
        if word == b"FILTER":
            count = _until_keyword(left)
            self.filters = filters_of(left[:count])
            return at + 1 + count
        if word == b"GROUPBY" and len(left) > 2 and left[1].upper() == b"REDUCE":
            self.group_by, self.reducer = left[0], left[2].lower()
            if not is_aggregate(self.reducer) or self.reducer in (b"first", b"last", b"twa"):
                raise problem(b"Invalid reducer type")
            return at + 4
        raise problem(b"wrong arguments")

    def align_ms(self) -> int:
        if self.align in (b"start", b"-"):
            return self.first_ms
        if self.align in (b"end", b"+"):
            return self.last_ms
        return time_of(self.align, b"ALIGN") if self.align else 0


KEYWORDS: Final = (
    b"LATEST FILTER_BY_TS FILTER_BY_VALUE COUNT ALIGN AGGREGATION BUCKETTIMESTAMP EMPTY WITHLABELS SELECTED_LABELS"
    b" FILTER GROUPBY"
).split()


def _run_of_numbers(words: list[bytes]) -> int:
    count = 0
    while count < len(words) and words[count].isdigit():
        count += 1
    return count


def _until_keyword(words: list[bytes]) -> int:
    count = 0
    while count < len(words) and words[count].upper() not in KEYWORDS:
        count += 1
    return count


class LabelFilter:
    """label=value, label=(one,other), label= for series without it, and the same with != for all others."""

    def __init__(self, text: bytes) -> None:
        name, equals, value = text.partition(b"=")
        self.differs = name.endswith(b"!")
        self.name = name.removesuffix(b"!")
        if not equals or not self.name:
            raise problem(b"failed parsing labels")
        if value.startswith(b"(") and value.endswith(b")"):
            self.values = [part.strip(b" ") for part in value[1:-1].split(b",")]
        else:
            self.values = [value] if value else []

    def chooses(self) -> bool:
        """Whether it names values that a series must have."""
        return not self.differs and len(self.values) > 0

    def accepts(self, labels: dict[bytes, bytes]) -> bool:
        value = labels.get(self.name)
        fits = value in self.values if self.values else value is None
        return fits != self.differs


def filters_of(words: list[bytes]) -> list[LabelFilter]:
    """At least one must name values."""
    found = [LabelFilter(word) for word in words]
    if not any(each.chooses() for each in found):
        raise problem(b"please provide at least one matcher")
    return found


def no_series() -> ReplyError:
    return problem(b"the key does not exist")
