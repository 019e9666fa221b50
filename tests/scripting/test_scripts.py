"""EVAL, EVALSHA, SCRIPT: what scripts may do, and what they leave behind."""

from __future__ import annotations

import hashlib

import pytest

from miniredis.commands.declaration import Command
from miniredis.dispatch.gates import GATE_CLUSTER, GATE_PRIMARY_LINK, GATE_REPLICA, GATE_STALE
from miniredis.dispatch.rules import Rule
from miniredis.dispatch.session import Session
from miniredis.dispatch.write_refusals import refuse_writes
from miniredis.resp.errors import ReplyError
from miniredis.scripting.runner import ScriptRunner
from miniredis.scripting.scripts import MOST_EVALUATED

from commands.conftest import CommandClient, CommandServer
from commands.recording import Record


def runner_of(server: CommandServer) -> ScriptRunner:
    runner = server.engine.scripting
    assert isinstance(runner, ScriptRunner)
    return runner


def bulk(text: bytes) -> bytes:
    return b"$%d\r\n%b\r\n" % (len(text), text)


def test_keys_and_arguments(client: CommandClient) -> None:
    script = b"return {KEYS, ARGV, #KEYS, #ARGV}"
    assert client(b"EVAL", script, b"0") == b"*4\r\n*0\r\n*0\r\n:0\r\n:0\r\n"
    assert client(b"EVAL", script, b"1", b"k") == b"*4\r\n*1\r\n$1\r\nk\r\n*0\r\n:1\r\n:0\r\n"
    assert client(b"EVAL", script, b"1", b"k", b"a") == b"*4\r\n*1\r\n$1\r\nk\r\n*1\r\n$1\r\na\r\n:1\r\n:1\r\n"
    assert client(b"EVAL", script, b"0", b"a") == b"*4\r\n*0\r\n*1\r\n$1\r\na\r\n:0\r\n:1\r\n"
    two = client(b"EVAL", script, b"2", b"k", b"l", b"a", b"b")
    assert two == b"*4\r\n*2\r\n$1\r\nk\r\n$1\r\nl\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n:2\r\n:2\r\n"
    many = [b"%d" % number for number in range(300)]
    assert client(b"EVAL", b"return {#KEYS, #ARGV, KEYS[200], ARGV[100]}", b"200", *many) == (
        b"*4\r\n:200\r\n:100\r\n$3\r\n199\r\n$3\r\n299\r\n"
    )


def test_a_script_is_known_by_its_sha1_from_then_on(client: CommandClient) -> None:
    sha = b"e0e1f9fabfc9d4800c877a703b823ac0578ff8db"
    assert client(b"EVALSHA", sha, b"0").startswith(b"-NOSCRIPT")
    assert client(b"EVALSHA", b"short", b"0").startswith(b"-NOSCRIPT")
    assert client(b"EVAL", b"return 1", b"0") == b":1\r\n"
    assert client(b"EVALSHA", sha, b"0") == b":1\r\n"
    assert client(b"EVALSHA_RO", sha.upper(), b"0") == b":1\r\n"
    assert client(b"SCRIPT", b"EXISTS", sha, sha.upper(), b"x") == b"*3\r\n:1\r\n:1\r\n:0\r\n"
    assert client(b"SCRIPT", b"SHOW", sha) == bulk(b"return 1")
    assert client(b"SCRIPT", b"FLUSH", b"ASYNC") == b"+OK\r\n"
    assert client(b"SCRIPT", b"EXISTS", sha) == b"*1\r\n:0\r\n"
    assert client(b"SCRIPT", b"SHOW", sha) == b"-NOSCRIPT No matching script.\r\n"
    assert client(b"SCRIPT", b"LOAD", b"return 1") == bulk(sha)
    assert client(b"EVALSHA", sha, b"0") == b":1\r\n"
    assert client(b"SCRIPT", b"FLUSH", b"NOW").startswith(b"-ERR SCRIPT FLUSH only")


