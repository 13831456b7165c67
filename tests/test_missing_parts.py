"""The lab without its heavy parts: what runs all the same, and what is left out with a line."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook, new_output, writes
from traitlets.config import Config
from without_parts import run_apart

import labkit
from labkit import limits, platforms, threads
from labkit.costs import PauliZCost, to_bqm
from labkit.hardware.devices import check_device
from labkit.ledger import Ledger, Outcome
from labkit.platforms import DASK, KERAS, OPTIONAL, PROCESSES, QSIM, MissingPartError
from labkit.provenance import describe_origin
from labkit.records import LabBook
from labkit.records.files import new_file
from labkit.sweeps import Sweep, run_sweep
from labkit.sweeps.code_parts import find_own_file

EVERYTHING = ("labkit", *(f"labkit.{name}" for name in labkit.__all__))


def in_a_process(code: str) -> str:
    """What a fresh process prints."""
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([*sys.path])},
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.fixture
def blocked(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes modules missing, as `sys.modules[name] = None` does."""

    def block(*names: str) -> None:
        for name in names:
            monkeypatch.setitem(sys.modules, name, None)

    return block


# Imports


def test_everything_is_imported_where_all_parts_are_missing_at_once() -> None:
    refuse = "import without_parts as w; w.refuse([*w.PARTS, 'threadpoolctl', 'cirq_google'])"
    imports = "".join(f"import {name}; " for name in (*EVERYTHING, "labkit.course.explorers"))
    assert in_a_process(f"{refuse}; {imports} import cirq; print('all')") == "all\n"


@pytest.mark.parametrize("part", OPTIONAL, ids=lambda part: part.module)
def test_a_missing_part_says_so_in_one_line_with_what_works_all_the_same(
    part: platforms.Part, blocked: Callable[..., None]
) -> None:
    blocked(part.module)
    assert not part.is_installed()
    with pytest.raises(MissingPartError) as caught:
        part.load()
    assert str(caught.value) == part.line
    assert (
        part.line == f"{part.name} is missing: {part.why or 'it is not installed'}; {part.without}"
    )


def test_keras_is_missing_where_tensorflow_is(blocked: Callable[..., None]) -> None:
    blocked("tensorflow")
    assert not KERAS.is_installed()


@pytest.mark.parametrize(
    "name", ["labkit.networks:RandomNetwork", "labkit.baselines:train_network"]
)
def test_what_needs_keras_says_so_when_it_is_named(name: str) -> None:
    module, _, attribute = name.partition(":")
    code = f"import without_parts; without_parts.refuse(['keras']); import {module} as m\n"
    code += f"try:\n    m.{attribute}\nexcept ImportError as error:\n    print(error)"
    assert in_a_process(code).startswith("Keras is missing: ")


def test_a_sampler_of_dimod_and_a_machine_of_cirq_google_say_what_is_missing(
    blocked: Callable[..., None],
) -> None:
    blocked("dimod", "cirq_google")
    cost = PauliZCost({(0,): 1.0}, 1)
    for call in (lambda: to_bqm(cost), lambda: check_device("rainbow")):
        with pytest.raises(MissingPartError, match=r"^[a-z-]+ is missing: .*[^.]$") as caught:
            call()
        assert "\n" not in str(caught.value)


# Without psutil, threads of BLAS, links and processes


