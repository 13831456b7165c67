"""Figures of notebook 24, with their texts, and what is picked from records for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from labkit.arrays import FloatArray
from labkit.course.plots import Captioned, in_words, new_axes
from labkit.course.plots.canvas import add_legend, add_title
from labkit.course.plots.samplers import (
    draw_inclusion,
    draw_over_log,
    draw_paired,
    draw_positions,
)
from labkit.neighbours.sampling import Chains, gaussian_variance, limit_density

if TYPE_CHECKING:
    import pandas as pd

#: Of the records, as the figures name them.
METHODS = {
    "sgld": "constant steps",
    "none": "adaptive",
    "one_step": "adaptive, one-step Γ",
    "full": "adaptive, full Γ",
}
WEIGHTED = "adaptive, clock weights"
KINDS = {
    "uncorrected": "jumps, uncorrected",
    "weighted": "jumps, weighted by 1/Z",
    "metropolis": "Metropolis",
    "random": "random masks, weighted",
}
_GRID = np.linspace(-6, 6, 1201)


def _wide(rows: pd.DataFrame, over: str, column: str) -> FloatArray:
    """A column (points, seeds), by a parameter and the seed."""
    pivoted = rows.pivot(index=f"parameters.{over}", columns="seed", values=f"result.{column}")
    return pivoted.to_numpy(dtype=float)


def pick_variances(runs: pd.DataFrame, over: str = "step") -> dict[str, FloatArray]:
    """Of `measure_langevin`: method -> (points, seeds), the points rising; weighted ones too."""
    found = {
        label: _wide(rows, over, "variance")
        for name, label in METHODS.items()
        if len(rows := runs[runs["parameters.method"] == name])
    }
    found[WEIGHTED] = _wide(runs[runs["parameters.method"] == "none"], over, "weighted")
    return found


def pick_errors(runs: pd.DataFrame, column: str = "error") -> dict[str, FloatArray]:
    """Of `measure_masks`: kind -> (budgets, seeds), the budgets rising."""
    return {
        label: _wide(runs[runs["parameters.kind"] == name], "queries", column)
        for name, label in KINDS.items()
    }


def pick_blocks(runs: pd.DataFrame) -> tuple[list[int], FloatArray, FloatArray]:
    """Of `measure_blocks`: sizes, bits (sizes, seeds) and errors (sizes - 1, seeds).

    The last size is the whole register, of which no errors are.
    """
    sizes = sorted(runs["parameters.block_size"].unique().tolist())
    asked = runs[runs["parameters.queries"] > 0]
    errors = _wide(asked, "block_size", "error")
    return sizes, _wide(runs, "block_size", "entanglement"), errors


def root_mean_square(errors: FloatArray) -> FloatArray:
    """Over the seeds: (points,) of (points, seeds)."""
    return np.asarray(np.sqrt((errors**2).mean(axis=1)))


def exponent(queries: Sequence[float], errors: FloatArray) -> tuple[float, float]:
    """a of error ~ queries^a by least squares on logarithms, and its standard error over seeds.

    `errors` is (budgets, seeds); each seed has a line of its own, and a is their mean.
    """
    slopes = np.polyfit(np.log(queries), np.log(errors), 1)[0]
    return float(slopes.mean()), float(slopes.std(ddof=1) / np.sqrt(len(slopes)))


def figure_positions(chains: Chains, *, burn_in: int, floor: float | None = None) -> Captioned:
    """Shows where chains of the unit Gaussian are, beside it; with `floor` the limit as well."""
    ax = new_axes(width=7)[0]
    densities = {"target": (_GRID, limit_density("gaussian", _GRID, floor=1, power=0))}
    said = f"variance of the chains {chains.variance(burn_in=burn_in):.2f}, of the target 1.00"
    if floor is not None:
        limit = limit_density("gaussian", _GRID, floor=floor, power=1)
        densities["limit of small steps"] = (_GRID, limit)
        said += f", of the limit {gaussian_variance(floor):.2f}"
    draw_positions(ax, chains.positions[burn_in:-1], None, densities, edge=4.5, top=0.45)
    add_legend(ax)
    return Captioned(ax, f"{chains.positions.shape[1]} chains; {said}.")


def figure_steps(steps: Sequence[float], variances: Mapping[str, FloatArray]) -> Captioned:
    """Shows variances, method -> (steps, seeds), over the step, beside the target and the limit."""
    ax = new_axes(width=7.5, height=4.4)[0]
    lines = {"target": 1.0, "limit of small adaptive steps": gaussian_variance(0.1)}
    draw_over_log(ax, steps, variances, lines, xlabel="step", ylabel="variance of the chains")
    ax.invert_xaxis()
    ends = [f"{label} {v[-1].mean():.2f} to {v[0].mean():.2f}" for label, v in variances.items()]
    return Captioned(
        ax,
        f"From step {steps[-1]:g} to {steps[0]:g}: {', '.join(ends)}. "
        f"Bars: one standard error over {_seeds(variances)} seeds.",
    )


def figure_noise(noises: Sequence[float], variances: Mapping[str, FloatArray]) -> Captioned:
    """Shows variances, method -> (noises, seeds), over the noise of the gradients."""
    ax = new_axes(width=7)[0]
    lines = {"target": 1.0}
    at = [0.3 if noise == 0 else noise for noise in noises]
    draw_over_log(ax, at, variances, lines, xlabel="noise of a gradient", ylabel="variance")
    ax.set_xticks(at, [f"{noise:g}" for noise in noises])
    ends = [f"{label} {v[0].mean():.2f} to {v[-1].mean():.2f}" for label, v in variances.items()]
    return Captioned(
        ax,
        f"Without noise and with {noises[-1]:g}: {', '.join(ends)}. "
        f"Bars: one standard error over {_seeds(variances)} seeds.",
    )


def figure_inclusion(inclusion: Mapping[str, FloatArray]) -> Captioned:
    """Shows the chance that each neuron is kept, label -> (neurons,); the first is the exact."""
    ax = draw_inclusion(new_axes(width=8)[0], inclusion)
    exact, *others = inclusion.values()
    said = {
        label: float(np.abs(values - exact).max())
        for label, values in zip([*inclusion][1:], others, strict=True)
    }
    return Captioned(ax, f"Furthest from exact at any neuron: {in_words(said)}.")


def figure_errors(queries: Sequence[int], errors: Mapping[str, FloatArray]) -> Captioned:
    """Shows errors, kind -> (budgets, seeds), over queries; both axes logarithmic."""
    ax = new_axes(width=7.5, height=4.4)[0]
    draw_over_log(ax, queries, errors, xlabel="cost queries", ylabel="error of the chances")
    ax.set(yscale="log")
    ends = [
        f"{label} {v[-1].mean():.4f}, exponent {exponent(queries, v)[0]:.2f}"
        for label, v in errors.items()
    ]
    return Captioned(
        ax,
        f"With {queries[-1]:,} queries: {'; '.join(ends)}. "
        f"Bars: one standard error over {_seeds(errors)} networks.",
    )


def figure_mixtures(runs: pd.DataFrame) -> Captioned:
    """Shows the test cost of the mixture over all masks against that of the best mask."""
    best, mixture = (runs[f"result.{name}_cost"].to_numpy(float) for name in ("best", "mixture"))
    ax = draw_paired(
        new_axes(width=5)[0], best, mixture,
        labels=("test cost of the best mask", "test cost of the mixture"),
    )  # fmt: skip
    return Captioned(
        ax,
        f"{len(best)} networks: best mask {best.mean():.3f}, mixture {mixture.mean():.3f}; the "
        f"mixture is lower on {(mixture < best).sum()}.",
    )


def figure_blocks(sizes: Sequence[int], bits: FloatArray, errors: FloatArray) -> Captioned:
    """Shows errors (sizes - 1, seeds) at equal queries, and bits (sizes, seeds), by block size."""
    left, right = new_axes(2, width=5)
    draw_over_log(left, sizes[:-1], {"blocks drawn anew": errors}, xlabel="block size, neurons",
                  ylabel="error of the chances")  # fmt: skip
    draw_over_log(right, sizes, {"√p of a block": bits}, xlabel="block size, neurons",
                  ylabel="bits across its middle")  # fmt: skip
    add_title(left, "16,000 queries each")
    add_title(right, "the last is the whole register")
    held = {f"{size}": values.mean() for size, values in zip(sizes, bits, strict=True)}
    off = {f"{size}": v.mean() for size, v in zip(sizes, errors, strict=False)}
    return Captioned(
        np.array([left, right]),
        f"Left, errors by block size: {in_words(off)}. Right, bits: {in_words(held, '.2f')}. "
        f"Bars: one standard error over {bits.shape[1]} networks.",
    )


def tabulate_claims(
    variances: Mapping[str, FloatArray], noisy: Mapping[str, FloatArray]
) -> pd.DataFrame:
    """Each claim of the abstract, and what was seen of it, computed from the records.

    Args:
        variances: of `pick_variances`, over the step, rising.
        noisy: of the same, over the noise, rising.
    """
    import pandas as pd

    adaptive, noise = variances[METHODS["none"]].mean(axis=1), noisy[METHODS["none"]].mean(axis=1)
    grows = adaptive[0] > 1.5 and adaptive[0] > adaptive[-1]
    fades = abs(noise[-1] - 1) < abs(noise[0] - 1) / 2
    rows = {
        "adaptive samplers have a substantial bias": (
            "confirmed" if adaptive.min() > 1.2 else "not confirmed",
            f"variance {adaptive.min():.2f} or more, for 1",
        ),
        "even for vanishing steps": (
            "confirmed" if grows else "not confirmed",
            f"{adaptive[-1]:.2f} at the largest step, {adaptive[0]:.2f} at the smallest",
        ),
        "and with the full batch": (
            "confirmed; noise hides it" if fades else "confirmed; noise does not hide it",
            f"{noise[0]:.2f} without noise, {noise[-1]:.2f} with the most",
        ),
        "of the named samplers, on their examples": ("not testable here", "we had not seen them"),
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=["verdict", "what was seen"])


def _seeds(samples: Mapping[str, FloatArray]) -> int:
    return next(iter(samples.values())).shape[1]
