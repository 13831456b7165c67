"""QAOA objectives and gradients, Grover's search and cost tables beside their peers.

Run by tools/bench.py, which sets BENCH_SIZES, BENCH_PAGE and one thread for everybody.
"""

from __future__ import annotations

import os
import sys
import time
import tracemalloc
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bench import ONE_THREAD
from notebook_measures import all_notebooks
from run_notebooks import execute, read

from benchmarks import (
    fresh_processes,
    grey_box,
    grover_peers,
    qaoa_peers,
    roofline,
    scoring_peers,
    walk_peers,
)
from benchmarks.conftest import FAILED
from benchmarks.fresh_processes import mebibytes
from benchmarks.measuring import Comparison, Contestant, compare, time_alone
from benchmarks.page import Page
from benchmarks.qaoa_instances import draw_instance, enter_ours, read_gradient, read_value
from benchmarks.rendering import Row, duration, ratios_in_words
from benchmarks.roofline import Work
from labkit.simulators import final_state

IS_QUICK = os.environ.get("BENCH_SIZES", "quick") == "quick"
SIZES = [(n, p) for p in (3, 8) for n in (6, 8, 12, 16, 20, 22)]
SIZES = [(n, 3) for n in (8, 12, 16)] if IS_QUICK else [*SIZES, (24, 3)]
SEARCHED = (8, 12) if IS_QUICK else (8, 10, 12, 14, 16, 18, 20)
BUDGET = 1.0 if IS_QUICK else 3.0
_MEDIAN_REDRAW, _WORST_REDRAW, _LESSON = 0.1, 0.25, 60.0  # seconds
_STARTS = (0.05, 1.0, 1.0)  # seconds: limits of the first rows of `fresh_processes.starts`
_SLOWER_THAN_PLAIN = 2
_FOUND = 0.9  # of the searches for a proved optimum
_SWEEP_ROUNDS = 5
_BUSY, _OVER_SHARE = 4, 3  # processes; times what the share of a core explains
_SLOW = 0.2  # seconds of a call of ours that pytest-benchmark repeats only once


@pytest.fixture(scope="module")
def page(request: pytest.FixtureRequest) -> Iterator[Page]:
    """Collects the rows; is written at the end, whatever failed or took too long, and says so."""
    started = Page(roofline.copy_bandwidth(), roofline.sgemm_rate())
    yield started
    failed: list[str] = request.config.stash.get(FAILED, [])
    started.shortfalls.extend(failed)
    target = Path(os.environ["BENCH_PAGE"])
    target.parent.mkdir(exist_ok=True)
    target.write_text(started.markdown(), encoding="utf-8")
    assert not started.shortfalls, started.shortfalls


@pytest.mark.parametrize(("n", "p"), SIZES)
@pytest.mark.parametrize("gradient", [False, True], ids=["value", "gradient"])
def test_qaoa(page: Page, benchmark: Any, gradient: bool, n: int, p: int) -> None:
    instance = draw_instance(n, p, rng=np.random.default_rng(n))
    ours, peers = enter_ours(instance, gradient=gradient), []
    for peer in qaoa_peers.PEERS:
        try:
            entered = peer.enter(instance, gradient=gradient)
        except ImportError as error:
            page.absent[peer.name] = str(error)
        else:
            peers += [entered] if entered else []
    read = read_gradient if gradient else np.asarray
    comparisons = compare(ours, peers, budget=BUDGET, read=read)
    work = (roofline.gradient_work if gradient else roofline.objective_work)(n, p)
    title = "QAOA: mean cost" + (" and gradient" if gradient else "")
    record(page, benchmark, title, f"n = {n}, p = {p}", ours, comparisons, work)


@pytest.mark.parametrize(("n", "p"), SIZES)
def test_gradient_over_value(page: Page, n: int, p: int) -> None:
    instance = draw_instance(n, p, rng=np.random.default_rng(n))
    value, gradient = (enter_ours(instance, gradient=which) for which in (False, True))
    (compared,) = compare(value, [gradient], budget=BUDGET, read=read_value)
    section = page.section("QAOA: time of mean cost and gradient over time of mean cost, both ours")
    section.lines = section.lines or [["", "ratio"]]
    section.lines.append([f"n = {n}, p = {p}", ratios_in_words(compared.ratios)])


