"""A task of one's own wherever a task's name goes: explorers, sweeps, notebook 15, the lab book."""

from __future__ import annotations

import inspect
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from benchmarks.fresh_script import explorers
from dask_cluster import HandMadeCluster
from own_tables import customers
from sweep_points import name_task

from labkit.cli import main
from labkit.course.explorers import Explorer, HardwareExplorer, SelectorRace, SubnetworkExplorer
from labkit.course.explorers.controls import TASKS
from labkit.course.explorers.hardware import compile_form
from labkit.course.lessons.lesson_14a_noise_and_hardware import build_cost
from labkit.course.plots import draw_decision, draw_differences, draw_spread, new_axes
from labkit.course.plots.canvas import MARKERS
from labkit.datasets import TASK_NAMES, Task, load_task
from labkit.problems import build_problem
from labkit.records import LabBook
from labkit.sweeps import Sweep, run_sweep

PROBLEM = {"n_hidden": 4}
TOML = """
question = "Does a restart pay?"
seeds = [0, 1]
selector = "one_flip_search"

[tasks.churn]
path = "tables/churn.csv"
target = "churn"

[problem]
n_hidden = 4

[grid]
task_name = ["moons", "churn"]
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A CSV with a text column, missing values and yes/no labels."""
    (tmp_path / "tables").mkdir()
    customers().to_csv(tmp_path / "tables" / "churn.csv", index=False)
    return tmp_path / "tables" / "churn.csv"


@pytest.fixture
def task(path: Path) -> Task:
    return Task.from_table(path, target="churn")


@pytest.fixture
def book(tmp_path: Path) -> LabBook:
    return LabBook(tmp_path / "book.sqlite")


def searches(**fields: Any) -> Sweep:
    given = {"question": "q", "seeds": [0, 1], "selector": "one_flip_search", "problem": PROBLEM}
    return Sweep(**{**given, **fields})


# Explorers

_OF_TASKS = [each for each in explorers() if "task" in inspect.signature(each).parameters]


@pytest.mark.parametrize("build", _OF_TASKS, ids=lambda each: each.__name__)
def test_every_explorer_shows_a_task_of_ones_own(
    build: type[Explorer], task: Task, book: LabBook
) -> None:
    explorer = build(task=task)  # type: ignore[call-arg]
    own, stored = bytes(explorer.image.value), bytes(build().image.value)  # type: ignore[call-arg]
    assert own != stored
    assert book.entry(explorer.record(book)).parameters["task"] == task.label
    for control in explorer.controls.values():
        if hasattr(control, "max"):
            control.value = control.max
    explorer.reset()
    assert bytes(explorer.image.value) == own


@pytest.mark.parametrize("build", [SubnetworkExplorer, SelectorRace])
def test_a_list_of_tasks_has_ones_own_after_the_stored_ones(
    build: type[Explorer], task: Task
) -> None:
    explorer = build(task=task)  # type: ignore[call-arg]
    control = explorer.controls["task"]
    assert control._options_labels == (*TASKS, task.label)
    control.value = "circles"
    assert explorer.problem.task.name == "circles"
    control.value = task
    assert explorer.problem.task.name == "churn"
    chosen = build(task=load_task("iris")).controls["task"]  # type: ignore[call-arg]
    assert (chosen.value, len(chosen.options)) == ("iris", len(TASKS))


def test_a_list_offers_the_tasks_whose_classes_a_picture_tells_apart() -> None:
    apart = {name for name in TASK_NAMES if load_task(name).n_classes <= len(MARKERS)}
    assert {*TASKS} == apart
    with pytest.raises(ValueError, match=r"^task='digits' is unknown \(known: moons, "):
        SelectorRace(task="digits")
    explorer = SelectorRace(task=load_task("digits"), n_neurons=4)
    assert explorer.controls["task"]._options_labels == (*TASKS, "digits")


def test_the_machine_runs_the_costs_of_the_lesson() -> None:
    for form in ("NK 2", "two-local", "table"):
        costs = build_cost(form, 4, 1).to_table().costs
        assert compile_form(form, 4, 1).table.costs.tolist() == costs.tolist()
    assert HardwareExplorer().chosen["task"] == "breast_cancer"


def test_more_classes_than_colours_are_drawn() -> None:
    x = np.random.default_rng(0).normal(size=(80, 3))
    task = Task.from_table((x, np.arange(80) % 8))
    problem = build_problem(task, 3, seed=0)
    draw_decision(new_axes()[0], problem.network, problem.task, "111")


# Sweeps


def test_a_sweep_takes_a_task_and_keeps_its_label(task: Task, book: LabBook) -> None:
    sweep = searches(grid={"task_name": ["moons", task]})
    assert [each["task_name"] for each in sweep.parameters()] == ["moons", task.label]
    report = run_sweep(sweep, book, workers=0, progress=False)
    assert (report.finished_now, report.failed) == (4, 0)
    rows = book.runs(task_name=task.label)
    expected = [build_problem(task, 4, seed=seed).table.minimum for seed in (0, 1)]
    assert rows["result.minimum"].tolist() == expected


def test_worker_processes_and_clusters_get_the_data(task: Task, tmp_path: Path) -> None:
    sweep = searches(problem={**PROBLEM, "task_name": task})
    found = []
    with HandMadeCluster(n_workers=1) as cluster:
        for name, where in (("a", {"workers": 0}), ("b", {"workers": 1}),
                            ("c", {"client": cluster.address})):  # fmt: skip
            report = run_sweep(sweep, tmp_path / f"{name}.sqlite", progress=False, **where)
            found.append(report.runs()["result.mask_string"].tolist())
    assert found[0] == found[1] == found[2]


