"""The parts of the benchmarks that decide what the page says; no engine is measured here."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bench
import numpy as np
import pytest
from benchmarks.measuring import Comparison, Contestant, check_agreement, compare
from benchmarks.page import Page, Row, duration, ratio_cell, render_bounds, render_ratios
from benchmarks.qaoa_peers import PEERS, draw_instance, enter_ours, read_gradient
from benchmarks.roofline import (
    Bound,
    Work,
    bound,
    gradient_work,
    grover_work,
    objective_work,
    scoring_work,
)

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
    monkeypatch.setattr("benchmarks.measuring.calls_per_sample", lambda call: 1)
    calls: list[str] = []
    ours, a, b = (
        Contestant(name, "table", noting(calls, name, 1.0)) for name in ("ours", "a", "b")
    )
    compared = compare(ours, [a, b], budget=0.0)
    assert [c.name for c in compared] == ["a", "b"]
    assert calls == ["ours", "a", "a", "b", "b", *["ours", "a", "ours", "b"] * 2]
    assert all(len(c.ratios) == 2 and (c.ratios > 0).all() for c in compared)


def test_a_part_of_the_work_is_compared_with_the_end_and_its_time_scaled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("benchmarks.measuring.calls_per_sample", lambda call: 1)
    monkeypatch.setattr("benchmarks.measuring._time", lambda call, count: call() is None or 1.0)
    ours = Contestant("ours", "table", lambda: np.arange(8.0))
    part = Contestant("part", "one by one", lambda: np.array([6.0, 7.0]), share=0.25)
    (compared,) = compare(ours, [part], budget=0.0)
    assert compared.ratios.tolist() == [4.0, 4.0]
    wrong = Contestant("wrong", "one by one", lambda: np.array([0.0, 1.0]), share=0.25)
    with pytest.raises(AssertionError, match="wrong differs"):
        compare(ours, [wrong], budget=0.0)


def test_the_bound_is_the_larger_of_memory_and_arithmetic() -> None:
    work = Work(bytes_moved=100.0, flops=300.0, footprint=1.0)
    assert bound(work, bandwidth=50.0, flop_rate=100.0) == Bound(3.0, "arithmetic")
    assert bound(work, bandwidth=25.0, flop_rate=100.0) == Bound(4.0, "memory")


def test_the_work_of_small_problems_is_what_counting_gives() -> None:
    # one qubit, one layer, two amplitudes: rotation 6, phase 9, mean 5 for each
    assert objective_work(1, 1) == Work(2 * (16 + 8 + 16), 2 * (6 + 9 + 5), 32)
    assert objective_work(1, 0) == Work(2 * 16, 2 * 5, 32)
    # and back: the adjoint state made, two rotations and their product, two phases and theirs
    assert gradient_work(1, 1) == Work(80 + 2 * (8 + 40), 40 + 2 * (2 + 12 + 4 + 15 + 5), 48)
    assert gradient_work(3, 0).flops == objective_work(3, 0).flops + 16
    assert grover_work(2, 3) == Work(4 * (27 + 12), 4 * 3 * 4, 36)
    assert scoring_work(2, 10) == Work(32, 200, 320)


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
        "| n = 9 | 4 ms | 2 (1.5-4), table | 1e+03 (1e+03-1e+03), gates, off by 2e-04 |",
    ]
    assert render_bounds(rows).splitlines()[2:] == [
        "| n = 8 | 500 µs | memory | 50 GB/s | 25.0% |",
        "| n = 9 | 4 ms | arithmetic | 100 GB/s | 100.0% |",
    ]


def test_the_page_tells_the_machine_the_versions_and_who_is_absent() -> None:
    page = Page(bandwidth=46e9, flop_rate=1e11)
    page.add("Title", Row("n = 8", 0.002, Bound(0.001, "memory"), 5e10, [FAST]))
    page.absent["QOKit"] = "no source"
    text = page.markdown()
    assert "46 GB/s" in text and "100 Gflop/s" in text
    assert f"numpy {np.__version__}" in text
    assert "Left out: QOKit (no source)." in text
    assert "## Title\n\n|  | ours | fast |" in text


def test_a_duration_has_three_digits_and_a_unit() -> None:
    assert [duration(s) for s in (1e-6, 0.99949, 0.0123456, 12.3456)] == [
        *("1 µs", "999 ms", "12.3 ms", "12.3 s")
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


def test_a_gate_engine_is_not_asked_beyond_20_neurons_or_for_what_it_lacks() -> None:
    by_name = {peer.name: peer for peer in PEERS}
    assert not by_name["Aer"].supports(22, 3) and by_name["JAX jit"].supports(22, 3)
    instance = draw_instance(2, 1, rng=np.random.default_rng(1))
    assert by_name["Aer"].enter(instance, gradient=True) is None


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
        (tmp_path / ".bench").mkdir()

    peers = tmp_path / "peers.txt"
    peers.write_text("one\n")
    for name, path in (("BENCH", ".bench"), ("STAMP", ".bench/installed"), ("PEERS", "peers.txt")):
        monkeypatch.setattr(bench, name, tmp_path / path)
    monkeypatch.setattr(bench, "ROOT", tmp_path)
    monkeypatch.setattr("bench.subprocess.run", install)
    for text, count in (("one\n", 1), ("one\n", 1), ("two\n", 2)):
        peers.write_text(text)
        bench.install_peers()
        assert len(commands) == count
    assert commands[0][-2:] == ["-r", str(peers)]
    assert len(bench.STAMP.read_text()) == hashlib.sha256().digest_size * 2


def test_make_test_leaves_the_benchmarks_alone_and_make_bench_finds_them(
    pytestconfig: pytest.Config,
) -> None:
    names = [path.name for path in bench.PEERS.parent.glob("*.py")]
    assert "bench_engines.py" in names
    assert not any(name.startswith("test_") or name.endswith("_test.py") for name in names)
    assert pytestconfig.getini("python_files") == ["test_*.py", "*_test.py"]
    command = bench.pytest_command(["-x"])
    assert {"python_files=bench_*.py", "addopts=", "tests/benchmarks", "-x"} <= {*command}
