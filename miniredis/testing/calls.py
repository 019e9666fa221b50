"""What clients asked of a test server, to assert on: `server.calls`."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from miniredis.commands.declaration import Command
from miniredis.dispatch.executor import Engine
from miniredis.dispatch.session import Session

#: Older calls are forgotten.
MOST_CALLS: Final = 100_000


@dataclass(frozen=True)
class Call:
    """A command that ran; refused ones did not.  `name`: in upper case, with its subcommand ("CONFIG GET")."""

    name: str
    args: tuple[bytes, ...]
    db: int
    client_id: int
    client_name: bytes
    #: Unix time of the server, in milliseconds.
    at_ms: int


class CallLog:
    """The calls so far, oldest first; those of the test itself through `db` are not among them."""

    def __init__(self, engine: Engine, in_turn: Callable[[Callable[[], Any]], Any]) -> None:
        self._engine = engine
        self._in_turn = in_turn
        self._calls: deque[Call] = deque(maxlen=MOST_CALLS)
        engine.on_call.append(self._note)

    def _note(self, session: Session, command: Command, argv: list[bytes]) -> None:
        if session.id == 0:
            return
        words = 2 if command.container else 1
        self._calls.append(
            Call(
                command.full_name.decode().replace("|", " ").upper(),
                tuple(argv[words:]),
                session.context.db.index,
                session.id,
                session.name,
                self._engine.keyspace.clock.now_ms,
            )
        )

    def all(self) -> list[Call]:
        calls: list[Call] = self._in_turn(lambda: list(self._calls))
        return calls

    def of(self, *names: str) -> list[Call]:
        """The calls of these commands."""
        wanted = {name.upper() for name in names}
        return [call for call in self.all() if call.name in wanted]

    def names(self) -> list[str]:
        return [call.name for call in self.all()]

    def clear(self) -> None:
        self._in_turn(self._calls.clear)

    def __iter__(self) -> Iterator[Call]:
        return iter(self.all())

    def __len__(self) -> int:
        return len(self.all())
