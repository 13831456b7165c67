"""Sweeps: which points there are, that each is run once, and that any worker gives the same."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sweep_points
from dask_cluster import HandMadeCluster, kill
from hypothesis import given
from hypothesis import strategies as st

from labkit.problems import build_problem
from labkit.records import LabBook
from labkit.selectors import one_flip_search, run
from labkit.sweeps import (
    Outcome,
    Sweep,
    SweepError,
    SweepReport,
    dask,
    point_key,
    processes,
    run_sweep,
    running,
    select_neurons,
)
from labkit.sweeps.dask import Cluster
from labkit.sweeps.points import local_versions

PROBLEM = {"task_name": "moons", "n_hidden": 6}


def flips(**fields: Any) -> Sweep:
    """A sweep of one-flip searches, on moons unless said otherwise."""
    given = {"question": "q", "seeds": [0], "selector": "one_flip_search", "problem": PROBLEM}
    return Sweep(**{**given, **fields})


def squares(folder: Path, n_points: int, *, seconds: float = 0.0) -> Sweep:
    """A sweep that logs the seeds that it begins."""
    options = {"log": str(folder / "begun.txt"), "seconds": seconds}
    function = sweep_points.log_and_sleep
    return Sweep("Squares?", range(n_points), options=options, function=function)


def begun(folder: Path) -> list[int]:
    return [int(line) for line in (folder / "begun.txt").read_text().split()]


@pytest.fixture
def book(tmp_path: Path) -> LabBook:
    return LabBook(tmp_path / "book.sqlite")


@pytest.fixture(scope="module")
def cluster() -> Iterator[HandMadeCluster]:
    with HandMadeCluster(n_workers=2) as started:
        yield started


# Which points there are


def test_a_sweep_runs_every_combination_with_every_point_and_seed() -> None:
    sweep = flips(
        seeds=[3, 1],
        problem={"task_name": "moons"},
        options={"max_cost_queries": 9},
        grid={"n_hidden": [4, 5], "restarts": [0, 1, 2]},
        points=[{"scale": 1.0}, {"scale": 2.0}],
    )
    expected = [
        ("moons", 9, "one_flip_search", scale, n, restarts, seed)
        for seed, scale, n, restarts in itertools.product([3, 1], [1.0, 2.0], [4, 5], [0, 1, 2])
    ]
    names = ("task_name", "max_cost_queries", "selector", "scale", "n_hidden", "restarts")
    assert [(*(p[name] for name in names), seed) for p, seed in sweep.runs()] == expected
    assert len(sweep.keyed_runs()) == len(expected)


def test_the_selector_may_be_a_parameter_with_options_of_its_own() -> None:
    points = [
        {"selector": "grover_search", "shots": 3},
        {"selector": "one_flip_search", "restarts": 1},
    ]
    sweep = Sweep("q", [0], problem=PROBLEM, points=points)
    assert [p["selector"] for p, _ in sweep.runs()] == ["grover_search", "one_flip_search"]
    with pytest.raises(ValueError, match=r"shots=3 is known neither .* nor to one_flip_search"):
        Sweep("q", [0], problem=PROBLEM, points=[{**points[1], "shots": 3}])


values = st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-2, 2) | st.text(max_size=3)
mappings = st.dictionaries(st.text(min_size=1, max_size=3), values | st.lists(values, max_size=2))


@given(mappings, st.integers(0, 9), st.randoms(use_true_random=False))
def test_a_key_depends_neither_on_order_nor_on_numpy(
    parameters: dict[str, Any], seed: int, random: Any
) -> None:
    names = [*parameters]
    random.shuffle(names)
    wrapped = {name: in_numpy(parameters[name]) for name in names}
    assert point_key("m:f", wrapped, int(np.int64(seed))) == point_key("m:f", parameters, seed)


def in_numpy(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(map(in_numpy, value))
    return np.asarray(value)[()] if isinstance(value, bool | int | float) else value


@given(mappings, mappings, st.integers(0, 2), st.integers(0, 2))
def test_other_parameters_or_seeds_have_other_keys(
    one: dict[str, Any], other: dict[str, Any], seed: int, other_seed: int
) -> None:
    text = [json.dumps([p, s], sort_keys=True) for p, s in ((one, seed), (other, other_seed))]
    keys = point_key("m:f", one, seed), point_key("m:f", other, other_seed)
    assert (keys[0] == keys[1]) == (text[0] == text[1])


def test_a_point_is_known_by_function_selector_parameters_and_seed_not_by_the_question() -> None:
    sweep = flips()
    (key,) = sweep.keyed_runs()
    assert [*flips(question="another", hypothesis="h").keyed_runs()] == [key]
    assert [*flips(problem={"task_name": "moons"}, grid={"n_hidden": [6]}).keyed_runs()] == [key]
    others = [
        flips(seeds=[1]),
        flips(selector="random_search"),
        flips(options={"restarts": 1}),
        flips(function=sweep_points.look_around),
    ]
    assert len({key, *(other for each in others for other in each.keyed_runs())}) == 5


def test_functions_typed_into_two_notebooks_are_not_taken_for_one_another() -> None:
    names = {main_function_name("return 1"), main_function_name("return 2")}
    assert len(names) == 2
    assert main_function_name("return 1") in names


def main_function_name(body: str) -> str:
    """The name of what is run, of a function in `__main__`."""
    code = (
        f"def f(parameters, seed): {body}\n"
        "from labkit.sweeps import Sweep\nprint(Sweep('q', [0], function=f).function_name)"
    )
    return subprocess.check_output([sys.executable, "-W", "error", "-c", code], text=True)


def nested() -> Any:
    def function(parameters: Mapping[str, Any], seed: int) -> Outcome:
        return Outcome({})

    return function


@pytest.mark.parametrize(
    ("fields", "error", "said"),
    [
        ({"question": " "}, ValueError, "question=' ' is empty"),
        ({"question": 3}, TypeError, "question=3 is not text"),
        ({"hypothesis": ""}, ValueError, "hypothesis='' is empty"),
        ({"seeds": []}, ValueError, "seeds is empty"),
        ({"seeds": 5}, TypeError, "seeds=5 is not a sequence"),
        ({"seeds": [1, 2, 1]}, ValueError, "seeds holds 1 more than once"),
        ({"seeds": [-1]}, ValueError, "seeds=-1 is too small (limit: 0"),
        ({"seeds": [0.5]}, TypeError, "seeds=0.5 is not an integer"),
        ({"seeds": range(10**8)}, ValueError, "seeds holds 100,000,000 seeds (limit: 1,000,000)"),
        ({"selector": "best"}, ValueError, "selector='best' is unknown (known: adaptive_grover"),
        ({"selector": None}, ValueError, "selector=None is unknown (known: "),
        ({"selector": "dynamic_programming"}, ValueError, "selector='dynamic_programming' is"),
        ({"problem": {"task_name": "m", "n_hidden": 4}}, ValueError, "task_name='m' is unknown"),
        ({"problem": {"task_name": "moons"}}, ValueError, "n_hidden is missing: build_problem"),
        ({"selector": "local_selection"}, ValueError, "block_size is missing: local_selection"),
        ({"problem": 3}, TypeError, "problem=3 is not a mapping"),
        ({"problem": {**PROBLEM, "scale": {1}}}, TypeError, "problem['scale']={1} cannot be kept"),
        ({"options": {"restart": 1}}, ValueError, "restart=1 is known neither to build_problem"),
        ({"options": {"restarts": -1}}, ValueError, "restarts=-1 is too small (limit: 0"),
        ({"options": {"max_cost_queries": 0}}, ValueError, "max_cost_queries=0 is too small"),
        ({"options": {"rng": 1}}, ValueError, "rng=1 is known neither"),
        ({"options": {"n_hidden": 5}}, ValueError, "options names 'n_hidden', and so does problem"),
        ({"options": {"function": "f"}}, ValueError, "options names 'function'"),
        ({"grid": {"restarts": []}}, ValueError, "grid.restarts is empty"),
        ({"grid": {"restarts": 3}}, TypeError, "grid.restarts=3 is not a sequence"),
        ({"grid": {"restarts": "12"}}, TypeError, "grid.restarts='12' is not a sequence"),
        ({"grid": {"restarts": [0, np.int64(0)]}}, ValueError, "points holds {"),
        ({"grid": {"selector": ["exhaustive"]}}, ValueError, "grid names 'selector', and so does"),
        ({"grid": {"scale": range(1, 2_000_002)}}, ValueError, "make 2,000,001 runs (limit: 1,0"),
        ({"points": {"scale": 1}}, TypeError, "points={'scale': 1} is not a sequence"),
        ({"points": [3]}, TypeError, "points[0]=3 is not a mapping"),
        ({"points": [{"scale": 0}]}, ValueError, "scale=0 is not a finite number above 0"),
        ({"function": 3}, TypeError, "function=3 is neither a function nor 'module:name'"),
        ({"function": "f"}, ValueError, "function='f' is no name"),
        ({"function": "no_module:f"}, ValueError, "function='no_module:f' cannot be imported"),
        ({"function": "sweep_points:f"}, ValueError, "module sweep_points has no function 'f'"),
        ({"function": nested()}, TypeError, "is not found by its name"),
    ],
)
def test_a_sweep_that_cannot_run_is_refused_in_one_line(
    fields: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error) as caught:
        flips(**fields)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


# As a file

FILE = """
question = "Does a restart pay?"
hypothesis = "Hardly."
seeds = {first = 2, count = 3}
selector = "one_flip_search"
[problem]
task_name = "moons"
[options]
max_cost_queries = 50
[grid]
n_hidden = [4, 5]
[[points]]
restarts = 0
[[points]]
restarts = 1
"""


def test_a_file_gives_the_same_sweep_as_python(tmp_path: Path) -> None:
    (tmp_path / "sweep.toml").write_text(FILE)
    read = Sweep.from_toml(tmp_path / "sweep.toml")
    typed = Sweep(
        "Does a restart pay?",
        np.arange(2, 5),  # type: ignore[arg-type]  # an array is a sequence of integers, too
        "one_flip_search",
        {"task_name": "moons"},
        {"max_cost_queries": np.int64(50)},
        {"n_hidden": (4, 5)},
        [{"restarts": 0}, {"restarts": 1}],
        "Hardly.",
    )
    assert read.keyed_runs() == typed.keyed_runs()
    assert (read.question, read.hypothesis) == (typed.question, typed.hypothesis)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("question = 3 4", "not TOML: "),
        ("seeds = [1]", "key 'question' is missing"),
        ("question = 'q'", "key 'seeds' is missing"),
        (FILE + "[grids]\n", "key 'grids' is unknown (known: question, seeds, selector"),
        (FILE.replace("count", "number"), "seeds={'first': 2, 'number': 3} (limit: a list"),
        (FILE.replace("count = 3", "count = 0"), "seeds.count=0 is too small"),
        (FILE.replace("[4, 5]", "[]"), "grid.n_hidden is empty"),
        (FILE.replace('"Hardly."', "4"), "hypothesis=4 is not text"),
        (FILE + "depth = 3\n", "depth=3 is known neither"),
        ("question = '\xff'", "not text in UTF-8"),
    ],
)
def test_an_error_in_a_file_names_file_and_key(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "wrong.toml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises((TypeError, ValueError)) as caught:
        Sweep.from_toml(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


# One point


def test_a_point_states_how_good_the_selection_is() -> None:
    parameters = {**PROBLEM, "selector": "one_flip_search", "restarts": 1}
    outcome = select_neurons(parameters, 4)
    problem = build_problem("moons", 6, seed=4)
    rng = np.random.default_rng(np.random.SeedSequence([4, 1]))
    found = run(one_flip_search, problem.table, rng=rng, restarts=1)
    costs = problem.table.costs
    assert outcome.result["mask_string"] == found.mask_string
    assert outcome.result["cost"] == costs[int(found.mask_string, 2)]
    assert outcome.result["minimum"] == min(costs)
    assert outcome.result["regret"] == outcome.result["cost"] - min(costs)
    assert outcome.result["rank"] == 1 + sum(cost < found.cost - 1e-12 for cost in costs)
    assert outcome.result["n_active"] == found.mask_string.count("1")
    for split in ("train", "validation", "test"):
        x, y = getattr(problem.task, f"x_{split}"), getattr(problem.task, f"y_{split}")
        right = (problem.network.outputs(x, found.neuron_mask).ravel() > 0) == y
        assert outcome.result[f"{split}_accuracy"] == pytest.approx(np.mean(right))
    np.testing.assert_array_equal(outcome.attachments["history"], found.history)
    assert getattr(outcome.ledger, "cost_queries", None) == len(found.history)


def test_a_problem_may_have_a_seed_of_its_own() -> None:
    parameters = {**PROBLEM, "seed": 7, "selector": "random_search", "max_cost_queries": 3}
    table = build_problem("moons", 6, seed=7).table
    outcomes = [select_neurons(parameters, seed) for seed in range(4)]
    assert {outcome.result["minimum"] for outcome in outcomes} == {table.minimum}
    assert len({outcome.result["mask_string"] for outcome in outcomes}) > 1


def test_a_local_selection_names_its_inner_selector() -> None:
    parameters = {**PROBLEM, "selector": "local_selection", "block_size": 6}
    exact = select_neurons({**parameters, "inner": "exhaustive"}, 0)
    assert exact.result["rank"] == 1
    flipped = select_neurons({**parameters, "inner": "one_flip_search"}, 0)
    assert getattr(flipped.ledger, "cost_queries", 0) != getattr(exact.ledger, "cost_queries", 0)


# Running them


def comparable(report: SweepReport) -> pd.DataFrame:
    """What must not depend on where a sweep was run."""
    frame = report.runs()
    kinds = ("parameters.", "result.", "ledger.")
    kept = [name for name in frame if name in ("point", "seed", "question", "error")]
    kept += [name for name in frame if name.startswith(kinds) and name != "ledger.seconds"]
    return frame[sorted(kept)]


def test_serial_local_and_foreign_workers_give_the_same_entries(
    tmp_path: Path, cluster: HandMadeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    points: list[dict[str, Any]] = [
        {"selector": "one_flip_search", "restarts": 1},
        {"selector": "simulated_annealing"},
        {"selector": "local_selection", "block_size": 10},  # more than there are neurons: fails
        {"selector": "qaoa_sampling", "shots": 4},
    ]
    problem = {"task_name": "breast_cancer", "n_hidden": 9}
    sweep = Sweep("q", range(3), problem=problem, points=points)
    serial = run_sweep(sweep, tmp_path / "serial.sqlite", workers=0, progress=False)
    local = run_sweep(sweep, tmp_path / "local.sqlite", workers=2, progress=False)
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", cluster.address)
    foreign = run_sweep(sweep, tmp_path / "foreign.sqlite", progress=False)
    assert (serial.finished_now, serial.failed, serial.left) == (9, 3, 0)
    assert comparable(serial)["point"].tolist() == [*sweep.keyed_runs()]
    pd.testing.assert_frame_equal(comparable(local), comparable(serial))
    pd.testing.assert_frame_equal(comparable(foreign), comparable(serial))


def test_a_client_of_ones_own_runs_the_sweep_and_stays_open(
    tmp_path: Path, book: LabBook, cluster: HandMadeCluster
) -> None:
    from distributed import Client

    with Client(cluster.address, set_as_default=False) as client:
        report = run_sweep(squares(tmp_path, 30), book, client, progress=False)
        assert client.submit(sum, [1, 2]).result() == 3
    assert (report.finished_now, report.left) == (30, 0)
    assert sorted(begun(tmp_path)) == [*range(30)]


def test_what_comes_into_the_book_the_scheduler_has_already_forgotten(
    tmp_path: Path, book: LabBook, cluster: HandMadeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    from distributed import Client

    original = LabBook.record
    known: list[str] = []

    def record(self: LabBook, *arguments: Any, **fields: Any) -> str:
        tasks = client.run_on_scheduler(lambda dask_scheduler: [*map(str, dask_scheduler.tasks)])
        known.extend(task for task in tasks if fields["point"] in task)
        return original(self, *arguments, **fields)

    monkeypatch.setattr(LabBook, "record", record)
    with Client(cluster.address, set_as_default=False) as client:
        run_sweep(squares(tmp_path, 20), book, client, progress=False)
    assert (len(book), known) == (20, [])  # else a worker's death would run them again


def test_a_result_that_is_lost_with_its_worker_is_waited_for(
    tmp_path: Path, book: LabBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = Cluster._land
    statuses: list[str | None] = []

    async def kill_and_land(self: Cluster, future: Any) -> Any:
        if not statuses:
            statuses.append("")
            await future._state.wait()  # it is finished; what came is still at its worker
            kill(fragile.workers[0])
            while future.status == "finished":
                await asyncio.sleep(0.01)
            statuses[0] = future.status
            fragile.start_missing()
        return await original(self, future)

    monkeypatch.setattr(Cluster, "_land", kill_and_land)
    with HandMadeCluster(n_workers=1) as fragile:
        report = run_sweep(squares(tmp_path, 20), book, fragile.address, progress=False)
    assert statuses == ["lost"]
    assert (report.finished_now, report.failed, len(book)) == (20, 0, 20)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_stopped_sweep_goes_on_and_no_point_is_run_twice(
    tmp_path: Path, book: LabBook, workers: int
) -> None:
    sweep = squares(tmp_path, 40, seconds=0.01)
    first = run_sweep(
        sweep, book, workers=workers, progress=False, stop=lambda: len(book.points()) >= 10
    )
    assert 10 <= first.finished_now < 40
    assert (first.finished_now + first.left, first.failed) == (40, 0)
    kept = book.runs()["seed"].tolist()
    already = len(begun(tmp_path))
    second = run_sweep(sweep, book.path, workers=workers, progress=False)
    assert (second.finished_before, second.finished_now) == (first.finished_now, first.left)
    assert second.left == 0
    assert {*kept}.isdisjoint(begun(tmp_path)[already:])
    third = run_sweep(sweep, book, workers=workers, progress=False)
    assert (third.finished_before, third.finished_now, third.left) == (40, 0, 0)
    assert sorted(book.runs()["seed"]) == [*range(40)]


def test_a_point_of_another_sweep_is_not_run_again(tmp_path: Path, book: LabBook) -> None:
    run_sweep(squares(tmp_path, 5), book, workers=0, progress=False)
    report = run_sweep(squares(tmp_path, 8), book, workers=0, progress=False)
    assert (report.finished_before, report.finished_now) == (5, 3)
    assert report.runs()["seed"].tolist() == [*range(8)]
    assert len(begun(tmp_path)) == 8


@pytest.mark.parametrize("workers", [0, 1])
def test_a_failed_point_is_kept_with_its_error_and_the_rest_goes_on(
    tmp_path: Path, book: LabBook, workers: int
) -> None:
    options = {"mended": str(tmp_path / "mended")}
    sweep = Sweep("q", range(6), options=options, function="sweep_points:fail_sometimes")
    report = run_sweep(sweep, book, workers=workers, progress=False)
    assert (report.finished_now, report.failed, report.left) == (2, 4, 0)
    frame = report.runs()
    assert frame["seed"].tolist() == [*range(6)]
    said = [
        "RuntimeError: one is",
        "TypeError: result['value']=",
        "TypeError: the function returned",
    ]
    for error, start in zip(frame["error"][1:5], [*said, "SystemExit: leaving"], strict=True):
        assert error.startswith(start)
    assert "fail_sometimes" in frame["error"][1]  # the traceback's last lines
    assert (frame["parameters.function"] == "sweep_points:fail_sometimes").all()

    (tmp_path / "mended").touch()
    again = run_sweep(sweep, book, workers=workers, progress=False)
    assert (again.finished_before, again.finished_now, again.failed) == (2, 0, 4)
    retried = run_sweep(sweep, book, workers=workers, progress=False, retry_failed=True)
    assert (retried.finished_before, retried.finished_now, retried.failed) == (2, 1, 3)
    assert retried.runs()["error"].isna().tolist() == [True, True, False, False, False, True]


def test_what_the_book_cannot_hold_is_a_failed_point(
    book: LabBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    def outcome(parameters: Mapping[str, Any], seed: int) -> Outcome:
        return Outcome({"value": seed}, attachments={"thing": object()} if seed else {})

    monkeypatch.setattr(sweep_points, "multiply", outcome)
    outcome.__module__, outcome.__qualname__ = "sweep_points", "multiply"
    report = run_sweep(Sweep("q", [0, 1], function=outcome), book, workers=0, progress=False)
    assert (report.finished_now, report.failed) == (1, 1)
    assert report.runs()["error"].isna().tolist() == [True, False]


def test_a_point_that_ends_its_worker_three_times_has_failed(tmp_path: Path, book: LabBook) -> None:
    options = {"log": str(tmp_path / "begun.txt")}
    sweep = Sweep("q", range(12), options=options, function="sweep_points:die_at_three")
    report = run_sweep(sweep, book, workers=2, progress=False)
    assert (report.finished_now, report.failed, report.left) == (11, 1, 0)
    failed = report.runs()[lambda frame: frame["error"].notna()]
    assert failed["seed"].tolist() == [3]
    assert failed["error"].iloc[0].startswith("KilledWorker: ")
    assert begun(tmp_path).count(3) == 3


@pytest.mark.parametrize("workers", [0, 2])
def test_an_interrupt_keeps_what_has_come_and_is_passed_on(
    tmp_path: Path, book: LabBook, workers: int
) -> None:
    def interrupt() -> bool:
        if len(book.points()) >= 5:
            raise KeyboardInterrupt
        return False

    with pytest.raises(KeyboardInterrupt):
        run_sweep(
            squares(tmp_path, 500, seconds=0.01),
            book,
            workers=workers,
            progress=False,
            stop=interrupt,
        )
    assert 5 <= len(book.points()) < 500


def test_an_interrupted_point_is_not_begun_again_at_once(tmp_path: Path, book: LabBook) -> None:
    options = {"log": str(tmp_path / "begun.txt")}
    sweep = Sweep("q", range(6), options=options, function="sweep_points:interrupt_at_three")
    with pytest.raises(KeyboardInterrupt):
        run_sweep(sweep, book, workers=0, progress=False)
    assert begun(tmp_path) == [0, 1, 2, 3]
    assert book.runs()["seed"].tolist() == [0, 1, 2]


def test_a_stop_does_not_wait_for_long_points(book: LabBook) -> None:
    sweep = Sweep("q", range(4), function=sweep_points.sleep_long)
    report = run_sweep(sweep, book, workers=2, progress=False, stop=lambda: len(book.points()) == 1)
    assert (report.finished_now, report.left) == (1, 3)  # each of the others sleeps for hours


def test_the_loss_of_the_scheduler_is_an_error_that_says_how_to_go_on(
    tmp_path: Path, book: LabBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask, "_CONNECT_SECONDS", 15)  # so long it tries to find it again
    sweep = squares(tmp_path, 400, seconds=0.02)
    with HandMadeCluster(n_workers=1) as lost:

        def stop() -> bool:
            if len(book.points()) >= 5:
                kill(lost.scheduler)
            return False

        with pytest.raises(SweepError) as caught:
            run_sweep(sweep, book, lost.address, progress=False, stop=stop)
    said = f"{len(book.points())} of 400 points are in {book.path}: run the sweep again to go on"
    assert str(caught.value) == f"the scheduler at {lost.address} does not answer any more; {said}"


def test_no_scheduler_at_the_address_is_an_error(
    tmp_path: Path, book: LabBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask, "_CONNECT_SECONDS", 0.5)
    with pytest.raises(SweepError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:1: "):
        run_sweep(squares(tmp_path, 3), book, "tcp://127.0.0.1:1", progress=False)


@pytest.mark.parametrize("slow", [OSError, TimeoutError, asyncio.TimeoutError])
def test_a_connection_that_is_slow_to_close_hides_no_error(
    monkeypatch: pytest.MonkeyPatch, slow: type[Exception]
) -> None:
    """asyncio's own TimeoutError, before Python 3.11, is among what Dask raises."""

    class SlowClient:
        def __init__(self, address: str, **_: Any) -> None: ...

        def close(self, timeout: float) -> None:
            raise slow(f"timed out after {timeout} s.")

    monkeypatch.setattr("distributed.Client", SlowClient)
    with pytest.raises(SweepError, match="does not answer"), dask._opened("tcp://127.0.0.1:1"):
        raise SweepError("the scheduler does not answer")