def test_evaluated_scripts_make_room_and_loaded_ones_stay(client: CommandClient, server: CommandServer) -> None:
    loaded = client(b"SCRIPT", b"LOAD", b"return 'loaded'")[5:-2]
    client(b"SCRIPT", b"LOAD", b"return 'loaded'")
    for number in range(MOST_EVALUATED + 3):
        assert client(b"EVAL", b"return %d" % number, b"0") == b":%d\r\n" % number
    info = client(b"INFO", b"memory") + client(b"INFO", b"stats")
    assert b"number_of_cached_scripts:%d\r\n" % (MOST_EVALUATED + 1) in info
    assert b"evicted_scripts:3\r\n" in info
    assert client(b"EVALSHA", loaded, b"0") == bulk(b"loaded")
    cache = runner_of(server).cache
    assert cache.bytes == sum(script.size() for script in cache.scripts.values())
    client(b"SCRIPT", b"FLUSH")
    info = client(b"INFO", b"memory")
    assert b"number_of_cached_scripts:0\r\n" in info and b"used_memory_scripts_eval:0\r\n" in info


def test_lua_starts_with_the_first_script(client: CommandClient) -> None:
    assert b"used_memory_lua:0\r\n" in client(b"INFO", b"memory")
    client(b"EVAL", b"return 1", b"0")
    assert b"used_memory_lua:0\r\n" not in client(b"INFO", b"memory")


def test_effects_are_one_block_and_the_script_is_not_replayed(client: CommandClient, record: Record) -> None:
    client(b"EVAL", b"redis.call('set', 'a', 1) redis.call('incr', 'a') return redis.call('get', 'a')", b"0")
    assert record.replayed() == ["MULTI", "set a 1", "incr a", "EXEC"]
    client(b"EVAL", b"return redis.call('set', 'a', 1)", b"0")
    assert record.replayed() == ["set a 1"]
    client(b"EVAL", b"return redis.call('get', 'a')", b"0")
    assert record.replayed() == []
    client(b"EVAL", b"redis.call('set', 'a', 2) error('x')", b"0")
    assert record.replayed() == ["set a 2"]


def test_a_script_in_a_transaction_joins_its_block(client: CommandClient, record: Record) -> None:
    client(b"MULTI")
    client(b"SET", b"a", b"1")
    client(b"EVAL", b"redis.call('incr', 'a') return redis.call('incr', 'a')", b"0")
    client(b"GET", b"a")
    assert client(b"EXEC") == b"*3\r\n+OK\r\n:3\r\n$1\r\n3\r\n"
    assert record.replayed() == ["MULTI", "SET a 1", "incr a", "incr a", "EXEC"]


def test_what_set_repl_leaves_out_is_not_replayed(client: CommandClient, record: Record) -> None:
    client(
        b"EVAL",
        b"redis.set_repl(redis.REPL_NONE) redis.call('set', 'a', 1) "
        b"redis.set_repl(redis.REPL_ALL) redis.call('set', 'b', 1)",
        b"0",
    )
    assert record.replayed() == ["set b 1"]
    assert client(b"GET", b"a") == bulk(b"1")


def test_the_selected_database_is_the_scripts_own(client: CommandClient) -> None:
    client(b"EVAL", b"redis.call('select', 3) return redis.call('set', 'k', 'v')", b"0")
    assert client(b"EXISTS", b"k") == b":0\r\n"
    client(b"SELECT", b"3")
    assert client(b"EVAL", b"return redis.call('get', 'k')", b"0") == bulk(b"v")


def test_errors_say_where_they_came_from(client: CommandClient) -> None:
    sha = b"a5f14b50ed56ec4cdb81d2c4e5ed3a11b1a1f8a4"
    reply = client(b"EVAL", b"\n\nreturn redis.call('nope')", b"0")
    assert reply.startswith(b"-ERR Unknown Redis command called from script script: ")
    assert reply.endswith(b", on @user_script:3.\r\n") and len(reply.split()[8]) == len(sha) + 1
    for script in (
        b"local function f()\nreturn redis.call('nope') end\nreturn f()",
        b"local call = redis.call\nreturn call('nope')",
        b"local t = {call = redis.call}\nreturn t.call('nope')",
        b"local s = ''\nreturn s:rep({})",
    ):
        assert b", on @user_script:2." in client(b"EVAL", script, b"0"), script


