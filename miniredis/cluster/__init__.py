"""Slots, view, messages, elections; the bus."""
