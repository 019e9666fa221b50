"""Time series: samples in the order of their time, what is derived from them, and their type of value.

Times are milliseconds, kept in one array, values are doubles in another.  A compaction rule writes the aggregate of
each bucket of time into another series as soon as a sample of a later bucket comes, and again when an older bucket
changes.  What a rule has not written yet is computed from the samples themselves, so no state has to be kept.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable
from math import isnan, nan, sqrt
from typing import Final

from miniredis.formats.errors import FormatError
from miniredis.modules.items import ItemReader, ItemWriter
from miniredis.modules.values import ModuleValue
from miniredis.resp.errors import ReplyError, error

POLICIES: Final = (b"block", b"first", b"last", b"min", b"max", b"sum")
DEFAULT_CHUNK: Final = 4096
SAMPLE_BYTES: Final = 16
SERIES_BYTES: Final = 400
LABEL_BYTES: Final = 100
MOST_RULES: Final = 128


def problem(text: bytes) -> ReplyError:
    return error(b"TSDB: " + text)


# -- aggregates of one bucket


def _variance(values: array[float], less: int) -> float:
    count = len(values)
    if count == 1 and less:
        return 0.0
    mean = sum(values) / count
    return sum((value - mean) ** 2 for value in values) / (count - less)


#: Of the values of one bucket, which are never none.
AGGREGATES: Final[dict[bytes, Callable[[array[float]], float]]] = {
    b"avg": lambda values: sum(values) / len(values),
    b"sum": lambda values: float(sum(values)),
    b"min": min,
    b"max": max,
    b"range": lambda values: max(values) - min(values),
    b"count": lambda values: float(len(values)),
    b"first": lambda values: values[0],
    b"last": lambda values: values[-1],
    b"std.p": lambda values: sqrt(_variance(values, 0)),
    b"std.s": lambda values: sqrt(_variance(values, 1)),
    b"var.p": lambda values: _variance(values, 0),
    b"var.s": lambda values: _variance(values, 1),
}
#: The time-weighted average needs the neighbours of a bucket, too.
TWA: Final = b"twa"


def is_aggregate(name: bytes) -> bool:
    return name in AGGREGATES or name == TWA


def bucket_of(time_ms: int, bucket_ms: int, align_ms: int) -> int:
    """When the bucket of a time begins; never before 0."""
    return max(time_ms - (time_ms - align_ms) % bucket_ms, 0)


class Rule:
    """From a series to another one."""

    def __init__(self, target: bytes, aggregate: bytes, bucket_ms: int, align_ms: int) -> None:
        self.target = target
        self.aggregate = aggregate
        self.bucket_ms = bucket_ms
        self.align_ms = align_ms


class Series(ModuleValue):
    """See the module."""

    TYPE = "TSDB-TYPE"
    # RedisTimeSeries's numbers are small: it refuses ours clearly.
    ENCODING = 600
    OLDEST_ENCODING = 600

    def __init__(self) -> None:
        self.times: array[int] = array("q")
        self.values: array[float] = array("d")
        self.labels: dict[bytes, bytes] = {}
        self.retention_ms = 0
        self.chunk_bytes = DEFAULT_CHUNK
        self.encoding_name = b"compressed"
        #: One of POLICIES, or b"" for that of the server.
        self.policy = b""
        self.ignore_ms = 0
        self.ignore_difference = 0.0
        self.rules: list[Rule] = []
        #: The series whose rule fills this one.
        self.source = b""

    # -- samples

    def last_ms(self) -> int:
        return self.times[-1] if self.times else 0

    def is_ignored(self, time_ms: int, value: float, policy: bytes) -> bool:
        """Whether a sample says so little more than the last one that it was asked to be dropped."""
        if not self.times or policy != b"last" or not (self.ignore_ms or self.ignore_difference):
            return False
        ahead_ms = time_ms - self.times[-1]
        return 0 <= ahead_ms <= self.ignore_ms and abs(value - self.values[-1]) <= self.ignore_difference

    def put(self, time_ms: int, value: float, policy: bytes) -> None:
        """Add a sample; `policy` says what happens where there is one at that time.  Raises an error reply."""
        if not self.times or time_ms > self.times[-1]:
            self.times.append(time_ms)
            self.values.append(value)
            return
        if self.retention_ms and time_ms < self.times[-1] - self.retention_ms:
            raise problem(b"Timestamp is older than retention")
        place = bisect_left(self.times, time_ms)
        if self.times[place] != time_ms:
            self.times.insert(place, time_ms)
            self.values.insert(place, value)
            return
        known = self.values[place]
        if policy == b"block":
            raise problem(b"Error at upsert, update is not supported when DUPLICATE_POLICY is set to BLOCK mode")
        if policy == b"sum":
            value += known
        elif (policy == b"min" and known < value) or (policy == b"max" and known > value) or policy == b"first":
            value = known
        self.values[place] = value

    def trim(self) -> None:
        """Forget what is older than the retention, but nothing that a rule still has to see."""
        if not self.retention_ms or not self.times:
            return
        oldest_ms = self.times[-1] - self.retention_ms
        for rule in self.rules:
            oldest_ms = min(oldest_ms, bucket_of(self.times[-1], rule.bucket_ms, rule.align_ms))
        gone = bisect_left(self.times, oldest_ms)
        if gone:
            del self.times[:gone]
            del self.values[:gone]

    def remove(self, first_ms: int, last_ms: int) -> int:
        """Remove a range of time, both ends included; how many samples were in it."""
        begin, end = self.places(first_ms, last_ms)
        del self.times[begin:end]
        del self.values[begin:end]
        return end - begin

    def places(self, first_ms: int, last_ms: int) -> tuple[int, int]:
        """The samples of a range of time, both ends included; what the retention has outlived is left out."""
        if self.retention_ms and self.times:
            first_ms = max(first_ms, self.times[-1] - self.retention_ms)
        begin = bisect_left(self.times, first_ms)
        return begin, max(bisect_left(self.times, last_ms + 1), begin)

    # -- buckets

    def aggregate(self, name: bytes, begin_ms: int, end_ms: int) -> float:
        """Over the samples from `begin_ms` to before `end_ms`; nan where there are none."""
        first, last = bisect_left(self.times, begin_ms), bisect_left(self.times, end_ms)
        if name == TWA:
            return self._time_weighted(first, last, begin_ms, end_ms)
        return AGGREGATES[name](self.values[first:last]) if first < last else nan

    def _time_weighted(self, first: int, last: int, begin_ms: int, end_ms: int) -> float:
        """The area under the line through the samples, by the time that it covers."""
        points = list(zip(self.times[first:last], self.values[first:last], strict=True))
        if first > 0 and last > 0 and first < len(self.times) and self.times[first] > begin_ms:
            points.insert(0, (begin_ms, self._between(first, begin_ms)))
        if 0 < last < len(self.times):
            points.append((end_ms, self._between(last, end_ms)))
        if not points:
            return nan
        covered = points[-1][0] - points[0][0]
        if covered == 0:
            return points[0][1]
        area = sum(
            (one[1] + other[1]) * (other[0] - one[0]) / 2 for one, other in zip(points, points[1:], strict=False)
        )
        return area / covered

    def _between(self, place: int, time_ms: int) -> float:
        """The value at a time between the samples before and at `place`."""
        before_ms, after_ms = self.times[place - 1], self.times[place]
        before, after = self.values[place - 1], self.values[place]
        return before + (after - before) * (time_ms - before_ms) / (after_ms - before_ms)

    def open_bucket(self, rule: Rule) -> tuple[int, float] | None:
        """What the rule has not written yet."""
        if not self.times:
            return None
        begin_ms = bucket_of(self.times[-1], rule.bucket_ms, rule.align_ms)
        value = self.aggregate(rule.aggregate, begin_ms, begin_ms + rule.bucket_ms)
        return None if isnan(value) else (begin_ms, value)

    # -- as a value

    def size_bytes(self) -> int:
        return len(self.times) * SAMPLE_BYTES

    def memory(self) -> int:
        labels = sum(len(name) + len(value) + LABEL_BYTES for name, value in self.labels.items())
        return SERIES_BYTES + labels + self.size_bytes() + LABEL_BYTES * len(self.rules)

    def free_effort(self) -> int:
        return 1 + len(self.times) // 256

    def copy(self) -> Series:
        """The samples and what is said of them; rules stay with the original."""
        twin = Series()
        twin.times, twin.values, twin.labels = self.times[:], self.values[:], dict(self.labels)
        twin.retention_ms, twin.chunk_bytes, twin.policy = self.retention_ms, self.chunk_bytes, self.policy
        twin.encoding_name = self.encoding_name
        twin.ignore_ms, twin.ignore_difference = self.ignore_ms, self.ignore_difference
        return twin

    def save(self, items: ItemWriter) -> None:
        items.unsigned(self.retention_ms)
        items.unsigned(self.chunk_bytes)
        items.string(self.encoding_name)
        items.string(self.policy)
        items.unsigned(self.ignore_ms)
        items.double(self.ignore_difference)
        items.string(self.source)
        items.unsigned(len(self.labels))
        for name, value in self.labels.items():
            items.string(name)
            items.string(value)
        items.unsigned(len(self.rules))
        for rule in self.rules:
            items.string(rule.target)
            items.string(rule.aggregate)
            items.unsigned(rule.bucket_ms)
            items.number(rule.align_ms)
        items.string(_little_endian(self.times))
        items.string(_little_endian(self.values))

    @classmethod
    def load(cls, items: ItemReader, encoding: int) -> Series:
        found = cls()
        found.retention_ms, found.chunk_bytes = items.unsigned(), items.unsigned()
        found.encoding_name, found.policy = items.string(), items.string()
        found.ignore_ms, found.ignore_difference = items.unsigned(), items.double()
        found.source = items.string()
        for _ in range(items.count(2)):
            name = items.string()
            found.labels[name] = items.string()
        for _ in range(items.count(4)):
            rule = Rule(items.string(), items.string(), items.unsigned(), items.number())
            if not is_aggregate(rule.aggregate) or rule.bucket_ms < 1:
                raise FormatError("a rule of a time series that nobody knows")
            found.rules.append(rule)
        found.times.frombytes(items.string())
        found.values.frombytes(items.string())
        _little_endian_back(found.times)
        _little_endian_back(found.values)
        times = found.times
        if len(times) != len(found.values) or any(times[place] >= times[place + 1] for place in range(len(times) - 1)):
            raise FormatError("the samples of a time series are out of order")
        if found.policy not in (b"", *POLICIES):
            raise FormatError("a policy of a time series that nobody knows")
        return found


def _little_endian(numbers: array[int] | array[float]) -> bytes:
    if _IS_BIG_ENDIAN:
        numbers = numbers[:]
        numbers.byteswap()
    return numbers.tobytes()


def _little_endian_back(numbers: array[int] | array[float]) -> None:
    if _IS_BIG_ENDIAN:
        numbers.byteswap()


_IS_BIG_ENDIAN: Final = array("H", [1]).tobytes()[0] == 0
