"""EVAL and its kin, SCRIPT."""

from __future__ import annotations

from typing import Final

from miniredis.commands.arguments import parse_int
from miniredis.commands.context import Context
from miniredis.commands.declaration import CommandGroup
from miniredis.commands.help import help_reply
from miniredis.resp.errors import ReplyError, error
from miniredis.resp.replies import OK
from miniredis.scripting.access import runner_of

group = CommandGroup("scripting")

KEYS: Final = "index:2>keynum:idx0/first1/step1[RW+access+update]"
READ_KEYS: Final = "index:2>keynum:idx0/first1/step1[RO+access]"
RUNS: Final = "noscript stale skip_monitor no_mandatory_keys movablekeys may_replicate"
READS: Final = "readonly noscript stale skip_monitor no_mandatory_keys movablekeys"
COMPLEXITY: Final = "Depends on the script that is executed."


def split_keys(argv: list[bytes], count: int) -> tuple[list[bytes], list[bytes]]:
    """The keys and the arguments of EVAL or FCALL, of which `count` are keys."""
    if count > len(argv) - 3:
        raise error(b"Number of keys can't be greater than number of args")
    if count < 0:
        raise error(b"Number of keys can't be negative")
    return argv[3 : 3 + count], argv[3 + count :]


def _eval(ctx: Context, argv: list[bytes], read_only: bool) -> object:
    keys, arguments = split_keys(argv, parse_int(argv[2]))
    runner = runner_of(ctx)
    return runner.evaluate(ctx, runner.script_of(argv[1]), keys, arguments, argv, read_only)


def _eval_sha(ctx: Context, argv: list[bytes], read_only: bool) -> object:
    runner = runner_of(ctx)
    if len(argv[1]) != 40:
        raise no_script()
    keys, arguments = split_keys(argv, parse_int(argv[2]))
    script = runner.cache.get(argv[1])
    if script is None:
        raise no_script()
    return runner.evaluate(ctx, script, keys, arguments, argv, read_only)


def no_script() -> ReplyError:
    return ReplyError(b"NOSCRIPT No matching script. Please use EVAL.")


@group.command(
    "EVAL",
    arity=-3,
    flags=RUNS,
    keys=KEYS,
    since="2.6.0",
    complexity=COMPLEXITY,
    summary="Runs a Lua script.",
    syntax="script numkeys [key [key ...]] [arg [arg ...]]",
)
def eval_(ctx: Context, argv: list[bytes]) -> object:
    return _eval(ctx, argv, False)


@group.command(
    "EVAL_RO",
    arity=-3,
    flags=READS,
    keys=READ_KEYS,
    since="7.0.0",
    complexity=COMPLEXITY,
    summary="Runs a Lua script that writes nothing.",
    syntax="script numkeys [key [key ...]] [arg [arg ...]]",
)
def eval_ro(ctx: Context, argv: list[bytes]) -> object:
    return _eval(ctx, argv, True)


@group.command(
    "EVALSHA",
    arity=-3,
    flags=RUNS,
    keys=KEYS,
    since="2.6.0",
    complexity=COMPLEXITY,
    summary="Runs a Lua script that the server knows, by the SHA1 of its text.",
    syntax="sha1 numkeys [key [key ...]] [arg [arg ...]]",
)
def eval_sha(ctx: Context, argv: list[bytes]) -> object:
    return _eval_sha(ctx, argv, False)


@group.command(
    "EVALSHA_RO",
    arity=-3,
    flags=READS,
    keys=READ_KEYS,
    since="7.0.0",
    complexity=COMPLEXITY,
    summary="Runs a Lua script that the server knows and that writes nothing.",
    syntax="sha1 numkeys [key [key ...]] [arg [arg ...]]",
)
def eval_sha_ro(ctx: Context, argv: list[bytes]) -> object:
    return _eval_sha(ctx, argv, True)


