"""A vector-quantised wave function over masks: amplitudes, flips that reuse them, training.

Of psi > 0 the local energy E_loc(m) = C(m) - field sum_j psi(m^j) / psi(m) has the energy of
H = C(Z) - field sum_j X_j as its mean over psi^2; m^j is m with neuron j flipped. Its n ratios ask
for amplitudes alone: one cost query a sample.

Reference: after the abstract of arXiv 2212.11296, which says that quantisation lets parts of the
local energy be reused; formulas and counts are our reading. Stochastic reconfiguration: Sorella
1998, Physical Review Letters 80, 4558.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from labkit.arrays import BoolArray, FloatArray, IntArray
from labkit.costs import AnyCost
from labkit.costs.functions import as_cost
from labkit.ledger import Ledger
from labkit.limits import (
    check_choice,
    check_count,
    check_integer,
    check_memory,
    check_positive,
    check_rng,
    memory_limit,
    repr_line,
    show_value,
)
from labkit.masks import check_mask, check_one_mask
from labkit.wave_functions.quantum_weights import (
    Weights,
    count_of_one,
    draw_weights,
    fit_codes,
    log_gradients,
    run_blocks,
)
from labkit.wave_functions.transverse_field import ground_state as ground_state

MIXINGS = ("mean", "normal")
_AT_ONCE = 512  # masks whose sites are held together
_CODED = 64  # random masks whose z make the first codes
_LONGEST_STEP = 0.5  # of log psi, root mean square over the samples


class Amplitudes(Protocol):
    """Anything with log psi."""

    def log_psi(self, masks: npt.ArrayLike, /) -> FloatArray:
        """log psi (...) of masks (..., n)."""


@dataclass(frozen=True, eq=False)
class Work:
    """What all n flips of one mask took, counted as it was done.

    Attributes:
        multiply_adds: of the n ratios, beyond the mask's own log psi.
        of_mask: multiply-adds of the mask's own log psi, all anew.
        recomputed: what n flips would take, each all anew.
        changed_sites: (n, blocks) int, sites whose code a flip changed; all n without codes.
    """

    multiply_adds: int
    of_mask: int
    recomputed: int
    changed_sites: IntArray


class QuantumState:
    """psi(m) > 0 over masks, by the network of `labkit.wave_functions.quantum_weights`.

    Args:
        n_neurons: n.
        codes: K of each block, the k-means of random masks; None: nothing is quantised.
        blocks: 1 or more.
        mixing: rows of A: 'mean' averages the sites, 'normal' has std 1/sqrt(n).
        seed: of the weights and codes.

    Raises:
        TooLargeError: A does not fit in memory.
    """

    def __init__(
        self,
        n_neurons: int,
        *,
        codes: int | None = None,
        blocks: int = 2,
        mixing: str = "mean",
        seed: int,
    ) -> None:
        n = check_integer("n_neurons", n_neurons, minimum=1)
        blocks = check_integer("blocks", blocks, minimum=1)
        check_choice("mixing", mixing, MIXINGS)
        rng = np.random.default_rng(check_integer("seed", seed, minimum=0))
        of_block, what = 8 * 4 * n * n, "the mixing of its blocks"
        widest = math.isqrt(memory_limit() // (8 * 4))
        check_memory("n_neurons", n, nbytes=of_block, largest=widest, what=what)
        check_count("blocks", blocks, bytes_each=of_block, what=what)
        self.weights = draw_weights(n, blocks, mixing, rng)
        if codes is not None:
            self.weights = self.quantised(codes, rng=rng).weights

    @classmethod
    def from_weights(cls, weights: Weights) -> QuantumState:
        """A state of weights that are given."""
        state = cls.__new__(cls)
        state.weights = weights
        return state

    def __repr__(self) -> str:
        return repr_line(self, n_neurons=self.n_neurons, codes=self.n_codes)

    @property
    def n_neurons(self) -> int:
        """Number of neurons of a mask."""
        return len(self.weights.position)

    @property
    def n_codes(self) -> int | None:
        """K; None where nothing is quantised."""
        codes = self.weights.blocks[-1].codes
        return None if codes is None else len(codes)

    def quantised(
        self, codes: int, *, masks: npt.ArrayLike | None = None, rng: np.random.Generator
    ) -> QuantumState:
        """The same with K codes in each block: the k-means of what its sites hold.

        Args:
            codes: K, at most as many as there are sites in all masks.
            masks: (samples, n) whose sites are looked at; by default some random ones.
            rng: draws those, and seeds k-means.
        """
        n = self.n_neurons
        given = check_rng(rng).random((_CODED, n)) < 0.5 if masks is None else masks
        read = check_mask(given, n, argument="masks").reshape(-1, n)
        codes = check_integer("codes", codes, minimum=1, maximum=read.size)
        return QuantumState.from_weights(fit_codes(self.weights, read, codes, rng))

    def log_psi(self, masks: npt.ArrayLike) -> FloatArray:
        """log psi (...) of masks (..., n), each all anew."""

        def of_part(part: BoolArray) -> FloatArray:
            x, chosen = run_blocks(self.weights, part)
            if self.n_codes is None:
                return np.asarray((x @ self.weights.readout).sum(axis=-1))
            return np.asarray(self.weights.code_scores()[chosen[-1]].sum(axis=-1))

        return self._by_parts(masks, of_part)

    def codes(self, masks: npt.ArrayLike) -> IntArray:
        """The code of each site after each block, (..., blocks, n) int.

        Raises:
            ValueError: nothing is quantised.
        """
        if self.n_codes is None:
            raise ValueError("codes=None: this state has none (limit: 1 or more)")
        return self._by_parts(masks, lambda m: np.stack(run_blocks(self.weights, m)[1], axis=-2))

    def _by_parts(
        self, masks: npt.ArrayLike, of_part: Callable[[BoolArray], npt.NDArray[Any]]
    ) -> npt.NDArray[Any]:
        read = check_mask(masks, self.n_neurons, argument="masks")
        flat = read.reshape(-1, self.n_neurons)
        parts = [of_part(flat[i : i + _AT_ONCE]) for i in range(0, max(len(flat), 1), _AT_ONCE)]
        whole = np.concatenate(parts)
        return whole.reshape(read.shape[:-1] + whole.shape[1:])

    def flip_ratios(self, mask: npt.ArrayLike) -> tuple[FloatArray, Work]:
        """psi(m^j) / psi(m) for each neuron j, (n,), and the work it took.

        With codes nothing is computed twice: a flip adds one rank-1 update to the scores of the
        codes; each site whose code changed adds another one in the next block, from a table of
        the K codes; the last block's changes are looked up.

        Args:
            mask: m (n,).
        """
        read = check_one_mask(mask, self.n_neurons, argument="mask")
        n, of_one = self.n_neurons, count_of_one(self.weights)
        if self.n_codes is None:
            ratios = np.exp(self.log_psi(read ^ np.eye(n, dtype=bool)) - self.log_psi(read))
            all_sites = np.full((n, len(self.weights.blocks)), n)
            return ratios, Work(n * of_one, of_one, n * of_one, all_sites)
        kept = _keep(self.weights, read)
        flips = [_flip(self.weights, kept, j) for j in range(n)]
        logs, changed, spent = zip(*flips, strict=True)
        work = Work(sum(spent), of_one, n * of_one, np.array(changed))
        return np.exp(np.array(logs)), work


@dataclass(frozen=True, eq=False)
class _Kept:
    """Of one mask: what its flips reuse.

    Attributes:
        mask: (n,).
        scores: of each block, (n, K).
        own: of each block, (entries, K): what an entry adds to its own site's products with codes.
        mixed: of each block, (entries, K): the same of any site, times its A.
    """

    mask: BoolArray
    scores: list[FloatArray]
    own: list[FloatArray]
    mixed: list[FloatArray]


def _keep(weights: Weights, mask: BoolArray) -> _Kept:
    kept, x, entries = _Kept(mask, [], [], []), weights.embed(mask), weights.embedding
    for block in weights.blocks:
        assert block.codes is not None
        kept.scores.append(block.scores(block.mix(x)))
        kept.own.append(entries @ block.codes.T)
        kept.mixed.append(entries @ block.kernel @ block.codes.T)
        entries = block.after(block.codes)  # what the next block sees of each code
        x = entries[kept.scores[-1].argmin(axis=-1)]
    return kept


def _flip(weights: Weights, kept: _Kept, neuron: int) -> tuple[float, list[int], int]:
    """The change of log psi, sites that change in each block, multiply-adds."""
    sites, old = np.array([neuron]), kept.mask[[neuron]].astype(np.int64)
    new, changed, spent = 1 - old, list[int](), 0
    for block, scores, own, mixed in zip(
        weights.blocks, kept.scores, kept.own, kept.mixed, strict=True
    ):
        after = scores - block.mixing[:, sites] @ (mixed[new] - mixed[old])
        after[sites] -= own[new] - own[old]
        spent += len(sites) * (scores.size + scores.shape[1])
        before, now = scores.argmin(axis=1), after.argmin(axis=1)
        sites = np.flatnonzero(before != now)
        old, new = before[sites], now[sites]
        changed.append(len(sites))
    table = weights.code_scores()
    return float((table[new] - table[old]).sum()), changed, spent + len(sites)


def local_energies(
    state: Amplitudes, cost: AnyCost, field: float, masks: npt.ArrayLike
) -> FloatArray:
    """E_loc(m) = C(m) - field sum_j psi(m^j) / psi(m), (...).

    Args:
        state: anything with `log_psi`.
        cost: C, asked once for each mask.
        field: above 0, in the unit of the cost.
        masks: (..., n).
    """
    read, strength = as_cost(cost), check_positive("field", field)
    asked = check_mask(masks, read.n_neurons, argument="masks")
    return np.asarray(read.evaluate(asked) - strength * _sum_of_ratios(state, asked))


def _sum_of_ratios(state: Amplitudes, masks: BoolArray) -> FloatArray:
    """sum_j psi(m^j) / psi(m), (...); n + 1 amplitudes each."""
    n = masks.shape[-1]
    flipped = masks[..., None, :] ^ np.eye(n, dtype=bool)
    return np.asarray(np.exp(_log_psi(state, flipped) - _log_psi(state, masks)[..., None]).sum(-1))


def _log_psi(state: Amplitudes, masks: BoolArray) -> FloatArray:
    """log psi (...), of masks that come again computed once."""
    rows = np.packbits(masks.reshape(-1, masks.shape[-1]), axis=1)
    keys = np.ascontiguousarray(rows).view(np.dtype((np.void, rows.shape[1]))).ravel()
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    values = state.log_psi(masks.reshape(-1, masks.shape[-1])[first])
    return values[inverse.ravel()].reshape(masks.shape[:-1])


def sweep_masks(
    state: Amplitudes, masks: BoolArray, *, rng: np.random.Generator
) -> tuple[BoolArray, int]:
    """A sweep of Metropolis flips by psi^2: n proposals for each mask (samples, n).

    Returns:
        The masks (samples, n) after it; how many amplitudes it asked for.
    """
    now, logs, rows = masks.copy(), _log_psi(state, masks), np.arange(len(masks))
    n = masks.shape[1]
    for _ in range(n):
        tried = now.copy()
        tried[rows, rng.integers(n, size=len(now))] ^= True
        proposed = _log_psi(state, tried)
        kept = np.log(rng.random(len(now))) < 2 * (proposed - logs)
        now[kept], logs = tried[kept], np.where(kept, proposed, logs)
    return now, now.size + len(now)


def reconfigure(
    state: QuantumState,
    masks: BoolArray,
    costs: FloatArray,
    field: float,
    *,
    learning_rate: float,
) -> tuple[QuantumState, float, int]:
    """One step of stochastic reconfiguration, in the space of the samples.

    delta = -lr O^T (O O^T + reg)^-1 (E_loc - E) with O the centred gradients of log psi, reg a
    thousandth of O O^T, lr in units of 1 / (field + standard deviation of the costs). With codes
    only what follows the last ones is trained: its score of each code, whose gradient is exact.

    Returns:
        The state after it; the mean local energy before it; how many amplitudes it asked for.
    """
    places, counts = _distinct(masks)
    shares = np.sqrt(counts / len(masks))[:, None]
    energies = costs[places] - field * _sum_of_ratios(state, masks[places])
    mean = float(shares[:, 0] ** 2 @ energies)
    gradients = _gradients(state, masks[places])
    o = shares * (gradients - (shares**2 * gradients).sum(axis=0))
    overlap = o @ o.T
    damped = overlap + (1e-3 * overlap.trace() / len(o) or 1.0) * np.eye(len(o))
    moved = overlap @ (solved := np.linalg.solve(damped, shares[:, 0] * (energies - mean)))
    rate = learning_rate / (field + float(costs.std()) or 1.0)  # of 0: all alike, no force
    longest = rate * float(np.linalg.norm(moved))
    step = -rate * min(1.0, _LONGEST_STEP / max(longest, _LONGEST_STEP)) * (o.T @ solved)
    return _moved(state, step), mean, masks.size + 2 * len(masks)


def _distinct(masks: BoolArray) -> tuple[IntArray, IntArray]:
    _, places, counts = np.unique(masks, axis=0, return_index=True, return_counts=True)
    return places, counts


def _gradients(state: QuantumState, masks: BoolArray) -> FloatArray:
    """d log psi / d what is trained, (samples, parameters)."""
    if state.n_codes is None:
        return log_gradients(state.weights, masks)
    last = state.codes(masks)[:, -1]
    return (last[..., None] == np.arange(state.n_codes)).sum(axis=1).astype(np.float64)


def _moved(state: QuantumState, step: FloatArray) -> QuantumState:
    if state.n_codes is None:
        return QuantumState.from_weights(state.weights.moved(step))
    table = state.weights.code_scores() + step
    return QuantumState.from_weights(replace(state.weights, table=table))


@dataclass(frozen=True, eq=False)
class Training:
    """A trained state.

    Attributes:
        state: after the last step.
        energies: (steps,), mean local energy of the samples before each step.
        masks: (samples, n), the last samples.
        ledger: cost queries, one a sample and step; amplitudes, gradients included.
    """

    state: QuantumState
    energies: FloatArray
    masks: BoolArray
    ledger: Ledger


def train_state(
    state: QuantumState,
    cost: AnyCost,
    field: float,
    *,
    steps: int = 300,
    samples: int = 256,
    learning_rate: float = 0.2,
    rng: np.random.Generator,
) -> Training:
    """Lowers the energy of C(Z) - field sum_j X_j: Metropolis sweeps and `reconfigure` in turn.

    Args:
        state: where it starts; it is left as it is.
        cost: C, of as many neurons.
        field: above 0, in the unit of the cost.
        steps: 1 or more; the learning rate falls to a tenth, by one factor a step.
        samples: masks that are held at a time, 2 or more.
        learning_rate: of the first step, see `reconfigure`.
        rng: draws the first masks, flips, decisions.
    """
    read, strength = as_cost(cost), check_positive("field", field)
    steps = check_integer("steps", steps, minimum=1)
    samples = check_integer("samples", samples, minimum=2)
    rate = check_positive("learning_rate", learning_rate)
    if not isinstance(state, QuantumState):
        raise TypeError(f"state={show_value(state)} is no QuantumState")
    if state.n_neurons != read.n_neurons:
        raise ValueError(f"state has {state.n_neurons} neurons (limit: {read.n_neurons}, as cost)")
    check_samples(state, samples)
    masks = check_rng(rng).random((samples, state.n_neurons)) < 0.5
    energies, asked = np.empty(steps), 0
    for i, factor in enumerate(np.geomspace(1, 0.1, steps)):
        masks, spent = sweep_masks(state, masks, rng=rng)
        state, energies[i], more = reconfigure(
            state, masks, read.evaluate(masks), strength, learning_rate=rate * factor
        )
        asked += spent + more
    queries = steps * samples
    ledger = Ledger(cost_queries=queries, forward_passes=queries, amplitude_evaluations=asked)
    return Training(state, energies, masks, ledger)


def check_samples(state: QuantumState, samples: int) -> None:
    """Refuses more samples than have room for their gradients."""
    parameters = sum(each.size for each in state.weights.arrays)
    check_count("samples", samples, bytes_each=32 * parameters, what="the gradients of the samples")
