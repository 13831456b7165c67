"""What every measurement shares: its seeds, its table, its spread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from labkit.baselines import train_networks
from labkit.datasets import Task

DOCS = Path(__file__).resolve().parents[1] / "docs"
SEEDS = range(20)
Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Section:
    """A table of measurements.

    Attributes:
        title: of the section.
        remark: how it was measured.
        columns: their names.
        rows: as many cells each.
    """

    title: str
    remark: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    def markdown(self) -> str:
        """Title, remark and table."""
        lines = [self.columns, ["---"] * len(self.columns), *self.rows]
        table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
        return f"## {self.title}\n\n{self.remark}\n\n{table}\n"


def spread(values: Sequence[float] | Values, form: str = ".3f") -> str:
    """Mean ± standard deviation."""
    return f"{np.mean(values):{form}} ± {np.std(values, ddof=1):{form}}"


def generator(seed: int) -> np.random.Generator:
    """The random generator of a run."""
    return np.random.default_rng(seed)


def trained_accuracy(task: Task, n_hidden: int) -> Values:
    """Test accuracy of 20 trained networks."""
    return train_networks(task, n_hidden, n_networks=len(SEEDS), seed=0).test_accuracy
