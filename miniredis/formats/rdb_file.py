"""RDB files, read and written in pieces.

`RdbReader` is fed chunks and gives one event at a time, its details in fields; `RdbWriter` is told what to write
and hands over chunks.  Read: REDIS0001 to REDIS0012 and VALKEY080 with all they may hold; written: REDIS0010,
or REDIS0012 (for Valkey VALKEY080) where fields of a hash expire.  Nothing here touches a file or a clock.
"""

from __future__ import annotations

from typing import Final

from miniredis.formats.crc64 import crc64
from miniredis.formats.errors import FormatError, IncompleteError
from miniredis.formats.module_items import skip_module_items
from miniredis.formats.rdb_primitives import RdbSink, RdbSource
from miniredis.formats.registry import (
    FIELD_EXPIRY_RDB_VERSION,
    RDB_VERSION,
    VALKEY_RDB_VERSION,
    ValueLoader,
    ValueRegistry,
    rdb_version_of,
)

OPCODE_SLOT_IMPORT: Final = 243
OPCODE_SLOT_INFO: Final = 244
OPCODE_FUNCTION: Final = 245
OPCODE_FUNCTION_PRE_RELEASE: Final = 246
OPCODE_MODULE_AUX: Final = 247
OPCODE_IDLE: Final = 248
OPCODE_FREQUENCY: Final = 249
OPCODE_AUX: Final = 250
OPCODE_RESIZE: Final = 251
OPCODE_EXPIRY_MS: Final = 252
OPCODE_EXPIRY_S: Final = 253
OPCODE_SELECT: Final = 254
OPCODE_END: Final = 255

# Events of RdbReader.
NEED_INPUT: Final = 0  # feed more, or finish
UNDER_WAY: Final = 1  # the budget is used up within a value; call again
HEADER: Final = 2  # version
AUX: Final = 3  # name, text
DATABASE: Final = 4  # db
SIZES: Final = 5  # keys_hint, expiries_hint
KEY: Final = 6  # db, key, value, expiry_ms, idle_s, frequency
FUNCTION: Final = 7  # text
MODULE_DATA: Final = 8  # module_id; skipped
SLOT_INFO: Final = 9  # slots: [slot, keys, expiring keys]
SLOT_IMPORT: Final = 10  # name, slots: [first, last, first, last, ...]
END: Final = 11

TYPE_STRING: Final = 0
MAGIC_SIZE: Final = 9
FIRST_CHECKSUM_VERSION: Final = 5
KEY_SLICE: Final = 4096