@pytest.mark.parametrize("n", SEARCHED)
def test_grover(page: Page, benchmark: Any, n: int) -> None:
    search = grover_peers.Search(n, marked=2**n // 3)
    ours = grover_peers.enter_ours(search)
    comparisons = compare(
        ours,
        grover_peers.enter_peers(search),
        budget=BUDGET,
        read=lambda state: np.abs(state) ** 2,
    )
    work = roofline.grover_work(n, search.iterations)
    title, size = "Grover's search, one marked mask", f"n = {n}, {search.iterations} iterations"
    page.section(title).note = (
        "Gates are built beforehand. Where fewer iterations are timed, the time is scaled up by "
        "the number of layers of Hadamards, and the state is compared with ours after as many."
    )
    record(page, benchmark, title, size, ours, comparisons, work)


@pytest.mark.parametrize("n", [n for n in SEARCHED if n <= 16])
def test_grover_circuit(page: Page, n: int) -> None:
    search = grover_peers.Search(n, marked=2**n // 3)
    circuit = grover_peers.build_circuit(search, search.iterations)
    build = time_alone(lambda: grover_peers.build_circuit(search, search.iterations), budget=BUDGET)
    run = time_alone(lambda: final_state(circuit), budget=BUDGET)
    section = page.section("Grover's search as a circuit on qsim, one marked mask")
    section.note = "`grover_circuit` with `build_table_oracle`, then `final_state`; all iterations."
    section.lines = section.lines or [["", "built in", "run in", "both"]]
    size = f"n = {n}, {search.iterations} iterations"
    section.lines.append([size, *map(duration, (build, run, build + run))])


@pytest.mark.parametrize("n", [12, 16] if IS_QUICK else [12, 16, 20, 24])
@pytest.mark.parametrize("cost", scoring_peers.COSTS)
def test_scoring(page: Page, benchmark: Any, cost: str, n: int) -> None:
    scoring = scoring_peers.draw_scoring(n, cost, rng=np.random.default_rng(n))
    ours = scoring_peers.enter_ours(scoring)
    peers = scoring_peers.enter_peers(scoring) if n <= 16 else []
    comparisons = compare(ours, peers, budget=BUDGET)
    work = {
        "squared_error": roofline.squared_error_work,
        "cross_entropy": roofline.cross_entropy_work,
    }[cost](n, scoring_peers.SAMPLES)
    title = f"{cost.replace('_', ' ').capitalize()} of every subnetwork"
    page.section(title).note = f"{scoring_peers.SAMPLES} samples, one output."
    record(page, benchmark, title, f"n = {n}", ours, comparisons, work)


@pytest.mark.parametrize("n", [16] if IS_QUICK else [20])
@pytest.mark.parametrize("cost", scoring_peers.COSTS)
def test_scoring_memory(page: Page, cost: str, n: int) -> None:
    scoring = scoring_peers.draw_scoring(n, cost, rng=np.random.default_rng(n))
    ours = scoring_peers.enter_ours(scoring)
    tracemalloc.start()
    start = time.perf_counter()
    ours.call()
    seconds = time.perf_counter() - start
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    section = page.section("Memory of a cost table")
    section.note = f"Traced by Python's `tracemalloc`; {scoring_peers.SAMPLES} samples."
    section.lines = section.lines or [["", "peak", "of it the table", "time, traced"]]
    cells = [mebibytes(peak), mebibytes(8 * 2**n), duration(seconds)]
    section.lines.append([f"{cost.replace('_', ' ')}, n = {n}", *cells])


def test_memory_of_states(page: Page) -> None:
    section = page.section("Memory of states")
    section.note = "Peak of resident memory in a fresh process, after a warm-up on 14 neurons."
    if sys.platform == "linux":
        section.lines = fresh_processes.memory_lines(20 if IS_QUICK else 24, 1)
    else:
        section.note = "Measured on Linux only."


@pytest.mark.parametrize("n", [256, 1024] if IS_QUICK else [256, 1024, 4096, 16384, 65536])
@pytest.mark.parametrize("cost", walk_peers.COSTS)
def test_descents(page: Page, cost: str, n: int) -> None:
    descent = walk_peers.draw_descent(n, cost, seed=1)
    ours = walk_peers.enter_ours(descent)
    peers = [walk_peers.enter_bound(descent), walk_peers.enter_evaluate(descent)]
    bound, evaluate = compare(ours, peers, budget=BUDGET)
    section = page.section("One-flip search to its end, by size")
    section.note = "284 samples, one output; the plain loop knows nothing but samples and flips."
    section.lines = section.lines or [["", "a flip", "plain loop / ours", "evaluate / ours"]]
    flip = float(np.median(bound.our_seconds)) / len(np.asarray(ours.call()))
    ratios = (ratios_in_words(compared.ratios) for compared in (bound, evaluate))
    section.lines.append([f"{cost.replace('_', ' ')}, n = {n}", duration(flip), *ratios])
    slower = float(np.median(1 / bound.ratios))
    if slower > _SLOWER_THAN_PLAIN:
        what = f"a flip of {cost}, n = {n}: {slower:.3g} plain loops"
        page.shortfalls.append(f"{what} (limit: {_SLOWER_THAN_PLAIN})")


@pytest.mark.parametrize("cost", walk_peers.COSTS)
def test_growth_of_a_sweep(page: Page, cost: str) -> None:
    sizes = [256, 1024, 4096] if IS_QUICK else [256, 1024, 4096, 16384, 65536]
    seconds = []
    for n in sizes:
        descent = walk_peers.draw_descent(n, cost, seed=1)
        descent.search()
        seconds.append(time_alone(partial(descent.search, max_cost_queries=n + 1), budget=BUDGET))
    exponent = float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])
    section = page.section("The first sweep of one-flip search: time over neurons")
    section.lines = section.lines or [["", *(f"n = {n}" for n in sizes), "exponent"]]
    cells = map(duration, seconds)
    section.lines.append([cost.replace("_", " "), *cells, f"{exponent:.2f}"])


