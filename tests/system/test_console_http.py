"""The HTTP ports of a real process: who gets what, under miniredis-server and under twistd."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable
from urllib.parse import urlencode

import pytest

from oracle.servers import ServerProcess, free_port
from system.conftest import program

Start = Callable[..., ServerProcess]
COMMANDS = [["miniredis-server"], ["twistd", "-n", "miniredis"]]


def get(
    port: int, path: str, method: str = "GET", body: bytes = b"", **headers: str
) -> tuple[int, dict[str, str], str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        words = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body or None, words)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode()
    finally:
        connection.close()


@pytest.mark.parametrize("command", COMMANDS, ids=[words[0] for words in COMMANDS])
def test_both_ports_answer(start: Start, command: list[str]) -> None:
    web, metrics = free_port(), free_port()
    started = [program(command[0]), *command[1:]]
    server = start("--web-port", str(web), "--metrics-port", str(metrics), "--requirepass", "s", command=started)
    code, _, text = get(metrics, "/metrics")
    assert code == 200
    assert "redis_up 1.0" in text
    assert get(web, "/")[0] == 200
    assert get(web, "/api/status")[0] == 401
    assert get(web, "/socket")[0] == 401
    assert get(web, "/", host="evil.example")[0] == 403
    form = urlencode({"password": "s"}).encode()
    code, headers, _ = get(web, "/login", "POST", form, content_type="application/x-www-form-urlencoded")
    assert code == 303
    cookie = headers["set-cookie"].partition(";")[0]
    code, _, text = get(web, "/api/status", cookie=cookie)
    assert code == 200
    assert json.loads(text)["server"]["tcp_port"] == str(server.port)
    assert "Traceback" not in server.output


def test_a_port_that_is_taken_ends_the_start(start: Start) -> None:
    first = start()
    second = start("--web-port", str(first.port), wait=False)
    assert second.process.wait(20) == 1
    assert "Could not create the web listening socket" in second.output
