"""TLS of one server: its contexts and when they are read again, its port, the links of the other subsystems.

Nothing here imports pyOpenSSL before the configuration asks for TLS: it is large, and most servers do without.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from miniredis.config.values import Refused
from miniredis.dispatch.executor import Engine
from miniredis.dispatch.session import Session
from miniredis.server.busy import BusyTurns
from miniredis.server.protocol import SessionFactory

#: Directives whose change needs new contexts.
NAMES: Final = (
    "tls-cert-file", "tls-key-file", "tls-key-file-pass", "tls-client-cert-file", "tls-client-key-file",
    "tls-client-key-file-pass", "tls-ca-cert-file", "tls-ca-cert-dir", "tls-auth-clients", "tls-replication",
    "tls-cluster", "tls-protocols", "tls-ciphers", "tls-ciphersuites", "tls-prefer-server-ciphers",
    "tls-dh-params-file", "tls-session-caching", "tls-session-cache-timeout", "tls-check-hostname",
)  # fmt: skip


class TlsFailed(Exception):
    """TLS is asked for and cannot be had."""


class TlsEdge:
    """`sessions` and `busy` are those of the plain ports."""

    def __init__(self, engine: Engine, reactor: Any, sessions: SessionFactory, busy: BusyTurns) -> None:
        self.engine = engine
        self.config = engine.config
        self.reactor = reactor
        self.sessions = sessions
        self.busy = busy
        self.contexts: Any = None
        self.ports: list[Any] = []
        self.handshakes: Any = None
        self._stamps: list[tuple[str, int, int, int]] = []
        self._next_look_ns = 0
        self._facts: dict[str, Any] = {}
        engine.info_sources.setdefault(b"tls", []).append(self._fields)
        for name in NAMES:
            self.config.on_change(name, self.changed)

    def start(self) -> None:
        """Read what is configured; raises `TlsFailed`."""
        self._configure()

    def is_wanted(self) -> bool:
        config = self.config
        return config.int("tls-port") != 0 or config.flag("tls-replication") or config.flag("tls-cluster")

    # -- certificates

    def _configure(self) -> None:
        """All new contexts, or `TlsFailed` and the old ones."""
        if not self.is_wanted():
            return
        from miniredis.server.tls_context import BadTls, build_contexts, file_stamps

        self._stamps = file_stamps(self.config)
        try:
            self.contexts = build_contexts(self.config)
        except BadTls as problem:
            raise TlsFailed(str(problem)) from problem
        from miniredis.server.tls_facts import read_facts

        self._facts = read_facts(self.config)

    def _fields(self) -> list[tuple[str, object]]:
        fields: list[tuple[str, object]] = []
        now_s = self.engine.time.wall_ms() // 1000
        for kind in ("server", "client", "ca"):
            facts = self._facts.get(kind)
            fields += [
                (f"tls_{kind}_cert_serial", facts.serial if facts else "none"),
                (f"tls_{kind}_cert_expires_in_seconds", max(facts.ends_s - now_s, 0) if facts else 0),
            ]
        return fields

    def changed(self) -> None:
        """After CONFIG SET; raises `Refused`."""
        try:
            self._configure()
        except TlsFailed as problem:
            self.engine.log("warning", f"Failed to configure TLS: {problem}")
            text = str(problem).encode("utf-8", "surrogateescape")
            raise Refused(b"Unable to update TLS configuration: " + text) from problem

    def reload(self) -> None:
        """Read the files again; if they are of no use, go on with what was read before."""
        if not self.is_wanted():
            return
        try:
            self._configure()
        except TlsFailed as problem:
            self.engine.log("warning", f"TLS goes on with the certificates it has: {problem}")
        else:
            self.engine.log("notice", "The certificates for TLS were read again.")

    def tick(self) -> None:
        """Regular work: handshakes whose time is over, files that have changed."""
        if self.handshakes is not None:
            self.handshakes.tick()
        interval_s = self.config.int("tls-auto-reload-interval")
        now_ns = self.engine.time.monotonic_ns()
        if self.contexts is None or interval_s == 0 or now_ns < self._next_look_ns:
            return
        self._next_look_ns = now_ns + interval_s * 1_000_000_000
        from miniredis.server.tls_context import file_stamps

        if file_stamps(self.config) != self._stamps:
            self.reload()

    # -- clients

    def listen(self, port: int, host: str, backlog: int) -> None:
        """Raises Twisted's CannotListenError."""
        sessions = self.sessions
        listening: Any
        if sessions.hub is not None:
            from miniredis.server.tls_port import Handshakes, TlsSessionPort

            if self.handshakes is None:
                self.handshakes = Handshakes(self.engine, self._call_soon, self._new_connection, self._entered)
            listening = TlsSessionPort(sessions.hub, sessions, port, host, backlog, self.handshakes)
            listening.startListening()
        else:
            from miniredis.server.tls_wrapping import TlsSessions, wrap_server

            inner = TlsSessions(sessions, self._entered)
            factory = wrap_server(inner, lambda: self.contexts.client, self.busy)
            listening = self.reactor.listenTCP(port, factory, backlog, host)
            self.busy.ports.append(listening)
        self.ports.append(listening)

    def _call_soon(self, call: Callable[[], None]) -> None:
        self.busy.callLater(0, call)

    def _new_connection(self, sock: Any) -> Any:
        from OpenSSL import SSL

        connection = SSL.Connection(self.contexts.client, sock)
        connection.set_accept_state()
        return connection

    def _entered(self, session: Session, connection: Any) -> None:
        """A client is there; its certificate may say who it is."""
        field = self.config.text("tls-auth-clients-user")
        if field == b"off":
            return
        from miniredis.server.tls_identity import users_named

        names = users_named(connection, field)
        for name in names:
            user = self.engine.acl.users.get(name)
            if user is not None and user.enabled:
                self.engine.acl.log_in(session, user)
                return
        if names:
            self.engine.acl.denied[b"tls_cert"] += 1

    def close_ports(self) -> None:
        for port in self.ports:
            port.stopListening()
            if port in self.busy.ports:
                self.busy.ports.remove(port)
        self.ports = []

    def stop(self) -> None:
        self.close_ports()
        if self.handshakes is not None:
            self.handshakes.close()

    # -- links

    def wrap_link(self, factory: Any, host: str) -> Any:
        """For what replication and sentinels dial."""
        return self._wrap(factory, host) if self.config.flag("tls-replication") else factory

    def wrap_bus_link(self, factory: Any, host: str) -> Any:
        """For what the cluster dials."""
        return self._wrap(factory, host) if self.config.flag("tls-cluster") else factory

    def wrap_bus(self, factory: Any) -> Any:
        """For what the bus listens with."""
        if not self.config.flag("tls-cluster"):
            return factory
        from miniredis.server.tls_wrapping import wrap_server

        return wrap_server(factory, lambda: self.contexts.bus, self.reactor)

    def _wrap(self, factory: Any, host: str) -> Any:
        from miniredis.server.tls_wrapping import wrap_client

        return wrap_client(factory, host, lambda: self.contexts.outgoing, self.reactor)
