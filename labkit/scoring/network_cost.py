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
from labkit.costs.walks import Walk
from labkit.costs.walks.building import Contributions, HiddenUnits
from labkit.costs.walks.starting import start_walk
from labkit.costs.walks.states import COSTS_OF_OUTPUTS
from labkit.limits import check_choice, check_register, repr_line, show_value
from labkit.masks import masks_from_indices
from labkit.networks import (
    ForwardNetwork,
    ManyInputsArrays,
    NetworkArrays,
    OneLayerArrays,
    TwoLayerArrays,
    read_labels,
)
from labkit.scoring.hidden_walks import ManyInputsWalk, TwoLayerWalk
from labkit.scoring.outputs import COSTS, check_labels, cost_of_outputs, labels_as_in_keras
from labkit.scoring.tables import (
    NO_NETWORK,
    AnyNetwork,
    Contributor,
    as_arrays,
    as_contributor,
    constant_of,
    score_contributions,
    watched_slices,
)
from labkit.threads import blas_threads_for

#: The cost that a model was compiled with: every network of labkit with the cross-entropy.
COMPILED = "compiled"
_BLOCK_BYTES = 2**24


@dataclass(frozen=True, eq=False, repr=False)
class NetworkCost(CheckedCost):
    """The cost of subnetworks on samples, each found by a forward pass when it is asked for.

    What no mask changes is computed once: for one hidden layer with neuron masks a pass then is
    f = sum_j m_j t_j, a product of the masks with the contributions t. Of several outputs the
    hidden units and the readout are held apart, samples + outputs numbers of a neuron.

    Attributes:
        network: as arrays, or the units of a Keras model.
        x: (samples, n_inputs), of a Keras model what it takes; float64, read-only.
        y: float64 (samples,), read-only, labels 0..classes-1; for one output also -1 and +1.
        cost_name: 'cross_entropy', 'squared_error' or 'error_rate', see `cost_of_outputs`; or
            'loss', which a Keras model was compiled with, where it is none of these.
    """

    network: NetworkArrays | ForwardNetwork
    x: npt.NDArray[Any]
    y: FloatArray
    cost_name: str

    def __post_init__(self) -> None:
        if not isinstance(self.network, (NetworkArrays, ForwardNetwork)):
            raise TypeError(
                f"network={show_value(self.network)} is no network with masks ({NO_NETWORK})"
            )
        check_choice("cost", self.cost_name, _costs_of(self.network))
        x, y = self.network.check_samples(self.x).copy(), read_labels(self.y).copy()
        if self.cost_name in COSTS:
            y = labels_as_in_keras(y) if isinstance(self.network, ForwardNetwork) else y
            check_labels(y, n_samples=len(x), n_outputs=self.network.n_outputs)
        elif isinstance(self.network, ForwardNetwork):
            self.network.losses(np.zeros((1, len(x), self.network.n_outputs)), y)
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

        A standardised unit, of which an output reads a share a_j, is some a_j large. Of a model
        that is run, it is the larger of the costs of all units and of none.
        """
        if isinstance(self.network, ForwardNetwork):
            ends = np.array([[True], [False]]).repeat(self.n_neurons, axis=1)
            return float(np.abs(self.costs_of(ends)).max())
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
        if isinstance(self.network, Contributor) and self.cost_name in COSTS:
            t, off = self.network.contributions(self.x), constant_of(self.network, self.x)
            return score_contributions(t, self.y, cost=self.cost_name, constant=off)
        costs = np.empty(2**n)
        for rows in watched_slices(2**n, self._rows):
            costs[rows] = self._run(masks_from_indices(np.arange(rows.start, rows.stop), n))
        return CostTable.owning(costs, n)

    def _walk(self, neuron_mask: BoolArray) -> Walk:
        if self._contributions is not None:
            return start_walk(self._contributions, neuron_mask)
        if isinstance(self.network, TwoLayerArrays):
            return TwoLayerWalk(self.network, self._prepared, self._of_outputs, neuron_mask)
        if isinstance(self.network, ManyInputsArrays):
            return ManyInputsWalk(self.network, self._prepared, self._of_outputs, neuron_mask)
        return super()._walk(neuron_mask)

    @cached_property
    def _contributions(self) -> Contributions | HiddenUnits | None:
        """What a mask chooses of what is added to the outputs; None where units change with it."""
        if not isinstance(self.network, Contributor) or self.cost_name not in COSTS_OF_OUTPUTS:
            return None
        kind, width, shape = COSTS_OF_OUTPUTS.index(self.cost_name), 0, self._targets.shape
        if isinstance(self.network, OneLayerArrays) and self.network.is_read_out:
            readout = self.network.readout.astype(np.float64)
            return HiddenUnits.of(self._prepared, readout, self._targets, cost=kind)
        if isinstance(self.network, NetworkArrays):
            constant, rows = np.zeros(shape), self._prepared.reshape(-1, *shape)
            width = 0 if self.network.mask_kind == "neuron" else self.network.n_inputs + 1
        else:  # of a Keras model: a constant and the units
            constant, rows = self._prepared[0], np.ascontiguousarray(self._prepared[1:])
        return Contributions.of(rows, self._targets, cost=kind, width=width, constant=constant)

    def _of_outputs(self, outputs: FloatArray) -> float:
        return float(cost_of_outputs(outputs, self._targets, cost=self.cost_name))

    def _run(self, neuron_masks: BoolArray) -> FloatArray:
        with blas_threads_for(neuron_masks.size * len(self.x) * self.network.n_outputs):
            outputs = self.network.run_masks(self._prepared, neuron_masks)
        if self.cost_name not in COSTS and isinstance(self.network, ForwardNetwork):
            return self.network.losses(outputs, self.y)
        return cost_of_outputs(outputs, self._targets, cost=self.cost_name)

    @cached_property
    def _prepared(self) -> Any:
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
    network: Any, x: npt.ArrayLike, y: npt.ArrayLike, *, cost: str = COMPILED
) -> NetworkCost:
    """The cost of each subnetwork on the samples `x` with labels `y`, without a table.

    Args:
        network: a `RandomNetwork` or its `NetworkArrays`: neuron masks with one or two hidden
            layers, or weight masks of any number of inputs; or what `network_from_keras` gives.
        x: (samples, features), or what the Keras model takes.
        y: (samples,) labels 0..classes-1; for one output also -1 and +1. For a Keras model also a
            column of labels or one-hot rows, and for a loss of another kind what that takes.
        cost: one of `COSTS`, see `cost_of_outputs`; or 'compiled', the loss that the model of
            `network_from_keras` was compiled with, 'cross_entropy' where there is none.
    """
    arrays = as_arrays(network)
    return NetworkCost(arrays, x, y, _choose_cost(arrays, cost))  # type: ignore[arg-type]


def _choose_cost(network: Any, cost: str) -> str:
    if isinstance(cost, str) and cost == COMPILED:
        own = network.compiled_cost if isinstance(network, ForwardNetwork) else None
        return own or "cross_entropy"
    return check_choice("cost", cost, _costs_of(network))


def _costs_of(network: Any) -> tuple[str, ...]:
    """What may be asked of a network: the costs of outputs, and a compiled loss beside them."""
    own = network.compiled_cost if isinstance(network, ForwardNetwork) else None
    return COSTS if own in (None, *COSTS) else (*COSTS, own)


def score_all_masks(
    network: AnyNetwork, x: npt.ArrayLike, y: npt.ArrayLike, *, cost: str = COMPILED
) -> CostTable:
    """The cost of each of the 2^n subnetworks on the samples `x` with labels `y`.

    Args:
        network: a `RandomNetwork` or its `NetworkArrays`; what `network_from_keras` gives; or
            anything whose `contributions(x)` are (samples, n, outputs), or (samples, units,
            patterns, outputs) for weight masks.
        x: (samples, features), or what the Keras model takes.
        y: as of `network_cost`.
        cost: as of `network_cost`.

    Returns:
        A `CostTable` of 2^n float64 costs, means over the samples.

    Raises:
        TooLargeError: the table does not fit in memory.
    """
    arrays = as_arrays(network)
    chosen = _choose_cost(arrays, cost)
    if isinstance(arrays, (NetworkArrays, ForwardNetwork)):
        return network_cost(arrays, x, y, cost=chosen).to_table()
    t = np.asarray(as_contributor(network).contributions(x))
    return score_contributions(t, y, cost=chosen, constant=constant_of(network, x))
