"""A server that is a node: the participant of the bus, the host it runs on, the file it lives in.

Made at the start in cluster mode, and kept as `engine.cluster`.
"""

from __future__ import annotations

from collections.abc import Callable

from miniredis.cluster.figures import add_figures
from miniredis.cluster.host import EngineWorld, settings_of
from miniredis.cluster.nodes_file import load, own_id
from miniredis.cluster.participant import Participant
from miniredis.cluster.single_database import forbid_other_databases
from miniredis.cluster.slot_migration import Migrations
from miniredis.cluster.slot_usage import SlotUsage
from miniredis.cluster.view import ClusterView
from miniredis.dispatch.executor import Engine
from miniredis.dispatch.gates import GATE_CLUSTER

#: Directives a running node goes by.
FOLLOWED = [
    "cluster-node-timeout",
    "cluster-replica-validity-factor",
    "repl-ping-replica-period",
    "cluster-migration-barrier",
    "cluster-allow-replica-migration",
    "cluster-replica-no-failover",
    "cluster-require-full-coverage",
    "cluster-manual-failover-timeout",
    "cluster-blacklist-ttl",
    "cluster-message-gossip-perc",
    "cluster-announce-ip",
    "cluster-announce-port",
    "cluster-announce-tls-port",
    "cluster-announce-bus-port",
    "cluster-announce-hostname",
    "cluster-announce-human-nodename",
    "cluster-announce-client-ipv4",
    "cluster-announce-client-ipv6",
    "cluster-announce-client-port",
    "cluster-announce-client-tls-port",
]


class Cluster:
    """`text`: the nodes.conf there was, empty for a new node.  Raises `BadNodesFile`."""

    def __init__(self, engine: Engine, world: EngineWorld, text: bytes, port: int, tls_port: int) -> None:
        self.engine = engine
        self.world = world
        self._ports = port, tls_port
        world.settings = settings_of(engine, port, tls_port)
        name = own_id(text) if text else b"%040x" % world.random.getrandbits(160)
        self.view = ClusterView(world, name)
        if text:
            load(self.view, text)
            engine.log("notice", f"Node configuration loaded, I'm {name.decode()}")
        else:
            self.view.myself.shard_id = b"%040x" % world.random.getrandbits(160)
            engine.log("notice", f"No cluster configuration found, I'm {name.decode()}")
        world.view = self.view
        self.usage = SlotUsage(world)
        self.migrations = Migrations(self)
        #: Lines of CLUSTER INFO that the bus knows.
        self.bus_figures: list[tuple[str, Callable[[], int]]] = []
        self.participant = Participant(world, self.view)
        engine.cluster = self
        engine.mode = b"cluster"
        engine.rules[GATE_CLUSTER] = engine.slot_rule = world.routing
        engine.gates |= GATE_CLUSTER
        engine.pubsub.on_publish.append(self.participant.publish)
        forbid_other_databases(engine)
        engine.config.follow(FOLLOWED, self._take_settings)
        engine.config.follow(["cluster-allow-reads-when-down", "cluster-allow-pubsubshard-when-down"], self._take_rules)
        engine.config.follow(["cluster-slot-stats-enabled"], self.usage.take_config)
        world.routes_changed()
        add_figures(self)

    def begin(self) -> None:
        """The server has loaded its data: save who we are, follow whom we followed."""
        self.participant.save_now()
        self.view.routes_changed = True  # keys have come
        primary = self.view.myself.primary
        if primary is not None:
            self.world.follow(primary)
        # Keys of slots that are nobody's are ours; those that are another's came here by a move that was cut off.
        for slot, owner in enumerate(self.view.owners):
            if primary is not None or owner is self.view.myself or not self.world.keys_in(slot):
                continue
            if owner is None:
                self.engine.log("warning", f"I have keys for unassigned slot {slot}. Taking responsibility for it.")
                self.view.assign(slot, self.view.myself)
            elif slot not in self.view.coming:
                self.engine.log("warning", f"I have keys for slot {slot}, which is another node's: importing it.")
                self.view.coming[slot] = owner
            self.view.save_later()
        self.participant.settle()

    def _take_settings(self) -> None:
        self.world.settings = settings_of(self.engine, *self._ports)
        self.participant.announce()

    def _take_rules(self) -> None:
        routing = self.world.routing
        routing.reads_when_down = self.engine.config.flag("cluster-allow-reads-when-down")
        routing.pubsub_when_down = self.engine.config.flag("cluster-allow-pubsubshard-when-down")
