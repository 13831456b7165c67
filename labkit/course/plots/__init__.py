"""Figures: each function draws one result on the `Axes` it is given."""

from labkit.course.plots.canvas import in_words, new_axes, render_png, show
from labkit.course.plots.experiments import (
    draw_differences,
    draw_predictions,
    predictions_in_words,
    read_predictions,
    standard_error,
)
from labkit.course.plots.growth import draw_growth, growth_in_words
from labkit.course.plots.local import draw_masks, draw_schedules, draw_walk
from labkit.course.plots.locality import (
    draw_bound,
    draw_circuit_size,
    draw_cone_widths,
    draw_costs_over_k,
    draw_ring,
)
from labkit.course.plots.maps import all_imports, draw_bit_order, draw_modules, module_imports
from labkit.course.plots.networks import (
    draw_cost_histogram,
    draw_decision,
    draw_quality,
    draw_spread,
)
from labkit.course.plots.qaoa import (
    draw_angle_surface,
    draw_cost_shares,
    draw_dials,
    draw_probabilities,
    draw_share_met,
)
from labkit.course.plots.races import draw_race, draw_regret, set_log_ticks
from labkit.course.plots.searches import (
    draw_amplitudes,
    draw_best_so_far,
    draw_calls,
    draw_rotation,
    draw_shots,
    draw_success_curve,
)
from labkit.course.plots.sparse import (
    draw_kept,
    draw_strengths,
)
from labkit.course.plots.spectra import (
    draw_agreement,
    draw_counts,
    draw_couplings,
    draw_orders,
    draw_spectra,
)
from labkit.course.plots.training import (
    draw_bills,
    draw_gradients,
    draw_step_errors,
    draw_training,
)

__all__ = [
    "all_imports",
    "draw_agreement",
    "draw_amplitudes",
    "draw_angle_surface",
    "draw_best_so_far",
    "draw_bills",
    "draw_bit_order",
    "draw_bound",
    "draw_calls",
    "draw_circuit_size",
    "draw_cone_widths",
    "draw_cost_histogram",
    "draw_cost_shares",
    "draw_costs_over_k",
    "draw_counts",
    "draw_couplings",
    "draw_decision",
    "draw_dials",
    "draw_differences",
    "draw_gradients",
    "draw_growth",
    "draw_kept",
    "draw_masks",
    "draw_modules",
    "draw_orders",
    "draw_predictions",
    "draw_probabilities",
    "draw_quality",
    "draw_race",
    "draw_regret",
    "draw_ring",
    "draw_rotation",
    "draw_schedules",
    "draw_share_met",
    "draw_shots",
    "draw_spectra",
    "draw_spread",
    "draw_step_errors",
    "draw_strengths",
    "draw_success_curve",
    "draw_training",
    "draw_walk",
    "growth_in_words",
    "in_words",
    "module_imports",
    "new_axes",
    "predictions_in_words",
    "read_predictions",
    "render_png",
    "set_log_ticks",
    "show",
    "standard_error",
]
