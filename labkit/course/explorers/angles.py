"""Walk on QAOA's landscape: a point is a pair of angles, and gives each mask its probability."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

from labkit.ansatz import ramp_angles
from labkit.arrays import BoolArray, FloatArray
from labkit.costs import CostTable
from labkit.course.explorers.base import (
    QUBITS,
    ProblemExplorer,
    seed_slider,
    selection_slider,
    slider,
)
from labkit.course.explorers.picture import SharedMask
from labkit.course.plots import draw_angle_surface, draw_probabilities
from labkit.course.plots.qaoa import probability_floor
from labkit.course.wording import say
from labkit.datasets import Task, check_task
from labkit.limits import check_finite, check_number
from labkit.masks import mask_from_index, mask_to_string
from labkit.simulators import evolve_qaoa, evolve_qaoa_each, probabilities

MIN_NEURONS, MAX_NEURONS, MAX_LAYERS = 6, 12, 8
_SHARES = [
    (say("angles.all_shots"), 1.0),
    (say("angles.the_best_half"), 0.5),
    (say("angles.the_best_fifth"), 0.2),
    (say("angles.the_best_twentieth"), 0.05),
]
#: The grid: gammas for a cost of standard deviation 1, betas in radians.
GAMMAS, BETAS = np.linspace(0, 5, 26), np.linspace(-0.3, 0.9, 21)


def ramp_through(gamma: float, beta: float, p: int, std: float) -> tuple[FloatArray, FloatArray]:
    """The ramp of p layers whose middle is (gamma, beta): at p = 1 these are the angles.

    gamma_l = 2 gamma / std * (l - 1/2)/p, beta_l = 2 beta * (1 - (l - 1/2)/p), whose means over
    the layers l = 1..p are gamma / std and beta; std is that of the cost over all masks.

    Returns:
        gammas, radians per unit of cost, and betas, radians, float64 (p,) each.
    """
    return ramp_angles(p, 1, std=std, delta_gamma=2 * gamma, delta_beta=2 * beta)


@dataclass(frozen=True, eq=False)
class AngleSurface:
    """The distribution of costs at each point of a grid of ramps.

    Attributes:
        gammas: float64 (columns,).
        betas: float64 (rows,).
        costs: float64 (2^n,), ascending.
        cumulative: float32 (rows, columns, 2^n), the chance of a cost up to each of these.
    """

    gammas: FloatArray
    betas: FloatArray
    costs: FloatArray
    cumulative: npt.NDArray[np.float32]

    def values(self, share: float = 1.0) -> FloatArray:
        """The mean cost of the best share of all shots, CVaR; of all of them at 1: (rows, columns).

        With F_i the chance of a cost up to c_i, in ascending order, summed by parts:
        c_max - (1/share) sum_i min(F_i, share) (c_{i+1} - c_i).

        Reference: Barkoutsos et al. 2020, arXiv 1907.04769.
        """
        if not 0 < check_number("share", share) <= 1:
            raise ValueError(f"share={share} is no share (limit: above 0, at most 1)")
        steps = np.diff(self.costs).astype(np.float32)
        below = np.minimum(self.cumulative[..., :-1], np.float32(share)) @ steps
        return np.asarray(self.costs[-1] - below / share, dtype=np.float64)

    def lowest(self, share: float = 1.0) -> tuple[float, float]:
        """The point (gamma, beta) of the grid at which `values` is least."""
        values = self.values(share)
        row, column = np.unravel_index(values.argmin(), values.shape)
        return float(self.gammas[column]), float(self.betas[row])


@lru_cache(maxsize=4)  # each takes up to 9 MB
def map_angles(table: CostTable, p: int) -> AngleSurface:
    """Evolves QAOA of p layers for each point of a grid of ramps, see `ramp_through`."""
    order = np.argsort(table.costs, kind="stable")
    gammas, betas = ramp_through(1.0, 1.0, p, table.std)  # all ramps are multiples of these
    along = np.outer(GAMMAS, gammas)
    cumulative = np.empty((len(BETAS), len(GAMMAS), len(order)), dtype=np.float32)
    for row, beta in enumerate(BETAS):
        states = evolve_qaoa_each(table, along, np.tile(beta * betas, (len(GAMMAS), 1)))
        cumulative[row] = np.cumsum(probabilities(states)[:, order], axis=1)
    return AngleSurface(GAMMAS, BETAS, table.costs[order], cumulative)


@dataclass(frozen=True, eq=False)
class AngleView:
    """What QAOA's state is at one point of the landscape, see `ramp_through`."""

    table: CostTable
    p: int
    gamma: float
    beta: float
    lit: BoolArray | None = None

    @cached_property
    def probabilities(self) -> FloatArray:
        """Of each mask in a shot, (2^n,)."""
        angles = ramp_through(self.gamma, self.beta, self.p, self.table.std)
        chances = probabilities(evolve_qaoa(self.table, *angles))
        return chances / chances.sum()

    @property
    def mean_cost(self) -> float:
        """Of a shot."""
        return float(self.probabilities @ self.table.costs)

    @cached_property
    def success(self) -> float:
        """Chance that a shot is a best mask."""
        return float(self.probabilities[self.table.marked(self.table.minimum)].sum())

    @property
    def likeliest(self) -> str:
        """The most probable mask."""
        index = int(self.probabilities.argmax())
        return mask_to_string(mask_from_index(index, self.table.n_neurons))

    @property
    def text(self) -> str:
        """The same in one line."""
        n_best = int(self.table.marked(self.table.minimum).sum())
        times = self.success * len(self.table.costs) / n_best
        layers = "" if self.p == 1 else say("angles.on_average_over_a", p=self.p)
        words = say(
            "angles.text",
            gamma=self.gamma,
            beta=self.beta,
            layers=layers,
            mean_cost=self.mean_cost,
            mean=self.table.mean,
            minimum=self.table.minimum,
            success=self.success,
            times=times,
            likeliest=self._name(self.likeliest),
        )
        if self.lit is None:
            return words
        return say("angles.lit", words=words, lit=self._name(mask_to_string(self.lit)))

    def _name(self, mask: str) -> str:
        chance = self.probabilities[int(mask, 2)]
        return say("angles.rank_probability", mask=mask, rank=self.table.rank(mask), chance=chance)


