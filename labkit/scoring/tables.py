"""The cost of every subnetwork, as a table, without a pass per mask."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from labkit.arrays import FloatArray, IntArray
from labkit.costs import CostTable
from labkit.limits import check_array, check_choice, check_count, check_register, show_value
from labkit.networks import ForwardNetwork, NetworkArrays
from labkit.platforms import progress_bar
from labkit.scoring.kernels import make_kernel
from labkit.scoring.outputs import COSTS, check_labels
from labkit.threads import blas_threads_for

_BLOCK_BYTES = 2**18  # of costs: what a cache holds
_PATIENCE = 1.0  # seconds


@runtime_checkable
class Contributor(Protocol):
    """A network whose output is a sum over hidden units (`RandomNetwork`, `OneLayerArrays`)."""

    def contributions(self, x: npt.ArrayLike, /) -> Any:
        """What each hidden unit adds to each output."""


@runtime_checkable
class _WithConstant(Contributor, Protocol):
    def constant(self, x: npt.ArrayLike, /) -> Any: ...


def constant_of(network: Any, x: npt.ArrayLike) -> FloatArray | None:
    """What the outputs are where every neuron is off, (samples, outputs); None if that is 0."""
    if not isinstance(network, _WithConstant):
        return None
    return check_array("constant", network.constant(x))


#: What costs of all masks are made from; what has no contributions after all is refused.
AnyNetwork = Contributor | NetworkArrays | ForwardNetwork


@runtime_checkable
class NeighbourhoodNetwork(Contributor, Protocol):
    """A network (`NKNetwork`, `NKArrays`) whose contributions (samples, N, K) are by output."""

    @property
    def neighbourhoods(self) -> IntArray:
        """The neurons that each output reads, (N, K)."""


@runtime_checkable
class _KerasNetwork(Protocol):
    def arrays(self) -> Any: ...


#: What an error says of that which is no network.
NO_NETWORK = "limit: a network of labkit's; network_from_keras makes one of a Keras model's layer"


def as_arrays(network: Any) -> Any:
    """The arrays of a Keras network; anything else as it is."""
    return network.arrays() if isinstance(network, _KerasNetwork) else network


def as_contributor(network: Any) -> Contributor:
    """A network, or the arrays of a Keras one, as what tells the contributions of single units."""
    arrays = as_arrays(network)
    if isinstance(arrays, NeighbourhoodNetwork):
        raise TypeError(f"network={show_value(network)} is an NK network (try nk_cost)")
    if isinstance(arrays, Contributor):
        return arrays
    if isinstance(arrays, NetworkArrays):
        limit = "one hidden layer, and weight masks of 15 inputs"
        raise ValueError(f"network={show_value(arrays)} has no contributions (limit: {limit})")
    if isinstance(arrays, ForwardNetwork):
        message = "has no contributions: it is not linear after its units (try network_cost)"
        raise TypeError(f"network={show_value(network)} {message}")
    raise TypeError(f"network={show_value(network)} has no contributions ({NO_NETWORK})")


def score_contributions(
    t: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    cost: str = "cross_entropy",
    constant: npt.ArrayLike | None = None,
) -> CostTable:
    """The cost of each subnetwork, from what each hidden unit adds to the output.

    The sums over the first half of the units and over the second half are made once each; every
    mask's output is then one sum of two, and most costs need not even that (see `kernels`).
    Working space beside them is a block of costs that fits in a cache.

    Args:
        t: float (samples, n), (samples, n, outputs) or (samples, units, patterns, outputs).
        y: (samples,) labels 0..classes-1; for one output also -1 and +1.
        cost: one of `COSTS`.
        constant: float (samples, outputs), the outputs where every neuron is off; None for 0.

    Raises:
        TooLargeError: the table does not fit in memory.
    """
    check_choice("cost", cost, COSTS)
    units = _unit_outputs(check_array("t", t))
    n = sum(len(unit).bit_length() - 1 for unit in units)
    check_register("n_neurons", n, bytes_per_mask=8, what="the cost table")
    targets = check_labels(y, n_samples=units[0].shape[1], n_outputs=units[0].shape[2])
    half = len(units) // 2
    _check_sums(units[:half], units[half:], targets.shape)
    first, second = _all_sums(units[:half], targets.shape), _all_sums(units[half:], targets.shape)
    if constant is not None:
        first += check_array("constant", constant).reshape(targets.shape)
    costs = np.empty((len(first), len(second)))
    with blas_threads_for(costs.size * targets.size):
        kernel = make_kernel(first, second, targets, cost, units[half:])
        for rows in watched_slices(len(first), _BLOCK_BYTES // (8 * len(second))):
            costs[rows] = kernel(rows)
    return CostTable.owning(costs.reshape(-1), n)


def watched_slices(count: int, size: int) -> Iterator[slice]:
    """Slices of `size` of `count` things, with a progress bar once somebody has waited a second."""
    bar, begin = None, time.perf_counter()
    starts = range(0, count, max(1, size))
    try:
        for done, start in enumerate(starts):
            if bar is None and time.perf_counter() - begin > _PATIENCE and _is_watched():
                bar = progress_bar(total=len(starts), initial=done, leave=False)
            yield slice(start, min(start + starts.step, count))
            if bar is not None:
                bar.update()
    finally:
        if bar is not None:
            bar.close()


def _is_watched() -> bool:
    """Whether a notebook or a terminal shows a progress bar."""
    return "ipykernel" in sys.modules or (sys.stderr is not None and sys.stderr.isatty())


def _unit_outputs(t: FloatArray) -> list[FloatArray]:
    """Contributions as one array (patterns, samples, outputs) per unit; pattern 0 adds nothing."""
    if t.ndim == 2:
        t = t[:, :, np.newaxis]
    if t.ndim == 3:
        t = np.stack([np.zeros_like(t), t], axis=2)
    if t.ndim != 4 or 0 in t.shape or t.shape[2] & (t.shape[2] - 1):
        raise ValueError(f"t has shape {t.shape}; it must be (samples, n, outputs)")
    return list(np.ascontiguousarray(t.transpose(1, 2, 0, 3)))


def _all_sums(units: Sequence[FloatArray], shape: tuple[int, ...]) -> FloatArray:
    """Outputs for every choice of one pattern per unit, first unit most significant."""
    sums = np.zeros((1, *shape))
    for unit in units:
        sums = (sums[:, np.newaxis] + unit).reshape(-1, *shape)
    return check_array("sums of t", sums)


def _check_sums(
    first: Sequence[FloatArray], second: Sequence[FloatArray], shape: tuple[int, ...]
) -> None:
    """Refuses samples for which the sums over half of the units do not fit in memory."""
    sums = [math.prod(len(unit) for unit in units) for units in (first, second)]
    # two copies of each, and their range or the factors of the second half
    bytes_each = 8 * shape[1] * (4 * sums[0] + 5 * sums[1])
    check_count("n_samples", shape[0], bytes_each=bytes_each, what="sums of contributions")
