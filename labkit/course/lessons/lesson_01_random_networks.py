"""The best subnetwork of a random network beside a trained network of the same size."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from labkit.arrays import FloatArray
from labkit.course.checking import exercise, number_exercise
from labkit.course.plots import Captioned, draw_decision, draw_spread, in_words, new_axes
from labkit.ledger import Ledger, Outcome
from labkit.masks import check_one_mask
from labkit.problems import Problem, build_problem

if TYPE_CHECKING:
    import pandas as pd

#: How the notebook names the tasks of the record, and what each of their points is.
_TASKS = {"digits_3v6": "digits", "iris": "iris", "moons": "moons"}
_POINTS = {
    "digits": "digits 3v6, 15 weight bits",
    "iris": "iris, 15 weight bits",
    "moons": "moons, 12 neuron bits",
}


def compare_best_with_trained(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """The subnetwork of least training cost beside a trained network of the same size.

    Args:
        parameters: arguments of `build_problem`.
        seed: of the random network's weights, and of the weights that training begins with.

    Returns:
        The test accuracy of each, and the least training cost of a subnetwork.
    """
    from labkit.baselines import train_networks

    problem = build_problem(seed=seed, **parameters)
    trained = train_networks(problem.task, parameters["n_hidden"], n_networks=1, seed=seed)
    result = {
        "subnetwork_accuracy": problem.accuracy(problem.table.optimal_masks()[0]),
        "trained_accuracy": float(trained.test_accuracy[0]),
        "minimum": problem.table.minimum,
    }
    every_mask = Ledger(forward_passes=len(problem.table.costs))
    return Outcome(result, every_mask + trained.ledger, {})


def pick_accuracies(runs: pd.DataFrame) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
    """The test accuracies of the best subnetworks and of the trained networks.

    Of the rows of `compare_best_with_trained`; each is task -> float64 (seeds,).
    """
    by_task = runs.groupby(runs["parameters.task_name"].map(_TASKS))
    best, trained = (
        by_task[f"result.{kind}_accuracy"].apply(np.array).to_dict()
        for kind in ("subnetwork", "trained")
    )
    return best, trained


def solve_readouts(runs: pd.DataFrame) -> dict[str, FloatArray]:
    """Test accuracy of the same hidden units, none masked, their readout solved.

    Of the networks of `pick_accuracies`; one linear equation each, see `share_solved`.
    """
    from labkit.course.explorers.network import share_solved

    of_task: dict[str, list[float]] = {}
    for _, run in runs.sort_values("seed").iterrows():
        task, n_hidden = run["parameters.task_name"], int(run["parameters.n_hidden"])
        problem = build_problem(task, n_hidden, seed=int(run["seed"]))
        of_task.setdefault(_TASKS[task], []).append(share_solved(problem))
    return {task: np.array(of_task[task]) for task in sorted(of_task)}


def pick_passes(runs: pd.DataFrame) -> pd.DataFrame:
    """Passes over the training samples for one network of each task, by what they were for."""
    first = runs.groupby(runs["parameters.task_name"].map(_TASKS).rename("task")).first()
    forward, backward = first["ledger.forward_passes"], first["ledger.backward_passes"]
    columns = {
        "forward, all masks": forward - backward,  # training has as many of both
        "forward, training": backward,
        "backward, training": backward,
    }
    return first.assign(**columns)[[*columns]].astype(int)


def figure_masks(problem: Problem, right: Mapping[str, float]) -> Captioned:
    """Shows what four masks decide; `right`: mask string -> share of test samples right."""
    axes = new_axes(2, rows=2, width=4.4, height=3)
    for ax, mask in zip(axes, right, strict=True):
        draw_decision(ax, problem.network, problem.task, mask)
    said = in_words(right, ".0%")
    return Captioned(axes, f"One network, four masks; share of test samples right: {said}.")


def figure_rivals(
    best: Mapping[str, FloatArray],
    trained: Mapping[str, FloatArray],
    solved: Mapping[str, FloatArray],
) -> Captioned:
    """Draws every network's test accuracy, chosen, trained, and with its readout solved."""
    ax = new_axes(width=8, height=3.6)[0]
    samples = {
        kind: {_POINTS[task]: values for task, values in by_task.items()}
        for kind, by_task in (
            ("best subnetwork", best),
            ("trained network", trained),
            ("all units, readout solved", solved),
        )
    }
    draw_spread(ax, samples, ylabel="test accuracy")
    medians = {
        f"{kind}, {_POINTS[task]}": float(np.median(by_task[task]))
        for task in best
        for kind, by_task in (("subnetwork", best), ("trained", trained), ("solved", solved))
    }
    return Captioned(ax, f"Median test accuracy over 20 seeds: {in_words(medians)}.")


# mask bits of 6 hidden units on 3 inputs with bias
number_exercise(
    "01-1",
    6 * (3 + 1),
    "Count the bits of one hidden unit: one for each weight it has. Then all units.",
    slips={
        6 * 3: "That leaves out the biases: each unit has one, with a bit of its own.",
        6 * 3 + 1: "That has one bias for all; each hidden unit has its own.",
        6 + 3 + 1: "That adds the units to the inputs. Each unit has a weight for every input.",
        6: "That is a neuron mask, a bit for each unit. A weight mask has one for each weight.",
        2 ** (6 * (3 + 1)): "That is the number of weight masks; asked for are the bits of one.",
    },
)


@exercise("01-2")
def output_by_hand(answer: Any) -> str | None:
    """Outputs of mask 10110010 on the test samples, from contributions."""
    problem, mask = build_problem("moons", 8, seed=7), "10110010"
    expected = problem.network.outputs(problem.task.x_test, check_one_mask(mask, 8)).ravel()
    given = np.asarray(answer, dtype=np.float64).ravel()
    if given.shape != expected.shape:
        said = f"{expected.size} outputs were expected, one for each test sample"
        return f"{said}; {given.size} came: which axis of t did you sum over?"
    worst = int(np.argmax(np.abs(given - expected)))
    if abs(given[worst] - expected[worst]) < 1e-4:
        return None
    said = f"For mask {mask} and test sample {worst} the output is {expected[worst]:.4f}"
    return f"{said}; {given[worst]:.4f} came."


# cross-entropy of the subnetwork without neurons
number_exercise(
    "01-3",
    math.log(2),
    "Without neurons every output f is 0: put that into log(1 + exp(-y f)).",
    tolerance=5e-4,
    slips={
        0: "Cost 0 is for outputs that are right and sure without limit. Those here are 0.",
        1: "1 is the squared error, or the logarithm to base 2; this one is natural.",
        0.5: "That is the share of labels that a coin gets right, an error rate.",
        math.log10(2): "That is the logarithm to base 10; the cross-entropy's is natural.",
        -math.log(2): "The sign: a cost is the negative logarithm of a probability.",
    },
)
