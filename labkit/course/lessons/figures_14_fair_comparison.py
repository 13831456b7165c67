"""Figures of notebook 14: what each search knows after so many calls."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from labkit.arrays import FloatArray, IntArray
from labkit.course.plots import (
    Captioned,
    draw_calls,
    draw_race,
    draw_regret,
    draw_spread,
    in_words,
    new_axes,
)


def figure_race(calls: IntArray, best: Mapping[str, FloatArray], least: float) -> Captioned:
    """Shows the best cost so far, search -> (runs, calls), and the least of all masks."""
    ax = draw_race(new_axes(width=7)[0], calls, best, minimum=least)
    ax.legend(fontsize=8)
    regret = in_words({name: costs[:, 3].mean() - least for name, costs in best.items()}, ".4f")
    return Captioned(
        ax,
        f"Mean regret after {calls[3]} calls: {regret}. "
        "Bars: one standard deviation over 10 runs on one network.",
    )


def figure_found(budgets: IntArray, found: Mapping[str, FloatArray], *, at: int = 64) -> Captioned:
    """Shows which share of runs has met the optimum, search -> (networks, budgets).

    The text says how many have within `at` calls.
    """
    ax = draw_race(new_axes(width=8, height=4)[0], budgets, found, minimum=1, error="interval")
    ax.set(ylabel="share of runs that have met the optimum")
    ax.legend(fontsize=8, ncols=4, loc="lower center", bbox_to_anchor=(0.5, 1), frameon=False)
    place = [*budgets].index(at)
    shares = in_words({name: share[:, place].mean() for name, share in found.items()}, ".0%")
    return Captioned(
        ax,
        f"Met the optimum within {at} calls: {shares}. "
        "Bars: 95% intervals of the mean over 20 networks.",
    )


def figure_everyone(regret: Mapping[str, FloatArray]) -> Captioned:
    """Shows the regret of each search after 64 calls, search -> (networks,)."""
    ax = draw_regret(new_axes(width=7.5, height=7)[0], regret, error="interval")
    ranked = sorted(regret, key=lambda name: float(regret[name].mean()))
    return Captioned(
        ax,
        f"Least mean regret after 64 calls: {', '.join(ranked[:3])}; most: {ranked[-1]}. "
        "Bars: 95% intervals of the mean over 20 networks.",
    )


def figure_tuning(bill: Mapping[str, int]) -> Captioned:
    """Shows how many calls each way takes until nine runs of ten have met the optimum."""
    ax = draw_calls(new_axes(width=8, height=2.8)[0], bill, xlabel="calls")
    return Captioned(
        ax,
        "Calls until nine runs of ten have met the optimum (rounded up to a power of two), "
        f"and what else is paid: {in_words(bill, ',d')}.",
    )


def figure_dealt(kept: Mapping[str, FloatArray], dealt: Mapping[str, FloatArray]) -> Captioned:
    """Shows the regret after 256 calls, search -> (networks,): costs in place, and dealt."""
    axes = new_axes(2, width=4.6, height=4.6)
    for ax, regret, title in zip(axes, (kept, dealt), ("as they are", "dealt at random"),
                                 strict=True):  # fmt: skip
        draw_regret(ax, regret, error="interval").set_title(f"costs {title}", fontsize=10)
        ax.set_xlim(0, 0.11)
    after = in_words({name: values.mean() for name, values in dealt.items()}, ".4f")
    return Captioned(
        axes,
        f"Regret after 256 calls, costs dealt at random: {after}. "
        "Bars: 95% intervals of the mean over 20 networks.",
    )


def figure_test_accuracy(right: Mapping[str, FloatArray]) -> Captioned:
    """Shows test accuracy after 256 calls, search -> (networks,)."""
    lines = {name.replace(" ", "\n", 1): of for name, of in right.items()}
    ax = draw_spread(new_axes(width=8)[0], {"20 networks": lines}, ylabel="test accuracy")
    median = in_words({name: float(np.median(of)) for name, of in right.items()})
    return Captioned(ax, f"Median test accuracy after 256 calls: {median}.")
