"""Notebook 16: its tables of terms and of selectors, and its exercises."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from IPython.display import HTML

from labkit import selectors
from labkit.costs import LocalCost
from labkit.course.checking import exercise
from labkit.course.glossary import GLOSSARY
from labkit.course.html import table_in_html
from labkit.course.module_map import Imports
from labkit.course.plots import Captioned, draw_bit_order, draw_modules, new_axes
from labkit.course.registry import BY_NUMBER, LESSONS
from labkit.ledger import CALLS_IN_CIRCUIT
from labkit.limits import check_choice, show_value
from labkit.masks import all_masks, mask_from_string, mask_to_index
from labkit.problems import build_problem
from labkit.selectors import run
from labkit.selectors.local import walk_locally

_CELL = "text-align:left;vertical-align:top"


@dataclass(frozen=True, eq=False)
class Table:
    """Rows that a notebook shows, with links to other notebooks."""

    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]

    def __str__(self) -> str:
        return "\n".join(" | ".join(row) for row in self.rows)

    def _repr_html_(self) -> str:
        rows = ([*map(_linked, row)] for row in self.rows)
        return table_in_html(rows, [_CELL] * len(self.head), head=self.head)


#: Selectors that read the terms of a cost.
OF_LOCAL_TERMS = {"dynamic_programming", "partition_crossover_search", "tree_elimination"}

#: selector -> when to use it
SELECTORS = {
    "exhaustive": "up to some 20 neurons, or to know the truth",
    "random_search": "as the rival that knows nothing",
    "one_flip_search": "first of all, on any cost: it is hard to beat",
    "simulated_annealing": "where one-flip search stops in local minima",
    "tabu_search": "the same, where there are calls for some n flips at each step",
    "genetic_search": "as the rival from evolutionary computation",
    "partition_crossover_search": "on a cost of local terms with many local minima",
    "dynamic_programming": "on a LocalCost of neighbouring neurons: exact for any n",
    "tree_elimination": "on any cost of local terms that a narrow tree holds: exact",
    "grover_search": "to learn; with a threshold and the number of marked masks known",
    "adaptive_grover": "Grover's search where neither is known",
    "qaoa_sampling": "to steer towards low cost with few layers",
    "local_selection": "beyond 20 neurons: another selector on blocks",
    "variational_annealing": "to learn: no fewer calls than one-flip search, and many amplitudes",
    "guided_search": "where a relaxed problem says which neurons are sure",
}


def show_terms(part: str) -> Table:
    """The terms of a part of `GLOSSARY`."""
    check_choice("part", part, [*GLOSSARY])
    rows = [astuple(term) for term in GLOSSARY[part]]
    return Table(("term", "means", "notebook"), rows)


def show_lessons() -> Table:
    """Every lesson of the course, and what one does in it."""
    rows = [(lesson.number, lesson.title, lesson.does) for lesson in LESSONS]
    return Table(("notebook", "lesson", "what one does in it"), rows)


def show_selectors() -> Table:
    """Every selector: when to use it, and what its ledger counted in a run on six neurons."""
    rows = [(name, when, ", ".join(ledger_counts()[name])) for name, when in SELECTORS.items()]
    return Table(("selector", "when to use it", "its ledger counts"), rows)


@lru_cache
def ledger_counts() -> dict[str, list[str]]:
    """Runs every selector once, and reads from its ledger what it counts: selector -> names."""
    table = build_problem("moons", 6, seed=7).table
    chain = LocalCost([((j, j + 1), np.array([0.0, 1.0, 1.0, 0.5])) for j in range(5)], 6)
    options: dict[str, dict[str, Any]] = {
        "local_selection": {"block_size": 2},
        "random_search": {"max_cost_queries": 9},
        "guided_search": {"guide": [3, -2, 1, 0, 0, 0], "n_fixed": 3},
    }
    counts = {}
    for name in SELECTORS:
        selector, cost = getattr(selectors, name), chain if name in OF_LOCAL_TERMS else table
        found = run(selector, cost, rng=np.random.default_rng(0), **options.get(name, {}))
        spent = {what: count for what, count in vars(found.ledger).items() if count}
        counts[name] = [what for what in spent if what != "seconds"]
    return counts


def figure_bit_order(mask_string: str) -> Captioned:
    """Shows a mask as neurons, as qubits, as a string and as an index."""
    mask = mask_from_string(mask_string)
    kept, n = np.flatnonzero(mask), len(mask)
    *early, last = map(str, kept)
    neurons = f"{', '.join(early)} and {last}"
    values = " + ".join(str(2 ** (n - 1 - j)) for j in kept)
    ax = draw_bit_order(new_axes(width=8, height=2.8)[0], mask_string)
    return Captioned(
        ax,
        f"Mask {mask_string}: neurons {neurons} stay, qubits {neurons} are 1; "
        f"{values} = index {mask_to_index(mask)}.",
    )


def figure_modules(imports: Imports) -> Captioned:
    """Shows how labkit's modules meet, and which of them most others import."""
    users = Counter(used for module in imports.values() for used in module)
    ax = draw_modules(new_axes(width=9.5, height=6.5)[0], imports)
    most = ", ".join(f"{name} by {count}" for name, count in users.most_common(3))
    return Captioned(ax, f"{len(imports)} modules. Most used: {most}.")


