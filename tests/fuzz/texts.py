"""Targets that read texts: redis.conf, ACL rules, the AOF manifest, bus frames, nodes.conf, what sentinels hear, globs.

What is read, written and read again is the same.
"""

from __future__ import annotations

import contextlib

from fuzz.loop import Target
from fuzz.reference import glob
from fuzz.values import Server
from miniredis.cluster.codec import BadFrame, Decoder, encode
from miniredis.cluster.messages import NO_AGE, ClientAddress, Fail, Gossip, Header, Message, Ping, Publish, Update, Vote
from miniredis.cluster.nodes_file import BadNodesFile, load, own_id, render
from miniredis.cluster.seal import NotAuthentic, Seal
from miniredis.cluster.view import ClusterView
from miniredis.config.config import Config
from miniredis.config.reader import ConfigError, expand_includes, read_lines
from miniredis.config.rewriter import rewrite
from miniredis.dispatch.acl import AccessControl, AclError
from miniredis.dispatch.acl_rules import RuleError
from miniredis.formats.crc64 import crc64
from miniredis.formats.errors import FormatError
from miniredis.formats.manifest import Manifest, parse_manifest
from miniredis.resp.glob import Glob
from miniredis.sentinel.hello import parse_hello
from miniredis.sentinel.information import read_information
from miniredis.testing.memory import MemoryServer

from cluster.harness import MemoryCluster, quick_config

# -- redis.conf


def no_files(pattern: bytes) -> list[tuple[str, bytes]]:
    return []


def loaded(text: bytes) -> Config:
    config = Config()
    config.load(expand_includes(read_lines(text), no_files))
    return config


def values(config: Config) -> dict[str, object]:
    return {directive.name: config.value(directive.name) for directive in config.directives()}


def run_config(data: bytes) -> None:
    try:
        config = loaded(data)
    except ConfigError as problem:
        problem.report("7.2.4")
        return
    assert rewrite(data, config, no_files) is not None
    for directive in config.directives():
        config.render(directive.name)
    # As after a CONFIG SET of everything: written into a file that says nothing, it means the same.
    for start in (data, b""):
        written = rewrite(start, config, no_files)
        again = loaded(written)
        before, after = values(config), values(again)
        if not start:
            before["include"] = after["include"]  # lines of a file only: never added
        assert after == before, [(name, value, after[name]) for name, value in before.items() if after[name] != value]
        assert rewrite(written, again, no_files) == written


CONFIG = Target(
    "config",
    run_config,
    [
        b"port 6380\nmaxmemory 1gb\n# x\n\nsave 60 1\nsave 300 10\n",
        b"client-output-buffer-limit normal 0 0 0\nclient-output-buffer-limit replica 256mb 64mb 60\n",
        b"requirepass \"a b\\x00\\n\"\nrename-command CONFIG ''\nappendonly yes\nappendfsync everysec\n",
        b"bind 127.0.0.1 -::1\nunixsocketperm 700\nmaxmemory-policy allkeys-lru\n"
        b"latency-tracking-info-percentiles 50 99 99.9\n",
        b'user default on nopass ~* &* +@all\nuser alice on >x ~k* -@all +get\nnotify-keyspace-events KEA\nsave ""\n',
        b"replicaof 127.0.0.1 6379\nmin-slaves-to-write 1\ntls-port 0\nloglevel verbose\n"
        b'proc-title-template "{title}"\n',
        b"oom-score-adj-values 0 200 800\nlist-max-listpack-size -2\nhash-max-ziplist-entries 5\n"
        b"hz 500\nmaxclients 10\n",
        b"cluster-enabled yes\ncluster-node-timeout 100\ncluster-announce-ip 1.2.3.4\nsentinel monitor m 1.2.3.4 1 1\n",
    ],
    [
        b"\n",
        b'""',
        b"''",
        b'"',
        b"\\x0",
        b"yes",
        b"no",
        b"1gb",
        b"-1kb",
        b"50%",
        b"include x\n",
        b"save",
        b"user",
        b"\nsave ",
        b"\nport ",
        b"\nmaxmemory ",
        b"\nbind ",
        b"\nrename-command ",
        b"\nloadmodule x\n",
        b"0777",
        b"*",
    ],
)


# -- users


