"""A cost as a polynomial in the signs z_j = 1 - 2 m_j: a Hamiltonian of Pauli-Z operators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from labkit.arrays import BoolArray, FloatArray, IntArray
from labkit.costs.spectrum import walsh_hadamard
from labkit.costs.tables import CheckedCost, CostTable, Neurons, check_neurons
from labkit.limits import (
    check_count,
    check_finite,
    check_integer,
    check_register,
    repr_line,
    show_value,
)
from labkit.masks import masks_from_indices, place_values

if TYPE_CHECKING:
    import cirq

#: A coefficient of a table, below this share of its largest cost, is rounding.
_ROUNDING = 1e-14
_BYTES_PER_TERM = 600  # in two mappings, on the way


@dataclass(frozen=True, eq=False, repr=False)
class PauliZCost(CheckedCost):
    """cost(m) = sum_S c_S prod_{j in S} z_j with z_j = 1 - 2 m_j: +1 where neuron j goes.

    Attributes:
        terms: c_S by the neurons of S, ascending; () is the constant. Terms given of the same
            neurons in another order are added up.
        n_neurons: n.

    >>> cost = PauliZCost({(): 1.0, (0, 1): 0.5}, 2)
    >>> cost.to_table().costs.tolist()
    [1.5, 0.5, 0.5, 1.5]
    """

    terms: Mapping[Neurons, float]
    n_neurons: int

    def __post_init__(self) -> None:
        n = check_integer("n_neurons", self.n_neurons, minimum=1)
        if not isinstance(self.terms, Mapping):
            raise TypeError(f"terms={show_value(self.terms)} is not a mapping of neurons to number")
        sums: dict[Neurons, float] = {}
        for neurons, coefficient in self.terms.items():
            key = tuple(sorted(check_neurons(neurons, n)))
            sums[key] = sums.get(key, 0.0) + check_finite("terms", coefficient)
        in_order = {key: sums[key] for key in sorted(sums, key=lambda key: (len(key), key))}
        object.__setattr__(self, "terms", MappingProxyType(in_order))
        object.__setattr__(self, "n_neurons", n)

    @classmethod
    def from_table(cls, table: CostTable, max_order: int | None = None) -> PauliZCost:
        """The expansion of a table: c_S = 2^-n sum_m cost(m) prod_{j in S} z_j.

        Truncated at an order it is the closest polynomial of that order to the table, in the
        mean square over all masks, because the products are orthonormal.

        Args:
            table: the 2^n costs.
            max_order: keep terms of at most this many neurons; None keeps all, which is exact.

        Raises:
            TooLargeError: the terms do not fit in memory.
        """
        if not isinstance(table, CostTable):
            raise TypeError(f"table={show_value(table)} is not a CostTable")
        n = table.n_neurons
        highest = n if max_order is None else max_order
        highest = check_integer("max_order", highest, minimum=0, maximum=n)
        check_register("n_neurons", n, bytes_per_mask=48, what="the expansion of a table")
        coefficients = walsh_hadamard(table.costs)
        coefficients /= 2**n
        rounding = _ROUNDING * np.abs(table.costs).max()
        orders = np.bitwise_count(np.arange(2**n))
        kept = np.flatnonzero((orders <= highest) & (np.abs(coefficients) > rounding))
        check_count("n_terms", len(kept), bytes_each=_BYTES_PER_TERM + 17 * n, what="the terms")
        members = masks_from_indices(kept, n)
        neurons = (tuple(np.flatnonzero(one).tolist()) for one in members)
        return cls(dict(zip(neurons, coefficients[kept].tolist(), strict=True)), n)

    def __repr__(self) -> str:
        n_terms = len(self.terms)
        return repr_line(self, n_neurons=self.n_neurons, order=self.order, n_terms=n_terms)

    @property
    def order(self) -> int:
        """The largest number of neurons in one term."""
        return max(map(len, self.terms), default=0)

    @property
    def mean(self) -> float:
        """The mean cost over all masks: the constant."""
        return self.terms.get((), 0.0)

    @property
    def std(self) -> float:
        """The standard deviation over all masks, sqrt(sum_{S not empty} c_S^2)."""
        return float(np.sqrt(sum(c * c for neurons, c in self.terms.items() if neurons)))

    def costs_of(self, masks: BoolArray, /) -> FloatArray:
        """Costs (...) of bool masks (..., n), which are not checked again."""
        z = 1.0 - 2.0 * masks
        linear, pairs = self._first_and_second_order
        costs = self.mean + z @ linear
        if pairs is not None:
            costs = costs + np.sum((z @ pairs) * z, axis=-1)
        for neurons, coefficients in self._higher_orders:
            costs = costs + np.prod(z[..., neurons], axis=-1) @ coefficients
        return np.asarray(costs)

    def to_table(self) -> CostTable:
        """The cost of each of the 2^n masks.

        Raises:
            TooLargeError: the table does not fit in memory.
        """
        n = check_register("n_neurons", self.n_neurons, bytes_per_mask=8, what="the cost table")
        coefficients, values = np.zeros(2**n), place_values(n).tolist()
        for neurons, coefficient in self.terms.items():
            coefficients[sum(values[j] for j in neurons)] = coefficient
        return CostTable.owning(walsh_hadamard(coefficients, overwrite=True), n)

    def to_pauli_sum(self, qubits: Sequence[cirq.Qid]) -> cirq.PauliSum:
        """sum_S c_S prod_{j in S} Z_j on qubits, neuron 0 first; its diagonal is the table."""
        import cirq

        if len(qubits) != self.n_neurons:
            raise ValueError(f"qubits holds {len(qubits)} qubits (limit: {self.n_neurons})")
        strings: list[cirq.PauliString[Any]] = [
            cirq.PauliString({qubits[j]: cirq.Z for j in neurons}, coefficient=coefficient)
            for neurons, coefficient in self.terms.items()
        ]
        return cirq.PauliSum.from_pauli_strings(strings)

    @cached_property
    def _first_and_second_order(self) -> tuple[FloatArray, FloatArray | None]:
        """Coefficients of one neuron (n,), and of two as an upper triangle (n, n) or None."""
        linear = np.zeros(self.n_neurons)
        pairs = np.zeros((self.n_neurons,) * 2) if self.order > 1 else None
        for neurons, coefficient in self.terms.items():
            if len(neurons) == 1:
                linear[neurons[0]] = coefficient
            elif len(neurons) == 2 and pairs is not None:
                pairs[neurons] = coefficient
        return linear, pairs

    @cached_property
    def _higher_orders(self) -> list[tuple[IntArray, FloatArray]]:
        """For each order above 2: neurons (terms, order) and coefficients (terms,)."""
        by_order: dict[int, list[tuple[Neurons, float]]] = {}
        for neurons, coefficient in self.terms.items():
            if len(neurons) > 2:
                by_order.setdefault(len(neurons), []).append((neurons, coefficient))
        return [
            (np.array([s for s, _ in terms]), np.array([c for _, c in terms]))
            for terms in by_order.values()
        ]


def penalty(n_neurons: int, n_active: int) -> PauliZCost:
    """(|m| - k)^2, a cost of order 2: 0 where k = n_active neurons stay.

    With m = (1 - z)/2 and S = sum_j z_j it is (n/2 - k)^2 - (n/2 - k) S + S^2 / 4, where
    S^2 = n + 2 sum_{i<j} z_i z_j.
    """
    excess = n_neurons / 2 - n_active
    terms: dict[tuple[int, ...], float] = {(): excess**2 + n_neurons / 4}
    terms |= {(j,): -excess for j in range(n_neurons)}
    terms |= dict.fromkeys(combinations(range(n_neurons), 2), 0.5)
    return PauliZCost(terms, n_neurons)


def penalised(table: CostTable, n_active: int, strength: float) -> CostTable:
    """cost + strength * std * (|m| - n_active)^2."""
    fine = penalty(table.n_neurons, n_active).to_table().costs
    return CostTable(table.costs + strength * table.std * fine, table.n_neurons)
