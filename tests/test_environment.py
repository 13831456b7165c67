"""pyproject.toml, the locks, environment.yml and CITATION.cff agree.

A check takes the texts of the files and yields a line for each disagreement. Each is run twice: on
the files as they are, which must agree, and on files with one error, which it must find.
"""

from __future__ import annotations

import itertools
import platform
import re
from collections.abc import Callable, Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import tomli
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from write_environment import PLATFORMS, environment_text, marker_environment, read_lock

import labkit
from labkit.platforms import KERAS, NEWEST_WHOLE, TENSORFLOW_QUANTUM
from labkit.platforms import PYTHONS as PYTHONS_OF_THE_LAB

Files = Mapping[str, str]  # name -> text
Check = Callable[[Files], Iterator[str]]

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ("requirements.lock", "requirements-dev.lock")
NAMES = ("pyproject.toml", "environment.yml", "CITATION.cff", "CONTRIBUTING.md", *LOCKS)
(_, _OLDEST), (_, _NEWEST) = PYTHONS_OF_THE_LAB
PYTHONS = [f"3.{minor}.{patch}" for minor in range(_OLDEST, _NEWEST + 1) for patch in (0, 99)]
PLACES = [
    (name, python) for name in ("Linux x86-64", "macOS arm64", "Windows") for python in PYTHONS
]
#: What a reader may do without, and what its extra is called.
OPTIONAL = {"dask": ("dask", "distributed"), "parquet": ("pyarrow",)}
LINUX_X86_ONLY = {"tensorflow-quantum", "tf-keras", "jax", "jaxlib"}


def project_table(files: Files) -> dict[str, Any]:
    table: dict[str, Any] = tomli.loads(files["pyproject.toml"])["project"]
    return table


def conda_dependencies(files: Files) -> list[Any]:
    listed: list[Any] = yaml.safe_load(files["environment.yml"])["dependencies"]
    return listed


def wanted_of(files: Files, lock_name: str) -> list[Requirement]:
    """Return what pyproject.toml asks of a lock: dependencies and extras."""
    table = project_table(files)
    extras = table["optional-dependencies"]
    lines = table["dependencies"] + extras["build"]
    if lock_name == "requirements-dev.lock":
        lines = [*table["dependencies"], *itertools.chain(*extras.values())]
    wanted = map(Requirement, lines)
    return [requirement for requirement in wanted if requirement.name != table["name"]]


def locked_versions(lock: str, place: tuple[str, str]) -> dict[str, list[str]]:
    """Return the versions that a lock installs in a place (platform, Python), by package."""
    versions: dict[str, list[str]] = {}
    for package in read_lock(lock):
        if package.is_for(*place):
            name = canonicalize_name(package.requirement.name)
            versions.setdefault(name, []).append(str(package.requirement.specifier)[2:])
    return versions


def every_dependency_is_locked_inside_its_specifier(files: Files) -> Iterator[str]:
    for lock_name in LOCKS:
        wanted = wanted_of(files, lock_name)
        for place in PLACES:
            versions = locked_versions(files[lock_name], place)
            for requirement in wanted:
                marker = requirement.marker
                if marker is None or marker.evaluate(marker_environment(*place)):
                    locked = versions.get(canonicalize_name(requirement.name), [])
                    if not any(version in requirement.specifier for version in locked):
                        yield f"{lock_name}, {place}: {requirement} is locked at {locked}"


def what_is_installed_here_requires_only_what_is_locked(files: Files) -> Iterator[str]:
    """Packages are installed without looking at what they require: a lock is complete."""
    place = this_place()
    for lock_name in LOCKS:
        versions = locked_versions(files[lock_name], place)
        for name, (locked, *_) in versions.items():
            if found_version(name) != locked:
                continue  # a line for this is another check's, or the package is of the dev lock
            for line in metadata.requires(name) or ():
                required = Requirement(line)
                is_here = required.marker is None or required.marker.evaluate({"extra": ""})
                if is_here and canonicalize_name(required.name) not in versions:
                    yield f"{lock_name}: {name} requires {required}, which is not locked"


def found_version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def this_place() -> tuple[str, str]:
    names = {(system, machine): name for name, (_, _, system, machine) in PLATFORMS.items()}
    here = (platform.system(), platform.machine())
    return names.get(here, "Linux x86-64"), platform.python_version()


def told(place: tuple[str, str]) -> tuple[tuple[int, int], str, str]:
    """A place as `labkit.platforms` has it."""
    _, _, system, machine = PLATFORMS[place[0]]
    return (3, int(place[1].split(".")[1])), system, machine


def every_package_is_locked_once(files: Files) -> Iterator[str]:
    for lock_name in LOCKS:
        for place in PLACES:
            for name, locked in locked_versions(files[lock_name], place).items():
                if len(locked) > 1:
                    yield f"{lock_name}, {place}: {name} is locked at {locked}"


