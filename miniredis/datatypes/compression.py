"""What a list needs of a compressor; the codec itself belongs to the formats.

`EncodingLimits.list_compressor` holds one; without it `list-compress-depth` has no effect.
"""

from __future__ import annotations

from mypy_extensions import mypyc_attr


@mypyc_attr(allow_interpreted_subclasses=True)
class Compressor:
    """A pair of pure functions on whole blobs."""

    def compress(self, raw: bytes) -> bytes | None:
        """The packed form, or None when it would not be smaller."""
        raise AssertionError("a compressor compresses")

    def decompress(self, packed: bytes, size: int) -> bytes:
        """The `size` bytes that were compressed."""
        raise AssertionError("a compressor decompresses")
