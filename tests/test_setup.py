"""The set-up finds a Python that fits, or says why there is none, and works only when it must."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

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


def find_python(folder: Path, asked: str = "") -> subprocess.CompletedProcess[str]:
    """Search with nothing but a folder on PATH, in an empty directory."""
    command = ["/bin/sh", str(ROOT / "tools/find_python.sh"), asked]
    return subprocess.run(
        command, cwd=folder, env={"PATH": str(folder)}, capture_output=True, text=True
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
def test_what_was_found_and_what_is_needed_is_said(tmp_path: Path) -> None:
    add_python(tmp_path, "python3", "echo '3.13 (too new)'")
    add_python(tmp_path, "python", "echo '2.7 (too old)'")
    search = find_python(tmp_path)
    assert search.returncode == 1
    assert search.stderr.splitlines() == [
        "No Python that fits: python3 is 3.13 (too new); python is 2.7 (too old).",
        "The lab needs Python 3.10, 3.11 or 3.12: install 3.11, "
        "or name one with PYTHON=/path/to/python3.11.",
    ]


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
    assert project[2] == ("--require-hashes", "-r", "requirements.lock")


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
        "from labkit.simulators import compiled; compiled.warm_up()"
    ]


def test_jupyterlab_is_told_to_ask_for_no_news(project: list[tuple[str, ...]]) -> None:
    setup_venv.main("requirements.lock")
    settings = setup_venv.VENV / "share/jupyter/lab/settings/overrides.json"
    (notification,) = json.loads(settings.read_text()).values()
    assert notification == {"fetchNews": "false", "checkForUpdates": False}
