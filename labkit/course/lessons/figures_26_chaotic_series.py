"""Figures of notebook 26, with their texts, and its table of claims."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labkit import palette
from labkit.arrays import FloatArray
from labkit.course.lessons.lesson_26_chaotic_series import BLOCKS, pick, rank_correlation
from labkit.course.plots import Captioned, new_axes
from labkit.course.plots.canvas import add_legend, add_title, marker_style
from labkit.course.plots.series import draw_groups
from labkit.course.plots.style import own_style

if TYPE_CHECKING:
    import pandas as pd

#: The results of '26_rivals', as a figure calls them.
RIVALS = {
    "few": "12 random filters, solved",
    "many": "100 random filters, solved",
    "growth": "growth of gaps above 0",
    "rule": "no period up to 64",
}


def accuracies(trained: pd.DataFrame, rivals: pd.DataFrame) -> dict[str, FloatArray]:
    """Way -> test accuracies (seeds,) on the logistic map."""
    found = {f"kernel {k}, trained": pick(trained, "test", kernel_size=k) for k in (3, 40)}
    return found | {label: pick(rivals, key, map="logistic") for key, label in RIVALS.items()}


@own_style()
def figure_accuracies(trained: pd.DataFrame, rivals: pd.DataFrame) -> Captioned:
    """Shows test accuracy on the logistic map: trained kernels, random filters, rules."""
    ax, found = new_axes(width=7.2, height=3.6)[0], accuracies(trained, rivals)
    for i, values in enumerate(found.values()):
        style = {"ms": 8, "capsize": 3, **marker_style(i)}
        ax.errorbar(values.mean(), i, xerr=values.std(ddof=1), **style)
    ax.set_yticks(range(len(found)), list(found))
    ax.invert_yaxis()
    ax.grid(alpha=0.3, axis="x")
    ax.set(xlabel="test accuracy, 500 series")
    said = "; ".join(f"{n} {v.mean():.3f} ± {v.std(ddof=1):.3f}" for n, v in found.items())
    return Captioned(ax, f"Logistic map: {said} (one standard deviation).")


@own_style()
def figure_periods(trained: pd.DataFrame) -> Captioned:
    """Shows test accuracy over the share of activations that keep their input's period."""
    ax, said = new_axes(width=6.4)[0], []
    for i, k in enumerate((3, 40)):
        kept, right = (pick(trained, name, kernel_size=k) for name in ("kept", "test"))
        before = pick(trained, "kept_before", kernel_size=k)
        ax.plot(kept, right, label=f"kernel {k}, trained", ms=8, **marker_style(i))
        ax.axvline(before.mean(), color=palette.GREY, ls=("--", ":")[i], lw=1.5,
                   label=f"kernel {k}, untrained (mean)")  # fmt: skip
        said.append(
            f"kernel {k}: {before.mean():.2f} of the periods before training, {kept.mean():.2f} ± "
            f"{kept.std(ddof=1):.2f} after, rank correlation with accuracy "
            f"{rank_correlation(kept, right):.2f}"
        )
    ax.set(xlabel="share of activations with their input's period", ylabel="test accuracy")
    add_legend(ax, grid=True)
    return Captioned(ax, f"{'; '.join(said)}.")


def figure_masks(runs: pd.DataFrame) -> Captioned:
    """Shows test accuracy of all twelve filters, of masks, and of a solved read-out, by map."""
    ways = {"all": "all twelve", "sign": "those whose sign fits", "best": "best of 4,096 masks",
            "solved": "solved read-out"}  # fmt: skip
    maps = {"logistic": "logistic", "sine_circle": "sine-circle"}
    shown = {
        label: {title: pick(runs, way, map=name) for name, title in maps.items()}
        for way, label in ways.items()
    }
    ax = draw_groups(new_axes(width=6.4)[0], shown, ylabel="test accuracy")
    said = "; ".join(
        f"{label} {', '.join(f'{of.mean():.3f}' for of in by.values())}"
        for label, by in shown.items()
    )
    return Captioned(ax, f"Logistic, sine-circle: {said}.")


