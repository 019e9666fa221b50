"""Directives of servers among each other and of who may use them: replication, cluster, sentinel, security, TLS."""

from __future__ import annotations

from typing import Final

from miniredis.config.directive import Directive, Group
from miniredis.config.structured import Hostname, IpAddress, ReplicaOf, ShownName
from miniredis.config.values import INT_MAX, LONG_MAX, UINT_MAX, ULONG_MAX, Choice, Flag, Integer, Lines, Memory, Text

_PORT: Final = Integer(0, 65535)
_COUNT: Final = Integer(0, INT_MAX)
_LONG_COUNT: Final = Integer(0, LONG_MAX)
_YES_NO: Final = Flag()
_PATH: Final = Text("path")

REPLICATION: Final = Group(
    "Replication",
    "A replica follows its primary; either side may be a Redis or Valkey server.",
    [
        Directive("replicaof", ReplicaOf("host port"), "no one", "Follow this primary.", "fixed", ["slaveof"]),
        Directive("masterauth", Text("password"), "", "Password for the primary.", "sensitive", ["primaryauth"]),
        Directive(
            "masteruser",
            Text("user"),
            "",
            "ACL user for the primary; empty for the default one.",
            flags="sensitive",
            aliases=["primaryuser"],
        ),
        Directive(
            "replica-serve-stale-data",
            _YES_NO,
            "yes",
            "Answer with the old data while the primary cannot be reached.",
            aliases=["slave-serve-stale-data"],
        ),
        Directive("replica-read-only", _YES_NO, "yes", "Refuse writes on a replica.", aliases=["slave-read-only"]),
        Directive(
            "replica-priority",
            _COUNT,
            "100",
            "A sentinel promotes the lowest first, and never 0.",
            aliases=["slave-priority"],
        ),
        Directive("replica-announced", _YES_NO, "yes", "Let sentinels tell of this replica."),
        Directive(
            "replica-announce-ip",
            Text("address"),
            "",
            "Address under which others reach this one.",
            aliases=["slave-announce-ip"],
        ),
        Directive("replica-announce-port", _PORT, "0", "Port for that; 0 for `port`.", aliases=["slave-announce-port"]),
        Directive(
            "replica-ignore-maxmemory",
            _YES_NO,
            "yes",
            "Leave eviction to the primary.",
            aliases=["slave-ignore-maxmemory"],
        ),
        Directive(
            "replica-lazy-flush",
            _YES_NO,
            "no",
            "Free the old data of a full sync bit by bit.",
            "accepted",
            aliases=["slave-lazy-flush"],
        ),
        Directive(
            "replica-ignore-disk-write-errors",
            _YES_NO,
            "no",
            "Take the primary's writes although the disk fails, instead of ending the server.",
        ),
        Directive("repl-diskless-sync", _YES_NO, "yes", "Send a full sync straight to the socket."),
        Directive("repl-diskless-sync-delay", _COUNT, "5", "Seconds to wait for more replicas before it."),
        Directive("repl-diskless-sync-max-replicas", _COUNT, "0", "Replicas that end this wait early; 0 for none."),
        Directive(
            "repl-diskless-load",
            Choice([b"disabled", b"on-empty-db", b"swapdb"], {b"flush-before-load": b"flush-before-load"}),
            "disabled",
            "Load a full sync straight from the socket.",
        ),
        Directive(
            "repl-ping-replica-period",
            Integer(1, INT_MAX),
            "10",
            "Seconds between a primary's pings to its replicas.",
            aliases=["repl-ping-slave-period"],
        ),
        Directive("repl-timeout", Integer(1, INT_MAX), "60", "Seconds of silence after which a link counts as broken."),
        Directive("repl-disable-tcp-nodelay", _YES_NO, "no", "Save packets rather than time on links to replicas."),
        Directive(
            "repl-backlog-size",
            Memory(1, LONG_MAX, clamp=(16384, LONG_MAX)),
            "1048576",
            "Last bytes kept, for replicas that come back soon.",
        ),
        Directive("repl-backlog-ttl", _LONG_COUNT, "3600", "Seconds they are kept without a replica; 0 for ever."),
        Directive(
            "min-replicas-to-write",
            _COUNT,
            "0",
            "Refuse writes with fewer good replicas; 0 for never.",
            aliases=["min-slaves-to-write"],
        ),
        Directive(
            "min-replicas-max-lag", _COUNT, "10", "Seconds of lag of a good replica.", aliases=["min-slaves-max-lag"]
        ),
        Directive("dual-channel-replication-enabled", _YES_NO, "no", "Full sync by a second link.", "accepted valkey"),
        Directive("repl-mptcp", _YES_NO, "no", "Multipath TCP for replication.", "fixed accepted valkey"),
        Directive("import-mode", _YES_NO, "no", "Neither expire nor evict while data is moved in.", "valkey"),
    ],
)

