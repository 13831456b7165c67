"""Figures of notebook 08a: bits across a cut, along a circuit and as networks widen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from labkit.course.plots import Captioned, in_words, new_axes
from labkit.course.plots.canvas import Series, number_series
from labkit.course.plots.noise import draw_bits_along, draw_bits_over_widths


def figure_bits_by_layer(bits: Series) -> Captioned:
    """Bits after 0, 1, ... layers of QAOA, label -> (layers + 1, networks)."""
    ax = draw_bits_along(new_axes(width=7)[0], bits, xlabel="layers of QAOA")
    last = {label: values[-1].mean() for _, label, values in number_series(bits)}
    layers, networks = np.shape(next(iter(bits.values())))
    return Captioned(
        ax,
        f"After {layers - 1} layers: {in_words(last, '.2f')} bits. "
        f"Bars: one standard error over {networks} networks.",
    )


def figure_bits_by_call(bits: Series, *, most: int) -> Captioned:
    """Bits after 0, 1, ... oracle calls, label -> (calls + 1,); a cut can hold `most`."""
    ax = draw_bits_along(new_axes(width=7)[0], bits, xlabel="oracle calls")
    peaks = {label: values.max() for _, label, values in number_series(bits)}
    return Captioned(
        ax, f"Most bits after a call: {in_words(peaks, '.2f')}; a cut into halves can hold {most}."
    )


def figure_bits_over_widths(widths: Sequence[int], bits: Series) -> Captioned:
    """Bits across the middle over the width of a network, label -> (widths, networks)."""
    ax = draw_bits_over_widths(new_axes(width=7)[0], widths, bits)
    means = {label: values.mean(axis=1) for _, label, values in number_series(bits)}
    ends = ", ".join(f"{label} {mean[0]:.2f} to {mean[-1]:.2f}" for label, mean in means.items())
    _, networks = np.shape(next(iter(bits.values())))
    return Captioned(
        ax,
        f"From {widths[0]} to {widths[-1]} neurons: {ends} bits. "
        f"Bars: one standard error over {networks} networks.",
    )
