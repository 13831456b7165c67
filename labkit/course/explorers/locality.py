"""Let each output read more neurons: who interacts then, what it buys, what the circuit costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from labkit.ansatz import ramp_angles
from labkit.arrays import BoolArray, FloatArray
from labkit.course.explorers.base import Explorer, seed_slider, slider
from labkit.course.explorers.picture import SharedMask
from labkit.course.lessons.lesson_11_nk_networks import MAX_NEURONS, MIN_NEURONS, circuit_size
from labkit.course.plots import draw_circuit_size, draw_costs_over_k, draw_ring
from labkit.course.plots.networks import ring_places
from labkit.limits import check_choice
from labkit.masks import mask_to_string
from labkit.problems import NKProblem, build_nk_problem
from labkit.selectors import dynamic_programming, run
from labkit.simulators import evolve_qaoa, probabilities
from labkit.simulators.light_cones import light_cone

TASKS = ("moons", "circles", "breast_cancer", "digits_3v6", "digits_3v8")
KS, MAX_LAYERS = (1, 2, 3, 4, 5, 6), 4
SHOTS = 64


@dataclass(frozen=True, eq=False)
class LocalityView:
    """What an NK network's cost and QAOA on it come to, for one N, K and p.

    Attributes:
        problem: task, network and cost.
        p: QAOA layers, on the ramp.
        optimum: bool (N,), a mask of least cost, by dynamic programming.
        minimum: its cost.
        mean: of all masks: what a random one costs.
        qaoa: mean cost of the QAOA state.
        best_of_shots: mean of the least cost among `SHOTS` shots.
        chance: of an optimum in one shot.
        two_qubit_gates: of the circuit.
        depth: of the circuit.
    """

    problem: NKProblem
    p: int
    optimum: BoolArray
    minimum: float
    mean: float
    qaoa: float
    best_of_shots: float
    chance: float
    two_qubit_gates: int
    depth: int

    @property
    def n_inputs_per_output(self) -> int:
        """K."""
        return self.problem.network.n_inputs_per_output

    def light_cone(self, output: int) -> list[int]:
        """The neurons on which one output's expectation depends after p layers."""
        cost = self.problem.cost
        return light_cone(cost, cost.terms[output][0], self.p)


@lru_cache(maxsize=4096, typed=True)
def view_locality(
    task: str, n_neurons: int, n_inputs_per_output: int, p: int, seed: int
) -> LocalityView:
    """Solves an NK cost exactly, and runs QAOA with the ramp's angles on it.

    Args:
        task: of two classes.
        n_neurons: N, 6 to 12.
        n_inputs_per_output: K, 1 to 6.
        p: QAOA layers, 1 to 4.
        seed: of the weights.
    """
    problem = build_nk_problem(task, n_neurons, n_inputs_per_output, seed=seed)
    costs, order = _ranked_costs(task, n_neurons, n_inputs_per_output, seed)
    # nothing in it is random
    exact = run(dynamic_programming, problem.cost, rng=np.random.default_rng(0))
    table = problem.cost.to_table()
    angles = ramp_angles(p, n_neurons, std=float(costs.std()))
    chances = probabilities(evolve_qaoa(table, *angles)).astype(np.float64)
    gates, depth = circuit_size(n_neurons, n_inputs_per_output, p)
    return LocalityView(
        problem,
        p,
        optimum=exact.neuron_mask,
        minimum=exact.cost,
        mean=float(costs.mean()),
        qaoa=float(chances @ costs / chances.sum()),
        best_of_shots=least_of_shots(costs[order], chances[order], SHOTS),
        chance=float(chances[costs <= costs.min() + 1e-9].sum()),
        two_qubit_gates=gates,
        depth=depth,
    )


def least_of_shots(costs: FloatArray, chances: FloatArray, shots: int) -> float:
    """The mean of the least cost among s shots: sum_i cost_i (T_i^s - T_(i+1)^s).

    Args:
        costs: (masks,) ascending.
        chances: (masks,) of each mask in one shot.
        shots: s.

    T_i is the chance of a mask of place i or later, so that T_i^s is that of no better one.
    """
    tails = np.append(np.cumsum(chances[::-1])[::-1], 0.0) / chances.sum()
    return float(costs @ -np.diff(tails**shots))


@lru_cache(maxsize=256, typed=True)
def _ranked_costs(
    task: str, n_neurons: int, n_inputs_per_output: int, seed: int
) -> tuple[FloatArray, npt.NDArray[np.int64]]:
    """The costs of all masks, and the masks by ascending cost."""
    costs = build_nk_problem(task, n_neurons, n_inputs_per_output, seed=seed).cost.to_table().costs
    return costs, np.argsort(costs)


