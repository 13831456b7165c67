"""The folded answers to the questions beside explorers: each number in them is computed here."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from notebook_measures import (
    all_notebooks,
    explorer_cells,
    numbers_in,
    tagged,
    to_number,
    unsupported_numerals,
    without_sources,
)
from run_notebooks import FOLDER, read

from labkit.circuits.qaoa import qaoa_circuit
from labkit.circuits.reports import circuit_report
from labkit.costs import PauliZCost
from labkit.course.explorers.chaotic_series import SeriesView
from labkit.course.explorers.cost_table import CostTableView
from labkit.course.explorers.hardware import FORMS, HardwareView, compile_form
from labkit.course.explorers.kernel import KernelView, view_kernel
from labkit.course.explorers.layers import LayersView, view_layers
from labkit.course.explorers.linear_system import RUNS, LinearSystemView
from labkit.course.explorers.locality import view_setting
from labkit.course.explorers.low_bit import LOOKED_AT, LowBitView, train_low_bit
from labkit.course.explorers.network import NetworkView
from labkit.course.explorers.nk import KS, view_nk
from labkit.course.explorers.oracle import OracleView
from labkit.course.explorers.phases import PHASES, PhaseView
from labkit.course.explorers.race import BUDGETS, RaceView
from labkit.course.explorers.residual import MAX_STAGES, view_stages
from labkit.course.explorers.reuse import ReuseView
from labkit.course.explorers.sampler import BETAS, SamplerView
from labkit.course.explorers.separation import (
    MAX_NEURONS,
    RANGES,
    SETS,
    SeparationView,
    least_widths,
)
from labkit.course.explorers.spectrum import SpectrumView
from labkit.course.explorers.subcircuit import SubcircuitView
from labkit.course.explorers.theatre import find_walk
from labkit.course.explorers.unknown_count import find_rounds, view_pass
from labkit.course.gated_circuits import build_gated_circuit
from labkit.course.lessons.lesson_06_computed_oracle import quantised_weights
from labkit.course.lessons.lesson_14a_noise_and_hardware import ERRORS
from labkit.course.lessons.lesson_17_linear_systems import PAIRS, build_weights
from labkit.masks import mask_to_string
from labkit.problems import build_problem

#: Number of a lesson -> what its answers say, as computed.
ANSWERS: dict[str, Callable[[], list[str]]] = {}
STARTS = range(20)
_ANSWER = "<details><summary>Answer to "
_QUESTIONS = re.compile(r"(?m)^2\. ")


def answers(number: str) -> Callable[[Callable[[], list[str]]], Callable[[], list[str]]]:
    """Registers the phrases of one notebook's answers."""

    def register(phrases: Callable[[], list[str]]) -> Callable[[], list[str]]:
        ANSWERS[number] = phrases
        return phrases

    return register


def answer_text(number: str) -> str:
    """The answers of a notebook; the cell is tagged, and right after the questions or explorer."""
    (path,) = FOLDER.glob(f"{number}_*.ipynb")
    (cell,) = tagged(read(path), "answer")
    return str(cell.source)


@answers("01")
def network_answers() -> list[str]:
    views = {n: NetworkView(build_problem("moons", n, seed=11), 1) for n in (8, 12)}
    met, right = views[8].met_best, views[8].shares
    wide = views[12]
    return [
        f"From {met[0]:.0%} of the starts in blocks of 1, from {met[6]:.0%} in blocks of 7, from "
        "all in one block of 8",
        f"{right[0]:.1%} of the test samples right become {right[7]:.1%}",
        "8 qubits held together instead of 1",
        f"{wide.best:.1%} against {wide.solved:.1%}; all neurons on get {wide.whole:.1%}",
    ]


