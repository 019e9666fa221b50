"""Every error text a client can see, each built in one place.

A command raises one of these; the executor turns it into a reply.  The first word is the error's code,
by which clients and INFO errorstats tell errors apart.
"""

from __future__ import annotations

from mypy_extensions import mypyc_attr


@mypyc_attr(allow_interpreted_subclasses=True)
class ReplyError(Exception):
    """An error reply: `message` is the line after the dash, without CR or LF."""

    def __init__(self, message: bytes) -> None:
        super().__init__(message)
        self.message = message

    def code(self) -> bytes:
        return self.message.split(b" ", 1)[0]


class ProtocolError(Exception):
    """The byte stream is no request any more: `message` is replied, then the connection closes."""

    def __init__(self, message: bytes) -> None:
        super().__init__(message)
        self.message = message


def error(text: bytes) -> ReplyError:
    """An error with the generic code."""
    return ReplyError(b"ERR " + text)


def syntax_error() -> ReplyError:
    return ReplyError(b"ERR syntax error")


def wrong_type() -> ReplyError:
    return ReplyError(b"WRONGTYPE Operation against a key holding the wrong kind of value")


def not_an_integer() -> ReplyError:
    return ReplyError(b"ERR value is not an integer or out of range")


def not_a_float() -> ReplyError:
    return ReplyError(b"ERR value is not a valid float")


def out_of_range() -> ReplyError:
    return ReplyError(b"ERR value is out of range")


def must_be_positive() -> ReplyError:
    return ReplyError(b"ERR value is out of range, must be positive")


def no_such_key() -> ReplyError:
    return ReplyError(b"ERR no such key")


def wrong_number_of_arguments(full_name: bytes) -> ReplyError:
    """`full_name` in lower case; a subcommand as b"config|get"."""
    return ReplyError(b"ERR wrong number of arguments for '" + full_name + b"' command")


def unknown_subcommand(subcommand: bytes, container: bytes) -> ReplyError:
    shown = subcommand[:128].partition(b"\0")[0]
    return ReplyError(b"ERR unknown subcommand '" + shown + b"'. Try " + container.upper() + b" HELP.")


def unknown_command(argv: list[bytes]) -> ReplyError:
    """Names the command and the beginning of its arguments, each and together cut at 128 bytes, each at a NUL."""
    shown = b""
    for argument in argv[1:]:
        if len(shown) >= 128:
            break
        shown += b"'" + argument[: 128 - len(shown)].partition(b"\0")[0] + b"' "
    name = argv[0][:128].partition(b"\0")[0]
    return ReplyError(b"ERR unknown command '" + name + b"', with args beginning with: " + shown)


def no_authentication() -> ReplyError:
    return ReplyError(b"NOAUTH Authentication required.")


def transaction_refused(refusal: ReplyError) -> ReplyError:
    """EXEC itself was refused: with it goes what was queued."""
    return ReplyError(b"EXECABORT Transaction discarded because of: " + refusal.message.removeprefix(b"ERR "))


def out_of_memory() -> ReplyError:
    return ReplyError(b"OOM command not allowed when used memory > 'maxmemory'.")


def database_out_of_range() -> ReplyError:
    return ReplyError(b"ERR DB index is out of range")


def invalid_cursor() -> ReplyError:
    return ReplyError(b"ERR invalid cursor")


def invalid_expire(command: bytes) -> ReplyError:
    return ReplyError(b"ERR invalid expire time in '" + command + b"' command")


def timeout_not_a_float() -> ReplyError:
    return ReplyError(b"ERR timeout is not a float or out of range")


def timeout_out_of_range() -> ReplyError:
    return ReplyError(b"ERR timeout is out of range")


def timeout_negative() -> ReplyError:
    return ReplyError(b"ERR timeout is negative")


def loading() -> ReplyError:
    return ReplyError(b"LOADING Redis is loading the dataset in memory")


def busy() -> ReplyError:
    return ReplyError(b"BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.")


def internal_error() -> ReplyError:
    """A defect of this server; the log has the traceback."""
    return ReplyError(b"ERR internal error")


def out_of_range_between(lowest: int, highest: int) -> ReplyError:
    return ReplyError(b"ERR value is out of range, value must between %d and %d" % (lowest, highest))


def hash_value_not_an_integer() -> ReplyError:
    return ReplyError(b"ERR hash value is not an integer")


def hash_value_not_a_float() -> ReplyError:
    return ReplyError(b"ERR hash value is not a float")


def increment_would_overflow() -> ReplyError:
    return ReplyError(b"ERR increment or decrement would overflow")


def increment_not_finite() -> ReplyError:
    return ReplyError(b"ERR increment would produce NaN or Infinity")


def value_not_finite() -> ReplyError:
    return ReplyError(b"ERR value is NaN or Infinity")


def numfields_mismatch() -> ReplyError:
    return ReplyError(b"ERR numfields should be greater than 0 and match the provided number of fields")


def invalid_stream_id() -> ReplyError:
    return ReplyError(b"ERR Invalid stream ID specified as stream command argument")


def timeout_not_an_integer() -> ReplyError:
    return ReplyError(b"ERR timeout is not an integer or out of range")


def printed(text: bytes) -> bytes:
    """What a client sent, as an error text shows it: up to its first NUL."""
    return text.partition(b"\0")[0]


def subcommand_syntax_error(subcommand: bytes, container: bytes) -> ReplyError:
    """Arguments that no form of a subcommand takes."""
    shown = printed(subcommand[:128])
    return ReplyError(
        b"ERR unknown subcommand or wrong number of arguments for '" + shown + b"'. Try " + container + b" HELP."
    )
