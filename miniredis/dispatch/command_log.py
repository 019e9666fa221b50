"""The command logs: slow commands, large requests, large replies; SLOWLOG and COMMANDLOG show them.

Passwords and the like do not get in: a command that carries secrets shows none of its arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from miniredis.commands.declaration import SKIP_COMMANDLOG, Command
from miniredis.dispatch.rules import Rule
from miniredis.dispatch.secrets import without_secrets
from miniredis.dispatch.session import Session
from miniredis.resp.encoder import encode_reply

SLOW: Final = 0
LARGE_REQUEST: Final = 1
LARGE_REPLY: Final = 2
KINDS: Final[dict[bytes, int]] = {b"slow": SLOW, b"large-request": LARGE_REQUEST, b"large-reply": LARGE_REPLY}

MOST_ARGUMENTS: Final = 32
#: A reply of more chunks is first judged by some of them.
CHUNKS_LOOKED_AT: Final = 32
CHUNK_STEP: Final = 7  # replies repeat in threes
LONGEST_ARGUMENT: Final = 128
#: Where a command comes from that no connection sent: a script's.
NOBODY: Final = b"?:0"


class LoggedCommand:
    """One entry.  `amount`: microseconds or bytes, by the kind of log."""

    def __init__(
        self, number: int, time_s: int, amount: int, argv: list[bytes], peer: bytes, client_name: bytes
    ) -> None:
        self.number = number
        self.time_s = time_s
        self.amount = amount
        self.argv = argv
        self.peer = peer
        self.client_name = client_name

    def reply(self) -> list[object]:
        return [self.number, self.time_s, self.amount, list[object](self.argv), self.peer, self.client_name]


def shortened(argv: list[bytes]) -> list[bytes]:
    """At most 32 arguments of at most 128 bytes, with a note of what was cut."""
    kept = argv
    left = 0
    if len(argv) > MOST_ARGUMENTS:
        kept = argv[: MOST_ARGUMENTS - 1]
        left = len(argv) - len(kept)
    shown: list[bytes] = []
    for argument in kept:
        if len(argument) > LONGEST_ARGUMENT:
            more = len(argument) - LONGEST_ARGUMENT
            shown.append(argument[:LONGEST_ARGUMENT] + b"... (%d more bytes)" % more)
        else:
            shown.append(argument)
    if left:
        shown.append(b"... (%d more arguments)" % left)
    return shown


class SmallRequests(Rule):
    """Refuses nothing: logs requests that came in one piece, while the log's bound is so low that they count.

    Requests that came in pieces are noted before they are run, whatever the bound is."""

    def __init__(self, note: Callable[[Session, list[bytes]], None]) -> None:
        self.note = note

    def apply(self, session: Session, command: Command, argv: list[bytes]) -> object:
        if session.decoder.whole:
            self.note(session, argv)
        return None


class CommandLog:
    """The three logs of a server, newest entry first."""

    def __init__(self) -> None:
        self.entries: list[list[LoggedCommand]] = [[], [], []]
        self.longest: list[int] = [128, 128, 128]
        self._next: list[int] = [0, 0, 0]

    def note(self, kind: int, session: Session, command: Command, argv: list[bytes], amount: int) -> None:
        if command.flags & SKIP_COMMANDLOG or self.longest[kind] == 0:
            return
        entry = LoggedCommand(
            self._next[kind],
            session.context.now_ms // 1000,
            amount,
            shortened(without_secrets(command, argv)),
            session.port.peer or NOBODY,
            session.name,
        )
        self._next[kind] += 1
        self.entries[kind].insert(0, entry)
        del self.entries[kind][self.longest[kind] :]

    def look_at_bulk(self, session: Session, argv: list[bytes], reply: bytes, bound: int) -> None:
        """Note a bulk string that is large with its header and its end."""
        size = len(encode_reply(reply, 2))
        if size >= bound and session.last_command is not None:
            self.note(LARGE_REPLY, session, session.last_command, argv, size)

    def look_at_reply(self, session: Session, argv: list[bytes], before: int, bound: int) -> None:
        """Note a large reply of several chunks, those of the output from `before` on; of many a few are seen first."""
        out = session.out
        count = len(out) - before
        step = 1 if count <= CHUNKS_LOOKED_AT else CHUNK_STEP
        sampled = 0
        seen = 0
        at = before
        while at < before + count:
            sampled += len(out[at])
            seen += 1
            at += step
        # Twice what is estimated, so that none is overlooked that is near the bound.
        if 2 * sampled * count >= bound * seen:
            size = sum([len(chunk) for chunk in out[before:]])
            if size >= bound and session.last_command is not None:
                self.note(LARGE_REPLY, session, session.last_command, argv, size)

    def resize(self, kind: int, longest: int) -> None:
        self.longest[kind] = longest
        del self.entries[kind][longest:]

    def reset(self, kind: int) -> None:
        self.entries[kind].clear()
