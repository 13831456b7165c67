"""What Grover's search with the computed oracle takes of a machine that corrects its errors."""

from __future__ import annotations

import math
from dataclasses import dataclass

from labkit.limits import check_integer, check_number, check_positive

_MOST_NEURONS = 1000  # 2^(n/2) is still a float64
_FAILURE = 0.01  # of the whole search, half of it for the logical qubits


@dataclass(frozen=True)
class FaultTolerantCost:
    """A search on a surface code.

    Attributes:
        iterations: floor(pi/4 2^(n/2)), for one marked mask.
        toffoli_per_iteration: of the oracle, forth and back, and the reflection.
        logical_qubits: of masks, accumulator with its carries, counter and a weight.
        code_distance: d, odd; each logical qubit is some 2 d^2 physical ones.
        seconds: of one search.
    """

    iterations: int
    toffoli_per_iteration: int
    logical_qubits: int
    code_distance: int
    seconds: float

    @property
    def toffoli(self) -> int:
        """Of the whole search."""
        return self.iterations * self.toffoli_per_iteration

    @property
    def physical_qubits(self) -> int:
        """2 d^2 for each logical one, without factories of magic states."""
        return 2 * self.code_distance**2 * self.logical_qubits

    @property
    def years(self) -> float:
        """Of one search."""
        return self.seconds / (365.25 * 86400)


def fault_tolerant_cost(
    n_neurons: int,
    samples: int,
    *,
    weight_bits: int = 8,
    physical_error: float = 1e-3,
    cycle_seconds: float = 400e-9,
) -> FaultTolerantCost:
    """Counts Toffolis one after another, each of three rounds of d cycles.

    The oracle adds n weights, B - 1 Toffolis each, and counts a sample with c, for S samples,
    forth and back: 2 S (n (B - 1) + c), B = w + ceil(log2 n), c = ceil(log2 S) + 1; the
    reflection takes n. A logical qubit errs in d cycles with .03 (p/.01)^((d+1)/2); d is the least
    odd number with which all of them together err with 1/2 % at most.

    Args:
        n_neurons: n, 1 to 1,000.
        samples: S, at least 1.
        weight_bits: w of each integer weight.
        physical_error: p of a physical gate, below the threshold of .01.
        cycle_seconds: of one round of measuring the code's checks.

    Reference: Fowler et al. 2012, arXiv 1208.0928 (surface code); Gidney 2018, arXiv 1709.06648
    (adders); Babbush et al. 2021, arXiv 2011.04149 (what is left of a quadratic speed-up).
    """
    n = check_integer("n_neurons", n_neurons, minimum=1, maximum=_MOST_NEURONS)
    samples = check_integer("samples", samples, minimum=1)
    error = check_positive("physical_error", physical_error)
    if check_number("physical_error", error) >= 0.01:
        raise ValueError(f"physical_error={error} is not below the threshold (limit: below 0.01)")
    accumulator = check_integer("weight_bits", weight_bits, minimum=1) + math.ceil(math.log2(n))
    counter = math.ceil(math.log2(samples)) + 1
    each = 2 * samples * (n * (accumulator - 1) + counter) + n
    iterations = math.floor(math.pi / 4 * 2 ** (n / 2))
    qubits = n + 2 * accumulator + counter + weight_bits
    distance = _code_distance(3 * each * iterations * qubits, error)
    seconds = 3 * distance * each * iterations * check_positive("cycle_seconds", cycle_seconds)
    return FaultTolerantCost(iterations, each, qubits, distance, seconds)


def _code_distance(rounds: float, physical_error: float) -> int:
    """The least odd d with rounds * .03 (p/.01)^((d+1)/2) <= half of the allowed failure."""
    halves = math.log(_FAILURE / 2 / (0.03 * rounds)) / math.log(physical_error / 0.01)
    return max(2 * math.ceil(halves) - 1, 3)
