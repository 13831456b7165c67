"""Files of users: `~`, any editor's text, and cells that a spreadsheet would run."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from labkit.cli import main
from labkit.course.panels import read_predictions
from labkit.files import as_text, read_text, user_path
from labkit.records import LabBook, default_path
from labkit.sweeps import Sweep, run_sweep

SWEEP = (
    'question = "Zahlt γ sich aus?"\r\nseeds = [0]\r\nselector = "exhaustive"\r\n'
    '[problem]\r\ntask_name = "moons"\r\nn_hidden = 4\r\n'
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home, while the work goes on in another folder."""
    for name in ("home", "work"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "work")
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.setenv("LABKIT_BOOK", "~/book.sqlite")
    return tmp_path / "home"


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if not path.name.endswith(("-wal", "-shm"))}


def test_a_tilde_is_home_wherever_python_is_given_a_path(home: Path) -> None:
    book = LabBook(default_path())
    book.record("q")
    book.export("~/report.html")
    LabBook("~/other.sqlite").merge("~/book.sqlite")
    assert len(LabBook.existing("~/other.sqlite")) == 1
    assert read_predictions("~/other.sqlite").empty
    (home / "s.toml").write_text(SWEEP, encoding="utf-8")
    sweep = Sweep.from_toml("~/s.toml")
    assert run_sweep(sweep, "~/sweep.sqlite", workers=0, progress=False).finished_now == 1
    wanted = {"book.sqlite", "report.html", "other.sqlite", "s.toml", "sweep.sqlite"}
    assert names(home) == wanted
    assert names(Path.cwd()) == set()


def test_a_tilde_is_home_wherever_a_command_is_given_a_path(home: Path) -> None:
    LabBook(home / "ada.sqlite").record("q")
    (home / "s.toml").write_text(SWEEP, encoding="utf-8")
    (home / "in").mkdir()
    for arguments in (
        ["merge", "~/ada.sqlite"],
        ["runs"],
        ["runs", "--book", "~/ada.sqlite"],
        ["export", "~/runs.csv"],
        ["sweep", "~/s.toml", "--workers", "0"],
    ):
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code == 0, result.output
    assert "holds no notebook" in CliRunner().invoke(main, ["grade", "~/in"]).stderr
    assert names(home) == {"ada.sqlite", "book.sqlite", "runs.csv", "s.toml", "in"}
    assert names(Path.cwd()) == set()


def test_a_file_may_be_called_tilde(home: Path) -> None:
    assert user_path("./~") == Path("./~")
    assert user_path("~nobody-of-this-name/a") == Path("~nobody-of-this-name/a")
    assert user_path(Path("~") / "a") == home / "a"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_a_sweep_saved_by_any_editor_is_read(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "s.toml"
    path.write_bytes(SWEEP.encode(encoding))
    assert Sweep.from_toml(path).question == "Zahlt γ sich aus?"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\ufeff")))
def test_text_with_a_byte_order_mark_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, encoding: str, text: str
) -> None:
    path = tmp_path_factory.mktemp("text") / "a.txt"
    path.write_bytes(text.encode(encoding))
    assert read_text(path) == text


def test_what_is_no_text_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("Müller".encode("latin-1"))
    with pytest.raises(ValueError, match="not text in UTF-8"):
        read_text(path)


@pytest.mark.parametrize(
    "text",
    [
        *("=1+1", "+1 more", "-1-cmd|' /C calc'!A0", "@SUM(1,1)", "\t=1", "\r=1", "\n=1", " =1"),
        *("\tx", "\ufeff=1", "＝1", "=", "-", "--1", "-1e", "+0x1"),
    ],
)
def test_what_a_spreadsheet_would_run_is_marked_as_text(text: str) -> None:
    assert as_text(text) == "'" + text


@given(st.one_of(st.integers(), st.floats()))
def test_a_number_stays_as_it_is(number: float) -> None:
    for text in (str(number), repr(number), f"{number:.6g}", f"{number:+.3e}"):
        assert as_text(text) == text


@given(st.text())
def test_a_cell_can_be_written_and_begins_no_formula(text: str) -> None:
    cell = as_text(text)
    assert len(cell.encode()) >= len(text)
    if cell[:1] in ("=", "+", "-", "@", "\t", "\r"):
        float(cell)  # a number


def test_half_a_character_is_replaced() -> None:
    assert as_text("M\udcfcller") == "M\ufffdller"
