"""The table of directives: complete, consistent, and with the defaults of a live redis-server 7.0.15."""

from __future__ import annotations

import pytest

from miniredis.config.directive import Directive
from miniredis.config.directives import GROUPS, all_directives, by_name
from miniredis.config.values import Flag, Refused

NAMED = by_name(all_directives())


def test_every_default_reads_back() -> None:
    for directive in all_directives():
        value: object = directive.kind.nothing()
        for words in directive.kind.lines(directive.default):
            if len(words) == 1:
                words = directive.words_of(words[0])
            value = directive.kind.parse(words, value)
        if directive.name != "replicaof":
            assert value == directive.default, directive.name


def test_every_directive_says_what_it_is_for() -> None:
    for directive in all_directives():
        assert directive.summary.endswith("."), directive.name
        assert directive.kind.describe(), directive.name
    assert all(group.title for group in GROUPS)


def test_no_name_occurs_twice() -> None:
    with pytest.raises(ValueError, match="two directives are called port"):
        by_name([NAMED["port"], Directive("another", Flag(), "no", "Another.", aliases=["port"])])


def test_flags_are_spelled_right() -> None:
    with pytest.raises(ValueError, match="unknown flags"):
        Directive("port", Flag(), "no", "Summary.", "imutable")


def test_a_default_must_be_a_value() -> None:
    with pytest.raises(Refused):
        Directive("port", Flag(), "maybe", "Summary.")


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("slaveof", "replicaof"),
        ("slave-priority", "replica-priority"),
        ("lua-time-limit", "busy-reply-threshold"),
        ("hash-max-ziplist-entries", "hash-max-listpack-entries"),
        ("list-max-ziplist-size", "list-max-listpack-size"),
        ("primaryauth", "masterauth"),
        ("bio_cpulist", "bio-cpulist"),
        ("commandlog-execution-slower-than", "slowlog-log-slower-than"),
        ("min-slaves-to-write", "min-replicas-to-write"),
        ("cluster-slave-validity-factor", "cluster-replica-validity-factor"),
    ],
)
def test_old_and_new_names_mean_one_directive(alias: str, name: str) -> None:
    assert NAMED[alias] is NAMED[name]


@pytest.mark.parametrize(
    "name", ["aof-checksum", "metrics-port", "web-port", "web-bind", "log-format", "cluster-secret", "port-file"]
)
def test_our_own_directives_are_marked(name: str) -> None:
    assert NAMED[name].origin == "miniredis"
    assert NAMED[name].used


def test_secrets_are_marked() -> None:
    secrets = {directive.name for directive in all_directives() if directive.sensitive}
    assert {"requirepass", "masterauth", "user", "tls-key-file-pass", "cluster-secret"} <= secrets
