"""The scripts a server knows, by the SHA1 of their text.

Scripts that came by EVAL are kept up to a number, those used least recently go first; SCRIPT LOAD keeps a script until
SCRIPT FLUSH.  The text is what is kept; what Lua makes of it can always be made again.
"""

from __future__ import annotations

from typing import Final

#: As Valkey keeps.
MOST_EVALUATED: Final = 500


class Script:
    """`id`: its number in the sandbox, while it is prepared there."""

    __slots__ = ("bytecode", "flags", "id", "is_loaded", "is_prepared", "sha", "source", "used")

    def __init__(self, sha: bytes, source: bytes, flags: int, script_id: int, bytecode: bytes) -> None:
        self.sha = sha
        self.source = source
        self.flags = flags
        self.id = script_id
        self.bytecode = bytecode
        self.is_prepared = False
        #: By SCRIPT LOAD: it stays.
        self.is_loaded = False
        self.used = 0

    def size(self) -> int:
        """About how many bytes keeping it takes."""
        return len(self.source) + len(self.bytecode) + 200


class ScriptCache:
    """Scripts by their SHA1."""

    def __init__(self) -> None:
        self.scripts: dict[bytes, Script] = {}
        #: The same by their texts: found quicker than their SHA1 is computed.
        self._by_source: dict[bytes, Script] = {}
        self.evicted = 0
        self.bytes = 0
        self._evaluated = 0
        self._tick = 0

    def get(self, sha: bytes) -> Script | None:
        """A script that is about to be used."""
        script = self.scripts.get(sha)
        if script is None and len(sha) == 40:
            script = self.scripts.get(sha.lower())
        if script is not None:
            self._tick += 1
            script.used = self._tick
        return script

    def find(self, source: bytes) -> Script | None:
        """A script that is about to be used, by its text."""
        script = self._by_source.get(source)
        if script is not None:
            self._tick += 1
            script.used = self._tick
        return script

    def add(self, script: Script) -> list[Script]:
        """Keep a script; the ones that go for it."""
        self._tick += 1
        script.used = self._tick
        self.scripts[script.sha] = script
        self._by_source[script.source] = script
        self.bytes += script.size()
        self._evaluated += 1
        gone: list[Script] = []
        while self._evaluated > MOST_EVALUATED:
            oldest = min([each for each in self.scripts.values() if not each.is_loaded], key=_last_use)
            del self.scripts[oldest.sha]
            del self._by_source[oldest.source]
            self.bytes -= oldest.size()
            self._evaluated -= 1
            self.evicted += 1
            gone.append(oldest)
        return gone

    def keep(self, script: Script) -> None:
        """As SCRIPT LOAD asks."""
        if not script.is_loaded:
            script.is_loaded = True
            self._evaluated -= 1

    def clear(self) -> list[Script]:
        gone = list(self.scripts.values())
        self.scripts = {}
        self._by_source = {}
        self.bytes = 0
        self._evaluated = 0
        return gone


def _last_use(script: Script) -> int:
    return script.used
