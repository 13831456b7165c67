"""Costs of one's own: functions of masks, batched or not, and what has no more than `evaluate`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.arrays import BoolArray
from labkit.costs import CostTable, FunctionCost, as_cost
from labkit.limits import TooLargeError
from labkit.masks import all_masks
from labkit.selectors import (
    adaptive_grover,
    exhaustive,
    grover_search,
    local_selection,
    one_flip_search,
    optimise_angles,
    qaoa_sampling,
    random_search,
    run,
    simulated_annealing,
    walk_locally,
)
from labkit.simulators import evolve_qaoa, qaoa_expectation


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


WEIGHTS = np.array([0.5, -1.0, 2.0, -0.25])
EXPECTED = all_masks(4) @ WEIGHTS


class OnlyEvaluates:
    """What somebody else's package may give."""

    n_neurons = 4

    def __init__(self) -> None:
        self.asked = 0

    def evaluate(self, neuron_masks: Any) -> Any:
        masks = np.asarray(neuron_masks)
        self.asked += int(np.prod(masks.shape[:-1]))
        return masks @ WEIGHTS


def one_at_a_time(mask: BoolArray) -> float:
    return float(sum(w for w, stays in zip(WEIGHTS, mask, strict=True) if stays))


def only_in_batches(masks: BoolArray) -> Any:
    return (masks * WEIGHTS).sum(axis=1)


@pytest.mark.parametrize(
    ("function", "takes_batches"),
    [
        (lambda mask: mask @ WEIGHTS, True),
        (only_in_batches, True),
        (one_at_a_time, False),
        (lambda mask: np.array(mask @ WEIGHTS) if mask.ndim == 1 else None, False),
        (lambda mask: mask[0] * 0.5 - mask[1] + mask[2] * 2 - mask[3] * 0.25, False),
    ],
)
def test_a_function_gives_its_costs_whether_it_takes_batches_or_not(
    function: Any, takes_batches: bool
) -> None:
    cost = FunctionCost(function, 4)
    assert cost.takes_batches == takes_batches
    np.testing.assert_allclose(cost.evaluate(all_masks(4)), EXPECTED)
    np.testing.assert_allclose(cost.to_table().costs, EXPECTED)
    assert cost.evaluate(all_masks(4).reshape(2, 8, 4)).shape == (2, 8)
    assert float(cost.evaluate("0101")) == EXPECTED[5]
    assert cost.evaluate(all_masks(4)[:0]).shape == (0,)


@given(st.integers(1, 6))
def test_numbers_of_neurons_do_not_pass_for_numbers_of_masks(n: int) -> None:
    """m[0] of a batch is a mask, and as long as a batch where n is 3."""
    cost = FunctionCost(lambda mask: mask[0] + 0.0, n)
    assert not cost.takes_batches
    np.testing.assert_array_equal(cost.evaluate(all_masks(n)), all_masks(n)[:, 0])


def test_a_function_in_single_precision_takes_batches_that_round_otherwise() -> None:
    cost = FunctionCost(lambda m: (m @ WEIGHTS).astype(np.float32) * (1 + 1e-6 * (m.ndim > 1)), 4)
    assert cost.takes_batches
    np.testing.assert_allclose(cost.to_table().costs, EXPECTED, rtol=1e-5)


@pytest.mark.parametrize("constant", [0.0, 1e6, -1e12])
def test_a_constant_hides_no_difference_between_a_batch_and_its_masks(constant: float) -> None:
    cost = FunctionCost(lambda masks: constant + masks.sum(axis=-1) - masks.sum(), 6)
    assert not cost.takes_batches
    np.testing.assert_array_equal(cost.to_table().costs, constant)
    same = FunctionCost(lambda masks: constant + masks.sum(axis=-1), 6)
    assert same.takes_batches


def test_a_function_is_tried_a_few_times_and_then_called_once_a_mask() -> None:
    calls = []

    def counted(mask: BoolArray) -> float:
        calls.append(mask.shape)
        return float(mask[0])

    cost = FunctionCost(counted, 5)
    assert len(calls) <= 8
    calls.clear()
    found = run(one_flip_search, cost, rng=generator())
    assert len(calls) == found.ledger.cost_queries + 1  # the answer is checked
    assert set(calls) == {(5,)}


def test_what_a_function_does_to_a_mask_stays_with_it() -> None:
    def spoils(mask: BoolArray) -> Any:
        total = mask.sum(axis=-1) * 1.0
        mask[...] = True
        return total

    masks = all_masks(3)
    np.testing.assert_array_equal(FunctionCost(spoils, 3).evaluate(masks), masks.sum(axis=1))
    assert not masks[0].any()


def fails_at(mask_string: str, how: Any, *, batched: bool) -> Any:
    """A function that goes wrong at one mask."""
    place = int(mask_string, 2)

    def function(masks: BoolArray) -> Any:
        index = np.asarray(masks @ np.array([4, 2, 1]))
        if not batched and masks.ndim > 1:
            raise TypeError("one at a time")
        if not (index == place).any():
            return index * 1.0
        return how(index)

    return function


