"""Puts a server together from its parts: the one list of command groups, the one place that makes an engine."""

from __future__ import annotations

from random import Random
from typing import Final

from miniredis.commands import (
    list_blocking,
    lists,
    server,
    stream_groups,
    stream_info,
    stream_reading,
    streams,
    strings,
)
from miniredis.commands.declaration import CommandGroup
from miniredis.config.config import Config
from miniredis.dispatch import (
    authentication,
    client_commands,
    command_commands,
    connection,
    pubsub_commands,
    transactions,
)
from miniredis.dispatch.executor import Engine
from miniredis.dispatch.port import Log, TimeSource
from miniredis.dispatch.registry import CommandTable
from miniredis.keyspace.keyspace import Keyspace

#: Every group of commands that a server has; modules add theirs while it runs.
COMMAND_GROUPS: Final[list[CommandGroup]] = [
    connection.group,
    client_commands.group,
    list_blocking.group,
    lists.group,
    streams.group,
    stream_groups.group,
    stream_info.group,
    stream_reading.group,
    command_commands.group,
    authentication.group,
    server.group,
    strings.group,
    pubsub_commands.group,
    transactions.group,
]


def build_engine(config: Config, time: TimeSource, random: Random, log: Log) -> Engine:
    """A server by its configuration, without sockets or files."""
    keyspace = Keyspace(config.int("databases"), random)
    return Engine(keyspace, config, CommandTable(COMMAND_GROUPS), random, time, log)
