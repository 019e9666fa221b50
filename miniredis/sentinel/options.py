"""What can be set: for the sentinel as a whole (SENTINEL CONFIG SET) and for each primary (SENTINEL SET).

The same table reads and writes the lines of the configuration file.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final

from miniredis.resp.errors import error
from miniredis.resp.numbers import parse_int64
from miniredis.sentinel.instances import Instance
from miniredis.sentinel.state import Sentinel


class Invalid(Exception):
    """The value is not one of this option."""


class GlobalOption:
    """An option of the sentinel itself: attribute, how text becomes its value and back."""

    def __init__(self, attribute: str, kind: str, default: bytes) -> None:
        self.attribute = attribute
        self.kind = kind  # text, host, port, flag
        self.default = default

    def get(self, sentinel: Sentinel) -> bytes:
        value = getattr(sentinel, self.attribute)
        if isinstance(value, bool):
            return b"yes" if value else b"no"
        if isinstance(value, int):
            return b"%d" % value
        return value.encode("latin-1") if isinstance(value, str) else bytes(value)

    def set(self, sentinel: Sentinel, text: bytes) -> None:
        """Raises `Invalid`."""
        value: object = text
        if self.kind == "flag":
            if text.lower() not in (b"yes", b"no"):
                raise Invalid
            value = text.lower() == b"yes"
        elif self.kind == "port":
            number = parse_int64(text)
            if number is None or not 0 <= number <= 65535:
                raise Invalid
            value = number
        elif self.kind == "host":
            value = text.decode("latin-1")
        setattr(sentinel, self.attribute, value)


GLOBAL_OPTIONS: Final[dict[str, GlobalOption]] = {
    "resolve-hostnames": GlobalOption("resolves_hostnames", "flag", b"no"),
    "announce-hostnames": GlobalOption("announces_hostnames", "flag", b"no"),
    "announce-ip": GlobalOption("announce_host", "host", b""),
    "announce-port": GlobalOption("announce_port", "port", b"0"),
    "sentinel-user": GlobalOption("user", "text", b""),
    "sentinel-pass": GlobalOption("password", "text", b""),
}


class PrimaryOption:
    """An option of a primary.  `get` gives the words of each line that sets it; `set` raises `Invalid`."""

    def __init__(
        self,
        get: Callable[[Instance], list[list[bytes]]],
        set_words: Callable[[Instance, list[bytes]], None],
        words: int = 1,
        default: bytes = b"",
        is_script: bool = False,
    ) -> None:
        self.get = get
        self._set = set_words
        self.words = words
        self.default = default
        self.is_script = is_script

    def set(self, sentinel: Sentinel, primary: Instance, values: list[bytes]) -> None:
        if self.is_script and values[0] and not os.access(os.fsdecode(values[0]), os.X_OK):
            raise error(b"Notification script seems non existing or non executable")
        self._set(primary, values)


def _positive(text: bytes) -> int:
    number = parse_int64(text)
    if number is None or number <= 0:
        raise Invalid
    return number


def _set_quorum(primary: Instance, values: list[bytes]) -> None:
    primary.settings.quorum = _positive(values[0])


def _set_down_after(primary: Instance, values: list[bytes]) -> None:
    primary.settings.down_after_ms = _positive(values[0])


def _set_failover_timeout(primary: Instance, values: list[bytes]) -> None:
    primary.settings.failover_timeout_ms = _positive(values[0])


def _set_parallel_syncs(primary: Instance, values: list[bytes]) -> None:
    primary.settings.parallel_syncs = _positive(values[0])


def _set_notification(primary: Instance, values: list[bytes]) -> None:
    primary.settings.notification_script = values[0]


def _set_reconfiguration(primary: Instance, values: list[bytes]) -> None:
    primary.settings.reconfiguration_script = values[0]


def _set_password(primary: Instance, values: list[bytes]) -> None:
    primary.settings.password = values[0]


def _set_user(primary: Instance, values: list[bytes]) -> None:
    primary.settings.user = values[0]


def _set_reboot_down_after(primary: Instance, values: list[bytes]) -> None:
    number = parse_int64(values[0])
    if number is None or number < 0:
        raise Invalid
    primary.settings.reboot_down_after_ms = number


def _set_renamed(primary: Instance, values: list[bytes]) -> None:
    before, after = values[0].lower(), values[1]
    if not before or not after:
        raise Invalid
    if before == after.lower():
        primary.settings.renamed.pop(before, None)
    else:
        primary.settings.renamed[before] = after


PRIMARY_OPTIONS: Final[dict[str, PrimaryOption]] = {
    "down-after-milliseconds": PrimaryOption(lambda each: [[b"%d" % each.settings.down_after_ms]], _set_down_after),
    "failover-timeout": PrimaryOption(
        lambda each: [[b"%d" % each.settings.failover_timeout_ms]], _set_failover_timeout
    ),
    "parallel-syncs": PrimaryOption(
        lambda each: [[b"%d" % each.settings.parallel_syncs]], _set_parallel_syncs, default=b"1"
    ),
    "notification-script": PrimaryOption(
        lambda each: [[each.settings.notification_script]], _set_notification, is_script=True
    ),
    "client-reconfig-script": PrimaryOption(
        lambda each: [[each.settings.reconfiguration_script]], _set_reconfiguration, is_script=True
    ),
    "auth-pass": PrimaryOption(lambda each: [[each.settings.password]], _set_password),
    "auth-user": PrimaryOption(lambda each: [[each.settings.user]], _set_user),
    "master-reboot-down-after-period": PrimaryOption(
        lambda each: [[b"%d" % each.settings.reboot_down_after_ms]], _set_reboot_down_after, default=b"0"
    ),
    "rename-command": PrimaryOption(
        lambda each: [[before, after] for before, after in each.settings.renamed.items()], _set_renamed, words=2
    ),
}
#: Only SENTINEL SET knows it: in a file the quorum is part of `monitor`.
QUORUM: Final = PrimaryOption(lambda each: [[b"%d" % each.settings.quorum]], _set_quorum)
