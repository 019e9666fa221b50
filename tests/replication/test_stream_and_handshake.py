"""Parts by themselves: the handshake, the cut of a snapshot out of a stream, the application of commands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniredis.dispatch.port import Port
from miniredis.dispatch.write_refusals import SNAPSHOTS, refuse_writes
from miniredis.replication.handshake import FULL, GO_ON, LATER, PLAIN, WAIT, Handshake
from miniredis.replication.incoming import Payload
from miniredis.replication.stream import FAILURES_TOLD, PrimaryStream
from miniredis.resp.encoder import encode_command
from miniredis.testing.memory import MemoryServer
from replication.world import World

ID = b"a" * 40


def handshake() -> tuple[Handshake, list[str]]:
    said: list[str] = []
    talk = Handshake(lambda level, text: said.append(text))
    talk.port = 7002
    talk.version = b"9.1.0"
    assert talk.begin() == encode_command([b"PING"])
    return talk, said


def until_asked(talk: Handshake) -> bytes:
    assert talk.take(b"+PONG") == WAIT
    while not talk.output.startswith(b"*3\r\n$5\r\nPSYNC"):
        assert talk.take(b"+OK") == WAIT
    return talk.output


def test_a_handshake_tells_who_we_are_and_asks_for_everything():
    talk, _ = handshake()
    assert talk.take(b"+PONG") == WAIT
    assert talk.output == b"".join(
        [
            encode_command([b"REPLCONF", b"listening-port", b"7002"]),
            encode_command([b"REPLCONF", b"capa", b"eof", b"capa", b"psync2"]),
            encode_command([b"REPLCONF", b"version", b"9.1.0"]),
        ]
    )
    assert talk.take(b"+OK") == WAIT
    assert talk.output == b""
    assert talk.take(b"+OK") == WAIT
    assert talk.take(b"-ERR Unrecognized REPLCONF option: version") == WAIT
    assert talk.output == encode_command([b"PSYNC", b"?", b"-1"])
    assert talk.take(b"+FULLRESYNC " + ID + b" 17") == FULL
    assert (talk.replication_id, talk.offset) == (ID, 17)


def test_a_handshake_names_the_next_byte_it_needs():
    talk, _ = handshake()
    talk.replication_id, talk.offset, talk.asks_failover = ID, 41, True
    talk.user, talk.password, talk.host = b"me", b"secret", b"1.2.3.4"
    talk.take(b"-NOAUTH Authentication required.")
    assert encode_command([b"AUTH", b"me", b"secret"]) in talk.output
    assert encode_command([b"REPLCONF", b"ip-address", b"1.2.3.4"]) in talk.output
    for _ in range(5):
        talk.take(b"+OK")
    assert talk.output == encode_command([b"PSYNC", ID, b"42", b"FAILOVER"])


@pytest.mark.parametrize(
    ("line", "outcome", "new_id"),
    [
        (b"+CONTINUE", GO_ON, b""),
        (b"+CONTINUE " + b"b" * 40, GO_ON, b"b" * 40),
        (b"+CONTINUE short", GO_ON, b""),
        (b"+FULLRESYNC short 1", LATER, b"?"),
        (b"+FULLRESYNC " + ID + b" x", LATER, b"?"),
        (b"-NOMASTERLINK Can't SYNC while not connected with my master", LATER, b"?"),
        (b"-LOADING Redis is loading the dataset in memory", LATER, b"?"),
        (b"-ERR unknown command 'PSYNC'", PLAIN, b"?"),
    ],
)
def test_answers_to_psync(line: bytes, outcome: int, new_id: bytes):
    talk, _ = handshake()
    until_asked(talk)
    assert talk.take(line) == outcome
    assert talk.replication_id == new_id
    if outcome == PLAIN:
        assert talk.output == encode_command([b"SYNC"])


@pytest.mark.parametrize("line", [b"-LOADING", b"-ERR what", b"nonsense"])
def test_a_primary_that_is_not_well_is_tried_later(line: bytes):
    talk, _ = handshake()
    assert talk.take(line) == LATER
    assert "Error reply to PING" in talk.problem


def test_a_failover_target_that_refuses_is_not_asked_with_sync():
    talk, _ = handshake()
    talk.asks_failover = True
    talk.take(b"+PONG")
    for _ in range(3):
        talk.take(b"+OK")
    assert talk.take(b"-ERR PSYNC FAILOVER replid must match my replid.") == LATER


# -- the cut of a snapshot


@given(st.binary(max_size=200), st.binary(max_size=50), st.lists(st.integers(1, 30), max_size=40), st.booleans())
def test_a_snapshot_is_cut_out_exactly(data: bytes, rest: bytes, sizes: list[int], has_mark: bool):
    mark = b"0123456789" * 4
    payload = Payload(-1, mark) if has_mark else Payload(len(data), b"")
    wire = data + (mark if has_mark else b"") + rest
    found = b""
    for size in [*sizes, len(wire) + 1]:
        if payload.is_complete:
            break
        found += payload.feed(wire[:size])
        wire = wire[size:]
    assert payload.is_complete
    assert found == data
    assert payload.rest + wire == rest
    assert payload.received == len(data)


# -- the application of commands


def stream() -> tuple[MemoryServer, PrimaryStream, list[bytes], list[int]]:
    server = MemoryServer()
    passed: list[bytes] = []
    asked: list[int] = []
    applying = PrimaryStream(
        server.engine, server.engine.connect(Port()), 100, passed.append, lambda: asked.append(applying.applied)
    )
    return server, applying, passed, asked


SENT = b"".join(
    [
        encode_command([b"SELECT", b"1"]),
        encode_command([b"SET", b"k", b"1"]),
        b"\r\n",
        encode_command([b"MULTI"]),
        encode_command([b"INCR", b"k"]),
        encode_command([b"INCR", b"k"]),
        encode_command([b"EXEC"]),
        encode_command([b"REPLCONF", b"GETACK", b"*"]),
        encode_command([b"RPUSH", b"l", b"x" * 70_000]),
        encode_command([b"REPLCONF", b"OTHER", b"1"]),
        b"\n",
    ]
)


@given(st.lists(st.integers(1, 200), max_size=30), st.integers(1, 5))
def test_the_stream_is_applied_and_passed_on_whatever_its_pieces(sizes: list[int], most: int):
    server, applying, passed, asked = stream()
    wire = SENT
    for size in [*sizes, len(wire)]:
        applying.feed(wire[:size])
        wire = wire[size:]
        while applying.proceed(most):
            pass
        assert applying.applied == 100 + sum(map(len, passed))
    assert applying.applied == applying.received == 100 + len(SENT)
    assert applying.waiting_bytes() == 0
    assert b"".join(passed) == SENT
    assert asked == [100 + SENT.index(encode_command([b"RPUSH", b"l", b"x" * 70_000]))]
    client = server.connect()
    client.call(b"SELECT", b"1")
    assert client.call(b"GET", b"k") == b"$1\r\n3\r\n"
    assert applying.db_index() == 1


def test_within_multi_nothing_counts_as_applied():
    server, applying, passed, _ = stream()
    applying.feed(encode_command([b"MULTI"]) + encode_command([b"SET", b"k", b"v"]))
    assert not applying.proceed(100)
    assert applying.applied == 100
    assert passed == []
    assert server.connect().call(b"EXISTS", b"k") == b":0\r\n"


def test_what_cannot_be_executed_is_told_and_passed_over():
    server, applying, passed, _ = stream()
    for _ in range(FAILURES_TOLD + 5):
        applying.feed(encode_command([b"NOSUCHCOMMAND", b"x"]))
    applying.feed(encode_command([b"SET", b"k", b"v"]))
    applying.proceed(1000)
    assert applying.failed_commands == FAILURES_TOLD + 5
    assert sum("== CRITICAL ==" in text for _, text in server.logged) == FAILURES_TOLD
    assert server.connect().call(b"GET", b"k") == b"$1\r\nv\r\n"


def test_a_stream_whose_session_was_closed_does_nothing_more():
    server, applying, passed, _ = stream()
    applying.feed(encode_command([b"SET", b"k", b"v"]))
    server.engine.disconnect(applying.session)
    assert not applying.proceed(100)
    assert passed == []


# -- links that say something else


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n", "Error reply to PING"),
        (b"x" * 5000, "a line without end"),
    ],
)
def test_a_server_that_is_none_is_left(sent: bytes, told: str):
    world = World()
    world.add(7001).start()
    replica = world.add(7002).start()
    following = replica.replication.following
    following._link = world.connect("10.0.0.1", 7001, following, 1)
    following.link_made()
    following.link_received(sent)
    assert replica.said(told)


@pytest.mark.parametrize(
    ("header", "told"),
    [
        (b"-ERR no\r\n", "MASTER aborted replication with an error: ERR no"),
        (b"*1\r\n", "Bad protocol from MASTER, the first byte is not '$'"),
        (b"$x\r\n", "Bad protocol from MASTER"),
    ],
)
def test_a_snapshot_needs_its_header(header: bytes, told: str):
    world = World()
    primary, replica = world.add(7001).start(), world.add(7002).start()
    primary.source.takes = 1000
    replica.follow(primary)
    world.run(0.01)
    following = replica.replication.following
    following.drop()
    following._link = world.connect("10.0.0.1", 7001, following, 1)
    following._enter("sync")
    following.link_received(b"\n" + header)
    assert replica.said(told)


def test_a_stream_that_makes_no_sense_ends_the_link():
    world = World()
    primary, replica = world.add(7001).start(), world.add(7002).start()
    replica.follow(primary)
    world.run_until(replica.is_in_step)
    replica.replication.following.link_received(b"*1\r\n:5\r\n")
    assert replica.said("Protocol error in the stream of the MASTER")
    assert not replica.is_in_step()
    world.run_until(replica.is_in_step)


def failing_replica() -> tuple[MemoryServer, PrimaryStream, list[str]]:
    server = MemoryServer()
    ended: list[str] = []
    server.engine.on_fatal = ended.append
    stream = PrimaryStream(server.engine, server.engine.own_session(Port()), 100, lambda data: None, lambda: None)
    refuse_writes(server.engine, SNAPSHOTS, b"MISCONF the disk fails")
    return server, stream, ended


@pytest.mark.parametrize(
    "commands", [[[b"SET", b"k", b"v"]], [[b"MULTI"], [b"SET", b"k", b"v"], [b"EXEC"]]], ids=["alone", "block"]
)
def test_a_replica_that_cannot_keep_what_it_is_sent_ends(commands: list[list[bytes]]) -> None:
    server, stream, ended = failing_replica()
    stream.feed(b"".join([encode_command(argv) for argv in commands]))
    assert not stream.proceed(10)
    stream.feed(encode_command([b"SET", b"other", b"v"]))
    assert not stream.proceed(10)
    assert ended == ["Replica was unable to write command to disk."]
    assert server.connect().call(b"DBSIZE") == b":0\r\n"
    assert stream.applied == 100, "the next process asks for it again"


def test_what_changes_nothing_needs_no_disk() -> None:
    _, stream, ended = failing_replica()
    stream.feed(encode_command([b"PING"]) + encode_command([b"SELECT", b"1"]))
    stream.proceed(10)
    assert ended == []
    assert stream.applied == stream.received


def test_a_replica_goes_on_without_its_disk_when_it_is_told_to() -> None:
    server, stream, ended = failing_replica()
    server.engine.config.assign("replica-ignore-disk-write-errors", b"yes")
    for _ in range(3):
        stream.feed(encode_command([b"INCR", b"k"]))
        stream.proceed(10)
    assert ended == []
    assert server.connect().call(b"GET", b"k") == b"$1\r\n3\r\n"
    warning = "Replica is applying a command even though it is unable to write to disk."
    assert [text for _, text in server.logged].count(warning) == 1


def test_a_replica_without_good_replicas_of_its_own_obeys() -> None:
    server = MemoryServer()
    stream = PrimaryStream(server.engine, server.engine.own_session(Port()), 0, lambda data: None, lambda: None)
    refuse_writes(server.engine, "replicas", b"NOREPLICAS too few")
    stream.feed(encode_command([b"SET", b"k", b"v"]))
    stream.proceed(10)
    assert server.connect().call(b"GET", b"k") == b"$1\r\nv\r\n"
