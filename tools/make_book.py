"""Builds the book: `python tools/make_book.py [FOLDER]`, by default into build/book.

Every lesson as it is stored, with its figures and without running it; the how-tos and the
reference; what was measured; how to teach with it. It needs no network, and neither do its pages:
`index.html` opens from a disk too. They link to the live lessons in `lite/` of the same folder,
which `make site` puts there.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path
from typing import Any

import nbformat
from sphinx.cmd.build import main as run_sphinx

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ROOT / "build" / "book-sources"
#: Pages of the book beside docs/ and notebooks/.
PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "data/README.md", "CITATION.cff")
#: What is folded in one line: Markdown within HTML is read only after an empty one.
_FOLD_IN_A_LINE = re.compile(r"(<details><summary>.*?</summary>)(.+?)(</details>)")
#: The address of a lesson, seen from its page, in the browser and on Binder.
LIVE = "../lite/lab/index.html?path={notebook}"
BINDER = (
    "https://mybinder.org/v2/gh/quantum-neuron-selection-lab/quantum-neuron-selection-lab/"
    "binder-environment?urlpath=git-pull%3Frepo%3Dhttps%253A%252F%252Fgithub.com%252F"
    "quantum-neuron-selection-lab%252Fquantum-neuron-selection-lab%26branch%3Dmain%26urlpath%3D"
    "lab%252Ftree%252Fquantum-neuron-selection-lab%252Fnotebooks%252F{notebook}"
)
BUTTONS = f"""
<p class="ways-to-run"><a class="run-here" href="{LIVE}">Run this page in the browser</a>
<a href="{BINDER}">on Binder</a></p>
"""
UNDER_A_STILL = f'<p class="still">A still. <a href="{LIVE}">Run this page to move it</a>.</p>'
NO_SITE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<link rel="icon" href="../../_static/icon.svg"><title>No live lessons here</title></head>
<body><main><h1>No live lessons here</h1>
<p>This copy of the book was built without them. <code>make site</code> builds both;
<a href="https://quantum-neuron-selection-lab.github.io/quantum-neuron-selection-lab/">the published
book</a> has them. <a href="../../index.html">Back to the book</a>.</p></main></body></html>
"""


def page_of(notebook: Any, name: str) -> Any:
    """A notebook as a page: a way to run it, claims folded, links between pages.

    Args:
        notebook: `nbformat` notebook; changed in place.
        name: of its file.
    """
    for cell in notebook.cells:
        if "claims" in cell.metadata.get("tags", ()):
            cell.metadata.tags.append("hide-input")
        for output in cell.get("outputs", ()):
            _link_output(output.get("data", {}), name)
        if cell.cell_type == "markdown":
            cell.source = _FOLD_IN_A_LINE.sub(r"\1\n\n\2\n\n\3", cell.source)
    title, _, rest = notebook.cells[0].source.partition("\n")
    notebook.cells[0].source = title + "\n" + BUTTONS.format(notebook=name) + rest
    return notebook


def _link_output(data: dict[str, str], name: str) -> None:
    """Leads from an output to pages, and from an explorer's still to the explorer."""
    if "text/html" in data:
        data["text/html"] = data["text/html"].replace('.ipynb"', '.html"')
        if "(children=" in data["text/plain"] and "<img" in data["text/html"]:
            data["text/html"] += UNDER_A_STILL.format(notebook=name)


def gather(sources: Path) -> None:
    """Copies what the book is made of, laid out as in the repository; docs/index.md comes first."""
    shutil.rmtree(sources, ignore_errors=True)
    beside = shutil.ignore_patterns("api", "conf.py", "static", "templates")
    shutil.copytree(ROOT / "docs", sources / "docs", ignore=beside)
    (sources / "docs" / "index.md").rename(sources / "index.md")
    for name in PAGES:
        (sources / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, sources / name)
    (sources / "notebooks").mkdir()
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        notebook = nbformat.reads(path.read_text("utf-8"), as_version=4)
        nbformat.write(page_of(notebook, path.name), sources / "notebooks" / path.name)


def build(folder: Path, sources: Path = SOURCES) -> int:
    """Builds the book into a folder; returns 0, or 1 where Sphinx warned."""
    gather(sources)
    shutil.rmtree(folder, ignore_errors=True)
    options = ["-q", "-W", "--keep-going", "-b", "html", "-d", str(sources.with_name("doctrees"))]
    status = run_sphinx([*options, "-c", str(ROOT / "docs"), str(sources), str(folder)])
    live = folder / "lite" / "lab" / "index.html"
    live.parent.mkdir(parents=True, exist_ok=True)
    live.write_text(NO_SITE, "utf-8")
    return status


if __name__ == "__main__":
    if sys.version_info < (3, 11):
        sys.exit("make book needs Python 3.11 or later: myst-nb is not there for an older one")
    sys.exit(build(Path(sys.argv[1] if sys.argv[1:] else ROOT / "build" / "book")))
