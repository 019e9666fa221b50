"""Clients as CLIENT LIST shows them and as CLIENT KILL chooses them."""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import Final

from miniredis.dispatch.gates import GATE_IMPORT, GATE_MULTI
from miniredis.dispatch.session import Session
from miniredis.dispatch.state import ServerState
from miniredis.resp.errors import ReplyError, error, syntax_error
from miniredis.resp.numbers import parse_int64

#: What a filter decides for one client.
Filter = Callable[[Session], bool]

#: Bytes that each connection costs besides its buffers, as tot-mem counts them.
SESSION_BYTES: Final = 2048
#: Options of CLIENT LIST and KILL that have no NOT- form.
NEVER_NEGATED: Final = (b"maxage", b"idle", b"skipme")
#: What clients can declare with CLIENT CAPA, as CLIENT LIST shows it.
CAPABILITIES: Final = b"r"
#: Every letter that `flags` may have, ours and others'.
FLAG_LETTERS: Final = b"bcdeirtuxABEIMNOPRSTU"
CLIENT_TYPES: Final = (b"normal", b"master", b"primary", b"slave", b"replica", b"pubsub")
#: A name or a piece of library information is of printable characters without blanks.
FIRST_PRINTABLE: Final = 33
LAST_PRINTABLE: Final = 126


def is_printable(text: bytes) -> bool:
    return all(FIRST_PRINTABLE <= byte <= LAST_PRINTABLE for byte in text)


def type_of(session: Session) -> bytes:
    """normal, pubsub, slave or master."""
    if session.is_replica:
        return b"slave"
    if session.is_primary:
        return b"master"
    return b"pubsub" if session.subscriptions() > 0 else b"normal"


def flags_of(session: Session, state: ServerState) -> bytes:
    """One letter for each thing that is special; N for none."""
    letters = b""
    if session.is_monitor:
        letters += b"O"
    if session.is_replica:
        letters += b"S"
    if session.is_primary:
        letters += b"M"
    if session.subscriptions() > 0:
        letters += b"P"
    if session.gates & GATE_MULTI:
        letters += b"x"
    if session.waiting is not None:
        letters += b"b"
    if session.tracking_letters:
        letters += session.tracking_letters
    if session.watch_is_broken:
        letters += b"d"
    if session.closing:
        letters += b"c"
    if session.port.is_unix:
        letters += b"U"
    if session.no_evict:
        letters += b"e"
    if session.no_touch:
        letters += b"T"
    if session.gates & GATE_IMPORT:
        letters += b"I"
    return letters or b"N"


def output_bytes(session: Session) -> int:
    """What waits to be sent."""
    return sum(len(chunk) for chunk in session.out) + session.port.unsent_bytes()


def bytes_queued(session: Session) -> int:
    """What the commands of its transaction hold."""
    return sum(len(argument) for each in session.queued for argument in each.argv)


def memory_of(session: Session) -> int:
    """Bytes that a client costs."""
    return SESSION_BYTES + session.decoder.pending_bytes() + output_bytes(session) + bytes_queued(session)


