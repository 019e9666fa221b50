"""What is not as in Valkey or Redis, command by command and directive by directive: how, or why it is not there.

One table: the page `reference/compatibility` shows it, `tests/docs/test_compatibility.py` holds it against the registry
of commands and the table of directives, and the oracle tests take from it what may be missing.  Replies that differ in
a single case are in differences.py, which the page shows as well; here stands what differs as a whole.
"""

from __future__ import annotations

from typing import Final

#: Commands of Valkey 9.1 that are not there: why, and which; a subcommand stands as `container|name`.
ABSENT: Final[dict[str, str]] = {}

#: Fields of INFO that redis-server 7.0 or Valkey 9.1 show and we do not -> why.
ABSENT_FIELDS: Final[dict[str, str]] = {
    "server_name": "only Valkey calls itself so; clients take the server for Redis",
    "valkey_version": "we are not a version of Valkey",
    "valkey_release_stage": "we are not a version of Valkey",
    "gcc_version": "the server runs interpreted, too; what compiled Python is not ours to know",
    "atomicvar_api": "nothing here is shared between threads by atomic variables of C",
    "module": "Valkey lists its built-in Lua as a module; modules that are loaded here are listed",
    "engines_total_memory_overhead": "what Python holds beside Lua's own memory is not counted apart",
}
#: Fields of INFO that are ours alone.
OWN_FIELDS: Final = (
    "miniredis_version",
    "miniredis_build",
    "miniredis_endpoint",
    "reactor_longest_stall_usec",
    "reactor_longest_own_stall_usec",
)

#: Subcommands of DEBUG of Redis 7.0 or Valkey that are not there.
DEBUG_ABSENT: Final = (
    "AOF-FLUSH-SLEEP ASSERT CLIENT-ENFORCE-REPLY-LIST CLIENT-EVICTION CLOSE-CLUSTER-LINK-ON-PACKET-DROP CLUSTERLINK "
    "CONFIG-REWRITE-FORCE-ALL CRASH-AND-RECOVER DELAY-RDB-CLIENT-FREE-SECOND DISABLE-CLUSTER-RANDOM-PING "
    "DISABLE-CLUSTER-RECONNECTION DROP-CLUSTER-PACKET-FILTER FORCE-FREE-PRIMARY-ASYNC FORCE-TLS-WRITE-ERROR "
    "HASHTABLE-CAN-ABORT-SHRINK LEAK MALLCTL MALLCTL-STR OOM PANIC PAUSE-AFTER-FORK PROTECT-CLIENT RESTART SEGFAULT "
    "SLOTMIGRATION STRINGMATCH-TEST STRUCTSIZE"
)

#: How commands that are there differ, and which they are.
DIFFERENT: Final[dict[str, str]] = {
    "The text is our own, and lists what is there.": (
        "acl|help client|help cluster|help command|help commandlog|help config|help function|help latency|help"
        " memory|help module|help object|help pubsub|help script|help sentinel|help slowlog|help xgroup|help"
        " xinfo|help"
    ),
    "Our own picture, without options but VERSION.": "lolwut",
    "Summaries and complexities are in our own words; the arguments of a few commands are grouped otherwise.": (
        "command|docs"
    ),
    "Says that it is Redis 7.4.0, by which redis-py takes it for a server whose replies it may cache; INFO says 7.2.4.": (
        "hello"
    ),
    "Cursors are positions in our own tables, and elements come in another order; what SCAN promises holds.": (
        "scan hscan sscan zscan clusterscan"
    ),
    "Elements of sets, fields of hashes and keys come in another order.": (
        "keys smembers sinter sunion sdiff hgetall hkeys hvals"
    ),
    "Other elements come for the same chance.": "randomkey srandmember spop hrandfield zrandmember",
    "Sizes are those of Python's objects, and five fields of our own tell version, build, endpoint and the longest stalls of"
    " the loop; fields that are not there stand below.": "info",
    "Sizes are those of Python's objects and of our own tables.": "memory|usage memory|stats",
    "The text is our own: there is no jemalloc to ask.": "memory|doctor memory|malloc-stats",
    "The text is our own.": "latency|doctor",
    "Buffers have no spare room to report: qbuf-free, rbs and rbp are 0, and tot-mem is an estimate.": (
        "client|list client|info"
    ),
    "Commands of one kind in a pipeline share their time; each is timed alone where slowlog-log-slower-than is below a"
    " millisecond.": "latency|histogram",
    "Idle time and frequency are kept from the moment that an LRU or LFU policy is set or one of these is asked first;"
    " until then idle time counts from the last write or load.": "object|idletime object|freq",
    "Subcommands that crash the process, look into an allocator, or are levers of Valkey's own tests are not there:"
    f" {DEBUG_ABSENT}.  HTSTATS and SDSLEN tell of our tables and objects.": "debug",
    "Modules are Python modules, by their dotted names; shared libraries cannot be loaded.": (
        "module|load module|loadex module|unload module|list"
    ),
    "There is no debugger: YES and SYNC are refused.": "script|debug",
    "Lua takes at most 256 MB, a pattern has at most 2,000 bytes, unpack gives at most 8,000 values; the text of an error"
    " in a tail call may name no line.": (
        "eval eval_ro evalsha evalsha_ro script|load fcall fcall_ro function|load function|restore"
    ),
    "Not in a transaction or a script, since it waits for another server.": "migrate",
    "Refused, beside Redis's reasons, where there is no memory for what the child would copy (nine tenths of the data).": (
        "bgsave bgrewriteaof"
    ),
    "Nodes of miniredis only: what nodes say to each other is not Redis's binary bus.": (
        "cluster|meet cluster|addslots cluster|setslot cluster|replicate cluster|failover"
    ),
    "The order of the pieces is Valkey's; what the nodes say is our own.": (
        "cluster|migrateslots cluster|getslotmigrations cluster|syncslots"
    ),
    "Memory is given back in slices, with SYNC as with ASYNC; SYNC is answered when all of it is.": "flushall flushdb",
    "An own payload of version 10, as Redis 7.0 writes it (of version 12 where fields of hashes expire), where Valkey 9"
    " writes version 80.": "dump",
    "Texts are compared byte by byte: no locale has a say.": "sort sort_ro",
    "log-level and other options of newer versions are not there.": "sentinel|config",
}