def test_results_of_another_table_are_not_taken_for_those_of_this_one(
    path: Path, task: Task, book: LabBook
) -> None:
    sweep = searches(problem={**PROBLEM, "task_name": task})
    run_sweep(sweep, book, workers=0, progress=False)
    again = searches(problem={**PROBLEM, "task_name": Task.from_table(path, target="churn")})
    assert run_sweep(again, book, workers=0, progress=False).finished_before == 2
    text = path.read_text().replace("Paris", "Rome", 1)
    path.write_text(text)
    changed = searches(problem={**PROBLEM, "task_name": Task.from_table(path, target="churn")})
    assert run_sweep(changed, book, workers=0, progress=False).finished_now == 2
    assert len(book.runs()) == 4


def test_a_file_names_its_tables_beside_it(path: Path, task: Task, book: LabBook) -> None:
    (file := path.parent.parent / "sweep.toml").write_text(TOML)
    read = Sweep.from_toml(file)
    typed = searches(question="Does a restart pay?", grid={"task_name": ["moons", task]})
    assert read.keyed_runs() == typed.keyed_runs()
    named = searches(tasks={"mine": task}, grid={"task_name": ["moons", "mine"]})
    assert named.keyed_runs() == typed.keyed_runs()
    assert run_sweep(read, book, workers=0, progress=False).failed == 0


def test_the_command_runs_a_sweep_of_a_table(
    path: Path, task: Task, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "sweep.toml").write_text(TOML)
    call = ["sweep", str(tmp_path / "sweep.toml"), "--workers", "0"]
    call += ["--book", str(tmp_path / "book.sqlite")]
    with pytest.raises(SystemExit) as done:
        main(call)
    assert done.value.code == 0
    assert "4 finished" in capsys.readouterr().out
    path.unlink()
    with pytest.raises(SystemExit) as done:
        main(call)
    said = capsys.readouterr().err
    assert done.value.code == 1
    assert said.startswith("labkit: ") and "churn.csv" in said and said.count("\n") == 1


def test_a_function_of_ones_own_gets_the_task(task: Task, book: LabBook) -> None:
    for given in ({"task": task}, {"task": "mine"}):
        sweep = Sweep("q", [0], options=given, function=name_task, tasks={"mine": task})
        report = run_sweep(sweep, book, workers=0, progress=False)
        row = report.runs().iloc[0]
        assert (row["result.name"], row["parameters.task"]) == ("churn", task.label)
    assert len(book.runs()) == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('target = "churn"', ""), "tasks.churn={'path': 'tables/churn.csv'} (limit: path and"),
        (('target = "churn"', 'target = "y"'), "tasks.churn: target='y' is no column (known:"),
        (('target = "churn"', 'target = "churn"\nsplit = 3'), "(limit: path and target, and"),
        (('path = "tables/churn.csv"', "path = 3"), "tasks.churn.path=3 is not text"),
        (('target = "churn"', 'target = "churn"\nmissing = "refuse"'), "column 'age' has no value"),
        (("[tasks.churn]", "[tasks.moons]"), "name='moons' is that of a stored task"),
        (('"moons", "churn"', '"moons", "chrn"'), "task_name='chrn' is unknown (known: moons,"),
        (('"moons", "churn"', '"moons", "churn.csv"'), "in the TOML of a sweep by [tasks.NAME]"),
    ],
)
def test_an_error_in_a_files_tables_is_one_line(
    path: Path, change: tuple[str, str], said: str
) -> None:
    (file := path.parent.parent / "sweep.toml").write_text(TOML.replace(*change))
    with pytest.raises((TypeError, ValueError)) as caught:
        Sweep.from_toml(file)
    assert str(caught.value).startswith(f"{file}: ")
    assert said in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("tasks", "said"),
    [
        ([3], "tasks=[3] is not a mapping"),
        ({"a": "moons"}, "tasks['a']='moons' is no Task"),
        ({"moons": load_task("moons")}, "tasks names 'moons', a stored task"),
    ],
)
def test_what_is_no_task_is_refused(tasks: Any, said: str) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        searches(tasks=tasks)
    assert said in str(caught.value)


# Notebook 15


def test_the_steps_of_notebook_15_take_a_table(task: Task, book: LabBook) -> None:
    question, scales = "Does the scale matter to churn?", [0.5, 2.0]
    opened = book.record(question, hypothesis="No.", parameters={"task": task, "n_hidden": 4})
    problem = {"task_name": task, "n_hidden": 4}
    sweep = Sweep(question, seeds=range(4), selector="exhaustive", problem=problem,
                  grid={"scale": scales})  # fmt: skip
    runs = run_sweep(sweep, book, workers=0, progress=False).runs()
    columns = {"index": "seed", "columns": "parameters.scale", "values": "result.test_accuracy"}
    accuracy = runs.pivot(**columns)
    assert [*accuracy.columns] == scales and accuracy.notna().all(axis=None)
    draw_spread(new_axes()[0], {"churn": {str(s): accuracy[s] for s in scales}}, ylabel="a")
    draw_differences(
        new_axes()[0], {"0.5": accuracy[0.5] - accuracy[2.0]}, xlabel="scale", ylabel="a"
    )
    fresh = replace(sweep, seeds=range(4, 6), grid={"scale": [2.0]})
    control = replace(sweep, problem={**sweep.problem, "cost": "error_rate"})
    for each in (fresh, control):
        assert run_sweep(each, book, workers=0, progress=False).failed == 0
    closed = book.record(question, conclusion="It does not.", corrects=opened)
    assert book.entry(opened).parameters["task"] == task.label
    assert book.entry(closed).corrects == opened
    other = LabBook(book.path.with_name("other.sqlite"))
    assert other.merge(book.path) == len(book)
