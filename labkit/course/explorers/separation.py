"""Draw random neurons one after another, and see at which width they separate two classes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from labkit.arrays import FloatArray
from labkit.course.explorers.base import (
    Explorer,
    dropdown,
    seed_slider,
    selection_slider,
    slider,
)
from labkit.course.explorers.picture import SharedMask
from labkit.course.plots import canvas
from labkit.course.plots.separation import draw_least_widths, draw_network
from labkit.course.wording import say
from labkit.neighbours.point_sets import PointSet, aligned_rings, half_moons, spirals
from labkit.neighbours.separation import (
    separates,
    widest_hyperplane,
    width_to_separate,
)

MAX_NEURONS = 36
RANGES = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0)
SETS: dict[str, PointSet] = {
    "moons": half_moons(36),
    "rings": aligned_rings(36),
    "spirals": spirals(36),
}


@lru_cache(maxsize=256)
def draw_weights(bias_range: float, seed: int) -> tuple[FloatArray, FloatArray]:
    """W (n, 2) and b (n,) of `MAX_NEURONS` neurons, as `random_relu` draws them."""
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=(MAX_NEURONS, 2))
    return weights, rng.uniform(-bias_range, bias_range, size=MAX_NEURONS)


@lru_cache(maxsize=256)
def find_features(points: str, bias_range: float, seed: int) -> FloatArray:
    """relu(W x + b) of a point set, (samples, `MAX_NEURONS`): `random_relu` but for its factor."""
    weights, biases = draw_weights(bias_range, seed)
    return np.asarray(np.maximum(SETS[points].points @ weights.T + biases, 0))


@lru_cache(maxsize=256)
def least_widths(points: str, seed: int) -> tuple[int | None, ...]:
    """The fewest of a network's first neurons that separate, at each of `RANGES`; None: none."""
    y = SETS[points].y
    return tuple(width_to_separate(find_features(points, r, seed), y) for r in RANGES)


@lru_cache(maxsize=256)
def find_read_out(
    points: str, n_neurons: int, bias_range: float, seed: int
) -> tuple[FloatArray, float] | None:
    """The widest hyperplane of the first n neurons; None where they do not separate."""
    phi = find_features(points, bias_range, seed)[:, :n_neurons]
    return widest_hyperplane(phi, SETS[points].y)


@dataclass(frozen=True)
class SeparationView:
    """The first neurons of a random network on a point set.

    Attributes:
        points: one of `SETS`.
        n_neurons: n.
        bias_range: lambda, one of `RANGES`.
        seed: of the weights.
    """

    points: str
    n_neurons: int
    bias_range: float
    seed: int

    @property
    def widths(self) -> tuple[int | None, ...]:
        """See `least_widths`."""
        return least_widths(self.points, self.seed)

    @property
    def least(self) -> int | None:
        """The fewest of its neurons that separate at the range that is chosen."""
        return self.widths[RANGES.index(self.bias_range)]

    @property
    def is_separated(self) -> bool:
        """Whether the first n separate."""
        phi = find_features(self.points, self.bias_range, self.seed)[:, : self.n_neurons]
        return separates(phi, SETS[self.points].y)

    @property
    def n_cut(self) -> int:
        """How many of the n neurons are on for some points and off for others."""
        phi = find_features(self.points, self.bias_range, self.seed)[:, : self.n_neurons]
        on = phi > 0
        return int((on.any(axis=0) & ~on.all(axis=0)).sum())

    @property
    def text(self) -> str:
        """The same in one line."""
        least = (
            say("separation.none_up_to", max_neurons=MAX_NEURONS)
            if self.least is None
            else say("separation.the_first", least=self.least)
        )
        done = say("separation.separate" if self.is_separated else "separation.do_not_separate")
        return say(
            "separation.text",
            points=self.points,
            bias_range=self.bias_range,
            n_neurons=self.n_neurons,
            done=done,
            n_cut=self.n_cut,
            least=least,
        )


class SeparationExplorer(Explorer):
    """Random neurons as lines among two classes, and the width at which they separate.

    A click on the right picture chooses a bias range; so do the arrow keys.

    Args:
        points: one of `SETS`.
        n_neurons: 1 to 36, the first of the network's.
        bias_range: lambda, one of `RANGES`.
        seed: of the weights, 0 to 19.
        shared: the mask that is lit here and in other explorers.
    """

    _kept = ("least", "n_cut", "is_separated")

    def __init__(
        self,
        points: str = "rings",
        n_neurons: int = 12,
        bias_range: float = 1.0,
        seed: int = 14,
        *,
        shared: SharedMask | None = None,
    ) -> None:
        offered = [(f"{value:g}", value) for value in RANGES]
        choices = {
            "points": dropdown("points", points, [*SETS]),
            "n_neurons": slider("n_neurons", n_neurons, 1, MAX_NEURONS, say("shared.neurons")),
            "bias_range": selection_slider(
                "bias_range", bias_range, offered, say("shared.bias_range")
            ),
            "seed": seed_slider(seed),
        }
        super().__init__(choices, widths=(4.2, 4.4), height=3.8, shared=shared)

    @property
    def view(self) -> SeparationView:
        """What is shown."""
        chosen = self.chosen
        return SeparationView(
            chosen["points"], chosen["n_neurons"], chosen["bias_range"], chosen["seed"]
        )

    def _point(self, number: int, x: float, y: float) -> None:
        if number == 1:
            self.controls["bias_range"].value = RANGES[min(max(round(x), 0), len(RANGES) - 1)]

    def _arrow(self, right: int, up: int) -> None:
        place = RANGES.index(self.chosen["bias_range"]) + right
        self.controls["bias_range"].value = RANGES[min(max(place, 0), len(RANGES) - 1)]

    def _draw(self) -> str:
        view, (left, right) = self.view, self._axes
        points, y = SETS[view.points]
        weights, biases = (
            part[: view.n_neurons] for part in draw_weights(view.bias_range, view.seed)
        )
        plane = find_read_out(view.points, view.n_neurons, view.bias_range, view.seed)
        draw_network(left, points, y, weights, biases, plane)
        done = say("separation.separated" if view.is_separated else "separation.not_separated")
        canvas.add_title(left, say("separation.neurons", n_neurons=view.n_neurons, done=done))
        place = RANGES.index(view.bias_range)
        draw_least_widths(
            right, RANGES, view.widths, chosen=place, n=view.n_neurons, top=MAX_NEURONS
        )
        return view.text
