"""Measurements of searches: calls until an optimum is met, QAOA, local selection."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from measured import DOCS, SEEDS, Section, generator, spread

from labkit.amplification import expected_calls
from labkit.ansatz import ramp_angles
from labkit.course.plots import draw_growth, growth_in_words, new_axes, render_png
from labkit.problems import Problem, build_problem
from labkit.selectors import (
    adaptive_grover,
    fit_growth,
    local_selection,
    one_flip_search,
    optimise_angles,
    oracle_calls_to_optimum,
    queries_to_optimum,
    random_search,
    run,
)
from labkit.simulators import evolve_qaoa, probabilities

LIMITLESS = 10**9


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
        of_another = [*trained[1:], trained[0]]
        transferred = [chance(t, angles) for t, angles in zip(tables, of_another, strict=True)]
        by_gradient = [chance(t, angles) for t, angles in zip(tables, trained, strict=True)]
        by_ramp = [chance(t, ramp) for t in tables]
        rows.append([str(p), spread(by_ramp), spread(by_gradient), spread(transferred)])
    return Section(
        "QAOA: chance of an optimum in one shot",
        f"moons, {n} neurons, X mixer; a random mask has {1 / 2**n:.4f}. Trained: 100 evaluations "
        "of the exact gradient of the mean cost from the ramp. Transferred: those of the next "
        "network.",
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
