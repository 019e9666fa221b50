"""What a client may make the server hold for it, and for how long it may be silent.

Output that a client does not read counts against the limit of its class (`client-output-buffer-limit`): the hard
limit ends it at once, the soft one when it is exceeded for some seconds.  An unfinished request counts against
`client-query-buffer-limit`.  `timeout` ends normal clients that ask for nothing.
"""

from __future__ import annotations

from typing import Final

from miniredis.dispatch.clients import describe, memory_of
from miniredis.dispatch.session import Session
from miniredis.dispatch.state import ServerState

NORMAL: Final = 0
REPLICA: Final = 1
PUBSUB: Final = 2

#: How many clients a round looks at, at least; each is looked at once a second.
LOOKED_AT: Final = 256


class ClientLimits:
    """The limits of one server; 0 stands for none."""

    def __init__(self, state: ServerState) -> None:
        self.state = state
        #: (hard bytes, soft bytes, soft seconds) of normal clients, replicas and subscribers.
        self.output: list[tuple[int, int, int]] = [(0, 0, 0), (0, 0, 0), (0, 0, 0)]
        self.query_bytes: int = 1 << 30
        self.timeout_s: int = 0
        #: What all clients together may make the server hold; the ones that cost most are ended first.
        self.total_bytes: int = 0
        #: Whom this second's rounds still have to look at.
        self._not_yet: list[Session] = []
        self._at_once: int = LOOKED_AT

    def output_exceeded(self, session: Session, unsent: int) -> bool:
        """Whether a client that has `unsent` bytes to read yet must go; says so in the log."""
        kind = REPLICA if session.is_replica else PUBSUB if session.subscriptions() > 0 else NORMAL
        hard, soft, soft_s = self.output[kind]
        if kind == REPLICA and hard > 0:
            # It could be resynchronised from the backlog: less would cut it off again and again.
            hard = max(hard, self.state.config.int("repl-backlog-size"))
        now_ms = self.state.keyspace.clock.now_ms
        is_over = 0 < hard <= unsent
        if soft == 0 or unsent < soft:
            session.over_soft_since_ms = -1
        elif session.over_soft_since_ms < 0:
            session.over_soft_since_ms = now_ms
        elif now_ms - session.over_soft_since_ms > soft_s * 1000:
            is_over = True
        if is_over:
            self.state.counters.output_limit_disconnections += 1
            self._say("overcoming of output buffer limits", session)
        return is_over

    def query_exceeded(self, session: Session) -> bool:
        """Whether a client's unfinished request has grown too large."""
        if session.decoder.pending_bytes() <= self.query_bytes:
            return False
        self.state.counters.query_limit_disconnections += 1
        self._say("reaching the max query buffer length", session)
        return True

    def _say(self, why: str, session: Session) -> None:
        text = describe(session, self.state).decode("utf-8", "replace")
        self.state.log("warning", f"Client {text} closed for {why}.")

    def look_at_all(self) -> None:
        """Now and then: end who was silent, or over a soft limit, for too long.

        Of many clients each round looks at some only: thousands of silent ones must cost the others no time."""
        now_ms = self.state.keyspace.clock.now_ms
        if not self._not_yet:
            self._not_yet = list(self.state.sessions.values())
            self._at_once = max(LOOKED_AT, len(self._not_yet) // self.state.config.int("hz") + 1)
        looked_at = self._not_yet[-self._at_once :]
        del self._not_yet[-self._at_once :]
        for session in looked_at:
            if session.id not in self.state.sessions:
                continue
            unsent = session.port.unsent_bytes()
            # Of replicas there is more to count: who feeds them looks at them.
            if unsent > 0 and not session.is_replica and self.output_exceeded(session, unsent):
                self._end(session)
            elif (
                0 < self.timeout_s * 1000 < now_ms - session.active_ms
                and not (session.is_replica or session.is_primary or session.waiting is not None)
                and session.subscriptions() == 0
            ):
                self.state.log("verbose", "Closing idle client")
                self._end(session)

        if self.total_bytes > 0:
            self._evict()

    def _evict(self) -> None:
        """End the clients that cost most until the others keep within the limit, as `maxmemory-clients` asks."""
        costs: list[tuple[int, Session]] = []
        total = 0
        for session in self.state.sessions.values():
            if not (session.is_replica or session.is_primary):
                cost = memory_of(session)
                total += cost
                if not session.no_evict:
                    costs.append((cost, session))
        if total <= self.total_bytes:
            return
        costs.sort(key=lambda entry: entry[0])
        while costs and total > self.total_bytes:
            cost, session = costs.pop()
            total -= cost
            self.state.counters.evicted_clients += 1
            text = describe(session, self.state).decode("utf-8", "replace")
            self.state.log("notice", f"Evicting client: {text}")
            self._end(session)

    def _end(self, session: Session) -> None:
        session.closing = True
        session.port.close(True)
