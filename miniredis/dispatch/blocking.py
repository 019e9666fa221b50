"""Clients that wait for keys, served in the order in which they began to wait.

A structure only: the executor asks it which waiting client to try next and runs the attempt.
"""

from __future__ import annotations

from collections import OrderedDict

from twisted.internet.defer import Deferred

from miniredis.commands.context import Serve
from miniredis.dispatch.port import DelayedCall
from miniredis.dispatch.session import Session


class Waiter:
    """A client, the keys of one database that it waits for, and how it will be answered."""

    def __init__(
        self, session: Session, db_index: int, keys: list[bytes], serve: Serve, timeout_reply: object, on_removal: bool
    ) -> None:
        self.session = session
        self.db_index = db_index
        self.keys = keys
        self.serve = serve
        self.timeout_reply = timeout_reply
        self.on_removal = on_removal
        self.argv: list[bytes] = []
        self.deferred: Deferred[object] = Deferred()
        self.timeout: DelayedCall | None = None
        self.done = False


class WaitingClients:
    """(database, key) -> waiters in order of arrival, and the keys that were changed since they were looked at."""

    def __init__(self) -> None:
        # Ordered dicts: the first entry of a plain one is only found past all that were removed before it.
        self._by_key: dict[tuple[int, bytes], OrderedDict[Waiter, None]] = {}
        self._removal_keys: dict[tuple[int, bytes], int] = {}
        self._ready: dict[tuple[int, bytes], None] = {}
        self.waiters: dict[int, Waiter] = {}  # client id -> what it waits for

    def is_empty(self) -> bool:
        return len(self.waiters) == 0

    def count(self) -> int:
        return len(self.waiters)

    def keys_waited_for(self) -> int:
        return len(self._by_key)

    def removal_keys_waited_for(self) -> int:
        """Keys whose removal somebody wants to know of."""
        return len(self._removal_keys)

    def add(self, waiter: Waiter) -> None:
        self.waiters[waiter.session.id] = waiter
        for key in waiter.keys:
            place = (waiter.db_index, key)
            self._by_key.setdefault(place, OrderedDict())[waiter] = None
            if waiter.on_removal:
                self._removal_keys[place] = self._removal_keys.get(place, 0) + 1

    def remove(self, waiter: Waiter) -> None:
        if self.waiters.get(waiter.session.id) is waiter:
            del self.waiters[waiter.session.id]
        for key in waiter.keys:
            place = (waiter.db_index, key)
            at_key = self._by_key.get(place)
            if at_key is None or waiter not in at_key:
                continue
            del at_key[waiter]
            if not at_key:
                del self._by_key[place]
            if waiter.on_removal:
                left = self._removal_keys[place] - 1
                if left == 0:
                    del self._removal_keys[place]
                else:
                    self._removal_keys[place] = left
        waiter.done = True
        if waiter.timeout is not None and waiter.timeout.active():
            waiter.timeout.cancel()

    def key_changed(self, db_index: int, key: bytes) -> None:
        """Note a changed key, if anybody waits for it."""
        place = (db_index, key)
        if place in self._by_key:
            self._ready[place] = None

    def database_changed(self, db_index: int) -> None:
        """All keys of a database may have changed (SWAPDB, FLUSHDB)."""
        for place in self._by_key:
            if place[0] == db_index:
                self._ready[place] = None

    def has_ready(self) -> bool:
        return len(self._ready) > 0

    def take_ready(self) -> list[tuple[int, bytes]]:
        """The keys to look at now, in the order in which they were changed."""
        ready = list(self._ready)
        self._ready.clear()
        return ready

    def at(self, db_index: int, key: bytes) -> OrderedDict[Waiter, None] | None:
        """The clients that wait for a key, longest first."""
        return self._by_key.get((db_index, key))

    def wants_removal(self, db_index: int, key: bytes) -> bool:
        return (db_index, key) in self._removal_keys

    def _check(self) -> None:
        for place, waiters in self._by_key.items():
            assert waiters
            for waiter in waiters:
                assert waiter.db_index == place[0]
                assert place[1] in waiter.keys
                assert self.waiters[waiter.session.id] is waiter
            removals = sum(waiter.on_removal for waiter in waiters)
            assert removals == self._removal_keys.get(place, 0)
