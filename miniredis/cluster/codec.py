"""Messages as lines: `M1 KIND header... rest...`, words parted by spaces, `-` for nothing.

Numbers are decimal, slots are ranges (or, where that is shorter, a base64 bitmap after `~`), names and messages that
are not plain are base64 after `=`.  Every word is checked against its bounds before anything is done with the line.
No line is longer than MAX_LINE: gossip is left out rather, and what is published is cut in pieces.
"""

from __future__ import annotations

import re
from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from typing import Final

from miniredis.cluster.messages import (
    AS_NODES_DO,
    MOST_PUBLISHED,
    NO_AGE,
    ClientAddress,
    Fail,
    Gossip,
    Header,
    Message,
    Ping,
    Publish,
    StartFailover,
    Update,
    Vote,
    VoteRequest,
)
from miniredis.cluster.ranges import Ranges, format_range, ranges_of, slots_in
from miniredis.keyspace.slots import SLOTS

VERSION: Final = b"M1"
MAX_LINE: Final = 16000  # what the seal adds stays below LineReceiver's 16,384
PIECE: Final = 8000  # bytes of a published message in one line
MOST_GOSSIP: Final = 256
MOST_NUMBER: Final = (1 << 63) - 1
BITMAP_BYTES: Final = SLOTS // 8
BITMAP_TEXT: Final = 2732  # its length in base64

_NODE_ID: Final = re.compile(rb"[0-9a-f]{40}\Z")
_ADDRESS: Final = re.compile(rb"[0-9A-Za-z.:%_-]{1,64}\Z")
_PLAIN: Final = re.compile(rb"[0-9A-Za-z._:-]{2,64}\Z")
_KINDS: Final = (b"PING", b"PONG", b"MEET")


class BadFrame(Exception):
    """A line that no node of ours writes."""


# -- words


def _text(value: bytes) -> bytes:
    if not value:
        return b"-"
    return value if _PLAIN.match(value) else b"=" + b2a_base64(value, newline=False)


def _read_text(word: bytes, most: int = 256) -> bytes:
    if word == b"-":
        return b""
    if word.startswith(b"="):
        value = _read_base64(word[1:])
        if len(value) > most:
            raise BadFrame("a name is too long")
        return value
    if not _PLAIN.match(word):
        raise BadFrame("a name has strange characters")
    return word


def _read_base64(word: bytes) -> bytes:
    try:
        return a2b_base64(word, strict_mode=True)
    except Base64Error as problem:
        raise BadFrame("no base64") from problem


def _read_number(word: bytes, most: int = MOST_NUMBER) -> int:
    if not word.isdigit() or len(word) > 19:
        raise BadFrame("no number")
    number = int(word)
    if number > most:
        raise BadFrame("a number is too large")
    return number


def _read_id(word: bytes) -> bytes:
    if not _NODE_ID.match(word):
        raise BadFrame("no node")
    return word


def _read_address(word: bytes) -> bytes:
    if word == b"-":
        return b""
    if not _ADDRESS.match(word):
        raise BadFrame("no address")
    return word


def _slots(ranges: Ranges) -> bytes:
    if not ranges:
        return b"-"
    if len(ranges) < BITMAP_TEXT // 12:
        return b",".join([format_range(first, last) for first, last in ranges])
    bitmap = bytearray(BITMAP_BYTES)
    for slot in slots_in(ranges):
        bitmap[slot >> 3] |= 1 << (slot & 7)
    return b"~" + b2a_base64(bytes(bitmap), newline=False)


def _read_slots(word: bytes) -> Ranges:
    if word == b"-":
        return ()
    if word.startswith(b"~"):
        bitmap = _read_base64(word[1:])
        if len(bitmap) != BITMAP_BYTES:
            raise BadFrame("a bitmap of the wrong size")
        return ranges_of([slot for slot in range(SLOTS) if bitmap[slot >> 3] >> (slot & 7) & 1])
    found: list[tuple[int, int]] = []
    next_slot = 0
    for part in word.split(b","):
        low, dash, high = part.partition(b"-")
        first = _read_number(low, SLOTS - 1)
        last = _read_number(high, SLOTS - 1) if dash else first
        if first < next_slot or last < first:
            raise BadFrame("slots are not in order")
        found.append((first, last))
        next_slot = last + 2  # what touches is one range
    return tuple(found)


# -- headers

HEADER_WORDS: Final = 17


def _header(header: Header) -> bytes:
    marks = header.is_up | header.is_paused << 1 | header.is_forced << 2
    return b"%s %d %d %d %d %s %s %s %s %s %d %d %d %s %d %s" % (
        header.node_id, header.flags, header.port, header.tls_port, header.bus_port, header.ip or b"-",
        _text(header.hostname), _text(header.human_name), header.shard_id, header.primary_id or b"-",
        header.current_epoch, header.config_epoch, header.offset, _slots(header.slots), marks,
        _client(header.client),
    )  # fmt: skip


def _client(client: ClientAddress) -> bytes:
    if client == AS_NODES_DO:
        return b"-"
    return b"%s,%s,%d,%d" % (client.ipv4 or b"-", client.ipv6 or b"-", client.port, client.tls_port)


def _read_client(word: bytes) -> ClientAddress:
    if word == b"-":
        return AS_NODES_DO
    fields = word.split(b",")
    if len(fields) != 4:
        raise BadFrame("an address for clients of the wrong form")
    return ClientAddress(
        _read_address(fields[0]),
        _read_address(fields[1]),
        _read_number(fields[2], 65535),
        _read_number(fields[3], 65535),
    )


