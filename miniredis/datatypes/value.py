"""What every value type but the plain string has in common.

A string is the `bytes` itself, or a `bytearray` once a command has changed it in place (Redis calls that
encoding "raw"); every other value is a `Value`.
"""

from __future__ import annotations

from mypy_extensions import mypyc_attr


@mypyc_attr(allow_interpreted_subclasses=True)
class Value:
    """A list, hash, set, sorted set, stream, or a type of a module."""

    #: What its database last counted for it, in bytes.
    accounted: int = 0

    def type_name(self) -> bytes:
        """As TYPE replies: b"list", b"hash", ..."""
        raise AssertionError("a value type has a name")

    def encoding(self) -> bytes:
        """As OBJECT ENCODING replies, by the thresholds of the configuration."""
        raise AssertionError("a value type has an encoding")

    def size(self) -> int:
        """How many elements; a value that has none is removed with its key."""
        raise AssertionError("a value type has a size")

    def copy(self) -> Value:
        """An independent copy."""
        raise AssertionError("a value type can be copied")

    def memory(self) -> int:
        """About how many bytes of memory it holds; may extrapolate from a sample."""
        raise AssertionError("a value type knows its memory")
