"""Search binary weights by a gradient, and see what is lost where the choice is not hard yet."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from labkit.arrays import FloatArray
from labkit.baselines.low_bit import LowBitPasses
from labkit.course.explorers.base import Explorer, selection_slider, task_dropdown
from labkit.course.plots.low_bit import draw_training, draw_weights
from labkit.course.wording import say
from labkit.datasets import Task, load_task
from labkit.limits import check_integer
from labkit.networks import sample_network
from labkit.networks.low_bit import (
    RISE,
    hard_weights,
    rise_between,
    rise_factor,
    soft_weights,
    temperatures,
)

MAX_UNITS, MAX_SEED = 12, 19
#: Epochs of a training, and after how many the weights are looked at.
EPOCHS, STRIDE = 160, 10
VALUES = (-1.0, 1.0)
FINAL_TEMPERATURES = (1.0, 10.0, 100.0, 1000.0)
RATES = (0.001, 0.003, 0.01, 0.03, 0.1)
LOOKED_AT = range(0, EPOCHS + 1, STRIDE)


@dataclass(frozen=True, eq=False)
class LowBitTraining:
    """A search of binary weights, looked at on its way.

    Attributes:
        temperatures: (looked at,), of the epochs of `LOOKED_AT`.
        weights: (looked at, fan_in, units), the soft ones.
        costs: soft, stale and hard -> (looked at,).
    """

    temperatures: FloatArray
    weights: FloatArray
    costs: dict[str, FloatArray]


@lru_cache(maxsize=128)
def train_low_bit(
    task: str | Task, n_units: int, seed: int, final_temperature: float, learning_rate: float
) -> LowBitTraining:
    """Trains once; hard costs are of the weights as they would be if the search ended there."""
    loaded = task if isinstance(task, Task) else load_task(task)
    n_outputs = 1 if loaded.n_classes == 2 else loaded.n_classes
    network = sample_network(loaded.n_features, n_units, n_outputs, mask_kind="weight", seed=seed)
    passes = LowBitPasses.of(network, VALUES, loaded.x_train, loaded.y_train)
    at = temperatures(EPOCHS, factor=rise_factor(EPOCHS, final_temperature))
    seen: list[FloatArray] = []
    rng = np.random.default_rng([seed, 22])
    options: dict[str, Any] = {"learning_rate": learning_rate, "rng": rng}
    last = passes.train_logits(at, **options, watch=lambda logits, _: seen.append(logits.copy()))
    heat, logits = np.append(at, at[-1])[::STRIDE], np.array([*seen, last])[::STRIDE]
    soft = np.array([soft_weights(a, VALUES, tau) for a, tau in zip(logits, heat, strict=True)])
    hard = hard_weights(logits, VALUES)
    pairs = [*zip(soft, hard, strict=True)]
    costs = {
        "soft": np.array([passes.cost(each) for each in soft]),
        "stale": np.array([passes.cost(h, passes.statistics(s)) for s, h in pairs]),
        "hard": np.array([passes.cost(each) for each in hard]),
    }
    return LowBitTraining(heat, soft, costs)


@dataclass(frozen=True, eq=False)
class LowBitView:
    """One epoch of a search."""

    training: LowBitTraining
    epoch: int

    @property
    def _place(self) -> int:
        return LOOKED_AT.index(self.epoch)

    @property
    def temperature(self) -> float:
        """Of this epoch."""
        return float(self.training.temperatures[self._place])

    @property
    def weights(self) -> FloatArray:
        """The soft ones, (fan_in, units)."""
        return self.training.weights[self._place]

    @property
    def undecided(self) -> float:
        """The share of weights that are further than 0.1 from -1 and 1."""
        return float((np.abs(self.weights) < 0.9).mean())

    def cost(self, which: str) -> float:
        """'soft', 'stale' or 'hard'."""
        return float(self.training.costs[which][self._place])

    @property
    def soft_cost(self) -> float:
        """Of the soft weights."""
        return self.cost("soft")

    @property
    def stale_cost(self) -> float:
        """Of the hard weights, with the statistics of the soft ones."""
        return self.cost("stale")

    @property
    def hard_cost(self) -> float:
        """Of the hard weights, with their own statistics."""
        return self.cost("hard")

    @property
    def text(self) -> str:
        """The same in one line."""
        return say(
            "low_bit.text",
            epoch=self.epoch,
            epochs=EPOCHS,
            temperature=self.temperature,
            soft_cost=self.soft_cost,
            hard_cost=self.hard_cost,
            stale_cost=self.stale_cost,
            undecided=self.undecided,
            size=self.weights.size,
        )


class LowBitExplorer(Explorer):
    """Weights of −1 and 1 searched by logits, at any epoch, final temperature and learning rate.

    A click on the left picture chooses the epoch; the arrow keys the next one.

    Args:
        task: one of `TASKS` of the controls, or of your own.
        seed: of the network and the first logits, 0 to 19.
        n_neurons: hidden units, 1 to 12.
        final_temperature: one of `FINAL_TEMPERATURES`.
        learning_rate: one of `RATES`.
        epoch: one of `LOOKED_AT`.
    """

    _kept = ("soft_cost", "stale_cost", "hard_cost", "temperature", "undecided")

    def __init__(
        self,
        task: str | Task = "breast_cancer",
        seed: int = 1,
        n_neurons: int = 8,
        final_temperature: float = 1000.0,
        learning_rate: float = 0.01,
        epoch: int = EPOCHS,
    ) -> None:
        heats = [(f"{each:g}", each) for each in FINAL_TEMPERATURES]
        rates = [(f"{each:g}", each) for each in RATES]
        epochs = [(f"{each}", each) for each in LOOKED_AT]
        named = {"final_temperature": final_temperature, "learning_rate": learning_rate}
        choices = {
            "task": task_dropdown(task),
            "seed": check_integer("seed", seed, minimum=0, maximum=MAX_SEED),
            "n_neurons": check_integer("n_neurons", n_neurons, minimum=1, maximum=MAX_UNITS),
            **{
                name: selection_slider(name, value, options, say(f"low_bit.{name}"))
                for (name, value), options in zip(named.items(), (heats, rates), strict=True)
            },
            "epoch": selection_slider("epoch", epoch, epochs, say("low_bit.epoch")),
        }
        super().__init__(choices, widths=(5.2, 3.6), height=3.6)

    @property
    def view(self) -> LowBitView:
        """What is shown."""
        task, seed, n_units, heat, rate, epoch = self.chosen.values()
        return LowBitView(train_low_bit(task, n_units, seed, heat, rate), epoch)

    def _point(self, number: int, x: float, y: float) -> None:
        if number == 0:
            self._choose(round(x / STRIDE))

    def _arrow(self, right: int, up: int) -> None:
        self._choose(LOOKED_AT.index(self.chosen["epoch"]) + right)

    def _choose(self, place: int) -> None:
        self.controls["epoch"].value = LOOKED_AT[min(max(place, 0), len(LOOKED_AT) - 1)]

    def _draw(self) -> str:
        view, (left, right) = self.view, self._axes
        rises = rise_between(EPOCHS, *RISE)
        draw_training(left, LOOKED_AT, view.training.costs, epoch=view.epoch, rises=rises)
        draw_weights(right, view.weights, largest=max(VALUES))
        return view.text
