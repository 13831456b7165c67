"""Bad input is refused in one line that names the argument, its value and the limit."""

from __future__ import annotations

import re
import tracemalloc
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import cirq
import dimod
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from one_layer import sample_one_layer
from parts import needs_keras
from strategies import non_integers

from labkit import ansatz, masks, scoring, selectors, simulators
from labkit.amplification import optimal_iterations, rotation_angle, success_probability
from labkit.circuits import grover, oracles, qaoa, state_preparation
from labkit.circuits.qaoa import phase_layer
from labkit.circuits.reports import circuit_report
from labkit.costs import CostTable, LocalCost, PauliZCost, from_dimod, to_bqm
from labkit.datasets import TASK_NAMES, load_task
from labkit.limits import TooLargeError
from labkit.networks import sample_network, sample_nk_network
from labkit.problems import build_problem
from labkit.scoring import score_all_masks, score_contributions

Call = Callable[[Any], object]

X = np.array([[1.0, 2.0], [0.5, -1.0], [2.0, 0.0]])
Y = np.array([0, 1, 1])
NETWORK = sample_one_layer(2, 3, seed=0).adapted(X)
TABLE = CostTable(np.arange(1.0, 9.0), 3)
QUBITS = cirq.LineQubit.range(3)
HADAMARDS = cirq.Circuit(cirq.H.on_each(*QUBITS))
ORACLE = cirq.Circuit(cirq.CCZ(*QUBITS))
POLYNOMIAL = PauliZCost({(0,): 1.0, (0, 2): 0.5}, 3)
LOCAL = LocalCost([((0, 1), np.arange(4.0)), ((2,), np.arange(2.0))], 3)
WEIGHTS = [[1, -1, 2], [2, 0, -1]]
NETWORK_COST = scoring.network_cost(NETWORK, X, Y)
NK = sample_nk_network(2, 3, 2, seed=0).adapted(X)
ANGLES = ([0.1], [0.2])


def generator() -> np.random.Generator:
    return np.random.default_rng(0)


def search(selector: Any = selectors.exhaustive, cost: Any = TABLE, **options: Any) -> object:
    return selectors.run(selector, cost, **{"rng": generator(), **options})


def assert_refused(
    call: Call, value: Any, names: str, error: type[Exception] | tuple[type[Exception], ...]
) -> str:
    """One readable line of that kind of error, which names the argument."""
    with pytest.raises(error) as refusal:
        call(value)
    message = str(refusal.value)
    assert "\n" not in message
    assert len(message) < 250
    assert re.search(rf"\b{names}\b", message), message
    return message


def cases(*listed: tuple[str, str, Call]) -> pytest.MarkDecorator:
    """Parametrises over (what is tried, the argument's name, call)."""
    return pytest.mark.parametrize(
        ("argument", "call"), [pytest.param(name, call, id=what) for what, name, call in listed]
    )


# What the issue promises


@given(st.text(max_size=20) | st.integers() | st.none() | st.lists(st.text(max_size=3), max_size=2))
def test_an_unknown_task_lists_the_known_ones(name: Any) -> None:
    assume(name not in TASK_NAMES)
    message = assert_refused(load_task, name, "name", (TypeError, ValueError))
    assert repr(name) in message
    assert all(known in message for known in TASK_NAMES)


@pytest.mark.parametrize("name", ["moon", 5, None])
def test_a_problem_of_an_unknown_task_lists_the_known_ones(name: Any) -> None:
    def build(name: Any) -> object:
        return build_problem(name, 3, seed=0)

    message = assert_refused(build, name, r"(task_)?name", (TypeError, ValueError))
    assert all(known in message for known in TASK_NAMES)


