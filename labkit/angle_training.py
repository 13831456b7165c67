"""QAOA's angles trained by gradient descent: a Keras model around TensorFlow Quantum's layer.

TensorFlow Quantum exists for Linux on x86-64 and Python 3.10 to 3.12, and works with legacy Keras
(`tf_keras`) alone; it is imported when angles are trained, and by nothing else in labkit.
"""

from __future__ import annotations

import logging
import os
import time
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from labkit.ansatz import check_angles, ramp_angles
from labkit.arrays import FloatArray
from labkit.costs import Cost, CostTable, LocalCost, PauliZCost
from labkit.ledger import Ledger
from labkit.limits import check_count, check_integer, check_positive, check_register, show_value
from labkit.platforms import TENSORFLOW_QUANTUM, MissingPartError, quiet_start

if TYPE_CHECKING:
    import cirq


#: The adjoint method holds a state, its adjoint and a scratch copy, complex64 each.
_BYTES_PER_MASK = 24
#: As Cirq's Python objects and as the text that TensorFlow Quantum is given.
_BYTES_PER_GATE = 2000
_WRONG_KERAS = (
    "tf.keras is Keras 3 in this process and TensorFlow Quantum needs legacy Keras: "
    "restart, and import labkit before anything uses tf.keras"
)


@dataclass(frozen=True, eq=False)
class TrainedAngles:
    """QAOA angles that were trained, and the way there.

    Attributes:
        gammas: float64 (p,), radians per unit of cost.
        betas: float64 (p,), radians.
        history: float64 (epochs + 1,), the mean cost <psi|C|psi> at the first angles and after
            each step; the last is that of `gammas` and `betas`.
        ledger: a circuit run for each expectation, epochs + 1. Each is exact, without shots, and
            simulates p cost layers; the gradient of a step undoes them, p more.
    """

    gammas: FloatArray
    betas: FloatArray
    history: FloatArray
    ledger: Ledger


def train_angles(
    cost: Cost,
    *,
    p: int,
    epochs: int = 100,
    learning_rate: float = 0.05,
    gammas: npt.ArrayLike | None = None,
    betas: npt.ArrayLike | None = None,
) -> TrainedAngles:
    """Minimises <psi|C|psi> over the angles of prod_l exp(-i beta_l B) exp(-i gamma_l C) |+...+>.

    B = -sum_j X_j. Adam, on gradients by the adjoint method. The model's angles are
    gamma_l * std(C) and beta_l, so that one learning rate suits both, whatever the unit of the
    cost. A step takes time for each Pauli-Z term: a cost of order 2 is quick, a table of 2^10
    costs takes a second a step.

    Args:
        cost: C; a table or a sum of tables is expanded into Pauli-Z terms, of every order.
        p: number of layers, at least 1.
        epochs: steps of Adam, at least 1.
        learning_rate: radians, the length of Adam's first steps.
        gammas: (p,) first angles, radians per unit of cost; by default those of
            `labkit.ansatz.ramp_angles`.
        betas: (p,) first angles, radians; given where `gammas` are.

    Raises:
        ValueError: the cost is the same for every mask.
        TooLargeError: the state does not fit in memory.
        MissingPartError: TensorFlow Quantum does not exist here.
        RuntimeError: `tf.keras` was used as Keras 3 before labkit was imported.

    Reference: Farhi, Goldstone, Gutmann 2014, arXiv 1411.4028; Broughton et al. 2020, arXiv
    2003.02989 (TensorFlow Quantum).
    """
    polynomial = _expand(cost)
    p = _check_layers(p, polynomial)
    epochs = check_integer("epochs", epochs, minimum=1)
    learning_rate = check_positive("learning_rate", learning_rate)
    gammas, betas = _first_angles(polynomial, p, gammas, betas)
    packages = import_tensorflow_quantum()
    start = time.perf_counter()
    model, start_circuit = _build_model(packages, polynomial, p, learning_rate)
    model.set_weights([np.concatenate([betas, polynomial.std * gammas])])
    history = polynomial.mean + polynomial.std * _fit(model, start_circuit, epochs)
    seconds, layers = time.perf_counter() - start, p * (2 * epochs + 1)
    betas, gammas = np.split(model.get_weights()[0].astype(np.float64), 2)
    ledger = Ledger(circuit_runs=epochs + 1, cost_layers=layers, seconds=seconds)
    return TrainedAngles(gammas / polynomial.std, betas, history, ledger)


def value_and_gradient(
    cost: Cost, gammas: npt.ArrayLike, betas: npt.ArrayLike
) -> tuple[float, FloatArray, FloatArray]:
    """<psi|C|psi> and its derivatives by all 2p angles, in TensorFlow Quantum.

    What `train_angles` descends, and refuses; `labkit.simulators.qaoa_value_and_gradient`
    computes the same.

    Args:
        cost: C, see `train_angles`.
        gammas: (p,) radians per unit of cost.
        betas: (p,) radians.

    Returns:
        value, dgammas float64 (p,), dbetas float64 (p,), rounded as float32.
    """
    polynomial = _expand(cost)
    gammas, betas = check_angles(gammas, betas)
    p = _check_layers(len(gammas), polynomial)
    packages = import_tensorflow_quantum()
    model, start_circuit = _build_model(packages, polynomial, p, learning_rate=1.0)
    std = polynomial.std
    model.set_weights([np.concatenate([betas, std * gammas])])
    with packages[0].GradientTape() as tape:
        output = model(start_circuit)
    (slopes,) = tape.gradient(output, model.trainable_variables)
    dbetas, dgammas = np.split(std * slopes.numpy().astype(np.float64), 2)
    return polynomial.mean + std * output.numpy().item(), std * dgammas, dbetas


