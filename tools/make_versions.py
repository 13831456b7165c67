"""Write the students' and the teacher's version of each notebook: `python tools/make_versions.py`.

One source, two versions, in `build/student` and `build/instructor`:

- student: questions, stubs and hints; the solutions are left out; exercises, and cells that tell a
  prediction's answer, have not run;
- instructor: each stub holds its solution, and its reasoning stands open beneath.

What lies there from before is replaced; students work on copies elsewhere, which `labkit grade`
reads.
"""

from __future__ import annotations

import copy
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import nbformat

from labkit.course.registry import LESSONS

ROOT = Path(__file__).resolve().parents[1]
_SOLUTION = re.compile(r"\n*<details><summary>Solution</summary>(.*?)</details>", re.DOTALL)
#: How a stored output begins that is folded until a guess is kept.
_FOLD = "<details>"
_CODE = re.compile(r"```python\n(.*?)\n?```", re.DOTALL)


def student_version(notebook: Any) -> Any:
    """A copy without solutions and without what came of exercises and predictions; hints stay."""
    version = copy.deepcopy(notebook)
    for cell in version.cells:
        if _tells_an_answer(cell):
            _forget_run(cell)
    for stub, solution in exercises(version):
        split_solution(solution.source)
        solution.source = _SOLUTION.sub("", solution.source)
        solution.metadata["tags"] = ["hints"]
        _forget_run(stub)
    return version


def instructor_version(notebook: Any) -> Any:
    """A copy in which each stub holds its solution, and the reasoning is not folded."""
    version = copy.deepcopy(notebook)
    for stub, solution in exercises(version):
        code, reasoning = split_solution(solution.source)
        hints = _SOLUTION.sub("", solution.source)
        solution.source = f"{hints}\n\n**Solution.** {reasoning}"
        stub.source = fill_in(stub.source, code)
        _forget_run(stub)
    return version


def exercises(notebook: Any) -> Iterator[tuple[Any, Any]]:
    """Each exercise's stub with the cell of its hints and solution.

    Raises:
        ValueError: a stub is not followed by its solution, or a solution has no stub.
    """
    waiting = None
    for number, cell in enumerate(notebook.cells):
        tags = cell.metadata.get("tags", ())
        if (waiting is None) != ("solution" not in tags):
            raise ValueError(f"cell {number}: an exercise is followed by its solution, and only so")
        if waiting is not None:
            yield waiting, cell
        waiting = cell if "exercise" in tags else None
    if waiting is not None:
        raise ValueError("the last exercise has no solution")


def split_solution(source: str) -> tuple[str, str]:
    """The code of a solution, and its reasoning.

    Args:
        source: of a solution cell, hints included.

    Raises:
        ValueError: there is not one fold named Solution with one Python block in it.
    """
    folds = _SOLUTION.findall(source)
    codes = _CODE.findall(folds[0]) if len(folds) == 1 else []
    if len(codes) != 1 or _CODE.search(_SOLUTION.sub("", source)):
        raise ValueError(f"not one solution with one Python block: {source[:80]!r}")
    return codes[0], _CODE.sub("", folds[0]).strip()


def fill_in(stub: str, code: str) -> str:
    """A stub with its code: what it imports first and its check last stay."""
    lines = stub.splitlines()
    imports = [line for line in lines[:-1] if line.startswith(("from ", "import "))]
    return "\n".join([*imports, *([""] if imports else []), code, lines[-1]])


def write_versions(source: Path, target: Path, names: Sequence[str]) -> list[Path]:
    """Writes both versions of every notebook.

    Args:
        source: folder of the notebooks.
        target: where `student` and `instructor` go.
        names: of the notebooks' files.

    Returns:
        What was written.

    Raises:
        ValueError: an exercise of a notebook cannot be told from its solution.
    """
    versions: dict[str, Callable[[Any], Any]] = {
        "student": student_version,
        "instructor": instructor_version,
    }
    written = []
    for version_name, make in versions.items():
        folder = target / version_name
        folder.mkdir(parents=True, exist_ok=True)
        for stale in folder.glob("*.ipynb"):
            stale.unlink()
        for path in (source / name for name in names):
            notebook = nbformat.reads(path.read_text("utf-8"), as_version=4)
            try:
                version = make(notebook)
            except ValueError as error:
                raise ValueError(f"{path.name}: {error}") from error
            (folder / path.name).write_text(nbformat.writes(version) + "\n", encoding="utf-8")
            written.append(folder / path.name)
    return written


def _tells_an_answer(cell: Any) -> bool:
    """Whether one of a cell's stored outputs is folded."""
    pages = (output.get("data", {}).get("text/html", "") for output in cell.get("outputs", ()))
    return any(page.startswith(_FOLD) for page in pages)


def _forget_run(cell: Any) -> None:
    cell.outputs, cell.execution_count = [], None


def main() -> int:
    """Writes both versions of the course and says how many."""
    names = [lesson.notebook for lesson in LESSONS]
    written = write_versions(ROOT / "notebooks", ROOT / "build", names)
    folders = sorted({str(path.parent.relative_to(ROOT)) for path in written})
    print(f"{len(written)} notebooks in {' and '.join(folders)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