group.container("SCRIPT", since="2.6.0", summary="Commands about the scripts that the server knows.")


@group.command(
    "SCRIPT LOAD",
    arity=3,
    flags="noscript stale",
    since="2.6.0",
    complexity="O(N) with N being the length in bytes of the script body.",
    summary="Keeps a script without running it; its SHA1.",
    syntax="script",
    tips="request_policy:all_nodes response_policy:all_succeeded",
)
def script_load(ctx: Context, argv: list[bytes]) -> object:
    runner = runner_of(ctx)
    script = runner.script_of(argv[2])
    runner.cache.keep(script)
    return script.sha


@group.command(
    "SCRIPT EXISTS",
    arity=-3,
    flags="noscript stale",
    since="2.6.0",
    complexity="O(N) with N being the number of scripts to check.",
    summary="Tells which scripts the server knows.",
    syntax="sha1 [sha1 ...]",
    tips="request_policy:all_shards response_policy:agg_logical_and",
)
def script_exists(ctx: Context, argv: list[bytes]) -> object:
    scripts = runner_of(ctx).cache.scripts
    return [int(sha.lower() in scripts) for sha in argv[2:]]


@group.command(
    "SCRIPT FLUSH",
    arity=-2,
    flags="noscript stale",
    since="2.6.0",
    complexity="O(N) with N being the number of scripts in cache",
    summary="Forgets all scripts.",
    syntax="[ASYNC | SYNC]",
    tips="request_policy:all_nodes response_policy:all_succeeded",
)
def script_flush(ctx: Context, argv: list[bytes]) -> object:
    if len(argv) > 3 or (len(argv) == 3 and argv[2].lower() not in (b"sync", b"async")):
        raise error(b"SCRIPT FLUSH only support SYNC|ASYNC option")
    runner_of(ctx).flush()
    return OK


@group.command(
    "SCRIPT KILL",
    arity=2,
    flags="noscript allow_busy",
    since="2.6.0",
    summary="Ends the script that runs.",
    tips="request_policy:all_shards response_policy:one_succeeded",
)
def script_kill(ctx: Context, argv: list[bytes]) -> object:
    runner_of(ctx).kill(False)
    return OK


@group.command(
    "SCRIPT SHOW",
    arity=3,
    flags="noscript stale",
    since="8.0.0",
    summary="The text of a script.",
    syntax="sha1",
)
def script_show(ctx: Context, argv: list[bytes]) -> object:
    script = runner_of(ctx).cache.scripts.get(argv[2].lower())
    if script is None:
        raise ReplyError(b"NOSCRIPT No matching script.")
    return script.source


@group.command(
    "SCRIPT DEBUG",
    arity=-3,
    flags="noscript",
    since="3.2.0",
    summary="Would set the debugger's mode; there is no debugger here.",
    syntax="<YES | SYNC | NO>",
)
def script_debug(ctx: Context, argv: list[bytes]) -> object:
    mode = argv[2].lower()
    if len(argv) > 3 or mode not in (b"yes", b"sync", b"no"):
        raise error(b"Use SCRIPT DEBUG YES/SYNC/NO")
    if mode != b"no":
        raise error(b"The Lua debugger is not supported")
    return OK


@group.command(
    "SCRIPT HELP",
    arity=2,
    flags="loading stale",
    since="5.0.0",
    summary="Lists the subcommands.",
)
def script_help(ctx: Context, argv: list[bytes]) -> object:
    return help_reply(
        "SCRIPT",
        (
            ("DEBUG (YES|SYNC|NO)", "Accepted with NO only: there is no debugger."),
            ("EXISTS <sha1> [<sha1> ...]", "Tell which of the scripts are known."),
            ("FLUSH [ASYNC|SYNC]", "Forget all scripts."),
            ("KILL", "End the script that runs, unless it has written."),
            ("LOAD <script>", "Keep a script without running it."),
            ("SHOW <sha1>", "Show the text of a script."),
        ),
    )
