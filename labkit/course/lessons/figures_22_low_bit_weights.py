"""Figures of notebook 22, with their texts, and what is picked from records for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from labkit.arrays import BoolArray, FloatArray
from labkit.costs import CostTable
from labkit.course.lessons.lesson_22_low_bit_weights import PASSES, SIZES
from labkit.course.plots import Captioned, draw_cost_histogram, in_words, new_axes
from labkit.course.plots.canvas import add_title
from labkit.course.plots.low_bit import (
    draw_costs_over_bits,
    draw_hardening,
    draw_means_over,
    draw_ratios,
    draw_soft_weights,
)
from labkit.course.plots.series import set_log_ticks, standard_error
from labkit.palette import BLACK, GREY

if TYPE_CHECKING:
    import pandas as pd

#: Of the records, as the figures name them.
NAMES = {
    "one-flip": "one-flip search",
    "search": "low-bit search",
    "straight": "straight through",
    "Grover": "blocks of 4, Grover",
    "QAOA": "blocks of 4, QAOA",
    "random": "random masks",
    "real": "real weights",
}
#: By bits, (searches,) or (bits, seeds).
ByBits = tuple[Sequence[int], FloatArray]


def pick_costs(runs: pd.DataFrame, column: str = "cost") -> dict[str, ByBits]:
    """Of `measure_search`: search -> bits, and a column (bits, seeds) by seed."""
    found: dict[str, ByBits] = {}
    for name, label in NAMES.items():
        rows = runs[runs["parameters.searcher"] == name]
        if len(rows):
            wide = rows.pivot(index="parameters.bits", columns="seed", values=f"result.{column}")
            found[label] = ([*SIZES], wide.loc[[*SIZES]].to_numpy(dtype=float))
    return found


def pick_searched(runs: pd.DataFrame, bits: int) -> dict[str, FloatArray]:
    """Of the same: test accuracies of low-bit search at a size, (seeds,), by read-out."""
    place, label = [*SIZES].index(bits), "low-bit search"
    columns = {"± read-out": "test_accuracy", "solved read-out": "solved_accuracy"}
    return {
        f"searched units, {name}": pick_costs(runs, column)[label][1][place]
        for name, column in columns.items()
    }


def pick_ahead(costs: Mapping[str, ByBits], one: str, other: str) -> FloatArray:
    """By how many standard errors one search is below another, on the same networks: (bits,)."""
    gap = costs[other][1] - costs[one][1]
    errors = gap.std(axis=1, ddof=1) / np.sqrt(gap.shape[1])
    return gap.mean(axis=1) / np.where(errors > 0, errors, np.inf)


def pick_hardening(runs: pd.DataFrame, bits: int) -> dict[str, dict[str, FloatArray]]:
    """Of `measure_gap`: soft, stale or hard -> final temperature -> costs (seeds,)."""
    rows = runs[runs["parameters.bits"] == bits].sort_values("seed")
    by_heat = rows.groupby("parameters.final_temperature")
    return {
        name: {f"{heat:g}": of[f"result.{name}"].to_numpy(dtype=float) for heat, of in by_heat}
        for name in ("soft", "stale", "hard")
    }


def pick_blocks(runs: pd.DataFrame, bits: int) -> tuple[dict[str, ByBits], ByBits]:
    """Of `measure_blocks`: inner search -> sizes and costs (sizes, seeds); sizes and bits held."""
    rows, costs = runs[runs["parameters.bits"] == bits], {}
    for inner in ("enumeration", "Grover", "QAOA"):
        of = rows[rows["parameters.inner"] == inner]
        wide = of.pivot(index="parameters.block_size", columns="seed", values="result.cost")
        costs[inner] = (wide.index.to_list(), wide.to_numpy(dtype=float))
    once = rows.drop_duplicates(["parameters.block_size", "seed"])
    held = once.pivot(index="parameters.block_size", columns="seed", values="result.entanglement")
    return costs, (held.index.to_list(), held.to_numpy(dtype=float))


def figure_all_masks(table: CostTable, masks: Mapping[str, BoolArray]) -> Captioned:
    """Shows the costs of all masks, and where named ones stand."""
    ax = draw_cost_histogram(new_axes(width=7)[0], table, masks)
    said = {label: float(table.evaluate(mask)) for label, mask in masks.items()}
    return Captioned(ax, f"{len(table.costs):,} networks of weights ±1; cost: {in_words(said)}.")


def figure_soft_weights(differences: FloatArray, weights: Mapping[str, FloatArray]) -> Captioned:
    """Shows soft weights over the difference of two logits, temperature -> (differences,)."""
    ax = draw_soft_weights(new_axes(width=7)[0], differences, weights)
    at = int(np.abs(differences - 0.05).argmin())
    said = {f"temperature {label}": values[at] for label, values in weights.items()}
    return Captioned(ax, f"Logits {differences[at]:.2f} apart: {in_words(said)}.")


def figure_hardening(costs: Mapping[str, Mapping[str, FloatArray]]) -> Captioned:
    """Shows costs by final temperature: soft, hard with stale statistics, hard with new ones."""
    ax = draw_hardening(new_axes(width=7)[0], costs)
    said = [
        f"{name} {costs[name]['1'].mean():.3f} to {costs[name]['1000'].mean():.3f}"
        for name in costs
    ]
    networks = len(costs["soft"]["1"])
    return Captioned(
        ax,
        f"From a final temperature of 1 to 1000: {', '.join(said)}. "
        f"Bars: one standard error over {networks} networks.",
    )


def figure_costs(costs: Mapping[str, ByBits]) -> Captioned:
    """Shows what each search finds with the same passes, over the number of bits.

    Beside it the two gradients of low-bit weights, as shares of one-flip search's cost.
    """
    left, right = new_axes(2, width=5.6, height=4.4)
    draw_costs_over_bits(left, costs)
    few = ("one-flip search", "low-bit search", "straight through")
    draw_ratios(right, {label: costs[label] for label in few}, rival=few[0])
    right.tick_params(axis="x", labelsize=8)
    left.tick_params(axis="x", labelsize=8)
    ends = {label: (values[0].mean(), values[-1].mean()) for label, (_, values) in costs.items()}
    said = ", ".join(f"{label} {a:.3f} to {b:.4f}" for label, (a, b) in ends.items())
    bits, values = next(iter(costs.values()))
    return Captioned(
        np.array([left, right]),
        f"{PASSES} passes; from {bits[0]} to {bits[-1]:,} bits: {said}. "
        f"Bars: one standard error over {values.shape[1]} networks.",
    )


def figure_blocks(costs: Mapping[str, ByBits], held: ByBits) -> Captioned:
    """Shows what blocks find with the same passes, and the bits of entanglement across them."""
    left, right = new_axes(2, width=5)
    add_title(left, f"48 bits, {PASSES} passes")
    add_title(right, "15 bits; the last is the whole register")
    draw_means_over(left, costs, xlabel="block size, neurons", ylabel="training cost")
    draw_means_over(right, {"QAOA of a block": held}, xlabel="block size, neurons",
                    ylabel="most bits across its middle")  # fmt: skip
    sizes, bits = held
    most = {f"{size}": values.mean() for size, values in zip(sizes, bits, strict=True)}
    found = {label: values[-1].mean() for label, (_, values) in costs.items()}
    return Captioned(
        np.array([left, right]),
        f"Left, blocks of {next(iter(costs.values()))[0][-1]} in {PASSES} passes: "
        f"{in_words(found)}. Right, bits by block size: {in_words(most, '.2f')}. "
        f"Bars: one standard error over {bits.shape[1]} networks.",
    )


def figure_readout(
    widths: Sequence[int], solved: FloatArray, searched: Mapping[str, FloatArray]
) -> Captioned:
    """Shows test accuracies of drawn units, (widths, seeds), and of others (seeds,) as lines."""
    ax = new_axes(width=7.5, height=4)[0]
    for style, (label, values) in zip(("--", ":", "-."), searched.items(), strict=True):
        ax.axhline(values.mean(), ls=style, color=BLACK, label=label)
        spread = float(standard_error(values))
        ax.axhspan(values.mean() - spread, values.mean() + spread, color=GREY, alpha=0.2, lw=0)
    samples = {"drawn units, solved read-out": (widths, solved)}
    draw_means_over(ax, samples, xlabel="hidden units", ylabel="test accuracy")
    set_log_ticks(ax, widths)
    ends = {f"{n} units": solved[i].mean() for i, n in ((0, widths[0]), (-1, widths[-1]))}
    lines = {label: values.mean() for label, values in searched.items()}
    return Captioned(
        ax,
        f"Drawn and solved: {in_words(ends)}; {in_words(lines)}. "
        f"Bars and bands: one standard error over {solved.shape[1]} networks.",
    )


def tabulate_claims(costs: Mapping[str, ByBits]) -> pd.DataFrame:
    """Each claim of the abstract, the control that it is held against, and what was seen of it."""
    import pandas as pd

    sizes, search = list(SIZES), "low-bit search"
    chance, straight = (
        pick_ahead(costs, search, rival) for rival in ("random masks", "straight through")
    )
    below = [bits for bits, z in zip(sizes, chance, strict=True) if z > 2]
    better = [bits for bits, z in zip(sizes, straight, strict=True) if z > 2]
    worse = [bits for bits, z in zip(sizes, straight, strict=True) if z < -2]
    columns = ["verdict", "control", "parameters and compute", "what was seen"]
    spent = f"{sizes[0]} to {sizes[-1]} bits, {PASSES} passes each"
    rows = {
        "weights can be searched by a gradient": (
            "confirmed" if len(below) >= len(sizes) - 1 else "not confirmed",
            "random masks",
            spent,
            f"lower at {below} bits",
        ),
        "it is ahead of other quantisation": (
            "in part" if better else "not confirmed",
            "straight through, its best of four rates",
            spent,
            f"lower at {better}, higher at {worse} bits",
        ),
        "on image benchmarks of deep networks": ("not testable here", "", "", "one small layer"),
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)
