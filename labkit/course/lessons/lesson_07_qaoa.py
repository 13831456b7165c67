"""Notebook 07: how likely an optimum is in one shot, by depth and angles; figures, exercises."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from labkit.ansatz import ramp_angles
from labkit.arrays import FloatArray
from labkit.costs import CostTable, PauliZCost, equal_within
from labkit.course.checking import compare_function, exercise, number_exercise, take_mask
from labkit.course.circuit_checks import compare_state
from labkit.course.plots import (
    draw_angle_surface,
    draw_cost_shares,
    draw_dials,
    draw_growth,
    draw_quality,
    draw_share_met,
    draw_spread,
    growth_in_words,
    in_words,
    new_axes,
)
from labkit.course.plots.canvas import Captioned
from labkit.course.plots.style import own_style
from labkit.ledger import Ledger, Outcome
from labkit.masks import mask_to_index, mask_to_string
from labkit.problems import build_problem
from labkit.selectors import Growth, Selection, optimise_angles, qaoa_sampling, run
from labkit.simulators import evolve_qaoa, probabilities

if TYPE_CHECKING:
    import pandas as pd

Angles = tuple[npt.ArrayLike, npt.ArrayLike]


def chance_of_optimum(table: CostTable, angles: Angles) -> float:
    """The probability that one shot of QAOA is a mask of the smallest cost, ties included.

    Args:
        table: costs of all masks.
        angles: gammas and betas (p,), for a cost of standard deviation 1, as those that
            `labkit.selectors.optimise_angles` returns.
    """
    gammas, betas = angles
    chance = probabilities(evolve_qaoa(table, np.asarray(gammas) / (table.std or 1.0), betas))
    return float(chance[table.marked(table.minimum)].sum() / chance.sum())


def compare_angles(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """The chance of an optimum in one shot with angles of three kinds.

    Args:
        parameters: `task_name`, `n_hidden`, `p`, and `evaluations` of the exact gradient to train.
        seed: of the random network's weights.

    Returns:
        The chance with the angles of the ramp, with those trained from it on this network, and
        with those trained on the network of the next seed. The ledger is that of both trainings.
    """
    p, n, evaluations = (parameters[name] for name in ("p", "n_hidden", "evaluations"))
    here, there = (_table(parameters, other) for other in (seed, seed + 1))
    ramp = ramp_angles(p, n, std=1.0)
    angles = {
        "ramp": ramp,
        "trained": optimise_angles(here, ramp, evaluations=evaluations),
        "transferred": optimise_angles(there, ramp, evaluations=evaluations),
    }
    result = {name: chance_of_optimum(here, given) for name, given in angles.items()}
    return Outcome(result, _training(here, p, evaluations) + _training(there, p, evaluations), {})


def _table(parameters: Mapping[str, Any], seed: int) -> CostTable:
    return build_problem(parameters["task_name"], parameters["n_hidden"], seed=seed).table


def _training(table: CostTable, p: int, evaluations: int) -> Ledger:
    """What the same training spends, with the one shot that ends it."""
    rng = np.random.default_rng(0)
    trained = run(qaoa_sampling, table, rng=rng, p=p, shots=1, angles="gradient",
                  evaluations=evaluations)  # fmt: skip
    return trained.ledger


# cost layers for a 99% chance of the optimum: 4 layers a shot, which meets it with 5%
number_exercise(
    "07-1",
    4 * math.ceil(math.log(0.01) / math.log(0.95)),
    f"Two shots take 8 cost layers, and both miss with probability {0.95**2:.4f}. How many shots "
    "all miss with at most 0.01? Shots are whole.",
    slips={
        math.ceil(math.log(0.01) / math.log(0.95)): "That is the shots; each has 4 cost layers.",
        4 / 0.05: "That is the mean until the first hit; by then more than a third still wait.",
        4 * 0.99 / 0.05: "Chances of shots do not add: multiply the chances to miss.",
    },
)


@exercise("07-2")
def most_probable_mask(answer: Any) -> str | None:
    """The most probable mask after 4 layers of the ramp: moons, 8 neurons, seed 13."""
    mask = take_mask(answer, 8)
    table = build_problem("moons", 8, seed=13).table
    chance = probabilities(evolve_qaoa(table, *ramp_angles(4, 8, std=table.std)))
    came = float(chance[mask_to_index(mask)])
    if came >= chance.max() - 1e-6:
        return None
    return (
        f"Mask {mask_to_string(mask)}, of rank {table.rank(mask)}, has probability {came:.4f}; "
        f"the largest is {chance.max():.4f}."
    )


@exercise("07-3")
def one_layer_for_agreement(answer: Any) -> str | None:
    """A circuit on two qubits: start, phase and mixer for a cost of 1 where two neurons agree."""
    cost = PauliZCost({(0, 1): 1.0}, 2)
    return compare_state(answer, evolve_qaoa(cost, [0.7], [0.3], dtype="complex128"))


@exercise("07-4")
def mean_of_the_best_share(answer: Any) -> str | None:
    """A function (costs, share) -> the mean of the lowest share of the costs."""

    def mean_of_lowest(costs: FloatArray, share: float) -> float:
        return float(np.sort(costs)[: math.ceil(share * len(costs))].mean())

    rng = np.random.default_rng(3)
    cases = ((rng.random(n), share) for n, share in ((8, 1.0), (8, 0.5), (10, 0.2), (64, 0.05)))
    what = "For {0.size} costs and a share of {1:g} the mean"
    return compare_function(answer, mean_of_lowest, cases, what, tolerance=1e-9)


def chances_by_depth(runs: pd.DataFrame) -> tuple[list[int], dict[str, FloatArray]]:
    """The layers of the record's runs, and kind of angles -> chances (depths, networks)."""
    by_depth = runs.groupby("parameters.p")
    kinds = ("ramp", "transferred", "trained")
    chances = {k: np.stack(by_depth[f"result.{k}"].apply(np.array).to_list()) for k in kinds}
    return [int(p) for p in by_depth.groups], chances


