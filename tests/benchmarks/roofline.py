"""What the machine allows: no engine moves bytes faster than a copy, or multiplies than sgemm."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from benchmarks.measuring import Call

_COPIED_BYTES = 2**28
_MATRIX_ROWS = 1024


@dataclass(frozen=True)
class Work:
    """What an algorithm cannot do without.

    Attributes:
        bytes_moved: read and written, each pass over an array counted once.
        flops: float32 operations; a sine, cosine, exponential or logarithm counts as one.
        footprint: bytes that are used again and again: they decide which cache holds them.
    """

    bytes_moved: float
    flops: float
    footprint: float


@dataclass(frozen=True)
class Bound:
    """The least time that a machine needs for some work.

    Attributes:
        seconds: the larger of bytes over bandwidth and flops over rate.
        limited_by: 'memory' or 'arithmetic', whichever is larger.
    """

    seconds: float
    limited_by: str


def bound(work: Work, *, bandwidth: float, flop_rate: float) -> Bound:
    """max(bytes / bandwidth, flops / rate).

    Args:
        work: what has to be done.
        bandwidth: bytes per second, read and written.
        flop_rate: float32 operations per second.

    Reference: Williams, Waterman, Patterson 2009, Communications of the ACM 52 (4), 65.
    """
    memory, arithmetic = work.bytes_moved / bandwidth, work.flops / flop_rate
    if memory >= arithmetic:
        return Bound(memory, "memory")
    return Bound(arithmetic, "arithmetic")


def objective_work(n: int, p: int) -> Work:
    """The mean cost of a QAOA state, complex64, from a float64 table.

    bytes = 2^n (p (16 + 8) + 8 + 8): each layer reads and writes the state once and reads the
    table; the mean reads both. flops = 2^n (p (4n + 9) + 5): a qubit's rotation takes 4 for each
    amplitude (two products, two sums: its cosine can be left to the phase), a phase 9 (its angle,
    sine, cosine, a complex product), the mean 5 (|a|^2, product, sum).
    """
    return Work(2**n * (24 * p + 16), 2**n * (p * (4 * n + 9) + 5), 16 * 2**n)


def gradient_work(n: int, p: int) -> Work:
    """The mean cost and its 2p derivatives by the adjoint method.

    Beyond the objective, bytes = 2^n (8 + p (2 * 16 + 8)): the adjoint state is written once, then
    each layer reads and writes two states and reads the table. flops = 2^n (2 + p (10n + 24)):
    two rotations of 4 and sum_j X_j|psi>, 2, for each qubit and amplitude; its product with
    lambda, 4; two phases with one sine and cosine, 15, and Im <lambda|C|psi>, 5.
    """
    forward = objective_work(n, p)
    return Work(
        forward.bytes_moved + 2**n * (8 + 40 * p),
        forward.flops + 2**n * (2 + p * (10 * n + 24)),
        24 * 2**n,
    )


def grover_work(n: int, iterations: int) -> Work:
    """Grover's iterations on real float32 amplitudes.

    bytes = 2^n (9 k + 12): each of k iterations reads and writes the amplitudes and reads one byte
    that tells whether a mask is marked; the end turns them into complex64. flops = 4 k 2^n: the
    sign, the sum, and 2 mean - a.
    """
    return Work(2**n * (9 * iterations + 12), 4 * iterations * 2**n, 9 * 2**n)


def cross_entropy_work(n: int, samples: int) -> Work:
    """The cross-entropy of each of the 2^n subnetworks with one output.

    flops = 5 * 2^n * samples: the output of a mask is one sum of two outputs that were made for
    half of the neurons, its loss log(1 + exp(-y f)) has a product, an exponential, a logarithm
    and a sum. bytes = 8 * 2^n, the table; the rest stays in cache.
    """
    return Work(8 * 2**n, 5 * 2**n * samples, 8 * 2 ** (n / 2 + 1) * samples)


def squared_error_work(n: int, samples: int) -> Work:
    """The squared error of each of the 2^n subnetworks with one output.

    It is a quadratic polynomial in the bits of a mask. flops = samples (n^2 + 3n) + 2 * 2^n: the
    coefficients are products of two contributions, or of one and the target, over the samples;
    the table doubles with each neuron, by one sum for each cost and one for its next slope.
    bytes = 8 * 2^n, the table. (`labkit.scoring` takes a product over the samples instead, which
    does not square what may be nearly equal.)
    """
    return Work(8 * 2**n, samples * (n**2 + 3 * n) + 2 * 2**n, 8 * 2**n)


def copy_bandwidth(n_bytes: float = _COPIED_BYTES) -> float:
    """Bytes per second, read and written, of NumPy copying from and to `n_bytes` in all."""
    source = np.ones(max(1, int(n_bytes) // 16))
    target = np.empty_like(source)
    return 2 * source.nbytes / _least_time(lambda: np.copyto(target, source))


def sgemm_rate() -> float:
    """float32 operations per second of NumPy's matrix product: 2 rows^3 of them."""
    one = np.ones((_MATRIX_ROWS, _MATRIX_ROWS), dtype=np.float32)
    target = np.empty_like(one)
    return 2 * _MATRIX_ROWS**3 / _least_time(lambda: np.matmul(one, one, out=target))


def _least_time(call: Call, seconds: float = 0.3) -> float:
    """The shortest of many runs, for a bound that nobody beats by luck; short calls in batches."""
    call()
    start = time.perf_counter()
    call()
    count = max(1, int(1e-3 / (time.perf_counter() - start)))
    least, end = np.inf, time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        for _ in range(count):
            call()
        least = min(least, (time.perf_counter() - start) / count)
    return float(least)
