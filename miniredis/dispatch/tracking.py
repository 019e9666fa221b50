"""Client-side caching: clients are told when keys change that they have read, or that have a prefix they named.

The table of readers holds key -> client ids, whatever the database; a key leaves it with the message about it, and
is noted again when it is read again.  The number of keys is bounded: beyond it one at random is given up, with its
message.  Clients that broadcast cost no memory for keys; they are told once a turn, all keys of a prefix in one
message.  With nobody tracking there is no table, no event is gathered and no command looks here.

What a client changes itself it is told after the reply to its command, never in the middle of it.
"""

from __future__ import annotations

from typing import Final

from miniredis.commands.declaration import PUBSUB, READONLY, Command
from miniredis.datatypes.table import Table
from miniredis.dispatch.gates import GATE_MULTI, GATE_TRACKING
from miniredis.dispatch.session import Session
from miniredis.dispatch.sinks import EventSink
from miniredis.dispatch.state import ServerState
from miniredis.dispatch.tracking_options import TrackingOptions
from miniredis.keyspace.effects import Effects
from miniredis.resp.encoder import encode_reply
from miniredis.resp.replies import Push

PUSH_HEAD: Final = b">2\r\n$10\r\ninvalidate\r\n"
MESSAGE_HEAD: Final = b"*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n"


class Prefix:
    """The clients of one prefix, and the keys that changed since they were told: key -> who changed it first."""

    def __init__(self) -> None:
        self.clients: dict[Session, None] = {}
        self.changed: dict[bytes, int] = {}


