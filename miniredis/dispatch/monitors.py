"""MONITOR's clients, and what they are shown."""

from __future__ import annotations

from miniredis.commands.declaration import ADMIN, SKIP_MONITOR, Command
from miniredis.dispatch.secrets import without_secrets
from miniredis.dispatch.session import REPLY_OFF, Session
from miniredis.dispatch.state import ServerState


class Monitors:
    """The clients that are shown every command."""

    def __init__(self, state: ServerState) -> None:
        self.state = state
        self.sessions: list[Session] = []

    def add(self, session: Session) -> None:
        if session.is_monitor:
            return
        session.is_monitor = True
        session.on_closed.append(self.remove)
        self.sessions.append(session)
        if len(self.sessions) == 1:
            self.state.on_call.append(self.show)

    def remove(self, session: Session) -> None:
        if session.is_monitor:
            session.is_monitor = False
            self.sessions.remove(session)
            session.on_closed.remove(self.remove)
            if not self.sessions:
                self.state.on_call.remove(self.show)

    def show(self, session: Session, command: Command, argv: list[bytes]) -> None:
        if not command.flags & (SKIP_MONITOR | ADMIN):
            self._show(session, command, argv)

    def show_script(self, session: Session, command: Command, argv: list[bytes]) -> None:
        """A script is about to run: it is shown before its commands."""
        if self.sessions:
            self._show(session, command, argv)

    def _show(self, session: Session, command: Command, argv: list[bytes]) -> None:
        now_us = self.state.wall_us()
        peer = session.port.peer or b"lua"
        line = b"+%d.%06d [%d %b]" % (now_us // 1_000_000, now_us % 1_000_000, session.context.db.index, peer)
        for argument in without_secrets(command, argv):
            line += b' "' + escaped(argument) + b'"'
        data = line + b"\r\n"
        for monitor in self.sessions:
            if monitor.reply_mode != REPLY_OFF:
                monitor.push(data)


def escaped(argument: bytes) -> bytes:
    """`argument` in printable ASCII, as within quotes."""
    shown = b""
    for byte in argument:
        if byte in (34, 92):
            shown += b"\\" + bytes([byte])
        elif 32 <= byte < 127:
            shown += bytes([byte])
        else:
            shown += {10: b"\\n", 13: b"\\r", 9: b"\\t", 7: b"\\a", 8: b"\\b"}.get(byte, b"\\x%02x" % byte)
    return shown
