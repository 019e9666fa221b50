"""Scripts and functions: the same bytes to redis-server (and Valkey) and to us.

A script is compared by its whole reply, so that errors have the same words, the same line and the same SHA1.
"""

from __future__ import annotations

import json
import math
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miniredis.formats.crc64 import crc64

from oracle.comparison import Peer
from oracle.normalise import elements
from oracle.wire import Command

EXAMPLES = 150


def evals(scripts: list[str]) -> list[str | Command]:
    """Each script with one key and one argument."""
    return [[b"EVAL", script.encode("latin-1"), b"1", b"k", b"a1"] for script in scripts]


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines()]


def quoted(data: bytes) -> str:
    """A Lua literal of these bytes."""
    return "'" + "".join(f"\\{byte:03d}" for byte in data) + "'"


RESULTS = lines(
    """
    return {1,2,{3,'4',false,true,nil,5}}
    return {err='x'}
    return {ok='x'}
    return {{err='X y'}}
    return {err=12}
    return {ok={}}
    return {err='-FOO x'}
    return {double=1.5}
    return {double='1.5'}
    return {double=1/0}
    return {double=-1/0}
    return {double=0/0}
    return {double=0.1}
    return {double=3}
    return {map={a=1}}
    return {map={}}
    return {map=1,2}
    return {{map={a=1},err=3}}
    return {set={a=true}}
    return {big_number='123'}
    return {big_number='a\\r\\nb'}
    return {big_number=12}
    return {verbatim_string={string='x',format='txt'}}
    return {verbatim_string={string='x'}}
    return {verbatim_string={string='x',format='longer'}}
    return {verbatim_string={}}
    return {redis.call('get','nokey'),true,false,{double=1.5},{map={a=1}},{set={a=true}},{big_number='123'}}
    redis.setresp(3) return {true,false,{double=1.5},{map={a=1}},{set={a=true}},{big_number='123'}}
    redis.setresp(3) return {true,false,redis.call('get','nokey')}
    return true
    return false
    redis.setresp(3) return true
    redis.setresp(3) return false
    return 1.9
    return -1.9
    return 1/0
    return 0/0
    return 1e300
    return 2^53
    return function() end
    return cjson.null
    return coroutine.create(function() end)
    return setmetatable({},{__index=function(t,k) return 'zz' end})
    local t={} for i=1,100 do t={t} end return t
    local t={1} for i=1,3000 do t={t} end return t
    KEYS[1]='z' return KEYS
    local t = redis.call('set','k','v') t.ok='zz' return t
    """
)
ERRORS = lines(
    """
    return redis.call('foo')
    return redis.call('set','k')
    redis.call('set','k','v') return redis.call('lpush','k','v')
    return redis.pcall('lpush','k','v')
    local ok,e=pcall(redis.call,'lpush','k','v') return {type(e), e}
    local e=redis.pcall('foo') return {e.err, e.ignore_error_stats_update}
    local e=redis.pcall('foo') return e
    return {1,redis.pcall('foo')}
    local e=redis.pcall('foo') error(e)
    local ok,e=pcall(redis.call,'foo') error(e)
    return redis.call()
    return redis.call({})
    return redis.call('multi')
    return redis.call('eval','return 1',0)
    return redis.call('subscribe','x')
    return redis.call('config')
    return redis.call('config','foo')
    return redis.call('set','k',true)
    return redis.call('set',nil,true)
    return redis.call('get','k',cjson.null)
    error('x')
    error({err='MYERR foo'})
    error({err='foo'})
    error({err=1})
    error({err=1.5})
    error()
    return x
    x=1
    function f() end
    string.x=1
    setmetatable(_G,{})
    rawset(_G,'x',1)
    getmetatable('').__index=nil
    return type(getmetatable(_G))
    return print
    return tostring(nil..'x')
    local t=nil; return t.x
    local t=nil; t()
    for k,v in pairs(nil) do end
    for k,v in ipairs() do end
    return tonumber({})
    return ('x'):rep({})
    return string.format('%d','x')
    return string.find(nil,'a')
    return table.concat({{}})
    return coroutine.yield(1)
    foo bar
    if
    return redis.error_reply('foo')
    return redis.error_reply('FOO bar')
    return redis.error_reply('-FOO bar')
    return redis.error_reply('-foo')
    return redis.error_reply('')
    return redis.error_reply('- x')
    return redis.error_reply(1,2)
    return redis.error_reply()
    return redis.error_reply('a\\r\\nb')
    return redis.status_reply('a\\r\\nb')
    return redis.status_reply('fine')
    return redis.status_reply(12)
    local ok,e=pcall(error,{err='A b',x=1}) return {type(e), e}
    local ok,e=pcall(error,{x=1}) return {type(e)}
    local ok,e=pcall(function() error('zz') end) return {tostring(ok), e}
    local ok,e=xpcall(function() error({err='A b'}) end, function(e) return type(e) end) return {tostring(ok), e}
    local ok,e=xpcall(function() error('zz') end, function(e) return e..'!' end) return {tostring(ok), e}
    local ok,e=xpcall(function() redis.call('foo') end, function(e) return e end) return {type(e), e}
    local co=coroutine.create(function() redis.call('foo') end) local ok,e=coroutine.resume(co) return {type(e), e.err}
    local co=coroutine.wrap(function() redis.call('foo') end) co()
    local function f() return redis.call('foo') end return f()
    local c=redis.call return c('foo')
    return pcall(redis.call)
    """
)
API = lines(
    """
    return redis.sha1hex('x')
    return redis.sha1hex(12)
    return redis.sha1hex({})
    return redis.sha1hex()
    return redis.log(1)
    return redis.log('x','y')
    return redis.log(9,'hi')
    return redis.log(redis.LOG_WARNING,'hi','x')
    redis.setresp(4)
    redis.setresp(1.9)
    redis.setresp(3.9) return redis.call('get','nokey')
    redis.setresp('x')
    redis.setresp()
    redis.setresp(2,3)
    redis.set_repl(9)
    redis.set_repl()
    redis.set_repl('x')
    return redis.set_repl(redis.REPL_ALL)
    return redis.replicate_commands()
    return redis.breakpoint()
    return redis.debug('x')
    return redis.acl_check_cmd('set','k','v')
    return redis.acl_check_cmd('set')
    return redis.acl_check_cmd('foo')
    return redis.acl_check_cmd('config','foo')
    return redis.acl_check_cmd()
    return redis.acl_check_cmd({})
    return {redis.LOG_DEBUG,redis.LOG_VERBOSE,redis.LOG_NOTICE,redis.LOG_WARNING,redis.REPL_ALL,redis.REPL_AOF}
    return {redis.REPL_SLAVE,redis.REPL_REPLICA,redis.REPL_NONE,type(redis.REDIS_VERSION),redis.nothing}
    redis.call('set','k',1e17) return redis.call('get','k')
    redis.call('set','k',1e16) return redis.call('get','k')
    redis.call('set','k',0.1) return redis.call('get','k')
    redis.call('set','k',-5) return redis.call('get','k')
    redis.call('set','k',12345678901234567890) return redis.call('get','k')
    return redis.call('set','k','v','EX',10.5)
    redis.call('select',3) return redis.call('set','q',1)
    local r=redis.call('ping') return {r.ok, type(r)}
    return type(redis.call('lpop','nope', 3))
    redis.setresp(3) return type(redis.call('lpop','nope', 3))
    redis.call('hset','h','f','v') redis.setresp(3) return redis.call('hgetall','h')
    redis.call('zadd','z',1.5,'m') redis.setresp(3) local r=redis.call('zscore','z','m') return tostring(r.double)
    redis.call('sadd','s','m') redis.setresp(3) return tostring(redis.call('smembers','s').set.m)
    redis.setresp(3) return redis.call('zrange','z',0,-1,'withscores')
    return redis.call('zrange','z',0,-1,'withscores')
    redis.setresp(3) return redis.call('zscore','z','none')
    return redis.call('exists','none','k')
    return tostring(redis.call('get','nope'))
    return {pcall(loadstring,'\\27Lua')}
    return loadstring('return 1+1')()
    return load(function() return nil end)
    return {gcinfo()>1, collectgarbage('count')>1, collectgarbage()}
    return {unpack({1,2,3},2)}
    return {select('#',unpack({},1,3))}
    return {rawget(_G,'nothing'), rawequal(1,1), next({}), type(next)}
    local n=0 for k,v in pairs(math) do n=n+1 end return n
    return {table.getn({1,2}), table.maxn({1,2,[7]=1}), string.gfind('a','a')()}
    return {math.floor(1.5), math.huge, string.rep('ab',3), ('x'):upper()}
    """
)


