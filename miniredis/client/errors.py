"""What a call may fail with, told apart by what the caller can do about it.

`ConnectionFailed` was never sent, so it may be repeated; `ConnectionLost` was sent and nobody knows whether it was
done; a `CommandError` is the server's answer, with a class of its own where programs look for it.  All of them are
exceptions of txredisapi as well: a program that comes from there keeps its `except` clauses.
"""

from __future__ import annotations

from typing import Final

import txredisapi  # not annotated: its classes are Any to a type checker

from miniredis.resp.errors import ReplyError


class RedisError(txredisapi.RedisError):  # type: ignore[misc]
    """Everything this client raises."""


class UsageError(RedisError):
    """The call cannot work as it stands; nothing was sent."""


class AddressError(UsageError):
    """An address that is none."""


class ConnectionFailed(RedisError, txredisapi.ConnectionError):  # type: ignore[misc]
    """No connection: the command was not sent."""


class TooManyWaiting(ConnectionFailed):
    """As many commands wait for a connection as may wait."""


class ClientClosed(ConnectionFailed):
    """The client was closed."""


class ConnectionLost(RedisError, txredisapi.ConnectionError):  # type: ignore[misc]
    """The connection broke while the command was under way: it was carried out or it was not."""


class ReplyTimeout(ConnectionLost, txredisapi.TimeoutError):  # type: ignore[misc]
    """No reply in time.  The connection was given up, since replies could no longer be told apart."""


class WatchError(RedisError, txredisapi.WatchError):  # type: ignore[misc]
    """A watched key was changed: nothing of the transaction was done."""


class CommandError(RedisError, txredisapi.ResponseError):  # type: ignore[misc]
    """The server's error reply."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
        #: The first word, such as WRONGTYPE.
        self.code = message.split(" ", 1)[0]


class AuthenticationError(CommandError):
    """Wrong name or password, or none where one is needed."""


class PermissionDenied(CommandError):
    """The user may not do this."""


class WrongType(CommandError):
    """The key holds another kind of value."""


class NoScript(CommandError, txredisapi.ScriptDoesNotExist):  # type: ignore[misc]
    """The server does not know a script of this SHA."""


class NoScriptRunning(CommandError, txredisapi.NoScriptRunning):  # type: ignore[misc]
    """There was nothing to kill."""


class Busy(CommandError):
    """A script keeps the server busy."""


class Loading(CommandError):
    """The server reads its data from disk: nothing was done."""


class ReadOnly(CommandError):
    """A write was sent to a replica."""


class PrimaryDown(CommandError):
    """A replica without its primary was asked."""


class OutOfMemory(CommandError):
    """The memory limit is reached."""


class ExecAborted(CommandError):
    """A command of the transaction was refused when it was queued; nothing was done."""


class ProtocolRefused(CommandError):
    """The server does not speak this version of the protocol."""


class GroupExists(CommandError):
    """The stream has a group of this name."""


class NoSuchGroup(CommandError):
    """The stream or its group does not exist."""


class CrossSlot(CommandError):
    """The keys of one command belong to different slots."""


class TryAgain(CommandError):
    """The keys of one command are being moved to another node."""


class ClusterDown(CommandError):
    """The cluster does not serve the slot at the moment."""


class Redirection(CommandError):
    """Another node has to be asked: `slot`, and `host` and `port` of the node."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        _, slot, address = message.split(" ", 2)
        host, _, port = address.rpartition(":")
        self.slot = int(slot)
        self.host = host
        self.port = int(port)


class Moved(Redirection):
    """The slot belongs to another node."""


class Ask(Redirection):
    """The slot is being moved: this once, another node has to be asked."""


BY_CODE: Final[dict[str, type[CommandError]]] = {
    "ASK": Ask,
    "BUSY": Busy,
    "BUSYGROUP": GroupExists,
    "CLUSTERDOWN": ClusterDown,
    "CROSSSLOT": CrossSlot,
    "EXECABORT": ExecAborted,
    "LOADING": Loading,
    "MASTERDOWN": PrimaryDown,
    "MOVED": Moved,
    "NOAUTH": AuthenticationError,
    "NOGROUP": NoSuchGroup,
    "NOPERM": PermissionDenied,
    "NOPROTO": ProtocolRefused,
    "NOSCRIPT": NoScript,
    "NOTBUSY": NoScriptRunning,
    "OOM": OutOfMemory,
    "READONLY": ReadOnly,
    "TRYAGAIN": TryAgain,
    "WRONGPASS": AuthenticationError,
    "WRONGTYPE": WrongType,
}


def exception_of(reply: ReplyError) -> CommandError:
    """The exception for an error reply."""
    text = reply.message.decode(errors="surrogateescape")
    try:
        return BY_CODE.get(text.split(" ", 1)[0], CommandError)(text)
    except ValueError:  # a redirection that says no place
        return CommandError(text)
