"""QAOA objectives and gradients, Grover's search and cost tables beside their peers.

Run by tools/bench.py, which sets BENCH_SIZES, BENCH_PAGE and one thread for everybody.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import grover_peers, qaoa_peers, roofline, scoring_peers
from benchmarks.measuring import Comparison, Contestant, compare
from benchmarks.page import Page, Row
from benchmarks.roofline import Work

MODE = os.environ.get("BENCH_SIZES", "quick")
SIZES = {
    "quick": [(n, 3) for n in (8, 12, 16)],
    "full": [(n, p) for p in (3, 8) for n in (6, 8, 12, 16, 20)],
    "large": [(n, p) for p in (3, 8) for n in (6, 8, 12, 16, 20, 22, 24)],
}[MODE]
SEARCHED = (8, 12) if MODE == "quick" else (8, 10, 12, 14, 16)
BUDGET = 1.0 if MODE == "quick" else 4.0


@pytest.fixture(scope="module")
def page(request: pytest.FixtureRequest) -> Iterator[Page]:
    """Collects the rows, and is written at the end unless a benchmark has failed."""
    started = Page(roofline.copy_bandwidth(), roofline.sgemm_rate())
    yield started
    if request.session.testsfailed:
        return
    target = Path(os.environ["BENCH_PAGE"])
    target.parent.mkdir(exist_ok=True)
    target.write_text(started.markdown(), encoding="utf-8")


@pytest.mark.parametrize(("n", "p"), SIZES)
@pytest.mark.parametrize("gradient", [False, True], ids=["value", "gradient"])
def test_qaoa(page: Page, benchmark: Any, gradient: bool, n: int, p: int) -> None:
    instance = qaoa_peers.draw_instance(n, p, rng=np.random.default_rng(n))
    ours, peers = qaoa_peers.enter_ours(instance, gradient=gradient), []
    for peer in qaoa_peers.PEERS:
        try:
            entered = peer.enter(instance, gradient=gradient)
        except ImportError as error:
            page.absent[peer.name] = str(error)
        else:
            peers += [entered] if entered else []
    read = qaoa_peers.read_gradient if gradient else np.asarray
    comparisons = compare(ours, peers, budget=BUDGET, read=read)
    work = (roofline.gradient_work if gradient else roofline.objective_work)(n, p)
    title = "QAOA: mean cost" + (" and gradient" if gradient else "")
    record(page, benchmark, title, f"n = {n}, p = {p}", ours, comparisons, work)


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
    size = f"n = {n}, {search.iterations} iterations"
    record(page, benchmark, "Grover's search, one marked mask", size, ours, comparisons, work)


@pytest.mark.parametrize("n", [12, 16])
def test_scoring(page: Page, benchmark: Any, n: int) -> None:
    scoring = scoring_peers.draw_scoring(n, rng=np.random.default_rng(n))
    ours = scoring_peers.enter_ours(scoring)
    comparisons = compare(ours, scoring_peers.enter_peers(scoring), budget=BUDGET)
    work = roofline.scoring_work(n, scoring_peers.SAMPLES)
    title = f"Cross-entropy of every subnetwork, {scoring_peers.SAMPLES} samples"
    record(page, benchmark, title, f"n = {n}", ours, comparisons, work)


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
    seconds = float(np.median(np.concatenate([c.our_seconds for c in comparisons])))
    bandwidth = max(page.bandwidth, roofline.copy_bandwidth(work.footprint))
    bound = roofline.bound(work, bandwidth=bandwidth, flop_rate=page.flop_rate)
    page.add(title, Row(size, seconds, bound, bandwidth, comparisons))
    benchmark.extra_info.update({c.name: float(np.median(c.ratios)) for c in comparisons})
    benchmark.pedantic(ours.call, rounds=5, warmup_rounds=1)
