"""Strings as a whole: SET and GET in all their forms.  Changing them in part is in string_edits.py.

`SET key value` and `GET key` go straight through; whatever has options is read by `SetOptions`.
"""

from __future__ import annotations

from typing import Final

from miniredis.commands.arguments import INT32_MAX
from miniredis.commands.context import Context
from miniredis.commands.declaration import CommandGroup
from miniredis.commands.expiry import expire_key, expiry_time
from miniredis.commands.key_specs import CHANGE_KEY, OVERWRITE_KEY, READ_KEY, READ_KEYS, REMOVE_KEY, TAKE_KEY
from miniredis.commands.lookup import read_string, write_string
from miniredis.keyspace.effects import NOTIFY_GENERIC, NOTIFY_STRING
from miniredis.resp.errors import error, syntax_error, wrong_number_of_arguments, wrong_type
from miniredis.resp.numbers import parse_int64
from miniredis.resp.replies import OK

group = CommandGroup("string")

_NX: Final = 1
_XX: Final = 2
_IFEQ: Final = 3

# What a command takes beside NX, XX and an expiry time.
_TAKES_KEEPTTL: Final = 1
_TAKES_PERSIST: Final = 2
_TAKES_GET: Final = 4
_TAKES_CONDITION: Final = 8
_TAKES_IFEQ: Final = 16
_FOR_SET: Final = _TAKES_KEEPTTL | _TAKES_GET | _TAKES_CONDITION | _TAKES_IFEQ
_FOR_GETEX: Final = _TAKES_PERSIST
_FOR_MSETEX: Final = _TAKES_KEEPTTL | _TAKES_CONDITION

#: Unit of an expiry time -> (seconds, absolute).
_UNITS: Final[dict[bytes, tuple[bool, bool]]] = {
    b"EX": (True, False),
    b"PX": (False, False),
    b"EXAT": (True, True),
    b"PXAT": (False, True),
}

_EXPIRY_SYNTAX: Final = "EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds"


class SetOptions:
    """The words after key and value, or ERR syntax error."""

    def __init__(self, argv: list[bytes], start: int, takes: int) -> None:
        self.condition = 0
        self.comparison = b""
        self.get = False
        self.keep_ttl = False
        self.persist = False
        self.unit = b""
        self.time = b""
        at = start
        count = len(argv)
        while at < count:
            word = argv[at].upper()
            at += 1
            if word == b"GET" and takes & _TAKES_GET:
                self.get = True
            elif word == b"KEEPTTL" and takes & _TAKES_KEEPTTL and not self.unit:
                self.keep_ttl = True
            elif word == b"PERSIST" and takes & _TAKES_PERSIST and not self.unit:
                self.persist = True
            elif word == b"NX" and takes & _TAKES_CONDITION and self.condition in (0, _NX):
                self.condition = _NX
            elif word == b"XX" and takes & _TAKES_CONDITION and self.condition in (0, _XX):
                self.condition = _XX
            elif at == count:
                raise syntax_error()
            elif word == b"IFEQ" and takes & _TAKES_IFEQ and self.condition == 0:
                self.condition = _IFEQ
                self.comparison = argv[at]
                at += 1
            elif word in _UNITS and not self.keep_ttl and not self.persist and self.unit in (b"", word):
                self.unit = word
                self.time = argv[at]
                at += 1
            else:
                raise syntax_error()

    def expiry(self, ctx: Context, command: bytes) -> int:
        """The expiry in Unix milliseconds, or -1 if none was given."""
        if not self.unit:
            return -1
        seconds, absolute = _UNITS[self.unit]
        return expiry_time(ctx, self.time, seconds, absolute, command)


def _store(ctx: Context, key: bytes, value: bytes, when_ms: int, keep_ttl: bool) -> None:
    """Set the key, with its events; `when_ms` -1: no new expiry."""
    if keep_ttl:
        ctx.db.lookup_write(key)  # the expiry of a key whose time is over is not kept
        ctx.db.put(key, value)
    else:
        ctx.db.set_key(key, value)
    ctx.changed(NOTIFY_STRING, b"set", key)
    if when_ms >= 0:
        ctx.db.expire_at(key, when_ms)
        ctx.notify(NOTIFY_GENERIC, b"expire", key)


def _replay_set(ctx: Context, key: bytes, value: bytes, when_ms: int, keep_ttl: bool) -> None:
    """Conditions were met and relative times are absolute: what remains is a plain SET."""
    if ctx.effects.replaying:
        argv = [b"SET", key, value]
        if when_ms >= 0:
            argv += [b"PXAT", b"%d" % when_ms]
        elif keep_ttl:
            argv.append(b"KEEPTTL")
        ctx.replay_as(argv)


