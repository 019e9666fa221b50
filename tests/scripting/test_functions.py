"""FUNCTION, FCALL: libraries are loaded whole or not at all."""

from __future__ import annotations

from miniredis.formats.crc64 import crc64
from miniredis.scripting.functions import Libraries

from commands.conftest import CommandClient, CommandServer
from commands.recording import Record

LIBRARY = b"""#!lua name=mylib
local calls = 0
redis.register_function{
  function_name = 'put', description = 'stores', flags = {'allow-oom'},
  callback = function(keys, args) calls = calls + 1 return redis.call('set', keys[1], args[1]) end
}
redis.register_function{function_name = 'count', callback = function() return calls end, flags = {'no-writes'}}
"""


def load(client: CommandClient, body: bytes, name: bytes = b"lib", *options: bytes) -> bytes:
    return client(b"FUNCTION", b"LOAD", *options, b"#!lua name=" + name + b"\n" + body)


def test_functions_are_called_with_keys_and_arguments(client: CommandClient, record: Record) -> None:
    assert client(b"FUNCTION", b"LOAD", LIBRARY) == b"$5\r\nmylib\r\n"
    assert record.replayed() == ["FUNCTION LOAD " + LIBRARY.decode()]
    assert client(b"FCALL", b"put", b"1", b"k", b"v") == b"+OK\r\n"
    assert record.replayed() == ["set k v"]
    assert client(b"FCALL", b"PUT", b"1", b"k", b"v") == b"+OK\r\n"
    assert client(b"FCALL_RO", b"count", b"0") == b":2\r\n"
    assert client(b"FCALL_RO", b"put", b"1", b"k", b"v") == (
        b"-ERR Can not execute a script with write flag using *_ro command.\r\n"
    )
    assert client(b"FCALL", b"put", b"x").startswith(b"-ERR Bad number of keys provided")
    assert client(b"FCALL", b"none", b"0") == b"-ERR Function not found\r\n"


def test_errors_name_the_function(client: CommandClient) -> None:
    load(client, b"redis.register_function('f', function() return redis.call('nope') end)")
    assert client(b"FCALL", b"f", b"0") == (
        b"-ERR Unknown Redis command called from script script: f, on @user_function:2.\r\n"
    )
    load(client, b"redis.register_function('f', function()\nerror('x') end)", b"lib", b"REPLACE")
    assert client(b"FCALL", b"f", b"0") == b"-ERR user_function:3: x script: f, on @user_function:3.\r\n"


def test_libraries_are_listed(client: CommandClient) -> None:
    client(b"FUNCTION", b"LOAD", LIBRARY)
    load(client, b"redis.register_function('other', function() end)", b"other")
    assert b"library_code" not in client(b"FUNCTION", b"LIST")
    assert LIBRARY in client(b"FUNCTION", b"LIST", b"WITHCODE")
    assert client(b"FUNCTION", b"LIST", b"LIBRARYNAME", b"MY*").count(b"library_name") == 1
    assert client(b"FUNCTION", b"LIST", b"NOPE") == b"-ERR Unknown argument NOPE\r\n"
    assert client(b"FUNCTION", b"LIST", b"LIBRARYNAME") == b"-ERR library name argument was not given\r\n"
    stats = client(b"FUNCTION", b"STATS")
    assert stats.endswith(b"libraries_count\r\n:2\r\n$15\r\nfunctions_count\r\n:3\r\n")
    info = client(b"INFO", b"memory")
    assert b"number_of_functions:3\r\n" in info and b"number_of_libraries:2\r\n" in info
    assert b"WITHCODE" in client(b"FUNCTION", b"HELP")


def test_a_library_that_fails_changes_nothing(client: CommandClient) -> None:
    client(b"FUNCTION", b"LOAD", LIBRARY)
    for body, problem in (
        (b"foo bar", b"-ERR Error compiling function: user_function:2: "),
        (b"redis.register_function('put', function() end) x = 1", b"-ERR Error registering functions: ERR "),
        (b"return 1", b"-ERR No functions registered"),
        (b"redis.register_function('a b', function() end)", b"-ERR Error registering functions: ERR Library names can"),
        (
            b"for i = 1, 2 do redis.register_function('a', function() end) end",
            b"-ERR Error registering functions: ERR ",
        ),
        (b"redis.register_function{function_name='a', callback=function() end, flags={'x'}}", b"-ERR Error"),
        (b"redis.call('set', 'k', 1)", b"-ERR Error registering functions: ERR user_function:2: Script attempted"),
    ):
        assert load(client, body, b"mylib", b"REPLACE").startswith(problem), body
        assert client(b"FCALL", b"put", b"1", b"k", b"v") == b"+OK\r\n"
    assert load(client, b"redis.register_function('PUT', function() end)", b"second") == (
        b"-ERR Function PUT already exists\r\n"
    )
    assert client(b"FUNCTION", b"LOAD", LIBRARY) == b"-ERR Library 'mylib' already exists\r\n"
    assert load(client, b"", b"x", b"NOPE") == b"-ERR Unknown option given: NOPE\r\n"


