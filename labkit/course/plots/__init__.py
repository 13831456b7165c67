"""Figures: each function draws one result on the `Axes` it is given, and returns them."""

# What is imported here is for others to import from here
# mypy: implicit-reexport
# ruff: noqa: F401

from labkit.course.plots.canvas import Captioned, in_words, new_axes, render_png
from labkit.course.plots.masks import (
    draw_agreement,
    draw_amplitudes,
    draw_bit_order,
    draw_cost_histogram,
    draw_shots,
)
from labkit.course.plots.networks import (
    draw_bound,
    draw_circuit_size,
    draw_cone_widths,
    draw_costs_over_k,
    draw_decision,
    draw_modules,
    draw_ring,
)
from labkit.course.plots.qaoa import (
    draw_angle_surface,
    draw_cost_shares,
    draw_couplings,
    draw_dials,
    draw_gradients,
    draw_kept,
    draw_orders,
    draw_probabilities,
    draw_spectra,
    draw_step_errors,
    draw_strengths,
    draw_training,
)
from labkit.course.plots.qubits import (
    draw_blocks,
    draw_chances,
    draw_gates,
    draw_state_dials,
)
from labkit.course.plots.searches import (
    draw_falling_threshold,
    draw_growth,
    draw_race,
    draw_registers,
    draw_regret,
    draw_rotation,
    draw_share_met,
    draw_success_curve,
    growth_in_words,
)
from labkit.course.plots.series import (
    draw_bills,
    draw_calls,
    draw_counts,
    draw_differences,
    draw_points_and_lines,
    draw_predictions,
    draw_quality,
    draw_spread,
    set_log_ticks,
    standard_error,
)
from labkit.course.plots.walks import draw_masks, draw_schedules, draw_walk
