"""Twisted edge: protocol, factory, endpoints, TLS."""
