"""Tables of one's own become tasks: what is read, encoded, filled, split, said and refused."""

from __future__ import annotations

import datetime
import pickle
import re
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from own_tables import customers

from labkit.datasets import Task, load_task
from labkit.problems import build_nk_problem, build_problem

SPLITS = ("train", "validation", "test")
X: Any = np.random.default_rng(0).normal(size=(40, 3))
Y = np.arange(40) % 2


def feature(task: Task, name: str) -> Any:
    """One feature of all samples, split after split."""
    place = task.feature_names.index(name)
    return np.concatenate([getattr(task, f"x_{split}")[:, place] for split in SPLITS])


def with_column(values: Any) -> pd.DataFrame:
    return pd.DataFrame({"a": X[:, 0], "b": values, "y": Y})


def refused(call: Callable[[], object], *said: str) -> str:
    with pytest.raises((TypeError, ValueError)) as caught:
        call()
    message = str(caught.value)
    assert "\n" not in message
    for each in said:
        assert each in message
    return message


# What a table becomes


def test_a_table_becomes_standardised_splits_and_says_what_was_done() -> None:
    task = Task.from_table(customers(), target="churn", name="churn")
    assert (task.name, task.n_classes, task.class_names) == ("churn", 2, ("no", "yes"))
    cities = ("city=Oslo", "city=Paris", "city=Rome", "city=missing")
    assert task.feature_names == ("age", *cities, "member", "joined")
    for split in SPLITS:
        assert getattr(task, f"x_{split}").dtype == np.float32
        assert not getattr(task, f"x_{split}").flags.writeable
    varies = task.x_train.std(axis=0) > 0
    np.testing.assert_allclose(task.x_train[:, varies].std(axis=0), 1, atol=1e-5)
    np.testing.assert_allclose(task.x_train.mean(axis=0), 0, atol=1e-6)
    said = repr(task)
    assert "\n" not in said
    for note in ("customer dropped: 80 different texts", "age: 1 missing", "1 missing, which",
                 "joined: dates as days since 2021-03-01", "no = 0, yes = 1"):  # fmt: skip
        assert note in said


def test_splits_are_stratified_fixed_by_the_seed_and_in_the_stored_tasks_shares() -> None:
    y = np.repeat(["a", "b", "c"], [100, 50, 30])
    x = np.arange(180.0)[:, np.newaxis] ** 2
    task, again = (Task.from_table((x, y), seed=4) for _ in range(2))
    for split, shares in zip(SPLITS, ([50, 25, 15], [20, 10, 6], [30, 15, 9]), strict=True):
        assert np.bincount(getattr(task, f"y_{split}")).tolist() == shares
    assert task == again and hash(task) == hash(again) and task.label == again.label
    other = Task.from_table((x, y), seed=5)
    assert other != task and other.label != task.label
    assert len({*feature(task, "0")}) == 180  # each row stands in one split


def test_the_median_that_fills_is_that_of_the_training_rows() -> None:
    x = X.copy()
    x[5, 1] = np.nan
    task = Task.from_table((x, Y))
    known = x[:, 1][~np.isnan(x[:, 1])]
    rows = {round(float(v), 4) for v in task.x_train[:, 1]}
    complete = Task.from_table((np.nan_to_num(x, nan=known.mean()), Y))
    assert len(rows) == len(complete.x_train)
    (note,) = (note for note in task.notes if "filled" in note)
    training = [row for row in range(40) if row != 5 and _stands_in_training(task, x, row)]
    assert float(note.split()[-1]) == pytest.approx(np.median(x[training, 1]), rel=1e-4)


def _stands_in_training(task: Task, x: Any, row: int) -> bool:
    """Whether a row is among the training rows, known by the order of its first feature."""
    everything = np.concatenate([task.x_train, task.x_validation, task.x_test])[:, 0]
    value = np.sort(everything)[np.argsort(np.argsort(x[:, 0]))[row]]
    return bool(value in task.x_train[:, 0])


