"""Sequences of commands of all types at once, in transactions and scripts too, made with a seed; and how to shorten them.

The words of each command come from the pools and the description that grammar.py knows.  Hypothesis would draw them too
slowly for a fuzzer, so that commands are templates here: words in capitals stay, `<name>` is drawn from a pool.
"""

from __future__ import annotations

from hashlib import sha1
from random import Random
from typing import Final

from oracle.grammar import (
    AWKWARD_DOUBLES,
    AWKWARD_INTEGERS,
    BORDERS,
    DOUBLES,
    ENTRY_IDS,
    RANGE_IDS,
    SMALL,
    WORDS,
    Words,
)

KEYS: Final = (b"a", b"b", b"c", b"d")
POOLS: Final[dict[str, tuple[bytes, ...]]] = {
    "k": KEYS,
    "w": tuple(word for word in WORDS),
    "f": (b"f", b"g", b"h", b"1", b"", b"long" * 20),
    "n": (*SMALL, *SMALL, *SMALL, b"0", b"1", b"2", *AWKWARD_INTEGERS),
    "s": (b"0", b"1", b"2", b"5", b"-1", b"-2"),
    # Whether the sign of -0 is kept depends on the form of the sorted set, which SORT changes in redis-server;
    # there it also fails for an overflow of an earlier command.
    "x": tuple(
        word for word in (*DOUBLES, *DOUBLES, *DOUBLES, *AWKWARD_DOUBLES) if word not in (b"-0", b"1e-320", b"1e400")
    ),
    "z": (b"0", b"1", b"2", b"-3", b"10", b"1.5", b"inf", b"-inf"),
    "id": ENTRY_IDS,
    "r": RANGE_IDS,
    "b": BORDERS,
    "o": (b"0", b"1", b"7", b"8", b"100", b"-1"),
    "bit": (b"0", b"1", b"1", b"2"),
    "ab": (b"LEFT", b"RIGHT"),
    "nx": (b"NX", b"XX", b"GT", b"LT", b"CH"),
    # What is over when it is set stays in redis-server's digest until it is found.
    "ms": (b"9000000000000", b"9100000000000"),
    "past": (b"9000000000000", b"1", b"-1"),
    "u": (b"u8", b"i8", b"u3", b"i16", b"u63", b"i64"),
    "agg": (b"SUM", b"MIN", b"MAX"),
    "op": (b"AND", b"OR", b"XOR", b"NOT"),
    "db": (b"0", b"0", b"0", b"1"),
    # BITFIELD that fails makes a key in redis-server and tells nobody, so that other keys are watched.
    # Sorted sets of one score, whose ranges by text are defined; places that are places.
    "l": (b"lex", b"lex", b"lex", b"text"),
    "g": (b"geo", b"geo", b"geo", b"text"),
    "t": (b"-", b"+", b"[a", b"(b", b"[c", b"[", b"(1", b"x"),
    "far": (b"100500", b"200500"),
    "wait": (b"0.001", b"0.002", b"x", b"-1"),
    "lon": (b"13.361389", b"15.087269", b"0", b"-122.4"),
    "lat": (b"38.115556", b"37.502669", b"0", b"37.7"),
}
#: Without what two right servers answer differently, such as ranges by text where scores differ.
TEMPLATES: Final = tuple(
    line.strip()
    for line in """
    SET <k> <w> | SET <k> <n> | SET <k> <w> NX | SET <k> <w> XX GET | SET <k> <w> KEEPTTL
    SET <k> <w> PXAT <ms> | APPEND <k> <w> | INCR <k> | INCRBY <k> <n> | DECRBY <k> <n> | INCRBYFLOAT <k> <x>
    SETRANGE <k> <o> <w> | GETRANGE <k> <n> <n> | GET <k> | GETSET <k> <w> | GETDEL <k> | STRLEN <k>
    GETEX <k> PXAT <ms> | GETEX <k> PERSIST | MSET <k> <w> <k> <w> | MSETNX <k> <w> <k> <w> | MGET <k> <k> <k>
    LCS <k> <k> | LCS <k> <k> IDX MINMATCHLEN <s> | SETBIT <k> <o> <bit> | GETBIT <k> <o> | BITCOUNT <k>
    BITCOUNT <k> <n> <n> BIT | BITPOS <k> <bit> <s> <s> | BITOP <op> <k> <k> | BITOP <op> <k> <k> <k>
    BITFIELD <k> SET <u> <o> <n> GET <u> <o> | BITFIELD <k> OVERFLOW SAT INCRBY <u> <o> <n>
    BITFIELD <k> OVERFLOW FAIL INCRBY <u> #1 <n> | DEL <k> | DEL <k> <k> | UNLINK <k> | EXISTS <k> <k>
    TYPE <k> | RENAME <k> <k> | RENAMENX <k> <k> | COPY <k> <k> | COPY <k> <k> REPLACE | COPY <k> <k> DB 1
    MOVE <k> 1 | PEXPIREAT <k> <ms> | PEXPIREAT <k> <past> <nx> | PERSIST <k> | PEXPIRETIME <k> | SORT <k>
    SORT <k> ALPHA DESC LIMIT <s> <s> | SORT <k> BY nosort GET # STORE <k>
| OBJECT ENCODING <k> | DUMP <k> | SELECT <db> | SWAPDB 0 1 | DBSIZE
    KEYS * | LPUSH <k> <w> <w> | RPUSH <k> <w> <w> <w> | LPUSHX <k> <w> | RPUSHX <k> <w> | LPOP <k>
    RPOP <k> <s> | LLEN <k> | LRANGE <k> <n> <n> | LINDEX <k> <n> | LSET <k> <s> <w>
    LINSERT <k> BEFORE <w> <w> | LINSERT <k> AFTER <w> <w> | LREM <k> <s> <w> | LTRIM <k> <s> <s>
    LMOVE <k> <k> <ab> <ab> | RPOPLPUSH <k> <k> | LMPOP 2 <k> <k> <ab> COUNT <s>
    LPOS <k> <w> RANK <s> COUNT <s> | SADD <k> <w> <w> | SADD <k> <n> <s> <s> | SREM <k> <w> <s> | SCARD <k>
    SMEMBERS <k> | SISMEMBER <k> <w> | SMISMEMBER <k> <w> <n> | SMOVE <k> <k> <w> | SINTER <k> <k>
    SUNION <k> <k> | SDIFF <k> <k> | SINTERSTORE <k> <k> <k> | SUNIONSTORE <k> <k> <k> | SDIFFSTORE <k> <k> <k>
    SINTERCARD 2 <k> <k> LIMIT <s> | HSET <k> <f> <w> <f> <w> | HSET <k> <f> <n> | HSETNX <k> <f> <w>
    HGET <k> <f> | HMGET <k> <f> <f> | HDEL <k> <f> <f> | HLEN <k> | HEXISTS <k> <f> | HINCRBY <k> <f> <n>
    HINCRBYFLOAT <k> <f> <x> | HGETALL <k> | HKEYS <k> | HSTRLEN <k> <f> | ZADD <k> <z> <w> <z> <w>
    ZADD <k> <nx> <x> <w> | ZADD <k> INCR <x> <w> | ZADD <k> <nx> CH <z> <w> | ZREM <k> <w> <w>
    ZINCRBY <k> <x> <w> | ZSCORE <k> <w> | ZMSCORE <k> <w> <w> | ZRANK <k> <w> | ZREVRANK <k> <w> | ZCARD <k>
    ZRANGE <k> <n> <n> WITHSCORES | ZRANGE <k> <b> <b> BYSCORE LIMIT <s> <s>
    ZRANGESTORE <k> <k> <s> <s> | ZRANGESTORE <k> <k> <b> <b> BYSCORE | ZCOUNT <k> <b> <b>
| ZPOPMIN <k> <s> | ZPOPMAX <k> | ZMPOP 2 <k> <k> MIN COUNT <s>
    ZREMRANGEBYRANK <k> <s> <s> | ZREMRANGEBYSCORE <k> <b> <b>
    ZUNIONSTORE <k> 2 <k> <k> AGGREGATE <agg> | ZINTERSTORE <k> 2 <k> <k> WEIGHTS <z> <z>
    ZDIFFSTORE <k> 2 <k> <k> | ZUNION 2 <k> <k> WITHSCORES | ZINTERCARD 2 <k> <k> | GEOADD <k> <lon> <lat> <w>
    GEOADD geo <lon> <lat> <w> <lon> <lat> <w> | GEOADD geo NX CH <lon> <lat> <w> | GEODIST <g> <w> <w> km
    GEOHASH <g> <w> <w> | GEOPOS <g> <w> <w> | GEOSEARCH <g> FROMLONLAT <lon> <lat> BYRADIUS 500 km ASC WITHDIST
    GEOSEARCH <g> FROMMEMBER <w> BYBOX 400 400 km WITHCOORD WITHHASH | GEORADIUS <g> <lon> <lat> 500 km WITHDIST
    GEORADIUS_RO <g> <lon> <lat> 500 km | GEORADIUSBYMEMBER <g> <w> 500 km STORE <k>
    GEORADIUSBYMEMBER_RO <g> <w> 500 km | GEOSEARCHSTORE <k> <g> FROMLONLAT <lon> <lat> BYRADIUS 500 km STOREDIST
    SET text <w> | ZREM <g> <w> | ZADD lex 0 <w> 0 <w> 0 <w> | ZREM <l> <w> | ZRANGEBYLEX <l> <t> <t>
    ZRANGEBYLEX <l> <t> <t> LIMIT <s> <s> | ZREVRANGEBYLEX <l> <t> <t> | ZLEXCOUNT <l> <t> <t>
    ZREMRANGEBYLEX <l> <t> <t> | ZRANGE <l> <t> <t> BYLEX REV | SETEX <k> <far> <w> | PSETEX <k> <far> <w>
    SETNX <k> <w> | DECR <k> | SUBSTR <k> <n> <n> | EXPIRE <k> <far> | PEXPIRE <k> <far> | TTL <k> | PTTL <k>
    EXPIREAT <k> 9000000000 | EXPIRETIME <k> | SORT_RO <k> | TOUCH <k> <k> | BLPOP <k> <k> <wait> | BRPOP <k> <wait>
    BRPOPLPUSH <k> <k> <wait> | BLMOVE <k> <k> <ab> <ab> <wait> | BLMPOP <wait> 2 <k> <k> <ab> COUNT <s>
    BZPOPMIN <k> <k> <wait> | BZPOPMAX <k> <wait> | BZMPOP <wait> 2 <k> <k> MAX COUNT <s> | HMSET <k> <f> <w> <f> <w>
    HVALS <k> | HRANDFIELD <k> <s> WITHVALUES | SRANDMEMBER <k> <s> | ZRANDMEMBER <k> <s> WITHSCORES
    ZREVRANGE <k> <n> <n> WITHSCORES | ZRANGEBYSCORE <k> <b> <b> WITHSCORES LIMIT <s> <s>
    ZREVRANGEBYSCORE <k> <b> <b> WITHSCORES | ZDIFF 2 <k> <k> WITHSCORES | ZINTER 2 <k> <k> WITHSCORES
    XINFO STREAM <k> | XINFO GROUPS <k> | BITFIELD_RO <k> GET <u> <o> GET <u> <o> | WATCH <l> <g> | UNWATCH
    PUBLISH news <w> | SPUBLISH news <w> | PUBSUB NUMSUB news | SCRIPT EXISTS <w> | FUNCTION LIST LIBRARYNAME none
| XADD <k> <id> <f> <w>
    XADD <k> MAXLEN <s> <id> <f> <w> <f> <w> | XADD <k> NOMKSTREAM <id> <f> <w> | XLEN <k>
    XRANGE <k> <r> <r> COUNT <s> | XREVRANGE <k> <r> <r> | XDEL <k> <id> <id> | XTRIM <k> MAXLEN <s>
    XTRIM <k> MINID <id> | XGROUP CREATE <k> g <id> MKSTREAM | XGROUP CREATE <k> g $ | XGROUP DESTROY <k> g
    XGROUP SETID <k> g <id> | XGROUP CREATECONSUMER <k> g bob | XGROUP DELCONSUMER <k> g bob
    XREADGROUP GROUP g bob COUNT <s> STREAMS <k> > | XREADGROUP GROUP g eve NOACK STREAMS <k> >
    XREADGROUP GROUP g bob STREAMS <k> 0 | XACK <k> g <id> <id> | XCLAIM <k> g eve 0 <id> JUSTID
    XCLAIM <k> g eve 0 <id> FORCE RETRYCOUNT <s> | XAUTOCLAIM <k> g eve 0 <id> JUSTID
    XREAD COUNT <s> STREAMS <k> <id> | XSETID <k> <id> | XPENDING <k> g | PFADD <k> <w> <w> | PFCOUNT <k>
    PFCOUNT <k> <k> | PFMERGE <k> <k> <k>
    """.replace("\n", "|").split("|")
    if line.strip()
)
SCRIPTS: Final = (
    b"return redis.call(unpack(ARGV))",
    b"return redis.pcall(unpack(ARGV))",
    b"local r = redis.pcall(unpack(ARGV)) return {type(r), type(r) == 'table' and (r.ok or r.err or #r) or tostring(r)}",
    b"redis.setresp(3) local r = redis.call(unpack(ARGV)) return r",
    b"redis.call('INCR', 'n') local r = redis.pcall(unpack(ARGV)) redis.call('RPUSH', 'log', type(r)) return r",
    b"local r = redis.call(unpack(ARGV)) return cjson.encode({r})",
)
#: A function that does the same, and what must be sent before a sequence.
LIBRARY: Final = (
    b"#!lua name=mixed\n"
    b"redis.register_function('go', function(keys, args) return redis.call(unpack(args)) end)\n"
    b"redis.register_function{function_name = 'look', flags = {'no-writes'},\n"
    b"callback = function(keys, args) return redis.pcall(unpack(args)) end}"
)
PRELUDE: Final[list[Words]] = [
    [b"FUNCTION", b"LOAD", b"REPLACE", LIBRARY],
    [b"SCRIPT", b"LOAD", SCRIPTS[0]],
]
CALLERS: Final = (
    *((b"EVAL", script) for script in SCRIPTS),
    *((b"EVAL", script) for script in SCRIPTS),
    (b"EVAL_RO", SCRIPTS[1]),
    (b"EVALSHA", sha1(SCRIPTS[0]).hexdigest().encode()),
    (b"EVALSHA_RO", sha1(SCRIPTS[0]).hexdigest().encode()),
    (b"EVALSHA", b"0" * 40),
    (b"FCALL", b"go"),
    (b"FCALL", b"look"),
    (b"FCALL_RO", b"look"),
    (b"FCALL_RO", b"go"),
    (b"FCALL", b"nothing"),
)
#: Outside of transactions all data is compared after so many commands.
DIGEST_EVERY: Final = 15
#: They wait only outside of transactions, and then a sequence has nobody to wake them; redis-server 7.0 refuses them in
#: scripts, newer ones do not.
BLOCKING: Final = {
    b"BLPOP", b"BRPOP", b"BRPOPLPUSH", b"BLMOVE", b"BLMPOP", b"BZPOPMIN", b"BZPOPMAX", b"BZMPOP",
}  # fmt: skip
#: Where the reply does not fit in another form: order and shape of what scripts make of them.
NOT_IN_SCRIPTS: Final = {
    b"TTL", b"PTTL", b"EXPIRETIME", b"PEXPIRETIME", b"HRANDFIELD", b"SRANDMEMBER", b"ZRANDMEMBER", b"HVALS", b"XINFO", b"XPENDING",
    b"GEOSEARCH", b"GEORADIUS", b"GEORADIUS_RO", b"GEORADIUSBYMEMBER", b"GEORADIUSBYMEMBER_RO", b"SORT_RO",
    b"SMEMBERS", b"SINTER", b"SUNION", b"SDIFF", b"KEYS", b"HGETALL", b"HKEYS", b"DUMP", b"OBJECT", b"SORT", b"MOVE", b"SWAPDB",
}  # fmt: skip


