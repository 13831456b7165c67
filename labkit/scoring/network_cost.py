"""The cost of a mask by running its subnetwork: no table, so the network may be large."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.arrays import BoolArray, FloatArray
from labkit.costs import CheckedCost, CostTable
from labkit.limits import check_choice, check_register, repr_line, show_value
from labkit.masks import masks_from_indices
from labkit.networks import NetworkArrays, check_samples, read_labels
from labkit.scoring.outputs import COSTS, check_labels, cost_of_outputs
from labkit.scoring.tables import (
    AnyNetwork,
    Contributor,
    as_arrays,
    as_contributor,
    score_contributions,
    watched_slices,
)

_BLOCK_BYTES = 2**24


@dataclass(frozen=True, eq=False, repr=False)
class NetworkCost(CheckedCost):
    """The cost of subnetworks on samples, each found by a forward pass when it is asked for.

    What no mask changes is computed once: for one hidden layer with neuron masks a pass then is
    f = sum_j m_j t_j, a product of the masks with the contributions t.

    Attributes:
        network: as arrays.
        x: float64 (samples, n_inputs), read-only.
        y: float64 (samples,), read-only, labels 0..classes-1; for one output also -1 and +1.
        cost_name: 'cross_entropy', 'squared_error' or 'error_rate', see `cost_of_outputs`.
    """

    network: NetworkArrays
    x: FloatArray
    y: FloatArray
    cost_name: str

    def __post_init__(self) -> None:
        if not isinstance(self.network, NetworkArrays):
            raise TypeError(f"network={show_value(self.network)} is no network with masks")
        check_choice("cost", self.cost_name, COSTS)
        x, y = check_samples(self.x, self.network.n_inputs).copy(), read_labels(self.y).copy()
        check_labels(y, n_samples=len(x), n_outputs=self.network.n_outputs)
        for name, array in (("x", x), ("y", y)):
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    @property
    def n_neurons(self) -> int:
        """Number of mask bits."""
        return self.network.n_mask_bits

    @property
    def order(self) -> int:
        """The largest number of neurons in one term: a network may couple all n."""
        return self.n_neurons

    @cached_property
    def magnitude(self) -> float:
        """The size of the cost where all units add up; see `labkit.costs.equal_within`.

        A standardised unit, of which an output reads a share a_j, is some a_j large.
        """
        reach = self.network.scale * float(np.abs(self.network.readout).sum(axis=0).max())
        sizes = {"error_rate": 1.0, "squared_error": (1.0 + reach) ** 2}
        return sizes.get(self.cost_name, math.log(max(2, self.network.n_outputs)) + reach)

    def __repr__(self) -> str:
        given = {"cost_name": self.cost_name, "n_samples": len(self.x)}
        return repr_line(self, n_neurons=self.n_neurons, **given)

    def costs_of(self, masks: BoolArray, /) -> FloatArray:
        """Costs (...) of bool masks (..., n), which are not checked again: a forward pass each."""
        batch, rows = masks.reshape(-1, self.n_neurons), self._rows
        blocks = [self._run(batch[i : i + rows]) for i in range(0, len(batch), rows)]
        return np.concatenate([*blocks, np.empty(0)]).reshape(masks.shape[:-1])

    def to_table(self) -> CostTable:
        """The cost of each of the 2^n masks.

        Raises:
            TooLargeError: the table does not fit in memory.
        """
        n = check_register("n_neurons", self.n_neurons, bytes_per_mask=8, what="the cost table")
        if isinstance(self.network, Contributor):
            t = self.network.contributions(self.x)
            return score_contributions(t, self.y, cost=self.cost_name)
        costs = np.empty(2**n)
        for rows in watched_slices(2**n, self._rows):
            costs[rows] = self._run(masks_from_indices(np.arange(rows.start, rows.stop), n))
        return CostTable.owning(costs, n)

    def _run(self, neuron_masks: BoolArray) -> FloatArray:
        outputs = self.network.run_masks(self._prepared, neuron_masks)
        return cost_of_outputs(outputs, self._targets, cost=self.cost_name)

    @cached_property
    def _prepared(self) -> FloatArray:
        """What no mask changes in the forward pass."""
        return self.network.prepare(self.x)

    @cached_property
    def _targets(self) -> FloatArray:
        """y as ±1, (samples, outputs)."""
        return check_labels(self.y, n_samples=len(self.x), n_outputs=self.network.n_outputs)

    @cached_property
    def _rows(self) -> int:
        """How many masks are run at once: a block of some 16 MiB, the cost's own arrays too."""
        of_costs = 5 * 8 * len(self.x) * self.network.n_outputs
        return max(1, _BLOCK_BYTES // (self.network.bytes_per_mask(len(self.x)) + of_costs))


def network_cost(
    network: Any, x: npt.ArrayLike, y: npt.ArrayLike, *, cost: str = "cross_entropy"
) -> NetworkCost:
    """The cost of each subnetwork on the samples `x` with labels `y`, without a table.

    Args:
        network: a `RandomNetwork` or its `NetworkArrays`: neuron masks with one or two hidden
            layers, or weight masks of any number of inputs.
        x: (samples, features).
        y: (samples,) labels 0..classes-1; for one output also -1 and +1.
        cost: one of `COSTS`, see `cost_of_outputs`.
    """
    return NetworkCost(as_arrays(network), x, y, cost)  # type: ignore[arg-type]


def score_all_masks(
    network: AnyNetwork, x: npt.ArrayLike, y: npt.ArrayLike, *, cost: str = "cross_entropy"
) -> CostTable:
    """The cost of each of the 2^n subnetworks on the samples `x` with labels `y`.

    Args:
        network: a `RandomNetwork` or its `NetworkArrays`; or anything whose `contributions(x)`
            are (samples, n, outputs), or (samples, units, patterns, outputs) for weight masks.
        x: (samples, features).
        y: (samples,) labels 0..classes-1; for one output also -1 and +1.
        cost: one of `COSTS`, see `cost_of_outputs`.

    Returns:
        A `CostTable` of 2^n float64 costs, means over the samples.

    Raises:
        TooLargeError: the table does not fit in memory.
    """
    check_choice("cost", cost, COSTS)
    arrays = as_arrays(network)
    if isinstance(arrays, NetworkArrays):
        return network_cost(arrays, x, y, cost=cost).to_table()
    return score_contributions(np.asarray(as_contributor(network).contributions(x)), y, cost=cost)
