"""Figures of notebook 21, with their texts, and what is picked from records for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from labkit.arrays import FloatArray
from labkit.course.lessons.lesson_16_glossary_and_map import Table
from labkit.course.lessons.lesson_21_separation_capacity import N
from labkit.course.plots import Captioned, in_words, new_axes
from labkit.course.plots.canvas import add_title
from labkit.course.plots.separation import (
    draw_calls_of_sizes,
    draw_chances,
    draw_kept,
    draw_margins,
    draw_network,
    draw_over_blocks,
    draw_widths,
)
from labkit.course.plots.series import draw_spread
from labkit.neighbours.point_sets import PointSet
from labkit.neighbours.separation import cover_probability, widest_hyperplane

if TYPE_CHECKING:
    import pandas as pd

#: x (points,) and values (points, seeds).
Sampled = tuple[FloatArray, FloatArray]
_NAMES = {
    "mask": "best mask, fixed signs",
    "solved": "all twelve, solved",
    "fewest": "fewest, solved",
}


def pick_widths(runs: pd.DataFrame, over: str, **chosen: object) -> Sampled:
    """Of the record '21_widths': the values of a parameter, and widths (values, seeds).

    `chosen` are other parameters; one that is None was not given.
    """
    rows = runs[runs[f"parameters.{over}"].notna()]
    for name, value in {"labels": None, "dimension": None, "layers": None, **chosen}.items():
        if name != over:
            column = rows[f"parameters.{name}"]
            rows = rows[column.isna() if value is None else column == value]
    wide = rows.pivot(index=f"parameters.{over}", columns="seed", values="result.width")
    return wide.index.to_numpy(dtype=float), wide.to_numpy(dtype=float)


def pick_cut(runs: pd.DataFrame) -> FloatArray:
    """The mean share of neurons that cut the rings, by bias range."""
    rings = runs[runs["parameters.points"] == "rings"]
    return rings.groupby("parameters.bias_range")["result.cut"].mean().to_numpy(dtype=float)


def pick_chances(runs: pd.DataFrame, widths: Sequence[int]) -> FloatArray:
    """Of the record '21_cover': the share of draws that each width separates, (widths, seeds)."""
    drawn = np.stack([np.asarray(each) for each in runs["result.widths"]])
    return np.array([(drawn <= width).mean(axis=1) for width in widths])


def pick_by(runs: pd.DataFrame, parameter: str, result: str) -> dict[object, FloatArray]:
    """Value of a parameter -> results by seed, in the order of the sweep."""
    return {
        value: rows.sort_values("seed")[f"result.{result}"].to_numpy(dtype=float)
        for value, rows in runs.groupby(f"parameters.{parameter}", sort=False)
    }


def medians(widths: FloatArray) -> list[float]:
    """Of widths (points, seeds)."""
    return [float(value) for value in np.median(widths, axis=1)]


def doublings(parity: Sampled) -> tuple[float, float]:
    """How many times parity's width doubles with a dimension, and the standard error of that.

    The slope of log2 of each seed's width, fitted over the dimensions; its mean over seeds.
    """
    dimensions, widths = parity
    slopes = np.polyfit(dimensions, np.log2(widths), 1)[0]
    return float(slopes.mean()), float(slopes.std(ddof=1) / np.sqrt(len(slopes)))


def neurons_a_ball(runs: pd.DataFrame) -> FloatArray:
    """The median width over our `local_cover`, of each point set of '21_widths' at lambda = 1."""
    given = [f"parameters.{name}" for name in ("points", "labels", "n_points", "dimension")]
    at_one = runs[(runs["parameters.bias_range"] == 1) & runs["parameters.layers"].isna()]
    sets = at_one.groupby(given, dropna=False)
    widths, covers = sets["result.width"].median(), sets["result.cover"].mean()
    return (widths / covers).to_numpy(dtype=float)


def figure_networks(points: PointSet, weights: FloatArray, biases: FloatArray) -> Captioned:
    """Shows the first 6, 12 and 24 neurons of a network as lines, and what they separate."""
    axes, said = new_axes(3, width=3.4, height=3.6), []
    for ax, n in zip(axes, (6, 12, 24), strict=True):
        w, b = weights[:n], biases[:n]
        plane = widest_hyperplane(np.maximum(points.points @ w.T + b, 0), points.y)
        draw_network(ax, *points, w, b, plane)
        done = "not separated" if plane is None else "separated"
        add_title(ax, f"{n} random neurons: {done}")
        said.append(f"{n} {done}")
    return Captioned(
        axes, f"Circles -1, triangles +1; a line where a neuron bends: {', '.join(said)}."
    )


def figure_bias(widths: Sampled, cut: FloatArray) -> Captioned:
    """Shows the width that separates the rings over the bias range: all, and those that cut."""
    ranges, drawn = widths[0][1:], widths[1][1:]
    series = {
        "all neurons": (ranges, drawn),
        "of them, those that cut the rings": (ranges, drawn * cut[1:, None]),
    }
    ax = draw_widths(new_axes(width=7)[0], series, xlabel="bias range λ", ticks=[*ranges])
    middle = in_words({f"{r:g}:": m for r, m in zip(ranges, medians(drawn), strict=True)}, ".0f")
    return Captioned(
        ax, f"Medians of 20 networks, by λ {middle}. At λ = 0 no network of 512 neurons separates."
    )


def figure_points(flat: Sampled, random: Sampled) -> Captioned:
    """Shows the width that separates over the number of points: own labels, random labels."""
    series = {"spirals, own labels": flat, "the same points, random labels": random}
    half = np.array([50.0, 800.0])
    ax = draw_widths(
        new_axes(width=7)[0], series, {"half of the points": (half, half / 2)},
        xlabel="points", ticks=(50, 100, 200, 400, 800),
    )  # fmt: skip
    own, dealt = (", ".join(f"{m:.0f}" for m in medians(each[1])) for each in (flat, random))
    return Captioned(
        ax,
        f"Medians of 20 networks: own labels {own} from 50 to 800 points; random labels {dealt} "
        "from 50 to 200.",
    )


def figure_dimensions(turned: Sampled, parity: Sampled) -> Captioned:
    """Shows the width that separates over the dimension: spirals turned into it, and parity."""
    series = {"spirals in a plane of it": turned, "parity of all signs": parity}
    d = np.array([2.0, 8.0])
    ax = draw_widths(
        new_axes(width=7)[0], series, {"half of the corners": (d, 2**d / 2)},
        xlabel="dimension", ticks=(2, 4, 8, 16, 32, 64),
    )  # fmt: skip
    slope, error = doublings(parity)
    flat = medians(turned[1])
    return Captioned(
        ax,
        f"Spirals {min(flat):.0f} to {max(flat):.0f} neurons in 2 to 64 dimensions. Parity: width "
        f"times 2 to the {slope:.2f} ± {error:.2f} with each dimension.",
    )


def figure_cover(runs: pd.DataFrame, widths: Sequence[int]) -> Captioned:
    """Shows the share of random labels that networks separate, over their width; and Cover's."""
    formula = [cover_probability(40, width) for width in widths]
    shares = pick_chances(runs, widths)
    ax = draw_chances(new_axes(width=7)[0], widths, shares, formula)
    worst = float(np.abs(shares.mean(axis=1) - formula).max())
    return Captioned(
        ax,
        f"Largest difference from Cover's formula {worst:.3f} in 1,000 draws. "
        "Bars: two standard errors.",
    )


