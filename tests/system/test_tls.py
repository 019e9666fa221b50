"""TLS between real processes: clients of others, redis-server on either side of replication, a cluster, a sentinel."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from oracle.servers import ServerProcess, free_port
from system.conftest import program
from system.crowds import assert_unharmed, open_files, p99
from system.nodes import free_node_port, until


class TlsProcess(ServerProcess):
    """A server whose only port speaks TLS; `command` begins it."""

    def __init__(self, files: Path, command: list[str], *words: str, port: int = 0) -> None:
        self.files = files
        self.tls_port = port or free_port()
        super().__init__(
            [
                *command,
                "--port",
                "0",
                "--tls-port",
                str(self.tls_port),
                "--bind",
                "127.0.0.1",
                "--dir",
                "{dir}",
                "--tls-cert-file",
                f"{files}/redis.crt",
                "--tls-key-file",
                f"{files}/redis.key",
                "--tls-ca-cert-file",
                f"{files}/ca.crt",
                *words,
            ]  # fmt: skip
        )
        self.port = self.tls_port

    def cli(self, *words: str, check: bool = True) -> str:
        done = subprocess.run(
            ["redis-cli", "-p", str(self.tls_port), *options(self.files), *words], capture_output=True, timeout=60
        )
        assert done.returncode == 0 or not check, (words, done.stdout, done.stderr)
        return done.stdout.decode()

    def wait_ready(self) -> None:
        until(lambda: "PONG" in self.cli("PING", check=False), f"no answer:\n{self.output[-2000:]}")

    def client(self, **words: Any) -> Any:
        given = {"ssl_certfile": str(self.files / "client.crt"), "ssl_keyfile": str(self.files / "client.key")}
        return redis.Redis(
            port=self.tls_port,
            ssl=True,
            ssl_ca_certs=str(self.files / "ca.crt"),
            socket_timeout=20,
            **{**given, **words},
        )


def options(files: Path) -> list[str]:
    return ["--tls", "--cacert", f"{files}/ca.crt", "--cert", f"{files}/client.crt", "--key", f"{files}/client.key"]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What miniredis-gencert makes."""
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run([program("miniredis-gencert"), str(folder)], check=True, capture_output=True)
    return folder


@pytest.fixture
def serve(files: Path) -> Iterator[Callable[..., TlsProcess]]:
    """`serve("redis", "--option", "value")` or `serve("ours", ...)`."""
    running: list[TlsProcess] = []
    plain = ["--save", "", "--repl-diskless-sync-delay", "0"]
    commands = {"ours": program("miniredis-server"), "redis": "redis-server"}

    def serve_one(kind: str, *words: str, port: int = 0) -> TlsProcess:
        running.append(TlsProcess(files, [commands[kind]], *plain, *words, port=port))
        running[-1].wait_ready()
        return running[-1]

    yield serve_one
    for server in running:
        server.remove()


Serve = Callable[..., TlsProcess]


