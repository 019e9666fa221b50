"""Many connections behind one epoll set of their own: receive, run, send, in one tight loop.

Twisted's reactor spends more time on an event than we spend on a command, so it only watches this set, as one
reader; a turn takes the events of many connections at once.  Compiled, and free of Twisted.  The set is
level-triggered; a turn handles a bounded number of events, commands and bytes, so that the reactor gets its
turn as well.
"""

from __future__ import annotations

import select
from collections import deque
from collections.abc import Callable
from typing import Final

from mypy_extensions import i64, mypyc_attr

from miniredis.dispatch.executor import Engine
from miniredis.dispatch.port import Port

EVENTS_A_TURN: Final = 256
#: How long the hub waits for clients that answer at once, and for how long the reactor may wait for the hub.
LINGER_S: Final = 0.001
LINGER_NS: Final = 2_000_000
#: Each half of a turn (what was left over, what is ready) that has taken this long leaves the rest to the next one:
#: the reactor has other things to do as well.
HALF_TURN_NS: Final = 4_000_000
#: Greedy clients get small helpings, several in one turn, with whoever else has come in between: so many, for so long.
HELPINGS_A_TURN: Final = 8
HELPINGS_NS: Final = 1_000_000
#: Before the end what has been received is answered, for so long; the network inside a machine may need a moment.
REST_NS: Final = 1_000_000_000
REST_WAIT_S: Final = 0.005

READABLE: Final = select.EPOLLIN
WRITABLE: Final = select.EPOLLOUT
BROKEN: Final = select.EPOLLHUP | select.EPOLLERR


