"""Build the lab for a browser into build/lite: no server runs Python, a page does.

usage: python tools/lite.py [FOLDER OF PYODIDE]

Without a folder the site takes Pyodide from its usual network address. With one it holds all that
it needs, and works where there is no network.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
from lite_bytecode import compile_first
from lite_lock import FIRST, NETWORK, LiteError, Pyodide, check_folder, write_lock
from lite_trim import PACKED, put
from lite_wheels import ROOT, labkit_wheel, needed_here, repack

TARGET = ROOT / "build" / "lite"
NAME = "Quantum Neuron Selection Lab"
#: The kernel would fetch these one by one; the site's lock has those that are used.
_NOT_BY_THE_KERNEL = (
    *("micropip", "piplite", "ssl", "sqlite3", "ipykernel", "comm", "pyodide_kernel"),
    *("jedi", "ipython"),
)
#: Of what the kernel brings along: wheel -> what it requires.
_KERNEL_WHEELS = {"ipykernel": (), "piplite": ("micropip",), "pyodide_kernel": ("comm", "ipython")}
#: Files, what is in them, what comes instead: the pages' files go past their service worker, which
#: else fetches each for them; and a page that is loaded again shows the lesson of its address.
_CACHED = "shouldDrop(t,a)||(n=maybeFromCache(e))"
_MENDED = (
    ("service-worker.js", _CACHED, f"!enableCache||{_CACHED}"),
    ("build/*.js", 'e.searchParams.delete("path");', ""),
)


def build(target: Path, folder: Path | None = None) -> None:
    """Builds the site.

    Args:
        target: the folder of the site; what is there is replaced.
        folder: of Pyodide; None for its network address.

    Raises:
        LiteError: the folder lacks what the site needs.
    """
    pyodide = Pyodide.official()
    files = check_folder(pyodide, folder) if folder else []
    shutil.rmtree(target, ignore_errors=True)
    build_pages(target, offline=folder is not None)
    static = target / "static" / "pyodide"
    static.mkdir(parents=True, exist_ok=True)
    for path in files:
        put(path, static)
    shutil.copyfile(Path(__file__).with_name("lite") / "loader.js", static / "loader.js")
    core = "./" if folder else NETWORK.format(version=pyodide.version)
    wheels = add_wheels(pyodide, static)
    start = {"core": core, "data": "../data/", "first": FIRST, "packed": PACKED if folder else ""}
    write_lock(pyodide, wheels, static / "pyodide-lock.json", start)
    if folder and compile_first(static):
        write_lock(pyodide, wheels, static / "pyodide-lock.json", start)
    add_data(target / "static" / "data")


def build_pages(target: Path, *, offline: bool) -> None:
    """JupyterLite's pages, with the notebooks and what they show without a kernel."""
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / "jupyter-lite.json").write_text(json.dumps(settings(offline=offline)))
        contents = Path(scratch) / "contents"
        contents.mkdir()
        for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
            (contents / path.name).write_text(joined(path), encoding="utf-8")
        subprocess.run(
            [
                *(sys.executable, "-m", "jupyterlite_core", "build", "--no-sourcemaps"),
                *("--lite-dir", scratch, "--output-dir", str(target)),
                *("--apps", "lab", "--apps", "repl", "--contents", str(contents)),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=scratch,
        )
    mend(target)


def mend(target: Path) -> None:
    """Changes a few words of JupyterLite's own files, see `_MENDED`.

    Raises:
        LiteError: they are not there: it is another JupyterLite than this was written for.
    """
    for files, before, after in _MENDED:
        found = [path for path in target.glob(files) if before in path.read_text("utf-8")]
        if not found:
            raise LiteError(f"no {files} of this JupyterLite has {before}")
        for path in found:
            path.write_text(path.read_text("utf-8").replace(before, after), "utf-8")


def joined(path: Path) -> str:
    """A notebook with each text in one piece; where it lies in lines, a page lists no headings."""
    return json.dumps(nbformat.read(path, as_version=4), ensure_ascii=False)


def settings(*, offline: bool) -> dict[str, object]:
    """What jupyter-lite.json says."""
    kernel = {
        "pyodideUrl": "./static/pyodide/loader.js",
        "loadPyodideOptions": {"packages": _NOT_BY_THE_KERNEL},
        "disablePyPIFallback": offline,
    }
    page = {
        "appName": NAME,
        "exposeAppInBrowser": True,
        "litePluginSettings": {"@jupyterlite/pyodide-kernel-extension:kernel": kernel},
    }
    return {"jupyter-lite-schema-version": 0, "jupyter-config-data": page}


def add_wheels(pyodide: Pyodide, static: Path) -> dict[Path, tuple[str, ...]]:
    """Puts the wheels beside the lock; each with the names of what it requires."""
    wheels: dict[Path, tuple[str, ...]] = {}
    for name, requires in needed_here(pyodide.packages, pyodide.python).items():
        wheels[repack(name, static)] = tuple(requires)
    wheels[labkit_wheel(static)] = ("anywidget", "ipywidgets", "matplotlib", "numpy")
    extensions = static.parents[1] / "extensions"
    for name, required in _KERNEL_WHEELS.items():
        path = next(extensions.rglob(f"pypi/{name}-*.whl"))
        wheels[Path(shutil.copyfile(path, static / path.name))] = required
    return wheels


def add_data(folder: Path) -> None:
    """The records, and the tasks that are too large to wait for."""
    shutil.copytree(ROOT / "data" / "records", folder / "recorded")
    shutil.copytree(ROOT / "data" / "tasks", folder / "tasks")


def main(arguments: list[str]) -> None:
    """What `make lite` calls."""
    folder = Path(arguments[0]).expanduser() if arguments and arguments[0] else None
    try:
        build(TARGET, folder)
    except LiteError as error:
        sys.exit(str(error))
    print(f"{TARGET.relative_to(ROOT)}: open it with  python -m http.server -d build/lite")


if __name__ == "__main__":
    main(sys.argv[1:])
