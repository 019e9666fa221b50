"""Finds the code blocks of a page of the documentation, and what each of them is.

A block says its language (`.. code-block:: console`).  One with a caption is a file of that name.  A literal block that
`::` introduces has no language, and is found so that a test can refuse it.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: Written by hand, and shown to users; what is generated has no blocks.
PAGES = sorted([*(ROOT / "docs").glob("*.rst"), *ROOT.glob("*.rst")])

_DIRECTIVE = re.compile(r"( *)\.\. (?:code-block|code|sourcecode):: *(\S*) *$")
_OPTION = re.compile(r" +:([\w-]+): *(.*)$")
_COMMENT_OR_DIRECTIVE = re.compile(r" *\.\. ")


@dataclass(frozen=True)
class Block:
    """`line` counts from 1; `text` has lost its indent and ends with a line break."""

    page: str
    line: int
    language: str
    caption: str
    text: str

    @property
    def first_line(self) -> str:
        return self.text.split("\n", 1)[0]

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks_of(path: Path) -> list[Block]:
    """The blocks of a page, in its order."""
    return blocks_in(path.read_text(), path.name)


def blocks_in(text: str, page: str) -> list[Block]:
    lines = text.split("\n")
    found = []
    number = 0
    while number < len(lines):
        line = lines[number]
        number += 1
        directive = _DIRECTIVE.match(line)
        if directive is None and (not line.rstrip().endswith("::") or _COMMENT_OR_DIRECTIVE.match(line)):
            continue
        start = number
        indent = len(line) - len(line.lstrip())
        caption = ""
        while directive is not None and (option := _OPTION.match(lines[number])):
            caption = option.group(2) if option.group(1) == "caption" else caption
            number += 1
        body = []
        while number < len(lines) and (not lines[number].strip() or _indent(lines[number]) > indent):
            body.append(lines[number])
            number += 1
        content = textwrap.dedent("\n".join(body)).strip("\n") + "\n"
        found.append(Block(page, start, directive.group(2) if directive else "", caption, content))
    return found


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
