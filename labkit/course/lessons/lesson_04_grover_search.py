"""Notebook 04: its figures and its exercises."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.amplification import optimal_iterations, success_probability
from labkit.arrays import BoolArray, FloatArray
from labkit.course.checking import compare_function, exercise, number_exercise
from labkit.course.circuit_checks import compare_signs
from labkit.course.plots import (
    draw_amplitudes,
    draw_quality,
    draw_rotation,
    draw_success_curve,
    in_words,
    new_axes,
)
from labkit.course.plots.canvas import Captioned
from labkit.course.plots.style import own_style
from labkit.palette import VERMILLION
from labkit.simulators import probabilities


@exercise("04-1")
def oracle_for_two_masks(answer: Any) -> str | None:
    """A circuit on three qubits that flips the phase of masks 011 and 111 only."""
    return compare_signs(answer, np.where(np.isin(np.arange(8), (0b011, 0b111)), -1, 1))


def _says_of_calls(calls: float) -> str:
    """Where the first peak is."""
    if calls < 0 or calls != int(calls):
        return "Calls are whole: an oracle is called, or it is not."
    return "At the first peak (2k + 1) times θ is as near to 90° as it gets: which θ have N and M?"


_EARLY = max(range(1, 26), key=lambda k: success_probability(12, 4, k) / k)
# the first peak for 4 marked masks of 12 neurons
number_exercise(
    "04-2",
    optimal_iterations(12, 4),
    _says_of_calls,
    slips={
        _EARLY: "To stop there saves calls if you may begin again; asked for is the first peak.",
        optimal_iterations(12, 1): "That is the peak for one marked mask; here 4 are marked.",
        2**5: "That is √(N/M); the peak is at about π/4 of it.",
        2**6: "That is √N; it is N/M that counts.",
    },
)


@exercise("04-3")
def success_by_formula(answer: Any) -> str | None:
    """A function (n, M, k) -> chance of a marked mask."""
    cases = ((4, 1, 3), (6, 5, 2), (10, 1, 40), (3, 8, 1))
    what = "For n = {}, M = {}, k = {} the chance"
    return compare_function(answer, success_probability, cases, what)


@own_style()
def figure_amplitudes(states: Mapping[int, npt.NDArray[Any]], marked: BoolArray) -> Captioned:
    """Grover's states, oracle calls -> (2^n,), on one axis of amplitudes; `marked` is (2^n,)."""
    axes = new_axes(2, rows=len(states) // 2, width=4.4, height=2.5)
    for ax, (calls, state) in zip(axes, states.items(), strict=True):
        draw_amplitudes(ax, state, marked, title=f"after {calls} calls").set_ylim(-0.05, 1.05)
    chance = {f"{k} calls": probabilities(state)[marked].sum() for k, state in states.items()}
    return Captioned(axes[0], f"Chance of the best mask after {in_words(chance)}.")


@own_style()
def figure_rotations(n_neurons: int, n_marked: int, calls: Sequence[int]) -> Captioned:
    """The state in its plane after each of some numbers of calls."""
    axes = new_axes(len(calls), width=3.4, height=3.7)
    for ax, k in zip(axes, calls, strict=True):
        draw_rotation(ax, n_neurons, n_marked, k)
    after = ", ".join(map(str, calls))
    return Captioned(
        axes[0], f"The state after {after} oracle calls: it passes the top and comes down again."
    )


@own_style()
def figure_frequencies(
    hits: Sequence[float], shots: int, *, n_neurons: int, n_marked: int
) -> Captioned:
    """How often a marked mask was measured after 0, 1, 2, ... calls, about the formula's line."""
    calls, found = np.arange(len(hits)), np.asarray(hits)
    expected = np.array([success_probability(n_neurons, n_marked, int(k)) for k in calls])
    error = standard_error_of_share(expected, shots)
    ax = draw_success_curve(new_axes(width=7)[0], n_neurons, n_marked, len(hits) - 1)
    ax.errorbar(calls, found, error, fmt="s", color=VERMILLION, capsize=3)
    within = np.mean(np.abs(found - expected) <= 2 * error + 1e-9)
    return Captioned(
        ax,
        f"{within:.0%} of the measured frequencies (squares) are within two standard errors of "
        f"the formula (line); best at {found.argmax()} calls.",
    )


def standard_error_of_share(share: FloatArray, shots: int) -> FloatArray:
    """Of a frequency in so many shots: sqrt(p (1 - p) / shots), of the shape of `share`."""
    return np.asarray(np.sqrt(share * (1 - share) / shots))


@own_style()
def figure_growth(sizes: Sequence[int], needed: Mapping[str, npt.ArrayLike]) -> Captioned:
    """Calls over n, label -> (sizes, networks); text: how much the last two neurons add."""
    ax = draw_quality(new_axes(width=7)[0], sizes, needed)
    ax.set(yscale="log", xlabel="neurons = qubits", ylabel="calls to the best mask")
    means = {label: np.mean(np.asarray(calls), axis=1) for label, calls in needed.items()}
    times = {label: mean[-1] / mean[-2] for label, mean in means.items()}
    return Captioned(
        ax,
        f"From {sizes[-2]} to {sizes[-1]} neurons the mean number of calls is multiplied by: "
        f"{in_words(times, '.1f')}. Bars: one standard deviation.",
    )


@own_style()
def figure_wrong_plan(n_neurons: int, *, planned: int, met: int) -> Captioned:
    """A search planned for one number of marked masks, where there is another."""
    wrong, right = (optimal_iterations(n_neurons, m) for m in (planned, met))
    ax = draw_success_curve(new_axes(width=7)[0], n_neurons, met, wrong + 4, wrong)
    chance = {f"{k} calls": success_probability(n_neurons, met, k) for k in (right, wrong)}
    return Captioned(
        ax,
        f"Planned for {planned} marked mask of {2**n_neurons}, met {met}. Chance after "
        f"{in_words(chance)}.",
    )
