"""QUBOs as they are given, files among them: each form of file has its own convention of signs."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from labkit.costs.qubo import Qubo, Terms, entries_of, read_object, to_signs, to_terms
from labkit.limits import check_choice, check_count, check_integer, printable, show_value

_VARTYPE = re.compile(r"^\s*#.*?vartype[:=]\s*([-\w.]+)")
_VARTYPES = ("BINARY", "SPIN")
_BYTES_PER_LINE = 2000  # from the text to terms
Pairs = dict[tuple[Hashable, Hashable], float]
#: A line of a file by its number, as words.
Rows = Sequence[tuple[int, list[str]]]


def read_qubo(
    qubo: Any, *, names: Any = None, form: str | None = None, problem: int | None = None
) -> Terms:
    """See `PauliZCost.from_qubo`."""
    if isinstance(qubo, str | os.PathLike):
        try:
            return to_terms("qubo", read_file(Path(qubo), form=form, problem=problem), names)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{os.fspath(qubo)}: {error}") from error
    for argument, value in (("form", form), ("problem", problem)):
        if value is not None:
            raise ValueError(f"{argument}={show_value(value)} of a qubo that is no file")
    return to_terms("qubo", read_object(qubo), names)


def read_file(path: Path, *, form: str | None = None, problem: int | None = None) -> Qubo:
    """See `PauliZCost.from_qubo`.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is not of the form; the message names the line.
        TooLargeError: its terms do not fit in memory.
    """
    path = path.expanduser()
    check_count("bytes of the file", path.stat().st_size, bytes_each=100, what="its terms")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"not text in UTF-8: {error}") from error
    form = _guess_form(path, text) if form is None else check_choice("form", form, [*FORMS])
    if problem is not None and form != "bqp":
        raise ValueError(f"problem={show_value(problem)} of a file of form {form!r} (limit: 'bqp')")
    return read_bqp(text, problem) if form == "bqp" else FORMS[form](text)


def read_coo(text: str) -> Qubo:
    """dimod's COOrdinate: `i j q`, variables from 0; binary, or spins with +1 for a kept neuron."""
    found = [match[1] for match in map(_VARTYPE.match, text.splitlines()) if match]
    vartype = check_choice("vartype", found[0] if found else "BINARY", _VARTYPES)
    pairs = _pairs(_rows(text))
    if vartype == "BINARY":
        return Qubo(to_signs(pairs))
    # z is -s
    return Qubo({((i,) if i == j else (i, j)): -q if i == j else q for (i, j), q in pairs.items()})


def read_matrix_market(text: str) -> Qubo:
    """x^T Q x of a matrix of the Matrix Market, rows from 1."""
    import io

    from scipy.io import mminfo, mmread

    try:
        n_rows, n_columns, entries, _, field, _ = mminfo(io.StringIO(text))
    except (ValueError, OverflowError, StopIteration) as error:
        raise ValueError(f"not of the Matrix Market: {_one_line(error)}") from error
    if n_rows != n_columns or n_rows < 1:
        raise ValueError(f"a matrix of shape ({n_rows}, {n_columns}) (limit: a square one)")
    if field not in ("real", "double", "integer", "unsigned-integer", "pattern"):
        raise ValueError(f"a matrix of {field} numbers (limit: real or integer)")
    check_count("entries of the matrix", entries, bytes_each=_BYTES_PER_LINE, what="its terms")
    try:
        matrix = mmread(io.StringIO(text))
    except (ValueError, OverflowError) as error:
        raise ValueError(f"not of the Matrix Market: {_one_line(error)}") from error
    by_place = entries_of(matrix)
    from_one: Pairs = {(i + 1, j + 1): q for (i, j), q in by_place.items()}
    return Qubo(to_signs(from_one), range(1, n_rows + 1))


def read_bqp(text: str, problem: int | None = None) -> Qubo:
    """OR-Library's: maximise x^T Q x of a symmetric matrix, of which one half is listed, from 1."""
    rows = _rows(text)
    if not rows or len(rows[0][1]) != 1:
        raise ValueError("line 1 is not the number of problems, as OR-Library's files begin")
    count = _integer(rows[0], 0, "the number of problems", minimum=1)
    if problem is None and count > 1:
        raise ValueError(f"the file holds {count} problems: give problem=1, ... or {count}")
    chosen = check_integer("problem", 1 if problem is None else problem, minimum=1, maximum=count)
    rest = rows[1:]
    for _ in range(chosen - 1):
        rest = rest[1 + _header(rest)[1] :]
    n, entries = _header(rest)
    half = _pairs(rest[1 : 1 + entries], first=1, last=n, expected=entries)
    both = {(i, j): -q if i == j else -2 * q for (i, j), q in half.items()}
    return Qubo(to_signs(both), range(1, n + 1))


