"""From the cost to the oracle: what it marks, what the search makes of it, what it asks for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import ipywidgets as widgets
import numpy as np
import numpy.typing as npt

from labkit.amplification import optimal_iterations
from labkit.arrays import BoolArray, FloatArray, IntArray
from labkit.course.explorers.base import MAX_SEED, Explorer, selection_slider, slider
from labkit.course.explorers.controls import name_of, named
from labkit.course.explorers.picture import SharedMask
from labkit.course.html import beside_in_html, table_in_html
from labkit.course.lessons.lesson_06_computed_oracle import (
    OracleSize,
    computed_size,
    quantised_weights,
    table_size,
)
from labkit.course.plots import draw_amplitudes, draw_registers
from labkit.course.plots.masks import amplitude_limits
from labkit.course.wording import say
from labkit.datasets import Task, check_task
from labkit.limits import check_choice, check_integer
from labkit.masks import all_masks, mask_to_index, mask_to_string
from labkit.scoring.quantised import count_right
from labkit.simulators import evolve_grover

MIN_NEURONS, MAX_NEURONS = 3, 8
MIN_SAMPLES, MAX_SAMPLES = 2, 8
ORACLES = ("table", "computed")


@dataclass(frozen=True, eq=False)
class OracleView:
    """What both oracles mark: masks that are right about `threshold` samples or more.

    Attributes:
        weights: int (samples, n), of a quantised network.
        oracle: 'table' or 'computed', which of them is chosen.
    """

    weights: IntArray
    threshold: int
    oracle: str
    lit: BoolArray | None = None

    @cached_property
    def right(self) -> IntArray:
        """Samples that each mask is right about, int64 (2^n,)."""
        return count_right(self.weights)

    @cached_property
    def marked(self) -> BoolArray:
        """Bool (2^n,): what either oracle flips the sign of."""
        return self.right >= self.threshold

    @cached_property
    def sizes(self) -> dict[str, OracleSize]:
        """'table' or 'computed' -> what that oracle asks for."""
        listed = table_size(all_masks(self.weights.shape[1])[self.marked])
        return {"table": listed, "computed": computed_size(self.weights, self.threshold)}

    @property
    def n_marked(self) -> int:
        """M."""
        return int(self.marked.sum())

    @property
    def iterations(self) -> int:
        """Oracle calls at the first peak; 0 where nothing is marked."""
        n = self.weights.shape[1]
        return optimal_iterations(n, self.n_marked) if self.n_marked else 0

    @cached_property
    def state(self) -> npt.NDArray[np.complex64]:
        """Amplitudes (2^n,) after that many."""
        return evolve_grover(self.marked, self.iterations)

    @property
    def success(self) -> float:
        """Chance of a marked mask then."""
        return float(np.sum(np.abs(self.state[self.marked]).astype(np.float64) ** 2))

    @property
    def after_oracle(self) -> FloatArray:
        """Amplitudes (2^n,) after one call of the oracle, before any reflection."""
        return np.where(self.marked, -1.0, 1.0) / np.sqrt(len(self.marked))

    @property
    def text(self) -> str:
        """The same in one line."""
        size = self.sizes[self.oracle]
        words = say(
            "oracle.text",
            oracle=name_of(self.oracle),
            n_qubits=size.n_qubits,
            two_qubit_gates=size.two_qubit_gates,
            queries_before=size.queries_before,
            n_marked=self.n_marked,
            n_right=len(self.right),
            threshold=self.threshold,
            n_weights=len(self.weights),
            iterations=self.iterations,
            success=self.success,
        )
        if self.lit is None:
            return words
        right = self.right[mask_to_index(self.lit)]
        return say(
            "oracle.ring_mask_right_about", words=words, lit=mask_to_string(self.lit), right=right
        )

    @property
    def ledger(self) -> str:
        """Both oracles beside one another, as an HTML table."""
        parts = ("oracle", "qubits", "gates", "search", "queries")
        head = [say(f"oracle.head_{part}") for part in parts]
        rows = []
        for name, size in self.sizes.items():
            gates, queries = size.two_qubit_gates, size.queries_before
            counts = (size.n_qubits, gates, self.iterations * gates, queries)
            rows.append((name_of(name), *(f"{count:,}" for count in counts)))
        return table_in_html(rows, ("", *["text-align:right"] * 4), head=head, is_named=True,
                             css="border-spacing:14px 0", bold=[*self.sizes].index(self.oracle)
                             )  # fmt: skip


class OracleExplorer(Explorer):
    """Two oracles with the same marks: one from a list, one that computes a quantised network.

    The amplitudes follow from the marks, which both oracles share; only their sizes are taken from
    the circuits. A click on an amplitude lights its mask, and so do the arrow keys left and right.

    Args:
        task: one of two classes, or of your own.
        seed: of the network's weights, 0 to 19.
        n_neurons: neurons, one mask qubit each, 3 to 8.
        n_samples: training samples that the cost is counted on, 2 to 8.
        oracle: 'table' or 'computed'.
        threshold: samples that a marked mask is right about at least; by default all of them.
        shared: the mask that is lit here and in other explorers.
    """

    _kept = ("n_marked", "iterations")

    def __init__(
        self,
        task: str | Task = "digits_3v6",
        seed: int = 7,
        n_neurons: int = 6,
        n_samples: int = 4,
        oracle: str = "computed",
        threshold: int | None = None,
        *,
        shared: SharedMask | None = None,
    ) -> None:
        choices: dict[str, Any] = {
            "task": check_task("task", task),
            "seed": check_integer("seed", seed, minimum=0, maximum=MAX_SEED),
            "n_neurons": slider(
                "n_neurons", n_neurons, MIN_NEURONS, MAX_NEURONS, say("shared.neurons")
            ),
            "n_samples": slider(
                "n_samples", n_samples, MIN_SAMPLES, MAX_SAMPLES, say("oracle.samples")
            ),
        }
        # gates are counted here, so that the first move of either slider is no slower
        sizes = [(n, n_samples) for n in range(MIN_NEURONS, MAX_NEURONS + 1)]
        sizes += [(n_neurons, s) for s in range(MIN_SAMPLES, MAX_SAMPLES + 1)]
        for n, samples in sizes:
            _ = OracleView(quantised_weights(task, n, samples, seed=seed), samples, oracle).sizes
        options = vote_options(quantised_weights(task, n_neurons, n_samples, seed=seed))
        least = n_samples if threshold is None else threshold
        choices["threshold"] = selection_slider(
            "threshold", least, options, say("oracle.threshold")
        )
        check_choice("oracle", oracle, ORACLES)
        choices["oracle"] = widgets.ToggleButtons(
            options=named(ORACLES), value=oracle, style={"button_width": "90px"}
        )
        super().__init__(choices, widths=(4.3, 4.3, 3.2), height=3.4, shared=shared)

    @property
    def weights(self) -> IntArray:
        """Integers (samples, n) of the quantised network that the controls choose."""
        chosen = self.chosen
        sizes = chosen["n_neurons"], chosen["n_samples"]
        return quantised_weights(chosen["task"], *sizes, seed=chosen["seed"])

    @property
    def view(self) -> OracleView:
        """What is shown."""
        chosen = self.chosen
        return OracleView(self.weights, chosen["threshold"], chosen["oracle"], self.lit)

    def _numbers(self) -> dict[str, Any]:
        view, names = self.view, ("n_qubits", "two_qubit_gates", "queries_before")
        size = view.sizes[view.oracle]
        return {**super()._numbers(), **{name: getattr(size, name) for name in names}}

    def _adjust(self, moved: str) -> None:
        """Other samples have other thresholds: 'all of them right' stays all of them."""
        if moved in ("n_neurons", "n_samples"):
            control = self.controls["threshold"]
            wrong = len(control.options) - control.value
            control.options = options = vote_options(self.weights)
            control.value = max(1, len(options) - wrong)

    def _point(self, number: int, x: float, y: float) -> None:
        if number < 2:
            self._light(round(x))

    def _draw(self) -> str:
        view, lit, (left, middle, right) = self.view, self._lit_index, self._axes
        size = view.sizes[view.oracle]
        start = (
            say("oracle.signs_after_one_call") if view.n_marked else say("oracle.nothing_is_marked")
        )
        title = say(
            "oracle.hatched_of_right",
            start=start,
            threshold=view.threshold,
            n_weights=len(view.weights),
        )
        draw_amplitudes(left, view.after_oracle, view.marked, lit=lit, title=title)
        left.set_ylim(*amplitude_limits(len(view.marked), 0))
        title = say("oracle.after_oracle_and_reflection", iterations=view.iterations)
        draw_amplitudes(middle, view.state, view.marked, lit=lit, title=title)
        middle.set(ylabel="", ylim=amplitude_limits(len(view.marked), view.n_marked))
        draw_registers(
            right,
            size.registers,
            title=say("oracle.two_qubit_gates", two_qubit_gates=size.two_qubit_gates),
        )
        return beside_in_html(view.text, view.ledger)


def vote_options(weights: IntArray) -> list[tuple[str, int]]:
    """Each threshold from 1 to the number of samples, labelled with how many masks it marks."""
    right, n_samples = count_right(weights), len(weights)
    thresholds = range(1, n_samples + 1)
    return [
        (say("oracle.of_right_marked", t=t, n_samples=n_samples, sum=(right >= t).sum()), t)
        for t in thresholds
    ]
