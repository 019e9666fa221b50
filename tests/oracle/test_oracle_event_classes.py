"""Keyspace events by class: with each letter of notify-keyspace-events alone, what a subscriber is sent."""

from __future__ import annotations

import pytest

from oracle.comparison import Peer
from oracle.wire import Command, script

Step = tuple[int, str | Command]

#: Commands of every class, in an order in which nothing depends on chance.
EVERYTHING = script(
    """
    SET s v|GET none|APPEND s w|SETRANGE s 1 x|INCR n|INCRBYFLOAT n 1.5|GETDEL n|SETEX s 100 v|GETEX s PERSIST|MSET m1 1 m2 2
    SETBIT bits 1 1|BITOP NOT bits2 bits|BITFIELD bits SET u8 0 1|PFADD hll a|PFADD hll a|PFMERGE hll2 hll
    RPUSH l a b c|LPOP l|LPUSHX l x|LINSERT l BEFORE b z|LSET l 0 q|LTRIM l 0 1|LREM l 0 q|RPOPLPUSH l l2|LMOVE l2 l LEFT RIGHT
    LMPOP 1 l LEFT|SADD set a b c|SADD set a|SREM set a|SMOVE set set2 b|SPOP set2|SINTERSTORE set3 set set|SINTERSTORE set3 set none|SINTERSTORE set3 none none2|SUNIONSTORE set4 set none
    SDIFFSTORE set4 none|SADD set d|HSET h f v|HSETNX h g v|HINCRBY h n 1|HINCRBYFLOAT h n 1.5|HDEL h f|HDEL h f|HDEL h g n
    ZADD z 1 a 2 b 3 c|ZADD z 1 a|ZINCRBY z 1 a|ZREM z a|ZREMRANGEBYSCORE z 3 3|ZPOPMIN z|ZADD z 1 a 2 b|ZUNIONSTORE z2 1 z
    ZRANGESTORE z3 z 0 0|ZINTERSTORE z4 2 z none|ZDIFFSTORE z5 1 z|ZPOPMAX z5|ZMPOP 1 z5 MIN|ZREMRANGEBYRANK z 0 0|ZREMRANGEBYLEX z - +
    GEOADD geo 1 1 a|GEOADD geo 1 1 a|GEOSEARCHSTORE geo2 geo FROMLONLAT 1 1 BYRADIUS 10 km|GEORADIUS geo 1 1 10 km STORE geo3
    XADD x 1-1 a b|XADD x 2-1 a b|XGROUP CREATE x g 0|XGROUP CREATECONSUMER x g c|XREADGROUP GROUP g c COUNT 1 STREAMS x >
    XREADGROUP GROUP g d COUNT 1 STREAMS x >|XACK x g 1-1|XCLAIM x g c 0 2-1|XAUTOCLAIM x g e 0 0|XDEL x 1-1|XTRIM x MAXLEN 1
    XSETID x 5-1|XGROUP SETID x g 0|XGROUP DELCONSUMER x g c|XGROUP DESTROY x g|XTRIM x MAXLEN 0|XADD x MAXLEN 1 * a b
    EXPIRE s 100|PERSIST s|EXPIRE s -1|SET s v|PEXPIREAT s 1|SET s v PX 100000|RENAME s t|RENAMENX t s|COPY s t|MOVE t 1|DEL s none
    SET s v PXAT 1|GET s|SET s v PXAT 1|SET s w|SET s v PXAT 1|INCR s|UNLINK s|SORT set ALPHA STORE sorted|SORT none STORE sorted
    SET d v|RESTORE r 0 nonsense|EXISTS gone|HGET gone f|LRANGE gone 0 1|SCARD gone|TTL gone|TYPE gone|OBJECT ENCODING gone
    SWAPDB 0 1|FLUSHDB|SET again v|FLUSHALL
    """
)


def told(letters: str, commands: list[str]) -> list[Step]:
    """Client 0 runs the commands, client 1 is told of them."""
    return [
        (1, "DEBUG SET-ACTIVE-EXPIRE 0"),
        (1, [b"CONFIG", b"SET", b"notify-keyspace-events", letters.encode()]),
        (1, "PSUBSCRIBE __key*__:*"),
        *[(0, command) for command in commands],
        (0, [b"CONFIG", b"SET", b"notify-keyspace-events", b""]),
        (0, "DEBUG SET-ACTIVE-EXPIRE 1"),
    ]


@pytest.mark.parametrize(
    "letters", ["KA", "EA", "KEAmn", *[f"E{letter}" for letter in "g$lshzxetmdn"], "Kg", "A", "KE", ""]
)
def test_each_class(oracle: Peer, letters: str) -> None:
    oracle.compare_clients(told(letters, EVERYTHING), normalise={b"XADD": lambda reply: reply[:2], b"OBJECT": len_of})


def len_of(reply: bytes) -> bytes:
    return reply[:1]


def test_fields_of_hashes_that_expire(valkey_oracle: Peer) -> None:
    valkey_oracle.compare_clients(
        told(
            "KEA",
            script(
                """
                HSET h f 1 g 2 i 3|HEXPIRE h 100 FIELDS 1 f|HPERSIST h FIELDS 1 f|HPEXPIREAT h 1 FIELDS 1 f|HGETALL h
                HSETEX h EX 100 FIELDS 1 j 4|HGETEX h PERSIST FIELDS 1 j|HSETEX h PXAT 1 FIELDS 1 j 4|HGETDEL h FIELDS 1 g
                HEXPIRE h 0 FIELDS 1 i|EXISTS h
                """
            ),
        )
    )


def test_evictions(oracle: Peer) -> None:
    """With one key that may go, nothing is left to chance but the moment."""
    received = []
    for backend in (oracle.theirs, oracle.ours):
        client, listener = backend.connect(), backend.connect()
        client.pipeline([[b"FLUSHALL"], [b"CONFIG", b"SET", b"notify-keyspace-events", b"KEe"]])
        listener(b"PSUBSCRIBE", b"__key*__:*")
        replies = [
            client(*command.encode().split())
            for command in script(
                """
                SET k v EX 100|SET stays v|CONFIG SET maxmemory-policy volatile-ttl maxmemory 1|GET k|SET x y|EXISTS k stays
                CONFIG SET maxmemory 0 maxmemory-policy noeviction|DEL stays
                """
            )
        ]
        client(b"CONFIG", b"SET", b"notify-keyspace-events", b"")
        received.append((replies, listener.drain()))
        client.close()
        listener.close()
        backend.settle()
    assert received[0] == received[1]
    assert len(received[1][1]) == 2