def figure_margins(margins: Mapping[object, FloatArray]) -> Captioned:
    """Shows the margin over the width, width -> (seeds,)."""
    widths = [int(str(width)) for width in margins]
    ax = draw_margins(new_axes(width=7)[0], widths, np.array([*margins.values()]))
    middle = {f"{n} neurons": float(np.median(values)) for n, values in margins.items()}
    return Captioned(ax, f"Median margin: {in_words(middle, '.4f')}; 20 networks each.")


def figure_readouts(runs: pd.DataFrame) -> Captioned:
    """Shows errors of the best mask under fixed signs, and of solved read-outs."""
    errors = {
        name: {
            "in training": runs[f"result.train_{key}"].to_numpy(dtype=float),
            "on fresh points": runs[f"result.test_{key}"].to_numpy(dtype=float),
        }
        for key, name in _NAMES.items()
    }
    ax = draw_spread(new_axes(width=7)[0], errors, ylabel="error rate")
    means = {name: by_group["on fresh points"].mean() for name, by_group in errors.items()}
    return Captioned(ax, f"Mean error of 20 networks on fresh points: {in_words(means)}.")


def figure_subsets(kept: Mapping[object, FloatArray]) -> Captioned:
    """Shows how many of twelve neurons each search keeps, search -> (seeds,)."""
    named = {str(search): values for search, values in kept.items()}
    ax = draw_kept(new_axes(width=7, height=3.2)[0], named, xlabel="neurons kept (line: mean)")
    means = {name: float(values.mean()) for name, values in named.items()}
    return Captioned(ax, f"Mean of 20 networks: {in_words(means, '.2f')} of twelve neurons.")


