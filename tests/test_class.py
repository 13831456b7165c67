"""A class's lab books: histograms equal to counts made another way, and no name appears."""

from __future__ import annotations

import html
import random
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from matplotlib.patches import Rectangle

from labkit.cli import main
from labkit.course.panels import ClassBoard, Prediction
from labkit.course.panels.class_board import page_of, text_of
from labkit.course.plots.canvas import new_axes
from labkit.course.plots.room import draw_guesses, draw_solved
from labkit.course.room import Guesses, Room, count_guesses, read_room
from labkit.course.verdicts import keep_verdict
from labkit.records import LabBook

NUMBER = "After how many calls is the first peak?"
CHOICE = "Which search needs fewer calls?"
OPTIONS = ["Grover's", "one-flip"]
SHARE = "Which share is right?"
TRUTHS: dict[str, float | str] = {NUMBER: 12.0, CHOICE: "one-flip", SHARE: 0.93}
NAMES = [f"{first}_{last}" for first in ("ada", "ben", "cleo", "dora", "emil", "finn", "gus", "hal")
         for last in ("Quist", "Rowe", "Stein", "Tamm", "Unger")]  # fmt: skip


def keep(book: LabBook, question: str, guess: float | str, *, late: bool = False) -> None:
    """As `Prediction` keeps a guess, and then its score."""
    first = book.record(question, parameters={"late": late, "guess": guess})
    answer, points = TRUTHS[question], None if late else 1.0
    book.record(question, result={"guess": guess, "answer": answer, "points": points},
                corrects=first)  # fmt: skip


Class = tuple[Path, dict[str, list[float | str]], Counter[str]]


@pytest.fixture(scope="module")
def class_of_40(tmp_path_factory: pytest.TempPathFactory) -> Class:
    """Forty books in a folder, the guesses that went into them in time, and exercises solved."""
    folder = tmp_path_factory.mktemp("class") / "handed_in"
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("LABKIT_KEEP_VERDICTS", raising=False)
        return folder, *fill(folder, patch)


def fill(
    folder: Path, patch: pytest.MonkeyPatch
) -> tuple[dict[str, list[float | str]], Counter[str]]:
    rng = random.Random(40)
    kept: dict[str, list[float | str]] = {question: [] for question in TRUTHS}
    solved: Counter[str] = Counter()
    for i, name in enumerate(NAMES):
        path = folder / name / "lab_book.sqlite"
        book, late = LabBook(path), i % 8 == 0
        guesses: dict[str, float | str] = {NUMBER: float(rng.choice([3, 6, 12, 16, 128, 256])),
                   CHOICE: rng.choice(OPTIONS), SHARE: rng.random()}  # fmt: skip
        for question, guess in guesses.items():
            keep(book, question, guess, late=late and question == NUMBER)
            if not (late and question == NUMBER):
                kept[question].append(guess)
        patch.setenv("LABKIT_BOOK", str(path))
        for exercise in ("00-1", "00-2", "03-2"):
            is_solved = rng.random() < 0.6
            assert keep_verdict(exercise, "wrong", "4 came.") == ""
            if is_solved:
                solved[exercise] += 1
                assert keep_verdict(exercise, "right", "") == ""
        book.close()
    return kept, solved


def count_by_hand(guesses: list[float | str], bars: list[str]) -> dict[str, int]:
    """Guesses in the bars of these labels."""
    if " to " not in bars[0]:
        return {bar: sum(guess == bar for guess in guesses) for bar in bars}
    ends = [tuple(float(end.replace(",", "")) for end in bar.split(" to ")) for bar in bars]
    numbers = sorted(float(guess) for guess in guesses)
    top = ends[-1][1]
    return {
        bar: len([x for x in numbers if low <= x < high or (high == top and x >= low)])
        for bar, (low, high) in zip(bars, ends, strict=True)
    }


def test_the_histogram_of_40_books_equals_counts_made_another_way(
    class_of_40: Class,
) -> None:
    folder, kept, solved = class_of_40
    room = read_room(folder)
    assert (room.n_books, room.n_refused) == (40, 0)
    assert [each.question for each in room.questions] == [*TRUTHS]
    for each in room.questions:
        assert sorted(map(str, each.guesses)) == sorted(map(str, kept[each.question]))
        assert each.truth == TRUTHS[each.question]
        assert each.n_late == (5 if each.question == NUMBER else 0)
        bars = count_guesses(each)
        assert sum(bars.counts) == len(kept[each.question])
        by_hand = count_by_hand(kept[each.question], [*bars.labels])
        if each.question != SHARE:  # whose ends are rounded in the labels
            assert dict(zip(bars.labels, bars.counts, strict=True)) == by_hand
    assert room.solved == solved and set(room.tried.values()) == {40}


def says(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["class", *map(str, arguments)])


def test_no_name_of_a_reader_or_a_file_appears(class_of_40: Class, tmp_path: Path) -> None:
    solved = class_of_40[2]
    shutil.copytree(class_of_40[0], folder := tmp_path / "in")
    (folder / "zoe_Young.sqlite").write_text("no book")
    result = says(folder, "--html", tmp_path / "class.html")
    assert result.exit_code == 0, result.output
    board = ClassBoard(folder)
    shown = [result.output, (tmp_path / "class.html").read_text("utf-8"), repr(board.room)]
    for question in board.chosen.options:
        board.chosen.value = question
        shown += [board.picture.value, board._repr_mimebundle_()["text/html"]]
    for text in shown:
        for name in [*NAMES, "zoe_Young"]:
            for part in (name, *name.split("_")):
                assert not re.search(rf"\b{part}\b", html.unescape(text), re.IGNORECASE)
    assert "40 lab books with entries; files that could not be read as one: 1." in result.output
    assert f"00-2   {solved['00-2']:4} of 40" in result.output
    assert "zoe_Young" in "".join(path.name for path in folder.iterdir())


