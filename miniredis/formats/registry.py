"""What the server knows about each type of value beyond its commands, registered once per type.

A `ValueCodec` saves and loads (DUMP, RDB, full sync, MIGRATE), digests (DEBUG DIGEST), replays (AOF rewrite), says
how much work a deletion is (lazy free).  Copying and memory are methods of the value itself (`datatypes.value`).
A loader is resumable: huge values load in slices, and from input that arrives in pieces.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import mypyc_attr

from miniredis.formats.digest import EXPIRY_MARK, digest_mix, digest_mix_number, digest_xor
from miniredis.formats.errors import FormatError, IncompleteError
from miniredis.formats.module_items import MODULE_END, skip_module_item
from miniredis.formats.packed import BATCH, PackedReader
from miniredis.formats.rdb_primitives import RdbSink, RdbSource

RDB_VERSION: Final = 10  # what Redis 7.0 writes, and what we write for all that it knows
FIELD_EXPIRY_RDB_VERSION: Final = 12  # Redis 7.4: hash fields that expire
VALKEY_RDB_VERSION: Final = 80  # Valkey 9
ITEMS_PER_COMMAND: Final = 64
WITHOUT_LIMIT: Final = 1 << 60

TYPE_MODULE_2: Final = 7
FIRST_FIELD_EXPIRY_CODE: Final = 22


@mypyc_attr(allow_interpreted_subclasses=True)
class CommandSink:
    """Where `ValueCodec.replay` puts commands."""

    def command(self, arguments: list[bytes]) -> None:
        raise AssertionError("a sink takes commands")


@mypyc_attr(allow_interpreted_subclasses=True)
class ValueLoader:
    """Builds one value from a source, as far as the source goes."""

    def __init__(self) -> None:
        self.value: object = None

    def advance(self, source: RdbSource, budget: int) -> bool:
        """Read at most about `budget` elements; True once `value` is complete.

        Raises IncompleteError, with the source at the first element not taken, when input is lacking, and
        FormatError when it is corrupt.
        """
        raise AssertionError("a loader advances")

    def is_empty(self) -> bool:
        """Whether the complete value is one that a key cannot hold."""
        return False


@mypyc_attr(allow_interpreted_subclasses=True)
class CountedLoader(ValueLoader):
    """A count, then as many items."""

    def __init__(self) -> None:
        super().__init__()
        self._left: int = -1
        self._count: int = 0

    def advance(self, source: RdbSource, budget: int) -> bool:
        position = source.position
        try:
            if self._left < 0:
                self._read_head(source)
                self._count = source.read_length()
                self._left = self._count
                position = source.position
            while self._left > 0:
                if budget <= 0:
                    return False
                self._read_item(source)
                position = source.position
                self._left -= 1
                budget -= 1
        except IncompleteError:
            source.position = position
            raise
        self._complete()
        return True

    def is_empty(self) -> bool:
        return self._count == 0

    def _read_head(self, source: RdbSource) -> None:
        """What stands before the count."""

    def _read_item(self, source: RdbSource) -> None:
        raise AssertionError("a loader reads items")

    def _complete(self) -> None:
        """All items are read."""


@mypyc_attr(allow_interpreted_subclasses=True)
class PackedLoader(ValueLoader):
    """One string that holds a listpack or its kin, whose elements are taken in batches of whole entries."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self._width: int = width
        self._reader: PackedReader | None = None
        self._taken: int = 0

    def advance(self, source: RdbSource, budget: int) -> bool:
        reader = self._reader
        if reader is None:
            position = source.position
            try:
                self._read_head(source)
                reader = self._open(source.read_string())
            except IncompleteError:
                source.position = position
                raise
            self._reader = reader
        while budget > 0:
            batch = reader.next_batch(BATCH * self._width)
            if not batch:
                self._complete()
                return True
            if len(batch) % self._width:
                raise FormatError("an entry is cut off")
            self._take(batch)
            self._taken += len(batch)
            budget -= len(batch)
        return False

    def is_empty(self) -> bool:
        return self._taken == 0

    def _read_head(self, source: RdbSource) -> None:
        """What stands before the string."""

    def _open(self, blob: bytes) -> PackedReader:
        raise AssertionError("a loader knows its format")

    def _take(self, batch: list[bytes]) -> None:
        raise AssertionError("a loader takes batches")

    def _complete(self) -> None:
        """All elements are taken."""


@mypyc_attr(allow_interpreted_subclasses=True)
class ValueCodec:
    """One type of value."""

    def type_name(self) -> bytes:
        """As TYPE replies."""
        raise AssertionError("a type has a name")

    def digest_number(self) -> int:
        """Redis's number of the type: 0 string, 1 list, 2 set, 3 sorted set, 4 hash, 5 module, 6 stream."""
        raise AssertionError("a type has a number")

    def codes(self) -> list[int]:
        """The RDB type codes it loads."""
        raise AssertionError("a type has codes")

    def code_for(self, value: object) -> int:
        """The RDB type code under which `value` is saved."""
        raise AssertionError("a type has a code")

    def save(self, value: object, sink: RdbSink) -> None:
        """Write `value` in the form of `code_for(value)`."""
        raise AssertionError("a type is saved")

    def code_for_valkey(self, value: object) -> int:
        """The same in data of Valkey 9, which says a few things in other ways."""
        return self.code_for(value)

    def save_for_valkey(self, value: object, sink: RdbSink) -> None:
        """Write `value` in the form of `code_for_valkey(value)`."""
        self.save(value, sink)

    def load(self, code: int, version: int) -> ValueLoader:
        """A loader for `code`, which is one of `codes()`, in data of this RDB version."""
        raise AssertionError("a type is loaded")

    def digest(self, value: object, digest: int) -> int:
        """`digest` with the contents of `value` added."""
        raise AssertionError("a type is digested")

    def replay(self, key: bytes, value: object, sink: CommandSink) -> None:
        """Commands that make `value` at `key`."""
        raise AssertionError("a type is replayed")

    def free_effort(self, value: object) -> int:
        """About how many allocations a deletion gives back."""
        return 1


