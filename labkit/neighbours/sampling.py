"""Samplers that adapt their step: Langevin chains with a bias, and the same theorem for masks.

With g = U'(theta) a chain of e^(-U) keeps V <- beta V + (1 - beta) g^2 and steps by its clock
G = 1 / (floor + sqrt(V)):

    theta <- theta - (step / 2) (G g - Gamma) + sqrt(step G) xi,   xi ~ N(0, 1).

Without Gamma its density goes to e^(-U) / G = e^(-U) (floor + |U'|) as the step goes to 0 at a
fixed beta: not to e^(-U). A chain that flips a bit of a mask at every step has the same bias.

Reference: arXiv 2403.08609 (its abstract, and the start of its introduction, are what is followed
here; which samplers it treats we have not seen: these formulas are our reading).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.integrate import cumulative_trapezoid, trapezoid

from labkit.arrays import FloatArray
from labkit.costs import CostTable
from labkit.limits import (
    check_array,
    check_choice,
    check_count,
    check_finite,
    check_integer,
    check_positive,
    check_register,
    check_rng,
    check_share,
    show_value,
)

#: What Gamma is: nothing; dG/dtheta through the last gradient alone; all of it. Of 'sgld' G is 1.
CORRECTIONS = ("none", "one_step", "full", "sgld")
_GRID = 4001


@dataclass(frozen=True)
class Target:
    """A density proportional to e^(-U) on the line.

    Attributes:
        name: of it.
        potential, slope, curvature: U, U' and U'' of an array, of its shape.
        edge: beyond -edge..edge it has no weight that a float would show.
    """

    name: str
    potential: Callable[[FloatArray], FloatArray]
    slope: Callable[[FloatArray], FloatArray]
    curvature: Callable[[FloatArray], FloatArray]
    edge: float


#: U = t^2 / 2, and U = 2 (t^2 - 1)^2 + 0.3 t.
TARGETS = {
    "gaussian": Target("gaussian", lambda t: t**2 / 2, lambda t: t, np.ones_like, 9.0),
    "double_well": Target(
        "double_well",
        lambda t: 2 * (t**2 - 1) ** 2 + 0.3 * t,
        lambda t: 8 * t * (t**2 - 1) + 0.3,
        lambda t: 24 * t**2 - 8,
        3.0,
    ),
}


@dataclass(frozen=True, eq=False)
class Chains:
    """What chains went through.

    Attributes:
        positions: float64 (steps + 1, chains), theta, the starts first.
        clocks: float64 (steps, chains), the G with which each position but the last was left.
    """

    positions: FloatArray
    clocks: FloatArray

    @property
    def gradients(self) -> int:
        """How many slopes were asked for: one a step and chain."""
        return self.clocks.size

    def variance(self, *, burn_in: int = 0, weighted: bool = False) -> float:
        """Of the positions after `burn_in` steps, of all chains; weighted by their clocks, or not.

        sum w (theta - mean)^2 / sum w, mean = sum w theta / sum w, with w = G or w = 1. G is the
        time that a step took, so the weighted mean is one over time.
        """
        burn_in = check_integer("burn_in", burn_in, minimum=0, maximum=len(self.clocks) - 1)
        positions = self.positions[burn_in:-1]
        weights = self.clocks[burn_in:] if weighted else None
        mean = np.average(positions, weights=weights)
        return float(np.average((positions - mean) ** 2, weights=weights))


def find_target(target: Target | str) -> Target:
    """A target itself, or the one of `TARGETS` that has this name."""
    if isinstance(target, Target):
        return target
    return TARGETS[check_choice("target", target, [*TARGETS])]


def sample_langevin(
    target: Target | str,
    *,
    step: float,
    steps: int,
    chains: int,
    correction: str = "none",
    rng: np.random.Generator,
    beta: float = 0.9,
    floor: float = 0.1,
    noise: float = 0.0,
    starts: npt.ArrayLike | None = None,
) -> Chains:
    """Runs chains side by side, see the module.

    Args:
        target: one of `TARGETS`, by name, or your own.
        step: above 0, in the unit of theta^2.
        steps: of each chain, 1 or more.
        chains: 1 or more.
        correction: one of `CORRECTIONS`.
        rng: draws the starts, then the noise of each step.
        beta: what V keeps of itself in a step, in 0..1, below 1.
        floor: the lambda of the papers, above 0.
        noise: standard deviation of what is added to each gradient, as by a minibatch; 0 or more.
        starts: (chains,); None: drawn from the density that the limit step -> 0 predicts, one
            from each of `chains` equal shares of its chance.

    Raises:
        TooLargeError: the positions do not fit in memory.
        FloatingPointError: a chain left the reals, as by too large a step.
    """
    target = find_target(target)
    step, floor = check_positive("step", step), check_positive("floor", floor)
    steps = check_integer("steps", steps, minimum=1)
    chains = check_integer("chains", chains, minimum=1)
    check_choice("correction", correction, CORRECTIONS)
    if check_share("beta", beta) == 1:
        raise ValueError("beta=1.0 never sees a gradient (limit: below 1)")
    if check_finite("noise", noise) < 0:
        raise ValueError(f"noise={noise} is below 0 (limit: 0 or more)")
    check_rng(rng)
    check_count("chains", chains, bytes_each=16, what="positions and clocks")
    check_count("steps", steps, bytes_each=16 * chains, what="positions and clocks")
    if starts is None:
        power = {"none": 1.0, "one_step": beta}.get(correction, 0.0)
        begin = _draw_from(target, floor=floor, power=power, count=chains, rng=rng)
    else:
        begin = _check_starts(starts, chains)
    made = Chains(np.empty((steps + 1, chains)), np.empty((steps, chains)))
    made.positions[0] = begin
    try:
        _fill(made, target, step, correction, beta, floor, noise, rng)
    except FloatingPointError:
        given = f"step={show_value(step)}: a chain left the reals"
        raise FloatingPointError(f"{given} (limit: a smaller step, or nearer starts)") from None
    return made


def _fill(
    made: Chains, target: Target, step: float, correction: str, beta: float, floor: float,
    noise: float, rng: np.random.Generator,
) -> None:  # fmt: skip
    """Goes every step from the starts on; V begins as the square of the first gradient."""
    theta, v = made.positions[0], None
    with np.errstate(over="raise", invalid="raise"):
        for t in range(len(made.clocks)):
            g = target.slope(theta)
            if noise:
                g = g + noise * rng.standard_normal(len(theta))
            v = g**2 if v is None else beta * v + (1 - beta) * g**2
            clock = np.ones_like(g) if correction == "sgld" else 1 / (floor + np.sqrt(v))
            drift = clock * g
            if correction in ("one_step", "full"):
                drift = drift - _gamma(correction, g, v, clock, target.curvature(theta), beta)
            xi = rng.standard_normal(len(theta))
            theta = theta - step / 2 * drift + np.sqrt(step * clock) * xi
            made.positions[t + 1], made.clocks[t] = theta, clock


def _gamma(
    correction: str, g: FloatArray, v: FloatArray, clock: FloatArray, curvature: FloatArray,
    beta: float,
) -> FloatArray:  # fmt: skip
    """dG/dtheta: with V = beta V' + (1 - beta) g^2 at a fixed V', or with V = g^2 altogether."""
    if correction == "full":
        return -(clock**2) * np.sign(g) * curvature
    root = np.sqrt(np.where(v > 0, v, 1.0))  # at v = 0 g is 0 as well, and so is this
    return -(1 - beta) * clock**2 * g * curvature / root


def _draw_from(
    target: Target, *, floor: float, power: float, count: int, rng: np.random.Generator
) -> FloatArray:
    """Draws from `limit_density`, one in each of `count` equal shares of its chance."""
    grid = np.linspace(-target.edge, target.edge, _GRID)
    density = limit_density(target, grid, floor=floor, power=power)
    shares = (np.arange(count) + rng.random(count)) / count
    return np.interp(shares, cumulative_trapezoid(density, grid, initial=0), grid)


def limit_density(
    target: Target | str, grid: npt.ArrayLike, *, floor: float, power: float
) -> FloatArray:
    """The density e^(-U) (floor + |U'|)^power, of integral 1 over the grid (trapezoids).

    Power 1: no Gamma; beta: Gamma through the last gradient; 0: the target itself. For the Gaussian
    and power 1 the variance is (floor + 2 c) / (floor + c), c = sqrt(2 / pi).

    Args:
        target: one of `TARGETS`, by name, or your own.
        grid: (points,), rising, 2 or more.
        floor: above 0.
        power: 0 or more.
    """
    target, floor = find_target(target), check_positive("floor", floor)
    if check_finite("power", power) < 0:
        raise ValueError(f"power={power} is below 0 (limit: 0 or more)")
    at = check_array("grid", grid)
    if at.ndim != 1 or len(at) < 2 or (np.diff(at) <= 0).any():
        raise ValueError(f"grid of shape {at.shape} does not rise (limit: 2 points or more)")
    log = power * np.log(floor + np.abs(target.slope(at))) - target.potential(at)
    density = np.exp(log - log.max())
    return np.asarray(density / trapezoid(density, at))


def gaussian_variance(floor: float) -> float:
    """Of the unit Gaussian, sampled without Gamma in the limit: (floor + 2 c) / (floor + c).

    c = sqrt(2 / pi) is the mean of |theta|.
    """
    c = np.sqrt(2 / np.pi)
    return float((check_positive("floor", floor) + 2 * c) / (floor + c))


def mask_posterior(table: CostTable, temperature: float) -> FloatArray:
    """p(m) = e^(-cost(m) / T) / sum of it over all masks, float64 (2^n,) by mask index.

    Where the cost is a mean of N negative log-likelihoods and T = 1 / N, it is the posterior over
    subnetworks with every mask as likely as any other before.

    Args:
        table: the cost of each mask.
        temperature: T above 0, in the unit of the cost.
    """
    _check_table(table)
    temperature = check_positive("temperature", temperature)
    return _normalised(-(table.costs - table.minimum) / temperature)


def log_rates(table: CostTable, temperature: float) -> FloatArray:
    """log Z(m), Z(m) = sum_j e^(-(cost(m^j) - cost(m)) / 2T), m^j the mask with bit j flipped.

    Args:
        table: the cost of each mask.
        temperature: T above 0, in the unit of the cost.

    Returns:
        float64 (2^n,) by mask index.
    """
    _check_table(table)
    half = 2 * check_positive("temperature", temperature)
    total = np.full(len(table.costs), -np.inf)
    for j in range(table.n_neurons):
        by_bit = table.costs.reshape(2**j, 2, -1)
        np.logaddexp(total, ((by_bit - by_bit[:, ::-1]) / half).ravel(), out=total)
    return total


def jump_chain_distribution(table: CostTable, temperature: float) -> FloatArray:
    """Where a chain is that always flips a bit, j by e^(-(cost(m^j) - cost(m)) / 2T) / Z(m).

    p(m) Z(m), normalised: the flows p(m) e^(-(cost(m^j) - cost(m)) / 2T) = e^(-(cost(m) +
    cost(m^j)) / 2T) are the same both ways. Weighted by 1 / Z(m) it is `mask_posterior`.

    Args:
        table: the cost of each mask.
        temperature: T above 0, in the unit of the cost.

    Returns:
        float64 (2^n,) by mask index.
    """
    rates = log_rates(table, temperature)
    return _normalised(rates - (table.costs - table.minimum) / temperature)


def inclusion_probabilities(probabilities: npt.ArrayLike) -> FloatArray:
    """P(m_j = 1) of each neuron, float64 (n,), from the probabilities (2^n,) of the masks."""
    p = check_array("probabilities", probabilities)
    n = max(p.size.bit_length() - 1, 0)
    if p.shape != (2**n,) or n < 1:
        raise ValueError(f"probabilities has shape {p.shape} (limit: (2^n,), n of 1 or more)")
    return np.array([p.reshape(2**j, 2, -1)[:, 1].sum() for j in range(n)])


def _normalised(log: FloatArray) -> FloatArray:
    weights = np.exp(log - log.max())
    return np.asarray(weights / weights.sum())


def _check_table(table: CostTable) -> None:
    if not isinstance(table, CostTable):
        raise TypeError(f"table={show_value(table)} is no CostTable")
    check_register("n_neurons", table.n_neurons, bytes_per_mask=32, what="every probability")


def _check_starts(starts: npt.ArrayLike, chains: int) -> FloatArray:
    checked = check_array("starts", starts)
    if checked.shape != (chains,):
        raise ValueError(f"starts has shape {checked.shape} (limit: ({chains},), one a chain)")
    return checked
