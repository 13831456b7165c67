"""What keeping costs: a point of a sweep beyond its own work, in this process and on workers.

Run by hand: pytest tests/benchmarks/bench_records.py -o addopts= -o python_files="bench_*.py"
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from sweep_points import multiply

from labkit.records import LabBook
from labkit.sweeps import Sweep, run_sweep

_POINTS = 300
_SECONDS_A_POINT = 0.020


@pytest.mark.parametrize("workers", [0, 2], ids=["serial", "two workers"])
def test_a_point_costs_less_than_20_ms(workers: int, benchmark: Any, tmp_path: Path) -> None:
    books = (LabBook(tmp_path / f"{number}.sqlite") for number in itertools.count())
    sweep = Sweep("q", range(_POINTS), options={"factor": 2}, function=multiply)

    def run(book: LabBook) -> None:
        report = run_sweep(sweep, book, workers=workers, progress=False)
        assert report.finished_now == _POINTS

    benchmark.pedantic(run, setup=lambda: ((next(books),), {}), rounds=3)
    benchmark.extra_info["milliseconds a point"] = benchmark.stats["median"] / _POINTS * 1e3
    assert benchmark.stats["median"] / _POINTS < _SECONDS_A_POINT
