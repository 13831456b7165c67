"""Turn the state towards the marked masks, call by call, and see when to stop."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from labkit.amplification import expected_calls, optimal_iterations
from labkit.costs import CostTable
from labkit.course.explorers.base import (
    QUBITS,
    ProblemExplorer,
    seed_slider,
    selection_slider,
    slider,
)
from labkit.course.explorers.picture import SharedMask
from labkit.course.html import bars_in_html, beside_in_html
from labkit.course.plots import draw_amplitudes, draw_rotation, draw_success_curve
from labkit.course.plots.masks import amplitude_limits
from labkit.course.wording import say
from labkit.datasets import Task, check_task
from labkit.masks import BoolArray, mask_to_index, mask_to_string
from labkit.problems import build_problem
from labkit.simulators import evolve_grover

MIN_NEURONS, MAX_NEURONS, MAX_ITERATIONS = 3, 10, 60


@dataclass(frozen=True, eq=False)
class GroverView:
    """Grover's search after so many iterations for masks that cost at most the threshold."""

    table: CostTable
    threshold: float
    iterations: int
    lit: BoolArray | None = None

    @cached_property
    def marked(self) -> BoolArray:
        """Bool (2^n,), by mask index."""
        return self.table.marked(self.threshold)

    @cached_property
    def state(self) -> npt.NDArray[np.complex64]:
        """Amplitudes (2^n,)."""
        return evolve_grover(self.marked, self.iterations)

    @property
    def n_marked(self) -> int:
        """M, number of marked masks."""
        return int(self.marked.sum())

    @property
    def success(self) -> float:
        """Chance to measure a marked mask, from the state's amplitudes."""
        return float(np.sum(np.abs(self.state[self.marked]).astype(np.float64) ** 2))

    @property
    def best_iterations(self) -> int:
        """The first k at which success peaks."""
        return optimal_iterations(self.table.n_neurons, self.n_marked)

    @property
    def expected_calls(self) -> dict[str, float]:
        """Calls until a marked mask is verified, in expectation, each way.

        Grover: see `amplification.expected_calls`. Random search without replacement:
        (2^n + 1)/(M + 1) cost queries.
        """
        n, m, best = self.table.n_neurons, self.n_marked, self.best_iterations
        return {
            say("grover.grover_k", iterations=self.iterations): expected_calls(
                n, m, self.iterations
            ),
            say("grover.grover_k_first_peak", best=best): expected_calls(n, m),
            say("grover.random_search"): (2**n + 1) / (m + 1),
        }

    @property
    def text(self) -> str:
        """The same in one line."""
        words = say(
            "grover.text",
            n_marked=self.n_marked,
            n_marked_2=len(self.marked),
            iterations=self.iterations,
            success=self.success,
            best_iterations=self.best_iterations,
        )
        if self.lit is None:
            return words
        amplitude = self.state[mask_to_index(self.lit)].real
        return say(
            "grover.ring_mask_amplitude",
            words=words,
            lit=mask_to_string(self.lit),
            amplitude=amplitude,
        )


def threshold_options(table: CostTable) -> list[tuple[str, float]]:
    """Thresholds that mark about 1, 2, 3, 4, 6, 8, 12, ... masks, up to half of them, labelled."""
    counts = [c for power in range(table.n_neurons) for c in (2**power, 3 * 2**power // 2)]
    ranked = np.sort(table.costs)
    thresholds = np.unique(ranked[np.array([c for c in counts if c <= len(ranked) // 2]) - 1])
    return [(say("grover.marked", t=t, sum=table.marked(t).sum()), float(t)) for t in thresholds]


class GroverExplorer(ProblemExplorer):
    """Grover's search over the subnetworks of a random network: amplitudes, rotation, success.

    A click on an amplitude lights its mask, and so do the arrow keys left and right.

    Args:
        task: one of `datasets.TASK_NAMES`, or of your own.
        seed: of the network's weights, 0 to 19.
        n_neurons: neurons, one qubit each, 3 to 10.
        iterations: oracle calls to begin with, 0 to 60.
        threshold: up to which cost masks are marked, one of those on the slider; by default the
            least cost.
        shared: the mask that is lit here and in other explorers.
    """

    _kept = ("n_marked", "success", "best_iterations", "expected_calls")

    def __init__(
        self,
        task: str | Task = "moons",
        seed: int = 7,
        n_neurons: int = 6,
        iterations: int = 0,
        threshold: float | None = None,
        *,
        shared: SharedMask | None = None,
    ) -> None:
        choices = {
            "task": check_task("task", task),
            "n_neurons": slider("n_neurons", n_neurons, MIN_NEURONS, MAX_NEURONS, QUBITS),
            "seed": seed_slider(seed),
            "threshold": selection_slider(
                "threshold",
                threshold,
                threshold_options(build_problem(task, n_neurons, seed=seed).table),
                say("grover.threshold_cost"),
            ),
            "iterations": slider(
                "iterations", iterations, 0, MAX_ITERATIONS, say("shared.oracle_calls")
            ),
        }
        super().__init__(choices, widths=(4.6, 3.1, 4.0), height=3.6, shared=shared)

    @property
    def view(self) -> GroverView:
        """What is shown."""
        chosen = self.chosen
        table, lit = self.problem.table, self.lit
        return GroverView(table, chosen["threshold"], chosen["iterations"], lit)

    def _adjust(self, moved: str) -> None:
        """Another network has other costs: the threshold keeps its place among the options."""
        if moved in ("n_neurons", "seed"):
            control = self.controls["threshold"]
            place, options = control.index, threshold_options(self.problem.table)
            control.options = options
            control.index = min(place, len(options) - 1)

    def _point(self, number: int, x: float, y: float) -> None:
        if number == 0:
            self._light(round(x))

    def _draw(self) -> str:
        view, (left, middle, right) = self.view, self._axes
        n, marks, k = view.table.n_neurons, view.n_marked, view.iterations
        title = say("grover.after_oracle_calls_hatched", k=k)
        draw_amplitudes(left, view.state, view.marked, lit=self._lit_index, title=title)
        left.set_ylim(*amplitude_limits(2**n, marks))  # still, so that the motion is seen
        draw_rotation(middle, n, marks, k)
        draw_success_curve(right, n, marks, MAX_ITERATIONS, k)
        bars = bars_in_html(view.expected_calls, say("grover.expected_calls_to_a"))
        return beside_in_html(view.text, bars)
