"""Stages of random neurons, each solved for what is left, beside one solve of as many."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import ipywidgets as widgets
import numpy as np
from scipy.linalg import solve_triangular

from labkit.arrays import BoolArray, FloatArray
from labkit.course.explorers.base import Explorer, selection_slider, slider
from labkit.course.plots.residual import draw_stages
from labkit.course.wording import say
from labkit.datasets import Task, check_task, load_images, load_task
from labkit.limits import check_count
from labkit.neighbours.residual import (
    class_targets,
    draw_features,
    hidden_features,
    solve_ridge,
    solving_bill,
)

#: What is offered: name -> how the list calls it. MNIST is averaged to 7 x 7 pixels.
OFFERED = {"mnist5k": "mnist5k, 7 × 7", "digits": "digits", "breast_cancer": "breast_cancer"}
RATIOS = (("¼", 0.25), ("½", 0.5), ("1", 1.0), ("2", 2.0))
STEPS = (("0.1", 0.1), ("0.25", 0.25), ("0.5", 0.5), ("1", 1.0), ("1.5", 1.5), ("2", 2.0))
MAX_STAGES, RIDGE, SEED = 6, 1.0, 20


@lru_cache(maxsize=64)
def seen_task(task: str | Task) -> Task:
    """The task of a name in the list, or one's own."""
    return load_images(7) if task == "mnist5k" else load_task(task)


@dataclass(frozen=True, eq=False)
class Prepared:
    """What no step changes: the neurons of all stages, and their equation.

    Attributes:
        train: float64 (samples, stages x J), features of the training samples.
        test: the same of the test samples.
        gram: train^T train + ridge.
        targets: float64 (samples, classes).
        at_once: float64 (stages,), test accuracy of all neurons of so many stages, solved at once.
        line: that of a straight line.
    """

    train: FloatArray
    test: FloatArray
    gram: FloatArray
    targets: FloatArray
    at_once: FloatArray
    line: float


@lru_cache(maxsize=64)
def prepare(chosen: str | Task, n_hidden: int) -> Prepared:
    """Draws the neurons of `MAX_STAGES` stages for a task, and solves all of them at once.

    With gram = L L^T the first k neurons have the read-out L_k^-T (L^-1 train^T y)_k: one
    decomposition serves for all numbers of stages.
    """
    task = seen_task(chosen)
    total = MAX_STAGES * n_hidden
    each = 8 * (len(task.x_train) + len(task.x_test) + 2 * total)
    check_count("n_hidden", total, bytes_each=each, what="the features of all stages")
    rng = np.random.default_rng(SEED)
    weights = np.hstack(
        [draw_features(task.n_features, n_hidden, rng=rng) for _ in range(MAX_STAGES)]
    )
    train, test = (hidden_features(x, weights) for x in (task.x_train, task.x_test))
    targets = class_targets(task.y_train, task.n_classes)
    gram = train.T @ train + RIDGE * np.eye(total)
    lower = np.linalg.cholesky(gram)
    read = solve_triangular(lower, train.T @ targets, lower=True)
    at_once = []
    for k in range(n_hidden, total + 1, n_hidden):
        readout = solve_triangular(lower[:k, :k], read[:k], lower=True, trans="T")
        at_once.append(_right(test[:, :k] @ readout, task))
    ones = [np.c_[x, np.ones(len(x))] for x in (task.x_train, task.x_test)]
    line = _right(ones[1] @ solve_ridge(ones[0], targets, ridge=RIDGE), task)
    return Prepared(train, test, gram, targets, np.array(at_once), line)


def _right(outputs: FloatArray, task: Task) -> float:
    return float(np.mean(outputs.argmax(axis=1) == task.y_test))


