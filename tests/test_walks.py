"""Walks: every cost that they tell is that of `evaluate`, wherever they have been."""

from __future__ import annotations

import copy
import importlib
import math
import pickle
import re
from collections.abc import Callable
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import cost_tables, generators

from labkit.arrays import BoolArray
from labkit.costs import CheckedCost, CostTable, FunctionCost, LocalCost, PauliZCost
from labkit.costs.tables import walk_of
from labkit.costs.walks import (
    EvaluatedWalk,
    IndexWalk,
    Rule,
    Tabu,
    Walk,
    building,
    exponentials,
    many_flips,
    quadratic,
    starting,
)
from labkit.costs.walks.arrays import FieldsWalk, OutputsWalk, PlacesWalk
from labkit.costs.walks.building import Contributions, HiddenUnits
from labkit.costs.walks.compiled import CompiledWalk, warm_up
from labkit.masks import all_masks, mask_to_string
from labkit.networks import sample_network
from labkit.scoring import COSTS, NetworkCost, network_cost, quadratic_cost
from labkit.scoring.hidden_walks import ManyInputsWalk, TwoLayerWalk
from labkit.selectors import (
    local_selection,
    one_flip_search,
    run,
    simulated_annealing,
    tabu_search,
)

Generator = np.random.Generator
DESCENT = Rule(0.0, 0.0, float("nan"))


def polynomial(n: int, rng: Generator, *, order: int = 4, terms: int = 30) -> PauliZCost:
    sizes = rng.integers(0, min(order, n) + 1, terms)
    chosen = (tuple(rng.choice(n, size, replace=False).tolist()) for size in sizes)
    return PauliZCost({neurons: float(rng.normal()) for neurons in chosen}, n)


def dense(n: int, rng: Generator) -> PauliZCost:
    terms: dict[tuple[int, ...], float] = {(): 1.0, (0,): 0.5}
    pairs = ((i, j) for j in range(n) for i in range(j))
    return PauliZCost(terms | {pair: float(rng.normal()) for pair in pairs}, n)


def local_cost(n: int, rng: Generator, *, order: int = 4, terms: int = 12) -> LocalCost:
    sizes = rng.integers(0, min(order, n) + 1, terms)
    chosen = [tuple(rng.choice(n, size, replace=False).tolist()) for size in sizes]
    return LocalCost([(neurons, rng.normal(size=2 ** len(neurons))) for neurons in chosen], n)


def samples(rng: Generator, n_classes: int) -> tuple[Any, Any]:
    y = rng.permutation(np.arange(24) % n_classes)
    return rng.normal(size=(24, 2)) + 0.5 * y[:, np.newaxis], y


def network(
    kind: str, cost: str, rng: Generator, *, n_classes: int = 2, n_hidden: int = 4
) -> NetworkCost:
    x, y = samples(rng, n_classes)
    of_kind: dict[str, dict[str, Any]] = {
        "neuron": {},
        "weight": {"mask_kind": "weight"},
        "two layers": {"hidden_layers": 2},
        "many inputs": {"mask_kind": "weight"},
    }
    options = of_kind[kind]
    if kind == "many inputs":
        x = np.tile(x, (1, 8))
        n_hidden = 2
    n_outputs, readout = (1, "signed_constant") if n_classes == 2 else (n_classes, "gaussian")
    options |= {"scale": 2.0, "seed": int(rng.integers(2**31)), "readout": readout}
    arrays = sample_network(x.shape[1], n_hidden, n_outputs, **options).adapted(x)
    return network_cost(arrays, x, y, cost=cost)


