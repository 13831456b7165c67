"""Figures: each function draws one result on the `Axes` it is given."""

from labkit.plots.canvas import in_words, new_axes, render_png, show
from labkit.plots.growth import draw_growth, growth_in_words
from labkit.plots.networks import draw_cost_histogram, draw_decision, draw_quality, draw_spread
from labkit.plots.searches import (
    draw_amplitudes,
    draw_best_so_far,
    draw_calls,
    draw_rotation,
    draw_shots,
    draw_success_curve,
)

__all__ = [
    "draw_amplitudes",
    "draw_best_so_far",
    "draw_calls",
    "draw_cost_histogram",
    "draw_decision",
    "draw_growth",
    "draw_quality",
    "draw_rotation",
    "draw_shots",
    "draw_spread",
    "draw_success_curve",
    "growth_in_words",
    "in_words",
    "new_axes",
    "render_png",
    "show",
]