class LocalityExplorer(Explorer):
    """NK networks: who interacts, what K buys, and what the QAOA circuit costs.

    A click on a neuron switches it in the lit mask, beginning with the optimum; a click on the
    other axes chooses K. The arrow keys move the output whose light cone is shown, and K.

    Args:
        task: one of `TASKS`.
        seed: of the weights, 0 to 19.
        n_neurons: N, 6 to 12.
        n_inputs_per_output: K, 1 to 6.
        p: QAOA layers, 1 to 4.
        shared: the mask that is lit here and in other explorers.

    Attributes:
        output: whose neighbourhood and light cone are told apart.
    """

    def __init__(
        self,
        task: str = "moons",
        seed: int = 1,
        n_neurons: int = 12,
        n_inputs_per_output: int = 3,
        p: int = 1,
        *,
        shared: SharedMask | None = None,
    ) -> None:
        self.output, reads = 0, "locality: neurons an output reads, K"
        choices = {
            "task": check_choice("task", task, TASKS),
            "n_neurons": slider(
                "n_neurons", n_neurons, MIN_NEURONS, MAX_NEURONS, "neurons = qubits, N"
            ),
            "n_inputs_per_output": slider(
                "n_inputs_per_output", n_inputs_per_output, 1, KS[-1], reads
            ),
            "p": slider("p", p, 1, MAX_LAYERS, "QAOA layers, p"),
            "seed": seed_slider(seed),
        }
        super().__init__(choices, widths=(3.6, 4.2, 3.6), height=3.7, shared=shared)

    @property
    def view(self) -> LocalityView:
        """What is shown."""
        return self._view(self.chosen["n_inputs_per_output"])

    def reset(self) -> None:
        """Sets every control to where it began, and looks at output 0."""
        with self.hold():
            self.output = 0
            super().reset()

    def _view(self, k: int) -> LocalityView:
        task, n, _, p, seed = self.chosen.values()
        return view_locality(task, n, k, p, seed)

    def _parameters(self) -> dict[str, Any]:
        return {**self.chosen, "output": self.output}

    def _numbers(self) -> Mapping[str, Any]:
        view = self.view
        names = ("minimum", "mean", "qaoa", "best_of_shots", "chance", "two_qubit_gates", "depth")
        return {name: getattr(view, name) for name in names}

    def _adjust(self, moved: str) -> None:
        self.output %= self.chosen["n_neurons"]

    def _point(self, number: int, x: float, y: float) -> None:
        if number > 0:
            self.controls["n_inputs_per_output"].value = int(np.clip(round(x), 1, KS[-1]))
            return
        away = np.linalg.norm(ring_places(self.chosen["n_neurons"]) - (x, y), axis=1)
        if away.min() < np.pi / len(away):
            mask = (self.view.optimum if self.lit is None else self.lit).copy()
            mask[away.argmin()] ^= True
            self.shared.choose(mask)

    def _arrow(self, right: int, up: int) -> None:
        control = self.controls["n_inputs_per_output"]
        control.value = min(max(control.value + up, control.min), control.max)
        self.output = (self.output + right) % self.chosen["n_neurons"]

    def _draw(self, axes: Sequence[Axes]) -> str:
        view, lit = self.view, self.lit
        cost, cone = view.problem.cost, view.light_cone(self.output)
        terms = [neurons for neurons, _ in cost.terms]
        draw_ring(axes[0], terms, cost.n_neurons, term=terms[self.output], cone=cone,
                  kept=view.optimum, lit=lit, title="filled: kept by the optimum",
                  note=f"orange: light cone of output {self.output}")  # fmt: skip
        all_k = [self._view(k) for k in KS]
        curves = {
            "random": [v.mean for v in all_k],
            "QAOA": [v.qaoa for v in all_k],
            f"best of {SHOTS}": [v.best_of_shots for v in all_k],
            "optimum": [v.minimum for v in all_k],
        }
        lit_cost = None if lit is None else float(cost.evaluate(lit))
        k = view.n_inputs_per_output
        draw_costs_over_k(axes[1], KS, curves, chosen=k, lit=lit_cost)
        gates, depths = [v.two_qubit_gates for v in all_k], [v.depth for v in all_k]
        title = "two-qubit gates (dots), depth (diamonds)"
        draw_circuit_size(axes[2], KS, gates, depths, chosen=k, title=title)
        return describe(view, self.output, cone, lit, lit_cost)


def describe(
    view: LocalityView,
    output: int,
    cone: Sequence[int],
    lit: BoolArray | None,
    lit_cost: float | None,
) -> str:
    """What is shown, in one line."""
    lit_text = "" if lit is None else f" · lit mask <b>{mask_to_string(lit)}</b>: {lit_cost:.4f}"
    return (
        f"K = <b>{view.n_inputs_per_output}</b>, p = <b>{view.p}</b>: least NK cost "
        f"<b>{view.minimum:.4f}</b> (dynamic programming), QAOA's mean {view.qaoa:.4f}, a random "
        f"mask {view.mean:.4f} · an optimum in one shot with probability <b>{view.chance:.3f}</b> "
        f"· {view.two_qubit_gates:,} two-qubit gates, depth {view.depth:,} · light cone of output "
        f"{output} (orange dots): {len(cone)} of {len(view.optimum)} neurons; it reads the "
        f"{view.n_inputs_per_output} with green squares{lit_text}"
    )