@pytest.mark.parametrize("resp", [2, 3])
def test_what_scripts_return(oracle: Peer, resp: int) -> None:
    oracle.compare(evals(RESULTS), resp=resp)


def test_errors(oracle: Peer) -> None:
    oracle.compare(evals(ERRORS))


@pytest.mark.parametrize("resp", [2, 3])
def test_the_redis_table(oracle: Peer, resp: int) -> None:
    oracle.compare(evals(API), resp=resp)


def test_arguments_and_scripts_that_are_known(oracle: Peer) -> None:
    sha = b"e0e1f9fabfc9d4800c877a703b823ac0578ff8db"
    oracle.compare(
        [
            "SCRIPT FLUSH",
            [b"EVAL", b"return 1", b"x"],
            [b"EVAL", b"return 1", b"-1"],
            [b"EVAL", b"return 1", b"2", b"a"],
            [b"EVAL", b"return 1"],
            [b"EVALSHA", b"ffff", b"0"],
            [b"EVALSHA", sha, b"0"],
            [b"EVALSHA", sha, b"x"],
            [b"SCRIPT", b"EXISTS", sha],
            [b"SCRIPT", b"LOAD", b"return 1"],
            [b"SCRIPT", b"LOAD", b"foo bar"],
            [b"EVALSHA", sha, b"0"],
            [b"EVALSHA", sha.upper(), b"0"],
            [b"EVALSHA_RO", sha, b"0"],
            [b"SCRIPT", b"EXISTS", sha, sha.upper(), b"x"],
            "SCRIPT FLUSH x",
            "SCRIPT FLUSH ASYNC x",
            "SCRIPT FLUSH SYNC",
            [b"SCRIPT", b"EXISTS", sha],
            "SCRIPT KILL",
            "FUNCTION KILL",
            "SCRIPT NOPE",
            "SCRIPT",
            [b"EVAL_RO", b"return redis.call('set','x',1)", b"0"],
            [b"EVAL_RO", b"return redis.call('get','x')", b"0"],
        ]
    )


