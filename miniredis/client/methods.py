"""All typed methods, written by docs/client_commands.py.  Do not edit."""

from __future__ import annotations

from miniredis.client.methods_cluster import ClusterMethods
from miniredis.client.methods_connection import ConnectionMethods
from miniredis.client.methods_containers import ContainersMethods
from miniredis.client.methods_geo import GeoMethods
from miniredis.client.methods_hashes import HashesMethods
from miniredis.client.methods_keys import KeysMethods
from miniredis.client.methods_lists import ListsMethods
from miniredis.client.methods_scripting import ScriptingMethods
from miniredis.client.methods_server import ServerMethods
from miniredis.client.methods_sorted_set_ranges import SortedSetRangesMethods
from miniredis.client.methods_sorted_sets import SortedSetsMethods
from miniredis.client.methods_streams import StreamsMethods
from miniredis.client.methods_strings import StringsMethods


class Methods(
    KeysMethods,
    ScriptingMethods,
    StringsMethods,
    GeoMethods,
    HashesMethods,
    ListsMethods,
    SortedSetsMethods,
    SortedSetRangesMethods,
    StreamsMethods,
    ServerMethods,
    ContainersMethods,
    ClusterMethods,
    ConnectionMethods,
):
    """A method for every command."""