class ValueRegistry:
    """Codecs by class of value and by RDB type code."""

    def __init__(self) -> None:
        self._by_class: dict[type, ValueCodec] = {}
        self._by_code: dict[int, ValueCodec] = {}
        self._modules: dict[int, ValueCodec] = {}
        #: Values of modules that are not there become `PassedOver`: for who only looks at a file.
        self.passes_over_modules: bool = False
        #: Files and payloads of versions that nobody knows yet are tried: their values may be of known types.
        self.tries_newer: bool = False
        #: Checksums of payloads, and of files at the start, may be wrong: for tests of damaged values.
        self.skips_checksums: bool = False

    def register(self, codec: ValueCodec, classes: list[type]) -> None:
        for each in classes:
            self._by_class[each] = codec
        for code in codec.codes():
            self._by_code[code] = codec

    def register_module(self, module_id: int, codec: ValueCodec, value_class: type) -> None:
        """A type of a module: its loader starts after the 64-bit `module_id`, which its `save` writes itself.

        Registered once for each encoding version it can load; what was registered last is what saves.
        """
        self._by_class[value_class] = codec
        self._modules[module_id] = codec

    def unregister_module(self, module_id: int, value_class: type) -> None:
        self._by_class.pop(value_class, None)
        del self._modules[module_id]

    def knows_module(self, module_id: int) -> bool:
        """Whether the name in this id is that of a type already."""
        return any(known >> 10 == module_id >> 10 for known in self._modules)

    def codec(self, value: object) -> ValueCodec:
        return self._by_class[type(value)]

    def loader(self, code: int, version: int) -> ValueLoader:
        """What loads a value of this type code; FormatError if nothing does."""
        if code == TYPE_MODULE_2:
            return _ModuleLoader(self._modules, version, self.passes_over_modules)
        codec = self._by_code.get(code)
        if codec is None:
            raise FormatError(f"unknown value type {code}")
        return codec.load(code, version)

    def digest(self, value: object, expiry_ms: int) -> int:
        """The fingerprint of one value (DEBUG DIGEST-VALUE); -1 is no expiry."""
        return self._digest(0, value, expiry_ms)

    def digest_entry(self, key: bytes, value: object, expiry_ms: int) -> int:
        """The fingerprint of a key with its value, to be xored into that of the data set (DEBUG DIGEST)."""
        entry = self._digest(digest_mix(0, key), value, expiry_ms)
        return digest_xor(0, entry.to_bytes(20, "big"))

    def _digest(self, digest: int, value: object, expiry_ms: int) -> int:
        codec = self.codec(value)
        digest = codec.digest(value, digest_mix_number(digest, codec.digest_number()))
        return digest if expiry_ms < 0 else digest_xor(digest, EXPIRY_MARK)


class PassedOver:
    """A value of a module that is not there."""

    def __init__(self, type_name: str) -> None:
        self.type_name: str = type_name


class _PassingLoader(ValueLoader):
    """Reads to the end of a value that nobody understands."""

    def __init__(self, module_id: int) -> None:
        super().__init__()
        self.value = PassedOver(module_type_name(module_id))

    def advance(self, source: RdbSource, budget: int) -> bool:
        while budget > 0:
            budget -= 1
            if skip_module_item(source) == MODULE_END:
                return True
        return False


class _ModuleLoader(ValueLoader):
    """Reads the module's id, then hands over to the module's loader."""

    def __init__(self, modules: dict[int, ValueCodec], version: int, passes_over: bool) -> None:
        super().__init__()
        self._passes_over: bool = passes_over
        self._modules: dict[int, ValueCodec] = modules
        self._version: int = version
        self._inner: ValueLoader | None = None

    def advance(self, source: RdbSource, budget: int) -> bool:
        inner = self._inner
        if inner is None:
            position = source.position
            try:
                module_id = source.read_length()
            except IncompleteError:
                source.position = position
                raise
            codec = self._modules.get(module_id)
            if codec is not None:
                inner = codec.load(TYPE_MODULE_2, self._version)
            elif self._passes_over:
                inner = _PassingLoader(module_id)
            else:
                raise FormatError(f"no module has the value type {module_type_name(module_id)}")
            self._inner = inner
        if not inner.advance(source, budget):
            return False
        self.value = inner.value
        return True


MODULE_ID_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def module_type_name(module_id: int) -> str:
    """The nine letters in the upper 54 bits of a module type's id; the rest is its encoding version."""
    return "".join([MODULE_ID_ALPHABET[module_id >> (10 + 6 * place) & 63] for place in range(8, -1, -1)])


def rdb_version_of(code: int) -> int:
    """The RDB version that a reader must know to load this type code as we write it."""
    return FIELD_EXPIRY_RDB_VERSION if code >= FIRST_FIELD_EXPIRY_CODE else RDB_VERSION