class RdbReader:
    """Call `next_event` until it gives NEED_INPUT, `feed` or `finish`, go on until it gives END.

    `verify` checks the sum at the end; `total_size` of the input, where known, lets corrupt lengths fail early.
    Keys whose value is empty are counted in `skipped_empty` and left out, as Redis does.
    """

    def __init__(self, registry: ValueRegistry, verify: bool = True, total_size: int = -1) -> None:
        self._registry: ValueRegistry = registry
        self._verify: bool = verify
        self._source: RdbSource = RdbSource(total_size=total_size, checksum=verify)
        self._loader: ValueLoader | None = None
        self._started: bool = False
        self._crc: int = -1
        self._ended: bool = False
        self.version: int = 0
        self.name: bytes = b""
        self.text: bytes = b""
        self.db: int = 0
        self.keys_hint: int = 0
        self.expiries_hint: int = 0
        self.key: bytes = b""
        self.value: object = None
        self.expiry_ms: int = -1
        self.idle_s: int = -1
        self.frequency: int = -1
        self.module_id: int = 0
        self.slots: list[int] = []
        self.skipped_empty: int = 0
        self._fresh: bool = True  # the prefixes of the next key are not read yet

    def feed(self, chunk: bytes) -> None:
        self._source.feed(chunk)

    def finish(self) -> None:
        """There is no more input: what is incomplete now is corrupt."""
        self._source.finish()

    def is_within_value(self) -> bool:
        """Whether a huge value is read in part."""
        return self._loader is not None

    def offset(self) -> int:
        """How many bytes of the input were understood so far."""
        return self._source.offset()

    def rest(self) -> bytes:
        """Input after the end: the commands of a log that begins with an RDB file."""
        return self._source.rest()

    def next_event(self, budget: int = KEY_SLICE) -> int:
        """One of the events above; FormatError where the input is corrupt.

        `budget` is about how many elements of a collection are read before UNDER_WAY.
        """
        if self._ended:
            return END
        source = self._source
        position = source.position
        try:
            return self._next(source, budget)
        except IncompleteError:
            if self._loader is None:
                source.position = position
        # What was fed after the last try may be enough.
        if not source.refill():
            return NEED_INPUT
        position = source.position
        try:
            return self._next(source, budget)
        except IncompleteError:
            if self._loader is None:
                source.position = position
            return NEED_INPUT

    def _next(self, source: RdbSource, budget: int) -> int:
        loader = self._loader
        if loader is None:
            if not self._started:
                self._read_magic(source)
                return HEADER
            if self._crc >= 0:
                return self._read_checksum(source)
            if self._fresh:
                self.expiry_ms = -1
                self.idle_s = -1
                self.frequency = -1
                self._fresh = False
            start = source.position
            code = source.read_byte()
            if code >= OPCODE_SLOT_IMPORT:
                return self._read_opcode(source, code)
            self.key = source.read_string()
            if code == TYPE_STRING:  # most keys by far
                self.value = source.read_string()
                self._fresh = True
                return KEY
            loader = self._registry.loader(code, self.version)
            position = source.position
            try:
                complete = loader.advance(source, budget)
            except IncompleteError:
                if source.position == position:
                    source.position = start
                else:
                    self._loader = loader
                raise
        else:
            complete = loader.advance(source, budget)
        if not complete:
            self._loader = loader
            return UNDER_WAY
        self._loader = None
        if loader.is_empty():
            self.skipped_empty += 1
            self._fresh = True
            return UNDER_WAY
        self.value = loader.value
        self._fresh = True
        return KEY

    def _read_magic(self, source: RdbSource) -> None:
        magic = source.read_bytes(MAGIC_SIZE)
        valkey = magic.startswith(b"VALKEY")
        digits = magic[6:] if valkey else magic[5:]
        if not digits.isdigit() or not (valkey or magic.startswith(b"REDIS")):
            raise FormatError("Wrong signature trying to load DB from file")
        version = int(digits)
        # Redis's numbers end where Valkey's begin, whatever is to come.
        newest_redis, newest_valkey = FIELD_EXPIRY_RDB_VERSION, VALKEY_RDB_VERSION
        if self._registry.tries_newer:
            newest_redis, newest_valkey = VALKEY_RDB_VERSION - 1, 999
        if not (VALKEY_RDB_VERSION <= version <= newest_valkey if valkey else 1 <= version <= newest_redis):
            raise FormatError(f"Can't handle RDB format version {version}")
        self.version = version
        self._started = True

    def _read_checksum(self, source: RdbSource) -> int:
        stored = source.read_unsigned(8)
        if self._verify and stored != 0 and stored != self._crc:
            raise FormatError(f"Wrong RDB checksum expected: ({self._crc:x}) but got ({stored:x})")
        self._ended = True
        return END

    def _read_opcode(self, source: RdbSource, code: int) -> int:
        """Prefixes of a key are kept and the next item read at once: an event is never only a prefix."""
        if code == OPCODE_EXPIRY_MS:
            self.expiry_ms = max(source.read_milliseconds(), 0)
            return UNDER_WAY
        if code == OPCODE_EXPIRY_S:
            self.expiry_ms = source.read_unsigned(4) * 1000
            return UNDER_WAY
        if code == OPCODE_IDLE:
            self.idle_s = source.read_length()
            return UNDER_WAY
        if code == OPCODE_FREQUENCY:
            self.frequency = source.read_byte()
            return UNDER_WAY
        if code == OPCODE_SELECT:
            self.db = source.read_length()
            return DATABASE
        if code == OPCODE_RESIZE:
            self.keys_hint = source.read_length()
            self.expiries_hint = source.read_length()
            return SIZES
        if code == OPCODE_AUX:
            self.name = source.read_string()
            self.text = source.read_string()
            return AUX
        if code == OPCODE_FUNCTION:
            self.text = source.read_string()
            return FUNCTION
        if code == OPCODE_MODULE_AUX:
            self._skip_module_data(source)
            return MODULE_DATA
        if code == OPCODE_SLOT_INFO:
            self.slots = [source.read_length(), source.read_length(), source.read_length()]
            return SLOT_INFO
        if code == OPCODE_SLOT_IMPORT:
            self.name = source.read_string()
            slots: list[int] = []
            for _ in range(source.read_length()):
                slots.append(source.read_length())
                slots.append(source.read_length())
            self.slots = slots
            return SLOT_IMPORT
        if code == OPCODE_END:
            if self.version < FIRST_CHECKSUM_VERSION:
                self._ended = True
                return END
            self._crc = source.crc() if self._verify else 0
            return UNDER_WAY
        raise FormatError("Pre-release function format not supported.")

    def _skip_module_data(self, source: RdbSource) -> None:
        self.module_id = source.read_length()
        source.read_length()  # "unsigned", then when it was written: before or after the keys
        source.read_length()
        skip_module_items(source)


