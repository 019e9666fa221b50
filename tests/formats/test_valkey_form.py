"""Data in the form of Valkey 9: another magic, and another way to say when fields of a hash expire."""

from __future__ import annotations

from miniredis.formats.registry import VALKEY_RDB_VERSION
from miniredis.keyspace.snapshot import LOADED, SnapshotLoader, SnapshotWriter
from miniredis.testing.memory import MemoryServer


def test_what_is_written_for_valkey_is_read_back():
    server, copy = MemoryServer(), MemoryServer()
    client, reader = server.connect(), copy.connect()
    client.call(b"SET", b"s", b"v")
    client.call(b"RPUSH", b"l", b"a", b"b")
    client.call(b"HSET", b"plain", b"f", b"v")
    client.call(b"HSET", b"mixed", b"f", b"1", b"g", b"2")
    client.call(b"HPEXPIRE", b"mixed", b"100000", b"FIELDS", b"1", b"f")
    writer = SnapshotWriter(server.engine.keyspace, True, True, VALKEY_RDB_VERSION)
    writer.begin([], [])
    data = b"".join(iter(writer.step, b""))
    assert data.startswith(b"VALKEY080")
    loader = SnapshotLoader(copy.engine.keyspace, False)
    loader.reader.feed(data)
    loader.reader.finish()
    assert loader.run() == LOADED
    assert loader.keys == 4
    for key in (b"plain", b"mixed"):
        assert reader.call(b"HGETALL", key) == client.call(b"HGETALL", key)
    asked = (b"HPEXPIRETIME", b"mixed", b"FIELDS", b"2", b"f", b"g")
    assert reader.call(*asked) == client.call(*asked)
