"""What costs that are sums of terms share: their walks, which know the terms of each neuron."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from labkit.arrays import BoolArray
from labkit.costs.tables import CheckedCost
from labkit.costs.walks import Walk
from labkit.costs.walks.building import Polynomial, Tables
from labkit.costs.walks.starting import start_walk
from labkit.limits import repr_line


class SumOfTerms(CheckedCost):
    """A cost of terms that each read some neurons: coefficients, or small tables."""

    if TYPE_CHECKING:  # a dataclass would take it for a field
        terms: Any

    def __repr__(self) -> str:
        return repr_line(self, n_neurons=self.n_neurons, order=self.order, n_terms=len(self.terms))

    @property
    def order(self) -> int:
        """The largest number of neurons in one term."""
        raise NotImplementedError

    def _walk(self, neuron_mask: BoolArray) -> Walk:
        return start_walk(self._by_neuron, neuron_mask)

    @cached_property
    def _by_neuron(self) -> Polynomial | Tables:
        form = Polynomial if isinstance(self.terms, Mapping) else Tables
        return form.of(self.terms, self.n_neurons)
