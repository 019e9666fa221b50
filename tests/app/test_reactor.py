"""What the reactor brings along: looked at in a process of its own, where nothing was imported before."""

from __future__ import annotations

import subprocess
import sys

HIDES = """
import sys
from miniredis.app.reactor import HIDDEN, import_reactor
reactor = import_reactor()
assert HIDDEN not in sys.modules
from twisted.internet.interfaces import IReactorFDSet
assert IReactorFDSet.providedBy(reactor)
from twisted.internet import reactor as same
assert same is reactor
import miniredis.app.process
for name in (HIDDEN, "cryptography", "twisted.internet.endpoints", "twisted.web.server"):
    assert name not in sys.modules, name
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.internet.ssl import CertificateOptions
assert HIDDEN in sys.modules
assert not [finder for finder in sys.meta_path if type(finder).__name__ == "_Hiding"]
print("fine")
"""


def test_tls_is_imported_when_it_is_asked_for_and_no_sooner() -> None:
    done = subprocess.run([sys.executable, "-c", HIDES], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("fine\n", "")
