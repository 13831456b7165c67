"""Figures of notebook 15a, with their texts, and what the record says in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from labkit.arrays import FloatArray
from labkit.course.lessons.lesson_15a_prune_your_own_network import leads
from labkit.course.plots import Captioned, draw_points_and_lines, new_axes, set_log_ticks
from labkit.course.plots.series import draw_groups

if TYPE_CHECKING:
    import pandas as pd

#: Way -> model -> test accuracies (seeds,).
Accuracies = Mapping[str, Mapping[str, FloatArray]]


def figure_sizes(kept: Sequence[int], right: Mapping[str, FloatArray]) -> Captioned:
    """Shows test accuracy over the units kept, of `accuracy_by_size`; 8 of them in words."""
    points = {way: (kept, of) for way, of in right.items()}
    ax = draw_points_and_lines(new_axes(width=7)[0], points)
    set_log_ticks(ax, kept).set(xlabel="units kept", ylabel="test accuracy")
    at = [*kept].index(8)
    return Captioned(
        ax,
        f"8 of {kept[-1]} units: {right['largest'][at]:.3f} with the largest, "
        f"{right['any'][at]:.3f} with any eight (mean of 20 draws).",
    )


def figure_blocks(blocks: Mapping[str, Mapping[str, FloatArray]]) -> Captioned:
    """Shows what each search found over what it asked, of `price_of_blocks`."""
    points = {name: (found["queries"], found["cost"]) for name, found in blocks.items()}
    ax = draw_points_and_lines(new_axes(width=7)[0], points)
    set_log_ticks(ax, (200, 500, 1000, 2000, 5000))
    ax.set(xlabel="queries until it ends", ylabel="cost, price included")
    said = (
        f"{name}: {found['cost'].mean():.4f} ± {found['cost'].std():.4f}, "
        f"{found['queries'].mean():,.0f} queries"
        for name, found in blocks.items()
    )
    return Captioned(ax, "; ".join(said))


def figure_ways(before: Accuracies, after: Accuracies) -> Captioned:
    """Shows test accuracy of each way to choose, model by model, before and after training on."""
    axes = new_axes(2, width=5.2, height=4.2)
    draw_groups(axes[0], before, ylabel="test accuracy before training on")
    draw_groups(axes[1], after, ylabel="test accuracy after it")
    gap = (before["blocks"]["dense 64"] - before["magnitude"]["dense 64"]).mean()
    return Captioned(
        axes,
        "Bars: one standard deviation over 10 models; the right picture is enlarged. "
        f"Dense 64, before: blocks lead magnitude by {gap:.3f}.",
    )


def leads_in_words(rows: pd.DataFrame) -> str:
    """Of one model's runs: units kept, the whole model's accuracy, and the lead over each rival."""
    share = rows["result.n_active_blocks"].mean() / rows["parameters.n_units"].iloc[0]
    lines = [f"{share:.0%} of the units kept; whole {rows['result.whole'].mean():.3f}"]
    for rival in ("one_flip", "magnitude", "random", "fresh"):
        lines.append(f"  blocks ahead of {rival} {leads(rows, rival)}")
    return "\n".join(lines)


def bill_in_words(rows: pd.DataFrame) -> str:
    """Of one model's runs: median queries and seconds of the searches, and of training."""
    spent = rows.filter(like="result.").median()
    bill = (
        f"{way} {spent[f'result.queries_{way}']:,.0f} queries, "
        f"{spent[f'result.seconds_{way}']:.1f} s"
        for way in ("blocks", "one_flip")
    )
    return f"{'; '.join(bill)}; training {spent['result.train_seconds']:.1f} s"
