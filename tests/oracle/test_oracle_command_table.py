"""Our command table beside Valkey's, entry by entry: what is declared, what is documented, what is missing and why."""

from __future__ import annotations

import pytest

from oracle.comparison import Backend, Peer
from oracle.gaps import ABSENT
from oracle.grammar import Tree, children, flags, parse, text

#: Arguments that are documented otherwise, and why.
DOCUMENTED_OTHERWISE: dict[str, str] = {
    "the choice is written as one that repeats as a whole": "bitfield",
    "the filters are a list of options and values": "client|kill client|list",
    "both keys come from one specification, which Valkey numbers once": "lcs",
    "patterns name keys too, which Valkey numbers": "sort sort_ro",
    "the number of fields has the token": "hsetex",
    "ours takes more": "lolwut debug",
    "ours says what can be asked for": "pfdebug",
    "SAFE and FAILOVER come with replication": "shutdown",
    "the times are times there, as elsewhere": "hexpireat hpexpireat",
    "COUNT stands within FULL": "xinfo|stream",
    "the key is one, though no command reads it": "cluster|keyslot",
    "alternatives that our notation does not group yet": (
        "cluster|migrateslots cluster|setslot cluster|slot-stats cluster|syncslots clusterscan failover migrate"
        " script|debug"
    ),
}

Entry = dict[str, object]


def as_set(reply: object) -> set[object]:
    assert isinstance(reply, list)
    return set(reply)


def described(reply: object) -> dict[bytes, Entry]:
    """COMMAND's entries by name, subcommands too; sets as sets."""
    assert isinstance(reply, list)
    found: dict[bytes, Entry] = {}
    for name, arity, flag_list, first, last, step, categories, tips, specs, subcommands in reply:
        found[name] = {
            "arity": arity,
            "flags": as_set(flag_list),
            "keys": (first, last, step),
            "categories": as_set(categories),
            "tips": as_set(tips),
            "specs": [
                {part: as_set(value) if part == b"flags" else value for part, value in spec.items() if part != b"notes"}
                for spec in specs
            ],
        }
        found |= described(subcommands)
    return found


def documented(reply: object) -> dict[bytes, Tree]:
    """COMMAND DOCS's entries by name, subcommands too."""
    assert isinstance(reply, dict)
    found: dict[bytes, Tree] = {}
    for name, tree in reply.items():
        found[name] = tree
        found |= documented(tree.get(b"subcommands", {}))
    return found


def ask(backend: Backend, *command: bytes) -> object:
    connection = backend.connect()
    try:
        connection(b"HELLO", b"3")
        return parse(connection(*command))
    finally:
        connection.close()


@pytest.fixture(scope="module")
def tables(valkey_oracle: Peer) -> tuple[dict[bytes, Entry], dict[bytes, Entry]]:
    return described(ask(valkey_oracle.theirs, b"COMMAND")), described(ask(valkey_oracle.ours, b"COMMAND"))


@pytest.fixture(scope="module")
def docs(valkey_oracle: Peer) -> tuple[dict[bytes, Tree], dict[bytes, Tree]]:
    return (
        documented(ask(valkey_oracle.theirs, b"COMMAND", b"DOCS")),
        documented(ask(valkey_oracle.ours, b"COMMAND", b"DOCS")),
    )


def test_what_is_missing_is_known(tables: tuple[dict[bytes, Entry], dict[bytes, Entry]]) -> None:
    theirs, ours = tables
    absent = {name.encode() for names in ABSENT.values() for name in names.split()}
    assert set(theirs) - set(ours) - absent == set(), "not there, and not in ABSENT"


def test_each_entry_is_the_same(tables: tuple[dict[bytes, Entry], dict[bytes, Entry]]) -> None:
    theirs, ours = tables
    wrong = [
        f"{name.decode()}: {field} is {ours[name][field]}, Valkey's {theirs[name][field]}"
        for name in sorted(set(theirs) & set(ours))
        for field in theirs[name]
        if theirs[name][field] != ours[name][field]
    ]
    assert not wrong, "\n".join(wrong)


def test_since_and_group_are_documented_alike(docs: tuple[dict[bytes, Tree], dict[bytes, Tree]]) -> None:
    theirs, ours = docs
    wrong = [
        f"{name.decode()}: {field.decode()} is {ours[name].get(field)!r}, Valkey's {theirs[name].get(field)!r}"
        for name in sorted(set(theirs) & set(ours))
        for field in (b"since", b"group")
        if theirs[name].get(field) != ours[name].get(field)
    ]
    assert not wrong, "\n".join(wrong)


def test_what_is_deprecated_is_so_as_in_redis(oracle: Peer, docs: tuple[dict[bytes, Tree], dict[bytes, Tree]]) -> None:
    """Valkey has taken most of it back."""
    theirs, ours = documented(ask(oracle.theirs, b"COMMAND", b"DOCS")), docs[1]
    wrong = [
        f"{name.decode()}: {field.decode()} is {ours[name].get(field)!r}, Redis's {theirs[name].get(field)!r}"
        for name in sorted(set(theirs) & set(ours) - {b"quit"})  # deprecated in 7.2 only
        for field in (b"doc_flags", b"deprecated_since")
        if theirs[name].get(field) != ours[name].get(field)
    ]
    assert not wrong, "\n".join(wrong)


#: What redis-cli knows; it complains aloud of any other.
KINDS = set(b"string integer double key pattern unix-time pure-token oneof block".split())


def kinds_in(tree: Tree) -> set[object]:
    return {tree[b"type"]}.union(*(kinds_in(part) for part in children(tree)))


def test_every_kind_of_argument_is_known_to_clients(docs: tuple[dict[bytes, Tree], dict[bytes, Tree]]) -> None:
    ours = docs[1]
    wrong = {name: kinds for name in ours for part in children(ours[name]) if (kinds := kinds_in(part) - KINDS)}
    assert wrong == {}


def shape_of(tree: Tree) -> object:
    """An argument without its name and its words: what a client completes and checks."""
    parts = [shape_of(part) for part in children(tree)]
    kind = text(tree, b"type")
    key_spec = tree.get(b"key_spec_index") if kind == b"key" else None  # Valkey's numfields have one by mistake
    return (kind, text(tree, b"token").strip(b'"'), key_spec, sorted(flags(tree)), parts)


def test_arguments_are_documented_alike(docs: tuple[dict[bytes, Tree], dict[bytes, Tree]]) -> None:
    theirs, ours = docs
    wrong = []
    otherwise = {name.encode() for names in DOCUMENTED_OTHERWISE.values() for name in names.split()}
    for name in sorted((set(theirs) & set(ours)) - otherwise):
        pair = [[shape_of(part) for part in children(side[name])] for side in (theirs, ours)]
        if pair[0] != pair[1]:
            wrong.append(f"{name.decode()}:\n    valkey: {pair[0]}\n    ours:   {pair[1]}")
    assert not wrong, f"{len(wrong)} of {len(theirs)}\n" + "\n".join(wrong)