def test_first_lines(oracle: Peer) -> None:
    texts = (
        "#!lua\nreturn 1",
        "#!lua\nreturn redis.call('foo')",
        "#!luax\nreturn 1",
        "#!lua",
        "#! lua\nreturn 1",
        "#!lua x=y\nreturn 1",
        "#!lua flags=foo\nreturn 1",
        "#!lua flags=\nreturn 7",
        "#!lua flags=,\nreturn 7",
        "#!lua  flags=no-writes\nreturn 7",
        "#!lua flags=no-writes,allow-oom,allow-stale,no-cluster,allow-cross-slot-keys\nreturn 7",
        "#!lua name=foo\nreturn 7",
        "#!lua\r\nreturn 7",
        "#!lua\tflags=no-writes\nreturn 7",
        "#!lua \"flags=no-writes\"\nreturn redis.call('set','x',1)",
        '#!lua "flags=no-writes\nreturn 7',
        "#!lua flags=no-writes,\nreturn 7",
        "#!lua FLAGS=no-writes\nreturn 7",
        "#!lua flags=no-writes flags=no-writes\nreturn redis.call('set','x',1)",
        "#!lua flags=no-writes\nreturn redis.call('set','x',1)",
    )
    oracle.compare(evals(list(texts)))
    oracle.compare([[b"EVAL_RO", text.encode(), b"0"] for text in texts])


def test_scripts_in_transactions(oracle: Peer) -> None:
    oracle.compare(
        [
            "MULTI",
            "SET k 1",
            [b"EVAL", b"return redis.call('incr','k')", b"0"],
            [b"EVAL", b"return redis.call('lpush','k','x')", b"0"],
            [b"EVAL", b"foo bar", b"0"],
            "EVALSHA ffff 0",
            "GET k",
            "EXEC",
        ]
    )


# -- libraries of functions

FUNCTIONS = (
    b"redis.register_function{function_name='f',description='d',"
    b"callback=function(keys,args) return redis.call('set',keys[1],args[1]) end}\n"
    b"redis.register_function('g', function(k,a) return {k,a,#k,#a} end)\n"
    b"redis.register_function{function_name='ro',callback=function(k,a) return redis.call('set','x',1) end,"
    b"flags={'no-writes','allow-oom'}}\n"
    b"redis.register_function('e', function() error('zz') end)\n"
    b"redis.register_function('e2', function() return redis.call('foo') end)\n"
    b"redis.register_function('x', function() return redis.register_function('y',function() end) end)\n"
    b"local n=0 redis.register_function('n', function() n=n+1 return n end)\n"
)
BODIES = lines(
    """
    return 1
    foo bar
    error('x')
    redis.call('get','x')
    return x
    x=1
    function x() end
    redis.setresp(3)
    redis.log(2,'x')
    return KEYS
    return math.random()
    return redis.REDIS_VERSION
    redis.register_function()
    redis.register_function(1)
    redis.register_function('f')
    redis.register_function('f',1)
    redis.register_function(1,function() end)
    redis.register_function({},function() end)
    redis.register_function('f',function() end, 3)
    redis.register_function('f-a',function() end)
    redis.register_function('f',function() end) redis.register_function('f',function() end)
    redis.register_function{}
    redis.register_function{function_name='f'}
    redis.register_function{function_name='f',callback=1}
    redis.register_function{function_name=1,callback=function() end}
    redis.register_function{function_name={},callback=function() end}
    redis.register_function{callback=function() end}
    redis.register_function{function_name='f',callback=function() end,foo=1}
    redis.register_function{function_name='f',callback=function() end,[1]=1}
    redis.register_function{function_name='f',callback=function() end,flags=1}
    redis.register_function{function_name='f',callback=function() end,flags={1}}
    redis.register_function{function_name='f',callback=function() end,flags={'x'}}
    redis.register_function{function_name='f',callback=function() end,flags={'no-writes','no-writes'}}
    redis.register_function{function_name='f',callback=function() end,description=1}
    redis.register_function{function_name='f',callback=function() end,description={}}
    redis.register_function{function_name='',callback=function() end}
    """
)


def test_loading_libraries(oracle: Peer) -> None:
    commands: list[str | Command] = ["FUNCTION FLUSH"]
    for first in (
        "return 1",
        "#!lua\nreturn 1",
        "#!lua name=a",
        "#!lua name=a-b\nreturn 1",
        "#!lua name=\nreturn 1",
        "#!foo name=a\nreturn 1",
        "#!lua name=a x=y\nreturn 1",
        "#!lua name=a name=b\nreturn 1",
        "#! lua name=a\nreturn 1",
        "#!lua 'name=a\nreturn 1",
        "#!\nreturn 1",
        "#!lua \"NAME=quoted\"\r\nredis.register_function('q1', function() end)",
    ):
        commands.append([b"FUNCTION", b"LOAD", first.encode()])
    commands += [[b"FUNCTION", b"LOAD", b"REPLACE", f"#!lua name=a\n{body}".encode()] for body in BODIES]
    commands += [
        [b"FUNCTION", b"LOAD", b"#!lua name=a\nredis.register_function('q', function() end)"],
        [b"FUNCTION", b"LOAD", b"#!lua name=b\nredis.register_function('F', function() end)"],
        [b"FUNCTION", b"LOAD", b"REPLACEX", b"#!lua name=b\nredis.register_function('F', function() end)"],
        "FUNCTION FLUSH SYNC x",
        "FUNCTION FLUSH",
    ]
    oracle.compare(commands)