@pytest.mark.parametrize(
    "dtype", ["int64", "Int64", "float32", "Float64", "object", "category", "string"]
)
def test_labels_of_any_kind_are_put_into_sorted_order(dtype: str) -> None:
    values = pd.Series(np.where(Y == 0, 7, -3)).astype(dtype)
    task = Task.from_table(pd.DataFrame(X).assign(y=values), target="y")
    assert task.class_names == ("-3", "7")
    assert np.bincount(task.y_train).tolist() == [10, 10]


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (Y == 1, ("False", "True")),
        (np.where(Y == 1, 1, -1), ("-1", "1")),
        (np.where(Y == 1, 10.0, 9.0), ("9", "10")),
        (pd.Series(np.where(Y == 1, 10, 9)).astype("category"), ("9", "10")),
        (np.where(Y == 1, "yes", "no"), ("no", "yes")),
        ([np.int64(each) for each in Y], ("0", "1")),
        (np.arange(40)[:, np.newaxis] % 4, ("0", "1", "2", "3")),
        (pd.Series(Y == 1, dtype="boolean"), ("False", "True")),
    ],
)
def test_classes_have_names(labels: Any, names: tuple[str, ...]) -> None:
    task = Task.from_table((X, labels))
    assert task.class_names == names
    assert task.n_classes == len(names)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pd.Series(range(40), dtype="Int64"), range(40)),
        ([Decimal(k) for k in range(40)], range(40)),
        ([np.int64(k) for k in range(40)], range(40)),
        ([bool(k % 2) for k in range(40)], [k % 2 for k in range(40)]),
        ([1, 2.5, True, 4] * 10, [1, 2.5, 1, 4] * 10),
        ([datetime.date(2024, 2, 27 + k % 3) for k in range(40)], [k % 3 for k in range(40)]),
        ([f"2024-02-{27 + k % 3}" for k in range(40)], [k % 3 for k in range(40)]),
        (pd.period_range("2024-02-27", periods=40, freq="D"), range(40)),
        (pd.to_timedelta(np.arange(40), "h"), range(40)),
        (pd.Categorical.from_codes([2, 0, 1, 0] * 10, ["s", "m", "l"], ordered=True),
         [2, 0, 1, 0] * 10),
        (["b", "a"] * 20, [1, 0] * 20),
        (pd.arrays.SparseArray([0, 3] * 20), [0, 3] * 20),
    ],
)  # fmt: skip
def test_every_kind_of_column_becomes_its_number(values: Any, expected: Any) -> None:
    """Up to the scale: as the plain numbers do."""
    task = Task.from_table(with_column(values), target="y")
    plain = Task.from_table(with_column(np.array(expected, dtype=float)), target="y")
    np.testing.assert_allclose(task.x_test, plain.x_test, atol=1e-6)


def test_arrays_and_frames_of_the_same_numbers_are_the_same_task() -> None:
    whole = np.column_stack([X, Y])
    frame = pd.DataFrame(X).assign(y=Y)
    tasks = [
        *(Task.from_table((X, Y)), Task.from_table((pd.DataFrame(X), pd.Series(Y)))),
        *(Task.from_table(whole, target=3), Task.from_table(whole, target=-1)),
        *(Task.from_table(frame, target="y"), Task.from_table(frame.convert_dtypes(), target="y")),
    ]
    assert {task.digest for task in tasks} == {tasks[0].digest}


def test_the_unit_of_a_column_changes_nothing() -> None:
    units = np.array([1e-250, 1.0, 1e250])
    np.testing.assert_allclose(
        Task.from_table((X * units, Y)).x_test, Task.from_table((X, Y)).x_test, rtol=1e-5, atol=1e-6
    )


