"""SHUTDOWN: asks the process around the engine to stop, in order."""

from __future__ import annotations

from miniredis.commands.context import Context
from miniredis.commands.declaration import CommandGroup
from miniredis.dispatch.access import engine_of, session_of
from miniredis.dispatch.gates import GATE_BUSY
from miniredis.resp.errors import error, syntax_error
from miniredis.resp.replies import NO_REPLY, OK

group = CommandGroup("server")


class ShutdownRequest:
    """How to stop.

    `save`: None means as the configuration says; `now`: without waiting for replicas; `force`: whatever fails.
    """

    def __init__(self, save: bool | None, now: bool, force: bool) -> None:
        self.save = save
        self.now = now
        self.force = force


@group.command(
    "SHUTDOWN",
    arity=-1,
    flags="admin noscript loading stale no_multi allow_busy",
    complexity="O(N) when saving, where N is the total number of keys in all databases when saving data",
    summary="Stops the server.",
    syntax="[NOSAVE | SAVE] [NOW] [FORCE] [ABORT]",
)
def shutdown(ctx: Context, argv: list[bytes]) -> object:
    save: bool | None = None
    now = force = abort = False
    for word in argv[1:]:
        option = word.lower()
        if option in (b"save", b"nosave") and save is None:
            save = option == b"save"
        elif option == b"now":
            now = True
        elif option == b"force":
            force = True
        elif option == b"abort":
            abort = True
        else:
            raise syntax_error()
    if abort and len(argv) > 2:
        raise syntax_error()
    engine = engine_of(ctx)
    if abort:
        if engine.abort_shutdown is None or not engine.abort_shutdown():
            raise error(b"No shutdown in progress.")
        return OK
    if engine.gates & GATE_BUSY and save is not False:
        engine.rules[GATE_BUSY].apply(session_of(ctx), engine.commands.by_name[b"shutdown"], argv)
    if engine.shutdown is None:
        raise error(b"Errors trying to SHUTDOWN. Check logs.")
    client_id = session_of(ctx).id
    engine.log_client("warning", f"User requested shutdown by client {client_id}...", client_id)
    waiting = engine.shutdown(ShutdownRequest(save, now, force))
    if waiting is not None:
        return waiting  # for replicas
    if engine.end_script is not None:
        engine.end_script()
    return NO_REPLY
