"""From the context of a command to the session and the engine behind it, for commands about these."""

from __future__ import annotations

from miniredis.commands.context import Context
from miniredis.dispatch.executor import Engine
from miniredis.dispatch.session import Session


def session_of(ctx: Context) -> Session:
    session = ctx.client
    assert isinstance(session, Session)
    return session


def engine_of(ctx: Context) -> Engine:
    engine = ctx.server
    assert isinstance(engine, Engine)
    return engine
