"""MEMORY: what keys and the server take."""

from __future__ import annotations

from typing import Final

from miniredis.commands.arguments import parse_int
from miniredis.commands.context import Context
from miniredis.commands.declaration import CommandGroup
from miniredis.commands.help import help_reply
from miniredis.dispatch.access import engine_of
from miniredis.keyspace.database import EXPIRY_OVERHEAD, KEY_OVERHEAD, value_memory
from miniredis.resp.errors import syntax_error
from miniredis.resp.replies import OK, MapReply, Verbatim

group = CommandGroup("server")
group.container("MEMORY", since="4.0.0", summary="Commands about memory.")

ALL_SHARDS: Final = "nondeterministic_output request_policy:all_shards response_policy:special"
HELP: Final = (
    ("DOCTOR", "Say in words how memory is used."),
    ("MALLOC-STATS", "Show what the allocator tells of itself."),
    ("PURGE", "Give memory back to the system, where the allocator can."),
    ("STATS", "Show how memory is used."),
    ("USAGE <key> [SAMPLES <count>]", "Show about how many bytes a key and its value take."),
)


@group.command(
    "MEMORY USAGE",
    arity=-3,
    flags="readonly",
    keys="index:2>range:last0/step1/limit0[RO]",
    since="4.0.0",
    complexity="O(N) where N is the number of samples.",
    summary="Tells about how many bytes a key and its value take.",
    syntax="key [SAMPLES count]",
)
def memory_usage(ctx: Context, argv: list[bytes]) -> object:
    at = 3
    while at < len(argv):
        if argv[at].lower() != b"samples" or at + 1 >= len(argv):
            raise syntax_error()
        if parse_int(argv[at + 1]) < 0:
            raise syntax_error()
        at += 2
    key = argv[2]
    value = ctx.db.peek(key)
    if value is None:
        return None
    expiry = EXPIRY_OVERHEAD if ctx.db.expiry(key) >= 0 else 0
    return len(key) + KEY_OVERHEAD + expiry + value_memory(value)


@group.command("MEMORY STATS", arity=2, since="4.0.0", summary="Tells how memory is used.", tips=ALL_SHARDS)
def memory_stats(ctx: Context, argv: list[bytes]) -> object:
    engine = engine_of(ctx)
    used = engine.used_memory()
    rss = engine.platform.rss_bytes()
    start = min(engine.start_memory, used)
    keys = ctx.keyspace.total_keys()
    flat: list[object] = [
        b"peak.allocated",
        engine.counters.peak_memory,
        b"total.allocated",
        used,
        b"startup.allocated",
        start,
        b"replication.backlog",
        0,
        b"clients.slaves",
        0,
        b"clients.normal",
        sum([session.port.unsent_bytes() for session in engine.sessions.values()]),
        b"cluster.links",
        0,
        b"aof.buffer",
        0,
        b"lua.caches",
        0,
        b"functions.caches",
        0,
    ]
    for database in ctx.keyspace.databases:
        if database.size() > 0:
            overhead = [
                b"overhead.hashtable.main",
                database.size() * KEY_OVERHEAD,
                b"overhead.hashtable.expires",
                database.expires.size() * EXPIRY_OVERHEAD,
                b"overhead.hashtable.slot-to-keys",
                0,
            ]
            flat += [b"db.%d" % database.index, MapReply(list[object](overhead))]
    flat += [
        b"overhead.total",
        start,
        b"keys.count",
        keys,
        b"keys.bytes-per-key",
        (used - start) // keys if keys else 0,
        b"dataset.bytes",
        used - start,
        b"dataset.percentage",
        (used - start) * 100 / max(used, 1),
        b"peak.percentage",
        used * 100 / max(engine.counters.peak_memory, 1),
        b"allocator.allocated",
        used,
        b"allocator.active",
        rss,
        b"allocator.resident",
        rss,
        b"allocator-fragmentation.ratio",
        rss / max(used, 1),
        b"allocator-fragmentation.bytes",
        rss - used,
        b"allocator-rss.ratio",
        1.0,
        b"allocator-rss.bytes",
        0,
        b"rss-overhead.ratio",
        1.0,
        b"rss-overhead.bytes",
        0,
        b"fragmentation",
        rss / max(used, 1),
        b"fragmentation.bytes",
        rss - used,
    ]
    return MapReply(flat)


@group.command("MEMORY DOCTOR", arity=2, since="4.0.0", summary="Says in words how memory is used.", tips=ALL_SHARDS)
def memory_doctor(ctx: Context, argv: list[bytes]) -> object:
    engine = engine_of(ctx)
    used = engine.used_memory()
    limit = engine.memory_limit.limit
    lines = [f"{ctx.keyspace.total_keys()} keys; {used} bytes in use, at most {engine.counters.peak_memory} so far."]
    if limit > 0:
        lines.append(f"The limit is {limit} bytes: {used * 100 // limit}% of it are in use.")
    else:
        lines.append("No limit is set: data may take all memory there is (maxmemory).")
    return Verbatim(b"txt", ("\n".join(lines) + "\n").encode())


@group.command(
    "MEMORY MALLOC-STATS",
    arity=2,
    flags="loading",
    since="4.0.0",
    summary="Shows what the allocator tells of itself.",
    tips=ALL_SHARDS,
)
def memory_malloc_stats(ctx: Context, argv: list[bytes]) -> object:
    return Verbatim(b"txt", b"Memory comes from Python's allocator, which keeps no statistics.\n")


@group.command(
    "MEMORY PURGE",
    arity=2,
    flags="loading",
    since="4.0.0",
    summary="Gives memory back to the system, where the allocator can.",
    tips="request_policy:all_shards response_policy:all_succeeded",
)
def memory_purge(ctx: Context, argv: list[bytes]) -> object:
    ctx.keyspace.discarded.free(1 << 60)
    engine_of(ctx).platform.give_back_memory()
    return OK


@group.command("MEMORY HELP", arity=2, flags="loading stale", since="4.0.0", summary="Lists the subcommands.")
def memory_help(ctx: Context, argv: list[bytes]) -> object:
    return help_reply("MEMORY", HELP)
