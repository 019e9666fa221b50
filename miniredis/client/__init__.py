"""The SDK: a Deferred-based client for Twisted, of one server, of a cluster, and of what sentinels watch.

`connect` and `connect_cluster` take a URL (settings.py says its forms) and return the client for it.
"""

from miniredis.client.client import Client
from miniredis.client.cluster import Cluster
from miniredis.client.connecting import connect, connect_cluster
from miniredis.client.settings import Address, Settings
from miniredis.client.subscriber import Message, Subscriber

__all__ = ["Address", "Client", "Cluster", "Message", "Settings", "Subscriber", "connect", "connect_cluster"]
