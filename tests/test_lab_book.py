"""The lab book: what is recorded comes back as it was, and is never changed."""

from __future__ import annotations

import gc
import io
import math
import pickle
import re
import sqlite3
import subprocess
import sys
from dataclasses import fields, replace
from datetime import datetime, timedelta, timezone
from enum import IntEnum
from pathlib import Path
from typing import Any

import matplotlib.image
import numpy as np
import pandas as pd
import psutil
import pytest
from hypothesis import given, settings
from lab_book_samples import mappings, picture, texts

from labkit.ledger import Ledger
from labkit.records import Entry, LabBook, LabBookError
from labkit.records.attachments import Attachment
from labkit.records.values import dumps, loads, read_filters, to_plain

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>'
MORNING = datetime(2026, 3, 1, 8, 30, tzinfo=timezone(timedelta(hours=2)))


class Colour(IntEnum):
    RED = 7


def same(left: Any, right: Any) -> bool:
    """Equal in value and type; NaN equals NaN, and 0.0 is not -0.0."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[k], right[k]) for k in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    return repr(left) == repr(right)


@pytest.fixture
def book(tmp_path: Path) -> LabBook:
    return LabBook(tmp_path / "book.sqlite")


def fill(book: LabBook, count: int, **more: Any) -> list[str]:
    return [book.record(f"question {k}", parameters={"k": k}, **more) for k in range(count)]


def test_all_that_was_said_comes_back(book: LabBook) -> None:
    first = book.record("first")
    entry_id = book.record(
        question="Does it?",
        hypothesis="It does.",
        parameters={"n_hidden": 8, "selector": "grover"},
        seed=3,
        result={"cost": 0.25, "mask": "0101"},
        ledger=Ledger(oracle_calls=4, seconds=1.5),
        conclusion="It did.",
        attachments={"plot": picture(), "histories": {"history": np.arange(3)}, "a.svg": SVG},
        error="Half of it failed.",
        point="key",
        corrects=first,
        started=MORNING,
    )
    entry = LabBook(book.path).entry(entry_id)
    assert (entry.id, entry.question, entry.hypothesis) == (entry_id, "Does it?", "It does.")
    assert (entry.parameters, entry.seed) == ({"n_hidden": 8, "selector": "grover"}, 3)
    assert entry.result == {"cost": 0.25, "mask": "0101"}
    assert entry.ledger is not None
    assert (entry.ledger["oracle_calls"], entry.seconds, entry.started) == (4, 1.5, MORNING)
    assert (entry.conclusion, entry.error) == ("It did.", "Half of it failed.")
    assert (entry.point, entry.corrects) == ("key", first)
    assert [one.name for one in entry.attachments] == ["a.svg", "histories.npz", "plot.png"]
    assert entry.origin["versions"]["numpy"] == np.__version__
    assert entry.origin["machine"]["cores"] == psutil.cpu_count()
    assert re.fullmatch(r"[0-9a-f]{40}\+?", entry.origin["commit"] or "0" * 40)
    assert len(book) == 2


def test_the_first_entry_of_a_process_loads_nothing_heavy(book: LabBook) -> None:
    heavy = ("pandas", "matplotlib", "jinja2", "scipy", "labkit.selectors", "sqlalchemy")
    code = (
        "import sys\nfrom labkit.records import LabBook\nLabBook(sys.argv[1]).record('q')\n"
        f"print([m for m in {heavy} if m in sys.modules])"
    )
    command = [sys.executable, "-c", code, str(book.path)]
    assert subprocess.check_output(command, text=True) == "[]\n"
    assert len(book) == 1


def test_an_entry_without_a_start_began_its_duration_ago(book: LabBook) -> None:
    before = datetime.now(timezone.utc)
    entry = book.entry(book.record("q", seconds=3600.0))
    assert before - timedelta(hours=1) <= entry.started <= datetime.now(timezone.utc)
    assert book.entry(book.record("q", ledger={"seconds": 2, "shots": 3})).seconds == 2.0


@given(mappings, mappings)
@settings(max_examples=60)
def test_any_parameters_and_results_come_back_equal(
    shared_book: LabBook, parameters: dict[str, Any], result: dict[str, Any]
) -> None:
    entry = shared_book.entry(shared_book.record("q", parameters=parameters, result=result))
    assert same(entry.parameters, parameters)
    assert same(entry.result, result)


@pytest.fixture(scope="module")
def shared_book(tmp_path_factory: pytest.TempPathFactory) -> LabBook:
    return LabBook(tmp_path_factory.mktemp("shared") / "book.sqlite")


@given(texts.filter(str.strip), texts, texts)
def test_any_text_comes_back_equal(
    shared_book: LabBook, question: str, hypothesis: str, error: str
) -> None:
    entry = shared_book.entry(shared_book.record(question, hypothesis, error=error))
    assert (entry.question, entry.hypothesis, entry.error) == (question, hypothesis, error)


def test_an_error_with_half_characters_is_kept_readably(book: LabBook) -> None:
    assert book.entry(book.record("q", error="no file \udcff")).error == "no file \\udcff"


@given(mappings)
def test_the_digest_depends_neither_on_order_nor_on_numpy(mapping: dict[str, Any]) -> None:
    turned = dict(reversed([*mapping.items()]))
    assert dumps(to_plain("x", turned)) == dumps(to_plain("x", mapping))
    assert same(loads(dumps(to_plain("x", mapping))), mapping)


@pytest.mark.parametrize(
    ("numpy", "python"),
    [
        (np.float32(0.5), 0.5),
        (np.int8(-3), -3),
        (np.uint64(2**64 - 1), 2**64 - 1),
        (np.bool_(True), True),
        (np.str_("a"), "a"),
        (np.array([[1.5, np.nan]]), [[1.5, math.nan]]),
        (np.array(7), 7),
        (np.array([True, False]), [True, False]),
        ((1, 2), [1, 2]),
        (Colour.RED, 7),
    ],
)
def test_numpy_and_python_make_the_same_entry(numpy: Any, python: Any) -> None:
    given, plain = (entry_with(parameters={"x": value}) for value in (numpy, python))
    assert given.id == plain.id
    assert same(given.parameters, plain.parameters)


@pytest.mark.parametrize(
    ("value", "other"),
    [
        *((1, 1.0), (1, True), (0.0, -0.0), (10**16, 1e16), (2**64, 2**64 + 1), (None, "None")),
        *((math.inf, "inf"), (math.nan, None), (2.0**53, 2**53), ([], {}), ("1", 1)),
    ],
)
def test_values_of_other_meaning_make_other_entries(value: Any, other: Any) -> None:
    assert entry_with(result={"x": value}).id != entry_with(result={"x": other}).id


def entry_with(**changed: Any) -> Entry:
    fixed: dict[str, Any] = {
        **{"question": "q", "parameters": {}, "result": {}, "started": MORNING, "nonce": "n"},
        "origin": {"versions": {"labkit": "1"}, "machine": {"cores": 2}, "commit": None},
    }
    others: tuple[str, ...] = (
        "hypothesis",
        "seed",
        "ledger",
        "conclusion",
        "error",
        "point",
        "corrects",
        "seconds",
    )
    return Entry(**{**dict.fromkeys(others), **fixed, **changed})


def test_the_id_covers_everything() -> None:
    entry = entry_with(attachments=(Attachment("a.svg", SVG),))
    changed: dict[str, Any] = {
        **{name: f"other {name}" for name in ("question", "hypothesis", "conclusion", "error")},
        **{name: f"other {name}" for name in ("point", "corrects", "nonce")},
        **{name: {"x": 1} for name in ("parameters", "result", "ledger")},
        **{"seed": 1, "seconds": 1.0, "started": MORNING + timedelta(microseconds=1)},
        "origin": {**entry.origin, "commit": "a" * 40},
        "attachments": (Attachment("a.svg", SVG + b" "),),
    }
    assert changed.keys() == {field.name for field in fields(Entry)}
    ids = {replace(entry, **{name: value}).id for name, value in changed.items()}
    assert len(ids - {entry.id}) == len(changed)
    assert entry_with(attachments=(Attachment("b.svg", SVG),)).id != entry.id
    assert entry_with(started=MORNING.astimezone(timezone.utc)).id == entry_with().id


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


CYCLE: list[Any] = []
CYCLE.append(CYCLE)
BAD: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"question": ""}, ValueError, "question='' is empty"),
    ({"question": " \n"}, ValueError, "question="),
    ({"question": None}, TypeError, "question=None is not text"),
    ({"question": "\ud800"}, ValueError, "question="),
    ({"hypothesis": 3}, TypeError, "hypothesis=3"),
    ({"conclusion": b"x"}, TypeError, "conclusion="),
    ({"point": 3}, TypeError, "point=3"),
    ({"parameters": [1]}, TypeError, "parameters=[1] is no mapping"),
    ({"parameters": {1: 2}}, TypeError, "parameters has the key 1"),
    ({"parameters": {"": 2}}, ValueError, "parameters has the key ''"),
    ({"parameters": {'a"b': 2}}, ValueError, "parameters has the key"),
    ({"parameters": {"a\\b": 2}}, ValueError, "parameters has the key"),
    ({"parameters": {"a\nb": 2}}, ValueError, "parameters has the key"),
    ({"parameters": {"a" * 201: 2}}, ValueError, "1 to 200 characters"),
    ({"parameters": {"x": {1, 2}}}, TypeError, "parameters['x']={1, 2}"),
    ({"parameters": {"x": 1j}}, TypeError, "parameters['x']=1j"),
    ({"parameters": {"x": [0, object]}}, TypeError, "parameters['x'][1]="),
    ({"parameters": {"x": MORNING}}, TypeError, "parameters['x']="),
    ({"parameters": {"x": "\udcff"}}, ValueError, "parameters['x']="),
    ({"parameters": {"x": np.array([1j])}}, TypeError, "parameters['x'][0]=1j"),
    ({"parameters": {"x": 2**4096}}, ValueError, "(limit: 4096)"),
    ({"parameters": {"x": nested(30)}}, ValueError, "(limit: 20)"),
    ({"parameters": {"x": CYCLE}}, ValueError, "(limit: 20)"),
    ({"parameters": {"x": np.zeros(10_001)}}, ValueError, "attach it as an array (limit: 10000)"),
    ({"result": {"x": [0] * 10_001}}, ValueError, "result['x'] holds 10001 values"),
    ({"result": {"x": {"float": "nan"}}}, ValueError, "how a book writes float('nan')"),
    ({"result": 5}, TypeError, "result=5"),
    ({"seed": -1}, ValueError, "seed=-1 is too small (limit: 0 or more)"),
    ({"seed": 2**63}, ValueError, f"(limit: {2**63 - 1})"),
    ({"seed": 1.5}, TypeError, "seed=1.5"),
    ({"seed": True}, TypeError, "seed=True"),
    ({"ledger": 5}, TypeError, "ledger=5"),
    ({"ledger": {"seconds": "long"}}, TypeError, "seconds='long'"),
    ({"seconds": -1}, ValueError, "seconds=-1"),
    ({"seconds": math.nan}, ValueError, "seconds=nan"),
    ({"seconds": 1e300}, ValueError, "(limit: 0 to 1e+09)"),
    ({"started": "today"}, TypeError, "started='today'"),
    ({"started": datetime(2026, 1, 1)}, TypeError, "time zone"),
    ({"started": datetime(1, 1, 1, tzinfo=timezone.utc)}, ValueError, "years 1900 to 2199"),
    ({"attachments": [1]}, TypeError, "attachments=[1]"),
    ({"attachments": {"x": 5}}, TypeError, "attachments['x']=5"),
    ({"attachments": {"x": {}}}, TypeError, "attachments['x']={}"),
    ({"attachments": {"x": [1, 2]}}, TypeError, "attachments['x']=[1, 2]"),
    ({"attachments": {"x": np.array([{}])}}, TypeError, "holds objects"),
    ({"attachments": {"x": {"a/b": np.zeros(1)}}}, ValueError, "the key 'a/b'"),
    ({"attachments": {"x": {"a.npy": np.zeros(1)}}}, ValueError, "the key 'a.npy'"),
    ({"attachments": {"x": b"text"}}, ValueError, "ends in .png, .svg or .npz"),
    ({"attachments": {"x.png": b"text"}}, ValueError, "does not begin as a .png"),
    ({"attachments": {"x.svg": b"text"}}, ValueError, "does not begin as a .svg"),
    ({"attachments": {"../x.svg": SVG}}, ValueError, "'../x.svg'"),
    ({"attachments": {"/x.svg": SVG}}, ValueError, "'/x.svg'"),
    ({"attachments": {"a\\x.svg": SVG}}, ValueError, "attachments has the name"),
    ({"attachments": {"x\0.svg": SVG}}, ValueError, "attachments has the name"),
    ({"attachments": {".svg": SVG}}, ValueError, "'.svg'"),
    ({"attachments": {"a" * 100 + ".svg": SVG}}, ValueError, "up to 99"),
    ({"attachments": {5: SVG}}, ValueError, "attachments has the name 5"),
    ({"attachments": {"a": np.zeros(1), "a.npz": np.zeros(2)}}, ValueError, "two of the name"),
]


@pytest.mark.parametrize(("arguments", "error", "says"), BAD, ids=lambda x: str(x)[:40])
def test_bad_input_is_refused_in_one_line_and_leaves_no_entry(
    shared_book: LabBook, arguments: dict[str, Any], error: type[Exception], says: str
) -> None:
    before = len(shared_book)
    with pytest.raises(error) as caught:
        shared_book.record(**{"question": "q", **arguments})
    message = str(caught.value)
    assert says in message
    assert "\n" not in message
    assert len(message) < 250
    assert len(shared_book) == before


def test_an_array_that_is_too_large_is_refused(
    book: LabBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("labkit.records.attachments.MOST_BYTES", 1000)
    with pytest.raises(ValueError, match="1600 bytes"):
        book.record("q", attachments={"x": np.zeros(200)})  # which packs into fewer bytes
    with pytest.raises(ValueError, match="1100 bytes"):
        book.record("q", attachments={"x.svg": SVG.ljust(1100)})


@pytest.mark.parametrize("path", [5, None, b"book"])
def test_a_path_that_is_none_is_refused(path: Any) -> None:
    with pytest.raises(TypeError, match="path="):
        LabBook(path)


@pytest.mark.parametrize("table", ["entries", "attachments", "files", "origins"])
@pytest.mark.parametrize("action", ["UPDATE {} SET rowid = rowid + 1", "DELETE FROM {}"])
def test_sqlite_itself_refuses_to_change_a_book(book: LabBook, table: str, action: str) -> None:
    book.record("q", attachments={"a.svg": SVG})
    with sqlite3.connect(book.path) as other, pytest.raises(sqlite3.Error, match="never changed"):
        other.execute(action.format(table))
    other.close()
    assert book.entry(book.runs()["entry"][0]).attachments[0].data == SVG


def test_a_correction_leaves_what_it_corrects(book: LabBook) -> None:
    wrong = book.record("q", result={"cost": 1.0})
    right = book.record("q", result={"cost": 2.0}, corrects=wrong)
    assert book.entry(wrong).result == {"cost": 1.0}
    assert book.runs()["corrects"].tolist() == [None, wrong]
    assert book.runs(corrects=wrong)["entry"].tolist() == [right]
    with pytest.raises(LabBookError, match="no entry 'nothing' to correct"):
        book.record("q", corrects="nothing")
    assert len(book) == 2


def test_of_a_point_one_result_is_kept(book: LabBook) -> None:
    book.record("q", point="a", error="no memory")
    assert (book.points(), book.points(finished=False)) == (set(), {"a"})
    kept = book.record("q", point="a", result={"cost": 1})
    assert book.record("q", point="a", result={"cost": 2}) == kept
    assert (book.points(), book.points(finished=False)) == ({"a"}, set())
    book.record("q")
    assert book.runs(point="a")["result.cost"].tolist()[1:] == [1]
    assert len(book) == 3


def test_what_is_not_there_is_said(book: LabBook) -> None:
    entry = book.record("q", attachments={"a": np.zeros(2)})
    with pytest.raises(LabBookError, match="has no entry 'x'"):
        book.entry("x")
    with pytest.raises(TypeError, match="entry_id=3"):
        book.entry(3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"name='b.npz' is not attached \(known: a.npz\)"):
        book.arrays(entry, "b")
    with pytest.raises(LabBookError, match="there is no lab book"):
        LabBook.existing(book.path.with_name("other"))


def test_arrays_come_back_with_shape_and_type(book: LabBook) -> None:
    arrays: dict[str, Any] = {
        "history": np.linspace(0, 1, 5),
        "file": np.arange(6, dtype=np.int8).reshape(2, 3).T,
        "masks": np.array(["01", "10"]),
        "scalar": np.float32(2.0),
        "complex": np.array([1j, np.nan]),
        "empty": np.zeros((0, 3), bool),
    }
    entry = book.record("q", attachments={"all": arrays, "one.npz": np.eye(2)})
    found = book.arrays(entry, "all")
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype
    np.testing.assert_array_equal(book.arrays(entry, "one")["array"], np.eye(2))


def test_equal_files_are_stored_once(book: LabBook) -> None:
    noise = np.random.default_rng(0).random(50_000)
    for _ in range(5):
        book.record("q", attachments={"noise": noise})
    book.close()
    assert book.path.stat().st_size < 2 * noise.nbytes


def test_a_figure_is_drawn_again_as_it_was(book: LabBook) -> None:
    figure = picture()
    stream = io.BytesIO()
    figure.savefig(stream, dpi=150)
    entry = book.record("q", attachments={"plot": figure.axes[0], "again.svg": figure})
    assert {one.name for one in book.entry(entry).attachments} == {
        *("plot.png", "again.png", "again.svg"),
    }
    for drawn in (book.figure(entry), book.figure(book.entry(entry), "plot")):
        again = io.BytesIO()
        drawn.savefig(again)
        pixels = [matplotlib.image.imread(io.BytesIO(s.getvalue())) for s in (stream, again)]
        np.testing.assert_allclose(pixels[0], pixels[1], atol=0.02)
    with pytest.raises(ValueError, match=r"known: again.png, plot.png"):
        book.figure(entry, "third")


def test_without_a_picture_the_history_is_drawn(book: LabBook) -> None:
    entry = book.record("q", attachments={"h": {"history": np.array([3.0, 4.0, 1.0, 2.0])}})
    (line,) = book.figure(entry).axes[0].lines
    np.testing.assert_array_equal(line.get_ydata(), [3, 3, 1, 1])
    with pytest.raises(ValueError, match="no PNG picture"):
        book.figure(book.record("q", attachments={"h": np.zeros(2)}))


def test_runs_has_a_tidy_column_for_each_variable(book: LabBook) -> None:
    book.record("a", parameters={"n": 8, "on": True, "who": "x", "w": 1}, seed=1, seconds=1.5)
    book.record("b", parameters={"n": 9, "v": 2**60 + 1, "m": 1, "w": 2.5}, ledger=Ledger(3))
    book.record("c", parameters={"n": 10, "big": 2**70, "m": "one"}, result={"cost": math.inf})
    runs = book.runs()
    kinds = {name: str(runs[f"parameters.{name}"].dtype) for name in "nvmw"}
    kinds |= {name: str(runs[f"parameters.{name}"].dtype) for name in ("on", "big", "who")}
    assert kinds == {
        **{"n": "int64", "on": "boolean", "v": "Int64", "big": "object", "m": "object"},
        **{"w": "float64", "who": "object"},
    }
    assert runs["parameters.v"][1] == 2**60 + 1
    assert runs["parameters.big"].tolist() == [None, None, 2**70]
    assert runs["parameters.m"].tolist() == [None, 1, "one"]
    book.record("d", parameters={"w": 2**53 + 1})
    assert book.runs()["parameters.w"].tolist() == [1, 2.5, None, 2**53 + 1]
    assert runs["question"].tolist() == ["a", "b", "c"]
    assert isinstance(runs["started"].dtype, pd.DatetimeTZDtype)
    assert str(runs["started"].dtype.tz) == "UTC"
    assert (str(runs["seed"].dtype), str(runs["seconds"].dtype)) == ("Int64", "float64")
    assert runs["ledger.cost_queries"].tolist() == [pd.NA, 3, pd.NA]
    assert runs["result.cost"].tolist()[2] == math.inf
    assert runs["versions.numpy"].tolist() == [np.__version__] * 3
    names = [*runs.columns]
    assert names[:10] == [
        *("entry", "started", "question", "hypothesis", "conclusion", "seed", "seconds", "error"),
        *("corrects", "point"),
    ]
    assert names == [name for name in names if "." not in name and name != "commit"] + [
        *[name for name in names if name.startswith("parameters.")],
        *[name for name in names if name.startswith("result.")],
        *[name for name in names if name.startswith("ledger.")],
        *["commit", *(name for name in names if name.startswith(("versions.", "machine.")))],
    ]


def test_an_empty_book_has_a_table_with_the_columns(book: LabBook) -> None:
    runs = book.runs()
    assert len(runs) == len(book) == 0
    assert {"entry", "question", "seed", "point"} <= {*runs.columns}
    assert len(book.runs(n_hidden=3)) == 0


def test_more_entries_than_are_read_at_once_keep_their_rows(
    book: LabBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    for k in range(10):
        book.record("q", parameters={"k": k, **({"odd": k} if k % 2 else {"even": str(k)})})
    whole = book.runs()
    monkeypatch.setattr("labkit.records.tables._AT_ONCE", 3)
    pd.testing.assert_frame_equal(book.runs(), whole)
    assert whole["parameters.odd"].tolist() == [pd.NA, 1, pd.NA, 3, pd.NA, 5, pd.NA, 7, pd.NA, 9]


PARAMETERS: list[dict[str, Any]] = [
    {"n": 8, "selector": "grover", "rate": 0.1, "größe": 1, "a.b": 1, "seed": 5},
    {"n": np.int64(9), "selector": "annealing", "rate": math.nan, "flag": True},
    {"n": 8.0, "selector": None, "rate": math.inf, "flag": False, "angles": [0.1, 0.2]},
]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"n": 8}, [0, 2]),
        ({"n": np.float64(8)}, [0, 2]),
        ({"n": "8"}, []),
        ({"n": [8, 9]}, [0, 1, 2]),
        ({"n": np.array([9])}, [1]),
        ({"n": pd.Series([9, 10])}, [1]),
        ({"n": range(9, 12)}, [1]),
        ({"n": []}, []),
        ({"n": 8, "selector": "grover"}, [0]),
        ({"selector": None}, [2]),
        ({"selector": ["grover", None]}, [0, 2]),
        ({"flag": True}, [1]),
        ({"flag": False}, [2]),
        ({"flag": None}, [0]),
        ({"rate": 0.1}, [0]),
        ({"rate": math.nan}, [1]),
        ({"rate": math.inf}, [2]),
        ({"angles": [[0.1, 0.2]]}, [2]),
        ({"größe": 1}, [0]),
        ({"parameters.a.b": 1}, [0]),
        ({"parameters.seed": 5}, [0]),
        ({"seed": 5}, []),
        ({"seed": [0, 1]}, [0, 1]),
        ({"question": "question 1"}, [1]),
        ({"hypothesis": None}, [0, 1, 2]),
        ({"result.cost": 2}, [2]),
        ({"ledger.shots": 10}, [1]),
        ({"ledger.shots": None}, [0]),
        ({"versions.numpy": np.__version__}, [0, 1, 2]),
        ({"versions.numpy": "0"}, []),
        ({"machine.cores": psutil.cpu_count()}, [0, 1, 2]),
        ({"started": MORNING + timedelta(days=1)}, [1]),
        ({"point": [f"p{k}" for k in range(50_000)]}, [0, 1, 2]),
        ({"nothing": 1}, []),
    ],
    ids=str,
)
def test_a_filter_finds_what_fits(
    filtered_book: LabBook, filters: dict[str, Any], expected: list[int]
) -> None:
    assert filtered_book.runs(**filters)["result.cost" if expected else "entry"].tolist() == (
        expected
    )


@pytest.fixture(scope="module")
def filtered_book(tmp_path_factory: pytest.TempPathFactory) -> LabBook:
    book = LabBook(tmp_path_factory.mktemp("filtered") / "book.sqlite")
    for k, parameters in enumerate(PARAMETERS):
        book.record(
            f"question {k}",
            parameters=parameters,
            seed=k,
            result={"cost": k},
            ledger={"shots": 10 * k} if k else None,
            started=MORNING + timedelta(days=k),
            point=f"p{k}",
        )
    return book


def test_a_filter_that_cannot_be_compared_is_refused(book: LabBook) -> None:
    with pytest.raises(TypeError, match="n="):
        book.runs(n=object())
    with pytest.raises(ValueError, match="quotes"):
        book.runs(**{'a"b': 1})


def test_merging_takes_each_entry_once_with_all_beside_it(book: LabBook, tmp_path: Path) -> None:
    other = LabBook(tmp_path / "other.sqlite")
    shared = np.arange(5)
    book.record("mine", attachments={"x": shared})
    theirs = [
        other.record("theirs", parameters={"rate": math.nan}, attachments={"x": shared}),
        other.record("too", attachments={"plot": picture()}, started=MORNING),
    ]
    third = LabBook(tmp_path / "third.sqlite")
    assert third.merge(other.path) == 2
    assert book.merge(other.path) == 2
    assert book.merge(str(other.path)) == book.merge(third.path) == book.merge(book.path) == 0
    assert book.runs()["question"].tolist() == ["mine", "theirs", "too"]
    for entry in theirs:
        assert book.entry(entry).id == entry
        assert book.entry(entry).attachments == other.entry(entry).attachments
    assert (len(book), len(other)) == (3, 2)


def test_many_entries_merge_in_their_order(
    book: LabBook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("labkit.records.storage._AT_ONCE", 4)
    other = LabBook(tmp_path / "other.sqlite")
    ids = fill(other, 11, attachments={"x": np.zeros(3)})
    assert book.merge(other.path) == 11
    assert book.runs()["entry"].tolist() == ids
    assert [book.arrays(entry, "x")["array"].size for entry in ids] == [3] * 11


def test_a_book_is_found_again_from_another_folder_and_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    book = LabBook("book.sqlite")
    book.record("q")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert len(pickle.loads(pickle.dumps(book))) == len(book) == 1
    assert [*(tmp_path / "elsewhere").iterdir()] == []


def test_no_file_stays_open_when_a_book_goes(tmp_path: Path) -> None:
    def open_books() -> list[str]:
        return [one.path for one in psutil.Process().open_files() if str(tmp_path) in one.path]

    book = LabBook(tmp_path / "book.sqlite")
    fill(book, 3)
    assert open_books()
    del book
    gc.collect()
    assert open_books() == []
    assert [path.name for path in tmp_path.iterdir()] == ["book.sqlite"]
    book = LabBook(tmp_path / "book.sqlite")
    fill(book, 3)
    book.close()
    assert open_books() == []
    assert len(book) == 6


def test_a_notebook_shows_books_and_entries_escaped(book: LabBook) -> None:
    hostile = "<script>alert('hi')</script>"
    entry = book.entry(
        book.record(
            hostile,
            hypothesis=hostile,
            parameters={hostile: hostile},
            result={"cost": 0.125, "rate": math.nan},
            conclusion=hostile,
            error=hostile,
            attachments={"plot": picture(), "arrays": np.zeros(2)},
        )
    )
    for page in (entry._repr_html_(), book._repr_html_()):
        assert "<script" not in page
        assert "&lt;script&gt;" in page
    assert "0.125" in entry._repr_html_()
    assert "NaN" in entry._repr_html_()
    assert 'src="data:image/png;base64,' in entry._repr_html_()
    assert repr(entry).startswith(f"<Entry {entry.id[:8]}")
    assert repr(book) == f"LabBook({str(book.path)!r})"
    assert "1 entry" in book._repr_html_()
    fill(book, 7)
    assert "8 entries" in book._repr_html_()
    assert "question 6" in book._repr_html_()
    assert hostile[1:7] not in book._repr_html_()


@pytest.mark.parametrize(
    ("text", "value"),
    [("3", [3, "3"]), ("-1", [-1, "-1"]), ("2.5", [2.5, "2.5"]), ("true", [True, "true"]),
     ("null", [None, "null"]), ("[1,2]", [1, 2, "[1,2]"]), ("moons", ["moons"]), ("a=b", ["a=b"]),
     ('""', [""]), ('"3"', ["3"]), ("NaN", ["NaN"]), ("01", ["01"])],
)  # fmt: skip
def test_a_filter_in_words_holds_numbers_truths_and_text(text: str, value: list[object]) -> None:
    (read,) = read_filters([f"x={text}"]).values()
    assert [*map(repr, read)] == [*map(repr, value)]
    assert read_filters([f"x={text}", 'x="a"', 'y="b"']) == {"x": [*value, "a"], "y": ["b"]}


@pytest.mark.parametrize("text", ["10110010", "01101001", "1" * 70, "1e5", "-3", "true", "null"])
def test_text_that_looks_like_something_else_is_found(book: LabBook, text: str) -> None:
    for mask in (text, "moons", 7):
        book.record("q", result={"mask_string": mask})
    found = book.runs(**read_filters([f"result.mask_string={text}"]))
    assert found["result.mask_string"].tolist() == [text]
    assert len(book.runs(**read_filters(["result.mask_string=7"]))) == 1


@pytest.mark.parametrize("text", ["", "x", "=3", "x="])
def test_words_that_are_no_filter_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=f"'{text}' is not name=value, such as n_hidden=8"):
        read_filters(["n=1", text])