def test_tail_calls_of_own_functions_may_go_on(client: CommandClient) -> None:
    script = b"local function loop(n) if n == 0 then return 'end' end return loop(n - 1) end return loop(100000)"
    assert client(b"EVAL", script, b"0") == bulk(b"end")


def test_an_error_is_counted_once(client: CommandClient) -> None:
    client(b"SET", b"k", b"v")
    client(b"EVAL", b"return redis.call('lpush', 'k', 1)", b"0")
    client(b"EVAL", b"return redis.pcall('lpush', 'k', 1)", b"0")
    client(b"EVAL", b"return redis.error_reply('MINE own')", b"0")
    client(b"EVAL", b"error('x')", b"0")
    stats = client(b"INFO", b"errorstats")
    assert b"errorstat_WRONGTYPE:count=2\r\n" in stats
    assert b"errorstat_MINE:count=1\r\n" in stats and b"errorstat_ERR:count=1\r\n" in stats


def test_scripts_and_their_commands_are_monitored(client: CommandClient, server: CommandServer) -> None:
    monitor = server.client()
    monitor(b"MONITOR")
    client(b"EVAL", b"return redis.call('set', KEYS[1], 'v')", b"1", b"k")
    shown = b"".join(monitor.drain())
    first, second = shown.split(b"\r\n")[:2]
    assert first.endswith(b'[0 127.0.0.1:50000] "EVAL" "return redis.call(\'set\', KEYS[1], \'v\')" "1" "k"')
    assert second.endswith(b'[0 lua] "set" "k" "v"')


def test_read_only_scripts(client: CommandClient) -> None:
    refused = b"-ERR Write commands are not allowed from read-only scripts. script: "
    write = b"return redis.call('set', 'k', 1)"
    assert client(b"EVAL_RO", write, b"0").startswith(refused)
    assert client(b"EVALSHA_RO", client(b"SCRIPT", b"LOAD", write)[5:-2], b"0").startswith(refused)
    assert client(b"EVAL", b"#!lua flags=no-writes\n" + write, b"0").startswith(refused)
    for command in (b"'pfcount', 'h'", b"'publish', 'c', 'm'", b"'spublish', 'c', 'm'"):
        assert client(b"EVAL_RO", b"return redis.call(" + command + b")", b"0").startswith(refused)
        assert client(b"EVAL", b"return redis.call(" + command + b")", b"0") == b":0\r\n"
    assert client(b"EVAL_RO", b"return redis.call('get', 'k')", b"0") == b"$-1\r\n"
    assert client(b"EVAL_RO", b"#!lua\nreturn 1", b"0") == (
        b"-ERR Can not execute a script with write flag using *_ro command.\r\n"
    )
    server_wide = client(b"EVAL_RO", b"#!lua flags=no-writes\nreturn 1", b"0")
    assert server_wide == b":1\r\n"


def test_a_replica_refuses_writes(client: CommandClient, server: CommandServer) -> None:
    server.engine.gates |= GATE_REPLICA
    write = b"return redis.call('set', 'k', 1)"
    assert client(b"EVAL", write, b"0").startswith(b"-READONLY You can't write against a read only replica. script: ")
    assert client(b"EVAL", b"#!lua\n" + write, b"0").startswith(b"-READONLY You can not run script with write flag")
    assert client(b"EVAL", b"#!lua flags=no-writes\nreturn 1", b"0") == b":1\r\n"
    assert client(b"EVAL_RO", b"#!lua flags=no-writes\nreturn 1", b"0") == b":1\r\n"
    client.session.gates |= GATE_PRIMARY_LINK
    assert client(b"EVAL", write, b"0") == b"+OK\r\n"


def test_a_stale_replica(client: CommandClient, server: CommandServer) -> None:
    server.engine.gates |= GATE_STALE
    assert client(b"EVAL", b"return 1", b"0").startswith(b"-MASTERDOWN Link with MASTER is down and")
    assert client(b"EVAL", b"#!lua flags=no-writes\nreturn 1", b"0").startswith(
        b"-MASTERDOWN Link with MASTER is down, replica-serve-stale-data is set to 'no' and 'allow-stale'"
    )
    stale = b"#!lua flags=no-writes,allow-stale\n"
    assert client(b"EVAL", stale + b"return 1", b"0") == b":1\r\n"
    assert client(b"EVAL", stale + b"return redis.call('echo', 'x')", b"0") == bulk(b"x")
    assert client(b"EVAL", stale + b"return redis.call('get', 'x')", b"0").startswith(
        b"-ERR Can not execute the command on a stale replica script: "
    )


