"""Fail unless coverage is what was promised: `coverage_gate.py COVERAGE.JSON`.

100% of the lines of the packages in COMPLETE; 95% of everything, lines and branches together.  What is excluded from
the count is listed in setup.cfg ([coverage:report]) and printed.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path

COMPLETE = ("resp", "config", "datatypes", "formats", "dispatch")
WHOLE_PERCENT = 95.0


def check(report: dict[str, object]) -> int:
    files = report["files"]
    assert isinstance(files, dict)
    lines: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    missing: list[str] = []
    excluded = 0
    for name, entry in sorted(files.items()):
        parts = Path(name).parts
        package = parts[1] if len(parts) > 2 else "(top)"
        summary = entry["summary"]
        for place, key in enumerate(("covered_lines", "num_statements", "covered_branches", "num_branches")):
            lines[package][place] += summary.get(key, 0)
        excluded += summary["excluded_lines"]
        if package in COMPLETE and entry["missing_lines"]:
            missing.append(f"  {name}: lines {', '.join(map(str, entry['missing_lines']))}")
    print(f"{'package':<14}{'lines':>14}{'':>8}{'branches':>16}")
    for package, (covered, statements, taken, branches) in sorted(lines.items()):
        if statements:
            share = f"{100 * covered / statements:7.2f}%"
            print(f"{package:<14}{covered:>7}/{statements:<6}{share}{taken:>10}/{branches:<6}")
    covered, statements, taken, branches = (sum(column) for column in zip(*lines.values(), strict=True))
    whole = 100.0 * (covered + taken) / max(statements + branches, 1)
    print(f"as a whole {whole:.2f}%: lines {covered}/{statements}, branches {taken}/{branches}; {excluded} excluded")
    failed = 0
    if missing:
        print(f"not every line of {', '.join(COMPLETE)} was run:\n" + "\n".join(missing))
        failed = 1
    if whole < WHOLE_PERCENT:
        print(f"{whole:.2f}% is below {WHOLE_PERCENT}%")
        failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(check(json.loads(Path(sys.argv[1]).read_text())))
