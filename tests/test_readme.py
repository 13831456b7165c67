"""README: its links lead somewhere, its table agrees with the notebooks, its example runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from notebook_measures import (
    LIST_BEGIN,
    LIST_END,
    TABLE_BEGIN,
    TABLE_END,
    all_notebooks,
    header_minutes,
    measure,
    render_lessons,
    render_table,
)
from run_notebooks import FOLDER, read

from labkit.platforms import what_one_gets

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = ("README.md", "CONTRIBUTING.md", "data/README.md")


@pytest.mark.parametrize("page", PAGES)
def test_links_and_pictures_lead_to_files_that_exist(page: str) -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", (ROOT / page).read_text(encoding="utf-8"))
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (ROOT / page).parent.joinpath(target).exists()] == []


#: What a page names, and a command makes when it is run.
MADE = (".venv", ".bench", "build", "test-results")


def named_paths(text: str) -> list[str]:
    """What is written as code and looks like a path, with * for what differs from name to name."""
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    words = re.findall(r"`([\w.*-]*[\w.*/<>-]+)`", re.sub(r"<\w+>|\bNN_name\b", "*", prose))
    files = r".*/.*|.*\.(py|md|toml|yml|sh|lock|j2|css|ipynb)"
    return [w for w in words if re.fullmatch(files, w) and w.split("/")[0] not in MADE]


def find(pattern: str, *folders: Path) -> bool:
    return any([*folder.glob(pattern.rstrip("/"))] for folder in folders)


def test_a_path_is_found_where_it_is_named() -> None:
    text = "`a/b.py`, `f(x)`, `labkit.masks`, `NN_name.toml`, `.ci/run`, `build/`, `r/<name>.npz`"
    assert named_paths(text) == ["a/b.py", "*.toml", ".ci/run", "r/*.npz"]


@pytest.mark.parametrize("page", PAGES)
def test_every_path_that_is_named_exists(page: str) -> None:
    named = named_paths((ROOT / page).read_text(encoding="utf-8"))
    assert named
    assert [path for path in named if not find(path, ROOT, (ROOT / page).parent)] == []


def test_the_map_names_what_is_there() -> None:
    """In its left half: modules, folders and files of labkit, of its course, and beside both."""
    (places,) = re.findall(r"## Where things are\n\n```\n(.*?)```", README, flags=re.DOTALL)
    left = "\n".join(line[:63] for line in places.splitlines()).replace("_NN_...", "_*")
    folders = (ROOT, ROOT / "labkit", ROOT / "labkit" / "course")
    named = re.findall(r"[\w./*]+", left)
    assert {"masks", "lessons/lesson_*", "pyproject.toml"} <= {*named}
    assert [p for p in named if not (find(p, *folders) or find(f"{p}.py", *folders))] == []


@pytest.mark.parametrize("page", PAGES)
def test_the_modules_that_are_named_exist(page: str) -> None:
    named = re.findall(r"`labkit((?:\.[a-z_]\w*)+)", (ROOT / page).read_text(encoding="utf-8"))
    paths = [name.strip(".").replace(".", "/") for name in named]
    assert [p for p in paths if not is_module_or_in_one(ROOT / "labkit" / p)] == []


def is_module_or_in_one(path: Path) -> bool:
    """Whether a path is a module, or a name that the module around it gives."""
    if path.is_dir() or path.with_suffix(".py").exists():
        return True
    around = path.parent.with_suffix(".py"), path.parent / "__init__.py"
    return any(path.name in file.read_text("utf-8") for file in around if file.exists())


@pytest.mark.parametrize("page", PAGES)
def test_every_picture_has_a_text(page: str) -> None:
    texts = re.findall(r"!\[([^\]]*)\]\(", (ROOT / page).read_text(encoding="utf-8"))
    assert all(len(text) > 10 for text in texts)


PLACES = {
    "Linux, x86-64": ("Linux", "x86_64"),
    "macOS 14 or later, Apple silicon": ("Darwin", "arm64"),
    "Windows, x86-64": ("Windows", "AMD64"),
}


@pytest.mark.parametrize("place", PLACES)
def test_what_each_python_gets_is_what_labkit_says(place: str) -> None:
    head = re.findall(r"^\| \| (Python .*) \|$", README, flags=re.MULTILINE)[0].split(" | ")
    (row,) = re.findall(rf"^\| {place} \| (.*) \|$", README, flags=re.MULTILINE)
    shown: dict[str, str] = {}
    for columns, what in zip(head, row.split(" | "), strict=True):
        shown |= dict.fromkeys(columns.removeprefix("Python ").split(", "), what)
    gets = what_one_gets(*PLACES[place])
    assert shown == {v: what for versions, what in gets.items() for v in versions.split(", ")}


def test_the_table_names_every_notebook_with_the_minutes_of_its_header() -> None:
    table = dict(re.findall(r"\(notebooks/(\w+\.ipynb)\) \| (\d+) \|", README))
    assert sorted(table) == sorted(path.name for path in FOLDER.glob("*.ipynb"))
    for name, minutes in table.items():
        assert header_minutes(read(FOLDER / name)) == int(minutes)


def test_the_list_of_lessons_is_the_registry_s() -> None:
    """After a change: `python tests/notebook_measures.py --write`."""
    assert README.split(LIST_BEGIN)[1].split(LIST_END)[0].strip() == render_lessons()


def test_the_lessons_are_as_the_table_measures_them() -> None:
    """After a change: `python tests/notebook_measures.py --write`."""
    shown = README.split(TABLE_BEGIN)[1].split(TABLE_END)[0]
    assert shown.strip() == render_table([measure(path) for path in all_notebooks()])


def test_every_make_target_that_is_named_exists() -> None:
    named = {
        target
        for page in PAGES
        for target in re.findall(r"make ([a-z]+)\b", (ROOT / page).read_text(encoding="utf-8"))
    }
    known = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    assert {"lab", "test"} <= named <= known


def test_the_examples_run_one_after_another(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for example in re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL):
        exec(example, names)
    from labkit.problems import Problem
    from labkit.records import LabBook
    from labkit.selectors import Selection

    problem, found, book = names["problem"], names["found"], names["book"]
    assert isinstance(problem, Problem) and isinstance(found, Selection)
    assert isinstance(book, LabBook) and len(book) == 1
    assert found.cost == problem.table.minimum
    assert found.mask_string in capsys.readouterr().out


def test_the_sweep_can_be_run(tmp_path: Path) -> None:
    from labkit.sweeps import Sweep

    (example,) = re.findall(r"```toml\n(.*?)```", README, flags=re.DOTALL)
    (tmp_path / "restarts.toml").write_text(example)
    assert len(Sweep.from_toml(tmp_path / "restarts.toml").runs()) == 2 * 3 * 2 * 20


def test_the_summary_of_the_benchmarks_is_that_of_their_page() -> None:
    import bench

    page = (ROOT / "docs" / "benchmarks.md").read_text("utf-8")
    assert bench.find_summary(README) == bench.find_summary(page) is not None
