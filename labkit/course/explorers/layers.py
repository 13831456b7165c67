"""QAOA on blocks of neurons, by the ramp and by angles that small networks were trained on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from labkit.ansatz import ramp_angles
from labkit.arrays import FloatArray
from labkit.costs import CostTable
from labkit.course.explorers.base import ProblemExplorer, seed_slider, slider
from labkit.course.explorers.picture import SharedMask
from labkit.course.lessons.lesson_09_training_angles import Angles, mean_angles, transfer_angles
from labkit.course.lessons.lesson_12_local_selection import pass_in_blocks
from labkit.course.plots.blocks import draw_over_blocks
from labkit.course.wording import say
from labkit.datasets import Task, check_task
from labkit.problems import Problem, build_problem
from labkit.simulators import entropy, evolve_qaoa, probabilities

MIN_NEURONS, MAX_NEURONS, MAX_LAYERS = 3, 10, 4
#: Networks of so many neurons, of these seeds, are trained, and the mean of their angles reused.
DONOR_NEURONS, DONOR_SEEDS = 4, range(100, 105)
#: Where angles come from.
KINDS = ("ramp", "reused")


@dataclass(frozen=True, eq=False)
class BlockLayers:
    """QAOA of p layers on each block of a pass, the angles being of one kind.

    Attributes:
        chance: of the best mask in one shot, of the block where it is least.
        calls: until every block's best mask is met: p cost layers and one query a shot.
        bits: of entanglement across the middle of a block, in the state that is measured; of the
            block that has most.
    """

    chance: float
    calls: float
    bits: float


@lru_cache(maxsize=16)
def reused_angles(p: int) -> Angles:
    """The mean of the angles trained on small networks, for a cost of standard deviation 1."""
    return mean_angles(DONOR_NEURONS, DONOR_SEEDS, p)


def angles_for(kind: str, n_neurons: int, p: int) -> Angles:
    """Angles of one of `KINDS` for a block of so many neurons, standard deviation 1."""
    if kind == "ramp":
        return ramp_angles(p, n_neurons, std=1.0)
    return transfer_angles(reused_angles(p), DONOR_NEURONS, n_neurons)


@lru_cache(maxsize=1024)
def offer_blocks(problem: Problem, block_size: int) -> list[CostTable]:
    """What the blocks of a pass that begins with all neurons on are offered."""
    return pass_in_blocks(problem.table, np.ones(problem.n_neurons, dtype=bool), block_size)[0]


@lru_cache(maxsize=4096)
def view_layers(problem: Problem, block_size: int, p: int, kind: str) -> BlockLayers:
    """What QAOA comes to on the blocks of a pass."""
    blocks = offer_blocks(problem, block_size)
    chances, bits = zip(*(_run_block(block, p, kind) for block in blocks), strict=True)
    calls = sum((p + 1) / max(chance, 1e-12) for chance in chances)
    return BlockLayers(min(chances), calls, max(bits))


def _run_block(block: CostTable, p: int, kind: str) -> tuple[float, float]:
    """The chance of a best mask in one shot, and the bits across the middle."""
    gammas, betas = angles_for(kind, block.n_neurons, p)
    state = evolve_qaoa(block, gammas / (block.std or 1.0), betas)
    chances, best = probabilities(state).astype(np.float64), block.marked(block.minimum)
    bits = entropy(state, range(block.n_neurons // 2))
    return float(chances[best].sum() / chances.sum()), bits


@dataclass(frozen=True, eq=False)
class LayersView:
    """Both kinds of angles on the blocks of each size."""

    problem: Problem
    block_size: int
    p: int

    def lines(self, name: str) -> dict[str, FloatArray]:
        """An attribute of `BlockLayers`, kind -> float64 (n,) by block size from 1 on."""
        sizes = range(1, self.problem.n_neurons + 1)
        return {
            kind: np.array(
                [getattr(view_layers(self.problem, k, self.p, kind), name) for k in sizes]
            )
            for kind in KINDS
        }

    @property
    def masks(self) -> FloatArray:
        """How many masks all blocks of a pass have together, float64 (n,) by block size."""
        n = self.problem.n_neurons
        return np.array([n // k * 2**k + (2 ** (n % k) if n % k else 0) for k in range(1, n + 1)])

    @property
    def ramp(self) -> BlockLayers:
        """Of the block size that is chosen, by the ramp."""
        return view_layers(self.problem, self.block_size, self.p, "ramp")

    @property
    def reused(self) -> BlockLayers:
        """The same by reused angles."""
        return view_layers(self.problem, self.block_size, self.p, "reused")

    @property
    def text(self) -> str:
        """The same in one line."""
        n, k, ramp, reused = self.problem.n_neurons, self.block_size, self.ramp, self.reused
        return say(
            "layers.text",
            k=k,
            n=n,
            p=self.p,
            chance=ramp.chance,
            donor_neurons=DONOR_NEURONS,
            chance_2=reused.chance,
            bits=ramp.bits,
            bits_2=reused.bits,
            k_2=k // 2,
            calls=ramp.calls,
            calls_2=reused.calls,
            masks=self.masks[k - 1],
        )


class LayersExplorer(ProblemExplorer):
    """QAOA with untrained and with reused angles, on a block of a few neurons or on all at once.

    The cost is the squared error of outputs of scale 1, as in the lesson. A click chooses the
    block size, and so do the arrow keys; up and down change the number of layers.

    Args:
        task: one of `datasets.TASK_NAMES`, or of your own.
        seed: of the network's weights, 0 to 19.
        n_neurons: neurons, 3 to 10.
        block_size: neurons of a block, 1 to n_neurons.
        p: layers, 1 to 4.
        shared: the mask that is lit here and in other explorers.
    """

    def __init__(
        self,
        task: str | Task = "moons",
        seed: int = 7,
        n_neurons: int = 10,
        block_size: int = 3,
        p: int = 4,
        *,
        shared: SharedMask | None = None,
    ) -> None:
        choices = {
            "task": check_task("task", task),
            "n_neurons": slider(
                "n_neurons", n_neurons, MIN_NEURONS, MAX_NEURONS, say("shared.neurons")
            ),
            "seed": seed_slider(seed),
            "block_size": slider(
                "block_size", block_size, 1, n_neurons, say("shared.locality_block_size")
            ),
            "p": slider("p", p, 1, MAX_LAYERS, say("shared.qaoa_layers_p")),
        }
        # trained here, so that the first move to another p is no slower
        for layers in range(1, MAX_LAYERS + 1):
            reused_angles(layers)
        super().__init__(choices, widths=(3.8, 3.8, 3.8), height=3.6, shared=shared)

    @property
    def problem(self) -> Problem:
        """The task and network that are chosen, with the cost of the lesson."""
        task, n, seed = (self.chosen[name] for name in ("task", "n_neurons", "seed"))
        return build_problem(task, n, seed=seed, scale=1.0, cost="squared_error")

    @property
    def view(self) -> LayersView:
        """What is shown."""
        return LayersView(self.problem, self.chosen["block_size"], self.chosen["p"])

    def _numbers(self) -> dict[str, float]:
        view = self.view
        return {
            f"{name} {kind}": getattr(getattr(view, kind), name)
            for kind in KINDS
            for name in ("chance", "calls", "bits")
        }

    def _adjust(self, moved: str) -> None:
        """There is no block larger than the network."""
        if moved == "n_neurons":
            self.controls["block_size"].max = self.chosen["n_neurons"]

    def _point(self, number: int, x: float, y: float) -> None:
        self.controls["block_size"].value = round(x)

    def _arrow(self, right: int, up: int) -> None:
        self.controls["block_size"].value += right
        self.controls["p"].value += up

    def _draw(self) -> str:
        view, (left, middle, right) = self.view, self._axes
        n, chosen = view.problem.n_neurons, view.block_size
        sizes = range(1, n + 1)
        draw_over_blocks(left, sizes, view.lines("chance"), chosen=chosen,
                         ylabel=say("layers.best_of_the_hardest"),
                         title=say("layers.one_shot_circles_ramp"))  # fmt: skip
        left.set_ylim(-0.03, 1.03)
        bits = {**view.lines("bits"), "bound": np.array([k // 2 for k in sizes])}
        draw_over_blocks(middle, sizes, bits, chosen=chosen,
                         ylabel=say("shared.bits_across_the_middle"),
                         title=say("layers.squares_at_most_k"))  # fmt: skip
        middle.set_ylim(-0.2, MAX_NEURONS // 2 + 0.3)
        calls = {**view.lines("calls"), say("layers.every_mask"): view.masks}
        draw_over_blocks(right, sizes, calls, chosen=chosen, ylabel=say("shared.calls_of_a_whole"),
                         title=say("layers.squares_every_mask_of"), is_log=True)  # fmt: skip
        right.set_ylim(2, 3000)
        return view.text
