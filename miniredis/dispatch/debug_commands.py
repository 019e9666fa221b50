"""DEBUG: for tests, of clients and of this server.

Subcommands are no commands of their own, as in Redis; other packages add theirs to `SUBCOMMANDS`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from miniredis.commands.arguments import parse_int
from miniredis.commands.context import Context
from miniredis.commands.declaration import CommandGroup
from miniredis.commands.help import help_reply
from miniredis.commands.objects import encoding_name
from miniredis.datatypes.hashes import HashValue
from miniredis.datatypes.sets import SetValue
from miniredis.datatypes.sorted_sets import SortedSet
from miniredis.dispatch.access import engine_of, session_of
from miniredis.dispatch.debug_structures import (
    debug_listpack,
    debug_packed_threshold,
    debug_quicklist,
    quicklist_details,
)
from miniredis.formats.digest import digest_mix_number, digest_text
from miniredis.formats.rdb_primitives import RdbSink
from miniredis.resp.encoder import one_line
from miniredis.resp.errors import ReplyError, error, must_be_positive, no_such_key, printed
from miniredis.resp.numbers import parse_double, parse_int64
from miniredis.resp.replies import OK, Attribute, BigNumber, MapReply, Push, SetReply, Several, Status, Verbatim

group = CommandGroup("server")


class DebugSubcommand:
    """`words` and `meaning` are shown by DEBUG HELP; `code` gets argv with at least `least` and at most `most`."""

    def __init__(
        self, words: str, meaning: str, least: int, most: int, code: Callable[[Context, list[bytes]], object]
    ) -> None:
        self.words = words
        self.meaning = meaning
        self.least = least
        self.most = most
        self.code = code


SUBCOMMANDS: Final[dict[bytes, DebugSubcommand]] = {}


def add_subcommand(
    words: str, meaning: str, least: int, most: int, code: Callable[[Context, list[bytes]], object]
) -> None:
    """Make `DEBUG words` known; the first word is its name."""
    SUBCOMMANDS[words.split()[0].lower().encode()] = DebugSubcommand(words, meaning, least, most, code)


@group.command(
    "DEBUG",
    arity=-2,
    flags="admin noscript loading stale",
    complexity="Depends on subcommand.",
    summary="For tests of clients and of the server.",
    syntax="subcommand [argument ...]",
)
def debug(ctx: Context, argv: list[bytes]) -> object:
    allowed = ctx.server.config.text("enable-debug-command")
    if allowed == b"no" or (allowed == b"local" and not session_of(ctx).is_local()):
        raise error(
            b'DEBUG command not allowed. If the enable-debug-command option is set to "local", you can run it from '
            b"a local connection, otherwise you need to set this option in the configuration file, and then restart "
            b"the server."
        )
    name = argv[1].lower()
    if name == b"help" and len(argv) == 2:
        return help_reply("DEBUG", tuple((each.words, each.meaning) for each in SUBCOMMANDS.values()))
    subcommand = SUBCOMMANDS.get(name)
    if subcommand is None or not subcommand.least <= len(argv) <= subcommand.most:
        raise unknown_debug(argv[1])
    return subcommand.code(ctx, argv)


def unknown_debug(word: bytes) -> ReplyError:
    return error(b"unknown subcommand or wrong number of arguments for '" + printed(word[:128]) + b"'. Try DEBUG HELP.")


def debug_sleep(ctx: Context, argv: list[bytes]) -> object:
    # As in Redis what is no number counts as 0.
    engine_of(ctx).sleep(max(parse_double(argv[2]) or 0.0, 0.0))
    return OK


def debug_error(ctx: Context, argv: list[bytes]) -> object:
    raise ReplyError(one_line(argv[2]))


def debug_log(ctx: Context, argv: list[bytes]) -> object:
    engine_of(ctx).log("warning", "DEBUG LOG: " + argv[2].decode("utf-8", "replace"))
    return OK


def debug_object(ctx: Context, argv: list[bytes]) -> object:
    key = argv[2]
    value = ctx.db.peek(key)
    if value is None:
        raise no_such_key()
    access = ctx.db.access
    idle_s = 0 if access is None else access.idle_ms(key) // 1000
    clock = ctx.now_ms // 1000 - idle_s & 0xFFFFFF
    length = b""
    if len(argv) < 4 or argv[3].lower() != b"fast":
        length = b" serializedlength:%d" % serialized_length(ctx, value)
    return Status(
        b"Value at:0x%012x refcount:1 encoding:%b" % (id(value) & 0xFFFFFFFFFFFF, encoding_name(value))
        + length
        + b" lru:%d lru_seconds_idle:%d" % (clock, idle_s)
        + quicklist_details(value)
    )


def serialized_length(ctx: Context, value: object) -> int:
    """Bytes of the value in an RDB file, without its type."""
    sink = RdbSink(ctx.server.config.flag("rdbcompression"))
    ctx.keyspace.values.codec(value).save(value, sink)
    return len(sink.take())


def debug_sdslen(ctx: Context, argv: list[bytes]) -> object:
    value = ctx.db.peek(argv[2])
    if value is None:
        raise no_such_key()
    if not isinstance(value, (bytes, bytearray)):
        raise error(b"Not an sds encoded string.")
    size = len(value)
    return Status(
        b"key_sds_len:%d, key_sds_avail:0, key_zmalloc: %d, val_sds_len:%d, val_sds_avail:0, val_zmalloc: %d"
        % (len(argv[2]), len(argv[2]) + 34, size, size + 34)
    )


def debug_set_active_expire(ctx: Context, argv: list[bytes]) -> object:
    engine_of(ctx).active_expiry.enabled = parse_int64(argv[2]) != 0
    return OK


def debug_skip_checksums(ctx: Context, argv: list[bytes]) -> object:
    ctx.keyspace.values.skips_checksums = parse_int64(argv[2]) not in (0, None)
    return OK


def debug_digest(ctx: Context, argv: list[bytes]) -> object:
    """As redis-server computes it: equal data gives an equal digest, whatever the encodings."""
    total = 0
    for database in ctx.keyspace.databases:
        if database.size() > 0:
            total = digest_mix_number(total, database.index)
            for key, value in database.table.items():
                total ^= ctx.keyspace.values.digest_entry(key, value, database.expiry(key))
    return Status(digest_text(total))


def debug_digest_value(ctx: Context, argv: list[bytes]) -> object:
    digests: list[object] = []
    for key in argv[2:]:
        value = ctx.db.peek(key)
        digest = 0 if value is None else ctx.keyspace.values.digest(value, ctx.db.expiry(key))
        digests.append(Status(digest_text(digest)))
    return digests


def debug_populate(ctx: Context, argv: list[bytes]) -> object:
    """Keys that are there already stay; nothing is replayed."""
    count = parse_int64(argv[2])
    size = parse_int64(argv[4]) if len(argv) > 4 else 0
    if count is None or count < 0 or size is None or size < 0:
        raise must_be_positive()
    prefix = argv[3] if len(argv) > 3 else b"key"
    for number in range(count):
        key = prefix + b":%d" % number
        if not ctx.db.exists(key):
            value = b"value:%d" % number
            ctx.db.put(key, value[:size].ljust(size, b"\0") if size else value)
    return OK


def debug_protocol(ctx: Context, argv: list[bytes]) -> object:
    """A reply of each type, for tests of clients."""
    kind = argv[2].lower()
    replies: dict[bytes, object] = {
        b"string": b"Hello World",
        b"integer": 12345,
        b"double": 3.141,
        b"null": None,
        b"array": [0, 1, 2],
        b"set": SetReply([0, 1, 2]),
        b"map": MapReply([0, False, 1, True, 2, False]),
        b"bignum": BigNumber(b"1234567999999999999999999999999999999"),
        b"verbatim": Verbatim(b"txt", b"This is a verbatim\nstring"),
        b"true": True,
        b"false": False,
        b"attrib": Attribute([b"key-popularity", [b"key:123", 90]], b"Some real reply following the attribute"),
        b"push": Several([Push([b"server-cpu-usage", 42]), b"Some real reply following the push reply"]),
    }
    if kind not in replies:
        raise error(
            b"Wrong protocol type name. Please use one of the following: "
            b"string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false"
        )
    if kind == b"push" and ctx.resp == 2:
        raise error(b"RESP2 is not supported by this command")
    return replies[kind]


def debug_htstats(ctx: Context, argv: list[bytes]) -> object:
    """How the hash table of a database is filled."""
    index = parse_int(argv[2])
    if not 0 <= index < len(ctx.keyspace.databases):
        raise error(b"Out of range database")
    database = ctx.keyspace.databases[index]
    lines = ""
    for title, table in (("Dictionary", database.table), ("Expires", database.expires)):
        sizes = [len(shard) for shard in table.shards()]
        lines += f"[{title}]\n places: {table.shard_count()}\n shards: {len(sizes)}\n"
        lines += f" number of elements: {table.size()}\n largest shard: {max(sizes)}\n"
    return Verbatim(b"txt", lines.encode())


def debug_htstats_key(ctx: Context, argv: list[bytes]) -> object:
    """How the table of a hash, set or sorted set is filled, once it has one."""
    value = ctx.db.peek(argv[2])
    if value is None:
        raise no_such_key()
    if not isinstance(value, (HashValue, SetValue, SortedSet)) or value.encoding() not in (b"hashtable", b"skiplist"):
        raise error(b"The value stored at the specified key is not represented using an hash table")
    return Verbatim(b"txt", f"[Dictionary]\n number of elements: {value.size()}\n".encode())


def debug_replicate(ctx: Context, argv: list[bytes]) -> object:
    """Send a command to the replicas and the log as if it had been run."""
    ctx.replay_as(argv[2:])
    return OK


def debug_reply_buffer(ctx: Context, argv: list[bytes]) -> object:
    """As `debug_nothing`, for one option with its value."""
    if len(argv) != 4 or argv[2].lower() not in (b"peak-reset-time", b"resizing"):
        raise unknown_debug(argv[1])
    if argv[2].lower() == b"peak-reset-time" and argv[3].lower() not in (b"never", b"reset"):
        parse_int(argv[3])
    return OK


def debug_nothing(ctx: Context, argv: list[bytes]) -> object:
    """For what has no counterpart here, where a test only asks that it be accepted."""
    return OK


add_subcommand("DIGEST", "Show the fingerprint of all data.", 2, 2, debug_digest)
add_subcommand("DIGEST-VALUE <key> [<key> ...]", "Show the fingerprints of values.", 2, 1 << 20, debug_digest_value)
add_subcommand("ERROR <message>", "Reply with this error.", 3, 3, debug_error)
add_subcommand("DICT-RESIZING <0|1>", "Accepted; tables grow shard by shard here.", 3, 3, debug_nothing)
add_subcommand("HTSTATS <db>", "Show how the hash tables of a database are filled.", 3, 3, debug_htstats)
add_subcommand("HTSTATS-KEY <key> [full]", "Show how the table of a value is filled.", 3, 4, debug_htstats_key)
add_subcommand("LISTPACK <key>", "Log how a listpack is made up.", 3, 3, debug_listpack)
add_subcommand("LOG <message>", "Write a line into the log.", 3, 3, debug_log)
add_subcommand("OBJECT <key> [fast]", "Show how a value is stored; FAST does not serialize it.", 3, 4, debug_object)
add_subcommand("PAUSE-CRON <0|1>", "Accepted; periodic work goes on.", 3, 3, debug_nothing)
add_subcommand("POPULATE <count> [<prefix>] [<size>]", "Make strings named <prefix>:<n>.", 3, 5, debug_populate)
add_subcommand("PROTOCOL <type>", "Reply with a value of a type of the protocol.", 3, 3, debug_protocol)
add_subcommand("QUICKLIST <key> [<0|1>]", "Log how the nodes of a list are made up.", 3, 4, debug_quicklist)
add_subcommand(
    "QUICKLIST-PACKED-THRESHOLD <size>", "From this size on elements stand alone.", 3, 3, debug_packed_threshold
)
add_subcommand("REPLICATE <command> ...", "Send a command to replicas and the log.", 3, 1 << 20, debug_replicate)
add_subcommand(
    "REPLYBUFFER <option> <value>", "Accepted; reply buffers have no fixed size here.", 3, 1 << 20, debug_reply_buffer
)
add_subcommand("SDSLEN <key>", "Show the length of a key and of its string.", 3, 3, debug_sdslen)
add_subcommand("SET-ACTIVE-EXPIRE <0|1>", "Turn active expiry off or on.", 3, 3, debug_set_active_expire)
add_subcommand(
    "SET-SKIP-CHECKSUM-VALIDATION <0|1>", "Take payloads and files whose checksum is wrong.", 3, 3, debug_skip_checksums
)
add_subcommand("SLEEP <seconds>", "Stop the server for a time.", 3, 3, debug_sleep)
