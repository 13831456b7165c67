"""labkit: the helper package of the quantum neuron selection lab book.

``import labkit`` is light: a submodule is imported when it is first named, so neither
TensorFlow nor Cirq is loaded until a lesson needs it.
"""

import importlib
import os
import sys
from types import ModuleType

__version__ = "0.1.0"
__all__ = [
    "amplification",
    "angle_training",
    "ansatz",
    "baselines",
    "circuits",
    "costs",
    "course",
    "datasets",
    "hardware",
    "ledger",
    "limits",
    "masks",
    "neighbours",
    "networks",
    "problems",
    "provenance",
    "records",
    "scoring",
    "selectors",
    "simulators",
    "sweeps",
    "variational_networks",
    "wave_functions",
]

# TensorFlow Quantum works only with legacy Keras, and reads this when tf.keras is first touched.
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
# TensorFlow's start-up remarks on GPUs and instruction sets are not for a reader.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
# Cirq imports multiprocessing.pool, and needs nothing of it; a system without processes lacks this.
try:
    importlib.import_module("_multiprocessing")
except ImportError:
    sys.modules["_multiprocessing"] = ModuleType("_multiprocessing")


def __getattr__(name: str) -> ModuleType:
    """Imports a submodule when it is first named (PEP 562)."""
    if name in __all__:
        return importlib.import_module(f"labkit.{name}")
    raise AttributeError(f"module 'labkit' has no attribute {name!r}")
