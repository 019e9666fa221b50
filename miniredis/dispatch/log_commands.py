"""SLOWLOG, COMMANDLOG, LATENCY, MONITOR: looking at what the server does."""

from __future__ import annotations

from typing import Final

from miniredis.commands.context import Context
from miniredis.commands.declaration import Command, CommandGroup
from miniredis.commands.help import help_reply
from miniredis.dispatch.access import engine_of, session_of
from miniredis.dispatch.command_log import KINDS, SLOW, CommandLog
from miniredis.dispatch.latency import LatencyEvent, cumulative_by_power
from miniredis.dispatch.latency_graph import GRAPH_COLUMNS, draw_spikes
from miniredis.resp.errors import error, printed, subcommand_syntax_error
from miniredis.resp.numbers import parse_int64
from miniredis.resp.replies import OK, MapReply, Verbatim

group = CommandGroup("server")
group.container("SLOWLOG", since="2.2.12", summary="Commands about the log of slow commands.")
group.container("COMMANDLOG", since="8.1.0", summary="Commands about the logs of slow and large commands.")
group.container("LATENCY", since="2.8.13", summary="Commands about latency spikes.")

ADMIN_ALWAYS: Final = "admin loading stale"
NOT_FOR_SCRIPTS: Final = "admin noscript loading stale"
ALL_NODES: Final = "request_policy:all_nodes"
ON_ALL_NODES: Final = "request_policy:all_nodes response_policy:all_succeeded"

SLOWLOG_HELP: Final = (
    ("GET [<count>]", "Show the newest entries, 10 unless told; -1 shows all."),
    ("LEN", "Count the entries."),
    ("RESET", "Forget all entries."),
)
COMMANDLOG_HELP: Final = (
    ("GET <count> <type>", "Show the newest entries of slow, large-request or large-reply; -1 shows all."),
    ("LEN <type>", "Count the entries."),
    ("RESET <type>", "Forget all entries."),
)
LATENCY_HELP: Final = (
    ("DOCTOR", "Say in words what the monitor has seen."),
    ("GRAPH <event>", "Draw the spikes of an event."),
    ("HISTOGRAM [<command> ...]", "Show how long commands took."),
    ("HISTORY <event>", "Show the spikes of an event."),
    ("LATEST", "Show the last spike of each event."),
    ("RESET [<event> ...]", "Forget the spikes of events, of all without names."),
)


# -- SLOWLOG and COMMANDLOG


def _entries(log: CommandLog, kind: int, count: bytes) -> object:
    number = parse_int64(count)
    if number is None or number < -1:
        raise error(b"count should be greater than or equal to -1")
    entries = log.entries[kind] if number == -1 else log.entries[kind][:number]
    return [entry.reply() for entry in entries]


def _kind(argument: bytes) -> int:
    kind = KINDS.get(argument.lower())
    if kind is None:
        raise error(b"type should be one of the following: slow, large-request, large-reply")
    return kind


@group.command(
    "SLOWLOG GET",
    arity=-2,
    flags=ADMIN_ALWAYS,
    since="2.2.12",
    complexity="O(N) where N is the number of entries returned",
    summary="Shows the newest slow commands.",
    syntax="[count]",
    tips=ALL_NODES + " nondeterministic_output",
)
def slowlog_get(ctx: Context, argv: list[bytes]) -> object:
    if len(argv) > 3:
        raise subcommand_syntax_error(argv[1], b"SLOWLOG")
    return _entries(engine_of(ctx).command_log, SLOW, argv[2] if len(argv) > 2 else b"10")


@group.command(
    "SLOWLOG LEN",
    arity=2,
    flags=ADMIN_ALWAYS,
    since="2.2.12",
    summary="Counts the slow commands.",
    tips=ALL_NODES + " response_policy:agg_sum nondeterministic_output",
)
def slowlog_len(ctx: Context, argv: list[bytes]) -> object:
    return len(engine_of(ctx).command_log.entries[SLOW])


