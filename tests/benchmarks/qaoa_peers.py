"""Engines that evaluate a QAOA objective: each takes an instance and prepares what it reuses."""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.measuring import TOLERANCE, Call, Contestant
from labkit.ansatz import ramp_angles
from labkit.costs import CostTable, PauliZCost
from labkit.quiet import quiet_start
from labkit.simulators import (
    final_state,
    probabilities,
    qaoa_expectation,
    qaoa_value_and_gradient,
)

FloatArray = npt.NDArray[np.float64]
TABLE, TERMS = "table", "2-local"


@dataclass(frozen=True, eq=False)
class Instance:
    """A cost of order 2 with a term for each pair, in both forms, and angles.

    Attributes:
        polynomial: C in Pauli-Z terms, of standard deviation 1.
        table: C of each mask.
        gammas: (p,) radians per unit of cost.
        betas: (p,) radians.
    """

    polynomial: PauliZCost
    table: CostTable
    gammas: FloatArray
    betas: FloatArray

    @property
    def n(self) -> int:
        """Number of neurons."""
        return self.table.n_neurons

    @property
    def p(self) -> int:
        """Number of layers."""
        return len(self.gammas)


def draw_instance(n: int, p: int, *, rng: np.random.Generator) -> Instance:
    """Coefficients from N(0, 1), then of norm 1; the angles of an annealing ramp."""
    keys = [(j,) for j in range(n)] + [(i, j) for j in range(n) for i in range(j)]
    drawn = rng.normal(size=len(keys))
    coefficients = (drawn / np.linalg.norm(drawn)).tolist()
    polynomial = PauliZCost(dict(zip(keys, coefficients, strict=True)), n)
    gammas, betas = ramp_angles(p, n, std=polynomial.std)
    return Instance(polynomial, polynomial.to_table(), gammas, betas)


@dataclass(frozen=True, eq=False)
class Peer:
    """An engine.

    Attributes:
        name: as in the table.
        form: of the cost that it is given, by number of neurons and whether a gradient is asked.
        supports: whether (n, p) is worth waiting for.
        value: prepares a call that gives the mean cost.
        value_and_gradient: prepares one that gives value, dgammas and dbetas; None if it has none.
        tolerance: how far it may be from ours; the page tells where it is beyond the usual.
    """

    name: str
    form: Callable[[int, bool], str]
    supports: Callable[[int, int], bool]
    value: Callable[[Instance], Call]
    value_and_gradient: Callable[[Instance], Call] | None
    tolerance: float = TOLERANCE

    def enter(self, instance: Instance, *, gradient: bool) -> Contestant | None:
        """The engine ready to be timed; None where it has nothing to offer.

        Raises:
            ImportError: it is not installed.
        """
        build = self.value_and_gradient if gradient else self.value
        if build is None or not self.supports(instance.n, instance.p):
            return None
        form, call = self.form(instance.n, gradient), build(instance)
        return Contestant(self.name, form, call, tolerance=self.tolerance)


def read_gradient(result: Any) -> FloatArray:
    """Value, dgammas and dbetas as one array (1 + 2p,)."""
    return np.concatenate([np.ravel(part) for part in result])


def enter_ours(instance: Instance, *, gradient: bool) -> Contestant:
    """labkit's own engine, by its public functions."""
    function = qaoa_value_and_gradient if gradient else qaoa_expectation
    arguments = instance.table, instance.gammas, instance.betas
    return Contestant("labkit", TABLE, lambda: function(*arguments))


def _of_table(instance: Instance, state: Any) -> float:
    return float(probabilities(np.asarray(state)) @ instance.table.costs)


def _jax_objective(instance: Instance, group: int) -> Callable[..., Any]:
    """The mean cost in JAX; the mixer rotates some qubits at a time by one small matrix.

    One axis after another as `c * s + i * s[:, ::-1]` was given up: it had not compiled in 100 s.
    """
    jax, jnp = import_module("jax"), import_module("jax.numpy")
    n, costs = instance.n, jnp.asarray(instance.table.costs, jnp.float32)

    def objective(gammas: Any, betas: Any) -> Any:
        state = jnp.full(2**n, 2 ** (-n / 2), jnp.complex64)
        for gamma, beta in zip(gammas, betas, strict=True):
            angle = gamma * costs
            state = state * jax.lax.complex(jnp.cos(angle), -jnp.sin(angle))
            one = jnp.cos(beta) * jnp.eye(2) + 1j * jnp.sin(beta) * jnp.eye(2)[::-1]
            for start in range(0, n, group):
                rotation = jnp.ones((1, 1))
                for _ in range(min(group, n - start)):
                    rotation = jnp.kron(rotation, one)
                state = (rotation @ state.reshape(len(rotation), -1)).T.reshape(-1)
        return jnp.sum((state.real**2 + state.imag**2) * costs)

    return objective