@answers("02")
def cost_table_answers() -> list[str]:
    tables = {
        (n, cost): build_problem("circles", n, seed=12, cost=cost).table
        for n in (8, 12)
        for cost in ("cross_entropy", "error_rate")
    }
    smooth, counted = (CostTableView(tables[8, c], 1) for c in ("cross_entropy", "error_rate"))
    wide = CostTableView(tables[12, "cross_entropy"], 1)
    minima, reached = smooth.n_stuck, smooth.n_reached
    assert minima[2:] == [1] * 6 and wide.n_reached[0] == 13
    costs, at = counted.table.costs, np.flatnonzero(counted.stuck)
    level = np.isclose(costs[at[:, None] ^ (1 << np.arange(8))], costs[at][:, None])
    n_level = int(level.any(axis=1).sum())
    return [
        f"{minima[0]}, the costliest {smooth.worst:.4f} above the best",
        f"Blocks of 2 leave {minima[1]} of them, blocks of 3 only the best",
        f"{reached[0]} in blocks of 1, {reached[2]} in blocks of 3, all {reached[7]} in blocks of "
        "8",
        f"{counted.n_stuck[0]}, {n_level} of them beside a mask of equal cost",
        f"Blocks of 2 leave {counted.n_stuck[1]}.",
        f"with blocks of 3 they grow from {reached[2]} to {wide.n_reached[2]}",
        f"With blocks of 1 the local minima grow from {minima[0]} to {wide.n_stuck[0]}",
    ]


@answers("05")
def unknown_count_answers() -> list[str]:
    problem = build_problem("moons", 12, seed=2)
    rounds, cost = find_rounds(problem, 0, 6), view_pass(problem, 0, 6).offered[0]
    met = int(np.flatnonzero(rounds.thresholds <= cost.minimum)[0])
    passes = {k: view_pass(problem, 0, k) for k in range(1, 13)}
    regrets = [passes[k].regret for k in passes]
    assert np.ptp(regrets[:10]) < 1e-9 and max(regrets[10:]) < 1e-9
    mean = {k: np.mean([view_pass(problem, s, k).regret for s in STARTS]) for k in (1, 4, 8)}
    assert passes[1].unknown > passes[1].masks
    assert all(passes[k].unknown < passes[k].masks for k in range(2, 13))
    of_pass = np.array([[passes[k].unknown, passes[k].masks] for k in range(2, 13)])
    assert np.all(np.diff(of_pass, axis=0) > -1e-9) and np.all(
        np.diff(of_pass[:, 1] / of_pass[:, 0]) > 0
    )
    all_at_once = passes[12].masks / passes[12].unknown
    return [
        f"In round {met}, after {rounds.calls[met]} calls",
        f"here for {len(rounds.calls) - 1 - met} rounds",
        f"On 12 qubits {passes[12].unknown:.0f} calls instead of {passes[12].masks:,}, "
        f"{all_at_once:.0f} times fewer",
        f"on 6 it is {passes[6].unknown:.0f} instead of {passes[6].masks}",
        f"on 2, {passes[2].unknown:.0f} instead of {passes[2].masks}",
        f"With blocks of 1 asking is cheaper, {passes[1].masks} against {passes[1].unknown:.0f}",
        f"all sizes up to 10 end {regrets[0]:.4f} above the least cost; 11 and 12 meet it",
        f"over {len(STARTS)} starts is {mean[1]:.4f} with blocks of 1, {mean[4]:.4f} with 4, "
        f"{mean[8]:.4f} with 8",
    ]


@answers("06")
def oracle_answers() -> list[str]:
    weights = quantised_weights("digits_3v6", 6, 4, seed=7)
    views = [OracleView(weights, threshold, "table") for threshold in (4, 3, 2, 1)]
    listed, computed = views[0].sizes["table"], views[0].sizes["computed"]
    gates = [f"{view.sizes['table'].two_qubit_gates:,}" for view in views]
    marked = [str(view.n_marked) for view in views]
    assert {view.sizes["computed"].two_qubit_gates for view in views} == {computed.two_qubit_gates}
    near = [int(views[0].right[1 ^ (1 << j)]) for j in range(6)]
    assert views[0].right[1] == 4 and near.count(0) == 2 and near.count(4) == 1
    return [
        f"{listed.n_qubits} qubits and {listed.two_qubit_gates} two-qubit gates a call, but "
        f"{listed.queries_before} cost queries",
        f"needs {computed.n_qubits} qubits and {computed.two_qubit_gates} gates, and none",
        f"{', '.join(gates[:3])} and {gates[3]} gates for {', '.join(marked[:3])} and {marked[3]}",
        f"has {computed.two_qubit_gates} gates at each threshold",
        "000001",
    ]


