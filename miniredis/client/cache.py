"""Client-side caching: replies that are kept until the server says that a key they depend on has changed.

The server remembers what this connection has read (CLIENT TRACKING) and pushes invalidations.  A reply that was under
way when the invalidation of its key came is given to its caller and not kept.  Without a connection nothing would be
heard, so the cache is emptied when it is lost.  The oldest by use are dropped above `size` replies.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

Command = tuple[bytes, ...]


def own_copy(reply: Any) -> Any:
    return deepcopy(reply) if isinstance(reply, list | dict | set) else reply


class Cache:
    """Replies by command, and the commands of each key."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._replies: OrderedDict[Command, tuple[Any, list[bytes]]] = OrderedDict()
        self._commands: dict[bytes, set[Command]] = {}
        #: Of keys that are being read: how many readers, and how many changes were told meanwhile.
        self._reading: dict[bytes, list[int]] = {}
        self._epoch = 0
        self.hits = 0
        self.misses = 0
        self.invalidations = 0

    def __len__(self) -> int:
        return len(self._replies)

    def get(
        self, words: list[bytes], keys: list[bytes], execute: Callable[[list[bytes]], Deferred[Any]]
    ) -> Deferred[Any]:
        """The reply kept for `words`, or that of `execute`."""
        command = (words[0].upper(), *words[1:])
        kept = self._replies.get(command)
        if kept is not None:
            self._replies.move_to_end(command)
            self.hits += 1
            # Callers may change what they get.
            return succeed(own_copy(kept[0]))
        self.misses += 1
        epoch = self._epoch
        for key in keys:
            self._reading.setdefault(key, [0, 0])[0] += 1
        before = [self._reading[key][1] for key in keys]

        def over(result: Any) -> Any:
            after = [self._reading[key][1] for key in keys]
            for key in keys:
                self._reading[key][0] -= 1
                if not self._reading[key][0]:
                    del self._reading[key]
            if after == before and epoch == self._epoch and not isinstance(result, Failure):
                self._keep(command, keys, own_copy(result))
            return result

        return execute(words).addBoth(over)

    def _keep(self, command: Command, keys: list[bytes], reply: Any) -> None:
        self._replies[command] = (reply, keys)
        for key in keys:
            self._commands.setdefault(key, set()).add(command)
        while len(self._replies) > self._size:
            oldest, (_, its_keys) = self._replies.popitem(last=False)
            for key in its_keys:
                self._forget(key, oldest)

    def _forget(self, key: bytes, command: Command) -> None:
        commands = self._commands.get(key)
        if commands is not None:
            commands.discard(command)
            if not commands:
                del self._commands[key]

    def receive(self, items: list[object]) -> None:
        """A push of the server."""
        if items[0] != b"invalidate" or len(items) < 2:
            return
        keys = items[1]
        if not isinstance(keys, list):  # null: everything (FLUSHALL)
            self.clear()
            return
        for key in keys:
            self.invalidations += 1
            if key in self._reading:
                self._reading[key][1] += 1
            for command in self._commands.pop(key, ()):
                kept = self._replies.pop(command, None)
                for other in kept[1] if kept is not None else []:
                    self._forget(other, command)

    def clear(self) -> None:
        self._epoch += 1
        self._replies.clear()
        self._commands.clear()
