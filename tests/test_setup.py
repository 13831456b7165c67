"""The set-up finds a Python that fits, or says why there is none, and works only when it must."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import lab
import pytest
import setup_venv

ROOT = Path(__file__).resolve().parents[1]
POSIX_ONLY = pytest.mark.skipif(os.name == "nt", reason="a shell script, for make")


def add_python(folder: Path, name: str, says: str) -> None:
    """Put a command into a folder that answers like Python asked for its version."""
    command = folder / name
    command.parent.mkdir(parents=True, exist_ok=True)
    command.write_text(f"#!/bin/sh\n{says}\n")
    command.chmod(0o755)


def find_python(folder: Path, asked: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    """Search with nothing but a folder on PATH, in an empty directory."""
    command = ["/bin/sh", str(ROOT / "tools/find_python.sh"), asked]
    return subprocess.run(
        command, cwd=folder, env={"PATH": str(folder), **env}, capture_output=True, text=True
    )


@POSIX_ONLY
def test_a_python_that_does_not_run_is_passed_over(tmp_path: Path) -> None:
    add_python(tmp_path, "python3.11", "exit 127")  # as a pyenv shim may
    add_python(tmp_path, "python3", "echo '3.12 (fits)'")
    assert find_python(tmp_path).stdout.strip() == str(tmp_path / "python3")


@POSIX_ONLY
def test_this_python_fits(tmp_path: Path) -> None:
    found = find_python(tmp_path, sys.executable)
    assert found.stdout.strip() == sys.executable, found.stderr


@POSIX_ONLY
def test_a_python_may_be_named_from_home(tmp_path: Path) -> None:
    add_python(tmp_path, "home/of mine/python3", "echo '3.12 (fits)'")
    found = find_python(tmp_path, "~/of mine/python3", HOME=str(tmp_path / "home"))
    assert found.stdout.strip() == str(tmp_path / "home/of mine/python3")


@POSIX_ONLY
def test_what_was_found_and_what_is_needed_is_said(tmp_path: Path) -> None:
    add_python(tmp_path, "python3", "echo '3.15 (too new)'")
    add_python(tmp_path, "python", "echo '2.7 (too old)'")
    search = find_python(tmp_path)
    assert search.returncode == 1
    assert search.stderr.splitlines() == [
        "No Python that fits: python3 is 3.15 (too new); python is 2.7 (too old).",
        "The lab needs Python 3.10 to 3.14: install 3.12, "
        "name one with PYTHON=/path/to/python3.12, or install uv and set LAB_PYTHON=uv.",
    ]


@POSIX_ONLY
def test_a_python_for_which_every_package_exists_comes_first(tmp_path: Path) -> None:
    add_python(tmp_path, "python3.14", "echo '3.14 (fits in part)'")
    add_python(tmp_path, "python3.13", "echo '3.13 (fits in part)'")
    assert find_python(tmp_path).stdout.strip() == str(tmp_path / "python3.13")
    assert find_python(tmp_path, "python3.14").stdout.strip() == str(tmp_path / "python3.14")
    add_python(tmp_path, "python3", "echo '3.10 (fits)'")
    assert find_python(tmp_path).stdout.strip() == str(tmp_path / "python3")


UV = """
case "$*" in
"python find --no-project 3.12") [ -e "$HOME/fetched" ] && echo "$HOME/fetched" ;;
"python install 3.12") echo "downloading"; echo >"$HOME/fetched" ;;
*) exit 9 ;;
esac
"""


@POSIX_ONLY
@pytest.mark.parametrize("others", [["python3.13"], []])
def test_uv_fetches_a_python_where_that_is_agreed_to(tmp_path: Path, others: list[str]) -> None:
    for name in others:
        add_python(tmp_path, name, "echo '3.13 (fits in part)'")
    add_python(tmp_path, "uv", UV)
    fetched = find_python(tmp_path, LAB_PYTHON="uv", HOME=str(tmp_path))
    assert fetched.stdout.strip() == str(tmp_path / "fetched"), fetched.stderr
    assert "downloading" in fetched.stderr
    again = find_python(tmp_path, LAB_PYTHON="uv", HOME=str(tmp_path))
    assert (again.stdout.strip(), again.stderr) == (str(tmp_path / "fetched"), "")


@POSIX_ONLY
def test_where_nobody_agrees_or_uv_fails_what_there_is_serves(tmp_path: Path) -> None:
    add_python(tmp_path, "python3.13", "echo '3.13 (fits in part)'")
    add_python(tmp_path, "uv", "echo 'no network' >&2; exit 1")
    search = find_python(tmp_path)
    assert (search.stdout.strip(), search.stderr) == (str(tmp_path / "python3.13"), "")
    search = find_python(tmp_path, LAB_PYTHON="uv")
    assert search.stdout.strip() == str(tmp_path / "python3.13")
    assert "uv could not fetch Python 3.12" in search.stderr


@pytest.mark.parametrize("version", [(3, 9), (3, 15)])
def test_a_python_that_no_package_exists_for_is_refused(
    monkeypatch: pytest.MonkeyPatch, version: tuple[int, int]
) -> None:
    monkeypatch.setattr(sys, "version_info", (*version, 0))
    with pytest.raises(setup_venv.SetupError, match=r"needs 3\.10 to 3\.14: .*py -3\.12 tools"):
        setup_venv.check_python()


def test_what_a_python_does_without_is_said_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    told = {}
    for minor in range(10, 15):
        monkeypatch.setattr(sys, "version_info", (3, minor, 0))
        setup_venv.check_python()
        told[minor] = capsys.readouterr().out
    assert told[10] == told[11] == told[12] == ""
    assert told[13].startswith("Python 3.13 does without TensorFlow Quantum: notebook 09 shows")
    assert told[14].startswith("Python 3.14 does without TensorFlow Quantum and Keras: ")
    for line in (told[13], told[14]):
        assert line.count("\n") == 1
        assert "make lab PYTHON=python3.12, or LAB_PYTHON=uv make lab" in line
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    setup_venv.check_python()  # on 3.14
    assert "LAB_PYTHON=uv" in capsys.readouterr().out  # for Keras
    monkeypatch.setattr(sys, "version_info", (3, 13, 0))
    setup_venv.check_python()
    assert "LAB_PYTHON" not in capsys.readouterr().out  # no other Python has more there


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What `lab.py` runs, in order, where nothing is installed or started."""
    commands: list[list[str]] = []
    monkeypatch.setattr(setup_venv, "main", lambda lock: commands.append([lock]))
    monkeypatch.setattr(os, "execv", lambda _, command: commands.append(command[1:]))

    def run(command: list[str]) -> subprocess.CompletedProcess[str]:
        commands.append(command[1:])
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(subprocess, "call", lambda command: 0)
    return commands


