"""Runs scripts and functions: Lua on one side, the engine on the other.

A script is one block of effects.  Its commands run for a session of their own, which stands for the client that
called: they pass the engine's gates as Redis has scripts pass them.  Once a script runs longer than
`busy-reply-threshold`, the server's GATE_BUSY is down and `engine.while_busy` serves the other clients.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from twisted.internet.defer import Deferred

from miniredis import REDIS_VERSION
from miniredis.commands.context import Context
from miniredis.commands.declaration import DENYOOM, MAY_REPLICATE, NOSCRIPT, STALE, WRITE, Command
from miniredis.dispatch.access import session_of
from miniredis.dispatch.executor import Engine
from miniredis.dispatch.gates import (
    GATE_ACL,
    GATE_BUSY,
    GATE_CLUSTER,
    GATE_MEMORY,
    GATE_PRIMARY_LINK,
    GATE_REPLICA,
    GATE_STALE,
    GATE_WRITES_REFUSED,
)
from miniredis.dispatch.port import Port
from miniredis.dispatch.routing import Routing, refusal_in_script
from miniredis.dispatch.rules import Rule
from miniredis.dispatch.session import Session
from miniredis.dispatch.sinks import FOR_ALL
from miniredis.resp.errors import ReplyError, error
from miniredis.resp.replies import Preencoded
from miniredis.scripting.conversion import to_lua
from miniredis.scripting.sandbox import (
    FAILURE,
    CompileFailure,
    EncodedReply,
    ErrorReply,
    Sandbox,
    ScriptFailure,
    ScriptHost,
    ScriptKilled,
    sha1_hex,
)
from miniredis.scripting.scripts import Script, ScriptCache
from miniredis.scripting.shebang import (
    ALLOW_CROSS_SLOT,
    ALLOW_OOM,
    ALLOW_STALE,
    NO_CLUSTER,
    NO_WRITES,
    UNDECLARED,
    script_flags,
)

LOG_LEVELS: Final = ("debug", "verbose", "notice", "warning")
#: A library must have registered its functions by then.
LOAD_LIMIT_NS: Final = 500_000_000
INT64_MAX: Final = (1 << 63) - 1
INT64_MIN: Final = -(1 << 63)

BAD_ARGUMENTS: Final = b"ERR Lua redis lib command arguments must be strings or integers"
NO_ARGUMENTS: Final = b"ERR Please specify at least one argument for this redis lib call"
UNKILLABLE: Final = (
    b"UNKILLABLE Sorry the script already executed write commands against the dataset. You can either wait the script "
    b"termination or kill the server in a hard way using the SHUTDOWN NOSAVE command."
)
OUT_OF_MEMORY: Final = b"OOM command not allowed when used memory > 'maxmemory'."
READ_ONLY_REPLICA: Final = b"READONLY You can't write against a read only replica."


class Run:
    """What is known of the script that runs."""

    def __init__(self, caller: Session, argv: list[bytes], name: bytes, flags: int, is_read_only: bool) -> None:
        self.caller = caller
        self.argv = argv
        #: A script's SHA1, a function's name.
        self.name = name
        self.flags = flags
        self.is_read_only = is_read_only
        self.is_function = False
        self.has_written = False
        self.is_out_of_memory = False
        self.repl_flags = FOR_ALL
        self.outer_context = b""
        self.resp = 2
        self.started_ns = 0
        self.slot = -1  # of its keys, in a cluster


class BusyRule(Rule):
    """Nearly everything has to wait for the script."""

    def __init__(self, runner: ScriptRunner) -> None:
        self.runner = runner

    def apply(self, session: Session, command: Command, argv: list[bytes]) -> object:
        raise self.runner.busy_error()


class ScriptRunner(ScriptHost):
    """Lua for one engine; it starts with the first script."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.cache = ScriptCache()
        self.session = engine.own_session(Port())
        self.session.context.may_block = False
        self.threshold_ns = 5_000_000_000
        self.run: Run | None = None
        #: Takes what a library registers: (number in the sandbox, name, description, flags) -> what is wrong, or None.
        self.register_function: Callable[[int, bytes, bytes | None, bytes], bytes | None] | None = None
        self.is_killed = False
        self._sandbox: Sandbox | None = None
        self._next_id = 1
        self._load_deadline_ns = 0
        engine.rules[GATE_BUSY] = BusyRule(self)
        engine.end_script = self.abandon

    @property
    def sandbox(self) -> Sandbox:
        sandbox = self._sandbox
        if sandbox is None:
            sandbox = self._sandbox = Sandbox(self, REDIS_VERSION.encode())
        return sandbox

    def memory_used(self) -> int:
        """Bytes that Lua has now."""
        return self._sandbox.memory_used() if self._sandbox is not None else 0

    def next_id(self) -> int:
        script_id = self._next_id
        self._next_id += 1
        return script_id

    # -- scripts

    def script_of(self, source: bytes) -> Script:
        """The script of this text, known already or not."""
        script = self.cache.find(source)
        if script is not None:
            return script
        flags, body = script_flags(source)
        try:
            bytecode = self.sandbox.compile(body, False)
        except CompileFailure as problem:
            raise error(b"Error compiling script (new function): " + problem.message) from None
        except ScriptFailure as failure:
            raise ReplyError(failure.message) from None
        script = Script(sha1_hex(source), source, flags, self.next_id(), bytecode)
        self._forget(self.cache.add(script))
        return script

    def flush(self) -> None:
        """Forget every script."""
        self._forget(self.cache.clear())

    def _forget(self, scripts: list[Script]) -> None:
        for script in scripts:
            if script.is_prepared and self._sandbox is not None:
                self._sandbox.forget(script.id)

    def evaluate(
        self,
        ctx: Context,
        script: Script,
        keys: list[bytes],
        arguments: list[bytes],
        argv: list[bytes],
        read_only: bool,
    ) -> object:
        """Run a script for a client."""
        run = Run(session_of(ctx), argv, script.sha, script.flags, read_only or script.flags & NO_WRITES != 0)
        self._admit_script(run, read_only)
        sandbox = self.sandbox
        self._begin(ctx, run)
        try:
            if not script.is_prepared:
                sandbox.prepare(script.id, script.bytecode, False)
                script.is_prepared = True
            return self._reply(sandbox.run(script.id, ctx.resp, keys, arguments))
        except ScriptFailure as problem:
            return self._failed(problem)
        except ScriptKilled as end:
            return self._killed(end)
        finally:
            self._end()

    def call_function(
        self, ctx: Context, function_id: int, run: Run, keys: list[bytes], arguments: list[bytes], read_only: bool
    ) -> object:
        """Run a function of a library for a client."""
        run.is_function = True
        self._admit_script(run, read_only)
        self._begin(ctx, run)
        try:
            return self._reply(self.sandbox.call_function(function_id, ctx.resp, keys, arguments))
        except ScriptFailure as problem:
            return self._failed(problem)
        except ScriptKilled as end:
            return self._killed(end)
        finally:
            self._end()

    def load_library(self, bytecode: bytes) -> None:
        """Run a library's text; `register` is called for its functions.  Raises `ScriptFailure`."""
        script_id = self.next_id()
        self.sandbox.prepare(script_id, bytecode, True)
        self._load_deadline_ns = self.engine.time.monotonic_ns() + LOAD_LIMIT_NS
        try:
            self.sandbox.load_library(script_id)
        except ScriptKilled:
            raise ScriptFailure(b"ERR FUNCTION LOAD timeout", b"", 0, False) from None
        finally:
            self._load_deadline_ns = 0

    def _admit_script(self, run: Run, read_only: bool) -> None:
        """What is refused before the script begins: it says what it will do, so it can be told at once."""
        if self.run is not None:  # whoever asks has passed the gate, as a primary does
            raise self.busy_error()
        engine = self.engine
        flags = run.flags
        gates = engine.gates
        if not gates or run.caller.gates & GATE_PRIMARY_LINK:
            if read_only and not flags & (UNDECLARED | NO_WRITES):
                raise error(b"Can not execute a script with write flag using *_ro command.")
            return
        if gates & GATE_MEMORY and not engine.memory_limit.make_room():
            run.is_out_of_memory = True
        if flags & UNDECLARED:
            if gates & GATE_STALE:
                raise ReplyError(b"MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.")
            return
        if flags & NO_CLUSTER and engine.mode == b"cluster":
            raise error(b"Can not run script on cluster, 'no-cluster' flag is set.")
        if gates & GATE_STALE and not flags & ALLOW_STALE:
            raise ReplyError(
                b"MASTERDOWN Link with MASTER is down, replica-serve-stale-data is set to 'no' and 'allow-stale' flag "
                b"is not set on the script."
            )
        if not flags & NO_WRITES:
            if gates & GATE_REPLICA:
                raise ReplyError(b"READONLY You can not run script with write flag on readonly replica.")
            if read_only:
                raise error(b"Can not execute a script with write flag using *_ro command.")
            if gates & GATE_WRITES_REFUSED:
                engine.rules[GATE_WRITES_REFUSED].apply(run.caller, engine.commands.by_name[b"set"], [b"set"])
        if run.is_out_of_memory and not flags & (ALLOW_OOM | NO_WRITES):
            raise ReplyError(
                b"OOM allow-oom flag is not set on the script, can not run it when used memory > 'maxmemory'"
            )

    def _begin(self, ctx: Context, run: Run) -> None:
        session = self.session
        caller = run.caller
        session.stand_for(caller)
        run.outer_context = caller.access_context
        caller.access_context = b"lua"
        context = session.context
        context.db = ctx.db
        context.resp = 2
        self.run = run
        self.is_killed = False
        self.engine.begin_block()
        run.started_ns = self.engine.block_started_ns()
        if caller.port.peer:
            command = caller.last_command
            if command is not None:
                self.engine.monitors.show_script(caller, command, run.argv)

    def _end(self) -> None:
        engine = self.engine
        run = self.run
        assert run is not None
        run.caller.access_context = run.outer_context
        self.run = None
        self.is_killed = False
        engine.gates &= ~GATE_BUSY
        engine.end_block()

    # -- how a script ended

    def _reply(self, value: object) -> object:
        """What is replied for what a script returned."""
        if isinstance(value, bytes) or value is None:
            return value
        run = self.run
        assert run is not None
        if isinstance(value, bool):
            if run.resp == 3:
                return value
            return 1 if value else None
        if isinstance(value, int):
            return value
        if isinstance(value, float):
            return int(value) if INT64_MIN <= value <= INT64_MAX - 1023 else INT64_MIN
        if isinstance(value, EncodedReply):
            return Preencoded(value.data)
        assert isinstance(value, ErrorReply)
        return self._error(value.message, value.counted)

    def _failed(self, problem: ScriptFailure) -> ReplyError:
        message = problem.message
        run = self.run
        assert run is not None
        message += b" script: " + run.name
        if problem.source:
            message += b", on %b:%d" % (problem.source, problem.line)
        return self._error(message + b".", problem.counted)

    def _killed(self, end: ScriptKilled) -> ReplyError:
        return self._failed(
            ScriptFailure(b"ERR Script killed by user with SCRIPT KILL...", end.source, end.line, False)
        )

    def _error(self, message: bytes, counted: bool) -> ReplyError:
        """Errors of commands were counted when they came up."""
        if not counted:
            raise ReplyError(message)
        return ReplyError(message)

    # -- being busy

    def is_over(self) -> bool:
        """From the count hook: serve the others once this has gone on for long; whether it was killed."""
        if self.is_killed:
            return True
        engine = self.engine
        run = self.run
        if run is None:
            return self._load_deadline_ns > 0 and engine.time.monotonic_ns() > self._load_deadline_ns
        spent_ns = engine.time.monotonic_ns() - run.started_ns
        if spent_ns < self.threshold_ns:
            return False
        if not engine.gates & GATE_BUSY:
            engine.gates |= GATE_BUSY
            engine.log(
                "warning",
                f"Slow script detected: still in execution after {spent_ns // 1_000_000} milliseconds. You can try "
                f"killing the script using the {self._kill_command().decode()} command. "
                f"Script name is: {run.name.decode('latin-1')}.",
            )
        if engine.while_busy is not None:
            engine.while_busy()
        return self.is_killed

    def busy_error(self) -> ReplyError:
        return ReplyError(
            b"BUSY Redis is busy running a script. You can only call " + self._kill_command() + b" or SHUTDOWN NOSAVE."
        )

    def _kill_command(self) -> bytes:
        return b"FUNCTION KILL" if self.run is not None and self.run.is_function else b"SCRIPT KILL"

    def kill(self, is_function: bool) -> None:
        """End the script that runs, if it has written nothing yet."""
        run = self.run
        if run is None:
            raise ReplyError(b"NOTBUSY No scripts in execution right now.")
        if run.caller.gates & GATE_PRIMARY_LINK:
            raise ReplyError(
                b"UNKILLABLE The busy script was sent by a master instance in the context of replication and cannot "
                b"be killed."
            )
        if run.has_written:
            raise ReplyError(UNKILLABLE)
        if run.is_function != is_function:
            raise self.busy_error()
        self.is_killed = True

    def abandon(self) -> None:
        """The server stops without saving: end the script whatever it has done, and log nothing of it."""
        if self.run is not None:
            self.is_killed = True
            self.engine.forget_block()

    # -- redis.call and its kind

    def call(self, arguments: tuple[object, ...]) -> object:
        run = self.run
        if run is None:
            return b"ERR redis.call can only be called inside a script invocation", FAILURE
        argv = words_of(arguments)
        if argv is None:
            return BAD_ARGUMENTS, FAILURE
        if not argv:
            return NO_ARGUMENTS, FAILURE
        engine = self.engine
        session = self.session
        try:
            command = self._admit(run, argv)
        except ReplyError as refusal:
            engine.count_error(refusal.message)
            return refusal.message, FAILURE
        if run.repl_flags == FOR_ALL:
            reply = engine.call(session, command, argv)
        else:
            reply = self._call_for(run.repl_flags, command, argv)
        if isinstance(reply, Deferred):
            return b"ERR This Redis command is not allowed from script", FAILURE
        return to_lua(self.sandbox, reply, session.context.resp)

    def _call_for(self, audience: int, command: Command, argv: list[bytes]) -> object:
        self.engine.audience = audience
        try:
            return self.engine.call(self.session, command, argv)
        finally:
            self.engine.audience = FOR_ALL

    def _admit(self, run: Run, argv: list[bytes]) -> Command:
        """The command, if the script may run it now."""
        engine = self.engine
        command = find_command(engine, argv)
        if command is None:
            raise error(b"Unknown Redis command called from script")
        if not command.min_arguments <= len(argv) <= command.max_arguments:
            raise error(b"Wrong number of args calling Redis command from script")
        flags = command.flags
        if flags & NOSCRIPT:
            raise error(b"This Redis command is not allowed from script")
        gates = engine.gates | run.caller.gates
        if gates & (GATE_STALE | GATE_ACL):
            if gates & GATE_STALE and not flags & STALE:
                raise error(b"Can not execute the command on a stale replica")
            if gates & GATE_ACL:
                engine.acl.demand(run.caller, command, argv, self.session.context.db.index)
        # What may leave something to replay, as PUBLISH does, counts as a write here and nowhere else.
        if run.is_read_only and flags & (WRITE | MAY_REPLICATE):
            raise error(b"Write commands are not allowed from read-only scripts.")
        if flags & WRITE and gates & (GATE_REPLICA | GATE_WRITES_REFUSED) and not gates & GATE_PRIMARY_LINK:
            if gates & GATE_REPLICA:
                raise ReplyError(READ_ONLY_REPLICA)
            engine.rules[GATE_WRITES_REFUSED].apply(run.caller, command, argv)
        if run.is_out_of_memory and flags & DENYOOM and not run.flags & ALLOW_OOM and not run.has_written:
            raise ReplyError(OUT_OF_MEMORY)
        if flags & WRITE:
            run.has_written = True
        if gates & GATE_CLUSTER and not gates & GATE_PRIMARY_LINK:
            self._admit_slots(run, command, argv)
        return command

    def _admit_slots(self, run: Run, command: Command, argv: list[bytes]) -> None:
        """In a cluster a script touches keys of this node, and of one slot unless it said otherwise."""
        rule = self.engine.rules[GATE_CLUSTER]
        try:
            rule.apply(self.session, command, argv)
        except ReplyError as refusal:
            raise refusal_in_script(refusal) from refusal
        if isinstance(rule, Routing) and not run.flags & (UNDECLARED | ALLOW_CROSS_SLOT):
            run.slot = rule.same_slot(run.slot, command, argv)

    def acl_check_cmd(self, arguments: tuple[object, ...]) -> object:
        run = self.run
        argv = words_of(arguments)
        if argv is None:
            return BAD_ARGUMENTS, FAILURE
        if not argv:
            return NO_ARGUMENTS, FAILURE
        if run is None:
            return b"ERR redis.acl_check_cmd can only be called inside a script invocation", FAILURE
        command = find_command(self.engine, argv)
        if command is None:
            return b"ERR Invalid command passed to redis.acl_check_cmd()", FAILURE
        database = self.session.context.db.index
        return not run.caller.gates & GATE_ACL or self.engine.acl.allows(run.caller, command, argv, database)

    def log(self, level: int, text: bytes) -> None:
        self.engine.log(LOG_LEVELS[level], text.decode("utf-8", "backslashreplace"))

    def setresp(self, version: int) -> None:
        self.session.context.resp = version
        if self.run is not None:
            self.run.resp = version

    def register(self, function_id: int, name: bytes, description: bytes | None, flags: bytes) -> bytes | None:
        assert self.register_function is not None
        return self.register_function(function_id, name, description, flags)

    def set_repl(self, flags: int) -> bool:
        if self.run is None:
            return False
        self.run.repl_flags = flags
        return True


def find_command(engine: Engine, argv: list[bytes]) -> Command | None:
    command = engine.commands.by_name.get(argv[0])
    if command is None or command.subcommands is not None:
        try:
            return engine.commands.find(argv)
        except ReplyError:
            return command if command is not None and len(argv) == 1 else None
    return command


def words_of(arguments: tuple[object, ...]) -> list[bytes] | None:
    """The arguments of redis.call as bytes; None when one is neither a string nor a number."""
    argv: list[bytes] = []
    for argument in arguments:
        if isinstance(argument, bytes):
            argv.append(argument)
        elif isinstance(argument, bool):
            return None
        elif isinstance(argument, int):
            argv.append(str(argument).encode() if -(10**17) < argument < 10**17 else b"%.17g" % argument)
        elif isinstance(argument, float):
            argv.append(b"%.17g" % argument)
        else:
            return None
    return argv