def test_writes_that_cannot_be_kept_are_refused(client: CommandClient, server: CommandServer) -> None:
    refuse_writes(server.engine, "disk", b"MISCONF no room")
    assert client(b"EVAL", b"return redis.call('get', 'x')", b"0") == b"$-1\r\n"
    assert client(b"EVAL", b"return redis.call('set', 'x', 1)", b"0").startswith(b"-MISCONF no room script: ")
    assert client(b"EVAL", b"#!lua\nreturn 1", b"0") == b"-MISCONF no room\r\n"


def test_out_of_memory(client: CommandClient) -> None:
    client(b"SET", b"big", b"x" * 100_000)
    client(b"CONFIG", b"SET", b"maxmemory", b"1000")
    assert client(b"EVAL", b"return redis.call('get', 'none')", b"0") == b"$-1\r\n"
    refused = client(b"EVAL", b"return redis.call('set', 'k', 1)", b"0")
    assert refused.startswith(b"-OOM command not allowed when used memory > 'maxmemory'. script: ")
    # Once it has written, it may go on: half of its work would be worse.
    assert client(b"EVAL", b"redis.call('del', 'none') return redis.call('set', 'k', 1)", b"0") == b"+OK\r\n"
    assert client(b"EVAL", b"#!lua\nreturn 1", b"0").startswith(b"-OOM allow-oom flag is not set on the script")
    assert client(b"EVAL", b"#!lua flags=allow-oom\nreturn redis.call('set', 'k', 1)", b"0") == b"+OK\r\n"
    assert client(b"EVAL", b"#!lua flags=no-writes\nreturn 1", b"0") == b":1\r\n"


class Refusal(Rule):
    """Refuses with a text, or gives something in place of the command."""

    def __init__(self, result: object) -> None:
        self.result = result

    def apply(self, session: Session, command: Command, argv: list[bytes]) -> object:
        if command.name in (b"get", b"set"):
            if isinstance(self.result, ReplyError):
                raise self.result
            return self.result
        return None


def test_the_callers_user_decides(client: CommandClient, server: CommandServer) -> None:
    server.engine.acl.set_user(b"u", [b"on", b"nopass", b"+@all", b"-get", b"~k"])
    assert client(b"AUTH", b"u", b"x") == b"+OK\r\n"
    assert client(b"EVAL", b"return redis.call('get', 'k')", b"0").startswith(
        b"-ERR The user executing the script can't run this command or subcommand script: "
    )
    assert client(b"EVAL", b"return redis.call('echo', 'k')", b"0") == bulk(b"k")
    assert client(b"EVAL", b"return redis.acl_check_cmd('get', 'k')", b"0") == b"$-1\r\n"
    assert client(b"EVAL", b"return redis.acl_check_cmd('echo', 'k')", b"0") == b":1\r\n"
    assert [entry.shown for entry in server.engine.acl.log.entries] == [b"get"]


def test_the_database_that_counts_is_the_scripts(client: CommandClient, server: CommandServer) -> None:
    server.engine.acl.set_user(b"u", [b"on", b"nopass", b"+@all", b"~*", b"db=0,1"])
    assert client(b"AUTH", b"u", b"x") == b"+OK\r\n"
    server.engine.acl.set_user(b"u", [b"db=0"])
    denied = b"ERR ACL failure in script: No permissions to access database"
    assert client(b"EVAL", b"return redis.pcall('select', 1).err", b"0") == bulk(denied)
    server.engine.acl.set_user(b"u", [b"db=0,1"])
    select = b"redis.call('select', 1) "
    assert client(b"EVAL", select + b"return redis.call('set', 'k', 'v')", b"0") == b"+OK\r\n"
    assert client(b"SELECT", b"1") == b"+OK\r\n"
    server.engine.acl.set_user(b"u", [b"db=0", b"(+eval +select alldbs)"])
    assert client(b"EVAL", b"return redis.call('get', 'k')", b"0").startswith(b"-ERR The user executing the script")
    assert client(b"EVAL", b"redis.call('select', 0) return redis.call('get', 'k')", b"0") == b"$-1\r\n"
    assert client(b"EVAL", b"redis.call('select', 0) return redis.acl_check_cmd('get', 'k')", b"0") == b":1\r\n"


