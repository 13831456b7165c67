"""Circuits on machines: the same chances, only native gates and coupled pairs, nothing sent."""

from __future__ import annotations

import re
import socket
from collections import Counter
from functools import lru_cache
from typing import Any

import cirq
import networkx as nx
import numpy as np
import pytest
import sympy
from cirq.circuits.qasm_output import QasmUGate
from reference_cases import load_cases

from labkit.circuits import grover
from labkit.circuits.oracles import build_computed_oracle, build_table_oracle
from labkit.circuits.qaoa import qaoa_circuit
from labkit.circuits.state_preparation import dicke_state
from labkit.costs import Cost, CostTable, LocalCost, PauliZCost
from labkit.hardware import (
    CompiledCircuit,
    DeviceSampler,
    NoisySampler,
    compilation_report,
    compile_circuit,
    correct_readout,
    extrapolate_to_zero_noise,
    fold_gates,
    to_openqasm3,
    virtual_device,
)
from labkit.hardware.fault_tolerant import fault_tolerant_cost
from labkit.limits import TooLargeError
from labkit.selectors import grover_search, qaoa_sampling, run
from labkit.simulators import noisy_probabilities, sample_masks

ANGLES = ([0.3, 0.6], [0.55, 0.2])
cirq_google = pytest.importorskip("cirq_google")


def nk_cost(n: int, k: int, seed: int = 0) -> LocalCost:
    rng = np.random.default_rng(seed)
    return LocalCost(
        [(tuple((i + j) % n for j in range(k)), rng.normal(size=2**k)) for i in range(n)], n
    )


@lru_cache
def circuits() -> dict[str, cirq.Circuit]:
    """Each form of cost, each mixer, each oracle."""
    rng = np.random.default_rng(2)
    computed = build_computed_oracle(np.array([[1, -1], [1, 1]]), 2)
    table = CostTable(rng.normal(size=16), 4)
    two_local: dict[tuple[int, ...], float] = {
        (i, j): float(rng.normal()) for i in range(5) for j in range(i)
    }
    found = {
        "NK 1": qaoa_circuit(nk_cost(5, 1), *ANGLES),
        "NK 2, even ring": qaoa_circuit(nk_cost(8, 2), *ANGLES),
        "NK 2, odd ring": qaoa_circuit(nk_cost(5, 2), *ANGLES),
        "NK 3": qaoa_circuit(nk_cost(6, 3), *ANGLES),
        "two-local": qaoa_circuit(PauliZCost(two_local, 5), [0.3], [0.5]),
        "three-local": qaoa_circuit(nk_cost(4, 3).to_pauli_z(), [0.3], [0.5]),
        "table": qaoa_circuit(table, [0.3], [0.5]),
        "Grover mixer": qaoa_circuit(table, [0.3], [0.5], mixer="grover"),
        "Grover mixer, Dicke": qaoa_circuit(table, [0.3], [0.5], mixer="grover", n_active=2),
        "ring mixer": qaoa_circuit(table, [0.3], [0.5], mixer="ring", n_active=2),
        "computed oracle": grover.grover_circuit([*computed.mask_qubits], computed.circuit, 1),
        "one neuron": qaoa_circuit(CostTable(np.array([0.2, 1.0]), 1), [0.3], [0.5]),
    }
    for case in load_cases("noise/equivalence"):
        found[f"{case['kind']}, {case['n_neurons']}, {len(found)}"] = circuit_of(case)
    return found


def circuit_of(case: dict[str, Any]) -> cirq.Circuit:
    n = case["n_neurons"]
    qubits = cirq.LineQubit.range(n)
    if "local_terms" in case:
        cost = LocalCost([(tuple(s), np.array(v)) for s, v in case["local_terms"]], n)
        return qaoa_circuit(cost, case["gammas"], case["betas"])
    if "marked" in case:
        oracle = build_table_oracle(qubits, case["marked"])
        return grover.grover_circuit(qubits, oracle, case["iterations"])
    return dicke_state(qubits, case["n_active"])


