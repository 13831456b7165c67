"""Switch neurons on and off; see what the subnetwork decides, costs, and where it ranks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from labkit.costs import CostTable
from labkit.course.explorers.base import QUBITS, ProblemExplorer, seed_slider, slider, task_dropdown
from labkit.course.explorers.picture import NetworkDrawing, SharedMask
from labkit.course.plots import draw_cost_histogram, draw_decision
from labkit.course.plots.masks import bin_costs
from labkit.course.wording import say
from labkit.datasets import Task
from labkit.masks import BoolArray, mask_from_index, mask_to_index, mask_to_string
from labkit.problems import Problem, build_problem

MIN_NEURONS, MAX_NEURONS = 3, 12


@dataclass(frozen=True, eq=False)
class SubnetworkView:
    """What the explorer says of one subnetwork."""

    problem: Problem
    neuron_mask: BoolArray
    cost: float
    rank: int
    train_accuracy: float
    test_accuracy: float

    @property
    def text(self) -> str:
        """The same in one line."""
        n_masks = len(self.problem.table.costs)
        return say(
            "subnetwork.text",
            neuron_mask=mask_to_string(self.neuron_mask),
            cost=self.cost,
            rank=self.rank,
            n_masks=n_masks,
            train_accuracy=self.train_accuracy,
            test_accuracy=self.test_accuracy,
        )


def view_subnetwork(problem: Problem, neuron_mask: BoolArray) -> SubnetworkView:
    """Looks a subnetwork, bool (n,), up in its problem."""
    table, mask = problem.table, neuron_mask
    train, test = (problem.accuracy(mask, split=split) for split in ("train", "test"))
    cost, rank = float(table.evaluate(mask)), table.rank(mask)
    return SubnetworkView(problem, mask, cost, rank, train, test)


def find_mask_in_bar(table: CostTable, cost: float) -> BoolArray | None:
    """Of the masks in the bar of the histogram that holds a cost, one that costs nearest to it.

    None where the bar is empty.
    """
    _, edges = bin_costs(table)
    bars = np.digitize([*table.costs, cost], edges[1:-1])
    inside = np.flatnonzero(bars[:-1] == bars[-1])
    if not edges[0] <= cost <= edges[-1] or not inside.size:
        return None
    nearest = inside[np.abs(table.costs[inside] - cost).argmin()]
    return mask_from_index(int(nearest), table.n_neurons)


def find_next_by_cost(table: CostTable, neuron_mask: BoolArray | None, step: int) -> BoolArray:
    """The mask `step` places after this one in the order of cost; the first one after none."""
    order = np.argsort(table.costs, kind="stable")
    place = 0
    if neuron_mask is not None:
        place = int(np.flatnonzero(order == mask_to_index(neuron_mask))[0]) + step
    return mask_from_index(int(order[np.clip(place, 0, len(order) - 1)]), table.n_neurons)


class SubnetworkExplorer(ProblemExplorer):
    """A network whose neurons are clicked on and off, beside what the subnetwork decides.

    A click on a bar of the cost histogram chooses a mask in it; the arrow keys left and right
    choose the next cheaper and the next costlier mask. What is chosen here is the shared mask.

    Args:
        task: one of `controls.TASKS`, or of your own; more than two features become two
            principal components.
        seed: of the network's weights, 0 to 19.
        n_neurons: hidden neurons, one qubit each later on, 3 to 12.
        shared: the mask that is shown here, and lit in other explorers; by default all neurons on.

    Attributes:
        drawing: the `NetworkDrawing`; its `neuron_mask` is the mask shown.
    """

    _kept = ("cost", "rank", "train_accuracy", "test_accuracy")

    def __init__(
        self,
        task: str | Task = "moons",
        seed: int = 7,
        n_neurons: int = 8,
        *,
        shared: SharedMask | None = None,
    ) -> None:
        choices = {
            "task": task_dropdown(task),
            "seed": seed_slider(seed),
            "n_neurons": slider("n_neurons", n_neurons, MIN_NEURONS, MAX_NEURONS, QUBITS),
        }
        self.drawing = NetworkDrawing()
        if shared is not None and (lit := shared.of(n_neurons)) is not None:
            self.drawing.neuron_mask = lit.tolist()
        self._show_network(build_problem(task, n_neurons, seed=seed))
        # a switch is to this explorer what another shared mask is to others
        self.drawing.observe(super()._shared_changed, names="neuron_mask")
        super().__init__(choices, widths=(5.0, 4.4), height=3.6, beside=self.drawing, shared=shared)

    def reset(self) -> None:
        """Sets every control to where it began, and switches every neuron on."""
        with self.hold():
            self.drawing.neuron_mask = []
            super().reset()

    def redraw(self) -> None:
        """Draws the picture, then lights the mask in every explorer that shares it."""
        super().redraw()
        self.shared.choose(self.drawing.mask)

    @property
    def lit(self) -> BoolArray:
        """The mask that is shown, bool (n_neurons,)."""
        return self.drawing.mask

    @property
    def view(self) -> SubnetworkView:
        """What is shown."""
        return view_subnetwork(self.problem, self.drawing.mask)

    def _parameters(self) -> dict[str, Any]:
        return {**super()._parameters(), "neuron_mask": mask_to_string(self.drawing.mask)}

    def _show_network(self, problem: Problem) -> None:
        """Draws the problem's network; neurons that were there stay as they were, new ones on."""
        kept = self.drawing.mask[: problem.n_neurons]
        mask = np.concatenate([kept, np.ones(problem.n_neurons - len(kept), dtype=bool)])
        self.drawing.show_network(problem.network, mask)

    def _shared_changed(self, _: object) -> None:
        lit, shown = self.shared.of(len(self.drawing.neuron_mask)), self.drawing.mask
        if lit is not None and (lit != shown).any():
            with self.hold():
                self.drawing.neuron_mask = lit.tolist()

    def _point(self, number: int, x: float, y: float) -> None:
        chosen = find_mask_in_bar(self.problem.table, x) if number == 1 else None
        if chosen is not None:
            self.drawing.neuron_mask = chosen.tolist()

    def _arrow(self, right: int, up: int) -> None:
        chosen = find_next_by_cost(self.problem.table, self.drawing.mask, right)
        self.drawing.neuron_mask = chosen.tolist()

    def _adjust(self, moved: str) -> None:
        self._show_network(self.problem)

    def _draw(self) -> str:
        view, (left, right) = self.view, self._axes
        draw_decision(left, view.problem.network, view.problem.task, view.neuron_mask)
        draw_cost_histogram(right, view.problem.table, {say("shared.this_mask"): view.neuron_mask})
        return view.text
