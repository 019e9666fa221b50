"""The module of time series: TS.*, with the commands and replies of RedisTimeSeries.

This file has the commands that change series, series_reading.py those that read them.
"""

from __future__ import annotations

from typing import Final

from miniredis.commands.arguments import parse_int
from miniredis.commands.key_specs import CHANGE_KEY
from miniredis.modules.api import NOTIFY_MODULE, CommandGroup, Context, Module, write_value
from miniredis.modules.series import MOST_RULES, Rule, Series, bucket_of, is_aggregate, problem
from miniredis.modules.series_options import (
    POLICY,
    RETENTION,
    SeriesOptions,
    no_series,
    number_of,
    time_of,
    words_for,
)
from miniredis.modules.series_reading import reading
from miniredis.resp.errors import ReplyError, wrong_number_of_arguments
from miniredis.resp.replies import OK

writing = CommandGroup("module")

MADD_KEYS: Final = "index:1>range:last-1/step3/limit0[RW+update]"
RULE_KEYS: Final = "index:1>range:last0/step1/limit0[RW+update]; index:2>range:last0/step1/limit0[RW+update]"
OPTIONS: Final = (
    "[RETENTION retention] [ENCODING <COMPRESSED | UNCOMPRESSED>] [CHUNK_SIZE size] [DUPLICATE_POLICY policy]"
    " [IGNORE max-time-difference max-value-difference] [LABELS [label value ...]]"
)


def _existing(ctx: Context, key: bytes) -> Series:
    series = write_value(ctx, key, Series)
    if series is None:
        raise no_series()
    return series


def _policy(ctx: Context, series: Series) -> bytes:
    return series.policy or ctx.server.config.text(POLICY.name)


@writing.command(
    "TS.CREATE",
    arity=-2,
    flags="write denyoom fast",
    keys=CHANGE_KEY,
    summary="Makes a time series.",
    syntax="key " + OPTIONS,
    acl="timeseries",
)
def ts_create(ctx: Context, argv: list[bytes]) -> object:
    options = SeriesOptions(argv[2:])
    if ctx.db.lookup_write(argv[1]) is not None:
        raise problem(b"key already exists")
    series = options.make(ctx)
    ctx.db.put(argv[1], series)
    ctx.replay_as([b"TS.CREATE", argv[1], *words_for(series)])
    ctx.changed(NOTIFY_MODULE, b"ts.create", argv[1])
    return OK


@writing.command(
    "TS.ALTER",
    arity=-2,
    flags="write denyoom",
    keys=CHANGE_KEY,
    complexity="O(N) where N is the number of labels",
    summary="Changes what is said of a time series.",
    syntax="key " + OPTIONS,
    acl="timeseries",
)
def ts_alter(ctx: Context, argv: list[bytes]) -> object:
    series = _existing(ctx, argv[1])
    SeriesOptions(argv[2:]).apply(series)
    series.trim()
    ctx.db.put(argv[1], series)
    ctx.changed(NOTIFY_MODULE, b"ts.alter", argv[1])
    return OK


# -- samples


def _add(ctx: Context, key: bytes, series: Series, time_ms: int, value: float, policy: bytes, event: bytes) -> bool:
    """Add a sample and do what follows from it; False where it says nothing new and is dropped."""
    if series.is_ignored(time_ms, value, policy):
        return False
    before_ms = series.last_ms() if series.times else -1
    series.put(time_ms, value, policy)
    _compact(ctx, series, before_ms, time_ms)
    series.trim()
    ctx.db.put(key, series)
    ctx.changed(NOTIFY_MODULE, event, key)
    return True


def _replay_add(ctx: Context, key: bytes, time_ms: int, value: float, policy: bytes) -> None:
    """With the time and the policy that held here."""
    ctx.replay_as([b"TS.ADD", key, b"%d" % time_ms, repr(value).encode(), b"ON_DUPLICATE", policy])


def _compact(ctx: Context, series: Series, before_ms: int, time_ms: int) -> None:
    """Write the buckets that a sample has completed or changed.  `before_ms`: the last time until then, or -1."""
    for rule in list(series.rules):
        bucket_ms = bucket_of(time_ms, rule.bucket_ms, rule.align_ms)
        if before_ms < 0:
            continue
        open_ms = bucket_of(before_ms, rule.bucket_ms, rule.align_ms)
        if bucket_ms > open_ms:
            _write_bucket(ctx, series, rule, open_ms)
        elif bucket_ms < open_ms:
            _write_bucket(ctx, series, rule, bucket_ms)


