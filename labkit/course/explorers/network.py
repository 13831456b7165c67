"""A random network, and how much of it a choice of a few neurons at a time finds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from labkit.arrays import FloatArray, IntArray
from labkit.course.explorers.base import ProblemExplorer, seed_slider, slider, task_dropdown
from labkit.course.explorers.picture import SharedMask
from labkit.course.lessons.lesson_12_local_selection import follow_sweeps
from labkit.course.plots import draw_decision
from labkit.course.plots.blocks import draw_folds, draw_over_blocks
from labkit.course.wording import say
from labkit.datasets import Task
from labkit.masks import BoolArray, mask_from_index, mask_to_string, masks_from_indices
from labkit.problems import Problem
from labkit.scoring import check_labels, cost_of_outputs

MIN_NEURONS, MAX_NEURONS = 3, 12


@dataclass(frozen=True, eq=False)
class NetworkView:
    """What is found of one network by sweeps in blocks, all other neurons being held.

    Attributes:
        problem: task, network and cost table.
        block_size: neurons that are chosen at a time.
    """

    problem: Problem
    block_size: int

    @property
    def neuron_mask(self) -> BoolArray:
        """Where the sweeps end that begin with all neurons on, bool (n,)."""
        n = self.problem.n_neurons
        return mask_from_index(int(_ends(self.problem)[self.block_size - 1, -1]), n)

    @cached_property
    def shares(self) -> FloatArray:
        """Of the test samples right, the mean over all 2^n starts, (n,) by block size."""
        return share_right(self.problem)[_ends(self.problem)].mean(axis=1)

    @cached_property
    def met_best(self) -> FloatArray:
        """The share of the 2^n starts from which the end is a mask of least cost, as `shares`."""
        table = self.problem.table
        return table.marked(table.minimum)[_ends(self.problem)].mean(axis=1)

    @property
    def whole(self) -> float:
        """Share of test samples that the network with all neurons on gets right."""
        return float(share_right(self.problem)[-1])

    @property
    def best(self) -> float:
        """The same of the best mask on the training samples."""
        return float(share_right(self.problem)[self.problem.table.costs.argmin()])

    @property
    def solved(self) -> float:
        """The same of a read-out solved for the same neurons, all of them on."""
        return share_solved(self.problem)

    @property
    def text(self) -> str:
        """The same in one line."""
        n, k, table = self.problem.n_neurons, self.block_size, self.problem.table
        return say(
            "network.text",
            n=n,
            n_2=2**n,
            k=k,
            neuron_mask=mask_to_string(self.neuron_mask),
            rank=table.rank(self.neuron_mask),
            shares=self.shares[k - 1],
            met_best=self.met_best[k - 1],
            best=self.best,
            whole=self.whole,
            solved=self.solved,
        )


@lru_cache(maxsize=64)
def _ends(problem: Problem) -> IntArray:
    """Where sweeps end, (block sizes, starts): indices of masks, see `follow_sweeps`."""
    sizes = range(1, problem.n_neurons + 1)
    return np.array([follow_sweeps(problem.table, size) for size in sizes])


@lru_cache(maxsize=64)
def share_right(problem: Problem) -> FloatArray:
    """The share of the test samples right by mask index, (2^n,): of masks where sweeps end.

    And of the one with all neurons on, and the best; of all others it is nan.
    """
    n, task = problem.n_neurons, problem.task
    wanted = np.unique([*_ends(problem).ravel(), 2**n - 1, problem.table.costs.argmin()])
    prepared = problem.network.prepare(task.x_test)
    outputs = problem.network.run_masks(prepared, masks_from_indices(wanted, n))
    targets = check_labels(task.y_test, n_samples=len(outputs[0]), n_outputs=outputs.shape[-1])
    shares = np.full(2**n, np.nan)
    shares[wanted] = 1 - cost_of_outputs(outputs, targets, cost="error_rate")
    return shares


@lru_cache(maxsize=64)
def share_solved(problem: Problem) -> float:
    """The share of the test samples right with the read-out of least squared error.

    Of the same hidden neurons and a constant, on the training samples.
    """
    task, network = problem.task, problem.network
    each = np.eye(problem.n_neurons, dtype=bool)
    hidden = [
        network.run_masks(network.prepare(x), each)[..., 0].T for x in (task.x_train, task.x_test)
    ]
    train, test = (np.column_stack([h, np.ones(len(h))]) for h in hidden)
    labels = [
        check_labels(y, n_samples=len(y), n_outputs=network.n_outputs)
        for y in (task.y_train, task.y_test)
    ]
    solved, *_ = np.linalg.lstsq(train, labels[0], rcond=None)
    return 1 - float(cost_of_outputs(test @ solved, labels[1], cost="error_rate"))


class RandomNetworkExplorer(ProblemExplorer):
    """A random network of a width, its folds, and the subnetwork that a choice in blocks finds.

    Each line is where one hidden neuron switches on; those of neurons that are off are dotted. A
    click on the right axes, and the arrow keys, choose the block size.

    Args:
        task: one of `controls.TASKS`, or of your own; more than two features become two
            principal components.
        seed: of the network's weights, 0 to 19.
        n_neurons: width of the network, 3 to 12.
        block_size: neurons that are chosen at a time, 1 to n_neurons.
        shared: the mask that is lit here and in other explorers.
    """

    _kept = ("shares", "met_best", "whole", "best", "solved")

    def __init__(
        self,
        task: str | Task = "moons",
        seed: int = 7,
        n_neurons: int = 8,
        block_size: int = 1,
        *,
        shared: SharedMask | None = None,
    ) -> None:
        choices = {
            "task": task_dropdown(task),
            "seed": seed_slider(seed),
            "n_neurons": slider(
                "n_neurons", n_neurons, MIN_NEURONS, MAX_NEURONS, say("shared.neurons")
            ),
            "block_size": slider(
                "block_size", block_size, 1, n_neurons, say("shared.locality_block_size")
            ),
        }
        super().__init__(choices, widths=(5.0, 4.8), height=3.8, shared=shared)

    @property
    def view(self) -> NetworkView:
        """What is shown."""
        return NetworkView(self.problem, self.chosen["block_size"])

    def _adjust(self, moved: str) -> None:
        """There is no block larger than the network."""
        if moved == "n_neurons":
            self.controls["block_size"].max = self.chosen["n_neurons"]

    def _point(self, number: int, x: float, y: float) -> None:
        if number == 1:
            self.controls["block_size"].value = round(x)

    def _arrow(self, right: int, up: int) -> None:
        self.controls["block_size"].value += right

    def _draw(self) -> str:
        view, (left, right) = self.view, self._axes
        draw_decision(left, view.problem.network, view.problem.task, view.neuron_mask)
        draw_folds(left, view.problem.network, view.neuron_mask)
        lines = {"samples": view.shares, "starts": view.met_best}
        levels = (view.best, view.whole, view.solved)
        draw_over_blocks(
            right, range(1, len(view.shares) + 1), lines, chosen=view.block_size, levels=levels,
            ylabel=say("network.share"), title=say("network.circles_samples_right_triangles"),
        )  # fmt: skip
        right.set_ylim(-0.03, 1.03)
        return view.text
