"""Servers in memory with modules, for the tests of this folder."""

from __future__ import annotations

from miniredis.config.config import Config
from miniredis.testing.memory import MemoryClient, MemoryServer


def configured(*modules: bytes, **settings: bytes) -> Config:
    """A configuration that loads these modules; `_` stands for the `-` of a directive."""
    config = Config()
    for name, text in {"enable_module_command": b"yes", "enable_debug_command": b"yes", **settings}.items():
        config.assign(name.replace("_", "-"), text)
    config.assign_lines("loadmodule", [module.split() for module in modules])
    return config


def serving(*modules: bytes, **settings: bytes) -> tuple[MemoryServer, MemoryClient]:
    server = MemoryServer(configured(*modules, **settings))
    return server, server.connect()


def call(client: MemoryClient, text: str) -> bytes:
    """One command of words; its reply as it comes over the wire."""
    return client.call(*text.encode().split())
