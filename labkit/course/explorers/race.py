"""Let selectors race under one budget of calls, and see which mask each of them has found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import ipywidgets as widgets
import numpy as np

from labkit.arrays import BoolArray, FloatArray
from labkit.costs import LocalCost, equal_within
from labkit.course.explorers.base import (
    QUBITS,
    ProblemExplorer,
    seed_slider,
    slider,
    task_dropdown,
)
from labkit.course.explorers.nk import TASKS
from labkit.course.explorers.picture import SharedMask
from labkit.course.plots import draw_race, draw_regret
from labkit.course.plots.canvas import BLACK, LIT, MARKERS
from labkit.course.wording import say
from labkit.datasets import Task
from labkit.limits import check_choice, check_integer, show_value
from labkit.masks import mask_from_index, mask_to_string
from labkit.problems import NK_COST, Problem, build_nk_problem
from labkit.selectors.racing import ENTRANTS, LOCAL_ENTRANTS, Trace, own_entrant, trace
from labkit.selectors.running import Selector, check_selector, name_of

MIN_NEURONS, MAX_NEURONS = 4, 10
#: Calls on the slider; runs are made once, to the last of them.
BUDGETS = (8, 16, 32, 64, 128, 256)
#: Calls at which the best cost so far is drawn; the budgets are among them.
DRAWN_AT = (8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)
N_RUNS = 5
#: Who races here: they need no more than the cost, and a fraction of a second.
RACERS = ("random search", "one-flip search", "annealing", "local selection", "adaptive Grover",
          "QAOA, ramp", "tabu search")  # fmt: skip
#: Colours and markers tell so many apart.
MOST_RACERS = len(MARKERS)
Racers = tuple[str | Selector, ...]


@dataclass(frozen=True, eq=False)
class RaceView:
    """What each selector has found when the budget, one of `BUDGETS`, is spent.

    `terms` is the cost as a sum, where it is one and some of the racers read its terms.
    """

    problem: Problem
    budget: int
    lit: BoolArray | None = None
    racers: Racers = RACERS
    terms: LocalCost | None = None

    @cached_property
    def best(self) -> dict[str, FloatArray]:
        """The best cost so far, selector -> float64 (runs, calls drawn up to the budget)."""
        upto = DRAWN_AT.index(self.budget) + 1
        return {name: best[:, :upto] for name, best in self._to_the_end.items()}

    @cached_property
    def _to_the_end(self) -> dict[str, FloatArray]:
        """The same up to the largest budget."""
        runs = run_race(self.problem, self.racers, self.terms)
        return {name: np.array([t.best_at(DRAWN_AT) for t in runs[name]]) for name in runs}

    @property
    def limits(self) -> tuple[tuple[float, float], float]:
        """Between which costs the means and their bars stay at any budget, and up to which regret.

        What is drawn moves with the budget; the axes do not.
        """
        minimum, ends, regrets = self.problem.table.minimum, [], []
        for best in self._to_the_end.values():
            upper = best.mean(axis=0) + best.std(axis=0)
            ends.append(upper.max())
            regrets.append(upper[[*map(DRAWN_AT.index, BUDGETS)]].max() - minimum)
        room = 0.05 * (max(ends) - minimum) or 0.05
        return (minimum - room, max(ends) + room), 1.05 * max(regrets) or 1.0

    @property
    def neuron_masks(self) -> dict[str, BoolArray]:
        """The best mask of each selector's first run, bool (n,)."""
        costs, n = self.problem.table.costs, self.problem.n_neurons
        found = {name: np.abs(costs - best[0, -1]).argmin() for name, best in self.best.items()}
        return {name: mask_from_index(int(index), n) for name, index in found.items()}

    @property
    def finders(self) -> list[str]:
        """The selectors whose mask is lit."""
        if self.lit is None:
            return []
        return [name for name, mask in self.neuron_masks.items() if (mask == self.lit).all()]

    @property
    def regret(self) -> dict[str, FloatArray]:
        """Cost above the least at the budget, selector -> float64 (runs,)."""
        minimum = self.problem.table.minimum
        return {name: best[:, -1] - minimum for name, best in self.best.items()}

    @property
    def mean_regret(self) -> dict[str, float]:
        """Over the runs of each selector."""
        return {name: float(regret.mean()) for name, regret in self.regret.items()}

    @property
    def found(self) -> dict[str, int]:
        """In how many runs each selector has met an optimum."""
        return {name: int((r <= self._rounding).sum()) for name, r in self.regret.items()}

    @property
    def _rounding(self) -> float:
        table = self.problem.table
        return float(equal_within(table, table.minimum))

    @property
    def text(self) -> str:
        """The same in one line."""
        means, optima = self.mean_regret, (f"{name} {n}" for name, n in self.found.items())
        least = min(means.values())
        leaders = " and ".join(n for n, mean in means.items() if mean <= least + self._rounding)
        words = say(
            "race.text",
            budget=self.budget,
            least=least,
            leaders=leaders,
            n_runs=N_RUNS,
            optima=", ".join(optima),
        )
        if self.lit is None:
            return say("race.click_a_bar_to", words=words)
        table, by = self.problem.table, ", ".join(self.finders) or say("race.none_of_them")
        cost, rank = float(table.evaluate(self.lit)), table.rank(self.lit)
        mask = mask_to_string(self.lit)
        return say("race.lit_mask_cost_rank", words=words, mask=mask, cost=cost, rank=rank, by=by)


