"""Which parts of the lab exist for which Python and platform, and how to start them quietly."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec

#: The Pythons that the lab runs on, and the newest for which every part exists.
PYTHONS = ((3, 10), (3, 14))
NEWEST_WHOLE = (3, 12)


@dataclass(frozen=True)
class Part:
    """A part that some Pythons or platforms have to do without: why, and what the lab then does.

    Attributes:
        newest: the newest Python that it exists for.
        platforms: (system, machine) that it exists for; empty for all.
    """

    name: str
    module: str
    newest: tuple[int, int]
    platforms: tuple[tuple[str, str], ...]
    why: str
    without: str

    def exists_for(self, python: tuple[int, int], system: str, machine: str) -> bool:
        """Whether it is to be had, on what `platform.system()` and `.machine()` call so."""
        return python <= self.newest and (not self.platforms or (system, machine) in self.platforms)

    def is_installed(self) -> bool:
        """Whether it is there, without importing it."""
        return find_spec(self.module) is not None

    @property
    def line(self) -> str:
        """That it is missing, why, and what works all the same."""
        return f"{self.name} is missing: {self.why}; {self.without}"


#: For who wants every part; the first needs such a Python, the second fetches one.
OTHER_PYTHON = "remove .venv, then make lab PYTHON=python3.12, or LAB_PYTHON=uv make lab"
TENSORFLOW_QUANTUM = Part(
    "TensorFlow Quantum",
    "tensorflow_quantum",
    NEWEST_WHOLE,
    (("Linux", "x86_64"),),
    "it exists for Linux x86-64 with Python 3.10 to 3.12",
    "notebook 09 shows its recorded results, notebook 18 trains without it, and "
    "labkit.simulators.qaoa_value_and_gradient has the same gradient",
)
KERAS = Part(
    "Keras",
    "keras",
    (3, 13),
    (),
    "TensorFlow, which it runs on, has no release for Python 3.14 yet",
    "notebook 01 can only be read, all others run; labkit.networks.sample_network gives the same "
    "networks",
)
PARTS = (TENSORFLOW_QUANTUM, KERAS)


def missing_here() -> list[Part]:
    """The parts that do not exist for this Python on this platform."""
    where = (_this_python(), *_this_machine())
    return [part for part in PARTS if not part.exists_for(*where)]


def missing_line() -> str | None:
    """What this Python on this platform does without, and what helps, in one line; None if nothing.

    Where another Python has no more, that is not said.
    """
    if not (absent := missing_here()):
        return None
    names, instead = " and ".join(p.name for p in absent), "; ".join(p.without for p in absent)
    helps = any(part.exists_for(NEWEST_WHOLE, *_this_machine()) for part in absent)
    more = f"; for everything: {OTHER_PYTHON}" if helps else ""
    return "Python {}.{} does without {}: {}{}".format(*_this_python(), names, instead, more)


def what_one_gets(system: str, machine: str) -> dict[str, str]:
    """Python versions -> what of the lab they get: everything, or all but some parts."""
    gets: dict[str, list[str]] = {}
    for minor in range(PYTHONS[0][1], PYTHONS[1][1] + 1):
        where = ((3, minor), system, machine)
        absent = [part.name for part in PARTS if not part.exists_for(*where)]
        what = f"all but {' and '.join(absent)}" if absent else "everything"
        gets.setdefault(what, []).append(f"3.{minor}")
    return {", ".join(versions): what for what, versions in gets.items()}


def _this_python() -> tuple[int, int]:
    return sys.version_info[0], sys.version_info[1]


def _this_machine() -> tuple[str, str]:
    return platform.system(), platform.machine()


@contextmanager
def quiet_start() -> Iterator[None]:
    """Silences standard error, below Python too, while TensorFlow is imported.

    TensorFlow reports missing GPUs from C++ before its own log level applies. Exceptions are
    raised as ever.
    """
    kept = os.dup(2)
    silence = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(silence, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(silence)
