"""Let each output read more neurons: who interacts then, what it buys, what the circuit costs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from labkit.ansatz import ramp_angles
from labkit.arrays import BoolArray, FloatArray, IntArray
from labkit.costs import CostTable
from labkit.course.explorers.base import QUBITS, Explorer, seed_slider, slider
from labkit.course.explorers.picture import SharedMask
from labkit.course.lessons.lesson_11_nk_networks import MAX_NEURONS, MIN_NEURONS, circuit_size
from labkit.course.plots import draw_circuit_size, draw_costs_over_k, draw_ring
from labkit.course.plots.networks import ring_places
from labkit.course.wording import say
from labkit.datasets import Task, check_task
from labkit.limits import check_integer
from labkit.masks import mask_to_string
from labkit.problems import NKProblem, build_nk_problem
from labkit.selectors import dynamic_programming, run
from labkit.simulators import evolve_qaoa, probabilities
from labkit.simulators.light_cones import light_cone

TASKS = ("moons", "circles", "breast_cancer", "digits_3v6", "digits_3v8")
KS, MAX_LAYERS = (1, 2, 3, 4, 5, 6), 4
SHOTS = 64


@dataclass(frozen=True, eq=False)
class NKView:
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

    def light_cone(self, output: int) -> list[int]:
        """The neurons on which one output's expectation depends after p layers."""
        cost = self.problem.cost
        return light_cone(cost, cost.terms[output][0], self.p)

    def text(self, output: int, lit: BoolArray | None) -> str:
        """The same in one line, with the light cone of one output and the cost of the lit mask."""
        k, cone = self.problem.network.n_inputs_per_output, self.light_cone(output)
        words = say(
            "nk.text",
            k=k,
            p=self.p,
            minimum=self.minimum,
            qaoa=self.qaoa,
            mean=self.mean,
            chance=self.chance,
            two_qubit_gates=self.two_qubit_gates,
            depth=self.depth,
            output=output,
            n_cone=len(cone),
            n_optimum=len(self.optimum),
        )
        if lit is None:
            return words
        cost = float(self.problem.cost.evaluate(lit))
        return say("nk.lit_mask", words=words, lit=mask_to_string(lit), cost=cost)


@lru_cache(maxsize=4096, typed=True)
def view_nk(task: str | Task, n_neurons: int, k: int, p: int, seed: int) -> NKView:
    """Solves an NK cost of K = k exactly, and runs QAOA with the ramp of p layers on it."""
    problem = build_nk_problem(task, n_neurons, k, seed=seed)
    table, order = _ranked(problem)
    # nothing in it is random
    exact = run(dynamic_programming, problem.cost, rng=np.random.default_rng(0))
    angles = ramp_angles(p, n_neurons, std=table.std)
    chances = probabilities(evolve_qaoa(table, *angles)).astype(np.float64)
    gates, depth = circuit_size(n_neurons, k, p)
    return NKView(
        problem,
        p,
        optimum=exact.neuron_mask,
        minimum=exact.cost,
        mean=table.mean,
        qaoa=float(chances @ table.costs / chances.sum()),
        best_of_shots=least_of_shots(table.costs[order], chances[order], SHOTS),
        chance=float(chances[table.marked(table.minimum)].sum()),
        two_qubit_gates=gates,
        depth=depth,
    )


def least_of_shots(costs: FloatArray, chances: FloatArray, shots: int) -> float:
    """The mean of the least cost among s shots: sum_i cost_i (T_i^s - T_(i+1)^s).

    Costs (masks,) are ascending, `chances` those of each mask in one shot. T_i is the chance of a
    mask of place i or later, so that T_i^s is that of no better one.
    """
    tails = np.append(np.cumsum(chances[::-1])[::-1], 0.0) / chances.sum()
    return float(costs @ -np.diff(tails**shots))


@lru_cache(maxsize=256)
def _ranked(problem: NKProblem) -> tuple[CostTable, IntArray]:
    """The costs of all masks, and the masks by ascending cost."""
    table = problem.cost.to_table()
    return table, np.argsort(table.costs)


