"""LATENCY GRAPH: spikes drawn as columns of characters, each with its age written downwards below it."""

from __future__ import annotations

from typing import Final

GRAPH_COLUMNS: Final = 80
ROWS: Final = 4
#: From the lowest to the highest third of a row; what is above a row fills it with the bar.
TOPS: Final = b"_o#"
BAR: Final = b"|"
BLANK: Final = b" "
#: (seconds in the unit, its letter, up to which age it is used)
UNITS: Final = ((1, b"s", 60), (60, b"m", 3600), (3600, b"h", 86400))
DAY_S: Final = 86400


def age_label(age_s: int) -> bytes:
    """`age_s` in the largest unit of which it has at least one, such as 5m."""
    for seconds, letter, limit in UNITS:
        if age_s < limit:
            return b"%d" % (age_s // seconds) + letter
    return b"%dd" % (age_s // DAY_S)


def draw_spikes(spikes: list[tuple[int, int]]) -> bytes:
    """Lines that draw (milliseconds, age in seconds) of each spike, oldest first, in blocks as wide as a terminal."""
    lowest = min([spent_ms for spent_ms, _ in spikes])
    span = max([spent_ms for spent_ms, _ in spikes]) - lowest
    steps = ROWS * len(TOPS)
    lines: list[bytes] = []
    for start in range(0, len(spikes), GRAPH_COLUMNS):
        block = spikes[start : start + GRAPH_COLUMNS]
        heights = [min((spent_ms - lowest) * steps // max(span, 1), steps - 1) for spent_ms, _ in block]
        for row in range(ROWS - 1, -1, -1):
            lines.append(b"".join([_cell(height - row * len(TOPS)) for height in heights]))
        labels = [age_label(age_s) for _, age_s in block]
        lines.append(BLANK * len(block))
        for place in range(max([len(label) for label in labels])):
            lines.append(b"".join([label[place : place + 1] or BLANK for label in labels]))
    return b"\n".join(lines) + b"\n"


def _cell(above: int) -> bytes:
    """One character of a column that reaches `above` thirds above the foot of the row."""
    if above < 0:
        return BLANK
    return TOPS[above : above + 1] if above < len(TOPS) else BAR
