"""The commands and directives of the real servers, by name: what the page of gaps answers for.

They were asked of live servers (COMMAND in both of Valkey's modes, CONFIG GET *), and `tests/docs/test_compatibility.py` asks
again.  Redis 7.2 has no list of its own: Valkey began as Redis 7.2.4, and what it has dropped since then, 7.0 has.
"""

from __future__ import annotations

from typing import Final

#: Every command of Valkey 9.1; a subcommand as `container|name`.
VALKEY_COMMANDS: Final = """
acl acl|cat acl|deluser acl|dryrun acl|genpass acl|getuser acl|help acl|list acl|load acl|log acl|save acl|setuser
acl|users acl|whoami append asking auth bgrewriteaof bgsave bitcount bitfield bitfield_ro bitop bitpos blmove blmpop
blpop brpop brpoplpush bzmpop bzpopmax bzpopmin client client|caching client|capa client|getname client|getredir
client|help client|id client|import-source client|info client|kill client|list client|no-evict client|no-touch
client|pause client|reply client|setinfo client|setname client|tracking client|trackinginfo client|unblock
client|unpause cluster clusterscan cluster|addslots cluster|addslotsrange cluster|bumpepoch
cluster|cancelslotmigrations cluster|count-failure-reports cluster|countkeysinslot cluster|delslots
cluster|delslotsrange cluster|failover cluster|flushslot cluster|flushslots cluster|forget cluster|getkeysinslot
cluster|getslotmigrations cluster|help cluster|info cluster|keyslot cluster|links cluster|meet cluster|migrateslots
cluster|myid cluster|myshardid cluster|nodes cluster|replicas cluster|replicate cluster|reset cluster|saveconfig
cluster|set-config-epoch cluster|setslot cluster|shards cluster|slaves cluster|slot-stats cluster|slots
cluster|syncslots command commandlog commandlog|get commandlog|help commandlog|len commandlog|reset command|count
command|docs command|getkeys command|getkeysandflags command|help command|info command|list config config|get
config|help config|resetstat config|rewrite config|set copy dbsize debug decr decrby del delifeq discard dump echo
eval eval_ro evalsha evalsha_ro exec exists expire expireat expiretime failover fcall fcall_ro flushall flushdb
function function|delete function|dump function|flush function|help function|kill function|list function|load
function|restore function|stats geoadd geodist geohash geopos georadius georadius_ro georadiusbymember
georadiusbymember_ro geosearch geosearchstore get getbit getdel getex getrange getset hdel hello hexists hexpire
hexpireat hexpiretime hget hgetall hgetdel hgetex hincrby hincrbyfloat hkeys hlen hmget hmset hpersist hpexpire
hpexpireat hpexpiretime hpttl hrandfield hscan hset hsetex hsetnx hstrlen httl hvals incr incrby incrbyfloat info keys
lastsave latency latency|doctor latency|graph latency|help latency|histogram latency|history latency|latest
latency|reset lcs lindex linsert llen lmove lmpop lolwut lpop lpos lpush lpushx lrange lrem lset ltrim memory
memory|doctor memory|help memory|malloc-stats memory|purge memory|stats memory|usage mget migrate module module|help
module|list module|load module|loadex module|unload monitor move mset msetex msetnx multi object object|encoding
object|freq object|help object|idletime object|refcount persist pexpire pexpireat pexpiretime pfadd pfcount pfdebug
pfmerge pfselftest ping psetex psubscribe psync pttl publish pubsub pubsub|channels pubsub|help pubsub|numpat
pubsub|numsub pubsub|shardchannels pubsub|shardnumsub punsubscribe quit randomkey readonly readwrite rename renamenx
replconf replicaof reset restore restore-asking role rpop rpoplpush rpush rpushx sadd save scan scard script
script|debug script|exists script|flush script|help script|kill script|load script|show sdiff sdiffstore select
sentinel sentinel|ckquorum sentinel|config sentinel|debug sentinel|failover sentinel|flushconfig
sentinel|get-master-addr-by-name sentinel|get-primary-addr-by-name sentinel|help sentinel|info-cache
sentinel|is-master-down-by-addr sentinel|is-primary-down-by-addr sentinel|master sentinel|masters sentinel|monitor
sentinel|myid sentinel|pending-scripts sentinel|primaries sentinel|primary sentinel|remove sentinel|replicas
sentinel|reset sentinel|sentinels sentinel|set sentinel|simulate-failure sentinel|slaves set setbit setex setnx
setrange shutdown sinter sintercard sinterstore sismember slaveof slowlog slowlog|get slowlog|help slowlog|len
slowlog|reset smembers smismember smove sort sort_ro spop spublish srandmember srem sscan ssubscribe strlen subscribe
substr sunion sunionstore sunsubscribe swapdb sync time touch ttl type unlink unsubscribe unwatch wait waitaof watch
xack xadd xautoclaim xclaim xdel xgroup xgroup|create xgroup|createconsumer xgroup|delconsumer xgroup|destroy
xgroup|help xgroup|setid xinfo xinfo|consumers xinfo|groups xinfo|help xinfo|stream xlen xpending xrange xread
xreadgroup xrevrange xsetid xtrim zadd zcard zcount zdiff zdiffstore zincrby zinter zintercard zinterstore zlexcount
zmpop zmscore zpopmax zpopmin zrandmember zrange zrangebylex zrangebyscore zrangestore zrank zrem zremrangebylex
zremrangebyrank zremrangebyscore zrevrange zrevrangebylex zrevrangebyscore zrevrank zscan zscore zunion zunionstore
"""

