"""A server with TLS under a reactor that is turned by hand, and clients of it that never block."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from twisted.internet.epollreactor import EPollReactor

from miniredis.app.gencert import Wish, make_all
from miniredis.app.tls import TlsEdge
from miniredis.config.config import Config
from miniredis.server.busy import BusyTurns
from miniredis.server.hub import HubReader
from miniredis.server.protocol import SessionFactory
from miniredis.testing.memory import MemoryServer

#: More turns than anything here needs.
MOST_TURNS = 400


class Edge:
    """`files` are as miniredis-gencert makes them; `words` are further directives."""

    def __init__(self, files: Path, words: dict[str, str], with_hub: bool = True) -> None:
        config = Config()
        given = {"tls-port": "1", "tls-cert-file": f"{files}/redis.crt", "tls-key-file": f"{files}/redis.key",
                 "tls-ca-cert-file": f"{files}/ca.crt", **words}  # fmt: skip
        for name, value in given.items():
            config.assign(name, value.encode())
        self.config = config
        self.reactor: Any = EPollReactor()
        self.memory = MemoryServer(config)
        self.engine = self.memory.engine
        self.busy = BusyTurns(self.engine, self.reactor)
        self.engine.while_busy = self.busy.run
        self.refusal = b""
        self.sessions = SessionFactory(self.engine, partial(self.reactor.callLater, 0), lambda host: self.refusal)
        self.busy.factories.append(self.sessions)
        if with_hub:
            self.sessions.hub = HubReader(self.engine, self.reactor)
            self.sessions.hub.start()
        self.tls = TlsEdge(self.engine, self.reactor, self.sessions, self.busy)
        self.clients: list[Any] = []
        self.tls.start()
        self.tls.listen(0, "127.0.0.1", 2000)
        self.port: int = self.tls.ports[0].getHost().port

    def turn(self, count: int = 1) -> None:
        for _ in range(count):
            self.reactor.iterate(0)

    def connect(self) -> socket.socket:
        sock = socket.create_connection(("127.0.0.1", self.port))
        sock.setblocking(False)
        self.clients.append(sock)
        return sock

    def set(self, *pairs: tuple[str, str]) -> None:
        """CONFIG SET."""
        self.config.set_many([(name.encode(), value.encode()) for name, value in pairs])

    def close(self) -> None:
        for client in self.clients:
            client.close()
        self.turn(4)
        self.tls.stop()
        if self.sessions.hub is not None:
            self.sessions.hub.stop()
        self.turn(4)
        self.reactor.removeAll()


def trusting(files: Path, name: str = "client") -> ssl.SSLContext:
    """A client's context; `name` empty: without a certificate."""
    context = ssl.create_default_context(cafile=str(files / "ca.crt"))
    if name:
        context.load_cert_chain(files / f"{name}.crt", files / f"{name}.key")
    return context


class Client:
    """A client over TLS; `serve` lets the server run."""

    def __init__(self, edge: Edge, context: ssl.SSLContext, session: ssl.SSLSession | None = None) -> None:
        self.edge = edge
        self.serve: Callable[[], object] = edge.turn
        self.sock = edge.connect()
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname="localhost", session=session)
        self.is_ended = False

    def move(self) -> None:
        """Bytes to the server, a turn of it, and bytes back."""
        while self.outgoing.pending:
            try:
                data = self.outgoing.read(65536)
                sent = 0
                while sent < len(data):
                    try:
                        sent += self.sock.send(data[sent:])
                    except BlockingIOError:
                        self.serve()
            except (BrokenPipeError, ConnectionResetError):
                self.is_ended = True
                break
        self.serve()
        try:
            while data := self.sock.recv(1 << 16):
                self.incoming.write(data)
            self.is_ended = True
            self.incoming.write_eof()
        except BlockingIOError:
            pass
        except ConnectionResetError:
            self.is_ended = True

    def shake_hands(self) -> Client:
        for _ in range(MOST_TURNS):
            try:
                self.tls.do_handshake()
            except ssl.SSLWantReadError:
                self.move()
                assert not self.is_ended or self.incoming.pending, "refused"
            else:
                self.move()
                return self
        raise AssertionError("the handshake does not end")

    def ask(self, data: bytes, size: int = 1) -> bytes:
        """Send and wait for at least `size` bytes, or for the end."""
        self.tls.write(data)
        return self.await_bytes(size)

    def await_bytes(self, size: int) -> bytes:
        got = bytearray()
        for _ in range(MOST_TURNS):
            self.move()
            got += self.readable()
            if len(got) >= size or self.is_ended:
                return bytes(got)
        raise AssertionError(f"only {len(got)} bytes came: {bytes(got[:100])!r}")

    def readable(self) -> bytes:
        got = bytearray()
        try:
            while data := self.tls.read(1 << 16):
                got += data
            self.is_ended = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:
            self.is_ended = True
        return bytes(got)


def make_files(folder: Path, client: str = "default", **words: Any) -> Path:
    make_all(Wish(folder, ["localhost", "127.0.0.1"], client, 2, **words))
    return folder
