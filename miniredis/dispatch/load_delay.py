"""The wait that `key-load-delay` asks for: a test holds a server in the state of loading for as long as it needs.

Time passes between the slices of loading, so that clients are answered meanwhile.
"""

from __future__ import annotations

from typing import Final

from miniredis.config.config import Config

#: The longest wait at once: then the directive is looked at again, which a client may have changed.
LONGEST_S: Final = 0.05
#: Less than this is owed until it is more.
SHORTEST_S: Final = 1e-6


class LoadDelay:
    """For one load."""

    def __init__(self, config: Config) -> None:
        self._config: Config = config
        self._loaded: int = 0
        self._owed: float = 0.0

    def wait_s(self, loaded: int) -> float:
        """How long to wait now that `loaded` keys are there; 0 when the load may go on.

        Positive microseconds are for each key, negative ones say for how many keys one microsecond is waited."""
        self._owed += loaded - self._loaded
        self._loaded = loaded
        delay_us = self._config.int("key-load-delay")
        if delay_us == 0:
            self._owed = 0.0
            return 0.0
        key_s = delay_us / 1e6 if delay_us > 0 else -1e-6 / delay_us
        wait_s = min(self._owed * key_s, LONGEST_S)
        if wait_s < SHORTEST_S:
            return 0.0
        self._owed -= wait_s / key_s
        return wait_s
