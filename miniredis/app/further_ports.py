"""The places of `listen-endpoint`: whatever Twisted's endpoint strings can describe, beside `bind` and `port`.

Clients that come over them are ordinary clients.  What listens at once is there before the server says that it is
ready; an endpoint that takes its time (one that asks another service) may come later, and its failure ends the server
as one at the start would have.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.python.failure import Failure

from miniredis.server.busy import BusyTurns
from miniredis.server.protocol import SessionFactory


class EndpointFailed(Exception):
    """An endpoint cannot be understood, or cannot be had."""


class FurtherPorts:
    """The listening ports of one server's endpoints; `on_late_failure` is told of one that fails after the start."""

    def __init__(
        self, reactor: Any, sessions: SessionFactory, busy: BusyTurns, on_late_failure: Callable[[str], object]
    ) -> None:
        self.reactor = reactor
        self.sessions = sessions
        self.busy = busy
        self.ports: list[Any] = []
        self._on_late_failure = on_late_failure
        self._is_stopped = False

    def listen(self, descriptions: list[bytes]) -> None:
        """All of them, or `EndpointFailed` and none."""
        self._is_stopped = False
        for description in descriptions:
            self._listen_on(description.decode("utf-8", "surrogateescape"))

    def _listen_on(self, description: str) -> None:
        # Imported here: it is large, and most servers have no use for it.
        from twisted.internet.endpoints import serverFromString

        failures: list[Failure] = []
        try:
            listening = serverFromString(self.reactor, description).listen(self.sessions)
        except Exception as problem:
            # Parsers raise what they like: ValueError, TypeError for an argument that is missing, ImportError.
            self.stop()
            raise EndpointFailed(f"{description}: {problem}") from problem
        listening.addCallback(self._listens)
        listening.addErrback(failures.append)
        if failures:
            self.stop()
            raise EndpointFailed(f"{description}: {failures[0].getErrorMessage()}") from failures[0].value
        if not listening.called:
            listening.addCallback(self._look_for, failures, description)

    def _listens(self, port: Any) -> None:
        if self._is_stopped:
            port.stopListening()
            return
        self.ports.append(port)
        if hasattr(port, "doRead") and not self._is_in_hub(port):
            self.busy.ports.append(port)

    def _is_in_hub(self, port: Any) -> bool:
        return hasattr(port, "reader")

    def _look_for(self, done: object, failures: list[Failure], description: str) -> None:
        """It took its time, and may have failed."""
        if failures and not self._is_stopped:
            self._on_late_failure(f"listen-endpoint {description}: {failures[0].getErrorMessage()}")

    def stop(self) -> None:
        self._is_stopped = True
        for port in self.ports:
            port.stopListening()
            if port in self.busy.ports:
                self.busy.ports.remove(port)
        self.ports = []
