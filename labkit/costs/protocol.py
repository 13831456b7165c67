"""What selectors, circuits and simulators may ask of a cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from labkit.costs.tables import CostTable


class Cost(Protocol):
    """The cost of a neuron mask, whatever its form."""

    @property
    def n_neurons(self) -> int:
        """Number of neurons, the length of a mask."""
        ...

    @property
    def order(self) -> int:
        """The largest number of neurons in one term."""
        ...

    def evaluate(self, neuron_masks: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Costs (...) of masks (..., n)."""
        ...

    def to_table(self) -> CostTable:
        """The same cost as a table of all 2^n masks."""
        ...