def test_equal_rows_stay_in_one_split_unless_most_are_equal() -> None:
    x = np.vstack([X, X[:4]])
    task = Task.from_table((x, np.append(Y, Y[:4])))
    rows = [{each.tobytes() for each in getattr(task, f"x_{split}")} for split in SPLITS]
    assert len(set.union(*rows)) == sum(map(len, rows)) == 40
    assert "rows that equal others: 4, each in one split" in task.notes
    few = Task.from_table((np.arange(40)[:, np.newaxis] // 2 % 3, Y))
    assert "rows that equal others: 37, some in two splits" in few.notes
    assert [len(getattr(few, f"y_{split}")) for split in SPLITS] == [20, 8, 12]


def test_rows_and_columns_are_left_out_when_asked_to() -> None:
    frame = customers()
    frame.loc[11, "churn"] = None
    task = Task.from_table(frame, target="churn", missing="drop", drop=["joined"])
    assert sum(len(getattr(task, f"y_{split}")) for split in SPLITS) == 77
    assert "rows dropped, where a value is missing: 3, first row 3" in task.notes
    assert not any("joined" in name for name in task.feature_names)


def test_text_is_no_number_and_a_code_stays_a_code() -> None:
    task = Task.from_table(with_column(["0101", "101"] * 20), target="y")
    assert task.feature_names == ("a", "b=101")


def test_a_copy_of_a_task_is_the_same_task() -> None:
    task = Task.from_table((X, Y))
    copy = pickle.loads(pickle.dumps(task))
    assert copy == task and build_problem(copy, 3, seed=0) is build_problem(task, 3, seed=0)
    assert pickle.loads(pickle.dumps(load_task("moons"))).label == "moons"
    assert load_task("wine").principal_components().label.startswith("wine@")
    assert load_task("iris").class_names == ("versicolor", "virginica")


def test_problems_take_a_task() -> None:
    task = Task.from_table(customers(), target="churn")
    assert build_problem(task, 4, seed=0).task.n_features == 2
    assert build_problem(task, 4, seed=0, n_components=None).task is task
    assert build_nk_problem(task, 6, 2, seed=0).task is task
    three = Task.from_table((X, np.arange(40) % 3), name="three")
    refused(lambda: build_nk_problem(three, 6, 2, seed=0), "'three' has 3 classes (limit: 2")


# Files


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text,
        lambda text: "\ufeff" + text,
        lambda text: text.replace(",", ";"),
        lambda text: text.replace(",", ";").replace(".0;", ",0;"),
        lambda text: text.replace(",", "\t"),
        lambda text: text.replace(",", ", "),
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace(",,", ",NA,"),
        lambda text: text.replace(",,", ",?,"),
    ],
    ids=["plain", "BOM", "semicolons", "decimal commas", "tabs", "spaces", "CRLF", "NA", "?"],
)
@pytest.mark.parametrize("index", [False, True])
def test_a_csv_file_is_the_same_task_as_its_frame(
    tmp_path: Path, change: Callable[[str], str], index: bool
) -> None:
    (path := tmp_path / "churn.csv").write_bytes(change(customers().to_csv(index=index)).encode())
    read = Task.from_table(str(path), target="churn")
    assert read == Task.from_table(customers(), target="churn", name="churn")
    assert read.source == "own data: churn.csv"


def test_a_tilde_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    customers().to_csv(tmp_path / "churn.csv")
    assert Task.from_table("~/churn.csv", target="churn").name == "churn"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a,y\n\xe9,1\n".encode("latin-1"), "not text in UTF-8 (byte 0xe9 in line 2)"),
        ("a,y\n1,1\n".encode("utf-16"), "not text in UTF-8 (byte 0xff in line 1)"),
        ("a,y\n1,1\n".encode("utf-16-le"), "not text in UTF-8 (byte 0x00 in line 1)"),
        (b"", "has no rows"),
        (b"\n\n", "has no rows"),
        (b"a,y\n", "has no rows"),
        (b"a,a,y\n1,2,3\n", "names column 'a' 2 times"),
        (b"a,y\n1,2\n1,2,3,4\n", "is no table"),
        (b"a,b,y\n1,2,0\n,2,1\n", "column 'a' has no value at row 1 (line 3)"),
    ],
)
def test_a_file_that_is_no_table_is_refused_in_one_line(
    tmp_path: Path, content: bytes, said: str
) -> None:
    (path := tmp_path / "bad.csv").write_bytes(content)
    refused(lambda: Task.from_table(path, target="y", missing="refuse"), said)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        Task.from_table(tmp_path / "nowhere.csv", target="y")


