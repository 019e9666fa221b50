"""Admin console and /metrics."""