TAKE_A_MASK = cases(
    ("CostTable.evaluate", "neuron_masks?", TABLE.evaluate),
    ("CostTable.rank", "neuron_masks?", TABLE.rank),
    ("PauliZCost.evaluate", "neuron_masks?", POLYNOMIAL.evaluate),
    ("LocalCost.evaluate", "neuron_masks?", LOCAL.evaluate),
    (
        "NetworkCost.evaluate",
        "neuron_masks?",
        lambda m: scoring.network_cost(NETWORK, X, Y).evaluate(m),
    ),
    ("ensemble_cost", "neuron_mask", lambda m: scoring.ensemble_cost(NK, X, Y, m)),
    ("outputs", "neuron_mask", lambda m: NETWORK.outputs(X, m)),
    ("check_mask", "neuron_mask", lambda m: masks.check_mask(m, 3)),
    ("build_table_oracle", "marked_masks", lambda m: oracles.build_table_oracle(QUBITS, [m])),
    ("CostMeter.evaluate", "neuron_masks?", lambda m: selectors.CostMeter(TABLE).evaluate(m)),
    ("Problem.accuracy", "neuron_mask", lambda m: build_problem("moons", 3, seed=0).accuracy(m)),
)


@TAKE_A_MASK
@given(st.lists(st.booleans(), max_size=9).filter(lambda mask: len(mask) != 3))
def test_a_mask_of_the_wrong_length_is_refused_with_both_lengths(
    argument: str, call: Call, mask: list[bool]
) -> None:
    message = assert_refused(call, mask, argument, ValueError)
    assert f"{len(mask)} entries" in message
    assert "(limit: 3)" in message
    if mask:
        text = "".join("01"[kept] for kept in mask)
        assert assert_refused(call, text, argument, ValueError) == message


@TAKE_A_MASK
@given(st.lists(st.integers() | st.floats(), min_size=3, max_size=3))
def test_a_mask_of_other_values_than_zero_and_one_is_refused(
    argument: str, call: Call, mask: list[float]
) -> None:
    assume(set(mask) - {0, 1})
    assert_refused(call, mask, argument, (TypeError, ValueError))


@TAKE_A_MASK
@pytest.mark.parametrize(
    "mask", ["1a1", ["1", "0", "1"], [None, 1, 0], [[1, 0, 1], [1, 0]], {1, 0}, 5, None]
)
def test_what_is_no_mask_at_all_is_refused(argument: str, call: Call, mask: Any) -> None:
    assert_refused(call, mask, argument, (TypeError, ValueError))


@cases(
    ("sample_network", "seed", lambda seed: sample_network(2, 3, seed=seed)),
    ("build_problem", "seed", lambda seed: build_problem("moons", 3, seed=seed)),
)
@given(value=non_integers)
def test_a_seed_that_is_not_an_integer_is_refused(argument: str, call: Call, value: Any) -> None:
    assume(not isinstance(value, list))  # build_problem remembers its problems by their seed
    assert_refused(call, value, argument, TypeError)


@needs_keras
@pytest.mark.parametrize("seed", [0.5, "7", None, True])
def test_a_keras_network_refuses_a_seed_that_is_not_an_integer(seed: Any) -> None:
    from labkit.networks import RandomNetwork

    assert_refused(lambda seed: RandomNetwork(2, 3, seed=seed), seed, "seed", TypeError)


@needs_keras
@pytest.mark.parametrize("n_hidden", [0.5, "7", None, True])
def test_a_keras_network_refuses_a_size_that_is_not_an_integer(n_hidden: Any) -> None:
    from labkit.networks import RandomNetwork

    assert_refused(lambda n: RandomNetwork(2, n, seed=0), n_hidden, "n_hidden", TypeError)


