"""The conditions that can stop a command before it runs, each a bit of one integer.

The server and each client have a mask of those that hold.  While both masks are 0, a command passes with one
comparison; otherwise admission.py makes the checks.
"""

from __future__ import annotations

from typing import Final

# Of a client.
GATE_MULTI: Final = 1 << 0  # commands are queued
GATE_NO_AUTH: Final = 1 << 1  # not authenticated
GATE_ACL: Final = 1 << 2  # its user may not do everything
GATE_SUBSCRIBED: Final = 1 << 3  # RESP2 subscriber: few commands are allowed
GATE_TRACKING: Final = 1 << 4  # client-side caching: reads are remembered
GATE_REPLY: Final = 1 << 5  # CLIENT REPLY OFF or SKIP
GATE_NO_TOUCH: Final = 1 << 6  # lookups leave no access record
GATE_PRIMARY_LINK: Final = 1 << 7  # what our primary or the log sends: obeyed, whatever holds for clients
GATE_SLOT_READS: Final = 1 << 8  # READONLY or ASKING in cluster mode
GATE_IMPORT: Final = 1 << 9  # CLIENT IMPORT-SOURCE: sees keys whose time is over, in import-mode
#: With one of these, something is to be done when the reply is written.
AFTER_REPLY: Final = GATE_REPLY | GATE_TRACKING | GATE_NO_TOUCH | GATE_IMPORT

# Of the server.
GATE_LOADING: Final = 1 << 16
GATE_MEMORY: Final = 1 << 17  # a memory limit is set
GATE_PAUSED: Final = 1 << 18  # CLIENT PAUSE
GATE_BUSY: Final = 1 << 19  # a script runs for too long
GATE_REPLICA: Final = 1 << 20  # we follow a primary and refuse writes
GATE_STALE: Final = 1 << 21  # the link to the primary is down and stale data is not served
GATE_WRITES_REFUSED: Final = 1 << 22  # persistence fails, or too few replicas
GATE_CLUSTER: Final = 1 << 23
GATE_HELD_KEYS: Final = 1 << 24  # keys are on their way to another server
GATE_LOG_REQUESTS: Final = 1 << 25  # also requests that come in one piece are large enough for COMMANDLOG
GATE_INTERCEPTED: Final = 1 << 26  # something stands between clients and commands: faults of a test server
