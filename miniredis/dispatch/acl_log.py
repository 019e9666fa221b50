"""ACL LOG: what was refused, newest first; the same refusal within a minute counts on one entry."""

from __future__ import annotations

from typing import Final

from miniredis.resp.numbers import format_double
from miniredis.resp.replies import Double, MapReply

#: Only so many of the newest entries are looked at for one to count on.
ENTRIES_COMPARED: Final = 10
GROUPING_MS: Final = 60_000


class Refusal:
    """`reason`: command, key, channel, auth.  `context`: toplevel, multi, lua, module."""

    def __init__(
        self, number: int, reason: bytes, context: bytes, shown: bytes, user: bytes, client: bytes, now_ms: int
    ) -> None:
        self.number = number
        self.reason = reason
        self.context = context
        self.shown = shown
        self.user = user
        self.client = client
        self.created_ms = now_ms
        self.updated_ms = now_ms
        self.count = 1

    def is_like(self, other: Refusal) -> bool:
        return (
            self.reason == other.reason
            and self.context == other.context
            and self.shown == other.shown
            and self.user == other.user
            and other.created_ms - self.updated_ms <= GROUPING_MS
        )

    def reply(self, now_ms: int) -> MapReply:
        return MapReply(
            [
                b"count",
                self.count,
                b"reason",
                self.reason,
                b"context",
                self.context,
                b"object",
                self.shown,
                b"username",
                self.user,
                b"age-seconds",
                Double(format_double(max(now_ms - self.updated_ms, 0) / 1000)),
                b"client-info",
                self.client,
                b"entry-id",
                self.number,
                b"timestamp-created",
                self.created_ms,
                b"timestamp-last-updated",
                self.updated_ms,
            ]
        )


class AccessLog:
    """The refusals of one server."""

    def __init__(self) -> None:
        self.entries: list[Refusal] = []
        self.longest: int = 128
        self._next: int = 0

    def note(self, reason: bytes, context: bytes, shown: bytes, user: bytes, client: bytes, now_ms: int) -> None:
        refusal = Refusal(self._next, reason, context, shown, user, client, now_ms)
        for at, known in enumerate(self.entries[:ENTRIES_COMPARED]):
            if known.is_like(refusal):
                known.count += 1
                known.updated_ms = now_ms
                known.client = client
                del self.entries[at]
                self.entries.insert(0, known)
                return
        self._next += 1
        self.entries.insert(0, refusal)
        del self.entries[self.longest :]

    def resize(self, longest: int) -> None:
        self.longest = longest
        del self.entries[longest:]

    def reset(self) -> None:
        self.entries.clear()
