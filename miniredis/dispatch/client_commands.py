"""CLIENT: about this connection, and about the others."""

from __future__ import annotations

from typing import Final

from miniredis.commands.context import Context
from miniredis.commands.declaration import CommandGroup
from miniredis.commands.help import help_reply
from miniredis.dispatch.access import engine_of, session_of
from miniredis.dispatch.clients import Filter, describe, find_by_address, is_printable, matching, parse_filters
from miniredis.dispatch.gates import GATE_IMPORT
from miniredis.dispatch.session import REPLY_OFF, REPLY_ON, REPLY_SKIP_NEXT, Session
from miniredis.resp.errors import ReplyError, error, not_an_integer, printed, subcommand_syntax_error, syntax_error
from miniredis.resp.numbers import parse_int64
from miniredis.resp.replies import NO_REPLY, OK, Verbatim

group = CommandGroup("connection")
group.container("CLIENT", since="2.4.0", summary="Commands about connections.")

ALWAYS: Final = "noscript loading stale allow_busy"
ADMIN_ALWAYS: Final = "admin noscript loading stale"

HELP: Final = (
    ("CACHING (YES|NO)", "Track, or do not track, the keys of the next command (OPTIN and OPTOUT modes)."),
    ("CAPA <option> [<option> ...]", "Say what this client can do; REDIRECT is known."),
    ("GETNAME", "Show the name of this connection."),
    ("GETREDIR", "Show the client that gets our invalidation messages."),
    ("ID", "Show the number of this connection."),
    ("IMPORT-SOURCE (ON|OFF)", "Mark this connection as one that imports data."),
    ("INFO", "Show this connection as LIST would."),
    ("KILL <ip:port>", "Close the connection from an address."),
    ("KILL <option> <value> [<option> <value> ...]", "Close the connections that all options match; see LIST."),
    (
        "LIST [<option> <value> ...]",
        "Show connections: ADDR, CAPA, DB, FLAGS, ID, IDLE, IP, LADDR, LIB-NAME, LIB-VER, "
        "MAXAGE, NAME, SKIPME, TYPE, USER.",
    ),
    ("NO-EVICT (ON|OFF)", "Spare this connection when clients take too much memory."),
    ("NO-TOUCH (ON|OFF)", "Leave no trace in the access records of keys."),
    ("PAUSE <milliseconds> [WRITE|ALL]", "Hold back the commands of all clients."),
    ("REPLY (ON|OFF|SKIP)", "Choose which commands are answered."),
    ("SETINFO <option> <value>", "Tell the client library: LIB-NAME or LIB-VER."),
    ("SETNAME <name>", "Name this connection."),
    ("TRACKING (ON|OFF) [<option> ...]", "Be told when keys that were read change."),
    ("TRACKINGINFO", "Show what tracking is set to."),
    ("UNBLOCK <id> [TIMEOUT|ERROR]", "End the waiting of a blocked connection."),
    ("UNPAUSE", "End a PAUSE."),
)


@group.command("CLIENT HELP", arity=2, flags="loading stale", since="5.0.0", summary="Lists the subcommands.")
def client_help(ctx: Context, argv: list[bytes]) -> object:
    return help_reply("CLIENT", HELP)


@group.command("CLIENT ID", arity=2, flags=ALWAYS, since="5.0.0", summary="Returns the number of the connection.")
def client_id(ctx: Context, argv: list[bytes]) -> object:
    return ctx.client.id


@group.command("CLIENT GETNAME", arity=2, flags=ALWAYS, since="2.6.9", summary="Returns the name of the connection.")
def client_getname(ctx: Context, argv: list[bytes]) -> object:
    return ctx.client.name or None


@group.command(
    "CLIENT SETNAME",
    arity=3,
    flags=ALWAYS,
    since="2.6.9",
    summary="Names the connection.",
    syntax="connection-name",
    tips="request_policy:all_nodes response_policy:all_succeeded",
)
def client_setname(ctx: Context, argv: list[bytes]) -> object:
    set_name(session_of(ctx), argv[2])
    return OK


def set_name(session: Session, name: bytes) -> None:
    """As SETNAME does; an empty name takes the name away."""
    check_name(name)
    session.name = name