def every_entry_has_hashes(files: Files) -> Iterator[str]:
    for lock_name in LOCKS:
        for package in read_lock(files[lock_name]):
            if not package.hashes or not all(
                map(re.compile("[0-9a-f]{64}").fullmatch, package.hashes)
            ):
                yield f"{lock_name}: {package.requirement} lacks a SHA-256 sum"


def no_lock_names_an_index(files: Files) -> Iterator[str]:
    for lock_name in LOCKS:
        for address in re.findall(
            r".*(?:://|--(?:extra-)?index-url|--find-links).*", files[lock_name]
        ):
            yield f"{lock_name}: {address.strip()}"


def tensorflow_quantum_is_only_for_linux_x86(files: Files) -> Iterator[str]:
    for lock_name in LOCKS:
        for place in itertools.product(PLATFORMS, PYTHONS):
            present = LINUX_X86_ONLY & locked_versions(files[lock_name], place).keys()
            exists = TENSORFLOW_QUANTUM.exists_for(*told(place))
            if present != (LINUX_X86_ONLY if exists else set()):
                yield f"{lock_name}, {place}: has {sorted(present)}"


def keras_and_tensorflow_are_where_they_exist(files: Files) -> Iterator[str]:
    both = {"keras", "tensorflow"}
    for lock_name in LOCKS:
        for place in PLACES:
            present = both & locked_versions(files[lock_name], place).keys()
            if present != (both if KERAS.exists_for(*told(place)) else set()):
                yield f"{lock_name}, {place}: has {sorted(present)}"


def the_dev_lock_contains_the_runtime_lock(files: Files) -> Iterator[str]:
    for place in PLACES:
        runtime, dev = (locked_versions(files[lock_name], place) for lock_name in LOCKS)
        for name, locked in runtime.items():
            if dev.get(name) != locked:
                yield f"{place}: {name} is {locked} in the lock, {dev.get(name)} in the dev lock"


def environment_yml_is_what_the_lock_gives(files: Files) -> Iterator[str]:
    is_now = files["environment.yml"].splitlines()
    would_be = environment_text(files["requirements.lock"]).splitlines()
    for line in sorted({*is_now} ^ {*would_be}):
        verb = "has" if line in is_now else "lacks"
        yield f"environment.yml {verb} {line.strip()}: run `make lock`"


def environment_yml_has_a_supported_python(files: Files) -> Iterator[str]:
    supported = SpecifierSet(project_table(files)["requires-python"])
    pins = [line[7:] for line in conda_dependencies(files) if str(line).startswith("python=")]
    newest = "{}.{}".format(*NEWEST_WHOLE)
    if pins != [newest] or newest not in supported:
        yield f"environment.yml has Python {pins}; {newest} is meant, and {supported} is supported"
    if supported != SpecifierSet(f">=3.{_OLDEST},<3.{_NEWEST + 1}"):
        yield f"pyproject.toml supports {supported}, labkit.platforms {PYTHONS_OF_THE_LAB}"


def environment_yml_installs_labkit(files: Files) -> Iterator[str]:
    pip = [line["pip"] for line in conda_dependencies(files) if isinstance(line, dict)]
    if len(pip) != 1 or pip[0][-1] != "-e .":
        yield "environment.yml does not install labkit"


def every_dependency_has_its_reason(files: Files) -> Iterator[str]:
    (section,) = re.findall(
        r"^## Why each dependency\n(.*?)^## ", files["CONTRIBUTING.md"], re.S | re.M
    )
    table, _, optional = section.partition("\nOptional: ")
    told = {
        name
        for row in re.findall(r"^\| (`.*?) \|", table, re.M)
        for name in row[1:-1].split("`, `")
    }
    asked = {_name(line) for line in project_table(files)["dependencies"]}
    for name in sorted(told ^ asked):
        yield f"CONTRIBUTING.md {'names' if name in told else 'lacks'} {name}"
    extras = project_table(files)["optional-dependencies"]
    for name in (_name(line) for key in extras if key != "dev" for line in extras[key]):
        if f"`{name}`" not in optional:
            yield f"CONTRIBUTING.md lacks the optional {name}"


def what_is_optional_is_installed_for_the_tests_alone(files: Files) -> Iterator[str]:
    for lock_name, extra in itertools.product(LOCKS, OPTIONAL):
        for name in OPTIONAL[extra]:
            is_locked = name in locked_versions(files[lock_name], ("Linux x86-64", "3.12.0"))
            if is_locked != (lock_name == "requirements-dev.lock"):
                yield f"{lock_name}: {name} is {'locked' if is_locked else 'missing'}"
            if name not in map(_name, project_table(files)["optional-dependencies"][extra]):
                yield f"pyproject.toml: the extra {extra} lacks {name}"


def _name(line: str) -> str:
    return Requirement(line).name


def all_name_the_same_version(files: Files) -> Iterator[str]:
    versions = {
        "pyproject.toml": project_table(files)["version"],
        "CITATION.cff": str(yaml.safe_load(files["CITATION.cff"])["version"]),
        "labkit.__version__": labkit.__version__,
        "the installed labkit": metadata.version("labkit"),
    }
    if len({*versions.values()}) > 1:
        yield f"versions differ: {versions}"


