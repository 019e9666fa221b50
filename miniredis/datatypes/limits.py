"""Thresholds of the configuration at which values change their encoding.

One object is shared by all values of a server, so that CONFIG SET is seen at once.
"""

from __future__ import annotations

from typing import Final

from miniredis.config.config import Config
from miniredis.datatypes.compression import Compressor

#: The directives these thresholds come from.
LIMIT_DIRECTIVES: Final = [
    "list-max-listpack-size",
    "list-compress-depth",
    "hash-max-listpack-entries",
    "hash-max-listpack-value",
    "set-max-intset-entries",
    "set-max-listpack-entries",
    "set-max-listpack-value",
    "zset-max-listpack-entries",
    "zset-max-listpack-value",
    "hll-sparse-max-bytes",
    "stream-node-max-bytes",
    "stream-node-max-entries",
]


class EncodingLimits:
    """Redis's defaults; sizes in bytes, entries in elements."""

    def __init__(self) -> None:
        self.list_max_listpack_size: int = -2  # negative: 4 kB, 8 kB, ... 64 kB a node; positive: entries
        self.list_compress_depth: int = 0
        self.list_compressor: Compressor | None = None
        self.quicklist_packed_threshold: int = 0  # larger elements stand alone; 0: those over the node size
        self.hash_max_listpack_entries: int = 512
        self.hash_max_listpack_value: int = 64
        self.set_max_intset_entries: int = 512
        self.set_max_listpack_entries: int = 128
        self.set_max_listpack_value: int = 64
        self.zset_max_listpack_entries: int = 128
        self.zset_max_listpack_value: int = 64
        self.hll_sparse_max_bytes: int = 3000
        self.stream_node_max_bytes: int = 4096
        self.stream_node_max_entries: int = 100

    def read(self, config: Config) -> None:
        """Take the thresholds of a configuration over."""
        self.list_max_listpack_size = config.int("list-max-listpack-size")
        self.list_compress_depth = config.int("list-compress-depth")
        self.hash_max_listpack_entries = config.int("hash-max-listpack-entries")
        self.hash_max_listpack_value = config.int("hash-max-listpack-value")
        self.set_max_intset_entries = config.int("set-max-intset-entries")
        self.set_max_listpack_entries = config.int("set-max-listpack-entries")
        self.set_max_listpack_value = config.int("set-max-listpack-value")
        self.zset_max_listpack_entries = config.int("zset-max-listpack-entries")
        self.zset_max_listpack_value = config.int("zset-max-listpack-value")
        self.hll_sparse_max_bytes = config.int("hll-sparse-max-bytes")
        self.stream_node_max_bytes = config.int("stream-node-max-bytes")
        self.stream_node_max_entries = config.int("stream-node-max-entries")

    def follow(self, config: Config) -> None:
        """Take them over now and whenever one of them changes."""
        config.follow(LIMIT_DIRECTIVES, lambda: self.read(config))
