"""Directives of what is stored: encodings of values, snapshots, the append-only file, keyspace events."""

from __future__ import annotations

from typing import Final

from miniredis.config.directive import Directive, Group
from miniredis.config.structured import Events, SavePoints
from miniredis.config.values import INT_MAX, INT_MIN, LONG_MAX, Choice, Flag, Integer, Lines, Memory, Text

_COUNT: Final = Integer(0, INT_MAX)
_LONG_COUNT: Final = Integer(0, LONG_MAX)
_SIZE: Final = Memory(0, LONG_MAX)
_YES_NO: Final = Flag()

VALUES: Final = Group(
    "Values",
    "Up to these sizes OBJECT ENCODING names the compact encodings, as Redis does.",
    [
        Directive(
            "hash-max-listpack-entries",
            _LONG_COUNT,
            "512",
            "Fields of a compact hash.",
            aliases=["hash-max-ziplist-entries"],
        ),
        Directive(
            "hash-max-listpack-value", _SIZE, "64", "Longest field or value of it.", aliases=["hash-max-ziplist-value"]
        ),
        Directive(
            "list-max-listpack-size",
            Integer(INT_MIN, INT_MAX),
            "-2",
            "Elements of a compact list, or with -1 to -5 its size: 4, 8, 16, 32, 64 kB.",
            aliases=["list-max-ziplist-size"],
        ),
        Directive("list-compress-depth", _COUNT, "0", "Blocks at both ends of a list left uncompressed."),
        Directive("set-max-intset-entries", _LONG_COUNT, "512", "Members of a compact set of numbers."),
        Directive("set-max-listpack-entries", _LONG_COUNT, "128", "Members of a compact set of texts.", "valkey"),
        Directive("set-max-listpack-value", _LONG_COUNT, "64", "Longest member of it.", "valkey"),
        Directive(
            "zset-max-listpack-entries",
            _LONG_COUNT,
            "128",
            "Members of a compact sorted set.",
            aliases=["zset-max-ziplist-entries"],
        ),
        Directive("zset-max-listpack-value", _SIZE, "64", "Longest member of it.", aliases=["zset-max-ziplist-value"]),
        Directive("hll-sparse-max-bytes", _SIZE, "3000", "Size from which a HyperLogLog is kept dense."),
        Directive("stream-node-max-bytes", _SIZE, "4096", "Bytes of a block of a stream; 0 for any."),
        Directive("stream-node-max-entries", _LONG_COUNT, "100", "Entries of a block of a stream; 0 for any."),
        Directive("list-max-ziplist-entries", Lines("number", 1, 1), "", "From Redis 3.", "accepted"),
        Directive("list-max-ziplist-value", Lines("number", 1, 1), "", "From Redis 3.", "accepted"),
        Directive(
            "notify-keyspace-events",
            Events(),
            '""',
            "Events published about keys: K and E for the two channels, A or letters for the classes.",
        ),
    ],
)

SNAPSHOTS: Final = Group(
    "Snapshots",
    "One RDB file with all data, written by SAVE, BGSAVE and the save points.",
    [
        Directive(
            "save",
            SavePoints(),
            "3600 1 300 100 60 10000",
            "Write a snapshot after so many seconds with so many changes; an empty text for never.",
        ),
        Directive(
            "dbfilename",
            Text("name", no_slash=b"dbfilename can't be a path, just a filename"),
            "dump.rdb",
            "Name of the file, in `dir`.",
            "protected",
        ),
        Directive("rdbcompression", _YES_NO, "yes", "Compress long texts in it."),
        Directive("rdbchecksum", _YES_NO, "yes", "End it with a checksum and verify that at load.", "fixed"),
        Directive(
            "sanitize-dump-payload",
            Choice([b"no", b"yes", b"clients"]),
            "no",
            "How thoroughly loaded values are verified: always wholly here.",
            "accepted",
        ),
        Directive("stop-writes-on-bgsave-error", _YES_NO, "yes", "Refuse writes while the last snapshot failed."),
        Directive(
            "rdb-del-sync-files",
            _YES_NO,
            "no",
            "Remove files made for full syncs where nothing else needs them.",
            "accepted",
        ),
        Directive("rdb-save-incremental-fsync", _YES_NO, "yes", "Sync the file as it grows."),
        Directive(
            "rdb-version-check",
            Choice([b"strict", b"relaxed"]),
            "strict",
            "Whether a file of a newer version is refused.",
            "valkey",
        ),
    ],
)

APPEND_ONLY: Final = Group(
    "Append-only file",
    "Every change is appended to a log of commands, which is rewritten when it has grown too long.",
    [
        Directive("appendonly", _YES_NO, "no", "Keep this log."),
        Directive(
            "appendfilename",
            Text(
                "name",
                no_slash=b"appendfilename can't be a path, just a filename",
                needed=b"appendfilename can't be empty",
            ),
            "appendonly.aof",
            "What the names of its files begin with.",
            "fixed",
        ),
        Directive(
            "appenddirname",
            Text(
                "name",
                no_slash=b"appenddirname can't be a path, just a dirname",
                needed=b"appenddirname can't be empty",
            ),
            "appendonlydir",
            "Folder of its files, in `dir`.",
            "fixed",
        ),
        Directive(
            "appendfsync",
            Choice([b"everysec", b"always", b"no"]),
            "everysec",
            "When it is forced to disk: each second, before the reply leaves, or whenever the system likes.",
        ),
        Directive(
            "no-appendfsync-on-rewrite", _YES_NO, "no", "Force nothing to disk while a snapshot or rewrite runs."
        ),
        Directive(
            "auto-aof-rewrite-percentage",
            _COUNT,
            "100",
            "Rewrite it when it has grown by so many percent; 0 for never.",
        ),
        Directive("auto-aof-rewrite-min-size", _SIZE, "67108864", "But not before it has this size."),
        Directive(
            "aof-load-truncated", _YES_NO, "yes", "Start although the last record is cut off, without that record."
        ),
        Directive("aof-use-rdb-preamble", _YES_NO, "yes", "Write the base of it as a snapshot, which loads faster."),
        Directive("aof-timestamp-enabled", _YES_NO, "no", "Note the time in it, for restoring the state of a moment."),
        Directive(
            "aof-checksum", _YES_NO, "yes", "Follow each write with a checksum, so that damage is found at load.", "own"
        ),
        Directive("aof-disable-auto-gc", _YES_NO, "no", "Keep files that a rewrite has made needless."),
        Directive("aof-rewrite-incremental-fsync", _YES_NO, "yes", "Sync a rewritten file as it grows."),
    ],
)

GROUPS: Final = [VALUES, SNAPSHOTS, APPEND_ONLY]
