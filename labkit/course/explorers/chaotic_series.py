"""A series of a map, one random filter slid over it, and the period of each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import gcd

import numpy as np

from labkit.arrays import BoolArray, FloatArray
from labkit.course.explorers.base import Explorer, dropdown, seed_slider, slider
from labkit.course.plots.chaotic_series import draw_series
from labkit.course.wording import say
from labkit.neighbours.chaos import iterate_map, least_period, lyapunov_exponent, z_score
from labkit.neighbours.random_filters import sample_filters, slide_filters

#: The maps, and the parameters that the slider has, in so many equal steps.
RANGES = {"logistic": (3.0, 4.0), "sine_circle": (0.0, 5.0)}
STEPS = 40
LENGTH, KERNEL, SHOWN = 400, 40, 60
#: Of a period: the error of a z-scored series, and the longest that is looked for.
TOLERANCE, LONGEST, MAX_STRIDE = 1e-3, 32, 8


@lru_cache(maxsize=len(RANGES))
def orbits_of(name: str) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Parameters (41,), exponents (41,) and z-scored series (41, 400) of a map."""
    parameters = np.linspace(*RANGES[name], STEPS + 1)
    series = iterate_map(name, parameters, LENGTH, rng=np.random.default_rng(26))
    return parameters, lyapunov_exponent(name, parameters, steps=2000), z_score(series)


@dataclass(frozen=True)
class SeriesView:
    """A series and what one random filter of 40 steps makes of it.

    Attributes:
        map: of `RANGES`.
        step: which of 41 parameters.
        seed: of the filter.
        stride: steps of the series from one activation to the next.
    """

    map: str
    step: int
    seed: int
    stride: int

    @property
    def parameter(self) -> float:
        """Of the map."""
        return float(orbits_of(self.map)[0][self.step])

    @property
    def exponent(self) -> float:
        """The Lyapunov exponent, natural logarithm for each step."""
        return float(orbits_of(self.map)[1][self.step])

    @property
    def series(self) -> FloatArray:
        """Z-scored, (400,)."""
        return orbits_of(self.map)[2][self.step]

    @property
    def activation(self) -> FloatArray:
        """relu(w * x + b) by places, float64 (places,)."""
        one = sample_filters(1, KERNEL, seed=self.seed)
        return slide_filters(self.series[None], one.filters, one.biases, stride=self.stride)[0, 0]

    @property
    def periods(self) -> tuple[int, int]:
        """Of the series and of the activation, 0 if there is none up to 32."""
        reach = np.abs(sample_filters(1, KERNEL, seed=self.seed).filters).sum()
        return (
            int(least_period(self.series, tolerance=TOLERANCE, longest=LONGEST)),
            int(least_period(self.activation, tolerance=TOLERANCE * reach, longest=LONGEST)),
        )

    @property
    def text(self) -> str:
        """The same in one line."""
        of_series, of_filter = self.periods
        kind = say("chaotic_series.chaotic" if self.exponent > 0 else "chaotic_series.regular")
        most = of_series // gcd(of_series, self.stride) if of_series else 0
        limit = (
            say("chaotic_series.which_divides_p_gcd", most=most, stride=self.stride) if most else ""
        )
        return say(
            "chaotic_series.text",
            parameter=self.parameter,
            exponent=self.exponent,
            kind=kind,
            in_words=in_words(of_series),
            in_words_2=in_words(of_filter),
            limit=limit,
            max=self.activation.max(),
        )


def in_words(period: int) -> str:
    """A period, or that there is none."""
    return (
        say("chaotic_series.period", period=period) if period else say("chaotic_series.no_period")
    )


class SeriesExplorer(Explorer):
    """A map's series and one random filter on it, with the period of both.

    A click goes to the parameter at that share of the width; the arrow keys go on by one.

    Args:
        map: 'logistic' or 'sine_circle'.
        step: parameter, 0 to 40, from the least to the largest.
        seed: of the filter.
        stride: steps of the series from place to place, 1 to 8.
    """

    _kept = ("parameter", "exponent", "periods")

    def __init__(
        self, map: str = "logistic", step: int = 20, seed: int = 0, stride: int = 1
    ) -> None:
        choices = {
            "map": dropdown("map", map, tuple(RANGES)),
            "step": slider("step", step, 0, STEPS, say("chaotic_series.parameter")),
            "seed": seed_slider(seed),
            "stride": slider("stride", stride, 1, MAX_STRIDE, say("chaotic_series.stride")),
        }
        super().__init__(choices, widths=(4.8, 4.8), height=3.4)

    @property
    def view(self) -> SeriesView:
        """What is shown."""
        return SeriesView(**self.chosen)

    @property
    def lit(self) -> BoolArray | None:
        """No mask is lit here."""
        return None

    def _point(self, number: int, x: float, y: float) -> None:
        self.controls["step"].value = round(STEPS * np.clip(x / SHOWN, 0, 1))

    def _arrow(self, right: int, up: int) -> None:
        self.controls["step"].value += right

    def _draw(self) -> str:
        view, (left, right) = self.view, self._axes
        periods = [in_words(period) for period in view.periods]
        draw_series(
            left,
            view.series[:SHOWN],
            say("chaotic_series.series_z_scored", periods=periods[0]),
            say("shared.step"),
        )
        left.set_ylim(-3, 3)
        draw_series(
            right,
            view.activation[:SHOWN],
            say("chaotic_series.activation", periods=periods[1]),
            say("chaotic_series.place"),
        )
        right.set_ylim(-0.1, 5)
        return view.text
