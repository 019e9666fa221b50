"""The SDK: a Deferred-based client for Twisted, of one server, of a cluster, and of what sentinels watch.

`connect` takes a URL (settings.py says its forms) and returns the client for it.
"""

from miniredis.client.connecting import connect

__all__ = ["connect"]
