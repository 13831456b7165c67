"""A sweep's function may move, and what an earlier code of it gave is not passed off as new."""

from __future__ import annotations

import importlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from labkit.course import recorded
from labkit.course.recorded import records_folder
from labkit.records import LabBook
from labkit.sweeps import Sweep, SweepError, run_sweep
from labkit.sweeps.code import code_digest

FUNCTION = """\
from labkit.sweeps import Outcome

FACTOR = 10


def double(x):
    return 2 * x


def work(parameters, seed):
    return Outcome({"x": double(parameters["a"]) * FACTOR})


def unused():
    return 1
"""
#: The same to who runs it.
ALIKE = {
    "a comment": ("    return Outcome", "    # why\n    return Outcome"),
    "a docstring": ("seed):\n", 'seed):\n    """What it does."""\n'),
    "layout": ("2 * x", "(2\n        * x)"),
    "another function": ("return 1", "return 2"),
}
OTHER = {
    "the function": ('"a"', '"b"'),
    "what it calls": ("2 * x", "3 * x"),
    "a number that it reads": ("FACTOR = 10", "FACTOR = 1000"),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield tmp_path
    for name in ("mine", "moved"):
        sys.modules.pop(name, None)


def write(folder: Path, text: str, name: str = "mine") -> Any:
    """The function of a module that was written just now."""
    (folder / f"{name}.py").write_text(text)
    sys.modules.pop(name, None)
    importlib.invalidate_caches()
    import linecache

    linecache.clearcache()
    return importlib.import_module(name).work


@pytest.mark.parametrize("change", ALIKE.values(), ids=ALIKE)
def test_code_that_does_the_same_has_the_same_digest(folder: Path, change: tuple[str, str]) -> None:
    before = code_digest(write(folder, FUNCTION))
    assert FUNCTION.replace(*change) != FUNCTION
    assert code_digest(write(folder, FUNCTION.replace(*change))) == before


@pytest.mark.parametrize("change", OTHER.values(), ids=OTHER)
def test_code_that_does_something_else_has_another_digest(
    folder: Path, change: tuple[str, str]
) -> None:
    before = code_digest(write(folder, FUNCTION))
    assert code_digest(write(folder, FUNCTION.replace(*change))) != before


def test_a_digest_is_the_same_from_every_python(folder: Path) -> None:
    """Made on 3.11; 3.13 dumps syntax trees otherwise, and 3.12 reads f-strings otherwise."""
    text = FUNCTION.replace('"x"', "f\"{'x'!r:>3}\"")
    assert code_digest(write(folder, text)) == "bba39912a1ad"


#: What a function may stand on beside its module's functions and numbers; 3 becomes 4 in each.
STANDS_ON = {
    "a function in a dict": "def g(x):\n    return 3 * x\nBY_NAME = {'g': g}\n",
    "a function in a list": "def g(x):\n    return 3 * x\nBY_NAME = [None, (g, 1)]\n",
    "a partial": "from functools import partial\nBY_NAME = partial(pow, 3)\n",
    "a partial of its own": (
        "from functools import partial\ndef g(x, y):\n    return 3 * x\nBY_NAME = partial(g, 1)\n"
    ),
    "a closure": (
        "def make(k):\n    def g(x):\n        return k * x\n    return g\nBY_NAME = make(3)\n"
    ),
    "an object": (
        "class Model:\n    def __init__(self, k):\n        self.k = k\nBY_NAME = Model(3)\n"
    ),
    "an object's method": "class Model:\n    def f(self):\n        return 3\nBY_NAME = Model()\n",
    "an array": "import numpy as np\nBY_NAME = np.array([1, 3])\n",
    "a table": "import pandas as pd\nBY_NAME = pd.DataFrame({'a': [1, 3], 'b': ['x', None]})\n",
    "an array in a dict": "import numpy as np\nBY_NAME = {'a': [np.array([1, 3]), print]}\n",
    "a set": "BY_NAME = {1, 3}\n",
    "itself": "BY_NAME = [3]\nBY_NAME.append(BY_NAME)\n",
    "a cache": "from functools import cache\n@cache\ndef BY_NAME(x):\n    return 3 * x\n",
}


@pytest.mark.parametrize("text", STANDS_ON.values(), ids=STANDS_ON)
def test_what_a_function_stands_on_is_in_its_digest(folder: Path, text: str) -> None:
    text += "def work(parameters, seed):\n    return BY_NAME\n"
    before = code_digest(write(folder, text))
    assert code_digest(write(folder, text)) == before
    assert code_digest(write(folder, text.replace("3", "4"))) != before


#: Ways to use another file of one's own.
USES = {
    "a function": "from helper import g\ndef work(parameters, seed):\n    return g(1)\n",
    "a module": "import helper\ndef work(parameters, seed):\n    return helper.g(1)\n",
    "a number of it": "import helper as h\ndef work(parameters, seed):\n    return h.K\n",
    "an import inside": "def work(parameters, seed):\n    import helper\n    return helper.g(1)\n",
    "through another": "import between\ndef work(parameters, seed):\n    return between.f()\n",
    "a package": "from kit.helper import g\ndef work(parameters, seed):\n    return g(1)\n",
}


@pytest.mark.parametrize("text", USES.values(), ids=USES)
def test_the_author_s_other_files_are_in_the_digest(folder: Path, text: str) -> None:
    (folder / "kit").mkdir()
    (folder / "kit" / "__init__.py").touch()
    (folder / "between.py").write_text("from helper import g\ndef f():\n    return g(1)\n")

    def digest(helper: str) -> str:
        for name in ("helper.py", "kit/helper.py"):
            (folder / name).write_text(helper)
        for name in ("helper", "between", "kit", "kit.helper"):
            sys.modules.pop(name, None)
        return code_digest(write(folder, text))

    helper = "K = 3\ndef g(x):\n    return K * x\n"
    before = digest(helper)
    assert digest("# why\n" + helper) == before
    assert digest(helper.replace("3", "4")) != before
    assert digest(helper.replace("K * x", "K + x")) != before


def test_a_digest_loads_no_package(folder: Path) -> None:
    text = (
        "def work(parameters, seed):\n    from tensorflow.keras import layers\n    return layers\n"
    )
    (folder / "mine.py").write_text(text)
    code = (
        "import sys\nfrom mine import work\nfrom labkit.sweeps.code import code_digest\n"
        "print(len(code_digest(work)), 'tensorflow' in sys.modules)"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True
    )
    assert said.stdout == "12 False\n"


def xs(sweep: Sweep, book: LabBook, **options: Any) -> list[float]:
    report = run_sweep(sweep, book, workers=0, progress=False, **options)
    assert report.left == report.failed == 0
    values: list[float] = report.runs()["result.x"].tolist()
    return values


def test_results_of_an_earlier_code_are_refused_run_again_or_kept(folder: Path) -> None:
    book, grid = LabBook(folder / "book.sqlite"), {"a": [1, 2]}
    first = Sweep("q", [0], grid=grid, function=write(folder, FUNCTION))
    assert xs(first, book) == [20, 40]
    changed = write(folder, FUNCTION.replace("FACTOR = 10", "FACTOR = 1000"))
    second = Sweep("q", [0], grid=grid, function=changed)
    with pytest.raises(SweepError, match=r"mine:work has changed since 2 of 2 points .*'rerun'"):
        run_sweep(second, book, workers=0, progress=False)
    assert xs(second, book, changed="keep") == [20, 40]
    assert xs(second, book, changed="rerun") == [2000, 4000]
    assert xs(second, book) == [2000, 4000]
    assert xs(second, book, changed="keep") == [2000, 4000]  # there is one of this code
    assert len(book) == 4  # nothing was lost
    first = Sweep("q", [0], grid=grid, function=write(folder, FUNCTION))
    assert run_sweep(first, book, workers=0, progress=False).finished_before == 2
    assert xs(first, book) == [20, 40]
    with pytest.raises(ValueError, match=r"changed='maybe' is unknown \(known: rerun, keep\)"):
        run_sweep(second, book, changed="maybe")


def test_the_command_says_that_the_code_has_changed(folder: Path) -> None:
    (folder / "s.toml").write_text(
        'question = "?"\nseeds = [0]\nfunction = "mine:work"\n[grid]\na = [1, 2]\n'
    )
    command = [sys.executable, "-m", "labkit", "sweep", "s.toml", "--workers", "0"]

    def said(*options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*command, *options], cwd=folder, capture_output=True, text=True)

    (folder / "mine.py").write_text(FUNCTION)
    assert said().returncode == 0
    (folder / "mine.py").write_text(FUNCTION.replace("FACTOR = 10", "FACTOR = 1000"))
    refused = said()
    assert refused.returncode == 1
    assert "mine:work has changed since 2 of 2 points" in refused.stderr
    assert "2 of them now" in said("--changed", "rerun").stdout