def test_without_psutil_one_gib_is_free_and_no_memory_is_recorded(
    blocked: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked("psutil")
    monkeypatch.setattr(limits, "free_memory", list)
    assert limits.memory_limit() == int(0.8 * 2**30)
    monkeypatch.setattr(limits, "free_memory", lambda: [1000])
    assert limits.memory_limit() == 800
    assert "memory_gib" not in describe_origin.__wrapped__()["machine"]


def test_without_threadpoolctl_products_go_on(
    blocked: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked("threadpoolctl")
    monkeypatch.setattr(threads, "_libraries", threads._libraries.__wrapped__)
    with threads.one_blas_thread(), threads.blas_threads_for(1):
        assert (np.eye(2) @ np.eye(2)).trace() == 2


@pytest.fixture
def _without_links(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "link")


@pytest.mark.usefixtures("_without_links")
def test_without_links_a_lab_book_is_made_and_kept_and_no_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "book.sqlite"
    LabBook(path).record(question="Is it kept?", parameters={}, result={"found": 1})
    kept = path.read_bytes()
    with pytest.raises(FileExistsError), new_file(path) as draft:
        draft.write_text("other")
    assert path.read_bytes() == kept
    assert [*LabBook(path).runs()["result.found"]] == [1]
    assert not [*tmp_path.glob("*.new")]


@pytest.mark.usefixtures("_without_links")
def test_without_links_a_file_that_appears_while_a_draft_is_written_stays(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    with pytest.raises(FileExistsError), new_file(path) as draft:
        draft.write_text("mine")
        path.write_text("theirs")
    assert path.read_text() == "theirs"


def count_digits(parameters: Mapping[str, Any], seed: int) -> Outcome:
    """A point of a sweep."""
    return Outcome({"digits": len(str(parameters["number"])) + seed}, Ledger())


def test_without_processes_a_sweep_runs_here_says_so_and_has_the_same_results(
    tmp_path: Path, blocked: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    sweep = Sweep("How long?", seeds=range(2), function=count_digits, grid={"number": [7, 70, 700]})
    with_them = run_sweep(sweep, tmp_path / "with.sqlite", workers=2, progress=False).runs()
    assert capsys.readouterr().out == ""
    blocked("_multiprocessing")
    without = run_sweep(sweep, tmp_path / "without.sqlite", workers=2, progress=False).runs()
    assert capsys.readouterr().out == PROCESSES.line + "\n"
    assert [*without["result.digits"]] == [*with_them["result.digits"]]


def test_the_standard_library_is_nobodys_code_even_from_a_zip_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sysconfig.get_path", lambda _: "/nowhere")
    assert find_own_file("types") is None
    assert find_own_file("json.decoder") is None


# Notebooks


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """IPython in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    make: Any = InteractiveShell
    yield make(config=Config({"HistoryManager": {"enabled": False}}))


LACKING = "from labkit.platforms import KERAS\nmodel = KERAS.load()\nmodel"


@pytest.fixture
def _no_keras(blocked: Callable[..., None]) -> None:
    blocked("keras")


@pytest.mark.usefixtures("_no_keras")
def test_a_cell_that_lacks_a_part_says_so_in_one_line_and_the_next_one_runs(
    shell: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shell.run_cell(LACKING).success
    assert capsys.readouterr().out == KERAS.line + "\n"
    after = shell.run_cell("6 * 7")
    assert (after.success, after.result) == (True, 42)


@pytest.mark.usefixtures("_no_keras")
@pytest.mark.parametrize(
    "cell",
    [
        "model.summary()",
        "def use():\n    return model\nuse()",
        "import asyncio\nawait asyncio.sleep(0)\nmodel",
        "%time model",
        "second = model\nsecond",
    ],
)
def test_a_cell_that_needs_a_name_that_was_not_made_says_so_too(
    cell: str, shell: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.run_cell(LACKING)
    capsys.readouterr()
    assert shell.run_cell(cell).success
    assert capsys.readouterr().out.splitlines()[-1] == "model was not made: Keras is missing"


@pytest.mark.usefixtures("_no_keras")
def test_a_name_that_needs_one_that_was_not_made_was_not_made_either(
    shell: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    for cell in (LACKING, "second = model"):
        shell.run_cell(cell)
    capsys.readouterr()
    assert shell.run_cell("second").success
    assert capsys.readouterr().out == "second was not made: Keras is missing\n"


@pytest.mark.usefixtures("_no_keras")
@pytest.mark.parametrize("cell", ["import keras", "import numpy, keras.layers"])
def test_a_cell_that_imports_the_missing_part_itself_is_left_out_too(
    cell: str, shell: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.run_cell(LACKING)
    assert shell.run_cell(cell).success
    assert capsys.readouterr().out == 2 * (KERAS.line + "\n")


@pytest.mark.usefixtures("_no_keras")
@pytest.mark.parametrize(
    ("cell", "error"),
    [
        ("1 / 0", ZeroDivisionError),
        ("mode", NameError),
        ("import no_such_module", ModuleNotFoundError),
        ("from labkit.masks import no_such_name", ImportError),
        ("assert False", AssertionError),
        ("def inner():\n    local = 1\ninner()\nlocal", NameError),
        ("def", SyntaxError),
    ],
)
def test_every_other_error_is_raised_as_ever(
    cell: str, error: type[Exception], shell: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.run_cell(LACKING + "\ndef outer():\n    local = 1")
    shell.run_cell("def using():\n    local = model\nusing()")
    capsys.readouterr()
    ended = shell.run_cell(cell)
    assert type(ended.error_in_exec or ended.error_before_exec) is error
    assert error.__name__ in capsys.readouterr().out


def test_where_nothing_is_missing_nothing_is_changed_in_the_shell(shell: Any) -> None:
    assert shell.run_cell("from labkit.platforms import DASK\nDASK.line").result == DASK.line
    assert shell.custom_exceptions == ()


@pytest.mark.usefixtures("_no_keras")
def test_what_handled_errors_before_still_handles_its_own(shell: Any) -> None:
    heard: list[str] = []
    shell.set_custom_exc((ZeroDivisionError,), lambda *told, **_: heard.append(str(told[2])))
    shell.run_cell(LACKING)
    assert not shell.run_cell("1 / 0").success
    assert heard == ["division by zero"]


@pytest.mark.usefixtures("_no_keras")
def test_a_cell_that_is_left_out_shows_what_its_notebook_recorded_without_live_widgets(
    shell: Any, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    live = {"application/vnd.jupyter.widget-view+json": {}, "text/plain": "a picture"}
    outputs = [
        new_output("stream", text="64 units\n"),
        new_output("display_data", data=live),
        new_output("display_data", data={"application/vnd.jupyter.widget-view+json": {}}),
    ]
    other = new_code_cell(LACKING + "\n# another", outputs=[new_output("stream", text="not this")])
    cells = [other, new_code_cell(LACKING, outputs=outputs)]
    said = f"{KERAS.line}; this is what was recorded:"
    for _ in range(2):
        (tmp_path / "lesson.ipynb").write_text(writes(new_notebook(cells=cells)))
        assert shell.run_cell(LACKING).success
        assert capsys.readouterr().out.splitlines() == [said, "64 units", "a picture"]
        outputs.insert(0, new_output("stream", text=f"{said}\n"))  # as it is stored now
        cells[1] = new_code_cell(LACKING, outputs=outputs)


@pytest.mark.usefixtures("_no_keras")
@pytest.mark.parametrize("text", ["", "[]", '{"cells": 1}', "\udcff{model = KERAS.load()"])
def test_a_file_that_is_no_notebook_is_passed_over(
    text: str, shell: Any, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    first = LACKING.partition("\n")[0]
    (tmp_path / "lesson.ipynb").write_text(text + first, "utf-8", "surrogateescape")
    assert shell.run_cell(LACKING).success
    assert capsys.readouterr().out == KERAS.line + "\n"


def test_a_kernel_goes_on_and_says_that_all_is_well(tmp_path: Path) -> None:
    blocking = "import sys\nsys.modules['keras'] = None"
    sources = [blocking, LACKING, "model", "print('on')"]
    notebook = new_notebook(cells=[new_code_cell(source) for source in sources])
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, kernel_name="python3", resources=resources, timeout=600).execute()
    said = ["".join(output.text for output in cell.outputs) for cell in notebook.cells]
    assert said == ["", f"{KERAS.line}\n", "model was not made: Keras is missing\n", "on\n"]


def test_a_notebooks_own_import_of_a_missing_part_is_left_out_once_labkit_is_there(
    tmp_path: Path,
) -> None:
    cells = [new_code_cell("import labkit.simulators\nimport qsimcirq"), new_code_cell("print(2)")]
    path = tmp_path / "own.ipynb"
    path.write_text(writes(new_notebook(cells=cells)))
    first, second = run_apart(path, ["qsimcirq"], tmp_path)["cells"]
    assert (first["ran"], first["printed"]) == (True, QSIM.line + "\n")
    assert second["printed"] == "2\n"


def test_in_a_script_the_line_is_raised() -> None:
    code = f"import sys; sys.modules['keras'] = None\ntry:\n    exec({LACKING!r})\n"
    code += "except ImportError as error:\n    print(error)"
    assert in_a_process(code) == KERAS.line + "\n"