@group.command(
    "GET",
    arity=2,
    flags="readonly fast",
    keys=READ_KEY,
    summary="Returns the string at a key.",
    syntax="key",
)
def get(ctx: Context, argv: list[bytes]) -> object:
    value = ctx.db.lookup(argv[1])
    if value is None or isinstance(value, bytes):
        return value
    if isinstance(value, bytearray):
        return bytes(value)
    raise wrong_type()


@group.command(
    "SET",
    arity=-3,
    flags="write denyoom",
    keys="index:1>range:last0/step1/limit0[RW+access+update+variable_flags]",
    summary="Stores a string at a key, whatever was there.",
    syntax="key value [NX | XX | IFEQ comparison-value] [GET] [" + _EXPIRY_SYNTAX + " | KEEPTTL]",
)
def set_(ctx: Context, argv: list[bytes]) -> object:
    if len(argv) > 3:
        return _set_with_options(ctx, argv)
    key = argv[1]
    ctx.db.set_key(key, argv[2])
    ctx.changed(NOTIFY_STRING, b"set", key)
    return OK


def _set_with_options(ctx: Context, argv: list[bytes]) -> object:
    options = SetOptions(argv, 3, _FOR_SET)
    key = argv[1]
    when_ms = options.expiry(ctx, b"set")
    old = read_string(ctx, key) if options.get else None
    if options.condition and not _condition_holds(ctx, key, options):
        return old
    _store(ctx, key, argv[2], when_ms, options.keep_ttl)
    _replay_set(ctx, key, argv[2], when_ms, options.keep_ttl)
    return old if options.get else OK


def _condition_holds(ctx: Context, key: bytes, options: SetOptions) -> bool:
    if options.condition == _IFEQ:
        return write_string(ctx, key) == options.comparison
    return (ctx.db.lookup_write(key) is None) == (options.condition == _NX)


@group.command(
    "SETNX",
    arity=3,
    flags="write denyoom fast",
    keys="index:1>range:last0/step1/limit0[OW+insert]",
    summary="Stores a string at a key that has no value yet.",
    syntax="key value",
)
def setnx(ctx: Context, argv: list[bytes]) -> object:
    if ctx.db.lookup_write(argv[1]) is not None:
        return 0
    _store(ctx, argv[1], argv[2], -1, False)
    return 1


def _set_expiring(ctx: Context, argv: list[bytes], seconds: bool, command: bytes) -> object:
    when_ms = expiry_time(ctx, argv[2], seconds, False, command)
    _store(ctx, argv[1], argv[3], when_ms, False)
    _replay_set(ctx, argv[1], argv[3], when_ms, False)
    return OK


@group.command(
    "SETEX",
    arity=4,
    flags="write denyoom",
    keys=OVERWRITE_KEY,
    since="2.0.0",
    summary="Stores a string that expires in some seconds.",
    syntax="key seconds value",
)
def setex(ctx: Context, argv: list[bytes]) -> object:
    return _set_expiring(ctx, argv, True, b"setex")


@group.command(
    "PSETEX",
    arity=4,
    flags="write denyoom",
    keys=OVERWRITE_KEY,
    since="2.6.0",
    summary="Stores a string that expires in some milliseconds.",
    syntax="key milliseconds value",
)
def psetex(ctx: Context, argv: list[bytes]) -> object:
    return _set_expiring(ctx, argv, False, b"psetex")


@group.command(
    "GETSET",
    arity=3,
    flags="write denyoom fast",
    keys=CHANGE_KEY,
    summary="Stores a string at a key and returns the one before it.",
    syntax="key value",
    deprecated="6.2.0, SET with GET",
)
def getset(ctx: Context, argv: list[bytes]) -> object:
    old = read_string(ctx, argv[1])
    _store(ctx, argv[1], argv[2], -1, False)
    _replay_set(ctx, argv[1], argv[2], -1, False)
    return old


@group.command(
    "GETDEL",
    arity=2,
    flags="write fast",
    keys=TAKE_KEY,
    since="6.2.0",
    summary="Returns the string at a key and deletes the key.",
    syntax="key",
)
def getdel(ctx: Context, argv: list[bytes]) -> object:
    value = read_string(ctx, argv[1])
    if value is not None:
        _delete(ctx, argv[1])
    return value


def _delete(ctx: Context, key: bytes) -> None:
    ctx.db.remove(key)
    ctx.changed(NOTIFY_GENERIC, b"del", key)
    ctx.replay_as([b"DEL", key])


