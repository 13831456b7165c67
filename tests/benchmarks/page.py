"""docs/benchmarks.md: a summary, ratios, versions and the bound of the machine."""

from __future__ import annotations

import platform
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version

import numpy as np
from bench import SUMMARY_BEGIN, SUMMARY_END

from benchmarks.rendering import (
    Lines,
    Row,
    duration,
    peer_names,
    render_bounds,
    render_ratios,
    render_table,
    three_digits,
)

PACKAGES = (
    *("labkit", "numpy", "numba", "jax", "jaxlib", "pennylane", "pennylane-lightning"),
    *("qiskit", "qiskit-aer", "cirq-core", "qsimcirq", "tensorflow", "tensorflow-quantum", "keras"),
)
HEADER = """\
# Benchmarks

Made by `make bench`; do not edit. One thread, one core, one process, where a section says nothing
else. A ratio is the time of a peer over ours, measured in turn. Above 1 ours is faster.
"""
DETAILS = """\
Before it is timed, every result agrees with ours to 1e-4, or the table says how far it is off. A
ratio is given as the median over rounds, with the least and the largest. Compilation and whatever a
peer can prepare once are not counted. Each peer takes the cost in the form it likes best: a table
of 2^n costs, or the same cost as Pauli-Z terms of order 2 (a table can be anything, those cannot).
"""


@dataclass(eq=False)
class Section:
    """What stands under one heading.

    Attributes:
        note: a paragraph.
        rows: ours beside peers.
        lines: any other table.
    """

    note: str = ""
    rows: list[Row] = field(default_factory=list)
    lines: Lines = field(default_factory=list)

    def markdown(self) -> list[str]:
        """Paragraph and tables, those that there are."""
        parts = [f"{self.note}\n"] if self.note else []
        if self.rows:
            parts += [render_ratios(self.rows), render_bounds(self.rows)]
        return [*parts, render_table(self.lines)] if self.lines else parts


@dataclass(eq=False)
class Page:
    """Sections, in the order in which they are measured.

    Attributes:
        bandwidth: bytes per second of a copy that fits in no cache.
        flop_rate: float32 operations per second of sgemm.
        sections: by title.
        absent: peers that were left out, and why.
        shortfalls: what took longer than it should, and what failed.
    """

    bandwidth: float
    flop_rate: float
    sections: dict[str, Section] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)
    shortfalls: list[str] = field(default_factory=list)

    def section(self, title: str) -> Section:
        """The section of this title; a new one the first time."""
        return self.sections.setdefault(title, Section())

    def expect_below(self, what: str, seconds: float, limit: float) -> None:
        """Notes a time that is not below its limit: the page is written, and says so."""
        if not seconds < limit:
            self.shortfalls.append(f"{what}: {duration(seconds)} (limit: {duration(limit)})")

    def markdown(self) -> str:
        """The whole page."""
        parts = [HEADER]
        if self.shortfalls:
            lines = "".join(f"- {line}\n" for line in self.shortfalls)
            parts.append(f"## What falls short\n\n{lines}")
        if short := summary(self):
            parts.append(f"{SUMMARY_BEGIN}\n{short}{SUMMARY_END}\n")
        parts += [DETAILS, self._machine()]
        for title, section in self.sections.items():
            parts += [f"## {title}\n", *section.markdown()]
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


def summary(page: Page) -> str:
    """The least and the median ratio of every peer over the sizes of each section, in Markdown.

    Returns:
        A table, which names the size of the least; '' if no peer was measured.
    """
    lines = []
    for title, section in page.sections.items():
        for i, name in enumerate(peer_names(section.rows)):
            ratios = {
                row.size: float(np.median(c.ratios))
                for row in section.rows
                for c in row.comparisons
                if c.name == name
            }
            where = min(ratios, key=lambda size: ratios[size])
            median = three_digits(float(np.median([*ratios.values()])))
            cells = [name, three_digits(ratios[where]), where, median, str(len(ratios))]
            lines.append(["" if i else title, *cells])
    if not lines:
        return ""
    return render_table([["", "peer", "least ratio", "at", "median ratio", "sizes"], *lines])


def package_version(name: str) -> str | None:
    """The version of an installed package."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None
