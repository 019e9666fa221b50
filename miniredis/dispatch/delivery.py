"""What commands did, told to everybody concerned, and the clients that waited for it served.

The part of the engine behind a command's end: its effects go to the sinks, commands inside of EXEC, a script or a
module's command are gathered into one block, then waiting clients are tried.
"""

from __future__ import annotations

from itertools import islice
from random import Random

from twisted.internet.defer import Deferred

from miniredis.commands.context import NOT_READY, Context, Serve
from miniredis.commands.declaration import FAST, Command
from miniredis.config.config import Config
from miniredis.dispatch.blocking import Waiter
from miniredis.dispatch.call_timer import CallTimer
from miniredis.dispatch.command_log import SLOW, CommandLog
from miniredis.dispatch.freeing import Freeing
from miniredis.dispatch.gates import GATE_ACL
from miniredis.dispatch.latency import LatencyMonitor
from miniredis.dispatch.port import Log, TimeSource
from miniredis.dispatch.registry import CommandTable
from miniredis.dispatch.session import Session
from miniredis.dispatch.sinks import FOR_ALL, FOR_REPLICAS, Replay
from miniredis.dispatch.state import ServerState
from miniredis.keyspace.keyspace import Keyspace
from miniredis.resp.errors import ReplyError, internal_error


