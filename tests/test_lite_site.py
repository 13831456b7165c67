"""The site that runs the lab in a browser, as far as it needs no browser and no Pyodide."""

from __future__ import annotations

import json
import sys
import zipfile
from collections.abc import Iterator
from hashlib import sha256
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

import lite
import pytest
from lite_bytecode import put_byte_code
from lite_lock import CORE, FIRST, LiteError, Pyodide, check_folder, entry_of
from lite_trim import trim
from lite_wheels import COMPILED_TOO, ROOT, needed_here

from labkit.browser import FetchingFinder

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site that takes Pyodide from the network; nothing is fetched to build it."""
    folder = tmp_path_factory.mktemp("lite") / "site"
    lite.build(folder)
    return folder


@pytest.fixture
def lock(site: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((site / "static/pyodide/pyodide-lock.json").read_text())
    return found


def test_every_notebook_is_in_the_site_with_what_it_shows(site: Path) -> None:
    listed = json.loads((site / "api/contents/all.json").read_text())["content"]
    assert sorted(one["path"] for one in listed) == [path.name for path in NOTEBOOKS]
    for path in NOTEBOOKS:
        whole = json.loads(path.read_text(encoding="utf-8"))
        shown = json.loads((site / "files" / path.name).read_text(encoding="utf-8"))
        assert len(shown["cells"]) == len(whole["cells"])
        for ours, theirs in zip(whole["cells"], shown["cells"], strict=True):
            assert "".join(ours["source"]) == theirs["source"]
            assert len(ours.get("outputs", [])) == len(theirs.get("outputs", []))


def test_the_lock_names_each_wheel_of_the_site_with_its_sum(
    site: Path, lock: dict[str, Any]
) -> None:
    folder = site / "static/pyodide"
    wheels = {path.name: path for path in folder.glob("*.whl")}
    named = {one["file_name"] for one in lock["packages"].values()}
    assert {*wheels} == {name for name in named if not name.startswith("https://")}
    for name, path in wheels.items():
        one = next(one for one in lock["packages"].values() if one["file_name"] == name)
        assert one["sha256"] == sha256(path.read_bytes()).hexdigest()


def test_what_comes_from_the_network_has_the_sum_of_the_official_lock(lock: dict[str, Any]) -> None:
    official = Pyodide.official()
    for name, one in official.packages.items():
        found = lock["packages"][name]
        assert found["sha256"] == one["sha256"]
        assert found["file_name"].endswith(f"/v{official.version}/full/{one['file_name']}")


def test_everything_that_a_package_requires_is_in_the_lock(lock: dict[str, Any]) -> None:
    known = {*lock["packages"]}
    assert {*FIRST} <= known
    for one in lock["packages"].values():
        assert {*one["depends"]} <= known, one["name"]


def test_no_file_of_the_site_names_a_path_of_the_machine_that_built_it(site: Path) -> None:
    for path in site.rglob("*"):
        if path.suffix in (".json", ".html", ".js") and path.is_file():
            assert str(ROOT) not in path.read_text(encoding="utf-8"), path
    with zipfile.ZipFile(next(site.rglob("labkit-*.whl"))) as wheel:
        assert not any(str(ROOT).encode() in wheel.read(name) for name in wheel.namelist())


def test_records_and_large_tasks_are_files_of_the_site_and_not_of_the_wheel(site: Path) -> None:
    with zipfile.ZipFile(next(site.rglob("labkit-*.whl"))) as wheel:
        inside = {*wheel.namelist()}
    for folder, name in (("records", "recorded"), ("tasks", "tasks")):
        for path in (ROOT / "data" / folder).iterdir():
            assert (site / "static/data" / name / path.name).read_bytes() == path.read_bytes()
    assert "labkit/tasks/moons.npz" in inside and "labkit/recorded/07_qaoa.toml" in inside
    assert not [name for name in inside if name.endswith(".sqlite") or "mnist5k.npz" in name]


def test_the_app_answers_to_links_and_scripts(site: Path) -> None:
    settings = json.loads((site / "jupyter-lite.json").read_text())["jupyter-config-data"]
    assert settings["exposeAppInBrowser"] is True
    assert (site / "lab/index.html").is_file() and (site / "repl/index.html").is_file()


@pytest.mark.parametrize("name", ["pyodide.asm.wasm", "numpy"])
def test_a_folder_without_a_file_says_which(name: str, tmp_path: Path) -> None:
    pyodide = Pyodide.official()
    for file_name in (*CORE, *(one["file_name"] for one in pyodide.packages.values())):
        if not file_name.startswith(name):
            (tmp_path / file_name).write_bytes(b"")
    with pytest.raises(LiteError, match=rf"^PYODIDE=.* lacks {name}[^ ]* of Pyodide 0\.27\.7$"):
        check_folder(pyodide, tmp_path)


def test_a_file_that_is_not_the_official_one_is_refused(tmp_path: Path) -> None:
    pyodide = Pyodide.official()
    for file_name in (*CORE, *(one["file_name"] for one in pyodide.packages.values())):
        (tmp_path / file_name).write_bytes(b"another")
    with pytest.raises(LiteError, match=r"\.whl is not that of Pyodide"):
        check_folder(pyodide, tmp_path)
    with pytest.raises(LiteError, match="is no folder"):
        check_folder(pyodide, tmp_path / "nowhere")


def test_a_trimmed_wheel_lacks_tests_and_headers_alone(tmp_path: Path) -> None:
    whole, cut = tmp_path / "a-1-py3-none-any.whl", tmp_path / "cut.whl"
    kept = ["a/__init__.py", "pygments/lexers/__init__.py", "pygments/lexers/_mapping.py"]
    kept += ["matplotlib/mpl-data/fonts/ttf/DejaVuSans.ttf", "a/b.so"]
    left_out = ["a/tests/test_a.py", "a/b.pyi", "a/b.h", "pygments/lexers/php.py"]
    left_out += ["matplotlib/mpl-data/fonts/ttf/DejaVuSerif.ttf"]
    with zipfile.ZipFile(whole, "w") as packed:
        for name in (*kept, *left_out):
            packed.writestr(name, name)
    trim(whole, cut)
    with zipfile.ZipFile(cut) as packed:
        assert packed.namelist() == kept
        assert all(packed.read(name) == name.encode() for name in kept)


def test_byte_code_takes_the_place_of_the_source_it_is_of_and_of_nothing_else(
    tmp_path: Path,
) -> None:
    wheel = tmp_path / "a-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as packed:
        for name in ("a/__init__.py", "a/late.py", "a/data.txt", "alone.py"):
            packed.writestr(name, name)
    put_byte_code(wheel, {"a/__init__.pyc": b"1", "alone.pyc": b"2", "another.pyc": b"3"})
    with zipfile.ZipFile(wheel) as packed:
        content = {name: packed.read(name) for name in packed.namelist()}
    assert content == {
        "a/__init__.pyc": b"1",
        "a/late.py": b"a/late.py",
        "a/data.txt": b"a/data.txt",
        "alone.pyc": b"2",
    }
    assert entry_of(wheel, [])[1]["imports"] == ["a", "alone"]


def test_only_what_has_python_beside_it_is_packed_without_its_compiled_parts() -> None:
    pyodide = Pyodide.official()
    assert {*COMPILED_TOO} <= {*needed_here(pyodide.packages, pyodide.python)}


class FakeSite:
    """A site of three packages that notes what is fetched."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.there = folder, {"present"}
        self.fetched: list[str] = []

    def is_loaded(self, name: str) -> bool:
        return name in self.there

    def fetch(self, address: str) -> bytes:
        self.fetched.append(address)
        if address == "gone.whl":
            raise OSError("no answer, or no such file: gone.whl")
        return address.encode()

    def install(self, name: str, data: bytes) -> None:
        (self.folder / f"{name}_module.py").write_text(f"SOURCE = {data.decode()!r}\n")
        self.there.add(name)


