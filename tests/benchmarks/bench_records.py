"""What keeping costs: an entry, a question to many of them, a point of a sweep beyond its work.

Run by hand: pytest tests/benchmarks/bench_records.py -o addopts= -o python_files="bench_*.py"
"""

from __future__ import annotations

import itertools
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sweep_points import multiply

from labkit.ledger import Ledger
from labkit.provenance import describe_origin
from labkit.records import Entry, LabBook
from labkit.records.storage import insert_entry
from labkit.sweeps import Sweep, run_sweep

_POINTS = 300
_SECONDS_A_POINT = 0.020
_SECONDS_AN_ENTRY = 0.005
_ENTRIES = 100_000
_SECONDS_OF_A_QUESTION = 1.0
#: By what is found: a few entries, a fifth, a half of them.
_FILTERS: dict[str, dict[str, Any]] = {
    "1 in 100": {"n_hidden": 7},
    "1 in 5": {"question": "question 1"},
    "1 in 2": {"selector": "annealing"},
    "result": {"result.best": True, "n_hidden": [7, 8]},
    "seed": {"seed": 77},
}


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


@pytest.mark.parametrize("arrays", [0, 1000], ids=["plain", "with an array"])
def test_an_entry_costs_less_than_5_ms(arrays: int, benchmark: Any, tmp_path: Path) -> None:
    book = LabBook(tmp_path / "book.sqlite")
    book.record("first")
    numbers = itertools.count()

    def record() -> None:
        k = next(numbers)
        history = np.linspace(k, 0, arrays)
        book.record(
            "How low?",
            parameters={"n_hidden": k % 8, "selector": "annealing", "task": "xor"},
            seed=k,
            result={"cost": 0.1 * k, "mask": "0101"},
            ledger=Ledger(cost_queries=k),
            attachments={"history": history} if arrays else {},
        )

    benchmark.pedantic(record, rounds=1000, warmup_rounds=10)
    assert len(book) == 1011
    assert benchmark.stats["mean"] < _SECONDS_AN_ENTRY


@pytest.fixture(scope="module")
def large_book(tmp_path_factory: pytest.TempPathFactory) -> LabBook:
    book = LabBook(tmp_path_factory.mktemp("large") / "book.sqlite")
    fixed: dict[str, Any] = dict.fromkeys(("hypothesis", "conclusion", "error", "corrects"))
    fixed |= {"started": datetime.now(timezone.utc), "seconds": 0.1, "origin": describe_origin()}
    with book._connections.writing() as connection:
        for k in range(_ENTRIES):
            entry = Entry(
                question=f"question {k % 5}",
                parameters={"n_hidden": k % 100, "selector": ["sampling", "annealing"][k % 2]},
                seed=k,
                result={"cost": 0.001 * k, "mask": "0101", "best": k % 3 == 0},
                ledger=asdict(Ledger(cost_queries=k)),
                point=f"{k:032x}",
                **fixed,
            )
            insert_entry(connection, entry)
    return book


@pytest.mark.parametrize("found", _FILTERS)
def test_a_question_to_100000_entries_takes_less_than_a_second(
    found: str, benchmark: Any, large_book: LabBook
) -> None:
    filters = _FILTERS[found]
    runs = benchmark.pedantic(large_book.runs, kwargs=filters, rounds=5, warmup_rounds=1)
    benchmark.extra_info["entries found"] = len(runs)
    assert len(runs) > 0
    assert benchmark.stats["median"] < _SECONDS_OF_A_QUESTION