class Hub:
    """The epoll set and its connections.  `schedule` asks the reactor for a turn soon.

    `engine` is None where the connections are those of ordinary Twisted protocols.
    """

    def __init__(self, engine: Engine | None, schedule: Callable[[], None]) -> None:
        self.engine = engine
        self.schedule = schedule
        self.poll = select.epoll()
        self.connections: dict[int, HubConnection] = {}
        self.in_turn = False
        #: Connections with output from elsewhere, or with requests left over from their last turn.
        self.pending: deque[HubConnection] = deque()
        self.is_closed = False
        #: Some connection has more requests than it was due.
        self.has_greedy = False
        #: Events that the last turn had no time for.
        self.left_events: list[tuple[int, int]] = []
        #: The last turn that asked had some.
        self.had_events = False
        #: When this half of the turn began.
        self.began_ns: i64 = 0
        #: When this turn began.
        self.turn_began_ns: i64 = 0
        #: A command that takes long lets us have a turn in its middle; output then waits for nothing.
        self.is_busy = False
        #: Such turns so far: the events that the turn around them has read are stale after one.
        self.busy_turns: int = 0
        #: Turns by the number of their events: one of n events counts at n.bit_length(); and the sum of all events.
        self.batches: list[int] = [0] * (EVENTS_A_TURN.bit_length() + 1)
        self.events: int = 0

    def fileno(self) -> int:
        return self.poll.fileno()

    def run_turn(self) -> None:
        """Handle what is ready; asks for another turn when something is left."""
        self.in_turn = True
        if self.engine is not None:
            self.engine.begin_turn()
            self.turn_began_ns = self.engine.timer.mark_ns
        self.has_greedy = False
        self.go_on(True)
        self.handle_events(self.next_events())
        if self.has_greedy:
            self.help_again()
        self.end_turn()

    def help_again(self) -> None:
        """More helpings for greedy clients and for who has come meanwhile: the reactor's round costs more than one."""
        engine = self.engine
        assert engine is not None
        log = engine.log_buffer
        helpings = 1
        while (
            self.has_greedy
            and helpings < HELPINGS_A_TURN
            and not self.is_closed
            and engine.timer.mark_ns - self.turn_began_ns < HELPINGS_NS
            and (log is None or not log.is_behind())
        ):
            helpings += 1
            self.has_greedy = False
            self.handle_events(self.next_events())
            self.go_on(True)

    def end_turn(self) -> None:
        # What was written to other connections in this turn leaves with it.
        self.go_on(False)
        engine = self.engine
        if engine is not None:
            log = engine.log_buffer
            if log is not None and log.is_behind():
                log.settle()
            engine.note_turn(self.turn_began_ns)
        self.in_turn = False
        if (self.pending or self.left_events) and not self.is_closed:
            self.schedule()

    def linger(self) -> None:
        """Further turns, while clients answer within a millisecond; the reactor waits for LINGER_NS at most.

        A round of the reactor costs as much as a request.  Not while anything waits for the reactor: the rest of a
        turn, or the log's thread.
        """
        engine = self.engine
        if engine is None or not self.had_events:
            return
        began_ns = engine.timer.mark_ns
        while not self.pending and not self.left_events and not self.is_closed:
            log = engine.log_buffer
            if log is not None and log.is_behind():
                return
            events = self.poll.poll(LINGER_S, EVENTS_A_TURN)
            if not events:
                return
            self.note_batch(len(events))
            self.in_turn = True
            engine.begin_turn()
            self.turn_began_ns = engine.timer.mark_ns
            self.handle_events(events)
            self.end_turn()
            if engine.timer.mark_ns - began_ns > LINGER_NS:
                return

    def answer_rest(self) -> None:
        """Turns until nothing is left of what was received: the server is about to stop."""
        engine = self.engine
        if engine is None or self.in_turn or self.is_closed:
            return
        self.run_turn()
        began_ns = self.turn_began_ns
        while not self.is_closed and self.turn_began_ns - began_ns < REST_NS:
            log = engine.log_buffer
            if log is not None and log.is_behind():
                log.flush()
            if not self.pending and not self.left_events and not self.poll.poll(REST_WAIT_S, 1):
                return
            self.run_turn()

    def next_events(self) -> list[tuple[int, int]]:
        """What the last turn had no time for, else what is ready: up to EVENTS_A_TURN, and the kernel goes round."""
        left = self.left_events
        if left:
            self.left_events = []
            return left
        events = self.poll.poll(0, EVENTS_A_TURN)
        self.note_batch(len(events))
        self.had_events = len(events) > 0
        return events

    def note_batch(self, count: int) -> None:
        self.batches[count.bit_length()] += 1
        self.events += count

    def begin_half(self) -> None:
        if self.engine is not None:
            self.began_ns = self.engine.timer.mark_ns

    def is_over(self) -> bool:
        """Whether this half has had its time; asks no clock, but when the last command ended."""
        engine = self.engine
        return engine is not None and not self.is_busy and engine.timer.mark_ns - self.began_ns > HALF_TURN_NS

    def run_busy_turn(self) -> None:
        """A turn in the middle of a command: for everybody but the client whose command it is.

        What it finds pending may be the rest of a turn around it, which then finds it done.
        """
        engine = self.engine
        assert engine is not None
        log = engine.log_buffer
        if log is not None and log.is_behind():
            log.settle()
        was_in_turn = self.in_turn
        self.in_turn = True
        self.is_busy = True
        self.busy_turns += 1
        self.go_on(True)
        self.handle_events(self.next_events())
        self.go_on(False)
        self.is_busy = False
        self.in_turn = was_in_turn
        if self.pending and not was_in_turn:
            self.schedule()

    def go_on(self, with_requests: bool) -> None:
        """Go on with the connections that are pending now, once each; else only send what waits for them."""
        self.begin_half()
        pending = self.pending
        left = len(pending)
        while left > 0 and pending:
            left -= 1
            if with_requests and self.is_over():
                return
            connection = pending.popleft()
            if connection.is_running or (connection.has_more and not with_requests):
                pending.append(connection)
            else:
                connection.is_pending = False
                try:
                    connection.proceed()
                except Exception as defect:
                    connection.fail(defect)

    def handle_events(self, events: list[tuple[int, int]]) -> None:
        """Receive and send; what there is no time for is left to the next turn."""
        self.begin_half()
        busy_turns = self.busy_turns
        count = len(events)
        at = 0
        while at < count:
            if self.is_over():
                # A connection that broke is told of again, and may be another's by then.
                self.left_events = [(fd, kinds & ~BROKEN) for fd, kinds in events[at:]]
                return
            fd, kinds = events[at]
            at += 1
            ready = self.connections.get(fd)
            if ready is None or ready.is_running:
                continue
            try:
                if kinds & READABLE:
                    if not ready.has_more:
                        ready.receive()
                elif kinds & BROKEN and ready.registered_at != self.events:
                    ready.hang_up()
                if kinds & WRITABLE:
                    ready.send_kept()
            except Exception as defect:
                ready.fail(defect)
            # After a turn in the middle of this one, or once the set is closed, what was read of it is stale.
            if self.busy_turns != busy_turns or self.is_closed:
                return

    def close(self) -> None:
        """Send what can be sent, then close every connection and the set."""
        if self.is_closed:
            return
        for connection in list(self.connections.values()):
            connection.flush()
            connection.lose()
        self.is_closed = True
        self.pending.clear()
        self.poll.close()

    def put_off(self, connection: HubConnection) -> None:
        """Go on with a connection at the end of this turn, or in the next."""
        if not connection.is_pending and not self.is_closed:
            connection.is_pending = True
            self.pending.append(connection)
            if not self.in_turn:
                self.schedule()


@mypyc_attr(allow_interpreted_subclasses=True)
class HubConnection(Port):
    """A descriptor in the set."""

    def __init__(self, hub: Hub, fd: int) -> None:
        super().__init__()
        self.hub = hub
        self.fd = fd
        #: Requests have been received that were not run yet.
        self.has_more = False
        self.is_pending = False
        self.interest: int = 0
        #: The hub's count of events when it came into the set: what broke in a batch before was another's.
        self.registered_at: int = -1

    def watch(self, interest: int) -> None:
        """Be told of these events; of none, not even of a broken connection, when 0."""
        before = self.interest
        if interest == before or self.hub.is_closed:
            return
        self.interest = interest
        if before == 0:
            self.hub.poll.register(self.fd, interest)
            self.registered_at = self.hub.events
            self.hub.connections[self.fd] = self
        elif interest == 0:
            self.hub.poll.unregister(self.fd)
            self.hub.connections.pop(self.fd, None)
        else:
            self.hub.poll.modify(self.fd, interest)

    def receive(self) -> None:
        """There is something to read, the end maybe."""

    def send_kept(self) -> None:
        """There is room for more output."""

    def hang_up(self) -> None:
        """The other side is gone, or something failed."""

    def proceed(self) -> None:
        """It was put off until now."""

    def flush(self) -> None:
        """Everything is about to be closed."""

    def lose(self) -> None:
        """Close."""

    def fail(self, defect: Exception) -> None:
        """A defect of ours ends the connection that met it, and none of the others."""
