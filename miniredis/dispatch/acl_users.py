"""What an ACL user may do, in the form in which each command is checked against it.

A user has selectors: a command is allowed when one of them allows it with all its keys and channels.  A selector
keeps its command rules as they were given, less those that a later one made void, and beside them one byte a command
for the check; keys and channels are matched by patterns made ready beforehand.  Texts of rules: acl_rules.py; which
databases a command uses: acl_databases.py.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from miniredis.commands.declaration import NO_AUTH, PUBSUB, Command
from miniredis.commands.key_specs import READ, WRITE, access_of
from miniredis.dispatch.acl_databases import denied_database
from miniredis.dispatch.registry import CommandTable
from miniredis.resp.glob import Glob

# Why a command is denied; the larger one is told when selectors differ.  ALLOWED is 0.
ALLOWED: Final = 0
DENIED_DATABASE: Final = 1
DENIED_COMMAND: Final = 2
DENIED_KEY: Final = 3
DENIED_CHANNEL: Final = 4
REASON_BITS: Final = 3  # a denial is the reason, and above these bits the index of the argument

#: Commands whose arguments are channels: index of the first, and whether all that follow are channels, too.
CHANNEL_COMMANDS: Final[dict[bytes, bool]] = {
    b"subscribe": True,
    b"psubscribe": True,
    b"ssubscribe": True,
    b"publish": False,
    b"spublish": False,
}


def hash_password(password: bytes) -> bytes:
    """As the rules and the ACL file have it: SHA-256 in lower-case hexadecimal."""
    return hashlib.sha256(password).hexdigest().encode()


class KeyPattern:
    """Keys, and what may be done with them: READ and WRITE bits."""

    def __init__(self, pattern: bytes, access: int) -> None:
        self.pattern = pattern
        self.access = access
        self.glob = Glob(pattern)

    def describe(self) -> bytes:
        if self.access == READ | WRITE:
            return b"~" + self.pattern
        return (b"%R~" if self.access == READ else b"%W~") + self.pattern


class Selector:
    """One set of permissions."""

    def __init__(self, table: CommandTable, all_channels: bool) -> None:
        self.table = table
        #: Begins with all commands (+@all) or with none; then `rules`, in order: (allow, name).
        self.begins_with_all = False
        self.rules: list[tuple[bool, bytes]] = []
        self.all_commands = False
        self.all_keys = False
        self.all_channels = all_channels
        self.all_databases = True
        self.databases: list[int] = []  # in order, while not all
        self.key_patterns: list[KeyPattern] = []
        self.channel_patterns: list[Glob] = []
        self.channels: list[bytes] = []
        self._allowed = bytearray()  # by command id
        #: Commands allowed with some first arguments only (the deprecated form +select|0).
        self._first_arguments: dict[int, list[bytes]] = {}
        self.rebuild()

    def copy(self) -> Selector:
        twin = Selector(self.table, self.all_channels)
        twin.begins_with_all = self.begins_with_all
        twin.rules = list(self.rules)
        twin.all_keys = self.all_keys
        twin.key_patterns = list(self.key_patterns)
        twin.channel_patterns = list(self.channel_patterns)
        twin.channels = list(self.channels)
        twin.all_databases = self.all_databases
        twin.databases = list(self.databases)
        twin.rebuild()
        return twin

    # -- commands

    def set_all_commands(self, allow: bool) -> None:
        """+@all or -@all: what came before is void."""
        self.begins_with_all = allow
        self.rules = []
        self.rebuild()

    def add_rule(self, allow: bool, name: bytes) -> None:
        """`name`, in lower case and known to exist: get, config|get, select|0, @read."""
        inside = name + b"|"
        self.rules = [rule for rule in self.rules if rule[1] != name and not rule[1].startswith(inside)]
        self.rules.append((allow, name))
        self.all_commands = self.begins_with_all and all(rule[0] for rule in self.rules)
        self._put(allow, name)

    def rebuild(self) -> None:
        """Work the rules out anew, as when commands have been added to the server."""
        everything = list(self.table)
        size = max([command.id for command in everything], default=-1) + 1
        self._allowed = bytearray((b"\1" if self.begins_with_all else b"\0") * size)
        self._first_arguments = {}
        self.all_commands = self.begins_with_all and all(rule[0] for rule in self.rules)
        for allow, name in self.rules:
            self._put(allow, name)

    def _put(self, allow: bool, name: bytes) -> None:
        if name.startswith(b"@"):
            category = name[1:].decode("latin-1")
            for command in self.table:
                if category in command.categories:
                    self._put_command(allow, command)
            return
        found = self.table.find_original(name)
        if found is not None:
            self._put_command(allow, found)
            return
        owner, _, argument = name.partition(b"|")
        found = self.table.find_original(owner)
        if found is not None:  # else it was a module's and is gone
            self._first_arguments.setdefault(found.id, []).append(argument)

    def _put_command(self, allow: bool, command: Command) -> None:
        self._allowed[command.id] = 1 if allow else 0
        self._first_arguments.pop(command.id, None)
        if command.subcommands is not None:
            for subcommand in command.subcommands.values():
                self._allowed[subcommand.id] = 1 if allow else 0

    # -- keys, channels and databases

    def set_all_keys(self, allow: bool) -> None:
        self.all_keys = allow
        self.key_patterns = []

    def add_key_pattern(self, pattern: bytes, access: int) -> None:
        for known in self.key_patterns:
            if known.pattern == pattern:
                access |= known.access
                at = self.key_patterns.index(known)
                self.key_patterns[at] = KeyPattern(pattern, access)
                return
        self.key_patterns.append(KeyPattern(pattern, access))

    def set_all_channels(self, allow: bool) -> None:
        self.all_channels = allow
        self.channel_patterns = []
        self.channels = []

    def add_channel_pattern(self, pattern: bytes) -> None:
        if pattern not in self.channels:
            self.channels.append(pattern)
            self.channel_patterns.append(Glob(pattern))

    def set_all_databases(self) -> None:
        self.all_databases = True
        self.databases = []

    def set_databases(self, numbers: list[int]) -> None:
        """These only, instead of those before."""
        self.all_databases = False
        self.databases = sorted(set(numbers))

    # -- the check

    def check(self, command: Command, argv: list[bytes], database: int, count: int) -> int:
        """ALLOWED, or why not and by which argument.  `database`: the current one, of `count`."""
        if not self.all_databases:
            named = denied_database(command, argv, database, count, self.databases)
            if named >= 0:
                return DENIED_DATABASE | named << REASON_BITS
        if not self.all_commands and not command.flags & NO_AUTH and not self._allows(command, argv):
            return DENIED_COMMAND
        if not self.all_keys:
            access = command.key_access
            if access >= 0:
                if not self.allows_key(argv[1], access):
                    return DENIED_KEY | 1 << REASON_BITS
            elif command.key_specs or command.key_search is not None:
                for position, flags in command.keys_with_flags(argv):
                    if not self.allows_key(argv[position], access_of(flags)):
                        return DENIED_KEY | position << REASON_BITS
        if not self.all_channels and command.flags & PUBSUB and command.full_name in CHANNEL_COMMANDS:
            last = len(argv) if CHANNEL_COMMANDS[command.full_name] else 2
            is_pattern = command.name == b"psubscribe"
            for position in range(1, last):
                if not self.allows_channel(argv[position], is_pattern):
                    return DENIED_CHANNEL | position << REASON_BITS
        return ALLOWED

    def _allows(self, command: Command, argv: list[bytes]) -> bool:
        if command.id >= len(self._allowed):
            self.rebuild()
        if self._allowed[command.id]:
            return True
        first = self._first_arguments.get(command.id)
        return first is not None and len(argv) > 1 and argv[1].lower() in first

    def allows_key(self, key: bytes, access: int) -> bool:
        return any(pattern.access & access == access and pattern.glob.matches(key) for pattern in self.key_patterns)

    def allows_channel(self, channel: bytes, is_pattern: bool) -> bool:
        """A pattern of PSUBSCRIBE must be allowed literally."""
        if is_pattern:
            return channel in self.channels
        return any(glob.matches(channel) for glob in self.channel_patterns)

    # -- as text

    def describe_commands(self) -> bytes:
        words = [b"+@all" if self.begins_with_all else b"-@all"]
        words += [(b"+" if allow else b"-") + name for allow, name in self.rules]
        return b" ".join(words)

    def describe_keys(self) -> bytes:
        return b"~*" if self.all_keys else b" ".join([pattern.describe() for pattern in self.key_patterns])

    def describe_channels(self) -> bytes:
        return b"&*" if self.all_channels else b" ".join([b"&" + channel for channel in self.channels])

    def describe_databases(self) -> bytes:
        if self.all_databases:
            return b"alldbs"
        return b"db=" + b",".join([b"%d" % number for number in self.databases]) if self.databases else b""

    def describe(self) -> bytes:
        """As rules that make the same selector of a new one."""
        words = [self.describe_keys()] if self.all_keys or self.key_patterns else []
        if not self.all_channels:
            words.append(b"resetchannels")
        if self.all_channels or self.channels:
            words.append(self.describe_channels())
        if not self.all_databases:
            words.append(self.describe_databases() or b"resetdbs")
        return b" ".join([*words, self.describe_commands()])


class User:
    """A name, how to prove it, and what it allows.  A new one is off and may do nothing."""

    def __init__(self, name: bytes, table: CommandTable, all_channels: bool) -> None:
        self.name = name
        self.table = table
        self.enabled = False
        self.no_password = False
        #: sanitize-payload or skip-sanitize-payload, when one was given; payloads are always checked here.
        self.sanitizing = b""
        self.passwords: list[bytes] = []  # hashes
        self.selectors: list[Selector] = [Selector(table, all_channels)]

    @property
    def root(self) -> Selector:
        """The permissions outside of any parentheses."""
        return self.selectors[0]

    def copy(self) -> User:
        twin = User(self.name, self.table, False)
        twin.take(self)
        return twin

    def take(self, other: User) -> None:
        """Become as `other` is; whoever is this user goes on with it."""
        self.enabled = other.enabled
        self.no_password = other.no_password
        self.sanitizing = other.sanitizing
        self.passwords = list(other.passwords)
        self.selectors = [selector.copy() for selector in other.selectors]

    def is_unrestricted(self) -> bool:
        """Whether no command needs to be checked."""
        return any(
            each.all_commands and each.all_keys and each.all_channels and each.all_databases for each in self.selectors
        )

    def check(self, command: Command, argv: list[bytes], database: int, count: int) -> int:
        """ALLOWED, or the denial of the selector that came closest.  `database`: the current one, of `count`."""
        denial = ALLOWED
        for selector in self.selectors:
            found = selector.check(command, argv, database, count)
            if found == ALLOWED:
                return ALLOWED
            reason = found & 7
            if reason > denial & 7 or (reason == denial & 7 and found > denial):
                denial = found
        return denial

    def reads_all_keys(self, command: Command, argv: list[bytes], database: int, count: int) -> bool:
        """Whether the command may read keys that are not among its arguments (patterns of SORT)."""
        for selector in self.selectors:
            if selector.check(command, argv, database, count) == ALLOWED and (
                selector.all_keys or any(each.pattern == b"*" and each.access & READ for each in selector.key_patterns)
            ):
                return True
        return False

    def may_listen(self, channels: list[bytes], patterns: list[bytes]) -> bool:
        """Whether subscriptions that exist are still allowed, each by some selector."""
        for channel in channels:
            if not self._allows_channel(channel, False):
                return False
        return all(self._allows_channel(pattern, True) for pattern in patterns)

    def _allows_channel(self, channel: bytes, is_pattern: bool) -> bool:
        return any(selector.all_channels or selector.allows_channel(channel, is_pattern) for selector in self.selectors)

    def accepts(self, password: bytes) -> bool:
        """Whether `password` proves the name; takes as long whichever it is."""
        given = hash_password(password)
        found = False
        for known in self.passwords:
            if hmac.compare_digest(known, given):
                found = True
        return (found or self.no_password) and self.enabled

    def flags(self) -> list[bytes]:
        words = [b"on" if self.enabled else b"off"]
        if self.no_password:
            words.append(b"nopass")
        if self.sanitizing:
            words.append(self.sanitizing)
        return words

    def describe(self) -> bytes:
        """As rules that make the same user of a new one; passwords as hashes."""
        words = self.flags() + [b"#" + password for password in self.passwords] + [self.root.describe()]
        words += [b"(" + selector.describe() + b")" for selector in self.selectors[1:]]
        return b" ".join(words)
