"""The one list of known differences between us and the real servers, each with its reason.

The oracle tests read it: a reply that differs is accepted only when an entry here names the command, what the real
server says and what we say.  Each entry carries an example that `test_differences.py` runs, so an entry that no
longer holds fails.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

REDIS = "redis"  # Debian's redis-server 7.0.15
VALKEY = "valkey"  # Valkey 9.1


@dataclass(frozen=True)
class Difference:
    """`command`, `theirs` and `ours` are regular expressions that must match whole (bytes, dot matches all)."""

    server: str
    command: bytes  # the words joined by single blanks, any letter case
    theirs: bytes
    ours: bytes
    reason: str
    example: tuple[str, ...] = ()  # commands; the last one shows the difference

    def covers(self, server: str, command: Sequence[bytes], theirs: bytes, ours: bytes) -> bool:
        return (
            server == self.server
            and re.fullmatch(self.command, b" ".join(command), re.DOTALL | re.IGNORECASE) is not None
            and re.fullmatch(self.theirs, theirs, re.DOTALL) is not None
            and re.fullmatch(self.ours, ours, re.DOTALL) is not None
        )


DIFFERENCES: tuple[Difference, ...] = (
    Difference(
        VALKEY,
        rb"OBJECT ENCODING .*",
        rb"\$8\r\nskiplist\r\n",
        rb"\$8\r\nlistpack\r\n",
        "Valkey chooses the form of a new sorted set by the number of arguments of its ZADD, also where they name one"
        " member again and again; redis-server 7.0, and we, by the members that there are.",
        ("ZADD z " + "0 a " * 129, "OBJECT ENCODING z"),
    ),
    Difference(
        VALKEY,
        rb"(GEOSEARCH|GEOSEARCHSTORE|GEORADIUSBYMEMBER|GEORADIUSBYMEMBER_RO) .*",
        rb"-ERR member .* does not exist\r\n",
        rb"-ERR could not decode requested zset member\r\n",
        "Valkey names a member that is not there; the text is that of redis-server 7.0.",
        ("GEOADD g 13.361389 38.115556 a", "GEOSEARCH g FROMMEMBER b BYRADIUS 1 m"),
    ),
    Difference(
        VALKEY,
        rb"(HGETEX|HSETEX) FIELDS .*",
        rb"-ERR value is not an integer or out of range\r\n",
        rb"[:*].*",
        "Valkey looks for the word FIELDS from the key on, so that a hash of that name can not be asked.",
        ("HSET fields f v", "HGETEX fields FIELDS 1 f"),
    ),
    Difference(
        VALKEY,
        rb"HSETEX .* FIELDS -9223372036854775807 .*",
        rb":.*",
        rb"-ERR numfields should be greater than 0 .*",
        "Twice this number of fields overflows to 2 in Valkey.",
        ("HSETEX h FIELDS -9223372036854775807 f v",),
    ),
    Difference(
        REDIS,
        rb"OBJECT ENCODING [stu]",
        rb"\$9\r\nhashtable\r\n",
        rb"\$8\r\nlistpack\r\n",
        "Small sets of strings are listpacks since Redis 7.2, whose version we report, and in Valkey.",
        ("SADD s a b", "OBJECT ENCODING s"),
    ),
    Difference(
        REDIS,
        rb"OBJECT ENCODING .*",
        rb"\$6\r\nembstr\r\n",
        rb"\$3\r\nint\r\n",
        "A whole number stored by INCRBYFLOAT stays text in Redis until it is set or loaded anew; here every text that"
        " is a canonical integer counts as one.",
        ("SET k 1", "INCRBYFLOAT k 1", "OBJECT ENCODING k"),
    ),
    Difference(
        REDIS,
        rb"OBJECT ENCODING .*",
        rb"\$9\r\nquicklist\r\n",
        rb"\$8\r\nlistpack\r\n",
        "Small lists are listpacks since Redis 7.2, whose version we report, and in Valkey.",
        ("RPUSH l a b", "OBJECT ENCODING l"),
    ),
    Difference(
        REDIS,
        rb"LPOS \S+ \S+ RANK -9223372036854775808",
        rb":\d+\r\n|\$-1\r\n",
        rb"-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807\r\n",
        "The rank overflows in redis-server 7.0; later ones refuse it.",
        ("RPUSH l a b", "LPOS l a RANK -9223372036854775808"),
    ),
    Difference(
        REDIS,
        rb"(BLPOP|BRPOP|BLMPOP|BLMOVE|BRPOPLPUSH) .*",
        rb"-ERR timeout is negative\r\n",
        rb"-ERR timeout is out of range\r\n",
        "A timeout of more than 2**63 milliseconds overflows in redis-server 7.0; later ones say what is wrong.",
        ("BLPOP l 9223372036854775808",),
    ),
    Difference(
        REDIS,
        rb"XREAD STREAMS \S+ \+",
        rb"-ERR Invalid stream ID specified as stream command argument\r\n",
        rb"\*.*",
        "The ID + asks for the last entry, as in Valkey.",
        ("XADD x 1-1 a b", "XREAD STREAMS x +"),
    ),
    Difference(
        REDIS,
        rb"XREADGROUP .* \+",
        rb"-ERR Invalid stream ID specified as stream command argument\r\n",
        rb"-ERR The \+ ID is meaningless in the context of XREADGROUP: .*",
        "The ID + asks for the last entry, as in Valkey.",
        ("XGROUP CREATE x g 0 MKSTREAM", "XREADGROUP GROUP g c STREAMS x +"),
    ),
    Difference(
        REDIS,
        rb"XINFO CONSUMERS shown g",
        rb"\*1\r\n\*6\r\n\$4\r\nname\r\n\$1\r\nc\r\n\$7\r\npending\r\n:0\r\n\$4\r\nidle\r\n:\d+\r\n",
        rb"\*1\r\n\*8\r\n\$4\r\nname\r\n\$1\r\nc\r\n\$7\r\npending\r\n:0\r\n\$4\r\nidle\r\n:\d+\r\n"
        rb"\$8\r\ninactive\r\n:-1\r\n",
        "A consumer's time without success is told as well, as since Redis 7.2, whose version we report (XINFO STREAM FULL"
        " has it as active-time).",
        ("XGROUP CREATE shown g 0 MKSTREAM", "XGROUP CREATECONSUMER shown g c", "XINFO CONSUMERS shown g"),
    ),
    Difference(
        VALKEY,
        rb"XINFO CONSUMERS shown g",
        rb"\*1\r\n.*",
        rb"\*0\r\n",
        "A consumer is made when it gets something, as in redis-server 7.0; later ones make it when it asks.",
        (
            "XADD shown 1-1 a b",
            "XGROUP CREATE shown g $",
            "XREADGROUP GROUP g c STREAMS shown >",
            "XINFO CONSUMERS shown g",
        ),
    ),
    Difference(
        VALKEY,
        rb"XINFO GROUPS lagging",
        rb".*lag\r\n:1\r\n",
        rb".*lag\r\n:3\r\n",
        "Lag is counted as in redis-server 7.0; later ones leave out entries that were trimmed before the group read.",
        (
            "XADD lagging 1-1 a b",
            "XADD lagging 2-1 a b",
            "XADD lagging 3-1 a b",
            "XGROUP CREATE lagging g 0 ENTRIESREAD 0",
            "XDEL lagging 2-1",
            "XTRIM lagging MAXLEN 1",
            "XINFO GROUPS lagging",
        ),
    ),
    Difference(
        REDIS,
        rb"EVAL .*'blpop'.*",
        rb"-ERR This Redis command is not allowed from script script: .*",
        rb"\$-1\r\n",
        "Blocking commands may stand in scripts since Redis 7.2 and in Valkey, and do not wait there.",
        ("EVAL return(redis.call('blpop','none',0)) 0",),
    ),
    Difference(
        REDIS,
        rb"EVAL .*(server\.|os\.).*",
        rb"-ERR user_script:1: Script attempted to access nonexistent global variable '(server|os)' script: .*",
        rb"[+$:*].*",
        "The table `redis` is called `server`, too, as in Valkey; Debian leaves os.clock out, other builds do not.",
        ("EVAL return(server.sha1hex('')) 0",),
    ),
    Difference(
        REDIS,
        rb"EVAL .*-0.*",
        rb"\$2\r\n-0\r\n",
        rb"\$1\r\n0\r\n",
        "Whole numbers come out of Lua as integers, which have no negative zero, where they are arguments of a command.",
        ("EVAL redis.call('set','k',-0)return(redis.call('get','k')) 0",),
    ),
    Difference(
        REDIS,
        rb"SCRIPT DEBUG (YES|SYNC)",
        rb"\+OK\r\n",
        rb"-ERR The Lua debugger is not supported\r\n",
        "There is no debugger; a client that asked for one must not wait for its prompt.",
    ),
)


def known(server: str, command: Sequence[bytes], theirs: bytes, ours: bytes) -> Difference | None:
    """The entry that explains this pair of replies, if there is one."""
    for difference in DIFFERENCES:
        if difference.covers(server, command, theirs, ours):
            return difference
    return None
