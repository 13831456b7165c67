"""Lab books for the tests, and values to put into them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st
from matplotlib.figure import Figure

from labkit.ledger import Ledger
from labkit.records import LabBook

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}"
SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20" onload="alert(3)">'
    b"<script>parent.document.title = 'run'</script><rect width='40' height='20'/></svg>"
)


def _is_written_number(value: Any) -> bool:
    return isinstance(value, dict) and value in [{"float": t} for t in ("nan", "inf", "-inf")]


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
keys = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters='"\\', min_codepoint=32),
    min_size=1,
    max_size=12,
)
numbers = st.integers(-(2**4000), 2**4000) | st.floats() | st.booleans() | st.none()
values = st.recursive(
    numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=10,
).filter(lambda value: not _is_written_number(value))
mappings = st.dictionaries(keys, values, max_size=5).filter(
    lambda value: not _is_written_number(value)
)


def picture() -> Figure:
    figure = Figure(figsize=(4, 2.5), layout="constrained")
    ax = figure.subplots()
    ax.step([1, 2, 5, 9], [0.9, 0.5, 0.4, 0.1], where="post")
    ax.set(xlabel="cost queries", ylabel="lowest cost so far")
    return figure


def make_book(path: Path) -> LabBook:
    """Entries with figures, a correction, a failure, a sweep with failures."""
    book = LabBook(path)
    first = book.record(
        "Does Grover's search find the best mask of 8 neurons?",
        hypothesis="Yes, after 12 iterations in 9 of 10 runs.",
        parameters={"n_hidden": 8, "selector": "grover_search", "task": "xor"},
        seed=3,
        result={"cost": 0.15625, "mask": "01011010", "best": True},
        ledger=Ledger(cost_queries=4, oracle_calls=12, shots=10, seconds=0.31),
        conclusion="Yes, but once it took two attempts.",
        attachments={"search.svg": picture(), "history": np.linspace(1, 0, 5)},
    )
    book.record(
        "Does Grover's search find the best mask of 8 neurons?",
        parameters={"n_hidden": 8, "selector": "grover_search", "task": "xor"},
        seed=4,
        result={"cost": 0.2734375, "mask": "01011110", "best": False},
        corrects=first,
        seconds=0.3,
    )
    book.record("Does annealing?", error="MemoryError: 8.0 TiB\n  in anneal()", seconds=1)
    for k in range(12):
        failed = k % 5 == 4
        book.record(
            "How does the cost fall with the width?",
            parameters={"n_hidden": 4 + k // 2, "selector": "annealing"},
            seed=k % 2,
            point=f"{k:032x}",
            result={} if failed else {"cost": 1 / (k + 1), "regret": 0.0},
            error="ValueError: no such width" if failed else None,
            seconds=0.1,
        )
    return book


def record_everywhere(book: LabBook, text: str) -> None:
    for point in (None, text):
        book.record(
            text,
            hypothesis=text,
            parameters={re.sub(r'["\\\x00-\x1f]', "", text)[:200] or "x": text, "varies": [text]},
            result={"x": {"y": text}, "number": 1.5},
            ledger={"z": text},
            conclusion=text,
            error=text,
            point=point,
            attachments={"plot.svg": SVG},
        )
    book.record(text)