CLUSTER: Final = Group(
    "Cluster",
    "16,384 slots shared among nodes that watch each other.",
    [
        Directive("cluster-enabled", _YES_NO, "no", "Be a node of a cluster.", "fixed"),
        Directive("cluster-config-file", _PATH, "nodes.conf", "File for the state of the cluster, in `dir`.", "fixed"),
        Directive(
            "cluster-node-timeout", _LONG_COUNT, "15000", "Milliseconds of silence after which a node may be failing."
        ),
        Directive("cluster-port", _PORT, "0", "Port of the bus; 0 for `port` plus 10000.", "fixed"),
        Directive(
            "cluster-secret",
            Text("text"),
            "",
            "A secret all nodes share, by which they sign what they tell each other.",
            "fixed sensitive own",
        ),
        Directive(
            "cluster-replica-validity-factor",
            _COUNT,
            "10",
            "How old a replica's data may be, in node timeouts, for it to take over; 0 for any age.",
            aliases=["cluster-slave-validity-factor"],
        ),
        Directive(
            "cluster-replica-no-failover",
            _YES_NO,
            "no",
            "Never take over from the primary unasked.",
            aliases=["cluster-slave-no-failover"],
        ),
        Directive("cluster-migration-barrier", _COUNT, "1", "Replicas a primary keeps when one moves to another."),
        Directive("cluster-allow-replica-migration", _YES_NO, "yes", "Move to a primary that has no replica left."),
        Directive("cluster-require-full-coverage", _YES_NO, "yes", "Serve nothing while a slot has no owner."),
        Directive("cluster-allow-reads-when-down", _YES_NO, "no", "Answer reads while the cluster is down."),
        Directive("cluster-allow-pubsubshard-when-down", _YES_NO, "yes", "Pass on shard messages while it is down."),
        Directive(
            "cluster-link-sendbuf-limit", Memory(0, ULONG_MAX), "0", "Memory for messages to one node; 0 for any."
        ),
        Directive(
            "cluster-announce-ip",
            ShownName(
                "address", b"cluster-announce-ip contains invalid character", 255, b"cluster-announce-ip is too long"
            ),
            "",
            "Address under which this node is known.",
        ),
        Directive("cluster-announce-port", _PORT, "0", "Port under which it is known."),
        Directive("cluster-announce-tls-port", _PORT, "0", "TLS port under which it is known."),
        Directive("cluster-announce-bus-port", _PORT, "0", "Port of the bus under which it is known."),
        Directive("cluster-announce-hostname", Hostname("name"), "", "Host name under which it is known."),
        Directive(
            "cluster-announce-human-nodename",
            ShownName("name", b"Announced human node name contained invalid character"),
            "",
            "Name of the node in the log.",
            "valkey",
        ),
        Directive("cluster-announce-client-ipv4", IpAddress(4), "", "Address told to clients on IPv4.", "valkey"),
        Directive("cluster-announce-client-ipv6", IpAddress(6), "", "Address told to clients on IPv6.", "valkey"),
        Directive("cluster-announce-client-port", _PORT, "0", "Port told to clients.", "valkey"),
        Directive("cluster-announce-client-tls-port", _PORT, "0", "TLS port told to clients.", "valkey"),
        Directive(
            "cluster-preferred-endpoint-type",
            Choice([b"ip", b"hostname", b"unknown-endpoint"]),
            "ip",
            "What a redirection names.",
        ),
        Directive("cluster-databases", Integer(1, INT_MAX), "1", "Databases in cluster mode.", "fixed valkey"),
        Directive("cluster-blacklist-ttl", Integer(0, UINT_MAX), "60", "Seconds a forgotten node stays out.", "valkey"),
        Directive(
            "cluster-config-save-behavior",
            Choice([b"sync", b"best-effort"]),
            "sync",
            "Whether the node stops when its state cannot be saved.",
            "valkey",
        ),
        Directive(
            "cluster-manual-failover-timeout",
            Integer(1, INT_MAX),
            "5000",
            "Milliseconds CLUSTER FAILOVER may take.",
            "valkey",
        ),
        Directive(
            "cluster-slot-stats-enabled", _YES_NO, "no", "Count processor time and traffic of each slot.", "valkey"
        ),
        Directive("cluster-slot-migration-log-max-len", _LONG_COUNT, "1000", "Slot migrations remembered.", "valkey"),
        Directive(
            "slot-migration-max-failover-repl-bytes",
            Memory(-1, LONG_MAX),
            "0",
            "Bytes still to be sent at which a slot migration pauses writes; 0 for a few keys, -1 for any.",
            "valkey",
        ),
        Directive(
            "cluster-message-gossip-perc", Integer(1, 100), "10", "Share of nodes told of in a ping.", "hidden valkey"
        ),
        Directive("cluster-ping-interval", _LONG_COUNT, "0", "Milliseconds between pings.", "hidden accepted valkey"),
        Directive(
            "cluster-local",
            _COUNT,
            "0",
            "Start a cluster of so many nodes on this machine, for trying it.",
            "fixed own",
        ),
    ],
)

