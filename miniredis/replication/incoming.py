"""A snapshot that comes in: cut out of the link's bytes, kept or read at once, put in the place of our data.

How, by repl-diskless-load:
    disabled                          all of it into a store first; then our data goes and it is loaded
    on-empty-db, flush-before-load    our data goes and it is loaded as it comes
    swapdb                            loaded as it comes beside our data, which goes on serving until all is there

Loading is done in slices: call `step` until it returns True.
"""

from __future__ import annotations

from typing import Final

from miniredis.dispatch.executor import Engine
from miniredis.dispatch.gates import GATE_LOADING
from miniredis.dispatch.load_delay import LoadDelay
from miniredis.keyspace.database import EXPIRE_IGNORE
from miniredis.keyspace.keyspace import Keyspace
from miniredis.keyspace.snapshot import LOADED, NEED_INPUT, SnapshotLoader
from miniredis.replication.outside import Storage, Store

#: Keys or elements taken in before time is looked at.
KEYS_A_STEP: Final = 256
#: What is read of a store at once.
CHUNK: Final = 1 << 18

STORED: Final = 0
DIRECT: Final = 1
BESIDE: Final = 2


class Payload:
    """The bytes between the header and where the snapshot ends: after `size`, or at `mark`."""

    def __init__(self, size: int, mark: bytes) -> None:
        self.size: int = size
        self.mark: bytes = mark
        self.received: int = 0
        self.is_complete = False
        #: What followed the end.
        self.rest: bytes = b""
        self._tail: bytes = b""

    def feed(self, data: bytes) -> bytes:
        """The part of it that belongs to the snapshot, as far as that is sure."""
        if not self.mark:
            piece = data[: self.size - self.received]
            self.received += len(piece)
            if self.received == self.size:
                self.is_complete = True
                self.rest = data[len(piece) :]
            return piece
        data = self._tail + data
        place = data.find(self.mark)
        if place >= 0:
            self.is_complete = True
            self.rest = data[place + len(self.mark) :]
            self._tail = b""
            data = data[:place]
        else:
            kept = min(len(self.mark) - 1, len(data))
            self._tail = data[len(data) - kept :]
            data = data[: len(data) - kept]
        self.received += len(data)
        return data


class Incoming:
    """One snapshot on its way in.  FormatError and OSError from `feed` and `step` end it; then call `give_up`."""

    def __init__(self, engine: Engine, payload: Payload, storage: Storage) -> None:
        self.engine: Engine = engine
        self.payload: Payload = payload
        self.mode: int = self._choose_mode()
        self.delay: LoadDelay = LoadDelay(engine.config)
        #: Our data has been touched: without this snapshot it is not whole any more.
        self.has_begun: bool = False
        self.loaded_bytes: int = 0
        #: Handed over but not read yet.
        self.unread_bytes: int = 0
        self._store: Store | None = storage.open() if self.mode == STORED else None
        self._loader: SnapshotLoader | None = None
        self._beside: Keyspace | None = None
        self._pieces: list[bytes] = []

    def _choose_mode(self) -> int:
        config = self.engine.config
        wanted = config.text("repl-diskless-load")
        if wanted == b"swapdb":
            return BESIDE
        if wanted == b"flush-before-load" or (wanted == b"on-empty-db" and self.engine.keyspace.total_keys() == 0):
            return DIRECT
        return STORED

    def feed(self, data: bytes) -> None:
        """Bytes from the link."""
        piece = self.payload.feed(data)
        if self._store is not None:
            if piece:
                self._store.write(piece)
        elif piece:
            self._pieces.append(piece)
            self.unread_bytes += len(piece)

    def may_step(self) -> bool:
        """Whether there is something to load now."""
        if self._store is not None:
            return self.payload.is_complete
        return self.unread_bytes > 0 or self.payload.is_complete

    def aux(self) -> dict[bytes, bytes]:
        return self._loader.aux if self._loader is not None else {}

    def functions(self) -> list[bytes]:
        return self._loader.functions if self._loader is not None else []

    def keys(self) -> int:
        return self._loader.keys if self._loader is not None else 0

    # -- loading

    def step(self) -> bool:
        """Load a little; True when everything is in its place."""
        loader = self._loader
        if loader is None:
            loader = self._loader = self._begin()
        # With a delay, one by one: each is waited for.
        state = loader.run(1 if self.engine.config.int("key-load-delay") else KEYS_A_STEP)
        self.engine.effects.clear()
        if state == NEED_INPUT:
            self._feed_loader(loader)
        elif state == LOADED:
            self._finish()
            return True
        return False

    def _begin(self) -> SnapshotLoader:
        engine = self.engine
        keyspace = engine.keyspace
        self.has_begun = self.mode != BESIDE
        if self.mode == BESIDE:
            beside = Keyspace(len(keyspace.databases), keyspace.random)
            beside.values = keyspace.values
            beside.clock = keyspace.clock
            beside.set_expire_policy(EXPIRE_IGNORE)
            access = keyspace.databases[0].access
            if access is not None:
                beside.track_access(access.counts)
            self._beside = beside
            keyspace = beside
        else:
            engine.gates |= GATE_LOADING
            self._drop_our_data()
        verify = engine.config.flag("rdbchecksum")
        return SnapshotLoader(keyspace, False, verify, self.payload.size if not self.payload.mark else -1)

    def _drop_our_data(self) -> None:
        for database in self.engine.keyspace.databases:
            self.engine.keyspace.flush(database.index)

    def _feed_loader(self, loader: SnapshotLoader) -> None:
        if self._store is not None:
            piece = self._store.read(CHUNK)
        else:
            piece = b"".join(self._pieces)
            self._pieces = []
            self.unread_bytes = 0
        self.loaded_bytes += len(piece)
        if piece:
            loader.reader.feed(piece)
        elif self.payload.is_complete:
            loader.reader.finish()

    def _finish(self) -> None:
        keyspace = self.engine.keyspace
        beside = self._beside
        if beside is not None:
            counts = keyspace.memory.active
            keyspace.count_memory(False)
            for old, new in zip(keyspace.databases, beside.databases, strict=True):
                old.swap_contents(new)
                new.clear()
            keyspace.count_memory(counts)
        self._close()

    def give_up(self) -> None:
        """It failed, or is not wanted any more: what was half loaded goes."""
        if self.has_begun:
            self._drop_our_data()
        if self._beside is not None:
            for database in self._beside.databases:
                database.clear()
        self._close()

    def _close(self) -> None:
        if self.has_begun:
            self.engine.gates &= ~GATE_LOADING
        self._pieces = []
        if self._store is not None:
            self._store.close()
            self._store = None
