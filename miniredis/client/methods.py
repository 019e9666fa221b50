"""All typed methods, written by docs/client_commands.py.  Do not edit.

OneNodeMethods and AllNodesMethods have those that a cluster answers with the replies of all its nodes.
"""

from __future__ import annotations

from miniredis.client.methods_bitmaps import BitmapsMethods
from miniredis.client.methods_cluster import ClusterMethods
from miniredis.client.methods_connection import ConnectionMethods
from miniredis.client.methods_containers import ContainersMethods
from miniredis.client.methods_geo import GeoMethods
from miniredis.client.methods_geo_radius import GeoRadiusMethods
from miniredis.client.methods_hash_expiry import HashExpiryMethods
from miniredis.client.methods_hashes import HashesMethods
from miniredis.client.methods_keys import KeysMethods
from miniredis.client.methods_lists import ListsMethods
from miniredis.client.methods_scripting import ScriptingMethods
from miniredis.client.methods_server import ServerMethods
from miniredis.client.methods_sets import SetsMethods
from miniredis.client.methods_sorted_set_algebra import SortedSetAlgebraMethods
from miniredis.client.methods_sorted_set_ranges import SortedSetRangesMethods
from miniredis.client.methods_sorted_sets import SortedSetsMethods
from miniredis.client.methods_streams import StreamsMethods
from miniredis.client.methods_strings import StringsMethods
from miniredis.client.shapes import T


class Methods(
    KeysMethods[T],
    ScriptingMethods[T],
    StringsMethods[T],
    BitmapsMethods[T],
    GeoMethods[T],
    GeoRadiusMethods[T],
    HashesMethods[T],
    HashExpiryMethods[T],
    ListsMethods[T],
    SetsMethods[T],
    SortedSetsMethods[T],
    SortedSetRangesMethods[T],
    SortedSetAlgebraMethods[T],
    StreamsMethods[T],
    ServerMethods[T],
    ContainersMethods[T],
    ClusterMethods[T],
    ConnectionMethods[T],
):
    """A method for every command that every client answers alike."""
