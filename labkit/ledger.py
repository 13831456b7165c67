"""What a selection cost: calls, shots, passes, seconds; and what came out at a point of a sweep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy.typing as npt

#: Entries of a `Ledger` that are calls of the cost within a circuit, over all shots.
CALLS_IN_CIRCUIT = ("oracle_calls", "cost_layers")


@dataclass(frozen=True)
class Ledger:
    """What a selection cost.

    Attributes:
        cost_queries: masks whose cost the selector asked for, verifications included.
        oracle_calls: oracle calls in superposition, over all shots; of a search that has to know
            whether it met a marked mask, each verification too (it is a cost query as well).
        cost_layers: phase layers of the cost, over all shots.
        circuit_runs: circuits run, whatever their number of shots.
        shots: measurements of the whole register.
        forward_passes: subnetworks run over the training data to get there: one for each cost
            query, and one for each of the 2^n masks where an oracle was made from a table.
        backward_passes: gradients taken over the training data.
        amplitude_evaluations: amplitudes of a wave function over masks, computed without a cost
            query; the gradient of one is one too.
        seconds: wall time.
    """

    cost_queries: int = 0
    oracle_calls: int = 0
    cost_layers: int = 0
    circuit_runs: int = 0
    shots: int = 0
    forward_passes: int = 0
    backward_passes: int = 0
    amplitude_evaluations: int = 0
    seconds: float = 0.0

    def __add__(self, other: Ledger) -> Ledger:
        """The two together, entry by entry."""
        return Ledger(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(Ledger)))


@dataclass(frozen=True, eq=False)
class Outcome:
    """What came out at one point of a sweep.

    Attributes:
        result: numbers, text and small arrays by name.
        ledger: what it cost; None where nothing was counted.
        attachments: arrays and figures by name, as `LabBook.record` takes them.
    """

    result: Mapping[str, Any]
    ledger: Ledger | Mapping[str, Any] | None = None
    attachments: Mapping[str, npt.ArrayLike | Any] = field(default_factory=dict)