KINDS = ("neuron", "weight", "two layers", "many inputs")
#: What makes a cost, and the walk that it is to have.
COSTS_AND_WALKS: dict[str, tuple[Callable[[Generator], Any], type[Walk]]] = {
    "table": (lambda rng: CostTable(rng.normal(size=64), 6), IndexWalk),
    "one neuron": (lambda rng: CostTable(rng.normal(size=2), 1), IndexWalk),
    "fields": (lambda rng: polynomial(6, rng, order=1), CompiledWalk),
    "pairs": (lambda rng: polynomial(9, rng, order=2), CompiledWalk),
    "polynomial": (lambda rng: polynomial(7, rng), CompiledWalk),
    "constant": (lambda rng: PauliZCost({(): 2.5}, 3), CompiledWalk),
    "small tables": (lambda rng: local_cost(8, rng), CompiledWalk),
    "no table": (lambda rng: LocalCost([((), np.array([2.5]))], 3), CompiledWalk),
    "function": (lambda rng: FunctionCost(lambda mask: mask.sum() ** 2, 5), EvaluatedWalk),
}
HIDDEN: dict[str, type[Walk]] = {"two layers": TwoLayerWalk, "many inputs": ManyInputsWalk}
for kind, cost, n_classes in product(KINDS, COSTS, (2, 3)):
    make = partial(network, kind, cost, n_classes=n_classes)
    COSTS_AND_WALKS[f"{kind}, {cost}, {n_classes} classes"] = make, HIDDEN.get(kind, CompiledWalk)


def in_numpy(make: Callable[[Generator], Any], rng: Generator) -> Any:
    """A cost whose walks begin as they do where numba is missing."""
    cost = make(rng)

    def walk(neuron_mask: BoolArray) -> Walk:
        with pytest.MonkeyPatch.context() as patch:
            for module in (starting, building):
                patch.setattr(module, "can_compile", lambda: False)
            return type(cost)._walk(cost, neuron_mask)

    object.__setattr__(cost, "_walk", walk)
    return cost


COMPILED = {name: make for name, (make, kind) in COSTS_AND_WALKS.items() if kind is CompiledWalk}
for name, compiled in COMPILED.items():
    of_kind = {"neuron": OutputsWalk, "weight": OutputsWalk, "small": PlacesWalk, "no": PlacesWalk}
    in_arrays: Any = of_kind.get(re.split("[ ,]", name)[0], FieldsWalk)
    COSTS_AND_WALKS[f"{name}, in NumPy"] = partial(in_numpy, compiled), in_arrays
every_cost = st.sampled_from([*COSTS_AND_WALKS])


def draw(name: str, rng: Generator) -> tuple[Any, BoolArray]:
    """A cost and a mask."""
    cost = COSTS_AND_WALKS[name][0](rng)
    return cost, rng.random(cost.n_neurons) < 0.5


@given(st.sampled_from([*COMPILED]), generators, st.sampled_from([0.0, 0.3]))
def test_without_numba_every_search_takes_the_same_steps(
    name: str, rng: Generator, temperature: float
) -> None:
    (cost, mask), state = draw(name, rng), rng.bit_generator.state
    told = []
    for one in (cost, in_numpy(lambda _: copy.copy(cost), rng)):
        rng.bit_generator.state = state
        walk, n = one.walk(mask), cost.n_neurons
        rule = Rule(temperature, cost.magnitude, float("nan"))
        kept = walk.try_flips(rng.integers(0, n, 20), rule, rng.random(20)).kept
        blocks = np.array([rng.permutation(n)[: min(n, 4)] for _ in range(5)])
        chosen = walk.choose_blocks(blocks, DESCENT._replace(magnitude=cost.magnitude)).kept
        tabu = Tabu(np.zeros(n, dtype=np.int64), 0, min(2, n - 1), np.inf, float("nan"))
        steps = walk.take_steps(9, tabu)
        told.append((walk, [kept.tolist(), chosen.tolist(), steps.neurons.tolist()], steps.costs))
    (compiled, choices, costs), (plain, same, near) = told
    assert same == choices
    np.testing.assert_allclose(near, costs, rtol=0, atol=tolerance(cost))
    assert plain.group_costs([range(n)]) == pytest.approx(compiled.group_costs([range(n)]))


def tolerance(cost: Any) -> float:
    return 1e-9 * max(1.0, cost.magnitude)


@pytest.mark.parametrize("name", COSTS_AND_WALKS)
def test_each_form_of_cost_has_the_walk_that_knows_it(name: str) -> None:
    cost, mask = draw(name, np.random.default_rng(0))
    walk = cost.walk(mask)
    assert type(walk) is COSTS_AND_WALKS[name][1]
    assert walk.neuron_mask.tolist() == mask.tolist()
    assert walk.n_neurons == cost.n_neurons


