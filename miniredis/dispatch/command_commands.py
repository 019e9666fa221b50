"""COMMAND: the command table, shown to clients."""

from __future__ import annotations

from typing import Final

from miniredis.commands.context import Context
from miniredis.commands.declaration import FLAG_BITS, NO_MANDATORY_KEYS, Command, CommandGroup
from miniredis.commands.help import help_reply
from miniredis.commands.key_specs import INDEX, KEYNUM, KEYWORD, RANGE, KeySpec
from miniredis.commands.syntax import Argument, parse_syntax
from miniredis.dispatch.access import engine_of
from miniredis.resp.errors import ReplyError, error, syntax_error
from miniredis.resp.glob import glob_match
from miniredis.resp.replies import MapReply, SetReply, Status

group = CommandGroup("server")

ALWAYS: Final = "loading stale"
#: Commands for the server itself and for those who work on it.
INTERNAL: Final = (b"debug", b"pfdebug", b"pfselftest", b"restore-asking", b"replconf")
#: Flags that tell of a key specification, and not of what is done with a key.
ABOUT_THE_SPECIFICATION: Final = ("variable_flags", "incomplete")
HELP: Final = (
    ("(no subcommand)", "Show all commands."),
    ("COUNT", "Count the commands."),
    ("DOCS [<command-name> ...]", "Show the documentation of commands, of all without names."),
    ("GETKEYS <full-command>", "Show which arguments of a command are keys."),
    ("GETKEYSANDFLAGS <full-command>", "Show the keys of a command and what it does with them."),
    ("INFO [<command-name> ...]", "Show commands, all without names."),
    ("LIST [FILTERBY (MODULE <name>|ACLCAT <category>|PATTERN <pattern>)]", "List the names of commands."),
)


def describe_command(command: Command) -> list[object]:
    """The ten fields of COMMAND INFO."""
    flags: list[object] = [Status(name.encode()) for name, bit in FLAG_BITS.items() if command.flags & bit]
    categories: list[object] = [Status(b"@" + name.encode()) for name in command.categories]
    tips: list[object] = [tip.encode() for tip in command.tips]
    subcommands: list[object] = []
    if command.subcommands is not None:
        subcommands = [describe_command(subcommand) for subcommand in command.subcommands.values()]
    return [
        command.full_name,
        command.arity,
        SetReply(flags),
        command.first_key,
        command.last_key,
        command.key_step,
        SetReply(categories),
        SetReply(tips),
        SetReply([describe_key_spec(spec) for spec in command.key_specs]),
        subcommands,
    ]


def describe_key_spec(spec: KeySpec) -> object:
    begin: list[object]
    if spec.begin_kind == INDEX:
        begin = [b"type", b"index", b"spec", MapReply([b"index", spec.index])]
    elif spec.begin_kind == KEYWORD:
        begin = [b"type", b"keyword", b"spec", MapReply([b"keyword", spec.keyword, b"startfrom", spec.index])]
    else:
        begin = [b"type", b"unknown", b"spec", MapReply([])]
    find: list[object]
    if spec.find_kind == RANGE:
        last = [b"lastkey", spec.last, b"keystep", spec.step, b"limit", spec.limit]
        find = [b"type", b"range", b"spec", MapReply(last)]
    elif spec.find_kind == KEYNUM:
        numbered = [b"keynumidx", spec.keynum_index, b"firstkey", spec.first, b"keystep", spec.step]
        find = [b"type", b"keynum", b"spec", MapReply(numbered)]
    else:
        find = [b"type", b"unknown", b"spec", MapReply([])]
    flags: list[object] = [Status(flag.encode()) for flag in spec.flags]
    return MapReply([b"flags", SetReply(flags), b"begin_search", MapReply(begin), b"find_keys", MapReply(find)])


def document_command(command: Command) -> object:
    """The value of one command in COMMAND DOCS."""
    flat: list[object] = [b"summary", command.summary.encode(), b"since", command.since.encode()]
    flat += [b"group", command.group.replace("_", "-").encode(), b"complexity", command.complexity.encode()]
    if command.module:
        flat += [b"module", command.module]
    if command.full_name in INTERNAL:
        flat += [b"doc_flags", SetReply([Status(b"syscmd")])]
    if command.deprecated:
        since, _, instead = command.deprecated.partition(", ")
        flat += [b"doc_flags", SetReply([Status(b"deprecated")]), b"deprecated_since", since.encode()]
        if instead:
            flat += [b"replaced_by", instead.encode()]
    arguments = parse_syntax(command.syntax)
    if arguments:
        flat += [b"arguments", [document_argument(argument) for argument in arguments]]
    if command.subcommands:
        subcommands: list[object] = []
        for subcommand in command.subcommands.values():
            subcommands += [subcommand.full_name, document_command(subcommand)]
        flat += [b"subcommands", MapReply(subcommands)]
    return MapReply(flat)


def document_argument(argument: Argument) -> object:
    flat: list[object] = [b"name", argument.name.encode(), b"type", argument.kind.encode()]
    if argument.kind == "key":
        flat += [b"key_spec_index", argument.key_spec]
    if argument.token:
        flat += [b"token", argument.token.encode()]
    flags: list[object] = []
    if argument.optional:
        flags.append(Status(b"optional"))
    if argument.multiple:
        flags.append(Status(b"multiple"))
    if argument.repeats_token:
        flags.append(Status(b"multiple_token"))
    if flags:
        flat += [b"flags", flags]
    if argument.parts:
        flat += [b"arguments", [document_argument(part) for part in argument.parts]]
    return MapReply(flat)


