"""The typed items that data of modules is made of: each says its kind, so that others can pass over it."""

from __future__ import annotations

from typing import Final

from miniredis.formats.errors import FormatError, IncompleteError
from miniredis.formats.rdb_primitives import RdbSource

MODULE_END: Final = 0
MODULE_SIGNED: Final = 1
MODULE_UNSIGNED: Final = 2
MODULE_FLOAT: Final = 3
MODULE_DOUBLE: Final = 4
MODULE_STRING: Final = 5


def skip_module_item(source: RdbSource) -> int:
    """Pass over one item; its kind.  Raises IncompleteError with the source where it was."""
    position = source.position
    try:
        kind = source.read_length()
        if kind in (MODULE_SIGNED, MODULE_UNSIGNED):
            source.read_length()
        elif kind == MODULE_FLOAT:
            source.read_bytes(4)
        elif kind == MODULE_DOUBLE:
            source.read_bytes(8)
        elif kind == MODULE_STRING:
            source.read_string()
        elif kind != MODULE_END:
            raise FormatError("unknown kind of module data")
    except IncompleteError:
        source.position = position
        raise
    return kind


def skip_module_items(source: RdbSource) -> None:
    """Pass over all items, up to and with their end mark."""
    while skip_module_item(source) != MODULE_END:
        pass