def chances(circuit: cirq.AbstractCircuit, order: list[cirq.Qid]) -> Any:
    """By Cirq's own simulator in full precision, other qubits summed over."""
    others = sorted(circuit.all_qubits().difference(order))
    state = cirq.Simulator(dtype=np.complex128).simulate(circuit, qubit_order=[*order, *others])
    by_mask = np.abs(state.final_state_vector.reshape(2 ** len(order), -1)) ** 2
    return by_mask.sum(axis=1)


def total_variation(p: Any, q: Any) -> float:
    return float(np.abs(np.asarray(p) - q).sum() / 2)


@pytest.mark.parametrize("case", load_cases("noise/equivalence"), ids=lambda case: case["kind"])
def test_circuits_have_the_chances_of_the_reference(case: dict[str, Any]) -> None:
    circuit = circuit_of(case)
    found = chances(circuit, sorted(circuit.all_qubits()))
    assert total_variation(found, case["probabilities"]) < 1e-6


@pytest.mark.parametrize("name", circuits())
def test_on_a_machine_and_in_openqasm_a_circuit_has_the_chances_it_was_built_with(
    name: str,
) -> None:
    circuit = circuits()[name]
    qubits = sorted(circuit.all_qubits())
    expected = chances(circuit, qubits)
    device = virtual_device("rainbow")
    compiled = compile_circuit(circuit, device)
    assert compiled.qubits == tuple(qubits)
    assert total_variation(chances(compiled.circuit, [*compiled.places]), expected) < 1e-6
    gates = Counter(op.gate for op in compiled.circuit.all_operations() if len(op.qubits) == 2)
    assert set(gates) <= {cirq_google.SYC}
    device.validate_circuit(compiled.circuit)
    read = read_openqasm3(to_openqasm3(circuit))
    order = cirq.LineQubit.range(len(qubits))
    assert total_variation(chances(read, [*order]), expected) < 1e-6


def test_a_ring_on_a_cycle_of_the_grid_needs_no_exchanges() -> None:
    report = compilation_report(qaoa_circuit(nk_cost(8, 2), [0.3], [0.5]), "rainbow")
    assert (report.before.two_qubit_gates, report.after.two_qubit_gates) == (8, 16)
    assert report.n_swaps == 0


def test_the_product_of_fidelities_says_less_than_what_is_left_of_the_gain() -> None:
    cost = nk_cost(8, 2)
    report = compilation_report(qaoa_circuit(cost, *ANGLES), "rainbow", cost=cost)
    assert report.fidelity_product == pytest.approx(0.99**report.after.two_qubit_gates)
    assert report.gain_left is not None
    assert report.fidelity_product + 0.1 < report.gain_left < 1
    assert "of the gain" in str(report)
    clean = compilation_report(
        qaoa_circuit(cost, *ANGLES), "rainbow", cost=cost, two_qubit_error=0.0
    )
    assert clean.gain_left == pytest.approx(1)


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)


@pytest.mark.usefixtures("no_network")
def test_selectors_run_on_the_virtual_machine_without_a_connection() -> None:
    rng = np.random.default_rng(0)
    cost, sampler = nk_cost(4, 2), DeviceSampler("rainbow", rng=np.random.default_rng(1))
    found = run(qaoa_sampling, cost, rng=rng, p=1, shots=32, sampler=sampler)
    assert found.ledger.shots == 32
    assert found.cost <= np.quantile(cost.to_table().costs, 0.5)
    searched = run(grover_search, cost.to_table(), rng=rng, sampler=sampler)
    assert searched.ledger.shots >= 1