def share_met(runs: Sequence[Selection], cost: CostTable, queries: int) -> float:
    """The share of runs that met an optimum within so many cost queries."""
    least = cost.minimum + equal_within(cost, cost.minimum)
    return float(np.mean([each.history[:queries].min() <= least for each in runs]))


def calls_with_ramp(p: int, tables: Sequence[CostTable]) -> list[float]:
    """Layers and queries until an optimum is met with a ramp of p layers: (p + 1) / P."""
    angles = ramp_angles(p, tables[0].n_neurons, std=1.0)
    return [(p + 1) / chance_of_optimum(table, angles) for table in tables]


def hold_all_but(table: CostTable, k: int) -> CostTable:
    """The costs (2^k,) of the masks of the first k neurons, the others as in the best mask."""
    held = int(table.costs.argmin()) % 2 ** (table.n_neurons - k)
    return CostTable(table.costs.reshape(2**k, -1)[:, held], k)


@own_style()
def figure_layer(states: Mapping[str, npt.NDArray[Any]], cost: CostTable) -> Captioned:
    """Each step of one layer as a row of dials, step -> (2^n,); text: what the best mask gains."""
    ax = draw_dials(new_axes(width=8.4, height=4.4)[0], states, cost)
    best = cost.costs.argmin()
    before, *_, after = (probabilities(state)[best] for state in states.values())
    return Captioned(
        ax,
        "Hands turn with the cost; the probabilities (beneath) change only in the mixer. "
        f"The best mask: {before:.3f} before, {after:.3f} after.",
    )


@own_style()
def figure_landscape(
    gammas: FloatArray, betas: FloatArray, values: FloatArray, table: CostTable
) -> Captioned:
    """Mean costs (betas, gammas) as a landscape, with its start and its lowest point."""
    row, column = np.unravel_index(values.argmin(), values.shape)
    lowest = float(gammas[column]), float(betas[row])
    points = {"start": (0.0, 0.0), "lowest": lowest}
    ax = draw_angle_surface(new_axes(width=7)[0], gammas, betas, values, points)
    return Captioned(
        ax,
        f"Lowest at γ {lowest[0]:.2f}, β {lowest[1]:.2f}: mean cost {values.min():.3f} "
        f"(all masks {table.mean:.3f}, least {table.minimum:.3f}).",
    )


@own_style()
def figure_shares(table: CostTable, chances: Mapping[str, FloatArray]) -> Captioned:
    """How the shots of each state, label -> (2^n,), are spread over the costs."""
    ax = draw_cost_shares(new_axes(width=7)[0], table, chances)
    means = {label: float(chance @ table.costs) for label, chance in chances.items()}
    best = {label: float(chance[table.costs.argmin()]) for label, chance in chances.items()}
    return Captioned(
        ax,
        f"Each depth moves the shots towards low cost. Mean cost: {in_words(means)}. "
        f"The best mask itself: {in_words(best, '.4f')}.",
    )


