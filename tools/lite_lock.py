"""The lock of the lite site: Pyodide's own entries, and those of the wheels beside it."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: Cut from the lock of this Pyodide: what labkit needs of it.
OFFICIAL = Path(__file__).with_name("lite") / "pyodide-lock.json"
#: Where Pyodide is for everybody.
NETWORK = "https://cdn.jsdelivr.net/pyodide/v{version}/full/"
#: What loads in the beginning; the rest when it is imported.
FIRST = ("labkit", "piplite", "pyodide-kernel", "sqlite3", "threadpoolctl")
#: Not fetched with what depends on them: no lesson's first picture imports them.
LATE = ("fonttools", "matplotlib-pyodide", "pytz", "sqlite3")
CORE = ("pyodide.asm.js", "pyodide.asm.wasm", "pyodide.js", "pyodide.mjs", "python_stdlib.zip")


class LiteError(Exception):
    """The site cannot be built; the message says what to do."""


@dataclass(frozen=True)
class Pyodide:
    """The Pyodide that the site starts.

    Attributes:
        version: such as '0.27.7'.
        python: the version of Python in it.
        packages: name -> entry of its lock, as far as labkit needs it.
    """

    version: str
    python: str
    packages: Mapping[str, Mapping[str, Any]]
    info: Mapping[str, str]

    @classmethod
    def official(cls) -> Pyodide:
        """The one that the kernel of JupyterLite is made for."""
        lock = json.loads(OFFICIAL.read_text())
        info = lock["info"]
        return cls(info["version"], info["python"], lock["packages"], info)


def check_folder(pyodide: Pyodide, folder: Path) -> list[Path]:
    """The files of a folder that the site needs; each package is the one of the lock.

    Raises:
        LiteError: one is missing, or is another than that of the lock.
    """
    if not folder.is_dir():
        raise LiteError(f"PYODIDE={folder} is no folder")
    sums = {one["file_name"]: one["sha256"] for one in pyodide.packages.values()}
    if missing := [name for name in (*CORE, *sums) if not (folder / name).is_file()]:
        raise LiteError(f"PYODIDE={folder} lacks {', '.join(missing)} of Pyodide {pyodide.version}")
    for name, expected in sums.items():
        if sha256(folder / name) != expected:
            raise LiteError(f"PYODIDE={folder}: {name} is not that of Pyodide {pyodide.version}")
    return [folder / name for name in (*CORE, *sums)]


def write_lock(
    pyodide: Pyodide,
    wheels: Mapping[Path, Sequence[str]],
    target: Path,
    start: Mapping[str, Any],
) -> None:
    """Writes the lock: what Pyodide has, and the wheels, which lie beside the lock.

    Args:
        pyodide: whose entries these are.
        wheels: each with the names of what it requires.
        target: the lock to write.
        start: what the loader is told: `core`, the address of Pyodide, and more.
    """
    packages = {name: _place(one, start["core"], target) for name, one in pyodide.packages.items()}
    packages |= dict(entry_of(path, requires) for path, requires in wheels.items())
    for one in packages.values():
        one["depends"] = [name for name in one["depends"] if name not in LATE]
    lock = {"info": pyodide.info, "labkit": start, "packages": packages}
    target.write_text(json.dumps(lock, indent=1) + "\n")


def _place(one: Mapping[str, Any], core: str, lock: Path) -> dict[str, Any]:
    """An entry with its address; of a file beside the lock, with that file's own sum."""
    path = lock.with_name(one["file_name"])
    sum_ = sha256(path) if path.exists() else one["sha256"]
    return {**one, "file_name": f"{core}{path.name}", "sha256": sum_}


def entry_of(wheel: Path, requires: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """The name of a wheel's package, and its entry in the lock."""
    stem, version = wheel.name.split("-")[:2]
    name = stem.lower().replace("_", "-")
    return name, {
        "name": name,
        "version": version,
        "file_name": wheel.name,
        "install_dir": "site",
        "sha256": sha256(wheel),
        "package_type": "package",
        "imports": _modules_in(wheel),
        "depends": [*requires],
    }


def sha256(path: Path) -> str:
    """A file's sum."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _modules_in(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as packed:
        paths = [Path(name) for name in packed.namelist()]
    packages = {path.parts[0] for path in paths if path.stem == "__init__" and len(path.parts) == 2}
    modules = {
        path.stem for path in paths if path.suffix in (".py", ".pyc") and len(path.parts) == 1
    }
    return sorted(packages | modules)
