"""What the JSON commands have in common: the document of a key, the two forms of a path, the forms of a reply."""

from __future__ import annotations

from collections.abc import Callable

from miniredis.modules.api import NOTIFY_MODULE, Context, read_value, write_value
from miniredis.modules.json_path import Match, Path
from miniredis.modules.json_text import Json, JsonValue, type_of
from miniredis.resp.errors import ReplyError, error


def no_document() -> ReplyError:
    return error(b"could not perform this operation on a key that doesn't exist")


def no_such_path(path: Path) -> ReplyError:
    return error(b"Path '" + shown(path) + b"' does not exist")


def shown(path: Path) -> bytes:
    return path.text[:128].replace(b"\r", b" ").replace(b"\n", b" ")


def wrong_node(wanted: bytes, node: Json) -> ReplyError:
    return ReplyError(b"WRONGTYPE wrong type of path value - expected " + wanted + b" but found " + type_of(node))


def document_to_change(ctx: Context, key: bytes) -> JsonValue:
    found = write_value(ctx, key, JsonValue)
    if found is None:
        raise no_document()
    return found


def demand_room(ctx: Context, places: int, size: int) -> None:
    """Refuse what would put so many bytes at so many places, where that is more than a request could bring."""
    if places * size > ctx.server.config.int("proto-max-bulk-len"):
        raise error(b"the document would become too large")


def put_at(document: JsonValue, match: Match, node: Json) -> None:
    """Replace what is at a place."""
    if match.container is None:
        document.root = node
    else:
        match.container[match.key] = node  # type: ignore[index]  # the key fits the container it was found in
    match.node = node


def edited(ctx: Context, key: bytes, document: JsonValue, event: bytes) -> None:
    """After a change: count its memory, tell of it."""
    ctx.db.put(key, document)
    ctx.changed(NOTIFY_MODULE, event, key)


def answer_each(
    ctx: Context, key: bytes, path: Path, kind: type | tuple[type, ...], name: bytes, look: Callable[[Json], object]
) -> object:
    """A command that reads: what `look` says of each place of the kind, null for others; one for an old path."""
    document = read_value(ctx, key, JsonValue)
    if document is None:
        if path.is_legacy:
            return None
        raise no_document()
    found = path.find(document.root)
    if not path.is_legacy:
        return [look(match.node) if fits(match.node, kind) else None for match in found]
    if not found:
        raise no_such_path(path)
    if not fits(found[0].node, kind):
        raise wrong_node(name, found[0].node)
    return look(found[0].node)


def change_each(
    ctx: Context,
    key: bytes,
    path: Path,
    kind: type | tuple[type, ...],
    name: bytes,
    change: Callable[[JsonValue, Match], object],
    event: bytes,
    added_bytes: int = 0,
) -> list[object]:
    """A command that changes: `change` at each place of the kind; None for others, an error for an old path.

    `added_bytes` is about what each place grows by.

    The replies are those of all places; for an old path the last one counts.
    """
    document = document_to_change(ctx, key)
    found = path.find(document.root)
    fitting = [match for match in found if fits(match.node, kind)]
    demand_room(ctx, len(fitting), added_bytes)
    if path.is_legacy and not fitting:
        raise wrong_node(name, found[0].node) if found else no_such_path(path)
    replies: list[object] = []
    try:
        for match in found:
            replies.append(change(document, match) if fits(match.node, kind) else None)
    finally:
        # Where a later place is refused the earlier ones have changed, here as wherever this is replayed.
        if fitting:
            edited(ctx, key, document, event)
    if path.is_legacy:
        chosen = {id(match) for match in fitting}
        return [reply for reply, match in zip(replies, found, strict=True) if id(match) in chosen]
    return replies


def fits(node: Json, kind: type | tuple[type, ...]) -> bool:
    """Whether a node is of the kind; true and false are no numbers."""
    if isinstance(node, bool) and kind is not bool:
        return False
    return isinstance(node, kind)


def one_or_all(path: Path, replies: list[object]) -> object:
    return replies[-1] if path.is_legacy else replies
