"""Walks over masks of networks whose hidden units change with them: two layers, weight masks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from labkit.arrays import BoolArray, FloatArray
from labkit.costs.walks import Walk
from labkit.networks import ManyInputsArrays, TwoLayerArrays

#: The cost of outputs (samples, C).
OfOutputs = Callable[[FloatArray], float]


class TwoLayerWalk(Walk):
    """What the second layer reads is held: of a flip of a first unit its part is added or taken.

    ĥ1 is `prepared`; u = W2 [m1 ĥ1, 1]; f = scale * sum_j m2_j a_j ĥ2_j with ĥ2 of relu(u).
    """

    def __init__(
        self,
        network: TwoLayerArrays,
        prepared: FloatArray,
        of_outputs: OfOutputs,
        neuron_mask: BoolArray,
    ) -> None:
        super().__init__(neuron_mask)
        self._network, self._first, self._of_outputs = network, prepared, of_outputs
        self._kernel = network.second_kernel.astype(np.float64)
        self._read = self._sum()
        self._cost = self._cost_of(self._read, self._mask)
        self._steps = 0

    @property
    def cost(self) -> float:
        """Of the present mask."""
        return self._cost

    def _after(self, neuron: int) -> float:
        mask = self._mask.copy()
        mask[neuron] ^= True
        return self._cost_of(self._read_after(neuron), mask)

    def _move(self, neuron: int, cost: float) -> None:
        self._read, self._cost = self._read_after(neuron), cost
        self._mask[neuron] ^= True
        self._steps += 1
        if self._steps % len(self._mask) == 0:  # against what rounding adds up to
            self._read = self._sum()

    def _sum(self) -> FloatArray:
        """u, (samples, n_hidden), from nothing."""
        kept = np.flatnonzero(self._mask[: self._network.n_hidden])
        read = np.einsum("sj,jk->sk", self._first[:, kept], self._kernel[kept])
        return read + self._kernel[-1]

    def _read_after(self, neuron: int) -> FloatArray:
        """u with one more flip."""
        if neuron >= self._network.n_hidden:
            return self._read
        sign = -1.0 if self._mask[neuron] else 1.0
        return self._read + sign * self._first[:, neuron, np.newaxis] * self._kernel[neuron]

    def _cost_of(self, read: FloatArray, neuron_mask: BoolArray) -> float:
        network, second = self._network, neuron_mask[self._network.n_hidden :]
        h = (np.maximum(read, 0.0) - network.second_mean) * network.second_inverse_std * second
        return self._of_outputs(network.scale * np.einsum("sj,jc->sc", h, network.readout))


class ManyInputsWalk(Walk):
    """The standardised units are held: a flip runs and measures the one unit of its weight."""

    def __init__(
        self,
        network: ManyInputsArrays,
        prepared: FloatArray,
        of_outputs: OfOutputs,
        neuron_mask: BoolArray,
    ) -> None:
        super().__init__(neuron_mask)
        self._network, self._inputs, self._of_outputs = network, prepared, of_outputs
        weights = network.masked_weights(self._mask.reshape(network.n_hidden, -1))
        self._units = network.standardised(weights, prepared)
        self._cost = self._cost_of(self._units)

    @property
    def cost(self) -> float:
        """Of the present mask."""
        return self._cost

    def _after(self, neuron: int) -> float:
        return self._cost_of(self._units_after(neuron))

    def _move(self, neuron: int, cost: float) -> None:
        self._units, self._cost = self._units_after(neuron), cost
        self._mask[neuron] ^= True

    def _units_after(self, neuron: int) -> FloatArray:
        """The units with one more flip, (n_hidden, samples)."""
        per_unit = self._network.n_mask_bits // self._network.n_hidden
        unit, place = divmod(neuron, per_unit)
        bits = self._mask[unit * per_unit : (unit + 1) * per_unit].copy()
        bits[place] ^= True
        units = self._units.copy()
        weights = self._network.masked_weights(bits[np.newaxis], [unit])
        units[unit] = self._network.standardised(weights, self._inputs)[0]
        return units

    def _cost_of(self, units: FloatArray) -> float:
        outputs = np.einsum("us,uc->sc", units, self._network.readout)
        return self._of_outputs(self._network.scale * outputs)
