"""Notebook 08a: what it says of bits, against states that are made another way."""

from __future__ import annotations

import numpy as np
import pytest

from labkit.ansatz import ramp_angles
from labkit.circuits.qaoa import qaoa_circuit
from labkit.course.lessons.lesson_08a_entanglement_and_locality import (
    bits_by_call,
    bits_by_layer,
    costs_by_k,
    costs_by_order,
)
from labkit.course.plots.series import standard_error
from labkit.simulators import entropy, final_state

SEEDS = range(10)


def test_bits_by_layer_are_those_of_the_circuit() -> None:
    costs = costs_by_k(6, (3,), seeds=range(2))["NK, K = 3"]
    found = bits_by_layer(costs, 2, neurons=range(3))
    assert found.shape == (3, 2)
    gammas, betas = ramp_angles(2, 6, std=costs[1].std)
    for layers in range(3):
        state = final_state(qaoa_circuit(costs[1], gammas[:layers], betas[:layers]))
        assert found[layers, 1] == pytest.approx(entropy(state, range(3)), abs=1e-4)


def test_a_smaller_k_holds_fewer_bits_in_the_mean_of_ten_networks() -> None:
    by_k = costs_by_k(12, (1, 2, 6), seeds=SEEDS).values()
    one, two, six = (bits_by_layer(costs, 4, neurons=range(6))[-1] for costs in by_k)
    assert one.max() < 1e-5
    gap = six - two  # of the same networks
    assert gap.mean() > 3 * standard_error(gap)


def test_truncation_does_not_lower_the_bits() -> None:
    by_order = costs_by_order(10, (1, 2, 10), seeds=SEEDS).values()
    one, two, whole = (bits_by_layer(costs, 4, neurons=range(5))[-1] for costs in by_order)
    assert one.max() < 1e-5
    gap = whole - two
    assert gap.mean() < 2 * standard_error(gap)
    assert two.mean() > 0.7 * whole.mean()


def test_grovers_search_of_one_mask_stays_below_a_bit_on_the_way() -> None:
    most = [bits_by_call(k, 1, neurons=range(k // 2)).max() for k in (4, 6, 8)]
    assert most == sorted(most)
    assert most[-1] < 1
    assert np.isclose(bits_by_call(8, 1, neurons=range(4))[0], 0, atol=1e-6)