class NKExplorer(Explorer):
    """NK networks: who interacts, what K buys, and what the QAOA circuit costs.

    A click on a neuron switches it in the lit mask, beginning with the optimum; a click on the
    other axes chooses K. The arrow keys move the output whose light cone is shown, and K.

    Args:
        task: one of `TASKS`, or of your own, of two classes.
        seed: of the weights, 0 to 19.
        n_neurons: N, 6 to 12.
        n_inputs_per_output: K, 1 to 6.
        p: QAOA layers, 1 to 4.
        output: whose light cone is shown to begin with, 0 to N - 1.
        shared: the mask that is lit here and in other explorers.

    Attributes:
        output: whose neighbourhood and light cone are told apart.
    """

    _kept = ("minimum", "mean", "qaoa", "best_of_shots", "chance", "two_qubit_gates", "depth")
    _places = ("output",)

    def __init__(
        self,
        task: str | Task = "moons",
        seed: int = 1,
        n_neurons: int = 12,
        n_inputs_per_output: int = 3,
        p: int = 1,
        output: int = 0,
        *,
        shared: SharedMask | None = None,
    ) -> None:
        k, reads = n_inputs_per_output, say("nk.locality_neurons_an_output")
        choices = {
            "task": check_task("task", task, TASKS),
            "n_neurons": slider("n_neurons", n_neurons, MIN_NEURONS, MAX_NEURONS, f"{QUBITS}, N"),
            "n_inputs_per_output": slider("n_inputs_per_output", k, 1, KS[-1], reads),
            "p": slider("p", p, 1, MAX_LAYERS, say("nk.qaoa_layers_p")),
            "seed": seed_slider(seed),
        }
        self.output = check_integer("output", output, minimum=0, maximum=n_neurons - 1)
        super().__init__(choices, widths=(3.6, 4.2, 3.6), height=3.7, shared=shared)

    @property
    def view(self) -> NKView:
        """What is shown."""
        return self._view(self.chosen["n_inputs_per_output"])

    def _view(self, k: int) -> NKView:
        task, n, _, p, seed = self.chosen.values()
        return view_nk(task, n, k, p, seed)

    def _adjust(self, moved: str) -> None:
        self.output %= self.chosen["n_neurons"]

    def _point(self, number: int, x: float, y: float) -> None:
        if number > 0:
            self.controls["n_inputs_per_output"].value = round(x)
            return
        away = np.linalg.norm(ring_places(self.chosen["n_neurons"]) - (x, y), axis=1)
        if away.min() < np.pi / len(away):
            mask = (self.view.optimum if self.lit is None else self.lit).copy()
            mask[away.argmin()] ^= True
            self.shared.choose(mask)

    def _arrow(self, right: int, up: int) -> None:
        self.controls["n_inputs_per_output"].value += up
        self.output = (self.output + right) % self.chosen["n_neurons"]

    def _draw(self) -> str:
        view, lit, k = self.view, self.lit, self.chosen["n_inputs_per_output"]
        ring, costs, sizes = self._axes
        cost, cone = view.problem.cost, view.light_cone(self.output)
        terms = [neurons for neurons, _ in cost.terms]
        draw_ring(ring, terms, cost.n_neurons, term=terms[self.output], cone=cone,
                  kept=view.optimum, lit=lit, title=say("nk.filled_kept_by_the"),
                  note=say("nk.outer_dots_light_cone", output=self.output))  # fmt: skip
        all_k = [self._view(k) for k in KS]
        curves = {
            say("nk.random"): [v.mean for v in all_k],
            "QAOA": [v.qaoa for v in all_k],
            say("nk.best_of", shots=SHOTS): [v.best_of_shots for v in all_k],
            say("nk.optimum"): [v.minimum for v in all_k],
        }
        lit_cost = None if lit is None else float(cost.evaluate(lit))
        draw_costs_over_k(costs, KS, curves, chosen=k, lit=lit_cost)
        gates, depths = [v.two_qubit_gates for v in all_k], [v.depth for v in all_k]
        title = say("nk.two_qubit_gates_dots")
        draw_circuit_size(sizes, KS, gates, depths, chosen=k, title=title)
        return view.text(self.output, lit)