def _write_bucket(ctx: Context, series: Series, rule: Rule, begin_ms: int) -> None:
    """Into the target of the rule, which ends with it."""
    target = ctx.db.lookup_write(rule.target)
    if not isinstance(target, Series) or not target.source:
        series.rules.remove(rule)
        return
    # A bucket that begins before 0 was cut there; its end is where it would have been.
    end_ms = begin_ms + rule.bucket_ms - (begin_ms - rule.align_ms) % rule.bucket_ms
    value = series.aggregate(rule.aggregate, begin_ms, end_ms)
    if value == value:
        try:
            target.put(begin_ms, value, b"last")
        except ReplyError:
            return  # the target keeps nothing as old as this
    else:
        target.remove(begin_ms, begin_ms)
    target.trim()
    ctx.db.put(rule.target, target)
    ctx.changed(NOTIFY_MODULE, b"ts.add:dest", rule.target)


def _time(ctx: Context, text: bytes) -> int:
    return ctx.now_ms if text == b"*" else time_of(text)


@writing.command(
    "TS.ADD",
    arity=-4,
    flags="write denyoom",
    keys=CHANGE_KEY,
    complexity="O(M) where M is the number of rules, O(N) for a sample that is not the last",
    summary="Adds a sample to a time series, which may be made for it.",
    syntax="key timestamp value [ON_DUPLICATE policy] " + OPTIONS,
    acl="timeseries",
)
def ts_add(ctx: Context, argv: list[bytes]) -> object:
    key = argv[1]
    time_ms, value = _time(ctx, argv[2]), number_of(argv[3])
    options = SeriesOptions(argv[4:], (b"ON_DUPLICATE",))
    series = _series_for(ctx, key, options)
    policy = options.on_duplicate or _policy(ctx, series)
    if not _add(ctx, key, series, time_ms, value, policy, b"ts.add"):
        return series.last_ms()
    _replay_add(ctx, key, time_ms, value, policy)
    return time_ms


def _series_for(ctx: Context, key: bytes, options: SeriesOptions) -> Series:
    """The series of the key, which may be made: into a new one every sample fits."""
    series = write_value(ctx, key, Series)
    if series is None:
        series = options.make(ctx)
        ctx.replay_as([b"TS.CREATE", key, *words_for(series)])
    return series


@writing.command(
    "TS.MADD",
    arity=-4,
    flags="write denyoom",
    keys=MADD_KEYS,
    complexity="O(N*M) where N is the number of samples and M that of the rules",
    summary="Adds samples to time series.",
    syntax="key timestamp value [key timestamp value ...]",
    acl="timeseries",
)
def ts_madd(ctx: Context, argv: list[bytes]) -> object:
    if len(argv) % 3 != 1:
        raise wrong_number_of_arguments(b"ts.madd")
    replies: list[object] = []
    for at in range(1, len(argv), 3):
        key = argv[at]
        try:
            time_ms, value = _time(ctx, argv[at + 1]), number_of(argv[at + 2])
            series = _existing(ctx, key)
            policy = _policy(ctx, series)
            if _add(ctx, key, series, time_ms, value, policy, b"ts.add"):
                _replay_add(ctx, key, time_ms, value, policy)
                replies.append(time_ms)
            else:
                replies.append(series.last_ms())
        except ReplyError as refusal:
            replies.append(refusal)
    return replies


def _increase(ctx: Context, argv: list[bytes], sign: int) -> object:
    key = argv[1]
    amount = number_of(argv[2]) * sign
    options = SeriesOptions(argv[3:], (b"TIMESTAMP",))
    time_ms = _time(ctx, options.time or b"*")
    series = write_value(ctx, key, Series)
    if series is not None and series.times and time_ms < series.last_ms():
        raise problem(b"timestamp must be equal to or higher than the maximum existing timestamp")
    series = _series_for(ctx, key, options)
    value = amount + (series.values[-1] if series.values else 0.0)
    if not _add(ctx, key, series, time_ms, value, b"last", b"ts.incrby" if sign > 0 else b"ts.decrby"):
        return series.last_ms()
    _replay_add(ctx, key, time_ms, value, b"last")
    return time_ms


@writing.command(
    "TS.INCRBY",
    arity=-3,
    flags="write denyoom",
    keys=CHANGE_KEY,
    complexity="O(M) where M is the number of rules",
    summary="Adds a sample that is the last one and more.",
    syntax="key addend [TIMESTAMP timestamp] " + OPTIONS,
    acl="timeseries",
)
def ts_incrby(ctx: Context, argv: list[bytes]) -> object:
    return _increase(ctx, argv, 1)