#: Directives that are taken, checked and shown, and change nothing: why, and which.
WITHOUT_EFFECT: Final[dict[str, str]] = {
    "Commands run in one thread; there are no others to number, wake or bind.": (
        "io-threads io-threads-do-reads events-per-io-thread io-threads-always-active prefetch-batch-max-size"
        " min-io-threads-avoid-copy-reply min-string-size-avoid-copy-reply min-string-size-avoid-copy-reply-threaded server-cpulist bio-cpulist"
        " aof-rewrite-cpulist bgsave-cpulist"
    ),
    "Memory is Python's: there is no jemalloc to defragment or to purge.": (
        "activedefrag active-defrag-ignore-bytes active-defrag-threshold-lower active-defrag-threshold-upper"
        " active-defrag-cycle-min active-defrag-cycle-max active-defrag-cycle-us active-defrag-max-scan-fields"
        " jemalloc-bg-thread disable-thp"
    ),
    "Tables grow in small pieces by themselves; Python chooses the seed.": "activerehashing hash-seed",
    "Files of full syncs lose their names as soon as they are open: none stays to be removed.": "rdb-del-sync-files",
    "It is always so here.": (
        "replica-lazy-flush lazyfree-lazy-eviction lazyfree-lazy-expire lazyfree-lazy-server-del lazyfree-lazy-user-del"
        " hide-user-data-from-log sanitize-dump-payload"
    ),
    "There is no RDMA and no multipath TCP in Twisted.": (
        "rdma-bind rdma-port rdma-rx-size rdma-completion-vector mptcp repl-mptcp"
    ),
    "The loop has limits of its own for what it takes in a turn.": (
        "max-new-connections-per-cycle max-new-tls-connections-per-cycle dynamic-hz"
    ),
    "The process keeps the title and the score that its supervisor gave it.": (
        "set-proc-title proc-title-template oom-score-adj oom-score-adj-values"
    ),
    "A defect is a traceback in the log and an error reply, not a crash.": (
        "crash-log-enabled crash-memcheck-enabled use-exit-on-panic debug-context enable-debug-assert watchdog-period"
        " propagation-error-behavior"
    ),
    "There is no logo, and there are no warnings about the kernel.": "always-show-logo ignore-warnings",
    "Sockets are not marked.": "socket-mark-id",
    "Texts are compared byte by byte.": "locale-collate",
    "The name is redis wherever that matters to a client.": "extended-redis-compatibility",
    "Eviction has a budget of time of its own.": "maxmemory-eviction-tenacity",
    "A full sync goes over the one link there is.": "dual-channel-replication-enabled",
    "Nodes ping by the node timeout.": "cluster-ping-interval",
    "pyOpenSSL cannot say it to OpenSSL, whose default is the same.": "tls-session-cache-size",
    "Scripts have the present API, and their effects are what is replicated.": (
        "lua-enable-deprecated-api lua-enable-insecure-api lua-replicate-commands"
    ),
    "Clients are served between slices of time, not of bytes.": "loading-process-events-interval-bytes",
    "Names of Redis 3 for what its lists were.": "list-max-ziplist-entries list-max-ziplist-value",
}

#: Directives that should have an effect and have none: taken, checked and shown.
NOT_IMPLEMENTED: Final[dict[str, str]] = {}

#: Directives that work, and differ: how, and which.
DIFFERENT_DIRECTIVES: Final[dict[str, str]] = {
    "Names a Python module.": "loadmodule",
    "Below a millisecond each command of a pipeline is timed alone; else those of one kind share their time.": (
        "slowlog-log-slower-than"
    ),
    "`legacy` is another name for `text`; `json` is our own.": "log-format",
    "Counts our own estimate of keys and values.": "maxmemory",
}


def by_name(reasons: dict[str, str]) -> dict[str, str]:
    """The same by name.  A name that occurs twice is a mistake in the table."""
    named: dict[str, str] = {}
    for reason, names in reasons.items():
        for name in names.split():
            if name in named:
                raise ValueError(f"{name} is explained twice")
            named[name] = reason
    return named
