"""How a directive is declared.

`flags` is a string of words:

fixed      only a configuration file or the command line can set it
protected  CONFIG SET needs enable-protected-configs
sensitive  never shown in logs, MONITOR or SLOWLOG
reread     names something to be read again even where CONFIG SET repeats what holds
hidden     CONFIG GET shows it only when asked by its exact name
accepted   taken, checked and shown, but changes nothing here; without this word the directive works
valkey     from Valkey; own: from us; without either it is Redis's
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from miniredis.config.values import Kind, Lines
from miniredis.resp.quoting import split_arguments

_FLAGS: Final = frozenset({"fixed", "protected", "sensitive", "reread", "hidden", "accepted", "valkey", "own"})


class Directive:
    """One directive: its name, what its value may be, what it is for."""

    def __init__(
        self, name: str, kind: Kind, default: str, summary: str, flags: str = "", aliases: Sequence[str] = ()
    ) -> None:
        words = set(flags.split())
        if not words <= _FLAGS:
            raise ValueError(f"{name}: unknown flags {words - _FLAGS}")
        self.name = name
        self.kind = kind
        self.summary = summary
        self.aliases = list(aliases)
        self.file_only = isinstance(kind, Lines)
        self.fixed = "fixed" in words or self.file_only
        self.protected = "protected" in words
        self.sensitive = "sensitive" in words
        self.reread = "reread" in words
        self.hidden = "hidden" in words
        self.used = "accepted" not in words
        self.origin = "valkey" if "valkey" in words else "miniredis" if "own" in words else "redis"
        self.default_words = split_arguments(default.encode()) or ([] if kind.several else [b""])
        self.default: object = () if self.file_only else kind.parse(self.default_words, kind.nothing())

    def words_of(self, text: bytes) -> list[bytes]:
        """The words of a value given as one text (CONFIG SET, or a single quoted word)."""
        if not self.kind.several or self.file_only:
            return [text]
        return text.split(b" ") if text else []


class Group:
    """Directives that belong together, with the text that introduces them."""

    def __init__(self, title: str, text: str, directives: Sequence[Directive]) -> None:
        self.title = title
        self.text = text
        self.directives = list(directives)
