"""A module as a user would write it, for the tests: a type, commands that do well and commands that do not."""

from __future__ import annotations

from twisted.internet.defer import Deferred, fail

from miniredis.commands.key_specs import CHANGE_KEY, READ_KEY
from miniredis.config.values import Integer
from miniredis.modules.api import (
    NOT_READY,
    NOTIFY_MODULE,
    CommandGroup,
    Context,
    Directive,
    ItemReader,
    ItemWriter,
    LoadRefused,
    Module,
    ModuleServer,
    ModuleValue,
    call_commands,
    read_value,
    server_of,
    write_value,
)
from miniredis.resp.replies import Attribute, MapReply, Push, SetReply, Several, Status

group = CommandGroup("module")


class Tally(ModuleValue):
    """A count with a name."""

    TYPE = "tally-val"
    ENCODING = 3
    OLDEST_ENCODING = 2

    def __init__(self, count: int, name: bytes, share: float = 0.5) -> None:
        self.count = count
        self.name = name
        self.share = share

    def save(self, items: ItemWriter) -> None:
        if self.name == b"unsaveable":
            raise RuntimeError("this one cannot be saved")
        items.number(self.count)
        items.string(self.name)
        items.double(self.share)
        items.unsigned(1 << 63)

    @classmethod
    def load(cls, items: ItemReader, encoding: int) -> ModuleValue:
        found = cls(items.number(), items.string())
        if encoding == 3:
            found.share = items.double()
            assert items.unsigned() == 1 << 63
        return found


@group.command("TALLY.ADD", arity=-3, flags="write denyoom fast", keys=CHANGE_KEY, acl="tally", syntax="key amount")
def add(ctx: Context, argv: list[bytes]) -> object:
    tally = write_value(ctx, argv[1], Tally) or Tally(0, argv[3] if len(argv) > 3 else b"plain")
    tally.count += int(argv[2])
    ctx.db.put(argv[1], tally)
    ctx.changed(NOTIFY_MODULE, b"tally.add", argv[1])
    return tally.count


@group.command("TALLY.GET", arity=2, flags="readonly fast", keys=READ_KEY, acl="tally")
def get(ctx: Context, argv: list[bytes]) -> object:
    tally = read_value(ctx, argv[1], Tally)
    return None if tally is None else [tally.count, tally.name, tally.share]


@group.command("TALLY.WAIT", arity=3, flags="readonly blocking", keys=READ_KEY)
def wait(ctx: Context, argv: list[bytes]) -> object:
    """Waits until the count is no less than a number."""

    def serve(ctx: Context, key: bytes) -> object:
        tally = read_value(ctx, key, Tally)
        return tally.count if tally is not None and tally.count >= int(argv[2]) else NOT_READY

    found = serve(ctx, argv[1])
    return ctx.wait_for_keys([argv[1]], 5000, serve, None) if found is NOT_READY else found


@group.command("TALLY.LATER", arity=2)
def later(ctx: Context, argv: list[bytes]) -> object:
    deferred: Deferred[object] = Deferred()
    server_of(ctx, "tally").call_later(float(argv[1]), lambda own: deferred.callback(b"later"))
    return deferred


@group.command("TALLY.LATERBAD", arity=1)
def later_bad(ctx: Context, argv: list[bytes]) -> object:
    return fail(RuntimeError("later")) if ctx.may_block else Deferred()


@group.command("TALLY.TWICE", arity=3, flags="write", keys=CHANGE_KEY)
def twice(ctx: Context, argv: list[bytes]) -> object:
    return call_commands(ctx, [[b"INCR", argv[1]], [b"APPEND", argv[1], argv[2]]])


@group.command("TALLY.CALL", arity=-2, flags="write")
def call(ctx: Context, argv: list[bytes]) -> object:
    return call_commands(ctx, [argv[1:]])[0]


@group.command("TALLY.BREAK", arity=-1)
def break_(ctx: Context, argv: list[bytes]) -> object:
    if argv[1:] == [b"exit"]:
        raise SystemExit(3)
    if argv[1:] == [b"reply"]:
        return [1, {"no": "reply"}]
    raise KeyError("a defect")


@group.command("TALLY.REPLIES", arity=1)
def replies(ctx: Context, argv: list[bytes]) -> object:
    return [
        MapReply([b"a", None]),
        SetReply([1, True]),
        Push([b"p"]),
        Several([1]),
        Attribute([b"k", b"v"], Status(b"fine")),
    ]


@group.command("TALLY.BOX PUT", arity=3)
def box_put(ctx: Context, argv: list[bytes]) -> object:
    return argv[2]


group.container("TALLY.BOX")

events: list[tuple[int, int, bytes, bytes]] = []
stopped: list[bytes] = []


def start(server: ModuleServer) -> None:
    if server.arguments == [b"refuse"]:
        raise LoadRefused("it was told to")
    if server.arguments == [b"break"]:
        raise KeyError("a defect")
    server.state = 0
    server.on_event(lambda db, kind, name, key: events.append((db, kind, name, key)))

    def tick(ctx: Context) -> None:
        assert isinstance(server.state, int)
        server.state += 1
        if server.state == 1:
            raise KeyError("the first always fails")
        ctx.db.put(b"ticks", b"%d" % server.state)
        ctx.replay_as([b"SET", b"ticks", b"%d" % server.state])
        ctx.touch(b"ticks")

    if server.arguments == [b"tick"]:
        server.call_every(1.0, tick)


def stop(server: ModuleServer) -> None:
    stopped.append(server.module.name.encode())


module = Module(
    "tally",
    7,
    groups=[group],
    types=[Tally],
    categories=["tally"],
    directives=[Directive("tally.most", Integer(0, 100), "10", "The most.", "own fixed")],
    start=start,
    stop=stop,
)
