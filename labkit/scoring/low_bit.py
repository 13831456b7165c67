"""The cost of a low-bit mask: every weight is the value that its bits choose."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from labkit.networks.low_bit import Values, with_values
from labkit.scoring.network_cost import NetworkCost
from labkit.scoring.tables import as_arrays


class LowBitCost(NetworkCost):
    """The cost of networks whose weights are among a few values, each by a forward pass.

    f = scale * sum_j a_j ĥ_j with ĥ_j the unit relu(w_j . [x, 1]), standardised with its own mean
    and deviation over `x`; each of the weights w_ji, biases too, is one of K values, by K - 1 bits
    of the mask (see `LowBitArrays`). With the values (0, network.kernel) it is the cost of the
    network's weight masks, `network_cost`.

    Args:
        network: of one hidden layer: its units, readout and scale; a `RandomNetwork` or its arrays.
        values: K at least 2, each a number or one for each weight, (n_inputs + 1, n_hidden), the
            biases last.
        x: (samples, n_inputs), the training data.
        y: (samples,) labels 0..classes-1; for one output also -1 and +1.
        cost: 'cross_entropy', 'squared_error' or 'error_rate'.

    >>> from labkit.networks import sample_network
    >>> cost = LowBitCost(sample_network(2, 1, seed=0), [-1, 1], [[0.0, 1.0], [1.0, 0.0]], [0, 1])
    >>> cost.to_table().costs.round(3).tolist()
    [0.693, 0.693, 0.693, 1.632, 0.693, 0.218, 0.693, 0.693]
    """

    def __init__(
        self,
        network: Any,
        values: Values,
        x: npt.ArrayLike,
        y: npt.ArrayLike,
        *,
        cost: str = "cross_entropy",
    ) -> None:
        arrays = with_values(as_arrays(network), values)
        super().__init__(arrays.adapted(x), x, y, cost)  # type: ignore[arg-type]