def test_a_function_that_has_moved_is_found_again_under_the_name_of_its_sweep(
    folder: Path,
) -> None:
    book, grid = LabBook(folder / "book.sqlite"), {"a": [1, 2]}
    first = Sweep("q", [0], grid=grid, function=write(folder, FUNCTION), name="doubling")
    assert xs(first, book) == [20, 40]
    moved = Sweep("q", [0], grid=grid, function=write(folder, FUNCTION, "moved"), name="doubling")
    assert run_sweep(moved, book, workers=0, progress=False).finished_before == 2
    unnamed = Sweep("q", [0], grid=grid, function=moved.function)
    assert run_sweep(unnamed, book, workers=0, progress=False).finished_before == 0


def test_a_name_is_text_and_not_a_parameter() -> None:
    with pytest.raises(TypeError, match="name=3 is not text"):
        Sweep("q", [0], grid={"a": [1]}, function="sweep_points:multiply", name=3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="grid names 'function_code'"):
        Sweep("q", [0], grid={"function_code": [1]}, function="sweep_points:multiply")


def records_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of a record in a folder of its own."""
    for ending in ("toml", "sqlite"):
        shutil.copy(records_folder() / f"12_stuck_masks.{ending}", folder)
    module = sys.modules["labkit.course.recorded"]
    monkeypatch.setattr(module, "records_folder", lambda: folder)
    return folder / "12_stuck_masks.toml"


def test_a_record_that_lacks_a_point_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toml = records_in(tmp_path, monkeypatch)
    assert len(recorded("12_stuck_masks").runs) == 20
    toml.write_text(toml.read_text().replace("count = 20", "count = 40"))
    with pytest.raises(ValueError, match=r"lacks 20 of the 40 points .* seed 20 of .*make records"):
        recorded("12_stuck_masks")


def test_a_lesson_that_has_moved_finds_its_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toml = records_in(tmp_path, monkeypatch)
    before = recorded("12_stuck_masks").runs
    module, _, name = str(Sweep.from_toml(toml).function_name).partition(":")
    source = Path(sys.modules[module].__file__ or "").read_text()
    (tmp_path / "moved_lesson.py").write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))
    toml.write_text(toml.read_text().replace(f"{module}:{name}", f"moved_lesson:{name}"))
    assert recorded("12_stuck_masks").runs.equals(before)
    toml.write_text(toml.read_text().replace("moved_lesson:", "nowhere:"))
    with pytest.raises(ValueError, match="nowhere"):
        recorded("12_stuck_masks")