@pytest.mark.parametrize(
    ("redirection", "said"),
    [
        (b"MOVED 1 127.0.0.1:1", b"Script attempted to access a non local key in a cluster node"),
        (b"CROSSSLOT Keys", b"Script attempted to access a non local key in a cluster node"),
        (b"CLUSTERDOWN The cluster is down", b"Script attempted to execute a command while the cluster is down"),
    ],
)
def test_in_a_cluster_keys_are_local(
    client: CommandClient, server: CommandServer, redirection: bytes, said: bytes
) -> None:
    server.engine.rules[GATE_CLUSTER] = Refusal(ReplyError(redirection))
    server.engine.gates |= GATE_CLUSTER
    assert client(b"EVAL", b"return redis.call('get', 'k')", b"0").startswith(b"-ERR " + said)
    assert client(b"EVAL", b"return redis.call('echo', 'k')", b"0") == bulk(b"k")
    server.engine.mode = b"cluster"
    assert client(b"EVAL", b"#!lua flags=no-cluster\nreturn 1", b"0") == (
        b"-ERR Can not run script on cluster, 'no-cluster' flag is set.\r\n"
    )


def test_commands_do_not_wait(client: CommandClient, server: CommandServer) -> None:
    assert client(b"EVAL", b"return redis.call('blpop', 'none', 0)", b"0") == b"$-1\r\n"
    waiting = server.client()
    assert waiting(b"BLPOP", b"list", b"0") == b""
    client(b"EVAL", b"redis.call('rpush', 'list', 'a') return redis.call('lpush', 'list', 'b')", b"0")
    assert waiting.drain() == [b"*2\r\n$4\r\nlist\r\n$1\r\nb\r\n"]


def test_logging(client: CommandClient, server: CommandServer) -> None:
    client(b"EVAL", b"redis.log(redis.LOG_WARNING, 'one', 2, {}, '\xff')", b"0")
    assert server.logged[-1] == ("warning", "one 2 \\xff")


def test_a_long_reply_of_a_command(client: CommandClient) -> None:
    client(
        b"EVAL", b"for i = 1, 500 do redis.call('rpush', 'l', i) end redis.call('set', 'big', ('x'):rep(9000))", b"0"
    )
    assert client(b"EVAL", b"local l = redis.call('lrange', 'l', 0, -1) return {#l, l[500]}", b"0") == (
        b"*2\r\n:500\r\n$3\r\n500\r\n"
    )
    assert client(b"EVAL", b"return #redis.call('get', 'big')", b"0") == b":9000\r\n"


def test_large_arguments_are_refused_when_lua_has_no_room(client: CommandClient, server: CommandServer) -> None:
    client(b"EVAL", b"return 1", b"0")
    runner_of(server).sandbox.max_memory = 1 << 20
    refused = client(b"EVAL", b"return #ARGV[1]", b"0", b"x" * 2_000_000)
    assert refused.startswith(b"-ERR not enough memory script: ")
    assert client(b"EVAL", b"return '" + b"x" * 2_000_000 + b"'", b"0") == b"-ERR not enough memory\r\n"
    client(b"SET", b"big", b"x" * 2_000_000)
    client(b"RPUSH", b"list", *[b"x" * 100_000] * 20)
    for command in (b"'get', 'big'", b"'lrange', 'list', 0, -1"):
        reply = client(b"EVAL", b"return redis.pcall(" + command + b").err", b"0")
        assert reply == bulk(b"OOM script memory")


def test_the_debugger_is_not_there(client: CommandClient) -> None:
    assert client(b"SCRIPT", b"DEBUG", b"NO") == b"+OK\r\n"
    assert client(b"SCRIPT", b"DEBUG", b"YES") == b"-ERR The Lua debugger is not supported\r\n"
    assert client(b"SCRIPT", b"DEBUG", b"X") == b"-ERR Use SCRIPT DEBUG YES/SYNC/NO\r\n"
    assert b"SHOW <sha1>" in client(b"SCRIPT", b"HELP")


