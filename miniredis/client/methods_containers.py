"""Typed methods for commands (containers of server), written by docs/client_commands.py.  Do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from twisted.internet.defer import Deferred

from miniredis.client.values import Value


class ContainersMethods:
    """Commands about containers of server."""

    def execute(self, *words: Value) -> Deferred[Any]:
        raise NotImplementedError

    def acl_cat(self, *, category: Value | None = None) -> Deferred[Any]:
        """ACL CAT [category]

        Lists the categories of commands, or the commands of one.  Since 6.0.0; O(1) since the categories and
        commands are a fixed set.
        """
        words: list[Any] = ["ACL", "CAT"]
        if category is not None:
            words += [category]
        return self.execute(*words)

    def acl_deluser(self, *usernames: Value) -> Deferred[Any]:
        """ACL DELUSER username [username ...]

        Deletes users and disconnects their clients.  Since 6.0.0; O(1) amortized time considering the typical
        user.
        """
        return self.execute("ACL", "DELUSER", *usernames)

    def acl_dryrun(self, username: Value, command: Value, *args: Value) -> Deferred[Any]:
        """ACL DRYRUN username command [arg [arg ...]]

        Tells whether a user may run a command, without running it.  Since 7.0.0; O(1).
        """
        return self.execute("ACL", "DRYRUN", username, command, *args)

    def acl_genpass(self, *, bits: int | None = None) -> Deferred[Any]:
        """ACL GENPASS [bits]

        Makes a password that nobody can guess.  Since 6.0.0; O(1).
        """
        words: list[Any] = ["ACL", "GENPASS"]
        if bits is not None:
            words += [bits]
        return self.execute(*words)

    def acl_getuser(self, username: Value) -> Deferred[Any]:
        """ACL GETUSER username

        Shows what a user may do.  Since 6.0.0; O(N). Where N is the number of password, command and pattern
        rules that the user has.
        """
        return self.execute("ACL", "GETUSER", username)

    def acl_help(self) -> Deferred[Any]:
        """ACL HELP

        Lists the subcommands.  Since 6.0.0; O(1).
        """
        return self.execute("ACL", "HELP")

    def acl_list(self) -> Deferred[Any]:
        """ACL LIST

        Shows the users as a configuration file has them.  Since 6.0.0; O(N). Where N is the number of
        configured users.
        """
        return self.execute("ACL", "LIST")

    def acl_load(self) -> Deferred[Any]:
        """ACL LOAD

        Reads the users from the ACL file.  Since 6.0.0; O(N). Where N is the number of configured users.
        """
        return self.execute("ACL", "LOAD")

    def acl_log(self, *, count: int | None = None, reset: bool = False) -> Deferred[Any]:
        """ACL LOG [count | RESET]

        Shows what was refused lately.  Since 6.0.0; O(N) with N being the number of entries shown.
        """
        words: list[Any] = ["ACL", "LOG"]
        if count is not None:
            words += [count]
        if reset:
            words.append("RESET")
        return self.execute(*words)

    def acl_save(self) -> Deferred[Any]:
        """ACL SAVE

        Writes the users to the ACL file.  Since 6.0.0; O(N). Where N is the number of configured users.
        """
        return self.execute("ACL", "SAVE")

    def acl_setuser(self, username: Value, *rules: Value) -> Deferred[Any]:
        """ACL SETUSER username [rule [rule ...]]

        Makes or changes a user.  Since 6.0.0; O(N). Where N is the number of rules provided.
        """
        return self.execute("ACL", "SETUSER", username, *rules)

    def acl_users(self) -> Deferred[Any]:
        """ACL USERS

        Lists the users.  Since 6.0.0; O(N). Where N is the number of configured users.
        """
        return self.execute("ACL", "USERS")

    def acl_whoami(self) -> Deferred[Any]:
        """ACL WHOAMI

        Returns the user of the connection.  Since 6.0.0; O(1).
        """
        return self.execute("ACL", "WHOAMI")

    def commandlog_get(self, count: int, choice_slow: Literal["SLOW", "LARGE-REQUEST", "LARGE-REPLY"]) -> Deferred[Any]:
        """COMMANDLOG GET count <SLOW | LARGE-REQUEST | LARGE-REPLY>

        Shows the newest slow or large commands.  Since 8.1.0; O(N) where N is the number of entries returned.
        """
        words: list[Any] = ["COMMANDLOG", "GET"]
        words += [count]
        words.append(choice_slow)
        return self.execute(*words)

    def commandlog_help(self) -> Deferred[Any]:
        """COMMANDLOG HELP

        Lists the subcommands.  Since 8.1.0; O(1).
        """
        return self.execute("COMMANDLOG", "HELP")

    def commandlog_len(self, choice_slow: Literal["SLOW", "LARGE-REQUEST", "LARGE-REPLY"]) -> Deferred[Any]:
        """COMMANDLOG LEN <SLOW | LARGE-REQUEST | LARGE-REPLY>

        Counts the slow or large commands.  Since 8.1.0; O(1).
        """
        words: list[Any] = ["COMMANDLOG", "LEN"]
        words.append(choice_slow)
        return self.execute(*words)

    def commandlog_reset(self, choice_slow: Literal["SLOW", "LARGE-REQUEST", "LARGE-REPLY"]) -> Deferred[Any]:
        """COMMANDLOG RESET <SLOW | LARGE-REQUEST | LARGE-REPLY>

        Forgets the slow or large commands.  Since 8.1.0; O(N) where N is the number of entries in the
        commandlog.
        """
        words: list[Any] = ["COMMANDLOG", "RESET"]
        words.append(choice_slow)
        return self.execute(*words)

    def command_count(self) -> Deferred[Any]:
        """COMMAND COUNT

        Counts the commands.  Since 2.8.13; O(1).
        """
        return self.execute("COMMAND", "COUNT")

    def command_docs(self, *command_names: Value) -> Deferred[Any]:
        """COMMAND DOCS [command-name [command-name ...]]

        Shows the documentation of commands.  Since 7.0.0; O(N) where N is the number of commands to look up.
        """
        return self.execute("COMMAND", "DOCS", *command_names)

    def command_getkeys(self, command: Value, *args: Value) -> Deferred[Any]:
        """COMMAND GETKEYS command [arg [arg ...]]

        Finds the keys among the arguments of a command.  Since 2.8.13; O(N) where N is the number of
        arguments to the command.
        """
        return self.execute("COMMAND", "GETKEYS", command, *args)

    def command_getkeysandflags(self, command: Value, *args: Value) -> Deferred[Any]:
        """COMMAND GETKEYSANDFLAGS command [arg [arg ...]]

        Finds the keys of a command and what it does with them.  Since 7.0.0; O(N) where N is the number of
        arguments to the command.
        """
        return self.execute("COMMAND", "GETKEYSANDFLAGS", command, *args)

    def command_help(self) -> Deferred[Any]:
        """COMMAND HELP

        Lists the subcommands.  Since 5.0.0; O(1).
        """
        return self.execute("COMMAND", "HELP")

    def command_info(self, *command_names: Value) -> Deferred[Any]:
        """COMMAND INFO [command-name [command-name ...]]

        Describes commands.  Since 2.8.13; O(N) where N is the number of commands to look up.
        """
        return self.execute("COMMAND", "INFO", *command_names)

    def command_list(self, *arguments: Value) -> Deferred[Any]:
        """COMMAND LIST [FILTERBY <MODULE module-name | ACLCAT category | PATTERN pattern>]

        Lists the names of commands.  Since 7.0.0; O(N) where N is the total number of commands.
        """
        return self.execute("COMMAND", "LIST", *arguments)

    def config_get(self, *parameters: Value) -> Deferred[Any]:
        """CONFIG GET parameter [parameter ...]

        Returns the directives that match patterns, with their values.  Since 2.0.0; O(N) where N is the
        number of directives and patterns.
        """
        return self.execute("CONFIG", "GET", *parameters)

    def config_help(self) -> Deferred[Any]:
        """CONFIG HELP

        Lists the subcommands.  Since 5.0.0; O(1).
        """
        return self.execute("CONFIG", "HELP")

    def config_resetstat(self) -> Deferred[Any]:
        """CONFIG RESETSTAT

        Sets the counters of INFO back to zero.  Since 2.0.0; O(1).
        """
        return self.execute("CONFIG", "RESETSTAT")

    def config_rewrite(self) -> Deferred[Any]:
        """CONFIG REWRITE

        Writes the values of now into the configuration file.  Since 2.8.0; O(1).
        """
        return self.execute("CONFIG", "REWRITE")

    def config_set(self, mapping: Mapping[Any, Value]) -> Deferred[Any]:
        """CONFIG SET <parameter value> [<parameter value> ...]

        Changes directives, all of them or none.  Since 2.0.0; O(N) where N is the number of directives.
        """
        words: list[Any] = ["CONFIG", "SET"]
        for pair in mapping.items():
            words += pair
        return self.execute(*words)

    def latency_doctor(self) -> Deferred[Any]:
        """LATENCY DOCTOR

        Says in words what the latency monitor has seen.  Since 2.8.13; O(1).
        """
        return self.execute("LATENCY", "DOCTOR")

    def latency_graph(self, event: Value) -> Deferred[Any]:
        """LATENCY GRAPH event

        Draws the spikes of an event.  Since 2.8.13; O(1).
        """
        return self.execute("LATENCY", "GRAPH", event)

    def latency_help(self) -> Deferred[Any]:
        """LATENCY HELP

        Lists the subcommands.  Since 2.8.13; O(1).
        """
        return self.execute("LATENCY", "HELP")

    def latency_histogram(self, *commands: Value) -> Deferred[Any]:
        """LATENCY HISTOGRAM [command [command ...]]

        Shows how long commands took.  Since 7.0.0; O(N) where N is the number of commands with latency
        information being retrieved.
        """
        return self.execute("LATENCY", "HISTOGRAM", *commands)

    def latency_history(self, event: Value) -> Deferred[Any]:
        """LATENCY HISTORY event

        Shows the spikes of an event.  Since 2.8.13; O(1).
        """
        return self.execute("LATENCY", "HISTORY", event)

    def latency_latest(self) -> Deferred[Any]:
        """LATENCY LATEST

        Shows the last spike of each event.  Since 2.8.13; O(1).
        """
        return self.execute("LATENCY", "LATEST")

    def latency_reset(self, *events: Value) -> Deferred[Any]:
        """LATENCY RESET [event [event ...]]

        Forgets the spikes of events.  Since 2.8.13; O(1).
        """
        return self.execute("LATENCY", "RESET", *events)

    def memory_doctor(self) -> Deferred[Any]:
        """MEMORY DOCTOR

        Says in words how memory is used.  Since 4.0.0; O(1).
        """
        return self.execute("MEMORY", "DOCTOR")

    def memory_help(self) -> Deferred[Any]:
        """MEMORY HELP

        Lists the subcommands.  Since 4.0.0; O(1).
        """
        return self.execute("MEMORY", "HELP")

    def memory_malloc_stats(self) -> Deferred[Any]:
        """MEMORY MALLOC-STATS

        Shows what the allocator tells of itself.  Since 4.0.0; O(1).
        """
        return self.execute("MEMORY", "MALLOC-STATS")

    def memory_purge(self) -> Deferred[Any]:
        """MEMORY PURGE

        Gives memory back to the system, where the allocator can.  Since 4.0.0; O(1).
        """
        return self.execute("MEMORY", "PURGE")

    def memory_stats(self) -> Deferred[Any]:
        """MEMORY STATS

        Tells how memory is used.  Since 4.0.0; O(1).
        """
        return self.execute("MEMORY", "STATS")

    def memory_usage(self, key: Value, *, samples: int | None = None) -> Deferred[Any]:
        """MEMORY USAGE key [SAMPLES count]

        Tells about how many bytes a key and its value take.  Since 4.0.0; O(N) where N is the number of
        samples.
        """
        words: list[Any] = ["MEMORY", "USAGE"]
        words += [key]
        if samples is not None:
            words += ["SAMPLES", samples]
        return self.execute(*words)

    def module_help(self) -> Deferred[Any]:
        """MODULE HELP

        Shows what MODULE can do.  Since 5.0.0; O(1).
        """
        return self.execute("MODULE", "HELP")

    def module_list(self) -> Deferred[Any]:
        """MODULE LIST

        Lists the modules that are loaded.  Since 4.0.0; O(N) where N is the number of loaded modules.
        """
        return self.execute("MODULE", "LIST")

    def module_load(self, path: Value, *args: Value) -> Deferred[Any]:
        """MODULE LOAD path [arg [arg ...]]

        Loads a module.  Since 4.0.0; O(1).
        """
        return self.execute("MODULE", "LOAD", path, *args)

    def module_loadex(self, *arguments: Value) -> Deferred[Any]:
        """MODULE LOADEX path [CONFIG name value [CONFIG name value ...]] [ARGS arg [arg ...]]

        Loads a module with values for its directives.  Since 7.0.0; O(1).
        """
        return self.execute("MODULE", "LOADEX", *arguments)

    def module_unload(self, name: Value) -> Deferred[Any]:
        """MODULE UNLOAD name

        Unloads a module.  Since 4.0.0; O(1), or O(N) in the number of keys where the module has types of
        value.
        """
        return self.execute("MODULE", "UNLOAD", name)

    def slowlog_get(self, *, count: int | None = None) -> Deferred[Any]:
        """SLOWLOG GET [count]

        Shows the newest slow commands.  Since 2.2.12; O(N) where N is the number of entries returned.
        """
        words: list[Any] = ["SLOWLOG", "GET"]
        if count is not None:
            words += [count]
        return self.execute(*words)

    def slowlog_help(self) -> Deferred[Any]:
        """SLOWLOG HELP

        Lists the subcommands.  Since 6.2.0; O(1).
        """
        return self.execute("SLOWLOG", "HELP")

    def slowlog_len(self) -> Deferred[Any]:
        """SLOWLOG LEN

        Counts the slow commands.  Since 2.2.12; O(1).
        """
        return self.execute("SLOWLOG", "LEN")

    def slowlog_reset(self) -> Deferred[Any]:
        """SLOWLOG RESET

        Forgets the slow commands.  Since 2.2.12; O(N) where N is the number of entries in the slowlog.
        """
        return self.execute("SLOWLOG", "RESET")
