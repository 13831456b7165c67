"""A cost that is watched while a selector searches it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from labkit.costs import CostTable
from labkit.masks import masks_to_indices


class WatchedCost:
    """A cost that keeps the index of each mask it is asked for, but for tables made of it."""

    def __init__(self, table: CostTable) -> None:
        self.table = table
        self.n_neurons = table.n_neurons
        self.order = table.order
        self.asked: list[int] = []

    def evaluate(self, neuron_masks: npt.ArrayLike) -> npt.NDArray[np.float64]:
        indices = masks_to_indices(neuron_masks)
        self.asked.extend(np.atleast_1d(indices).tolist())
        return self.table.evaluate(neuron_masks)

    def to_table(self) -> CostTable:
        return self.table
