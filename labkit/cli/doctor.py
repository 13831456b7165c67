"""`labkit doctor`: what this machine has, what is missing, and what to type."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

import labkit
from labkit.limits import core_limit, format_bytes, memory_limit
from labkit.platforms import (
    NUMBA,
    PYTHONS,
    QSIM,
    TENSORFLOW_QUANTUM,
    missing_here,
    stand_ins,
    what_one_gets,
)
from labkit.provenance import installed_version

CHECKOUT = Path(labkit.__file__).parents[1]

_COMPUTING = ("numpy", "scipy", "numba", "cirq-core", "qsimcirq", "keras", "tensorflow", "dimod")
_STACK = (*_COMPUTING, "pandas", "jupyterlab")
_LEAST_MEMORY = 2 * 2**30
_LEAST_DISK = 2**30
_NAMED = 5  # packages named in a line


@dataclass(frozen=True)
class Finding:
    """What was found, whether it is as it should be (None: nothing to judge), and what helps.

    `is_needed`: the lab book does not do without it.
    """

    what: str
    is_well: bool | None = True
    type_this: str | None = None
    is_needed: bool = False


def _stack() -> Iterator[Finding]:
    is_supported = PYTHONS[0] <= sys.version_info[:2] <= PYTHONS[1]
    where = f"Python {platform.python_version()} ({platform.system()}, {platform.machine()})"
    helps = None if is_supported else f"PYTHON=python3.12 {_install_command()}"
    yield Finding(f"labkit {labkit.__version__} on {where}", is_supported, helps, is_needed=True)
    gets = what_one_gets(platform.system(), platform.machine())
    told = "; ".join(f"Python {versions} gets {what}" for versions, what in gets.items())
    yield Finding(f"on this platform {told}", None)
    absent = {part.module for part in missing_here()}
    absent |= {"tensorflow"} if "keras" in absent else set()
    absent |= {part.module for part in (NUMBA, QSIM) if not part.is_installed()}
    absent |= {part.module for part in (NUMBA, QSIM) if not part.is_installed()}
    found = {name: installed_version(name) for name in _STACK if name not in absent}
    yield Finding(", ".join(f"{name} {number}" for name, number in found.items() if number), None)
    missing = [name for name, number in found.items() if not number]
    if missing:
        yield Finding(f"missing: {', '.join(missing)}", False, _install_command(), is_needed=True)


def _lock(path: Path) -> Iterator[Finding]:
    """In a checkout, whether the packages of the lock are there in its versions."""
    if not path.is_file():
        return
    locked = read_lock(path.read_text("utf-8"))
    found = {name: installed_version(name) for name in locked}
    missing = [name for name in locked if found[name] is None]
    differing = [
        f"{name} {found[name]} (lock: {number})"
        for name, number in locked.items()
        if found[name] not in (None, number)
    ]
    if not missing and not differing:
        yield Finding(f"all {len(locked)} packages are as in {path.name}")
    for what, names in (("missing", missing), ("not as locked", differing)):
        if names:
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            told = f"of {path.name}, {what}: {', '.join(names[:_NAMED])}{more}"
            yield Finding(told, False, _install_command(), is_needed=True)


def read_lock(text: str) -> dict[str, str]:
    """The version of each package that a lock asks for on this machine, by name."""
    from packaging.requirements import Requirement

    locked = {}
    for line in text.splitlines():
        if "==" not in line or line.startswith((" ", "#", "-")):
            continue
        requirement = Requirement(line.rstrip(" \\"))
        if requirement.marker is None or requirement.marker.evaluate():
            (pinned,) = requirement.specifier
            locked[requirement.name] = pinned.version
    return locked


def _quantum() -> Iterator[Finding]:
    number = installed_version("tensorflow-quantum")
    if number:
        yield Finding(f"TensorFlow Quantum {number}")
    elif TENSORFLOW_QUANTUM not in missing_here():
        told = "TensorFlow Quantum is missing: labkit.angle_training needs it"
        yield Finding(told, False, _install_command())
    yield from (Finding(part.line, None) for part in missing_here())
    yield from (Finding(line, None) for line in stand_ins())
    if not NUMBA.is_installed():
        return
    if _are_loops_compiled():
        yield Finding("the simulator's loops are compiled")
    else:
        warm_up = "from labkit.simulators import engine; engine.warm_up()"
        told = "the simulator's loops are not compiled yet: the first QAOA state waits for it"
        yield Finding(told, False, f'{_python()} -c "{warm_up}"')


def _are_loops_compiled() -> bool:
    folders = [Path(labkit.__file__).parent / "simulators" / "engine" / "__pycache__"]
    if "NUMBA_CACHE_DIR" in os.environ:
        folders.append(Path(os.environ["NUMBA_CACHE_DIR"]))
    pattern = f"kernels.*.py{sys.version_info[0]}{sys.version_info[1]}*.nbi"
    return any(any(folder.rglob(pattern)) for folder in folders)


def _machine() -> Iterator[Finding]:
    memory, disk = memory_limit(), shutil.disk_usage(Path.cwd()).free
    cores = core_limit()
    yield Finding(f"{cores} {'core' if cores == 1 else 'cores'} can be used")
    is_enough, is_space = memory >= _LEAST_MEMORY, disk >= _LEAST_DISK
    close = " (close other programs: below 2 GiB the larger notebooks refuse some sizes)"
    room = f"{format_bytes(memory)} of memory can be used"
    yield Finding(room + ("" if is_enough else close), is_enough)
    space = f"{format_bytes(disk)} free on the disk of this folder"
    yield Finding(space, is_space, None if is_space else "make clean")


def _git() -> Finding:
    if path := shutil.which("git"):
        return Finding(f"git ({path}): entries of the lab book name the commit")
    install = {"Linux": "sudo apt install git", "Darwin": "xcode-select --install"}
    told = "git is missing: entries of the lab book cannot name the commit"
    return Finding(told, False, install.get(platform.system(), "winget install Git.Git"))


def _install_command() -> str:
    """What installs the lock in a checkout, or labkit's requirements elsewhere."""
    if not (CHECKOUT / "requirements.lock").is_file():
        return f"{_python()} -m pip install --upgrade --force-reinstall labkit"
    if platform.system() == "Windows":
        return r"py -3.12 tools\lab.py lab"
    return "make lab"


def _python() -> str:
    return "python" if shutil.which("python") == sys.executable else sys.executable


_MARKS = {True: "ok", False: "--", None: "  "}


@click.command()
def doctor() -> int:
    """Say what is installed, how much memory and how many cores can be used, and what is missing.

    For each thing missing (marked --) there is a command to type. The exit status is 1 if something
    is missing that the lab book needs.

    \b
    Example:
      labkit doctor
    """  # noqa: D301
    lock = CHECKOUT / "requirements.lock"
    findings = [*_stack(), *_lock(lock), *_quantum(), *_machine(), _git()]
    for finding in findings:
        click.echo(f"{_MARKS[finding.is_well]}  {finding.what}")
        if finding.type_this:
            click.echo(f"      type: {finding.type_this}")
    return int(any(finding.is_needed and finding.is_well is False for finding in findings))