@group.command(
    "DELIFEQ",
    arity=3,
    flags="write fast",
    keys=REMOVE_KEY,
    since="9.0.0",
    summary="Deletes a key whose string equals the one given.",
    syntax="key value",
)
def delifeq(ctx: Context, argv: list[bytes]) -> object:
    if write_string(ctx, argv[1]) != argv[2]:
        return 0
    _delete(ctx, argv[1])
    return 1


@group.command(
    "GETEX",
    arity=-2,
    flags="write fast",
    keys=CHANGE_KEY,
    since="6.2.0",
    summary="Returns the string at a key and changes when it expires.",
    syntax="key [" + _EXPIRY_SYNTAX + " | PERSIST]",
)
def getex(ctx: Context, argv: list[bytes]) -> object:
    options = SetOptions(argv, 2, _FOR_GETEX)
    key = argv[1]
    value = read_string(ctx, key)
    if value is None:
        return None
    when_ms = options.expiry(ctx, b"getex")
    if when_ms >= 0:
        expire_key(ctx, key, when_ms)
    elif options.persist and ctx.db.persist(key):
        ctx.changed(NOTIFY_GENERIC, b"persist", key)
        ctx.replay_as([b"PERSIST", key])
    return value


@group.command(
    "MGET",
    arity=-2,
    flags="readonly fast",
    keys=READ_KEYS,
    complexity="O(N) where N is the number of keys.",
    summary="Returns the strings at several keys.",
    syntax="key [key ...]",
    tips="request_policy:multi_shard",
)
def mget(ctx: Context, argv: list[bytes]) -> object:
    found: list[object] = []
    for index in range(1, len(argv)):
        value = ctx.db.lookup(argv[index])
        if isinstance(value, bytes):
            found.append(value)
        else:
            found.append(bytes(value) if isinstance(value, bytearray) else None)
    return found


@group.command(
    "MSET",
    arity=-3,
    flags="write denyoom",
    keys="index:1>range:last-1/step2/limit0[OW+update]",
    since="1.0.1",
    complexity="O(N) where N is the number of keys.",
    summary="Stores strings at several keys at once.",
    syntax="key value [key value ...]",
    tips="request_policy:multi_shard response_policy:all_succeeded",
)
def mset(ctx: Context, argv: list[bytes]) -> object:
    count = len(argv)
    if count % 2 == 0:
        raise wrong_number_of_arguments(b"mset")
    db = ctx.db
    for index in range(1, count, 2):
        key = argv[index]
        db.set_key(key, argv[index + 1])
        ctx.changed(NOTIFY_STRING, b"set", key)
    return OK


@group.command(
    "MSETNX",
    arity=-3,
    flags="write denyoom",
    keys="index:1>range:last-1/step2/limit0[OW+insert]",
    since="1.0.1",
    complexity="O(N) where N is the number of keys.",
    summary="Stores strings at several keys if none of them has a value yet.",
    syntax="key value [key value ...]",
)
def msetnx(ctx: Context, argv: list[bytes]) -> object:
    count = len(argv)
    if count % 2 == 0:
        raise wrong_number_of_arguments(b"msetnx")
    for index in range(1, count, 2):
        if ctx.db.lookup_write(argv[index]) is not None:
            return 0
    for index in range(1, count, 2):
        _store(ctx, argv[index], argv[index + 1], -1, False)
    return 1


@group.command(
    "MSETEX",
    arity=-4,
    flags="write denyoom movablekeys",
    keys="index:1>keynum:idx0/first1/step2[OW+update]",
    since="9.1.0",
    complexity="O(N) where N is the number of keys.",
    summary="Stores strings at several keys at once, with a condition and an expiry for all of them.",
    syntax="numkeys key value [key value ...] [NX | XX] [" + _EXPIRY_SYNTAX + " | KEEPTTL]",
    tips="request_policy:multi_shard response_policy:all_succeeded",
)
def msetex(ctx: Context, argv: list[bytes]) -> object:
    pairs = parse_int64(argv[1])
    if pairs is None or pairs < 1 or pairs > INT32_MAX:
        raise error(b"invalid numkeys value or out of range")
    end = 2 + 2 * pairs
    if end > len(argv):
        raise syntax_error()
    options = SetOptions(argv, end, _FOR_MSETEX)
    when_ms = options.expiry(ctx, b"msetex")
    if options.condition:
        for index in range(2, end, 2):
            if not _condition_holds(ctx, argv[index], options):
                return 0
    for index in range(2, end, 2):
        _store(ctx, argv[index], argv[index + 1], when_ms, options.keep_ttl)
        # As single SETs, which replicas and logs older than this command understand too.
        _replay_set(ctx, argv[index], argv[index + 1], when_ms, options.keep_ttl)
    return 1
