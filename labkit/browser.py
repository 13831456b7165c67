"""In a web page: packages and data of the site are fetched when they are first needed.

The page's `loader.js` calls `begin`; nowhere else does this module do anything. A page runs Python
in a worker, which may wait for a file, so that an import in the middle of a function can fetch.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module, invalidate_caches
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

_site: Any = None


class FetchingFinder(MetaPathFinder):
    """Installs the package of a module that is imported for the first time.

    Args:
        packages: name -> its entry in the site's lock.
        site: of the page: `is_loaded(name)`, `fetch(file_name)`, `install(name, file)`.
    """

    def __init__(self, packages: Mapping[str, Mapping[str, Any]], site: Any) -> None:
        self._packages, self._site = packages, site
        self._homes = {module: name for name, one in packages.items() for module in one["imports"]}

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """The module, once its package is installed; None if no package of the site has it."""
        name = self._homes.get(fullname)
        if name is None or self._site.is_loaded(name):
            return None
        self.install(name)
        invalidate_caches()
        return PathFinder.find_spec(fullname, path, target)

    def install(self, name: str) -> None:
        """Fetches and installs a package, after what it depends on.

        Raises:
            ImportError: a file cannot be fetched, or is not the one of the lock.
        """
        for needed in self._packages[name]["depends"]:
            if not self._site.is_loaded(needed):
                self.install(needed)
        file_name, expected = (self._packages[name][key] for key in ("file_name", "sha256"))
        try:
            data = self._site.fetch(file_name)
        except OSError as error:
            raise ImportError(f"{name} cannot be fetched: {error}") from None
        if (found := hashlib.sha256(data).hexdigest()) != expected:
            raise ImportError(
                f"{name} is not what the lock names: its SHA-256 is {found[:12]}..., expected "
                f"{expected[:12]}..."
            )
        self._site.install(name, data)


def begin(site: Any) -> None:
    """Lets imports and data files come from the page's site.

    Args:
        site: the page's own, from JavaScript: the lock, and where files are.
    """
    global _site
    _site = Page(site)
    finder = FetchingFinder(site.packages.to_py(), _site)
    sys.meta_path.insert(sys.meta_path.index(PathFinder) + 1, finder)


def at_hand(path: Path) -> Path:
    """A data file of labkit; in a page it is fetched first, if the site has it.

    Args:
        path: of a record or a task, where it lies in the package.
    """
    if _site is not None and not path.exists():
        inside = path.relative_to(Path(__file__).parent).as_posix()
        path.write_bytes(bytes(_site.fetch(f"{_site.data}{inside}")))
    return path


class Page:
    """What the page gives: files of its site, and the packages that are loaded.

    Args:
        site: as `loader.js` made it.
    """

    def __init__(self, site: Any) -> None:
        self._site, self._pyodide = site, import_module("pyodide_js")
        self._packages = site.packages.to_py()
        self.data: str = site.data

    def is_loaded(self, name: str) -> bool:
        """Whether a package is installed."""
        return hasattr(self._pyodide.loadedPackages, self._packages[name]["name"])

    def fetch(self, address: str) -> bytes:
        """The bytes of a file, waited for.

        Raises:
            OSError: there is no such file, or no network.
        """
        response = self._site.fetch(address)
        if response is None:
            raise OSError(f"no answer, or no such file: {address}")
        return response.to_bytes()

    def install(self, name: str, data: bytes) -> None:
        """Unpacks a package; a library that others are linked to is loaded for all of them."""
        loader, one = import_module("pyodide._package_loader"), self._packages[name]
        libraries = loader.unpack_buffer(
            import_module("pyodide.ffi").to_js(data),
            filename=one["file_name"],
            extract_dir=loader.get_install_dir(one["install_dir"]),
            calculate_dynlibs=True,
            installer="labkit",
            source="pyodide",
        )
        if one["package_type"] == "shared_library":
            for library in libraries:
                self._site.load_library(library)
        self._site.loaded(one["name"])