def test_redis_cli_and_redis_benchmark(serve: Serve, files: Path) -> None:
    server = serve("ours")
    assert server.cli("SET", "k", "v") == "OK\n"
    assert server.cli("GET", "k") == "v\n"
    words = ["-p", str(server.tls_port), *options(files), "-n", "2000", "-c", "20", "-t", "set,get", "-P", "4", "-q"]
    done = subprocess.run(["redis-benchmark", *words], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and "GET:" in done.stdout, done.stdout + done.stderr
    assert int(server.cli("DBSIZE")) >= 1


def test_redis_py_with_and_without_a_certificate(serve: Serve, files: Path) -> None:
    server = serve("ours")
    client = server.client(protocol=3)
    value = os.urandom(1_000_000)
    assert client.set("k", value) is True
    assert client.get("k") == value
    with client.pipeline(transaction=False) as pipe:
        for number in range(2000):
            pipe.set(f"k{number}", number)
        assert pipe.execute() == [True] * 2000
    with pytest.raises(redis.ConnectionError):
        server.client(ssl_certfile=None, ssl_keyfile=None).ping()
    client.config_set("tls-auth-clients", "optional")
    assert server.client(ssl_certfile=None, ssl_keyfile=None).ping() is True


def test_a_certificate_is_a_user(serve: Serve, files: Path, tmp_path: Path) -> None:
    server = serve("ours", "--tls-auth-clients-user", "CN")
    server.cli("ACL", "SETUSER", "alice", "on", "+@all", "~alice:*")
    for name in ("ca.crt", "ca.key"):
        os.link(files / name, tmp_path / name)
    subprocess.run([program("miniredis-gencert"), str(tmp_path), "--client", "alice"], check=True, capture_output=True)
    alice = server.client(ssl_certfile=f"{tmp_path}/client.crt", ssl_keyfile=f"{tmp_path}/client.key")
    assert alice.acl_whoami() == "alice"
    with pytest.raises(redis.exceptions.NoPermissionError):
        alice.get("bob:1")
    assert server.client().acl_whoami() == "default"


def test_txredisapi(serve: Serve, files: Path) -> None:
    server = serve("ours")
    script = Path(__file__).with_name("txredisapi_tls_session.py")
    words = [sys.executable, str(script), str(server.tls_port), str(files)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.returncode) == ("all well\n", 0), done.stdout + done.stderr


@pytest.mark.parametrize(("primary", "replica"), [("ours", "redis"), ("redis", "ours"), ("ours", "ours")])
def test_replication(serve: Serve, primary: str, replica: str) -> None:
    source = serve(primary, "--tls-replication", "yes")
    client = source.client()
    for number in range(200):
        client.set(f"before{number}", b"x" * 1000 * (number % 30))
    target = serve(replica, "--tls-replication", "yes", "--replicaof", "127.0.0.1", str(source.tls_port))
    copy = target.client()
    until(lambda: copy.info("replication")["master_link_status"] == "up", target.output[-2000:])
    client.set("after", "v")
    client.rpush("l", *range(1000))
    assert client.wait(1, 20_000) == 1
    assert copy.dbsize() == client.dbsize() == 202
    assert copy.get("after") == b"v"
    shown = client.info("replication")["slave0"]
    assert shown["port"] == target.tls_port


def test_the_host_of_a_primary_is_checked(serve: Serve, files: Path, tmp_path: Path) -> None:
    for name in ("ca.crt", "ca.key"):
        os.link(files / name, tmp_path / name)
    subprocess.run([program("miniredis-gencert"), str(tmp_path), "--host", "elsewhere.example"], check=True)
    words = ["--tls-cert-file", f"{tmp_path}/redis.crt", "--tls-key-file", f"{tmp_path}/redis.key"]
    source = serve("ours", *words)
    target = serve("ours", "--tls-replication", "yes", "--replicaof", "127.0.0.1", str(source.tls_port))
    until(lambda: "not for 127.0.0.1" in target.output, target.output[-2000:])
    assert target.client().info("replication")["master_link_status"] == "down"
    target.cli("CONFIG", "SET", "tls-check-hostname", "no")
    until(lambda: target.client().info("replication")["master_link_status"] == "up", target.output[-2000:])


def serial_number(port: int, files: Path) -> bytes:
    context = ssl.create_default_context(cafile=str(files / "ca.crt"))
    context.load_cert_chain(files / "client.crt", files / "client.key")
    plain = socket.create_connection(("127.0.0.1", port))
    with context.wrap_socket(plain, server_hostname="localhost") as secure:
        return secure.getpeercert(True) or b""


@pytest.mark.parametrize("by", ["SIGHUP", "time", "CONFIG SET"])
def test_new_certificates_drop_nobody(serve: Serve, files: Path, tmp_path: Path, by: str) -> None:
    used = tmp_path / "used"
    used.mkdir()
    for name in ("ca.crt", "ca.key"):
        os.link(files / name, used / name)
    subprocess.run([program("miniredis-gencert"), str(used)], check=True, capture_output=True)
    interval = "1" if by == "time" else "0"
    words = ["--tls-cert-file", f"{used}/redis.crt", "--tls-key-file", f"{used}/redis.key"]
    server = serve("ours", *words, "--tls-auto-reload-interval", interval)
    client = server.client(single_connection_client=True)
    number = client.client_id()
    before = serial_number(server.tls_port, files)
    fresh = used
    if by == "CONFIG SET":
        fresh = tmp_path / "fresh"
        fresh.mkdir()
        for name in ("ca.crt", "ca.key"):
            os.link(used / name, fresh / name)
    else:
        (used / "redis.crt").unlink()
    subprocess.run([program("miniredis-gencert"), str(fresh)], check=True, capture_output=True)
    if by == "SIGHUP":
        server.process.send_signal(signal.SIGHUP)
    elif by == "CONFIG SET":
        words = ["tls-cert-file", f"{fresh}/redis.crt", "tls-key-file", f"{fresh}/redis.key"]
        assert client.execute_command("CONFIG", "SET", *words) in (True, b"OK")
    until(lambda: serial_number(server.tls_port, files) != before, server.output[-2000:])
    assert client.client_id() == number


def test_a_server_without_what_it_needs_does_not_start(files: Path) -> None:
    words = [program("miniredis-server"), "--port", "0", "--tls-port", str(free_port()), "--tls-cert-file"]
    done = subprocess.run([*words, f"{files}/nothing"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "Failed to configure TLS: No tls-key-file configured!" in done.stdout


def test_a_cluster_by_tls(serve: Serve, files: Path) -> None:
    words = ["--cluster-enabled", "yes", "--tls-cluster", "yes", "--tls-replication", "yes"]
    nodes = [serve("ours", *words, "--cluster-node-timeout", "5000", port=free_node_port()) for _ in range(3)]
    addresses = [f"127.0.0.1:{node.tls_port}" for node in nodes]
    made = nodes[0].cli("--cluster", "create", *addresses, "--cluster-yes")
    assert "All 16384 slots covered" in made, made
    until(lambda: all("cluster_state:ok" in node.cli("CLUSTER", "INFO") for node in nodes), nodes[0].output[-2000:])
    for number in range(30):
        assert nodes[0].cli("-c", "SET", f"k{number}", "v") == "OK\n"
    assert sum(int(node.cli("DBSIZE")) for node in nodes) == 30


def test_a_sentinel_by_tls(serve: Serve, files: Path, tmp_path: Path) -> None:
    source = serve("ours", "--tls-replication", "yes")
    config = tmp_path / "sentinel.conf"
    config.write_text(f"sentinel monitor mine 127.0.0.1 {source.tls_port} 1\n")
    command = [program("miniredis-sentinel"), str(config)]
    sentinel = TlsProcess(files, command, "--tls-replication", "yes")
    try:
        sentinel.wait_ready()
        watched = sentinel.client()
        until(lambda: b"flags" in _primary(watched) and _primary(watched)[b"flags"] == b"master", sentinel.output)
        until(lambda: int(_primary(watched)[b"last-ok-ping-reply"]) < 2000 and b"run" in b" ".join(_primary(watched))
              and _primary(watched)[b"runid"] != b"", sentinel.output[-2000:])  # fmt: skip
    finally:
        sentinel.remove()


def _primary(client: Any) -> dict[bytes, bytes]:
    flat = client.execute_command("SENTINEL", "MASTER", "mine")
    if isinstance(flat, dict):
        return {_bytes(key): _bytes(value) for key, value in flat.items()}
    return {_bytes(key): _bytes(value) for key, value in zip(flat[::2], flat[1::2], strict=True)}


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def test_a_thousand_unfinished_handshakes_delay_nobody_and_are_given_up(serve: Serve) -> None:
    server = serve("ours")
    client = server.client(single_connection_client=True)
    assert client.ping() is True
    base, before = open_files(server), p99(client.ping, samples=50)
    idle = [socket.create_connection(("127.0.0.1", server.tls_port)) for _ in range(1000)]
    try:
        until(lambda: open_files(server) == base + 1000, "not all were taken")
        assert_unharmed(before, lambda: p99(client.ping, samples=50))
        assert client.info("clients")["connected_clients"] <= 2
        until(lambda: open_files(server) <= base, "handshakes are waited for without end")
        assert all(each.recv(1) == b"" for each in idle)
    finally:
        for each in idle:
            each.close()