@pytest.mark.parametrize("name", COSTS_AND_WALKS)
def test_each_single_flip_costs_what_evaluate_says_after_any_moves(name: str) -> None:
    rng = np.random.default_rng(1)
    cost, mask = draw(name, rng)
    walk, n = cost.walk(mask), cost.n_neurons
    for neuron in [None, *rng.integers(0, n, 40).tolist(), *range(n), *range(n)]:
        if neuron is not None:
            walk.flip(neuron)
            mask[neuron] ^= True
        assert walk.neuron_mask.tolist() == mask.tolist()
        assert walk.cost == pytest.approx(float(cost.evaluate(mask)), abs=tolerance(cost))
        expected = cost.evaluate(mask ^ np.eye(n, dtype=bool))
        np.testing.assert_allclose(walk.flip_costs(), expected, rtol=0, atol=tolerance(cost))
        some = rng.integers(0, n, 3)
        np.testing.assert_allclose(walk.flip_costs(some), expected[some], atol=tolerance(cost))


@given(every_cost, generators, st.integers(1, 5))
def test_each_mask_of_a_block_costs_what_evaluate_says_and_the_walk_stays(
    name: str, rng: Generator, size: int
) -> None:
    cost, mask = draw(name, rng)
    block = rng.permutation(cost.n_neurons)[:size]
    walk = cost.walk(mask)
    masks = np.repeat(mask[np.newaxis], 2 ** len(block), axis=0)
    masks[:, block] = all_masks(len(block))
    for _ in range(2):
        costs = walk.block_costs(block)
        np.testing.assert_allclose(costs, cost.evaluate(masks), rtol=0, atol=tolerance(cost))
    assert walk.neuron_mask.tolist() == mask.tolist()
    assert walk.cost == pytest.approx(float(cost.evaluate(mask)), abs=tolerance(cost))


@given(every_cost, generators, st.integers(1, 4))
def test_of_each_block_the_best_mask_is_taken_and_the_first_at_the_target_ends_it(
    name: str, rng: Generator, size: int
) -> None:
    cost, mask = draw(name, rng)
    n, size = cost.n_neurons, min(size, cost.n_neurons)
    blocks = np.array([rng.permutation(n)[:size] for _ in range(6)])
    blocks[::2, 1:] = -1  # of one neuron
    whole = cost.walk(mask).choose_blocks(blocks, DESCENT._replace(magnitude=cost.magnitude))
    for block, least, kept in zip(blocks, whole.costs, whole.kept, strict=True):
        free = block[block >= 0]
        masks = np.repeat(mask[np.newaxis], 2 ** len(free), axis=0)
        masks[:, free] = all_masks(len(free))
        assert least == pytest.approx(float(cost.evaluate(masks).min()), abs=tolerance(cost))
        mask[block[kept]] ^= True
        assert float(cost.evaluate(mask)) == pytest.approx(least, abs=tolerance(cost))
    mask = rng.random(n) < 0.5
    walk = cost.walk(mask)
    rule = Rule(0.0, cost.magnitude, target=np.inf)
    found = walk.choose_blocks(blocks, rule)
    ends = np.flatnonzero(found.kept.any(axis=1))
    assert len(found.costs) == (ends[0] + 1 if len(ends) else len(blocks))
    assert walk.neuron_mask.tolist() == mask.tolist()


@given(every_cost, generators, st.sampled_from([0.0, 0.3]))
def test_flips_that_are_tried_cost_what_evaluate_says_and_are_kept_by_the_rule(
    name: str, rng: Generator, temperature: float
) -> None:
    cost, mask = draw(name, rng)
    walk, order = cost.walk(mask), rng.integers(0, cost.n_neurons, 25)
    rule, draws = Rule(temperature, cost.magnitude, float("nan")), rng.random(25)
    flips = walk.try_flips(order, rule, draws)
    assert len(flips.costs) == len(flips.kept) == 25
    here = float(cost.evaluate(mask))
    for j, draw_, told, kept in zip(order, draws, *flips, strict=True):
        mask[j] ^= True
        flipped = float(cost.evaluate(mask))
        assert told == pytest.approx(flipped, abs=tolerance(cost))
        if abs(flipped - here) > tolerance(cost):
            assert kept == rule.keeps(here, flipped, float(draw_))
        here = flipped if kept else here
        mask[j] ^= not kept
    assert walk.neuron_mask.tolist() == mask.tolist()


