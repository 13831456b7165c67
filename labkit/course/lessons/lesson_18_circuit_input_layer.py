"""Notebook 18: a circuit as input layer, its rivals, and subcircuits as masks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
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
from labkit.costs.spectrum import share_by_order
from labkit.course.checking import compare_function, exercise, number_exercise
from labkit.course.gated_circuits import (
    COUPLINGS,
    EPOCHS,
    bits_across,
    build_gated_circuit,
    seen_task,
    train_gated_circuit,
)
from labkit.datasets import Task
from labkit.ledger import Ledger, Outcome
from labkit.neighbours.rotations import RotationCircuit, encode_samples, z_expectations
from labkit.networks import sample_network
from labkit.scoring import accuracy, check_labels, cost_of_outputs
from labkit.selectors import (
    adaptive_grover,
    one_flip_search,
    oracle_calls_to_optimum,
    queries_to_optimum,
)

#: Of the circuit in the table of rivals.
N_QUBITS, LAYERS = 6, 2
#: Model -> the couplings' block size, where it is the circuit with fewer couplings.
BLOCKS = {"blocks of 1": 1, "blocks of 2": 2, "blocks of 3": 3, "circuit": 6}
SEARCHES = 20

Samples = npt.NDArray[Any]


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
    return MODELS[parameters["model"]](seen_task(parameters["task"], N_QUBITS), seed)


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
    n_trained = N_QUBITS + 1 if trained == "readout" else model.n_parameters
    return _measure(model, after, task.x_test, task.y_test, n_trained)


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
    after = train_classifier(
        model, train, task.y_train, epochs=EPOCHS, trained="angles", loss="hinge"
    )
    return _measure(model, after, test, task.y_test, len(gates))


def _measure(
    before: CircuitClassifier, after: TrainedClassifier, x: Samples, y: Samples, n_trained: int
) -> Outcome:
    """What `measure_model` says of a circuit, on test samples."""
    result = {
        "test_accuracy": accuracy(after.model.outputs(x), y),
        "n_trained": n_trained,
        "epochs_to_90": _first_epoch(after),
        "bits_before": bits_across(before.evolve(x)),
        "bits": bits_across(after.model.evolve(x)),
    }
    return Outcome(result, after.ledger)


def with_readout_qubit(x: Samples) -> Samples:
    """Features repeated to one for each qubit, and pi/2, which starts one more in |1>."""
    features = x[:, np.arange(N_QUBITS) % x.shape[1]]
    return np.hstack([features, np.full((len(x), 1), np.pi / 2)])


def _measure_perceptron(task: Task, seed: int) -> Outcome:
    """One hidden layer of about as many weights as the circuit, as many steps of Adam."""
    n_hidden = 43 // (task.n_features + 2)
    drawn = sample_network(task.n_features, n_hidden, 1, seed=seed)
    network: Any = drawn.adapted(task.x_train)
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


# six qubits, two layers, 182 samples: two circuits for each angle and sample
number_exercise(
    "18-2",
    2 * 36 * 182,
    "Each angle needs two circuits for each sample. How many angles have two layers?",
    slips={
        36 * 182: "Each angle is turned forwards and backwards, and both layers have angles.",
        2 * 43 * 182: "The slopes of Dense(1) need no circuit of their own.",
        2 * 36: "That is for one sample.",
        2 * 6 * 182: "Angles that are shared are still turned gate by gate; and here each is free.",
    },
)


@exercise("18-1")
def weights_of_a_model(answer: Any) -> str | None:
    """A function (n, layers, shared) -> numbers that are trained, Dense(1) too, n at least 3."""

    def count(n: int, layers: int, shared: bool) -> int:
        return draw_classifier(n, layers, seed=0, shared=shared).n_parameters

    cases = ((6, 2, False), (6, 2, True), (3, 1, False), (5, 3, False), (4, 0, True), (5, 4, True))
    return compare_function(answer, count, cases, "For n, layers, shared = {}, {}, {} the count")


@exercise("18-3")
def slope_by_shift(answer: Any) -> str | None:
    """A function (mean, angles, g) -> the slope of mean(angles) by angle g, two calls of it."""
    rng = np.random.default_rng(18)
    circuit = RotationCircuit(layer_gates(3, 1), 3)
    states, weights = encode_samples(rng.normal(size=(1, 3))), rng.normal(size=3)

    def mean(angles: FloatArray) -> float:
        return float(z_expectations(circuit.evolve(angles, states))[0] @ weights)

    def truth(_: Any, angles: FloatArray, g: int) -> float:
        return float(circuit.slopes(angles, circuit.evolve(angles, states), weights)[g])

    cases = [(mean, rng.uniform(-3, 3, 9), g) for g in (0, 4, 8)]
    return compare_function(answer, truth, cases, "By the angle of gate {2} the slope")


@exercise("18-4")
def layer_of_qaoa(answer: Any) -> str | None:
    """A function (gamma, beta, coupling, field) -> a, b, c of a layer that is one of QAOA."""
    formulas: dict[str, Callable[..., float]] = {
        "a": lambda gamma, beta, coupling, field: 2 * gamma * coupling,
        "b": lambda gamma, beta, coupling, field: 2 * gamma * field,
        "c": lambda gamma, beta, coupling, field: -2 * beta,
    }
    cases = ((0.5, 0.3, 1.0, 0.0), (0.7, 0.2, -0.4, 0.9), (1.3, 0.0, 0.0, 2.0))
    for i, (name, formula) in enumerate(formulas.items()):
        what = f"For gamma, beta, coupling, field = {{}}, {{}}, {{}}, {{}} the angle {name}"
        given = answer if not callable(answer) else lambda *of, i=i: answer(*of)[i]
        if fault := compare_function(given, formula, cases, what):
            return fault
    return None
