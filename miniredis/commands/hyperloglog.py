"""HyperLogLog: counting distinct elements in a string of at most 12 kB."""

from __future__ import annotations

from typing import Final

from miniredis.commands.context import Context
from miniredis.commands.declaration import CommandGroup
from miniredis.commands.key_specs import INSERT_KEY
from miniredis.datatypes.hyperloglog import (
    DENSE,
    CorruptHyperLogLog,
    add,
    cache_cardinality,
    cached_cardinality,
    describe_runs,
    encoding_of,
    estimate,
    is_hyperloglog,
    make_dense,
    merge_into,
    merged,
    new_sparse,
    registers,
    self_test,
)
from miniredis.keyspace.effects import NOTIFY_STRING
from miniredis.resp.errors import ReplyError, error, printed, wrong_type
from miniredis.resp.replies import OK, Status

group = CommandGroup("hyperloglog")

#: Elements that PFSELFTEST adds.
_TEST_ELEMENTS: Final = 1500


def _corrupt() -> ReplyError:
    return ReplyError(b"INVALIDOBJ Corrupted HLL object detected")


def _checked(value: object) -> bytes | bytearray | None:
    """The value if it is a HyperLogLog, None if there is none."""
    if value is None:
        return None
    if not isinstance(value, (bytes, bytearray)):
        raise wrong_type()
    if not is_hyperloglog(value):
        raise ReplyError(b"WRONGTYPE Key is not a valid HyperLogLog string value.")
    return value


def _editable(ctx: Context, key: bytes, value: bytes | bytearray) -> bytearray:
    """The value as it is kept at the key, ready to be changed in place."""
    if isinstance(value, bytearray):
        return value
    edited = bytearray(value)
    ctx.db.put(key, edited)
    return edited


def _registers(value: bytes | bytearray) -> bytes:
    try:
        return registers(value)
    except CorruptHyperLogLog:
        raise _corrupt() from None


@group.command(
    "PFADD",
    arity=-2,
    flags="write denyoom fast",
    keys=INSERT_KEY,
    since="2.8.9",
    complexity="O(1) for each element.",
    summary="Adds elements to a HyperLogLog, or creates it.",
    syntax="key [element [element ...]]",
)
def pfadd(ctx: Context, argv: list[bytes]) -> object:
    key = argv[1]
    value = _checked(ctx.db.lookup_write(key))
    changes = 0
    if value is None:
        blob = new_sparse()
        ctx.db.put(key, blob)
        changes = 1
    else:
        blob = _editable(ctx, key, value)
    length = len(blob)
    sparse_max_bytes = ctx.keyspace.limits.hll_sparse_max_bytes
    try:
        for index in range(2, len(argv)):
            if add(blob, argv[index], sparse_max_bytes):
                changes += 1
    except CorruptHyperLogLog:
        raise _corrupt() from None
    finally:
        ctx.db.grown(len(blob) - length)
    if not changes:
        return 0
    ctx.changed(NOTIFY_STRING, b"pfadd", key)
    ctx.dirty(changes - 1)
    return 1


@group.command(
    "PFCOUNT",
    arity=-2,
    flags="readonly may_replicate",
    keys="index:1>range:last-1/step1/limit0[RW+access]",
    since="2.8.9",
    complexity="O(1) for one key, O(N) for several, where N is their number; with a large constant.",
    summary="Returns about how many distinct elements HyperLogLogs hold together.",
    syntax="key [key ...]",
)
def pfcount(ctx: Context, argv: list[bytes]) -> object:
    if len(argv) > 2:
        all_registers: list[bytes] = []
        for index in range(1, len(argv)):
            source = _checked(ctx.db.lookup(argv[index]))
            if source is not None:
                all_registers.append(_registers(source))
        return estimate(merged(all_registers)) if all_registers else 0
    key = argv[1]
    value = _checked(ctx.db.lookup(key))
    if value is None:
        return 0
    cached = cached_cardinality(value)
    if cached >= 0:
        return cached
    cardinality = estimate(_registers(value))
    # The value has changed: its header keeps the result now.
    cache_cardinality(_editable(ctx, key, value), cardinality)
    ctx.touch(key)
    ctx.dirty(1)
    return cardinality


@group.command(
    "PFMERGE",
    arity=-2,
    flags="write denyoom",
    keys="index:1>range:last0/step1/limit0[RW+access+insert]; index:2>range:last-1/step1/limit0[RO+access]",
    since="2.8.9",
    complexity="O(N) where N is the number of keys; with a large constant.",
    summary="Merges HyperLogLogs into one.",
    syntax="destkey [sourcekey [sourcekey ...]]",
)
def pfmerge(ctx: Context, argv: list[bytes]) -> object:
    key = argv[1]
    all_registers: list[bytes] = []
    dense = False
    for index in range(1, len(argv)):
        source = _checked(ctx.db.lookup(argv[index]))
        if source is not None:
            dense = dense or encoding_of(source) == DENSE
            all_registers.append(_registers(source))
    value = _checked(ctx.db.lookup_write(key))
    if value is None:
        blob = new_sparse()
        ctx.db.put(key, blob)
    else:
        blob = _editable(ctx, key, value)
    length = len(blob)
    merge_into(blob, all_registers, dense, ctx.keyspace.limits.hll_sparse_max_bytes)
    ctx.db.grown(len(blob) - length)
    ctx.changed(NOTIFY_STRING, b"pfadd", key)
    return OK


@group.command(
    "PFDEBUG",
    arity=3,
    flags="write denyoom admin",
    keys="index:2>range:last0/step1/limit0[RW+access]",
    since="2.8.9",
    complexity="O(1)",
    summary="Shows the inside of a HyperLogLog.",
    syntax="<GETREG | DECODE | ENCODING | TODENSE> key",
)
def pfdebug(ctx: Context, argv: list[bytes]) -> object:
    key = argv[2]
    value = _checked(ctx.db.lookup_write(key))
    if value is None:
        raise error(b"The specified key does not exist")
    word = argv[1].upper()
    if word == b"ENCODING":
        return Status(b"dense" if encoding_of(value) == DENSE else b"sparse")
    if word == b"DECODE":
        if encoding_of(value) == DENSE:
            raise error(b"HLL encoding is not sparse")
        return describe_runs(value)
    if word == b"GETREG":
        blob = _editable(ctx, key, value)
        _make_dense(ctx, key, blob)
        return list(registers(blob))
    if word == b"TODENSE":
        return 1 if _make_dense(ctx, key, _editable(ctx, key, value)) else 0
    raise error(b"Unknown PFDEBUG subcommand '" + printed(argv[1]) + b"'")


def _make_dense(ctx: Context, key: bytes, blob: bytearray) -> bool:
    """Whether it was sparse."""
    length = len(blob)
    try:
        changed = make_dense(blob)
    except CorruptHyperLogLog:
        raise _corrupt() from None
    ctx.db.grown(len(blob) - length)
    if changed:
        ctx.touch(key)
        ctx.dirty(1)
    return changed


@group.command(
    "PFSELFTEST",
    arity=1,
    flags="admin",
    since="2.8.9",
    complexity="O(1)",
    summary="Checks that HyperLogLogs count as they should.",
)
def pfselftest(ctx: Context, argv: list[bytes]) -> object:
    if not self_test(_TEST_ELEMENTS, ctx.keyspace.limits.hll_sparse_max_bytes):
        raise error(b"the HyperLogLog estimate is off")
    return OK
