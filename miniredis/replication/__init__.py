"""Backlog, primary side, replica side."""
