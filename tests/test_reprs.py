"""What is printed of a result, a problem, a network or a cost: one line, its numbers, no array."""

from __future__ import annotations

import numpy as np
import pytest
from parts import needs_keras

from labkit.costs import CostTable, LocalCost, PauliZCost
from labkit.networks import sample_network, sample_nk_network
from labkit.problems import build_large, build_nk_problem, build_problem
from labkit.selectors import exhaustive, run
from labkit.selectors.blocks import BlockCost

TABLE = CostTable(np.array([0.7, 0.2, 0.9, 0.41234567]), 2)
PROBLEM = build_problem("moons", 4, seed=3)
NK = build_nk_problem("moons", 8, 3, seed=0)

SAID = [
    (TABLE, "CostTable(n_neurons=2, minimum=0.2, mean=0.553086)"),
    (PauliZCost({(0, 3): 1.0, (): 2.0}, 5), "PauliZCost(n_neurons=5, order=2, n_terms=2)"),
    (LocalCost([((2,), np.array([0.0, 1.0]))], 5), "LocalCost(n_neurons=5, order=1, n_terms=1)"),
    (
        build_large("moons", 300, seed=0)[1],
        f"NetworkCost(n_neurons=300, cost_name='cross_entropy', n_samples={len(NK.task.x_train)})",
    ),
    (
        BlockCost(TABLE, np.array([True, False]), np.array([1])),
        f"BlockCost(cost={TABLE!r}, block=[1])",
    ),
    (
        run(exhaustive, TABLE, rng=np.random.default_rng(0)),
        "Selection(selector='exhaustive', cost=0.2, n_active=1, n_neurons=2, cost_queries=4)",
    ),
    (
        PROBLEM,
        "Problem(task='moons', n_neurons=4, cost_name='cross_entropy', seed=3, "
        f"minimum={PROBLEM.table.minimum:.6g})",
    ),
    (NK, "NKProblem(task='moons', n_neurons=8, n_inputs_per_output=3)"),
    (
        sample_network(2, 4, hidden_layers=2, scale=2.0, seed=0),
        "TwoLayerArrays(n_inputs=2, n_hidden=4, n_outputs=1, n_mask_bits=8, scale=2)",
    ),
    (
        sample_network(30, 4, mask_kind="weight", seed=0),
        "ManyInputsArrays(n_inputs=30, n_hidden=4, n_outputs=1, n_mask_bits=124, scale=1)",
    ),
    (
        sample_nk_network(2, 6, 3, seed=0),
        "NKArrays(n_inputs=2, n_hidden=6, n_outputs=6, n_mask_bits=6, scale=1)",
    ),
]


@pytest.mark.parametrize(("thing", "said"), SAID, ids=lambda value: type(value).__name__)
def test_a_thing_is_one_line_of_its_numbers(thing: object, said: str) -> None:
    assert repr(thing) == said


@needs_keras
def test_keras_networks_say_how_they_were_drawn() -> None:
    from labkit.networks import NKNetwork, RandomNetwork

    assert repr(RandomNetwork(2, 4, seed=7)) == (
        "RandomNetwork(n_inputs=2, n_mask_bits=4, hidden_layers=1, mask_kind='neuron', "
        "init='kaiming_normal', readout='signed_constant', scale=1, seed=7)"
    )
    assert repr(NKNetwork(2, 6, 3, seed=7)) == (
        "NKNetwork(n_inputs=2, n_mask_bits=6, neighbourhood='adjacent', scale=1, seed=7)"
    )