@answers("08")
def spectrum_answers() -> list[str]:
    views = {
        cost: [
            SpectrumView(build_problem("moons", 10, seed=12, cost=cost).table, order)
            for order in range(1, 11)
        ]
        for cost in ("cross_entropy", "error_rate", "squared_error")
    }
    smooth, counted, squared = views.values()
    assert [v.max_order for v in smooth if v.regret == 0] == [1, *range(4, 11)]
    assert [v.max_order for v in counted if v.regret == 0] == [*range(6, 11)]
    assert squared[1].kept == pytest.approx(1) and squared[1].regret == 0
    cut = PauliZCost.from_table(counted[5].table, max_order=6)
    gates = circuit_report(qaoa_circuit(cut, [0.1], [0.1])).two_qubit_gates
    return [
        "Order 1, and all from order 4 on",
        f"cost {smooth[1].regret:.4f} and {smooth[2].regret:.4f} more than the best",
        "Orders 2 and 3 keep more of the variance than order 1",
        f"Up to order 6. That is {counted[5].n_terms} of 1,024 coefficients",
        f"takes {gates:,} two-qubit gates",
        "At order 2 all dots lie on the line",
        f"At order 1, {squared[0].kept:.0%} of the variance is kept",
        f"costs {squared[0].regret:.2f} more than the best",
    ]


@answers("08a")
def locality_answers() -> list[str]:
    def settings(dial: str, seed: int = 9) -> list[Any]:
        return [view_setting("breast_cancer", dial, value, 5, seed) for value in range(1, 6)]

    block, order, reads = map(settings, ("block size", "order", "K"))
    gates = [str(s.two_qubit_gates) for s in block]
    bits = [f"{s.bits:.2f}" for s in block]
    seeds = range(20)
    falls = sum((np.diff([s.bits for s in settings("K", seed)]) >= 0).all() for seed in seeds)
    lacking = [str(seed) for seed in seeds if settings("block size", seed)[0].regret > 0]
    of_order = [s.two_qubit_gates for s in order]
    assert np.all(np.diff([s.bits for s in order[1:]]) > 0)
    return [
        f"From 1 to 5 neurons: {', '.join(gates[:4])} and {gates[4]} gates, "
        f"{', '.join(bits[:4])} and {bits[4]} bits",
        "never reach 1",
        f"From 5 down to 2 the bits fall from {order[4].bits:.2f} to {order[1].bits:.2f}",
        f"from {of_order[4]} to {of_order[3]}, then fall to {of_order[2]} and {of_order[1]}",
        f"K = 3 has more bits than K = 4 here, {reads[2].bits:.2f} against {reads[3].bits:.2f}",
        f"On only {falls} of {len(seeds)} seeds",
        f"seeds {', '.join(lacking[:-1])} and {lacking[-1]} lack the star",
    ]


@answers("09")
def layers_answers() -> list[str]:
    problem = build_problem("moons", 10, seed=7, scale=1.0, cost="squared_error")
    better = {
        p: [
            k
            for k in range(1, 11)
            if view_layers(problem, k, p, "reused").chance
            > view_layers(problem, k, p, "ramp").chance
        ]
        for p in (1, 2, 3, 4)
    }
    assert [p for p in better if len(better[p]) == 10] == [1, 4]
    view = LayersView(problem, 4, 4)
    ramp, reused = ([view_layers(problem, k, 4, kind) for k in range(1, 11)]
                    for kind in ("ramp", "reused"))  # fmt: skip
    first = {kind: int(np.flatnonzero(calls < view.masks)[0]) + 1
             for kind, calls in view.lines("calls").items()}  # fmt: skip
    assert all((calls < view.masks)[first[kind] - 1 :].all()
               for kind, calls in view.lines("calls").items())  # fmt: skip
    assert first == {"ramp": 5, "reused": 4} and reused[0].bits < 1e-9
    return [
        "With 1 or 4 layers at every size",
        f"{reused[3].chance:.3f} against {ramp[3].chance:.3f} in blocks of 4",
        f"{reused[9].chance:.3f} against {ramp[9].chance:.3f} on all 10 neurons",
        "With 2 or 3 layers not at all sizes",
        f"From 0 bits with 1 neuron to {ramp[9].bits:.2f} by the ramp and {reused[9].bits:.2f} by "
        "reused angles with 10, where 5 is the bound",
        f"In blocks of 4 they are {ramp[3].bits:.2f} and {reused[3].bits:.2f}, of 2",
        "With reused angles from 4 on, with the ramp from 5 on",
        f"for 4 layers: {reused[3].calls:.0f} calls and {ramp[4].calls:.0f} against "
        f"{view.masks[3]} and {view.masks[4]}",
    ]


