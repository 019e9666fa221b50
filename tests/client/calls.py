"""A call of each typed method, and whether what comes back is of the type that it promises.

`CALLS` run one after the other against one server whose database is empty; each leaves what later ones find.  So they
serve for any server: tests/client runs them in memory, tests/system against processes of ours and of Redis.
"""

from __future__ import annotations

import inspect
import sys
import types
from collections.abc import Callable
from typing import Any, Final, Union, get_args, get_origin, get_overloads

from miniredis.client.errors import RedisError

Call = Callable[[Any], Any]
FUNCTION: Final = "#!lua name=lib\nredis.register_function{function_name='f', callback=function(k) return k[1] end}"
CONTAINERS: Final = (
    "acl client commandlog command config function latency memory module object pubsub script slowlog xgroup xinfo"
)


def help_of(container: str) -> Call:
    return lambda c: getattr(c, f"{container}_help")()


CALLS: Final[list[Call]] = [
    # Strings.
    lambda c: c.set("k", "v"),
    lambda c: c.set("k", "v", get=True),
    lambda c: c.get("k"),
    lambda c: c.getex("k", ex=1000),
    lambda c: c.getset("k", "w"),
    lambda c: c.append("k", "x"),
    lambda c: c.strlen("k"),
    lambda c: c.getrange("k", 0, -1),
    lambda c: c.substr("k", 0, -1),
    lambda c: c.setrange("k", 1, "y"),
    lambda c: c.getdel("k"),
    lambda c: c.mset({"a": "ohmytext", "b": "mynewtext"}),
    lambda c: c.mget("a", "nosuch", "b"),
    lambda c: c.lcs("a", "b"),
    lambda c: c.lcs("a", "b", len=True),
    lambda c: c.lcs("a", "b", idx=True),
    lambda c: c.msetnx({"a": 1, "c": 1}),
    lambda c: c.msetex({"m": 1}, ex=100),
    lambda c: c.setnx("k", 1),
    lambda c: c.setex("s", 100, 1),
    lambda c: c.psetex("s", 100_000, 1),
    lambda c: c.incr("n"),
    lambda c: c.incrby("n", 5),
    lambda c: c.decr("n"),
    lambda c: c.decrby("n", 2),
    lambda c: c.incrbyfloat("f", 1.5),
    lambda c: c.delifeq("k", 1),
    lambda c: c.setbit("bits", 7, 1),
    lambda c: c.getbit("bits", 7),
    lambda c: c.bitcount("bits"),
    lambda c: c.bitcount("bits", start=0, end=-1, bit=True),
    lambda c: c.bitpos("bits", 1),
    lambda c: c.bitop("NOT", "bits2", "bits"),
    lambda c: c.bitfield("bits", ("SET", "u8", 0, 1), ("OVERFLOW", "FAIL"), ("INCRBY", "u8", 0, 999)),
    lambda c: c.bitfield_ro("bits", get=[("u8", 0)]),
    lambda c: c.pfadd("hll", "a", "b"),
    lambda c: c.pfcount("hll"),
    lambda c: c.pfmerge("hll2", "hll"),
    lambda c: c.pfdebug("ENCODING", "hll"),
    lambda c: c.pfselftest(),
    # Keys.
    lambda c: c.exists("a"),
    lambda c: c.touch("a"),
    lambda c: c.type_("a"),
    lambda c: c.copy("a", "copy"),
    lambda c: c.rename("copy", "copy2"),
    lambda c: c.renamenx("copy2", "copy"),
    lambda c: c.expire("copy", 1000),
    lambda c: c.pexpire("copy", 1_000_000),
    lambda c: c.expireat("copy", 4_000_000_000),
    lambda c: c.pexpireat("copy", 4_000_000_000_000),
    lambda c: c.expiretime("copy"),
    lambda c: c.pexpiretime("copy"),
    lambda c: c.ttl("copy"),
    lambda c: c.pttl("copy"),
    lambda c: c.persist("copy"),
    lambda c: c.move("copy", 9),
    lambda c: c.dump("a"),
    lambda c: c.keys("*"),
    lambda c: c.scan(0, count=1000),
    lambda c: c.randomkey(),
    lambda c: c.object_encoding("a"),
    lambda c: c.object_idletime("a"),
    lambda c: c.object_refcount("a"),
    lambda c: c.memory_usage("a"),
    lambda c: c.unlink("m"),
    lambda c: c.del_("s"),
    # Lists.
    lambda c: c.rpush("l", "3", "1", "2"),
    lambda c: c.lpush("l", "0"),
    lambda c: c.lpushx("l", "0"),
    lambda c: c.rpushx("l", "9"),
    lambda c: c.llen("l"),
    lambda c: c.lrange("l", 0, -1),
    lambda c: c.lindex("l", 0),
    lambda c: c.lset("l", 0, "7"),
    lambda c: c.linsert("l", "BEFORE", "7", "8"),
    lambda c: c.lpos("l", "9"),
    lambda c: c.lpos("l", "9", count=2),
    lambda c: c.lrem("l", 1, "8"),
    lambda c: c.ltrim("l", 0, 100),
    lambda c: c.sort("l"),
    lambda c: c.sort_ro("l"),
    lambda c: c.sort("l", store="sorted"),
    lambda c: c.lmove("l", "l2", "LEFT", "RIGHT"),
    lambda c: c.blmove("l", "l2", "LEFT", "RIGHT", 1),
    lambda c: c.rpoplpush("l", "l2"),
    lambda c: c.brpoplpush("l", "l2", 1),
    lambda c: c.lmpop(["l2"], "LEFT"),
    lambda c: c.blmpop(1, ["l2"], "LEFT", count=1),
    lambda c: c.blpop("l2", 1),
    lambda c: c.brpop("l2", 1),
    lambda c: c.rpush("l", *range(9)),
    lambda c: c.lpop("l"),
    lambda c: c.rpop("l"),
    lambda c: c.lpop("l", count=2),
    lambda c: c.rpop("l", count=2),
    # Sets.
    lambda c: c.sadd("set", "a", "b", "c", "d", "e"),
    lambda c: c.sadd("set2", "a", "x"),
    lambda c: c.scard("set"),
    lambda c: c.smembers("set"),
    lambda c: c.sismember("set", "a"),
    lambda c: c.smismember("set", "a", "z"),
    lambda c: c.srandmember("set"),
    lambda c: c.srandmember("set", count=-3),
    lambda c: c.sinter("set", "set2"),
    lambda c: c.sunion("set", "set2"),
    lambda c: c.sdiff("set", "set2"),
    lambda c: c.sinterstore("set3", "set", "set2"),
    lambda c: c.sunionstore("set3", "set", "set2"),
    lambda c: c.sdiffstore("set3", "set", "set2"),
    lambda c: c.sintercard(["set", "set2"]),
    lambda c: c.smove("set", "set2", "b"),
    lambda c: c.sscan("set", 0),
    lambda c: c.srem("set", "c"),
    lambda c: c.spop("set"),
    lambda c: c.spop("set2", count=2),
    # Hashes.
    lambda c: c.hset("h", {"f": 1, "g": 2}),
    lambda c: c.hmset("h", {"x": 1}),
    lambda c: c.hsetnx("h", "y", 1),
    lambda c: c.hget("h", "f"),
    lambda c: c.hmget("h", "f", "nosuch"),
    lambda c: c.hgetall("h"),
    lambda c: c.hkeys("h"),
    lambda c: c.hvals("h"),
    lambda c: c.hlen("h"),
    lambda c: c.hexists("h", "f"),
    lambda c: c.hstrlen("h", "f"),
    lambda c: c.hincrby("h", "f", 2),
    lambda c: c.hincrbyfloat("h", "z", 1.5),
    lambda c: c.hrandfield("h"),
    lambda c: c.hrandfield("h", count=2),
    lambda c: c.hrandfield("h", count=2, withvalues=True),
    lambda c: c.hscan("h", 0),
    lambda c: c.hscan("h", 0, novalues=True),
    lambda c: c.hexpire("h", 1000, ["f"]),
    lambda c: c.hpexpire("h", 1_000_000, ["f"]),
    lambda c: c.hexpireat("h", 4_000_000_000, ["f"]),
    lambda c: c.hpexpireat("h", 4_000_000_000_000, ["f"]),
    lambda c: c.httl("h", ["f"]),
    lambda c: c.hpttl("h", ["f"]),
    lambda c: c.hexpiretime("h", ["f"]),
    lambda c: c.hpexpiretime("h", ["f"]),
    lambda c: c.hpersist("h", ["f"]),
    lambda c: c.hgetex("h", ["f"], ex=1000),
    lambda c: c.hsetex("h", {"w": 1}, ex=1000),
    lambda c: c.hgetdel("h", ["w"]),
    lambda c: c.hdel("h", "x"),
    # Sorted sets.
    lambda c: c.zadd("z", [(1, "a"), (2.5, "b"), (3, "c")]),
    lambda c: c.zadd("z", [(1, "a")], incr=True),
    lambda c: c.zadd("z2", [(1, "a"), (9, "x")]),
    lambda c: c.zadd("lex", [(0, "a"), (0, "b"), (0, "c")]),
    lambda c: c.zincrby("z", 1, "b"),
    lambda c: c.zcard("z"),
    lambda c: c.zcount("z", "-inf", "+inf"),
    lambda c: c.zlexcount("lex", "-", "+"),
    lambda c: c.zscore("z", "a"),
    lambda c: c.zmscore("z", "a", "nosuch"),
    lambda c: c.zrank("z", "a"),
    lambda c: c.zrank("z", "a", withscore=True),
    lambda c: c.zrevrank("z", "a"),
    lambda c: c.zrevrank("z", "a", withscore=True),
    lambda c: c.zrange("z", 0, -1),
    lambda c: c.zrange("z", 0, -1, withscores=True),
    lambda c: c.zrevrange("z", 0, -1),
    lambda c: c.zrevrange("z", 0, -1, withscores=True),
    lambda c: c.zrangebyscore("z", 0, 100),
    lambda c: c.zrangebyscore("z", 0, 100, withscores=True),
    lambda c: c.zrevrangebyscore("z", 100, 0),
    lambda c: c.zrevrangebyscore("z", 100, 0, withscores=True),
    lambda c: c.zrangebylex("lex", "-", "+"),
    lambda c: c.zrevrangebylex("lex", "+", "-"),
    lambda c: c.zrangestore("z3", "z", 0, -1),
    lambda c: c.zrandmember("z"),
    lambda c: c.zrandmember("z", count=2),
    lambda c: c.zrandmember("z", count=2, withscores=True),
    lambda c: c.zdiff(["z", "z2"]),
    lambda c: c.zdiff(["z", "z2"], withscores=True),
    lambda c: c.zinter(["z", "z2"]),
    lambda c: c.zinter(["z", "z2"], withscores=True),
    lambda c: c.zunion(["z", "z2"]),
    lambda c: c.zunion(["z", "z2"], withscores=True),
    lambda c: c.zdiffstore("z3", ["z", "z2"]),
    lambda c: c.zinterstore("z3", ["z", "z2"]),
    lambda c: c.zunionstore("z3", ["z", "z2"], weights=[1, 2], aggregate="MAX"),
    lambda c: c.zintercard(["z", "z2"]),
    lambda c: c.zscan("z", 0),
    lambda c: c.zscan("z", 0, noscores=True),
    lambda c: c.zpopmin("z3"),
    lambda c: c.zpopmax("z3", count=2),
    lambda c: c.zmpop(["z"], "MIN"),
    lambda c: c.bzmpop(1, ["z"], "MIN"),
    lambda c: c.bzpopmin(["z"], 1),
    lambda c: c.bzpopmax(["z2"], 1),
    lambda c: c.zrem("z2", "a"),
    lambda c: c.zremrangebylex("lex", "[a", "[a"),
    lambda c: c.zremrangebyrank("lex", 0, 0),
    lambda c: c.zremrangebyscore("lex", 0, 0),
    # Places.
    lambda c: c.geoadd("geo", [(13.36, 38.11, "p"), (15.08, 37.5, "c")]),
    lambda c: c.geodist("geo", "p", "c", km=True),
    lambda c: c.geohash("geo", "p", "nosuch"),
    lambda c: c.geopos("geo", "p", "nosuch"),
    lambda c: c.geosearch("geo", fromlonlat=(15, 37), byradius=(200, "KM")),
    lambda c: c.geosearch("geo", frommember="p", bybox=(999, 999, "KM"), withcoord=True),
    lambda c: c.geosearch("geo", frommember="p", byradius=(999, "KM"), withdist=True),
    lambda c: c.geosearch("geo", frommember="p", byradius=(999, "KM"), withhash=True, count=1, any=True),
    lambda c: c.geosearchstore("geo2", "geo", frommember="p", byradius=(999, "KM")),
    lambda c: c.georadius("geo", 15, 37, 200, "KM"),
    lambda c: c.georadius("geo", 15, 37, 200, "KM", store="geo2"),
    lambda c: c.georadius("geo", 15, 37, 200, "KM", storedist="geo2"),
    lambda c: c.georadius_ro("geo", 15, 37, 200, "KM", withdist=True),
    lambda c: c.georadiusbymember("geo", "p", 200, "KM"),
    lambda c: c.georadiusbymember("geo", "p", 200, "KM", store="geo2"),
    lambda c: c.georadiusbymember("geo", "p", 200, "KM", storedist="geo2"),
    lambda c: c.georadiusbymember_ro("geo", "p", 200, "KM"),
    # Streams.
    lambda c: c.xadd("x", {"f": "v", "g": 1}, id="1-1"),
    lambda c: c.xadd("x", {"f": "w"}, id="2-1", maxlen=100, approximate=True),
    lambda c: c.xadd("x", {"f": "u"}, id="3-1", maxlen=100),
    lambda c: c.xlen("x"),
    lambda c: c.xrange("x", "-", "+"),
    lambda c: c.xrevrange("x", "+", "-"),
    lambda c: c.xread({"x": 0}),
    lambda c: c.xgroup_create("x", "g", 0),
    lambda c: c.xgroup_createconsumer("x", "g", "one"),
    lambda c: c.xreadgroup("g", "one", {"x": ">"}),
    lambda c: c.xreadgroup("g", "one", {"x": "0"}, count=1),
    lambda c: c.xpending("x", "g"),
    lambda c: c.xpending("x", "g", start="-", end="+", count=9),
    lambda c: c.xclaim("x", "g", "two", 0, ["1-1"]),
    lambda c: c.xclaim("x", "g", "two", 0, ["1-1"], justid=True),
    lambda c: c.xautoclaim("x", "g", "two", 0, "0"),
    lambda c: c.xautoclaim("x", "g", "two", 0, "0", justid=True),
    lambda c: c.xack("x", "g", "1-1"),
    lambda c: c.xinfo_stream("x"),
    lambda c: c.xinfo_stream("x", full=True),
    lambda c: c.xinfo_groups("x"),
    lambda c: c.xinfo_consumers("x", "g"),
    lambda c: c.xgroup_setid("x", "g", 0),
    lambda c: c.xgroup_delconsumer("x", "g", "one"),
    lambda c: c.xgroup_destroy("x", "g"),
    lambda c: c.xsetid("x", "9-9"),
    lambda c: c.xdel("x", "1-1"),
    lambda c: c.xtrim("x", maxlen=1),
    # Scripts.
    lambda c: c.eval("return {KEYS[1], 1}", ["k"]),
    lambda c: c.eval_ro("return 1"),
    lambda c: c.script_load("return 2"),
    lambda c: c.script_exists("7f923f79fe76194c868d7e1d0820de36700eb649"),
    lambda c: c.script_show("7f923f79fe76194c868d7e1d0820de36700eb649"),
    lambda c: c.evalsha("7f923f79fe76194c868d7e1d0820de36700eb649"),
    lambda c: c.evalsha_ro("7f923f79fe76194c868d7e1d0820de36700eb649"),
    lambda c: c.script_debug("NO"),
    lambda c: c.script_flush(),
    lambda c: c.function_load(FUNCTION),
    lambda c: c.function_list(withcode=True),
    lambda c: c.function_stats(),
    lambda c: c.function_dump(),
    lambda c: c.fcall("f", ["k"]),
    lambda c: c.function_delete("lib"),
    lambda c: c.function_flush(),
    # The server.
    lambda c: c.ping(),
    lambda c: c.ping(message="hello"),
    lambda c: c.echo("hello"),
    lambda c: c.time(),
    lambda c: c.dbsize(),
    lambda c: c.lolwut(version=5, columns=1),
    lambda c: c.info(),
    lambda c: c.config_get("maxmem*", "hz"),
    lambda c: c.config_set({"slowlog-log-slower-than": 0, "latency-monitor-threshold": 1}),
    lambda c: c.config_resetstat(),
    lambda c: c.slowlog_get(),
    lambda c: c.slowlog_len(),
    lambda c: c.slowlog_reset(),
    lambda c: c.commandlog_get(-1, "SLOW"),
    lambda c: c.commandlog_len("SLOW"),
    lambda c: c.commandlog_reset("SLOW"),
    lambda c: c.command(),
    lambda c: c.command_count(),
    lambda c: c.command_docs("get"),
    lambda c: c.command_info("get"),
    lambda c: c.command_list(pattern="xr*"),
    lambda c: c.command_getkeys("get", "k"),
    lambda c: c.command_getkeysandflags("get", "k"),
    lambda c: c.latency_doctor(),
    lambda c: c.latency_reset(),
    lambda c: c.memory_doctor(),
    lambda c: c.memory_malloc_stats(),
    lambda c: c.memory_purge(),
    lambda c: c.memory_stats(),
    lambda c: c.swapdb(8, 9),
    # Users and clients.
    lambda c: c.acl_cat(),
    lambda c: c.acl_list(),
    lambda c: c.acl_users(),
    lambda c: c.acl_whoami(),
    lambda c: c.acl_genpass(),
    lambda c: c.acl_setuser("somebody", "on", "nopass", "~*", "+@all"),
    lambda c: c.acl_getuser("somebody"),
    lambda c: c.acl_dryrun("somebody", "get", "k"),
    lambda c: c.acl_log(reset=True),
    lambda c: c.acl_deluser("somebody"),
    lambda c: c.client_id(),
    lambda c: c.client_info(),
    lambda c: c.client_list(type_="normal"),
    lambda c: c.client_setname("me"),
    lambda c: c.client_getname(),
    lambda c: c.client_getredir(),
    lambda c: c.client_setinfo(lib_name="sdk"),
    lambda c: c.client_capa("redirect"),
    lambda c: c.client_import_source("OFF"),
    lambda c: c.client_no_evict("OFF"),
    lambda c: c.client_no_touch("OFF"),
    lambda c: c.client_pause(1, write=True),
    lambda c: c.client_unpause(),
    lambda c: c.client_unblock(999_999),
    lambda c: c.client_trackinginfo(),
    lambda c: c.client_kill(user="default", type_="replica"),
    lambda c: c.publish("channel", "x"),
    lambda c: c.spublish("channel", "x"),
    lambda c: c.pubsub_numpat(),
    lambda c: c.pubsub_numsub("channel"),
    lambda c: c.pubsub_shardnumsub("channel"),
    *map(help_of, CONTAINERS.split()),
    lambda c: c.flushdb(),
    lambda c: c.flushall(),
]

