"""FUNCTION, FCALL, FCALL_RO."""

from __future__ import annotations

from miniredis.commands.context import Context
from miniredis.commands.declaration import CommandGroup
from miniredis.commands.help import help_reply
from miniredis.dispatch.access import session_of
from miniredis.formats.dump import dump_functions, payload_version, restore_functions
from miniredis.formats.errors import FormatError
from miniredis.resp.errors import error, subcommand_syntax_error
from miniredis.resp.glob import glob_match
from miniredis.resp.numbers import parse_int64
from miniredis.resp.replies import OK, MapReply, SetReply, Status
from miniredis.scripting.access import libraries_of, runner_of
from miniredis.scripting.commands import COMPLEXITY, KEYS, READ_KEYS, READS, RUNS, split_keys
from miniredis.scripting.functions import Library
from miniredis.scripting.runner import Run
from miniredis.scripting.shebang import NO_WRITES

group = CommandGroup("scripting")


def _call(ctx: Context, argv: list[bytes], read_only: bool) -> object:
    function = libraries_of(ctx).functions.get(argv[1].lower())
    if function is None:
        raise error(b"Function not found")
    count = parse_int64(argv[2])
    if count is None:
        raise error(b"Bad number of keys provided")
    keys, arguments = split_keys(argv, count)
    flags = function.flags
    run = Run(session_of(ctx), argv, function.name, flags, read_only or flags & NO_WRITES != 0)
    return runner_of(ctx).call_function(ctx, function.id, run, keys, arguments, read_only)


@group.command(
    "FCALL",
    arity=-3,
    flags=RUNS,
    keys=KEYS,
    since="7.0.0",
    complexity=COMPLEXITY,
    summary="Calls a function of a library.",
    syntax="function numkeys [key [key ...]] [arg [arg ...]]",
)
def fcall(ctx: Context, argv: list[bytes]) -> object:
    return _call(ctx, argv, False)


@group.command(
    "FCALL_RO",
    arity=-3,
    flags=READS,
    keys=READ_KEYS,
    since="7.0.0",
    complexity=COMPLEXITY,
    summary="Calls a function that writes nothing.",
    syntax="function numkeys [key [key ...]] [arg [arg ...]]",
)
def fcall_ro(ctx: Context, argv: list[bytes]) -> object:
    return _call(ctx, argv, True)


group.container("FUNCTION", since="7.0.0", summary="Commands about libraries of functions.")


@group.command(
    "FUNCTION LOAD",
    arity=-3,
    flags="write denyoom noscript",
    since="7.0.0",
    complexity="O(1) (considering compilation time is redundant)",
    summary="Loads a library; its name.",
    syntax="[REPLACE] function-code",
    tips="request_policy:all_shards response_policy:all_succeeded",
)
def function_load(ctx: Context, argv: list[bytes]) -> object:
    replace = False
    for word in argv[2:-1]:
        if word.lower() != b"replace":
            raise error(b"Unknown option given: " + word)
        replace = True
    name = libraries_of(ctx).load(argv[-1], replace)
    ctx.dirty(1)
    return name


@group.command(
    "FUNCTION DELETE",
    arity=3,
    flags="write noscript",
    since="7.0.0",
    summary="Deletes a library.",
    syntax="library-name",
    tips="request_policy:all_shards response_policy:all_succeeded",
)
def function_delete(ctx: Context, argv: list[bytes]) -> object:
    libraries_of(ctx).delete(argv[2])
    ctx.dirty(1)
    return OK


@group.command(
    "FUNCTION FLUSH",
    arity=-2,
    flags="write noscript",
    since="7.0.0",
    complexity="O(N) where N is the number of functions deleted",
    summary="Deletes all libraries.",
    syntax="[ASYNC | SYNC]",
    tips="request_policy:all_shards response_policy:all_succeeded",
)
def function_flush(ctx: Context, argv: list[bytes]) -> object:
    if len(argv) > 3:
        raise subcommand_syntax_error(argv[1], b"FUNCTION")
    if len(argv) == 3 and argv[2].lower() not in (b"sync", b"async"):
        raise error(b"FUNCTION FLUSH only supports SYNC|ASYNC option")
    libraries_of(ctx).flush_libraries()
    ctx.dirty(1)
    return OK


def _described(library: Library, with_code: bool) -> MapReply:
    functions: list[object] = [
        MapReply(
            [
                b"name",
                function.name,
                b"description",
                function.description,
                b"flags",
                SetReply([Status(name) for name in function.flag_names()]),
            ]
        )
        for function in library.functions.values()
    ]
    fields: list[object] = [b"library_name", library.name, b"engine", b"LUA", b"functions", functions]
    if with_code:
        fields += [b"library_code", library.code]
    return MapReply(fields)