def functions_in_order(reply: bytes) -> bytes:
    """Libraries and the functions in each come in no order."""
    header, libraries = elements(reply)
    return header + b"".join(sorted(bytes(sorted(library)) for library in libraries))


@pytest.mark.parametrize("resp", [2, 3])
def test_calling_functions(oracle: Peer, resp: int) -> None:
    oracle.compare(
        [
            "FUNCTION FLUSH",
            [b"FUNCTION", b"LOAD", b"#!lua name=a\n" + FUNCTIONS],
            *[
                "FCALL f 1 k v",
                "FCALL g 1 k v",
                "FCALL g 0",
                "FCALL G 0",
                "FCALL_RO g 0",
                "FCALL_RO f 1 k v",
                "FCALL_RO ro 0",
            ],
            *[
                "FCALL ro 0",
                "FCALL e 0",
                "FCALL e2 0",
                "FCALL x 0",
                "FCALL nope 0",
                "FCALL f x",
                "FCALL f -1",
                "FCALL f 3 a",
            ],
            *["FCALL n 0", "FCALL n 0", "FUNCTION LIST", "FUNCTION LIST WITHCODE", "FUNCTION LIST LIBRARYNAME A*"],
            *["FUNCTION LIST LIBRARYNAME", "FUNCTION LIST FOO", "FUNCTION LIST WITHCODE WITHCODE", "FUNCTION STATS"],
            [b"FUNCTION", b"LIST", b"a\x00b"],
            *[
                "FUNCTION DUMP",
                "FUNCTION DELETE nope",
                "FUNCTION RESTORE x",
                "FUNCTION RESTORE x FOO",
                "FUNCTION FLUSH X",
            ],
            *[
                "FUNCTION RESTORE x APPEND y",
                "FUNCTION DELETE a",
                "FUNCTION LIST",
                "FUNCTION FLUSH ASYNC",
                "FUNCTION NOPE",
            ],
        ],
        resp=resp,
        normalise={b"FUNCTION": functions_in_order},
    )


def test_each_restores_what_the_other_dumped(oracle: Peer) -> None:
    oracle.compare(["FUNCTION FLUSH", [b"FUNCTION", b"LOAD", b"#!lua name=a\n" + FUNCTIONS]])
    payload = oracle(b"FUNCTION", b"DUMP").split(b"\r\n", 1)[1][:-2]
    oracle.compare(
        [
            "FUNCTION FLUSH",
            [b"FUNCTION", b"RESTORE", payload],
            [b"FUNCTION", b"RESTORE", payload],
            [b"FUNCTION", b"RESTORE", payload, b"REPLACE"],
            "FUNCTION DUMP",
            [b"FUNCTION", b"LOAD", b"REPLACE", b"#!lua name=a\nredis.register_function('z', function() end)"],
            [b"FUNCTION", b"LOAD", b"#!lua name=b\nredis.register_function('f', function() end)"],
            [b"FUNCTION", b"RESTORE", payload, b"REPLACE"],
            "FCALL z 0",
            [b"FUNCTION", b"RESTORE", payload, b"FLUSH"],
            "FCALL z 0",
            "FUNCTION FLUSH",
        ]
    )
    library = payload[:-10]

    def sealed(body: bytes) -> bytes:
        body += (10).to_bytes(2, "little")
        return body + crc64(body).to_bytes(8, "little")

    bodies = (
        library * 2,
        library[:5],
        library[:1],
        library + b"x",
        b"\xf5\x03bad",
        b"\xf5\x00",
        b"\xf6\x01a\x01b",
        b"\0\1a",
        b"",
    )
    oracle.compare(
        [
            [b"FUNCTION", b"RESTORE", payload[:-8] + bytes(8)],
            *[
                [b"FUNCTION", b"RESTORE", sealed(body), policy]
                for body in bodies
                for policy in (b"APPEND", b"REPLACE", b"FLUSH")
            ],
            "FUNCTION DUMP",
            "FUNCTION FLUSH",
        ]
    )


# -- the libraries cjson, cmsgpack, struct, bit

