"""Amplitude amplification in formulas: what Grover's iterations do, without a circuit.

Reference: M. Boyer, G. Brassard, P. Høyer, A. Tapp 1998, arXiv quant-ph/9605034, section 3.
"""

from __future__ import annotations

import math

from labkit.limits import check_integer

_MAX_NEURONS = 1000  # 2^-n is still a float


def rotation_angle(n_neurons: int, n_marked: int) -> float:
    """theta = asin sqrt(M / 2^n) in radians: half of what one iteration turns the state.

    Raises:
        TypeError: an argument is not an integer.
        ValueError: `n_marked` is not in 1..2^n, or `n_neurons` not in 1..1000.
    """
    n = check_integer("n_neurons", n_neurons, minimum=1, maximum=_MAX_NEURONS)
    n_marked = check_integer("n_marked", n_marked, minimum=1, maximum=2**n)
    return math.asin(math.sqrt(n_marked / 2**n))


def success_probability(n_neurons: int, n_marked: int, iterations: int) -> float:
    """P(k) = sin^2((2k + 1) theta): the chance to measure a marked mask after k iterations.

    Raises:
        TypeError: an argument is not an integer.
        ValueError: `n_marked` is not in 1..2^n, or `iterations` negative.
    """
    iterations = check_integer("iterations", iterations, minimum=0)
    return math.sin((2 * iterations + 1) * rotation_angle(n_neurons, n_marked)) ** 2


def optimal_iterations(n_neurons: int, n_marked: int) -> int:
    """The first k at which P(k) peaks: (2k + 1) theta as near pi/2 as it gets.

    Raises:
        TypeError: an argument is not an integer.
        ValueError: `n_marked` is not in 1..2^n, or `n_neurons` not in 1..1000.
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

    Raises:
        TypeError: an argument is not an integer.
        ValueError: `n_marked` is not in 1..2^n, or `iterations` negative.
    """
    k = optimal_iterations(n_neurons, n_marked) if iterations is None else iterations
    chance = success_probability(n_neurons, n_marked, k)
    return (k + 1) / chance if chance > 0 else math.inf