def test_masks_are_read_in_the_order_of_the_neurons() -> None:
    qubits = cirq.LineQubit.range(5)
    swapped = cirq.Circuit(cirq.X(qubits[1]), cirq.X(qubits[4]), cirq.I.on_each(*qubits))
    for pair in [(0, 4), (1, 3), (0, 2), (2, 4), (1, 4)]:
        swapped.append(cirq.SWAP(*(qubits[j] for j in pair)))
    sampler = DeviceSampler(virtual_device("rainbow"))
    masks = sample_masks(swapped, 20, rng=np.random.default_rng(0), sampler=sampler)
    expected = sample_masks(swapped, 20, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(masks, expected)


def test_a_circuit_is_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    import labkit.hardware.sampler as module

    calls: list[cirq.AbstractCircuit] = []

    def count(circuit: cirq.AbstractCircuit, device: cirq.Device) -> CompiledCircuit:
        calls.append(circuit)
        return compile_circuit(circuit, device)

    monkeypatch.setattr(module, "compile_circuit", count)
    sampler = DeviceSampler(virtual_device("rainbow"))
    circuit = qaoa_circuit(nk_cost(4, 2), [0.3], [0.5])
    for _ in range(3):
        sample_masks(circuit, 5, rng=np.random.default_rng(0), sampler=sampler)
    assert len(calls) == 1


def test_parameters_are_filled_in_and_keys_kept() -> None:
    q = cirq.LineQubit.range(2)
    circuit = cirq.Circuit(
        cirq.X(q[0]) ** sympy.Symbol("t"), cirq.CNOT(*q), cirq.measure(q[1], key="b"),
        cirq.measure(q[0], key="a", invert_mask=(True,)),
    )  # fmt: skip
    sampler = DeviceSampler(virtual_device("rainbow"))
    results = sampler.run_sweep(circuit, cirq.Points("t", [0, 1]), repetitions=3)
    assert [r.measurements["b"].ravel().tolist() for r in results] == [[0] * 3, [1] * 3]
    assert [r.measurements["a"].ravel().tolist() for r in results] == [[1] * 3, [0] * 3]


def test_what_a_machine_cannot_run_is_refused_with_a_word_of_what_to_do() -> None:
    device = virtual_device("rainbow")
    circuit = qaoa_circuit(nk_cost(4, 2), [0.3], [0.5])
    with pytest.raises(TypeError, match="DeviceSampler"):
        sample_masks(circuit, 1, rng=np.random.default_rng(0), sampler=device)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="circuit has 24 qubits"):
        compile_circuit(cirq.Circuit(cirq.H.on_each(*cirq.LineQubit.range(24))), device)
    with pytest.raises(TooLargeError, match="two-qubit gates"):
        compile_circuit(qaoa_circuit(CostTable(np.arange(2.0**12), 12), [0.3], [0.5]), device)
    with pytest.raises(ValueError, match="circuit measures"):
        compile_circuit(cirq.Circuit(cirq.measure(cirq.LineQubit(0))), device)
    with pytest.raises(ValueError, match="device='willow'"):
        virtual_device("willow")
    with pytest.raises(TypeError, match="no cirq"):
        DeviceSampler(cirq.UNCONSTRAINED_DEVICE)
    with pytest.raises(TypeError, match="not a cirq"):
        DeviceSampler(device, inner="qsim")  # type: ignore[arg-type]
    q = cirq.LineQubit.range(2)
    late = cirq.Circuit(cirq.measure(q[0], key="a"), cirq.CNOT(*q), cirq.measure(q[1], key="b"))
    with pytest.raises(ValueError, match="after a measurement"):
        DeviceSampler(device, cirq.Simulator()).run(late)


def line_device(*edges: tuple[int, int]) -> cirq.Device:
    """A device of couplings alone."""

    class Line(cirq.Device):
        @property
        def metadata(self) -> cirq.DeviceMetadata:
            graph = nx.Graph([(cirq.q(a), cirq.q(b)) for a, b in edges])
            return cirq.DeviceMetadata(graph.nodes, graph)

    return Line()


def test_what_does_not_fit_the_connected_part_of_a_machine_is_refused() -> None:
    device = line_device((0, 1), (5, 6), (6, 7), (7, 8))
    triangle = qaoa_circuit(nk_cost(3, 2), [0.3], [0.5])
    compiled = compile_circuit(triangle, device)
    assert compiled.n_swaps > 0
    assert total_variation(chances(compiled.circuit, [*compiled.places]), chances(
        triangle, sorted(triangle.all_qubits()))) < 1e-6  # fmt: skip
    with pytest.raises(ValueError, match="limit: the 4 of device that are connected"):
        compile_circuit(qaoa_circuit(nk_cost(5, 3), [0.3], [0.5]), device)


