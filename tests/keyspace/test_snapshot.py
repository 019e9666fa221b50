"""All keys as an RDB file and back, in steps."""

from __future__ import annotations

from random import Random

import pytest

from miniredis.datatypes.hashes import HashValue
from miniredis.formats.errors import FormatError
from miniredis.keyspace.keyspace import Keyspace
from miniredis.keyspace.snapshot import (
    LOADED,
    MORE_TO_DO,
    NEED_INPUT,
    SnapshotLoader,
    SnapshotWriter,
    snapshot_version,
)


def keyspace() -> Keyspace:
    made = Keyspace(4, Random(1))
    made.clock.now_ms = 1_000_000
    return made


def filled() -> Keyspace:
    made = keyspace()
    for number in range(3000):
        made.databases[number % 3].put(b"key:%d" % number, b"value %d" % number * (number % 20))
    made.databases[0].expire_at(b"key:0", 2_000_000)
    made.databases[0].expire_at(b"key:3", 999_999)
    large = HashValue(made.limits)
    for number in range(10_000):
        large.set(b"field %d" % number, b"%d" % number)
    made.databases[2].put(b"large", large)
    return made


def chunks_of(source: Keyspace) -> list[bytes]:
    writer = SnapshotWriter(source)
    writer.begin([(b"redis-ver", b"7.2.4")], [b"#!lua name=l"])
    chunks = []
    while chunk := writer.step():
        chunks.append(chunk)
    assert writer.step() == b"" and writer.keys == source.total_keys()
    return chunks


def digests(of: Keyspace) -> list[int]:
    return [
        sum(of.values.digest_entry(key, value, database.expiry(key)) for key, value in database.table.items())
        for database in of.databases
    ]


def test_everything_comes_back_in_steps() -> None:
    source = filled()
    chunks = chunks_of(source)
    assert len(chunks) > 2
    target = keyspace()
    loader = SnapshotLoader(target, False)
    states = set()
    while True:
        state = loader.run(10)
        states.add(state)
        if state == NEED_INPUT:
            loader.reader.feed(chunks.pop(0))
        elif state == LOADED:
            break
    assert states == {NEED_INPUT, MORE_TO_DO, LOADED} and not chunks
    assert digests(target) == digests(source)
    assert loader.keys == 3001 and loader.functions == [b"#!lua name=l"] and loader.aux == {b"redis-ver": b"7.2.4"}


def load(data: bytes, target: Keyspace, drop_expired: bool = True, refuse: bool = False) -> SnapshotLoader:
    loader = SnapshotLoader(target, drop_expired)
    loader.refuse_existing = refuse
    loader.reader.feed(data)
    loader.reader.finish()
    while loader.run() != LOADED:
        pass
    return loader


def test_a_primary_drops_what_has_expired() -> None:
    target = keyspace()
    loader = load(b"".join(chunks_of(filled())), target)
    assert loader.expired == 1 and not target.databases[0].table.contains(b"key:3")


def test_keys_that_exist_can_be_refused_or_replaced() -> None:
    source = keyspace()
    source.databases[0].put(b"a", b"new")
    data = b"".join(chunks_of(source))
    target = keyspace()
    target.databases[0].put(b"a", b"old")
    with pytest.raises(FormatError, match="twice"):
        load(data, target, refuse=True)
    load(data, target)
    assert target.databases[0].table.get(b"a") == b"new"


def test_fields_that_expire_need_a_newer_version() -> None:
    source = keyspace()
    assert snapshot_version(source) == 10
    value = HashValue(source.limits)
    value.set(b"f", b"1")
    value.expire_field(b"f", 5_000_000)
    source.databases[1].put(b"h", value)
    assert snapshot_version(source) == 12
    target = keyspace()
    load(b"".join(chunks_of(source)), target)
    assert target.databases[1].volatile_hashes.contains(b"h")


def test_a_database_that_is_not_here_is_an_error() -> None:
    source = Keyspace(9, Random(1))
    source.databases[8].put(b"a", b"1")
    with pytest.raises(FormatError, match="database 8"):
        load(b"".join(chunks_of(source)), keyspace())


@pytest.mark.parametrize("counts", [True, False])
def test_access_records_come_along(counts: bool) -> None:
    source, target = keyspace(), keyspace()
    for each in (source, target):
        each.track_access(counts)
    source.databases[0].put(b"a", b"1")
    log = source.databases[0].access
    assert log is not None
    if counts:
        log.set_frequency(b"a", 99)
    else:
        log.set_idle(b"a", 500_000)
    load(b"".join(chunks_of(source)), target)
    found = target.databases[0].access
    assert found is not None
    assert (found.frequency(b"a") if counts else found.idle_ms(b"a")) == (99 if counts else 500_000)