@dataclass(frozen=True, eq=False)
class ResidualView:
    """Stage after stage: test accuracy, and what is left of the targets.

    Attributes:
        task: a name of `OFFERED`, or one's own task.
        n_hidden: J.
        n_stages: that are chosen, of the `MAX_STAGES` that are shown.
        step: mu.
        accuracies: float64 (MAX_STAGES,), after each stage.
        left: float64 (MAX_STAGES,), |R| over |Y|.
    """

    task: str | Task
    n_hidden: int
    n_stages: int
    step: float
    accuracies: FloatArray
    left: FloatArray

    @property
    def prepared(self) -> Prepared:
        """What no step changes."""
        return prepare(self.task, self.n_hidden)

    @property
    def accuracy(self) -> float:
        """After the stages that are chosen."""
        return float(self.accuracies[self.n_stages - 1])

    @property
    def at_once(self) -> float:
        """Of as many neurons, solved at once."""
        return float(self.prepared.at_once[self.n_stages - 1])

    @property
    def text(self) -> str:
        """The same in one line."""
        task, total = seen_task(self.task), self.n_stages * self.n_hidden
        held, work = solving_bill(len(task.x_train), self.n_hidden, self.n_stages)
        held_once, work_once = solving_bill(len(task.x_train), total)
        return say(
            "residual.text",
            n_features=task.n_features,
            n_stages=self.n_stages,
            n_hidden=self.n_hidden,
            accuracy=self.accuracy,
            total=total,
            at_once=self.at_once,
            line=self.prepared.line,
            left=self.left[self.n_stages - 1],
            held_once=held_once / held,
            work_once=work_once / work,
        )


@lru_cache(maxsize=256)
def view_stages(task: str | Task, ratio: float, n_stages: int, step: float) -> ResidualView:
    """Trains `MAX_STAGES` stages of J = ratio x M neurons."""
    seen = seen_task(task)
    j = max(1, round(ratio * seen.n_features))
    made = prepare(task, j)
    residual, outputs = made.targets.copy(), np.zeros((len(made.test), seen.n_classes))
    accuracies, left = [], []
    for at in range(0, MAX_STAGES * j, j):
        own = slice(at, at + j)
        readout = np.linalg.solve(made.gram[own, own], made.train[:, own].T @ residual)
        residual -= step * made.train[:, own] @ readout
        outputs += step * made.test[:, own] @ readout
        accuracies.append(_right(outputs, seen))
        left.append(np.linalg.norm(residual) / np.linalg.norm(made.targets))
    return ResidualView(task, j, n_stages, step, np.array(accuracies), np.array(left))


class ResidualExplorer(Explorer):
    """Residual training of random neurons, stage by stage, beside one solve of all of them.

    A click chooses the number of stages, and so do the arrow keys.

    Args:
        task: one of `OFFERED`, or of your own.
        ratio: J / M, neurons of a stage for each input, one of `RATIOS`.
        n_stages: 1 to 6.
        step: mu, one of `STEPS`.
    """

    _kept = ("accuracy", "at_once", "n_hidden")

    def __init__(
        self,
        task: str | Task = "digits",
        ratio: float = 0.25,
        n_stages: int = 4,
        step: float = 0.5,
    ) -> None:
        own = check_task("task", task, tuple(OFFERED))
        options: list[tuple[str, str | Task]] = [(label, name) for name, label in OFFERED.items()]
        options += [(own.label, own)] if isinstance(own, Task) else []
        choices = {
            "task": widgets.Dropdown(options=options, value=own, description=say("shared.task")),
            "ratio": selection_slider("ratio", ratio, RATIOS, "J / M"),
            "n_stages": slider("n_stages", n_stages, 1, MAX_STAGES, say("shared.stages")),
            "step": selection_slider("step", step, STEPS, say("residual.step")),
        }
        super().__init__(choices, widths=(4.8, 4.8), height=3.6)

    @property
    def view(self) -> ResidualView:
        """What is shown."""
        return view_stages(**self.chosen)

    @property
    def lit(self) -> BoolArray | None:
        """No mask is lit here."""
        return None

    def _point(self, number: int, x: float, y: float) -> None:
        self.controls["n_stages"].value = round(x)

    def _arrow(self, right: int, up: int) -> None:
        self.controls["n_stages"].value += right

    def _draw(self) -> str:
        view, (left, right) = self.view, self._axes
        lines = {"stages": view.accuracies, say("residual.at_once"): view.prepared.at_once}
        draw_stages(left, lines, chosen=view.n_stages, level=view.prepared.line,
                    ylabel=say("shared.test_accuracy"),
                    title=say("residual.circles_stages_triangles_at"))  # fmt: skip
        left.set_ylim(0.4, 1.02)
        draw_stages(right, {"left": view.left}, chosen=view.n_stages,
                    ylabel=say("residual.left_of_the_targets"),
                    title=say("residual.training_samples"))  # fmt: skip
        right.set_ylim(0, 1.05)
        return view.text