@lru_cache(maxsize=32)
def run_race(
    problem: Problem, racers: Racers = RACERS, terms: LocalCost | None = None
) -> dict[str, list[Trace]]:
    """`N_RUNS` runs of each selector to the largest budget, made once for each network."""
    rngs = [np.random.default_rng([problem.seed, number]) for number in range(N_RUNS)]
    table, runs = problem.table, {}
    for racer in racers:
        entrant = racer if isinstance(racer, str) else own_entrant(racer)
        cost = terms if terms is not None and racer in LOCAL_ENTRANTS else table
        least = {"minimum": table.minimum}
        runs[_name(racer)] = [trace(entrant, cost, BUDGETS[-1], rng=r, **least) for r in rngs]
    return runs


@lru_cache(maxsize=64)
def sum_of_terms(
    task: str, n_neurons: int, n_inputs_per_output: int, seed: int
) -> tuple[Problem, LocalCost]:
    """An NK network as a problem with the table of its cost, and the same cost as a sum."""
    nk = build_nk_problem(task, n_neurons, n_inputs_per_output, seed=seed)
    problem = Problem(nk.task, nk.as_one_output(), nk.cost.to_table(), NK_COST, seed)
    return problem, nk.cost


def _name(racer: str | Selector) -> str:
    return racer if isinstance(racer, str) else name_of(racer)


def _check_racers(racers: Any, offered: Sequence[str]) -> Racers:
    """Those that can race, each under a name of its own; `offered` are the names of labkit's."""
    if isinstance(racers, str) or not isinstance(racers, Sequence):
        raise TypeError(f"racers={show_value(racers)} is not a sequence of selectors")
    if not 1 <= len(racers) <= MOST_RACERS:
        raise ValueError(f"racers holds {len(racers)} selectors (limit: 1 to {MOST_RACERS})")
    for racer in racers:
        if isinstance(racer, str):
            check_choice("racers", racer, tuple(offered))
        else:
            check_selector(racer, {}, argument="racers")
    names = [*map(_name, racers)]
    if len({*names}) < len(names):
        raise ValueError(f"racers has one name twice: {', '.join(names)} (limit: once)")
    return tuple(racers)


