"""Figures of notebook 19, with their texts, and what is picked from records for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from labkit.arrays import FloatArray
from labkit.course.lessons.lesson_19_wide_networks import DEPTHS, PATTERNS, SHOTS
from labkit.course.plots import Captioned, draw_quality, in_words, new_axes, set_log_ticks
from labkit.course.plots.canvas import Series, add_legend, number_series
from labkit.course.plots.kernels import (
    draw_counted,
    draw_eigenvalues,
    draw_over_depths,
    draw_right_signs,
)
from labkit.course.plots.series import draw_groups, draw_lines

if TYPE_CHECKING:
    import pandas as pd

_SEEDS = "Bars: two standard errors over {} deals of the images."


def pick_depths(runs: pd.DataFrame, measured: str) -> dict[str, FloatArray]:
    """Of the record '19_depth': name -> (depths, seeds) of 'accuracy', 'condition' or 'shots'."""
    columns = {name: f"result.{measured}_{name.replace(' ', '_')}" for name in PATTERNS}
    return {name: pick(runs, "depth", column) for name, column in columns.items()}


def pick(runs: pd.DataFrame, parameter: str, column: str) -> FloatArray:
    """A column of a record by the values of one parameter, (values, seeds)."""
    wide = runs.pivot(index=f"parameters.{parameter}", columns="seed", values=column)
    return wide.to_numpy(dtype=np.float64)


def pick_signs(runs: pd.DataFrame) -> dict[str, FloatArray]:
    """Of the record '19_shots': way and depth -> (SHOTS, seeds), the share of right signs."""
    found = {}
    for depth, rows in runs.groupby("parameters.depth"):
        for way, said in (("circuit", "shots"), ("drawn", "drawn images")):
            columns = [f"result.{way}_{s}" for s in SHOTS]
            found[f"{depth} layers, {said}"] = rows[columns].to_numpy(dtype=np.float64).T
    return found


def pick_needs(runs: pd.DataFrame, way: str) -> dict[int, FloatArray]:
    """Of the record '19_shots': depth -> measured need over 1/o^2 - 1, of all test images."""
    return {
        int(depth): np.concatenate([*rows[f"result.need_{way}"]])
        / np.concatenate([*rows["result.need_formula"]])
        for depth, rows in runs.groupby("parameters.depth")
    }


def pick_counted(runs: pd.DataFrame, pattern: str) -> pd.DataFrame:
    """Of the record '19_circuit': the runs of one pattern, by depth."""
    return runs[runs["parameters.pattern"] == pattern].sort_values(["parameters.depth", "seed"])


def pick_thresholds(runs: pd.DataFrame, depth: int) -> dict[str, dict[str, FloatArray]]:
    """Of the record '19_depth' at one depth: threshold -> test set -> accuracies (seeds,)."""
    rows = runs[runs["parameters.depth"] == depth]
    columns = {
        "zero": {"both digits": "accuracy_exact", "one 8 in ten": "one_in_ten_zero"},
        "median": {"both digits": "at_median", "one 8 in ten": "one_in_ten_median"},
    }
    return {
        threshold: {k: rows[f"result.{c}"].to_numpy(dtype=np.float64) for k, c in of.items()}
        for threshold, of in columns.items()
    }


def figure_kernels(products: npt.ArrayLike, kernels: Series) -> Captioned:
    """Kernels over the inner product of two images, label -> (products,)."""
    ax = new_axes(width=7)[0]
    draw_lines(ax, products, kernels)
    ax.set(xlabel="inner product of two images", ylabel="their kernel, of 1")
    add_legend(ax, grid=True)
    x = np.asarray(products)
    at = {name: float(np.interp(0.5, x, values)) for _, name, values in number_series(kernels)}
    return Captioned(ax, f"Two images with inner product 0.5 have the kernel: {in_words(at)}.")


def figure_trained(widths: Sequence[int], correlation: FloatArray) -> Captioned:
    """The correlation of a trained network's outputs with its kernel machine's, by width."""
    ax = draw_quality(new_axes(width=6)[0], widths, {"trained network": correlation})
    set_log_ticks(ax, widths)
    ax.set(xlabel="hidden units", ylabel="correlation with the kernel machine")
    means = {f"{w:,}": m for w, m in zip(widths, correlation.mean(axis=1), strict=True)}
    return Captioned(
        ax,
        f"Correlation by hidden units: {in_words(means)}. Bars: one standard deviation over "
        f"{correlation.shape[1]} networks.",
    )


def figure_depths(
    accuracy: Series, condition: Series, *, logistic: float, network: float
) -> Captioned:
    """Test accuracy and condition number over the depth; rivals of no depth as lines."""
    left, right = new_axes(2, width=5.6, height=4.2)
    draw_over_depths(left, DEPTHS, accuracy, ylabel="test accuracy")
    left.axhline(logistic, color="black", ls="--", lw=1.2, label="logistic regression")
    left.axhline(network, color="black", ls=":", lw=1.2, label="trained network")
    left.set_ylim(0.75, 1)
    add_legend(left, grid=True, loc="lower right")
    draw_over_depths(right, DEPTHS, condition, ylabel="condition number", is_log=True)
    n, said = np.shape(accuracy["exact"])[1], []
    for depth in (2, 8, 32):
        at = DEPTHS.index(depth)
        means = {name: values[at].mean() for _, name, values in number_series(accuracy)}
        said.append(f"at {depth} layers {in_words(means)}")
    rivals = f"logistic regression {logistic:.3f}, a trained network {network:.3f}"
    return Captioned(
        np.array([left, right]),
        f"Accuracy {'; '.join(said)}; {rivals}. {_SEEDS.format(n)} Right: medians and quartiles.",
    )


def figure_needed(shots: Series, cg_steps: FloatArray) -> Captioned:
    """The median shots that one sign takes, over the depth, and steps of conjugate gradients."""
    ax = draw_over_depths(
        new_axes(width=7)[0], DEPTHS, shots, ylabel="shots for one sign", is_log=True
    )
    mean = cg_steps.mean(axis=1)
    ax.plot(DEPTHS, mean, ls="--", color="black", label="steps of conjugate gradients")
    add_legend(ax, grid=True)
    ends = {
        name: tuple(np.median(values[DEPTHS.index(depth)]) for depth in (4, 32))
        for _, name, values in number_series(shots)
    }
    said = ", ".join(f"{name} {a:,.1f} and {b:,.1f}" for name, (a, b) in ends.items())
    n = np.shape(shots["exact"])[1]
    text = f"Shots for one sign at 4 and at 32 layers: {said}. Medians and quartiles of {n} deals."
    return Captioned(ax, text)


def figure_signs(shares: Series) -> Captioned:
    """The share of right signs over shots, and over as many drawn images."""
    ax = draw_right_signs(new_axes(width=7)[0], SHOTS, shares, xlabel="shots, or drawn images")
    at = SHOTS.index(16)
    sixteen = {name: values[at].mean() for _, name, values in number_series(shares)}
    n = next(iter(number_series(shares)))[2].shape[1]
    return Captioned(ax, f"Right signs after 16: {in_words(sixteen)}. {_SEEDS.format(n)}")


def figure_thresholds(shares: Mapping[str, Series], depth: int) -> Captioned:
    """Test accuracy by threshold, on a test set of both digits and on one with few eights."""
    ax = draw_groups(new_axes(width=6)[0], shares, ylabel="test accuracy")
    said = "; ".join(
        f"threshold {threshold}: "
        + in_words({name: values.mean() for _, name, values in number_series(of)})
        for threshold, of in shares.items()
    )
    return Captioned(ax, f"{depth} layers, {said}. Bars: one standard deviation over the deals.")


def figure_counted(runs: pd.DataFrame) -> Captioned:
    """Outputs from counts over outputs as solved, of machines of 16 images, by depth."""
    outputs = {
        f"{depth} layers": (
            np.concatenate([*rows["result.exact"]]),
            np.concatenate([*rows["result.outputs"]]),
        )
        for depth, rows in runs.groupby("parameters.depth")
    }
    ax = draw_counted(new_axes(width=5.6, height=4.6)[0], outputs)
    kept = runs.groupby("parameters.depth")["result.kept"].mean()
    by_depth = {f"{depth} layers": share for depth, share in kept.items()}
    return Captioned(ax, f"Share of runs that are kept: {in_words(by_depth, '.2f')}.")


def figure_eigenvalues(spectra: Series) -> Captioned:
    """The eigenvalues of the selection problem's G and of the machine's K that are not 0."""
    ax = draw_eigenvalues(new_axes(width=6)[0], spectra)
    largest = {name: values.max() for _, name, values in number_series(spectra)}
    return Captioned(ax, f"Largest eigenvalues: {in_words(largest)}.")


def figure_bits(depths: Sequence[int], bits: Series) -> Captioned:
    """Bits between clock and data over the depth, by what is kept of the kernel."""
    ax = draw_over_depths(new_axes(width=7)[0], depths, bits, ylabel="bits, clock and data")
    said = "; ".join(
        f"at {depth} layers "
        + in_words({name: values[i].mean() for _, name, values in number_series(bits)}, ".2f")
        for i, depth in enumerate(depths)
        if depth in (2, 16, 32)
    )
    n = np.shape(next(iter(bits.values())))[1]
    return Captioned(ax, f"{said[0].upper()}{said[1:]} bits. {_SEEDS.format(n)}")
