"""README: its links lead somewhere, its table agrees with the notebooks, its example runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from run_notebooks import FOLDER, read

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = ("README.md", "CONTRIBUTING.md", "data/README.md")


@pytest.mark.parametrize("page", PAGES)
def test_links_and_pictures_lead_to_files_that_exist(page: str) -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", (ROOT / page).read_text(encoding="utf-8"))
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (ROOT / page).parent.joinpath(target).exists()] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_picture_has_a_text(page: str) -> None:
    texts = re.findall(r"!\[([^\]]*)\]\(", (ROOT / page).read_text(encoding="utf-8"))
    assert all(len(text) > 10 for text in texts)


def test_the_table_names_every_notebook_with_the_minutes_of_its_header() -> None:
    table = dict(re.findall(r"\(notebooks/(\w+\.ipynb)\) \| (\d+) \|", README))
    words = {"10": "Ten", "15": "Fifteen", "20": "Twenty"}
    assert sorted(table) == sorted(path.name for path in FOLDER.glob("*.ipynb"))
    for name, minutes in table.items():
        assert f"*{words[minutes]} minutes.*" in read(FOLDER / name).cells[0].source


def test_every_make_target_that_is_named_exists() -> None:
    named = {
        target
        for page in PAGES
        for target in re.findall(r"make ([a-z]+)\b", (ROOT / page).read_text(encoding="utf-8"))
    }
    known = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    assert {"lab", "test"} <= named <= known


def test_the_example_runs_and_finds_the_best_mask(capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    names: dict[str, object] = {}
    exec(example, names)
    from labkit.problems import Problem
    from labkit.selectors import Selection

    problem, found = names["problem"], names["found"]
    assert isinstance(problem, Problem) and isinstance(found, Selection)
    assert found.cost == problem.table.minimum
    assert found.mask_string in capsys.readouterr().out
