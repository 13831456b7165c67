"""A room's guesses and solved exercises, out of the lab books of a folder, without names."""

from __future__ import annotations

import os
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labkit.course.verdicts import read_verdicts
from labkit.course.wording import say
from labkit.files import user_path
from labkit.limits import printable

if TYPE_CHECKING:
    import pandas as pd

#: Columns that tell what became of a question.
_READ = ("merged_from", "parameters.guess", "parameters.late", "result.answer")
_N_INTERVALS = 8


@dataclass(frozen=True)
class Guesses:
    """What a room guessed of one question.

    Attributes:
        question: that was asked.
        guesses: one of each reader, in the order of recording, kept before the answer was shown.
        n_late: guesses that came after it, which are left out.
        truth: the answer that most books hold; None before anybody was shown it.
    """

    question: str
    guesses: tuple[float | str, ...]
    n_late: int
    truth: float | str | None

    def __str__(self) -> str:
        late = say("room.late_ones_left_out", n_late=self.n_late) if self.n_late else ""
        truth = say("room.not_shown_yet") if self.truth is None else _in_words(self.truth)
        return say(
            "room.guesses_the_truth",
            question=self.question,
            n_guesses=len(self.guesses),
            late=late,
            truth=truth,
        )


@dataclass(frozen=True)
class Room:
    """What the books of a folder hold, without names.

    Attributes:
        n_books: books that were read, each the entries of one reader.
        n_refused: files that are no lab books, or damaged.
        questions: in the order in which they were first met.
        solved: exercise -> how many readers solved it, for those that somebody tried.
        tried: exercise -> how many readers tried it.
    """

    n_books: int
    n_refused: int
    questions: tuple[Guesses, ...]
    solved: Mapping[str, int]
    tried: Mapping[str, int]


def find_books(folder: str | os.PathLike[str]) -> list[Path]:
    """The files named *.sqlite in a folder and the folders in it; hidden ones are left out."""
    root = user_path(folder)
    found = (path for path in root.rglob("*.sqlite") if path.is_file())
    return sorted(p for p in found if not any(n.startswith(".") for n in p.relative_to(root).parts))


def read_room(*folders: str | os.PathLike[str]) -> Room:
    """Reads all lab books of folders, those of a class that were merged too; none is changed.

    An entry that stands in several of them counts once.
    """
    from labkit.records import LabBook, LabBookError

    n_refused, runs = 0, None
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        book = LabBook(Path(scratch) / "room.sqlite")
        for path in chain.from_iterable(map(find_books, folders)):
            try:
                book.merge(path)
            except (LabBookError, OSError, TypeError, ValueError):
                n_refused += 1
        runs = book.runs()
        book.close()
    runs = runs.reindex(columns=[*runs.columns.union(_READ, sort=False)])
    solved, tried = _count_exercises(runs)
    n_books = runs["merged_from"].nunique()
    return Room(n_books, n_refused, tuple(_find_guesses(runs)), solved, tried)


def _find_guesses(runs: pd.DataFrame) -> Iterator[Guesses]:
    """The first guess of each reader, by question."""
    kept = runs[runs["parameters.guess"].notna() & runs["corrects"].isna()]
    kept = kept.drop_duplicates(["question", "merged_from"])
    answers = runs[runs["result.answer"].notna()].groupby("question")["result.answer"]
    truths = {str(name): Counter(told).most_common(1)[0][0] for name, told in answers}
    for question, rows in kept.groupby("question", sort=False):
        is_late = rows["parameters.late"].map(bool)
        guesses = tuple(map(_plain, rows["parameters.guess"][~is_late]))
        truth = truths.get(str(question))
        told = None if truth is None else _plain(truth)
        yield Guesses(str(question), guesses, int(is_late.sum()), told)


def _count_exercises(runs: pd.DataFrame) -> tuple[dict[str, int], dict[str, int]]:
    """Exercise -> readers who solved it, and who tried it."""
    solved, tried = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
    for reader, exercise, status in read_verdicts(runs):
        tried[exercise].add(reader)
        if status == "right":
            solved[exercise].add(reader)
    names = sorted(tried)
    return {n: len(solved[n]) for n in names}, {n: len(tried[n]) for n in names}


def _plain(value: Any) -> float | str:
    return value if isinstance(value, str) else float(value)


def _in_words(value: float | str) -> str:
    return printable(value) if isinstance(value, str) else f"{value:,.4g}"


@dataclass(frozen=True)
class Bars:
    """How many guesses fell where.

    Attributes:
        labels: of the bars: choices, or intervals of numbers.
        counts: of guesses.
        edges: of the intervals, one more than bars; () for choices.
        truth: the bar that holds the truth; None where it is not known.
    """

    labels: tuple[str, ...]
    counts: tuple[int, ...]
    edges: tuple[float, ...]
    truth: int | None


def count_guesses(guesses: Guesses) -> Bars:
    """Counts the guesses of each choice, or in eight intervals from the least to the largest.

    Numbers above 0 that lie far apart, truth included, are counted in intervals of equal ratio,
    see `has_equal_ratios`, others in intervals of equal width; an interval holds its lower end, the
    last one its upper end too.
    """
    truth = guesses.truth
    values = [*guesses.guesses, *([] if truth is None else [truth])]
    numbers = [value for value in values if isinstance(value, float)]
    if len(numbers) < len(values):
        labels = sorted({*map(_in_words, values)})
        places = {label: i for i, label in enumerate(labels)}
        found = [places[_in_words(value)] for value in guesses.guesses]
        at = None if truth is None else places[_in_words(truth)]
        return Bars(tuple(labels), _tally(found, len(labels)), (), at)
    edges = _edges_of(numbers)
    labels = [say("room.to", low=low, high=high) for low, high in pairwise(edges)]
    places_of = [_place_of(number, edges) for number in numbers]
    at = None if truth is None else places_of.pop()
    return Bars(tuple(labels), _tally(places_of, len(labels)), edges, at)


def _tally(places: list[int], n_bars: int) -> tuple[int, ...]:
    return tuple(places.count(i) for i in range(n_bars))


def _edges_of(values: list[float]) -> tuple[float, ...]:
    low, high = min(values, default=0.0), max(values, default=1.0)
    if low == high:
        low, high = low - max(abs(low), 1.0) / 2, high + max(abs(high), 1.0) / 2
    shares = [i / _N_INTERVALS for i in range(_N_INTERVALS + 1)]
    if has_equal_ratios(low, high):
        return tuple(low * (high / low) ** share for share in shares)
    return tuple(low + (high - low) * share for share in shares)


def has_equal_ratios(low: float, high: float) -> bool:
    """Whether numbers from low to high are counted in intervals of equal ratio.

    Shares, which are at most 1, spread evenly more often than numbers of calls do.
    """
    return low > 0 and high > (20 if high > 1 else 1000) * low


def _place_of(value: float, edges: tuple[float, ...]) -> int:
    return max(0, sum(edge <= value for edge in edges[:-1]) - 1)
