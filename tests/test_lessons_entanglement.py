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
from labkit.simulators import entropy, final_state


def test_bits_by_layer_are_those_of_the_circuit() -> None:
    cost = costs_by_k(6, (3,), seed=1)["NK, K = 3"]
    found = bits_by_layer(cost, 2, neurons=range(3))
    gammas, betas = ramp_angles(2, 6, std=cost.std)
    for layers in range(3):
        state = final_state(qaoa_circuit(cost, gammas[:layers], betas[:layers]))
        assert found[layers] == pytest.approx(entropy(state, range(3)), abs=1e-4)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_k_lowers_the_bits_and_truncation_does_not(seed: int) -> None:
    half = range(5)
    by_k = [
        bits_by_layer(c, 4, neurons=half)[-1] for c in costs_by_k(10, (1, 2, 6), seed=seed).values()
    ]
    assert by_k[0] < 1e-5 < by_k[1] < by_k[2]
    by_order = costs_by_order(10, (1, 2, 10), seed=seed)
    one, two, all_ = (bits_by_layer(c, 4, neurons=half)[-1] for c in by_order.values())
    assert one < 1e-5
    assert two > 0.5 * all_


def test_grovers_search_of_one_mask_stays_below_a_bit_on_the_way() -> None:
    most = [bits_by_call(k, 1, neurons=range(k // 2)).max() for k in (4, 6, 8)]
    assert most == sorted(most)
    assert most[-1] < 1
    assert np.isclose(bits_by_call(8, 1, neurons=range(4))[0], 0, atol=1e-6)
