"""The cost of a mask where the read-out of the neurons that stay is solved anew for each mask."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.arrays import BoolArray, FloatArray, IntArray
from labkit.costs import CheckedCost, CostTable
from labkit.costs.walks import Walk
from labkit.limits import (
    check_array,
    check_count,
    check_positive,
    check_register,
    repr_line,
    show_value,
)
from labkit.masks import check_one_mask, masks_from_indices
from labkit.networks import NetworkArrays, OneLayerArrays
from labkit.scoring.outputs import check_labels
from labkit.scoring.tables import as_arrays, as_contributor, watched_slices
from labkit.threads import blas_threads_for

_BLOCK_BYTES = 2**24  # of matrices that are solved together
#: A ridge below this share of a column's sum of squares leaves too few digits of what is solved.
_LEAST_RIDGE = 2.0**-36
#: Flips until a walk solves anew, against what rounding adds up to.
_REFRESH = 256


@dataclass(frozen=True, eq=False, repr=False)
class ReadoutCost(CheckedCost):
    """cost(m) = the mean squared error of a solved read-out on each sample left out of its fit.

    With H the columns that m keeps, less their means, and Y less its mean, the read-out is the
    ridge solution with a free constant. Nothing is fitted again for a sample left out: with

    P = 1/N + H (H^T H + ridge I)^-1 H^T  and  f = P Y,

    the error of sample i, left out of the fit, is (y_i - f_i) / (1 - P_ii).
    So a neuron is kept only if it helps on samples that its read-out has not seen.

    Attributes:
        hidden: float64 (samples, n), outputs of the hidden neurons, read-only.
        targets: float64 (samples, outputs), ±1, read-only.
        ridge: above 0, not divided by the samples.

    Reference: Allen 1974, Technometrics 16, 125 (PRESS); Golub, Heath, Wahba 1979, ibid. 21, 215.
    """

    hidden: FloatArray
    targets: FloatArray
    ridge: float

    def __post_init__(self) -> None:
        hidden, targets = check_array("hidden", self.hidden), check_array("targets", self.targets)
        targets = targets[:, np.newaxis] if targets.ndim == 1 else targets
        fits = hidden.ndim == targets.ndim == 2 and len(hidden) == len(targets)
        if not fits or not hidden.size or not targets.size:
            shapes = f"hidden has shape {hidden.shape}, targets has {targets.shape}"
            raise ValueError(f"{shapes} (limit: (samples, n) and (samples, outputs))")
        if len(hidden) < 2:
            raise ValueError("hidden has 1 sample (limit: 2 or more, so that one can be left out)")
        for name, array in (("hidden", hidden), ("targets", targets)):
            array = array.copy()
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        object.__setattr__(self, "ridge", check_positive("ridge", self.ridge))
        least = _LEAST_RIDGE * float(np.max(np.sum(self._centred[0] ** 2, axis=0)))
        if self.ridge < least:
            limit = f"limit here: {least:.3g}, or too few digits are left"
            raise ValueError(f"ridge={self.ridge:.3g} is too small ({limit})")

    def __repr__(self) -> str:
        given = {"ridge": self.ridge, "n_samples": len(self.hidden)}
        return repr_line(self, n_neurons=self.n_neurons, **given)

    @property
    def n_neurons(self) -> int:
        """Number of mask bits, n."""
        return int(self.hidden.shape[1])

    @property
    def order(self) -> int:
        """The largest number of neurons in one term: a solved read-out couples all n."""
        return self.n_neurons

    @property
    def magnitude(self) -> float:
        """The size of what is added up: of the squared targets."""
        return float(np.mean(self.targets**2))

    def costs_of(self, masks: BoolArray, /) -> FloatArray:
        """Costs (...) of bool masks (..., n), which are not checked again."""
        batch, n = masks.reshape(-1, self.n_neurons), self.n_neurons
        each = 8 * (3 * n * n + len(self.hidden) * (2 * n + 2 * self.targets.shape[1]))
        rows = max(1, _BLOCK_BYTES // each)
        blocks = [self._solve(batch[i : i + rows]) for i in range(0, len(batch), rows)]
        return np.concatenate([*blocks, np.empty(0)]).reshape(masks.shape[:-1])

    def to_table(self) -> CostTable:
        """The cost of each of the 2^n masks.

        Raises:
            TooLargeError: the table does not fit in memory.
        """
        n = check_register("n_neurons", self.n_neurons, bytes_per_mask=8, what="the cost table")
        costs = np.empty(2**n)
        for rows in watched_slices(2**n, 2**10):
            costs[rows] = self.costs_of(masks_from_indices(np.arange(rows.start, rows.stop), n))
        return CostTable.owning(costs, n, magnitude=self.magnitude)

    def readout(self, neuron_mask: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
        """The read-out of a mask: weights float64 (n, outputs), 0 where it goes, and constants."""
        mask = check_one_mask(neuron_mask, self.n_neurons)
        h, y = self._centred
        kept = h[:, mask]
        gram = kept.T @ kept + self.ridge * np.eye(kept.shape[1])
        weights = np.zeros((self.n_neurons, y.shape[1]))
        weights[mask] = np.linalg.solve(gram, kept.T @ y)
        return weights, self.targets.mean(axis=0) - self.hidden.mean(axis=0) @ weights

    @cached_property
    def _centred(self) -> tuple[FloatArray, FloatArray]:
        """H and Y less their means: so the constant of the read-out is free."""
        return self.hidden - self.hidden.mean(axis=0), self.targets - self.targets.mean(axis=0)

    @cached_property
    def _products(self) -> tuple[FloatArray, FloatArray]:
        """H^T H (n, n) and H^T Y (n, outputs), centred."""
        h, y = self._centred
        return h.T @ h, h.T @ y

    def _solve(self, masks: BoolArray) -> FloatArray:
        """The costs of masks (k, n): those that go are columns of 0."""
        (h, y), (gram, read) = self._centred, self._products
        kept = masks[:, :, np.newaxis] & masks[:, np.newaxis]
        with blas_threads_for(len(masks) * h.size * self.n_neurons):
            equations = np.where(kept, gram, 0.0) + self.ridge * np.eye(self.n_neurons)
            inverse = np.where(kept, np.linalg.inv(equations), 0.0)
            along = h @ inverse  # (k, samples, n)
            leverage = np.einsum("ksn,sn->ks", along, h)
            errors = y - along @ read
        return self.left_out(errors, leverage)

    def left_out(self, errors: FloatArray, leverage: FloatArray) -> FloatArray:
        """The cost (...) of a fit's errors (..., samples, outputs) and leverages (..., samples)."""
        rest = 1.0 - 1.0 / len(self.hidden) - leverage
        return np.mean((errors / rest[..., np.newaxis]) ** 2, axis=(-2, -1))

    def _walk(self, neuron_mask: BoolArray) -> Walk:
        return ReadoutWalk(self, neuron_mask)