#: What an engine alone, without disk, replication and time that passes, does not answer.
CALLS_OF_PROCESSES: Final[list[Call]] = [
    lambda c: c.set("k", "v"),
    lambda c: c.lastsave(),
    lambda c: c.role(),
    lambda c: c.wait(0, 10),
    lambda c: c.replicaof(no_one=True),
    lambda c: c.slaveof(no_one=True),
    lambda c: c.debug("SLEEP", 0),
    lambda c: c.latency_histogram("set"),
    lambda c: c.waitaof(0, 0, 10),
    lambda c: c.module_list(),
    lambda c: c.config_set({"save": "", "latency-monitor-threshold": 1}),
    lambda c: c.debug("SLEEP", 0.02),
    lambda c: c.latency_latest(),
    lambda c: c.latency_history("command"),
    lambda c: c.latency_graph("command"),
    lambda c: c.save(),
    lambda c: c.config_set({"maxmemory-policy": "allkeys-lfu"}),
    lambda c: c.set("k", "v"),
    lambda c: c.object_freq("k"),
    lambda c: c.config_set({"maxmemory-policy": "noeviction"}),
]

#: For the nodes of a cluster that serves all slots; `node` is the name of a node that is asked about.
CALLS_OF_NODES: Final[list[Call]] = [
    lambda c: c.cluster_help(),
    lambda c: c.cluster_info(),
    lambda c: c.cluster_nodes(),
    lambda c: c.cluster_slots(),
    lambda c: c.cluster_shards(),
    lambda c: c.cluster_links(),
    lambda c: c.cluster_myid(),
    lambda c: c.cluster_myshardid(),
    lambda c: c.cluster_keyslot("a"),
    lambda c: c.cluster_countkeysinslot(15495),
    lambda c: c.cluster_getkeysinslot(15495, 10),
    lambda c: c.cluster_slot_stats(slotsrange=(15495, 15495)),
    lambda c: c.cluster_slot_stats(orderby="KEY-COUNT", limit=1),
    lambda c: c.cluster_getslotmigrations(),
    lambda c: c.cluster_saveconfig(),
    lambda c: c.cluster_bumpepoch(),
    lambda c: c.clusterscan("0"),
]

