"""The TS commands that read.  Those that ask by labels look at every key of the database."""

from __future__ import annotations

from array import array
from math import isnan, nan
from typing import Final

from miniredis.commands.key_specs import READ_KEY
from miniredis.dispatch.access import engine_of, session_of
from miniredis.dispatch.gates import GATE_ACL
from miniredis.modules.api import CommandGroup, Context, read_value
from miniredis.modules.series import AGGREGATES, SAMPLE_BYTES, Series, bucket_of, problem
from miniredis.modules.series_options import Span, filters_of, no_series
from miniredis.resp.errors import ReplyError
from miniredis.resp.replies import MapReply, SetReply, Status

reading = CommandGroup("module")

#: Buckets that EMPTY may fill in one reply.
MOST_BUCKETS: Final = 1_000_000
#: A time with one value, or with one of each aggregate.
Sample = tuple[int, list[float]]


def shown_value(value: float, resp: int) -> object:
    """A double of RESP3, the shortest text in RESP2."""
    if resp == 3:
        return value
    text = b"NaN" if isnan(value) else repr(value).encode().removesuffix(b".0")
    return Status(text)


def shown_samples(samples: list[Sample], resp: int) -> list[object]:
    return [[time_ms, *[shown_value(value, resp) for value in values]] for time_ms, values in samples]


def labels_reply(labels: list[tuple[bytes, bytes | None]], resp: int) -> object:
    if resp == 3:
        flat: list[object] = []
        for name, value in labels:
            flat += [name, value]
        return MapReply(flat)
    return [[name, value] for name, value in labels]


# -- one series


def _raw(series: Series, span: Span) -> list[Sample]:
    begin, end = series.places(span.first_ms, span.last_ms)
    found: list[Sample] = []
    for place in range(begin, end):
        time_ms, value = series.times[place], series.values[place]
        if span.times is not None and time_ms not in span.times:
            continue
        if span.bounds is not None and not span.bounds[0] <= value <= span.bounds[1]:
            continue
        found.append((time_ms, [value]))
    return found


def _filtered(series: Series, span: Span) -> Series:
    """What the aggregation sees: the samples that the filters leave, with their neighbours where there are none."""
    chosen = Series()
    if span.times is None and span.bounds is None:
        begin, end = series.places(span.first_ms, span.last_ms)
        chosen.times, chosen.values = series.times[begin:end], series.values[begin:end]
        return chosen
    for time_ms, values in _raw(series, span):
        chosen.times.append(time_ms)
        chosen.values.append(values[0])
    return chosen


def _bucketed(series: Series, span: Span, is_reverse: bool) -> list[Sample]:
    chosen = _filtered(series, span)
    if not chosen.times:
        return []
    align_ms = span.align_ms()
    length = span.bucket_ms
    begins = sorted({bucket_of(time_ms, length, align_ms) for time_ms in chosen.times})
    if span.fills:
        if (begins[-1] - begins[0]) // length > MOST_BUCKETS:
            raise problem(b"EMPTY would fill more than %d buckets" % MOST_BUCKETS)
        begins = _with_gaps(begins, length, align_ms)
    if span.most >= 0:
        # Not before the gaps are filled: they count.
        begins = begins[max(len(begins) - span.most, 0) :] if is_reverse else begins[: span.most]
    return [
        (
            _shown_time(begin_ms, length, span.shown_at),
            [_aggregate(chosen, name, begin_ms, length, align_ms) for name in span.aggregates],
        )
        for begin_ms in begins
    ]


def _with_gaps(begins: list[int], length: int, align_ms: int) -> list[int]:
    first, last = begins[0], begins[-1]
    second = first + length - (first - align_ms) % length
    return [first, *range(second, last + 1, length)]


def _aggregate(chosen: Series, name: bytes, begin_ms: int, length: int, align_ms: int) -> float:
    end_ms = begin_ms + length - (begin_ms - align_ms) % length
    value = chosen.aggregate(name, begin_ms, end_ms)
    if not isnan(value):
        return value
    if name in (b"sum", b"count"):
        return 0.0
    if name == b"last":
        begin, _ = chosen.places(begin_ms, end_ms)
        return chosen.values[begin - 1] if begin else nan
    return nan


