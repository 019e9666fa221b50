"""`connect`: from a URL to the client for it."""

from __future__ import annotations

from typing import Any

from miniredis.client.client import Client
from miniredis.client.link import Dialer, Endpoints, endpoint_of, fixed
from miniredis.client.settings import parse_url, with_changes


def connect(
    url: str = "redis://127.0.0.1", *, reactor: Any = None, endpoints: Endpoints = endpoint_of, **changes: Any
) -> Client:
    """The client for `url`; any field of `Settings` may be given by name.  It connects when that is needed."""
    if reactor is None:
        from twisted.internet import reactor
    location = parse_url(url)
    settings = with_changes(location.settings, changes)
    dialer = Dialer(reactor, settings, fixed(location.addresses[0]))
    dialer.endpoint = endpoints
    return Client(dialer)
