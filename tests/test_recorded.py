"""Recorded results: what is loaded is what the sweep asks for, and what it computes."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from labkit.course import recorded
from labkit.course.recorded import records_folder
from labkit.records import LabBook
from labkit.records.files import open_connection
from labkit.sweeps import Sweep, run_sweep

NAMES = sorted(path.stem for path in records_folder().glob("*.toml"))


@pytest.mark.parametrize("name", NAMES)
def test_every_sweep_of_a_notebook_is_recorded_whole(name: str) -> None:
    sweep = Sweep.from_toml(records_folder() / f"{name}.toml")
    found = recorded(name)
    assert found.runs["point"].tolist() == [*sweep.keyed_runs()]
    assert found.runs["error"].isna().all()
    assert (found.runs["question"] == sweep.question).all()
    assert str(len(found.runs)) in str(found)
    assert "labkit" in str(found)


@pytest.mark.parametrize("name", NAMES)
def test_a_record_is_one_file_that_reading_leaves_as_it_is(name: str) -> None:
    file = records_folder() / f"{name}.sqlite"
    before = file.read_bytes()
    recorded(name)
    assert file.read_bytes() == before
    beside = {path.name for path in records_folder().glob(f"{name}.*")}
    assert beside == {f"{name}.sqlite", f"{name}.toml"}


def test_reading_a_record_opens_no_connection_that_would_make_files_beside_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    modes: list[str] = []

    def opened(path: Path, mode: str) -> sqlite3.Connection:
        modes.append(mode)
        return open_connection(path, mode)

    monkeypatch.setattr("labkit.records.files.open_connection", opened)
    monkeypatch.setattr("labkit.records.connections.open_connection", opened)
    recorded("12_stuck_masks")
    assert modes and {*modes} == {"mode=ro&immutable=1"}


def test_a_recorded_point_computed_anew_is_the_same(tmp_path: Path) -> None:
    whole = Sweep.from_toml(records_folder() / "01_random_networks.toml")
    one = Sweep(
        question=whole.question,
        seeds=[3],
        function=whole.function,
        name=whole.name,
        points=[{"task_name": "moons", "n_hidden": 12}],
    )
    book = LabBook(tmp_path / "book.sqlite")
    fresh = run_sweep(one, book, workers=0, progress=False).runs().iloc[0]
    runs = recorded("01_random_networks").runs
    then = runs[runs["point"] == fresh["point"]].iloc[0]
    assert fresh["result.minimum"] == pytest.approx(then["result.minimum"], abs=1e-9)
    assert fresh["result.subnetwork_accuracy"] == then["result.subnetwork_accuracy"]
    # training in float32 differs a little from machine to machine
    assert fresh["result.trained_accuracy"] == pytest.approx(
        then["result.trained_accuracy"], abs=0.03
    )
    assert fresh["ledger.forward_passes"] == then["ledger.forward_passes"] == 2**12 + 300


def test_an_unknown_record_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"name='x' is unknown \(known: 01_random_networks"):
        recorded("x")
