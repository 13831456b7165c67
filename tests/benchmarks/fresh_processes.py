"""Start, memory and threads: what can be measured only in a fresh process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from bench import ONE_THREAD

from benchmarks.fresh_script import explorers
from benchmarks.rendering import Lines, duration, ratios_in_words, three_digits

FloatArray = npt.NDArray[np.float64]

_SCRIPT = Path(__file__).with_name("fresh_script.py")
_BUSY_SCRIPT = _SCRIPT.with_name("busy_script.py")
#: What a reader does not set: without byte code every module of ours is compiled at each start.
_NOT_A_READERS = {"PYTHONDONTWRITEBYTECODE", "PYTHONPATH", *ONE_THREAD}
_REPEATS = 5
#: By place in the script's list of functions.
FUNCTIONS = ("evolve_qaoa", "qaoa_expectation", "qaoa_value_and_gradient")
_STARTS = {
    "`import labkit`": "import_labkit",
    "the first figure of `00_welcome`, without TensorFlow, Cirq or numba": "welcome_figure",
    "the first guess that is kept, in a new lab book": "first_guess",
    "the first `qaoa_expectation`, n = 8: numba, and compiled loops from its cache": (
        "first_expectation"
    ),
    "the first `RandomNetwork`: TensorFlow": "first_network",
}


def run_fresh(task: str, *numbers: int) -> dict[str, list[float]]:
    """What a task of `fresh_script` measures, in the environment that a reader has.

    Raises:
        RuntimeError: the process failed; with the end of what it said.
    """
    return _run(_SCRIPT, task, *map(str, numbers))


def beside_busy_processes(count: int) -> dict[str, list[float]]:
    """What `busy_script` measures: over the share of a core, and how long a loop waits."""
    return _run(_BUSY_SCRIPT, str(count))


def _run(script: Path, *arguments: str) -> dict[str, list[float]]:
    environment = {name: v for name, v in os.environ.items() if name not in _NOT_A_READERS}
    command = [sys.executable, str(script), *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{script.stem}({', '.join(arguments)}) failed: {done.stderr[-2000:]}")
    measured: dict[str, list[float]] = json.loads(done.stdout.splitlines()[-1])
    return measured


def starts(*, repeats: int = _REPEATS) -> dict[str, FloatArray]:
    """Seconds from the first import to the result, over fresh processes that found warm caches."""
    seconds = {}
    for what, task in _STARTS.items():
        run_fresh(task)
        seconds[what] = np.concatenate([run_fresh(task)["seconds"] for _ in range(repeats)])
    return seconds


def start_lines(seconds: Mapping[str, FloatArray]) -> Lines:
    """What `starts` measured, as rows of a table."""
    rows = (
        [what, *(duration(float(cell)) for cell in (np.median(found), found.min(), found.max()))]
        for what, found in seconds.items()
    )
    return [["", "median", "least", "most"], *rows]


def memory_lines(n: int, p: int) -> Lines:
    """Peak resident memory beyond the table, absolute and in state vectors of 2^n complex64."""
    state = 8 * 2**n
    lines = [["", "beyond the table", "in state vectors", "a state vector", "the table"]]
    for i, name in enumerate(FUNCTIONS):
        (peak,) = run_fresh("memory", i, n, p)["bytes"]
        cells = [mebibytes(peak), f"{peak / state:.2f}", mebibytes(state), mebibytes(state)]
        lines.append([f"`{name}`, n = {n}, p = {p}", *cells])
    return lines


def thread_lines(sizes: list[int], depths: Sequence[int]) -> Lines:
    """Time on one thread over time on two: median, least and largest over rounds."""
    lines = [["", *(f"`{name}`" for name in FUNCTIONS[1:])]]
    for n in sizes:
        for p in depths:
            cells = [_thread_cell(run_fresh("threads", i, n, p)) for i in (1, 2)]
            lines.append([f"n = {n}, p = {p}", *cells])
    return lines


def _thread_cell(measured: dict[str, list[float]]) -> str:
    seconds = {name: np.array(rounds) for name, rounds in measured.items()}
    first = three_digits(float(np.median(seconds["first one"] / seconds["first two"])))
    ratios = ratios_in_words(seconds["one"] / seconds["two"])
    return f"{ratios}, first call {first}; {duration(float(np.median(seconds['two'])))} on two"


def redraw_lines() -> tuple[Lines, dict[str, FloatArray]]:
    """From a control's new value to the new picture: a table, and the seconds of each explorer."""
    lines = [["", "control", "median", "worst", "moves", "first picture"]]
    seconds = {}
    for number, explorer in enumerate(explorers()):
        measured = run_fresh("redraws", number)
        first = duration(measured.pop("first picture")[0])
        seconds[explorer.__name__] = np.concatenate([*measured.values()])
        for k, (name, moves) in enumerate(measured.items()):
            times = [duration(float(np.median(moves))), duration(max(moves)), str(len(moves))]
            head = [f"`{explorer.__name__}`" if k == 0 else "", f"`{name}`"]
            lines.append([*head, *times, first if k == 0 else ""])
    return lines, seconds


def mebibytes(n_bytes: float) -> str:
    """Bytes in MiB."""
    return f"{n_bytes / 2**20:,.0f} MiB"
