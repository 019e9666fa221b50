"""Every known difference is one: the example of an entry shows it, and an entry that no longer holds fails.

Entries without one need more than a row of commands of one client; their tests are named in the reason or beside it.
"""

from __future__ import annotations

import pytest

from oracle.comparison import Peer
from oracle.differences import DIFFERENCES, REDIS, Difference
from oracle.wire import words


@pytest.mark.parametrize(
    "difference",
    [difference for difference in DIFFERENCES if difference.example],
    ids=lambda each: f"{each.server}: {each.example[-1]}",
)
def test_the_example_shows_it(oracle: Peer, valkey_oracle: Peer, difference: Difference) -> None:
    peer = oracle if difference.server == REDIS else valkey_oracle
    commands = [words(command) for command in ("FLUSHALL", *difference.example)]
    replies = []
    for backend in (peer.theirs, peer.ours):
        connection = backend.connect()
        try:
            replies.append(connection.pipeline(commands))
        finally:
            connection.close()
    assert replies[0][:-1] == replies[1][:-1]
    assert difference.covers(peer.name, commands[-1], replies[0][-1], replies[1][-1]), (replies[0][-1], replies[1][-1])
