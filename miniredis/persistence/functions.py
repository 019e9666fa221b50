"""Function libraries in the files: where they come from, who takes them.

The engine's `functions` keeps them.  In a server without Lua they are kept as they were read and written again, so that
a file that passes through it loses nothing.
"""

from __future__ import annotations

from typing import Protocol

from miniredis.dispatch.executor import Engine
from miniredis.formats.errors import FormatError
from miniredis.resp.errors import ReplyError


class Libraries(Protocol):
    """What the engine has, if it has Lua."""

    def dump_libraries(self) -> list[bytes]: ...

    def load_library(self, code: bytes, replace: bool) -> None: ...

    def flush_libraries(self) -> None: ...


class StoredFunctions:
    """The libraries of one server as its files hold them."""

    def __init__(self, engine: Engine) -> None:
        self.engine: Engine = engine
        self._kept: list[bytes] = []

    def _libraries(self) -> Libraries | None:
        found: Libraries | None = getattr(self.engine, "functions", None)
        return found

    def sources(self) -> list[bytes]:
        """What is to be written."""
        libraries = self._libraries()
        return libraries.dump_libraries() if libraries is not None else self._kept

    def load(self, codes: list[bytes]) -> None:
        """Take over what was read; FormatError if one is no library."""
        libraries = self._libraries()
        if libraries is None:
            self._kept = self._kept + codes
            return
        for code in codes:
            try:
                libraries.load_library(code, False)
            except ReplyError as problem:
                raise FormatError(f"a function library: {problem.message.decode('utf-8', 'replace')}") from None

    def forget(self) -> None:
        """Before everything is loaded anew."""
        self._kept = []
        libraries = self._libraries()
        if libraries is not None:
            libraries.flush_libraries()
