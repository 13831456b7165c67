"""Who may import whom, and what an import may load: the house rules of CONTRIBUTING.md."""

from __future__ import annotations

import ast
import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import labkit

PACKAGE = Path(labkit.__file__).parent

#: A module imports only from modules of a smaller row; the parts of one package import each other
#: without a cycle.
ROWS = {
    "arrays": 0,
    "browser": 0,
    "compiling": 0,
    "files": 0,
    "ledger": 0,
    "limits": 0,
    "palette": 0,
    "platforms": 0,
    "threads": 0,
    "masks": 1,
    "datasets": 1,
    "amplification": 1,
    "ansatz": 1,
    "linear_systems": 1,
    "provenance": 1,
    "costs": 2,
    "networks": 2,
    "circuits": 3,
    "neighbours": 4,
    "wave_functions": 3,
    "simulators": 4,
    "scoring": 5,
    "selectors": 5,
    "hardware": 5,
    "angle_training": 6,
    "baselines": 6,
    "problems": 6,
    "records": 6,
    "sweeps": 7,
    "variational_networks": 7,
    "course": 8,
    "cli": 9,
    "activations": 9,
    "exercises": 9,
    "explorers": 9,
    "plots": 9,
    "__main__": 10,
}
#: Old addresses of what has moved: nobody here imports them.
MOVED = {"activations", "exercises", "explorers", "plots"}
#: Modules that no reader needs: not in labkit.__all__.
PRIVATE = {"arrays", "browser", "compiling", "files", "palette", "platforms", "threads"} | MOVED
PRIVATE |= {"cli", "linear_systems", "__main__"}
#: Who may import what is slow to load, or exists only on some machines; for its types, anyone may.
MAY_IMPORT = {
    "keras": {"networks", "baselines"},
    "tensorflow": {"angle_training"},
    "tf_keras": {"angle_training"},
    "tensorflow_quantum": {"angle_training"},
    "cirq": {
        "angle_training",
        "circuits",
        "costs",
        "hardware",
        "simulators",
        "selectors",
        "course",
        "variational_networks",
    },
    "cirq_google": {"hardware"},
    "dimod": {"costs", "selectors"},
    "numba": {"compiling", "costs", "simulators"},
    "qsimcirq": {"hardware", "simulators"},
    "matplotlib": {"course", "records"},
    "ipywidgets": {"course"},
    "anywidget": {"course"},
}
#: Importing any other module loads neither TensorFlow nor Cirq.
SLOW_TO_IMPORT = {"circuits", "hardware"}
HEAVY = (
    "cirq",
    "dimod",
    "keras",
    "numba",
    "qsimcirq",
    "tensorflow",
    "tensorflow_quantum",
    "tf_keras",
)