def test_the_lab_is_opened_after_its_lock_is_installed(started: list[list[str]]) -> None:
    lab.main("lab", ["--port=9999"])
    assert started[0] == ["requirements.lock"]
    if os.name != "nt":
        assert started[1][:2] == ["-m", "jupyterlab"] and started[1][-1] == "--port=9999"


def test_the_tests_run_after_the_dev_lock_and_a_browser(started: list[list[str]]) -> None:
    lab.main("test", ["-k", "grover"])
    assert started[:2] == [
        ["requirements-dev.lock"],
        ["tests/browser/find_browser.py", "--install"],
    ]
    if os.name != "nt":
        assert started[2][:2] == ["-m", "pytest"] and started[2][-2:] == ["-k", "grover"]


@pytest.mark.skipif(sys.platform != "linux", reason="a display is looked for on Linux")
def test_without_a_display_no_browser_is_opened() -> None:
    assert "--no-browser" in lab.where_it_runs({})
    assert "--no-browser" not in lab.where_it_runs({"DISPLAY": ":0"})


@POSIX_ONLY
def test_the_python_asked_for_is_the_only_one_tried(tmp_path: Path) -> None:
    add_python(tmp_path, "python3.11", "echo '3.11 (fits)'")
    add_python(tmp_path, "mine", "echo '3.9 (too old)'")
    search = find_python(tmp_path, "mine")
    assert search.returncode == 1
    assert search.stderr.startswith("PYTHON=mine cannot be used: mine is 3.9 (too old).")


