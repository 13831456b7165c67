"""The lab log, the runs table, and the button under every explorer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import ipywidgets as widgets
import numpy as np
import pytest

from labkit.course.explorers import Explorer, GroverExplorer, SubnetworkExplorer
from labkit.course.kernel_watch import KernelWatch
from labkit.course.panels import ClassBoard, LabLog, Prediction, Progress, RunsTable
from labkit.records import LabBook


@pytest.fixture
def book(tmp_path: Path) -> LabBook:
    return LabBook(tmp_path / "book.sqlite")


@pytest.mark.parametrize(
    "build",
    [
        lambda book: LabLog("Why?", book=book),
        lambda book: Prediction("How many?", book=book),
        lambda book: Prediction("How many?", book=book).score(3).fold,
        lambda book: Progress(book),
        lambda book: RunsTable(book),
        lambda book: ClassBoard(book.path.parent),
    ],
    ids=["LabLog", "Prediction", "Fold", "Progress", "RunsTable", "ClassBoard"],
)
def test_every_panel_says_when_its_kernel_is_gone(
    build: Callable[[LabBook], widgets.VBox], book: LabBook
) -> None:
    panel = build(book)
    assert sum(isinstance(child, KernelWatch) for child in panel.children) == 1


def test_a_prediction_is_kept_before_the_outcome_and_stands(book: LabBook) -> None:
    log = LabLog("Which neuron matters most?", book=book)
    assert log.outcome.disabled
    log.prediction.value = "neuron 3"
    log.keep_button.click()
    assert log.prediction.disabled
    assert not log.outcome.disabled
    log.outcome.value = "neuron 5"
    log.add_button.click()
    runs = book.runs()
    assert runs["hypothesis"].tolist() == ["neuron 3", "neuron 3"]
    assert runs["conclusion"].tolist() == [None, "neuron 5"]
    assert runs["corrects"].tolist() == [None, runs["entry"][0]]
    assert log.add_button.disabled


def test_a_prediction_that_waits_for_its_outcome_is_found_again(book: LabBook) -> None:
    book.record("Why?", hypothesis="by hand", result={"cost": 1})
    log = LabLog("Why?", book=book)
    log.prediction.value = "because"
    log.keep_button.click()
    again = LabLog("Why?", book=LabBook(book.path))
    assert again.prediction.value == "because" and again.prediction.disabled
    again.outcome.value = "so it was"
    again.add_button.click()
    last = book.entry(again.entries[-1])
    assert (last.hypothesis, last.conclusion, last.corrects) == (
        "because",
        "so it was",
        log.entries[0],
    )
    assert not LabLog("Why?", book=book).prediction.disabled  # all is answered


def test_nothing_is_kept_of_an_empty_field(book: LabBook) -> None:
    log = LabLog("Which neuron matters most?", book=book)
    log.prediction.value = "  "
    log.keep_button.click()
    assert len(book) == 0
    assert "first" in log.note.value
    assert not log.prediction.disabled


@pytest.mark.parametrize(("question", "error"), [("", ValueError), (7, TypeError)])
def test_a_log_wants_a_question(question: object, error: type[Exception]) -> None:
    with pytest.raises(error, match="question"):
        LabLog(question)  # type: ignore[arg-type]


def test_what_was_typed_is_escaped(book: LabBook) -> None:
    log = LabLog("<script>alert(1)</script>", book=book)
    book.record("<script>q</script>", parameters={"<b>": "<script>v</script>"})
    table = RunsTable(book)
    for shown in (log._repr_mimebundle_()["text/html"], log.children[0].value, table.table.value):
        assert "<script>" not in shown
    assert "&lt;script&gt;v" in table.table.value


@pytest.mark.parametrize("build", [GroverExplorer, SubnetworkExplorer])
def test_an_explorer_adds_what_it_shows_to_the_book_of_the_folder(
    build: Callable[[], Explorer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LABKIT_BOOK", raising=False)
    explorer = build()
    explorer.controls["seed"].value = 3
    explorer.add_button.click()
    book = LabBook(tmp_path / "lab_book.sqlite")
    (entry_id,) = book.runs(seed=3, task="moons")["entry"]
    entry = book.entry(entry_id)
    assert entry.parameters["n_neurons"] == explorer.controls["n_neurons"].value
    assert entry.attachments[0].data == bytes(explorer.image.value)
    assert entry_id[:8] in explorer.note.value
    assert explorer.n_draws == 2


def test_the_numbers_kept_are_those_of_the_view(book: LabBook) -> None:
    grover, subnetwork = GroverExplorer(iterations=3), SubnetworkExplorer()
    kept = book.entry(grover.record(book)).result
    assert kept["success"] == grover.view.success
    assert kept["n_marked"] == grover.view.n_marked
    assert kept["expected_calls"] == pytest.approx(grover.view.expected_calls)
    subnetwork.drawing.neuron_mask = [True, False] * 4
    entry = book.entry(subnetwork.record(book))
    assert entry.parameters["neuron_mask"] == "10101010"
    assert entry.result["cost"] == subnetwork.view.cost
    assert entry.result["rank"] == subnetwork.view.rank


def test_a_book_that_cannot_be_written_is_said_under_the_button(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "notes.txt").write_text("no lab book")
    monkeypatch.setenv("LABKIT_BOOK", str(tmp_path / "notes.txt"))
    explorer, log, table = GroverExplorer(), LabLog("Why?"), RunsTable()
    explorer.add_button.click()
    log.prediction.value = "because"
    log.keep_button.click()
    for note in (explorer.note, log.note, table.text):
        assert "notes.txt" in note.value
    assert (tmp_path / "notes.txt").read_text() == "no lab book"


def test_the_table_shows_the_newest_runs_that_fit(book: LabBook) -> None:
    for n in range(60):
        book.record("even" if n % 2 == 0 else "odd", parameters={"n": n, "is_small": n < 5})
    table = RunsTable(book)
    assert table.question.options == ("all questions", "even", "odd")
    assert "<b>60</b>" in table.text.value
    assert table.table.value.count("<tr>") == 1 + 50
    table.question.value = "odd"
    assert "<b>30</b>" in table.text.value
    table.where.value = "is_small=true n=3"
    assert "<b>1</b>" in table.text.value
    table.where.value = "n=3 n=5"
    assert "<b>2</b>" in table.text.value
    table.where.value = "n"
    assert "n_hidden=8" in table.text.value
    table.where.value = ""
    book.record("new", parameters={"n": 60})
    table.refresh_button.click()
    assert "new" in table.question.options
    assert table.question.value == "odd"


def test_the_filters_of_the_table_stand_beneath_one_another_where_the_page_is_narrow(
    book: LabBook,
) -> None:
    controls = RunsTable(book).children[0]
    assert controls.layout.flex_flow == "row wrap"


def test_runs_are_found_by_their_mask_and_bear_their_time_zone(book: LabBook) -> None:
    for mask in ("10110010", "01101001"):
        book.record("=1+1", result={"mask_string": mask})
    table = RunsTable(book)
    for mask in ("10110010", "01101001"):
        table.where.value = f"result.mask_string={mask}"
        assert table.text.value == "<b>1</b> runs:"
    entry = book.entry(book.runs()["entry"][0])
    now = f"{entry.started:%Y-%m-%d %H:%M} UTC"
    assert now in table.table.value
    assert now in repr(entry)
    assert f"{entry.started:%Y-%m-%d %H:%M:%S} UTC" in entry._repr_html_()
    assert "UTC" in book._repr_html_()
    assert ">&#x27;=1+1<" in table.table.value


def test_looking_for_runs_makes_no_book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LABKIT_BOOK", raising=False)
    table = RunsTable()
    assert "no lab_book.sqlite" in table.text.value
    assert not [*tmp_path.iterdir()]
    LabBook("lab_book.sqlite").record("Is it there now?")
    table.refresh_button.click()
    assert "Is it there now?" in table.table.value


def test_an_empty_book_has_a_table_without_rows(book: LabBook) -> None:
    table = RunsTable(book)
    assert "<b>0</b>" in table.text.value
    assert "text/html" in table._repr_mimebundle_()
    assert np.array_equal(book.runs().shape, (0, len(book.runs().columns)))
