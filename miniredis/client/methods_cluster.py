"""Typed methods for commands (cluster), written by docs/client_commands.py.  Do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twisted.internet.defer import Deferred

from miniredis.client.values import Value


class ClusterMethods:
    """Commands about cluster."""

    def execute(self, *words: Value) -> Deferred[Any]:
        raise NotImplementedError

    def clusterscan(
        self,
        cursor: int,
        *,
        match: Value | None = None,
        count: int | None = None,
        type_: Value | None = None,
        slot: int | None = None,
    ) -> Deferred[Any]:
        """CLUSTERSCAN cursor [MATCH pattern] [COUNT count] [TYPE type] [SLOT slot]

        Goes through the keys of the whole cluster step by step.  Since 9.1.0; O(1) for each call, O(N) for a
        whole round, where N is the number of keys.
        """
        words: list[Any] = ["CLUSTERSCAN"]
        words += [cursor]
        if match is not None:
            words += ["MATCH", match]
        if count is not None:
            words += ["COUNT", count]
        if type_ is not None:
            words += ["TYPE", type_]
        if slot is not None:
            words += ["SLOT", slot]
        return self.execute(*words)

    def cluster_addslots(self, *slots: int) -> Deferred[Any]:
        """CLUSTER ADDSLOTS slot [slot ...]

        Gives slots that nobody has to this node.  Since 3.0.0; O(N) where N is the number of slots.
        """
        return self.execute("CLUSTER", "ADDSLOTS", *slots)

    def cluster_addslotsrange(self, mapping: Mapping[Any, Value]) -> Deferred[Any]:
        """CLUSTER ADDSLOTSRANGE start-slot end-slot [start-slot end-slot ...]

        Gives ranges of slots that nobody has to this node.  Since 7.0.0; O(N) where N is the number of slots.
        """
        words: list[Any] = ["CLUSTER", "ADDSLOTSRANGE"]
        for pair in mapping.items():
            words += pair
        return self.execute(*words)

    def cluster_bumpepoch(self) -> Deferred[Any]:
        """CLUSTER BUMPEPOCH

        Takes a new config epoch.  Since 3.0.0; O(1).
        """
        return self.execute("CLUSTER", "BUMPEPOCH")

    def cluster_cancelslotmigrations(self) -> Deferred[Any]:
        """CLUSTER CANCELSLOTMIGRATIONS

        Gives up all slot migrations from this node.  Since 9.0.0; O(N) where N is the number of slot
        migrations.
        """
        return self.execute("CLUSTER", "CANCELSLOTMIGRATIONS")

    def cluster_count_failure_reports(self, node_id: Value) -> Deferred[Any]:
        """CLUSTER COUNT-FAILURE-REPORTS node-id

        Counts who reports a node failing.  Since 3.0.0; O(N) where N is the number of failure reports.
        """
        return self.execute("CLUSTER", "COUNT-FAILURE-REPORTS", node_id)

    def cluster_countkeysinslot(self, slot: int) -> Deferred[Any]:
        """CLUSTER COUNTKEYSINSLOT slot

        Counts the keys of a slot.  Since 3.0.0; O(1).
        """
        return self.execute("CLUSTER", "COUNTKEYSINSLOT", slot)

    def cluster_delslots(self, *slots: int) -> Deferred[Any]:
        """CLUSTER DELSLOTS slot [slot ...]

        Forgets who has slots.  Since 3.0.0; O(N) where N is the number of slots.
        """
        return self.execute("CLUSTER", "DELSLOTS", *slots)

    def cluster_delslotsrange(self, mapping: Mapping[Any, Value]) -> Deferred[Any]:
        """CLUSTER DELSLOTSRANGE start-slot end-slot [start-slot end-slot ...]

        Forgets who has ranges of slots.  Since 7.0.0; O(N) where N is the number of slots.
        """
        words: list[Any] = ["CLUSTER", "DELSLOTSRANGE"]
        for pair in mapping.items():
            words += pair
        return self.execute(*words)

    def cluster_failover(self, *, force: bool = False, takeover: bool = False) -> Deferred[Any]:
        """CLUSTER FAILOVER [FORCE | TAKEOVER]

        Makes this replica the primary of its shard.  Since 3.0.0; O(1).
        """
        words: list[Any] = ["CLUSTER", "FAILOVER"]
        if force:
            words.append("FORCE")
        if takeover:
            words.append("TAKEOVER")
        return self.execute(*words)

    def cluster_flushslot(self, slot: int, *, async_: bool = False, sync: bool = False) -> Deferred[Any]:
        """CLUSTER FLUSHSLOT slot [ASYNC | SYNC]

        Deletes all keys of a slot.  Since 9.0.0; O(N) where N is the number of keys in the slot.
        """
        words: list[Any] = ["CLUSTER", "FLUSHSLOT"]
        words += [slot]
        if async_:
            words.append("ASYNC")
        if sync:
            words.append("SYNC")
        return self.execute(*words)

    def cluster_flushslots(self) -> Deferred[Any]:
        """CLUSTER FLUSHSLOTS

        Forgets all slots of this node.  Since 3.0.0; O(1).
        """
        return self.execute("CLUSTER", "FLUSHSLOTS")

    def cluster_forget(self, node_id: Value) -> Deferred[Any]:
        """CLUSTER FORGET node-id

        Removes a node.  Since 3.0.0; O(1).
        """
        return self.execute("CLUSTER", "FORGET", node_id)

    def cluster_getkeysinslot(self, slot: int, count: int) -> Deferred[Any]:
        """CLUSTER GETKEYSINSLOT slot count

        Lists keys of a slot.  Since 3.0.0; O(N) where N is the number of requested keys.
        """
        return self.execute("CLUSTER", "GETKEYSINSLOT", slot, count)

    def cluster_getslotmigrations(self) -> Deferred[Any]:
        """CLUSTER GETSLOTMIGRATIONS

        Tells of slot migrations that go on, and of the last that ended.  Since 9.0.0; O(N) where N is the
        number of slot migrations.
        """
        return self.execute("CLUSTER", "GETSLOTMIGRATIONS")

    def cluster_help(self) -> Deferred[Any]:
        """CLUSTER HELP

        Lists the subcommands.  Since 5.0.0; O(1).
        """
        return self.execute("CLUSTER", "HELP")

    def cluster_info(self) -> Deferred[Any]:
        """CLUSTER INFO

        Tells the state of the cluster.  Since 3.0.0; O(1).
        """
        return self.execute("CLUSTER", "INFO")

    def cluster_keyslot(self, key: Value) -> Deferred[Any]:
        """CLUSTER KEYSLOT key

        Tells the slot of a key.  Since 3.0.0; O(N) where N is the number of bytes in the key.
        """
        return self.execute("CLUSTER", "KEYSLOT", key)

    def cluster_links(self) -> Deferred[Any]:
        """CLUSTER LINKS

        Tells of the connections between nodes.  Since 7.0.0; O(N) where N is the number of nodes.
        """
        return self.execute("CLUSTER", "LINKS")

    def cluster_meet(self, ip: Value, port: int, *, cluster_bus_port: int | None = None) -> Deferred[Any]:
        """CLUSTER MEET ip port [cluster-bus-port]

        Lets this node and another become one cluster.  Since 3.0.0; O(1).
        """
        words: list[Any] = ["CLUSTER", "MEET"]
        words += [ip]
        words += [port]
        if cluster_bus_port is not None:
            words += [cluster_bus_port]
        return self.execute(*words)

    def cluster_migrateslots(
        self, mapping: Mapping[Any, Value], node_id: Value, *, slotsrange: bool = False
    ) -> Deferred[Any]:
        """CLUSTER MIGRATESLOTS SLOTSRANGE start-slot end-slot [start-slot end-slot ...] NODE node-id
            [SLOTSRANGE ...]

        Begins to move slots with their keys to other nodes.  Since 9.0.0; O(N) where N is the number of
        slots.
        """
        words: list[Any] = ["CLUSTER", "MIGRATESLOTS"]
        words.append("SLOTSRANGE")
        for pair in mapping.items():
            words += pair
        words.append("NODE")
        words += [node_id]
        if slotsrange:
            words.append("SLOTSRANGE")
        return self.execute(*words)

    def cluster_myid(self) -> Deferred[Any]:
        """CLUSTER MYID

        Tells the name of this node.  Since 3.0.0; O(1).
        """
        return self.execute("CLUSTER", "MYID")

    def cluster_myshardid(self) -> Deferred[Any]:
        """CLUSTER MYSHARDID

        Tells the name of this node's shard.  Since 7.2.0; O(1).
        """
        return self.execute("CLUSTER", "MYSHARDID")

    def cluster_nodes(self) -> Deferred[Any]:
        """CLUSTER NODES

        Tells what this node knows of all nodes.  Since 3.0.0; O(N) where N is the number of nodes.
        """
        return self.execute("CLUSTER", "NODES")

    def cluster_replicas(self, node_id: Value) -> Deferred[Any]:
        """CLUSTER REPLICAS node-id

        Lists the replicas of a primary.  Since 5.0.0; O(N) where N is the number of replicas.
        """
        return self.execute("CLUSTER", "REPLICAS", node_id)

    def cluster_replicate(self, *arguments: Value) -> Deferred[Any]:
        """CLUSTER REPLICATE node-id | NO ONE

        Makes this node a replica of another, or (NO ONE) of nobody.  Since 3.0.0; O(1).
        """
        return self.execute("CLUSTER", "REPLICATE", *arguments)

    def cluster_reset(self, *, hard: bool = False, soft: bool = False) -> Deferred[Any]:
        """CLUSTER RESET [HARD | SOFT]

        Forgets the cluster.  Since 3.0.0; O(N) where N is the number of known nodes.
        """
        words: list[Any] = ["CLUSTER", "RESET"]
        if hard:
            words.append("HARD")
        if soft:
            words.append("SOFT")
        return self.execute(*words)

    def cluster_saveconfig(self) -> Deferred[Any]:
        """CLUSTER SAVECONFIG

        Writes the state of the cluster to disk.  Since 3.0.0; O(1).
        """
        return self.execute("CLUSTER", "SAVECONFIG")

    def cluster_set_config_epoch(self, config_epoch: int) -> Deferred[Any]:
        """CLUSTER SET-CONFIG-EPOCH config-epoch

        Sets the config epoch of a new node.  Since 3.0.0; O(1).
        """
        return self.execute("CLUSTER", "SET-CONFIG-EPOCH", config_epoch)

    def cluster_setslot(self, *arguments: Value) -> Deferred[Any]:
        """CLUSTER SETSLOT slot (IMPORTING node-id | MIGRATING node-id | NODE node-id | STABLE) [TIMEOUT
            timeout]

        Moves a slot, step by step.  Since 3.0.0; O(1).
        """
        return self.execute("CLUSTER", "SETSLOT", *arguments)

    def cluster_shards(self) -> Deferred[Any]:
        """CLUSTER SHARDS

        Tells of each shard its slots and nodes.  Since 7.0.0; O(N) where N is the number of nodes.
        """
        return self.execute("CLUSTER", "SHARDS")

    def cluster_slaves(self, node_id: Value) -> Deferred[Any]:
        """CLUSTER SLAVES node-id

        Lists the replicas of a primary.  Since 3.0.0; O(N) where N is the number of replicas.  Deprecated:
        5.0.0, `CLUSTER REPLICAS`.
        """
        return self.execute("CLUSTER", "SLAVES", node_id)

    def cluster_slot_stats(self, *arguments: Value) -> Deferred[Any]:
        """CLUSTER SLOT-STATS SLOTSRANGE start-slot end-slot | ORDERBY metric [LIMIT limit] [ASC | DESC]

        Tells how much the slots of this node are used.  Since 8.0.0; O(N) where N is the number of slots of
        this node, O(N*log(N)) in an order.
        """
        return self.execute("CLUSTER", "SLOT-STATS", *arguments)

    def cluster_slots(self) -> Deferred[Any]:
        """CLUSTER SLOTS

        Tells which nodes serve which slots.  Since 3.0.0; O(N) where N is the number of nodes.  Deprecated:
        7.0.0, CLUSTER SHARDS.
        """
        return self.execute("CLUSTER", "SLOTS")

    def cluster_syncslots(self, *arguments: Value) -> Deferred[Any]:
        """CLUSTER SYNCSLOTS ESTABLISH SOURCE node-id NAME name SLOTSRANGE start-slot end-slot [start-slot
            end-slot ...] | FINISH name

        What nodes say to each other while slots are moved; internal.  Since 9.0.0; Depends on the subcommand.
        """
        return self.execute("CLUSTER", "SYNCSLOTS", *arguments)
