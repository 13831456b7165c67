"""Walk on QAOA's landscape: a point is a pair of angles, and gives each mask its probability."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import ipywidgets as widgets
import numpy as np
from matplotlib.axes import Axes

from labkit.course.explorers.angle_surface import (
    BETAS,
    GAMMAS,
    AngleSurface,
    AngleView,
    FloatArray,
    map_angles,
    view_angles,
)
from labkit.course.explorers.base import MAX_SEED, Explorer, slider
from labkit.course.explorers.picture import SharedMask
from labkit.course.plots import draw_angle_surface, draw_probabilities
from labkit.course.plots.qaoa import probability_floor
from labkit.datasets import TASK_NAMES
from labkit.limits import check_choice, check_integer
from labkit.masks import mask_from_index, mask_to_string
from labkit.problems import Problem, build_problem

MIN_NEURONS, MAX_NEURONS, MAX_LAYERS = 6, 12, 8
_SHARES = {"all shots": 1.0, "the best half": 0.5, "the best 20%": 0.2, "the best 5%": 0.05}
#: Where the point stands at first: off the lowest place, which is left to be found.
_START = (1.0, 0.225)


class AngleExplorer(Explorer):
    """QAOA's landscape over (gamma, beta), and the probability of each mask at a point of it.

    The point follows a click, a drag or the arrow keys. With more than one layer all of them
    follow a ramp, and the axes are the means of its gammas and betas, see `ramp_through`. A click
    on a mask at the right lights it.

    Args:
        task: one of `datasets.TASK_NAMES`.
        seed: of the network's weights, 0 to 19.
        n_neurons: neurons, one qubit each, 6 to 12.
        p: QAOA layers to begin with, 1 to 8.
        shared: the mask that is lit here and in other explorers; by default one of its own.

    Attributes:
        gamma: of the point, for a cost of standard deviation 1.
        beta: of the point, radians.

    Raises:
        TypeError: a number is not an integer.
        ValueError: an argument is out of range.
    """

    def __init__(
        self,
        task: str = "moons",
        seed: int = 7,
        n_neurons: int = 8,
        p: int = 1,
        *,
        shared: SharedMask | None = None,
    ) -> None:
        self.task = check_choice("task", task, TASK_NAMES)
        check_integer("seed", seed, minimum=0, maximum=MAX_SEED)
        check_integer("n_neurons", n_neurons, minimum=MIN_NEURONS, maximum=MAX_NEURONS)
        check_integer("p", p, minimum=1, maximum=MAX_LAYERS)
        self.gamma, self.beta = _START
        super().__init__(
            {
                "n_neurons": slider("neurons = qubits", n_neurons, MIN_NEURONS, MAX_NEURONS),
                "p": slider("QAOA layers p", p, 1, MAX_LAYERS),
                "seed": slider("seed of the weights", seed, 0, MAX_SEED),
                "share": widgets.SelectionSlider(
                    options=list(_SHARES.items()),
                    description="landscape: mean cost of",
                ),
            },
            widths=(5.2, 5.2),
            height=3.9,
            shared=shared,
        )

    @property
    def problem(self) -> Problem:
        """The task, network and cost table that the controls choose."""
        n, seed = self.controls["n_neurons"].value, self.controls["seed"].value
        return build_problem(self.task, n, seed=seed)

    @property
    def landscape(self) -> FloatArray:
        """What the controls choose to show over the grid of angles, (rows, columns)."""
        value = {name: control.value for name, control in self.controls.items()}
        chosen = self.task, value["n_neurons"], value["seed"], value["p"]
        return _cached_landscape(*chosen, value["share"])

    @property
    def view(self) -> AngleView:
        """What is shown at the point."""
        table, p = self.problem.table, self.controls["p"].value
        return view_angles(table, p, self.gamma, self.beta, self.shared.of(table.n_neurons))

    def reset(self) -> None:
        """Sets every control and the point to where they began."""
        with self.hold():
            self.gamma, self.beta = _START
            super().reset()

    def _parameters(self) -> dict[str, Any]:
        point = {"gamma": self.gamma, "beta": self.beta}
        return {"task": self.task, **super()._parameters(), **point}

    def _numbers(self) -> dict[str, Any]:
        view = self.view
        return {
            "mean_cost": view.mean_cost,
            "success": view.success,
            "likeliest": mask_to_string(view.likeliest),
        }

    def _point(self, number: int, x: float, y: float) -> None:
        if number == 0:
            self._stand(x, y)
        else:
            self.shared.choose(self._nearest_mask(x, y))

    def _arrow(self, right: int, up: int) -> None:
        steps = GAMMAS[1] - GAMMAS[0], BETAS[1] - BETAS[0]
        self._stand(self.gamma + right * steps[0], self.beta + up * steps[1])

    def _stand(self, gamma: float, beta: float) -> None:
        self.gamma = float(np.clip(gamma, GAMMAS[0], GAMMAS[-1]))
        self.beta = float(np.clip(beta, BETAS[0], BETAS[-1]))

    def _nearest_mask(self, cost: float, chance: float) -> Any:
        """The mask drawn nearest to a place of the right axes."""
        view, n = self.view, self.problem.n_neurons
        drawn = np.log10(np.maximum(view.probabilities, probability_floor(n)))
        across = (view.table.costs - cost) / (np.ptp(view.table.costs) or 1.0)
        up = (drawn - np.log10(chance)) / -np.log10(probability_floor(n))
        return mask_from_index(int(np.argmin(across**2 + up**2)), n)

    def _draw(self, axes: Sequence[Axes]) -> str:
        view, here = self.view, {"here": (self.gamma, self.beta)}
        what = f"mean cost of {self.controls['share'].label}"
        landscape = self.landscape
        draw_angle_surface(axes[0], GAMMAS, BETAS, landscape, here, what=what)
        if view.p > 1:
            axes[0].set(xlabel="mean γ of the ramp (for costs of standard deviation 1)",
                        ylabel="mean β of the ramp (radians)")  # fmt: skip
        draw_probabilities(axes[1], view.table, view.probabilities, view.lit)
        return f"{view.text} · {what} at the lowest point {landscape.min():.4f}"


@lru_cache(maxsize=64)
def _cached_landscape(task: str, n: int, seed: int, p: int, share: float) -> FloatArray:
    return _cached_surface(task, n, seed, p).values(share)


@lru_cache(maxsize=4)  # each takes up to 9 MB
def _cached_surface(task: str, n_neurons: int, seed: int, p: int) -> AngleSurface:
    return map_angles(build_problem(task, n_neurons, seed=seed).table, p)
