"""What a module's commands may do, and what happens when they do wrong."""

from __future__ import annotations

from miniredis.dispatch.sinks import LogSink, Replay
from miniredis.modules.api import Context, server_of
from modules.servers import call, serving

SAMPLE = b"modules.sample"


class Recorded(LogSink):
    def __init__(self) -> None:
        self.commands: list[list[bytes]] = []

    def append(self, db_index: int, argv: list[bytes], raw: bytes | None) -> None:
        self.commands.append(argv)

    def append_block(self, commands: list[Replay]) -> None:
        self.commands.append([b"MULTI"])
        self.commands += [each.argv for each in commands]
        self.commands.append([b"EXEC"])


def test_a_defect_is_an_error_reply_and_a_line_in_the_log():
    server, client = serving(SAMPLE)
    for way in ("", " exit", " reply"):
        assert call(client, "TALLY.BREAK" + way) == b"-ERR internal error\r\n"
    assert sum("defect in command tally.break" in text for _, text in server.logged) == 3
    assert call(client, "PING") == b"+PONG\r\n"


def test_every_kind_of_reply_is_let_through():
    _, client = serving(SAMPLE)
    assert call(client, "TALLY.REPLIES").startswith(b"*5\r\n*2\r\n$1\r\na\r\n$-1\r\n")


def test_a_command_may_answer_later():
    server, client = serving(SAMPLE)
    assert call(client, "TALLY.LATER 2") == b""
    assert call(client, "PING") == b""
    server.advance(2)
    assert client.received() == b"$5\r\nlater\r\n+PONG\r\n"
    assert call(client, "TALLY.LATERBAD") == b"-ERR internal error\r\n"


def test_where_nobody_waits_it_is_refused():
    _, client = serving(SAMPLE)
    call(client, "MULTI")
    call(client, "TALLY.LATERBAD")
    assert call(client, "EXEC") == b"*1\r\n-ERR a command that waits is not allowed here\r\n"


def test_a_command_may_wait_for_keys():
    server, client = serving(SAMPLE)
    waiting = server.connect()
    assert call(waiting, "TALLY.WAIT k 3") == b""
    call(client, "TALLY.ADD k 1")
    assert waiting.received() == b""
    call(client, "TALLY.ADD k 2")
    assert waiting.received() == b":3\r\n"
    assert call(waiting, "TALLY.WAIT k 2") == b":3\r\n"


def test_commands_run_by_a_command_are_logged_as_one_block():
    server, client = serving(SAMPLE)
    log = Recorded()
    server.engine.log_sinks.append(log)
    server.engine.refresh_listening()
    assert call(client, "TALLY.TWICE k 7") == b"*2\r\n:1\r\n:2\r\n"
    assert log.commands == [[b"MULTI"], [b"INCR", b"k"], [b"APPEND", b"k", b"7"], [b"EXEC"]]
    assert call(client, "GET k") == b"$2\r\n17\r\n"


def test_what_a_command_may_not_run_is_refused():
    server, client = serving(SAMPLE)
    refused = b"-ERR This command is not allowed from a module\r\n"
    assert call(client, "TALLY.CALL SUBSCRIBE c") == refused
    assert call(client, "TALLY.CALL TALLY.LATER 1") == b"-ERR a command that waits is not allowed here\r\n"
    assert call(client, "TALLY.CALL NOSUCH").startswith(b"-ERR unknown command")
    assert call(client, "TALLY.CALL GET").startswith(b"-ERR wrong number of arguments for 'get'")
    call(client, "ACL SETUSER tom on nopass ~* +tally.call")
    tom = server.connect()
    call(tom, "AUTH tom x")
    assert call(tom, "TALLY.CALL SET k v").startswith(b"-NOPERM")


def test_a_type_is_respected():
    _, client = serving(SAMPLE)
    call(client, "SET s v")
    call(client, "TALLY.ADD t 1")
    assert call(client, "TALLY.ADD s 1").startswith(b"-WRONGTYPE")
    assert call(client, "TALLY.GET s").startswith(b"-WRONGTYPE")
    assert call(client, "GET t").startswith(b"-WRONGTYPE")


def test_timers_can_be_cancelled_and_have_an_interval():
    server, client = serving(SAMPLE)
    context: Context = client.session.context
    module = server_of(context, "tally")
    came: list[int] = []
    once = module.call_later(1, lambda ctx: came.append(1))
    often = module.call_every(1, lambda ctx: came.append(2))
    once.cancel()
    server.advance(1)
    often.cancel()
    server.advance(3)
    assert came == [2]
    try:
        module.call_every(0, lambda ctx: None)
    except ValueError as problem:
        assert "an interval" in str(problem)
    else:
        raise AssertionError("an interval of nothing was taken")
    module.log("notice", "said")
    assert server.logged[-1] == ("notice", "<tally> said")
