"""AUTH and HELLO: who a client is, and which protocol it speaks."""

from __future__ import annotations

from typing import Final

from miniredis.commands.context import Context
from miniredis.commands.declaration import CommandGroup
from miniredis.dispatch.access import engine_of, session_of
from miniredis.dispatch.client_commands import check_name
from miniredis.dispatch.executor import Engine
from miniredis.dispatch.gates import GATE_NO_AUTH
from miniredis.dispatch.session import Session
from miniredis.resp.errors import ReplyError, error, printed, syntax_error
from miniredis.resp.numbers import parse_int64
from miniredis.resp.replies import OK, MapReply

group = CommandGroup("connection")

#: INFO tells the version whose behaviour this is.  Clients that cache (redis-py) do so only with a server that says
#: here that it is Redis 7.4 or later; all they need of it is there.
HELLO_VERSION: Final = b"7.4.0"


def wrong_password() -> ReplyError:
    return ReplyError(b"WRONGPASS invalid username-password pair or user is disabled.")


def authenticate(engine: Engine, session: Session, user: bytes, password: bytes) -> None:
    """Let the client be `user`, or raise WRONGPASS."""
    if not engine.acl.authenticate(session, user, password):
        raise wrong_password()


@group.command(
    "AUTH",
    arity=-2,
    flags="noscript loading stale fast no_auth allow_busy",
    complexity="O(N) where N is the number of passwords defined for the user",
    summary="Tells who the client is.",
    syntax="[username] password",
)
def auth(ctx: Context, argv: list[bytes]) -> object:
    engine = engine_of(ctx)
    if len(argv) > 3:
        raise syntax_error()
    if len(argv) == 2 and engine.acl.default.no_password:
        raise error(
            b"AUTH <password> called without any password configured for the default user. "
            b"Are you sure your configuration is correct?"
        )
    user = argv[1] if len(argv) == 3 else b"default"
    authenticate(engine, session_of(ctx), user, argv[-1])
    return OK


@group.command(
    "HELLO",
    arity=-1,
    flags="noscript loading stale fast no_auth allow_busy",
    since="6.0.0",
    summary="Chooses the protocol, tells who the client is, describes the server.",
    syntax="[protover [AUTH username password] [SETNAME clientname]]",
)
def hello(ctx: Context, argv: list[bytes]) -> object:
    engine = engine_of(ctx)
    session = session_of(ctx)
    resp = ctx.resp
    if len(argv) > 1:
        version = parse_int64(argv[1])
        if version is None:
            raise error(b"Protocol version is not an integer or out of range")
        if version not in (2, 3):
            raise ReplyError(b"NOPROTO unsupported protocol version")
        resp = version
    at = 2
    name: bytes | None = None
    while at < len(argv):
        option = argv[at].lower()
        if option == b"auth" and at + 2 < len(argv):
            authenticate(engine, session, argv[at + 1], argv[at + 2])
            at += 3
        elif option == b"setname" and at + 1 < len(argv):
            name = argv[at + 1]
            check_name(name)
            at += 2
        else:
            raise error(b"Syntax error in HELLO option '" + printed(argv[at]) + b"'")
    if session.gates & GATE_NO_AUTH:
        raise ReplyError(
            b"NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH "
            b"<user> <pass> option can be used to authenticate the client and select the RESP protocol version at "
            b"the same time"
        )
    if name is not None:
        session.name = name
    ctx.resp = resp
    zone = engine.config.text("availability-zone")
    return MapReply(
        [
            b"server",
            b"redis",
            b"version",
            HELLO_VERSION,
            b"proto",
            resp,
            b"id",
            session.id,
            b"mode",
            engine.mode,
            b"role",
            engine.role(),
            b"modules",
            [MapReply([b"name", name, b"ver", version]) for name, version in engine.module_versions.items()],
            *([b"availability_zone", zone] if zone else []),
        ]
    )
