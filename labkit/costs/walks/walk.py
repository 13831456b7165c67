"""What every walk over masks can do."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from labkit.arrays import BoolArray, FloatArray, IntArray
from labkit.limits import check_integer, check_register, show_value
from labkit.masks import masks_from_indices, place_values

#: Costs closer together than this share of what was added up to make them are equal: 16 roundings.
EQUAL_WITHIN = 2.0**-48
#: A rise of so many temperatures is kept less often than the smallest draw comes.
HOPELESS = 40.0


class Rule(NamedTuple):
    """Which flips are kept, and where they end.

    Attributes:
        temperature: T above 0: a flip is kept where a draw of 0..1 is below exp(-rise / T); 0:
            where it lowers the cost by more than rounding.
        magnitude: of the cost: what counts as rounding, see `labkit.costs.equal_within`.
        target: a cost of at most this ends the flips; NaN for none.
    """

    temperature: float
    magnitude: float
    target: float

    def keeps(self, cost: float, flipped: float, draw: float) -> bool:
        """Whether a flip from one cost to another is kept."""
        if self.temperature > 0:
            falls = (cost - flipped) / self.temperature
            return falls >= 0 or (falls > -HOPELESS and draw < math.exp(falls))
        return flipped < cost - EQUAL_WITHIN * max(abs(cost), self.magnitude)


class Flips(NamedTuple):
    """Flips that were tried, in order.

    Attributes:
        costs: float64 (tried,), of the mask with each flip.
        kept: bool (tried,), whether it was kept.

    Of blocks: the cost after each of them, and bool (tried, b).
    """

    costs: FloatArray
    kept: BoolArray


class Tabu(NamedTuple):
    """What may not be flipped back for a while.

    Attributes:
        free_from: int64 (n,), the step from which on each neuron may be flipped again; it changes.
        now: the number of the next step.
        tenure: steps for which a neuron is tabu once it was flipped, below n.
        best: a tabu neuron is flipped all the same where that leads below this.
        target: a cost of at most this ends the steps; NaN for none.
    """

    free_from: IntArray
    now: int
    tenure: int
    best: float
    target: float


class Steps(NamedTuple):
    """Steps to the best mask one flip away.

    Attributes:
        costs: float64 (steps, n), with each neuron flipped, before each step.
        neurons: int64 (steps,), the flips that were made; the last was not if the target was met.
    """

    costs: FloatArray
    neurons: IntArray


class Walk(ABC):
    """A mask, its cost, and what each single flip would cost.

    Of n neurons. Nothing is counted here; `CostMeter.walk` gives a walk that counts.
    """

    def __init__(self, neuron_mask: BoolArray) -> None:
        self._mask = neuron_mask.copy()

    @property
    def neuron_mask(self) -> BoolArray:
        """The present mask, bool (n,): a copy."""
        return self._mask.copy()

    @property
    def n_neurons(self) -> int:
        """Number of neurons."""
        return len(self._mask)

    @property
    @abstractmethod
    def cost(self) -> float:
        """Of the present mask."""

    @abstractmethod
    def _after(self, neuron: int) -> float:
        """The cost with one more flip."""

    @abstractmethod
    def _move(self, neuron: int, cost: float) -> None:
        """Makes the flip, which leads to this cost."""

    def flip_costs(self, neurons: npt.ArrayLike | None = None) -> FloatArray:
        """The cost with each of these neurons flipped alone, float64 (k,); None for all n."""
        return self._flip_costs(self._check(neurons))

    def flip(self, neuron: int) -> None:
        """Flips a neuron: it stays if it went, and goes if it stayed."""
        neuron = check_integer("neuron", neuron, minimum=0, maximum=self.n_neurons - 1)
        self._move(neuron, self._after(neuron))

    def move(self, neurons: npt.ArrayLike, cost: float) -> None:
        """Flips neurons (k,), which leads to a cost that was looked at."""
        for neuron in self._check(neurons).tolist():
            self._move(neuron, cost)

    def block_costs(self, block: npt.ArrayLike) -> FloatArray:
        """The cost of each mask of a block, with all other neurons as they are.

        Each differs from the one before by one flip (Gray code); the walk ends where it began.

        Args:
            block: int (b,), neurons, each once.

        Returns:
            float64 (2^b,), by the index of the mask on the block, its first the most significant.

        Raises:
            TooLargeError: 2^b costs do not fit in memory.
        """
        neurons = self._check(block)
        if len(set(neurons.tolist())) < len(neurons) or not neurons.size:
            raise ValueError(f"block={show_value(neurons.tolist())} (limit: neurons, each once)")
        what = "the costs of a block"
        check_register("block_size", len(neurons), bytes_per_mask=16, what=what)
        return self._block_costs(neurons)

    def group_costs(self, groups: Sequence[npt.ArrayLike]) -> FloatArray:
        """The cost with all neurons of each group flipped, float64 (groups,); the walk stays."""
        return np.array([self._group_cost(self._check(group)) for group in groups])

    def try_flips(self, order: IntArray, rule: Rule, draws: FloatArray) -> Flips:
        """Tries flips one after another, each from where the last one that was kept led.

        Args:
            order: int64 (k,), neurons of 0..n - 1.
            rule: which are kept, and at which cost to end.
            draws: float64 (k,), of 0..1, one for each flip; not used at temperature 0.
        """
        costs, kept, tried = np.empty(len(order)), np.zeros(len(order), dtype=bool), 0
        for neuron in order.tolist():
            costs[tried] = flipped = self._after(neuron)
            tried += 1
            if flipped <= rule.target:
                break
            draw = draws[tried - 1] if rule.temperature > 0 else 0.0
            if rule.keeps(self.cost, flipped, draw):
                self._move(neuron, flipped)
                kept[tried - 1] = True
        return Flips(costs[:tried], kept[:tried])

    def choose_blocks(self, blocks: IntArray, rule: Rule) -> Flips:
        """Takes the best mask of each block, one after another, where that lowers the cost.

        Args:
            blocks: int64 (k, b), neurons of 0..n - 1, in a row each once; -1 where it has fewer.
            rule: what is lower, and at which cost to end.

        Returns:
            The cost after each block, and bool (tried, b), which of its neurons were flipped.
        """
        costs, kept, tried = np.empty(len(blocks)), np.zeros(blocks.shape, dtype=bool), 0
        for row in blocks:
            block, tried = row[row >= 0], tried + 1
            best, least = self._best_of_block(block)
            costs[tried - 1] = least
            if not rule.keeps(self.cost, least, 0.0):
                costs[tried - 1] = self.cost
                continue
            chosen = masks_from_indices(best, len(block)) != self._mask[block]
            kept[tried - 1, row >= 0] = chosen
            if least <= rule.target:
                break
            self.move(block[chosen], least)
        return Flips(costs[:tried], kept[:tried])

    def take_steps(self, n_steps: int, tabu: Tabu) -> Steps:
        """Flips the neuron that costs least, whether that lowers the cost or not, and again."""
        costs, neurons, best = (
            np.empty((n_steps, self.n_neurons)),
            np.empty(n_steps, int),
            tabu.best,
        )
        for step in range(n_steps):
            costs[step] = self.flip_costs()
            may = (tabu.free_from <= tabu.now + step) | (costs[step] < best)
            choice = int(np.where(may, costs[step], np.inf).argmin())
            neurons[step], least = choice, float(costs[step, choice])
            if (costs[step] <= tabu.target).any():
                return Steps(costs[: step + 1], neurons[: step + 1])
            self._move(choice, least)
            tabu.free_from[choice], best = tabu.now + step + 1 + tabu.tenure, min(best, least)
        return Steps(costs, neurons)

    def _group_cost(self, neurons: IntArray) -> float:
        cost = before = self.cost
        for neuron in neurons.tolist():
            cost = self._after(neuron)
            self._move(neuron, cost)
        for neuron in neurons.tolist():
            self._move(neuron, before)
        return cost

    def _flip_costs(self, neurons: IntArray) -> FloatArray:
        return np.array([self._after(j) for j in neurons.tolist()])

    def _best_of_block(self, block: IntArray) -> tuple[int, float]:
        """The index of the best mask of a block, the first of equal ones, and its cost."""
        costs = self._block_costs(block)
        best = int(costs.argmin())
        return best, float(costs[best])

    def _block_costs(self, block: IntArray) -> FloatArray:
        costs = np.empty(2 ** len(block))
        index = int(self._mask[block] @ place_values(len(block)))
        costs[index] = self.cost
        for place in gray_code(len(block)):
            neuron = int(block[-1 - place])
            self._move(neuron, self._after(neuron))
            index ^= 1 << place
            costs[index] = self.cost
        first = int(block[0])
        self._move(first, self._after(first))
        return costs

    def _check(self, neurons: npt.ArrayLike | None) -> IntArray:
        """Returns neurons of 0..n - 1, (k,)."""
        if neurons is None:
            return np.arange(self.n_neurons)
        array: npt.NDArray[Any] = np.asarray(neurons)
        if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
            raise TypeError(f"neurons={show_value(neurons)} is not a sequence of integers")
        if array.size and not (array.min() >= 0 and array.max() < self.n_neurons):
            limit = f"limit: 0 to {self.n_neurons - 1}"
            raise ValueError(f"neurons={show_value(neurons)} holds one out of range ({limit})")
        return array.astype(np.int64)


def gray_code(b: int) -> Iterator[int]:
    """The bits that change from each of 2^b numbers to the next; bit 0 is worth 1.

    From 0 it ends at 2^(b-1): one more change, of bit b - 1, closes the cycle.

    >>> [*gray_code(3)]
    [0, 1, 0, 2, 0, 1, 0]
    """
    for i in range(1, 2**b):
        yield (i & -i).bit_length() - 1
