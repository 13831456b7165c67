"""Benchmarks in fresh processes: start, memory, threads and redraws are told as measured."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from benchmarks import fresh_processes, fresh_script


def test_a_fresh_process_reports_what_it_measured_or_why_it_failed() -> None:
    (seconds,) = fresh_processes.run_fresh("import_labkit")["seconds"]
    assert seconds > 0
    with pytest.raises(
        RuntimeError, match=r"(?s)fresh_script\(no_such_task, 3, 4\) failed: .*KeyError"
    ):
        fresh_processes.run_fresh("no_such_task", 3, 4)


def test_a_fresh_process_has_what_a_reader_has_and_is_not_held_to_one_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given: dict[str, str] = {}

    def run(command: list[str], *, env: dict[str, str], **_: Any) -> Any:
        given.update(env)
        return subprocess.CompletedProcess(command, 0, 'noise\n{"seconds": [1.5]}\n', "")

    monkeypatch.setenv("NUMBA_NUM_THREADS", "1")
    monkeypatch.setenv("PYTHONPATH", "site")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("KEPT", "1")
    monkeypatch.setattr("benchmarks.fresh_processes.subprocess.run", run)
    assert fresh_processes.run_fresh("task") == {"seconds": [1.5]}
    left_out = {"NUMBA_NUM_THREADS", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH"}
    assert "KEPT" in given and not left_out & set(given)


def test_the_first_figure_of_the_welcome_notebook_needs_no_heavy_package() -> None:
    assert fresh_processes.run_fresh("welcome_figure")["seconds"][0] > 0


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_counts_what_a_call_takes_at_its_peak_and_not_what_was_there() -> None:
    code = (
        "import numpy as np, fresh_script\n"
        "there = np.ones(2**23)\n"
        "def call():\n"
        "    np.ones(2**22)\n"
        "    return 1\n"
        "print(fresh_script.peak_beyond(call))"
    )
    folder = Path(fresh_processes.__file__).parent
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    assert 0.95 * 2**25 < int(done.stdout) < 1.1 * 2**25


def test_memory_is_told_in_state_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Any, ...]] = []

    def run(*task: Any) -> dict[str, list[float]]:
        asked.append(task)
        return {"bytes": [3 * 2**23]}

    monkeypatch.setattr("benchmarks.fresh_processes.run_fresh", run)
    _, *lines = fresh_processes.memory_lines(20, 1)
    assert asked == [("memory", i, 20, 1) for i in range(3)]
    assert lines[0] == ["`evolve_qaoa`, n = 20, p = 1", "24 MiB", "3.00", "8 MiB", "8 MiB"]


def test_threads_are_told_as_the_ratio_of_one_to_two(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = {"one": [2.0, 3.0, 4.0], "two": [1.0, 2.0, 2.0]}
    measured |= {"first one": [6.0, 9.0, 8.0], "first two": [2.0, 3.0, 8.0]}
    monkeypatch.setattr("benchmarks.fresh_processes.run_fresh", lambda *task: measured)
    assert fresh_processes.thread_lines([16], (3, 8)) == [
        ["", "`qaoa_expectation`", "`qaoa_value_and_gradient`"],
        ["n = 16, p = 3", *["2 (1.5-2), first call 3; 2 s on two"] * 2],
        ["n = 16, p = 8", *["2 (1.5-2), first call 3; 2 s on two"] * 2],
    ]


def test_a_start_is_measured_after_one_that_fills_the_caches(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def run(task: str) -> dict[str, list[float]]:
        asked.append(task)
        return {"seconds": [float(asked.count(task))]}

    monkeypatch.setattr("benchmarks.fresh_processes.run_fresh", run)
    _, *lines = fresh_processes.start_lines(fresh_processes.starts(repeats=3))
    assert lines[0] == ["`import labkit`", "3 s", "2 s", "4 s"]
    assert [asked.count(task) for task in dict.fromkeys(asked)] == [4] * 5
    assert all(callable(getattr(fresh_script, task)) for task in asked)


@pytest.mark.skipif(sys.platform != "linux", reason="cores are chosen on Linux only")
def test_one_thread_and_two_are_timed_on_all_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen: list[int] = []
    counts: list[int] = []

    def call(table: Any, p: int, count: int) -> None:
        counts.append(count)

    clock = iter(np.arange(1000) * 0.01)  # seconds: every timing takes 10 ms
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    monkeypatch.setattr("os.sched_setaffinity", lambda pid, cores: chosen.extend(cores))
    monkeypatch.setattr("benchmarks.fresh_script._functions", lambda: [call])
    measured = fresh_script.threads(0, 3, 1)
    assert chosen == list(range(os.cpu_count() or 1))
    assert counts == [2, 2, *[1, 1, 1, 2, 2, 2] * 15]  # first calls, and samples of two
    for name in ("one", "two"):
        assert measured[f"first {name}"] == pytest.approx([0.01] * 15)
        assert measured[name] == pytest.approx([0.005] * 15)


def test_the_functions_of_a_fresh_process_are_those_that_the_page_names() -> None:
    results = [
        function(fresh_script._draw_table(3), 2, 1) for function in fresh_script._functions()
    ]
    shapes = [np.shape(results[0]), np.shape(results[1]), np.shape(results[2][1])]
    assert shapes == [(8,), (), (2,)] and len(fresh_processes.FUNCTIONS) == 3


class FakeExplorer:
    """Draws at each new value of its one control, but not at the value 3."""

    def __init__(self) -> None:
        self.n_draws = 1
        self.seen: list[int] = []
        self.controls = {"size": FakeControl(self)}


class FakeControl:
    min, max = 1, 4

    def __init__(self, explorer: FakeExplorer) -> None:
        self._explorer, self._value = explorer, 2

    @property
    def value(self) -> int:
        return self._value

    @value.setter
    def value(self, value: int) -> None:
        self._explorer.seen.append(value)
        self._explorer.n_draws += value not in (self._value, 3)
        self._value = value


def test_every_control_goes_through_its_values_and_only_drawings_are_timed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[FakeExplorer] = []

    def make() -> FakeExplorer:
        made.append(FakeExplorer())
        return made[-1]

    monkeypatch.setattr("benchmarks.fresh_script.explorers", lambda: [make])
    measured = fresh_script.redraws(0)
    assert made[0].seen == [1, 2, 3, 4, 2]
    assert len(measured["size"]) == 4 and len(measured["first picture"]) == 1


def test_every_explorer_is_measured_and_told_by_control(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = {"first picture": [0.5], "seed": [0.1, 0.3, 0.1], "task": [0.2]}
    monkeypatch.setattr("benchmarks.fresh_processes.run_fresh", lambda *task: dict(measured))
    (_, *lines), seconds = fresh_processes.redraw_lines()
    names = [explorer.__name__ for explorer in fresh_script.explorers()]
    assert {"GroverExplorer", "SubnetworkExplorer"} <= set(names) == set(seconds)
    assert lines[0] == [f"`{names[0]}`", "`seed`", "100 ms", "300 ms", "3", "500 ms"]
    assert lines[1] == ["", "`task`", "200 ms", "200 ms", "1", ""]
    assert seconds[names[0]].tolist() == [0.1, 0.3, 0.1, 0.2]
