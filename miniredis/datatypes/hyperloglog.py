"""HyperLogLog inside a string value, byte-compatible with Redis.

A value is a header of 16 bytes ("HYLL", the encoding, 3 unused bytes, the cached cardinality as 64 bits
little-endian whose highest bit says "stale") and 16,384 registers of 6 bits, in one of two forms:

- dense (0): 12,288 bytes, register after register from the lowest bit up;
- sparse (1): runs of registers. ``00xxxxxx``: x+1 registers are 0. ``01xxxxxx yyyyyyyy``: xy+1 registers are 0.
  ``1vvvvvxx``: x+1 registers are v+1.

The format was described by Salvatore Sanfilippo ("Redis new data structure: the HyperLogLog", 2014) and observed
on a live server; the estimator is Otmar Ertl's ("New cardinality estimation algorithms for HyperLogLog sketches",
2017, arXiv:1702.01284, algorithm 6); the hash is Austin Appleby's MurmurHash64A.

Between blobs and estimates the registers are handled as 16,384 bytes, one a register, and as one large integer of
8-bit lanes, where a shift or a maximum of all registers is a handful of C operations.
"""

import math
from typing import Final

HEADER_SIZE: Final = 16
REGISTERS: Final = 16384
DENSE_SIZE: Final = HEADER_SIZE + REGISTERS * 6 // 8

DENSE: Final = 0
SPARSE: Final = 1

_INDEX_BITS: Final = 14
_HASH_BITS: Final = 64 - _INDEX_BITS
_SEED: Final = 0xADC83B19
_MULTIPLIER: Final = 0xC6A4A7935BD1E995
_MASK64: Final = (1 << 64) - 1
_ALPHA_INFINITE: Final = 0.721347520444481703680

_ZERO_RUN_MAX: Final = 64
_VALUE_RUN_MAX: Final = 4
_SPARSE_VALUE_MAX: Final = 32
# A changed register can make runs mergeable only this near to it.
_MERGE_SCAN: Final = 5

_LANE_ONES: Final = int.from_bytes(b"\x01" * REGISTERS, "little")
_LANE_TOPS: Final = _LANE_ONES << 7


class CorruptHyperLogLog(ValueError):
    """The runs of a sparse value do not add up to 16,384 registers."""


def hash_element(element: bytes) -> int:
    """MurmurHash64A of the element with the seed Redis uses."""
    length = len(element)
    result = _SEED ^ ((length * _MULTIPLIER) & _MASK64)
    whole = length & ~7
    for at in range(0, whole, 8):
        piece = (int.from_bytes(element[at : at + 8], "little") * _MULTIPLIER) & _MASK64
        piece ^= piece >> 47
        result = ((result ^ ((piece * _MULTIPLIER) & _MASK64)) * _MULTIPLIER) & _MASK64
    if length != whole:
        result = ((result ^ int.from_bytes(element[whole:], "little")) * _MULTIPLIER) & _MASK64
    result ^= result >> 47
    result = (result * _MULTIPLIER) & _MASK64
    return result ^ (result >> 47)


def is_hyperloglog(value: bytes | bytearray) -> bool:
    """Whether the header is right, and the length if dense; the runs of a sparse value are not looked at."""
    if len(value) < HEADER_SIZE or value[:4] != b"HYLL":
        return False
    encoding = value[4]
    return encoding == SPARSE or (encoding == DENSE and len(value) == DENSE_SIZE)


def new_sparse() -> bytearray:
    """An empty value. Its cached cardinality is marked stale, as in Redis."""
    blob = bytearray(b"HYLL\x01" + bytes(10) + b"\x80")
    blob += _zero_run(REGISTERS)
    return blob


def encoding_of(blob: bytes | bytearray) -> int:
    return blob[4]


def cached_cardinality(blob: bytes | bytearray) -> int:
    """The cardinality stored in the header, or -1 if it is stale."""
    cached = int.from_bytes(blob[8:16], "little")
    return -1 if cached >> 63 else cached