# What is refused


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ([[1]] * 40, ["column 'b' holds [1] at row 0, of type list"]),
        ([1.0] * 39 + ["x"], ["column 'b' holds 'x' at row 39, str among float"]),
        ([str(k / 7) for k in range(39)] + ["x"], ["column 'b' holds 'x' at row 39 among numbers",
                                                   "drop=['b']"]),
        ([str(k / 7) for k in range(40)], ["numbers that are written as text"]),
        ([1.0] * 7 + [np.inf] + [2.0] * 32, ["column 'b' holds inf at row 7"]),
        (pd.Series([10**400] * 40, dtype=object), ["column 'b' holds an integer beyond"]),
        ([1j] * 40, ["column 'b' holds 1j at row 0"]),
        (["2024-02-30"] * 40, ["column 'b' holds '2024-02-30' at row 0, which is no date"]),
    ],
)  # fmt: skip
def test_a_column_that_is_no_feature_is_named_with_its_row(column: Any, said: list[str]) -> None:
    refused(lambda: Task.from_table(with_column(column), target="y"), *said)


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ([1] * 40, "target='y' holds one class, '1' (limit: 2 or more)"),
        (["a"] * 38 + ["b"] * 2, "class 'b' has too few rows to split: 2, first row 38"),
        (X[:, 0], "at row 0, which looks like a quantity (limit: classes"),
        (range(40), "holds 40 different numbers, which look like a quantity"),
        ([0, 1] * 19 + [0, None], "column 'y' has no value at row 39"),
        ([0, 1] * 19 + [0, np.inf], "column 'y' holds inf at row 39"),
        ([0, 1] * 19 + [0, "x"], "column 'y' holds 'x' at row 39, str among int"),
        ([0, 1], "y has 2 rows, x has 40"),
        (np.eye(40), "y has shape (40, 40) (limit: one label a row"),
    ],
)
def test_labels_that_are_no_classes_are_refused(labels: Any, said: str) -> None:
    refused(lambda: Task.from_table((X, labels)), said)


FRAME = pd.DataFrame({"a": X[:, 0], "y": Y})


@pytest.mark.parametrize(
    ("data", "options", "said"),
    [
        (FRAME, {"target": "z"}, "target='z' is no column (known: 'a', 'y')"),
        (FRAME, {}, "target=None is no column (known: 'a', 'y')"),
        (FRAME, {"target": ["y"]}, "target=['y'] is no column"),
        (FRAME, {"target": "y", "drop": "q"}, "drop='q' is no column of features (known: 'a')"),
        (FRAME, {"target": "y", "drop": ["a"]}, "no column of features (limit: 1 or more)"),
        (FRAME, {"target": "y", "missing": "?"}, "missing='?' is unknown (known: fill, drop"),
        (FRAME, {"target": "y", "seed": -1}, "seed=-1 is too small"),
        (FRAME, {"target": "y", "name": "moons"}, "name='moons' is that of a stored task"),
        (FRAME, {"target": "y", "name": "a\nb"}, "name='a\\nb' is no name"),
        (FRAME.iloc[:0], {"target": "y"}, "data has no rows"),
        (FRAME[["a", "a", "y"]], {"target": "y"}, "column 'a' stands twice"),
        (FRAME[["y"]], {"target": "y"}, "no column of features"),
        (X, {"target": 3}, "target=3 is no column (known: 0, 1, 2)"),
        (X[:, 0], {"target": 0}, "data has shape (40,) (limit: (rows, columns)"),
        ((X.reshape(5, 8, 3), Y[:5]), {}, "x has shape (5, 8, 3)"),
        ((FRAME, Y), {"target": "y"}, "target='y' is a column of x too"),
        ((FRAME, pd.Series(Y)[::-1]), {"target": "z"}, "y has other row labels than x"),
        ({"a": [1]}, {"target": "a"}, "is no table (limit: a DataFrame, an array, a tuple"),
        (3, {"target": "a"}, "data=3 is no table"),
    ],
)
def test_a_call_that_makes_no_task_is_refused(
    data: Any, options: dict[str, Any], said: str
) -> None:
    refused(lambda: Task.from_table(data, **options), said)