def measuring() -> dict[str, cirq.Circuit]:
    q = cirq.LineQubit.range(4)
    ghz = cirq.X(q[0]), cirq.CNOT(q[0], q[3])
    inside = cirq.FrozenCircuit(*ghz, cirq.measure(q[0], q[3], key="a"))
    return {
        "a key twice": cirq.Circuit(
            cirq.X(q[0]), cirq.measure(q[0], key="a"), cirq.measure(q[1], key="a")
        ),
        "a subcircuit": cirq.Circuit(cirq.CircuitOperation(inside, use_repetition_ids=False)),
        "turned bits": cirq.Circuit(
            cirq.X(q[0]), cirq.measure(q[0], q[1], key="a", invert_mask=(True, True))
        ),
    }


@pytest.mark.parametrize("name", measuring())
def test_both_samplers_record_what_cirq_records(name: str) -> None:
    circuit = measuring()[name]
    expected = cirq.Simulator().run(circuit, repetitions=3).records["a"]
    noisy = NoisySampler(0.0, rng=np.random.default_rng(0))
    for sampler in (DeviceSampler(virtual_device("rainbow")), noisy):
        np.testing.assert_array_equal(sampler.run(circuit, repetitions=3).records["a"], expected)


def test_the_virtual_machine_can_be_seeded() -> None:
    circuit = cirq.Circuit(
        cirq.H.on_each(*cirq.LineQubit.range(5)), cirq.measure(*cirq.LineQubit.range(5), key="m")
    )
    first, again = (
        DeviceSampler("rainbow", rng=np.random.default_rng(3)).run(circuit, repetitions=9)
        for _ in range(2)
    )
    assert first == again


def test_measurements_that_are_not_plain_and_rates_out_of_range_are_refused() -> None:
    q, rng = cirq.LineQubit(0), np.random.default_rng(0)
    turned: dict[tuple[int, ...], Any] = {(0,): np.array([[0.0, 1.0], [1.0, 0.0]])}
    confused = cirq.MeasurementGate(1, "a", confusion_map=turned).on(q)
    pauli = cirq.measure_single_paulistring(cirq.X(q), key="a")
    for measurement in (confused, pauli):
        with pytest.raises(ValueError, match="limit: measurements of qubits"):
            NoisySampler(0.0, rng=rng).run(cirq.Circuit(cirq.X(q), measurement))
    with pytest.raises(ValueError, match=r"two_qubit_error=7\.0 is not in 0\.\.1"):
        NoisySampler(7, rng=rng)


# Mitigation


@pytest.mark.parametrize(
    "case", load_cases("noise/readout"), ids=lambda case: f"{case['n_qubits']}"
)
def test_corrected_readings_are_those_of_the_reference(case: dict[str, Any]) -> None:
    errors = case["p_read_1_given_0"], case["p_read_0_given_1"]
    found = correct_readout(case["read_probabilities"], *errors)
    np.testing.assert_allclose(found, case["true_probabilities"], atol=1e-9)


def test_a_qubit_that_reads_the_same_whatever_it_holds_is_named() -> None:
    with pytest.raises(ValueError, match="of qubit 1 add up to 1"):
        correct_readout(np.ones(4) / 4, [0.1, 0.4], [0.1, 0.6])


def test_extrapolation_repairs_a_mean_and_brings_no_mask_back() -> None:
    shares, lifts = [], []
    for seed in range(5):
        table = CostTable(np.random.default_rng(seed).normal(size=32), 5)
        circuit = qaoa_circuit(table, [0.3, 0.6], [0.5, 0.2])
        clean = noisy_probabilities(circuit, two_qubit_error=0.0)
        noisy = {
            s: noisy_probabilities(fold_gates(circuit, s), two_qubit_error=0.01) for s in (1, 3, 5)
        }
        means = [float(p @ table.costs) for p in noisy.values()]
        exact = float(clean @ table.costs)
        found = extrapolate_to_zero_noise([*noisy], means, asymptote=table.mean)
        gain = abs(exact - table.mean)
        shares.append((abs(means[0] - exact) / gain, abs(found - exact) / gain))
        best = int(table.costs.argmin())
        lifts.append((noisy[1][best], noisy[5][best], clean[best]))
    before, after = np.mean(shares, axis=0)
    assert before > 0.25
    assert after < 0.03
    one, five, clean_best = np.mean(lifts, axis=0)
    assert five < one < clean_best  # folded circuits find the best mask less often, not more


