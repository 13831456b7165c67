"""Wave functions over masks: reference cases, dense matrices, and flips that reuse nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_cases import load_cases

from labkit.arrays import FloatArray
from labkit.costs import CostTable, PauliZCost
from labkit.ledger import Ledger
from labkit.limits import TooLargeError
from labkit.masks import all_masks, mask_from_string, masks_to_indices
from labkit.neighbours.quantum_states import (
    QuantumState,
    ground_state,
    ising_ring_energy,
    local_energies,
    reconfigure,
    sweep_masks,
    train_state,
)
from labkit.selectors import run, variational_annealing
from labkit.wave_functions.quantum_weights import Block, Weights, count_of_one, log_gradients
from labkit.wave_functions.transverse_field import add_field, product_of_blocks

seeds = st.integers(0, 2**16)


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


class Listed:
    """A state whose log psi is a list."""

    def __init__(self, log_psi: npt.ArrayLike) -> None:
        self.values = np.asarray(log_psi, dtype=np.float64)

    def log_psi(self, masks: npt.ArrayLike, /) -> FloatArray:
        return self.values[masks_to_indices(masks)]


def read_state(weights: dict[str, Any]) -> QuantumState:
    def read(name: str) -> FloatArray:
        return np.array(weights[name], dtype=np.float64)

    parts = zip(*(read(name) for name in "AWMbNC"), strict=True)
    blocks = tuple(Block(*part) for part in parts)
    return QuantumState.from_weights(Weights(read("E"), read("P"), blocks, read("w")))


def read_cost(case: dict[str, Any]) -> PauliZCost:
    n = case["n"]
    if case["kind"] == "ising_ring":
        return PauliZCost({tuple(sorted((i, (i + 1) % n))): -1.0 for i in range(n)}, n)
    fields: dict[tuple[int, ...], float] = {(j,): value for j, value in enumerate(case["fields"])}
    pairs = {tuple(pair): value for pair, value in case["pairs"]}
    return PauliZCost({(): case["constant"], **fields, **pairs}, n)


def dense(table: FloatArray, field: float) -> FloatArray:
    """H as a matrix, by Kronecker products."""
    n, x = len(table).bit_length() - 1, np.array([[0.0, 1.0], [1.0, 0.0]])
    h = np.diag(table)
    for j in range(n):
        h = h - field * np.kron(np.kron(np.eye(2**j), x), np.eye(2 ** (n - j - 1)))
    return h


@pytest.mark.parametrize("case", load_cases("neighbours/s14_vq_state"))
def test_states_of_the_reference_have_its_amplitudes_codes_and_changes(
    case: dict[str, Any],
) -> None:
    state = read_state(case["weights"])
    for at in case["configurations"]:
        mask = mask_from_string(at["mask"])
        assert state.log_psi(mask) == pytest.approx(at["log_psi"], abs=1e-9)
        np.testing.assert_array_equal(state.codes(mask), at["codes"])
        ratios, work = state.flip_ratios(mask)
        np.testing.assert_allclose(np.log(ratios), at["log_ratios"], atol=1e-9)
        np.testing.assert_array_equal(work.changed_sites, at["changed_sites"])


GROUND = load_cases("neighbours/s14_ground_energy")
RINGS = [c for c in GROUND if c["kind"] == "ising_ring"]


@pytest.mark.parametrize("case", RINGS, ids=lambda c: f"{c['n']}, {c['gamma']}")
def test_rings_of_any_size_have_the_energy_of_free_fermions(case: dict[str, Any]) -> None:
    found = ising_ring_energy(case["n"], case["gamma"])
    assert found == pytest.approx(case["ground_energy"], rel=1e-9)


@pytest.mark.parametrize("n", [3, 4, 5, 7, 9])
@pytest.mark.parametrize("field", [0.1, 1.0, 2.5])
def test_rings_of_odd_and_even_size_have_the_energy_of_their_matrix(n: int, field: float) -> None:
    ring = PauliZCost({tuple(sorted((i, (i + 1) % n))): -1.0 for i in range(n)}, n)
    expected = np.linalg.eigvalsh(dense(ring.to_table().costs, field))[0]
    assert ising_ring_energy(n, field) == pytest.approx(expected, rel=1e-9)


def test_a_ring_of_two_and_a_field_of_none_are_refused() -> None:
    with pytest.raises(ValueError, match="n_neurons=2"):
        ising_ring_energy(2, 1.0)
    with pytest.raises(ValueError, match="field=0"):
        ising_ring_energy(8, 0.0)


SMALL = [case for case in GROUND if case["n"] <= 16]


@pytest.mark.parametrize("case", SMALL, ids=lambda c: f"{c['kind']}-{c['n']}")
def test_ground_states_of_the_reference(case: dict[str, Any]) -> None:
    energy, probabilities = ground_state(read_cost(case), case["gamma"])
    assert energy == pytest.approx(case["ground_energy"], rel=1e-9)
    if "probabilities" in case:
        np.testing.assert_allclose(probabilities, case["probabilities"], atol=1e-9)


@pytest.mark.parametrize("case", load_cases("neighbours/s14_local_energy"))
def test_local_energies_of_the_reference(case: dict[str, Any]) -> None:
    n, state = case["n"], Listed(case["log_psi"])
    found = local_energies(state, CostTable(case["costs"], n), case["gamma"], all_masks(n))
    np.testing.assert_allclose(found, case["local_energies"], rtol=1e-9)
    shares = np.exp(2 * state.values) / np.exp(2 * state.values).sum()
    assert shares @ found == pytest.approx(case["energy"], rel=1e-9)


@pytest.mark.parametrize("n", [1, 3, 7, 8])
def test_lanczos_finds_the_least_eigenvalue_in_any_unit(n: int) -> None:
    table = generator(n).normal(size=2**n)
    values, vectors = np.linalg.eigh(dense(table, 0.7))
    np.testing.assert_allclose(
        add_field(table, 0.7, vectors[:, -1]), values[-1] * vectors[:, -1], atol=1e-10
    )
    for unit, shift in ((1.0, 0.0), (1e-9, 0.0), (1e9, 3e9)):
        energy, probabilities = ground_state(CostTable(unit * table + shift, n), 0.7 * unit)
        assert energy == pytest.approx(unit * values[0] + shift, rel=1e-9)
        np.testing.assert_allclose(probabilities, vectors[:, 0] ** 2, atol=1e-8)


@pytest.mark.parametrize("n", [4, 7])
def test_local_energies_of_the_ground_state_are_all_its_energy(n: int) -> None:
    cost = CostTable(generator(n).normal(size=2**n), n)
    energy, probabilities = ground_state(cost, 0.6)
    found = local_energies(Listed(0.5 * np.log(probabilities)), cost, 0.6, all_masks(n))
    np.testing.assert_allclose(found, energy, rtol=1e-5)


def test_one_block_of_all_is_the_ground_state_and_smaller_ones_lie_above() -> None:
    cost = CostTable(generator(3).normal(size=2**6), 6)
    energy, probabilities = ground_state(cost, 0.5)
    whole = product_of_blocks(cost, 0.5, block_size=6, rng=generator())
    assert whole.energy == pytest.approx(energy)
    np.testing.assert_allclose(whole.states[0] ** 2, probabilities, atol=1e-9)
    for size in (1, 2, 3, 4):
        found = product_of_blocks(cost, 0.5, block_size=size, rng=generator())
        psi = np.ones(1)
        for state in found.states:
            psi = np.kron(psi, state)
        assert psi @ dense(cost.costs, 0.5) @ psi == pytest.approx(found.energy)
        assert found.energy >= energy


def test_the_product_state_is_as_low_as_any_of_random_angles() -> None:
    cost = CostTable(generator(5).normal(size=2**3), 3)
    found = product_of_blocks(cost, 0.4, block_size=1, rng=generator()).energy
    angles = generator(1).uniform(0, np.pi / 2, size=(4000, 3))
    parts = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    psi = np.einsum("sa,sb,sc->sabc", *parts.swapaxes(0, 1)).reshape(4000, 8)
    energies = np.einsum("sa,ab,sb->s", psi, dense(cost.costs, 0.4), psi)
    assert found <= energies.min()
    assert found == pytest.approx(energies.min(), abs=0.02)


# Flips


@settings(deadline=None, max_examples=25)
@given(
    n=st.integers(1, 12),
    codes=st.integers(1, 12),
    blocks=st.integers(1, 3),
    mixing=st.sampled_from(["mean", "normal"]),
    seed=seeds,
)
def test_flips_that_reuse_equal_amplitudes_all_anew(
    n: int, codes: int, blocks: int, mixing: str, seed: int
) -> None:
    state = QuantumState(n, codes=codes, blocks=blocks, mixing=mixing, seed=seed)
    mask = generator(seed).random(n) < 0.5
    ratios, work = state.flip_ratios(mask)
    flipped = mask ^ np.eye(n, dtype=bool)
    np.testing.assert_allclose(ratios, np.exp(state.log_psi(flipped) - state.log_psi(mask)), 1e-6)
    changed = (state.codes(flipped) != state.codes(mask)).sum(axis=-1)
    np.testing.assert_array_equal(work.changed_sites, changed)


def test_work_is_that_of_the_updates_that_were_made() -> None:
    n, k = 10, 5
    state = QuantumState(n, codes=k, seed=4)
    _, work = state.flip_ratios(np.zeros(n, dtype=bool))
    first, second = work.changed_sites.sum(axis=0)
    assert work.multiply_adds == n * (n + 1) * k + first * (n + 1) * k + second
    assert work.recomputed == n * work.of_mask == n * count_of_one(state.weights)


def test_multiply_adds_of_128_neurons_are_those_of_the_sums_by_hand() -> None:
    state = QuantumState(128, codes=16, seed=0)
    assert count_of_one(state.weights) == 377_856


def test_without_codes_all_sites_change_and_nothing_is_saved() -> None:
    state = QuantumState(6, seed=1)
    ratios, work = state.flip_ratios("010011")
    mask = mask_from_string("010011")
    anew = [
        np.exp(state.log_psi(mask ^ (np.arange(6) == j)) - state.log_psi(mask)) for j in range(6)
    ]
    np.testing.assert_allclose(ratios, anew)
    assert (work.changed_sites == 6).all()
    assert work.multiply_adds == work.recomputed


# Training


@given(n=st.integers(1, 6), blocks=st.integers(1, 3), seed=seeds)
@settings(deadline=None, max_examples=10)
def test_gradients_are_those_of_small_steps(n: int, blocks: int, seed: int) -> None:
    state = QuantumState(n, blocks=blocks, seed=seed)
    masks = generator(seed).random((3, n)) < 0.5
    gradients = log_gradients(state.weights, masks)
    way = generator(seed + 1).normal(size=gradients.shape[1])
    ends = [
        QuantumState.from_weights(state.weights.moved(h * way)).log_psi(masks)
        for h in (1e-6, -1e-6)
    ]
    np.testing.assert_allclose((ends[0] - ends[1]) / 2e-6, gradients @ way, rtol=1e-4, atol=1e-6)


def test_a_step_for_all_masks_lowers_the_energy_and_counts_its_amplitudes() -> None:
    table = CostTable(generator(2).normal(size=2**4), 4)
    for state in (QuantumState(4, seed=0), QuantumState(4, codes=6, seed=0)):
        masks = all_masks(4)
        shares = np.exp(2 * state.log_psi(masks))
        drawn = masks[generator(1).choice(16, size=400, p=shares / shares.sum())]
        after, _, asked = reconfigure(state, drawn, table.evaluate(drawn), 0.5, learning_rate=0.1)
        assert asked == 400 * (4 + 2)
        assert exact_energy(after, table) < exact_energy(state, table)


def exact_energy(state: QuantumState, table: CostTable) -> float:
    psi = np.exp(state.log_psi(all_masks(table.n_neurons)))
    psi /= np.linalg.norm(psi)
    return float(psi @ dense(table.costs, 0.5) @ psi)


def test_metropolis_flips_sample_the_square_of_the_amplitudes() -> None:
    state = Listed([0.3, -0.4, 0.9, 0.0])
    masks = generator(0).random((20_000, 2)) < 0.5
    rng, asked = generator(1), 0
    for _ in range(6):
        masks, more = sweep_masks(state, masks, rng=rng)
        asked += more
    assert asked == 6 * 20_000 * 3
    shares = np.bincount(masks_to_indices(masks), minlength=4) / len(masks)
    exact = np.exp(2 * state.values) / np.exp(2 * state.values).sum()
    np.testing.assert_allclose(shares, exact, atol=0.02)


def test_training_comes_near_the_ground_state_and_leaves_its_start() -> None:
    cost = CostTable(generator(7).normal(size=2**6), 6)
    energy, _ = ground_state(cost, 0.5)
    start = QuantumState(6, seed=3)
    before = start.weights.arrays[0].copy()
    rng = generator(1)
    trained = train_state(start, cost, 0.5, steps=60, samples=64, learning_rate=0.5, rng=rng)
    np.testing.assert_array_equal(start.weights.arrays[0], before)
    assert exact_energy(trained.state, cost) < energy + 0.02 * float(cost.std)
    assert exact_energy(start, cost) > energy + 0.2 * float(cost.std)
    queries = 60 * 64
    expected = Ledger(
        cost_queries=queries, forward_passes=queries, amplitude_evaluations=queries * (7 + 8)
    )
    assert trained.ledger == expected


def test_with_codes_only_the_scores_of_the_last_ones_are_trained() -> None:
    cost = CostTable(generator(7).normal(size=2**5), 5)
    start = QuantumState(5, codes=4, seed=3)
    trained = train_state(start, cost, 0.5, steps=3, samples=16, rng=generator(1)).state
    assert trained.weights.blocks is start.weights.blocks
    assert trained.weights.table is not None
    masks = all_masks(5)
    counts = [(trained.codes(masks)[:, -1] == k).sum(axis=1) for k in range(4)]
    np.testing.assert_allclose(trained.log_psi(masks), np.stack(counts, 1) @ trained.weights.table)


def test_a_table_equal_to_the_scores_changes_nothing() -> None:
    state = QuantumState(5, codes=4, seed=2)
    table = state.weights.code_scores()
    other = QuantumState.from_weights(replace(state.weights, table=table))
    np.testing.assert_allclose(other.log_psi(all_masks(5)), state.log_psi(all_masks(5)))


# The selector


@pytest.mark.parametrize("unit", [1.0, 1e-12, 1e12])
def test_annealing_finds_a_plain_optimum_in_any_unit_and_keeps_its_ledger(unit: float) -> None:
    terms: dict[tuple[int, ...], float] = {(j,): unit * (1.0 + j % 3) * (-1) ** j for j in range(6)}
    cost = PauliZCost(terms, 6)
    found = run(variational_annealing, cost, rng=generator(0), steps=25)
    assert found.cost == pytest.approx(cost.to_table().minimum, rel=1e-9)
    assert found.ledger.cost_queries == found.ledger.forward_passes == 25 * 16
    assert found.ledger.amplitude_evaluations == 25 * 16 * (7 + 8)


def test_annealing_stops_at_its_budget_and_bears_a_flat_cost() -> None:
    flat = CostTable(np.ones(8), 3)
    assert run(variational_annealing, flat, rng=generator(0)).cost == 1.0
    found = run(variational_annealing, flat, rng=generator(0), max_cost_queries=20)
    assert found.ledger.cost_queries == 20


@pytest.mark.parametrize("n", [1, 2])
def test_annealing_bears_samples_that_are_all_one_mask(n: int) -> None:
    terms: dict[tuple[int, ...], float] = {(j,): 1.0 for j in range(n)}
    for seed in range(6):
        found = run(variational_annealing, PauliZCost(terms, n), rng=generator(seed), samples=4)
        assert found.cost == -n
        assert found.ledger.cost_queries == 40 * 4


# What is refused


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_neurons": 0}, r"^n_neurons=0 is too small \(limit: 1 or more\)$"),
        ({"codes": 0}, r"^codes=0 is too small \(limit: 1 or more\)$"),
        ({"codes": 10**9}, r"^codes=1000000000 is too large"),
        ({"blocks": 0}, r"^blocks=0 is too small"),
        ({"mixing": "sum"}, r"^mixing='sum' is unknown \(known: mean, normal\)$"),
        ({"seed": -1}, r"^seed=-1 is too small"),
    ],
)
def test_a_state_names_what_it_refuses(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        QuantumState(**{"n_neurons": 4, "seed": 0, **arguments})


def test_what_does_not_fit_is_refused_before_it_is_made() -> None:
    with pytest.raises(TooLargeError, match=r"^n_neurons=10000000 needs") as caught:
        QuantumState(10_000_000, seed=0)
    assert int(str(caught.value).split("=")[-1][:-1]) > 1000  # it grows as the root of memory
    with pytest.raises(TooLargeError, match=r"^blocks=1000000000000000 needs"):
        QuantumState(4, blocks=10**15, seed=0)
    wide = PauliZCost({(0,): 1.0}, 40)
    with pytest.raises(TooLargeError, match=r"^n_neurons=40 needs"):
        ground_state(wide, 0.5)
    with pytest.raises(TooLargeError, match=r"^samples=1000000000 needs"):
        train_state(QuantumState(8, seed=0), PauliZCost({(0,): 1.0}, 8), 0.5, samples=10**9,
                    rng=generator())  # fmt: skip


@given(st.sampled_from([0, -1.0, np.inf, np.nan, "x", None, True]))
def test_a_field_that_is_no_number_above_zero_is_refused(field: Any) -> None:
    cost, state = CostTable(np.array([0.0, 1.0]), 1), QuantumState(1, seed=0)
    for call in (
        lambda: ground_state(cost, field),
        lambda: local_energies(state, cost, field, "1"),
        lambda: product_of_blocks(cost, field, block_size=1, rng=generator()),
        lambda: train_state(state, cost, field, rng=generator()),
        lambda: run(variational_annealing, cost, rng=generator(), field=field),
    ):
        with pytest.raises(ValueError, match=r"field=.* is not a finite number above 0"):
            call()


def test_a_state_that_does_not_fit_the_cost_is_refused() -> None:
    cost = CostTable(np.arange(4.0), 2)
    with pytest.raises(TypeError, match=r"^state=None is no QuantumState$"):
        train_state(None, cost, 0.5, rng=generator())  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^state has 3 neurons \(limit: 2, as cost\)$"):
        train_state(QuantumState(3, seed=0), cost, 0.5, rng=generator())


def test_codes_of_a_state_without_any_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^codes=None: this state has none"):
        QuantumState(3, seed=0).codes("010")
    with pytest.raises(ValueError, match=r"mask"):
        QuantumState(3, seed=0).flip_ratios("01")
