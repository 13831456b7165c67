"""Binder: it can plan a build, of an environment that lies apart from the content."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
import yaml
from binder_environment import NAME, binder_files, write_files
from make_book import BINDER

ROOT = Path(__file__).resolve().parents[1]
LINUX_ONLY = pytest.mark.skipif(sys.platform != "linux", reason="repo2docker plans for Linux")


def plan_binder_build(directory: Path) -> subprocess.CompletedProcess[str]:
    """Let repo2docker say how it would build an image: without Docker, without the network."""
    command = [sys.executable, "-m", "repo2docker", "--no-build", "--debug", str(directory)]
    return subprocess.run(command, capture_output=True, text=True, timeout=1500)


@pytest.fixture
def top_level(tmp_path: Path) -> Path:
    """A directory with what repo2docker looks at: the files at the top, and its own directories."""
    for path in ROOT.iterdir():
        if path.is_file():
            shutil.copy(path, tmp_path)
        elif path.name in ("binder", ".binder"):
            shutil.copytree(path, tmp_path / path.name)
    return tmp_path


@LINUX_ONLY
def test_binder_builds_from_environment_yml_with_python_3_12(top_level: Path) -> None:
    plan = plan_binder_build(top_level)
    said = plan.stdout + plan.stderr
    assert plan.returncode == 0, said
    assert "Building conda environment for python=3.12" in said
    assert 'env update -p ${NB_PYTHON_PREFIX} --file "environment.yml"' in said


@pytest.fixture
def binder(tmp_path: Path) -> Path:
    """What lies on the branch that Binder builds from."""
    write_files(tmp_path / "binder")
    return tmp_path / "binder"


def test_binder_s_environment_is_environment_yml_without_labkit(binder: Path) -> None:
    whole = (ROOT / "environment.yml").read_text("utf-8").splitlines()
    there = (binder / "environment.yml").read_text("utf-8").splitlines()
    missing = [line for line in whole if line not in there]
    assert [line.strip() for line in missing] == ["- -e ."]
    assert [line for line in there if "nbgitpuller==" in line]
    with pytest.raises(ValueError, match="lacks the line"):
        binder_files("dependencies: []")


@LINUX_ONLY
def test_binder_builds_the_environment_alone(binder: Path) -> None:
    plan = plan_binder_build(binder)
    said = plan.stdout + plan.stderr
    assert plan.returncode == 0, said
    assert "Building conda environment for python=3.12" in said
    assert "./postBuild" in said and "./notebooks" not in said


@LINUX_ONLY
def test_labkit_is_imported_from_the_content_that_is_pulled_later(
    binder: Path, tmp_path: Path
) -> None:
    python = tmp_path / "env" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", python.parents[1]], check=True)
    path = {"PATH": f"{python.parent}:/usr/bin:/bin"}
    subprocess.run(["./postBuild"], cwd=binder, env=path, check=True)
    content = binder / "quantum-neuron-selection-lab" / "labkit"
    content.mkdir(parents=True)
    (content / "__init__.py").write_text("")
    (content / "__main__.py").write_text("import sys; print(sys.argv[1:], 'from', __file__)")
    said = subprocess.run(["labkit", "doctor"], cwd="/", env=path, capture_output=True, text=True)
    assert said.stdout.strip() == f"['doctor'] from {content / '__main__.py'}", said.stderr


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    """A repository with what the workflow reads."""
    folder = tmp_path / "origin"
    (folder / "tools").mkdir(parents=True)
    for name in ("environment.yml", "tools/binder_environment.py"):
        shutil.copy(ROOT / name, folder / name)
    git(folder, "init", "--quiet", "--initial-branch=main")
    commit_all(folder)
    return folder


def git(folder: Path, *words: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
    command = ["git", *identity, *words]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


def commit_all(folder: Path) -> None:
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message=all")


def renew(origin: Path, clone: Path) -> tuple[list[str], int]:
    """Does as the workflow in a fresh clone; returns the branch's files and its commits' number."""
    workflow = yaml.safe_load((ROOT / ".github/workflows/binder.yml").read_text("utf-8"))
    script = workflow["jobs"]["renew"]["steps"][-1]["run"]
    clone.parent.mkdir()
    git(origin, "clone", "--quiet", str(origin), str(clone))
    environment = {**os.environ, "GITHUB_SHA": "a commit"}
    subprocess.run(["bash", "-e", "-c", script], cwd=clone, env=environment, check=True)
    names = git(origin, "ls-tree", "--name-only", "binder-environment").split()
    return names, len(git(origin, "log", "--format=%h", "binder-environment").split())


@LINUX_ONLY
def test_the_branch_is_renewed_when_the_environment_changes_and_only_then(
    origin: Path, tmp_path: Path
) -> None:
    files = ["README.md", "environment.yml", "postBuild"]
    assert renew(origin, tmp_path / "first" / "main") == (files, 1)
    assert renew(origin, tmp_path / "second" / "main") == (files, 1)
    with (origin / "environment.yml").open("a") as environment:
        environment.write("# changed\n")
    commit_all(origin)
    assert renew(origin, tmp_path / "third" / "main") == (files, 2)


def test_a_link_to_binder_names_the_environment_and_the_content_to_pull() -> None:
    link = BINDER.format(notebook="00_welcome.ipynb")
    assert f"]({link})" in (ROOT / "README.md").read_text("utf-8")
    parts = urlsplit(link)
    assert parts.path == f"/v2/gh/{NAME}/{NAME}/binder-environment"
    ((_, puller),) = parse_qsl(parts.query)
    path, _, query = puller.partition("?")
    assert path == "git-pull" and dict(parse_qsl(query)) == {
        "repo": f"https://github.com/{NAME}/{NAME}",
        "branch": "main",
        "urlpath": f"lab/tree/{NAME}/notebooks/00_welcome.ipynb",
    }


@LINUX_ONLY
def test_binder_refuses_a_broken_environment_yml(top_level: Path) -> None:
    (top_level / "environment.yml").write_text("dependencies: [python=3.12\n")
    assert plan_binder_build(top_level).returncode != 0