@answers("11")
def nk_answers() -> list[str]:
    cones = {k: [len(view_nk("moons", 12, k, p, 1).light_cone(0)) for p in (1, 2, 3)]
             for k in (3, 4)}  # fmt: skip
    assert cones[3][2] == cones[4][1] == 12
    best = [int(np.argmin([view_nk("moons", 12, k, 1, s).minimum for k in KS])) for s in range(20)]
    counts = np.bincount(best, minlength=len(KS))
    assert counts.min() >= 1 and sorted(counts)[-2:] == [counts[1], counts[4]]
    view = view_nk("moons", 12, 3, 1, 1)
    flips = view.problem.cost.evaluate(view.optimum ^ np.eye(12, dtype=bool)) - view.minimum
    empty = view_nk("moons", 12, 4, 1, 7)
    assert not empty.optimum.any() and empty.minimum == pytest.approx(np.log(2))
    return [
        f"For K = 3 at p = 3, after {cones[3][0]} and {cones[3][1]} of the 12 neurons at p = 1 and "
        "2",
        f"For K = 4 already at p = 2, after {cones[4][0]}",
        f"Of 20 seeds K = 5 has the least cost on {counts[4]}, K = 2 on {counts[1]}",
        f"neuron {flips.argmin()}: it costs {flips.min():.4f} more",
        f"neuron {flips.argmax()}, costs {flips.max():.4f}",
        f"{empty.minimum:.4f}, which is log 2",
        "exercise 3 of notebook 01",
        "on at least one",
    ]


@answers("12")
def theatre_answers() -> list[str]:
    problem = build_problem("breast_cancer", 10, seed=17)
    table = problem.table

    def met(size: int, scheme: str = "sweeps") -> list[int]:
        ends = [find_walk(problem, size, scheme, start).masks()[-1] for start in STARTS]
        return [start for start, end in zip(STARTS, ends, strict=True) if table.rank(end) == 1]

    walk = find_walk(problem, 2, "sweeps", 0)
    assert (walk.steps[3].after == walk.steps[3].before).all()
    counts = [str(len(met(size))) for size in range(1, 11)]
    assert [size for size in range(1, 11) if 0 in met(size)] == [5, 10]
    solo = [find_walk(problem, 2, "solo", start) for start in STARTS]
    up = [table.evaluate(w.masks()[-1]) > table.evaluate(w.masks()[0]) for w in solo]
    differ = np.flatnonzero(walk.masks()[-1] != table.optimal_masks()[0])
    in_halves = [len(met(size, "layers")) for size in range(5, 11)]
    assert up[0] and set(in_halves) == {len(met(5))} and len(met(10)) == 20
    return [
        f"Of {len(STARTS)} starts {', '.join(counts[:9])} and {counts[9]}, for blocks of 1 to 10",
        "The start shown needs 5, or all 10",
        f"above the start itself on {sum(up)} of 20 starts, this one among them",
        f"In neurons {differ[0]} and {differ[1]}",
        f"{in_halves[-1]} starts, as for `sweeps` with blocks of 5, against {len(met(10))} for",
    ]


