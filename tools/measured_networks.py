"""Measurements of networks: how good the best subnetwork is, and what locality costs."""

from __future__ import annotations

from typing import Any

import numpy as np
from measured import SEEDS, Section, generator, spread, trained_accuracy

from labkit.ansatz import ramp_angles
from labkit.circuits import circuit_report
from labkit.circuits.qaoa import qaoa_circuit
from labkit.datasets import load_task
from labkit.networks import sample_network, sample_nk_network
from labkit.problems import build_problem
from labkit.scoring import accuracy, network_cost, nk_cost
from labkit.selectors import dynamic_programming, local_selection, one_flip_search, run
from labkit.simulators import light_cone_expectation


def measure_small() -> Section:
    """The best of all subnetworks against trained networks of the same size."""
    cases: list[tuple[str, int, dict[str, Any]]] = [
        ("digits_3v6", 5, {"mask_kind": "weight", "scale": 3.0}),
        ("iris", 5, {"mask_kind": "weight", "scale": 3.0}),
        ("moons", 12, {}),
        ("moons", 16, {}),
    ]
    rows = []
    for name, n_hidden, options in cases:
        problems = [build_problem(name, n_hidden, seed=s, **options) for s in SEEDS]
        best = np.array([p.accuracy(p.table.optimal_masks()[0]) for p in problems])
        trained = trained_accuracy(problems[0].task, n_hidden)
        near = np.mean(best >= trained.mean() - 0.01)
        kind = f"{problems[0].n_neurons} {options.get('mask_kind', 'neuron')} bits"
        cells = [name, kind, spread(best), f"{np.median(best):.3f}", spread(trained), f"{near:.0%}"]
        rows.append(cells)
    return Section(
        "Small networks: the best of all subnetworks",
        "Test accuracy of the subnetwork of least cross-entropy on the training data, on two "
        "principal components; trained: networks of the same size.",
        ["task", "mask", "best subnetwork", "median", "trained", "within 1 point of trained"],
        rows,
    )


def measure_large() -> Section:
    """One-flip search among hundreds of neurons."""
    rows = []
    cases = [("moons", 1024), ("circles", 256), ("breast_cancer", 1024), ("digits_3v6", 256)]
    for name, n_hidden in cases:
        task, found, queries = load_task(name), [], []
        for seed in SEEDS:
            network = sample_network(task.n_features, n_hidden, scale=2.0, seed=seed)
            network = network.adapted(task.x_train)
            cost = network_cost(network, task.x_train, task.y_train)
            selection = run(one_flip_search, cost, rng=generator(seed))
            outputs = network.outputs(task.x_test, selection.neuron_mask)
            found.append(accuracy(outputs, task.y_test))
            queries.append(selection.ledger.cost_queries)
        trained = trained_accuracy(task, n_hidden)
        rows.append([name, str(n_hidden), spread(found), spread(trained), spread(queries, ",.0f")])
    return Section(
        "Large networks: one-flip search",
        "Test accuracy; cross-entropy, scale 2, all features.",
        ["task", "neurons", "one-flip search", "trained", "cost queries"],
        rows,
    )


def measure_weights() -> Section:
    """Local selection among 124 weights."""
    task, rows = load_task("breast_cancer"), []
    trained = trained_accuracy(task, 4)
    for block_size in (1, 4, 8, 10):
        found, queries = [], []
        for seed in SEEDS:
            network = sample_network(
                task.n_features,
                4,
                mask_kind="weight",
                init="signed_constant",
                scale=3.0,
                seed=seed,
            )
            network = network.adapted(task.x_train)
            cost = network_cost(network, task.x_train, task.y_train)
            selection = run(local_selection, cost, rng=generator(seed), block_size=block_size)
            outputs = network.outputs(task.x_test, selection.neuron_mask)
            found.append(accuracy(outputs, task.y_test))
            queries.append(selection.ledger.cost_queries)
        rows.append([str(block_size), spread(found), spread(trained), spread(queries, ",.0f")])
    return Section(
        "Local selection among 124 weights",
        "breast_cancer, 4 hidden units, weight masks, weights of equal size, scale 3; sweeps, each "
        "block by enumeration; test accuracy. These settings are the best, by test accuracy, of 12 "
        "that were tried on seeds 0 to 9: the figures are optimistic.",
        ["block size", "sweeps", "trained", "cost queries"],
        rows,
    )


def measure_nk() -> Section:
    """NK networks: locality against quality, depth and two-qubit gates."""
    rows = []
    cases = [("moons", 24, k) for k in (2, 3, 4, 5)] + [
        (name, n, 4) for name in ("moons", "breast_cancer", "digits_3v6") for n in (64, 256)
    ]
    for name, n, k in cases:
        costs, found, greedy = list[float](), list[float](), list[float]()
        task = load_task(name)
        for seed in SEEDS:
            network = sample_nk_network(task.n_features, n, k, scale=2.0, seed=seed)
            network = network.adapted(task.x_train)
            cost = nk_cost(network, task.x_train, task.y_train, cost="cross_entropy")
            for selector, kept in ((dynamic_programming, found), (one_flip_search, greedy)):
                selection = run(selector, cost, rng=generator(seed))
                outputs = network.prediction(task.x_test, selection.neuron_mask)
                kept.append(accuracy(outputs.reshape(-1, 1), task.y_test))
            costs.append(selection.cost / run(dynamic_programming, cost, rng=generator(0)).cost - 1)
        report = circuit_report(qaoa_circuit(cost, *ramp_angles(1, n, std=1.0)))
        rows.append([name, str(n), str(k), spread(found), spread(greedy), f"{np.mean(costs):.1%}",
                     f"{report.depth:,}", f"{report.two_qubit_gates:,}"])  # fmt: skip
    return Section(
        "NK networks: locality",
        "Test accuracy of the mean of the outputs; cross-entropy, scale 2, adjacent "
        "neighbourhoods of K neurons. Exact: by dynamic programming. Excess: by how much one-flip "
        "search costs more. Depth and two-qubit gates: of one QAOA layer. " + at_scale(),
        ["task", "N", "K", "exact", "one-flip", "excess", "depth", "two-qubit gates"],
        rows,
    )


def at_scale() -> str:
    """What two layers of the ramp reach among 1,000 neurons, by light cones."""
    task = load_task("moons")
    network = sample_nk_network(2, 1000, 3, scale=2.0, seed=0).adapted(task.x_train)
    cost = nk_cost(network, task.x_train, task.y_train, cost="cross_entropy")
    least = run(dynamic_programming, cost, rng=generator(0)).cost
    # each neuron meets K - 1 others on either side: the ramp of as many neurons
    reached = light_cone_expectation(cost, *ramp_angles(2, 5, std=cost.std))
    return (
        f"moons, N = 1,000, K = 3, one network: mean cost of all masks {cost.mean:.4f}, of two "
        f"QAOA layers {reached:.4f} (light cones), least {least:.4f}."
    )
