"""Solve for two digits' weights by HHL, read signs off shots, and let them guide a search."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from labkit.amplification import optimal_iterations
from labkit.arrays import FloatArray, IntArray
from labkit.course.explorers.base import Explorer, selection_slider, slider
from labkit.course.explorers.picture import SharedMask
from labkit.course.lessons.lesson_17_linear_systems import (
    N_PIXELS,
    PAIRS,
    RIDGES,
    WeightProblem,
    above,
    build_weights,
)
from labkit.course.plots.linear_systems import draw_regrets_of_guides, draw_weights
from labkit.course.wording import say
from labkit.limits import check_integer, show_value
from labkit.masks import mask_from_index
from labkit.neighbours.linear_systems import SignReadout, sign_readout

RUNS = tuple(10**power for power in range(3, 9))
CLOCKS = (3, 8)


@lru_cache(maxsize=256)
def read_signs(problem: WeightProblem, clock_qubits: int) -> SignReadout:
    """What the circuit with a reference reads, in formulas."""
    return sign_readout(*problem.equations, clock_qubits=clock_qubits)


def regrets_of(problem: WeightProblem, guide: FloatArray) -> FloatArray:
    """What the best mask costs above the best of all, with 0, 1, ..., n signs fixed: (n + 1,)."""
    n, order = len(guide), np.argsort(-np.abs(guide), kind="stable")
    left, found = problem.table.costs.reshape((2,) * n).transpose(order), []
    for j in (*order.tolist(), -1):
        found.append(above(float(left.min()), problem))
        left = left[int(guide[j] < 0)] if j >= 0 else left
    return np.array(found)


@lru_cache(maxsize=256)
def known_regrets(problem: WeightProblem, solved: WeightProblem) -> tuple[FloatArray, FloatArray]:
    """Of the guides w, by elimination, and b."""
    return regrets_of(problem, solved.weights), regrets_of(problem, solved.equations[1])


@dataclass(frozen=True, eq=False)
class LinearSystemView:
    """Signs of a pair of digits' weights, read off so many runs, as a guide.

    Attributes:
        problem: the digits, whose cost is minimised.
        solved: the same with the ridge that is chosen, whose system is solved.
        clock_qubits: of the circuit.
        runs: of the circuit; few are kept.
        n_fixed: signs that the guide fixes.
    """

    problem: WeightProblem
    solved: WeightProblem
    clock_qubits: int
    runs: int
    n_fixed: int

    @property
    def read(self) -> SignReadout:
        """The chances of a run that is kept."""
        return read_signs(self.solved, self.clock_qubits)

    @cached_property
    def counts(self) -> IntArray:
        """Of the runs that are kept, (2n,)."""
        rng = np.random.default_rng([self.runs, self.clock_qubits])
        kept = rng.binomial(self.runs, self.read.success)
        chances = self.read.probabilities
        return rng.multinomial(kept, chances / chances.sum())

    @property
    def kept(self) -> int:
        """Runs of flag 1 and clock 0."""
        return int(self.counts.sum())

    @cached_property
    def difference(self) -> FloatArray:
        """The share of reference 0 less that of reference 1, (n,): in proportion to w."""
        of_zero, of_one = np.split(self.counts, 2)
        difference: FloatArray = (of_zero - of_one) / max(self.kept, 1)
        return difference

    @property
    def n_right(self) -> int:
        """Signs that are those of w."""
        return int((np.sign(self.difference) == np.sign(self.solved.weights)).sum())

    @cached_property
    def regrets(self) -> dict[str, FloatArray]:
        """Guide -> regret with 0, 1, ..., n signs fixed."""
        of_w, of_b = known_regrets(self.problem, self.solved)
        return {"counts": regrets_of(self.problem, self.difference), "w": of_w, "b": of_b}

    @property
    def regret(self) -> float:
        """Of the search that the counts guide."""
        return float(self.regrets["counts"][self.n_fixed])

    @property
    def fixed(self) -> list[int]:
        """The pixels whose sign is fixed."""
        return np.argsort(-np.abs(self.difference), kind="stable")[: self.n_fixed].tolist()

    @property
    def best(self) -> IntArray:
        """The signs of a best mask, (n,)."""
        table = self.problem.table
        return 1 - 2 * mask_from_index(int(table.costs.argmin()), table.n_neurons).astype(np.int64)

    @property
    def text(self) -> str:
        """The same in one line."""
        n, left = len(self.difference), len(self.difference) - self.n_fixed
        others = ", ".join(f"{name} {self.regrets[name][self.n_fixed]:.4f}" for name in ("w", "b"))
        calls = optimal_iterations(left, 1) if left else 0
        return say(
            "linear_system.text",
            clock_qubits=self.clock_qubits,
            fidelity_at=self.solved.fidelity_at(self.clock_qubits),
            success=self.read.success,
            kept=self.kept,
            runs=self.runs,
            n_right=self.n_right,
            n=n,
            n_fixed=self.n_fixed,
            left=2**left,
            calls=calls,
            regret=self.regret,
            others=others,
        )


class LinearSystemExplorer(Explorer):
    """Binary weights for two digits: HHL's answer as shots tell it, and the search that it guides.

    Circles in the right picture are the guide that was counted, triangles w by elimination, squares
    b. A click there, or the arrow keys, choose how many signs are fixed.

    Args:
        digits: the two, the lower one first.
        n_neurons: pixels, one mask bit each, 4 to 16.
        clock_qubits: 3 to 8.
        ridge: one of `RIDGES`.
        runs: of the circuit, one of `RUNS`.
        n_fixed: signs that the guide fixes, 0 to n.
        shared: the mask that is lit here and in other explorers.
    """

    _kept = ("kept", "n_right", "regret")

    def __init__(
        self,
        digits: tuple[int, int] = (6, 8),
        n_neurons: int = 12,
        clock_qubits: int = 6,
        ridge: float = 0.01,
        runs: int = 1_000_000,
        n_fixed: int = 6,
        *,
        shared: SharedMask | None = None,
    ) -> None:
        if tuple(digits) not in PAIRS:
            given = show_value(digits)
            raise ValueError(f"digits={given} is no pair of digits, the lower first (limit: 0..9)")
        n = check_integer("n_neurons", n_neurons, minimum=4, maximum=N_PIXELS)
        ridges = [(f"{each:g}", each) for each in RIDGES]
        all_runs = [(f"{each:,}", each) for each in RUNS]
        choices = {
            "digits": tuple(digits),
            "n_neurons": n,
            "clock_qubits": slider(
                "clock_qubits", clock_qubits, *CLOCKS, say("linear_system.clock_qubits")
            ),
            "ridge": selection_slider("ridge", ridge, ridges, say("linear_system.ridge")),
            "runs": selection_slider("runs", runs, all_runs, say("linear_system.runs")),
            "n_fixed": slider("n_fixed", n_fixed, 0, n, say("linear_system.locality_signs_fixed")),
        }
        super().__init__(choices, widths=(5.2, 4.4), height=3.6, shared=shared)

    @property
    def view(self) -> LinearSystemView:
        """What is shown."""
        chosen = self.chosen
        pair = PAIRS.index(chosen["digits"])
        n, settings = chosen["n_neurons"], (int(chosen["runs"]), chosen["n_fixed"])
        solved = build_weights(pair, n, ridge=chosen["ridge"])
        return LinearSystemView(build_weights(pair, n), solved, chosen["clock_qubits"], *settings)

    def _point(self, number: int, x: float, y: float) -> None:
        if number == 1:
            self._fix(round(x))

    def _arrow(self, right: int, up: int) -> None:
        self._fix(self.chosen["n_fixed"] + right)

    def _fix(self, n_fixed: int) -> None:
        self.controls["n_fixed"].value = min(max(n_fixed, 0), self.chosen["n_neurons"])

    def _draw(self) -> str:
        view, (left, right) = self.view, self._axes
        weights = {"w": view.solved.weights, "counts": view.difference}
        draw_weights(left, weights, view.best, fixed=view.fixed)
        left.set_title(say("linear_system.plain_w_hatched_counted"), fontsize=10)
        problem = view.problem
        most = 0.15 * (problem.table.mean - problem.table.minimum)
        draw_regrets_of_guides(right, view.regrets, n_fixed=view.n_fixed, most=most)
        right.set_title(say("linear_system.counted_w_b"), fontsize=10)
        return view.text
