"""Samplers of others select neurons: what they are given, what is read, and what is counted."""

from __future__ import annotations

import sys
from typing import Any

import dimod
import numpy as np
import pytest

from labkit.costs import CostTable, FunctionCost, LocalCost, PauliZCost
from labkit.selectors import exhaustive, run, select_with
from labkit.selectors.selection import Selection

COSTS: dict[str, Any] = {
    "quadratic": lambda rng: quadratic(6, rng),
    "cubic": lambda rng: PauliZCost(
        {(0, 1, 2): 1.0, (1, 2, 3): -0.7, (0, 3): 0.4, (2,): 0.3, (): 5.0}, 4
    ),
    "tables": lambda rng: LocalCost([((i, i + 1), rng.normal(size=4)) for i in range(4)], 5),
    "table": lambda rng: CostTable(rng.normal(size=16), 4),
}


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def quadratic(n: int, rng: np.random.Generator, **named: Any) -> PauliZCost:
    terms: dict[tuple[int, ...], float] = {(): 2.0, (0,): 0.3}
    terms |= {(i, j): float(rng.normal()) for j in range(n) for i in range(j)}
    return PauliZCost(terms, n, **named)


class Recorded:
    """A sampler with the interface of dimod's: it keeps what it is given, and solves it."""

    def __init__(self, parameters: dict[str, list[str]] | None = None) -> None:
        self.parameters = parameters
        self.given: list[tuple[Any, dict[str, Any]]] = []

    def sample(self, model: Any, **options: Any) -> Any:
        self.given.append((model, options))
        return dimod.ExactSolver().sample(model)


class Answering(Recorded):
    """A sampler that answers what it is told to."""

    def __init__(self, reads: Any) -> None:
        super().__init__()
        self.reads = reads

    def sample(self, model: Any, **options: Any) -> Any:
        return self.reads


@pytest.mark.parametrize("name", COSTS)
def test_an_exact_sampler_finds_the_least_cost_of_each_form(name: str) -> None:
    cost = COSTS[name](generator(1))
    found = select_with(dimod.ExactSolver(), cost, rng=generator())
    best = run(exhaustive, cost, rng=generator())
    assert found.cost == pytest.approx(best.cost, abs=1e-9)
    assert float(cost.evaluate(found.neuron_mask)) == found.cost


def test_a_sampler_of_polynomials_is_given_the_polynomial() -> None:
    cost = COSTS["cubic"](generator())
    solver = dimod.ExactPolySolver()
    found = select_with(solver, cost, rng=generator())
    assert found.selector == "ExactPolySolver"
    assert found.cost == pytest.approx(cost.to_table().minimum)


def test_the_mask_is_in_the_order_of_neurons_whatever_their_names_and_the_order_of_reads() -> None:
    names = ("z", "a", 7, "b", "y", "c")
    cost = quadratic(6, generator(3), names=names)
    mask = np.array([1, 0, 0, 1, 1, 0], dtype=bool)
    for vartype, low in (("SPIN", -1), ("BINARY", 0)):
        values = {
            n: 1 if keep else low for n, keep in sorted(zip(names, mask, strict=True), key=repr)
        }
        reads = dimod.SampleSet.from_samples([values], energy=[-3.0], vartype=vartype)
        found = select_with(Answering(reads), cost, rng=generator())
        assert found.neuron_mask.tolist() == mask.tolist()
        assert found.kept == ("z", "b", "y")
        assert found.cost == float(cost.evaluate(mask))  # not the energy that the sampler states


def test_the_ledger_has_the_reads_as_shots_and_one_query() -> None:
    reads = dimod.SampleSet.from_samples(
        [[1, 1], [-1, 1]], energy=[1.0, -1.0], vartype="SPIN", num_occurrences=[30, 12]
    )
    found = select_with(Answering(reads), PauliZCost({(0,): 1.0}, 2), rng=generator())
    ledger = found.ledger
    assert (ledger.shots, ledger.cost_queries, ledger.forward_passes) == (42, 1, 1)
    assert (ledger.circuit_runs, ledger.oracle_calls, ledger.cost_layers) == (0, 0, 0)
    assert ledger.seconds > 0 and found.history.tolist() == [found.cost]


def test_a_seed_is_drawn_only_for_a_sampler_that_takes_one_and_only_if_none_is_given() -> None:
    cost = quadratic(3, generator())
    seeded, plain = Recorded({"seed": [], "num_reads": []}), Recorded()
    for seed in (1, 1, 2):
        select_with(seeded, cost, rng=generator(seed))
    select_with(seeded, cost, rng=generator(), seed=5, num_reads=2)
    select_with(plain, cost, rng=generator(), num_reads=2)
    first, again, other, own = (options for _, options in seeded.given)
    assert first == again != other
    assert own == {"seed": 5, "num_reads": 2}
    assert plain.given[0][1] == {"num_reads": 2}


@pytest.mark.parametrize(
    ("sampler", "cost", "error", "words"),
    [
        (object(), quadratic(3, generator()), TypeError, "sampler="),
        (dimod.ExactSolver, 3, TypeError, "cost=3"),
        (dimod.ExactSolver(), FunctionCost(lambda m: m.sum(), 3), TypeError, "cost="),
    ],
)
def test_what_is_no_sampler_or_has_no_terms_is_refused_in_one_line(
    sampler: Any, cost: Any, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words) as caught:
        select_with(sampler, cost, rng=generator())
    assert "\n" not in str(caught.value)


def test_no_read_and_a_read_that_lacks_a_neuron_are_refused() -> None:
    cost = quadratic(3, generator())
    none = dimod.SampleSet.from_samples([], energy=[], vartype="SPIN")
    short = dimod.SampleSet.from_samples([{0: 1, 1: 1}], energy=[0.0], vartype="SPIN")
    for reads, words in ((none, "0 reads"), (short, r"no value of \[2\]")):
        with pytest.raises(ValueError, match=words):
            select_with(Answering(reads), cost, rng=generator())


def test_without_dimod_one_line_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dimod", None)
    with pytest.raises(ModuleNotFoundError, match=r"^dimod is missing: ") as caught:
        select_with(Recorded(), quadratic(3, generator()), rng=generator())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["SimulatedAnnealingSampler", "TabuSampler"])
def test_samplers_of_dwave_find_the_least_cost_of_a_few_neurons(name: str) -> None:
    samplers = pytest.importorskip("dwave.samplers")
    cost = quadratic(8, generator(2))
    options = {"timeout": 50} if name == "TabuSampler" else {"num_reads": 20}

    def once() -> Selection:
        return select_with(getattr(samplers, name)(), cost, rng=generator(4), **options)

    found = once()
    assert found.cost == pytest.approx(cost.to_table().minimum)
    assert found.neuron_mask.tolist() == once().neuron_mask.tolist()
