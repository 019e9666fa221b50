"""What a session and the server ask of the outside: a connection's port, time, the log.

The edge implements them over sockets and the reactor; tests over lists and a Clock.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from mypy_extensions import mypyc_attr


class DelayedCall(Protocol):
    """A call that has been asked for later, as Twisted's IDelayedCall."""

    def cancel(self) -> None: ...

    def active(self) -> bool: ...


class TimeSource:
    """Time as the server may read it.  wall_us: Unix time in microseconds; monotonic_ns: never steps back."""

    def __init__(
        self,
        wall_us: Callable[[], int],
        monotonic_ns: Callable[[], int],
        call_later: Callable[[float, Callable[[], None]], DelayedCall],
        sleep: Callable[[float], None],
    ) -> None:
        self.wall_us = wall_us
        self.monotonic_ns = monotonic_ns
        self.call_later = call_later
        #: Stops everything, for DEBUG SLEEP.
        self.sleep = sleep

    def wall_ms(self) -> int:
        return self.wall_us() // 1000


class Platform:
    """What only the edge knows of the process; asked when INFO and its like are, never on the way of a command."""

    def __init__(self) -> None:
        self.os = "unknown"
        self.process_id: int = 0
        self.executable = ""
        self.is_compiled = False
        #: Who supervises the process, as INFO shows it.
        self.supervised = "no"
        #: Which endpoint serves `port`: "hub" or "reactor".
        self.endpoint = "none"
        self.multiplexing = "none"
        self.total_memory_bytes: int = 0
        self.rss_bytes: Callable[[], int] = _nothing
        #: (user, system, user of children, system of children) in seconds.
        self.cpu_seconds: Callable[[], tuple[float, float, float, float]] = _no_cpu
        #: (user, system) in seconds of the thread that runs commands.
        self.thread_cpu_seconds: Callable[[], tuple[float, float]] = _no_thread_cpu
        #: How many connections of MIGRATE are kept for the next one.
        self.kept_links: Callable[[], int] = _nothing
        #: Gives the system what the allocator keeps for later.
        self.give_back_memory: Callable[[], object] = _nothing


def _nothing() -> int:
    return 0


def _no_thread_cpu() -> tuple[float, float]:
    return 0.0, 0.0


def _no_cpu() -> tuple[float, float, float, float]:
    return 0.0, 0.0, 0.0, 0.0


#: Takes a level ("debug", "verbose", "notice", "warning") and a line.
Log = Callable[[str, str], None]


@mypyc_attr(allow_interpreted_subclasses=True)
class Port:
    """One connection's way out.  Addresses are as CLIENT LIST shows them: b"127.0.0.1:50000"."""

    def __init__(self) -> None:
        self.peer: bytes = b""
        self.local: bytes = b""
        self.fd: int = -1
        self.is_unix = False
        self.is_tls = False
        #: Output waits until the log is written up to `ticket`; nothing more is run meanwhile.
        self.is_held = False
        self.ticket: int = 0
        #: Its requests are being run right now; a busy script among them lets others have their turn, not this one.
        self.is_running = False

    def wake(self) -> None:
        """There is output to send, and perhaps requests to go on with, outside of the session's own turn."""

    def close(self, abort: bool) -> None:
        """End the connection: after the output that waits, or (`abort`) at once."""

    def let_go(self) -> None:
        """The output that was held may leave."""
        self.wake()

    def gather_packets(self) -> None:
        """Let the kernel wait a moment for more before it sends a packet that is not full; where it can be told."""

    def unsent_bytes(self) -> int:
        """Output that was taken from the session and that the peer has not accepted yet."""
        return 0
