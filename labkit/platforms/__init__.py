"""Which parts of the lab exist for which Python and platform, and how to start them quietly."""

from __future__ import annotations

import os
import platform
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from labkit.platforms.cells import go_on_after, this_shell

#: The Pythons that the lab runs on, and the newest for which every part exists.
PYTHONS = ((3, 10), (3, 14))
NEWEST_WHOLE = (3, 12)
#: Whether this Python runs in a web page.
IN_BROWSER = sys.platform == "emscripten"


class MissingPartError(ModuleNotFoundError):
    """A part of the lab that is not installed is needed; says in one line what works without.

    In a notebook the cell that needs it is then left out, and the next ones run: see
    `labkit.platforms.cells`.
    """

    def __init__(self, line: str) -> None:
        super().__init__(line)
        go_on_after(missing_line_of)


@dataclass(frozen=True)
class Part:
    """A part that the lab may have to do without: why, and what it then does.

    Attributes:
        without: what works all the same, and how.
        newest: the newest Python that it exists for.
        platforms: (system, machine) that it exists for; empty for all.
        why: it does not exist for others.
        stands_on: modules that it cannot do without.
    """

    name: str
    module: str
    without: str
    newest: tuple[int, int] = PYTHONS[1]
    platforms: tuple[tuple[str, str], ...] = ()
    why: str = ""
    stands_on: tuple[str, ...] = ()

    def exists_for(self, python: tuple[int, int], system: str, machine: str) -> bool:
        """Whether it is to be had, on what `platform.system()` and `.machine()` call so."""
        return python <= self.newest and (not self.platforms or (system, machine) in self.platforms)

    def is_installed(self) -> bool:
        """Whether it is there, with what it stands on; nothing is imported to find out."""
        return all(map(_is_found, (self.module, *self.stands_on)))

    def load(self) -> Any:
        """The module, imported.

        Raises:
            MissingPartError: it cannot be; the line says what works without.
        """
        try:
            return import_module(self.module)
        except ImportError as error:
            raise MissingPartError(self.line) from error

    @property
    def line(self) -> str:
        """That it is missing, why, and what works all the same."""
        why = "it does not run in a browser" if IN_BROWSER else self.why or "it is not installed"
        return f"{self.name} is missing: {why}; {self.without}"


#: For who wants every part; the first needs such a Python, the second fetches one.
OTHER_PYTHON = "remove .venv, then make lab PYTHON=python3.12, or LAB_PYTHON=uv make lab"
TENSORFLOW_QUANTUM = Part(
    "TensorFlow Quantum",
    "tensorflow_quantum",
    "notebook 09 shows its recorded results, notebook 18 trains without it, and "
    "labkit.simulators.qaoa_value_and_gradient has the same gradient",
    newest=NEWEST_WHOLE,
    platforms=(("Linux", "x86_64"),),
    why="it exists for Linux x86-64 with Python 3.10 to 3.12",
    stands_on=("tensorflow", "tf_keras"),
)
KERAS = Part(
    "Keras",
    "keras",
    "cells that need it are left out and all others run, and labkit.networks.sample_network gives "
    "the same networks",
    newest=(3, 13),
    why="it exists, as TensorFlow does, for Python 3.10 to 3.13",
    stands_on=("tensorflow",),
)
#: Those that some Pythons or platforms have no release of.
PARTS = (TENSORFLOW_QUANTUM, KERAS)
#: Those that exist wherever the lab can be installed, and not in a browser.
NUMBA = Part("numba", "numba", "loops run in Python and NumPy, slower")
LLVMLITE = Part("llvmlite", "llvmlite", NUMBA.without)
QSIM = Part("qsim", "qsimcirq", "cirq.Simulator runs the same circuits, slower")
PSUTIL = Part(
    "psutil",
    "psutil",
    "1 GiB is taken for the memory that is free, and a sweep's processes are not watched",
)
DIMOD = Part("dimod", "dimod", "labkit's own selectors and QUBO files need none")
DASK = Part("dask.distributed", "distributed", "sweeps run in processes of this machine")
CIRQ_GOOGLE = Part(
    "cirq-google", "cirq_google", "circuits and noise of one's own run, its virtual machines do not"
)
PROCESSES = Part(
    "multiprocessing",
    "_multiprocessing",
    "a sweep runs in this process, one point after the other, with the same results",
)
OPTIONAL = (*PARTS, NUMBA, QSIM, PSUTIL, DIMOD, DASK, CIRQ_GOOGLE, PROCESSES)


def missing_line_of(error: BaseException, statement: str) -> str | None:
    """The line of the missing part that an error comes from; None for every other error.

    Args:
        error: as it was raised.
        statement: that raised it; where it imports the part itself, it is known by that.
    """
    for one in (error, error.__cause__):
        if isinstance(one, MissingPartError):
            return str(one)
    if not isinstance(error, ImportError):
        return None
    named = {*re.findall(r"\w+", f"{error.name} {statement}")}
    absent = (part for part in OPTIONAL if named & {part.module, *part.stands_on})
    return next((part.line for part in absent if not part.is_installed()), None)


def _is_found(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):  # ValueError: in sys.modules, of no file
        return False


def can_compile() -> bool:
    """Whether numba compiles loops here; where it does not, that is said, once in a process."""
    return _are_found(NUMBA, LLVMLITE)


def has_qsim() -> bool:
    """Whether qsim runs circuits here; where it does not, that is said, once in a process."""
    return _are_found(QSIM)


def circuit_simulator(*, errs: bool = False) -> str:
    """The name of what runs circuits here, those with errors too: qsim, or what stands in."""
    stands_in = "labkit's TrajectorySampler" if errs else "cirq.Simulator"
    return "qsim" if QSIM.is_installed() else stands_in


def stand_ins() -> list[str]:
    """What takes the place of numba and of qsim where they are missing, a line each."""
    return [part.line for part in (NUMBA, QSIM) if not part.is_installed()]


@cache
def _are_found(*parts: Part) -> bool:
    absent = [part for part in parts if not part.is_installed()]
    if absent:
        warnings.warn(absent[0].line, stacklevel=4)
    return not absent


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


def progress_bar(**options: Any) -> Any:
    """A bar of tqdm; without the thread that tends it in a browser, where none can be started."""
    from tqdm.auto import tqdm

    if IN_BROWSER:
        tqdm.monitor_interval = 0
    return tqdm(**options)


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


if this_shell() and not all(part.is_installed() for part in OPTIONAL):
    go_on_after(missing_line_of)
