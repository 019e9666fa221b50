"""`connect`: from a URL to the client for it."""

from __future__ import annotations

from typing import Any, Literal, overload

from miniredis.client.client import Client
from miniredis.client.cluster import Cluster
from miniredis.client.errors import AddressError
from miniredis.client.link import Dialer, Endpoints, endpoint_of, fixed
from miniredis.client.sentinel import SentinelClient
from miniredis.client.settings import Location, Settings, parse_url, with_changes


def _prepared(url: str, reactor: Any, changes: dict[str, Any]) -> tuple[Any, Location, Settings]:
    if reactor is None:
        from twisted.internet import reactor
    location = parse_url(url)
    return reactor, location, with_changes(location.settings, changes)


@overload
def connect(
    url: str = ...,
    *,
    decode_responses: Literal[True],
    reactor: Any = ...,
    endpoints: Endpoints = ...,
    **changes: Any,
) -> Client[str]: ...
@overload
def connect(
    url: str = ...,
    *,
    decode_responses: Literal[False] = ...,
    reactor: Any = ...,
    endpoints: Endpoints = ...,
    **changes: Any,
) -> Client[bytes]: ...
def connect(
    url: str = "redis://127.0.0.1", *, reactor: Any = None, endpoints: Endpoints = endpoint_of, **changes: Any
) -> Client[Any]:
    """The client for `url`; any field of `Settings` may be given by name.  It connects when that is needed.

    What replies are made of, bytes or str, a type checker learns from the argument `decode_responses`, not from a URL.
    """
    reactor, location, settings = _prepared(url, reactor, changes)
    if location.kind == "cluster":
        raise AddressError("connect_cluster is for redis+cluster://")
    if location.kind == "sentinel":
        return SentinelClient(reactor, settings, location.addresses, location.name, endpoints)
    dialer = Dialer(reactor, settings, fixed(location.addresses[0]))
    dialer.endpoint = endpoints
    return Client(dialer)


@overload
def connect_cluster(
    url: str = ...,
    *,
    decode_responses: Literal[True],
    reactor: Any = ...,
    endpoints: Endpoints = ...,
    **changes: Any,
) -> Cluster[str]: ...
@overload
def connect_cluster(
    url: str = ...,
    *,
    decode_responses: Literal[False] = ...,
    reactor: Any = ...,
    endpoints: Endpoints = ...,
    **changes: Any,
) -> Cluster[bytes]: ...
def connect_cluster(
    url: str = "redis+cluster://127.0.0.1", *, reactor: Any = None, endpoints: Endpoints = endpoint_of, **changes: Any
) -> Cluster[Any]:
    """The client for a cluster."""
    reactor, location, settings = _prepared(url, reactor, changes)
    if location.kind == "sentinel":
        raise AddressError("connect is for redis+sentinel://")
    return Cluster(reactor, settings, location.addresses, endpoints)
