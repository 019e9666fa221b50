"""Word to systemd, when it supervises: ready, how things are, still alive, stopping.

The protocol is a datagram to the socket that NOTIFY_SOCKET names, with lines NAME=VALUE. Where nobody supervises,
or the directive `supervised` says not to care, nothing is sent. The watchdog is fed from the reactor: one that does
not turn any more is killed and started anew.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from twisted.internet.task import LoopingCall


class Supervisor:
    """Who started us, if it wants to hear from us. `directive`: no, systemd, auto or upstart."""

    def __init__(self, directive: bytes, reactor: Any, environment: Mapping[str, str] = os.environ) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        wanted = directive in (b"systemd", b"auto") and bool(address)
        #: In the kernel's form: a name that begins with a zero byte is of the abstract kind.
        self._address = ("\0" + address[1:] if address.startswith("@") else address) if wanted else ""
        self._feeding = LoopingCall(self._feed)
        self._feeding.clock = reactor
        self._watchdog_s = _watchdog_s(environment)

    @property
    def name(self) -> str:
        """As INFO's process_supervised shows it."""
        return "systemd" if self._address else "no"

    def starting(self) -> None:
        """Addresses are bound; data may still be loaded, which the watchdog must not mistake for a hang."""
        self._tell("STATUS=Loading the data")
        if self._address and self._watchdog_s > 0 and not self._feeding.running:
            self._feeding.start(self._watchdog_s / 2).addErrback(lambda failure: None)

    def ready(self) -> None:
        self._tell("READY=1", "STATUS=Ready to accept connections")

    def reloading(self) -> None:
        """Files are read again; `ready` follows."""
        self._tell("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}", "STATUS=Reading files again")

    def stopping(self) -> None:
        self._tell("STOPPING=1", "STATUS=Saving and stopping")
        if self._feeding.running:
            self._feeding.stop()

    def _feed(self) -> None:
        self._tell("WATCHDOG=1")

    def _tell(self, *lines: str) -> None:
        if not self._address:
            return
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.sendto("\n".join(lines).encode() + b"\n", self._address)


def _watchdog_s(environment: Mapping[str, str]) -> float:
    """How often systemd wants to hear of us, in seconds; 0: not at all."""
    given = environment.get("WATCHDOG_USEC", "")
    if not given.isdecimal() or environment.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return 0
    return int(given) / 1e6
