"""TensorFlow Quantum, where it exists, lives in one process with labkit's own Keras models."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from parts import needs_tensorflow_quantum

TOGETHER = """
import numpy as np
from labkit.networks import RandomNetwork
network = RandomNetwork(2, 4, seed=0).adapt(np.eye(2))
before = network.predict(np.eye(2), verbose=0)

from labkit.angle_training import train_angles
from labkit.costs import PauliZCost
trained = train_angles(PauliZCost({(0,): 1.0, (0, 1): 0.5}, 2), p=1, epochs=5)
assert trained.history[-1] < trained.history[0], trained.history

assert np.array_equal(network.predict(np.eye(2), verbose=0), before)
network.fit(np.eye(2), np.array([0, 1]), verbose=0)
assert RandomNetwork(2, 4, seed=0).n_mask_bits == 4
print("both work")
"""


@needs_tensorflow_quantum
@pytest.mark.parametrize("variable", [None, "0"])
def test_a_keras_3_network_and_trained_angles_work_in_one_process(variable: str | None) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "TF_USE_LEGACY_KERAS"}
    if variable is not None:
        environment["TF_USE_LEGACY_KERAS"] = variable
    command = [sys.executable, "-W", "error", "-c", TOGETHER]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=1500)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "both work"
    assert done.stderr == ""