ENCODED = lines(
    r"""
    1|1.5|-0|1e15|1e14|123456789012345|0.1|1/3|1e300|-1e-300|'a'|'a"b\\c/d'|'\0\1\31\127\128\255'|'\t\n\r\f\b'
    true|nil|cjson.null|{}|{1,2,3}|{a=1}|{[1]=1,[2]=2,[4]=4}|{[1]=1,[11]=2}|{[1]=1,[10]=2}|{[3]=1}|{[0]=1}|{[1.5]=1}
    {[-1]=1}|{[true]=1}|{1,2,a=3}|{{}}|{{{}},{a={}}}|function() end|coroutine.create(function() end)|1/0|-1/0|0/0
    {cjson.null}|{a=cjson.null}|{1,nil,3}|redis.call('get','nope')|KEYS|2^53|2^63|1e20|3.14159265358979|{[1e15]=1,x=2}
    """
)
JSON_TEXTS = [
    *lines(
        r"""
        1|-1|1.5|1e3|1E+3|-0|0x10|-0x10|01|1.|-|+1|.5|nan|NaN|inf|-inf|Infinity|-Infinity|-nan|infinit|infinityx|true
        false|null|tru|nul|True|{}|[]|{"a":1}|{"a" : 1 , "b":[1,2,{"c":null}]}|[1,]|[1 2]|[,1]|[1|{"a"|{"a":|{"a":1
        {"a":1,|{a:1}|{1:2}|{"a":1,}|[1]x|[1] 2|1 2|"abc"|"a|"a\"b"|"\u0041"|"\u00e9"|"\u20ac"|"\ud83d\ude00"|"\ud83d"
        "\ude00"|"\ud83dx"|"\uZZZZ"|"\u12"|"\x"|"\|["a",true,false,null,1.5]|{"a":1,"a":2}|]|}|:|,|/|'a'|1e400|-1e400
        1e-400|12345678901234567890|0.1|1e|1e+|0x|0xg|1.5.5|--1|1-1|{"":1}|{"1":1}|tRUE|truex|nullx|{"a":nan}|[inf]
        "\/\b\f\n\r\t\\"|1_0|1f|0b1|1p3|0x1p3|0x1.8
        """
    ),
    "",
    "   ",
    "\t1\n",
    " [1] ",
    '"a\nb"',
    "\x01",
    "\xff",
    "\xef\xbb\xbf1",
    "\0" + "1",
    "1\0",
    "1 \0",
    "[1\0]",
    '"a\0b"',
]
JSON_CALLS = lines(
    """
    return cjson.encode()
    return cjson.encode(1,2)
    return cjson.decode()
    return cjson.decode(1)
    return cjson.decode({})
    return cjson.decode('1','2')
    local t={} for i=1,999 do t={t} end return #cjson.encode(t)
    local t={} for i=1,1000 do t={t} end return #cjson.encode(t)
    local t={} t.a=t return cjson.encode(t)
    return #cjson.encode(cjson.decode(string.rep('[',1000)..string.rep(']',1000)))
    return #cjson.encode(cjson.decode(string.rep('[',1001)..string.rep(']',1001)))
    return cjson.decode(string.rep('{"a":',1001)..'1')
    local ok,e=pcall(cjson.decode,'x') return e
    local ok,e=pcall(function() return cjson.decode('x') end) return e
    return {type(cjson.null), tostring(cjson.null), cjson.decode('null')==cjson.null}
    return cjson._NAME..cjson._VERSION
    return {cjson.encode_sparse_array()}
    return {cjson.encode_sparse_array(true,1,1), cjson.encode({[5]=1}), cjson.encode_sparse_array(false,2,10)}
    return {cjson.encode_sparse_array('x')}
    return {cjson.encode_max_depth(3),pcall(cjson.encode,{{{{}}}}),cjson.encode_max_depth(1000)}
    return {cjson.encode_max_depth(0)}
    return {cjson.encode_max_depth('x')}
    return {cjson.decode_max_depth(2),pcall(cjson.decode,'[[[]]]'),cjson.decode_max_depth(1000)}
    return {cjson.encode_number_precision(3),cjson.encode(1/3),cjson.encode_number_precision(14)}
    return {cjson.encode_number_precision(17)}
    return {cjson.encode_keep_buffer()}
    return {tostring(cjson.encode_invalid_numbers()),tostring(cjson.decode_invalid_numbers())}
    cjson.encode_invalid_numbers(true) local r={cjson.encode(1/0)} cjson.encode_invalid_numbers(false) return r
    cjson.encode_invalid_numbers('null') local r=cjson.encode(1/0) cjson.encode_invalid_numbers(false) return r
    cjson.decode_invalid_numbers(false) local r={pcall(cjson.decode,'nan')} cjson.decode_invalid_numbers(true) return r
    cjson.decode_invalid_numbers(false) local r={pcall(cjson.decode,'01')} cjson.decode_invalid_numbers(true) return r
    cjson.decode_invalid_numbers(false) local r={pcall(cjson.decode,'0x1')} cjson.decode_invalid_numbers(true) return r
    local c=cjson.new() c.encode_max_depth(5) return {cjson.encode_max_depth(1000),c.encode_max_depth()}
    """
)
#: Shows any value that came out of a decoder.
SHOW = "return {type(v), type(v)=='table' and cjson.encode(v) or tostring(v)}"


def test_cjson(oracle: Peer) -> None:
    oracle.compare(evals([f"return cjson.encode({value})" for line in ENCODED for value in line.split("|")]))
    texts = [text for line in JSON_TEXTS for text in (line.split("|") if line != "|" else [line])]
    oracle.compare(evals([f"local v=cjson.decode({quoted(text.encode('latin-1'))}) {SHOW}" for text in texts]))
    oracle.compare(evals(JSON_CALLS))


