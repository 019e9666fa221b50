"""cjson, cmsgpack, struct and bit by a few known answers; tests/oracle compares them with the real ones at length."""

from __future__ import annotations

import pytest

from commands.conftest import CommandClient


def bulk(text: bytes) -> bytes:
    return b"$%d\r\n%b\r\n" % (len(text), text)


@pytest.mark.parametrize(
    ("call", "result"),
    [
        ("bit.tobit(2^32+5)", b"5"),
        ("bit.tobit(2^53+2)", b"1"),
        ("bit.tobit('0x10')", b"16"),
        ("bit.bnot(0)", b"-1"),
        ("bit.band(0xff, 0x0f, 5)", b"5"),
        ("bit.bor(1, 2, 4)", b"7"),
        ("bit.bxor(5, 1)", b"4"),
        ("bit.lshift(1, 33)", b"2"),
        ("bit.rshift(-1, 28)", b"15"),
        ("bit.arshift(-16, 2)", b"-4"),
        ("bit.rol(0x80000001, 1)", b"3"),
        ("bit.ror(3, 1)", b"-2147483647"),
        ("bit.bswap(0x01020304)", b"67305985"),
        ("bit.tohex(255)", b"000000ff"),
        ("bit.tohex(255, -4)", b"00FF"),
        ("bit.tohex(255, 0)", b""),
    ],
)
def test_bit(client: CommandClient, call: str, result: bytes) -> None:
    assert client(b"EVAL", f"return tostring({call})".encode(), b"0") == bulk(result)


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        ("bit.band()", b"bad argument #1 to 'band' (number expected, got no value)"),
        ("bit.band(1, nil)", b"bad argument #2 to 'band' (number expected, got nil)"),
        ("bit.band('x')", b"bad argument #1 to 'band' (number expected, got string)"),
        ("bit.band(true)", b"bad argument #1 to 'band' (number expected, got boolean)"),
        ("bit.band({})", b"bad argument #1 to 'band' (number expected, got table)"),
        ("struct.pack('z', 1)", b"bad argument #1 to 'pack' (invalid format option 'z')"),
        ("struct.pack('c5', 'abc')", b"bad argument #3 to 'pack' (string too short)"),
        ("struct.pack('s', {})", b"bad argument #2 to 'pack' (string expected, got table)"),
        ("struct.pack()", b"bad argument #1 to 'pack' (string expected, got no value)"),
        ("struct.pack('bb', 1)", b"bad argument #3 to 'pack' (number expected, got nil)"),
        ("struct.pack('!3b', 1)", b"alignment 3 is not a power of 2"),
        ("struct.pack('i33', 1)", b"integral size 33 is larger than limit of 32"),
        ("struct.pack('i99999999999', 1)", b"integral size overflow"),
        ("struct.unpack('b', '')", b"bad argument #2 to 'unpack' (data string too short)"),
        ("struct.unpack('b', 'x', 0)", b"bad argument #3 to 'unpack' (offset must be 1 or greater)"),
        ("struct.unpack('b', 'x', -1)", b"bad argument #2 to 'unpack' (data string too short)"),
        ("struct.unpack('s', 'abc')", b"unfinished string in data"),
        ("struct.unpack('c0', 'abc')", b"format 'c0' needs a previous size"),
        ("struct.unpack('bc0', '\\9abc')", b"bad argument #2 to 'unpack' (data string too short)"),
        ("struct.size('s')", b"bad argument #1 to 'size' (option 's' has no fixed size)"),
        ("struct.size('c0')", b"bad argument #1 to 'size' (option 'c0' has no fixed size)"),
        ("struct.size('?')", b"bad argument #1 to 'size' (invalid format option '?')"),
        ("cjson.encode(1/0)", b"Cannot serialise number: must not be NaN or Inf"),
        ("cjson.decode('[1')", b"Expected comma or array end but found T_END at character 3"),
        ("cmsgpack.unpack('\\193')", b"Bad data format in input."),
        ("cmsgpack.pack()", b"bad argument #0 to 'pack' (MessagePack pack needs input.)"),
    ],
)
def test_problems_name_their_line(client: CommandClient, call: str, problem: bytes) -> None:
    reply = client(b"EVAL", f"\nlocal x = {call}".encode(), b"0")
    assert reply.startswith(b"-ERR user_script:2: " + problem + b" script: ")
    caught = client(b"EVAL", f"local ok, e = pcall(function() return {call} end) return e".encode(), b"0")
    assert problem in caught


