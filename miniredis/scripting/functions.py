"""Libraries of functions: their texts are data of the server, what Lua makes of them lives in the sandbox.

A library is loaded by running its text, which registers functions.  Nothing changes before all of it is right:
a library that fails leaves what was there before.
"""

from __future__ import annotations

from typing import Final

from miniredis.dispatch.function_libraries import FunctionLibraries
from miniredis.resp.errors import ReplyError, error
from miniredis.scripting.runner import ScriptRunner
from miniredis.scripting.sandbox import CompileFailure, ScriptFailure
from miniredis.scripting.shebang import FLAG_NAMES, bad_library_name, is_name, library_name

#: In the order in which FUNCTION LIST shows them.
SHOWN_FLAGS: Final = (b"no-writes", b"allow-oom", b"allow-stale", b"no-cluster", b"allow-cross-slot-keys")


class Function:
    """A function of a library; `id`: its number in the sandbox."""

    __slots__ = ("description", "flags", "id", "library", "name")

    def __init__(self, function_id: int, name: bytes, description: bytes | None, flags: int, library: Library) -> None:
        self.id = function_id
        self.name = name
        self.description = description
        self.flags = flags
        self.library = library

    def flag_names(self) -> list[bytes]:
        return [name for name in SHOWN_FLAGS if self.flags & FLAG_NAMES[name]]


class Library:
    """A library and its functions by name."""

    __slots__ = ("code", "functions", "name")

    def __init__(self, name: bytes, code: bytes) -> None:
        self.name = name
        self.code = code
        self.functions: dict[bytes, Function] = {}

    def size(self) -> int:
        return len(self.code) + len(self.name) + 200 * (1 + len(self.functions))


class Libraries(FunctionLibraries):
    """All libraries of one server."""

    def __init__(self, runner: ScriptRunner) -> None:
        self.runner = runner
        self.libraries: dict[bytes, Library] = {}
        #: By their names in lower case: calls do not mind the case.
        self.functions: dict[bytes, Function] = {}
        self._loading: Library | None = None
        #: What is removed may come back, and stays in the sandbox.
        self._keeps_removed = False
        runner.register_function = self.register

    def dump_libraries(self) -> list[bytes]:
        return [library.code for library in self.libraries.values()]

    def load_library(self, code: bytes, replace: bool) -> None:
        self.load(code, replace)

    def flush_libraries(self) -> None:
        for library in list(self.libraries.values()):
            self._remove(library)

    def size(self) -> int:
        """About how many bytes the libraries take."""
        return sum([library.size() for library in self.libraries.values()])

    def load(self, code: bytes, replace: bool) -> bytes:
        """Load a library; its name.  Raises `ReplyError`."""
        name, body = library_name(code)
        old = self.libraries.get(name)
        if old is not None and not replace:
            shown = name if self._keeps_removed else b"'" + name + b"'"
            raise error(b"Library " + shown + b" already exists")
        library = self._built(name, code, body)
        for function in library.functions.values():
            known = self.functions.get(function.name.lower())
            if known is not None and known.library is not old:
                self._forget(library)
                raise error(b"Function " + function.name + b" already exists")
        if old is not None:
            self._remove(old)
        self.libraries[name] = library
        for function in library.functions.values():
            self.functions[function.name.lower()] = function
        return name

    def _built(self, name: bytes, code: bytes, body: bytes) -> Library:
        """The library that a text makes, apart from all others."""
        runner = self.runner
        library = Library(name, code)
        self._loading = library
        try:
            runner.load_library(runner.sandbox.compile(body, True))
        except CompileFailure as problem:
            raise error(b"Error compiling function: " + problem.message) from None
        except ScriptFailure as failure:
            self._forget(library)
            raise error(b"Error registering functions: " + failure.message) from None
        finally:
            self._loading = None
        if not library.functions:
            raise error(b"No functions registered")
        return library

    def register(self, function_id: int, name: bytes, description: bytes | None, flags: bytes) -> bytes | None:
        """A library that is being loaded registers a function; what is wrong with that, or None."""
        library = self._loading
        if library is None:
            return b"redis.register_function can only be called on FUNCTION LOAD command"
        if not is_name(name):
            return bad_library_name().message[4:]
        if name in library.functions:
            return b"Function already exists in the library"
        bits = 0
        for flag in flags.split(b"\n"):
            if flag:
                if flag not in FLAG_NAMES:
                    return b"unknown flag given"
                bits |= FLAG_NAMES[flag]
        library.functions[name] = Function(function_id, name, description, bits, library)
        return None

    def delete(self, name: bytes) -> None:
        library = self.libraries.get(name)
        if library is None:
            raise error(b"Library not found")
        self._remove(library)

    def restore(self, codes: list[bytes], policy: bytes) -> None:
        """Take over libraries, all or none.  `policy`: flush, append or replace."""
        names = [library_name(code)[0] for code in codes]
        for name in names:
            if names.count(name) > 1:
                raise error(b"Library '" + name + b"' already exists")
        libraries, functions = self.libraries, self.functions
        before = dict(libraries)
        if policy == b"flush":
            self.libraries = {}
            self.functions = {}
        else:
            self.libraries = dict(libraries)
            self.functions = dict(functions)
        self._keeps_removed = True
        try:
            for code in codes:
                self.load(code, policy == b"replace")
        except ReplyError:
            for library in self.libraries.values():
                if before.get(library.name) is not library:
                    self._forget(library)
            self.libraries, self.functions = libraries, functions
            raise
        finally:
            self._keeps_removed = False
        for library in before.values():
            if self.libraries.get(library.name) is not library:
                self._forget(library)

    def _remove(self, library: Library) -> None:
        del self.libraries[library.name]
        for function in library.functions.values():
            self.functions.pop(function.name.lower(), None)
        if not self._keeps_removed:
            self._forget(library)

    def _forget(self, library: Library) -> None:
        for function in library.functions.values():
            self.runner.sandbox.forget_function(function.id)
