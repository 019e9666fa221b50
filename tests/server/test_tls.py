"""TLS on the hub, over real sockets: records, ends, handshakes that never come to one, certificates that change."""

from __future__ import annotations

import shutil
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from OpenSSL import SSL

from miniredis.config.config import SetFailed
from miniredis.server.tls_port import HANDSHAKE_SECONDS
from server.tls_edge import Client, Edge, make_files, trusting

PING, PONG = b"PING\r\n", b"+PONG\r\n"

Start = Callable[..., Edge]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_files(tmp_path_factory.mktemp("tls"), "alice")


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of another authority."""
    return make_files(tmp_path_factory.mktemp("others"))


@pytest.fixture
def start(files: Path) -> Iterator[Start]:
    """`start(tls_auth_clients="no")` starts a server."""
    edges: list[Edge] = []

    def start_one(folder: Path = files, with_hub: bool = True, **words: str) -> Edge:
        edges.append(Edge(folder, {name.replace("_", "-"): value for name, value in words.items()}, with_hub))
        return edges[-1]

    yield start_one
    for edge in edges:
        edge.close()


@pytest.fixture(params=["hub", "reactor"])
def edge(request: pytest.FixtureRequest, start: Start) -> Edge:
    """With either way to serve TLS."""
    return start(with_hub=request.param == "hub")


def hello(edge: Edge, files: Path, name: str = "client") -> Client:
    return Client(edge, trusting(files, name)).shake_hands()


# -- what is said


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_command_is_answered(edge: Edge, files: Path, version: ssl.TLSVersion) -> None:
    context = trusting(files)
    context.minimum_version = context.maximum_version = version
    client = Client(edge, context).shake_hands()
    assert client.ask(PING) == PONG
    assert [session.port.is_tls for session in edge.engine.sessions.values()] == [True]


def test_records_that_come_at_once_are_all_answered(edge: Edge, files: Path) -> None:
    client = hello(edge, files)
    for number in range(20):
        client.tls.write(b"ECHO %03d\r\n" % number)
    assert client.await_bytes(20 * 9) == b"".join(b"$3\r\n%03d\r\n" % number for number in range(20))


def test_a_request_with_the_last_words_of_the_handshake_is_answered(edge: Edge, files: Path) -> None:
    client = Client(edge, trusting(files))
    while True:
        try:
            client.tls.do_handshake()
            break
        except ssl.SSLWantReadError:
            client.move()
    assert client.ask(PING) == PONG  # both leave together


@pytest.mark.parametrize("size", [16383, 16384, 16385, 32768, 3_000_000])
def test_values_of_many_records_come_whole(edge: Edge, files: Path, size: int) -> None:
    client = hello(edge, files)
    value = bytes(range(251)) * (size // 251 + 1)
    value = value[:size]
    assert client.ask(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$%d\r\n%s\r\n" % (size, value)) == b"+OK\r\n"
    expected = b"$%d\r\n%s\r\n" % (size, value)
    assert client.ask(b"GET k\r\n", len(expected)) == expected


def test_a_client_that_reads_late_gets_all_in_order(start: Start, files: Path) -> None:
    edge = start()
    client = hello(edge, files)
    for number in range(8):
        edge.engine.keyspace.databases[0].put(b"k%d" % number, b"%d" % number * 1_000_003)
    client.tls.write(b"".join(b"GET k%d\r\n" % number for number in range(8)))
    while client.outgoing.pending:
        client.sock.send(client.outgoing.read())
    edge.turn(10)
    session = next(iter(edge.engine.sessions.values()))
    assert session.port.unsent_bytes() > 0
    expected = b"".join(b"$1000003\r\n%s\r\n" % (b"%d" % number * 1_000_003) for number in range(8))
    assert client.await_bytes(len(expected)) == expected


# -- ends


def test_a_client_that_says_goodbye_is_gone_once_it_has_its_answers(edge: Edge, files: Path) -> None:
    client = hello(edge, files)
    client.tls.write(PING)
    with pytest.raises(ssl.SSLWantReadError):
        client.tls.unwrap()
    assert client.await_bytes(7) == PONG
    client.move()
    assert not edge.engine.sessions


def test_half_a_connection_is_none(edge: Edge, files: Path) -> None:
    client = hello(edge, files)
    client.sock.shutdown(socket.SHUT_WR)
    edge.turn(4)
    assert not edge.engine.sessions


def test_a_full_record_before_the_goodbye_is_run(start: Start, files: Path) -> None:
    edge = start()
    client = hello(edge, files)
    value = b"v" * 16354  # with what is around it, a record to the last byte
    request = b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$16354\r\n%s\r\n" % value
    assert len(request) == 16384
    client.tls.write(request)
    with pytest.raises(ssl.SSLWantReadError):
        client.tls.unwrap()
    client.await_bytes(5)
    edge.turn(4)
    assert edge.engine.keyspace.databases[0].lookup(b"k") == value
    assert not edge.engine.sessions


def test_quit_says_goodbye_by_tls(edge: Edge, files: Path) -> None:
    client = hello(edge, files)
    assert client.ask(b"QUIT\r\n", 100) == b"+OK\r\n"
    assert client.is_ended
    assert client.readable() == b""


def test_broken_records_end_the_connection_only(start: Start, files: Path) -> None:
    edge = start()
    client, other = hello(edge, files), hello(edge, files)
    client.sock.send(b"\x17\x03\x03\x00\x20" + bytes(32))
    edge.turn(4)
    assert len(edge.engine.sessions) == 1
    assert other.ask(PING) == PONG
    assert edge.engine.counters.unexpected_errors == 0


def test_renegotiation_is_refused(start: Start, files: Path) -> None:
    edge = start()
    context: Any = SSL.Context(SSL.TLSv1_2_METHOD)
    context.load_verify_locations(str(files / "ca.crt"))
    context.use_certificate_file(str(files / "client.crt"))
    context.use_privatekey_file(str(files / "client.key"))
    client: Any = SSL.Connection(context, edge.connect())
    client.set_connect_state()

    def until(call: Callable[[], object]) -> object:
        for _ in range(100):
            try:
                return call()
            except SSL.WantReadError:
                edge.turn()
        raise AssertionError("nothing came")

    until(client.do_handshake)
    assert client.renegotiate()
    with pytest.raises(SSL.Error, match="no renegotiation"):
        until(client.do_handshake)
    assert hello(edge, files).ask(PING) == PONG


# -- handshakes


def test_what_is_no_tls_is_turned_away(edge: Edge) -> None:
    plain = edge.connect()
    plain.send(PING)
    edge.turn(6)
    with suppress(ConnectionResetError):  # it had more to say than was read
        assert plain.recv(100)[:1] in (b"", b"\x15")  # an alert
    assert not edge.engine.sessions


def test_a_handshake_that_never_ends_is_given_up(start: Start, files: Path) -> None:
    edge = start()
    silent, slow = edge.connect(), Client(edge, trusting(files))
    with pytest.raises(ssl.SSLWantReadError):
        slow.tls.do_handshake()
    slow.sock.send(slow.outgoing.read()[:20])
    edge.turn(4)
    edge.memory.advance(HANDSHAKE_SECONDS - 1)
    edge.tls.tick()
    assert len(edge.tls.handshakes) == 2
    edge.memory.advance(2)
    edge.tls.tick()
    assert len(edge.tls.handshakes) == 0
    assert silent.recv(1) == b"" and slow.sock.recv(1) == b""
    assert ("verbose", "it took too long") in [
        (level, text.partition("connection: ")[2].partition(" (")[0]) for level, text in edge.memory.logged
    ]


def test_a_thousand_idle_handshakes_cost_little_and_disturb_nobody(start: Start, files: Path) -> None:
    edge = start()
    client = hello(edge, files)
    idle = []
    for _ in range(10):
        idle += [edge.connect() for _ in range(100)]
        edge.turn(2)
    assert len(edge.tls.handshakes) == 1000
    assert all(handshake.connection is None for handshake in edge.tls.handshakes._deadlines)
    assert client.ask(PING) == PONG
    assert hello(edge, files).ask(PING) == PONG
    assert len(edge.engine.sessions) == 2
    edge.memory.advance(HANDSHAKE_SECONDS + 1)
    edge.tls.tick()
    assert len(edge.tls.handshakes) == 0


def test_handshakes_count_as_clients(start: Start, files: Path) -> None:
    edge = start(maxclients="3")
    waiting = [edge.connect() for _ in range(3)]
    edge.turn(2)
    late = edge.connect()
    edge.turn(2)
    assert late.recv(1) == b""
    assert edge.engine.counters.rejected_connections == 1
    waiting[0].close()
    edge.turn(2)
    assert hello(edge, files).ask(PING) == PONG


def test_who_is_refused_hears_nothing_unencrypted(start: Start) -> None:
    edge = start()
    edge.refusal = b"-ERR no\r\n"
    client = edge.connect()
    edge.turn(2)
    assert client.recv(100) == b""


def test_handshakes_end_with_the_server(start: Start) -> None:
    edge = start()
    client = edge.connect()
    edge.turn(2)
    edge.tls.stop()
    assert client.recv(1) == b""


def test_a_defect_in_a_handshake_ends_it(start: Start, files: Path) -> None:
    edge = start()
    edge.tls.handshakes.new_connection = None
    client = Client(edge, trusting(files))
    with pytest.raises(AssertionError, match="refused"):
        client.shake_hands()
    assert edge.engine.counters.unexpected_errors == 1


def test_while_a_script_is_busy_a_client_may_come_and_ask(start: Start, files: Path) -> None:
    edge = start()
    there = hello(edge, files)
    late = Client(edge, trusting(files))
    seen: list[bytes] = []

    def script(ctx: object, argv: list[bytes]) -> object:
        there.serve = late.serve = edge.busy.run
        seen.append(there.ask(PING))
        seen.append(late.shake_hands().ask(PING))
        there.serve = late.serve = edge.turn
        return b"done"

    edge.engine.commands.by_name[b"TIME"].run = script
    with pytest.raises(ssl.SSLWantReadError):
        late.tls.do_handshake()
    late.move()  # its handshake may be put off now
    assert hello(edge, files).ask(b"TIME\r\n") == b"$4\r\ndone\r\n"
    assert seen == [PONG, PONG]


# -- who is let in


@pytest.mark.parametrize(("asked", "is_let_in"), [("yes", False), ("optional", True), ("no", True)])
def test_a_client_without_a_certificate(start: Start, files: Path, asked: str, is_let_in: bool) -> None:
    edge = start(tls_auth_clients=asked)
    context = trusting(files, "")
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # where the client hears of it during the handshake
    client = Client(edge, context)
    if is_let_in:
        assert client.shake_hands().ask(PING) == PONG
    else:
        with pytest.raises((ssl.SSLError, AssertionError)):
            client.shake_hands()
        assert not edge.engine.sessions


@pytest.mark.parametrize("asked", ["yes", "optional"])
def test_a_certificate_of_somebody_else_is_refused(start: Start, files: Path, others: Path, asked: str) -> None:
    edge = start(tls_auth_clients=asked)
    context = trusting(files, "")
    context.load_cert_chain(others / "client.crt", others / "client.key")
    client = Client(edge, context)
    with suppress(ssl.SSLError, AssertionError):
        client.shake_hands()
    assert client.is_ended or client.await_bytes(100) == b""
    assert not edge.engine.sessions


def test_a_certificate_for_servers_is_none_for_clients(start: Start, files: Path) -> None:
    edge = start()
    client = Client(edge, trusting(files, "server"))
    with suppress(ssl.SSLError, AssertionError):
        client.shake_hands()
    assert client.is_ended or client.await_bytes(100) == b""


@pytest.mark.parametrize(
    ("rules", "answer"),
    [([b"on", b"+@all"], b"alice"), ([b"off", b"+@all"], b"default"), (None, b"default")],
)
def test_the_user_a_certificate_names(edge: Edge, files: Path, rules: list[bytes] | None, answer: bytes) -> None:
    edge.set(("tls-auth-clients-user", "CN"))
    if rules is not None:
        edge.engine.acl.set_user(b"alice", rules)
    assert hello(edge, files).ask(b"ACL WHOAMI\r\n").split(b"\r\n")[1] == answer


def test_a_certificate_without_uris_names_nobody(start: Start, files: Path) -> None:
    edge = start(tls_auth_clients_user="URI")
    assert hello(edge, files).ask(b"ACL WHOAMI\r\n") == b"$7\r\ndefault\r\n"


def test_without_a_certificate_nobody_is_named(start: Start, files: Path) -> None:
    edge = start(tls_auth_clients_user="CN", tls_auth_clients="optional")
    assert hello(edge, files, "").ask(b"ACL WHOAMI\r\n") == b"$7\r\ndefault\r\n"


# -- sessions of TLS


def resumed(edge: Edge, files: Path) -> bool:
    context = trusting(files)
    first = Client(edge, context).shake_hands()
    first.ask(PING)
    second = Client(edge, context, first.tls.session).shake_hands()
    assert second.ask(PING) == PONG
    return second.tls.session_reused is True


@pytest.mark.parametrize("caching", ["yes", "no"])
def test_sessions_are_resumed_where_they_may_be(start: Start, files: Path, caching: str) -> None:
    assert resumed(start(tls_session_caching=caching), files) == (caching == "yes")


# -- certificates that change


def shown(edge: Edge, files: Path) -> int:
    """The serial number of the certificate a new client sees."""
    context = ssl.create_default_context(cafile=str(files / "ca.crt"))
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.load_cert_chain(files / "client.crt", files / "client.key")
    client = Client(edge, context)
    der = client.shake_hands().tls.getpeercert(True)
    assert der is not None
    return hash(der)


def test_config_set_changes_certificates_and_drops_nobody(edge: Edge, files: Path, others: Path) -> None:
    client, before = hello(edge, files), shown(edge, files)
    edge.set(
        ("tls-cert-file", f"{others}/redis.crt"), ("tls-key-file", f"{others}/redis.key"), ("tls-auth-clients", "no")
    )
    assert shown(edge, files) != before
    assert client.ask(PING) == PONG


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("tls-cert-file", "{others}/redis.crt", "key values mismatch"),
        ("tls-cert-file", "{others}/nothing", "No such file"),
        ("tls-cert-file", "", "No tls-cert-file configured!"),
        ("tls-key-file", "", "No tls-key-file configured!"),
        ("tls-key-file", "{others}/ca.crt", "tls-key-file"),
        ("tls-ca-cert-file", "{others}/redis.key", "tls-ca-cert-file"),
        ("tls-ca-cert-file", "", "Either tls-ca-cert-file or tls-ca-cert-dir"),
        ("tls-ca-cert-dir", "{others}/redis.key", "not a folder"),
        ("tls-protocols", "TLSv1.2 TLSv9", "tls-protocols: unknown version tlsv9"),
        ("tls-ciphers", "nonsense", "tls-ciphers nonsense: no cipher match"),
        ("tls-ciphersuites", "nonsense", "tls-ciphersuites"),
        ("tls-dh-params-file", "{others}/redis.key", "tls-dh-params-file"),
        ("tls-client-cert-file", "{others}/client.crt", "No tls-client-key-file configured!"),
    ],
)
def test_what_is_of_no_use_is_refused_and_the_old_stays(
    start: Start, files: Path, others: Path, name: str, value: str, reason: str
) -> None:
    edge = start()
    before, serial = edge.config.render(name), shown(edge, files)
    with pytest.raises(SetFailed, match=reason) as refused:
        edge.set((name, value.format(others=others)))
    assert b"Unable to update TLS configuration" in refused.value.message
    assert edge.config.render(name) == before
    assert shown(edge, files) == serial
    assert hello(edge, files).ask(PING) == PONG


def test_a_key_may_have_a_password(start: Start, tmp_path: Path) -> None:
    locked = make_files(tmp_path / "locked", password=b"secret")
    edge = start(locked, tls_key_file_pass="secret", tls_auth_clients="no")
    assert hello(edge, locked, "").ask(PING) == PONG
    with pytest.raises(SetFailed, match="tls-key-file"):
        edge.set(("tls-key-file-pass", "wrong"))
    with pytest.raises(SetFailed, match="tls-key-file"):
        edge.set(("tls-key-file-pass", ""))
    assert hello(edge, locked, "").ask(PING) == PONG


def copied(source: Path, target: Path) -> None:
    target.mkdir(exist_ok=True)
    for path in source.iterdir():
        shutil.copy(path, target)


def test_files_that_change_are_read_again_and_bad_ones_are_not(
    start: Start, files: Path, others: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "used"
    copied(files, folder)
    edge = start(folder)
    client, before = hello(edge, files), shown(edge, files)

    def later() -> int:
        edge.memory.advance(1.1)
        edge.tls.tick()
        return shown(edge, files)

    assert later() == before
    shutil.copy(others / "redis.crt", folder)
    assert later() == before
    assert [text for level, text in edge.memory.logged if level == "warning"][-1].endswith("key values mismatch")
    warnings = len(edge.memory.logged)
    assert later() == before
    assert len(edge.memory.logged) == warnings  # it is said once
    shutil.copy(others / "redis.key", folder)
    assert later() != before
    (folder / "redis.crt").unlink()
    assert later() != before
    assert client.ask(PING) == PONG


def test_nothing_is_looked_for_when_told_so(start: Start, files: Path, others: Path, tmp_path: Path) -> None:
    folder = tmp_path / "used"
    copied(files, folder)
    edge = start(folder, tls_auto_reload_interval="0")
    before = shown(edge, files)
    shutil.copy(others / "redis.crt", folder)
    shutil.copy(others / "redis.key", folder)
    edge.memory.advance(100)
    edge.tls.tick()
    assert shown(edge, files) == before
    edge.tls.reload()  # as at SIGHUP
    assert shown(edge, files) != before


def test_settings_of_openssl_are_taken(start: Start, files: Path, tmp_path: Path) -> None:
    edge = start(
        tls_protocols="TLSv1.2", tls_ciphers="ECDHE-ECDSA-AES128-GCM-SHA256", tls_prefer_server_ciphers="yes",
        tls_ca_cert_dir=str(tmp_path), tls_ciphersuites="TLS_AES_128_GCM_SHA256",
    )  # fmt: skip
    client = hello(edge, files)
    assert client.tls.version() == "TLSv1.2"
    cipher = client.tls.cipher()
    assert cipher is not None and cipher[0] == "ECDHE-ECDSA-AES128-GCM-SHA256"
