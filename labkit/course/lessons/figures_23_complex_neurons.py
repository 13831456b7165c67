"""Figures of notebook 23, with their texts, and its table of claims."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from labkit import palette
from labkit.arrays import FloatArray
from labkit.course.lessons.lesson_23_complex_neurons import (
    filters_of,
    judge,
    lead,
    most_bits,
    pick_choices,
    pick_readouts,
    pick_trained,
    starts_of_search,
    states_of_start,
)
from labkit.course.plots import Captioned, new_axes
from labkit.course.plots.canvas import add_title, marker_style
from labkit.course.plots.series import draw_groups
from labkit.course.plots.style import own_style

if TYPE_CHECKING:
    import pandas as pd

#: What the abstract says, or what we ask beside it -> who is ahead, and of whom.
CLAIMS = {
    "complex weights, against phase-only (abstract)": ("complex", "phase-only"),
    "... against phase-only with the modulus as output": ("complex", "phase-only, modulus"),
    "... against a classical network, 4 filters (abstract)": ("complex", "relu"),
    "... against one of as many numbers, 8 filters": ("complex", "relu, 8 filters"),
    "... against a real modulus": ("complex", "real modulus"),
    "... against the same on pixels, without phases": ("complex", "complex on pixels"),
}
#: The tasks of the record, as a figure calls them.
TASKS = {"digits": "digits, 8 x 8", "mnist5k": "small MNIST, 14 x 14"}
#: Random filters of these structures are compared.
KINDS = ("relu", "real modulus", "phase-only", "phase-only, modulus", "complex", "square")


@own_style()
def figure_filters(image: FloatArray, responses: FloatArray) -> Captioned:
    """Shows an image (side, side), and the responses (places, places, filters) of its filters."""
    axes = new_axes(1 + responses.shape[-1], width=2.1, height=2.3)
    shown = {"image": image, **{f"filter {j}": responses[..., j] for j in range(len(axes) - 1)}}
    for ax, (name, pixels) in zip(axes, shown.items(), strict=True):
        ax.imshow(pixels, cmap=palette.SEQUENTIAL)
        ax.set_axis_off()
        add_title(ax, name)
    strongest = responses.max(axis=(0, 1))
    return Captioned(
        axes,
        f"An image of {len(image)} x {len(image)} pixels and what {len(strongest)} random complex "
        f"filters make of it, {len(responses)} x {len(responses)} moduli each; the largest of "
        f"each: {', '.join(f'{value:.1f}' for value in strongest)}.",
    )


@own_style()
def figure_trained(runs: pd.DataFrame) -> Captioned:
    """Shows test accuracy by structure, both tasks, with the numbers that its filters have."""
    axes, counts = new_axes(len(TASKS), width=5.2, height=3.8), filters_of(runs)
    said = []
    for ax, (task, title) in zip(axes, TASKS.items(), strict=True):
        picked = pick_trained(runs, task)
        for i, values in enumerate(picked.values()):
            style = {"ms": 8, "capsize": 3, **marker_style(i)}
            ax.errorbar(values.mean(), i, xerr=values.std(ddof=1), **style)
        ax.axvline(picked["complex"].mean(), color=palette.GREY, ls=":", lw=1)
        ax.set_yticks(range(len(picked)), [f"{name} ({counts[name][0]})" for name in picked])
        ax.invert_yaxis()
        ax.grid(alpha=0.3, axis="x")
        ax.set(xlabel="test accuracy")
        add_title(ax, title)
        means = {name: f"{values.mean():.3f}" for name, values in picked.items()}
        said.append(f"{title}: " + ", ".join(f"{name} {mean}" for name, mean in means.items()))
    seeds = runs["seed"].nunique()
    told = f"In brackets: numbers in the filters. Bars: one standard deviation over {seeds} seeds."
    return Captioned(axes, f"{told} {'; '.join(said)}.")


def table_of_claims(runs: pd.DataFrame) -> pd.DataFrame:
    """Claim -> on each task the lead in test accuracy ± its standard error, and what follows.

    'confirmed' is a mean lead above two standard errors over the seeds.
    """
    import pandas as pd

    rows = {}
    for claim, (ahead, behind) in CLAIMS.items():
        row = {}
        for task, title in TASKS.items():
            picked = pick_trained(runs, task)
            mean, error = lead(picked[ahead], picked[behind])
            row[title] = f"{mean:+.4f} ± {error:.4f}: {judge(picked[ahead], picked[behind])}"
        rows[claim] = row
    untested = dict.fromkeys(TASKS.values(), "not testable here: not in the abstract")
    rows["the five structures and their accuracies"] = untested
    rows["CIFAR-10 (abstract)"] = dict.fromkeys(TASKS.values(), "not testable here: no such data")
    return pd.DataFrame.from_dict(rows, orient="index")


def figure_readouts(runs: pd.DataFrame) -> Captioned:
    """Shows the best mask's test accuracy beside that of a solved read-out, by task and kind."""
    groups = [(task, kind) for task in ("moons", "digits_3v6") for kind in ("relu", "complex")]
    picked = {f"{task},\n{kind}": pick_readouts(runs, task, kind) for task, kind in groups}
    names = {"mask": "best of 4,096 masks", "solved": "one solved read-out"}
    shown = {label: {g: of[way] for g, of in picked.items()} for way, label in names.items()}
    ax = draw_groups(new_axes(width=6.4)[0], shown, ylabel="test accuracy")
    said = (
        f"{group.replace(chr(10), ' ')} {of['mask'].mean():.3f} and {of['solved'].mean():.3f}"
        for group, of in picked.items()
    )
    return Captioned(ax, f"Twelve random neurons, best mask and solved: {'; '.join(said)}.")


