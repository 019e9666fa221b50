"""The Lua runtime: scripts in, values out; nothing a script does reaches Python or ends the process.

Only bytes, numbers and booleans cross, and tables that are made here.  The host's functions never raise: an
exception would reach the script as an object.  Everything that is pushed into Lua is measured before: an allocation
that fails outside of a protected call would end the process.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final, Protocol

from mypy_extensions import mypyc_attr

from miniredis.scripting import bits, structs
from miniredis.scripting.bytecode import keep_frames
from miniredis.scripting.lua_api import API
from miniredis.scripting.lua_base import BASE, CHUNK_NAME
from miniredis.scripting.lua_json import JSON
from miniredis.scripting.lua_msgpack import MSGPACK
from miniredis.scripting.lua_replies import ENCODER

#: Instructions between two looks at the clock: about a millisecond.
HOOK_INSTRUCTIONS: Final = 100_000
#: Bytes that Lua may take; what a single string.rep may give is a quarter of it.
MAX_MEMORY: Final = 256 << 20
#: Room that is left for what Lua itself needs around a value.
MARGIN: Final = 256 << 10
#: What a value in a table takes besides its own bytes, with the table growing.
ITEM_BYTES: Final = 128
#: More keys and arguments than this are passed as tables.
MOST_PASSED: Final = 100

# What came out of a run, where it is no plain value.
ERROR: Final = 1
KILL: Final = 2
REPLY: Final = 3
ERROR_REPLY: Final = 4
# What a function of the host gives.
STATUS: Final = 1
TABLE: Final = 2
FAILURE: Final = 3
EXHAUSTED: Final = 4

LuaFunction = Callable[..., object]


class LuaRuntime(Protocol):
    """What is used of lupa's class of this name."""

    def compile(self, lua_code: bytes, name: bytes) -> LuaFunction: ...

    def table_from(self, contents: object, *, recursive: bool) -> object: ...

    def get_memory_used(self) -> int: ...

    def set_max_memory(self, max_memory: int) -> None: ...


class ScriptFailure(Exception):
    """A script ended with an error.  `source` and `line` tell where, `counted`: the error was counted already."""

    def __init__(self, message: bytes, source: bytes, line: int, counted: bool) -> None:
        super().__init__(message)
        self.message = message
        self.source = source
        self.line = line
        self.counted = counted


class ScriptKilled(Exception):
    """A script was ended from outside; where it was then."""

    def __init__(self, source: bytes, line: int) -> None:
        super().__init__(source)
        self.source = source
        self.line = line


class CompileFailure(Exception):
    """A text is no Lua."""

    def __init__(self, message: bytes) -> None:
        super().__init__(message)
        self.message = message


