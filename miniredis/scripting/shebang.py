"""The first line of a script or library: `#!lua name=... flags=...`, its words quoted as those of inline commands."""

from __future__ import annotations

from typing import Final

from miniredis.resp.errors import ReplyError, error
from miniredis.resp.quoting import split_arguments

NO_WRITES: Final = 1 << 0
ALLOW_OOM: Final = 1 << 1
ALLOW_STALE: Final = 1 << 2
NO_CLUSTER: Final = 1 << 3
ALLOW_CROSS_SLOT: Final = 1 << 4
#: A script without a first line of this kind: what it may do is found out command by command.
UNDECLARED: Final = 1 << 5

FLAG_NAMES: Final[dict[bytes, int]] = {
    b"no-writes": NO_WRITES,
    b"allow-oom": ALLOW_OOM,
    b"allow-stale": ALLOW_STALE,
    b"no-cluster": NO_CLUSTER,
    b"allow-cross-slot-keys": ALLOW_CROSS_SLOT,
}


def script_flags(source: bytes) -> tuple[int, bytes]:
    """A script's flags, and its text without the first line, whose end stays so that lines keep their numbers."""
    if not source.startswith(b"#!"):
        return UNDECLARED, source
    end = source.find(b"\n")
    if end < 0:
        raise error(b"Invalid script shebang")
    words = split_arguments(source[:end])
    if words is None:
        raise error(b"Invalid engine in script shebang")
    if words[0] != b"#!lua":
        raise error(b"Unexpected engine in script shebang: " + words[0])
    flags = 0
    for word in words[1:]:
        if not word.startswith(b"flags="):
            raise error(b"Unknown lua shebang option: " + word)
        if word == b"flags=":
            continue
        for name in word[6:].split(b","):
            if name not in FLAG_NAMES:
                raise error(b"Unexpected flag in script shebang: " + name)
            flags |= FLAG_NAMES[name]
    return flags, source[end:]


def is_name(name: bytes) -> bool:
    """Whether a library or function may be called so."""
    return name.replace(b"_", b"a").isalnum()


def library_name(source: bytes) -> tuple[bytes, bytes]:
    """A library's name, and its text from the end of the first line on."""
    if not source.startswith(b"#!"):
        raise error(b"Missing library metadata")
    end = source.find(b"\n")
    if end < 0:
        raise error(b"Invalid library metadata")
    words = split_arguments(source[:end])
    if words is None:
        raise error(b"Invalid library metadata")
    engine = words[0][2:]
    name: bytes | None = None
    for word in words[1:]:
        if word[:5].lower() != b"name=":
            raise error(b"Invalid metadata value given: " + word)
        if name is not None:
            raise error(b"Invalid metadata value, name argument was given multiple times")
        name = word[5:]
    if name is None:
        raise error(b"Library name was not given")
    if not is_name(name):
        raise bad_library_name()
    if engine.lower() != b"lua":
        raise error(b"Engine '" + engine + b"' not found")
    return name, source[end:]


def bad_library_name() -> ReplyError:
    return error(
        b"Library names can only contain letters, numbers, or underscores(_) and must be at least one character long"
    )
