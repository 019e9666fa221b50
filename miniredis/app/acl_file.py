"""The ACL file: where users are kept when the configuration names one with `aclfile`."""

from __future__ import annotations

import os
from pathlib import Path

from miniredis.config.reader import ConfigError
from miniredis.dispatch.acl import AccessControl, AclError

BOTH = (
    b"Configuring Redis with users defined in redis.conf and at the same setting an ACL file path is invalid. This "
    b"setup is very likely to lead to configuration errors and security holes, please define either an ACL file or "
    b"declare users directly in your redis.conf, but not both."
)


def write_users(path: str, text: bytes) -> None:
    """Replace the file whole, readable for its owner only, so that a crash leaves the old or the new one."""
    beside = f"{path}.tmp-{os.getpid()}"
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with open(descriptor, "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except OSError:
        Path(beside).unlink(missing_ok=True)
        raise


def keep_users_in_file(acl: AccessControl, path: str, has_user_lines: bool) -> None:
    """Read the users from `path`, and let ACL LOAD and SAVE use it; nothing without a path.  Raises `ConfigError`."""
    if not path:
        return
    if has_user_lines:
        raise ConfigError("", 0, b"", BOTH)
    acl.file_name = path.encode("utf-8", "surrogateescape")
    acl.read_file = lambda: Path(path).read_bytes()
    acl.write_file = lambda text: write_users(path, text)
    try:
        acl.load_text(acl.read_file())
    except OSError as problem:
        reason = (problem.strerror or str(problem)).encode()
        raise ConfigError(
            "", 0, b"", b"Error loading ACLs, opening file '%s': %s" % (acl.file_name, reason)
        ) from problem
    except AclError as problem:
        raise ConfigError("", 0, b"", problem.message) from problem
