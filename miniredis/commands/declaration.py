"""A command is declared once, next to its code; everything that is known of it is derived from there.

    group = CommandGroup("string")

    @group.command("GET", arity=2, flags="readonly fast", keys=READ_KEY, since="1.0.0", complexity="O(1)",
                   summary="Returns the string value of a key.", syntax="key")
    def get(ctx: Context, argv: list[bytes]) -> object: ...

COMMAND, ACL, cluster routing, client tracking and the docs read the result.  ACL categories follow from the
flags and the group; `acl` adds the irregular ones ("dangerous") or takes one away ("-keyspace").
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from miniredis.commands.context import Context
from miniredis.commands.key_specs import (
    INDEX,
    RANGE,
    UNKNOWN,
    KeySpec,
    access_of,
    flags_by_options,
    parse_key_specs,
)

CommandCode = Callable[[Context, list[bytes]], object]
#: Positions of keys for commands whose key specifications cannot say them: argv -> indexes.
KeySearch = Callable[[list[bytes]], list[int]]

WRITE: Final = 1 << 0
READONLY: Final = 1 << 1
DENYOOM: Final = 1 << 2
ADMIN: Final = 1 << 3
NOSCRIPT: Final = 1 << 4
PUBSUB: Final = 1 << 5
LOADING: Final = 1 << 6
STALE: Final = 1 << 7
FAST: Final = 1 << 8
NO_AUTH: Final = 1 << 9
BLOCKING: Final = 1 << 10
MOVABLEKEYS: Final = 1 << 11
NO_MULTI: Final = 1 << 12
ALLOW_BUSY: Final = 1 << 13
ASKING: Final = 1 << 14
NO_ASYNC_LOADING: Final = 1 << 15
SKIP_MONITOR: Final = 1 << 16
SKIP_COMMANDLOG: Final = 1 << 17
NO_MANDATORY_KEYS: Final = 1 << 18
MODULE: Final = 1 << 19  # set when a module brings the command, never declared
# Not shown by COMMAND INFO.
MAY_REPLICATE: Final = 1 << 20  # a command that is no write but whose effects are (PUBLISH, EVAL)
SENTINEL_ONLY: Final = 1 << 21
TOUCHES_ARBITRARY_KEYS: Final = 1 << 22

FLAG_BITS: Final[dict[str, int]] = {
    "write": WRITE,
    "readonly": READONLY,
    "denyoom": DENYOOM,
    "module": MODULE,
    "admin": ADMIN,
    "noscript": NOSCRIPT,
    "pubsub": PUBSUB,
    "loading": LOADING,
    "stale": STALE,
    "skip_monitor": SKIP_MONITOR,
    "skip_commandlog": SKIP_COMMANDLOG,
    "asking": ASKING,
    "fast": FAST,
    "no_auth": NO_AUTH,
    "blocking": BLOCKING,
    "movablekeys": MOVABLEKEYS,
    "no_multi": NO_MULTI,
    "allow_busy": ALLOW_BUSY,
    "no_async_loading": NO_ASYNC_LOADING,
    "no_mandatory_keys": NO_MANDATORY_KEYS,
}
HIDDEN_FLAG_BITS: Final[dict[str, int]] = {
    "may_replicate": MAY_REPLICATE,
    "sentinel_only": SENTINEL_ONLY,
    "touches_arbitrary_keys": TOUCHES_ARBITRARY_KEYS,
}

#: All ACL categories, in the order in which ACL CAT lists them.
CATEGORIES: Final[list[str]] = [
    "keyspace",
    "read",
    "write",
    "set",
    "sortedset",
    "list",
    "hash",
    "string",
    "bitmap",
    "hyperloglog",
    "geo",
    "stream",
    "pubsub",
    "admin",
    "fast",
    "slow",
    "blocking",
    "dangerous",
    "connection",
    "transaction",
    "scripting",
]
GROUP_CATEGORIES: Final[dict[str, str]] = {
    "generic": "keyspace",
    "set": "set",
    "sorted_set": "sortedset",
    "list": "list",
    "hash": "hash",
    "string": "string",
    "bitmap": "bitmap",
    "hyperloglog": "hyperloglog",
    "geo": "geo",
    "stream": "stream",
    "connection": "connection",
    "transactions": "transaction",
    "scripting": "scripting",
}
MAX_ARITY: Final = 1 << 30
#: As many as Redis has room for.
MOST_CATEGORIES: Final = 64


def add_category(name: str) -> bool:
    """One more ACL category, of a module; it stays for the life of the process.  False when there is no room."""
    if name in CATEGORIES:
        return True
    if len(CATEGORIES) >= MOST_CATEGORIES:
        return False
    CATEGORIES.append(name)
    return True


def _not_runnable(ctx: Context, argv: list[bytes]) -> object:
    raise AssertionError("a container is only run by its subcommands")


class Command:
    """A declared command.  The counters at the end belong to one server: each has copies of its own."""

    def __init__(
        self,
        name: str,
        code: CommandCode | None,
        group: str,
        arity: int,
        flags: str,
        keys: str,
        since: str,
        complexity: str,
        summary: str,
        syntax: str,
        acl: str,
        tips: str,
        deprecated: str,
        key_search: KeySearch | None,
    ) -> None:
        container, _, own = name.lower().partition(" ")
        self.container = container.encode() if own else b""
        self.name = (own or container).encode()
        #: As ACL, INFO commandstats and error texts write it: b"config|get".
        self.full_name = self.container + b"|" + self.name if own else self.name
        self.code = code
        self.run: CommandCode = code if code is not None else _not_runnable
        self.group = group
        self.arity = arity
        self.min_arguments = abs(arity)
        self.max_arguments = arity if arity > 0 else MAX_ARITY
        self.flags = 0
        for flag in flags.split():
            self.flags |= FLAG_BITS[flag] if flag in FLAG_BITS else HIDDEN_FLAG_BITS[flag]
        self.keys = keys
        self.key_specs: list[KeySpec] = parse_key_specs(keys)
        self.since = since
        self.complexity = complexity
        self.summary = summary
        self.syntax = syntax
        self.acl = acl
        self.tips: list[str] = tips.split()
        #: "" or "since version, what replaces it".
        self.deprecated = deprecated
        self.key_search = key_search
        self.subcommands: dict[bytes, Command] | None = None
        self.categories: list[str] = []
        # The first key range in the old form: first, last, step; zeros when there is none.
        self.first_key = 0
        self.last_key = 0
        self.key_step = 0
        #: Exactly one key, at argv[1]: the usual case, found without a search.
        self.has_one_key = False
        #: What is done with that key (READ and WRITE bits); -1 when it takes a search to know.
        self.key_access = -1
        #: Sure to be brief, so that several in a row may be timed together.
        self.is_brief = False
        #: The module it came with, if any.
        self.module = b""
        self.id = 0  # dense number within a server, for the bit sets of ACL
        self.calls = 0
        self.nanoseconds = 0
        self.rejected = 0
        self.failed = 0
        self.latencies: list[int] | None = None

    def reset_statistics(self) -> None:
        """Count calls and their time from zero."""
        self.calls = 0
        self.nanoseconds = 0
        self.rejected = 0
        self.failed = 0
        self.latencies = None

    def finish(self) -> None:
        """Derive what follows from the declaration; after the subcommands are in place."""
        self.categories = self._derive_categories()
        self.is_brief = self.flags & FAST != 0 or self.full_name == b"set"
        for spec in self.key_specs:
            if spec.begin_kind == INDEX and spec.find_kind == RANGE:
                if self.first_key == 0 or spec.index < self.first_key:
                    self.first_key = spec.index
                if spec.limit == 0 or self.key_step == 0:
                    self.last_key = spec.last if spec.last < 0 else spec.index + spec.last
                    self.key_step = spec.step
        self.has_one_key = (
            len(self.key_specs) == 1
            and self.first_key == 1
            and self.last_key == 1
            and self.key_search is None
            and "not_key" not in self.key_specs[0].flags
        )
        if self.has_one_key and "variable_flags" not in self.key_specs[0].flags:
            self.key_access = access_of(self.key_specs[0].flags)

    def _derive_categories(self) -> list[str]:
        found: set[str] = set()
        is_container = self.subcommands is not None
        if self.group in GROUP_CATEGORIES and not is_container:
            found.add(GROUP_CATEGORIES[self.group])
        if self.flags & WRITE:
            found.add("write")
        if self.flags & READONLY and "scripting" not in found:
            found.add("read")
        if self.flags & ADMIN:
            found.update(("admin", "dangerous"))
        if self.flags & PUBSUB:
            found.add("pubsub")
        if self.flags & BLOCKING:
            found.add("blocking")
        found.add("fast" if self.flags & FAST else "slow")
        for word in self.acl.split():
            if word.startswith("-"):
                found.discard(word[1:])
            else:
                found.add(word)
        return [category for category in CATEGORIES if category in found]

    def copy(self) -> Command:
        """The same declaration with counters of its own."""
        twin = Command(
            "", self.code, self.group, self.arity, "", "", self.since, self.complexity, self.summary, self.syntax,
            self.acl, "", self.deprecated, self.key_search,
        )  # fmt: skip
        twin.container, twin.name, twin.full_name = self.container, self.name, self.full_name
        twin.flags, twin.keys, twin.key_specs, twin.tips = self.flags, self.keys, self.key_specs, self.tips
        if self.subcommands is not None:
            twin.subcommands = {name: command.copy() for name, command in self.subcommands.items()}
        twin.finish()
        return twin

    def may_have_keys(self) -> bool:
        """Whether any argument may name a key; the channels of SPUBLISH, placed like keys, do not."""
        return self.key_search is not None or any("not_key" not in spec.flags for spec in self.key_specs)

    def key_positions(self, argv: list[bytes]) -> list[int]:
        """Indexes of the keys in argv; empty when there are none or argv is not what was declared."""
        if self.key_search is not None:
            return self.key_search(argv)
        found: list[int] = []
        for spec in self.key_specs:
            if "not_key" in spec.flags:
                continue
            positions = spec.positions(argv)
            if positions is not None:
                found.extend(positions)
            elif spec.begin_kind != UNKNOWN:
                return []
        return found

    def keys_with_flags(self, argv: list[bytes]) -> list[tuple[int, list[str]]]:
        """Indexes of the keys in argv, each with what is done with it: the flags of its specification."""
        found: list[tuple[int, list[str]]] = []
        chosen = flags_by_options(self.full_name, argv)
        if chosen is not None:
            return [(position, chosen) for position in self.key_positions(argv)]
        beyond = ["RW", "access", "update"]
        for spec in self.key_specs:
            positions = spec.positions(argv)
            if spec.begin_kind == UNKNOWN:
                beyond = spec.flags
            if positions is not None and "not_key" not in spec.flags:
                found.extend((position, spec.flags) for position in positions)
        if self.key_search is not None:
            known = dict(found)
            found = [(position, known.get(position, beyond)) for position in self.key_search(argv)]
        return found


class CommandGroup:
    """The commands of one module, in the order of their declaration."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.commands: list[Command] = []

    def command(
        self,
        name: str,
        *,
        arity: int,
        flags: str = "",
        keys: str = "",
        since: str = "1.0.0",
        complexity: str = "O(1)",
        summary: str = "",
        syntax: str = "",
        acl: str = "",
        tips: str = "",
        deprecated: str = "",
        key_search: KeySearch | None = None,
        group: str = "",
    ) -> Callable[[CommandCode], CommandCode]:
        """Declare the command whose code follows; "CONFIG GET" is a subcommand of a declared container."""

        def declare(code: CommandCode) -> CommandCode:
            self.commands.append(
                Command(
                    name,
                    code,
                    group or self.name,
                    arity,
                    flags,
                    keys,
                    since,
                    complexity,
                    summary,
                    syntax,
                    acl,
                    tips,
                    deprecated,
                    key_search,
                )  # fmt: skip
            )
            return code

        return declare

    def container(
        self,
        name: str,
        *,
        arity: int = -2,
        flags: str = "",
        since: str = "1.0.0",
        complexity: str = "Depends on subcommand.",
        summary: str = "",
        acl: str = "",
        tips: str = "",
        code: CommandCode | None = None,
        group: str = "",
    ) -> None:
        """Declare a command that only has subcommands (or, with `code`, also runs by itself)."""
        command = Command(
            name, code, group or self.name, arity, flags, "", since, complexity, summary, "", acl, tips, "", None
        )
        command.subcommands = {}
        self.commands.append(command)
