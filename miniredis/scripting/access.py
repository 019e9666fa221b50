"""From the context of a command to what runs scripts."""

from __future__ import annotations

from miniredis.commands.context import Context
from miniredis.commands.declaration import Command
from miniredis.dispatch.access import engine_of
from miniredis.dispatch.executor import Engine
from miniredis.dispatch.info import human
from miniredis.resp.errors import ReplyError
from miniredis.scripting.functions import Libraries
from miniredis.scripting.runner import ScriptRunner
from miniredis.scripting.shebang import NO_WRITES, script_flags


def runner_of(ctx: Context) -> ScriptRunner:
    runner = engine_of(ctx).scripting
    assert isinstance(runner, ScriptRunner)
    return runner


def libraries_of(ctx: Context) -> Libraries:
    libraries = engine_of(ctx).functions
    assert isinstance(libraries, Libraries)
    return libraries


def provide_scripting(engine: Engine) -> None:
    """Give an engine scripts and functions; Lua itself starts with the first one."""
    runner = ScriptRunner(engine)
    engine.scripting = runner
    libraries = Libraries(runner)
    engine.functions = libraries

    def take_threshold() -> None:
        threshold_ms = engine.config.int("busy-reply-threshold")
        runner.threshold_ns = threshold_ms * 1_000_000 if threshold_ms > 0 else 1 << 62

    def only_reads(command: Command, argv: list[bytes]) -> bool:
        if command.name == b"fcall":
            function = libraries.functions.get(argv[1].lower())
            return function is not None and function.flags & NO_WRITES != 0
        if command.name == b"evalsha":
            script = runner.cache.get(argv[1])
            return script is not None and script.flags & NO_WRITES != 0
        try:
            return command.name == b"eval" and script_flags(argv[1])[0] & NO_WRITES != 0
        except ReplyError:
            return False

    engine.only_reads = only_reads
    engine.config.follow(["busy-reply-threshold"], take_threshold)

    def memory_fields() -> list[tuple[str, object]]:
        lua = runner.memory_used()
        scripts = runner.cache.bytes
        functions = libraries.size()
        return [
            ("used_memory_lua", lua),
            ("used_memory_vm_eval", lua),
            ("used_memory_lua_human", human(lua)),
            ("used_memory_scripts_eval", scripts),
            ("number_of_cached_scripts", len(runner.cache.scripts)),
            ("number_of_functions", len(libraries.functions)),
            ("number_of_libraries", len(libraries.libraries)),
            # One runtime serves both.
            ("used_memory_vm_functions", 0),
            ("used_memory_vm_total", lua),
            ("used_memory_vm_total_human", human(lua)),
            ("used_memory_functions", functions),
            ("used_memory_scripts", scripts + functions),
            ("used_memory_scripts_human", human(scripts + functions)),
        ]

    def engine_fields() -> list[tuple[str, object]]:
        used = runner.memory_used()
        return [
            ("engines_count", 1),
            ("engines_total_used_memory", used),
            ("engine_0", f"name=LUA,used_memory={used}"),
        ]

    engine.info_sources.setdefault(b"memory", []).append(memory_fields)
    engine.info_sources.setdefault(b"scriptingengines", []).append(engine_fields)
    engine.info_sources.setdefault(b"stats", []).append(lambda: [("evicted_scripts", runner.cache.evicted)])
