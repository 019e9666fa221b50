"""The rules of ACL SETUSER, of the `user` lines of a configuration and of the ACL file: text to permissions.

    on off nopass resetpass >password <password #hash !hash sanitize-payload skip-sanitize-payload
    ~keys %R~keys %W~keys %RW~keys allkeys resetkeys  &channels allchannels resetchannels
    db=0,1 alldbs resetdbs
    +command -command +container|sub +@category -@category allcommands nocommands
    (rules of a selector) clearselectors reset

A rule that cannot be applied raises RuleError; who applies several works on a copy and keeps it only when all went
well.  Secrets do not get into the messages.
"""

from __future__ import annotations

import re
from typing import Final

from miniredis.commands.declaration import CATEGORIES
from miniredis.commands.key_specs import READ, WRITE
from miniredis.dispatch.acl_users import Selector, User, hash_password
from miniredis.resp.quoting import split_arguments

UNKNOWN: Final = b"Unknown command or category name in ACL"
SYNTAX: Final = b"Syntax error"
HAS_ALL_KEYS: Final = (
    b"Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any effect. "
    b"Try 'resetkeys' to start with an empty list of patterns"
)
HAS_ALL_CHANNELS: Final = (
    b"Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have any effect. "
    b"Try 'resetchannels' to start with an empty list of channels"
)
NO_SUCH_PASSWORD: Final = b"The password you are trying to remove from the user does not exist"
NOT_A_HASH: Final = b"The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters"
SUBCOMMAND_ARGUMENT: Final = b"Allowing first-arg of a subcommand is not supported"

OUT_OF_RANGE: Final = b"The provided database ID is out of range"

DATABASES: Final = b"db="
#: As C reads a number; the largest that is one.
NUMBER: Final = re.compile(rb"[ \t\n\v\f\r]*([+-]?[0-9]+)")
LARGEST: Final = (1 << 31) - 1
HASH_LENGTH: Final = 64
BLANKS: Final = b" \t\n\v\f\r\0"


class RuleError(Exception):
    """`rule`, fit to be shown, cannot be applied; `reason` says why, alone when `rule` is empty."""

    def __init__(self, rule: bytes, reason: bytes) -> None:
        super().__init__(reason)
        self.rule = rule
        self.reason = reason


def shown_selector(rule: bytes) -> bytes:
    """A selector does not have passwords, but somebody may have tried."""
    return b"(redacted)" if any(byte in b"<>#!" for byte in rule) else rule


def has_blanks(text: bytes) -> bool:
    """Whether `text` cannot stand as one word in the ACL file."""
    return any(byte in BLANKS for byte in text)


def join_selectors(words: list[bytes]) -> list[bytes]:
    """Put the words of each parenthesis into one rule."""
    rules: list[bytes] = []
    opened = b""
    first = b""
    for word in words:
        if opened:
            opened += b" " + word
            if word.endswith(b")"):
                rules.append(opened)
                opened = b""
        elif word.startswith(b"(") and not word.endswith(b")"):
            opened = word
            first = word
        else:
            rules.append(word)
    if opened:
        raise RuleError(b"", b"Unmatched parenthesis in acl selector starting at '" + shown_selector(first) + b"'.")
    return rules


def apply_rules(user: User, words: list[bytes], all_channels: bool) -> None:
    """Apply all rules in order.  `all_channels`: what new selectors may listen to (acl-pubsub-default)."""
    for rule in join_selectors(words):
        apply_rule(user, rule, all_channels)


def apply_rule(user: User, rule: bytes, all_channels: bool) -> None:
    word = rule.lower()
    first = rule[:1]
    if word in (b"on", b"off"):
        user.enabled = word == b"on"
    elif word in (b"sanitize-payload", b"skip-sanitize-payload"):
        user.sanitizing = word
    elif word in (b"nopass", b"resetpass"):
        user.no_password = word == b"nopass"
        user.passwords = []
    elif first in (b">", b"<"):
        _apply_password(user, rule, hash_password(rule[1:]))
    elif first in (b"#", b"!"):
        if len(rule) != HASH_LENGTH + 1 or any(byte not in b"0123456789abcdef" for byte in rule[1:]):
            raise RuleError(first + b"(redacted)", NOT_A_HASH)
        _apply_password(user, rule, rule[1:])
    elif first == b"(" and rule.endswith(b")"):
        user.selectors.append(read_selector(user, rule, all_channels))
    elif word == b"clearselectors":
        del user.selectors[1:]
    elif word == b"reset":
        user.take(User(user.name, user.table, all_channels))
        user.sanitizing = b"sanitize-payload"
    elif rule:
        apply_to_selector(user.root, rule, rule)


