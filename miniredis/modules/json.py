"""The module of JSON documents: JSON.*, with the replies of RedisJSON 2.

This file has the commands about whole values, json_arrays.py those about arrays, json_scalars.py those about numbers,
texts and objects.
"""

from __future__ import annotations

from typing import Final

from miniredis.commands.key_specs import CHANGE_KEY, READ_KEY
from miniredis.modules.api import NOTIFY_MODULE, CommandGroup, Context, Module, read_value, write_value
from miniredis.modules.json_access import demand_room, edited, no_such_path, put_at
from miniredis.modules.json_arrays import arrays
from miniredis.modules.json_path import Match, Path, path_of
from miniredis.modules.json_scalars import scalars
from miniredis.modules.json_text import (
    DEEPEST,
    Json,
    JsonValue,
    copy_of,
    depth_of,
    measure,
    parse,
    serialize,
    serialize_spaced,
    too_deep,
    type_of,
)
from miniredis.resp.errors import error, syntax_error, wrong_number_of_arguments
from miniredis.resp.replies import OK, Status

documents = CommandGroup("module")

SET_TRIPLES: Final = "index:1>range:last-1/step3/limit0[OW+update]"
#: All arguments but the last, which is the path.
GET_KEYS: Final = "index:1>range:last-2/step1/limit0[RO+access]"
#: How arrays of numbers may be kept in Redis 8; here they are what they are.
ARRAY_KINDS: Final = (b"BF16", b"FP16", b"FP32", b"FP64")


class _Condition:
    """What stands behind the value of JSON.SET."""

    def __init__(self, words: list[bytes]) -> None:
        self.only_new = self.only_there = False
        at = 0
        while at < len(words):
            word = words[at].upper()
            if word == b"NX" and not self.only_there:
                self.only_new = True
            elif word == b"XX" and not self.only_new:
                self.only_there = True
            elif word == b"FPHA" and at + 1 < len(words) and words[at + 1].upper() in ARRAY_KINDS:
                at += 1
            else:
                raise syntax_error()
            at += 1

    def allows(self, is_there: bool) -> bool:
        return not (self.only_new if is_there else self.only_there)


def _set(ctx: Context, key: bytes, path: Path, node: Json, size: int, condition: _Condition) -> bool:
    """Whether anything was set."""
    document = write_value(ctx, key, JsonValue)
    if document is None:
        if not path.is_root():
            raise error(b"new objects must be created at the root")
        if not condition.allows(False):
            return False
        document = JsonValue(node)
    elif path.is_root():
        if not condition.allows(True):
            return False
        document.root = node
    elif not _set_within(ctx, document, path, node, size, condition):
        return False
    edited(ctx, key, document, b"json.set")
    return True


def _set_within(ctx: Context, document: JsonValue, path: Path, node: Json, size: int, condition: _Condition) -> bool:
    depth = depth_of(node)
    found = path.find(document.root)
    if found:
        if not condition.allows(True):
            return False
        _demand_depth(found, depth)
        demand_room(ctx, len(found), size)
        for number, match in enumerate(found):
            # Each place gets a value of its own: later changes of one are not those of another.
            put_at(document, match, copy_of(node) if number else node)
        return True
    place = path.parents(document.root)
    if place is None or not condition.allows(False):
        return False
    parents, name = place
    owners = [match for match in parents if isinstance(match.node, dict)]
    _demand_depth(owners, depth + 1)
    demand_room(ctx, len(owners), size)
    for number, match in enumerate(owners):
        assert isinstance(match.node, dict)
        match.node[name] = copy_of(node) if number else node
    return len(owners) > 0


def _demand_depth(places: list[Match], depth: int) -> None:
    if any(match.depth + depth > DEEPEST for match in places):
        raise too_deep()


@documents.command(
    "JSON.SET",
    arity=-4,
    flags="write denyoom",
    keys=CHANGE_KEY,
    complexity="O(M+N) where M is the size of what was there and N that of the new value",
    summary="Sets a JSON value at a path.",
    syntax="key path value [NX | XX] [FPHA <BF16 | FP16 | FP32 | FP64>]",
    acl="json",
)
def json_set(ctx: Context, argv: list[bytes]) -> object:
    condition = _Condition(argv[4:])
    return OK if _set(ctx, argv[1], path_of(argv[2]), parse(argv[3]), len(argv[3]), condition) else None


@documents.command(
    "JSON.MSET",
    arity=-4,
    flags="write denyoom",
    keys=SET_TRIPLES,
    complexity="O(K*(M+N)) where K is the number of keys",
    summary="Sets JSON values at paths of several keys.",
    syntax="key path value [key path value ...]",
    acl="json",
)
def json_mset(ctx: Context, argv: list[bytes]) -> object:
    if len(argv) % 3 != 1:
        raise wrong_number_of_arguments(b"json.mset")
    asked = [(argv[at], path_of(argv[at + 1]), parse(argv[at + 2]), len(argv[at + 2])) for at in range(1, len(argv), 3)]
    # What can be refused is refused before anything is set.
    new: set[bytes] = set()
    for key, path, node, _ in asked:
        if write_value(ctx, key, JsonValue) is None and key not in new:
            if not path.is_root():
                raise error(b"new objects must be created at the root")
            new.add(key)
        if len(path.steps) + depth_of(node) > DEEPEST or (
            depth_of(node) > 1 and any(step.descends for step in path.steps)
        ):
            raise too_deep()
    for key, path, node, size in asked:
        _set(ctx, key, path, node, size, _Condition([]))
    return OK