def find_modules() -> dict[str, Path]:
    """labkit's modules by dotted name."""
    files = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = ["labkit", *path.relative_to(PACKAGE).with_suffix("").parts]
        files[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return files


MODULES = find_modules()


def find_imports(tree: ast.AST, module: str, *, is_package: bool = False) -> Iterator[str]:
    """The dotted name of everything imported anywhere in a module, in functions too.

    `labkit.x` counts where it is reached through `import labkit`, and so does a name that is
    given to `import_module` as text.
    """
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=aliases):
                yield from (alias.name for alias in aliases)
            case ast.ImportFrom(module=base, names=aliases, level=level):
                if level:
                    path = module.split(".")
                    package = path[: len(path) - level + is_package]
                    base = ".".join([*package, *([base] if base else [])])
                for alias in aliases:
                    name = f"{base}.{alias.name}"
                    yield name if name in MODULES else str(base)
            case ast.Attribute(value=ast.Name(id="labkit"), attr=name):
                if f"labkit.{name}" in MODULES:
                    yield f"labkit.{name}"
            case ast.Call(
                func=ast.Name(id="import_module" | "__import__")
                | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                yield name


def imports_of(module: str, *, types_too: bool = True) -> set[str]:
    """What a module imports; `types_too`: under `if TYPE_CHECKING` as well."""
    path = MODULES[module]
    tree = ast.parse(path.read_text("utf-8"))
    tree = tree if types_too else WithoutTypeChecking().visit(tree)
    return set(find_imports(tree, module, is_package=path.name == "__init__.py"))


class WithoutTypeChecking(ast.NodeTransformer):
    """Leaves out what only a type checker reads."""

    def visit_If(self, node: ast.If) -> list[ast.stmt] | ast.AST:
        """Keeps of `if TYPE_CHECKING: ... else: ...` what is run."""
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return node.orelse
        return self.generic_visit(node)


def unit_of(module: str) -> str:
    """'selectors' for labkit.selectors.running; '' for labkit itself."""
    return module.partition(".")[2].partition(".")[0]


def breaks_direction(module: str, imported: str) -> str | None:
    """In words, what is wrong with the direction of an import; None if nothing is."""
    importer, unit = unit_of(module), unit_of(imported)
    if imported.partition(".")[0] != "labkit" or unit in ("", importer):
        return None
    rows = ROWS.get(importer, -1), ROWS.get(unit, len(ROWS))
    if rows[1] < rows[0]:
        return None
    return (
        f"{module} (row {rows[0]}) imports {imported} (row {rows[1]}): only from rows above its own"
    )


def breaks_privilege(module: str, imported: str) -> str | None:
    """In words, that a module may not import what is slow or rare; None if it may."""
    top = imported.partition(".")[0]
    if unit_of(module) in MAY_IMPORT.get(top, {unit_of(module)}):
        return None
    return f"{module} imports {imported}: only {', '.join(sorted(MAY_IMPORT[top])) or 'nobody'} may"


# The rules


@pytest.mark.parametrize("module", MODULES)
def test_every_module_has_a_row(module: str) -> None:
    assert module == "labkit" or unit_of(module) in ROWS, (
        f"{module} is new: add {unit_of(module)!r} to ROWS in {Path(__file__).name}, and to "
        "labkit.__all__ or PRIVATE"
    )


@pytest.mark.parametrize("module", [name for name in MODULES if unit_of(name) in {"", *ROWS}])
def test_a_module_imports_only_from_the_rows_above_its_own(module: str) -> None:
    broken = filter(None, (breaks_direction(module, name) for name in imports_of(module)))
    assert "\n".join(broken) == ""


@pytest.mark.parametrize("module", MODULES)
def test_a_module_loads_only_the_packages_that_it_may(module: str) -> None:
    imported = imports_of(module, types_too=False)
    broken = filter(None, (breaks_privilege(module, name) for name in imported))
    assert "\n".join(broken) == ""


@pytest.mark.parametrize("unit", sorted({unit_of(module) for module in MODULES} - {""}))
def test_the_parts_of_a_package_import_each_other_without_a_cycle(unit: str) -> None:
    parts = {module for module in MODULES if unit_of(module) == unit}
    try:
        [*TopologicalSorter({part: imports_of(part) & parts for part in parts}).static_order()]
    except CycleError as error:
        pytest.fail(f"cycle in labkit.{unit}: {' imports '.join(error.args[1])}")


def test_labkit_itself_imports_only_the_standard_library() -> None:
    assert {name.partition(".")[0] for name in imports_of("labkit")} <= sys.stdlib_module_names


def test_every_module_is_public_or_deliberately_private() -> None:
    assert {unit_of(module) for module in MODULES} - {""} == {*labkit.__all__} | PRIVATE


@pytest.mark.parametrize(
    ("old", "name", "new"),
    [
        ("exercises", "check", "course"),
        ("exercises", "all_exercises", "course.checking"),
        ("explorers", "GroverExplorer", "course.explorers"),
        ("explorers", "Prediction", "course.panels"),
        ("explorers", "RunsTable", "course.panels"),
        ("explorers", "LabLog", "course.panels"),
        ("plots", "draw_spectra", "course.plots"),
        ("plots", "read_predictions", "course.panels"),
        ("activations", "draw_network", "networks"),
    ],
)
def test_what_has_moved_is_still_found_at_its_old_address(old: str, name: str, new: str) -> None:
    before, now = (importlib.import_module(f"labkit.{module}") for module in (old, new))
    assert getattr(before, name) is getattr(now, name)


def test_nobody_here_imports_from_an_old_address() -> None:
    using = [name for name in MODULES if {*map(unit_of, imports_of(name))} & MOVED]
    assert [name for name in using if unit_of(name) not in MOVED] == []


# The rules find what they are meant to find


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import labkit.costs as c", "labkit.costs"),
        ("from labkit import costs", "labkit.costs"),
        ("from labkit.costs import CostTable", "labkit.costs"),
        ("from labkit.selectors import running", "labkit.selectors.running"),
        ("from . import running", "labkit.selectors.running"),
        ("from .running import run", "labkit.selectors.running"),
        ("from ..circuits import oracles", "labkit.circuits.oracles"),
        ("def f():\n    if True:\n        import keras.ops", "keras.ops"),
        ("if TYPE_CHECKING:\n    import cirq", "cirq"),
        ("import labkit\n\nlabkit.networks.RandomNetwork", "labkit.networks"),
        ("importlib.import_module('labkit.networks')", "labkit.networks"),
    ],
)
def test_imports_are_found_in_every_form(source: str, expected: str) -> None:
    assert expected in set(find_imports(ast.parse(source), "labkit.selectors.classical"))


