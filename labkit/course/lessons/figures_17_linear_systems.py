"""Figures of notebook 17, with their texts, and what is picked from records for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from labkit.arrays import FloatArray
from labkit.course.lessons.lesson_17_linear_systems import FIXED, RIDGE, RIDGES
from labkit.course.plots import Captioned, draw_bills, draw_spread, in_words, new_axes
from labkit.course.plots.canvas import Series, add_legend, add_title, number_series
from labkit.course.plots.linear_systems import (
    draw_gates,
    draw_level,
    draw_over_fixed,
    draw_weights,
)
from labkit.course.plots.series import standard_error

if TYPE_CHECKING:
    import pandas as pd

#: Guide and ridge of a point -> as figures name it.
GUIDES = {
    ("w", RIDGE): "w",
    ("counts", RIDGE): "w, counted",
    ("b", None): "b",
    ("random", None): "random",
}
RIDGED = {("w", 1.0): "w, ridge 1"}


# What is picked from records


def pick_guide(runs: pd.DataFrame, guide: str, ridge: float | None) -> pd.DataFrame:
    """The rows of a point of the record '17_guides', by pair."""
    ridges = runs["parameters.ridge"]
    same = ridges.isna() if ridge is None else ridges == ridge
    return runs[(runs["parameters.guide"] == guide) & same].sort_values("seed")


def pick_kept(runs: pd.DataFrame) -> dict[str, npt.NDArray[np.bool_]]:
    """Of the record '17_guides': guide -> whether the best mask is left, (FIXED, pairs)."""
    columns = [f"result.regret_{f}" for f in FIXED]
    return {
        name: pick_guide(runs, *point)[columns].to_numpy(float).T == 0
        for point, name in GUIDES.items()
    }


def pick_ridges(runs: pd.DataFrame, n_fixed: int) -> dict[str, npt.NDArray[np.bool_]]:
    """Of the record '17_guides', with so many signs fixed: guide -> (RIDGES, pairs)."""
    column = f"result.regret_{n_fixed}"
    return {
        name: np.array([pick_guide(runs, guide, r)[column].to_numpy(float) == 0 for r in RIDGES])
        for guide, name in (("w", "w"), ("counts", "w, counted"))
    }


def pick_flips(runs: pd.DataFrame) -> dict[str, FloatArray]:
    """Of the record '17_guides': guide -> queries of one-flip search from its signs, (pairs,)."""
    points = (GUIDES | RIDGED).items()
    flips = {name: pick_guide(runs, *point)["result.flips"] for point, name in points}
    return {name: values.to_numpy(float) for name, values in flips.items()}


def pick_shots(runs: pd.DataFrame) -> dict[float, FloatArray]:
    """Of the record '17_guides': ridge -> runs of HHL until enough were kept, (pairs,)."""
    shots = {ridge: pick_guide(runs, "counts", ridge)["ledger.shots"] for ridge in RIDGES}
    return {ridge: values.to_numpy(float) for ridge, values in shots.items()}


def pick_bits(runs: pd.DataFrame) -> tuple[dict[str, FloatArray], dict[int, FloatArray]]:
    """Of the record '17_bits': guide -> (fixed, pairs), and clock qubits -> (pairs,)."""
    searched = runs[runs["parameters.guide"].notna()]
    by_guide = {
        str(guide): rows.pivot(index="parameters.n_fixed", columns="seed", values="result.bits")
        for guide, rows in searched.groupby("parameters.guide")
    }
    nothing = by_guide["b"].iloc[:1].to_numpy()
    held = runs[runs["parameters.guide"].isna()]
    of_hhl = {
        int(c): rows.sort_values("seed")["result.bits"].to_numpy(float)
        for c, rows in held.groupby("parameters.clock_qubits")
    }
    of_random = np.vstack([nothing, by_guide["random"].to_numpy(float)])
    return {"b": by_guide["b"].to_numpy(float), "random": of_random}, of_hhl


def pick_gates(runs: pd.DataFrame) -> pd.DataFrame:
    """Of the record '17_gates': a row for each point, means over pairs of gates and fidelity."""
    names = ["evolution", "steps", "clock_qubits", "n_pixels"]
    by_point = runs.groupby([f"parameters.{name}" for name in names], dropna=False)
    picked: pd.DataFrame = by_point.agg(
        gates=("result.two_qubit_gates", "mean"),
        spread=("result.two_qubit_gates", "std"),
        fidelity=("result.fidelity", "mean"),
        error=("result.fidelity", "sem"),
    ).reset_index()
    return picked.rename(columns=lambda name: str(name).removeprefix("parameters."))


# Figures


def figure_weights(weights: Series, best: npt.ArrayLike) -> Captioned:
    """Weights of norm 1, label -> (n,), and the best signs of all as triangles."""
    signs = np.asarray(best)
    ax = draw_weights(new_axes(width=7.5, height=3.4)[0], weights, signs)
    add_legend(ax, loc="upper left", bbox_to_anchor=(1.01, 1))
    add_title(ax, "triangles: the best signs of all")
    right = {name: float((np.sign(v) == signs).sum()) for _, name, v in number_series(weights)}
    said = in_words(right, ".0f")
    return Captioned(ax, f"Of {len(signs)} signs those of the best mask: {said}.")


def figure_fidelity(fidelities: Mapping[int, Sequence[float]]) -> Captioned:
    """Fidelity with the solution by clock qubits, (pairs,) each."""
    by_clock = {str(c): values for c, values in fidelities.items()}
    ax = draw_spread(new_axes(width=7)[0], {"a pair of digits": by_clock}, ylabel="fidelity")
    ax.set(xlabel="clock qubits", ylim=(None, 1.01))
    means = {f"{c} clock qubits": float(np.mean(values)) for c, values in fidelities.items()}
    return Captioned(ax, f"Mean fidelity: {in_words(means, '.4f')}.")


def figure_kept(kept: Mapping[str, npt.NDArray[np.bool_]]) -> Captioned:
    """In which share of the pairs the best mask is left, guide -> (FIXED, pairs)."""
    series = {
        name: (values.mean(axis=1), standard_error(values.astype(float)))
        for name, values in kept.items()
    }
    ylabel = "share that keeps the best mask"
    ax = draw_over_fixed(new_axes(width=7)[0], FIXED, series, ylabel=ylabel)
    ax.set_ylim(-0.03, 1.05)
    at_eight = {name: values[FIXED.index(8)].mean() for name, values in kept.items()}
    pairs = next(iter(kept.values())).shape[1]
    return Captioned(
        ax,
        f"With 8 of 16 signs fixed the best mask is left by {in_words(at_eight, '.2f')}. "
        f"Bars: one standard error over {pairs} pairs of digits.",
    )


def figure_ridges(
    kept: Mapping[str, npt.NDArray[np.bool_]], of_b: npt.NDArray[np.bool_], n_fixed: int
) -> Captioned:
    """In which share of the pairs the best mask is left by the ridge, guide -> (RIDGES, pairs)."""
    series = {
        name: (values.mean(axis=1), standard_error(values.astype(float)))
        for name, values in kept.items()
    }
    places = range(len(RIDGES))
    ylabel = "share that keeps the best mask"
    ax = draw_over_fixed(new_axes(width=7)[0], places, series, ylabel=ylabel)
    draw_level(ax, "b", float(of_b.mean()), float(standard_error(of_b.astype(float))))
    ax.set_xticks([*places], [f"{ridge:g}" for ridge in RIDGES])
    ax.set(xlabel="ridge of the system", ylim=(0, 1.05))
    add_title(ax, f"{n_fixed} of 16 signs fixed")
    said = {f"{ridge:g}": kept["w"][i].mean() for i, ridge in enumerate(RIDGES)}
    return Captioned(ax, f"w by ridge: {in_words(said, '.2f')}; b {of_b.mean():.2f}.")


def figure_flips(flips: Series) -> Captioned:
    """Queries of one-flip search from a guide's signs until the best mask, (pairs,) each."""
    ax = draw_bills(new_axes(width=7.5)[0], flips, xlabel="cost queries until the best mask")
    medians = {label: float(np.median(values)) for _, label, values in number_series(flips)}
    return Captioned(ax, f"Median queries from the signs of: {in_words(medians, '.0f')}.")


