"""TLS around the links between servers: both sides show certificates, and the host must be the one that was meant."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.protocol import ClientFactory, Factory, Protocol
from twisted.python.failure import Failure

from miniredis.app.gencert import Wish, main, make_all
from server.tls_edge import Edge, make_files


class Saying(Protocol):
    """Says something at once, keeps what it hears."""

    def __init__(self, words: bytes) -> None:
        self.words = words
        self.heard = b""
        self.reason = ""

    def connectionMade(self) -> None:
        transport: Any = self.transport
        transport.setTcpNoDelay(True)
        transport.write(self.words)

    def dataReceived(self, data: bytes) -> None:
        self.heard += data

    def connectionLost(self, reason: Failure | None = None) -> None:
        assert reason is not None
        self.reason = reason.getErrorMessage() or "closed"


class One(ClientFactory):
    noisy = False

    def __init__(self, words: bytes) -> None:
        self.made = Saying(words)

    def buildProtocol(self, addr: object) -> Any:
        return self.made


class Links:
    """Two ends: `answering` listens as the bus does, `dialing` connects."""

    def __init__(self, answering: Edge, dialing: Edge) -> None:
        self.answering, self.dialing = answering, dialing
        self.server, self.client = One(b"hello of the server"), One(b"hello of the client")
        server: Any = self.server
        assert isinstance(server, Factory)
        self.port = answering.reactor.listenTCP(0, answering.tls.wrap_bus(server), interface="127.0.0.1")

    def connect(self, host: str, wrap: Callable[[Any, str], Any] | None = None) -> None:
        factory = (wrap or self.dialing.tls.wrap_bus_link)(self.client, host)
        self.dialing.reactor.connectTCP("127.0.0.1", self.port.getHost().port, factory)
        for _ in range(60):
            self.answering.turn()
            self.dialing.turn()


@pytest.fixture
def edges() -> Iterator[Callable[..., Edge]]:
    made: list[Edge] = []

    def make(files: Path, **words: str) -> Edge:
        given = {"tls-cluster": "yes", "tls-replication": "yes"}
        given.update({name.replace("_", "-"): value for name, value in words.items()})
        made.append(Edge(files, given))
        return made[-1]

    yield make
    for edge in made:
        edge.reactor.disconnectAll()
        edge.turn(4)
        edge.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_files(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def elsewhere(files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates of the same authority, for another host."""
    folder = tmp_path_factory.mktemp("elsewhere")
    for name in ("ca.crt", "ca.key"):
        os.link(files / name, folder / name)
    make_all(Wish(folder, ["elsewhere.example"], "client", 2))
    return folder


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_both_sides_hear_each_other(edges: Callable[..., Edge], files: Path, host: str) -> None:
    links = Links(edges(files), edges(files))
    links.connect(host)
    assert links.client.made.heard == b"hello of the server"
    assert links.server.made.heard == b"hello of the client"


def test_links_of_replication_are_wrapped_alike(edges: Callable[..., Edge], files: Path) -> None:
    links = Links(edges(files), edges(files))
    links.connect("localhost", links.dialing.tls.wrap_link)
    assert links.client.made.heard == b"hello of the server"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_another_host_of_the_same_authority_is_refused(
    edges: Callable[..., Edge], files: Path, elsewhere: Path, host: str
) -> None:
    links = Links(edges(elsewhere), edges(files))
    links.connect(host)
    assert f"not for {host}" in links.client.made.reason
    assert links.client.made.heard == b""


def test_unless_hosts_do_not_matter(edges: Callable[..., Edge], files: Path, elsewhere: Path) -> None:
    links = Links(edges(elsewhere), edges(files, tls_check_hostname="no"))
    links.connect("localhost")
    assert links.client.made.heard == b"hello of the server"


def test_the_certificate_for_what_we_dial_may_be_another(edges: Callable[..., Edge], files: Path) -> None:
    dialing = edges(files, tls_client_cert_file=f"{files}/client.crt", tls_client_key_file=f"{files}/client.key")
    links = Links(edges(files), dialing)
    links.connect("localhost")
    assert links.server.made.heard == b"hello of the client"


def test_the_bus_wants_a_certificate_even_where_clients_need_none(edges: Callable[..., Edge], files: Path) -> None:
    answering = edges(files, tls_auth_clients="no")
    dialing = edges(
        files, tls_client_cert_file=f"{files}/server.crt", tls_client_key_file=f"{files}/server.key"
    )  # which is good for servers only
    links = Links(answering, dialing)
    links.connect("localhost")
    assert links.server.made.heard == b""
    assert links.server.made.reason and links.client.made.reason


def test_without_the_directives_links_stay_plain(edges: Callable[..., Edge], files: Path) -> None:
    edge = edges(files, tls_cluster="no", tls_replication="no")
    factory: Any = object()
    assert edge.tls.wrap_bus(factory) is factory
    assert edge.tls.wrap_link(factory, "localhost") is factory
    assert edge.tls.wrap_bus_link(factory, "localhost") is factory


# -- miniredis-gencert


def test_certificates_are_made_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "new"
    assert main([str(folder), "--rsa", "--dh-bits", "512"]) == 0
    written = capsys.readouterr().out.split()
    assert {Path(path).name for path in written} == {
        "ca.crt", "ca.key", "server.crt", "server.key", "client.crt", "client.key", "redis.crt", "redis.key",
        "redis.dh",
    }  # fmt: skip
    assert {path.stat().st_mode & 0o777 for path in folder.glob("*.key")} == {0o600}
    before = (folder / "ca.crt").read_bytes()
    (folder / "client.crt").unlink()
    assert main([str(folder)]) == 0
    assert (folder / "ca.crt").read_bytes() == before
    assert capsys.readouterr().out.split() == [str(folder / "client.crt"), str(folder / "client.key")]


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main([str(tmp_path / "file")]) == 1
    assert "miniredis-gencert: " in capsys.readouterr().err
