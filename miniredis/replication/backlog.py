"""The replication stream: its last bytes, kept once for all replicas, and the offsets that name each byte.

Offsets count bytes since the history began: `end` is the position after the last one.  The stream is what commands
leave, as they came; SELECT is put in where the database changes, MULTI and EXEC around what happens together.

A Reader is a replica's place in it.  One that keeps up (`in_step`) is handed each piece as it comes, by reference;
one that does not is left behind at its offset and fetches from here with `read`.  Bytes stay until they are older
than `size` and every reader has passed them, so that slow replicas cost the memory of the slowest only.

They stand in blocks of one size that are memory maps of their own: nothing of them is in the allocator's hands, whose
holes between thousands of pieces took a tenth more, and what a block held goes back to the system with it.  The last
few kilobytes wait in pieces, one of each client's turn: a block is written to once for hundreds of commands.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable
from typing import Final

from miniredis.dispatch.session import Session
from miniredis.dispatch.sinks import FOR_REPLICAS, LogSink, Replay
from miniredis.dispatch.state import ServerState
from miniredis.formats.aof import encode_command
from miniredis.resp.bytework import add_request

MULTI: Final[list[bytes]] = [b"MULTI"]
EXEC: Final[list[bytes]] = [b"EXEC"]
BLOCK_BYTES: Final = 256 * 1024
#: How finely what is too old is forgotten, whenever its memory goes; and what waits in pieces at most.
GRAIN_BYTES: Final = 16 * 1024


class Reader:
    """A replica's place in the stream, and the session its bytes go to."""

    def __init__(self, session: Session, offset: int) -> None:
        self.session = session
        #: The next byte it needs; only of meaning while it is not in step.
        self.offset: int = offset
        self.in_step = False


