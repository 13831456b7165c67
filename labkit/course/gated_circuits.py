"""A random circuit whose gates are masked: its cost table, and what it shares across a cut."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from labkit.ansatz import layer_gates
from labkit.arrays import FloatArray
from labkit.baselines.input_circuits import (
    CircuitClassifier,
    TrainedClassifier,
    train_classifier,
)
from labkit.costs import CostTable
from labkit.datasets import Task, check_two_classes
from labkit.neighbours.rotations import RotationCircuit
from labkit.scoring import accuracy, score_subcircuits

#: Where a circuit as input layer is tried, and the epochs of its training.
TASKS, EPOCHS = ("circles", "moons", "digits_3v8", "breast_cancer"), 60
#: Of the circuit, and of its fixed readout.
GATED_QUBITS, SCALE = 4, 2.0
#: Its couplings; of fewer the last ones, which are within blocks of two.
COUPLINGS = ((3, 0), (1, 2), (0, 1), (2, 3))


@lru_cache(maxsize=16)
def seen_task(task: str | Task, n_qubits: int) -> Task:
    """A task of two classes as a circuit sees it: if it has more features, principal components."""
    task = check_two_classes("task", task)
    return task if task.n_features <= n_qubits else task.principal_components(n_qubits)


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
    task: str | Task, seed: int, n_gates: int = 12, n_features: int = GATED_QUBITS
) -> GatedCircuit:
    """Draws a layer of couplings, a field and a mixer on each qubit; and scores its subcircuits.

    Args:
        task: one of `TASKS`, or of your own, of two classes.
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
    return train_classifier(
        gated.model, task.x_train, task.y_train, epochs=EPOCHS, trained="angles"
    )


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
