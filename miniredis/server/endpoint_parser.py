"""The string form of the hub's endpoint, for `serverFromString` and options such as twistd web's --listen.

Imports nothing of the server before a string is parsed: every twistd looks at every plugin.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import IStreamServerEndpoint, IStreamServerEndpointStringParser
from twisted.plugin import IPlugin
from zope.interface import implementer


@implementer(IPlugin, IStreamServerEndpointStringParser)
class HubEndpointParser:
    """`redis:PORT[:interface=ADDRESS][:backlog=NUMBER]`; colons of an IPv6 address are written `\\:`."""

    prefix = "redis"

    def parseStreamServer(self, reactor: Any, *args: Any, **kwargs: Any) -> IStreamServerEndpoint:
        return self._parse(reactor, *args, **kwargs)

    def _parse(self, reactor: Any, port: str, interface: str = "", backlog: str = "511") -> IStreamServerEndpoint:
        from miniredis.server.endpoint import HubEndpoint

        endpoint: IStreamServerEndpoint = HubEndpoint(reactor, int(port), interface, int(backlog))
        return endpoint