@writing.command(
    "TS.DECRBY",
    arity=-3,
    flags="write denyoom",
    keys=CHANGE_KEY,
    complexity="O(M) where M is the number of rules",
    summary="Adds a sample that is the last one and less.",
    syntax="key subtrahend [TIMESTAMP timestamp] " + OPTIONS,
    acl="timeseries",
)
def ts_decrby(ctx: Context, argv: list[bytes]) -> object:
    return _increase(ctx, argv, -1)


@writing.command(
    "TS.DEL",
    arity=4,
    flags="write",
    keys=CHANGE_KEY,
    complexity="O(N) where N is the number of samples",
    summary="Deletes the samples of a range of time.",
    syntax="key from-timestamp to-timestamp",
    acl="timeseries",
)
def ts_del(ctx: Context, argv: list[bytes]) -> object:
    series = _existing(ctx, argv[1])
    first_ms, last_ms = time_of(argv[2], b"fromTimestamp"), time_of(argv[3], b"toTimestamp")
    open_ms = series.last_ms()
    begin, end = series.places(first_ms, last_ms)
    gone = list(series.times[begin:end]) if series.rules else []
    removed = series.remove(first_ms, last_ms)
    if not removed:
        return 0
    for rule in list(series.rules):
        open_bucket = bucket_of(open_ms, rule.bucket_ms, rule.align_ms)
        for bucket in sorted({bucket_of(time_ms, rule.bucket_ms, rule.align_ms) for time_ms in gone}):
            if bucket < open_bucket and rule in series.rules:
                _write_bucket(ctx, series, rule, bucket)
    ctx.db.put(argv[1], series)
    ctx.changed(NOTIFY_MODULE, b"ts.del", argv[1])
    return removed


# -- rules


@writing.command(
    "TS.CREATERULE",
    arity=-6,
    flags="write denyoom",
    keys=RULE_KEYS,
    summary="Lets the aggregates of one time series go into another.",
    syntax="source-key dest-key AGGREGATION aggregator bucket-duration [align-timestamp]",
    acl="timeseries",
)
def ts_createrule(ctx: Context, argv: list[bytes]) -> object:
    if len(argv) > 7:
        raise wrong_number_of_arguments(b"ts.createrule")
    aggregate = argv[4].lower()
    if argv[3].upper() != b"AGGREGATION" or not is_aggregate(aggregate):
        raise problem(b"Unknown aggregation type")
    bucket_ms = parse_int(argv[5])
    if bucket_ms < 1:
        raise problem(b"bucketDuration must be greater than zero")
    align_ms = time_of(argv[6], b"alignTimestamp") if len(argv) > 6 else 0
    if argv[1] == argv[2]:
        raise problem(b"the source key and destination key should be different")
    source, target = _existing(ctx, argv[1]), _existing(ctx, argv[2])
    if source.source:
        raise problem(b"the source key already has a source rule")
    if target.source:
        raise problem(b"the destination key already has a src rule")
    if target.rules:
        raise problem(b"the destination key already has a dst rule")
    if len(source.rules) >= MOST_RULES:
        raise problem(b"the source key has too many rules")
    source.rules.append(Rule(argv[2], aggregate, bucket_ms, align_ms % bucket_ms))
    target.source = argv[1]
    ctx.db.put(argv[1], source)
    ctx.changed(NOTIFY_MODULE, b"ts.createrule:src", argv[1])
    ctx.changed(NOTIFY_MODULE, b"ts.createrule:dest", argv[2])
    return OK


@writing.command(
    "TS.DELETERULE",
    arity=3,
    flags="write",
    keys=RULE_KEYS,
    summary="Ends what TS.CREATERULE began.",
    syntax="source-key dest-key",
    acl="timeseries",
)
def ts_deleterule(ctx: Context, argv: list[bytes]) -> object:
    source = _existing(ctx, argv[1])
    kept = [rule for rule in source.rules if rule.target != argv[2]]
    if len(kept) == len(source.rules):
        raise problem(b"compaction rule does not exist")
    source.rules = kept
    target = ctx.db.lookup_write(argv[2])
    if isinstance(target, Series):
        target.source = b""
    ctx.changed(NOTIFY_MODULE, b"ts.deleterule:src", argv[1])
    ctx.changed(NOTIFY_MODULE, b"ts.deleterule:dest", argv[2])
    return OK


module = Module(
    "timeseries",
    1,
    groups=[writing, reading],
    types=[Series],
    categories=["timeseries"],
    directives=[POLICY, RETENTION],
)
