"""Exponentials and logarithms of many numbers without a branch or a call, several at a time.

e^x = 2^k e^r with k the integer next to x / ln 2, and |r| <= ln(2) / 2, of which 13 terms of the
series are exact to rounding. ln 2 is taken off in two parts (Cody and Waite 1980), the first with
so few digits that k times it is exact. And ln(2^k m) = k ln 2 + 2 artanh((m - 1) / (m + 1)), with m
between sqrt(1/2) and sqrt(2), of which six terms of the series are exact to 1e-10.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba.extending import register_jitable

from labkit.compiling import compile_loop
from labkit.costs.walks.walk import HOPELESS

_LN2, _REST_OF_LN2 = float.fromhex("0x1.62e42feep-1"), float.fromhex("0x1.a39ef35793c76p-33")
_PER_LN2 = 1 / math.log(2)
#: Added to a number, it leaves the integer next to it in the last bits.
_TO_INTEGER = 1.5 * 2.0**52
_FRACTION_BITS, _EXPONENT_OF_1 = 52, 1023
_LEAST = -700.0  # e^-708 is the least normal number
_LN_2 = math.log(2)
_ROOT_OF_HALF = int(np.array(math.sqrt(0.5)).view(np.int64))  # its bits
_C3, _C4, _C5, _C6, _C7, _C8, _C9, _C10, _C11, _C12, _C13 = (
    1 / math.factorial(k) for k in range(3, 14)
)


@compile_loop()
def exp_of_margins(
    outputs: Any, row: Any, sign: float, targets: Any, powers: Any, fractions: Any
) -> None:
    """powers * fractions = exp(-|y (f + sign * row)|), each (samples,); from e^-700 on that."""
    for i in range(len(outputs)):
        margin = targets[i] * (outputs[i] + sign * row[i])
        powers[i], fractions[i] = _parts(-abs(margin))
    _raise(powers)


@compile_loop()
def exp_of_negative(powers: Any, fractions: Any) -> None:
    """powers * fractions = exp(powers as they were), at most 0; from e^-700 on that."""
    for i in range(len(powers)):
        powers[i], fractions[i] = _parts(powers[i])
    _raise(powers)


@compile_loop(error_model="numpy")
def rises_of_draws(draws: Any, temperature: float, rises: Any) -> None:
    """rises = -T ln(draws), each (tries,), to 1e-10 T, and `HOPELESS` T at most.

    A draw keeps what rises less: draw < exp(-rise / T). It is from 0 on, and below 1.
    """
    bits, fractions = draws.view(np.int64), rises.view(np.int64)
    for i in range(len(bits)):
        fractions[i] = bits[i] - (_power_of_2(bits[i]) << _FRACTION_BITS)
    for i in range(len(bits)):
        s = (rises[i] - 1.0) / (rises[i] + 1.0)
        z = s * s
        series = 1 / 3 + z * (1 / 5 + z * (1 / 7 + z * (1 / 9 + z * (1 / 11))))
        log = np.int32(_power_of_2(bits[i])) * _LN_2 + 2.0 * s * (1.0 + z * series)
        rises[i] = temperature * min(-log, HOPELESS)


@register_jitable
def _power_of_2(bits: int) -> int:
    """k, of the bits of 2^k m."""
    return (bits - _ROOT_OF_HALF) >> _FRACTION_BITS


@register_jitable
def _parts(x: float) -> tuple[float, float]:
    """k in the last bits of a number, and e^r."""
    x = max(x, _LEAST)
    moved = x * _PER_LN2 + _TO_INTEGER
    k = moved - _TO_INTEGER
    r = (x - k * _LN2) - k * _REST_OF_LN2
    series = _C11 + r * (_C12 + r * _C13)
    series = _C8 + r * (_C9 + r * (_C10 + r * series))
    series = _C5 + r * (_C6 + r * (_C7 + r * series))
    series = 0.5 + r * (_C3 + r * (_C4 + r * series))
    return moved, 1.0 + r * (1.0 + r * series)


@register_jitable
def _raise(powers: Any) -> None:
    """2^k of k in the last bits, which become its exponent."""
    bits = powers.view(np.int64)
    for i in range(len(bits)):
        bits[i] = (bits[i] << _FRACTION_BITS) + (_EXPONENT_OF_1 << _FRACTION_BITS)