@own_style()
def figure_depths(depths: Sequence[int], chances: Mapping[str, FloatArray]) -> Captioned:
    """The chance of the best mask over the layers, kind of angles -> (depths, networks)."""
    ax = draw_quality(new_axes(width=7)[0], depths, chances)
    ax.set(xscale="log", xlabel="QAOA layers p", ylabel="chance of the best mask", ylim=(0, 0.8))
    ax.set_xticks(depths, [str(p) for p in depths])
    ax.minorticks_off()
    mean = {kind: values.mean(axis=1) for kind, values in chances.items()}
    ends = "; ".join(
        f"{kind} {values[0]:.3f} and {values[-1]:.3f}" for kind, values in mean.items()
    )
    return Captioned(
        ax,
        f"Mean over 20 networks (bars: one standard deviation), p = {depths[0]} and "
        f"p = {depths[-1]}: {ends}. A random mask: {1 / 4096:.4f}.",
    )


@own_style()
def figure_met(runs: Mapping[str, Sequence[Selection]], table: CostTable) -> Captioned:
    """Which share of the runs of each search has met the optimum after so many queries."""
    ax = draw_share_met(new_axes(width=7)[0], runs, table.minimum)
    early, late = ({k: share_met(v, table, q) for k, v in runs.items()} for q in (6, 64))
    return Captioned(
        ax,
        f"Met after 6 queries: {in_words(early, '.0%')}; after 64: {in_words(late, '.0%')}. "
        "Bands: one standard error.",
    )


@own_style()
def figure_cvar(alphas: Sequence[float], chances: Sequence[Sequence[float]]) -> Captioned:
    """The chance of the best mask where CVaR is lowest, (alphas, networks)."""
    found = np.asarray(chances)
    ax = draw_quality(new_axes(width=7)[0], alphas, {"lowest point, 20 networks": found})
    low = [alpha for alpha in alphas if alpha <= 0.2]
    ax.plot(low, low, ls=":", color="black", label="chance = α")
    ax.set(xscale="log", xlabel="α, share of the shots averaged", ylabel="chance of the best mask")
    ax.set_xticks(alphas, [f"{alpha:g}" for alpha in alphas])
    ax.legend()
    means = {f"{alpha:g}": mean for alpha, mean in zip(alphas, found.mean(axis=1), strict=True)}
    better = np.mean(found[-2] > found[-1])
    return Captioned(
        ax,
        f"Chance at the lowest point, by α: {in_words(means)}. Bars: one standard deviation. "
        f"On {better:.0%} of the networks the best half does better than all.",
    )


@own_style()
def figure_bill(bill: Mapping[str, npt.ArrayLike], training: int) -> Captioned:
    """Layers and queries until the best mask is met, label -> (networks,), and what training is."""
    ax = draw_spread(new_axes(width=8)[0], {"one network": bill}, ylabel="layers and queries")
    ax.axhline(4096, color="black", ls="--")
    ax.axhline(training, color="black", ls=":")
    ax.set(
        yscale="log", ylim=(5, 3e4), title="dashed: all 4,096 masks, dotted: training by sampling"
    )
    median = {label: np.median(np.asarray(values)) for label, values in bill.items()}
    wins = np.mean(np.asarray(bill["QAOA, transferred"]) < np.asarray(bill["one-flip search"]))
    return Captioned(
        ax,
        f"Median over 20 networks: {in_words(median, ',.0f')}. Training: {training:,} layers. "
        f"Transferred angles need less than one-flip search on {wins:.0%} of the networks.",
    )


@own_style()
def figure_growth(
    sizes: Sequence[int], calls: Mapping[str, npt.ArrayLike], fits: Mapping[str, Growth]
) -> Captioned:
    """Layers and queries over n, label -> (sizes, networks), with fitted exponentials."""
    ax = draw_growth(new_axes(width=7.4, height=4)[0], sizes, calls, fits)
    ax.set_ylabel("layers and queries until an optimum is met")
    walk, ramp = (np.asarray(calls[label]) for label in ("one-flip search", "ramp, p = 4"))
    fewer = np.mean(walk < ramp, axis=1)
    return Captioned(
        ax,
        f"{growth_in_words(fits)}. One-flip search needs fewer than p = 4 on {fewer.min():.0%} to "
        f"{fewer.max():.0%} of the networks of a size.",
    )