PACKED = lines(
    """
    1|127|128|255|256|65535|65536|4294967295|4294967296|2^53|2^63|2^64|-1|-32|-33|-128|-129|-32768|-32769|-2147483648
    -2147483649|-2^53|-2^63|-2^63-3000|1.5|-1.5|0.1|1/0|-1/0|0/0|1e300|-0|true|false|nil|''|'a'|('x'):rep(31)
    ('x'):rep(32)|('x'):rep(255)|('x'):rep(256)|('x'):rep(65535)|('x'):rep(65536)|{}|{1,2}|{a=1}|{1,nil,3}|{1,2,a=3}
    {[0]=1}|{[1.5]=1}|{[2]=1}|{{},{a={1}}}|function() end|cjson.null|1,2,3|nil,nil|{a={b={c=1}}}|0.5|3.4e38|1e39
    """
)
MESSAGES = (
    "c0|c1|c2|c3|cc ff|cd ff ff|ce ff ff ff ff|cf ff ff ff ff ff ff ff ff|cf 00 20 00 00 00 00 00 01|d0 80|d1 80 00|"
    "d2 80 00 00 00|d3 80 00 00 00 00 00 00 00|d3 ff ff ff ff ff ff ff fe|ca 3f c0 00 00|cb 3f f8 00 00 00 00 00 00|"
    "ca 7f 80 00 00|cb 7f f8 00 00 00 00 00 00|a1 41|a5 41|d9 01 41|da 00 01 41|db 00 00 00 01 41|c4 01 41|"
    "c5 00 01 41|c6 00 00 00 01 41|90|91 01|92 01|91|dc 00 01 05|dd 00 00 00 01 05|dd ff ff ff ff|80|81 a1 41 01|"
    "81 01|de 00 01 01 02|df 00 00 00 01 01 02|df ff ff ff ff|d4 00 00|d5 00 00 00|c7 00 00|c8 00 00|e0|ff|7f|ce|"
    "cf 01|db ff ff ff ff|d9|81 90 01|82 01 02 01 03|93 01 c0 03|94 01 c0 c0 c0"
)
MSGPACK_CALLS = lines(
    r"""
    return cmsgpack.pack()
    local t={} for i=1,20 do t={t} end return cmsgpack.pack(t)
    local t={} t.a=t return cmsgpack.pack(t)
    local t={} for i=1,15 do t[i]=i end return cmsgpack.pack(t)
    local t={} for i=1,16 do t[i]=i end return cmsgpack.pack(t)
    local t={} for i=1,70000 do t[i]=1 end return cmsgpack.pack(t):sub(1,9)
    return cmsgpack.unpack()
    return cmsgpack.unpack(1)
    return cmsgpack.unpack({})
    return cmsgpack.unpack('')
    return {cmsgpack.unpack('\1\2\3')}
    return {cmsgpack.unpack_one('\1\2\3')}
    return {cmsgpack.unpack_one('\1\2\3',1)}
    return {cmsgpack.unpack_one('\1\2\3',3)}
    return {cmsgpack.unpack_one('\1\2\3',4)}
    return {cmsgpack.unpack_one('\1\2\3',-1)}
    return {cmsgpack.unpack_one('\1\2\3','x')}
    return {cmsgpack.unpack_limit('\1\2\3',2)}
    return {cmsgpack.unpack_limit('\1\2\3',2,1)}
    return {cmsgpack.unpack_limit('\1\2\3',0)}
    return {cmsgpack.unpack_limit('\1\2\3',-1)}
    return {cmsgpack.unpack_limit('\1\2\3')}
    return {cmsgpack.unpack_limit('\1\2\3',5)}
    local ok,e=pcall(cmsgpack.unpack,'\193') return e
    return cmsgpack._NAME..cmsgpack._VERSION
    """
)


def test_cmsgpack(oracle: Peer) -> None:
    values = [value for line in PACKED for value in line.split("|")]
    oracle.compare(evals([f"local p=cmsgpack.pack({value}) return redis.sha1hex(p)..p:sub(1,60)" for value in values]))
    shows = "return {n,type(v),type(v)=='table' and cmsgpack.pack(v) or tostring(v)}"
    for message in MESSAGES.split("|"):
        data = quoted(bytes.fromhex(message))
        oracle.compare(evals([f"local n=select('#',cmsgpack.unpack({data})) local v=cmsgpack.unpack({data}) {shows}"]))
    oracle.compare(evals(MSGPACK_CALLS))