def test_folding_changes_the_number_of_gates_and_not_what_they_do() -> None:
    circuit = qaoa_circuit(nk_cost(4, 3), [0.3], [0.5])
    order = sorted(circuit.all_qubits())
    for scale in (1, 3, 5):
        folded = fold_gates(circuit, scale)
        assert sum(len(op.qubits) == 2 for op in folded.all_operations()) == scale * 4 * 6
        assert total_variation(chances(folded, order), chances(circuit, order)) < 1e-9
    with pytest.raises(ValueError, match="scale=2 is even"):
        fold_gates(circuit, 2)
    with pytest.raises(ValueError, match=r"depolarize.*has no inverse"):
        fold_gates(cirq.Circuit(cirq.depolarize(0.1, 2)(*cirq.LineQubit.range(2))), 3)
    with pytest.raises(TypeError, match="not a cirq"):
        fold_gates("H", 3)  # type: ignore[arg-type]


def test_extrapolation_of_an_exponential_is_exact() -> None:
    scales = np.array([1, 3, 5])
    for a, amplitude in ((0.4, -0.3), (-2.0, 1.5)):
        values = a + amplitude * np.exp(-0.2 * scales)
        found = extrapolate_to_zero_noise(scales, values, asymptote=a)
        assert found == pytest.approx(a + amplitude)
    with pytest.raises(ValueError, match="both sides of asymptote"):
        extrapolate_to_zero_noise([1, 3], [0.1, -0.1], asymptote=0.0)
    for pair in ([1, 1], [-1, 1]):
        with pytest.raises(ValueError, match="not different and above 0"):
            extrapolate_to_zero_noise(pair, [0.5, 0.4], asymptote=0.0)


# Fault tolerance


@pytest.mark.parametrize(
    "case", load_cases("noise/fault_tolerant"), ids=lambda case: f"{case['n_neurons']}"
)
def test_fault_tolerant_costs_of_the_reference(case: dict[str, Any]) -> None:
    found = fault_tolerant_cost(case["n_neurons"], case["samples"], weight_bits=case["weight_bits"])
    assert found.toffoli_per_iteration == case["toffoli_per_oracle_and_reflection"]
    assert found.iterations == case["iterations"]
    assert found.toffoli == case["toffoli"]
    assert found.logical_qubits == case["logical_qubits"]
    assert found.code_distance == case["code_distance"]
    assert found.seconds == pytest.approx(case["seconds"])


# OpenQASM 3, read by names: what is neither in stdgates.inc nor defined is an error

_STDGATES = {
    "h": cirq.H, "x": cirq.X, "y": cirq.Y, "z": cirq.Z, "s": cirq.S, "sdg": cirq.S**-1, "t": cirq.T,
    "tdg": cirq.T**-1, "sx": cirq.X**0.5, "cx": cirq.CNOT, "cz": cirq.CZ, "swap": cirq.SWAP,
    "rx": cirq.rx, "ry": cirq.ry, "rz": cirq.rz, "id": cirq.I,
    "u3": lambda theta, phi, lam: QasmUGate(theta / np.pi, phi / np.pi, lam / np.pi),
}  # fmt: skip
_GATE = re.compile(r"(\w+)(?:\(([^)]*)\))? ((?:q\[\d+\],?\s*)+);")


