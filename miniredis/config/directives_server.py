"""Directives of the process and its clients: network, general, logs, limits, memory, diagnosis."""

from __future__ import annotations

from typing import Final

from miniredis.config.directive import Directive, Group
from miniredis.config.structured import Choices, OomScores, OutputLimits, Percentiles, TitleTemplate
from miniredis.config.values import (
    INT_MAX,
    INT_MIN,
    LONG_MAX,
    UINT_MAX,
    ULONG_MAX,
    Choice,
    Flag,
    Integer,
    Lines,
    Memory,
    Octal,
    Text,
    Words,
)

PORT: Final = Integer(0, 65535)
COUNT: Final = Integer(0, INT_MAX)
LONG_COUNT: Final = Integer(0, LONG_MAX)
YES_NO: Final = Flag()
ACCESS: Final = Choice([b"no", b"yes", b"local"])
SHUTDOWN: Final = Choices(
    [b"default", b"save", b"nosave", b"now", b"force"],
    {b"safe": b"safe", b"failover": b"failover"},
    (b"save", b"nosave"),
)

NETWORK: Final = Group(
    "Network",
    "Where clients connect. With `port 0` there is no plain TCP; a unix socket or TLS can still be there.",
    [
        Directive("port", PORT, "6379", "TCP port for clients; 0 opens none."),
        Directive(
            "bind",
            Words("address ...", 16, b"Too many bind addresses specified."),
            "* -::*",
            "Addresses to listen on; one that starts with a minus may be missing on this machine.",
        ),
        Directive("bind-source-addr", Text("address"), "", "Address from which outgoing connections are made."),
        Directive(
            "protected-mode",
            YES_NO,
            "yes",
            "Refuse clients from other machines while the default user needs no password.",
        ),
        Directive("tcp-backlog", COUNT, "511", "Connections the kernel may hold before they are accepted.", "fixed"),
        Directive("tcp-keepalive", COUNT, "300", "Seconds between TCP keepalive probes; 0 sends none."),
        Directive("timeout", COUNT, "0", "Close a client after so many idle seconds; 0 never does."),
        Directive("unixsocket", Text("path"), "", "Path of a unix socket for clients; empty for none.", "fixed"),
        Directive("unixsocketperm", Octal(), "0", "Permissions of the unix socket; 0 stands for 700.", "fixed"),
        Directive("unixsocketgroup", Text("group"), "", "Group that owns the unix socket.", "fixed valkey"),
        Directive(
            "listen-endpoint",
            Words("endpoint ..."),
            "",
            "Further places to listen on, as Twisted endpoint descriptions such as tcp6:6380 or unix:/run/cache.sock.",
            "fixed own",
        ),
        Directive(
            "fast-endpoint",
            YES_NO,
            "yes",
            "Serve clients by the nested epoll loop; no takes Twisted's ordinary transports.",
            "fixed own",
        ),
        Directive(
            "port-file", Text("path"), "", "File into which the port in use is written once it is open.", "fixed own"
        ),
        Directive(
            "socket-mark-id", Integer(0, UINT_MAX), "0", "Mark on listening sockets, for filters.", "fixed accepted"
        ),
        Directive("mptcp", YES_NO, "no", "Listen for multipath TCP.", "fixed accepted valkey"),
        Directive(
            "max-new-connections-per-cycle",
            Integer(1, 1000),
            "10",
            "Connections accepted before other events get their turn.",
            "accepted valkey",
        ),
        Directive(
            "max-new-tls-connections-per-cycle",
            Integer(1, 1000),
            "1",
            "The same for TLS, whose handshakes take longer.",
            "accepted valkey",
        ),
        Directive("rdma-bind", Words("address ..."), "", "Addresses for RDMA.", "accepted valkey"),
        Directive("rdma-port", PORT, "0", "Port for RDMA.", "accepted valkey"),
        Directive(
            "rdma-rx-size", Integer(65536, 16777216), "1048576", "Receive buffer for RDMA.", "fixed accepted valkey"
        ),
        Directive(
            "rdma-completion-vector", Integer(-1, 1024), "-1", "Completion vector for RDMA.", "fixed accepted valkey"
        ),
    ],
)

