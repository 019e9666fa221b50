"""Values of modules are saved, loaded, copied, compared and measured as the server's own are."""

from __future__ import annotations

from pathlib import Path

import pytest

from miniredis.datatypes.limits import EncodingLimits
from miniredis.formats.errors import FormatError, IncompleteError
from miniredis.formats.rdb_primitives import RdbSink, RdbSource
from miniredis.formats.rdb_values import build_registry
from miniredis.formats.registry import TYPE_MODULE_2, CommandSink, PassedOver
from miniredis.keyspace.snapshot import LOADED, SnapshotLoader, SnapshotWriter
from miniredis.modules.items import ItemReader, ItemWriter, read_item
from miniredis.modules.values import ModuleCodec, ModuleValue, module_type_id
from miniredis.persistence.check_rdb import check_rdb
from miniredis.testing.memory import MemoryServer
from modules.sample import Tally
from modules.servers import call, serving

SAMPLE = b"modules.sample"


def saved(server: MemoryServer) -> bytes:
    writer = SnapshotWriter(server.engine.keyspace)
    writer.begin([], [])
    return b"".join(iter(writer.step, b""))


def test_a_snapshot_holds_them_and_loads_byte_by_byte():
    server, client = serving(SAMPLE)
    call(client, "TALLY.ADD k -5 named")
    data = saved(server)
    other, reader = serving(SAMPLE)
    loader = SnapshotLoader(other.engine.keyspace, False)
    for place in range(len(data)):
        loader.reader.feed(data[place : place + 1])
        state = loader.run(100)
    assert state == LOADED
    assert call(reader, "TALLY.GET k") == b"*3\r\n:-5\r\n$5\r\nnamed\r\n$3\r\n0.5\r\n"


def test_a_server_without_the_module_says_which_type_it_lacks():
    server, client = serving(SAMPLE)
    call(client, "TALLY.ADD k 1")
    data = saved(server)
    other, _ = serving()
    loader = SnapshotLoader(other.engine.keyspace, False)
    loader.reader.feed(data)
    with pytest.raises(FormatError, match="tally-val"):
        loader.run(100)


def test_dump_and_restore_give_the_same_value():
    server, client = serving(SAMPLE)
    call(client, "TALLY.ADD k 5 x")
    payload = client.call(b"DUMP", b"k").split(b"\r\n", 1)[1][:-2]
    assert client.call(b"RESTORE", b"copy", b"0", payload) == b"+OK\r\n"
    digest = call(client, "DEBUG DIGEST-VALUE k")
    assert call(client, "DEBUG DIGEST-VALUE copy") == digest
    call(client, "TALLY.ADD copy 1")
    assert call(client, "DEBUG DIGEST-VALUE copy") != digest
    assert server.engine.keyspace.values.codec(Tally(1, b"")).type_name() == b"tally-val"


def test_copies_are_independent():
    _, client = serving(SAMPLE)
    call(client, "TALLY.ADD k 5")
    assert call(client, "COPY k twin") == b":1\r\n"
    call(client, "TALLY.ADD twin 1")
    assert call(client, "TALLY.GET k").startswith(b"*3\r\n:5\r\n")


def test_what_the_server_says_about_them():
    _, client = serving(SAMPLE)
    call(client, "TALLY.ADD k 5")
    assert call(client, "TYPE k") == b"+tally-val\r\n"
    assert call(client, "OBJECT ENCODING k") == b"$3\r\nraw\r\n"
    assert int(call(client, "MEMORY USAGE k")[1:]) > 64
    assert call(client, "SCAN 0 TYPE tally-val") == b"*2\r\n$1\r\n0\r\n*1\r\n$1\r\nk\r\n"
    assert call(client, "UNLINK k") == b":1\r\n"


def test_memory_is_counted_where_a_limit_is_set():
    server, client = serving(SAMPLE, maxmemory=b"100mb")
    call(client, "TALLY.ADD k 5")
    with_it = server.engine.keyspace.memory.used
    call(client, "DEL k")
    assert server.engine.keyspace.memory.used < with_it


class Collected(CommandSink):
    def __init__(self) -> None:
        self.commands: list[list[bytes]] = []

    def command(self, arguments: list[bytes]) -> None:
        self.commands.append(arguments)


def test_a_log_that_is_written_anew_restores_them():
    server, client = serving(SAMPLE)
    call(client, "TALLY.ADD k 5 x")
    values = server.engine.keyspace.values
    value = server.engine.keyspace.databases[0].peek(b"k")
    sink = Collected()
    values.codec(value).replay(b"k", value, sink)
    other, reader = serving(SAMPLE)
    assert [reader.call(*argv) for argv in sink.commands] == [b"+OK\r\n"]
    assert call(reader, "TALLY.GET k") == call(client, "TALLY.GET k")


class Own(Tally):
    """One that says more itself."""

    TYPE = "own-tally"

    def replay(self, key: bytes) -> list[list[bytes]]:
        return [[b"TALLY.ADD", key, b"%d" % self.count]]

    def digest_parts(self) -> list[bytes]:
        return [b"%d" % self.count]