def test_a_slow_script_is_logged_with_all_of_its_time(client: CommandClient, server: CommandServer) -> None:
    client(b"CONFIG", b"SET", b"slowlog-log-slower-than", b"1000000")
    client(b"EVAL", b"for i = 1, 3 do redis.call('echo', 'x') end", b"0")
    assert client(b"SLOWLOG", b"LEN") == b":0\r\n"
    server.engine.commands.by_name[b"echo"].run = lambda ctx, argv: server.clock.advance(0.5)
    client(b"EVAL", b"for i = 1, 3 do redis.call('echo', 'x') end", b"0")
    assert b":1500000\r\n" in client(b"SLOWLOG", b"GET")


def test_resp3_replies(client: CommandClient) -> None:
    three = client.resp3
    three(b"HSET", b"h", b"f", b"v")
    three(b"SADD", b"s", b"m")
    three(b"ZADD", b"z", b"1.5", b"m")
    assert (
        three(b"EVAL", b"redis.setresp(3) return redis.call('hgetall', 'h')", b"0") == b"%1\r\n$1\r\nf\r\n$1\r\nv\r\n"
    )
    assert three(b"EVAL", b"redis.setresp(3) return redis.call('smembers', 's')", b"0") == b"~1\r\n$1\r\nm\r\n"
    assert three(b"EVAL", b"redis.setresp(3) return redis.call('zscore', 'z', 'm')", b"0") == b",1.5\r\n"
    assert three(b"EVAL", b"return redis.call('zscore', 'z', 'm')", b"0") == b"$3\r\n1.5\r\n"
    assert three(b"EVAL", b"redis.setresp(3) return redis.call('get', 'none')", b"0") == b"_\r\n"
    assert three(b"EVAL", b"redis.setresp(3) return {true, false}", b"0") == b"*2\r\n#t\r\n#f\r\n"
    assert three(b"EVAL", b"redis.setresp(3) return true", b"0") == b"#t\r\n"
    assert three(b"EVAL", b"return true", b"0") == b":1\r\n"
    assert (
        client(b"EVAL", b"redis.setresp(3) return redis.call('hgetall', 'h')", b"0") == b"*2\r\n$1\r\nf\r\n$1\r\nv\r\n"
    )
    assert client(b"EVAL", b"return redis.call('hgetall', 'h')", b"0") == b"*2\r\n$1\r\nf\r\n$1\r\nv\r\n"


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        (b"redis.call()", b"ERR Please specify at least one argument for this redis lib call"),
        (b"redis.call({})", b"ERR Lua redis lib command arguments must be strings or integers"),
        (b"redis.call('get')", b"ERR Wrong number of args calling Redis command from script"),
        (b"redis.call('config')", b"ERR Wrong number of args calling Redis command from script"),
        (b"redis.call('config', 'nope')", b"ERR Unknown Redis command called from script"),
        (b"redis.call('multi')", b"ERR This Redis command is not allowed from script"),
        (b"redis.acl_check_cmd()", b"ERR Please specify at least one argument for this redis lib call"),
        (b"redis.acl_check_cmd({})", b"ERR Lua redis lib command arguments must be strings or integers"),
        (b"redis.acl_check_cmd('nope')", b"ERR Invalid command passed to redis.acl_check_cmd()"),
        (b"redis.setresp(4)", b"ERR RESP version must be 2 or 3."),
        (b"redis.set_repl(9)", b"ERR Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE."),
        (b"redis.log('x', 'y')", b"ERR First argument must be a number (log level)."),
        (b"error({})", b"ERR unknown error"),
    ],
)
def test_what_the_redis_table_refuses(client: CommandClient, script: bytes, problem: bytes) -> None:
    assert client(b"EVAL", script, b"0").startswith(b"-" + problem + b" script: ")


