"""One dial of locality at a fixed number of qubits: quality, gates, entanglement, errors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import ipywidgets as widgets
import numpy as np

from labkit.amplification import optimal_iterations
from labkit.ansatz import ramp_angles
from labkit.costs import CostTable, PauliZCost, equal_within
from labkit.course.explorers.base import Explorer, seed_slider, slider
from labkit.course.explorers.controls import named
from labkit.course.explorers.picture import SharedMask
from labkit.course.lessons.lesson_14a_noise_and_hardware import Cost
from labkit.course.plots.noise import draw_bits, draw_dial, draw_gates
from labkit.course.wording import say
from labkit.datasets import Task, check_task
from labkit.limits import check_choice, check_integer
from labkit.masks import mask_from_index
from labkit.problems import build_nk_problem, build_problem
from labkit.selectors import local_selection, run
from labkit.simulators import NoisyCircuit, evolve_qaoa, largest_entropy

MIN_NEURONS, MAX_NEURONS, LAYERS, STARTS = 4, 6, 2, 10
TASKS = ("breast_cancer", "moons", "circles")
ERRORS = (0.0, 1e-3, 3e-3, 1e-2, 2e-2)
#: What the dial moves, in words.
DIALS = {
    "K": say("locality.neurons_an_output_of"),
    "order": say("locality.order_at_which_the"),
    "block size": say("locality.neurons_that_are_chosen"),
}


@dataclass(frozen=True, eq=False)
class Setting:
    """One value of a dial.

    Attributes:
        regret: cost above the least, of what an ideal search of this locality finds.
        run: the circuit that is run.
        depth: of the circuit.
        bits: the largest entropy across a cut into halves, of what the machine holds.
        good: bool (2^qubits,), the outcomes that count as success: masks of least cost.
    """

    regret: float
    run: NoisyCircuit
    depth: int
    bits: float
    good: np.ndarray[tuple[int], np.dtype[np.bool_]]

    @property
    def two_qubit_gates(self) -> int:
        """Of the circuit."""
        return int(self.run.errs.sum())

    def success(self, error: float) -> float:
        """The chance of a mask of least cost in one shot."""
        if error not in self._successes:
            self._successes[error] = float(self.run.probabilities(error)[self.good].sum())
        return self._successes[error]

    @cached_property
    def _successes(self) -> dict[float, float]:
        return {}


@lru_cache(maxsize=1024)
def view_setting(task: str | Task, dial: str, value: int, n_neurons: int, seed: int) -> Setting:
    """What one value of a dial comes to."""
    if dial == "block size":
        return _block(task, value, n_neurons, seed)
    if dial == "K":
        cost = build_nk_problem(task, n_neurons, value, seed=seed).cost
        return _qaoa(cost, cost, 0.0)
    table = build_problem(task, n_neurons, seed=seed).table
    cut: Cost = table if value == n_neurons else PauliZCost.from_table(table, max_order=value)
    chosen = mask_from_index(int(cut.to_table().costs.argmin()), n_neurons)
    return _qaoa(cut, table, _regret(table, float(table.evaluate(chosen))))


def _regret(table: CostTable, cost: float) -> float:
    """The cost above the least; 0 where they are equal but for rounding."""
    least = table.minimum
    return cost - least if cost > least + equal_within(table, least) else 0.0


def _qaoa(cost: Cost, true_cost: Cost, regret: float) -> Setting:
    """QAOA of `LAYERS` layers on the ramp."""
    from labkit.circuits import circuit_report
    from labkit.circuits.qaoa import qaoa_circuit

    table, n = true_cost.to_table(), cost.n_neurons
    angles = ramp_angles(LAYERS, n, std=cost.to_table().std)
    circuit = qaoa_circuit(cost, *angles)
    bits, _ = largest_entropy(evolve_qaoa(cost, *angles), n // 2)
    good = table.marked(table.minimum)
    depth = circuit_report(circuit).depth
    return Setting(regret, NoisyCircuit.of(circuit), depth, bits, good)


def _block(task: str | Task, size: int, n_neurons: int, seed: int) -> Setting:
    """Blocks of some neurons, each searched for its best mask; Grover's search of one block."""
    run_of, depth, bits = _grover_of_block(size)
    table = build_problem(task, n_neurons, seed=seed).table
    rngs = (np.random.default_rng([seed, start]) for start in range(STARTS))
    found = [run(local_selection, table, rng=rng, block_size=size).cost for rng in rngs]
    regret = _regret(table, float(np.mean(found)))
    good = np.arange(2**size) == 2**size - 1
    return Setting(regret, run_of, depth, bits, good)