def read_gset(text: str) -> Qubo:
    """A graph: minus the weight of the cut, which is w (x_i + x_j - 2 x_i x_j) of each edge."""
    rows = _rows(text)
    n, edges = _header(rows)
    pairs = _pairs(rows[1:], first=1, last=n, expected=edges, weight="1")
    terms: dict[tuple[Hashable, ...], float] = {(): 0.0}
    for (i, j), w in pairs.items():
        if i == j:
            what = f"an edge from {i} to itself: no graph"
            raise ValueError(f"{what}; a QUBO in OR-Library's form begins with a line '1'")
        # x_i + x_j - 2 x_i x_j = (1 - z_i z_j) / 2
        terms[()] -= w / 2
        terms[i, j] = w / 2
    return Qubo(terms, range(1, n + 1))


FORMS: Mapping[str, Callable[[str], Qubo]] = {
    "coo": read_coo,
    "matrix_market": read_matrix_market,
    "bqp": read_bqp,
    "gset": read_gset,
}


def _guess_form(path: Path, text: str) -> str:
    """By the ending, or else by the first line that is no comment."""
    if text.lower().startswith("%%matrixmarket") or path.suffix.lower() == ".mtx":
        return "matrix_market"
    if path.suffix.lower() == ".coo" or any(map(_VARTYPE.match, text.splitlines()[:1])):
        return "coo"
    words = next((words for _, words in _lines(text)), [])
    if len(words) in (1, 2) and all(word.isdecimal() for word in words):
        return "bqp" if len(words) == 1 else "gset"
    raise ValueError(f"the file begins like none of the forms: give form= one of {[*FORMS]}")


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Lines that are neither empty nor a comment, by their number from 1."""
    for number, line in enumerate(text.splitlines(), 1):
        if (words := line.split()) and not words[0].startswith(("#", "%")):
            yield number, words


def _rows(text: str) -> Rows:
    rows = [*_lines(text)]
    check_count("lines of the file", len(rows), bytes_each=_BYTES_PER_LINE, what="its terms")
    return rows


def _header(rows: Rows) -> tuple[int, int]:
    """The numbers of variables and of lines that follow."""
    if not rows or len(rows[0][1]) != 2:
        where = f"line {rows[0][0]}" if rows else "the end"
        raise ValueError(f"{where} is not `n entries`, two integers")
    return _integer(rows[0], 0, "n", minimum=1), _integer(rows[0], 1, "entries", minimum=0)


def _pairs(
    rows: Rows,
    *,
    first: int = 0,
    last: int | None = None,
    expected: int | None = None,
    weight: str | None = None,
) -> Pairs:
    """`i j q` of each line; a pair that comes again, also as (j, i), is added up."""
    if expected is not None and len(rows) != expected:
        raise ValueError(f"{len(rows)} lines `i j q` where {expected} are announced")
    pairs: Pairs = {}
    for row in rows:
        number, words = row
        if len(words) == 2 and weight is not None:
            words = [*words, weight]
        if len(words) != 3:
            raise ValueError(f"line {number} has {len(words)} words (limit: i, j and a number)")
        i, j = (_integer(row, place, "variable", minimum=first, maximum=last) for place in (0, 1))
        key = (j, i) if (j, i) in pairs else (i, j)
        pairs[key] = pairs.get(key, 0.0) + _number(number, words[2])
    return pairs


def _integer(
    row: tuple[int, list[str]], place: int, what: str, *, minimum: int, maximum: int | None = None
) -> int:
    number, words = row
    try:
        value = int(words[place])
    except ValueError:  # also of more digits than Python reads
        given = f"line {number}: {what} {show_value(words[place])}"
        raise ValueError(f"{given} is not an integer") from None
    return check_integer(f"line {number}: {what}", value, minimum=minimum, maximum=maximum)


def _number(line: int, word: str) -> float:
    try:
        value = float(word)
    except ValueError:
        raise ValueError(f"line {line}: {show_value(word)} is not a number") from None
    if not abs(value) < float("inf"):
        raise ValueError(f"line {line}: {word} is not finite")
    return value


def _one_line(error: Exception) -> str:
    return printable(" ".join(str(error).split()))[:120]
