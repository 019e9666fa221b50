"""What each command replies, as the typed methods of the client promise it.  docs/client_commands.py reads it.

A kind is a Python type (T is the text of replies: bytes or str) and, where RESP2 and RESP3 differ or Python has
something better, the function of miniredis/client/shapes.py that makes it.  A command that replies otherwise when an
argument is given stands with that argument in another line: `lpop(count)`.  If several are given, the earlier line
counts.  tests/client/test_replies.py asks servers whether all this is true.
"""

from __future__ import annotations

from typing import Final

#: kind -> type, and the function that makes it.
KINDS: Final = {
    "any": ("Any", ""),
    "claimed": ("tuple[T, list[tuple[T, dict[T, T]]], list[T]]", "claimed"),
    "claimed-ids": ("tuple[T, list[T], list[T]]", "claimed_ids"),
    "entries": ("list[tuple[T, dict[T, T]]]", "entries"),
    "float": ("float", "number"),
    "float?": ("float | None", "number"),
    "floats": ("list[float | None]", "numbers"),
    "int": ("int", ""),
    "int?": ("int | None", ""),
    "int-pair": ("tuple[int, int]", "integer_pair"),
    "ints": ("list[int]", ""),
    "ints?": ("list[int | None]", ""),
    "list": ("list[Any]", ""),
    "lowest?": ("tuple[T, T, float] | None", "lowest"),
    "mapping": ("dict[T, T]", "mapping"),
    "mapping-any": ("dict[T, Any]", "mapping"),
    "mapping-any?": ("dict[T, Any] | None", "mapping"),
    "mapping-int": ("dict[T, int]", "mapping"),
    "mappings": ("list[dict[T, Any]]", "mappings"),
    "page": ("tuple[int, list[T]]", "page"),
    "page-of-cluster": ("tuple[T, list[T]]", "page_of_cluster"),
    "page-of-fields": ("tuple[int, dict[T, T]]", "page_of_fields"),
    "page-of-scores": ("tuple[int, list[tuple[T, float]]]", "page_of_scores"),
    "pairs": ("list[tuple[T, T]]", "pairs"),
    "pending": ("tuple[int, T | None, T | None, dict[T, int]]", "pending"),
    "pending-rows": ("list[tuple[T, T, int, int]]", "pending_rows"),
    "places": ("list[list[Any]]", ""),
    "popped?": ("tuple[T, list[T]] | None", "popped"),
    "popped-scored?": ("tuple[T, list[tuple[T, float]]] | None", "popped_scored"),
    "positions": ("list[tuple[float, float] | None]", "positions"),
    "rank-and-score?": ("tuple[int, float] | None", "rank_and_score"),
    "scored": ("list[tuple[T, float]]", "scored"),
    "set": ("set[T]", "members"),
    "status": ("T", ""),
    "streams?": ("dict[T, list[tuple[T, dict[T, T]]]] | None", "entries_of_streams"),
    "text": ("T", ""),
    "text?": ("T | None", ""),
    "texts": ("list[T]", "listed"),
    "texts-or-none": ("list[T] | None", ""),
    "texts?": ("list[T | None]", ""),
}