class Backlog(LogSink):
    """The stream of one server.  `state` says whether commands gather to be handed out together."""

    def __init__(self, size: int, offset: int, state: ServerState | None = None) -> None:
        self.size: int = size
        self.state: ServerState | None = state
        #: Positions of the first byte that is kept and after the last one.
        self.start: int = offset
        self.end: int = offset
        self.readers: list[Reader] = []
        #: Told when a reader fell behind: somebody has to call `fetch` for it when its peer reads again.
        self.on_behind: Callable[[], None] = _nobody
        self._in_step: list[Reader] = []
        #: All but the last are full.
        self._blocks: list[mmap.mmap] = []
        self._spare: mmap.mmap | None = None  # the last that became too old: its pages are there already
        self._base: int = offset  # position of the first byte of the first block
        self._room: int = 0  # what the last block can take yet
        self._tail: list[bytes] = []  # what is in no block yet
        self._fresh: bytearray = bytearray()  # commands that were handed to nobody yet, nor to the tail
        self._next_trim: int = offset + GRAIN_BYTES  # at this end
        self._db_index: int = -1

    # -- writing

    def concerns(self, audience: int) -> bool:
        return (audience & FOR_REPLICAS) != 0

    def append(self, db_index: int, argv: list[bytes], raw: bytes | None) -> None:
        self._add(db_index, argv, raw)
        self._added()

    def append_block(self, commands: list[Replay]) -> None:
        # Redis names the database before the block as well as within: either is understood.
        self._select(commands[0].db_index)
        self._gather(MULTI)
        for command in commands:
            self._add(command.db_index, command.argv, command.raw)
        self._gather(EXEC)
        self._added()

    def write(self, data: bytes) -> None:
        """Bytes of the stream: from a primary of ours they come ready."""
        self.hand_out()
        self.end += len(data)
        self._pass_on(data)
        if self.end >= self._next_trim:
            self.trim()

    def hand_out(self) -> None:
        fresh = self._fresh
        if fresh:
            data = bytes(fresh)
            fresh.clear()
            self._pass_on(data)

    def _select(self, db_index: int) -> None:
        if db_index != self._db_index:
            self._db_index = db_index
            self._gather([b"SELECT", b"%d" % db_index])

    def _add(self, db_index: int, argv: list[bytes], raw: bytes | None) -> None:
        self._select(db_index)
        if raw is None:
            self._gather(argv)
        else:
            self.write(raw)

    def _gather(self, argv: list[bytes]) -> None:
        added = add_request(self._fresh, argv, GRAIN_BYTES)
        if added > 0:
            self.end += added
        else:
            self.write(encode_command(argv))

    def _added(self) -> None:
        if self.end >= self._next_trim:
            self.trim()
        elif self.state is None or not self.state.gathers:
            self.hand_out()

    def _pass_on(self, data: bytes) -> None:
        """The next bytes of the stream, which `end` counts already."""
        self._tail.append(data)
        for reader in self._in_step:
            session = reader.session
            out = session.out
            if len(out) == 0:
                self._wake(reader, self.end - len(data))
                if not reader.in_step:
                    continue
            out.append(data)

    def db_index(self) -> int:
        """The database that the stream is in; -1 when the next command will say."""
        return self._db_index

    def forget_database(self) -> None:
        """Somebody begins to read here: the next command names its database."""
        self._db_index = -1

    def know_database(self, db_index: int) -> None:
        """Readers from here on are in this database already."""
        self._db_index = db_index

    def _wake(self, reader: Reader, offset: int) -> None:
        """The first piece of a turn for a reader in step; it falls behind when its peer has not taken the last."""
        port = reader.session.port
        if port.unsent_bytes() > 0:
            reader.offset = offset
            self._leave_step(reader)
            self.on_behind()
        else:
            port.wake()

    def _leave_step(self, reader: Reader) -> None:
        reader.in_step = False
        # A new list: the one that is being walked stays as it is.
        self._in_step = [each for each in self._in_step if each is not reader]

    def _store_tail(self) -> None:
        """Write to the blocks what waits for it."""
        self.hand_out()
        tail = self._tail
        data = tail[0] if len(tail) == 1 else b"".join(tail)
        tail.clear()
        done = 0
        while done < len(data):
            if self._room == 0:
                self._blocks.append(self._next_block())
                self._room = BLOCK_BYTES
            part = data if done == 0 and len(data) <= self._room else data[done : done + self._room]
            self._blocks[-1].write(part)
            self._room -= len(part)
            done += len(part)

    def _next_block(self) -> mmap.mmap:
        block = self._spare
        if block is None:
            return new_block()
        self._spare = None
        block.seek(0)
        return block

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
        """Up to `most` bytes from `offset` on; none at the end.  `holds(offset)` is the caller's care."""
        self._store_tail()
        pieces: list[bytes] = []
        most = min(most, self.end - offset)
        place, skipped = divmod(offset - self._base, BLOCK_BYTES)
        while most > 0:
            piece: bytes = self._blocks[place][skipped : min(skipped + most, BLOCK_BYTES)]
            pieces.append(piece)
            most -= len(piece)
            place += 1
            skipped = 0
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
        self._store_tail()
        wanted = self.end - self.size
        for reader in self.readers:
            if not reader.in_step and reader.offset < wanted:
                wanted = reader.offset
        self._next_trim = self.end + GRAIN_BYTES
        self.start = max(self.start, wanted - wanted % GRAIN_BYTES)
        # A block goes when all of it is older; the last one stays.
        old = min(max((wanted - self._base) // BLOCK_BYTES, 0), len(self._blocks) - 1)
        if old > 0:
            self._spare = self._blocks[old - 1]
            del self._blocks[:old]
            self._base += old * BLOCK_BYTES

    def kept_bytes(self) -> int:
        return self.end - self.start

    def _check(self) -> None:
        assert self._base <= self.start <= self.end
        waiting = sum([len(piece) for piece in self._tail]) + len(self._fresh)
        assert self._base + len(self._blocks) * BLOCK_BYTES == self.end - waiting + self._room
        assert 0 <= self._room < BLOCK_BYTES or self.end == self._base
        for reader in self.readers:
            assert reader.in_step == (reader in self._in_step)
            assert reader.in_step or self.holds(reader.offset)


def new_block() -> mmap.mmap:
    """Memory of this process's own, which no child writes to."""
    return mmap.mmap(-1, BLOCK_BYTES, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)


def _nobody() -> None:
    """Nobody was told to look."""
