"""Where a server is and how it is spoken to: addresses, their URL forms, and the settings of a client.

    redis://[user[:password]@]host[:port][/database][?setting=value&...]
    rediss://...                                         the same over TLS
    unix://[user[:password]@]/path[?db=0&setting=value]
    redis+sentinel://[user:password@]host[:port],host[:port]/name[/database]      (rediss+sentinel:// with TLS)
    redis+cluster://[user:password@]host[:port],host[:port]                       (rediss+cluster:// with TLS)

Every field of `Settings` may stand in the query.  Parts are percent-decoded.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from miniredis.client.errors import AddressError

#: Who may be asked to read (see reading.py).
WAYS: Final = ("primary", "replica", "any", "nearest")
DEFAULT_PORT: Final = 6379
DEFAULT_SENTINEL_PORT: Final = 26379


@dataclass(frozen=True)
class Settings:
    """How to speak to a server, wherever it is."""

    username: str = ""
    password: str = ""
    #: The database that is selected on every connection.
    db: int = 0
    #: 3, with 2 where the server knows no better; or 2.
    protocol: int = 3
    #: str instead of bytes in replies.
    decode_responses: bool = False
    #: The name that CLIENT LIST shows.
    client_name: str = ""
    #: For the connection with everything until commands may be sent.
    connect_timeout: float = 5.0
    #: How long the oldest command may wait for its reply; 0: for ever.  Blocking commands wait as long as they say.
    reply_timeout: float = 0.0
    #: So many failed connections in a row, then the waiting commands fail; also how often a command is sent at most.
    attempts: int = 5
    #: Pause before the second attempt; it doubles from there on, up to the longest, with chance in it.
    first_pause: float = 0.05
    longest_pause: float = 5.0
    #: Send commands that only read again when the connection was lost under them.
    retry_reads: bool = False
    #: How long a cluster or sentinels may take to replace a server, before calls fail.
    failover_timeout: float = 30.0
    #: For the sentinels themselves, which have users of their own; and which server is meant: primary or replica.
    sentinel_username: str = ""
    sentinel_password: str = ""
    role: str = "primary"
    #: Who answers commands that only read, in a cluster: "primary", "replica", "any" node of the shard, or "nearest".
    read_from: str = "primary"
    #: Commands that may wait for a connection.
    most_waiting: int = 100_000
    #: Connections beside the shared one: for blocking commands and WATCH.
    most_connections: int = 100
    #: Replies that are kept by client-side caching; 0: no caching.
    cache_size: int = 0
    #: TLS: own authorities, a certificate for the server to check, and whether the server's name is checked.
    ca_file: str = ""
    certificate_file: str = ""
    key_file: str = ""
    verify: bool = True


@dataclass(frozen=True)
class Address:
    """A server: host and port, or the path of a unix socket."""

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    path: str = ""
    tls: bool = False

    def __str__(self) -> str:
        return self.path or f"{self.host}:{self.port}"


@dataclass(frozen=True)
class Location:
    """What a URL says: `kind` is "single", "sentinel" or "cluster"."""

    kind: str
    addresses: tuple[Address, ...]
    settings: Settings
    #: The name by which sentinels know the primary.
    name: str = ""


def _converted(name: str, text: str) -> Any:
    default = getattr(Settings, name)
    if isinstance(default, bool):
        if text.lower() not in ("true", "yes", "1", "on", "false", "no", "0", "off"):
            raise AddressError(f"{name} is yes or no, not {text!r}")
        return text.lower() in ("true", "yes", "1", "on")
    try:
        return type(default)(text)
    except ValueError:
        raise AddressError(f"{name} is a number, not {text!r}") from None


def with_changes(settings: Settings, changes: dict[str, Any]) -> Settings:
    """`settings` with some fields changed; an unknown one is an error."""
    known = {field.name for field in fields(Settings)}
    for name in changes:
        if name not in known:
            raise AddressError(f"there is no setting {name!r}")
    changed = replace(settings, **changes)
    if changed.protocol not in (2, 3):
        raise AddressError("the protocol is 2 or 3")
    if changed.role not in ("primary", "replica"):
        raise AddressError("the role is primary or replica")
    if changed.read_from not in WAYS:
        raise AddressError(f"read_from is one of {', '.join(WAYS)}")
    if changed.cache_size and changed.protocol == 2:
        raise AddressError("client-side caching needs protocol 3")
    return changed


def _host_and_port(text: str, default_port: int) -> tuple[str, int]:
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise AddressError(f"{text!r} is no host")
        port = rest[1:]
    else:
        host, _, port = text.partition(":")
    if port and not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise AddressError(f"{port!r} is no port")
    return unquote(host) or "127.0.0.1", int(port) if port else default_port


def parse_url(url: str) -> Location:
    """What a URL says, or AddressError."""
    try:
        parts = urlsplit(url)
    except ValueError as problem:
        raise AddressError(f"{url!r} is no URL: {problem}") from None
    credentials, _, places = parts.netloc.rpartition("@")
    user, _, password = credentials.partition(":")
    found: dict[str, Any] = {}
    if user:
        found["username"] = unquote(user)
    if password:
        found["password"] = unquote(password)
    for name, text in parse_qsl(parts.query, keep_blank_values=True):
        if not hasattr(Settings, name):
            raise AddressError(f"there is no setting {name!r}")
        found[name] = _converted(name, text)
    segments = [unquote(segment) for segment in parts.path.split("/")[1:] if segment]
    if parts.scheme == "unix":
        if not parts.path:
            raise AddressError("unix:// needs the path of a socket")
        return Location("single", (Address(path=unquote(parts.path)),), with_changes(Settings(), found))
    secure, _, kind = parts.scheme.partition("+")
    if secure not in ("redis", "rediss") or kind not in ("", "sentinel", "cluster"):
        raise AddressError(f"unknown scheme {parts.scheme!r}")
    name = ""
    if kind == "sentinel":
        if not segments:
            raise AddressError("the name of the primary is missing: redis+sentinel://host:port/name")
        name = segments.pop(0)
    if segments:
        if kind == "cluster" or len(segments) > 1:
            raise AddressError(f"too many parts in the path of {url!r}")
        found["db"] = _converted("db", segments[0])
    default_port = DEFAULT_SENTINEL_PORT if kind == "sentinel" else DEFAULT_PORT
    pairs = [_host_and_port(place, default_port) for place in places.split(",")]
    if not kind and len(pairs) > 1:
        raise AddressError("several servers are a redis+cluster:// or redis+sentinel://")
    addresses = tuple(Address(host, port, tls=secure == "rediss") for host, port in pairs)
    return Location(kind or "single", addresses, with_changes(Settings(), found), name)