def _jax_value(instance: Instance) -> Call:
    # of 3, 4 and 6 at a time the fastest at n = 8, 12 and 16; beyond that it was not tuned
    jitted = import_module("jax").jit(_jax_objective(instance, 3 if instance.n < 16 else 4))
    gammas, betas = _float32(instance)
    return lambda: float(jitted(gammas, betas))


def _jax_gradient(instance: Instance) -> Call:
    jax = import_module("jax")
    jitted = jax.jit(jax.value_and_grad(_jax_objective(instance, 3), argnums=(0, 1)))
    gammas, betas = _float32(instance)

    def call() -> Any:
        value, gradient = jitted(gammas, betas)
        return float(value), *map(np.asarray, gradient)

    return call


def _float32(instance: Instance) -> tuple[Any, Any]:
    return instance.gammas.astype(np.float32), instance.betas.astype(np.float32)


def _lightning(instance: Instance, measure: Callable[[Any], Any], **options: Any) -> Any:
    """A QNode with a diagonal where that is quicker: at 8 qubits, not at 12, never for adjoints."""
    qml, n = import_module("pennylane"), instance.n

    def circuit(gammas: Any, betas: Any) -> Any:
        for j in range(n):
            qml.Hadamard(j)
        for gamma, beta in zip(gammas, betas, strict=True):
            if n <= _LIGHTNING_DIAGONAL and not options:
                qml.DiagonalQubitUnitary(np.exp(-1j * gamma * instance.table.costs), range(n))
            else:
                for neurons, coefficient in instance.polynomial.terms.items():
                    gate = qml.RZ if len(neurons) == 1 else qml.IsingZZ
                    gate(2 * coefficient * gamma, neurons)
            for j in range(n):
                qml.RX(-2 * beta, j)
        return measure(qml)

    device = qml.device("lightning.qubit", wires=n, c_dtype=np.complex64)
    return qml.QNode(circuit, device, **options)


_LIGHTNING_DIAGONAL = 8


def _lightning_value(instance: Instance) -> Call:
    node = _lightning(instance, lambda qml: qml.state())
    return lambda: _of_table(instance, node(instance.gammas, instance.betas))


def _lightning_gradient(instance: Instance) -> Call:
    qml = import_module("pennylane")
    terms = instance.polynomial.terms
    words = [qml.prod(*map(qml.Z, neurons)) for neurons in terms]
    hamiltonian = qml.Hamiltonian(list(terms.values()), words)
    node = _lightning(instance, lambda qml: qml.expval(hamiltonian), diff_method="adjoint")
    gradient = qml.grad(node)
    angles = [qml.numpy.array(a, requires_grad=True) for a in (instance.gammas, instance.betas)]

    def call() -> Any:
        derivatives = gradient(*angles)
        return float(gradient.forward), *derivatives

    return call


_AER_DIAGONAL = 10


def _aer_value(instance: Instance) -> Call:
    """A circuit made anew for diagonals up to 10 qubits, bound anew for terms beyond."""
    qiskit, aer = import_module("qiskit"), import_module("qiskit_aer")
    diagonal = import_module("qiskit.circuit.library").DiagonalGate
    vector = import_module("qiskit.circuit").ParameterVector
    simulator = aer.AerSimulator(method="statevector", precision="single", max_parallel_threads=1)
    n, p = instance.n, instance.p

    def build(gammas: Any, betas: Any) -> Any:
        circuit = qiskit.QuantumCircuit(n)  # its qubit 0 is the least significant
        circuit.h(range(n))
        for gamma, beta in zip(gammas, betas, strict=True):
            if n <= _AER_DIAGONAL:
                circuit.append(diagonal(np.exp(-1j * gamma * instance.table.costs)), range(n))
            else:
                for neurons, coefficient in instance.polynomial.terms.items():
                    gate = circuit.rz if len(neurons) == 1 else circuit.rzz
                    gate(2 * coefficient * gamma, *(n - 1 - j for j in neurons))
            circuit.rx(-2 * beta, range(n))
        circuit.save_statevector()
        return circuit

    names = (vector("gamma", p), vector("beta", p))
    unbound = None if n <= _AER_DIAGONAL else build(*names)

    def call() -> float:
        angles = instance.gammas, instance.betas
        bound = (
            build(*angles)
            if unbound is None
            else unbound.assign_parameters(dict(zip(names, angles, strict=True)))
        )
        return _of_table(instance, simulator.run(bound).result().data(0)["statevector"])

    return call


def _qsim_value(instance: Instance) -> Call:
    from labkit.circuits.qaoa import qaoa_circuit

    def call() -> float:
        circuit = qaoa_circuit(instance.polynomial, instance.gammas, instance.betas)
        return _of_table(instance, final_state(circuit))

    return call


