"""What QAOA gives for each slope of a ramp: the landscape of `AngleExplorer`, and one point."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from labkit.ansatz import ramp_angles
from labkit.costs import CostTable
from labkit.limits import check_number
from labkit.masks import BoolArray, mask_from_index, mask_to_string
from labkit.simulators import evolve_qaoa, probabilities

FloatArray = npt.NDArray[np.float64]

#: The grid: gammas for a cost of standard deviation 1, betas in radians.
GAMMAS, BETAS = np.linspace(0, 5, 26), np.linspace(-0.3, 0.9, 21)


def ramp_through(gamma: float, beta: float, p: int, std: float) -> tuple[FloatArray, FloatArray]:
    """The ramp of p layers whose middle is (gamma, beta): at p = 1 these are the angles.

    gamma_l = 2 gamma / std * (l - 1/2)/p, beta_l = 2 beta * (1 - (l - 1/2)/p), whose means over
    the layers l = 1..p are gamma / std and beta.

    Args:
        gamma: for a cost of standard deviation 1.
        beta: radians.
        p: number of layers, at least 1.
        std: standard deviation of the cost over all masks.

    Returns:
        gammas, radians per unit of cost, and betas, float64 (p,) each.
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

        Args:
            share: in (0, 1].

        Raises:
            ValueError: it is not in (0, 1].

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


def map_angles(table: CostTable, p: int) -> AngleSurface:
    """Evolves QAOA for each point of a grid of ramps, see `ramp_through`.

    Args:
        table: costs of all masks.
        p: number of layers, at least 1.
    """
    order, std = np.argsort(table.costs, kind="stable"), table.std
    cumulative = np.empty((len(BETAS), len(GAMMAS), len(order)), dtype=np.float32)
    for row, beta in enumerate(BETAS):
        for column, gamma in enumerate(GAMMAS):
            state = evolve_qaoa(table, *ramp_through(gamma, beta, p, std))
            cumulative[row, column] = np.cumsum(probabilities(state)[order])
    return AngleSurface(GAMMAS, BETAS, table.costs[order], cumulative)


@dataclass(frozen=True, eq=False)
class AngleView:
    """What the explorer says of one point of the landscape."""

    table: CostTable
    p: int
    gamma: float
    beta: float
    probabilities: FloatArray
    lit: BoolArray | None = None

    @property
    def mean_cost(self) -> float:
        """Of a shot."""
        return float(self.probabilities @ self.table.costs)

    @cached_property
    def success(self) -> float:
        """Chance that a shot is a best mask."""
        return float(self.probabilities[self.table.marked(self.table.minimum)].sum())

    @property
    def likeliest(self) -> BoolArray:
        """The most probable mask, bool (n,)."""
        return mask_from_index(int(self.probabilities.argmax()), self.table.n_neurons)

    @property
    def text(self) -> str:
        """The same in one line."""
        n_best = int(self.table.marked(self.table.minimum).sum())
        times = self.success * len(self.table.costs) / n_best
        return (
            f"γ <b>{self.gamma:.2f}</b>, β <b>{self.beta:.2f}</b>{_of_layers(self.p)} · "
            f"mean cost of a shot <b>{self.mean_cost:.4f}</b> (all masks {self.table.mean:.4f}, "
            f"least {self.table.minimum:.4f}) · a shot is a best mask with probability "
            f"<b>{self.success:.4f}</b>, {times:,.1f} times that of chance · most probable: "
            f"{self._name(self.likeliest)}{self._of_lit()}"
        )

    def _of_lit(self) -> str:
        return "" if self.lit is None else f" · lit: <b>{self._name(self.lit)}</b>"

    def _name(self, mask: BoolArray) -> str:
        string = mask_to_string(mask)
        chance = self.probabilities[int(string, 2)]
        return f"{string} (rank {self.table.rank(mask):,}, probability {chance:.4f})"


def view_angles(
    table: CostTable, p: int, gamma: float, beta: float, lit: BoolArray | None = None
) -> AngleView:
    """Evolves QAOA for one point of the landscape.

    Args:
        table: costs of all masks.
        p: number of layers, at least 1.
        gamma: middle of the ramp, for a cost of standard deviation 1.
        beta: middle of the ramp, radians.
        lit: a mask (n,) to speak of too.
    """
    chance = probabilities(evolve_qaoa(table, *ramp_through(gamma, beta, p, table.std)))
    return AngleView(table, p, gamma, beta, chance / chance.sum(), lit)


def _of_layers(p: int) -> str:
    return "" if p == 1 else f" on average over a ramp of {p} layers"
