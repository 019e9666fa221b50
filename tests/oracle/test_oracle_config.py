"""CONFIG beside the real servers: what each directive takes, shows and refuses, and in which words."""

from __future__ import annotations

import pytest

from miniredis.config.directive import Directive
from miniredis.config.directives import all_directives

from oracle.comparison import Peer

#: Not set here: they would cut the connection, reach outside the process, or need files that are not there.
LEFT_ALONE = {
    "activedefrag",  # Debian's build cannot
    "appendonly",
    "bind",
    "client-output-buffer-limit",
    "cluster-announce-ip",  # ours is as strict as Valkey's
    "cluster-blacklist-ttl",
    "dir",
    "maxclients",
    "maxmemory-clients",
    "oom-score-adj",
    "port",
    "requirepass",
    "unixsocket",
    # Valkey's own, which we only accept.
    "locale-collate",
    "log-format",
    "rdma-bind",
    "rdma-port",
    "import-mode",
}
TEXTS = [
    b"",
    b"0",
    b"1",
    b"7",
    b"-1",
    b"-5",
    b"+1",
    b"01",
    b" 1",
    b"x",
    b"yes",
    b"NO",
    b"1kb",
    b"2Mb",
    b"5%",
    b"1 2",
    b"99999999999",
    b"9" * 19,
    b"60 1 30 2",
    b"KEA",
    b"noeviction",
    b"Allkeys-LFU",
    b"everysec",
    b"save nosave",
    b"now save",
    b"100.5",
    b"50 99.9",
    b"1 2 3",
    b"a/b",
    b"a_b",
]


def settable(origin: str) -> list[Directive]:
    return [
        directive
        for directive in all_directives()
        if directive.origin == origin
        and not directive.fixed
        and not directive.protected
        and not directive.hidden
        and directive.name not in LEFT_ALONE
        and not directive.name.startswith(("tls-", "active-defrag"))
    ]


def compare_settings(peer: Peer, directive: Directive) -> None:
    for alias in (directive.name, *directive.aliases):
        if alias in ("primaryauth", "primaryuser", "bio_cpulist") or alias.startswith("commandlog-"):
            continue
        name = alias.encode()
        default = directive.kind.render(directive.default)
        commands: list[str | list[bytes]] = []
        for text in TEXTS if alias == directive.name else TEXTS[:3]:
            commands += [[b"CONFIG", b"SET", name, text], [b"CONFIG", b"GET", name], [b"CONFIG", b"SET", name, default]]
        peer.compare(commands)


@pytest.mark.parametrize("directive", settable("redis"), ids=lambda directive: directive.name)
def test_a_directive_of_redis(oracle: Peer, directive: Directive) -> None:
    compare_settings(oracle, directive)


@pytest.mark.parametrize("directive", settable("valkey"), ids=lambda directive: directive.name)
def test_a_directive_of_valkey(valkey_oracle: Peer, directive: Directive) -> None:
    compare_settings(valkey_oracle, directive)


@pytest.mark.parametrize("directive", [each for each in all_directives() if each.fixed], ids=lambda each: each.name)
def test_what_cannot_be_set(oracle: Peer, valkey_oracle: Peer, directive: Directive) -> None:
    if directive.origin == "miniredis" or "_" in directive.name:
        return
    peer = valkey_oracle if directive.origin == "valkey" or directive.name.endswith("-cpulist") else oracle
    peer.compare([[b"CONFIG", b"SET", directive.name.encode(), b"1"]])


def test_several_at_once(oracle: Peer) -> None:
    oracle.compare(
        [
            "CONFIG SET timeout 7 hz x",
            "CONFIG GET timeout",
            "CONFIG SET timeout 1 timeout 2",
            "CONFIG SET timeout 1 TIMEOUT 2",
            "CONFIG SET Timeout 1 DATABASES 2",
            "CONFIG SET DBFILENAME 1",
            "CONFIG SET TIMEOUT x",
            "CONFIG SET timeout x nosuch 2",
            "CONFIG SET nosuch 1 nosuch 2",
            "CONFIG SET databases 3 nosuch 1",
            "CONFIG SET timeout 1 databases 3",
            "CONFIG SET timeout x port y",
            "CONFIG SET dbfilename x",
            "CONFIG SET timeout 1 hz",
            "CONFIG SET timeout",
            "CONFIG SET",
            "CONFIG SET slave-priority 1 replica-priority 2",
            "CONFIG GET replica-priority slave-priority",
            "CONFIG SET replica-priority 100",
            "CONFIG SET TimeOut 3",
            "CONFIG GET TIMEOUT timeout",
            "CONFIG SET timeout 0",
        ]
    )


def test_looking(oracle: Peer) -> None:
    oracle.compare(
        [
            "CONFIG",
            "CONFIG NOSUCH",
            "CONFIG GET",
            "CONFIG GET nosuch",
            "CONFIG GET maxmemory maxmemory",
            "CONFIG GET hash-max-listpack-* HASH-MAX-ZIPLIST-VALUE",
            "CONFIG GET [st]ave",
            "CONFIG GET key-load-delay",
            "CONFIG RESETSTAT",
            "CONFIG RESETSTAT x",
            "CONFIG REWRITE",
        ]
    )
    oracle.compare(["CONFIG GET maxmemory save"], resp=3)


def test_every_directive_of_a_live_server_is_known(oracle: Peer, valkey_oracle: Peer) -> None:
    ours = oracle.ours.connect()
    known = set(names(ours(b"CONFIG", b"GET", b"*")))
    ours.close()
    for peer in (oracle, valkey_oracle):
        assert set(names(peer(b"CONFIG", b"GET", b"*"))) - known == set()


def names(reply: bytes) -> list[bytes]:
    """The names of a flat list of names and values, none of which has line breaks."""
    return reply.split(b"\r\n")[2::4]
