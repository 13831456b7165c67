"""Figures of lessons 08a to 12: what they say is what they were given."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.axes import Axes

from labkit.course import recorded
from labkit.course.lessons import (
    figures_08a_entanglement_and_locality,
    figures_09_training_angles,
    figures_10_sparse_subnetworks,
    figures_11_nk_networks,
    figures_12_local_selection,
)
from labkit.course.lessons.lesson_09_training_angles import pick_angles, pick_at_size, pick_by_size
from labkit.course.lessons.lesson_10_sparse_subnetworks import STRENGTHS, pick_results
from labkit.course.lessons.lesson_11_nk_networks import over_seeds, pick_quality, pick_scales
from labkit.course.lessons.lesson_12_local_selection import (
    count_stuck_masks,
    pick_runs,
    pick_stuck,
)
from labkit.masks import all_masks, mask_from_string
from labkit.problems import build_nk_problem, build_problem
from labkit.selectors import walk_locally

# What is picked from records


def test_angles_and_chances_are_picked_in_the_order_of_their_networks() -> None:
    runs = recorded("09_training_angles").runs
    assert np.array_equal(pick_angles(runs)[7][1], runs["result.betas"].iloc[7])
    reuse = recorded("09_transfer").runs
    row = reuse[(reuse["parameters.n_neurons"] == 12) & (reuse["seed"] == 5)].iloc[0]
    assert pick_by_size(reuse, "own")[2, 5] == row["result.own"]
    at_12 = pick_at_size(reuse, 12)
    assert at_12["transferred"][5] == row["result.transferred"]
    assert at_12["cost_layers"][5] == row["ledger.cost_layers"]


def test_what_was_tried_at_each_strength_has_a_row_for_each() -> None:
    runs = recorded("10_sparse_subnetworks").runs
    best, ring = (pick_results(runs, name, n_active=4) for name in ("best", "ring"))
    assert best.shape == (len(STRENGTHS), 20)
    row = runs[(runs["parameters.n_active"] == 4) & (runs["seed"] == 3)].iloc[0]
    assert best[2, 3] == row["result.best"][2] and ring[3] == row["result.ring"]


def test_quality_is_picked_at_scale_two_and_scales_at_k_four() -> None:
    runs = recorded("11_nk_networks").runs
    at_two = runs[runs["parameters.scale"].isna() & (runs["parameters.task_name"] == "moons")]
    expected = over_seeds(at_two, "nk_cost", by="n_inputs_per_output")
    assert np.array_equal(pick_quality(runs, "moons", "nk_cost"), expected)
    scales = pick_scales(runs)
    assert len(scales) == 10
    kept = pick_quality(runs, "moons", "share_kept")[3]
    assert scales.loc["moons", 2.0]["share kept"] == pytest.approx(kept.mean())
    assert scales.loc["moons", 2.0].iloc[-1] == (kept == 0).mean()


def test_stuck_masks_have_a_row_for_each_block_size() -> None:
    counted = count_stuck_masks({"largest": 6}, 7).result
    found = pick_stuck(recorded("12_stuck_masks").runs)
    assert found[:, 7].tolist() == [counted[f"stuck_{size}"] for size in range(1, 7)]


# What figures say


def test_bits_are_those_of_the_last_layer_the_highest_call_and_both_ends() -> None:
    figures = figures_08a_entanglement_and_locality
    told = figures.figure_bits_by_layer({"K": np.array([[0, 0], [1, 2.0]])})
    assert told.text.startswith("After 1 layers: K 1.50 bits") and "over 2 networks" in told.text
    told = figures.figure_bits_by_call({"1 marked": [0, 0.8, 0.3]}, most=4)
    assert "1 marked 0.80; a cut into halves can hold 4" in told.text
    told = figures.figure_bits_over_widths((6, 12), {"order 2": np.array([[0, 1], [1, 2.0]])})
    assert "From 6 to 12 neurons: order 2 0.50 to 1.50 bits" in told.text


@pytest.mark.parametrize(
    ("trained", "words"),
    [([0.3, 0.1, 0.8], "fell on 1 network."), ([0.1, 0.1, 0.8], "fell on 2 networks.")],
)
def test_networks_on_which_the_chance_fell_are_counted(trained: list[float], words: str) -> None:
    told = figures_09_training_angles.figure_chances([0.2, 0.2, 0.4], trained)
    assert told.text.endswith(words)
    assert isinstance(told.ax, Axes) and told.ax.get_legend() is None


def test_the_best_step_is_where_shots_err_least() -> None:
    steps, exact, measured = np.array([[0.001, 0.1, 1.0], [1e-6, 0.01, 0.2], [6.0, 0.05, 0.3]])
    told = figures_09_training_angles.figure_step_errors(steps, exact, measured)
    assert "h = 0.10, wrong by 0.05; h = 0.001: by 6.0" in told.text


def test_bills_are_medians() -> None:
    bills = {"ramp": [1.0, 2000.0, 3000.0], "one-flip": [5.0, 6.0, 70.0]}
    told = figures_09_training_angles.figure_bills(bills, xlabel="queries")
    assert told.text == "Medians over 3 networks: ramp 2,000, one-flip 6."
    assert isinstance(told.ax, Axes) and told.ax.get_xlabel().startswith("queries")


def test_the_price_of_few_neurons_is_a_mean_over_networks() -> None:
    least = np.arange(14.0).reshape(7, 2)
    told = figures_10_sparse_subnetworks.figure_price(least, least + 1)
    assert "mean of 2 networks: 4.500 with 2 neurons" in told.text
    assert "12.500 with all 6" in told.text


def test_strengths_are_named_by_their_size() -> None:
    fined = np.outer(STRENGTHS, [1.0, 3.0])
    told = figures_10_sparse_subnetworks.figure_strengths(fined, {"ring mixer": [0.5, 0.7]})
    assert "strong penalty 2.000, penalty 0.1 0.200, ring mixer 0.600" in told.text


def test_a_ring_of_k_meets_k_minus_one_on_either_side() -> None:
    read = {k: build_nk_problem("moons", 12, k, seed=1).network.neighbourhoods for k in (1, 3)}
    told = figures_11_nk_networks.figure_neighbourhoods(read)
    assert told.text.startswith("Others that a neuron meets: K = 1: 0, K = 3: 4;")


def test_only_regret_of_nothing_counts_as_the_optimum() -> None:
    regret = {"QAOA": np.array([[0, 0.1], [1e-12, 0.2], [0.3, 0.4], [0, 0]])}
    told = figures_11_nk_networks.figure_rivals(range(1, 5), regret)
    assert told.text.endswith("Optimum met: QAOA 50%.")


def test_cones_are_as_wide_as_they_were_given() -> None:
    cost = build_nk_problem("moons", 12, 2, seed=1).cost
    told = figures_11_nk_networks.figure_cones(cost, [{0, 1}, [11, 0, 1, 2]])
    assert told.text.startswith("Neurons in the light cone after 0 and 1 layers: [2, 4]")


def test_layers_that_fit_are_counted() -> None:
    told = figures_11_nk_networks.figure_cone_widths(
        {"K = 3": [7, 11, 30], "K = 6": [26, 27, 99]}, 26
    )
    assert told.text == "Layers whose cone fits into 26 qubits (of 3 drawn): K = 3 2, K = 6 1."


def test_pairs_that_are_free_together_are_counted_once() -> None:
    table, rng = build_problem("moons", 6, seed=0).table, np.random.default_rng(0)
    walk = walk_locally(table, rng=rng, block_size=3, scheme="sweeps")
    told = figures_12_local_selection.figure_schedules({"sweeps": walk})
    assert told.text == "Pairs of neurons, of 15, that are ever free together: sweeps 6."


def test_every_block_size_of_random_blocks_is_told() -> None:
    runs = recorded("12_local_selection").runs
    regret = {
        scheme: pick_runs(runs, "regret", scheme=scheme) for scheme in ("sweeps", "random_blocks")
    }
    told = figures_12_local_selection.figure_together(regret)
    means = regret["random_blocks"].mean(axis=1)
    assert all(f"{size}: {mean:.3f}" in told.text for size, mean in means.items())


def test_blocks_of_neighbours_that_hold_both_neurons_are_not_named() -> None:
    table, stuck = build_problem("moons", 6, seed=0).table, mask_from_string("000000")
    for other, sizes in (("001100", "3"), ("100001", "2, 3, 4 or 5")):
        way_out = mask_from_string(other)
        told = figures_12_local_selection.figure_trap(table, stuck, all_masks(6)[:4], way_out)
        assert told.text.endswith(f"no block of {sizes} neighbours.")


def test_stuck_masks_are_means_by_block_size() -> None:
    told = figures_12_local_selection.figure_stuck(np.array([[16.0, 17.0], [2.0, 3.0], [1.0, 1.0]]))
    assert told.text.startswith("Mean number by block size: 1 16.5, 2 2.5, 3 1.0;")
