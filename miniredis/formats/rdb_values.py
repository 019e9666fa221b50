"""All types of value that the server has of itself, registered."""

from __future__ import annotations

from miniredis.datatypes.hashes import HashValue
from miniredis.datatypes.limits import EncodingLimits
from miniredis.datatypes.lists import ListValue
from miniredis.datatypes.sets import SetValue
from miniredis.datatypes.sorted_sets import SortedSet
from miniredis.datatypes.streams import StreamValue
from miniredis.formats.hash_codec import HashCodec
from miniredis.formats.list_codec import ListCodec
from miniredis.formats.registry import ValueRegistry
from miniredis.formats.set_codec import SetCodec
from miniredis.formats.sorted_set_codec import SortedSetCodec
from miniredis.formats.stream_codec import StreamCodec
from miniredis.formats.string_codec import StringCodec


def build_registry(limits: EncodingLimits) -> ValueRegistry:
    """The codecs of the built-in types; values that they load follow `limits`."""
    registry = ValueRegistry()
    registry.register(StringCodec(), [bytes, bytearray])
    registry.register(ListCodec(limits), [ListValue])
    registry.register(SetCodec(limits), [SetValue])
    registry.register(SortedSetCodec(limits), [SortedSet])
    registry.register(HashCodec(limits), [HashValue])
    registry.register(StreamCodec(limits), [StreamValue])
    return registry
