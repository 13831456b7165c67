"""What local selection decided, step by step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from labkit.masks import BoolArray
from labkit.selectors.running import Ledger, Selection


@dataclass(frozen=True, eq=False)
class BlockStep:
    """One decision of local selection.

    Attributes:
        block: int (b,), the neurons that were free; empty where `solo` puts its decisions together.
        before: bool (n,), the mask that the other neurons were held at.
        after: bool (n,), the mask with the block decided.
        cost: of `after`.
        ledger: what was counted until then, from the start of the search.
    """

    block: npt.NDArray[np.int64]
    before: BoolArray
    after: BoolArray
    cost: float
    ledger: Ledger


@dataclass(frozen=True, eq=False)
class LocalWalk:
    """A local selection and its decisions, in order.

    Attributes:
        selection: as `run` returns it.
        steps: the decisions; one that the budget or the target cut short is not among them.
    """

    selection: Selection
    steps: tuple[BlockStep, ...]

    def masks(self, n_steps: int | None = None) -> BoolArray:
        """The start and the mask after each of the first `n_steps` (or all) steps.

        Returns:
            bool (n_steps + 1, n).

        Raises:
            ValueError: there is no step at all.
        """
        self._check_steps()
        return np.array([self.steps[0].before, *(step.after for step in self.steps[:n_steps])])

    def path(self, n_steps: int | None = None) -> BoolArray:
        """The same with each mask that a step began at: `solo` goes back to the start."""
        self._check_steps()
        visited = [self.steps[0].before]
        for step in self.steps[:n_steps]:
            if (step.before != visited[-1]).any():
                visited.append(step.before)
            visited.append(step.after)
        return np.array(visited)

    def _check_steps(self) -> None:
        if not self.steps:
            raise ValueError("steps=() of this walk: its first block was cut short (limit: 1 step)")
