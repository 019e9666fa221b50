"""Typed methods for commands (containers of server), written by docs/client_commands.py.  Do not edit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, overload

from twisted.internet.defer import Deferred

from miniredis.client import shapes
from miniredis.client.shapes import Caller, T
from miniredis.client.values import Value, Values, many


class ContainersMethods(Caller[T]):
    """Commands about containers of server."""

    def acl_cat(self, *, category: Value | None = None) -> Deferred[list[T]]:
        """ACL CAT [category]

        Lists the categories of commands, or the commands of one.  Since 6.0.0; O(1) since the categories and
        commands are a fixed set.
        """
        words: list[Any] = ["ACL", "CAT"]
        if category is not None:
            words += [category]
        return self.execute_as(shapes.listed, *words)

    def acl_deluser(self, *usernames: Value) -> Deferred[int]:
        """ACL DELUSER username [username ...]

        Deletes users and disconnects their clients.  Since 6.0.0; O(1) amortized time considering the typical
        user.
        """
        return self.execute("ACL", "DELUSER", *usernames)

    def acl_dryrun(self, username: Value, command: Value, *args: Value) -> Deferred[T]:
        """ACL DRYRUN username command [arg [arg ...]]

        Tells whether a user may run a command, without running it.  Since 7.0.0; O(1).
        """
        return self.execute("ACL", "DRYRUN", username, command, *args)

    def acl_genpass(self, *, bits: int | None = None) -> Deferred[T]:
        """ACL GENPASS [bits]

        Makes a password that nobody can guess.  Since 6.0.0; O(1).
        """
        words: list[Any] = ["ACL", "GENPASS"]
        if bits is not None:
            words += [bits]
        return self.execute(*words)

    def acl_getuser(self, username: Value) -> Deferred[dict[T, Any] | None]:
        """ACL GETUSER username

        Shows what a user may do.  Since 6.0.0; O(N). Where N is the number of password, command and pattern
        rules that the user has.
        """
        return self.execute_as(shapes.mapping, "ACL", "GETUSER", username)

    def acl_help(self) -> Deferred[list[T]]:
        """ACL HELP

        Lists the subcommands.  Since 6.0.0; O(1).
        """
        return self.execute_as(shapes.listed, "ACL", "HELP")

    def acl_list(self) -> Deferred[list[T]]:
        """ACL LIST

        Shows the users as a configuration file has them.  Since 6.0.0; O(N). Where N is the number of
        configured users.
        """
        return self.execute_as(shapes.listed, "ACL", "LIST")

    def acl_load(self) -> Deferred[T]:
        """ACL LOAD

        Reads the users from the ACL file.  Since 6.0.0; O(N). Where N is the number of configured users.
        """
        return self.execute("ACL", "LOAD")

    @overload
    def acl_log(self, *, count: int | None = None, reset: Literal[True]) -> Deferred[T]: ...
    @overload
    def acl_log(self, *, count: int | None = None, reset: Literal[False] = False) -> Deferred[list[dict[T, Any]]]: ...
    @overload
    def acl_log(self, *, count: int | None = None, reset: bool = False) -> Deferred[Any]: ...
    def acl_log(self, *, count: int | None = None, reset: bool = False) -> Deferred[Any]:
        """ACL LOG [count | RESET]

        Shows what was refused lately.  Since 6.0.0; O(N) with N being the number of entries shown.
        """
        words: list[Any] = ["ACL", "LOG"]
        if count is not None:
            words += [count]
        if reset:
            words.append("RESET")
        if reset:
            return self.execute(*words)
        return self.execute_as(shapes.mappings, *words)

    def acl_save(self) -> Deferred[T]:
        """ACL SAVE

        Writes the users to the ACL file.  Since 6.0.0; O(N). Where N is the number of configured users.
        """
        return self.execute("ACL", "SAVE")

    def acl_setuser(self, username: Value, *rules: Value) -> Deferred[T]:
        """ACL SETUSER username [rule [rule ...]]

        Makes or changes a user.  Since 6.0.0; O(N). Where N is the number of rules provided.
        """
        return self.execute("ACL", "SETUSER", username, *rules)

    def acl_users(self) -> Deferred[list[T]]:
        """ACL USERS

        Lists the users.  Since 6.0.0; O(N). Where N is the number of configured users.
        """
        return self.execute_as(shapes.listed, "ACL", "USERS")

    def acl_whoami(self) -> Deferred[T]:
        """ACL WHOAMI

        Returns the user of the connection.  Since 6.0.0; O(1).
        """
        return self.execute("ACL", "WHOAMI")

    def commandlog_get(self, count: int, kind: Literal["SLOW", "LARGE-REQUEST", "LARGE-REPLY"]) -> Deferred[list[Any]]:
        """COMMANDLOG GET count <SLOW | LARGE-REQUEST | LARGE-REPLY>

        Shows the newest slow or large commands.  Since 8.1.0; O(N) where N is the number of entries returned.
        """
        words: list[Any] = ["COMMANDLOG", "GET"]
        words += [count]
        words.append(kind)
        return self.execute(*words)

    def commandlog_help(self) -> Deferred[list[T]]:
        """COMMANDLOG HELP

        Lists the subcommands.  Since 8.1.0; O(1).
        """
        return self.execute_as(shapes.listed, "COMMANDLOG", "HELP")

    def commandlog_len(self, kind: Literal["SLOW", "LARGE-REQUEST", "LARGE-REPLY"]) -> Deferred[int]:
        """COMMANDLOG LEN <SLOW | LARGE-REQUEST | LARGE-REPLY>

        Counts the slow or large commands.  Since 8.1.0; O(1).
        """
        words: list[Any] = ["COMMANDLOG", "LEN"]
        words.append(kind)
        return self.execute(*words)

    def commandlog_reset(self, kind: Literal["SLOW", "LARGE-REQUEST", "LARGE-REPLY"]) -> Deferred[T]:
        """COMMANDLOG RESET <SLOW | LARGE-REQUEST | LARGE-REPLY>

        Forgets the slow or large commands.  Since 8.1.0; O(N) where N is the number of entries in the
        commandlog.
        """
        words: list[Any] = ["COMMANDLOG", "RESET"]
        words.append(kind)
        return self.execute(*words)

    def command_count(self) -> Deferred[int]:
        """COMMAND COUNT

        Counts the commands.  Since 2.8.13; O(1).
        """
        return self.execute("COMMAND", "COUNT")

    def command_docs(self, *command_names: Value) -> Deferred[dict[T, Any]]:
        """COMMAND DOCS [command-name [command-name ...]]

        Shows the documentation of commands.  Since 7.0.0; O(N) where N is the number of commands to look up.
        """
        return self.execute_as(shapes.mapping, "COMMAND", "DOCS", *command_names)

    def command_getkeys(self, command: Value, *args: Value) -> Deferred[list[T]]:
        """COMMAND GETKEYS command [arg [arg ...]]

        Finds the keys among the arguments of a command.  Since 2.8.13; O(N) where N is the number of
        arguments to the command.
        """
        return self.execute_as(shapes.listed, "COMMAND", "GETKEYS", command, *args)

    def command_getkeysandflags(self, command: Value, *args: Value) -> Deferred[list[Any]]:
        """COMMAND GETKEYSANDFLAGS command [arg [arg ...]]

        Finds the keys of a command and what it does with them.  Since 7.0.0; O(N) where N is the number of
        arguments to the command.
        """
        return self.execute("COMMAND", "GETKEYSANDFLAGS", command, *args)

    def command_help(self) -> Deferred[list[T]]:
        """COMMAND HELP

        Lists the subcommands.  Since 5.0.0; O(1).
        """
        return self.execute_as(shapes.listed, "COMMAND", "HELP")

    def command_info(self, *command_names: Value) -> Deferred[list[Any]]:
        """COMMAND INFO [command-name [command-name ...]]

        Describes commands.  Since 2.8.13; O(N) where N is the number of commands to look up.
        """
        return self.execute("COMMAND", "INFO", *command_names)

    def command_list(
        self, *, module: Value | None = None, aclcat: Value | None = None, pattern: Value | None = None
    ) -> Deferred[list[T]]:
        """COMMAND LIST [FILTERBY <MODULE module-name | ACLCAT category | PATTERN pattern>]

        Lists the names of commands.  Since 7.0.0; O(N) where N is the total number of commands.
        """
        words: list[Any] = ["COMMAND", "LIST"]
        if module is not None:
            words += ["FILTERBY", "MODULE", module]
        if aclcat is not None:
            words += ["FILTERBY", "ACLCAT", aclcat]
        if pattern is not None:
            words += ["FILTERBY", "PATTERN", pattern]
        return self.execute_as(shapes.listed, *words)

    def config_get(self, *parameters: Value) -> Deferred[dict[T, T]]:
        """CONFIG GET parameter [parameter ...]

        Returns the directives that match patterns, with their values.  Since 2.0.0; O(N) where N is the
        number of directives and patterns.
        """
        return self.execute_as(shapes.mapping, "CONFIG", "GET", *parameters)

    def config_help(self) -> Deferred[list[T]]:
        """CONFIG HELP

        Lists the subcommands.  Since 5.0.0; O(1).
        """
        return self.execute_as(shapes.listed, "CONFIG", "HELP")

    def config_resetstat(self) -> Deferred[T]:
        """CONFIG RESETSTAT

        Sets the counters of INFO back to zero.  Since 2.0.0; O(1).
        """
        return self.execute("CONFIG", "RESETSTAT")

    def config_rewrite(self) -> Deferred[T]:
        """CONFIG REWRITE

        Writes the values of now into the configuration file.  Since 2.8.0; O(1).
        """
        return self.execute("CONFIG", "REWRITE")

    def config_set(self, mapping: Mapping[Any, Value]) -> Deferred[T]:
        """CONFIG SET <parameter value> [<parameter value> ...]

        Changes directives, all of them or none.  Since 2.0.0; O(N) where N is the number of directives.
        """
        words: list[Any] = ["CONFIG", "SET"]
        for pair in mapping.items():
            words += pair
        return self.execute(*words)

    def latency_help(self) -> Deferred[list[T]]:
        """LATENCY HELP

        Lists the subcommands.  Since 2.8.13; O(1).
        """
        return self.execute_as(shapes.listed, "LATENCY", "HELP")

    def latency_reset(self, *events: Value) -> Deferred[int]:
        """LATENCY RESET [event [event ...]]

        Forgets the spikes of events.  Since 2.8.13; O(1).
        """
        return self.execute("LATENCY", "RESET", *events)

    def memory_help(self) -> Deferred[list[T]]:
        """MEMORY HELP

        Lists the subcommands.  Since 4.0.0; O(1).
        """
        return self.execute_as(shapes.listed, "MEMORY", "HELP")

    def memory_purge(self) -> Deferred[T]:
        """MEMORY PURGE

        Gives memory back to the system, where the allocator can.  Since 4.0.0; O(1).
        """
        return self.execute("MEMORY", "PURGE")

    def memory_usage(self, key: Value, *, samples: int | None = None) -> Deferred[int | None]:
        """MEMORY USAGE key [SAMPLES count]

        Tells about how many bytes a key and its value take.  Since 4.0.0; O(N) where N is the number of
        samples.
        """
        words: list[Any] = ["MEMORY", "USAGE"]
        words += [key]
        if samples is not None:
            words += ["SAMPLES", samples]
        return self.execute(*words)

    def module_help(self) -> Deferred[list[T]]:
        """MODULE HELP

        Shows what MODULE can do.  Since 5.0.0; O(1).
        """
        return self.execute_as(shapes.listed, "MODULE", "HELP")

    def module_list(self) -> Deferred[list[dict[T, Any]]]:
        """MODULE LIST

        Lists the modules that are loaded.  Since 4.0.0; O(N) where N is the number of loaded modules.
        """
        return self.execute_as(shapes.mappings, "MODULE", "LIST")

    def module_load(self, path: Value, *args: Value) -> Deferred[T]:
        """MODULE LOAD path [arg [arg ...]]

        Loads a module.  Since 4.0.0; O(1).
        """
        return self.execute("MODULE", "LOAD", path, *args)

    def module_loadex(
        self, path: Value, *, config: Sequence[Sequence[Value]] | None = None, args: Values | None = None
    ) -> Deferred[T]:
        """MODULE LOADEX path [CONFIG name value [CONFIG name value ...]] [ARGS arg [arg ...]]

        Loads a module with values for its directives.  Since 7.0.0; O(1).
        """
        words: list[Any] = ["MODULE", "LOADEX"]
        words += [path]
        if config is not None:
            for row in config:
                words += ["CONFIG", *row]
        if args is not None:
            words += ["ARGS", *many(args)]
        return self.execute(*words)

    def module_unload(self, name: Value) -> Deferred[T]:
        """MODULE UNLOAD name

        Unloads a module.  Since 4.0.0; O(1), or O(N) in the number of keys where the module has types of
        value.
        """
        return self.execute("MODULE", "UNLOAD", name)

    def slowlog_get(self, *, count: int | None = None) -> Deferred[list[Any]]:
        """SLOWLOG GET [count]

        Shows the newest slow commands.  Since 2.2.12; O(N) where N is the number of entries returned.
        """
        words: list[Any] = ["SLOWLOG", "GET"]
        if count is not None:
            words += [count]
        return self.execute(*words)

    def slowlog_help(self) -> Deferred[list[T]]:
        """SLOWLOG HELP

        Lists the subcommands.  Since 6.2.0; O(1).
        """
        return self.execute_as(shapes.listed, "SLOWLOG", "HELP")

    def slowlog_len(self) -> Deferred[int]:
        """SLOWLOG LEN

        Counts the slow commands.  Since 2.2.12; O(1).
        """
        return self.execute("SLOWLOG", "LEN")

    def slowlog_reset(self) -> Deferred[T]:
        """SLOWLOG RESET

        Forgets the slow commands.  Since 2.2.12; O(N) where N is the number of entries in the slowlog.
        """
        return self.execute("SLOWLOG", "RESET")
