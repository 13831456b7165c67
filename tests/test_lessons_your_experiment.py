"""Notebook 15's figures: what is picked from a sweep, and what their texts say."""

from __future__ import annotations

import numpy as np
import pandas as pd

from labkit.course.lessons.lesson_15_your_experiment import (
    figure_differences,
    figure_one_network,
    figure_predictions,
    figure_scales,
    pick_accuracy,
)


def test_accuracies_stand_by_seed_and_scale() -> None:
    rows = [(seed, scale, seed + scale) for scale in (2.0, 0.5) for seed in (1, 0)]
    runs = pd.DataFrame(rows, columns=["seed", "parameters.scale", "result.test_accuracy"])
    picked = pick_accuracy(runs)
    assert picked[0.5].tolist() == [0.5, 1.5] and picked[2.0].tolist() == [2.0, 3.0]


def test_figures_say_in_words_what_they_show() -> None:
    text = figure_one_network([0.5, 8.0], [0.875, 0.75]).text
    assert text == "Seed 0: scale 0.5 gives 0.875, scale 8.0 gives 0.750."
    text = figure_scales(pd.DataFrame({0.5: [0.5, 0.75], 2.0: [1.0, 0.0]})).text
    means = "scale 0.5 0.625, scale 2.0 0.500"
    assert text == f"Mean over 2 networks: {means}. Lowest point: 0.000."


def test_differences_are_counted_in_standard_errors_and_far_points_are_told() -> None:
    text = figure_differences({"8.0": np.array([0.1, -0.1, -0.9])}).text
    spread = np.std([0.1, -0.1, -0.9], ddof=1) / 3**0.5
    away = f"8.0 {-0.3 / spread:.1f}"
    assert text == f"Mean difference in standard errors: {away}. Points further below: 1."


def test_a_book_without_predictions_has_a_figure_that_says_so() -> None:
    text = figure_predictions(pd.DataFrame(columns=["question", "guess", "answer", "points"])).text
    assert text == "No prediction has been scored in this lab book yet."
