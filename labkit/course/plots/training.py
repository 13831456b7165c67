"""What training angles does, how exact a gradient is, and what all of it costs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from labkit.course.plots.canvas import BLACK, BLUE, GREY, MARKERS, SERIES, VERMILLION


def draw_training(ax: Axes, histories: npt.ArrayLike) -> Axes:
    """Draws the mean cost of a shot after each step: each network thin, their mean thick.

    Args:
        ax: where to draw; the caller names the vertical axis.
        histories: (networks, steps + 1), the first before any step.
    """
    each = np.asarray(histories, dtype=np.float64)
    steps = np.arange(each.shape[1])
    ax.plot(steps, each.T, color=GREY, lw=0.7, alpha=0.7)
    mean, spread = each.mean(axis=0), each.std(axis=0)
    ax.fill_between(steps, mean - spread, mean + spread, color=BLUE, alpha=0.18, lw=0)
    ax.plot(steps, mean, "o-", color=BLUE, lw=2.5, markevery=0.1, label="mean, ± one std")
    ax.axhline(mean[0], color=VERMILLION, ls="--", label="before the first step: the ramp")
    ax.set(xlabel="steps of training")
    ax.legend(fontsize=8, loc="upper right")
    return ax


def draw_gradients(ax: Axes, gradients: Mapping[str, npt.ArrayLike]) -> Axes:
    """Draws the derivative by each angle, each way to compute it by a marker of its own.

    Args:
        ax: where to draw.
        gradients: label -> (2p,), by gamma_1..gamma_p and beta_1..beta_p.
    """
    for i, (label, values) in enumerate(gradients.items()):
        slopes = np.asarray(values, dtype=np.float64)
        places = np.arange(len(slopes)) + 0.22 * (i - (len(gradients) - 1) / 2)
        ax.vlines(places, 0, slopes, color=SERIES[i], lw=1)
        ax.plot(places, slopes, MARKERS[i], color=SERIES[i], label=label)
    p = len(slopes) // 2
    ax.set_xticks(
        range(2 * p), [f"${name}_{layer + 1}$" for name in ("γ", "β") for layer in range(p)]
    )
    ax.axhline(0, color=BLACK, lw=0.8)
    ax.set(xlabel="angle", ylabel="slope of the mean cost")
    ax.legend(fontsize=8)
    return ax


def draw_step_errors(ax: Axes, steps: npt.ArrayLike, errors: Mapping[str, npt.ArrayLike]) -> Axes:
    """Draws how wrong a central difference is against its step, both on a logarithmic axis.

    Args:
        ax: where to draw.
        steps: (steps,) h, radians.
        errors: label -> (steps,).
    """
    for i, (label, values) in enumerate(errors.items()):
        ax.loglog(steps, values, marker=MARKERS[i], ls=("-", "--", ":")[i % 3], color=SERIES[i],
                  label=label)  # fmt: skip
    ax.set(xlabel="step h, radians", ylabel="error of the slope")
    ax.grid(alpha=0.3)
    ax.legend(fontsize=8)
    return ax


def draw_bills(ax: Axes, bills: Mapping[str, npt.ArrayLike], *, xlabel: str) -> Axes:
    """Draws what each way costs on each network as a point, and its median as a line.

    Args:
        ax: where to draw; costs are on a logarithmic axis.
        bills: label -> (networks,), above 0.
        xlabel: what is paid.
    """
    for i, (label, values) in enumerate(bills.items()):
        paid = np.sort(np.asarray(values, dtype=np.float64))
        rows = i + np.linspace(-0.22, 0.22, len(paid))
        ax.plot(paid, rows, MARKERS[i % 6], color=SERIES[i % 6], ms=4, alpha=0.7, label=label)
        middle = float(np.median(paid))
        ax.vlines(middle, i - 0.33, i + 0.33, color=BLACK, lw=2)
        ax.annotate(f"{middle:,.0f}", (middle, i - 0.36), ha="center", va="bottom", fontsize=9)
    ax.set_yticks(range(len(bills)), list(bills))
    ax.set(xscale="log", xlabel=f"{xlabel} (line: median)", ylim=(len(bills) - 0.5, -0.75))
    ax.grid(alpha=0.3, axis="x")
    return ax