def cache_cardinality(blob: bytearray, cardinality: int) -> None:
    blob[8:16] = (cardinality & _MASK64).to_bytes(8, "little")


def mark_stale(blob: bytearray) -> None:
    blob[15] |= 0x80


def add(blob: bytearray, element: bytes, sparse_max_bytes: int) -> bool:
    """Add an element in place; True if a register grew (the cached cardinality is then stale).

    A sparse value that would outgrow `sparse_max_bytes` becomes dense. Raises CorruptHyperLogLog.
    """
    hashed = hash_element(element)
    rest = (hashed >> _INDEX_BITS) | (1 << _HASH_BITS)
    return set_register(blob, hashed & (REGISTERS - 1), (rest & -rest).bit_length(), sparse_max_bytes)


def set_register(blob: bytearray, index: int, count: int, sparse_max_bytes: int) -> bool:
    """Raise a register to `count`; True if it was lower. As `add` in everything else."""
    if blob[4] == SPARSE:
        return _set_sparse(blob, index, count, sparse_max_bytes)
    bit = index * 6
    at = HEADER_SIZE + (bit >> 3)
    shift = bit & 7
    pair = int.from_bytes(blob[at : at + 2], "little")
    if (pair >> shift) & 63 >= count:
        return False
    pair = (pair & ~(63 << shift)) | (count << shift)
    blob[at] = pair & 255
    if shift > 2:
        blob[at + 1] = pair >> 8
    mark_stale(blob)
    return True


def _zero_run(length: int) -> bytes:
    if length <= _ZERO_RUN_MAX:
        return bytes([length - 1])
    return bytes([0x40 | ((length - 1) >> 8), (length - 1) & 255])


def _value_run(count: int, length: int) -> int:
    return 0x80 | ((count - 1) << 2) | (length - 1)


def _run_length(blob: bytes, at: int) -> int:
    """The registers covered by the run at `at`. A long zero run cut by the end reads as if a zero byte followed."""
    opcode = blob[at]
    if opcode & 0x80:
        return (opcode & 3) + 1
    if opcode & 0x40:
        low = blob[at + 1] if at + 1 < len(blob) else 0
        return (((opcode & 63) << 8) | low) + 1
    return opcode + 1


def _set_sparse(blob: bytearray, index: int, count: int, sparse_max_bytes: int) -> bool:
    if count > _SPARSE_VALUE_MAX:
        return _promote_and_set(blob, index, count, sparse_max_bytes)
    length = len(blob)
    # Compiled, indexing bytes is several times as fast as indexing a bytearray, and the walk is what costs.
    runs = bytes(blob)
    at = HEADER_SIZE
    before = -1
    first = 0
    run = 0
    while at < length:
        run = _run_length(runs, at)
        if index < first + run:
            break
        before = at
        first += run
        at += 2 if runs[at] & 0xC0 == 0x40 else 1
    else:
        raise CorruptHyperLogLog
    opcode = runs[at]
    is_value = opcode >= 0x80
    if is_value and ((opcode >> 2) & 31) + 1 >= count:
        return False
    if run == 1 and opcode & 0xC0 != 0x40:
        blob[at] = _value_run(count, 1)
    else:
        # Split the run in up to three: what is before the register, itself, what is after it.
        left = index - first
        right = first + run - 1 - index
        split = bytearray()
        if left:
            split += bytes([(opcode & 0xFC) | (left - 1)]) if is_value else _zero_run(left)
        split.append(_value_run(count, 1))
        if right:
            split += bytes([(opcode & 0xFC) | (right - 1)]) if is_value else _zero_run(right)
        old_size = 2 if opcode & 0xC0 == 0x40 else 1
        growth = len(split) - old_size
        if growth > 0 and length + growth > sparse_max_bytes:
            return _promote_and_set(blob, index, count, sparse_max_bytes)
        blob[at : at + old_size] = split
        # Only a corrupt value, whose last run is cut, is now longer than Redis's would be.
        del blob[length + growth :]
    _merge_value_runs(blob, before if before >= 0 else HEADER_SIZE)
    mark_stale(blob)
    return True