@cases(
    ("all_masks", "n", masks.all_masks),
    ("CostTable", "n_neurons", lambda n: CostTable(np.zeros(2), n)),
    ("arrays", "n_neurons", lambda n: score_all_masks(sample_network(2, n, seed=0), X, Y)),
    ("contributions", "n_neurons", lambda n: score_contributions(np.ones((3, n)), Y)),
    ("build_problem", "n_neurons", lambda n: build_problem("moons", n, seed=0)),
    ("PauliZCost.to_table", "n_neurons", lambda n: PauliZCost({}, n).to_table()),
    ("LocalCost.to_table", "n_neurons", lambda n: LocalCost([], n).to_table()),
    ("evolve_qaoa", "n_neurons", lambda n: simulators.evolve_qaoa(PauliZCost({}, n), *ANGLES)),
    (
        "adaptive_grover",
        "n_neurons",
        lambda n: search(selectors.adaptive_grover, PauliZCost({}, n)),
    ),
    (
        "final_state",
        "n_qubits",
        lambda n: simulators.final_state(cirq.Circuit(cirq.H.on_each(*cirq.LineQubit.range(n)))),
    ),
)
@pytest.mark.parametrize("n", [40, 60, 1200])
def test_forty_neurons_and_more_are_refused_with_the_memory_they_would_take(
    argument: str, call: Call, n: int
) -> None:
    message = assert_refused(call, n, argument, TooLargeError)
    assert re.match(rf"{argument}={n} needs [\d.,e+]+ [KMGTPE]iB for ", message), message
    assert re.search(rf"\(limit: {argument}=\d+\)$", message), message


@cases(
    ("marked", "threshold", TABLE.marked),
    ("grover_search", "threshold", lambda t: search(selectors.grover_search, threshold=t)),
)
@given(st.floats(max_value=0.99, allow_nan=False))
def test_a_threshold_below_every_cost_says_that_no_mask_is_marked(
    argument: str, call: Call, threshold: float
) -> None:
    message = assert_refused(call, threshold, argument, ValueError)
    assert "marks no mask" in message
    assert "(limit: the smallest cost, 1)" in message


# Integers


INTEGERS = cases(
    ("all_masks", "n", masks.all_masks),
    ("mask_from_index i", "i", lambda v: masks.mask_from_index(v, 3)),
    ("mask_from_index n", "n", lambda v: masks.mask_from_index(0, v)),
    ("masks_from_indices", "n", lambda v: masks.masks_from_indices([0], v)),
    ("CostTable", "n_neurons", lambda v: CostTable(np.zeros(8), v)),
    ("sample_network n_inputs", "n_inputs", lambda v: sample_network(v, 3, seed=0)),
    ("sample_network n_hidden", "n_hidden", lambda v: sample_network(2, v, seed=0)),
    ("sample_network n_outputs", "n_outputs", lambda v: sample_network(2, 3, v, seed=0)),
    ("optimal_iterations", "n_neurons", lambda v: optimal_iterations(v, 1)),
    ("optimal_iterations M", "n_marked", lambda v: optimal_iterations(3, v)),
    ("rotation_angle", "n_marked", lambda v: rotation_angle(3, v)),
    ("success_probability", "iterations", lambda v: success_probability(3, 1, v)),
    ("grover_circuit", "iterations", lambda v: grover.grover_circuit(QUBITS, ORACLE, v)),
    ("evolve_grover", "iterations", lambda v: simulators.evolve_grover(np.ones(4), v)),
    ("sample_masks", "shots", lambda v: simulators.sample_masks(HADAMARDS, v, rng=generator())),
    ("sample_state", "shots", lambda v: simulators.sample_state([0, 1], v, rng=generator())),
    ("one_flip_search", "restarts", lambda v: search(selectors.one_flip_search, restarts=v)),
    ("grover_search", "shots", lambda v: search(selectors.grover_search, shots=v)),
    ("simulated_annealing", "sweeps", lambda v: search(selectors.simulated_annealing, sweeps=v)),
    ("qaoa_sampling", "shots", lambda v: search(selectors.qaoa_sampling, shots=v)),
    ("local_selection", "block_size", lambda v: search(selectors.local_selection, block_size=v)),
    (
        "sample_network layers",
        "hidden_layers",
        lambda v: sample_network(2, 3, hidden_layers=v, seed=0),
    ),
    ("sample_nk_network N", "n_neurons", lambda v: sample_nk_network(2, v, 1, seed=0)),
    ("sample_nk_network K", "n_inputs_per_output", lambda v: sample_nk_network(2, 4, v, seed=0)),
    ("ramp_angles p", "p", lambda v: ansatz.ramp_angles(v, 3, std=1.0)),
    ("ramp_angles n", "n_neurons", lambda v: ansatz.ramp_angles(2, v, std=1.0)),
    ("light_cone", "p", lambda v: simulators.light_cone(LOCAL, (0, 1), v)),
    ("dicke_state", "n_active", lambda v: state_preparation.dicke_state(QUBITS, v)),
    ("build_computed_oracle", "threshold", lambda v: oracles.build_computed_oracle(WEIGHTS, v)),
    ("PauliZCost", "n_neurons", lambda v: PauliZCost({}, v)),
    ("LocalCost", "n_neurons", lambda v: LocalCost([], v)),
    ("LocalCost neurons", "neurons", lambda v: LocalCost([((v,), np.zeros(2))], 3)),
)


