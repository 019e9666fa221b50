"""Applying a primary's stream: its commands are run by a session of their own, whatever holds for clients.

What counts is `applied`: the offset after the last command that is done.  Inside of MULTI nothing is done, so a link
that breaks there goes on from before the MULTI.  The bytes that were applied are handed on, as they came, to those
who follow us: so that offsets mean the same everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from miniredis.commands.declaration import WRITE
from miniredis.dispatch.executor import Engine
from miniredis.dispatch.gates import GATE_PRIMARY_LINK, GATE_WRITES_REFUSED
from miniredis.dispatch.port import Port
from miniredis.dispatch.session import REPLY_OFF, Session
from miniredis.dispatch.write_refusals import disk_refuses_writes
from miniredis.keyspace.database import EXPIRE_HIDE, EXPIRE_IGNORE
from miniredis.resp.errors import ReplyError


class PrimaryPort(Port):
    """The way out of the session that applies the stream: it answers nothing."""

    def __init__(self, cut: Callable[[str], None]) -> None:
        super().__init__()
        self.cut = cut

    def close(self, abort: bool) -> None:
        self.cut("closed by a client")


class PrimaryStream:
    """What comes over one link, applied from `offset` on.

    `proceed` raises ProtocolError where the stream makes no sense.
    """

    def __init__(
        self, engine: Engine, session: Session, offset: int, pass_on: Callable[[bytes], None], ask: Callable[[], None]
    ) -> None:
        self.engine: Engine = engine
        self.session: Session = session
        #: Takes the bytes that were applied.
        self.pass_on: Callable[[bytes], None] = pass_on
        #: REPLCONF GETACK was read, and counts as applied when this is called.
        self.ask: Callable[[], None] = ask
        self.applied: int = offset
        self.received: int = offset
        self.failed_commands: int = 0
        self.last_failure: str = ""
        #: Our disk fails, and what comes must not be applied without it: the server ends.
        self.is_stopped = False
        self._warned_ms: int = NEVER_MS
        self._pending: list[bytes] = []  # received, not passed on yet
        self._block: list[list[bytes]] | None = None
        take_over(session)

    def feed(self, data: bytes) -> None:
        """Bytes from the link; run by `proceed`."""
        self.received += len(data)
        self._pending.append(data)
        self.session.decoder.feed(data)

    def proceed(self, most: int) -> bool:
        """Run up to `most` commands; whether more may be ready."""
        engine = self.engine
        session = self.session
        if session.closed or self.is_stopped:
            return False
        decoder = session.decoder
        keyspace = engine.keyspace
        is_replica = engine.is_replica
        if is_replica:
            # The primary decides when keys go.
            keyspace.set_expire_policy(EXPIRE_IGNORE)
        session.active_ms = keyspace.clock.now_ms
        timer = engine.timer
        timer.begin()
        more = False
        try:
            while True:
                if most <= 0:
                    more = True
                    break
                argv = decoder.next()
                if argv is None:
                    break
                most -= 1
                session.commands_run += 1
                name = argv[0]
                length = len(name)
                if length == 5 and name.upper() == b"MULTI":
                    self._block = []
                    continue
                block = self._block
                if block is not None:
                    if length == 4 and name.upper() == b"EXEC":
                        if engine.gates & GATE_WRITES_REFUSED and self._fails_with_disk(block):
                            break
                        self._block = None
                        self._mark()
                        self._run_block(block)
                    else:
                        block.append(argv)
                    continue
                if engine.gates & GATE_WRITES_REFUSED and self._fails_with_disk([argv]):
                    break
                self._mark()
                if length == 8 and name.upper() == b"REPLCONF":
                    self._replconf(argv)
                else:
                    self._run(argv)
            if self._block is None and not self.is_stopped and decoder.is_idle():
                self.applied = self.received  # blank lines at the end, too
        finally:
            timer.end()
            if is_replica and engine.is_replica:
                keyspace.set_expire_policy(EXPIRE_HIDE)
            self._pass_on()
        return more

    def db_index(self) -> int:
        """The database that the stream is in, after what was applied."""
        return self.session.context.db.index

    def waiting_bytes(self) -> int:
        """Received but not run yet."""
        return self.received - self.applied

    def _mark(self) -> None:
        """The command that was read last counts as applied."""
        decoder = self.session.decoder
        self.applied = self.received - (len(decoder.data) - int(decoder.position))

    def _fails_with_disk(self, commands: list[list[bytes]]) -> bool:
        """Whether these would change data that our failing disk cannot keep, and nobody has said that it need not."""
        engine = self.engine
        if not disk_refuses_writes(engine) or not any(self._writes(argv) for argv in commands):
            return False
        if engine.config.flag("replica-ignore-disk-write-errors"):
            now_ms = engine.time.monotonic_ns() // 1_000_000
            if now_ms - self._warned_ms >= WARNING_MS:
                self._warned_ms = now_ms
                engine.log("warning", "Replica is applying a command even though it is unable to write to disk.")
            return False
        self.is_stopped = True
        engine.give_up("Replica was unable to write command to disk.")
        return True

    def _writes(self, argv: list[bytes]) -> bool:
        command = self.engine.commands.look_up(argv)
        return command is not None and bool(command.flags & WRITE)

    def _run(self, argv: list[bytes]) -> None:
        reply = self.engine.execute(self.session, argv)
        if isinstance(reply, ReplyError):
            self._note_failure(argv, reply)

    def _run_block(self, block: list[list[bytes]]) -> None:
        self.engine.begin_block()
        try:
            for argv in block:
                self._run(argv)
        finally:
            self.engine.end_block()
            # There is no command around the block whose effects it would end.
            self.engine.effects.clear()

    def _replconf(self, argv: list[bytes]) -> None:
        if len(argv) == 3 and argv[1].lower() == b"getack":
            self._pass_on()
            self.ask()

    def _note_failure(self, argv: list[bytes], reply: ReplyError) -> None:
        self.failed_commands += 1
        self.last_failure = reply.message.decode("utf-8", "replace")
        name = argv[0].decode("utf-8", "replace")
        if self.failed_commands <= FAILURES_TOLD:
            self.engine.log(
                "warning",
                f"== CRITICAL == This replica cannot execute what its primary sent: '{name}': {self.last_failure}",
            )

    def _pass_on(self) -> None:
        """Hand on what was applied since the last time, in one piece."""
        waiting = sum([len(piece) for piece in self._pending])
        count = waiting - (self.received - self.applied)
        if count <= 0:
            return
        data = self._pending[0] if len(self._pending) == 1 else b"".join(self._pending)
        if count < len(data):
            self._pending = [data[count:]]
            data = data[:count]
        else:
            self._pending = []
        self.pass_on(data)


#: How often it is told that commands are applied without a disk.
WARNING_MS: Final = 10_000
NEVER_MS: Final = -WARNING_MS
#: Later ones are only counted: a primary that sends what we lack may do so in every command.
FAILURES_TOLD: Final = 20


def take_over(session: Session) -> None:
    """Make a session one that obeys its primary."""
    session.gates = GATE_PRIMARY_LINK
    session.is_primary = True
    session.set_reply_mode(REPLY_OFF)
    session.context.may_block = False
    session.decoder.authenticated = True
    session.decoder.may_split = False  # offsets are counted request by request
