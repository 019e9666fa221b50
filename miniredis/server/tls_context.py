"""What the tls- directives say, as OpenSSL contexts: one for clients, one for the bus, one for outgoing connections.

All of them are built anew or none is: whoever builds keeps the old ones until the new ones are complete.  A context
that connections were made with is never changed; they keep it, so new certificates disturb nobody.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Final

from OpenSSL import SSL

from miniredis.config.config import Config
from miniredis.server.tls_identity import check_identity

#: OpenSSL's switches that leave out a version, by the names of tls-protocols.
VERSIONS: Final = {
    b"tlsv1": SSL.OP_NO_TLSv1,
    b"tlsv1.1": SSL.OP_NO_TLSv1_1,
    b"tlsv1.2": SSL.OP_NO_TLSv1_2,
    b"tlsv1.3": SSL.OP_NO_TLSv1_3,
}
DEFAULT_VERSIONS: Final = (b"tlsv1.2", b"tlsv1.3")
#: Missing in older pyOpenSSL.
NO_RENEGOTIATION: Final = 0x40000000
VERIFY: Final = {
    b"no": SSL.VERIFY_NONE,
    b"optional": SSL.VERIFY_PEER,
    b"yes": SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT,
}


class BadTls(Exception):
    """The configuration cannot be used; the text says what is wrong with it."""


@dataclass(frozen=True)
class Contexts:
    """`client` and `bus` are for what connects to us (the bus always wants a certificate), `outgoing` for us."""

    client: Any
    bus: Any
    outgoing: Any


def file_stamps(config: Config) -> list[tuple[str, int, int, int]]:
    """What tells whether a file has changed: cheap, and true of a file that was replaced as well."""
    stamps = []
    for name in ("tls-cert-file", "tls-key-file", "tls-client-cert-file", "tls-client-key-file", "tls-ca-cert-file",
                 "tls-ca-cert-dir", "tls-dh-params-file"):  # fmt: skip
        path = config.string(name)
        if path:
            try:
                status = os.stat(path)
            except OSError:
                stamps.append((path, 0, 0, 0))
            else:
                stamps.append((path, status.st_mtime_ns, status.st_size, status.st_ino))
    return stamps


def build_contexts(config: Config) -> Contexts:
    """Raises `BadTls`."""
    if not config.text("tls-cert-file"):
        raise BadTls("No tls-cert-file configured!")
    if not config.text("tls-key-file"):
        raise BadTls("No tls-key-file configured!")
    has_authorities = config.text("tls-ca-cert-file") or config.text("tls-ca-cert-dir")
    asks = config.text("tls-auth-clients") != b"no"
    if not has_authorities and (asks or config.flag("tls-cluster") or config.flag("tls-replication")):
        raise BadTls(
            "Either tls-ca-cert-file or tls-ca-cert-dir must be specified when tls-cluster, tls-replication or "
            "tls-auth-clients are enabled!"
        )
    client = _build(config, "tls-")
    client.set_verify(VERIFY[config.text("tls-auth-clients")])
    bus = _build(config, "tls-")
    bus.set_verify(VERIFY[b"yes"])
    outgoing = _build(config, "tls-client-" if config.text("tls-client-cert-file") else "tls-")
    outgoing.set_verify(VERIFY[b"yes"])
    if config.flag("tls-check-hostname"):
        outgoing.set_info_callback(check_identity)
    return Contexts(client, bus, outgoing)


def _build(config: Config, prefix: str) -> Any:
    context: Any = SSL.Context(SSL.TLS_METHOD)
    context.set_options(_options(config))
    context.set_mode(SSL.MODE_RELEASE_BUFFERS)
    _set_sessions(config, context)
    _set_certificate(config, context, prefix)
    authorities, folder = config.string("tls-ca-cert-file"), config.string("tls-ca-cert-dir")
    if authorities:
        _try("tls-ca-cert-file", authorities, context.load_verify_locations, authorities, None)
    if folder:
        if not os.path.isdir(folder):
            raise BadTls(f"tls-ca-cert-dir {folder}: not a folder")
        _try("tls-ca-cert-dir", folder, context.load_verify_locations, None, folder)
    for name, use in (("tls-ciphers", context.set_cipher_list), ("tls-ciphersuites", context.set_tls13_ciphersuites)):
        value = config.text(name)
        if value:
            _try(name, value.decode("utf-8", "replace"), use, value)
    parameters = config.string("tls-dh-params-file")
    if parameters:
        _try("tls-dh-params-file", parameters, context.load_tmp_dh, os.fsencode(parameters))
    return context


def _options(config: Config) -> int:
    wanted = config.text("tls-protocols").lower().split() or DEFAULT_VERSIONS
    for word in wanted:
        if word not in VERSIONS:
            raise BadTls(f"tls-protocols: unknown version {word.decode('utf-8', 'replace')}")
    options: int = NO_RENEGOTIATION | SSL.OP_NO_COMPRESSION | SSL.OP_SINGLE_DH_USE | SSL.OP_NO_SSLv2 | SSL.OP_NO_SSLv3
    for name, without in VERSIONS.items():
        if name not in wanted:
            options |= without
    if config.flag("tls-prefer-server-ciphers"):
        options |= SSL.OP_CIPHER_SERVER_PREFERENCE
    if not config.flag("tls-session-caching"):
        options |= SSL.OP_NO_TICKET
    return options


def _set_sessions(config: Config, context: Any) -> None:
    # How many are kept cannot be said through pyOpenSSL: OpenSSL keeps 20,480, and none for clients with tickets.
    if config.flag("tls-session-caching"):
        context.set_session_cache_mode(SSL.SESS_CACHE_SERVER)
        context.set_timeout(config.int("tls-session-cache-timeout"))
        context.set_session_id(b"miniredis")
    else:
        context.set_session_cache_mode(SSL.SESS_CACHE_OFF)


def _set_certificate(config: Config, context: Any, prefix: str) -> None:
    certificate, key = config.string(prefix + "cert-file"), config.string(prefix + "key-file")
    if not key:
        raise BadTls(f"No {prefix}key-file configured!")
    password = config.text(prefix + "key-file-pass")

    def say_password(size: int, again: bool, extra: object) -> bytes:
        return password  # also when empty: OpenSSL must not ask on a terminal

    context.set_passwd_cb(say_password)
    _try(prefix + "cert-file", certificate, context.use_certificate_chain_file, certificate)
    _try(prefix + "key-file", key, context.use_privatekey_file, key)
    _try(prefix + "key-file", key, context.check_privatekey)


def _try(name: str, value: str, use: Any, *words: object) -> None:
    try:
        if name.endswith("-file"):
            with open(value, "rb"):  # OpenSSL does not say what is wrong with a file
                pass
        use(*words)
    except OSError as problem:
        raise BadTls(f"{name} {value}: {problem.strerror}") from problem
    except (SSL.Error, ValueError) as problem:
        raise BadTls(f"{name} {value}: {reason_of(problem)}") from problem


def reason_of(problem: BaseException) -> str:
    """OpenSSL's words for what went wrong: the last of its queue of errors."""
    queue = problem.args[0] if problem.args else None
    if isinstance(queue, list) and queue:
        return str(queue[-1][2])
    if len(problem.args) == 2 and isinstance(problem.args[1], str):  # of a system call
        return problem.args[1]
    return str(problem) or "cannot be used"