@INTEGERS
@given(value=non_integers)
def test_what_is_not_an_integer_is_refused(argument: str, call: Call, value: Any) -> None:
    assert_refused(call, value, argument, TypeError)


@INTEGERS
@given(value=st.integers(max_value=-1))
def test_a_negative_number_is_refused_with_its_value(argument: str, call: Call, value: int) -> None:
    message = assert_refused(call, value, argument, ValueError)
    assert message.startswith(f"{argument}={value} is too small (limit: ")


@given(st.integers(9, 10**30))
def test_more_marked_masks_than_there_are_are_refused(n_marked: int) -> None:
    message = assert_refused(lambda m: optimal_iterations(3, m), n_marked, "n_marked", ValueError)
    assert message == f"n_marked={n_marked} is too large (limit: 8)"


@given(st.integers(8, 10**30))
def test_an_index_beyond_the_last_mask_is_refused(i: int) -> None:
    message = assert_refused(lambda i: masks.mask_from_index(i, 3), i, "i", ValueError)
    assert message == f"i={i} is too large (limit: 7)"


def test_a_budget_is_none_or_an_integer_above_zero() -> None:
    for value in (0, -1, 1.5, "9", True):
        assert_refused(
            lambda v: search(max_cost_queries=v), value, "max_cost_queries", (TypeError, ValueError)
        )


def test_the_iterations_of_grovers_formulas_do_not_overflow() -> None:
    assert optimal_iterations(1000, 1) > 10**150
    with pytest.raises(ValueError, match="n_neurons=5000"):
        optimal_iterations(5000, 1)


# Names and numbers


@cases(
    ("score_all_masks", "cost", lambda v: score_all_masks(NETWORK, X, Y, cost=v)),
    ("cost_of_outputs", "cost", lambda v: scoring.cost_of_outputs(X[:, :1], X[:, :1], cost=v)),
    ("build_problem", "cost", lambda v: build_problem("moons", 3, seed=0, cost=v)),
    ("mask_kind", "mask_kind", lambda v: sample_network(2, 3, mask_kind=v, seed=0)),
    ("init", "init", lambda v: sample_network(2, 3, init=v, seed=0)),
    ("readout", "readout", lambda v: sample_network(2, 3, readout=v, seed=0)),
    ("quadratic_cost", "cost", lambda v: scoring.quadratic_cost(NETWORK, X, Y, cost=v)),
    ("nk_cost", "cost", lambda v: scoring.nk_cost(NK, X, Y, cost=v)),
    ("network_cost", "cost", lambda v: scoring.network_cost(NETWORK, X, Y, cost=v)),
    ("nbhd", "neighbourhood", lambda v: sample_nk_network(2, 3, 2, neighbourhood=v, seed=0)),
    ("mixer", "mixer", lambda v: simulators.evolve_qaoa(TABLE, *ANGLES, mixer=v)),
    ("circuit", "mixer", lambda v: qaoa.qaoa_circuit(TABLE, *ANGLES, mixer=v)),
    ("scheme", "scheme", lambda v: search(selectors.local_selection, block_size=1, scheme=v)),
    ("split", "split", lambda v: build_problem("moons", 3, seed=0).accuracy("111", split=v)),
)
@given(value=st.text(alphabet="abc_", max_size=5) | st.integers() | st.none())
def test_an_unknown_name_is_refused(argument: str, call: Call, value: Any) -> None:
    message = assert_refused(call, value, argument, (TypeError, ValueError))
    assert repr(value) in message