@answers("14")
def race_answers() -> list[str]:
    problem = build_problem("moons", 8, seed=7)
    views = {budget: RaceView(problem, budget) for budget in BUDGETS[:2]}
    at_8, found = views[8].mean_regret, views[16].neuron_masks
    assert min(at_8, key=lambda name: at_8[name]) == "one-flip search"
    for budget in BUDGETS[:-1]:
        regret = RaceView(problem, budget).mean_regret
        assert regret["adaptive Grover"] < regret["random search"]
    masks = {name: mask_to_string(mask) for name, mask in found.items()}
    assert len({*masks.values()}) == 5
    assert masks["one-flip search"] == masks["local selection"] == "00101101"
    assert masks["adaptive Grover"] == masks["QAOA, ramp"]
    assert problem.table.rank("00101101") == 1
    return [
        f"after 8 calls its mean regret is {at_8['adaptive Grover']:.3f}, that of random search "
        f"{at_8['random search']:.3f}",
        f"One-flip search: {at_8['one-flip search']:.3f} after 8 calls",
        "Five: one-flip and local selection found the same mask, the best",
    ]


@answers("21")
def separation_answers() -> list[str]:
    ours, none = SeparationView("rings", 15, 1.0, 14), SeparationView("rings", 14, 1.0, 14)
    assert ours.is_separated and not none.is_separated and ours.least == 15
    ranges = dict(zip(RANGES, ours.widths, strict=True))
    missed = [value for value, width in ranges.items() if width is None and value]
    assert missed == [0.25, 4.0] and min(filter(None, ours.widths)) == ranges[1.0]
    at = RANGES.index(1.0)
    drawn = {name: [least_widths(name, seed) for seed in STARTS] for name in SETS}
    assert all(widths[0] is None for each in drawn.values() for widths in each)
    rings, moons = ([widths[at] or 99 for widths in drawn[name]] for name in ("rings", "moons"))
    return [
        f"At {ours.least}; {ours.n_cut} of these cut the rings",
        f"At λ = 1, with {ranges[1.0]}",
        f"At 0.25 and at 4 not even {MAX_NEURONS} of this network separate",
        f"None of the three, in 0 of {len(STARTS)} networks",
        f"The rings take {min(rings)} to {max(rings)} neurons, the moons {min(moons)} to "
        f"{max(moons)}",
        f"in the median {np.median(rings):g} against {np.median(moons):g}",
    ]


@answers("14a")
def hardware_answers() -> list[str]:
    forms = {form: compile_form(form, 6, 1) for form in FORMS}
    views = {(f, e): HardwareView(forms, f, e, 64, 1) for f in FORMS for e in ERRORS if e > 0}
    noisy = {form: views[form, 0.02] for form in FORMS}
    assert min(FORMS, key=lambda form: noisy[form].gain_left) == "table"
    for e in ERRORS[1:]:
        gaps = {f: views[f, e].gain_left - views[f, e].fidelity for f in FORMS}
        assert min(gaps.values()) > 0 and min(gaps, key=lambda f: gaps[f]) == "NK 2"
    table, nk = noisy["table"], noisy["NK 2"]
    assert table.shown.table.costs[table.found] == table.shown.table.minimum
    by_shots, by_chance = 1 - (1 - table.best_chance) ** 64, 1 - (1 - 1 / 64) ** 64
    return [
        f"gates, {table.shown.two_qubit_gates}: {table.gain_left:.3f} of its gain is left",
        f"`NK 2` has {nk.shown.two_qubit_gates} gates and keeps {nk.gain_left:.3f}",
        f"64 shots meet it with probability {by_shots:.2f}, and 64 random masks with "
        f"{by_chance:.2f}",
        f"at 2% with {nk.fidelity:.3f} against {nk.gain_left:.3f}",
    ]


