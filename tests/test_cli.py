"""The command line: what each command does, and what it says of a mistake."""

from __future__ import annotations

import importlib
import io
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

import labkit
from labkit.cli import main
from labkit.platforms import TENSORFLOW_QUANTUM
from labkit.records import LabBook

DOCTOR = importlib.import_module("labkit.cli.doctor")  # labkit.cli has the command by this name
SWEEP = """
question = "Does a restart pay?"
seeds = {first = 0, count = 2}
selector = "one_flip_search"
[problem]
task_name = "moons"
[grid]
n_hidden = [4, 5]
restarts = [0, 1]
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LABKIT_BOOK", raising=False)
    monkeypatch.setattr(sys, "path", [*sys.path])
    return tmp_path


def labkit_says(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(main, arguments, env=environment)


def lines(*arguments: str, **environment: str) -> list[str]:
    """What a command that succeeds prints on standard output."""
    result = labkit_says(*arguments, **environment)
    assert result.exit_code == 0, result.output
    return result.stdout.splitlines()


def complaint(status: int, *arguments: str) -> str:
    """What a command that fails says, on standard error, in one line."""
    result = labkit_says(*arguments)
    assert result.exit_code == status, result.output
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("labkit: ")
    return line.removeprefix("labkit: ")


def fill(path: str = "lab_book.sqlite", n_entries: int = 3, **parameters: Any) -> LabBook:
    book = LabBook(path)
    for seed in range(n_entries):
        same = {"task_name": "moons", **parameters}
        given = {**same, "n_hidden": 4 + seed}
        book.record("q", parameters=given, seed=seed, result={"cost": seed / 3})
    return book


# Sweeps


def test_a_sweep_is_run_by_another_process_and_goes_on_where_it_was(folder: Path) -> None:
    (folder / "restarts.toml").write_text(SWEEP)
    command = [sys.executable, "-W", "error", "-m", "labkit", "sweep", "restarts.toml"]
    said = []
    for _ in range(2):
        ran = subprocess.run(
            [*command, "--workers", "1"], capture_output=True, text=True, timeout=1500, check=True
        )
        said.append(ran.stdout)
        assert "8/8" in ran.stderr  # the progress bar
    book = "in lab_book.sqlite\n"
    assert said[0] == f"8 points: 8 finished (8 of them now), 0 failed, 0 left; {book}"
    assert said[1] == f"8 points: 8 finished (0 of them now), 0 failed, 0 left; {book}"
    assert {path.name.partition("-")[0] for path in folder.iterdir()} == {
        "restarts.toml",
        "lab_book.sqlite",
    }


def test_a_function_beside_the_file_is_found_and_its_failures_end_in_status_1(
    folder: Path,
) -> None:
    (folder / "beside.py").write_text(
        "from labkit.sweeps import Outcome\n"
        "def third(parameters, seed):\n    return Outcome({'value': 3 / seed})\n"
    )
    (folder / "own.toml").write_text(
        'question = "q"\nseeds = [0, 1, 2]\nfunction = "beside:third"\n'
    )
    result = labkit_says("sweep", str(folder / "own.toml"), "--workers", "0", LABKIT_BOOK="b.db")
    assert result.exit_code == 1
    assert result.stdout == "3 points: 2 finished (2 of them now), 1 failed, 0 left; in b.db\n"
    said = "labkit: 1 points failed; why: labkit runs --columns seed,error --book b.db"
    assert result.stderr.splitlines()[-1] == said
    table = lines("runs", "--columns", "seed,error", "--book", "b.db")
    assert [line.split(maxsplit=1)[1:] for line in table[1:]] == [
        ["ZeroDivisionError: division by …"],
        [],
        [],
    ]


def test_an_interrupted_sweep_ends_in_status_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*arguments: Any, **options: Any) -> None:
        raise KeyboardInterrupt

    Path("s.toml").write_text(SWEEP)
    monkeypatch.setattr("labkit.sweeps.run_sweep", interrupt)
    result = labkit_says("sweep", "s.toml")
    assert result.exit_code == 130
    said = "what has come is in lab_book.sqlite, and the same command goes on"
    assert result.stderr == f"labkit: interrupted: {said}\n"


# Reading the book


def test_runs_shows_what_differs_and_what_came() -> None:
    book = fill(scale=2.0)
    expected = [["entry", "seed", "n_hidden", "cost"]]
    for row in book.runs().itertuples():
        cost = f"{row.seed / 3:.6g}"
        expected.append([str(row.entry)[:8], str(row.seed), str(4 + row.seed), cost])
    assert [line.split() for line in lines("runs")] == expected


def test_runs_are_filtered_by_conditions_that_all_hold() -> None:
    fill(n_entries=4)
    fill(n_entries=2, task_name="circles")

    def seeds(*conditions: str) -> list[str]:
        options = [word for condition in conditions for word in ("--where", condition)]
        return [line.strip() for line in lines("runs", "--columns", "seed", *options)[1:]]

    assert seeds("n_hidden=5") == ["1", "1"]
    assert seeds("n_hidden=5", "task_name=circles") == ["1"]
    assert seeds("n_hidden=5", "n_hidden=7", "task_name=moons") == ["1", "3"]
    assert lines("runs", "--where", "n_hidden=9") == ["no runs"]


def test_csv_holds_everything() -> None:
    book = fill(n_entries=60)
    Path("runs.csv").write_text(labkit_says("runs", "--csv").stdout)
    read = pd.read_csv("runs.csv")
    assert read["entry"].tolist() == book.runs()["entry"].tolist()
    np.testing.assert_allclose(read["result.cost"], np.arange(60) / 3)
    assert [*read.columns] == [*book.runs().columns]


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "utf-16", "utf-8"])
def test_a_pipe_of_any_encoding_gets_what_it_can_hold(folder: Path, encoding: str) -> None:
    book = LabBook("lab_book.sqlite")
    book.record("Does γ matter?", result={"text": "γ 1.00, β 0.23"})
    book.record("again", hypothesis="ħ", result={"text": "é"})
    book.close()

    def said(*arguments: str) -> bytes:
        return subprocess.run(
            [sys.executable, "-m", "labkit", *arguments],
            env={**os.environ, "PYTHONIOENCODING": encoding},
            capture_output=True,
            check=True,
        ).stdout

    assert "γ 1.00, β 0.23" in said("runs", "--csv").decode("utf-8")
    shown = "γ 1.00" if encoding.startswith("utf") else "? 1.00"
    assert shown in said("runs").decode(encoding)
    assert "ψ.csv" in said("export", "ψ.csv").decode(encoding) or Path("ψ.csv").exists()


def test_tables_that_commands_write_hold_no_formula() -> None:
    book = LabBook("lab_book.sqlite")
    book.record('=HYPERLINK("http://x")', parameters={"note": "@SUM(1,1)"}, conclusion="+1 more")
    book.record("q", parameters={"note": ["=1"]}, result={"cost": -0.5, "n": -3}, error="-1\n=1")
    lines("export", "report")
    for text in (labkit_says("runs", "--csv").stdout, Path("report/runs.csv").read_text("utf-8")):
        table = pd.read_csv(io.StringIO(text))
        assert table["question"].tolist() == ['\'=HYPERLINK("http://x")', "q"]
        assert table["parameters.note"][0] == "'@SUM(1,1)"
        assert table["conclusion"][0] == "'+1 more"
        assert table["error"][1] == "'-1\n=1"
        assert (table["result.cost"][1], table["result.n"][1]) == (-0.5, -3)
    page = Path("report/report.html").read_text("utf-8")
    assert ">&#39;=HYPERLINK" in page and ">&#39;@SUM" in page
    assert ">=" not in page and ">@" not in page and ">-0.5<" in page


@pytest.mark.parametrize("mask", ["10110010", "01101001", "1" * 64])
def test_runs_are_found_by_their_mask(mask: str) -> None:
    book = LabBook("lab_book.sqlite")
    for each in ("10110010", "01101001", "1" * 64):
        book.record("q", result={"mask_string": each})
    found = lines("runs", "--where", f"result.mask_string={mask}", "--columns", "entry")
    assert len(found) == 2


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_table_is_as_wide_as_the_terminal_and_says_what_it_leaves_out(
    width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    results = {f"quantity_{i}": i / 7 for i in range(30)}
    book = LabBook("lab_book.sqlite")
    for seed in range(50):
        book.record("q", seed=seed, result=results, parameters={"text": f"{seed} " + "long " * 50})
    *table, last = lines("runs")
    assert max(map(len, table)) <= width
    assert len(table) == 41
    assert table[-1].split()[1] == "49"
    assert last.startswith("not shown: the first 10 of 50 runs (--csv has all) and ")
    shown = len(table[0].split())
    assert f"and {2 + 1 + 30 - shown} columns (--columns picks)" in last


def test_what_a_terminal_would_obey_is_not_printed() -> None:
    book = LabBook("lab_book.sqlite")
    book.record("q", parameters={"name": "\x1b[2J\u202egone"})
    book.record("q", parameters={"name": "two\nlines"})
    text = labkit_says("runs", "--columns", "name").stdout
    assert [line.strip() for line in text.splitlines()] == ["name", "\ufffd[2J\ufffdgone", "two"]


def test_export_says_which_files_it_wrote_and_overwrites_nothing(folder: Path) -> None:
    fill()
    written = lines("export", "report")
    assert sorted(Path(path).suffix for path in written) == [".csv", ".html", ".parquet"]
    assert all((folder / path).stat().st_size for path in written)
    assert lines("export", "runs.csv") == ["runs.csv"]
    before = Path("runs.csv").read_bytes()
    assert "runs.csv" in complaint(1, "export", "runs.csv")
    assert Path("runs.csv").read_bytes() == before


def test_export_without_pyarrow_says_what_is_left_out(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("labkit.records.reports.find_spec", lambda name: None)
    fill()
    result = labkit_says("export", "report")
    assert result.exit_code == 0
    assert [Path(line).name for line in result.stdout.splitlines()] == ["report.html", "runs.csv"]
    said = "labkit: report/runs.parquet is left out: Parquet needs pyarrow (pip install pyarrow)\n"
    assert result.stderr == said.replace("/", os.sep)
    assert "cannot be written: Parquet needs pyarrow" in complaint(1, "export", "a.parquet")


def test_merge_takes_each_entry_once() -> None:
    fill("ada.sqlite", 3)
    fill("ben.sqlite", 1)
    said = ["ada.sqlite: 3 new entries", "ben.sqlite: 1 new entry"]
    assert lines("merge", "ada.sqlite", "ben.sqlite", "--book", "class.sqlite") == said
    again = lines("merge", "ben.sqlite", LABKIT_BOOK="class.sqlite")
    assert again == ["ben.sqlite: 0 new entries"]
    assert len(LabBook("class.sqlite")) == 4


# Mistakes


@pytest.mark.parametrize(
    ("status", "arguments", "said"),
    [
        (2, ["swep"], "No such command 'swep'"),
        (2, ["runs", "--wher", "x=1"], "No such option"),
        (2, ["runs", "--where", "x"], "'x' is not name=value"),
        (2, ["runs", "--where", "x="], "'x=' is not name=value"),
        (2, ["sweep"], "Missing argument 'FILE'"),
        (2, ["sweep", "none.toml"], "'none.toml' does not exist"),
        (2, ["sweep", "s.toml", "--workers", "-1"], "-1 is not in the range"),
        (2, ["sweep", "s.toml", "--workers", "1", "--scheduler", "tcp://a:1"], "both given"),
        (1, ["sweep", "wrong.toml"], "wrong.toml: key 'question' is missing"),
        (1, ["sweep", "s.toml", "--book", "s.toml", "--workers", "0"], "s.toml"),
        (1, ["sweep", "s.toml", "--scheduler", "nonsense"], "nonsense"),
        (1, ["runs"], "there is no lab book lab_book.sqlite"),
        (1, ["runs", "--book", "s.toml"], "s.toml"),
        (1, ["runs", "--book", "full.sqlite", "--columns", "colour"], "column 'colour' is unknown"),
        (1, ["export", "report"], "there is no lab book lab_book.sqlite"),
        (2, ["merge"], "Missing argument 'OTHER...'"),
        (2, ["merge", "none.sqlite"], "'none.sqlite' does not exist"),
        (1, ["merge", "s.toml"], "s.toml"),
    ],
)
def test_a_mistake_is_told_in_one_line(status: int, arguments: list[str], said: str) -> None:
    Path("s.toml").write_text(SWEEP)
    Path("wrong.toml").write_text("seeds = [1]")
    fill("full.sqlite", 1)
    assert said in complaint(status, *arguments)


def test_a_mistake_of_ours_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(path: Path) -> None:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr("labkit.cli.books.open_book", break_down)
    assert isinstance(labkit_says("runs").exception, ZeroDivisionError)


# Help


def test_every_command_explains_itself_with_an_example() -> None:
    for name in ("", *main.commands):
        text = "\n".join(lines(*filter(None, [name]), "--help"))
        assert f"  labkit {name}" in text.partition("Example:")[2]
    assert lines("--version") == [f"labkit {labkit.__version__}"]
    assert lines() == lines("--help")


def test_help_and_doctor_load_nothing_heavy() -> None:
    heavy = ("cirq", "tensorflow", "numba", "pandas", "distributed", "keras")
    code = (
        "import sys\nfrom labkit.cli import main\n"
        "try: main(sys.argv[1:])\nexcept SystemExit: pass\n"
        f"print([m for m in {heavy} if m in sys.modules])"
    )
    for word in ("--help", "doctor"):
        said = subprocess.check_output([sys.executable, "-c", code, word], text=True)
        assert said.splitlines()[-1] == "[]"


# The doctor


def test_the_doctor_states_versions_cores_and_memory() -> None:
    said = labkit_says("doctor").output
    for expected in (
        f"labkit {labkit.__version__} on Python {platform.python_version()}",
        f"numpy {np.__version__}",
        f"pandas {pd.__version__}",
        "of memory can be used",
        "can be used",
        "free on the disk",
    ):
        assert expected in said


def test_the_doctor_names_what_the_lock_has_and_this_machine_has_not(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = (
        f"numpy=={np.__version__} \\\n    --hash=sha256:0\n    # via labkit==1\n"
        "pandas==0.1 ; python_full_version >= '3.10' \\\n"
        "not-a-package==1.0\nnot-here-either==2 ; sys_platform == 'nowhere'\n"
    )
    (folder / "requirements.lock").write_text(lock)
    monkeypatch.setattr(DOCTOR, "CHECKOUT", folder)
    result = labkit_says("doctor")
    assert result.exit_code == 1
    assert "--  of requirements.lock, missing: not-a-package\n      type: " in result.output
    assert f"not as locked: pandas {pd.__version__} (lock: 0.1)\n      type: " in result.output
    (folder / "requirements.lock").write_text(lock.splitlines()[0])
    assert "all 1 packages are as in requirements.lock" in labkit_says("doctor").output


def test_the_doctor_says_what_to_type_for_each_thing_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    version = DOCTOR.installed_version
    gone = {"tensorflow-quantum", "dimod"}
    monkeypatch.setattr(DOCTOR, "installed_version", lambda p: None if p in gone else version(p))
    monkeypatch.setattr(DOCTOR, "_are_loops_compiled", lambda: False)
    monkeypatch.setattr(DOCTOR, "memory_limit", lambda: 2**20)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(DOCTOR, "missing_here", lambda: [])
    result = labkit_says("doctor")
    assert result.exit_code == 1
    told = result.output.splitlines()
    for missing in (
        "missing: dimod",
        "TensorFlow Quantum is missing",
        "loops are not compiled",
        "git is missing",
    ):
        (number,) = [i for i, line in enumerate(told) if line.startswith("--") and missing in line][
            :1
        ]
        assert told[number + 1].startswith("      type: ")
    assert any(line.startswith("--  1.0 MiB of memory can be used (close") for line in told)
    monkeypatch.setattr(DOCTOR, "missing_here", lambda: [TENSORFLOW_QUANTUM])
    assert "TensorFlow Quantum is missing: it exists for" in labkit_says("doctor").output


def test_the_doctor_says_what_each_python_gets_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    assert (
        "on this platform Python 3.10, 3.11, 3.12 gets everything; "
        "Python 3.13 gets all but TensorFlow Quantum; "
        "Python 3.14 gets all but TensorFlow Quantum and Keras"
    ) in labkit_says("doctor").output


def test_loops_are_compiled_when_their_cache_is_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(labkit, "__file__", str(folder / "labkit" / "__init__.py"))
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(folder / "cache"))
    assert not DOCTOR._are_loops_compiled()
    (folder / "cache" / "deep").mkdir(parents=True)
    version = "".join(map(str, sys.version_info[:2]))
    (folder / "cache" / "deep" / f"kernels.gradient-1.py{version}.nbi").touch()
    assert DOCTOR._are_loops_compiled()
