"""Thresholds of the configuration at which values change their encoding.

One object is shared by all values of a server, so that CONFIG SET is seen at once.
"""

from __future__ import annotations

from miniredis.datatypes.compression import Compressor


class EncodingLimits:
    """Redis's defaults; sizes in bytes, entries in elements."""

    def __init__(self) -> None:
        self.list_max_listpack_size: int = -2  # negative: 4 kB, 8 kB, ... 64 kB a node; positive: entries
        self.list_compress_depth: int = 0
        self.list_compressor: Compressor | None = None
        self.quicklist_packed_threshold: int = 0  # larger elements stand alone; 0: those over the node size
        self.hash_max_listpack_entries: int = 128
        self.hash_max_listpack_value: int = 64
        self.set_max_intset_entries: int = 512
        self.set_max_listpack_entries: int = 128
        self.set_max_listpack_value: int = 64
        self.zset_max_listpack_entries: int = 128
        self.zset_max_listpack_value: int = 64
        self.hll_sparse_max_bytes: int = 3000
        self.stream_node_max_bytes: int = 4096
        self.stream_node_max_entries: int = 100
