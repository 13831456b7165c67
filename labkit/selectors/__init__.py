"""Selectors search for the mask of least cost; `run` runs any of them and keeps the ledger."""

from labkit.ledger import Ledger
from labkit.selectors.classical import (
    exhaustive,
    one_flip_search,
    random_search,
    simulated_annealing,
)
from labkit.selectors.crossover import partition_crossover_search
from labkit.selectors.dimod_samplers import select_with
from labkit.selectors.dynamic import dynamic_programming
from labkit.selectors.elimination import tree_elimination
from labkit.selectors.genetic import genetic_search
from labkit.selectors.grover import adaptive_grover, default_oracle_calls, grover_search
from labkit.selectors.growth import (
    Growth,
    fit_growth,
    oracle_calls_to_optimum,
    queries_to_optimum,
)
from labkit.selectors.guided import guided_search
from labkit.selectors.local import SCHEMES, BlockStep, LocalWalk, local_selection, walk_locally
from labkit.selectors.meter import CostMeter
from labkit.selectors.posterior import MaskSamples, sample_masks_posterior
from labkit.selectors.qaoa import optimise_angles, qaoa_sampling
from labkit.selectors.running import run
from labkit.selectors.selection import Selection
from labkit.selectors.tabu import tabu_search
from labkit.selectors.variational import variational_annealing

__all__ = [
    "SCHEMES",
    "BlockStep",
    "CostMeter",
    "Growth",
    "Ledger",
    "LocalWalk",
    "MaskSamples",
    "Selection",
    "adaptive_grover",
    "default_oracle_calls",
    "dynamic_programming",
    "exhaustive",
    "fit_growth",
    "genetic_search",
    "grover_search",
    "guided_search",
    "local_selection",
    "one_flip_search",
    "optimise_angles",
    "oracle_calls_to_optimum",
    "partition_crossover_search",
    "qaoa_sampling",
    "queries_to_optimum",
    "random_search",
    "run",
    "sample_masks_posterior",
    "select_with",
    "simulated_annealing",
    "tabu_search",
    "tree_elimination",
    "variational_annealing",
    "walk_locally",
]
