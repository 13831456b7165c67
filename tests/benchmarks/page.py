"""docs/benchmarks.md: ratios, versions and the bound of the machine."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from benchmarks.measuring import TOLERANCE, Comparison
from benchmarks.roofline import Bound

PACKAGES = (
    *("labkit", "numpy", "numba", "jax", "jaxlib", "pennylane", "pennylane-lightning"),
    *("qiskit", "qiskit-aer", "cirq-core", "qsimcirq", "tensorflow", "tensorflow-quantum", "keras"),
)
HEADER = """\
# Benchmarks

Made by `make bench`; do not edit. One thread, one core, one process. Before it is timed, every
result agrees with ours to 1e-4, or the table says how far it is off. A ratio is the time of a peer
over ours, measured in turn: the median over rounds, with the least and the largest. Above 1 ours is
faster. Compilation and whatever a peer can prepare once are not counted. Each peer takes the cost
in the form it likes best: a table of 2^n costs, or the same cost as Pauli-Z terms of order 2 (a
table can be anything, those cannot).
"""


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


@dataclass(eq=False)
class Page:
    """Sections of rows, in the order in which they are measured.

    Attributes:
        bandwidth: bytes per second of a copy that fits in no cache.
        flop_rate: float32 operations per second of sgemm.
        sections: rows by title.
        absent: peers that were left out, and why.
    """

    bandwidth: float
    flop_rate: float
    sections: dict[str, list[Row]] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)

    def add(self, title: str, row: Row) -> None:
        """Appends a row to a section."""
        self.sections.setdefault(title, []).append(row)

    def markdown(self) -> str:
        """The whole page."""
        parts = [HEADER, self._machine()]
        for title, rows in self.sections.items():
            parts += [f"## {title}\n", render_ratios(rows), render_bounds(rows)]
        return "\n".join(parts)

    def _machine(self) -> str:
        found = "; ".join(f"{name} {at}" for name in PACKAGES if (at := package_version(name)))
        system = f"{platform.system()} {platform.machine()}"
        lines = [
            f"Python {platform.python_version()}, {system}: {found}.",
            "",
            f"Of the machine, on one core: {self.bandwidth / 1e9:.3g} GB/s for a copy in memory "
            f"(read and written), {self.flop_rate / 1e9:.3g} Gflop/s for a float32 matrix product.",
            "The bound of a computation is the larger of its bytes over the bandwidth of a copy of "
            "its size and its operations over the rate of a matrix product; the formulas are in "
            "`tests/benchmarks/roofline.py`.",
            *(f"\nLeft out: {name} ({reason})." for name, reason in self.absent.items()),
        ]
        return "\n".join(lines) + "\n"


def render_ratios(rows: Sequence[Row]) -> str:
    """A table with a line for each size and a column for each peer; '-' where it was not run."""
    names = list(dict.fromkeys(c.name for row in rows for c in row.comparisons))
    lines = [["", "ours", *names], ["---"] * (2 + len(names))]
    for row in rows:
        cells = {c.name: ratio_cell(c) for c in row.comparisons}
        lines.append([row.size, duration(row.our_seconds), *(cells.get(n, "-") for n in names)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def render_bounds(rows: Sequence[Row]) -> str:
    """A table of how near ours comes to what the machine allows."""
    lines = [["", "bound", "limited by", "copy", "share of the bound reached"], ["---"] * 5]
    for row in rows:
        share = row.bound.seconds / row.our_seconds
        copy = f"{row.bandwidth / 1e9:.3g} GB/s"
        least, limit = duration(row.bound.seconds), row.bound.limited_by
        lines.append([row.size, least, limit, copy, f"{share:.1%}"])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def ratio_cell(comparison: Comparison) -> str:
    """Median, least and largest ratio, the form of the cost, and how far the result is off."""
    ratios = comparison.ratios
    median, least, most = np.median(ratios), ratios.min(), ratios.max()
    off = f", off by {comparison.difference:.0e}" if comparison.difference > TOLERANCE else ""
    return f"{median:.3g} ({least:.3g}-{most:.3g}), {comparison.form}{off}"


def duration(seconds: float) -> str:
    """Three digits, in µs, ms or s."""
    for unit, factor in (("µs", 1e6), ("ms", 1e3)):
        if seconds * factor < 999.5:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds:.3g} s"


def package_version(name: str) -> str | None:
    """The version of an installed package."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None