class ReadoutWalk(Walk):
    """A flip borders the equation by one neuron, or takes one out: all n are tried at once.

    Held are, for each neuron j, u_j (samples,) and s_j. Of one that goes, u_j is what the others
    leave of its column and s_j = h_j . u_j + ridge; of one that stays, u_j is its column of
    H (H^T H + ridge I)^-1 and s_j = -((H^T H + ridge I)^-1)_jj. With either,

    f + u_j (h_j . r) / s_j  and  P_ii + u_ij^2 / s_j

    are the outputs and leverages after the flip (r the errors; w_j for h_j . r where it stays).
    """

    def __init__(self, scored: ReadoutCost, neuron_mask: BoolArray) -> None:
        super().__init__(neuron_mask)
        self._of = scored
        self._steps = 0
        self._refresh()

    @property
    def cost(self) -> float:
        """Of the present mask."""
        return self._cost

    def _refresh(self) -> None:
        """Everything from nothing, against what rounding adds up to."""
        (h, y), (gram, read), m = self._of._centred, self._of._products, self._mask
        n = len(m)
        swept = gram + self._of.ridge * np.eye(n)
        inverse = np.linalg.inv(swept[np.ix_(m, m)])
        across = inverse @ swept[np.ix_(m, ~m)]
        swept[np.ix_(~m, ~m)] -= swept[np.ix_(~m, m)] @ across
        swept[np.ix_(m, m)], swept[np.ix_(m, ~m)], swept[np.ix_(~m, m)] = -inverse, across, across.T
        self._swept, self._weights = swept, read.copy()
        self._weights[m] = inverse @ read[m]
        self._weights[~m] -= gram[np.ix_(~m, m)] @ self._weights[m]
        self._u = h.copy()
        self._u[:, m] = h[:, m] @ inverse
        self._u[:, ~m] -= h[:, m] @ across
        self._errors = y - h[:, m] @ self._weights[m]
        self._leverage = np.einsum("sj,sj->s", self._u[:, m], h[:, m])
        self._cost = float(self._of.left_out(self._errors, self._leverage))

    def _flip_costs(self, neurons: IntArray) -> FloatArray:
        samples, outputs = self._errors.shape
        rows = max(1, _BLOCK_BYTES // (32 * samples * outputs))
        blocks = (neurons[i : i + rows] for i in range(0, len(neurons), rows))
        return np.concatenate([*map(self._costs_after, blocks), np.empty(0)])

    def _costs_after(self, neurons: IntArray) -> FloatArray:
        u, s = self._u[:, neurons].T, np.diagonal(self._swept)[neurons, np.newaxis]
        change = (self._weights[neurons] / s)[:, np.newaxis] * u[..., np.newaxis]
        return self._of.left_out(self._errors - change, self._leverage + u**2 / s)

    def _after(self, neuron: int) -> float:
        return float(self._costs_after(np.array([neuron]))[0])

    def _move(self, neuron: int, cost: float) -> None:
        """Sweeps the equation on one neuron (Beaton 1964), and with it u and the weights."""
        sign = -1.0 if self._mask[neuron] else 1.0
        self._mask[neuron] ^= True
        self._steps, self._cost = self._steps + 1, cost
        if self._steps % _REFRESH == 0:
            return self._refresh()
        column, u = self._swept[:, neuron].copy(), self._u[:, neuron].copy()
        s, w = column[neuron], self._weights[neuron].copy()
        self._errors -= np.outer(u, w / s)
        self._leverage += u**2 / s
        self._u -= np.outer(u, column / s)
        self._weights -= np.outer(column / s, w)
        self._swept -= np.outer(column, column / s)
        self._u[:, neuron], self._weights[neuron] = sign * u / s, sign * w / s
        self._swept[:, neuron] = self._swept[neuron] = sign * column / s
        self._swept[neuron, neuron] = -1.0 / s
        return None


def readout_cost(network: Any, x: npt.ArrayLike, y: npt.ArrayLike, *, ridge: float) -> ReadoutCost:
    """The cost of each choice of hidden neurons whose read-out is then solved, by leave-one-out.

    Args:
        network: a `RandomNetwork` or its arrays, of neuron masks and one hidden layer: its own
            read-out is not used, its hidden outputs are standardised. Or anything of one output
            whose `contributions(x)` are (samples, n): they are taken for the hidden outputs.
        x: (samples, features).
        y: (samples,) labels 0..classes-1; for one output also -1 and +1.
        ridge: above 0, not divided by the samples.

    Raises:
        TooLargeError: what a mask is solved in does not fit in memory.

    >>> from labkit.networks import sample_network
    >>> x = np.random.default_rng(0).normal(size=(20, 2))
    >>> network = sample_network(2, 5, seed=0).adapted(x)
    >>> readout_cost(network, x, x[:, 0] > 0, ridge=1.0).evaluate("10110").shape
    ()
    """
    arrays = as_arrays(network)
    if isinstance(arrays, NetworkArrays):
        if not isinstance(arrays, OneLayerArrays) or arrays.mask_kind != "neuron":
            limit = "limit: neuron masks, one hidden layer"
            raise ValueError(f"network={show_value(arrays)} has no fixed hidden outputs ({limit})")
        _check_size(len(arrays.check_samples(x)), arrays.n_hidden)
        hidden, n_outputs = hidden_outputs(arrays, x), arrays.n_outputs
    else:
        t = check_array("contributions", as_contributor(arrays).contributions(x))
        hidden, n_outputs = t[..., 0] if t.ndim == 3 and t.shape[2] == 1 else t, 1
        if hidden.ndim != 2:
            given = f"contributions has shape {t.shape}"
            raise ValueError(f"{given} (limit: one output, (samples, n))")
        _check_size(*hidden.shape)
    targets = check_labels(y, n_samples=len(hidden), n_outputs=n_outputs)
    return ReadoutCost(hidden, targets, ridge)


def hidden_outputs(network: OneLayerArrays, x: npt.ArrayLike) -> FloatArray:
    """ĥ, the standardised outputs of the hidden neurons, float64 (samples, n_hidden)."""
    ones = np.ones((network.n_hidden, 1), dtype=np.float32)
    return replace(network, readout=ones, scale=1.0).prepare(x)[..., 0].T


def _check_size(n_samples: int, n_neurons: int) -> None:
    """The columns and their solved form, the equation and its inverse."""
    each = 8 * (4 * n_samples + 4 * n_neurons)
    check_count("n_neurons", n_neurons, bytes_each=each, what="the equation of the read-out")