@pytest.mark.parametrize(("n", "degree"), [(1000, 999), (1000 if IS_QUICK else 100_000, 10)])
def test_annealing(page: Page, n: int, degree: int) -> None:
    cost = walk_peers.draw_glass(n, degree, rng=np.random.default_rng(n))
    section = page.section("Annealing of a quadratic cost")
    seeds = 5 if IS_QUICK else 20
    section.note = (
        f"A sweep by the difference of {walk_peers.SWEEPS} and eleven times as many; the least "
        f"cost after {walk_peers.SWEEPS} sweeps, mean and standard deviation over {seeds} seeds."
    )
    section.lines = section.lines or [["", "a sweep", "least cost"]]
    searches = {"labkit": walk_peers.enter_annealing(cost)}
    try:
        searches["dwave-samplers, its temperatures"] = walk_peers.enter_dwave_annealing(cost)
        temperatures = walk_peers.our_temperatures(cost)
        same = walk_peers.enter_dwave_annealing(cost, temperatures=temperatures)
        searches["dwave-samplers, the same temperatures"] = same
    except ImportError as error:
        page.absent["dwave-samplers"] = str(error)
    sweeps: dict[str, list[float]] = {name: [] for name in searches}
    least: dict[str, list[float]] = {name: [] for name in searches}
    for seed in range(seeds):
        for name, search in searches.items():
            least[name].append(search(seed, walk_peers.SWEEPS)[0])
            if seed < _SWEEP_ROUNDS:
                sweeps[name].append(walk_peers.sweep_seconds(search, seed))
    for name in searches:
        of_costs = f"{np.mean(least[name]):.6g} ± {np.std(least[name]):.2g}"
        of_sweeps = duration(float(np.median(sweeps[name])))
        section.lines.append([f"n = {n}, degree {degree}, {name}", of_sweeps, of_costs])