def test_a_type_may_say_how_it_is_replayed_and_compared():
    server, _ = serving()
    codec = ModuleCodec(Own, 3, server.engine.keyspace.values)
    sink = Collected()
    codec.replay(b"k", Own(4, b""), sink)
    assert sink.commands == [[b"TALLY.ADD", b"k", b"4"]]
    assert codec.digest(Own(4, b"a"), 0) == codec.digest(Own(4, b"b"), 0) != codec.digest(Own(5, b"a"), 0)
    assert codec.free_effort(Own(4, b"")) == 1 and codec.codes() == [TYPE_MODULE_2] and codec.digest_number() == 5


def test_an_older_encoding_is_understood():
    server, _ = serving(SAMPLE)
    codec = ModuleCodec(Tally, 2, server.engine.keyspace.values)
    sink = RdbSink()
    codec.save(Tally(9, b"old", 0.25), sink)
    loader = server.engine.keyspace.values.loader(TYPE_MODULE_2, 10)
    source = RdbSource(sink.take())
    assert loader.advance(source, 100)
    value = loader.value
    assert isinstance(value, Tally) and (value.count, value.share) == (9, 0.5)


def test_a_value_that_cannot_be_saved_fails_alone():
    server, client = serving(SAMPLE)
    call(client, "TALLY.ADD k 1 unsaveable")
    assert call(client, "DUMP k") == b"-ERR internal error\r\n"
    assert call(client, "TALLY.GET k").startswith(b"*3\r\n:1\r\n")
    assert any("this one cannot be saved" in text for _, text in server.logged)


class Broken(Tally):
    @classmethod
    def load(cls, items: ItemReader, encoding: int) -> ModuleValue:
        if encoding == 2:
            raise KeyError("a defect")
        return Tally(1, b"")


@pytest.mark.parametrize(("encoding", "reason"), [(2, "cannot load its value"), (3, "loaded something else")])
def test_a_loader_with_a_defect_makes_the_data_corrupt(encoding: int, reason: str):
    server, _ = serving()
    sink = RdbSink()
    ItemWriter().write(sink)
    loader = ModuleCodec(Broken, encoding, server.engine.keyspace.values).load(TYPE_MODULE_2, 10)
    with pytest.raises(FormatError, match=reason):
        loader.advance(RdbSource(sink.take()), 10)


def test_huge_values_load_in_slices():
    server, _ = serving()
    items = ItemWriter()
    Tally(1, b"n").save(items)
    sink = RdbSink()
    items.write(sink)
    loader = ModuleCodec(Tally, 3, server.engine.keyspace.values).load(TYPE_MODULE_2, 10)
    source = RdbSource(sink.take())
    assert [loader.advance(source, 2) for _ in range(3)] == [False, False, True]


def test_items_are_checked():
    items = ItemWriter()
    for wrong in (1 << 63, -(1 << 63) - 1):
        with pytest.raises(ValueError, match="64 bits"):
            items.number(wrong)
    with pytest.raises(ValueError, match="without a sign"):
        items.unsigned(-1)
    items.unsigned(9)
    with pytest.raises(FormatError, match="another kind"):
        ItemReader(items.items).string()
    with pytest.raises(FormatError, match="counts more"):
        ItemReader(items.items).count()
    with pytest.raises(FormatError, match="ends early"):
        ItemReader([]).number()
    # A float of four bytes, which other servers may write, is passed over; what is unknown is not.
    assert read_item(RdbSource(b"\x03abcd")) == (3, 0.0)
    with pytest.raises(FormatError, match="unknown kind"):
        read_item(RdbSource(b"\x09"))
    with pytest.raises(IncompleteError):
        read_item(RdbSource(b"\x05\x05ab"))


def test_the_two_halves_of_a_type_must_be_written():
    with pytest.raises(NotImplementedError):
        ModuleValue().save(ItemWriter())
    with pytest.raises(NotImplementedError):
        ModuleValue.load(ItemReader([]), 1)


def test_a_file_can_be_checked_without_the_module(tmp_path: Path):
    server, client = serving(SAMPLE)
    call(client, "TALLY.ADD k 1")
    call(client, "SET s v")
    file = tmp_path / "dump.rdb"
    file.write_bytes(saved(server))
    report = check_rdb(str(file))
    assert report.by_type == {"tally-val": 1, "string": 1}


def test_what_is_passed_over_may_come_in_pieces():
    items = ItemWriter()
    Tally(1, b"n").save(items)
    sink = RdbSink()
    sink.write_length(module_type_id("tally-val", 9))
    items.write(sink)
    data = sink.take()
    registry = build_registry(EncodingLimits())
    registry.passes_over_modules = True
    loader = registry.loader(TYPE_MODULE_2, 10)
    source = RdbSource()
    for place in range(len(data)):
        source.feed(data[place : place + 1])
        source.refill()
        try:
            done = loader.advance(source, 1)
            done = done or loader.advance(source, 1)
        except IncompleteError:
            continue
    assert done and isinstance(loader.value, PassedOver) and loader.value.type_name == "tally-val"
