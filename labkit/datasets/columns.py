"""Columns of a table as numbers, and what is said of each that is not one already."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Real
from typing import TYPE_CHECKING

import numpy as np

from labkit.arrays import IntArray, count_each
from labkit.datasets.arrays import show_cell
from labkit.limits import show_value

if TYPE_CHECKING:
    import pandas as pd

#: Text or categories with more values than this are left out.
MOST_VALUES = 100
#: Numbers with more values than this are no classes.
MOST_CLASSES = 20
#: The places in which one class must have a row.
_LEAST_ROWS = 3
_NUMBERS = ("boolean", "integer", "floating", "mixed-integer-float", "decimal")
_DATES = ("datetime64", "datetime", "date", "period")
_DURATIONS = ("timedelta64", "timedelta")
_TEXTS = ("string", "categorical")
_ISO_DATE = r"\d{4}-\d{2}-\d{2}([T ].*)?"
_DAY = 86_400.0  # seconds

#: The name of the row at a place.
RowName = Callable[[int], str]


def encode_column(column: pd.Series, row: RowName) -> tuple[pd.DataFrame | None, str]:
    """A column of features as one or more columns of float64, NaN where a number is missing.

    Args:
        column: as it came.
        row: see `RowName`.

    Returns:
        The columns, None if it is dropped; and what was done, nothing for numbers.

    Raises:
        TypeError: it holds something that is neither number, text, category nor date.
        ValueError: a number is not finite, or text stands among numbers.
    """
    import pandas as pd

    kind = _kind(column)
    if kind == "empty":
        return None, f"{column.name} dropped: it has no value"
    if kind in _NUMBERS:
        return _numbers(column, row).to_frame(), ""
    if kind in _DATES or (kind in _TEXTS and _are_iso_dates(column)):
        return _days(column, kind, row)
    if kind in _DURATIONS:
        days = pd.to_timedelta(column).dt.total_seconds() / _DAY
        return days.to_frame(column.name), f"{column.name}: durations as days"
    if kind not in _TEXTS:
        raise TypeError(_what_is_odd(column, row))
    if getattr(column.dtype, "ordered", False):
        return _places(column)
    return _categories(column, row)


def encode_target(column: pd.Series, row: RowName) -> tuple[IntArray, tuple[str, ...]]:
    """Labels 0..n_classes-1 in the sorted order of what they stand for, and the classes' names.

    Raises:
        TypeError: labels are of several kinds.
        ValueError: there is one class, a class has too few rows, or it looks like a quantity.
    """
    import pandas as pd

    kind, target = _kind(column), f"target={show_value(column.name)}"
    if kind == "categorical":
        column = column.astype(column.cat.categories.dtype)
        kind = _kind(column)
    if kind in _NUMBERS and kind != "boolean":
        column = _whole(column, target, row)
    elif kind.startswith(("mixed", "unknown", "complex")):
        raise TypeError(_what_is_odd(column, row))
    elif kind != "boolean":
        column = column.astype(str)
    labels, values = pd.factorize(column.to_numpy(), sort=True)
    names, counts = tuple(map(str, values)), count_each(labels)
    if len(names) < 2:
        raise ValueError(f"{target} holds one class, {show_value(names[0])} (limit: 2 or more)")
    if counts.min() < _LEAST_ROWS:
        rare = int(counts.argmin())
        where = row(int(np.flatnonzero(labels == rare)[0]))
        raise ValueError(
            f"{target}: class {show_value(names[rare])} has too few rows to split: {counts[rare]}, "
            f"first {where} (limit: {_LEAST_ROWS} or more); drop them, or join it with another"
        )
    return labels.astype(np.intp), names


def _kind(column: pd.Series) -> str:
    """pandas' word for what a column holds; of categories that are no text, what they are."""
    import pandas as pd

    if column.isna().all():
        return "empty"
    kind: str = pd.api.types.infer_dtype(column, skipna=True)
    if kind in ("mixed", "mixed-integer") and all(
        isinstance(value, Real | np.bool_) for value in column.dropna()
    ):
        return "mixed-integer-float"
    return kind


def _numbers(column: pd.Series, row: RowName) -> pd.Series:
    """The column as float64, NaN where one is missing."""
    import pandas as pd

    given = f"column {show_value(column.name)}"
    try:
        numbers = column.to_numpy(dtype=np.float64, na_value=np.nan)
    except OverflowError:
        raise ValueError(f"{given} holds an integer beyond all floats") from None
    infinite = np.flatnonzero(np.isinf(numbers))
    if len(infinite):
        where = row(int(infinite[0]))
        raise ValueError(f"{given} holds {numbers[infinite[0]]} at {where} (limit: finite numbers)")
    return pd.Series(numbers, index=column.index, name=column.name)


def _are_iso_dates(column: pd.Series) -> bool:
    """Whether all text in a column looks like 2026-01-31."""
    return bool(column.dropna().astype(str).str.fullmatch(_ISO_DATE).all())