GENERAL: Final = Group(
    "General",
    "The process itself. Relative paths start from `dir`, and `dir` from the folder the server was started in.",
    [
        Directive(
            "include",
            Lines("path", 1, 1),
            "",
            "Read another file (or all that match a pattern) here, as if it stood in this one.",
        ),
        Directive("daemonize", YES_NO, "no", "Go to the background.", "fixed"),
        Directive(
            "supervised",
            Choice([b"upstart", b"systemd", b"auto", b"no"]),
            "no",
            "Who watches the process and is told when it is ready.",
            "fixed",
        ),
        Directive("pidfile", Text("path"), "", "File that holds the process id while the server runs.", "fixed"),
        Directive("databases", Integer(1, INT_MAX), "16", "How many databases SELECT can choose from.", "fixed"),
        Directive(
            "dir",
            Text("path"),
            ".",
            "Working folder: snapshots, logs of writes and cluster state are kept in it.",
            "protected",
        ),
        Directive(
            "hz",
            Integer(0, INT_MAX, clamp=(1, 500)),
            "10",
            "How often a second housekeeping runs: expiry, timeouts, eviction.",
        ),
        Directive("dynamic-hz", YES_NO, "yes", "Do housekeeping more often with more clients.", "accepted"),
        Directive(
            "enable-protected-configs", ACCESS, "no", "Who may change protected directives while it runs.", "fixed"
        ),
        Directive("enable-debug-command", ACCESS, "no", "Who may use DEBUG.", "fixed"),
        Directive("enable-module-command", ACCESS, "no", "Who may load modules while it runs.", "fixed"),
        Directive("loadmodule", Lines("module words ...", 1), "", "Load a module at the start, by its dotted name."),
        Directive(
            "rename-command",
            Lines("command name", 2, 2),
            "",
            "Give a command another name, or none at all (an empty one). ACL rules are the better way.",
        ),
        Directive("shutdown-on-sigterm", SHUTDOWN, "default", "What SIGTERM does: the options of SHUTDOWN."),
        Directive("shutdown-on-sigint", SHUTDOWN, "default", "What SIGINT does."),
        Directive("shutdown-timeout", COUNT, "10", "Seconds a shutdown waits for replicas that lag behind."),
        Directive(
            "propagation-error-behavior",
            Choice([b"ignore", b"panic", b"panic-on-replicas"]),
            "ignore",
            "What an error in a replicated command does.",
            "accepted",
        ),
        Directive("always-show-logo", YES_NO, "no", "Show the logo in a log that is not a terminal.", "fixed accepted"),
        Directive("set-proc-title", YES_NO, "yes", "Change the title of the process.", "fixed accepted"),
        Directive(
            "proc-title-template",
            TitleTemplate("template"),
            '"{title} {listen-addr} {server-mode}"',
            "How the title of the process is made up.",
            "accepted",
        ),
        Directive("locale-collate", Text("locale"), "", "Order of texts for SORT ... ALPHA.", "accepted valkey"),
        Directive("availability-zone", Text("zone"), "", "Where this server runs; shown by HELLO and INFO.", "valkey"),
        Directive(
            "extended-redis-compatibility", YES_NO, "no", "Name the server redis in more replies.", "accepted valkey"
        ),
        Directive("disable-thp", YES_NO, "yes", "Switch transparent huge pages off.", "fixed accepted"),
        Directive(
            "oom-score-adj",
            Choice([b"no", b"yes", b"relative", b"absolute"], {}),
            "no",
            "Tell the kernel whom to end first when memory runs out.",
            "accepted",
        ),
        Directive("oom-score-adj-values", OomScores(), "0 200 800", "The scores for that.", "accepted"),
        Directive("io-threads", Integer(1, 128), "1", "Threads for reading and writing.", "fixed accepted"),
        Directive("io-threads-do-reads", YES_NO, "no", "Whether those threads read as well.", "fixed accepted"),
        Directive("events-per-io-thread", COUNT, "2", "Events that wake one more of them.", "hidden accepted valkey"),
        Directive("io-threads-always-active", YES_NO, "no", "Keep those threads awake.", "hidden accepted valkey"),
        Directive("prefetch-batch-max-size", Integer(0, 128), "16", "Keys looked up ahead.", "accepted valkey"),
        Directive(
            "min-io-threads-avoid-copy-reply",
            COUNT,
            "7",
            "Threads from which replies are sent uncopied.",
            "hidden accepted valkey",
        ),
        Directive(
            "min-string-size-avoid-copy-reply",
            COUNT,
            "16384",
            "Size from which replies are sent uncopied.",
            "hidden accepted valkey",
        ),
        Directive(
            "min-string-size-avoid-copy-reply-threaded",
            COUNT,
            "65536",
            "The same with threads.",
            "hidden accepted valkey",
        ),
        Directive(
            "server-cpulist", Text("list"), "", "Processors for the server.", "fixed accepted", ["server_cpulist"]
        ),
        Directive(
            "bio-cpulist", Text("list"), "", "Processors for background threads.", "fixed accepted", ["bio_cpulist"]
        ),
        Directive(
            "aof-rewrite-cpulist",
            Text("list"),
            "",
            "Processors for rewriting.",
            "fixed accepted",
            ["aof_rewrite_cpulist"],
        ),
        Directive(
            "bgsave-cpulist", Text("list"), "", "Processors for snapshots.", "fixed accepted", ["bgsave_cpulist"]
        ),
        Directive("ignore-warnings", Text("names"), "", "Warnings about the kernel not to be given.", "accepted"),
        Directive("use-exit-on-panic", YES_NO, "no", "End by exit rather than abort.", "hidden accepted"),
        Directive("hash-seed", Text("text"), "", "Seed of hash tables.", "fixed sensitive accepted valkey"),
    ],
)

