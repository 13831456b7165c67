"""Write environment.yml, for conda and Binder, from requirements.lock.

pip's hash mode refuses a local directory, so the pip section names the locked versions without
their hashes and ends with labkit itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
PYTHON = "3.12"
PLATFORMS = {
    "Linux x86-64": ("posix", "linux", "Linux", "x86_64"),
    "Linux arm64": ("posix", "linux", "Linux", "aarch64"),
    "macOS arm64": ("posix", "darwin", "Darwin", "arm64"),
    "Windows": ("nt", "win32", "Windows", "AMD64"),
}
HEADER = """\
# Made by `make lock` from requirements.lock; do not edit.
# conda env create -f environment.yml    (Binder reads this file too)
"""


@dataclass(frozen=True)
class LockedPackage:
    """One entry of a lock.

    Attributes:
        requirement: Name, extras, exact version and marker.
        hashes: The SHA-256 sums of the files that may be installed.
    """

    requirement: Requirement
    hashes: tuple[str, ...]

    def is_for(self, platform: str, python: str) -> bool:
        """Tell whether the entry's marker holds on a platform, for a full Python version."""
        marker = self.requirement.marker
        return marker is None or marker.evaluate(marker_environment(platform, python))


def marker_environment(platform: str, python: str) -> dict[str, str]:
    """Return the variables of environment markers.

    Args:
        platform: A key of `PLATFORMS`.
        python: A full version such as "3.11.7".
    """
    os_name, sys_platform, platform_system, machine = PLATFORMS[platform]
    return {
        "os_name": os_name,
        "sys_platform": sys_platform,
        "platform_system": platform_system,
        "platform_machine": machine,
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "python_full_version": python,
        "python_version": python.rpartition(".")[0],
    }


def read_lock(text: str) -> list[LockedPackage]:
    """Return the entries of a lock that `uv pip compile --generate-hashes` wrote."""
    joined = text.replace("\\\n", "")
    lines = [line for line in joined.splitlines() if line and line[0] not in " #"]
    entries = [line.split(" --hash=sha256:") for line in lines]
    return [
        LockedPackage(Requirement(requirement.strip()), tuple(sum_.strip() for sum_ in sums))
        for requirement, *sums in entries
    ]


def environment_text(lock: str) -> str:
    """Return the text of environment.yml.

    Args:
        lock: The text of requirements.lock.
    """
    places = [(platform, f"{PYTHON}.{patch}") for platform in PLATFORMS for patch in (0, 99)]
    packages = [
        f"      - '{package.requirement}'"
        for package in read_lock(lock)
        if any(package.is_for(*place) for place in places)
    ]
    return HEADER + "\n".join(
        [
            "name: quantum-neuron-selection-lab",
            "channels:",
            "  - conda-forge",
            "  - nodefaults",
            "dependencies:",
            f"  - python={PYTHON}",
            "  - pip",
            "  - pip:",
            *packages,
            "      - -e .",
            "",
        ]
    )


if __name__ == "__main__":
    lock = (ROOT / "requirements.lock").read_text()
    (ROOT / "environment.yml").write_text(environment_text(lock))
