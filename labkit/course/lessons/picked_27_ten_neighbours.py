"""Of notebook 27: contests and bits, picked from the records of lessons 17 to 26."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from labkit.course.gated_circuits import TASKS
from labkit.course.lessons import figures_17_linear_systems as figures_17
from labkit.course.lessons import figures_18_circuit_input_layer as figures_18
from labkit.course.lessons import figures_20_residual_networks as figures_20
from labkit.course.lessons import figures_21_separation_capacity as figures_21
from labkit.course.lessons import figures_22_low_bit_weights as figures_22
from labkit.course.lessons import figures_23_complex_neurons as figures_23
from labkit.course.lessons import figures_24_adaptive_samplers as figures_24
from labkit.course.lessons import figures_26_chaotic_series as figures_26
from labkit.course.lessons import lesson_19_wide_networks as lesson_19
from labkit.course.lessons import lesson_23_complex_neurons as lesson_23
from labkit.course.lessons.lesson_17_linear_systems import FIXED
from labkit.course.lessons.lesson_27_ten_neighbours import (
    Contest,
    Held,
    find_seeds,
    mean_over,
)
from labkit.course.recorded import recorded

if TYPE_CHECKING:
    import pandas as pd

#: The paper's side against the plain way, and a mask against its own.
Pair = tuple[Contest, Contest]
_SEEDS_19 = range(20)


@lru_cache(maxsize=64)
def runs_of(name: str) -> pd.DataFrame:
    """The runs of a record, read once."""
    return recorded(name).runs


# What the paper's side and what a mask gain over the plain way


def contest_17() -> Pair:
    """HHL's counts with the best of four ridges; and the order of searching that a guide gives."""
    runs = runs_of("17_guides")
    kept = {g: figures_17.pick_guide(runs, *g)["result.regret_10"].to_numpy(float) == 0
            for g in (("counts", 1.0), ("b", None))}  # fmt: skip
    theirs, plain = (values.astype(float) for values in kept.values())
    flips = {g: np.log2(figures_17.pick_guide(runs, *g)["result.flips"].to_numpy(float))
             for g in (("b", None), ("random", None))}  # fmt: skip
    ours, other = flips.values()
    return (
        Contest("17", "signs by HHL's counts, ridge 1", "signs of b, HHL's input",
                "best mask left, 10 of 16 fixed", theirs - plain),
        Contest("17", "one-flip search from b's signs", "from random signs",
                "queries, log2", other - ours),
    )  # fmt: skip


def contest_18() -> Pair:
    """A trained circuit against a trained perceptron; the best subcircuit against training."""
    models = ("circuit", "perceptron")
    right = figures_18.pick(runs_of("18_input_layers"), "test_accuracy", models)
    circuit, perceptron = (mean_over(right[model].values()) for model in models)
    ways = {"best": "cost_best", "trained": "cost_trained"}
    costs = figures_18.pick_ways(runs_of("18_subcircuits"), ways)
    best, trained = (mean_over(costs[way].values()) for way in ways)
    return (
        Contest("18", "trained circuit as input layer", "perceptron, one hidden layer",
                f"test accuracy, {len(TASKS)} tasks", circuit - perceptron),
        Contest("18", "best mask of gates", "training the same angles",
                f"training cost, {len(TASKS)} tasks", trained - best),
    )  # fmt: skip


def contest_19() -> Pair:
    """Shots against drawn images; a mask on pairs by label against all pairs."""
    at_four = runs_of("19_shots").query("`parameters.depth` == 4").sort_values("seed")
    by_shots, drawn = (
        np.array([np.log2(need).mean() for need in at_four[f"result.need_{way}"]])
        for way in ("circuit", "drawn")
    )
    runs = runs_of("19_depth")
    sparse, exact = (
        find_seeds(runs, f"result.accuracy_{name}", depth=4) for name in ("by_label", "exact")
    )
    return (
        Contest("19", "shots of a circuit", "drawn training images",
                "needed for one sign, log2, 4 layers", drawn - by_shots),
        Contest("19", "mask on pairs, by label", "all pairs, solved",
                "test accuracy, 4 layers", sparse - exact),
    )  # fmt: skip


def contest_20() -> Pair:
    """Stages against one solve of as many neurons; the best mask against a solved read-out."""
    runs = runs_of("20_stages")
    digits = runs[runs["parameters.task_name"] == "digits"]
    staged = figures_20.pick(digits, "accuracy", n_hidden=64, n_stages=20)[:, -1]
    once = figures_20.pick(digits, "accuracy", n_hidden=1280, n_stages=1)[:, 0]
    mask, solved = (mean_over(figures_20.by_task(runs_of("20_choice"), way).values())
                    for way in ("mask", "all"))  # fmt: skip
    return (
        Contest("20", "20 stages of 64 neurons", "one solve of 1,280",
                "test accuracy, digits", staged - once),
        Contest("20", "best mask of 12, read-out ±a", "all 12, solved",
                "test accuracy, 5 tasks", mask - solved),
    )  # fmt: skip


