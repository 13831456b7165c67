"""From a table to the splits of a task: columns become numbers, rows become splits."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from labkit.arrays import Float32Array, FloatArray, IntArray
from labkit.datasets.columns import encode_column, encode_target
from labkit.datasets.files import read_csv
from labkit.datasets.splits import SPLITS, fill_gaps, split_rows, standardise
from labkit.limits import check_choice, check_integer, printable, show_value

if TYPE_CHECKING:
    import pandas as pd

MISSING = ("fill", "drop", "refuse")
_KINDS = "a DataFrame, an array, a tuple (x, y) or the path of a CSV file"
_Y = "y"  # what the labels of a tuple (x, y) are called


@dataclass(frozen=True, eq=False)
class Table:
    """Features and labels as they came.

    Attributes:
        features: one column each.
        target: the labels, in the rows of the features.
        name: of the data.
        source: where they are from.
        in_lines: whether row r stands in line r + 2 of a file.
    """

    features: pd.DataFrame
    target: pd.Series
    name: str = "own"
    source: str = "own data"
    in_lines: bool = False

    def row(self, place: int) -> str:
        """What the row at a place is called in messages."""
        label = self.features.index[place]
        if self.in_lines:
            return f"row {label} (line {label + 2})"
        return f"row {label if isinstance(label, int | np.integer) else show_value(label)}"

    def only(self, rows: Any) -> Table:
        """This table with some of its rows, bool (rows,)."""
        return replace(self, features=self.features[rows], target=self.target[rows])


def describe_table(
    data: Any,
    *,
    target: Hashable | None,
    seed: int,
    missing: str,
    drop: Hashable | Sequence[Hashable],
) -> dict[str, Any]:
    """The fields of a `Task` that is made of a table; see `Task.from_table`."""
    check_choice("missing", missing, MISSING)
    seed = check_integer("seed", seed, minimum=0)
    table, notes = _without_gaps(_without(read_table(data, target), drop), missing)
    y, class_names = encode_target(table.target, table.row)
    numbers, names, said = _encode(table)
    rows, said_of_rows = split_rows(y, numbers, seed)
    x, filled = fill_gaps(numbers, names, rows[0])
    scaled = _scale(table, x, names, rows[0])
    labels = ", ".join(f"{name} = {number}" for number, name in enumerate(class_names))
    said = [*said, *filled, *_constant(x[rows[0]], names), *said_of_rows]
    fields: dict[str, Any] = {"name": table.name, "source": table.source, "licence": "not stated"}
    for split, chosen in zip(SPLITS, rows, strict=True):
        fields |= {f"x_{split}": scaled[chosen], f"y_{split}": y[chosen]}
    return fields | {
        "n_classes": len(class_names),
        "class_names": class_names,
        "feature_names": names,
        "notes": (*notes, *said, printable(f"classes of {table.target.name}: {labels}")),
    }


def read_table(data: Any, target: Hashable | None) -> Table:
    """Tells features from labels, in whatever form they come.

    Raises:
        TypeError: `data` is of no such kind.
        ValueError: there is no column `target`, a name stands twice, or there are no rows.
    """
    import pandas as pd

    if isinstance(data, str | Path):
        path = Path(data).expanduser()
        frame, in_lines = read_csv(path)
        about = {"name": path.stem, "source": f"own data: {path.name}", "in_lines": in_lines}
        return _take_target(frame, target, **about)
    if isinstance(data, tuple) and len(data) == 2:
        return _join(*data, _Y if target is None else target)
    if isinstance(data, pd.DataFrame):
        return _take_target(data, target)
    if isinstance(data, np.ndarray):
        frame = pd.DataFrame(_check_2d("data", data))
        if isinstance(target, int | np.integer) and data.dtype.names is None and target < 0:
            target = int(target) + frame.shape[1]
        return _take_target(frame, target)
    raise TypeError(f"data={show_value(data)} is no table (limit: {_KINDS})")


def _take_target(frame: pd.DataFrame, target: Hashable | None, **about: Any) -> Table:
    columns = [*frame.columns]
    doubled = frame.columns[frame.columns.duplicated()]
    if len(doubled):
        raise ValueError(f"column {show_value(doubled[0])} stands twice (limit: each name once)")
    if not isinstance(target, Hashable) or target not in columns:
        known = ", ".join(map(repr, columns[:20])) + (", ..." if len(columns) > 20 else "")
        raise ValueError(f"target={show_value(target)} is no column (known: {known})")
    if not len(frame):
        raise ValueError("data has no rows (limit: 3 or more of each class)")
    return Table(frame.drop(columns=[target]), frame[target], **about)


def _join(x: Any, y: Any, target: Hashable) -> Table:
    """The table of features and labels that were given apart."""
    import pandas as pd

    features = x if isinstance(x, pd.DataFrame) else pd.DataFrame(_check_2d("x", x))
    if isinstance(y, pd.DataFrame) and y.shape[1] == 1:
        y = y.iloc[:, 0]
    labels = y if isinstance(y, pd.Series) else pd.Series(_check_labels_of(y))
    if len(labels) != len(features):
        raise ValueError(f"y has {len(labels)} rows, x has {len(features)} (limit: the same)")
    if features is x and labels is y and not features.index.equals(labels.index):
        raise ValueError("y has other row labels than x (limit: the same index, in one order)")
    if target in features:
        raise ValueError(f"target={show_value(target)} is a column of x too (limit: another name)")
    frame = features.copy()
    frame[target] = labels.array
    return _take_target(frame, target)


def _check_2d(argument: str, value: Any) -> Any:
    if isinstance(value, list) and value and isinstance(value[0], list | tuple):
        return value  # NumPy would make text of numbers beside text
    array = np.asarray(value)
    if array.dtype.names is None and array.ndim != 2:
        given = f"{argument} has shape {array.shape}"
        raise ValueError(f"{given} (limit: (rows, columns); reshape(len({argument}), -1) makes it)")
    return array


def _check_labels_of(y: Any) -> Any:
    if isinstance(y, list | tuple | range):
        return y
    array = np.asarray(y)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise ValueError(f"y has shape {array.shape} (limit: one label a row, (rows,))")
    return array


def _without(table: Table, drop: Any) -> Table:
    """The table without the columns that are to be left out."""
    columns = [*table.features.columns]
    for column in (names := [*drop] if isinstance(drop, list | tuple) else [drop]):
        if column not in columns:
            known = ", ".join(map(repr, columns))
            raise ValueError(f"drop={show_value(column)} is no column of features (known: {known})")
    return replace(table, features=table.features.drop(columns=names))


def _without_gaps(table: Table, missing: str) -> tuple[Table, list[str]]:
    """Refuses what is missing and must not be, or leaves out its rows."""
    rows = (table.features.isna().any(axis=1) | table.target.isna()).to_numpy()
    if missing == "drop" and rows.any():
        count, first = int(rows.sum()), table.row(int(rows.argmax()))
        if rows.all():
            raise ValueError(f"a value is missing in each of {count} rows (try missing='fill')")
        return table.only(~rows), [
            f"rows dropped, where a value is missing: {count}, first {first}"
        ]
    instead = "missing='drop' leaves such rows out"
    _refuse_gap(table, table.target, instead)
    for column in table.features if missing == "refuse" else ():
        _refuse_gap(table, table.features[column], f"missing='fill' fills it, {instead}")
    return table, []


def _refuse_gap(table: Table, column: pd.Series, instead: str) -> None:
    gaps = column.isna().to_numpy()
    if gaps.any():
        given = f"column {show_value(column.name)} has no value at {table.row(int(gaps.argmax()))}"
        raise ValueError(f"{given} (limit: none is missing; {instead})")


def _encode(table: Table) -> tuple[pd.DataFrame, tuple[str, ...], list[str]]:
    """All features as numbers, NaN where one is missing; their names; what was done to them."""
    import pandas as pd

    parts, notes = [], []
    for column in table.features:
        part, said = encode_column(table.features[column], table.row)
        parts += [] if part is None else [part]
        notes += [printable(said)] if said else []
    if not parts:
        said = f"; {'; '.join(notes)}" if notes else ""
        raise ValueError(f"data has no column of features (limit: 1 or more){said}")
    numbers = pd.concat(parts, axis=1)
    names = tuple(printable(str(name)) for name in numbers.columns)
    return numbers.set_axis(range(len(names)), axis=1), names, notes


def _scale(table: Table, x: FloatArray, names: tuple[str, ...], train: IntArray) -> Float32Array:
    """Standardised features; what then does not fit into float32 is refused."""
    scaled = standardise(x, x[train])
    beyond = np.argwhere(~np.isfinite(scaled))
    if len(beyond):
        row, column = beyond[0]
        given = f"column {names[column]!r} holds {x[row, column]:g} at {table.row(int(row))}"
        raise ValueError(f"{given}, too far from the training rows (limit: float32, standardised)")
    return scaled


def _constant(x_train: FloatArray, names: tuple[str, ...]) -> list[str]:
    same = [name for name, spread in zip(names, np.ptp(x_train, axis=0), strict=True) if not spread]
    named = ", ".join(same[:5]) + (", ..." if len(same) > 5 else "")
    return [f"the same in all training rows, so 0: {named}"] if same else []
