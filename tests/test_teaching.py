"""docs/teaching.md: its plans add up, its numbers are measured, and what it names exists."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import click
from run_notebooks import FOLDER, read

from labkit.amplification import optimal_iterations
from labkit.cli import main
from labkit.course.checking import all_exercises
from labkit.course.registry import BY_NUMBER, PART_TWO
from labkit.platforms import NEWEST_WHOLE

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docs" / "teaching.md").read_text(encoding="utf-8")
_PEOPLE, _SERVER = 40, 150  # MiB


def rows(head: str) -> list[list[str]]:
    """The cells of the tables whose first line begins so."""
    found = []
    for table in re.findall(rf"^\| {head}.*\n\|[-|]+\|\n((?:\|.*\n)+)", TEXT, re.MULTILINE):
        found += [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()]
    return found


def test_a_plan_begins_at_0_rises_and_ends_after_90_minutes() -> None:
    plans: list[list[int]] = []
    for mark, _ in rows("minute "):
        if mark == "0":
            plans.append([])
        plans[-1].append(int(mark))
    assert len(plans) == 2
    for plan in plans:
        assert plan == sorted(set(plan)) and (plan[0], plan[-1]) == (0, 90)


def test_every_lesson_has_a_week_or_is_said_to_be_extra() -> None:
    weeks = [number for _, lessons, _ in rows("week ") for number in lessons.split(", ")]
    extra = ["15a", "16", *(lesson.number for lesson in PART_TWO)]
    assert sorted([*weeks, *extra]) == sorted(BY_NUMBER)
    assert [*dict.fromkeys(row[0] for row in rows("lesson "))] == [*dict.fromkeys(weeks)]


def test_exercises_commands_and_options_that_are_named_exist() -> None:
    named = set(re.findall(r"\b\d\da?-\d\b", TEXT))
    assert named and named <= {*all_exercises()}
    for name, options in re.findall(r"labkit ([a-z-]+)([^\n`]*)", TEXT):
        command = main.commands.get(name)
        assert isinstance(command, click.Command), name
        known = {option for parameter in command.params for option in parameter.opts}
        assert {*re.findall(r"--[a-z]+", options)} <= known


def test_the_memory_of_a_class_is_that_of_the_measured_peaks() -> None:
    shown = [number for lessons, *_ in rows("lessons open ") for number in lessons.split(", ")]
    assert sorted(shown) == sorted(BY_NUMBER)
    for lessons, largest, *kernels in rows("lessons open "):
        peaks = [
            read(FOLDER / BY_NUMBER[number].notebook).metadata["labkit"]["peak_mib"]
            for number in lessons.split(", ")
        ]
        assert abs(int(largest) - max(peaks)) <= 0.15 * max(peaks)
        for n_kernels, gib in enumerate(kernels, 1):
            needed = _PEOPLE * (n_kernels * int(largest) + _SERVER) / 1024
            assert math.ceil(needed) == int(gib)


def test_the_five_answers_are_right() -> None:
    assert optimal_iterations(10, 4) == 12
    assert round(math.pi / 4 * math.sqrt(2**10 / 4), 1) == 12.6
    assert 3 + 2 * (3 - 1) == 7
    runs = math.ceil(math.log(0.01) / math.log(0.8))
    assert (runs, 30 * runs) == (21, 630)


def test_links_lead_to_files_that_exist() -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", TEXT)
    local = [target for target in targets if "://" not in target]
    assert local
    assert [t for t in local if not (ROOT / "docs" / t).exists()] == []


def test_the_devcontainer_has_a_python_that_gets_everything_and_runs_what_there_is() -> None:
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text("utf-8"))
    assert container["image"].endswith(":" + ".".join(map(str, NEWEST_WHOLE)))
    made = container["postCreateCommand"].removeprefix("make ")
    assert re.search(rf"^{made}:", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    interpreter = container["customizations"]["vscode"]["settings"]["python.defaultInterpreterPath"]
    assert interpreter.endswith("/.venv/bin/python")
    assert ".venv/bin/python -m labkit doctor" in container["postAttachCommand"]