class _Look:
    """The options of JSON.GET: how it is written; the rest are paths."""

    def __init__(self, words: list[bytes]) -> None:
        form = {b"INDENT": b"", b"NEWLINE": b"", b"SPACE": b""}
        at = 0
        while at < len(words):
            word = words[at].upper()
            if word == b"NOESCAPE":
                at += 1
            elif word in form and at + 1 < len(words):
                form[word] = words[at + 1]
                at += 2
            else:
                break
        self.indent, self.newline, self.space = form[b"INDENT"], form[b"NEWLINE"], form[b"SPACE"]
        self.paths = [path_of(word) for word in words[at:]] or [path_of(b".")]

    def write(self, node: Json) -> bytes:
        if self.indent or self.newline or self.space:
            return serialize_spaced(node, self.indent, self.newline, self.space)
        return serialize(node)


@documents.command(
    "JSON.GET",
    arity=-2,
    flags="readonly",
    keys=READ_KEY,
    complexity="O(N) where N is the size of what is returned",
    summary="Returns the JSON values at paths.",
    syntax="key [INDENT indent] [NEWLINE newline] [SPACE space] [path [path ...]]",
    acl="json",
)
def json_get(ctx: Context, argv: list[bytes]) -> object:
    look = _Look(argv[2:])
    document = read_value(ctx, argv[1], JsonValue)
    if document is None:
        return None
    legacy = all(path.is_legacy for path in look.paths)
    found: dict[str, Json] = {}
    for path in look.paths:
        nodes = [match.node for match in path.find(document.root)]
        if legacy and not nodes:
            raise no_such_path(path)
        found[path.text.decode()] = nodes[0] if legacy else nodes
    if len(look.paths) == 1:
        return look.write(next(iter(found.values())))
    return look.write(found)


@documents.command(
    "JSON.MGET",
    arity=-3,
    flags="readonly",
    keys=GET_KEYS,
    complexity="O(M*N) where M is the number of keys and N the size of a value",
    summary="Returns the JSON values at a path of several keys.",
    syntax="key [key ...] path",
    acl="json",
)
def json_mget(ctx: Context, argv: list[bytes]) -> object:
    path = path_of(argv[-1])
    replies: list[object] = []
    for key in argv[1:-1]:
        document = ctx.db.lookup(key)
        if not isinstance(document, JsonValue):
            replies.append(None)
            continue
        nodes = [match.node for match in path.find(document.root)]
        if path.is_legacy:
            replies.append(serialize(nodes[0]) if nodes else None)
        else:
            replies.append(serialize(nodes))
    return replies


def _delete(ctx: Context, argv: list[bytes]) -> object:
    if len(argv) > 3:
        raise wrong_number_of_arguments(argv[0].lower())
    document = write_value(ctx, argv[1], JsonValue)
    path = path_of(argv[2] if len(argv) > 2 else b".")
    if document is None:
        return 0
    found = path.find(document.root)
    if not found:
        return 0
    if path.is_root():
        ctx.changed(NOTIFY_MODULE, b"json.del", argv[1])
        ctx.remove_empty(argv[1])
        return 1
    # The last places first: indexes before them stay what they are.
    gone: set[tuple[int, str | int]] = set()
    for match in sorted(found, key=lambda match: match.key if isinstance(match.key, int) else -1, reverse=True):
        mark = (id(match.container), match.key)
        if match.container is not None and mark not in gone:
            gone.add(mark)
            del match.container[match.key]  # type: ignore[arg-type]  # the key fits the container
    edited(ctx, argv[1], document, b"json.del")
    return len(gone)


for _name in ("JSON.DEL", "JSON.FORGET"):
    documents.command(
        _name,
        arity=-2,
        flags="write",
        keys=CHANGE_KEY,
        complexity="O(N) where N is the size of what is deleted",
        summary="Deletes the JSON values at a path.",
        syntax="key [path]",
        acl="json",
    )(_delete)


@documents.command(
    "JSON.TYPE",
    arity=-2,
    flags="readonly fast",
    keys=READ_KEY,
    summary="Returns the types of the JSON values at a path.",
    syntax="key [path]",
    acl="json",
)
def json_type(ctx: Context, argv: list[bytes]) -> object:
    path = path_of(argv[2] if len(argv) > 2 else b".")
    document = read_value(ctx, argv[1], JsonValue)
    if document is None:
        return [None] if ctx.resp == 3 else None
    types: list[object] = [type_of(match.node) for match in path.find(document.root)]
    reply = (types[0] if types else None) if path.is_legacy else types
    return [reply] if ctx.resp == 3 else reply


