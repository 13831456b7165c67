"""Run the sweeps of data/records/*.toml anew, into the lab books that the notebooks load.

usage: python tools/make_records.py [NAME ...]

A record is replaced once all of its points have a result. Until then its new points stand in
build/records; interrupted, the next call goes on with them. Run it at a commit: the book names it.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from labkit.sweeps import Sweep, run_sweep

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "data" / "records"
WORKSHOP = ROOT / "build" / "records"


def main(names: Sequence[str]) -> int:
    """Makes the records that are named, or all of them.

    Returns:
        0 if every point of each has a result.
    """
    files = {file.stem: file for file in sorted(FOLDER.glob("*.toml"))}
    if unknown := sorted({*names} - {*files}):
        print(f"no such record: {', '.join(unknown)} (there are {', '.join(files)})")
        return 2
    return max([make_record(files[name]) for name in names or files], default=0)


def make_record(file: Path) -> int:
    """Runs one sweep and puts its book beside the file of its sweep; returns 0 if all is there."""
    WORKSHOP.mkdir(parents=True, exist_ok=True)
    book = WORKSHOP / file.with_suffix(".sqlite").name
    report = run_sweep(Sweep.from_toml(file), book)
    print(f"{file.stem}: {report}")
    if report.failed or report.left:
        return 1
    shutil.move(book, file.with_suffix(".sqlite"))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
