"""Going back: every cell may be run again after the last, and an exercise alone after a restart."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from nbformat.v4 import new_code_cell
from notebook_measures import tagged
from run_notebooks import FOLDER, code_cells, complaints, execute, read
from test_notebooks import solve, verdicts

#: The notebooks that have been made so.
AGAIN = ("00_welcome", "03_masks_as_qubits", "04_grover_search", "07_qaoa")

pytestmark = [pytest.mark.notebook, pytest.mark.filterwarnings("default")]


@pytest.fixture(params=AGAIN)
def notebook(request: pytest.FixtureRequest) -> Any:
    return read(FOLDER / f"{request.param}.ipynb")


def test_every_cell_runs_again_after_the_last_one_in_reverse_order(notebook: Any) -> None:
    once = [*code_cells(notebook)]
    notebook.cells += [new_code_cell(cell.source) for cell in reversed(once)]
    assert complaints(execute(notebook, folder=FOLDER)) == []


def test_a_solved_exercise_is_right_after_a_restart_with_its_own_imports(notebook: Any) -> None:
    stubs = tagged(solve(notebook), "exercise")
    alone = copy.deepcopy(notebook)
    alone.cells = [cell for stub in stubs for cell in (stub, new_code_cell("%reset -f"))]
    executed = execute(alone, folder=FOLDER)
    assert complaints(executed) == []
    assert all(": right" in verdict for verdict in verdicts(executed))
