"""Types of value that modules bring: what their authors write, and the codec that the server makes of it.

A type has a name of nine letters, digits, - or _, and a number for the version of its encoding (0 to 1023); both
together are the 64 bits by which RDB data tells types of modules apart.  An author writes `save` and `load`; copying,
memory, digest and replay follow from these where nothing better is said.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Final

from miniredis.datatypes.value import Value
from miniredis.formats.digest import digest_mix
from miniredis.formats.dump import dump_value
from miniredis.formats.errors import FormatError
from miniredis.formats.module_items import MODULE_END
from miniredis.formats.rdb_primitives import RdbSink, RdbSource
from miniredis.formats.registry import (
    MODULE_ID_ALPHABET,
    TYPE_MODULE_2,
    CommandSink,
    ValueCodec,
    ValueLoader,
    ValueRegistry,
)
from miniredis.modules.items import Item, ItemReader, ItemWriter, read_item

NAME_LENGTH: Final = 9
MOST_VERSIONS: Final = 1024
MODULE_DIGEST: Final = 5
OBJECT_BYTES: Final = 64


class ModuleValue(Value):
    """A value of a module's type.  A subclass names its type and writes `save` and `load`."""

    #: Nine letters, digits, - or _: what TYPE replies.
    TYPE: ClassVar[str] = ""
    #: The version of the encoding that `save` writes; `load` gets the one that was written.
    ENCODING: ClassVar[int] = 1
    #: The oldest version that `load` understands.
    OLDEST_ENCODING: ClassVar[int] = 1

    def save(self, items: ItemWriter) -> None:
        """Write everything that `load` needs."""
        raise NotImplementedError

    @classmethod
    def load(cls, items: ItemReader, encoding: int) -> ModuleValue:
        """The value of these items.  What it raises makes the data count as corrupt."""
        raise NotImplementedError

    def replay(self, key: bytes) -> Iterable[list[bytes]] | None:
        """The commands that make this value in a log that is written anew; None: one RESTORE."""
        return None

    def digest_parts(self) -> Iterable[bytes] | None:
        """What DEBUG DIGEST compares, in order; None: all that is saved."""
        return None

    def free_effort(self) -> int:
        """About how many allocations a deletion gives back."""
        return 1

    def type_name(self) -> bytes:
        return self.TYPE.encode()

    def encoding(self) -> bytes:
        return b"raw"

    def size(self) -> int:
        return 1

    def copy(self) -> Value:
        items = ItemWriter()
        self.save(items)
        return self.load(ItemReader(items.items), self.ENCODING)

    def memory(self) -> int:
        items = ItemWriter()
        self.save(items)
        return OBJECT_BYTES + items.size()


def module_type_id(name: str, encoding: int) -> int:
    """The 64 bits of a type's name and the version of its encoding.  ValueError where they cannot be."""
    if len(name) != NAME_LENGTH or any(letter not in MODULE_ID_ALPHABET for letter in name):
        raise ValueError(f"a type's name is {NAME_LENGTH} letters, digits, - or _, not {name!r}")
    if not 0 <= encoding < MOST_VERSIONS:
        raise ValueError(f"the version of an encoding is below {MOST_VERSIONS}, not {encoding}")
    found = 0
    for letter in name:
        found = found << 6 | MODULE_ID_ALPHABET.index(letter)
    return found << 10 | encoding


class ItemsLoader(ValueLoader):
    """Collects the items, however they come in, then lets the module make its value of them."""

    def __init__(self, value_class: type[ModuleValue], encoding: int) -> None:
        super().__init__()
        self._value_class = value_class
        self._encoding = encoding
        self._items: list[tuple[int, Item]] = []

    def advance(self, source: RdbSource, budget: int) -> bool:
        while budget > 0:
            budget -= 1
            kind, item = read_item(source)
            if kind == MODULE_END:
                self.value = self._complete()
                return True
            self._items.append((kind, item))
        return False

    def _complete(self) -> ModuleValue:
        try:
            value = self._value_class.load(ItemReader(self._items), self._encoding)
        except FormatError:
            raise
        except Exception as defect:
            raise FormatError(f"{self._value_class.TYPE} cannot load its value: {defect!r}") from defect
        if not isinstance(value, self._value_class):
            raise FormatError(f"{self._value_class.TYPE} loaded something else")
        return value


class ModuleCodec(ValueCodec):
    """One type of a module, in one version of its encoding, as the server knows types."""

    def __init__(self, value_class: type[ModuleValue], encoding: int, registry: ValueRegistry) -> None:
        self._value_class = value_class
        self._encoding = encoding
        self._registry = registry
        self.id = module_type_id(value_class.TYPE, encoding)

    def type_name(self) -> bytes:
        return self._value_class.TYPE.encode()

    def digest_number(self) -> int:
        return MODULE_DIGEST

    def codes(self) -> list[int]:
        return [TYPE_MODULE_2]

    def code_for(self, value: object) -> int:
        return TYPE_MODULE_2

    def save(self, value: object, sink: RdbSink) -> None:
        assert isinstance(value, ModuleValue)
        items = ItemWriter()
        # First all of it: a defect must not leave half a value in a file.
        value.save(items)
        sink.write_length(self.id)
        items.write(sink)

    def load(self, code: int, version: int) -> ValueLoader:
        return ItemsLoader(self._value_class, self._encoding)

    def digest(self, value: object, digest: int) -> int:
        assert isinstance(value, ModuleValue)
        parts = value.digest_parts()
        if parts is None:
            items = ItemWriter()
            value.save(items)
            parts = [item if isinstance(item, bytes) else repr(item).encode() for _, item in items.items]
        for part in parts:
            digest = digest_mix(digest, part)
        return digest

    def replay(self, key: bytes, value: object, sink: CommandSink) -> None:
        assert isinstance(value, ModuleValue)
        commands = value.replay(key)
        if commands is None:
            commands = [[b"RESTORE", key, b"0", dump_value(self._registry, value, True)]]
        for command in commands:
            sink.command(command)

    def free_effort(self, value: object) -> int:
        assert isinstance(value, ModuleValue)
        return max(value.free_effort(), 1)


def register_type(registry: ValueRegistry, value_class: type[ModuleValue]) -> None:
    """Make a type known in all versions of its encoding; ValueError where it cannot be."""
    codecs = [
        ModuleCodec(value_class, encoding, registry)
        for encoding in range(value_class.OLDEST_ENCODING, value_class.ENCODING + 1)
    ]
    if not codecs:
        raise ValueError(f"{value_class.TYPE} knows no encoding")
    if registry.knows_module(codecs[0].id):
        raise ValueError(f"there is a type {value_class.TYPE} already")
    for codec in codecs:
        registry.register_module(codec.id, codec, value_class)


def unregister_type(registry: ValueRegistry, value_class: type[ModuleValue]) -> None:
    for encoding in range(value_class.OLDEST_ENCODING, value_class.ENCODING + 1):
        registry.unregister_module(module_type_id(value_class.TYPE, encoding), value_class)
