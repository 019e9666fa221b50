"""The reactor of a process of ours, without what it would bring along and we may never need.

Twisted's TCP transports take pyOpenSSL in for startTLS(), if it is there: 12 MB and a tenth of the start. The server
never calls startTLS(); where TLS is configured, `twisted.protocols.tls` wraps a listening port, and imports pyOpenSSL
then. So it is hidden from Twisted while the reactor is imported, which Twisted is prepared for, and from nobody after.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from typing import Any

HIDDEN = "OpenSSL"


class _Hiding(MetaPathFinder):
    """Finds no module of this name."""

    def find_spec(self, fullname: str, path: object, target: object = None) -> ModuleSpec | None:
        if fullname == HIDDEN:
            raise ModuleNotFoundError(f"{HIDDEN} is not needed yet", name=fullname)
        return None


@contextmanager
def hidden_openssl() -> Iterator[None]:
    """Nothing imports pyOpenSSL meanwhile, unless somebody has already."""
    finder = _Hiding()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


def import_reactor() -> Any:
    """Install and return the default reactor."""
    with hidden_openssl():
        from twisted.internet import reactor
    return reactor