def _merged(target: Json, patch: Json) -> Json:
    """RFC 7396; the nesting of both is bounded."""
    if not isinstance(patch, dict):
        return copy_of(patch)
    merged = target if isinstance(target, dict) else {}
    for name, node in patch.items():
        if node is None:
            merged.pop(name, None)
        else:
            merged[name] = _merged(merged.get(name), node)
    return merged


@documents.command(
    "JSON.MERGE",
    arity=4,
    flags="write denyoom",
    keys=CHANGE_KEY,
    complexity="O(M+N) where M is the size of what was there and N that of the new value",
    summary="Merges a JSON value into those at a path (RFC 7396).",
    syntax="key path value",
    acl="json",
)
def json_merge(ctx: Context, argv: list[bytes]) -> object:
    path, patch = path_of(argv[2]), parse(argv[3])
    document = write_value(ctx, argv[1], JsonValue)
    if document is None:
        if not path.is_root():
            raise error(b"new objects must be created at the root")
        document = JsonValue(_merged(None, patch))
    else:
        found = path.find(document.root)
        _demand_depth(found, depth_of(patch))
        demand_room(ctx, len(found), len(argv[3]))
        if not found and not _set_within(ctx, document, path, _merged(None, patch), len(argv[3]), _Condition([])):
            return None
        for match in found:
            if patch is None and match.container is not None and isinstance(match.container, dict):
                match.container.pop(str(match.key), None)
            else:
                put_at(document, match, _merged(match.node, patch))
    edited(ctx, argv[1], document, b"json.merge")
    return OK


@documents.command(
    "JSON.CLEAR",
    arity=-2,
    flags="write",
    keys=CHANGE_KEY,
    complexity="O(N) where N is the size of what is cleared",
    summary="Empties containers and sets numbers to 0.",
    syntax="key [path]",
    acl="json",
)
def json_clear(ctx: Context, argv: list[bytes]) -> object:
    document = write_value(ctx, argv[1], JsonValue)
    if document is None:
        raise error(b"could not perform this operation on a key that doesn't exist")
    cleared = 0
    for match in path_of(argv[2] if len(argv) > 2 else b".").find(document.root):
        node = match.node
        empty: Json = {} if isinstance(node, dict) else [] if isinstance(node, list) else 0
        if isinstance(node, (bool, str)) or node is None or node == empty:
            continue
        put_at(document, match, empty)
        cleared += 1
    if cleared:
        edited(ctx, argv[1], document, b"json.clear")
    return cleared


def _as_resp(node: Json, resp: int) -> object:
    """A document in the terms of RESP; the nesting is bounded."""
    if isinstance(node, bool):
        return Status(b"true" if node else b"false")
    if isinstance(node, float):
        return node if resp == 3 else serialize(node)
    if isinstance(node, str):
        return node.encode()
    if isinstance(node, list):
        return [Status(b"["), *[_as_resp(child, resp) for child in node]]
    if isinstance(node, dict):
        flat: list[object] = [Status(b"{")]
        for name, child in node.items():
            flat += [name.encode(), _as_resp(child, resp)]
        return flat
    return node


@documents.command(
    "JSON.RESP",
    arity=-2,
    flags="readonly",
    keys=READ_KEY,
    complexity="O(N) where N is the size of the value",
    summary="Returns the JSON values at a path as replies of the protocol.",
    syntax="key [path]",
    acl="json",
)
def json_resp(ctx: Context, argv: list[bytes]) -> object:
    path = path_of(argv[2] if len(argv) > 2 else b".")
    document = read_value(ctx, argv[1], JsonValue)
    if document is None:
        return None
    found = [_as_resp(match.node, ctx.resp) for match in path.find(document.root)]
    if path.is_legacy and not found:
        raise no_such_path(path)
    return found[0] if path.is_legacy else found


documents.container("JSON.DEBUG", summary="For a look at documents.")


@documents.command(
    "JSON.DEBUG MEMORY",
    arity=-3,
    flags="readonly",
    keys="index:2>range:last0/step1/limit0[RO]",
    complexity="O(N) where N is the size of the value",
    summary="Returns about how many bytes of memory the values at a path take.",
    syntax="key [path]",
    acl="json",
)
def json_debug_memory(ctx: Context, argv: list[bytes]) -> object:
    path = path_of(argv[3] if len(argv) > 3 else b".")
    document = read_value(ctx, argv[2], JsonValue)
    if document is None:
        return 0 if path.is_legacy else []
    sizes: list[object] = [measure(match.node)[1] for match in path.find(document.root)]
    if path.is_legacy and not sizes:
        raise no_such_path(path)
    return sizes[0] if path.is_legacy else sizes


@documents.command("JSON.DEBUG HELP", arity=2, flags="readonly", summary="Shows what JSON.DEBUG can do.", acl="json")
def json_debug_help(ctx: Context, argv: list[bytes]) -> object:
    return [b"MEMORY <key> [path] - about how many bytes the values take", b"HELP - this text"]


module = Module("ReJSON", 20000, groups=[documents, arrays, scalars], types=[JsonValue], categories=["json"])
