"""Let gates err, and see what is left of a gain, of a good mask's chance, and of some shots."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import ipywidgets as widgets
import numpy as np

from labkit.ansatz import ramp_angles
from labkit.arrays import FloatArray, IntArray
from labkit.costs import CostTable
from labkit.course.explorers.base import Explorer, dropdown, seed_slider
from labkit.course.explorers.picture import SharedMask
from labkit.course.lessons.lesson_14a_noise_and_hardware import ERRORS, TASK, Cost
from labkit.course.plots.noise import draw_masks_by_cost, draw_shares_over_errors
from labkit.course.wording import say
from labkit.datasets import Task, check_task
from labkit.limits import check_integer
from labkit.masks import mask_from_index, mask_to_string
from labkit.problems import build_nk_problem, build_problem
from labkit.scoring import quadratic_cost
from labkit.simulators import NoisyCircuit

MIN_NEURONS, MAX_NEURONS, LAYERS = 4, 6, 2
FORMS = ("NK 2", "NK 3", "two-local", "table")
SHOTS = (16, 64, 256, 1024, 4096)


@dataclass(frozen=True, eq=False)
class NoisyForm:
    """QAOA of one form of a cost, to be run at any error rate.

    Attributes:
        table: the costs of all masks.
        run: its circuit.
        two_qubit_gates: of the circuit.
    """

    table: CostTable
    run: NoisyCircuit
    two_qubit_gates: int

    def chances(self, error: float) -> FloatArray:
        """Of all masks in one shot, (2^n,)."""
        if error not in self._chances:
            self._chances[error] = self.run.probabilities(error)
        return self._chances[error]

    @cached_property
    def _chances(self) -> dict[float, FloatArray]:
        return {}

    def gain_left(self, error: float) -> float:
        """The share of the noiseless gain over a random mask, in mean cost."""
        noisy, clean = (float(self.chances(e) @ self.table.costs) for e in (error, 0.0))
        return (noisy - self.table.mean) / (clean - self.table.mean)


@lru_cache(maxsize=256)
def compile_form(form: str, n_neurons: int, seed: int, task: str | Task = TASK) -> NoisyForm:
    """Builds the cost and the circuit of a form, once.

    The costs are those of `build_cost` in the lesson 14a, of any task: its records know them by
    its code.
    """
    from labkit.circuits.qaoa import qaoa_circuit

    cost = _build_cost(form, n_neurons, seed, task)
    run = NoisyCircuit.of(qaoa_circuit(cost, *ramp_angles(LAYERS, n_neurons, std=cost.std)))
    return NoisyForm(cost.to_table(), run, int(run.errs.sum()))


def _build_cost(form: str, n_neurons: int, seed: int, task: str | Task) -> Cost:
    if form.startswith("NK"):
        return build_nk_problem(task, n_neurons, int(form[3:]), seed=seed).cost
    problem = build_problem(task, n_neurons, seed=seed)
    if form == "table":
        return problem.table
    return quadratic_cost(problem.network, problem.task.x_train, problem.task.y_train)


@dataclass(frozen=True, eq=False)
class HardwareView:
    """What is left of one form at one error rate, and some shots."""

    forms: dict[str, NoisyForm]
    form: str
    error: float
    shots: int
    seed: int

    @property
    def shown(self) -> NoisyForm:
        """The form that is chosen."""
        return self.forms[self.form]

    @property
    def gain_left(self) -> float:
        """Of the form that is chosen, at the error rate that is chosen."""
        return self.shown.gain_left(self.error)

    @property
    def fidelity(self) -> float:
        """The product of the gates' fidelities."""
        return (1 - self.error) ** self.shown.two_qubit_gates

    @property
    def best_chance(self) -> float:
        """Of a mask of least cost, in one shot."""
        table = self.shown.table
        return float(self.shown.chances(self.error)[table.marked(table.minimum)].sum())

    @cached_property
    def counts(self) -> IntArray:
        """How often each mask is measured, (2^n,)."""
        chances = self.shown.chances(self.error)
        rng = np.random.default_rng([self.seed, self.shots])
        return rng.multinomial(self.shots, chances / chances.sum())

    @property
    def most(self) -> float:
        """The largest chance of a mask, or share of the shots, at any of `ERRORS`."""
        views = [replace(self, error=error) for error in ERRORS]
        shares = [view.counts.max() / self.shots for view in views]
        return float(max(*shares, *(view.shown.chances(view.error).max() for view in views)))

    @property
    def found(self) -> int:
        """Index of the cheapest mask that was measured."""
        return int(np.where(self.counts > 0, self.shown.table.costs, np.inf).argmin())

    @property
    def text(self) -> str:
        """The same in one line."""
        table, n = self.shown.table, self.shown.table.n_neurons
        cost = float(table.costs[self.found])
        return say(
            "hardware.text",
            form=self.form,
            two_qubit_gates=self.shown.two_qubit_gates,
            error=self.error,
            gain_left=self.gain_left,
            fidelity=self.fidelity,
            best_chance=self.best_chance,
            mean=table.marked(table.minimum).mean(),
            shots=self.shots,
            mask_from_index=mask_to_string(mask_from_index(self.found, n)),
            cost=cost,
            rank=table.rank(mask_from_index(self.found, n)),
        )