@pytest.mark.parametrize(
    ("form", "values", "data"),
    [
        ("bBhH", "-1, 255, -2, 65535", b"\xff\xff\xfe\xff\xff\xff"),
        (">hH", "258, 772", b"\x01\x02\x03\x04"),
        ("<i3>I3", "-2, 1", b"\xfe\xff\xff\x00\x00\x01"),
        ("lLT", "-1, 1, 2", b"\xff" * 8 + b"\x01" + b"\x00" * 7 + b"\x02" + b"\x00" * 7),
        ("f>d", "1.5, -2", b"\x00\x00\xc0\x3f\xc0" + b"\x00" * 7),
        ("s c2 x", "'ab', 'cde'", b"ab\0cd\0"),
        ("!4bi", "1, 2", b"\x01\0\0\0\x02\0\0\0"),
        ("I16", "-1", b"\xff" * 8 + b"\x00" * 8),
    ],
)
def test_struct(client: CommandClient, form: str, values: str, data: bytes) -> None:
    assert client(b"EVAL", f"return struct.pack('{form}', {values})".encode(), b"0") == bulk(data)
    reply = client(b"EVAL", f"return select('#', struct.unpack('{form}', ARGV[1]))".encode(), b"0", data)
    assert reply == b":%d\r\n" % (values.count(",") + 2)


def test_struct_gives_back_what_it_was_given(client: CommandClient) -> None:
    script = b"return cjson.encode({struct.unpack('<i3>hbc0<sf', ARGV[1])})"
    data = b"\xfe\xff\xff\x01\x02\x03abcxyz\x00\x00\x00\xc0\x3f"
    assert client(b"EVAL", script, b"0", data) == bulk(b'[-2,258,"abc","xyz",1.5,18]')
    assert client(b"EVAL", b"return struct.size('!8bd') .. struct.size('bhi3c7x')", b"0") == bulk(b"1614")
    assert client(b"EVAL", b"return struct.pack('f', 1e39) .. struct.pack('f', -1e39)", b"0") == bulk(
        b"\x00\x00\x80\x7f\x00\x00\x80\xff"
    )
    assert client(b"EVAL", b"return struct.pack('L', 1e300) .. struct.pack('l', -1e300)", b"0") == bulk(
        b"\x00" * 15 + b"\x80"
    )
    assert client(b"EVAL", b"return struct.pack('s', 1.5)", b"0") == bulk(b"1.5\0")
    assert client(b"EVAL", b"return tostring(struct.unpack('L', ('\\255'):rep(8)))", b"0") == bulk(
        b"1.844674407371e+19"
    )
    assert client(b"EVAL", b"return struct.unpack('i0', 'x')", b"0") == b":0\r\n"
    many = b"return select('#', struct.unpack(('b'):rep(6000), ('x'):rep(6000)))"
    assert client(b"EVAL", many, b"0") == b":6001\r\n"


def test_json(client: CommandClient) -> None:
    text = rb'{"a":[1,2.5,true,false,null,"x\"\u20ac\n"]}'
    shown = '{"a":[1,2.5,true,false,null,"x\\"€\\n"]}'.encode()
    assert client(b"EVAL", b"return cjson.encode(cjson.decode(ARGV[1]))", b"0", text) == bulk(shown)
    assert client(b"EVAL", b"return cjson.encode({[1] = 1, [20] = 2})", b"0").startswith(
        b"-ERR user_script:1: Cannot serialise table: excessively sparse array script: "
    )


def test_settings_of_json_end_with_the_script(client: CommandClient) -> None:
    sets = b"cjson.encode_sparse_array(true) cjson.encode_number_precision(3) return cjson.encode({1/3, [30]=1})"
    assert client(b"EVAL", sets, b"0") == bulk(b'{"1":0.333,"30":1}')
    assert client(b"EVAL", b"return cjson.encode({1/3})", b"0") == bulk(b"[0.33333333333333]")


def test_message_pack(client: CommandClient) -> None:
    script = b"local p = cmsgpack.pack(ARGV[1], 1, -1, 300, -300, 2^40, 1.5, 0.1, true, {1, {a = 'b'}}) return p"
    packed = client(b"EVAL", script, b"0", b"x" * 40).split(b"\r\n", 1)[1][:-2]
    assert packed == (
        b"\xd9\x28" + b"x" * 40 + b"\x01\xff\xcd\x01\x2c\xd1\xfe\xd4\xcf\x00\x00\x01\x00\x00\x00\x00\x00"
        b"\xca\x3f\xc0\x00\x00\xcb\x3f\xb9\x99\x99\x99\x99\x99\x9a\xc3\x92\x01\x81\xa1a\xa1b"
    )
    back = b"return cjson.encode({cmsgpack.unpack(ARGV[1])})"
    assert client(b"EVAL", back, b"0", packed) == bulk(
        b'["' + b"x" * 40 + b'",1,-1,300,-300,1099511627776,1.5,0.1,true,[1,{"a":"b"}]]'
    )
    assert client(b"EVAL", b"return {cmsgpack.unpack_limit('\\1\\2\\3', 2)}", b"0") == b"*3\r\n:2\r\n:1\r\n:2\r\n"
    assert client(b"EVAL", b"return {cmsgpack.unpack_one('\\1\\2\\3', 2)}", b"0") == b"*2\r\n:-1\r\n:3\r\n"