def _apply_password(user: User, rule: bytes, hashed: bytes) -> None:
    if rule[:1] in (b">", b"#"):
        if hashed not in user.passwords:
            user.passwords.append(hashed)
        user.no_password = False
    elif hashed in user.passwords:
        user.passwords.remove(hashed)
    else:
        raise RuleError(rule[:1] + b"(redacted)", NO_SUCH_PASSWORD)


def read_selector(user: User, rule: bytes, all_channels: bool) -> Selector:
    """The selector in parentheses."""
    selector = Selector(user.table, all_channels)
    shown = shown_selector(rule)
    inner = split_arguments(rule[1:-1])
    if inner is None:
        raise RuleError(shown, SYNTAX)
    for each in inner:
        if each:
            apply_to_selector(selector, each, shown)
    return selector


def apply_to_selector(selector: Selector, rule: bytes, shown: bytes) -> None:
    """Apply one rule about commands, keys, channels or databases; `shown` names it in errors."""
    word = rule.lower()
    first = rule[:1]
    if word in (b"allkeys", b"~*"):
        selector.set_all_keys(True)
    elif word == b"resetkeys":
        selector.set_all_keys(False)
    elif word in (b"allchannels", b"&*"):
        selector.set_all_channels(True)
    elif word == b"resetchannels":
        selector.set_all_channels(False)
    elif word in (b"allcommands", b"+@all"):
        selector.set_all_commands(True)
    elif word in (b"nocommands", b"-@all"):
        selector.set_all_commands(False)
    elif word == b"alldbs":
        selector.set_all_databases()
    elif word == b"resetdbs":
        selector.set_databases([])
    elif word.startswith(DATABASES):
        selector.set_databases(_database_numbers(word, shown))
    elif first in (b"~", b"%"):
        _add_keys(selector, rule, shown)
    elif first == b"&":
        if selector.all_channels:
            raise RuleError(shown, HAS_ALL_CHANNELS)
        if has_blanks(rule):
            raise RuleError(shown, SYNTAX)
        selector.add_channel_pattern(rule[1:])
    elif first in (b"+", b"-"):
        _add_commands(selector, first == b"+", word[1:], shown)
    else:
        raise RuleError(shown, SYNTAX)


def _add_keys(selector: Selector, rule: bytes, shown: bytes) -> None:
    if selector.all_keys:
        raise RuleError(shown, HAS_ALL_KEYS)
    access = READ | WRITE
    pattern = rule[1:]
    if rule[:1] == b"%":
        letters, _, pattern = pattern.partition(b"~")
        access = {b"R": READ, b"W": WRITE, b"RW": READ | WRITE, b"WR": READ | WRITE}.get(letters.upper(), 0)
    if access == 0 or has_blanks(pattern):
        raise RuleError(shown, SYNTAX)
    selector.add_key_pattern(pattern, access)


def _database_numbers(word: bytes, shown: bytes) -> list[int]:
    found: list[int] = []
    for text in word[len(DATABASES) :].split(b","):
        number = NUMBER.fullmatch(text)
        if number is None:
            raise RuleError(shown, SYNTAX)
        database = int(number.group(1))
        if not 0 <= database <= LARGEST:
            raise RuleError(shown, OUT_OF_RANGE)
        found.append(database)
    return found


def _add_commands(selector: Selector, allow: bool, name: bytes, shown: bytes) -> None:
    table = selector.table
    if has_blanks(name):
        # No command has any, and a first argument with one could not be read back from the ACL file.
        raise RuleError(shown, SYNTAX if b"|" in name else UNKNOWN)
    if name.startswith(b"@"):
        if name[1:].decode("latin-1") not in CATEGORIES:
            raise RuleError(shown, UNKNOWN)
    elif table.find_original(name) is None:
        # What is left is +command|argument: with this first argument only.
        owner, _, argument = name.rpartition(b"|")
        command = table.find_original(owner)
        if command is None or not allow:
            raise RuleError(shown, UNKNOWN)
        if command.container:
            raise RuleError(shown, SUBCOMMAND_ARGUMENT)
        if not argument:
            raise RuleError(shown, SYNTAX)
        if command.subcommands is not None:
            raise RuleError(shown, UNKNOWN)
    selector.add_rule(allow, name)