@lru_cache(maxsize=16)
def _grover_of_block(size: int) -> tuple[NoisyCircuit, int, float]:
    """Grover's search of a block for one mask: circuit, depth, most bits on the way."""
    import cirq

    from labkit.circuits import circuit_report
    from labkit.circuits.grover import grover_circuit
    from labkit.circuits.oracles import build_table_oracle
    from labkit.simulators import evolve_grover

    qubits = cirq.LineQubit.range(size)
    oracle = build_table_oracle(qubits, [np.ones(size, dtype=bool)])
    most = max(optimal_iterations(size, 1), 1)
    circuit = grover_circuit(qubits, oracle, most)
    marked = np.arange(2**size) == 2**size - 1
    on_the_way = (largest_entropy(evolve_grover(marked, k), size // 2)[0] for k in range(most + 1))
    return NoisyCircuit.of(circuit), circuit_report(circuit).depth, max(on_the_way)


class LocalityExplorer(Explorer):
    """What one dial of locality moves, at a fixed number of neurons.

    The dial is the K of an NK network, the order at which a cost is cut off, or the block size of
    local selection; for the first two QAOA of two layers is run on all neurons, for the last
    Grover's search on one block. A click chooses the value of the dial, so do the arrow keys.

    Args:
        task: one of `TASKS`, or of your own, of two classes.
        seed: of the weights, 0 to 19.
        n_neurons: neurons, one qubit each, 4 to 6.
        dial: one of `DIALS`.
        value: of the dial, 1 to n.
        error: after each two-qubit gate, one of `ERRORS`.
        shared: the mask that is lit here and in other explorers.
    """

    def __init__(
        self,
        task: str | Task = "breast_cancer",
        seed: int = 1,
        n_neurons: int = 5,
        dial: str = "K",
        value: int = 2,
        error: float = 1e-2,
        *,
        shared: SharedMask | None = None,
    ) -> None:
        check_choice("dial", dial, tuple(DIALS))
        if error not in ERRORS:
            raise ValueError(f"error={error} is not offered (limit: {ERRORS})")
        n = check_integer("n_neurons", n_neurons, minimum=MIN_NEURONS, maximum=MAX_NEURONS)
        rates = [(f"{rate:g}", rate) for rate in ERRORS]
        dials = widgets.Dropdown(
            options=named(DIALS), value=dial, description=say("locality.locality_is")
        )
        choices = {
            "task": check_task("task", task, TASKS),
            "n_neurons": n,
            "dial": dials,
            "value": slider("value", value, 1, n, DIALS[dial]),
            "error": widgets.SelectionSlider(
                options=rates, value=error, description=say("shared.error")
            ),
            "seed": seed_slider(seed),
        }
        super().__init__(choices, widths=(3.6, 3.6, 3.4), height=3.6, shared=shared)

    @property
    def settings(self) -> list[Setting]:
        """All values of the dial."""
        task, n, dial, _, _, seed = self.chosen.values()
        return [view_setting(task, dial, value, n, seed) for value in range(1, n + 1)]

    @property
    def view(self) -> Setting:
        """The value that is chosen."""
        return self.settings[self.chosen["value"] - 1]

    def _numbers(self) -> dict[str, float]:
        view = self.view
        return {
            "regret": view.regret,
            "two_qubit_gates": view.two_qubit_gates,
            "depth": view.depth,
            "bits": view.bits,
            "success": view.success(self.chosen["error"]),
        }

    def _adjust(self, moved: str) -> None:
        self.controls["value"].description = DIALS[self.chosen["dial"]]

    def _point(self, number: int, x: float, y: float) -> None:
        self.controls["value"].value = min(max(round(x), 1), self.chosen["n_neurons"])

    def _arrow(self, right: int, up: int) -> None:
        self.controls["value"].value += right

    def _draw(self) -> str:
        settings, chosen = self.settings, self.chosen
        left, middle, right = self._axes
        values, error, at = range(1, len(settings) + 1), chosen["error"], chosen["value"]
        success = {
            say("locality.no_errors"): [s.success(0.0) for s in settings],
            say("locality.error", error=error): [s.success(error) for s in settings],
        }
        draw_dial(left, values, success, [s.regret for s in settings], chosen=at)
        gates, depths = [s.two_qubit_gates for s in settings], [s.depth for s in settings]
        draw_gates(middle, values, gates, depths, chosen=at)
        draw_bits(right, values, [s.bits for s in settings], chosen=at)
        for ax in self._axes:
            ax.set(xlabel=self.controls["dial"].label)
        return self._words(self.view)

    def _words(self, view: Setting) -> str:
        chosen = self.chosen
        dial, value, error = chosen["dial"], chosen["value"], chosen["error"]
        of = say("locality.of_this_block") if dial == "block size" else ""
        held = value if dial == "block size" else chosen["n_neurons"]
        return say(
            "locality.of_neurons_the_machine",
            dial=self.controls["dial"].label,
            value=value,
            n_neurons=chosen["n_neurons"],
            held=held,
            two_qubit_gates=view.two_qubit_gates,
            depth=view.depth,
            bits=view.bits,
            of=of,
            success=view.success(0.0),
            success_2=view.success(error),
            error=error,
            regret=view.regret,
        )
