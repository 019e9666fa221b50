"""Puts a server together from its parts: the one list of command groups, the one place that makes an engine."""

from __future__ import annotations

from random import Random
from typing import Final

from miniredis.commands import (
    bitfields,
    bitmaps,
    expiry,
    generic,
    hyperloglog,
    objects,
    scan,
    sort,
    string_edits,
    strings,
)
from miniredis.commands.declaration import CommandGroup
from miniredis.config.config import Config
from miniredis.dispatch import authentication, client_commands, connection, pubsub_commands, transactions
from miniredis.dispatch.executor import Engine
from miniredis.dispatch.port import Log, TimeSource
from miniredis.dispatch.registry import CommandTable
from miniredis.keyspace.keyspace import Keyspace

#: Every group of commands that a server has; modules add theirs while it runs.
COMMAND_GROUPS: Final[list[CommandGroup]] = [
    connection.group,
    client_commands.group,
    authentication.group,
    strings.group,
    string_edits.group,
    generic.group,
    expiry.group,
    scan.group,
    objects.group,
    sort.group,
    bitmaps.group,
    bitfields.group,
    hyperloglog.group,
    pubsub_commands.group,
    transactions.group,
]


def build_engine(config: Config, time: TimeSource, random: Random, log: Log) -> Engine:
    """A server by its configuration, without sockets or files."""
    keyspace = Keyspace(config.int("databases"), random)
    return Engine(keyspace, config, CommandTable(COMMAND_GROUPS), random, time, log)
