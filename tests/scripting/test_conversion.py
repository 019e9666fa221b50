"""Replies of commands become values of Lua; what is made of them is shown by cjson."""

from __future__ import annotations

import pytest

from miniredis.resp.errors import ReplyError
from miniredis.resp.replies import (
    EMPTY_ARRAY,
    NO_REPLY,
    NULL_ARRAY,
    OK,
    Attribute,
    BigNumber,
    Double,
    MapReply,
    Preencoded,
    Push,
    SetReply,
    Status,
    Verbatim,
)
from miniredis.scripting.bytecode import HEADER, keep_frames
from miniredis.scripting.conversion import to_lua
from miniredis.scripting.runner import words_of
from miniredis.scripting.sandbox import Sandbox, ScriptFailure, ScriptHost, ScriptKilled, sha1_hex

SHOW = b"""
local v = redis.call('reply')
if type(v) == 'table' then return cjson.encode(v) end
return type(v) .. ' ' .. tostring(v)
"""


class ReplyingHost(ScriptHost):
    """Its one command replies what it is told."""

    def __init__(self) -> None:
        self.sandbox = Sandbox(self, b"7.2.4")
        self.reply: object = None
        self.resp = 2
        self.sandbox.prepare(1, self.sandbox.compile(SHOW, False), False)

    def call(self, arguments: tuple[object, ...]) -> object:
        return to_lua(self.sandbox, self.reply, self.resp)

    def show(self, reply: object, resp: int) -> bytes:
        self.reply, self.resp = reply, resp
        try:
            shown = self.sandbox.run(1, 2, [], [])
        except ScriptFailure as problem:
            return b"raised " + problem.message
        assert isinstance(shown, bytes)
        return shown


@pytest.fixture(scope="module")
def host() -> ReplyingHost:
    return ReplyingHost()


@pytest.mark.parametrize(
    ("reply", "two", "three"),
    [
        (b"text", b"string text", b"string text"),
        (5, b"number 5", b"number 5"),
        (2**63 - 1, b"number 9.2233720368548e+18", b"number 9.2233720368548e+18"),
        (True, b"number 1", b"boolean true"),
        (None, b"boolean false", b"nil nil"),
        (NULL_ARRAY, b"boolean false", b"nil nil"),
        (NO_REPLY, b"boolean false", b"nil nil"),
        (OK, b'{"ok":"OK"}', b'{"ok":"OK"}'),
        (Status(b"FINE"), b'{"ok":"FINE"}', b'{"ok":"FINE"}'),
        (ReplyError(b"ERR x"), b"raised ERR x", b"raised ERR x"),
        (Preencoded(b":12\r\n"), b"number 12", b"number 12"),
        (Preencoded(b"$2\r\nab\r\n"), b"string ab", b"string ab"),
        (Preencoded(b"$-1\r\n"), b"boolean false", b"nil nil"),
        (Preencoded(b"-ERR y\r\n"), b"raised ERR y", b"raised ERR y"),
        (Preencoded(b""), b"boolean false", b"nil nil"),
        (Preencoded(b"*2\r\n+a\r\n*1\r\n:1\r\n"), b'[{"ok":"a"},[1]]', b'[{"ok":"a"},[1]]'),
        (EMPTY_ARRAY, b"{}", b"{}"),
        ([b"a", b"b"], b'["a","b"]', b'["a","b"]'),
        ([b"a", 1, None, b"b"], b'["a",1,false,"b"]', b'["a",1,null,"b"]'),
        ([[b"a"], OK, True, bytearray(b"c")], b'[["a"],{"ok":"OK"},1,"c"]', b'[["a"],{"ok":"OK"},true,"c"]'),
        ([Status(b"s"), ReplyError(b"E e")], b'[{"ok":"s"},{"err":"E e"}]', b'[{"ok":"s"},{"err":"E e"}]'),
        (1.5, b"string 1.5", b'{"double":1.5}'),
        (Double(b"2.5"), b"string 2.5", b'{"double":2.5}'),
        (MapReply([b"k", 1]), b'["k",1]', b'{"map":{"k":1}}'),
        (SetReply([b"m"]), b'["m"]', b'{"set":{"m":true}}'),
        (BigNumber(b"12"), b"string 12", b'{"big_number":"12"}'),
        (Push([b"a", 1]), b'["a",1]', b'["a",1]'),
        (Attribute([b"k", 1], [1]), b"[1]", b"[1]"),
    ],
)
def test_each_kind_of_reply(host: ReplyingHost, reply: object, two: bytes, three: bytes) -> None:
    assert host.show(reply, 2) == two
    assert host.show(reply, 3) == three


