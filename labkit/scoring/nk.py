"""The cost of an NK network: a small table per output, never a table of 2^N."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.costs import LocalCost
from labkit.limits import check_choice, check_register, show_value
from labkit.masks import check_one_mask
from labkit.scoring.outputs import COSTS, check_labels, cost_of_outputs
from labkit.scoring.tables import NeighbourhoodNetwork, score_contributions


def nk_cost(
    network: NeighbourhoodNetwork,
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    cost: str = "squared_error",
) -> LocalCost:
    """The mean cost of the N outputs: cost(m) = (1/N) sum_i cost_i(m restricted to nbhd(i)).

    For selection 'cross_entropy' is the better choice: squared error switches nearly every
    neuron off where the scale is large enough for the prediction. The prediction is the mean of
    the outputs; for a convex cost `ensemble_cost` is at most this cost.

    Args:
        network: an NK network.
        x: (samples, features).
        y: (samples,) labels 0 and 1, or -1 and +1.
        cost: one of `COSTS`.

    Returns:
        A `LocalCost` of N terms, output 0 first: the neurons of its neighbourhood and the 2^K
        costs of the output divided by N.

    Raises:
        TypeError: `network` is no NK network.
        TooLargeError: N tables of 2^K costs do not fit in memory.

    Reference: Whitley, Tinós, Chicano 2015, arXiv 1505.01887 (NK echo state networks).
    """
    check_choice("cost", cost, COSTS)
    _check_network(network)
    n, k = network.neighbourhoods.shape
    # an output's own table while it is made, and three copies of it on the way to a LocalCost
    check_register("n_inputs_per_output", k, bytes_per_mask=24 * (n + 1), what="the cost tables")
    t = np.asarray(network.contributions(x))
    terms = [
        (tuple(neurons), score_contributions(t[:, i], y, cost=cost).costs / n)
        for i, neurons in enumerate(network.neighbourhoods.tolist())
    ]
    return LocalCost(terms, n)


def ensemble_cost(
    network: NeighbourhoodNetwork,
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    neuron_mask: npt.ArrayLike,
    *,
    cost: str = "squared_error",
) -> float:
    """The cost of the prediction (1/N) sum_i y_i of one mask.

    For a convex cost, squared error and cross-entropy, it is at most `nk_cost` of the same mask
    (Jensen's inequality). It couples every neuron with every other.

    Args:
        network: an NK network.
        x: (samples, features).
        y: (samples,) labels 0 and 1, or -1 and +1.
        neuron_mask: (N,).
        cost: one of `COSTS`.

    Raises:
        TypeError: `network` is no NK network.
    """
    check_choice("cost", cost, COSTS)
    _check_network(network)
    neighbourhoods = network.neighbourhoods
    mask = check_one_mask(neuron_mask, len(neighbourhoods))
    kept = mask[neighbourhoods] / len(neighbourhoods)
    t = np.asarray(network.contributions(x))
    prediction = np.tensordot(t, kept, axes=2)[:, np.newaxis]
    targets = check_labels(y, n_samples=len(t), n_outputs=1)
    return float(cost_of_outputs(prediction, targets, cost=cost))


def _check_network(network: Any) -> None:
    if not isinstance(network, NeighbourhoodNetwork):
        raise TypeError(f"network={show_value(network)} has no neighbourhoods (try an NKNetwork)")