class Delivery(ServerState):
    """Sinks, blocks and waiting clients of one server; executor.Engine runs the commands."""

    def __init__(
        self, keyspace: Keyspace, config: Config, commands: CommandTable, random: Random, time: TimeSource, log: Log
    ) -> None:
        super().__init__(keyspace, config, commands, random, time, log)
        self.timer = CallTimer(time.monotonic_ns, self._note_slow)
        self.command_log = CommandLog()
        self.latency = LatencyMonitor()
        self.freeing = Freeing(time)
        self._nesting: int = 0  # commands inside commands: EXEC, scripts, modules
        #: Whom the commands of a script are replayed for.
        self.audience: int = FOR_ALL
        self._block: list[Replay] | None = None
        self._block_marks: list[int] = []  # when the blocks that are open began

    def _note_slow(self, session: Session, command: Command, argv: list[bytes], spent_ns: int, reply: object) -> None:
        if 0 <= self.log_slower_ns <= spent_ns:
            self.command_log.note(SLOW, session, command, argv, spent_ns // 1000)
        name = b"fast-command" if command.flags & FAST else b"command"
        self.latency.note(name, session.context.now_ms // 1000, spent_ns // 1_000_000)
        for listener in self.on_timed:
            listener(session, command, argv, spent_ns, reply)

    # -- effects

    def _deliver(self, session: Session, argv: list[bytes], is_dirty: bool) -> None:
        """Tell the sinks what a command did; then, outside of any block, serve who waited for it."""
        effects = self.effects
        if effects.replaying:
            if effects.removals:
                for removal in effects.removals:
                    self._log(removal.db_index, removal.argv, None, FOR_ALL)
            replay = effects.replay
            if replay is not None:
                if effects.replay_is_message:
                    effects.replay_is_message = False
                    for message in replay:
                        self._log(session.context.db.index, message, None, self.audience & FOR_REPLICAS)
                else:
                    self._log_several(session.context.db.index, replay)
            elif is_dirty:
                raw = session.decoder.raw() if self._nesting == 0 else None
                self._log(session.context.db.index, argv, raw, self.audience)
        if effects.listening and (effects.events or effects.flushed or effects.swapped):
            if not self.watching.is_empty():
                self.watching.on_effects(effects)
            for sink in self.event_sinks:
                sink.on_effects(effects, session.id)
            if not self.waiting.is_empty():
                for event in effects.events:
                    if event.modified:
                        self.waiting.key_changed(event.db_index, event.key)
                for index in effects.flushed:
                    self.waiting.database_changed(index)
                for first, second in effects.swapped:
                    self.waiting.database_changed(first)
                    self.waiting.database_changed(second)
        effects.clear()
        if self._nesting == 0 and self.waiting.has_ready():
            self._serve_waiting()

    def _log(self, db_index: int, argv: list[bytes], raw: bytes | None, audience: int) -> None:
        if self._block is not None:
            self._block.append(Replay(db_index, argv, raw, audience))
        else:
            for sink in self.log_sinks:
                if audience == FOR_ALL or sink.concerns(audience):
                    sink.append(db_index, argv, raw)

    def _log_several(self, db_index: int, commands: list[list[bytes]]) -> None:
        if self._block is not None or len(commands) == 1:
            for argv in commands:
                self._log(db_index, argv, None, self.audience)
        elif commands:
            block = [Replay(db_index, argv, None) for argv in commands]
            for sink in self.log_sinks:
                sink.append_block(block)

    def deliver_unasked(self, session: Session) -> None:
        """Deliver effects that no command had: active expiry, eviction, a timer."""
        if self.effects.active:
            self._deliver(session, [], False)

    def begin_block(self) -> None:
        """What follows happens together: EXEC, a script, a module's command."""
        self._nesting += 1
        self._block_marks.append(self.timer.mark_ns)
        if self._nesting == 1 and self.effects.replaying:
            self._block = []

    def block_started_ns(self) -> int:
        """When the innermost open block began."""
        return self._block_marks[-1]

    def forget_block(self) -> None:
        """Log nothing of the open block: the server stops without saving."""
        if self._block is not None:
            self._block = []

    def end_block(self) -> None:
        """Log the block and serve the clients that waited for something in it."""
        self._block_marks.pop()
        self._nesting -= 1
        if self._nesting == 0:
            self._close_block()
        # Its commands are logged, not the one that ran them; said last, since serving clients clears the record.
        self.effects.replay_nothing()

    def _close_block(self) -> None:
        block = self._block
        self._block = None
        if block:
            for sink in self.log_sinks:
                own = [replay for replay in block if replay.audience == FOR_ALL or sink.concerns(replay.audience)]
                if len(own) == 1:
                    sink.append(own[0].db_index, own[0].argv, own[0].raw)
                elif own:
                    sink.append_block(own)
        if self.waiting.has_ready():
            self._serve_waiting()

    # -- clients that wait for keys

    def wait_for_keys(
        self, ctx: Context, keys: list[bytes], timeout_ms: int, serve: Serve, timeout_reply: object, on_removal: bool
    ) -> Deferred[object]:
        session = self.sessions[ctx.client.id]
        waiter = Waiter(session, ctx.db.index, keys, serve, timeout_reply, on_removal)
        self.waiting.add(waiter)
        if timeout_ms > 0:
            waiter.timeout = self.time.call_later(timeout_ms / 1000, lambda: self.release(waiter, timeout_reply))
        self.refresh_listening()
        return waiter.deferred

    def wait_until_freed(self, ctx: Context, reply: object) -> object:
        session = self.sessions.get(ctx.client.id)
        if not ctx.may_block or session is None or session.is_primary:
            return reply
        freed = self.freeing.finish()
        return reply if freed is None else freed.addCallback(lambda _: reply)

    def release(self, waiter: Waiter, reply: object) -> None:
        """End a client's waiting with this reply: its time is over, or CLIENT UNBLOCK."""
        if waiter.done:
            return
        self.waiting.remove(waiter)
        self.refresh_listening()
        if isinstance(reply, ReplyError):
            self.count_error(reply.message)
        waiter.deferred.callback(reply)

    def _serve_waiting(self) -> None:
        """Try the clients that wait for changed keys, longest waiting first; what they do may change more."""
        while self.waiting.has_ready():
            for db_index, key in self.waiting.take_ready():
                self._serve_key(db_index, key)
        self.refresh_listening()

    def _serve_key(self, db_index: int, key: bytes) -> None:
        db = self.keyspace.databases[db_index]
        passed_over = 0  # clients at the front of the queue that this key does not serve
        while True:
            waiters = self.waiting.at(db_index, key)
            if waiters is None or not (db.exists(key) or self.waiting.wants_removal(db_index, key)):
                return
            waiter = next(islice(waiters, passed_over, None), None)
            if waiter is None:
                return
            reply = self._try_to_serve(waiter, key)
            if reply is NOT_READY:
                passed_over += 1
            else:
                self.waiting.remove(waiter)
                waiter.deferred.callback(reply)

    def _try_to_serve(self, waiter: Waiter, key: bytes) -> object:
        session = waiter.session
        effects = self.effects
        dirty = effects.dirty
        self._nesting += 1  # keys it changes are looked at by the loop that called
        try:
            if session.gates & GATE_ACL and session.last_command is not None:
                # What its user may do has perhaps changed since it began to wait.
                self.rules[GATE_ACL].apply(session, session.last_command, waiter.argv)
            reply = waiter.serve(session.context, key)
        except ReplyError as problem:
            self.count_error(problem.message)
            reply = problem
        except Exception as defect:
            self.counters.unexpected_errors += 1
            self.log_failure("a command that waited failed", defect, session.id)
            reply = internal_error()
        self._deliver(session, waiter.argv, effects.dirty != dirty)
        self._nesting -= 1
        return reply

    def unwatch(self, session: Session) -> None:
        self.watching.unwatch(session)
        self.refresh_listening()
