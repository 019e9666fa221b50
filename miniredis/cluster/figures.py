"""What CLUSTER INFO tells, and what INFO tells of a node beside what it tells of every server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniredis.cluster.host import slot_health
from miniredis.cluster.node import FAIL, PFAIL, ClusterNode
from miniredis.cluster.surroundings import Link

if TYPE_CHECKING:
    from miniredis.cluster.cluster import Cluster

Fields = list[tuple[str, object]]


def cluster_info_fields(cluster: Cluster) -> Fields:
    """The lines of CLUSTER INFO."""
    view = cluster.view
    assigned, works, pfail, failed = slot_health(view)
    counters = cluster.participant.counters
    nodes = list(view.nodes.values())
    voters = [node for node in nodes if not node.is_replica and node.slots]
    fields: Fields = [
        ("cluster_state", "ok" if view.is_up else "fail"),
        ("cluster_slots_assigned", assigned),
        ("cluster_slots_ok", works),
        ("cluster_slots_pfail", pfail),
        ("cluster_slots_fail", failed),
        ("cluster_nodes_pfail", _flagged(nodes, PFAIL)),
        ("cluster_nodes_fail", _flagged(nodes, FAIL)),
        ("cluster_voting_nodes_pfail", _flagged(voters, PFAIL)),
        ("cluster_voting_nodes_fail", _flagged(voters, FAIL)),
        ("cluster_known_nodes", len(nodes)),
        ("cluster_size", len(view.primaries())),
        ("cluster_current_epoch", view.current_epoch),
        ("cluster_my_epoch", view.myself.head().config_epoch),
    ]
    for way, counts in (("sent", counters.sent), ("received", counters.received)):
        fields += [(f"cluster_stats_messages_{name}_{way}", count) for name, count in counts.items()]
        fields.append((f"cluster_stats_messages_{way}", sum(counts.values())))
    fields += [(name, value()) for name, value in cluster.bus_figures]
    return fields


def _flagged(nodes: list[ClusterNode], flag: int) -> int:
    return sum(1 for node in nodes if node.flags & flag)


def add_figures(cluster: Cluster) -> None:
    """Let INFO tell of this node."""
    sources = cluster.engine.info_sources
    sources.setdefault(b"clients", []).append(lambda: [("cluster_connections", len(_links(cluster)))])
    sources.setdefault(b"memory", []).append(lambda: _memory_fields(cluster))
    sources.setdefault(b"stats", []).append(lambda: _traffic_fields(cluster))
    sources.setdefault(b"cluster_info", []).append(lambda: cluster_info_fields(cluster))


def _links(cluster: Cluster) -> list[Link]:
    found: list[Link] = []
    for node in cluster.view.peers():
        if node.link is not None and node.link.is_up:
            found.append(node.link)
        if node.inbound is not None:
            found.append(node.inbound)
    return found


def _memory_fields(cluster: Cluster) -> Fields:
    migrations = cluster.migrations
    return [
        ("mem_cluster_links", sum(link.unsent_bytes() for link in _links(cluster))),
        ("mem_cluster_slot_import", sum(each.session.decoder.pending_bytes() for each in migrations.imports())),
        ("mem_cluster_slot_export", sum(each.unanswered_bytes() for each in migrations.exports())),
    ]


def _traffic_fields(cluster: Cluster) -> Fields:
    counters = cluster.engine.counters
    under_way = sum(each.received_bytes() for each in cluster.migrations.imports())
    return [
        ("total_net_cluster_slot_import_bytes", counters.slot_import_bytes + under_way),
        ("total_net_cluster_slot_export_bytes", counters.slot_export_bytes),
    ]
