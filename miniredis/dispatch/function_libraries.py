"""The libraries of functions as persistence and replication see them; scripting has the real ones."""

from __future__ import annotations

from mypy_extensions import mypyc_attr


@mypyc_attr(allow_interpreted_subclasses=True)
class FunctionLibraries:
    """All libraries of one server, each by its source."""

    def dump_libraries(self) -> list[bytes]:
        """The sources, to be written into a file or sent to a replica."""
        raise NotImplementedError

    def load_library(self, code: bytes, replace: bool) -> None:
        """Take a library over.  Raises `ReplyError`: it is no library, or there is one of its name already."""
        raise NotImplementedError

    def flush_libraries(self) -> None:
        """Forget all."""
        raise NotImplementedError