class Rules:
    """The rules of a user: the first line as ACL SETUSER takes them, then a whole ACL file."""

    def __init__(self) -> None:
        self._spare: list[MemoryServer] = []

    def _access(self, number: int) -> AccessControl:
        """That of a server without users."""
        while len(self._spare) <= number:
            self._spare.append(MemoryServer())
        access = self._spare[number].engine.acl
        access.load_text(b"")
        return access

    def __call__(self, data: bytes) -> None:
        words, _, text = data.partition(b"\n")
        access = self._access(0)
        with contextlib.suppress(AclError, RuleError):
            access.set_user(b"u", words.split(b" "))
        self._same_again(access)
        with contextlib.suppress(AclError):
            access.load_text(text)
        self._same_again(access)

    def _same_again(self, access: AccessControl) -> None:
        lines = access.describe()
        assert not any(b"\n" in line for line in lines), lines
        other = self._access(1)
        other.load_text(b"\n".join(lines))
        assert other.describe() == lines, (lines, other.describe())
        if access.config_lines():
            other = self._access(2)
            other.load_lines(access.config_lines())
            # The default user is reset first, which leaves this word behind as redis-server does.
            kept = [[line.replace(b" sanitize-payload", b"") for line in each] for each in (lines, other.describe())]
            assert kept[0] == kept[1], kept


ACL = Target(
    "acl",
    Rules(),
    [
        b"on >secret ~a* %R~b* %RW~c &ch* +@read -get +config|get\nuser x on nopass +@all ~* &*\nuser y off\n",
        b"on nopass allkeys allchannels +@all -@dangerous +flushall (+set ~k) (%W~w* +@write resetchannels &z)\n",
        b"reset -@all +acl|whoami +select|0 sanitize-payload clearselectors\n"
        b"user default on nopass sanitize-payload ~* +@all\n",
        b"#"
        + b"a" * 64
        + b" !"
        + b"a" * 64
        + b" >a <a resetpass resetkeys nocommands allcommands\nuser a (+get\nuser b +get)\n",
    ],
    [
        b" ",
        b"(",
        b")",
        b"(+get ~a)",
        b"+",
        b"-",
        b"@",
        b"|",
        b"~",
        b"%",
        b"%R~",
        b"&",
        b"+@all",
        b"-@all",
        b"~*",
        b"&*",
        b"+get",
        b"-set",
        b"+client|id",
        b"-client|kill",
        b"+@write",
        b"-@keyspace",
        b"\nuser z ",
        b'"',
        b"\\",
        b"allkeys",
        b"reset",
        b"+config",
        b"-config|set",
    ],
)


# -- the manifest of the AOF


def parsed(manifest: Manifest) -> list[tuple[bytes, int, bytes]]:
    entries = [*([manifest.base] if manifest.base else []), *manifest.history, *manifest.increments]
    return [(entry.name, entry.sequence, entry.kind) for entry in entries]


def run_manifest(data: bytes) -> None:
    for verify in (True, False):
        try:
            manifest = parse_manifest(data, verify)
        except FormatError:
            continue
        for checksum in (True, False):
            again = parse_manifest(manifest.format(checksum))
            assert parsed(again) == parsed(manifest), (parsed(manifest), parsed(again))
            assert again.is_verified == checksum


LINES = b'file a.aof.1.base.rdb seq 1 type b\nfile a.aof.1.incr.aof seq 1 type h\nfile "a b" seq 2 type i\n#SIZE:5\n'
MANIFEST = Target(
    "manifest",
    run_manifest,
    [
        LINES,
        b"#CRC64:%016x:%d\n" % (crc64(LINES), len(LINES)) + LINES,
        b"# nothing\n",
        LINES + b"file 'c' seq 3 type i\n",
    ],
    [b"\n", b"file ", b" seq ", b" type i", b"#SIZE:", b'"', b"'", b"\\x00", b"a/b", b"#CRC64:"],
)


# -- the bus of a cluster

ID = b"a" * 40
OTHER = b"0123456789" * 4
HEADER = Header(
    ID, 17, 7000, 0, 17000, b"10.0.0.1", b"host-1", b"a b", OTHER, b"", 7, 5, 99, ((0, 5460), (9000, 9000)), True,
    client=ClientAddress(b"1.2.3.4", b"::9", 80, 443),
)  # fmt: skip
SCATTERED = Header(
    ID, 1, 1, 2, 3, b"", b"", b"", OTHER, OTHER, 0, 0, 0, tuple((n, n) for n in range(0, 2000, 3)), False
)
GOSSIP = Gossip(OTHER, b"::1", 7001, 7002, 17001, 4, 250)
MESSAGES: list[Message] = [
    Ping(HEADER, 0, [GOSSIP, Gossip(ID, b"", 1, 2, 3, 4, NO_AGE)]),
    Ping(SCATTERED, 2, []),
    Fail(HEADER, OTHER),
    Vote(HEADER),
    Publish(HEADER, b"channel", b"message\r\n", True),
    Update(HEADER, OTHER, 9, ((1, 2), (4, 16383))),
]


