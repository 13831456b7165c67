"""Measure the default problems over 20 seeds and write docs/measurements.md and its figure.

usage: python tools/measure.py [SECTION ...]     (some minutes; sections are named below)
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from labkit.activations import draw_network, draw_nk_network
from labkit.amplification import expected_calls
from labkit.ansatz import ramp_angles
from labkit.baselines import train_networks
from labkit.circuits.qaoa import qaoa_circuit
from labkit.circuits import circuit_report
from labkit.datasets import Task, load_task
from labkit.plots import draw_growth, growth_in_words, new_axes, render_png
from labkit.problems import Problem, build_problem
from labkit.scoring import accuracy, network_cost, nk_cost
from labkit.selectors import (
    adaptive_grover,
    dynamic_programming,
    fit_growth,
    local_selection,
    one_flip_search,
    optimise_angles,
    oracle_calls_to_optimum,
    queries_to_optimum,
    random_search,
    run,
)
from labkit.simulators import evolve_qaoa, light_cone_expectation, probabilities

DOCS = Path(__file__).resolve().parents[1] / "docs"
SEEDS = range(20)
LIMITLESS = 10**9
Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Section:
    """A table of measurements.

    Attributes:
        title: of the section.
        remark: how it was measured.
        columns: their names.
        rows: as many cells each.
    """

    title: str
    remark: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    def markdown(self) -> str:
        """Title, remark and table."""
        lines = [self.columns, ["---"] * len(self.columns), *self.rows]
        table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
        return f"## {self.title}\n\n{self.remark}\n\n{table}\n"


def spread(values: Sequence[float] | Values, form: str = ".3f") -> str:
    """Mean ± standard deviation."""
    return f"{np.mean(values):{form}} ± {np.std(values, ddof=1):{form}}"


def generator(seed: int) -> np.random.Generator:
    """The random generator of a run."""
    return np.random.default_rng(seed)


def measure_small() -> Section:
    """The best of all subnetworks against trained networks of the same size."""
    cases: list[tuple[str, int, dict[str, Any]]] = [
        ("digits_3v6", 5, {"mask_kind": "weight", "scale": 3.0}),
        ("iris", 5, {"mask_kind": "weight", "scale": 3.0}),
        ("moons", 12, {}),
        ("moons", 16, {}),
    ]
    rows = []
    for name, n_hidden, options in cases:
        problems = [build_problem(name, n_hidden, seed=s, **options) for s in SEEDS]
        best = np.array([p.accuracy(p.table.optimal_masks()[0]) for p in problems])
        trained = trained_accuracy(problems[0].task, n_hidden)
        near = np.mean(best >= trained.mean() - 0.01)
        kind = f"{problems[0].n_neurons} {options.get('mask_kind', 'neuron')} bits"
        cells = [name, kind, spread(best), f"{np.median(best):.3f}", spread(trained), f"{near:.0%}"]
        rows.append(cells)
    return Section(
        "Small networks: the best of all subnetworks",
        "Test accuracy of the subnetwork of least cross-entropy on the training data, on two "
        "principal components; trained: networks of the same size.",
        ["task", "mask", "best subnetwork", "median", "trained", "within 1 point of trained"],
        rows,
    )


def trained_accuracy(task: Task, n_hidden: int) -> Values:
    """Test accuracy of 20 trained networks."""
    return train_networks(task, n_hidden, n_networks=len(SEEDS), seed=0).test_accuracy


def measure_large() -> Section:
    """One-flip search among hundreds of neurons."""
    rows = []
    cases = [("moons", 1024), ("circles", 256), ("breast_cancer", 1024), ("digits_3v6", 256)]
    for name, n_hidden in cases:
        task, found, queries = load_task(name), [], []
        for seed in SEEDS:
            network = draw_network(task.n_features, n_hidden, scale=2.0, seed=seed)
            network = network.adapted(task.x_train)
            cost = network_cost(network, task.x_train, task.y_train)
            selection = run(one_flip_search, cost, rng=generator(seed))
            outputs = network.outputs(task.x_test, selection.neuron_mask)
            found.append(accuracy(outputs, task.y_test))
            queries.append(selection.ledger.cost_queries)
        trained = trained_accuracy(task, n_hidden)
        rows.append([name, str(n_hidden), spread(found), spread(trained), spread(queries, ",.0f")])
    return Section(
        "Large networks: one-flip search",
        "Test accuracy; cross-entropy, scale 2, all features.",
        ["task", "neurons", "one-flip search", "trained", "cost queries"],
        rows,
    )


def measure_qaoa() -> Section:
    """The chance of an optimum in one shot, by layers."""
    n, rows = 12, []
    tables = [build_problem("moons", n, seed=s).table for s in SEEDS]

    def chance(table: Any, angles: Any) -> float:
        state = evolve_qaoa(table, angles[0] / table.std, angles[1])
        return float(probabilities(state)[table.marked(table.minimum)].sum())

    for p in (1, 4, 8):
        ramp = ramp_angles(p, n, std=1.0)
        trained = [optimise_angles(t, ramp, evaluations=100) for t in tables]
        transferred = [chance(t, trained[0]) for t in tables[1:]]
        by_gradient = [chance(t, angles) for t, angles in zip(tables, trained, strict=True)]
        by_ramp = [chance(t, ramp) for t in tables]
        rows.append([str(p), spread(by_ramp), spread(by_gradient), spread(transferred)])
    return Section(
        "QAOA: chance of an optimum in one shot",
        f"moons, {n} neurons, X mixer; a random mask has {1 / 2**n:.4f}. Trained: 100 evaluations "
        "of the exact gradient of the mean cost from the ramp. Transferred: those of the first "
        "network on the 19 others.",
        ["layers p", "ramp", "trained", "transferred"],
        rows,
    )


def measure_ties() -> Section:
    """Grover's search where many masks are equally good."""
    options: dict[str, Any] = {"mask_kind": "weight", "scale": 3.0, "cost": "error_rate"}
    tables = [build_problem("iris", 5, seed=s, **options).table for s in SEEDS]
    marked = [int(t.marked(t.minimum).sum()) for t in tables]
    calls = [expected_calls(15, m) for m in marked]
    row = [f"{np.median(marked):.0f} ({min(marked)} to {max(marked)})", f"{np.median(calls):.1f}"]
    return Section(
        "Grover's search: many equal optima",
        "iris, weight masks of 15 bits, error rate; medians over the networks.",
        ["optimal masks M of 32,768 (range)", "expected oracle calls with M known"],
        [row],
    )


