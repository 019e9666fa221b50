"""Replica migration: a primary that has lost its last working replica is given one by a primary that has several."""

from __future__ import annotations

from miniredis.cluster.node import MIGRATE_TO, ClusterNode
from miniredis.cluster.view import ClusterView

#: A primary must have been without a replica for so long.
ORPHANED_MS = 5000


def note_orphans(view: ClusterView, now_ms: int) -> tuple[int, int]:
    """(orphaned primaries, the most working replicas any primary has)."""
    orphans = most = 0
    for node in view.nodes.values():
        if not node.is_primary or node.has_failed or not node.slots:
            continue
        working = node.working_replicas()
        most = max(most, working)
        if working == 0 and node.flags & MIGRATE_TO:
            orphans += 1
            node.orphaned_ms = node.orphaned_ms or now_ms
        else:
            node.orphaned_ms = 0
    return orphans, most


def new_primary(view: ClusterView, now_ms: int) -> ClusterNode | None:
    """Whom we should follow from now on, as a replica that its shard can spare."""
    settings = view.world.settings
    myself = view.myself
    primary = myself.primary
    if primary is None or not settings.allow_migration or not view.is_up:
        return None
    orphans, most = note_orphans(view, now_ms)
    ours = primary.working_replicas()
    if not orphans or most < 2 or ours != most or ours <= settings.migration_barrier:
        return None
    candidate = myself
    target: ClusterNode | None = None
    for node in view.nodes.values():
        if not node.is_primary:
            continue
        if (
            node.orphaned_ms
            and not node.has_failed
            and node.flags & MIGRATE_TO
            and node.working_replicas() == 0
            and (node.slots and target is None)
        ):
            target = node
        if node.working_replicas() == most:
            # Of all that could go, the one with the smallest name does.
            for replica in node.replicas:
                if not replica.has_failed and replica.id < candidate.id:
                    candidate = replica
    if target is not None and candidate is myself and now_ms - target.orphaned_ms > ORPHANED_MS:
        view.world.log("notice", f"Migrating to orphaned primary {target.id.decode()}")
        return target
    return None