LOGS: Final = Group(
    "Logs",
    "An empty logfile means standard output. SIGUSR1 opens the file anew, for log rotation.",
    [
        Directive(
            "loglevel",
            Choice([b"debug", b"verbose", b"notice", b"warning"], {b"nothing": b"nothing"}),
            "notice",
            "The least important lines still logged.",
        ),
        Directive("logfile", Text("path"), "", "File for the log.", "fixed"),
        Directive(
            "log-format",
            Choice([b"text", b"json", b"logfmt"], {b"legacy": b"text"}),
            "text",
            "Lines as Redis writes them, or for machines.",
            "own",
        ),
        Directive(
            "log-timestamp-format",
            Choice([b"legacy", b"iso8601", b"milliseconds"]),
            "legacy",
            "How the time is written in a line.",
            "valkey",
        ),
        Directive(
            "hide-user-data-from-log",
            YES_NO,
            "yes",
            "Keep what users store out of the log: always so here.",
            "accepted valkey",
        ),
        Directive("syslog-enabled", YES_NO, "no", "Log to the system's log as well.", "fixed"),
        Directive("syslog-ident", Text("name"), "miniredis", "Name in the system's log.", "fixed"),
        Directive(
            "syslog-facility",
            Choice([b"user", *(b"local%d" % number for number in range(8))]),
            "local0",
            "Facility in the system's log.",
            "fixed",
        ),
        Directive("crash-log-enabled", YES_NO, "yes", "Log the state at a crash.", "accepted"),
        Directive("crash-memcheck-enabled", YES_NO, "yes", "Test memory at a crash.", "accepted"),
        Directive("watchdog-period", COUNT, "0", "Milliseconds after which a stall is logged.", "hidden accepted"),
        Directive("debug-context", Text("text"), "", "A text for crash reports.", "hidden accepted valkey"),
        Directive("enable-debug-assert", YES_NO, "no", "Check more invariants.", "fixed hidden accepted valkey"),
    ],
)

