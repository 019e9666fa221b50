"""Turns of the edge in the middle of a command: while a script is busy, others can still end it.

The reactor is not entered again: our own sockets are polled without waiting, the hub's and those that Twisted's
transports have, and what they receive is run at once.  Only the client whose command it is has to wait.  Timers and
threads wait, too.
"""

from __future__ import annotations

import select
from collections.abc import Callable
from functools import partial
from typing import Any

from twisted.protocols.policies import ProtocolWrapper

from miniredis.dispatch.executor import Engine
from miniredis.server.protocol import SessionFactory


class SoonCall:
    """A call for the reactor's next turn, or for a busy one before that."""

    def __init__(self, call: Callable[[], object]) -> None:
        self._call = call
        self._is_active = True

    def run(self) -> None:
        if self._is_active:
            self._is_active = False
            self._call()

    def cancel(self) -> None:
        self._is_active = False

    def active(self) -> bool:
        return self._is_active


class BusyTurns:
    """What `engine.while_busy` calls.  `ports` are the listening ports whose connections get our factories."""

    def __init__(self, engine: Engine, reactor: Any) -> None:
        self.engine = engine
        self.reactor = reactor
        self.factories: list[SessionFactory] = []
        self.ports: list[Any] = []
        #: Transports whose end was met: their reactor finds it again, and ends them.
        self._ended: set[Any] = set()
        self._is_running = False
        self._soon: list[SoonCall] = []

    def callLater(self, delay: float, call: Callable[..., object], *args: Any, **kwargs: Any) -> Any:
        """As the reactor's; what is due at once is also done by busy turns.

        For Twisted's TLS, which gathers small writes until the next turn: give it this object as its clock.
        """
        if delay > 0:
            return self.reactor.callLater(delay, call, *args, **kwargs)
        soon = SoonCall(partial(call, *args, **kwargs))
        if not self._soon:
            self.reactor.callLater(0, self._run_soon)
        self._soon.append(soon)
        return soon

    def _run_soon(self) -> None:
        soon, self._soon = self._soon, []
        for call in soon:
            call.run()

    def run(self) -> None:
        """Serve everybody once."""
        if self._is_running:
            return
        self._is_running = True
        try:
            self.engine.run_interlude(self._run)
        finally:
            self._is_running = False

    def _run(self) -> None:
        for factory in self.factories:
            if factory.hub is not None:
                factory.hub.hub.run_busy_turn()
        if self.ports or self._soon or any(factory.protocols for factory in self.factories):
            for factory in self.factories:
                factory.is_busy = True
            try:
                self._serve(self._readable(), select.POLLIN)
                for factory in self.factories:
                    factory.run_scheduled()
                self._run_soon()
                self._serve(self._writable(), select.POLLOUT)
            finally:
                for factory in self.factories:
                    factory.is_busy = False

    def _transports(self) -> dict[Any, bool]:
        """The descriptors below our protocols -> whether they belong to the client that has to wait."""
        found: dict[Any, bool] = {}
        for factory in self.factories:
            for protocol in factory.protocols:
                transport: Any = protocol.transport
                while isinstance(transport, ProtocolWrapper):  # TLS
                    transport = transport.transport
                found[transport] = protocol.port.is_running
        return found

    def _readable(self) -> list[Any]:
        watched = set(self.reactor.getReaders())
        ours = [transport for transport, is_running in self._transports().items() if not is_running]
        return [each for each in (*self.ports, *ours) if each in watched]

    def _writable(self) -> list[Any]:
        watched = set(self.reactor.getWriters())
        return [transport for transport in self._transports() if transport in watched]

    def _serve(self, candidates: list[Any], interest: int) -> None:
        poll = select.poll()
        by_fd = {}
        for each in candidates:
            fd = each.fileno()
            if fd >= 0 and each not in self._ended:
                by_fd[fd] = each
                poll.register(fd, interest)
        if not by_fd:
            return
        for fd, _ in poll.poll(0):
            ready = by_fd[fd]
            reason = ready.doRead() if interest == select.POLLIN else ready.doWrite()
            if reason is not None:
                self._ended.add(ready)
                self.engine.time.call_later(0, self._ended.clear)