def test_tabu_search(page: Page) -> None:
    cost = walk_peers.draw_glass(1000, 999, rng=np.random.default_rng(1000))
    try:
        found = [walk_peers.tabu_beside_dwave(cost, seed=seed) for seed in range(5)]
    except ImportError as error:
        page.absent["dwave-samplers"] = str(error)
        return
    seconds, ours, theirs = np.array(found).T
    section = page.section("Tabu search of a quadratic cost at equal seconds")
    section.note = "n = 1000, dense; mean and standard deviation over 5 seeds."
    section.lines = [["", "seconds", "least cost"]]
    for name, costs in (("labkit", ours), ("dwave-samplers", theirs)):
        of_costs = f"{costs.mean():.6g} ± {costs.std():.2g}"
        section.lines.append([name, duration(float(np.median(seconds))), of_costs])


@pytest.mark.parametrize("k", [3] if IS_QUICK else [3, 4, 5])
@pytest.mark.parametrize("kind", grey_box.COSTS)
def test_partition_crossover(page: Page, kind: str, k: int) -> None:
    n_runs, n = (5 if IS_QUICK else 20), 1000
    draws = (grey_box.COSTS[kind](n, k, seed=seed) for seed in range(n_runs))
    runs = [grey_box.search_optimum(cost, seed=seed) for seed, cost in enumerate(draws)]
    section = page.section("Partition crossover to the optimum that dynamic programming proves")
    section.note = (
        f"Adjacent neighbourhoods, {n} neurons, a new cost for each run. A query is a mask gone to,"
        f" or a part decided as a whole; at most {grey_box.QUERIES_PER_NEURON} - 2^K for each"
        " neuron, since 2^K would tell what each table says."
    )
    section.lines = section.lines or [
        ["", "found", "queries for each neuron: median, most", "seconds: median, most"]
    ]
    queries, seconds = ([one.queries for one in runs], [one.seconds for one in runs])
    found = sum(one.found for one in runs)
    cells = [
        f"{found} of {n_runs}",
        f"{np.median(queries):.3g}, {max(queries):.3g}",
        f"{np.median(seconds):.2g}, {max(seconds):.2g}",
    ]
    section.lines.append([f"{kind}, K = {k}", *cells])
    if found < _FOUND * n_runs:
        what = f"partition crossover, {kind}, K = {k}: {found} of {n_runs} found"
        page.shortfalls.append(f"{what} (limit: {_FOUND:.0%})")


@pytest.mark.parametrize("k", [3] if IS_QUICK else [3, 4, 5])
@pytest.mark.parametrize("kind", grey_box.COSTS)
def test_partition_crossover_of_random_neighbourhoods(page: Page, kind: str, k: int) -> None:
    sizes = [200] * 3 if IS_QUICK else [200, 300, 500, 700, 1000] * 4
    per_neuron = 5
    section = page.section("Partition crossover and one-flip search at equal queries")
    section.note = (
        f"Random neighbourhoods, {min(sizes)} to {max(sizes)} neurons, {per_neuron} queries for"
        " each; one-flip search restarts. What partition crossover reads from the terms is not"
        " counted."
    )
    section.lines = section.lines or [["", "lower or equal", "mean cost: ours, one-flip search"]]
    costs = []
    for seed, n in enumerate(sizes):
        cost = grey_box.COSTS[kind](n, k, seed=seed, neighbourhood="random")
        costs.append(grey_box.beside_descents(cost, queries=per_neuron * n, seed=seed))
    ours, theirs = np.array(costs).T
    lower = int((ours <= theirs + 1e-12).sum())
    cells = [f"{lower} of {len(sizes)}", f"{ours.mean():.5g}, {theirs.mean():.5g}"]
    section.lines.append([f"{kind}, K = {k}", *cells])
    if lower < len(sizes):
        page.shortfalls.append(f"partition crossover, {kind}, K = {k}: {cells[0]} are no worse")


