"""Run the sweeps of data/records/*.toml into lab books beside them, for the notebooks to load.

usage: python tools/make_records.py [NAME ...]

Points that a book has already are not run again; to make a record anew, remove its .sqlite.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from labkit.sweeps import Sweep, run_sweep

FOLDER = Path(__file__).resolve().parents[1] / "data" / "records"


def main(names: Sequence[str]) -> int:
    """Runs the sweeps, all of them without names.

    Returns:
        0 if every point of each has a result.
    """
    status = 0
    for file in sorted(FOLDER.glob("*.toml")):
        if names and file.stem not in names:
            continue
        book = file.with_suffix(".sqlite")
        report = run_sweep(Sweep.from_toml(file), book)
        print(f"{file.stem}: {report}")
        status |= bool(report.failed or report.left)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
