"""Runs the commands of a log: what the append-only file holds."""

from __future__ import annotations

from miniredis.dispatch.executor import Engine
from miniredis.dispatch.gates import GATE_PRIMARY_LINK
from miniredis.dispatch.port import Port
from miniredis.dispatch.session import Session
from miniredis.formats.aof import COMMAND, AofReader
from miniredis.formats.errors import FormatError
from miniredis.resp.errors import ReplyError


class LogReplay:
    """A transaction runs once all of it is there, everything else at once; replies are dropped."""

    def __init__(self, engine: Engine) -> None:
        self.commands: int = 0
        self._engine: Engine = engine
        self._session: Session = engine.own_session(Port())
        self._session.gates |= GATE_PRIMARY_LINK
        self._session.context.may_block = False
        self._block: list[list[bytes]] | None = None

    def begin(self) -> None:
        """A new file: database 0, no transaction."""
        self._session.context.db = self._engine.keyspace.databases[0]
        self._block = None

    def run(self, log: AofReader, most: int) -> int:
        """Run up to `most` commands; the event of the reader that is none, or COMMAND when there may be more."""
        while most > 0:
            event = log.next_event()
            if event != COMMAND:
                return event
            most -= 1
            self._take(log.argv)
        return COMMAND

    def _take(self, argv: list[bytes]) -> None:
        name = argv[0]
        length = len(name)
        if length == 5 and name.upper() == b"MULTI":
            self._block = []
        elif length == 4 and self._block is not None and name.upper() == b"EXEC":
            block = self._block
            self._block = None
            for each in block:
                self._run(each)
        elif self._block is not None:
            self._block.append(argv)
        else:
            self._run(argv)

    def _run(self, argv: list[bytes]) -> None:
        self.commands += 1
        reply = self._engine.execute(self._session, argv)
        if isinstance(reply, ReplyError):
            self._look_at_failure(argv)

    def _look_at_failure(self, argv: list[bytes]) -> None:
        """What failed then may fail now, but nobody logs what is no command."""
        name = argv[0].decode("latin-1")
        command = self._engine.commands.look_up(argv)
        if command is None:
            raise FormatError(f"Unknown command '{name}' reading the append only file")
        if not command.min_arguments <= len(argv) <= command.max_arguments:
            raise FormatError(f"Wrong number of arguments of '{name}' reading the append only file")