def measure_calls() -> Section:
    """Calls until an optimum is met, and how they grow."""
    sizes, rng = [6, 8, 10, 12, 14, 16], generator(0)
    searches: dict[str, Callable[[Any], Any]] = {
        "adaptive Grover, oracle calls": lambda t: oracle_calls_to_optimum(
            adaptive_grover, t, rng=rng, max_oracle_calls=LIMITLESS
        ),
        "random search, cost queries": lambda t: queries_to_optimum(random_search, t, rng=rng),
        "one-flip search, cost queries": lambda t: queries_to_optimum(
            one_flip_search, t, rng=rng, restarts=LIMITLESS
        ),
    }
    tables = {n: [build_problem("moons", n, seed=s).table for s in SEEDS] * 10 for n in sizes}
    calls = {
        label: np.array([search(tables[n]) for n in sizes[:-1]])
        for label, search in searches.items()
    }
    fits = {label: fit_growth(sizes[:-1], counted, rng=rng) for label, counted in calls.items()}
    largest = [search(tables[16]) for search in searches.values()]
    draw_calls_growth(sizes[:-1], calls, fits)
    rows = [
        [label, *(f"{row.mean():,.0f}" for row in [*counted, at_16]),
         f"{fits[label].exponent:.3f} ({fits[label].low:.3f} to {fits[label].high:.3f})"]
        for (label, counted), at_16 in zip(calls.items(), largest, strict=True)
    ]  # fmt: skip
    return Section(
        "Calls until an optimum is met",
        "moons, neuron masks; means over 200 runs, ten on each of 20 networks. Verifications count "
        "as oracle calls. The exponent per neuron is fitted to n = 6 to 14, with its 95% bootstrap "
        "interval over runs."
        f"\n\n![{growth_in_words(fits)}](calls_to_optimum.png)",
        ["search", *(f"n = {n}" for n in sizes), "exponent"],
        rows,
    )


def draw_calls_growth(sizes: Sequence[int], calls: Any, fits: Any) -> None:
    """Writes the figure."""
    (ax,) = new_axes(width=6.4, height=4.2)
    draw_growth(ax, sizes, calls, fits)
    (DOCS / "calls_to_optimum.png").write_bytes(render_png(ax))


def measure_blocks() -> Section:
    """Regret of local selection against the size of its blocks."""
    problems = [
        build_problem("breast_cancer", 6, seed=s, hidden_layers=2, n_components=None) for s in SEEDS
    ]
    rows = []
    for scheme in ("solo", "one_pass", "sweeps", "random_blocks", "clusters"):
        regrets = [[regret(p, scheme, size, s) for s, p in enumerate(problems)]
                   for size in (1, 2, 4, 6)]  # fmt: skip
        rows.append([scheme, *map(spread, regrets)])
    return Section(
        "Local selection: regret against block size",
        "breast_cancer, two hidden layers of 6 neurons, all 2^12 subnetworks scored; regret: "
        "cross-entropy above the least.",
        ["scheme", *(f"block size {size}" for size in (1, 2, 4, 6))],
        rows,
    )


