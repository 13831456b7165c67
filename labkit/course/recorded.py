"""Recorded results: what a notebook loads instead of computing for minutes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import labkit
from labkit.browser import at_hand
from labkit.course.wording import say
from labkit.limits import check_choice

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = ("labkit", "Python", "numpy", "tensorflow")


@dataclass(frozen=True, eq=False)
class Recorded:
    """The runs of a sweep, and where they come from.

    Attributes:
        name: of the record, such as '01_random_networks'.
        runs: a row for each point, see `labkit.records.LabBook.runs`.
        n_changed: how many were computed by another code than the one that is here now.
    """

    name: str
    runs: pd.DataFrame = field(repr=False)
    n_changed: int = 0

    def __str__(self) -> str:
        first, last, seeds = self.runs.iloc[0], self.runs.iloc[-1], self.runs["seed"]
        versions = ", ".join(f"{name} {last[f'versions.{name}']}" for name in _SHOWN)
        return say(
            "recorded.runs_seeds_to_recorded",
            n_runs=len(self.runs),
            min=seeds.min(),
            max=seeds.max(),
            started=first["started"],
            versions=versions,
            name=self.name,
        ) + (
            say("recorded.were_computed_by_an", n_changed=self.n_changed) if self.n_changed else ""
        )

    def _repr_markdown_(self) -> str:
        return say("recorded.recorded", value=self)


def recorded(name: str, *, rerun: bool = False) -> Recorded:
    """Loads a recorded result, or computes it again.

    Args:
        name: of a file in data/records, without its ending.
        rerun: run the sweep into the lab book of this folder (`labkit.records.default_path`), with
            a progress bar. Interrupted, it goes on where it was when it is run again.

    Raises:
        ValueError: there is no such record, or a point that its sweep asks for is not in it.
        FileNotFoundError: the records are missing.
    """
    from labkit.records import LabBook, default_path
    from labkit.sweeps import Sweep, run_sweep
    from labkit.sweeps.running import find_changed

    folder = records_folder()
    check_choice("name", name, sorted(path.stem for path in folder.glob("*.toml")))
    sweep = Sweep.from_toml(folder / f"{name}.toml")
    if rerun:
        return Recorded(name, run_sweep(sweep, LabBook(default_path())).runs())
    runs = _read(at_hand(folder / f"{name}.sqlite"))
    wanted = sweep.keyed_runs()
    if missing := [run for key, run in wanted.items() if key not in {*runs["point"]}]:
        parameters, seed = missing[0]
        raise ValueError(
            f"record {name!r} lacks {len(missing)} of the {len(wanted)} points of {name}.toml, "
            f"first seed {seed} of {parameters}: run `make records`, or recorded({name!r}, "
            "rerun=True)"
        )
    found = runs.set_index("point").loc[[*wanted]].reset_index()
    return Recorded(name, found, len(find_changed(sweep, found)))


def _read(path: Path) -> pd.DataFrame:
    """A record's runs without an error; no file beside it comes and goes, as many may read it."""
    from labkit.records.connections import Connections
    from labkit.records.tables import find_runs

    with Connections(path).reading(untouched=True) as connection:
        return find_runs(connection, path, {"error": None})


def records_folder() -> Path:
    """`recorded/` in an installed package, `data/records/` in a checkout."""
    package = Path(labkit.__file__).parent
    folders = (package / "recorded", package.parent / "data" / "records")
    if there := next(filter(Path.is_dir, folders), None):
        return there
    raise FileNotFoundError(f"the records are missing: found neither {folders[0]} nor {folders[1]}")
