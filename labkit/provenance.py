"""Which versions and which seed made what is on the page, on which commit and kind of machine."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import labkit
from labkit.platforms import PSUTIL, stand_ins

_PACKAGES = ("numpy", "keras", "tensorflow", "cirq-core", "qsimcirq", "ipywidgets", "matplotlib")
_PACKAGES_OF_AN_ENTRY = (*_PACKAGES, "scipy", "numba", "tensorflow-quantum")


@dataclass(frozen=True)
class Provenance:
    """Versions and seed of a notebook's results; its text is the footer of the notebook.

    `stand_ins`: what ran in the place of numba and qsim where they are missing.
    """

    seed: int
    versions: dict[str, str]
    stand_ins: tuple[str, ...] = ()

    def _repr_markdown_(self) -> str:
        listed = ", ".join(f"{name} {number}" for name, number in self.versions.items())
        return " ".join([f"**Made with** seed {self.seed}; {listed}.", *map(_end, self.stand_ins)])


def describe_run(*, seed: int) -> Provenance:
    """The seed of a notebook; the versions of Python, labkit and what it stands on."""
    return Provenance(seed, package_versions(_PACKAGES), tuple(stand_ins()))


def _end(line: str) -> str:
    return f"{line[0].upper()}{line[1:]}."


@lru_cache(maxsize=1)
def describe_origin() -> dict[str, Any]:
    """What the moment adds to an entry of a lab book: versions, commit, and kind of machine.

    Where numba or qsim is missing also what stands in for it, under `stand_ins`.
    """
    slower = {"stand_ins": lines} if (lines := stand_ins()) else {}
    return slower | {
        "versions": package_versions(_PACKAGES_OF_AN_ENTRY),
        "commit": _commit(Path(labkit.__file__).parent),
        "machine": {
            "system": f"{platform.system()} {platform.machine()}",
            "cores": os.cpu_count(),
            **_memory(),
        },
    }


def _memory() -> dict[str, float]:
    """The machine's, in GiB; nothing where nothing tells."""
    if not PSUTIL.is_installed():
        return {}
    return {"memory_gib": round(PSUTIL.load().virtual_memory().total / 2**30, 1)}


def package_versions(packages: Sequence[str]) -> dict[str, str]:
    """Versions of labkit, Python and some installed packages, without importing them."""
    versions = {"labkit": labkit.__version__, "Python": platform.python_version()}
    return versions | {name: installed_version(name) or "not installed" for name in packages}


def installed_version(package: str) -> str | None:
    """Its version, without importing it; None where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _commit(folder: Path) -> str | None:
    """The commit of a checkout, with '+' if files of the folder differ from it."""
    try:
        head = _git(folder, "rev-parse", "HEAD")
        _git(folder, "ls-files", "--error-unmatch", "__init__.py")
        return head + ("+" if _git(folder, "status", "--porcelain", "--", ".") else "")
    except (OSError, subprocess.SubprocessError):
        return None


def _git(folder: Path, *arguments: str) -> str:
    hidden = {"creationflags": 0x08000000} if sys.platform == "win32" else {}  # no console window
    return subprocess.run(
        ["git", "--no-optional-locks", "-C", str(folder), *arguments],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
        **hidden,  # type: ignore[call-overload]
    ).stdout.strip()
