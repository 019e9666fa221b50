"""The hub under a Twisted reactor: one reader for all connections and for the sockets they come from.

The reactor needs no epoll of its own: the hub's set is just a descriptor that becomes readable.  `Descriptors` is
what Twisted's ports and transports take for their reactor: what they want watched is watched in the hub's set, and
what they write is tried at the end of the turn, before the kernel is asked to tell when there is room.
"""

from __future__ import annotations

from typing import Any, cast
from weakref import WeakValueDictionary

from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IHalfCloseableDescriptor, IReactorFDSet, IReadDescriptor
from twisted.internet.main import CONNECTION_DONE, CONNECTION_LOST
from twisted.python import log
from twisted.python.failure import Failure
from zope.interface import implementer

from miniredis.dispatch.executor import Engine
from miniredis.server.hub_loop import READABLE, WRITABLE, Hub, HubConnection


@implementer(IReadDescriptor)
class HubReader:
    """Lets the reactor run the hub's turns.  `engine` is None where it serves Twisted's protocols only."""

    def __init__(self, engine: Engine | None, reactor: Any) -> None:
        self.reactor = reactor
        self.hub = Hub(engine, self.schedule)
        self.descriptors = Descriptors(self)
        self._is_scheduled = False
        self._is_started = False

    def start(self) -> None:
        if not self._is_started:
            self._is_started = True
            self.reactor.addReader(self)

    def rest(self) -> None:
        """Nothing is watched."""
        if self._is_started:
            self._is_started = False
            self.reactor.removeReader(self)

    def stop(self) -> None:
        """Close all connections and the set."""
        self.rest()
        self.hub.close()

    def schedule(self) -> None:
        if not self._is_scheduled:
            self._is_scheduled = True
            self.reactor.callLater(0, self._run_scheduled)

    def _run_scheduled(self) -> None:
        self._is_scheduled = False
        if not self.hub.is_closed:
            self.hub.run_turn()

    def fileno(self) -> int:
        return -1 if self.hub.is_closed else self.hub.fileno()

    def doRead(self) -> None:
        self.hub.run_turn()
        if not self.hub.is_closed and not self._is_scheduled:
            self.hub.linger()

    def connectionLost(self, reason: Failure) -> None:
        """The reactor stops, and everything it watches with it."""
        for descriptor in self.descriptors.removeAll():
            descriptor.connectionLost(reason)
        self.stop()

    def logPrefix(self) -> str:
        return "hub"


#: By the identity of their reactors.  What they watch keeps them alive, and nothing else does.
_hubs: WeakValueDictionary[int, HubReader] = WeakValueDictionary()


def hub_of(reactor: Any) -> HubReader:
    """The hub of a reactor for Twisted's protocols."""
    reader = _hubs.get(id(reactor))
    if reader is None or reader.reactor is not reactor or reader.hub.is_closed:
        reader = _hubs[id(reactor)] = HubReader(None, reactor)
    return reader


class Watched(HubConnection):
    """A descriptor of Twisted's in the set: a port or a transport."""

    def __init__(self, descriptors: Descriptors, descriptor: Any) -> None:
        super().__init__(descriptors.reader.hub, descriptor.fileno())
        self.descriptors = descriptors
        self.descriptor = descriptor
        self.reads = False
        self.writes = False

    def renew(self) -> None:
        """Something is wanted, or no more."""
        self.watch((READABLE if self.reads else 0) | (WRITABLE if self.writes and not self.is_pending else 0))

    def receive(self) -> None:
        if self.reads:
            self._run(self.descriptor.doRead, True)

    def send_kept(self) -> None:
        if self.writes:
            self._run(self.descriptor.doWrite, False)

    def proceed(self) -> None:
        """What was written in this turn leaves at its end, or when there is room."""
        if self.writes:
            self._run(self.descriptor.doWrite, False)
        if self.reads or self.writes:
            self.renew()

    def _run(self, call: Any, is_read: bool) -> None:
        # What is logged meanwhile bears the name of the protocol.
        log.callWithLogger(self.descriptor, self._run_named, call, is_read)

    def _run_named(self, call: Any, is_read: bool) -> None:
        try:
            reason = call()
        except Exception as defect:
            self.fail(defect)
            return
        if reason is not None:
            self._disconnect(reason, is_read)

    def hang_up(self) -> None:
        if self.reads:
            self._disconnect(CONNECTION_DONE, True)
        else:
            self._disconnect(CONNECTION_LOST, False)

    def fail(self, defect: Exception) -> None:
        log.err()
        self._disconnect(defect, False)

    def _disconnect(self, reason: Any, is_read: bool) -> None:
        """As Twisted's reactors end a connection, or its reading half."""
        descriptor = self.descriptor
        self.descriptors.removeReader(descriptor)
        kind = reason.__class__
        failure = Failure(kind() if kind in (ConnectionDone, ConnectionLost) else reason)
        if is_read and kind is ConnectionDone and IHalfCloseableDescriptor.providedBy(descriptor):
            descriptor.readConnectionLost(failure)
        else:
            self.descriptors.removeWriter(descriptor)
            descriptor.connectionLost(failure)


@implementer(IReactorFDSet)
class Descriptors:
    """The hub's set as a reactor's; everything else of a reactor is the real one's."""

    def __init__(self, reader: HubReader) -> None:
        self.reader = reader
        self._watched: dict[Any, Watched] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.reader.reactor, name)

    def _watch(self, descriptor: Any) -> Watched:
        watched = self._watched.get(descriptor)
        if watched is None:
            watched = self._watched[descriptor] = Watched(self, descriptor)
            if self.reader.hub.engine is None:
                self.reader.start()
        return watched

    def _renew(self, watched: Watched) -> None:
        watched.renew()
        if not watched.reads and not watched.writes:
            self._watched.pop(watched.descriptor, None)
            if not self._watched and self.reader.hub.engine is None:
                self.reader.rest()

    def addReader(self, descriptor: Any) -> None:
        watched = self._watch(descriptor)
        watched.reads = True
        watched.renew()

    def addWriter(self, descriptor: Any) -> None:
        watched = self._watch(descriptor)
        if not watched.writes:
            watched.writes = True
            self.reader.hub.put_off(watched)
            watched.renew()

    def removeReader(self, descriptor: Any) -> None:
        watched = self._watched.get(descriptor)
        if watched is not None:
            watched.reads = False
            self._renew(watched)

    def removeWriter(self, descriptor: Any) -> None:
        watched = self._watched.get(descriptor)
        if watched is not None:
            watched.writes = False
            self._renew(watched)

    def removeAll(self) -> list[Any]:
        removed = list(self._watched)
        for descriptor in removed:
            self.removeReader(descriptor)
            self.removeWriter(descriptor)
        return removed

    def getReaders(self) -> list[Any]:
        return [descriptor for descriptor, watched in self._watched.items() if watched.reads]

    def getWriters(self) -> list[Any]:
        return [descriptor for descriptor, watched in self._watched.items() if watched.writes]


def as_reactor(descriptors: Descriptors) -> Any:
    """For the type checker, which would have every method of a reactor spelled out."""
    return cast(Any, descriptors)
