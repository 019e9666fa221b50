"""The engine: it runs requests and tells everybody concerned what they did.

The way of one command: look it up, count its arguments, pass the gates (one integer test when none is down),
run its code, note the time, deliver its effects, then serve the clients that waited for what it changed.
Everything rare lives behind a test that is normally false.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

from mypy_extensions import i64
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from miniredis.commands.context import Context
from miniredis.commands.declaration import Command
from miniredis.config.config import Config
from miniredis.dispatch.acl import AccessControl
from miniredis.dispatch.admission import admit, admit_queued
from miniredis.dispatch.call_timer import RUN_ARGUMENTS
from miniredis.dispatch.client_limits import ClientLimits
from miniredis.dispatch.command_log import LARGE_REQUEST, SmallRequests
from miniredis.dispatch.delivery import Delivery
from miniredis.dispatch.gates import (
    AFTER_REPLY,
    GATE_ACL,
    GATE_CLUSTER,
    GATE_IMPORT,
    GATE_LOG_REQUESTS,
    GATE_MULTI,
    GATE_SUBSCRIBED,
    GATE_TRACKING,
)
from miniredis.dispatch.held_keys import HeldKeys
from miniredis.dispatch.memory_limit import MemoryLimit
from miniredis.dispatch.monitors import Monitors
from miniredis.dispatch.pause import Pause
from miniredis.dispatch.port import Log, Port, TimeSource
from miniredis.dispatch.pubsub import KeyspaceNotifications, PubSub
from miniredis.dispatch.registry import CommandTable
from miniredis.dispatch.session import REPLY_ON, REPLY_SKIP, REPLY_SKIP_NEXT, QueuedCommand, Session
from miniredis.dispatch.tracking import Tracking
from miniredis.keyspace.keyspace import Keyspace
from miniredis.keyspace.slots import OURS
from miniredis.resp.bytework import mark_of_key
from miniredis.resp.drawn import DrawnReply
from miniredis.resp.encoder import append_bulk, append_integer, append_reply, command_size, encode_error
from miniredis.resp.errors import (
    ProtocolError,
    ReplyError,
    internal_error,
    transaction_refused,
    wrong_number_of_arguments,
)
from miniredis.resp.replies import Preencoded, Push, Several

#: The header of a bulk string and its end take no more than this.
HEADER_BYTES: Final = 24
#: A client whose requests have taken this long has to let others have their turn.
TURN_OF_CLIENT_NS: Final = 2_000_000
#: Codes of refusals that belong to the routing of a cluster.
REDIRECTIONS: Final = (b"MOVED", b"ASK", b"CROSSSLOT", b"TRYAGAIN", b"CLUSTERDOWN")
#: A request in this form is a browser's: somebody's page talks to us without knowing (cross-protocol scripting).
CROSS_PROTOCOL: Final = (b"post", b"host:")


def told_anyway(reply: object) -> list[object]:
    """What of a reply a client is sent that wants none: what its subscriptions are now, also from within EXEC."""
    if isinstance(reply, (Push, Several)):
        return [reply]
    return [each for each in reply if isinstance(each, (Push, Several))] if isinstance(reply, list) else []


class Engine(Delivery):
    """A server without sockets, files or a clock of its own."""

    def __init__(
        self, keyspace: Keyspace, config: Config, commands: CommandTable, random: Random, time: TimeSource, log: Log
    ) -> None:
        super().__init__(keyspace, config, commands, random, time, log)
        self._by_name: dict[bytes, Command] = commands.by_name
        # The command looked up last, by the name as it was written.
        self._found_name: bytes = b""
        self._found: Command | None = None
        self.acl = AccessControl(self)
        self.on_reset.append(self.acl.begin)
        self.pause = Pause(self, self.call_held)
        self.client_limits = ClientLimits(self)
        self.memory_limit = MemoryLimit(self)
        self.rules[GATE_LOG_REQUESTS] = SmallRequests(self._note_large_request)
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
        self.gathers = False  # even if a defect ended the last client's turn

    def run_interlude(self, turn: Callable[[], None]) -> None:
        """Run a turn of the edge in the middle of a command, whose own time stands still meanwhile."""
        clock = self.keyspace.clock
        now_ms = clock.now_ms
        mark_ns = self.timer.mark_ns
        request_ns = self.counters.request_ns
        try:
            self.begin_turn()
            turn()
        finally:
            clock.now_ms = now_ms
            self.timer.mark_ns = mark_ns
            self.counters.request_ns = request_ns  # the command's own time counts, and this is within it

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
            if session.is_replica:
                self.counters.replication_bytes_out += session.bytes_out
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
        if session.reply_mode != REPLY_SKIP:  # who skips this reply does so
            session.set_reply_mode(REPLY_ON)
        session.name = b""
        session.set_no_touch(False)
        session.gates &= ~GATE_IMPORT
        self.keyspace.show_expired(False)
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
        return session.user.reads_all_keys(command, argv, ctx.db.index, len(self.keyspace.databases))

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
        self.gathers = True
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
            # A truth value before a number: compiled code, once it takes one for the other, forgets what it was.
            elif reply is None or isinstance(reply, bool) or isinstance(reply, list):  # noqa: SIM101 (one test is slower)
                self._append_looking(session, argv, reply)
            elif isinstance(reply, int):
                append_integer(out, reply)
            elif isinstance(reply, Deferred):  # a test that asks Python's own classes: the dearest comes last
                self._hold(session, argv, reply)
            elif isinstance(reply, DrawnReply):
                if session.append_drawn(reply):
                    more = True
                    break
            else:
                self._append_looking(session, argv, reply)
        timer.end()
        self.counters.request_ns += timer.mark_ns - begun_ns
        self.gathers = False
        if self.effects.replaying:
            self._hand_out()
        return more

    def _hand_out(self) -> None:
        for sink in self.log_sinks:
            sink.hand_out()

    def _append_looking(self, session: Session, argv: list[bytes], reply: object) -> None:
        """Append a reply of any kind, with an eye on its size."""
        out = session.out
        before = len(out)
        append_reply(out, reply, session.context.resp)
        chunks = len(out) - before
        if chunks > 1 or (isinstance(reply, list) and len(out[before]) >= self.large_reply_bytes):
            self.command_log.look_at_reply(session, argv, before, self.large_reply_bytes)

    def _note_large_request(self, session: Session, argv: list[bytes]) -> None:
        """A request that came in pieces may be large; one that came at once is not."""
        if self.log_larger_bytes >= 0:
            size = command_size(argv)
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
            gates = self.gates | session.gates
            # A node of a cluster as it usually is has that one gate, and the key is of a slot of its own.
            if gates and (
                gates != GATE_CLUSTER or not command.has_one_key or mark_of_key(self.served_slots, argv[1]) != OURS
            ):
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
            timer.before_other(session, command, argv)
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
            timer.argv = argv
        else:
            timer.after_other(session, command, argv, started_ns, reply)
            self._found_name = b""  # it may have changed what there is
            self._found = None  # a client may send an empty name
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
        """Run a command that a pause held back, admitted anew: meanwhile we may have become a replica."""
        return self.execute(session, argv)

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
        session.last_command = command
        if command is not None:
            command.rejected += 1
        if session.gates & GATE_MULTI:
            session.queue_is_bad = True
        if command is not None and command.name == b"exec":
            session.end_queue()
            self.unwatch(session)
            # Where to go instead is told as it is: clients of a cluster follow it.
            if refusal.code() not in REDIRECTIONS:
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
        if session.reply_mode == REPLY_ON:
            session.out.append(encode_error(problem.message))
        session.close_after_output()

    # -- replies that are held back or suppressed

    def _append_with_care(self, session: Session, argv: list[bytes], reply: object) -> None:
        """The reply to a client that does not want it, is to be told of what it changed itself, or does not touch."""
        self.keyspace.clock.leaves_no_trace = False
        if session.gates & GATE_IMPORT:
            self.keyspace.show_expired(False)
        if isinstance(reply, Deferred):
            self._hold(session, argv, reply)
            return
        mode = session.reply_mode
        if mode == REPLY_SKIP:
            session.set_reply_mode(REPLY_ON)
        elif mode == REPLY_SKIP_NEXT:
            session.set_reply_mode(REPLY_SKIP)
        if mode == REPLY_ON:
            if isinstance(reply, DrawnReply):
                session.append_drawn(reply)
            else:
                append_reply(session.out, reply, session.context.resp)
        else:
            for told in told_anyway(reply):
                append_reply(session.out, told, session.context.resp)
        self.tracking.after_reply(session, argv)

    def _hold(self, session: Session, argv: list[bytes], reply: Deferred[object]) -> None:
        """Stop the conversation until the reply is there."""
        session.waiting = reply
        waiter = self.waiting.waiters.get(session.id)
        if waiter is not None:
            waiter.argv = argv
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
        elif session.reply_mode == REPLY_SKIP:
            session.set_reply_mode(REPLY_ON)
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
