"""What a selection cost: calls, shots, passes, seconds."""

from __future__ import annotations

from dataclasses import dataclass, fields


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
        seconds: wall time.
    """

    cost_queries: int = 0
    oracle_calls: int = 0
    cost_layers: int = 0
    circuit_runs: int = 0
    shots: int = 0
    forward_passes: int = 0
    backward_passes: int = 0
    seconds: float = 0.0

    def __add__(self, other: Ledger) -> Ledger:
        """The two together, entry by entry."""
        return Ledger(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(Ledger)))
