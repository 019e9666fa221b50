"""Reasons to refuse writes, told by features under their names."""

from miniredis.dispatch.gates import GATE_WRITES_REFUSED
from miniredis.dispatch.write_refusals import refuse_writes
from miniredis.testing.memory import MemoryServer


def test_reasons_come_and_go() -> None:
    server = MemoryServer()
    call = server.connect().call
    refuse_writes(server.engine, "replicas", b"")
    assert call(b"SET", b"a", b"1") == b"+OK\r\n"
    refuse_writes(server.engine, "replicas", b"NOREPLICAS Not enough good replicas to write.")
    assert call(b"SET", b"a", b"1") == b"-NOREPLICAS Not enough good replicas to write.\r\n"
    assert call(b"PING") == b"+PONG\r\n" and call(b"GET", b"a") == b"$1\r\n1\r\n"
    refuse_writes(server.engine, "log", b"MISCONF full", also_ping=True)
    assert call(b"PING") == b"-MISCONF full\r\n"
    refuse_writes(server.engine, "replicas", b"")
    assert call(b"SET", b"a", b"1") == b"-MISCONF full\r\n"
    refuse_writes(server.engine, "log", b"")
    assert call(b"SET", b"a", b"1") == b"+OK\r\n" and not server.engine.gates & GATE_WRITES_REFUSED