@own_style()
def figure_blocks(runs: pd.DataFrame) -> Captioned:
    """Shows by block size what local selection lacks of the best mask, and the bits it holds."""
    left, right = new_axes(2, width=5)
    said = []
    for i, (name, title) in enumerate((("logistic", "logistic"), ("sine_circle", "sine-circle"))):
        lost = np.array([pick(runs, f"regret_{size}", map=name) for size in BLOCKS])
        error = lost.std(axis=1, ddof=1)
        left.errorbar(range(len(BLOCKS)), lost.mean(axis=1), error, capsize=3, label=title,
                      ms=8, **marker_style(i))  # fmt: skip
        drawn = pick(runs, "regret_random", map=name).mean()
        left.axhline(drawn, color=palette.GREY, ls=("--", ":")[i], label=f"{title}, 200 at random")
        said.append(f"{title}, blocks of 1: {lost[0].mean():.3f} lost, at random {drawn:.3f}")
    left.set(ylabel="share of the gain lost")
    add_legend(left, grid=True)
    add_title(left, "twelve random filters, 20 networks")
    bits = [pick(runs, f"bits_{size}", map="logistic")[0] for size in BLOCKS]
    right.plot(range(len(BLOCKS)), bits, ms=8, **marker_style(2))
    right.set(ylabel="most bits across the middle of a block")
    right.grid(alpha=0.3)
    add_title(right, "Grover's search of one block")
    for ax in (left, right):
        ax.set_xticks(range(len(BLOCKS)), [str(size) for size in BLOCKS])
        ax.set(xlabel="block size, filters")
    said += [f"bits from {bits[0]:.2f} at 1 to {bits[-1]:.2f} at {BLOCKS[-1]}"]
    return Captioned(np.array([left, right]), f"{'; '.join(said)}.")


def judge(gaps: FloatArray) -> str:
    """The mean of gaps ± its standard error, and 'confirmed' where it is above two of these."""
    mean, error = gaps.mean(), gaps.std(ddof=1) / np.sqrt(len(gaps))
    verdict = "confirmed" if mean > 2 * error else "not confirmed"
    return f"{mean:+.3f} ± {error:.3f}: {verdict}"


def judge_ranks(rho: float) -> str:
    """'confirmed' where a rank correlation of ten is below -0.648, two-sided 5%."""
    verdict = "confirmed" if rho < -0.648 else "not confirmed"
    return f"rank correlation {rho:+.2f}: {verdict}"


def table_of_claims(trained: pd.DataFrame, rivals: pd.DataFrame) -> pd.DataFrame:
    """Claim -> what was measured on the logistic map, and what follows."""
    import pandas as pd

    found = accuracies(trained, rivals)
    large, small = found["kernel 40, trained"], found["kernel 3, trained"]
    kept = {k: pick(trained, "kept", kernel_size=k) for k in (3, 40)}
    before = {k: pick(trained, "kept_before", kernel_size=k) for k in (3, 40)}
    rho = {k: rank_correlation(kept[k], pick(trained, "test", kernel_size=k)) for k in (3, 40)}
    growth, rule, many = (found[RIVALS[key]][: len(large)] for key in ("growth", "rule", "many"))
    rows = {
        "a large kernel outperforms a small one (abstract)": judge(large - small),
        "... and an exponent from the series (abstract)": judge(large - growth),
        "... and a rule of one line (ours)": judge(large - rule),
        "... and 100 random filters (ours)": judge(large - many),
        "small kernels keep more periods than large ones": judge(kept[3] - kept[40]),
        "a large kernel drops periods in training": judge(before[40] - kept[40]),
        "fewer kept periods, a better network: kernel 3 (abstract)": judge_ranks(rho[3]),
        "... of kernel 40": judge_ranks(rho[40]),
        "their networks, maps and measure of period": "not testable here: not seen",
    }
    return pd.DataFrame({"logistic map": rows})
