"""Which versions and which seed made what is on the page."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

import labkit

PACKAGES = ("numpy", "keras", "tensorflow", "cirq-core", "qsimcirq", "ipywidgets", "matplotlib")


@dataclass(frozen=True)
class Provenance:
    """Versions and seed of a notebook's results; its text is the footer of the notebook."""

    seed: int
    versions: dict[str, str]

    def _repr_markdown_(self) -> str:
        listed = ", ".join(f"{name} {number}" for name, number in self.versions.items())
        return f"**Made with** seed {self.seed}; {listed}."


def describe_run(*, seed: int) -> Provenance:
    """The seed, and the versions of Python, labkit and what it stands on, without importing them.

    Args:
        seed: the seed that the notebook used.
    """
    return Provenance(seed, package_versions(PACKAGES))


def package_versions(packages: Sequence[str]) -> dict[str, str]:
    """Versions of labkit, Python and some packages, without importing them.

    Args:
        packages: names under which they are installed.
    """
    versions = {"labkit": labkit.__version__, "Python": platform.python_version()}
    return versions | {name: _version(name) for name in packages}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
