"""What walks share that hold a state: it is made anew after many steps."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

from labkit.arrays import BoolArray
from labkit.costs.walks.walk import Walk

#: Steps after which a state is summed anew, at least: until then rounding hardly adds up.
_STEPS = 2**10


class Maker(Protocol):
    """What makes a state at a mask (n,), and anew after so many steps a neuron."""

    steps_per_neuron: ClassVar[int]

    def __call__(self, neuron_mask: BoolArray) -> Any:
        """The state, which owns the mask."""


class StatefulWalk(Walk):
    """A walk whose state is made anew after many steps, against what rounding adds up to.

    Args:
        make_state: what makes its state, see `labkit.costs.walks.states`.
        neuron_mask: bool (n,), where it begins.
    """

    def __init__(self, make_state: Maker, neuron_mask: BoolArray) -> None:
        super().__init__(neuron_mask)
        self._make_state, self._steps = make_state, 0
        self._state: Any = make_state(self._mask)

    @property
    def cost(self) -> float:
        """Of the present mask."""
        return float(self._state.total[0])

    def _stepped(self, steps: int) -> None:
        self._steps += steps
        if self._steps > max(_STEPS, self._make_state.steps_per_neuron * self.n_neurons):
            self._state, self._steps = self._make_state(self._mask), 0
