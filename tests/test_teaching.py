"""docs/teaching.md: its plans add up, its numbers are measured, and what it names exists."""

from __future__ import annotations

import json
import math
import re
import shutil
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import click
from benchmarks import forty_kernels
from click.testing import CliRunner
from run_notebooks import FOLDER, read

from labkit.amplification import optimal_iterations
from labkit.cli import main
from labkit.cli.points import student_of
from labkit.course.checking import all_exercises
from labkit.course.registry import BY_NUMBER, LESSONS, PART_TWO
from labkit.platforms import KERAS, NEWEST_WHOLE
from labkit.records import LabBook

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docs" / "teaching.md").read_text(encoding="utf-8")
_PEOPLE, _SERVER = 40, 150  # MiB
_REPOSITORY = "quantum-neuron-selection-lab"


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


def test_the_load_of_a_class_is_as_it_was_measured() -> None:
    """After a change: `make kernels`."""
    machine, loads = forty_kernels.read_stored()
    shown = TEXT.split(forty_kernels.BEGIN)[1].split(forty_kernels.END)[0]
    assert shown.strip() == forty_kernels.render(machine, loads).strip()
    assert [(load.lesson, load.spread) for load in loads] == [*forty_kernels.PLAN]
    assert {load.kernels for load in loads} == {_PEOPLE} == {forty_kernels.KERNELS}
    assert forty_kernels.SERVER == _SERVER and f"{_SERVER} MiB each" in TEXT


def test_two_kernels_of_the_largest_lesson_and_a_server_are_within_a_student_s_limit() -> None:
    (limit,) = re.findall(r"limits\.memory (\d+)G", TEXT)
    largest = max(int(row[1]) for row in rows("lessons open "))
    assert 2 * largest + _SERVER <= int(limit) * 1024


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


def test_each_link_within_the_page_leads_to_a_heading() -> None:
    headings = re.findall(r"^#+ (.*)$", TEXT, re.MULTILINE)
    known = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
    named = re.findall(r"\]\(#([^)]+)\)", TEXT)
    assert len({*named}) == 5 and {*named} <= known


def test_a_student_s_link_opens_a_notebook_that_exists() -> None:
    browser, server = (urlsplit(line) for line in re.findall(r"^https://\S+$", TEXT, re.MULTILINE))
    assert (browser.netloc, browser.path) == (
        f"{_REPOSITORY}.github.io",
        f"/{_REPOSITORY}/lite/lab/index.html",
    )
    (opened,) = parse_qs(browser.query)["path"]
    (pulled,) = parse_qs(server.query)["repo"]
    (shown,) = parse_qs(server.query)["urlpath"]
    assert pulled == f"https://github.com/{_REPOSITORY}/{_REPOSITORY}"
    assert shown == f"lab/tree/{_REPOSITORY}/notebooks/{opened}"
    assert (FOLDER / opened).exists()


def test_what_can_only_be_read_in_a_browser_is_what_needs_keras() -> None:
    (named,) = re.findall(r"no TensorFlow: (.*?) can only be read", TEXT)
    assert named.split(" and ") == [lesson.number for lesson in LESSONS if lesson.needs is KERAS]


def test_a_student_s_folder_is_what_the_commands_read(tmp_path: Path) -> None:
    paths = re.findall(r"^handed_in/(\S+)$", TEXT, re.MULTILINE)
    assert [Path(path).name for path in paths] == ["lab_book.sqlite", "00_welcome.ipynb"]
    for path in paths:
        (tmp_path / path).parent.mkdir(exist_ok=True)
    LabBook(tmp_path / paths[0]).record("Where is the peak?", conclusion="at 12")
    shutil.copy(FOLDER / "00_welcome.ipynb", tmp_path / paths[1])
    book = tmp_path / "class.sqlite"
    run = CliRunner().invoke
    merged = run(main, ["merge", str(tmp_path / paths[0]), "--book", str(book)])
    assert merged.exit_code == 0 and len(LabBook(book)) == 1
    assert run(main, ["class", str(tmp_path)]).exit_code == 0
    assert student_of(paths[1]) == "ada"


def test_the_devcontainer_has_a_python_that_gets_everything_and_runs_what_there_is() -> None:
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text("utf-8"))
    assert container["image"].endswith(":" + ".".join(map(str, NEWEST_WHOLE)))
    made = container["postCreateCommand"].removeprefix("make ")
    assert re.search(rf"^{made}:", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    interpreter = container["customizations"]["vscode"]["settings"]["python.defaultInterpreterPath"]
    assert interpreter.endswith("/.venv/bin/python")
    assert ".venv/bin/python -m labkit doctor" in container["postAttachCommand"]
    asked = container["hostRequirements"]
    told = f"{asked['cpus']} cores and {asked['memory'].removesuffix('gb')} GB at least"
    assert told in " ".join(TEXT.split())
