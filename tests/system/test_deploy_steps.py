"""What deploy/ and the Dockerfile say, done: units checked by systemd, sockets handed over, the image's steps run."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from oracle.servers import ServerProcess, free_port
from oracle.wire import SocketConnection
from system.conftest import ENVIRONMENT, ROOT, program

Start = Callable[..., ServerProcess]
UNITS = sorted([*(ROOT / "deploy").glob("*.service"), *(ROOT / "deploy").glob("*.socket")])


def verify(*paths: Path) -> str:
    """What systemd has to say about units; nothing when all is well."""
    done = subprocess.run(["systemd-analyze", "verify", *map(str, paths)], capture_output=True, text=True, timeout=60)
    return done.stdout + done.stderr


def here(path: Path, folder: Path) -> Path:
    """A copy of a unit whose programs are those that are installed for the tests."""
    copy = folder / path.name
    copy.write_text(path.read_text().replace("/opt/miniredis/bin", str(ENVIRONMENT / "bin")))
    return copy


def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    assert verify(*[here(path, tmp_path) for path in UNITS]) == ""


def test_systemd_would_find_a_mistake(tmp_path: Path) -> None:
    unit = here(UNITS[0], tmp_path)
    unit.write_text(unit.read_text().replace("ProtectSystem=", "ProtectSytem="))
    assert "ProtectSytem" in verify(unit)


def test_a_socket_is_handed_over(start: Start) -> None:
    activate = shutil.which("systemd-socket-activate")
    assert activate
    port = free_port()
    command = [activate, "-l", f"127.0.0.1:{port}", "--fdname=redis", program("miniredis-server")]
    # The program begins with the first connection, and takes no port of its own.
    server = start(command=command, wait=False)
    connection = connect(port)
    assert connection(b"PING") == b"+PONG\r\n"
    with pytest.raises(ConnectionRefusedError):
        SocketConnection(("127.0.0.1", server.port))
    connection.close()


def connect(port: int) -> SocketConnection:
    deadline = time.monotonic() + 20
    while True:
        try:
            return SocketConnection(("127.0.0.1", port))
        except OSError:
            assert time.monotonic() < deadline


def test_systemd_hears_when_the_data_is_loaded(tmp_path: Path, start: Start) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(20)
        environment = {**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "200000"}
        words = ["--port", "{port}", "--dir", "{dir}", "--supervised", "systemd", "--save", ""]
        server = ServerProcess([program("miniredis-server"), *words], env=environment)
        try:
            heard = b""
            while b"READY=1" not in heard or b"WATCHDOG=1" not in heard:
                heard += listener.recv(1000)
            assert heard.startswith(b"STATUS=Loading")
            client = server.connect()
            assert b"process_supervised:systemd" in client(b"INFO", b"server")
            client.close()
            server.process.terminate()
            while b"STOPPING=1" not in heard:
                heard += listener.recv(1000)
        finally:
            server.remove()


# -- the Dockerfile's steps, outside of Docker


def steps() -> list[tuple[str, str]]:
    text = re.sub(r"(?m)^#.*\n", "", (ROOT / "Dockerfile").read_text()).replace("\\\n", " ")
    return [(line.split(None, 1)[0], line.split(None, 1)[1].strip()) for line in text.splitlines() if line.strip()]


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What the image would hold: an environment into which its wheel was installed. Compiled it is elsewhere."""
    folder = tmp_path_factory.mktemp("image")
    source, wheels = folder / "source", folder / "wheels"
    source.mkdir()
    subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
    environment = {**os.environ, "PATH": f"{folder / 'venv' / 'bin'}:{os.environ['PATH']}", "PIP_QUIET": "2"}
    for name, words in steps():
        if name == "COPY" and not words.startswith("--from"):
            *names, _ = words.split()
            for each in names:
                if (ROOT / each).is_dir():
                    shutil.copytree(ROOT / each, source / each, ignore=shutil.ignore_patterns("__pycache__"))
                else:
                    shutil.copy(ROOT / each, source / each)
        elif name == "RUN":
            for part in words.split("&&"):
                # Packages, users and folders of the system are not ours to make here.
                if part.split()[0] in ("pip", "MINIREDIS_COMPILE=1"):
                    part = part.replace("MINIREDIS_COMPILE=1", "MINIREDIS_COMPILE=0").replace("/wheels", str(wheels))
                    subprocess.run(part, shell=True, check=True, cwd=source, env=environment, timeout=600)
    yield folder


@pytest.mark.timeout(900)
def test_the_image_s_program_serves_and_is_found_healthy(image: Path) -> None:
    found = dict(steps())
    (name,) = json.loads(found["ENTRYPOINT"])
    words = [word.replace("/data", "{dir}") for word in json.loads(found["CMD"])]
    server = ServerProcess([str(image / "venv" / "bin" / name), *words, "--port", "{port}"])
    check = json.loads(found["HEALTHCHECK"].partition("CMD")[2])
    check[0] = str(image / "venv" / "bin" / check[0])
    check[2] = check[2].replace("6379", str(server.port))
    try:
        server.wait_ready()
        assert subprocess.run(check, timeout=20).returncode == 0
        assert server.stop() == 0
        assert subprocess.run(check, capture_output=True, timeout=20).returncode != 0
    finally:
        server.remove()
