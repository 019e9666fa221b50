"""Which arguments nobody may see again: passwords in commands that are logged or monitored."""

from __future__ import annotations

from typing import Final

from miniredis.commands.declaration import Command
from miniredis.config.directives import all_directives

REDACTED: Final = b"(redacted)"
#: Directives whose values are secrets, by all their names.
SECRET_DIRECTIVES: Final = frozenset(
    name.encode()
    for directive in all_directives()
    if directive.sensitive
    for name in (directive.name, *directive.aliases)
)


def without_secrets(command: Command, argv: list[bytes]) -> list[bytes]:
    """argv with every secret replaced; argv itself when it has none."""
    name = command.full_name
    if name == b"auth":
        return [argv[0]] + [REDACTED] * (len(argv) - 1)
    if name == b"hello":
        return _after(argv, (b"auth",), 2)
    if name == b"migrate":
        return _after(_after(argv, (b"auth",), 1), (b"auth2",), 2)
    if name == b"config|set":
        shown = list(argv)
        for index in range(2, len(argv) - 1, 2):
            if argv[index].lower() in SECRET_DIRECTIVES:
                shown[index + 1] = REDACTED
        return shown
    if name in (b"acl|setuser", b"acl|getuser", b"acl|deluser"):
        return argv[:2] + [REDACTED] * (len(argv) - 2)
    if name == b"sentinel|set" or name == b"sentinel|config":
        return _after(argv, (b"auth-pass", b"sentinel-pass", b"auth-user"), 1)
    return argv


def _after(argv: list[bytes], words: tuple[bytes, ...], count: int) -> list[bytes]:
    """argv with the `count` arguments after one of `words` replaced."""
    shown = list(argv)
    for index in range(1, len(argv)):
        if argv[index].lower() in words:
            for secret in range(index + 1, min(index + 1 + count, len(argv))):
                shown[secret] = REDACTED
            break
    return shown