def contest_21() -> Pair:
    """Two random layers against one; the best mask against a solved read-out."""
    runs = runs_of("21_widths")
    spirals = {"points": "spirals", "n_points": 100, "bias_range": 1.0,
               "labels": None, "dimension": None}  # fmt: skip
    two, one = (np.log2(find_seeds(runs, "result.width", layers=layers, **spirals))
                for layers in (2, None))  # fmt: skip
    readouts = runs_of("21_readouts")
    mask, solved = (find_seeds(readouts, f"result.test_{way}") for way in ("mask", "solved"))
    return (
        Contest("21", "two random layers", "one random layer",
                "neurons in all that separate, log2", one - (two + 1)),
        Contest("21", "best mask of 12, read-out ±a", "all 12, solved",
                "error on fresh points", solved - mask),
    )  # fmt: skip


def contest_22() -> Pair:
    """Low-bit search against straight-through; flips of a mask against real weights, trained."""
    costs = figures_22.pick_costs(runs_of("22_low_bit_weights"))
    search, straight, flips, real = (
        np.log2(costs[label][1]).mean(axis=0)
        for label in ("low-bit search", "straight through", "one-flip search", "real weights")
    )
    return (
        Contest("22", "low-bit search by a gradient", "straight through, best rate",
                "training cost, log2, 7 sizes", straight - search),
        Contest("22", "one-flip search of bits", "real weights, trained",
                "training cost, log2, 7 sizes", real - flips),
    )  # fmt: skip


def contest_23() -> Pair:
    """Complex filters against as many real numbers; the best mask against a solved read-out."""
    runs = runs_of("23_trained_filters")
    picked = [lesson_23.pick_trained(runs, task) for task in figures_23.TASKS]
    ours, real = (mean_over(of[name] for of in picked) for name in ("complex", "relu, 8 filters"))
    masks = [lesson_23.pick_readouts(runs_of("23_masks_and_readouts"), task, "complex")
             for task in ("moons", "digits_3v6")]  # fmt: skip
    mask, solved = (mean_over(of[way] for of in masks) for way in ("mask", "solved"))
    return (
        Contest("23", "4 complex filters", "8 relu filters, as many numbers",
                "test accuracy, 2 tasks", ours - real),
        Contest("23", "best mask of 12, read-out ±a", "all 12, solved",
                "test accuracy, 2 tasks", mask - solved),
    )  # fmt: skip


def contest_24() -> Pair:
    """Adaptive steps against constant ones; the mixture over masks against a solved read-out."""
    variances = figures_24.pick_variances(runs_of("24_steps"))
    adaptive, constant = (np.abs(variances[figures_24.METHODS[name]][0] - 1)
                          for name in ("none", "sgld"))  # fmt: skip
    mixture, solved = (find_seeds(runs_of("24_mixtures"), f"result.{name}_accuracy")
                       for name in ("mixture", "solved"))  # fmt: skip
    return (
        Contest("24", "adaptive steps", "constant steps",
                "variance off the target, smallest step", constant - adaptive),
        Contest("24", "mixture of all masks", "all 12, solved",
                "test accuracy, moons", mixture - solved),
    )  # fmt: skip


def contest_25() -> Pair:
    """Sixteen codes against the best product state; annealed masks against one-flip search."""
    codes = find_seeds(runs_of("25_codes"), "result.error", codes=16)
    product = find_seeds(runs_of("25_blocks"), "result.error", block_size=1)
    annealed, flips = (find_seeds(runs_of("25_searches"), "result.regret", search=search)
                       for search in ("variational", "one-flip"))  # fmt: skip
    return (
        Contest("25", "wave function of 16 codes", "best product state",
                "energy above the exact one", product - codes),
        Contest("25", "mask by variational annealing", "mask by one-flip search",
                "regret, 640 queries", flips - annealed),
    )  # fmt: skip


def contest_26() -> Pair:
    """Trained large kernels against a rule of one line; the best mask against a solved read-out."""
    found = figures_26.accuracies(runs_of("26_trained"), runs_of("26_rivals"))
    large, rule = found["kernel 40, trained"], found[figures_26.RIVALS["rule"]]
    mask, solved = (mean_over(find_seeds(runs_of("26_masks"), f"result.{way}", map=name)
                              for name in ("logistic", "sine_circle"))
                    for way in ("best", "solved"))  # fmt: skip
    return (
        Contest("26", "large kernels, trained", "rule: no period up to 64",
                "test accuracy, logistic map", large - rule[: len(large)]),
        Contest("26", "best mask of 12, read-out ±a", "all 12, solved",
                "test accuracy, 2 maps", mask - solved),
    )  # fmt: skip


#: Lesson -> its two contests.
CONTESTS: dict[str, Callable[[], Pair]] = {
    "17": contest_17,
    "18": contest_18,
    "19": contest_19,
    "20": contest_20,
    "21": contest_21,
    "22": contest_22,
    "23": contest_23,
    "24": contest_24,
    "25": contest_25,
    "26": contest_26,
}