@lru_cache(maxsize=64)
def _landscape(table: CostTable, p: int, share: float) -> FloatArray:
    return map_angles(table, p).values(share)


class AngleExplorer(ProblemExplorer):
    """QAOA's landscape over (gamma, beta), and the probability of each mask at a point of it.

    The point follows a click, a drag or the arrow keys. With more than one layer all of them
    follow a ramp, and the axes are the means of its gammas and betas, see `ramp_through`. A click
    on a mask at the right lights it.

    Args:
        task: one of `datasets.TASK_NAMES`, or of your own.
        seed: of the network's weights, 0 to 19.
        n_neurons: neurons, one qubit each, 6 to 12.
        p: QAOA layers to begin with, 1 to 8.
        share: of the shots whose mean cost the landscape shows, the best 1.0, 0.5, 0.2 or 0.05.
        gamma: where the point stands to begin with, for a cost of standard deviation 1, 0 to 5; off
            the lowest place by default, which is left to be found.
        beta: the same, radians, -0.3 to 0.9.
        shared: the mask that is lit here and in other explorers; by default one of its own.

    Attributes:
        gamma: of the point, for a cost of standard deviation 1.
        beta: of the point, radians.
    """

    _kept, _places = ("mean_cost", "success", "likeliest"), ("gamma", "beta")

    def __init__(
        self,
        task: str | Task = "moons",
        seed: int = 7,
        n_neurons: int = 8,
        p: int = 1,
        share: float = 1.0,
        gamma: float = 1.0,
        beta: float = 0.225,
        *,
        shared: SharedMask | None = None,
    ) -> None:
        choices = {
            "task": check_task("task", task),
            "n_neurons": slider("n_neurons", n_neurons, MIN_NEURONS, MAX_NEURONS, QUBITS),
            "p": slider("p", p, 1, MAX_LAYERS, say("shared.qaoa_layers_p")),
            "seed": seed_slider(seed),
            "share": selection_slider(
                "share", share, _SHARES, say("angles.landscape_mean_cost_of")
            ),
        }
        self._stand(check_finite("gamma", gamma), check_finite("beta", beta))
        super().__init__(choices, widths=(5.2, 5.2), height=3.9, shared=shared)

    @property
    def landscape(self) -> FloatArray:
        """What the controls choose to show over the grid of angles, (rows, columns)."""
        return _landscape(self.problem.table, self.chosen["p"], self.chosen["share"])

    @property
    def view(self) -> AngleView:
        """What is shown at the point."""
        return AngleView(self.problem.table, self.chosen["p"], self.gamma, self.beta, self.lit)

    def _point(self, number: int, x: float, y: float) -> None:
        if number == 0:
            self._stand(x, y)
        else:
            self._light(self._nearest_mask(x, y))

    def _arrow(self, right: int, up: int) -> None:
        self._stand(self.gamma + right * np.diff(GAMMAS)[0], self.beta + up * np.diff(BETAS)[0])

    def _stand(self, gamma: float, beta: float) -> None:
        self.gamma = float(np.clip(gamma, GAMMAS[0], GAMMAS[-1]))
        self.beta = float(np.clip(beta, BETAS[0], BETAS[-1]))

    def _nearest_mask(self, cost: float, chance: float) -> int:
        """The index of the mask drawn nearest to a place of the right axes."""
        view, n = self.view, self.problem.n_neurons
        drawn = np.log10(np.maximum(view.probabilities, probability_floor(n)))
        across = (view.table.costs - cost) / (np.ptp(view.table.costs) or 1.0)
        up = (drawn - np.log10(chance)) / -np.log10(probability_floor(n))
        return int(np.argmin(across**2 + up**2))

    def _draw(self) -> str:
        view, (left, right), here = self.view, self._axes, {"here": (self.gamma, self.beta)}
        what, landscape = (
            say("angles.mean_cost_of", label=self.controls["share"].label),
            self.landscape,
        )
        draw_angle_surface(left, GAMMAS, BETAS, landscape, here, what=what)
        if view.p > 1:
            left.set(xlabel=say("angles.mean_of_the_ramp"),
                     ylabel=say("angles.mean_of_the_ramp_radians"))  # fmt: skip
        draw_probabilities(right, view.table, view.probabilities, view.lit)
        return say("angles.at_the_lowest_point", text=view.text, what=what, min=landscape.min())
