"""The states of walks without compiled loops: NumPy reads and changes many numbers at a time.

Flips cost and choose what they do in `labkit.costs.walks.loops`, but for rounding: where that alone
tells equal costs apart, another of them may be chosen.
"""

from __future__ import annotations

from abc import abstractmethod
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from labkit.arrays import BoolArray, FloatArray, IntArray, count_each, owners_of
from labkit.costs.outputs import mean_cost
from labkit.costs.walks.stateful import StatefulWalk
from labkit.costs.walks.states import (
    COSTS_OF_OUTPUTS,
    Fields,
    Integers,
    Outputs,
    Places,
    Rows,
    Units,
)
from labkit.masks import masks_from_indices, place_values

_NUMBERS = 2**21  # 16 MiB of what is worked on at a time


class ArrayWalk(StatefulWalk):
    """A walk that knows what several flips of a block cost together."""

    @abstractmethod
    def _after_flips(self, block: IntArray, flips: BoolArray) -> FloatArray:
        """The cost with flips (k, b) of the neurons of a block made, float64 (k,)."""

    @abstractmethod
    def _width(self, block: IntArray) -> int:
        """Numbers that are held of each mask of a block."""

    def _block_costs(self, block: IntArray) -> FloatArray:
        b = len(block)
        rows, costs = max(1, _NUMBERS // self._width(block)), np.empty(2**b)
        for start in range(0, len(costs), rows):
            masks = masks_from_indices(np.arange(start, min(start + rows, len(costs))), b)
            costs[start : start + rows] = self._after_flips(block, masks ^ self._mask[block])
        return costs

    def _best_of_block(self, block: IntArray) -> tuple[int, float]:
        """Of equal ones the first that a Gray code meets from the present mask on."""
        costs = self._block_costs(block)
        order = int(self._mask[block] @ place_values(len(block))) ^ _gray_order(len(block))
        best = int(order[costs[order].argmin()])
        return best, float(costs[best])


class FieldsWalk(ArrayWalk):
    """Over a polynomial."""

    _state: Fields

    def _after(self, neuron: int) -> float:
        total, twice = self._state.total, -2.0 if self._mask[neuron] else 2.0
        return float(total[0] - (total[1] + twice * self._state.fields[neuron]))

    def _move(self, neuron: int, cost: float) -> None:
        fields, pairs = self._state.fields, self._state.pairs
        twice = -2.0 if self._mask[neuron] else 2.0
        _add(self._state.total, -twice * fields[neuron])
        own = slice(pairs.starts[neuron], pairs.starts[neuron + 1])
        fields[pairs.items[own]] -= twice * pairs.values[own]
        if self._state.products.size:
            self._turn_products(neuron)
        self._mask[neuron] ^= True
        self._stepped(1)

    def _turn_products(self, neuron: int) -> None:
        """Of the terms of more than two neurons."""
        _, _, fields, products, _, readers, members = self._state
        terms = readers.items[readers.starts[neuron] : readers.starts[neuron + 1]]
        places, term = _entries(members, terms)
        others, kept = members.items[places], fields[neuron]
        np.subtract.at(fields, others, 2 * products[terms][term] * self._signs(others))
        fields[neuron] = kept
        products[terms] *= -1

    def _flip_costs(self, neurons: IntArray) -> FloatArray:
        total, twice = self._state.total, 2 * self._signs(neurons)
        return np.asarray(total[0] - (total[1] + twice * self._state.fields[neurons]))

    def _after_flips(self, block: IntArray, flips: BoolArray) -> FloatArray:
        """With x_j = z_j where j is flipped, else 0: -2 sum x_j F_j + 2 sum J_jk x_j x_k.

        Of terms of more than two neurons those change their sign of which an odd number is flipped.
        """
        _, total, fields, products, pairs, readers, _ = self._state
        z, (places, which) = self._signs(block), _entries(readers, block)
        terms, at = np.unique(readers.items[places], return_inverse=True)
        is_in = np.zeros((len(block), len(terms)))
        is_in[which, at] = 1
        x, odd = flips * z, (flips @ is_in) % 2
        of_pairs = fields[block] - z * (is_in @ products[terms])
        couplings = _among(pairs, block, len(fields))
        change = 2 * (((x @ couplings) * x).sum(axis=1) - x @ of_pairs - odd @ products[terms])
        return np.asarray(total[0] - (total[1] - change))

    def _width(self, block: IntArray) -> int:
        return 4 * len(block) + 2 * len(_entries(self._state.readers, block)[0])

    def _signs(self, neurons: Integers) -> FloatArray:
        """z = 1 - 2 m."""
        return 1.0 - 2.0 * self._mask[neurons]


class PlacesWalk(ArrayWalk):
    """Over a sum of small tables."""

    _state: Places

    def _after(self, neuron: int) -> float:
        _, _, change = self._step(neuron)
        return float(self._state.total[0] - (self._state.total[1] - change))

    def _move(self, neuron: int, cost: float) -> None:
        terms, there, change = self._step(neuron)
        _add(self._state.total, change)
        self._state.places[terms] = there
        self._mask[neuron] ^= True
        self._stepped(1)

    def _step(self, neuron: int) -> tuple[npt.NDArray[np.int32], IntArray, float]:
        """The tables of a neuron, their places after a flip, and what it adds to the cost."""
        _, _, places, values, readers = self._state
        own = slice(readers.starts[neuron], readers.starts[neuron + 1])
        terms, worth = readers.items[own], readers.values[own].astype(np.intp)
        here = places[terms]
        there = here - worth if self._mask[neuron] else here + worth
        return terms, there, float((values[there] - values[here]).sum())

    def _flip_costs(self, neurons: IntArray) -> FloatArray:
        _, total, places, values, readers = self._state
        own, which = _entries(readers, neurons)
        here, worth = places[readers.items[own]], readers.values[own].astype(np.intp)
        there = np.where(self._mask[neurons][which], here - worth, here + worth)
        change = count_each(which, values[there] - values[here], at_least=len(neurons))
        return np.asarray(total[0] - (total[1] - change))

    def _after_flips(self, block: IntArray, flips: BoolArray) -> FloatArray:
        _, total, places, values, readers = self._state
        own, which = _entries(readers, block)
        tables, at = np.unique(readers.items[own], return_inverse=True)
        steps = np.zeros((len(block), len(tables)))
        steps[which, at] = np.where(self._mask[block][which], -1, 1) * readers.values[own]
        here = places[tables]
        there = here + (flips @ steps).astype(np.intp)
        change = values[there].sum(axis=1) - values[here].sum()
        return np.asarray(total[0] - (total[1] - change))

    def _width(self, block: IntArray) -> int:
        return len(block) + 3 * len(_entries(self._state.readers, block)[0])


class OutputsWalk(ArrayWalk):
    """Over the outputs of a network."""

    _state: Outputs | Units

    def _after(self, neuron: int) -> float:
        return float(_loss(self._state, self._state.outputs + self._row(neuron)))

    def _move(self, neuron: int, cost: float) -> None:
        self._state.outputs[:] += self._row(neuron)
        self._state.total[0] = cost
        self._mask[neuron] ^= True
        self._stepped(1)

    def _flip_costs(self, neurons: IntArray) -> FloatArray:
        rows, costs = max(1, _NUMBERS // self._width(neurons)), [np.empty(0)]
        for start in range(0, len(neurons), rows):
            added = np.array([self._row(j) for j in neurons[start : start + rows].tolist()])
            costs.append(_loss(self._state, self._state.outputs + added))
        return np.concatenate(costs)

    def _row(self, neuron: int) -> FloatArray:
        """What a flip adds to the outputs, (samples * C,)."""
        if isinstance(self._state, Outputs) and self._state.width:
            return self._of_patterns(np.array([neuron]), np.array([[True]]))[0]
        return _row(self._state, neuron) * (-1.0 if self._mask[neuron] else 1.0)

    def _of_patterns(self, block: IntArray, flips: BoolArray) -> FloatArray:
        """What flips of weights add: of each unit one pattern for another."""
        assert isinstance(self._state, Outputs)
        rows, width, added = self._state.rows, self._state.width, 0.0
        for unit in np.unique(block // width).tolist():
            is_in, bits = block // width == unit, self._mask[unit * width : (unit + 1) * width]
            here = (unit << width) + int(bits @ place_values(width))
            worth = place_values(width)[block[is_in] % width]
            added = added + rows[here ^ (flips[:, is_in] @ worth)] - rows[here]
        return np.asarray(added)

    def _after_flips(self, block: IntArray, flips: BoolArray) -> FloatArray:
        if isinstance(self._state, Outputs) and self._state.width:
            added = self._of_patterns(block, flips)
        else:
            added = flips @ np.array([self._row(j) for j in block.tolist()])
        return _loss(self._state, self._state.outputs + added)

    def _width(self, block: IntArray) -> int:
        return 4 * len(self._state.outputs)


def add_up(state: Outputs | Units) -> None:
    """Adds what the mask keeps to the outputs, and states the cost."""
    if isinstance(state, Outputs) and state.width:
        patterns = state.kept.reshape(-1, state.width) @ place_values(state.width)
        kept = (np.arange(len(patterns)) << state.width) + patterns
        state.outputs[:] += state.rows[kept].sum(axis=0)
    elif isinstance(state, Outputs):
        state.outputs[:] += state.rows[state.kept].sum(axis=0)
    else:
        kept = np.flatnonzero(state.kept)
        state.outputs[:] += np.einsum("js,jc->sc", state.units[kept], state.readout[kept]).ravel()
    state.total[0] = _loss(state, state.outputs)


def _row(state: Outputs | Units, neuron: int) -> FloatArray:
    """What a neuron adds to the outputs."""
    if isinstance(state, Outputs):
        return np.asarray(state.rows[neuron])
    return np.outer(state.units[neuron], state.readout[neuron]).ravel()


def _loss(state: Outputs | Units, outputs: FloatArray) -> FloatArray:
    """The cost (...) of outputs (..., samples * C)."""
    f = outputs.reshape(*outputs.shape[:-1], -1, state.n_outputs)
    targets, cost = state.targets.reshape(-1, state.n_outputs), COSTS_OF_OUTPUTS[state.cost]
    return mean_cost(f, targets, cost, rounding=state.rounding)


def _add(total: FloatArray, change: float) -> None:
    """total[0] += change, with what rounding leaves over in total[1]."""
    change -= total[1]
    added = total[0] + change
    total[1] = (added - total[0]) - change
    total[0] = added


def _entries(rows: Rows, lists: Integers) -> tuple[IntArray, IntArray]:
    """Where the items of some lists are, and of which of these each is."""
    first = rows.starts[lists]
    counts = rows.starts[lists + 1] - first
    which = owners_of(counts)
    return np.arange(len(which)) + (first - np.cumsum(counts) + counts)[which], which


def _among(pairs: Rows, block: IntArray, n: int) -> FloatArray:
    """The couplings within a block, (b, b)."""
    place = np.full(n, -1)
    place[block] = np.arange(len(block))
    own, which = _entries(pairs, block)
    other = place[pairs.items[own]]
    couplings = np.zeros((len(block), len(block)))
    couplings[which[other >= 0], other[other >= 0]] = pairs.values[own][other >= 0]
    return couplings


@lru_cache(maxsize=8)
def _gray_order(b: int) -> IntArray:
    """What a Gray code changes of the index of a mask of b bits: its first bit the fastest."""
    order = np.arange(2**b)
    return masks_from_indices(order ^ order >> 1, b)[:, ::-1] @ place_values(b)
