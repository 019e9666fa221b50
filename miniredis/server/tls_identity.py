"""Who the other side of a TLS connection is: the host we wanted to reach, the user its certificate names."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID
from OpenSSL import SSL
from service_identity import CertificateError, VerificationError
from service_identity.pyopenssl import verify_hostname, verify_ip_address
from twisted.python.failure import Failure


class WrongHost(SSL.Error):  # type: ignore[misc, unused-ignore]
    """The certificate is good, but not that of the host we asked for."""

    def __init__(self, host: str) -> None:
        super().__init__(
            f"the certificate that was shown is not for {host} (tls-check-hostname no accepts all of our authority)"
        )


def is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def check_identity(connection: Any, where: int, result: int) -> None:
    """OpenSSL's information callback of outgoing connections, whose data are Twisted's TLS protocols, ours of hosts."""
    if not where & SSL.SSL_CB_HANDSHAKE_DONE:
        return
    protocol = connection.get_app_data()
    try:
        host: str = protocol.factory.host
        verify = verify_ip_address if is_address(host) else verify_hostname
        verify(connection, host)
    except (VerificationError, CertificateError):
        protocol.failVerification(Failure(WrongHost(host)))
    except Exception:
        # An exception in here would be lost: whatever is wrong, the connection is not to be trusted.
        protocol.failVerification(Failure())


def users_named(connection: Any, field: bytes) -> list[bytes]:
    """What a client's certificate names: its common name, or (`URI`) the URIs among its alternative names."""
    certificate = connection.get_peer_certificate(as_cryptography=True)
    if certificate is None:
        return []
    if field == b"CN":
        names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return [_as_bytes(name.value) for name in names[:1]]
    try:
        alternatives = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, ValueError):
        return []
    return [uri.encode() for uri in alternatives.value.get_values_for_type(x509.UniformResourceIdentifier)]


def _as_bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value
