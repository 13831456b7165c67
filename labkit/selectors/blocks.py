"""Blocks of neurons: the cost of one with all others held, and ways to cut n neurons into them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np

from labkit.arrays import BoolArray, FloatArray, IntArray
from labkit.costs import CheckedCost, Cost, CostTable, LocalCost, PauliZCost
from labkit.costs.names import Neurons
from labkit.costs.tables import unchecked
from labkit.limits import check_register, repr_line
from labkit.masks import masks_from_indices
from labkit.selectors.meter import CostMeter

Value = TypeVar("Value")
#: Terms by their places: neurons, and a coefficient or a small table.
Reading = dict[int, tuple[Neurons, Value]]
_ROWS = 2**12


@dataclass(frozen=True, eq=False, repr=False)
class BlockCost(CheckedCost):
    """The cost of the masks that differ from `neuron_mask` on a block of neurons only.

    Attributes:
        cost: of all n neurons.
        neuron_mask: bool (n,), what the other neurons are held at.
        block: int (b,), the neurons of the block, in the order of its masks.
    """

    cost: Cost
    neuron_mask: BoolArray
    block: IntArray

    @property
    def n_neurons(self) -> int:
        """b, the number of neurons of the block."""
        return len(self.block)

    @property
    def order(self) -> int:
        """The largest number of neurons of the block that one term may have."""
        return min(self.n_neurons, self.cost.order)

    @property
    def magnitude(self) -> float:
        """That of the cost of all neurons; see `labkit.costs.equal_within`."""
        return float(getattr(self.cost, "magnitude", 0.0))

    def __repr__(self) -> str:
        return repr_line(self, cost=self.cost, block=self.block.tolist())

    def costs_of(self, masks: BoolArray, /) -> FloatArray:
        """Costs (...) of bool masks (..., b) of the block, which are not checked again."""
        return unchecked(self.cost)(embed(self.neuron_mask, self.block, masks))

    def to_table(self) -> CostTable:
        """The cost of each of the 2^b masks of the block."""
        b = check_register("block_size", self.n_neurons, bytes_per_mask=24, what="the cost table")
        starts = range(0, 2**b, _ROWS)
        indices = (np.arange(start, min(start + _ROWS, 2**b)) for start in starts)
        costs = [self.costs_of(masks_from_indices(rows, b)) for rows in indices]
        return CostTable.owning(np.concatenate(costs), b, magnitude=self.magnitude or None)


def embed(neuron_mask: BoolArray, block: IntArray, block_masks: BoolArray) -> BoolArray:
    """Masks (..., n): those of the block (..., b) there, and `neuron_mask` (n,) elsewhere."""
    masks = np.broadcast_to(neuron_mask, (*block_masks.shape[:-1], len(neuron_mask))).copy()
    masks[..., block] = block_masks
    return masks


def restriction(cost: Cost) -> Callable[[BoolArray, IntArray], Cost]:
    """What gives the cost of a block, from a mask (n,) and the neurons (b,) of the block.

    A `PauliZCost` gives a `PauliZCost` and a `LocalCost` a `LocalCost`, of the terms that read
    the block; all other terms become one constant. Any other cost gives a `BlockCost`.
    """
    if isinstance(cost, PauliZCost):
        return partial(_restrict_polynomial, cost, _by_neuron(cost.terms.items(), cost.n_neurons))
    if isinstance(cost, LocalCost):
        return partial(_restrict_local, cost, _by_neuron(cost.terms, cost.n_neurons))
    return partial(BlockCost, cost)


def _by_neuron(terms: Iterable[tuple[Neurons, Value]], n: int) -> list[Reading[Value]]:
    """For each neuron, the terms that read it, by their places among all terms."""
    reading: list[Reading[Value]] = [{} for _ in range(n)]
    for i, term in enumerate(terms):
        for j in term[0]:
            reading[j][i] = term
    return reading


def _restrict_polynomial(
    cost: PauliZCost, by_neuron: list[Reading[float]], neuron_mask: BoolArray, block: IntArray
) -> PauliZCost:
    place, z = {j: i for i, j in enumerate(block.tolist())}, 1 - 2 * neuron_mask.astype(int)
    sums: dict[Neurons, float] = {}
    for neurons, coefficient in _reading(by_neuron, place):
        inside = tuple(place[j] for j in neurons if j in place)
        sign = int(np.prod([z[j] for j in neurons if j not in place]))
        sums[inside] = sums.get(inside, 0.0) + coefficient * sign
    here = float(PauliZCost(sums, len(block)).evaluate(neuron_mask[block]))
    return PauliZCost(sums | {(): float(cost.evaluate(neuron_mask)) - here}, len(block))


def _restrict_local(
    cost: LocalCost, by_neuron: list[Reading[FloatArray]], neuron_mask: BoolArray, block: IntArray
) -> LocalCost:
    place, bits = {j: i for i, j in enumerate(block.tolist())}, neuron_mask.astype(int).tolist()
    terms = []
    for neurons, values in _reading(by_neuron, place):
        at = tuple(slice(None) if j in place else bits[j] for j in neurons)
        inside = tuple(place[j] for j in neurons if j in place)
        terms.append((inside, values.reshape((2,) * len(neurons))[at].ravel()))
    here = LocalCost(terms, len(block)).evaluate(neuron_mask[block])
    rest = ((), np.array([float(cost.evaluate(neuron_mask)) - float(here)]))
    return LocalCost([*terms, rest], len(block))


def _reading(
    by_neuron: list[Reading[Value]], block: Iterable[int]
) -> Iterable[tuple[Neurons, Value]]:
    """The terms that read a neuron of the block, each once."""
    reading: Reading[Value] = {}
    for j in block:
        reading |= by_neuron[j]
    return reading.values()


def cut(neurons: Sequence[int] | IntArray, block_size: int) -> list[IntArray]:
    """Blocks of `block_size` neurons in the order given, the last one what remains."""
    order = np.asarray(neurons, dtype=np.int64)
    return [np.sort(order[i : i + block_size]) for i in range(0, len(order), block_size)]


def clusters(strength: FloatArray, block_size: int) -> list[IntArray]:
    """Blocks of neurons that interact strongly, greedily; the last one may be smaller.

    Each block starts at the neuron of the strongest interaction left, and takes the neuron that
    interacts most with the block, until it is full. `strength` (n, n) is symmetric, 0 or more, and
    0 on the diagonal.
    """
    left, blocks = np.ones(len(strength), dtype=bool), []
    while left.any():
        pull = np.where(left, strength[left].max(axis=0), -1.0)
        block: list[int] = []
        while len(block) < block_size and left.any():
            block.append(int(pull.argmax()))
            left[block[-1]] = False
            pull = np.where(left, strength[block].sum(axis=0), -1.0)
        blocks.append(np.sort(block))
    return blocks


def interaction_strength(meter: CostMeter, neuron_mask: BoolArray, here: float) -> FloatArray:
    """|J_jk| of each two neurons: float64 (n, n), symmetric, 0 on the diagonal.

    From a polynomial or local cost's own terms z_j z_k; of another cost by n (n + 1) / 2 counted
    queries, as second differences at a mask m (n,), of cost `here`, which are as much for a cost
    of order 2::

        4 |J_jk| = |cost(m with j, k flipped) - cost(m with j) - cost(m with k) + cost(m)|
    """
    cost = meter.cost.to_pauli_z() if isinstance(meter.cost, LocalCost) else meter.cost
    strength = np.zeros((meter.n_neurons,) * 2)
    if isinstance(cost, PauliZCost):
        for neurons, coefficient in cost.terms.items():
            if len(neurons) == 2:
                strength[neurons] = abs(coefficient)
        return strength + strength.T
    flips = np.eye(meter.n_neurons, dtype=bool)
    flipped = meter.evaluate(neuron_mask ^ flips)
    for j in range(meter.n_neurons - 1):
        both = meter.evaluate(neuron_mask ^ flips[j] ^ flips[j + 1 :])
        strength[j, j + 1 :] = np.abs(both - flipped[j] - flipped[j + 1 :] + here) / 4
    return strength + strength.T
