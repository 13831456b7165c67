"""Cut the higher orders of a cost off, and see whether what is left still finds the best mask."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import comb

import numpy as np

from labkit.costs import CostTable
from labkit.costs.spectrum import regret_by, share_by_order, truncate
from labkit.course.explorers.base import QUBITS, ProblemExplorer, seed_slider, slider
from labkit.course.explorers.controls import cost_dropdown
from labkit.course.explorers.picture import SharedMask
from labkit.course.explorers.subnetwork import find_next_by_cost
from labkit.course.plots import draw_agreement, draw_orders
from labkit.course.wording import say
from labkit.datasets import Task, check_task
from labkit.masks import BoolArray, mask_from_index, mask_to_string

MIN_NEURONS, MAX_NEURONS = 3, 12


@dataclass(frozen=True, eq=False)
class SpectrumView:
    """What a cost is without its orders above one, 0 to n."""

    table: CostTable
    max_order: int
    lit: BoolArray | None = None

    @cached_property
    def truncated(self) -> CostTable:
        """The cost up to that order."""
        return truncate(self.table, self.max_order)

    @cached_property
    def share_by_order(self) -> list[float]:
        """Of the variance, n + 1 of them."""
        return share_by_order(self.table).tolist()

    @property
    def n_terms(self) -> int:
        """How many coefficients the truncated cost has, its constant included."""
        return sum(comb(self.table.n_neurons, k) for k in range(self.max_order + 1))

    @property
    def kept(self) -> float:
        """The share of the variance that is kept."""
        return float(np.sum(self.share_by_order[: self.max_order + 1]))

    @property
    def best(self) -> int:
        """Index of a mask of least cost."""
        return int(self.table.costs.argmin())

    @property
    def chosen(self) -> str:
        """A mask of least truncated cost."""
        index = int(self.truncated.costs.argmin())
        return mask_to_string(mask_from_index(index, self.table.n_neurons))

    @property
    def regret(self) -> float:
        """How much more than the least the chosen mask costs."""
        return regret_by(self.table, self.truncated)

    @property
    def text(self) -> str:
        """The same in one line."""
        n, n_masks = self.table.n_neurons, len(self.table.costs)
        words = say(
            "spectrum.text",
            max_order=self.max_order,
            n_terms=self.n_terms,
            n_masks=n_masks,
            kept=self.kept,
            chosen=self.chosen,
            rank=self.table.rank(self.chosen),
            regret=self.regret,
            mask_from_index=mask_to_string(mask_from_index(self.best, n)),
        )
        if self.lit is None:
            return words
        cost, cut = float(self.table.evaluate(self.lit)), float(self.truncated.evaluate(self.lit))
        ring = say("spectrum.mask_cost_truncated", lit=mask_to_string(self.lit), cost=cost, cut=cut)
        return say("spectrum.ring", words=words, ring=ring)


def nearest_point(view: SpectrumView, cost: float, truncated: float) -> int:
    """Index of the mask that is drawn nearest to a point, both axes being taken as equally long."""
    across, up = view.table.costs, view.truncated.costs
    wide, high = float(np.ptp(across)) or 1.0, float(np.ptp(up)) or 1.0
    return int(np.argmin(((across - cost) / wide) ** 2 + ((up - truncated) / high) ** 2))


@lru_cache(maxsize=64)
def agreement_limits(table: CostTable) -> tuple[float, float]:
    """Between which a cost and its truncations of every order from 1 on stay, with some room."""
    orders = range(1, table.n_neurons + 1)
    costs = np.concatenate([truncate(table, order).costs for order in orders])
    room = 0.05 * float(np.ptp(costs)) or 0.05
    return float(costs.min()) - room, float(costs.max()) + room


class SpectrumExplorer(ProblemExplorer):
    """The spectrum of a cost by order, and the true cost of each mask against the truncated one.

    A click on a mask lights it; the arrow keys left and right light the next by cost. A click on
    an order cuts there.

    Args:
        task: one of `datasets.TASK_NAMES`, or of your own.
        seed: of the network's weights, 0 to 19.
        n_neurons: neurons, one qubit each, 3 to 12.
        cost: one of `scoring.COSTS`.
        max_order: the highest order that is kept to begin with, 1 to n.
        shared: the mask that is lit here and in other explorers.
    """

    _kept = ("share_by_order", "kept", "n_terms", "regret", "chosen")

    def __init__(
        self,
        task: str | Task = "moons",
        seed: int = 7,
        n_neurons: int = 8,
        cost: str = "cross_entropy",
        max_order: int = 2,
        *,
        shared: SharedMask | None = None,
    ) -> None:
        order = say("spectrum.locality_order_of_the")
        choices = {
            "task": check_task("task", task),
            "n_neurons": slider("n_neurons", n_neurons, MIN_NEURONS, MAX_NEURONS, QUBITS),
            "seed": seed_slider(seed),
            "cost": cost_dropdown(cost),
            "max_order": slider("max_order", max_order, 1, n_neurons, order),
        }
        super().__init__(choices, widths=(4.4, 5.2), height=3.8, shared=shared)

    @property
    def view(self) -> SpectrumView:
        """What is shown."""
        return SpectrumView(self.problem.table, self.chosen["max_order"], self.lit)

    def _adjust(self, moved: str) -> None:
        """There is no order above the number of neurons."""
        if moved == "n_neurons":
            self.controls["max_order"].max = self.chosen["n_neurons"]

    def _point(self, number: int, x: float, y: float) -> None:
        if number == 0:
            self.controls["max_order"].value = round(x)
        else:
            self._light(nearest_point(self.view, x, y))

    def _arrow(self, right: int, up: int) -> None:
        self.shared.choose(find_next_by_cost(self.problem.table, self.lit, right))

    def _draw(self) -> str:
        view, (left, right) = self.view, self._axes
        draw_orders(left, view.share_by_order, view.max_order)
        costs, truncated = view.table.costs, view.truncated.costs
        indices = {"best": view.best, "chosen": int(view.chosen, 2), "lit": self._lit_index}
        draw_agreement(right, costs, truncated, **indices)
        limits = agreement_limits(view.table)
        right.set(
            xlim=limits,
            ylim=limits,
            xlabel=say("spectrum.true_cost"),
            ylabel=say("spectrum.cost_up_to_order", max_order=view.max_order),
        )
        right.set_title(say("spectrum.all_masks_triangle_best"), fontsize=10)
        return view.text
