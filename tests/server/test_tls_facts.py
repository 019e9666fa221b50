"""What INFO tells of certificates: their numbers, how long they are good for, and whom they did not let in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509

from miniredis.config.config import Config
from miniredis.server.tls_facts import read_facts
from server.tls_edge import Client, Edge, make_files, trusting


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_files(tmp_path_factory.mktemp("tls"), "alice")


@pytest.fixture
def edge(files: Path) -> Iterator[Edge]:
    edge = Edge(files, {"tls-auth-clients-user": "CN"})
    yield edge
    edge.close()


def shown(edge: Edge, section: bytes) -> dict[str, str]:
    lines = edge.memory.connect().call(b"INFO", section).decode().split("\r\n")
    return dict(line.split(":", 1) for line in lines if ":" in line)


def certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_certificates_are_told_by_number_and_time(edge: Edge, files: Path) -> None:
    fields = shown(edge, b"tls")
    now_s = edge.memory.wall_ms() // 1000
    for kind, name in (("server", "redis"), ("ca", "ca")):
        used = certificate(files / f"{name}.crt")
        assert int(fields[f"tls_{kind}_cert_serial"], 16) == used.serial_number
        left_s = int(used.not_valid_after_utc.timestamp()) - now_s
        assert fields[f"tls_{kind}_cert_expires_in_seconds"] == str(left_s)
    assert fields["tls_client_cert_serial"] == "none"


def test_new_certificates_are_told_once_they_are_in_use(edge: Edge, tmp_path: Path) -> None:
    before = shown(edge, b"tls")["tls_server_cert_serial"]
    others = make_files(tmp_path)
    edge.set(
        ("tls-cert-file", f"{others}/redis.crt"),
        ("tls-key-file", f"{others}/redis.key"),
        ("tls-ca-cert-file", f"{others}/ca.crt"),
    )
    assert shown(edge, b"tls")["tls_server_cert_serial"] != before


def test_one_whose_time_is_over_has_none_left(edge: Edge, files: Path) -> None:
    edge.memory.set_wall_ms(int(certificate(files / "redis.crt").not_valid_after_utc.timestamp() + 5) * 1000)
    assert shown(edge, b"tls")["tls_server_cert_expires_in_seconds"] == "0"


def test_files_that_are_none_are_left_out(tmp_path: Path, files: Path) -> None:
    (tmp_path / "text").write_text("no certificate")
    config = Config()
    config.assign("tls-cert-file", str(tmp_path / "nothing").encode())
    config.assign("tls-client-cert-file", str(tmp_path / "text").encode())
    config.assign("tls-ca-cert-file", str(files / "ca.crt").encode())
    assert list(read_facts(config)) == ["ca"]


def test_a_certificate_that_names_no_user_is_a_denial(edge: Edge, files: Path) -> None:
    for rules, denied in ((None, "1"), ([b"on", b"+@all"], "1"), ([b"off"], "2")):
        if rules is not None:
            edge.engine.acl.set_user(b"alice", rules)
        Client(edge, trusting(files)).shake_hands().ask(b"PING\r\n")
        assert shown(edge, b"stats")["acl_access_denied_tls_cert"] == denied
