"""What a selector found, and how it is shown."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from labkit.arrays import BoolArray, FloatArray
from labkit.costs.names import Names
from labkit.ledger import Ledger
from labkit.limits import repr_line
from labkit.masks import mask_to_string

_SHOWN_NAMES = 200


@dataclass(frozen=True, eq=False, repr=False)
class Selection:
    """What a selector, of this name, found.

    Attributes:
        neuron_mask: bool (n,), the best mask it asked the cost of.
        cost: of that mask.
        ledger: what it cost to find.
        history: float64 (cost_queries,), the cost of each mask asked for, in order; after 2^22 of
            them (32 MiB) only the least of those that were asked for together.
        names: of the neurons, where the cost has some, as the variables of a QUBO.
    """

    selector: str
    neuron_mask: BoolArray
    cost: float
    ledger: Ledger
    history: FloatArray
    names: Names = None

    def __repr__(self) -> str:
        found: dict[str, Any] = {"cost": self.cost, "n_active": int(self.neuron_mask.sum())}
        found |= {"n_neurons": len(self.neuron_mask), "cost_queries": self.ledger.cost_queries}
        found |= {} if self.names is None else {"kept": list(self.kept)}
        return repr_line(self, selector=self.selector, **found)

    def _repr_html_(self) -> str | None:
        """Which names are kept; None without names: then the line of text says it all."""
        if self.names is None:
            return None
        left = tuple(n for n, stays in zip(self.names, self.neuron_mask, strict=True) if not stays)
        rows = (("kept", self.kept), ("left out", left))
        listed = "".join(f"<tr><th>{word}</th><td>{_html(names)}</td></tr>" for word, names in rows)
        return f"<p>{escape(repr(self))}</p><table>{listed}</table>"

    @property
    def mask_string(self) -> str:
        """The mask as a string, neuron 0 first."""
        return mask_to_string(self.neuron_mask)

    @property
    def kept(self) -> tuple[Hashable, ...]:
        """The neurons that stay: their names, or else their numbers."""
        places = np.flatnonzero(self.neuron_mask).tolist()
        return tuple(places if self.names is None else (self.names[j] for j in places))


class WrongCostError(RuntimeError):
    """The cost that a selector states is not that of its mask; `selection` has what it found.

    Attributes:
        selection: the mask, and its cost as it comes when asked for again.
    """

    def __init__(self, message: str, selection: Selection) -> None:
        super().__init__(message)
        self.selection = selection

    def __reduce__(self) -> tuple[Any, ...]:
        """Both of its arguments, so that another process can raise it anew."""
        return type(self), (str(self), self.selection)


def _html(names: Sequence[Hashable]) -> str:
    shown = ", ".join(escape(str(name)) for name in names[:_SHOWN_NAMES])
    more = len(names) - _SHOWN_NAMES
    return shown if more <= 0 else f"{shown} and {more} more"
