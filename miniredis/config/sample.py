"""The commented default configuration, `tap.conf`, written from the table of directives.

A test keeps the file and this text equal, and says how to write it anew.
"""

from __future__ import annotations

from textwrap import wrap
from typing import Final

from miniredis.config.directive import Directive
from miniredis.config.directives import GROUPS
from miniredis.config.rewriter import written_line

_HEAD: Final = """\
# The configuration of miniredis, in the syntax of redis.conf.
#
# Every directive that does something stands here with its default, so that an empty file means the same as this
# one. Start with it:
#
#     twistd -n miniredis tap.conf
#     miniredis-server tap.conf --port 7777
#
# One directive a line, then its words. A word in double quotes may hold blanks and escapes: \\n \\r \\t \\" \\\\ and
# \\xHH for any byte; in single quotes only \\' is an escape. A # begins a comment at the start of a line only.
#
# Where a number of bytes is asked for, units may follow, in any case:
#
#     1k 1000 bytes          1kb 1024 bytes
#     1m 1000000 bytes       1mb 1024*1024 bytes
#     1g 1000000000 bytes    1gb 1024*1024*1024 bytes
#
# Most directives can be changed while the server runs, by CONFIG SET, and CONFIG REWRITE brings this file up to date
# without losing its comments. Those marked (start) are read at the start only.
"""

#: What a directive that takes lines looks like, as it has no default to show.
_EXAMPLES: Final = {
    "include": ["include conf.d/*.conf"],
    "loadmodule": ["loadmodule miniredis.modules.json"],
    "rename-command": ["rename-command FLUSHALL flush-all-of-it", 'rename-command DEBUG ""'],
    "user": ["user reader on >secret ~cache:* +@read"],
    "sentinel": ["sentinel monitor mymaster 127.0.0.1 6379 2"],
    "replicaof": ["replicaof 127.0.0.1 6380"],
}


def default_lines(directive: Directive) -> list[str]:
    """The lines that say what holds anyway; examples in comments where there is no such line."""
    if directive.name in _EXAMPLES:
        return ["# " + line for line in _EXAMPLES[directive.name]]
    return [written_line(directive.name, words).decode() for words in directive.kind.lines(directive.default)]


def sample_text() -> str:
    """The whole file."""
    lines = [_HEAD]
    for group in GROUPS:
        shown = [directive for directive in group.directives if directive.used and not directive.hidden]
        if not shown:
            continue
        lines += ["", "#" * 30 + " " + group.title, ""]
        if group.text:
            lines += ["# " + line for line in wrap(group.text, 110)]
            lines.append("")
        for directive in shown:
            summary = directive.summary + (" (start)" if directive.fixed else "")
            lines += ["# " + line for line in wrap(summary, 110)]
            if directive.file_only or directive.kind.describe() not in ("text", "path"):
                lines.append(f"#   {directive.name} {directive.kind.describe()}")
            lines += default_lines(directive)
            lines.append("")
    return "\n".join(lines)
