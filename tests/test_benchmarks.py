"""The parts of the benchmarks that decide what the page says; no engine is measured here."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bench
import numpy as np
import pytest
from benchmarks import busy_script, grover_peers, scoring_peers, walk_peers
from benchmarks.measuring import Comparison, Contestant, check_agreement, compare, time_alone
from benchmarks.page import Page, summary
from benchmarks.qaoa_instances import draw_instance, enter_ours, read_gradient, read_value
from benchmarks.qaoa_jax import gradient_bytes
from benchmarks.qaoa_peers import PEERS
from benchmarks.rendering import (
    Row,
    duration,
    ratio_cell,
    render_bounds,
    render_ratios,
    three_digits,
)
from benchmarks.roofline import (
    Bound,
    Work,
    bound,
    cross_entropy_work,
    gradient_work,
    grover_work,
    objective_work,
    squared_error_work,
)
from parts import needs_keras

FAST = Comparison("fast", "table", np.array([2.0, 4.0, 3.0]), np.array([1.0, 1.0, 2.0]))


def test_a_ratio_is_the_peer_over_ours_of_the_same_round() -> None:
    assert FAST.ratios.tolist() == [2.0, 4.0, 1.5]
    assert ratio_cell(FAST) == "2 (1.5-4), table"


def test_a_result_that_differs_is_refused_with_the_name_of_the_engine() -> None:
    check_agreement("peer", [1.0, 2.0], [1.0, 2.00005])
    with pytest.raises(AssertionError, match=r"peer differs from ours by 0\.001"):
        check_agreement("peer", [1.0, 0.001], [1.0, 0.0])
    with pytest.raises(AssertionError, match="peer differs"):
        check_agreement("peer", float("nan"), 1.0)
    assert check_agreement("peer", 1.01, 1.0, tolerance=0.1) == pytest.approx(0.01)
    with pytest.raises(AssertionError, match=r"peer gives shape \(2,\), ours \(\)"):
        check_agreement("peer", [1.0, 1.0], 1.0)


def test_the_limit_grows_with_the_result() -> None:
    assert check_agreement("peer", [1000.05], [1000.0]) == pytest.approx(5e-5)
    with pytest.raises(AssertionError, match=r"by 0\.0002 \(limit: 0\.0001\)"):
        check_agreement("peer", [1000.2], [1000.0])


def noting(calls: list[str], name: str, result: Any) -> Callable[[], Any]:
    def call() -> Any:
        calls.append(name)
        return result

    return call


def test_ours_is_timed_before_every_peer_in_every_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.measuring.calls_per_sample", lambda once: 1)
    calls: list[str] = []
    ours, a, b = (
        Contestant(name, "table", noting(calls, name, 1.0)) for name in ("ours", "a", "b")
    )
    compared = compare(ours, [a, b], budget=0.0)
    assert [c.name for c in compared] == ["a", "b"]
    once_each_to_agree_and_to_count = ["ours", "ours", "a", "a", "b", "b"]
    assert calls == [*once_each_to_agree_and_to_count, *["ours", "a", "ours", "b"] * 2]
    assert all(len(c.ratios) == 2 and (c.ratios > 0).all() for c in compared)


def test_a_part_of_the_work_is_compared_with_the_end_and_its_time_scaled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("benchmarks.measuring.calls_per_sample", lambda once: 1)
    monkeypatch.setattr("benchmarks.measuring._time", lambda call, count: call() is None or 1.0)
    ours = Contestant("ours", "table", lambda: np.arange(8.0))
    part = Contestant("part", "one by one", lambda: np.array([6.0, 7.0]), share=0.25)
    (compared,) = compare(ours, [part], budget=0.0)
    assert compared.ratios.tolist() == [4.0, 4.0]
    wrong = Contestant("wrong", "one by one", lambda: np.array([0.0, 1.0]), share=0.25)
    with pytest.raises(AssertionError, match="wrong differs"):
        compare(ours, [wrong], budget=0.0)


def test_a_part_that_is_no_end_of_the_result_brings_what_it_is_compared_with() -> None:
    ours = Contestant("ours", "table", lambda: np.array([1.0, 2.0]))
    part = Contestant("part", "gates", lambda: np.array([5.0, 6.0]), 0.5, lambda: [5.0, 6.0])
    (compared,) = compare(ours, [part], budget=0.0)
    assert compared.difference == 0
    wrong = Contestant("wrong", "gates", lambda: np.array([1.0, 2.0]), 0.5, lambda: [5.0, 6.0])
    with pytest.raises(AssertionError, match="wrong differs"):
        compare(ours, [wrong], budget=0.0)


def test_a_call_of_seconds_is_made_three_times_and_a_short_one_nine_times_and_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = [0.0]
    monkeypatch.setattr("benchmarks.measuring.time.perf_counter", lambda: clock[0])
    calls: list[str] = []

    def lasting(name: str, seconds: float) -> Contestant:
        def call() -> float:
            clock[0] += seconds
            calls.append(name)
            return 1.0

        return Contestant(name, "table", call)

    peers = [lasting("slow", 5.0), lasting("medium", 1.0), lasting("short", 0.1)]
    compared = compare(lasting("ours", 0.1), peers, budget=3.0)
    assert [calls.count(peer.name) for peer in peers] == [1 + 2, 2 + 3, 2 + 9]
    assert [round(float(np.median(c.ratios))) for c in compared] == [50, 10, 1]
    alone = lasting("alone", 0.5)
    assert time_alone(alone.call, budget=3.0) == pytest.approx(0.5)
    assert calls.count("alone") == 2 + 6


def test_the_bound_is_the_larger_of_memory_and_arithmetic() -> None:
    work = Work(bytes_moved=100.0, flops=300.0, footprint=1.0)
    assert bound(work, bandwidth=50.0, flop_rate=100.0) == Bound(3.0, "arithmetic")
    assert bound(work, bandwidth=25.0, flop_rate=100.0) == Bound(4.0, "memory")


def test_the_work_of_small_problems_is_what_counting_gives() -> None:
    # one qubit, one layer, two amplitudes: rotation 6, phase 9, mean 5 for each
    assert objective_work(1, 1) == Work(2 * (16 + 8 + 16), 2 * (4 + 9 + 5), 32)
    assert objective_work(1, 0) == Work(2 * 16, 2 * 5, 32)
    # and back: the adjoint state made, two rotations and their product, two phases and theirs
    assert gradient_work(1, 1) == Work(80 + 2 * (8 + 40), 36 + 2 * (2 + 8 + 2 + 4 + 15 + 5), 48)
    assert gradient_work(3, 0).flops == objective_work(3, 0).flops + 16
    assert grover_work(2, 3) == Work(4 * (27 + 12), 4 * 3 * 4, 36)
    assert cross_entropy_work(2, 10) == Work(32, 200, 320)
    # 3 products of contributions and 2 with the target, each 2 flops a sample; 4 costs, 4 slopes
    assert squared_error_work(2, 10) == Work(32, 10 * 2 * 5 + 8, 32)


def test_the_tables_have_a_line_for_each_size_and_a_dash_where_nothing_was_run() -> None:
    slow = Comparison("slow", "gates", np.array([1000.0]), np.array([1.0]), 2e-4)
    rows = [
        Row("n = 8", 0.002, Bound(0.0005, "memory"), 5e10, [FAST]),
        Row("n = 9", 0.004, Bound(0.004, "arithmetic"), 1e11, [FAST, slow]),
    ]
    assert render_ratios(rows).splitlines() == [
        "|  | ours | fast | slow |",
        "| --- | --- | --- | --- |",
        "| n = 8 | 2 ms | 2 (1.5-4), table | - |",
        "| n = 9 | 4 ms | 2 (1.5-4), table | 1,000 (1,000-1,000), gates, off by 2e-04 |",
    ]
    assert render_bounds(rows).splitlines()[2:] == [
        "| n = 8 | 500 µs | memory | 50 GB/s | 25.0% |",
        "| n = 9 | 4 ms | arithmetic | 100 GB/s | 100.0% |",
    ]


def test_the_page_tells_the_machine_the_versions_and_who_is_absent() -> None:
    page = Page(bandwidth=46e9, flop_rate=1e11)
    row = Row("n = 8", 0.002, Bound(0.001, "memory"), 5e10, [FAST])
    page.section("Title").rows.append(row)
    page.section("Other").lines = [["", "seconds"], ["start", "1 s"]]
    page.section("Other").note = "A note."
    page.absent["QOKit"] = "no source"
    text = page.markdown()
    assert "46 GB/s" in text and "100 Gflop/s" in text
    assert f"numpy {np.__version__}" in text
    assert "Left out: QOKit (no source)." in text
    assert "## Title\n\n|  | ours | fast |" in text
    assert "## Other\n\nA note.\n\n|  | seconds |\n| --- | --- |\n| start | 1 s |\n" in text
    assert bench.find_summary(text) == f"<!-- benchmarks -->\n{summary(page)}<!-- /benchmarks -->"


def test_a_row_without_peers_has_its_time_and_its_bound() -> None:
    page = Page(bandwidth=46e9, flop_rate=1e11)
    alone = Row("n = 24", 0.002, Bound(0.001, "memory"), 5e10, [])
    page.section("Title").rows.append(alone)
    assert "| n = 24 | 2 ms |" in page.markdown() and "| n = 24 | 1 ms |" in page.markdown()
    assert summary(page) == "" and bench.find_summary(page.markdown()) is None


def test_the_summary_gives_the_least_ratio_where_it_is_and_the_median_over_the_sizes() -> None:
    def row(n: int, **ratios: float) -> Row:
        peers = [
            Comparison(name, "table", np.array([ratio] * 2), np.ones(2))
            for name, ratio in ratios.items()
        ]
        return Row(f"n = {n}", 0.1, Bound(0.1, "memory"), 1e10, peers)

    page = Page(bandwidth=46e9, flop_rate=1e11)
    rows = [row(8, a=3.0, b=5432.1), row(12, a=1.5), row(16, a=7.0), row(20)]
    page.section("One").rows.extend(rows)
    page.section("Two").lines = [["", "seconds"], ["start", "1 s"]]
    page.section("Three").rows.append(row(8, a=2.0))
    assert summary(page).splitlines()[2:] == [
        "| One | a | 1.5 | n = 12 | 3 | 3 |",
        "|  | b | 5,430 | n = 8 | 5,430 | 1 |",
        "| Three | a | 2 | n = 8 | 2 | 1 |",
    ]


def test_the_summary_goes_into_a_readme_that_has_a_place_for_it(tmp_path: Path) -> None:
    page, readme = tmp_path / "page.md", tmp_path / "README.md"
    page.write_text("# Page\n\n<!-- benchmarks -->\nnew \\1\n<!-- /benchmarks -->\nmore\n")
    readme.write_text("Before.\n<!-- benchmarks -->\nold\n<!-- /benchmarks -->\nAfter.\n")
    bench.copy_summary(page, readme)
    expected = "Before.\n<!-- benchmarks -->\nnew \\1\n<!-- /benchmarks -->\nAfter.\n"
    assert readme.read_text() == expected
    readme.write_text("No place.\n")
    bench.copy_summary(page, readme)
    assert readme.read_text() == "No place.\n"


def test_a_duration_has_three_digits_and_a_unit() -> None:
    assert [duration(s) for s in (1e-6, 0.99949, 0.0123456, 12.3456)] == [
        *("1 µs", "999 ms", "12.3 ms", "12.3 s")
    ]


def test_a_ratio_has_three_digits_and_no_exponent_where_it_is_large() -> None:
    assert [three_digits(r) for r in (0.98765, 99.96, 999.4, 999.6, 1_234_567.0)] == [
        *("0.988", "100", "999", "1,000", "1,230,000")
    ]


def test_an_instance_has_one_cost_in_two_forms() -> None:
    instance = draw_instance(5, 2, rng=np.random.default_rng(1))
    masks = np.arange(32)[:, np.newaxis] >> np.arange(4, -1, -1) & 1 > 0
    assert instance.polynomial.evaluate(masks) == pytest.approx(instance.table.costs)
    assert len(instance.polynomial.terms) == 5 + 10
    assert instance.table.std == pytest.approx(1)
    assert (instance.n, instance.p) == (5, 2)


def test_ours_gives_the_mean_cost_and_its_gradient() -> None:
    instance = draw_instance(3, 2, rng=np.random.default_rng(1))
    value = enter_ours(instance, gradient=False).call()
    found = read_gradient(enter_ours(instance, gradient=True).call())
    assert found.shape == (5,)
    assert found[0] == pytest.approx(value, abs=1e-5)
    result = enter_ours(instance, gradient=True).call()
    assert read_value(result) == found[0] and read_value(value) == value


def test_a_gate_engine_is_not_asked_beyond_20_neurons_or_for_what_it_lacks() -> None:
    by_name = {peer.name: peer for peer in PEERS}
    for name in ("lightning.qubit", "qsimcirq", "Aer", "TFQ"):
        assert by_name[name].supports(20, 8, True) and not by_name[name].supports(22, 3, False)
    assert by_name["JAX jit"].supports(24, 8, False) and by_name["QOKit C -O3"].supports(
        24, 3, False
    )
    instance = draw_instance(2, 1, rng=np.random.default_rng(1))
    assert by_name["Aer"].enter(instance, gradient=True) is None


def test_jax_is_asked_for_gradients_that_fit_in_six_gigabytes() -> None:
    (jax,) = (peer for peer in PEERS if peer.name == "JAX jit")
    assert gradient_bytes(3, 1) == 8 * 8 * (1 + 3 + 4)
    assert [jax.supports(24, p, True) for p in (3, 8)] == [True, False]


def test_a_long_search_on_gates_is_timed_by_its_first_iterations() -> None:
    short, long = (grover_peers.Search(n, marked=5) for n in (8, 20))
    assert short.iterations_on_gates == short.iterations and short.share == 1
    assert long.iterations == 804 and long.iterations_on_gates < 20
    layers_of_hadamards = 1 + 2 * long.iterations_on_gates
    assert long.share == pytest.approx(layers_of_hadamards / (1 + 2 * 804))


def test_cirq_and_qsim_do_part_of_a_search_as_ours_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.grover_peers._FEWER", {4: 2})
    for name in ("_aer", "_lightning"):
        monkeypatch.setattr(f"benchmarks.grover_peers.{name}", lambda search: lambda: None)
    search = grover_peers.Search(4, marked=5)
    entered = {peer.name: peer for peer in grover_peers.enter_peers(search)}
    for name in ("qsimcirq", "cirq.Simulator"):
        peer = entered[name]
        assert peer.share == 5 / 7 and peer.form == "gates, 2 iterations timed"
        assert peer.reference is not None
        assert np.abs(peer.call()) == pytest.approx(np.abs(peer.reference()), abs=1e-5)
        # sin^2((2 k + 1) asin 1/4), k = 2
        assert np.abs(peer.call()[5]) ** 2 == pytest.approx(np.sin(5 * np.arcsin(0.25)) ** 2)


@needs_keras
@pytest.mark.parametrize("cost", scoring_peers.COSTS)
def test_tensorflow_and_keras_give_our_cost_of_every_subnetwork(cost: str) -> None:
    scoring = scoring_peers.draw_scoring(5, cost, rng=np.random.default_rng(1))
    expected = scoring_peers.enter_ours(scoring).call()
    peers = scoring_peers.enter_peers(scoring)
    assert len(peers) == (4 if cost == "squared_error" else 3)
    for peer in peers:
        found = peer.call()
        assert len(found) == round(peer.share * 32)
        assert found == pytest.approx(expected[-len(found) :], abs=1e-5)


@pytest.mark.parametrize("cost", walk_peers.COSTS)
def test_a_descent_a_plain_loop_and_evaluations_meet_the_same_costs(cost: str) -> None:
    descent = walk_peers.draw_descent(40, cost, seed=2)
    expected = walk_peers.enter_ours(descent).call()
    assert len(expected) % 40 == 0
    assert walk_peers.enter_bound(descent).call() == pytest.approx(expected, abs=1e-9)
    evaluate = walk_peers.enter_evaluate(descent, flips=15)
    assert round(evaluate.share * len(expected)) == 15
    assert evaluate.call() == pytest.approx(expected[-15:], abs=1e-9)


@pytest.mark.parametrize("degree", [29, 4])
def test_glasses_have_the_couplings_asked_for_and_are_annealed(degree: int) -> None:
    glass = walk_peers.draw_glass(30, degree, rng=np.random.default_rng(1))
    assert (glass.order, glass.mean) == (2, 0.0)
    assert len(glass.terms) == 435 if degree == 29 else 40 < len(glass.terms) <= 60
    least, seconds = walk_peers.enter_annealing(glass)(1, walk_peers.SWEEPS)
    assert least < -2 * glass.std and seconds > 0


def test_dwave_anneals_and_searches_the_same_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("dwave.samplers")
    monkeypatch.setattr(walk_peers, "STEPS", 200)
    glass = walk_peers.draw_glass(14, 13, rng=np.random.default_rng(1))
    least, search = glass.to_table().minimum, walk_peers.enter_dwave_annealing(glass)
    assert min(search(seed, 100)[0] for seed in range(20)) == pytest.approx(least)
    assert walk_peers.tabu_beside_dwave(glass, seed=1)[1:] == pytest.approx((least, least))


def test_a_sweep_is_timed_without_what_comes_before_the_first() -> None:
    def search(seed: int, sweeps: int) -> tuple[float, float]:
        return 0.0, 5.0 + 0.25 * sweeps

    assert walk_peers.sweep_seconds(search, 0) == pytest.approx(0.25)


def test_busy_processes_run_beside_what_is_measured_and_end_with_it() -> None:
    with busy_script.busy(2) as started:
        assert [process.poll() for process in started] == [None, None]
        ratio, waits = busy_script.measure(busy_script.spin)
    assert all(process.poll() is not None for process in started)
    assert ratio > 0 and waits > 0


def test_qokit_is_left_out_with_a_reason_where_there_is_no_source(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("QOKIT_SOURCE", raising=False)
    instance = draw_instance(2, 1, rng=np.random.default_rng(1))
    (qokit,) = (peer for peer in PEERS if peer.name.startswith("QOKit"))
    with pytest.raises(ImportError, match="set QOKIT_SOURCE"):
        qokit.enter(instance, gradient=False)


def test_the_peers_are_installed_once_and_again_when_their_list_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []

    def install(command: list[str], **_: Any) -> None:
        commands.append(command)
        (tmp_path / ".bench").mkdir(exist_ok=True)

    peers = tmp_path / "peers.txt"
    peers.write_text("one\n")
    for name, path in (("BENCH", ".bench"), ("STAMP", ".bench/installed"), ("PEERS", "peers.txt")):
        monkeypatch.setattr(bench, name, tmp_path / path)
    monkeypatch.setattr(bench, "ROOT", tmp_path)
    monkeypatch.setattr("bench.subprocess.run", install)
    for text, count in (("one\n", 1), ("one\n", 1), ("two\n", 2)):
        peers.write_text(text)
        bench.install_peers()
        assert len(commands) == 2 * count
    assert commands[0][-2:] == ["-r", str(peers)]
    assert commands[1][-3:] == ["--no-deps", "-r", str(bench.PEERS_ALONE)]
    assert len(bench.STAMP.read_text()) == hashlib.sha256().digest_size * 2


@pytest.mark.parametrize(
    ("arguments", "sizes", "folder", "is_copied"),
    [
        ([], "full", "docs", True),
        (["--quick"], "quick", "test-results", False),
        (["-k", "grover"], "full", "test-results", False),
    ],
)
def test_only_a_full_run_writes_the_page_and_the_readme(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    sizes: str,
    folder: str,
    is_copied: bool,
) -> None:
    def run(command: list[str], *, env: dict[str, str], **_: Any) -> Any:
        assert env["BENCH_SIZES"] == sizes and env["OMP_NUM_THREADS"] == "1"
        page = Path(env["BENCH_PAGE"])
        assert page == tmp_path / folder / "benchmarks.md"
        if "bench_engines.py" in command:
            page.parent.mkdir()
        page.write_text("<!-- benchmarks -->new<!-- /benchmarks -->")
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(bench, "ROOT", tmp_path)
    monkeypatch.setattr(bench, "pytest_command", lambda name, options: [name, *options])
    for name in ("install_peers", "stay_on_one_core"):
        monkeypatch.setattr(bench, name, lambda: None)
    monkeypatch.setattr("bench.subprocess.run", run)
    readme = tmp_path / "README.md"
    readme.write_text("<!-- benchmarks -->old<!-- /benchmarks -->")
    assert bench.main(arguments) == 0
    assert ("new" in readme.read_text()) == is_copied


def test_make_test_leaves_the_benchmarks_alone_and_make_bench_finds_them(
    pytestconfig: pytest.Config,
) -> None:
    names = [path.name for path in bench.PEERS.parent.glob("*.py")]
    assert "bench_engines.py" in names
    assert not any(name.startswith("test_") or name.endswith("_test.py") for name in names)
    assert pytestconfig.getini("python_files") == ["test_*.py", "*_test.py"]
    assert {*bench.FILES} == {name for name in names if name.startswith("bench_")}
    command = bench.pytest_command("bench_engines.py", ["-x"])
    file = "tests/benchmarks/bench_engines.py"
    assert {"python_files=bench_*.py", "addopts=", file, "-x"} <= {*command}
