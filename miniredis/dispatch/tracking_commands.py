"""CLIENT TRACKING and its kin: the commands of client-side caching."""

from __future__ import annotations

from typing import Final

from miniredis.commands.context import Context
from miniredis.commands.declaration import CommandGroup
from miniredis.dispatch.access import engine_of, session_of
from miniredis.dispatch.executor import Engine
from miniredis.dispatch.tracking_options import TrackingOptions
from miniredis.resp.errors import ReplyError, error, not_an_integer, syntax_error
from miniredis.resp.numbers import parse_int64
from miniredis.resp.replies import OK, MapReply, SetReply

group = CommandGroup("connection")

ALWAYS: Final = "noscript loading stale allow_busy"
SWITCHING: Final = b" before disabling tracking for this client, and then re-enabling it with a different mode."


def read_options(engine: Engine, words: list[bytes]) -> tuple[TrackingOptions, list[bytes]]:
    """The options behind ON and OFF, and the prefixes among them as given."""
    options = TrackingOptions()
    prefixes: list[bytes] = []
    at = 0
    while at < len(words):
        word = words[at].lower()
        has_value = at + 1 < len(words)
        if word == b"redirect" and has_value:
            at += 1
            if options.redirect:
                raise error(b"A client can only redirect to a single other client")
            number = parse_int64(words[at])
            if number is None:
                raise not_an_integer()
            if number not in engine.sessions:
                raise error(b"The client ID you want redirect to does not exist")
            options.redirect = number
        elif word == b"prefix" and has_value:
            at += 1
            prefixes.append(words[at])
        elif word == b"bcast":
            options.broadcasts = True
        elif word == b"optin":
            options.opt_in = True
        elif word == b"optout":
            options.opt_out = True
        elif word == b"noloop":
            options.no_loop = True
        else:
            raise syntax_error()
        at += 1
    return options, prefixes


def check_prefixes(given: list[bytes], known: list[bytes]) -> None:
    """A key must not have two of a client's prefixes: it would be told twice."""
    for at, prefix in enumerate(given):
        for other in known:
            if overlap(prefix, other):
                raise _overlapping(prefix, b"an existing prefix", other)
        for other in given[at + 1 :]:
            if overlap(prefix, other):
                raise _overlapping(prefix, b"another provided prefix", other)


def overlap(one: bytes, other: bytes) -> bool:
    return one.startswith(other) or other.startswith(one)


def _overlapping(prefix: bytes, what: bytes, other: bytes) -> ReplyError:
    return error(
        b"Prefix '" + prefix + b"' overlaps with " + what + b" '" + other + b"'. "
        b"Prefixes for a single client must not overlap."
    )


@group.command(
    "CLIENT TRACKING",
    arity=-3,
    flags="noscript loading stale",
    since="6.0.0",
    complexity="O(1). Some options may introduce additional complexity.",
    summary="Tells the connection when keys change that it has read.",
    syntax="<ON | OFF> [REDIRECT client-id] [PREFIX prefix [PREFIX prefix ...]] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]",
)
def client_tracking(ctx: Context, argv: list[bytes]) -> object:
    session = session_of(ctx)
    engine = engine_of(ctx)
    options, prefixes = read_options(engine, argv[3:])
    switch = argv[2].lower()
    if switch == b"off":
        engine.tracking.stop(session)
        return OK
    if switch != b"on":
        raise syntax_error()
    if prefixes and not options.broadcasts:
        raise error(b"PREFIX option requires BCAST mode to be enabled")
    before = session.tracking
    if before is not None and before.broadcasts != options.broadcasts:
        raise error(b"You can't switch BCAST mode on/off" + SWITCHING)
    if options.broadcasts and (options.opt_in or options.opt_out):
        raise error(b"OPTIN and OPTOUT are not compatible with BCAST")
    if options.opt_in and options.opt_out:
        raise error(b"You can't specify both OPTIN mode and OPTOUT mode")
    if before is not None and ((options.opt_in and before.opt_out) or (options.opt_out and before.opt_in)):
        raise error(b"You can't switch OPTIN/OPTOUT mode" + SWITCHING)
    if options.broadcasts:
        known = sorted(before.prefixes) if before is not None else []
        check_prefixes(prefixes, known)
        options.prefixes = dict.fromkeys(known + (prefixes or [b""]))
    engine.tracking.start(session, options)
    return OK


@group.command(
    "CLIENT CACHING",
    arity=3,
    flags=ALWAYS,
    since="6.0.0",
    summary="Says whether the keys of the next command are tracked.",
    syntax="<YES | NO>",
)
def client_caching(ctx: Context, argv: list[bytes]) -> object:
    options = session_of(ctx).tracking
    if options is None:
        raise error(
            b"CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled"
        )
    word = argv[2].lower()
    if word == b"yes":
        if not options.opt_in:
            raise error(b"CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.")
    elif word == b"no":
        if not options.opt_out:
            raise error(b"CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.")
    else:
        raise syntax_error()
    options.caching_given = True
    return OK


@group.command(
    "CLIENT GETREDIR",
    arity=2,
    flags=ALWAYS,
    since="6.0.0",
    summary="Returns the client that gets the tracking messages of the connection.",
)
def client_getredir(ctx: Context, argv: list[bytes]) -> object:
    return session_of(ctx).redirect


@group.command(
    "CLIENT TRACKINGINFO",
    arity=2,
    flags="noscript loading stale",
    since="6.2.0",
    summary="Shows what tracking is set to.",
)
def client_trackinginfo(ctx: Context, argv: list[bytes]) -> object:
    session = session_of(ctx)
    options = session.tracking
    flags: list[object] = []
    prefixes: list[object] = []
    if options is None:
        flags.append(b"off")
    else:
        flags.append(b"on")
        if options.broadcasts:
            flags.append(b"bcast")
        if options.opt_in:
            flags.append(b"optin")
            if options.caching_given:
                flags.append(b"caching-yes")
        if options.opt_out:
            flags.append(b"optout")
            if options.caching_given:
                flags.append(b"caching-no")
        if options.no_loop:
            flags.append(b"noloop")
        if options.redirect_is_broken:
            flags.append(b"broken_redirect")
        prefixes += sorted(options.prefixes)
    return MapReply([b"flags", SetReply(flags), b"redirect", session.redirect, b"prefixes", prefixes])
