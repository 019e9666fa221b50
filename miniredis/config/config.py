"""The configuration of one server, by directive."""

from __future__ import annotations


class Config:
    """Directives and their values."""

    def __init__(self) -> None:
        self._values: dict[str, object] = {"databases": 16, "requirepass": b"", "proto-max-bulk-len": 512 << 20}

    def int(self, name: str) -> int:
        value = self._values[name]
        assert isinstance(value, int)
        return value

    def text(self, name: str) -> bytes:
        value = self._values[name]
        assert isinstance(value, bytes)
        return value
