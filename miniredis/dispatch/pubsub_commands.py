"""SUBSCRIBE and its kin, PUBLISH, PUBSUB."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from miniredis.commands.context import Context
from miniredis.commands.declaration import CommandGroup
from miniredis.commands.help import help_reply
from miniredis.dispatch.access import engine_of, session_of
from miniredis.dispatch.pubsub import Subscribers
from miniredis.dispatch.session import Session
from miniredis.resp.errors import error, subcommand_syntax_error
from miniredis.resp.glob import glob_match
from miniredis.resp.replies import Push, Several

group = CommandGroup("pubsub")
group.container("PUBSUB", since="2.8.0", summary="Commands about channels and subscribers.")

SUBSCRIPTION: Final = "pubsub noscript loading stale"
SHARD_CHANNELS: Final = "index:1>range:last-1/step1/limit0[not_key]"

HELP: Final = (
    ("CHANNELS [<pattern>]", "List the channels that somebody is subscribed to."),
    ("NUMPAT", "Count the patterns that somebody is subscribed to."),
    ("NUMSUB [<channel> ...]", "Count the subscribers of each channel, those by pattern left out."),
    ("SHARDCHANNELS [<pattern>]", "List the shard channels that somebody is subscribed to."),
    ("SHARDNUMSUB [<channel> ...]", "Count the subscribers of each shard channel."),
)

Change = Callable[[Session, bytes], None]


def _change_each(session: Session, verb: bytes, names: list[bytes], change: Change, sharded: bool) -> object:
    """Apply `change` to each name; one message a name tells how many subscriptions there are now."""
    replies: list[object] = []
    for name in names:
        change(session, name)
        replies.append(Push([verb, name, _count(session, sharded)]))
    return Several(replies)


def _count(session: Session, sharded: bool) -> int:
    return len(session.shard_channels) if sharded else len(session.channels) + len(session.patterns)


def _end_all(session: Session, verb: bytes, names: list[bytes], change: Change, sharded: bool) -> object:
    if not names:
        return Push([verb, None, _count(session, sharded)])
    return _change_each(session, verb, names, change, sharded)


@group.command(
    "SUBSCRIBE",
    arity=-2,
    flags=SUBSCRIPTION,
    since="2.0.0",
    complexity="O(N) where N is the number of channels to subscribe to.",
    summary="Listens to channels.",
    syntax="channel [channel ...]",
)
def subscribe(ctx: Context, argv: list[bytes]) -> object:
    return _change_each(session_of(ctx), b"subscribe", argv[1:], engine_of(ctx).pubsub.subscribe, False)


@group.command(
    "UNSUBSCRIBE",
    arity=-1,
    flags=SUBSCRIPTION,
    since="2.0.0",
    complexity="O(N) where N is the number of channels to unsubscribe.",
    summary="Listens to channels no longer; without names, to none.",
    syntax="[channel [channel ...]]",
)
def unsubscribe(ctx: Context, argv: list[bytes]) -> object:
    session = session_of(ctx)
    names = argv[1:] or list(session.channels)
    return _end_all(session, b"unsubscribe", names, engine_of(ctx).pubsub.unsubscribe, False)


@group.command(
    "PSUBSCRIBE",
    arity=-2,
    flags=SUBSCRIPTION,
    since="2.0.0",
    complexity="O(N) where N is the number of patterns to subscribe to.",
    summary="Listens to all channels whose names match patterns.",
    syntax="pattern [pattern ...]",
)
def psubscribe(ctx: Context, argv: list[bytes]) -> object:
    return _change_each(session_of(ctx), b"psubscribe", argv[1:], engine_of(ctx).pubsub.subscribe_pattern, False)


@group.command(
    "PUNSUBSCRIBE",
    arity=-1,
    flags=SUBSCRIPTION,
    since="2.0.0",
    complexity="O(N) where N is the number of patterns to unsubscribe.",
    summary="Listens to patterns no longer; without names, to none.",
    syntax="[pattern [pattern ...]]",
)
def punsubscribe(ctx: Context, argv: list[bytes]) -> object:
    session = session_of(ctx)
    names = argv[1:] or list(session.patterns)
    return _end_all(session, b"punsubscribe", names, engine_of(ctx).pubsub.unsubscribe_pattern, False)


@group.command(
    "SSUBSCRIBE",
    arity=-2,
    flags=SUBSCRIPTION,
    keys=SHARD_CHANNELS,
    since="7.0.0",
    complexity="O(N) where N is the number of shard channels to subscribe to.",
    summary="Listens to shard channels.",
    syntax="shardchannel [shardchannel ...]",
)
def ssubscribe(ctx: Context, argv: list[bytes]) -> object:
    if not ctx.may_block:
        raise error(b"SSUBSCRIBE isn't allowed for a DENY BLOCKING client")
    return _change_each(session_of(ctx), b"ssubscribe", argv[1:], engine_of(ctx).pubsub.subscribe_shard, True)


@group.command(
    "SUNSUBSCRIBE",
    arity=-1,
    flags=SUBSCRIPTION,
    keys=SHARD_CHANNELS,
    since="7.0.0",
    complexity="O(N) where N is the number of shard channels to unsubscribe.",
    summary="Listens to shard channels no longer; without names, to none.",
    syntax="[shardchannel [shardchannel ...]]",
)
def sunsubscribe(ctx: Context, argv: list[bytes]) -> object:
    session = session_of(ctx)
    names = argv[1:] or list(session.shard_channels)
    return _end_all(session, b"sunsubscribe", names, engine_of(ctx).pubsub.unsubscribe_shard, True)


@group.command(
    "PUBLISH",
    arity=3,
    flags="pubsub loading stale fast may_replicate",
    since="2.0.0",
    complexity="O(N+M) where N is the number of clients subscribed to the channel and M the number of patterns.",
    summary="Sends a message to a channel.",
    syntax="channel message",
)
def publish(ctx: Context, argv: list[bytes]) -> object:
    pubsub = engine_of(ctx).pubsub
    receivers = pubsub.publish(argv[1], argv[2])
    for carry in pubsub.on_publish:
        carry(argv[1], argv[2], False)
    if engine_of(ctx).cluster is None:  # in a cluster the bus tells the replicas
        ctx.replay_message(argv)
    return receivers


@group.command(
    "SPUBLISH",
    arity=3,
    flags="pubsub loading stale fast may_replicate",
    keys="index:1>range:last0/step1/limit0[not_key]",
    since="7.0.0",
    complexity="O(N) where N is the number of clients subscribed to the channel.",
    summary="Sends a message to a shard channel.",
    syntax="shardchannel message",
)
def spublish(ctx: Context, argv: list[bytes]) -> object:
    pubsub = engine_of(ctx).pubsub
    receivers = pubsub.publish_shard(argv[1], argv[2])
    for carry in pubsub.on_publish:
        carry(argv[1], argv[2], True)
    if engine_of(ctx).cluster is None:  # in a cluster the bus tells the replicas
        ctx.replay_message(argv)
    return receivers


def _names(table: dict[bytes, Subscribers], argv: list[bytes]) -> list[object]:
    if len(argv) > 3:
        raise subcommand_syntax_error(argv[1], b"PUBSUB")
    if len(argv) == 2:
        return list(table)
    return [name for name in table if glob_match(argv[2], name)]


def _counts(table: dict[bytes, Subscribers], argv: list[bytes]) -> list[object]:
    counts: list[object] = []
    for name in argv[2:]:
        counts += [name, len(table.get(name, ()))]
    return counts


@group.command(
    "PUBSUB CHANNELS",
    arity=-2,
    flags="pubsub loading stale",
    since="2.8.0",
    complexity="O(N) where N is the number of active channels.",
    summary="Lists the channels in use.",
    syntax="[pattern]",
)
def pubsub_channels(ctx: Context, argv: list[bytes]) -> object:
    return _names(engine_of(ctx).pubsub.channels, argv)


@group.command(
    "PUBSUB SHARDCHANNELS",
    arity=-2,
    flags="pubsub loading stale",
    since="7.0.0",
    complexity="O(N) where N is the number of active shard channels.",
    summary="Lists the shard channels in use.",
    syntax="[pattern]",
)
def pubsub_shardchannels(ctx: Context, argv: list[bytes]) -> object:
    return _names(engine_of(ctx).pubsub.shard_channels, argv)


@group.command(
    "PUBSUB NUMSUB",
    arity=-2,
    flags="pubsub loading stale",
    since="2.8.0",
    complexity="O(N) where N is the number of requested channels.",
    summary="Counts the subscribers of channels.",
    syntax="[channel [channel ...]]",
)
def pubsub_numsub(ctx: Context, argv: list[bytes]) -> object:
    return _counts(engine_of(ctx).pubsub.channels, argv)


@group.command(
    "PUBSUB SHARDNUMSUB",
    arity=-2,
    flags="pubsub loading stale",
    since="7.0.0",
    complexity="O(N) where N is the number of requested shard channels.",
    summary="Counts the subscribers of shard channels.",
    syntax="[shardchannel [shardchannel ...]]",
)
def pubsub_shardnumsub(ctx: Context, argv: list[bytes]) -> object:
    return _counts(engine_of(ctx).pubsub.shard_channels, argv)


@group.command(
    "PUBSUB NUMPAT", arity=2, flags="pubsub loading stale", since="2.8.0", summary="Counts the patterns in use."
)
def pubsub_numpat(ctx: Context, argv: list[bytes]) -> object:
    return len(engine_of(ctx).pubsub.patterns)


@group.command("PUBSUB HELP", arity=2, flags="loading stale", since="6.2.0", summary="Lists the subcommands.")
def pubsub_help(ctx: Context, argv: list[bytes]) -> object:
    return help_reply("PUBSUB", HELP)
