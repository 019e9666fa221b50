"""The periods and bounds of a sentinel, in milliseconds; SENTINEL DEBUG shows and changes them."""

from __future__ import annotations

from typing import Final

#: The names of SENTINEL DEBUG, in its order, with Redis's values.
DEFAULTS: Final[dict[str, int]] = {
    "info-period": 10_000,
    "ping-period": 1_000,
    "ask-period": 1_000,
    "publish-period": 2_000,
    "default-down-after": 30_000,
    "default-failover-timeout": 180_000,
    "tilt-trigger": 2_000,
    "tilt-period": 30_000,
    "slave-reconf-timeout": 10_000,
    "min-link-reconnect-period": 15_000,
    "election-timeout": 10_000,
    "script-max-runtime": 60_000,
    "script-retry-delay": 30_000,
}
#: How often the sentinel looks at everything.
TICK_MS: Final = 100
#: Elections of different sentinels start up to this much apart, so that one of them wins.
DESYNCHRONIZATION_MS: Final = 1_000
#: A server that hangs, or that was cut off, is tried again after this long without an answer.
RECONNECT_SILENT_MS: Final = 1_000


class Timing:
    """The values in force, by the names of SENTINEL DEBUG."""

    def __init__(self) -> None:
        self.values = dict(DEFAULTS)

    def __getitem__(self, name: str) -> int:
        return self.values[name]

    def set(self, name: str, value_ms: int) -> bool:
        """False when there is no such name."""
        if name not in self.values:
            return False
        self.values[name] = value_ms
        return True