CLIENTS: Final = Group(
    "Clients",
    "Limits that keep one client from harming the others.",
    [
        Directive("maxclients", Integer(1, UINT_MAX), "10000", "Connections served at a time."),
        Directive(
            "client-output-buffer-limit",
            OutputLimits(),
            "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60",
            "Close a client of a class whose unread replies exceed the hard limit, or the soft one so many seconds.",
        ),
        Directive(
            "client-query-buffer-limit", Memory(1024 * 1024, LONG_MAX), "1073741824", "Largest unfinished request."
        ),
        Directive(
            "proto-max-bulk-len", Memory(1024 * 1024, LONG_MAX), "536870912", "Longest single word of a request."
        ),
        Directive(
            "maxmemory-clients",
            Memory(0, ULONG_MAX, percent=True),
            "0",
            "Memory all clients together may take, as bytes or a share of maxmemory; 0 for no limit.",
        ),
        Directive(
            "tracking-table-max-keys",
            LONG_COUNT,
            "1000000",
            "Keys remembered for client-side caching; 0 for any number.",
        ),
    ],
)

MEMORY: Final = Group(
    "Memory",
    "With a limit, the policy says which keys go when it is reached.",
    [
        Directive("maxmemory", Memory(0, ULONG_MAX), "0", "Memory the data may take; 0 for no limit."),
        Directive(
            "maxmemory-policy",
            Choice(
                [
                    b"volatile-lru",
                    b"volatile-lfu",
                    b"volatile-random",
                    b"volatile-ttl",
                    b"allkeys-lru",
                    b"allkeys-lfu",
                    b"allkeys-random",
                    b"noeviction",
                ]
            ),
            "noeviction",
            "Which keys are evicted: any or those with an expiry, by age, frequency, chance or nearest expiry.",
        ),
        Directive("maxmemory-samples", Integer(1, INT_MAX), "5", "Keys looked at to find the best one to evict."),
        Directive("maxmemory-eviction-tenacity", Integer(0, 100), "10", "How long eviction may take.", "accepted"),
        Directive("lfu-log-factor", COUNT, "10", "How slowly the frequency counter grows."),
        Directive("lfu-decay-time", COUNT, "1", "Minutes after which the frequency counter falls by one."),
        Directive("active-expire-effort", Integer(1, 10), "1", "How much time is spent on finding expired keys."),
        Directive("lazyfree-lazy-eviction", YES_NO, "no", "Free evicted values in slices: always so here.", "accepted"),
        Directive("lazyfree-lazy-expire", YES_NO, "no", "Free expired values in slices: always so here.", "accepted"),
        Directive(
            "lazyfree-lazy-server-del", YES_NO, "no", "Free overwritten values in slices: always so here.", "accepted"
        ),
        Directive("lazyfree-lazy-user-del", YES_NO, "no", "Let DEL work as UNLINK does: always so here.", "accepted"),
        Directive("lazyfree-lazy-user-flush", YES_NO, "no", "Let FLUSHALL and FLUSHDB be ASYNC unless SYNC is said."),
        Directive("activerehashing", YES_NO, "yes", "Rehash tables in idle time.", "accepted"),
        Directive("activedefrag", YES_NO, "no", "Defragment memory.", "accepted"),
        Directive("active-defrag-ignore-bytes", Memory(1, LONG_MAX), "104857600", "Waste to begin at.", "accepted"),
        Directive("active-defrag-threshold-lower", Integer(0, 1000), "10", "Percent to begin at.", "accepted"),
        Directive("active-defrag-threshold-upper", Integer(0, 1000), "100", "Percent for full effort.", "accepted"),
        Directive("active-defrag-cycle-min", Integer(1, 99), "1", "Least percent of time.", "accepted"),
        Directive("active-defrag-cycle-max", Integer(1, 99), "25", "Most percent of time.", "accepted"),
        Directive("active-defrag-cycle-us", Integer(0, 100000), "500", "Time of a step.", "accepted valkey"),
        Directive("active-defrag-max-scan-fields", Integer(1, LONG_MAX), "1000", "Fields scanned at once.", "accepted"),
        Directive("jemalloc-bg-thread", YES_NO, "yes", "Let jemalloc purge in a thread.", "accepted"),
    ],
)