class HardwareExplorer(Explorer):
    """Two layers of QAOA on a machine that errs, for four forms of a cost.

    A click on a dot of the right picture chooses its error rate; the arrow keys the next one.

    Args:
        task: 'breast_cancer', or one of your own, of two classes.
        seed: of the weights, 0 to 19.
        n_neurons: neurons, one qubit each, 4 to 6.
        form: one of `FORMS`.
        error: after each two-qubit gate, one of `ERRORS`.
        shots: one of `SHOTS`.
        shared: the mask that is lit here and in other explorers.
    """

    _kept = ("gain_left", "fidelity", "best_chance", "found")

    def __init__(
        self,
        task: str | Task = TASK,
        seed: int = 1,
        n_neurons: int = 6,
        form: str = "NK 2",
        error: float = 1e-2,
        shots: int = 256,
        *,
        shared: SharedMask | None = None,
    ) -> None:
        if error not in ERRORS:
            raise ValueError(f"error={error} is not offered (limit: {ERRORS})")
        if shots not in SHOTS:
            raise ValueError(f"shots={shots} is not offered (limit: {SHOTS})")
        rates = [(f"{rate:g}", rate) for rate in ERRORS]
        choices = {
            "task": check_task("task", task, (TASK,)),
            "n_neurons": check_integer(
                "n_neurons", n_neurons, minimum=MIN_NEURONS, maximum=MAX_NEURONS
            ),
            "form": dropdown("form", form, FORMS),
            "error": widgets.SelectionSlider(
                options=rates, value=error, description=say("shared.error")
            ),
            "shots": widgets.SelectionSlider(
                options=SHOTS, value=shots, description=say("hardware.shots")
            ),
            "seed": seed_slider(seed),
        }
        super().__init__(choices, widths=(5.4, 4.2), height=3.6, shared=shared)

    @property
    def view(self) -> HardwareView:
        """What is shown."""
        chosen = self.chosen
        n, seed, task = chosen["n_neurons"], chosen["seed"], chosen["task"]
        forms = {form: compile_form(form, n, seed, task) for form in FORMS}
        return HardwareView(forms, chosen["form"], chosen["error"], chosen["shots"], seed)

    def _point(self, number: int, x: float, y: float) -> None:
        if number == 1:
            place = min(max(round(x), 0), len(ERRORS) - 1)
            self.controls["error"].value = ERRORS[place]

    def _arrow(self, right: int, up: int) -> None:
        place = ERRORS.index(self.chosen["error"]) + right
        self.controls["error"].value = ERRORS[min(max(place, 0), len(ERRORS) - 1)]

    def _draw(self) -> str:
        view, (left, right) = self.view, self._axes
        shown = view.shown
        draw_masks_by_cost(left, shown.table.costs, shown.chances(0.0), shown.chances(view.error),
                           view.counts / view.shots)  # fmt: skip
        left.set_ylim(0, 1.05 * view.most)  # errors lower the dots, not the axis
        shares = {f: [c.gain_left(e) for e in ERRORS] for f, c in view.forms.items()}
        draw_shares_over_errors(right, ERRORS, shares, chosen=view.form,
                                error=ERRORS.index(view.error))  # fmt: skip
        right.tick_params(axis="x", labelsize=8)
        return view.text