def check_name(name: bytes) -> None:
    if not is_printable(name):
        raise error(b"Client names cannot contain spaces, newlines or special characters.")


@group.command(
    "CLIENT SETINFO",
    arity=4,
    flags=ALWAYS,
    since="7.2.0",
    summary="Tells the client library and its version.",
    syntax="<LIB-NAME libname | LIB-VER libver>",
    tips="request_policy:all_nodes response_policy:all_succeeded",
)
def client_setinfo(ctx: Context, argv: list[bytes]) -> object:
    session = session_of(ctx)
    option = argv[2].lower()
    if option not in (b"lib-name", b"lib-ver"):
        raise error(b"Unrecognized option '" + printed(argv[2]) + b"'")
    if not is_printable(argv[3]):
        raise error(printed(argv[2]) + b" cannot contain spaces, newlines or special characters.")
    if option == b"lib-name":
        session.library_name = argv[3]
    else:
        session.library_version = argv[3]
    return OK


@group.command(
    "CLIENT CAPA",
    arity=-3,
    flags=ALWAYS,
    since="8.0.0",
    summary="Tells what the client can do.",
    syntax="capability [capability ...]",
)
def client_capa(ctx: Context, argv: list[bytes]) -> object:
    session = session_of(ctx)
    for capability in argv[2:]:
        if capability.lower() == b"redirect":
            session.capabilities = b"r"
    return OK


@group.command(
    "CLIENT IMPORT-SOURCE",
    arity=3,
    flags="noscript loading stale",
    since="8.1.0",
    summary="Marks the connection as one that imports data.",
    syntax="<ON | OFF>",
)
def client_import_source(ctx: Context, argv: list[bytes]) -> object:
    if not ctx.keyspace.imports and argv[2].lower() != b"off":
        raise error(b"Server is not in import mode")
    session = session_of(ctx)
    if is_on(argv[2]):
        session.gates |= GATE_IMPORT
    else:
        session.gates &= ~GATE_IMPORT
        # The mark is gone before the reply is written: what it showed for this command is put away here.
        ctx.keyspace.show_expired(False)
    return OK


def is_on(argument: bytes) -> bool:
    """ON or OFF."""
    word = argument.lower()
    if word not in (b"on", b"off"):
        raise syntax_error()
    return word == b"on"


@group.command(
    "CLIENT INFO",
    arity=2,
    flags="noscript loading stale",
    since="6.2.0",
    summary="Describes the connection.",
    tips="nondeterministic_output",
)
def client_info(ctx: Context, argv: list[bytes]) -> object:
    return Verbatim(b"txt", describe(session_of(ctx), engine_of(ctx)) + b"\n")


@group.command(
    "CLIENT LIST",
    arity=-2,
    flags=ADMIN_ALWAYS,
    since="2.4.0",
    complexity="O(N) where N is the number of client connections",
    summary="Describes the connections.",
    syntax="[<option> <value> ...]",
    tips="nondeterministic_output",
)
def client_list(ctx: Context, argv: list[bytes]) -> object:
    engine = engine_of(ctx)
    filters, skip_me = parse_filters(engine, engine.acl.users, argv, 2, True)
    lines = [
        describe(session, engine) + b"\n"
        for session in matching(engine, filters)
        if not (skip_me and session is ctx.client)
    ]
    return Verbatim(b"txt", b"".join(lines))


@group.command(
    "CLIENT KILL",
    arity=-3,
    flags=ADMIN_ALWAYS,
    since="2.4.0",
    complexity="O(N) where N is the number of client connections",
    summary="Closes connections.",
    syntax="<address | option value [option value ...]>",
)
def client_kill(ctx: Context, argv: list[bytes]) -> object:
    engine = engine_of(ctx)
    if len(argv) == 3:
        end_session(find_by_address(engine, argv[2]), ctx)
        return OK
    filters, skip_me = parse_filters(engine, engine.acl.users, argv, 2, False)
    return kill_matching(ctx, filters, skip_me is not False)


def kill_matching(ctx: Context, filters: list[Filter], skip_me: bool) -> int:
    killed = 0
    for session in matching(engine_of(ctx), filters):
        if not (skip_me and session is ctx.client):
            end_session(session, ctx)
            killed += 1
    return killed


