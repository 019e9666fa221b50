"""Pure codecs: RDB values and files, AOF records and manifest, LZF, CRC64, listpack and its kin."""
