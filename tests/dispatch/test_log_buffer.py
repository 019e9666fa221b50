"""What is to be logged gathers as bytes; output is held until it is released."""

import pytest

from miniredis.dispatch.log_buffer import LogBuffer
from miniredis.dispatch.port import Port
from miniredis.dispatch.sinks import Replay
from miniredis.formats.aof import encode_command
from miniredis.testing.memory import MemoryServer


class UnheldLog(LogBuffer):
    """Replies do not wait for it."""

    def settle(self) -> None:
        self.release(self.appended)


class NotedPort(Port):
    def __init__(self) -> None:
        super().__init__()
        self.woken = 0

    def wake(self) -> None:
        self.woken += 1


def test_a_database_is_named_before_its_first_command() -> None:
    log = LogBuffer()
    log.append(0, [b"SET", b"a", b"1"], b"raw request")
    log.append(0, [b"DEL", b"a"], None)
    log.append(2, [b"DEL", b"b"], None)
    text = log.take()
    assert text.startswith(b"*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\nraw request*2\r\n$3\r\nDEL\r\n")
    assert text.count(b"SELECT") == 2 and log.appended == len(text)
    log.forget_database()
    log.append(2, [b"DEL", b"b"], None)
    assert log.take().startswith(b"*2\r\n$6\r\nSELECT\r\n$1\r\n2\r\n")


def test_a_block_is_a_transaction() -> None:
    log = LogBuffer()
    log.append_block([Replay(0, [b"DEL", b"a"], None), Replay(0, [b"DEL", b"b"], None)])
    text = log.take()
    assert text.startswith(b"*1\r\n$5\r\nMULTI\r\n") and text.endswith(b"*1\r\n$4\r\nEXEC\r\n")
    log.put_back(text)
    log.append(0, [b"DEL", b"c"], None)
    assert log.take().startswith(text)


def test_output_waits_for_what_was_appended_before_it() -> None:
    log = LogBuffer()
    first, second = NotedPort(), NotedPort()
    assert not log.is_behind()
    log.append(0, [b"DEL", b"a"], None)
    log.hold(first)
    early = log.appended
    log.append(0, [b"DEL", b"b"], None)
    log.hold(second)
    log.hold(second)
    assert log.is_behind() and first.is_held
    log.release(early)
    assert (first.woken, second.woken) == (1, 0) and not first.is_held
    log.release(log.appended)
    assert second.woken == 1 and not log.is_behind()
    log.release(log.appended)


def test_only_a_writer_settles() -> None:
    with pytest.raises(AssertionError):
        LogBuffer().settle()


def test_what_left_is_taken_for_durable_where_nobody_knows_better() -> None:
    log = LogBuffer()
    log.append(0, [b"A"], None)
    assert log.durable() == 0
    log.release(log.appended)
    assert log.durable() == log.appended


def test_long_commands_keep_their_place_among_short_ones() -> None:
    log = LogBuffer()
    commands = [[b"SET", b"a", b"1"], [b"SET", b"b", b"x" * 20_000], [b"SET", b"c", b"3"]]
    assert log.is_empty()
    log.forget_database()
    for argv in commands:
        log.append(0, argv, None)
    assert not log.is_empty()
    assert log.gathered_bytes() == log.appended
    text = log.take()
    assert text.endswith(b"".join([encode_command(argv) for argv in commands]))
    assert log.appended == len(text)
    assert log.gathered_bytes() == 0


def test_the_file_gets_no_messages() -> None:
    server = MemoryServer()
    log = UnheldLog()
    server.engine.log_sinks.append(log)
    server.engine.refresh_listening()
    client = server.connect()
    for line in (b"PUBLISH c m", b"MULTI", b"SET k v", b"PUBLISH c m", b"EXEC"):
        client.call(*line.split())
    assert log.take() == b"*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n"


def test_a_block_that_serves_who_waited_logs_nothing_more() -> None:
    server = MemoryServer()
    log = UnheldLog()
    server.engine.log_sinks.append(log)
    server.engine.refresh_listening()
    waiting, client = server.connect(), server.connect()
    waiting.send(b"BLPOP l 0\r\n")
    for line in (b"MULTI", b"RPUSH l a", b"EXEC"):
        client.call(*line.split())
    assert log.take().endswith(b"*3\r\n$5\r\nRPUSH\r\n$1\r\nl\r\n$1\r\na\r\n*2\r\n$4\r\nLPOP\r\n$1\r\nl\r\n")