def test_texts_with_a_format(host: ReplyingHost) -> None:
    assert host.show(Verbatim(b"txt", b"body"), 2) == b"string body"
    shown = host.show(Verbatim(b"txt", b"body"), 3)
    assert b'"format":"txt"' in shown and b'"string":"body"' in shown and shown.startswith(b'{"verbatim_string":{')


def test_arguments_of_commands() -> None:
    assert words_of((b"a", 1, -5, 1.5, 1e16, 10**17, 1e300)) == [
        b"a", b"1", b"-5", b"1.5", b"10000000000000000", b"1e+17", b"1.0000000000000001e+300",
    ]  # fmt: skip
    assert words_of((b"a", True)) is None and words_of((None,)) is None
    assert words_of(()) == []


def test_a_host_that_does_nothing() -> None:
    host = ScriptHost()
    sandbox = Sandbox(host, b"7.2.4")
    host.log(1, b"text")
    host.setresp(3)
    assert host.set_repl(0) and not host.is_over()
    assert host.register(1, b"f", None, b"") == b"no host"
    sandbox.prepare(1, sandbox.compile(b"return {redis.pcall('x').err, pcall(redis.acl_check_cmd, 'x')}", False), False)
    reply = sandbox.run(1, 2, [], [])
    assert getattr(reply, "data", b"") == b"*3\r\n$7\r\nno host\r\n$-1\r\n$7\r\nno host\r\n"


class FailingHost(ScriptHost):
    """Everything it is asked for raises."""

    def call(self, arguments: tuple[object, ...]) -> object:
        raise ValueError

    acl_check_cmd = call

    def log(self, level: int, text: bytes) -> None:
        raise ValueError

    def register(self, function_id: int, name: bytes, description: bytes | None, flags: bytes) -> bytes | None:
        raise ValueError

    def is_over(self) -> bool:
        raise ValueError


def test_what_the_host_raises_stays_outside() -> None:
    sandbox = Sandbox(FailingHost(), b"7.2.4")
    script = b"redis.log(1, 'x') return {redis.pcall('x').err, select(2, pcall(redis.acl_check_cmd, 'x'))}"
    sandbox.prepare(1, sandbox.compile(script, False), False)
    # A host that cannot say whether the script is over ends it: pcall had something to catch.
    with pytest.raises(ScriptKilled):
        sandbox.run(1, 2, [], [])
    sandbox.prepare(2, sandbox.compile(b"redis.register_function('f', function() end)", True), True)
    with pytest.raises(ScriptFailure, match="internal error"):
        sandbox.load_library(2)


def test_a_chunk_of_another_machine_is_left_alone() -> None:
    other = HEADER[:6] + b"\x00" + HEADER[7:] + b"rest"
    assert keep_frames(other) is other


def test_the_name_of_a_script() -> None:
    assert sha1_hex(b"return 1") == b"e0e1f9fabfc9d4800c877a703b823ac0578ff8db"


class SlowlyEnding(ScriptHost):
    """Tells at the n-th call that the script is over; -1: never."""

    left = -1

    def is_over(self) -> bool:
        self.left -= 1
        return self.left == 0


def test_a_script_may_be_ended_at_any_instruction() -> None:
    """Also in what runs before and after it; every seventh is enough."""
    script = b"local t = {} for i = 1, 3 do t[i] = pcall(error, i) end return {t, cjson.encode(t), ('x'):rep(3)}"
    for at in range(1, 5000, 7):
        host = SlowlyEnding()
        sandbox = Sandbox(host, b"7.2.4", instructions=1)
        sandbox.prepare(1, sandbox.compile(script, False), False)
        host.left = at
        ended = False
        try:
            sandbox.run(1, 2, [b"k"], [])
        except ScriptKilled:
            ended = True
        was_over = host.left <= 0
        host.left = -1
        assert getattr(sandbox.run(1, 2, [b"k"], []), "data", b"").startswith(b"*3\r\n*3\r\n$-1\r\n")
        if not was_over:
            assert not ended
            return
        assert ended
    raise AssertionError("it never came to its end")