@answers("17")
def linear_system_answers() -> list[str]:
    pair = PAIRS.index((6, 8))
    problem, ridged = build_weights(pair, 12), build_weights(pair, 12, ridge=1.0)
    few, more, many = (LinearSystemView(problem, problem, 6, runs, 6) for runs in RUNS[:3])
    at_million = LinearSystemView(problem, problem, 6, 10**6, 6)
    at_one = LinearSystemView(problem, ridged, 6, 10**6, 6)
    assert more.n_right == many.n_right == 12 and more.regret == 0.0
    kept = {name: int(np.flatnonzero(r == 0)[-1]) for name, r in at_million.regrets.items()}
    by_ridge = int(np.flatnonzero(at_one.regrets["counts"] == 0)[-1])
    return [
        f"At {few.runs:,} runs, of which {few.kept} are kept: {few.n_right} of 12 signs are right",
        f"the best mask is lost, by {few.regret:.4f}",
        f"At {more.runs:,}, with {more.kept} kept, all 12 are right",
        f"{at_one.kept:,} of a million, instead of {at_million.kept:,} at 0.01",
        f"up to {by_ridge} signs fixed it keeps the best mask, instead of {kept['counts']}",
        f"Here b goes up to {kept['b']} and w up to {kept['w']}: one problem says little of the "
        f"mean of {len(PAIRS)}",
    ]


@answers("19")
def kernel_answers() -> list[str]:
    def view(pattern: str, depth: int = 4, n_images: int = 128) -> KernelView:
        return view_kernel(n_images, depth, pattern, 3, 0)

    shallow, deep = view("exact"), view("exact", 32)
    few, random, near = (view(pattern) for pattern in ("by label", "any label", "nearest"))
    assert (few.kept == (random.kept & (few.y[:, None] == few.y))).all()
    assert deep.rows[3] @ deep.vector < 0 < shallow.rows[3] @ shallow.vector
    assert shallow.y_test[3] > 0 > np.linalg.eigvalsh(near.kernel)[0]
    small, double = view("exact", n_images=8), view("exact", n_images=16)
    right = {name: view(name).accuracy("zero") for name in ("by label", "any label", "diagonal")}
    assert len({*right.values()}) == 1
    return [
        f"From {shallow.condition:.2f} to {deep.condition:.2f}, and from "
        f"{shallow.accuracy('zero'):.0%} right to {deep.accuracy('zero'):.0%}. Image 3 is",
        f"{shallow.shots:,.1f} shots at 4 layers, and {deep.shots:.1f} at 32",
        f"{few.n_pairs} pairs are left instead of {random.n_pairs}. Both are at "
        f"{right['diagonal']:.0%}",
        f"condition number is {near.condition:,.2f}, and {near.accuracy('zero'):.0%} are right",
        "eigenvalues below 0",
        f"At 8 layers it is {view('nearest', 8).condition:.2f}, and "
        f"{view('nearest', 8).accuracy('zero'):.0%}",
        f"By one image of {len(small.y_test)}: {small.accuracy('median'):.0%} against "
        f"{small.accuracy('zero'):.0%}. With 16 training",
        f"ahead, {double.accuracy('zero'):.0%} against {double.accuracy('median'):.0%}",
    ]


@answers("18")
def subcircuit_answers() -> list[str]:
    def best(task: str, seed: int, n_gates: int) -> SubcircuitView:
        gated = build_gated_circuit(task, seed, n_gates, 2)
        return SubcircuitView(gated, gated.table.optimal_masks()[0])

    moons = {n: best("moons", 0, n) for n in range(8, 13)}
    cost = {n: round(view.cost, 3) for n, view in moons.items()}
    assert cost[8] == cost[9] == cost[10] and cost[11] == cost[12]
    assert [view.couplings for view in moons.values()] == [0, 0, 0, 1, 1]
    cancer, digits = best("breast_cancer", 3, 12), best("digits_3v8", 1, 12)
    whole = SubcircuitView(cancer.gated, np.ones(12, dtype=bool))
    return [
        "With 11 gates: one coupling stays, and the cost falls from "
        f"{cost[10]:.3f} to {cost[11]:.3f}, the bits rise from {moons[10].bits:.2f} to "
        f"{moons[11].bits:.2f}",
        f"{cancer.couplings} of 4 couplings, {cancer.bits:.2f} bits; all gates hold "
        f"{whole.bits:.2f}",
        f"It is right on {digits.test_accuracy:.1%} of the test samples",
    ]