def command_(ctx: Context, argv: list[bytes]) -> object:
    return [describe_command(command) for command in engine_of(ctx).commands.commands.values()]


group.container(
    "COMMAND",
    arity=-1,
    flags=ALWAYS,
    since="2.8.13",
    complexity="O(N) where N is the total number of commands",
    summary="Describes all commands.",
    acl="connection",
    tips="nondeterministic_output_order",
    code=command_,
)


@group.command("COMMAND COUNT", arity=2, flags=ALWAYS, since="2.8.13", summary="Counts the commands.", acl="connection")
def command_count(ctx: Context, argv: list[bytes]) -> object:
    return len(engine_of(ctx).commands.commands)


@group.command(
    "COMMAND INFO",
    arity=-2,
    flags=ALWAYS,
    since="2.8.13",
    complexity="O(N) where N is the number of commands to look up",
    summary="Describes commands.",
    syntax="[command-name [command-name ...]]",
    acl="connection",
    tips="nondeterministic_output_order",
)
def command_info(ctx: Context, argv: list[bytes]) -> object:
    if len(argv) == 2:
        return command_(ctx, argv)
    found: list[object] = []
    for name in argv[2:]:
        command = engine_of(ctx).commands.find_by_full_name(name)
        found.append(None if command is None else describe_command(command))
    return found


@group.command(
    "COMMAND DOCS",
    arity=-2,
    flags=ALWAYS,
    since="7.0.0",
    complexity="O(N) where N is the number of commands to look up",
    summary="Shows the documentation of commands.",
    syntax="[command-name [command-name ...]]",
    acl="connection",
    tips="nondeterministic_output_order",
)
def command_docs(ctx: Context, argv: list[bytes]) -> object:
    table = engine_of(ctx).commands
    if len(argv) == 2:
        chosen = list(table.commands.values())
    else:
        chosen = [command for name in argv[2:] if (command := table.find_by_full_name(name)) is not None]
    flat: list[object] = []
    for command in chosen:
        flat += [command.full_name, document_command(command)]
    return MapReply(flat)


@group.command(
    "COMMAND LIST",
    arity=-2,
    flags=ALWAYS,
    since="7.0.0",
    complexity="O(N) where N is the total number of commands",
    summary="Lists the names of commands.",
    syntax="[FILTERBY <MODULE module-name | ACLCAT category | PATTERN pattern>]",
    acl="connection",
    tips="nondeterministic_output_order",
)
def command_list(ctx: Context, argv: list[bytes]) -> object:
    commands = list(engine_of(ctx).commands)
    if len(argv) == 2:
        return [command.full_name for command in commands]
    if len(argv) != 5 or argv[2].lower() != b"filterby":
        raise syntax_error()
    kind = argv[3].lower()
    wanted = argv[4]
    if kind == b"module":
        return [command.full_name for command in commands if command.module == wanted]
    if kind == b"aclcat":
        category = wanted.lower().decode("latin-1")
        return [command.full_name for command in commands if category in command.categories]
    if kind == b"pattern":
        return [command.full_name for command in commands if glob_match(wanted, command.full_name, True)]
    raise syntax_error()


def _keyed_command(ctx: Context, argv: list[bytes]) -> Command:
    """The command in argv, checked to have keys and enough arguments."""
    try:
        command = engine_of(ctx).commands.find(argv)
    except ReplyError:
        raise error(b"Invalid command specified") from None
    if not command.may_have_keys():
        raise error(b"The command has no key arguments")
    if not command.min_arguments <= len(argv) <= command.max_arguments:
        raise error(b"Invalid number of arguments specified for command")
    return command


def _positions(command: Command, asked: list[bytes]) -> list[int]:
    """Where the keys are in arguments that can be told apart; none only where the command may do without."""
    positions = command.key_positions(asked)
    if not positions and not command.flags & NO_MANDATORY_KEYS:
        raise error(b"Invalid arguments specified for command")
    return positions


@group.command(
    "COMMAND GETKEYS",
    arity=-3,
    flags=ALWAYS,
    since="2.8.13",
    complexity="O(N) where N is the number of arguments to the command",
    summary="Finds the keys among the arguments of a command.",
    syntax="command [arg [arg ...]]",
    acl="connection",
)
def command_getkeys(ctx: Context, argv: list[bytes]) -> object:
    asked = argv[2:]
    command = _keyed_command(ctx, asked)
    positions = _positions(command, asked)
    return [asked[position] for position in positions]


@group.command(
    "COMMAND GETKEYSANDFLAGS",
    arity=-3,
    flags=ALWAYS,
    since="7.0.0",
    complexity="O(N) where N is the number of arguments to the command",
    summary="Finds the keys of a command and what it does with them.",
    syntax="command [arg [arg ...]]",
    acl="connection",
)
def command_getkeysandflags(ctx: Context, argv: list[bytes]) -> object:
    asked = argv[2:]
    command = _keyed_command(ctx, asked)
    found: list[object] = []
    if _positions(command, asked):
        for position, flags in command.keys_with_flags(asked):
            shown: list[object] = [Status(flag.encode()) for flag in flags if flag not in ABOUT_THE_SPECIFICATION]
            found.append([asked[position], SetReply(shown)])
    return found


@group.command("COMMAND HELP", arity=2, flags=ALWAYS, since="5.0.0", summary="Lists the subcommands.", acl="connection")
def command_help(ctx: Context, argv: list[bytes]) -> object:
    return help_reply("COMMAND", HELP)