SENTINEL: Final = Group(
    "Sentinel",
    "Only with --sentinel: what is watched, and what the sentinel remembers of it.",
    [Directive("sentinel", Lines("word ...", 1), "", "A line of the sentinel's configuration.")],
)

SECURITY: Final = Group(
    "Security",
    "Who may connect and what they may do.",
    [
        Directive("requirepass", Text("password"), "", "Password of the default user.", "sensitive"),
        Directive("aclfile", _PATH, "", "File with the users; then no `user` lines stand here.", "fixed"),
        Directive(
            "user", Lines("name rule ...", 1), "", "A user and its rules, as ACL SETUSER takes them.", "sensitive"
        ),
        Directive(
            "acl-pubsub-default",
            Choice([b"allchannels", b"resetchannels"]),
            "resetchannels",
            "Channels a new user may use.",
        ),
        Directive("acllog-max-len", _LONG_COUNT, "128", "Refusals kept for ACL LOG."),
    ],
)

TLS: Final = Group(
    "TLS",
    "With `port 0` and a tls-port nothing goes unencrypted.",
    [
        Directive("tls-port", _PORT, "0", "Port for TLS; 0 for none."),
        Directive("tls-cert-file", _PATH, "", "Certificate of this server.", "reread"),
        Directive("tls-key-file", _PATH, "", "Its private key.", "reread"),
        Directive("tls-key-file-pass", Text("password"), "", "Password of that key.", "sensitive"),
        Directive(
            "tls-client-cert-file", _PATH, "", "Certificate for outgoing connections; empty for the server's.", "reread"
        ),
        Directive("tls-client-key-file", _PATH, "", "Its private key.", "reread"),
        Directive("tls-client-key-file-pass", Text("password"), "", "Password of that key.", "sensitive"),
        Directive("tls-ca-cert-file", _PATH, "", "Authorities that are trusted, in one file.", "reread"),
        Directive("tls-ca-cert-dir", _PATH, "", "Authorities that are trusted, in a folder.", "reread"),
        Directive(
            "tls-auth-clients", Choice([b"no", b"yes", b"optional"]), "yes", "Whether clients must show a certificate."
        ),
        Directive(
            "tls-auth-clients-user",
            Choice([b"CN", b"URI", b"off"], {b"cn": b"CN", b"uri": b"URI"}),
            "off",
            "Log a client in as the user its certificate names.",
            "valkey",
        ),
        Directive("tls-replication", _YES_NO, "no", "Use TLS towards the primary."),
        Directive("tls-cluster", _YES_NO, "no", "Use TLS on the bus of the cluster."),
        Directive(
            "tls-check-hostname",
            _YES_NO,
            "yes",
            "Whether servers we connect to must have a certificate for their host.",
            "own",
        ),
        Directive("tls-protocols", Text("names"), "", "Protocol versions; empty for TLSv1.2 and TLSv1.3."),
        Directive("tls-ciphers", Text("list"), "", "Ciphers up to TLSv1.2, as OpenSSL writes them."),
        Directive("tls-ciphersuites", Text("list"), "", "Ciphers of TLSv1.3."),
        Directive("tls-prefer-server-ciphers", _YES_NO, "no", "Let the server's order of ciphers decide."),
        Directive("tls-dh-params-file", _PATH, "", "Parameters for Diffie-Hellman.", "reread"),
        Directive("tls-session-caching", _YES_NO, "yes", "Let clients resume sessions."),
        Directive("tls-session-cache-size", _COUNT, "20480", "Sessions kept: always that many here.", "accepted"),
        Directive("tls-session-cache-timeout", _COUNT, "300", "Seconds they are kept."),
        Directive(
            "tls-auto-reload-interval",
            _COUNT,
            "1",
            "Seconds between looks for changed certificates; 0: never.",
            "valkey",
        ),
    ],
)

GROUPS: Final = [REPLICATION, CLUSTER, SENTINEL, SECURITY, TLS]
