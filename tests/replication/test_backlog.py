"""The stream's last bytes, and the readers that are in step or behind."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from miniredis.dispatch.session import Session
from miniredis.dispatch.sinks import FOR_FILE, FOR_REPLICAS, Replay
from miniredis.formats.aof import encode_command
from miniredis.replication.backlog import Backlog, Reader
from miniredis.testing.memory import MemoryServer
from replication.world import SilentPort


def new_session(port: SilentPort) -> Session:
    return MemoryServer().engine.own_session(port)


def reader_at(backlog: Backlog, offset: int) -> tuple[Reader, SilentPort]:
    port = SilentPort()
    reader = Reader(new_session(port), offset)
    backlog.add(reader)
    return reader, port


def everything(backlog: Backlog) -> bytes:
    return backlog.read(backlog.start, 1 << 30)


def test_a_command_goes_in_as_it_came_and_names_its_database_when_that_changes():
    backlog = Backlog(1000, 0)
    backlog.append(0, [b"SET", b"k", b"v"], b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n")
    backlog.append(0, [b"DEL", b"k"], None)
    backlog.append(9, [b"DEL", b"k"], None)
    assert everything(backlog) == (
        b"*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n"
        b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n"
        b"*2\r\n$3\r\nDEL\r\n$1\r\nk\r\n"
        b"*2\r\n$6\r\nSELECT\r\n$1\r\n9\r\n"
        b"*2\r\n$3\r\nDEL\r\n$1\r\nk\r\n"
    )
    assert backlog.db_index() == 9


def test_what_happens_together_stands_between_multi_and_exec():
    backlog = Backlog(1000, 0)
    backlog.append_block([Replay(1, [b"A"], None), Replay(2, [b"B"], b"*1\r\n$1\r\nB\r\n")])
    assert everything(backlog) == (
        b"*2\r\n$6\r\nSELECT\r\n$1\r\n1\r\n*1\r\n$5\r\nMULTI\r\n*1\r\n$1\r\nA\r\n"
        b"*2\r\n$6\r\nSELECT\r\n$1\r\n2\r\n*1\r\n$1\r\nB\r\n*1\r\n$4\r\nEXEC\r\n"
    )
    backlog.append_block([Replay(2, [b"A"], None)])
    assert everything(backlog).endswith(b"EXEC\r\n*1\r\n$5\r\nMULTI\r\n*1\r\n$1\r\nA\r\n*1\r\n$4\r\nEXEC\r\n")


def test_whoever_begins_to_read_is_told_the_database():
    backlog = Backlog(1000, 0)
    backlog.append(0, [b"A"], None)
    backlog.forget_database()
    assert backlog.db_index() == -1
    before = backlog.end
    backlog.append(0, [b"A"], None)
    assert backlog.read(before, 1000).startswith(b"*2\r\n$6\r\nSELECT")


def test_a_reader_in_step_gets_the_same_bytes_by_reference():
    backlog = Backlog(1000, 0)
    reader, port = reader_at(backlog, 0)
    backlog.fetch(reader, 100)
    assert reader.in_step
    piece = b"x" * 50
    backlog.write(piece)
    backlog.write(b"y")
    assert reader.session.out[0] is piece
    assert port.woken == 1  # once a turn
    assert backlog.unread_bytes(reader) == 0
    backlog._check()


def test_commands_of_one_clients_turn_are_handed_out_together():
    state = MemoryServer().engine
    backlog = Backlog(1000, 0, state)
    reader, port = reader_at(backlog, 0)
    backlog.fetch(reader, 100)
    backlog.know_database(0)
    state.gathers = True
    backlog.append(0, [b"SET", b"a", b"1"], None)
    backlog.append_block([Replay(0, [b"DEL", b"a"], None), Replay(0, [b"DEL", b"b"], None)])
    assert (reader.session.out, port.woken) == ([], 0)
    assert backlog.end == 27 + 15 + 2 * 20 + 14
    backlog._check()
    state.gathers = False
    backlog.hand_out()
    assert len(reader.session.out) == port.woken == 1
    backlog.append(0, [b"DEL", b"c"], None)
    assert len(reader.session.out) == 2, "outside of a turn nothing waits"
    assert b"".join(reader.session.out) == everything(backlog)


def test_a_long_command_keeps_its_place_among_short_ones():
    state = MemoryServer().engine
    backlog = Backlog(1000, 0, state)
    reader, _ = reader_at(backlog, 0)
    backlog.fetch(reader, 100)
    backlog.know_database(0)
    state.gathers = True
    commands = [[b"SET", b"a", b"1"], [b"SET", b"b", b"x" * 20_000], [b"SET", b"c", b"3"]]
    for argv in commands:
        backlog.append(0, argv, None)
    backlog.hand_out()
    assert b"".join(reader.session.out) == b"".join([encode_command(argv) for argv in commands])


def test_a_reader_that_falls_behind_while_commands_gather_misses_none():
    state = MemoryServer().engine
    backlog = Backlog(1000, 0, state)
    reader, port = reader_at(backlog, 0)
    backlog.fetch(reader, 100)
    port.unread = 1
    state.gathers = True
    backlog.append(0, [b"SET", b"a", b"1"], None)
    backlog.append(0, [b"SET", b"b", b"2"], None)
    backlog.hand_out()
    assert not reader.in_step
    assert backlog.unread_bytes(reader) == backlog.end
    backlog.append(0, [b"SET", b"c", b"3"], None)
    while not reader.in_step:
        backlog.fetch(reader, 10)
    assert b"".join(reader.session.out) == everything(backlog)


def test_a_reader_whose_peer_does_not_read_falls_behind_and_catches_up():
    backlog = Backlog(100, 0)
    told: list[str] = []
    backlog.on_behind = lambda: told.append("behind")
    reader, port = reader_at(backlog, 0)
    backlog.fetch(reader, 100)
    port.unread = 1
    for number in range(2000):
        backlog.write(b"%040d" % number)
    assert told == ["behind"]
    assert not reader.in_step
    assert backlog.unread_bytes(reader) == 80000
    assert backlog.start == 0, "what it has not read stays, whatever the size"
    backlog._check()
    port.unread = 0
    while not reader.in_step:
        backlog.fetch(reader, 10000)
    assert b"".join(reader.session.out) == b"".join(b"%040d" % number for number in range(2000))
    backlog.trim()
    assert backlog.start > 0
    backlog._check()


def test_bytes_older_than_its_size_go_when_nobody_needs_them():
    backlog = Backlog(20000, 500)
    assert backlog.holds(500)
    assert not backlog.holds(499)
    for _ in range(100):
        backlog.write(b"z" * 1000)
    assert backlog.end == 100500
    assert 20000 <= backlog.kept_bytes() <= 20000 + 2 * 17000
    assert not backlog.holds(500)
    assert backlog.holds(backlog.end)
    assert not backlog.holds(backlog.end + 1)
    backlog.resize(1000)
    assert backlog.kept_bytes() <= 2 * 17000, "the last block and what follows it"
    backlog._check()


def test_a_reader_that_is_gone_keeps_nothing():
    backlog = Backlog(10, 0)
    reader, _ = reader_at(backlog, 0)
    for _ in range(100):
        backlog.write(b"z" * 1000)
    backlog.remove(reader)
    backlog.remove(reader)
    backlog.trim()
    assert backlog.kept_bytes() < 40000


def test_nothing_is_read_at_the_end():
    backlog = Backlog(10, 7)
    assert backlog.read(7, 100) == b""


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(1, 30000), st.booleans()), max_size=60), st.integers(1, 100_000)
)
def test_every_reader_sees_the_stream_whole_and_in_order(steps: list[tuple[int, int, bool]], size: int):
    state = MemoryServer().engine
    backlog = Backlog(size, 0, state)
    backlog.know_database(0)
    readers = [reader_at(backlog, 0) for _ in range(2)]
    stream = b""
    for action, amount, stuck in steps:
        if action == 3:
            stream += encode_command([b"x" * amount])
            state.gathers = stuck
            backlog.append(0, [b"x" * amount], None)
        elif action == 4:
            backlog.hand_out()
        elif action == 0:
            piece = bytes([len(stream) % 251]) * amount
            stream += piece
            backlog.write(piece)
        else:
            reader, port = readers[action - 1]
            port.unread = int(stuck)
            if not stuck and not reader.in_step:
                backlog.fetch(reader, amount)
                backlog.trim()
        backlog._check()
    backlog.hand_out()
    for reader, _ in readers:
        while not reader.in_step:
            backlog.fetch(reader, 1000)
        assert b"".join(reader.session.out) == stream


def test_a_command_of_a_script_may_be_for_the_file_alone():
    backlog = Backlog(1000, 0)
    assert backlog.concerns(FOR_REPLICAS) and not backlog.concerns(FOR_FILE)