@pytest.mark.parametrize("scale", [0, -1, np.nan, np.inf, None, "two", "2", [1.0], True])
def test_a_scale_that_is_not_a_number_above_zero_is_refused(scale: Any) -> None:
    def draw(scale: Any) -> object:
        return sample_network(2, 3, scale=scale, seed=0)

    assert_refused(draw, scale, "scale", (TypeError, ValueError))


@cases(
    ("marked", "threshold", TABLE.marked),
    ("grover_search", "threshold", lambda v: search(selectors.grover_search, threshold=v)),
    ("run", "target_cost", lambda v: search(target_cost=v)),
)
@pytest.mark.parametrize("value", ["low", [1.0, 2.0], np.nan])
def test_a_threshold_or_target_that_is_not_a_number_is_refused(
    argument: str, call: Call, value: Any
) -> None:
    assert_refused(call, value, argument, (TypeError, ValueError))


# Arrays


@cases(
    ("adapted", "x", NETWORK.adapted),
    ("contributions", "x", NETWORK.contributions),
    ("outputs", "x", lambda x: NETWORK.outputs(x, "111")),
    ("score_all_masks", "x", lambda x: score_all_masks(NETWORK, x, Y)),
    ("network_cost", "x", lambda x: scoring.network_cost(NETWORK, x, Y)),
    ("quadratic_cost", "x", lambda x: scoring.quadratic_cost(NETWORK, x, Y)),
    ("nk_cost", "x", lambda x: scoring.nk_cost(NK, x, Y)),
)
@pytest.mark.parametrize(
    "x",
    [
        np.ones((3, 3)),
        np.ones(2),
        np.ones((0, 2)),
        [[np.nan, 1.0]],
        [["a", "b"]],
        [[1, 2], [3]],
        "moons",
        None,
    ],
)
def test_samples_of_the_wrong_shape_or_kind_are_refused(argument: str, call: Call, x: Any) -> None:
    assert_refused(call, x, argument, (TypeError, ValueError))


@cases(
    ("score_all_masks", "y", lambda y: score_all_masks(NETWORK, X, y)),
    ("network_cost", "y", lambda y: scoring.network_cost(NETWORK, X, y)),
    ("quadratic_cost", "y", lambda y: scoring.quadratic_cost(NETWORK, X, y)),
    ("nk_cost", "y", lambda y: scoring.nk_cost(NK, X, y)),
    ("integer_weights", "y", lambda y: scoring.integer_weights(NETWORK, X, y, scale=1.0)),
    ("score_contributions", "y", lambda y: score_contributions(np.ones((3, 2, 3)), y)),
    ("accuracy", "y", lambda y: scoring.accuracy(np.ones((3, 1)), y)),
)
@pytest.mark.parametrize(
    "y",
    [
        [0, 1],
        [[0, 1], [1, 0], [1, 0]],
        [0, 1, 7],
        [-2, 0, 1],
        [0, 1, np.nan],
        ["a", "b", "a"],
        [0, 1, None],
    ],
)
def test_labels_that_do_not_fit_are_refused(argument: str, call: Call, y: Any) -> None:
    assert_refused(call, y, argument, (TypeError, ValueError))


@pytest.mark.parametrize(
    "costs",
    [np.zeros(7), np.zeros((2, 4)), [0, 1], [np.nan] * 8, [np.inf] * 8, ["a"] * 8, [1j] * 8, None],
)
def test_a_table_that_does_not_hold_a_finite_cost_for_each_mask_is_refused(costs: Any) -> None:
    assert_refused(lambda costs: CostTable(costs, 3), costs, "costs", (TypeError, ValueError))