def raises(index: Any) -> Any:
    raise KeyError("no such\ncolumn")


@pytest.mark.parametrize("batched", [False, True])
@pytest.mark.parametrize(
    ("how", "error", "said"),
    [
        (raises, RuntimeError, "raised KeyError: 'no such"),
        (lambda index: index * np.nan, ValueError, "is nan (limit: a finite number)"),
        (lambda index: index + np.inf, ValueError, "is inf (limit: a finite number)"),
        (lambda index: "low", TypeError, "is 'low' (limit: a number)"),
        (lambda index: index * 1j, TypeError, "(limit: a number)"),
        (lambda index: None, TypeError, "is None (limit: a number)"),
        (lambda index: [1.0, 2.0], ValueError, "has shape (2,)"),
    ],
)
def test_the_mask_at_which_a_function_goes_wrong_is_named(
    how: Any, error: type[Exception], said: str, batched: bool
) -> None:
    cost = FunctionCost(fails_at("000", how, batched=batched), 3)
    with pytest.raises(error) as refused:
        cost.to_table()
    message = str(refused.value)
    assert "function fails_at.<locals>.function" not in message
    assert message.startswith("function function of mask '000'")
    assert said in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("function", "n", "said"),
    [
        (3, 3, "function=3 is not a function"),
        (len, 0, "n_neurons=0"),
        (len, "3", "n_neurons='3'"),
        (lambda mask: "x", 3, "of mask '111' is 'x'"),
        (lambda: 1.0, 3, "raised TypeError"),
    ],
)
def test_what_is_no_function_of_masks_is_refused_at_once(function: Any, n: Any, said: str) -> None:
    with pytest.raises((TypeError, ValueError, RuntimeError)) as refused:
        FunctionCost(function, n)
    assert said in str(refused.value)


def test_a_table_is_made_where_it_is_allowed_and_else_refused_with_its_size() -> None:
    cost = FunctionCost(lambda masks: masks.sum(axis=-1) * 1.0, 20)
    expected = r"takes 2\^20 evaluations \(limit: table_up_to=65536 of FunctionCost"
    for selector in (grover_search, adaptive_grover, qaoa_sampling):
        with pytest.raises(TooLargeError, match=expected):
            run(selector, cost, rng=generator())
    small = FunctionCost(cost.function, 10, table_up_to=2**9)
    with pytest.raises(TooLargeError, match="table_up_to=512"):
        small.to_table()
    assert FunctionCost(cost.function, 10, table_up_to=2**10).to_table().minimum == 0


@pytest.mark.parametrize(
    ("selector", "options"),
    [
        (exhaustive, {}),
        (random_search, {}),
        (one_flip_search, {"restarts": 5}),
        (simulated_annealing, {"restarts": 5}),
        (grover_search, {"shots": 9}),
        (adaptive_grover, {}),
        (qaoa_sampling, {"shots": 200}),
        (local_selection, {"block_size": 2, "scheme": "clusters"}),
        (local_selection, {"block_size": 2, "inner": adaptive_grover}),
    ],
)
def test_what_only_evaluates_is_a_cost_for_every_selector_and_finds_what_its_table_finds(
    selector: Any, options: Any
) -> None:
    own, table = OnlyEvaluates(), CostTable(EXPECTED, 4)
    found = run(selector, own, rng=generator(), **options)
    by_table = run(selector, table, rng=generator(), **options)
    assert found.mask_string == by_table.mask_string == "0101"
    assert found.ledger.cost_queries == by_table.ledger.cost_queries
    assert found.ledger.forward_passes == by_table.ledger.forward_passes
    assert own.asked <= found.ledger.forward_passes + 8 + 1  # tries, and the check of the answer


def test_what_only_evaluates_is_a_cost_for_states_angles_and_walks() -> None:
    own = OnlyEvaluates()
    table, angles = CostTable(EXPECTED, 4), ([0.3], [0.4])
    np.testing.assert_allclose(evolve_qaoa(own, *angles), evolve_qaoa(table, *angles), atol=1e-6)
    assert qaoa_expectation(own, *angles) == pytest.approx(qaoa_expectation(table, *angles))
    found = optimise_angles(own, angles, evaluations=5)
    np.testing.assert_allclose(found, optimise_angles(table, angles, evaluations=5))
    walked = walk_locally(own, rng=generator(), block_size=2).selection
    assert walked.cost == pytest.approx(EXPECTED.min())


@pytest.mark.parametrize(
    ("cost", "said"),
    [
        (lambda mask: 1.0, "a function needs FunctionCost(function, n_neurons)"),
        (5, "it has evaluate and n_neurons"),
        (type("Half", (), {"evaluate": lambda self, m: 0.0})(), "it has evaluate and n_neurons"),
    ],
)
def test_what_is_no_cost_is_refused_with_what_it_lacks(cost: Any, said: str) -> None:
    for call in (as_cost, lambda cost: run(exhaustive, cost, rng=generator())):
        with pytest.raises(TypeError) as refused:
            call(cost)
        assert str(refused.value).startswith("cost=")
        assert said in str(refused.value)
