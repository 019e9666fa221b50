"""Sequences of commands of all types at once, in transactions and scripts too, made with a seed; and how to shorten them.

The words of each command come from the pools and the description that grammar.py knows.  Hypothesis would draw them too
slowly for a fuzzer, so that commands are templates here: words in capitals stay, `<name>` is drawn from a pool.
"""

from __future__ import annotations

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
    "x": (*DOUBLES, *DOUBLES, *DOUBLES, *AWKWARD_DOUBLES),
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
    SORT <k> BY *->f GET * ALPHA STORE <k> | OBJECT ENCODING <k> | DUMP <k> | SELECT <db> | SWAPDB 0 1 | DBSIZE
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
    GEODIST <k> <w> <w> km | GEOHASH <k> <w> | GEOSEARCH <k> FROMLONLAT <lon> <lat> BYRADIUS 500 km ASC
    GEOSEARCHSTORE <k> <k> FROMLONLAT <lon> <lat> BYBOX 900 900 km ASC STOREDIST | XADD <k> <id> <f> <w>
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
#: Where the reply does not fit in another form: order and shape of what scripts make of them.
NOT_IN_SCRIPTS: Final = {
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


def sequence(random: Random, length: int) -> list[Words]:
    """About `length` commands, some of them in a transaction or called by a script."""
    found: list[Words] = []
    in_transaction = False
    while len(found) < length or in_transaction:
        command = one_command(random)
        chance = random.random()
        if in_transaction and (chance < 0.15 or len(found) > length + 20):
            found.append([b"DISCARD"] if chance < 0.02 else [b"EXEC"])
            in_transaction = False
        elif not in_transaction and chance < 0.03:
            found.append([b"MULTI"])
            in_transaction = True
        elif chance < 0.13 and command[0].upper() not in NOT_IN_SCRIPTS:
            found.append([b"EVAL", random.choice(SCRIPTS), b"0", *command])
        else:
            found.append(command)
    return found
