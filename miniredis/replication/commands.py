"""REPLICAOF, SLAVEOF, ROLE, FAILOVER; SYNC, PSYNC and REPLCONF, which servers send; WAIT and WAITAOF."""

from __future__ import annotations

from miniredis.commands.arguments import parse_int
from miniredis.commands.context import Context
from miniredis.commands.declaration import CommandGroup
from miniredis.dispatch.access import engine_of, session_of
from miniredis.dispatch.debug_commands import add_subcommand
from miniredis.replication.follower import Follower
from miniredis.replication.info import role_reply
from miniredis.replication.replication import ServerReplication
from miniredis.resp.errors import (
    ReplyError,
    error,
    out_of_range_between,
    syntax_error,
    timeout_negative,
    timeout_not_an_integer,
)
from miniredis.resp.numbers import parse_int64
from miniredis.resp.replies import NO_REPLY, OK, Status

group = CommandGroup("server")

LONGEST_ADDRESS = 255
ROLE_COMMAND = "admin noscript stale no_async_loading"


def replication_of(ctx: Context) -> ServerReplication:
    """What replicates; an error in a server that does not."""
    replication = engine_of(ctx).replication
    if not isinstance(replication, ServerReplication):
        raise error(b"this server does not replicate")
    return replication


# -- the role


@group.command(
    "REPLICAOF",
    arity=3,
    flags=ROLE_COMMAND,
    since="5.0.0",
    summary="Makes this server a replica of another, or with NO ONE a primary.",
    syntax="<host port | NO ONE>",
)
def replicaof(ctx: Context, argv: list[bytes]) -> object:
    replication = replication_of(ctx)
    engine = engine_of(ctx)
    session = session_of(ctx)
    if engine.config.flag("cluster-enabled"):
        raise error(b"REPLICAOF not allowed in cluster mode.")
    if replication.failover.is_on():
        raise error(b"REPLICAOF not allowed while failing over.")
    asked = f"(user request from client {session.id} {session.port.peer.decode('latin-1')})"
    if argv[1].lower() == b"no" and argv[2].lower() == b"one":
        if engine.is_replica:
            replication.promote()
            engine.log("notice", f"MASTER MODE enabled {asked}")
        return OK
    if session.is_replica:
        raise error(b"Command is not valid when client is a replica.")
    port = parse_int64(argv[2])
    if port is None or not 0 <= port <= 65535:
        raise error(b"Invalid master port")
    host = argv[1].decode("utf-8", "replace")
    if replication.primary_address() == (host, port):
        engine.log("notice", "REPLICAOF names the master that we follow already.")
        return Status(b"OK Already connected to specified master")
    replication.follow(host, port)
    engine.log("notice", f"REPLICAOF {host}:{port} enabled {asked}")
    return OK


@group.command(
    "SLAVEOF",
    arity=3,
    flags=ROLE_COMMAND,
    summary="Makes this server a replica of another, or with NO ONE a primary.",
    syntax="<host port | NO ONE>",
    deprecated="5.0.0, REPLICAOF",
)
def slaveof(ctx: Context, argv: list[bytes]) -> object:
    return replicaof(ctx, argv)


@group.command(
    "ROLE",
    arity=1,
    flags="noscript loading stale fast",
    since="2.8.12",
    summary="Tells whether this is a primary or a replica, and how far each is.",
    acl="admin dangerous",
)
def role(ctx: Context, argv: list[bytes]) -> object:
    return role_reply(replication_of(ctx))


@group.command(
    "FAILOVER",
    arity=-1,
    flags="admin noscript stale",
    since="6.2.0",
    summary="Hands the role of primary over to a replica.",
    syntax="[TO host port [FORCE]] [ABORT] [TIMEOUT milliseconds]",
)
def failover(ctx: Context, argv: list[bytes]) -> object:
    replication = replication_of(ctx)
    if engine_of(ctx).config.flag("cluster-enabled"):
        raise error(b"FAILOVER not allowed in cluster mode.")
    host = b""
    port = 0
    timeout_ms = 0
    is_forced = is_aborted = False
    at = 1
    while at < len(argv):
        word = argv[at].lower()
        if word == b"timeout" and at + 1 < len(argv) and timeout_ms == 0:
            timeout_ms = parse_int(argv[at + 1])
            if timeout_ms <= 0:
                raise error(b"FAILOVER timeout must be greater than 0")
            at += 2
        elif word == b"abort" and not is_aborted:
            is_aborted = True
            at += 1
        elif word == b"to" and at + 2 < len(argv) and not host:
            host = argv[at + 1]
            port = parse_int(argv[at + 2])
            at += 3
        elif word == b"force" and not is_forced:
            is_forced = True
            at += 1
        else:
            raise syntax_error()
    if is_aborted:
        if len(argv) != 2:
            raise syntax_error()
        if not replication.abort_failover():
            raise error(b"No failover in progress.")
        return OK
    replication.begin_failover(host.decode("utf-8", "replace"), port, is_forced, timeout_ms)
    return OK


