"""The commands of Valkey 9.1 that we do not have: read by the comparison of the tables and by the docs."""

from __future__ import annotations

#: Commands of Valkey 9.1 that we do not have, and why; a subcommand stands as `container|name`.
ABSENT: dict[str, str] = {
    "not written yet: client-side caching": "client|caching client|getredir client|tracking client|trackinginfo",
    "not written yet: replication": (
        "failover psync replconf replicaof role slaveof sync wait waitaof"
    ),
    "not written yet: scripting": (
        "eval eval_ro evalsha evalsha_ro fcall fcall_ro function function|delete function|dump function|flush"
        " function|help function|kill function|list function|load function|restore function|stats script script|debug"
        " script|exists script|flush script|help script|kill script|load script|show"
    ),
    "not written yet: users": (
        "acl acl|cat acl|deluser acl|dryrun acl|genpass acl|getuser acl|help acl|list acl|load acl|log acl|save"
        " acl|setuser acl|users acl|whoami"
    ),
    "not written yet: cluster": (
        "asking cluster cluster|addslots cluster|addslotsrange cluster|bumpepoch cluster|cancelslotmigrations"
        " cluster|count-failure-reports cluster|countkeysinslot cluster|delslots cluster|delslotsrange cluster|failover"
        " cluster|flushslot cluster|flushslots cluster|forget cluster|getkeysinslot cluster|getslotmigrations"
        " cluster|help cluster|info cluster|keyslot cluster|links cluster|meet cluster|migrateslots cluster|myid"
        " cluster|myshardid cluster|nodes cluster|replicas cluster|replicate cluster|reset cluster|saveconfig"
        " cluster|set-config-epoch cluster|setslot cluster|shards cluster|slaves cluster|slot-stats cluster|slots"
        " cluster|syncslots clusterscan migrate readonly readwrite"
    ),
}  # fmt: skip
