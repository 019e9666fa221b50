"""Draws who imports whom among the packages, as SVG, from the imports that stand in the source.

The order is that of the list in tests/test_architecture.py.  Each row is a package, each column one that it may import
from, and a square tells how many modules do.  As long as imports go up the list only, nothing is right of the diagonal.
"""

from __future__ import annotations

import ast
from collections import Counter
from html import escape
from pathlib import Path

CELL, LEFT, TOP = 26, 120, 110
INK, PALE, LINE = "#1d4e79", "#f3f6f9", "#c9d3dd"


def order(rules: Path) -> list[str]:
    """`ORDER` in the file of the rules."""
    for node in ast.parse(rules.read_text()).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "ORDER":
            return list(ast.literal_eval(node.value))
    raise ValueError(f"{rules} has no ORDER")


def imports(package: Path) -> Counter[tuple[str, str]]:
    """(importing, imported) package -> in how many modules."""
    found: Counter[tuple[str, str]] = Counter()
    for path in package.rglob("*.py"):
        parts = path.relative_to(package).parts
        if len(parts) < 2:
            continue
        targets = set()
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            words = [name.split(".") for name in names if name.startswith(package.name + ".")]
            targets |= {word[1] for word in words}
        found.update((parts[0], target) for target in targets if target != parts[0])
    return found


def drawing(package: Path) -> str:
    """The diagram of a package whose rules are in tests/test_architecture.py beside it."""
    names = order(package.parent / "tests" / "test_architecture.py")
    counts = imports(package)
    size = CELL * len(names)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + size + 20}" height="{TOP + size + 20}"'
        ' font-family="sans-serif" font-size="12" role="img">',
        "<title>Which package imports from which</title>",
        '<rect width="100%" height="100%" fill="white"/>',
    ]
    for row, name in enumerate(names):
        y = TOP + CELL * row
        x = LEFT + CELL * row
        out.append(f'<text x="{LEFT - 8}" y="{y + 17}" text-anchor="end">{escape(name)}</text>')
        out.append(f'<text transform="translate({x + 17} {TOP - 8}) rotate(-60)">{escape(name)}</text>')
        for column, target in enumerate(names):
            left = LEFT + CELL * column
            fill = LINE if row == column else PALE
            out.append(f'<rect x="{left}" y="{y}" width="{CELL - 1}" height="{CELL - 1}" fill="{fill}"/>')
            count = counts[name, target]
            if count:
                side = min(CELL - 6, 6 + 2 * count)
                at = (CELL - 1 - side) / 2
                out.append(
                    f'<rect x="{left + at}" y="{y + at}" width="{side}" height="{side}" fill="{INK}">'
                    f"<title>{escape(f'{name} imports from {target} in {count} modules')}</title></rect>"
                )
    return "\n".join([*out, "</svg>", ""])
