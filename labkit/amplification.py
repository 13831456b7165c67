"""Amplitude amplification in formulas: what Grover's iterations do, without a circuit.

Reference: M. Boyer, G. Brassard, P. Høyer, A. Tapp 1998, arXiv quant-ph/9605034, section 3.
"""

from __future__ import annotations

import math

from labkit.limits import check_integer

_MAX_NEURONS = 1000  # 2^-n is still a float
#: Of the reach, after each failure (Boyer et al. 1998).
GROWTH = 6 / 5


def rotation_angle(n_neurons: int, n_marked: int) -> float:
    """theta = asin sqrt(M / 2^n) in radians: half of what one iteration turns the state."""
    n = check_integer("n_neurons", n_neurons, minimum=1, maximum=_MAX_NEURONS)
    n_marked = check_integer("n_marked", n_marked, minimum=1, maximum=2**n)
    return math.asin(math.sqrt(n_marked / 2**n))


def success_probability(n_neurons: int, n_marked: int, iterations: int) -> float:
    """P(k) = sin^2((2k + 1) theta): the chance to measure a marked mask after k iterations.

    >>> round(success_probability(10, 1, 25), 4)
    0.9995
    """
    iterations = check_integer("iterations", iterations, minimum=0)
    return math.sin((2 * iterations + 1) * rotation_angle(n_neurons, n_marked)) ** 2


def optimal_iterations(n_neurons: int, n_marked: int) -> int:
    """The first k at which P(k) peaks: (2k + 1) theta as near pi/2 as it gets.

    >>> optimal_iterations(10, 1)
    25
    """
    # the small subtraction decides a tie, where half the masks are marked, for fewer calls
    best = math.pi / (4 * rotation_angle(n_neurons, n_marked)) - 0.5
    return round(best - 1e-9)


def expected_calls(n_neurons: int, n_marked: int, iterations: int | None = None) -> float:
    """Calls until a marked mask is found and verified, in expectation: (k + 1) / P(k).

    Each try takes k oracle calls and one cost query, and finds one with probability P(k).

    Args:
        n_neurons: n.
        n_marked: M.
        iterations: k; by default that of the first peak, `optimal_iterations`.

    Returns:
        The expectation; infinity where P(k) is 0.

    >>> round(expected_calls(10, 1), 1), round(expected_calls(10, 1, 0))
    (26.0, 1024)
    """
    k = optimal_iterations(n_neurons, n_marked) if iterations is None else iterations
    chance = success_probability(n_neurons, n_marked, k)
    return (k + 1) / chance if chance > 0 else math.inf


def average_success(n_neurons: int, n_marked: int, reach: int) -> float:
    """The chance of a marked mask after k iterations, k drawn from 0..m - 1, m the reach.

    (1/m) sum_{k<m} sin^2((2k + 1) theta) = 1/2 - sin(4 m theta) / (4 m sin(2 theta)): at least 1/4
    once m >= 1 / sin(2 theta).

    Reference: Boyer et al. 1998, arXiv quant-ph/9605034, lemma 2.
    """
    m, theta = check_integer("reach", reach, minimum=1), rotation_angle(n_neurons, n_marked)
    if n_marked == 2**n_neurons:
        return 1.0
    return 0.5 - math.sin(4 * m * theta) / (4 * m * math.sin(2 * theta))


def expected_calls_unknown(n_neurons: int, n_marked: int) -> float:
    """Calls until a marked mask is found and verified, in expectation, where M is not known.

    Each round draws k from 0..m - 1, m = ceil(reach), and takes k + 1 calls, (m + 1)/2 in
    expectation; it fails with probability 1 - `average_success`. The reach begins at 1 and grows by
    6/5 after a failure, to at most sqrt(2^n), where rounds repeat until one succeeds. At most
    9/2 sqrt(2^n / M) for M up to 3/4 of all masks.

    Reference: Boyer et al. 1998, arXiv quant-ph/9605034, theorem 3.
    """
    rotation_angle(n_neurons, n_marked)  # refuses bad arguments
    calls, not_yet, reach, last = 0.0, 1.0, 1.0, math.sqrt(2**n_neurons)
    while True:
        m = math.ceil(reach)
        success = average_success(n_neurons, n_marked, m)
        if reach >= last:
            return calls + not_yet * (m + 1) / 2 / success
        calls += not_yet * (m + 1) / 2
        not_yet *= 1 - success
        reach = min(GROWTH * reach, last)
