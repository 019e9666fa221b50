"""A server in memory and its clients; see tests/commands/conftest.py for what they can do."""

from __future__ import annotations

import pytest

from commands.conftest import CommandClient, CommandServer
from commands.recording import Record


@pytest.fixture
def server() -> CommandServer:
    return CommandServer()


@pytest.fixture
def client(server: CommandServer) -> CommandClient:
    return server.client()


@pytest.fixture
def record(server: CommandServer) -> Record:
    return Record(server)
