"""From a network and data to a cost, in each of its forms."""

from labkit.scoring.outputs import COSTS, accuracy, check_labels, cost_of_outputs
from labkit.scoring.tables import score_all_masks, score_contributions

__all__ = [
    "COSTS",
    "accuracy",
    "check_labels",
    "cost_of_outputs",
    "score_all_masks",
    "score_contributions",
]
