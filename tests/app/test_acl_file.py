"""The ACL file on disk: read at the start and by ACL LOAD, written by ACL SAVE."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from miniredis.app.acl_file import keep_users_in_file
from miniredis.config.reader import ConfigError
from miniredis.testing.memory import MemoryServer


def test_users_are_read_changed_and_saved(tmp_path: Path) -> None:
    path = tmp_path / "users.acl"
    path.write_bytes(b"user reader on nopass ~cache:* +@read\n")
    server = MemoryServer()
    keep_users_in_file(server.engine.acl, str(path), False)
    client = server.connect()
    assert client.call(b"ACL", b"USERS") == b"*2\r\n$7\r\ndefault\r\n$6\r\nreader\r\n"
    client.call(b"ACL", b"SETUSER", b"writer", b"on", b">secret", b"+set")
    assert client.call(b"ACL", b"SAVE") == b"+OK\r\n"
    assert path.read_bytes().splitlines() == server.engine.acl.describe()
    assert b"secret" not in path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["users.acl"]
    path.write_bytes(b"user other on\n")
    assert client.call(b"ACL", b"LOAD") == b"+OK\r\n"
    assert client.call(b"ACL", b"USERS") == b"*2\r\n$7\r\ndefault\r\n$5\r\nother\r\n"


def test_a_failure_to_save_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "users.acl"
    path.write_bytes(b"")
    server = MemoryServer()
    keep_users_in_file(server.engine.acl, str(path), False)
    path.unlink()
    path.mkdir()
    assert server.connect().call(b"ACL", b"SAVE").startswith(b"-ERR There was an error trying to save the ACLs")
    assert os.listdir(tmp_path) == ["users.acl"]
    assert any("ACL SAVE failed" in line for _, line in server.logged)


def test_what_is_wrong_stops_the_start(tmp_path: Path) -> None:
    path = tmp_path / "users.acl"
    acl = MemoryServer().engine.acl
    keep_users_in_file(acl, "", True)
    with pytest.raises(ConfigError, match="opening file"):
        keep_users_in_file(acl, str(path), False)
    path.write_bytes(b"user a +nosuch\n")
    with pytest.raises(ConfigError, match="Unknown command or category"):
        keep_users_in_file(acl, str(path), False)
    with pytest.raises(ConfigError, match="but not both"):
        keep_users_in_file(acl, str(path), True)
