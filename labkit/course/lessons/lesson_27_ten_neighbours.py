"""Notebook 27: what ten lessons measured, side by side, from their records; its exercises."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labkit.arrays import FloatArray
from labkit.course.checking import compare_function, exercise, number_exercise
from labkit.course.recorded import recorded, records_folder

if TYPE_CHECKING:
    import pandas as pd

#: What a paper may share with this course.
OBJECTS = ("mask", "cost", "random network", "circuit", "ledger")
#: A lead of fewer standard errors is none.
ERRORS = 2
#: What a bill adds up, of the ledgers of records.
COUNTED = ("cost_queries", "oracle_calls", "shots", "forward_passes", "backward_passes")


@dataclass(frozen=True)
class Neighbour:
    """A paper beside this course.

    Attributes:
        number: of its lesson.
        arxiv: its number there.
        says: in our words, of random networks and of choosing in them, as far as we know it.
        shares: which of `OBJECTS` it shares, in our reading.
    """

    number: str
    arxiv: str
    says: str
    shares: tuple[str, ...]


NEIGHBOURS = (
    Neighbour("17", "2210.12707", "HHL gives information that helps to find binary weights",
              ("mask", "cost", "circuit", "ledger")),
    Neighbour("18", "2303.05860", "a variational circuit as the input layer of a network",
              ("mask", "cost", "random network", "circuit", "ledger")),
    Neighbour("19", "2107.09200", "a wide network, trained, is a linear system for HHL",
              ("mask", "random network", "circuit", "ledger")),
    Neighbour("20", "2410.19987", "random neurons, and read-outs solved stage by stage",
              ("mask", "cost", "random network", "ledger")),
    Neighbour("21", "2108.00207", "two random layers, wide enough, separate two classes",
              ("mask", "cost", "random network", "circuit", "ledger")),
    Neighbour("22", "2009.08695", "weights of few bits are searched by a gradient",
              ("mask", "cost", "random network", "circuit", "ledger")),
    Neighbour("23", "2111.00392", "complex weights make better convolutional filters",
              ("mask", "cost", "random network", "circuit", "ledger")),
    Neighbour("24", "2403.08609", "adaptive samplers are biased, even for vanishing steps",
              ("mask", "cost", "random network", "ledger")),
    Neighbour("25", "2212.11296", "vector quantisation reuses values of a wave function",
              ("mask", "cost", "random network", "ledger")),
    Neighbour("26", "2306.02300", "large kernels tell chaotic series, and their periods say why",
              ("mask", "cost", "random network", "ledger")),
)  # fmt: skip
BY_LESSON = {neighbour.number: neighbour for neighbour in NEIGHBOURS}


@dataclass(frozen=True, eq=False)
class Contest:
    """Two ways to the same end, on the same seeds.

    Attributes:
        number: of the lesson.
        side: of the paper, or a mask.
        rival: the plain way.
        measured: in what.
        gaps: float64 (seeds,), above 0 where `side` is better.
    """

    number: str
    side: str
    rival: str
    measured: str
    gaps: FloatArray

    @property
    def lead(self) -> float:
        """The mean of the gaps in units of its standard error, see `lead_in_errors`."""
        return lead_in_errors(self.gaps)

    @property
    def outcome(self) -> str:
        """'ahead' or 'behind' by more than `ERRORS` standard errors, else 'even'."""
        return "even" if abs(self.lead) <= ERRORS else "ahead" if self.lead > 0 else "behind"


@dataclass(frozen=True, eq=False)
class Held:
    """Bits across a cut, by a whole register or kernel and by a local choice of the same thing.

    Attributes:
        number: of the lesson.
        what: is chosen or solved, and how locally.
        whole: bits, float64 (seeds,).
        local: bits on the same seeds.
        price: what being local costs, as measured there.
    """

    number: str
    what: str
    whole: FloatArray
    local: FloatArray
    price: str

    @property
    def outcome(self) -> str:
        """'fewer', 'as many' or 'more' bits by the local choice, see `lead_in_errors`."""
        lead = lead_in_errors(self.whole - self.local)
        return "as many" if abs(lead) <= ERRORS else "fewer" if lead > 0 else "more"


def lead_in_errors(gaps: FloatArray) -> float:
    """mean / (s / sqrt(n)) of gaps (n,): how many standard errors the mean is away from 0.

    Infinite where all gaps are equal, and not 0.
    """
    mean = float(np.mean(gaps))
    error = float(np.std(gaps, ddof=1)) / math.sqrt(len(gaps))
    if error <= 1e-12 * abs(mean):
        return math.copysign(math.inf, mean) if mean else 0.0
    return mean / error


def count_outcomes(outcomes: Iterable[str]) -> dict[str, int]:
    """Outcome -> how often, most frequent first."""
    return dict(Counter(outcomes).most_common())


def find_seeds(runs: pd.DataFrame, column: str, **parameters: Any) -> FloatArray:
    """A column of the runs with these parameters, by seed, float64 (seeds,)."""
    for name, value in parameters.items():
        given = runs[f"parameters.{name}"]
        runs = runs[given.isna() if value is None else given == value]
    return runs.sort_values("seed")[column].to_numpy(np.float64)


def mean_over(values: Iterable[FloatArray]) -> FloatArray:
    """The mean over tasks or sizes, seed by seed: (seeds,) of several (seeds,)."""
    return np.mean([*values], axis=0)


def bills_of_records() -> dict[str, dict[str, float]]:
    """Lesson -> what its records took: runs, counts of `COUNTED`, and seconds by the clock."""
    bills = {}
    for number in BY_LESSON:
        names = sorted(path.stem for path in records_folder().glob(f"{number}_*.toml"))
        runs = [recorded(name).runs for name in names]
        bill = {"runs": float(sum(map(len, runs)))}
        bill |= {what: float(sum(_total(of, f"ledger.{what}") for of in runs)) for what in COUNTED}
        bills[number] = {**bill, "seconds": float(sum(_total(of, "seconds") for of in runs))}
    return bills


def _total(runs: pd.DataFrame, column: str) -> float:
    return float(runs[column].sum()) if column in runs else 0.0


@exercise("27-1")
def lead_of_gaps(answer: Any) -> str | None:
    """A function (gaps) -> their mean in units of its standard error."""
    rng = np.random.default_rng(27)
    cases = [(np.round(rng.normal(0.3, 1, n), 2),) for n in (2, 3, 10)]
    return compare_function(answer, lead_in_errors, cases, "Of the gaps {} the lead")


_BEYOND = math.erfc(ERRORS / math.sqrt(2))
# of twenty contests without any difference
number_exercise(
    "27-2",
    20 * _BEYOND,
    "What is the chance that a normal number is more than two deviations from its mean? On either "
    "side.",
    tolerance=5e-3,
    slips={
        20 * _BEYOND / 2: "That counts those ahead alone; as many are behind by chance.",
        1.0: "That is 5% of twenty, for 1.96 standard errors; two are a little more.",
        1 - (1 - _BEYOND) ** 20: "That is the chance that there is any; how many are there?",
    },
)


@exercise("27-3")
def bound_of_blocks(answer: Any) -> str | None:
    """A function (n, k) -> the most bits across any cut that a block of k of n neurons can hold."""
    cases = [(12, 12), (12, 4), (15, 5), (16, 1), (6, 8)]
    what = "For {} neurons in blocks of {} the bound"
    return compare_function(answer, lambda n, k: min(n, k) // 2, cases, what)