@given(every_cost, generators)
def test_flips_end_at_the_first_that_reaches_the_target_which_is_not_made(
    name: str, rng: Generator
) -> None:
    cost, mask = draw(name, rng)
    order = rng.permutation(cost.n_neurons)
    whole = cost.walk(mask).try_flips(order, Rule(0.0, cost.magnitude, float("nan")), np.empty(0))
    target = float(whole.costs[rng.integers(len(order))])
    walk = cost.walk(mask)
    cut = walk.try_flips(order, Rule(0.0, cost.magnitude, target), np.empty(0))
    assert len(cut.costs) == 1 + int((whole.costs <= target).argmax())
    assert not cut.kept[-1]
    made = order[: len(cut.kept)][cut.kept]
    assert (walk.neuron_mask != mask).sum() == len(made)


@given(cost_tables(), generators)
def test_of_a_table_the_costs_are_its_own_to_the_last_digit(
    table: CostTable, rng: Generator
) -> None:
    mask = rng.random(table.n_neurons) < 0.5
    flipped = mask ^ np.eye(table.n_neurons, dtype=bool)
    assert table.walk(mask).flip_costs().tolist() == table.evaluate(flipped).tolist()


def walk_far(cost: CheckedCost, steps: int) -> float:
    """How far from `evaluate` a walk tells the cost after so many flips, at the worst look."""
    rng, n = np.random.default_rng(3), cost.n_neurons
    walk, hot = cost.walk(rng.random(n) < 0.5), Rule(1e12, 0.0, float("nan"))
    worst = 0.0
    for _ in range(10):
        order = rng.integers(0, n, steps // 10)
        assert walk.try_flips(order, hot, np.zeros(len(order))).kept.all()
        worst = max(worst, abs(walk.cost - float(cost.evaluate(walk.neuron_mask))))
        expected = cost.evaluate(walk.neuron_mask ^ np.eye(n, dtype=bool))
        worst = max(worst, float(np.abs(walk.flip_costs() - expected).max()))
    return worst


@pytest.mark.parametrize(
    "name",
    ["pairs", "polynomial", "small tables"]
    + [f"{kind}, {cost}, 2 classes" for kind in ("neuron", "weight") for cost in COSTS]
    + ["neuron, cross_entropy, 3 classes"],
)
def test_a_million_moves_do_not_add_up_rounding(name: str) -> None:
    cost, _ = draw(name, np.random.default_rng(2))
    assert walk_far(cost, 10**6) < 1e-9


def test_a_state_is_summed_anew_after_some_steps() -> None:
    cost, mask = draw("pairs", np.random.default_rng(0))
    walk = cost.walk(mask)
    walk._state.fields[:] += 1.0  # rounding, of a kind that never goes
    wrong = walk.flip_costs()
    walk.try_flips(np.zeros(2**11, dtype=int), Rule(1e9, 0.0, float("nan")), np.zeros(2**11))
    right = cost.walk(walk.neuron_mask).flip_costs()
    assert abs(wrong - right).max() > 1
    np.testing.assert_allclose(walk.flip_costs(), right)


def test_no_neuron_kept_is_an_error_on_every_sample_after_a_long_way_too() -> None:
    cost = network("neuron", "error_rate", np.random.default_rng(5), n_hidden=9)
    walk = cost.walk("1" * 9)
    for neuron in [*range(9), *range(9), *range(9)]:
        walk.flip(neuron)
    assert mask_to_string(walk.neuron_mask) == "0" * 9
    assert walk.cost == float(cost.evaluate("0" * 9)) == 1.0


@pytest.mark.parametrize("share", [1e3, 1e-3])
def test_large_outputs_neither_overflow_nor_lose_the_small_ones(share: float) -> None:
    rng = np.random.default_rng(6)
    for n_classes in (2, 3):
        x, y = samples(rng, n_classes)
        n_outputs = 1 if n_classes == 2 else n_classes
        arrays = sample_network(2, 30, n_outputs, readout="gaussian", scale=share, seed=1)
        cost = network_cost(arrays.adapted(x), x, y)
        mask = rng.random(30) < 0.5
        expected = cost.evaluate(mask ^ np.eye(30, dtype=bool))
        np.testing.assert_allclose(cost.walk(mask).flip_costs(), expected, rtol=1e-12)


@given(
    generators,
    st.integers(1, 9),
    st.integers(1, 7),
    st.integers(2, 5),
    st.sampled_from([0, 1, 2]),
    st.sampled_from([1e-3, 1.0, 1e3]),
)
def test_units_and_readout_apart_walk_as_their_products_do(
    rng: Generator, n: int, n_samples: int, n_outputs: int, cost: int, size: float
) -> None:
    units, readout = size * rng.normal(size=(n, n_samples)), rng.normal(size=(n, n_outputs))
    targets = 2.0 * np.eye(n_outputs)[rng.integers(0, n_outputs, n_samples)] - 1.0
    apart = HiddenUnits.of(units, readout, targets, cost=cost)
    products, nothing = units[:, :, np.newaxis] * readout[:, np.newaxis], np.zeros_like(targets)
    whole = Contributions.of(products, targets, cost=cost, width=0, constant=nothing)
    assert apart.rounding == pytest.approx(whole.rounding)
    mask = rng.random(n) < 0.5
    walks = [CompiledWalk(make, mask.copy()) for make in (apart, whole)]
    for neuron in [*rng.integers(0, n, 20).tolist(), 0]:
        here, expected = (walk.flip_costs() for walk in walks)
        np.testing.assert_allclose(here, expected, rtol=1e-9, atol=1e-9 * size)
        assert walks[0].cost == pytest.approx(walks[1].cost, rel=1e-9, abs=1e-9 * size)
        for walk in walks:
            walk.flip(neuron)
    one, other = (walk.block_costs([0]) for walk in walks)
    np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9 * size)