@pytest.mark.parametrize(
    "t", [np.ones(3), np.ones((3, 2, 3, 1)), np.ones((3, 0)), "t", [[np.nan]] * 3]
)
def test_contributions_of_the_wrong_shape_or_kind_are_refused(t: Any) -> None:
    assert_refused(lambda t: score_contributions(t, Y), t, "t", (TypeError, ValueError))


@cases(
    ("accuracy", "outputs", lambda f: scoring.accuracy(f, Y)),
    (
        "cost_of_outputs",
        "outputs",
        lambda f: scoring.cost_of_outputs(f, X[:, :1], cost="error_rate"),
    ),
)
@pytest.mark.parametrize("outputs", [np.ones(3), "f"])
def test_outputs_of_the_wrong_shape_are_refused(argument: str, call: Call, outputs: Any) -> None:
    assert_refused(call, outputs, argument, (TypeError, ValueError))


@pytest.mark.parametrize("s", ["", "2", "1 0", "ab", 101, None, ["1"]])
def test_what_is_not_a_mask_string_is_refused(s: Any) -> None:
    assert_refused(masks.mask_from_string, s, "s", (TypeError, ValueError))


@pytest.mark.parametrize("function", [masks.mask_to_string, masks.mask_to_index])
@pytest.mark.parametrize("m", [[], [[1, 0]], [1, 2], ["1"], 5, None, "ab"])
def test_what_is_not_one_mask_has_neither_string_nor_index(function: Call, m: Any) -> None:
    assert_refused(function, m, "m", (TypeError, ValueError))


@pytest.mark.parametrize("indices", [[8], [-1], [0.5], ["a"], None])
def test_indices_of_no_mask_are_refused(indices: Any) -> None:
    def read(indices: Any) -> object:
        return masks.masks_from_indices(indices, 3)

    assert_refused(read, indices, "indices", (TypeError, ValueError))


@pytest.mark.parametrize("batch", [[2, 0], 5, "abc", [0.5, 1], None])
def test_what_is_not_a_batch_of_masks_has_no_indices(batch: Any) -> None:
    assert_refused(masks.masks_to_indices, batch, "neuron_masks", (TypeError, ValueError))


@pytest.mark.parametrize("marked", [[1, 0, 1], [1], np.ones((2, 2)), [3, 5], None])
def test_marked_that_does_not_say_yes_or_no_for_each_mask_is_refused(marked: Any) -> None:
    def evolve(marked: Any) -> object:
        return simulators.evolve_grover(marked, 1)

    assert_refused(evolve, marked, "marked", (TypeError, ValueError))


@pytest.mark.parametrize("state", [np.zeros(4), np.ones(3), np.ones((2, 2)), [np.nan, 1], "state"])
def test_what_is_not_a_state_is_not_sampled(state: Any) -> None:
    def sample(state: Any) -> object:
        return simulators.sample_state(state, 5, rng=generator())

    assert_refused(sample, state, "state", (TypeError, ValueError))


# Objects


@cases(
    ("run", "rng", lambda rng: search(rng=rng)),
    ("sample_masks", "rng", lambda rng: simulators.sample_masks(HADAMARDS, 5, rng=rng)),
    ("sample_state", "rng", lambda rng: simulators.sample_state([0, 1], 5, rng=rng)),
)
@pytest.mark.parametrize("rng", [0, None, "seed"])
def test_what_is_not_a_generator_is_refused(argument: str, call: Call, rng: Any) -> None:
    assert_refused(call, rng, argument, TypeError)


@cases(
    ("run cost", "cost", lambda _: search(cost=TABLE.costs)),
    ("run selector", "selector", lambda _: search("exhaustive")),
    ("run option", "depth", lambda _: search(depth=3)),
    ("score_all_masks", "network", lambda _: score_all_masks(X, X, Y)),  # type: ignore[arg-type]
    ("final_state", "circuit", lambda _: simulators.final_state("circuit")),  # type: ignore[arg-type]
    ("no qubits", "qubits", lambda _: grover.grover_circuit([], ORACLE, 1)),
    ("no marked mask", "marked_masks", lambda _: oracles.build_table_oracle(QUBITS, [])),
    ("one mask for many", "marked_masks", lambda _: oracles.build_table_oracle(QUBITS, "101")),
    ("a number for masks", "marked_masks", lambda _: oracles.build_table_oracle(QUBITS, 5)),  # type: ignore[arg-type]
    ("empty circuit", "n_qubits", lambda _: simulators.final_state(cirq.Circuit())),
)
def test_an_object_of_the_wrong_kind_is_refused(argument: str, call: Call) -> None:
    assert_refused(call, None, argument, (TypeError, ValueError))


