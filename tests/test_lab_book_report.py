"""A lab book for others: the page, CSV and Parquet."""

from __future__ import annotations

import base64
import math
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lab_book_samples import HOSTILE, make_book, mappings, record_everywhere, texts

from labkit.records import LabBook, LabBookError

ALLOWED = {
    *("html", "head", "meta", "title", "style", "body", "h1", "h2", "h3", "p", "span", "small"),
    *("nav", "ol", "ul", "li", "a", "section", "dl", "dt", "dd", "table", "thead", "tbody", "tr"),
    *("th", "td", "div", "figure", "figcaption", "img", "details", "summary", "strong", "em"),
}


class Page(HTMLParser):
    """Tags with their attributes, and the text of a page."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._in_style = False
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_style = tag == "style"
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += "" if self._in_style else data


def report(book: LabBook) -> Page:
    path = book.path.parent / f"report{len(book)}.html"
    assert book.export(path) == [path]
    return Page(path.read_text("utf-8"))


@pytest.fixture
def book(tmp_path: Path) -> LabBook:
    return LabBook(tmp_path / "book.sqlite")


def test_the_report_holds_what_was_asked_found_and_drawn(tmp_path: Path) -> None:
    book = make_book(tmp_path / "book.sqlite")
    page = report(book)
    first, second, failure = book.runs()["entry"][:3]
    for said in (
        *("Does Grover's search find the best mask of 8 neurons?", "after 12 iterations in 9"),
        *("once it took two attempts", "0.15625", "0.2734375", "01011010", "grover_search"),
        *("oracle_calls", "seed 3", "MemoryError: 8.0 TiB", "15 entries", "3 failed"),
        *("12 runs, 10 finished", "2 failed", "2 ×:", "ValueError: no such width", "0.0833333"),
        *("How does the cost fall", np.__version__, f"corrected by {second[:8]}"),
    ):
        assert said in re.sub(r"\s+", " ", page.text), said
    drawn = [attributes for tag, attributes in page.tags if tag == "img"]
    kept = {one.name: one for one in book.entry(first).attachments}
    for attributes, name in zip(drawn, ["search.svg"], strict=True):
        data = str(attributes["src"]).partition("base64,")[2]
        assert base64.b64decode(data) == kept[name].data
        assert name in str(attributes["alt"])
    links = {str(attributes["href"]) for tag, attributes in page.tags if tag == "a"}
    ids = {f"#{attributes['id']}" for _, attributes in page.tags if "id" in attributes}
    assert {f"#{entry}" for entry in (first, second, failure)} <= links <= ids


def test_the_page_needs_nothing_else_and_may_run_nothing(tmp_path: Path) -> None:
    page = report(make_book(tmp_path / "book.sqlite"))
    policy = next(a["content"] for _, a in page.tags if "http-equiv" in a)
    assert policy == "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    for tag, attributes in page.tags:
        assert tag in ALLOWED
        assert str(attributes.get("src", "data:")).startswith("data:")
        assert str(attributes.get("href", "#")).startswith("#")


def test_what_people_typed_is_text_wherever_it_stands(book: LabBook) -> None:
    record_everywhere(book, HOSTILE)
    page = report(book)
    assert {tag for tag, _ in page.tags} <= ALLOWED
    assert not [a for _, attributes in page.tags for a in attributes if a.startswith("on")]
    assert page.text.count("<script>alert(1)</script>") > 10
    assert page.text.count("{{7*7}}") == page.text.count("<script>alert(1)</script>")


@given(texts.filter(str.strip))
@settings(max_examples=20)
def test_any_text_can_be_reported(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    book = LabBook(tmp_path_factory.mktemp("any") / "book.sqlite")
    record_everywhere(book, text)
    page = report(book)
    assert {tag for tag, _ in page.tags} <= ALLOWED
    assert not [a for _, attributes in page.tags for a in attributes if a.startswith("on")]


def test_a_name_of_a_book_is_escaped_too(tmp_path: Path) -> None:
    name = "<b>book&.sqlite"
    try:
        book = LabBook(tmp_path / name)
    except LabBookError:
        pytest.skip("no such names here")
    assert name in report(book).text
    assert "<b>" not in book._repr_html_()


def test_long_books_are_shortened_and_say_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("labkit.records.reports._MOST_ENTRIES", 2)
    monkeypatch.setattr("labkit.records.reports._MOST_ROWS", 5)
    page = report(make_book(tmp_path / "book.sqlite"))
    assert "1 more are in the CSV" in page.text
    assert "The first 5 of 12" in page.text
    assert sum("class" in a and a["class"] == "entry" for _, a in page.tags) == 2


def odd_book(book: LabBook) -> LabBook:
    book.record(
        'a "quoted", line\r\nand another',
        parameters={"n": 1, "mixed": 1, "big": 2**70, "flag": True, "angles": [0.1, 0.2], "t": "é"},
        result={"cost": math.nan, "bound": math.inf, "tiny": 1e-300, "third": 1 / 3},
        seed=2**62,
    )
    book.record("b", parameters={"n": 2, "mixed": "one", "angles": {"a": 1}, "t": ""})
    book.record(" b ", parameters={"n": 3, "mixed": None, "flag": False}, result={"cost": -0.0})
    return book


def test_parquet_keeps_types_and_values(book: LabBook, tmp_path: Path) -> None:
    runs = odd_book(book).runs()
    (path,) = book.export(tmp_path / "runs.parquet")
    found = pd.read_parquet(path)
    assert [*found.columns] == [*runs.columns]
    texts_now = ["parameters.mixed", "parameters.big", "parameters.angles"]
    for name in texts_now:
        assert all(isinstance(value, str) or pd.isna(value) for value in found[name])
    assert found["parameters.big"][0] == str(2**70)
    assert found["parameters.angles"].dropna().tolist() == ["[0.1,0.2]", '{"a":1}']
    assert found["parameters.mixed"].dropna().tolist() == ["1", "one"]
    for name in [name for name in runs.columns if name not in texts_now]:
        text = runs[name].dtype == object  # which pandas 3 reads as text, and None as NaN
        came = found[name].astype(object).where(found[name].notna(), None) if text else found[name]
        pd.testing.assert_series_equal(came, runs[name])


def test_csv_keeps_values(book: LabBook, tmp_path: Path) -> None:
    runs = odd_book(book).runs()
    (path,) = book.export(tmp_path / "runs.csv")
    found = pd.read_csv(path, float_precision="round_trip", keep_default_na=False, dtype=str)
    assert [*found.columns] == [*runs.columns]
    assert found["question"].tolist() == runs["question"].tolist()
    assert found["parameters.t"].tolist() == ["é", "", ""]
    assert (float(found["result.third"][0]), float(found["result.bound"][0])) == (1 / 3, math.inf)
    assert found["seed"][0] == str(2**62)
    assert found["parameters.flag"].tolist() == ["True", "", "False"]
    assert pd.to_datetime(found["started"], utc=True, format="ISO8601").tolist() == (
        runs["started"].tolist()
    )


@given(st.lists(mappings, min_size=1, max_size=4))
@settings(max_examples=20)
def test_anything_that_was_recorded_can_be_exported(
    tmp_path_factory: pytest.TempPathFactory, results: list[dict[str, Any]]
) -> None:
    folder = tmp_path_factory.mktemp("any")
    book = LabBook(folder / "book.sqlite")
    for result in results:
        book.record("q", result=result)
    written = book.export(folder / "report")
    assert [path.name for path in written] == ["report.html", "runs.csv", "runs.parquet"]
    assert len(pd.read_parquet(written[2])) == len(results)


def test_without_pyarrow_a_report_has_the_rest_and_says_what_is_left_out(
    book: LabBook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("labkit.records.reports.find_spec", lambda name: None)
    said = r"runs.parquet is left out: Parquet needs pyarrow \(pip install pyarrow\)"
    with pytest.warns(UserWarning, match=said):
        written = odd_book(book).export(tmp_path / "report")
    assert [path.name for path in written] == ["report.html", "runs.csv"]
    assert sorted(written) == sorted((tmp_path / "report").iterdir())
    with pytest.raises(LabBookError, match=r"a.parquet cannot be written: Parquet needs pyarrow"):
        book.export(tmp_path / "a.parquet")


def test_an_empty_book_is_exported(book: LabBook, tmp_path: Path) -> None:
    page, csv, parquet = book.export(tmp_path / "report")
    assert "0 entries" in page.read_text("utf-8")
    assert len(pd.read_csv(csv)) == len(pd.read_parquet(parquet)) == 0


@pytest.mark.parametrize("name", ["report.html", "runs.csv", "runs.parquet"])
def test_nothing_is_overwritten(book: LabBook, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "report"
    folder.mkdir()
    (folder / name).write_text("mine")
    for path in (folder, folder / name):
        with pytest.raises(FileExistsError, match=f"{name} is there already; it was left as it is"):
            book.export(path)
    assert [(one.name, one.read_text()) for one in folder.iterdir()] == [(name, "mine")]


def test_a_file_that_appears_meanwhile_is_not_overwritten(
    book: LabBook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "out" / "runs.csv"

    def write_in_between(*arguments: Any) -> list[bytes]:
        target.write_text("mine")
        return [b"ours"]

    monkeypatch.setattr("labkit.records.reports._render", write_in_between)
    with pytest.raises(FileExistsError, match="is there already"):
        book.export(target)
    assert [one.read_text() for one in target.parent.iterdir()] == ["mine"]


def test_nothing_half_written_stays(
    book: LabBook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(kind: str, *arguments: Any) -> Any:
        yield b"half of it"
        if kind == "parquet":
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("labkit.records.reports._render", fail)
    with pytest.raises(LabBookError, match=r"runs.parquet cannot be written: No space left on dev"):
        book.export(tmp_path / "report")
    assert [*(tmp_path / "report").iterdir()] == []


@pytest.mark.parametrize("name", ["report.pdf", "runs.json", "a.b"])
def test_another_ending_is_refused(book: LabBook, tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=r"limit: .html, .csv, .parquet, or a folder"):
        book.export(tmp_path / name)


def test_a_folder_that_is_a_file_is_said(book: LabBook, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for path in (tmp_path / "file", tmp_path / "file" / "runs.csv"):
        with pytest.raises(LabBookError, match="cannot be written"):
            book.export(path)
    assert (tmp_path / "file").read_text() == "mine"
