"""Databases: lookup, put, expiry, eviction, memory, and what was touched."""
