"""The replication stream: its last bytes, kept once for all replicas, and the offsets that name each byte.

Offsets count bytes since the history began: `end` is the position after the last one.  The stream is what commands
leave, as they came; SELECT is put in where the database changes, MULTI and EXEC around what happens together.

A Reader is a replica's place in it.  One that keeps up (`in_step`) is handed each piece as it comes, by reference;
one that does not is left behind at its offset and fetches from here with `read`.  Bytes stay until they are older
than `size` and every reader has passed them, so that slow replicas cost the memory of the slowest only.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from typing import Final

from miniredis.dispatch.session import Session
from miniredis.dispatch.sinks import LogSink, Replay
from miniredis.formats.aof import encode_command

MULTI: Final = b"*1\r\n$5\r\nMULTI\r\n"
EXEC: Final = b"*1\r\n$4\r\nEXEC\r\n"
#: Pieces are joined into blocks of at least this many bytes.
BLOCK_BYTES: Final = 16 * 1024
#: So many blocks may be passed before their places in the list are given back.
DEAD_BLOCKS: Final = 64


class Reader:
    """A replica's place in the stream, and the session its bytes go to."""

    def __init__(self, session: Session, offset: int) -> None:
        self.session = session
        #: The next byte it needs; only of meaning while it is not in step.
        self.offset: int = offset
        self.in_step = False


class Backlog(LogSink):
    """The stream of one server."""

    def __init__(self, size: int, offset: int) -> None:
        self.size: int = size
        #: Positions of the first byte that is kept and after the last one.
        self.start: int = offset
        self.end: int = offset
        self.readers: list[Reader] = []
        #: Told when a reader fell behind: somebody has to call `fetch` for it when its peer reads again.
        self.on_behind: Callable[[], None] = _nobody
        self._in_step: list[Reader] = []
        self._starts: list[int] = []
        self._blocks: list[bytes] = []
        self._first: int = 0  # place of the first block that is kept
        self._parts: list[bytes] = []  # the last block, not joined yet
        self._part_bytes: int = 0
        self._db_index: int = -1

    # -- writing

    def append(self, db_index: int, argv: list[bytes], raw: bytes | None) -> None:
        if db_index != self._db_index:
            self._db_index = db_index
            self.write(encode_command([b"SELECT", b"%d" % db_index]))
        if raw is None:
            raw = encode_command(argv)
        self.write(raw)

    def append_block(self, commands: list[Replay]) -> None:
        # Redis names the database before the block as well as within: either is understood.
        if commands[0].db_index != self._db_index:
            self._db_index = commands[0].db_index
            self.write(encode_command([b"SELECT", b"%d" % self._db_index]))
        self.write(MULTI)
        for command in commands:
            self.append(command.db_index, command.argv, command.raw)
        self.write(EXEC)

    def write(self, data: bytes) -> None:
        """Bytes of the stream: from a primary of ours they come ready."""
        size = len(data)
        self._parts.append(data)
        self._part_bytes += size
        for reader in self._in_step:
            session = reader.session
            out = session.out
            if len(out) == 0:
                self._wake(reader)
                if not reader.in_step:
                    continue
            out.append(data)
        self.end += size
        if self._part_bytes >= BLOCK_BYTES:
            self._seal()

    def db_index(self) -> int:
        """The database that the stream is in; -1 when the next command will say."""
        return self._db_index

    def forget_database(self) -> None:
        """Somebody begins to read here: the next command names its database."""
        self._db_index = -1

    def know_database(self, db_index: int) -> None:
        """Readers from here on are in this database already."""
        self._db_index = db_index

    def _wake(self, reader: Reader) -> None:
        """The first piece of a turn for a reader in step; it falls behind when its peer has not taken the last."""
        port = reader.session.port
        if port.unsent_bytes() > 0:
            reader.offset = self.end
            self._leave_step(reader)
            self.on_behind()
        else:
            port.wake()

    def _leave_step(self, reader: Reader) -> None:
        reader.in_step = False
        # A new list: the one that is being walked stays as it is.
        self._in_step = [each for each in self._in_step if each is not reader]

    def _seal(self) -> None:
        self._starts.append(self.end - self._part_bytes)
        self._blocks.append(b"".join(self._parts))
        self._parts = []
        self._part_bytes = 0
        self.trim()

    # -- reading

    def add(self, reader: Reader) -> None:
        """Keep what this reader has not read, from its offset on."""
        self.readers.append(reader)

    def remove(self, reader: Reader) -> None:
        if reader in self.readers:
            self.readers.remove(reader)
        self._leave_step(reader)

    def holds(self, offset: int) -> bool:
        """Whether a reader can go on from here."""
        return self.start <= offset <= self.end

    def read(self, offset: int, most: int) -> bytes:
        """Up to about `most` bytes from `offset` on; none at the end.  `holds(offset)` is the caller's care."""
        if self._part_bytes > 0:
            self._seal()
        if offset >= self.end:
            return b""
        place = bisect_right(self._starts, offset) - 1
        skipped = offset - self._starts[place]
        block = self._blocks[place]
        pieces = [block[skipped:] if skipped > 0 else block]
        size = len(pieces[0])
        place += 1
        while size < most and place < len(self._blocks):
            block = self._blocks[place]
            pieces.append(block)
            size += len(block)
            place += 1
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def fetch(self, reader: Reader, most: int) -> None:
        """Hand a reader that fell behind its next bytes; with the last of them it is in step again."""
        data = self.read(reader.offset, most)
        if data:
            reader.offset += len(data)
            reader.session.push(data)
        if reader.offset == self.end:
            reader.in_step = True
            self._in_step = [*self._in_step, reader]

    def unread_bytes(self, reader: Reader) -> int:
        """What is kept for this reader; not counting what was handed out."""
        return 0 if reader.in_step else self.end - reader.offset

    # -- size

    def resize(self, size: int) -> None:
        self.size = size
        self.trim()

    def trim(self) -> None:
        """Give back blocks that are too old and that nobody has to read any more."""
        wanted = self.end - self.size
        for reader in self.readers:
            if not reader.in_step and reader.offset < wanted:
                wanted = reader.offset
        first = self._first
        # A block goes when all of it is older; the last one stays.
        while first + 1 < len(self._blocks) and self._starts[first + 1] <= wanted:
            self._blocks[first] = b""
            first += 1
        self._first = first
        if first < len(self._blocks):
            self.start = max(self.start, self._starts[first])
        if first >= DEAD_BLOCKS and first * 2 >= len(self._blocks):
            del self._blocks[:first]
            del self._starts[:first]
            self._first = 0

    def kept_bytes(self) -> int:
        return self.end - self.start

    def _check(self) -> None:
        kept = self._blocks[self._first :]
        assert sum(len(block) for block in kept) + self._part_bytes == self.end - self.start
        assert sum(len(part) for part in self._parts) == self._part_bytes
        position = self.start
        for start, block in zip(self._starts[self._first :], kept, strict=True):
            assert start == position
            position += len(block)
        for reader in self.readers:
            assert reader.in_step == (reader in self._in_step)
            assert reader.in_step or self.holds(reader.offset)


def _nobody() -> None:
    """Nobody was told to look."""
