"""`miniredis-gencert`: an authority for tests, and certificates of it for a server and for clients.

In one folder: ca.crt and ca.key, server.crt/.key, client.crt/.key and redis.crt/.key (good for both uses, which nodes
that connect to each other need), redis.dh on request.  What is there already is kept, so that it can be called again
for more.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dh, ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DEFAULT_HOSTS: Final = ("localhost", "127.0.0.1", "::1")
SERVER: Final = ExtendedKeyUsageOID.SERVER_AUTH
CLIENT: Final = ExtendedKeyUsageOID.CLIENT_AUTH

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Wish:
    """`rsa`: RSA keys of 2,048 bits instead of keys on the curve P-256, whose signatures cost a tenth."""

    folder: Path
    hosts: Sequence[str]
    client: str
    days: int
    rsa: bool = False
    password: bytes = b""


@dataclass(frozen=True)
class Authority:
    certificate: x509.Certificate
    key: Key


def make_all(wish: Wish) -> list[Path]:
    """The files that were written.  Raises `OSError`."""
    wish.folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    authority = load_authority(wish.folder)
    if authority is None:
        authority = make_authority(wish)
        written += write_pair(wish.folder, "ca", authority.key, [authority.certificate], b"")
    for name, common, uses in (
        ("server", wish.hosts[0], [SERVER]),
        ("client", wish.client, [CLIENT]),
        ("redis", wish.hosts[0], [SERVER, CLIENT]),
    ):
        if not (wish.folder / f"{name}.crt").exists():
            hosts = wish.hosts if SERVER in uses else []
            key, certificate = make_certificate(authority, wish, common, hosts, uses)
            written += write_pair(wish.folder, name, key, [certificate], wish.password)
    return written


def load_authority(folder: Path) -> Authority | None:
    """The one that is there.  Raises `ValueError` when it is no authority."""
    try:
        certificate = x509.load_pem_x509_certificate((folder / "ca.crt").read_bytes())
        key = serialization.load_pem_private_key((folder / "ca.key").read_bytes(), None)
    except FileNotFoundError:
        return None
    if not isinstance(key, Key):
        raise ValueError("ca.key is of a kind that is not used here")
    return Authority(certificate, key)


def make_authority(wish: Wish) -> Authority:
    key = new_key(wish)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "miniredis test authority")])
    builder = _begin(name, name, key, wish.days)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
    return Authority(builder.sign(key, hashes.SHA256()), key)


def make_certificate(
    authority: Authority, wish: Wish, common: str, hosts: Sequence[str], uses: Sequence[x509.ObjectIdentifier]
) -> tuple[Key, x509.Certificate]:
    key = new_key(wish)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
    builder = _begin(name, authority.certificate.subject, key, wish.days)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=False), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage(list(uses)), critical=False)
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
    builder = builder.add_extension(issuer, critical=False)
    if hosts:
        names = [alternative_name(host) for host in hosts]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return key, builder.sign(authority.key, hashes.SHA256())


def new_key(wish: Wish) -> Key:
    if wish.rsa:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return ec.generate_private_key(ec.SECP256R1())


def alternative_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _begin(subject: x509.Name, issuer: x509.Name, key: Key, days: int) -> x509.CertificateBuilder:
    # An hour ago: clocks differ.
    start = datetime.now(UTC) - timedelta(hours=1)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(start).not_valid_after(start + timedelta(days=days))
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)


def _usage(signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=not signs_certificates,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def write_pair(folder: Path, name: str, key: Key, chain: Sequence[x509.Certificate], password: bytes) -> list[Path]:
    """NAME.key, which only we may read, and NAME.crt."""
    encryption: serialization.KeySerializationEncryption = (
        serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    )
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    key_path, certificate_path = folder / f"{name}.key", folder / f"{name}.crt"
    with open(os.open(key_path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(private)
    certificate_path.write_bytes(b"".join(each.public_bytes(serialization.Encoding.PEM) for each in chain))
    return [certificate_path, key_path]


def make_dh_parameters(folder: Path, bits: int) -> Path:
    """For tls-dh-params-file; with 2,048 bits it takes a while."""
    parameters = dh.generate_parameters(generator=2, key_size=bits)
    path = folder / "redis.dh"
    encoded = parameters.parameter_bytes(serialization.Encoding.PEM, serialization.ParameterFormat.PKCS3)
    path.write_bytes(encoded)
    return path


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        "miniredis-gencert", description="Make an authority for tests, and certificates for servers and clients."
    )
    parser.add_argument("folder", nargs="?", default="tls", help="where to (default: tls)")
    parser.add_argument("--host", action="append", help="name or address of the server; may be repeated")
    parser.add_argument("--client", default="default", help="common name of the client: its user, where that is used")
    parser.add_argument("--days", type=int, default=3650)
    parser.add_argument("--rsa", action="store_true", help="RSA keys, for old clients")
    parser.add_argument("--password", default="", help="encrypt the private keys, but that of the authority")
    parser.add_argument("--dh-bits", type=int, default=0, help="make parameters for Diffie-Hellman, too")
    given = parser.parse_args(words)
    wish = Wish(
        Path(given.folder),
        given.host or list(DEFAULT_HOSTS),
        given.client,
        given.days,
        given.rsa,
        given.password.encode(),
    )
    try:
        written = make_all(wish)
        if given.dh_bits:
            written.append(make_dh_parameters(wish.folder, given.dh_bits))
    except (OSError, ValueError) as problem:
        print(f"miniredis-gencert: {problem}", file=sys.stderr)
        return 1
    for path in written:
        print(path)
    return 0
