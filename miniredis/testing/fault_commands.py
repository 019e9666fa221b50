"""FAULT: faults of a test server set by its clients, in whatever language they are written.  No other server has it.

    FAULT ADD DELAY seconds | DROP | LOSE | ERROR message | TRUNCATE bytes | RESET
          [COMMAND name] [CLIENT id-or-name] [NTH n] [TIMES n]      -> the number of the fault
    FAULT DEL number | LIST | CLEAR

`NTH n`: from the n-th matching call on (1); `TIMES n`: so often (1), 0 for ever.
"""

from __future__ import annotations

from miniredis.commands.context import Context
from miniredis.commands.declaration import CommandGroup
from miniredis.dispatch.access import engine_of
from miniredis.dispatch.gates import GATE_INTERCEPTED
from miniredis.resp.errors import ReplyError
from miniredis.resp.replies import OK
from miniredis.testing.faults import KINDS, FaultRule

fault_group = CommandGroup("server")

SYNTAX = b"ERR syntax error"


@fault_group.command(
    "FAULT",
    arity=-2,
    flags="admin noscript loading stale fast no_multi allow_busy",
    since="1.0.0",
    summary="Sets, lists and clears faults of a test server.",
    syntax="ADD kind [argument] [COMMAND name] [CLIENT client] [NTH n] [TIMES n] | DEL number | LIST | CLEAR",
)
def fault(ctx: Context, argv: list[bytes]) -> object:
    rule = engine_of(ctx).rules[GATE_INTERCEPTED]
    assert isinstance(rule, FaultRule)
    what = argv[1].lower()
    if what == b"add" and len(argv) > 2:
        return _add(rule, argv[2:])
    if what == b"list" and len(argv) == 2:
        return [[each.number, each.describe().encode()] for each in rule.faults]
    if what == b"clear" and len(argv) == 2:
        rule.clear()
        return OK
    if what == b"del" and len(argv) == 3:
        for each in rule.faults:
            if argv[2] == b"%d" % each.number:
                rule.remove(each)
                return 1
        return 0
    raise ReplyError(SYNTAX)


def _add(rule: FaultRule, words: list[bytes]) -> int:
    kind = words[0].lower().decode("latin-1")
    if kind not in KINDS:
        raise ReplyError(SYNTAX)
    takes = KINDS[kind]
    rest = words[1:]
    argument: float | bytes | None = None
    try:
        if takes is not None:
            word = rest.pop(0)
            argument = takes(word)
        options = {name.lower(): value for name, value in zip(rest[::2], rest[1::2], strict=True)}
        command = options.pop(b"command", None)
        client = options.pop(b"client", None)
        nth = int(options.pop(b"nth", b"1"))
        times = int(options.pop(b"times", b"1"))
        if options:
            raise ValueError("unknown option")
        who = None if client is None else int(client) if client.isdigit() else client.decode()
        name = None if command is None else command.decode()
        return rule.add(kind, argument, name, who, nth, times or None).number
    except (ValueError, IndexError) as problem:
        raise ReplyError(SYNTAX) from problem
