"""Every target, by name."""

from __future__ import annotations

from typing import Final

from fuzz import calls, streams, texts, values
from fuzz.loop import Target

TARGETS: Final[dict[str, Target]] = {
    target.name: target
    for target in (
        streams.REQUESTS, streams.REPLIES, values.RESTORE, streams.RDB, streams.AOF, texts.MANIFEST, texts.CONFIG,
        texts.ACL, texts.FRAMES, texts.NODES, texts.SENTINEL, texts.GLOB, texts.LUA, calls.CALLS,
    )
}  # fmt: skip