def read_openqasm3(program: str) -> cirq.Circuit:
    """The circuit of a program of one register q; names are resolved, or a KeyError is raised."""
    header, *lines = [line.strip() for line in program.splitlines() if line.strip()]
    assert header == "OPENQASM 3.0;"
    gates: dict[str, Any] = {}
    circuit, n = cirq.Circuit(), 0
    for line in lines:
        if line == 'include "stdgates.inc";':
            gates.update(_STDGATES)
        elif match := re.fullmatch(r"gate (\w+) a \{ inv @ (\w+) a; \}", line):
            gates[match[1]] = gates[match[2]] ** -1
        elif match := re.fullmatch(r"qubit\[(\d+)\] q;", line):
            n = int(match[1])
            circuit.append(cirq.I.on_each(*cirq.LineQubit.range(n)))
        elif not line.startswith("//"):
            match = _GATE.fullmatch(line)
            assert match, line
            gate = gates[match[1]]
            if match[2]:
                gate = gate(*(evaluate(angle) for angle in match[2].split(",")))
            circuit.append(
                gate(*(cirq.LineQubit(int(j)) for j in re.findall(r"\[(\d+)\]", match[3])))
            )
    return circuit


def evaluate(angle: str) -> float:
    factors = [np.pi if factor == "pi" else float(factor) for factor in angle.split("*")]
    return float(np.prod(factors))


def test_the_inverse_square_root_of_x_is_defined_in_the_program() -> None:
    program = to_openqasm3(cirq.Circuit(cirq.X(cirq.LineQubit(0)) ** -0.5))
    assert "sxdg q[0];" in program
    read = read_openqasm3(program)
    unitary = cirq.Circuit(op for op in read.all_operations() if op.gate != cirq.I).unitary()
    cirq.testing.assert_allclose_up_to_global_phase(unitary, cirq.unitary(cirq.X**-0.5), atol=1e-8)
    with pytest.raises(KeyError):
        read_openqasm3(program.replace("gate sxdg", "// gate sxdg"))


def test_measurements_are_exported_and_channels_refused() -> None:
    q = cirq.LineQubit.range(2)
    program = to_openqasm3(cirq.Circuit(cirq.H(q[0]), cirq.measure(*q, key="masks")))
    assert "bit[2] m_masks;" in program
    assert "m_masks[1] = measure q[1];" in program
    with pytest.raises(ValueError, match="depolarize"):
        to_openqasm3(cirq.Circuit(cirq.depolarize(0.1)(q[0])))
    with pytest.raises(ValueError, match="one key twice"):
        to_openqasm3(cirq.Circuit(cirq.measure(q[0], key="a"), cirq.measure(q[1], key="a")))
    with pytest.raises(ValueError, match="the symbol t without a value"):
        to_openqasm3(cirq.Circuit(cirq.X(q[0]) ** sympy.Symbol("t")))


def test_every_cost_that_can_be_simulated_has_a_report() -> None:
    costs: list[Cost] = [nk_cost(4, 3), nk_cost(4, 2).to_pauli_z(), nk_cost(4, 2).to_table()]
    for cost in costs:
        report = compilation_report(qaoa_circuit(cost, [0.3], [0.5]), "weber", cost=cost)
        assert report.gain_left is not None
        assert 0 < report.gain_left < 1


def test_a_report_without_a_gain_or_of_another_cost() -> None:
    cost = nk_cost(3, 2)
    still = qaoa_circuit(cost, [0.0], [0.0])
    assert compilation_report(still, "rainbow", cost=cost).gain_left is None
    with pytest.raises(ValueError, match="cost has 4 neurons, and circuit 3 qubits"):
        compilation_report(still, "rainbow", cost=nk_cost(4, 2))
    with pytest.raises(ValueError, match=r"two_qubit_error=2\.0 is not in 0\.\.1"):
        compilation_report(still, "rainbow", two_qubit_error=2.0)


def test_a_fault_tolerant_machine_has_its_limits_named() -> None:
    assert fault_tolerant_cost(1000, 10).years > 1e100
    with pytest.raises(ValueError, match="n_neurons=1001"):
        fault_tolerant_cost(1001, 10)
    assert fault_tolerant_cost(4, 10, physical_error=0.01 - 1e-12).code_distance > 1e9
    with pytest.raises(ValueError, match="below the threshold"):
        fault_tolerant_cost(4, 10, physical_error=0.01)
