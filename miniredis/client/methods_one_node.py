"""Typed methods for commands (the node that is asked), written by docs/client_commands.py.  Do not edit."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from miniredis.client import shapes
from miniredis.client.shapes import Caller, T
from miniredis.client.values import Value


class OneNodeMethods(Caller[T]):
    """Commands about the node that is asked."""

    def function_stats(self) -> Deferred[dict[T, Any]]:
        """FUNCTION STATS

        Tells which function runs, and how many there are.  Since 7.0.0; O(1).
        """
        return self.execute_as(shapes.mapping, "FUNCTION", "STATS")

    def info(self, *sections: Value) -> Deferred[T]:
        """INFO [section [section ...]]

        Describes the server and counts what it does.  Since 1.0.0; O(1).
        """
        return self.execute("INFO", *sections)

    def latency_doctor(self) -> Deferred[T]:
        """LATENCY DOCTOR

        Says in words what the latency monitor has seen.  Since 2.8.13; O(1).
        """
        return self.execute("LATENCY", "DOCTOR")

    def latency_graph(self, event: Value) -> Deferred[T]:
        """LATENCY GRAPH event

        Draws the spikes of an event.  Since 2.8.13; O(1).
        """
        return self.execute("LATENCY", "GRAPH", event)

    def latency_histogram(self, *commands: Value) -> Deferred[dict[T, Any]]:
        """LATENCY HISTOGRAM [command [command ...]]

        Shows how long commands took.  Since 7.0.0; O(N) where N is the number of commands with latency
        information being retrieved.
        """
        return self.execute_as(shapes.mapping, "LATENCY", "HISTOGRAM", *commands)

    def latency_history(self, event: Value) -> Deferred[list[Any]]:
        """LATENCY HISTORY event

        Shows the spikes of an event.  Since 2.8.13; O(1).
        """
        return self.execute("LATENCY", "HISTORY", event)

    def latency_latest(self) -> Deferred[list[Any]]:
        """LATENCY LATEST

        Shows the last spike of each event.  Since 2.8.13; O(1).
        """
        return self.execute("LATENCY", "LATEST")

    def memory_doctor(self) -> Deferred[T]:
        """MEMORY DOCTOR

        Says in words how memory is used.  Since 4.0.0; O(1).
        """
        return self.execute("MEMORY", "DOCTOR")

    def memory_malloc_stats(self) -> Deferred[T]:
        """MEMORY MALLOC-STATS

        Shows what the allocator tells of itself.  Since 4.0.0; O(1).
        """
        return self.execute("MEMORY", "MALLOC-STATS")

    def memory_stats(self) -> Deferred[dict[T, Any]]:
        """MEMORY STATS

        Tells how memory is used.  Since 4.0.0; O(1).
        """
        return self.execute_as(shapes.mapping, "MEMORY", "STATS")

    def randomkey(self) -> Deferred[T | None]:
        """RANDOMKEY

        Returns a key chosen at random.  Since 1.0.0; O(1).
        """
        return self.execute("RANDOMKEY")
