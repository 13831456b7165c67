"""Wheels for the lab in a browser: labkit, and packages as this environment has them, Python only.

What is installed came from requirements.lock, sum by sum; so a site needs no package index.
"""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections.abc import Iterable, Mapping
from importlib.metadata import Distribution, distribution
from pathlib import Path

from lite_trim import write_file
from packaging.requirements import Requirement

import labkit

ROOT = Path(__file__).resolve().parents[1]
#: What labkit imports there, besides what it finds in Pyodide; the rest follows from these.
NEEDED = (
    *("anywidget", "cirq-core", "click", "cloudpickle", "comm", "ipywidgets", "jinja2"),
    *("networkx", "sympy", "tqdm"),
)
#: Required by a package and used by nothing that a page does.
UNUSED = ("widgetsnbextension",)
#: These have each compiled part in Python as well.
COMPILED_TOO = ("markupsafe", "psygnal")
_BROWSER = {
    "extra": "",
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_machine": "wasm32",
    "platform_python_implementation": "CPython",
    "platform_system": "Emscripten",
    "sys_platform": "emscripten",
}
_WHEEL = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
_LARGE = 2**16  # bytes
_LEFT_OUT = re.compile(
    r"(^|/)(tests?|__pycache__|labextension|nbextension)/|_test\.py$|/RECORD$"
    r"|\.(pyi|c|so|pyd|sqlite)$"
)


def normalized(name: str) -> str:
    """A distribution's name as locks write it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def requirements_of(found: Distribution, python: str) -> list[str]:
    """Names of what a distribution requires in a browser."""
    where = {**_BROWSER, "python_version": ".".join(python.split(".")[:2])}
    where["python_full_version"] = python
    asked = [Requirement(line) for line in found.requires or ()]
    kept = [one for one in asked if one.marker is None or one.marker.evaluate(where)]
    return sorted({normalized(one.name) for one in kept} - {*UNUSED})


def needed_here(there: Iterable[str], python: str) -> dict[str, list[str]]:
    """Names of the packages to add to those that are there -> what each requires."""
    found: dict[str, list[str]] = {}
    waiting = [*NEEDED]
    while waiting:
        name = waiting.pop()
        if name not in found and name not in {*there}:
            found[name] = requirements_of(distribution(name), python)
            waiting += found[name]
    return dict(sorted(found.items()))


def repack(name: str, folder: Path) -> Path:
    """A wheel of an installed package, without its tests.

    Raises:
        ValueError: it has a part that is compiled.
    """
    found = distribution(name)
    files = [path for path in found.files or () if path.parts[0] != ".."]
    compiled = [path for path in files if path.suffix in (".so", ".pyd")]
    if compiled and name not in COMPILED_TOO:
        raise ValueError(f"{name} is not of Python alone: {compiled[0]}")
    content = {
        path.as_posix(): Path(str(found.locate_file(path))).read_bytes()
        for path in files
        if not _LEFT_OUT.search(path.as_posix())
    }
    return write_wheel(folder, name.replace("-", "_"), found.version, content)


def labkit_wheel(folder: Path) -> Path:
    """A wheel of labkit, its small tasks, and the questions of its records.

    Large tasks and the records themselves are files of the site: see `labkit.browser.at_hand`.
    """
    version = labkit.__version__
    content = _below(ROOT / "labkit", "labkit")
    for source, inside in (("data/tasks", "labkit/tasks"), ("data/records", "labkit/recorded")):
        found = _below(ROOT / source, inside)
        content |= {path: data for path, data in found.items() if len(data) < _LARGE}
    # Pyodide's own list is of another matplotlib and another machine, so it would be made anew
    fonts = Path(__file__).with_name("lite") / "fontlist.json"
    content["matplotlib/fontlist.json"] = fonts.read_bytes()
    about = f"Metadata-Version: 2.1\nName: labkit\nVersion: {version}\n"
    content[f"labkit-{version}.dist-info/METADATA"] = about.encode()
    content[f"labkit-{version}.dist-info/WHEEL"] = _WHEEL
    return write_wheel(folder, "labkit", version, content)


def write_wheel(folder: Path, name: str, version: str, content: Mapping[str, bytes]) -> Path:
    """Writes a wheel of these files, with their sums."""
    record = f"{name}-{version}.dist-info/RECORD"
    lines = [f"{path},sha256={hashlib.sha256(data).hexdigest()},{len(data)}"
             for path, data in content.items()]  # fmt: skip
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for inside, data in [*content.items(), (record, "\n".join(lines).encode())]:
            write_file(packed, inside, data)
    return path


def _below(folder: Path, name: str) -> dict[str, bytes]:
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    inside = {f"{name}/{path.relative_to(folder).as_posix()}": path for path in paths}
    return {at: path.read_bytes() for at, path in inside.items() if not _LEFT_OUT.search(at)}