STRUCT_PACKED = lines(
    r"""
    'b',1|'B',255|'b',-1|'b',300|'h',-2|'H',65535|'>h',258|'<h',258|'i',1|'i3',-1|'>i3',1|'I8',2^53|'i8',-5|'i16',-5
    'i16',5|'>i16',-5|'l',-1|'L',2^63|'T',5|'i33',1|'i0',1|'f',1.5|'d',0.1|'>f',1e39|'>d',-1.5|'s','abc'|'s','a\0b'
    'c3','abcdef'|'c','x'|'c0','abcd'|'c5','abc'|'x'|'bxb',1,2|'!4bi',1,2|'!bd',1,2|'!2bi',1,2|'!3b',1|'!0b',1
    '!16bd',1,2|' b b',1,2|'z',1|'b'|'b','x'|'b',{}|'s',5|'s',{}||5|'bhilLTfd',1,2,3,4,5,6,7,8|'>I2I4',65535,4294967295
    '!8 b i4 h d',1,2,3,4|'b',1.9|'b',-1.9|'I',-1|'B','7'|'L',1e300|'l',-1e300|'L',-1|'i10',2^60|'i99999999999',1
    """
)
STRUCT_UNPACKED = lines(
    r"""
    'b','\255'|'B','\255'|'h','\1\2'|'>h','\1\2'|'i','\1\2\3\255'|'I','\255\255\255\255'|'i3','\255\255\255'
    'I3','\255\255\255'|'l',('\255'):rep(8)|'L',('\255'):rep(8)|'i16',('\255'):rep(16)|'I16',('\255'):rep(16)
    'i9',('\1'):rep(9)|'f','\0\0\192\63'|'d','\0\0\0\0\0\0\248\63'|'s','abc\0def'|'s','abc'|'c2','abc'|'c0','abc'
    'bc0','\2abc'|'bc0','\9abc'|'bc0','\255abc'|'c5','abc'|'x','a'|'x',''|'bxb','\1\2\3'|'!4bi','\1\0\0\0\2\0\0\0'
    'bb','\1'|'','abc'|'b','\1\2\3',2|'b','\1\2\3',4|'b','\1\2\3',0|'b','\1\2\3',-1|'b','\1\2\3','x'|'b','\1\2\3',nil
    'b','\1\2\3',2147483648|'z','a'|'b'||'b',{}|'i33',('a'):rep(40)|'i0','abc'|'bsb','\1ab\0\2'|'c0c0','ab'
    'ssc','a\0b\0c'|'fc0','\0\0\128\63xyz'
    """
)
STRUCT_SIZES = "'b'|'i'|'bhi'|'!bhi'|'!4bi'|'s'|'c0'|'c10'|'c'|'i33'|'z'|''|'x'|'>d'|5||'i8i16'|'!8bd'|'b s'"


def test_struct(oracle: Peer) -> None:
    def each(rows: list[str]) -> list[str]:
        return [words for row in rows for words in row.split("|")]

    oracle.compare(evals([f"return struct.pack({words})" for words in each(STRUCT_PACKED)]))
    oracle.compare(evals([f"return cjson.encode({{struct.unpack({words})}})" for words in each(STRUCT_UNPACKED)]))
    oracle.compare(evals([f"return struct.size({words})" for words in each([STRUCT_SIZES])]))


NUMBERS = [
    "0",
    "1",
    "-1",
    "2^31",
    "2^32-1",
    "2^32",
    "-2^31",
    "0x7fffffff",
    "0xdeadbeef",
    "1.5",
    "2.5",
    "-1.5",
    "2^51",
    "2^53",
    "2^53+2",
    "1e15",
    "'10'",
    "'0x10'",
    "1e300",
]
PAIRS = ["0xdeadbeef,8", "1,31", "-1,1", "0x80000000,31", "5,32", "5,33", "5,-1", "1,0", "2^40+3,1"]
BIT_CALLS = [
    "band()",
    "band('x')",
    "band(1,{})",
    "tobit(nil)",
    "tohex(1,-8)",
    "tohex(255,-4)",
    "tohex(255,2)",
    "tohex(255,0)",
    "tohex(255,100)",
    "tohex(255,-100)",
    "tohex(255,-2147483648)",
    "tohex(255,2147483648)",
    "band(0xff,0x0f,0x05)",
    "bor(1,2,4,8)",
    "lshift(1)",
    "band(1/0)",
    "tobit(0/0)",
    "band(true)",
    "tohex(1,'x')",
]