@answers("20")
def residual_answers() -> list[str]:
    views = {k: view_stages("digits", 0.25, k, 0.5) for k in (1, 4)}
    assert views[1].accuracy == views[1].at_once and views[4].n_hidden == 16
    digits, mnist = (view_stages(task, 1.0, 4, 0.5) for task in ("digits", "mnist5k"))
    jumping, calm = (view_stages("digits", 0.25, 1, step) for step in (2.0, 0.5))
    assert np.all(np.diff(jumping.left) < 0) and np.any(np.diff(jumping.accuracies) < 0)
    return [
        f"Four stages of 16 get {views[4].accuracy:.3f}, the 64 neurons solved at once "
        f"{views[4].at_once:.3f}",
        f"both are the same network, {views[1].accuracy:.3f}",
        f"stages {digits.accuracy:.3f}, at once {digits.at_once:.3f}, line "
        f"{digits.prepared.line:.3f}",
        f"both: {mnist.accuracy:.3f} and {mnist.at_once:.3f} against {mnist.prepared.line:.3f}",
        f"at 2 it falls from {jumping.left[0]:.3f} to {jumping.left[-1]:.3f} of the targets in "
        f"{MAX_STAGES} stages",
        f"ends at {jumping.accuracies[-1]:.3f}; at 0.5 it ends at {calm.accuracies[-1]:.3f}",
    ]


@answers("22")
def low_bit_answers() -> list[str]:
    def at(epoch: int, final: float = 1000.0, rate: float = 0.003) -> LowBitView:
        return LowBitView(train_low_bit("breast_cancer", 8, 1, final, rate), epoch)

    near = [at(epoch).hard_cost < 1.05 * at(epoch).soft_cost for epoch in LOOKED_AT]
    met, flat, fast = at(LOOKED_AT[near.index(True)]), at(160, final=1.0), at(160, rate=0.1)
    decided = next(epoch for epoch in LOOKED_AT if at(epoch, rate=0.1).undecided == 0)
    return [
        f"At epoch {met.epoch}: {met.hard_cost:.4f} against {met.soft_cost:.4f}",
        f"{flat.undecided:.0%}: soft {flat.soft_cost:.4f}, hard {flat.hard_cost:.4f}, and "
        f"{flat.stale_cost:.4f} with stale",
        f"At epoch {decided}, in the middle of the rise, {0:.0%} are undecided",
        f"ends at {fast.hard_cost:.4f}, where the small rate ends at {at(160).hard_cost:.4f}",
    ]


@answers("23")
def phase_answers() -> list[str]:
    degrees = [phase for _, phase in PHASES]
    whole, half = ([PhaseView(0, phase, size, "modulus") for phase in degrees]
                   for size in (1.0, 0.5))  # fmt: skip
    fit = [view for view in whole if view.gap > 1e-9]
    best, other = max(whole, key=lambda view: view.gap), max(half, key=lambda view: view.gap)
    low, high = other.outputs[0], other.outputs[1]
    assert best.phase_2 == other.phase_2 and not PhaseView(0, 180, 0, "modulus").gap > 0
    turned = PhaseView(75, best.phase_2 + 75, 1, "modulus")
    np.testing.assert_allclose(turned.surface, best.surface, atol=1e-9)
    up, down = (PhaseView(0, 180, 1, "argument").surface[20 + i, 20] for i in (1, -1))
    assert abs(abs(up - down) - np.pi) < 0.1
    squared = PhaseView(0, 180, 1, "sine squared").outputs
    first, last = fit[0], fit[-1]
    return [
        f"From {first.phase_2:.0f}° to {last.phase_2:.0f}°. At {best.phase_2:.0f}° the gap is "
        f"largest, {best.gap:.2f}; at {first.phase_2:.0f}° and {last.phase_2:.0f}° it is "
        f"{first.gap:.2f}",
        f"{other.gap:.2f}, again at {other.phase_2:.0f}°: {high:.2f} for 01 and 10 against "
        f"{low:.2f} for 00 and 11. A size of 0",
        f"{squared[1]:.2f} for 01 and 10, {squared[0]:.2f} for 00 and 11",
        "u passes through 0",
    ]


