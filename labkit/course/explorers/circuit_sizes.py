"""How large QAOA's circuits on NK networks are, counted beforehand: a slider cannot wait for it."""

from __future__ import annotations

MIN_NEURONS, MAX_NEURONS = 6, 12

#: Of `cirq`'s ways to build a diagonal of K qubits; a test counts them in the circuit.
_GATES_OF_DIAGONAL = (0, 0, 1, 8, 14, 30, 62)
#: K -> for p = 1 to 4 the depth of the circuit at N = 6 to 12, as `circuit_report` counts it: the
#: neighbourhoods take turns, and how well their turns fit depends on N. A test counts again.
_DEPTHS = {
    1: ((3,) * 7, (5,) * 7, (7,) * 7, (9,) * 7),
    2: (
        (4, 5, 4, 5, 4, 5, 4),
        (7, 8, 7, 8, 7, 8, 7),
        (10, 11, 10, 11, 10, 11, 10),
        (13, 15, 13, 14, 13, 14, 13),
    ),
    3: (
        (32, 42, 52, 32, 42, 52, 32),
        (63, 73, 83, 63, 73, 83, 63),
        (94, 114, 134, 94, 104, 114, 94),
        (125, 145, 165, 125, 145, 165, 125),
    ),
    4: (
        (166, 193, 118, 139, 166, 193, 118),
        (329, 383, 235, 250, 277, 304, 235),
        (492, 573, 352, 384, 438, 492, 352),
        (655, 763, 469, 495, 549, 603, 469),
    ),
    5: (
        (358, 417, 476, 535, 307, 358, 417),
        (713, 831, 949, 1067, 613, 656, 715),
        (1068, 1245, 1422, 1599, 919, 1009, 1127),
        (1423, 1659, 1895, 2131, 1225, 1307, 1425),
    ),
    6: (
        (752, 865, 988, 1111, 1234, 1357, 752),
        (1503, 1727, 1973, 2219, 2465, 2711, 1503),
        (2254, 2589, 2958, 3327, 3696, 4065, 2254),
        (3005, 3451, 3943, 4435, 4927, 5419, 3005),
    ),
}


def circuit_size(n_neurons: int, n_inputs_per_output: int, p: int) -> tuple[int, int]:
    """Two-qubit gates and depth of p layers of QAOA: p N diagonals of K qubits.

    Args:
        n_neurons: N, 6 to 12.
        n_inputs_per_output: K, 1 to 6; from 4 on a diagonal takes 2^K - 2 two-qubit gates.
        p: layers, 1 to 4.
    """
    gates = p * n_neurons * _GATES_OF_DIAGONAL[n_inputs_per_output]
    return gates, _DEPTHS[n_inputs_per_output][p - 1][n_neurons - MIN_NEURONS]
