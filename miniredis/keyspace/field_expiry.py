"""Expiry of single hash fields: what is done about a hash some of whose fields are due.

As with keys, whoever meets them removes them and says so, or only hides them on a replica, which waits for its
primary's HDEL, or leaves them alone when the primary or the log decides.
"""

from __future__ import annotations

from typing import Final

from miniredis.datatypes.hashes import HashValue
from miniredis.keyspace.database import EXPIRE_DELETE, EXPIRE_IGNORE, Database
from miniredis.keyspace.effects import NOTIFY_EXPIRED, NOTIFY_GENERIC

ALL_DUE: Final = 1 << 62


def settle_fields(database: Database, key: bytes, value: HashValue) -> bool:
    """Before a command sees a hash that has expiries: whether there is still a hash to see."""
    policy = database.expire_policy
    if policy == EXPIRE_DELETE:
        delete_due_fields(database, key, value, ALL_DUE)
        return value.size() > 0
    if policy != EXPIRE_IGNORE:
        value.hide_due(database.clock.now_ms)
        return value.size() > 0
    value.show_hidden()
    return True


def delete_due_fields(database: Database, key: bytes, value: HashValue, limit: int) -> int:
    """Delete up to `limit` fields that are due, and the hash when it has no other; how many."""
    value.show_hidden()
    due = value.delete_due(database.clock.now_ms, limit)
    if not value.has_expiries():
        database.volatile_hashes.pop(key)
    if not due:
        return 0
    effects = database.effects
    database.statistics.expired_fields += len(due)
    effects.replay_before(database.index, [b"HDEL", key, *due])
    if effects.listening:
        effects.changed_event(database.index, NOTIFY_EXPIRED, b"hexpired", key)
    if value.size() == 0:
        database.remove(key)
        if effects.listening:
            effects.changed_event(database.index, NOTIFY_GENERIC, b"del", key)
    return len(due)
