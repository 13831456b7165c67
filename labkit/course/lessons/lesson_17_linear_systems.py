"""Notebook 17: a linear system, solved by HHL, guides a search for binary weights."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import combinations
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from labkit.amplification import optimal_iterations
from labkit.ansatz import ramp_angles
from labkit.arrays import FloatArray
from labkit.costs import CostTable, PauliZCost, equal_within
from labkit.course.checking import compare_function, exercise, number_exercise
from labkit.datasets import load_task
from labkit.ledger import Ledger, Outcome
from labkit.limits import check_integer
from labkit.neighbours.linear_systems import (
    clock_state,
    hhl_filter,
    normal_equations,
    sign_readout,
    signs_from_counts,
)
from labkit.scoring import sign_cost
from labkit.selectors import CostMeter, guided_search, one_flip_search, run
from labkit.selectors.blocks import restriction
from labkit.simulators import entropy, evolve_qaoa

#: The 45 pairs of digits; a seed is the number of one.
PAIRS = tuple(combinations(range(10), 2))
N_PIXELS = 16
RIDGE = 0.01
#: Of the systems whose solution guides.
RIDGES = (0.01, 0.1, 1.0, 10.0)
#: Pixels whose sign a guide fixes.
FIXED = (2, 4, 6, 8, 10, 12, 14, 16)
#: Runs that are kept, and clock qubits, where signs are counted.
KEPT, CLOCK = 3000, 6
#: Layers of QAOA by whose entropy a search is told what it holds.
LAYERS = 3


@dataclass(frozen=True, eq=False)
class WeightProblem:
    """Binary weights for two digits.

    Attributes:
        features: pixels, +1 where above the median and else -1, (samples, n).
        y: the labels, -1 and +1, (samples,).
        ridge: that is added to the diagonal of G.
    """

    features: FloatArray
    y: FloatArray
    ridge: float

    @cached_property
    def equations(self) -> tuple[FloatArray, FloatArray]:
        """G + ridge I and b of the relaxed problem, whose weights are any numbers."""
        return normal_equations(self.features, self.y, ridge=self.ridge)

    @cached_property
    def weights(self) -> FloatArray:
        """The solution w of the relaxed problem, (n,), by elimination."""
        solved: FloatArray = np.linalg.solve(*self.equations)
        return solved

    @cached_property
    def cost(self) -> PauliZCost:
        """Of each choice of signs, at the scale mean |w_j|."""
        return sign_cost(self.features, self.y, scale=float(np.abs(self.weights).mean()))

    @cached_property
    def table(self) -> CostTable:
        """The costs of all 2^n choices."""
        return self.cost.to_table()

    @property
    def fidelity(self) -> FloatArray:
        """Of what HHL leaves with w, by clock qubits 4, 5, 6 and 7: (4,)."""
        return np.array([self.fidelity_at(c) for c in (4, 5, 6, 7)])

    def fidelity_at(self, clock_qubits: int) -> float:
        """|<x|w>|^2 of what HHL leaves, at so many clock qubits."""
        left = hhl_filter(*self.equations, clock_qubits=clock_qubits)
        overlap = left.vector @ self.weights / np.linalg.norm(self.weights)
        return float(overlap**2 / left.success)


@lru_cache(maxsize=128)
def build_weights(pair: int, n_pixels: int = N_PIXELS, *, ridge: float = RIDGE) -> WeightProblem:
    """Two digits in 4 x 4 pixels: means of 2 x 2 of 'digits', above their median or not.

    Args:
        pair: its number in `PAIRS`; the second digit's label is +1.
        n_pixels: how many pixels are kept, drawn by the number of the pair.
        ridge: see `normal_equations`.
    """
    low, high = PAIRS[check_integer("pair", pair, minimum=0, maximum=len(PAIRS) - 1)]
    n = check_integer("n_pixels", n_pixels, minimum=1, maximum=N_PIXELS)
    task = load_task("digits")
    rows = np.isin(task.y_train, (low, high))
    pixels = task.x_train[rows].reshape(-1, 4, 2, 4, 2).mean(axis=(2, 4)).reshape(-1, N_PIXELS)
    kept = np.sort(np.random.default_rng(pair).permutation(N_PIXELS)[:n])
    features = np.where(pixels > np.median(pixels, axis=0), 1.0, -1.0)[:, kept]
    return WeightProblem(features, np.where(task.y_train[rows] == high, 1.0, -1.0), ridge)


def find_guide(problem: WeightProblem, kind: str, rng: np.random.Generator) -> FloatArray:
    """'w' by elimination, 'counts' of HHL with a reference, 'b', or 'random'; (n,)."""
    g, b = problem.equations
    if kind == "counts":
        read = sign_readout(g, b, clock_qubits=CLOCK)
        chances = read.probabilities / read.probabilities.sum()
        return signs_from_counts(rng.multinomial(KEPT, chances))
    return {"w": problem.weights, "b": b, "random": rng.normal(size=len(b))}[kind]


def runs_for(kept: int, success: float) -> int:
    """Runs of a circuit, of which a share `success` is kept, until so many are."""
    return math.ceil(kept / success)


def measure_guides(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """How far a guide shrinks the search for the best signs of a pair of digits.

    Args:
        parameters: 'guide', of `find_guide`, and the 'ridge' of the system that gives w; the cost
            has the scale of the ridge `RIDGE` in any case.
        seed: the number of the pair and, independently of it, of counts and searches.

    Returns:
        `regret_2`, `regret_4`, ...: what the best mask with so many signs fixed costs above the
        best of all; `flips`: queries of `flip_from_guide` until the best of all. The ledger holds
        what the guide took: the runs of HHL until `KEPT` are kept, and all queries.
    """
    problem, rng = build_weights(seed), np.random.default_rng([seed, 17])
    solved = build_weights(seed, ridge=parameters.get("ridge", RIDGE))
    guide, cost = find_guide(solved, parameters["guide"], rng), problem.cost
    least = problem.table.minimum
    found = [run(guided_search, cost, rng=rng, guide=guide, n_fixed=f) for f in FIXED]
    flips = run(flip_from_guide, cost, rng=rng, guide=guide, target_cost=least)
    spent = sum((each.ledger for each in found), flips.ledger)
    if parameters["guide"] == "counts":
        success = sign_readout(*solved.equations, clock_qubits=CLOCK).success
        spent += Ledger(circuit_runs=1, shots=runs_for(KEPT, success))
    regrets = (above(each.cost, problem) for each in found)
    result = {f"regret_{f}": regret for f, regret in zip(FIXED, regrets, strict=True)}
    return Outcome(result | {"flips": flips.ledger.cost_queries}, spent)


def above(cost: float, problem: WeightProblem) -> float:
    """By how much a cost is above the least of all; 0 where that is rounding."""
    regret = cost - problem.table.minimum
    return regret if regret > equal_within(problem.cost, cost) else 0.0


def flip_from_guide(meter: CostMeter, *, rng: np.random.Generator, guide: npt.ArrayLike) -> None:
    """One flip at a time from the guide's signs, then from random masks, until the target is met.

    Args:
        meter: the cost, with a target.
        rng: source of orders and of further starts.
        guide: (n,).
    """
    walk = meter.walk(np.asarray(guide) < 0)
    while walk.descend(rng.permutation(meter.n_neurons)).kept.any():
        pass
    while True:
        one_flip_search(meter, rng=rng)


def measure_bits(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """The entropy that a machine has to hold: a search of the signs that are left, or HHL itself.

    Args:
        parameters: 'n_fixed' signs by 'guide', and QAOA of `LAYERS` layers on the ramp for the
            others; or 'clock_qubits' of HHL.
        seed: the number of the pair and, independently of it, of a random guide.

    Returns:
        `bits` across the middle of the signs that are left, or between clock and data.
    """
    problem, rng = build_weights(seed), np.random.default_rng([seed, 17])
    if "clock_qubits" in parameters:
        c = parameters["clock_qubits"]
        held = clock_state(*problem.equations, clock_qubits=c)
        return Outcome({"bits": entropy(held.ravel(), range(c))})
    rest = leave_free(problem, find_guide(problem, parameters["guide"], rng), parameters["n_fixed"])
    n = rest.n_neurons
    state = evolve_qaoa(rest.centred, *ramp_angles(LAYERS, n, std=rest.std))
    return Outcome({"bits": entropy(state, range(n // 2))})


def leave_free(problem: WeightProblem, guide: FloatArray, n_fixed: int) -> PauliZCost:
    """The cost of the signs that `guided_search` is left with."""
    free = np.sort(np.argsort(-np.abs(guide), kind="stable")[n_fixed:])
    return cast("PauliZCost", restriction(problem.cost)(guide < 0, free))


def measure_gates(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """Two-qubit gates of the HHL circuit, and how well it solves.

    Args:
        parameters: 'evolution', 'n_pixels', 'clock_qubits', and Trotter 'steps'.
        seed: the number of the pair.

    Returns:
        `two_qubit_gates`, `n_qubits`, and `fidelity` with the solution by elimination.
    """
    from labkit.circuits import circuit_report
    from labkit.circuits.linear_systems import hhl_circuit
    from labkit.simulators import final_state

    problem = build_weights(seed, parameters["n_pixels"])
    options = {name: value for name, value in parameters.items() if name != "n_pixels"}
    built = hhl_circuit(*problem.equations, **options)
    report = circuit_report(built.circuit)
    flagged = final_state(built.circuit, qubits=built.qubits).reshape(2 ** len(built.clock), -1, 2)
    left = flagged[0, :, 1]
    w = problem.weights
    fidelity = abs(left @ w) ** 2 / (np.vdot(left, left).real * (w @ w))
    result = {"two_qubit_gates": report.two_qubit_gates, "n_qubits": report.n_qubits}
    return Outcome(result | {"fidelity": float(fidelity)}, Ledger(circuit_runs=1))


# two equations, two clock qubits: eigenvalues 1 and 2 are clock values 1 and 2
_A, _B = ((1.5, 0.5), (0.5, 1.5)), (1.0, 0.0)
_SMALL = hhl_filter(_A, _B, clock_qubits=2, time=math.pi / 2, constant=1.0)
number_exercise(
    "17-1",
    _SMALL.success,
    "b is one half of each eigenvector, by squares; the flag keeps (C / eigenvalue)^2 of each.",
    tolerance=1e-3,
    slips={
        0.75: "The flag's amplitude is C / eigenvalue; its chance is the square of that.",
        0.5: "Eigenvalue 1 is kept wholly, but eigenvalue 2 is not lost wholly.",
        1.0: "Only the part of eigenvalue 1 is kept for sure.",
        0.25: "That is the chance for eigenvalue 2 alone; b has both.",
    },
)
number_exercise(
    "17-2",
    float(_SMALL.vector[0] ** 2 / _SMALL.success),
    "The solution is in proportion to 3 and -1; a shot reads squares.",
    tolerance=1e-3,
    slips={
        0.75: "That is the amplitude, before the kept runs are taken for all: square it, divide.",
        0.5625: "That is among all runs; among those kept it is more.",
        0.1: "That is the other unknown's.",
    },
)
number_exercise(
    "17-3",
    optimal_iterations(10, 1),
    "Ten signs are left: one mask of so many is marked, and the calls go with the square root.",
    slips={
        2**10: "That is how many masks are left, and what enumeration asks for.",
        optimal_iterations(16, 1): "That is with no sign fixed.",
        optimal_iterations(6, 1): "That is for the six that are fixed; the others are searched.",
        32: "That is the square root; Grover's calls are pi/4 of it, less one half.",
    },
)


@exercise("17-4")
def eigenvalue_of_a_clock_value(answer: Any) -> str | None:
    """A function (k, clock_qubits, time) -> the eigenvalue that k stands for, of either sign."""

    def truth(k: int, clock_qubits: int, time: float) -> float:
        n_values = 2**clock_qubits
        return 2 * math.pi * (k - n_values * (2 * k >= n_values)) / (n_values * time)

    cases = ((1, 3, 1.0), (3, 3, 2.0), (4, 3, 2.0), (7, 3, 1.0), (0, 2, 1.0), (20, 5, 0.5))
    return compare_function(answer, truth, cases, "For k = {}, {} clock qubits, t = {} it")


@exercise("17-5")
def coupling_of_two_weights(answer: Any) -> str | None:
    """A function (features, scale, i, j) -> the coefficient of z_i z_j in the cost of signs."""
    rng = np.random.default_rng(17)
    for m, n, i, j in ((6, 3, 0, 1), (10, 4, 1, 3)):
        x, scale = rng.choice([-1.0, 1.0], size=(m, n)), float(rng.uniform(0.2, 0.8))
        expected = sign_cost(x, rng.choice([-1, 1], size=m), scale=scale).terms[i, j]
        what = f"For {m} random samples of {n} pixels, scale {scale:.3f}, pair {i}, {j}, it"
        if fault := compare_function(
            answer, lambda *_, known=expected: known, [(x, scale, i, j)], what
        ):
            return fault
    return None
