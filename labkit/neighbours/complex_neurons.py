"""Complex-valued neurons: a phase for each input, a complex sum, its modulus or its argument.

Complex weights are the idea of Shi et al. 2021, arXiv 2111.00392, of which we have the abstract;
the formulas here are our reading. The phase-only neuron is that of an older lineage: its weights
turn a phase and have no size.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.arrays import FloatArray
from labkit.limits import check_array, check_count, check_integer, show_value

Complex = npt.NDArray[np.complex128]

#: Bytes of a complex number.
_BYTES = 16


def phase_encode(x: npt.ArrayLike) -> Complex:
    """z = e^{i pi x / 2}: 0 becomes 1, 1 becomes i.

    Args:
        x: float, of any shape; 0 to 1 is a quarter of a turn.

    Returns:
        complex128 of the shape of `x`, all of modulus 1.
    """
    angles = check_array("x", x)
    check_count("x", angles.size, bytes_each=2 * _BYTES, what="phases")
    return np.exp(0.5j * np.pi * angles)


def net(x: npt.ArrayLike, weights: npt.ArrayLike, bias: npt.ArrayLike) -> Complex:
    """u_j = sum_k w_kj z_k + b_j, with z = e^{i pi x / 2}.

    Args:
        x: float (..., inputs), such as samples or the patches of images.
        weights: complex (inputs, neurons).
        bias: complex (neurons,).

    Returns:
        complex128 (..., neurons).

    Raises:
        ValueError: sizes do not fit, or a value is not finite.
    """
    w, b = check_complex("weights", weights, ndim=2), check_complex("bias", bias, ndim=1)
    return _encode(x, w, bias=b) @ w + b


def modulus(x: npt.ArrayLike, weights: npt.ArrayLike, bias: npt.ArrayLike) -> FloatArray:
    """|u_j|, the output of a complex neuron; see `net`.

    Returns:
        float64 (..., neurons), 0 or more.
    """
    return np.abs(net(x, weights, bias))


def phase_net(x: npt.ArrayLike, theta: npt.ArrayLike, lam: npt.ArrayLike) -> Complex:
    """q_j = sum_k e^{i (pi x_k / 2 + theta_kj)} - e^{i lambda_j}: weights that only turn a phase.

    Args:
        x: float (..., inputs).
        theta: float (inputs, neurons), radians.
        lam: float (neurons,), radians, the phase that is taken away.

    Returns:
        complex128 (..., neurons).
    """
    phases, away = check_array("theta", theta), check_array("lam", lam)
    w = np.exp(1j * check_complex("theta", phases, ndim=2))
    return _encode(x, w, lam=away) @ w - np.exp(1j * away)


def phase_output(
    x: npt.ArrayLike, theta: npt.ArrayLike, lam: npt.ArrayLike, delta: npt.ArrayLike
) -> FloatArray:
    """y_j = (pi/2) sigmoid(delta_j) - arg q_j, of the phase-only neuron; see `phase_net`.

    Args:
        x: float (..., inputs).
        theta: float (inputs, neurons), radians.
        lam: float (neurons,), radians.
        delta: float (neurons,), by its sigmoid a quarter of a turn at most.

    Returns:
        float64 (..., neurons), radians, of (-pi, 3 pi / 2): it jumps where q crosses the negative
        real axis.
    """
    q, d = phase_net(x, theta, lam), check_array("delta", delta)
    if d.shape != q.shape[-1:]:
        raise ValueError(f"delta has shape {d.shape} (limit: {q.shape[-1:]}, one a neuron)")
    turned: FloatArray = 0.25 * np.pi * (1 + np.tanh(d / 2)) - np.angle(q)
    return turned


def phase_probability(
    x: npt.ArrayLike, theta: npt.ArrayLike, lam: npt.ArrayLike, delta: npt.ArrayLike
) -> FloatArray:
    """sin(y_j)^2 of the phase-only neuron: as the chance of a qubit turned by y; no jump is left.

    Returns:
        float64 (..., neurons), 0 to 1; see `phase_output`.
    """
    return np.square(np.sin(phase_output(x, theta, lam, delta)))


def patches(images: npt.ArrayLike, kernel_size: int) -> FloatArray:
    """The k x k patches of images, 'valid': neurons that read them are filters of a convolution.

    A filter of weights (k, k, filters) reads them with `weights.reshape(k * k, filters)`, not
    flipped (cross-correlation).

    Args:
        images: float (..., rows, columns).
        kernel_size: k, pixels, at most the shorter side.

    Returns:
        float64 (..., rows - k + 1, columns - k + 1, k * k), each patch row by row.
    """
    pixels = check_array("images", images)
    if pixels.ndim < 2:
        raise ValueError(f"images has shape {pixels.shape}; it must be (..., rows, columns)")
    k = check_integer("kernel_size", kernel_size, minimum=1, maximum=min(pixels.shape[-2:]))
    check_count("images", pixels.size, bytes_each=8 * k * k, what="patches")
    view: Any = np.lib.stride_tricks.sliding_window_view
    seen: FloatArray = view(pixels, (k, k), axis=(-2, -1))
    return seen.reshape(*seen.shape[:-2], k * k)


def check_complex(argument: str, value: npt.ArrayLike, *, ndim: int) -> Complex:
    """Returns finite numbers, real or complex, as complex128 of so many dimensions, none empty."""
    try:
        array = np.asarray(value)
    except ValueError:  # rows of unequal length
        array = np.empty(0, dtype=object)
    if array.dtype.kind not in "biufc":
        raise TypeError(f"{argument}={show_value(value)} is not an array of numbers")
    if array.ndim != ndim or 0 in array.shape:
        given = f"{argument} has shape {array.shape}"
        raise ValueError(f"{given} (limit: {ndim} dimensions, none of them empty)")
    if not np.isfinite(array).all():
        raise ValueError(f"{argument} holds a value that is not finite")
    return array.astype(np.complex128, copy=False)


def _encode(x: npt.ArrayLike, weights: Complex, **of_neurons: npt.NDArray[np.generic]) -> Complex:
    """The phases of inputs, if they and what is of one number a neuron fit the weights."""
    inputs = check_array("x", x)
    n_inputs, n_neurons = weights.shape
    if inputs.ndim < 1 or inputs.shape[-1] != n_inputs:
        raise ValueError(f"x has shape {inputs.shape}; it must be (..., {n_inputs})")
    for name, value in of_neurons.items():
        if value.shape != (n_neurons,):
            raise ValueError(
                f"{name} has shape {value.shape} (limit: ({n_neurons},), one a neuron)"
            )
    bytes_each = _BYTES * (n_inputs + 2 * n_neurons)
    check_count("x", inputs.size // n_inputs, bytes_each=bytes_each, what="complex sums")
    return phase_encode(inputs)
