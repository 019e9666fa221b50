"""Lua 5.1 bytecode: what a script's compiled chunk needs so that errors can name their line.

`return redis.call(...)` is a tail call.  In redis-server the called function is one of C, and the script's frame
stays; ours are Lua functions, and the frame with its line would be gone.  So calls of what is reached through a
global or a field are made ordinary calls here.  Tail calls of a script's own local functions stay what they are:
they may recurse without an end.

The layout is that of ldump.c for a 64-bit little-endian machine; a chunk in any other is left as it is.
"""

from __future__ import annotations

from typing import Final

#: Version 5.1, format 0, little endian, sizes of int, size_t, instruction and number; numbers are doubles.
HEADER: Final = b"\x1bLuaQ\x00\x01\x04\x08\x04\x08\x00"
OP_MOVE: Final = 0
OP_GETUPVAL: Final = 4
OP_GETGLOBAL: Final = 5
OP_GETTABLE: Final = 6
OP_SELF: Final = 11
OP_CALL: Final = 28
OP_TAILCALL: Final = 29
#: Instructions that load a function into their register A.
OP_CLOSURE: Final = 36


class Dump:
    """A compiled chunk, walked function by function."""

    def __init__(self, chunk: bytes) -> None:
        self.data = bytearray(chunk)
        self.position = len(HEADER)

    def keep_frames(self) -> None:
        """One function and those within it."""
        self._skip_string()
        self.position += 12  # two lines, four bytes about upvalues, parameters and the stack
        count = self._int()
        self._change(self.position, count)
        self.position += count * 4
        for _ in range(self._int()):
            kind = self.data[self.position]
            self.position += 1
            if kind == 1:
                self.position += 1
            elif kind == 3:
                self.position += 8
            elif kind == 4:
                self._skip_string()
        for _ in range(self._int()):
            self.keep_frames()
        lines = self._int()
        self.position += lines * 4
        for _ in range(self._int()):
            self._skip_string()
            self.position += 8
        for _ in range(self._int()):
            self._skip_string()

    def _change(self, start: int, count: int) -> None:
        data = self.data
        for index in range(count):
            at = start + index * 4
            instruction = int.from_bytes(data[at : at + 4], "little")
            if instruction & 63 == OP_TAILCALL and self._is_reached(start, index, instruction >> 6 & 255):
                data[at : at + 4] = ((instruction & ~63) | OP_CALL).to_bytes(4, "little")

    def _is_reached(self, start: int, index: int, register: int) -> bool:
        """Whether what stands in the register at this instruction came through a global or a field."""
        for before in range(index - 1, -1, -1):
            at = start + before * 4
            instruction = int.from_bytes(self.data[at : at + 4], "little")
            if instruction >> 6 & 255 == register:
                code = instruction & 63
                if code in (OP_GETGLOBAL, OP_GETTABLE, OP_SELF):
                    return True
                if code == OP_MOVE:  # from a local variable: what was it set to?
                    return self._is_reached(start, before, instruction >> 23 & 511)
                if code in (OP_GETUPVAL, OP_CLOSURE, OP_CALL):
                    return False
        return False

    def _int(self) -> int:
        value = int.from_bytes(self.data[self.position : self.position + 4], "little")
        self.position += 4
        return value

    def _skip_string(self) -> None:
        size = int.from_bytes(self.data[self.position : self.position + 8], "little")
        self.position += 8 + size


def keep_frames(chunk: bytes) -> bytes:
    """The chunk with its tail calls of global functions and fields made ordinary."""
    if not chunk.startswith(HEADER):
        return chunk
    dump = Dump(chunk)
    dump.keep_frames()
    return bytes(dump.data)