def test_bit(oracle: Peer) -> None:
    ones = [f"{name}({number})" for name in ("tobit", "bnot", "bswap", "tohex") for number in NUMBERS]
    names = ("band", "bor", "bxor", "lshift", "rshift", "arshift", "rol", "ror")
    twos = [f"{name}({pair})" for name in names for pair in PAIRS]
    oracle.compare(evals([f"return tostring(bit.{call})" for call in ones + twos + BIT_CALLS]))


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=8),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text('abc"\\/\x01é', max_size=3), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=EXAMPLES, deadline=None)
@given(JSON_VALUES, st.booleans())
def test_json_round_trips(oracle: Peer, value: object, ascii_only: bool) -> None:
    text = quoted(json.dumps(value, ensure_ascii=ascii_only).encode())
    oracle.compare(
        evals(
            [
                f"return cjson.encode(cjson.decode({text}))",
                f"local p=cmsgpack.pack(cjson.decode({text})) return redis.sha1hex(p)..cjson.encode({{cmsgpack.unpack(p)}})",
            ]
        )
    )


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.binary(max_size=24))
def test_any_bytes_as_a_message(oracle: Peer, data: bytes) -> None:
    # A map whose key is nil or no number ends in redis-server with an error that names no line.
    script = f"local ok, v = pcall(cmsgpack.unpack, {quoted(data)}) if not ok and v:find('index is') then v = '' end"
    oracle.compare(evals([script + " return {ok, type(v), type(v) == 'table' and cmsgpack.pack(v) or tostring(v)}"]))


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.text('{}[]":,truefalsn0123456789.eE+-\\u \t', max_size=16))
def test_any_text_as_json(oracle: Peer, text: str) -> None:
    oracle.compare(evals([f"local v=cjson.decode({quoted(text.encode())}) {SHOW}"]))


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    st.lists(
        st.sampled_from(["b", "B", "h", "H", "i", "I", "l", "i3", "I5", "i8", "f", "d", ">", "<", "!4", "!", "x", " "]),
        max_size=8,
    ),
    st.lists(st.integers(-(2**40), 2**40), min_size=8, max_size=8),
    st.binary(max_size=40),
)
def test_any_format_of_struct(oracle: Peer, options: list[str], numbers: list[int], data: bytes) -> None:
    form = "'" + "".join(options) + "'"
    values = ",".join(map(str, numbers))
    oracle.compare(
        evals(
            [
                f"return struct.pack({form},{values})",
                f"return struct.size({form})",
                f"local a, b, c = struct.unpack({form}, {quoted(data)}) return {{a, b, c}}",
                f"return cmsgpack.pack(struct.unpack({form}, struct.pack({form},{values})))",
            ]
        )
    )


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.floats(allow_nan=False), st.integers(-(2**51), 2**51), st.integers(-100, 100))
def test_any_bits(oracle: Peer, number: float, whole: int, count: int) -> None:
    literal = f"(struct.unpack('d',{quoted(struct.pack('<d', number))}))"
    calls = [f"bit.{name}({whole},{count})" for name in ("band", "bxor", "lshift", "arshift", "rshift", "rol", "ror")]
    calls.append(f"bit.tohex({whole},{count})")
    if math.isfinite(number):
        calls.append(f"bit.tobit({literal})")
    oracle.compare(evals([f"return tostring({call})" for call in calls]))


def test_what_is_newer(valkey_oracle: Peer) -> None:
    """Valkey's names for the same things, SCRIPT SHOW, and what redis-server 7.0 crashes at."""
    valkey_oracle.compare(
        [
            *evals(
                [
                    "return server == redis",
                    "return server.call('ping')",
                    "return type(os.clock())",
                    "return os.time",
                    "return server.SERVER_NAME ~= nil",
                ]
            ),
            "SCRIPT FLUSH",
            [b"SCRIPT", b"SHOW", b"e0e1f9fabfc9d4800c877a703b823ac0578ff8db"],
            [b"EVAL", b"return 1", b"0"],
            [b"SCRIPT", b"SHOW", b"e0e1f9fabfc9d4800c877a703b823ac0578ff8db"],
            [b"EVAL", b"return redis.call('blpop', 'none', 0)", b"0"],
        ]
    )


def test_what_differs_and_is_known(oracle: Peer) -> None:
    """Each as tests/oracle/differences.py has it."""
    oracle.compare(
        [
            "EVAL return(redis.call('blpop','none',0)) 0",
            "EVAL return(server.sha1hex('')) 0",
            "EVAL return(os.clock()>=0) 0",
            "EVAL redis.call('set','k',-0)return(redis.call('get','k')) 0",
        ]
    )
    oracle.compare_clients([(0, "SCRIPT DEBUG YES"), (0, "SCRIPT DEBUG NO")])


SEEDS = ["0", "1", "42", "-1", "-5.9", "1.7", "'3'", "123456789", "2^31", "2^32+1", "2^53", "1e300", "0/0"]
DRAWS = [
    "",
    "1",
    "10",
    "1.5",
    "'100'",
    "5,9",
    "-5,-2",
    "2147483647",
    "-2147483648,1",
    "-1,2147483647",
    "-2147483648,2147483647",
    "' 5 ','0x10'",
    "0",
    "3,2",
    "2^40",
    "1,2,3",
    "nil",
    "1,nil",
    "'x'",
    "1,{}",
]


def test_chance_is_the_same(oracle: Peer) -> None:
    opening = "local drawn = {} for number = 1, 30 do drawn[number] = tostring(math.random()) end"
    scripts = [f"math.randomseed({seed}) {opening} return table.concat(drawn, ' ')" for seed in SEEDS]
    scripts += [f"math.randomseed({number}) return tostring(math.random({draw}))" for number, draw in enumerate(DRAWS)]
    scripts += ["return math.random(1000)", "math.randomseed()", "math.randomseed(nil)", "math.randomseed({})"]
    oracle.compare(evals(scripts))


WRONG_CALLS = [
    "local called = string.rep local x = called({}, 1)",
    "local called = string.rep return called({}, 1)",
    "local t = {q = string.find} t.q(nil, 1)",
    "local s = 'abc' s:rep({})",
    "return string:rep(3)",
    "return math:random(3)",
    "return {pcall(function() return string.rep({}) end)}",
    "return {pcall(function() local x = string.rep({}) end)}",
]


def test_errors_name_a_function_as_it_was_called(oracle: Peer) -> None:
    oracle.compare(evals(WRONG_CALLS))
