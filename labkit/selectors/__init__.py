"""Selectors search for the mask of least cost; `run` runs any of them and keeps the ledger."""

from labkit.selectors.classical import exhaustive, one_flip_search, random_search
from labkit.selectors.grover import grover_search
from labkit.selectors.running import (
    CostMeter,
    Ledger,
    Selection,
    queries_to_optimum,
    run,
)

__all__ = [
    "CostMeter",
    "Ledger",
    "Selection",
    "exhaustive",
    "grover_search",
    "one_flip_search",
    "queries_to_optimum",
    "random_search",
    "run",
]
