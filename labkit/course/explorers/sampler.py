"""Langevin chains that adapt their step: where they are, and where they should be."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from labkit.arrays import BoolArray, FloatArray
from labkit.course.explorers.base import Explorer, dropdown, selection_slider
from labkit.course.explorers.picture import SharedMask
from labkit.course.plots import canvas
from labkit.course.plots.samplers import draw_positions, draw_running
from labkit.course.wording import say
from labkit.neighbours.sampling import Chains, limit_density, sample_langevin

CHAINS, STEPS = 400, 300
SIZES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
BETAS = (0.0, 0.5, 0.9, 0.99)
FLOORS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
#: What is done about the bias -> the correction that the chains have.
REMEDIES = {
    "none": "none",
    "clock weights": "none",
    "one step": "one_step",
    "full": "full",
    "no adaptation": "sgld",
}
_GRID = np.linspace(-6, 6, 601)


@lru_cache(maxsize=64)
def run_chains(step: float, beta: float, correction: str, floor: float) -> Chains:
    """400 chains of the unit Gaussian, 300 steps each."""
    return sample_langevin(
        "gaussian", step=step, steps=STEPS, chains=CHAINS, correction=correction,
        beta=beta, floor=floor, rng=np.random.default_rng(24),
    )  # fmt: skip


@dataclass(frozen=True)
class SamplerView:
    """Chains of the unit Gaussian.

    Attributes:
        step: of `SIZES`.
        beta: of `BETAS`.
        correction: one of `REMEDIES`.
        floor: lambda, of `FLOORS`.
    """

    step: float
    beta: float
    correction: str
    floor: float

    @property
    def chains(self) -> Chains:
        """See `run_chains`."""
        return run_chains(self.step, self.beta, REMEDIES[self.correction], self.floor)

    @property
    def weights(self) -> FloatArray | None:
        """The clock of each position, (steps, chains), where it counts."""
        return self.chains.clocks if self.correction == "clock weights" else None

    @property
    def power(self) -> float:
        """Of floor + |U'| in the density that the limit of small steps predicts."""
        return {"none": 1.0, "one step": self.beta}.get(self.correction, 0.0)

    @property
    def predicted(self) -> float:
        """The variance of that density."""
        density = limit_density("gaussian", _GRID, floor=self.floor, power=self.power)
        return float((_GRID**2 * density).sum() / density.sum())

    @cached_property
    def running(self) -> FloatArray:
        """The variance of all positions up to each step, float64 (steps,)."""
        at, weights = self.chains.positions[:-1], self.weights
        w = np.ones_like(at) if weights is None else weights
        total, first, second = ((w * at**power).sum(axis=1).cumsum() for power in (0, 1, 2))
        return np.asarray(second / total - (first / total) ** 2)

    @property
    def variance(self) -> float:
        """Of all positions but the last."""
        return float(self.running[-1])

    @property
    def text(self) -> str:
        """The same in one line."""
        return say(
            "sampler.text",
            step=self.step,
            beta=self.beta,
            floor=self.floor,
            correction=self.correction,
            chains=CHAINS,
            steps=STEPS,
            variance=self.variance,
            predicted=self.predicted,
        )


class SamplerExplorer(Explorer):
    """Chains of the unit Gaussian: their positions beside the target, and how their variance goes.

    They start in the density that the limit of small steps predicts. The arrow keys change the
    step and lambda.

    Args:
        step: of `SIZES`.
        beta: of `BETAS`.
        correction: one of `REMEDIES`.
        floor: lambda, of `FLOORS`.
        shared: the mask that is lit here and in other explorers.
    """

    _kept = ("variance", "predicted")

    def __init__(
        self,
        step: float = 0.1,
        beta: float = 0.9,
        correction: str = "none",
        floor: float = 0.1,
        *,
        shared: SharedMask | None = None,
    ) -> None:
        def slide(name: str, value: float, values: tuple[float, ...], label: str) -> object:
            return selection_slider(name, value, [(f"{each:g}", each) for each in values], label)

        choices = {
            "step": slide("step", step, SIZES, say("shared.step")),
            "beta": slide("beta", beta, BETAS, "β"),
            "correction": dropdown("correction", correction, [*REMEDIES]),
            "floor": slide("floor", floor, FLOORS, "λ"),
        }
        super().__init__(choices, widths=(4.4, 4.4), height=3.6, shared=shared)

    @property
    def view(self) -> SamplerView:
        """What is shown."""
        return SamplerView(**self.chosen)

    @property
    def lit(self) -> BoolArray | None:
        """None: no mask is lit here."""
        return None

    def _point(self, number: int, x: float, y: float) -> None:
        """Pointing at a variance, on the right, chooses the lambda that predicts it best."""
        if number == 1:
            far = [
                abs(SamplerView(**{**self.chosen, "floor": floor}).predicted - y)
                for floor in FLOORS
            ]
            self.controls["floor"].value = FLOORS[int(np.argmin(far))]

    def _arrow(self, right: int, up: int) -> None:
        for name, values, by in (("step", SIZES, right), ("floor", FLOORS, up)):
            place = values.index(self.chosen[name]) + by
            self.controls[name].value = values[min(max(place, 0), len(values) - 1)]

    def _draw(self) -> str:
        view, (left, right) = self.view, self._axes
        positions = view.chains.positions[:-1]
        densities = {
            "target": (_GRID, limit_density("gaussian", _GRID, floor=view.floor, power=0)),
            "limit": (_GRID, limit_density("gaussian", _GRID, floor=view.floor, power=view.power)),
        }
        draw_positions(left, positions, view.weights, densities, edge=4.5, top=0.55)
        canvas.add_title(left, say("sampler.steps_the_chains_line"))
        lines = {"target": 1.0, "limit": view.predicted}
        draw_running(right, view.running, lines, low=0.4, high=2.4)
        canvas.add_title(right, say("sampler.variance_line_target_dashes"))
        return view.text