def figure_search(measured: npt.ArrayLike, formula: npt.ArrayLike) -> Captioned:
    """Shows the chance of masks that separate after each call, of a circuit and by formula."""
    chances = np.asarray(measured, dtype=float)
    ax = draw_calls_of_sizes(new_axes(width=7)[0], chances, formula)
    return Captioned(
        ax,
        f"The chance rises from {chances[0]:.3f} to {chances.max():.3f} after "
        f"{int(chances.argmax())} calls.",
    )


def figure_blocks(
    kept: Mapping[object, FloatArray], bits: Mapping[object, FloatArray]
) -> Captioned:
    """Shows what is kept and the bits that are held, by the number of neurons chosen at once."""
    axes, sizes = new_axes(2, width=4.4), [int(str(size)) for size in kept]
    draw_over_blocks(axes[0], sizes, [*kept.values()], 0, ylabel="neurons kept")
    draw_over_blocks(axes[1], sizes, [*bits.values()], 1, ylabel="most bits across the middle")
    ends = [f"{name} {of[1].mean():.2f} to {of[N].mean():.2f}"
            for name, of in (("neurons kept", kept), ("bits", bits))]  # fmt: skip
    return Captioned(
        axes, f"From one neuron to all twelve at once: {', '.join(ends)}. Bars: one standard error."
    )


def searches_in_words(runs: pd.DataFrame) -> str:
    """What each search kept and what it cost, means over the seeds of the record '21_subsets'."""
    counted = {"ledger.cost_queries": "queries", "ledger.oracle_calls": "oracle calls",
               "ledger.forward_passes": "forward passes"}  # fmt: skip
    means = runs.groupby("parameters.search", sort=False)[["result.kept", *counted]].mean()
    return "\n".join(
        f"{search}: {row['result.kept']:.2f} kept; "
        + ", ".join(f"{row[column]:.0f} {name}" for column, name in counted.items())
        for search, row in means.iterrows()
    )


def table_of_claims(runs: pd.DataFrame) -> Table:
    """What the paper's abstract says, what the record '21_widths' has of it, and our verdict."""
    flat = medians(pick_widths(runs, "n_points", points="spirals")[1])
    turned = medians(pick_widths(runs, "dimension", points="spirals")[1])
    parity = pick_widths(runs, "dimension", points="parity")
    (one,), (two,) = (medians(pick_widths(runs, "layers", points="spirals", n_points=100)[1])
                      if layers else [flat[1]] for layers in (0, 2))  # fmt: skip
    biased = runs[runs["parameters.bias_range"] > 0]["result.width"]
    ratios = neurons_a_ball(runs)
    slope, error = doublings(parity)
    rows = [
        (
            "a wide enough random network separates classes at a distance",
            f"{biased.notna().mean():.0%} of {len(biased)} networks with biases, within 512",
            "confirmed here",
        ),
        (
            "the width follows the geometry of the sets",
            f"spirals of 100 to 800 points: {min(flat[1:]):.0f} to {max(flat):.0f} neurons",
            "confirmed here",
        ),
        (
            "no curse of dimension where the structure is simple",
            f"a plane in 2 to 64 dimensions: {min(turned):.0f} to {max(turned):.0f}; parity: "
            f"times 2 to the {slope:.2f} ± {error:.2f} each",
            "confirmed here; a plane cannot show more",
        ),
        (
            "two layers do it",
            f"two {two:.0f}, one {one:.0f} neurons a layer",
            "confirmed, not needed: one does (reading: ours)",
        ),
        (
            "the mutual complexity bounds the width",
            f"its definition we have not; our local cover, another thing: {min(ratios):.2f} to "
            f"{max(ratios):.2f} neurons a ball in {len(ratios)} settings at λ = 1",
            "not testable here",
        ),
    ]
    return Table(("the abstract", "here", "verdict"), rows)