def describe(session: Session, state: ServerState) -> bytes:
    """The line of CLIENT LIST, without its end."""
    now_ms = state.keyspace.clock.now_ms
    port = session.port
    pending = session.decoder.pending_bytes()
    out_bytes = output_bytes(session)
    command = session.last_command
    queued_bytes = bytes_queued(session)
    fields: list[tuple[str, object]] = [
        ("id", session.id),
        ("addr", port.peer),
        ("laddr", port.local),
        ("fd", port.fd),
        ("name", session.name),
        ("age", (now_ms - session.connected_ms) // 1000),
        ("idle", (now_ms - session.active_ms) // 1000),
        ("flags", flags_of(session, state)),
        ("capa", session.capabilities),
        ("db", session.context.db.index),
        ("sub", len(session.channels)),
        ("psub", len(session.patterns)),
        ("ssub", len(session.shard_channels)),
        ("multi", len(session.queued) if session.gates & GATE_MULTI else -1),
        ("watch", len(session.watched)),
        ("qbuf", pending),
        ("qbuf-free", 0),
        ("argv-mem", 0),
        ("multi-mem", queued_bytes),
        ("rbs", 0),
        ("rbp", 0),
        ("obl", 0),
        ("oll", len(session.out)),
        ("omem", out_bytes),
        ("tot-mem", SESSION_BYTES + pending + out_bytes + queued_bytes),
        ("events", "rw" if port.unsent_bytes() else "r"),
        ("cmd", command.full_name if command is not None else b"NULL"),
        ("user", session.user_name),
        ("redir", session.redirect),
        ("resp", session.context.resp),
        ("lib-name", session.library_name),
        ("lib-ver", session.library_version),
        ("tot-net-in", session.bytes_in),
        ("tot-net-out", session.bytes_out),
        ("tot-cmds", session.commands_run),
    ]
    return b" ".join(
        name.encode() + b"=" + (value if isinstance(value, bytes) else str(value).encode()) for name, value in fields
    )


def _id_filter(argv: list[bytes], at: int, is_list: bool) -> tuple[Filter, int]:
    """ID takes as many numbers as follow."""
    ids: set[int] = set()
    while at < len(argv):
        number = parse_int64(argv[at])
        if number is None and ids:
            break
        if number is None or (number < 1 and not is_list):
            raise error(b"Invalid client ID" if is_list else b"client-id should be greater than 0")
        ids.add(number)
        at += 1
    return (lambda session: session.id in ids), at


def parse_filters(
    state: ServerState, known_users: Container[bytes], argv: list[bytes], at: int, is_list: bool
) -> tuple[list[Filter], bool | None]:
    """The options of CLIENT LIST and KILL from argv[at] on, and SKIPME if it was given.

    NOT- before an option turns it round; of an option that is given twice the last one counts."""
    filters: dict[bytes, Filter] = {}
    skip_me: bool | None = None
    while at < len(argv):
        if at + 1 >= len(argv):
            raise syntax_error()
        option = argv[at].lower()
        value = argv[at + 1]
        is_negated = option.startswith(b"not-")
        kind = option[4:] if is_negated else option
        if kind == b"id":
            chosen, at = _id_filter(argv, at + 1, is_list)
        elif option == b"skipme":
            if value.lower() not in (b"yes", b"no"):
                raise syntax_error()
            skip_me = value.lower() == b"yes"
            at += 2
            continue
        elif is_negated and kind in NEVER_NEGATED:
            raise syntax_error()
        else:
            if kind == b"user" and value not in known_users:
                raise error(b"No such user '" + value + b"'")
            chosen = _filter(state, kind, value, argv[at])
            at += 2
        filters[option] = _negated(chosen) if is_negated else chosen
    return list(filters.values()), skip_me


def _negated(accepts: Filter) -> Filter:
    return lambda session: not accepts(session)


def _filter(state: ServerState, option: bytes, value: bytes, written: bytes) -> Filter:
    """What an option asks for; `written`: its name as the client wrote it."""
    if option == b"type":
        wanted = value.lower()
        if wanted not in CLIENT_TYPES:
            raise error(b"Unknown client type '" + value + b"'")
        wanted = {b"primary": b"master", b"replica": b"slave"}.get(wanted, wanted)
        return lambda session: type_of(session) == wanted
    if option == b"addr":
        return lambda session: session.port.peer == value
    if option == b"laddr":
        return lambda session: session.port.local == value
    if option == b"user":
        return lambda session: session.user_name == value
    if option == b"name":
        return lambda session: session.name == value
    if option == b"lib-name":
        return lambda session: session.library_name == value
    if option == b"lib-ver":
        return lambda session: session.library_version == value
    if option == b"ip":
        return lambda session: session.port.peer.rpartition(b":")[0].strip(b"[]") == value
    if option == b"capa":
        if any(letter not in CAPABILITIES for letter in value):
            raise error(b"Unknown capa found in the provided filter: " + value)
        return lambda session: all(letter in session.capabilities for letter in value)
    if option == b"db":
        number = _number(value, written)
        highest = len(state.keyspace.databases) - 1
        if not 0 <= number <= highest:
            raise error(written.upper() + b" number should be between 0 and %d" % highest)
        return lambda session: session.context.db.index == number
    if option == b"maxage":
        number = _positive(value, written)
        return lambda session: session.context.now_ms - session.connected_ms >= number * 1000
    if option == b"idle":
        number = _positive(value, written)
        return lambda session: session.context.now_ms - session.active_ms >= number * 1000
    if option == b"flags":
        if any(letter not in FLAG_LETTERS for letter in value):
            raise error(b"Unknown flags found in the provided filter: " + value)
        return lambda session: all(letter in flags_of(session, state) for letter in value)
    raise syntax_error()


def _number(value: bytes, written: bytes) -> int:
    number = parse_int64(value)
    if number is None:
        raise error(written + b" is not an integer or out of range")
    return number


def _positive(value: bytes, written: bytes) -> int:
    number = _number(value, written.lower())
    if number < 1:
        raise error(written.lower() + b" should be greater than 0")
    return number


def matching(state: ServerState, filters: list[Filter]) -> list[Session]:
    """The clients that all filters accept, by age."""
    return [session for session in state.sessions.values() if all(accepts(session) for accepts in filters)]


def find_by_address(state: ServerState, address: bytes) -> Session:
    for session in state.sessions.values():
        if session.port.peer == address:
            return session
    raise ReplyError(b"ERR No such client")