@group.command(
    "SLOWLOG RESET",
    arity=2,
    flags=ADMIN_ALWAYS,
    since="2.2.12",
    complexity="O(N) where N is the number of entries in the slowlog",
    summary="Forgets the slow commands.",
    tips=ON_ALL_NODES,
)
def slowlog_reset(ctx: Context, argv: list[bytes]) -> object:
    engine_of(ctx).command_log.reset(SLOW)
    return OK


@group.command("SLOWLOG HELP", arity=2, flags="loading stale", since="6.2.0", summary="Lists the subcommands.")
def slowlog_help(ctx: Context, argv: list[bytes]) -> object:
    return help_reply("SLOWLOG", SLOWLOG_HELP)


@group.command(
    "COMMANDLOG GET",
    arity=4,
    flags=ADMIN_ALWAYS,
    since="8.1.0",
    complexity="O(N) where N is the number of entries returned",
    summary="Shows the newest slow or large commands.",
    syntax="count <SLOW | LARGE-REQUEST | LARGE-REPLY>",
    tips=ALL_NODES + " nondeterministic_output",
)
def commandlog_get(ctx: Context, argv: list[bytes]) -> object:
    return _entries(engine_of(ctx).command_log, _kind(argv[3]), argv[2])


@group.command(
    "COMMANDLOG LEN",
    arity=3,
    flags=ADMIN_ALWAYS,
    since="8.1.0",
    summary="Counts the slow or large commands.",
    syntax="<SLOW | LARGE-REQUEST | LARGE-REPLY>",
    tips=ALL_NODES + " response_policy:agg_sum nondeterministic_output",
)
def commandlog_len(ctx: Context, argv: list[bytes]) -> object:
    return len(engine_of(ctx).command_log.entries[_kind(argv[2])])


@group.command(
    "COMMANDLOG RESET",
    arity=3,
    flags=ADMIN_ALWAYS,
    since="8.1.0",
    complexity="O(N) where N is the number of entries in the commandlog",
    summary="Forgets the slow or large commands.",
    syntax="<SLOW | LARGE-REQUEST | LARGE-REPLY>",
    tips=ON_ALL_NODES,
)
def commandlog_reset(ctx: Context, argv: list[bytes]) -> object:
    engine_of(ctx).command_log.reset(_kind(argv[2]))
    return OK


@group.command("COMMANDLOG HELP", arity=2, flags="loading stale", since="8.1.0", summary="Lists the subcommands.")
def commandlog_help(ctx: Context, argv: list[bytes]) -> object:
    return help_reply("COMMANDLOG", COMMANDLOG_HELP)


# -- LATENCY


@group.command(
    "LATENCY LATEST",
    arity=2,
    flags=NOT_FOR_SCRIPTS,
    since="2.8.13",
    summary="Shows the last spike of each event.",
    tips=ALL_NODES + " response_policy:special nondeterministic_output",
)
def latency_latest(ctx: Context, argv: list[bytes]) -> object:
    return [
        [name, event.samples[-1][0], event.samples[-1][1], event.worst_ms]
        for name, event in engine_of(ctx).latency.events.items()
    ]


@group.command(
    "LATENCY HISTORY",
    arity=3,
    flags=NOT_FOR_SCRIPTS,
    since="2.8.13",
    summary="Shows the spikes of an event.",
    syntax="event",
    tips=ALL_NODES + " response_policy:special nondeterministic_output",
)
def latency_history(ctx: Context, argv: list[bytes]) -> object:
    event = engine_of(ctx).latency.events.get(argv[2])
    return [] if event is None else [[second, spent_ms] for second, spent_ms in event.samples]


@group.command(
    "LATENCY RESET",
    arity=-2,
    flags=NOT_FOR_SCRIPTS,
    since="2.8.13",
    summary="Forgets the spikes of events.",
    syntax="[event [event ...]]",
    tips=ALL_NODES + " response_policy:agg_sum",
)
def latency_reset(ctx: Context, argv: list[bytes]) -> object:
    return engine_of(ctx).latency.reset(argv[2:])