class SelectorRace(ProblemExplorer):
    """Selectors under one budget of calls: best cost so far, and what is left to gain.

    A call is a cost query, an oracle call, or a cost layer of one shot. A click on a bar, or the
    arrow keys, light the mask that this selector has found in its first run.

    Args:
        task: one of `controls.TASKS`, or of your own.
        seed: of the network's weights, 0 to 19.
        n_neurons: neurons, one qubit each, 4 to 10.
        budget: calls, one of `BUDGETS`.
        racers: who races, seven at most: names of `racing.ENTRANTS`, and selectors of your own,
            which start again where they end early; with `n_inputs_per_output` names of
            `racing.LOCAL_ENTRANTS` too.
        n_inputs_per_output: 1 to 4, of NK networks, whose cost is a sum of small terms; by default
            the networks have one output.
        shared: the mask that is lit in several explorers.
    """

    def __init__(
        self,
        task: str | Task = "moons",
        seed: int = 7,
        n_neurons: int = 8,
        budget: int = 64,
        *,
        racers: Sequence[str | Selector] = RACERS,
        n_inputs_per_output: int | None = None,
        shared: SharedMask | None = None,
    ) -> None:
        if check_integer("budget", budget, minimum=BUDGETS[0], maximum=BUDGETS[-1]) not in BUDGETS:
            raise ValueError(f"budget={budget} is not offered (limit: {BUDGETS})")
        self._row, self._n_inputs, offered = 0, n_inputs_per_output, [*ENTRANTS]
        if n_inputs_per_output is not None:
            check_integer(
                "n_inputs_per_output", n_inputs_per_output, minimum=1, maximum=MIN_NEURONS
            )
            offered += LOCAL_ENTRANTS
            check_choice("task", task, TASKS)  # none of your own
        self._racers = _check_racers(racers, offered)
        calls = widgets.SelectionSlider(
            options=BUDGETS, value=budget, description=say("race.budget_calls")
        )
        choices = {
            "task": task_dropdown(task),
            "n_neurons": slider("n_neurons", n_neurons, MIN_NEURONS, MAX_NEURONS, QUBITS),
            "seed": seed_slider(seed),
            "budget": calls,
        }
        super().__init__(choices, widths=(5.2, 4.2), height=3.6, shared=shared)

    @property
    def view(self) -> RaceView:
        """What is shown."""
        problem, terms = self._with_terms
        return RaceView(problem, self.chosen["budget"], self.lit, self._racers, terms)

    @property
    def problem(self) -> Problem:
        """The task, network and cost table that are chosen."""
        return self._with_terms[0]

    @property
    def _with_terms(self) -> tuple[Problem, LocalCost | None]:
        if self._n_inputs is None:
            return super().problem, None
        chosen = self.chosen
        return sum_of_terms(chosen["task"], chosen["n_neurons"], self._n_inputs, chosen["seed"])

    def _parameters(self) -> dict[str, Any]:
        nk = {} if self._n_inputs is None else {"n_inputs_per_output": self._n_inputs}
        return {**super()._parameters(), **nk}

    def _settings(self) -> dict[str, Any]:
        own = {} if self._racers == RACERS else {"racers": self._racers}
        return {**super()._settings(), **own}

    def _numbers(self) -> dict[str, Any]:
        view = self.view
        return {"regret": view.mean_regret, "found": view.found}

    def _point(self, number: int, x: float, y: float) -> None:
        if number == 1 and -0.5 <= y < len(self._racers) - 0.5:
            self._light_found(round(y))

    def _arrow(self, right: int, up: int) -> None:
        if up:
            self._light_found((self._row - up) % len(self._racers))

    def _light_found(self, row: int) -> None:
        """Lights the mask that the selector of a row of bars has found."""
        self._row = row
        self.shared.choose(self.view.neuron_masks[_name(self._racers[row])])

    def _draw(self) -> str:
        view, table, (left, right) = self.view, self.problem.table, self._axes
        draw_race(left, DRAWN_AT, view.best, minimum=table.minimum)
        draw_regret(right, view.regret, lit=view.finders)
        left.set_title(
            say("race.best_cost_over_runs", n_runs=N_RUNS, budget=view.budget), fontsize=10
        )
        right.set_title(say("race.regret_after_calls", budget=view.budget), fontsize=10)
        if view.lit is not None:
            cost = float(table.evaluate(view.lit))
            left.plot(np.log2(view.budget), cost, ms=14, **{**LIT, "mew": 2.5})
            right.axvline(cost - table.minimum, color=BLACK, ls="--", lw=1)
        costs, regret = view.limits
        left.set_ylim(*costs, auto=None)  # `widen` ends both at a tick: ends recur
        right.set_xlim(0, regret, auto=None)
        return view.text
