"""Figures of notebook 09: what training lowers, what it makes likelier, and what it costs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from labkit.arrays import FloatArray
from labkit.course.plots import (
    Captioned,
    draw_bills,
    draw_gradients,
    draw_quality,
    draw_spread,
    draw_step_errors,
    draw_training,
    in_words,
    new_axes,
)
from labkit.course.plots.canvas import Series, number_series


def figure_training(histories: FloatArray) -> Captioned:
    """The mean cost of a shot after each step of training, (networks, steps + 1)."""
    ax = draw_training(new_axes(width=7)[0], histories)
    ax.set(ylabel="mean cost, in standard deviations")
    networks, columns = histories.shape
    before, after = histories[:, 0].mean(), histories[:, -1].mean()
    return Captioned(
        ax,
        f"Mean cost of a shot, {networks} networks: {before:.2f} by a ramp, {after:.2f} after "
        f"{columns - 1} steps of Adam.",
    )


def figure_chances(ramp: npt.ArrayLike, trained: npt.ArrayLike) -> Captioned:
    """The chance of an optimum before and after training, (networks,) each."""
    chance = {"ramp": np.asarray(ramp), "trained": np.asarray(trained)}
    ax = draw_spread(new_axes(width=5.5)[0], {"one network": chance}, ylabel="chance of an optimum")
    ax.legend().remove()
    middle = {label: float(np.median(values)) for label, values in chance.items()}
    factor = np.median(chance["trained"] / chance["ramp"])
    fell = int(np.sum(chance["trained"] < chance["ramp"]))
    return Captioned(
        ax,
        f"Medians over {len(chance['ramp'])} networks: {in_words(middle)}. The chance grew by a "
        f"median factor of {factor:.1f}, and fell on {fell} network{'s' * (fell != 1)}.",
    )


def figure_gradients(slopes: Series) -> Captioned:
    """The slope by each angle, each way to compute it, label -> (2p,)."""
    apart = np.ptp([values for _, _, values in number_series(slopes)], axis=0).max()
    first = np.asarray(next(iter(slopes.values())))
    at, p = int(np.abs(first).argmax()), len(first) // 2
    steepest = f"{'gamma' if at < p else 'beta'} {at % p + 1}"
    return Captioned(
        draw_gradients(new_axes(width=7)[0], slopes),
        f"Steepest by {steepest}: {first[at]:.2f}. The three agree within {apart:.0e}.",
    )


def figure_step_errors(steps: FloatArray, exact: FloatArray, measured: FloatArray) -> Captioned:
    """How wrong a central difference is at each step: (steps,), exact, and from 1,000 shots."""
    errors = {"exact": exact, "1,000 shots each": measured}
    ax = draw_step_errors(new_axes(width=6)[0], steps, errors)
    best = steps[measured.argmin()]
    return Captioned(
        ax,
        "Error of the slope by the first beta (20 networks, root mean square). Best with 1,000 "
        f"shots: h = {best:.2f}, wrong by {measured.min():.2f}; h = {steps[0]:g}: by "
        f"{measured[0]:.1f}.",
    )


def figure_reused(sizes: Sequence[int], chances: Series) -> Captioned:
    """The chance of an optimum over the size of networks, kind of angles -> (sizes, networks)."""
    ax = draw_quality(new_axes(width=7)[0], sizes, chances)
    ax.set(xlabel="neurons", ylabel="chance of an optimum", xticks=sizes)
    last = {label: values[-1].mean() for _, label, values in number_series(chances)}
    _, networks = np.shape(next(iter(chances.values())))
    return Captioned(
        ax,
        f"Mean chance at {sizes[-1]} neurons: {in_words(last)}. "
        f"Bars: one standard deviation over {networks} networks.",
    )


def figure_bills(bills: Series, *, xlabel: str) -> Captioned:
    """What each way costs until a mask is met, label -> (networks,); `xlabel` says what is paid."""
    ax = draw_bills(new_axes(width=8)[0], bills, xlabel=xlabel)
    paid = {label: values for _, label, values in number_series(bills)}
    middle = {label: float(np.median(values)) for label, values in paid.items()}
    (networks,) = {len(values) for values in paid.values()}
    return Captioned(ax, f"Medians over {networks} networks: {in_words(middle, ',.0f')}.")