#: What has its time only where something particular goes on, or ends the server: not asked by the calls above.
ELSEWHERE: Final = {
    "needs a file, a folder or a second server": "bgsave bgrewriteaof acl_load acl_save config_rewrite migrate"
    " module_load module_loadex module_unload function_restore restore restore_asking failover",
    "ends the server or what it is doing": "shutdown script_kill function_kill",
    "belongs to clusters": "clusterscan cluster_addslots cluster_addslotsrange cluster_bumpepoch cluster_links"
    " cluster_cancelslotmigrations cluster_count_failure_reports cluster_countkeysinslot cluster_delslots cluster_meet"
    " cluster_delslotsrange cluster_failover cluster_flushslot cluster_flushslots cluster_forget cluster_migrateslots"
    " cluster_getkeysinslot cluster_getslotmigrations cluster_info cluster_keyslot cluster_myid cluster_myshardid"
    " cluster_nodes cluster_replicas cluster_replicate cluster_reset cluster_saveconfig cluster_set_config_epoch"
    " cluster_setslot cluster_shards cluster_slaves cluster_slot_stats cluster_slots cluster_syncslots cluster_help",
    "needs something that has happened": "fcall_ro pubsub_channels pubsub_shardchannels",
}  # fmt: skip
#: Replies that are empty or null here, as the server that is asked may have them.
MAY_BE_EMPTY: Final = {"cluster_getslotmigrations", "lolwut", "memory_malloc_stats", "module_list"}


