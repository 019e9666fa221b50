"""DUMP and RESTORE: values in the form that RDB files have."""

from __future__ import annotations

from miniredis.commands.context import Context
from miniredis.commands.declaration import CommandGroup
from miniredis.commands.expiry import is_over
from miniredis.commands.key_specs import READ_KEY
from miniredis.formats.dump import dump_value, payload_version, restore_value
from miniredis.formats.errors import FormatError
from miniredis.keyspace.effects import NOTIFY_GENERIC
from miniredis.resp.errors import ReplyError, error, not_an_integer, syntax_error
from miniredis.resp.numbers import parse_int64
from miniredis.resp.replies import OK

group = CommandGroup("generic")

RESTORE_KEY = "index:1>range:last0/step1/limit0[OW+update]"


@group.command(
    "DUMP",
    arity=2,
    flags="readonly",
    keys=READ_KEY,
    since="2.6.0",
    complexity="O(1) to access the key and O(N*M) to serialize it: N elements of average size M.",
    summary="Returns the value at a key in a form that RESTORE takes.",
    syntax="key",
    tips="nondeterministic_output",
)
def dump(ctx: Context, argv: list[bytes]) -> object:
    value = ctx.db.lookup(argv[1])
    if value is None:
        return None
    return dump_value(ctx.keyspace.values, value, ctx.server.config.flag("rdbcompression"))


class _Options:
    """What stands after the payload of RESTORE."""

    def __init__(self, argv: list[bytes]) -> None:
        self.replace = False
        self.absolute = False
        self.idle_s = -1
        self.frequency = -1
        at = 4
        while at < len(argv):
            word = argv[at].upper()
            has_more = at + 1 < len(argv)
            if word == b"REPLACE":
                self.replace = True
            elif word == b"ABSTTL":
                self.absolute = True
            elif word == b"IDLETIME" and has_more and self.frequency == -1:
                at += 1
                self.idle_s = _number(argv[at])
                if self.idle_s < 0:
                    raise error(b"Invalid IDLETIME value, must be >= 0")
            elif word == b"FREQ" and has_more and self.idle_s == -1:
                at += 1
                self.frequency = _number(argv[at])
                if not 0 <= self.frequency <= 255:
                    raise error(b"Invalid FREQ value, must be >= 0 and <= 255")
            else:
                raise syntax_error()
            at += 1


def _number(text: bytes) -> int:
    number = parse_int64(text)
    if number is None:
        raise not_an_integer()
    return number


def _payload_value(ctx: Context, payload: bytes) -> object:
    version = payload_version(payload, ctx.keyspace.values)
    if version < 0:
        raise error(b"DUMP payload version or checksum are wrong")
    try:
        return restore_value(ctx.keyspace.values, payload, version)
    except FormatError:
        raise error(b"Bad data format") from None


@group.command(
    "RESTORE",
    arity=-4,
    flags="write denyoom",
    keys=RESTORE_KEY,
    since="2.6.0",
    complexity="O(1) to create the key and O(N*M) to rebuild the value; O(N*M*log(N)) for sorted sets.",
    summary="Makes a key from what DUMP returned.",
    syntax="key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]",
    acl="dangerous",
)
def restore(ctx: Context, argv: list[bytes]) -> object:
    options = _Options(argv)
    key = argv[1]
    db = ctx.db
    if not options.replace and db.lookup_write(key) is not None:
        raise ReplyError(b"BUSYKEY Target key name already exists.")
    ttl_ms = _number(argv[2])
    if ttl_ms < 0:
        raise error(b"Invalid TTL value, must be >= 0")
    value = _payload_value(ctx, argv[3])
    replaced = options.replace and db.remove(key)
    when_ms = ttl_ms if options.absolute or ttl_ms == 0 else ttl_ms + ctx.now_ms
    if when_ms != 0 and is_over(ctx, when_ms):
        if replaced:
            ctx.replay_as([b"DEL", key])
            ctx.changed(NOTIFY_GENERIC, b"del", key)
        return OK
    db.put(key, value)
    if when_ms != 0:
        db.expire_at(key, when_ms)
        if not options.absolute:
            ctx.replay_as([argv[0], key, b"%d" % when_ms, *argv[3:], b"ABSTTL"])
    if options.idle_s >= 0 and db.access is None:
        ctx.keyspace.track_access(False)
    if db.access is not None:
        if options.idle_s >= 0 and not db.access.counts:
            db.access.set_idle(key, options.idle_s * 1000)
        elif options.frequency >= 0 and db.access.counts:
            db.access.set_frequency(key, options.frequency)
    ctx.changed(NOTIFY_GENERIC, b"restore", key)
    return OK


@group.command(
    "RESTORE-ASKING",
    arity=-4,
    flags="write denyoom asking",
    keys=RESTORE_KEY,
    since="3.0.0",
    complexity="As RESTORE.",
    summary="What a cluster node sends to another to move a key; internal.",
    syntax="key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]",
    acl="keyspace dangerous",
    group="server",
)
def restore_asking(ctx: Context, argv: list[bytes]) -> object:
    return restore(ctx, argv)
