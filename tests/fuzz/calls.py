"""The target of commands: any words to any command, in transactions and out of them; an error may come, a defect not.

An input is lines of words.  Afterwards the data must survive being saved and loaded, which says that no command left
a value that is none.
"""

from __future__ import annotations

from fuzz.loop import Target
from fuzz.values import MAKING, STREAM, USES, Server
from miniredis.resp.encoder import encode_command

#: What stops the server, waits for something outside of it, or takes what time or memory it is told to.
LEFT_OUT = {
    b"shutdown",
    b"debug",
    b"replicaof",
    b"slaveof",
    b"psync",
    b"sync",
    b"migrate",
    b"monitor",
    b"failover",
    b"bgsave",
    b"save",
    b"bgrewriteaof",
    b"setrange",
    b"setbit",
    b"bitfield",
    b"client",
    b"config",
    b"module",
    b"cluster",
    b"wait",
    b"waitaof",
    b"eval",
    b"eval_ro",
    b"function",
    b"script",
    b"quit",
    b"reset",
    b"replconf",
    b"acl",
    b"auth",
    b"hello",
    b"lolwut",
}
LINES = [
    *MAKING,
    *USES,
    *STREAM,
    "MULTI",
    "EXEC",
    "WATCH k",
    "SELECT 1",
    "SORT k BY w_* GET # GET h_*->f LIMIT 0 5 DESC STORE d",
    "OBJECT FREQ k",
    "LMPOP 2 k c LEFT COUNT 3",
    "ZUNIONSTORE d 2 k c WEIGHTS 1 2 AGGREGATE MAX",
    "GEOSEARCH k FROMLONLAT 15 37 BYBOX 400 400 km ASC COUNT 2 WITHDIST",
    "XCLAIM k g bob 0 1-1 IDLE 5 RETRYCOUNT 3 FORCE JUSTID",
    "SINTERCARD 2 k c LIMIT 1",
    "BITOP AND d k c",
    "BITPOS k 1 0 -1 BIT",
    "LCS k c IDX WITHMATCHLEN",
    "GETEX k PXAT 9000000000000",
    "SET k v EX 100 NX GET",
    "EXPIRE k 100 GT",
    "INCRBYFLOAT k 1.5",
    "HINCRBYFLOAT k f 2.5",
    "HRANDFIELD k -5 WITHVALUES",
    "ZRANGESTORE d k (1 +inf BYSCORE REV LIMIT 0 2",
    "ZINTER 2 k c WITHSCORES",
    "LPOS k a RANK -1 COUNT 0 MAXLEN 5",
    "XSETID k 9-9 ENTRIESADDED 5 MAXDELETEDID 1-1",
    "SCAN 0 MATCH k* COUNT 5 TYPE hash",
    "HGETEX k EX 100 FIELDS 1 f",
    "HSETEX k FNX EX 9 FIELDS 1 f v",
    "COMMAND GETKEYS SET k v",
    "MEMORY USAGE k",
    "SUBSCRIBE c",
    "PUBLISH c x",
    "RENAME k c",
    "COPY k d DB 1",
    "DUMP k",
    "INFO all",
    "COMMAND DOCS get",
    "SLOWLOG GET 5",
    "LATENCY DOCTOR",
    "BF.ADD k x",
    "JSON.SET k $ {}",
    "JSON.GET k $..a",
    "CF.ADD k x",
    "EVALSHA x 0",
    "BLMOVE k c LEFT RIGHT 1",
    "XREAD BLOCK 1 STREAMS k $",
    "PFMERGE d k c",
    "SUBSTR k 0 1",
    "GETDEL k",
    "OBJECT ENCODING k",
]


class Calls:
    """The target."""

    def __init__(self) -> None:
        self._server: Server | None = None
        self._done = 0

    def __call__(self, data: bytes) -> None:
        self._done += 1
        if self._server is None or self._done % 2000 == 0:
            self._server = Server()
        server = self._server
        # A client of its own, since the last one may be waiting or subscribed.
        server.client.disconnect()
        server.client = server.server.connect()
        server.line("FLUSHALL")
        for line in data.split(b"\n")[:40]:
            words = [word for word in line.split(b" ") if len(word) < 2000]
            if words and words[0] and words[0].lower() not in LEFT_OUT:
                server.call(*words)
        server.client.disconnect()
        server.client = server.server.connect()
        for key in (b"k", b"c", b"d"):
            server.call(b"PERSIST", key)  # the digest of a key says when it expires
            payload = server.call(b"DUMP", key)
            if payload.startswith(b"$-1"):
                continue
            digest = server.call(b"DEBUG", b"DIGEST-VALUE", key)
            _, _, rest = payload.partition(b"\r\n")
            server.client.send(encode_command([b"RESTORE", b"copied", b"0", rest[:-2], b"REPLACE"]))
            reply = server.client.received()
            assert reply == b"+OK\r\n", (key, reply)
            assert server.call(b"DEBUG", b"DIGEST-VALUE", b"copied") == digest, key


CALLS = Target(
    "calls",
    Calls(),
    [
        "\n".join((LINES[at], LINES[(at * 7 + 3) % len(LINES)], LINES[(at * 13 + 5) % len(LINES)])).encode()
        for at in range(len(LINES))
    ]
    + ["\n".join(("MULTI", *LINES[at : at + 6], "EXEC")).encode() for at in range(0, len(LINES), 5)]
    + ["\n".join((making, *USES[at : at + 8])).encode() for making in MAKING for at in range(0, len(USES), 8)],
    [
        b" k",
        b" ",
        b"\n",
        b"\nMULTI\n",
        b"\nEXEC\n",
        b" COUNT",
        b" WITHSCORES",
        b" -inf",
        b" (5",
        b" [a",
        b" $",
        b" *",
        b" 1.5",
        b" a",
        b" nan",
        b" 1e308",
        b" f",
        b" BYSCORE",
        b" LIMIT 0 -1",
        b" REV",
        b" 5-5",
        b" NX",
        b" XX",
        b" GET",
        b" inf",
        b" 100",
        b" -5",
        b" 4611686018427387904",
        b" -4611686018427387905",
    ],
)