class RdbWriter:
    """Write the header, aux fields and functions, then per database its selection and keys, then the end.

    Take chunks whenever `size()` is large enough.  `version` is that of the header: RDB_VERSION, or
    FIELD_EXPIRY_RDB_VERSION if any hash has fields that expire (Valkey 9 understands that as VALKEY_RDB_VERSION); a
    key that needs more is an error.
    """

    def __init__(
        self, registry: ValueRegistry, version: int = RDB_VERSION, compress: bool = True, checksum: bool = True
    ) -> None:
        self._registry: ValueRegistry = registry
        self._version: int = version
        self._sink: RdbSink = RdbSink(compress)
        self._checksum: bool = checksum
        self._crc: int = 0
        self._sink.write_bytes((b"VALKEY%03d" if version == VALKEY_RDB_VERSION else b"REDIS%04d") % version)

    def size(self) -> int:
        """About how many bytes wait to be taken."""
        return self._sink.size

    def take(self) -> bytes:
        """What was written since the last call."""
        chunk = self._sink.take()
        if self._checksum:
            self._crc = crc64(chunk, self._crc)
        return chunk

    def aux(self, name: bytes, text: bytes) -> None:
        self._sink.write_byte(OPCODE_AUX)
        self._sink.write_string(name)
        self._sink.write_string(text)

    def function(self, code: bytes) -> None:
        self._sink.write_byte(OPCODE_FUNCTION)
        self._sink.write_string(code)

    def database(self, db: int, keys: int, expiries: int) -> None:
        """What follows belongs to `db`, which has about so many keys."""
        self._sink.write_byte(OPCODE_SELECT)
        self._sink.write_length(db)
        self._sink.write_byte(OPCODE_RESIZE)
        self._sink.write_length(keys)
        self._sink.write_length(expiries)

    def entry(self, key: bytes, value: object, expiry_ms: int = -1, idle_s: int = -1, frequency: int = -1) -> None:
        """One key; -1 means that there is none of the three."""
        sink = self._sink
        codec = self._registry.codec(value)
        for_valkey = self._version == VALKEY_RDB_VERSION
        code = codec.code_for_valkey(value) if for_valkey else codec.code_for(value)
        if rdb_version_of(code) > self._version:
            raise FormatError("a value needs a newer RDB version than the file's")
        if expiry_ms >= 0:
            sink.write_byte(OPCODE_EXPIRY_MS)
            sink.write_milliseconds(expiry_ms)
        if idle_s >= 0:
            sink.write_byte(OPCODE_IDLE)
            sink.write_length(idle_s)
        if frequency >= 0:
            sink.write_byte(OPCODE_FREQUENCY)
            sink.write_byte(frequency)
        sink.write_byte(code)
        sink.write_string(key)
        if for_valkey:
            codec.save_for_valkey(value, sink)
        else:
            codec.save(value, sink)

    def finish(self) -> bytes:
        """The last chunk: what is left, the end mark, the checksum (zeros without one)."""
        self._sink.write_byte(OPCODE_END)
        chunk = self.take()
        return chunk + self._crc.to_bytes(8, "little")
