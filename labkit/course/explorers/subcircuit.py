"""Switch the gates of a random circuit on and off; see what it decides, costs and entangles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labkit.course.explorers.base import Explorer, seed_slider, slider
from labkit.course.explorers.controls import task_dropdown
from labkit.course.explorers.picture import SharedMask
from labkit.course.explorers.subnetwork import find_mask_in_bar, find_next_by_cost
from labkit.course.gated_circuits import (
    COUPLINGS,
    GATED_QUBITS,
    TASKS,
    GatedCircuit,
    bits_across,
    build_gated_circuit,
)
from labkit.course.plots.gates import draw_gate_mask, gate_places
from labkit.course.plots.masks import draw_cost_histogram
from labkit.course.plots.networks import draw_plane
from labkit.course.wording import say
from labkit.datasets import Task
from labkit.masks import BoolArray, mask_to_string
from labkit.scoring import accuracy

#: Without a coupling, and with all of them.
MIN_GATES, MAX_GATES = 2 * GATED_QUBITS, 2 * GATED_QUBITS + len(COUPLINGS)
#: Features that a picture has axes for.
_PLANE = 2


@dataclass(frozen=True, eq=False)
class SubcircuitView:
    """What the explorer says of one subcircuit.

    Attributes:
        gated: the circuit and its cost table.
        gate_mask: bool (gates,), the gates that stay.
    """

    gated: GatedCircuit
    gate_mask: BoolArray

    @property
    def cost(self) -> float:
        """On the training samples."""
        return float(self.gated.table.evaluate(self.gate_mask))

    @property
    def rank(self) -> int:
        """1 for the best mask."""
        return self.gated.table.rank(self.gate_mask)

    @property
    def couplings(self) -> int:
        """That stay."""
        return int(self.gate_mask[:-MIN_GATES].sum())

    @property
    def bits(self) -> float:
        """Across a straight cut, the mean over test samples; see `bits_across`."""
        states = self.gated.subcircuit(self.gate_mask).evolve(self.gated.task.x_test)
        return bits_across(states)

    @property
    def test_accuracy(self) -> float:
        """Share of the test samples that it has right."""
        task = self.gated.task
        return accuracy(self.gated.outputs(task.x_test, self.gate_mask), task.y_test)

    @property
    def text(self) -> str:
        """The same in one line."""
        n_masks = len(self.gated.table.costs)
        return say(
            "subcircuit.text",
            gate_mask=mask_to_string(self.gate_mask),
            cost=self.cost,
            rank=self.rank,
            n_masks=n_masks,
            test_accuracy=self.test_accuracy,
            couplings=self.couplings,
            n_gate_mask=len(self.gate_mask) - MIN_GATES,
            bits=self.bits,
        )


class SubcircuitExplorer(Explorer):
    """A random circuit before a fixed readout, whose gates are switched; first the best mask.

    A click on a gate switches it, one on a bar of the cost histogram chooses a mask in it; the
    arrow keys left and right choose the next cheaper and the next costlier mask.

    Args:
        task: one of `TASKS`, or of your own, of two classes; more than two features become two
            principal components.
        seed: of the angles and of the readout's signs, 0 to 19.
        n_neurons: gates, which are the mask bits: 8 without a coupling, to 12 with four.
        shared: the mask that is shown here, and lit in other explorers.
    """

    _kept = ("cost", "rank", "couplings", "bits", "test_accuracy")

    def __init__(
        self,
        task: str | Task = "moons",
        seed: int = 0,
        n_neurons: int = 10,
        *,
        shared: SharedMask | None = None,
    ) -> None:
        gates = say("subcircuit.gates_mask_bits_no")
        choices = {
            "task": task_dropdown(task, TASKS),
            "seed": seed_slider(seed),
            "n_neurons": slider("n_neurons", n_neurons, MIN_GATES, MAX_GATES, gates),
        }
        choices["seed"].description = say("subcircuit.seed_of_the_angles")
        super().__init__(choices, widths=(3.9, 3.6, 3.8), height=3.6, shared=shared)

    @property
    def view(self) -> SubcircuitView:
        """What is shown."""
        task, seed, n_gates = self.chosen.values()
        gated = build_gated_circuit(task, seed, n_gates, _PLANE)
        return SubcircuitView(
            gated, gated.table.optimal_masks()[0] if self.lit is None else self.lit
        )

    def _point(self, number: int, x: float, y: float) -> None:
        view = self.view
        mask: BoolArray | None = None
        if number == 1:
            away = np.linalg.norm(gate_places(view.gated.model.circuit.gates) - (x, y), axis=1)
            mask = view.gate_mask ^ (np.arange(len(away)) == away.argmin())
        elif number == 2:
            mask = find_mask_in_bar(view.gated.table, x)
        if mask is not None:
            self.shared.choose(mask)

    def _arrow(self, right: int, up: int) -> None:
        view = self.view
        self.shared.choose(find_next_by_cost(view.gated.table, view.gate_mask, right))

    def _draw(self) -> str:
        view, (plane, circuit, costs) = self.view, self._axes
        gated, mask = view.gated, view.gate_mask
        draw_plane(
            plane,
            lambda x: gated.outputs(x, mask),
            gated.task,
            title=say("subcircuit.test_samples"),
        )
        gates = gated.model.circuit.gates
        draw_gate_mask(
            circuit, gates, mask, GATED_QUBITS, title=say("subcircuit.filled_gates_that_stay")
        )
        draw_cost_histogram(costs, gated.table, {say("shared.this_mask"): mask})
        return view.text
