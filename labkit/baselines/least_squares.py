"""A linear read-out of a random network's hidden outputs, fitted by least squares."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigh

from labkit.arrays import FloatArray
from labkit.baselines.descent import check_neuron_masks
from labkit.ledger import Ledger
from labkit.limits import check_count, check_positive
from labkit.networks import OneLayerArrays
from labkit.scoring import check_labels
from labkit.scoring.readout_cost import hidden_outputs

#: Penalties that are tried, in units of the mean squared size of a sample's hidden outputs.
RIDGES = tuple(10.0**power for power in range(-6, 3))

#: As large as the equation: the product, its eigenvectors, and what they are found in.
_MATRICES = 4

Samples = tuple[npt.ArrayLike, npt.ArrayLike]


@dataclass(frozen=True, eq=False)
class FittedReadout:
    """A random network whose read-out was fitted; its hidden neurons are as they were.

    Attributes:
        network: with the fitted read-out, scale 1.
        ridge: the penalty of the solution, chosen on the validation samples.
        validation_errors: float64 (solutions,), mean squared error of each solution there.
        ledger: a forward pass over the training samples, and one over the validation samples for
            each solution.
    """

    network: OneLayerArrays
    ridge: float
    validation_errors: FloatArray
    ledger: Ledger


def fit_readout(
    network: OneLayerArrays,
    training: Samples,
    validation: Samples,
    *,
    ridges: Sequence[float] = RIDGES,
) -> FittedReadout:
    """Fits the n real weights of the read-out, for each class, where a mask chooses n bits.

    With ĥ (samples, n) the standardised hidden outputs and y = ±1 (samples, outputs), W is the
    least of |ĥ W - y|^2 + penalty |W|^2: W = ĥ^T (ĥ ĥ^T + penalty)^-1 y, or, for fewer neurons than
    samples, (ĥ^T ĥ + penalty)^-1 ĥ^T y. The penalty is a ridge times the mean of |ĥ(x)|^2 over the
    training samples; the one of least squared error on the validation samples is kept.

    Args:
        network: neuron masks, one hidden layer, standardised; its own read-out is not used.
        training: x (samples, n_inputs) and y (samples,), labels 0..classes-1; for one output also
            -1 and +1.
        validation: the same of other samples.
        ridges: above 0, one solution each.

    Raises:
        TooLargeError: hidden outputs or the equation do not fit in memory.

    Reference: Hoerl, Kennard 1970, Technometrics 12, 55; of random features Rahimi, Recht 2008.
    """
    check_neuron_masks(network)
    if not len(ridges):
        raise ValueError("ridges is empty (limit: 1 or more)")
    tried = [check_positive("ridges", ridge) for ridge in ridges]
    start = time.perf_counter()
    h, targets = _prepare(network, training)
    other_h, other_targets = _prepare(network, validation)
    readouts = [readout.astype(np.float32) for readout in _solutions(h, targets, tried)]
    errors = np.array([np.mean((other_h @ each - other_targets) ** 2) for each in readouts])
    best, seconds = int(np.argmin(errors)), time.perf_counter() - start
    ledger = Ledger(forward_passes=1 + len(errors), seconds=seconds)
    fitted = replace(network, readout=readouts[best], scale=1.0)
    return FittedReadout(fitted, tried[best], errors, ledger)


def _prepare(network: OneLayerArrays, samples: Samples) -> tuple[FloatArray, FloatArray]:
    """Hidden outputs and targets ±1, if the equation that they make fits in memory."""
    x = network.check_samples(samples[0])
    targets = check_labels(samples[1], n_samples=len(x), n_outputs=network.n_outputs)
    size, name = min((len(x), "n_samples"), (network.n_hidden, "n_hidden"))
    check_count(name, size, bytes_each=_MATRICES * 8 * size, what="the equation of the readout")
    return hidden_outputs(network, x), targets


def _solutions(h: FloatArray, targets: FloatArray, ridges: Sequence[float]) -> Iterator[FloatArray]:
    """W (n_hidden, outputs) for each ridge, from one decomposition of the smaller product."""
    is_wide = h.shape[1] > len(h)
    values, vectors = eigh(h @ h.T if is_wide else h.T @ h)
    values, mean_size = np.maximum(values, 0.0), values.sum() / len(h)
    right = vectors.T @ (targets if is_wide else h.T @ targets)
    for ridge in ridges:
        solved = vectors @ (right / (values + ridge * mean_size)[:, np.newaxis])
        yield h.T @ solved if is_wide else solved
