"""The `struct` library: binary data by a format, as Roberto Ierusalimschy's library in Redis has it.

Formats: `>` `<` byte order, `!n` alignment, `x` a pad byte, `b` `B` `h` `H` `l` `L` `T` `in` `In` integers,
`f` `d` floats, `s` a string that ends with a zero, `cn` n characters (`c0`: as many as the number before).
"""

from __future__ import annotations

import struct
from typing import Final

from miniredis.scripting.bits import ArgumentError, bad_argument, number_at, type_name

LARGEST_INTEGER: Final = 32
LARGEST_ALIGNMENT: Final = 8
INT_MAX: Final = 2147483647
MASK_64: Final = 0xFFFFFFFFFFFFFFFF
SIZES: Final[dict[int, int]] = {
    ord("b"): 1, ord("B"): 1, ord("h"): 2, ord("H"): 2, ord("l"): 8, ord("L"): 8, ord("T"): 8, ord("f"): 4,
    ord("d"): 8, ord("x"): 1,
}  # fmt: skip
INTEGERS: Final = b"bBhHlLTiI"


class Format:
    """Reads a format from left to right; `option`, `size` and `padding` are those of the last step."""

    def __init__(self, function: bytes, text: bytes) -> None:
        self.function = function
        self.text = text
        self.position = 0
        self.little = True
        self.alignment = 1
        self.option = 0
        self.size = 0

    def step(self) -> bool:
        """Go to the next option; False at the end."""
        if self.position >= len(self.text):
            return False
        self.option = self.text[self.position]
        self.position += 1
        size = SIZES.get(self.option, 0)
        if self.option == 99:  # c
            size = self._number(1)
        elif self.option in b"iI":
            size = self._number(4)
            if size > LARGEST_INTEGER:
                raise ArgumentError(b"integral size %d is larger than limit of %d" % (size, LARGEST_INTEGER))
        self.size = size
        return True

    def padding(self, total: int) -> int:
        """Bytes to leave out before this option when `total` are there."""
        size = self.size
        if size == 0 or self.option == 99:
            return 0
        size = min(size, self.alignment)
        return (size - (total & (size - 1))) & (size - 1)

    def control(self) -> None:
        """An option that is no value."""
        option = self.option
        if option == 62:  # >
            self.little = False
        elif option == 60:  # <
            self.little = True
        elif option == 33:  # !
            alignment = self._number(LARGEST_ALIGNMENT)
            if alignment == 0 or alignment & (alignment - 1):
                raise ArgumentError(b"alignment %d is not a power of 2" % alignment)
            self.alignment = alignment
        elif option != 32:
            raise bad_argument(1, self.function, b"invalid format option '%b'" % bytes([option]))

    def _number(self, default: int) -> int:
        start = self.position
        while self.position < len(self.text) and 48 <= self.text[self.position] <= 57:
            self.position += 1
            if int(self.text[start : self.position]) > INT_MAX:
                raise ArgumentError(b"integral size overflow")
        return int(self.text[start : self.position]) if self.position > start else default


def bytes_at(arguments: tuple[object, ...], index: int, name: bytes) -> bytes:
    """Argument `index`, from 0, as a string; numbers are written as Lua does."""
    if index >= len(arguments):
        raise bad_argument(index + 1, name, b"string expected, got no value")
    value = arguments[index]
    if isinstance(value, bytes):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return b"%.14g" % value
    raise bad_argument(index + 1, name, b"string expected, got " + type_name(value))


def as_long(number: float) -> int:
    """A double cast to 64 bits, as C does it on this machine."""
    if -9223372036854775808.0 <= number < 9223372036854775808.0:
        return int(number)
    if number > 0:
        return int(number) if number < 18446744073709551616.0 else 0
    return -9223372036854775808


def encode_integer(number: float, size: int, little: bool) -> bytes:
    """The low 64 bits in `size` bytes; what is beyond them is zero."""
    value = as_long(number) & MASK_64
    return (value & ((1 << (size * 8)) - 1)).to_bytes(size, "little" if little else "big")


def decode_integer(data: bytes, little: bool, is_signed: bool) -> float:
    """The low 64 bits as the number Lua gets.  Where more bytes than that are signed, C's shift decides."""
    value = int.from_bytes(data, "little" if little else "big") & MASK_64
    if is_signed:
        mask = (MASK_64 << (len(data) * 8 - 1 & 63)) & MASK_64
        if value & mask:
            value = (value | mask) - (1 << 64)
    return float(value)