@pytest.mark.parametrize(
    ("value", "reply"),
    [
        (b"1.9", b":1\r\n"),
        (b"-1.9", b":-1\r\n"),
        (b"1/0", b":-9223372036854775808\r\n"),
        (b"0/0", b":-9223372036854775808\r\n"),
        (b"2^62", b":4611686018427387904\r\n"),
        (b"false", b"$-1\r\n"),
        (
            b"print_nothing",
            b"-ERR user_script:1: Script attempted to access nonexistent global variable 'print_nothing'",
        ),
        (b"{1.5, {double = 0.1}, {big_number = '1'}}", b"*3\r\n:1\r\n$19\r\n0.10000000000000001\r\n$1\r\n1\r\n"),
    ],
)
def test_values_that_are_replied(client: CommandClient, value: bytes, reply: bytes) -> None:
    assert client(b"EVAL", b"return " + value, b"0").startswith(reply)


def test_numbers_of_keys_that_cannot_be(client: CommandClient) -> None:
    assert client(b"EVAL", b"return 1", b"-1") == b"-ERR Number of keys can't be negative\r\n"
    assert client(b"EVAL", b"return 1", b"1") == b"-ERR Number of keys can't be greater than number of args\r\n"
    assert client(b"EVAL", b"return 1", b"x") == b"-ERR value is not an integer or out of range\r\n"
    assert client(b"EVAL", b"foo bar", b"0").startswith(b"-ERR Error compiling script (new function): user_script:1: ")
    assert client(b"EVAL", b"\x1bLua", b"0") == b"-ERR Error compiling script (new function): binary chunk refused\r\n"


def test_outside_of_a_script_there_is_nothing_to_call_for(client: CommandClient, server: CommandServer) -> None:
    client(b"EVAL", b"return 1", b"0")
    runner = runner_of(server)
    assert runner.call((b"get", b"k")) == (b"ERR redis.call can only be called inside a script invocation", 3)
    assert runner.acl_check_cmd((b"get", b"k")) == (
        b"ERR redis.acl_check_cmd can only be called inside a script invocation",
        3,
    )
    assert not runner.set_repl(0) and not runner.is_over()


def test_the_access_context_is_that_of_a_script_only_within(client: CommandClient, server: CommandServer) -> None:
    server.engine.acl.set_user(b"u", [b"on", b"nopass", b"+eval"])
    assert client(b"AUTH", b"u", b"x") == b"+OK\r\n"
    client(b"EVAL", b"redis.call('get', 'k') error('x')", b"0")
    client(b"PING")
    assert [entry.context for entry in server.engine.acl.log.entries] == [b"toplevel", b"lua"]


READS = b"#!lua flags=no-writes\nreturn 1"


def test_a_pause_of_writes_spares_scripts_that_declare_to_write_nothing(server: CommandServer) -> None:
    client = server.connect()
    client.call(b"SCRIPT", b"LOAD", READS)
    function = b"function_name='f', callback=function() return 1 end, flags={'no-writes'}"
    library = b"#!lua name=l\nredis.register_function{%s}" % function
    client.call(b"FUNCTION", b"LOAD", library)
    client.call(b"CLIENT", b"PAUSE", b"100000", b"WRITE")
    for words in ((b"EVAL", READS), (b"EVALSHA", hashlib.sha1(READS).hexdigest().encode()), (b"FCALL", b"f")):
        assert client.call(*words, b"0") == b":1\r\n"
    client.call(b"MULTI")
    client.call(b"EVAL", READS, b"0")
    assert client.call(b"EXEC") == b"*1\r\n:1\r\n"


@pytest.mark.parametrize(
    "words",
    [
        (b"EVAL", b"return 1"),
        (b"EVAL", b"#!lua\nreturn 1"),
        (b"EVAL", b"#!lua flags=nope\nreturn 1"),
        (b"EVALSHA", b"0" * 40),
        (b"FCALL", b"nope"),
        (b"PUBLISH", b"c"),
    ],
)
def test_a_pause_of_writes_holds_every_other_script_back(server: CommandServer, words: tuple[bytes, ...]) -> None:
    client = server.connect()
    client.call(b"CLIENT", b"PAUSE", b"100000", b"WRITE")
    assert client.call(*words, b"0") == b""


def test_chance_begins_as_in_redis_and_goes_on_from_script_to_script(client: CommandClient) -> None:
    script = b"return tostring(math.random())"
    assert client(b"EVAL", script, b"0") == bulk(b"0.39646477363839")
    assert client(b"EVAL", script, b"0") == bulk(b"0.84048536971234")
