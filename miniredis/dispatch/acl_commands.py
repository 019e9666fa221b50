"""ACL: users and what they may do."""

from __future__ import annotations

from typing import Final

from miniredis.commands.context import Context
from miniredis.commands.declaration import CATEGORIES, CommandGroup
from miniredis.commands.help import help_reply
from miniredis.dispatch.access import engine_of
from miniredis.dispatch.acl import DEFAULT, AclError
from miniredis.dispatch.acl_rules import RuleError, has_blanks
from miniredis.dispatch.acl_users import ALLOWED, DENIED_COMMAND, DENIED_DATABASE, DENIED_KEY, REASON_BITS, Selector
from miniredis.resp.errors import (
    ReplyError,
    error,
    not_an_integer,
    printed,
    subcommand_syntax_error,
    wrong_number_of_arguments,
)
from miniredis.resp.numbers import parse_int64
from miniredis.resp.replies import OK, MapReply, SetReply

group = CommandGroup("server")
group.container("ACL", since="6.0.0", summary="Commands about users and what they may do.")

ALWAYS: Final = "noscript loading stale"
ADMIN_ALWAYS: Final = "admin noscript loading stale"
ON_ALL_NODES: Final = "request_policy:all_nodes response_policy:all_succeeded"
LONGEST_PASSWORD_BITS: Final = 4096
ENTRIES_SHOWN: Final = 10

HELP: Final = (
    ("CAT [<category>]", "List the categories, or the commands of one."),
    ("DELUSER <username> [<username> ...]", "Delete users and disconnect their clients."),
    ("DRYRUN <username> <command> [<arg> ...]", "Tell whether a user may run a command, without running it."),
    ("GETUSER <username>", "Show what a user may do."),
    ("GENPASS [<bits>]", "Make a password, of 256 bits or as many as asked for."),
    ("LIST", "Show the users as lines of a configuration file."),
    ("LOAD", "Read the users from the ACL file."),
    ("LOG [<count> | RESET]", "Show what was refused lately, or forget it."),
    ("SAVE", "Write the users to the ACL file."),
    ("SETUSER <username> <rule> [<rule> ...]", "Make a user or change one."),
    ("USERS", "List the names of the users."),
    ("WHOAMI", "Show the user of this connection."),
)


@group.command("ACL HELP", arity=2, flags="loading stale", since="6.0.0", summary="Lists the subcommands.")
def acl_help(ctx: Context, argv: list[bytes]) -> object:
    return help_reply("ACL", HELP)


@group.command("ACL WHOAMI", arity=2, flags=ALWAYS, since="6.0.0", summary="Returns the user of the connection.")
def acl_whoami(ctx: Context, argv: list[bytes]) -> object:
    return ctx.client.user_name


@group.command(
    "ACL USERS",
    arity=2,
    flags=ADMIN_ALWAYS,
    since="6.0.0",
    complexity="O(N). Where N is the number of configured users.",
    summary="Lists the users.",
)
def acl_users(ctx: Context, argv: list[bytes]) -> object:
    names: list[object] = []
    names += sorted(engine_of(ctx).acl.users)
    return names


@group.command(
    "ACL LIST",
    arity=2,
    flags=ADMIN_ALWAYS,
    since="6.0.0",
    complexity="O(N). Where N is the number of configured users.",
    summary="Shows the users as a configuration file has them.",
)
def acl_list(ctx: Context, argv: list[bytes]) -> object:
    lines: list[object] = []
    lines += engine_of(ctx).acl.describe()
    return lines


def _describe_selector(selector: Selector) -> list[object]:
    return [
        b"commands",
        selector.describe_commands(),
        b"keys",
        selector.describe_keys(),
        b"channels",
        selector.describe_channels(),
        b"databases",
        selector.describe_databases(),
    ]


@group.command(
    "ACL GETUSER",
    arity=3,
    flags=ADMIN_ALWAYS,
    since="6.0.0",
    complexity="O(N). Where N is the number of password, command and pattern rules that the user has.",
    summary="Shows what a user may do.",
    syntax="username",
)
def acl_getuser(ctx: Context, argv: list[bytes]) -> object:
    user = engine_of(ctx).acl.user_for(argv[2])
    if user is None:
        return None
    flags: list[object] = []
    flags += user.flags()
    passwords: list[object] = []
    passwords += user.passwords
    selectors: list[object] = [MapReply(_describe_selector(selector)) for selector in user.selectors[1:]]
    return MapReply(
        [
            b"flags",
            SetReply(flags),
            b"passwords",
            passwords,
            *_describe_selector(user.root),
            b"selectors",
            selectors,
        ]
    )


@group.command(
    "ACL SETUSER",
    arity=-3,
    flags=ADMIN_ALWAYS,
    since="6.0.0",
    complexity="O(N). Where N is the number of rules provided.",
    summary="Makes or changes a user.",
    syntax="username [rule [rule ...]]",
    tips=ON_ALL_NODES,
)
def acl_setuser(ctx: Context, argv: list[bytes]) -> object:
    if has_blanks(argv[2]):
        raise error(b"Usernames can't contain spaces or null characters")
    try:
        engine_of(ctx).acl.set_user(argv[2], argv[3:])
    except RuleError as problem:
        if not problem.rule:
            raise error(problem.reason) from problem
        raise error(b"Error in ACL SETUSER modifier '" + problem.rule + b"': " + problem.reason) from problem
    return OK


