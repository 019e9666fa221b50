"""What the codecs raise: the input is not of its format, or there is not enough of it yet."""

from __future__ import annotations

from mypy_extensions import mypyc_attr


@mypyc_attr(allow_interpreted_subclasses=True)
class FormatError(Exception):
    """The bytes are not what the format allows; the message says what is wrong."""


@mypyc_attr(allow_interpreted_subclasses=True)
class IncompleteError(Exception):
    """A stream ended inside an item.  More input may complete it."""