def _shown_time(begin_ms: int, length: int, place: bytes) -> int:
    return begin_ms + (0 if place == b"-" else length if place == b"+" else length // 2)


def _with_latest(ctx: Context, key: bytes, series: Series) -> Series:
    """The series and what its rule has not written yet."""
    source = ctx.db.peek(series.source) if series.source else None
    if not isinstance(source, Series):
        return series
    for rule in source.rules:
        if rule.target == key:
            latest = source.open_bucket(rule)
            if latest is not None and latest[0] > (series.last_ms() if series.times else -1):
                twin = series.copy()
                twin.put(latest[0], latest[1], b"last")
                return twin
    return series


def _samples(ctx: Context, key: bytes, series: Series, span: Span, is_reverse: bool) -> list[Sample]:
    if span.latest:
        series = _with_latest(ctx, key, series)
    found = _bucketed(series, span, is_reverse) if span.aggregates else _raw(series, span)
    if is_reverse:
        found.reverse()
    return found if span.most < 0 else found[: span.most]


def _range(ctx: Context, argv: list[bytes], is_reverse: bool) -> object:
    span = Span(argv[2], argv[3])
    span.take(argv[4:], False)
    series = read_value(ctx, argv[1], Series)
    if series is None:
        raise no_series()
    return shown_samples(_samples(ctx, argv[1], series, span, is_reverse), ctx.resp)


RANGE_SYNTAX: Final = (
    "from-timestamp to-timestamp [LATEST] [FILTER_BY_TS ts [ts ...]] [FILTER_BY_VALUE min max] [COUNT count]"
    " [ALIGN align] [AGGREGATION aggregator bucket-duration] [BUCKETTIMESTAMP bt] [EMPTY]"
)


@reading.command(
    "TS.RANGE",
    arity=-4,
    flags="readonly",
    keys=READ_KEY,
    complexity="O(N) where N is the number of samples in the range",
    summary="Returns the samples of a range of time.",
    syntax="key " + RANGE_SYNTAX,
    acl="timeseries",
)
def ts_range(ctx: Context, argv: list[bytes]) -> object:
    return _range(ctx, argv, False)


@reading.command(
    "TS.REVRANGE",
    arity=-4,
    flags="readonly",
    keys=READ_KEY,
    complexity="O(N) where N is the number of samples in the range",
    summary="Returns the samples of a range of time, the last one first.",
    syntax="key " + RANGE_SYNTAX,
    acl="timeseries",
)
def ts_revrange(ctx: Context, argv: list[bytes]) -> object:
    return _range(ctx, argv, True)


@reading.command(
    "TS.GET",
    arity=-2,
    flags="readonly fast",
    keys=READ_KEY,
    summary="Returns the last sample.",
    syntax="key [LATEST]",
    acl="timeseries",
)
def ts_get(ctx: Context, argv: list[bytes]) -> object:
    if len(argv) > 3 or (len(argv) == 3 and argv[2].upper() != b"LATEST"):
        raise problem(b"wrong arguments")
    series = read_value(ctx, argv[1], Series)
    if series is None:
        raise no_series()
    return _last(ctx, argv[1], series, len(argv) == 3)


def _last(ctx: Context, key: bytes, series: Series, latest: bool) -> list[object]:
    if latest:
        series = _with_latest(ctx, key, series)
    return [series.times[-1], shown_value(series.values[-1], ctx.resp)] if series.times else []


@reading.command(
    "TS.INFO",
    arity=-2,
    flags="readonly",
    keys=READ_KEY,
    summary="Describes a time series.",
    syntax="key [DEBUG]",
    acl="timeseries",
)
def ts_info(ctx: Context, argv: list[bytes]) -> object:
    series = read_value(ctx, argv[1], Series)
    if series is None:
        raise no_series()
    per_chunk = max(series.chunk_bytes // SAMPLE_BYTES, 1)
    flat: list[object] = [b"totalSamples", len(series.times), b"memoryUsage", series.memory()]
    flat += [b"firstTimestamp", series.times[0] if series.times else 0, b"lastTimestamp", series.last_ms()]
    flat += [b"retentionTime", series.retention_ms, b"chunkCount", max(-(-len(series.times) // per_chunk), 1)]
    flat += [b"chunkSize", series.chunk_bytes, b"chunkType", Status(series.encoding_name)]
    flat += [b"duplicatePolicy", Status(series.policy) if series.policy else None]
    flat += [b"labels", labels_reply(list(series.labels.items()), ctx.resp), b"sourceKey", series.source or None]
    if ctx.resp == 3:
        rules: list[object] = []
        for rule in series.rules:
            rules += [rule.target, [rule.bucket_ms, Status(rule.aggregate.upper()), rule.align_ms]]
        flat += [b"rules", MapReply(rules)]
    else:
        flat += [
            b"rules",
            [[rule.target, rule.bucket_ms, Status(rule.aggregate.upper()), rule.align_ms] for rule in series.rules],
        ]
    flat += [
        b"ignoreMaxTimeDiff",
        series.ignore_ms,
        b"ignoreMaxValDiff",
        shown_value(series.ignore_difference, ctx.resp),
    ]
    if len(argv) > 2:
        flat += [b"keySelfName", argv[1], b"Chunks", []]
    return MapReply(flat)


# -- several series, chosen by their labels


def _chosen(ctx: Context, span: Span) -> list[tuple[bytes, Series]]:
    """In the order of their keys.  Raises NOPERM for a series that the user may not read."""
    if not span.filters:
        raise problem(b"please provide at least one matcher")
    found: list[tuple[bytes, Series]] = []
    for key, value in ctx.db.table.items():
        if not isinstance(value, Series) or ctx.db.is_expired(key):
            continue
        if all(each.accepts(value.labels) for each in span.filters):
            found.append((key, value))
    found.sort(key=lambda pair: pair[0])
    _demand_permission(ctx, [key for key, _ in found])
    return found


def _demand_permission(ctx: Context, keys: list[bytes]) -> None:
    """As if each had been named in a TS.GET."""
    session = session_of(ctx)
    if not session.gates & GATE_ACL or session.user is None:
        return
    command = engine_of(ctx).commands.find_original(b"ts.get")
    assert command is not None
    for key in keys:
        if session.user.check(command, [b"TS.GET", key], ctx.db.index, len(ctx.keyspace.databases)):
            raise ReplyError(b"NOPERM The current user doesn't have the read permission to one or more keys")


def _shown_labels(series: Series, span: Span) -> list[tuple[bytes, bytes | None]]:
    if span.with_labels:
        return list(series.labels.items())
    if span.selected is not None:
        return [(name, series.labels.get(name)) for name in span.selected]
    return []


def _ranges(ctx: Context, argv: list[bytes], is_reverse: bool) -> object:
    span = Span(argv[1], argv[2])
    span.take(argv[3:], True)
    if span.with_labels and span.selected is not None:
        raise problem(b"cannot accept WITHLABELS and SELECT_LABELS together")
    chosen = _chosen(ctx, span)
    if span.group_by:
        return _grouped(ctx, chosen, span, is_reverse)
    replies: list[object] = []
    aggregators: list[object] = list(span.aggregates)
    for key, series in chosen:
        labels = labels_reply(_shown_labels(series, span), ctx.resp)
        samples = shown_samples(_samples(ctx, key, series, span, is_reverse), ctx.resp)
        if ctx.resp == 3:
            replies += [key, [labels, MapReply([b"aggregators", aggregators]), samples]]
        else:
            replies.append([key, labels, samples])
    return MapReply(replies) if ctx.resp == 3 else replies


def _grouped(ctx: Context, chosen: list[tuple[bytes, Series]], span: Span, is_reverse: bool) -> object:
    groups: dict[bytes, list[tuple[bytes, Series]]] = {}
    for key, series in chosen:
        value = series.labels.get(span.group_by)
        if value is not None:
            groups.setdefault(value, []).append((key, series))
    replies: list[object] = []
    for value in sorted(groups):
        samples = shown_samples(_reduced(ctx, groups[value], span, is_reverse), ctx.resp)
        sources = [key for key, _ in groups[value]]
        name = span.group_by + b"=" + value
        if ctx.resp == 3:
            shown = [(span.group_by, value)] if span.with_labels or span.selected is not None else []
            reducers = MapReply([b"reducers", [span.reducer]])
            replies += [name, [labels_reply(list(shown), 3), reducers, MapReply([b"sources", list(sources)]), samples]]
        else:
            labels: list[tuple[bytes, bytes | None]] = []
            if span.with_labels:
                labels = [(span.group_by, value), (b"__reducer__", span.reducer), (b"__source__", b",".join(sources))]
            replies.append([name, labels_reply(labels, 2), samples])
    return MapReply(replies) if ctx.resp == 3 else replies


def _reduced(ctx: Context, members: list[tuple[bytes, Series]], span: Span, is_reverse: bool) -> list[Sample]:
    """Of each time one sample: the reducer over those of all series."""
    by_time: dict[int, array[float]] = {}
    most, span.most = span.most, -1
    for key, series in members:
        for time_ms, values in _samples(ctx, key, series, span, False):
            by_time.setdefault(time_ms, array("d")).append(values[0])
    span.most = most
    times = sorted(by_time, reverse=is_reverse)
    reduce = AGGREGATES[span.reducer]
    return [(time_ms, [reduce(by_time[time_ms])]) for time_ms in (times if most < 0 else times[:most])]


SEVERAL_SYNTAX: Final = (
    RANGE_SYNTAX + " [WITHLABELS | SELECTED_LABELS label [label ...]] FILTER filter [filter ...]"
    " [GROUPBY label REDUCE reducer]"
)


@reading.command(
    "TS.MRANGE",
    arity=-5,
    flags="readonly touches_arbitrary_keys",
    complexity="O(K+N) where K is the number of keys and N that of the samples in the range",
    summary="Returns the samples of a range of time of the series with certain labels.",
    syntax=SEVERAL_SYNTAX,
    acl="timeseries",
)
def ts_mrange(ctx: Context, argv: list[bytes]) -> object:
    return _ranges(ctx, argv, False)


@reading.command(
    "TS.MREVRANGE",
    arity=-5,
    flags="readonly touches_arbitrary_keys",
    complexity="O(K+N) where K is the number of keys and N that of the samples in the range",
    summary="Returns the samples of a range of time of the series with certain labels, the last one first.",
    syntax=SEVERAL_SYNTAX,
    acl="timeseries",
)
def ts_mrevrange(ctx: Context, argv: list[bytes]) -> object:
    return _ranges(ctx, argv, True)


@reading.command(
    "TS.MGET",
    arity=-3,
    flags="readonly touches_arbitrary_keys",
    complexity="O(K) where K is the number of keys",
    summary="Returns the last samples of the series with certain labels.",
    syntax="[LATEST] [WITHLABELS | SELECTED_LABELS label [label ...]] FILTER filter [filter ...]",
    acl="timeseries",
)
def ts_mget(ctx: Context, argv: list[bytes]) -> object:
    span = Span(b"-", b"+")
    span.take(argv[1:], True)
    replies: list[object] = []
    for key, series in _chosen(ctx, span):
        labels = labels_reply(_shown_labels(series, span), ctx.resp)
        sample = _last(ctx, key, series, span.latest)
        if ctx.resp == 3:
            replies += [key, [labels, sample]]
        else:
            replies.append([key, labels, sample])
    return MapReply(replies) if ctx.resp == 3 else replies


@reading.command(
    "TS.QUERYINDEX",
    arity=-2,
    flags="readonly touches_arbitrary_keys",
    complexity="O(K) where K is the number of keys",
    summary="Returns the keys of the series with certain labels.",
    syntax="filter [filter ...]",
    acl="timeseries",
)
def ts_queryindex(ctx: Context, argv: list[bytes]) -> object:
    span = Span(b"-", b"+")
    span.filters = filters_of(argv[1:])
    keys: list[object] = [key for key, _ in _chosen(ctx, span)]
    return SetReply(keys) if ctx.resp == 3 else keys
