"""Compiled loops over a density matrix in the Pauli basis, where every channel is real.

rho = 2^-n sum_P v_P P, with a number v_P = Tr(P rho) for each of the 4^n Pauli products; its place
has a digit of base 4 for each qubit, I, X, Y, Z = 0..3, qubit 0 most significant. A channel on two
qubits is a matrix (16, 16), its Pauli transfer matrix; depolarising multiplies each number by one
factor, but for the products that are the identity on both qubits.

Numba's cache does not see a change in another file: after one, remove it (`make clean`).
"""

from __future__ import annotations

import numpy as np

from labkit.arrays import FloatArray, IntArray
from labkit.simulators.engine.loops import compiled

_CHUNK = 64  # groups of 16 numbers that are worked on together


@compiled
def apply_all(
    v: FloatArray,
    pairs: IntArray,
    starts: IntArray,
    entries: IntArray,
    values: FloatArray,
    kept: FloatArray,
) -> None:
    """Each of s matrices (16, 16) on its pair of qubits, in place; then depolarises by `kept` (s,).

    Pairs (s, 2) hold 2 (n-1-j) for the two qubits, the larger first, which is the more significant
    of the two in a matrix. Matrix i has `values` at `entries`, 16 row + column, from place
    `starts[i]` to the next.
    """
    width = min(_CHUNK, len(v) // 16)
    places = np.empty(width, np.int64)
    before, after = np.empty((16, width)), np.empty((16, width))
    for step in range(len(pairs)):
        high, low = pairs[step]
        for first in range(0, len(v) // 16, width):
            for i in range(width):
                rest = first + i
                last, rest = rest & ((1 << low) - 1), rest >> low
                middle, rest = rest & ((1 << (high - low - 2)) - 1), rest >> (high - low - 2)
                places[i] = (rest << (high + 2)) | (middle << (low + 2)) | last
            for k in range(16):
                offset = ((k >> 2) << high) + ((k & 3) << low)
                for i in range(width):
                    before[k, i] = v[places[i] + offset]
            after[:] = 0
            for entry in range(starts[step], starts[step + 1]):
                row, column, value = entries[entry] >> 4, entries[entry] & 15, values[entry]
                for i in range(width):
                    after[row, i] += value * before[column, i]
            for k in range(16):
                offset = ((k >> 2) << high) + ((k & 3) << low)
                factor = kept[step] if k else 1.0
                for i in range(width):
                    v[places[i] + offset] = factor * after[k, i]
