"""The weights of a vector-quantised wave function: its layers, its gradient, its codes.

x_i = E[m_i] + P_i at site i. Each block makes z = x + (A x) W, q = the nearest of K codes to z (or
z itself without codes), x = q + tanh(q M + b) N. At the end log psi(m) = sum_i w . x_i.

Reference: our reading of the abstract of arXiv 2212.11296; its network is not ours.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace

import numpy as np

from labkit.arrays import BoolArray, FloatArray, IntArray

#: Features of a site, and of the layer between M and N.
WIDTH, INNER = 8, 16


@dataclass(frozen=True, eq=False)
class Block:
    """One block of the network.

    Attributes:
        mixing: A (n, n), what each site takes from each.
        kernel: W (d, d).
        inner: M (d, f), `bias` b (f,), `outer` N (f, d).
        codes: (K, d); None where z goes on as it is.
    """

    mixing: FloatArray
    kernel: FloatArray
    inner: FloatArray
    bias: FloatArray
    outer: FloatArray
    codes: FloatArray | None = None

    def mix(self, x: FloatArray) -> FloatArray:
        """z = x + (A x) W, (..., n, d)."""
        return x + (self.mixing @ x) @ self.kernel

    def after(self, q: FloatArray) -> FloatArray:
        """q + tanh(q M + b) N, (..., d)."""
        return q + np.tanh(q @ self.inner + self.bias) @ self.outer

    def scores(self, z: FloatArray) -> FloatArray:
        """|c|^2 / 2 - z . c of each code c, (..., K): least where the code is nearest to z."""
        assert self.codes is not None
        return 0.5 * (self.codes**2).sum(axis=1) - z @ self.codes.T

    def nearest(self, z: FloatArray) -> IntArray:
        """The index of the nearest code, (...)."""
        return self.scores(z).argmin(axis=-1)


@dataclass(frozen=True, eq=False)
class Weights:
    """All weights.

    Attributes:
        embedding: E (2, d), of a neuron that is dropped and of one that stays.
        position: P (n, d).
        blocks: in order.
        readout: w (d,).
        table: (K,), trained scores of the last block's codes, in the place of w . x; or None.
    """

    embedding: FloatArray
    position: FloatArray
    blocks: tuple[Block, ...]
    readout: FloatArray
    table: FloatArray | None = None

    def embed(self, masks: BoolArray) -> FloatArray:
        """x before the first block, (..., n, d)."""
        return self.embedding[masks.astype(np.int64)] + self.position

    @property
    def arrays(self) -> list[FloatArray]:
        """What is trained without codes, in one order."""
        inside = [(b.mixing, b.kernel, b.inner, b.bias, b.outer) for b in self.blocks]
        return [self.embedding, self.position, *sum(inside, ()), self.readout]

    def moved(self, step: FloatArray) -> Weights:
        """With `step` (parameters,) added to `arrays`."""
        ends = np.cumsum([each.size for each in self.arrays])[:-1]
        pairs = zip(self.arrays, np.split(step, ends), strict=True)
        first, second, *inside, last = [a + part.reshape(a.shape) for a, part in pairs]
        blocks = tuple(Block(*inside[i : i + 5]) for i in range(0, len(inside), 5))
        return Weights(first, second, blocks, last)

    def code_scores(self) -> FloatArray:
        """What a site of each code of the last block adds to log psi, (K,)."""
        if self.table is not None:
            return self.table
        last = self.blocks[-1]
        assert last.codes is not None
        return last.after(last.codes) @ self.readout


def draw_weights(n: int, blocks: int, mixing: str, rng: np.random.Generator) -> Weights:
    """Random weights: each row of A averages over the sites, or is normal of std 1/sqrt(n)."""

    def normal(*shape: int, std: float = 1.0) -> FloatArray:
        return std * rng.normal(size=shape)

    def draw_block() -> Block:
        a = normal(n, n)
        a = np.exp(a) / np.exp(a).sum(axis=1, keepdims=True) if mixing == "mean" else a / n**0.5
        kernel, inner = normal(WIDTH, WIDTH, std=WIDTH**-0.5), normal(WIDTH, INNER, std=WIDTH**-0.5)
        return Block(a, kernel, inner, np.zeros(INNER), normal(INNER, WIDTH, std=INNER**-0.5))

    first, second = normal(2, WIDTH), normal(n, WIDTH)
    inside = tuple(draw_block() for _ in range(blocks))
    return Weights(first, second, inside, normal(WIDTH, std=0.1 * WIDTH**-0.5))


def run_blocks(weights: Weights, masks: BoolArray) -> tuple[FloatArray, list[IntArray]]:
    """The last x (..., n, d), and the codes (..., n) of each block that has some."""
    x, chosen = weights.embed(masks), []
    for block in weights.blocks:
        z = block.mix(x)
        if block.codes is not None:
            chosen.append(block.nearest(z))
            z = block.codes[chosen[-1]]
        x = block.after(z)
    return x, chosen


def log_gradients(weights: Weights, masks: BoolArray) -> FloatArray:
    """d log psi / d `weights.arrays`, (samples, parameters), without codes: backpropagation."""
    x, kept = weights.embed(masks), []
    for block in weights.blocks:
        mixed = block.mixing @ x
        z = x + mixed @ block.kernel
        h = np.tanh(z @ block.inner + block.bias)
        kept.append((x, mixed, z, h))
        x = z + h @ block.outer
    found: list[FloatArray] = [x.sum(axis=1)]
    g = np.broadcast_to(weights.readout, x.shape)
    for block, (x, mixed, z, h) in zip(weights.blocks[::-1], kept[::-1], strict=True):
        g_inner = (g @ block.outer.T) * (1 - h**2)
        g_z = g + g_inner @ block.inner.T
        g_mixed = g_z @ block.kernel.T
        of_block = [
            g_mixed @ _swap(x),
            _swap(mixed) @ g_z,
            _swap(z) @ g_inner,
            g_inner.sum(axis=1),
            _swap(h) @ g,
        ]
        found = of_block + found
        g = g_z + block.mixing.T @ g_mixed
    kept_sites = masks[..., None]
    by_state = np.stack([(g * ~kept_sites).sum(axis=1), (g * kept_sites).sum(axis=1)], axis=1)
    return np.concatenate([each.reshape(len(masks), -1) for each in [by_state, g, *found]], axis=1)


def _swap(array: FloatArray) -> FloatArray:
    return array.swapaxes(-1, -2)


def fit_codes(
    weights: Weights, masks: BoolArray, n_codes: int, rng: np.random.Generator
) -> Weights:
    """The same with K codes in each block, by k-means of its z, one block after the other.

    Args:
        weights: of any codes, which are replaced.
        masks: (samples, n), whose z are quantised.
        n_codes: K; fewer where the sites hold fewer different z.
        rng: seeds k-means.
    """
    from scipy.cluster.vq import kmeans2

    x, blocks = weights.embed(masks), []
    for block in weights.blocks:
        z = block.mix(x)
        points = z.reshape(-1, z.shape[-1])
        most = min(n_codes, len(np.unique(points, axis=0)))
        with warnings.catch_warnings():  # a code that no point is nearest to stays where it is
            warnings.simplefilter("ignore", UserWarning)
            codes, _ = kmeans2(points, most, minit="++", seed=rng)
        blocks.append(replace(block, codes=codes))
        x = block.after(codes[blocks[-1].nearest(z)])
    return replace(weights, blocks=tuple(blocks), table=None)


def count_of_one(weights: Weights) -> int:
    """Multiply-adds of log psi of one mask, all anew; the search of the nearest code included."""
    n, d = weights.position.shape
    return n * d + sum(_count_block(block, n, d) for block in weights.blocks)


def _count_block(block: Block, n: int, d: int) -> int:
    codes = 0 if block.codes is None else len(block.codes)
    return n * n * d + n * d * d + n * codes * d + 2 * n * d * len(block.bias)