#: What CONFIG GET * of Valkey 9.1 shows.
VALKEY_DIRECTIVES: Final = """
acl-pubsub-default aclfile acllog-max-len active-defrag-cycle-max active-defrag-cycle-min active-defrag-cycle-us
active-defrag-ignore-bytes active-defrag-max-scan-fields active-defrag-threshold-lower active-defrag-threshold-upper
active-expire-effort activedefrag activerehashing always-show-logo aof-load-truncated aof-rewrite-cpulist
aof-rewrite-incremental-fsync aof-timestamp-enabled aof-use-rdb-preamble aof_rewrite_cpulist appenddirname
appendfilename appendfsync appendonly auto-aof-rewrite-min-size auto-aof-rewrite-percentage availability-zone
bgsave-cpulist bgsave_cpulist bind bind-source-addr bio-cpulist bio_cpulist busy-reply-threshold
client-output-buffer-limit client-query-buffer-limit cluster-allow-pubsubshard-when-down cluster-allow-reads-when-down
cluster-allow-replica-migration cluster-announce-bus-port cluster-announce-client-ipv4 cluster-announce-client-ipv6
cluster-announce-client-port cluster-announce-client-tls-port cluster-announce-hostname
cluster-announce-human-nodename cluster-announce-ip cluster-announce-port cluster-announce-tls-port
cluster-blacklist-ttl cluster-config-file cluster-config-save-behavior cluster-databases cluster-enabled
cluster-link-sendbuf-limit cluster-manual-failover-timeout cluster-migration-barrier cluster-node-timeout cluster-port
cluster-preferred-endpoint-type cluster-replica-no-failover cluster-replica-validity-factor
cluster-require-full-coverage cluster-slave-no-failover cluster-slave-validity-factor
cluster-slot-migration-log-max-len cluster-slot-stats-enabled commandlog-execution-slower-than
commandlog-large-reply-max-len commandlog-large-request-max-len commandlog-reply-larger-than
commandlog-request-larger-than commandlog-slow-execution-max-len crash-log-enabled crash-memcheck-enabled daemonize
databases dbfilename dir disable-thp dual-channel-replication-enabled enable-debug-command enable-module-command
enable-protected-configs extended-redis-compatibility hash-max-listpack-entries hash-max-listpack-value
hash-max-ziplist-entries hash-max-ziplist-value hash-seed hide-user-data-from-log hll-sparse-max-bytes hz
ignore-warnings import-mode io-threads jemalloc-bg-thread latency-monitor-threshold latency-tracking
latency-tracking-info-percentiles lazyfree-lazy-eviction lazyfree-lazy-expire lazyfree-lazy-server-del
lazyfree-lazy-user-del lazyfree-lazy-user-flush lfu-decay-time lfu-log-factor list-compress-depth
list-max-listpack-size list-max-ziplist-size locale-collate log-format log-timestamp-format logfile loglevel
lua-time-limit masterauth masteruser max-new-connections-per-cycle max-new-tls-connections-per-cycle maxclients
maxmemory maxmemory-clients maxmemory-eviction-tenacity maxmemory-policy maxmemory-samples min-replicas-max-lag
min-replicas-to-write min-slaves-max-lag min-slaves-to-write mptcp no-appendfsync-on-rewrite notify-keyspace-events
oom-score-adj oom-score-adj-values pidfile port prefetch-batch-max-size primaryauth primaryuser proc-title-template
propagation-error-behavior protected-mode proto-max-bulk-len rdb-del-sync-files rdb-save-incremental-fsync
rdb-version-check rdbchecksum rdbcompression rdma-bind rdma-completion-vector rdma-port rdma-rx-size repl-backlog-size
repl-backlog-ttl repl-disable-tcp-nodelay repl-diskless-load repl-diskless-sync repl-diskless-sync-delay
repl-diskless-sync-max-replicas repl-mptcp repl-ping-replica-period repl-ping-slave-period repl-timeout
replica-announce-ip replica-announce-port replica-announced replica-ignore-disk-write-errors replica-ignore-maxmemory
replica-lazy-flush replica-priority replica-read-only replica-serve-stale-data replicaof requirepass save
server-cpulist server_cpulist set-max-intset-entries set-max-listpack-entries set-max-listpack-value set-proc-title
shutdown-on-sigint shutdown-on-sigterm shutdown-timeout slave-announce-ip slave-announce-port slave-ignore-maxmemory
slave-lazy-flush slave-priority slave-read-only slave-serve-stale-data slaveof slot-migration-max-failover-repl-bytes
slowlog-log-slower-than slowlog-max-len socket-mark-id stop-writes-on-bgsave-error stream-node-max-bytes
stream-node-max-entries supervised syslog-enabled syslog-facility syslog-ident tcp-backlog tcp-keepalive timeout
tls-auth-clients tls-auth-clients-user tls-auto-reload-interval tls-ca-cert-dir tls-ca-cert-file tls-cert-file
tls-ciphers tls-ciphersuites tls-client-cert-file tls-client-key-file tls-client-key-file-pass tls-cluster
tls-dh-params-file tls-key-file tls-key-file-pass tls-port tls-prefer-server-ciphers tls-protocols tls-replication
tls-session-cache-size tls-session-cache-timeout tls-session-caching tracking-table-max-keys unixsocket
unixsocketgroup unixsocketperm zset-max-listpack-entries zset-max-listpack-value zset-max-ziplist-entries
zset-max-ziplist-value
"""

#: What CONFIG GET * of redis-server 7.0.15 shows beside these.
REDIS_DIRECTIVES: Final = """
aof-disable-auto-gc dynamic-hz io-threads-do-reads sanitize-dump-payload
"""

#: Directives that stand in files only, which CONFIG does not show.
FILE_DIRECTIVES: Final = "include loadmodule rename-command user sentinel"