CHECKS: list[Check] = [
    every_dependency_is_locked_inside_its_specifier,
    every_package_is_locked_once,
    every_entry_has_hashes,
    no_lock_names_an_index,
    tensorflow_quantum_is_only_for_linux_x86,
    the_dev_lock_contains_the_runtime_lock,
    environment_yml_is_what_the_lock_gives,
    environment_yml_has_a_supported_python,
    environment_yml_installs_labkit,
    all_name_the_same_version,
    keras_and_tensorflow_are_where_they_exist,
    what_is_installed_here_requires_only_what_is_locked,
    every_dependency_has_its_reason,
    what_is_optional_is_installed_for_the_tests_alone,
]
ERRORS: list[tuple[Check, str, str, str]] = [  # check, file, pattern, what replaces it once
    (CHECKS[0], "requirements.lock", r"^cirq-core==1.5.0", "cirq-core==1.4.1"),
    (CHECKS[0], "requirements.lock", r"^jupyterlab==(?s:.*?)(?=^\w)", ""),
    (CHECKS[0], "requirements-dev.lock", r"^pytest==[0-9.]+", "pytest==7.0.0"),
    (CHECKS[0], "pyproject.toml", r'"numpy>=2.5;', '"numpy>=3.0;'),
    (CHECKS[0], "requirements.lock", r"^cirq-core==1.7.0 ;.*", "cirq-core==1.5.0 \\\\"),
    (CHECKS[0], "requirements.lock", r"^(pandas==3.*>= )'3.13'", r"\g<1>'3.14'"),
    (CHECKS[1], "requirements.lock", r"^tqdm==", "tornado==1 --hash=sha256:0\ntqdm=="),
    (CHECKS[2], "requirements.lock", r"^(numpy==.*?) \\\n(    --hash.*\n)+", r"\1\n"),
    (CHECKS[2], "requirements-dev.lock", r"--hash=sha256:[0-9a-f]", "--hash=sha256:"),
    (CHECKS[3], "requirements.lock", r"\A", "--index-url https://example.org/simple\n"),
    (CHECKS[4], "requirements.lock", r"^(tensorflow-quantum==[0-9.]+) ; .* \\", r"\1 \\"),
    (CHECKS[4], "requirements-dev.lock", r"^jax==(?s:.*?)(?=^\w)", ""),
    (CHECKS[5], "requirements-dev.lock", r"^(keras==)[0-9.]+", r"\g<1>3.0.0"),
    (CHECKS[6], "environment.yml", r"cirq-core==1.5.0", "cirq-core==1.4.1"),
    (CHECKS[6], "requirements.lock", r"^cirq-core==1.5.0", "cirq-core==1.4.1"),
    (CHECKS[6], "environment.yml", r"^ +- nodefaults\n", ""),
    (CHECKS[7], "environment.yml", r"python=3.12", "python=3.13"),
    (CHECKS[7], "pyproject.toml", r'">=3.10,<3.15"', '">=3.10,<3.12"'),
    (CHECKS[8], "environment.yml", r"^ +- -e \.\n", ""),
    (CHECKS[9], "pyproject.toml", r'^version = "[0-9.]+"', 'version = "9.9"'),
    (CHECKS[9], "CITATION.cff", r"^version: .*$", "version: 9.9"),
    (CHECKS[10], "requirements.lock", r"^(keras==.*) and python_full_version < '3.14'", r"\1"),
    (CHECKS[10], "requirements-dev.lock", r"^tensorflow==2.2(?s:.*?)(?=^\w)", ""),
    (CHECKS[12], "CONTRIBUTING.md", r"^\| `tqdm` .*\n", ""),
    (CHECKS[12], "CONTRIBUTING.md", r"`pyarrow` ", ""),
    (CHECKS[12], "pyproject.toml", r'^    "tqdm.*\n', ""),
    (CHECKS[13], "pyproject.toml", r'"pyarrow>=17"', ""),
    (CHECKS[13], "requirements-dev.lock", r"^distributed==(?s:.*?)(?=^\w)", ""),
    (CHECKS[11], "requirements.lock", r"^traitlets==(?s:.*?)(?=^\w)", ""),
]


@pytest.fixture(scope="module")
def files() -> Files:
    return {name: (ROOT / name).read_text(encoding="utf-8") for name in NAMES}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_files_agree(files: Files, check: Check) -> None:
    assert list(check(files)) == []


@pytest.mark.parametrize(("check", "name", "pattern", "replacement"), ERRORS)
def test_an_error_is_found(
    files: Files, check: Check, name: str, pattern: str, replacement: str
) -> None:
    text, changes = re.subn(pattern, replacement, files[name], count=1, flags=re.MULTILINE)
    assert changes == 1
    assert list(check({**files, name: text}))