def end_session(session: Session, ctx: Context) -> None:
    """Close a connection; one's own only after the reply."""
    if session is ctx.client:
        session.close_after_output()
    else:
        session.closing = True
        session.port.close(True)


@group.command(
    "CLIENT NO-EVICT",
    arity=3,
    flags="admin noscript loading stale allow_busy",
    since="7.0.0",
    summary="Spares the connection when clients take too much memory.",
    syntax="<ON | OFF>",
)
def client_no_evict(ctx: Context, argv: list[bytes]) -> object:
    session_of(ctx).no_evict = is_on(argv[2])
    return OK


@group.command(
    "CLIENT NO-TOUCH",
    arity=3,
    flags=ALWAYS,
    since="7.2.0",
    summary="Leaves no trace in the access records of keys.",
    syntax="<ON | OFF>",
)
def client_no_touch(ctx: Context, argv: list[bytes]) -> object:
    session_of(ctx).set_no_touch(is_on(argv[2]))
    ctx.keyspace.clock.leaves_no_trace = False
    return OK


@group.command(
    "CLIENT REPLY",
    arity=3,
    flags="noscript loading stale no_multi allow_busy",
    since="3.2.0",
    summary="Chooses which commands are answered.",
    syntax="<ON | OFF | SKIP>",
)
def client_reply(ctx: Context, argv: list[bytes]) -> object:
    session = session_of(ctx)
    mode = argv[2].lower()
    if mode == b"on":
        session.set_reply_mode(REPLY_ON)
        return OK
    if mode == b"off":
        session.set_reply_mode(REPLY_OFF)
    elif mode != b"skip":
        raise syntax_error()
    elif session.reply_mode != REPLY_OFF:
        session.set_reply_mode(REPLY_SKIP_NEXT)
    return NO_REPLY


@group.command(
    "CLIENT UNBLOCK",
    arity=-3,
    flags=ADMIN_ALWAYS,
    since="5.0.0",
    complexity="O(log N) where N is the number of client connections",
    summary="Ends the waiting of a blocked connection.",
    syntax="client-id [TIMEOUT | ERROR]",
)
def client_unblock(ctx: Context, argv: list[bytes]) -> object:
    with_error = False
    if len(argv) > 4:
        raise subcommand_syntax_error(argv[1], b"CLIENT")
    if len(argv) == 4:
        reason = argv[3].lower()
        if reason not in (b"timeout", b"error"):
            raise error(b"CLIENT UNBLOCK reason should be TIMEOUT or ERROR")
        with_error = reason == b"error"
    number = parse_int64(argv[2])
    if number is None:
        raise not_an_integer()
    engine = engine_of(ctx)
    waiter = engine.waiting.waiters.get(number)
    if waiter is None:
        return 0
    if with_error:
        engine.release(waiter, ReplyError(b"UNBLOCKED client unblocked via CLIENT UNBLOCK"))
    else:
        engine.release(waiter, waiter.timeout_reply)
    return 1


@group.command(
    "CLIENT PAUSE",
    arity=-3,
    flags=ADMIN_ALWAYS,
    since="3.0.0",
    summary="Holds back the commands of all clients for a time.",
    syntax="timeout [WRITE | ALL]",
)
def client_pause(ctx: Context, argv: list[bytes]) -> object:
    writes_only = False
    if len(argv) > 4:
        raise subcommand_syntax_error(argv[1], b"CLIENT")
    if len(argv) == 4:
        mode = argv[3].lower()
        if mode not in (b"write", b"all"):
            raise error(b"CLIENT PAUSE mode must be WRITE or ALL")
        writes_only = mode == b"write"
    timeout_ms = parse_int64(argv[2])
    if timeout_ms is None:
        raise error(b"timeout is not an integer or out of range")
    if timeout_ms < 0:
        raise error(b"timeout is negative")
    engine_of(ctx).pause.begin(timeout_ms, writes_only)
    return OK


@group.command("CLIENT UNPAUSE", arity=2, flags=ADMIN_ALWAYS, since="6.2.0", summary="Ends a CLIENT PAUSE.")
def client_unpause(ctx: Context, argv: list[bytes]) -> object:
    engine_of(ctx).pause.end()
    return OK