def figure_bits(
    n_fixed: Sequence[int], bits: Mapping[str, FloatArray], held: FloatArray
) -> Captioned:
    """Bits of what is left, guide -> (fixed, pairs), and those of HHL, (pairs,)."""
    series = {name: (of.mean(axis=1), standard_error(of)) for name, of in bits.items()}
    ax = draw_over_fixed(new_axes(width=7)[0], n_fixed, series, ylabel="bits across a cut")
    draw_level(ax, "HHL, clock | data", float(held.mean()), float(standard_error(held)))
    add_legend(ax, grid=True, loc="lower left")
    ax.set_ylim(0, None)
    at = {f"{name}, {n} fixed": of[i].mean() for name, of in bits.items()
          for i, n in enumerate(n_fixed) if n in (0, 6, 12)}  # fmt: skip
    return Captioned(
        ax,
        f"Bits: {in_words(at, '.2f')}; HHL {held.mean():.2f}. "
        f"Bars and band: one standard error over {len(held)} pairs.",
    )


def figure_gates(picked: pd.DataFrame) -> Captioned:
    """Two-qubit gates of HHL over unknowns, by evolution, and elimination's n^3 / 3."""
    series = {}
    kinds = {"made of eigenvectors": "exact", "Trotter, 2 steps": "trotter"}
    for name, kind in kinds.items():
        rows = picked[(picked["evolution"] == kind) & (picked["clock_qubits"] == 4)]
        rows = rows[rows["steps"].fillna(2) == 2].sort_values("n_pixels")
        series[f"{name}, 4 clock qubits"] = (rows["n_pixels"], rows["gates"])
    fine = picked[picked["clock_qubits"] == 6].sort_values("n_pixels")
    series["made of eigenvectors, 6 clock qubits"] = (fine["n_pixels"], fine["gates"])
    ax = draw_gates(new_axes(width=7)[0], series, (4, 8, 16))
    at = {name: float(gates.iloc[-1]) for name, (_, gates) in series.items()}
    return Captioned(
        ax, f"16 unknowns: {in_words(at, ',.0f')} two-qubit gates; elimination {16**3 / 3:,.0f}."
    )
