"""A circuit as the input layer of a classifier, trained by exact gradients, without TensorFlow."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.ansatz import Edge, layer_gates, ring_pairs
from labkit.arrays import FloatArray, IntArray, count_each, owners_of
from labkit.baselines.descent import Adam
from labkit.ledger import Ledger
from labkit.limits import check_array, check_choice, check_integer, check_positive, show_value
from labkit.neighbours.rotations import RotationCircuit, States, encode_samples, z_expectations
from labkit.scoring import check_labels

TRAINED = ("all", "angles", "readout")
LOSSES = ("cross_entropy", "hinge")


@dataclass(frozen=True, eq=False)
class CircuitClassifier:
    """f(x) = sum_j w_j <Z_j> + b, after Ry(x_j + pi/2) |0> and a circuit of rotations.

    Attributes:
        circuit: without its angles.
        parameters: float64 (parameters,), radians; gate g has parameters[tied[g]].
        tied: int (gates,); 0, 1, ... where each gate has its own.
        weights: w, float64 (n,).
        bias: b.
    """

    circuit: RotationCircuit
    parameters: FloatArray
    tied: IntArray
    weights: FloatArray
    bias: float = 0.0

    @property
    def angles(self) -> FloatArray:
        """Float64 (gates,), radians."""
        return self.parameters[self.tied]

    @property
    def n_parameters(self) -> int:
        """Numbers that can be trained: angles, weights and the bias."""
        return len(self.parameters) + len(self.weights) + 1

    def encode(self, x: npt.ArrayLike) -> States:
        """The states (samples, 2^n) of samples (samples, features) before the circuit.

        Features are repeated in turn until each qubit has one: x_0, x_1, x_0, x_1, ...
        """
        features = check_array("x", x)
        n = self.circuit.n_qubits
        if features.ndim != 2 or not 0 < features.shape[1] <= n:
            raise ValueError(f"x has shape {features.shape}; it must be (samples, 1..{n})")
        return encode_samples(features[:, np.arange(n) % features.shape[1]] + np.pi / 2)

    def evolve(self, x: npt.ArrayLike) -> States:
        """The states (samples, 2^n) of samples (samples, features) after the circuit."""
        return self.circuit.evolve(self.angles, self.encode(x))

    def outputs(self, x: npt.ArrayLike) -> FloatArray:
        """f of samples (samples, features), float64 (samples, 1)."""
        return (z_expectations(self.evolve(x)) @ self.weights + self.bias)[:, np.newaxis]


@dataclass(frozen=True, eq=False)
class TrainedClassifier:
    """A circuit classifier that was trained, and the way there.

    Attributes:
        model: with the last parameters.
        history: float64 (epochs,), the mean loss of the batches of each epoch, each before its
            step, as Keras reports it.
        accuracies: float64 (epochs,), the share of samples right in the same batches.
        ledger: a circuit run for each sample and epoch, its expectations exact; a forward pass an
            epoch, and a backward pass where gradients were taken through the circuit.
    """

    model: CircuitClassifier
    history: FloatArray
    accuracies: FloatArray
    ledger: Ledger


def draw_classifier(
    n_qubits: int,
    layers: int,
    *,
    seed: int,
    shared: bool = False,
    pairs: Sequence[Edge] | None = None,
) -> CircuitClassifier:
    """A classifier with layers of `labkit.ansatz.layer_gates`, at random angles in -pi..pi.

    Args:
        n_qubits: n, at least the features.
        layers: 0 or more; at 0 the encoding alone is read.
        seed: of angles and weights.
        shared: one angle for all couplings of a layer, one for its fields, one for its mixers.
        pairs: that are coupled; by default the ring.
    """
    n = check_integer("n_qubits", n_qubits, minimum=1)
    coupled = ring_pairs(n) if pairs is None else [*pairs]
    circuit = RotationCircuit(layer_gates(n, layers, pairs=coupled), n)
    sizes = [size for size in (len(coupled), n, n) if size] * layers
    tied = owners_of(sizes) if shared else np.arange(len(circuit.gates))
    rng = np.random.default_rng(check_integer("seed", seed, minimum=0))
    parameters = rng.uniform(-np.pi, np.pi, len(sizes) if shared else len(tied))
    return CircuitClassifier(circuit, parameters, tied, rng.normal(0, n**-0.5, n))


def train_classifier(
    model: CircuitClassifier,
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    epochs: int = 60,
    batch_size: int = 32,
    learning_rate: float = 0.05,
    trained: str = "all",
    loss: str = "cross_entropy",
) -> TrainedClassifier:
    """Trains a circuit classifier by Adam, on gradients of the adjoint method.

    With slopes d_s = dloss/df_s, dloss/dw_j = sum_s d_s <Z_j>_s, and the gradient by the angles is
    that of sum_s sum_j d_s w_j <Z_j>_s. Batches are taken in the order of the samples.

    Args:
        model: the start.
        x: (samples, features).
        y: (samples,) labels 0 and 1, or -1 and +1.
        epochs: passes over all samples, at least 1.
        batch_size: samples of a step.
        learning_rate: radians, the length of Adam's first steps.
        trained: 'all', or 'angles' or 'readout' alone, the rest being frozen.
        loss: 'cross_entropy', mean log(1 + exp(-y f)), or 'hinge', mean max(0, 1 - y f).
    """
    check_choice("trained", trained, TRAINED)
    check_choice("loss", loss, LOSSES)
    if not isinstance(model, CircuitClassifier):
        raise TypeError(f"model={show_value(model)} is no CircuitClassifier")
    epochs = check_integer("epochs", epochs, minimum=1)
    batch_size = check_integer("batch_size", batch_size, minimum=1)
    learning_rate = check_positive("learning_rate", learning_rate)
    states = model.encode(x)
    targets = check_labels(y, n_samples=len(states), n_outputs=1)[:, 0]
    start, descent = time.perf_counter(), _Descent(model, trained, loss, learning_rate)
    batches = [slice(i, i + batch_size) for i in range(0, len(states), batch_size)]
    steps = [[descent.step(states[b], targets[b]) for b in batches] for _ in range(epochs)]
    sums = np.array(steps).sum(axis=1) / len(states)
    seconds, backward = time.perf_counter() - start, 0 if trained == "readout" else epochs
    ledger = Ledger(
        circuit_runs=epochs * len(states),
        forward_passes=epochs,
        backward_passes=backward,
        seconds=seconds,
    )
    return TrainedClassifier(descent.model, sums[:, 0], sums[:, 1], ledger)


class _Descent:
    """The numbers of a model on their way down."""

    def __init__(self, model: CircuitClassifier, trained: str, loss: str, rate: float) -> None:
        self._start, self._trained, self._loss = model, trained, loss
        copies = model.parameters.copy(), model.weights.copy(), np.array([model.bias])
        self._adam = Adam(rate, *copies)

    @property
    def model(self) -> CircuitClassifier:
        """The model as it is now."""
        parameters, weights, bias = self._adam.weights
        return replace(self._start, parameters=parameters, weights=weights, bias=float(bias[0]))

    def step(self, states: States, targets: FloatArray) -> tuple[float, int]:
        """One step; the sum of the losses before it, and how many samples were right."""
        (parameters, weights, bias), tied = self._adam.weights, self._start.tied
        evolved = self._start.circuit.evolve(parameters[tied], states)
        z = z_expectations(evolved)
        f = z @ weights + bias
        losses, slopes = _loss_and_slopes(self._loss, f, targets)
        gradients: list[Any] = [np.zeros_like(w) for w in self._adam.weights]
        if self._trained != "angles":
            gradients[1:] = [slopes @ z, slopes.sum(keepdims=True)]
        if self._trained != "readout":
            by_gate = self._start.circuit.slopes(
                parameters[tied], evolved, np.outer(slopes, weights)
            )
            gradients[0] = count_each(tied, by_gate, at_least=len(parameters))
        self._adam.step(*gradients)
        return float(losses.sum()), int((targets * f > 0).sum())


def _loss_and_slopes(loss: str, f: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The loss of each sample, and the slopes of their mean."""
    if loss == "hinge":
        return np.maximum(0.0, 1 - y * f), np.where(y * f < 1, -y, 0.0) / len(y)
    return np.logaddexp(0, -y * f), -y * np.exp(-np.logaddexp(0, y * f)) / len(y)
