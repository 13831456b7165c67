"""Notebook 15a: units of trained Keras models, pruned by search, by magnitude, and at random."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from labkit.arrays import BoolArray, Float32Array, FloatArray, IntArray
from labkit.costs import CheckedCost, Cost, CostTable
from labkit.costs.tables import unchecked
from labkit.course.checking import compare_function, exercise, number_exercise
from labkit.ledger import Ledger, Outcome
from labkit.limits import repr_line
from labkit.masks import all_masks
from labkit.scoring import accuracy, network_cost
from labkit.selectors import Selection, local_selection, one_flip_search, run

if TYPE_CHECKING:
    import pandas as pd

    from labkit.networks.keras.units import KerasUnits

#: Samples that models are trained on, of scikit-learn's 1,797 digits; the others test them.
N_TRAIN = 500
EPOCHS, MORE_EPOCHS = 30, 5
#: How units are chosen: 'fresh' is the smaller model with new weights, trained for as many epochs.
WAYS = ("blocks", "one_flip", "magnitude", "random", "fresh")


@dataclass(frozen=True, eq=False, repr=False)
class PricedCost(CheckedCost):
    """A cost to which each unit that is kept adds a price: cost(m) + price * sum_j m_j.

    Attributes:
        cost: of n neurons.
        price: of one unit, in units of the cost.
    """

    cost: Cost
    price: float

    @property
    def n_neurons(self) -> int:
        """Number of neurons."""
        return self.cost.n_neurons

    @property
    def order(self) -> int:
        """That of the cost: the price is a sum over single neurons."""
        return max(self.cost.order, 1)

    def __repr__(self) -> str:
        return repr_line(self, cost=self.cost, price=self.price)

    def costs_of(self, masks: BoolArray, /) -> FloatArray:
        """Costs (...) of bool masks (..., n), which are not checked again."""
        return unchecked(self.cost)(masks) + self.price * masks.sum(axis=-1)

    def to_table(self) -> CostTable:
        """The cost of each of the 2^n masks."""
        table = self.cost.to_table()
        n_active = all_masks(self.n_neurons).sum(axis=1)
        return CostTable(table.costs + self.price * n_active, self.n_neurons)


@cache
def load_digits() -> tuple[Float32Array, IntArray, Float32Array, IntArray]:
    """Pixels 0 to 1 and labels of scikit-learn's digits: training, then test samples.

    Raises:
        ImportError: scikit-learn is missing; only those who make the record need it.
    """
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    x, y = load_digits(return_X_y=True)
    x = (x / 16).astype(np.float32)
    x_train, x_test, y_train, y_test = train_test_split(
        x, y, train_size=N_TRAIN, random_state=0, stratify=y
    )
    return x_train, y_train, x_test, y_test


def prune_digits(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """Prunes one trained model in each of `WAYS`, and trains what is left on.

    Blocks of four units and one-flip search minimise the cross-entropy on the training samples and
    `price` for each unit. The other ways keep as many units as blocks do.

    Args:
        parameters: 'kind' and 'n_units' of `baselines.build_classifier`, 'price'.
        seed: of the model's weights, of its training, and of searches and random masks.

    Returns:
        For each way `n_active_*`, `cost_*` on the training samples without the price, `before_*`
        and `after_*`: test accuracy before and after `MORE_EPOCHS` of training; for the searches
        `queries_*` and `seconds_*`; `whole`, the accuracy of the whole model, `train_seconds`.
    """
    from labkit.baselines.classifiers import trained_classifier
    from labkit.networks import network_from_keras

    kind, n_units = parameters["kind"], parameters["n_units"]
    x, y, x_test, y_test = load_digits()
    if kind == "conv":
        x, x_test = (images.reshape(-1, 8, 8, 1) for images in (x, x_test))
    start = time.perf_counter()
    model = trained_classifier(kind, n_units, x, y, epochs=EPOCHS, seed=seed)
    train_seconds = time.perf_counter() - start
    network = network_from_keras(model, layer="units", x=x)
    cost = network_cost(network, x, y)
    found = search_units(PricedCost(cost, parameters["price"]), seed)
    masks = other_masks(network.magnitudes(), int(found["blocks"].neuron_mask.sum()), seed)
    masks |= {way: selection.neuron_mask for way, selection in found.items()}
    result: dict[str, Any] = {"train_seconds": train_seconds}
    result["whole"] = accuracy(network.outputs(x_test, np.ones(n_units)), y_test)
    for way, mask in masks.items():
        result[f"n_active_{way}"] = int(mask.sum())
        result[f"cost_{way}"] = float(cost.evaluate(mask))
        result[f"before_{way}"] = accuracy(network.outputs(x_test, mask), y_test)
        smaller = network.subnetwork(mask)
        result[f"after_{way}"] = _trained_on(smaller, (x, y, x_test, y_test), MORE_EPOCHS, seed)
    result["after_fresh"] = _fresh(parameters, result["n_active_blocks"], seed)
    for way, selection in found.items():
        result[f"queries_{way}"] = selection.ledger.cost_queries
        result[f"seconds_{way}"] = selection.ledger.seconds
    return Outcome(result, sum((s.ledger for s in found.values()), Ledger()))


def search_units(cost: Cost, seed: int) -> dict[str, Selection]:
    """Three sweeps through blocks of four units, each enumerated; and one descent of one-flip."""
    rng = np.random.default_rng([seed, 15])
    blocks = run(local_selection, cost, rng=rng, block_size=4, max_rounds=3)
    return {"blocks": blocks, "one_flip": run(one_flip_search, cost, rng=rng)}


def other_masks(magnitudes: FloatArray, n_active: int, seed: int) -> dict[str, BoolArray]:
    """The `n_active` units of largest magnitude, and as many at random."""
    from labkit.baselines.pruning import keep_largest

    drawn = np.random.default_rng([seed, 16]).random(len(magnitudes))
    return {
        "magnitude": keep_largest(magnitudes, n_active),
        "random": keep_largest(drawn, n_active),
    }


def _trained_on(model: Any, data: tuple[Any, ...], epochs: int, seed: int) -> float:
    """Test accuracy after some more epochs."""
    from labkit.baselines.classifiers import train_on

    x, y, x_test, y_test = data
    train_on(model, x, y, epochs=epochs, seed=seed)
    return accuracy(np.asarray(model(x_test)), y_test)


def _fresh(parameters: Mapping[str, Any], n_active: int, seed: int) -> float:
    """Test accuracy of a model of that size that was never larger, after as many epochs in all."""
    from labkit.baselines.classifiers import trained_classifier

    x, y, x_test, y_test = load_digits()
    if parameters["kind"] == "conv":
        x, x_test = (images.reshape(-1, 8, 8, 1) for images in (x, x_test))
    options = {"epochs": EPOCHS + MORE_EPOCHS, "seed": 1000 + seed}
    model = trained_classifier(parameters["kind"], n_active, x, y, **options)
    return accuracy(np.asarray(model(x_test)), y_test)


def pick_accuracies(runs: pd.DataFrame, when: str) -> dict[str, dict[str, FloatArray]]:
    """Way -> model -> test accuracies (seeds,), of the record '15a_pruning'.

    Args:
        runs: of the record.
        when: 'before' or 'after' training on.
    """
    ways = WAYS if when == "after" else WAYS[:-1]
    return {
        way: {name: rows[f"result.{when}_{way}"].to_numpy() for name, rows in by_model(runs)}
        for way in ways
    }


def by_model(runs: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """The runs of each model by its name, such as 'dense 64', smallest first."""
    ordered = runs.sort_values(["parameters.n_units", "seed"])
    keys = ordered["parameters.kind"] + " " + ordered["parameters.n_units"].astype(str)
    return [(str(name), rows) for name, rows in ordered.groupby(keys, sort=False)]


def leads(rows: pd.DataFrame, rival: str) -> str:
    """By how much blocks lead a rival in test accuracy, mean ± standard deviation, in words."""
    said = []
    for when in ("before", "after"):
        if f"result.{when}_{rival}" in rows and rows[f"result.{when}_{rival}"].notna().all():
            gap = rows[f"result.{when}_blocks"] - rows[f"result.{when}_{rival}"]
            said.append(f"{when} {gap.mean():+.3f} ± {gap.std():.3f}")
    return ", ".join(said)


def accuracy_by_size(
    network: KerasUnits, x: Float32Array, y: IntArray, sizes: Sequence[int]
) -> dict[str, FloatArray]:
    """Test accuracy with so many units: the 'largest', or 'any', a mean of 20 random masks."""
    from labkit.baselines.pruning import keep_largest

    sizes_of, rng = network.magnitudes(), np.random.default_rng(0)
    scores, prepared = [], network.prepare(x)
    for n_active in sizes:
        drawn = [keep_largest(rng.random(len(sizes_of)), n_active) for _ in range(20)]
        masks = np.array([keep_largest(sizes_of, n_active), *drawn])
        scores.append([accuracy(f, y) for f in network.run_masks(prepared, masks)])
    by_mask = np.array(scores)
    return {"largest": by_mask[:, 0], "any": by_mask[:, 1:].mean(axis=1)}


def price_of_blocks(
    cost: Cost, *, sizes: Sequence[int], starts: int
) -> dict[str, dict[str, FloatArray]]:
    """What searches find and take from several starts: one-flip, and blocks by their size.

    Args:
        cost: of many neurons.
        sizes: of blocks, each enumerated, swept through until a sweep lowers nothing.
        starts: random masks to begin at.

    Returns:
        Name -> 'cost' and 'queries', float64 (starts,).
    """
    searches: dict[str, dict[str, Any]] = {"one-flip": {"selector": one_flip_search}}
    for size in sizes:
        searches[f"blocks of {size}"] = {"selector": local_selection, "block_size": size}
    found = {
        name: [run(cost=cost, rng=np.random.default_rng(start), **how) for start in range(starts)]
        for name, how in searches.items()
    }
    return {
        name: {
            "cost": np.array([selection.cost for selection in selections]),
            "queries": np.array([float(s.ledger.cost_queries) for s in selections]),
        }
        for name, selections in found.items()
    }


# 64 units in blocks of 4, each enumerated, three sweeps, and the start
number_exercise(
    "15a-1",
    1 + 3 * (64 // 4) * 2**4,
    "Count one block first: its masks, a query each. Then the blocks of a sweep, and the sweeps.",
    slips={
        3 * (64 // 4) * 2**4: "The start mask is asked for too, before the first sweep.",
        1 + 3 * 64 * 2**4: "That makes each unit a block; a block is 4 of them.",
        1 + (64 // 4) * 2**4: "That is one sweep; there are three.",
        1 + 3 * (64 // 4) * 4: "A block of 4 units has 2^4 masks, not 4.",
    },
)


# a unit is worth its price at least, where no flip lowers the priced cost
number_exercise(
    "15a-3",
    0.02,
    "At the best mask no flip lowers cost + 0.02 units kept: what does taking one out save?",
    slips={
        0: "Then the unit would cost its price and be worth nothing: the best mask has none such.",
        -0.02: "Without the unit the cost rises: it is the priced cost that must not fall.",
    },
)


@exercise("15a-2")
def magnitude_of_a_unit(answer: Any) -> str | None:
    """A function (kernel, read, j) -> the norm of unit j's input weights times its output's."""

    def magnitude(kernel: FloatArray, read: FloatArray, j: int) -> float:
        return float(np.linalg.norm(kernel[:, j]) * np.linalg.norm(read[j]))

    rng = np.random.default_rng(15)
    cases = [(rng.normal(size=(5, n)), rng.normal(size=(n, 3)), n // 2) for n in (4, 9, 12)]
    what = "For kernels of shapes {0.shape} and {1.shape} the magnitude of unit {2}"
    return compare_function(answer, magnitude, cases, what)
