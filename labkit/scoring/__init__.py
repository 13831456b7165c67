"""From a network and data to a cost, in each of its forms."""

from labkit.scoring.local import ensemble_cost, nk_cost, quadratic_cost
from labkit.scoring.low_bit import LowBitCost
from labkit.scoring.network_cost import NetworkCost, network_cost, score_all_masks
from labkit.scoring.outputs import COSTS, accuracy, check_labels, cost_of_outputs
from labkit.scoring.quantised import integer_weights
from labkit.scoring.readout_cost import ReadoutCost, readout_cost
from labkit.scoring.signs import sign_cost
from labkit.scoring.subcircuits import score_subcircuits
from labkit.scoring.tables import score_contributions

__all__ = [
    "COSTS",
    "LowBitCost",
    "NetworkCost",
    "ReadoutCost",
    "accuracy",
    "check_labels",
    "cost_of_outputs",
    "ensemble_cost",
    "integer_weights",
    "network_cost",
    "nk_cost",
    "quadratic_cost",
    "readout_cost",
    "score_all_masks",
    "score_contributions",
    "score_subcircuits",
    "sign_cost",
]
