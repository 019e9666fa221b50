"""miniredis: a Redis-compatible server in Python on Twisted."""

__version__ = "0.1.0"
#: What INFO and HELLO report to clients that look for features by version.
REDIS_VERSION = "7.2.4"
