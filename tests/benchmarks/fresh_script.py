"""Run by `fresh_processes` in a process of its own: `python fresh_script.py TASK [NUMBER ...]`.

Prints the task's measurements as JSON. No package is imported before a task asks for it.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

Measured = dict[str, list[float]]

_WELCOME = Path(__file__).parents[2] / "notebooks" / "00_welcome.ipynb"
_WARM_UP = 14  # neurons: from 13 on every compiled loop is run
_ROUNDS = 15
_MOVES = 12
_SAMPLE = 0.02  # seconds
_LONG = 0.1  # seconds: of calls that take this long, a third of the rounds


def import_labkit() -> Measured:
    """`import labkit`."""
    start = time.perf_counter()
    import labkit  # noqa: F401

    return {"seconds": [time.perf_counter() - start]}


def welcome_figure() -> Measured:
    """The first code cell of the welcome notebook, to the picture that it shows."""
    cells = json.loads(_WELCOME.read_text("utf-8"))["cells"]
    cell = next("".join(c["source"]) for c in cells if c["cell_type"] == "code")
    *statements, shown = cell.splitlines()
    names: dict[str, Any] = {}
    start = time.perf_counter()
    exec("\n".join(statements), names)
    bundle = names[shown]._repr_mimebundle_()
    seconds = time.perf_counter() - start
    loaded = {"tensorflow", "cirq", "numba"} & set(sys.modules)
    assert "<img" in bundle["text/html"] and not loaded, loaded
    return {"seconds": [seconds]}


def first_guess() -> Measured:
    """The first prediction of a notebook, from its import until its guess is in a new lab book."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LABKIT_BOOK"] = str(Path(folder, "book.sqlite"))
        start = time.perf_counter()
        from labkit.course.panels import Prediction

        prediction = Prediction("How many?", options=["some", "more"])
        prediction.control.value = "some"
        prediction.keep_button.click()
        seconds = time.perf_counter() - start
        assert prediction.guess == "some" and prediction.entries
    return {"seconds": [seconds]}


def first_expectation() -> Measured:
    """A mean cost at n = 8, the imports of labkit and of numba before it."""
    start = time.perf_counter()
    import numpy as np

    from labkit.costs import CostTable
    from labkit.simulators import qaoa_expectation

    qaoa_expectation(CostTable(np.arange(256.0), 8), [0.01], [0.4])
    return {"seconds": [time.perf_counter() - start]}


def first_network() -> Measured:
    """A `RandomNetwork`, the import of TensorFlow before it."""
    start = time.perf_counter()
    from labkit.networks import RandomNetwork

    RandomNetwork(2, 8, seed=7)
    return {"seconds": [time.perf_counter() - start]}


def redraws(explorer: int) -> Measured:
    """Seconds from a control's new value to the new picture, for each control of an explorer.

    Every control goes through its values and back to where it began; the last entry is the time
    from the import to the first picture.
    """
    start = time.perf_counter()
    shown = explorers()[explorer]()
    measured = {"first picture": [time.perf_counter() - start]}
    for name, control in shown.controls.items():
        measured[name] = []
        for value in [*_values(control), control.value]:
            drawn, start = shown.n_draws, time.perf_counter()
            control.value = value
            if shown.n_draws > drawn:
                measured[name].append(time.perf_counter() - start)
    return measured


def explorers() -> list[Any]:
    """The classes of explorers, in order of their names."""
    import labkit.course.explorers as found
    from labkit.course.explorers import Explorer

    named = [getattr(found, name) for name in sorted(found.__all__)]
    return [e for e in named if issubclass(e, Explorer) and e is not Explorer]


def _values(control: Any) -> list[Any]:
    """All options of a control, or up to `_MOVES` of its numbers, from the least to the largest."""
    if hasattr(control, "options"):
        return [option[1] if isinstance(option, tuple) else option for option in control.options]
    if isinstance(control.min, int):
        step = max(1, (control.max - control.min) // _MOVES)
        return [*range(control.min, control.max, step), control.max]
    width = (control.max - control.min) / _MOVES
    return [control.min + width * k for k in range(_MOVES + 1)]


def memory(function: int, n: int, p: int) -> Measured:
    """Bytes beyond the table that one of `_functions` needs, after a warm-up on 14 neurons."""
    call = _functions()[function]
    call(_draw_table(_WARM_UP), p, 1)
    table = _draw_table(n)
    return {"bytes": [peak_beyond(lambda: call(table, p, 1))]}


def threads(function: int, n: int, p: int) -> Measured:
    """Seconds of one of `_functions` on one thread and on two, in turn, on all cores.

    Each sample comes after one call of its own kind, which is told apart as `first`: a core that
    has slept is slow for a while, whoever wakes it.
    """
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    call, table = _functions()[function], _draw_table(n)
    call(table, p, 2)
    measured: Measured = {"one": [], "two": [], "first one": [], "first two": []}
    is_long = _time(partial(call, table, p, 2), 1) > _LONG
    for _ in range(_ROUNDS // 3 if is_long else _ROUNDS):
        for name, count in (("one", 1), ("two", 2)):
            run = partial(call, table, p, count)
            first = _time(run, 1)
            measured[f"first {name}"].append(first)
            measured[name].append(_time(run, max(1, round(_SAMPLE / first))))
    return measured


def _time(call: Callable[[], object], calls: int) -> float:
    start = time.perf_counter()
    for _ in range(calls):
        call()
    return (time.perf_counter() - start) / calls


def peak_beyond(call: Callable[[], object]) -> int:
    """By how many bytes a call takes this process beyond what is resident before it.

    Too many by what was resident once and given back.
    """
    before = _status("VmRSS")
    call()
    return _status("VmHWM") - before


def _status(name: str) -> int:
    """Bytes, by Linux. (`getrusage` starts from the peak of the parent process.)"""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def _functions() -> list[Callable[[Any, int, int], Any]]:
    """State, mean cost, and mean cost with gradient; of a table, p layers and threads."""
    import numba
    import numpy as np

    from labkit.simulators import evolve_qaoa, qaoa_expectation, qaoa_value_and_gradient

    def bind(function: Callable[..., Any]) -> Callable[[Any, int, int], Any]:
        def call(table: Any, p: int, count: int) -> Any:
            numba.set_num_threads(count)
            return function(table, np.full(p, 0.3), np.full(p, 0.4))

        return call

    return [bind(f) for f in (evolve_qaoa, qaoa_expectation, qaoa_value_and_gradient)]


def _draw_table(n: int) -> Any:
    import numpy as np

    from labkit.costs import CostTable

    return CostTable.owning(np.random.default_rng(n).standard_normal(2**n), n)


if __name__ == "__main__":
    task = globals()[sys.argv[1]]
    print(json.dumps(task(*map(int, sys.argv[2:]))))