def run_frames(data: bytes) -> None:
    """Lines of a link; what is understood is written and read as the same."""
    decoder = Decoder()
    for line in data.split(b"\r\n"):
        with contextlib.suppress(BadFrame):
            message = decoder.decode(line, True)
            if message is None:
                continue
            again = [Decoder().decode(each, True) for each in encode(message)]
            if not isinstance(message, Publish):
                kept = again[-1]
                if isinstance(message, Ping):
                    # What does not fit in a line is left out.
                    assert isinstance(kept, Ping)
                    message.gossip = message.gossip[: len(kept.gossip)]
                assert kept == message, (message, kept)
    with contextlib.suppress(NotAuthentic):
        Seal(b"secret", b"n" * 16, False).greeted(data)


FRAMES = Target(
    "frames",
    run_frames,
    [line for message in MESSAGES for line in encode(message)]
    + [b"\r\n".join(encode(Publish(HEADER, b"c" * 200, b"x" * 9000, False))), b"HELLO 1 " + b"ab" * 16],
    [b"\r\n", b" ", b"-", b"~", b"=", b"0-16383", b"16384", b"M1 ", b"PING", b"=YQ==", b",", b"1-2,2-3", b"65536"],
)


class NodesFile:
    """nodes.conf: refused, or read, written and read again."""

    def __init__(self) -> None:
        self._world: object = None

    def __call__(self, data: bytes) -> None:
        if self._world is None:
            self._world = MemoryCluster().add(quick_config()).world
        try:
            view = self._read(data)
        except BadNodesFile:
            return
        written = render(view, 0)
        assert render(self._read(written), 0) == written

    def _read(self, text: bytes) -> ClusterView:
        view = ClusterView(self._world, own_id(text))  # type: ignore[arg-type]
        load(view, text)
        view._check()
        return view


NODES = Target(
    "nodes_file",
    NodesFile(),
    [
        b"%s 127.0.0.1:7103@17103 master,fail? - 0 1795653235723 3 connected 10923-16383\n"
        b"410f62ec4d611308187f8bb4674bee3f330be579 127.0.0.1:7102@17102,host slave %s 0 1795653235924 3 connected\n"
        b"46e7913583a46a82c19396ca4ca6f75350f2b208 127.0.0.1:7101@17101 myself,master - 0 0 1 connected 0-5460 7000 "
        b"[5-<-%s] [6->-%s]\nvars currentEpoch 4 lastVoteEpoch 2\n" % ((OTHER,) * 4),
        b"%s :0@0 myself,master - 0 0 0 connected\nvars currentEpoch 0 lastVoteEpoch 0\n" % ID,
    ],
    [
        b"master",
        b"slave",
        b"myself,",
        b"fail",
        b"noaddr",
        b" - ",
        b"0-16383",
        b"16384",
        b"[1-<-",
        b"]",
        b"connected",
        ID,
        OTHER,
        b"\n",
        b"vars ",
    ],
)


# -- what sentinels hear


def run_sentinel(data: bytes) -> None:
    found = read_information(data)
    assert all(host and 0 < port < 65536 for host, port in found.replicas)
    hello = parse_hello(data)
    if hello is not None:
        again = parse_hello(hello.encode())
        assert again is not None and again.encode() == hello.encode()


SENTINEL = Target(
    "sentinel",
    run_sentinel,
    [
        b"127.0.0.1,26379,%s,5,mymaster,127.0.0.1,6379,5" % ID,
        b"run_id:%s\r\nrole:master\r\nslave0:ip=127.0.0.1,port=6380,state=online,offset=1,lag=0\r\n" % ID,
        b"role:slave\r\nmaster_host:1.2.3.4\r\nmaster_port:6379\r\nmaster_link_status:down\r\n"
        b"master_link_down_since_seconds:5\r\nslave_priority:100\r\nslave_repl_offset:7\r\nreplica_announced:1\r\n",
    ],
    [b"\r\n", b",", b"=", b":", b"slave1:", b"port=", b"ip="],
)


# -- globs


def run_glob(data: bytes) -> None:
    pattern, _, text = data.partition(b"\0")
    pattern, text = pattern[:60], text[:60]
    assert Glob(pattern).matches(text) == glob(pattern, text), (pattern, text)
    lower = Glob(pattern.lower(), True).matches(text.upper())
    assert lower == glob(pattern.lower(), text.lower()), (pattern, text)


GLOB = Target(
    "glob",
    run_glob,
    [
        b"h?llo*\0hello you",
        b"*[a-c]*[^x-z]\\*\0aab*",
        b"[]a\0",
        b"[z-a\\]]*\0]q",
        b"a**b*c\0axbxxc",
        b"abc\\\0abc\\",
        b"*x\0aax",
        b"x*\0xaa",
    ],
    [b"*", b"?", b"[", b"]", b"[^", b"\\", b"-", b"[a-z]", b"a", b"aa", b"\0", b"[]", b"[^]"],
)