DIAGNOSIS: Final = Group(
    "Slow commands, latency, events",
    "What the server remembers about itself, and the events it publishes about keys.",
    [
        Directive(
            "slowlog-log-slower-than",
            Integer(-1, LONG_MAX),
            "10000",
            "Microseconds from which a command is remembered by SLOWLOG; -1 for none.",
            aliases=["commandlog-execution-slower-than"],
        ),
        Directive(
            "slowlog-max-len",
            LONG_COUNT,
            "128",
            "How many of them are kept.",
            aliases=["commandlog-slow-execution-max-len"],
        ),
        Directive(
            "commandlog-request-larger-than",
            Integer(-1, LONG_MAX),
            "1048576",
            "Bytes from which a request is remembered by COMMANDLOG; -1 for none.",
            "valkey",
        ),
        Directive("commandlog-large-request-max-len", LONG_COUNT, "128", "How many of them are kept.", "valkey"),
        Directive(
            "commandlog-reply-larger-than",
            Integer(-1, LONG_MAX),
            "1048576",
            "Bytes from which a command is remembered for its reply; -1 for none.",
            "valkey",
        ),
        Directive("commandlog-large-reply-max-len", LONG_COUNT, "128", "How many of them are kept.", "valkey"),
        Directive(
            "latency-monitor-threshold",
            LONG_COUNT,
            "0",
            "Milliseconds from which LATENCY remembers an event; 0 for none.",
        ),
        Directive("latency-tracking", YES_NO, "yes", "Keep a histogram of each command's time."),
        Directive(
            "latency-tracking-info-percentiles",
            Percentiles(),
            "50 99 99.9",
            "Percentiles that INFO latencystats shows.",
        ),
        Directive("metrics-port", PORT, "0", "HTTP port of /metrics for Prometheus; 0 for none.", "fixed own"),
        Directive("metrics-bind", Words("address ..."), "127.0.0.1", "Addresses of that port.", "fixed own"),
        Directive("web-port", PORT, "0", "HTTP port of the admin console; 0 for none.", "fixed own"),
        Directive("web-bind", Words("address ..."), "127.0.0.1", "Addresses of the admin console.", "fixed own"),
        Directive("web-origins", Words("origin ..."), "", "Further origins the admin console may be used from.", "own"),
    ],
)

SCRIPTS: Final = Group(
    "Scripts",
    "",
    [
        Directive(
            "busy-reply-threshold",
            LONG_COUNT,
            "5000",
            "Milliseconds after which other clients are told that a script is busy.",
            aliases=["lua-time-limit"],
        ),
        Directive("lua-enable-deprecated-api", YES_NO, "no", "Let scripts use old functions.", "fixed hidden accepted"),
        Directive("lua-enable-insecure-api", YES_NO, "no", "The same in Valkey.", "protected hidden accepted valkey"),
        Directive(
            "lua-replicate-commands", Lines("yes|no", 1, 1), "", "From Redis 5; scripts replicate effects.", "accepted"
        ),
    ],
)

TESTING: Final = Group(
    "For tests of the server",
    "",
    [
        Directive(
            "key-load-delay",
            Integer(INT_MIN, INT_MAX),
            "0",
            "Microseconds to wait for each key loaded; negative: keys for which one microsecond is waited.",
            "hidden",
        ),
        Directive(
            "rdb-key-save-delay",
            Integer(INT_MIN, INT_MAX),
            "0",
            "Microseconds to wait for each key saved.",
            "hidden",
        ),
        Directive(
            "loading-process-events-interval-bytes",
            Integer(1024, INT_MAX),
            "2097152",
            "Bytes loaded before clients get an answer.",
            "hidden accepted",
        ),
    ],
)