def test_more_samples_than_one_product_holds() -> None:
    rng = np.random.default_rng(7)
    x, y = rng.normal(size=(1500, 2)), rng.integers(0, 2, 1500)
    arrays = sample_network(2, 6, 1, scale=0.01, seed=1).adapted(x)  # 1 + exp(-|m|) near 2
    cost, mask = network_cost(arrays, x, y), rng.random(6) < 0.5
    expected = cost.evaluate(mask ^ np.eye(6, dtype=bool))
    np.testing.assert_allclose(cost.walk(mask).flip_costs(), expected, rtol=1e-12)


def test_a_walk_of_the_quadratic_form_and_one_of_the_network_tell_the_same() -> None:
    rng = np.random.default_rng(8)
    cost = network("neuron", "squared_error", rng, n_hidden=40)
    form = quadratic_cost(cost.network, cost.x, cost.y)
    mask = rng.random(40) < 0.5
    np.testing.assert_allclose(cost.walk(mask).flip_costs(), form.walk(mask).flip_costs())


@pytest.mark.parametrize("name", ["pairs", "small tables", "neuron, error_rate, 2 classes"])
def test_walks_from_one_cost_do_not_meet(name: str) -> None:
    cost, mask = draw(name, np.random.default_rng(9))
    one, other = cost.walk(mask), cost.walk(mask)
    before = other.flip_costs()
    one.flip(0)
    mask[0] ^= True
    assert (other.flip_costs() == before).all()
    assert (one.neuron_mask == mask).all()
    one.neuron_mask[0] ^= True  # a copy
    assert (one.neuron_mask == mask).all()


@pytest.mark.parametrize("name", ["small tables", "neuron, cross_entropy, 2 classes"])
def test_a_cost_that_was_walked_still_goes_to_another_process(name: str) -> None:
    cost, mask = draw(name, np.random.default_rng(10))
    cost.walk(mask)
    again = pickle.loads(pickle.dumps(cost))
    assert (again.walk(mask).flip_costs() == cost.walk(mask).flip_costs()).all()


class OnlyEvaluates:
    """All that is asked of a cost of one's own."""

    n_neurons = order = 4

    def __init__(self) -> None:
        self.asked = 0

    def evaluate(self, neuron_masks: Any) -> Any:
        masks = np.asarray(neuron_masks, dtype=bool)
        self.asked += masks[..., 0].size
        return masks @ np.array([1.0, -2.0, 4.0, -8.0])

    def to_table(self) -> CostTable:
        raise NotImplementedError