class EncodedReply:
    """A script's table as reply bytes."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data


class ErrorReply:
    """A script returned {err = ...}.  `counted`: it is the error of a command that was counted already."""

    __slots__ = ("counted", "message")

    def __init__(self, message: bytes, counted: bool) -> None:
        self.message = message
        self.counted = counted


@mypyc_attr(allow_interpreted_subclasses=True)
class ScriptHost:
    """What the functions of the `redis` table ask for."""

    def call(self, arguments: tuple[object, ...]) -> object:
        """redis.call: a value, or (value, STATUS, TABLE or FAILURE)."""
        return b"no host", FAILURE

    def acl_check_cmd(self, arguments: tuple[object, ...]) -> object:
        return b"no host", FAILURE

    def log(self, level: int, text: bytes) -> None:
        """redis.log: level 0 (debug) to 3 (warning)."""

    def setresp(self, version: int) -> None:
        """Replies of commands come in this version from now on."""

    def set_repl(self, flags: int) -> bool:
        """Whether there is a script whose effects that concerns."""
        return True

    def register(self, function_id: int, name: bytes, description: bytes | None, flags: bytes) -> bytes | None:
        """redis.register_function; what is wrong, or None."""
        return b"no host"

    def is_over(self) -> bool:
        """Called about every millisecond: whether the script must end now."""
        return False


@mypyc_attr(allow_interpreted_subclasses=True)
class Sandbox:
    """One Lua runtime.  A script may not start another."""

    def __init__(
        self, host: ScriptHost, version: bytes, max_memory: int = MAX_MEMORY, instructions: int = HOOK_INSTRUCTIONS
    ) -> None:
        from lupa import lua51

        self.host = host
        self.max_memory = max_memory
        #: The script has taken all there is, and is being ended.
        self._is_exhausted = False
        self.memory_error: type[BaseException] = lua51.LuaMemoryError
        self.lua_error: type[BaseException] = lua51.LuaError
        # No eval, no builtins, no attribute of any Python object.
        runtime: LuaRuntime = lua51.LuaRuntime(
            register_eval=False,
            register_builtins=False,
            unpack_returned_tuples=True,
            encoding=None,
            attribute_filter=_refuse_attribute,
            overflow_handler=float,
            max_memory=max_memory,
        )
        self.runtime = runtime
        major, minor, patch = [int(part) for part in version.split(b".")[:3]]
        functions: dict[bytes, object] = {
            b"call": self._call,
            b"acl_check_cmd": self._acl_check_cmd,
            b"log": self._log,
            b"setresp": self._setresp,
            b"set_repl": self._set_repl,
            b"register": self._register,
            b"is_over": self._is_over,
            b"sha1hex": self._sha1hex,
            b"bit": self._bit,
            b"pack": self._pack,
            b"unpack": self._unpack,
            b"size": self._size,
            b"msgpack_float": self._msgpack_float,
            b"msgpack_number": self._msgpack_number,
            b"version": version,
            b"version_number": major << 16 | minor << 8 | patch,
        }
        chunks = [runtime.compile(code, CHUNK_NAME) for code in (ENCODER, JSON, MSGPACK, API)]
        table = runtime.table_from(functions, recursive=False)
        base = runtime.compile(BASE, CHUNK_NAME)
        program = base(table, instructions, max_memory // 4, *chunks)
        self._compile = _function_of(program, b"compile")
        self._prepare = _function_of(program, b"prepare")
        self._forget = _function_of(program, b"forget")
        self._run = _function_of(program, b"run")
        self._run_with = _function_of(program, b"run_with")
        self._load_library = _function_of(program, b"load_library")
        self._call_function = _function_of(program, b"call_function")
        self._forget_function = _function_of(program, b"forget_function")
        self._reset = _function_of(program, b"reset")
        self._collect = _function_of(program, b"collect")

    # -- scripts and functions

    def compile(self, source: bytes, is_library: bool) -> bytes:
        """The bytecode of a text.  Raises `CompileFailure`."""
        self._require(len(source) * 4)
        result = self._protected(self._compile, (source, is_library))
        if isinstance(result, tuple):
            raise CompileFailure(result[1] if isinstance(result[1], bytes) else b"unknown")
        assert isinstance(result, bytes)
        return keep_frames(result)

    def prepare(self, script_id: int, bytecode: bytes, is_library: bool) -> None:
        """Let `run` or `load_library` know bytecode that `compile` gave, under a number."""
        self._require(len(bytecode) * 8)
        self._protected(self._prepare, (script_id, bytecode, is_library))

    def forget(self, script_id: int) -> None:
        self._forget(script_id)

    def forget_function(self, function_id: int) -> None:
        self._forget_function(function_id)

    def run(self, script_id: int, resp: int, keys: list[bytes], argv: list[bytes]) -> object:
        """Run a script: a plain value, `EncodedReply` or `ErrorReply`.  Raises `ScriptFailure`, `ScriptKilled`."""
        count = len(keys) + len(argv)
        if count == 0:
            return self._outcome(self._run, (script_id, resp, 0))
        self._require_for(keys, argv)
        if count <= MOST_PASSED:
            return self._outcome(self._run, (script_id, resp, len(keys), *keys, *argv))
        return self._outcome(self._run_with, (script_id, resp, self._words(keys), self._words(argv)))

    def load_library(self, script_id: int) -> None:
        """Run the text of a library, which registers its functions.  Raises as `run`."""
        self._outcome(self._load_library, (script_id,))

    def call_function(self, function_id: int, resp: int, keys: list[bytes], argv: list[bytes]) -> object:
        """As `run`, for a registered function."""
        self._require_for(keys, argv)
        return self._outcome(self._call_function, (function_id, resp, self._words(keys), self._words(argv)))

    def _words(self, words: list[bytes]) -> object:
        return self.runtime.table_from(words, recursive=False)

    def _protected(self, function: LuaFunction, arguments: tuple[object, ...]) -> object:
        try:
            return function(*arguments)
        except self.memory_error:
            raise self._out_of_memory() from None

    def _outcome(self, function: LuaFunction, arguments: tuple[object, ...]) -> object:
        try:
            result = function(*arguments)
        except self.memory_error:
            self._recover()
            raise self._out_of_memory() from None
        except self.lua_error:
            # Ended between the script and what is done after it.
            self._recover()
            raise ScriptKilled(b"", 0) from None
        if self._is_exhausted:
            self._recover()
            raise self._out_of_memory()
        if not isinstance(result, tuple):
            return result
        value, kind = result[0], result[1]
        assert isinstance(value, bytes)
        if kind == REPLY:
            return EncodedReply(value)
        if kind == ERROR_REPLY:
            return ErrorReply(value, bool(result[2]))
        source = result[2] if isinstance(result[2], bytes) else b""
        line = result[3] if isinstance(result[3], int) else 0
        if kind == KILL:
            raise ScriptKilled(source, line)
        raise ScriptFailure(value, source, line, bool(result[4]))

    # -- memory

    def memory_used(self) -> int:
        return self.runtime.get_memory_used()

    def table(self, contents: object) -> object:
        """A Lua table of a list or dict, tables within it included.  Ask for room before."""
        return self.runtime.table_from(contents, recursive=True)

    def flat_table(self, items: list[object]) -> object:
        """The same of a list of strings, in a tenth of the time."""
        return self.runtime.table_from(items, recursive=False)

    def has_room(self, size: int) -> bool:
        """Whether `size` bytes more fit, after a collection if need be."""
        most = self.max_memory - MARGIN
        if self.runtime.get_memory_used() + size <= most:
            return True
        self._collect()
        return self.runtime.get_memory_used() + size <= most

    def _require(self, size: int) -> None:
        if not self.has_room(size):
            raise self._out_of_memory()

    def _require_for(self, keys: list[bytes], argv: list[bytes]) -> None:
        size = (len(keys) + len(argv)) * ITEM_BYTES
        for text in keys:
            size += len(text)
        for text in argv:
            size += len(text)
        self._require(size)

    def _exhausted(self) -> bool:
        """Whether so little memory is left that not even a short answer is safe: then the script ends.

        What is pushed into Lua outside of a protected call must never fail, so the limit is put up until the end.
        """
        if self.runtime.get_memory_used() <= self.max_memory - MARGIN:
            return False
        self.runtime.set_max_memory(self.max_memory + MARGIN)
        self._collect()
        if self.runtime.get_memory_used() <= self.max_memory - MARGIN:
            self.runtime.set_max_memory(self.max_memory)
            return False
        self._is_exhausted = True
        return True

    def _recover(self) -> None:
        """After a script that took too much or was ended in an odd place."""
        self.runtime.set_max_memory(self.max_memory + MARGIN)
        self._reset()
        self._collect()
        self.runtime.set_max_memory(self.max_memory)
        self._is_exhausted = False

    def _out_of_memory(self) -> ScriptFailure:
        return ScriptFailure(b"ERR not enough memory", b"", 0, False)

    # -- the functions that Lua calls: they give (False or nothing, a message) instead of raising

    def _call(self, *arguments: object) -> object:
        if self._exhausted():
            return False, EXHAUSTED
        try:
            return self.host.call(arguments)
        except Exception:
            return b"ERR internal error", FAILURE

    def _acl_check_cmd(self, *arguments: object) -> object:
        if self._exhausted():
            return False, EXHAUSTED
        try:
            return self.host.acl_check_cmd(arguments)
        except Exception:
            return b"ERR internal error", FAILURE

    def _log(self, level: int, text: bytes) -> None:
        try:
            self.host.log(level, text)
        except Exception:
            return

    def _setresp(self, version: int) -> None:
        self.host.setresp(version)

    def _set_repl(self, flags: int) -> bool:
        return self.host.set_repl(flags)

    def _register(self, function_id: int, name: bytes, description: object, flags: bytes) -> object:
        try:
            shown = description if isinstance(description, bytes) else None
            return self.host.register(function_id, name, shown, flags)
        except Exception:
            return b"internal error"

    def _is_over(self) -> bool:
        try:
            return self.host.is_over()
        except Exception:
            return True

    def _sha1hex(self, text: bytes) -> object:
        if self._exhausted():
            return False, EXHAUSTED
        return sha1_hex(text)

    def _bit(self, name: bytes, *arguments: object) -> object:
        if self._exhausted():
            return False, EXHAUSTED
        try:
            return bits.compute(name, arguments)
        except bits.ArgumentError as problem:
            return problem.message, FAILURE

    def _pack(self, *arguments: object) -> object:
        if self._exhausted():
            return False, EXHAUSTED
        try:
            packed = structs.pack(arguments)
        except bits.ArgumentError as problem:
            return problem.message, FAILURE
        return packed if self.has_room(len(packed)) else (b"not enough memory", FAILURE)

    def _unpack(self, *arguments: object) -> object:
        if self._exhausted():
            return False, EXHAUSTED
        try:
            values = structs.unpack(arguments)
        except bits.ArgumentError as problem:
            return False, problem.message
        if len(values) > 7000 or not self.has_room(len(values) * ITEM_BYTES + _size_of(values)):
            return False, b"too many results"
        return tuple(values)

    def _size(self, *arguments: object) -> object:
        if self._exhausted():
            return False, EXHAUSTED
        try:
            return structs.size_of(arguments)
        except bits.ArgumentError as problem:
            return problem.message, FAILURE

    def _msgpack_float(self, number: float) -> object:
        if self._exhausted():
            return False, EXHAUSTED
        return structs.pack_msgpack_number(number)

    def _msgpack_number(self, data: bytes) -> float:
        return structs.decode_float(data, False)


def sha1_hex(text: bytes) -> bytes:
    """The name of a script."""
    return hashlib.sha1(text, usedforsecurity=False).hexdigest().encode()


def _size_of(values: list[object]) -> int:
    return sum([len(value) for value in values if isinstance(value, bytes)])


def _refuse_attribute(_object: object, _name: object, _setting: bool) -> None:
    raise AttributeError("denied")


def _function_of(program: object, name: bytes) -> LuaFunction:
    function: LuaFunction = program[name]  # type: ignore[index]  # a table of Lua's
    return function
