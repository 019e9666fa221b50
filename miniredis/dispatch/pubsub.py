"""Channels: who listens to what, and the delivery of messages.

A message is encoded once for each protocol version, not once for each subscriber.  A subscriber that does not
read is cut by its port at its output limit and holds up nobody.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from miniredis.commands.declaration import Command
from miniredis.dispatch.gates import GATE_SUBSCRIBED
from miniredis.dispatch.rules import Rule
from miniredis.dispatch.session import Session
from miniredis.dispatch.sinks import EventSink
from miniredis.keyspace.effects import NOTIFY_KEYEVENT, NOTIFY_KEYSPACE, Effects
from miniredis.resp.encoder import encode_reply
from miniredis.resp.errors import ReplyError
from miniredis.resp.glob import glob_match
from miniredis.resp.replies import Push

#: What a RESP2 client may still call while it is subscribed.
WHILE_SUBSCRIBED: Final = (
    b"ping",
    b"subscribe",
    b"ssubscribe",
    b"psubscribe",
    b"unsubscribe",
    b"sunsubscribe",
    b"punsubscribe",
    b"quit",
    b"reset",
)

Subscribers = dict[Session, None]


class PubSub(Rule):
    """All subscriptions of one server."""

    def __init__(self) -> None:
        self.channels: dict[bytes, Subscribers] = {}
        self.patterns: dict[bytes, Subscribers] = {}
        self.shard_channels: dict[bytes, Subscribers] = {}
        #: Told of what clients publish, to carry it further: (channel, message, sharded).
        self.on_publish: list[Callable[[bytes, bytes, bool], None]] = []

    def apply(self, session: Session, command: Command, argv: list[bytes]) -> object:
        """The rule for RESP2 subscribers, who could not tell a reply from a message."""
        if session.context.resp == 2 and command.name not in WHILE_SUBSCRIBED:
            raise ReplyError(
                b"ERR Can't execute '" + command.full_name + b"': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT "
                b"/ RESET are allowed in this context"
            )
        return None

    # -- subscriptions

    def subscribe(self, session: Session, channel: bytes) -> None:
        self.channels.setdefault(channel, {})[session] = None
        session.channels[channel] = None
        self._mark(session)

    def unsubscribe(self, session: Session, channel: bytes) -> None:
        if channel in session.channels:
            del session.channels[channel]
            drop(self.channels, channel, session)
            self._mark(session)

    def subscribe_pattern(self, session: Session, pattern: bytes) -> None:
        self.patterns.setdefault(pattern, {})[session] = None
        session.patterns[pattern] = None
        self._mark(session)

    def unsubscribe_pattern(self, session: Session, pattern: bytes) -> None:
        if pattern in session.patterns:
            del session.patterns[pattern]
            drop(self.patterns, pattern, session)
            self._mark(session)

    def subscribe_shard(self, session: Session, channel: bytes) -> None:
        self.shard_channels.setdefault(channel, {})[session] = None
        session.shard_channels[channel] = None
        self._mark(session)

    def unsubscribe_shard(self, session: Session, channel: bytes) -> None:
        if channel in session.shard_channels:
            del session.shard_channels[channel]
            drop(self.shard_channels, channel, session)
            self._mark(session)

    def forget(self, session: Session) -> None:
        """The client is gone, or starts anew."""
        for channel in list(session.channels):
            self.unsubscribe(session, channel)
        for pattern in list(session.patterns):
            self.unsubscribe_pattern(session, pattern)
        for channel in list(session.shard_channels):
            self.unsubscribe_shard(session, channel)

    def _mark(self, session: Session) -> None:
        if session.subscriptions() > 0:
            if not session.gates & GATE_SUBSCRIBED:
                session.gates |= GATE_SUBSCRIBED
                session.on_closed.append(self.forget)
        elif session.gates & GATE_SUBSCRIBED:
            session.gates &= ~GATE_SUBSCRIBED
            session.on_closed.remove(self.forget)

    # -- messages

    def publish(self, channel: bytes, message: bytes) -> int:
        """Deliver to the subscribers of the channel and of patterns that match it; how many got it."""
        receivers = deliver(self.channels.get(channel), [b"message", channel, message])
        if self.patterns:
            for pattern, subscribers in self.patterns.items():
                if glob_match(pattern, channel):
                    receivers += deliver(subscribers, [b"pmessage", pattern, channel, message])
        return receivers

    def publish_shard(self, channel: bytes, message: bytes) -> int:
        return deliver(self.shard_channels.get(channel), [b"smessage", channel, message])

    def clients(self) -> int:
        """Clients with at least one subscription."""
        found: set[int] = set()
        for table in (self.channels, self.patterns, self.shard_channels):
            for subscribers in table.values():
                found.update(session.id for session in subscribers)
        return len(found)

    def _check(self) -> None:
        for channel, subscribers in self.channels.items():
            assert subscribers
            assert all(channel in session.channels for session in subscribers)
        for pattern, subscribers in self.patterns.items():
            assert subscribers
            assert all(pattern in session.patterns for session in subscribers)
        for channel, subscribers in self.shard_channels.items():
            assert subscribers
            assert all(channel in session.shard_channels for session in subscribers)


def drop(table: dict[bytes, Subscribers], name: bytes, session: Session) -> None:
    subscribers = table[name]
    del subscribers[session]
    if not subscribers:
        del table[name]


def deliver(subscribers: Subscribers | None, items: list[object]) -> int:
    """Push to each subscriber, encoded once for each protocol."""
    if not subscribers:
        return 0
    old = b""
    new = b""
    for session in subscribers:
        if session.context.resp == 2:
            if not old:
                old = encode_reply(Push(items), 2)
            session.push(old)
        else:
            if not new:
                new = encode_reply(Push(items), 3)
            session.push(new)
    return len(subscribers)


class KeyspaceNotifications(EventSink):
    """Publishes what happens to keys, in the classes that notify-keyspace-events names."""

    def __init__(self, pubsub: PubSub) -> None:
        self.pubsub = pubsub
        self.classes: int = 0

    def on_effects(self, effects: Effects, client_id: int) -> None:
        classes = self.classes
        for event in effects.events:
            if event.kind & classes:
                index = str(event.db_index).encode()
                if classes & NOTIFY_KEYSPACE:
                    self.pubsub.publish(b"__keyspace@" + index + b"__:" + event.key, event.name)
                if classes & NOTIFY_KEYEVENT:
                    self.pubsub.publish(b"__keyevent@" + index + b"__:" + event.name, event.key)
