"""The commands of a sentinel: SENTINEL, and its own PUBLISH, INFO and ROLE."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from miniredis.commands.context import Context
from miniredis.commands.declaration import CommandGroup
from miniredis.commands.help import help_reply
from miniredis.dispatch.access import engine_of
from miniredis.dispatch.info import clients_section, cpu_section, server_section, stats_section
from miniredis.resp.errors import ReplyError, error, not_an_integer
from miniredis.resp.glob import glob_match
from miniredis.resp.numbers import parse_int64
from miniredis.resp.replies import NULL_ARRAY, OK, MapReply, Status, Verbatim
from miniredis.sentinel import failover
from miniredis.sentinel.hello import CHANNEL
from miniredis.sentinel.instances import Instance
from miniredis.sentinel.options import GLOBAL_OPTIONS, PRIMARY_OPTIONS, QUORUM, Invalid
from miniredis.sentinel.quorum import answer_question, check_quorum, parse_epoch
from miniredis.sentinel.reports import describe_instance, sentinel_section
from miniredis.sentinel.service import SentinelEdge
from miniredis.sentinel.state import Sentinel
from miniredis.sentinel.watch import take_hello

group = CommandGroup("sentinel")
group.container(
    "SENTINEL", flags="admin", since="2.8.4", summary="Commands about what a sentinel watches.", acl="dangerous"
)

HELP: Final = (
    ("CKQUORUM <primary-name>", "Tell whether enough sentinels are reachable to agree and to authorise a failover."),
    ("CONFIG SET <param> <value>", "Change an option of the sentinel itself."),
    ("CONFIG GET <param>", "Show options of the sentinel itself."),
    ("DEBUG [<param> <value> ...]", "Show the periods and bounds in milliseconds, or change some."),
    ("GET-PRIMARY-ADDR-BY-NAME <primary-name>", "Tell the address of a primary."),
    ("FAILOVER <primary-name>", "Fail over without asking the other sentinels."),
    ("FLUSHCONFIG", "Write the configuration file, with all that was found out."),
    ("INFO-CACHE <primary-name>", "Show the last INFO of a primary and its replicas."),
    ("IS-PRIMARY-DOWN-BY-ADDR <ip> <port> <epoch> <run-id>", "Tell our opinion; with a run id, also our vote."),
    ("PRIMARY <primary-name>", "Show a primary."),
    ("PRIMARIES", "Show all primaries."),
    ("MONITOR <name> <ip> <port> <quorum>", "Watch another primary."),
    ("MYID", "Tell the id of this sentinel."),
    ("PENDING-SCRIPTS", "Show the scripts that run or wait."),
    ("REMOVE <primary-name>", "Watch a primary no longer."),
    ("REPLICAS <primary-name>", "Show the replicas of a primary."),
    ("RESET <pattern>", "Forget what was found out about the primaries whose names match."),
    ("SENTINELS <primary-name>", "Show the other sentinels of a primary."),
    ("SET <primary-name> <option> <value> [<option> <value> ...]", "Change options of a primary."),
    ("SIMULATE-FAILURE [CRASH-AFTER-ELECTION] [CRASH-AFTER-PROMOTION] [HELP]", "Crash at a chosen moment."),
)


def edge_of(ctx: Context) -> SentinelEdge:
    edge = engine_of(ctx).sentinel
    assert isinstance(edge, SentinelEdge)
    return edge


def sentinel_of(ctx: Context) -> Sentinel:
    return edge_of(ctx).sentinel


def find_primary(ctx: Context, name: bytes) -> Instance:
    primary = sentinel_of(ctx).primaries.get(name.decode("latin-1"))
    if primary is None:
        raise error(b"No such master with that name")
    return primary


def command(
    name: str, arity: int, since: str, summary: str, syntax: str = "", deprecated: str = "", flags: str = "admin"
) -> Callable[[Callable[[Context, list[bytes]], object]], Callable[[Context, list[bytes]], object]]:
    """Declare a subcommand of SENTINEL."""
    return group.command(
        f"SENTINEL {name}",
        arity=arity,
        flags=flags,
        since=since,
        summary=summary,
        syntax=syntax,
        deprecated=deprecated,
        acl="dangerous" if flags == "admin" else "",
    )


# -- showing


@command("HELP", 2, "6.2.0", "Describes the subcommands.", flags="loading stale")
def sentinel_help(ctx: Context, argv: list[bytes]) -> object:
    return help_reply("SENTINEL", HELP)


@command("MYID", 2, "6.2.0", "Returns the id of this sentinel.")
def my_id(ctx: Context, argv: list[bytes]) -> object:
    return sentinel_of(ctx).my_id


def _show_all(ctx: Context, instances: list[Instance]) -> list[object]:
    sentinel = sentinel_of(ctx)
    return [describe_instance(sentinel, each, ctx.now_ms) for each in instances]


@command("MASTERS", 2, "2.8.4", "Shows all primaries.", deprecated="8.0.0 `SENTINEL PRIMARIES`")
@command("PRIMARIES", 2, "8.0.0", "Shows all primaries.")
def primaries(ctx: Context, argv: list[bytes]) -> object:
    return _show_all(ctx, list(sentinel_of(ctx).primaries.values()))


@command("MASTER", 3, "2.8.4", "Shows a primary.", "primary-name", "8.0.0 `SENTINEL PRIMARY`")
@command("PRIMARY", 3, "8.0.0", "Shows a primary.", "primary-name")
def primary(ctx: Context, argv: list[bytes]) -> object:
    return describe_instance(sentinel_of(ctx), find_primary(ctx, argv[2]), ctx.now_ms)


@command("SLAVES", 3, "2.8.0", "Shows the replicas of a primary.", "primary-name", "5.0.0 `SENTINEL REPLICAS`")
@command("REPLICAS", 3, "5.0.0", "Shows the replicas of a primary.", "primary-name")
def replicas(ctx: Context, argv: list[bytes]) -> object:
    shown = [each for each in find_primary(ctx, argv[2]).replicas.values() if each.is_announced]
    return _show_all(ctx, shown)


@command("SENTINELS", 3, "2.8.4", "Shows the other sentinels of a primary.", "primary-name")
def sentinels(ctx: Context, argv: list[bytes]) -> object:
    return _show_all(ctx, list(find_primary(ctx, argv[2]).sentinels.values()))


@command(
    "GET-MASTER-ADDR-BY-NAME",
    3,
    "2.8.4",
    "Returns the address of a primary.",
    "primary-name",
    "8.0.0 `SENTINEL GET-PRIMARY-ADDR-BY-NAME`",
)
@command("GET-PRIMARY-ADDR-BY-NAME", 3, "8.0.0", "Returns the address of a primary.", "primary-name")
def address_by_name(ctx: Context, argv: list[bytes]) -> object:
    sentinel = sentinel_of(ctx)
    found = sentinel.primaries.get(argv[2].decode("latin-1"))
    if found is None:
        return NULL_ARRAY
    place = found.present_address()
    return [sentinel.shown(place).encode("latin-1"), b"%d" % place.port]


@command("INFO-CACHE", -3, "3.2.0", "Shows the last INFO of primaries and their replicas.", "primary-name [...]")
def info_cache(ctx: Context, argv: list[bytes]) -> object:
    sentinel = sentinel_of(ctx)
    found: list[object] = []
    for name in argv[2:]:
        known = sentinel.primaries.get(name.decode("latin-1"))
        if known is None:
            continue
        rows: list[object] = []
        for each in [known, *known.replicas.values()]:
            age_ms = ctx.now_ms - each.info_ms if each.info_ms else 0
            rows.append([age_ms, each.info if each.info else None])
        found += [name, rows]
    return MapReply(found)


@command("PENDING-SCRIPTS", 2, "2.8.4", "Shows the scripts that run or wait.")
def pending_scripts(ctx: Context, argv: list[bytes]) -> object:
    return sentinel_of(ctx).scripts.reply(ctx.now_ms)


@command("CKQUORUM", 3, "2.8.4", "Tells whether enough sentinels are reachable for a failover.", "primary-name")
def ckquorum(ctx: Context, argv: list[bytes]) -> object:
    usable, can_agree, can_authorise = check_quorum(find_primary(ctx, argv[2]))
    if can_agree and can_authorise:
        return Status(b"OK %d usable Sentinels. Quorum and failover authorization can be reached" % usable)
    text = b"NOQUORUM %d usable Sentinels." % usable
    if not can_agree:
        text += b" Not enough available Sentinels to reach the specified quorum for this master."
    if not can_authorise:
        text += b" Not enough available Sentinels to reach the majority and authorize a failover."
    raise ReplyError(text)


# -- among sentinels


@command(
    "IS-MASTER-DOWN-BY-ADDR",
    6,
    "2.8.4",
    "Tells what this sentinel thinks of a primary, and gives its vote.",
    "ip port current-epoch runid",
    "8.0.0 `SENTINEL IS-PRIMARY-DOWN-BY-ADDR`",
)
@command(
    "IS-PRIMARY-DOWN-BY-ADDR",
    6,
    "8.0.0",
    "Tells what this sentinel thinks of a primary, and gives its vote.",
    "ip port current-epoch runid",
)
def is_primary_down(ctx: Context, argv: list[bytes]) -> object:
    port, epoch = parse_int64(argv[3]), parse_epoch(argv[4])
    if port is None or epoch is None:
        raise not_an_integer()
    return answer_question(sentinel_of(ctx), argv[2].decode("latin-1"), port, epoch, argv[5], ctx.now_ms)


# -- changing


@command("MONITOR", 6, "2.8.4", "Watches another primary.", "name ip port quorum")
def monitor(ctx: Context, argv: list[bytes]) -> object:
    quorum, port = parse_int64(argv[5]), parse_int64(argv[4])
    if quorum is None:
        raise error(b"Invalid quorum")
    if port is None:
        raise error(b"Invalid port")
    return edge_of(ctx).monitor(argv[2].decode("latin-1"), argv[3].decode("latin-1"), port, quorum)


@command("REMOVE", 3, "2.8.4", "Watches a primary no longer.", "primary-name")
def remove(ctx: Context, argv: list[bytes]) -> object:
    sentinel = sentinel_of(ctx)
    found = find_primary(ctx, argv[2])
    sentinel.event("warning", "-monitor", found)
    sentinel.remove_primary(found.name)
    sentinel.save()
    return OK


@command("RESET", 3, "2.8.4", "Forgets what was found out about primaries.", "pattern")
def reset(ctx: Context, argv: list[bytes]) -> object:
    sentinel = sentinel_of(ctx)
    matching = [each for each in sentinel.primaries.values() if glob_match(argv[2], each.name.encode("latin-1"), True)]
    for each in matching:
        sentinel.reset(each, ctx.now_ms, keep_sentinels=False)
        sentinel.event("warning", "+reset-master", each)
    if matching:
        sentinel.save()
    return len(matching)


@command("FAILOVER", -3, "2.8.4", "Fails over without asking the other sentinels.", "primary-name")
def failover_now(ctx: Context, argv: list[bytes]) -> object:
    sentinel = sentinel_of(ctx)
    found = find_primary(ctx, argv[2])
    if found.in_failover:
        raise ReplyError(b"INPROG Failover already in progress")
    if failover.select_replica(sentinel, found, ctx.now_ms) is None:
        raise ReplyError(b"NOGOODSLAVE No suitable replica to promote")
    sentinel.event("warning", "", None, f"Executing user requested FAILOVER of '{found.name}'")
    failover.start_forced(sentinel, found, ctx.now_ms)
    sentinel.save()
    return OK


@command("FLUSHCONFIG", 2, "2.8.4", "Writes the configuration file.")
def flush_configuration(ctx: Context, argv: list[bytes]) -> object:
    if not sentinel_of(ctx).save():
        raise error(b"Failed to save config file. Check server logs.")
    return OK


@command("SET", -5, "2.8.4", "Changes options of a primary.", "primary-name option value [option value ...]")
def set_options(ctx: Context, argv: list[bytes]) -> object:
    sentinel = sentinel_of(ctx)
    found = find_primary(ctx, argv[2])
    at = 3
    changed = False
    try:
        while at < len(argv):
            name = argv[at].decode("latin-1").lower()
            option = QUORUM if name == "quorum" else PRIMARY_OPTIONS.get(name)
            values = argv[at + 1 : at + 1 + option.words] if option is not None else []
            if option is None or len(values) < option.words:
                raise error(b"Unknown option or number of arguments for SENTINEL SET '%s'" % argv[at])
            if option.is_script and sentinel.denies_script_changes:
                raise error(
                    b"Reconfiguration of scripts path is denied for security reasons. Check the deny-scripts-reconfig "
                    b"configuration directive in your Sentinel configuration"
                )
            try:
                option.set(sentinel, found, values)
            except Invalid as invalid:
                raise error(b"Invalid argument '%s' for SENTINEL SET '%s'" % (values[-1], argv[at])) from invalid
            changed = True
            shown = b"******" if name == "auth-pass" else b" ".join(values)
            sentinel.event("warning", "+set", found, f"{name} {shown.decode('latin-1')}")
            at += 1 + option.words
    finally:
        if changed:
            sentinel.save()
    return OK


@command("CONFIG", -4, "6.2.0", "Shows or changes options of the sentinel itself.", "GET pattern | SET name value")
def configure(ctx: Context, argv: list[bytes]) -> object:
    sentinel = sentinel_of(ctx)
    action = argv[2].lower()
    if action == b"get":
        found: list[object] = []
        for name, option in GLOBAL_OPTIONS.items():
            if any(glob_match(pattern, name.encode(), True) for pattern in argv[3:]):
                found += [name.encode(), option.get(sentinel)]
        return MapReply(found)
    if action != b"set" or len(argv) < 5 or len(argv) % 2 == 0:
        raise error(b"Only SENTINEL CONFIG GET <option> / SET <option> <value> are supported.")
    pairs = [(argv[at], argv[at + 1]) for at in range(3, len(argv), 2)]
    before = [(option, option.get(sentinel)) for option in GLOBAL_OPTIONS.values()]
    try:
        for given, value in pairs:
            chosen = GLOBAL_OPTIONS.get(given.decode("latin-1").lower())
            if chosen is None:
                raise error(b"Invalid argument '%s' to SENTINEL CONFIG SET" % given)
            try:
                chosen.set(sentinel, value)
            except Invalid as invalid:
                raise error(b"Invalid value '%s' to SENTINEL CONFIG SET '%s'" % (value, given)) from invalid
    except ReplyError:
        for option, value in before:
            option.set(sentinel, value)
        raise
    sentinel.save()
    return OK


@command("DEBUG", -2, "7.0.0", "Shows or changes periods and bounds.", "[parameter value ...]")
def debug(ctx: Context, argv: list[bytes]) -> object:
    timing = sentinel_of(ctx).timing
    if len(argv) == 2:
        flat: list[object] = []
        for name, value in timing.values.items():
            flat += [name.upper().encode(), b"%d" % value]
        return MapReply(flat)
    at = 2
    while at < len(argv):
        name = argv[at].decode("latin-1").lower()
        if name not in timing.values or at + 1 == len(argv):
            raise error(b"Unknown option or number of arguments for SENTINEL DEBUG '%s'" % argv[at])
        number = parse_int64(argv[at + 1])
        if number is None or number <= 0:
            raise error(b"Invalid argument '%s' for SENTINEL DEBUG '%s'" % (argv[at + 1], argv[at]))
        timing.set(name, number)
        at += 2
    return OK


@command("SIMULATE-FAILURE", -3, "3.2.0", "Crashes at a chosen moment.", "[CRASH-AFTER-ELECTION ...]")
def simulate_failure(ctx: Context, argv: list[bytes]) -> object:
    sentinel = sentinel_of(ctx)
    for word in argv[2:]:
        name = word.lower()
        if name == b"crash-after-election":
            sentinel.crash_after_election = True
        elif name == b"crash-after-promotion":
            sentinel.crash_after_promotion = True
        elif name == b"help":
            return [b"crash-after-election", b"crash-after-promotion"]
        else:
            raise error(b"Unknown failure simulation specified")
    return OK


# -- commands that are others elsewhere


@group.command(
    "PUBLISH",
    arity=3,
    flags="pubsub loading stale fast",
    since="2.0.0",
    summary="Takes the hello of another sentinel.",
    syntax="channel message",
    group="pubsub",
)
def publish(ctx: Context, argv: list[bytes]) -> object:
    if argv[1] != CHANNEL:
        raise error(b"Only HELLO messages are accepted by Sentinel instances.")
    take_hello(sentinel_of(ctx), argv[2], ctx.now_ms)
    return 1


@group.command(
    "ROLE",
    arity=1,
    flags="noscript loading stale fast",
    since="2.8.12",
    summary="Returns the role of the server, and the primaries it watches.",
    group="server",
    acl="admin dangerous",
)
def role(ctx: Context, argv: list[bytes]) -> object:
    return [b"sentinel", [name.encode("latin-1") for name in sentinel_of(ctx).primaries]]


@group.command(
    "INFO",
    arity=-1,
    flags="loading stale",
    summary="Describes the sentinel and what it watches.",
    syntax="[section [section ...]]",
    acl="dangerous",
    group="server",
)
def info(ctx: Context, argv: list[bytes]) -> object:
    engine = engine_of(ctx)
    sections = {
        b"server": (b"# Server", server_section(engine)),
        b"clients": (b"# Clients", clients_section(engine)),
        b"stats": (b"# Stats", stats_section(engine)),
        b"cpu": (b"# CPU", cpu_section(engine)),
        b"sentinel": (b"# Sentinel", sentinel_section(sentinel_of(ctx), ctx.now_ms)),
    }
    wanted = {word.lower() for word in argv[1:]}
    if not wanted or wanted & {b"all", b"everything", b"default"}:
        wanted = set(sections)
    blocks = []
    for name, (title, fields) in sections.items():
        if name in wanted:
            lines = [title, *(b"%s:%s" % (field.encode(), _text(value)) for field, value in fields)]
            blocks.append(b"".join(line + b"\r\n" for line in lines))
    return Verbatim(b"txt", b"\r\n".join(blocks))


def _text(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


#: Commands of an ordinary server that a sentinel has as well.
SHARED: Final = frozenset(
    [
        "acl",
        "auth",
        "client",
        "command",
        "hello",
        "ping",
        "psubscribe",
        "punsubscribe",
        "quit",
        "shutdown",
        "subscribe",
        "unsubscribe",
    ]
)