class Tracking(EventSink):
    """The readers of one server."""

    def __init__(self, state: ServerState) -> None:
        self.state = state
        #: 0: no limit.
        self.most_keys: int = 1_000_000
        self.clients: dict[int, Session] = {}
        self.readers = Table()  # key -> client id, or the set of several
        self.items: int = 0  # pairs of key and client
        self.prefixes: dict[bytes, Prefix] = {}
        self._lengths: list[int] = []  # of the prefixes: looking a key up costs one search for each
        self._is_due = False

    # -- who tracks

    def start(self, session: Session, options: TrackingOptions) -> None:
        """The client tracks, with these options in place of those it had."""
        before = session.tracking
        if before is not None:
            self._leave_prefixes(session)
            options.pending = before.pending
            options.caching_given = before.caching_given
        else:
            session.gates |= GATE_TRACKING
            session.on_closed.append(self.stop)
            self.clients[session.id] = session
            if len(self.clients) == 1:
                self.state.event_sinks.append(self)
                self.state.refresh_listening()
        session.tracking = options
        session.redirect = options.redirect
        session.tracking_letters = options.letters()
        for prefix in options.prefixes:
            group = self.prefixes.get(prefix)
            if group is None:
                group = self.prefixes[prefix] = Prefix()
            group.clients[session] = None
        self._lengths = sorted({len(prefix) for prefix in self.prefixes})

    def stop(self, session: Session) -> None:
        """The client tracks no more; nothing happens when it does not."""
        if session.tracking is None:
            return
        self._leave_prefixes(session)
        session.tracking = None
        session.redirect = -1
        session.tracking_letters = b""
        session.gates &= ~GATE_TRACKING
        session.on_closed.remove(self.stop)
        del self.clients[session.id]
        if not self.clients:
            # Only ids of clients that track no more are left in it.
            self.readers = Table()
            self.items = 0
            self.state.event_sinks.remove(self)
            self.state.refresh_listening()

    def _leave_prefixes(self, session: Session) -> None:
        options = session.tracking
        assert options is not None
        for prefix in options.prefixes:
            group = self.prefixes[prefix]
            del group.clients[session]
            if not group.clients:
                del self.prefixes[prefix]
        self._lengths = sorted({len(prefix) for prefix in self.prefixes})

    # -- what is read

    def remember(self, session: Session, command: Command, argv: list[bytes]) -> None:
        """The client has run this; when it was a read, it may keep what it got."""
        options = session.tracking
        if options is None or command.flags & (READONLY | PUBSUB) != READONLY or not options.remembers():
            return
        if command.has_one_key:
            self._note_reader(argv[1], session.id)
        else:
            for position in command.key_positions(argv):
                self._note_reader(argv[position], session.id)
        while 0 < self.most_keys < self.readers.size():
            victim = self.readers.random_key(self.state.random)
            assert victim is not None
            self._invalidate(victim, session.id, False)

    def _note_reader(self, key: bytes, client_id: int) -> None:
        known = self.readers.get(key)
        if known is None:
            self.readers.set(key, client_id)
        elif isinstance(known, set):
            if client_id in known:
                return
            known.add(client_id)
        elif known == client_id:
            return
        else:
            self.readers.set(key, {known, client_id})
        self.items += 1

    # -- what changes

    def on_effects(self, effects: Effects, client_id: int) -> None:
        if effects.flushed:
            self._invalidate_all(client_id)
        for event in effects.events:
            if event.modified:
                if self.prefixes:
                    self._note_change(event.key, client_id)
                self._invalidate(event.key, client_id, True)

    def _invalidate(self, key: bytes, client_id: int, by_change: bool) -> None:
        """Tell who has read `key`; `client_id` is whose command runs, which did change it or not."""
        readers = self.readers.pop(key)
        if readers is None:
            return
        if isinstance(readers, set):
            self.items -= len(readers)
            for reader in readers:
                self._tell_reader(reader, key, client_id, by_change)
        else:
            assert isinstance(readers, int)
            self.items -= 1
            self._tell_reader(readers, key, client_id, by_change)

    def _tell_reader(self, reader: int, key: bytes, client_id: int, by_change: bool) -> None:
        session = self.clients.get(reader)
        if session is None or session.tracking is None or session.tracking.broadcasts:
            return
        if reader != client_id:
            self._send(session, b"*1\r\n" + encode_reply(key, 2))
        elif not (session.tracking.no_loop and by_change):
            session.tracking.pending.append(key)

    def _invalidate_all(self, client_id: int) -> None:
        """A database was emptied: everybody forgets everything."""
        self.readers = Table()
        self.items = 0
        for session in self.clients.values():
            if session.id != client_id:
                self._send_null(session)
            elif session.tracking is not None:
                session.tracking.pending.append(None)

    def _note_change(self, key: bytes, client_id: int) -> None:
        for length in self._lengths:
            group = self.prefixes.get(key[:length])
            if group is not None:
                group.changed.setdefault(key, client_id)
                if not self._is_due:
                    # What changes in one turn of the server's loop is told together.
                    self._is_due = True
                    self.state.time.call_later(0, self.broadcast)

    def broadcast(self) -> None:
        """Tell the clients of prefixes what has changed."""
        self._is_due = False
        for prefix in sorted(self.prefixes):
            group = self.prefixes[prefix]
            changed = group.changed
            if not changed:
                continue
            group.changed = {}
            keys: list[object] = []
            keys += sorted(changed)
            to_all = encode_reply(keys, 2)
            for session in group.clients:
                assert session.tracking is not None
                if not session.tracking.no_loop:
                    self._send(session, to_all)
                    continue
                others: list[object] = [key for key in keys if isinstance(key, bytes) and changed[key] != session.id]
                if others:
                    self._send(session, encode_reply(others, 2))

    # -- messages

    def after_reply(self, session: Session, argv: list[bytes]) -> None:
        """The reply to a client's command has been written."""
        options = session.tracking
        if options is None:
            return
        if options.pending:
            pending, options.pending = options.pending, []
            for key in pending:
                if key is None:
                    self._send_null(session)
                else:
                    self._send(session, b"*1\r\n" + encode_reply(key, 2))
        if options.caching_given and not session.gates & GATE_MULTI and argv[0].lower() != b"client":
            options.caching_given = False

    def _send_null(self, session: Session) -> None:
        receiver = self._receiver(session)
        if receiver is not None:
            self._push(receiver, session, b"_\r\n" if receiver.context.resp > 2 else b"$-1\r\n")

    def _send(self, session: Session, keys: bytes) -> None:
        """Send an array of keys, encoded, to the client or to whom it redirects."""
        receiver = self._receiver(session)
        if receiver is not None:
            self._push(receiver, session, keys)

    def _receiver(self, session: Session) -> Session | None:
        options = session.tracking
        if options is None or options.redirect == 0:
            return session
        receiver = self.state.sessions.get(options.redirect)
        if receiver is None:
            options.redirect_is_broken = True
            session.tracking_letters = options.letters()
            if session.context.resp > 2:
                session.push(encode_reply(Push([b"tracking-redir-broken", options.redirect]), 3))
        return receiver

    def _push(self, receiver: Session, session: Session, body: bytes) -> None:
        if receiver.context.resp > 2:
            receiver.push(PUSH_HEAD + body)
        elif receiver is not session and receiver.subscriptions() > 0:
            # A RESP2 client knows no pushes, but one that is subscribed takes messages.
            receiver.push(MESSAGE_HEAD + body)

    def _check(self) -> None:
        items = 0
        for _, known in self.readers.items():
            items += len(known) if isinstance(known, set) else 1
        assert items == self.items
        for prefix, group in self.prefixes.items():
            assert group.clients
            assert all(each.tracking is not None and prefix in each.tracking.prefixes for each in group.clients)
