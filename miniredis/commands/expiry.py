"""Times to live: EXPIRE and its kin, TTL and its kin, PERSIST; and the reading of expiry times for others.

Whatever form a time comes in, it is replayed as an absolute one in milliseconds, or as the deletion it was.
"""

from __future__ import annotations

from typing import Final

from miniredis.commands.arguments import INT64_MAX, INT64_MIN, parse_int
from miniredis.commands.context import Context
from miniredis.commands.declaration import CommandGroup
from miniredis.commands.key_specs import READ_KEY, UPDATE_KEY
from miniredis.keyspace.database import EXPIRE_DELETE
from miniredis.keyspace.effects import NOTIFY_GENERIC
from miniredis.resp.errors import error, invalid_expire, printed

group = CommandGroup("generic")

_NX: Final = 1
_XX: Final = 2
_GT: Final = 4
_LT: Final = 8

_CONDITIONS: Final[dict[bytes, int]] = {b"NX": _NX, b"XX": _XX, b"GT": _GT, b"LT": _LT}

_SYNTAX: Final = "[NX | XX | GT | LT]"


def expiry_time(ctx: Context, text: bytes, seconds: bool, absolute: bool, command: bytes) -> int:
    """The Unix time in milliseconds that an expiry argument of SET and its kin names; it must be positive."""
    value = parse_int(text)
    if value <= 0 or (seconds and value > INT64_MAX // 1000):
        raise invalid_expire(command)
    if seconds:
        value *= 1000
    if not absolute:
        if value > INT64_MAX - ctx.now_ms:
            raise invalid_expire(command)
        value += ctx.now_ms
    return value


def is_over(ctx: Context, when_ms: int) -> bool:
    """Whether a key given this expiry is to be deleted at once; a replica or a log being read never does that."""
    return when_ms <= ctx.now_ms and ctx.db.expire_policy == EXPIRE_DELETE


def expire_key(ctx: Context, key: bytes, when_ms: int) -> None:
    """Give a key that exists its expiry, or delete it if that is over, with events and replay."""
    if is_over(ctx, when_ms):
        ctx.db.remove(key)
        ctx.changed(NOTIFY_GENERIC, b"del", key)
        ctx.replay_as([b"DEL", key])
    else:
        ctx.db.expire_at(key, when_ms)
        ctx.changed(NOTIFY_GENERIC, b"expire", key)
        if ctx.effects.replaying:
            ctx.replay_as([b"PEXPIREAT", key, b"%d" % when_ms])


def _parse_conditions(argv: list[bytes]) -> int:
    conditions = 0
    for index in range(3, len(argv)):
        condition = _CONDITIONS.get(argv[index].upper(), 0)
        if condition == 0:
            raise error(b"Unsupported option " + printed(argv[index]))
        conditions |= condition
    if conditions & _NX and conditions != _NX:
        raise error(b"NX and XX, GT or LT options at the same time are not compatible")
    if conditions & _GT and conditions & _LT:
        raise error(b"GT and LT options at the same time are not compatible")
    return conditions


def _allowed(conditions: int, current: int, when_ms: int) -> bool:
    """Whether the conditions let an expiry (-1: none) become `when_ms`; no expiry counts as infinitely far."""
    if conditions & _NX:
        return current == -1
    if conditions & _XX and current == -1:
        return False
    if conditions & _GT:
        return current != -1 and when_ms > current
    return not conditions & _LT or current == -1 or when_ms < current


def _expire(ctx: Context, argv: list[bytes], command: bytes, seconds: bool, absolute: bool) -> int:
    conditions = _parse_conditions(argv) if len(argv) > 3 else 0
    when_ms = parse_int(argv[2])
    if seconds:
        if when_ms > INT64_MAX // 1000 or when_ms < -(-INT64_MIN // 1000):
            raise invalid_expire(command)
        when_ms *= 1000
    if not absolute:
        if when_ms > INT64_MAX - ctx.now_ms:
            raise invalid_expire(command)
        when_ms += ctx.now_ms
    key = argv[1]
    if ctx.db.lookup_write(key) is None:
        return 0
    if conditions and not _allowed(conditions, ctx.db.expiry(key), when_ms):
        return 0
    # A time before 1970 is as over as any; a replica keeps it, where -1 would mean "none".
    expire_key(ctx, key, max(when_ms, 0))
    return 1


@group.command(
    "EXPIRE",
    arity=-3,
    flags="write fast",
    keys=UPDATE_KEY,
    summary="Lets a key expire in some seconds.",
    syntax="key seconds " + _SYNTAX,
)
def expire(ctx: Context, argv: list[bytes]) -> object:
    return _expire(ctx, argv, b"expire", True, False)


@group.command(
    "PEXPIRE",
    arity=-3,
    flags="write fast",
    keys=UPDATE_KEY,
    since="2.6.0",
    summary="Lets a key expire in some milliseconds.",
    syntax="key milliseconds " + _SYNTAX,
)
def pexpire(ctx: Context, argv: list[bytes]) -> object:
    return _expire(ctx, argv, b"pexpire", False, False)


@group.command(
    "EXPIREAT",
    arity=-3,
    flags="write fast",
    keys=UPDATE_KEY,
    since="1.2.0",
    summary="Lets a key expire at a Unix time in seconds.",
    syntax="key unix-time-seconds " + _SYNTAX,
)
def expireat(ctx: Context, argv: list[bytes]) -> object:
    return _expire(ctx, argv, b"expireat", True, True)


@group.command(
    "PEXPIREAT",
    arity=-3,
    flags="write fast",
    keys=UPDATE_KEY,
    since="2.6.0",
    summary="Lets a key expire at a Unix time in milliseconds.",
    syntax="key unix-time-milliseconds " + _SYNTAX,
)
def pexpireat(ctx: Context, argv: list[bytes]) -> object:
    return _expire(ctx, argv, b"pexpireat", False, True)


@group.command(
    "PERSIST",
    arity=2,
    flags="write fast",
    keys=UPDATE_KEY,
    since="2.2.0",
    summary="Takes the expiry from a key.",
    syntax="key",
)
def persist(ctx: Context, argv: list[bytes]) -> object:
    key = argv[1]
    if ctx.db.lookup_write(key) is None or not ctx.db.persist(key):
        return 0
    ctx.changed(NOTIFY_GENERIC, b"persist", key)
    return 1


def _expiry(ctx: Context, key: bytes) -> int:
    """When the key expires in milliseconds, -1 if it does not, -2 if there is none."""
    return -2 if ctx.db.examine(key) is None else ctx.db.expiry(key)


@group.command(
    "TTL",
    arity=2,
    flags="readonly fast",
    keys=READ_KEY,
    summary="Returns how many seconds a key has left.",
    syntax="key",
    tips="nondeterministic_output",
)
def ttl(ctx: Context, argv: list[bytes]) -> object:
    when_ms = _expiry(ctx, argv[1])
    return when_ms if when_ms < 0 else (max(when_ms - ctx.now_ms, 0) + 500) // 1000


@group.command(
    "PTTL",
    arity=2,
    flags="readonly fast",
    keys=READ_KEY,
    since="2.6.0",
    summary="Returns how many milliseconds a key has left.",
    syntax="key",
    tips="nondeterministic_output",
)
def pttl(ctx: Context, argv: list[bytes]) -> object:
    when_ms = _expiry(ctx, argv[1])
    return when_ms if when_ms < 0 else max(when_ms - ctx.now_ms, 0)


@group.command(
    "EXPIRETIME",
    arity=2,
    flags="readonly fast",
    keys=READ_KEY,
    since="7.0.0",
    summary="Returns the Unix time in seconds at which a key expires.",
    syntax="key",
)
def expiretime(ctx: Context, argv: list[bytes]) -> object:
    when_ms = _expiry(ctx, argv[1])
    return when_ms if when_ms < 0 else (when_ms + 500) // 1000


@group.command(
    "PEXPIRETIME",
    arity=2,
    flags="readonly fast",
    keys=READ_KEY,
    since="7.0.0",
    summary="Returns the Unix time in milliseconds at which a key expires.",
    syntax="key",
)
def pexpiretime(ctx: Context, argv: list[bytes]) -> object:
    return _expiry(ctx, argv[1])
