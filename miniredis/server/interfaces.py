"""What the hub's endpoint knows of a factory beyond Twisted's own interfaces."""

from __future__ import annotations

from zope.interface import Attribute, Interface


class IDirectSessions(Interface):
    """A factory whose connections the hub runs by itself, with neither a protocol nor a transport object for each.

    The endpoint asks for it when it listens.  Any other factory gets protocols and transports as everywhere.
    """

    engine = Attribute("The `Engine` whose sessions the connections become.")
    hub = Attribute("The `HubReader` that runs them; None until an endpoint has made it.")

    def keepalive_s() -> int:
        """Seconds of silence after which the system asks whether the other side is still there; 0: never."""

    def admit(host: str) -> bytes:
        """What a new connection from this address is refused with; empty lets it in."""