def test_workers_of_another_version_are_refused(
    tmp_path: Path, book: LabBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = local_versions()
    monkeypatch.setattr(running, "local_versions", lambda: {**here, "numpy": "0.1"})
    expected = rf"a worker has numpy {here['numpy']}, and here is numpy 0\.1; 0 of 3 points"
    with pytest.raises(SweepError, match=expected):
        run_sweep(squares(tmp_path, 3), book, workers=1, progress=False)
    assert len(book) == 0


def test_a_worker_has_one_thread_and_loads_neither_tensorflow_nor_cirq(
    tmp_path: Path, book: LabBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    before = dict(os.environ)
    report = run_sweep(flips(function=sweep_points.look_around), book, workers=1, progress=False)
    found = report.runs().iloc[0]
    assert found["result.loaded"] == ""
    threads = dict(text.split("=") for text in found["result.threads"].split())
    assert {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"} <= threads.keys()
    assert {*threads.values()} == {"1"}
    assert dict(os.environ) == before
    assert {path.name.partition(".")[0] for path in tmp_path.iterdir()} == {"book"}


def test_nothing_is_printed_but_the_progress(
    tmp_path: Path, book: LabBook, capfd: pytest.CaptureFixture[str]
) -> None:
    levels = [handler.level for handler in logging.getLogger("distributed").handlers]
    options = {"log": str(tmp_path / "begun.txt")}
    sweep = Sweep("q", range(2, 5), options=options, function="sweep_points:die_at_three")
    run_sweep(sweep, book, workers=1, progress=False)
    assert capfd.readouterr() == ("", "")
    run_sweep(squares(tmp_path, 3), book, workers=0)
    out, err = capfd.readouterr()
    assert out == ""
    assert "3/3" in err
    assert "failed=0" in err
    assert [handler.level for handler in logging.getLogger("distributed").handlers] == levels


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"sweep": 3}, TypeError, "sweep=3 is not a Sweep"),
        ({"workers": -1}, ValueError, "workers=-1 is too small (limit: 0"),
        ({"workers": 1.5}, TypeError, "workers=1.5 is not an integer"),
        ({"workers": 2, "client": "tcp://x:1"}, ValueError, "workers=2 with client given"),
        ({"client": 3}, TypeError, "client=3 is neither a distributed.Client nor the address"),
        ({"stop": True}, TypeError, "stop=True is not a function"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(
    tmp_path: Path, book: LabBook, given: dict[str, Any], error: type[Exception], said: str
) -> None:
    arguments = {"sweep": squares(tmp_path, 2), "book": book, "progress": False, **given}
    with pytest.raises(error) as caught:
        run_sweep(**arguments)
    assert said in str(caught.value)


def test_as_many_workers_as_cores_and_memory_allow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "core_limit", lambda: 64)
    monkeypatch.setattr(processes, "memory_limit", lambda: 2**30)
    assert processes.choose_workers(None) == 3
    monkeypatch.setattr(processes, "memory_limit", lambda: 2**20)
    assert processes.choose_workers(None) == 1
    monkeypatch.setattr(processes, "memory_limit", lambda: 2**40)
    assert processes.choose_workers(None) == 64


def test_importing_sweeps_is_light() -> None:
    code = (
        "import sys, labkit.sweeps; print([m for m in ('dask', 'distributed', 'pandas', 'tqdm',"
        " 'cirq', 'tensorflow', 'numba') if m in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "[]\n"


def test_a_script_runs_its_own_function_without_a_guard_and_without_dask(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\nfrom labkit.sweeps import Outcome, Sweep, run_sweep\n"
        "def double(parameters, seed):\n"
        "    print('heard')\n"
        "    return Outcome({'double': factor * seed})\n"
        "factor = 2\n"
        "sweep = Sweep('q', range(3), function=double)\n"
        f"report = run_sweep(sweep, {str(tmp_path / 'book.sqlite')!r}, workers=2, progress=False)\n"
        "print(report.runs()['result.double'].tolist(), 'dask' in sys.modules)"
    )
    command = [sys.executable, "-W", "error", str(script)]
    assert subprocess.check_output(command, text=True, timeout=120) == "[0, 2, 4] False\n"


def test_a_client_without_dask_is_told_what_to_install(
    tmp_path: Path, book: LabBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    said = r"^client='tcp://x:1' needs Dask: pip install distributed; 0 of 3 points are in .*$"
    with pytest.raises(SweepError, match=said):
        run_sweep(squares(tmp_path, 3), book, "tcp://x:1", progress=False)
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", "tcp://x:1")
    with pytest.raises(SweepError, match=said):
        run_sweep(squares(tmp_path, 3), book, progress=False)
    assert run_sweep(squares(tmp_path, 3), book, workers=1, progress=False).finished_now == 3


def test_workers_that_cannot_load_the_function_are_an_error(
    tmp_path: Path, book: LabBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here_alone.py").write_text("def work(parameters, seed): ...")
    monkeypatch.syspath_prepend(str(tmp_path))
    sweep = Sweep("q", [0], function="here_alone:work")
    (tmp_path / "here_alone.py").unlink()
    with pytest.raises(SweepError, match=r"^the workers cannot run this: ModuleNotFoundError"):
        run_sweep(sweep, book, workers=1, progress=False)


def load_slowly(stream: Any) -> Any:
    """Unpickles; where much is coming, a while after the first of it."""
    if len(stream.peek(1)) >= 2**12:
        time.sleep(2)
    return pickle.load(stream)


@pytest.mark.parametrize("kind", ["take_too_much_at_three", "die_while_answering_at_three"])
def test_a_point_that_ends_its_worker_in_another_way_has_failed_too(
    tmp_path: Path, book: LabBook, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(processes, "memory_limit", lambda: 2**30)
    slow = SimpleNamespace(**{**vars(pickle), "load": load_slowly})
    monkeypatch.setattr(processes, "pickle", slow)
    options = {"log": str(tmp_path / "begun.txt")}
    sweep = Sweep("q", range(4), options=options, function=f"sweep_points:{kind}")
    report = run_sweep(sweep, book, workers=2, progress=False)
    assert (report.finished_now, report.failed, report.left) == (3, 1, 0)
    assert report.runs()["error"][3].startswith("KilledWorker: ")
    assert begun(tmp_path).count(3) == 3
    assert all(begun(tmp_path).count(seed) == 1 for seed in range(3))  # its neighbours go on
