"""Flip one neuron of a vector-quantised network, and see which sites' codes change."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from labkit.arrays import BoolArray, IntArray
from labkit.course.explorers.base import MAX_SEED, Explorer, dropdown, slider
from labkit.course.plots.reuse import draw_changes, draw_sites
from labkit.course.wording import say
from labkit.limits import check_integer
from labkit.neighbours.quantum_states import MIXINGS, QuantumState, Work
from labkit.wave_functions.quantum_weights import count_of_one

FEWEST, MOST, MOST_CODES = 16, 64, 32


@lru_cache(maxsize=64)
def draw_state(n_neurons: int, n_codes: int, mixing: str, seed: int) -> QuantumState:
    """A random network of so many codes."""
    return QuantumState(n_neurons, codes=n_codes, mixing=mixing, seed=seed)


@lru_cache(maxsize=64)
def flip_all(n_neurons: int, n_codes: int, mixing: str, seed: int) -> tuple[BoolArray, Work]:
    """A random mask of it, and the work of all its flips."""
    mask = np.random.default_rng([seed, 25]).random(n_neurons) < 0.5
    return mask, draw_state(n_neurons, n_codes, mixing, seed).flip_ratios(mask)[1]


@dataclass(frozen=True)
class ReuseView:
    """One flip in a random network of codes.

    Attributes:
        n_neurons: n.
        neuron: that is flipped.
        n_codes: K.
        mixing: as of `QuantumState`.
        seed: of the weights and the mask.
    """

    n_neurons: int
    neuron: int
    n_codes: int
    mixing: str
    seed: int

    @property
    def work(self) -> Work:
        """Of all flips."""
        return flip_all(self.n_neurons, self.n_codes, self.mixing, self.seed)[1]

    @property
    def changed(self) -> BoolArray:
        """(blocks, n): the sites whose code this flip changes."""
        state = draw_state(self.n_neurons, self.n_codes, self.mixing, self.seed)
        mask = flip_all(self.n_neurons, self.n_codes, self.mixing, self.seed)[0]
        flipped = mask ^ (np.arange(self.n_neurons) == self.neuron)
        found: IntArray = state.codes(np.stack([mask, flipped]))
        return found[0] != found[1]

    @property
    def saving(self) -> float:
        """How many times fewer multiply-adds all flips take than without codes."""
        state = QuantumState(self.n_neurons, mixing=self.mixing, seed=self.seed)
        return self.n_neurons * count_of_one(state.weights) / self.work.multiply_adds

    @property
    def text(self) -> str:
        """The same in one line."""
        first, second = self.work.changed_sites[self.neuron]
        mean = self.work.changed_sites.mean(axis=0)
        return say(
            "reuse.text",
            neuron=self.neuron,
            n_neurons=self.n_neurons,
            first=first,
            second=second,
            mean=mean[0],
            mean_2=mean[1],
            saving=self.saving,
        )


class ReuseExplorer(Explorer):
    """The sites that a flip changes, with K codes, and the same of every other flip.

    A click on either picture, or the arrow keys, choose the neuron.

    Args:
        n_neurons: 16 to 64.
        neuron: that is flipped, one of the first 16.
        n_codes: K, 2 to 32.
        mixing: 'mean' or 'normal'.
        seed: of the weights and the mask.
    """

    _kept = ("changed", "saving")

    def __init__(
        self,
        n_neurons: int = 32,
        neuron: int = 3,
        n_codes: int = 16,
        mixing: str = "mean",
        seed: int = 0,
    ) -> None:
        choices = {
            "n_neurons": slider("n_neurons", n_neurons, FEWEST, MOST, say("shared.neurons")),
            "neuron": slider("neuron", neuron, 0, FEWEST - 1, say("shared.neuron_that_flips")),
            "n_codes": slider("n_codes", n_codes, 2, MOST_CODES, say("reuse.codes_k")),
            "mixing": dropdown("mixing", mixing, MIXINGS),
            "seed": check_integer("seed", seed, minimum=0, maximum=MAX_SEED),
        }
        super().__init__(choices, widths=(4.6, 4.4), height=3.4)

    @property
    def view(self) -> ReuseView:
        """What is shown."""
        names = ("n_neurons", "neuron", "n_codes", "mixing", "seed")
        return ReuseView(**{name: self.chosen[name] for name in names})

    def _point(self, number: int, x: float, y: float) -> None:
        self.controls["neuron"].value = min(max(round(x), 0), FEWEST - 1)

    def _arrow(self, right: int, up: int) -> None:
        self._point(0, self.chosen["neuron"] + right, 0)

    def _draw(self) -> str:
        view, (left, right) = self.view, self._axes
        draw_sites(left, view.changed, neuron=view.neuron)
        draw_changes(right, view.work.changed_sites, neuron=view.neuron)
        return view.text
