"""HGETEX, HSETEX and HGETDEL: reading or writing fields of a hash together with their expiry or their removal."""

from __future__ import annotations

from miniredis.commands.context import Context
from miniredis.commands.declaration import CommandGroup
from miniredis.commands.field_arguments import (
    FIELDS_SYNTAX,
    MILLISECONDS,
    SECONDS,
    absolute_ms,
    check_count,
    find_fields,
    listed_fields,
)
from miniredis.commands.hash_lookup import delete_expired_fields, expire_fields, shrink_hash, store_hash, write_hash
from miniredis.commands.key_specs import CHANGE_KEY, INSERT_KEY, TAKE_KEY
from miniredis.datatypes.field_expiry import NO_EXPIRY
from miniredis.datatypes.hashes import HashValue
from miniredis.keyspace.database import EXPIRE_DELETE
from miniredis.keyspace.effects import NOTIFY_GENERIC, NOTIFY_HASH
from miniredis.resp.errors import numfields_mismatch, syntax_error

group = CommandGroup("hash")


class FieldOptions:
    """What stands before FIELDS in HGETEX and HSETEX."""

    def __init__(self, argv: list[bytes], is_set: bool) -> None:
        self.at = find_fields(argv, 2)
        #: The expiry to give, in unix ms, or -1.
        self.when_ms: int = NO_EXPIRY
        self.persist = False
        self.keep = False
        self.key_condition = b""
        self.field_condition = b""
        self._kind = b""
        self._time = b""
        kind = b""
        index = 2
        while index < self.at:
            word = argv[index].upper()
            index += 1
            if word in (b"EX", b"PX", b"EXAT", b"PXAT") and index < self.at and kind in (b"", word):
                kind = word
                self._time = argv[index]
                index += 1
            elif word == (b"KEEPTTL" if is_set else b"PERSIST") and kind in (b"", word):
                kind = word
            elif is_set and word in (b"NX", b"XX") and self.key_condition in (b"", word):
                self.key_condition = word
            elif is_set and word in (b"FNX", b"FXX") and self.field_condition in (b"", word):
                self.field_condition = word
            else:
                raise syntax_error()
        check_count(argv, self.at, 2 if is_set else 1, numfields_mismatch())
        self.persist = kind == b"PERSIST"
        self.keep = kind == b"KEEPTTL"
        self._kind = kind

    def take_time(self, ctx: Context, command: bytes) -> None:
        """Find `when_ms`; the key's type is checked before the time is."""
        if self._time:
            unit_ms = SECONDS if self._kind in (b"EX", b"EXAT") else MILLISECONDS
            self.when_ms = absolute_ms(ctx, self._time, unit_ms, self._kind in (b"EX", b"PX"), command)


@group.command(
    "HGETEX",
    arity=-5,
    flags="write fast",
    keys=CHANGE_KEY,
    since="9.0.0",
    complexity="O(N) where N is the number of fields.",
    summary="Returns the values of fields of a hash and sets or removes their expiry.",
    syntax="key [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | PERSIST] "
    + FIELDS_SYNTAX,
)
def hgetex(ctx: Context, argv: list[bytes]) -> object:
    key = argv[1]
    options = FieldOptions(argv, False)
    fields = argv[options.at + 2 :]
    value = write_hash(ctx, key)
    options.take_time(ctx, b"hgetex")
    if value is None:
        return [None] * len(fields)
    found: list[object] = []
    present: list[bytes] = []
    for field in fields:
        text = value.get(field)
        found.append(text)
        if text is not None:
            present.append(field)
    if options.persist:
        persisted = [field for field in present if value.persist_field(field)]
        if persisted:
            ctx.changed(NOTIFY_HASH, b"hpersist", key)
            ctx.dirty(len(persisted) - 1)
            ctx.replay_as([b"HPERSIST", key, b"FIELDS", b"%d" % len(persisted), *persisted])
    elif options.when_ms != NO_EXPIRY and present:
        if options.when_ms <= ctx.now_ms and ctx.db.expire_policy == EXPIRE_DELETE:
            delete_expired_fields(ctx, key, value, present)
        else:
            expire_fields(ctx, key, value, present, options.when_ms)
            store_hash(ctx, key, value, False)
            ctx.changed(NOTIFY_HASH, b"hexpire", key)
            ctx.dirty(len(present) - 1)
            when = b"%d" % options.when_ms
            ctx.replay_as([b"HPEXPIREAT", key, when, b"FIELDS", b"%d" % len(present), *present])
    return found


