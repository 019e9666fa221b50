"""The connections of a sentinel over Twisted: commands with their replies in order, and subscriptions.

A connection gives up when it is not there in time; whatever a callback does wrong is logged and ends that
connection only.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import ClientFactory, Protocol
from twisted.python.failure import Failure

from miniredis.formats.aof import encode_command
from miniredis.resp.errors import ProtocolError
from miniredis.resp.reply_parser import NEEDS_MORE, ReplyParser
from miniredis.sentinel.hello import CHANNEL
from miniredis.sentinel.instances import OnReply

CONNECT_TIMEOUT_S = 2.0

#: Logs an exception of a callback: (what it did, the exception).
LogDefect = Callable[[str, BaseException], None]
#: Takes a factory and the host it connects to, and returns the factory to be used.
Wrap = Callable[[Any, str], Any]


class ChannelProtocol(Protocol):
    """Bytes in and out of a channel."""

    def __init__(self, channel: TcpChannel) -> None:
        self.channel = channel

    def connectionMade(self) -> None:
        transport: Any = self.transport
        transport.setTcpNoDelay(True)
        self.channel.connection_made(transport)

    def dataReceived(self, data: bytes) -> None:
        self.channel.data_received(data)

    def connectionLost(self, reason: Failure | None = None) -> None:
        self.channel.connection_lost()


class TcpChannel(ClientFactory):
    """A connection, from the try to its end.  `lost` is called once, unless we closed it ourselves."""

    noisy = False

    def __init__(
        self, opening: list[list[bytes]], opened: Callable[[str], None], lost: Callable[[], None], log: LogDefect
    ) -> None:
        self._log = log
        self._opened = opened
        self._lost: Callable[[], None] | None = lost
        self._parser = ReplyParser()
        self._transport: Any = None
        self._connector: Any = None
        self._unsent = b"".join(encode_command(argv) for argv in opening)
        self._waiting: deque[OnReply] = deque(_pass_over for _ in opening)

    def connect(self, reactor: Any, host: str, port: int, source: str, wrap: Wrap) -> None:
        """`wrap` puts TLS, or nothing, around us."""
        bind = (source, 0) if source else None
        self._connector = reactor.connectTCP(host, port, wrap(self, host), timeout=CONNECT_TIMEOUT_S, bindAddress=bind)

    # -- the channel

    def send(self, argv: list[bytes], on_reply: OnReply) -> None:
        self._waiting.append(on_reply)
        data = encode_command(argv)
        if self._transport is None:
            self._unsent += data
        else:
            self._transport.write(data)

    def local_host(self) -> str:
        return str(self._transport.getHost().host) if self._transport is not None else ""

    def close(self) -> None:
        self._lost = None
        self._waiting.clear()
        if self._transport is not None:
            self._transport.abortConnection()
        elif self._connector is not None:
            self._connector.stopConnecting()
        self._connector = None

    # -- what happens to the connection

    def buildProtocol(self, addr: IAddress | None) -> Any:
        return ChannelProtocol(self)

    def clientConnectionFailed(self, connector: Any, reason: Failure) -> None:
        self._connector = None
        self.connection_lost()

    def connection_made(self, transport: Any) -> None:
        if self._lost is None:
            transport.abortConnection()
            return
        self._transport = transport
        transport.write(self._unsent)
        self._unsent = b""
        self._call(self._opened, transport.getPeer().host)

    def data_received(self, data: bytes) -> None:
        self._parser.feed(data)
        try:
            while self._lost is not None and (reply := self._parser.next()) is not NEEDS_MORE:
                self._call(self.take, reply)
        except ProtocolError as problem:
            self._log("a watched server made no sense", problem)
            if self._transport is not None:
                self._transport.abortConnection()

    def take(self, reply: object) -> None:
        """One reply, for the command that has waited longest."""
        if self._waiting:
            self._waiting.popleft()(reply)

    def connection_lost(self) -> None:
        self._transport = self._connector = None
        self._waiting.clear()
        lost, self._lost = self._lost, None
        if lost is not None:
            self._call(lost)

    def _call(self, function: Callable[..., None], *words: object) -> None:
        try:
            function(*words)
        except Exception as defect:
            self._log("a sentinel's link failed", defect)
            if self._transport is not None:
                self._transport.abortConnection()


class SubscriptionChannel(TcpChannel):
    """A connection that subscribes to hellos; `heard` gets each, and None for any other sign of life."""

    def __init__(
        self,
        opening: list[list[bytes]],
        heard: Callable[[bytes | None], None],
        lost: Callable[[], None],
        log: LogDefect,
    ) -> None:
        super().__init__([*opening, [b"SUBSCRIBE", CHANNEL]], _open_silently, lost, log)
        self._heard = heard

    def take(self, reply: object) -> None:
        is_message = isinstance(reply, list) and len(reply) == 3 and reply[0] == b"message"
        if is_message and isinstance(reply, list) and isinstance(reply[2], bytes):
            self._heard(reply[2])
        else:
            self._heard(None)


def _pass_over(reply: object) -> None:
    """The answers to AUTH and CLIENT SETNAME: what is wrong shows in the answers that follow."""


def _open_silently(reached: str) -> None:
    """A subscription tells nothing by being there."""