def pack(arguments: tuple[object, ...]) -> bytes:
    """struct.pack(format, ...).  Raises `ArgumentError`."""
    form = Format(b"pack", bytes_at(arguments, 0, b"pack"))
    arguments = (*arguments, None)  # the first one missing counts as nil
    out = bytearray()
    index = 1
    while form.step():
        out += bytes(form.padding(len(out)))
        option = form.option
        if option in INTEGERS:
            out += encode_integer(number_at(arguments, index, b"pack"), form.size, form.little)
            index += 1
        elif option == 120:  # x
            out.append(0)
        elif option in b"fd":
            number = number_at(arguments, index, b"pack")
            out += encode_float(number, form.size, form.little)
            index += 1
        elif option in b"cs":
            text = bytes_at(arguments, index, b"pack")
            size = form.size if form.size > 0 else len(text)
            if len(text) < size:
                raise bad_argument(index + 2, b"pack", b"string too short")
            out += text[:size]
            if option == 115:
                out.append(0)
            index += 1
        else:
            form.control()
    return bytes(out)


def encode_float(number: float, size: int, little: bool) -> bytes:
    if size == 8:
        return struct.pack("<d" if little else ">d", number)
    try:
        return struct.pack("<f" if little else ">f", number)
    except OverflowError:
        return struct.pack("<f" if little else ">f", float("inf") if number > 0 else float("-inf"))


def unpack(arguments: tuple[object, ...]) -> list[object]:
    """struct.unpack(format, data, [position]): the next position, then the values.  Raises `ArgumentError`."""
    form = Format(b"unpack", bytes_at(arguments, 0, b"unpack"))
    data = bytes_at(arguments, 1, b"unpack")
    position = 0
    if len(arguments) > 2 and arguments[2] is not None:
        position = as_long(number_at(arguments, 2, b"unpack")) - 1
        if position == -1:
            raise bad_argument(3, b"unpack", b"offset must be 1 or greater")
        if position < 0:
            raise bad_argument(2, b"unpack", b"data string too short")
    values: list[object] = []
    while form.step():
        position += form.padding(position)
        size = form.size
        if size > len(data) or position > len(data) - size:
            raise bad_argument(2, b"unpack", b"data string too short")
        option = form.option
        if option in INTEGERS:
            if size > 0:
                is_signed = option >= 97
                values.append(decode_integer(data[position : position + size], form.little, is_signed))
            else:
                values.append(0)
        elif option in b"fd":
            values.append(decode_float(data[position : position + size], form.little))
        elif option == 99:
            if size == 0:
                last = values.pop() if values else None
                if not isinstance(last, int | float):
                    raise ArgumentError(b"format 'c0' needs a previous size")
                size = as_long(float(last))
                if not 0 <= size <= len(data) or position > len(data) - size:
                    raise bad_argument(2, b"unpack", b"data string too short")
            values.append(data[position : position + size])
        elif option == 115:
            end = data.find(b"\0", position)
            if end < 0:
                raise ArgumentError(b"unfinished string in data")
            values.append(data[position:end])
            size = end - position + 1
        elif option != 120:
            form.control()
        position += size
    return [position + 1, *values]


def decode_float(data: bytes, little: bool) -> float:
    form = ("<" if little else ">") + ("d" if len(data) == 8 else "f")
    (number,) = struct.unpack(form, data)
    return float(number)


def size_of(arguments: tuple[object, ...]) -> int:
    """struct.size(format).  Raises `ArgumentError`."""
    form = Format(b"size", bytes_at(arguments, 0, b"size"))
    total = 0
    while form.step():
        total += form.padding(total)
        if form.option == 115:
            raise bad_argument(1, b"size", b"option 's' has no fixed size")
        if form.option == 99 and form.size == 0:
            raise bad_argument(1, b"size", b"option 'c0' has no fixed size")
        if not bytes([form.option]).isalnum():
            form.control()
        total += form.size
    return total


def pack_msgpack_number(number: float) -> bytes:
    """A number that is no integer as MessagePack writes it: in 4 bytes where that loses nothing."""
    single = encode_float(number, 4, False)
    if decode_float(single, False) == number:
        return b"\xca" + single
    return b"\xcb" + encode_float(number, 8, False)