def _tfq(instance: Instance) -> tuple[Any, Callable[[Any], Any], Any]:
    """TensorFlow, the mean cost of a tensor of angles (1, 2p), and the angles."""
    with quiet_start():
        tf, tfq = import_module("tensorflow"), import_module("tensorflow_quantum")
    import cirq
    import sympy  # type: ignore[import-untyped]

    from labkit.circuits.phase_layers import phase_layer
    from labkit.circuits.qaoa import mixer_layer, start_circuit

    qubits = cirq.LineQubit.range(instance.n)
    names = [f"{angle}{i}" for angle in ("gamma", "beta") for i in range(instance.p)]
    symbols = sympy.symbols(names)
    circuit = start_circuit(qubits, None)
    for gamma, beta in zip(symbols[: instance.p], symbols[instance.p :], strict=True):
        circuit += phase_layer(qubits, instance.polynomial, gamma)
        circuit += mixer_layer(qubits, beta)
    layer = tfq.layers.Expectation(differentiator=tfq.differentiators.Adjoint())
    circuits = tfq.convert_to_tensor([circuit])
    operators = tfq.convert_to_tensor([[instance.polynomial.to_pauli_sum(qubits)]])

    def mean_cost(angles: Any) -> Any:
        return layer(circuits, symbol_names=names, symbol_values=angles, operators=operators)

    drawn = np.concatenate([instance.gammas, instance.betas])[np.newaxis]
    return tf, mean_cost, tf.constant(drawn, dtype=tf.float32)


def _tfq_value(instance: Instance) -> Call:
    _, mean_cost, angles = _tfq(instance)
    return lambda: float(mean_cost(angles).numpy().item())


def _tfq_gradient(instance: Instance) -> Call:
    tf, mean_cost, angles = _tfq(instance)

    def call() -> Any:
        with tf.GradientTape() as tape:
            tape.watch(angles)
            value = mean_cost(angles)
        return value.numpy(), tape.gradient(value, angles).numpy()

    return call


def _qokit_value(instance: Instance) -> Call:
    """QOKit's C kernels, double precision: its phase is by gamma/2, its mixer exp(-i beta X)."""
    library = _compile_qokit()
    pointer = np.ctypeslib.ndpointer(np.float64, flags="C_CONTIGUOUS")
    sizes = ctypes.c_uint, ctypes.c_size_t, ctypes.c_size_t
    library.apply_qaoa_furx.argtypes = [*[pointer] * 5, *sizes]
    library.apply_qaoa_furx.restype = None
    n, angles = instance.n, (2 * instance.gammas, -instance.betas)

    def call() -> float:
        real, imaginary = np.full(2**n, 2 ** (-n / 2)), np.zeros(2**n)
        costs = instance.table.costs
        library.apply_qaoa_furx(real, imaginary, *angles, costs, n, 2**n, instance.p)
        return float((real**2 + imaginary**2) @ costs)

    return call


def _compile_qokit() -> ctypes.CDLL:
    """Compiles qokit/fur/c/csim/src of a checkout, with -O3, which its makefile leaves out."""
    if "QOKIT_SOURCE" not in os.environ:
        raise ImportError("set QOKIT_SOURCE to a checkout of QOKit to compile its C simulator")
    source = Path(os.environ["QOKIT_SOURCE"]) / "qokit/fur/c/csim/src"
    target = Path(__file__).parents[2] / ".bench" / "libqokit.so"
    options = ["-O3", "-march=native", "-fopenmp", "-shared", "-fPIC", f"-I{source}"]
    files = [str(source / name) for name in ("qaoa_fur.c", "fur.c", "diagonal.c")]
    subprocess.run(["cc", *options, *files, "-lm", "-o", str(target)], check=True)
    return ctypes.CDLL(str(target))


PEERS = [
    Peer("JAX jit", lambda n, gradient: TABLE, lambda n, p: True, _jax_value, _jax_gradient),
    Peer("QOKit C -O3", lambda n, gradient: TABLE, lambda n, p: True, _qokit_value, None),
    Peer(
        "lightning.qubit",
        lambda n, gradient: TABLE if n <= _LIGHTNING_DIAGONAL and not gradient else TERMS,
        lambda n, p: n <= 20,
        _lightning_value,
        _lightning_gradient,
    ),
    Peer("qsimcirq", lambda n, gradient: TERMS, lambda n, p: n <= 20, _qsim_value, None),
    Peer(  # at 16 qubits its gradient is 2e-4 off differences in float64, ours 2e-6
        "TFQ",
        lambda n, gradient: TERMS,
        lambda n, p: n <= 20,
        _tfq_value,
        _tfq_gradient,
        tolerance=20 * TOLERANCE,
    ),
    Peer(
        "Aer",
        lambda n, gradient: TABLE if n <= _AER_DIAGONAL else TERMS,
        lambda n, p: n <= 20,
        _aer_value,
        None,
    ),
]