def test_threads(page: Page) -> None:
    section = page.section("Threads")
    section.note = (
        "Time on one thread over time on two, in turn, in a process on all cores. Samples of 20 ms,"
        " each after a first call that is told apart: a core that has slept starts slowly."
    )
    if sys.platform != "linux":
        section.note = "Measured on Linux only."
    elif (os.cpu_count() or 1) < 2:
        section.note = "This machine has one core: there is nothing to compare."
    else:
        sizes = [21] if IS_QUICK else [20, 21, 22, 24]
        section.lines = fresh_processes.thread_lines(sizes, (3, 8))


def test_busy_machine(page: Page) -> None:
    section = page.section("On a busy machine")
    section.note = (
        f"Beside {_BUSY} busy processes on {os.cpu_count()} cores, with as many threads as BLAS "
        "takes: over what the share of a core explains, and how long a loop waits for its share."
    )
    section.lines = [["", "over its share", "a loop waits"]]
    for name, (ratio, waits) in fresh_processes.beside_busy_processes(_BUSY).items():
        section.lines.append([name, f"{ratio:.2f}", f"{waits:.1f}"])
        if ratio > _OVER_SHARE:
            what = f"{name} beside busy processes: {ratio:.3g} times its share"
            page.shortfalls.append(f"{what} (limit: {_OVER_SHARE})")


def test_redraws(page: Page) -> None:
    section = page.section("Explorers")
    section.note = (
        "From a control's new value to the new picture, in a fresh process on one core; every "
        "control goes through its values, the sizes that an explorer allows included."
    )
    section.lines, seconds = fresh_processes.redraw_lines()
    for name, moves in seconds.items():
        page.expect_below(f"`{name}`, median redraw", float(np.median(moves)), _MEDIAN_REDRAW)
        page.expect_below(f"`{name}`, worst redraw", max(moves), _WORST_REDRAW)


def test_lessons(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PYTHONPATH", *ONE_THREAD):
        monkeypatch.delenv(name, raising=False)
    section = page.section("Lessons")
    section.note = "From the start of a kernel to the end of the last cell."
    section.lines = [["", "seconds", "memory at its peak"]]
    for path in all_notebooks()[: 3 if IS_QUICK else None]:
        ran = execute(read(path), folder=path.parent).metadata["labkit"]
        memory = mebibytes(ran["peak_mib"] * 2**20)
        section.lines.append([path.stem, duration(ran["seconds"]), memory])
        page.expect_below(path.stem, ran["seconds"], _LESSON)


def test_start(page: Page) -> None:
    section = page.section("Start")
    section.note = (
        "From the first import to the result, Python itself being started, in fresh processes "
        "that find their files and compiled code cached."
    )
    seconds = fresh_processes.starts(repeats=1 if IS_QUICK else 5)
    section.lines = fresh_processes.start_lines(seconds)
    for (what, found), limit in zip(seconds.items(), _STARTS, strict=False):
        page.expect_below(what, float(np.median(found)), limit)


def record(
    page: Page,
    benchmark: Any,
    title: str,
    size: str,
    ours: Contestant,
    comparisons: list[Comparison],
    work: Work,
) -> None:
    """Adds a row, and gives pytest-benchmark ours to time once more and the ratios to keep."""
    if comparisons:
        seconds = float(np.median(np.concatenate([c.our_seconds for c in comparisons])))
    else:
        seconds = time_alone(ours.call, budget=BUDGET)
    bandwidth = max(page.bandwidth, roofline.copy_bandwidth(work.footprint))
    bound = roofline.bound(work, bandwidth=bandwidth, flop_rate=page.flop_rate)
    page.section(title).rows.append(Row(size, seconds, bound, bandwidth, comparisons))
    benchmark.extra_info.update({c.name: float(np.median(c.ratios)) for c in comparisons})
    benchmark.pedantic(ours.call, rounds=1 if seconds > _SLOW else 5, warmup_rounds=1)