def test_what_is_imported_for_its_types_alone_can_be_left_out() -> None:
    source = (
        "if TYPE_CHECKING:\n    import cirq\nelse:\n    import keras\nif x:\n    import qsimcirq"
    )
    tree = WithoutTypeChecking().visit(ast.parse(source))
    assert set(find_imports(tree, "labkit.simulators")) == {"keras", "qsimcirq"}


def test_a_package_finds_its_own_parts_by_relative_imports() -> None:
    tree = ast.parse("from . import running\nfrom .. import costs")
    found = find_imports(tree, "labkit.selectors", is_package=True)
    assert set(found) == {"labkit.selectors.running", "labkit.costs"}


@pytest.mark.parametrize(
    ("module", "imported"),
    [
        ("labkit.masks", "labkit.costs"),
        ("labkit.circuits", "labkit.simulators.grover"),
        ("labkit.selectors.grover", "labkit.scoring"),
        ("labkit", "labkit.masks"),
    ],
)
def test_an_import_from_the_same_row_or_below_is_reported(module: str, imported: str) -> None:
    message = breaks_direction(module, imported)
    assert message is not None
    assert f"imports {imported} " in message


@pytest.mark.parametrize(
    ("module", "imported", "said"),
    [
        ("labkit.scoring", "keras.ops", "only baselines, networks may"),
        (
            "labkit.course.plots.networks",
            "keras",
            "only baselines, networks may",
        ),
        ("labkit.selectors.grover", "qsimcirq", "only hardware, simulators may"),
        ("labkit.networks", "tensorflow", "only angle_training may"),
    ],
)
def test_importing_what_others_load_is_reported(module: str, imported: str, said: str) -> None:
    assert breaks_privilege(module, imported) == f"{module} imports {imported}: {said}"


@pytest.mark.parametrize(
    ("module", "imported"),
    [
        ("labkit.costs", "labkit.masks"),
        ("labkit.selectors.grover", "labkit.circuits.grover"),
        ("labkit.selectors.grover", "labkit.selectors.running"),
        ("labkit.provenance", "labkit"),
        ("labkit.networks", "keras"),
        ("labkit.masks", "numpy"),
    ],
)
def test_an_allowed_import_is_not_reported(module: str, imported: str) -> None:
    assert breaks_direction(module, imported) is None
    assert breaks_privilege(module, imported) is None


# What an import loads


def run_python(code: str) -> str:
    """What a fresh process prints; warnings are errors in it."""
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        timeout=1500,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def loaded_after(*statements: str) -> dict[str, list[str]]:
    """For each statement, run one after the other, the heavy packages loaded by then."""
    report = f"[name for name in {HEAVY!r} if name in sys.modules]"
    lines = ["import json, sys", "found = {}"]
    for statement in statements:
        lines += [statement, f"found[{statement!r}] = {report}"]
    loaded: dict[str, list[str]] = json.loads(
        run_python("\n".join([*lines, "print(json.dumps(found))"]))
    )
    return loaded


def test_only_circuits_and_machines_are_slow_to_import() -> None:
    light = [name for name in labkit.__all__ if name not in SLOW_TO_IMPORT]
    loaded = loaded_after("import labkit", *(f"import labkit.{name}" for name in light))
    assert {statement: heavy for statement, heavy in loaded.items() if heavy} == {}


def test_circuits_load_cirq_but_neither_keras_nor_qsim() -> None:
    statement = "import labkit.circuits.grover, labkit.circuits.oracles"
    assert loaded_after(statement) == {statement: ["cirq"]}


def test_scoring_classical_selection_and_evolve_grover_need_neither_tensorflow_nor_cirq() -> None:
    loaded = loaded_after(
        "import numpy, labkit",
        "problem = labkit.problems.build_problem('moons', 4, seed=0)",
        "rng = numpy.random.default_rng(0)",
        "s = labkit.selectors; s.run(s.one_flip_search, problem.table, rng=rng)",
        "labkit.simulators.evolve_grover(problem.table.costs < 0.6, 2)",
        "labkit.provenance.describe_run(seed=0)",
    )
    assert set(map(tuple, loaded.values())) == {()}


def test_a_submodule_is_loaded_when_it_is_named() -> None:
    code = "import labkit; print(labkit.masks.all_masks(3).shape, labkit.costs.__name__)"
    assert run_python(code) == "(8, 3) labkit.costs\n"


def test_a_name_that_labkit_does_not_have_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'labkit' has no attribute 'landscape'"):
        labkit.landscape  # noqa: B018


def test_labkit_sets_what_tensorflow_quantum_needs_and_overrules_nobody() -> None:
    code = "import os; {}import labkit; print(os.environ['TF_USE_LEGACY_KERAS'])"
    assert run_python(code.format("os.environ.pop('TF_USE_LEGACY_KERAS', 0); ")) == "1\n"
    assert run_python(code.format("os.environ['TF_USE_LEGACY_KERAS'] = '0'; ")) == "0\n"
