"""A circuit as the input layer of a Keras model, by TensorFlow Quantum; see `angle_training`.

`labkit.baselines.input_circuits` trains the same model without TensorFlow.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from labkit.angle_training import import_tensorflow_quantum
from labkit.ansatz import ring_pairs
from labkit.baselines.input_circuits import CircuitClassifier, draw_classifier
from labkit.limits import check_count, check_integer, check_positive, check_register

#: The adjoint method holds a state, its adjoint and a scratch copy, complex64 each.
_BYTES_PER_MASK = 24
#: As Cirq's Python objects and as the text that TensorFlow Quantum is given.
_BYTES_PER_GATE = 2000


def build_variational_network(
    n: int,
    layers: int,
    *,
    shared: bool = False,
    frozen: bool = False,
    seed: int,
    learning_rate: float = 0.05,
) -> Any:
    """A model of features (samples, n): <Z_j> of n qubits after a circuit, into Dense(1).

    Ry(x_j + pi/2) on qubit j, then `labkit.circuits.variational.variational_layers` on a ring, at
    the random angles of `draw_classifier` with this seed. The output is the logit of class 1; the
    model is compiled, with Adam and the cross-entropy, and not yet trained.

    Args:
        n: qubits, one for each feature; repeat features where there are fewer.
        layers: 0 or more.
        shared: one angle for all couplings of a layer, one for its fields, one for its mixers.
        frozen: the angles stay as they were drawn, and only Dense(1) is trained.
        seed: of angles and weights.
        learning_rate: of Adam.

    Returns:
        `tf_keras.Model`; of 6 qubits and two layers it has 43 weights, 13 with `shared`.

    Raises:
        TooLargeError: the states do not fit in memory.
        ImportError: TensorFlow Quantum does not exist here.
        RuntimeError: `tf.keras` was used as Keras 3 before labkit was imported.

    Reference: arXiv 2303.05860, in our reading; Broughton et al. 2020, arXiv 2003.02989.
    """
    check_register("n", n, bytes_per_mask=_BYTES_PER_MASK, what="the state")
    layers = check_integer("layers", layers, minimum=0)
    check_count("layers", layers, bytes_each=3 * n * _BYTES_PER_GATE, what="the circuit")
    rate = check_positive("learning_rate", learning_rate)
    drawn = draw_classifier(n, layers, seed=seed, shared=shared)
    tf, tfq, keras = import_tensorflow_quantum()
    features = keras.Input((n,))
    circuit_layer = _build_layer(tf, tfq, keras, drawn, trainable=not frozen)
    dense = keras.layers.Dense(1, name="readout")
    model = keras.Model(features, dense(circuit_layer(features)))
    dense.set_weights([drawn.weights[:, np.newaxis], np.array([drawn.bias])])
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    right = keras.metrics.BinaryAccuracy("accuracy", threshold=0.0)
    model.compile(keras.optimizers.Adam(rate), loss, metrics=[right])
    return model


def _build_layer(
    tf: Any, tfq: Any, keras: Any, drawn: CircuitClassifier, *, trainable: bool
) -> Any:
    """The layer (samples, n) -> <Z_j> (samples, n), at the angles of a classifier."""

    class CircuitLayer(keras.layers.Layer):  # type: ignore[misc]
        """Its one weight holds the angles; TensorFlow Quantum runs the circuit."""

        def __init__(self) -> None:
            super().__init__(name="circuit")
            circuit, observables = _build_circuit(drawn)
            adjoint = tfq.differentiators.Adjoint()
            self.run = tfq.layers.ControlledPQC(circuit, observables, differentiator=adjoint)
            self.nothing = tfq.convert_to_tensor([_empty_circuit()])
            start = keras.initializers.Constant(drawn.parameters)
            self.parameters = self.add_weight(
                "parameters", drawn.parameters.shape, initializer=start, trainable=trainable
            )

        def call(self, x: Any) -> Any:
            """Symbols have values in alphabetical order: the angles, then the features."""
            angles = tf.gather(self.parameters, drawn.tied)
            rows = tf.repeat(angles[tf.newaxis], tf.shape(x)[0], axis=0)
            values = tf.concat([rows, x + np.pi / 2], axis=1)
            return self.run([tf.repeat(self.nothing, tf.shape(x)[0]), values])

    return CircuitLayer()


def _build_circuit(drawn: CircuitClassifier) -> tuple[Any, list[Any]]:
    """The circuit in symbols 'angle...' of each gate and 'x...' of each qubit, and all Z_j.

    TensorFlow Quantum takes no sum in a gate: a feature's symbol stands for x + pi/2.
    """
    import cirq
    import sympy

    from labkit.circuits.variational import variational_layers

    n = drawn.circuit.n_qubits
    qubits, pairs = cirq.LineQubit.range(n), len(ring_pairs(n))
    encode = cirq.Circuit(cirq.ry(sympy.Symbol(f"x{j:09d}"))(q) for j, q in enumerate(qubits))
    names = [sympy.Symbol(f"angle{g:09d}") for g in range(len(drawn.circuit.gates))]
    rows = np.array(names, dtype=object).reshape(-1, pairs + 2 * n)
    couplings, fields, mixers = np.split(rows, [pairs, pairs + n], axis=1)
    return encode + variational_layers(qubits, couplings, fields, mixers), [*map(cirq.Z, qubits)]


def _empty_circuit() -> Any:
    import cirq

    return cirq.Circuit()
