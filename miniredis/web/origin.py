"""Who is asking: which names the console answers to, which pages may talk to it, who sits at this machine.

A page elsewhere can make a browser send requests here, and a name elsewhere can be made to lead here (DNS
rebinding).  So the Host must be an address, `localhost` or a name the operator listed, and an Origin must be the
page we served ourselves or one that the operator listed.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address

#: What a proxy adds: behind one, the address of the peer says nothing about where the person is.
PROXY_HEADERS = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


def split_host(text: str) -> str:
    """The name or address of a Host header, without its port; an address of IPv6 without brackets."""
    text = text.strip().lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0]


def is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether an address or name means this machine."""
    if host == "localhost":
        return True
    return is_address(host) and (ip_address(host).is_loopback or host.startswith("::ffff:127."))


def host_of_origin(origin: str) -> str:
    """`console.example` of `https://console.example:8443`."""
    return split_host(origin.partition("://")[2])


def host_is_ours(host_header: str, origins: Sequence[str]) -> bool:
    """Whether the console answers to this name. `origins`: the directive web-origins."""
    host = split_host(host_header)
    return is_address(host) or host == "localhost" or host in [host_of_origin(each.lower()) for each in origins]


def origin_is_ours(origin: str, host_header: str, origins: Sequence[str]) -> bool:
    """Whether a page of this origin may talk to us. Without an Origin it is no page of another site."""
    if not origin:
        return True
    allowed = [f"http://{host_header.strip().lower()}", *(each.lower().rstrip("/") for each in origins)]
    return origin.lower() in allowed


def is_at_this_machine(peer: str, host_header: str, headers: Sequence[str]) -> bool:
    """Whether who asks sits here, not behind a proxy that runs here. `headers`: names in lower case."""
    return (
        is_loopback(peer)
        and is_loopback(split_host(host_header))
        and not any(name in PROXY_HEADERS for name in headers)
    )
