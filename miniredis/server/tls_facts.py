"""Which certificates are in use and how long they are good for, as INFO tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cryptography import x509

from miniredis.config.config import Config

#: The part of a field's name -> the directive of the file.
FILES: Final = {"server": "tls-cert-file", "client": "tls-client-cert-file", "ca": "tls-ca-cert-file"}


@dataclass(frozen=True)
class CertificateFacts:
    """`serial`: hexadecimal; `ends_s`: when it ends, in seconds of Unix time."""

    serial: str
    ends_s: int


def read_facts(config: Config) -> dict[str, CertificateFacts]:
    """Of each of the files that is configured and can be read.  Of several authorities, of the one that ends first."""
    found = {}
    for kind, directive in FILES.items():
        path = config.string(directive)
        if path:
            try:
                with open(path, "rb") as file:
                    chain = x509.load_pem_x509_certificates(file.read())
            except (OSError, ValueError):
                continue
            first = min(chain, key=_end_of) if kind == "ca" else chain[0]
            found[kind] = CertificateFacts(f"{first.serial_number:X}", _end_of(first))
    return found


def _end_of(certificate: x509.Certificate) -> int:
    return int(certificate.not_valid_after_utc.timestamp())