def entry(file_name: str, *depends: str, sum_: str | None = None) -> dict[str, Any]:
    name = file_name.removesuffix(".whl")
    found = sum_ or sha256(file_name.encode()).hexdigest()
    return {
        "file_name": file_name,
        "sha256": found,
        "imports": [f"{name}_module"],
        "depends": depends,
    }


@pytest.fixture
def fake_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSite]:
    packages = {
        "present": entry("present.whl"),
        "needed": entry("needed.whl", "present"),
        "wanted": entry("wanted.whl", "needed", "present"),
        "altered": entry("altered.whl", sum_="0" * 64),
        "gone": entry("gone.whl"),
    }
    site = FakeSite(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    finder = FetchingFinder(packages, site)
    sys.meta_path.insert(sys.meta_path.index(PathFinder) + 1, finder)
    yield site
    sys.meta_path.remove(finder)
    for name in packages:
        sys.modules.pop(f"{name}_module", None)


def test_an_import_fetches_the_package_and_what_it_needs_once(fake_site: FakeSite) -> None:
    import wanted_module  # type: ignore[import-not-found]

    assert wanted_module.SOURCE == "wanted.whl"
    import needed_module  # type: ignore[import-not-found]

    assert fake_site.fetched == ["needed.whl", "wanted.whl"] and needed_module.SOURCE


def test_a_package_that_cannot_be_had_is_an_import_error_in_one_line(fake_site: FakeSite) -> None:
    with pytest.raises(ImportError, match=r"^gone cannot be fetched: no answer"):
        import gone_module  # type: ignore[import-not-found]  # noqa: F401
    with pytest.raises(ImportError, match=r"^altered is not what the lock names"):
        import altered_module  # type: ignore[import-not-found]  # noqa: F401
    with pytest.raises(ModuleNotFoundError):
        import no_such_module_at_all  # type: ignore[import-not-found]  # noqa: F401
    assert not (fake_site.folder / "altered_module.py").exists()
