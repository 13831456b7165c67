"""TensorFlow Quantum, where it exists, lives in one process with labkit's own Keras models."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest

TOGETHER = """
import numpy as np
from labkit.networks import RandomNetwork
network = RandomNetwork(2, 4, seed=0).adapt(np.eye(2))

import cirq, sympy, tf_keras
import tensorflow as tf
import tensorflow_quantum as tfq
qubit = cirq.LineQubit(0)
layer = tfq.layers.PQC(cirq.Circuit(cirq.rx(sympy.Symbol("t"))(qubit)), cirq.Z(qubit))
model = tf_keras.Sequential([tf_keras.Input((), dtype=tf.string), layer])
layer.set_weights([np.array([0.7])])
value = model(tfq.convert_to_tensor([cirq.Circuit()])).numpy().item()
assert abs(value - np.cos(0.7)) < 1e-5, value
assert network.predict(np.eye(2), verbose=0).shape == (2, 1)
print("both work")
"""


@pytest.mark.skipif(
    importlib.util.find_spec("tensorflow_quantum") is None,
    reason="TensorFlow Quantum exists for Linux x86-64 only",
)
def test_a_keras_3_network_and_a_quantum_layer_work_in_one_process() -> None:
    done = subprocess.run([sys.executable, "-c", TOGETHER], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "both work"
