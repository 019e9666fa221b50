"""The client of ours against servers of ours and of Redis, in processes of their own."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

from oracle.servers import PLAIN_OPTIONS, ServerProcess, redis_server
from system.conftest import program
from system.nodes import NodeProcess, Nodes, free_node_port
from system.test_sentinel import NAME, OURS, REDIS, Start, Watched, watched

__all__ = ["watched"]  # a fixture
SESSION = Path(__file__).with_name("sdk_session.py")
KINDS = pytest.mark.parametrize("kind", ["ours", "redis"])


def session(*words: str) -> str:
    command = [program("python"), str(SESSION), *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not done.stderr, done.stderr
    return done.stdout.strip()


@pytest.fixture
def serve(start: Start) -> Iterator[Callable[..., ServerProcess]]:
    real: list[ServerProcess] = []

    def serve_one(kind: str, *words: str) -> ServerProcess:
        if kind == "ours":
            return start(*words)
        real.append(redis_server(*words))
        return real[-1]

    yield serve_one
    for server in real:
        server.remove()


@KINDS
def test_every_feature_works_with_one_server(kind: str, serve: Callable[..., ServerProcess]) -> None:
    assert session("everything", f"redis://127.0.0.1:{serve(kind).port}") == "all well"


def well_typed(printed: str, kind: str) -> None:
    answered, asked = map(int, printed.split())
    # Redis 7.0 does not know what came after it.
    assert answered == asked if kind == "ours" else asked * 0.7 < answered <= asked


@KINDS
def test_every_typed_method_returns_what_it_promises(kind: str, serve: Callable[..., ServerProcess]) -> None:
    server = serve(kind, "--enable-debug-command", "yes")
    well_typed(session("typed", f"redis://127.0.0.1:{server.port}", kind), kind)


@KINDS
def test_unix_sockets(kind: str, serve: Callable[..., ServerProcess]) -> None:
    server = serve(kind, "--unixsocket", "{dir}/redis.sock")
    assert session("greet", f"unix://{server.folder}/redis.sock") == "PONG"


@KINDS
def test_tls_checks_who_the_server_is(kind: str, serve: Callable[..., ServerProcess], tmp_path: Path) -> None:
    authority, stranger = trustme.CA(), trustme.CA()
    certificate = authority.issue_cert("localhost")
    own = authority.issue_cert("client.example")
    for name, blob in (
        ("ca", authority.cert_pem),
        ("stranger", stranger.cert_pem),
        ("server", certificate.private_key_and_cert_chain_pem),
        ("own", own.private_key_and_cert_chain_pem),
    ):
        blob.write_to_path(str(tmp_path / f"{name}.pem"))
    port = free_node_port()
    pair = str(tmp_path / "server.pem")
    ca = str(tmp_path / "ca.pem")
    words = ["--tls-cert-file", pair, "--tls-key-file", pair, "--tls-ca-cert-file", ca]
    serve(kind, "--tls-port", str(port), *words)
    pem = f"certificate_file={tmp_path}/own.pem"
    assert session("greet", f"rediss://localhost:{port}?ca_file={tmp_path}/ca.pem&{pem}") == "PONG"
    assert session("greet", f"rediss://127.0.0.1:{port}?verify=no&{pem}") == "PONG"
    # Another name than the certificate's, and another authority than ours.
    assert session("greet", f"rediss://127.0.0.1:{port}?ca_file={tmp_path}/ca.pem&{pem}") == "ConnectionFailed"
    assert session("greet", f"rediss://localhost:{port}?ca_file={tmp_path}/stranger.pem&{pem}") == "ConnectionFailed"
    # The server wants to know the client as well.
    assert session("greet", f"rediss://localhost:{port}?ca_file={tmp_path}/ca.pem") == "ConnectionFailed"


@KINDS
def test_a_server_killed_under_load_is_found_again(
    kind: str, serve: Callable[..., ServerProcess], count: Callable[..., None]
) -> None:
    server = serve(kind, "--appendonly", "yes", "--appendfsync", "always")
    url = f"redis://127.0.0.1:{server.port}"
    command = [program("python"), str(SESSION), "load", url, str(server.process.pid)]
    client = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    server.process.wait(60)
    count("kills", 1)
    server.start_again()
    printed, problems = client.communicate(timeout=100)
    assert client.returncode == 0 and not problems, printed + problems
    value, done, lost, failed = map(int, printed.split())
    # What was acknowledged is there once; what was lost may be there or not; what was never sent is not.
    assert done >= 4000 and lost >= 1 and failed == 0
    assert done <= value <= done + lost


class RedisNode(NodeProcess):
    """A node of Redis."""

    def __init__(self) -> None:
        self.node_port = free_node_port()
        self.host = "127.0.0.1"
        words = [word.replace("{port}", str(self.node_port)) for word in PLAIN_OPTIONS]
        ServerProcess.__init__(self, ["redis-server", *words, "--cluster-enabled", "yes"])
        self.port = self.node_port


@KINDS
def test_every_typed_method_of_nodes_returns_what_it_promises(kind: str) -> None:
    nodes = Nodes([NodeProcess() if kind == "ours" else RedisNode() for _ in range(3)], 0)
    try:
        well_typed(session("typed", f"redis://{nodes.owner_of('a').address}", f"{kind} node"), kind)
    finally:
        nodes.remove()


@KINDS
def test_a_cluster_whose_slots_move(kind: str) -> None:
    nodes = Nodes([NodeProcess() if kind == "ours" else RedisNode() for _ in range(3)], 0)
    try:
        first, second = nodes.processes[:2]
        command = [program("python"), str(SESSION), "cluster", f"redis+cluster://{first.address}"]
        client = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert client.stdout is not None and client.stdin is not None
        said = client.stdout.readline()
        if said == "all well\n":
            client.stdin.write("3000\n")
            client.stdin.flush()
            first.cli(
                "--cluster", "reshard", first.address, "--cluster-from", first.id(), "--cluster-to", second.id(),
                "--cluster-slots", "300", "--cluster-yes",
            )  # fmt: skip
        printed, problems = client.communicate(timeout=100)
        assert (said + printed, client.returncode) == ("all well\nstill well\n", 0), problems
    finally:
        nodes.remove()


@KINDS
def test_replicas_of_a_cluster_read_and_the_primary_when_one_is_killed(kind: str, count: Callable[..., None]) -> None:
    nodes = Nodes([NodeProcess() if kind == "ours" else RedisNode() for _ in range(6)], 1)
    try:
        replica = nodes.processes[-1]
        printed = session("replica_reads", f"redis+cluster://{nodes.processes[0].address}", str(replica.process.pid))
        count("kills", 1)
        assert printed == "replicas\nprimaries"
    finally:
        nodes.remove()


@pytest.mark.parametrize("kinds", [OURS, REDIS], ids=["ours", "redis"])
def test_a_primary_that_sentinels_replace(
    kinds: tuple[str, str, str], watched: Watched, count: Callable[..., None]
) -> None:
    primary = watched.serve_three(kinds)
    watched.watch(primary, kinds)
    places = ",".join(f"127.0.0.1:{sentinel.port}" for sentinel in watched.sentinels)
    count("kills", 1)
    assert session("failover", f"redis+sentinel://{places}/{NAME}", str(primary.process.pid)) == "1 2"
