"""Any commands of a type one after the other, made up from the real server's own description of them.

The thresholds of encodings are low in half of the runs, so that values change form again and again.  At the end
types, encodings and the digest of all data must be equal, too.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oracle.comparison import Backend, Peer
from oracle.differences import REDIS, VALKEY
from oracle.grammar import GROUPS, NORMALISERS, Grammar, Words, is_misread, is_newer
from oracle.wire import Command

LOW: dict[bytes, bytes] = {
    b"hash-max-listpack-entries": b"3",
    b"hash-max-listpack-value": b"8",
    b"list-max-listpack-size": b"3",
    b"set-max-intset-entries": b"3",
    b"zset-max-listpack-entries": b"3",
    b"zset-max-listpack-value": b"8",
    b"stream-node-max-entries": b"3",
    b"hll-sparse-max-bytes": b"20",
}
DEFAULT: dict[bytes, bytes] = {
    b"hash-max-listpack-entries": b"512",
    b"hash-max-listpack-value": b"64",
    b"list-max-listpack-size": b"-2",
    b"set-max-intset-entries": b"512",
    b"zset-max-listpack-entries": b"128",
    b"zset-max-listpack-value": b"64",
    b"stream-node-max-entries": b"100",
    b"hll-sparse-max-bytes": b"3000",
}
BLOCKING = {b"BLPOP", b"BRPOP", b"BLMOVE", b"BRPOPLPUSH", b"BLMPOP", b"BZPOPMIN", b"BZPOPMAX", b"BZMPOP"}
BLOCKING |= {b"XREAD", b"XREADGROUP"}
#: The server whose forms of small values are ours; strings change form by their history (see differences.py).
SHOWN_ENCODINGS = {REDIS: {"hash", "sorted-set", "stream", "geo"}, VALKEY: {"list", "set", "sorted-set"}}
#: Valkey writes scores into the digest in a form of its own.
OWN_DIGESTS = {"sorted-set", "geo"}
KEYS = (b"a", b"b", b"c", b"other")


@pytest.fixture(scope="session")
def redis_grammar(oracle: Peer) -> Grammar:
    """Of redis-server 7.0: the reference for all it knows."""
    return Grammar(oracle.theirs.connect())


@pytest.fixture(scope="session")
def valkey_grammar(valkey_oracle: Peer, redis_grammar: Grammar) -> Grammar:
    """Of Valkey: the reference for what is newer, which is mixed with what both know."""
    return Grammar(valkey_oracle.theirs.connect(), tame=redis_grammar.commands)


@pytest.fixture(autouse=True)
def usual_limits(ours: Backend, redis_backend: Backend, valkey_backend: Backend) -> Iterator[None]:
    """The servers are the whole session's: other tests find them with the limits they started with."""
    yield
    for backend in (ours, redis_backend, valkey_backend):
        connection = backend.connect()
        for name, value in DEFAULT.items():
            assert connection(b"CONFIG", b"SET", name, value) == b"+OK\r\n"
        connection.close()


def in_transactions(commands: list[Words]) -> list[Words]:
    """Commands that may wait are run where nothing waits."""
    found: list[Words] = []
    for command in commands:
        if command[0].upper() in BLOCKING:
            found += [[b"MULTI"], command, [b"EXEC"]]
        else:
            found.append(command)
    return found


def compare_sequence(peer: Peer, group: str, commands: list[Words], low: bool, resp: int) -> None:
    limits = LOW if low else DEFAULT
    sequence: list[str | Command] = [[b"CONFIG", b"SET", name, value] for name, value in limits.items()]
    sequence += in_transactions(commands)
    sequence += [[b"TYPE", key] for key in KEYS]
    if group in SHOWN_ENCODINGS[peer.name]:
        sequence += [[b"OBJECT", b"ENCODING", key] for key in KEYS[:3]]
    sequence += [[b"DBSIZE"]]
    if peer.name == REDIS or group not in OWN_DIGESTS:
        sequence += [[b"DEBUG", b"DIGEST-VALUE", *KEYS], [b"DEBUG", b"DIGEST"]]
    peer.compare(sequence, resp=resp, normalise=NORMALISERS)


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("group", GROUPS)
@settings(suppress_health_check=list(HealthCheck))
@given(data=st.data(), low=st.booleans(), resp=st.sampled_from([2, 3]))
def test_sequences_beside_redis(
    oracle: Peer, redis_grammar: Grammar, group: str, data: st.DataObject, low: bool, resp: int
) -> None:
    commands = data.draw(redis_grammar.sequences(group, 30))
    compare_sequence(oracle, group, [command for command in commands if not is_newer(command)], low, resp)


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("group", GROUPS)
@settings(suppress_health_check=list(HealthCheck))
@given(data=st.data(), low=st.booleans(), resp=st.sampled_from([2, 3]))
def test_sequences_beside_valkey(
    valkey_oracle: Peer, valkey_grammar: Grammar, group: str, data: st.DataObject, low: bool, resp: int
) -> None:
    commands = data.draw(valkey_grammar.sequences(group, 30))
    compare_sequence(valkey_oracle, group, [command for command in commands if not is_misread(command)], low, resp)