# -- what replicas send


def _check_may_follow(ctx: Context, replication: ServerReplication) -> None:
    if replication.failover.is_on():
        raise ReplyError(b"NOMASTERLINK Can't SYNC while failing over")
    if engine_of(ctx).is_replica and not replication.is_link_up():
        raise ReplyError(b"NOMASTERLINK Can't SYNC while not connected with my master")
    session = session_of(ctx)
    if session.out or session.port.unsent_bytes() > 0:
        raise error(b"SYNC and PSYNC are invalid with pending output")


@group.command(
    "SYNC",
    arity=1,
    flags="admin noscript no_async_loading no_multi",
    summary="Begins replication with everything, in the way of old replicas.",
)
def sync(ctx: Context, argv: list[bytes]) -> object:
    replication = replication_of(ctx)
    session = session_of(ctx)
    if session.is_replica:
        return NO_REPLY
    _check_may_follow(ctx, replication)
    follower = replication.primary.introduce(session)
    follower.is_plain = True
    engine_of(ctx).log("notice", f"Replica {follower.name()} asks for synchronization")
    replication.primary.begin_full(follower)
    return NO_REPLY


@group.command(
    "PSYNC",
    arity=-3,
    flags="admin noscript no_async_loading no_multi",
    since="2.8.0",
    summary="Begins replication, from an offset if that is possible.",
    syntax="replicationid offset",
)
def psync(ctx: Context, argv: list[bytes]) -> object:
    replication = replication_of(ctx)
    session = session_of(ctx)
    engine = engine_of(ctx)
    if session.is_replica:
        return NO_REPLY
    if len(argv) > 3 and argv[3].lower() == b"failover":
        engine.log("warning", f"Failover request received for replid {argv[1].decode('latin-1')}.")
        if not engine.is_replica:
            raise error(b"PSYNC FAILOVER can't be sent to a master.")
        if argv[1].lower() != replication.replication_id():
            raise error(b"PSYNC FAILOVER replid must match my replid.")
        replication.promote()
        engine.log("notice", f"MASTER MODE enabled (failover request from client {session.id})")
    _check_may_follow(ctx, replication)
    offset = parse_int(argv[2])
    follower = replication.primary.introduce(session)
    engine.log("notice", f"Replica {follower.name()} asks for synchronization")
    replication.primary.synchronise(session, argv[1], offset - 1)
    return NO_REPLY


@group.command(
    "REPLCONF",
    arity=-1,
    flags="admin noscript loading stale allow_busy",
    since="3.0.0",
    summary="Tells a primary about its replica, and how far that is.",
)
def replconf(ctx: Context, argv: list[bytes]) -> object:
    if len(argv) % 2 == 0:
        raise syntax_error()
    replication = replication_of(ctx)
    session = session_of(ctx)
    follower: Follower | None = None
    for at in range(1, len(argv), 2):
        option = argv[at].lower()
        value = argv[at + 1]
        if option == b"ack":
            follower = replication.primary.find(session)
            if follower is not None:
                synced = -1
                if len(argv) > 4 and argv[3].lower() == b"fack":
                    synced = parse_int(argv[4])
                replication.primary.acknowledge(follower, parse_int(value), synced)
            return NO_REPLY
        if option == b"getack":
            replication.following.acknowledge()
            return NO_REPLY
        follower = replication.primary.introduce(session)
        _introduce(ctx, follower, option, value)
    return OK


def change_replication_id(ctx: Context, argv: list[bytes]) -> object:
    """DEBUG CHANGE-REPL-ID: as if the data had another past."""
    replication_of(ctx).history.begin_new()
    return OK


add_subcommand(
    "CHANGE-REPL-ID", "Change the replication ids, so that replicas need a full sync.", 2, 2, change_replication_id
)


