"""Typed methods for commands (each node of a cluster), written by docs/client_commands.py.  Do not edit."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from miniredis.client import shapes
from miniredis.client.shapes import Caller, T
from miniredis.client.values import Value


class AllNodesMethods(Caller[T]):
    """Commands about each node of a cluster."""

    def function_stats(self) -> Deferred[dict[str, dict[T, Any]]]:
        """FUNCTION STATS

        Tells which function runs, and how many there are.  Since 7.0.0; O(1).
        """
        return self.execute_as(shapes.each_node(shapes.mapping), "FUNCTION", "STATS")

    def info(self, *sections: Value) -> Deferred[dict[str, T]]:
        """INFO [section [section ...]]

        Describes the server and counts what it does.  Since 1.0.0; O(1).
        """
        return self.execute("INFO", *sections)

    def latency_doctor(self) -> Deferred[dict[str, T]]:
        """LATENCY DOCTOR

        Says in words what the latency monitor has seen.  Since 2.8.13; O(1).
        """
        return self.execute("LATENCY", "DOCTOR")

    def latency_graph(self, event: Value) -> Deferred[dict[str, T]]:
        """LATENCY GRAPH event

        Draws the spikes of an event.  Since 2.8.13; O(1).
        """
        return self.execute("LATENCY", "GRAPH", event)

    def latency_histogram(self, *commands: Value) -> Deferred[dict[str, dict[T, Any]]]:
        """LATENCY HISTOGRAM [command [command ...]]

        Shows how long commands took.  Since 7.0.0; O(N) where N is the number of commands with latency
        information being retrieved.
        """
        return self.execute_as(shapes.each_node(shapes.mapping), "LATENCY", "HISTOGRAM", *commands)

    def latency_history(self, event: Value) -> Deferred[dict[str, list[Any]]]:
        """LATENCY HISTORY event

        Shows the spikes of an event.  Since 2.8.13; O(1).
        """
        return self.execute("LATENCY", "HISTORY", event)

    def latency_latest(self) -> Deferred[dict[str, list[Any]]]:
        """LATENCY LATEST

        Shows the last spike of each event.  Since 2.8.13; O(1).
        """
        return self.execute("LATENCY", "LATEST")

    def memory_doctor(self) -> Deferred[dict[str, T]]:
        """MEMORY DOCTOR

        Says in words how memory is used.  Since 4.0.0; O(1).
        """
        return self.execute("MEMORY", "DOCTOR")

    def memory_malloc_stats(self) -> Deferred[dict[str, T]]:
        """MEMORY MALLOC-STATS

        Shows what the allocator tells of itself.  Since 4.0.0; O(1).
        """
        return self.execute("MEMORY", "MALLOC-STATS")

    def memory_stats(self) -> Deferred[dict[str, dict[T, Any]]]:
        """MEMORY STATS

        Tells how memory is used.  Since 4.0.0; O(1).
        """
        return self.execute_as(shapes.each_node(shapes.mapping), "MEMORY", "STATS")

    def randomkey(self) -> Deferred[dict[str, T | None]]:
        """RANDOMKEY

        Returns a key chosen at random.  Since 1.0.0; O(1).
        """
        return self.execute("RANDOMKEY")
