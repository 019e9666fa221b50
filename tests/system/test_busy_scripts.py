"""Scripts that do not end, over every way to a server: the others are told so, who comes new is too, and can end it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from oracle.servers import ServerProcess
from system.conftest import WORDS, program
from system.nodes import until
from system.test_tls import TlsProcess, files

__all__ = ["files"]  # a fixture

#: As on a system without epoll, and so without the hub.
WITHOUT_EPOLL = "import select; del select.epoll; from miniredis.app.main import server; server()"
THRESHOLD = ["--busy-reply-threshold", "50"]
#: What carries clients' bytes -> what INFO says of the server.
WAYS = {
    "hub": "miniredis_endpoint:hub",
    "unix": "miniredis_endpoint:hub",
    "tls": "miniredis_endpoint:hub",
    "reactor": "miniredis_endpoint:reactor",
    "reactor tls": "miniredis_endpoint:reactor",
}


class Served:
    """A server and the way to it."""

    def __init__(self, way: str, server: ServerProcess, connect: Callable[[], Any]) -> None:
        self.way = way
        self.process = server.process
        self.server = server
        self.connect = connect

    def say(self, *words: str) -> Any:
        """One command over a new connection."""
        client = self.connect()
        try:
            return client.execute_command(*words)
        finally:
            client.close()


@pytest.fixture(params=WAYS)
def served(request: pytest.FixtureRequest, files: Path) -> Iterator[Served]:
    way: str = request.param
    command = [program("miniredis-server")]
    if way.startswith("reactor"):
        command = [program("python"), "-c", WITHOUT_EPOLL]
    if way.endswith("tls"):
        secure = TlsProcess(files, command, *THRESHOLD)
        served = Served(way, secure, lambda: secure.client(single_connection_client=True))
    else:
        server = ServerProcess([*command, *WORDS, *THRESHOLD, "--unixsocket", "{dir}/server.sock"])
        path = f"{server.folder}/server.sock"
        where: dict[str, Any] = {"unix_socket_path": path} if way == "unix" else {"port": server.port}
        served = Served(way, server, lambda: redis.Redis(**where, socket_timeout=20, single_connection_client=True))
    try:
        served.server.wait_ready()
        yield served
        assert "Traceback" not in served.server.output, served.server.output[-3000:]
    finally:
        served.server.remove()


def begin(client: Any, *words: str) -> Any:
    """Send a command whose reply is read later, by `client.connection.read_response()`."""
    client.connection.send_command(*words)
    return client


def is_busy(client: Any) -> bool:
    try:
        client.get("k")
    except redis.exceptions.ResponseError as problem:
        assert str(problem).startswith("BUSY "), problem
        return True
    return False


def test_a_script_that_only_reads_is_killed(served: Served) -> None:
    other = served.connect()
    assert other.set("k", "v")
    info = other.execute_command("INFO", "server")
    name, value = WAYS[served.way].split(":")
    assert info[name] == value
    running = begin(served.connect(), "EVAL", "while true do redis.call('get', 'k') end", "0")
    until(lambda: is_busy(other), "nobody is told")
    late = served.connect()
    assert is_busy(late)
    assert late.execute_command("SCRIPT KILL") in (b"OK", True)
    with pytest.raises(redis.exceptions.ResponseError, match="Script killed by user with SCRIPT KILL"):
        running.connection.read_response()
    assert other.get("k") == late.get("k") == b"v"


def test_a_function_is_killed_and_what_waited_goes_on(served: Served) -> None:
    other = served.connect()
    other.function_load("#!lua name=l\nredis.register_function('f', function() while true do end end)")
    running = begin(served.connect(), "FCALL", "f", "0")
    until(lambda: is_busy(other), "nobody is told")
    # Behind what is refused, the rest of a pipeline is refused as well, and a message of megabytes gets through.
    pipeline = other.pipeline(transaction=False)
    pipeline.set("large", "x" * 3_000_000).get("k")
    refused = pipeline.execute(raise_on_error=False)
    assert [str(each).split()[0] for each in refused] == ["BUSY", "BUSY"]
    assert served.say("FUNCTION KILL") in (b"OK", True)
    with pytest.raises(redis.exceptions.ResponseError, match="Script killed by user with SCRIPT KILL"):
        running.connection.read_response()
    assert other.set("large", "x" * 3_000_000)


def test_a_script_that_has_written_ends_with_the_server_only(served: Served) -> None:
    other = served.connect()
    running = begin(served.connect(), "EVAL", "redis.call('set', 'k', 'v') while true do end", "0")
    until(lambda: is_busy(other), "nobody is told")
    with pytest.raises(redis.exceptions.ResponseError, match="UNKILLABLE"):
        other.execute_command("SCRIPT KILL")
    begin(other, "SHUTDOWN", "NOSAVE")
    assert served.process.wait(20) == 0
    running.close()
