"""CLUSTER FAILOVER: a replica takes over from a primary that works, without losing a write.

      replica: idle --asks its primary--> waiting for its offset --> catching up --> may start (an election)
      primary: idle --is asked--> paused: its clients' writes wait, and its pings tell so and its offset

Both give up when the time is over.
"""

from __future__ import annotations

from miniredis.cluster.node import ClusterNode
from miniredis.cluster.view import ClusterView


class ManualFailover:
    def __init__(self, view: ClusterView) -> None:
        self.view = view
        self.ends_ms = 0  # 0: none is going on
        self.may_start = False
        #: As a replica: how far the paused primary had written; -1 until it says so.
        self.primary_offset = -1
        #: As a primary: who asked.
        self.replica: ClusterNode | None = None

    def is_on(self) -> bool:
        return self.ends_ms != 0

    def reset(self) -> None:
        if self.replica is not None:
            self.view.world.resume_writes()
        self.ends_ms = 0
        self.may_start = False
        self.primary_offset = -1
        self.replica = None

    def begin(self, is_forced: bool) -> None:
        """As a replica; `is_forced`: the primary cannot be asked."""
        self.reset()
        self.ends_ms = self.view.world.now_ms() + self.view.world.settings.manual_failover_timeout_ms
        self.may_start = is_forced

    def was_asked(self, replica: ClusterNode) -> bool:
        """As a primary: pause writes; False if it is none of our replicas."""
        view = self.view
        if replica.primary is not view.myself:
            return False
        self.reset()
        timeout_ms = view.world.settings.manual_failover_timeout_ms
        self.ends_ms = view.world.now_ms() + timeout_ms
        self.replica = replica
        view.world.pause_writes(timeout_ms * 2)
        view.world.log("notice", f"Manual failover requested by replica {replica.id.decode()}.")
        return True

    def heard_offset(self, offset: int) -> None:
        """As a replica: our paused primary told how far it had written."""
        if self.is_on() and self.primary_offset < 0:
            self.primary_offset = offset
            self.view.world.log("notice", f"Received replication offset for paused primary manual failover: {offset}")

    def step(self) -> None:
        if self.is_on() and self.ends_ms < self.view.world.now_ms():
            self.view.world.log("warning", "Manual failover timed out.")
            self.reset()
        if not self.is_on() or self.may_start or self.primary_offset < 0 or self.view.myself.is_primary:
            return
        if self.view.world.offset() >= self.primary_offset:
            self.may_start = True
            self.view.world.log("notice", "All primary replication stream processed, manual failover can start.")