def regret(problem: Problem, scheme: str, block_size: int, seed: int) -> float:
    """How much more the mask found costs than the best one."""
    options: dict[str, Any] = {"scheme": scheme, "block_size": block_size}
    found = run(local_selection, problem.table, rng=generator(seed), **options)
    return found.cost - problem.table.minimum


def measure_weights() -> Section:
    """Local selection among 124 weights."""
    task, rows = load_task("breast_cancer"), []
    trained = trained_accuracy(task, 4)
    for block_size in (1, 4, 8, 10):
        found, queries = [], []
        for seed in SEEDS:
            network = draw_network(task.n_features, 4, mask_kind="weight", scale=3.0, seed=seed)
            network = network.adapted(task.x_train)
            cost = network_cost(network, task.x_train, task.y_train)
            selection = run(local_selection, cost, rng=generator(seed), block_size=block_size)
            outputs = network.outputs(task.x_test, selection.neuron_mask)
            found.append(accuracy(outputs, task.y_test))
            queries.append(selection.ledger.cost_queries)
        rows.append([str(block_size), spread(found), spread(trained), spread(queries, ",.0f")])
    return Section(
        "Local selection among 124 weights",
        "breast_cancer, 4 hidden units, weight masks; sweeps, each block by enumeration; test "
        "accuracy.",
        ["block size", "sweeps", "trained", "cost queries"],
        rows,
    )


def measure_nk() -> Section:
    """NK networks: locality against quality, depth and two-qubit gates."""
    rows = []
    cases = [("moons", 24, k) for k in (2, 3, 4, 5)] + [
        (name, n, 4) for name in ("moons", "breast_cancer", "digits_3v6") for n in (64, 256)
    ]
    for name, n, k in cases:
        costs, found, greedy = list[float](), list[float](), list[float]()
        task = load_task(name)
        for seed in SEEDS:
            network = draw_nk_network(task.n_features, n, k, scale=2.0, seed=seed)
            network = network.adapted(task.x_train)
            cost = nk_cost(network, task.x_train, task.y_train, cost="cross_entropy")
            for selector, kept in ((dynamic_programming, found), (one_flip_search, greedy)):
                selection = run(selector, cost, rng=generator(seed))
                outputs = network.prediction(task.x_test, selection.neuron_mask)
                kept.append(accuracy(outputs.reshape(-1, 1), task.y_test))
            costs.append(selection.cost / run(dynamic_programming, cost, rng=generator(0)).cost - 1)
        report = circuit_report(qaoa_circuit(cost, *ramp_angles(1, n, std=1.0)))
        rows.append([name, str(n), str(k), spread(found), spread(greedy), f"{np.mean(costs):.1%}",
                     f"{report.depth:,}", f"{report.two_qubit_gates:,}"])  # fmt: skip
    return Section(
        "NK networks: locality",
        "Test accuracy of the mean of the outputs; cross-entropy, scale 2, adjacent "
        "neighbourhoods of K neurons. Exact: by dynamic programming. Excess: by how much one-flip "
        "search costs more. Depth and two-qubit gates: of one QAOA layer. " + at_scale(),
        ["task", "N", "K", "exact", "one-flip", "excess", "depth", "two-qubit gates"],
        rows,
    )


def at_scale() -> str:
    """What two layers of the ramp reach among 1,000 neurons, by light cones."""
    task = load_task("moons")
    network = draw_nk_network(2, 1000, 3, scale=2.0, seed=0).adapted(task.x_train)
    cost = nk_cost(network, task.x_train, task.y_train, cost="cross_entropy")
    least = run(dynamic_programming, cost, rng=generator(0)).cost
    # each neuron meets K - 1 others on either side: the ramp of as many neurons
    reached = light_cone_expectation(cost, *ramp_angles(2, 5, std=cost.std))
    return (
        f"moons, N = 1,000, K = 3, one network: mean cost of all masks {cost.mean:.4f}, of two "
        f"QAOA layers {reached:.4f} (light cones), least {least:.4f}."
    )


SECTIONS: dict[str, Callable[[], Section]] = {
    "small": measure_small,
    "large": measure_large,
    "qaoa": measure_qaoa,
    "ties": measure_ties,
    "calls": measure_calls,
    "blocks": measure_blocks,
    "weights": measure_weights,
    "nk": measure_nk,
}
HEADER = """\
# Measurements

Made by `make measure`; do not edit. Every number is a mean ± standard deviation over 20 random
networks, seeds 0 to 19, unless its section says otherwise.
"""


def main(names: Sequence[str]) -> None:
    """Measure, and write the page if no section is left out."""
    texts = []
    for name in names or SECTIONS:
        texts.append(SECTIONS[name]().markdown())
        print(texts[-1], flush=True)
    if not names:
        (DOCS / "measurements.md").write_text("\n".join([HEADER, *texts]), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
