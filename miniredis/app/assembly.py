"""Puts a server together from its parts: the one list of command groups, the one place that makes an engine."""

from __future__ import annotations

from random import Random
from typing import Final

from miniredis.app.wiring import follow_config
from miniredis.cluster import client_commands as cluster_client_commands
from miniredis.cluster import commands as cluster_commands
from miniredis.cluster import migration_commands, moving, node_commands, slot_commands
from miniredis.commands import (
    bitfields,
    bitmaps,
    expiry,
    generic,
    geo,
    geo_search,
    hash_expiry,
    hash_getex,
    hashes,
    hyperloglog,
    list_blocking,
    list_pops,
    lists,
    objects,
    scan,
    serialization,
    server,
    set_algebra,
    sets,
    sort,
    sorted_set_algebra,
    sorted_set_pops,
    sorted_set_ranges,
    sorted_sets,
    stream_groups,
    stream_info,
    stream_reading,
    streams,
    string_edits,
    strings,
)
from miniredis.commands.declaration import CommandGroup
from miniredis.config.config import Config
from miniredis.config.reader import ConfigError
from miniredis.dispatch import (
    acl_commands,
    authentication,
    client_commands,
    command_commands,
    config_commands,
    connection,
    debug_commands,
    info,
    log_commands,
    memory_commands,
    pubsub_commands,
    shutdown,
    tracking_commands,
    transactions,
)
from miniredis.dispatch.acl import AclError
from miniredis.dispatch.executor import Engine
from miniredis.dispatch.port import Log, TimeSource
from miniredis.dispatch.registry import CommandTable
from miniredis.keyspace.keyspace import Keyspace
from miniredis.modules import commands as module_commands
from miniredis.modules.loading import LoadedModules
from miniredis.persistence import commands as persistence_commands
from miniredis.replication import commands as replication_commands
from miniredis.scripting import commands as scripting_commands
from miniredis.scripting import function_commands
from miniredis.scripting.access import provide_scripting

#: Every group of commands that a server has; modules add theirs while it runs.
COMMAND_GROUPS: Final[list[CommandGroup]] = [
    connection.group,
    cluster_commands.group,
    slot_commands.group,
    migration_commands.group,
    node_commands.group,
    cluster_client_commands.group,
    moving.group,
    client_commands.group,
    tracking_commands.group,
    list_blocking.group,
    lists.group,
    list_pops.group,
    streams.group,
    stream_groups.group,
    stream_info.group,
    stream_reading.group,
    command_commands.group,
    config_commands.group,
    authentication.group,
    acl_commands.group,
    server.group,
    serialization.group,
    generic.group,
    expiry.group,
    scan.group,
    objects.group,
    strings.group,
    string_edits.group,
    info.group,
    log_commands.group,
    hashes.group,
    hash_expiry.group,
    hash_getex.group,
    sets.group,
    set_algebra.group,
    sort.group,
    bitmaps.group,
    bitfields.group,
    hyperloglog.group,
    sorted_sets.group,
    sorted_set_ranges.group,
    sorted_set_pops.group,
    sorted_set_algebra.group,
    geo.group,
    geo_search.group,
    pubsub_commands.group,
    transactions.group,
    debug_commands.group,
    memory_commands.group,
    shutdown.group,
    persistence_commands.group,
    replication_commands.group,
    scripting_commands.group,
    function_commands.group,
    module_commands.group,
]


def sentinel_groups() -> list[CommandGroup]:
    """The commands of a sentinel: its own, and a few of an ordinary server."""
    # Imported here: a server that is no sentinel need not carry its code.
    from miniredis.sentinel import commands as sentinel_commands

    shared = CommandGroup("connection")
    for each in COMMAND_GROUPS:
        shared.commands += [
            command
            for command in each.commands
            if (command.container or command.name).decode() in sentinel_commands.SHARED
        ]
    return [shared, sentinel_commands.group]


def build_engine(config: Config, time: TimeSource, random: Random, log: Log) -> Engine:
    """A server by its configuration, without sockets or files.  Raises `ConfigError`.

    `random` makes what must not be guessed: IDs, passwords.  Draws from the data (SPOP, eviction, counters of use)
    need to be fast: a generator of their own, which `random` seeds."""
    databases = config.int("cluster-databases" if config.flag("cluster-enabled") else "databases")
    keyspace = Keyspace(databases, Random(random.getrandbits(64)))
    commands = CommandTable(sentinel_groups() if config.sentinel else COMMAND_GROUPS)
    for old, new in config.lines("rename-command"):
        if not commands.rename(old, new):
            raise ConfigError("", 0, b"", b"No such command in rename-command")
    engine = Engine(keyspace, config, commands, random, time, log)
    follow_config(engine)
    provide_scripting(engine)
    if not config.sentinel:
        LoadedModules(engine).load_configured()
    try:
        engine.acl.load_lines(config.lines("user"))
    except AclError as problem:
        raise ConfigError("", 0, b"", problem.message) from problem
    return engine