def _merge_value_runs(blob: bytearray, at: int) -> None:
    """Join neighbouring runs of the same value near `at`, as far as Redis looks."""
    for _ in range(_MERGE_SCAN):
        if at >= len(blob):
            return
        opcode = blob[at]
        if opcode & 0xC0 == 0x40:
            at += 2
            continue
        if opcode & 0x80 and at + 1 < len(blob):
            following = blob[at + 1]
            joined = (opcode & 3) + (following & 3) + 2
            if following & 0xFC == opcode & 0xFC and joined <= _VALUE_RUN_MAX:
                blob[at + 1] = (opcode & 0xFC) | (joined - 1)
                del blob[at]
                # The joined run may join the next one too: look at it again.
                continue
        at += 1


def _promote_and_set(blob: bytearray, index: int, count: int, sparse_max_bytes: int) -> bool:
    make_dense(blob)
    return set_register(blob, index, count, sparse_max_bytes)


def make_dense(blob: bytearray) -> bool:
    """Turn a sparse value into a dense one in place; False if it is dense already. Raises CorruptHyperLogLog."""
    if blob[4] == DENSE:
        return False
    blob[HEADER_SIZE:] = _packed(registers(blob))
    blob[4] = DENSE
    return True


def registers(blob: bytes | bytearray) -> bytes:
    """All registers, one a byte. Raises CorruptHyperLogLog."""
    if blob[4] == DENSE:
        return _unpacked(blob[HEADER_SIZE:])
    encoded = bytes(blob)
    runs: list[bytes] = []
    total = 0
    at = HEADER_SIZE
    while at < len(encoded):
        opcode = encoded[at]
        run = _run_length(encoded, at)
        total += run
        if total > REGISTERS:
            raise CorruptHyperLogLog
        runs.append(bytes([((opcode >> 2) & 31) + 1]) * run if opcode & 0x80 else bytes(run))
        at += 2 if opcode & 0xC0 == 0x40 else 1
    if total != REGISTERS:
        raise CorruptHyperLogLog
    return b"".join(runs)