class Walks(OnlyEvaluates):
    """A cost of one's own that knows its walk."""

    def walk(self, neuron_mask: Any) -> Walk:
        return CostTable(self.evaluate(all_masks(4)), 4).walk(neuron_mask)


def test_what_only_evaluates_is_walked_with_one_evaluation_a_mask() -> None:
    cost = OnlyEvaluates()
    walk = walk_of(cost, "0110")
    assert (walk.cost, cost.asked) == (2.0, 1)
    assert walk.flip_costs().tolist() == [3.0, 4.0, -2.0, -6.0]
    assert cost.asked == 5
    walk.try_flips(np.array([3, 0]), DESCENT, np.empty(0))
    assert (walk.cost, cost.asked) == (-6.0, 7)
    walk.block_costs([0, 1])
    walk.move([3, 2], -2.0)
    assert (walk.cost, cost.asked) == (-2.0, 11)


def test_a_walk_of_ones_own_is_taken() -> None:
    assert isinstance(walk_of(Walks(), "0110"), IndexWalk)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda walk: walk.flip(3), r"^neuron=3 is too large \(limit: 2\)$"),
        (lambda walk: walk.flip(-1), r"^neuron=-1 is too small"),
        (lambda walk: walk.flip(0.5), r"^neuron=0\.5 is not an integer"),
        (lambda walk: walk.flip_costs([0, 3]), r"^neurons=\[0, 3\] holds .* \(limit: 0 to 2\)$"),
        (lambda walk: walk.flip_costs([-1]), r"^neurons=\[-1\] holds one out of range"),
        (lambda walk: walk.flip_costs([0.5]), r"^neurons=\[0\.5\] is not a sequence of integers$"),
        (lambda walk: walk.flip_costs(1), r"^neurons=1 is not a sequence of integers$"),
        (lambda walk: walk.block_costs([1, 1]), r"^block=\[1, 1\] \(limit: neurons, each once\)$"),
        (lambda walk: walk.block_costs([]), r"^block=\[\] \(limit: neurons, each once\)$"),
        (lambda walk: walk.move([7], 0.0), r"^neurons=\[7\] holds one out of range"),
    ],
)
def test_neurons_out_of_range_are_refused(call: Any, expected: str) -> None:
    for cost in (CostTable(np.arange(8.0), 3), PauliZCost({(0, 1): 1.0}, 3)):
        with pytest.raises((TypeError, ValueError), match=expected):
            call(cost.walk("010"))


def test_a_mask_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^neuron_mask has 2 entries; this network has 3"):
        PauliZCost({(0, 1): 1.0}, 3).walk("01")


