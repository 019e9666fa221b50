"""Old servers, snapshots without a stream, function libraries, slices, and what goes wrong inside."""

from __future__ import annotations

import pytest

from miniredis.dispatch.function_libraries import FunctionLibraries
from miniredis.dispatch.roles import Replication
from miniredis.keyspace.snapshot import LOADED, SnapshotLoader
from miniredis.resp.errors import ReplyError
from miniredis.testing.memory import MemoryClient, MemoryServer
from replication.world import World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def short_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every slice is over after its first step."""
    monkeypatch.setattr("miniredis.replication.following.SLICE_NS", -1)


# -- SYNC, and snapshots alone


def received(world: World, client: MemoryClient, seconds: float = 0.5) -> bytes:
    data = client.received()
    for _ in range(round(seconds / 0.01)):
        world.run(0.01)
        data += client.received()
    return data


def test_sync_sends_a_snapshot_and_the_stream(world: World):
    primary = world.add(7001).start()
    primary.call("SET", "k", "v")
    client = primary.connect()
    client.call(b"SYNC")
    data = received(world, client)
    head, _, rest = data.partition(b"\r\n")
    assert head.startswith(b"$")
    assert rest.startswith(b"REDIS0010")
    primary.call("SET", "k", "w")
    assert b"$1\r\nw\r\n" in received(world, client, 0.1)


def test_sync_is_tried_where_psync_is_not_known(world: World):
    primary, replica = world.add(7001).start(), world.add(7002).start()
    primary.call("SET", "k", "v")
    assert primary.engine.commands.rename(b"psync", b"")
    replica.follow(primary)
    world.run_until(replica.is_in_step)
    assert replica.said("Retrying with SYNC")
    assert replica.call("GET", "k") == b"$1\r\nv\r\n"
    primary.call("SET", "k", "w")
    world.run(0.1)
    assert replica.call("GET", "k") == b"$1\r\nw\r\n"


@pytest.mark.parametrize("capability", ["eof", "none"])
def test_a_client_may_want_the_snapshot_only(world: World, capability: str):
    primary = world.add(7001).start()
    primary.call("SET", "k", "v")
    client = primary.connect()
    assert client.call(b"REPLCONF", b"rdb-only", b"1", b"capa", capability.encode()) == b"+OK\r\n"
    data = client.call(b"PSYNC", b"?", b"-1") + received(world, client)
    assert data.startswith(b"+FULLRESYNC ")
    primary.call("SET", "k", "w")
    assert received(world, client, 0.1) == b""


@pytest.mark.parametrize(("wanted", "libraries"), [(b"functions", [b"library"]), (b"", [])])
def test_a_client_may_want_functions_or_nothing(world: World, wanted: bytes, libraries: list[bytes]):
    primary = world.add(7001).start()
    primary.source.functions = [b"library"]
    primary.call("SET", "k", "v")
    client = primary.connect()
    client.call(b"REPLCONF", b"rdb-filter-only", wanted)
    client.call(b"SYNC")
    head, _, data = received(world, client).partition(b"\r\n")
    loader = SnapshotLoader(MemoryServer().engine.keyspace, False)
    loader.reader.feed(data[: int(head[1:])])
    loader.reader.finish()
    assert loader.run() == LOADED
    assert (loader.keys, loader.functions) == (0, libraries)


def test_what_follows_a_snapshot_in_the_same_piece_is_applied(world: World):
    primary, replica = world.add(7001, repl_diskless_sync="no").start(), world.add(7002).start()
    primary.source.takes = 20
    replica.follow(primary)
    world.run(0.02)
    for number in range(50):
        primary.call("RPUSH", "list", number)
    world.run_until(replica.is_in_step)
    world.run(0.1)
    assert replica.digest() == primary.digest()


# -- fields that expire


def test_who_broke_off_at_fields_that_expire_is_refused_for_a_while(world: World):
    primary = world.add(7001).start()
    primary.call("HSET", "h", "f", "v")
    primary.call("HPEXPIRE", "h", 10_000_000, "FIELDS", 1, "f")
    old = primary.connect()

    def ask(client: MemoryClient) -> bytes:
        client.call(b"REPLCONF", b"listening-port", b"7009", b"capa", b"eof")
        return client.call(b"PSYNC", b"?", b"-1") + received(world, client)

    assert b"REDIS0012" in ask(old)
    old.disconnect()
    assert primary.said("cannot load it")
    assert ask(primary.connect()).startswith(b"-NOMASTERLINK Hashes here have fields with an expiry")
    world.run(61)
    assert b"REDIS0012" in ask(primary.connect())


def test_valkey_is_sent_its_own_form(world: World):
    primary = world.add(7001).start()
    primary.call("HSET", "h", "f", "v")
    primary.call("HPEXPIRE", "h", 10_000_000, "FIELDS", 1, "f")
    for version, magic in ((b"9.0.1", b"VALKEY080"), (b"8.1.0", b"REDIS0012"), (b"odd", b"REDIS0012")):
        client = primary.connect()
        assert client.call(b"REPLCONF", b"version", version) == b"+OK\r\n"
        client.call(b"PSYNC", b"?", b"-1")
        assert magic in received(world, client)
    assert received(world, primary.connect()) == b""


# -- libraries of functions


class Libraries(FunctionLibraries):
    def __init__(self) -> None:
        self.loaded: list[bytes] = [b"old"]

    def dump_libraries(self) -> list[bytes]:
        return self.loaded

    def load_library(self, code: bytes, replace: bool) -> None:
        if code == b"bad":
            raise ReplyError(b"ERR Error compiling function")
        self.loaded.append(code)

    def flush_libraries(self) -> None:
        self.loaded.clear()


def test_libraries_come_along(world: World):
    primary, replica = world.add(7001).start(), world.add(7002).start()
    libraries = Libraries()
    replica.engine.functions = libraries
    primary.source.functions = [b"one", b"bad", b"two"]
    replaced: list[list[bytes]] = []
    replica.engine.on_data_replaced.append(replaced.append)
    replica.follow(primary)
    world.run_until(replica.is_in_step)
    assert libraries.loaded == [b"one", b"two"]
    assert replica.said("Error compiling function")
    assert replaced == [[b"one", b"bad", b"two"]]


def test_a_server_without_functions_says_what_it_lost(world: World):
    primary, replica = world.add(7001).start(), world.add(7002).start()
    replica.engine.functions = None
    primary.source.functions = [b"one"]
    replica.follow(primary)
    world.run_until(replica.is_in_step)
    assert replica.said("1 function libraries of the primary cannot be kept here")


# -- slices


@pytest.mark.parametrize("mode", ["disabled", "flush-before-load"])
@pytest.mark.usefixtures("short_slices")
def test_loading_and_applying_go_on_in_slices(world: World, mode: str):
    primary, replica = world.add(7001).start(), world.add(7002, repl_diskless_load=mode).start()
    for number in range(3000):
        primary.call("SET", f"key{number}", "x" * 50)
    replica.follow(primary)
    world.run_until(replica.is_in_step)
    client = primary.connect()
    client.send(b"*3\r\n$5\r\nRPUSH\r\n$1\r\nl\r\n$1\r\nx\r\n" * 5000)
    world.run(5)
    assert replica.call("LLEN", "l") == b":5000\r\n"
    assert replica.digest() == primary.digest()


def test_a_load_can_be_slowed_down_by_the_key(world: World):
    primary, replica = world.add(7001).start(), world.add(7002, key_load_delay="1000000").start()
    for number in range(10):
        primary.call("SET", f"key{number}", "x")
    replica.follow(primary)
    world.run(9)
    assert replica.call("GET", "key1").startswith(b"-LOADING")
    assert replica.call("CONFIG", "SET", "key-load-delay", "0") == b"+OK\r\n"
    world.run(1)
    assert replica.digest() == primary.digest()


@pytest.mark.usefixtures("short_slices")
def test_a_primary_that_is_faster_than_we_has_to_wait(world: World):
    primary, replica = world.add(7001).start(), world.add(7002).start()
    replica.follow(primary)
    world.run_until(replica.is_in_step)
    following = replica.replication.following
    piece = b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100\r\n" + b"x" * 100 + b"\r\n"
    following.link_received(piece * 60_000)
    assert following._is_paused
    assert following._link is not None
    world.run(3)
    assert not following._is_paused


# -- what goes wrong inside


@pytest.mark.interpreted
def test_a_defect_while_loading_is_told_and_tried_again(world: World):
    primary, replica = world.add(7001).start(), world.add(7002).start()
    fails = [True]

    def broken(aux: dict[bytes, bytes], functions: list[bytes]) -> None:
        if fails.pop():
            fails.append(False)
            raise ValueError("a defect")

    replica.replication.following.on_replaced = broken
    replica.follow(primary)
    world.run_until(replica.is_in_step)
    assert replica.said("a defect")


@pytest.mark.interpreted
def test_a_defect_while_feeding_replicas_does_not_end_it(world: World):
    primary, replica = world.add(7001).start(), world.add(7002).start()
    primary.call("SET", "k", "v")
    before = primary.replication.primary.pump
    fails = [True]

    def broken() -> bool:
        if fails:
            fails.pop()
            raise ValueError("a defect")
        return before()

    primary.replication.primary.pump = broken  # type: ignore[method-assign]
    replica.follow(primary)
    world.run_until(replica.is_in_step)
    assert primary.said("a defect")


def test_promoted_with_half_a_sync_it_has_no_past(world: World):
    primary = world.add(7001).start()
    replica = world.add(7002, repl_diskless_load="flush-before-load").start()
    for number in range(3000):
        primary.call("SET", f"key{number}", "x" * 50)
    replica.follow(primary)
    world.run_until(lambda: replica.engine.keyspace.total_keys() > 0)
    assert replica.call("REPLICAOF", "NO", "ONE").startswith(b"-LOADING")
    replica.replication.promote()
    assert replica.info("master_replid2") == "0" * 40
    assert replica.call("DBSIZE") == b":0\r\n"
    assert replica.call("SET", "k", "v") == b"+OK\r\n"


def test_what_was_loaded_beside_goes_when_the_link_breaks(world: World):
    primary = world.add(7001).start()
    replica = world.add(7002, repl_diskless_load="swapdb").start()
    replica.call("SET", "old", "1")
    for number in range(3000):
        primary.call("SET", f"key{number}", "x" * 50)
    replica.follow(primary)
    world.run_until(lambda: replica.replication.following.incoming is not None)
    world.run_until(lambda: (incoming := replica.replication.following.incoming) is not None and incoming.keys() > 0)
    assert replica.call("GET", "old") == b"$1\r\n1\r\n"
    for connection in list(world.connections):
        connection.break_now()
    world.run(0.001)
    assert replica.call("GET", "old") == b"$1\r\n1\r\n"
    assert replica.is_whole()
    world.run_until(replica.is_in_step)
    assert replica.digest() == primary.digest()


def test_a_server_that_stops_leaves_no_snapshot_behind(world: World):
    primary, replica = world.add(7001).start(), world.add(7002).start()
    primary.source.takes = 1000
    replica.follow(primary)
    world.run(0.2)
    primary.replication.stop()
    assert primary.source.begun[0].is_closed


def test_a_snapshot_that_nobody_waits_for_is_given_up(world: World):
    primary, replica = world.add(7001, repl_diskless_sync="no").start(), world.add(7002).start()
    primary.source.takes = 1000
    replica.follow(primary)
    world.run(0.2)
    replica.call("REPLICAOF", "NO", "ONE")
    world.run(0.1)
    assert primary.source.begun[0].is_closed


def test_a_server_without_replication_says_so():
    client = MemoryServer().connect()
    assert client.call(b"ROLE") == b"-ERR this server does not replicate\r\n"


def test_cluster_nodes_are_told_their_roles_by_the_cluster(world: World):
    node = world.add(7001, cluster_enabled="yes")
    assert node.call("REPLICAOF", "h", 1) == b"-ERR REPLICAOF not allowed in cluster mode.\r\n"
    assert node.call("FAILOVER") == b"-ERR FAILOVER not allowed in cluster mode.\r\n"


def test_a_name_too_long_to_show_is_refused(world: World):
    node = world.add(7001)
    reply = node.call("REPLCONF", "ip-address", "x" * 300)
    assert reply == b"-ERR REPLCONF ip-address provided by replica instance is too long: 300 bytes\r\n"


def test_the_interface_is_abstract():
    interface = Replication()
    for name in dir(Replication):
        if not name.startswith(("_", "on_")):
            arguments: tuple[object, ...] = {
                "follow": ("h", 1),
                "take_origin": ({},),
                "acknowledged_by": (0,),
                "begin_failover": ("", 0, False, 0),
                "say_farewell": (0, lambda: None),
            }.get(name, ())
            with pytest.raises(NotImplementedError):
                getattr(interface, name)(*arguments)