@group.command(
    "ACL DELUSER",
    arity=-3,
    flags=ADMIN_ALWAYS,
    since="6.0.0",
    complexity="O(1) amortized time considering the typical user.",
    summary="Deletes users and disconnects their clients.",
    syntax="username [username ...]",
    tips=ON_ALL_NODES,
)
def acl_deluser(ctx: Context, argv: list[bytes]) -> object:
    if DEFAULT in argv[2:]:
        raise error(b"The 'default' user cannot be removed")
    acl = engine_of(ctx).acl
    return sum([acl.delete_user(name) for name in argv[2:]])


@group.command(
    "ACL CAT",
    arity=-2,
    flags=ALWAYS,
    since="6.0.0",
    complexity="O(1) since the categories and commands are a fixed set.",
    summary="Lists the categories of commands, or the commands of one.",
    syntax="[category]",
)
def acl_cat(ctx: Context, argv: list[bytes]) -> object:
    if len(argv) == 2:
        return [name.encode() for name in CATEGORIES]
    if len(argv) > 3:
        raise subcommand_syntax_error(argv[1], b"ACL")
    category = argv[2].lower().decode("latin-1")
    if category not in CATEGORIES:
        raise error(b"Unknown category '" + printed(argv[2]) + b"'")
    return [command.full_name for command in engine_of(ctx).commands if category in command.categories]


@group.command(
    "ACL GENPASS",
    arity=-2,
    flags=ALWAYS,
    since="6.0.0",
    summary="Makes a password that nobody can guess.",
    syntax="[bits]",
)
def acl_genpass(ctx: Context, argv: list[bytes]) -> object:
    bits = 256
    if len(argv) > 3:
        raise subcommand_syntax_error(argv[1], b"ACL")
    if len(argv) == 3:
        asked = parse_int64(argv[2])
        if asked is None:
            raise not_an_integer()
        if not 0 < asked <= LONGEST_PASSWORD_BITS:
            raise error(
                b"ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096"
            )
        bits = asked
    digits = (bits + 3) // 4
    return b"%0*x" % (digits, ctx.server.random.getrandbits(digits * 4))


@group.command(
    "ACL LOG",
    arity=-2,
    flags=ADMIN_ALWAYS,
    since="6.0.0",
    complexity="O(N) with N being the number of entries shown.",
    summary="Shows what was refused lately.",
    syntax="[count | RESET]",
)
def acl_log(ctx: Context, argv: list[bytes]) -> object:
    log = engine_of(ctx).acl.log
    count = ENTRIES_SHOWN
    if len(argv) > 3:
        raise subcommand_syntax_error(argv[1], b"ACL")
    if len(argv) == 3:
        if argv[2].lower() == b"reset":
            log.reset()
            return OK
        asked = parse_int64(argv[2])
        if asked is None:
            raise not_an_integer()
        count = max(asked, 0)
    return [refusal.reply(ctx.now_ms) for refusal in log.entries[:count]]


@group.command(
    "ACL DRYRUN",
    arity=-4,
    flags=ADMIN_ALWAYS,
    since="7.0.0",
    summary="Tells whether a user may run a command, without running it.",
    syntax="username command [arg [arg ...]]",
)
def acl_dryrun(ctx: Context, argv: list[bytes]) -> object:
    engine = engine_of(ctx)
    user = engine.acl.user_for(argv[2])
    if user is None:
        raise error(b"User '" + printed(argv[2]) + b"' not found")
    asked = argv[3:]
    try:
        command = engine.commands.find(asked)
    except ReplyError:
        raise error(b"Command '" + asked[0] + b"' not found") from None
    if not command.min_arguments <= len(asked) <= command.max_arguments:
        raise wrong_number_of_arguments(command.full_name)
    denial = user.check(command, asked, ctx.db.index, len(ctx.keyspace.databases))
    if denial == ALLOWED:
        return OK
    reason = denial & 7
    if reason == DENIED_COMMAND:
        return b"This user has no permissions to run the '" + command.full_name + b"' command"
    shown = asked[denial >> REASON_BITS]
    if reason == DENIED_DATABASE:
        return b"User " + user.name + b" has no permissions to access database " + shown
    kind = b"key" if reason == DENIED_KEY else b"channel"
    return b"This user has no permissions to access the '" + shown + b"' " + kind


def no_file() -> ReplyError:
    return error(
        b"This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER "
        b"command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in order to store "
        b"users in the Redis configuration."
    )


@group.command(
    "ACL LOAD",
    arity=2,
    flags=ADMIN_ALWAYS,
    since="6.0.0",
    complexity="O(N). Where N is the number of configured users.",
    summary="Reads the users from the ACL file.",
)
def acl_load(ctx: Context, argv: list[bytes]) -> object:
    acl = engine_of(ctx).acl
    if acl.read_file is None:
        raise no_file()
    try:
        acl.load_text(acl.read_file())
    except OSError as problem:
        reason = (problem.strerror or str(problem)).encode()
        raise error(b"Error loading ACLs, opening file '" + acl.file_name + b"': " + reason) from problem
    except AclError as refusal:
        raise error(refusal.message) from refusal
    return OK


@group.command(
    "ACL SAVE",
    arity=2,
    flags=ADMIN_ALWAYS,
    since="6.0.0",
    complexity="O(N). Where N is the number of configured users.",
    summary="Writes the users to the ACL file.",
    tips=ON_ALL_NODES,
)
def acl_save(ctx: Context, argv: list[bytes]) -> object:
    engine = engine_of(ctx)
    write = engine.acl.write_file
    if write is None:
        raise no_file()
    try:
        write(b"".join([line + b"\n" for line in engine.acl.describe()]))
    except OSError as problem:
        engine.log("warning", f"ACL SAVE failed: {problem.strerror or problem}")
        raise error(
            b"There was an error trying to save the ACLs. Please check the server logs for more information"
        ) from problem
    return OK
