"""The figures of notebook 06."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from labkit.arrays import BoolArray, FloatArray
from labkit.course.lessons.lesson_06_computed_oracle import OracleSize
from labkit.course.plots import (
    Captioned,
    draw_amplitudes,
    draw_points_and_lines,
    draw_quality,
    draw_registers,
    draw_success_curve,
    in_words,
    new_axes,
)
from labkit.palette import VERMILLION
from labkit.platforms import circuit_simulator

if TYPE_CHECKING:
    from labkit.circuits.reports import CircuitReport


def figure_two_oracles(states: Sequence[npt.NDArray[np.complex64]], marked: BoolArray) -> Captioned:
    """Shows the amplitudes (2^n,) after one call of each of two oracles."""
    axes = new_axes(2, width=4.4, height=2.8)
    for ax, state, name in zip(axes, states, "AB", strict=True):
        draw_amplitudes(ax, state, marked, title=f"after one call of oracle {name}")
    said = f"{marked.sum()} of {len(marked)} masks"
    return Captioned(axes, f"Oracles A and B flip the signs of the same {said}.")


def figure_registers(size: OracleSize, report: CircuitReport) -> Captioned:
    """Draws the qubits of an oracle by their register."""
    ax = draw_registers(new_axes(width=4.4, height=2.4)[0], size.registers)
    return Captioned(ax, f"One call: {report}.")


def figure_search(
    n_neurons: int, n_qubits: int, n_marked: int, chance: Sequence[float], formula: Sequence[float]
) -> Captioned:
    """Shows the chance of a marked mask after 0, 1, ... calls, by a circuit and by the formula."""
    ax = draw_success_curve(new_axes(width=7)[0], n_neurons, n_marked, len(chance) - 1)
    ax.plot(range(len(chance)), chance, "s", color=VERMILLION, ms=8, mfc="none", mew=2)
    error, where = np.abs(np.subtract(chance, formula)).max(), circuit_simulator()
    return Captioned(
        ax,
        f"Squares: {n_qubits} qubits on {where}; line: the formula for M = {n_marked}. "
        f"Largest difference {error:.0e}; best at {np.argmax(chance)} calls.",
    )


def figure_cleaned_up(cleaned: Sequence[float], left: Sequence[float]) -> Captioned:
    """Draws the chance of a marked mask after 0, 1, ... calls, work qubit cleaned up or not."""
    series = {"computed and cleaned up": cleaned, "work qubit left as it is": left}
    points = {name: (range(len(chance)), chance) for name, chance in series.items()}
    ax = draw_points_and_lines(new_axes(width=7)[0], points)
    ax.set(xlabel="oracle calls", ylabel="chance of a marked mask", ylim=(-0.05, 1.3))
    return Captioned(
        ax,
        f"After 6 calls: cleaned up {cleaned[6]:.3f}, left {left[6]:.3f}; left, at best "
        f"{max(left):.3f}.",
    )


def figure_sizes(
    samples: Sequence[int], sizes: Mapping[int, Sequence[Sequence[OracleSize]]]
) -> Captioned:
    """Shows width and gates of oracles, neurons -> (samples, networks)."""
    axes, last = new_axes(2, width=4.4, height=3.2), max(sizes)
    parts = ("qubits", "two-qubit gates")
    for ax, what in zip(axes, parts, strict=True):
        grown = {f"{n} neurons": size_of(rows, what) for n, rows in sizes.items()}
        draw_quality(ax, samples, grown)
        ax.set(xlabel="training samples", ylabel=what, ylim=(0, None))
    width, gate = (size_of(sizes[last], what).mean(axis=1) for what in parts)
    return Captioned(
        axes,
        f"{last} neurons, from {samples[0]} samples to {samples[-1]}: qubits "
        f"{width[0]:.1f} to {width[-1]:.1f}, two-qubit gates {gate[0]:.0f} to {gate[-1]:.0f}. "
        "Bars: standard deviation over 5 networks.",
    )


def size_of(oracles: Sequence[Sequence[OracleSize]], what: str) -> FloatArray:
    """The 'qubits', the 'two-qubit gates' or the qubits of a register, of oracles: same shape."""

    def read(one: OracleSize) -> float:
        sizes = {"qubits": one.n_qubits, "two-qubit gates": one.two_qubit_gates, **one.registers}
        return sizes[what]

    return np.array([[read(one) for one in row] for row in oracles], dtype=np.float64)


def figure_precision(
    units: Sequence[float], agree: npt.ArrayLike, built: Mapping[int, Sequence[OracleSize]]
) -> Captioned:
    """Shows the share of masks judged alike over the units, (units, networks).

    `built`: units -> oracles, the gates of which are told.
    """
    shares = np.asarray(agree)
    ax = draw_quality(new_axes(width=7)[0], units, {"6 neurons, 4 samples": shares})
    ax.set(xlabel="integer units in a contribution of 1", ylabel="share of masks that agree")
    agreed = {f"{u} units": shares[[*units].index(u)].mean() for u in built}
    gates = {f"{u} units": size_of([row], "two-qubit gates").mean() for u, row in built.items()}
    return Captioned(
        ax,
        f"Agreement: {in_words(agreed, '.2f')}. Gates in a call: {in_words(gates, '.0f')}. "
        f"Bars: standard deviation over {shares.shape[1]} networks.",
    )


def figure_errors(
    errors: FloatArray,
    hits: Sequence[float],
    exact: FloatArray,
    *,
    flawless: float,
    n_gates: int,
    chance: float,
) -> Captioned:
    """Draws how often a search succeeds with errors: in 100 runs each, and exactly.

    Without errors its success is `flawless`, which it keeps where no gate of `n_gates` errs;
    `chance` is that of a random mask.
    """
    grid, spread = np.geomspace(errors[0], errors[-1], 60), 2 * np.sqrt(exact * (1 - exact) / 100)
    ax = draw_points_and_lines(
        new_axes(width=7)[0],
        {f"on {circuit_simulator(errs=True)}": (errors, hits), "exact": (errors, exact)},
        {
            "floor: no error at all": (grid, flawless * (1 - grid) ** n_gates),
            "a random mask": (grid, np.full(60, chance)),
        },
    )
    ax.errorbar(errors, hits, spread, ls="", capsize=3)
    ax.set(xscale="log", xlabel="errors per two-qubit gate", ylabel="chance of a marked mask")
    said = in_words(
        {f"{error:g}": share for error, share in zip(errors, exact, strict=True)}, ".2f"
    )
    return Captioned(
        ax, f"By errors: {said}; a random mask {chance:.2f}. Bars: two standard errors of 100 runs."
    )


def figure_steps(
    n_neurons: Sequence[int], brute: Sequence[int], grover: Sequence[FloatArray]
) -> Captioned:
    """Shows the steps over n of brute force, and of Grover's search, (sizes, networks)."""
    steps = {
        "brute force: additions": np.array(brute)[:, np.newaxis],
        "Grover: two-qubit gates": np.array(grover),
    }
    ax = draw_quality(new_axes(width=7)[0], n_neurons, steps)
    ax.set(yscale="log", xlabel="neurons", ylabel="steps, 4 samples")
    share = {
        f"{n} neurons": (g / b).mean() for n, g, b in zip(n_neurons, grover, brute, strict=True)
    }
    return Captioned(
        ax, f"Grover's steps for one of brute force: {in_words(share, '.2f')}. Bars: 3 networks."
    )
