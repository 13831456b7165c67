"""CSV files as people have them: with a byte order mark, semicolons, decimal commas."""

from __future__ import annotations

import csv
import io
import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from labkit.limits import show_value

if TYPE_CHECKING:
    import pandas as pd

_SEPARATORS = ",;\t|"
_DECIMAL_COMMA = re.compile(r"(^|;)\s*-?\d+,\d+\s*(;|$)", re.MULTILINE)


def read_csv(path: Path) -> tuple[pd.DataFrame, bool]:
    """Reads a CSV file whose first line names the columns.

    The separator is the most frequent of comma, semicolon, tab and bar in that line; between
    semicolons a number may have a decimal comma. Empty fields, 'NA', '?' and pandas' other words
    for it are missing values.

    Returns:
        The table, and whether its row r stands in line r + 2 of the file.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is not text in UTF-8, not a table, or names a column twice.
    """
    import pandas as pd

    text = _read_text(path)
    head = next(iter(text.splitlines()), "")
    separator = max(_SEPARATORS, key=head.count)
    _check_names(path, next(csv.reader([head], delimiter=separator, skipinitialspace=True), []))
    decimal = "," if separator == ";" and _DECIMAL_COMMA.search(text) else "."
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            frame = pd.read_csv(
                io.StringIO(text), sep=separator, decimal=decimal, index_col=False,
                skipinitialspace=True, na_values=["?"], low_memory=False,
            )  # fmt: skip
    except (pd.errors.ParserError, pd.errors.EmptyDataError, pd.errors.ParserWarning) as error:
        raise ValueError(f"{path.name} is no table: {' '.join(str(error).split())}") from None
    return _without_row_numbers(frame), len(text.splitlines()) == len(frame) + 1


def _read_text(path: Path) -> str:
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
        if "\0" in text:
            raise UnicodeDecodeError(
                "utf-8", content, content.index(0), content.index(0) + 1, "NUL"
            )
    except UnicodeDecodeError as error:
        line, byte = content.count(b"\n", 0, error.start) + 1, content[error.start]
        raise ValueError(
            f"{path.name} is not text in UTF-8 (byte 0x{byte:02x} in line {line}): save it as CSV "
            "in UTF-8, or give pandas.read_csv(path, encoding=...) in place of the path"
        ) from None
    if not text.strip():
        raise ValueError(f"{path.name} has no rows (limit: a line of names, then 3 of each class)")
    return text


def _check_names(path: Path, names: list[str]) -> None:
    """Refuses a name that stands twice; pandas would change the second."""
    for name in names:
        if name and names.count(name) > 1:
            given = f"{path.name} names column {show_value(name)}"
            raise ValueError(f"{given} {names.count(name)} times (limit: each name once)")


def _without_row_numbers(frame: pd.DataFrame) -> pd.DataFrame:
    """The table without the unnamed first column in which pandas writes the row numbers."""
    first = frame.columns[0]
    if str(first) == "Unnamed: 0" and frame[first].tolist() == [*range(len(frame))]:
        return frame.drop(columns=[first])
    return frame
