"""Notebook 18: a circuit as input layer, its rivals, and subcircuits as masks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from labkit.ansatz import block_pairs, layer_gates
from labkit.arrays import FloatArray
from labkit.baselines import train_arrays
from labkit.baselines.input_circuits import (
    CircuitClassifier,
    TrainedClassifier,
    draw_classifier,
    train_classifier,
)
from labkit.costs import CostTable
from labkit.costs.spectrum import share_by_order
from labkit.datasets import Task, load_task
from labkit.ledger import Ledger, Outcome
from labkit.neighbours.rotations import RotationCircuit
from labkit.networks import sample_network
from labkit.scoring import accuracy, check_labels, cost_of_outputs, score_subcircuits
from labkit.selectors import (
    adaptive_grover,
    one_flip_search,
    oracle_calls_to_optimum,
    queries_to_optimum,
)

TASKS = ("circles", "moons", "digits_3v8", "breast_cancer")
#: Of the circuit in the table of rivals.
N_QUBITS, LAYERS, EPOCHS = 6, 2, 60
#: Of the circuit whose gates are masked.
GATED_QUBITS, SCALE = 4, 2.0
#: Its couplings; of fewer the last ones, which are within blocks of two.
COUPLINGS = ((3, 0), (1, 2), (0, 1), (2, 3))
#: Model -> the couplings' block size, where it is the circuit with fewer couplings.
BLOCKS = {"blocks of 1": 1, "blocks of 2": 2, "blocks of 3": 3, "circuit": 6}
SEARCHES = 20

Samples = npt.NDArray[Any]


@lru_cache(maxsize=16)
def seen_task(name: str, n_qubits: int = N_QUBITS) -> Task:
    """A task as a circuit sees it: at most a feature a qubit, else principal components."""
    task = load_task(name)
    return task if task.n_features <= n_qubits else task.principal_components(n_qubits)


def measure_model(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """One model trained on one task: how well, how fast, and with how many bits.

    Args:
        parameters: `task`, and `model`: one of `MODELS`.
        seed: of the first angles and weights.

    Returns:
        `test_accuracy`; `n_trained` numbers; of circuits also `epochs_to_90`, the first epoch in
        which 90% of the training samples were right (None: never), and `bits` and `bits_before`,
        after and before training, see `bits_across`.
    """
    return MODELS[parameters["model"]](seen_task(parameters["task"]), seed)


def _measure_circuit(
    task: Task,
    seed: int,
    *,
    trained: str = "all",
    layers: int = LAYERS,
    block_size: int = N_QUBITS,
    shared: bool = False,
) -> Outcome:
    """The circuit of six qubits, or one with fewer layers, couplings, angles, or trained angles."""
    pairs = block_pairs(N_QUBITS, block_size)
    model = draw_classifier(N_QUBITS, layers, seed=seed, shared=shared, pairs=pairs)
    after = train_classifier(model, task.x_train, task.y_train, epochs=EPOCHS, trained=trained)
    bits = [bits_across(each.evolve(task.x_test)) for each in (model, after.model)]
    result = {
        "test_accuracy": accuracy(after.model.outputs(task.x_test), task.y_test),
        "n_trained": N_QUBITS + 1 if trained == "readout" else model.n_parameters,
        "epochs_to_90": _first_epoch(after),
        "bits_before": bits[0],
        "bits": bits[1],
    }
    return Outcome(result, after.ledger)


def _measure_readout_qubit(task: Task, seed: int) -> Outcome:
    """One more qubit is read: gates couple it to each of the others, X Z and then Z X, three times.

    Up to a turn of the read-out qubit these are the XX and ZZ of TensorFlow Quantum's tutorial,
    which has the hinge loss too.

    Reference: Farhi, Neven 2018, arXiv 1802.06002.
    """
    last, rng = N_QUBITS, np.random.default_rng(seed)
    gates = [(name, (j, last)) for name in ("xz", "zx") * 3 for j in range(N_QUBITS)]
    circuit, angles = RotationCircuit(gates, last + 1), rng.uniform(-np.pi, np.pi, len(gates))
    model = CircuitClassifier(circuit, angles, np.arange(len(gates)), np.eye(last + 1)[last])
    train, test = with_readout_qubit(task.x_train), with_readout_qubit(task.x_test)
    options = {"trained": "angles", "loss": "hinge"}
    after = train_classifier(model, train, task.y_train, epochs=EPOCHS, **options)
    bits = [bits_across(each.evolve(test)) for each in (model, after.model)]
    result = {
        "test_accuracy": accuracy(after.model.outputs(test), task.y_test),
        "n_trained": len(gates),
        "epochs_to_90": _first_epoch(after),
        "bits_before": bits[0],
        "bits": bits[1],
    }
    return Outcome(result, after.ledger)


def with_readout_qubit(x: Samples) -> Samples:
    """Features repeated to one for each qubit, and pi/2, which starts one more in |1>."""
    features = x[:, np.arange(N_QUBITS) % x.shape[1]]
    return np.hstack([features, np.full((len(x), 1), np.pi / 2)])


def _measure_perceptron(task: Task, seed: int) -> Outcome:
    """One hidden layer of about as many weights as the circuit, as many steps of Adam."""
    n_hidden = 43 // (task.n_features + 2)
    network = sample_network(task.n_features, n_hidden, 1, seed=seed).adapted(task.x_train)
    steps = EPOCHS * -(-len(task.x_train) // 32)
    after = train_arrays(network, task.x_train, task.y_train, epochs=steps, learning_rate=0.05)
    outputs = after.network.outputs(task.x_test, np.ones(n_hidden, dtype=bool))
    n_trained = n_hidden * (task.n_features + 2)
    result = {"test_accuracy": accuracy(outputs, task.y_test), "n_trained": n_trained}
    return Outcome(result, after.ledger)


def _measure_logistic(task: Task, seed: int) -> Outcome:
    """Dense(1) on the features themselves, at its optimum: the same from every seed."""
    x = np.hstack([task.x_train, np.ones((len(task.x_train), 1))]).astype(np.float64)
    y = check_labels(task.y_train, n_samples=len(x), n_outputs=1)[:, 0]

    def loss(w: FloatArray) -> tuple[float, FloatArray]:
        margins = y * (x @ w)
        slopes = -y * np.exp(-np.logaddexp(0, margins)) / len(y)
        return float(np.logaddexp(0, -margins).mean()), slopes @ x

    found = minimize(loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B")
    outputs = task.x_test @ found.x[:-1, np.newaxis] + found.x[-1]
    result = {"test_accuracy": accuracy(outputs, task.y_test), "n_trained": x.shape[1]}
    return Outcome(result, Ledger(forward_passes=found.nfev, backward_passes=found.nfev))


#: Of the table of rivals, and of the figure of blocks.
MODELS: dict[str, Callable[[Task, int], Outcome]] = {
    "circuit": _measure_circuit,
    "circuit, shared angles": partial(_measure_circuit, shared=True),
    "frozen circuit": partial(_measure_circuit, trained="readout"),
    "encoding only": partial(_measure_circuit, layers=0),
    "read-out qubit": _measure_readout_qubit,
    "perceptron": _measure_perceptron,
    "logistic": _measure_logistic,
    "blocks of 1": partial(_measure_circuit, block_size=1),
    "blocks of 2": partial(_measure_circuit, block_size=2),
    "blocks of 3": partial(_measure_circuit, block_size=3),
}


def _first_epoch(trained: TrainedClassifier) -> int | None:
    """The first epoch, from 1, in which 90% of the training samples were right."""
    reached = np.flatnonzero(trained.accuracies >= 0.9)
    return int(reached[0]) + 1 if reached.size else None


@dataclass(frozen=True, eq=False)
class GatedCircuit:
    """A random circuit of four qubits, a mask bit for each of its gates, and its cost table.

    Attributes:
        task: as the circuit sees it.
        model: with all gates, at random angles; its readout, 2 or -2 on each qubit, stays.
        table: the cross-entropy of each subcircuit on the training samples.
    """

    task: Task
    model: CircuitClassifier
    table: CostTable

    def subcircuit(self, gate_mask: npt.ArrayLike) -> CircuitClassifier:
        """The circuit with the angles of the gates that go set to 0."""
        return replace(self.model, parameters=self.model.parameters * np.asarray(gate_mask))

    def outputs(self, x: npt.ArrayLike, gate_mask: npt.ArrayLike) -> FloatArray:
        """What a subcircuit says to samples, (samples, 1)."""
        return self.subcircuit(gate_mask).outputs(x)

    def accuracy(self, model: CircuitClassifier) -> float:
        """The share of test samples that a classifier has right."""
        return accuracy(model.outputs(self.task.x_test), self.task.y_test)


@lru_cache(maxsize=64)
def build_gated_circuit(
    task: str, seed: int, n_gates: int = 12, n_features: int = GATED_QUBITS
) -> GatedCircuit:
    """Draws a layer of couplings, a field and a mixer on each qubit; and scores its subcircuits.

    Args:
        task: one of `TASKS`.
        seed: of the angles and the signs of the readout.
        n_gates: 8 without a coupling, to 12 with all of `COUPLINGS`.
        n_features: that the circuit sees, of tasks that have more.
    """
    seen, n = seen_task(task, n_features), GATED_QUBITS
    gates = layer_gates(n, 1, pairs=COUPLINGS[12 - n_gates :])
    rng = np.random.default_rng([seed, 18])
    readout, angles = SCALE * rng.choice([-1.0, 1.0], n), rng.uniform(-np.pi, np.pi, 12)
    angles = angles[::-1][:n_gates][::-1]  # a gate keeps its angle whatever comes before it
    model = CircuitClassifier(RotationCircuit(gates, n), angles, np.arange(n_gates), readout)
    features = seen.x_train[:, np.arange(n) % seen.n_features] + np.pi / 2
    table = score_subcircuits(gates, angles, features, seen.y_train, readout)
    return GatedCircuit(seen, model, table)


def train_gated_circuit(gated: GatedCircuit) -> TrainedClassifier:
    """All angles trained from where they are, the readout fixed: what selection is held against."""
    task = gated.task
    return train_classifier(gated.model, task.x_train, task.y_train, epochs=EPOCHS, trained="angles")


def measure_subcircuits(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """The best subcircuit of a random circuit, what finds it, and training from the same angles.

    Args:
        parameters: `task`.
        seed: of the circuit, and of the searches, 20 of each kind.

    Returns:
        of 'all' gates, of the 'best' mask and of the circuit 'trained': `cost_...` on the training
        samples, `accuracy_...` on the test samples, `bits_...`; `couplings_kept` of 4 by the best;
        `queries_random`, `queries_one_flip`, `calls_grover` to the optimum in the mean;
        `share_to_order_2`, of the variance of the costs.
    """
    gated, rng = build_gated_circuit(parameters["task"], seed), np.random.default_rng([seed, 1])
    table, task = gated.table, gated.task
    best, after = table.optimal_masks()[0], train_gated_circuit(gated)
    models = {"all": gated.model, "best": gated.subcircuit(best), "trained": after.model}
    targets = check_labels(task.y_train, n_samples=len(task.y_train), n_outputs=1)
    result: dict[str, Any] = {"couplings_kept": int(best[: len(COUPLINGS)].sum())}
    for name, model in models.items():
        outputs = model.outputs(task.x_train)
        result[f"cost_{name}"] = float(cost_of_outputs(outputs, targets, cost="cross_entropy"))
        result[f"accuracy_{name}"] = gated.accuracy(model)
        result[f"bits_{name}"] = bits_across(model.evolve(task.x_test))
    tables = [table] * SEARCHES
    flips = queries_to_optimum(one_flip_search, tables, rng=rng, restarts=9999)
    calls = oracle_calls_to_optimum(adaptive_grover, tables, rng=rng, max_oracle_calls=99999)
    result["queries_random"] = (len(table.costs) + 1) / (len(table.optimal_masks()) + 1)
    result["queries_one_flip"] = float(flips.mean())
    result["calls_grover"] = float(calls.mean())
    result["share_to_order_2"] = float(share_by_order(table)[:3].sum())
    passes = Ledger(forward_passes=len(table.costs), cost_queries=int(flips.sum()),
                    oracle_calls=int(calls.sum()))  # fmt: skip
    return Outcome(result, after.ledger + passes)


def bits_across(states: npt.ArrayLike) -> float:
    """Bits of entanglement: the mean over samples of the most across a straight cut.

    A straight cut has the first j qubits on one side, j = 1..n - 1. With the Schmidt values s_i of
    a sample's state, the bits are -sum_i s_i^2 log2 s_i^2.

    Args:
        states: (samples, 2^n).
    """
    psi = np.asarray(states)
    by_cut = []
    for j in range(1, psi.shape[1].bit_length() - 1):
        shares = np.linalg.svd(psi.reshape(len(psi), 2**j, -1), compute_uv=False) ** 2
        by_cut.append(-(shares * np.log2(np.maximum(shares, 1e-300))).sum(axis=1))
    return max(float(np.max(by_cut, axis=0).mean()), 0.0)