def test_rows_are_named_by_their_labels() -> None:
    frame = customers().set_index("customer")
    refused(lambda: Task.from_table(frame, target="churn", missing="refuse"), "row 'c-0003'")


def test_a_table_in_place_of_a_task_is_told_the_way() -> None:
    for table, said in [("mine.csv", "Task.from_table('mine.csv', target=...)"),
                        (Path("mine.csv"), "Task.from_table('mine.csv', target=...)"),
                        (FRAME, "Task.from_table(table, target=...)"),
                        ((X, Y), "Task.from_table(table, target=...)")]:  # fmt: skip
        refused(partial(build_problem, table, 3, seed=0), "is unknown (known:", said)


@pytest.mark.parametrize(
    ("x", "y", "said"),
    [
        (customers()[["age", "city"]], Y, "x_train holds 'Rome' at row 0, column 'city'"),
        (customers()[["age", "member"]], Y, "x_train holds nan at row 3, column 'age'"),
        (X[:, 0], Y, "x_train has shape (40,)"),
        (X, Y * 2 - 1, "y_train holds -1 (limit: 0 to 1"),
        (X, Y.astype(str), "are not labels 0 to n_classes-1"),
        (X, Y[1:], "y_train has shape (39,) (limit: (40,))"),
    ],
)
def test_a_task_of_arrays_that_are_none_names_column_and_row(x: Any, y: Any, said: str) -> None:
    if "age" in said or "city" in said:
        y = np.arange(80) % 2
    refused(lambda: Task("mine", x, y, X, Y, X, Y, 2, "mine", "mine"), said)


def test_arrays_of_a_task_made_by_hand_are_its_own() -> None:
    x = X.copy()
    task = Task("mine", x, Y, X, Y, X, Y, 2, "mine", "mine")
    x[:] = 0
    assert task.x_train.any() and not task.x_train.flags.writeable and x.flags.writeable


cells = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), st.text(max_size=4),
    st.dates(), st.datetimes(), st.decimals(allow_nan=False), st.binary(max_size=2),
    st.complex_numbers(), st.just(pd.NA), st.just(pd.NaT), st.lists(st.integers(), max_size=2),
)  # fmt: skip
columns = st.integers(0, 12).flatmap(
    lambda n: st.lists(
        cells.flatmap(lambda one: st.lists(st.one_of(st.just(one), cells), min_size=n, max_size=n)),
        min_size=1,
        max_size=3,
    )
)


@settings(max_examples=100, deadline=None)
@given(table=columns, names=st.lists(st.one_of(st.text(max_size=3), st.integers()), min_size=3,
                                     max_size=3), missing=st.sampled_from(["fill", "drop"]),
       classes=st.integers(1, 3))  # fmt: skip
def test_any_table_makes_a_sound_task_or_is_refused_in_one_line(
    table: list[list[Any]], names: list[Any], missing: str, classes: int
) -> None:
    rows = len(table[0])
    frame = pd.DataFrame(dict(enumerate(pd.Series(each, dtype=object) for each in table)))
    frame.columns = pd.Index(names[: len(table)], dtype=object)
    y = np.arange(rows) % classes
    try:
        task = Task.from_table((frame, y), target="the labels", missing=missing)
    except (TypeError, ValueError) as error:
        assert "\n" not in str(error)
        assert re.search("column|rows|target|data", str(error))
        return
    assert "\n" not in repr(task)
    for split in SPLITS:
        assert np.isfinite(getattr(task, f"x_{split}")).all()
        assert {*getattr(task, f"y_{split}").tolist()} == {*range(task.n_classes)}
