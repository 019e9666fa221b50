"""What the author of a module works with.

A module is a Python module with a `Module` named `module` in it.  Its commands are declared in a `CommandGroup`, as
the server's own are; its types are subclasses of `ModuleValue`.  The object is shared by all servers of a process:
what belongs to one server is kept in its `ModuleServer`, which `start` is given and `server_of` finds.

A defect of a module becomes an error reply and a line in the log, and harms nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from twisted.internet.defer import Deferred

from miniredis.commands.context import NOT_READY, Context
from miniredis.commands.declaration import NOSCRIPT, CommandGroup
from miniredis.config.directive import Directive
from miniredis.dispatch.access import engine_of, session_of
from miniredis.dispatch.executor import Engine
from miniredis.dispatch.port import DelayedCall, Port
from miniredis.dispatch.session import QueuedCommand, Session
from miniredis.dispatch.sinks import EventSink
from miniredis.keyspace.effects import NOTIFY_MODULE, Effects
from miniredis.modules.items import ItemReader, ItemWriter
from miniredis.modules.values import ModuleValue
from miniredis.resp.drawn import DrawnReply
from miniredis.resp.errors import ReplyError, error, wrong_number_of_arguments, wrong_type
from miniredis.resp.replies import (
    Attribute,
    BigNumber,
    Double,
    MapReply,
    NoReply,
    NullArray,
    Preencoded,
    Push,
    SetReply,
    Several,
    Status,
    Verbatim,
)

__all__ = [
    "NOTIFY_MODULE",
    "NOT_READY",
    "CommandGroup",
    "Context",
    "Directive",
    "ItemReader",
    "ItemWriter",
    "LoadRefused",
    "Module",
    "ModuleServer",
    "ModuleValue",
    "call_commands",
    "read_value",
    "server_of",
    "write_value",
]

V = TypeVar("V", bound=ModuleValue)

#: (database, NOTIFY_ class, name of the event, key)
EventListener = Callable[[int, int, bytes, bytes], None]
PLAIN = (bytes, int, float, ReplyError, Status, Preencoded, Double, Verbatim, BigNumber, NullArray, NoReply, DrawnReply)


class LoadRefused(Exception):
    """Raised by `start`: the module cannot be loaded this way; the log says why."""


class Module:
    """What a Python module offers.

    `groups` are its commands, `types` its values, `categories` its own ACL categories, `directives` what CONFIG knows
    of it (their names begin with the module's and a dot).  `start` may refuse by raising `LoadRefused`; `stop` is
    called before it goes.
    """

    def __init__(
        self,
        name: str,
        version: int,
        *,
        groups: Sequence[CommandGroup] = (),
        types: Sequence[type[ModuleValue]] = (),
        categories: Sequence[str] = (),
        directives: Sequence[Directive] = (),
        start: Callable[[ModuleServer], None] | None = None,
        stop: Callable[[ModuleServer], None] | None = None,
    ) -> None:
        self.name = name
        self.version = version
        self.groups = list(groups)
        self.types = list(types)
        self.categories = list(categories)
        self.directives = list(directives)
        self.start = start
        self.stop = stop


class ModuleEvents(EventSink):
    """Keyspace events on their way to the listeners of one module."""

    def __init__(self, server: ModuleServer) -> None:
        self._server = server
        self.listeners: list[EventListener] = []

    def on_effects(self, effects: Effects, client_id: int) -> None:
        for event in effects.events:
            if event.kind:
                for listener in self.listeners:
                    self._server.guarded(lambda: listener(event.db_index, event.kind, event.name, event.key))  # noqa: B023


class ModuleTimer:
    """A call that comes later, and with `every_s` again and again, whatever it raises."""

    def __init__(self, server: ModuleServer, delay_s: float, every_s: float, call: Callable[[Context], None]) -> None:
        self._server = server
        self._every_s = every_s
        self._call = call
        self._pending: DelayedCall = server.engine.time.call_later(delay_s, self._due)

    def _due(self) -> None:
        server = self._server
        if not self._every_s:
            server.timers.discard(self)
        else:
            self._pending = server.engine.time.call_later(self._every_s, self._due)
        server.run_unasked(self._call)

    def cancel(self) -> None:
        """It does not come any more."""
        self._server.timers.discard(self)
        if self._pending.active():
            self._pending.cancel()


class ModuleServer:
    """A module within one server.  `state` is the module's own, for whatever it keeps."""

    def __init__(self, module: Module, engine: Engine, arguments: list[bytes]) -> None:
        self.module = module
        self.engine = engine
        self.arguments = arguments
        self.state: object = None
        self.timers: set[ModuleTimer] = set()
        self._events = ModuleEvents(self)
        self._session = engine.own_session(Port())
        self._session.context.may_block = False

    def log(self, level: str, text: str) -> None:
        """`level`: debug, verbose, notice, warning."""
        self.engine.log(level, f"<{self.module.name}> {text}")

    def call_later(self, delay_s: float, call: Callable[[Context], None]) -> ModuleTimer:
        """Call once, in so many seconds, with a context of the server's own; changes need `ctx.replay_as`."""
        timer = ModuleTimer(self, delay_s, 0.0, call)
        self.timers.add(timer)
        return timer

    def call_every(self, interval_s: float, call: Callable[[Context], None]) -> ModuleTimer:
        """Call again and again, until it is cancelled or the module is unloaded."""
        if interval_s <= 0:
            raise ValueError("an interval is longer than nothing")
        timer = ModuleTimer(self, interval_s, interval_s, call)
        self.timers.add(timer)
        return timer

    def on_event(self, listener: EventListener) -> None:
        """Tell `listener` of every keyspace event.  It must not run commands; `call_later(0, ...)` may."""
        if self._events not in self.engine.event_sinks:
            self.engine.event_sinks.append(self._events)
        self._events.listeners.append(listener)
        self.engine.refresh_listening()

    def run_unasked(self, call: Callable[[Context], None]) -> None:
        """Run something that no client asked for, and deliver what it did."""
        engine = self.engine
        engine.begin_turn()
        context = self._session.context
        context.db = engine.keyspace.databases[0]
        self.guarded(lambda: call(context))
        engine.deliver_unasked(self._session)

    def guarded(self, call: Callable[[], object]) -> None:
        """A call whose defects end in the log."""
        try:
            call()
        except (Exception, SystemExit) as defect:
            self.engine.log_failure(f"defect in module {self.module.name}", defect)

    def end(self) -> None:
        """No timers and no events any more."""
        for timer in list(self.timers):
            timer.cancel()
        if self._events in self.engine.event_sinks:
            self.engine.event_sinks.remove(self._events)
            self.engine.refresh_listening()


# -- within commands


def server_of(ctx: Context, name: str) -> ModuleServer:
    """The module of this name within the server that runs the command."""
    loaded = engine_of(ctx).modules
    assert loaded is not None
    found = loaded.servers[name.encode()]  # type: ignore[attr-defined]  # it is made of what stands here
    assert isinstance(found, ModuleServer)
    return found


def read_value(ctx: Context, key: bytes, value_class: type[V]) -> V | None:
    """The value at `key` for a command that only reads; WRONGTYPE for one of another type."""
    value = ctx.db.lookup(key)
    if value is None or isinstance(value, value_class):
        return value
    raise wrong_type()


def write_value(ctx: Context, key: bytes, value_class: type[V]) -> V | None:
    """The value at `key` for a command that changes it; afterwards `ctx.db.put(key, value)` counts its memory anew."""
    value = ctx.db.lookup_write(key)
    if value is None or isinstance(value, value_class):
        return value
    raise wrong_type()


def call_commands(ctx: Context, commands: list[list[bytes]]) -> list[object]:
    """Run commands on behalf of the client; they are replayed as one block, in place of the command that ran them.

    Replies are values, errors among them.  Commands that are not for scripts, or that the user may not run, are
    refused.
    """
    engine = engine_of(ctx)
    session = session_of(ctx)
    own = session.last_command
    may_block = ctx.may_block
    ctx.may_block = False
    replies: list[object] = []
    engine.begin_block()
    try:
        for argv in commands:
            replies.append(_call_command(engine, session, argv))
    finally:
        engine.end_block()
        ctx.may_block = may_block
        session.last_command = own
    return replies


def _call_command(engine: Engine, session: Session, argv: list[bytes]) -> object:
    try:
        command = engine.commands.find(argv)
        if not command.min_arguments <= len(argv) <= command.max_arguments:
            raise wrong_number_of_arguments(command.full_name)
        if command.flags & NOSCRIPT or command.code is None:
            raise error(b"This command is not allowed from a module")
    except ReplyError as refusal:
        return refusal
    reply = engine.call_queued(session, QueuedCommand(command, argv))
    if isinstance(reply, Deferred):
        reply.addErrback(lambda failure: None)
        return error(b"This command is not allowed from a module")
    return reply


# -- what the server does around a module's code


def check_reply(reply: object) -> object:
    """A reply that can be sent, or TypeError: what is wrong shows in the command, not in the connection."""
    if reply is None or isinstance(reply, PLAIN):
        return reply
    waiting = [reply]
    while waiting:
        part = waiting.pop()
        if part is None or isinstance(part, PLAIN):
            continue
        if isinstance(part, list):
            waiting += part
        elif isinstance(part, MapReply):
            waiting += part.flat
        elif isinstance(part, SetReply):
            waiting += part.members
        elif isinstance(part, Push):
            waiting += part.items
        elif isinstance(part, Several):
            waiting += part.replies
        elif isinstance(part, Attribute):
            waiting += part.flat
            waiting.append(part.reply)
        else:
            raise TypeError(f"a command cannot reply a {type(part).__name__}")
    return reply


class GuardedCode:
    """A module's command: whatever it does, the server gets a reply or an exception it knows."""

    def __init__(self, code: Callable[[Context, list[bytes]], object]) -> None:
        self._code = code

    def __call__(self, ctx: Context, argv: list[bytes]) -> object:
        try:
            reply = self._code(ctx, argv)
        except SystemExit as defect:
            raise RuntimeError("a module must not end the server") from defect
        if isinstance(reply, Deferred):
            if not ctx.may_block:
                # Nobody will wait for it; and an error in it is nobody's.
                reply.addErrback(lambda failure: None)
                raise error(b"a command that waits is not allowed here")
            return reply.addCallback(check_reply)
        return check_reply(reply)