def is_installed() -> bool:
    """Whether TensorFlow Quantum exists here; it is not imported to find out."""
    return TENSORFLOW_QUANTUM.is_installed()


def _expand(cost: Cost) -> PauliZCost:
    if not isinstance(cost, (CostTable, LocalCost, PauliZCost)):
        raise TypeError(f"cost={show_value(cost)} is no CostTable, PauliZCost or LocalCost")
    n = cost.n_neurons
    check_register("n_neurons", n, bytes_per_mask=_BYTES_PER_MASK, what="the state")
    if isinstance(cost, CostTable):
        cost = PauliZCost.from_table(cost)
    elif isinstance(cost, LocalCost):
        cost = cost.to_pauli_z()
    if not cost.std > 0:
        raise ValueError(f"cost is {cost.mean:.6g} for every mask; it needs two different values")
    return cost


def _check_layers(p: Any, cost: PauliZCost) -> int:
    p = check_integer("p", p, minimum=1)
    gates = cost.n_neurons + sum(2 * len(neurons) for neurons in cost.terms)
    check_count("p", p, bytes_each=gates * _BYTES_PER_GATE, what="the circuit")
    return p


def _first_angles(
    cost: PauliZCost, p: int, gammas: npt.ArrayLike | None, betas: npt.ArrayLike | None
) -> tuple[FloatArray, FloatArray]:
    if gammas is None and betas is None:
        return ramp_angles(p, cost.n_neurons, std=cost.std)
    given = check_angles(() if gammas is None else gammas, () if betas is None else betas)
    if given[0].shape != (p,):
        raise ValueError(f"gammas has shape {given[0].shape}; p={p} needs ({p},)")
    return given


def _build_model(
    packages: tuple[Any, Any, Any], cost: PauliZCost, p: int, learning_rate: float
) -> tuple[Any, Any]:
    """A Keras model of (<C> - mean) / std by 2p weights, and its input: the start as a circuit."""
    tf, tfq, keras = packages
    import cirq

    from labkit.circuits.state_preparation import uniform_superposition

    qubits = cirq.LineQubit.range(cost.n_neurons)
    terms = {neurons: c / cost.std for neurons, c in cost.terms.items() if neurons and c}
    standardised = PauliZCost(terms, cost.n_neurons)
    circuit, observable = _build_layers(standardised, qubits, p), standardised.to_pauli_sum(qubits)
    adjoint = tfq.differentiators.Adjoint()
    layer = tfq.layers.PQC(circuit, observable, differentiator=adjoint, initializer="zeros")
    model = keras.Sequential([keras.Input((), dtype=tf.string), layer])
    model.compile(optimizer=keras.optimizers.Adam(learning_rate), loss=_output_itself)
    return model, tfq.convert_to_tensor([uniform_superposition(qubits)])


def _build_layers(cost: PauliZCost, qubits: list[cirq.LineQubit], p: int) -> cirq.Circuit:
    """The p layers in symbols; in alphabetical order, as PQC has them, all betas come first."""
    import cirq
    import sympy

    from labkit.circuits.qaoa import mixer_layer, phase_layer

    circuit = cirq.Circuit()
    for layer in range(p):
        beta, gamma = sympy.symbols(f"beta{layer:09d} gamma{layer:09d}")
        circuit += phase_layer(qubits, cost, gamma)
        circuit += mixer_layer(qubits, beta)
    return circuit


def _fit(model: Any, start_circuit: Any, epochs: int) -> FloatArray:
    """Trains the model and returns its output at the first weights and after each step."""
    fitted = model.fit(start_circuit, np.zeros((1, 1)), epochs=epochs, verbose=0)
    return np.array([*fitted.history["loss"], model(start_circuit).numpy().item()])


def _output_itself(_: Any, output: Any) -> Any:
    """A loss that is the model's output: there is no label to compare it with."""
    return output


def import_tensorflow_quantum() -> tuple[Any, Any, Any]:
    """TensorFlow, TensorFlow Quantum and legacy Keras, where they exist and `tf.keras` is it."""
    if not TENSORFLOW_QUANTUM.is_installed():
        raise MissingPartError(TENSORFLOW_QUANTUM.line)
    os.environ["TF_USE_LEGACY_KERAS"] = "1"  # read when tf.keras is first touched
    try:
        with quiet_start():
            tf, keras = import_module("tensorflow"), import_module("tf_keras")
            if tf.keras.layers.Layer is not keras.layers.Layer:
                raise RuntimeError(_WRONG_KERAS)
            logging.getLogger("tensorflow").addFilter(_is_no_retracing)
            return tf, import_module("tensorflow_quantum"), keras
    except ImportError as error:
        raise MissingPartError(TENSORFLOW_QUANTUM.line) from error


def _is_no_retracing(record: logging.LogRecord) -> bool:
    """Each cost is another circuit and so another graph: TensorFlow need not warn of it."""
    return "triggered tf.function retracing" not in record.getMessage()