def fits(value: object, wanted: Any) -> bool:
    """Whether a value is of a type, with all that it holds."""
    if wanted is Any:
        return True
    if wanted is None:
        return value is None
    origin, inner = get_origin(wanted), get_args(wanted)
    if origin in (Union, types.UnionType):
        return any(fits(value, each) for each in inner)
    if origin is list or origin is set:
        return type(value) is origin and all(fits(each, inner[0]) for each in value)
    if origin is dict:
        return isinstance(value, dict) and all(fits(k, inner[0]) and fits(v, inner[1]) for k, v in value.items())
    if origin is tuple:
        return isinstance(value, tuple) and len(value) == len(inner) and all(map(fits, value, inner))
    return type(value) is wanted


def _accepts(annotation: str, value: object) -> bool:
    if annotation.startswith(("Literal[True", "Literal[False")):
        return repr(value) == annotation[8:-1]
    return value is None if annotation == "None" else value is not None or "None" in annotation


class Checked:
    """A client whose methods return (name, what was promised, reply)."""

    def __init__(self, client: Any, text: type) -> None:
        self._client = client
        self._text = text

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(type(self._client), name)

        async def call(*positional: Any, **named: Any) -> tuple[str, Any, Any]:
            for form in [*get_overloads(method), method]:
                signature = inspect.signature(form)
                try:
                    bound = signature.bind(self._client, *positional, **named)
                except TypeError:
                    continue
                bound.apply_defaults()
                of = signature.parameters
                if all(
                    _accepts(of[key].annotation, value)
                    for key, value in bound.arguments.items()
                    if key != "self" and of[key].kind is not inspect.Parameter.VAR_POSITIONAL
                ):
                    break
            names = {**vars(sys.modules[method.__module__]), "T": self._text}
            promised = get_args(eval(form.__annotations__["return"], names))[0]
            try:
                return name, promised, await method(self._client, *positional, **named)
            except RedisError as refusal:
                return name, promised, refusal

        return call


def problem(name: str, promised: Any, reply: object) -> str:
    """What is wrong with a reply; an empty one says nothing about its type."""
    if not fits(reply, promised):
        return f"{name} promises {promised} and returns {reply!r}"
    if reply in (None, [], {}, set()) and name not in MAY_BE_EMPTY:
        return f"{name} returned {reply!r}: ask it something that it can answer"
    return ""


def called(call: Call) -> str:
    """The name of the method that a call is of."""
    names: list[str] = []

    class Names:
        def __getattr__(self, name: str) -> Callable[..., None]:
            names.append(name)
            return lambda *positional, **named: None

    call(Names())
    return names[0]
