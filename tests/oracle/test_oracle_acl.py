"""ACL beside redis-server: rules and how they are shown, what each user may do, what becomes of open connections."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miniredis.testing.memory import MemoryServer

from oracle.comparison import Peer
from oracle.servers import redis_server
from oracle.wire import Command, frame_end, script

Step = tuple[int, str | Command]


@pytest.fixture(autouse=True)
def _no_users(oracle: Peer, valkey_oracle: Peer) -> Iterator[None]:
    yield
    for backend in (oracle.theirs, valkey_oracle.theirs, oracle.ours):
        connection = backend.connect()
        for name in (b"u", b"w", b"U", b""):
            connection(b"ACL", b"DELUSER", name)
        connection(b"ACL", b"LOG", b"RESET")
        connection.close()


def steps(text: str) -> list[Step]:
    """Lines of `client: command`, several commands of a client parted by |."""
    found: list[Step] = []
    for line in text.strip().split("\n"):
        client, _, commands = line.strip().partition(": ")
        found += [(int(client), command) for command in script(commands)]
    return found


def rules(*words: str) -> list[Step]:
    return [(0, [b"ACL", b"SETUSER", b"u", *[word.encode() for word in words]])]


def command_rules(reply: bytes) -> bytes:
    """Without the commands of GETUSER and LIST, which redis-server 7.0 works out anew, and the databases it has not."""
    reply = without_databases(reply)
    reply = re.sub(rb"\$\d+\r\n[+-]@all[^\r]*", b"$commands", reply)
    return re.sub(rb"\$\d+\r\n(user [^\r]*?) [+-]@all[^\r]*", rb"$\1 commands", reply)


def without_databases(reply: bytes) -> bytes:
    """GETUSER as it was before Valkey 9.1."""
    reply = re.sub(rb"\$9\r\ndatabases\r\n\$\d+\r\n[^\r]*\r\n", b"", reply)
    return re.sub(rb"([*%])(3|4|6|7|8|12|14)\r\n", rb"\1?\r\n", reply)


def test_rules_and_their_errors(oracle: Peer) -> None:
    shown = ["ACL GETUSER u", "ACL LIST"]
    words: list[str | Command] = [
        "ACL WHOAMI", "ACL USERS", "ACL GETUSER none", *shown, "ACL CAT", "ACL CAT nosuch", "ACL CAT a b",
        "ACL GENPASS 0", "ACL GENPASS 4097", "ACL GENPASS x", "ACL GENPASS 1 2", "ACL SETUSER u", *shown,
        "ACL SETUSER u on >pass ~a* %R~b* %W~c* %RW~d* &ch* +get", *shown, "ACL SETUSER u %W~b* %R~b* ~a* %r~x %wr~y %R",
        *shown, "ACL SETUSER u (+get ~x) (%R~y -@all +set)", *shown, "ACL SETUSER u (+get ~a &b )", *shown, "ACL SETUSER u ()",
        *shown, "ACL SETUSER u clearselectors resetkeys allcommands -debug +@all", *shown, "ACL SETUSER u reset", *shown,
        "ACL SETUSER u +nosuch", "ACL SETUSER u +@nosuch", "ACL SETUSER u -get|a", "ACL SETUSER u +get|a",
        "ACL SETUSER u +config|nosuch", "ACL SETUSER u -config|nosuch", "ACL SETUSER u +config|get|x",
        "ACL SETUSER u +get|", "ACL SETUSER u -get|", "ACL SETUSER u +", "ACL SETUSER u -", "ACL SETUSER u +@", "ACL SETUSER u +|",
        "ACL SETUSER u ~* ~a", *shown, "ACL SETUSER u resetkeys ~*", "ACL SETUSER u allkeys ~b",
        "ACL SETUSER u allchannels &b", "ACL SETUSER u nosuch", "ACL SETUSER u %X~a", "ACL SETUSER u resetkeys %X~a",
        "ACL SETUSER u %~a", "ACL SETUSER u %RR~a", "ACL SETUSER u (", "ACL SETUSER u (+get", "ACL SETUSER u (+nosuch)",
        "ACL SETUSER u on ( +get ~x", "ACL SETUSER u )", [b"ACL", b"SETUSER", b"u", b"~a b"], [b"ACL", b"SETUSER", b"u", b"&a b"],
        [b"ACL", b"SETUSER", b"u", b"+ get"], [b"ACL", b"SETUSER", b"u", b"-get "], [b"ACL", b"SETUSER", b"u", b"+@all x"],
        [b"ACL", b"SETUSER", b"u", b"(+get) x"], [b"ACL", b"SETUSER", b"u x", b"on"], [b"ACL", b"SETUSER", b"u\r\nx", b"on"],
        [b"ACL", b"SETUSER", b"u\0x", b"on"], [b"ACL", b"SETUSER", b"", b"on"], [b"ACL", b"SETUSER", b"u", b""], *shown,
        "ACL SETUSER", "ACL DELUSER default", "ACL DELUSER u default", "ACL DELUSER u nosuch", "ACL SETUSER u sanitize-payload",
        *shown, "ACL SETUSER u skip-sanitize-payload nopass", *shown, "ACL SETUSER u >a >b >a nopass >c", *shown,
        "ACL SETUSER u resetpass", "ACL SETUSER u #5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8 <password",
        *shown, "ACL SETUSER u ON NOPASS ALLKEYS ALLCHANNELS +GET", *shown, "ACL LOAD", "ACL SAVE", "ACL LOG", "ACL LOG x",
        "ACL LOG RESET", "ACL LOG -1", "ACL LOG 1 2", "ACL FOO", "ACL", "ACL DELUSER u",
    ]  # fmt: skip
    oracle.compare(words, ordered=True, normalise={b"ACL": command_rules})
    maps: list[str | Command] = ["ACL SETUSER u on (+get ~x)", "ACL GETUSER u", "ACL DELUSER u"]
    oracle.compare(maps, resp=3, normalise={b"ACL": without_databases})


def test_command_rules_are_shown_as_given(valkey_oracle: Peer) -> None:
    """As since Redis 7.2, whose version we report."""

    shown = ["ACL GETUSER u", "ACL LIST"]
    words: list[str | Command] = [
        "ACL SETUSER u +@read -@string +get -hget +config|get -config|get +client|id", *shown, "ACL SETUSER u +config|get",
        *shown, "ACL SETUSER u -config", *shown, "ACL SETUSER u +config|get +config|set -config", *shown,
        "ACL SETUSER u +select|0 +select|1", *shown, "ACL SETUSER u -select", *shown, "ACL SETUSER u +@all -@dangerous +info", *shown,
        "ACL SETUSER u -info +@all", *shown, "ACL SETUSER u +@all -@all +get", *shown, "ACL SETUSER u +GET +@READ -CONFIG|GET",
        *shown, "ACL SETUSER u nocommands +@string -set +set", *shown, "ACL SETUSER u (+@read -get) (allcommands -get)", *shown,
    ]  # fmt: skip
    valkey_oracle.compare(words)


def test_categories(valkey_oracle: Peer) -> None:
    """The commands of each category, as far as a server of ours has them (scripts and clusters come with their parts)."""
    theirs, ours = valkey_oracle.theirs.connect(), valkey_oracle.ours.connect()
    present = set(re.findall(rb"\$\d+\r\n([^\r]+)\r\n", ours(b"COMMAND", b"LIST")))
    for category in re.findall(rb"\$\d+\r\n([^\r]+)\r\n", theirs(b"ACL", b"CAT")):
        wanted = set(re.findall(rb"\$\d+\r\n([^\r]+)\r\n", theirs(b"ACL", b"CAT", category)))
        assert set(re.findall(rb"\$\d+\r\n([^\r]+)\r\n", ours(b"ACL", b"CAT", category))) == wanted & present, category
    theirs.close()
    ours.close()


ACCESS = (
    "on", ">p", "~a*", "%R~r*", "%W~w*", "&ch*", "+get", "+set", "+mget", "+subscribe", "+psubscribe", "+publish", "+config|get",
    "+multi", "+exec", "+acl|whoami", "+spublish", "+copy", "+sort", "+rpush", "+append", "+exists", "+bitfield", "+client",
    "+ssubscribe", "+object", "+lmpop", "+rename", "+sintercard", "+georadius", "+unsubscribe", "+xread", "+select|1", "+bitop",
)  # fmt: skip


def test_what_a_user_may_do(oracle: Peer) -> None:
    oracle.compare_clients(
        [
            *rules(*ACCESS),
            *steps(
                """
                1: AUTH u wrong|AUTH nosuch p|AUTH u p|AUTH a b c|ACL WHOAMI|ACL LIST|GET a1|GET b1|GET r1|GET w1|SET w1 x
                1: SET w1 x GET|SET r1 x|APPEND w1 y|EXISTS w1 r1|EXISTS x1|MGET a1 r1 x1|COPY r1 w1|COPY w1 r1|HGET a b
                1: CONFIG SET x y|CONFIG|DEBUG SLEEP 0|SELECT 1|SELECT 0|SELECT|PUBLISH ch1 x|PUBLISH x x|SPUBLISH x x|NOSUCH
                1: GET|SORT al BY w_* GET a_*|SORT al BY nosort GET #|SORT al GET a_*|SORT al STORE w|SORT al STORE r
                1: BITFIELD r1 GET u8 0|BITFIELD r1 SET u8 0 1|BITFIELD w1 SET u8 0 1|LMPOP 2 a1 a2 LEFT|LMPOP 2 a1 r2 LEFT
                1: RENAME a1 w1|RENAME w1 a1|SINTERCARD 2 r1 r2|SINTERCARD 2 r1 w2|GEORADIUS r1 1 1 1 m STORE w1
                1: GEORADIUS r1 1 1 1 m STORE r1|XREAD STREAMS r1 r2 0 0|XREAD STREAMS r1 w2 0 0|BITOP AND w1 r1|BITOP AND r1 r1
                1: PSUBSCRIBE ch1|SSUBSCRIBE zz|SUBSCRIBE zz|SUBSCRIBE ch1 zz|PSUBSCRIBE ch*|SUBSCRIBE ch1|SSUBSCRIBE ch2
                1: UNSUBSCRIBE x|RESET|ACL WHOAMI
                """
            ),
        ]
    )


def test_permissions_that_change_within_a_transaction(oracle: Peer) -> None:
    oracle.compare_clients(
        [
            *rules("on", "nopass", "allkeys", "&ch*", "+get", "+publish", "+multi", "+exec", "+@connection"),
            *steps("1: AUTH u p|MULTI|GET a1|GET r1"),
            *rules("resetkeys", "~r*"),
            *steps("1: EXEC|MULTI|GET b1|EXEC|MULTI|GET r1|PUBLISH ch1 a"),
            *rules("-get", "resetchannels"),
            *steps("1: EXEC|GET r1|MULTI|PING"),
            *rules("-exec"),
            *steps("1: EXEC|EXEC|PING"),
        ]
    )


def test_open_connections(oracle: Peer) -> None:
    """Who may not listen any more is cut; so are the clients of a user that is gone."""
    live = steps(
        """
        0: ACL SETUSER u on nopass +@all ~* &a* &b
        1: AUTH u x|SUBSCRIBE a1 b
        2: AUTH u x|PSUBSCRIBE a*
        3: AUTH u x|SSUBSCRIBE b
        4: AUTH u x|GET k
        0: ACL SETUSER u &c|ACL SETUSER u resetchannels &b (&a1 +@all)
        0: PUBLISH a1 x|PUBSUB NUMPAT|PUBSUB NUMSUB a1 b
        0: ACL SETUSER u clearselectors|PUBSUB NUMSUB a1 b|PUBSUB SHARDNUMSUB b
        4: SET k 1
        0: ACL SETUSER u resetkeys
        4: SET k 1
        5: AUTH u x|ACL SETUSER u resetchannels|SUBSCRIBE zz|PING
        0: ACL SETUSER u allchannels
        5: SUBSCRIBE zz|PING
        0: PUBSUB NUMSUB a1 b zz
        6: AUTH u x|ACL DELUSER u
        0: PUBSUB NUMSUB a1 b zz
        """
    )
    closed = []
    for backend in (oracle.theirs, oracle.ours):
        connections = {number: backend.connect() for number in range(7)}
        seen = []
        for number, command in live:
            connections[number].send(_encode(command))
            backend.settle()
            seen.append([(each.drain(), each.closed_by_server) for each in connections.values()])
        closed.append(seen)
        for connection in connections.values():
            connection.close()
        backend.settle()
    assert closed[0] == closed[1]


def _encode(command: str | Command) -> bytes:
    from oracle.wire import encode, words

    return encode(words(command))


def test_dry_runs(oracle: Peer) -> None:
    oracle.compare(
        script(
            """
            ACL SETUSER u ~r* %R~x* &c +set +get +publish +config|get +subscribe (+mget ~m)
            ACL DRYRUN nosuch GET a|ACL DRYRUN u NOSUCH a|ACL DRYRUN u GET|ACL DRYRUN u GET a|ACL DRYRUN u SET a b
            ACL DRYRUN u SET r b|ACL DRYRUN u SET x b|ACL DRYRUN u GET x|ACL DRYRUN u PUBLISH r b|ACL DRYRUN u CONFIG SET r b
            ACL DRYRUN u CONFIG GET x|ACL DRYRUN u CONFIG|ACL DRYRUN u MGET m1 m2|ACL DRYRUN u MGET m x|ACL DRYRUN u DEL m
            ACL DRYRUN u SUBSCRIBE c d|ACL DRYRUN u AUTH x|ACL DRYRUN default DEL m
            """
        )
    )


def test_the_default_user(oracle: Peer) -> None:
    oracle.compare_clients(
        steps(
            """
            0: AUTH x|AUTH default x
            1: HELLO 2 AUTH u p|HELLO 2 AUTH default p SETNAME x|PING
            0: ACL SETUSER default off
            1: PING
            0: ACL GETUSER default
            2: RESET|PING|AUTH default x|AUTH x|HELLO|HELLO 3 AUTH default x
            0: ACL SETUSER default on >x
            2: AUTH x|AUTH default x|PING|RESET|PING|GET|NOSUCH|AUTH y
            0: CONFIG GET requirepass|CONFIG SET requirepass foo|ACL LIST
            2: AUTH x|AUTH foo|RESET
            0: CONFIG SET requirepass|CONFIG SET requirepass bar|ACL SETUSER default nopass
            2: PING
            0: ACL SETUSER default >x
            2: PING|RESET|PING|AUTH bar|AUTH x|PING
            0: ACL SETUSER default nopass
            2: PING|RESET|PING|AUTH bar
            """
        ),
        normalise={
            b"ACL": without_databases,
            b"HELLO": lambda reply: re.sub(rb"\$\d\r\n7\.\d\.\d+|id\r\n:\d+", b"", reply),
        },
    )


def _log_entries(reply: bytes) -> list[dict[bytes, bytes]]:
    """The entries of ACL LOG, field to raw value."""
    found = []
    position = reply.index(b"\r\n") + 2
    while position < len(reply):
        end = frame_end(reply, position)
        parts = re.findall(rb"\$\d+\r\n([^\r]*)|:(\d+)", reply[position:end])
        flat = [text or number for text, number in parts]
        found.append(dict(zip(flat[::2], flat[1::2], strict=False)))
        position = end
    return found


def test_the_log(oracle: Peer) -> None:
    logs = []
    for backend in (oracle.theirs, oracle.ours):
        first, second = backend.connect(), backend.connect()
        first(
            b"ACL", b"SETUSER", b"w", b"on", b"nopass", b"+ping", b"+get", b"~k", b"(+set %W~s)", b"+multi", b"+publish"
        )
        for command in script(
            """
            AUTH w wrong|AUTH nosuch x|AUTH w x|SET x 1|SET x 1|SET s 1|GET s|SET y 1|DEL k|DEL l|HSET h|SET x 1|PUBLISH c x
            MULTI|DEL x|GET s|CONFIG GET x
            """
        ):
            second(*command.encode().split())
        shown = [b"count", b"reason", b"context", b"object", b"username"]
        entries = _log_entries(first(b"ACL", b"LOG", b"50"))
        logs.append([[entry[field] for field in shown] for entry in entries])
        assert len(_log_entries(first(b"ACL", b"LOG", b"2"))) == 2
        assert first(b"ACL", b"LOG", b"RESET") == b"+OK\r\n"
        assert first(b"ACL", b"LOG") == b"*0\r\n"
        first.close()
        second.close()
    assert logs[0] == logs[1]


def test_fields_of_the_log(valkey_oracle: Peer) -> None:
    fields = []
    for backend in (valkey_oracle.theirs, valkey_oracle.ours):
        connection = backend.connect()
        connection(b"AUTH", b"nosuch", b"x")
        fields.append(list(_log_entries(connection(b"ACL", b"LOG"))[0]))
        connection(b"ACL", b"LOG", b"RESET")
        connection.close()
    assert fields[0] == fields[1]


FILES = (
    b"", b"\n\n", b"user a on +get ~x\n", b"user a on +get ~x", b"user a on\nuser a off\n", b"usr a on\n", b"user\n", b"user \n",
    b"user a nosuch\n", b"user a +nosuch\nuser b nosuch\nfoo\n", b"user a (+get ~x\n", b"user a (+get ~x\nuser b x",
    b"user a (+get ~x) (+set ~y)\n", b"user a +get ~x y z\n", b"user  a  on\n", b"user a  on   +get\n", b"user\ta on\n",
    b"user a on\t+get\n", b" user a on\n", b"user a on \n", b"user a on\r\n", b"# c\nuser a on\n", b"user a >pass\n",
    b"user a <pass\n", b"user a #abc\n", b"user a !abc\n", b"user a (>x)\n", b"user a (%R~x +get) on\n", b"User a on\n",
    b'user "a b" on\n', b"user a ~'x y'\n", b"user a reset on\n", b"user a clearselectors\n", b"user a )\n", b"user a (\n",
    b"user a ()\n", b"user a +config|nosuch +get|x\n", b"user a -select|1\n", b"user a on off on\nuser b\n", b"user a ~* ~x",
)  # fmt: skip


def test_files(tmp_path: Path) -> None:
    """What is wrong with a file, and what becomes of one that is right."""
    path = tmp_path / "users.acl"
    path.touch()
    theirs = redis_server("--aclfile", str(path))
    ours = MemoryServer()
    ours.engine.acl.file_name = str(path).encode()
    ours.engine.acl.read_file = path.read_bytes
    connection, client = theirs.connect(), ours.connect()
    try:
        for text in FILES:
            path.write_bytes(text)
            for command in (b"LOAD", b"LIST"):
                assert client.call(b"ACL", command) == connection(b"ACL", command), text
    finally:
        connection.close()
        theirs.remove()


RULES = st.one_of(
    st.sampled_from(
        ["allkeys", "resetkeys", "~a*", "~b", "%R~a*", "%W~*b", "allchannels", "resetchannels", "&a*", "&b"]
    ),
    st.sampled_from(
        ["+@all", "-@all", "+@read", "-@write", "+@string", "-@hash", "+get", "-get", "+set", "-set", "-hset"]
    ),
    st.sampled_from(
        ["+config|get", "-config", "+config", "-config|set", "+select|1", "-select", "+select", "clearselectors"]
    ),
    st.sampled_from(["(+get ~b)", "(+@all ~b* &b)", "(%W~a* +set +hset)", "(allkeys +@all -config|get)", "reset"]),
)
TRIED = script(
    """
    GET a|GET b|GET ab|SET a 1|SET b 1|SET ab 1|SET ab 1 GET|HSET a f v|HSET b f v|MGET a b|MSET a 1 b 2|CONFIG GET port
    CONFIG SET hz 10|SELECT 1|SELECT 2|PUBLISH a x|PUBLISH b x|SUBSCRIBE a b|PSUBSCRIBE a*|PSUBSCRIBE b|COPY a ab|COPY ab b|PING
    EXISTS a b|DEL ab|RENAME a b|SORT a STORE b|SORT a BY x_*|OBJECT HELP|CLIENT ID|BITFIELD ab GET u1 1|BITFIELD ab SET u1 1 1
    """
)


@settings(max_examples=150)
@given(st.lists(RULES, min_size=1, max_size=8))
def test_any_rules(oracle: Peer, words: list[str]) -> None:
    """After any sequence of changes the same is allowed."""
    setting: list[str | Command] = [f"ACL SETUSER u {word}" for word in words]
    asked: list[str | Command] = [f"ACL DRYRUN u {command}" for command in TRIED]
    oracle.compare(["ACL SETUSER u reset", *setting, "ACL GETUSER u", *asked], normalise={b"ACL": command_rules})


def test_rules_about_databases(valkey_oracle: Peer) -> None:
    asked = [
        f"ACL DRYRUN u {words}"
        for words in (
            "get x", "set x 1", "select 1", "select 2", "select 3", "select x", "move x 1", "move x 2", "copy x y db 1",
            "copy x y replace db 2", "copy x y db", "swapdb 2 2", "swapdb 0 1", "swapdb 2 1", "flushall", "flushdb",
            "dbsize", "keys *", "scan 0", "randomkey", "publish a b", "spublish a b", "eval x 0", "fcall x 0", "sort x",
            "watch x", "object help", "ping", "config get x", "multi", "exec", "client list", "function load x",
            "function list", "script load x", "cluster flushslot 1", "cluster countkeysinslot 1", "wait 0 0", "info",
            "xgroup create s g 0", "xgroup help", "memory usage x", "memory stats", "debug object x", "subscribe x",
        )
    ]  # fmt: skip
    words: list[str | Command] = []
    for rules in ("db=0,2", "db=2", "resetdbs", "alldbs db=0", "resetdbs alldbs", "db=1,0,1 (db=2 +@all ~*)"):
        words += ["ACL DELUSER u", f"ACL SETUSER u on allkeys allchannels +@all {rules}", "ACL LIST", *asked]
    for rules in ("db=", "db=x", "db=0,", "db=-1", "db=99999999999", "dbs", "nodbs", "(db=1)", "(db=)"):
        words += [[b"ACL", b"SETUSER", b"u", rules.encode()], "ACL LIST"]
    valkey_oracle.compare(words)
