"""Failure detection: who does not answer us, who does not answer the majority.

                ping unanswered for a node timeout          most primaries report it so
      reachable ----------------------------------> PFAIL ------------------------------> FAIL
          ^                                           |                                     |
          +------------ it answers -------------------+                                     |
          +-- it answers, and is a replica, or owns no slots, or nobody took them in time --+

PFAIL is an opinion, told in gossip.  FAIL is the opinion of the majority of primaries that own slots; whoever
finds it tells everybody, and it holds until the node is heard again.
"""

from __future__ import annotations

from miniredis.cluster.node import FAIL, MYSELF, PFAIL, ClusterNode
from miniredis.cluster.view import ClusterView

#: A report counts for so many node timeouts.
REPORT_TIMEOUTS = 2
#: A failed primary that is heard again is taken back after so many, if its slots are still its own.
UNDO_TIMEOUTS = 2


class FailureDetector:
    """`found_failing`: nodes newly marked FAIL, to be told to everybody; `suspected`: newly PFAIL."""

    def __init__(self, view: ClusterView) -> None:
        self.view = view
        self.found_failing: list[ClusterNode] = []
        self.suspected: list[ClusterNode] = []

    def look_at(self, node: ClusterNode, now_ms: int) -> None:
        """Called for each node at each tick."""
        if node.ping_sent_ms == 0 or node.flags & (PFAIL | FAIL):
            return
        silent_ms = now_ms - max(node.ping_sent_ms, node.heard_ms)
        if silent_ms > self.view.world.settings.node_timeout_ms:
            node.flags |= PFAIL
            self.view.world.log("debug", f"*** NODE {node.id.decode()} possibly failing")
            self.view.must_update = self.view.routes_changed = True
            self.suspected.append(node)
            self.judge(node)

    def reported(self, node: ClusterNode, reporter: ClusterNode, is_failing: bool) -> None:
        """A primary said in gossip what it thinks of another node."""
        if not reporter.is_primary or node is self.view.myself:
            return
        if is_failing:
            if reporter.id not in node.failure_reports:
                self.view.world.log(
                    "verbose", f"Node {reporter.id.decode()} reported node {node.id.decode()} as not reachable."
                )
            node.failure_reports[reporter.id] = self.view.world.now_ms()
            self.judge(node)
        elif node.failure_reports.pop(reporter.id, None) is not None:
            self.view.world.log(
                "verbose", f"Node {reporter.id.decode()} reported node {node.id.decode()} is back online."
            )

    def reports(self, node: ClusterNode) -> int:
        """Reports that still count."""
        if not node.failure_reports:
            return 0
        oldest_ms = self.view.world.now_ms() - self.view.world.settings.node_timeout_ms * REPORT_TIMEOUTS
        for reporter_id, when_ms in list(node.failure_reports.items()):
            if when_ms < oldest_ms:
                del node.failure_reports[reporter_id]
        return len(node.failure_reports)

    def judge(self, node: ClusterNode) -> None:
        """Mark it FAIL if we do not reach it and the majority agrees."""
        if not node.flags & PFAIL or node.flags & FAIL:
            return
        agreeing = self.reports(node) + (1 if self.view.myself.is_primary else 0)
        if agreeing < self.view.quorum():
            return
        self.view.world.log("notice", f"Marking node {node.id.decode()} as failing (quorum reached).")
        self.mark(node)
        self.found_failing.append(node)

    def mark(self, node: ClusterNode) -> None:
        """It has failed: we found it, or were told."""
        if node.flags & (FAIL | MYSELF):
            return
        node.flags = node.flags & ~PFAIL | FAIL
        node.fail_ms = self.view.world.now_ms()
        self.view.save_later()
        self.view.must_update = self.view.routes_changed = True

    def answered(self, node: ClusterNode) -> None:
        """A pong came from it."""
        view = self.view
        if node.flags & PFAIL:
            node.flags &= ~PFAIL
            view.save_later()
            view.must_update = view.routes_changed = True
        if not node.flags & FAIL:
            return
        if node.is_replica or not node.slots:
            reason = (
                "is reachable again: nobody is serving its slots after some time."
                if node.is_primary
                else ("is reachable again.")
            )
        elif view.world.now_ms() - node.fail_ms > view.world.settings.node_timeout_ms * UNDO_TIMEOUTS:
            reason = "is reachable again: nobody is serving its slots after some time."
        else:
            return
        view.world.log("notice", f"Clear FAIL state for node {node.id.decode()}: it {reason}")
        node.flags &= ~FAIL
        view.save_later()
        view.must_update = view.routes_changed = True