def _read_header(words: list[bytes]) -> Header:
    marks = _read_number(words[16], 7)
    return Header(
        _read_id(words[2]),
        _read_number(words[3], 0xFFFF),
        _read_number(words[4], 65535),
        _read_number(words[5], 65535),
        _read_number(words[6], 65535),
        _read_address(words[7]),
        _read_text(words[8]),
        _read_text(words[9]),
        _read_id(words[10]),
        b"" if words[11] == b"-" else _read_id(words[11]),
        _read_number(words[12]),
        _read_number(words[13]),
        _read_number(words[14]),
        _read_slots(words[15]),
        bool(marks & 1),
        bool(marks & 2),
        bool(marks & 4),
        _read_client(words[17]),
    )


# -- lines


def encode(message: Message) -> list[bytes]:
    """The lines of a message: one, but for what is published."""
    header = _header(message.header)
    match message:
        case Ping(kind=kind, gossip=gossip):
            line = b"%s %s %s" % (VERSION, _KINDS[kind], header)
            return [_with_gossip(line, gossip)]
        case Fail(node_id=node_id):
            return [b"%s FAIL %s %s" % (VERSION, header, node_id)]
        case VoteRequest():
            return [b"%s ASKVOTE %s" % (VERSION, header)]
        case Vote():
            return [b"%s VOTE %s" % (VERSION, header)]
        case Update(node_id=node_id, config_epoch=epoch, slots=slots):
            return [b"%s UPDATE %s %s %d %s" % (VERSION, header, node_id, epoch, _slots(slots))]
        case StartFailover():
            return [b"%s FAILOVER %s" % (VERSION, header)]
        case Publish():
            return _published(header, message)


def _with_gossip(line: bytes, gossip: list[Gossip]) -> bytes:
    parts = [line]
    size = len(line)
    for entry in gossip:
        part = b"%s,%s,%d,%d,%d,%d,%d" % (
            entry.node_id, entry.ip or b"-", entry.port, entry.tls_port, entry.bus_port, entry.flags,
            entry.pong_age_ms + 1,
        )  # fmt: skip
        size += len(part) + 1
        if size > MAX_LINE:
            break
        parts.append(part)
    return b" ".join(parts)


def _published(header: bytes, message: Publish) -> list[bytes]:
    data = b"%d %s" % (len(message.channel), message.channel) + message.message
    pieces = [data[at : at + PIECE] for at in range(0, len(data), PIECE)]
    last = len(pieces) - 1
    return [
        b"%s PUBLISH %s %d %d %s" % (VERSION, header, message.is_sharded, at != last, b2a_base64(piece, newline=False))
        for at, piece in enumerate(pieces)
    ]


def _read_gossip(word: bytes) -> Gossip:
    fields = word.split(b",")
    if len(fields) != 7:
        raise BadFrame("gossip of the wrong form")
    return Gossip(
        _read_id(fields[0]),
        _read_address(fields[1]),
        _read_number(fields[2], 65535),
        _read_number(fields[3], 65535),
        _read_number(fields[4], 65535),
        _read_number(fields[5], 0xFFFF),
        _read_number(fields[6]) - 1 if fields[6] != b"0" else NO_AGE,
    )


class Decoder:
    """The lines of one link to messages.  `is_known` tells whose pieces of published messages are kept."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._held = 0

    def decode(self, line: bytes, is_known: bool) -> Message | None:
        """None when a piece of a longer message came.  Raises `BadFrame`."""
        words = line.split(b" ")
        if words[0] != VERSION:
            raise BadFrame("another version of the bus")
        if len(words) < HEADER_WORDS + 1:
            raise BadFrame("too short")
        kind = words[1]
        header = _read_header(words)
        rest = words[HEADER_WORDS + 1 :]
        if kind in _KINDS:
            if len(rest) > MOST_GOSSIP:
                raise BadFrame("too much gossip")
            return Ping(header, _KINDS.index(kind), [_read_gossip(word) for word in rest])
        wanted = {b"FAIL": 1, b"ASKVOTE": 0, b"VOTE": 0, b"FAILOVER": 0, b"UPDATE": 3, b"PUBLISH": 3}.get(kind)
        if wanted != len(rest):
            raise BadFrame("a frame of the wrong form")
        if kind == b"FAIL":
            return Fail(header, _read_id(rest[0]))
        if kind == b"ASKVOTE":
            return VoteRequest(header)
        if kind == b"VOTE":
            return Vote(header)
        if kind == b"FAILOVER":
            return StartFailover(header)
        if kind == b"UPDATE":
            return Update(header, _read_id(rest[0]), _read_number(rest[1]), _read_slots(rest[2]))
        return self._read_piece(header, rest, is_known)

    def _read_piece(self, header: Header, rest: list[bytes], is_known: bool) -> Message | None:
        is_sharded = _read_number(rest[0], 1)
        more = _read_number(rest[1], 1)
        piece = _read_base64(rest[2])
        if not is_known:
            return None
        self._held += len(piece)
        if self._held > MOST_PUBLISHED + PIECE:
            raise BadFrame("too long a message")
        self._pieces.append(piece)
        if more:
            return None
        data = b"".join(self._pieces)
        self._pieces = []
        self._held = 0
        length, space, body = data.partition(b" ")
        size = _read_number(length, len(body)) if space else -1
        if size < 0:
            raise BadFrame("a published message of the wrong form")
        return Publish(header, body[:size], body[size:], bool(is_sharded))


def sender_of(line: bytes) -> bytes:
    """The name of who wrote a line, unchecked."""
    words = line.split(b" ", 3)
    return words[2] if len(words) > 2 else b""
