"""Lua runtime and libraries, functions."""
