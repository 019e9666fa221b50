"""A bar chart as SVG, without libraries: groups of bars beside each other, and a line at 1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

COLOURS = ("#3b6ea5", "#e08e45", "#5b9a68", "#a5559b")
LEFT, TOP, BOTTOM, HEIGHT = 50, 60, 70, 260


def bars(title: str, groups: Sequence[str], series: Mapping[str, Sequence[float]]) -> str:
    """`series` maps a name to one value for each group."""
    group_width = 26 * len(series) + 18
    width = LEFT + group_width * len(groups) + 20
    top_value = max([1.1, *(value for values in series.values() for value in values)]) * 1.1

    def y(value: float) -> float:
        return TOP + HEIGHT * (1 - value / top_value)

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{TOP + HEIGHT + BOTTOM}"'
        ' font-family="sans-serif" font-size="12" role="img">',
        f"<title>{escape(title)}</title>",
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="{LEFT}" y="20" font-size="15">{escape(title)}</text>',
    ]
    for place, name in enumerate(series):
        x = LEFT + 130 * place
        out.append(f'<rect x="{x}" y="32" width="12" height="12" fill="{COLOURS[place % len(COLOURS)]}"/>')
        out.append(f'<text x="{x + 18}" y="43">{escape(name)}</text>')
    step = 0.25 if top_value < 2.5 else 1.0
    ticks = int(top_value / step)
    for tick in range(ticks + 1):
        value = tick * step
        look = 'stroke="#333" stroke-dasharray="4 3"' if value == 1.0 else 'stroke="#ddd"'
        out.append(f'<line x1="{LEFT}" x2="{width - 10}" y1="{y(value):.1f}" y2="{y(value):.1f}" {look}/>')
        out.append(f'<text x="{LEFT - 6}" y="{y(value) + 4:.1f}" text-anchor="end">{value:g}</text>')
    for number, group in enumerate(groups):
        left = LEFT + group_width * number + 9
        for place, values in enumerate(series.values()):
            x, value = left + 26 * place, values[number]
            out.append(
                f'<rect x="{x}" y="{y(value):.1f}" width="24" height="{y(0) - y(value):.1f}"'
                f' fill="{COLOURS[place % len(COLOURS)]}"/>'
            )
            out.append(
                f'<text x="{x + 12}" y="{y(value) - 3:.1f}" font-size="9" text-anchor="middle">{value:.2f}</text>'
            )
        middle = left + 13 * len(series)
        out.append(
            f'<text x="{middle}" y="{y(0) + 14:.1f}" text-anchor="end"'
            f' transform="rotate(-35 {middle} {y(0) + 14:.1f})">{escape(group)}</text>'
        )
    return "\n".join([*out, "</svg>", ""])