def _days(column: pd.Series, kind: str, row: RowName) -> tuple[pd.DataFrame, str]:
    """Dates as days since the first of them."""
    import pandas as pd

    times = pd.PeriodIndex(column).to_timestamp() if kind == "period" else column.astype(object)
    layout = "ISO8601" if kind in _TEXTS else None
    times = pd.Series(pd.to_datetime(times, format=layout, errors="coerce", utc=True))
    odd = np.flatnonzero(times.isna().to_numpy() & column.notna().to_numpy())
    if len(odd):
        given = f"column {show_value(column.name)} holds {show_value(column.iloc[odd[0]])}"
        raise ValueError(f"{given} at {row(int(odd[0]))}, which is no date (limit: as 2026-01-31)")
    days = ((times - times.min()).dt.total_seconds() / _DAY).to_numpy()
    said = f"{column.name}: dates as days since {times.min():%Y-%m-%d}"
    return pd.DataFrame({column.name: days}, index=column.index), said


def _places(column: pd.Series) -> tuple[pd.DataFrame, str]:
    """Ordered categories as 0, 1, 2, ..."""
    codes = column.cat.codes.astype(np.float64).replace(-1.0, np.nan)
    order = " < ".join(map(str, column.cat.categories[:8]))
    return codes.to_frame(column.name), f"{column.name}: ordered categories as 0, 1, ...: {order}"


def _categories(column: pd.Series, row: RowName) -> tuple[pd.DataFrame | None, str]:
    """A column of 0 and 1 for each value, a missing one among them; of two values one column."""
    import pandas as pd

    text = column.astype(object).where(column.notna(), None)
    text = text.map(str, na_action="ignore")
    count, rows = text.nunique(), int(text.notna().sum())
    if count > MOST_VALUES or (count == rows and count > 2):
        _refuse_numbers(text, row)
        like = "as an identifier has" if count == rows else f"limit: {MOST_VALUES}"
        return None, f"{column.name} dropped: {count} different texts in {rows} rows, {like}"
    if count > MOST_CLASSES:
        _refuse_numbers(text, row)
    gaps = int(text.isna().sum())
    coded = pd.get_dummies(text.fillna("missing") if gaps else text, dtype=np.float64)
    if coded.shape[1] == 2:
        coded = coded.iloc[:, 1:]
    coded.columns = [f"{column.name}={value}" for value in coded.columns]
    columns = "1 column" if coded.shape[1] == 1 else f"{coded.shape[1]} columns"
    missing = f"; {gaps} missing, which is a value too" if gaps else ""
    return coded, f"{column.name}: {count} texts as {columns} of 0 and 1{missing}"


def _refuse_numbers(text: pd.Series, row: RowName) -> None:
    """Refuses text that is for the most part numbers: it was to be a column of numbers."""
    import pandas as pd

    known = text.notna().to_numpy()
    numbers = pd.to_numeric(text, errors="coerce").notna().to_numpy()
    if numbers.sum() * 2 < known.sum():
        return
    odd = np.flatnonzero(known & ~numbers)
    if len(odd):
        what = f"{show_value(text.iloc[odd[0]])} at {row(int(odd[0]))} among numbers: mend it"
    else:
        what = "numbers that are written as text: give them as numbers"
    given = f"column {show_value(text.name)} holds {what}"
    raise ValueError(f"{given}, or leave the column out with drop=[{text.name!r}]")


def _whole(column: pd.Series, target: str, row: RowName) -> pd.Series:
    """Labels that are whole numbers, as integers."""
    numbers, cut = (
        _numbers(column, row),
        "such as pandas.cut(column, 2, labels=['low', 'high']) gives them",
    )
    odd = np.flatnonzero(numbers != np.floor(numbers))
    if len(odd):
        given = f"{target} holds {numbers.iloc[odd[0]]:g} at {row(int(odd[0]))}"
        raise ValueError(f"{given}, which looks like a quantity (limit: classes, {cut})")
    count = column.nunique()
    if count > MOST_CLASSES:
        given = f"{target} holds {count} different numbers, which look like a quantity"
        raise ValueError(f"{given} (limit: {MOST_CLASSES} classes, {cut}; text may have more)")
    return column.map(int)


def _what_is_odd(column: pd.Series, row: RowName) -> str:
    """The message on a column of several kinds, or of one that has no numbers."""
    kinds = column.map(lambda value: type(value).__name__)
    known = kinds[column.notna()]
    odd = known.value_counts().index[-1]  # the rarest
    place = int(np.flatnonzero((kinds == odd) & column.notna())[0])
    given = f"column {show_value(column.name)} holds {show_cell(column.iloc[place])} at"
    beside = sorted({*known} - {odd})
    among = f", {odd} among {' and '.join(beside)}" if beside else f", of type {odd}"
    limit = "limit: numbers, text, categories or dates, of one kind in a column"
    return f"{given} {row(place)}{among} ({limit})"