@POSIX_ONLY
@pytest.mark.parametrize(
    ("says", "reason"),
    [("echo '3.9 (too old)'", ".venv/bin/python is 3.9 (too old)"), ("exit 127", "is gone")],
)
def test_a_venv_that_cannot_be_used_is_not_replaced(tmp_path: Path, says: str, reason: str) -> None:
    add_python(tmp_path, "python3.11", "echo '3.11 (fits)'")
    add_python(tmp_path, ".venv/bin/python", says)
    search = find_python(tmp_path)
    assert search.returncode == 1
    assert reason in search.stderr
    assert "rm -rf .venv" in search.stderr


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """A fresh project whose set-up runs nothing; the list holds what pip was asked for."""
    for name in ("requirements.lock", "requirements-dev.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    venv = tmp_path / ".venv"
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(setup_venv, "ROOT", tmp_path)
    monkeypatch.setattr(setup_venv, "VENV", venv)
    monkeypatch.setattr(setup_venv, "UNFINISHED", venv / "unfinished")
    monkeypatch.setattr(setup_venv, "LOG", venv / "install.log")
    monkeypatch.setattr(setup_venv, "VENV_PYTHON", venv / "bin/python")
    monkeypatch.setattr(setup_venv, "run_pip", lambda log, *arguments: asked.append(arguments))
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: None)  # no venv is made
    return asked


@pytest.mark.parametrize("how", ["PIP_USER", "pip.conf"])
def test_a_pip_that_is_set_to_install_for_the_user_installs_into_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    (tmp_path / "pip.conf").write_text("[install]\nuser = true\n")
    name, value = {
        "PIP_USER": ("PIP_USER", "1"),
        "pip.conf": ("PIP_CONFIG_FILE", str(tmp_path / "pip.conf")),
    }[how]
    monkeypatch.setenv(name, value)
    for elsewhere in ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT"):
        monkeypatch.setenv(elsewhere, str(tmp_path))
    monkeypatch.setattr(setup_venv, "VENV_PYTHON", Path(sys.executable))
    with (tmp_path / "log").open("w", encoding="utf-8") as log:
        setup_venv.run_pip(log, "--no-index", "--dry-run", "pip")  # which is there already
    assert "already satisfied" in (tmp_path / "log").read_text(encoding="utf-8")


def test_a_second_call_installs_nothing(project: list[tuple[str, ...]]) -> None:
    setup_venv.main("requirements-dev.lock")
    assert len(project) == 2
    setup_venv.main("requirements-dev.lock")
    setup_venv.main("requirements.lock")  # which the other contains
    assert len(project) == 2


def test_a_changed_lock_is_installed(project: list[tuple[str, ...]]) -> None:
    setup_venv.main("requirements.lock")
    with (setup_venv.ROOT / "requirements.lock").open("a") as lock:
        lock.write("# renewed\n")
    setup_venv.main("requirements.lock")
    assert project[2] == ("--no-deps", "--require-hashes", "-r", "requirements.lock")


def test_an_interrupted_installation_is_begun_again(
    project: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        (setup_venv.VENV / "half-a-package").touch()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(setup_venv, "run_pip", interrupt)
        setup_venv.main("requirements.lock")
    setup_venv.main("requirements.lock")
    assert len(project) == 2
    assert not (setup_venv.VENV / "half-a-package").exists()


def test_a_venv_of_another_python_is_refused(
    project: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup_venv, "has_pip", lambda: True)
    monkeypatch.setattr(subprocess, "check_output", lambda *_, **__: "3.9\n")
    with pytest.raises(setup_venv.SetupError, match=r"^\.venv was made with Python 3\.9, and"):
        setup_venv.main("requirements.lock")
    assert not project


def test_the_simulator_is_compiled_once(
    project: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[list[str]] = []
    monkeypatch.setattr(subprocess, "run", lambda command, **_: ran.append(command))
    monkeypatch.setattr(setup_venv, "has_pip", lambda: False)
    for _ in range(2):
        setup_venv.main("requirements.lock")
    assert [command[-1] for command in ran if "-c" in command] == [
        "from labkit.simulators import engine; engine.warm_up()"
    ]


def test_jupyterlab_is_told_to_ask_for_no_news(project: list[tuple[str, ...]]) -> None:
    setup_venv.main("requirements.lock")
    settings = setup_venv.VENV / "share/jupyter/lab/settings/overrides.json"
    (notification,) = json.loads(settings.read_text()).values()
    assert notification == {"fetchNews": "false", "checkForUpdates": False}
