"""The engine: it runs requests and tells everybody concerned what they did.

The way of one command: look it up, count its arguments, pass the gates (one integer test when none is down),
run its code, note the time, deliver its effects, then serve the clients that waited for what it changed.
Everything rare lives behind a test that is normally false.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from random import Random
from typing import Final

from mypy_extensions import i64
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from miniredis.commands.context import NOT_READY, Context, Serve
from miniredis.commands.declaration import FAST, Command
from miniredis.config.config import Config
from miniredis.dispatch.acl import AccessControl
from miniredis.dispatch.admission import admit, admit_queued
from miniredis.dispatch.blocking import Waiter
from miniredis.dispatch.call_timer import RUN_ARGUMENTS, CallTimer
from miniredis.dispatch.client_limits import ClientLimits
from miniredis.dispatch.command_log import LARGE_REQUEST, SLOW, CommandLog, SmallRequests
from miniredis.dispatch.freeing import Freeing
from miniredis.dispatch.gates import (
    AFTER_REPLY,
    GATE_ACL,
    GATE_LOG_REQUESTS,
    GATE_MULTI,
    GATE_SUBSCRIBED,
    GATE_TRACKING,
)
from miniredis.dispatch.held_keys import HeldKeys
from miniredis.dispatch.latency import LatencyMonitor
from miniredis.dispatch.memory_limit import MemoryLimit
from miniredis.dispatch.monitors import Monitors
from miniredis.dispatch.pause import Pause
from miniredis.dispatch.port import Log, Port, TimeSource
from miniredis.dispatch.pubsub import KeyspaceNotifications, PubSub
from miniredis.dispatch.registry import CommandTable
from miniredis.dispatch.session import REPLY_ON, REPLY_SKIP, REPLY_SKIP_NEXT, QueuedCommand, Session
from miniredis.dispatch.sinks import Replay
from miniredis.dispatch.state import ServerState
from miniredis.dispatch.tracking import Tracking
from miniredis.keyspace.keyspace import Keyspace
from miniredis.resp.drawn import DrawnReply
from miniredis.resp.encoder import append_bulk, append_integer, append_reply, encode_command, encode_error
from miniredis.resp.errors import (
    ProtocolError,
    ReplyError,
    internal_error,
    transaction_refused,
    wrong_number_of_arguments,
)
from miniredis.resp.replies import Preencoded

#: The header of a bulk string and its end take no more than this.
HEADER_BYTES: Final = 24
#: A client whose requests have taken this long has to let others have their turn.
TURN_OF_CLIENT_NS: Final = 2_000_000
#: A request in this form is a browser's: somebody's page talks to us without knowing (cross-protocol scripting).
CROSS_PROTOCOL: Final = (b"post", b"host:")


class Engine(ServerState):
    """A server without sockets, files or a clock of its own."""

    def __init__(
        self, keyspace: Keyspace, config: Config, commands: CommandTable, random: Random, time: TimeSource, log: Log
    ) -> None:
        super().__init__(keyspace, config, commands, random, time, log)
        self.timer = CallTimer(time.monotonic_ns, self._note_slow)
        self._by_name: dict[bytes, Command] = commands.by_name
        # The command looked up last, by the name as it was written.
        self._found_name: bytes = b""
        self._found: Command | None = None
        self._nesting: int = 0  # commands inside commands: EXEC, scripts, modules
        self._block: list[Replay] | None = None
        self._block_marks: list[int] = []  # when the blocks that are open began
        self.acl = AccessControl(self)
        self.on_reset.append(self.acl.begin)
        self.pause = Pause(self, self.call_held)
        self.client_limits = ClientLimits(self)
        self.memory_limit = MemoryLimit(self)
        self.freeing = Freeing(time)
        self.command_log = CommandLog()
        self.rules[GATE_LOG_REQUESTS] = SmallRequests(self._note_large_request)
        self.latency = LatencyMonitor()
        self.monitors = Monitors(self)
        self.on_reset.append(self.monitors.remove)
        self.pubsub = PubSub()
        self.rules[GATE_SUBSCRIBED] = self.pubsub
        self.held_keys = HeldKeys(self, self.execute)
        self.on_reset.append(self.pubsub.forget)
        self.notifications = KeyspaceNotifications(self.pubsub)
        self.tracking = Tracking(self)
        self.on_reset.append(self.tracking.stop)
        self.begin_turn()

    # -- turns and clients

    def begin_turn(self) -> None:
        """The edge has something to do: what runs until the next turn sees this time."""
        self.keyspace.clock.now_ms = self.time.wall_ms()
        self.timer.mark_ns = self.time.monotonic_ns()

    def run_interlude(self, turn: Callable[[], None]) -> None:
        """Run a turn of the edge in the middle of a command, whose own time stands still meanwhile."""
        clock = self.keyspace.clock
        now_ms = clock.now_ms
        mark_ns = self.timer.mark_ns
        try:
            self.begin_turn()
            turn()
        finally:
            clock.now_ms = now_ms
            self.timer.mark_ns = mark_ns

    def connect(self, port: Port) -> Session:
        """A client has connected."""
        session = Session(self.next_client_id(), self, port, self.max_bulk)
        self.sessions[session.id] = session
        self.counters.connections += 1
        self.acl.begin(session)
        return session

    def own_session(self, port: Port) -> Session:
        """A session for what the server does by itself; no client, and in no list."""
        session = Session(0, self, port, self.max_bulk)
        session.decoder.whole = False  # there are no bytes of a request to be logged
        return session

    def disconnect(self, session: Session) -> None:
        """A client's connection is gone."""
        session.closed = True
        session.closing = True
        session.out.clear()
        if self.sessions.pop(session.id, None) is not None:
            self.counters.bytes_in += session.bytes_in
            self.counters.bytes_out += session.bytes_out
        waiter = self.waiting.waiters.get(session.id)
        if waiter is not None:
            self.waiting.remove(waiter)
            self.refresh_listening()
        if session.watched:
            self.unwatch(session)
        for callback in list(session.on_closed):
            callback(session)

    def reset(self, session: Session) -> None:
        """Make a client as it was when it connected."""
        session.end_queue()
        self.unwatch(session)
        session.context.db = self.keyspace.databases[0]
        session.context.resp = 2
        session.set_reply_mode(REPLY_ON)
        session.name = b""
        session.set_no_touch(False)
        self.keyspace.clock.leaves_no_trace = False
        for feature in self.on_reset:
            feature(session)

    def has_default_password(self) -> bool:
        """Whether a connection can do nothing before it says who it is."""
        return self.acl.needs_authentication()

    def may_read_all_keys(self, ctx: Context, argv: list[bytes]) -> bool:
        session = ctx.client
        assert isinstance(session, Session)
        command = session.last_command
        if not session.gates & GATE_ACL or session.user is None or command is None:
            return True
        return session.user.reads_all_keys(command, argv)

    def notify_classes(self, classes: int) -> None:
        """Publish keyspace events of these NOTIFY_ classes from now on; 0: none."""
        self.notifications.classes = classes
        if classes and self.notifications not in self.event_sinks:
            self.event_sinks.append(self.notifications)
        elif not classes and self.notifications in self.event_sinks:
            self.event_sinks.remove(self.notifications)
        self.refresh_listening()

    # -- requests

    def proceed(self, session: Session, most: int) -> bool:
        """Run up to `most` requests of a client, fewer when they take long; True when more may be ready."""
        decoder = session.decoder
        out = session.out
        session.active_ms = self.keyspace.clock.now_ms
        if session.drawn is not None and not session.closing and session.append_drawn(session.drawn):
            return True
        self.running = session
        timer = self.timer
        timer.begin()
        begun_ns = timer.mark_ns
        more = False
        left: i64 = most
        while True:
            if session.waiting is not None or session.closing:
                break
            if left <= 0 or timer.mark_ns - begun_ns > TURN_OF_CLIENT_NS:
                more = not decoder.is_idle()
                break
            try:
                argv = decoder.next()
            except ProtocolError as problem:
                self._refuse(session, problem)
                break
            if argv is None:
                break
            left -= 1
            session.commands_run += 1
            if not decoder.whole:
                self._note_large_request(session, argv)
            reply = self.execute(session, argv)
            if session.gates & AFTER_REPLY:
                self._append_with_care(session, argv, reply)
                if session.drawn is not None:
                    more = True
                    break
            elif isinstance(reply, Preencoded):
                out.append(reply.data)
            elif isinstance(reply, bytes):
                append_bulk(out, reply)
                if len(reply) + HEADER_BYTES >= self.large_reply_bytes:
                    self.command_log.look_at_bulk(session, argv, reply, self.large_reply_bytes)
            elif isinstance(reply, int) and reply is not True and reply is not False:
                append_integer(out, reply)
            elif reply is None or isinstance(reply, list):
                self._append_looking(session, argv, reply)
            elif isinstance(reply, Deferred):  # a test that asks Python's own classes: the dearest comes last
                self._hold(session, reply)
            elif isinstance(reply, DrawnReply):
                if session.append_drawn(reply):
                    more = True
                    break
            else:
                self._append_looking(session, argv, reply)
        timer.end()
        return more

    def _append_looking(self, session: Session, argv: list[bytes], reply: object) -> None:
        """Append a reply of any kind, with an eye on its size."""
        out = session.out
        before = len(out)
        append_reply(out, reply, session.context.resp)
        chunks = len(out) - before
        if chunks > 1 or (chunks == 1 and len(out[before]) >= self.large_reply_bytes):
            self.command_log.look_at_reply(session, argv, before, self.large_reply_bytes)

    def _note_large_request(self, session: Session, argv: list[bytes]) -> None:
        """A request that came in pieces may be large; one that came at once is not."""
        if self.log_larger_bytes >= 0:
            size = len(encode_command(argv))
            command = self.commands.look_up(argv)
            if size >= self.log_larger_bytes and command is not None:
                self.command_log.note(LARGE_REQUEST, session, command, argv, size)

    def execute(self, session: Session, argv: list[bytes]) -> object:
        """Run one request; its reply value, errors included."""
        name = argv[0]
        if name == self._found_name:
            command = self._found
        else:
            command = self._by_name.get(name)
            self._found_name = name
            self._found = command
        try:
            if command is None or command.subcommands is not None:
                command = None  # a container rejects nothing itself
                command = self._find(session, argv)
                if command is None:
                    return Preencoded(b"")
            count = len(argv)
            if count < command.min_arguments or count > command.max_arguments:
                raise wrong_number_of_arguments(command.full_name)
            if self.gates | session.gates:
                reply = admit(self, session, command, argv)
                if reply is not None:
                    return reply
        except ReplyError as refusal:
            return self._reject(session, command, refusal)
        return self.call(session, command, argv)

    def call(self, session: Session, command: Command, argv: list[bytes]) -> object:
        """Run an admitted command: time it, count it, deliver what it did."""
        effects = self.effects
        dirty = effects.dirty
        session.last_command = command
        timer = self.timer
        if command is not timer.run_of or len(argv) > RUN_ARGUMENTS:
            timer.before_other(command, argv)
        started_ns = timer.mark_ns
        try:
            reply = command.run(session.context, argv)
        except ReplyError as problem:
            command.failed += 1
            self.count_error(problem.message)
            reply = problem
        except Exception as defect:
            command.failed += 1
            reply = self._internal_error(session, command, defect)
        if self.on_call:
            self._announce(session, command, argv)
        if command is timer.run_of:
            timer.run_length += 1
            timer.session = session
            timer.argv = argv
        else:
            timer.after_other(session, command, argv, started_ns, reply)
            self._found_name = b""  # it may have changed what there is
        if effects.active:
            self._deliver(session, argv, effects.dirty != dirty)
            if session.gates & GATE_TRACKING:
                # Only now: what the command itself removed (an expired key) is no longer remembered.
                self.tracking.remember(session, command, argv)
        return reply

    def call_queued(self, session: Session, queued: QueuedCommand) -> object:
        """Run one command of a transaction; what its user may do can have changed since it was queued."""
        if self.gates | session.gates:
            try:
                reply = admit_queued(self, session, queued.command, queued.argv)
            except ReplyError as refusal:
                queued.command.rejected += 1
                self.count_error(refusal.message)
                return refusal
            if reply is not None:
                return reply
        return self.call(session, queued.command, queued.argv)

    def call_held(self, session: Session, command: Command, argv: list[bytes]) -> object:
        """Run a command that a pause held back; meanwhile we may have become a replica."""
        return self.call_queued(session, QueuedCommand(command, argv))

    def _note_slow(self, session: Session, command: Command, argv: list[bytes], spent_ns: int, reply: object) -> None:
        if 0 <= self.log_slower_ns <= spent_ns:
            self.command_log.note(SLOW, session, command, argv, spent_ns // 1000)
        name = b"fast-command" if command.flags & FAST else b"command"
        self.latency.note(name, session.context.now_ms // 1000, spent_ns // 1_000_000)
        for listener in self.on_timed:
            listener(session, command, argv, spent_ns, reply)

    def _announce(self, session: Session, command: Command, argv: list[bytes]) -> None:
        for listener in self.on_call:
            listener(session, command, argv)

    def _find(self, session: Session, argv: list[bytes]) -> Command | None:
        """The rarer look-ups; None when the client turns out to be none of ours."""
        if argv[0].lower() in CROSS_PROTOCOL:
            warning = "Possible SECURITY ATTACK detected: a browser may be talking to this port. Closed."
            self.log_client("warning", warning, session.id)
            session.closing = True
            session.port.close(True)
            return None
        return self.commands.find(argv)

    def _reject(self, session: Session, command: Command | None, refusal: ReplyError) -> ReplyError:
        """A request was refused before it ran; inside MULTI that spoils the transaction."""
        if command is not None:
            command.rejected += 1
        if session.gates & GATE_MULTI:
            session.queue_is_bad = True
        if command is not None and command.name == b"exec":
            session.end_queue()
            self.unwatch(session)
            refusal = transaction_refused(refusal)
        self.count_error(refusal.message)
        return refusal

    def _internal_error(self, session: Session, command: Command, defect: Exception) -> ReplyError:
        self.counters.unexpected_errors += 1
        self.log_failure(f"defect in command {command.full_name.decode()}", defect, session.id)
        problem = internal_error()
        self.count_error(problem.message)
        return problem

    def _refuse(self, session: Session, problem: ProtocolError) -> None:
        """The stream makes no sense any more: say why and close."""
        self.count_error(problem.message)
        reason = problem.message[4:].decode("latin-1")
        self.log_client("verbose", f"Protocol error ({reason}) from client: id={session.id}", session.id)
        session.out.append(encode_error(problem.message))
        session.close_after_output()

    # -- replies that are held back or suppressed

    def _append_with_care(self, session: Session, argv: list[bytes], reply: object) -> None:
        """The reply to a client that does not want it, is to be told of what it changed itself, or does not touch."""
        self.keyspace.clock.leaves_no_trace = False
        mode = session.reply_mode
        if mode == REPLY_SKIP:
            session.set_reply_mode(REPLY_ON)
        elif mode == REPLY_SKIP_NEXT:
            session.set_reply_mode(REPLY_SKIP)
        if isinstance(reply, Deferred):
            self._hold(session, reply)
            return
        if mode == REPLY_ON:
            if isinstance(reply, DrawnReply):
                session.append_drawn(reply)
            else:
                append_reply(session.out, reply, session.context.resp)
        self.tracking.after_reply(session, argv)

    def _hold(self, session: Session, reply: Deferred[object]) -> None:
        """Stop the conversation until the reply is there."""
        session.waiting = reply
        reply.addCallbacks(self._resume, self._resume_with_failure, callbackArgs=(session,), errbackArgs=(session,))

    def _resume(self, reply: object, session: Session) -> None:
        session.waiting = None
        if session.closed:
            return
        if session.reply_mode == REPLY_ON:
            if isinstance(reply, DrawnReply):
                session.append_drawn(reply)
            else:
                append_reply(session.out, reply, session.context.resp)
        if session.gates & GATE_TRACKING:
            self.tracking.after_reply(session, [b""])
        session.port.wake()

    def _resume_with_failure(self, failure: Failure, session: Session) -> None:
        problem = failure.value
        if not isinstance(problem, ReplyError):
            self.counters.unexpected_errors += 1
            self.log_failure("a command that waited failed", problem, session.id)
            problem = internal_error()
        self.count_error(problem.message)
        self._resume(problem, session)

    # -- effects

    def _deliver(self, session: Session, argv: list[bytes], is_dirty: bool) -> None:
        """Tell the sinks what a command did; then, outside of any block, serve who waited for it."""
        effects = self.effects
        if effects.replaying:
            if effects.removals:
                for removal in effects.removals:
                    self._log(removal.db_index, removal.argv, None)
            replay = effects.replay
            if replay is not None:
                self._log_several(session.context.db.index, replay)
            elif is_dirty:
                self._log(session.context.db.index, argv, session.decoder.raw() if self._nesting == 0 else None)
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

    def _log(self, db_index: int, argv: list[bytes], raw: bytes | None) -> None:
        if self._block is not None:
            self._block.append(Replay(db_index, argv, raw))
        else:
            for sink in self.log_sinks:
                sink.append(db_index, argv, raw)

    def _log_several(self, db_index: int, commands: list[list[bytes]]) -> None:
        if self._block is not None or len(commands) == 1:
            for argv in commands:
                self._log(db_index, argv, None)
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
        # Its commands are logged, not the one that ran them.
        self.effects.replay_nothing()
        self._block_marks.pop()
        self._nesting -= 1
        if self._nesting > 0:
            return
        block = self._block
        self._block = None
        if block:
            for sink in self.log_sinks:
                if len(block) == 1:
                    sink.append(block[0].db_index, block[0].argv, block[0].raw)
                else:
                    sink.append_block(block)
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