def test_merged_books_tell_the_same_as_the_books_alone(class_of_40: Class, tmp_path: Path) -> None:
    folder, _, _ = class_of_40
    alone = read_room(folder)
    shutil.copytree(folder, tmp_path / "handed_in")
    merged = LabBook(tmp_path / "merged" / "class.sqlite")
    for path in sorted(folder.rglob("*.sqlite")):
        merged.merge(path)
    merged.close()
    assert read_room(tmp_path / "merged") == alone
    assert read_room(tmp_path) == alone, "an entry in two books counts once"


def test_the_books_stay_as_they_are(
    class_of_40: Class,
) -> None:
    folder, _, _ = class_of_40
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    read_room(folder)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_what_a_prediction_keeps_is_what_a_class_counts(tmp_path: Path) -> None:
    for name, guess, asked_first in (("a", 9.0, False), ("b", 10.0, False), ("c", 12.0, True)):
        book = LabBook(tmp_path / "in" / f"{name}.sqlite")
        asked = Prediction(NUMBER, book=book)
        if asked_first:
            book.record(NUMBER, result={"answer": 12.0, "shown": True})
            asked = Prediction(NUMBER, book=book)
        asked.control.value = guess
        asked.keep_button.click()
        asked.score(12.0)
        book.close()
    (question,) = read_room(tmp_path / "in").questions
    assert (question.guesses, question.n_late, question.truth) == ((9.0, 10.0), 1, 12.0)


def test_guesses_are_shown_before_anybody_saw_the_answer(tmp_path: Path) -> None:
    book = LabBook(tmp_path / "in" / "a.sqlite")
    book.record(CHOICE, parameters={"late": False, "guess": "one-flip"})
    book.close()
    room = read_room(tmp_path / "in")
    assert room.questions == (Guesses(CHOICE, ("one-flip",), 0, None),)
    assert "the truth: not shown yet" in "\n".join(text_of(room))
    assert ClassBoard(tmp_path / "in").room == room


@pytest.mark.parametrize(
    ("guesses", "truth", "labels", "counts", "at"),
    [
        (("a", "b", "a"), "c", ("a", "b", "c"), (2, 1, 0), 2),
        ((0.0, 8.0, 1.0), 3.5, tuple(f"{i} to {i + 1}" for i in range(8)),
         (1, 1, 0, 0, 0, 0, 0, 1), 3),
        ((1.0, 256.0, 2.0), None, ("1 to 2", "2 to 4", "4 to 8", "8 to 16", "16 to 32", "32 to 64",
                                   "64 to 128", "128 to 256"), (1, 1, 0, 0, 0, 0, 0, 1), None),
    ],
)  # fmt: skip
def test_choices_and_numbers_of_any_range_are_counted(
    guesses: tuple[float | str, ...],
    truth: float | str | None,
    labels: tuple[str, ...],
    counts: tuple[int, ...],
    at: int | None,
) -> None:
    bars = count_guesses(Guesses("q", guesses, 0, truth))
    assert (bars.labels, bars.counts, bars.truth) == (labels, counts, at)
    lines = [*text_of(Room(3, 0, (Guesses("q", guesses, 0, truth),), {}, {}))]
    assert [line.startswith(">") for line in lines[3:]] == [i == at for i in range(len(labels))]
    ax = draw_guesses(new_axes()[0], Guesses("q", guesses, 0, truth))
    boxes = [patch for patch in ax.patches if isinstance(patch, Rectangle)]
    drawn = [box.get_height() if bars.edges else box.get_width() for box in boxes]
    assert drawn == [*counts]


@pytest.mark.parametrize("guesses", [(), (5.0,), (5.0, 5.0), (0.0,), (-3.0, 2.0)])
def test_few_and_equal_guesses_are_drawn(guesses: tuple[float, ...]) -> None:
    for truth in (None, 5.0):
        each = Guesses("q", guesses, 0, truth)
        assert sum(count_guesses(each).counts) == len(guesses)
        draw_guesses(new_axes()[0], each)


def test_of_many_exercises_those_are_drawn_that_most_are_stuck_in() -> None:
    names = [f"{i:02}-1" for i in range(40)]
    room = Room(9, 0, (), {n: 9 - (n == "33-1") for n in names}, dict.fromkeys(names, 9))
    ax = draw_solved(new_axes()[0], room)
    assert len(ax.patches) == 2 * 30
    assert "33-1" in [label.get_text() for label in ax.get_yticklabels()]
    assert "33-1: 8 of 9" in page_of(room)


def test_what_readers_wrote_is_escaped_and_commands_no_terminal(tmp_path: Path) -> None:
    book = LabBook(tmp_path / "in" / "a.sqlite")
    for guess in ("<script>", "\x1b[2J"):
        book.record(f"q{guess}", parameters={"late": False, "guess": guess})
    book.close()
    result = says(tmp_path / "in", "--html", tmp_path / "p.html")
    assert "\x1b" not in result.output
    assert "<script>" not in (tmp_path / "p.html").read_text("utf-8")


def test_a_mistake_is_told_in_one_line(tmp_path: Path) -> None:
    assert "holds no lab book" in says(tmp_path).stderr
    LabBook(tmp_path / "a.sqlite").close()
    (tmp_path / "p.html").write_text("kept")
    result = says(tmp_path, "--html", tmp_path / "p.html")
    assert result.exit_code == 1 and "exists already" in result.stderr
    assert (tmp_path / "p.html").read_text() == "kept"
