"""The first lines of scripts and libraries."""

from __future__ import annotations

import pytest

from miniredis.resp.errors import ReplyError
from miniredis.scripting.shebang import (
    ALLOW_OOM,
    NO_WRITES,
    UNDECLARED,
    is_name,
    library_name,
    script_flags,
)


def test_flags_of_scripts() -> None:
    assert script_flags(b"return 1") == (UNDECLARED, b"return 1")
    assert script_flags(b"#!lua\nreturn 1") == (0, b"\nreturn 1")
    assert script_flags(b"#!lua flags=no-writes,allow-oom\nx") == (NO_WRITES | ALLOW_OOM, b"\nx")
    assert script_flags(b"#!lua flags=  flags=no-writes\nx") == (NO_WRITES, b"\nx")
    assert script_flags(b'#!lua\t"flags=no-writes"\r\nx') == (NO_WRITES, b"\nx")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"#!lua", b"ERR Invalid script shebang"),
        (b'#!lua "flags=no-writes\n', b"ERR Invalid engine in script shebang"),
        (b"#!perl\n", b"ERR Unexpected engine in script shebang: #!perl"),
        (b"#!lua name=x\n", b"ERR Unknown lua shebang option: name=x"),
        (b"#!lua flags=,\n", b"ERR Unexpected flag in script shebang: "),
    ],
)
def test_scripts_that_begin_badly(text: bytes, problem: bytes) -> None:
    with pytest.raises(ReplyError) as refused:
        script_flags(text)
    assert refused.value.message == problem


def test_names_of_libraries() -> None:
    assert library_name(b"#!lua name=a_1\nx") == (b"a_1", b"\nx")
    assert library_name(b"#!LUA name=x\ny") == (b"x", b"\ny")
    assert library_name(b'#!lua "NAME=x"\r\ny') == (b"x", b"\ny")
    assert is_name(b"aZ_9") and not is_name(b"") and not is_name(b"a-b") and not is_name(b"\xe9")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"x", b"ERR Missing library metadata"),
        (b"#!lua name=a", b"ERR Invalid library metadata"),
        (b"#!lua 'name=a\n", b"ERR Invalid library metadata"),
        (b"#! lua name=a\n", b"ERR Invalid metadata value given: lua"),
        (b"#!lua\n", b"ERR Library name was not given"),
        (b"#!\n", b"ERR Library name was not given"),
        (b"#!lua a=b\n", b"ERR Invalid metadata value given: a=b"),
        (b"#!lua name=a name=b\n", b"ERR Invalid metadata value, name argument was given multiple times"),
        (b"#!perl name=a\n", b"ERR Engine 'perl' not found"),
        (b"#!lua name=a-b\n", b"ERR Library names can only contain letters, numbers, or underscores(_) and must be at"
         b" least one character long"),
    ],
)  # fmt: skip
def test_libraries_that_begin_badly(text: bytes, problem: bytes) -> None:
    with pytest.raises(ReplyError) as refused:
        library_name(text)
    assert refused.value.message == problem
