"""The replies of the HELP subcommands, made from one table for each container."""

from __future__ import annotations

from miniredis.resp.replies import Status


def help_reply(container: str, lines: tuple[tuple[str, str], ...]) -> list[object]:
    """`lines`: (the words of a subcommand, what it does)."""
    texts = [f"{container} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"]
    for words, meaning in lines:
        texts += [words, "    " + meaning]
    texts += ["HELP", "    Show this text."]
    return [Status(text.encode()) for text in texts]
