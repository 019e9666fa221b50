"""import-mode: expired keys wait while data is moved in, and go when that is over."""

from __future__ import annotations

import pytest

from miniredis.config.config import Config
from miniredis.testing.memory import MemoryClient, MemoryServer


@pytest.fixture
def server() -> MemoryServer:
    config = Config()
    config.assign("import-mode", b"yes")
    return MemoryServer(config)


def expired_key(server: MemoryServer) -> MemoryClient:
    client = server.connect()
    client.call(b"SET", b"k", b"v", b"PX", b"10")
    server.advance(1)
    server.engine.active_expiry.run(lambda: True)
    return client


def test_a_key_whose_time_is_over_stays_hidden_until_the_import_ends(server: MemoryServer) -> None:
    client = expired_key(server)
    assert client.call(b"GET", b"k") == b"$-1\r\n"
    assert client.call(b"DBSIZE") == b":1\r\n"
    client.call(b"CONFIG", b"SET", b"import-mode", b"no")
    server.engine.active_expiry.run(lambda: True)
    assert client.call(b"DBSIZE") == b":0\r\n"


def test_what_one_command_of_an_import_source_saw_the_next_client_does_not(server: MemoryServer) -> None:
    client = expired_key(server)
    source = server.connect()
    source.call(b"CLIENT", b"IMPORT-SOURCE", b"ON")
    assert b" flags=I " in source.call(b"CLIENT", b"INFO")
    assert source.call(b"GET", b"k") == b"$1\r\nv\r\n"
    assert client.call(b"GET", b"k") == b"$-1\r\n"
    assert source.call(b"WRONG").startswith(b"-ERR unknown command")
    assert client.call(b"GET", b"k") == b"$-1\r\n"


@pytest.mark.parametrize("words", [b"RESET", b"CLIENT IMPORT-SOURCE OFF"])
def test_an_import_source_may_become_an_ordinary_client_again(server: MemoryServer, words: bytes) -> None:
    expired_key(server)
    source = server.connect()
    source.call(b"CLIENT", b"IMPORT-SOURCE", b"ON")
    source.call(*words.split())
    assert source.call(b"GET", b"k") == b"$-1\r\n"
    assert b" flags=N " in source.call(b"CLIENT", b"INFO")


def test_a_replica_goes_by_its_primary_whatever_import_mode_says(server: MemoryServer) -> None:
    keyspace = server.engine.keyspace
    keyspace.set_expire_policy(1)
    keyspace.show_expired(True)
    assert keyspace.databases[0].expire_policy == 1
    keyspace.set_imports(False)
    assert keyspace.databases[0].expire_policy == 1


def test_the_zone_of_a_server_is_told_by_hello() -> None:
    client = MemoryServer().connect()
    assert b"availability_zone" not in client.call(b"HELLO")
    client.call(b"CONFIG", b"SET", b"availability-zone", b"eu-1")
    assert client.call(b"HELLO").endswith(b"$17\r\navailability_zone\r\n$4\r\neu-1\r\n")
