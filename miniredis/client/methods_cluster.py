"""Typed methods for commands (cluster), written by docs/client_commands.py.  Do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twisted.internet.defer import Deferred

from miniredis.client import shapes
from miniredis.client.shapes import Caller, T
from miniredis.client.values import Value


class ClusterMethods(Caller[T]):
    """Commands about cluster."""

    def clusterscan(
        self,
        cursor: Value,
        *,
        match: Value | None = None,
        count: int | None = None,
        type_: Value | None = None,
        slot: int | None = None,
    ) -> Deferred[tuple[T, list[T]]]:
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
        return self.execute_as(shapes.page_of_cluster, *words)

    def cluster_addslots(self, *slots: int) -> Deferred[T]:
        """CLUSTER ADDSLOTS slot [slot ...]

        Gives slots that nobody has to this node.  Since 3.0.0; O(N) where N is the number of slots.
        """
        return self.execute("CLUSTER", "ADDSLOTS", *slots)

    def cluster_addslotsrange(self, mapping: Mapping[Any, Value]) -> Deferred[T]:
        """CLUSTER ADDSLOTSRANGE start-slot end-slot [start-slot end-slot ...]

        Gives ranges of slots that nobody has to this node.  Since 7.0.0; O(N) where N is the number of slots.
        """
        words: list[Any] = ["CLUSTER", "ADDSLOTSRANGE"]
        for pair in mapping.items():
            words += pair
        return self.execute(*words)

    def cluster_bumpepoch(self) -> Deferred[T]:
        """CLUSTER BUMPEPOCH

        Takes a new config epoch.  Since 3.0.0; O(1).
        """
        return self.execute("CLUSTER", "BUMPEPOCH")

    def cluster_cancelslotmigrations(self) -> Deferred[T]:
        """CLUSTER CANCELSLOTMIGRATIONS

        Gives up all slot migrations from this node.  Since 9.0.0; O(N) where N is the number of slot
        migrations.
        """
        return self.execute("CLUSTER", "CANCELSLOTMIGRATIONS")

    def cluster_count_failure_reports(self, node_id: Value) -> Deferred[int]:
        """CLUSTER COUNT-FAILURE-REPORTS node-id

        Counts who reports a node failing.  Since 3.0.0; O(N) where N is the number of failure reports.
        """
        return self.execute("CLUSTER", "COUNT-FAILURE-REPORTS", node_id)

    def cluster_countkeysinslot(self, slot: int) -> Deferred[int]:
        """CLUSTER COUNTKEYSINSLOT slot

        Counts the keys of a slot.  Since 3.0.0; O(1).
        """
        return self.execute("CLUSTER", "COUNTKEYSINSLOT", slot)

    def cluster_delslots(self, *slots: int) -> Deferred[T]:
        """CLUSTER DELSLOTS slot [slot ...]

        Forgets who has slots.  Since 3.0.0; O(N) where N is the number of slots.
        """
        return self.execute("CLUSTER", "DELSLOTS", *slots)

    def cluster_delslotsrange(self, mapping: Mapping[Any, Value]) -> Deferred[T]:
        """CLUSTER DELSLOTSRANGE start-slot end-slot [start-slot end-slot ...]

        Forgets who has ranges of slots.  Since 7.0.0; O(N) where N is the number of slots.
        """
        words: list[Any] = ["CLUSTER", "DELSLOTSRANGE"]
        for pair in mapping.items():
            words += pair
        return self.execute(*words)

    def cluster_failover(self, *, force: bool = False, takeover: bool = False) -> Deferred[T]:
        """CLUSTER FAILOVER [FORCE | TAKEOVER]

        Makes this replica the primary of its shard.  Since 3.0.0; O(1).
        """
        words: list[Any] = ["CLUSTER", "FAILOVER"]
        if force:
            words.append("FORCE")
        if takeover:
            words.append("TAKEOVER")
        return self.execute(*words)

    def cluster_flushslot(self, slot: int, *, async_: bool = False, sync: bool = False) -> Deferred[T]:
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

    def cluster_flushslots(self) -> Deferred[T]:
        """CLUSTER FLUSHSLOTS

        Forgets all slots of this node.  Since 3.0.0; O(1).
        """
        return self.execute("CLUSTER", "FLUSHSLOTS")

    def cluster_forget(self, node_id: Value) -> Deferred[T]:
        """CLUSTER FORGET node-id

        Removes a node.  Since 3.0.0; O(1).
        """
        return self.execute("CLUSTER", "FORGET", node_id)

    def cluster_getkeysinslot(self, slot: int, count: int) -> Deferred[list[T]]:
        """CLUSTER GETKEYSINSLOT slot count

        Lists keys of a slot.  Since 3.0.0; O(N) where N is the number of requested keys.
        """
        return self.execute_as(shapes.listed, "CLUSTER", "GETKEYSINSLOT", slot, count)

    def cluster_getslotmigrations(self) -> Deferred[list[dict[T, Any]]]:
        """CLUSTER GETSLOTMIGRATIONS

        Tells of slot migrations that go on, and of the last that ended.  Since 9.0.0; O(N) where N is the
        number of slot migrations.
        """
        return self.execute_as(shapes.mappings, "CLUSTER", "GETSLOTMIGRATIONS")

    def cluster_help(self) -> Deferred[list[T]]:
        """CLUSTER HELP

        Lists the subcommands.  Since 5.0.0; O(1).
        """
        return self.execute_as(shapes.listed, "CLUSTER", "HELP")

    def cluster_info(self) -> Deferred[T]:
        """CLUSTER INFO

        Tells the state of the cluster.  Since 3.0.0; O(1).
        """
        return self.execute("CLUSTER", "INFO")

    def cluster_keyslot(self, key: Value) -> Deferred[int]:
        """CLUSTER KEYSLOT key

        Tells the slot of a key.  Since 3.0.0; O(N) where N is the number of bytes in the key.
        """
        return self.execute("CLUSTER", "KEYSLOT", key)

    def cluster_links(self) -> Deferred[list[dict[T, Any]]]:
        """CLUSTER LINKS

        Tells of the connections between nodes.  Since 7.0.0; O(N) where N is the number of nodes.
        """
        return self.execute_as(shapes.mappings, "CLUSTER", "LINKS")

    def cluster_meet(self, ip: Value, port: int, *, cluster_bus_port: int | None = None) -> Deferred[T]:
        """CLUSTER MEET ip port [cluster-bus-port]

        Lets this node and another become one cluster.  Since 3.0.0; O(1).
        """
        words: list[Any] = ["CLUSTER", "MEET"]
        words += [ip]
        words += [port]
        if cluster_bus_port is not None:
            words += [cluster_bus_port]
        return self.execute(*words)

    def cluster_migrateslots(self, mapping: Mapping[Any, Value], node_id: Value) -> Deferred[T]:
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
        return self.execute(*words)

    def cluster_myid(self) -> Deferred[T]:
        """CLUSTER MYID

        Tells the name of this node.  Since 3.0.0; O(1).
        """
        return self.execute("CLUSTER", "MYID")

    def cluster_myshardid(self) -> Deferred[T]:
        """CLUSTER MYSHARDID

        Tells the name of this node's shard.  Since 7.2.0; O(1).
        """
        return self.execute("CLUSTER", "MYSHARDID")

    def cluster_nodes(self) -> Deferred[T]:
        """CLUSTER NODES

        Tells what this node knows of all nodes.  Since 3.0.0; O(N) where N is the number of nodes.
        """
        return self.execute("CLUSTER", "NODES")

    def cluster_replicas(self, node_id: Value) -> Deferred[list[T]]:
        """CLUSTER REPLICAS node-id

        Lists the replicas of a primary.  Since 5.0.0; O(N) where N is the number of replicas.
        """
        return self.execute_as(shapes.listed, "CLUSTER", "REPLICAS", node_id)

    def cluster_replicate(self, node_id: Value | None = None, *, no_one: bool = False) -> Deferred[T]:
        """CLUSTER REPLICATE node-id | NO ONE

        Makes this node a replica of another, or (NO ONE) of nobody.  Since 3.0.0; O(1).
        """
        words: list[Any] = ["CLUSTER", "REPLICATE"]
        if node_id is not None:
            words += [node_id]
        if no_one:
            words += ["NO", "ONE"]
        return self.execute(*words)

    def cluster_reset(self, *, hard: bool = False, soft: bool = False) -> Deferred[T]:
        """CLUSTER RESET [HARD | SOFT]

        Forgets the cluster.  Since 3.0.0; O(N) where N is the number of known nodes.
        """
        words: list[Any] = ["CLUSTER", "RESET"]
        if hard:
            words.append("HARD")
        if soft:
            words.append("SOFT")
        return self.execute(*words)

    def cluster_saveconfig(self) -> Deferred[T]:
        """CLUSTER SAVECONFIG

        Writes the state of the cluster to disk.  Since 3.0.0; O(1).
        """
        return self.execute("CLUSTER", "SAVECONFIG")

    def cluster_set_config_epoch(self, config_epoch: int) -> Deferred[T]:
        """CLUSTER SET-CONFIG-EPOCH config-epoch

        Sets the config epoch of a new node.  Since 3.0.0; O(1).
        """
        return self.execute("CLUSTER", "SET-CONFIG-EPOCH", config_epoch)

    def cluster_setslot(
        self,
        slot: int,
        *,
        importing: Value | None = None,
        migrating: Value | None = None,
        node: Value | None = None,
        stable: bool = False,
        timeout: int | None = None,
    ) -> Deferred[T]:
        """CLUSTER SETSLOT slot (IMPORTING node-id | MIGRATING node-id | NODE node-id | STABLE) [TIMEOUT
            timeout]

        Moves a slot, step by step.  Since 3.0.0; O(1).
        """
        words: list[Any] = ["CLUSTER", "SETSLOT"]
        words += [slot]
        if importing is not None:
            words += ["IMPORTING", importing]
        if migrating is not None:
            words += ["MIGRATING", migrating]
        if node is not None:
            words += ["NODE", node]
        if stable:
            words.append("STABLE")
        if timeout is not None:
            words += ["TIMEOUT", timeout]
        return self.execute(*words)

    def cluster_shards(self) -> Deferred[list[dict[T, Any]]]:
        """CLUSTER SHARDS

        Tells of each shard its slots and nodes.  Since 7.0.0; O(N) where N is the number of nodes.
        """
        return self.execute_as(shapes.mappings, "CLUSTER", "SHARDS")

    def cluster_slaves(self, node_id: Value) -> Deferred[list[T]]:
        """CLUSTER SLAVES node-id

        Lists the replicas of a primary.  Since 3.0.0; O(N) where N is the number of replicas.  Deprecated:
        5.0.0, `CLUSTER REPLICAS`.
        """
        return self.execute_as(shapes.listed, "CLUSTER", "SLAVES", node_id)

    def cluster_slot_stats(
        self,
        *,
        slotsrange: tuple[int, int] | None = None,
        orderby: Value | None = None,
        limit: int | None = None,
        asc: bool = False,
        desc: bool = False,
    ) -> Deferred[list[Any]]:
        """CLUSTER SLOT-STATS SLOTSRANGE start-slot end-slot | ORDERBY metric [LIMIT limit] [ASC | DESC]

        Tells how much the slots of this node are used.  Since 8.0.0; O(N) where N is the number of slots of
        this node, O(N*log(N)) in an order.
        """
        words: list[Any] = ["CLUSTER", "SLOT-STATS"]
        if slotsrange is not None:
            words += ["SLOTSRANGE", *slotsrange]
        if orderby is not None:
            words += ["ORDERBY", orderby]
        if limit is not None:
            words += ["LIMIT", limit]
        if asc:
            words.append("ASC")
        if desc:
            words.append("DESC")
        return self.execute(*words)

    def cluster_slots(self) -> Deferred[list[Any]]:
        """CLUSTER SLOTS

        Tells which nodes serve which slots.  Since 3.0.0; O(N) where N is the number of nodes.  Deprecated:
        7.0.0, CLUSTER SHARDS.
        """
        return self.execute("CLUSTER", "SLOTS")

    def cluster_syncslots(self, *arguments: Value) -> Deferred[T]:
        """CLUSTER SYNCSLOTS ESTABLISH SOURCE node-id NAME name SLOTSRANGE start-slot end-slot [start-slot
            end-slot ...] | FINISH name

        What nodes say to each other while slots are moved; internal.  Since 9.0.0; Depends on the subcommand.
        """
        return self.execute("CLUSTER", "SYNCSLOTS", *arguments)