#: A kind and its commands; a line that begins with a space goes on.
REPLIES: Final = """
rank-and-score? zrank(withscore) zrevrank(withscore)
scored zdiff(withscores) zinter(withscores) zunion(withscores) zrandmember(withscores) zrange(withscores)
 zrangebyscore(withscores) zrevrange(withscores) zrevrangebyscore(withscores) zpopmax zpopmin
pairs hrandfield(withvalues)
claimed-ids xautoclaim(justid)
claimed xautoclaim
texts xclaim(justid) hrandfield(count) srandmember(count) zrandmember(count)
entries xclaim xrange xrevrange
streams? xread xreadgroup
pending-rows xpending(start)
pending xpending
set spop(count) smembers sinter sunion sdiff
page-of-cluster clusterscan
page sscan scan hscan(novalues) zscan(noscores)
page-of-fields hscan
page-of-scores zscan
popped? lmpop blmpop
popped-scored? zmpop bzmpop
lowest? bzpopmax bzpopmin
positions geopos
int-pair time
float? zadd(incr) zscore geodist
float incrbyfloat hincrbyfloat zincrby
floats zmscore
mapping config|get hgetall
mapping-int pubsub|numsub pubsub|shardnumsub
mapping-any? acl|getuser
mapping-any client|trackinginfo command|docs function|stats latency|histogram memory|stats xinfo|stream lcs(idx)
mappings cluster|links cluster|shards cluster|getslotmigrations function|list module|list xinfo|consumers xinfo|groups
 acl|log
status acl|load acl|log(reset) acl|save acl|setuser acl|dryrun bgrewriteaof bgsave client|capa client|import-source
 client|no-evict client|no-touch client|pause client|setinfo client|setname client|unpause client|kill(address)
 cluster|addslots cluster|addslotsrange cluster|bumpepoch cluster|cancelslotmigrations cluster|delslots
 cluster|delslotsrange cluster|failover cluster|flushslot cluster|flushslots cluster|forget cluster|meet
 cluster|migrateslots cluster|replicate cluster|reset cluster|saveconfig cluster|set-config-epoch cluster|setslot
 cluster|syncslots commandlog|reset config|resetstat config|rewrite config|set failover flushall flushdb
 function|delete function|flush function|kill function|restore hmset latency|doctor lset ltrim memory|purge migrate
 module|load module|loadex module|unload mset pfmerge pfselftest psetex rename replicaof restore restore-asking save
 script|debug script|flush script|kill setex shutdown slaveof slowlog|reset swapdb type xgroup|create xgroup|setid
 xsetid
places geosearch(withcoord) geosearch(withdist) geosearch(withhash)
int sort(store) lcs(len) georadius(store) georadius(storedist) georadiusbymember(store) georadiusbymember(storedist)
 acl|deluser append bitcount bitop bitpos client|getredir client|id client|kill client|unblock
 cluster|count-failure-reports cluster|countkeysinslot cluster|keyslot commandlog|len command|count copy dbsize decr
 decrby del delifeq exists expire expireat expiretime geoadd geosearchstore getbit hdel hexists hincrby hlen hset
 hsetex hsetnx hstrlen incr incrby lastsave latency|reset linsert llen lpush lpushx lrem move msetex msetnx persist
 pexpire pexpireat pexpiretime pfadd pfcount pttl publish pubsub|numpat renamenx rpush rpushx sadd scard sdiffstore
 setbit setnx setrange sintercard sinterstore sismember slowlog|len smove spublish srem strlen sunionstore touch ttl
 unlink wait xack xdel xgroup|createconsumer xgroup|delconsumer xlen xtrim zadd zcard zcount zdiffstore zintercard
 zinterstore zlexcount zrangestore zrem zremrangebylex zremrangebyrank zremrangebyscore zunionstore xgroup|destroy
ints lpos(count) hexpire hexpireat hexpiretime hpersist hpexpire hpexpireat hpexpiretime hpttl httl script|exists
 smismember waitaof
ints? bitfield bitfield_ro
int? lpos zrank zrevrank memory|usage object|freq object|idletime object|refcount
texts-or-none lpop(count) rpop(count) blpop brpop
text acl|genpass acl|whoami client|info client|list cluster|info cluster|myid cluster|myshardid cluster|nodes echo
 function|dump function|load getrange info latency|graph lcs lolwut memory|doctor memory|malloc-stats ping script|load
 script|show substr
text? client|getname dump get getdel getex getset hget lindex lmove blmove brpoplpush rpoplpush lpop rpop
 object|encoding randomkey set spop srandmember xadd hrandfield zrandmember
texts acl|cat acl|help acl|list acl|users client|help cluster|getkeysinslot cluster|help cluster|replicas
 cluster|slaves commandlog|help command|getkeys command|help command|list config|help function|help geosearch hkeys
 hvals keys latency|help lrange memory|help module|help object|help pubsub|channels pubsub|help pubsub|shardchannels
 script|help slowlog|help xgroup|help xinfo|help zdiff zinter zrange zrangebylex zrangebyscore zrevrange
 zrevrangebylex zrevrangebyscore zunion
texts? geohash hgetdel hgetex hmget mget sort sort_ro
list cluster|slot-stats cluster|slots command command|getkeysandflags command|info commandlog|get georadius
 georadius_ro georadiusbymember georadiusbymember_ro latency|history latency|latest role slowlog|get
any debug eval eval_ro evalsha evalsha_ro fcall fcall_ro pfdebug
"""


def replies() -> dict[str, list[tuple[str, str]]]:
    """Of each command the arguments that change its reply, with the kind each gives; last "" with the usual kind."""
    usual: dict[str, str] = {}
    found: dict[str, list[tuple[str, str]]] = {}
    for line in REPLIES.replace("\n ", " ").strip().splitlines():
        kind, *entries = line.split()
        if kind not in KINDS:
            raise ValueError(f"there is no kind {kind!r}")
        for entry in entries:
            name, _, argument = entry.rstrip(")").partition("(")
            if argument:
                found.setdefault(name, []).append((argument, kind))
            elif usual.setdefault(name, kind) is not kind:
                raise ValueError(f"{name} stands twice")
    return {name: [*found.get(name, []), ("", kind)] for name, kind in usual.items()}