def all_contests() -> tuple[list[Contest], list[Contest]]:
    """Those of the papers' sides, and those of masks, by lesson."""
    pairs = [contest() for contest in CONTESTS.values()]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


# Bits across a cut


def held_17() -> Held:
    """Signs fixed by b, and the search of the ten that are left."""
    bits, _ = figures_17.pick_bits(runs_of("17_bits"))
    kept = figures_17.pick_kept(runs_of("17_guides"))["b"][FIXED.index(6)]
    return Held("17", "10 of 16 signs, six fixed by b", bits["b"][0], bits["b"][3],
                f"best mask left in {kept.mean():.0%}")  # fmt: skip


def held_18() -> Held:
    """Couplings within blocks of three qubits, mean over tasks."""
    points = figures_18.pick_blocks(runs_of("18_input_layers"))
    bits = mean_over(bits for bits, _ in points.values())
    right = mean_over(right for _, right in points.values())
    return Held("18", "couplings in blocks of 3 of 6", bits[-1], bits[2],
                f"accuracy {(right[2] - right[-1]).mean():+.3f}")  # fmt: skip


def held_19() -> Held:
    """HHL's clock and data, of all pairs of 16 images and of pairs by label, 4 layers."""
    bits = lesson_19.bits_by_depth([4], seeds=_SEEDS_19)
    lost = contest_19()[1].gaps.mean()
    return Held("19", "pairs by label, of 16 images", bits["exact"][0], bits["by label"][0],
                f"accuracy {lost:+.3f}")  # fmt: skip


def held_21() -> Held:
    """Blocks of four of twelve neurons that separate."""
    kept, bits = (figures_21.pick_by(runs_of("21_blocks"), "block_size", name)
                  for name in ("kept", "bits"))  # fmt: skip
    return Held("21", "blocks of 4 of 12 neurons", bits[12], bits[4],
                f"{(kept[4] - kept[12]).mean():+.2f} neurons kept")  # fmt: skip


def held_22() -> Held:
    """Blocks of four of 15 weights."""
    _, (sizes, bits) = figures_22.pick_blocks(runs_of("22_blocks"), 15)
    costs = figures_22.pick_blocks(runs_of("22_blocks"), 15)[0]["QAOA"]
    found = dict(zip(*costs, strict=True))
    flips = figures_22.pick_costs(runs_of("22_low_bit_weights"))["one-flip search"][1][0]
    of = dict(zip(sizes, bits, strict=True))
    more = round((found[4] / flips).mean() - 1, 3) + 0.0  # no minus before a 0
    return Held("22", "blocks of 4 of 15 weights", of[15], of[4],
                f"cost {more:+.1%} to one-flip")  # fmt: skip


def held_23() -> Held:
    """One filter of each four: the same for every seed, by formula."""
    choices = lesson_23.pick_choices(runs_of("23_random_filters"), "complex")
    whole, local = (
        np.full(2, lesson_23.most_bits(lesson_23.states_of_start(name)))
        for name in ("any 3 of 12", "block by block")
    )
    span = (choices["cost_any"] - choices["cost_enumeration"]).mean()
    lost = (choices["cost_blocks"] - choices["cost_enumeration"]).mean() / span
    return Held("23", "1 of each 4 of 12 filters", whole, local, f"{lost:.0%} of the gain")


def held_24() -> Held:
    """Blocks of four of twelve neurons, drawn anew."""
    sizes, bits, errors = figures_24.pick_blocks(runs_of("24_blocks"))
    at = sizes.index(4)
    return Held("24", "blocks of 4 of 12 neurons", bits[-1], bits[at],
                f"error {(errors[at] / errors[0]).mean():.2f} of blocks of 1")  # fmt: skip


def held_25() -> Held:
    """A product of states of four neurons each, and the state of all twelve."""
    runs = runs_of("25_blocks")
    whole, local = (find_seeds(runs, "result.bits", block_size=size) for size in (12, 4))
    error = find_seeds(runs, "result.error", block_size=4).mean()
    return Held("25", "product of blocks of 4 of 12", whole, local, f"energy {error:+.4f}")


def held_26() -> Held:
    """Blocks of four of twelve filters: the same for every seed, by formula."""
    runs = runs_of("26_masks").query("`parameters.map` == 'logistic'")
    whole, local, lost = (runs[f"result.{name}"].to_numpy(np.float64)
                          for name in ("bits_12", "bits_4", "regret_4"))  # fmt: skip
    return Held("26", "blocks of 4 of 12 filters", whole, local, f"{lost.mean():.0%} of the gain")


#: Of the lessons that measured bits, by a whole and by a local choice.
HELD: tuple[Callable[[], Held], ...] = (
    held_17, held_18, held_19, held_21, held_22, held_23, held_24, held_25, held_26,
)  # fmt: skip


def all_held() -> list[Held]:
    """What each of `HELD` measured."""
    return [held() for held in HELD]