def _may_store(options: FieldOptions, value: HashValue | None, fields: list[bytes]) -> bool:
    """Whether the conditions of HSETEX on the fields are met."""
    if options.field_condition:
        wanted = options.field_condition == b"FXX"
        for field in fields:
            if (value is not None and value.contains(field)) != wanted:
                return False
    return True


@group.command(
    "HSETEX",
    arity=-6,
    flags="write denyoom fast",
    keys=INSERT_KEY,
    since="9.0.0",
    complexity="O(N) where N is the number of fields.",
    summary="Sets fields of a hash together with their expiry.",
    syntax="key [NX | XX] [FNX | FXX] [EX seconds | PX milliseconds | EXAT unix-time-seconds |"
    " PXAT unix-time-milliseconds | KEEPTTL] <FIELDS numfields field value [field value ...]>",
)
def hsetex(ctx: Context, argv: list[bytes]) -> object:
    key = argv[1]
    options = FieldOptions(argv, True)
    pairs = argv[options.at + 2 :]
    fields = pairs[::2]
    value = write_hash(ctx, key)
    if options.key_condition and (options.key_condition == b"XX") != (value is not None):
        return 0
    options.take_time(ctx, b"hsetex")
    if not _may_store(options, value, fields):
        return 0
    when_ms = options.when_ms
    ctx.changed(NOTIFY_HASH, b"hset", key)
    ctx.dirty(len(fields) - 1)
    if when_ms != NO_EXPIRY:
        ctx.notify(NOTIFY_HASH, b"hexpire", key)
        if when_ms <= ctx.now_ms and ctx.db.expire_policy == EXPIRE_DELETE:
            _store_in_the_past(ctx, key, value, fields)
            return 1
    is_new = value is None
    if value is None:
        value = HashValue(ctx.keyspace.limits)
    for index in range(0, len(pairs), 2):
        if options.keep:
            value.replace(pairs[index], pairs[index + 1])
        else:
            value.set(pairs[index], pairs[index + 1])
    replayed = [b"HSETEX", key]
    if when_ms != NO_EXPIRY:
        expire_fields(ctx, key, value, fields, when_ms)
        replayed += [b"PXAT", b"%d" % when_ms]
    elif options.keep:
        replayed.append(b"KEEPTTL")
    store_hash(ctx, key, value, is_new)
    ctx.replay_as([*replayed, b"FIELDS", b"%d" % len(fields), *pairs])
    return 1


def _store_in_the_past(ctx: Context, key: bytes, value: HashValue | None, fields: list[bytes]) -> None:
    """HSETEX with an expiry that is past: fields that were there are gone, the others never come to be."""
    deleted = [] if value is None else [field for field in fields if value.delete(field)]
    ctx.keyspace.statistics.expired_fields += len(fields)
    if deleted:
        ctx.replay_as([b"HDEL", key, *deleted])
    else:
        ctx.replay_nothing()
    ctx.changed(NOTIFY_HASH, b"hexpired", key)
    if value is None:
        ctx.notify(NOTIFY_GENERIC, b"del", key)
    else:
        shrink_hash(ctx, key, value)


@group.command(
    "HGETDEL",
    arity=-5,
    flags="write fast",
    keys=TAKE_KEY,
    since="9.1.0",
    complexity="O(N) where N is the number of fields.",
    summary="Returns the values of fields of a hash and removes them.",
    syntax="key " + FIELDS_SYNTAX,
)
def hgetdel(ctx: Context, argv: list[bytes]) -> object:
    key = argv[1]
    fields = listed_fields(argv, numfields_mismatch())
    value = write_hash(ctx, key)
    if value is None:
        return [None] * len(fields)
    found: list[object] = []
    deleted = 0
    for field in fields:
        text = value.get(field)
        found.append(text)
        if text is not None:
            value.delete(field)
            deleted += 1
    if deleted > 0:
        ctx.changed(NOTIFY_HASH, b"hdel", key)
        ctx.dirty(deleted - 1)
        shrink_hash(ctx, key, value)
    return found
