"""A subnetwork as a smaller network of plain relu layers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from labkit.masks import BoolArray, check_one_mask, masks_to_indices
from labkit.networks.many_inputs import ManyInputsArrays
from labkit.networks.one_layer import FloatArray, NetworkArrays
from labkit.networks.two_layers import TwoLayerArrays


def fold_subnetwork(network: NetworkArrays, neuron_mask: npt.ArrayLike) -> list[FloatArray]:
    """The weights of a smaller network without standardisation that computes the same.

    What reads a unit, u = sum_j v_j (h_j - mean_j) factor_j + c with factor_j = m_j / std_j,
    reads it with the weight v_j factor_j instead, and the bias c - sum_j v_j factor_j mean_j.

    Args:
        network: of one or two hidden layers.
        neuron_mask: (n_mask_bits,) bool, 0 and 1, or a mask string.

    Returns:
        Kernel and bias of each hidden layer and of the readout. Where no unit of a layer is left,
        one silent unit stays.

    Raises:
        ValueError: the mask has the wrong length or another value.
    """
    mask = check_one_mask(neuron_mask, network.n_mask_bits)
    folded, statistics = _first_kernel(network, mask), _statistics(network, mask)
    readout = np.vstack([network.scale * network.readout, np.zeros(network.n_outputs)])
    second = [network.second_kernel] if isinstance(network, TwoLayerArrays) else []
    weights = []
    for (mean, factor), reader in zip(statistics, [*second, readout], strict=True):
        left = np.flatnonzero(factor) if factor.any() else np.arange(1)
        weights += [folded[:-1, left], folded[-1, left]]
        kernel = factor[left, np.newaxis] * reader[left]
        folded = np.vstack([kernel, reader[-1] - mean[left] @ kernel])
    return [*weights, folded[:-1], folded[-1]]


def _first_kernel(network: NetworkArrays, mask: BoolArray) -> FloatArray:
    kernel = network.kernel.astype(np.float64)
    return kernel if network.mask_kind == "neuron" else kernel * mask.reshape(kernel.T.shape).T


def _statistics(network: NetworkArrays, mask: BoolArray) -> list[tuple[FloatArray, FloatArray]]:
    """For each hidden layer the means of its units, and m_j / std_j."""
    if isinstance(network, TwoLayerArrays):
        first, second = np.split(mask, 2)
        of_second = (network.second_mean, network.second_inverse_std * second)
        return [(network.mean[:, 0], network.inverse_std[:, 0] * first), of_second]
    bits = mask.reshape(network.n_hidden, -1)
    kept = bits.any(axis=1)
    if isinstance(network, ManyInputsArrays):
        mean, inverse_std = network.unit_statistics(bits * network.kernel.T)
        return [(mean, inverse_std * kept)]
    pattern = 0 if network.mask_kind == "neuron" else masks_to_indices(bits)
    unit = np.arange(network.n_hidden)
    return [(network.mean[unit, pattern], network.inverse_std[unit, pattern] * kept)]
