"""What the moment adds to an entry: versions, commit, kind of machine."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

import psutil

import labkit
from labkit.provenance import PACKAGES, package_versions

_MORE_PACKAGES = ("scipy", "numba", "tensorflow-quantum", "dask")


@lru_cache(maxsize=1)
def describe_origin() -> dict[str, Any]:
    """Versions of labkit and what it stands on, the commit it is at, and the kind of machine."""
    return {
        "versions": package_versions((*PACKAGES, *_MORE_PACKAGES)),
        "commit": _commit(Path(labkit.__file__).parent),
        "machine": {
            "system": f"{platform.system()} {platform.machine()}",
            "cores": os.cpu_count(),
            "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        },
    }


def _commit(folder: Path) -> str | None:
    """The commit of a checkout, with '+' if files of the folder differ from it."""
    try:
        head = _git(folder, "rev-parse", "HEAD")
        _git(folder, "ls-files", "--error-unmatch", "__init__.py")
        return head + ("+" if _git(folder, "status", "--porcelain", "--", ".") else "")
    except (OSError, subprocess.SubprocessError):
        return None


def _git(folder: Path, *arguments: str) -> str:
    hidden = {"creationflags": 0x08000000} if sys.platform == "win32" else {}  # no console window
    return subprocess.run(
        ["git", "--no-optional-locks", "-C", str(folder), *arguments],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
        **hidden,  # type: ignore[call-overload]
    ).stdout.strip()