@answers("24")
def sampler_answers() -> list[str]:
    plain, weighted = (
        {beta: SamplerView(0.1, beta, remedy, 0.1).variance for beta in BETAS}
        for remedy in ("none", "clock weights")
    )
    full = SamplerView(0.1, 0.9, "full", 0.1).variance
    assert plain[0.99] < plain[0.9] < plain[0.5] < plain[0]
    worst = max(BETAS, key=lambda beta: abs(weighted[beta] - 1))
    return [
        f"{plain[0.99]:.2f} with 0.99, {plain[0.9]:.2f} with 0.9, {plain[0]:.2f} with none",
        f"β = {worst:g}: {weighted[worst]:.2f}",
        f"Below: {full:.2f}" if full < 1 else f"Above: {full:.2f}",
    ]


@answers("25")
def reuse_answers() -> list[str]:
    def at(n: int = 32, codes: int = 16, mixing: str = "mean") -> ReuseView:
        return ReuseView(n, 3, codes, mixing, 0)

    averaged, normal = at().work.changed_sites[3], at(mixing="normal").work.changed_sites[3]
    first, second = at(64).work.changed_sites.mean(axis=0)
    assert (at(64).work.changed_sites == 1).all()
    return [
        f'{averaged[0]} and {averaged[1]}; with "normal" {normal[0]} and {normal[1]}',
        f"{first:.2f} and {second:.2f}: this network",
        f"With {32} codes all flips take {at(codes=32).saving:.0f} times fewer multiply-adds, "
        f"with {2} codes {at(codes=2).saving:.0f} times",
    ]


@answers("26")
def series_answers() -> list[str]:
    one, two, four = (SeriesView("logistic", 20, 0, stride) for stride in (1, 2, 4))
    last = SeriesView("logistic", 40, 0, 1)
    assert one.parameter == 3.5 and last.parameter == 4 and one.periods == (4, 4)
    assert last.periods == (0, 0) and abs(last.exponent - np.log(2)) < 0.005
    return [
        f"The exponent is {one.exponent:.3f}",
        f"The series has period {one.periods[0]}, and so has the activation",
        f"At stride 2 it has period {two.periods[1]}, at stride 4 period {four.periods[1]}",
        f"the exponent is {last.exponent:.3f}",
    ]


@pytest.mark.parametrize("number", sorted(ANSWERS))
def test_each_number_of_an_answer_is_computed(number: str) -> None:
    text, phrases = answer_text(number), ANSWERS[number]()
    said = " ".join(re.sub("<summary>.*?</summary>", " ", text).split())
    for phrase in phrases:
        assert phrase in said
    known = {value for phrase in phrases for value in numbers_in(phrase)}
    stated = re.findall(r"(?<![\w.^,`])\d+(?:,\d{3})*(?:\.\d+)?(?![\w^])", without_sources(said))
    assert [numeral for numeral in stated if to_number(numeral) not in known] == []


@pytest.mark.parametrize("path", all_notebooks(), ids=lambda path: path.stem)
def test_each_number_of_other_answers_is_computed_or_asserted_by_their_notebook(path: Path) -> None:
    notebook = read(path)
    if path.stem.partition("_")[0] in ANSWERS:
        return
    for cell in tagged(notebook, "answer"):
        cell.metadata["tags"] = []
    assert unsupported_numerals(notebook) == []


@pytest.mark.parametrize("path", all_notebooks(), ids=lambda path: path.stem)
def test_each_question_has_a_folded_answer_of_its_own(path: Path) -> None:
    cells = read(path).cells
    answered = [i for i, cell in enumerate(cells) if cell.source.startswith(_ANSWER)]
    for at in answered:
        before = [cells[i].source for i in (at - 1, at - 2) if cells[i].cell_type == "markdown"]
        questions = max((len(re.findall(r"(?m)^\d\. ", source)) for source in before), default=0)
        folds = re.findall(rf"{_ANSWER}(.)</summary>", cells[at].source)
        assert folds == [str(i) for i in range(1, questions + 1)]
    for at, cell in enumerate(cells):
        near = [c.source for c in cells[at - 1 : at + 2] if c.cell_type == "markdown"]
        if cell in explorer_cells(read(path)) and any(map(_QUESTIONS.search, near)):
            assert {at + 1, at + 2} & {*answered}, cell.source