def figure_choices(runs: pd.DataFrame) -> Captioned:
    """Shows test accuracy with any three of twelve filters, three chosen, and all, by kind."""
    ways = {"any three (mean of 220)": "test_any", "the best three": "test_enumeration",
            "all twelve": "test_all"}  # fmt: skip
    of_kind = {name.replace(", ", ",\n"): pick_choices(runs, name) for name in KINDS}
    shown = {label: {k: of[way] for k, of in of_kind.items()} for label, way in ways.items()}
    ax = draw_groups(new_axes(width=7.6)[0], shown, ylabel="test accuracy")
    said = []
    for name in ("relu", "complex"):
        means = [f"{pick_choices(runs, name)[way].mean():.3f}" for way in ways.values()]
        said.append(f"{name} {means[0]}, {means[1]} and {means[2]}")
    return Captioned(ax, f"Any three, the best three and all twelve: {'; '.join(said)}.")


@own_style()
def figure_locality(choices: Mapping[str, FloatArray]) -> Captioned:
    """Shows what each start of Grover's search holds in bits, and what its best choice lacks.

    Rivals that hold no bit stand at the left: greedy growth, swap search, and as many random
    choices as block by block asks for.

    Args:
        choices: of `pick_choices`.
    """
    ways = dict(zip(starts_of_search(), ("enumeration", "each", "blocks"), strict=True))
    points = {name: (most_bits(states_of_start(name)), way) for name, way in ways.items()}
    points |= {"greedy": (0.0, "greedy"), "swap search": (0.06, "swap")}
    points["drawn at random"] = (0.12, "drawn")
    ax, said = new_axes(width=6.4)[0], []
    span = choices["cost_any"] - choices["cost_enumeration"]
    for i, (name, (bits, way)) in enumerate(points.items()):
        lost = (choices[f"cost_{way}"] - choices["cost_enumeration"]) / span
        style = {"ms": 9, "capsize": 3, "label": name, **marker_style(i)}
        ax.errorbar(bits, lost.mean(), lost.std(ddof=1), **style)
        held = f"{bits:.2f} bits" if name in ways else "no bit"
        said.append(f"{name}: {held}, {lost.mean():.0%} ± {lost.std(ddof=1):.0%} lost")
    ax.axhline(1, color=palette.GREY, ls="--", lw=1)
    ax.annotate("any three, no search", (0.6, 1), fontsize=9, va="bottom")
    ax.set(xlabel="most bits across a cut, along the search", ylabel="share of the gain lost")
    ax.set(xlim=(-0.1, 2.2), ylim=(-0.1, 1.15))
    ax.legend(fontsize=9, loc="center right")
    ax.grid(alpha=0.3)
    return Captioned(ax, f"{'; '.join(said)} of what choosing gains (± one standard deviation).")


def bill_in_words(choices: Mapping[str, FloatArray]) -> str:
    """Queries of each way, and how far it ends above the best of all 220, a line each."""
    drawn = float((choices["cost_drawn"] - choices["cost_enumeration"]).mean())
    names = {"enumeration": "all 220", "each": "one of each 4, all 64", "greedy": "greedy",
             "swap": "swap search", "blocks": "one of each 4, block by block"}  # fmt: skip
    lines = []
    for way, name in names.items():
        lost = choices[f"cost_{way}"] - choices["cost_enumeration"]
        met = int(np.sum(lost <= 1e-9 * choices["cost_enumeration"]))
        lines.append(
            f"{name}: {choices[f'queries_{way}'].mean():.0f} queries, cost {lost.mean():.4f} above "
            f"the best, which it meets in {met} of {len(lost)}"
        )
    lines.append(f"as many drawn at random as block by block asks: cost {drawn:.4f} above the best")
    return "\n".join(lines)