# -- Lua


class Lua:
    """Data for the libraries of scripts, and pieces of scripts: a reply or an error, never a defect."""

    SCRIPTS = (
        b"return cjson.encode(cjson.decode(ARGV[1]))",
        b"return cmsgpack.pack(cmsgpack.unpack(ARGV[1]))",
        b"return {struct.unpack(ARGV[1], ARGV[2])}",
        b"return struct.pack(ARGV[1], ARGV[2], 3, 'x', 5)",
        b"return {string.find(ARGV[2], ARGV[1])}",
        b"return string.gsub(ARGV[2], ARGV[1], '%0%1')",
        b"return string.format(ARGV[1], 1.5, 'x', 3)",
        b"return {bit.tobit(tonumber(ARGV[1])), bit.lshift(1, tonumber(ARGV[2]))}",
        b"return redis.call(ARGV[1], ARGV[2])",
        b"return redis.error_reply(ARGV[1])",
        b"return {err = ARGV[1], ok = ARGV[2]}",
        b"return redis.sha1hex(ARGV[1])",
        b"return redis.acl_check_cmd(ARGV[1], ARGV[2])",
        b"return tonumber(ARGV[1])",
        b"return cjson.decode(ARGV[1])",
    )

    #: Of these, those that match patterns of Lua.
    MATCHING = (4, 5)

    def __init__(self) -> None:
        self._server: Server | None = None

    def __call__(self, data: bytes) -> None:
        if self._server is None:
            self._server = Server()
        choice, data = data[:1] or b"\0", data[1:]
        first, _, second = data.partition(b"|")
        number = choice[0] % (len(self.SCRIPTS) + 2)
        if number in self.MATCHING and sum(first.count(each) for each in (b"*", b"+", b"-", b"?")) > 4:
            return  # such a pattern may try for hours, in one call of a C function
        if number < len(self.SCRIPTS):
            self._server.call(b"EVAL", self.SCRIPTS[number], b"0", first, second or first)
        elif number == len(self.SCRIPTS):
            self._server.call(b"EVAL", data.replace(b"while", b"if"), b"0")
        else:
            self._server.call(b"FUNCTION", b"LOAD", b"REPLACE", data)
            self._server.call(b"FUNCTION", b"FLUSH")


LUA = Target(
    "lua",
    Lua(),
    [
        b"\0" + b'{"a":[1,2.5,-3e10,true,null,"x\\u00e9\\ud83d\\ude00"],"b":{}}',
        b"\0" + b"[" * 900 + b"]" * 900,
        b"\1\x93\x01\xa3abc\xcb\x3f\xf8\0\0\0\0\0\0",
        b"\1\x81\xa1a\xdd\0\0\0\x01\xc0",
        b"\2>i4hs|\0\0\0\x05\0\x07abc\0",
        b"\2<!4bIi8c0dT|\1\2\3\4\5\6\7\x08" * 3,
        b"\3>I2|7",
        b"\4(%w+)%s*=%s*(%b())|key = (a(b)c)",
        b"\5[%a_][%w_]*|hello world_1",
        b"\6%5.2f %q %d",
        b"\7" + b"4294967296|33",
        b"\x08GET|k",
        b"\x09ERR a\r\nb",
        b"\x0a-x|y",
        b"\x0b" + b"abc",
        b"\x0cget|k",
        b"\x0d0x10",
        b"\x0e" + b'{"ok":"x","err":1}',
        b"\x0freturn {1,'a',{2,false},nil}",
        b"\x10#!lua name=lib\nredis.register_function('f', function(k, a) return 1 end)",
    ],
    [
        b"{",
        b"[",
        b"]",
        b"}",
        b'"',
        b"\\u",
        b"\\ud800",
        b"|",
        b"%",
        b"%b",
        b"%f[",
        b"(",
        b")",
        b"c0",
        b"!16",
        b"i33",
        b"\xdf\xff\xff\xff\xff",
        b"\xdb\xff\xff\xff\xff",
        b"\xc7\xff",
        b"nil",
        b"redis.call('set','k','v')",
        b"error()",
        b"error({err=1})",
        b"error({err='x\\n'})",
        b"string.rep('x', 99)",
        b"setmetatable(_G, nil)",
        b"#!lua name=",
        b"redis.setresp(3) ",
        b"{map={a=1}}",
        b"{double=1}",
        b"{big_number='1'}",
        b"{verbatim_string={format='t', string=1}}",
    ],
)
