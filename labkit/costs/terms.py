"""Costs as sums of terms: a polynomial in the signs z_j = 1 - 2 m_j, and small tables."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from labkit.arrays import BoolArray, FloatArray
from labkit.costs.names import Names, Neurons, check_names
from labkit.costs.qubo_files import read_qubo
from labkit.costs.spectrum import walsh_hadamard
from labkit.costs.sums import (
    OfOneOrder,
    Products,
    add_up,
    check_coefficients,
    check_term,
    expand,
    expand_all,
    group_tables,
    sum_tables,
    tables_of_products,
)
from labkit.costs.tables import CostTable, far_mean
from labkit.costs.walking import SumOfTerms
from labkit.limits import check_integer, check_register, show_value
from labkit.masks import place_values

if TYPE_CHECKING:
    import cirq


@dataclass(frozen=True, eq=False, repr=False)
class PauliZCost(SumOfTerms):
    """cost(m) = sum_S c_S prod_{j in S} z_j with z_j = 1 - 2 m_j: +1 where neuron j goes.

    Attributes:
        terms: c_S by the neurons of S, ascending; () is the constant. Terms given of the same
            neurons in another order are added up.
        n_neurons: n.
        names: of the neurons, see `check_names`.

    >>> cost = PauliZCost({(): 1.0, (0, 1): 0.5}, 2)
    >>> cost.to_table().costs.tolist()
    [1.5, 0.5, 0.5, 1.5]
    """

    terms: Mapping[Neurons, float]
    n_neurons: int
    names: Names = None

    def __post_init__(self) -> None:
        n = check_integer("n_neurons", self.n_neurons, minimum=1)
        object.__setattr__(self, "terms", MappingProxyType(check_coefficients(self.terms, n)))
        object.__setattr__(self, "n_neurons", n)
        object.__setattr__(self, "names", check_names(self.names, n))

    @classmethod
    def from_table(cls, table: CostTable, max_order: int | None = None) -> PauliZCost:
        """The expansion of a table: c_S = 2^-n sum_m cost(m) prod_{j in S} z_j.

        Truncated at an order it is the closest polynomial of that order to the table, in the
        mean square over all masks, because the products are orthonormal.

        Args:
            table: the 2^n costs.
            max_order: keep terms of at most this many neurons; None keeps all, which is exact but
                for coefficients below `EQUAL_WITHIN` of the largest cost: they are rounding.

        Raises:
            TooLargeError: the terms do not fit in memory.
        """
        if not isinstance(table, CostTable):
            raise TypeError(f"table={show_value(table)} is not a CostTable")
        n = table.n_neurons
        highest = n if max_order is None else max_order
        highest = check_integer("max_order", highest, minimum=0, maximum=n)
        check_register("n_neurons", n, bytes_per_mask=48, what="the expansion of a table")
        return cls(expand(table.costs, n, max_order=highest), n, table.names)

    @classmethod
    def from_qubo(
        cls,
        qubo: Any,
        *,
        names: Sequence[Hashable] | None = None,
        form: str | None = None,
        problem: int | None = None,
    ) -> PauliZCost:
        """The cost x^T Q x of a QUBO, x_j = 1 where neuron j stays: it is minimised.

        What 'bqp' and 'gset' files state is maximised: the least cost is minus their optimum. Of
        no form has a file a constant.

        - 'coo', dimod's COOrdinate: lines `i j q` from 0, cost sum q x_i x_j; after
          `# vartype=SPIN` sum q s_i s_j, and q s_i where i = j, s = +1 where a neuron stays.
        - 'matrix_market': cost x^T Q x; of a symmetric matrix half is listed, pairs count twice.
        - 'bqp', OR-Library's: the number of problems, then of each `n entries` and lines `i j q`
          from 1, half of a symmetric matrix. Cost -x^T Q x: pairs count twice.
        - 'gset', max-cut graphs: `n edges`, lines `i j w` from 1, w = 1 where it is missing. Cost
          minus the weight of all edges between neurons that stay and others.

        Args:
            qubo: a mapping of pairs (i, j) to numbers, where (i, j) and (j, i) are added up and
                (j, j) is linear; a square matrix, also a sparse one or a pandas frame; or a path.
            names: all variables in the order of neurons, those in no term too; of a matrix, and of
                a file that states their number, what to call them. By default integers from 0 or
                1 in their order, and other variables as they are first met.
            form: of a file: 'coo', 'matrix_market', 'bqp' or 'gset'; by default as it begins.
            problem: which of a 'bqp' file's, from 1; needed where it holds several.

        Raises:
            TypeError: a variable or a number is not of its kind.
            ValueError: a number is not finite, a variable is in no term, or a line of the file
                does not read.
            TooLargeError: the terms do not fit in memory.

        >>> cost = PauliZCost.from_qubo({("a", "a"): -1.0, ("a", "b"): 2.0, ("b", "b"): -1.5})
        >>> cost.names, cost.to_table().costs.tolist()
        (('a', 'b'), [0.0, -1.5, -1.0, -0.5])
        """
        return cls(*read_qubo(qubo, names=names, form=form, problem=problem))

    @cached_property
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

    @cached_property
    def magnitude(self) -> float:
        """sum_S |c_S|, the largest size that a sum of terms may reach; see `equal_within`."""
        return float(sum(map(abs, self.terms.values())))

    @property
    def offset(self) -> float:
        """The constant, which is the mean."""
        return self.mean

    @cached_property
    def centred(self) -> PauliZCost:
        """The cost without its constant, a phase common to all masks where it is evolved."""
        terms = {neurons: c for neurons, c in self.terms.items() if neurons}
        return PauliZCost(terms, self.n_neurons, self.names)

    def costs_of(self, masks: BoolArray, /) -> FloatArray:
        """Costs (...) of bool masks (..., n), which are not checked again."""
        return self._products.evaluate(masks)

    def to_table(self) -> CostTable:
        """The cost of each of the 2^n masks.

        Raises:
            TooLargeError: the table does not fit in memory.
        """
        n = check_register("n_neurons", self.n_neurons, bytes_per_mask=8, what="the cost table")
        coefficients, values = np.zeros(2**n), place_values(n).tolist()
        for neurons, coefficient in self.terms.items():
            coefficients[sum(values[j] for j in neurons)] = coefficient
        costs = walsh_hadamard(coefficients, overwrite=True)
        return CostTable.owning(costs, n, self.names, magnitude=self.magnitude)

    def to_local(self) -> LocalCost:
        """The same cost as a sum of small tables, one for each term: 2^order numbers at most.

        `dynamic_programming` finds its optimum where the terms read neighbouring neurons.

        Raises:
            TooLargeError: the tables do not fit in memory.
        """
        return LocalCost(tables_of_products(self.terms), self.n_neurons, self.names)

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
    def _products(self) -> Products:
        return Products.of(self.terms, self.n_neurons)


@dataclass(frozen=True, eq=False, repr=False)
class LocalCost(SumOfTerms):
    """cost(m) = sum_i values_i[m restricted to neurons_i]: never a table of 2^n.

    Attributes:
        terms: pairs of neurons (k,) and values float64 (2^k,), read-only, by the index of the
            mask on those neurons, the first of them most significant.
        n_neurons: n.
        names: of the neurons, see `check_names`.

    >>> cost = LocalCost([((0, 1), [0.0, 1.0, 1.0, 0.0]), ((1, 2), [0.0, 1.0, 1.0, 0.0])], 3)
    >>> float(cost.evaluate("010")), cost.order
    (2.0, 2)

    Reference: Whitley, Tinós, Chicano 2015, arXiv 1505.01887 (NK landscapes of neurons).
    """

    terms: Sequence[tuple[Neurons, FloatArray]]
    n_neurons: int
    names: Names = None

    def __post_init__(self) -> None:
        n = check_integer("n_neurons", self.n_neurons, minimum=1)
        if not isinstance(self.terms, Sequence):
            raise TypeError(f"terms={show_value(self.terms)} is not a sequence of terms")
        object.__setattr__(self, "terms", tuple(check_term(term, n) for term in self.terms))
        object.__setattr__(self, "n_neurons", n)
        object.__setattr__(self, "names", check_names(self.names, n))

    @cached_property
    def order(self) -> int:
        """The largest number of neurons in one term."""
        return max((len(neurons) for neurons, _ in self.terms), default=0)

    @property
    def mean(self) -> float:
        """The mean cost over all masks."""
        return float(sum(values.mean() for _, values in self.terms))

    @property
    def std(self) -> float:
        """The standard deviation over all masks."""
        return self.to_pauli_z().std

    @cached_property
    def magnitude(self) -> float:
        """sum_i max |values_i|, the largest size that a sum may reach; see `equal_within`."""
        return float(sum(np.abs(values).max() for _, values in self.terms))

    @cached_property
    def offset(self) -> float:
        """The sum of the terms' means that are large beside what varies in them."""
        return float(sum(far_mean(values) for _, values in self.terms))

    @cached_property
    def centred(self) -> LocalCost:
        """The cost less its `offset`, a phase common to all masks where it is evolved."""
        terms = ((neurons, values - far_mean(values)) for neurons, values in self.terms)
        return LocalCost([*terms], self.n_neurons, self.names) if self.offset else self

    def costs_of(self, masks: BoolArray, /) -> FloatArray:
        """Costs (...) of bool masks (..., n), which are not checked again."""
        batch = masks.reshape(-1, self.n_neurons)
        return sum_tables(self._by_order, batch).reshape(masks.shape[:-1])

    def to_table(self) -> CostTable:
        """The cost of each of the 2^n masks.

        Raises:
            TooLargeError: the table does not fit in memory.
        """
        n = check_register("n_neurons", self.n_neurons, bytes_per_mask=16, what="the cost table")
        return CostTable.owning(add_up(self.terms, n), n, self.names, magnitude=self.magnitude)

    def to_pauli_z(self) -> PauliZCost:
        """The same cost as a polynomial in z_j: each small table expanded by itself.

        Coefficients that cancel but for rounding are left out.
        """
        return PauliZCost(expand_all(self.terms), self.n_neurons, self.names)

    @cached_property
    def _by_order(self) -> list[OfOneOrder]:
        return group_tables(self.terms)