@group.command(
    "FUNCTION LIST",
    arity=-2,
    flags="noscript",
    since="7.0.0",
    complexity="O(N) where N is the number of functions",
    summary="Describes the libraries.",
    syntax="[LIBRARYNAME library-name-pattern] [WITHCODE]",
    tips="nondeterministic_output_order",
)
def function_list(ctx: Context, argv: list[bytes]) -> object:
    pattern: bytes | None = None
    with_code = False
    index = 2
    while index < len(argv):
        word = argv[index].lower()
        if word == b"withcode" and not with_code:
            with_code = True
        elif word == b"libraryname" and pattern is None:
            index += 1
            if index >= len(argv):
                raise error(b"library name argument was not given")
            pattern = argv[index]
        else:
            raise error(b"Unknown argument " + argv[index].partition(b"\x00")[0])
        index += 1
    return [
        _described(library, with_code)
        for library in libraries_of(ctx).libraries.values()
        if pattern is None or glob_match(pattern, library.name, True)
    ]


@group.command(
    "FUNCTION STATS",
    arity=2,
    flags="noscript allow_busy",
    since="7.0.0",
    summary="Tells which function runs, and how many there are.",
    tips="nondeterministic_output request_policy:all_shards response_policy:special",
)
def function_stats(ctx: Context, argv: list[bytes]) -> object:
    runner = runner_of(ctx)
    libraries = libraries_of(ctx)
    running: object = None
    run = runner.run
    if run is not None and not run.is_function:
        raise runner.busy_error()
    if run is not None:
        spent_ms = (runner.engine.time.monotonic_ns() - run.started_ns) // 1_000_000
        running = MapReply([b"name", run.name, b"command", list[object](run.argv), b"duration_ms", spent_ms])
    counts = [b"libraries_count", len(libraries.libraries), b"functions_count", len(libraries.functions)]
    return MapReply([b"running_script", running, b"engines", MapReply([b"LUA", MapReply(list[object](counts))])])


@group.command(
    "FUNCTION KILL",
    arity=2,
    flags="noscript allow_busy",
    since="7.0.0",
    summary="Ends the function that runs.",
    tips="request_policy:all_shards response_policy:one_succeeded",
)
def function_kill(ctx: Context, argv: list[bytes]) -> object:
    runner_of(ctx).kill(True)
    return OK


@group.command(
    "FUNCTION DUMP",
    arity=2,
    flags="noscript",
    since="7.0.0",
    complexity="O(N) where N is the number of functions",
    summary="All libraries as one payload.",
)
def function_dump(ctx: Context, argv: list[bytes]) -> object:
    return dump_functions(libraries_of(ctx).dump_libraries())


@group.command(
    "FUNCTION RESTORE",
    arity=-3,
    flags="write denyoom noscript",
    since="7.0.0",
    complexity="O(N) where N is the number of functions on the payload",
    summary="Loads libraries from a payload.",
    syntax="serialized-value [FLUSH | APPEND | REPLACE]",
    tips="request_policy:all_shards response_policy:all_succeeded",
)
def function_restore(ctx: Context, argv: list[bytes]) -> object:
    if len(argv) > 4:
        raise subcommand_syntax_error(argv[1], b"FUNCTION")
    policy = argv[3].lower() if len(argv) == 4 else b"append"
    if policy not in (b"flush", b"append", b"replace"):
        raise error(b"Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.")
    if payload_version(argv[2], ctx.keyspace.values) < 0:
        raise error(b"DUMP payload version or checksum are wrong")
    try:
        codes = restore_functions(argv[2])
    except FormatError as problem:
        raise error(str(problem).encode()) from None
    libraries_of(ctx).restore(codes, policy)
    ctx.dirty(1)
    return OK


@group.command(
    "FUNCTION HELP",
    arity=2,
    flags="loading stale",
    since="7.0.0",
    summary="Lists the subcommands.",
)
def function_help(ctx: Context, argv: list[bytes]) -> object:
    return help_reply(
        "FUNCTION",
        (
            ("LOAD [REPLACE] <FUNCTION CODE>", "Load a library; its first line names it."),
            ("DELETE <LIBRARY NAME>", "Delete a library and its functions."),
            ("LIST [LIBRARYNAME PATTERN] [WITHCODE]", "Describe the libraries, or those of a pattern."),
            ("STATS", "Tell which function runs and how many there are."),
            ("KILL", "End the function that runs, unless it has written."),
            ("FLUSH [ASYNC|SYNC]", "Delete all libraries."),
            ("DUMP", "All libraries as one payload."),
            ("RESTORE <PAYLOAD> [FLUSH|APPEND|REPLACE]", "Load libraries from a payload, all or none."),
        ),
    )
