"""What a benchmark says in the end: a table for people, csv and json for programs, a plot."""

from __future__ import annotations

import csv
import io
import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

from miniredis.benchmark.histogram import Histogram
from miniredis.benchmark.load import Result, Shape
from miniredis.benchmark.plot import bars

PERCENTS = (50.0, 95.0, 99.0, 99.9)


@dataclass
class Series:
    """The results of one test, a round each: `other` has those of the server compared with, in the same order."""

    name: str
    shape: Shape
    ours: list[Result] = field(default_factory=list)
    other: list[Result] = field(default_factory=list)

    def rps(self) -> float:
        return statistics.median(result.rps for result in self.ours)

    def other_rps(self) -> float:
        return statistics.median(result.rps for result in self.other) if self.other else 0.0

    def ratio(self) -> float:
        """Of the speeds, the median over the rounds; 0 without another server."""
        pairs = zip(self.ours, self.other, strict=True) if self.other else ()
        ratios = [ours.rps / other.rps for ours, other in pairs if other.rps > 0]
        return statistics.median(ratios) if ratios else 0.0

    def latencies(self, of_other: bool = False) -> Histogram:
        """Of all rounds together."""
        together = Histogram()
        for result in self.other if of_other else self.ours:
            together.add(result.latencies)
        return together

    def errors(self) -> list[str]:
        """What went wrong, once for each server."""
        found = []
        for side, results in (("", self.ours), ("the other server: ", self.other)):
            count = sum(result.errors for result in results)
            if count:
                first = next(result.first_error for result in results if result.first_error)
                found.append(f"{side}{count} error replies, the first: {first}")
        return found


def percentiles(histogram: Histogram) -> dict[str, float]:
    """Milliseconds."""
    found = {f"p{percent:g}": histogram.percentile_us(percent) / 1000 for percent in PERCENTS}
    return {
        "mean": round(histogram.mean_us() / 1000, 3),
        "min": histogram.least_us / 1000,
        **found,
        "max": histogram.greatest_us / 1000,
    }


def row(series: Series) -> dict[str, object]:
    """Flat: one line of csv, one object of json."""
    cells: dict[str, object] = {
        "test": series.name,
        "clients": series.shape.clients,
        "pipeline": series.shape.pipeline,
        "rounds": len(series.ours),
        "requests": sum(result.requests for result in series.ours),
        "errors": sum(result.errors for result in series.ours),
        "rps": round(series.rps(), 2),
    }
    cells.update({f"{name}_ms": value for name, value in percentiles(series.latencies()).items()})
    if series.other:
        cells["other_rps"] = round(series.other_rps(), 2)
        cells.update({f"other_{name}_ms": value for name, value in percentiles(series.latencies(True)).items()})
        cells["ratio"] = round(series.ratio(), 3)
    return cells


def as_csv(all_series: Sequence[Series]) -> str:
    rows = [row(series) for series in all_series]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else [], lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def as_json(all_series: Sequence[Series]) -> str:
    return json.dumps([row(series) for series in all_series], indent=1) + "\n"


def table_head(compares: bool) -> str:
    head = f"{'test':<20} {'requests/s':>12} {'p50 ms':>9} {'p99 ms':>9} {'max ms':>9}"
    return head + (f"   {'other':>12} {'p50 ms':>9} {'p99 ms':>9} {'ratio':>7}" if compares else "")


def table_line(series: Series) -> str:
    times = percentiles(series.latencies())
    line = f"{series.name:<20} {series.rps():>12.0f} {times['p50']:>9.3f} {times['p99']:>9.3f} {times['max']:>9.3f}"
    if series.other:
        times = percentiles(series.latencies(True))
        line += f"   {series.other_rps():>12.0f} {times['p50']:>9.3f} {times['p99']:>9.3f} {series.ratio():>6.2f}x"
    return line


def table_end(all_series: Sequence[Series]) -> list[str]:
    """What stands under the table."""
    lines = [f"{series.name}: {text}" for series in all_series for text in series.errors()]
    ratios = [series.ratio() for series in all_series if series.ratio() > 0]
    if ratios:
        worst = min((series for series in all_series if series.ratio() > 0), key=Series.ratio)
        mean = statistics.geometric_mean(ratios)
        lines.append(f"geometric mean {mean:.2f}x; worst: {worst.name} {worst.ratio():.2f}x")
    return lines


def as_plot(all_series: Sequence[Series], title: str) -> str:
    """SVG: ratios beside a line at 1 or, without another server, thousands of requests a second."""
    names = [series.name for series in all_series]
    if all_series and all_series[0].other:
        return bars(f"{title}: speed, other server = 1", names, {"ratio": [series.ratio() for series in all_series]})
    return bars(title, names, {"1,000 requests/s": [series.rps() / 1000 for series in all_series]})
