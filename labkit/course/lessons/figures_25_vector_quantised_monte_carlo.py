"""Figures of notebook 25, with their texts, and what is picked from records for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from labkit.arrays import BoolArray, FloatArray
from labkit.course.plots import Captioned, in_words, new_axes
from labkit.course.plots.canvas import add_title
from labkit.course.plots.reuse import draw_changes, draw_errors, draw_growth, draw_sites
from labkit.course.plots.separation import draw_over_blocks
from labkit.neighbours.quantum_states import QuantumState

if TYPE_CHECKING:
    import pandas as pd

NAMES = {"mean": "averages", "normal": "std 1/√n"}


def pick(runs: pd.DataFrame, over: str, value: str, **chosen: object) -> FloatArray:
    """Values (points, seeds) of a result, over a parameter in order; `chosen` are others."""
    rows = runs
    for name, wanted in chosen.items():
        rows = rows[rows[f"parameters.{name}"] == wanted]
    wide = rows.pivot(index=f"parameters.{over}", columns="seed", values=f"result.{value}")
    return wide.to_numpy(dtype=float)


def pick_changed(runs: pd.DataFrame) -> dict[str, FloatArray]:
    """By mixing, the sites that a flip changes in both blocks, (sizes, seeds)."""
    return {
        name: pick(runs, "n_neurons", "first", mixing=m)
        + pick(runs, "n_neurons", "second", mixing=m)
        for m, name in NAMES.items()
    }


def fit_exponent(sizes: Sequence[int], values: FloatArray) -> tuple[float, float]:
    """The slope of log values (sizes, seeds) over log sizes: its mean, and half its 95% interval.

    mean ± t * standard error over the seeds, t of 97.5% and seeds - 1 degrees of freedom.
    """
    from scipy.stats import t

    slopes = np.polyfit(np.log(sizes), np.log(values), 1)[0]
    error = slopes.std(ddof=1) / len(slopes) ** 0.5
    return float(slopes.mean()), float(t.ppf(0.975, len(slopes) - 1) * error)


def figure_flip(state: QuantumState, mask: BoolArray, neuron: int) -> Captioned:
    """Shows the sites that one flip changes, and how many every other flip does."""
    left, right = new_axes(2, width=5)
    flipped = mask ^ (np.arange(len(mask)) == neuron)
    codes = state.codes(np.stack([mask, flipped]))
    _, work = state.flip_ratios(mask)
    draw_sites(left, codes[0] != codes[1], neuron=neuron)
    draw_changes(right, work.changed_sites, neuron=neuron)
    first, second = work.changed_sites[neuron]
    mean = work.changed_sites.mean(axis=0)
    return Captioned(
        np.array([left, right]),
        f"Neuron {neuron} of {len(mask)} flips: {first} and {second} sites change their codes in "
        f"the two blocks; in the mean over all flips {mean[0]:.2f} and {mean[1]:.2f}.",
    )


def figure_growth(runs: pd.DataFrame, sizes: Sequence[int]) -> Captioned:
    """Shows the sites that a flip changes, and the multiply-adds of all flips, over n."""
    left, right = new_axes(2, width=5.2, height=4.2)
    changed = pick_changed(runs)
    draw_growth(left, sizes, changed, ylabel="sites that a flip changes", lines={"all": [
        2 * n for n in sizes]})  # fmt: skip
    work = {
        f"reuse, {name}": pick(runs, "n_neurons", "multiply_adds", mixing=m)
        for m, name in NAMES.items()
    }
    without = pick(runs, "n_neurons", "without", mixing="mean").mean(axis=1)
    draw_growth(
        right, sizes, work, ylabel="multiply-adds, all flips", lines={"without codes": without}
    )
    said = ", ".join(
        f"{name} {a:.2f} ± {b:.2f}"
        for name, values in (changed | work).items()
        for a, b in [fit_exponent(sizes, values)]
    )
    return Captioned(
        np.array([left, right]),
        f"Exponents of n, mean and 95% interval: {said}. Bars: one standard error over "
        f"{changed['averages'].shape[1]} networks.",
    )


def figure_errors(codes: Sequence[int], runs: pd.DataFrame, blocks: pd.DataFrame) -> Captioned:
    """Shows energies by number of codes: trained encoder, random one; no codes and products."""
    ax = new_axes(width=7.5, height=4.4)[0]
    of_codes = runs[runs["parameters.codes"] > 0]
    series = {
        "trained encoder": pick(of_codes, "codes", "error"),
        "random encoder": pick(of_codes, "codes", "random_error"),
    }
    lines = {
        "best product state": pick(blocks, "block_size", "error")[0],
        "no codes": pick(runs, "codes", "error")[0],
    }
    draw_errors(ax, [f"{k}" for k in codes], series, lines)
    ax.set_xlabel("codes K")
    first = {f"{label}, K = {codes[0]} to {codes[-1]}": values.mean(axis=1)[[0, -1]]
             for label, values in series.items()}  # fmt: skip
    said = "; ".join(f"{label} {a:.3f} to {b:.3f}" for label, (a, b) in first.items())
    flat = {label: values.mean() for label, values in lines.items()}
    return Captioned(
        ax,
        f"Above the exact energy: {said}; {in_words(flat, '.4f')}. Bars and bands: one standard "
        f"error over {len(lines['no codes'])} networks.",
    )


def figure_blocks(sizes: Sequence[int], blocks: pd.DataFrame) -> Captioned:
    """Shows what products of blocks leave, and the bits across the middle of one, by size."""
    left, right = new_axes(2, width=5)
    error, bits = (pick(blocks, "block_size", value) for value in ("error", "bits"))
    draw_over_blocks(left, sizes, error, 0, ylabel="energy above the exact one")
    draw_over_blocks(right, sizes, bits, 1, ylabel="most bits across a block's middle")
    add_title(left, "a product of blocks")
    add_title(right, "what one must hold")
    said = in_words({f"{n}": values.mean() for n, values in zip(sizes, error, strict=True)})
    held = in_words({f"{n}": values.mean() for n, values in zip(sizes, bits, strict=True)})
    return Captioned(
        np.array([left, right]),
        f"Energy by block size: {said}. Bits: {held}. Bars: one standard error over "
        f"{error.shape[1]} networks.",
    )


def tabulate_searches(runs: pd.DataFrame) -> pd.DataFrame:
    """Of each search: optima found, the median of the calls where found, what it spent."""
    rows = runs.groupby("parameters.search")
    return rows.agg(
        optima=("result.found", "sum"),
        median_calls=("result.calls", "median"),
        regret=("result.regret", "mean"),
        queries=("ledger.cost_queries", "max"),
        amplitudes=("ledger.amplitude_evaluations", "max"),
    )


def tabulate_claims(changed: Mapping[str, FloatArray], work: FloatArray) -> pd.DataFrame:
    """What the abstract says, and what was seen of it.

    Args:
        changed: as of `pick_changed`.
        work: multiply-adds of all flips with averages, (sizes, seeds).
    """
    import pandas as pd

    sizes = (8, 16, 32, 64, 128)
    sites, of_sites = fit_exponent(sizes, changed["averages"])
    grows, of_work = fit_exponent(sizes, work)
    columns = ["verdict", "what was seen"]
    rows = {
        "codes let parts of local energies be reused": (
            "confirmed" if (changed["averages"] < 16).all() else "not confirmed",
            f"sites that change: n to the {sites:.2f} ± {of_sites:.2f} (95%)",
        ),
        "work grows slower": (
            "in part" if grows - of_work > 1 else "confirmed",
            f"multiply-adds: n to the {grows:.2f} ± {of_work:.2f} (95%)",
        ),
        "accuracy of large systems": ("not testable here", "a dozen neurons, one small network"),
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)
