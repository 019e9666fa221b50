"""The SDK: a Deferred-based client for Twisted."""