@pytest.mark.parametrize(
    ("counts", "culprit"),
    [((10**12, 3, 1), "n_inputs"), ((2, 10**12, 1), "n_hidden"), ((2, 3, 10**12), "n_outputs")],
)
def test_a_network_too_large_names_the_count_that_is_too_large(
    counts: tuple[int, int, int], culprit: str
) -> None:
    message = assert_refused(lambda c: sample_network(*c, seed=0), counts, culprit, TooLargeError)
    assert message.startswith(f"{culprit}=1000000000000 needs ")


@cases(
    (
        "adapted",
        "n_samples",
        lambda _: sample_network(15, 300, mask_kind="weight", seed=0).adapted(np.ones((300, 15))),
    ),
    ("sums", "n_samples", lambda _: score_contributions(np.ones((100_000, 24)), np.ones(100_000))),
    ("sample_state", "shots", lambda v: simulators.sample_state([0, 1], v, rng=generator())),
    ("sample_masks", "shots", lambda v: simulators.sample_masks(HADAMARDS, v, rng=generator())),
    ("grover_circuit", "iterations", lambda v: grover.grover_circuit(QUBITS, ORACLE, v)),
)
def test_what_does_not_fit_in_memory_is_refused_before_it_is_allocated(
    argument: str, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=2**31))
    tracemalloc.start()
    try:
        message = assert_refused(call, 10**12, argument, TooLargeError)
        assert tracemalloc.get_traced_memory()[1] < 2**29
    finally:
        tracemalloc.stop()
    assert " needs " in message and f"(limit: {argument}=" in message


# Costs, circuits and angles


@pytest.mark.parametrize(
    ("terms", "error"),
    [
        ([((0, 1), 1.0)], TypeError),
        (None, TypeError),
        ({"01": 1.0}, TypeError),
        ({0: 1.0}, TypeError),
        ({(0,): "one"}, TypeError),
        ({(0,): np.nan}, ValueError),
        ({(0,): np.inf}, ValueError),
        ({(0, 3): 1.0}, ValueError),
        ({(-1,): 1.0}, ValueError),
        ({(1, 1): 1.0}, ValueError),
    ],
)
def test_terms_that_are_no_polynomial_are_refused(terms: Any, error: type[Exception]) -> None:
    assert_refused(lambda terms: PauliZCost(terms, 3), terms, "terms|term|neurons", error)


@pytest.mark.parametrize(
    ("terms", "error"),
    [
        ({(0,): [0, 1]}, TypeError),
        (5, TypeError),
        ([(0, 1)], TypeError),
        ([((0, 1),)], TypeError),
        ([((0,), ["a", "b"])], TypeError),
        ([((0,), [0.0, np.nan])], ValueError),
        ([((0, 1), [0.0, 1.0])], ValueError),
        ([((0, 3), np.zeros(4))], ValueError),
        ([((1, 1), np.zeros(4))], ValueError),
    ],
)
def test_terms_that_are_no_local_tables_are_refused(terms: Any, error: type[Exception]) -> None:
    assert_refused(lambda terms: LocalCost(terms, 3), terms, "terms|term|neurons", error)


@pytest.mark.parametrize(
    ("weights", "error"),
    [
        ([[1.5]], TypeError),
        ([[True]], TypeError),
        ([[1], [2, 3]], TypeError),
        ("a", TypeError),
        (None, TypeError),
        ([], ValueError),
        ([1, 2], ValueError),
        ([[]], ValueError),
        ([[2**31]], ValueError),
        (np.full((1, 40), 2**31 - 1), TooLargeError),
        (np.ones((10**6, 5), dtype=int), TooLargeError),
    ],
)
def test_weights_that_no_oracle_can_compute_are_refused(
    weights: Any, error: type[Exception]
) -> None:
    assert_refused(lambda w: oracles.build_computed_oracle(w, 1), weights, "weights", error)