@exercise("16-1")
def neurons_of_an_index(answer: Any) -> str | None:
    """The neurons that stay in mask index 37 of six."""
    expected = np.flatnonzero(all_masks(6)[37]).tolist()
    if not isinstance(answer, list | tuple | set | np.ndarray) or not len(answer):
        return f"A list of neurons such as [0, 3] is expected; {answer!r} came."
    came = sorted({int(j) for j in answer})
    if came == expected:
        return None
    if any(not 0 <= j < 6 for j in came):
        return f"{came} came; the neurons are 0 to 5."
    string = "".join(str(int(j in came)) for j in range(6))
    return f"{came} came: that is mask {string}, index {mask_to_index(mask_from_string(string))}."


@exercise("16-2")
def selectors_that_are_quantum(answer: Any) -> str | None:
    """The names of the selectors whose ledger counts oracle calls or cost layers."""
    quantum = {*CALLS_IN_CIRCUIT}
    expected = {name for name, counts in ledger_counts().items() if quantum & {*counts}}
    if isinstance(answer, str) or not hasattr(answer, "__iter__"):
        return f"A set of names is expected; {answer!r} came."
    came = set(answer)
    if unknown := came - set(SELECTORS):
        return f"{min(unknown, key=str)!r} is none of {', '.join(sorted(SELECTORS))}."
    if extra := came - expected:
        counts = ", ".join(ledger_counts()[min(extra)])
        return f"{min(extra)} does not belong: its ledger counts {counts}, as any computer can."
    if expected - came:
        counted = " or ".join(CALLS_IN_CIRCUIT)
        return f"All of {sorted(came)} belong, but others count {counted} too: read the table."
    return None


@exercise("16-3")
def price_of_blocks(answer: Any) -> str | None:
    """A function (n, k) -> qubits entangled at a time, costs asked for by one pass of blocks."""
    for n, k in ((8, 2), (6, 6), (10, 3), (9, 4), (7, 1)):
        table, rng = build_problem("moons", n, seed=0).table, np.random.default_rng(0)
        walk = walk_locally(table, rng=rng, block_size=k, scheme="one_pass")
        expected = (max(len(step.block) for step in walk.steps), len(walk.selection.history))
        if np.shape(given := answer(n, k)) != (2,):
            return f"Two numbers are expected, qubits and costs; {show_value(given)} came."
        qubits, queries = given
        if (qubits, queries) != expected:
            return (
                f"For {n} neurons in blocks of {k}, {expected[0]} qubits are entangled at a time "
                f"and {expected[1]} costs are asked for; {qubits} and {queries} came."
            )
    return None


def _linked(value: str) -> str | HTML:
    if value not in BY_NUMBER:
        return value
    link = f'<a href="{BY_NUMBER[value].notebook}">{value}</a>'
    return HTML(link)  # type: ignore[no-untyped-call]