def test_a_cost_of_outputs_without_a_loop_is_evaluated(monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module("labkit.scoring.network_cost")
    monkeypatch.setattr(module, "COSTS_OF_OUTPUTS", ("squared_error",))
    cost = network("neuron", "cross_entropy", np.random.default_rng(11))
    walk = cost.walk("1010")
    assert isinstance(walk, EvaluatedWalk)
    assert walk.flip_costs([1]).tolist() == [float(cost.evaluate("1110"))]


@given(generators, st.integers(1, 12), st.sampled_from([0.0, 0.1, 1.0, 10.0]), st.booleans())
def test_loops_of_quadratic_costs_do_what_the_loops_of_any_state_do(
    rng: Generator, n: int, temperature: float, is_dense: bool
) -> None:
    cost, mask = dense(n, rng) if is_dense else polynomial(n, rng, order=2), rng.random(n) < 0.5
    walks: list[Any] = [cost.walk(mask), cost.walk(mask)]
    assert walks[0]._of_many is quadratic
    walks[1]._of_many = many_flips
    order, rule = np.tile(rng.permutation(n), 5), Rule(temperature, 1.0, float("nan"))
    draws = rng.random(len(order))
    tried = [walk.try_flips(order, rule, draws) for walk in walks]
    assert tried[0].costs.tolist() == tried[1].costs.tolist()
    assert tried[0].kept.tolist() == tried[1].kept.tolist()
    tenure = (n - 1) // 2
    tabus = [Tabu(np.zeros(n, dtype=np.int64), 0, tenure, walk.cost, math.nan) for walk in walks]
    taken = [walk.take_steps(20, tabu) for walk, tabu in zip(walks, tabus, strict=True)]
    assert taken[0].costs.tolist() == taken[1].costs.tolist()
    assert taken[0].neurons.tolist() == taken[1].neurons.tolist()
    assert walks[0].cost == walks[1].cost
    assert walks[0].neuron_mask.tolist() == walks[1].neuron_mask.tolist()


@pytest.mark.parametrize("draw", [0.0, 2.0**-53, 1e-9, 0.3, 0.5, 0.75, 1 - 2.0**-53])
@pytest.mark.parametrize("temperature", [1e-200, 0.7, 1e200])
def test_a_rise_next_to_the_largest_that_a_draw_keeps_is_decided_by_the_exponential(
    draw: float, temperature: float
) -> None:
    bound = temperature * (-math.log(draw) if draw else 40.0)
    for rise in bound * (1 + np.array([-1e-8, -1e-12, -(2**-52), 0.0, 2**-52, 1e-12, 1e-8])):
        walk, rule = PauliZCost({(0,): rise / 2}, 1).walk("0"), Rule(temperature, 0.0, math.nan)
        (after,) = walk.flip_costs([0]).tolist()
        walk = PauliZCost({(0,): -rise / 2}, 1).walk("0") if after < walk.cost else walk
        (after,), before = walk.flip_costs([0]).tolist(), walk.cost
        tried = walk.try_flips(np.array([0]), rule, np.array([draw]))
        assert tried.kept.tolist() == [rule.keeps(before, after, draw)]


def test_the_rise_that_a_draw_keeps_is_its_logarithm() -> None:
    draws = np.concatenate([np.linspace(0, 1, 10_001)[:-1], 2.0 ** -np.arange(54), [1 - 2.0**-53]])
    rises = np.empty(len(draws))
    exponentials.rises_of_draws(draws, 3.0, rises)
    with np.errstate(divide="ignore"):
        expected = 3 * np.minimum(-np.log(draws), 40.0)
    np.testing.assert_allclose(rises, expected, rtol=0, atol=3e-10)


def test_after_the_warm_up_no_search_compiles_anything() -> None:
    warm_up()
    for make, walk in COSTS_AND_WALKS.values():
        if walk is CompiledWalk:
            cost = make(np.random.default_rng(0))
            for selector in (one_flip_search, simulated_annealing, tabu_search, local_selection):
                options: dict[str, Any] = {"block_size": 2} if selector is local_selection else {}
                for target in (None, -1e9):
                    options["target_cost"] = target
                    run(selector, cost, rng=np.random.default_rng(0), **options)
                walk_of(cost, np.zeros(cost.n_neurons, dtype=bool)).group_costs([[0]])
    loops = {name: loop for name, loop in vars(many_flips).items() if hasattr(loop, "signatures")}
    states = {name: len(loop.signatures) for name, loop in loops.items()}
    assert {*states.values()} == {4}, states
    own = (quadratic._try_flips, quadratic._take_steps, exponentials.rises_of_draws)
    assert [len(loop.signatures) for loop in own] == [1, 1, 1]


def test_exponentials_of_margins_are_exact_to_rounding() -> None:
    sizes = np.concatenate([[0.0], np.logspace(-20, np.log10(699), 20_001), [700, 1e4, 1e300]])
    outputs = np.concatenate([sizes, -sizes])
    targets, row = np.sign(np.cos(np.arange(len(outputs)))), np.zeros(len(outputs))
    powers, fractions = np.empty((2, len(outputs)))
    exponentials.exp_of_margins(outputs, row, 1.0, targets, powers, fractions)
    expected = np.exp(np.maximum(-np.abs(outputs), -700.0))
    np.testing.assert_allclose(powers * fractions, expected, rtol=2**-51, atol=0)


def test_exponentials_of_numbers_below_0_are_exact_to_rounding() -> None:
    numbers = -np.concatenate([[0.0], np.logspace(-20, np.log10(699), 20_001), [700, 1e4, 1e300]])
    powers, fractions = numbers.copy(), np.empty(len(numbers))
    exponentials.exp_of_negative(powers, fractions)
    expected = np.exp(np.maximum(numbers, -700.0))
    np.testing.assert_allclose(powers * fractions, expected, rtol=2**-51, atol=0)