def one_command(random: Random) -> Words:
    words: Words = []
    for part in random.choice(TEMPLATES).split():
        words.append(random.choice(POOLS[part[1:-1]]) if part[0] == "<" and part[-1] == ">" else part.encode())
    if random.random() < 0.02:
        at = random.randrange(len(words))
        match random.randrange(3):
            case 0:
                del words[at]
            case 1:
                words.insert(at, random.choice(WORDS))
            case _:
                words[at] = words[at].swapcase()
    return words or [b"PING"]


def called(command: Words) -> Words:
    """What a script or a function calls; another command itself."""
    return (
        command[3:]
        if command[0] in (b"EVAL", b"EVAL_RO", b"EVALSHA", b"EVALSHA_RO", b"FCALL", b"FCALL_RO")
        else command
    )


def sequence(random: Random, length: int) -> list[Words]:
    """About `length` commands, some of them in a transaction or called by a script, and digests in between."""
    found: list[Words] = []
    in_transaction = False
    while len(found) < length or in_transaction:
        command = one_command(random)
        chance = random.random()
        if in_transaction and (chance < 0.15 or len(found) > length + 20):
            found.append([b"DISCARD"] if chance < 0.02 else [b"EXEC"])
            in_transaction = False
        elif command[0].upper() in BLOCKING and not in_transaction:
            continue
        elif not in_transaction and chance < 0.06:
            found.append([b"MULTI"])
            in_transaction = True
        elif chance < 0.13 and command[0].upper() not in NOT_IN_SCRIPTS | BLOCKING:
            found.append([*random.choice(CALLERS), b"0", *command])
        else:
            found.append(command)
        if not in_transaction and random.random() < 1 / DIGEST_EVERY:
            found.append([b"DEBUG", b"DIGEST"])
    return found
