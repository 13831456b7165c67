"""Rows of measurements as tables in Markdown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.measuring import TOLERANCE, Comparison, FloatArray
from benchmarks.roofline import Bound

#: Cells of a table, its headings first.
Lines = list[list[str]]


@dataclass(frozen=True, eq=False)
class Row:
    """One size: ours, its bound, and the peers.

    Attributes:
        size: such as 'n = 8, p = 3'.
        our_seconds: the median.
        bound: the least time that the machine allows.
        bandwidth: bytes per second of a copy of this size, which the bound goes by.
        comparisons: one for each peer.
    """

    size: str
    our_seconds: float
    bound: Bound
    bandwidth: float
    comparisons: Sequence[Comparison]


def render_table(lines: Lines) -> str:
    """Cells as Markdown, headings in the first line."""
    heading, *rest = lines
    ruled = [heading, ["---"] * len(heading), *rest]
    return "\n".join(f"| {' | '.join(line)} |" for line in ruled) + "\n"


def peer_names(rows: Sequence[Row]) -> list[str]:
    """Every peer of some row, once."""
    return list(dict.fromkeys(c.name for row in rows for c in row.comparisons))


def render_ratios(rows: Sequence[Row]) -> str:
    """A table with a line for each size and a column for each peer; '-' where it was not run."""
    names = peer_names(rows)
    lines = [["", "ours", *names]]
    for row in rows:
        cells = {c.name: ratio_cell(c) for c in row.comparisons}
        lines.append([row.size, duration(row.our_seconds), *(cells.get(n, "-") for n in names)])
    return render_table(lines)


def render_bounds(rows: Sequence[Row]) -> str:
    """A table of how near ours comes to what the machine allows."""
    lines = [["", "bound", "limited by", "copy", "share of the bound reached"]]
    for row in rows:
        share = row.bound.seconds / row.our_seconds
        copy = f"{row.bandwidth / 1e9:.3g} GB/s"
        least, limit = duration(row.bound.seconds), row.bound.limited_by
        lines.append([row.size, least, limit, copy, f"{share:.1%}"])
    return render_table(lines)


def ratio_cell(comparison: Comparison) -> str:
    """Median, least and largest ratio, the form of the cost, and how far the result is off."""
    off = f", off by {comparison.difference:.0e}" if comparison.difference > TOLERANCE else ""
    return f"{ratios_in_words(comparison.ratios)}, {comparison.form}{off}"


def ratios_in_words(ratios: FloatArray) -> str:
    """Median (least-largest)."""
    median, least, most = (
        three_digits(float(r)) for r in (np.median(ratios), ratios.min(), ratios.max())
    )
    return f"{median} ({least}-{most})"


def three_digits(value: float) -> str:
    """A number above 0 rounded to three digits, without an exponent if it is large."""
    if value < 999.5:
        return f"{value:.3g}"
    return f"{round(value, 2 - math.floor(math.log10(value))):,.0f}"


def duration(seconds: float) -> str:
    """Three digits, in µs, ms or s."""
    for unit, factor in (("µs", 1e6), ("ms", 1e3)):
        if seconds * factor < 999.5:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds:.3g} s"
