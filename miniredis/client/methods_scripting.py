"""Typed methods for commands (scripting), written by docs/client_commands.py.  Do not edit."""

from __future__ import annotations

from typing import Any, Literal

from twisted.internet.defer import Deferred

from miniredis.client import shapes
from miniredis.client.shapes import Caller, T
from miniredis.client.values import Value, Values, many


class ScriptingMethods(Caller[T]):
    """Commands about scripting."""

    def eval(self, script: Value, *args: Value, keys: Values = ()) -> Deferred[Any]:
        """EVAL script numkeys [key [key ...]] [arg [arg ...]]

        Runs a Lua script.  Since 2.6.0; Depends on the script that is executed.
        """
        words: list[Any] = ["EVAL"]
        words += [script]
        keys = many(keys)
        words += [len(keys), *keys]
        words += args
        return self.execute(*words)

    def eval_ro(self, script: Value, *args: Value, keys: Values = ()) -> Deferred[Any]:
        """EVAL_RO script numkeys [key [key ...]] [arg [arg ...]]

        Runs a Lua script that writes nothing.  Since 7.0.0; Depends on the script that is executed.
        """
        words: list[Any] = ["EVAL_RO"]
        words += [script]
        keys = many(keys)
        words += [len(keys), *keys]
        words += args
        return self.execute(*words)

    def evalsha(self, sha1: Value, *args: Value, keys: Values = ()) -> Deferred[Any]:
        """EVALSHA sha1 numkeys [key [key ...]] [arg [arg ...]]

        Runs a Lua script that the server knows, by the SHA1 of its text.  Since 2.6.0; Depends on the script
        that is executed.
        """
        words: list[Any] = ["EVALSHA"]
        words += [sha1]
        keys = many(keys)
        words += [len(keys), *keys]
        words += args
        return self.execute(*words)

    def evalsha_ro(self, sha1: Value, *args: Value, keys: Values = ()) -> Deferred[Any]:
        """EVALSHA_RO sha1 numkeys [key [key ...]] [arg [arg ...]]

        Runs a Lua script that the server knows and that writes nothing.  Since 7.0.0; Depends on the script
        that is executed.
        """
        words: list[Any] = ["EVALSHA_RO"]
        words += [sha1]
        keys = many(keys)
        words += [len(keys), *keys]
        words += args
        return self.execute(*words)

    def fcall(self, function: Value, *args: Value, keys: Values = ()) -> Deferred[Any]:
        """FCALL function numkeys [key [key ...]] [arg [arg ...]]

        Calls a function of a library.  Since 7.0.0; Depends on the script that is executed.
        """
        words: list[Any] = ["FCALL"]
        words += [function]
        keys = many(keys)
        words += [len(keys), *keys]
        words += args
        return self.execute(*words)

    def fcall_ro(self, function: Value, *args: Value, keys: Values = ()) -> Deferred[Any]:
        """FCALL_RO function numkeys [key [key ...]] [arg [arg ...]]

        Calls a function that writes nothing.  Since 7.0.0; Depends on the script that is executed.
        """
        words: list[Any] = ["FCALL_RO"]
        words += [function]
        keys = many(keys)
        words += [len(keys), *keys]
        words += args
        return self.execute(*words)

    def function_delete(self, library_name: Value) -> Deferred[T]:
        """FUNCTION DELETE library-name

        Deletes a library.  Since 7.0.0; O(1).
        """
        return self.execute("FUNCTION", "DELETE", library_name)

    def function_dump(self) -> Deferred[T]:
        """FUNCTION DUMP

        All libraries as one payload.  Since 7.0.0; O(N) where N is the number of functions.
        """
        return self.execute("FUNCTION", "DUMP")

    def function_flush(self, *, async_: bool = False, sync: bool = False) -> Deferred[T]:
        """FUNCTION FLUSH [ASYNC | SYNC]

        Deletes all libraries.  Since 7.0.0; O(N) where N is the number of functions deleted.
        """
        words: list[Any] = ["FUNCTION", "FLUSH"]
        if async_:
            words.append("ASYNC")
        if sync:
            words.append("SYNC")
        return self.execute(*words)

    def function_help(self) -> Deferred[list[T]]:
        """FUNCTION HELP

        Lists the subcommands.  Since 7.0.0; O(1).
        """
        return self.execute_as(shapes.listed, "FUNCTION", "HELP")

    def function_kill(self) -> Deferred[T]:
        """FUNCTION KILL

        Ends the function that runs.  Since 7.0.0; O(1).
        """
        return self.execute("FUNCTION", "KILL")

    def function_list(
        self, *, libraryname: Value | None = None, withcode: bool = False
    ) -> Deferred[list[dict[T, Any]]]:
        """FUNCTION LIST [LIBRARYNAME library-name-pattern] [WITHCODE]

        Describes the libraries.  Since 7.0.0; O(N) where N is the number of functions.
        """
        words: list[Any] = ["FUNCTION", "LIST"]
        if libraryname is not None:
            words += ["LIBRARYNAME", libraryname]
        if withcode:
            words.append("WITHCODE")
        return self.execute_as(shapes.mappings, *words)

    def function_load(self, function_code: Value, *, replace: bool = False) -> Deferred[T]:
        """FUNCTION LOAD [REPLACE] function-code

        Loads a library; its name.  Since 7.0.0; O(1) (considering compilation time is redundant).
        """
        words: list[Any] = ["FUNCTION", "LOAD"]
        if replace:
            words.append("REPLACE")
        words += [function_code]
        return self.execute(*words)

    def function_restore(
        self, serialized_value: Value, *, flush: bool = False, append: bool = False, replace: bool = False
    ) -> Deferred[T]:
        """FUNCTION RESTORE serialized-value [FLUSH | APPEND | REPLACE]

        Loads libraries from a payload.  Since 7.0.0; O(N) where N is the number of functions on the payload.
        """
        words: list[Any] = ["FUNCTION", "RESTORE"]
        words += [serialized_value]
        if flush:
            words.append("FLUSH")
        if append:
            words.append("APPEND")
        if replace:
            words.append("REPLACE")
        return self.execute(*words)

    def script_debug(self, mode: Literal["YES", "SYNC", "NO"]) -> Deferred[T]:
        """SCRIPT DEBUG <YES | SYNC | NO>

        Would set the debugger's mode; there is no debugger here.  Since 3.2.0; O(1).
        """
        words: list[Any] = ["SCRIPT", "DEBUG"]
        words.append(mode)
        return self.execute(*words)

    def script_exists(self, *sha1s: Value) -> Deferred[list[int]]:
        """SCRIPT EXISTS sha1 [sha1 ...]

        Tells which scripts the server knows.  Since 2.6.0; O(N) with N being the number of scripts to check.
        """
        return self.execute("SCRIPT", "EXISTS", *sha1s)

    def script_flush(self, *, async_: bool = False, sync: bool = False) -> Deferred[T]:
        """SCRIPT FLUSH [ASYNC | SYNC]

        Forgets all scripts.  Since 2.6.0; O(N) with N being the number of scripts in cache.
        """
        words: list[Any] = ["SCRIPT", "FLUSH"]
        if async_:
            words.append("ASYNC")
        if sync:
            words.append("SYNC")
        return self.execute(*words)

    def script_help(self) -> Deferred[list[T]]:
        """SCRIPT HELP

        Lists the subcommands.  Since 5.0.0; O(1).
        """
        return self.execute_as(shapes.listed, "SCRIPT", "HELP")

    def script_kill(self) -> Deferred[T]:
        """SCRIPT KILL

        Ends the script that runs.  Since 2.6.0; O(1).
        """
        return self.execute("SCRIPT", "KILL")

    def script_load(self, script: Value) -> Deferred[T]:
        """SCRIPT LOAD script

        Keeps a script without running it; its SHA1.  Since 2.6.0; O(N) with N being the length in bytes of
        the script body.
        """
        return self.execute("SCRIPT", "LOAD", script)

    def script_show(self, sha1: Value) -> Deferred[T]:
        """SCRIPT SHOW sha1

        The text of a script.  Since 8.0.0; O(1).
        """
        return self.execute("SCRIPT", "SHOW", sha1)