@cases(
    ("evolve_qaoa", "gammas", lambda a: simulators.evolve_qaoa(TABLE, a, [0.1, 0.2])),
    ("gradient", "gammas", lambda a: simulators.qaoa_value_and_gradient(TABLE, a, [0.1, 0.2])),
    ("circuit", "gammas", lambda a: qaoa.qaoa_circuit(TABLE, a, [0.1, 0.2])),
    ("cones", "gammas", lambda a: simulators.light_cone_expectation(LOCAL, a, [0.1, 0.2])),
)
@pytest.mark.parametrize("angles", [[0.1], 0.1, [[0.1, 0.2]], [np.nan, 0.1], ["a", "b"], None])
def test_angles_that_do_not_fit_are_refused(argument: str, call: Call, angles: Any) -> None:
    assert_refused(call, angles, argument, (TypeError, ValueError))


@cases(
    ("evolve_qaoa", "cost", lambda c: simulators.evolve_qaoa(c, *ANGLES)),
    ("light_cone_expectation", "cost", lambda c: simulators.light_cone_expectation(c, *ANGLES)),
    ("dynamic_programming", "cost", lambda c: search(selectors.dynamic_programming, c)),
    ("run", "cost", lambda c: search(cost=c)),
)
@pytest.mark.parametrize("cost", [None, "cost", np.arange(8.0), 5])
def test_what_is_no_cost_is_refused(argument: str, call: Call, cost: Any) -> None:
    assert_refused(call, cost, argument, (TypeError, ValueError))


def test_a_light_cone_that_does_not_fit_is_refused_before_it_is_made() -> None:
    ring = LocalCost([((i, (i + 1) % 200), np.zeros(4)) for i in range(200)], 200)
    angles = np.zeros(40)
    message = assert_refused(
        lambda a: simulators.light_cone_expectation(ring, a, a), angles, "n_neurons", TooLargeError
    )
    assert message.startswith("n_neurons of a cone=82 needs ")


@pytest.mark.parametrize(
    ("n_active", "mixer"), [(1, "x"), (None, "ring"), (4, "ring"), (-1, "grover"), (1.5, "ring")]
)
def test_a_fixed_number_of_neurons_goes_with_its_mixers_only(n_active: Any, mixer: str) -> None:
    def evolve(n_active: Any) -> object:
        return simulators.evolve_qaoa(TABLE, *ANGLES, mixer=mixer, n_active=n_active)

    assert_refused(evolve, n_active, "n_active", (TypeError, ValueError))


def test_a_cost_without_pairs_only_has_no_quadratic_model() -> None:
    cubic = PauliZCost({(0, 1, 2): 1.0}, 3)
    message = assert_refused(to_bqm, cubic, "cost", ValueError)
    assert message == "cost has order 3; a quadratic model has order 2 (limit: 2)"


@pytest.mark.parametrize("model", [None, {}, "bqm", dimod.Vartype.SPIN])
def test_what_is_no_model_is_refused(model: Any) -> None:
    assert_refused(from_dimod, model, "model", TypeError)


def test_qubits_that_are_not_one_for_each_neuron_are_refused() -> None:
    two = cirq.LineQubit.range(2)
    assert_refused(POLYNOMIAL.to_pauli_sum, two, "qubits", ValueError)
    assert_refused(lambda q: [*phase_layer(q, TABLE, 0.1)], two, "qubits", ValueError)
    assert_refused(lambda q: state_preparation.dicke_state(q, 0), [], "qubits", ValueError)


def test_what_is_no_circuit_has_no_report() -> None:
    for value in ("x", None, cirq.X):
        assert_refused(circuit_report, value, "circuit", TypeError)