def _spread_masks() -> list[int]:
    """For 2**k lanes, from many to few: the lanes of even groups of that many registers, at 6 bits each."""
    masks: list[int] = []
    for level in range(_INDEX_BITS - 1, -1, -1):
        # At this step groups of 2**(level+1) registers, each group 6 bits a register, start at 8 bits a register.
        group = 2 << level
        half = (1 << (6 * (group >> 1))) - 1
        row = half.to_bytes(group, "little") * (REGISTERS // group)
        masks.append(int.from_bytes(row, "little"))
    return masks


_MASKS: Final = _spread_masks()


def _unpacked(packed: bytes | bytearray) -> bytes:
    """6-bit registers to one a byte: each step moves the upper half of every group to where its bytes begin."""
    lanes = int.from_bytes(packed, "little")
    for step in range(_INDEX_BITS):
        mask = _MASKS[step]
        half_group = 1 << (_INDEX_BITS - 1 - step)
        upper = (lanes >> (6 * half_group)) & mask
        lanes = (lanes & mask) | (upper << (8 * half_group))
    return lanes.to_bytes(REGISTERS, "little")


def _packed(unpacked: bytes) -> bytes:
    """The reverse of `_unpacked`."""
    lanes = int.from_bytes(unpacked, "little")
    for step in range(_INDEX_BITS - 1, -1, -1):
        mask = _MASKS[step]
        half_group = 1 << (_INDEX_BITS - 1 - step)
        upper = (lanes >> (8 * half_group)) & mask
        lanes = (lanes & mask) | (upper << (6 * half_group))
    return lanes.to_bytes(DENSE_SIZE - HEADER_SIZE, "little")


def merged(all_registers: list[bytes]) -> bytes:
    """The greatest value of each register over several sets of registers (at least one), one a byte each."""
    result = int.from_bytes(all_registers[0], "little")
    for other_registers in all_registers[1:]:
        other = int.from_bytes(other_registers, "little")
        # The top bit of a lane survives the subtraction where result >= other; it becomes a mask of the lane.
        larger = (((result | _LANE_TOPS) - other) & _LANE_TOPS) >> 7
        keep = (larger << 8) - larger
        result = (result & keep) | (other & ~keep)
    return result.to_bytes(REGISTERS, "little")


def merge_into(blob: bytearray, all_registers: list[bytes], dense: bool, sparse_max_bytes: int) -> None:
    """Raise the registers of `blob` to those of the others; it becomes dense if told to, or if it must.

    Raises CorruptHyperLogLog. The cached cardinality is stale afterwards.
    """
    mark_stale(blob)
    if not all_registers:
        return
    if dense:
        make_dense(blob)
    together = merged(all_registers)
    if blob[4] == DENSE:
        blob[HEADER_SIZE:] = _packed(merged([registers(blob), together]))
    else:
        # One after the other, because the runs must come out as Redis's do.
        for index in range(REGISTERS):
            if together[index]:
                set_register(blob, index, together[index], sparse_max_bytes)


def estimate(unpacked: bytes) -> int:
    """The cardinality that the registers (one a byte) stand for."""
    counts = [0] * 64
    left = REGISTERS
    value = 0
    while left:
        counts[value] = unpacked.count(value)
        left -= counts[value]
        value += 1
    z = REGISTERS * _tau((REGISTERS - counts[_HASH_BITS + 1]) / REGISTERS)
    for value in range(_HASH_BITS, 0, -1):
        z += counts[value]
        z *= 0.5
    z += REGISTERS * _sigma(counts[0] / REGISTERS)
    # Beyond 63 bits (registers no real data gives) C's llround yields the least integer; so does Redis.
    cardinality = _ALPHA_INFINITE * REGISTERS * REGISTERS / z if z else math.inf
    return math.floor(cardinality + 0.5) if cardinality < 2.0**63 else -(1 << 63)


def _tau(x: float) -> float:
    if x == 0.0 or x == 1.0:
        return 0.0
    y = 1.0
    z = 1 - x
    while True:
        x = math.sqrt(x)
        previous = z
        y *= 0.5
        z -= (1 - x) * (1 - x) * y
        if previous == z:
            return z / 3


def _sigma(x: float) -> float:
    if x == 1.0:
        return math.inf
    y = 1.0
    z = x
    while True:
        x *= x
        previous = z
        z += x * y
        y += y
        if previous == z:
            return z


def describe_runs(blob: bytes | bytearray) -> bytes:
    """The runs of a sparse value as PFDEBUG DECODE prints them; what is corrupt is printed as it is read."""
    encoded = bytes(blob)
    words: list[bytes] = []
    at = HEADER_SIZE
    while at < len(encoded):
        opcode = encoded[at]
        run = _run_length(encoded, at)
        if opcode & 0x80:
            words.append(b"v:%d,%d" % (((opcode >> 2) & 31) + 1, run))
        else:
            words.append(b"%s:%d" % (b"Z" if opcode & 0x40 else b"z", run))
        at += 2 if opcode & 0xC0 == 0x40 else 1
    return b" ".join(words)


def self_test(elements: int, sparse_max_bytes: int) -> bool:
    """Whether both forms agree register by register, and the estimate stays near the truth, as elements are added.

    The tolerated error is six times the standard error of 16,384 registers.
    """
    sparse = new_sparse()
    dense = new_sparse()
    make_dense(dense)
    ramp = bytes(range(64)) * (REGISTERS // 64)
    sound = _unpacked(_packed(ramp)) == ramp
    for number in range(1, elements + 1):
        element = b"%d" % number
        sound = sound and add(sparse, element, sparse_max_bytes) == add(dense, element, sparse_max_bytes)
        if number & (number - 1) == 0 or number == elements:
            unpacked = registers(sparse)
            sound = sound and unpacked == registers(dense)
            sound = sound and abs(estimate(unpacked) - number) <= max(6 * 1.04 / 128 * number, 1.0)
    return sound
