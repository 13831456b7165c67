"""Sweeps: a selector over many parameters and seeds, each run once and kept in the lab book."""

from labkit.ledger import Outcome
from labkit.sweeps.points import point_key
from labkit.sweeps.running import SweepReport, run_sweep
from labkit.sweeps.selection import select_neurons
from labkit.sweeps.sweep import Sweep
from labkit.sweeps.workers import SweepError

__all__ = [
    "Outcome",
    "Sweep",
    "SweepError",
    "SweepReport",
    "point_key",
    "run_sweep",
    "select_neurons",
]