def _event(ctx: Context, name: bytes) -> LatencyEvent:
    event = engine_of(ctx).latency.events.get(name)
    if event is None:
        raise error(b"No samples available for event '" + printed(name) + b"'")
    return event


@group.command(
    "LATENCY GRAPH",
    arity=3,
    flags=NOT_FOR_SCRIPTS,
    since="2.8.13",
    summary="Draws the spikes of an event.",
    syntax="event",
    tips=ALL_NODES + " response_policy:special nondeterministic_output",
)
def latency_graph(ctx: Context, argv: list[bytes]) -> object:
    event = _event(ctx, argv[2])
    now_s = ctx.now_ms // 1000
    text = argv[2] + b" - high %d ms, low %d ms (all time high %d ms)\n" % (
        max([spent_ms for _, spent_ms in event.samples]),
        min([spent_ms for _, spent_ms in event.samples]),
        event.worst_ms,
    )
    graph = draw_spikes([(spent_ms, now_s - second) for second, spent_ms in event.samples])
    return Verbatim(b"txt", text + b"-" * GRAPH_COLUMNS + b"\n" + graph)


@group.command(
    "LATENCY DOCTOR",
    arity=2,
    flags=NOT_FOR_SCRIPTS,
    since="2.8.13",
    summary="Says in words what the latency monitor has seen.",
    tips=ALL_NODES + " response_policy:special nondeterministic_output",
)
def latency_doctor(ctx: Context, argv: list[bytes]) -> object:
    monitor = engine_of(ctx).latency
    if monitor.threshold_ms == 0:
        text = "The latency monitor is off. CONFIG SET latency-monitor-threshold <milliseconds> turns it on.\n"
    elif not monitor.events:
        text = f"Nothing has taken {monitor.threshold_ms} ms or more so far.\n"
    else:
        lines = [f"Spikes of {monitor.threshold_ms} ms or more:"]
        for name, event in monitor.events.items():
            average = sum(spent_ms for _, spent_ms in event.samples) // len(event.samples)
            lines.append(
                f"- {name.decode()}: {len(event.samples)} spikes, average {average} ms, worst {event.worst_ms} ms"
            )
        lines.append("SLOWLOG GET shows which commands were slow.")
        text = "\n".join(lines) + "\n"
    return Verbatim(b"txt", text.encode())


@group.command(
    "LATENCY HISTOGRAM",
    arity=-2,
    flags=NOT_FOR_SCRIPTS,
    since="7.0.0",
    complexity="O(N) where N is the number of commands with latency information being retrieved.",
    summary="Shows how long commands took.",
    syntax="[command [command ...]]",
    tips=ALL_NODES + " response_policy:special nondeterministic_output",
)
def latency_histogram(ctx: Context, argv: list[bytes]) -> object:
    engine = engine_of(ctx)
    chosen: list[Command] = []
    if len(argv) == 2:
        chosen = list(engine.commands)
    for name in argv[2:]:
        command = engine.commands.find_by_full_name(name)
        if command is not None:
            chosen.append(command)
            chosen += (command.subcommands or {}).values()
    flat: list[object] = []
    for command in chosen:
        if command.calls > 0 and command.latencies is not None:
            buckets: list[object] = []
            for limit_us, calls in cumulative_by_power(command.latencies):
                buckets += [limit_us, calls]
            flat += [command.full_name, MapReply([b"calls", command.calls, b"histogram_usec", MapReply(buckets)])]
    return MapReply(flat)


@group.command("LATENCY HELP", arity=2, flags="loading stale", since="2.8.13", summary="Lists the subcommands.")
def latency_help(ctx: Context, argv: list[bytes]) -> object:
    return help_reply("LATENCY", LATENCY_HELP)


# -- MONITOR


@group.command(
    "MONITOR", arity=1, flags="admin noscript loading stale", summary="Shows every command that the server runs."
)
def monitor(ctx: Context, argv: list[bytes]) -> object:
    if not ctx.may_block:
        raise error(b"MONITOR isn't allowed for DENY BLOCKING client")
    engine_of(ctx).monitors.add(session_of(ctx))
    return OK