def test_libraries_are_deleted_and_flushed(client: CommandClient, record: Record) -> None:
    client(b"FUNCTION", b"LOAD", LIBRARY)
    assert client(b"FUNCTION", b"DELETE", b"none") == b"-ERR Library not found\r\n"
    assert client(b"FUNCTION", b"DELETE", b"mylib") == b"+OK\r\n"
    assert client(b"FCALL", b"put", b"0") == b"-ERR Function not found\r\n"
    client(b"FUNCTION", b"LOAD", LIBRARY)
    assert client(b"FUNCTION", b"FLUSH", b"ASYNC") == b"+OK\r\n"
    assert client(b"FUNCTION", b"LIST") == b"*0\r\n"
    assert client(b"FUNCTION", b"FLUSH", b"NOW").startswith(b"-ERR FUNCTION FLUSH only supports")
    assert [line for line in record.replayed() if "LOAD" not in line and "register" not in line][-1] == (
        "FUNCTION FLUSH ASYNC"
    )


def test_a_dump_is_restored(client: CommandClient, server: CommandServer) -> None:
    client(b"FUNCTION", b"LOAD", LIBRARY)
    payload = client(b"FUNCTION", b"DUMP").split(b"\r\n", 1)[1][:-2]
    assert client(b"FUNCTION", b"RESTORE", payload) == b"-ERR Library mylib already exists\r\n"
    assert client(b"FCALL", b"count", b"0") == b":0\r\n"
    assert client(b"FUNCTION", b"RESTORE", payload, b"REPLACE") == b"+OK\r\n"
    load(client, b"redis.register_function('mine', function() return 5 end)", b"mine")
    assert client(b"FUNCTION", b"RESTORE", payload, b"FLUSH") == b"+OK\r\n"
    assert client(b"FCALL", b"mine", b"0") == b"-ERR Function not found\r\n"
    assert client(b"FCALL", b"count", b"0") == b":0\r\n"
    client(b"FUNCTION", b"FLUSH")
    load(client, b"redis.register_function('put', function() return 5 end)", b"mine")
    assert client(b"FUNCTION", b"RESTORE", payload) == b"-ERR Function put already exists\r\n"
    assert client(b"FCALL", b"put", b"0") == b":5\r\n"
    assert client(b"FUNCTION", b"RESTORE", b"x") == b"-ERR DUMP payload version or checksum are wrong\r\n"
    assert client(b"FUNCTION", b"RESTORE", payload, b"NOPE").startswith(b"-ERR Wrong restore policy given")
    assert client(b"FUNCTION", b"RESTORE", payload, b"FLUSH", b"x").startswith(b"-ERR unknown subcommand or")
    twice = payload[:-10] * 2 + payload[-10:-8]
    twice += crc64(twice).to_bytes(8, "little")
    for policy in (b"FLUSH", b"REPLACE"):
        assert client(b"FUNCTION", b"RESTORE", twice, policy) == b"-ERR Library 'mylib' already exists\r\n"
    assert client(b"FCALL", b"put", b"0") == b":5\r\n"
    client(b"SET", b"k", b"v")
    value = client(b"DUMP", b"k").split(b"\r\n", 1)[1][:-2]
    assert client(b"FUNCTION", b"RESTORE", value) == b"-ERR given type is not a function\r\n"


def test_what_persistence_and_replication_see(client: CommandClient, server: CommandServer) -> None:
    client(b"FUNCTION", b"LOAD", LIBRARY)
    libraries = server.engine.functions
    assert isinstance(libraries, Libraries)
    assert libraries.dump_libraries() == [LIBRARY]
    libraries.load_library(LIBRARY, True)
    assert client(b"FCALL", b"count", b"0") == b":0\r\n"
    libraries.flush_libraries()
    assert libraries.dump_libraries() == []


def test_registering_outside_of_a_load_is_refused(server: CommandServer) -> None:
    libraries = server.engine.functions
    assert isinstance(libraries, Libraries)
    assert libraries.register(1, b"f", None, b"") == (
        b"redis.register_function can only be called on FUNCTION LOAD command"
    )


def test_a_library_must_be_loaded_in_time(client: CommandClient, server: CommandServer) -> None:
    times = iter(range(0, 10**12, 100_000_000))
    server.engine.time.monotonic_ns = lambda: next(times)
    assert load(client, b"while true do end") == b"-ERR Error registering functions: ERR FUNCTION LOAD timeout\r\n"
    assert load(client, b"redis.register_function('f', function() return 1 end)") == b"$3\r\nlib\r\n"
    assert client(b"FCALL", b"f", b"0") == b":1\r\n"
