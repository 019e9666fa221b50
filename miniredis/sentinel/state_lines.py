"""The `sentinel` lines of the configuration file: what the operator wants watched, and what was found out.

Written in Redis's form, so that a file can go from redis-sentinel to us and back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from miniredis.config.reader import ConfigError
from miniredis.resp.errors import ReplyError
from miniredis.resp.numbers import parse_int64
from miniredis.sentinel.instances import Address, Instance
from miniredis.sentinel.options import GLOBAL_OPTIONS, PRIMARY_OPTIONS, Invalid
from miniredis.sentinel.state import Sentinel, address_text
from miniredis.sentinel.timing import DEFAULTS

#: Lines that have to be understood before the names they are used for.
_FIRST: Final = ("myid", "deny-scripts-reconfig", *GLOBAL_OPTIONS)

_Reader = Callable[[Sentinel, list[bytes], int], None]


class _Wrong(Exception):
    """A line that makes no sense; the reason is what Redis says of it."""


def read_state(sentinel: Sentinel, lines: list[list[bytes]], now_ms: int) -> None:
    """Take over the lines of a file.  Raises `ConfigError`."""

    def rank(words: list[bytes]) -> int:
        name = _name(words)
        return 0 if name in _FIRST else 1 if name == "monitor" else 2

    for words in sorted(lines, key=rank):
        try:
            _read(sentinel, words, now_ms)
        except Invalid as wrong:
            reason = b"Invalid value in a sentinel line."
            raise ConfigError("", 0, b"sentinel " + b" ".join(words), reason) from wrong
        except _Wrong as wrong:
            raise ConfigError("", 0, b"sentinel " + b" ".join(words), str(wrong).encode()) from wrong
        except ReplyError as wrong:
            reason = wrong.message.removeprefix(b"ERR ")
            raise ConfigError("", 0, b"sentinel " + b" ".join(words), reason) from wrong


def _name(words: list[bytes]) -> str:
    return words[0].decode("latin-1").lower()


def _read(sentinel: Sentinel, words: list[bytes], now_ms: int) -> None:
    name, rest = _name(words), words[1:]
    if name in GLOBAL_OPTIONS:
        if len(rest) != 1:
            raise _Wrong("Wrong number of arguments for sentinel global option.")
        GLOBAL_OPTIONS[name].set(sentinel, rest[0])
    elif name in PRIMARY_OPTIONS:
        option = PRIMARY_OPTIONS[name]
        if len(rest) != 1 + option.words:
            raise _Wrong("Unrecognized sentinel configuration statement.")
        option.set(sentinel, _primary(sentinel, rest[0]), rest[1:])
    elif name in _READERS:
        count, read = _READERS[name]
        if len(rest) not in count:
            raise _Wrong("Unrecognized sentinel configuration statement.")
        read(sentinel, rest, now_ms)
    else:
        raise _Wrong("Unrecognized sentinel configuration statement.")


def _primary(sentinel: Sentinel, name: bytes) -> Instance:
    primary = sentinel.primaries.get(name.decode("latin-1"))
    if primary is None:
        raise _Wrong("No such master with specified name.")
    return primary


def _number(word: bytes, what: str, least: int = 0) -> int:
    number = parse_int64(word)
    if number is None or number < least:
        raise _Wrong(f"Invalid {what}.")
    return number


def _port(word: bytes) -> int:
    port = _number(word, "port number")
    if port > 65535:
        raise _Wrong("Invalid port number.")
    return port


def _read_my_id(sentinel: Sentinel, words: list[bytes], now_ms: int) -> None:
    if len(words[0]) != 40:
        raise _Wrong("Malformed Sentinel id in myid option.")
    sentinel.my_id = words[0]


def _read_denial(sentinel: Sentinel, words: list[bytes], now_ms: int) -> None:
    if words[0].lower() not in (b"yes", b"no"):
        raise _Wrong("Please specify yes or no for the deny-scripts-reconfig options.")
    sentinel.denies_script_changes = words[0].lower() == b"yes"


def _read_monitor(sentinel: Sentinel, words: list[bytes], now_ms: int) -> None:
    name = words[0].decode("latin-1")
    quorum = parse_int64(words[3])
    if quorum is None or quorum <= 0:
        raise _Wrong("Quorum must be 1 or greater.")
    if name in sentinel.primaries:
        raise _Wrong("Duplicate master name.")
    sentinel.add_primary(name, Address(words[1].decode("latin-1"), _port(words[2])), quorum, now_ms)


def _read_epoch(sentinel: Sentinel, words: list[bytes], now_ms: int) -> None:
    sentinel.epoch = max(sentinel.epoch, _number(words[0], "epoch"))


def _read_config_epoch(sentinel: Sentinel, words: list[bytes], now_ms: int) -> None:
    primary = _primary(sentinel, words[0])
    primary.config_epoch = _number(words[1], "epoch")
    # Seen before, so that it cannot be the present one by accident.
    sentinel.epoch = max(sentinel.epoch, primary.config_epoch)


def _read_leader_epoch(sentinel: Sentinel, words: list[bytes], now_ms: int) -> None:
    _primary(sentinel, words[0]).leader_epoch = _number(words[1], "epoch")


def _read_known_replica(sentinel: Sentinel, words: list[bytes], now_ms: int) -> None:
    address = Address(words[1].decode("latin-1"), _port(words[2]))
    if sentinel.add_replica(_primary(sentinel, words[0]), address, now_ms) is None:
        raise _Wrong("Wrong hostname or port for replica.")


def _read_known_sentinel(sentinel: Sentinel, words: list[bytes], now_ms: int) -> None:
    if len(words) == 4:  # a file of a version that did not know run ids yet has none: it will be met again
        primary = _primary(sentinel, words[0])
        if words[3].decode("latin-1") in primary.sentinels:
            raise _Wrong("Duplicate Sentinel.")
        address = Address(words[1].decode("latin-1"), _port(words[2]))
        sentinel.add_sentinel(primary, words[3], address, now_ms)


_READERS: Final[dict[str, tuple[tuple[int, ...], _Reader]]] = {
    "myid": ((1,), _read_my_id),
    "deny-scripts-reconfig": ((1,), _read_denial),
    "monitor": ((4,), _read_monitor),
    "current-epoch": ((1,), _read_epoch),
    "config-epoch": ((2,), _read_config_epoch),
    "leader-epoch": ((2,), _read_leader_epoch),
    "known-replica": ((3,), _read_known_replica),
    "known-slave": ((3,), _read_known_replica),
    "known-sentinel": ((3, 4), _read_known_sentinel),
}


def write_state(sentinel: Sentinel) -> list[list[bytes]]:
    """The words of each line that keeps the present state."""
    lines: list[list[bytes]] = [[b"myid", sentinel.my_id]]
    if not sentinel.denies_script_changes:
        lines.append([b"deny-scripts-reconfig", b"no"])
    for name, own in GLOBAL_OPTIONS.items():
        value = own.get(sentinel)
        if value != own.default:
            lines.append([name.encode(), value])
    for primary in sentinel.primaries.values():
        lines += _primary_lines(sentinel, primary)
    lines.append([b"current-epoch", b"%d" % sentinel.epoch])
    return lines


def _primary_lines(sentinel: Sentinel, primary: Instance) -> list[list[bytes]]:
    name = primary.name.encode("latin-1")
    # In the middle of a failover its outcome is what must survive.
    place = primary.present_address()
    settings = primary.settings
    lines = [[b"monitor", name, place.host.encode("latin-1"), b"%d" % place.port, b"%d" % settings.quorum]]
    defaults = {"down-after-milliseconds": "default-down-after", "failover-timeout": "default-failover-timeout"}
    for word, option in PRIMARY_OPTIONS.items():
        for values in option.get(primary):
            default = b"%d" % DEFAULTS[defaults[word]] if word in defaults else option.default
            if values != [default]:
                lines.append([word.encode(), name, *values])
    lines.append([b"config-epoch", name, b"%d" % primary.config_epoch])
    lines.append([b"leader-epoch", name, b"%d" % primary.leader_epoch])
    places = {address_text(each.address.host, each.address.port): each.address for each in primary.replicas.values()}
    if place is not primary.address:
        places[address_text(primary.address.host, primary.address.port)] = primary.address
        places.pop(address_text(place.host, place.port), None)
    for each in places.values():
        lines.append([b"known-replica", name, each.host.encode("latin-1"), b"%d" % each.port])
    for other in primary.sentinels.values():
        if other.address.port:
            host = other.address.host.encode("latin-1")
            lines.append([b"known-sentinel", name, host, b"%d" % other.address.port, other.run_id])
    return lines
