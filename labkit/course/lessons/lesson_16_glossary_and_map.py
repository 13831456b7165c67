"""Notebook 16: its tables of terms and of selectors, and its exercises."""

from __future__ import annotations

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
from labkit.course.registry import BY_NUMBER
from labkit.limits import check_choice
from labkit.masks import all_masks, mask_from_string, mask_to_index
from labkit.problems import build_problem
from labkit.selectors import Selection, run
from labkit.selectors.local import walk_locally

_CELL = "text-align:left;vertical-align:top"


@dataclass(frozen=True)
class SelectorRow:
    """A selector: when to use it, and what its ledger counts."""

    name: str
    when: str
    counts: str


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


#: selector -> when to use it
SELECTORS = {
    "exhaustive": "up to some 20 neurons, or to know the truth",
    "random_search": "as the rival that knows nothing",
    "one_flip_search": "first of all, on any cost: it is hard to beat",
    "simulated_annealing": "where one-flip search stops in local minima",
    "dynamic_programming": "on a LocalCost of neighbouring neurons: exact for any n",
    "grover_search": "to learn; with a threshold and the number of marked masks known",
    "adaptive_grover": "Grover's search where neither is known",
    "qaoa_sampling": "to steer towards low cost with few layers",
    "local_selection": "beyond 20 neurons: another selector on blocks",
}


def show_terms(part: str) -> Table:
    """The terms of a part of the glossary.

    Args:
        part: 'network', 'cost', 'register', 'search', 'QAOA', 'locality' or 'book'.

    Raises:
        ValueError: there is no such part.
    """
    check_choice("part", part, [*GLOSSARY])
    rows = [astuple(term) for term in GLOSSARY[part]]
    return Table(("term", "means", "notebook"), rows)


def show_selectors() -> Table:
    """Every selector: when to use it, and what its ledger counted in a run on six neurons."""
    rows = [(row.name, row.when, row.counts) for row in selector_rows()]
    return Table(("selector", "when to use it", "its ledger counts"), rows)


@lru_cache
def selector_rows() -> tuple[SelectorRow, ...]:
    """Runs every selector once, and reads from its ledger what it counts."""
    return tuple(
        SelectorRow(name, when, ", ".join(_counted(_run_on_six_neurons(name))))
        for name, when in SELECTORS.items()
    )


@exercise("16-1")
def neurons_of_an_index(answer: Any) -> str | None:
    """The neurons that stay in mask index 37 of six."""
    expected = np.flatnonzero(all_masks(6)[37]).tolist()
    if not isinstance(answer, list | tuple | set | np.ndarray) or not len(answer):
        return f"A list of neurons such as [0, 3] is expected; {answer!r} came."
    came = sorted(int(j) for j in answer)
    if came == expected:
        return None
    if any(not 0 <= j < 6 for j in came):
        return f"{came} came; the neurons are 0 to 5."
    string = "".join(str(int(j in came)) for j in range(6))
    return f"{came} came: that is mask {string}, index {mask_to_index(mask_from_string(string))}."


@exercise("16-2")
def selectors_that_are_quantum(answer: Any) -> str | None:
    """The names of the selectors whose ledger counts oracle calls or cost layers."""
    expected = {
        row.name
        for row in selector_rows()
        if "oracle_calls" in row.counts or "cost_layers" in row.counts
    }
    if isinstance(answer, str) or not hasattr(answer, "__iter__"):
        return f"A set of names is expected; {answer!r} came."
    came = set(answer)
    if unknown := came - set(SELECTORS):
        return f"{min(unknown, key=str)!r} is none of {', '.join(sorted(SELECTORS))}."
    if extra := came - expected:
        return f"{min(extra)} does not belong; {len(expected)} names are expected."
    if missing := expected - came:
        return f"{len(missing)} of {len(expected)} names are missing."
    return None


@exercise("16-3")
def price_of_blocks(answer: Any) -> str | None:
    """A function (n, k) -> qubits entangled at a time, costs asked for by one pass of blocks."""
    for n, k in ((8, 2), (6, 6), (10, 3), (9, 4), (7, 1)):
        table, rng = build_problem("moons", n, seed=0).table, np.random.default_rng(0)
        walk = walk_locally(table, rng=rng, block_size=k, scheme="one_pass")
        expected = (max(len(step.block) for step in walk.steps), len(walk.selection.history))
        qubits, queries = answer(n, k)
        if (qubits, queries) != expected:
            return (
                f"For {n} neurons in blocks of {k}, {expected[0]} qubits are entangled at a time "
                f"and {expected[1]} costs are asked for; {qubits} and {queries} came."
            )
    return None


def _run_on_six_neurons(name: str) -> Selection:
    rng, table = np.random.default_rng(0), build_problem("moons", 6, seed=7).table
    options = {"local_selection": {"block_size": 2}, "random_search": {"max_cost_queries": 9}}
    cost = _chain_of_terms() if name == "dynamic_programming" else table
    return run(getattr(selectors, name), cost, rng=rng, **options.get(name, {}))


def _chain_of_terms() -> LocalCost:
    terms = [((j, j + 1), np.array([0.0, 1.0, 1.0, 0.5])) for j in range(5)]
    return LocalCost(terms, 6)


def _counted(found: Selection) -> list[str]:
    ledger = vars(found.ledger)
    return [name for name, count in ledger.items() if count and name != "seconds"]


def _linked(value: str) -> str | HTML:
    if value not in BY_NUMBER:
        return value
    link = f'<a href="{BY_NUMBER[value].notebook}">{value}</a>'
    return HTML(link)  # type: ignore[no-untyped-call]