def _introduce(ctx: Context, follower: Follower, option: bytes, value: bytes) -> None:
    """One thing that a replica tells of itself."""
    if option == b"listening-port":
        port = parse_int(value)
        follower.announced_port = port
    elif option == b"ip-address":
        if len(value) > LONGEST_ADDRESS:
            raise error(b"REPLCONF ip-address provided by replica instance is too long: %d bytes" % len(value))
        follower.announced_host = value
    elif option == b"capa":
        # What is not known is passed over: newer replicas can do more.
        if value.lower() == b"eof":
            follower.takes_end_mark = True
        elif value.lower() == b"psync2":
            follower.knows_second_id = True
    elif option == b"version":
        follower.version = _version(value)
    elif option == b"rdb-only":
        follower.wants_snapshot_only = parse_int(value) == 1
    elif option == b"rdb-filter-only":
        words = value.split()
        if any(word.lower() != b"functions" for word in words):
            unknown = next(word for word in words if word.lower() != b"functions")
            raise error(b"Unsupported rdb-filter-only option: " + unknown)
        follower.wants_functions_only = True
        follower.wants_nothing = not words
    else:
        raise error(b"Unrecognized REPLCONF option: " + option)


def _version(text: bytes) -> tuple[int, int, int]:
    numbers = [int(part) for part in text.split(b".") if part.isdigit()]
    if len(numbers) != 3:
        return 0, 0, 0
    return numbers[0], numbers[1], numbers[2]


# -- waiting for replicas


def _timeout(text: bytes) -> int:
    timeout_ms = parse_int64(text)
    if timeout_ms is None:
        raise timeout_not_an_integer()
    if timeout_ms < 0:
        raise timeout_negative()
    return timeout_ms


@group.command(
    "WAIT",
    arity=3,
    flags="blocking",
    group="generic",
    since="3.0.0",
    summary="Waits until replicas have acknowledged what was written.",
    syntax="numreplicas timeout",
    acl="connection -keyspace",
    tips="request_policy:all_shards response_policy:agg_min",
)
def wait(ctx: Context, argv: list[bytes]) -> object:
    replication = replication_of(ctx)
    if engine_of(ctx).is_replica:
        raise error(
            b"WAIT cannot be used with replica instances. Please also note that since Redis 4.0 if a replica is "
            b"configured to be writable (which is not the default) writes to replicas are just local and are not "
            b"propagated."
        )
    count = parse_int(argv[1])
    timeout_ms = _timeout(argv[2])
    primary = replication.primary
    offset = replication.offset()

    def look() -> tuple[object, bool]:
        found = primary.acknowledged_by(offset)
        return found, found >= count

    found, is_enough = look()
    if not is_enough and ctx.may_block:
        primary.request_acknowledgements()
    return replication.waits.begin(ctx, timeout_ms, look)


@group.command(
    "WAITAOF",
    arity=4,
    flags="blocking",
    group="generic",
    since="7.2.0",
    summary="Waits until what was written is on our disk and on those of replicas.",
    syntax="numlocal numreplicas timeout",
    acl="connection -keyspace",
    tips="request_policy:all_shards response_policy:agg_min",
)
def waitaof(ctx: Context, argv: list[bytes]) -> object:
    replication = replication_of(ctx)
    engine = engine_of(ctx)
    locals_wanted = parse_int(argv[1])
    if not 0 <= locals_wanted <= 1:
        raise out_of_range_between(0, 1)
    count = parse_int64(argv[2])
    if count is None or count < 0:
        raise error(b"value is out of range, must be positive")
    timeout_ms = _timeout(argv[3])
    if engine.is_replica:
        raise error(
            b"WAITAOF cannot be used with replica instances. Please also note that writes to replicas are just local "
            b"and are not propagated."
        )
    log = engine.log_buffer
    if locals_wanted and log is None:
        raise error(b"WAITAOF cannot be used when numlocal is set but appendonly is disabled.")
    primary = replication.primary
    offset = replication.offset()
    position = log.appended if log is not None else 0

    def look() -> tuple[object, bool]:
        current = engine.log_buffer
        local = int(log is not None and current is log and log.durable() >= position)
        found = primary.synced_by(offset)
        return [local, found], local >= locals_wanted and found >= count

    _, is_enough = look()
    if not is_enough and ctx.may_block and count > 0:
        primary.request_acknowledgements()
    return replication.waits.begin(ctx, timeout_ms, look)
